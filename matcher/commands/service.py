"""`matcher serve` and `matcher admin`: the service, if its packages are installed."""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matcher import console
from matcher.commands.options import JsonOption
from matcher.errors import MissingExtraError

if TYPE_CHECKING:
    from service.auth import Keyring

__all__ = ["admin_app", "serve"]

_HELP = {"help_option_names": ["-h", "--help"]}

admin_app = typer.Typer(
    help="Look after the service.",
    epilog="Example: matcher admin key create --name HotCRP --role system",
    no_args_is_help=True,
    context_settings=_HELP,
)
key_app = typer.Typer(help="Keys: who may call the service.", no_args_is_help=True, context_settings=_HELP)
admin_app.add_typer(key_app, name="key")

_DataDir = Annotated[Path | None, typer.Option(help="Where the service keeps its files. Default: matcher-data.")]
_DatabaseUrl = Annotated[
    str | None, typer.Option(help="postgresql://…; default: a SQLite file in the data folder.", show_default=False)
]


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one. Default: 8000.")] = None,
    data_dir: _DataDir = None,
    database_url: _DatabaseUrl = None,
) -> None:
    """Serve the API. Without a database URL everything lies in one folder, and a link to log in once is printed."""
    try:
        from service import server
        from service.settings import Settings
    except ModuleNotFoundError as error:
        raise MissingExtraError("matcher serve", "service") from error
    settings = Settings.from_environment(data_dir=data_dir, database_url=database_url, host=host, port=port)
    sys.exit(server.serve(settings, tell=lambda line: console.out.print(line, markup=False, soft_wrap=True)))


def _keyring(data_dir: Path | None, database_url: str | None) -> AbstractContextManager[Keyring]:
    try:
        from service import server
    except ModuleNotFoundError as error:
        raise MissingExtraError("matcher admin", "service") from error
    return server.keyring(data_dir, database_url)


@key_app.command("create", epilog="Example: matcher admin key create --name 'HotCRP' --role system --venue conf-2027")
def create_key(
    name: Annotated[str, typer.Option(help="What it is for.")],
    role: Annotated[
        list[str],
        typer.Option(
            help="admin, chair, track_chair, senior_area_chair, area_chair, editor, ethics_chair, reviewer, author, "
            "system; several times for several."
        ),
    ],
    venue: Annotated[str | None, typer.Option(help="The only venue that it opens; default: all.")] = None,
    person: Annotated[
        str | None, typer.Option(help="Id of its holder among the people of the venue; conflicts then stay hidden.")
    ] = None,
    days: Annotated[float, typer.Option(help="Days until it ends.")] = 365.0,
    data_dir: _DataDir = None,
    database_url: _DatabaseUrl = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it, once."""
    with _keyring(data_dir, database_url) as keys:
        made = keys.create(name, role, venue_id=venue, person_id=person, days=days)
    ends = datetime.fromtimestamp(made.expires_at, UTC).date().isoformat()
    if as_json:
        console.print_json({"id": made.id, "key": made.secret, "expires": ends})
    else:
        console.out.print(f"id       {made.id}\nkey      {made.secret}\nexpires  {ends}", markup=False, soft_wrap=True)


@key_app.command("list", epilog="Example: matcher admin key list --json")
def list_keys(data_dir: _DataDir = None, database_url: _DatabaseUrl = None, as_json: JsonOption = False) -> None:
    """List keys, without their secrets."""
    with _keyring(data_dir, database_url) as keys:
        found = keys.list()
    if as_json:
        console.print_json(found)
        return
    for each in found:
        ends = datetime.fromtimestamp(each["expires_at"], UTC).date().isoformat()
        state = "revoked" if each["revoked_at"] else f"ends {ends}"
        line = f"{each['id']}  {each['name']}  {', '.join(each['roles'])}  {each['venue_id'] or 'all venues'}  {state}"
        console.out.print(line, markup=False, soft_wrap=True)


@key_app.command("revoke", epilog="Example: matcher admin key revoke 5f2c9a1b7d3e4f60")
def revoke_key(
    key_id: Annotated[str, typer.Argument(help="Its id, as `list` shows it.")],
    data_dir: _DataDir = None,
    database_url: _DatabaseUrl = None,
) -> None:
    """End a key now."""
    with _keyring(data_dir, database_url) as keys:
        keys.revoke(key_id)
    console.out.print(f"revoked {key_id}", markup=False)


@admin_app.command("verify-audit", epilog="Example: matcher admin verify-audit --expect 9f2c…")
def verify_audit(
    expect: Annotated[
        list[str] | None, typer.Option(help="A hash that was kept elsewhere and must be in the log; several times.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Write the log to this file, one JSON object a line, to be checked elsewhere.")
    ] = None,
    data_dir: _DataDir = None,
    database_url: _DatabaseUrl = None,
    as_json: JsonOption = False,
) -> None:
    """Check that no entry of the audit log was changed, removed or put in; exit code 1 if one was.

    Keep the hash that is printed elsewhere: with `--expect` a log that was written anew is found later, too.
    """
    try:
        from service import audit, server
    except ModuleNotFoundError as error:
        raise MissingExtraError("matcher admin", "service") from error
    with server.database_of(data_dir, database_url) as database, database.read() as connection:
        found = audit.verify(connection, expected=expect or ())
        if export is not None:
            with export.open("w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in audit.entries(connection))
    if as_json:
        console.print_json({"entries": found.entries, "hash": found.head, "faults": list(found.faults)})
    else:
        for fault in found.faults:
            console.out.print(fault, markup=False, soft_wrap=True)
        console.out.print(f"{found.entries} entries, {len(found.faults)} faults, hash {found.head}", soft_wrap=True)
    if found.faults:
        raise typer.Exit(1)
