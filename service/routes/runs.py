"""Runs: what a job found, asked in parts; `current` names the published one."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import sqlalchemy as sa
from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.background import BackgroundTask

from matcher import MatchResult
from matcher.comparison import Side, compare_runs
from matcher.explanation import blinded
from matcher.export import EXPORTS, ExportData, export
from matcher.records import Conflict, Conflicts, to_plain
from matcher.runs import conflict_line
from matcher.viewer import blinded_line
from service.auth import CHAIRS, READERS, Principal, allow
from service.downloads import FORMATS, MadeFile, answer_rows
from service.problems import Problem
from service.routes.common import (
    OF_CHANCE,
    PROBLEMS,
    Cursor,
    DryRun,
    Limit,
    Sees,
    ServiceOf,
    VenueId,
    WhoAsks,
    cursor_of,
    named_run,
    operation_id,
    read_cursor,
    venue_row,
    writing,
)
from service.schemas import AssignedPair, Page, Run
from service.state import Service
from service.storage.database import everywhere, now
from service.storage.tables import jobs, runs, venues
from service.storage.visible import Sight
from service.webhooks import announce

__all__ = ["paged", "result_for", "router", "side_of"]

router = APIRouter(generate_unique_id_function=operation_id, responses=PROBLEMS, tags=["runs"])

_PARTS: Final[Mapping[str, Mapping[str, type]]] = {
    "assignment": {"submission_id": str, "reviewer_id": str, "score": float, "marks": str},
    "conflicts": {
        "submission_id": str,
        "reviewer_id": str,
        "rule": str,
        "verdict": str,
        "via": str,
        "via_name": str,
        "evidence": str,
        "last_date": str,
        "confidence": float,
        "clears": str,
    },
    "scores": {"submission_id": str, "reviewer_id": str, "score": float},
}
"""The parts of a run that can be downloaded, with their columns."""

OfId = Annotated[str | None, Query(max_length=500)]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=500)]


def _run(row: Mapping[str, Any], sight: Sight) -> Run:
    """A run as somebody may see it: digests, seeds and totals tell of what is hidden."""
    values = {name: row[name] for name in Run.model_fields}
    return Run(**values if sight.is_whole else {**values, "digest": "", "manifest": {}})


def result_for(
    service: Service, principal: Principal, venue_id: str, run_id: str, sight: Sight | None = None
) -> tuple[MatchResult, Mapping[str, Any]]:
    """A run as its reader may see it.

    Args:
        service: where.
        principal: who reads.
        venue_id: the venue.
        run_id: the run, or `current`.
        sight: what they see of the venue; looked up if it is not given.

    Raises:
        Problem: there is no such run, it is no match, or nobody knows what conflicts with the reader.
    """
    sight = sight or service.sights.of(principal, venue_id)
    with service.database.read() as connection:
        row = named_run(connection, venue_id, run_id)
    if row["kind"] != "match":
        raise Problem("conflict", "this run holds an index of reviewers and no match")
    is_whole = not principal.roles.isdisjoint(CHAIRS) and principal.person_id is None
    if not is_whole and principal.person_id is None:
        raise Problem("forbidden", "the key needs a person, so that what conflicts with them stays hidden")
    viewer = None if is_whole else principal.person_id
    return service.results.load(row["digest"], viewer=viewer, hidden=sight.hidden), row


@router.get("/v1/venues/{venue_id}/runs")
@allow(CHAIRS)
def list_runs(
    service: ServiceOf, sight: Sees, venue_id: VenueId, limit: Limit = 100, cursor: Cursor = None
) -> Page[Run]:
    """The runs of a venue, newest first."""
    place = read_cursor(cursor, (int,))
    query = sa.select(runs).where(runs.c.venue_id == venue_id).order_by(runs.c.number.desc()).limit(limit + 1)
    if place is not None:
        query = query.where(runs.c.number < place[0])
    with service.database.read() as connection:
        current = venue_row(connection, venue_id)["current_run_id"]
        listed = [{**row, "is_current": row["id"] == current} for row in connection.execute(query).mappings()]
    found = [_run(row, sight) for row in listed]
    return Page[Run](items=found[:limit], next=cursor_of(found[limit - 1].number) if len(found) > limit else None)


@router.get("/v1/venues/{venue_id}/runs/{run_id}")
@allow(CHAIRS)
def read_run(service: ServiceOf, sight: Sees, venue_id: VenueId, run_id: str) -> Run:
    """A run and its manifest: input, model, configuration with the origin of each value, seed, versions, digests."""
    with service.database.read() as connection:
        return _run(named_run(connection, venue_id, run_id), sight)


@router.post("/v1/venues/{venue_id}/runs/{run_id}/publish")
@allow(CHAIRS)
def publish_run(service: ServiceOf, sight: Sees, venue_id: VenueId, run_id: str, dry_run: DryRun = False) -> Run:
    """Make a run the current one: to roll back to an earlier one, or forward again."""
    with writing(service.database, dry_run=dry_run) as connection:
        connection.execute(sa.select(venues.c.id).where(venues.c.id == venue_id).with_for_update())
        row = named_run(connection, venue_id, run_id)
        if row["kind"] != "match":
            raise Problem("conflict", "this run holds an index of reviewers and no match")
        values = {"current_run_id": row["id"], "changed_at": now()}
        connection.execute(venues.update().where(venues.c.id == venue_id).values(**values))
        announce(connection, venue_id, "run.published", {"run_id": row["id"]})
    return _run({**row, "is_current": True}, sight)


@router.delete("/v1/venues/{venue_id}/runs/{run_id}", status_code=204)
@allow(CHAIRS)
def remove_run(service: ServiceOf, venue_id: VenueId, run_id: str, dry_run: DryRun = False) -> None:
    """Remove a run that is not the current one, with its files."""
    with writing(service.database, dry_run=dry_run) as connection:
        row = named_run(connection, venue_id, run_id)
        if row["is_current"]:
            raise Problem("conflict", "this is the current run: publish another one first")
        connection.execute(runs.delete().where(runs.c.venue_id == venue_id, runs.c.id == row["id"]))
        here = [jobs.c.venue_id == venue_id, jobs.c.run_id == row["id"]]
        connection.execute(jobs.update().where(*here).values(run_id=None))
        others = sa.select(runs.c.id).where(runs.c.digest == row["digest"])
        with everywhere(connection):
            is_shared = connection.execute(others).first() is not None
    if not is_shared and not dry_run:
        service.results.forget(row["digest"])


@router.get("/v1/venues/{venue_id}/runs/{run_id}/summary")
@allow(READERS)
def read_summary(service: ServiceOf, principal: WhoAsks, sight: Sees, venue_id: VenueId, run_id: str) -> dict[str, Any]:
    """The figures of a run: what was met, total and its bound, shortfalls, loads."""
    from matcher.comparison import figures

    result, row = result_for(service, principal, venue_id, run_id, sight)
    assignment = result.assignment
    return {
        "run_id": row["id"],
        "submissions": len(result.scores.submissions),
        "reviewers": len(result.scores.reviewers),
        "pairs": len(assignment.pairs),
        "wanted": int(result.limits.wanted.sum()),
        "objective": assignment.objective,
        "bound": assignment.bound,
        "gap": assignment.gap,
        "solver": assignment.solver,
        "shortfalls": len(assignment.shortfalls),
        "underloads": len(assignment.underloads),
        "figures": {name: _plain(value) for name, value in figures(side_of(result)).items()},
    }


def side_of(result: MatchResult) -> Side:
    """A run as comparisons and figures read it."""
    return Side(config=result.config, scores=result.scores, limits=result.limits, assignment=result.assignment)


def _plain(value: Any) -> Any:
    return None if value is None or (isinstance(value, float) and np.isnan(value)) else value


@router.get(
    "/v1/venues/{venue_id}/runs/{run_id}/assignment",
    response_model=Page[AssignedPair],
    responses={304: {"description": "It is as it was."}},
)
@allow(READERS)
def read_assignment(
    service: ServiceOf,
    principal: WhoAsks,
    sight: Sees,
    venue_id: VenueId,
    run_id: str,
    response: Response,
    limit: Limit = 100,
    cursor: Cursor = None,
    submission_id: OfId = None,
    reviewer_id: OfId = None,
    if_none_match: IfNoneMatch = None,
) -> Page[AssignedPair] | Response:
    """Who reviews what."""
    result, row = result_for(service, principal, venue_id, run_id, sight)
    if principal.person_id is None:  # to others an ETag would tell that something hidden changed
        etag = f'"{row["digest"][:32]}"'
        response.headers["ETag"] = etag
        if if_none_match is not None and etag in if_none_match:
            return Response(status_code=304, headers={"ETag": etag})
    pairs = [
        pair
        for pair in result.assignment.pairs
        if submission_id in (None, pair.submission_id) and reviewer_id in (None, pair.reviewer_id)
    ]
    page = paged(pairs, limit, cursor)
    return Page[AssignedPair](items=[AssignedPair(**to_plain(pair)) for pair in page.items], next=page.next)


def paged(items: Any, limit: int, cursor: str | None) -> Page[Any]:
    """A page of a list that never changes: the cursor is a place in it."""
    place = read_cursor(cursor, (int,))
    start = max(0, place[0]) if place else 0
    more = cursor_of(start + limit) if start + limit < len(items) else None
    return Page[Any](items=list(items[start : start + limit]), next=more)


@router.get("/v1/venues/{venue_id}/runs/{run_id}/conflicts")
@allow(READERS)
def read_conflicts(
    service: ServiceOf,
    principal: WhoAsks,
    sight: Sees,
    venue_id: VenueId,
    run_id: str,
    limit: Limit = 100,
    cursor: Cursor = None,
    submission_id: OfId = None,
    reviewer_id: OfId = None,
    rule: Annotated[str | None, Query(max_length=100)] = None,
    verdict: Annotated[str | None, Query(pattern="^(block|ask|clear)$")] = None,
) -> Page[dict[str, Any]]:
    """Conflicts with their evidence, and what would clear them.

    Where reviewing is double-blind, area chairs and the like are told pairs and verdicts only.
    """
    result, _ = result_for(service, principal, venue_id, run_id, sight)

    def is_wanted(each: Conflict) -> bool:
        return (
            submission_id in (None, each.submission_id)
            and reviewer_id in (None, each.reviewer_id)
            and rule in (None, each.rule)
            and verdict in (None, str(each.verdict))
        )

    found = [each for each in result.conflicts.items if is_wanted(each)]
    if sight.is_blinded:
        if rule is not None:
            raise Problem("forbidden", "a rule tells who wrote a submission: leave it out")
        return paged([blinded_line(pair) for pair in Conflicts(tuple(found)).by_pair.values()], limit, cursor)
    page = paged(found, limit, cursor)
    return Page[dict[str, Any]](items=[conflict_line(each) for each in page.items], next=page.next)


@router.get("/v1/venues/{venue_id}/runs/{run_id}/scores")
@allow(READERS)
def read_scores(
    service: ServiceOf,
    principal: WhoAsks,
    sight: Sees,
    venue_id: VenueId,
    run_id: str,
    limit: Limit = 100,
    cursor: Cursor = None,
    submission_id: OfId = None,
    reviewer_id: OfId = None,
) -> Page[dict[str, Any]]:
    """The scores of one submission or of one reviewer, best first."""
    if (submission_id is None) == (reviewer_id is None):
        raise Problem("invalid-request", "give either submission_id or reviewer_id")
    result, _ = result_for(service, principal, venue_id, run_id, sight)
    scores = result.scores
    if submission_id is not None:
        row = scores.submissions.position(submission_id)
        values, status = scores.values[row], result.limits.status[row]
        names = [(submission_id, str(each)) for each in scores.reviewers]
    else:
        column = scores.reviewers.position(str(reviewer_id))
        values, status = scores.values[:, column], result.limits.status[:, column]
        names = [(str(each), str(reviewer_id)) for each in scores.submissions]
    order = np.lexsort((np.arange(len(values)), -np.nan_to_num(values, nan=-1.0))).tolist()
    page = paged(order, limit, cursor)
    items = [
        {
            "submission_id": names[place][0],
            "reviewer_id": names[place][1],
            "score": None if np.isnan(values[place]) else float(values[place]),
            "status": _status_name(int(status[place])),
        }
        for place in page.items
    ]
    return Page[dict[str, Any]](items=items, next=page.next)


def _status_name(status: int) -> str:
    from matcher.records import PairStatus

    return PairStatus(status).name.lower()


@router.get("/v1/venues/{venue_id}/runs/{run_id}/explanation")
@allow(READERS)
def explain_pair(
    service: ServiceOf,
    principal: WhoAsks,
    sight: Sees,
    venue_id: VenueId,
    run_id: str,
    submission_id: Annotated[str, Query(min_length=1, max_length=500)],
    reviewer_id: Annotated[str, Query(min_length=1, max_length=500)],
) -> dict[str, Any]:
    """Why this pair is assigned, why not, or why it may not be; who is next."""
    result, _ = result_for(service, principal, venue_id, run_id, sight)
    found = result.explain(submission_id, reviewer_id)
    found = blinded(found) if sight.is_blinded else found
    plain: dict[str, Any] = to_plain(found)
    return {**plain, "text": str(found)}


@router.get("/v1/venues/{venue_id}/runs/{run_id}/alternates")
@allow(READERS)
def read_alternates(
    service: ServiceOf,
    principal: WhoAsks,
    sight: Sees,
    venue_id: VenueId,
    run_id: str,
    count: Annotated[int, Query(ge=1, le=50)] = 5,
    limit: Limit = 100,
    cursor: Cursor = None,
    submission_id: OfId = None,
) -> Page[dict[str, Any]]:
    """Who could step in for each submission: may review it, and has room."""
    result, row = result_for(service, principal, venue_id, run_id, sight)
    found = service.results.alternates(row["digest"], result, sight, count)
    items = [
        {
            "submission_id": name,
            "alternates": [{"reviewer_id": who, "score": score} for who, score in named],
        }
        for name, named in found.items()
        if submission_id in (None, name)
    ]
    return paged(items, limit, cursor)


@router.get("/v1/venues/{venue_id}/runs/{run_id}/shortfalls")
@allow(CHAIRS)
def read_shortfalls(
    service: ServiceOf, principal: WhoAsks, sight: Sees, venue_id: VenueId, run_id: str
) -> dict[str, Any]:
    """What could not be met, the smallest sets of reasons, and ways out that were tried."""
    result, _ = result_for(service, principal, venue_id, run_id, sight)
    return {
        "shortfalls": [to_plain(each) for each in result.assignment.shortfalls],
        "underloads": [to_plain(each) for each in result.assignment.underloads],
        "reasons": [to_plain(each) for each in result.infeasibility],
    }


@router.get("/v1/venues/{venue_id}/runs/{run_id}/comparison")
@allow(CHAIRS)
def compare_two(
    service: ServiceOf,
    principal: WhoAsks,
    sight: Sees,
    venue_id: VenueId,
    run_id: str,
    other: Annotated[str, Query(min_length=1, max_length=64, description="The later run.")],
) -> dict[str, Any]:
    """What another run of the venue does differently: pairs, winners and losers, loads, figures."""
    before, _ = result_for(service, principal, venue_id, run_id, sight)
    after, _ = result_for(service, principal, venue_id, other, sight)
    found: dict[str, Any] = json.loads(json.dumps(to_plain(compare_runs(side_of(before), side_of(after))), default=str))
    if not sight.is_whole and "settings" in found:
        kept = {key: each for key, each in found["settings"].items() if key.rpartition(".")[2] not in OF_CHANCE}
        found["settings"] = kept
    return found


@router.get("/v1/venues/{venue_id}/runs/{run_id}/report", response_class=HTMLResponse)
@allow(CHAIRS, is_audited=True)
def read_report(service: ServiceOf, principal: WhoAsks, sight: Sees, venue_id: VenueId, run_id: str) -> Response:
    """The report as one HTML page."""
    result, row = result_for(service, principal, venue_id, run_id, sight)
    if principal.person_id is None:
        return FileResponse(service.results.path(row["digest"]) / "report.html", media_type="text/html")
    return HTMLResponse(result.report(viewer=principal.person_id))


# --- downloads ------------------------------------------------------------------------------------------------------


@router.get(
    "/v1/venues/{venue_id}/runs/{run_id}/downloads/{part}",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in FORMATS.values()}}},
)
@allow(READERS, is_audited=True)
def download_part(
    service: ServiceOf,
    principal: WhoAsks,
    sight: Sees,
    venue_id: VenueId,
    run_id: str,
    part: str,
    format_name: Annotated[str, Query(alias="format", pattern="^(ndjson|csv|parquet)$")] = "ndjson",
) -> Response:
    """The assignment, the conflicts or all scores as a file with a checksum."""
    if part not in _PARTS:
        raise Problem("not-found", f"there is no part '{part[:50]}'; known are {', '.join(_PARTS)}")
    result, _ = result_for(service, principal, venue_id, run_id, sight)
    rows = {"assignment": _pairs, "conflicts": _conflicts, "scores": _scores}[part]
    columns = _PARTS[part]
    if part == "conflicts" and sight.is_blinded:
        rows, columns = (
            _blinded_conflicts,
            {name: columns[name] for name in ("submission_id", "reviewer_id", "verdict")},
        )
    return answer_rows(lambda: rows(result), columns, part, format_name, service.data_dir / "uploads")


def _pairs(result: MatchResult) -> Iterator[Mapping[str, Any]]:
    return (to_plain(pair) for pair in result.assignment.pairs)


def _conflicts(result: MatchResult) -> Iterator[Mapping[str, Any]]:
    return (conflict_line(each) for each in result.conflicts.items)


def _blinded_conflicts(result: MatchResult) -> Iterator[Mapping[str, Any]]:
    return (blinded_line(pair) for pair in result.conflicts.by_pair.values())


def _scores(result: MatchResult) -> Iterator[Mapping[str, Any]]:
    scores = result.scores
    for row, submission_id in enumerate(scores.submissions):
        for reviewer_id, value in zip(scores.reviewers, scores.values[row].tolist(), strict=True):
            yield {
                "submission_id": submission_id,
                "reviewer_id": reviewer_id,
                "score": None if value != value else value,  # noqa: PLR0124  # NaN: not scored
            }


@router.get(
    "/v1/venues/{venue_id}/runs/{run_id}/exports/{system}",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}}},
)
@allow(CHAIRS, is_audited=True)
def export_run(
    service: ServiceOf,
    principal: WhoAsks,
    sight: Sees,
    venue_id: VenueId,
    run_id: str,
    system: str,
    raw: Annotated[
        bool, Query(description="Cells as they are, for programs only; else no spreadsheet runs them.")
    ] = False,
) -> Response:
    """The files of another system (cmt, csv, easychair, hotcrp, json, openreview, parquet), packed as zip."""
    if system not in EXPORTS:
        raise Problem("not-found", f"there is no export '{system[:50]}'; known are {', '.join(EXPORTS)}")
    result, _ = result_for(service, principal, venue_id, run_id, sight)
    bundle = ExportData(result.venue, result.scores, result.conflicts, result.assignment)
    folder = service.data_dir / "uploads"
    with tempfile.TemporaryDirectory(dir=folder) as place:
        files = export(system, bundle, Path(place), guard=not raw)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".zip", delete=False) as stream:
            packed = Path(stream.name)
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.relative_to(place))
    headers = {"Content-Disposition": f'attachment; filename="{system}.zip"'}
    task = BackgroundTask(packed.unlink)
    return MadeFile(packed, media_type="application/zip", headers=headers, background=task)
