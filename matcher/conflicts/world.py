"""What every rule sees: the venue, who is who, and the day on which windows are anchored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Self, TypeVar

from matcher.config import MatchConfig
from matcher.conflicts.policy import Policy
from matcher.conflicts.policy_file import policy_of
from matcher.errors import DataError
from matcher.identity import Identities, Link, link
from matcher.records import (
    AuthorMention,
    Deadline,
    PaperId,
    Person,
    PersonId,
    Reviewer,
    Submission,
    SubmissionId,
    Venue,
)

__all__ = ["Author", "Place", "World", "authors_of", "papers_again"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Author:
    """One person that an author of a submission is, or may be.

    Args:
        position: zero-based place in the byline.
        mention: the author as printed.
        link: who it is and how that is known.
        via: the person as conflicts name them; `None` for somebody whom the venue does not know.
        name: their name for people: the preferred one when it is surely them, else as printed.
    """

    position: int
    mention: AuthorMention
    link: Link
    via: PersonId | None
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """A person's place on a paper.

    Args:
        paper_id: the paper.
        position: zero-based place in the byline; `None` when they list the paper but no name on it is surely theirs.
        link: why this is the person.
    """

    paper_id: PaperId
    position: int | None
    link: Link


@dataclass(frozen=True)
class World:
    """Built once, read by every rule.

    Args:
        venue: the whole input.
        identities: who every mention is.
        deadline: the day on which windows are anchored, if there is one.
        authors: per submission, everybody who is or may be an author, each person once.
        papers_of: per person, where they stand on papers.
        policy: the rules that hold.
        submissions: those whose conflicts are looked for; all of the venue, unless `narrowed`.
        reviewers: likewise, by person id.
        settled: where the authors of submissions were, as far as that was worked out; see `colleagues.settled`.
        standing: who stands on which submissions, once that was worked out; see `further`.
        lasting: what rules work out about reviewers alone, by name; kept from one newcomer to the next.
    """

    venue: Venue
    identities: Identities
    deadline: Deadline | None
    authors: Mapping[SubmissionId, tuple[Author, ...]]
    papers_of: Mapping[PersonId, tuple[Place, ...]]
    policy: Policy
    submissions: tuple[Submission, ...]
    reviewers: Mapping[PersonId, Reviewer]
    settled: dict[SubmissionId, Any] = field(default_factory=dict, compare=False)
    standing: dict[PersonId, Any] = field(default_factory=dict, compare=False)
    lasting: dict[str, Any] | None = field(default=None, compare=False)

    @classmethod
    def of(cls, venue: Venue, config: MatchConfig) -> Self:
        """Find out who is who, and put together what several rules need."""
        identities = link(venue)
        deadline = venue.deadline if config.deadline is None else Deadline(config.deadline, "configuration")
        return cls(
            venue=venue,
            identities=identities,
            deadline=deadline,
            authors={
                submission.id: authors_of(submission.id, submission.authors, venue, identities)
                for submission in venue.submissions
            },
            papers_of=_papers_of(identities),
            policy=policy_of(config),
            submissions=venue.submissions,
            reviewers=venue.reviewer_by_id,
        )

    def under(self, config: MatchConfig) -> Self:
        """The same world under other choices."""
        deadline = self.venue.deadline if config.deadline is None else Deadline(config.deadline, "configuration")
        return replace(self, policy=policy_of(config), deadline=deadline, settled={})

    def narrowed(
        self, submissions: Iterable[SubmissionId] | None = None, reviewers: Iterable[PersonId] | None = None
    ) -> Self:
        """The same world in which only some submissions and reviewers are looked at; `None` keeps all."""
        kept = self
        if submissions is not None:
            kept = replace(kept, submissions=tuple(self.venue.submission_by_id[each] for each in sorted(submissions)))
        if reviewers is not None:
            kept = replace(kept, reviewers={each: self.venue.reviewer_by_id[each] for each in sorted(reviewers)})
        return kept

    def lastingly(self, name: str, make: Callable[[], T]) -> T:
        """What a rule works out about reviewers alone: once for all newcomers, else for this world only."""
        if self.lasting is None:
            return make()
        if name not in self.lasting:
            self.lasting[name] = make()
        found: T = self.lasting[name]
        return found

    def with_newcomer(self, submission: Submission, lasting: dict[str, Any]) -> Self:
        """The same people and papers with one submission alone, which was not there when they were linked.

        Args:
            submission: the newcomer.
            lasting: shared by all newcomers of this world under the same configuration.
        """
        identities = replace(
            self.identities, on_submissions={submission.id: self.identities.of_byline(submission.authors)}
        )
        venue = self.venue.with_submissions([submission])
        return replace(
            self,
            venue=venue,
            identities=identities,
            authors={submission.id: authors_of(submission.id, submission.authors, venue, identities)},
            submissions=(submission,),
            settled={},
            standing={},
            lasting=lasting,
        )

    def day(self, need: str, way_out: str) -> date:
        """The deadline, which is never guessed.

        Args:
            need: what needs it, as the subject of a sentence.
            way_out: the setting under which nothing needs it.

        Raises:
            DataError: there is none.
        """
        if self.deadline is None:
            raise DataError(
                f"there is no deadline, and {need} is counted from it",
                field="deadline",
                remedy=f"set deadline in venue.toml, or --deadline YYYY-MM-DD, or {way_out}",
            )
        return self.deadline.day

    def people(self, person_id: PersonId) -> tuple[tuple[Person, Link], ...]:
        """The record of a person, and every other record that is or may be theirs; none for an unknown name."""
        return tuple(
            (self.venue.person_by_id[same.person_id], same)
            for same in self.identities.same_as(person_id)
            if self.identities.is_known(same.person_id)
        )

    def name_of(self, person_id: PersonId) -> str:
        """The preferred name of a person of the venue."""
        return self.venue.name_of(person_id)

    def display(self, person_id: PersonId) -> str:
        """The preferred name of a person, or the name by which somebody unknown is identified."""
        if self.identities.is_known(person_id):
            return self.venue.name_of(person_id)
        return person_id.partition(":")[2]


def authors_of(
    submission_id: SubmissionId, mentions: tuple[AuthorMention, ...], venue: Venue, identities: Identities
) -> tuple[Author, ...]:
    """Everybody who is or may be an author of a submission, each person once, in byline order."""
    best: dict[PersonId, Author] = {}
    for position, (mention, links) in enumerate(zip(mentions, identities.on_submissions[submission_id], strict=True)):
        for one in links:
            before = best.get(one.person_id)
            if before is not None and before.link.confidence >= one.confidence:
                continue
            is_known = identities.is_known(one.person_id)
            best[one.person_id] = Author(
                position=position,
                mention=mention,
                link=one,
                via=one.person_id if is_known else None,
                name=venue.name_of(one.person_id) if is_known and one.is_sure else mention.name,
            )
    return tuple(sorted(best.values(), key=lambda author: (author.position, author.link.person_id)))


def _papers_of(identities: Identities) -> dict[PersonId, tuple[Place, ...]]:
    places: dict[PersonId, list[Place]] = {}
    for paper_id, byline in identities.on_papers.items():
        for person_id, place in _places(paper_id, byline):
            places.setdefault(person_id, []).append(place)
    for person_id, listed in identities.unplaced.items():
        places.setdefault(person_id, []).extend(Place(paper_id, None, one) for paper_id, one in listed)
    return {person_id: tuple(found) for person_id, found in places.items()}


def _places(paper_id: PaperId, byline: Iterable[tuple[Link, ...]]) -> Iterator[tuple[PersonId, Place]]:
    for position, links in enumerate(byline):
        for one in links:
            yield one.person_id, Place(paper_id, position, one)


def papers_again(
    before: Mapping[PersonId, tuple[Place, ...]],
    identities: Identities,
    people: Iterable[PersonId],
    papers: Set[PaperId],
) -> dict[PersonId, tuple[Place, ...]]:
    """Where everybody stands on papers, worked out again for some.

    Args:
        before: until now.
        identities: as they are now.
        people: who may stand elsewhere.
        papers: on which, or new or gone.
    """
    found = dict(before)
    places: dict[PersonId, list[Place]] = {}
    for paper_id in papers:
        for person_id, place in _places(paper_id, identities.on_papers.get(paper_id, ())):
            places.setdefault(person_id, []).append(place)
    for person_id in people:
        kept = (each for each in before.get(person_id, ()) if each.position is not None and each.paper_id not in papers)
        on = sorted((*kept, *places.get(person_id, ())), key=lambda each: (each.paper_id, each.position))
        listed = (Place(paper_id, None, one) for paper_id, one in identities.unplaced.get(person_id, ()))
        found[person_id] = (*on, *listed)
        if not found[person_id]:
            del found[person_id]
    return found
