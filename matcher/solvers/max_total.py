"""Maximum total affinity, exact, as one min-cost flow. The only module that imports OR-tools.

Demand, minimum and maximum loads are met in one flow, so the answer is jointly optimal. What cannot be met is priced:
a missing review above a last resort above a missing minimum load above any score. The prices are no "large constant":
`_prices` derives the least ones that make this order hold on every cycle of the network.

Large problems start from the best pairs of every submission and every reviewer. OR-tools gives no dual prices, so
these are rebuilt as shortest paths in the residual network; with them *every* left-out pair is priced, those that
could improve the answer are added, and the flow is solved again, until none is left. The prices then certify the
answer over all pairs.

Source: R. Ahuja, T. Magnanti, J. Orlin, Network Flows, 1993, chapters 9 (optimality by reduced costs) and 17 (column
generation); L. Charlin, R. Zemel, C. Boutilier, UAI 2011 (paper matching as a flow).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

import numpy as np

from matcher.errors import MatcherError
from matcher.records import Bools, Certificate, Doubles, Floats, Ints, Progress
from matcher.solvers import Problem, Solution

__all__ = ["FINEST", "MaxTotalSolver"]

FINEST: Final = 1_000_000_000
"""Costs are whole numbers of 1e-9, finer than float32 near 1, so that rounding loses at most 5e-10 a review.
Coarser, by powers of ten, only where scores and sizes would not fit into the engine's 64 bits."""

_LARGEST_COST: Final = 2**61
"""The engine multiplies costs by the number of nodes and needs the product, with room, in 63 bits."""

_ALL_AT_ONCE: Final = 200_000
"""Up to this many eligible pairs, all are arcs from the start: it takes a fraction of a second."""

_BEST_OF_EACH: Final = 20
"""Best pairs of every submission and every reviewer that a large problem starts from."""

_ADDED_AT_MOST: Final = 40
"""Improving pairs of one submission added in one round."""

_MOST_ROUNDS: Final = 50
"""Rounds of pricing before the solver gives up being exact; then the certificate shows the gap that is left."""

_BLOCK_VALUES: Final = 16_000_000
"""Values looked at together while pricing (64 MB of float32)."""


@dataclass(frozen=True, slots=True)
class _Prices:
    """Costs, in units of 1 / scale, of what should not happen."""

    scale: int
    underload: int
    last_resort: int
    unfilled: int


@dataclass(frozen=True, slots=True)
class _Arcs:
    """The pairs in the network: submission and reviewer positions and integer costs, in one order."""

    rows: Ints
    columns: Ints
    costs: Ints


class MaxTotalSolver:
    """Exact maximum total with demand, minimum and maximum loads in one min-cost flow."""

    @property
    def name(self) -> str:
        """Objective, engine and its version."""
        return f"max-total (OR-tools {version('ortools')} min-cost flow)"

    def solve(self, problem: Problem, *, seed: int, progress: Progress | None = None) -> Solution:
        """Solve; see `Solver.solve`."""
        # A last resort is only for reviews that no scored reviewer can give: when there are none of these, the flow
        # without last resorts is optimal for the whole problem, and much smaller.
        solution, unfilled = _solve(problem, None, seed, progress)
        if unfilled and problem.last_resort is not None and problem.last_resort.any():
            solution, _ = _solve(problem, problem.last_resort, seed, progress)
        return solution


def _solve(problem: Problem, last_resort: Bools | None, seed: int, progress: Progress | None) -> tuple[Solution, int]:
    submissions, reviewers = problem.eligible.shape
    prices = _prices(problem)
    shuffle = np.random.default_rng(seed)
    order_rows, order_columns = shuffle.permutation(submissions), shuffle.permutation(reviewers)
    spare = np.empty((0, 2), dtype=np.int64) if last_resort is None else np.argwhere(last_resort)
    keys = _first_keys(problem)
    for done in range(_MOST_ROUNDS):
        if progress is not None:
            progress("solve", done, _MOST_ROUNDS)
        arcs = _arcs(problem, keys, prices.scale)
        network = _Network(problem, arcs, spare, prices, order_rows, order_columns)
        flow = network.solve()
        potentials = network.potentials(flow)
        reviewer_prices = (potentials.reviewers - potentials.source).astype(np.float64) / prices.scale
        improving = (
            np.empty(0, dtype=np.int64)
            if len(keys) == _count(problem.eligible)
            else _improving(
                problem,
                keys,
                reviewer_prices,
                (potentials.source - potentials.submissions) / prices.scale,
                resolution=1 / prices.scale,
            )
        )
        if not len(improving):
            break
        keys = np.union1d(keys, improving)
    if progress is not None:
        progress("solve", _MOST_ROUNDS, _MOST_ROUNDS)
    pair_flow, spare_flow = flow[: len(arcs.rows)] > 0, network.spare_flow(flow) > 0
    rows = np.concatenate([arcs.rows[pair_flow], spare[spare_flow, 0]])
    columns = np.concatenate([arcs.columns[pair_flow], spare[spare_flow, 1]])
    certificate = Certificate(
        reviewer_prices=reviewer_prices,
        unfilled=prices.unfilled / prices.scale,
        last_resort=prices.last_resort / prices.scale,
        underload=prices.underload / prices.scale,
    )
    unfilled = int(problem.wanted.sum()) - len(rows)
    return Solution(rows=rows, columns=columns, certificate=certificate, rounds=done + 1), unfilled


def _prices(problem: Problem) -> _Prices:
    """The least prices that keep the order: no missing review for any gain further down, and so on.

    An improvement of a flow is a simple cycle of the residual network. It alternates between submissions and
    reviewers, so it swaps at most min(S, R) scores for others, each at most the spread of the scores apart. It passes
    the source at most once, hence uses at most one arc of missing reviews and two of missing loads; last resorts enter
    and leave it in pairs except at the source, so it changes their number by at most one.
    """
    submissions, reviewers = problem.eligible.shape
    spread = float(problem.values.max(where=problem.eligible, initial=0.0)) - float(
        problem.values.min(where=problem.eligible, initial=0.0)
    )
    scale = FINEST
    while True:
        scores = (min(submissions, reviewers) + 1) * int(np.ceil(spread * scale) + 1)
        underload = scores + 1
        last_resort = scores + 2 * underload + 1
        unfilled = scores + 2 * underload + last_resort + 1
        if unfilled * (2 * submissions + reviewers + 2) < _LARGEST_COST:
            return _Prices(scale, underload, last_resort, unfilled)
        scale //= 10
        if scale == 0:
            raise MatcherError(f"scores spread over {spread:g} are too far apart for this solver: divide them")


def _count(mask: Bools) -> int:
    return int(np.count_nonzero(mask))


def _first_keys(problem: Problem) -> Ints:
    """Positions, row-major, of the pairs to start from: all of them, or the best of each side."""
    submissions, reviewers = problem.eligible.shape
    if _count(problem.eligible) <= _ALL_AT_ONCE:
        return np.flatnonzero(problem.eligible)
    found = []
    best = min(reviewers, max(_BEST_OF_EACH, int(problem.wanted.max(initial=0))))
    step = max(1, _BLOCK_VALUES // reviewers)
    for start in range(0, submissions, step):
        masked = _masked(problem, start, start + step)
        top = np.argpartition(masked, reviewers - best, axis=1)[:, reviewers - best :]
        found.append(((np.arange(start, start + len(masked))[:, None]) * reviewers + top).ravel())
    best = min(submissions, max(_BEST_OF_EACH, int(problem.min_load.max(initial=0))))
    step = max(1, _BLOCK_VALUES // submissions)
    for start in range(0, reviewers, step):
        block = slice(start, min(start + step, reviewers))
        masked = np.where(problem.eligible[:, block], problem.values[:, block], np.float32(-np.inf))
        # Selection runs along rows of memory; turning the block costs less than selecting across them.
        turned = np.ascontiguousarray(masked.T)
        top = np.argpartition(turned, submissions - best, axis=1)[:, submissions - best :]
        found.append((top * reviewers + np.arange(start, block.stop)[:, None]).ravel())
    keys = np.unique(np.concatenate(found))
    eligible: Ints = keys[problem.eligible.ravel()[keys]]
    return eligible


def _masked(problem: Problem, start: int, stop: int) -> Floats:
    """Some rows of the values, with minus infinity where a pair is no variable."""
    return np.where(problem.eligible[start:stop], problem.values[start:stop], np.float32(-np.inf))


def _arcs(problem: Problem, keys: Ints, scale: int) -> _Arcs:
    rows, columns = np.divmod(keys, problem.eligible.shape[1])
    scores = problem.values[rows, columns].astype(np.float64)
    return _Arcs(rows, columns, -np.rint(scores * scale).astype(np.int64))


def _improving(
    problem: Problem, keys: Ints, reviewer_prices: Doubles, thresholds: Doubles, *, resolution: float
) -> Ints:
    """Pairs outside the network whose score beats what both sides cost now: the only ones that could help.

    Args:
        problem: the whole problem.
        keys: sorted positions of the pairs inside the network.
        reviewer_prices: (R,) price of one submission of a reviewer's load.
        thresholds: (S,) price at which a submission would exchange one of its reviewers.
        resolution: differences below it are rounding.
    """
    submissions, reviewers = problem.eligible.shape
    most = min(reviewers, _ADDED_AT_MOST)
    step = max(1, _BLOCK_VALUES // reviewers)
    found = []
    for start in range(0, submissions, step):
        # Single precision finds the best pairs; whether one improves is decided in double precision.
        net = _masked(problem, start, start + step) - reviewer_prices.astype(np.float32)
        rows = np.arange(start, start + len(net))[:, None]
        top = np.argpartition(net, reviewers - most, axis=1)[:, reviewers - most :]
        exact = problem.values[rows, top].astype(np.float64) - reviewer_prices[top]
        better = problem.eligible[rows, top] & (exact > thresholds[rows] + resolution)
        found.append((rows * reviewers + top)[better])
    candidates = np.concatenate(found)
    return candidates[~np.isin(candidates, keys, kind="sort")]


@dataclass(frozen=True, slots=True)
class _Potentials:
    """Shortest distances in the residual network, in units of 1 / scale."""

    submissions: Ints
    reviewers: Ints
    source: int


class _Network:
    """The flow network of one round.

    Nodes: submissions, reviewers, one node per submission that has last resorts, the source. Every reviewer supplies
    their minimum load, the source the rest of the demand. Arcs, in this order: pairs; reviewer to last-resort node;
    last-resort node to submission (at most one); source to reviewer (maximum minus minimum load); source to submission
    (missing reviews); reviewer to source (minimum load that is missing).
    """

    def __init__(
        self,
        problem: Problem,
        arcs: _Arcs,
        spare: Ints,
        prices: _Prices,
        order_rows: Ints,
        order_columns: Ints,
    ) -> None:
        submissions, reviewers = problem.eligible.shape
        spared, spare_node = np.unique(spare[:, 0], return_inverse=True)
        # Nodes are numbered in a seeded order: among equally good answers none is preferred for its place in a file.
        self._row_nodes = order_rows
        self._column_nodes = submissions + order_columns
        spare_nodes = submissions + reviewers + np.arange(len(spared))
        self._source = submissions + reviewers + len(spared)
        source_to = np.full(max(submissions, reviewers), self._source)
        zeros = np.zeros(max(submissions, reviewers, len(spare), len(spared)), dtype=np.int64)
        ones = zeros + 1
        blocks = (
            (self._column_nodes[arcs.columns], self._row_nodes[arcs.rows], np.ones_like(arcs.costs), arcs.costs),
            (
                self._column_nodes[spare[:, 1]],
                spare_nodes[spare_node],
                ones[: len(spare)],
                zeros[: len(spare)] + prices.last_resort,
            ),
            (spare_nodes, self._row_nodes[spared], ones[: len(spared)], zeros[: len(spared)]),
            (source_to[:reviewers], self._column_nodes, problem.max_load - problem.min_load, zeros[:reviewers]),
            (source_to[:submissions], self._row_nodes, problem.wanted, zeros[:submissions] + prices.unfilled),
            (self._column_nodes, source_to[:reviewers], problem.min_load, zeros[:reviewers] + prices.underload),
        )
        self._tails, self._heads, self._capacities, self._costs = (
            np.concatenate(parts).astype(np.int64) for parts in zip(*blocks, strict=True)
        )
        self._spare = slice(len(arcs.rows), len(arcs.rows) + len(spare))
        self._supplies = np.zeros(self._source + 1, dtype=np.int64)
        self._supplies[self._row_nodes] = -problem.wanted
        self._supplies[self._column_nodes] = problem.min_load
        self._supplies[self._source] = problem.wanted.sum() - problem.min_load.sum()

    def solve(self) -> Ints:
        """Flow on every arc."""
        from ortools.graph.python import min_cost_flow

        engine = min_cost_flow.SimpleMinCostFlow()
        # The engine looks at arcs in the order in which it gets them: by seeded node numbers, never by ids.
        order = np.lexsort((self._heads, self._tails))
        engine.add_arcs_with_capacity_and_unit_cost(
            self._tails[order].astype(np.int32),
            self._heads[order].astype(np.int32),
            self._capacities[order],
            self._costs[order],
        )
        engine.set_nodes_supplies(np.arange(len(self._supplies), dtype=np.int32), self._supplies)
        status = engine.solve()
        if status != engine.OPTIMAL:
            # Slack arcs make every network feasible, so this is a defect or a range that integers cannot hold.
            raise MatcherError(f"the flow engine stopped with status {status!r}")
        flow = np.empty(len(order), dtype=np.int64)
        flow[order] = engine.flows(np.arange(len(order)))
        return flow

    def spare_flow(self, flow: Ints) -> Ints:
        """The part of a flow that runs over last-resort pairs."""
        return flow[self._spare]

    def potentials(self, flow: Ints) -> _Potentials:
        """Shortest distances from a root tied to every node at 0, over the arcs that can still change.

        Label correcting by rounds over the nodes that changed; a minimum-cost flow has no negative cycle, so it ends.
        """
        forward, backward = flow < self._capacities, flow > 0
        tails = np.concatenate([self._tails[forward], self._heads[backward]])
        heads = np.concatenate([self._heads[forward], self._tails[backward]])
        costs = np.concatenate([self._costs[forward], -self._costs[backward]])
        order = np.argsort(tails, kind="stable")
        heads, costs = heads[order], costs[order]
        starts = np.zeros(len(self._supplies) + 1, dtype=np.int64)
        np.cumsum(np.bincount(tails, minlength=len(self._supplies)), out=starts[1:])
        distance = np.zeros(len(self._supplies), dtype=np.int64)
        changed = np.arange(len(self._supplies))
        while len(changed):
            counts = starts[changed + 1] - starts[changed]
            places = np.repeat(starts[changed] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
            places += np.arange(len(places))
            reached = np.repeat(distance[changed], counts) + costs[places]
            shorter = reached < distance[heads[places]]
            touched, reached = heads[places[shorter]], reached[shorter]
            np.minimum.at(distance, touched, reached)
            changed = np.unique(touched)
        return _Potentials(
            submissions=distance[self._row_nodes],
            reviewers=distance[self._column_nodes],
            source=int(distance[self._source]),
        )
