"""Wire types: what bodies hold, and what answers hold."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

from service.auth import ROLES
from service.storage.database import time_text

__all__ = [
    "AssignedPair",
    "AuditEntry",
    "Candidate",
    "ChangeReport",
    "ConfigBody",
    "ConflictQuestion",
    "Delivery",
    "Draft",
    "DraftRequest",
    "DraftStep",
    "Erased",
    "ErasureRequest",
    "EvidencePart",
    "Job",
    "JobRequest",
    "Key",
    "KeyRequest",
    "KeyTold",
    "Me",
    "Page",
    "PairNamed",
    "RankQuestion",
    "Ranking",
    "Retained",
    "RetentionRequest",
    "Run",
    "SaveRequest",
    "TableChange",
    "Venue",
    "VenueFacts",
    "VenuePatch",
    "VenueRequest",
    "Webhook",
    "WebhookRequest",
    "WebhookTold",
]

T = TypeVar("T")

Time = Annotated[float, PlainSerializer(time_text, return_type=str)]
"""Seconds since 1970 inside, ISO 8601 in UTC outside."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]*$")]
Text = Annotated[str, StringConstraints(max_length=100_000, pattern=r"^[^\x00]*$")]
AnyId = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f]*$")]
Role = Literal[ROLES]  # type: ignore[valid-type]


class _Body(BaseModel):
    """What comes in: nothing that is not named."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[T]):
    """Some of many; `next` asks for those after them."""

    items: list[T]
    next: str | None = Field(default=None, description="The cursor of the next page; null on the last one.")


# --- keys -----------------------------------------------------------------------------------------------------------


class Me(BaseModel):
    """Who the key's holder is."""

    key_id: str
    roles: list[str]
    venue_id: str | None
    person_id: str | None


class KeyRequest(_Body):
    """A key to be made."""

    name: Name
    roles: Annotated[list[Role], Field(min_length=1, max_length=len(ROLES))]
    venue_id: Identifier | None = None
    person_id: AnyId | None = None
    days: Annotated[float, Field(gt=0, le=3660)] = 365


class Key(BaseModel):
    """A key without its secret."""

    id: str
    name: str
    roles: list[str]
    venue_id: str | None
    person_id: str | None
    created_at: Time
    expires_at: Time
    revoked_at: Time | None


class KeyTold(BaseModel):
    """A key that was just made: its secret is told once."""

    id: str
    key: str
    expires_at: Time


class AuditEntry(BaseModel):
    """Something that was done."""

    number: int
    at: Time
    key_id: str
    venue_id: str | None
    action: str
    target: str
    status: int
    request_id: str
    details: dict[str, Any]
    salt: str | None = Field(description="With it the content can be checked; null where what it named was erased.")
    content: str = Field(description="SHA-256 of the salt, the target and the details.")
    hash: str = Field(description="SHA-256 of the entry before this one, and of all of this one.")


# --- venues ---------------------------------------------------------------------------------------------------------


class VenueFacts(_Body):
    """What `venue.toml` holds."""

    name: Name | None = None
    deadline: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None
    reviews_per_submission: Annotated[int, Field(ge=0, le=1000)] | None = None
    max_load: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    min_load: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    double_blind: bool | None = Field(
        default=None, description="False: area chairs and the like are told who wrote what; else they are not."
    )


class VenueRequest(VenueFacts):
    """A venue to be made."""

    id: Identifier
    kind: Literal["venue", "pool"] = "venue"


class VenuePatch(VenueFacts):
    """Facts to be changed; null takes one away."""


class ConfigBody(_Body):
    """Choices of a match by the names of `matcher match --print-config`."""

    config: dict[str, Any] = Field(default_factory=dict, max_length=100)


class Venue(BaseModel):
    """A venue, or a standing pool of reviewers."""

    id: str
    kind: str
    name: str | None = None
    deadline: str | None = None
    reviews_per_submission: int | None = None
    max_load: int | None = None
    min_load: int | None = None
    double_blind: bool | None = None
    config: dict[str, Any]
    version: int
    oldest_version: int = Field(description="Earlier ones are no longer kept.")
    keep_days: float | None = Field(description="Versions older than so many days go; null: they stay.")
    keep_versions: int | None = Field(description="How many versions are kept; null: all.")
    current_run_id: str | None
    created_at: Time
    changed_at: Time
    counts: dict[str, int] = Field(default_factory=dict, description="Records of each table; told of one venue only.")


class TableChange(BaseModel):
    """What a write did to one table."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0


class ChangeReport(BaseModel):
    """What a write did, or would do."""

    version: int
    dry_run: bool
    tables: dict[str, TableChange]
    notices: list[str] = []
    details: dict[str, Any] = {}


class RetentionRequest(_Body):
    """For how long earlier versions of a venue are kept; where both are given, both must hold."""

    days: Annotated[float, Field(gt=0, le=36_600)] | None = Field(
        default=None, description="What has not been the state of the venue for so many days goes."
    )
    versions: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None, description="How many versions are kept, the newest among them."
    )


class Retained(BaseModel):
    """What is kept no longer, or would not be."""

    dry_run: bool
    oldest_version: int = Field(description="The oldest version that is kept.")
    versions: int = Field(description="Versions that went.")
    records: int | None = Field(
        description="Records that only these versions held; null where the key does not see all of them."
    )
    runs: list[str] = Field(description="Runs made from them; the published one stays.")


class ErasureRequest(_Body):
    """A person to be erased."""

    person_id: AnyId


class Erased(BaseModel):
    """What an erasure did, or would do."""

    dry_run: bool
    stand_in: str = Field(description="The name that stands for the person on papers and submissions now.")
    deleted: int = Field(description="Records that were about the person alone, in all versions, and their keys.")
    rewritten: int = Field(description="Records that named the person beside others, in all versions.")
    runs: int = Field(description="Results that were removed; the next job makes one again.")


# --- jobs and runs --------------------------------------------------------------------------------------------------


class JobRequest(_Body):
    """A job to be done."""

    kind: Literal["match", "index"] = Field(
        default="match", description="A whole match, or only what /v1/rank needs: the reviewers' papers encoded."
    )
    config: dict[str, Any] = Field(
        default_factory=dict,
        max_length=100,
        description='Choices other than the venue\'s, by the names of /v1/settings, such as {"encoder": "tfidf"}.',
    )
    version: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="The version of the venue to read; by default the newest."
    )


class Job(BaseModel):
    """A job."""

    id: str
    venue_id: str
    kind: str
    state: Literal["queued", "running", "cancelling", "cancelled", "succeeded", "failed"]
    stage: str
    stages: list[str]
    done: int
    total: int
    eta_s: float | None = Field(description="Seconds until the stage is done, as far as its pace tells.")
    attempts: int
    heartbeat_at: Time | None
    config: dict[str, Any]
    venue_version: int
    content_hash: str
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    error: dict[str, Any] | None
    run_id: str | None


class Run(BaseModel):
    """The result of a job, with what it was made from."""

    id: str
    venue_id: str
    job_id: str | None = Field(description="The job that made it; null for a run that was edited by hand.")
    parent_run_id: str | None = Field(description="The run that was edited by hand; null for the result of a job.")
    kind: str
    number: int
    is_current: bool
    digest: str
    venue_version: int
    created_at: Time
    manifest: dict[str, Any]


class AssignedPair(BaseModel):
    """One assigned pair."""

    submission_id: str
    reviewer_id: str
    score: float | None = None
    marks: list[str] = []


# --- edits by hand --------------------------------------------------------------------------------------------------


class PairNamed(_Body):
    """A pair by its ids."""

    submission_id: AnyId
    reviewer_id: AnyId


class DraftRequest(_Body):
    """A draft to be begun."""

    run_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(
        default="current", description="The run to edit."
    )


class DraftStep(_Body):
    """One step of edits by hand: first the pairs that go, then those that come."""

    remove: Annotated[list[PairNamed], Field(max_length=1000)] = []
    add: Annotated[list[PairNamed], Field(max_length=1000)] = []
    may_exceed: bool = Field(
        default=False, description="Allow more than a maximum load, and more reviews than a submission wants."
    )


class SaveRequest(_Body):
    """How a draft becomes a run."""

    publish: bool = Field(default=False, description="Make the new run the current one.")


class Draft(BaseModel):
    """Edits of a run by hand that are not saved yet."""

    id: str
    venue_id: str
    run_id: str
    version: int
    steps: int = Field(description="Steps that hold.")
    undone: int = Field(description="Steps that were undone and can be done again.")
    created_at: Time
    changed_at: Time
    effect: dict[str, Any] | None = Field(
        description="What all steps together do: added, removed, refused, submissions, reviewers, figures before and "
        "after; null in lists."
    )


# --- questions ------------------------------------------------------------------------------------------------------


class RankQuestion(_Body):
    """One submission, and whom to ask about it."""

    venue_id: Identifier = Field(description="The venue or pool whose reviewers are ranked.")
    title: Text
    abstract: Text = ""
    authors: Annotated[list[dict[str, Any] | str], Field(max_length=500)] = Field(
        default=[], description="Names, or objects as in the table of submissions: name, person_id, email, affiliation."
    )
    count: Annotated[int, Field(ge=1, le=200)] = 10
    suggested: Annotated[list[AnyId], Field(max_length=100)] = Field(
        default=[], description="Ids of people whom the authors suggested: flagged, never preferred."
    )
    opposed: Annotated[list[AnyId], Field(max_length=100)] = Field(
        default=[], description="Ids of people whom the authors opposed: flagged, never left out."
    )
    with_barred: bool = Field(default=False, description="Whether people who may not review it are named too.")
    wanted: Annotated[int, Field(ge=1, le=50)] | None = Field(
        default=None, description="Acceptances that are wanted: `invite` then names whom to ask now."
    )
    rest_days: Annotated[int, Field(ge=0, le=3660)] = Field(
        default=0, description="Whoever was last invited less than so many days ago is left in peace."
    )


class EvidencePart(BaseModel):
    """What one paper adds to a score, or what lowers it; the contributions add up to the score."""

    paper_id: str | None = None
    title: str
    similarity: float | None = None
    contribution: float
    terms: list[str] = []


class Candidate(BaseModel):
    """A reviewer who could be invited."""

    reviewer_id: str
    name: str
    score: float | None = Field(description="Affinity from 0 to 1; null where they have no papers.")
    may_review: bool = Field(description="Whether nothing stands against inviting them now.")
    reasons: list[str] = Field(description="What stands against it.")
    conflicts: list[dict[str, Any]] = Field(description="With the authors: rule, verdict, via, evidence, clears.")
    evidence: list[EvidencePart]
    load: int = Field(description="Submissions that they have open.")
    max_load: int | None
    last_invited: str | None = Field(
        description="When they were last asked to review something; a date or part of one."
    )
    answered: int = Field(description="Invitations that they have answered, by the table of assignments.")
    declined: int = Field(description="How many of these they have declined.")
    accepts: float = Field(description="How likely they are to accept, from earlier answers.")
    expected_acceptances: float = Field(description="When everybody down to them is invited, in this order.")
    is_suggested: bool = Field(description="The authors suggested them; this counts for nothing.")
    is_opposed: bool = Field(description="The authors opposed them; this counts for nothing.")


class Ranking(BaseModel):
    """Reviewers for one submission, in the order in which to invite them."""

    venue_id: str
    venue_version: int
    encoder: str
    candidates: list[Candidate]
    invite: list[str] | None = Field(
        description="The first candidates until `wanted` acceptances are expected; all of them where these do not "
        "suffice, null where nothing was wanted."
    )
    unknown_people: list[str] = Field(description="Suggested or opposed ids that are no reviewers here.")
    repeats: list[dict[str, Any]] = Field(description="Earlier questions with nearly the same text.")


class ConflictQuestion(_Body):
    """Who may be in conflict with what; either may be unknown to the venue."""

    submission_id: AnyId | None = Field(default=None, description="A submission of the venue.")
    authors: Annotated[list[dict[str, Any] | str], Field(max_length=500)] = Field(
        default=[], description="Or the authors of another one."
    )
    reviewer_id: AnyId | None = Field(default=None, description="A person of the venue.")
    person: dict[str, Any] | None = Field(default=None, description="Or somebody else, as a row of `people`.")


class WebhookRequest(_Body):
    """An address to be told."""

    url: Annotated[str, StringConstraints(min_length=8, max_length=2000, pattern=r"^https?://[\x21-\x7e]+$")]


class Webhook(BaseModel):
    """An address that is told."""

    id: str
    url: str
    created_at: Time


class WebhookTold(Webhook):
    """A webhook that was just made, with its secret."""

    secret: str


class Delivery(BaseModel):
    """One message to a webhook."""

    id: str
    event: str
    state: str
    attempts: int
    last_status: str
    created_at: Time
