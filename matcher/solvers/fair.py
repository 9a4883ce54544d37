"""Fairness between submissions: the least mean score, the whole order from below, the mean of the worst tenth.

What counts is the mean score per review, since demands differ. Each answer comes with a proof: weights on the
submissions turn "the least" (or "the mean of the worst") into a weighted total, whose maximum over all pairs is a
flow with dual prices, and no assignment can be fairer than that maximum.

1. The submission whose own best reviewers are worst bounds the least mean score. On texts that bound is mostly
   reached: submissions below it get a larger weight in the flow, and a smaller one again as far as they stay above.
2. Otherwise a linear programme gives the weights, the flow certifies them over all pairs, and a search in whole
   reviews fills what the programme left in fractions.
3. Under the floor that was reached, the total is maximised.

Source: I. Stelmakh, N. Shah, A. Singh, PeerReview4All, ALT 2019 (max-min fairness); R. T. Rockafellar, S. Uryasev,
Optimization of conditional value-at-risk, 2000.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from matcher.bounds import mean_scores, value_of_goal
from matcher.records import Bools, Doubles, Goal, Ints, Progress
from matcher.solvers import AnyProblem, Solution
from matcher.solvers.exclusions import BY_FLOW, Kept, is_broken, keep
from matcher.solvers.linear import Programme
from matcher.solvers.network import Flow, engine_name, solve_flow, solve_over
from matcher.solvers.search import rank_within

__all__ = ["FairSolver", "TailSolver"]

_SAME: Final = 1e-7
"""Mean scores closer than this are equal: single precision holds no more."""

_WEIGHINGS: Final = 24
"""Flows solved to bring all submissions above a floor, and then the weights down again."""

_AFTER_SUCCESS: Final = 6
"""Of these, flows after the first that succeeds."""

_NO_BETTER: Final = 5
"""Flows without fewer submissions below the floor, after which weights are given up."""

_FIRST_WEIGHT: Final = 0.5
"""What a submission below the floor weighs more at first."""

_LARGEST_WEIGHT: Final = 1e4
"""A submission that stays below with so large a weight cannot be helped by weights."""

_PROGRAMME_ROUNDS: Final = 6
"""Linear programmes solved, each with the pairs that the flow found missing in the one before."""

_SMALL: Final = 4_000
"""Up to this many pairs the search in whole reviews finds the fairest answer itself."""

_OPEN: Final = 60_000
"""Up to this many pairs the search leaves all of them open; beyond, it keeps what the programme is certain of."""

_LEVELS: Final = 10
"""Levels of leximin, from below, before the total decides."""

_TRIED: Final = 6
"""Floors tried between one that is reached and one that may be out of reach."""

_CLOSE: Final = 2e-4
"""A floor this close to its bound, relatively, is not pushed further."""

_BEST_AT_RISK: Final = 20
"""Best pairs of a submission that the floor concerns, and of each reviewer, that a programme sees."""

_BEST_OF_OTHERS: Final = 6
"""Best pairs, at score minus price, of the other submissions."""

_AT_RISK: Final = 1.1
"""A submission below so many times the floor may be concerned by it."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """Pairs, as positions in a set of keys, and what they give."""

    rows: Ints
    columns: Ints
    means: Doubles
    total: float


class _Ground:
    """A problem with its largest total, from which fairness departs."""

    def __init__(self, problem: AnyProblem, seed: int, progress: Progress | None) -> None:
        self.problem, self.seed, self.progress = problem, seed, progress
        submissions, reviewers = problem.shape
        self.flow = solve_flow(problem, seed=seed, progress=progress)
        none = np.zeros(submissions)
        self.reviews = problem.wanted + (0 if problem.given_reviews is None else problem.given_reviews)
        given = none if problem.given_scores is None else problem.given_scores
        self.given = np.nan_to_num(given)
        self.keys, self.scores = self.flow.keys, self.flow.scores
        self.seen = np.arange(len(self.keys))
        filled = np.bincount(self.keys[self.flow.units > 0] // reviewers, minlength=submissions)
        self.counted: Bools = (self.reviews > 0) & (filled == problem.wanted) & ~np.isnan(given)
        self.first = self.answer(*self.flow.pairs(reviewers))

    def answer(self, rows: Ints, columns: Ints) -> _Answer:
        """What some pairs give."""
        scores = np.nan_to_num(self.problem.scores_at(rows, columns))
        means = mean_scores(rows, scores, self.reviews) + self.given / np.maximum(self.reviews, 1)
        return _Answer(rows, columns, means, float(scores.sum()))

    def narrow(self, level: float) -> None:
        """Choose the pairs that programmes see: many for submissions below a level, few for the others."""
        rows, columns = np.divmod(self.keys, self.problem.shape[1])
        tie = np.random.default_rng(self.seed).permutation(len(rows))
        at_risk = self.counted & (self.first.means <= level * _AT_RISK)
        net = self.scores - self.flow.certificate.reviewer_prices[columns]
        seen: Bools = np.isin(self.keys, self.flow.keys[self.flow.units > 0])
        seen |= rank_within(rows, net, tie) < np.where(at_risk[rows], _BEST_AT_RISK, _BEST_OF_OTHERS)
        seen |= at_risk[rows] & (rank_within(rows, self.scores, tie) < _BEST_AT_RISK)
        seen |= at_risk[rows] & (rank_within(columns, self.scores, tie) < _BEST_AT_RISK)
        self.seen = np.flatnonzero(seen) if len(self.keys) > _SMALL else np.arange(len(self.keys))

    def take_in(self, flow: Flow) -> bool:
        """Let programmes see the pairs that a flow uses; tells whether there are new ones."""
        before = self.keys[self.seen]
        wanted = np.union1d(before, flow.keys[flow.units > 0])
        self.keys, self.scores = flow.keys, flow.scores
        self.seen = np.searchsorted(self.keys, wanted)
        return len(wanted) > len(before)

    def programme(self) -> Programme:
        """Demand and loads over the pairs that programmes see."""
        return Programme(self.problem, self.flow, self.keys[self.seen], self.scores[self.seen], self.counted)

    def weighted(self, weights: Doubles) -> Flow:
        """The largest weighted total over all pairs, with its prices."""
        return solve_flow(self.problem, seed=self.seed, weights=weights, keys=self.keys, progress=self.progress)

    def weights_of(self, shares: Doubles) -> Doubles:
        """Factors on scores that make a weighted total of mean scores with these shares."""
        weights: Doubles = shares / np.maximum(self.reviews, 1)
        return weights

    def certified(self, shares: Doubles) -> tuple[float, Flow]:
        """What no assignment exceeds in the mean scores so weighted, and the flow that shows it."""
        weights = self.weights_of(shares)
        flow = self.weighted(weights)
        rows = flow.keys // self.problem.shape[1]
        value = float((flow.units * flow.scores) @ weights[rows])
        return value + float(weights @ self.given), flow

    def own_best(self) -> Doubles:
        """(S,) the mean score of each counted submission with its best reviewers among the pairs known."""
        rows = self.keys // self.problem.shape[1]
        best = rank_within(rows, self.scores, self.keys) < self.problem.wanted[rows]
        means = mean_scores(rows[best], self.scores[best], self.reviews)
        means += self.given / np.maximum(self.reviews, 1)
        means[~self.counted] = np.inf
        return means

    def raised(self, floors: Doubles) -> _Answer | None:
        """A large total with all mean scores at their floors, by weights alone; `None` if weights do not reach it.

        Args:
            floors: (S,) minus infinity for none.
        """
        weights = np.zeros(len(floors))
        below, above = np.zeros(len(floors)), np.full(len(floors), np.inf)
        found: _Answer | None = None
        left = _WEIGHINGS
        answer = self.first
        fewest, since = len(floors) + 1, 0
        while left and since < _NO_BETTER:
            short = answer.means < floors - _SAME
            since = 0 if short.sum() < fewest or found is not None else since + 1
            fewest = min(fewest, int(short.sum()))
            if not short.any():
                if found is None or answer.total > found.total:
                    found = answer
                if not weights.any():
                    break
                left = min(left, _AFTER_SUCCESS)
            elif weights[short].max() > _LARGEST_WEIGHT:
                break
            below[short], above[~short] = weights[short], np.minimum(above, weights)[~short]
            raised = np.where(np.isfinite(above), (below + above) / 2, np.maximum(_FIRST_WEIGHT, 3 * below))
            weights = np.where(short, raised, np.where(weights > 0, (below + weights) / 2, 0.0))
            # A submission that needed its last weight keeps it: halving on both sides would go on for ever.
            weights[above - below < 0.02 * above] = above[above - below < 0.02 * above]
            weights[~np.isfinite(weights)] = 0.0
            rows, columns = solve_over(
                self.problem,
                self.keys[self.seen],
                self.scores[self.seen],
                self.flow.spare,
                seed=self.seed,
                weights=1 + weights,
            )
            answer = self.answer(rows, columns)
            left -= 1
        return found


class FairSolver:
    """Largest total among the assignments whose worst submission is served best; leximin goes on from below."""

    def __init__(self, *, is_leximin: bool) -> None:
        self._is_leximin = is_leximin

    @property
    def name(self) -> str:
        """Objective, engine and its version."""
        return engine_name("leximin" if self._is_leximin else "max-min")

    def solve(self, problem: AnyProblem, *, seed: int, progress: Progress | None = None) -> Solution:
        """Solve; see `Solver.solve`."""
        ground = _Ground(problem, seed, progress)
        if problem.rules is not None:
            return _under_rules(ground)
        fixed = np.full(problem.shape[0], -np.inf)
        if not ground.counted.any():
            return _packed(ground, ground.first, None)
        answer, shares, flow = _level(ground, fixed, ground.first)
        goal = Goal(
            objective="leximin" if self._is_leximin else "max-min",
            value=np.nan,
            bound=np.nan,
            certificate=flow.certificate,
            shares=shares,
            counted=ground.counted,
        )
        if self._is_leximin:
            for _ in range(_LEVELS):
                least = answer.means[ground.counted & ~np.isfinite(fixed)].min()
                tight = (shares > _SAME) | (ground.counted & (answer.means <= least + _SAME))
                fixed[tight & ~np.isfinite(fixed)] = least
                if not (ground.counted & ~np.isfinite(fixed)).any():
                    break
                answer, shares, _ = _level(ground, fixed, answer)
        return _packed(ground, answer, goal)


def _under_rules(ground: _Ground) -> Solution:
    """The highest floor that is found under rules, then the largest total above it."""
    shares = np.zeros(len(ground.counted))
    if not ground.counted.any():
        kept = keep(ground.problem, ground.flow, seed=ground.seed, progress=ground.progress)
        return Solution(kept.rows, kept.columns, kept.certificate, ground.flow.rounds, note=kept.note)
    shares[int(ground.own_best().argmin())] = 1.0
    bound, proof = ground.certified(shares)
    goal = Goal("max-min", np.nan, np.nan, proof.certificate, shares, ground.counted)
    target, low, high = bound, -np.inf, bound
    best: tuple[float, float, Kept] | None = None
    if not is_broken(ground.problem, (ground.first.rows, ground.first.columns)):
        low = float(ground.first.means[ground.counted].min())
        if low >= bound - _SAME:
            best = (
                low,
                ground.first.total,
                Kept(ground.first.rows, ground.first.columns, ground.flow.certificate, BY_FLOW),
            )
    for _ in range(0 if best is not None else _TRIED):
        floors = np.where(ground.counted, target, -np.inf)
        kept = keep(ground.problem, ground.flow, seed=ground.seed, floors=floors, progress=ground.progress)
        answer = ground.answer(kept.rows, kept.columns)
        reached = float(answer.means[ground.counted].min())
        if best is None or (reached, answer.total) > best[:2]:
            best = reached, answer.total, kept
        if reached < target - _SAME:
            high = target
        low = max(low, reached)
        if high - low <= max(_SAME, _CLOSE * abs(high)):
            break
        target = (low + high) / 2
    assert best is not None
    kept = best[2]
    return Solution(kept.rows, kept.columns, kept.certificate, ground.flow.rounds, goal=goal, note=kept.note)


def _packed(ground: _Ground, answer: _Answer, goal: Goal | None) -> Solution:
    return Solution(answer.rows, answer.columns, ground.flow.certificate, ground.flow.rounds, goal=goal)


def _level(ground: _Ground, fixed: Doubles, answer: _Answer) -> tuple[_Answer, Doubles, Flow]:
    """Raise the least mean score of the submissions that have no fixed floor yet, then the total.

    Args:
        ground: the problem.
        fixed: (S,) floors that were reached before, minus infinity for the submissions still to be raised.
        answer: one that keeps the fixed floors.

    Returns:
        The answer; the shares that bound what was raised; the flow with their prices.
    """
    free = ground.counted & ~np.isfinite(fixed)
    best = np.where(free, ground.own_best(), np.inf)
    shares = np.zeros(len(fixed))
    shares[int(best.argmin())] = 1.0
    bound, flow = ground.certified(shares)
    ground.narrow(bound)
    raised = ground.raised(np.where(free, bound, fixed))
    if raised is None or len(ground.seen) <= _SMALL:
        searched = _searched(ground, np.where(free, bound, fixed))
        if raised is None or (searched is not None and searched.total > raised.total):
            raised = searched
    if raised is not None:
        return raised, shares, flow
    return _by_programme(ground, fixed, answer, (bound, shares, flow))


def _by_programme(
    ground: _Ground, fixed: Doubles, answer: _Answer, proof: tuple[float, Doubles, Flow]
) -> tuple[_Answer, Doubles, Flow]:
    """The same by a linear programme, where the own best reviewers of one submission prove too little."""
    free = ground.counted & ~np.isfinite(fixed)
    bound, shares, flow = _proven(ground, fixed, proof)
    reached = float(answer.means[free].min())
    if len(ground.seen) <= _SMALL and not np.isfinite(fixed).any():
        whole = ground.programme().whole_floor()
        if whole is not None:
            reached = max(reached, float(_from_whole(ground, whole).means[free].min()))
        return _searched(ground, np.where(free, reached, fixed)) or answer, shares, flow
    found, low, high, target = None, reached, bound, bound
    for _ in range(1 if np.isfinite(fixed).any() else _TRIED):
        floors = np.where(free, target, fixed)
        better = _searched(ground, floors) or ground.raised(floors)
        if better is None:
            high = target
        else:
            found, low = better, float(better.means[free].min())
        if high - low <= _CLOSE * abs(high):
            break
        target = (low + high) / 2
    if found is None:
        found = ground.raised(np.where(free, reached, fixed))
    return found or answer, shares, flow


def _proven(ground: _Ground, fixed: Doubles, proof: tuple[float, Doubles, Flow]) -> tuple[float, Doubles, Flow]:
    """The least bound that linear programmes find, each over the pairs that the last one's proof called for."""
    free = ground.counted & ~np.isfinite(fixed)
    best = proof
    for _ in range(_PROGRAMME_ROUNDS):
        relaxed = ground.programme().relax_floor(fixed)
        weights = np.where(free, relaxed.shares, 0.0)
        if not weights.sum() > 0:
            break
        held = np.where(free, 0.0, relaxed.shares) / weights.sum()
        weights = weights / weights.sum()
        bound, flow = ground.certified(weights + held)
        bound -= float(held[held > 0] @ fixed[held > 0])
        if bound < best[0]:
            best = (bound, weights, flow)
        if not ground.take_in(flow) or bound <= relaxed.value * (1 + _CLOSE):
            break
    return best


def _from_whole(ground: _Ground, whole: Doubles) -> _Answer:
    count = len(ground.seen)
    used, spare = ground.keys[ground.seen][whole[:count] > 0], ground.flow.spare[whole[count:] > 0]
    reviewers = ground.problem.shape[1]
    return ground.answer(
        np.concatenate([used // reviewers, spare[:, 0]]), np.concatenate([used % reviewers, spare[:, 1]])
    )


def _searched(ground: _Ground, floors: Doubles) -> _Answer | None:
    """The largest total with all mean scores at their floors, by a search in whole reviews; `None` if not found."""
    programme = ground.programme()
    chance = None
    if len(ground.seen) > _OPEN:
        relaxed = programme.relax_total(floors)
        if not np.isfinite(relaxed.value):
            return None
        chance = relaxed.chance
    whole = programme.whole_total(floors, chance)
    if whole is None:
        return None
    answer = _from_whole(ground, whole)
    return answer if (answer.means >= floors - _SAME).all() else None


class TailSolver:
    """Largest mean of the worst served share of the submissions."""

    def __init__(self, tail: float) -> None:
        self._tail = tail

    @property
    def name(self) -> str:
        """Objective, engine and its version."""
        return engine_name("cvar")

    def solve(self, problem: AnyProblem, *, seed: int, progress: Progress | None = None) -> Solution:
        """Solve; see `Solver.solve`."""
        ground = _Ground(problem, seed, progress)
        counted = ground.counted
        if not counted.any():
            return _packed(ground, ground.first, None)
        most = 1 / (self._tail * counted.sum())
        level = float(np.quantile(ground.first.means[counted], self._tail))
        ground.narrow(max(level, float(ground.own_best().min())))
        proof, best_bound = (_capped(np.zeros(len(counted)), most, counted), ground.flow), np.inf
        for _ in range(_PROGRAMME_ROUNDS):
            relaxed = ground.programme().relax_tail(self._tail)
            shares = _capped(np.where(counted, relaxed.shares, 0.0), most, counted)
            bound, flow = ground.certified(shares)
            if bound < best_bound:
                best_bound, proof = bound, (shares, flow)
            if not ground.take_in(flow) or bound <= relaxed.value * (1 + _CLOSE):
                break
        programme = ground.programme()
        chance = None if len(ground.seen) <= _SMALL else programme.relax_tail(self._tail).chance
        whole = programme.whole_tail(self._tail, chance)
        best = ground.first
        for answer in (
            ground.answer(*proof[1].pairs(problem.shape[1])),
            None if whole is None else _from_whole(ground, whole),
            # Where even the least can reach the bound, the mean of the worst does.
            _searched(ground, np.where(counted, best_bound, -np.inf))
            if best_bound <= ground.own_best().min() + _SAME
            else None,
        ):
            if answer is not None and self._value(answer, counted) > self._value(best, counted):
                best = answer
        # What is above the tail's level may fall to it: the total takes what the tail does not need.
        level = float(np.quantile(best.means[counted], self._tail, method="higher"))
        floors = np.where(counted, np.minimum(best.means, level), -np.inf)
        fuller = ground.raised(floors) or _searched(ground, floors)
        if fuller is not None and self._value(fuller, counted) >= self._value(best, counted) - _SAME:
            best = fuller
        goal = Goal(
            objective="cvar",
            value=np.nan,
            bound=np.nan,
            certificate=proof[1].certificate,
            shares=proof[0],
            counted=counted,
            tail=self._tail,
        )
        return _packed(ground, best, goal)

    def _value(self, answer: _Answer, counted: Bools) -> float:
        return value_of_goal("cvar", answer.means, counted, self._tail)


def _capped(shares: Doubles, most: float, counted: Bools) -> Doubles:
    """The shares made to sum to 1 with none above the largest allowed: what rounding took, others get."""
    shares = np.minimum(shares, most)
    for _ in range(3):
        missing = 1 - shares.sum()
        if missing <= 0:
            break
        room = np.where(counted, most - shares, 0.0)
        if room.sum() > 0:
            shares = shares + room * min(1.0, missing / room.sum())
    scaled: Doubles = shares / shares.sum()
    return scaled
