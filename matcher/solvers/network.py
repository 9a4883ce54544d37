"""The min-cost flow under every objective. The only module that imports OR-tools.

Demand, minimum and maximum loads are met in one flow, so the answer is jointly optimal. What cannot be met is priced:
a missing review above a last resort above a missing minimum load above any score. The prices are no "large constant":
`slack_prices` derives the least ones that make this order hold on every cycle of the network.

OR-tools gives no dual prices, so these are rebuilt as shortest paths in the residual network; with them *every*
left-out pair is priced, those that could improve the answer are added, and the flow is solved again, until none is
left. The prices then certify the answer over all pairs.

Source: R. Ahuja, T. Magnanti, J. Orlin, Network Flows, 1993, chapters 9 (optimality by reduced costs) and 17 (column
generation); L. Charlin, R. Zemel, C. Boutilier, UAI 2011 (paper matching as a flow).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

import numpy as np
from ortools.graph.python import min_cost_flow

from matcher.charges import Charges
from matcher.errors import MatcherError
from matcher.records import Certificate, Doubles, Ints, Progress
from matcher.solvers import AnyProblem
from matcher.solvers.quota_nodes import QuotaNodes
from matcher.solvers.search import ALL_AT_ONCE, best_inside, first_pairs, improving

__all__ = [
    "FINEST",
    "Flow",
    "Network",
    "Segments",
    "SlackPrices",
    "engine_name",
    "slack_prices",
    "solve_flow",
    "solve_over",
]

FINEST: Final = 1_000_000_000
"""Costs are whole numbers of 1e-9, finer than float32 near 1, so that rounding loses at most 5e-10 a review.
Coarser, by powers of ten, only where scores and sizes would not fit into the engine's 64 bits."""

_LARGEST_COST: Final = 2**61
"""The engine multiplies costs by the number of nodes and needs the product, with room, in 63 bits."""

_CHAIN: Final = 30
"""Exchanges in one chain up to which a missing review counts more than what quotas lack."""

_FROM_GROUPS: Final = 8
"""Best pairs of every submission with each group of which it needs some, to start from."""

_STILL_BROKEN: Final = 0.02
"""Share of the submissions whose quotas may be broken while better pairs are still looked for."""

_MOST_ROUNDS: Final = 50
"""Rounds of pricing before the solver gives up being exact; then the certificate shows the gap that is left."""


def engine_name(objective: str) -> str:
    """An objective with the engine that solves it and its version."""
    return f"{objective} (OR-tools {version('ortools')} min-cost flow)"


@dataclass(frozen=True, slots=True)
class SlackPrices:
    """Costs, in units of 1 / scale, of what should not happen."""

    scale: int
    underload: int
    last_resort: int
    lacking: int
    unfilled: int


def slack_prices(shape: tuple[int, int], spread: float, *, quota_nodes: int = 0) -> SlackPrices:
    """The least prices that keep the order: no missing review for any gain further down, and so on.

    An improvement of a flow is a simple cycle of the residual network. It alternates between submissions and
    reviewers, so it swaps at most min(S, R) scores for others, each at most the spread of the scores apart. It passes
    the source at most once, hence uses at most one arc of missing reviews and two of missing loads; last resorts enter
    and leave it in pairs except at the source, so it changes their number by at most one.

    Args:
        shape: S and R.
        spread: largest less least score that an arc can have.
        quota_nodes: nodes of quotas. A cycle may pass through many; a missing review is worth more than what quotas
            lack as long as a chain of exchanges changes them at few submissions.

    Raises:
        MatcherError: the scores are too far apart for the engine's whole numbers.
    """
    submissions, reviewers = shape
    scale = FINEST
    while True:
        scores = (min(submissions, reviewers) + 1) * int(np.ceil(spread * scale) + 1)
        underload = scores + 1
        last_resort = scores + 2 * underload + 1
        lacking = scores + 2 * underload + last_resort + 1
        chain = min(submissions, reviewers, _CHAIN) if quota_nodes else 0
        unfilled = (lacking + 1) * chain + lacking
        if unfilled * (2 * submissions + reviewers + 2 + quota_nodes) < _LARGEST_COST:
            return SlackPrices(scale, underload, last_resort, lacking, unfilled)
        scale //= 10
        if scale == 0:
            raise MatcherError(f"scores spread over {spread:g} are too far apart for this solver: divide them")


@dataclass(frozen=True, slots=True)
class Segments:
    """How the gain of a pair falls with its probability: one arc for each segment.

    Args:
        sizes: (A,) units of each arc.
        gains: (A,) factor on the score in each arc; those of one pair fall.
        pairs: (A,) which of the keys each arc belongs to; `None` gives every key the same segments.
    """

    sizes: Ints
    gains: Doubles
    pairs: Ints | None = None

    def arcs(self, count: int) -> tuple[Ints, Ints, Doubles]:
        """Key, size and gain of every arc over some number of keys."""
        if self.pairs is not None:
            return self.pairs, self.sizes, self.gains
        every = np.arange(count)
        many = len(self.sizes)
        return np.tile(every, many), np.repeat(self.sizes, count), np.repeat(self.gains, count)


@dataclass(frozen=True, slots=True)
class Flow:
    """What the flow over the chosen pairs found.

    Args:
        keys: positions, row-major and sorted, of the pairs in the network.
        scores: their scores, without weights.
        units: flow on each, in units.
        spare: (N, 2) last-resort pairs.
        spare_units: flow on each.
        certificate: dual prices for the weighted scores.
        thresholds: (S,) weighted gain at which a submission would exchange a reviewer.
        unfilled: units of demand that are missing.
        rounds: rounds of pricing.
        charges: what pairs pay for quotas beside the price of a load.
    """

    keys: Ints
    scores: Doubles
    units: Ints
    spare: Ints
    spare_units: Ints
    certificate: Certificate
    thresholds: Doubles
    unfilled: int
    rounds: int
    charges: Charges

    def pairs(self, reviewers: int) -> tuple[Ints, Ints]:
        """Rows and columns of all pairs with flow."""
        used, spare = self.keys[self.units > 0], self.spare[self.spare_units > 0]
        return np.concatenate([used // reviewers, spare[:, 0]]), np.concatenate([used % reviewers, spare[:, 1]])


_WHOLE: Final = Segments(np.array([1], dtype=np.int64), np.array([1.0]))
"""A pair is assigned or not."""


def solve_flow(
    problem: AnyProblem,
    *,
    seed: int,
    weights: Doubles | None = None,
    keys: Ints | None = None,
    segments: Segments = _WHOLE,
    unit: int = 1,
    limit: int = 1,
    most_rounds: int = _MOST_ROUNDS,
    charges: Charges | None = None,
    progress: Progress | None = None,
) -> Flow:
    """Maximise the weighted total, over all pairs, with the quotas that a flow can keep.

    Args:
        problem: the arrays.
        seed: decides between equally good answers.
        weights: (S,) factors on the scores of each submission, from 0 up; `None` is 1 for all.
        keys: sorted positions of pairs to start from; by default those of `first_pairs`.
        segments: arcs of each pair.
        unit: units of flow that are one review.
        limit: units that no pair exceeds.
        most_rounds: rounds of pricing; with 1 the answer is the best over the keys and nothing is priced.
        charges: what pairs pay beside the price of a load; where that is infinite, the pair may not be.
        progress: called for each pass over the pairs.
    """
    # A last resort is only for reviews that no scored reviewer can give: when there are none of these, the flow
    # without last resorts is optimal for the whole problem, and much smaller.
    empty = np.empty((0, 2), dtype=np.int64)
    if keys is None or problem.shape[0] * problem.shape[1] <= ALL_AT_ONCE:
        keys = first_pairs(problem, seed=seed, progress=progress)
        keys = np.union1d(keys, _of_groups(problem)) if problem.rules is not None else keys
    flow = _priced(problem, empty, seed, weights, keys, segments, unit, limit, most_rounds, charges, progress)
    if flow.unfilled and problem.last_resort is not None and problem.last_resort.any():
        spare = np.argwhere(problem.last_resort)
        flow = _priced(problem, spare, seed, weights, flow.keys, segments, unit, limit, most_rounds, charges, progress)
    return flow


def _of_groups(problem: AnyProblem) -> Ints:
    """The best pairs of every submission with each group of which it needs some."""
    quotas = None if problem.rules is None else problem.rules.quotas
    if quotas is None or problem.shape[0] * problem.shape[1] <= ALL_AT_ONCE:
        return np.empty(0, dtype=np.int64)
    found = [best_inside(problem, quotas.labels == group, _FROM_GROUPS) for group in quotas.demanding.tolist()]
    return np.concatenate([np.empty(0, dtype=np.int64), *found])


def solve_over(
    problem: AnyProblem,
    keys: Ints,
    scores: Doubles,
    spare: Ints,
    *,
    seed: int,
    weights: Doubles | None = None,
    charges: Charges | None = None,
) -> tuple[Ints, Ints]:
    """The largest weighted total over some pairs, without prices: several times faster than `solve_flow`.

    Args:
        problem: the arrays.
        keys: sorted positions of the pairs.
        scores: their scores.
        spare: (N, 2) last-resort pairs.
        seed: decides between equally good answers.
        weights: (S,) factors on the scores of each submission; `None` is 1 for all.
        charges: as for `solve_flow`.

    Returns:
        Rows and columns of the pairs.
    """
    rows, columns = np.divmod(keys, problem.shape[1])
    gains = scores if weights is None else scores * weights[rows]
    if charges is not None:
        gains = gains - charges.at(rows, columns)
        rows, columns, gains = (each[gains > -np.inf] for each in (rows, columns, gains))
    prices = slack_prices(problem.shape, _spread(problem, weights, gains), quota_nodes=_most_nodes(problem))
    shuffle = np.random.default_rng(seed)
    order = shuffle.permutation(problem.shape[0]), shuffle.permutation(problem.shape[1])
    _, network, flow, _ = _kept(problem, rows, columns, gains, spare, prices, order, _WHOLE, 1, 1)
    used, spare = network.pair_units(flow) > 0, spare[network.spare_units(flow) > 0]
    return np.concatenate([rows[used], spare[:, 0]]), np.concatenate([columns[used], spare[:, 1]])


def _priced(
    problem: AnyProblem,
    spare: Ints,
    seed: int,
    weights: Doubles | None,
    keys: Ints,
    segments: Segments,
    unit: int,
    limit: int,
    most_rounds: int,
    charges: Charges | None,
    progress: Progress | None,
) -> Flow:
    reviewers = problem.shape[1]
    shuffle = np.random.default_rng(seed)
    order = shuffle.permutation(problem.shape[0]), shuffle.permutation(reviewers)
    factors = weights
    if segments.pairs is None and segments.gains[0] != 1:
        factors = np.full(problem.shape[0], segments.gains[0]) * (1.0 if weights is None else weights)
    if charges is not None:
        keys = keys[charges.at(*np.divmod(keys, reviewers)) < np.inf]
    scores = problem.scores_at(*np.divmod(keys, reviewers))
    prices: SlackPrices | None = None
    binding = np.empty(0, dtype=np.int64)
    for done in range(most_rounds):
        if progress is not None:
            progress("solve", done, most_rounds)
        rows, columns = np.divmod(keys, reviewers)
        gains = scores if weights is None else scores * weights[rows]
        if charges is not None:
            gains = gains - charges.at(rows, columns)
        if prices is None:
            prices = slack_prices(problem.shape, _spread(problem, weights, gains), quota_nodes=_most_nodes(problem))
        is_last = done + 1 == most_rounds or problem.shape[0] * reviewers <= ALL_AT_ONCE
        broken = 0 if is_last else int(_STILL_BROKEN * problem.shape[0])
        nodes, network, flow, over = _kept(
            problem, rows, columns, gains, spare, prices, order, segments, unit, limit, binding, broken
        )
        binding = np.union1d(nodes.keys, over)
        distances = network.potentials(flow)
        reviewer_prices = (distances.reviewers - distances.source).astype(np.float64) / prices.scale
        thresholds = (distances.source - distances.submissions) / prices.scale
        paid = (distances.submissions[nodes.rows] - distances.quotas) / prices.scale
        own = nodes.charges(problem, paid)
        if is_last:
            break
        added = improving(
            problem,
            keys,
            reviewer_prices,
            thresholds,
            resolution=1 / prices.scale,
            weights=factors,
            charges=(own,) if charges is None else (own, charges),
            progress=progress,
        )
        if not len(added) and not len(over):
            break
        order_of_keys = np.argsort(np.concatenate([keys, added]), kind="stable")
        scores = np.concatenate([scores, problem.scores_at(*np.divmod(added, reviewers))])[order_of_keys]
        keys = np.concatenate([keys, added])[order_of_keys]
    assert prices is not None  # there is at least one round
    certificate = Certificate(
        reviewer_prices=reviewer_prices,
        unfilled=prices.unfilled / prices.scale,
        last_resort=prices.last_resort / prices.scale,
        underload=prices.underload / prices.scale,
        rules=nodes.rule_prices(paid),
    )
    units, spare_units = network.pair_units(flow), network.spare_units(flow)
    return Flow(
        keys=keys,
        scores=scores,
        units=units,
        spare=spare,
        spare_units=spare_units,
        certificate=certificate,
        thresholds=thresholds,
        unfilled=int(problem.wanted.sum()) * unit - int(units.sum()) - int(spare_units.sum()),
        rounds=done + 1,
        charges=own,
    )


def _spread(problem: AnyProblem, weights: Doubles | None, gains: Doubles) -> float:
    """The most by which two weighted scores, with what they may be charged and what soft quotas cost, can differ."""
    low, high = problem.range()
    factor = 1.0 if weights is None or not len(weights) else float(weights.max())
    low, high = factor * low, factor * high
    if len(gains):
        low, high = min(low, float(gains.min())), max(high, float(gains.max()))
    soft = 0.0
    if problem.rules is not None and problem.rules.quotas is not None:
        paid = problem.rules.quotas.prices
        soft = 2 * float(paid[np.isfinite(paid)].max(initial=0.0))
    return high - low + soft


def _most_nodes(problem: AnyProblem) -> int:
    """How many nodes quotas may need: those with a lower bound everywhere, of the others a few for each submission."""
    quotas = None if problem.rules is None else problem.rules.quotas
    if quotas is None:
        return 0
    return problem.shape[0] * min(len(quotas.numbers), len(quotas.demanding) + int(problem.wanted.max(initial=0)))


def _kept(
    problem: AnyProblem,
    rows: Ints,
    columns: Ints,
    gains: Doubles,
    spare: Ints,
    prices: SlackPrices,
    order: tuple[Ints, Ints],
    segments: Segments,
    unit: int,
    limit: int,
    binding: Ints | None = None,
    broken: int = 0,
) -> tuple[QuotaNodes, Network, Ints, Ints]:
    """The best flow over some pairs that keeps all quotas, up to so many; most that are kept anyway get no node.

    Returns:
        The nodes, the network, the flow, and where quotas are still broken.
    """
    binding = np.empty(0, dtype=np.int64) if binding is None else binding
    if not len(binding):
        binding = QuotaNodes.of(problem, rows, columns, binding, unit=unit).likely(rows, columns, gains, problem.wanted)
    while True:
        nodes = QuotaNodes.of(problem, rows, columns, binding, unit=unit)
        network = Network(problem, rows, columns, gains, spare, prices, order, segments, unit, limit, nodes)
        flow = network.solve()
        over = nodes.broken(rows, columns, network.pair_units(flow), unit)
        if len(over) <= broken:
            return nodes, network, flow, over
        binding = np.union1d(binding, over)


@dataclass(frozen=True, slots=True)
class _Distances:
    """Shortest distances in the residual network, in units of 1 / scale."""

    submissions: Ints
    reviewers: Ints
    source: int
    quotas: Ints


class Network:
    """The flow network of one round.

    Nodes: submissions, reviewers, one node per submission that has last resorts, the source, and one node for each
    submission and group of reviewers where a quota can bind. Every reviewer supplies their minimum load, the source
    the rest of the demand. Arcs, in this order: pairs, segment by segment; reviewer to last-resort node; last-resort
    node to submission (at most one review); source to reviewer (maximum minus minimum load); source to submission
    (missing reviews); reviewer to source (minimum load that is missing); group to submission.
    """

    def __init__(
        self,
        problem: AnyProblem,
        rows: Ints,
        columns: Ints,
        gains: Doubles,
        spare: Ints,
        prices: SlackPrices,
        order: tuple[Ints, Ints],
        segments: Segments,
        unit: int,
        limit: int,
        quotas: QuotaNodes,
    ) -> None:
        submissions, reviewers = problem.shape
        spared, spare_node = np.unique(spare[:, 0], return_inverse=True)
        # Nodes are numbered in a seeded order: among equally good answers none is preferred for its place in a file.
        self._row_nodes = order[0]
        self._column_nodes = submissions + order[1]
        spare_nodes = submissions + reviewers + np.arange(len(spared))
        self._source = submissions + reviewers + len(spared)
        self._quota_nodes = self._source + 1 + np.arange(quotas.count)
        arcs, sizes, factors = segments.arcs(len(rows))
        heads = self._row_nodes[rows]
        heads[quotas.node >= 0] = self._quota_nodes[quotas.node[quotas.node >= 0]]
        blocks = (
            (
                self._column_nodes[columns[arcs]],
                heads[arcs],
                sizes,
                -np.rint(gains[arcs] * factors * prices.scale).astype(np.int64),
            ),
            (
                self._column_nodes[spare[:, 1]],
                spare_nodes[spare_node],
                limit,
                prices.last_resort,
            ),
            (spare_nodes, self._row_nodes[spared], unit, 0),
            (self._source, self._column_nodes, (problem.max_load - problem.min_load) * unit, 0),
            (self._source, self._row_nodes, problem.wanted * unit, prices.unfilled),
            (self._column_nodes, self._source, problem.min_load * unit, prices.underload),
            *(
                (self._quota_nodes[nodes], self._row_nodes[quotas.rows[nodes]], capacity, cost)
                for nodes, capacity, cost in quotas.arcs(prices.scale, prices.lacking)
            ),
        )
        filled = [np.broadcast_arrays(*(np.asarray(part, dtype=np.int64) for part in block)) for block in blocks]
        self._tails, self._heads, self._capacities, self._costs = (
            np.concatenate(parts) for parts in zip(*filled, strict=True)
        )
        self._arcs, self._pairs = arcs, len(rows)
        self._spare = slice(len(arcs), len(arcs) + len(spare))
        self._supplies = np.zeros(self._source + 1 + quotas.count, dtype=np.int64)
        self._supplies[self._row_nodes] = -problem.wanted * unit
        self._supplies[self._column_nodes] = problem.min_load * unit
        self._supplies[self._source] = (problem.wanted.sum() - problem.min_load.sum()) * unit

    def solve(self) -> Ints:
        """Flow on every arc."""
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

    def pair_units(self, flow: Ints) -> Ints:
        """The part of a flow that runs over pairs, all segments together."""
        units = np.bincount(self._arcs, weights=flow[: len(self._arcs)], minlength=self._pairs)
        return np.rint(units).astype(np.int64)

    def spare_units(self, flow: Ints) -> Ints:
        """The part of a flow that runs over last-resort pairs."""
        return flow[self._spare]

    def potentials(self, flow: Ints) -> _Distances:
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
        return _Distances(
            submissions=distance[self._row_nodes],
            reviewers=distance[self._column_nodes],
            source=int(distance[self._source]),
            quotas=distance[self._quota_nodes],
        )
