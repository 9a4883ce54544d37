"""OpenReview's expertise service and matcher: its addresses, its bodies, its errors; our keys and jobs.

What ids mean comes from `POST /v1/venues/{venue_id}/import/openreview`. A configuration's assignment is read as the
edges that its matcher would post.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse

from matcher import MatchResult
from matcher.rounds import alternates
from service.auth import CHAIRS, Principal, allow
from service.jobs import ACTIVE
from service.openreview.archive import venues_with
from service.openreview.orders import ASKED, configuration_of, part_of_match, settings_of
from service.openreview.requests import ExpertiseRequest, MatchRequest, choices_of, resolve, unknown, venue_of
from service.openreview.scoring import RESULT_FILES
from service.problems import Problem
from service.routes.common import ServiceOf, WhoAsks, operation_id, venue_row
from service.routes.jobs import start_job
from service.state import Service
from service.storage.database import everywhere, now
from service.storage.tables import jobs, runs, venues
from service.webhooks import announce

__all__ = ["router"]

_ERROR: Final[dict[str, Any]] = {"description": "{name, message, status, details}", "content": {"application/json": {}}}
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {"4XX": _ERROR, "5XX": _ERROR}


def _refuse_people(principal: WhoAsks) -> None:
    """Refuse keys of people: in these shapes nothing can be left out that somebody is in conflict with.

    Raises:
        Problem: the key belongs to a person.
    """
    if principal.person_id is not None:
        raise Problem("forbidden", "these addresses are for submission systems: use a key that belongs to no person")


router = APIRouter(
    generate_unique_id_function=operation_id,
    responses=_ERRORS,
    tags=["openreview"],
    dependencies=[Depends(_refuse_people)],
)

_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "queued": ("Queued", "Job is waiting to start"),
    "cancelling": ("Running Expertise", "Job is being cancelled"),
    "succeeded": ("Completed", "Job is complete and the computed scores are ready"),
    "cancelled": ("Error", "Job was cancelled"),
}
_MATCH_STATES: Final[Mapping[str, str]] = {
    "queued": "Queued",
    "running": "Running",
    "cancelling": "Running",
    "succeeded": "Complete",
    "cancelled": "Cancelled",
}
_MOST_LISTED: Final = 1000

JobId = Annotated[str, Query(alias="jobId", min_length=1, max_length=100)]
NoteId = Annotated[str, Query(alias="id", min_length=1, max_length=500)]


# --- expertise ------------------------------------------------------------------------------------------------------


@router.post("/expertise")
@allow(CHAIRS)
def request_expertise(
    service: ServiceOf, principal: WhoAsks, request: Request, body: ExpertiseRequest
) -> dict[str, str]:
    """Start a job that scores people against submissions, people against people, or submissions against submissions."""
    with service.database.read() as connection:
        venue_id = venue_of(connection, body, principal.venue_id)
        resolve(connection, venue_id, int(venue_row(connection, venue_id)["version"]), body)
    request.state.details["venue_id"] = venue_id
    asked = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    row = start_job(
        service,
        principal,
        venue_id,
        kind="expertise",
        config=choices_of(body),
        asked=asked,
        further={ASKED: {"name": body.name, "request": body.as_sent()}},
    )
    return {"jobId": row["id"]}


def _status(row: Mapping[str, Any]) -> dict[str, Any]:
    if row["state"] == "running":
        is_reading = row["stage"] in ("", "import")
        state = "Fetching Data" if is_reading else "Running Expertise"
        told = "Job is reading its data" if is_reading else "Job is running the selected expertise model"
    elif row["state"] == "failed":
        state, told = "Error", str((row["error"] or {}).get("detail", "Job has failed"))
    else:
        state, told = _STATES[row["state"]]
    asked = row["config"][ASKED]
    return {
        "name": asked["name"],
        "tauthor": row["key_id"],
        "jobId": row["id"],
        "status": state,
        "description": told,
        "cdate": int(row["created_at"] * 1000),
        "mdate": int((row["finished_at"] or row["heartbeat_at"] or row["created_at"]) * 1000),
        "request": asked["request"],
    }


def _job(service: Service, principal: Principal, job_id: str) -> Mapping[str, Any]:
    """A job that the key may see; any other is not there."""
    with service.database.read() as connection:
        query = sa.select(jobs).where(jobs.c.id == job_id, jobs.c.kind == "expertise")
        if principal.venue_id is not None:
            query = query.where(jobs.c.venue_id == principal.venue_id)
        row = connection.execute(query).mappings().first()
    if row is None:
        raise Problem("not-found", "Job not found")
    return dict(row)


@router.get("/expertise/status")
@allow(CHAIRS)
def read_expertise_status(
    service: ServiceOf,
    principal: WhoAsks,
    request: Request,
    job_id: Annotated[str, Query(alias="jobId", max_length=100)] = "",
) -> dict[str, Any]:
    """The status of a job; without `jobId` those of all, as `/expertise/status/all`."""
    if job_id:
        return _status(_job(service, principal, job_id))
    return _all(service, principal, request)


@router.get("/expertise/status/all")
@allow(CHAIRS)
def list_expertise_statuses(service: ServiceOf, principal: WhoAsks, request: Request) -> dict[str, Any]:
    """The jobs of the key's venues, newest first; `status`, `memberOf`, `invitation`, `id`, `entityA.id`, … filter."""
    return _all(service, principal, request)


def _all(service: Service, principal: Principal, request: Request) -> dict[str, Any]:
    query = sa.select(jobs).where(jobs.c.kind == "expertise").order_by(jobs.c.created_at.desc()).limit(_MOST_LISTED)
    if principal.venue_id is not None:
        query = query.where(jobs.c.venue_id == principal.venue_id)
    with service.database.read() as connection:
        found = [_status(dict(row)) for row in connection.execute(query).mappings()]
    filters = {name: value for name, value in request.query_params.items() if name != "jobId"}
    return {"results": [each for each in found if all(_fits(each, *wanted) for wanted in filters.items())]}


def _fits(told: Mapping[str, Any], name: str, value: str) -> bool:
    """Whether a job has what a filter wants, which may be the beginning of it."""
    if name == "status":
        return str(told["status"]).casefold().startswith(value.casefold())
    side, _, part = name.rpartition(".")
    sides = (side,) if side else ("entityA", "entityB")
    held = [str(told["request"].get(each, {}).get(part, "")) for each in sides]
    return any(each.casefold().startswith(value.casefold()) for each in held if each)


@router.get(
    "/expertise/results",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in RESULT_FILES}}},
)
@allow(CHAIRS, is_audited=True)
def read_expertise_results(
    service: ServiceOf,
    principal: WhoAsks,
    request: Request,
    job_id: JobId,
    deletes: Annotated[bool, Query(alias="deleteOnGet")] = False,
    format_name: Annotated[str | None, Query(alias="format", pattern="^(json|csv)$")] = None,
) -> Response:
    """The scores: `{"results": […], "metadata": {…}}`, or with `format=csv` (or `Accept: text/csv`) bare lines.

    The body is a file with a known length, so a client never takes half of it for the whole.
    """
    row = _job(service, principal, job_id)
    request.state.details["venue_id"] = row["venue_id"]
    if row["state"] != "succeeded":
        told = _status(row)
        raise Problem("not-found", f"Scores not found - status: {told['status']} | description: {told['description']}")
    with service.database.read() as connection:
        here = [runs.c.venue_id == row["venue_id"], runs.c.id == row["run_id"]]
        digest = connection.execute(sa.select(runs.c.digest).where(*here)).scalar()
    wants_csv = format_name == "csv" or (format_name is None and request.headers.get("accept") == "text/csv")
    kind = "text/csv" if wants_csv else "application/json"
    path = service.results.path(str(digest)) / RESULT_FILES[kind]
    if not path.is_file():
        raise Problem("not-found", "Scores not found - the result was removed: request it again")
    if deletes:
        content = path.read_bytes()
        _delete(service, row)
        return Response(content, media_type=kind)
    return FileResponse(path, media_type=kind)


@router.get("/expertise/delete")
@allow(CHAIRS, is_audited=True)
def delete_expertise_job(service: ServiceOf, principal: WhoAsks, request: Request, job_id: JobId) -> dict[str, Any]:
    """Remove a job that is over, with its scores. A GET, as there; only a key in the header can do it."""
    if "authorization" not in request.headers:
        raise Problem("forbidden", "this takes a key in the Authorization header")
    row = _job(service, principal, job_id)
    request.state.details["venue_id"] = row["venue_id"]
    _delete(service, row)
    return _status(row)


def _delete(service: Service, row: Mapping[str, Any]) -> None:
    if row["state"] in ACTIVE:
        raise Problem("conflict", "the job is not over: cancel it first")
    with service.database.write() as connection:
        here = [runs.c.venue_id == row["venue_id"], runs.c.id == row["run_id"]]
        digest = connection.execute(sa.select(runs.c.digest).where(*here)).scalar()
        connection.execute(runs.delete().where(*here))
        connection.execute(jobs.delete().where(jobs.c.venue_id == row["venue_id"], jobs.c.id == row["id"]))
        with everywhere(connection):  # equal input of another venue gives an equal run
            is_shared = connection.execute(sa.select(runs.c.id).where(runs.c.digest == digest)).first() is not None
    if digest is not None and not is_shared:
        service.results.forget(digest)


# --- the matcher ----------------------------------------------------------------------------------------------------


class _Configuration:
    """A configuration note that the key may use, and its last job."""

    def __init__(self, service: Service, principal: Principal, note_id: str) -> None:
        self.note_id = note_id
        with service.database.read() as connection:
            holders = venues_with(connection, "configuration", note_id, principal.venue_id)
            if not holders:
                raise unknown(connection, "configuration", note_id, principal.venue_id)
            if len(holders) > 1:
                raise Problem("conflict", f"several venues hold '{note_id}': use a key of one venue")
            self.venue_id = holders[0]
            self.content = configuration_of(connection, self.venue_id, note_id)
            self.venue = venue_row(connection, self.venue_id)
            mine = [jobs.c.venue_id == self.venue_id, jobs.c.kind == "match"]
            mine.append(jobs.c.config[ASKED]["configNoteId"].as_string() == note_id)
            query = sa.select(jobs).where(*mine).order_by(jobs.c.created_at.desc(), jobs.c.id).limit(1)
            row = connection.execute(query).mappings().first()
            self.job = None if row is None else dict(row)

    @property
    def status(self) -> tuple[str, str]:
        """The status of the match, and why it has that, where there is a reason."""
        if self.job is None:
            return "Initialized", ""
        if self.job["state"] == "failed":
            error = self.job["error"] or {}
            is_infeasible = error.get("type", "").endswith(":infeasible")
            return "No Solution" if is_infeasible else "Error", str(error.get("detail", ""))
        if self.job["run_id"] is not None and self.job["run_id"] == self.venue["current_run_id"]:
            return "Deployed", ""
        return _MATCH_STATES[self.job["state"]], ""

    def note(self) -> dict[str, Any]:
        """The note as its API shows it."""
        status, message = self.status
        content = {**self.content, "status": status, **({"error_message": message} if message else {})}
        ignored = settings_of(self.content)[1]
        content |= {"ignored_fields": ignored} if ignored else {}
        return {"id": self.note_id, "content": {name: {"value": value} for name, value in content.items()}}

    def result(self, service: Service) -> MatchResult:
        """What the match gave."""
        if self.job is None or self.job["run_id"] is None:
            status, message = self.status
            raise Problem("not-found", f"Assignment not found - status: {status}{message and f' | {message}'}")
        with service.database.read() as connection:
            here = [runs.c.venue_id == self.venue_id, runs.c.id == self.job["run_id"]]
            digest = connection.execute(sa.select(runs.c.digest).where(*here)).scalar()
        if digest is None:
            raise Problem("not-found", "Assignment not found - it was removed: request the match again")
        return service.results.load(digest)


def _hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@router.post("/match")
@allow(CHAIRS)
def request_match(service: ServiceOf, principal: WhoAsks, request: Request, body: MatchRequest) -> dict[str, Any]:
    """Start the match that a configuration note describes. Its status is in the note: `GET /notes?id=…`."""
    found = _Configuration(service, principal, body.config_note_id)
    request.state.details["venue_id"] = found.venue_id
    if found.status[0] in ("Queued", "Running", "Deployed"):
        raise Problem("conflict", f"Match configured by {found.note_id} is already {found.status[0].lower()}")
    settings, _ = settings_of(found.content)
    with service.database.read() as connection:
        part_of_match(connection, found.venue_id, int(found.venue["version"]), found.content)
    start_job(
        service,
        principal,
        found.venue_id,
        kind="match",
        config=settings,
        asked=_hash(found.content),
        further={ASKED: {"configNoteId": found.note_id, "content": found.content}},
    )
    return {}


@router.post("/deploy")
@allow(CHAIRS)
def deploy_match(service: ServiceOf, principal: WhoAsks, request: Request, body: MatchRequest) -> dict[str, Any]:
    """Make the assignment of a configuration the current one of its venue."""
    return _publish(service, principal, request, body.config_note_id, deploys=True)


@router.post("/undeploy")
@allow(CHAIRS)
def undeploy_match(service: ServiceOf, principal: WhoAsks, request: Request, body: MatchRequest) -> dict[str, Any]:
    """Take the assignment of a configuration back: its venue then has no current one."""
    return _publish(service, principal, request, body.config_note_id, deploys=False)


def _publish(
    service: Service, principal: Principal, request: Request, note_id: str, *, deploys: bool
) -> dict[str, Any]:
    found = _Configuration(service, principal, note_id)
    request.state.details["venue_id"] = found.venue_id
    wanted = "Complete" if deploys else "Deployed"
    if found.job is None or found.status[0] != wanted:
        raise Problem("conflict", f"Match configured by {note_id} is not {wanted.lower()}: it is '{found.status[0]}'")
    here = venues.c.id == found.venue_id
    with service.database.write() as connection:
        connection.execute(sa.select(venues.c.id).where(here).with_for_update())
        values = {"current_run_id": found.job["run_id"] if deploys else None, "changed_at": now()}
        connection.execute(venues.update().where(here).values(**values))
        announce(connection, found.venue_id, "run.published", {"run_id": values["current_run_id"]})
    return {}


@router.get("/notes")
@allow(CHAIRS)
def read_configuration(service: ServiceOf, principal: WhoAsks, note_id: NoteId) -> dict[str, Any]:
    """A configuration note with the status of its match, as clients of its API poll it. No other notes are kept."""
    return {"notes": [_Configuration(service, principal, note_id).note()], "count": 1}


@router.get("/edges")
@allow(CHAIRS, is_audited=True)
def read_edges(
    service: ServiceOf,
    principal: WhoAsks,
    request: Request,
    note_id: Annotated[str, Query(alias="configNoteId", min_length=1, max_length=500)],
    invitation: Annotated[str, Query(min_length=1, max_length=500)],
    group_by: Annotated[str | None, Query(alias="groupBy", pattern="^head$")] = None,
) -> dict[str, Any]:
    """What a match gave, as the edges that the matcher posts: of its assignment or its aggregate score invitation.

    Aggregate scores are those of assigned pairs and of alternates, who are never in conflict and have room.
    """
    found = _Configuration(service, principal, note_id)
    request.state.details["venue_id"] = found.venue_id
    assigned, aggregate = (
        str(found.content.get(f"{each}_invitation", "")) for each in ("assignment", "aggregate_score")
    )
    if invitation not in (assigned, aggregate):
        raise Problem("not-found", f"invitation not found: the configuration names '{assigned}' and '{aggregate}'")
    result = found.result(service)
    pairs: list[tuple[str, str, float | None]] = [
        (pair.submission_id, pair.reviewer_id, pair.score) for pair in result.assignment.pairs
    ]
    if invitation == aggregate:
        count = int(found.content.get("alternates") or 0)
        more = alternates(result.scores, result.limits, result.assignment, count=count)
        pairs += [(name, who, score) for name, others in more.items() for who, score in others]
    label = str(found.content.get("title", ""))
    edges: list[dict[str, Any]] = [
        {"invitation": invitation, "head": head, "tail": tail, "weight": weight and round(weight, 6), "label": label}
        for head, tail, weight in sorted(pairs, key=lambda each: each[:2])
    ]
    if group_by is None:
        return {"edges": edges, "count": len(edges)}
    groups: dict[str, list[dict[str, Any]]] = {}
    for edge in edges:
        groups.setdefault(edge["head"], []).append({name: edge[name] for name in ("tail", "weight", "label")})
    grouped = [{"id": {"head": head}, "values": values} for head, values in groups.items()]
    return {"groupedEdges": grouped, "count": len(grouped)}
