"""What comes after a first match: compare runs, plan again, fill up, who could step in, where reviewers are scarce."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from matcher import console
from matcher.capacity import Capacity, find_topics, measure_capacity
from matcher.commands.options import AcceptRejectsOption, JsonOption, OverwriteOption, QuietOption, RunArgument
from matcher.comparison import Change, Comparison, Side, compare_runs
from matcher.errors import DataError, counted
from matcher.ingest import read_venue
from matcher.pipeline import MatchResult, rematch
from matcher.records import FixedPair, PersonId, SubmissionId, Venue, to_plain
from matcher.rounds import Replanned
from matcher.rounds import alternates as find_alternates
from matcher.runs import refuse_occupied

__all__ = ["add_commands"]

_ROWS: Final = 20

VenueOption = Annotated[
    Path | None, typer.Option("--venue", help="The venue as it is now; default: as it was in the run.")
]


def add_commands(app: typer.Typer) -> None:
    """Hang these commands into the command line."""
    app.command(epilog="Example: matcher compare runs/first runs/second")(compare)
    app.command(
        epilog="""Examples:

matcher replan runs/first --drop anna-berg --out runs/second

matcher replan runs/first --venue venue/ --out runs/second"""
    )(replan)
    app.command("top-up", epilog="Example: matcher top-up runs/first --venue venue/ --emergency --out runs/more")(
        top_up
    )
    app.command(epilog="Example: matcher capacity runs/first --floor 0.4 --at-least 3")(capacity)
    app.command(epilog="Example: matcher alternates runs/first --number 5 --submission alphapruning")(alternates)


# --- compare --------------------------------------------------------------------------------------------------------


def compare(
    first: Annotated[Path, typer.Argument(help="A run folder.")],
    second: Annotated[Path, typer.Argument(help="Another run folder.")],
    as_json: JsonOption = False,
) -> None:
    """Say what differs between two runs: pairs, winners and losers, loads, fairness, objective, settings."""
    found = compare_runs(*(_side(MatchResult.load(run)) for run in (first, second)))
    if as_json:
        console.print_json(_plain(found))
    else:
        _print_comparison(found)


def _side(result: MatchResult) -> Side:
    return Side(config=result.config, scores=result.scores, limits=result.limits, assignment=result.assignment)


def _plain(found: Comparison) -> dict[str, Any]:
    return {
        "kept": found.kept,
        "removed": [list(pair) for pair in found.removed],
        "added": [list(pair) for pair in found.added],
        "scores_differ": found.scores_differ,
        "winners": [to_plain(each) for each in found.winners],
        "losers": [to_plain(each) for each in found.losers],
        "loads": [to_plain(each) for each in found.loads],
        "only_before": list(found.only_before),
        "only_after": list(found.only_after),
        "figures": {name: list(values) for name, values in found.figures.items()},
        "settings": {name: list(values) for name, values in found.settings.items()},
    }


def _print_comparison(found: Comparison) -> None:
    for name, (before, after) in found.settings.items():
        console.out.print(f"{name}: {before} → {after}", markup=False, soft_wrap=True)
    for what, names in (("only in the first", found.only_before), ("only in the second", found.only_after)):
        if names:
            console.out.print(f"{what}: {_listed(names)}", markup=False, soft_wrap=True)
    if found.scores_differ:
        console.out.print("the scores differ, so gains and losses are partly those of another measure", style="yellow")
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for name in ("first", "second", "change"):
        table.add_column(name, justify="right")
    for name, (one, other) in found.figures.items():
        change = "" if one is None or other is None else f"{other - one:+.6g}"
        table.add_row(name, *("–" if value is None else f"{value:.6g}" for value in (one, other)), change)
    console.out.print(table)
    console.out.print(f"pairs kept {found.kept}, removed {len(found.removed)}, added {len(found.added)}")
    _print_changes("submissions that gain", found.winners)
    _print_changes("submissions that lose", found.losers)
    _print_changes("reviewers whose load changes", found.loads)


def _print_changes(title: str, changes: Sequence[Change]) -> None:
    if not changes:
        return
    console.out.print(f"{title}: {len(changes)}", style="bold")
    for each in changes[:_ROWS]:
        console.out.print(f"  {each.name}  {each.before:.4g} → {each.after:.4g}", markup=False, soft_wrap=True)
    if len(changes) > _ROWS:
        console.out.print(f"  … and {len(changes) - _ROWS} more; --json gives all")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_ROWS]) + (f" and {len(names) - _ROWS} more" if len(names) > _ROWS else "")


# --- plan again -----------------------------------------------------------------------------------------------------


def replan(
    run: RunArgument,
    out: Annotated[Path, typer.Option(help="Run folder to write.")],
    venue: VenueOption = None,
    drop: Annotated[
        list[str] | None, typer.Option("--drop", help="A reviewer who drops out; may be given again.")
    ] = None,
    forbid: Annotated[
        list[str] | None,
        typer.Option("--forbid", help="A pair that must not be, as SUBMISSION,REVIEWER; may be given again."),
    ] = None,
    accept_rejects: AcceptRejectsOption = False,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Plan again after drop-outs, new conflicts or new submissions, with the fewest changed pairs."""
    refuse_occupied(out, overwrite=overwrite)
    before = MatchResult.load(run)
    now = _changed(_venue_now(before, venue, accept_rejects=accept_rejects), drop or [], forbid or [])
    with console.progress_bar(quiet=quiet or as_json) as progress:
        result, found = rematch(before, now, progress=progress)
    result.save(out, overwrite=overwrite)
    _print_replanned(result, found, out, as_json=as_json)


def top_up(
    run: RunArgument,
    out: Annotated[Path, typer.Option(help="Run folder to write.")],
    venue: VenueOption = None,
    reviews: Annotated[
        int | None, typer.Option(min=1, help="Reviews per submission from now on; default: as in the run.")
    ] = None,
    emergency: Annotated[
        bool, typer.Option("--emergency", help="Also ask those who offered emergency reviews, up to what they offered.")
    ] = False,
    hold_back: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of every load that is still kept back; what the run kept is used."),
    ] = 0.0,
    accept_rejects: AcceptRejectsOption = False,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Add the reviews that are missing now; no pair is taken back, and nobody is asked twice for what they declined.

    The state is that of the run and of the venue's `assignments.csv`: pairs with the state declined are gone for good,
    all others stay. Nobody's load is raised, but by what they offered for emergencies (a load in the role emergency).
    """
    refuse_occupied(out, overwrite=overwrite)
    before = MatchResult.load(run)
    now = _venue_now(before, venue, accept_rejects=accept_rejects)
    standing = [(pair.submission_id, pair.reviewer_id) for pair in before.assignment.pairs]
    standing += [(each.submission_id, each.reviewer_id) for each in now.assignments if each.state != "declined"]
    with console.progress_bar(quiet=quiet or as_json) as progress:
        result, found = rematch(
            before,
            now,
            pairs=standing,
            reviews=reviews,
            emergency=emergency,
            hold_back=hold_back,
            exchange=False,
            progress=progress,
        )
    result.save(out, overwrite=overwrite)
    _print_replanned(result, found, out, as_json=as_json)


def _venue_now(before: MatchResult, folder: Path | None, *, accept_rejects: bool) -> Venue:
    if folder is None:
        return before.venue
    loaded = read_venue(folder, accept_rejects=accept_rejects)
    console.print_notices(loaded.report.notices)
    return loaded.venue


def _changed(venue: Venue, drop: Sequence[str], forbid: Sequence[str]) -> Venue:
    """The venue with reviewers gone and pairs forbidden."""
    gone = {venue.reviewer(name).person_id for name in drop}
    pairs = []
    for entry in forbid:
        submission, comma, reviewer = entry.rpartition(",")
        if not comma:
            raise typer.BadParameter(f"allowed is SUBMISSION,REVIEWER, got '{entry}'", param_hint="--forbid")
        who = venue.reviewer(reviewer.strip()).person_id
        pairs.append(FixedPair(venue.submission(submission.strip()).id, who, "forbid"))
    fixed = {(each.submission_id, each.reviewer_id): each for each in venue.fixed if each.reviewer_id not in gone}
    for each in pairs:
        if fixed.setdefault((each.submission_id, each.reviewer_id), each).kind == "require":
            raise DataError(
                f"the pair '{each.submission_id}', '{each.reviewer_id}' is required and now forbidden",
                file="fixed.csv",
                remedy="take it out of fixed.csv",
            )
    return replace(
        venue,
        reviewers=tuple(
            replace(each, invitation="declined", min_load=0) if each.person_id in gone else each
            for each in venue.reviewers
        ),
        fixed=tuple(sorted(fixed.values())),
    )


def _print_replanned(result: MatchResult, found: Replanned, out: Path, *, as_json: bool) -> None:
    if as_json:
        changes = {name: [list(pair) for pair in getattr(found, name)] for name in ("forced", "given_up", "added")}
        console.print_json({**console.summary_of(result), "kept": len(found.kept), **changes, "run": str(out)})
        return
    console.print_result(result)
    console.out.print(
        f"\nkept {counted(len(found.kept), 'pair')}; {len(found.forced)} could not stay, "
        f"{len(found.given_up)} made place, {counted(len(found.added), 'is', 'are')} new"
    )
    for title, pairs in (("gone", (*found.forced, *found.given_up)), ("new", found.added)):
        for submission, reviewer in pairs[:_ROWS]:
            name = result.venue.name_of(reviewer) if reviewer in result.venue.person_by_id else reviewer
            console.out.print(f"  {title} {submission} × {name}", markup=False, soft_wrap=True)
    console.out.print(f"\nrun  {out}", markup=False, soft_wrap=True)


# --- who could step in ----------------------------------------------------------------------------------------------


def alternates(
    run: RunArgument,
    number: Annotated[int, typer.Option(min=1, help="Reviewers to name for each submission.")] = 3,
    submission: Annotated[str | None, typer.Option(help="Only this submission.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Name who could step in: free of conflicts and vetoes, not assigned there, and with room in their load."""
    result = MatchResult.load(run)
    if result.assignment.marginals is not None:
        raise DataError(
            "a randomised run has no alternates: naming the best who are left would give away what the draw hides",
            remedy="draw again, or match with objective = 'max-total'",
        )
    found = find_alternates(result.scores, result.limits, result.assignment, count=number)
    if submission is not None:
        name = result.venue.submission(submission).id
        found = {name: found.get(SubmissionId(name), ())}
    if as_json:
        console.print_json(
            {name: [{"reviewer_id": who, "score": score} for who, score in each] for name, each in found.items()}
        )
        return
    for name, each in found.items():
        people = ", ".join(f"{result.venue.name_of(PersonId(who))} ({score:.3f})" for who, score in each)
        console.out.print(f"[bold]{escape(name)}[/]  {escape(people) or '[yellow]nobody has room[/]'}", soft_wrap=True)


# --- capacity -------------------------------------------------------------------------------------------------------


def capacity(
    run: RunArgument,
    floor: Annotated[float, typer.Option(min=0, max=1, help="Score from which a reviewer counts as an expert.")] = 0.3,
    at_least: Annotated[int, typer.Option(min=1, help="Experts that a submission should have.")] = 3,
    topics: Annotated[
        int | None, typer.Option(min=0, help="Most topics to find in the texts; default: by their number; 0 for none.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare demand with expert supply: by track and topic, submissions with too few experts, and whom to look for."""
    result = MatchResult.load(run)
    most = _usual_topics(len(result.scores.submissions)) if topics is None else topics
    found = measure_capacity(
        result.venue,
        result.scores,
        result.limits,
        floor=floor,
        at_least=at_least,
        topics=find_topics(result.profiles, count=most, seed=result.config.seed) if most else None,
    )
    if as_json:
        console.print_json(
            {
                "demand": found.demand,
                "supply": found.supply,
                "tracks": [to_plain(each) for each in found.tracks],
                "scarce": [to_plain(each) for each in found.scarce],
                "recruit": [list(each) for each in found.recruit],
                "topics": [to_plain(each) for each in found.topics],
            }
        )
        return
    console.out.print(
        f"the submissions want {counted(found.demand, 'review')}, all reviewers together can give {found.supply}; "
        f"somebody is an expert on a submission whose score there is at least {floor:g} and who may review it",
        soft_wrap=True,
    )
    table = Table(box=None, pad_edge=False)
    for name in ("track", "submissions", "reviews wanted", "experts", "reviews that these can give", "lacking"):
        table.add_column(name, justify="left" if name == "track" else "right")
    for each in found.tracks:
        numbers = (each.submissions, each.demand, each.experts, each.supply, each.lacking)
        table.add_row(escape(each.track or "(no track)"), *map(str, numbers))
    console.out.print(table)
    if found.topics:
        _print_topics(found)
    console.out.print(
        f"{counted(len(found.scarce), 'submission has', 'submissions have')} fewer than {counted(at_least, 'expert')}"
    )
    for short in found.scarce[:_ROWS]:
        console.out.print(
            f"  {short.submission_id}  {counted(short.experts, 'expert')}, and "
            f"{counted(short.barred, 'reviewer more scores', 'reviewers more score')} {floor:g} or higher but may not "
            f"review it: {short.title}",
            markup=False,
            soft_wrap=True,
        )
    if len(found.scarce) > _ROWS:
        console.out.print(f"  … and {len(found.scarce) - _ROWS} more; --json gives all")
    if found.recruit:
        words = ", ".join(f"{word} ({count})" for word, count in found.recruit[:_ROWS])
        console.out.print(
            f"look for reviewers who know: {words} (keywords of these submissions)", markup=False, soft_wrap=True
        )


def _usual_topics(submissions: int) -> int:
    """The square root of half the number of texts, from 2 to 30."""
    return min(max(2, round(math.sqrt(submissions / 2))), 30)


def _print_topics(found: Capacity) -> None:
    table = Table(box=None, pad_edge=False)
    for name in (
        "topic",
        "submissions",
        "reviews wanted",
        "experts",
        "reviews that these can give",
        "lacking",
        "recruit",
    ):
        table.add_column(name, justify="left" if name == "topic" else "right")
    for each in found.topics:
        numbers = (len(each.submissions), each.demand, each.experts, each.supply, each.lacking, each.recruit)
        table.add_row(escape(", ".join(each.words) or "(none)"), *map(str, numbers))
    console.out.print(table)
