"""Linear programmes over chosen pairs, for objectives that are no flow. The only module that imports scipy's HiGHS.

The programmes see the pairs that a flow has found worth having. They are no proof: their prices go back to the flow,
which prices all pairs and certifies.

Source: J. Hall, I. Galabova, L. Gottwald, M. Feldmeier, HiGHS (through `scipy.optimize`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from matcher.records import Bools, Doubles, Ints
from matcher.solvers import AnyProblem
from matcher.solvers.network import Flow

__all__ = ["Programme", "Relaxed"]

_NODES: Final = 50
"""Nodes of a search tree: a limit that, unlike a time limit, gives the same answer on every machine."""

_SEARCH_GAP: Final = 1e-5
"""The search stops this close, relatively, to what its own programme allows."""

_INTEGRAL: Final = 1e-6
"""A value this close to a whole number is one."""

_SIMPLEX: Final = 20_000
"""Up to this many variables the simplex method is faster than interior points."""

_TOTAL_BESIDE: Final = 2e-4
"""What the mean of all submissions counts beside the mean of the worst: enough to decide between equals."""

_FLOOR_ROOM: Final = 1e-9
"""By which a floor is lowered for the arithmetic of the programme."""


@dataclass(frozen=True, slots=True)
class Relaxed:
    """What a relaxed programme found.

    Args:
        chance: (K,) value of each pair.
        shares: (S,) dual prices of the submissions' rows.
        value: of the objective.
    """

    chance: Doubles
    shares: Doubles
    value: float


class Programme:
    """Demand, loads and what may be missing, as rows over the pairs of a flow.

    Variables: the pairs; last-resort pairs; missing reviews (S); missing loads (R); then one or two of the objective.
    """

    def __init__(self, problem: AnyProblem, flow: Flow, keys: Ints, scores: Doubles, counted: Bools) -> None:
        submissions, reviewers = problem.shape
        self.rows, self.columns = np.divmod(keys, reviewers)
        self.keys, self.scores = keys, scores
        self._problem = problem
        self._counted = np.flatnonzero(counted)
        given = 0 if problem.given_reviews is None else problem.given_reviews
        self.reviews = problem.wanted + given
        self._settled = np.zeros(submissions) if problem.given_scores is None else np.nan_to_num(problem.given_scores)
        pairs, spare = len(keys), flow.spare
        loads = np.bincount(flow.pairs(reviewers)[1], minlength=reviewers)
        missing = (flow.unfilled, int(flow.spare_units.sum()), int(np.maximum(problem.min_load - loads, 0).sum()))
        self._spared = pairs + len(spare)
        self._base = pairs + len(spare) + submissions + reviewers
        ones, every = np.ones(pairs + len(spare)), np.arange(pairs + len(spare))
        by_row = _matrix(np.concatenate([self.rows, spare[:, 0]]), every, ones, submissions, self._base)
        by_column = _matrix(np.concatenate([self.columns, spare[:, 1]]), every, ones, reviewers, self._base)
        open_reviews = _block(pairs + len(spare), submissions, self._base)
        open_loads = _block(pairs + len(spare) + submissions, reviewers, self._base)
        totals = sp.vstack([_sum(open_reviews), _sum(_block(pairs, len(spare), self._base)), _sum(open_loads)])
        some = np.flatnonzero(problem.min_load > 0)
        self._equal = (by_row + open_reviews, problem.wanted.astype(np.float64))
        least = by_column + open_loads
        self._most = (
            sp.vstack([by_column, -least[some], totals]).tocsr(),
            np.concatenate([problem.max_load, -problem.min_load[some], missing]).astype(np.float64),
        )
        upper = np.concatenate([ones, problem.wanted, problem.min_load]).astype(np.float64)
        self._upper = upper
        weights = scores / np.maximum(self.reviews[self.rows], 1)
        means = _matrix(self.rows, np.arange(pairs), weights, submissions, self._base)
        self._means = (means, self._settled / np.maximum(self.reviews, 1))

    def relax_floor(self, fixed: Doubles) -> Relaxed:
        """Raise the least mean score as far as fractions of reviews allow.

        Args:
            fixed: (S,) floors of submissions that are settled, minus infinity for those whose least is raised.
        """
        rows = self._counted
        free = ~np.isfinite(fixed[rows])
        means, offset = self._means
        matrix = _beside(-means[rows], sp.csr_array(free[:, None].astype(np.float64)))
        right = offset[rows] - np.where(free, 0.0, fixed[rows])
        goal = np.zeros(self._base + 1)
        goal[-1] = -1
        return self._relaxed(
            goal, matrix, right, (np.append(self._upper, np.inf), np.append(np.zeros(self._base), -np.inf))
        )

    def relax_tail(self, tail: float) -> Relaxed:
        """Raise the mean of the worst share of the submissions as far as fractions of reviews allow."""
        return self._relaxed(*self._tail_rows(tail))

    def relax_total(self, floors: Doubles) -> Relaxed:
        """Largest total under floors on the mean scores, in fractions."""
        matrix, right = self._floor_rows(floors)
        goal = np.concatenate([-self.scores, np.zeros(self._base - len(self.scores))])
        return self._relaxed(goal, matrix, right, (self._upper, np.zeros(self._base)))

    def whole_floor(self) -> Doubles | None:
        """Raise the least mean score with whole reviews.

        Returns:
            (K + N,) the pairs and the last-resort pairs as 0 and 1; `None` if the search found none.
        """
        rows = self._counted
        means, offset = self._means
        matrix = _beside(-means[rows], sp.csr_array(np.ones((len(rows), 1))))
        goal = np.zeros(self._base + 1)
        goal[-1] = -1
        upper, lower = np.append(self._upper, np.inf), np.append(np.zeros(self._base), -np.inf)
        return self._whole(goal, matrix, offset[rows], (upper, lower))

    def whole_total(self, floors: Doubles, chance: Doubles | None = None) -> Doubles | None:
        """Largest total under floors with whole reviews.

        Args:
            floors: (S,) least mean scores, minus infinity for none.
            chance: (K,) an answer in fractions; pairs that it assigns for certain stay. `None` leaves all open.

        Returns:
            (K + N,) the pairs and the last-resort pairs as 0 and 1; `None` if the search found none.
        """
        matrix, right = self._floor_rows(floors)
        goal = np.concatenate([-self.scores, np.zeros(self._base - len(self.scores))])
        return self._whole(goal, matrix, right, (self._upper, self._kept(chance, self._base)))

    def whole_tail(self, tail: float, chance: Doubles | None = None) -> Doubles | None:
        """Raise the mean of the worst share with whole reviews; see `whole_total`."""
        goal, matrix, right, (upper, lower) = self._tail_rows(tail)
        lower = np.maximum(lower, self._kept(chance, len(lower)))
        lower[self._base] = -np.inf
        return self._whole(goal, matrix, right, (upper, lower))

    def _tail_rows(self, tail: float) -> tuple[Doubles, sp.csr_array, Doubles, tuple[Doubles, Doubles]]:
        """Rows of level − shortfall ≤ mean; the level and a shortfall for each counted submission are variables."""
        rows = self._counted
        means, offset = self._means
        level = sp.csr_array(np.ones((len(rows), 1)))
        matrix = _beside(-means[rows], level, -_block(0, len(rows), len(rows)))
        goal = np.concatenate([np.zeros(self._base), [-1.0], np.full(len(rows), 1 / (tail * len(rows)))])
        goal[: len(self.scores)] = -_TOTAL_BESIDE * self.scores / max(1, int(self.reviews.sum()))
        upper = np.concatenate([self._upper, np.full(len(rows) + 1, np.inf)])
        lower = np.concatenate([np.zeros(self._base), [-np.inf], np.zeros(len(rows))])
        return goal, matrix, offset[rows], (upper, lower)

    def _floor_rows(self, floors: Doubles) -> tuple[sp.csr_array, Doubles]:
        rows = self._counted[np.isfinite(floors[self._counted])]
        means, offset = self._means
        return (-means[rows]).tocsr(), offset[rows] - floors[rows] + _FLOOR_ROOM

    def _kept(self, chance: Doubles | None, size: int) -> Doubles:
        lower = np.zeros(size)
        if chance is not None:
            lower[: len(chance)] = chance > 1 - _INTEGRAL
        return lower

    def _wide(self, matrix: sp.csr_array, width: int) -> sp.csr_array:
        """The matrix with columns of zeros for the variables of the objective."""
        return sp.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], width))

    def _relaxed(self, goal: Doubles, matrix: sp.csr_array, right: Doubles, bounds: tuple[Doubles, Doubles]) -> Relaxed:
        upper, lower = bounds
        equal, most = self._wide(self._equal[0].tocsr(), len(goal)), self._wide(self._most[0], len(goal))
        rows: dict[str, Any] = {
            "A_ub": sp.vstack([matrix, most]).tocsr(),
            "b_ub": np.concatenate([right, self._most[1]]),
            "A_eq": equal,
            "b_eq": self._equal[1],
            "bounds": np.stack([lower, upper], axis=1),
        }
        found: Any = linprog(goal, method="highs-ipm" if len(goal) > _SIMPLEX else "highs-ds", **rows)
        if found.x is None:
            return Relaxed(np.zeros(len(self.keys)), np.zeros(self._problem.shape[0]), -np.inf)
        shares = np.zeros(self._problem.shape[0])
        priced = self._counted[: matrix.shape[0]]
        shares[priced] = np.maximum(-found.ineqlin.marginals[: matrix.shape[0]], 0)
        return Relaxed(found.x[: len(self.keys)], shares, -float(found.fun))

    def _whole(
        self, goal: Doubles, matrix: sp.csr_array, right: Doubles, bounds: tuple[Doubles, Doubles]
    ) -> Doubles | None:
        upper, lower = bounds
        whole = np.zeros(len(goal), dtype=np.int64)
        whole[: self._base] = 1
        equal, most = self._wide(self._equal[0].tocsr(), len(goal)), self._wide(self._most[0], len(goal))
        found = milp(
            goal,
            constraints=[
                LinearConstraint(matrix, -np.inf, right),
                LinearConstraint(most, -np.inf, self._most[1]),
                LinearConstraint(equal, self._equal[1], self._equal[1]),
            ],
            bounds=Bounds(lower, upper),
            integrality=whole,
            options={"node_limit": _NODES, "mip_rel_gap": _SEARCH_GAP},
        )
        return None if found.x is None else np.rint(found.x[: self._spared])


def _matrix(rows: Ints, columns: Ints, data: Doubles, height: int, width: int) -> sp.csr_array:
    return sp.csr_array((data, (rows, columns)), shape=(height, width))


def _block(start: int, size: int, width: int) -> sp.csr_array:
    """An identity at some columns."""
    return _matrix(np.arange(size), start + np.arange(size), np.ones(size), size, width)


def _beside(*parts: sp.csr_array) -> sp.csr_array:
    return sp.csr_array(sp.hstack(list(parts)))


def _sum(matrix: sp.csr_array) -> sp.csr_array:
    return sp.csr_array(matrix.sum(axis=0)[None, :])
