"""Whether a venue has the reviewers that its submissions need: demand and experts by track, and whom to look for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from matcher.records import Limits, PairStatus, ScoreMatrix, SubmissionId, Venue

__all__ = ["Capacity", "Scarce", "TrackCapacity", "measure_capacity"]


@dataclass(frozen=True, slots=True)
class TrackCapacity:
    """Demand and expert supply of one track.

    Args:
        track: its name; empty for submissions without one.
        submissions: active submissions of it.
        demand: reviews that they want.
        experts: reviewers who may review one of them and score at least the floor there.
        supply: reviews that these could give if they had no other track: loads, and each submission once.
    """

    track: str
    submissions: int
    demand: int
    experts: int
    supply: int


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
    """

    demand: int
    supply: int
    tracks: tuple[TrackCapacity, ...]
    scarce: tuple[Scarce, ...]
    recruit: tuple[tuple[str, int], ...]


def measure_capacity(venue: Venue, scores: ScoreMatrix, limits: Limits, *, floor: float, at_least: int) -> Capacity:
    """Measure demand and expert supply.

    Args:
        venue: tracks, titles, keywords.
        scores: (S, R).
        limits: who may review what, demand, loads.
        floor: score from which a reviewer counts as an expert.
        at_least: experts that a submission should have.
    """
    with np.errstate(invalid="ignore"):
        is_good = scores.values >= floor
    may = np.isin(limits.status, (PairStatus.ELIGIBLE, PairStatus.REQUIRED))
    experts = is_good & may
    counts, barred = experts.sum(axis=1), (is_good & ~may).sum(axis=1)
    submissions = [venue.submission_by_id[name] for name in scores.submissions]
    names = np.array([submission.track for submission in submissions], dtype=object)
    tracks = []
    for name in sorted(set(names.tolist())):
        inside = np.flatnonzero(names == name)
        each = experts[inside].sum(axis=0)
        tracks.append(
            TrackCapacity(
                track=name,
                submissions=len(inside),
                demand=int(limits.wanted[inside].sum()),
                experts=int((each > 0).sum()),
                supply=int(np.minimum(each, limits.max_load).sum()),
            )
        )
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
    )
