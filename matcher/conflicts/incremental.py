"""What a change of the venue can do to conflicts: between which submissions and reviewers to look again.

A conflict between a submission and a reviewer rests on what is known of the authors and of the reviewer. So when it is
known of whom anything is known otherwise, looking again at all pairs of their submissions, and at all pairs in which
they review, gives what looking at the whole venue gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from matcher.conflicts.world import World, authors_of, papers_again
from matcher.identity import Identities, Relinked, normalise_name, relink
from matcher.records import Conflicts, Evidence, PersonId, SubmissionId, Venue

__all__ = ["Followed", "follow", "with_places"]

_UNKNOWN: Final = "unidentified:"
"""Begins the keys of people who are known by name alone; see `matcher.identity`."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A changed venue, and where its conflicts may be others.

    Args:
        world: as it is now.
        submissions: whose conflicts are to be found again, with all reviewers.
        reviewers: likewise, with all submissions.
    """

    world: World
    submissions: frozenset[SubmissionId]
    reviewers: frozenset[PersonId]


def follow(world: World, venue: Venue) -> Followed | None:
    """Take a change of the venue up.

    Args:
        world: until now; stays as it is.
        venue: as it is now.

    Returns:
        What to look at again; `None` where that is everything.
    """
    if world.policy.senior is not None or venue.deadline != world.venue.deadline:
        return None  # what seniors pass on, and windows, may reach any pair
    relinked = relink(world.identities, world.venue, venue)
    if relinked is None:
        return None
    people = _concerned(world, venue, relinked)
    authors = dict(world.authors)
    for gone in relinked.changed.submissions - set(venue.submission_by_id):
        del authors[gone]
    now = set(relinked.submissions) | {
        name for name, found in world.authors.items() if any(one.link.person_id in people for one in found)
    }
    now = {each for each in now if each in venue.submission_by_id}
    for each in now:
        authors[each] = authors_of(each, venue.submission_by_id[each].authors, venue, relinked.identities)
    if world.policy.cosubmission is not None:
        # Whoever stands on a changed submission submitted together with others, or does so no more.
        on = (world.authors.get(each, ()) + authors.get(each, ()) for each in relinked.submissions)
        people |= _same_people(
            {one.link.person_id for found in on for one in found}, world.identities, relinked.identities
        )
    now |= {name for name, found in authors.items() if any(one.link.person_id in people for one in found)}
    now |= {row.submission_id for row in set(venue.declared) ^ set(world.venue.declared)}
    reviewers = people | {each.reviewer_id for each in set(venue.decisions) ^ set(world.venue.decisions)}
    moved = replace(
        world,
        venue=venue,
        identities=relinked.identities,
        authors={each.id: authors[each.id] for each in venue.submissions},
        papers_of=papers_again(world.papers_of, relinked.identities, relinked.people, relinked.papers),
        submissions=venue.submissions,
        reviewers=venue.reviewer_by_id,
        settled={name: found for name, found in world.settled.items() if name in authors and name not in now},
        standing={},
    )
    return Followed(
        moved,
        frozenset(each for each in now if each in venue.submission_by_id),
        frozenset(each for each in reviewers if each in venue.reviewer_by_id),
    )


def with_places(conflicts: Conflicts, venue: Venue) -> Conflicts:
    """The same conflicts, each paper with the file and line where it is now."""
    papers = venue.paper_by_id

    def is_there(fact: Evidence) -> bool:
        return fact.paper_id is None or fact.sources == papers[fact.paper_id].sources

    def placed(fact: Evidence) -> Evidence:
        return fact if fact.paper_id is None else replace(fact, sources=papers[fact.paper_id].sources)

    return Conflicts(
        tuple(
            each if all(map(is_there, each.evidence)) else replace(each, evidence=tuple(map(placed, each.evidence)))
            for each in conflicts.items
        )
    )


def _concerned(world: World, venue: Venue, relinked: Relinked) -> set[PersonId]:
    """Everybody of whom anything that a rule reads may be known otherwise, under every record."""
    before, now, changed = world.identities, relinked.identities, relinked.changed
    people = set(relinked.people | changed.people | changed.reviewers)
    names = set(relinked.names)
    for each in changed.people:
        for of in (world.venue, venue):
            names.update(map(normalise_name, of.person_by_id[each].names if each in of.person_by_id else ()))
    for name in names:
        people.update((*before.carriers.get(name, ()), *now.carriers.get(name, ()), PersonId(_UNKNOWN + name)))
    people |= set(_naming(venue, people, names))
    return _same_people(people, before, now)


def _naming(venue: Venue, people: set[PersonId], names: set[str]) -> Iterator[PersonId]:
    """Those whose relations name one of some people."""
    for person in venue.people:
        for relation in person.relations:
            if relation.other_id in people or (relation.other_id is None and normalise_name(relation.other) in names):
                yield person.id


def _same_people(people: Iterable[PersonId], *identities: Identities) -> set[PersonId]:
    """Some people under every record that is or may be theirs."""
    twins: Mapping[PersonId, Any]
    found = set(people)
    for twins in (each.twins for each in identities):
        found |= {twin.person_id for who in people for twin in twins.get(who, ())}
    return found
