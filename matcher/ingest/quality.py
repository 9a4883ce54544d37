"""What a chair should know about each reviewer's profile before anything is run: empty, thin, stale, foreign, doubled.

`check_venue` counts what is odd in a venue; this names, for every reviewer, what is odd about them, so that a chair can
go through the list. Nothing here decides anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from matcher.identity import normalise_name
from matcher.records import Paper, PersonId, Reviewer, Venue

__all__ = ["PROFILE_FLAGS", "ProfileCheck", "check_profiles"]

_FEW_PAPERS: Final = 4
"""The default score rests on the best four papers; a shorter profile is filled up with papers at background level."""

_STALE_YEARS: Final = 5
"""A profile whose newest paper is older than this may no longer tell what somebody works on."""

_FOREIGN_SHARE: Final = 0.5
"""A profile of which at least this share does not name the reviewer may hold somebody else's papers."""

_LONG_FACTOR: Final = 8
_LONG_FROM: Final = 100
"""A profile so many times longer than the median one, and at least so long, often holds the papers of namesakes."""

PROFILE_FLAGS: Final[Mapping[str, str]] = {
    "empty": "no publication: only a last resort, unless areas are counted",
    "thin": f"fewer than {_FEW_PAPERS} publications: the score rests on little",
    "stale": f"nothing newer than {_STALE_YEARS} years before the deadline",
    "undated": "no publication has a date: whether it is recent cannot be told",
    "without abstracts": "at most half of the publications have an abstract: their titles alone are read",
    "homonym": "somebody else in the venue carries the same name: their papers may be mixed up",
    "papers of others": "at least half of the publications do not name the reviewer",
    "very long": f"more than {_LONG_FACTOR} times as many publications as usual: perhaps those of namesakes too",
    "copied": "the same publications as another reviewer, all of them",
}
"""Every flag with what it means."""


@dataclass(frozen=True, slots=True)
class ProfileCheck:
    """What is known about one reviewer's profile.

    Args:
        reviewer_id: whose.
        name: the preferred spelling.
        papers: publications listed.
        with_abstract: of them, those with an abstract.
        newest: year of the newest; `None` when no publication has a date.
        not_named: publications whose byline does not name the reviewer, among those with a byline.
        homonyms: others who carry one of their names.
        flags: of `PROFILE_FLAGS`, in their order.
    """

    reviewer_id: PersonId
    name: str
    papers: int
    with_abstract: int
    newest: int | None
    not_named: int
    homonyms: tuple[PersonId, ...]
    flags: tuple[str, ...]


def check_profiles(venue: Venue) -> tuple[ProfileCheck, ...]:
    """Look at every reviewer's profile.

    Args:
        venue: as it was read.

    Returns:
        One entry for each reviewer, those with most flags first, then by id.
    """
    namesakes = _namesakes(venue)
    sizes = [len(reviewer.paper_ids) for reviewer in venue.reviewers if reviewer.paper_ids]
    usual = float(np.median(sizes)) if sizes else 0.0
    same = Counter(frozenset(reviewer.paper_ids) for reviewer in venue.reviewers if len(reviewer.paper_ids) > 1)
    found = []
    for reviewer in venue.reviewers:
        papers = [venue.paper_by_id[paper_id] for paper_id in reviewer.paper_ids]
        homonyms = namesakes.get(reviewer.person_id, ())
        entry = _entry(venue, reviewer, papers, homonyms)
        flags = set(_flags(venue, entry, papers, usual))
        if same[frozenset(reviewer.paper_ids)] > 1:
            flags.add("copied")
        found.append(_with_flags(entry, flags))
    return tuple(sorted(found, key=lambda each: (-len(each.flags), each.reviewer_id)))


def _entry(venue: Venue, reviewer: Reviewer, papers: list[Paper], homonyms: tuple[PersonId, ...]) -> ProfileCheck:
    person = venue.person_by_id[reviewer.person_id]
    names = {normalise_name(name) for name in person.names}
    years = [date.year for paper in papers for date in paper.dates]
    return ProfileCheck(
        reviewer_id=reviewer.person_id,
        name=person.name,
        papers=len(papers),
        with_abstract=sum(bool(paper.abstract) for paper in papers),
        newest=max(years, default=None),
        not_named=sum(bool(paper.authors) and not _names(paper, reviewer.person_id, names) for paper in papers),
        homonyms=homonyms,
        flags=(),
    )


def _names(paper: Paper, who: PersonId, names: set[str]) -> bool:
    return any(one.person_id == who or normalise_name(one.name) in names for one in paper.authors)


def _flags(venue: Venue, entry: ProfileCheck, papers: list[Paper], usual: float) -> Iterator[str]:
    if entry.homonyms:
        yield "homonym"
    if not papers:
        yield "empty"
        return
    if entry.papers < _FEW_PAPERS:
        yield "thin"
    if entry.newest is None:
        yield "undated"
    elif venue.deadline is not None and entry.newest < venue.deadline.day.year - _STALE_YEARS:
        yield "stale"
    if 2 * entry.with_abstract <= entry.papers:
        yield "without abstracts"
    if entry.not_named and entry.not_named >= _FOREIGN_SHARE * entry.papers:
        yield "papers of others"
    if entry.papers >= _LONG_FROM and entry.papers > _LONG_FACTOR * usual:
        yield "very long"


def _with_flags(entry: ProfileCheck, flags: set[str]) -> ProfileCheck:
    return ProfileCheck(
        entry.reviewer_id,
        entry.name,
        entry.papers,
        entry.with_abstract,
        entry.newest,
        entry.not_named,
        entry.homonyms,
        tuple(flag for flag in PROFILE_FLAGS if flag in flags),
    )


def _namesakes(venue: Venue) -> dict[PersonId, tuple[PersonId, ...]]:
    """Who shares a name with whom, among all people of the venue."""
    carriers: dict[str, dict[PersonId, None]] = {}
    for person in venue.people:
        for name in person.names:
            carriers.setdefault(normalise_name(name), {})[person.id] = None
    found: dict[PersonId, dict[PersonId, None]] = {}
    for name, people in carriers.items():
        if name and len(people) > 1:
            for one in people:
                found.setdefault(one, {}).update({other: None for other in people if other != one})
    return {one: tuple(sorted(others)) for one, others in found.items()}
