"""The value of one policy from the outcomes of another: what would the reviews have been worth under it?

A run that was drawn from a policy keeps with which probability each pair could have been drawn. An outcome (how good
the review was) therefore says something about every policy that could have assigned the pair too: it counts as many
times as the other policy is likelier to assign it. What the drawn policy could never assign, and outcomes that never
came, are unknown: there the value is bounded by what is assumed of them.

A draw keeps the reviews of each submission and nearly the loads, so pairs depend on each other. Intervals therefore
come from many draws of the same policy: outcomes are split into a line in the score, what a submission's and what a
reviewer's outcomes have in common, and the rest, and the draws say how much chance each part brings into the estimate.

Source: M. Saveski, S. Jecmen, N. Shah, J. Ugander, Counterfactual evaluation of peer-review assignment policies,
NeurIPS 2023; G. Imbens, C. Manski, Confidence intervals for partially identified parameters, Econometrica 72, 2004.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.optimize import brentq
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import lsqr
from scipy.stats import norm

from eval.smooth import Curve, fit_rising, fit_slope
from matcher.errors import DataError, InputError, counted
from matcher.pipeline import MatchResult
from matcher.records import Assignment, Limits, PersonId, ScoreMatrix, SubmissionId
from matcher.solvers.rounding import draw
from matcher.solvers.rules import groups_of, make_rules

__all__ = ["Logged", "bounds", "covariances", "estimates", "log_of", "policy_of", "redraw_often", "value_rows"]

Doubles: TypeAlias = npt.NDArray[np.float64]
PairId: TypeAlias = tuple[SubmissionId, PersonId]

LEVEL: Final = 0.95

_FITS: Final = 200
"""How often submissions are drawn again to see how sure a fitted curve is."""


_LEAST_FREEDOM: Final = 20
"""Degrees of freedom from which on a mean square is a better guess than the difference of moments."""


@dataclass(frozen=True, slots=True, eq=False)
class Logged:
    """What was drawn under one policy, beside what another would have done.

    Args:
        submissions: (K,) numbers of the submissions of all pairs that the logged policy could assign.
        reviewers: (K,) numbers of their reviewers.
        chance: (K,) its probability, above 0.
        target: (K,) the other policy's probability.
        scores: (K,) the logged run's score; NaN where there is none.
        assigned: (K,) whether the pair was assigned.
        outcomes: (K,) NaN where it was not assigned or no outcome came.
        draws: (D, K) 1 for the pairs of each of many draws of the logged policy, sparse.
        in_submissions: (K, K) covariance of being drawn, of pairs of one submission, sparse.
        in_reviewers: (K, K) the same, of pairs of one reviewer.
        outside: (U,) the other policy's probability of pairs that the logged one could never assign.
        outside_scores: (U,) their scores; NaN where the logged run has none.
    """

    submissions: npt.NDArray[np.int64]
    reviewers: npt.NDArray[np.int64]
    chance: Doubles
    target: Doubles
    scores: Doubles
    assigned: npt.NDArray[np.bool_]
    outcomes: Doubles
    draws: sp.csr_array
    in_submissions: sp.csr_array
    in_reviewers: sp.csr_array
    outside: Doubles
    outside_scores: Doubles

    @property
    def weights(self) -> Doubles:
        """(K,) how many times likelier the other policy assigns the pair."""
        ratio: Doubles = self.target / self.chance
        return ratio

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """(K,) pairs with an outcome."""
        return self.assigned & ~np.isnan(self.outcomes)

    @property
    def reviews(self) -> float:
        """Reviews that the other policy expects to give."""
        return float(self.target.sum() + self.outside.sum())


# --- reading --------------------------------------------------------------------------------------------------------


def policy_of(assignment: Assignment, scores: ScoreMatrix, limits: Limits) -> dict[PairId, float]:
    """With which probability a run assigns each pair: 1 where it drew nothing, and for required pairs.

    Args:
        assignment: of the run.
        scores: its rows and columns.
        limits: which pairs are required.
    """
    policy = assignment.marginals
    if policy is None:
        return {(pair.submission_id, pair.reviewer_id): 1.0 for pair in assignment.pairs}
    required = np.nonzero(limits.required)
    rows, columns = np.append(policy.rows, required[0]), np.append(policy.columns, required[1])
    chances = np.append(policy.probabilities, np.ones(len(required[0])))
    submissions, reviewers = scores.submissions.ids, scores.reviewers.ids
    return {
        (submissions[row], reviewers[column]): chance
        for row, column, chance in zip(rows.tolist(), columns.tolist(), chances.tolist(), strict=True)
    }


def redraw_often(
    assignment: Assignment, scores: ScoreMatrix, limits: Limits, *, count: int, rng: np.random.Generator | int
) -> list[frozenset[PairId]]:
    """The pairs of many draws of a run's policy; of a run that drew nothing, its pairs, once.

    Args:
        assignment: of the run.
        scores: its rows and columns.
        limits: quotas that hold in every draw, and pairs that are required.
        count: how many draws.
        rng: a generator, or the seed of one.
    """
    policy = assignment.marginals
    if policy is None:
        return [frozenset((pair.submission_id, pair.reviewer_id) for pair in assignment.pairs)]
    required = np.nonzero(limits.required)
    places = (required[0].astype(np.int64), required[1].astype(np.int64))
    rules = make_rules(limits.rules, limits.wanted, places, len(scores.reviewers)) if limits.rules else None
    groups = groups_of(rules, policy.rows, policy.columns)
    always = [
        (scores.submissions.ids[row], scores.reviewers.ids[column])
        for row, column in zip(places[0].tolist(), places[1].tolist(), strict=True)
    ]
    pairs = [
        (scores.submissions.ids[row], scores.reviewers.ids[column])
        for row, column in zip(policy.rows.tolist(), policy.columns.tolist(), strict=True)
    ]
    found = []
    for seed in np.random.default_rng(rng).integers(0, 2**62, count).tolist():
        chosen = draw(policy.rows, policy.columns, policy.units, policy.unit, seed=seed, groups=groups)
        found.append(frozenset([*always, *(pairs[place] for place in np.flatnonzero(chosen).tolist())]))
    return found


def log_of(
    logged: MatchResult,
    target: MatchResult,
    outcomes: Mapping[PairId, float],
    *,
    redraws: int = 1000,
    rng: np.random.Generator | int = 0,
) -> Logged:
    """Put outcomes and both policies together.

    Args:
        logged: the run whose pairs were reviewed.
        target: the run whose policy is to be valued.
        outcomes: by pair that the first run assigned; a pair that lacks one was assigned and nothing came.
        redraws: draws of the logged policy from which intervals come.
        rng: a generator, or the seed of one.

    Raises:
        DataError: an outcome is of a pair that was not assigned, or there is none at all.
    """
    chances = policy_of(logged.assignment, logged.scores, logged.limits)
    wanted = policy_of(target.assignment, target.scores, target.limits)
    assigned = {(pair.submission_id, pair.reviewer_id) for pair in logged.assignment.pairs}
    foreign = sorted(pair for pair in outcomes if pair not in assigned)
    if foreign:
        raise DataError(
            f"'{foreign[0][1]}' was not assigned to '{foreign[0][0]}' in the logged run, so there is no outcome "
            f"({counted(len(foreign), 'pair')} like it)",
            remedy="take the outcomes of exactly this run, or the run that they come from",
        )
    if not outcomes:
        raise DataError("there is no outcome", remedy="a CSV file with submission_id, reviewer_id and outcome")
    pairs = sorted(pair for pair, chance in chances.items() if chance > 0)
    outside = sorted(pair for pair, chance in wanted.items() if chance > 0 and not chances.get(pair))
    sampled = redraw_often(logged.assignment, logged.scores, logged.limits, count=redraws, rng=rng)
    submissions, reviewers = _numbers([pair[0] for pair in pairs]), _numbers([pair[1] for pair in pairs])
    chance, draws = np.array([chances[pair] for pair in pairs]), _as_matrix(pairs, sampled)
    return Logged(
        submissions=submissions,
        reviewers=reviewers,
        chance=chance,
        target=np.array([wanted.get(pair, 0.0) for pair in pairs]),
        scores=np.array([_score(logged.scores, pair) for pair in pairs]),
        assigned=np.array([pair in assigned for pair in pairs], dtype=np.bool_),
        outcomes=np.array([outcomes.get(pair, np.nan) for pair in pairs]),
        draws=draws,
        in_submissions=covariances(draws, chance, submissions),
        in_reviewers=covariances(draws, chance, reviewers),
        outside=np.array([wanted[pair] for pair in outside]),
        outside_scores=np.array([_score(logged.scores, pair) for pair in outside]),
    )


def _numbers(names: Sequence[str]) -> npt.NDArray[np.int64]:
    return np.unique(np.array(names), return_inverse=True)[1].astype(np.int64)


def _score(scores: ScoreMatrix, pair: PairId) -> float:
    if pair[0] not in scores.submissions or pair[1] not in scores.reviewers:
        return np.nan
    value = scores.value(*pair)
    return np.nan if value is None else value


def _as_matrix(pairs: Sequence[PairId], sampled: Sequence[frozenset[PairId]]) -> sp.csr_array:
    place = {pair: number for number, pair in enumerate(pairs)}
    columns = [sorted(place[pair] for pair in drawn) for drawn in sampled]
    starts = np.concatenate([[0], np.cumsum([len(some) for some in columns])])
    flat = np.concatenate([np.array(some, dtype=np.int64) for some in columns])
    return sp.csr_array((np.ones(len(flat)), flat, starts), shape=(len(columns), len(pairs)))


def covariances(draws: sp.csr_array, chance: Doubles, groups: npt.NDArray[np.int64]) -> sp.csr_array:
    """Covariance of being drawn between the pairs of a group, from draws, about chances that are known exactly.

    Args:
        draws: (D, K) 1 for what was drawn.
        chance: (K,) probabilities.
        groups: (K,) number of each pair's group.

    Returns:
        (K, K) sparse; 0 between groups.
    """
    by_pair = sp.csc_array(draws)
    order = np.argsort(groups, kind="stable")
    rows, columns, values = [], [], []
    for some in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        drawn = by_pair[:, some].toarray()
        joint = drawn.T @ drawn / len(drawn)
        np.fill_diagonal(joint, chance[some])
        rows.append(np.repeat(some, len(some)))
        columns.append(np.tile(some, len(some)))
        values.append((joint - np.outer(chance[some], chance[some])).ravel())
    shape = (len(chance), len(chance))
    return sp.csr_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


# --- how sure -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Parts:
    """Outcomes as a line in the score, common parts, and a rest.

    Args:
        line: (K,) what the line says for every pair of the logged policy.
        by_submission: variance of what the outcomes of one submission have in common.
        by_reviewer: of one reviewer.
        rest: of what is left.
    """

    line: Doubles
    by_submission: float
    by_reviewer: float
    rest: float


def _split(logged: Logged, outcomes: Doubles) -> _Parts:
    """Split outcomes.

    The rest is what two-way effects leave of them, by its degrees of freedom; where these are too few, and for the
    common parts, moments of the residuals of pairs that share a submission, or a reviewer, tell.
    """
    known = logged.assigned & ~np.isnan(outcomes)
    scores = logged.scores
    scores = np.nan_to_num(scores, nan=float(np.nanmean(scores)) if not np.isnan(scores).all() else 0.0)
    design = np.column_stack([np.ones(len(scores)), scores])
    line: Doubles = design @ np.linalg.lstsq(design[known], outcomes[known], rcond=None)[0]
    residuals = outcomes[known] - line[known]
    submissions, reviewers = logged.submissions[known], logged.reviewers[known]
    whole = float(residuals @ residuals) / max(1, len(residuals) - 2)
    one, other = min(_common(residuals, submissions), whole), min(_common(residuals, reviewers), whole)
    rest = _rest(residuals, submissions, reviewers)
    return _Parts(line, one, other, max(0.0, whole - one - other) if rest is None else rest)


def _rest(residuals: Doubles, submissions: npt.NDArray[np.int64], reviewers: npt.NDArray[np.int64]) -> float | None:
    """Mean square that is left when every submission and every reviewer has an effect of its own; `None` if unsure.

    Source: C. Henderson, Estimation of variance and covariance components, Biometrics 9, 1953 (method 3).
    """
    count, width = len(residuals), int(submissions.max()) + 1
    nodes = np.concatenate([submissions, width + reviewers])
    size = width + int(reviewers.max()) + 1
    design = sp.csr_array((np.ones(2 * count), (np.tile(np.arange(count), 2), nodes)), shape=(count, size))
    links = sp.coo_array((np.ones(count), (submissions, width + reviewers)), shape=(size, size))
    pieces = len(np.unique(connected_components(links, directed=False)[1][nodes]))
    freedom = count - (len(np.unique(nodes)) - pieces)
    if freedom < _LEAST_FREEDOM:
        return None
    left = lsqr(design, residuals, atol=1e-10, btol=1e-10)[3]
    return float(left**2) / freedom


def _common(residuals: Doubles, groups: npt.NDArray[np.int64]) -> float:
    """Mean product of two different residuals of one group, at least 0."""
    sums = np.bincount(groups, weights=residuals)
    squares = np.bincount(groups, weights=residuals**2)
    sizes = np.bincount(groups)
    pairs = float((sizes * (sizes - 1)).sum())
    return max(0.0, float((sums**2 - squares).sum()) / pairs) if pairs else 0.0


def _error(logged: Logged, parts: _Parts, slope: Doubles, level: Doubles | float) -> float:
    """Standard error of the sum of slope × outcome + level over the pairs of a draw.

    The expectation of its variance over the draws, for outcomes that consist of the parts: the line and the levels are
    the same in all draws, common parts enter with the slopes of a submission or a reviewer together.
    """
    fixed = slope * parts.line + level
    variance = float(((logged.draws @ fixed - logged.chance @ fixed) ** 2).mean())
    variance += parts.by_submission * float(slope @ (logged.in_submissions @ slope))
    variance += parts.by_reviewer * float(slope @ (logged.in_reviewers @ slope))
    variance += parts.rest * float(slope**2 @ (logged.chance * (1 - logged.chance)))
    return float(np.sqrt(max(0.0, variance)))


# --- estimates ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its standard error."""

    value: float
    error: float

    def ends(self) -> tuple[float, float]:
        """The 95 % interval."""
        reach = float(norm.ppf((1 + LEVEL) / 2)) * self.error
        return self.value - reach, self.value + reach


def estimates(logged: Logged) -> dict[str, Estimate]:
    """Values over the pairs that the logged policy could assign.

    Returns:
        `logged`: the mean outcome under the logged policy. `weighted` (Horvitz and Thompson): the sum of weight ×
        outcome over the reviews that the other policy expects there; only where all outcomes came, since a missing one
        would count as 0. `normalised` (Hájek): the same over the sum of weights; missing outcomes count as the others
        of their weight. `difference`: `normalised` minus `logged`, with the error of the difference.

    Raises:
        InputError: the logged policy could assign nothing that the other would, or nothing of it has an outcome.
    """
    known, weights = logged.known, logged.weights
    parts = _split(logged, logged.outcomes)
    values = logged.outcomes[known]
    plain = float(values.mean())
    ones = np.full(len(weights), 1 / len(values))
    normalised = _normalised(logged, parts)
    found = {"logged": Estimate(plain, _error(logged, parts, ones, -plain * ones))}
    if len(values) == logged.assigned.sum():
        slope = weights / logged.target.sum()
        found["weighted"] = Estimate(float(slope[known] @ values), _error(logged, parts, slope, 0.0))
    slope = weights / weights[known].sum()
    error = _error(logged, parts, slope - ones, plain * ones - normalised.value * slope)
    found["normalised"] = normalised
    found["difference"] = Estimate(normalised.value - plain, error)
    return found


def _normalised(logged: Logged, parts: _Parts) -> Estimate:
    known, weights = logged.known, logged.weights
    if not weights[known].any():
        raise InputError(
            "no pair with an outcome could be assigned by the other policy: nothing is known of its value but the "
            "range of outcomes"
        )
    slope = weights / weights[known].sum()
    value = float(slope[known] @ logged.outcomes[known])
    return Estimate(value, _error(logged, parts, slope, -value * slope))


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a value lies under an assumption.

    Args:
        low: the least that it can be, as estimated.
        high: the most.
        ends: an interval that holds the value in 95 of 100 draws.
    """

    low: float
    high: float
    ends: tuple[float, float]


def bounds(
    logged: Logged,
    least: float,
    most: float,
    fit: Callable[[Doubles, Doubles], Curve] | None = None,
    *,
    rng: np.random.Generator | int = 0,
) -> Bounds:
    """Bound the value over all pairs of the other policy, also those that were never assigned or gave no outcome.

    Args:
        logged: outcomes and policies.
        least: the smallest outcome that there is.
        most: the largest.
        fit: makes the curve through scores and outcomes that unknown outcomes follow; `None` assumes nothing of them
            but the range (Manski).
        rng: seed of the drawn submissions, by which the error of a fit is measured.
    """
    lost = np.flatnonzero(logged.assigned & ~logged.known)
    fitted = np.flatnonzero(logged.known & ~np.isnan(logged.scores))
    if not len(fitted):
        fit = None  # no score is known, so no curve says anything

    def filled(chosen: npt.NDArray[np.int64]) -> tuple[tuple[Doubles, Doubles], tuple[Doubles, Doubles]]:
        """Least and largest outcomes of the lost pairs, then of those outside."""
        if fit is None:
            ends = [
                (np.full(size, float(least)), np.full(size, float(most))) for size in (len(lost), len(logged.outside))
            ]
            return ends[0], ends[1]
        curve = fit(logged.scores[chosen], logged.outcomes[chosen])
        return (
            curve.between(logged.scores[lost], least, most),
            curve.between(logged.outside_scores, least, most),
        )

    at_lost, at_outside = filled(fitted)
    redrawn = []
    if fit is not None and (len(lost) or len(logged.outside)):
        generator = np.random.default_rng(rng)
        names, groups = np.unique(logged.submissions[fitted], return_inverse=True)
        members = [fitted[groups == number] for number in range(len(names))]
        for _ in range(_FITS):
            some = generator.integers(0, len(names), len(names))
            redrawn.append(filled(np.concatenate([members[number] for number in some])))
    ends = []
    share = float(logged.target.sum()) / logged.reviews
    for side in (0, 1):
        outcomes = logged.outcomes.copy()
        outcomes[lost] = at_lost[side]
        whole = replace(logged, outcomes=outcomes)
        inside = _normalised(whole, _split(whole, outcomes))
        of_fit = [_unknown(logged, lost, one[side], other[side]) for one, other in redrawn]
        error = share * inside.error + (float(np.std(of_fit)) if of_fit else 0.0)
        ends.append(Estimate(share * inside.value + _outside(logged, at_outside[side]), error))
    low, high = ends
    reach = _reach(max(0.0, high.value - low.value), max(low.error, high.error))
    return Bounds(low.value, high.value, (low.value - reach * low.error, high.value + reach * high.error))


def _outside(logged: Logged, outcomes: Doubles) -> float:
    return float(logged.outside @ outcomes) / logged.reviews


def _unknown(logged: Logged, lost: npt.NDArray[np.int64], at_lost: Doubles, at_outside: Doubles) -> float:
    """What outcomes that a curve filled in add to the value."""
    weights = logged.weights
    inside = float(weights[lost] @ at_lost) / float(weights[logged.assigned].sum()) if len(lost) else 0.0
    return inside * float(logged.target.sum()) / logged.reviews + _outside(logged, at_outside)


def _reach(width: float, error: float) -> float:
    """How many standard errors to go beyond both ends so that 95 % hold for every value between them.

    Source: Imbens and Manski (2004), equation 6: 1.96 for a point, 1.645 where the ends are far from each other.
    """
    if not error:
        return 0.0

    def missing(reach: float) -> float:
        return float(norm.cdf(reach + width / error) - norm.cdf(-reach)) - LEVEL

    return float(brentq(missing, 1.0, 3.0))


def value_rows(
    logged: Logged, *, least: float, most: float, slopes: Sequence[float] = (), rng: int = 0
) -> list[dict[str, Any]]:
    """All estimates and bounds as rows.

    Args:
        logged: outcomes and policies.
        least: the smallest outcome that there is.
        most: the largest.
        slopes: for each one more row: outcomes change at most by so much from score 0 to score 1.
        rng: seed.

    Returns:
        `estimator`; `value` of those that name one, `low` and `high` of those that bound; `from` and `to` of the 95 %
        interval; `assumes`.

    Raises:
        InputError: an outcome is outside of the range.
    """
    known = logged.outcomes[logged.known]
    if len(known) and (known.min() < least or known.max() > most):
        raise InputError(f"outcomes are from {known.min():g} to {known.max():g}, not within {least:g} and {most:g}")
    assumed = {
        "logged": "missing outcomes are like the others",
        "weighted": "pairs outside are like those inside",
        "normalised": "pairs outside are like those inside, missing outcomes like the others",
        "difference": "as normalised",
    }
    rows = []
    for name, estimate in estimates(logged).items():
        low, high = estimate.ends()
        rows.append(_row(name, assumed[name], value=estimate.value, ends=(low, high)))
    kinds: list[tuple[str, str, Callable[[Doubles, Doubles], Curve] | None]] = [
        ("manski", "nothing of outcomes that are unknown", None),
        ("monotone", "unknown outcomes do not fall, on average, as the score rises", fit_rising),
    ]
    kinds += [
        (
            f"lipschitz {slope:g}",
            f"unknown outcomes change, on average, by at most {slope:g} × the difference in score",
            _with_slope(slope),
        )
        for slope in slopes
    ]
    for name, text, fit in kinds:
        found = bounds(logged, least, most, fit, rng=rng)
        rows.append(_row(name, text, low=found.low, high=found.high, ends=found.ends))
    return rows


def _with_slope(slope: float) -> Callable[[Doubles, Doubles], Curve]:
    return lambda at, outcomes: fit_slope(at, outcomes, slope)


def _row(
    name: str,
    assumes: str,
    *,
    ends: tuple[float, float],
    value: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> dict[str, Any]:
    return {
        "estimator": name,
        "value": value,
        "low": low,
        "high": high,
        "from": ends[0],
        "to": ends[1],
        "assumes": assumes,
    }
