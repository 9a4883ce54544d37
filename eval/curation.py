"""What does it bring a reviewer to delete papers from their profile?

Reviewers of many portals choose which of their papers count. One who wants a certain submission keeps the papers that
are closest to it and drops the rest. A score that averages over a share of a profile rewards that; one that looks at
the best paper does not care. So reviewers who stand far down for a submission keep their 8, 5, 3, 2 papers or their one
that score best for it, everybody else stays as they are, and their new rank is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from eval.bootstrap import mean_interval
from eval.metrics import mean_ranks
from eval.subsets import Shortened, score_shortened
from matcher.config import MatchConfig
from matcher.encoders import TextEncoder
from matcher.errors import InputError
from matcher.profiles import build_profiles
from matcher.records import EncoderInfo, PaperId, PersonId, Profiles, Progress, ScoreMatrix, SubmissionId, Venue
from matcher.scores import score

__all__ = ["KEPT", "TOP", "Attack", "Case", "attack", "best_first", "curve"]

KEPT: Final = (8, 5, 3, 2, 1)
"""How many papers are kept; the last is the whole attack."""

TOP: Final = 10
"""A rank from which a submission is likely to be assigned."""

_SLACK: Final = 0.1
"""A rank of "about" 100 is one from 90 to 110."""


@dataclass(frozen=True, slots=True)
class Case:
    """A reviewer and the submission that they are after."""

    submission: SubmissionId
    reviewer: PersonId


@dataclass(frozen=True, slots=True)
class Attack:
    """Ranks before and after.

    Args:
        cases: (C,).
        before: (C,) rank with the whole profile, from 1.
        after: by number of papers kept: (C,) ranks.
        sizes: (C,) papers in the whole profile.
        info: what made the vectors.
    """

    cases: tuple[Case, ...]
    before: npt.NDArray[np.float64]
    after: Mapping[int, npt.NDArray[np.float64]]
    sizes: npt.NDArray[np.int64]
    info: EncoderInfo

    def best(self) -> npt.NDArray[np.float64]:
        """(C,) ranks of reviewers who try every number of papers, and the whole profile, and keep what is best."""
        ranks: npt.NDArray[np.float64] = np.min([self.before, *self.after.values()], axis=0)
        return ranks


def attack(
    venue: Venue,
    config: MatchConfig,
    encoder: TextEncoder,
    *,
    rank: int = 100,
    papers: int = 12,
    most: int = 300,
    rng: np.random.Generator | int = 0,
    progress: Progress | None = None,
) -> Attack:
    """Let reviewers keep the papers that suit a submission best, and rank them again with the product's own stages.

    Args:
        venue: the input.
        config: how vectors become scores.
        encoder: makes the vectors.
        rank: where the reviewers stand before, give or take a tenth.
        papers: least size of a profile.
        most: at most that many cases, drawn.
        rng: a generator, or the seed of one.
        progress: called by the stages.

    Raises:
        InputError: no reviewer with so many papers has that rank for any submission.
    """
    profiles = build_profiles(venue, encoder, config, progress=progress)
    whole = score(profiles, config, progress=progress)
    cases = _draw(whole, profiles.sizes(), rank=rank, papers=papers, most=most, rng=np.random.default_rng(rng))
    ordered = best_first(profiles, cases, config)
    short = [
        Shortened(case.submission, case.reviewer, frozenset(ordered[case][:kept])) for case in cases for kept in KEPT
    ]
    published, _ = score_shortened(profiles, config, short)
    ranks = np.array(
        [_rank(whole, one.submission, one.reviewer, value) for one, value in zip(short, published, strict=True)]
    )
    by_kept = ranks.reshape(len(cases), len(KEPT))
    before = [whole.value(case.submission, case.reviewer) for case in cases]
    return Attack(
        cases=cases,
        before=np.array(
            [_rank(whole, case.submission, case.reviewer, value) for case, value in zip(cases, before, strict=True)]
        ),
        after={kept: by_kept[:, place] for place, kept in enumerate(KEPT)},
        sizes=np.array([len(ordered[case]) for case in cases], dtype=np.int64),
        info=profiles.encoder,
    )


def _draw(
    scores: ScoreMatrix,
    sizes: npt.NDArray[np.int64],
    *,
    rank: int,
    papers: int,
    most: int,
    rng: np.random.Generator,
) -> tuple[Case, ...]:
    """Cases in the order of submissions and reviewers."""
    everybody = np.ones(len(scores.reviewers), dtype=np.bool_)
    found = []
    for row, submission in enumerate(scores.submissions):
        ranks = mean_ranks(scores.values[row], everybody)
        near = (np.abs(ranks - rank) <= _SLACK * rank) & (sizes >= papers) & ~np.isnan(scores.values[row])
        found += [Case(submission, scores.reviewers.ids[int(column)]) for column in np.flatnonzero(near)]
    if not found:
        raise InputError(
            f"no reviewer with {papers} papers or more has a rank of about {rank}; ask for another rank or fewer papers"
        )
    chosen = np.sort(rng.permutation(len(found))[:most])
    return tuple(found[int(place)] for place in chosen)


def best_first(profiles: Profiles, cases: Sequence[Case], config: MatchConfig) -> dict[Case, tuple[PaperId, ...]]:
    """Each case's papers by the score that each alone would give its reviewer, the best first."""
    single = []
    for case in cases:
        column = profiles.reviewers.position(case.reviewer)
        rows = profiles.rows[profiles.spans[column] : profiles.spans[column + 1]]
        owned = sorted(profiles.papers.ids[int(row)] for row in rows)
        single += [Shortened(case.submission, case.reviewer, frozenset([paper])) for paper in owned]
    _, raw = score_shortened(profiles, config, single)
    alone: dict[Case, list[tuple[float, PaperId]]] = {case: [] for case in cases}
    for one, value in zip(single, raw, strict=True):
        alone[Case(one.submission, one.reviewer)].append((-float(value), next(iter(one.papers))))
    return {case: tuple(paper for _, paper in sorted(found)) for case, found in alone.items()}


def _rank(scores: ScoreMatrix, submission: SubmissionId, reviewer: PersonId, value: float | None) -> float:
    """Rank among all reviewers if this one had another score; in a tie the mean of its ranks."""
    row = scores.values[scores.submissions.position(submission)].copy()
    column = scores.reviewers.position(reviewer)
    row[column] = np.nan if value is None else value
    mask = np.zeros(len(row), dtype=np.bool_)
    mask[column] = True
    return float(mean_ranks(row, mask)[0])


def curve(found: Attack, *, rng: np.random.Generator | int, draws: int = 1000) -> list[dict[str, Any]]:
    """Rank by number of papers kept.

    Returns:
        One row for the whole profile, one for each of `KEPT`, and one for the best of all these: `kept`, `cases`,
        `median_rank`, `top_10` (share of the cases that reach it), and `interval` of `top_10` from drawing reviewers.
    """
    people = [case.reviewer for case in found.cases]
    rows = []
    ways = [("all", found.before), *((str(kept), found.after[kept]) for kept in KEPT), ("best", found.best())]
    for kept, ranks in ways:
        reached = mean_interval(ranks <= TOP, people, rng=rng, draws=draws)
        rows.append(
            {
                "kept": kept,
                "cases": len(people),
                "median_rank": float(np.median(ranks)),
                f"top_{TOP}": reached.point,
                "interval": {f"top_{TOP}": reached.ends()},
            }
        )
    return rows
