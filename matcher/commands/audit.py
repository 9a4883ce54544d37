"""`matcher audit`: what the conflicts do not say. It reports and never blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.markup import escape

from matcher import console
from matcher.commands.choices import resolve_choices
from matcher.commands.options import (
    NO_FLAGS,
    AcceptRejectsOption,
    ConfigOption,
    JsonOption,
    ViewerOption,
    refuse_beside_run,
    takes_conflict_flags,
)
from matcher.config import settings
from matcher.conflicts import Finder
from matcher.conflicts.audit import WhatIf, bridges, coverage, declarations, siblings, stale, what_if
from matcher.conflicts.remark import Remark, Visibility
from matcher.conflicts.rings import LONGEST, circles, mutual
from matcher.conflicts.signals import (
    bids_on_one_group,
    competing,
    near_duplicates,
    odd_bids,
    odd_profiles,
    own_submissions,
    positive_bids,
)
from matcher.errors import ConfigError, counted
from matcher.ingest import read_venue
from matcher.pipeline import MatchResult, hidden_for
from matcher.records import Conflicts, to_plain
from matcher.viewer import without_submissions

__all__ = ["audit", "read_changes", "remarks"]

_SHOWN: Final = 5

_WHO_MAY_KNOW: Final[Mapping[Visibility, str]] = {
    "public": "anybody may know",
    "declared-private": "only for whom it was declared to",
    "submission-confidential": "only for who may know the authors",
}


@takes_conflict_flags
def audit(
    venue: Annotated[Path, typer.Argument(help="A venue folder.", show_default=False)],
    run: Annotated[
        Path | None, typer.Option(help="A run of this venue: also look at its assigned pairs and scores.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--what-if", help="setting=value: what would that change? May be given again."),
    ] = None,
    longest: Annotated[
        int, typer.Option("--circles", min=2, max=LONGEST, help="People in the longest circle of reviews looked for.")
    ] = 3,
    viewer: ViewerOption = None,
    config: ConfigOption = None,
    flags: Mapping[str, Any] = NO_FLAGS,
    accept_rejects: AcceptRejectsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Report what a chair should look at: declarations, thin profiles, rings, odd bids. Nothing is blocked."""
    refuse_beside_run(run, config, flags)
    loaded = read_venue(venue, accept_rejects=accept_rejects)
    choices = resolve_choices(loaded, config, flags).config
    result = None if run is None else MatchResult.load(run)
    finder = Finder(loaded.venue, choices if result is None else result.config)
    conflicts = finder.all()
    if viewer is not None:
        hidden = hidden_for(finder.venue, finder.config, conflicts, viewer)
        finder = Finder(without_submissions(finder.venue, hidden), finder.config)
        conflicts, result = finder.all(), None if result is None else result.seen_by(viewer)
    if changes:
        found = what_if(finder, conflicts, read_changes(changes))
        if as_json:
            console.print_json(to_plain(found))
        else:
            _print_what_if(found, changes)
        return
    said = list(remarks(finder, conflicts, result, longest=longest))
    if as_json:
        console.print_json([{"kind": each.kind, **to_plain(each)} for each in said])
    else:
        _print(said)


def remarks(
    finder: Finder, conflicts: Conflicts, result: MatchResult | None = None, *, longest: int = 3
) -> Iterator[Remark]:
    """Everything that an audit says, kind by kind.

    Args:
        finder: of the venue.
        conflicts: all of it.
        result: a match of the venue; its assigned pairs and scores are looked at too.
        longest: people in the longest circle of reviews, or of bids, that is looked for.
    """
    world = finder.world
    own = own_submissions(world)
    yield from declarations(finder, conflicts)
    yield from coverage(world)
    yield from stale(world)
    yield from odd_profiles(world)
    yield from siblings(world, conflicts)
    yield from near_duplicates(world)
    wanted = positive_bids(world)
    yield from mutual(world, own, wanted, kind="mutual bids", verb="bid for")
    yield from circles(world, own, wanted, kind="bids", verb="bids for", longest=longest)
    yield from bids_on_one_group(world)
    if result is not None:
        pairs = tuple((pair.submission_id, pair.reviewer_id) for pair in result.assignment.pairs)
        yield from mutual(world, own, pairs, kind="mutual reviews", verb="review")
        yield from circles(world, own, pairs, kind="reviews", verb="reviews", longest=longest)
        yield from competing(world, own, pairs)
        yield from odd_bids(world, result.scores)
        yield from bridges(world, pairs)


def read_changes(changes: Sequence[str]) -> dict[str, Any]:
    """Settings as `name=value`, by field of the configuration.

    Raises:
        ConfigError: no such setting about conflicts, or a value that is not allowed.
    """
    by_name = {setting.name: setting for setting in settings() if setting.section == "conflicts"}
    found: dict[str, Any] = {}
    for change in changes:
        name, equals, text = change.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or name not in by_name:
            message = f"allowed is setting=value with one of {', '.join(by_name)}; got '{change}'"
            raise ConfigError(message, key="--what-if")
        setting = by_name[name]
        value: Any = text.strip()
        if setting.low is not None and value.isdecimal():
            value = int(value)
        found[name] = setting.from_plain(value)
        setting.check(found[name])
    return found


def _print(said: Sequence[Remark]) -> None:
    out = console.out
    counts = Counter(each.kind for each in said)
    shown: Counter[str] = Counter()
    for each in said:
        if not shown[each.kind]:
            out.print(f"\n[bold]{each.kind}[/]: {counts[each.kind]}  [dim]{_WHO_MAY_KNOW[each.visibility]}[/]")
        shown[each.kind] += 1
        if shown[each.kind] <= _SHOWN:
            out.print(f"  {escape(each.text)}", soft_wrap=True)
        elif shown[each.kind] == _SHOWN + 1:
            out.print(f"  … and {counts[each.kind] - _SHOWN} more; --json gives all")
    out.print(f"\n{counted(len(said), 'remark')}; none of them blocks a pair")


def _print_what_if(found: WhatIf, changes: Sequence[str]) -> None:
    out = console.out
    out.print(f"[bold]{escape(' '.join(changes))}[/]")
    for name, rows in (("pairs gained", found.gained), ("pairs lost", found.lost)):
        first = "; ".join(" × ".join(pair) for pair in rows[:_SHOWN])
        out.print(
            f"{name}: {len(rows)}" + (f" ({first}{'; …' if len(rows) > _SHOWN else ''})" if rows else ""),
            soft_wrap=True,
        )
    for name, ids in (("become uncoverable", found.uncoverable), ("become coverable", found.relieved)):
        first = ", ".join(ids[:_SHOWN])
        out.print(
            f"submissions that {name}: {len(ids)}" + (f" ({first}{', …' if len(ids) > _SHOWN else ''})" if ids else ""),
            markup=False,
            soft_wrap=True,
        )
