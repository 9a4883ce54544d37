"""Venues: their facts and choices, and whole venues at once."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import anyio.to_thread
import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from service.audit import CLEARED, clear_venue
from service.auth import ADMINS, ANYBODY, CHAIRS, READERS, Principal, allow
from service.choices import check_config, plain_config
from service.erasure import erase_files, erase_person, only_here
from service.intake import read_cvs, read_sample, read_two_sheets
from service.looking import look_at
from service.openreview.archive import take_references
from service.problems import Problem
from service.retention import prune
from service.routes.common import (
    OF_CHANCE,
    PROBLEMS,
    Cursor,
    DryRun,
    IfMatch,
    Limit,
    Sees,
    ServiceOf,
    VenueId,
    WhoAsks,
    changing,
    check_match,
    config_for,
    cursor_of,
    operation_id,
    read_cursor,
    refuse_seeds,
    report_of,
    venue_row,
    writing,
)
from service.schemas import (
    ChangeReport,
    ConfigBody,
    Erased,
    ErasureRequest,
    Page,
    Retained,
    RetentionRequest,
    Venue,
    VenuePatch,
    VenueRequest,
)
from service.state import Service
from service.storage.database import now
from service.storage.folders import write_tables
from service.storage.rows import ID_TABLES, PAIR_TABLES, Writer
from service.storage.tables import NEVER, jobs, keys, rows, runs, venues
from service.storage.visible import WHOLE, Sight
from service.uploads import Uploaded, body_file, read_archive, read_foreign

__all__ = ["router"]

router = APIRouter(generate_unique_id_function=operation_id, responses=PROBLEMS, tags=["venues"])

_FACTS = ("name", "deadline", "reviews_per_submission", "max_load", "min_load", "double_blind")
_ORDER = (*ID_TABLES, *PAIR_TABLES, "decisions")
_ARCHIVE = {"requestBody": {"required": True, "content": {"application/zip": {}}}}
_FILES = {"requestBody": {"required": True, "content": {"application/octet-stream": {}}}}


def _venue(
    row: Mapping[str, Any], principal: Principal, sight: Sight, counts: Mapping[str, int] | None = None
) -> Venue:
    """A venue as somebody may see it: choices are for its chairs, which run is published for those who read runs."""
    values = {name: row[name] for name in Venue.model_fields if name in row}
    is_chair, is_reader = (not principal.roles.isdisjoint(roles) for roles in (CHAIRS, READERS))
    values["config"] = config_for(sight, row["config"]) if is_chair else {}
    values["current_run_id"] = row["current_run_id"] if is_reader else None
    return Venue(**{name: row["facts"].get(name) for name in _FACTS}, **values, counts=dict(counts or {}))


def _checked(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts of which the library can make a `venue.toml`."""
    if facts.get("deadline") is not None:
        try:
            date.fromisoformat(facts["deadline"])
        except ValueError:
            fault = {"pointer": "/deadline", "detail": "this is no day of the calendar"}
            raise Problem("invalid-data", "deadline: this is no day of the calendar", errors=[fault]) from None
    low, high = facts.get("min_load"), facts.get("max_load")
    if low is not None and high is not None and low > high:
        fault = {"pointer": "/min_load", "detail": f"is {low}, more than max_load {high}"}
        raise Problem("invalid-data", f"min_load: is {low}, more than max_load {high}", errors=[fault])
    return facts


def _etag(row: Mapping[str, Any]) -> str:
    return f"{row['version']}-{row['changed_at']:.6f}"


@router.get("/v1/venues")
@allow(ANYBODY)
def list_venues(service: ServiceOf, principal: WhoAsks, limit: Limit = 100, cursor: Cursor = None) -> Page[Venue]:
    """The venues that the key is for, by id."""
    place = read_cursor(cursor, (str,))
    query = sa.select(venues).order_by(venues.c.id).limit(limit + 1)
    if principal.venue_id is not None:
        query = query.where(venues.c.id == principal.venue_id)
    if place is not None:
        query = query.where(venues.c.id > place[0])
    with service.database.read() as connection:
        rows_found = [dict(row) for row in connection.execute(query).mappings()]
    found = [
        _venue(row, principal, WHOLE if principal.person_id is None else service.sights.of(principal, row["id"]))
        for row in rows_found
    ]
    return Page[Venue](items=found[:limit], next=cursor_of(found[limit - 1].id) if len(found) > limit else None)


@router.post("/v1/venues", status_code=201)
@allow(("admin", "system"))
def create_venue(
    service: ServiceOf, principal: WhoAsks, body: VenueRequest, response: Response, dry_run: DryRun = False
) -> Venue:
    """Make a venue, or a standing pool of reviewers (`kind`: pool)."""
    if principal.venue_id not in (None, body.id):
        raise Problem("forbidden", "the key is for another venue")
    facts = _checked(body.model_dump(include=set(_FACTS)))
    row = {
        "id": body.id,
        "kind": body.kind,
        "facts": facts,
        "config": {},
        "version": 0,
        "current_run_id": None,
        "created_at": now(),
        "changed_at": now(),
        "oldest_version": 0,
        "keep_days": None,
        "keep_versions": None,
    }
    try:
        with writing(service.database, dry_run=dry_run) as connection:
            connection.execute(venues.insert().values(**row))
            writer = Writer(connection, body.id)
            writer.put("facts", [facts])
            row["version"] = writer.close()
    except sa.exc.IntegrityError:
        raise Problem("conflict", f"there is a venue '{body.id}' already") from None
    response.headers["Location"] = f"/v1/venues/{body.id}"
    return _venue(row, principal, WHOLE)


@router.get("/v1/venues/{venue_id}")
@allow(ANYBODY)
def read_one_venue(
    service: ServiceOf,
    principal: WhoAsks,
    sight: Sees,
    venue_id: VenueId,
    response: Response,
    with_counts: Annotated[bool, Query(description="Count the records of each table.")] = True,
) -> Venue:
    """A venue; with the number of records of each table for its chairs."""
    with service.database.read() as connection:
        row = venue_row(connection, venue_id)
        query = (
            sa.select(rows.c.kind, sa.func.count())
            .where(rows.c.venue_id == venue_id, rows.c.until == NEVER, *sight.counted())
            .group_by(rows.c.kind)
        )
        is_told = with_counts and not principal.roles.isdisjoint(CHAIRS)
        counts = {kind: count for kind, count in connection.execute(query) if kind != "facts"} if is_told else {}
    response.headers["ETag"] = f'"{_etag(row)}"'
    return _venue(row, principal, sight, counts)


@router.patch("/v1/venues/{venue_id}")
@allow(CHAIRS)
def change_venue(
    service: ServiceOf,
    principal: WhoAsks,
    sight: Sees,
    venue_id: VenueId,
    body: VenuePatch,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Venue:
    """Change facts; what is not named stays, null takes away."""
    with changing(service.database, venue_id, dry_run=dry_run) as writer:
        row = dict(venue_row(writer.connection, venue_id))
        check_match(if_match, _etag(row))
        row["facts"] = _put_facts(writer, {**row["facts"], **body.model_dump(exclude_unset=True)})
    return _venue({**row, "version": writer.version, "changed_at": now()}, principal, sight)


def _put_facts(writer: Writer, facts: dict[str, Any]) -> dict[str, Any]:
    """Write facts, as a record with versions like all others, and beside the venue."""
    writer.put("facts", [_checked(facts)])
    writer.connection.execute(venues.update().where(venues.c.id == writer.venue_id).values(facts=facts))
    return facts


@router.put("/v1/venues/{venue_id}/config")
@allow(CHAIRS)
def change_config(
    service: ServiceOf,
    principal: WhoAsks,
    sight: Sees,
    venue_id: VenueId,
    body: ConfigBody,
    dry_run: DryRun = False,
) -> Venue:
    """Set the choices that hold for every job of the venue which does not make its own.

    Whoever is in conflict with a submission neither sees nor sets seeds: those that are there stay.
    """
    refuse_seeds(sight, body.config)
    config = check_config(body.config)
    with service.database.write() as connection:
        row = dict(venue_row(connection, venue_id))
        if not sight.is_whole:
            config |= {name: row["config"][name] for name in OF_CHANCE if name in row["config"]}
        row |= {"config": config, "changed_at": now()}
        if not dry_run:
            values = {"config": config, "changed_at": row["changed_at"]}
            connection.execute(venues.update().where(venues.c.id == venue_id).values(**values))
    return _venue(row, principal, sight)


@router.put("/v1/venues/{venue_id}/retention")
@allow(CHAIRS)
def change_retention(
    service: ServiceOf,
    request: Request,
    sight: Sees,
    venue_id: VenueId,
    body: RetentionRequest,
    dry_run: DryRun = False,
) -> Retained:
    """Say for how long earlier versions of the venue are kept; null for ever. What is over the limit goes now.

    From then on it is looked after once an hour. With a version go the records that only it and earlier ones held, and
    the runs made from it, but never the published one, nor what a job reads or `/v1/rank` stands on.
    """
    return _retained(service, request, sight, venue_id, (body.days, body.versions), dry_run=dry_run)


@router.post("/v1/venues/{venue_id}/retention")
@allow(CHAIRS)
def apply_retention(
    service: ServiceOf, request: Request, sight: Sees, venue_id: VenueId, dry_run: DryRun = False
) -> Retained:
    """Remove now what the venue keeps no longer, or say what that is."""
    return _retained(service, request, sight, venue_id, None, dry_run=dry_run)


def _retained(
    service: Service,
    request: Request,
    sight: Sight,
    venue_id: str,
    keep: tuple[float | None, int | None] | None,
    *,
    dry_run: bool,
) -> Retained:
    found = prune(service, venue_id, keep=keep, dry_run=dry_run)
    request.state.details |= {"oldest_version": found.oldest_version, "dry_run": dry_run}
    told = asdict(found) if sight.is_whole else {**asdict(found), "records": None}
    return Retained(dry_run=dry_run, **told)


@router.delete("/v1/venues/{venue_id}", status_code=204)
@allow(ADMINS)
def erase_venue(service: ServiceOf, request: Request, venue_id: VenueId, dry_run: DryRun = False) -> None:
    """Erase a venue: records with all their versions, jobs, runs, files, keys. The audit log keeps that it was there.

    The calls about its records stay in the log, without what they named.
    """
    with writing(service.database, dry_run=dry_run) as connection:
        venue_row(connection, venue_id)
        own = set(connection.execute(sa.select(runs.c.digest).where(runs.c.venue_id == venue_id)).scalars())
        lonely = only_here(connection, venue_id, own)
        of_jobs = list(connection.execute(sa.select(jobs.c.id).where(jobs.c.venue_id == venue_id)).scalars())
        connection.execute(keys.delete().where(keys.c.venue_id == venue_id))
        connection.execute(venues.delete().where(venues.c.id == venue_id))
        cleared = clear_venue(connection, venue_id)
    if not dry_run:
        request.state.details |= {CLEARED: cleared}
        erase_files(service, venue_id, lonely, of_jobs)


@router.post("/v1/venues/{venue_id}/erasures")
@allow(CHAIRS)
def erase_one_person(
    service: ServiceOf, sight: Sees, request: Request, venue_id: VenueId, body: ErasureRequest, dry_run: DryRun = False
) -> Erased:
    """Erase a person: out of all versions of all records, out of jobs and logs, and with every result that names them.

    On papers and submissions a name without meaning takes their place; whoever has no id and the same name is taken
    for them. A venue with a job under way is refused. Copies that were downloaded or sent are not reached.
    """
    with service.database.read() as connection:
        venue_row(connection, venue_id)
    found = erase_person(service, venue_id, body.person_id, dry_run=dry_run, sight=sight)
    cleared = {} if dry_run else {CLEARED: found.cleared}
    request.state.details |= {"stand_in": found.stand_in, "dry_run": dry_run, **cleared}
    values = {name: value for name, value in asdict(found).items() if name in Erased.model_fields}
    return Erased(dry_run=dry_run, **values)


@router.get("/v1/venues/{venue_id}/check")
@allow(CHAIRS)
def check_one_venue(service: ServiceOf, sight: Sees, venue_id: VenueId) -> dict[str, Any]:
    """What is odd about the data before anything is run: gaps, duplicates, homonyms, rows that point nowhere."""
    with service.database.read() as connection:
        row = venue_row(connection, venue_id)
    return dict(look_at(service, row, sight).check)


# --- whole venues ---------------------------------------------------------------------------------------------------


@router.post("/v1/venues/{venue_id}/upload", openapi_extra=_ARCHIVE)
@allow(CHAIRS, takes_files=True)
async def upload_venue(
    request: Request,
    service: ServiceOf,
    sight: Sees,
    venue_id: VenueId,
    mode: Annotated[str, Query(pattern="^(merge|replace)$")] = "merge",
    dry_run: DryRun = False,
) -> ChangeReport:
    """Take in a venue folder packed as zip. `mode`: merge with what is there, or replace it."""
    async with body_file(request, service.data_dir / "uploads") as path:
        return await anyio.to_thread.run_sync(_take_archive, service, sight, venue_id, path, mode == "replace", dry_run)


def _take_archive(
    service: Service, sight: Sight, venue_id: str, path: Path, replaces: bool, dry_run: bool
) -> ChangeReport:
    uploaded = read_archive(path, service.settings)
    return _take(service, sight, venue_id, uploaded, replaces=replaces, dry_run=dry_run)


@router.post("/v1/venues/{venue_id}/sample")
@allow(CHAIRS)
def load_sample(service: ServiceOf, sight: Sees, venue_id: VenueId, dry_run: DryRun = False) -> ChangeReport:
    """Fill a venue with the sample that ships with the program, to look around in."""
    return _take(service, sight, venue_id, read_sample(), replaces=False, dry_run=dry_run)


@router.post("/v1/venues/{venue_id}/sheets", openapi_extra=_FILES)
@allow(CHAIRS, takes_files=True)
async def upload_sheets(
    request: Request,
    service: ServiceOf,
    sight: Sees,
    venue_id: VenueId,
    filename: Annotated[
        str, Query(max_length=200, description="Of one workbook; leave out for a zip of reviewers.* and submissions.*.")
    ] = "",
    column: Annotated[
        list[str] | None, Query(description="`field=Column title`, for columns that cannot be guessed.")
    ] = None,
    dry_run: DryRun = False,
) -> ChangeReport:
    """Take in a sheet of reviewers and a sheet of submissions, Excel or CSV, of any layout.

    Columns are found by their titles; `details` tells what each was taken for.
    """
    mapping = {field.strip(): title.strip() for field, _, title in (each.partition("=") for each in column or ())}
    async with body_file(request, service.data_dir / "uploads") as path:
        return await anyio.to_thread.run_sync(_take_sheets, service, sight, venue_id, path, filename, mapping, dry_run)


def _take_sheets(
    service: Service, sight: Sight, venue_id: str, path: Path, filename: str, mapping: dict[str, str], dry_run: bool
) -> ChangeReport:
    uploaded = read_two_sheets(path, filename, service.settings, mapping=mapping)
    return _take(service, sight, venue_id, uploaded, replaces=False, dry_run=dry_run)


@router.post("/v1/venues/{venue_id}/documents", openapi_extra=_FILES)
@allow(CHAIRS, takes_files=True)
async def upload_documents(
    request: Request,
    service: ServiceOf,
    sight: Sees,
    venue_id: VenueId,
    filename: Annotated[
        str, Query(max_length=200, description="Of the one document; leave out for a zip of several.")
    ] = "",
    dry_run: DryRun = False,
) -> ChangeReport:
    """Take in CVs and publication lists (text, Markdown, PDF, LaTeX, BibTeX): each becomes a reviewer.

    Whoever is there already is told more about; `details` tells what was read from each document, and what was not.
    """
    async with body_file(request, service.data_dir / "uploads") as path:
        return await anyio.to_thread.run_sync(_take_documents, service, sight, venue_id, path, filename, dry_run)


def _take_documents(
    service: Service, sight: Sight, venue_id: str, path: Path, filename: str, dry_run: bool
) -> ChangeReport:
    there = _tables_of(service, sight, venue_id, path.parent)
    uploaded = read_cvs(path, filename, there, service.settings)
    return _take(service, sight, venue_id, uploaded, replaces=False, dry_run=dry_run)


@router.post("/v1/venues/{venue_id}/import/{format_name}", openapi_extra=_FILES)
@allow(CHAIRS, takes_files=True)
async def import_foreign(
    request: Request,
    service: ServiceOf,
    sight: Sees,
    venue_id: VenueId,
    format_name: str,
    filename: Annotated[
        str, Query(max_length=200, description="Of the one file; leave out for a zip of several.")
    ] = "",
    reviewer: Annotated[list[str] | None, Query(description="Whose publications the files hold.")] = None,
    dry_run: DryRun = False,
) -> ChangeReport:
    """Take in files of another system (`/v1/formats`), joined with what is there by id or address."""
    async with body_file(request, service.data_dir / "uploads") as path:
        return await anyio.to_thread.run_sync(
            _take_foreign, service, sight, venue_id, path, format_name, filename, tuple(reviewer or ()), dry_run
        )


def _take_foreign(
    service: Service,
    sight: Sight,
    venue_id: str,
    path: Path,
    format_name: str,
    filename: str,
    reviewers: tuple[str, ...],
    dry_run: bool,
) -> ChangeReport:
    there = _tables_of(service, sight, venue_id, path.parent)
    uploaded = read_foreign(path, format_name, filename, there, service.settings, reviewers=reviewers)
    return _take(service, sight, venue_id, uploaded, replaces=False, dry_run=dry_run)


def _tables_of(service: Service, sight: Sight, venue_id: str, folder: Path) -> Path:
    """A folder with the tables of a venue as it is now, to join with."""
    there = Path(tempfile.mkdtemp(dir=folder))
    with service.database.read() as connection:
        venue_row(connection, venue_id)
        write_tables(connection, venue_id, None, there, sight)
    return there


def _take(
    service: Service, sight: Sight, venue_id: str, uploaded: Uploaded, *, replaces: bool, dry_run: bool
) -> ChangeReport:
    with changing(service.database, venue_id, dry_run=dry_run, sight=sight) as writer:
        for kind in _ORDER:
            if kind in uploaded.tables or replaces:
                writer.put(kind, uploaded.tables.get(kind, ()), replaces=replaces)
        take_references(writer, uploaded.references)
        _take_facts(writer, uploaded)
    return report_of(writer, dry_run=dry_run, notices=uploaded.notices, details=uploaded.details)


def _take_facts(writer: Writer, uploaded: Uploaded) -> None:
    row = venue_row(writer.connection, writer.venue_id)
    given = {name: value for name, value in (uploaded.facts or {}).items() if value not in (None, "")}
    if given:
        _put_facts(writer, {**row["facts"], **given})
    if uploaded.config is not None:
        config = check_config(plain_config(uploaded.config))
        refuse_seeds(writer.sight, config)
        if not writer.sight.is_whole:
            config |= {name: row["config"][name] for name in OF_CHANCE if name in row["config"]}
        writer.connection.execute(venues.update().where(venues.c.id == writer.venue_id).values(config=config))
