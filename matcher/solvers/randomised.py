"""Policies: no pair is certain, so that nobody can arrange to review a friend and nobody can tell who reviewed.

Probabilities are units of one flow, so the best policy under "no pair above q" is as exact, and as well proven, as the
largest total. Perturbed maximisation spreads the probabilities further: it maximises the sum of score × (x − β x²), a
curve that the flow takes in short straight pieces, first coarse ones, then fine ones around the answer. What is
assigned is drawn from the policy with every probability kept exactly; see `rounding`.

Source: S. Jecmen et al., Mitigating manipulation in peer review via randomized reviewer assignments, NeurIPS 2020;
Y. Xu et al., A one-size-fits-all approach to improving randomness in paper assignment, EMNLP Findings 2023.
"""

from __future__ import annotations

import secrets
from typing import Final

import numpy as np

from matcher.errors import ConfigError
from matcher.records import Doubles, Goal, Ints, Marginals, Progress
from matcher.solvers import AnyProblem, Options, Solution
from matcher.solvers.exclusions import BY_FLOW, is_broken
from matcher.solvers.network import Flow, Segments, engine_name, solve_flow
from matcher.solvers.plans import Plans, Room, draw_from_plans, make_plans, plans_for
from matcher.solvers.rounding import draw
from matcher.solvers.rules import groups_of
from matcher.solvers.search import first_pairs

__all__ = ["UNIT", "RandomisedSolver"]

UNIT: Final = 1024
"""Units that are certain. A power of two, which lets draws clear digit by digit."""

_BEST_OF_EACH: Final = 30
"""Best pairs of every submission and reviewer to start from; more than for one assignment, since reviews are spread."""

_COARSE: Final = 5
"""Pieces of the curve in the first flow."""

_FINE: Final = 10
"""Pieces of the curve on each side of the first answer in the second flow."""


class RandomisedSolver:
    """The policy with the largest expected total, and one draw from it."""

    def __init__(self, options: Options, *, is_perturbed: bool) -> None:
        if not 1 / UNIT <= options.probability_limit <= 1:
            raise ConfigError(
                f"allowed is {1 / UNIT} to 1; got {options.probability_limit}", key="assignment.probability_limit"
            )
        self._options, self._is_perturbed = options, is_perturbed

    @property
    def name(self) -> str:
        """Objective, engine and its version."""
        return engine_name("perturbed" if self._is_perturbed else "randomised")

    def solve(self, problem: AnyProblem, *, seed: int, progress: Progress | None = None) -> Solution:
        """Solve; see `Solver.solve`."""
        plain = solve_flow(problem, seed=seed, progress=progress)
        limit = int(self._options.probability_limit * UNIT + 1e-9)
        strength = self._options.perturbation if self._is_perturbed else 0.0
        if problem.rules is not None and problem.rules.unkept:
            names = [problem.rules.rules[number].name for number in problem.rules.unkept]
            raise ConfigError(
                f"a draw cannot keep the lower bounds of quotas that share reviewers with others ({', '.join(names)}); "
                "leave at_least to one attribute",
                key="assignment.objective",
            )
        keys = np.union1d(plain.keys, first_pairs(problem, seed=seed, best=_BEST_OF_EACH, progress=progress))
        draw_seed = secrets.randbits(63) if self._options.draw_seed is None else self._options.draw_seed
        flow = self._policy(problem, keys, UNIT, limit, strength, seed, progress)
        note = ""
        if problem.rules is not None and is_broken(problem, flow.pairs(problem.shape[1])):
            count, most = plans_for(self._options.probability_limit)
            flow = self._policy(problem, flow.keys, count, most, strength, seed, progress)
            plans = make_plans(problem, flow, count, most, seed=seed, progress=progress)
            room = Room(problem.max_load, problem.min_load, problem.rules)
            chosen = draw_from_plans(plans.rows, plans.columns, plans.members, room, seed=draw_seed)
            marginals = _marginals_of_plans(plans, most, draw_seed)
            note = f"rules kept by {count} plans"
        else:
            note = "" if problem.rules is None else BY_FLOW
            marginals = _marginals(problem, flow, limit, draw_seed)
            groups = groups_of(problem.rules, marginals.rows, marginals.columns)
            chosen = draw(marginals.rows, marginals.columns, marginals.units, UNIT, seed=draw_seed, groups=groups)
        goal = Goal(
            objective="perturbed" if self._is_perturbed else "randomised",
            value=np.nan,
            bound=np.nan,
            certificate=flow.certificate,
            shares=flow.thresholds if self._is_perturbed else None,
            counted=problem.wanted > 0,
            perturbation=strength if self._is_perturbed else None,
        )
        return Solution(
            rows=marginals.rows[chosen],
            columns=marginals.columns[chosen],
            certificate=plain.certificate,
            rounds=flow.rounds,
            goal=goal,
            marginals=marginals,
            note=note,
        )

    def _policy(
        self,
        problem: AnyProblem,
        keys: Ints,
        unit: int,
        limit: int,
        strength: float,
        seed: int,
        progress: Progress | None,
    ) -> Flow:
        """The best policy over all pairs, in units of which so many are certain."""
        flow = solve_flow(
            problem,
            seed=seed,
            keys=keys,
            segments=_coarse(unit, limit, strength),
            unit=unit,
            limit=limit,
            progress=progress,
        )
        if not strength:
            return flow
        return solve_flow(
            problem,
            seed=seed,
            keys=flow.keys,
            segments=_fine(problem, flow, unit, limit, strength),
            unit=unit,
            limit=limit,
            most_rounds=1,
            progress=progress,
        )


def _marginals(problem: AnyProblem, flow: Flow, limit: int, draw_seed: int) -> Marginals:
    used, spare = flow.units > 0, flow.spare_units > 0
    rows, columns = np.divmod(flow.keys[used], problem.shape[1])
    return Marginals(
        rows=np.concatenate([rows, flow.spare[spare, 0]]),
        columns=np.concatenate([columns, flow.spare[spare, 1]]),
        units=np.concatenate([flow.units[used], flow.spare_units[spare]]),
        unit=UNIT,
        limit=limit,
        draw_seed=draw_seed,
    )


def _marginals_of_plans(plans: Plans, most: int, draw_seed: int) -> Marginals:
    return Marginals(
        rows=plans.rows,
        columns=plans.columns,
        units=plans.members.sum(axis=1),
        unit=plans.members.shape[1],
        limit=most,
        draw_seed=draw_seed,
        plans=plans.members,
    )


def _slope(ends: Ints, sizes: Ints, unit: int, strength: float) -> Doubles:
    """Average of the slope of x − strength x² over pieces that end there."""
    slope: Doubles = 1 - strength * (2 * ends - sizes) / unit
    return slope


def _coarse(unit: int, limit: int, strength: float) -> Segments:
    """The same few pieces for every pair; one where there is no curve."""
    cuts = np.unique(np.linspace(0, limit, (_COARSE if strength else 1) + 1).round().astype(np.int64))
    sizes = np.diff(cuts)
    return Segments(sizes, _slope(cuts[1:], sizes, unit, strength))


def _fine(problem: AnyProblem, flow: Flow, unit: int, limit: int, strength: float) -> Segments:
    """Short pieces around the first answer of each pair and where an idle pair may begin to pay."""
    reach = -(-limit // _COARSE)
    step = -(-reach // _FINE)
    rows, columns = np.divmod(flow.keys, problem.shape[1])
    gain = flow.scores - flow.certificate.reviewer_prices[columns] - flow.thresholds[rows]
    used = np.flatnonzero(flow.units > 0)
    is_idle = flow.units == 0
    # A first piece pays its average slope: what it hides of the slope at 0 is at most this.
    near = is_idle & (gain > -strength * np.abs(flow.scores) * reach / unit)
    around = np.clip(flow.units[used, None] + np.arange(-_FINE, _FINE + 1)[None, :] * step, 0, limit)
    first = np.arange(step, reach + step, step)[None, :]
    parts = (
        (used, around),
        (np.flatnonzero(near), np.minimum(np.broadcast_to(first, (int(near.sum()), first.shape[1])), limit)),
        (np.flatnonzero(is_idle & ~near), np.empty((int((is_idle & ~near).sum()), 0), dtype=np.int64)),
    )
    pairs, ends, sizes = [], [], []
    for which, cuts in parts:
        edges = np.zeros((len(which), 1), dtype=np.int64)
        whole = np.concatenate([edges, cuts, edges + limit], axis=1)
        lengths = np.diff(whole, axis=1)
        some = lengths > 0
        pairs.append(np.repeat(which, some.sum(axis=1)))
        ends.append(whole[:, 1:][some])
        sizes.append(lengths[some])
    length = np.concatenate(sizes)
    return Segments(length, _slope(np.concatenate(ends), length, unit, strength), np.concatenate(pairs))
