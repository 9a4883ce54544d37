"""Around a run: the questions that wait, other weights for one submission, and what an export would hold."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query

from matcher.commands.review import Queue
from matcher.commands.what_if import read_weights
from matcher.conflicts.policy_file import difference, load_policy
from matcher.conflicts.questions import Question, decide
from matcher.export import EXPORTS, ExportData, export
from matcher.records import to_plain
from matcher.what_if import WEIGHTS, rank_again
from service.auth import ANYBODY, CHAIRS, allow
from service.problems import Problem
from service.routes.common import (
    PROBLEMS,
    Cursor,
    Limit,
    Sees,
    ServiceOf,
    VenueId,
    WhoAsks,
    operation_id,
    venue_row,
)
from service.routes.runs import paged, result_for
from service.schemas import Page
from service.storage.rows import read_records

__all__ = ["router"]

router = APIRouter(generate_unique_id_function=operation_id, responses=PROBLEMS)

_LINES = 6
"""Lines of each text file that a preview shows."""
_TEXTS = (".csv", ".json", ".jsonl", ".txt", ".toml", ".xml")


@router.get("/v1/venues/{venue_id}/runs/{run_id}/questions", tags=["decisions"])
@allow(CHAIRS)
def list_questions(
    service: ServiceOf,
    principal: WhoAsks,
    sight: Sees,
    venue_id: VenueId,
    run_id: str,
    everything: Annotated[
        bool, Query(alias="all", description="Those too that would change no assignment, behind the others.")
    ] = False,
    rule: Annotated[str | None, Query(max_length=100, description="Only those of one rule.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[dict[str, Any]]:
    """The doubtful conflicts of a run, each once, by risk and chance of assignment; with what was decided since.

    Hand `rule`, `reviewer_id`, `who`, `verdict`, `confidence` and `facts` of one to `decisions`, with an `outcome`.
    """
    result, row = result_for(service, principal, venue_id, run_id, sight)
    queue = service.results.queue(row["digest"], result, sight)
    with service.database.read() as connection:
        venue_row(connection, venue_id)
        decided = {
            (each.body["rule"], each.body["reviewer_id"], each.body["who"]): each.body
            for each in read_records(connection, venue_id, "decisions")
        }
    listed = queue.listed if everything else queue.mattering
    page = paged([each for each in listed if rule in (None, each.key[0])], limit, cursor)
    return Page[dict[str, Any]](items=[_plain(each, queue, decided) for each in page.items], next=page.next)


def _plain(
    question: Question, queue: Queue, decided: Mapping[tuple[str, str, str], Mapping[str, Any]]
) -> dict[str, Any]:
    known = decide(question, "confirmed", queue.by_key)
    since = decided.get(question.key)
    return {
        "question": question.id,
        "rule": question.key[0],
        "reviewer_id": question.key[1],
        "who": question.key[2],
        "reviewer": question.reviewer,
        "author": question.author,
        "risk": round(question.risk, 4),
        "chance": question.chance,
        "submissions": list(question.submissions),
        "matters_for": list(question.matters_for),
        "evidence": [fact.text for fact in question.conflict.evidence],
        "clears": question.conflict.clears,
        "reopened": question.is_reopened,
        "verdict": known.verdict,
        "confidence": known.confidence,
        "facts": list(known.facts),
        "decision": None if since is None else {"outcome": since["outcome"], "reason": since.get("reason", "")},
    }


@router.get("/v1/venues/{venue_id}/runs/{run_id}/what-if", tags=["runs"])
@allow(CHAIRS)
def rank_under_other_weights(
    service: ServiceOf,
    principal: WhoAsks,
    venue_id: VenueId,
    run_id: str,
    submission_id: Annotated[str, Query(min_length=1, max_length=500)],
    changes: Annotated[
        list[str] | None, Query(alias="set", max_length=20, description="`setting=value`, such as `bid_weight=0.4`.")
    ] = None,
    count: Annotated[int, Query(ge=1, le=500)] = 20,
) -> dict[str, Any]:
    """One submission's ranking under other weights of text, bids and history; nothing is solved."""
    result, _ = result_for(service, principal, venue_id, run_id)
    if submission_id not in result.scores.submissions:
        raise Problem("not-found", "there is no such submission in this run")
    config = replace(result.config, **read_weights(changes or []))
    parts = (result.profiles, result.conflicts, result.scores, result.limits, result.assignment)
    found = rank_again(result.venue, config, *parts, submission_id)
    rows = [
        {**to_plain(each), "name": result.venue.name_of(each.reviewer_id)}
        for place, each in enumerate(found.rows)
        if place < count or each.is_assigned
    ]
    return {
        "submission_id": submission_id,
        "weights": {name: getattr(result.config, name) for name in WEIGHTS},
        "rows": [{**dict.fromkeys(_RANKED), **row} for row in rows],
        "chosen_before": list(found.chosen_before),
        "chosen_after": list(found.chosen_after),
    }


_RANKED = ("before", "after", "rank_before", "rank_after", "status_before", "status_after", "is_assigned", "has_room")


@router.get("/v1/venues/{venue_id}/runs/{run_id}/exports/{system}/preview", tags=["runs"])
@allow(CHAIRS, is_audited=True)
def preview_export(
    service: ServiceOf, principal: WhoAsks, venue_id: VenueId, run_id: str, system: str
) -> dict[str, Any]:
    """The files that an export would hold, with their sizes and first lines."""
    if system not in EXPORTS:
        raise Problem("not-found", f"there is no export '{system[:50]}'; known are {', '.join(EXPORTS)}")
    result, _ = result_for(service, principal, venue_id, run_id)
    bundle = ExportData(result.venue, result.scores, result.conflicts, result.assignment)
    with tempfile.TemporaryDirectory(dir=service.data_dir / "uploads") as place:
        files = export(system, bundle, Path(place))
        return {"files": [_file(Path(place), file) for file in sorted(files)]}


def _file(folder: Path, file: Path) -> dict[str, Any]:
    lines: list[str] = []
    if file.suffix in _TEXTS:
        with file.open(encoding="utf-8", newline="") as stream:
            lines = [line.rstrip("\r\n")[:300] for _, line in zip(range(_LINES), stream, strict=False)]
    return {"name": file.relative_to(folder).as_posix(), "bytes": file.stat().st_size, "lines": lines}


@router.get("/v1/policies/{name}/difference", tags=["reference"])
@allow(ANYBODY)
def compare_policies(name: str, other: Annotated[str, Query(min_length=1, max_length=100)]) -> list[dict[str, Any]]:
    """What two of the policies that are shipped say differently."""
    rows = difference(load_policy(name), load_policy(other))
    return [{"key": key, "first": left, "second": right} for key, left, right in rows]
