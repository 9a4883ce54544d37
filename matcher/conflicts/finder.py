"""Finding conflicts: of a whole venue, of one pair, or anew where one person changed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from typing import Any, Final

from matcher.config import MatchConfig
from matcher.conflicts.further import inherited
from matcher.conflicts.incremental import follow, with_places
from matcher.conflicts.questions import with_decisions
from matcher.conflicts.rules import RULES, Rule
from matcher.conflicts.world import World
from matcher.records import Conflict, Conflicts, Person, PersonId, Reviewer, Submission, SubmissionId, Venue

__all__ = ["Finder"]

_MANY: Final = 0.3
"""Share of the submissions from which on it is quicker to find all conflicts."""


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
        """The conflicts after one person changed: names, addresses, affiliations, relations, papers, declared lists.

        Args:
            before: all conflicts of the venue until now.
            person: the person as they are now; their id is known.
            reviewer: their role as it is now; `None` leaves it. Papers that they list are in the venue.

        Returns:
            As for `followed`.
        """
        people = tuple(person if each.id == person.id else each for each in self.venue.people)
        reviewers = tuple(
            reviewer if reviewer is not None and each.person_id == person.id else each for each in self.venue.reviewers
        )
        return self.followed(before, replace(self.venue, people=people, reviewers=reviewers))

    def followed(self, before: Conflicts, venue: Venue) -> tuple[Finder, Conflicts]:
        """The conflicts after any change of the venue: of people, reviewers, papers, submissions, declarations.

        Only what the change can reach is found again. This finder stays as it is.

        Args:
            before: all conflicts of the venue until now.
            venue: as it is now.

        Returns:
            A finder for the changed venue, and all of its conflicts: the same as `find_conflicts` gives.

        Raises:
            DataError: as for `find_conflicts`.
        """
        moved = follow(self.world, venue)
        if moved is None:
            finder = Finder(venue, self.config)
            return finder, finder.all()
        finder = Finder(venue, self.config, world=moved.world)
        if len(moved.submissions) > _MANY * len(venue.submissions):
            return finder, finder.all()
        return finder, finder._renewed(before, moved.submissions, moved.reviewers)

    def _renewed(self, before: Conflicts, submissions: Set[SubmissionId], reviewers: Set[PersonId]) -> Conflicts:
        """All conflicts, found anew for some submissions and some reviewers."""
        again = list(self._find(self.world.narrowed(submissions, None)).items) if submissions else []
        if reviewers:
            others = self.venue.submission_by_id.keys() - submissions
            again += self._find(self.world.narrowed(others, reviewers)).items
        again.sort(key=Conflict.sort_key)
        known = self.venue.submission_by_id.keys() - submissions
        there = self.venue.reviewer_by_id.keys() - reviewers
        kept = [each for each in before.items if each.submission_id in known and each.reviewer_id in there]
        return with_places(Conflicts(tuple(_merged(kept, again))), self.venue)

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
