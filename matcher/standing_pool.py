"""Reviewers who wait for submissions: one title and abstract, and who should review it, at once.

A pool is a venue's reviewers with their papers encoded and their people identified. A question to it encodes one text,
scores it against every reviewer and finds its conflicts with all of them, by the same functions as a whole match.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np

from matcher.config import MatchConfig
from matcher.conflicts import Finder
from matcher.encoders import TextEncoder
from matcher.errors import DataError, RunError
from matcher.evidence import Vocabulary, shared_terms
from matcher.profiles import build_profiles
from matcher.records import (
    Conflict,
    Conflicts,
    EvidencePaper,
    Index,
    PartialDate,
    Person,
    PersonId,
    Profiles,
    Progress,
    Reviewer,
    Submission,
    Vectors,
    Venue,
    Verdict,
    by_column,
    text_of,
)
from matcher.scores import score, score_parts

__all__ = ["Candidate", "Pool", "build_pool", "check_people", "first_to_invite", "open_pool", "rank"]

_UNAVAILABLE: Final = ("declined", "retired")
_OPEN_STATES: Final = ("proposed", "accepted")
_PRIOR_ACCEPTED: Final = 1.0
_PRIOR_ASKED: Final = 2.0
"""What is believed of somebody who was never asked: one acceptance in two (Laplace's rule of succession)."""


@dataclass(frozen=True)
class Pool:
    """Reviewers, ready to be asked about.

    Args:
        venue: reviewers, papers, people; its own submissions play no part but in what the encoder has learned.
        config: how scores are made and which conflicts count.
        profiles: vectors of the papers.
        encoder: has learned from the texts of the venue.
        finder: who is who.
        loads: (R,) submissions that each reviewer has open.
        answers: per reviewer, invitations accepted and invitations answered.
    """

    venue: Venue
    config: MatchConfig
    profiles: Profiles
    encoder: TextEncoder
    finder: Finder
    loads: Mapping[PersonId, int]
    answers: Mapping[PersonId, tuple[int, int]]

    @cached_property
    def compared(self) -> Vectors:
        """The vectors of the papers as one text is compared with all of them, laid out once for all questions."""
        return by_column(self.profiles.vectors)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """How rare each word is among the papers."""
        return Vocabulary.of(self.venue)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reviewer as an answer.

    Args:
        reviewer_id: who.
        score: affinity; `None` where they have no papers.
        may_review: whether nothing stands against inviting them now.
        reasons: what stands against it, in words.
        conflicts: with the authors, with evidence.
        evidence: the papers behind the score.
        load: submissions that they have open.
        max_load: how many they take; `None` where neither they nor the venue say.
        last_invited: when they were last asked to review something, as far as the pool tells.
        answered: how many invitations they have answered.
        declined: how many of these they have declined.
        accepts: how likely they are to accept, from earlier answers: (accepted + 1) / (answered + 2), times their
            availability.
        expected: acceptances expected when everybody down to them is invited, in this order.
        is_suggested: whether the authors suggested them; counts for nothing.
        is_opposed: whether the authors opposed them; counts for nothing.
    """

    reviewer_id: PersonId
    score: float | None
    may_review: bool
    reasons: tuple[str, ...]
    conflicts: tuple[Conflict, ...]
    evidence: tuple[EvidencePaper, ...]
    load: int
    max_load: int | None
    last_invited: PartialDate | None
    answered: int
    declined: int
    accepts: float
    expected: float
    is_suggested: bool
    is_opposed: bool


def build_pool(venue: Venue, config: MatchConfig, encoder: TextEncoder, *, progress: Progress | None = None) -> Pool:
    """Encode the papers of a venue's reviewers and find out who is who.

    Args:
        venue: need not hold submissions.
        config: as for `match`.
        encoder: makes the vectors.
        progress: called while texts are embedded.

    Raises:
        DataError: there is no reviewer.
    """
    profiles = build_profiles(venue, encoder, config, progress=progress, may_lack_submissions=True)
    return open_pool(venue, config, encoder, profiles)


def open_pool(venue: Venue, config: MatchConfig, encoder: TextEncoder, profiles: Profiles) -> Pool:
    """A pool whose papers were encoded before.

    Args:
        venue: the same as then.
        config: likewise.
        encoder: made by the same configuration; learns from the venue's texts again.
        profiles: what it made then.

    Raises:
        RunError: the encoder is not the one that made the profiles.
    """
    texts = [venue.paper_by_id[paper].text for paper in profiles.papers]
    ready = encoder.fit([*texts, *(one.text for one in venue.active_submissions)])
    if ready.info != profiles.encoder:
        raise RunError("the profiles were made by another encoder or from other texts: build them again", path="pool")
    loads: dict[PersonId, int] = {}
    answers: dict[PersonId, tuple[int, int]] = {}
    for each in venue.assignments:
        accepted, answered = answers.get(each.reviewer_id, (0, 0))
        is_yes, is_no = each.state in ("accepted", "done"), each.state == "declined"
        answers[each.reviewer_id] = (accepted + is_yes, answered + is_yes + is_no)
        loads[each.reviewer_id] = loads.get(each.reviewer_id, 0) + (each.state in _OPEN_STATES)
    pool = Pool(venue, config, profiles, ready, Finder(venue, config), loads, answers)
    # Laid out now, not with the first question.
    assert pool.compared.shape == profiles.vectors.shape
    assert pool.vocabulary.papers <= len(venue.papers)
    return pool


def rank(
    pool: Pool,
    submission: Submission,
    *,
    count: int = 10,
    suggested: Collection[str] = (),
    opposed: Collection[str] = (),
    loads: Mapping[PersonId, int] | None = None,
    today: date | None = None,
    rest_days: int = 0,
    with_barred: bool = False,
) -> tuple[Candidate, ...]:
    """Who should review one submission.

    Args:
        pool: the reviewers.
        submission: title, abstract, authors; not one of the venue's.
        count: how many to name.
        suggested: ids of people whom the authors suggested; flagged, never preferred.
        opposed: ids of people whom the authors opposed; flagged, never left out.
        loads: open submissions beside those that the venue holds, such as those of a published assignment.
        today: the day of the question; needed for `rest_days`.
        rest_days: whoever was invited less than so many days before `today` is left in peace; a date known only to its
            month or year counts as its last day.
        with_barred: whether people who may not review it are named too, in their place.

    Returns:
        Best first: the order in which to invite. Those who may not review it are left out unless `with_barred`.

    Raises:
        DataError: the submission has the id of one of the venue's, or neither title nor abstract; or there are days of
            rest and no day to count from.
    """
    if rest_days and today is None:
        raise DataError("days of rest need the day from which they count", field="today")
    if submission.id in pool.venue.submission_by_id:
        raise DataError(f"submission '{submission.id}' is in the venue already")
    if not submission.text.strip():
        raise DataError("there is neither a title nor an abstract")
    profiles = replace(
        pool.profiles,
        submissions=Index([submission.id]),
        submission_vectors=pool.encoder.encode([text_of(submission.title, submission.abstract)]),
        submission_abstracts=np.array([bool(submission.abstract)], dtype=np.bool_),
    )
    scores = score(replace(profiles, vectors=pool.compared), pool.config)
    found = pool.finder.of_newcomer(submission)
    values = scores.values[0]
    named: list[Candidate] = []
    expected = 0.0
    for column in np.lexsort((np.arange(len(values)), -np.nan_to_num(values, nan=-1.0))):
        reviewer = pool.venue.reviewers[int(column)]
        who = reviewer.person_id
        load = pool.loads.get(who, 0) + (loads or {}).get(who, 0)
        conflicts = found.of(submission.id, who)
        reasons = _reasons(pool, reviewer, load, conflicts)
        if rest_days and today is not None:
            reasons += _still_resting(reviewer, today, rest_days)
        if reasons and not with_barred:
            continue
        accepted, answered = pool.answers.get(who, (0, 0))
        accepts = reviewer.availability * (accepted + _PRIOR_ACCEPTED) / (answered + _PRIOR_ASKED)
        expected += 0.0 if reasons else accepts
        named.append(
            Candidate(
                reviewer_id=who,
                score=None if np.isnan(values[column]) else float(values[column]),
                may_review=not reasons,
                reasons=reasons,
                conflicts=conflicts,
                evidence=tuple(
                    _with_terms(part, pool, submission, reviewer)
                    for part in score_parts(profiles, pool.config, pool.venue, submission.id, who)
                ),
                load=load,
                max_load=_max_load(pool, reviewer),
                last_invited=reviewer.last_invited,
                answered=answered,
                declined=answered - accepted,
                accepts=accepts,
                expected=expected,
                is_suggested=who in suggested,
                is_opposed=who in opposed,
            )
        )
        if len(named) == count:
            break
    return tuple(named)


def first_to_invite(candidates: Sequence[Candidate], wanted: int) -> tuple[Candidate, ...]:
    """Whom to invite now so that, by their earlier answers, enough will accept.

    Args:
        candidates: as `rank` gives them.
        wanted: acceptances that are wanted.

    Returns:
        The fewest from the first on who may review it and of whom that many acceptances are expected; where these do
        not suffice, all who may.
    """
    may = tuple(each for each in candidates if each.may_review)
    needed = next((place for place, each in enumerate(may, start=1) if each.expected >= wanted), len(may))
    return may[:needed]


def _max_load(pool: Pool, reviewer: Reviewer) -> int | None:
    if reviewer.max_load is not None:
        return reviewer.max_load
    return pool.config.max_load if pool.config.max_load is not None else pool.venue.defaults.max_load


def _reasons(pool: Pool, reviewer: Reviewer, load: int, conflicts: Sequence[Conflict]) -> tuple[str, ...]:
    reasons = []
    if any(each.verdict is Verdict.BLOCK for each in conflicts):
        reasons.append("in conflict")
    elif any(each.verdict is Verdict.ASK for each in conflicts):
        reasons.append("a possible conflict is to be decided first")
    if reviewer.invitation in _UNAVAILABLE:
        reasons.append(f"has {reviewer.invitation}")
    if not reviewer.availability:
        reasons.append("is not available")
    most = _max_load(pool, reviewer)
    if most is not None and load >= most:
        reasons.append(f"has {load} of {most} submissions")
    return tuple(reasons)


def _still_resting(reviewer: Reviewer, today: date, rest_days: int) -> tuple[str, ...]:
    asked = reviewer.last_invited
    if asked is None or (today - asked.last_day()).days >= rest_days:
        return ()
    return (f"was last invited {asked}, less than {rest_days} days ago",)


def _with_terms(part: EvidencePaper, pool: Pool, submission: Submission, reviewer: Reviewer) -> EvidencePaper:
    if part.paper_id is None:
        return part
    is_areas = part.paper_id == reviewer.areas_id
    text = reviewer.areas_text if is_areas else pool.venue.paper_by_id[part.paper_id].text
    return replace(part, terms=shared_terms(submission.text, text, pool.vocabulary))


def check_people(
    venue: Venue, config: MatchConfig, submissions: Sequence[Submission], people: Sequence[Person]
) -> Conflicts:
    """The conflicts between submissions and people of whom either may be unknown to the venue.

    Args:
        venue: papers and people among whom names are looked up.
        config: windows and policy.
        submissions: of the venue or not.
        people: likewise; whoever is no reviewer is looked at as one.

    Raises:
        DataError: two of them have one id.
    """
    newly = [Reviewer(person_id=each.id) for each in people if each.id not in venue.reviewer_by_id]
    held = {each.id for each in submissions}
    whole = Venue.of(
        name=venue.name,
        papers=venue.papers,
        people=[*(each for each in venue.people if each.id not in {one.id for one in people}), *people],
        reviewers=[*venue.reviewers, *newly],
        submissions=[*(each for each in venue.submissions if each.id not in held), *submissions],
        declared=venue.declared,
        deadline=venue.deadline,
        decisions=venue.decisions,
    )
    return Finder(whole, config).of([each.id for each in submissions], [each.id for each in people])
