"""`matcher import FORMAT`: one subcommand for each foreign format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from matcher import console
from matcher.commands.options import AcceptRejectsOption, JsonOption, QuietOption
from matcher.errors import counted
from matcher.ingest import RejectedRowsError
from matcher.ingest.fields import TABLES
from matcher.ingest.formats import FORMATS, Format, Imported, TableFile, Wishes, import_files, rows_of
from matcher.ingest.formats.write import write_tables
from matcher.ingest.plain_tables import refuse_occupied

__all__ = ["hang_into"]

_SHOWN = 10


def hang_into(app: typer.Typer) -> None:
    """Add a subcommand for each format to `matcher import`."""
    for each in FORMATS.values():
        carries = f"It can fill {', '.join(each.carries)}. Takes {each.files}."
        command = app.command(each.name, help=f"{each.about}. {carries}", epilog=f"Example: {each.example}")
        command(_command(each))
    app.command("sheets", epilog="Example: matcher import sheets reviewers.xlsx submissions.xlsx --into venue/")(sheets)


def sheets(
    reviewers: Annotated[Path, typer.Argument(help="A sheet of reviewers (.xlsx, .csv).", show_default=False)],
    submissions: Annotated[Path, typer.Argument(help="A sheet of submissions (.xlsx, .csv).", show_default=False)],
    into: Annotated[Path, typer.Option(help="Venue folder; made if it is missing.")],
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="field=Column title, for columns that cannot be guessed.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, write nothing.")] = False,
    accept_rejects: AcceptRejectsOption = False,
) -> None:
    """Two sheets of any layout; columns are found by their titles, which are shown, and can be told."""
    from matcher.ingest.workbook import read_sheets

    columns = {}
    for entry in mapping or ():
        field, equals, title = entry.partition("=")
        if not equals:
            raise typer.BadParameter(f"allowed is field=Column title, got '{entry}'", param_hint="--map")
        columns[field.strip()] = title.strip()
    refuse_occupied(into, TABLES, add=False)
    loaded = read_sheets(reviewers, submissions, mapping=columns)
    for name, guesses in loaded.mappings.items():
        console.print_mapping(name, guesses)
    if loaded.report.rejects and not accept_rejects:
        raise RejectedRowsError(loaded.report)
    console.print_notices(f"row left out: {reject}" for reject in loaded.report.rejects)
    console.print_notices(loaded.report.notices)
    _print_files(write_tables(into, rows_of(loaded.venue), {}, dry_run=dry_run), is_dry_run=dry_run)


def _command(each: Format) -> Callable[..., None]:
    """The function of a subcommand; only bibliographies ask whose publications are wanted."""

    def run(
        files: _Files,
        into: _Into,
        told: _Told = None,
        add: _Add = False,
        dry_run: _DryRun = False,
        accept_rejects: AcceptRejectsOption = False,
        as_json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        _import(each, files, into, (), told, add, dry_run, accept_rejects, as_json, quiet)

    def run_for(
        files: _Files,
        into: _Into,
        reviewer: _Reviewer = None,
        told: _Told = None,
        add: _Add = False,
        dry_run: _DryRun = False,
        accept_rejects: AcceptRejectsOption = False,
        as_json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        _import(each, files, into, reviewer or (), told, add, dry_run, accept_rejects, as_json, quiet)

    return run_for if each.needs_owners else run


_Files = Annotated[list[Path], typer.Argument(help="The files.", show_default=False)]
_Into = Annotated[Path, typer.Option(help="Venue folder.")]
_Add = Annotated[bool, typer.Option("--add", help="Join with what the folder holds.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be written, write nothing.")]
_Told = Annotated[
    str | None, typer.Option("--as", help="What the files hold, where they do not say it: submissions, publications, …")
]
_Reviewer = Annotated[
    list[str] | None,
    typer.Option(help="Whose publications the files hold; several times for several. Default: the folder's reviewers."),
]


def _import(
    each: Format,
    files: list[Path],
    into: Path,
    reviewers: Sequence[str],
    told: str | None,
    add: bool,
    dry_run: bool,
    accept_rejects: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    if told is not None and told not in each.tells:
        allowed = (
            f"allowed is one of {', '.join(each.tells)}" if each.tells else f"files of {each.name} say what they hold"
        )
        raise typer.BadParameter(f"{allowed}; got '{told}'", param_hint="--as")
    tables = {} if told is None else dict.fromkeys(files, told)
    if each.needs_owners and told == "submissions":
        reviewers = ()
    with console.counter("records", quiet=quiet) as progress:
        done = import_files(
            each.name,
            files,
            into,
            add=add,
            dry_run=dry_run,
            accept_rejects=accept_rejects,
            reviewers=reviewers,
            wishes=Wishes(tables=tables, progress=progress),
        )
    if as_json:
        console.print_json(plain(done))
    else:
        _print(done)


def plain(done: Imported) -> dict[str, Any]:
    """What an import read and wrote, for machines."""
    return {
        "format": done.format,
        "files": [tally.to_plain() for tally in done.collected.files],
        "rejects": [
            {"file": each.file, "line": each.line, "field": each.field, "reason": each.reason, "raw": each.raw}
            for each in done.collected.rejects
        ],
        "remarks": [*done.collected.remarks, *done.joined.remarks],
        "questions": list(done.joined.questions),
        "same_people": dict(sorted(done.joined.people.items())),
        "same_papers": dict(sorted(done.joined.papers.items())),
        "dangling": [{"table": table, "row": dict(row), "reason": why} for table, row, why in done.joined.dangling],
        "tables": [
            {"path": str(file.path), "rows": file.rows, "added": file.added, "changed": file.changed}
            for file in done.files
        ],
        "dry_run": done.is_dry_run,
    }


def _print(done: Imported) -> None:
    for tally in done.collected.files:
        console.out.print(
            f"[bold]{escape(tally.file)}[/]: read {tally.read}, accepted {tally.accepted}, rejected {tally.rejected}, "
            f"left out {tally.left_out.total()}",
            soft_wrap=True,
        )
        for reason, times in sorted(tally.left_out.items()):
            console.out.print(f"  [dim]left out ({times}): {escape(reason)}[/]", soft_wrap=True)
    _print_some("[red]rejected[/]", (str(reject) for reject in done.collected.rejects))
    _print_some("[yellow]look at[/]", [*done.collected.remarks, *done.joined.remarks])
    _print_some("[yellow]who is who?[/]", done.joined.questions)
    _print_some("[yellow]left out[/]", (f"{table}: {why}" for table, _, why in done.joined.dangling))
    if done.joined.people or done.joined.papers:
        console.out.print(
            f"joined by id or address: {counted(len(done.joined.people), 'person', 'people')}, "
            f"{counted(len(done.joined.papers), 'paper')}"
        )
    _print_files(done.files, is_dry_run=done.is_dry_run)


def _print_files(files: Iterable[TableFile], *, is_dry_run: bool) -> None:
    for file in files:
        verb = "would hold" if is_dry_run else "holds"
        console.out.print(
            f"{escape(str(file.path))} {verb} {counted(file.rows, 'row')}, new {file.added}, changed {file.changed}",
            soft_wrap=True,
        )


def _print_some(label: str, lines: Iterable[str]) -> None:
    every = list(lines)
    for line in every[:_SHOWN]:
        console.out.print(f"{label} {escape(line)}", soft_wrap=True)
    if len(every) > _SHOWN:
        console.out.print(f"{label} and {len(every) - _SHOWN} more (--json lists them)", soft_wrap=True)
