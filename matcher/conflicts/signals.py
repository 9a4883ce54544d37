"""Signals of rings and of odd bids, each with the rate that chance alone would give. Never an accusation.

Source of the signals: S. Jecmen et al., On the detection of reviewer-author collusion rings from paper bidding, 2024.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import numpy as np

from matcher.conflicts.policy import words_of
from matcher.conflicts.remark import Remark, listed, share
from matcher.conflicts.world import World
from matcher.records import PersonId, ScoreMatrix, SubmissionId

__all__ = [
    "bids_on_one_group",
    "competing",
    "mutual",
    "near_duplicates",
    "odd_bids",
    "own_submissions",
    "positive_bids",
]

_POSITIVE: Final = frozenset(
    ("1", "2", "3", "eager", "high", "positive", "strong", "very high", "want", "willing", "yes")
)
"""Bids that want a submission, as several systems write them; everything else is no wish."""

_LOW_QUARTER: Final = 0.25
"""A bid is odd when the score is in this lowest part of the reviewer's own scores."""

_GROUP_SHARE: Final = 0.5
_GROUP_BIDS: Final = 3
"""Bids are concentrated when at least this many, and this share of them, are on submissions of one author."""

_ALIKE: Final = 0.8
"""Jaccard index of words from which two texts count as nearly the same."""

Own = Mapping[PersonId, tuple[SubmissionId, ...]]


def own_submissions(world: World) -> dict[PersonId, tuple[SubmissionId, ...]]:
    """The submissions of which each reviewer surely is an author."""
    found: dict[PersonId, list[SubmissionId]] = {}
    for submission in world.submissions:
        for one in world.authors[submission.id]:
            if one.link.is_sure:
                for same in world.identities.same_as(one.link.person_id):
                    if same.is_sure and same.person_id in world.reviewers:
                        found.setdefault(same.person_id, []).append(submission.id)
    return {who: tuple(dict.fromkeys(names)) for who, names in sorted(found.items())}


def positive_bids(world: World) -> tuple[tuple[SubmissionId, PersonId], ...]:
    """The pairs with a bid that wants the submission."""
    return tuple((bid.submission_id, bid.reviewer_id) for bid in world.venue.bids if bid.bid.casefold() in _POSITIVE)


def mutual(
    world: World, own: Own, pairs: Iterable[tuple[SubmissionId, PersonId]], *, kind: str, verb: str
) -> Iterator[Remark]:
    """Two reviewers each of whom has (or bids for) a submission of the other, against what chance would give.

    The rate of chance takes every reviewer's number of pairs as given and spreads them over all submissions.

    Args:
        world: names.
        own: submissions of each reviewer.
        pairs: assigned pairs, or positive bids.
        kind: of the remark.
        verb: what the two do with each other's submissions.
    """
    taken: dict[PersonId, set[SubmissionId]] = {}
    for submission_id, reviewer_id in pairs:
        taken.setdefault(reviewer_id, set()).add(submission_id)
    authors = [reviewer_id for reviewer_id in sorted(own) if reviewer_id in taken]
    by_submission: dict[SubmissionId, list[PersonId]] = {}
    for reviewer_id in authors:
        for submission_id in own[reviewer_id]:
            by_submission.setdefault(submission_id, []).append(reviewer_id)
    found = [
        (one, other)
        for one in authors
        for other in sorted({who for name in taken[one] for who in by_submission.get(name, ())})
        if one < other and taken[other].intersection(own[one])
    ]
    expected = _expected_mutual(authors, own, taken, len(world.submissions))
    for one, other in found:
        names = tuple(sorted((taken[one] & set(own[other])) | (taken[other] & set(own[one]))))
        text = (
            f"{world.name_of(one)} and {world.name_of(other)} {verb} each other's submissions "
            f"({listed(names)}); {len(found)} such pairs, chance alone gives about {expected:.1f}"
        )
        yield Remark(kind, text, names, (one, other))


def _expected_mutual(
    authors: list[PersonId], own: Own, taken: Mapping[PersonId, set[SubmissionId]], submissions: int
) -> float:
    """Sum over pairs of the probability that both happen, loads spread at random."""
    if not authors:
        return 0.0
    loads = np.array([len(taken[who]) for who in authors], dtype=np.float64)
    sizes = np.array([len(own[who]) for who in authors], dtype=np.float64)
    products = loads * sizes / submissions
    # P(i has one of j's) ≈ loads_i · sizes_j / S, so the product over both directions factors.
    return float((products.sum() ** 2 - (products**2).sum()) / 2)


def bids_on_one_group(world: World) -> Iterator[Remark]:
    """Reviewers whose positive bids concentrate on one author's submissions, beside that author's share of all."""
    by_reviewer: dict[PersonId, list[SubmissionId]] = {}
    for submission_id, reviewer_id in positive_bids(world):
        by_reviewer.setdefault(reviewer_id, []).append(submission_id)
    total: Counter[str] = Counter()
    for submission in world.submissions:
        total.update({one.link.person_id for one in world.authors[submission.id] if one.link.is_sure})
    for reviewer_id, names in by_reviewer.items():
        counts: Counter[PersonId] = Counter()
        for name in names:
            counts.update({one.link.person_id for one in world.authors[name] if one.link.is_sure})
        for author_id, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
            if count < _GROUP_BIDS or count < _GROUP_SHARE * len(names):
                break
            base = share(total[author_id], len(world.submissions))
            text = (
                f"{world.name_of(reviewer_id)}: {count} of {len(names)} positive bids are on submissions of "
                f"{world.display(author_id)}, who has {base} of all"
            )
            yield Remark("bids on one group", text, tuple(sorted(names)), (reviewer_id, author_id))


def odd_bids(world: World, scores: ScoreMatrix) -> Iterator[Remark]:
    """Positive bids on submissions that are far from the reviewer's own work."""
    for submission_id, reviewer_id in positive_bids(world):
        if submission_id not in scores.submissions or reviewer_id not in scores.reviewers:
            continue
        column = scores.values[:, scores.reviewers.position(reviewer_id)]
        value = float(column[scores.submissions.position(submission_id)])
        known = column[~np.isnan(column)]
        if np.isnan(value) or len(known) < 1 / _LOW_QUARTER or value > np.quantile(known, _LOW_QUARTER):
            continue
        below = share(float((known < value).sum()), len(known))
        text = (
            f"{world.name_of(reviewer_id)} wants {submission_id}, whose score of {value:.2f} is above only {below} of "
            f"theirs; chance alone puts {_LOW_QUARTER:.0%} of the bids this low"
        )
        yield Remark("bid against score", text, (submission_id,), (reviewer_id,))


def near_duplicates(world: World) -> Iterator[Remark]:
    """Submissions whose titles and abstracts are nearly the same."""
    for one, other, index in _alike(world):
        text = f"{one} and {other} share {index:.0%} of the words of their titles and abstracts"
        yield Remark("near duplicate", text, (one, other))


def competing(world: World, own: Own, pairs: Iterable[tuple[SubmissionId, PersonId]]) -> Iterator[Remark]:
    """Pairs whose reviewer has a submission of their own that is nearly the same."""
    alike: dict[SubmissionId, set[SubmissionId]] = {}
    for one, other, _ in _alike(world):
        alike.setdefault(one, set()).add(other)
        alike.setdefault(other, set()).add(one)
    for submission_id, reviewer_id in pairs:
        rivals = sorted(alike.get(submission_id, set()).intersection(own.get(reviewer_id, ())))
        if rivals and submission_id not in own.get(reviewer_id, ()):
            name = world.name_of(reviewer_id)
            text = f"{name} has a submission ({listed(rivals)}) that is nearly the same as {submission_id}"
            yield Remark("competing", text, (submission_id, *rivals), (reviewer_id,))


def _alike(world: World) -> Iterator[tuple[SubmissionId, SubmissionId, float]]:
    """Pairs of active submissions with nearly the same words, found by rare words that they share.

    Two texts as alike as that share one of the rarest words of each: only pairs that do are compared.

    Source: prefix filtering, S. Chaudhuri et al., A primitive operator for similarity joins in data cleaning, 2006.
    """
    words = {
        submission.id: frozenset(words_of(submission.text).split())
        for submission in world.submissions
        if submission.status == "active"
    }
    frequency = Counter(word for own in words.values() for word in own)
    having: dict[str, list[SubmissionId]] = {}
    candidates: set[tuple[SubmissionId, SubmissionId]] = set()
    for name, own in words.items():
        kept = len(own) - math.ceil(_ALIKE * len(own)) + 1
        for word in sorted(own, key=lambda each: (frequency[each], each))[:kept]:
            candidates.update((other, name) for other in having.get(word, ()))
            having.setdefault(word, []).append(name)
    for one, other in sorted(candidates):
        index = len(words[one] & words[other]) / len(words[one] | words[other])
        if index >= _ALIKE:
            yield one, other, index
