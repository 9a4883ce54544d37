"""Rules that a flow cannot keep: reviewers who must not meet, circles of people who review each other, further quotas.

The flow without them bounds every answer. Where it breaks one, `ruled` finds the answer, and the prices of its rows; a
flow under these prices bounds every answer that keeps the rules, over all pairs.

What is too large for a programme is kept as one of the plans of a lottery is; see `plans`.

Source: M. Fisher, The Lagrangian relaxation method for solving integer programming problems, 1981.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from matcher.charges import charges_of
from matcher.records import Certificate, Doubles, Ints, Progress, RulePrices
from matcher.solvers import AnyProblem
from matcher.solvers.clashes import find_clashes
from matcher.solvers.network import Flow, solve_flow
from matcher.solvers.plans import one_plan
from matcher.solvers.ruled import solve_programme

__all__ = ["BY_BARS", "BY_FLOW", "BY_PROGRAMME", "Kept", "is_broken", "keep"]

_PROGRAMMED: Final = 400_000
"""Up to this many pairs to choose from, a programme finds the answer; it would need hours for a few times as many."""

_LIFTED: Final = 4
"""How often submissions below their floor are given more weight where no programme holds the floor."""

_MORE_WEIGHT: Final = 1.5
"""The factor on their scores each time."""

_WIDENED: Final = 3
"""How often submissions that miss a review under rules are given more reviewers to choose from."""

_OF_SHORT: Final = 1000
"""Best reviewers that such a submission chooses from."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """An answer that keeps all rules.

    Args:
        rows: (N,) submissions of the pairs.
        columns: (N,) their reviewers.
        certificate: the prices of the best bound.
        note: how the rules were kept.
    """

    rows: Ints
    columns: Ints
    certificate: Certificate
    note: str


BY_FLOW: Final = "rules kept by the flow"
BY_PROGRAMME: Final = "rules kept by HiGHS"
BY_BARS: Final = "rules kept by the flow without pairs that clash"


def keep(
    problem: AnyProblem, flow: Flow, *, seed: int, floors: Doubles | None = None, progress: Progress | None = None
) -> Kept:
    """The largest total that keeps all rules, as near as the certificate says.

    Args:
        problem: the arrays, with rules.
        flow: the largest total without the rules that a flow cannot keep.
        seed: decides between equally good answers.
        floors: (S,) least mean scores, minus infinity for none; `None` for none at all.
        progress: called while solving.
    """
    pairs = flow.pairs(problem.shape[1])
    if floors is None and not is_broken(problem, pairs):
        return Kept(*pairs, flow.certificate, BY_FLOW)
    assert problem.rules is not None
    if len(flow.keys) > _PROGRAMMED and not problem.rules.unkept:
        return _kept_by_bars(problem, flow, floors, seed)
    found = solve_programme(problem, flow, floors)
    for _ in range(_WIDENED):
        short = np.flatnonzero(np.bincount(found.rows, minlength=problem.shape[0]) < problem.wanted)
        wider = _with_all_of(problem, flow, short)
        if len(wider.keys) == len(flow.keys):
            break
        flow = wider
        found = solve_programme(problem, flow, floors)
    certificate = flow.certificate
    if found.prices is not None:
        certificate = _certified(problem, flow, found.prices, seed, progress)
    return Kept(found.rows, found.columns, certificate, BY_PROGRAMME)


def _kept_by_bars(problem: AnyProblem, flow: Flow, floors: Doubles | None, seed: int) -> Kept:
    """A flow without pairs that clash; submissions below their floor come before others, as far as that helps."""
    weights = np.ones(problem.shape[0])
    reviews = problem.wanted + (0 if problem.given_reviews is None else problem.given_reviews)
    given = 0.0 if problem.given_scores is None else np.nan_to_num(problem.given_scores)
    best: tuple[float, float, tuple[Ints, Ints]] | None = None
    for _ in range(1 if floors is None else _LIFTED):
        pairs = one_plan(problem, flow, weights, seed=seed)
        scores = problem.scores_at(*pairs)
        if floors is None:
            return Kept(*pairs, flow.certificate, BY_BARS)
        lacking = floors * reviews - given - np.bincount(pairs[0], weights=scores, minlength=len(reviews))
        if best is None or (-float(lacking.max()), float(scores.sum())) > best[:2]:
            best = -float(lacking.max()), float(scores.sum()), pairs
        if lacking.max() <= 0:
            break
        weights = np.where(lacking > 0, weights * _MORE_WEIGHT, weights)
    assert best is not None
    return Kept(*best[2], flow.certificate, BY_BARS)


def _with_all_of(problem: AnyProblem, flow: Flow, rows: Ints) -> Flow:
    """The same flow, known to choose from more pairs of some submissions."""
    reviewers = problem.shape[1]
    found = [flow.keys]
    for row in rows.tolist():
        values = problem.block(slice(row, row + 1))[0]
        best = np.argsort(-values, kind="stable")[:_OF_SHORT]
        found.append(row * reviewers + best[values[best] > -np.inf])
    keys = np.unique(np.concatenate(found))
    units = np.zeros(len(keys), dtype=np.int64)
    units[np.searchsorted(keys, flow.keys)] = flow.units
    return replace(flow, keys=keys, scores=problem.scores_at(*np.divmod(keys, reviewers)), units=units)


def is_broken(problem: AnyProblem, pairs: tuple[Ints, Ints]) -> bool:
    """Whether pairs break a rule that the flow does not keep."""
    if problem.rules is None or not problem.rules.left:
        return False
    rows, columns = (np.concatenate([own, more]) for own, more in zip(pairs, problem.rules.required, strict=True))
    for number in problem.rules.unkept:
        rule = problem.rules.rules[number]
        assert rule.members is not None
        given = 0 if problem.given_reviews is None else problem.given_reviews
        has = np.bincount(rows[rule.members[columns]], minlength=len(problem.wanted))
        if (has < np.minimum(rule.at_least, problem.wanted + given)).any():
            return True
    return len(find_clashes(problem.rules.rules, problem.rules.left, rows, columns, problem.shape[1])) > 0


def _certified(
    problem: AnyProblem, flow: Flow, prices: RulePrices, seed: int, progress: Progress | None
) -> Certificate:
    """The prices of rules, completed over all pairs by those of the flow under them."""
    assert problem.rules is not None
    charges = charges_of(prices, problem.rules.rules, problem.shape[1])
    own = solve_flow(problem, seed=seed, keys=flow.keys, charges=charges, progress=progress).certificate
    return replace(own, rules=_joined(own.rules, prices))


def _joined(one: RulePrices | None, other: RulePrices) -> RulePrices:
    """Prices of quotas that the flow keeps, and of all other rules."""
    if one is None:
        return other
    return replace(
        other,
        quota_rules=np.concatenate([one.quota_rules, other.quota_rules]),
        quota_rows=np.concatenate([one.quota_rows, other.quota_rows]),
        quota_prices=np.concatenate([one.quota_prices, other.quota_prices]),
    )
