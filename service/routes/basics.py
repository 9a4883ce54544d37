"""Health, login, keys, and the audit log."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from matcher.config import settings
from matcher.ingest.fields import TABLES, json_schema
from matcher.ingest.formats import FORMATS
from service.audit import plain_target
from service.auth import ADMINS, ANYBODY, CHAIRS, allow
from service.metrics import CONTENT_TYPE
from service.problems import Problem
from service.routes.common import (
    PROBLEMS,
    Cursor,
    DryRun,
    Limit,
    Sees,
    ServiceOf,
    VenueId,
    WhoAsks,
    cursor_of,
    operation_id,
    read_cursor,
)
from service.schemas import AuditEntry, Key, KeyRequest, KeyTold, Me, Page
from service.storage.tables import audit

__all__ = ["router"]

router = APIRouter(generate_unique_id_function=operation_id, responses=PROBLEMS)


@router.get("/healthz", tags=["service"])
@allow(())
def is_alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz", tags=["service"])
@allow(())
def is_ready(service: ServiceOf) -> dict[str, str]:
    """The database answers, its tables are current, and this process takes requests."""
    try:
        is_current = service.database.is_current()
    except sa.exc.SQLAlchemyError:
        is_current = False
    if service.is_stopping or not is_current:
        raise Problem("unavailable", "the service starts or ends; ask again", headers={"Retry-After": "2"})
    return {"status": "ready", "version": version("reviewer-matcher")}


@router.get("/startupz", tags=["service"])
@allow(())
def has_started(service: ServiceOf) -> dict[str, str]:
    """The tables are made and jobs are taken: from now on `/readyz` says whether requests are."""
    if not service.is_started:
        raise Problem("unavailable", "the service starts; ask again", headers={"Retry-After": "2"})
    return {"status": "started", "version": version("reviewer-matcher")}


@router.get(
    "/metrics",
    tags=["service"],
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
@allow(ADMINS)
def read_metrics(service: ServiceOf) -> Response:
    """What is counted, as Prometheus reads it: requests of this process, jobs and messages of all."""
    return Response(service.metrics.text(), media_type=CONTENT_TYPE)


@router.get("/openapi.json", include_in_schema=False)
@allow(())
def describe(request: Request) -> Response:
    """This API as OpenAPI 3.1."""
    return JSONResponse(request.app.openapi())


@router.get(
    "/login",
    tags=["service"],
    response_model=KeyTold,
    responses={303: {"description": "A browser is led to the console, where the code is still good."}},
)
@allow(())
def login(
    service: ServiceOf, request: Request, code: Annotated[str, Query(min_length=1, max_length=200)]
) -> KeyTold | Response:
    """Change the code that the service printed at its start into a key for one day; works once."""
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(f"/console/login?{urlencode({'code': code})}", status_code=303)
    made = service.keys.redeem(code)
    return KeyTold(id=made.id, key=made.secret, expires_at=made.expires_at)


@router.get("/v1/me", tags=["keys"])
@allow(ANYBODY)
def who_am_i(principal: WhoAsks) -> Me:
    """What the key is good for."""
    return Me(
        key_id=principal.key_id,
        roles=sorted(principal.roles),
        venue_id=principal.venue_id,
        person_id=principal.person_id,
    )


@router.get("/v1/keys", tags=["keys"])
@allow(ADMINS)
def list_keys(service: ServiceOf) -> Page[Key]:
    """Every key, without secrets."""
    return Page[Key](items=[Key(**each) for each in service.keys.list()])


@router.post("/v1/keys", status_code=201, tags=["keys"])
@allow(ADMINS)
def create_key(service: ServiceOf, body: KeyRequest) -> KeyTold:
    """Make a key. The answer is the only one that tells it."""
    made = service.keys.create(body.name, body.roles, venue_id=body.venue_id, person_id=body.person_id, days=body.days)
    return KeyTold(id=made.id, key=made.secret, expires_at=made.expires_at)


@router.delete("/v1/keys/{key_id}", status_code=204, tags=["keys"])
@allow(ADMINS)
def revoke_key(service: ServiceOf, key_id: str, dry_run: DryRun = False) -> None:
    """End a key now."""
    if not dry_run:
        service.keys.revoke(key_id)
    elif key_id not in {each["id"] for each in service.keys.list()}:
        raise Problem("not-found", "there is no such key")


def _entries(
    service: ServiceOf, venue_id: str | None, limit: int, cursor: str | None, see: Callable[[AuditEntry], AuditEntry]
) -> Page[AuditEntry]:
    place = read_cursor(cursor, (int,))
    query = sa.select(audit).order_by(audit.c.number.desc()).limit(limit + 1)
    if venue_id is not None:
        query = query.where(audit.c.venue_id == venue_id)
    if place is not None:
        query = query.where(audit.c.number < place[0])
    with service.database.read() as connection:
        found = [see(AuditEntry(**each)) for each in connection.execute(query).mappings()]
    return Page[AuditEntry](
        items=found[:limit], next=cursor_of(found[limit - 1].number) if len(found) > limit else None
    )


@router.get("/v1/audit", tags=["audit"])
@allow(ADMINS)
def read_audit(service: ServiceOf, principal: WhoAsks, limit: Limit = 100, cursor: Cursor = None) -> Page[AuditEntry]:
    """What was done, newest first. Each entry has the hash of the one before it in its own: nothing is lost unseen."""

    def see(entry: AuditEntry) -> AuditEntry:
        if principal.person_id is None or entry.key_id == principal.key_id:
            return entry
        target = plain_target(entry.action, entry.venue_id or "")
        return entry.model_copy(update={"target": target, "details": {}, "salt": None})

    return _entries(service, None, limit, cursor, see)


@router.get("/v1/venues/{venue_id}/audit", tags=["audit"])
@allow(CHAIRS)
def read_venue_audit(
    service: ServiceOf,
    principal: WhoAsks,
    sight: Sees,
    venue_id: VenueId,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[AuditEntry]:
    """What was done in a venue, newest first.

    From whom something is hidden, so is what others named in their calls.
    """

    def see(entry: AuditEntry) -> AuditEntry:
        if sight.is_whole or entry.key_id == principal.key_id:
            return entry
        target = plain_target(entry.action, venue_id)
        return entry.model_copy(update={"target": target, "details": {}, "salt": None})

    return _entries(service, venue_id, limit, cursor, see)


@router.get("/v1/settings", tags=["reference"])
@allow(ANYBODY)
def list_settings() -> list[dict[str, Any]]:
    """Every choice of a match: its meaning, default and allowed values."""
    return [
        {
            "name": each.name,
            "section": each.section,
            "about": each.about,
            "default": each.to_plain(each.default),
            "choices": list(each.choices or ()),
            "low": each.low,
            "high": each.high,
        }
        for each in settings()
    ]


@router.get("/v1/formats", tags=["reference"])
@allow(ANYBODY)
def list_formats() -> list[dict[str, Any]]:
    """Every format of other systems that can be imported."""
    return [
        {"name": each.name, "about": each.about, "fills": list(each.carries), "files": each.files}
        for each in FORMATS.values()
    ]


@router.get("/v1/schemas/{table}", tags=["reference"])
@allow(ANYBODY)
def describe_table(table: str) -> dict[str, Any]:
    """The JSON Schema of a table's records."""
    if table not in TABLES:
        raise Problem("not-found", f"there is no table '{table[:50]}'; known are {', '.join(TABLES)}")
    return json_schema(table)
