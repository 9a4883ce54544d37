"""The audit log: only added to, and chained, so that a changed, missing or inserted entry is found.

Each entry has a hash over the entry before it and over its own fields. What a call named (`target`, `details`) enters
through a digest with a random salt of its own. So it can be erased: what it named and the salt go, the digest stays and
tells nothing, and the chain holds. An entry without a salt must be named by a later one, that of the erasure; triggers
in the database refuse every other change. Whoever may write to the database can still write a whole new chain: to find
that too, keep the last hash elsewhere and compare it (`matcher admin verify-audit --expect`).
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from service.storage.database import everywhere, now
from service.storage.tables import audit

__all__ = [
    "CLEARED",
    "Verdict",
    "append",
    "check_entries",
    "clear",
    "clear_venue",
    "content_of",
    "hash_of",
    "plain_target",
    "ranges_of",
    "verify",
]

CLEARED: Final = "cleared_entries"
"""The detail of an erasure that names the entries from which it took what they named."""

_LOCK: Final = 0x61756469
"""Held on PostgreSQL while an entry is added, so that each knows the one before it."""
_CHAINED: Final = ("number", "at", "key_id", "venue_id", "action", "status", "request_id", "content")


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def content_of(salt: str, target: str, details: Mapping[str, Any]) -> str:
    """The digest that stands for what a call named: SHA-256 of the salt and the canonical JSON of both."""
    return hashlib.sha256(f"{salt}\n{_canonical([target, details])}".encode()).hexdigest()


def hash_of(before: str, entry: Mapping[str, Any]) -> str:
    """The hash of an entry: SHA-256 of the hash before it and the canonical JSON of its fields."""
    return hashlib.sha256(f"{before}\n{_canonical([entry[name] for name in _CHAINED])}".encode()).hexdigest()


def append(
    connection: sa.Connection,
    *,
    key_id: str,
    venue_id: str | None,
    action: str,
    target: str,
    status: int,
    request_id: str,
    details: Mapping[str, Any],
) -> None:
    """Add an entry.

    Args:
        connection: a transaction that may write.
        key_id: whose call it was.
        venue_id: the venue concerned, if it is one.
        action: method and address of the route.
        target: the address as it was called.
        status: of the answer.
        request_id: of the call.
        details: what else is worth knowing; plain JSON.
    """
    salt = secrets.token_hex(16)
    with everywhere(connection):
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        last = connection.execute(sa.select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1))
        number, before = last.first() or (0, "")
        entry: dict[str, Any] = {
            "number": number + 1,
            "at": now(),
            "key_id": key_id,
            "venue_id": venue_id,
            "action": action,
            "target": target,
            "status": status,
            "request_id": request_id,
            "details": dict(details),
            "salt": salt,
            "content": content_of(salt, target, details),
        }
        connection.execute(audit.insert().values(**entry, hash=hash_of(before, entry)))


def plain_target(action: str, venue_id: str) -> str:
    """The address of a route, as it is known without what a call named."""
    return action.partition(" ")[2].replace("{venue_id}", venue_id).replace(":path}", "}")


def clear(connection: sa.Connection, venue_id: str, number: int, target: str, details: Mapping[str, Any]) -> None:
    """Erase what an entry named, and put something else in its place. The erasure must name the entry (`CLEARED`)."""
    values = {"target": target, "details": dict(details), "salt": None}
    connection.execute(audit.update().where(audit.c.venue_id == venue_id, audit.c.number == number).values(**values))


def clear_venue(connection: sa.Connection, venue_id: str) -> str:
    """Erase what all calls about a venue named: ids in addresses, and details.

    Returns:
        The numbers of the entries, as `CLEARED` holds them.
    """
    query = sa.select(audit.c.number, audit.c.action).where(audit.c.venue_id == venue_id).order_by(audit.c.number)
    found = [(int(number), str(action)) for number, action in connection.execute(query)]
    for number, action in found:
        clear(connection, venue_id, number, plain_target(action, venue_id), {})
    return ranges_of(number for number, _ in found)


def ranges_of(numbers: Iterable[int]) -> str:
    """Numbers in rising order in few characters.

    >>> ranges_of([1, 2, 3, 7])
    '1-3,7'
    """
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in found)


def _is_within(number: int, ranges: str) -> bool:
    for part in ranges.split(","):
        low, _, high = part.partition("-")
        if low.isdecimal() and int(low) <= number <= int(high or low):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of checking the log.

    Args:
        entries: how many there are.
        head: the hash of the last one; keep it elsewhere to find out later whether the log was written anew.
        faults: what is wrong, each with the number of the entry; nothing for a sound log.
    """

    entries: int
    head: str
    faults: tuple[str, ...]


def verify(connection: sa.Connection, *, expected: Collection[str] = ()) -> Verdict:
    """Check the whole log.

    Args:
        connection: a transaction.
        expected: hashes that were kept elsewhere and must be in the chain.
    """
    with everywhere(connection):
        return check_entries(entries(connection), expected=expected)


def entries(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    """All entries, from the first on."""
    query = sa.select(audit).order_by(audit.c.number).execution_options(yield_per=1000)
    for each in connection.execute(query).mappings():
        yield dict(each)


def check_entries(listed: Iterable[Mapping[str, Any]], *, expected: Collection[str] = ()) -> Verdict:
    """Check entries, from the database or from an export, from the first on.

    Args:
        listed: in the order of their numbers.
        expected: hashes that must be among theirs.
    """
    before, last, missing = "", 0, set(expected)
    faults: list[tuple[int, str]] = []
    cleared: list[int] = []
    told: list[tuple[int, str]] = []
    for entry in listed:
        number = int(entry["number"])
        faults += [(number, text) for text in _faults_of(entry, before, last)]
        if entry["salt"] is None:
            cleared.append(number)
        elif isinstance(entry["details"].get(CLEARED), str):
            told.append((number, entry["details"][CLEARED]))
        before, last = entry["hash"], number
        missing.discard(before)
    for number in cleared:
        if not any(later > number and _is_within(number, ranges) for later, ranges in told):
            faults.append((number, "what it named was removed, and no later erasure tells of it"))
    lines = [f"entry {number}: {text}" for number, text in sorted(faults)]
    lost = "the end of the log is missing, or all of it was written anew"
    lines += [f"no entry has the hash {each}: {lost}" for each in sorted(missing)]
    return Verdict(last, before, tuple(lines))


def _faults_of(entry: Mapping[str, Any], before: str, last: int) -> Iterator[str]:
    number = int(entry["number"])
    if number != last + 1:
        yield f"{number - last - 1} entries before it are missing"
    salt = entry["salt"]
    if salt is not None and content_of(salt, entry["target"], entry["details"]) != entry["content"]:
        yield "what it named was changed"
    if hash_of(before, entry) != entry["hash"]:
        yield "it was changed, or is not the one that followed the entry before it"
