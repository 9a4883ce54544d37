"""Who must not review what, each with the facts behind it.

A rule is a plain function; `RULES` is the order in which they run. Everything that a rule finds is either a `block`,
or an `ask` that counts as a block until somebody decides. What is clear is not listed.
"""

from __future__ import annotations

from dataclasses import replace

from matcher.config import MatchConfig
from matcher.conflicts.finder import Finder
from matcher.conflicts.incremental import with_places
from matcher.conflicts.policy import Policy
from matcher.conflicts.rules import RULES
from matcher.errors import UnknownNameError
from matcher.identity import changes, is_large
from matcher.records import Conflicts, PersonId, Reviewer, Venue

__all__ = ["RULES", "Finder", "Policy", "conflicts_of_person", "conflicts_since", "find_conflicts"]


def find_conflicts(venue: Venue, config: MatchConfig) -> Conflicts:
    """Find every conflict between a submission and a reviewer, for withdrawn and rejected submissions too.

    Args:
        venue: the whole input.
        config: windows, policies and, if it has one, the deadline that replaces the venue's.

    Returns:
        All conflicts, sorted; several reasons for one pair are all kept.

    Raises:
        DataError: a window has to be counted from a deadline and there is none. Today's date never stands in for it.

    >>> from matcher.records import AuthorMention, Person, PersonId, Reviewer, Submission, SubmissionId
    >>> jane = AuthorMention(name="Jane Doe", person_id=PersonId("jane"))
    >>> venue = Venue.of(
    ...     reviewers=[Reviewer(person_id=PersonId("jane"))],
    ...     submissions=[Submission(id=SubmissionId("s1"), title="T", authors=(jane,))],
    ... )
    >>> [(found.rule, found.verdict.value) for found in find_conflicts(venue, MatchConfig()).items]
    [('author', 'block')]
    """
    return Finder(venue, config).all()


def conflicts_since(before: Venue, conflicts: Conflicts, venue: Venue, config: MatchConfig) -> Conflicts:
    """Find every conflict of a venue that was looked at before it changed, anew only where the change reaches.

    For one change after the other `Finder.followed` is quicker: it need not find out again who was who before.

    Args:
        before: the venue as it was.
        conflicts: all of it, under the same configuration.
        venue: as it is now.
        config: as for `find_conflicts`.

    Returns:
        The same as `find_conflicts` gives.

    Raises:
        DataError: as for `find_conflicts`.
    """
    changed = changes(before, venue)
    is_same = all(getattr(before, name) == getattr(venue, name) for name in ("deadline", "declared", "decisions"))
    if is_same and not len(changed):
        return with_places(conflicts, venue)
    if is_large(changed, before):
        return find_conflicts(venue, config)
    return Finder(before, config).followed(conflicts, venue)[1]


def conflicts_of_person(venue: Venue, config: MatchConfig, person_id: str) -> Conflicts:
    """Find the conflicts that somebody would have as a reviewer, whether they are one or not.

    Args:
        venue: the whole input.
        config: as for `find_conflicts`.
        person_id: a person of the venue.

    Raises:
        UnknownNameError: nobody has that id.
        DataError: as for `find_conflicts`.
    """
    if person_id not in venue.person_by_id:
        raise UnknownNameError("person", person_id, venue.person_by_id)
    who = PersonId(person_id)
    if who not in venue.reviewer_by_id:
        reviewers = sorted((*venue.reviewers, Reviewer(who)), key=lambda each: each.person_id)
        venue = replace(venue, reviewers=tuple(reviewers))
    return Finder(venue, config).of(None, (who,))
