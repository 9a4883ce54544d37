"""Erasing a person from a venue: out of every version of its records, out of what was made from them, out of the logs.

Papers and submissions stay, for the sake of the others on them; in the person's place stands a name without meaning.
Results know everybody by name, so all of the venue go and are made again by the next job.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from service.audit import clear, ranges_of
from service.jobs import ACTIVE
from service.problems import Problem
from service.state import Service
from service.storage.database import everywhere, now
from service.storage.rows import digest_of, key_of
from service.storage.tables import (
    audit,
    deliveries,
    events,
    jobs,
    keys,
    rows,
    runs,
    sealed,
    venues,
    versions,
    webhooks,
)
from service.storage.visible import WHOLE, Sight

__all__ = ["Erasure", "erase_files", "erase_person", "only_here"]

_NAME_LIKE: Final = 3
"""Shorter names are replaced where they stand alone, not inside texts, in which they may be words."""

_OF_PEOPLE: Final = ("people", "reviewers")


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure did, or would do.

    Args:
        stand_in: the name that stands for the person now.
        deleted: records that were about the person alone, in all versions.
        rewritten: records that named the person beside others, in all versions.
        runs: results that were removed.
        cleared: entries of the audit log that named them, as numbers.
    """

    stand_in: str
    deleted: int
    rewritten: int
    runs: int
    cleared: str


class _Eraser:
    """Takes a person out of plain values.

    Args:
        person_id: the person.
        names: every name of theirs.
        emails: every address.
        stand_in: what stands there instead.
    """

    def __init__(self, person_id: str, names: Iterable[str], emails: Iterable[str], stand_in: str) -> None:
        self._id = person_id
        self._stand_in = stand_in
        self._emails = {each.casefold() for each in emails}
        self._names = {each.casefold() for each in names}
        words = sorted({*self._emails, *self._names, person_id.casefold()}, key=lambda each: (-len(each), each))
        inside = [re.escape(each) for each in words if len(each) >= _NAME_LIKE]
        self._inside = re.compile(rf"(?<!\w)(?:{'|'.join(inside)})(?!\w)", re.IGNORECASE) if inside else None

    def without(self, value: Any) -> Any:
        """The value without the person; what is only about them is gone from lists and objects."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            return {self._text(name): self.without(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._member(each) for each in value if not self._is_only_them(each)]
        return value

    def _text(self, text: str) -> str:
        if text.casefold() in self._names or text == self._id:
            return self._stand_in
        return self._inside.sub(self._stand_in, text) if self._inside else text

    def record(self, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A record without the person; somebody else keeps their own names, even equal ones."""
        cleared: dict[str, Any] = self.without(body)
        if kind in _OF_PEOPLE:
            cleared |= {name: body[name] for name in ("name", "names") if name in body}
        return cleared

    def _member(self, value: Any) -> Any:
        if not isinstance(value, Mapping) or "kind" in value:
            return self.without(value)
        if self._names_them(value):
            return {"name": self._stand_in}
        return dict(value) if value.get("person_id") else self.without(value)

    def _is_only_them(self, value: Any) -> bool:
        """A relation to them, or their id or address in a list."""
        if isinstance(value, str):
            return value == self._id or value.casefold() in self._emails
        return isinstance(value, Mapping) and "kind" in value and self._names_them(value)

    def _names_them(self, mention: Mapping[str, Any]) -> bool:
        """Whether an author or a relation names them; who has another id is somebody else of the same name."""
        if str(mention.get("email") or "").casefold() in self._emails:
            return True
        if mention.get("person_id"):
            return bool(mention["person_id"] == self._id)
        return str(mention.get("name", "")).casefold() in self._names


def erase_person(
    service: Service, venue_id: str, person_id: str, *, dry_run: bool = False, sight: Sight = WHOLE
) -> Erasure:
    """Erase a person from a venue.

    Args:
        service: whose records, files and memory are cleared.
        venue_id: the venue.
        person_id: a person or reviewer of any of its versions.
        dry_run: whether to say what would happen, and do nothing.
        sight: what the one who erases sees; the figures count nothing else.

    Raises:
        Problem: nobody has that id, or a job of the venue is under way.
    """
    with service.database.engine.connect().execution_options(writes=True) as connection, connection.begin() as change:
        here = venues.c.id == venue_id
        connection.execute(sa.select(venues.c.id).where(here).with_for_update())
        active = sa.select(jobs.c.id).where(jobs.c.venue_id == venue_id, jobs.c.state.in_(ACTIVE)).limit(1)
        if connection.execute(active).first() is not None:
            raise Problem("conflict", "a job of the venue is under way: wait for its end, or cancel it")
        stand_in = f"Erased {secrets.token_hex(4)}"
        eraser = _eraser_of(connection, venue_id, person_id, stand_in)
        deleted, rewritten = _clear_records(connection, venue_id, person_id, eraser, sight)
        cleared = _clear_logs(connection, venue_id, eraser)
        gone = _clear_keys(connection, venue_id, person_id)
        own = list(connection.execute(sa.select(runs.c.digest).where(runs.c.venue_id == venue_id)).scalars())
        of_jobs = list(connection.execute(sa.select(jobs.c.id).where(jobs.c.venue_id == venue_id)).scalars())
        lonely = only_here(connection, venue_id, own)
        connection.execute(runs.delete().where(runs.c.venue_id == venue_id))
        connection.execute(jobs.update().where(jobs.c.venue_id == venue_id).values(run_id=None))
        at = now()
        values = {"version": venues.c.version + 1, "changed_at": at, "current_run_id": None}
        connection.execute(venues.update().where(here).values(**values))
        version = connection.execute(sa.select(venues.c.version).where(here)).scalar_one()
        connection.execute(versions.insert().values(venue_id=venue_id, version=version, made_at=at))
        found = Erasure(stand_in, deleted + gone, rewritten, len(own), cleared)
        if dry_run:
            change.rollback()
            return found
    erase_files(service, venue_id, lonely, of_jobs)
    return found


def erase_files(service: Service, venue_id: str, digests: Iterable[str], of_jobs: Iterable[str]) -> None:
    """Remove what was made from a venue's records, on disk and in memory, and what the database keeps of rows deleted.

    Args:
        service: whose.
        venue_id: the venue.
        digests: runs of this venue alone.
        of_jobs: its jobs.
    """
    for digest in digests:
        service.results.forget(digest)
    service.results.forget_looks()
    service.pools.clear()
    service.sights.clear()
    work = service.data_dir / "work"
    for folder in (service.data_dir / "venues" / venue_id, work / "parts" / venue_id, *(work / job for job in of_jobs)):
        shutil.rmtree(folder, ignore_errors=True)
    service.database.forget_deleted()


def _eraser_of(connection: sa.Connection, venue_id: str, person_id: str, stand_in: str) -> _Eraser:
    query = sa.select(rows.c.body).where(
        rows.c.venue_id == venue_id, rows.c.kind.in_(_OF_PEOPLE), rows.c.key == person_id
    )
    records = list(connection.execute(query).scalars())
    if not records:
        raise Problem("not-found", "there is no such person in the venue")
    names = [name for each in records for name in (each.get("name"), *each.get("names", ())) if name]
    emails = [address for each in records for address in each.get("emails", ())]
    return _Eraser(person_id, names, emails, stand_in)


def _clear_records(
    connection: sa.Connection, venue_id: str, person_id: str, eraser: _Eraser, sight: Sight
) -> tuple[int, int]:
    mine = sa.or_(sa.and_(rows.c.kind.in_(_OF_PEOPLE), rows.c.key == person_id), rows.c.reviewer_id == person_id)
    here = [rows.c.venue_id == venue_id, mine]
    count = sa.select(sa.func.count()).select_from(rows).where(*here, *sight.counted())
    deleted = connection.execute(count).scalar() or 0
    connection.execute(rows.delete().where(*here))
    rewritten = 0
    query = sa.select(rows).where(rows.c.venue_id == venue_id).order_by(rows.c.kind, rows.c.key, rows.c.since)
    for each in connection.execute(query.execution_options(yield_per=1000)).mappings():
        where = [rows.c[name] == each[name] for name in ("venue_id", "kind", "key", "since")]
        if each["kind"] == "decisions" and person_id in (each["body"]["reviewer_id"], each["body"]["who"]):
            connection.execute(rows.delete().where(*where))
            deleted += sight.is_whole  # which decisions there are about hidden authors is not told
            continue
        body = eraser.record(each["kind"], each["body"])
        if body == each["body"]:
            continue
        rewritten += sight.shows(each["kind"], each["body"])
        values = {"body": body, "digest": digest_of(body), "key": key_of(each["kind"], body)}
        connection.execute(rows.update().where(*where).values(**values))
    return deleted, rewritten


def _clear_logs(connection: sa.Connection, venue_id: str, eraser: _Eraser) -> str:
    """Take the person out of what was written down beside the records.

    Returns:
        The entries of the audit log that named them.
    """
    of_jobs = sa.select(jobs.c.id).where(jobs.c.venue_id == venue_id)
    of_hooks = sa.select(webhooks.c.id).where(webhooks.c.venue_id == venue_id)
    for table, key, where, columns in (
        (venues, venues.c.id, venues.c.id == venue_id, ("facts", "config")),
        (jobs, jobs.c.id, jobs.c.venue_id == venue_id, ("config", "error")),
        (events, events.c.number, events.c.job_id.in_(of_jobs), ("data",)),
    ):
        for each in list(connection.execute(sa.select(table).where(where)).mappings()):
            values = {name: eraser.without(each[name]) for name in columns}
            if any(values[name] != each[name] for name in columns):
                connection.execute(table.update().where(where, key == each[key.name]).values(**values))
    sent = deliveries.c.webhook_id.in_(of_hooks)
    told = sa.select(deliveries.c.id, deliveries.c.body).where(sent)
    for delivery_id, body in list(connection.execute(told)):
        text = json.dumps(eraser.without(json.loads(body)))
        connection.execute(deliveries.update().where(sent, deliveries.c.id == delivery_id).values(body=text))
    numbers = []
    entries = sa.select(audit).where(audit.c.venue_id == venue_id).order_by(audit.c.number)
    for each in list(connection.execute(entries).mappings()):
        target, details = eraser.without(each["target"]), eraser.without(each["details"])
        if (target, details) != (each["target"], each["details"]):
            clear(connection, venue_id, each["number"], target, details)
            numbers.append(each["number"])
    return ranges_of(numbers)


def _clear_keys(connection: sa.Connection, venue_id: str, person_id: str) -> int:
    """Remove the keys that a person holds in a venue, and what was hidden from them."""
    connection.execute(sealed.delete().where(sealed.c.venue_id == venue_id, sealed.c.person_id == person_id))
    mine = [keys.c.venue_id == venue_id, keys.c.person_id == person_id]
    return connection.execute(keys.delete().where(*mine)).rowcount


def only_here(connection: sa.Connection, venue_id: str, own: Iterable[str]) -> set[str]:
    """Those of a venue's runs that no other venue has: equal input gives equal runs."""
    own = set(own)
    others = sa.select(runs.c.digest).where(runs.c.venue_id != venue_id, runs.c.digest.in_(own))
    with everywhere(connection):
        return own - set(connection.execute(others).scalars())
