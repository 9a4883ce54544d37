"""Rules that a flow cannot keep: a linear programme over the best pairs, then an integer one, both solved by HiGHS.

That pairs may not be together becomes a row only once an answer breaks it, and then for as many pairs as the rule lets
it speak of: all candidates of a submission who must not meet each other, all members of a group. Such rows leave few
fractions. Small problems are solved in whole reviews as they stand; in large ones a pair that the linear programme is
certain of stays, and one that it finds too dear is left out. What cannot be met is priced: a missing review above a
hard quota that lacks somebody, above a last resort, above a missing minimum load, above any score.

Source: K. Leyton-Brown et al., Matching papers and reviewers at large conferences, Artificial Intelligence 2024
(row generation for constraints between pairs); M. Padberg, On the facial structure of set packing polyhedra, 1973
(rows of cliques).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from matcher.errors import MatcherError
from matcher.records import Bools, Doubles, Ints, RulePrices
from matcher.solvers import AnyProblem
from matcher.solvers.clashes import find_clashes
from matcher.solvers.network import Flow
from matcher.solvers.search import rank_within

__all__ = ["Programmed", "solve_programme"]

_UNFILLED: Final = 3000.0
_LACKING: Final = 300.0
_LAST_RESORT: Final = 100.0
_UNDERLOAD: Final = 30.0
"""Prices in units of a score in [0, 1]. No exchange of scores is worth more than the reviews that it moves, so what
these keep apart is kept apart wherever a chain of exchanges is shorter than their ratio."""

_BELOW_FLOOR: Final = 20.0
"""Price of a score that a submission lacks to its floor."""

_FLOOR_ROOM: Final = 1e-9
"""By which a floor is lowered for the arithmetic of the programme."""

_EXACT: Final = 10_000
"""Up to this many pairs the answer is the best in whole reviews."""

_SIMPLEX: Final = 20_000
"""Up to this many variables the simplex method is faster than interior points."""

_MOST_ROUNDS: Final = 60
_RELAXED_ROUNDS: Final = 8
_SMALL_STEP: Final = 2e-5
"""A round of rows that lowers the bound by less than this share is the last before whole reviews."""

_SOME: Final = 1e-6
"""What is more than nothing, and more than one."""

_DEAR: Final = 0.03
"""A pair that is not chosen and this much too dear, in units of a score, is left out of the search."""

_FAR: Final = 0.05
"""A pair that is this much worse, in the range of all scores, than what the flow without rules chose is left out."""

_NEAREST: Final = 6
"""Pairs of a submission, beyond those that it wants, that are never left out for that."""

_LOCAL_FROM: Final = 3
"""Rounds of whole reviews after which only what is near a broken rule is open."""

_OPENED: Final = 3
"""How often the neighbourhood of what falls short is opened again."""

_GAP: Final = 1e-6
_LARGE_GAP: Final = 5e-5
_NODES: Final = 200
"""Nodes of a search tree: a limit that, unlike a time limit, gives the same answer on every machine."""


@dataclass(frozen=True, slots=True, eq=False)
class Programmed:
    """What the programmes found.

    Args:
        rows: (N,) submissions of the chosen pairs.
        columns: (N,) their reviewers.
        prices: of the rules that the flow does not keep; `None` where the linear programme was not asked.
    """

    rows: Ints
    columns: Ints
    prices: RulePrices | None


def solve_programme(problem: AnyProblem, flow: Flow, floors: Doubles | None = None) -> Programmed:
    """Solve under all rules over some pairs.

    Args:
        problem: the arrays, with rules.
        flow: the best answer without these rules; its pairs are those to choose from.
        floors: (S,) least mean scores, minus infinity for none.

    Returns:
        The largest total less the prices of soft rules. A hard rule is broken only by a quota's `at_least` that nobody
        can give, or by required pairs; the caller counts.
    """
    if len(flow.keys) + len(flow.spare) <= _EXACT:
        model = _Model(problem, flow.keys, flow.spare, floors)
        return Programmed(*model.chosen(model.solve_whole()), None)
    near = _near(problem, flow)
    model = _Model(problem, flow.keys[near], flow.spare, floors)
    model.learn(np.concatenate([flow.units[near], flow.spare_units]))
    prices = model.relax()
    model.narrow()
    return Programmed(*model.chosen(model.solve_whole()), prices)


def _near(problem: AnyProblem, flow: Flow) -> Bools:
    """(K,) pairs of a flow that a rule may bring into the answer: at the flow's prices nearly as good as its own."""
    rows, columns = np.divmod(flow.keys, problem.shape[1])
    net = flow.scores - flow.certificate.reviewer_prices[columns] - flow.thresholds[rows]
    net -= flow.charges.at(rows, columns)
    low, high = problem.range()
    wanted = problem.wanted[rows]
    near: Bools = (flow.units > 0) | (net > -_FAR * (high - low))
    near |= rank_within(rows, net, flow.keys) < wanted + _NEAREST
    assert problem.rules is not None
    for rule in problem.rules.rules:
        # Where a quota needs its members, or has no room for them, the best of these, or of the others, are near.
        for is_bound, side in ((rule.at_least > 0, True), (rule.at_most is not None, False)):
            if rule.members is not None and is_bound:
                some = np.flatnonzero(rule.members[columns] == side)
                near[some] |= rank_within(rows[some], net[some], flow.keys[some]) < wanted[some] + _NEAREST
    return near


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the programme: lower ≤ terms ≤ upper."""

    variables: Ints
    terms: Doubles
    lower: float
    upper: float


class _Model:
    """Variables in this order: pairs, missing reviews (S), missing minimum loads (R), slacks of rules."""

    def __init__(self, problem: AnyProblem, keys: Ints, spare: Ints, floors: Doubles | None) -> None:
        assert problem.rules is not None
        self.problem, self.rules = problem, problem.rules
        submissions, self.reviewers = problem.shape
        rows, columns = np.divmod(keys, self.reviewers)
        self.rows, self.columns = np.concatenate([rows, spare[:, 0]]), np.concatenate([columns, spare[:, 1]])
        self.scores = np.concatenate([problem.scores_at(rows, columns), np.zeros(len(spare))])
        self.is_spare = np.arange(len(self.rows)) >= len(rows)
        self.pairs = len(self.rows)
        cost = np.where(self.is_spare, _LAST_RESORT, -self.scores)
        self._costs = [cost, np.full(submissions, _UNFILLED), np.full(self.reviewers, _UNDERLOAD)]
        self._size = self.pairs + submissions + self.reviewers
        self._lower, self._upper = np.zeros(self.pairs), np.ones(self.pairs)
        self._cuts: list[tuple[int, Ints, int]] = []
        self._known: set[tuple[int, tuple[int, ...]]] = set()
        self._lines: list[_Row] = []
        self._base = self._base_rows(floors)
        for number, rule in enumerate(self.rules.rules):
            if rule.members is not None and rule.at_least:
                self._demand_members(number)
        self._neighbours: dict[int, dict[int, set[int]]] = {}
        self._by_row = np.argsort(self.rows, kind="stable")
        self._starts = np.searchsorted(self.rows[self._by_row], np.arange(submissions + 1))
        self._answer = np.zeros(self._size)
        self._reduced = np.zeros(self.pairs)
        self._priced = 0

    def _base_rows(self, floors: Doubles | None) -> tuple[sp.csr_array, Doubles, Doubles]:
        """Demand, loads, last resorts and floors, with lower and upper bounds."""
        problem, every = self.problem, np.arange(self.pairs)
        submissions = problem.shape[0]
        missing = self.pairs + np.arange(submissions)
        demand = _matrix((self.rows, every), (np.arange(submissions), missing), (submissions, self._size))
        loads = _matrix((self.columns, every), None, (self.reviewers, self._size))
        some = np.flatnonzero(problem.min_load > 0)
        lacking = self.pairs + submissions + np.arange(self.reviewers)
        least = _matrix((self.columns, every), (np.arange(self.reviewers), lacking), (self.reviewers, self._size))
        spares = _matrix((self.rows[self.is_spare], every[self.is_spare]), None, (submissions, self._size))
        two = np.flatnonzero(np.bincount(self.rows[self.is_spare], minlength=submissions) > 1)
        parts = [demand, loads, least[some], spares[two]]
        lower = [problem.wanted, np.full(self.reviewers, -np.inf), problem.min_load[some], np.full(len(two), -np.inf)]
        upper = [problem.wanted, problem.max_load, np.full(len(some), np.inf), np.ones(len(two))]
        if floors is not None:
            held = np.flatnonzero(np.isfinite(floors))
            reviews = problem.wanted + (0 if problem.given_reviews is None else problem.given_reviews)
            given = 0.0 if problem.given_scores is None else np.nan_to_num(problem.given_scores)
            own = np.concatenate([self.scores, np.ones(submissions)])
            places = (
                np.concatenate([self.rows, np.arange(submissions)]),
                np.concatenate([every, self._size + missing - self.pairs]),
            )
            self._costs.append(np.full(submissions, _BELOW_FLOOR))
            self._size += submissions
            sums = sp.csr_array((own, places), shape=(submissions, self._size))
            parts = [
                sp.csr_array((each.data, each.indices, each.indptr), shape=(each.shape[0], self._size))
                for each in parts
            ]
            parts.append(sums[held])
            lower.append((floors * reviews - given)[held] - _FLOOR_ROOM)
            upper.append(np.full(len(held), np.inf))
        return sp.vstack(parts).tocsr(), np.concatenate(lower), np.concatenate(upper).astype(np.float64)

    def _slack(self, price: float | None) -> int:
        """A variable that lets a rule be broken at a price; a hard quota may only lack somebody."""
        self._costs.append(np.array([_LACKING if price is None else price]))
        self._size += 1
        return self._size - 1

    def _demand_members(self, number: int) -> None:
        rule, wanted = self.rules.rules[number], self._reviews()
        assert rule.members is not None
        places = np.flatnonzero(rule.members[self.columns])
        order = places[np.argsort(self.rows[places], kind="stable")]
        starts = np.searchsorted(self.rows[order], np.arange(len(wanted) + 1))
        has = self._has(number)
        for row in np.flatnonzero(self.problem.wanted > 0).tolist():
            least = min(rule.at_least, int(wanted[row])) - int(has[row])
            if least > 0:
                own = np.append(order[starts[row] : starts[row + 1]], self._slack(rule.price))
                self._lines.append(_Row(own, np.ones(len(own)), float(least), np.inf))
                self._cuts.append((number, own[:-1], least))

    def _reviews(self) -> Ints:
        given = self.problem.given_reviews
        return self.problem.wanted if given is None else self.problem.wanted + given

    def _has(self, number: int) -> Ints:
        """(S,) settled reviews by members."""
        rows, columns = self.rules.required
        members = self.rules.rules[number].members
        assert members is not None
        return np.bincount(rows[members[columns]], minlength=len(self.problem.wanted))

    def chosen(self, answer: Doubles) -> tuple[Ints, Ints]:
        """Rows and columns of the pairs of an answer."""
        used = answer[: self.pairs] > 0.5
        return self.rows[used], self.columns[used]

    def learn(self, units: Ints) -> None:
        """Make rows of what a known answer breaks."""
        self._cut(np.append(units.astype(np.float64), np.zeros(self._size - self.pairs)))

    def relax(self) -> RulePrices:
        """Find rows without whole reviews; the prices of the last of them are the proof's."""
        before = np.inf
        for _ in range(_RELAXED_ROUNDS):
            found, marginals = self._solve_relaxed()
            is_slow = before - found <= _SMALL_STEP * abs(found)
            if not self._cut(self._answer) or is_slow:
                break
            before = found
        return self._prices(marginals)

    def narrow(self) -> None:
        """Keep what the linear programme is certain of and leave out what is too dear."""
        values = self._answer[: self.pairs]
        self._lower = (values > 1 - _SOME).astype(np.float64)
        self._upper = np.where((values < _SOME) & (self._reduced > _DEAR), 0.0, 1.0)
        for _, places, _ in self._cuts[self._priced :]:
            self._lower[places] = 0.0

    def solve_whole(self) -> Doubles:
        """The best answer in whole reviews, row by row until it breaks no rule."""
        opened = 0
        options: Any = {"mip_rel_gap": _GAP}
        if self.pairs > _EXACT:
            options = {"mip_rel_gap": _LARGE_GAP, "node_limit": _NODES}
        for done in range(_MOST_ROUNDS):
            matrix, lower, upper = self._rows()
            whole = np.zeros(self._size, dtype=np.int64)
            whole[: self.pairs] = 1
            answer = milp(
                np.concatenate(self._costs),
                constraints=LinearConstraint(matrix, lower, upper),
                bounds=self._bounds(),
                integrality=whole,
                options=options,
            )
            if answer.x is None:
                raise MatcherError(f"the integer programme has no answer: {answer.message}")
            before = len(self._cuts)
            if self.pairs > _EXACT and done >= _LOCAL_FROM:
                self._lower = (answer.x[: self.pairs] > 0.5).astype(np.float64)
            if not self._cut(answer.x):
                short = self._short(answer.x)
                if self.pairs <= _EXACT or opened >= _OPENED or not len(short):
                    found: Doubles = answer.x
                    return found
                opened += 1
                self._open(short, answer.x)
                continue
            if self.pairs > _EXACT:
                self._free(before, answer.x)
        raise MatcherError(f"the rules between pairs were not all met after {_MOST_ROUNDS} rounds")

    def _short(self, answer: Doubles) -> Ints:
        """Submissions that miss a review, or a member of a group, that they might have."""
        missing = answer[self.pairs : self.pairs + self.problem.shape[0]] > 0.5
        for (_, places, least), line in zip(self._cuts, self._lines, strict=True):
            if least > 0 and len(places) and answer[line.variables[-1]] > 0.5:
                missing[self.rows[places[0]]] = True
        return np.flatnonzero(missing)

    def _open(self, rows: Ints, answer: Doubles) -> None:
        """Open some submissions, and all that have a reviewer whom they could have."""
        people = np.unique(self.columns[np.isin(self.rows, rows)])
        chosen = answer[: self.pairs] > 0.5
        near = np.union1d(rows, self.rows[chosen & np.isin(self.columns, people)])
        inside = np.isin(self.rows, near)
        self._lower[inside], self._upper[inside] = 0.0, 1.0

    def _free(self, before: int, answer: Doubles) -> None:
        """Open the submissions that new rows speak of, and all that share a reviewer with them."""
        touched = np.unique(np.concatenate([self.rows[places] for _, places, _ in self._cuts[before:]]))
        chosen = answer[: self.pairs] > 0.5
        people = np.unique(self.columns[chosen & np.isin(self.rows, touched)])
        near = np.unique(self.rows[chosen & np.isin(self.columns, people)])
        self._lower[np.isin(self.rows, np.union1d(touched, near))] = 0.0

    def _bounds(self) -> Bounds:
        more = self._size - self.pairs
        return Bounds(np.append(self._lower, np.zeros(more)), np.append(self._upper, np.full(more, np.inf)))

    def _rows(self) -> tuple[sp.csr_array, Doubles, Doubles]:
        base, lower, upper = self._base
        wide = sp.csr_array((base.data, base.indices, base.indptr), shape=(base.shape[0], self._size))
        if not self._lines:
            return wide, lower, upper
        indices = np.concatenate([line.variables for line in self._lines])
        data = np.concatenate([line.terms for line in self._lines])
        starts = np.concatenate([[0], np.cumsum([len(line.variables) for line in self._lines])])
        more = sp.csr_array((data, indices, starts), shape=(len(self._lines), self._size))
        return (
            sp.vstack([wide, more]).tocsr(),
            np.concatenate([lower, [line.lower for line in self._lines]]),
            np.concatenate([upper, [line.upper for line in self._lines]]),
        )

    def _solve_relaxed(self) -> tuple[float, Doubles]:
        """Value, and the price of each of the lines (from 0 up where they bind); the answer is kept."""
        matrix, lower, upper = self._rows()
        equal = lower == upper
        above, below = ~equal & np.isfinite(upper), ~equal & np.isfinite(lower)
        bounds = self._bounds()
        rows: dict[str, Any] = {
            "method": "highs-ipm" if self.pairs > _SIMPLEX else "highs-ds",
            "A_ub": sp.vstack([matrix[above], -matrix[below]]).tocsr(),
            "b_ub": np.concatenate([upper[above], -lower[below]]),
            "A_eq": matrix[equal],
            "b_eq": lower[equal],
            "bounds": np.stack([bounds.lb, bounds.ub], axis=1),
        }
        found: Any = linprog(np.concatenate(self._costs), **rows)
        if found.x is None:
            raise MatcherError(f"the linear programme has no answer: {found.message}")
        prices = np.zeros(len(lower))
        marginals = np.maximum(-found.ineqlin.marginals, 0)
        prices[above] += marginals[: above.sum()]
        prices[below] += marginals[above.sum() :]
        self._answer, self._priced = found.x, len(self._lines)
        self._reduced = np.maximum(found.lower.marginals[: self.pairs], 0)
        return -float(found.fun), prices[len(self._base[1]) :]

    # --- what is broken -----------------------------------------------------------------------------------------------

    def _cut(self, answer: Doubles) -> bool:
        """Make rows of what an answer breaks; tells whether there was anything new."""
        chosen = np.flatnonzero(answer[: self.pairs] > _SOME)
        more_rows, more_columns = self.rules.required
        rows = np.concatenate([self.rows[chosen], more_rows])
        columns = np.concatenate([self.columns[chosen], more_columns])
        numbers = [number for number, rule in enumerate(self.rules.rules) if rule.pairs is None]
        found = find_clashes(self.rules.rules, numbers, rows, columns, self.reviewers)
        is_new = False
        for number, most, start, end in zip(
            found.rules.tolist(), found.most.tolist(), found.starts[:-1], found.starts[1:], strict=True
        ):
            places = found.places[start:end]
            free = chosen[places[places < len(chosen)]]
            room = most - (len(places) - len(free))
            if len(free) and answer[free].sum() > room + _SOME:
                is_new |= self._add_cut(number, free, max(room, 0), answer)
        return is_new

    def _add_cut(self, number: int, places: Ints, most: int, answer: Doubles) -> bool:
        rule = self.rules.rules[number]
        if rule.price is None and rule.apart is not None and len(places) == 2:
            places = self._clique(number, places, answer)
        elif rule.members is not None:
            row = int(self.rows[places[0]])
            own = self._of_row(row)
            places = own[rule.members[self.columns[own]]]
            most = max(0, (rule.at_most or 0) - int(self._has(number)[row]))
        name = (number, tuple(np.sort(places).tolist()))
        if name in self._known:
            return False
        self._known.add(name)
        self._lower[places] = 0.0  # what looked certain is not any more
        slack = [] if rule.price is None else [self._slack(rule.price)]
        variables = np.concatenate([places, np.array(slack, dtype=np.int64)])
        self._lines.append(_Row(variables, np.append(np.ones(len(places)), [-1.0] * len(slack)), -np.inf, float(most)))
        self._cuts.append((number, places, -1))
        return True

    def _clique(self, number: int, places: Ints, answer: Doubles) -> Ints:
        """Two pairs with all further candidates of the submission, the likeliest first, who must not meet either."""
        own = self._of_row(int(self.rows[places[0]]))
        near = self._near(number)
        free = near.get(int(self.columns[places[0]]), set()) & near.get(int(self.columns[places[1]]), set())
        found = places.tolist()
        for place in own[np.lexsort((self.scores[own], answer[own]))[::-1]].tolist():
            column = int(self.columns[place])
            if column in free:
                found.append(place)
                free = free & near[column]
        return np.array(found, dtype=np.int64)

    def _of_row(self, row: int) -> Ints:
        return self._by_row[self._starts[row] : self._starts[row + 1]]

    def _near(self, number: int) -> dict[int, set[int]]:
        if number not in self._neighbours:
            apart = self.rules.rules[number].apart
            near: dict[int, set[int]] = {}
            for one, other in [] if apart is None else apart.tolist():
                near.setdefault(one, set()).add(other)
                near.setdefault(other, set()).add(one)
            self._neighbours[number] = near
        return self._neighbours[number]

    def _prices(self, marginals: Doubles) -> RulePrices:
        """The prices of hard rules that the flow does not keep itself."""
        left = set(self.rules.left)
        quotas: dict[tuple[int, int], float] = {}
        sets: list[tuple[int, Ints, float]] = []
        for (number, places, least), price in zip(self._cuts, marginals.tolist(), strict=False):
            rule = self.rules.rules[number]
            if price <= 0 or rule.price is not None or number not in left or self.is_spare[places].any():
                continue
            if rule.members is not None and len(places):
                place = number, int(self.rows[places[0]])
                quotas[place] = quotas.get(place, 0.0) + (price if least < 0 else -price)
            elif len(places) > 1:
                sets.append((number, self.rows[places] * self.reviewers + self.columns[places], price))
        return RulePrices(
            quota_rules=np.array([number for number, _ in quotas], dtype=np.int64),
            quota_rows=np.array([row for _, row in quotas], dtype=np.int64),
            quota_prices=np.array(list(quotas.values()), dtype=np.float64),
            set_rules=np.array([number for number, _, _ in sets], dtype=np.int64),
            set_starts=np.cumsum([0, *(len(keys) for _, keys, _ in sets)]).astype(np.int64),
            set_keys=np.array([key for _, keys, _ in sets for key in keys.tolist()], dtype=np.int64),
            set_prices=np.array([price for _, _, price in sets], dtype=np.float64),
        )


def _matrix(ones: tuple[Ints, Ints], more: tuple[Ints, Ints] | None, shape: tuple[int, int]) -> sp.csr_array:
    """Ones at some places."""
    rows, columns = ones if more is None else (np.concatenate([ones[0], more[0]]), np.concatenate([ones[1], more[1]]))
    return sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
