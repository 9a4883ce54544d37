"""`matcher what-if`: other weights, one submission, an answer at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from matcher import console
from matcher.commands.options import JsonOption, RunArgument
from matcher.config import Setting, settings
from matcher.errors import ConfigError, DataError, UnknownNameError
from matcher.pipeline import MatchResult
from matcher.records import Venue, to_plain
from matcher.what_if import WEIGHTS, WhatIf, rank_again

__all__ = ["EPILOG", "what_if"]

EPILOG: Final = "Example: matcher what-if runs/first alphapruning --set bid_weight=0.4 --set no_bid=0"


def what_if(
    run: RunArgument,
    submission: Annotated[str, typer.Argument(help="Id of a submission.")],
    changes: Annotated[
        list[str], typer.Option("--set", help="setting=value, of [expertise] or [bids]; may be given again.")
    ],
    top: Annotated[int, typer.Option(min=1, help="Reviewers to show.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Rank one submission's reviewers under other weights of text, bids and history, beside the ranking of the run.

    Nothing is solved: conflicts, loads and everybody else's reviewers stay as they are.
    """
    result = MatchResult.load(run)
    if result.venue.submission(submission).status != "active":
        raise DataError(f"the submission '{submission}' is not active, so nobody is ranked for it")
    config = replace(result.config, **read_weights(changes))
    found = rank_again(
        result.venue,
        config,
        result.profiles,
        result.conflicts,
        result.scores,
        result.limits,
        result.assignment,
        submission,
    )
    if as_json:
        console.print_json(to_plain(found))
    else:
        _print(found, result.venue, changes, top)


def read_weights(changes: list[str]) -> dict[str, Any]:
    """Settings by name.

    Raises:
        ConfigError: a word is no `setting=value`, or the value is not allowed.
        UnknownNameError: the setting is not one of those that can be tried at once.
    """
    by_name = {setting.name: setting for setting in settings() if setting.name in WEIGHTS}
    found: dict[str, Any] = {}
    for change in changes:
        name, equals, text = change.partition("=")
        name = name.strip().replace("-", "_").rpartition(".")[2]
        if not equals:
            raise ConfigError(f"allowed is setting=value, got '{change}'", key="--set")
        if name not in by_name:
            raise UnknownNameError("weight", name, by_name)
        found[name] = _value(by_name[name], text.strip())
        by_name[name].check(found[name])
    return found


def _value(setting: Setting, text: str) -> Any:
    """A number where one is wanted; what is none is left for the setting to refuse."""
    if setting.low is None:
        return text
    try:
        return int(text) if isinstance(setting.default, int) else float(text)
    except ValueError:
        return text


def _print(found: WhatIf, venue: Venue, changes: list[str], top: int) -> None:
    console.out.print(f"[bold]{escape(found.submission_id)}[/]  {escape(', '.join(changes))}")
    table = Table(box=None, pad_edge=False)
    for name in ("rank", "before", "score", "before", "reviewer", ""):
        table.add_column(name, justify="left" if name in ("reviewer", "") else "right")
    shown = [each for place, each in enumerate(found.rows) if place < top or each.is_assigned]
    for each in shown:
        marks = [
            "assigned" if each.is_assigned else "",
            "would be" if each.reviewer_id in found.chosen_after and not each.is_assigned else "",
            "" if each.has_room else "full",
            each.status_after if each.status_after != "eligible" else "",
        ]
        table.add_row(
            _shown(each.rank_after),
            _shown(each.rank_before),
            "–" if each.after is None else f"{each.after:.3f}",
            "–" if each.before is None else f"{each.before:.3f}",
            escape(venue.name_of(each.reviewer_id)),
            escape(", ".join(mark for mark in marks if mark)),
        )
    console.out.print(table)
    if found.chosen_after == found.chosen_before:
        console.out.print("the same reviewers would be chosen, as long as all others keep theirs")


def _shown(rank: int | None) -> str:
    return "–" if rank is None else str(rank)
