"""What a load gives back, and the ledger in which every row of every file is accounted for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from matcher.errors import DataError, did_you_mean
from matcher.ingest.fields import FieldError, Table, Unread, clean
from matcher.ingest.files import read_rows
from matcher.records import PaperId, Venue

__all__ = ["FileCount", "Ledger", "LoadReport", "Loaded", "Reject", "RejectedRowsError", "Row", "write_rejects"]

_GUESSES: Final = 10
"""Ids for which one load looks for a known id that is close; the search is slow in a large venue."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not taken.

    Args:
        file: the file's name.
        line: one-based line on which the row starts.
        field: the field concerned, such as `authors[2].email`; `None` when it is the row as a whole.
        reason: what was allowed and what was there.
        raw: the row as written.
        keeps_row: whether only an entry of a list is not taken, and the rest of the row is.
    """

    file: str
    line: int
    field: str | None
    reason: str
    raw: str
    keeps_row: bool = False

    def __str__(self) -> str:
        what = f"field '{self.field}': " if self.field else ""
        rest = "; the rest of the row stays" if self.keeps_row else ""
        return f"{self.file}:{self.line}: {what}{self.reason}{rest}"


@dataclass(frozen=True, slots=True)
class FileCount:
    """How many rows of a file were read, accepted and rejected; accepted + rejected = read."""

    file: str
    read: int
    accepted: int
    rejected: int


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of every row.

    Args:
        files: one entry for each file, in the order of reading.
        rejects: every row that was not taken, by file and line.
        notices: what a chair should know though no row was refused for it.
        bid_lines: the line of every bid, by submission and reviewer.
    """

    files: tuple[FileCount, ...] = ()
    rejects: tuple[Reject, ...] = ()
    notices: tuple[str, ...] = ()
    bid_lines: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A venue as read, and how it was read.

    Args:
        venue: the input of a match.
        report: what became of every row.
        facts: demand and loads that the venue itself states, by field of `MatchConfig`.
        match_toml: the folder's own choices for a match, if it has any.
    """

    venue: Venue
    report: LoadReport
    facts: Mapping[str, int] = field(default_factory=dict)
    match_toml: Path | None = None


class RejectedRowsError(DataError):
    """Rows of the input cannot be accepted; the message names the first and counts them all.

    Args:
        report: what became of every row; its rejects are not empty.
    """

    def __init__(self, report: LoadReport) -> None:
        self.report = report
        self.rejects = report.rejects
        first, more = self.rejects[0], len(self.rejects) - 1
        further = f"; {more} more {'row is' if more == 1 else 'rows are'} rejected" if more else ""
        super().__init__(
            f"{first.reason}{further}",
            file=first.file,
            line=first.line,
            field=first.field,
            remedy="fix the input, or pass --accept-rejects to go on without the rejected rows",
        )


@dataclass(frozen=True, slots=True)
class Row:
    """A row whose fields are all good.

    Args:
        file: the file's name.
        line: one-based line on which it starts.
        raw: the row as written.
        values: the values by field; what is null or absent is left out.
    """

    file: str
    line: int
    raw: str
    values: dict[str, Any]


class Ledger:
    """Counts every row that is read, knows every id that is taken, keeps every row that is rejected and why.

    Args:
        most_rejects: after how many rejected rows reading stops, since nobody reads so many reasons; `None`: never.
    """

    def __init__(self, most_rejects: int | None = None) -> None:
        self._most_rejects = most_rejects
        self._read: dict[str, int] = {}
        self._file_of: dict[str, str] = {}
        self._rejects: list[Reject] = []
        self._notices: list[str] = []
        self._taken: dict[str, dict[str, int]] = {}
        self._refused: dict[str, dict[str, int]] = {}
        self._left_out: list[str] = []
        self._guesses_left = _GUESSES
        self.bid_lines: dict[tuple[str, str], int] = {}

    def rows(
        self,
        path: Path,
        table: Table,
        *,
        name: str | None = None,
        is_csv: bool | None = None,
        is_required: bool = False,
    ) -> Iterator[Row]:
        """The rows of a file whose fields are good; the others are rejected.

        Args:
            path: where the file is.
            table: its fields; one file for each table.
            name: the file's name in messages; default: its bare name.
            is_csv: the format; `None` finds it from the first line.
            is_required: whether the file must hold rows.

        Raises:
            DataError: the file cannot be read as a whole.
        """
        name = path.name if name is None else name
        self._read[name] = 0
        self._file_of[table.name] = name
        unread: Unread = {}
        kept: Counter[str] = Counter()
        for raw in read_rows(path, table, name=name, is_csv=is_csv):
            self._read[name] += 1
            row = Row(name, raw.line, raw.raw, raw.values)
            if raw.fault is not None:
                self.reject(row, table, None, raw.fault)
                continue
            try:
                values = table.read(raw.values, unread, cells=raw.has_cells)
            except FieldError as error:
                self.reject(row, table, error.path or None, error.reason)
                continue
            if table.keeps_unknown:
                kept.update(key for key, value in raw.values.items() if key not in table.by_name and value is not None)
            yield replace(row, values=values)
        self._notice_fields(name, "kept as attributes", kept)
        self._notice_fields(name, "not read", unread)
        if is_required and not self._read[name]:
            raise DataError("the file holds no rows", file=name, remedy="add at least one record")

    def _notice_fields(self, name: str, fate: str, fields: Mapping[str, int]) -> None:
        if fields:
            listed = ", ".join(f"'{field}' ({_times(fields[field])})" for field in sorted(fields))
            self._notices.append(f"{name}: {fate}: {listed}")

    def reject(self, row: Row, table: Table, field: str | None, reason: str) -> None:
        """Do not take a row.

        Args:
            row: the row.
            table: its table.
            field: the field concerned, or `None` for the row as a whole.
            reason: what was allowed and what was there.
        """
        self._rejects.append(Reject(row.file, row.line, field, reason, row.raw))
        if self._most_rejects is not None and len(self._rejects) >= self._most_rejects:
            raise RejectedRowsError(self._report())
        found = row.values.get("id")
        if isinstance(found, str | int):
            self._refused.setdefault(table.name, {}).setdefault(clean(str(found)), row.line)

    def take(self, row: Row, table: Table, *, beside: Table | None = None) -> bool:
        """Take a row under its id, or reject it because an earlier row has that id.

        Args:
            row: the row.
            table: its table.
            beside: another table whose ids it must not repeat.
        """
        key = row.values["id"]
        for other in (table, beside or table):
            line = self._taken.setdefault(other.name, {}).get(key)
            if line is not None:
                place = f"{self._file_of[other.name]}:{line}"
                self.reject(row, table, "id", f"'{key}' is the id of {place} already; give each record its own id")
                return False
        self._taken[table.name][key] = row.line
        return True

    def fault(self, table: Table, key: str) -> str | None:
        """Why an id cannot be referred to; `None` when it can."""
        taken = self._taken.get(table.name, {})
        if key in taken:
            return None
        file = self._file_of[table.name]
        line = self._refused.get(table.name, {}).get(key)
        if line is not None:
            return f"'{key}' was rejected itself, at {file}:{line}"
        guess = ""
        if self._guesses_left:
            self._guesses_left -= 1
            guess = did_you_mean(key, taken)
        return f"id '{key}' is not in {file}{guess}"

    def known_papers(self, row: Row, field: str, publications: Table) -> tuple[PaperId, ...]:
        """The papers that a reviewer lists.

        An id that points nowhere is rejected, and the reviewer stays: their other papers speak for them. A paper whose
        own row was rejected is left out with a notice: the reviewer is not at fault.
        """
        known: list[PaperId] = []
        for position, key in enumerate(row.values[field]):
            if key in self._taken.get(publications.name, {}):
                known.append(PaperId(key))
            elif key in self._refused.get(publications.name, {}):
                self._left_out.append(f"'{key}' at {row.file}:{row.line}")
            else:
                reason = self.fault(publications, key) or ""
                self._rejects.append(
                    Reject(row.file, row.line, f"{field}[{position}]", reason, row.raw, keeps_row=True)
                )
        return tuple(known)

    def notice(self, text: str) -> None:
        """Tell the chair something for which no row is refused."""
        self._notices.append(text)

    def settle(self, required: Iterable[Table], *, accept_rejects: bool) -> LoadReport:
        """Close the ledger: say whether the good rows may be used.

        Args:
            required: the tables that must have good rows.
            accept_rejects: whether rejected rows may be left out.

        Returns:
            What became of every row.

        Raises:
            RejectedRowsError: rows are rejected, and that was not accepted.
            DataError: no row of a required file is good.
        """
        if self._left_out:
            papers = f"{_times(len(self._left_out))} a rejected publication is left out of a reviewer's papers"
            self._notices.append(f"{papers}, first {self._left_out[0]}")
        report = self._report()
        if report.rejects and not accept_rejects:
            raise RejectedRowsError(report)
        for name in (self._file_of[table.name] for table in required):
            lost = [reject for reject in report.rejects if reject.file == name and not reject.keeps_row]
            if len(lost) == self._read[name]:
                raise DataError(
                    f"no row of the file can be used; the first: {lost[0].reason}",
                    file=name,
                    line=lost[0].line,
                    field=lost[0].field,
                )
        return report

    def _report(self) -> LoadReport:
        order = {name: position for position, name in enumerate(self._read)}
        rejected = Counter(reject.file for reject in self._rejects if not reject.keeps_row)
        return LoadReport(
            files=tuple(
                FileCount(name, read, read - rejected[name], rejected[name]) for name, read in self._read.items()
            ),
            rejects=tuple(sorted(self._rejects, key=lambda reject: (order[reject.file], reject.line))),
            notices=tuple(self._notices),
            bid_lines=self.bid_lines,
        )


def _times(count: int) -> str:
    return "1 time" if count == 1 else f"{count} times"


def write_rejects(path: str | Path, rejects: Iterable[Reject]) -> None:
    """Write one JSON object a line for each rejected row: where, which field, why, and the row as written.

    Args:
        path: the file to write; what it held before is lost.
        rejects: in the order in which they are to stand.
    """
    with Path(path).open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(json.dumps(_plain(reject), ensure_ascii=False) + "\n" for reject in rejects)


def _plain(reject: Reject) -> dict[str, Any]:
    """A reject as JSON holds it; that the rest of the row stays is said where it is so."""
    plain = asdict(reject)
    if not reject.keeps_row:
        del plain["keeps_row"]
    return plain
