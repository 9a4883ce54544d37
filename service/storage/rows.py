"""The records of venues, each with all its versions.

A record is a row of a table of the venue folder (`matcher.ingest.fields.TABLES`), kept as plain JSON under a key. Every
change of a venue raises its version by one; a record holds from the version that wrote it until the one that ended it.
So a job reads exactly what was there when it was submitted, and an earlier state can be had again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from service.problems import Problem
from service.storage.database import now
from service.storage.tables import NEVER, rows, venues, versions
from service.storage.visible import WHOLE, Sight

__all__ = [
    "ID_TABLES",
    "OPENREVIEW",
    "PAIR_TABLES",
    "Changes",
    "Record",
    "Writer",
    "digest_of",
    "key_of",
    "read_records",
]

T = TypeVar("T")

ID_TABLES: Final = ("publications", "submissions", "reviewers", "people")
"""Tables whose records have an id, in an order in which each refers only to earlier ones."""

PAIR_TABLES: Final = ("conflicts", "bids", "fixed", "assignments", "history", "recommendations")
"""Tables about a submission and a reviewer."""

OPENREVIEW: Final = "openreview"
"""The kind of records that say what ids of OpenReview mean."""

_FURTHER: Final[Mapping[str, tuple[str, ...]]] = {
    "conflicts": ("reason",),
    "assignments": ("role", "round"),
    "history": ("earlier_id",),
    "recommendations": ("by",),
}
"""What tells two records of one pair apart; of the other tables a pair has one."""

_JOINT: Final = "\x1f"
_LONGEST_KEY: Final = 512
_AT_ONCE: Final = 500


def batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Groups of at most that many."""
    rest = iter(items)
    while group := tuple(islice(rest, size)):
        yield group


def digest_of(body: Mapping[str, Any]) -> str:
    """SHA-256 of a record's canonical JSON."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def key_of(kind: str, body: Mapping[str, Any]) -> str:
    """Under which key a record is kept: its id, or its pair and what tells records of one pair apart.

    Raises:
        Problem: the key is too long, or holds a character that no database keeps.
    """
    if kind in ID_TABLES:
        key = str(body["id"])
    elif kind == "facts":
        key = kind
    elif kind == OPENREVIEW:
        key = _JOINT.join((body["type"], body["id"]))
    elif kind == "decisions":
        key = _JOINT.join((body["rule"], body["reviewer_id"], body["who"]))
    else:
        further = (str(body.get(name, "")) for name in _FURTHER.get(kind, ()))
        key = _JOINT.join((body["submission_id"], body["reviewer_id"], *further))
    if len(key) > _LONGEST_KEY:  # a long reason, for example: its digest tells it apart as well
        key = f"{key[:64]}{_JOINT}{hashlib.sha256(key.encode()).hexdigest()}"
    return key


@dataclass(frozen=True, slots=True)
class Record:
    """One version of one record.

    Args:
        key: under which it is kept.
        body: the row.
        digest: of the body; its ETag.
        since: the version of the venue that wrote it.
    """

    key: str
    body: dict[str, Any]
    digest: str
    since: int


@dataclass(slots=True)
class Changes:
    """What a write did to one table.

    Args:
        added: records that are new.
        changed: records that were there with another content.
        unchanged: records that were there already.
        removed: records that are no longer there.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0

    @property
    def is_nothing(self) -> bool:
        """Whether the table is as before."""
        return not (self.added or self.changed or self.removed)


def read_records(
    connection: sa.Connection,
    venue_id: str,
    kind: str,
    *,
    version: int | None = None,
    after: str = "",
    limit: int | None = None,
    where: Sequence[sa.ColumnElement[bool]] = (),
) -> Iterator[Record]:
    """Records of one table in the order of their keys.

    Args:
        connection: a transaction.
        venue_id: whose.
        kind: the table.
        version: of the venue; by default the newest.
        after: only keys after this one.
        limit: how many; by default all.
        where: further conditions on `tables.rows`.
    """
    holds = [rows.c.until == NEVER] if version is None else [rows.c.since <= version, rows.c.until > version]
    query = (
        sa.select(rows.c.key, rows.c.body, rows.c.digest, rows.c.since)
        .where(rows.c.venue_id == venue_id, rows.c.kind == kind, *holds, *where)
        .order_by(rows.c.key)
    )
    if after:
        query = query.where(rows.c.key > after)
    if limit is not None:
        query = query.limit(limit)
    for found in connection.execute(query.execution_options(yield_per=1000)):
        yield Record(*found)


@dataclass
class Writer:
    """One change of a venue, inside one transaction.

    Args:
        connection: the transaction; it may write.
        venue_id: which venue; it is locked until the transaction ends.
        sight: what the one who changes it sees; the rest they neither write nor replace, and it is counted nowhere.
    """

    connection: sa.Connection
    venue_id: str
    sight: Sight = WHOLE
    changes: dict[str, Changes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        query = sa.select(venues.c.version).where(venues.c.id == self.venue_id).with_for_update()
        before = self.connection.execute(query).scalar()
        if before is None:
            raise Problem("not-found", "there is no such venue")
        self.before = int(before)
        self.version = self.before + 1

    def put(self, kind: str, bodies: Iterable[Mapping[str, Any]], *, replaces: bool = False) -> None:
        """Write records; equal ones stay as they are.

        Args:
            kind: the table.
            bodies: the rows.
            replaces: whether records that are not among them end.

        Raises:
            Problem: a record is about a submission that is hidden from the one who writes.
        """
        done = self._of(kind)
        kept: set[str] = set()
        for chunk in batched(bodies, _AT_ONCE):
            for body in chunk:
                self.sight.refuse_hidden(kind, body)
            wanted = {key_of(kind, body): body for body in chunk}
            kept.update(wanted)
            there = {
                key: (digest, since)
                for key, digest, since in self.connection.execute(
                    sa.select(rows.c.key, rows.c.digest, rows.c.since).where(
                        *self._current(kind), rows.c.key.in_(list(wanted))
                    )
                )
            }
            fresh = {key: (body, digest_of(body)) for key, body in wanted.items()}
            changed = [key for key, (_, digest) in fresh.items() if key in there and there[key][0] != digest]
            new = [key for key in fresh if key not in there]
            done.added += len(new)
            done.changed += len(changed)
            done.unchanged += len(fresh) - len(new) - len(changed)
            self._end(kind, changed)
            entries = [self._entry(kind, key, *fresh[key]) for key in (*new, *changed)]
            if entries:
                self.connection.execute(rows.insert(), entries)
        if replaces:
            query = sa.select(rows.c.key).where(*self._current(kind), *self.sight.conditions(kind))
            self.remove(kind, [key for key in self.connection.execute(query).scalars() if key not in kept])

    def remove(self, kind: str, keys: Collection[str]) -> None:
        """End records, and what refers to a submission, reviewer or publication that ends.

        Args:
            kind: the table.
            keys: of records that are there.
        """
        self._of(kind).removed += self._seen(kind, keys)
        self._end(kind, keys)
        column = {"submissions": rows.c.submission_id, "reviewers": rows.c.reviewer_id}.get(kind)
        if column is not None:
            for pairs in PAIR_TABLES:
                for chunk in batched(keys, _AT_ONCE):
                    query = sa.select(rows.c.key).where(*self._current(pairs), column.in_(list(chunk)))
                    self.remove(pairs, list(self.connection.execute(query).scalars()))
        if kind == "publications" and keys:
            self._forget_papers(set(keys))

    def _seen(self, kind: str, keys: Collection[str]) -> int:
        """How many of some records the one who removes them sees."""
        if self.sight.is_whole:
            return len(keys)
        count = 0
        for chunk in batched(keys, _AT_ONCE):
            here = [*self._current(kind), rows.c.key.in_(list(chunk)), *self.sight.counted()]
            count += self.connection.execute(sa.select(sa.func.count()).select_from(rows).where(*here)).scalar() or 0
        return count

    def _forget_papers(self, gone: set[str]) -> None:
        """Take publications that end out of the lists of reviewers."""
        changed = []
        for record in read_records(self.connection, self.venue_id, "reviewers"):
            listed = record.body.get("paper_ids")
            if listed and not gone.isdisjoint(listed):
                changed.append({**record.body, "paper_ids": [paper for paper in listed if paper not in gone]})
        self.put("reviewers", changed)

    def close(self) -> int:
        """End the change.

        Returns:
            The version of the venue now; the one before, where nothing changed.
        """
        if all(change.is_nothing for change in self.changes.values()):
            return self.before
        at = now()
        self.connection.execute(
            venues.update().where(venues.c.id == self.venue_id).values(version=self.version, changed_at=at)
        )
        made = {"venue_id": self.venue_id, "version": self.version, "made_at": at}
        self.connection.execute(versions.insert().values(**made))
        return self.version

    def missing(self, kind: str, ids: Collection[str]) -> set[str]:
        """Those of some ids that no record of a table has."""
        found: set[str] = set()
        for chunk in batched(ids, _AT_ONCE):
            query = sa.select(rows.c.key).where(*self._current(kind), rows.c.key.in_(list(chunk)))
            found.update(self.connection.execute(query).scalars())
        return set(ids) - found

    def _of(self, kind: str) -> Changes:
        return self.changes.setdefault(kind, Changes())

    def _current(self, kind: str) -> list[sa.ColumnElement[bool]]:
        return [rows.c.venue_id == self.venue_id, rows.c.kind == kind, rows.c.until == NEVER]

    def _end(self, kind: str, keys: Collection[str]) -> None:
        for chunk in batched(keys, _AT_ONCE):
            here = [*self._current(kind), rows.c.key.in_(list(chunk))]
            # What this very change wrote has never been seen: it leaves no trace.
            self.connection.execute(rows.delete().where(*here, rows.c.since == self.version))
            self.connection.execute(rows.update().where(*here).values(until=self.version))

    def _entry(self, kind: str, key: str, body: Mapping[str, Any], digest: str) -> dict[str, Any]:
        is_pair = kind in PAIR_TABLES
        return {
            "venue_id": self.venue_id,
            "kind": kind,
            "key": key,
            "since": self.version,
            "until": NEVER,
            "submission_id": body["submission_id"] if is_pair else "",
            "reviewer_id": body["reviewer_id"] if is_pair else "",
            "digest": digest,
            "body": dict(body),
        }
