"""Lotteries under rules between pairs: whole plans that keep every rule, and draws that put parts of them together.

Where some pairs may not be together, probabilities of single pairs say too little: two pairs at a half each may never
meet, or always. So the policy is a list of plans, each of which keeps every rule, and a pair's probability is the share
of the plans that have it. The plans follow the best flow in shares of one plan: each is the best flow over what the
flow still has to give out, without pairs that clash (of each clash, the pair that is easiest to replace is left out),
and once all are made each is improved beside the others.

A draw takes no plan as a whole. Two plans are merged: submissions that differ between them fall into the smallest
groups that can choose one plan or the other without regard to the rest, and every group throws a coin of its own. Then
two of what was merged are merged, until one is left. Coins are weighed by the plans that are behind each side, so that
every pair keeps exactly its probability; a submission always has the reviewers of one of the plans.

Source: G. Dantzig, P. Wolfe, Decomposition principle for linear programs, 1960 (a policy as a mixture of whole
answers); R. Gandhi, S. Khuller, S. Parthasarathy, A. Srinivasan, Dependent rounding and its applications, 2006.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from matcher.records import Bools, Doubles, Ints, Progress
from matcher.solvers import AnyProblem
from matcher.solvers.barring import Barred
from matcher.solvers.clashes import find_clashes
from matcher.solvers.network import Flow, solve_over
from matcher.solvers.rules import Rules
from matcher.solvers.search import rank_within

__all__ = ["Plans", "Room", "draw_from_plans", "make_plans", "one_plan", "plans_for"]

_FEWEST: Final = 12
_MOST: Final = 20
"""Plans of a policy: every twentieth, and every third, is a probability that they can say exactly."""

_URGENCY: Final = 1e-3
"""What a pair counts more, in units of a score, that all plans to come must have to meet its probability."""

_URGENT: Final = 1.0
"""The same, in the range of all scores, where none of them may be without it."""

_TRIFLE: Final = 1e-6
"""What a pair counts more, in units of a score, that a plan has already."""

_BARRED_AT_MOST: Final = 60
"""Rounds of leaving out pairs that clash, for one plan."""

_IMPROVED: Final = 1
"""How often every plan is made again beside the others."""


def plans_for(limit: float) -> tuple[int, int]:
    """How many plans come closest to a largest probability, and in how many of them a pair may be."""
    least = max(_FEWEST, int(np.ceil(1 / limit - 1e-9)))
    sizes = range(least, max(_MOST, least) + 1)
    share, count = max((Fraction(int(limit * size + 1e-9), size), -size) for size in sizes)
    return -count, int(share * -count)


@dataclass(frozen=True, slots=True, eq=False)
class Plans:
    """A policy.

    Args:
        rows: (K,) submissions of the pairs that some plan has.
        columns: (K,) their reviewers.
        members: (K, P) True where a plan has the pair.
    """

    rows: Ints
    columns: Ints
    members: Bools


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """One plan.

    Args:
        pairs: (K,) True for the pairs of the flow that it has.
        spare: (N,) the same for last resorts.
        worth: what makes it better than another: less that is missing, fewer last resorts, a larger total.
    """

    pairs: Bools
    spare: Bools
    worth: tuple[int, int, float] = (0, 0, 0.0)


class _Maker:
    """Makes plans over the pairs of a flow; knows which pair is in how many of them."""

    def __init__(self, problem: AnyProblem, flow: Flow, most: int, seed: int) -> None:
        assert problem.rules is not None
        self._problem, self._flow, self._most = problem, flow, most
        self._rules: Rules = problem.rules
        self._shuffle = np.random.default_rng(seed)
        reviewers = problem.shape[1]
        self._rows, self._columns = np.divmod(flow.keys, reviewers)
        self._spare_keys = flow.spare[:, 0] * reviewers + flow.spare[:, 1]
        self._paid = flow.certificate.reviewer_prices[self._columns] + flow.charges.at(self._rows, self._columns)
        net = flow.scores - self._paid - flow.thresholds[self._rows]
        # What a pair at its limit is worth beyond its prices is no reason for any plan to have it.
        self._gains = flow.scores - np.maximum(net, 0.0) * (flow.units >= most)
        low, high = problem.range()
        self._urgent = _URGENT * (high - low)
        self.used = np.zeros(len(flow.keys), dtype=np.int64)
        self.used_spare = np.zeros(len(flow.spare), dtype=np.int64)
        # The demanding group of each pair, as a number of its own for each submission; -1 for none.
        self._group = np.full(len(flow.keys), -1)
        quotas = problem.rules.quotas
        if quotas is not None:
            labels = quotas.labels[self._columns]
            inside = (labels >= 0) & (quotas.least[labels] > 0)
            self._group[inside] = (self._rows * len(quotas.numbers) + labels)[inside]
        self._groups, where = np.unique(self._group, return_inverse=True)
        self._group_place: Ints = where

    def first(self, left: int) -> _Plan:
        """One of so many plans that are still to be made."""
        rest = np.maximum(self._flow.units - self.used, 0)
        gains = self._gains + _URGENCY * rest / left + self._urgent * (rest >= left)
        return self._plan(self._sparing(left), gains)

    def alone(self, weights: Doubles) -> _Plan:
        """The best plan of all, by weighted scores."""
        return self._plan(self._problem, self._flow.scores * weights[self._rows])

    def again(self, before: _Plan) -> _Plan:
        """A plan beside all others; what it has itself counts a trifle more."""
        return self._plan(self._problem, self._flow.scores + _TRIFLE * before.pairs)

    def take(self, plan: _Plan, sign: int = 1) -> None:
        """Count a plan, or count it no more."""
        self.used += sign * plan.pairs
        self.used_spare += sign * plan.spare

    def _sparing(self, left: int) -> AnyProblem:
        """The problem of the next plan, which leaves the other plans what their quotas need."""
        quotas = self._rules.quotas
        if quotas is None or not len(quotas.demanding):
            return self._problem
        usable = np.minimum(self._most - self.used, left)
        supply = np.bincount(self._group_place, weights=usable, minlength=len(self._groups)).astype(np.int64)
        keys, supply = self._groups[self._groups >= 0], supply[self._groups >= 0]
        least = quotas.bounds_at(*np.divmod(keys, len(quotas.numbers)))[0]
        room = np.maximum(supply - least * (left - 1), least)
        is_held = room < self._problem.wanted[keys // len(quotas.numbers)]
        held = replace(quotas, held=keys[is_held], held_at=room[is_held])
        return replace(self._problem, rules=replace(self._rules, quotas=held))

    def _plan(self, problem: AnyProblem, gains: Doubles) -> _Plan:
        """The best plan that keeps every rule over pairs that are not at their limit yet.

        The first flow is over everything; after it, only submissions that lose a pair choose again, beside the others;
        where these find too little, all do.
        """
        flow, reviewers = self._flow, self._problem.shape[1]
        open_, resorts = self.used < self._most, flow.spare[self.used_spare < self._most]
        barred = Barred(problem)
        seed = int(self._shuffle.integers(2**31))
        every: Ints = np.arange(problem.shape[0])
        keys, rows = np.empty(0, dtype=np.int64), every
        for _ in range(_BARRED_AT_MOST):
            some = np.flatnonzero(open_ & ~np.isin(flow.keys, barred.keys))
            found = self._solved(problem, keys, rows, some, gains, resorts, seed)
            if len(rows) < len(every) and self._missing(found) > self._missing(keys):
                found = self._solved(problem, keys, every, some, gains, resorts, seed)
            keys = found
            plan = _Plan(np.isin(flow.keys, keys), np.isin(self._spare_keys, keys))
            before = barred.keys
            is_clashing = barred.bar(
                np.concatenate([self._rows[plan.pairs], flow.spare[plan.spare, 0]]),
                np.concatenate([self._columns[plan.pairs], flow.spare[plan.spare, 1]]),
                np.append(self._worth(gains, some, plan.pairs), np.full(int(plan.spare.sum()), np.inf)),
            )
            if not is_clashing:
                break
            rows = np.unique(np.setdiff1d(barred.keys, before) // reviewers)
        return replace(plan, worth=(-self._missing(keys), -int(plan.spare.sum()), float(flow.scores @ plan.pairs)))

    def _missing(self, keys: Ints) -> int:
        """Reviews, members of groups, and parts of minimum loads that a plan lacks."""
        rows, columns = np.divmod(keys, self._problem.shape[1])
        loads = np.bincount(columns, minlength=self._problem.shape[1])
        missing = int(self._problem.wanted.sum()) - len(keys)
        missing += int(np.maximum(self._problem.min_load - loads, 0).sum())
        quotas = self._rules.quotas
        for group in () if quotas is None else quotas.demanding.tolist():
            assert quotas is not None
            has = np.bincount(rows[quotas.labels[columns] == group], minlength=self._problem.shape[0])
            wanting = np.flatnonzero(self._problem.wanted > 0)
            least = quotas.bounds_at(wanting, np.full(len(wanting), group))[0]
            missing += int(np.maximum(least - has[wanting], 0).sum())
        return missing

    def _solved(
        self, problem: AnyProblem, keys: Ints, rows: Ints, some: Ints, gains: Doubles, resorts: Ints, seed: int
    ) -> Ints:
        """The best plan in which only some submissions choose again; the keys of its pairs."""
        reviewers = problem.shape[1]
        is_open = np.zeros(problem.shape[0], dtype=np.bool_)
        is_open[rows] = True
        stay = keys[~is_open[keys // reviewers]]
        taken = np.bincount(stay % reviewers, minlength=reviewers)
        rest = replace(
            problem,
            wanted=np.where(is_open, problem.wanted, 0),
            max_load=problem.max_load - taken,
            min_load=np.maximum(problem.min_load - taken, 0),
        )
        some = some[is_open[self._rows[some]]]
        resorts = resorts[is_open[resorts[:, 0]]]
        own_rows, own_columns = solve_over(rest, self._flow.keys[some], gains[some], resorts, seed=seed)
        return np.concatenate([stay, own_rows * reviewers + own_columns])

    def _worth(self, gains: Doubles, some: Ints, chosen: Bools) -> Doubles:
        """What is lost about when the submission of a chosen pair takes its next best instead.

        One who is the last of a group that must be there is replaced from that group.
        """
        net = gains - self._paid
        others = some[~chosen[some]]
        second = np.full(self._problem.shape[0], net.min(initial=0.0) - 1)
        np.maximum.at(second, self._rows[others], net[others])
        worth = np.maximum(net - second[self._rows], 0.0)
        inside = np.full(len(self._groups), net.min(initial=0.0) - 1)
        np.maximum.at(inside, self._group_place[others], net[others])
        alone = np.bincount(self._group_place[chosen], minlength=len(self._groups))[self._group_place] == 1
        alone &= self._group >= 0
        found: Doubles = np.where(alone, np.maximum(worth, net - inside[self._group_place]), worth)[chosen]
        return found


def make_plans(
    problem: AnyProblem, flow: Flow, count: int, most: int, *, seed: int, progress: Progress | None = None
) -> Plans:
    """Make the plans of a policy.

    Args:
        problem: with rules.
        flow: the best policy without the rules that a flow cannot keep, in units of which `count` are certain.
        count: plans.
        most: plans that may have the same pair.
        seed: decides between equally good plans.
        progress: called for every plan.
    """
    maker = _Maker(problem, flow, most, seed)
    plans: list[_Plan] = []
    steps = count * (1 + _IMPROVED)
    for number in range(steps):
        if progress is not None:
            progress("solve", number, steps)
        place = number % count
        if number < count:
            plans.append(maker.first(count - number))
        else:
            maker.take(plans[place], -1)
            plans[place] = max(plans[place], maker.again(plans[place]), key=lambda plan: plan.worth)
        maker.take(plans[place])
    members = np.stack([np.concatenate([plan.pairs, plan.spare]) for plan in plans], axis=1)
    reviewers = problem.shape[1]
    rows, columns = np.divmod(flow.keys, reviewers)
    rows, columns = np.concatenate([rows, flow.spare[:, 0]]), np.concatenate([columns, flow.spare[:, 1]])
    some = members.any(axis=1)
    return Plans(rows[some], columns[some], members[some])


def one_plan(problem: AnyProblem, flow: Flow, weights: Doubles, *, seed: int) -> tuple[Ints, Ints]:
    """An assignment that keeps every rule, near the largest weighted total.

    Args:
        problem: with rules.
        flow: the best assignment without the rules that a flow cannot keep; its pairs are those to choose from.
        weights: (S,) factors on the scores of each submission.
        seed: decides between equally good answers.
    """
    plan = _Maker(problem, flow, 1, seed).alone(weights)
    keys, spare = flow.keys[plan.pairs], flow.spare[plan.spare]
    rows, columns = np.divmod(keys, problem.shape[1])
    return np.concatenate([rows, spare[:, 0]]), np.concatenate([columns, spare[:, 1]])


# --- draws ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """What draws must keep beside what every submission keeps by itself.

    Args:
        max_load: (R,) most submissions of each reviewer, without required ones.
        min_load: (R,) fewest.
        rules: of the problem.
    """

    max_load: Ints
    min_load: Ints
    rules: Rules


def draw_from_plans(rows: Ints, columns: Ints, members: Bools, room: Room, *, seed: int) -> Bools:
    """Draw once.

    Args:
        rows: (K,) submissions.
        columns: (K,) reviewers.
        members: (K, P) the plans.
        room: what a draw must keep.
        seed: decides the draw.

    Returns:
        (K,) True for pairs that are assigned: each with the share of the plans that have it, every submission with the
        reviewers of one plan, and no rule broken that the plans keep.
    """
    rng = np.random.default_rng(seed)
    heap = [(members[:, place], 1) for place in rng.permutation(members.shape[1]).tolist()]
    while len(heap) > 1:
        merged = [
            (_merged(rows, columns, one[0], other[0], one[1] / (one[1] + other[1]), room, rng), one[1] + other[1])
            for one, other in zip(heap[::2], heap[1::2], strict=False)
        ]
        heap = merged + heap[2 * len(merged) :]
    return heap[0][0]


def _merged(
    rows: Ints, columns: Ints, one: Bools, other: Bools, chance: float, room: Room, rng: np.random.Generator
) -> Bools:
    """Every group of submissions takes one plan, with some chance, or the other."""
    mine, theirs = np.flatnonzero(one & ~other), np.flatnonzero(other & ~one)
    links = [
        _linked_by_loads(columns, one & other, mine, theirs, room, rng),
        _linked_by_circles(rows, columns, one, other, room),
    ]
    starts, ends = (rows[np.concatenate([link[side] for link in links])] for side in (0, 1))
    size = int(rows.max(initial=0)) + 1
    graph = sp.coo_array((np.ones(len(starts), dtype=np.int8), (starts, ends)), shape=(size, size))
    count, group = connected_components(graph, directed=False)
    takes_one = rng.random(count) < chance
    found: Bools = np.where(takes_one[group[rows]], one, other)
    return found


def _linked_by_loads(
    columns: Ints, common: Bools, mine: Ints, theirs: Ints, room: Room, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Pairs of one plan with pairs of the other, of the same reviewer, of whom exactly one must be in the draw.

    A reviewer who could have all pairs of both plans, and needs none, links nothing.
    """
    size = len(room.max_load)
    both, own, other = (np.bincount(columns[which], minlength=size) for which in (np.flatnonzero(common), mine, theirs))
    needed = np.maximum(both + own + other - room.max_load, room.min_load - both)
    sides = []
    for places in (mine, theirs):
        rank = rank_within(columns[places], np.zeros(len(places)), rng.permutation(len(places)))
        kept = rank < np.minimum(needed, np.minimum(own, other))[columns[places]]
        order = np.lexsort((rank[kept], columns[places[kept]]))
        sides.append(places[kept][order])
    return sides[0], sides[1]


def _linked_by_circles(rows: Ints, columns: Ints, one: Bools, other: Bools, room: Room) -> tuple[Ints, Ints]:
    """For every circle that a mixture of both plans could close: a pair of each that must not both be in the draw."""
    rules = room.rules
    numbers = [number for number in rules.left if rules.rules[number].authors is not None]
    union = np.flatnonzero(one | other)
    all_rows, all_columns = (
        np.concatenate([own[union], more]) for own, more in zip((rows, columns), rules.required, strict=True)
    )
    found = find_clashes(rules.rules, numbers, all_rows, all_columns, len(room.max_load))
    circle = np.repeat(np.arange(len(found)), np.diff(found.starts))
    is_pair = found.places < len(union)
    circle, places = circle[is_pair], union[found.places[is_pair]]
    ends = []
    for only in (one & ~other, other & ~one):
        first = np.full(len(found), -1)
        some = only[places]
        first[circle[some][::-1]] = places[some][::-1]
        ends.append(first)
    linked = (ends[0] >= 0) & (ends[1] >= 0)
    return ends[0][linked], ends[1][linked]
