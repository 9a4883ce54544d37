"""Maximum total under rules that bind several pairs: an integer programme over the best pairs, solved by HiGHS.

Quotas are rows from the start; that two reviewers must not meet, or two pairs not both be, becomes a row only once an
answer breaks it. What cannot be met is priced: a missing review above a hard quota that lacks somebody, above a last
resort, above a missing minimum load, above any score. Large problems look at the best pairs of every submission and
reviewer, and at more of them while something is missing.

Source: K. Leyton-Brown et al., Matching papers and reviewers at large conferences, Artificial Intelligence 2024
(row generation for constraints between pairs).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp

from matcher.errors import MatcherError
from matcher.records import Bools, Doubles, Ints, SideRule
from matcher.solvers import Problem

__all__ = ["solve_ruled"]

_UNFILLED: Final = 3000.0
_LACKING: Final = 300.0
_LAST_RESORT: Final = 100.0
_UNDERLOAD: Final = 30.0
"""Prices in units of a score in [0, 1]. No exchange of scores is worth more than the reviews that it moves, so what
these keep apart is kept apart wherever a chain of exchanges is shorter than their ratio."""

_ALL_AT_ONCE: Final = 60_000
_BEST_OF_EACH: Final = 25
_MOST_ROUNDS: Final = 60
_SOME: Final = 1e-6
"""What is more than nothing, and more than one."""

_GAP: Final = 1e-6
_LARGE_GAP: Final = 5e-4
"""Where only the best pairs are looked at, the answer may be this share below the best of them."""

_Row = tuple[list[int], list[float], float, float]
"""Variables, coefficients, lower and upper bound."""


def solve_ruled(problem: Problem, rules: Sequence[SideRule], required: Bools) -> tuple[Ints, Ints]:
    """Solve under rules.

    Args:
        problem: the arrays; demand and loads count required pairs, too.
        rules: in the positions of the problem.
        required: (S, R) pairs that must be; eligible ones.

    Returns:
        Rows and columns of the assigned pairs. A hard rule is broken only by a quota's `at_least` that nobody can
        give; the caller counts.
    """
    best = _BEST_OF_EACH
    while True:
        model = _Model(problem, rules, required, best)
        answer = model.solve()
        if model.has_all or not model.falls_short(answer):
            chosen = answer[: model.pairs] > 0.5
            return model.rows[chosen], model.columns[chosen]
        best *= 4


class _Model:
    """Variables in this order: pairs, missing reviews (S), missing minimum loads (R), slacks of rules."""

    def __init__(self, problem: Problem, rules: Sequence[SideRule], required: Bools, best: int) -> None:
        self.problem = problem
        self.rules = rules
        allowed = problem.eligible if problem.last_resort is None else problem.eligible | problem.last_resort
        keys = np.flatnonzero(allowed)
        self.has_all = len(keys) <= _ALL_AT_ONCE
        if not self.has_all:
            keys = np.union1d(_best_keys(problem, best, rules), np.flatnonzero(required))
            self.has_all = len(keys) == np.count_nonzero(allowed)
        self.rows, self.columns = np.divmod(keys, allowed.shape[1])
        self.pairs = len(keys)
        self._is_required = required[self.rows, self.columns]
        self._place = {(row, column): place for place, (row, column) in enumerate(self._places())}
        is_spare = np.zeros(self.pairs, dtype=np.bool_)
        if problem.last_resort is not None:
            is_spare = problem.last_resort[self.rows, self.columns]
        cost = np.where(is_spare, _LAST_RESORT, -np.nan_to_num(problem.values[self.rows, self.columns]))
        rows, reviewers = allowed.shape
        self._costs = [cost.astype(np.float64), np.full(rows, _UNFILLED), np.full(reviewers, _UNDERLOAD)]
        self._lacking: list[int] = []
        self._known: set[tuple[int, int]] = set()
        self._size: int = self.pairs + rows + reviewers
        self._lines: list[_Row] = [*self._demand(), *self._loads(), *self._spares(is_spare)]
        for rule in rules:
            self._add_quota(rule)
            self._price_pairs(rule)

    def _places(self) -> Iterator[tuple[int, int]]:
        return zip(self.rows.tolist(), self.columns.tolist(), strict=True)

    def _demand(self) -> Iterator[_Row]:
        for row, found in enumerate(_grouped(self.rows, len(self.problem.wanted))):
            wanted = float(self.problem.wanted[row])
            yield [*found, self.pairs + row], [1.0] * (len(found) + 1), wanted, wanted

    def _loads(self) -> Iterator[_Row]:
        offset = self.pairs + len(self.problem.wanted)
        for column, found in enumerate(_grouped(self.columns, len(self.problem.max_load))):
            yield found, [1.0] * len(found), -np.inf, float(self.problem.max_load[column])
            least = float(self.problem.min_load[column])
            if least:
                yield [*found, offset + column], [1.0] * (len(found) + 1), least, np.inf

    def _spares(self, is_spare: Bools) -> Iterator[_Row]:
        places = np.flatnonzero(is_spare)
        for found in _grouped(self.rows[places], len(self.problem.wanted)):
            if len(found) > 1:
                yield places[found].tolist(), [1.0] * len(found), -np.inf, 1.0

    def _slack(self, price: float | None) -> int:
        """A variable that lets a rule be broken at a price; a hard quota may only lack somebody."""
        self._costs.append(np.array([_LACKING if price is None else price]))
        self._size += 1
        if price is None:
            self._lacking.append(self._size - 1)
        return self._size - 1

    def _add_quota(self, rule: SideRule) -> None:
        if rule.members is None:
            return
        inside = rule.members[self.columns]
        for row, found in enumerate(_grouped(np.where(inside, self.rows, -1), len(self.problem.wanted))):
            least = min(rule.at_least, int(self.problem.wanted[row]))
            if least:
                slack = self._slack(rule.price)
                self._lines.append(([*found, slack], [1.0] * (len(found) + 1), float(least), np.inf))
            if rule.at_most is not None and len(found) > rule.at_most:
                soft = [] if rule.price is None else [self._slack(rule.price)]
                terms = [1.0] * len(found) + [-1.0] * len(soft)
                self._lines.append(([*found, *soft], terms, -np.inf, float(rule.at_most)))

    def _price_pairs(self, rule: SideRule) -> None:
        if rule.pairs is None or rule.price is None:
            return
        for row, column in rule.pairs.tolist():
            place = self._place.get((row, column))
            if place is not None:
                self._costs[0][place] += rule.price

    def solve(self) -> Doubles:
        """The best answer that breaks no rule between two pairs; large problems find most rows without integers."""
        is_whole = self.has_all
        for _ in range(_MOST_ROUNDS):
            answer = self._solve_once(is_whole=is_whole)
            found = list(self._broken(answer))
            if not found and is_whole:
                return answer
            is_whole = is_whole or not found
            for one, other, price in found:
                soft = [] if price is None else [self._slack(price)]
                self._lines.append(([one, other, *soft], [1.0, 1.0] + [-1.0] * len(soft), -np.inf, 1.0))
                self._known.add((one, other))
        raise MatcherError(f"the rules between pairs were not all met after {_MOST_ROUNDS} rounds")

    def _solve_once(self, *, is_whole: bool) -> Doubles:
        counts = [len(variables) for variables, _, _, _ in self._lines]
        indices = np.concatenate([np.array(variables, dtype=np.int64) for variables, _, _, _ in self._lines])
        data = np.concatenate([np.array(terms) for _, terms, _, _ in self._lines])
        starts = np.concatenate([[0], np.cumsum(counts)])
        matrix = sp.csr_array((data, indices, starts), shape=(len(self._lines), self._size))
        low, high = (np.array([line[place] for line in self._lines]) for place in (2, 3))
        upper = np.full(self._size, np.inf)
        upper[: self.pairs] = 1
        lower = np.zeros(self._size)
        lower[: self.pairs] = self._is_required
        whole = np.zeros(self._size, dtype=np.int64)
        whole[: self.pairs] = is_whole
        answer = milp(
            np.concatenate(self._costs),
            constraints=LinearConstraint(matrix, low, high),
            bounds=Bounds(lower, upper),
            integrality=whole,
            options={"mip_rel_gap": _GAP if self.has_all else _LARGE_GAP},
        )
        if answer.x is None:
            raise MatcherError(f"the integer programme has no answer: {answer.message}")
        found: Doubles = answer.x
        return found

    def _broken(self, answer: Doubles) -> Iterator[tuple[int, int, float | None]]:
        """Two pairs that are together more than one though a rule, not yet a row, says that only one may be."""
        chosen = np.flatnonzero(answer[: self.pairs] > _SOME).tolist()
        for rule in self.rules:
            for one, other in self._clashes(rule, chosen):
                if answer[one] + answer[other] > 1 + _SOME and (one, other) not in self._known:
                    yield one, other, rule.price

    def _clashes(self, rule: SideRule, chosen: list[int]) -> Iterator[tuple[int, int]]:
        """Chosen pairs that a rule keeps apart, the smaller place first."""
        if rule.apart is not None:
            together = {tuple(pair) for pair in rule.apart.tolist()}
            of_row: dict[int, list[int]] = {}
            for place in chosen:
                of_row.setdefault(int(self.rows[place]), []).append(place)
            for places in of_row.values():
                for one, other in combinations(places, 2):  # by reviewer, as places are
                    if (int(self.columns[one]), int(self.columns[other])) in together:
                        yield one, other
        if rule.cycles is not None:
            taken = {(int(self.rows[place]), int(self.columns[place])) for place in chosen}
            for first, one, second, other in rule.cycles.tolist():
                if (first, one) in taken and (second, other) in taken:
                    low, high = sorted((self._place[first, one], self._place[second, other]))
                    yield low, high

    def falls_short(self, answer: Doubles) -> bool:
        """Whether more pairs to choose from might help: something is missing."""
        rest = answer[self.pairs : self.pairs + len(self.problem.wanted) + len(self.problem.max_load)]
        return bool(rest.sum() > 1e-6 or answer[self._lacking].sum() > 1e-6)


def _grouped(keys: Ints, count: int) -> list[list[int]]:
    """Positions by key from 0 to count - 1; other keys are left out."""
    found: list[list[int]] = [[] for _ in range(count)]
    for place, key in enumerate(keys.tolist()):
        if 0 <= key < count:
            found[key].append(place)
    return found


def _best_keys(problem: Problem, best: int, rules: Sequence[SideRule]) -> Ints:
    """The best pairs of every submission, of every reviewer, and of every submission inside every quota."""
    allowed = problem.eligible if problem.last_resort is None else problem.eligible | problem.last_resort
    values = np.where(allowed, np.nan_to_num(problem.values, nan=-1.0), -np.inf)
    rows, columns = values.shape
    found = [_top(values, best)]
    turned = _top(np.ascontiguousarray(values.T), best)
    found.append((turned % rows) * columns + turned // rows)
    for rule in rules:
        if rule.members is not None and rule.at_least:
            places = np.flatnonzero(rule.members)
            inside = _top(values[:, places], min(best, len(places)))
            found.append((inside // len(places)) * columns + places[inside % len(places)])
    keys = np.unique(np.concatenate(found))
    kept: Ints = keys[allowed.ravel()[keys]]
    return kept


def _top(values: np.ndarray[tuple[int, ...], np.dtype[np.floating]], best: int) -> Ints:
    """Row-major positions of the best values of every row."""
    best = min(best, values.shape[1])
    top = np.argpartition(values, values.shape[1] - best, axis=1)[:, values.shape[1] - best :]
    keys: Ints = (np.arange(len(values))[:, None] * values.shape[1] + top).ravel()
    return keys
