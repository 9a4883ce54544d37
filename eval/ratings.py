"""Do scores order pairs as people's own ratings do? The measures of the two benchmarks with human ratings.

A pair is two things that one rating scale compares: two papers of one participant, or two reviewers of one paper. Its
weight is the absolute difference of the ratings. Scores order it rightly, wrongly, or, where they are equal or one is
missing, not at all.

Source: Stelmakh, Wieting, Neubig, Shah, A gold standard dataset for the reviewer assignment problem, 2023
(arXiv 2303.16750), section 5.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from eval.bootstrap import Interval, detectable, ratio_difference, ratio_interval, sign_flip_p, verdict
from matcher.errors import InputError

__all__ = [
    "EASY_HIGH",
    "EASY_LOW",
    "HIGHER_IS_BETTER",
    "Rated",
    "Tally",
    "compare_tallies",
    "rated_pairs",
    "scores_of",
    "summarise_tally",
    "tally",
]

EASY_HIGH: Final = 4.0
"""A rating from here up says expert; two of them make a hard pair."""

EASY_LOW: Final = 2.0
"""A rating up to here says not an expert; with one that says expert it makes an easy pair."""

HIGHER_IS_BETTER: Final[Mapping[str, bool]] = {"loss": False, "accuracy": True, "easy": True, "hard": True}
"""Every measure of pairs, and its direction."""


@dataclass(frozen=True, slots=True)
class Rated:
    """Pairs whose order people have said.

    Args:
        items: (N,) what is scored, as (rater or reviewer, paper).
        first: (P,) positions in `items`.
        second: (P,) positions in `items`.
        difference: (P,) rating of the first minus rating of the second, never 0.
        easy: (P,) True where the pair is easy.
        hard: (P,) True where it is hard.
        clusters: (P,) whom or what a bootstrap draws: participants, or papers.
        measures: names from `HIGHER_IS_BETTER`, in the order in which they are listed.
    """

    items: tuple[tuple[str, str], ...]
    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    difference: npt.NDArray[np.float64]
    easy: npt.NDArray[np.bool_]
    hard: npt.NDArray[np.bool_]
    clusters: tuple[str, ...]
    measures: tuple[str, ...]

    def some(self, mask: npt.NDArray[np.bool_]) -> Rated:
        """Only the pairs where a (P,) mask is True."""
        return replace(
            self,
            first=self.first[mask],
            second=self.second[mask],
            difference=self.difference[mask],
            easy=self.easy[mask],
            hard=self.hard[mask],
            clusters=tuple(cluster for cluster, chosen in zip(self.clusters, mask, strict=True) if chosen),
        )

    def wholes(self, measure: str) -> npt.NDArray[np.float64]:
        """(P,) what each pair can count at most under a measure."""
        counted = {"loss": np.abs(self.difference), "accuracy": np.ones(len(self.first))}
        kinds = {"easy": self.easy, "hard": self.hard}
        return counted[measure] if measure in counted else kinds[measure].astype(np.float64)


@dataclass(frozen=True, slots=True)
class Tally:
    """One system's parts: how much of each pair's whole it took, by measure.

    Args:
        name: of the system.
        parts: (P,) by measure; the mean over the data sets, where there are several.
        unscored: rated items that the system gave no score, over all data sets.
    """

    name: str
    parts: Mapping[str, npt.NDArray[np.float64]]
    unscored: int


def rated_pairs(ratings: Mapping[str, Mapping[str, float]]) -> Rated:
    """All pairs of things that one rater rated differently.

    Args:
        ratings: by rater, by paper.

    Raises:
        InputError: nobody rated two papers differently.
    """
    items = tuple((rater, paper) for rater, rated in ratings.items() for paper in rated)
    place = {item: number for number, item in enumerate(items)}
    rows = [
        (place[rater, one], place[rater, other], rated[one] - rated[other], rater, rated[one], rated[other])
        for rater, rated in ratings.items()
        for position, one in enumerate(rated)
        for other in list(rated)[position + 1 :]
        if rated[one] != rated[other]
    ]
    if not rows:
        raise InputError("nobody rated two papers differently, so there is no pair to order")
    high = np.array([max(row[4], row[5]) for row in rows])
    low = np.array([min(row[4], row[5]) for row in rows])
    return Rated(
        items=items,
        first=np.array([row[0] for row in rows], dtype=np.int64),
        second=np.array([row[1] for row in rows], dtype=np.int64),
        difference=np.array([row[2] for row in rows]),
        easy=(high >= EASY_HIGH) & (low <= EASY_LOW),
        hard=low >= EASY_HIGH,
        clusters=tuple(row[3] for row in rows),
        measures=("loss", "easy", "hard"),
    )


def tally(rated: Rated, scores: npt.ArrayLike, *, name: str) -> Tally:
    """Order every pair by scores.

    Args:
        rated: pairs.
        scores: (N,) or (K, N) for K data sets, in the order of `rated.items`; NaN where a system gives none. A pair
            with a NaN, or with two equal scores, is not ordered: it costs half its weight and counts as no hit.
        name: of the system.

    Raises:
        InputError: the shape is another one.
    """
    table = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    if table.ndim != 2 or table.shape[1] != len(rated.items) or not len(table):
        raise InputError(f"scores of {len(rated.items)} rated items are wanted for each data set; got {table.shape}")
    gap = table[:, rated.first] - table[:, rated.second]
    agreement = np.where(np.isnan(gap), 0.0, np.sign(gap) * np.sign(rated.difference))
    right = (agreement > 0).mean(axis=0)
    cost = ((1 - agreement) / 2).mean(axis=0)  # 0 right, 1/2 not ordered, 1 wrong
    return Tally(
        name=name,
        parts={measure: (cost if measure == "loss" else right) * rated.wholes(measure) for measure in rated.measures},
        unscored=int(np.isnan(table).sum()),
    )


def summarise_tally(rated: Rated, found: Tally, *, rng: np.random.Generator | int, draws: int = 1000) -> dict[str, Any]:
    """A system's measures with intervals from drawing clusters.

    Returns:
        Each measure, `None` where no pair is of its kind, and `interval` with [low, high] by measure.
    """
    intervals: dict[str, Interval | None] = {}
    for measure in rated.measures:
        wholes = rated.wholes(measure)
        intervals[measure] = (
            ratio_interval(found.parts[measure], wholes, rated.clusters, rng=rng, draws=draws) if wholes.any() else None
        )
    return {
        **{measure: one.point if one else None for measure, one in intervals.items()},
        "interval": {measure: one.ends() if one else None for measure, one in intervals.items()},
    }


def compare_tallies(
    rated: Rated, ours: Tally, other: Tally, *, rng: np.random.Generator | int, draws: int = 1000
) -> dict[str, Any]:
    """Ours minus another's, on the same pairs, drawn together.

    Returns:
        `to`; by measure [difference, low, high]; and by measure `verdict` ("better" or "worse" where the interval
        excludes 0, else "not told apart"), `detectable` (the difference that data of this size would show in four of
        five studies) and `p` of a randomisation test that flips whole clusters.
    """
    row: dict[str, Any] = {"to": other.name}
    said: dict[str, dict[str, Any]] = {"verdict": {}, "detectable": {}, "p": {}}
    for measure in rated.measures:
        wholes = rated.wholes(measure)
        if not wholes.any():
            continue
        one, two = ours.parts[measure], other.parts[measure]
        found = ratio_difference(one, two, wholes, rated.clusters, rng=rng, draws=draws)
        row[measure] = [found.point, *found.ends()]
        said["verdict"][measure] = verdict(found, higher_is_better=HIGHER_IS_BETTER[measure])
        said["detectable"][measure] = detectable(found)
        said["p"][measure] = sign_flip_p(one - two, rated.clusters, rng=rng, draws=draws)
    return row | said


def scores_of(rated: Rated, table: Mapping[str, Mapping[str, float]]) -> npt.NDArray[np.float64]:
    """(N,) scores of the rated items from a table by rater and paper; NaN where it has none."""
    return np.array([table.get(rater, {}).get(paper, np.nan) for rater, paper in rated.items])
