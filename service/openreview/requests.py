"""What a request of OpenReview's expertise API asks for, and what its ids mean in a venue of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Final, Literal, Self

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from matcher.errors import did_you_mean
from service.openreview.archive import find, known_ids, plain, venues_with
from service.problems import Problem
from service.storage.rows import read_records

__all__ = [
    "DEFAULT_SPARSE",
    "Dataset",
    "Entity",
    "ExpertiseRequest",
    "MatchRequest",
    "Selected",
    "choices_of",
    "ignored_by",
    "resolve",
    "select",
    "unknown",
    "venue_of",
]

_Id = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f]*$")]
_MOST_IDS: Final = 200_000
_MOST_SUBMISSIONS: Final = 2_000
_DEEPEST_GROUP: Final = 10

_ENCODERS: Final[Mapping[str, str]] = {
    "specter": "",
    "specter+mfr": "",
    "specter2": "",
    "scincl": "",
    "specter2+scincl": "",
    "tfidf": "tfidf",
    "tf-idf": "tfidf",
    "bm25": "tfidf",
    "hybrid": "hybrid",
}
"""Its models and our encoders; empty: the encoder of the venue, which the metadata of the result names."""

_SCORES: Final[Mapping[str, str]] = {"max": "max", "avg": "mean"}
DEFAULT_SPARSE: Final = 300
"""How many best pairs of each submission and of each person a result holds, as there."""


class _Shape(BaseModel):
    """Nothing that is not named; names as OpenReview writes them."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=False)


class _Named(_Shape):
    invitation: _Id


class Choice(_Shape):
    """An expertise selection, in the newer and the older form."""

    invitation: _Id | None = None
    exclusion: _Named | None = None

    @property
    def name(self) -> str | None:
        """The invitation."""
        return self.invitation or (self.exclusion.invitation if self.exclusion else None)


class Entity(_Shape):
    """One side of a request: a group of people, or submissions."""

    type: Literal["Group", "Note"]
    member_of: _Id | None = Field(default=None, description="A group.")
    reviewer_ids: Annotated[list[_Id], Field(max_length=_MOST_IDS)] | None = None
    expertise: Choice | None = Field(default=None, description="Which papers count, as people chose them.")
    invitation: _Id | None = Field(default=None, description="The invitation that submissions answered.")
    with_venueid: _Id | None = Field(default=None, description="The venue id of submissions.")
    id: _Id | None = Field(default=None, description="One submission.")
    submission_ids: Annotated[list[_Id], Field(max_length=_MOST_IDS)] | None = Field(
        default=None, description="Alone, or as the only ones of an invitation or venue id that count."
    )
    submissions: Annotated[list[dict[str, Any]], Field(max_length=_MOST_SUBMISSIONS)] | None = Field(
        default=None, description="Submissions that no upload holds: id, title, abstract; or whole notes."
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        people = [self.member_of, self.reviewer_ids]
        notes = [self.invitation, self.with_venueid, self.id, self.submissions]
        mine, others = (people, notes) if self.type == "Group" else (notes, people)
        if sum(each is not None for each in mine) != 1 and not (mine is notes and self._is_by_ids(notes)):
            allowed = (
                "memberOf or reviewerIds"
                if mine is people
                else "invitation, withVenueid, id, submissionIds or submissions"
            )
            raise ValueError(f"a {self.type} has exactly one of {allowed}")
        if any(each is not None for each in others) or (mine is people and self.submission_ids is not None):
            raise ValueError(f"a {self.type} does not have what the other type has")
        if mine is notes and self.expertise is not None:
            raise ValueError("only a Group has an expertise selection")
        return self

    def _is_by_ids(self, notes: Iterable[object]) -> bool:
        return self.submission_ids is not None and all(each is None for each in notes)


class Model(_Shape):
    """How scores are made. What only its own models know is taken and listed in the metadata as ignored."""

    name: Literal[tuple(_ENCODERS)] | None = None  # type: ignore[valid-type]
    sparse_value: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    score_computation: Literal["avg", "max"] | None = None
    use_title: Literal[True] | None = Field(default=None, description="A text without its title is not scored here.")
    use_abstract: bool | None = None
    normalize_scores: bool | None = Field(default=None, description="Ignored: scores are from 0 to 1 here.")
    skip_specter: bool | None = Field(default=None, description="Ignored.")
    use_cuda: bool | None = Field(default=None, description="Ignored.")
    percentile_select: None = Field(default=None, description="Not taken here: scoreComputation says which count.")


class Dataset(_Shape):
    """Which publications count."""

    minimum_pub_date: Annotated[int, Field(ge=0, le=10**14)] | None = Field(
        default=None, description="Milliseconds since 1970."
    )
    top_recent_pubs: Annotated[int, Field(ge=1, le=100_000)] | None = None


class ExpertiseRequest(_Shape):
    """A request for scores between two sides."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]*$")]
    entity_a: Entity
    entity_b: Entity
    model: Model = Field(default_factory=Model)
    dataset: Dataset = Field(default_factory=Dataset)

    @property
    def sides(self) -> tuple[Entity, Entity]:
        """Both entities."""
        return self.entity_a, self.entity_b

    def as_sent(self) -> dict[str, Any]:
        """The request as OpenReview repeats it."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude_unset=True)


class MatchRequest(_Shape):
    """A request to the matcher."""

    config_note_id: _Id = Field(description="The note that configures the match.")


def choices_of(request: ExpertiseRequest) -> dict[str, Any]:
    """Our settings for what a request says about its model."""
    encoder = _ENCODERS.get(request.model.name or "", "")
    found = {"encoder": encoder} if encoder else {}
    if request.model.score_computation is not None:
        found["aggregation"] = _SCORES[request.model.score_computation]
    return found


def ignored_by(request: ExpertiseRequest) -> list[str]:
    """What a request says that plays no part here."""
    names = {"normalize_scores": "normalizeScores", "skip_specter": "skipSpecter", "use_cuda": "useCuda"}
    said = [f"model.{shown}" for name, shown in names.items() if getattr(request.model, name) is not None]
    if request.model.name is not None and not _ENCODERS[request.model.name]:
        said.append("model.name")
    return said


# --- what ids mean --------------------------------------------------------------------------------------------------


def venue_of(connection: sa.Connection, request: ExpertiseRequest, only: str | None) -> str:
    """The venue whose uploads hold every id of a request.

    Args:
        connection: a transaction.
        request: what is asked.
        only: the only venue that the key is for.

    Raises:
        Problem: none holds them, and which upload would; or several do.
    """
    wanted: list[tuple[str, str]] = []
    for side in request.sides:
        wanted += [("group", side.member_of)] if side.member_of else []
        wanted += [("notes", each) for each in (side.invitation, side.with_venueid) if each]
        wanted += [("selection", side.expertise.name)] if side.expertise and side.expertise.name else []
    holders: set[str] | None = None
    for kind, name in wanted:
        found = venues_with(connection, kind, name, only)
        if not found:
            raise unknown(connection, kind, name, only)
        holders = set(found) if holders is None else holders & set(found)
    if holders is None:
        if only is not None:
            return only
        raise Problem("invalid-request", "the request names no group, invitation or venue id: use a key of one venue")
    if len(holders) != 1:
        how = "in no single venue" if not holders else f"in several venues ({', '.join(sorted(holders))})"
        raise Problem("conflict", f"the ids of the request are {how}: use a key of one venue, or upload them together")
    return holders.pop()


_UPLOADS: Final[Mapping[str, tuple[str, str]]] = {
    "group": ("group", "its groups (objects with id and members)"),
    "notes": ("invitation or venue id", "its submissions (notes with invitations and venueid)"),
    "selection": ("expertise selection", "its Expertise_Selection edges"),
    "configuration": ("configuration note", "the configuration note of the match"),
}


def unknown(connection: sa.Connection, kind: str, name: str, only: str | None) -> Problem:
    """The problem that an id is in no upload, with the upload that would bring it.

    Args:
        connection: a transaction.
        kind: a type of `read_references`.
        name: the id.
        only: the only venue that the key is for.
    """
    what, upload = _UPLOADS[kind]
    near = did_you_mean(name, known_ids(connection, kind, only))
    venue = only or "{venue_id}"
    return Problem(
        "not-found",
        f"{what} not found: '{name}' is in no upload{near}. Upload an archive of OpenReview with {upload}: "
        f"POST /v1/venues/{venue}/import/openreview",
    )


@dataclass(frozen=True, slots=True)
class Selected:
    """What a request picks out of a version of a venue.

    Args:
        groups: the reviewers of each side that is a group, by side (`a`, `b`).
        notes: the submissions of each side that is notes.
        papers: what counts of the publications of a person, where somebody chose.
        unknown_people: members of groups whom no upload describes.
        submissions: rows of submissions that came with the request.
    """

    groups: dict[str, list[str]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    papers: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    unknown_people: list[str] = field(default_factory=list)
    submissions: list[dict[str, Any]] = field(default_factory=list)

    def to_plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def resolve(connection: sa.Connection, venue_id: str, version: int, request: ExpertiseRequest) -> Selected:
    """Find out who and what is meant.

    Args:
        connection: a transaction.
        venue_id: the venue whose uploads count.
        version: of the venue.
        request: what is asked.

    Raises:
        Problem: an id is unknown, a group has no members or an invitation no submissions; the message names the upload.
    """
    return select(connection, venue_id, version, request.sides)


def select(connection: sa.Connection, venue_id: str, version: int, sides: tuple[Entity, Entity]) -> Selected:
    """The same for two sides alone."""
    people = _People(connection, venue_id, version)
    selected = Selected()
    for name, side in zip("ab", sides, strict=True):
        if side.type == "Group":
            selected.groups[name] = _members(connection, venue_id, version, side, people, selected)
        else:
            selected.notes[name] = _notes(connection, venue_id, version, side, selected)
    return selected


class _People:
    """Profiles by every id and address that they have."""

    def __init__(self, connection: sa.Connection, venue_id: str, version: int) -> None:
        self.by_name: dict[str, str] = {}
        for record in read_records(connection, venue_id, "reviewers", version=version):
            further = record.body.get("attributes", {}).get("openreview_ids", ())
            aliases = (further,) if isinstance(further, str) else further
            for name in (*aliases, *record.body.get("emails", ())):
                self.by_name.setdefault(str(name).casefold(), record.key)
        for record in read_records(connection, venue_id, "reviewers", version=version):
            self.by_name[record.key.casefold()] = record.key

    def of(self, names: Iterable[str]) -> tuple[set[str], set[str]]:
        """The reviewers among some names, and the names of nobody."""
        found: set[str] = set()
        nobody: set[str] = set()
        for name in names:
            key = self.by_name.get(name.casefold())
            (nobody if key is None else found).add(key or name)
        return found, nobody


def _members(
    connection: sa.Connection, venue_id: str, version: int, side: Entity, people: _People, selected: Selected
) -> list[str]:
    names = set(side.reviewer_ids or ())
    if side.member_of is not None:
        names = _of_group(connection, venue_id, version, side.member_of)
    found, nobody = people.of(names)
    if not found:
        who = f"group '{side.member_of}'" if side.member_of else "reviewerIds"
        raise Problem("not-found", f"{who}: not found: no upload holds a profile of its {len(names)} members")
    selected.unknown_people.extend(sorted(nobody - set(selected.unknown_people)))
    if side.expertise is not None and side.expertise.name is not None:
        record = find(connection, venue_id, "selection", side.expertise.name, version=version)
        for name, choice in (record or {"choices": {}})["choices"].items():
            key = people.by_name.get(name.casefold())
            if key in found:
                selected.papers[key] = choice
    return sorted(found)


def _of_group(connection: sa.Connection, venue_id: str, version: int, name: str, depth: int = 0) -> set[str]:
    """The members of a group, and of the groups in it."""
    record = find(connection, venue_id, "group", name, version=version)
    if record is None:
        raise unknown(connection, "group", name, venue_id)
    names = set()
    for member in record["members"]:
        is_group = not member.startswith("~") and "@" not in member
        if is_group and depth < _DEEPEST_GROUP and find(connection, venue_id, "group", member, version=version):
            names |= _of_group(connection, venue_id, version, member, depth + 1)
        else:
            names.add(member)
    return names


def _notes(connection: sa.Connection, venue_id: str, version: int, side: Entity, selected: Selected) -> list[str]:
    if side.submissions is not None:
        rows = [_submission_row(number, note) for number, note in enumerate(side.submissions)]
        selected.submissions.extend(rows)
        return sorted({row["id"] for row in rows})
    here = {record.key for record in read_records(connection, venue_id, "submissions", version=version)}
    name = side.invitation or side.with_venueid
    if name is not None:
        record = find(connection, venue_id, "notes", name, version=version)
        if record is None:
            raise unknown(connection, "notes", name, venue_id)
        wanted = set(record["members"])
        wanted = wanted if side.submission_ids is None else wanted & set(side.submission_ids)
        found = wanted & here
        if not found:
            raise Problem("not-found", f"'{name}': submissions not found: the venue '{venue_id}' holds none of them")
        return sorted(found)
    wanted = {side.id} if side.id is not None else set(side.submission_ids or ())
    if lacking := sorted(wanted - here):
        near = did_you_mean(lacking[0], here)
        raise Problem("not-found", f"submission not found: '{lacking[0]}' is in no upload of '{venue_id}'{near}")
    return sorted(wanted)


def _submission_row(number: int, note: Mapping[str, Any]) -> dict[str, Any]:
    """A submission that came with the request, as a row of the venue's table."""
    content = note.get("content")
    held = content if isinstance(content, Mapping) else note
    row = {"id": note.get("id"), "title": plain(held, "title"), "abstract": plain(held, "abstract") or ""}
    for name in ("id", "title", "abstract"):
        if not isinstance(row[name], str) or (name != "abstract" and not row[name].strip()):
            fault = {"pointer": f"/submissions/{number}/{name}", "detail": "allowed is text"}
            raise Problem("invalid-data", f"submissions, number {number + 1}: {name}: allowed is text", errors=[fault])
    return row
