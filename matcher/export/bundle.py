"""What every export writes from, and how it may write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from matcher.errors import DataError
from matcher.records import Assignment, Conflicts, ScoreMatrix, Venue

__all__ = ["DEFAULT_OPTIONS", "ExportData", "WriteOptions", "Writer", "refuse_existing"]


@dataclass(frozen=True, slots=True)
class ExportData:
    """The part of a match that other systems want.

    Args:
        venue: names, titles and addresses.
        scores: (S, R) affinity scores.
        conflicts: all conflicts of the venue, cleared ones too.
        assignment: who reviews what, and what falls short.
    """

    venue: Venue
    scores: ScoreMatrix
    conflicts: Conflicts
    assignment: Assignment


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How a writer may write.

    Args:
        overwrite: replace files that exist already; otherwise they are refused.
        guard: keep spreadsheets from running a cell as a formula (`csv_files.guard_cell`); formats that no spreadsheet
            opens have no use for it.
    """

    overwrite: bool = False
    guard: bool = True


DEFAULT_OPTIONS: Final = WriteOptions()

Writer: TypeAlias = Callable[[ExportData, Path, WriteOptions], tuple[Path, ...]]
"""Writes its files into an existing folder and returns their paths."""


def refuse_existing(paths: Iterable[Path], options: WriteOptions) -> None:
    """Refuse to write over files, before the first one is touched.

    Args:
        paths: the files that are about to be written.
        options: says whether they may be replaced.

    Raises:
        DataError: one of them exists and may not be replaced.
    """
    if options.overwrite:
        return
    for path in paths:
        if path.exists():
            raise DataError(
                "this file exists already",
                file=str(path),
                remedy="pass --overwrite (in Python overwrite=True), or choose another place",
            )
