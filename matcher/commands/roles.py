"""The options of `matcher match` for roles: which round this is, and what the rounds before it decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from matcher.config import MatchConfig
from matcher.ingest import Loaded
from matcher.pipeline import MatchResult
from matcher.roles import Seat, cast, seats_of, units_over

__all__ = ["OnlyOption", "OverOption", "RoleOption", "WithOption", "in_role"]

RoleOption = Annotated[
    str | None, typer.Option(help="The role to fill; its loads stand in `roles` of the reviewers. Default: reviewer.")
]
WithOption = Annotated[
    list[Path] | None,
    typer.Option("--with", help="A run of another role: one person has one role on a submission. May be given again."),
]
OverOption = Annotated[
    Path | None,
    typer.Option(help="Assign to the people of this run instead of to submissions, such as seniors to area chairs."),
]
OnlyOption = Annotated[
    str | None, typer.Option(help="attribute=value: only submissions with it want this role, such as ethics=yes.")
]


def in_role(
    loaded: Loaded,
    config: MatchConfig,
    *,
    wanted: int | None,
    with_runs: Sequence[Path],
    over: Path | None,
    only: str | None,
) -> Loaded:
    """The venue as this round sees it.

    Args:
        loaded: the whole venue.
        config: `role`, `max_load`.
        wanted: people in this role that a submission wants.
        with_runs: runs of other roles.
        over: the run of those below.
        only: `attribute=value`.
    """
    attribute: tuple[str, str] | None = None
    if only is not None:
        name, equals, value = only.partition("=")
        if not equals:
            raise typer.BadParameter(f"allowed is attribute=value, got '{only}'", param_hint="--only")
        attribute = name.strip(), value
    seats = [seat for run in with_runs for seat in _seats(run)]
    venue = loaded.venue
    if over is not None:
        below = _seats(over)
        venue, seats = units_over(venue, below), [*seats, *below]
    settled = config.settled(loaded.venue.defaults)
    assert settled.max_load is not None  # settled
    cut = cast(venue, config.role, seats=seats, wanted=wanted, max_load=settled.max_load, only=attribute)
    return replace(loaded, venue=cut)


def _seats(run: Path) -> tuple[Seat, ...]:
    result = MatchResult.load(run)
    return seats_of(result.venue, result.assignment, result.config.role)
