"""Edit an assignment by hand: what it would do, and a run in which it is done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from matcher import console
from matcher.commands.options import JsonOption, OverwriteOption, RunArgument
from matcher.edits import Edit, Effect, Workbench
from matcher.errors import EditError, counted
from matcher.pipeline import MatchResult
from matcher.runs import refuse_occupied

__all__ = ["add_command"]


def add_command(app: typer.Typer) -> None:
    """Hang the command into the command line."""
    app.command(
        epilog="""Examples:

matcher edit runs/first --remove alphapruning,li-li --add alphapruning,ji-liu

matcher edit runs/first --remove alphapruning,li-li --complete --out runs/edited"""
    )(edit)


def edit(
    run: RunArgument,
    add: Annotated[
        list[str] | None, typer.Option("--add", help="A pair to add, as SUBMISSION,REVIEWER; may be given again.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", help="A pair to remove, as SUBMISSION,REVIEWER; may be given again.")
    ] = None,
    may_exceed: Annotated[
        bool, typer.Option("--may-exceed", help="Allow more than a maximum load and more reviews than are wanted.")
    ] = False,
    complete: Annotated[
        bool, typer.Option("--complete", help="Fill what is missing afterwards, with as few further changes as can be.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Run folder to write; without it nothing is written.")] = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Add and remove pairs by hand: first removals, then additions. Conflicts stay what they are: never assigned."""
    if out is not None:
        refuse_occupied(out, overwrite=overwrite)
    edits = [_edit("remove", entry) for entry in remove or []] + [_edit("add", entry) for entry in add or []]
    if not edits:
        raise typer.BadParameter("give at least one --add or --remove")
    result = MatchResult.load(run)
    for each in edits:  # a name that is nearly right gets its suggestion from the venue
        result.venue.submission(each.submission_id)
        result.venue.reviewer(each.reviewer_id)
    bench = Workbench(result)
    if complete:
        edits += bench.complete(edits, may_exceed=may_exceed)
    effect = bench.effect(edits, may_exceed=may_exceed)
    if effect.refused:
        raise EditError([f"{each.detail}; {each.remedy}" for each in effect.refused])
    if out is not None:
        manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
        source = f"run {manifest['digest'][:12]}"
        bench.apply(edits, may_exceed=may_exceed, source=source).save(out, overwrite=overwrite)
    if as_json:
        console.print_json({**effect.to_plain(), "run": None if out is None else str(out)})
        return
    _print(result, effect)
    if out is None:
        console.out.print("\nnothing is written; --out names the run folder to write", markup=False)
    else:
        console.out.print(f"\nrun  {out}", markup=False, soft_wrap=True)


def _edit(action: str, entry: str) -> Edit:
    submission, comma, reviewer = entry.rpartition(",")
    if not comma:
        raise typer.BadParameter(f"allowed is SUBMISSION,REVIEWER, got '{entry}'", param_hint=f"--{action}")
    return Edit("add" if action == "add" else "remove", submission.strip(), reviewer.strip())


def _print(result: MatchResult, effect: Effect) -> None:
    for title, pairs in (("gone", effect.removed), ("new ", effect.added)):
        for submission, reviewer in pairs:
            console.out.print(f"{title} {submission} × {result.venue.name_of(reviewer)}", markup=False, soft_wrap=True)
    for each in effect.submissions:
        console.out.print(
            f"{each.submission_id}: {counted(each.reviews[0], 'review')} → {each.reviews[1]} of {each.wanted}, "
            f"mean {each.mean[0]:.3f} → {each.mean[1]:.3f}",
            markup=False,
            soft_wrap=True,
        )
    for one in effect.reviewers:
        over = ", more than agreed" if one.load[1] > one.max_load else ""
        name = result.venue.name_of(one.reviewer_id)
        console.out.print(
            f"{name}: load {one.load[0]} → {one.load[1]} of {one.max_load}{over}", markup=False, soft_wrap=True
        )
    table = Table(box=None, pad_edge=False)
    for heading in ("", "before", "after", "change"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, (before, after) in effect.figures.items():
        table.add_row(name, *_figures(before, after))
    console.out.print(table)


def _figures(before: float, after: float) -> Sequence[str]:
    return f"{before:.6g}", f"{after:.6g}", f"{after - before:+.4g}"
