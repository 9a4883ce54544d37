"""`matcher confirm`: forms for reviewers, and what comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from matcher import console
from matcher.commands.options import JsonOption, OverwriteOption, VenueArgument
from matcher.errors import counted
from matcher.ingest.forms import (
    SELECTIONS_FILE,
    Applied,
    apply_selections,
    keep_selections,
    read_forms,
    read_selections,
    write_forms,
)

__all__ = ["app"]

app = typer.Typer(
    help="Forms in which reviewers confirm papers, areas and load.",
    epilog="Example: matcher confirm write venue/ --out forms/",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, write nothing.")]


@app.command("write", epilog="Example: matcher confirm write venue/ --out forms/")
def write(
    venue: VenueArgument,
    out: Annotated[Path, typer.Option(help="Folder for the forms, one workbook for each reviewer.")],
    reviewer: Annotated[list[str] | None, typer.Option(help="Only this reviewer, by id; may be repeated.")] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Write one form for each reviewer: papers to tick, areas, load, availability."""
    files = write_forms(venue, out, only=reviewer or (), overwrite=overwrite)
    console.out.print(f"{counted(len(files), 'form')} in {out}", markup=False, soft_wrap=True)


@app.command("read", epilog="Example: matcher confirm read forms/ --into venue/")
def read(
    forms: Annotated[list[Path], typer.Argument(help="Forms, or folders with forms.", show_default=False)],
    into: Annotated[Path, typer.Option(help="The venue folder for which they were written.")],
    keep: Annotated[Path | None, typer.Option(help="Keep the decisions here; default: selections.jsonl in it.")] = None,
    dry_run: _DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """Read forms back into the venue, and keep the decisions for the next edition."""
    selections = read_forms(forms, into)
    done = apply_selections(into, selections, dry_run=dry_run)
    if not dry_run:
        keep_selections(keep or into / SELECTIONS_FILE, selections)
    _tell(done, dry_run=dry_run, as_json=as_json)


@app.command("apply", epilog="Example: matcher confirm apply venue2025/selections.jsonl --into venue2026/")
def apply(
    selections: Annotated[Path, typer.Argument(help="Decisions that were kept.", show_default=False)],
    into: Annotated[Path, typer.Option(help="The venue folder of the next edition.")],
    dry_run: _DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """Apply decisions of an earlier edition to another venue; people are known by id or address."""
    _tell(apply_selections(into, read_selections(selections), dry_run=dry_run), dry_run=dry_run, as_json=as_json)


def _tell(done: Applied, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = {
            "reviewers": list(done.reviewers),
            "unknown": list(done.unknown),
            "papers_out": done.papers_out,
            "not_mine": done.not_mine,
            "tables": [{"path": str(file.path), "changed": file.changed} for file in done.files],
            "dry_run": dry_run,
        }
        console.print_json(told)
        return
    console.out.print(
        f"{counted(len(done.reviewers), 'reviewer')}, "
        f"{counted(done.papers_out, 'paper no longer speaks', 'papers no longer speak')} for them, "
        f"{counted(done.not_mine, 'of these is', 'of these are')} somebody else's"
    )
    if done.unknown:
        console.out.print(f"[yellow]no reviewers here:[/] {escape(', '.join(done.unknown))}", soft_wrap=True)
    for file in done.files:
        verb = "would change" if dry_run else "changed"
        console.out.print(f"{escape(str(file.path))}: {verb} {counted(file.changed, 'row')}", soft_wrap=True)
