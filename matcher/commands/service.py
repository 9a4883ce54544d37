"""`matcher serve` and `matcher admin`: the service, if its packages are installed."""

from __future__ import annotations

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
    epilog="Example: matcher admin key create --name console --role chair",
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
