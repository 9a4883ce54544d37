"""How good assignments are for submissions and for reviewers, measured from stored runs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from eval.metrics import mean_ranks
from matcher.bids import Level, read_bids
from matcher.comparison import Side, gini, means_of_submissions, tail_mean
from matcher.config import MatchConfig
from matcher.pipeline import MatchResult
from matcher.records import Assignment, Limits, PairStatus, ScoreMatrix, Venue

__all__ = ["envy_share", "measure", "measure_run", "side_by_side", "stability"]

_BLOCK_VALUES: Final = 16_000_000
"""Values looked at together (64 MB of float32)."""


def measure_run(result: MatchResult, *, expert: float) -> dict[str, Any]:
    """Measure a stored run; see `measure`."""
    row = measure(result.scores, result.limits, result.assignment, expert=expert)
    row["refused_bids"] = _refused(result.venue, result.config, result.assignment)
    row["violations"] = len(result.verify())
    return row


def measure(scores: ScoreMatrix, limits: Limits, assignment: Assignment, *, expert: float) -> dict[str, Any]:
    """Measure one assignment.

    Args:
        scores: (S, R).
        limits: what it had to respect.
        assignment: the answer.
        expert: score from which a reviewer counts as an expert for a submission.

    Returns:
        By name: `total`; of the mean score per review wanted of each submission the `mean`, `minimum`, 5th percentile
        (`p5`) and mean of the worst tenth (`cvar10`); submissions without one and without two experts (`no_expert`,
        `under_2_experts`); the mean rank of an assigned reviewer among those who may review the submission (`rank`) and
        the share of ranks up to 3 (`in_top_3`); the mean over reviewers of the mean score of what they got
        (`reviewer_mean`) and the smallest of these (`reviewer_minimum`); `gini` of the submissions' means; `envy`; the
        `largest_load`, `load_gini` and reviewers without a submission (`idle`); `missing` reviews.
    """
    rows = np.array([scores.submissions.position(pair.submission_id) for pair in assignment.pairs], dtype=np.int64)
    columns = np.array([scores.reviewers.position(pair.reviewer_id) for pair in assignment.pairs], dtype=np.int64)
    found = np.nan_to_num(scores.values[rows, columns].astype(np.float64))
    means = means_of_submissions(Side(MatchConfig(), scores, limits, assignment))
    experts = np.bincount(rows[found >= expert], minlength=len(scores.submissions))
    loads = np.bincount(columns, minlength=len(scores.reviewers))
    got = np.bincount(columns, weights=found, minlength=len(loads))[loads > 0] / loads[loads > 0]
    ranks = _ranks(scores, limits, rows, columns)
    asked = limits.wanted > 0
    return {
        "total": float(found.sum()),
        "mean": float(means[asked].mean()) if asked.any() else 0.0,
        "minimum": float(means[asked].min()) if asked.any() else 0.0,
        "p5": float(np.percentile(means[asked], 5)) if asked.any() else 0.0,
        "cvar10": tail_mean(means[asked]),
        "no_expert": int((asked & (experts < 1)).sum()),
        "under_2_experts": int((asked & (experts < 2)).sum()),
        "rank": float(ranks.mean()) if len(ranks) else 0.0,
        "in_top_3": float((ranks <= 3).mean()) if len(ranks) else 0.0,
        "reviewer_mean": float(got.mean()) if len(got) else 0.0,
        "reviewer_minimum": float(got.min()) if len(got) else 0.0,
        "gini": gini(means[asked]),
        "envy": envy_share(scores.values, rows, columns),
        "largest_load": int(loads.max(initial=0)),
        "load_gini": gini(loads.astype(np.float64)),
        "idle": int((loads == 0).sum()),
        "missing": int(np.maximum(limits.wanted - np.bincount(rows, minlength=len(asked)), 0).sum()),
    }


def _ranks(
    scores: ScoreMatrix, limits: Limits, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Ranks of the assigned reviewers among all who may review their submission; ties share the mean of their ranks."""
    found = []
    for row in np.unique(rows):
        may = np.isin(limits.status[row], (PairStatus.ELIGIBLE, PairStatus.REQUIRED))
        chosen = np.zeros(len(scores.reviewers), dtype=np.bool_)
        chosen[columns[rows == row]] = True
        found.append(mean_ranks(scores.values[row, may], chosen[may]))
    return np.concatenate(found) if found else np.empty(0)


def envy_share(values: npt.NDArray[np.float32], rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> float:
    """Share of ordered pairs of submissions in which the first would rather have the second's reviewers.

    Formula: sum of the first's scores of the second's reviewers > sum of its scores of its own, over submissions that
    have reviewers; not scored counts 0. Range: 0 (nobody envies) to 1, lower is better; 0 for fewer than two.

    Args:
        values: (S, R).
        rows: (N,) submissions of the assigned pairs.
        columns: (N,) their reviewers.

    Source: J. Payan, Y. Zick, I will have order! Optimizing orders for fair reviewer assignment, IJCAI 2022.
    """
    order = np.argsort(rows, kind="stable")
    served, starts = np.unique(rows[order], return_index=True)
    if len(served) < 2:
        return 0.0
    step = max(1, _BLOCK_VALUES // len(columns))
    envies = 0
    for start in range(0, len(served), step):
        block = np.nan_to_num(values[served[start : start + step]][:, columns[order]].astype(np.float64))
        worth = np.add.reduceat(block, starts, axis=1)
        own = worth[np.arange(len(worth)), start + np.arange(len(worth))]
        envies += int((worth > own[:, None] + 1e-9).sum())
    return envies / (len(served) * (len(served) - 1))


def stability(first: Assignment, other: Assignment) -> float:
    """Share of pairs that two assignments have in common: common / all of both; 1 where both are empty.

    Source: P. Jaccard, Étude comparative de la distribution florale, 1901.
    """
    one, two = ({(pair.submission_id, pair.reviewer_id) for pair in each.pairs} for each in (first, other))
    return len(one & two) / len(one | two) if one | two else 1.0


def _refused(venue: Venue, config: MatchConfig, assignment: Assignment) -> int:
    """Assigned pairs that the reviewer's bid refuses."""
    if not venue.bids:
        return 0
    wishes = read_bids(venue.bids, config.bid_scale)
    refused = {pair for pair, wish in wishes.items() if wish.level is Level.REFUSE}
    return sum((pair.submission_id, pair.reviewer_id) in refused for pair in assignment.pairs)


def side_by_side(results: Mapping[str, MatchResult], *, expert: float) -> Sequence[dict[str, Any]]:
    """One row for each run; `stability` is against the first.

    Args:
        results: runs by the name under which they are listed.
        expert: see `measure`.
    """
    first = next(iter(results.values())).assignment
    return [
        {"run": name, **measure_run(result, expert=expert), "stability": stability(first, result.assignment)}
        for name, result in results.items()
    ]
