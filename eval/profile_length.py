"""Who gets the work: reviewers with few papers or with many?

A score that looks at a share of a profile gives short profiles an easy life and starves people with many papers; one
that looks at the best paper does the opposite. Ratings by people cannot show it, because their profiles are short. So
a whole venue is assigned exactly, and the mean load of reviewers is taken by the size of their profile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from eval.bootstrap import mean_interval
from eval.experiment import Clock
from eval.metrics import gini, mean_score
from matcher.assignment import build_limits, solve_arrays
from matcher.config import MatchConfig
from matcher.conflicts import find_conflicts
from matcher.encoders import TextEncoder
from matcher.profiles import build_profiles
from matcher.records import Assignment, Conflicts, EncoderInfo, Progress, Venue
from matcher.scores import score

__all__ = ["ALL", "BANDS", "Band", "Loads", "assign_venue", "loads_by_band"]

ALL: Final = "all"
"""The last row: every reviewer who is counted."""


@dataclass(frozen=True, slots=True)
class Band:
    """Profiles of `low` to `high` papers, both included; `None` is open."""

    label: str
    low: int
    high: int | None

    def holds(self, sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """(R,) True where a profile of that size is in the band."""
        inside: npt.NDArray[np.bool_] = sizes >= self.low
        return inside if self.high is None else inside & (sizes <= self.high)


BANDS: Final = (
    Band("<=4", 1, 4),
    Band("5-8", 5, 8),
    Band("9-14", 9, 14),
    Band("15-30", 15, 30),
    Band(">30", 31, None),
)
"""Reviewers without any paper are in no band: they are not scored, and get a submission only as a last resort."""


@dataclass(frozen=True, slots=True)
class Loads:
    """A venue assigned, seen from its reviewers.

    Args:
        reviewers: (R,) ids.
        sizes: (R,) papers in each profile.
        loads: (R,) submissions assigned to each.
        assignment: the answer, with its bound.
        conflicts: number of blocked pairs; `None` where conflicts were not looked for.
        notices: what a reader must know.
        info: what made the vectors.
        config: the choices, complete.
    """

    reviewers: tuple[str, ...]
    sizes: npt.NDArray[np.int64]
    loads: npt.NDArray[np.int64]
    assignment: Assignment
    conflicts: int | None
    notices: tuple[str, ...]
    info: EncoderInfo
    config: MatchConfig

    def facts(self) -> dict[str, Any]:
        """What the assignment was like as a whole."""
        scores = np.array([np.nan if pair.score is None else pair.score for pair in self.assignment.pairs])
        return {
            "pairs": len(self.assignment.pairs),
            "unfilled": sum(short.wanted - short.got for short in self.assignment.shortfalls),
            "mean_score": mean_score(scores),
            "gap": self.assignment.gap,
            "gini": gini(self.loads),
            "blocked_pairs": self.conflicts,
            "reviewers_without_papers": int((self.sizes == 0).sum()),
        }


def assign_venue(
    venue: Venue,
    config: MatchConfig,
    encoder: TextEncoder,
    *,
    clock: Clock | None = None,
    progress: Progress | None = None,
) -> Loads:
    """Score and assign a whole venue with the product's own stages.

    Conflicts are those of authors and coauthors, and those that the venue declares; the institution rule is off, so
    that gaps in affiliations do not decide loads. Without a deadline no conflict is looked for, and a notice says so.
    Reviews that nobody can give are left unfilled and counted.

    Args:
        venue: the input; its own demand and loads, where rows state them, come before those of the configuration.
        config: demand, loads, aggregation, deadline.
        encoder: makes the vectors.
        clock: is told how long the stages took.
        progress: called by the stages.

    Raises:
        DataError: the venue has no submission or no reviewer.
    """
    clock = clock or Clock()
    config = replace(config, institution_policy="off").settled(venue.defaults)
    notices = []
    conflicts, blocked = Conflicts(()), None
    if config.deadline or venue.deadline:
        with clock.stage("conflicts"):
            conflicts = find_conflicts(venue, config)
    with clock.stage("profiles"):
        profiles = build_profiles(venue, encoder, config, progress=progress)
    with clock.stage("scores"):
        scores = score(profiles, config, progress=progress)
    if config.deadline or venue.deadline:
        blocked = int(conflicts.mask(scores.submissions, scores.reviewers).sum())
    else:
        notices.append("the venue has no deadline: assigned without conflicts, authors may review their own papers")
    with clock.stage("assignment"):
        limits = build_limits(venue, config, scores, conflicts)
        assignment = solve_arrays(scores, limits, objective=config.objective, seed=config.seed, progress=progress)
    unfilled = sum(short.wanted - short.got for short in assignment.shortfalls)
    if unfilled:
        notices.append(f"{unfilled} of {int(limits.wanted.sum())} reviews could not be filled")
    loads = np.bincount(
        [scores.reviewers.position(pair.reviewer_id) for pair in assignment.pairs], minlength=len(scores.reviewers)
    )
    return Loads(
        reviewers=scores.reviewers.ids,
        sizes=profiles.sizes(),
        loads=loads,
        assignment=assignment,
        conflicts=blocked,
        notices=tuple(notices),
        info=profiles.encoder,
        config=config,
    )


def loads_by_band(
    reviewers: Sequence[str],
    sizes: npt.NDArray[np.int64],
    loads: npt.NDArray[np.int64],
    *,
    rng: np.random.Generator | int,
    draws: int = 1000,
) -> list[Mapping[str, Any]]:
    """Mean load by size of profile.

    The intervals come from drawing the reviewers of a band. They say how much the mean depends on who happens to be in
    the band; the demand of the venue and the number of its reviewers, hence the overall mean, are not drawn.

    Args:
        reviewers: (R,) ids.
        sizes: (R,) papers in each profile.
        loads: (R,) submissions assigned to each.
        rng: a generator, or the seed of one.
        draws: how often reviewers are drawn.

    Returns:
        One row for each band, then one for all bands together: `papers` (the band), `reviewers`, `mean_load`, `ratio`
        (to the mean of all) and `interval` with [low, high] of both. What an empty band, or a venue without any
        assigned pair, leaves undefined is `None`.
    """
    whole = Band(ALL, 1, None)
    overall = loads[whole.holds(sizes)]
    mean = float(overall.mean()) if overall.size else 0.0
    rows: list[Mapping[str, Any]] = []
    for band in (*BANDS, whole):
        inside = np.flatnonzero(band.holds(sizes))
        row: dict[str, Any] = {"papers": band.label, "reviewers": len(inside)}
        if not len(inside):
            rows.append(row | {"mean_load": None, "ratio": None, "interval": None})
            continue
        found = mean_interval(loads[inside], [reviewers[int(place)] for place in inside], rng=rng, draws=draws)
        ends = [found.low, found.high]
        rows.append(
            row
            | {
                "mean_load": found.point,
                "ratio": found.point / mean if mean else None,
                "interval": {"mean_load": ends, "ratio": [end / mean for end in ends] if mean else None},
            }
        )
    return rows
