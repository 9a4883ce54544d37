"""Jobs: submit, watch, follow, cancel; and webhooks, which tell their end."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Final

import anyio.to_thread
import sqlalchemy as sa
from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse

from service.auth import CHAIRS, Principal, allow
from service.choices import check_config, content_hash
from service.jobs import ACTIVE, TERMINAL, add_event
from service.problems import Problem, brief_of
from service.routes.common import (
    PROBLEMS,
    Cursor,
    DryRun,
    Limit,
    Sees,
    ServiceOf,
    VenueId,
    WhoAsks,
    config_for,
    cursor_of,
    held_version,
    operation_id,
    read_cursor,
    refuse_seeds,
    venue_row,
    writing,
)
from service.schemas import Delivery, Job, JobRequest, Page, Webhook, WebhookRequest, WebhookTold
from service.state import Service
from service.storage.database import EVERYWHERE, now, time_text, venue_scope
from service.storage.tables import deliveries, events, jobs, webhooks
from service.storage.visible import Sight
from service.webhooks import check_address, secret_of
from service.worker import STAGES

__all__ = ["router", "start_job"]

router = APIRouter(generate_unique_id_function=operation_id, responses=PROBLEMS)

_LOOK_S: Final = 0.3
_QUIET_S: Final = 10.0
"""After how long a stream without news sends a comment, so that nobody takes it for dead."""
_MOST_EVENTS: Final = 500
_MOST_WEBHOOKS: Final = 20

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x20-\x7e]+$",
        description="The same key with the same body gives the same job, however often it is sent.",
    ),
]


def _job(row: Mapping[str, Any], sight: Sight) -> Job:
    eta = None
    if row["state"] == "running" and row["total"] and row["done"] and row["stage_started_at"]:
        spent = max(0.0, (row["heartbeat_at"] or now()) - row["stage_started_at"])
        eta = round(spent * (row["total"] - row["done"]) / row["done"], 1)
    values = {name: row[name] for name in Job.model_fields if name in row}
    if not sight.is_whole:  # from the hash of all choices the seed could be tried out
        values |= {"config": config_for(sight, row["config"]), "content_hash": "", "error": brief_of(row["error"])}
    return Job(**values, stages=list(STAGES[row["kind"]]), eta_s=eta, attempts=row["lease"])


def _row(connection: sa.Connection, venue_id: str, job_id: str) -> Mapping[str, Any]:
    query = sa.select(jobs).where(jobs.c.venue_id == venue_id, jobs.c.id == job_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise Problem("not-found", "there is no such job")
    return dict(row)


@router.post(
    "/v1/venues/{venue_id}/jobs", status_code=202, tags=["jobs"], responses={200: {"description": "A dry run."}}
)
@allow(CHAIRS)
def submit_job(
    service: ServiceOf,
    principal: WhoAsks,
    sight: Sees,
    venue_id: VenueId,
    body: JobRequest,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    dry_run: DryRun = False,
) -> Job:
    """Start a match of the venue as it is now, or (`kind`: index) make its reviewers ready for `/v1/rank`.

    A job that waits or runs already for the same content is answered again instead of a second one. A dry run says
    with which settings and which version it would be done; of such a job nothing is kept.
    """
    asked = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    row = start_job(
        service,
        principal,
        venue_id,
        kind=body.kind,
        config=body.config,
        version=body.version,
        asked=asked,
        idempotency_key=idempotency_key,
        dry_run=dry_run,
    )
    if dry_run:
        response.status_code = 200
        return _job(row, sight)
    response.headers["Location"] = f"/v1/venues/{venue_id}/jobs/{row['id']}"
    response.headers["Retry-After"] = "1"
    return _job(row, sight)


def start_job(
    service: Service,
    principal: Principal,
    venue_id: str,
    *,
    kind: str,
    config: Mapping[str, Any],
    asked: str,
    version: int | None = None,
    idempotency_key: str | None = None,
    further: Mapping[str, Any] | None = None,
    dry_run: bool = False,
) -> Mapping[str, Any]:
    """Write a job down and hand it over, or find the one that does the same.

    Args:
        service: where.
        principal: who asks.
        venue_id: the venue.
        kind: of the job.
        config: choices beside those of the venue.
        asked: digest of the request.
        version: of the venue; by default the newest.
        idempotency_key: of the request.
        further: what is kept beside the choices, such as a request that is resolved when the job runs.
        dry_run: whether to take it all back.

    Returns:
        The row of the job.

    Raises:
        Problem: there is no such venue, or the key was used for another request.
        ConfigError: a choice is not allowed.
    """
    refuse_seeds(service.sights.of(principal, venue_id), config)
    with writing(service.database, dry_run=dry_run) as connection:
        venue = venue_row(connection, venue_id)
        version = held_version(venue, version)
        choices = {**check_config({**venue["config"], **config}), **(further or {})}
        digest = content_hash(venue_id, version, kind, choices)
        row = _same(connection, venue_id, principal.key_id, idempotency_key, asked, digest)
        is_new = row is None
        if row is None:
            _refuse_more(connection, venue_id, service.settings.jobs_waiting)
            row = {
                "id": secrets.token_hex(12),
                "venue_id": venue_id,
                "kind": kind,
                "state": "queued",
                "config": choices,
                "venue_version": version,
                "content_hash": digest,
                "request_hash": asked,
                "key_id": principal.key_id,
                "idempotency_key": idempotency_key,
                "created_at": now(),
            }
            connection.execute(jobs.insert().values(**row))
            add_event(connection, row["id"], "state", {"state": "queued"})
        found = _row(connection, venue_id, row["id"])
    if is_new and not dry_run:
        service.runner.enqueue(found["id"])
    return found


def _refuse_more(connection: sa.Connection, venue_id: str, most: int) -> None:
    waiting = sa.select(sa.func.count()).where(jobs.c.venue_id == venue_id, jobs.c.state.in_(ACTIVE))
    if most and (connection.execute(waiting).scalar() or 0) >= most:
        detail = f"allowed are {most} jobs of one venue that wait or run: wait for one, or cancel it"
        raise Problem("too-many-requests", detail, headers={"Retry-After": "10"}, limit=most)


def _same(
    connection: sa.Connection, venue_id: str, key_id: str, idempotency_key: str | None, asked: str, digest: str
) -> Mapping[str, Any] | None:
    """The job that was asked for already, if there is one."""
    if idempotency_key is not None:
        query = sa.select(jobs).where(
            jobs.c.venue_id == venue_id, jobs.c.key_id == key_id, jobs.c.idempotency_key == idempotency_key
        )
        row = connection.execute(query).mappings().first()
        if row is not None and row["request_hash"] != asked:
            raise Problem("key-reused", "the Idempotency-Key was sent before with another body: take a new one")
        return None if row is None else dict(row)
    same = [jobs.c.venue_id == venue_id, jobs.c.content_hash == digest, jobs.c.state.in_(ACTIVE)]
    query = sa.select(jobs).where(*same, jobs.c.cancel_requested.is_(False)).order_by(jobs.c.created_at).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


@router.get("/v1/venues/{venue_id}/jobs", tags=["jobs"])
@allow(CHAIRS)
def list_jobs(
    service: ServiceOf, sight: Sees, venue_id: VenueId, limit: Limit = 100, cursor: Cursor = None
) -> Page[Job]:
    """The jobs of a venue, newest first."""
    place = read_cursor(cursor, (float, str))
    query = sa.select(jobs).where(jobs.c.venue_id == venue_id)
    query = query.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit + 1)
    if place is not None:
        query = query.where(sa.tuple_(jobs.c.created_at, jobs.c.id) < sa.tuple_(*place))
    with service.database.read() as connection:
        venue_row(connection, venue_id)
        found = list(connection.execute(query).mappings())
    more = cursor_of(found[limit - 1]["created_at"], found[limit - 1]["id"]) if len(found) > limit else None
    return Page[Job](items=[_job(dict(row), sight) for row in found[:limit]], next=more)


@router.get("/v1/venues/{venue_id}/jobs/{job_id}", tags=["jobs"])
@allow(CHAIRS)
def read_job(service: ServiceOf, sight: Sees, venue_id: VenueId, job_id: str) -> Job:
    """A job: its state, stage and progress."""
    with service.database.read() as connection:
        return _job(_row(connection, venue_id, job_id), sight)


@router.post("/v1/venues/{venue_id}/jobs/{job_id}/cancel", status_code=202, tags=["jobs"])
@allow(CHAIRS)
def cancel_job(service: ServiceOf, sight: Sees, venue_id: VenueId, job_id: str, dry_run: DryRun = False) -> Job:
    """End a job; within seconds, also while it embeds or solves. One that is over stays as it is."""
    with service.database.read() as connection:
        row = _row(connection, venue_id, job_id)
    if dry_run:
        return _job(row, sight)
    with venue_scope(EVERYWHERE):  # who runs jobs knows them by their ids
        service.runner.cancel(job_id)
    return read_job(service, sight, venue_id, job_id)


@router.get(
    "/v1/venues/{venue_id}/jobs/{job_id}/events",
    tags=["jobs"],
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
@allow(CHAIRS)
async def follow_job(
    service: ServiceOf,
    sight: Sees,
    venue_id: VenueId,
    job_id: str,
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", pattern="^[0-9]{1,18}$", description="Go on behind this event.")
    ] = None,
) -> StreamingResponse:
    """A job's events (`state`, `stage`, `progress`, `taken-over`) as server-sent events, until it is over."""

    def look(after: int) -> tuple[list[Mapping[str, Any]], str]:
        query = sa.select(events).where(events.c.job_id == job_id, events.c.number > after)
        with service.database.read() as connection:
            state = _row(connection, venue_id, job_id)["state"]  # first: what comes later is in the next look
            found = connection.execute(query.order_by(events.c.number).limit(_MOST_EVENTS)).mappings()
            return [_told(dict(each), sight) for each in found], state

    start = int(last_event_id or 0)
    first = await anyio.to_thread.run_sync(look, start)
    return StreamingResponse(
        _stream(service, look, start, first), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


def _told(event: Mapping[str, Any], sight: Sight) -> dict[str, Any]:
    """An event as somebody may see it."""
    if sight.is_whole or "problem" not in event["data"]:
        return dict(event)
    return {**event, "data": {**event["data"], "problem": brief_of(event["data"]["problem"])}}


async def _stream(
    service: Service, look: Any, after: int, seen: tuple[list[Mapping[str, Any]], str]
) -> AsyncIterator[str]:
    quiet = 0.0
    while True:
        found, state = seen
        for event in found:
            after = event["number"]
            data = json.dumps({**event["data"], "at": time_text(event["at"])})
            yield f"id: {after}\nevent: {event['kind']}\ndata: {data}\n\n"
        if (state in TERMINAL and len(found) < _MOST_EVENTS) or service.is_stopping:
            return
        quiet = 0.0 if found else quiet + _LOOK_S
        if quiet >= _QUIET_S:
            quiet = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(_LOOK_S)
        try:
            seen = await anyio.to_thread.run_sync(look, after)
        except Problem:  # the venue was erased
            return


# --- webhooks -------------------------------------------------------------------------------------------------------


@router.get("/v1/venues/{venue_id}/webhooks", tags=["webhooks"])
@allow(CHAIRS)
def list_webhooks(service: ServiceOf, venue_id: VenueId) -> Page[Webhook]:
    """The addresses that are told when a job of the venue ends."""
    query = sa.select(webhooks).where(webhooks.c.venue_id == venue_id).order_by(webhooks.c.created_at)
    with service.database.read() as connection:
        venue_row(connection, venue_id)
        return Page[Webhook](items=[Webhook(**each) for each in connection.execute(query).mappings()])


@router.post("/v1/venues/{venue_id}/webhooks", status_code=201, tags=["webhooks"])
@allow(CHAIRS)
def create_webhook(service: ServiceOf, venue_id: VenueId, body: WebhookRequest, dry_run: DryRun = False) -> WebhookTold:
    """Tell an address when a job ends. The answer holds the secret with which messages are signed.

    Each message carries `Matcher-Signature: t=<seconds>,v1=<hex>`, the HMAC-SHA256 of `<seconds>.<body>`.
    """
    check_address(body.url, allow_private=service.settings.allow_private_webhooks)
    webhook_id, at = secrets.token_hex(12), now()
    with writing(service.database, dry_run=dry_run) as connection:
        venue_row(connection, venue_id)
        count = sa.select(sa.func.count()).select_from(webhooks).where(webhooks.c.venue_id == venue_id)
        if (connection.execute(count).scalar() or 0) >= _MOST_WEBHOOKS:
            raise Problem("conflict", f"a venue has at most {_MOST_WEBHOOKS} webhooks")
        row = {"id": webhook_id, "venue_id": venue_id, "url": body.url, "created_at": at}
        connection.execute(webhooks.insert().values(**row))
    return WebhookTold(id=webhook_id, url=body.url, created_at=at, secret=secret_of(service.data_dir, webhook_id))


@router.delete("/v1/venues/{venue_id}/webhooks/{webhook_id}", status_code=204, tags=["webhooks"])
@allow(CHAIRS)
def remove_webhook(service: ServiceOf, venue_id: VenueId, webhook_id: str, dry_run: DryRun = False) -> None:
    """Tell an address nothing more."""
    with writing(service.database, dry_run=dry_run) as connection:
        here = [webhooks.c.venue_id == venue_id, webhooks.c.id == webhook_id]
        if not connection.execute(webhooks.delete().where(*here)).rowcount:
            raise Problem("not-found", "there is no such webhook")


@router.get("/v1/venues/{venue_id}/webhooks/{webhook_id}/deliveries", tags=["webhooks"])
@allow(CHAIRS)
def list_deliveries(service: ServiceOf, venue_id: VenueId, webhook_id: str, limit: Limit = 100) -> Page[Delivery]:
    """The last messages to an address, newest first, and what became of them."""
    with service.database.read() as connection:
        _refuse_foreign(connection, venue_id, webhook_id)
        query = sa.select(deliveries).where(deliveries.c.webhook_id == webhook_id)
        query = query.order_by(deliveries.c.created_at.desc(), deliveries.c.id).limit(limit)
        return Page[Delivery](items=[Delivery(**each) for each in connection.execute(query).mappings()])


@router.post("/v1/venues/{venue_id}/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", tags=["webhooks"])
@allow(CHAIRS)
def replay_delivery(
    service: ServiceOf, venue_id: VenueId, webhook_id: str, delivery_id: str, dry_run: DryRun = False
) -> Delivery:
    """Send a message again."""
    with writing(service.database, dry_run=dry_run) as connection:
        _refuse_foreign(connection, venue_id, webhook_id)
        here = [deliveries.c.webhook_id == webhook_id, deliveries.c.id == delivery_id]
        values = {"state": "waiting", "due_at": now(), "attempts": 0, "created_at": now()}
        if not connection.execute(deliveries.update().where(*here).values(**values)).rowcount:
            raise Problem("not-found", "there is no such delivery")
        return Delivery(**connection.execute(sa.select(deliveries).where(*here)).mappings().one())


def _refuse_foreign(connection: sa.Connection, venue_id: str, webhook_id: str) -> None:
    here = [webhooks.c.venue_id == venue_id, webhooks.c.id == webhook_id]
    if connection.execute(sa.select(webhooks.c.id).where(*here)).first() is None:
        raise Problem("not-found", "there is no such webhook")
