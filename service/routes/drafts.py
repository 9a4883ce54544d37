"""Edits of a run by hand: each step says at once what it does, can be undone, and becomes a run when it is saved."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Response

from matcher.edits import Edit, Workbench
from matcher.records import to_plain
from service.auth import CHAIRS, Principal, allow
from service.problems import Problem
from service.routes.common import (
    PROBLEMS,
    Cursor,
    DryRun,
    Limit,
    ServiceOf,
    VenueId,
    WhoAsks,
    cursor_of,
    named_run,
    operation_id,
    read_cursor,
    venue_row,
)
from service.routes.runs import _run, result_for
from service.schemas import Draft, DraftRequest, DraftStep, Page, PairNamed, Run, SaveRequest
from service.state import Service
from service.storage.database import now
from service.storage.tables import drafts, runs, venues
from service.webhooks import announce

__all__ = ["edits_of_draft", "router"]

router = APIRouter(generate_unique_id_function=operation_id, responses=PROBLEMS, tags=["drafts"])

_MOST_STEPS = 1000


@router.post("/v1/venues/{venue_id}/drafts", status_code=201)
@allow(CHAIRS)
def begin_draft(
    service: ServiceOf, principal: WhoAsks, venue_id: VenueId, body: DraftRequest, response: Response
) -> Draft:
    """Begin to edit a run by hand. The run itself never changes."""
    _, run = result_for(service, principal, venue_id, body.run_id)  # refuses what cannot be edited, before it is kept
    with service.database.write() as connection:
        row = {
            "id": secrets.token_hex(12),
            "venue_id": venue_id,
            "run_id": run["id"],
            "key_id": principal.key_id,
            "steps": [],
            "done": 0,
            "version": 1,
            "created_at": now(),
            "changed_at": now(),
        }
        connection.execute(drafts.insert().values(**row))
    response.headers["Location"] = f"/v1/venues/{venue_id}/drafts/{row['id']}"
    return _told(service, principal, row)


@router.get("/v1/venues/{venue_id}/drafts")
@allow(CHAIRS)
def list_drafts(
    service: ServiceOf, principal: WhoAsks, venue_id: VenueId, limit: Limit = 100, cursor: Cursor = None
) -> Page[Draft]:
    """Drafts that are not saved yet, newest first; who conflicts with submissions sees their own only."""
    place = read_cursor(cursor, (float, str))
    query = sa.select(drafts).where(drafts.c.venue_id == venue_id)
    query = query.order_by(drafts.c.created_at.desc(), drafts.c.id).limit(limit + 1)
    if principal.person_id is not None:
        query = query.where(drafts.c.key_id == principal.key_id)
    if place is not None:
        at, after = place
        later = sa.and_(drafts.c.created_at == at, drafts.c.id > after)
        query = query.where(sa.or_(drafts.c.created_at < at, later))
    with service.database.read() as connection:
        venue_row(connection, venue_id)
        found = [dict(row) for row in connection.execute(query).mappings()]
    more = cursor_of(found[limit - 1]["created_at"], found[limit - 1]["id"]) if len(found) > limit else None
    return Page[Draft](items=[_line(row) for row in found[:limit]], next=more)


@router.get("/v1/venues/{venue_id}/drafts/{draft_id}")
@allow(CHAIRS)
def read_draft(service: ServiceOf, principal: WhoAsks, venue_id: VenueId, draft_id: str) -> Draft:
    """A draft, and what all its steps together do."""
    return _told(service, principal, _read(service, principal, venue_id, draft_id))


@router.post("/v1/venues/{venue_id}/drafts/{draft_id}/steps")
@allow(CHAIRS)
def add_step(
    service: ServiceOf, principal: WhoAsks, venue_id: VenueId, draft_id: str, body: DraftStep, dry_run: DryRun = False
) -> Draft:
    """Remove and add pairs; a swap is both at once. What may not be is refused whole, with what would change that.

    A dry run says what the step would do, refusals included, and changes nothing.
    """
    if not body.remove and not body.add:
        raise Problem("invalid-request", "give at least one pair to remove or to add")
    step = {"edits": _edits_of(body), "may_exceed": body.may_exceed}
    row = _read(service, principal, venue_id, draft_id)
    row["steps"] = [*row["steps"][: row["done"]], step]
    row["done"] += 1
    if row["done"] > _MOST_STEPS:
        raise Problem("conflict", f"a draft takes up to {_MOST_STEPS} steps: save it and begin another")
    told = _told(service, principal, row)
    if dry_run:
        return told
    _refuse(told)
    return _kept(service, principal, row)


@router.post("/v1/venues/{venue_id}/drafts/{draft_id}/undo")
@allow(CHAIRS)
def undo_step(service: ServiceOf, principal: WhoAsks, venue_id: VenueId, draft_id: str) -> Draft:
    """Take the last step back."""
    row = _read(service, principal, venue_id, draft_id)
    if not row["done"]:
        raise Problem("conflict", "there is no step to take back")
    row["done"] -= 1
    return _kept(service, principal, row)


@router.post("/v1/venues/{venue_id}/drafts/{draft_id}/redo")
@allow(CHAIRS)
def redo_step(service: ServiceOf, principal: WhoAsks, venue_id: VenueId, draft_id: str) -> Draft:
    """Do again what was taken back last."""
    row = _read(service, principal, venue_id, draft_id)
    if row["done"] == len(row["steps"]):
        raise Problem("conflict", "nothing was taken back")
    row["done"] += 1
    return _kept(service, principal, row)


@router.post("/v1/venues/{venue_id}/drafts/{draft_id}/complete")
@allow(CHAIRS)
def complete_draft(
    service: ServiceOf, principal: WhoAsks, venue_id: VenueId, draft_id: str, dry_run: DryRun = False
) -> Draft:
    """Fill what is missing with as few further changes as can be, as one more step; the chair's own edits stay."""
    row = _read(service, principal, venue_id, draft_id)
    if not _sees_all(service, principal, row):
        raise Problem("forbidden", "it would tell who reviews what conflicts with you: ask a chair without a conflict")
    edits = _edits(row)
    further = _bench(service, principal, row).complete(edits)
    if further:
        step = {"edits": [to_plain(each) for each in further], "may_exceed": False}
        row["steps"] = [*row["steps"][: row["done"]], step]
        row["done"] += 1
    return _told(service, principal, row) if dry_run or not further else _kept(service, principal, row)


@router.post("/v1/venues/{venue_id}/drafts/{draft_id}/save", status_code=201)
@allow(CHAIRS)
def save_draft(
    service: ServiceOf, principal: WhoAsks, venue_id: VenueId, draft_id: str, body: SaveRequest, response: Response
) -> Run:
    """Make a run of the draft; every rule is checked again, and the draft ends."""
    with service.database.read() as connection:
        row = _named(connection, principal, venue_id, draft_id)
        parent = named_run(connection, venue_id, row["run_id"])
    edits = _edits(row)
    if not edits:
        raise Problem("conflict", "the draft changes nothing")
    _refuse(_told(service, principal, row))  # through their own eyes first
    sight = service.sights.of(principal, venue_id)
    if not _sees_all(service, principal, row) and any(each.action == "add" for each in edits):
        # Whether somebody has room depends on their hidden reviews too: that it may not be saved would tell of them.
        raise Problem("forbidden", "what adds pairs has to be saved by a chair without a conflict; removing is yours")
    whole = service.results.load(parent["digest"])
    bench = service.results.bench(parent["digest"], whole, None)
    edited = bench.apply(edits, source=f"run {parent['digest'][:12]}")
    folder = service.data_dir / "work" / f"draft-{secrets.token_hex(8)}"
    try:
        edited.save(folder)
        (folder / "report.html").write_text(edited.report(), encoding="utf-8", newline="\n")
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        target = service.results.path(manifest["digest"])
        if not target.is_dir():
            folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    with service.database.write() as connection:
        connection.execute(sa.select(venues.c.id).where(venues.c.id == venue_id).with_for_update())
        gone = connection.execute(
            drafts.delete().where(
                drafts.c.venue_id == venue_id, drafts.c.id == row["id"], drafts.c.version == row["version"]
            )
        ).rowcount
        if not gone:
            raise Problem("changed", "the draft was changed meanwhile: read it again")
        largest = sa.select(sa.func.max(runs.c.number)).where(runs.c.venue_id == venue_id)
        made = {
            "id": secrets.token_hex(12),
            "venue_id": venue_id,
            "job_id": None,
            "parent_run_id": parent["id"],
            "kind": "match",
            "number": (connection.execute(largest).scalar() or 0) + 1,
            "digest": manifest["digest"],
            "manifest": manifest,
            "venue_version": parent["venue_version"],
            "created_at": now(),
        }
        connection.execute(runs.insert().values(**made))
        if body.publish:
            values = {"current_run_id": made["id"], "changed_at": now()}
            connection.execute(venues.update().where(venues.c.id == venue_id).values(**values))
            announce(connection, venue_id, "run.published", {"run_id": made["id"]})
    response.headers["Location"] = f"/v1/venues/{venue_id}/runs/{made['id']}"
    return _run({**made, "is_current": body.publish}, sight)


@router.delete("/v1/venues/{venue_id}/drafts/{draft_id}", status_code=204)
@allow(CHAIRS)
def remove_draft(service: ServiceOf, principal: WhoAsks, venue_id: VenueId, draft_id: str) -> None:
    """Throw a draft away."""
    with service.database.write() as connection:
        row = _named(connection, principal, venue_id, draft_id)
        connection.execute(drafts.delete().where(drafts.c.venue_id == venue_id, drafts.c.id == row["id"]))


# --- rows -----------------------------------------------------------------------------------------------------------


def _named(connection: sa.Connection, principal: Principal, venue_id: str, draft_id: str) -> dict[str, Any]:
    venue_row(connection, venue_id)
    query = sa.select(drafts).where(drafts.c.venue_id == venue_id, drafts.c.id == draft_id)
    row = connection.execute(query).mappings().first()
    if row is None or (principal.person_id is not None and row["key_id"] != principal.key_id):
        raise Problem("not-found", "there is no such draft")
    return dict(row)


def _read(service: Service, principal: Principal, venue_id: str, draft_id: str) -> dict[str, Any]:
    with service.database.read() as connection:
        return _named(connection, principal, venue_id, draft_id)


def _kept(service: Service, principal: Principal, row: dict[str, Any]) -> Draft:
    """Write a changed draft down, unless somebody else was quicker."""
    values = {"steps": row["steps"], "done": row["done"], "version": row["version"] + 1, "changed_at": now()}
    with service.database.write() as connection:
        same = [drafts.c.venue_id == row["venue_id"], drafts.c.id == row["id"], drafts.c.version == row["version"]]
        if not connection.execute(drafts.update().where(*same).values(**values)).rowcount:
            raise Problem("changed", "the draft was changed meanwhile: read it again")
    return _told(service, principal, {**row, **values})


# --- what it does ---------------------------------------------------------------------------------------------------


def _edits_of(body: DraftStep) -> list[dict[str, str]]:
    def plain(action: str, pairs: list[PairNamed]) -> list[dict[str, str]]:
        return [{"action": action, **pair.model_dump()} for pair in pairs]

    return plain("remove", body.remove) + plain("add", body.add)


def _edits(row: Mapping[str, Any]) -> list[Edit]:
    """All edits that hold; only those of a step that said so may exceed limits."""
    steps = row["steps"][: row["done"]]
    return [Edit(**{**edit, "may_exceed": step["may_exceed"]}) for step in steps for edit in step["edits"]]


def edits_of_draft(
    service: Service, principal: Principal, venue_id: str, run_id: str, draft_id: str | None
) -> list[Edit]:
    """The edits of a draft of a run; none without one.

    Raises:
        Problem: there is no such draft, or it is one of another run.
    """
    if draft_id is None:
        return []
    row = _read(service, principal, venue_id, draft_id)
    if row["run_id"] != run_id:
        raise Problem("not-found", "there is no such draft of this run")
    return _edits(row)


def _bench(service: Service, principal: Principal, row: Mapping[str, Any]) -> Workbench:
    result, run = result_for(service, principal, row["venue_id"], row["run_id"])
    return service.results.bench(run["digest"], result, principal.person_id)


def _told(service: Service, principal: Principal, row: Mapping[str, Any]) -> Draft:
    edits = _edits(row)
    effect = _bench(service, principal, row).effect(edits)
    return _line(row, effect.to_plain())


def _line(row: Mapping[str, Any], effect: dict[str, Any] | None = None) -> Draft:
    return Draft(
        **{name: row[name] for name in ("id", "venue_id", "run_id", "version", "created_at", "changed_at")},
        steps=row["done"],
        undone=len(row["steps"]) - row["done"],
        effect=effect,
    )


def _sees_all(service: Service, principal: Principal, row: Mapping[str, Any]) -> bool:
    """Whether nothing of the run is hidden from somebody: neither by the newest records nor by those of the run."""
    seen, run = result_for(service, principal, row["venue_id"], row["run_id"])
    whole = service.results.load(run["digest"])
    is_whole = service.sights.of(principal, row["venue_id"]).is_whole
    return is_whole and len(seen.scores.submissions) == len(whole.scores.submissions)


def _refuse(told: Draft) -> None:
    refused = (told.effect or {})["refused"]
    if refused:
        faults = [{"detail": f"{each['detail']}; {each['remedy']}", "rule": each["rule"]} for each in refused]
        raise Problem("conflict", f"{refused[0]['detail']}; {refused[0]['remedy']}", errors=faults)
