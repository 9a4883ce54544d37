"""Whether a venue has the reviewers that its submissions need: demand and experts by track and topic, and whom to find.

Topics are clusters of the submissions' texts, found by k-means on their likeness to some of them and named by the words
that are frequent inside and rare outside.

Source: S. Lloyd, Least squares quantization in PCM, 1982; D. Arthur, S. Vassilvitskii, k-means++, SODA 2007.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from matcher.flow import Flow
from matcher.records import (
    Bools,
    Doubles,
    Ints,
    Limits,
    PairStatus,
    Profiles,
    ScoreMatrix,
    Submission,
    SubmissionId,
    Venue,
    inner_products,
)

__all__ = ["Capacity", "Scarce", "TopicCapacity", "TrackCapacity", "find_topics", "measure_capacity"]

_LANDMARKS: Final = 400
"""Submissions whose likeness to all others places these for clustering."""

_ROUNDS: Final = 50
_WORDS: Final = 4
"""Words that name a topic."""

_COMMON: Final = 0.4
"""Share of the submissions above which a word names no topic."""


@dataclass(frozen=True, slots=True)
class TrackCapacity:
    """Demand and expert supply of one track.

    Args:
        track: its name; empty for submissions without one.
        submissions: active submissions of it.
        demand: reviews that they want.
        experts: reviewers who may review one of them and score at least the floor there.
        supply: reviews that these could give if they had no other track: loads, and each submission once.
        lacking: reviews for which no expert is left when all experts are shared in the best way among all tracks.
    """

    track: str
    submissions: int
    demand: int
    experts: int
    supply: int
    lacking: int


@dataclass(frozen=True, slots=True)
class TopicCapacity:
    """Demand and expert supply of one cluster of texts.

    Args:
        words: what names it, the most telling first.
        submissions: active submissions of it, by id.
        demand: reviews that they want.
        experts: reviewers who may review one of them and score at least the floor there.
        supply: reviews that these could give if they had no other topic.
        lacking: reviews for which no expert is left when all experts are shared in the best way.
        recruit: new experts of this topic that would give these, at the usual load.
    """

    words: tuple[str, ...]
    submissions: tuple[SubmissionId, ...]
    demand: int
    experts: int
    supply: int
    lacking: int
    recruit: int


@dataclass(frozen=True, slots=True)
class Scarce:
    """A submission with too few experts.

    Args:
        submission_id: the submission.
        title: its title.
        experts: reviewers who may review it and score at least the floor.
        barred: reviewers who score as much and may not.
        wanted: reviews wanted.
    """

    submission_id: SubmissionId
    title: str
    experts: int
    barred: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Capacity:
    """Demand and supply of a venue.

    Args:
        demand: reviews wanted.
        supply: reviews that all reviewers together may give.
        tracks: sorted by name.
        scarce: submissions with fewer experts than asked for, fewest first.
        recruit: keywords of these submissions with how many of them have each, most first: where to look for reviewers.
        topics: clusters of texts, those that lack most reviews by experts first; none where none were asked for.
    """

    demand: int
    supply: int
    tracks: tuple[TrackCapacity, ...]
    scarce: tuple[Scarce, ...]
    recruit: tuple[tuple[str, int], ...]
    topics: tuple[TopicCapacity, ...] = ()


def measure_capacity(
    venue: Venue, scores: ScoreMatrix, limits: Limits, *, floor: float, at_least: int, topics: Ints | None = None
) -> Capacity:
    """Measure demand and expert supply.

    Args:
        venue: tracks, titles, keywords.
        scores: (S, R).
        limits: who may review what, demand, loads.
        floor: score from which a reviewer counts as an expert.
        at_least: experts that a submission should have.
        topics: (S,) number of each submission's cluster, from `find_topics`.
    """
    with np.errstate(invalid="ignore"):
        is_good = scores.values >= floor
    may = np.isin(limits.status, (PairStatus.ELIGIBLE, PairStatus.REQUIRED))
    experts = is_good & may
    counts, barred = experts.sum(axis=1), (is_good & ~may).sum(axis=1)
    submissions = [venue.submission_by_id[name] for name in scores.submissions]
    names = np.array([submission.track for submission in submissions], dtype=object)
    lacking = _lacking(experts, limits)
    tracks = []
    for name in sorted(set(names.tolist())):
        inside = np.flatnonzero(names == name)
        tracks.append(TrackCapacity(name, len(inside), *_figures(inside, experts, limits, lacking)))
    few = [row for row in np.argsort(counts, kind="stable").tolist() if counts[row] < at_least]
    scarce = tuple(
        Scarce(submissions[row].id, submissions[row].title, int(counts[row]), int(barred[row]), int(limits.wanted[row]))
        for row in few
    )
    words = Counter(word.casefold() for row in few for word in dict.fromkeys(submissions[row].keywords))
    return Capacity(
        demand=int(limits.wanted.sum()),
        supply=int(limits.max_load.sum()),
        tracks=tuple(tracks),
        scarce=scarce,
        recruit=tuple(sorted(words.items(), key=lambda item: (-item[1], item[0]))),
        topics=() if topics is None else _topics(submissions, topics, experts, limits, lacking),
    )


def _lacking(experts: Bools, limits: Limits) -> Ints:
    """(S,) reviews without an expert when as many as can be have one."""
    none = np.zeros(len(limits.max_load), dtype=np.bool_)
    flow = Flow(experts, limits.wanted, limits.max_load, none)
    flow.fill_all()
    return np.array([flow.missing(row) for row in range(len(limits.wanted))], dtype=np.int64)


def _figures(inside: Ints, experts: Bools, limits: Limits, lacking: Ints) -> tuple[int, int, int, int]:
    """Demand, experts, supply and what is lacking of some submissions."""
    each = experts[inside].sum(axis=0)
    supply = int(np.minimum(each, limits.max_load).sum())
    return int(limits.wanted[inside].sum()), int((each > 0).sum()), supply, int(lacking[inside].sum())


# --- topics ---------------------------------------------------------------------------------------------------------


def find_topics(profiles: Profiles, *, count: int, seed: int) -> Ints:
    """(S,) the cluster of every submission, from 0 up, by the likeness of their texts.

    Args:
        profiles: vectors of the submissions.
        count: most clusters; there are never more than submissions.
        seed: decides where the search starts.
    """
    size = len(profiles.submissions)
    rng = np.random.default_rng(seed)
    landmarks = np.sort(rng.permutation(size)[:_LANDMARKS])
    places = inner_products(profiles.submission_vectors, profiles.submission_vectors[landmarks]).astype(np.float64)
    length = np.linalg.norm(places, axis=1, keepdims=True)
    np.divide(places, length, out=places, where=length > 0)
    centres = _first_centres(places, min(count, size), rng)
    member = np.full(size, -1)
    for _ in range(_ROUNDS):
        nearest = (centres @ places.T).argmax(axis=0)
        if (nearest == member).all():
            break
        member = nearest
        for cluster in range(len(centres)):
            if (member == cluster).any():
                middle = places[member == cluster].mean(axis=0)
                centres[cluster] = middle / max(float(np.linalg.norm(middle)), 1e-12)
    return np.unique(member, return_inverse=True)[1].astype(np.int64)


def _first_centres(places: Doubles, count: int, rng: np.random.Generator) -> Doubles:
    """Rows far from each other: each next one by chance in proportion to its squared distance."""
    chosen = [int(rng.integers(len(places)))] if len(places) else []
    while len(chosen) < count:
        distance = np.maximum(1 - (places @ places[chosen].T).max(axis=1), 0) ** 2
        distance[chosen] = 0
        if distance.sum() <= 1e-12:
            break
        chosen.append(int(rng.choice(len(places), p=distance / distance.sum())))
    return places[chosen].copy()


def _topics(
    submissions: Sequence[Submission], topics: Ints, experts: Bools, limits: Limits, lacking: Ints
) -> tuple[TopicCapacity, ...]:
    loads = limits.max_load[limits.max_load > 0]
    usual = int(np.bincount(loads).argmax()) if len(loads) else 1
    bags = [_words(submission) for submission in submissions]
    everywhere = Counter(word for bag in bags for word in bag)
    found = []
    for topic in range(int(topics.max(initial=-1)) + 1):
        inside = np.flatnonzero(topics == topic)
        figures = _figures(inside, experts, limits, lacking)
        found.append(
            TopicCapacity(
                _telling_words([bags[row] for row in inside.tolist()], everywhere, len(bags)),
                tuple(submissions[row].id for row in inside.tolist()),
                *figures,
                recruit=-(-figures[-1] // usual),
            )
        )
    return tuple(sorted(found, key=lambda each: (-each.lacking, -each.demand, each.submissions)))


def _words(submission: Submission) -> set[str]:
    text = f"{submission.title} {' '.join(submission.keywords)}"
    return set(re.findall(r"[^\W\d_]{4,}", text.casefold()))


def _telling_words(bags: Sequence[Iterable[str]], everywhere: Counter[Any], size: int) -> tuple[str, ...]:
    """The words that are frequent in these texts and rare in all."""
    inside = Counter(word for bag in bags for word in bag)
    worth = {
        word: count / len(bags) * np.log(size / everywhere[word])
        for word, count in inside.items()
        if everywhere[word] <= _COMMON * size and (count > 1 or len(bags) == 1)
    }
    return tuple(sorted(worth, key=lambda word: (-worth[word], word))[:_WORDS])
