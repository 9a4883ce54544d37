"""`matcher admin backup`, `restore` and `check-invariants`: looking after the data of the service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matcher import console
from matcher.commands.options import JsonOption
from matcher.errors import MissingExtraError

if TYPE_CHECKING:
    from service.storage.database import Database

__all__ = ["hang_into"]

_DataDir = Annotated[Path | None, typer.Option(help="Where the service keeps its files. Default: matcher-data.")]
_DatabaseUrl = Annotated[
    str | None, typer.Option(help="postgresql://…; default: a SQLite file in the data folder.", show_default=False)
]


@contextmanager
def _opened(data_dir: Path | None, database_url: str | None) -> Iterator[tuple[Database, Path]]:
    """The database, with its tables made, and the data folder."""
    try:
        from service.settings import Settings
        from service.storage.database import Database
    except ModuleNotFoundError as error:
        raise MissingExtraError("matcher admin", "service") from error
    settings = Settings.from_environment(data_dir=data_dir, database_url=database_url)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.sqlalchemy_url)
    try:
        database.migrate()
        yield database, settings.data_dir
    finally:
        database.close()


def back_up(
    target: Annotated[Path, typer.Argument(help="A new folder.")],
    data_dir: _DataDir = None,
    database_url: _DatabaseUrl = None,
    as_json: JsonOption = False,
) -> None:
    """Write a backup of one moment while the service runs: rows, results, the key of webhooks, each with its digest.

    It holds personal data. It can be restored into SQLite and into PostgreSQL.
    """
    from service import backup

    with _opened(data_dir, database_url) as (database, folder):
        report = backup.back_up(database, folder, target)
    if as_json:
        console.print_json(asdict(report))
    else:
        console.out.print(f"{sum(report.rows.values())} rows, {report.files} files, {report.size} bytes in {target}")


def restore(
    source: Annotated[Path, typer.Argument(help="The folder of a backup.")],
    data_dir: _DataDir = None,
    database_url: _DatabaseUrl = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every file, write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Read a backup into an empty service; its jobs under way start anew. Ends with 1 if what was read is not sound."""
    from service import backup, invariants

    with _opened(data_dir, database_url) as (database, folder):
        report = backup.restore(database, folder, source, dry_run=dry_run)
        found = [] if dry_run else invariants.check_invariants(database, folder)
    if as_json:
        console.print_json({**asdict(report), "violations": [asdict(each) for each in found]})
    else:
        done = "would restore" if dry_run else "restored"
        console.out.print(f"{done} {sum(report.rows.values())} rows, {report.files} files of {report.created_at}")
        for each in found:
            console.out.print(f"{each.name}  {each.place}: {each.detail}", markup=False, soft_wrap=True)
    if found:
        raise typer.Exit(1)


def check_invariants(
    data_dir: _DataDir = None,
    database_url: _DatabaseUrl = None,
    without_files: Annotated[bool, typer.Option("--without-files", help="Leave out the files of results.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Recompute every counter, reference and digest, and verify every published assignment. Ends with 1 on a violation.

    Nothing is mended. Run it nightly, and after a restore.
    """
    from service import invariants

    with _opened(data_dir, database_url) as (database, folder):
        found = invariants.check_invariants(database, folder, with_files=not without_files)
    if as_json:
        console.print_json({"checked": list(invariants.INVARIANTS), "violations": [asdict(each) for each in found]})
    else:
        for each in found:
            console.out.print(f"{each.name}  {each.place}: {each.detail}", markup=False, soft_wrap=True)
        console.out.print(f"{len(invariants.INVARIANTS)} invariants, {len(found)} violations")
    if found:
        raise typer.Exit(1)


def hang_into(app: typer.Typer) -> None:
    """Add the commands to `matcher admin`."""
    app.command("backup", epilog="Example: matcher admin backup backups/2027-01-31")(back_up)
    app.command("restore", epilog="Example: matcher admin restore backups/2027-01-31 --data-dir new --dry-run")(restore)
    app.command("check-invariants", epilog="Example: matcher admin check-invariants --json")(check_invariants)
