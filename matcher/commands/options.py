"""Arguments and options that several subcommands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
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
