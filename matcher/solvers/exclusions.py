"""Rules that a flow cannot keep: reviewers who must not meet, circles of people who review each other, further quotas.

The flow without them bounds every answer. Where it breaks one, `ruled` finds the answer, and the prices of its rows; a
flow under these prices bounds every answer that keeps the rules, over all pairs.

Other objectives solve many flows. They bar pairs: of every set that may not be together, the one that is easiest to
replace, until nothing clashes.

Source: M. Fisher, The Lagrangian relaxation method for solving integer programming problems, 1981.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from matcher.charges import Charges, charges_of
from matcher.records import Certificate, Doubles, Ints, Progress, RulePrices
from matcher.solvers import AnyProblem
from matcher.solvers.clashes import Clashes, find_clashes
from matcher.solvers.network import Flow, solve_flow
from matcher.solvers.ruled import solve_programme
from matcher.solvers.rules import Rules

__all__ = ["BY_FLOW", "BY_PROGRAMME", "Barred", "Kept", "is_broken", "keep"]

_WIDENED: Final = 3
"""How often submissions that miss a review under rules are given more reviewers to choose from."""

_OF_SHORT: Final = 1000
"""Best reviewers that such a submission chooses from."""


class Barred:
    """Pairs that are given up so that rules are kept; grows while clashes are found.

    Args:
        problem: with rules.
    """

    def __init__(self, problem: AnyProblem) -> None:
        assert problem.rules is not None
        self.rules: Rules = problem.rules
        self._reviewers = problem.shape[1]
        self.keys = np.empty(0, dtype=np.int64)
        self._accepted: set[tuple[int, ...]] = set()

    @property
    def charges(self) -> Charges:
        """The barred pairs, for a flow."""
        return Charges(self._reviewers, keys=self.keys, amounts=np.full(len(self.keys), np.inf))

    def clashes(self, rows: Ints, columns: Ints) -> tuple[Clashes, Ints]:
        """What clashes among chosen and required pairs, and the keys of all of them; accepted clashes are none."""
        more_rows, more_columns = self.rules.required
        rows, columns = np.concatenate([rows, more_rows]), np.concatenate([columns, more_columns])
        keys = rows * self._reviewers + columns
        found = find_clashes(self.rules.rules, self.rules.left, rows, columns, self._reviewers)
        return found, keys

    def bar(self, rows: Ints, columns: Ints, worth: Doubles) -> bool:
        """Bar pairs until none of the present clashes is left; tells whether there were any.

        Args:
            rows: (K,) submissions of the chosen pairs.
            columns: (K,) their reviewers.
            worth: (K,) about what is lost when another reviewer takes their place.
        """
        found, keys = self.clashes(rows, columns)
        if not len(found):
            return False
        worth = np.append(worth, np.full(len(self.rules.required[0]), np.inf))
        fewer = self._choose(found, keys, np.maximum(worth, 0.0))
        self.keys = np.union1d(self.keys, keys[fewer])
        return len(fewer) > 0

    def _choose(self, found: Clashes, keys: Ints, worth: Doubles) -> Ints:
        """Places to give up: those that resolve most for what they are worth first."""
        degree = np.bincount(found.places, minlength=len(keys))
        rank = (worth + 1e-9) / np.maximum(degree, 1)
        gone: set[int] = set()
        for number, most, start, end in zip(
            found.rules.tolist(), found.most.tolist(), found.starts[:-1], found.starts[1:], strict=True
        ):
            places = found.places[start:end]
            left = [place for place in places.tolist() if place not in gone]
            price = self.rules.rules[number].price
            name = tuple(sorted(keys[places].tolist()))
            left.sort(key=lambda place: (rank[place], keys[place]))
            for place in left[: max(0, len(left) - most)]:
                if np.isinf(worth[place]) or (price is not None and worth[place] > price):
                    self._accepted.add(name)
                elif name not in self._accepted:
                    gone.add(place)
        return np.array(sorted(gone), dtype=np.int64)


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
