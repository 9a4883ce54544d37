"""What several routes share: who asks, pages, versions, and one change of a venue."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final, TypeAlias

import anyio.to_thread
import sqlalchemy as sa
from fastapi import Depends, Header, Path, Query, Request
from fastapi.routing import APIRoute

from service.auth import Principal
from service.problems import Problem
from service.schemas import ChangeReport, TableChange
from service.sight import KNOWS_AUTHORS
from service.state import Service
from service.storage.database import Database
from service.storage.rows import Writer
from service.storage.tables import runs, venues
from service.storage.visible import WHOLE, Sight

__all__ = [
    "OF_CHANCE",
    "PROBLEMS",
    "Cursor",
    "DryRun",
    "IfMatch",
    "Limit",
    "Sees",
    "ServiceOf",
    "VenueId",
    "WhoAsks",
    "changing",
    "check_match",
    "config_for",
    "cursor_of",
    "held_version",
    "named_run",
    "operation_id",
    "read_cursor",
    "refuse_seeds",
    "report_of",
    "venue_row",
    "writing",
]

OF_CHANCE: Final = frozenset(("seed", "draw_seed"))
"""Settings from which, with all else known, a random assignment can be made again."""

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"description": "A problem document (RFC 9457)", "content": {"application/problem+json": {}}},
    "5XX": {"description": "A problem document (RFC 9457)", "content": {"application/problem+json": {}}},
}
"""Every route can answer with a problem."""


def operation_id(route: APIRoute) -> str:
    """The name of an operation in the description: that of its function."""
    return route.name


# These two wait for nothing. Being `async` they run where the request is read; else each would take a thread.


async def _service(request: Request) -> Service:
    found = request.state.service
    assert isinstance(found, Service)
    return found


async def _principal(request: Request) -> Principal:
    found = request.state.principal
    assert isinstance(found, Principal)
    return found


async def _sight(request: Request) -> Sight:
    service, principal = await _service(request), await _principal(request)
    if principal.person_id is None and not principal.roles.isdisjoint(KNOWS_AUTHORS):
        return WHOLE  # as a rule; without a thread of its own
    return await anyio.to_thread.run_sync(service.sights.of, principal, request.path_params["venue_id"])


ServiceOf: TypeAlias = Annotated[Service, Depends(_service)]
Sees: TypeAlias = Annotated[Sight, Depends(_sight)]
WhoAsks: TypeAlias = Annotated[Principal, Depends(_principal)]
VenueId: TypeAlias = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$", description="The venue.")]
DryRun: TypeAlias = Annotated[bool, Query(description="Say what would change, and change nothing.")]
Limit: TypeAlias = Annotated[int, Query(ge=1, le=1000, description="Most items of a page.")]
Cursor: TypeAlias = Annotated[str | None, Query(max_length=2000, description="`next` of the page before.")]
IfMatch: TypeAlias = Annotated[
    str | None, Header(alias="If-Match", max_length=200, description="Change it only if its ETag is this one.")
]


def cursor_of(*place: Any) -> str:
    """A place in a list, as clients hand it back."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def read_cursor(cursor: str | None, kinds: Sequence[type]) -> list[Any] | None:
    """The reverse of `cursor_of`.

    Raises:
        Problem: nobody got this cursor from us.
    """
    if cursor is None:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, binascii.Error, RecursionError):
        place = None
    if not isinstance(place, list) or [type(part) for part in place] != list(kinds):
        fault = {"parameter": "cursor", "in": "query", "detail": "allowed is `next` of an earlier page"}
        raise Problem("invalid-request", "cursor: allowed is `next` of an earlier page", errors=[fault])
    return place


def venue_row(connection: sa.Connection, venue_id: str) -> Mapping[str, Any]:
    """The row of a venue.

    Raises:
        Problem: there is none.
    """
    row = connection.execute(sa.select(venues).where(venues.c.id == venue_id)).mappings().first()
    if row is None:
        raise Problem("not-found", "there is no such venue")
    return dict(row)


def held_version(venue: Mapping[str, Any], version: int | None) -> int:
    """The version of a venue that is asked for; by default, and at most, the newest.

    Raises:
        Problem: it is no longer kept: half of it would look like the whole.
    """
    found = min(version or venue["version"], venue["version"])
    if found < venue["oldest_version"]:
        oldest = venue["oldest_version"]
        raise Problem("not-found", f"version {found} is no longer kept; the oldest is {oldest}", oldest=oldest)
    return int(found)


def named_run(connection: sa.Connection, venue_id: str, run_id: str) -> Mapping[str, Any]:
    """The row of a run of a venue; `current` is the published one.

    Raises:
        Problem: there is none.
    """
    current = venue_row(connection, venue_id)["current_run_id"]
    wanted = current if run_id == "current" else run_id
    query = sa.select(runs).where(runs.c.venue_id == venue_id, runs.c.id == wanted)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise Problem("not-found", "there is no such run")
    return {**row, "is_current": row["id"] == current}


def config_for(sight: Sight, config: Mapping[str, Any]) -> dict[str, Any]:
    """Choices as somebody may see them: from whom something is hidden, seeds are too; a draw could be made again."""
    return {name: value for name, value in config.items() if sight.is_whole or name not in OF_CHANCE}


def refuse_seeds(sight: Sight, config: Mapping[str, Any]) -> None:
    """Refuse that somebody who is in conflict with a submission chooses the seed by which its reviewers are drawn.

    Raises:
        Problem: the choices hold a seed.
    """
    if not sight.is_whole and not OF_CHANCE.isdisjoint(config):
        raise Problem("forbidden", "you are in conflict with a submission: somebody else has to choose the seed")


def check_match(if_match: str | None, digest: str | None) -> None:
    """Refuse a change of something that is not as its client believes.

    Raises:
        Problem: the ETag is another.
    """
    if if_match is None or (if_match.strip() == "*" and digest is not None):
        return
    if digest is None or f'"{digest}"' not in [part.strip() for part in if_match.split(",")]:
        raise Problem("changed", "it was changed since it was read: read it again")


@contextmanager
def writing(database: Database, *, dry_run: bool = False) -> Iterator[sa.Connection]:
    """One transaction that writes; a dry run does it all and takes it back."""
    with database.engine.connect().execution_options(writes=True) as connection, connection.begin() as transaction:
        yield connection
        if dry_run:
            transaction.rollback()


@contextmanager
def changing(database: Database, venue_id: str, *, dry_run: bool = False, sight: Sight = WHOLE) -> Iterator[Writer]:
    """One change of a venue, in one transaction; a dry run does it all and takes it back."""
    with writing(database, dry_run=dry_run) as connection:
        writer = Writer(connection, venue_id, sight)
        yield writer
        writer.version = writer.close()


def report_of(
    writer: Writer, *, dry_run: bool, notices: Sequence[str] = (), details: Mapping[str, Any] | None = None
) -> ChangeReport:
    """What a change did."""
    return ChangeReport(
        version=writer.version,
        dry_run=dry_run,
        tables={
            kind: TableChange(
                added=change.added, changed=change.changed, unchanged=change.unchanged, removed=change.removed
            )
            for kind, change in writer.changes.items()
        },
        notices=list(notices),
        details=dict(details or {}),
    )
