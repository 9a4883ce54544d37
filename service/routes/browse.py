"""An assignment as a chair browses it: all submissions or reviewers as one table, and each of them alone."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from matcher.edits import Edit
from service.auth import CHAIRS, allow
from service.browsing import COLUMNS, Side
from service.problems import Problem
from service.routes.common import PROBLEMS, ServiceOf, VenueId, WhoAsks, operation_id
from service.routes.drafts import edits_of_draft
from service.routes.runs import result_for

__all__ = ["router"]

router = APIRouter(generate_unique_id_function=operation_id, responses=PROBLEMS, tags=["runs"])

Named = Annotated[str, Query(min_length=1, max_length=500)]
OfDraft = Annotated[str | None, Query(max_length=64, description="A draft of this run, to see its edits on top.")]
Count = Annotated[int, Query(ge=0, le=500, description="Most candidates.")]
OnlyFree = Annotated[bool, Query(description="Only candidates that may be; reviewers with room, too.")]


@router.get(
    "/v1/venues/{venue_id}/runs/{run_id}/tables/{side}",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}},
)
@allow(CHAIRS)
def read_whole_table(
    service: ServiceOf, principal: WhoAsks, venue_id: VenueId, run_id: str, side: Side, draft_id: OfDraft = None
) -> Response:
    """Every submission or every reviewer of a run in one answer, for tables that sort and filter by themselves."""
    result, row = result_for(service, principal, venue_id, run_id)
    edits = edits_of_draft(service, principal, venue_id, row["id"], draft_id)
    found = service.results.browsing(row["digest"], result, principal.person_id)
    rows, labels = found.rows(side, edits), found.labels(side)
    whole = {"run_id": row["id"], "columns": list(COLUMNS[side]), "rows": rows, "labels": labels}
    # Written here, in a thread of its own: megabytes would keep everybody waiting in the loop that answers.
    return Response(json.dumps(whole, separators=(",", ":")), media_type="application/json")


@router.get("/v1/venues/{venue_id}/runs/{run_id}/effect")
@allow(CHAIRS)
def tell_effect(
    service: ServiceOf,
    principal: WhoAsks,
    venue_id: VenueId,
    run_id: str,
    submission_id: Named,
    reviewer_id: Named,
    do: Annotated[Literal["add", "remove"], Query()] = "add",
    instead_of: Annotated[str | None, Query(max_length=500, description="A reviewer whose place is taken.")] = None,
    draft_id: OfDraft = None,
) -> dict[str, Any]:
    """What one more edit would do, before it is made. Nothing is kept."""
    result, row = result_for(service, principal, venue_id, run_id)
    edits = edits_of_draft(service, principal, venue_id, row["id"], draft_id)
    new = [Edit("remove", submission_id, instead_of)] if instead_of and do == "add" else []
    new.append(Edit(do, submission_id, reviewer_id))
    bench = service.results.bench(row["digest"], result, principal.person_id)
    before, after = bench.effect(edits).to_plain(), bench.effect([*edits, *new]).to_plain()
    was = {each["reviewer_id"]: each["load"][1] for each in before["reviewers"]}
    concerned = {reviewer_id, instead_of}
    return {
        "refused": after["refused"],
        "submissions": [each for each in after["submissions"] if each["submission_id"] == submission_id],
        "reviewers": [
            {**each, "load": [was.get(each["reviewer_id"], each["load"][0]), each["load"][1]]}
            for each in after["reviewers"]
            if each["reviewer_id"] in concerned
        ],
        "figures": {name: [before["figures"][name][1], values[1]] for name, values in after["figures"].items()},
    }


@router.get("/v1/venues/{venue_id}/runs/{run_id}/submissions/{submission_id:path}")
@allow(CHAIRS)
def read_assigned_submission(
    service: ServiceOf,
    principal: WhoAsks,
    venue_id: VenueId,
    run_id: str,
    submission_id: str,
    draft_id: OfDraft = None,
    count: Count = 20,
    only_free: OnlyFree = True,
) -> dict[str, Any]:
    """A submission of a run: who has it, who could, and who is in conflict with it."""
    result, row = result_for(service, principal, venue_id, run_id)
    _refuse_unknown(submission_id in result.scores.submissions, "submission")
    edits = edits_of_draft(service, principal, venue_id, row["id"], draft_id)
    browsing = service.results.browsing(row["digest"], result, principal.person_id)
    return browsing.submission(submission_id, edits, count=count, only_free=only_free)


@router.get("/v1/venues/{venue_id}/runs/{run_id}/reviewers/{reviewer_id:path}")
@allow(CHAIRS)
def read_assigned_reviewer(
    service: ServiceOf,
    principal: WhoAsks,
    venue_id: VenueId,
    run_id: str,
    reviewer_id: str,
    draft_id: OfDraft = None,
    count: Count = 20,
    only_free: OnlyFree = True,
) -> dict[str, Any]:
    """A reviewer of a run: what they have, what they could, and what they are in conflict with."""
    result, row = result_for(service, principal, venue_id, run_id)
    _refuse_unknown(reviewer_id in result.scores.reviewers, "reviewer")
    edits = edits_of_draft(service, principal, venue_id, row["id"], draft_id)
    browsing = service.results.browsing(row["digest"], result, principal.person_id)
    return browsing.reviewer(reviewer_id, edits, count=count, only_free=only_free)


def _refuse_unknown(is_known: bool, what: str) -> None:
    if not is_known:
        raise Problem("not-found", f"there is no such {what} in this run")
