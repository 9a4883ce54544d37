"""Questions that need no job: who should review this one paper, who is in conflict, what a policy says."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request

from matcher.commands.choices import resolve_choices
from matcher.conflicts.policy_file import load_policy, policy_text, preset_names, to_plain_policy
from matcher.ingest import read_venue
from matcher.ingest.fields import TABLES, FieldError
from matcher.records import AuthorMention, Person, PersonId, Submission, SubmissionId, to_plain
from matcher.runs import conflict_line
from matcher.standing_pool import Candidate as Found
from matcher.standing_pool import check_people, first_to_invite, rank
from matcher.viewer import without_submissions
from service.auth import ANYBODY, EDITORS, allow
from service.choices import runnable
from service.problems import Problem
from service.ranking import repeats, sketch
from service.routes.common import PROBLEMS, Sees, ServiceOf, VenueId, WhoAsks, operation_id, venue_row
from service.schemas import Candidate, ConflictQuestion, EvidencePart, Ranking, RankQuestion
from service.storage.database import now
from service.storage.folders import venue_folder

__all__ = ["router"]

router = APIRouter(generate_unique_id_function=operation_id, responses=PROBLEMS)


def _authors(given: Sequence[dict[str, Any] | str]) -> tuple[AuthorMention, ...]:
    field = TABLES["submissions"].by_name["authors"]
    try:
        found: tuple[AuthorMention, ...] = field.kind.from_json(list(given), {})
    except FieldError as error:
        fault = {"pointer": "/authors" + error.path.replace("[", "/").replace("]", "").replace(".", "/")}
        raise Problem("invalid-data", f"authors: {error.reason}", errors=[{**fault, "detail": error.reason}]) from None
    return found


@router.post("/v1/rank", tags=["questions"])
@allow(EDITORS)
def rank_reviewers(service: ServiceOf, principal: WhoAsks, request: Request, body: RankQuestion) -> Ranking:
    """Who should review one paper: the order in which to invite, with scores, evidence, conflicts, load.

    The reviewers are those of a venue or standing pool after its latest job; the first question after a job reads them,
    which takes seconds, later ones are answered at once. Who declined, is not available, is in conflict or has a full
    load is left out. People whom the authors suggested or opposed are flagged and count for nothing. Every question is
    in the audit log, and nearly equal texts are told.
    """
    principal.require(body.venue_id, EDITORS)
    text = f"{body.title}\n{body.abstract}"
    request.state.details |= {"venue_id": body.venue_id, "sketch": (mine := sketch(text))}
    with service.database.read() as connection:
        venue_row(connection, body.venue_id)
        # Who else asked about a text is told to nobody who may have written it.
        only_of = None if principal.person_id is None else principal.key_id
        before = repeats(connection, body.venue_id, mine, key_id=only_of)
    pool, version, loads = service.pools.of(body.venue_id, service.sights.of(principal, body.venue_id))
    submission = Submission(
        id=SubmissionId(f"asked-{secrets.token_hex(8)}"),
        title=body.title,
        abstract=body.abstract,
        authors=_authors(body.authors),
    )
    found = rank(
        pool,
        submission,
        count=body.count,
        suggested=body.suggested,
        opposed=body.opposed,
        loads={PersonId(who): count for who, count in loads.items()},
        today=datetime.fromtimestamp(now(), UTC).date(),
        rest_days=body.rest_days,
        with_barred=body.with_barred,
    )
    named = {*body.suggested, *body.opposed}
    return Ranking(
        venue_id=body.venue_id,
        venue_version=version,
        encoder=f"{pool.profiles.encoder.name} {pool.profiles.encoder.digest[:16]}",
        candidates=[_candidate(each, pool.venue.name_of(each.reviewer_id)) for each in found],
        invite=None if body.wanted is None else [each.reviewer_id for each in first_to_invite(found, body.wanted)],
        unknown_people=sorted(who for who in named if PersonId(who) not in pool.venue.reviewer_by_id),
        repeats=before,
    )


def _candidate(each: Found, name: str) -> Candidate:
    return Candidate(
        reviewer_id=each.reviewer_id,
        name=name,
        score=each.score,
        may_review=each.may_review,
        reasons=list(each.reasons),
        conflicts=[
            {key: value for key, value in conflict_line(one).items() if key != "submission_id"}
            for one in each.conflicts
        ],
        evidence=[EvidencePart(**to_plain(one)) for one in each.evidence],
        load=each.load,
        max_load=each.max_load,
        last_invited=None if each.last_invited is None else str(each.last_invited),
        answered=each.answered,
        declined=each.declined,
        accepts=round(each.accepts, 4),
        expected_acceptances=round(each.expected, 4),
        is_suggested=each.is_suggested,
        is_opposed=each.is_opposed,
    )


@router.post("/v1/venues/{venue_id}/conflict-check", tags=["questions"])
@allow(EDITORS)
def check_conflicts(service: ServiceOf, sight: Sees, venue_id: VenueId, body: ConflictQuestion) -> dict[str, Any]:
    """Who is in conflict with what, also for people and submissions that the venue does not hold."""
    if (body.submission_id is None) == (not body.authors):
        raise Problem("invalid-request", "give either submission_id or authors")
    if (body.reviewer_id is None) == (body.person is None):
        raise Problem("invalid-request", "give either reviewer_id or person")
    with service.database.read() as connection:
        row = venue_row(connection, venue_id)
    folder = venue_folder(service.database, service.data_dir / "venues", venue_id, row["version"])
    loaded = read_venue(folder, may_lack_submissions=True)
    venue = (
        without_submissions(loaded.venue, {SubmissionId(each) for each in sight.hidden})
        if sight.hidden
        else loaded.venue
    )
    config = resolve_choices(loaded, None, runnable(row["config"])).config
    if body.submission_id is not None:
        submission = venue.submission(body.submission_id)
    else:
        submission = Submission(id=SubmissionId("asked"), title="asked", authors=_authors(body.authors))
    person = _person(body.person) if body.person else venue.person_by_id.get(PersonId(body.reviewer_id or ""))
    if person is None:
        raise Problem("not-found", "there is no such person in the venue")
    found = check_people(venue, config, [submission], [person])
    return {"conflicts": [conflict_line(each) for each in found.items]}


def _person(given: dict[str, Any]) -> Person:
    try:
        values = TABLES["people"].read({"id": "asked-person", **given}, {})
    except FieldError as error:
        fault = {"pointer": f"/person/{error.path}", "detail": error.reason}
        raise Problem("invalid-data", f"person: {error.path}: {error.reason}", errors=[fault]) from None
    return Person(
        id=PersonId(values["id"]),
        names=tuple(dict.fromkeys((values["name"], *values.get("names", ())))),
        emails=values.get("emails", ()),
        affiliations=values.get("affiliations", ()),
        relations=values.get("relations", ()),
    )


@router.get("/v1/policies", tags=["reference"])
@allow(ANYBODY)
def list_policies() -> list[dict[str, Any]]:
    """The policies about conflicts that are shipped."""
    found = [load_policy(name) for name in preset_names()]
    return [{"name": each.name, "title": each.title, "source": each.source} for each in found]


@router.get("/v1/policies/{name}", tags=["reference"])
@allow(ANYBODY)
def read_policy(name: str) -> dict[str, Any]:
    """One policy: its rules with citations, and its text, from which another can be made."""
    found = load_policy(name)
    return {"policy": to_plain_policy(found), "text": policy_text(found)}
