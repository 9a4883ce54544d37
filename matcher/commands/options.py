"""Arguments and options that several subcommands share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

import typer

__all__ = [
    "NO_FLAGS",
    "AcceptRejectsOption",
    "ConfigOption",
    "DeadlineOption",
    "JsonOption",
    "ObjectiveOption",
    "OverwriteOption",
    "PartialDateOption",
    "PolicyOption",
    "QuietOption",
    "RunArgument",
    "VenueArgument",
    "ViewerOption",
    "WindowOption",
    "refuse_beside_run",
    "takes_conflict_flags",
]

VenueArgument = Annotated[Path, typer.Argument(help="A venue folder.", show_default=False)]
RunArgument = Annotated[Path, typer.Argument(help="A run folder, as written by `matcher match --out`.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="A match.toml; default: the one in the venue folder, if any.")
]
DeadlineOption = Annotated[
    str | None, typer.Option(help="Day on which windows are anchored, YYYY-MM-DD; default: the venue's.")
]
WindowOption = Annotated[
    str | None,
    typer.Option(help="Months before the deadline in which a joint paper conflicts; 'all' for ever. Default: 36."),
]
PolicyOption = Annotated[
    str | None,
    typer.Option(help="The rules about conflicts: a preset (matcher policy show) or a policy file (.toml)."),
]
PartialDateOption = Annotated[
    str | None, typer.Option(help="How a date known only to its year counts: latest, earliest or ask.")
]
AcceptRejectsOption = Annotated[
    bool, typer.Option("--accept-rejects", help="Go on without rows that cannot be read; they are listed.")
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
ViewerOption = Annotated[
    str | None,
    typer.Option(help="Id of a person: leave out what would tell them who reviews a submission they conflict with."),
]
ObjectiveOption = Annotated[
    str,
    typer.Option(help="What is optimised: max-total, max-min, leximin, cvar, randomised, perturbed, greedy or random."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]

_CONFLICT_FLAGS: Final = {
    "policy": PolicyOption,
    "coauthor_window_months": WindowOption,
    "partial_date": PartialDateOption,
    "deadline": DeadlineOption,
}
"""The settings about conflicts that have a flag, by their field of the configuration."""


NO_FLAGS: Final[Mapping[str, Any]] = MappingProxyType({})
"""What a command's parameter `flags` is by default; see `takes_conflict_flags`."""


def refuse_beside_run(run: Path | None, config: Path | None, flags: Mapping[str, Any]) -> None:
    """Refuse choices that a run would silently override.

    Raises:
        BadParameter: a run is given, and a match.toml or a flag too.
    """
    given = [name for name, value in {"config": config, **flags}.items() if value is not None]
    if run is not None and given:
        raise typer.BadParameter("a run brings its own settings", param_hint=f"--{given[0].replace('_', '-')}")


def takes_conflict_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options about conflicts in place of its parameter `flags`, which gets them by setting.

    Args:
        command: has a parameter `flags`; the values of options that were not given are `None`.
    """
    signature = inspect.signature(command, eval_str=True)

    def parameters() -> Iterator[inspect.Parameter]:
        for each in signature.parameters.values():
            if each.name != "flags":
                yield each
                continue
            for name, option in _CONFLICT_FLAGS.items():
                yield inspect.Parameter(name, each.kind, default=None, annotation=option)

    @wraps(command)
    def wrapped(**given: Any) -> None:
        command(flags={name: given.pop(name) for name in _CONFLICT_FLAGS}, **given)

    wrapped.__signature__ = signature.replace(parameters=list(parameters()))  # type: ignore[attr-defined]
    return wrapped
