"""Finding conflicts: of a whole venue, of one pair, or anew where one person changed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from typing import Any, Final

from matcher.config import MatchConfig
from matcher.conflicts.further import inherited
from matcher.conflicts.questions import with_decisions
from matcher.conflicts.rules import RULES, Rule
from matcher.conflicts.world import World
from matcher.records import Conflict, Conflicts, Person, PersonId, Reviewer, Submission, SubmissionId, Venue

__all__ = ["Finder"]

_OF_PEOPLE: Final = tuple(
    rule for rule in RULES if rule.__name__ in ("institution", "relation", "sibling", "collaborator")
)
"""The rules that read affiliations, relations and declared lists; the others read who wrote what."""


class Finder:
    """A venue whose people are identified once, for many questions about its conflicts.

    Args:
        venue: the whole input.
        config: windows, the policy and, if it has one, the deadline that replaces the venue's.
        world: what is known already; by default found out from the venue.
    """

    def __init__(self, venue: Venue, config: MatchConfig, *, world: World | None = None) -> None:
        self.venue = venue
        self.config = config
        self.world = world or World.of(venue, config)
        self._lasting: dict[str, Any] = {}

    def all(self) -> Conflicts:
        """Every conflict of the venue, sorted."""
        return self._find(self.world)

    def of_pair(self, submission_id: str, reviewer_id: str) -> tuple[Conflict, ...]:
        """The conflicts of one pair; none where there are none.

        Raises:
            UnknownNameError: an id is not known.
        """
        submission = self.venue.submission(submission_id).id
        reviewer = self.venue.reviewer(reviewer_id).person_id
        return self.of((submission,), (reviewer,)).items

    def of(self, submissions: Iterable[SubmissionId] | None, reviewers: Iterable[PersonId] | None) -> Conflicts:
        """The conflicts between some submissions and some reviewers; `None` takes all."""
        wanted = None if reviewers is None else set(reviewers)
        looked_at = wanted
        if wanted is not None and self.world.policy.senior is not None:
            looked_at = None  # what seniors pass on needs their own conflicts
        found = self._find(self.world.narrowed(submissions, looked_at))
        if looked_at is wanted or wanted is None:
            return found
        return Conflicts(tuple(each for each in found.items if each.reviewer_id in wanted))

    def of_newcomer(self, submission: Submission) -> Conflicts:
        """The conflicts of a submission that the venue does not hold, with all of its reviewers.

        Args:
            submission: its authors are identified by id, address and name among the people of the venue.
        """
        world = self.world.with_newcomer(submission, self._lasting)
        return Finder(world.venue, self.config, world=world).all()

    def updated(self, before: Conflicts, person: Person, reviewer: Reviewer | None = None) -> tuple[Finder, Conflicts]:
        """The conflicts after one person's affiliations, relations or declared lists changed.

        Only what that person can change is found again: their own pairs as a reviewer, and the submissions they are
        or may be an author of. Who is who stays as it was found. So a person with other names, addresses or papers
        needs `find_conflicts` for the whole venue.

        Args:
            before: all conflicts of the venue until now.
            person: the person as they are now; their id is known.
            reviewer: their role as it is now; `None` leaves it.

        Returns:
            A finder for the changed venue, and all of its conflicts, as `find_conflicts` would give them.

        Raises:
            ValueError: names, addresses or papers changed.
        """
        old = self.venue.person_by_id[person.id]
        role = self.venue.reviewer_by_id.get(person.id)
        if (old.names, old.emails) != (person.names, person.emails) or (
            reviewer is not None and (role is None or role.paper_ids != reviewer.paper_ids)
        ):
            raise ValueError(f"names, addresses or papers of '{person.id}' changed: find all conflicts again")
        people = tuple(person if each.id == person.id else each for each in self.venue.people)
        reviewers = tuple(
            reviewer if reviewer is not None and each.person_id == person.id else each for each in self.venue.reviewers
        )
        venue = replace(self.venue, people=people, reviewers=reviewers)
        records = {same.person_id for same in self.world.identities.same_as(person.id)}
        theirs = {
            submission_id
            for submission_id, authors in self.world.authors.items()
            if any(one.link.person_id in records for one in authors)
        }
        world = replace(
            self.world,
            venue=venue,
            reviewers=venue.reviewer_by_id,
            submissions=venue.submissions,
            settled={name: found for name, found in self.world.settled.items() if name not in theirs},
        )
        finder = Finder(venue, self.config, world=world)
        return finder, finder._renewed(before, records, theirs)

    def _renewed(self, before: Conflicts, records: Set[PersonId], theirs: Set[SubmissionId]) -> Conflicts:
        """All conflicts, found anew only by the rules and in the pairs that a person can change.

        Args:
            before: all conflicts until now.
            records: every record that is or may be the person's.
            theirs: the submissions of which they are or may be an author.
        """
        if self.world.policy.senior is not None:
            return self.all()  # what the person passes on may reach any reviewer
        again = list(self._find(self.world.narrowed(theirs, None), _OF_PEOPLE).items) if theirs else []
        reviewing = [each for each in records if each in self.venue.reviewer_by_id]
        if reviewing:
            found = self._find(self.world.narrowed(None, reviewing), _OF_PEOPLE).items
            again += [each for each in found if each.submission_id not in theirs]
        again.sort(key=Conflict.sort_key)
        names = {rule.__name__ for rule in _OF_PEOPLE}
        kept = [
            each
            for each in before.items
            if (each.submission_id not in theirs and each.reviewer_id not in records) or each.rule not in names
        ]
        return Conflicts(tuple(_merged(kept, again)))

    def _find(self, world: World, rules: Sequence[Rule] = RULES) -> Conflicts:
        found: dict[SubmissionId, list[Conflict]] = {submission.id: [] for submission in world.submissions}
        for rule in rules:
            for conflict in with_decisions(rule(world, self.config), self.venue.decisions):
                found[conflict.submission_id].append(conflict)
        for conflict in with_decisions(tuple(inherited(world, found)), self.venue.decisions):
            found[conflict.submission_id].append(conflict)
        for conflicts in found.values():
            conflicts.sort(key=Conflict.sort_key)
        # Submissions are sorted by id, the first part of the sort key: so the whole is sorted.
        return Conflicts(tuple(conflict for conflicts in found.values() for conflict in conflicts))


def _merged(kept: Sequence[Conflict], again: Sequence[Conflict]) -> Iterator[Conflict]:
    """Two sorted sequences as one; the second is short."""
    start = 0
    for conflict in again:
        place = bisect_right(kept, conflict.sort_key(), lo=start, key=Conflict.sort_key)
        yield from kept[start:place]
        yield conflict
        start = place
    yield from kept[start:]
