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
from matcher.errors import counted
from matcher.records import PersonId, ScoreMatrix, SubmissionId

__all__ = [
    "bids_on_one_group",
    "competing",
    "near_duplicates",
    "odd_bids",
    "odd_profiles",
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

_ODD_PAPERS: Final = 3
_ODD_SHARE: Final = 0.5
"""A profile is odd when at least this many, and this share, of its papers name somebody else, or of the papers that
name its owner are not in it."""

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
                f"{world.display(author_id)}, an author of {base} of all submissions"
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
            f"{world.name_of(reviewer_id)} bid for {submission_id}, where their score is {value:.2f}: only {below} of "
            f"their scores are lower; of bids at random {_LOW_QUARTER:.0%} would be in the lowest {_LOW_QUARTER:.0%}"
        )
        yield Remark("bid against score", text, (submission_id,), (reviewer_id,))


def odd_profiles(world: World) -> Iterator[Remark]:
    """Profiles that hold papers of others, or lack many that name their owner, beside how often that is so here.

    Who adds foreign papers, or keeps only those that suit one submission, is ranked higher for it.
    """
    foreign: dict[PersonId, list[str]] = {}
    missing: dict[PersonId, list[str]] = {}
    sizes: dict[PersonId, tuple[int, int]] = {}
    for reviewer_id, reviewer in world.reviewers.items():
        listed_ids = set(reviewer.paper_ids)
        places = [
            each for each in world.papers_of.get(reviewer_id, ()) if world.venue.paper_by_id[each.paper_id].authors
        ]
        named = {each.paper_id for each in places if each.position is not None and each.link.is_sure}
        with_byline = {each.paper_id for each in places if each.paper_id in listed_ids}
        foreign[reviewer_id] = sorted(with_byline - {each.paper_id for each in places if each.position is not None})
        missing[reviewer_id] = sorted(named - listed_ids)
        sizes[reviewer_id] = (len(with_byline), len(named))
    told = (
        ("foreign papers", foreign, 0, "papers of their profile name somebody else"),
        ("missing papers", missing, 1, "papers that name them are not in their profile"),
    )
    for kind, found, which, what in told:
        odd = [who for who, some in found.items() if _is_odd(len(some), sizes[who][which])]
        base = share(sum(map(len, found.values())), sum(size[which] for size in sizes.values()))
        for who in odd:
            text = (
                f"{world.name_of(who)}: {len(found[who])} of {sizes[who][which]} {what} ({listed(found[who])}); over "
                f"all reviewers it is {base}, and {counted(len(odd), 'profile is', 'profiles are')} like that"
            )
            yield Remark(kind, text, (), (who,), "public")


def _is_odd(count: int, size: int) -> bool:
    return count >= _ODD_PAPERS and count >= _ODD_SHARE * size


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
