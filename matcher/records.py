"""The data model: every type that crosses a stage.

All types are frozen and complete when built: a later stage makes a new type, it never fills a field in. Arrays are
read-only, and types made of arrays compare by identity. Letters in docstrings: S submissions, R reviewers, P papers,
M rows of profiles, D length of a vector. Every matrix has submissions in rows: (S, R).
"""

from __future__ import annotations

import calendar
import hashlib
import itertools
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from datetime import date
from enum import IntEnum, StrEnum
from functools import cache, cached_property
from types import MappingProxyType, NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Generic,
    Literal,
    NewType,
    Self,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np
import numpy.typing as npt

from matcher.errors import DataError, UnknownNameError, did_you_mean

if TYPE_CHECKING:
    import scipy.sparse as sp

__all__ = [
    "CIRCLES",
    "CONSTRAINT_KINDS",
    "INVITATIONS",
    "KINDS",
    "OBJECTIVES",
    "PAIR_TESTS",
    "RELATION_KINDS",
    "Affiliation",
    "Assignment",
    "AuthorMention",
    "Bid",
    "Certificate",
    "Conflict",
    "Conflicts",
    "Constraint",
    "Deadline",
    "Decision",
    "DeclaredConflict",
    "EncoderInfo",
    "Evidence",
    "EvidencePaper",
    "ExistingAssignment",
    "Explanation",
    "ExternalScore",
    "FixedPair",
    "Goal",
    "HistoryEntry",
    "Index",
    "Infeasibility",
    "JoinedVectors",
    "Limits",
    "Marginals",
    "Pair",
    "PairStatus",
    "Paper",
    "PaperId",
    "PartialDate",
    "Person",
    "PersonId",
    "Profiles",
    "Progress",
    "QuestionPrice",
    "RankedReviewer",
    "Recommendation",
    "Relation",
    "Relaxation",
    "Reviewer",
    "RoleLoad",
    "RulePrices",
    "ScoreMatrix",
    "Shortfall",
    "SideRule",
    "SourceRef",
    "Submission",
    "SubmissionId",
    "Underload",
    "VectorInstance",
    "Venue",
    "VenueDefaults",
    "Verdict",
    "Violation",
    "by_column",
    "canonical_json",
    "from_plain",
    "inner_products",
    "text_of",
    "to_plain",
]

PaperId = NewType("PaperId", str)
PersonId = NewType("PersonId", str)
SubmissionId = NewType("SubmissionId", str)

A = TypeVar("A", bound=np.ndarray[Any, Any])
I = TypeVar("I", bound=str)  # noqa: E741  # an id
T = TypeVar("T")

Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Vectors: TypeAlias = "Floats | sp.csr_array | JoinedVectors"
"""Unit rows, dense float32, sparse CSR or both; a row of zeros is a text without any known term."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called by long stages with the stage's name, the number of things done and their total."""

KINDS: Final = (
    "conference",
    "journal",
    "workshop",
    "preprint",
    "chapter",
    "thesis",
    "demo",
    "statement",
    "other",
)
"""What a paper is. `statement` is no publication: a reviewer's own words on their expertise, marked as such."""

RELATION_KINDS: Final = (
    "advisor",
    "coadvisor",
    "advisee",
    "mentee",
    "host",
    "mentor",
    "manager",
    "coorganizer",
    "grant_lead",
    "coworker",
    "coauthor",
    "co_pi",
    "coeditor",
    "family",
    "other",
)

OBJECTIVES: Final = ("max-total", "max-min", "leximin", "cvar", "randomised", "perturbed", "greedy", "random")
"""What an assignment can optimise; greedy and random are baselines and prove nothing."""

INVITATIONS: Final = ("accepted", "invited", "declined", "retired")
SUBMISSION_STATES: Final = ("active", "withdrawn", "desk_rejected")
ASSIGNMENT_STATES: Final = ("proposed", "accepted", "declined", "done")


def _read_only(array: A) -> A:
    """A read-only view, so that nobody's own array is locked."""
    view = array.view()
    view.flags.writeable = False
    return view


def _frozen_mapping(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType({key: values[key] for key in sorted(values)})


# --- dates ----------------------------------------------------------------------------------------------------------

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?\Z")


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date that knows its precision: a year, a month of a year, or a day. Nothing is ever filled in.

    Partial dates have no order of their own: sort by `first_day` or `last_day`.

    >>> PartialDate.parse("2023-06").last_day()
    datetime.date(2023, 6, 30)
    >>> str(PartialDate(2023))
    '2023'
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if not 1000 <= self.year <= 9999:
            raise ValueError(f"year {self.year} is not a year of four digits")
        if self.day is not None and self.month is None:
            raise ValueError("a day needs a month")
        month, day = (1 if part is None else part for part in (self.month, self.day))
        date(self.year, month, day)  # refuses month 0 and 13, and 30 February

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2023`, `2023-06` or `2023-06-09`.

        Raises:
            ValueError: another form, or no day of the calendar.
        """
        found = _DATE.match(text.strip())
        if found is None:
            raise ValueError(f"'{text}' is no date: allowed are YYYY, YYYY-MM and YYYY-MM-DD")
        year, month, day = (int(part) if part else None for part in found.groups())
        if year is None:
            raise ValueError(f"'{text}' has no year")
        return cls(year, month, day)

    @property
    def precision(self) -> Literal["year", "month", "day"]:
        """How much of the date is known."""
        return "year" if self.month is None else "month" if self.day is None else "day"

    def first_day(self) -> date:
        """The earliest day that this can mean."""
        return date(self.year, self.month or 1, self.day or 1)

    def last_day(self) -> date:
        """The latest day that this can mean."""
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def __str__(self) -> str:
        parts = [f"{self.year:04d}"]
        parts += [f"{part:02d}" for part in (self.month, self.day) if part is not None]
        return "-".join(parts)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The day on which windows are anchored, and where it was read.

    Args:
        day: the submission deadline.
        origin: the file, flag or rule that gave it; shown wherever the deadline decides something.
    """

    day: date
    origin: str


# --- people and papers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SourceRef:
    """Where a record was read: a file, and a one-based line where there is one."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class AuthorMention:
    """A name as printed on one paper or submission, and who it is if the source says so.

    Args:
        name: as printed, without markers.
        person_id: given by the source; `None` where nobody said who it is (`identity` may then find out).
        email: address printed beside the name, lower case.
        affiliation: organisation printed beside the name.
        domain: mail domain of that affiliation, lower case.
        marks: markers removed from the name (`*`, affiliation letters).
    """

    name: str
    person_id: PersonId | None = None
    email: str | None = None
    affiliation: str | None = None
    domain: str | None = None
    marks: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A published work: evidence of expertise and of who worked with whom.

    Args:
        id: unique in the venue, prefix of its source kept.
        title: never empty.
        abstract: may be empty.
        dates: what is known of its dates: none, one, or several (a preprint's and its proceedings').
        authors: in byline order.
        published_in: name of the conference, journal or series; may be empty.
        kind: one of `KINDS`.
        full_text: the whole text, where it was given; may be empty.
        sources: where it was read; several when records of one work were merged. No part of the venue's digest: the
            same content in another order of lines is the same venue.
    """

    id: PaperId
    title: str
    abstract: str = ""
    dates: tuple[PartialDate, ...] = ()
    authors: tuple[AuthorMention, ...] = ()
    published_in: str = ""
    kind: str = "other"
    sources: tuple[SourceRef, ...] = field(default=(), metadata={"is_place": True})
    full_text: str = ""

    @property
    def text(self) -> str:
        """What encoders read: title and abstract in one string."""
        return text_of(self.title, self.abstract)


def text_of(title: str, abstract: str) -> str:
    """Title + ". " + abstract, without a doubled full stop and without a dangling one.

    >>> text_of("Sparse training.", "We train.")
    'Sparse training. We train.'
    >>> text_of("Sparse training", "")
    'Sparse training'
    """
    title, abstract = title.strip(), abstract.strip()
    if not abstract:
        return title
    if not title:
        return abstract
    return f"{title} {abstract}" if title[-1] in ".?!" else f"{title}. {abstract}"


@dataclass(frozen=True, slots=True)
class Affiliation:
    """Where a person was, and when. `start` and `end` are inclusive, `None` is open.

    Args:
        organisation: as written; may be empty when only a domain is known.
        domain: mail domain, lower case; `None` when not known.
        role: position as written; may be empty.
        start: first date known.
        end: last date known; `None` means still there, as far as the source knows.
    """

    organisation: str = ""
    domain: str | None = None
    role: str = ""
    start: PartialDate | None = None
    end: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """A tie between two people that no paper need show.

    Args:
        kind: one of `RELATION_KINDS`: what `other` is to the person who has this relation.
        other: name of the other person as written.
        other_id: who that is, if the source says so.
        start: first date known.
        end: last date known; `None` means open.
        evidence: the line it was read from, or a declaration.
    """

    kind: str
    other: str
    other_id: PersonId | None = None
    start: PartialDate | None = None
    end: PartialDate | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Anyone named in a venue: reviewer, author, or both.

    Args:
        id: unique in the venue.
        names: all known spellings, the preferred one first; never empty.
        emails: addresses, lower case.
        affiliations: dated where the source dates them.
        relations: declared or read from a CV.
    """

    id: PersonId
    names: tuple[str, ...]
    emails: tuple[str, ...] = ()
    affiliations: tuple[Affiliation, ...] = ()
    relations: tuple[Relation, ...] = ()

    @property
    def name(self) -> str:
        """The preferred spelling."""
        return self.names[0]


@dataclass(frozen=True, slots=True)
class RoleLoad:
    """Load of one person in one further role (area chair, emergency reviewer, …), in submissions."""

    role: str
    max_load: int
    min_load: int = 0


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A role on a person.

    Args:
        person_id: who reviews.
        paper_ids: the publications that show their expertise.
        interests: areas in their own words.
        max_load: most submissions; `None` takes the venue's default.
        min_load: fewest submissions; `None` takes the venue's default.
        invitation: one of `INVITATIONS`; who declined or retired gets no submission but stays known.
        availability: share of the load they can carry, 0 to 1.
        last_invited: when they were last asked to review something, anywhere; told by whoever invites.
        roles: loads in further roles.
        attributes: seniority, region, … for constraints.
    """

    person_id: PersonId
    paper_ids: tuple[PaperId, ...] = ()
    interests: tuple[str, ...] = ()
    max_load: int | None = None
    min_load: int | None = None
    invitation: str = "accepted"
    availability: float = 1.0
    last_invited: PartialDate | None = None
    roles: tuple[RoleLoad, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", _frozen_mapping(self.attributes))

    @property
    def areas_id(self) -> PaperId:
        """Under which the stated areas stand in profiles, where they count."""
        return PaperId(f"areas of {self.person_id}")

    @property
    def areas_text(self) -> str:
        """The stated areas as one text."""
        return "; ".join(self.interests)


@dataclass(frozen=True, slots=True)
class Submission:
    """What is to be reviewed. It is no evidence of anybody's expertise.

    Args:
        id: unique in the venue.
        title: never empty.
        abstract: may be empty.
        authors: in byline order.
        reviews_wanted: `None` takes the venue's default.
        keywords: as the authors chose them.
        status: one of `SUBMISSION_STATES`; what is not active gets no reviewers but still counts for conflicts.
        track: name of the track, or empty.
        attributes: for constraints.
        full_text: the whole text, where it was given; may be empty.
        load_weight: how much of a load one review of it takes, such as 0.5 for a short paper; `None` is 1.
    """

    id: SubmissionId
    title: str
    abstract: str = ""
    authors: tuple[AuthorMention, ...] = ()
    reviews_wanted: int | None = None
    keywords: tuple[str, ...] = ()
    status: str = "active"
    track: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    full_text: str = ""
    load_weight: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", _frozen_mapping(self.attributes))

    @property
    def text(self) -> str:
        """What encoders read: title and abstract in one string."""
        return text_of(self.title, self.abstract)


# --- what a chair adds about pairs ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class DeclaredConflict:
    """Somebody declared this pair to be a conflict. A hard rule."""

    submission_id: SubmissionId
    reviewer_id: PersonId
    reason: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Bid:
    """What a reviewer answered about a submission, as written by their system."""

    submission_id: SubmissionId
    reviewer_id: PersonId
    bid: str


@dataclass(frozen=True, slots=True, order=True)
class FixedPair:
    """A pair that the chair requires or forbids. A hard rule."""

    submission_id: SubmissionId
    reviewer_id: PersonId
    kind: Literal["require", "forbid"]


@dataclass(frozen=True, slots=True, order=True)
class ExistingAssignment:
    """A pair assigned earlier, with its state (one of `ASSIGNMENT_STATES`), role and round."""

    submission_id: SubmissionId
    reviewer_id: PersonId
    state: str = "proposed"
    role: str = "reviewer"
    round: int = 1


@dataclass(frozen=True, slots=True, order=True)
class HistoryEntry:
    """Who reviewed an earlier version of a submission, and whether the authors want them again."""

    submission_id: SubmissionId
    reviewer_id: PersonId
    earlier_id: str = ""
    wish: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Recommendation:
    """A reviewer that somebody (an area chair, say) recommended for a submission."""

    submission_id: SubmissionId
    reviewer_id: PersonId
    by: str = ""
    weight: float = 1.0


@dataclass(frozen=True, slots=True, order=True)
class ExternalScore:
    """An affinity score that another system computed, on that system's own scale; `source` names the system."""

    submission_id: SubmissionId
    reviewer_id: PersonId
    score: float
    source: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Decision:
    """What somebody decided about one rule between two people, and on which evidence.

    Args:
        rule: the rule that asked.
        reviewer_id: the reviewer.
        who: the author: a person's id, or `name:` and a normalised name for one whom nobody knows by id.
        outcome: `confirmed` (it is a conflict) or `dismissed` (it is none).
        verdict: what the rule said then, `ask` or `block`.
        confidence: of the rule then.
        facts: digests of the facts that were known then, sorted.
        by: who decided; may be empty.
        reason: in their words; may be empty.
    """

    rule: str
    reviewer_id: PersonId
    who: str
    outcome: Literal["confirmed", "dismissed"]
    verdict: str = "ask"
    confidence: float = 1.0
    facts: tuple[str, ...] = ()
    by: str = ""
    reason: str = ""


# --- the whole input ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VenueDefaults:
    """Facts of the venue that hold where a row says nothing; `None` where the venue says nothing either."""

    reviews_per_submission: int | None = None
    max_load: int | None = None
    min_load: int | None = None


@dataclass(frozen=True)
class Venue:
    """The whole input of a match, sorted by id so that the order of files and lines never matters.

    Build it with `Venue.of`, which sorts, completes the people named only on papers, and refuses dangling ids.

    Args:
        name: for people to read.
        papers: sorted by id.
        people: sorted by id; every reviewer and every author with an id is one of them.
        reviewers: sorted by person id.
        submissions: sorted by id.
        declared: declared conflicts, sorted.
        bids: sorted.
        fixed: required and forbidden pairs, sorted.
        assignments: earlier assignments with their state.
        history: who reviewed earlier versions.
        recommendations: sorted.
        external_scores: affinity scores that other systems computed, sorted.
        decisions: about conflicts, one for each question, sorted.
        deadline: anchors every window; `None` where the venue has none.
        defaults: demand and loads where a row says nothing.
    """

    name: str
    papers: tuple[Paper, ...]
    people: tuple[Person, ...]
    reviewers: tuple[Reviewer, ...]
    submissions: tuple[Submission, ...]
    declared: tuple[DeclaredConflict, ...] = ()
    bids: tuple[Bid, ...] = ()
    fixed: tuple[FixedPair, ...] = ()
    assignments: tuple[ExistingAssignment, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    external_scores: tuple[ExternalScore, ...] = ()
    deadline: Deadline | None = None
    defaults: VenueDefaults = VenueDefaults()
    decisions: tuple[Decision, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        name: str = "venue",
        papers: Iterable[Paper] = (),
        people: Iterable[Person] = (),
        reviewers: Iterable[Reviewer] = (),
        submissions: Iterable[Submission] = (),
        declared: Iterable[DeclaredConflict] = (),
        bids: Iterable[Bid] = (),
        fixed: Iterable[FixedPair] = (),
        assignments: Iterable[ExistingAssignment] = (),
        history: Iterable[HistoryEntry] = (),
        recommendations: Iterable[Recommendation] = (),
        external_scores: Iterable[ExternalScore] = (),
        deadline: Deadline | None = None,
        defaults: VenueDefaults | None = None,
        decisions: Iterable[Decision] = (),
    ) -> Self:
        """Build a venue: sort, add the people who are named with an id on papers only, check every reference.

        Raises:
            DataError: an id occurs twice or points nowhere, or a pair is both required and forbidden.
        """
        papers = _sorted_unique("paper", papers, lambda paper: paper.id)
        submissions = _sorted_unique("submission", submissions, lambda submission: submission.id)
        reviewers = _sorted_unique("reviewer", reviewers, lambda reviewer: reviewer.person_id)
        people = _with_named_people(_sorted_unique("person", people, lambda person: person.id), papers, submissions)
        venue = cls(
            name=name,
            papers=papers,
            people=people,
            reviewers=reviewers,
            submissions=submissions,
            declared=tuple(sorted(set(declared))),
            bids=tuple(sorted(set(bids))),
            fixed=tuple(sorted(set(fixed))),
            assignments=tuple(sorted(set(assignments))),
            history=tuple(sorted(set(history))),
            recommendations=tuple(sorted(set(recommendations))),
            external_scores=tuple(sorted(set(external_scores))),
            deadline=deadline,
            defaults=defaults or VenueDefaults(),
            decisions=tuple(sorted(set(decisions))),
        )
        venue._refuse_dangling_ids()
        venue._refuse_contradictions()
        return venue

    def _refuse_dangling_ids(self) -> None:
        for reviewer in self.reviewers:
            if reviewer.person_id not in self.person_by_id:
                raise DataError(f"reviewer '{reviewer.person_id}' is not among the people")
            for paper_id in reviewer.paper_ids:
                if paper_id not in self.paper_by_id:
                    guess = did_you_mean(paper_id, self.paper_by_id)
                    raise DataError(f"reviewer '{reviewer.person_id}': paper id '{paper_id}' is not known{guess}")
        named: tuple[tuple[str, Sequence[Any]], ...] = (
            ("declared conflict", self.declared),
            ("bid", self.bids),
            ("fixed pair", self.fixed),
            ("assignment", self.assignments),
            ("history", self.history),
            ("recommendation", self.recommendations),
            ("external score", self.external_scores),
        )
        for what, rows in named:
            for row in rows:
                if row.submission_id not in self.submission_by_id:
                    guess = did_you_mean(row.submission_id, self.submission_by_id)
                    raise DataError(f"{what}: submission id '{row.submission_id}' is not known{guess}")
                if row.reviewer_id not in self.reviewer_by_id:
                    guess = did_you_mean(row.reviewer_id, self.reviewer_by_id)
                    raise DataError(f"{what}: reviewer id '{row.reviewer_id}' is not known{guess}")

    def _refuse_contradictions(self) -> None:
        for one, other in itertools.pairwise(self.fixed):  # sorted, so what is said of one pair stands together
            if (one.submission_id, one.reviewer_id) == (other.submission_id, other.reviewer_id):
                pair = f"'{one.submission_id}', '{one.reviewer_id}'"
                raise DataError(f"the pair {pair} is both required and forbidden", remedy="keep one of the two")

    @cached_property
    def paper_by_id(self) -> Mapping[PaperId, Paper]:
        """Every paper by its id."""
        return {paper.id: paper for paper in self.papers}

    @cached_property
    def person_by_id(self) -> Mapping[PersonId, Person]:
        """Every person by their id."""
        return {person.id: person for person in self.people}

    @cached_property
    def reviewer_by_id(self) -> Mapping[PersonId, Reviewer]:
        """Every reviewer by their person id."""
        return {reviewer.person_id: reviewer for reviewer in self.reviewers}

    @cached_property
    def submission_by_id(self) -> Mapping[SubmissionId, Submission]:
        """Every submission by its id."""
        return {submission.id: submission for submission in self.submissions}

    def submission(self, submission_id: str) -> Submission:
        """The submission of that id.

        Raises:
            UnknownNameError: there is none; the message says which id is closest.
        """
        found = self.submission_by_id.get(SubmissionId(unicodedata.normalize("NFC", submission_id)))
        if found is None:
            raise UnknownNameError("submission", submission_id, self.submission_by_id)
        return found

    def reviewer(self, reviewer_id: str) -> Reviewer:
        """The reviewer of that person id.

        Raises:
            UnknownNameError: there is none; the message says which id is closest.
        """
        found = self.reviewer_by_id.get(PersonId(unicodedata.normalize("NFC", reviewer_id)))
        if found is None:
            raise UnknownNameError("reviewer", reviewer_id, self.reviewer_by_id)
        return found

    def name_of(self, person_id: PersonId) -> str:
        """The preferred name of a person."""
        return self.person_by_id[person_id].name

    def with_submissions(self, submissions: Iterable[Submission]) -> Self:
        """The same papers, people and reviewers with other submissions, and without what is said of pairs.

        What was looked up by id stays looked up, so that asking about one new submission takes no time of its own.
        """
        other = replace(
            self,
            submissions=tuple(submissions),
            declared=(),
            bids=(),
            fixed=(),
            assignments=(),
            history=(),
            recommendations=(),
            decisions=(),
        )
        for name in ("paper_by_id", "person_by_id", "reviewer_by_id"):
            other.__dict__[name] = getattr(self, name)
        return other

    @cached_property
    def active_submissions(self) -> tuple[Submission, ...]:
        """The submissions that want reviewers, sorted by id."""
        return tuple(submission for submission in self.submissions if submission.status == "active")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical content, hexadecimal: equal for equal content in any file order."""
        return hashlib.sha256(canonical_json(self, places=False).encode()).hexdigest()


def _sorted_unique(what: str, records: Iterable[T], key: Any) -> tuple[T, ...]:
    ordered = sorted(records, key=key)
    for before, after in itertools.pairwise(ordered):
        if key(before) == key(after):
            raise DataError(f"{what} id '{key(after)}' occurs twice", remedy="give each one id, once")
    return tuple(ordered)


def _with_named_people(
    people: tuple[Person, ...], papers: Iterable[Paper], submissions: Iterable[Submission]
) -> tuple[Person, ...]:
    """Add everyone who is named with an id on a paper or a submission only, with the spellings found there."""
    known = {person.id for person in people}
    spellings: dict[PersonId, dict[str, None]] = {}
    emails: dict[PersonId, dict[str, None]] = {}
    for authors in (*(paper.authors for paper in papers), *(submission.authors for submission in submissions)):
        for mention in authors:
            if mention.person_id is not None and mention.person_id not in known:
                spellings.setdefault(mention.person_id, {})[mention.name] = None
                if mention.email:
                    emails.setdefault(mention.person_id, {})[mention.email] = None
    added = [Person(id=who, names=tuple(names), emails=tuple(emails.get(who, ()))) for who, names in spellings.items()]
    return tuple(sorted((*people, *added), key=lambda person: person.id))


def canonical_json(record: Any, *, places: bool = True) -> str:
    """One text for one content: keys sorted, no blanks, empty fields left out.

    Empty fields are left out so that a field added to the model later does not change the digest of older input.

    Args:
        record: any record.
        places: whether to keep where things were read (files and lines).
    """
    return json.dumps(_plain(record, places=places), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _plain(value: Any, *, places: bool = True) -> Any:
    plain: Any = value
    if value is None or isinstance(value, str | int | float):
        pass
    elif isinstance(value, tuple | list):
        plain = [_plain(entry, places=places) for entry in value]
    elif isinstance(value, PartialDate):
        plain = str(value)
    elif isinstance(value, date):
        plain = value.isoformat()
    elif isinstance(value, Mapping):
        plain = {str(key): _plain(value[key], places=places) for key in sorted(value)}
    else:
        pairs = ((name, _plain(getattr(value, name), places=places)) for name in _names(value.__class__, places))
        plain = {name: inner for name, inner in pairs if inner is not None and inner not in ("", [], {})}
    return plain


@cache
def _names(kind: Any, places: bool) -> tuple[str, ...]:
    return tuple(entry.name for entry in fields(kind) if places or not entry.metadata.get("is_place"))


def to_plain(record: Any) -> Any:
    """A record as JSON holds it; empty fields are left out."""
    return _plain(record)


def from_plain(kind: type[T], plain: Any) -> T:
    """The reverse of `to_plain`: build a record of a type from what JSON holds.

    Raises:
        DataError: a field is missing or of another shape.
    """
    try:
        built: T = _reader_of(kind)(plain)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"this is no {kind.__name__}: {error}") from None
    return built


def _reader_of(kind: Any) -> Callable[[Any], Any]:
    return _reader(kind)


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """What builds a value of a type; made once for each type, since a large run holds many records."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        inner = _reader(arguments[0])
        return lambda plain: tuple([inner(entry) for entry in plain])
    if origin in (UnionType, Union):
        inner = _reader(next(each for each in arguments if each is not NoneType))
        return lambda plain: None if plain is None else inner(plain)
    if isinstance(kind, type) and is_dataclass(kind) and kind is not PartialDate:
        return _record_reader(kind)
    readers: Mapping[Any, Callable[[Any], Any]] = {PartialDate: cache(PartialDate.parse), date: date.fromisoformat}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind
    return readers.get(kind, _same)


def _same(plain: Any) -> Any:
    return plain


def _record_reader(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    readers = {entry.name: _reader(hints[entry.name]) for entry in fields(kind)}
    needed = [entry.name for entry in fields(kind) if entry.default is MISSING and entry.default_factory is MISSING]

    def read(plain: Mapping[str, Any]) -> Any:
        values = {name: readers[name](value) for name, value in plain.items()}
        for name in needed:
            if name not in values:
                values[name] = _empty(hints[name])
        return kind(**values)

    return read


def _empty(kind: Any) -> Any:
    """What `to_plain` leaves out: the empty value of a type."""
    if get_origin(kind) is tuple:
        return ()
    if get_origin(kind) in (UnionType, Union):
        return None
    if kind is str:
        return ""
    raise TypeError("a field is missing")


# --- expertise ------------------------------------------------------------------------------------------------------


class Index(Generic[I]):
    """The only bridge from an id to a row or column, and back.

    Args:
        ids: in the order of positions, without repetition.

    >>> index = Index(("a", "b"))
    >>> index.position("b"), index.ids[1], len(index)
    (1, 'b', 2)
    """

    __slots__ = ("_positions", "ids")

    def __init__(self, ids: Iterable[I]) -> None:
        self.ids: tuple[I, ...] = tuple(ids)
        self._positions = {name: position for position, name in enumerate(self.ids)}
        if len(self._positions) != len(self.ids):
            raise DataError("an index holds an id twice")

    def position(self, name: str) -> int:
        """Row or column of an id.

        Raises:
            UnknownNameError: the id is not in the index.
        """
        try:
            return self._positions[name]  # type: ignore[index]  # any string may be asked for
        except KeyError:
            raise UnknownNameError("id", name, self.ids) from None

    def __contains__(self, name: object) -> bool:
        return name in self._positions

    def __iter__(self) -> Iterator[I]:
        return iter(self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Index) and self.ids == other.ids

    def __hash__(self) -> int:
        return hash(self.ids)

    def __repr__(self) -> str:
        return f"Index({len(self.ids)} ids)"


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """Which encoder made vectors, so exactly that equal infos mean comparable vectors.

    Args:
        name: as in the configuration ("tfidf", "sentence").
        model: name of the model for people; empty where there is none.
        digest: SHA-256 over weights, pooling, length, precision and code version; vectors of different digests are
            never compared or mixed.
        dimension: length of a vector, D.
        backgrounds: mean cosine of two unrelated texts under this encoder: of two titles, of a title and a title with
            abstract, of two titles with abstract. Short texts are less alike, so each kind has its own zero.
        tail: mean excess of the cosines of unrelated texts over their 98 % quantile: the scale on which the best of
            many unrelated papers grows with their number, and the unit of published scores.
    """

    name: str
    model: str
    digest: str
    dimension: int
    backgrounds: tuple[float, float, float]
    tail: float = 0.05

    @property
    def background(self) -> float:
        """Mean cosine of two unrelated texts with abstracts; it is where published scores start."""
        return self.backgrounds[2]


@dataclass(frozen=True, slots=True, eq=False)
class JoinedVectors:
    """Rows in two parts that stand side by side: a dense and a sparse one.

    Args:
        dense: (N, A) float32.
        sparse: (N, B) float32, CSR.
    """

    dense: Floats
    sparse: sp.csr_array

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, and columns of both parts together."""
        return self.dense.shape[0], self.dense.shape[1] + self.sparse.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the dense part."""
        return self.dense.dtype

    def __getitem__(self, rows: Any) -> JoinedVectors:
        return JoinedVectors(self.dense[rows], self.sparse[rows])


def inner_products(one: Vectors, other: Vectors) -> Floats:
    """(A, B) inner products of the rows of two matrices of the same kind: cosines, when the rows have length 1."""
    if isinstance(one, JoinedVectors) and isinstance(other, JoinedVectors):
        total = inner_products(one.sparse, other.sparse)
        total += inner_products(one.dense, other.dense)
        return total
    products = one @ other.T  # type: ignore[union-attr,operator]  # both are dense, or both sparse
    dense: Floats = products if isinstance(products, np.ndarray) else products.toarray()
    return dense.astype(np.float32, copy=False)


def by_column(vectors: Vectors) -> Vectors:
    """The same vectors with sparse parts in CSC, for `inner_products` alone: a few rows with them take no time.

    With CSR all of them have to be turned around first. To take rows out of CSC is slow.
    """
    if isinstance(vectors, JoinedVectors):
        return JoinedVectors(vectors.dense, cast("sp.csr_array", vectors.sparse.tocsc()))
    return vectors if isinstance(vectors, np.ndarray) else cast("sp.csr_array", vectors.tocsc())


@dataclass(frozen=True, slots=True, eq=False)
class Profiles:
    """Reviewers as the vectors of their papers.

    Each paper stands once in `vectors`, however many reviewers wrote it: reviewer r owns the rows
    `rows[spans[r]:spans[r + 1]]`. An empty span means no evidence.

    Args:
        reviewers: columns of every matrix made from these profiles.
        papers: rows of `vectors`; `Reviewer.areas_id` for areas that a reviewer states, where they count.
        submissions: rows of `submission_vectors`.
        vectors: (P, D) unit rows.
        submission_vectors: (S, D) unit rows in the same space.
        abstracts: (P,) True where a paper has an abstract.
        submission_abstracts: (S,) True where a submission has one.
        rows: (M,) positions in `vectors`, grouped by reviewer.
        spans: (R + 1,) borders of the groups in `rows`.
        weights: (M,) weight of a paper for that reviewer, in (0, 1].
        encoder: what made the vectors.
    """

    reviewers: Index[PersonId]
    papers: Index[PaperId]
    submissions: Index[SubmissionId]
    vectors: Vectors
    submission_vectors: Vectors
    abstracts: Bools
    submission_abstracts: Bools
    rows: Ints
    spans: Ints
    weights: Floats
    encoder: EncoderInfo

    def __post_init__(self) -> None:
        for name in ("abstracts", "submission_abstracts", "rows", "spans", "weights"):
            object.__setattr__(self, name, _read_only(getattr(self, name)))
        for name in ("vectors", "submission_vectors"):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                object.__setattr__(self, name, _read_only(value))
            elif isinstance(value, JoinedVectors):
                object.__setattr__(self, name, JoinedVectors(_read_only(value.dense), value.sparse))

    def sizes(self) -> Ints:
        """(R,) number of papers of each reviewer."""
        return np.diff(self.spans)


@dataclass(frozen=True, slots=True, eq=False)
class ScoreMatrix:
    """Affinity of every submission to every reviewer.

    Args:
        submissions: rows.
        reviewers: columns.
        values: (S, R) float32 in [0, 1] by one fixed monotone map; NaN = not scored, never 0.
        raw: (S, R) float32, the scores before the map to [0, 1]; NaN where not scored; `None` where they were not kept,
            as beyond 50 million pairs.
        method: how they were made, for people and manifests.
    """

    submissions: Index[SubmissionId]
    reviewers: Index[PersonId]
    values: Floats
    raw: Floats | None
    method: str

    def __post_init__(self) -> None:
        shape = (len(self.submissions), len(self.reviewers))
        for name in ("values", "raw") if self.raw is not None else ("values",):
            array = getattr(self, name)
            if array.shape != shape:
                raise DataError(f"scores have shape {array.shape}, the ids say {shape}", field=name)
            object.__setattr__(self, name, _read_only(array))

    def some(self, rows: Sequence[int]) -> Self:
        """The same scores of some submissions, in the order given."""
        return replace(
            self,
            submissions=Index(self.submissions.ids[row] for row in rows),
            values=self.values[rows],
            raw=None if self.raw is None else self.raw[rows],
        )

    def value(self, submission_id: str, reviewer_id: str) -> float | None:
        """Published score of one pair; `None` where the reviewer is not scored."""
        score = float(self.values[self.submissions.position(submission_id), self.reviewers.position(reviewer_id)])
        return None if np.isnan(score) else score


# --- conflicts ------------------------------------------------------------------------------------------------------


class Verdict(StrEnum):
    """What a conflict means for the assignment. `ASK` counts as blocked until somebody decides."""

    BLOCK = "block"
    ASK = "ask"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact behind a conflict.

    Args:
        kind: paper, affiliation, relation, declaration, identity or submission.
        text: the fact in words.
        paper_id: the paper, where the fact is one.
        dates: when, as precisely as the source knows.
        sources: where it was read.
    """

    kind: str
    text: str
    paper_id: PaperId | None = None
    dates: tuple[PartialDate, ...] = ()
    sources: tuple[SourceRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """A fact about a pair, never a score.

    Args:
        submission_id: the submission.
        reviewer_id: the reviewer.
        rule: id of the rule that found it.
        verdict: block, ask or clear.
        via: the author concerned; `None` for one whom the venue does not know by id, and for a declaration.
        via_name: that author's name.
        evidence: at least one fact.
        last_date: the last joint date known.
        confidence: probability that the people are who the rule takes them for, in (0, 1].
        clears: what would clear the pair, in words.
    """

    submission_id: SubmissionId
    reviewer_id: PersonId
    rule: str
    verdict: Verdict
    via: PersonId | None
    via_name: str
    evidence: tuple[Evidence, ...]
    last_date: PartialDate | None = None
    confidence: float = 1.0
    clears: str = ""

    def sort_key(self) -> tuple[str, str, str, str, str]:
        """The order in which conflicts are listed."""
        return (self.submission_id, self.reviewer_id, self.rule, self.via or "", self.via_name)


@dataclass(frozen=True)
class Conflicts:
    """All conflicts of a venue, sorted; several reasons for one pair are all kept.

    Args:
        items: sorted by submission, reviewer, rule and author.
    """

    items: tuple[Conflict, ...]

    @cached_property
    def by_pair(self) -> Mapping[tuple[SubmissionId, PersonId], tuple[Conflict, ...]]:
        """The conflicts of each pair that has any."""
        grouped: dict[tuple[SubmissionId, PersonId], list[Conflict]] = {}
        for conflict in self.items:
            grouped.setdefault((conflict.submission_id, conflict.reviewer_id), []).append(conflict)
        return {pair: tuple(found) for pair, found in grouped.items()}

    def of(self, submission_id: str, reviewer_id: str) -> tuple[Conflict, ...]:
        """The conflicts of one pair, none where there are none."""
        return self.by_pair.get((SubmissionId(submission_id), PersonId(reviewer_id)), ())

    def verdict(self, submission_id: str, reviewer_id: str) -> Verdict:
        """The strictest verdict on a pair: block before ask before clear."""
        verdicts = {conflict.verdict for conflict in self.of(submission_id, reviewer_id)}
        return next((strict for strict in (Verdict.BLOCK, Verdict.ASK) if strict in verdicts), Verdict.CLEAR)

    def pairs(self, *verdicts: Verdict) -> tuple[tuple[SubmissionId, PersonId], ...]:
        """The pairs whose strictest verdict is one of those given, sorted."""
        return tuple(pair for pair in self.by_pair if self.verdict(*pair) in verdicts)

    def mask(self, submissions: Index[SubmissionId], reviewers: Index[PersonId]) -> Bools:
        """(S, R) True where a pair is blocked, or asked about and not yet decided."""
        blocked = np.zeros((len(submissions), len(reviewers)), dtype=np.bool_)
        for conflict in self.items:
            if (
                conflict.verdict is not Verdict.CLEAR
                and conflict.submission_id in submissions
                and conflict.reviewer_id in reviewers
            ):
                blocked[submissions.position(conflict.submission_id), reviewers.position(conflict.reviewer_id)] = True
        return blocked


# --- assignment -----------------------------------------------------------------------------------------------------


class PairStatus(IntEnum):
    """What may happen to a pair, and why not. Only `ELIGIBLE` and `LAST_RESORT` are variables of the optimisation."""

    ELIGIBLE = 0
    LAST_RESORT = 1
    """The reviewer has no evidence of expertise and may step in when nobody else is left."""
    REQUIRED = 2
    """The chair requires the pair: it is assigned before the optimisation."""
    BLOCKED = 3
    ASK = 4
    """A question about a conflict waits for a decision; blocked until then."""
    FORBIDDEN = 5
    BELOW_FLOOR = 6
    UNSCORED = 7
    """The reviewer has no evidence of expertise and the configuration leaves such reviewers out here."""
    UNAVAILABLE = 8
    """The reviewer declined, retired, or has a load of 0."""
    REFUSED = 9
    """The reviewer's bid refuses the submission."""
    NOT_AGAIN = 10
    """The reviewer judged an earlier version, and the authors wish for others."""
    RULED_OUT = 11
    """A hard rule over attributes bars the pair."""
    DECLINED = 12
    """The reviewer declined the submission in an earlier round."""


CIRCLES: Final = (2, 3, 4)
"""How many people a circle of `no_cycles` may have at most."""

CONSTRAINT_KINDS: Final = ("pair", "quota", "apart", "no_cycles")
PAIR_TESTS: Final = ("in", "not in", "==", "!=", "overlaps", "disjoint")


@dataclass(frozen=True, slots=True)
class Constraint:
    """A rule of the chair over attributes, as data.

    Args:
        name: for messages; unique.
        kind: `pair` (a test between an attribute of the submission and one of the reviewer), `quota` (how many
            reviewers of a submission have a value), `apart` (no two reviewers of a submission share a value, or a
            paper when `attribute` is `coauthors`), `no_cycles` (no two people review each other's submissions).
        attribute: quota, apart: the reviewers' attribute.
        values: quota: the values that count together; none: every value is counted for itself.
        at_least: quota: fewest.
        at_most: quota: most.
        submission: pair: the submissions' attribute; `track` is one of them.
        test: pair: one of `PAIR_TESTS`.
        reviewer: pair: the reviewers' attribute.
        price: what breaking it once costs in units of a score; `None`: it is never broken.
        longest: no_cycles: most people in a circle, one of `CIRCLES`; 2 is two people who review each other.
    """

    name: str
    kind: str
    attribute: str = ""
    values: tuple[str, ...] = ()
    at_least: int = 0
    at_most: int | None = None
    submission: str = ""
    test: str = ""
    reviewer: str = ""
    price: float | None = None
    longest: int = 2


@dataclass(frozen=True, slots=True, eq=False)
class SideRule:
    """A constraint in positions.

    Args:
        name: of the constraint, with the value it is about.
        price: of breaking it once; `None` is never.
        members: (R,) quota: the reviewers who count.
        at_least: quota: fewest members of a submission that wants so many reviews.
        at_most: quota: most; `None` is no limit.
        apart: (K, 2) reviewers of whom a submission may have only one, sorted, the smaller position first.
        authors: (A, 2) submission, reviewer: who wrote what, sorted. Nobody may review a submission of somebody who
            reviews one of theirs, directly or around a longer circle.
        longest: most people in such a circle.
        pairs: (K, 2) submission, reviewer: pairs that should not be; only with a price.
        weights: (S,) how much of a load one review of each submission takes.
        room: (R,) the most that each reviewer may carry by these weights.
    """

    name: str
    price: float | None
    members: Bools | None = None
    at_least: int = 0
    at_most: int | None = None
    apart: Ints | None = None
    authors: Ints | None = None
    longest: int = 2
    pairs: Ints | None = None
    weights: Doubles | None = None
    room: Doubles | None = None

    def apart_keys(self, reviewers: int) -> Ints:
        """(K,) `apart` as single numbers, sorted."""
        return _keys_of(self.apart, reviewers)

    def author_keys(self, reviewers: int) -> Ints:
        """(A,) `authors` as positions in the matrix, sorted."""
        return _keys_of(self.authors, reviewers)


def _keys_of(pairs: Ints | None, width: int) -> Ints:
    return np.empty(0, dtype=np.int64) if pairs is None else pairs[:, 0] * width + pairs[:, 1]


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """What an assignment must respect. All of it is hard but for rules with a price.

    Args:
        wanted: (S,) reviews that each submission wants.
        max_load: (R,) most submissions of each reviewer.
        min_load: (R,) fewest submissions of each reviewer; 0 for reviewers without evidence of expertise.
        status: (S, R) uint8, the `PairStatus` of every pair.
        rules: what holds for several pairs together.
    """

    wanted: Ints
    max_load: Ints
    min_load: Ints
    status: npt.NDArray[np.uint8]
    rules: tuple[SideRule, ...] = ()

    def __post_init__(self) -> None:
        for name in ("wanted", "max_load", "min_load", "status"):
            object.__setattr__(self, name, _read_only(getattr(self, name)))

    @property
    def eligible(self) -> Bools:
        """(S, R) True where a scored reviewer may be assigned."""
        mask: Bools = self.status == PairStatus.ELIGIBLE
        return mask

    @property
    def last_resort(self) -> Bools:
        """(S, R) True where an unscored reviewer may step in, at most one per submission."""
        mask: Bools = self.status == PairStatus.LAST_RESORT
        return mask

    @property
    def required(self) -> Bools:
        """(S, R) True where the chair requires the pair."""
        mask: Bools = self.status == PairStatus.REQUIRED
        return mask


@dataclass(frozen=True, slots=True, eq=False)
class VectorInstance:
    """A bare problem whose scores are products of vectors, clipped to [0, 1].

    Args:
        submission_vectors: (S, D).
        reviewer_vectors: (R, D).
        blocked: rows and columns of pairs that may not be assigned.
        wanted: (S,) reviews of each submission.
        min_load: (R,) fewest submissions of each reviewer.
        max_load: (R,) most.
    """

    submission_vectors: Floats
    reviewer_vectors: Floats
    blocked: tuple[Ints, Ints]
    wanted: Ints
    min_load: Ints
    max_load: Ints


@dataclass(frozen=True, slots=True)
class Pair:
    """One assigned pair.

    Args:
        submission_id: the submission.
        reviewer_id: the reviewer.
        score: published score; `None` for a reviewer without evidence.
        marks: why the pair is special: `last_resort`, `required`.
    """

    submission_id: SubmissionId
    reviewer_id: PersonId
    score: float | None
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A submission that does not get all its reviews.

    Args:
        submission_id: the submission.
        wanted: reviews wanted.
        got: reviews assigned.
        reason: why, with counts.
        remedies: the cheapest ways out, in words.
    """

    submission_id: SubmissionId
    wanted: int
    got: int
    reason: str
    remedies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Underload:
    """A reviewer who does not reach their minimum load."""

    reviewer_id: PersonId
    min_load: int
    got: int
    reason: str


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A way out of limits that cannot be met, tried before it is offered.

    Args:
        kind: questions, load, floor, unscored, reviewers, demand, minimum.
        text: what to change, in words.
        amount: how much is changed, in the unit of the kind: pairs, submissions of load, reviewers, reviews.
        fills: missing reviews (or missing minimum load) that it removes.
    """

    kind: str
    text: str
    amount: int
    fills: int


@dataclass(frozen=True, slots=True)
class Infeasibility:
    """A smallest set of reasons why limits cannot be met: without any one of them the rest could be.

    The reasons are the wishes of those who want, the limits of those who give, and the rules. Limits and rules that are
    not named here add nothing: with the named ones alone the wishes cannot be met either.

    Args:
        wanting: `reviews` when submissions want more than they can get, `minimum loads` when reviewers do.
        submissions: the submissions concerned, sorted.
        reviewers: the reviewers concerned, sorted.
        rules: names of the rules that bar other pairs.
        need: what is needed in all.
        can: what can be given in all.
        text: the reasons in one sentence.
        relaxations: ways out, each tried, the smallest change first.
    """

    wanting: str
    submissions: tuple[SubmissionId, ...]
    reviewers: tuple[PersonId, ...]
    rules: tuple[str, ...]
    need: int
    can: int
    text: str
    relaxations: tuple[Relaxation, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RulePrices:
    """Dual prices of rules over several pairs.

    Args:
        quota_rules: (K,) which of the limits' rules is priced, at
        quota_rows: (K,) which submission,
        quota_prices: (K,) and how much: above 0 for its `at_most`, below 0 for its `at_least`.
        set_rules: (M,) which rule does not allow all pairs of a set.
        set_starts: (M + 1,) where each set starts among the keys.
        set_keys: (N,) the pairs as positions, row-major; around a circle in its order.
        set_prices: (M,) from 0 up.
    """

    quota_rules: Ints
    quota_rows: Ints
    quota_prices: Doubles
    set_rules: Ints
    set_starts: Ints
    set_keys: Ints
    set_prices: Doubles

    def __post_init__(self) -> None:
        for name in self.__slots__:
            object.__setattr__(self, name, _read_only(getattr(self, name)))


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """Dual prices that prove how good an assignment is; `assignment.verify` recomputes the bound from them alone.

    Args:
        reviewer_prices: (R,) what one more submission of that reviewer's load would be worth.
        unfilled: price of a review that nobody gives.
        last_resort: price of a review by an unscored reviewer.
        underload: price of a submission missing from a minimum load.
        rules: prices of rules over several pairs; `None` where the proof needs none.
    """

    reviewer_prices: Doubles
    unfilled: float
    last_resort: float
    underload: float
    rules: RulePrices | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "reviewer_prices", _read_only(self.reviewer_prices))


@dataclass(frozen=True, slots=True)
class Goal:
    """What an objective other than the total optimised, how well, and the prices that prove it.

    Args:
        objective: one of `OBJECTIVES`.
        value: what was reached. max-min, leximin: the mean score per review of the submission worst served; cvar: the
            mean of it over the worst tenth; randomised: the expected total; perturbed: the expected total less the
            perturbation.
        bound: no assignment that fills as many reviews reaches more.
        certificate: prices that prove the bound.
        shares: (S,) how much each submission's mean score weighs in the proof of max-min, leximin and cvar; for
            perturbed the price of each submission's reviews; `None` for randomised.
        counted: (S,) submissions that the value speaks of: those whose reviews can all be given by scored reviewers.
        tail: share of the submissions that cvar averages over.
        perturbation: strength of the perturbation.
    """

    objective: str
    value: float
    bound: float
    certificate: Certificate
    shares: Doubles | None
    counted: Bools
    tail: float | None = None
    perturbation: float | None = None

    def __post_init__(self) -> None:
        for name in ("shares", "counted"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _read_only(getattr(self, name)))

    @property
    def gap(self) -> float:
        """(bound − value) / |bound|: 0 is proven optimal."""
        difference = max(0.0, self.bound - self.value)
        return difference / abs(self.bound) if self.bound else difference


@dataclass(frozen=True, slots=True)
class Marginals:
    """A randomised policy: with which probability each pair is assigned.

    Args:
        rows: (K,) positions of submissions of pairs with a probability above 0.
        columns: (K,) positions of their reviewers.
        units: (K,) their probabilities, in whole units.
        unit: units that are certain.
        limit: units that no pair exceeds.
        draw_seed: the seed of the draw that the pairs come from. Who knows it can draw the same pairs again: it is for
            the chairs alone.
        plans: (K, unit) where draws are put together from whole plans, which keep rules between pairs: True where a
            plan has the pair. `None` where pairs are drawn.
    """

    rows: Ints
    columns: Ints
    units: Ints
    unit: int
    limit: int
    draw_seed: int
    plans: Bools | None = None

    def __post_init__(self) -> None:
        for name in ("rows", "columns", "units"):
            object.__setattr__(self, name, _read_only(getattr(self, name)))
        if self.plans is not None:
            object.__setattr__(self, "plans", _read_only(self.plans))

    @property
    def probabilities(self) -> Doubles:
        """(K,) the units as probabilities."""
        return self.units / self.unit


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who reviews what.

    Args:
        pairs: sorted by submission, then reviewer.
        shortfalls: submissions that are short, sorted; empty when every demand is met.
        underloads: reviewers below their minimum load, sorted.
        objective: sum of the scores of the pairs.
        bound: no assignment that fills as many reviews can have a larger sum.
        solver: name and version.
        certificate: prices that prove the bound; `None` for solvers that prove nothing.
        marginals: the policy that a randomised assignment was drawn from, else `None`.
        goal: what was optimised beside the total, with its own bound; `None` where that is the total alone.
    """

    pairs: tuple[Pair, ...]
    shortfalls: tuple[Shortfall, ...]
    underloads: tuple[Underload, ...]
    objective: float
    bound: float | None
    solver: str
    certificate: Certificate | None = field(default=None, compare=False)
    marginals: Marginals | None = field(default=None, compare=False)
    goal: Goal | None = field(default=None, compare=False)

    @property
    def gap(self) -> float | None:
        """(bound − objective) / |bound|: 0 is proven optimal; `None` when there is no bound."""
        if self.bound is None:
            return None
        difference = max(0.0, self.bound - self.objective)
        return difference / abs(self.bound) if self.bound else difference

    @property
    def is_complete(self) -> bool:
        """Whether every submission has its reviews and every reviewer their minimum load."""
        return not self.shortfalls and not self.underloads


@dataclass(frozen=True, slots=True)
class QuestionPrice:
    """What the open questions cost: pairs with the verdict `ASK` count as blocked until somebody decides.

    Args:
        pairs: pairs asked about that could otherwise be assigned.
        submissions: submissions that have such a pair.
        gain: by how much the sum of the scores would grow if all of them were cleared.
        changed: assigned pairs that would then differ.
        filled: reviews that would then be filled and are missing now.
    """

    pairs: int
    submissions: int
    gain: float
    changed: int
    filled: int = 0


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that an answer breaks.

    Args:
        rule: conflict, demand, load, duplicate, ineligible, required, last_resort, score, objective or bound.
        detail: which pair, submission or reviewer, and how.
    """

    rule: str
    detail: str


# --- explanation ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EvidencePaper:
    """What one paper of a reviewer adds to a score.

    Args:
        paper_id: the paper; `None` for the part that is no paper (missing papers of a thin profile).
        title: its title, or what the part is.
        similarity: raw similarity to the submission; `None` for a part that is no paper.
        contribution: its part of the published score; the contributions of an explanation sum to the score.
        terms: words that it shares with the submission, the rarest first; shown, and without a part in the score.
    """

    paper_id: PaperId | None
    title: str
    similarity: float | None
    contribution: float
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RankedReviewer:
    """A reviewer as an alternative for a submission: who, how good, and whether they have room."""

    reviewer_id: PersonId
    name: str
    score: float
    load: int
    max_load: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a pair is assigned, or not, or may not be.

    Args:
        submission_id: the submission.
        reviewer_id: the reviewer.
        status: assigned, required, last_resort, eligible, below_floor, unscored, blocked, ask, forbidden or
            unavailable.
        score: published score; `None` when unscored.
        rank: one-based rank among the reviewers who may review the submission; `None` when this one may not.
        eligible: how many may.
        evidence: parts of the score, largest first; they sum to it.
        conflicts: all conflicts of the pair.
        reasons: the answer in sentences.
        alternatives: who would be next, best first: eligible, not assigned, with room.
        percentile: per cent of all scored pairs of the venue whose score is lower, to about 0.1; `None` when unscored.
        papers: how many papers of the reviewer the score was looked for in: the amount of evidence.
        basis: what the reviewer's profile rests on, in phrases; see `matcher.weighting.describe`.
    """

    submission_id: SubmissionId
    reviewer_id: PersonId
    status: str
    score: float | None
    rank: int | None
    eligible: int
    evidence: tuple[EvidencePaper, ...]
    conflicts: tuple[Conflict, ...]
    reasons: tuple[str, ...]
    alternatives: tuple[RankedReviewer, ...]
    percentile: float | None = None
    papers: int = 0
    basis: tuple[str, ...] = ()

    @property
    def standing(self) -> str:
        """Where the score stands in the venue and what it rests on, in a sentence; empty where nothing is scored."""
        said = [] if self.percentile is None else [f"above {self.percentile:g} % of all scored pairs of the venue"]
        if self.basis and self.score is not None:
            said.append(f"rests on {', '.join(self.basis)}")
        return "; ".join(said)

    def __str__(self) -> str:
        lines = [f"{self.submission_id} × {self.reviewer_id}: {self.status}"]
        lines += [f"  {reason}" for reason in self.reasons]
        lines += [f"  {self.standing}"] if self.standing else []
        for part in self.evidence:
            shared = f" (shared: {', '.join(part.terms)})" if part.terms else ""
            lines.append(f"  {part.contribution:+.3f}  {part.title}{shared}")
        if self.alternatives:
            lines.append("  next: " + ", ".join(f"{other.name} ({other.score:.2f})" for other in self.alternatives))
        return "\n".join(lines)
