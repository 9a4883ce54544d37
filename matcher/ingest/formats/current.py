"""What stands in a conference system now: its assignments with their answers, and the loads that it states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from matcher.errors import DataError, UnknownNameError
from matcher.ingest.formats.collect import Collected, Collector
from matcher.ingest.formats.committees import read_cmt, read_easychair
from matcher.ingest.formats.hotcrp import read_hotcrp
from matcher.ingest.formats.joining import join
from matcher.ingest.formats.opening import Cells, read_table
from matcher.ingest.formats.openreview import read_openreview
from matcher.ingest.formats.source import Reader, Row, SourceRecord, Wishes
from matcher.ingest.formats.venue_rows import rows_of
from matcher.records import ExistingAssignment, PersonId, SubmissionId, Venue

__all__ = ["CURRENT_FORMATS", "Current", "read_current"]

_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "submission_id": ("submission id", "submission", "paper"),
    "reviewer_id": ("reviewer id", "reviewer", "email"),
    "state": ("state", "status"),
    "role": ("role",),
}


def _read_csv(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:  # noqa: ARG001  # a `Reader`
    """Our own layout, as `matcher export --format csv` and the run folder's `assignment.csv` have it."""
    for path in paths:
        yield from map(_csv_row, read_table(path, _COLUMNS, required=("submission_id", "reviewer_id")))


def _csv_row(cells: Cells) -> SourceRecord:
    return SourceRecord(cells.file, cells.line, (Row("assignments", cells.values),), cells.fault, raw=cells.raw)


CURRENT_FORMATS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "cmt": read_cmt,
        "csv": _read_csv,
        "easychair": read_easychair,
        "hotcrp": read_hotcrp,
        "openreview": read_openreview,
    }
)
"""The systems whose assignments are read back, by name."""


@dataclass(frozen=True, slots=True)
class Current:
    """What stands in a system now, in the ids of a venue.

    Args:
        assignments: pairs with state, role and round.
        loads: the most submissions of a reviewer, where the system says so.
        unknown: pairs whose submission or reviewer the venue does not have, each with its line.
        collected: what became of every record.
    """

    assignments: tuple[ExistingAssignment, ...]
    loads: Mapping[PersonId, int]
    unknown: tuple[str, ...]
    collected: Collected


def read_current(name: str, paths: Sequence[str | Path], venue: Venue) -> Current:
    """Read what a conference system holds now.

    Args:
        name: one of `CURRENT_FORMATS`.
        paths: its downloads, in any mixture; what is no assignment and no load is left aside.
        venue: whose ids the pairs get: reviewers are known by id, address, or an id of another registry.

    Raises:
        UnknownNameError: there is no such format.
        DataError: a file cannot be read, or no file holds an assignment.
    """
    reader = CURRENT_FORMATS.get(name)
    if reader is None:
        raise UnknownNameError("format", name, CURRENT_FORMATS)
    collector = Collector()
    for record in reader([Path(path) for path in paths], Wishes()):
        collector.take(record)
    collected = collector.settle()
    held = collected.tables.get("assignments", ())
    if not held and not collected.rejects:
        raise DataError(
            "no file holds an assignment",
            file=", ".join(Path(path).name for path in paths),
            remedy="give the download of assignments or reviews; see matcher drift --help",
        )
    known = rows_of(venue)
    there = {table: known.get(table, []) for table in ("submissions", "reviewers", "people")}
    people = [row for row in collected.tables.get("reviewers", ()) if "max_load" in row]
    joined = join(there, replace(collected, tables={"assignments": held, "reviewers": tuple(people)}))
    ids = {str(row["id"]): joined.people.get(str(row["id"]), str(row["id"])) for row in people}
    loads = {PersonId(ids[str(row["id"])]): int(row["max_load"]) for row in people}
    names = venue.reviewer_by_id
    outsiders = [
        f"reviewers: '{row['id']}' has a load and is no reviewer of the run"
        for row in people
        if PersonId(ids[str(row["id"])]) not in names
    ]
    pairs = [
        ExistingAssignment(
            submission_id=SubmissionId(str(row["submission_id"])),
            reviewer_id=PersonId(str(row["reviewer_id"])),
            state=str(row.get("state") or "proposed"),
            role=str(row.get("role") or "reviewer"),
            round=int(row.get("round") or 1),
        )
        for row in joined.tables.get("assignments", ())
        if PersonId(str(row["reviewer_id"])) in names
    ]
    lost = [f"{table}: {why}" for table, _, why in joined.dangling]
    return Current(
        assignments=tuple(sorted(pairs)),
        loads={name: load for name, load in sorted(loads.items()) if name in names},
        unknown=(*lost, *outsiders),
        collected=collected.without(joined.lost),
    )
