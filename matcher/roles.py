"""Several roles on one venue, one round after the other: area chairs, reviewers, ethics, and seniors over them.

A round is an ordinary match of a venue that is cut for one role: the loads of that role, the submissions that want it,
and nobody who has another role on the same submission. Seniors are matched to those below them: each area chair is then
one thing to be assigned, written by all authors of their submissions, so that one conflict of a senior binds them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from matcher.errors import DataError, UnknownNameError
from matcher.records import (
    Assignment,
    AuthorMention,
    DeclaredConflict,
    FixedPair,
    PersonId,
    Reviewer,
    Submission,
    SubmissionId,
    Venue,
)

__all__ = ["REVIEWER", "TOTAL", "Seat", "cast", "seats_of", "units_over"]

REVIEWER: Final = "reviewer"
"""The role whose loads are those of the reviewer's own row."""

TOTAL: Final = "total"
"""The name of a load over all roles together."""

_UNIT: Final = "submissions"
"""The attribute in which a unit keeps the submissions that it stands for."""


@dataclass(frozen=True, slots=True, order=True)
class Seat:
    """Somebody has a role on a submission."""

    submission_id: SubmissionId
    person_id: PersonId
    role: str


def seats_of(venue: Venue, assignment: Assignment, role: str) -> tuple[Seat, ...]:
    """Who has which role after a round; who was assigned to a unit has it on each of its submissions.

    Args:
        venue: of the round.
        assignment: its answer.
        role: of the round.
    """
    found = set()
    for pair in assignment.pairs:
        inside = venue.submission_by_id[pair.submission_id].attributes.get(_UNIT)
        for name in [pair.submission_id] if inside is None else inside:
            found.add(Seat(SubmissionId(name), pair.reviewer_id, role))
    return tuple(sorted(found))


def cast(
    venue: Venue,
    role: str,
    *,
    seats: Iterable[Seat] = (),
    wanted: int | None = None,
    max_load: int,
    only: tuple[str, str] | None = None,
) -> Venue:
    """The venue of one role.

    Args:
        venue: the whole one, or the units of `units_over`.
        role: `reviewer` takes the loads of the reviewers' rows; every other one the loads named so in `roles`, and
            who has none does not take part.
        seats: of earlier rounds. Whoever has another role on a submission cannot have this one; all of them count
            against a load named `total`.
        wanted: people in this role that a submission wants, by default one; for `reviewer` the venue says.
        max_load: load of reviewers whose row does not say.
        only: an attribute of the submissions and the value that those have who want this role.

    Raises:
        UnknownNameError: nobody has this role, or no submission this attribute.
        DataError: a required pair has another role already.
    """
    seats = tuple(seats)
    key = _plain(role)
    if key != REVIEWER and not any(_plain(load.role) == key for each in venue.reviewers for load in each.roles):
        known = {load.role for each in venue.reviewers for load in each.roles}
        raise UnknownNameError("role", role, {REVIEWER, *known} - {TOTAL})
    taken: dict[PersonId, int] = {}
    for seat in seats:
        taken[seat.person_id] = taken.get(seat.person_id, 0) + 1
    return replace(
        venue,
        reviewers=tuple(_in_role(each, key, taken.get(each.person_id, 0), max_load) for each in venue.reviewers),
        submissions=tuple(_wanting(venue, key, wanted, only)),
        fixed=_without_second_roles(venue, key, seats),
    )


def _plain(role: str) -> str:
    """A role's name without the ways of writing it."""
    return " ".join(role.casefold().replace("_", " ").replace("-", " ").split())


def _in_role(reviewer: Reviewer, role: str, taken: int, max_load: int) -> Reviewer:
    high, low = reviewer.max_load, reviewer.min_load
    if role != REVIEWER:
        own = [load for load in reviewer.roles if _plain(load.role) == role]
        high, low = sum(load.max_load for load in own), sum(load.min_load for load in own)
    total = [load.max_load for load in reviewer.roles if _plain(load.role) == TOTAL]
    if total:
        high = min(max_load if high is None else high, max(0, min(total) - taken))
        low = None if low is None else min(low, high)
    return replace(reviewer, max_load=high, min_load=low)


def _wanting(venue: Venue, role: str, wanted: int | None, only: tuple[str, str] | None) -> Iterable[Submission]:
    if only is not None and not any(only[0] in each.attributes for each in venue.submissions):
        names = {name for each in venue.submissions for name in each.attributes}
        raise UnknownNameError("attribute of submissions", only[0], names)
    for submission in venue.submissions:
        number = submission.reviews_wanted if role == REVIEWER else wanted or 1
        if only is not None and not _has(submission.attributes.get(only[0]), only[1]):
            number = 0
        yield replace(submission, reviews_wanted=number)


def _has(value: Any, wanted: str) -> bool:
    values = value if isinstance(value, list | tuple) else [value]
    return any(str(each).strip().casefold() == wanted.strip().casefold() for each in values)


def _without_second_roles(venue: Venue, role: str, seats: Sequence[Seat]) -> tuple[FixedPair, ...]:
    """The fixed pairs, and a forbidden one for each pair with another role."""
    fixed = {(each.submission_id, each.reviewer_id): each for each in venue.fixed}
    inside = {
        SubmissionId(name): unit.id for unit in venue.submissions for name in unit.attributes.get(_UNIT, (unit.id,))
    }
    for seat in seats:
        unit = inside.get(seat.submission_id)
        if unit is None or seat.person_id not in venue.reviewer_by_id or _plain(seat.role) == role:
            continue
        pair = (unit, seat.person_id)
        if pair in fixed and fixed[pair].kind == "require":
            raise DataError(
                f"the pair '{unit}', '{seat.person_id}' is required, and there they are {seat.role} already",
                file="fixed.csv",
                remedy="one person has one role on a submission: take it out",
            )
        fixed[pair] = FixedPair(unit, seat.person_id, "forbid")
    return tuple(sorted(fixed.values()))


def units_over(venue: Venue, seats: Iterable[Seat]) -> Venue:
    """The venue of those above: everybody with a seat becomes one thing to be assigned.

    Args:
        venue: the whole one.
        seats: of the round below.

    Returns:
        A venue whose submissions are people, each written by all authors of their submissions and declared to be in
        conflict with all who are with one of these. Nobody is above themselves. Bids, history and earlier assignments
        speak of submissions and are left out.
    """
    below: dict[PersonId, list[Submission]] = {}
    for seat in sorted(seats):
        if seat.submission_id in venue.submission_by_id:
            below.setdefault(seat.person_id, []).append(venue.submission_by_id[seat.submission_id])
    units: list[Submission] = []
    declared: set[DeclaredConflict] = set()
    for who, submissions in sorted(below.items()):
        unit = SubmissionId(who)
        units.append(_unit(unit, venue.name_of(who), submissions))
        names = {submission.id for submission in submissions}
        declared.update(
            DeclaredConflict(unit, each.reviewer_id, each.reason)
            for each in venue.declared
            if each.submission_id in names
        )
    return replace(
        venue,
        submissions=tuple(units),
        declared=tuple(sorted(declared)),
        bids=(),
        fixed=tuple(
            FixedPair(SubmissionId(who), who, "forbid") for who in sorted(below) if who in venue.reviewer_by_id
        ),
        assignments=(),
        history=(),
        recommendations=(),
    )


def _unit(name: SubmissionId, person: str, submissions: Sequence[Submission]) -> Submission:
    authors: dict[Any, AuthorMention] = {}
    for submission in submissions:
        for mention in submission.authors:
            authors.setdefault(mention.person_id or (mention.name, mention.email), mention)
    tracks = {submission.track for submission in submissions}
    return Submission(
        id=name,
        title=person,
        abstract=" ".join(submission.text for submission in submissions),
        authors=tuple(authors.values()),
        keywords=tuple(dict.fromkeys(word for submission in submissions for word in submission.keywords)),
        track=tracks.pop() if len(tracks) == 1 else "",
        attributes={_UNIT: [submission.id for submission in submissions]},
    )
