"""Two runs side by side: which pairs changed, who gained and who lost, loads, fairness, objective."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from matcher.config import MatchConfig
from matcher.records import Assignment, Doubles, Ints, Limits, PersonId, ScoreMatrix, SubmissionId

__all__ = ["Change", "Comparison", "Side", "compare_runs", "figures", "gini", "means_of_submissions", "tail_mean"]

_TAIL: Final = 0.1
"""Share of the worst served submissions whose mean is given (CVaR)."""

_EQUAL: Final = 1e-6
"""Mean scores closer than this are the same."""


@dataclass(frozen=True, slots=True)
class Side:
    """What a comparison reads of a run."""

    config: MatchConfig
    scores: ScoreMatrix
    limits: Limits
    assignment: Assignment


@dataclass(frozen=True, slots=True)
class Change:
    """A submission whose mean score per review wanted changed, or a reviewer whose load did."""

    name: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a second run differs from a first.

    Args:
        kept: pairs of both.
        removed: pairs of the first only, sorted.
        added: pairs of the second only, sorted.
        scores_differ: whether scores of common pairs differ, so that gains are partly those of another measure.
        winners: submissions with a greater mean score in the second run, largest gain first.
        losers: with a smaller one, largest loss first.
        loads: reviewers whose load changed, by id.
        only_before: submissions and reviewers of the first run only.
        only_after: of the second run only.
        figures: by name, the value in the first and in the second run.
        settings: by key, where the configurations differ, both values.
    """

    kept: int
    removed: tuple[tuple[SubmissionId, PersonId], ...]
    added: tuple[tuple[SubmissionId, PersonId], ...]
    scores_differ: bool
    winners: tuple[Change, ...]
    losers: tuple[Change, ...]
    loads: tuple[Change, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    figures: Mapping[str, tuple[float | None, float | None]]
    settings: Mapping[str, tuple[Any, Any]]


def compare_runs(before: Side, after: Side) -> Comparison:
    """Compare two runs, of the same venue or of two states of it.

    Args:
        before: the first run.
        after: the second.
    """
    old = {(pair.submission_id, pair.reviewer_id): pair.score for pair in before.assignment.pairs}
    new = {(pair.submission_id, pair.reviewer_id): pair.score for pair in after.assignment.pairs}
    changes = sorted(_submission_changes(before, after), key=lambda each: (each.before - each.after, each.name))
    first, second = figures(before), figures(after)
    return Comparison(
        kept=len(old.keys() & new.keys()),
        removed=tuple(sorted(old.keys() - new.keys())),
        added=tuple(sorted(new.keys() - old.keys())),
        scores_differ=_scores_differ(before.scores, after.scores),
        winners=tuple(each for each in changes if each.after - each.before > _EQUAL),
        losers=tuple(each for each in reversed(changes) if each.before - each.after > _EQUAL),
        loads=tuple(_load_changes(before, after)),
        only_before=_missing_ids(before, after),
        only_after=_missing_ids(after, before),
        figures={name: (first[name], second[name]) for name in first},
        settings=_different_settings(before.config, after.config),
    )


def _submission_changes(before: Side, after: Side) -> Iterator[Change]:
    first, second = means_of_submissions(before), means_of_submissions(after)
    for row, name in enumerate(before.scores.submissions.ids):
        if name in after.scores.submissions:
            mean = float(second[after.scores.submissions.position(name)])
            yield Change(name, float(first[row]), mean)


def _load_changes(before: Side, after: Side) -> Iterator[Change]:
    first, second = _loads(before), _loads(after)
    for column, name in enumerate(before.scores.reviewers.ids):
        if name in after.scores.reviewers:
            load = int(second[after.scores.reviewers.position(name)])
            if load != first[column]:
                yield Change(name, int(first[column]), load)


def _missing_ids(one: Side, other: Side) -> tuple[str, ...]:
    submissions = set(one.scores.submissions.ids) - set(other.scores.submissions.ids)
    reviewers = set(one.scores.reviewers.ids) - set(other.scores.reviewers.ids)
    return (*sorted(submissions), *sorted(reviewers))


def _scores_differ(one: ScoreMatrix, other: ScoreMatrix) -> bool:
    rows = [name for name in one.submissions.ids if name in other.submissions]
    columns = [name for name in one.reviewers.ids if name in other.reviewers]
    first, second = (
        scores.values[
            np.ix_(
                [scores.submissions.position(name) for name in rows], [scores.reviewers.position(c) for c in columns]
            )
        ]
        for scores in (one, other)
    )
    return not np.allclose(first, second, atol=_EQUAL, rtol=0, equal_nan=True)


def _different_settings(one: MatchConfig, other: MatchConfig) -> dict[str, tuple[Any, Any]]:
    first, second = one.to_plain(), other.to_plain()
    return {
        f"{section}.{name}": (value, second[section][name])
        for section, values in first.items()
        for name, value in values.items()
        if value != second[section][name]
    }


# --- figures of one run ---------------------------------------------------------------------------------------------


def means_of_submissions(side: Side) -> Doubles:
    """(S,) mean score over the reviews that each submission wants; a missing or unscored review counts 0."""
    total = np.zeros(len(side.scores.submissions))
    for pair in side.assignment.pairs:
        total[side.scores.submissions.position(pair.submission_id)] += pair.score or 0.0
    return total / np.maximum(side.limits.wanted, 1)


def _loads(side: Side) -> Ints:
    loads = np.zeros(len(side.scores.reviewers), dtype=np.int64)
    for pair in side.assignment.pairs:
        loads[side.scores.reviewers.position(pair.reviewer_id)] += 1
    return loads


def tail_mean(values: Doubles, share: float = _TAIL) -> float:
    """Mean of the smallest share of values, with the value at the edge counted in part (CVaR); 0 for none.

    Source: R. Rockafellar, S. Uryasev, Optimization of conditional value-at-risk, 2000.
    """
    if not len(values):
        return 0.0
    weight = np.clip(share * len(values) - np.arange(len(values)), 0, 1)
    return float(np.sort(values) @ weight / weight.sum())


def gini(values: Doubles) -> float:
    """Gini coefficient of values from 0 up: 0 when all are equal, also when all are 0 or there are none."""
    total = float(values.sum())
    if not total:
        return 0.0
    count = len(values)
    return float((2 * np.arange(1, count + 1) - count - 1) @ np.sort(values) / (count * total))


def figures(side: Side) -> dict[str, float | None]:
    """What is compared of a run, by name."""
    assignment, means, loads = side.assignment, means_of_submissions(side), _loads(side)
    return {
        "total": assignment.objective,
        "bound": assignment.bound,
        "gap": assignment.gap,
        "reviews": len(assignment.pairs),
        "missing reviews": sum(short.wanted - short.got for short in assignment.shortfalls),
        "mean": float(means.mean()) if len(means) else 0.0,
        "minimum": float(means.min(initial=np.inf)) if len(means) else 0.0,
        "5th percentile": float(np.percentile(means, 5)) if len(means) else 0.0,
        "mean of the worst tenth": tail_mean(means),
        "gini of submissions": gini(means),
        "largest load": int(loads.max(initial=0)),
        "gini of loads": gini(loads.astype(np.float64)),
        "reviewers without a submission": int((loads == 0).sum()),
    }
