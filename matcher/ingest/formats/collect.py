"""From the records of foreign files to the tables of a venue folder, with every record accounted for.

Rows are checked by the same descriptions that read a venue folder, so what is written here can be read there. Rows
about one thing (the same id, or the same pair) become one row; where they contradict each other the first one stays
and the contradiction is reported.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from matcher.ingest.fields import TABLES, FieldError, Unread
from matcher.ingest.formats.source import Row, SourceRecord
from matcher.ingest.loading import Reject

__all__ = ["PAIR_KEYS", "Collected", "Collector", "FileTally", "Origin", "joined_rows", "row_key"]

PAIR_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "conflicts": ("submission_id", "reviewer_id", "reason"),
    "bids": ("submission_id", "reviewer_id"),
    "fixed": ("submission_id", "reviewer_id"),
    "assignments": ("submission_id", "reviewer_id", "role", "round"),
    "history": ("submission_id", "reviewer_id", "earlier_id"),
    "recommendations": ("submission_id", "reviewer_id", "by"),
    "scores": ("submission_id", "reviewer_id", "source"),
}
"""The fields by which two rows of a table of pairs are about the same thing."""

_STATES: Final = ("proposed", "accepted", "declined", "done")
_LARGER: Final[Mapping[str, Callable[[Any], int]]] = {"abstract": len, "state": _STATES.index}
"""Fields of which the larger of two values stays: the longer abstract, the later state of an assignment."""

_SEVERAL_DATES: Final = "date"
_SHOWN: Final = 60


@dataclass(slots=True)
class FileTally:
    """What became of the records of a file; read = accepted + rejected + left out.

    Args:
        file: its name.
        read: records in it.
        accepted: those that became rows.
        rejected: those that could not be read.
        left_out: good ones that were not asked for, by reason.
    """

    file: str
    read: int = 0
    accepted: int = 0
    rejected: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def to_plain(self) -> dict[str, Any]:
        """For machines; reasons in alphabetical order."""
        return {
            "file": self.file,
            "read": self.read,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "left_out": dict(sorted(self.left_out.items())),
        }


@dataclass(frozen=True, slots=True)
class Origin:
    """A record that became rows.

    Args:
        file: the file's name.
        line: as in the record.
        number: how many records were taken before it.
        rows: how many rows it became.
    """

    file: str
    line: int | None
    number: int
    rows: int

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Collected:
    """The tables that the records make, and what became of every record.

    Args:
        tables: rows by table, as their JSON Lines files hold them, in the order in which they were met first.
        files: one tally for each file.
        rejects: every record that could not be read.
        remarks: parts of records that found no place, contradictions, joined records.
        origins: the records that became each row of a table of pairs, by table and key.
    """

    tables: Mapping[str, tuple[Mapping[str, Any], ...]]
    files: tuple[FileTally, ...]
    rejects: tuple[Reject, ...]
    remarks: tuple[str, ...]
    origins: Mapping[tuple[str, tuple[str, ...]], tuple[Origin, ...]] = field(default_factory=dict)

    def without(self, lost: Iterable[tuple[Origin, str]]) -> Collected:
        """The same with rows taken out again; a record that loses all its rows is left out, no longer accepted.

        Args:
            lost: for every row that is taken out, each record that became it, and why.
        """
        missing: dict[Origin, list[str]] = {}
        for origin, why in lost:
            missing.setdefault(origin, []).append(why)
        tallies = {tally.file: replace(tally, left_out=Counter(tally.left_out)) for tally in self.files}
        for origin, reasons in missing.items():
            if len(reasons) >= origin.rows:
                tallies[origin.file].accepted -= 1
                tallies[origin.file].left_out[reasons[0]] += 1
        return replace(self, files=tuple(tallies.values()))


class Collector:
    """Takes records one after the other."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {name: {} for name in TABLES}
        self._files: dict[str, FileTally] = {}
        self._rejects: list[Reject] = []
        self._remarks: list[str] = []
        self._unread: dict[str, int] = {}
        self._origins: dict[tuple[str, tuple[str, ...]], list[Origin]] = {}
        self._taken = 0

    def take(self, record: SourceRecord) -> None:
        """Take a record: accept it with all its rows, reject it as a whole, or leave it out."""
        tally = self._files.setdefault(record.file, FileTally(record.file))
        tally.read += 1
        if record.fault is not None:
            self._reject(record, tally, record.field, record.fault)
            return
        if record.left_out is not None:
            tally.left_out[record.left_out] += 1
            return
        try:
            checked = [(row.table, _checked(row, self._unread)) for row in record.rows]
        except FieldError as error:
            self._reject(record, tally, error.path or None, error.reason)
            return
        tally.accepted += 1
        self._taken += 1
        for name in record.unread:
            self._unread[name] = self._unread.get(name, 0) + 1
        origin = Origin(record.file, record.line, self._taken, len(checked))
        place = record.file if record.line is None else f"{record.file}:{record.line}"
        self._remarks += [f"{place}: {remark}" for remark in record.remarks]
        for table, values in checked:
            self._put(table, values, place)
            if table in PAIR_KEYS:
                self._origins.setdefault((table, row_key(table, values)), []).append(origin)

    def _reject(self, record: SourceRecord, tally: FileTally, where: str | None, reason: str) -> None:
        tally.rejected += 1
        self._rejects.append(Reject(record.file, record.line or tally.read, where, reason, record.raw))

    def _put(self, table: str, values: dict[str, Any], place: str) -> None:
        key = row_key(table, values)
        rows = self._rows[table]
        if key not in rows:
            rows[key] = values
            return
        joined, contradictions = joined_rows(table, rows[key], values)
        rows[key] = joined
        shown = " and ".join(part for part in key if part)
        self._remarks += [f"{place}: '{shown}' stands twice: {one}" for one in contradictions]

    def settle(self) -> Collected:
        """Everything that was taken. A reviewer who also stands among the people is one person, the reviewer."""
        people = self._rows["people"]
        reviewers = self._rows["reviewers"]
        for key in [key for key in people if key in reviewers]:
            joined, contradictions = joined_rows("reviewers", reviewers[key], people.pop(key))
            reviewers[key] = joined
            self._remarks += [f"'{key[0]}' is a reviewer and an author: {one}" for one in contradictions]
        remarks = list(self._remarks)
        if self._unread:
            listed = ", ".join(
                f"'{name}' ({times} times)" if times > 1 else f"'{name}'"
                for name, times in sorted(self._unread.items())
            )
            remarks.append(f"not read: {listed}")
        return Collected(
            tables={name: tuple(rows.values()) for name, rows in self._rows.items() if rows},
            files=tuple(replace(tally, left_out=Counter(tally.left_out)) for tally in self._files.values()),
            rejects=tuple(self._rejects),
            remarks=tuple(remarks),
            origins={key: tuple(held) for key, held in self._origins.items()},
        )


def row_key(table: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    """The values by which two rows of a table are about the same thing."""
    names = PAIR_KEYS.get(table, ("id",))
    return tuple(str(row.get(name) or "") for name in names)


def _checked(row: Row, unread: Unread) -> dict[str, Any]:
    """The row without what says nothing, after the table's own reader has accepted it."""
    values = {name: value for name, value in row.values.items() if not _says_nothing(value)}
    table = TABLES[row.table]
    read = table.read(values, unread)
    for name in ("id", "submission_id", "reviewer_id", "title", "name"):
        if name in values:  # as the reader of folders will see it
            values[name] = read[name]
    return values


def _says_nothing(value: Any) -> bool:
    return value is None or value in ("", [], {}, ())


def joined_rows(table: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Two rows about one thing as one row, and where they contradict each other.

    Args:
        table: the table of both.
        one: the row that came first; where the two contradict each other its value stays.
        other: the row that came later.
    """
    made = dict(one)
    contradictions: list[str] = []
    for name, value in other.items():
        if name not in made or _says_nothing(made[name]):
            made[name] = value
        elif made[name] == value:
            continue
        elif name == "name" and "names" in TABLES[table].by_name:
            made["names"] = _union(made.get("names", []), [value])
        else:
            joined = _joined_values(name, made[name], value)
            if joined is None:
                contradictions.append(f"field '{name}': {_shown(made[name])} stays, {_shown(value)} does not")
            else:
                made[name] = joined
    if "names" in made:
        made["names"] = [name for name in made["names"] if name != made.get("name")]
        if not made["names"]:
            del made["names"]
    return made, contradictions


def _joined_values(name: str, one: Any, other: Any) -> Any:
    """Two values of a field as one; `None` where only one of them can be right."""
    if name in ("source", _SEVERAL_DATES):
        return _union(_listed(one), _listed(other))
    if name == "authors":
        return _fuller(one, other)
    if name in _LARGER:
        return max(one, other, key=_LARGER[name])
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return _union(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return {**other, **one}
    return None


def _fuller(one: Sequence[Any], other: Sequence[Any]) -> Sequence[Any]:
    """Of two bylines the longer one; of two as long the one that says more of its people."""

    def weight(byline: Sequence[Any]) -> tuple[int, int]:
        return len(byline), sum(len(author) for author in byline if isinstance(author, dict))

    return other if weight(other) > weight(one) else one


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _union(one: Iterable[Any], other: Iterable[Any]) -> list[Any]:
    made = list(one)
    made += [entry for entry in other if entry not in made]
    return made


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
