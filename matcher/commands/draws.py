"""Draw again from the policy of a randomised run, and show every draw there was."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from matcher import console
from matcher.assignment import redraw
from matcher.commands.options import JsonOption, OverwriteOption, RunArgument
from matcher.draws import log_draw, read_draws, write_draws
from matcher.errors import VerificationError, counted
from matcher.pipeline import MatchResult
from matcher.runs import refuse_occupied

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Hang these commands into the command line."""
    app.command("draw", epilog="Example: matcher draw runs/first --out runs/second")(draw)
    app.command("draws", epilog="Example: matcher draws runs/second")(draws)


def draw(
    run: RunArgument,
    out: Annotated[Path, typer.Option(help="Run folder to write.")],
    draw_seed: Annotated[int | None, typer.Option(min=0, help="Decides the draw; left out, the system does.")] = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draw once more from the policy of a randomised run. Both runs log the draw, whatever comes of it."""
    refuse_occupied(out, overwrite=overwrite)
    before = MatchResult.load(run)
    log = read_draws(run)
    seed = secrets.randbits(63) if draw_seed is None else draw_seed
    drawn = redraw(before.assignment, before.scores, before.limits, draw_seed=seed)
    log = log_draw(log, drawn)
    write_draws(run, log)
    result = replace(before, assignment=drawn)
    violations = result.verify()
    if violations:
        raise VerificationError(violations)
    result.save(out, overwrite=overwrite)
    write_draws(out, log)
    facts = {"draw": len(log), "pairs": len(drawn.pairs), "total": drawn.objective, "run": str(out)}
    if as_json:
        console.print_json(facts)
    else:
        console.out.print(
            f"draw {len(log)} of this policy: {counted(len(drawn.pairs), 'pair')}, total {drawn.objective:.3f}"
        )
        console.out.print(f"\nrun  {out}", markup=False, soft_wrap=True)


def draws(run: RunArgument, as_json: JsonOption = False) -> None:
    """List every draw that led to a run. Seeds are shown: who knows one can draw the same pairs again."""
    log = read_draws(run)
    if as_json:
        console.print_json([{"number": each.number, "seed": each.seed, "pairs": each.pairs} for each in log])
        return
    for each in log:
        console.out.print(f"{each.number}  seed {each.seed}  pairs {each.pairs[:16]}")
    if not log:
        console.out.print("nothing was drawn: this run is no lottery")
