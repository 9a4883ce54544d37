"""`matcher drift`: what became of an assignment in the conference system it was handed to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.markup import escape

from matcher import console
from matcher.commands.options import AcceptRejectsOption, JsonOption, RunArgument
from matcher.drift import Barred, Drift, find_drift
from matcher.errors import DataError
from matcher.ingest.fields import TABLES
from matcher.ingest.formats import RejectedRecordsError
from matcher.ingest.formats.current import Current, read_current
from matcher.ingest.formats.write import read_tables, write_tables
from matcher.ingest.plain_tables import TableFile, refuse_occupied
from matcher.pipeline import MatchResult
from matcher.records import PersonId, Venue, to_plain

__all__ = ["EPILOG", "drift"]

EPILOG: Final = """Examples:

matcher drift runs/first pcassignments.csv --format hotcrp

matcher drift runs/first Assignment.json Invite_Assignment.json --format openreview --into venue/"""

_ROWS: Final = 20


def drift(
    run: RunArgument,
    files: Annotated[list[Path], typer.Argument(help="The system's downloads.", show_default=False)],
    form: Annotated[str, typer.Option("--format", help="hotcrp, openreview, cmt, easychair, or csv.")],
    into: Annotated[
        Path | None,
        typer.Option(help="Venue folder that takes the state: assignments, pairs taken away, loads."),
    ] = None,
    accept_rejects: AcceptRejectsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Read the system's assignments, answers and loads back, and say what differs from the run.

    Exit 1 when a pair stands that may not be, such as a conflict, or a reviewer carries more than their maximum. With
    --into, `matcher top-up RUN --venue VENUE` then fills what is missing: pairs that stand stay, those that were
    declined or taken away do not come back.
    """
    result = MatchResult.load(run)
    current = read_current(form, files, result.venue)
    if current.collected.rejects and not accept_rejects:
        raise RejectedRecordsError(current.collected)
    found = find_drift(result.scores, result.limits, result.assignment, current.assignments, current.loads)
    written = () if into is None else _write(into, found, current)
    if as_json:
        console.print_json(_plain(result, found, current, written))
    else:
        _print(result, found, current, written)
    if found.barred or found.over:
        raise typer.Exit(1)


# --- the state as tables --------------------------------------------------------------------------------------------


def _write(folder: Path, found: Drift, current: Current) -> tuple[TableFile, ...]:
    """The state as tables of a venue folder: assignments as they stand, forbidden pairs, loads."""
    if not folder.is_dir():
        raise DataError("there is no such folder", file=str(folder), remedy="name the venue folder of the run")
    refuse_occupied(folder, TABLES, add=True)
    there = read_tables(folder)
    tables: dict[str, list[Mapping[str, Any]]] = {}
    tables["assignments"] = [
        {
            "submission_id": each.submission_id,
            "reviewer_id": each.reviewer_id,
            "state": each.state,
            "role": each.role,
            "round": each.round,
        }
        for each in current.assignments
    ]
    fixed = list(there.get("fixed", ()))
    decided = {(row["submission_id"], row["reviewer_id"]) for row in fixed}
    fixed += [
        {"submission_id": submission, "reviewer_id": reviewer, "kind": "forbid"}
        for submission, reviewer in found.removed
        if (submission, reviewer) not in decided
    ]
    tables["fixed"] = fixed
    tables["reviewers"] = [
        {**row, "max_load": current.loads[PersonId(str(row["id"]))]} if row["id"] in found.maximums else row
        for row in there.get("reviewers", ())
    ]
    return write_tables(folder, tables, there)


# --- telling --------------------------------------------------------------------------------------------------------


def _why(result: MatchResult, each: Barred) -> str:
    if each.status is None:
        return f"the submission is {result.venue.submission(each.submission_id).status}"
    return "; ".join(result.explain(each.submission_id, each.reviewer_id).reasons)


def _plain(result: MatchResult, found: Drift, current: Current, written: Iterable[TableFile]) -> dict[str, Any]:
    return {
        "files": [tally.to_plain() for tally in current.collected.files],
        "rejects": [to_plain(each) for each in current.collected.rejects],
        "unknown": list(current.unknown),
        "kept": [list(pair) for pair in found.kept],
        "added": [list(pair) for pair in found.added],
        "removed": [list(pair) for pair in found.removed],
        "declined": [list(pair) for pair in found.declined],
        "barred": [
            {"submission_id": each.submission_id, "reviewer_id": each.reviewer_id, "why": _why(result, each)}
            for each in found.barred
        ],
        "over": [to_plain(each) for each in found.over],
        "maximums": {name: {"run": before, "now": now} for name, (before, now) in found.maximums.items()},
        "short": [to_plain(each) for each in found.short],
        "other_roles": found.other_roles,
        "score_of_the_run": found.ours,
        "score_now": found.now,
        "written": [str(file.path) for file in written],
    }


def _print(result: MatchResult, found: Drift, current: Current, written: Iterable[TableFile]) -> None:
    venue = result.venue
    for tally in current.collected.files:
        console.out.print(
            f"[bold]{escape(tally.file)}[/]: read {tally.read}, accepted {tally.accepted}, rejected {tally.rejected}, "
            f"left out {tally.left_out.total()}",
            soft_wrap=True,
        )
    console.print_notices(str(reject) for reject in current.collected.rejects)
    console.print_notices(current.unknown)
    console.print_notices(current.collected.remarks)
    stands = len(found.kept) + len(found.added)
    console.out.print(
        f"{stands} pairs stand: {len(found.kept)} of the run's {len(result.assignment.pairs)}, "
        f"{len(found.added)} added by hand; {len(found.removed)} of the run taken away, {len(found.declined)} declined",
        soft_wrap=True,
    )
    if found.other_roles:
        console.out.print(f"{found.other_roles} pairs are of other roles, which the run says nothing of")
    console.out.print(f"total score {found.ours:.3f} in the run, {found.now:.3f} now")
    _print_some("added", (_named(venue, *pair) for pair in found.added))
    _print_some("taken away", (_named(venue, *pair) for pair in found.removed))
    _print_some("declined", (_named(venue, *pair) for pair in found.declined))
    _print_some(
        "[red]may not be[/]",
        (f"{_named(venue, each.submission_id, each.reviewer_id)}: {_why(result, each)}" for each in found.barred),
    )
    _print_some(
        "[red]load above the maximum[/]",
        (f"{venue.name_of(each.reviewer_id)} has {each.load}, at most {each.max_load}" for each in found.over),
    )
    _print_some(
        "maximum changed",
        (f"{venue.name_of(name)} from {before} to {now}" for name, (before, now) in found.maximums.items()),
    )
    _print_some(
        "[yellow]misses reviews[/]",
        (f"{each.submission_id} has {each.has} of {each.wanted}" for each in found.short),
    )
    for file in written:
        console.out.print(f"{file.path} holds {file.rows} rows", markup=False, soft_wrap=True)


def _named(venue: Venue, submission: str, reviewer: PersonId) -> str:
    return f"{submission} × {venue.name_of(reviewer)}"


def _print_some(label: str, lines: Iterable[str]) -> None:
    every = list(lines)
    for line in every[:_ROWS]:
        console.out.print(f"  {label} {escape(line)}", soft_wrap=True)
    if len(every) > _ROWS:
        console.out.print(f"  {label} and {len(every) - _ROWS} more (--json lists them)", soft_wrap=True)
