"""Who of the authors can review: a rule over publications, duties that come with submissions, exemptions, loads.

Authors are people with an id: a name alone qualifies nobody and exempts nobody. A paper counts when its date can lie in
the years asked for. Every submission owes as many reviews as it wants; its qualified authors share them, so that loads
are in proportion to what a person submits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from matcher.records import Paper, PersonId, Submission, SubmissionId, Venue

__all__ = ["Barren", "LeftOut", "Member", "Pool", "PoolRule", "build_pool"]


_ALREADY: Final = "reviews already"


@dataclass(frozen=True, slots=True)
class PoolRule:
    """What makes an author a reviewer.

    Args:
        papers: fewest papers that count.
        since: first day on which a paper counts; `None` is no limit.
        until: last day.
        published_in: parts of names of venues, in any case; none: every venue counts.
        kinds: of `records.KINDS`; none: every kind counts.
    """

    papers: int = 3
    since: date | None = None
    until: date | None = None
    published_in: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    def counts(self, paper: Paper) -> bool:
        """Whether a paper counts; one without a date does only where no years are asked for."""
        if self.kinds and paper.kind not in self.kinds:
            return False
        where = paper.published_in.casefold()
        if self.published_in and not any(name.casefold() in where for name in self.published_in):
            return False
        if self.since is None and self.until is None:
            return True
        return any(
            (self.since is None or each.last_day() >= self.since)
            and (self.until is None or each.first_day() <= self.until)
            for each in paper.dates
        )

    def __str__(self) -> str:
        parts = [f"at least {self.papers} {'paper' if self.papers == 1 else 'papers'}"]
        if self.kinds:
            parts.append(f"of kind {' or '.join(self.kinds)}")
        if self.published_in:
            parts.append(f"in {' or '.join(self.published_in)}")
        if self.since is not None:
            parts.append(f"since {self.since}")
        if self.until is not None:
            parts.append(f"until {self.until}")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Member:
    """An author who becomes a reviewer.

    Args:
        person_id: who.
        name: for people to read.
        papers: papers that count.
        submissions: active submissions of theirs, sorted.
        max_load: their share of what these submissions owe, rounded up.
        reason: why, in words.
    """

    person_id: PersonId
    name: str
    papers: int
    submissions: tuple[SubmissionId, ...]
    max_load: int
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An author who does not, and why. `person_id` is `None` for names without an id."""

    person_id: PersonId | None
    name: str
    submissions: tuple[SubmissionId, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Barren:
    """A submission that brings no reviewer, and why."""

    submission_id: SubmissionId
    reason: str


@dataclass(frozen=True, slots=True)
class Pool:
    """Authors as reviewers.

    Args:
        members: sorted by id.
        left_out: sorted by id, then name.
        barren: sorted by id.
        demand: reviews that the active submissions want.
        supply: reviews that the members may give.
    """

    members: tuple[Member, ...]
    left_out: tuple[LeftOut, ...]
    barren: tuple[Barren, ...]
    demand: int
    supply: int


def build_pool(
    venue: Venue,
    rule: PoolRule,
    *,
    reviews: int,
    most: int | None = None,
    exempt: Mapping[str, str] | None = None,
    one_each: bool = False,
) -> Pool:
    """Choose reviewers among the authors of active submissions.

    Args:
        venue: submissions with their authors, publications, people, and who reviews already.
        rule: what qualifies.
        reviews: reviews that a submission wants where it does not say.
        most: largest load of a member; `None` is no limit.
        exempt: people who need not review, with the reason.
        one_each: whether as few as can be found by a greedy search bring one for every submission; else all who
            qualify become members.

    Returns:
        The members, and who and what is left out. Who reviews already is no member, but fulfils the duty of their
        submissions.
    """
    exempt = exempt or {}
    of_author: dict[PersonId, list[SubmissionId]] = {}
    nameless: dict[str, list[SubmissionId]] = {}
    for submission in venue.active_submissions:
        for mention in submission.authors:
            if mention.person_id is None:
                nameless.setdefault(mention.name, []).append(submission.id)
            else:
                of_author.setdefault(mention.person_id, []).append(submission.id)
    counts = _counted_papers(venue.papers, rule, of_author)
    why = {who: _why_not(venue, who, counts[who], rule, exempt) for who in of_author}
    serving = {who for who in of_author if why[who] == _ALREADY}
    able = {who: tuple(of_author[who]) for who in sorted(of_author) if not why[who]}
    chosen = _fewest(able, {name for who in serving for name in of_author[who]}) if one_each else able
    for who in able:
        if who not in chosen:
            why[who] = "qualified, and not needed: others bring one for each of their submissions"
    members = tuple(_members(venue, chosen, serving, of_author, counts, reviews, most))
    left = [LeftOut(who, venue.name_of(who), tuple(of_author[who]), why[who]) for who in of_author if why[who]]
    unknown = "no id: whose papers these are is not known"
    left += [LeftOut(None, name, tuple(names), unknown) for name, names in nameless.items()]
    return Pool(
        members=members,
        left_out=tuple(sorted(left, key=lambda each: (each.person_id or "", each.name))),
        barren=tuple(_barren(venue, {*chosen, *serving}, why)),
        demand=sum(_wanted(submission, reviews) for submission in venue.active_submissions),
        supply=sum(member.max_load for member in members),
    )


def _counted_papers(papers: Iterable[Paper], rule: PoolRule, authors: Iterable[PersonId]) -> dict[PersonId, int]:
    counts = dict.fromkeys(authors, 0)
    for paper in papers:
        if rule.counts(paper):
            for who in {mention.person_id for mention in paper.authors if mention.person_id in counts}:
                assert who is not None
                counts[who] += 1
    return counts


def _why_not(venue: Venue, who: PersonId, papers: int, rule: PoolRule, exempt: Mapping[str, str]) -> str:
    """Why an author does not become a reviewer; the empty text for one who does."""
    if who in exempt:
        return f"exempt: {exempt[who]}" if exempt[who] else "exempt"
    reviewer = venue.reviewer_by_id.get(who)
    if reviewer is not None:
        return _ALREADY if reviewer.invitation in ("accepted", "invited") else f"{reviewer.invitation} to review"
    if papers < rule.papers:
        return f"{papers} of {rule}"
    return ""


def _fewest(
    able: Mapping[PersonId, tuple[SubmissionId, ...]], done: set[SubmissionId]
) -> dict[PersonId, tuple[SubmissionId, ...]]:
    """People who together bring one for every submission that they can: first whoever helps most submissions."""
    open_ones = {name for names in able.values() for name in names} - done
    chosen = {}
    while open_ones:
        best = min(able, key=lambda who: (-len(open_ones.intersection(able[who])), who))
        chosen[best] = able[best]
        open_ones.difference_update(able[best])
    return {who: chosen[who] for who in sorted(chosen)}


def _wanted(submission: Submission, reviews: int) -> int:
    return reviews if submission.reviews_wanted is None else submission.reviews_wanted


def _members(
    venue: Venue,
    chosen: Mapping[PersonId, tuple[SubmissionId, ...]],
    serving: set[PersonId],
    of_author: Mapping[PersonId, list[SubmissionId]],
    counts: Mapping[PersonId, int],
    reviews: int,
    most: int | None,
) -> Iterator[Member]:
    """The chosen with their loads: what each submission owes is shared by those of its authors who review."""
    sharers: dict[SubmissionId, int] = {}
    for who in (*chosen, *serving):
        for name in of_author[who]:
            sharers[name] = sharers.get(name, 0) + 1
    for who, names in chosen.items():
        owed = [(_wanted(venue.submission_by_id[name], reviews), sharers[name]) for name in names]
        load = max(1, math.ceil(sum(Fraction(wanted, among) for wanted, among in owed)))
        capped = load if most is None else min(load, most)
        submissions = f"{len(names)} {'submission' if len(names) == 1 else 'submissions'}"
        limit = "" if capped == load else f", {load} without the limit of {most}"
        yield Member(
            person_id=who,
            name=venue.name_of(who),
            papers=counts[who],
            submissions=names,
            max_load=capped,
            reason=f"{counts[who]} papers count; author of {submissions}: load {capped}{limit}",
        )


def _barren(venue: Venue, bringing: set[PersonId], why: Mapping[PersonId, str]) -> Iterator[Barren]:
    for submission in venue.active_submissions:
        authors = [mention.person_id for mention in submission.authors]
        if any(who in bringing for who in authors):
            continue
        reasons = [f"{venue.name_of(who)} ({why[who]})" for who in authors if who is not None]
        nameless = authors.count(None)
        if nameless:
            reasons.append(f"{nameless} without an id")
        yield Barren(submission.id, "; ".join(reasons) or "it has no authors")
