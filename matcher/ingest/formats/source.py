"""What a reader of a foreign format gives: one `SourceRecord` for each record that stands in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from matcher.errors import DataError

__all__ = ["Format", "Owner", "Reader", "Row", "SourceRecord", "Wishes"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row for a table of a venue folder.

    Args:
        table: the table, such as `reviewers`.
        values: the row as the table's JSON Lines file would hold it; what is `None` or empty is left out.
    """

    table: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A record of a foreign file, and what it becomes.

    A record is accepted when it has rows and all of them are good, rejected when it has a `fault` or a row is not
    good, and left out when it is good but nothing that was asked for (`left_out` says why). There is no fourth way.

    Args:
        file: the file's name.
        line: one-based line, row or number of the record in it; `None` when the format has no such thing.
        rows: the rows that it becomes.
        fault: why it cannot be read: what was allowed and what was there.
        field: the field that the fault concerns.
        left_out: why a good record is not wanted.
        remarks: parts of the record that found no place or were in doubt; the record stays.
        raw: the record as written, for the list of rejects; may be cut.
        unread: names of its fields that found no place; they are counted, not listed one by one.
    """

    file: str
    line: int | None
    rows: tuple[Row, ...] = ()
    fault: str | None = None
    field: str | None = None
    left_out: str | None = None
    remarks: tuple[str, ...] = ()
    raw: str = ""
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Owner:
    """A person whose publications are looked for in a bibliographic source.

    Args:
        id: the reviewer's id in the venue folder.
        names: every spelling, the main one first.
        keys: other ids that the source may carry, such as `orcid:0000-…` or `dblp:12/345`.
        is_sure: whether the user says that the files are this person's, so that initials suffice.
        emails: addresses.
    """

    id: str
    names: tuple[str, ...]
    keys: frozenset[str] = frozenset()
    is_sure: bool = False
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked a reader for.

    Args:
        owners: whose publications are wanted; empty takes all of them.
        tables: what a CSV file without a telling name holds, by the file's path.
        progress: called with the number of records read so far, now and then.
    """

    owners: tuple[Owner, ...] = ()
    tables: Mapping[Path, str] = field(default_factory=dict)
    progress: Callable[[int], None] | None = None


Reader: TypeAlias = Callable[[Sequence[Path], Wishes], Iterator[SourceRecord]]
"""Reads files of one format, one record after the other, in the order of the files.

It raises `DataError` when a file as a whole cannot be read (missing, cut off, no such format); a fault of one record
is a `SourceRecord` with a `fault`.
"""


@dataclass(frozen=True, slots=True)
class Format:
    """A foreign format.

    Args:
        name: as on the command line, such as `hotcrp`.
        read: its reader.
        about: what it is, in a sentence.
        carries: the tables of a venue folder that it can fill.
        files: the files that it takes, in words.
        example: a command.
        needs_owners: whether it must be told whose publications are wanted.
        tells: what the user may say that its files hold, where they do not say it themselves.
    """

    name: str
    read: Reader
    about: str
    carries: tuple[str, ...]
    files: str
    example: str
    needs_owners: bool = False
    tells: tuple[str, ...] = ()


_RAW_LENGTH: Final = 2_000


def cut_raw(text: str) -> str:
    """The start of a record as written, short enough for a list of rejects."""
    return text if len(text) <= _RAW_LENGTH else f"{text[:_RAW_LENGTH]}…"


def refuse_missing(path: Path) -> None:
    """Raise when there is no such file.

    Raises:
        DataError: it is missing, or a folder.
    """
    if path.is_dir():
        raise DataError("this is a folder, not a file", file=str(path), remedy="name the files in it")
    if not path.exists():
        raise DataError("there is no such file", file=str(path))
