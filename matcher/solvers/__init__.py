"""Solvers: one protocol, one module per objective, made by name.

A solver sees arrays only: values, eligibility, demand and loads. It never sees a conflicted pair, because such a pair
is not eligible and what is not eligible is no variable. Scores come in blocks of rows, from a matrix or from vectors
whose products are never stored together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np

from matcher.errors import UnknownNameError
from matcher.records import (
    OBJECTIVES,
    Bools,
    Certificate,
    Doubles,
    Floats,
    Goal,
    Ints,
    Marginals,
    Progress,
)
from matcher.solvers.rules import Rules

__all__ = ["OBJECTIVES", "AnyProblem", "Options", "Problem", "Solution", "Solver", "StreamedProblem", "make_solver"]

_BLOCK_VALUES: Final = 2_000_000
"""Values of a matrix looked at together: what a processor's cache holds is fastest."""

_STREAMED_VALUES: Final = 2_000_000
"""Products of vectors made together."""


@dataclass(frozen=True, slots=True)
class Options:
    """Choices that only some objectives have.

    Args:
        probability_limit: randomised and perturbed: no pair is assigned with a larger probability; above 0, up to 1.
        tail: cvar: the share of submissions, those worst served, whose mean is maximised; above 0, up to 1.
        perturbation: perturbed: how strongly probabilities above 0 are spread, from 0 (not at all) to 1.
        draw_seed: decides a randomised draw; `None` takes one from the system.
    """

    probability_limit: float = 0.5
    tail: float = 0.1
    perturbation: float = 0.5
    draw_seed: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """An assignment problem in arrays.

    Args:
        values: (S, R) scores; what stands where a pair is not eligible is never read.
        eligible: (S, R) True where a pair may be assigned.
        last_resort: (S, R) True where a reviewer without a score may step in, at most one per submission; `None` where
            there are none. A reviewer who is a last resort anywhere is eligible nowhere.
        wanted: (S,) reviews of each submission.
        max_load: (R,) most submissions of each reviewer.
        min_load: (R,) fewest submissions of each reviewer.
        given_reviews: (S,) reviews beside those wanted that are settled already; `None` where there are none.
        given_scores: (S,) sum of the scores of the settled reviews; NaN where one of them has none.
        rules: what holds for several pairs together; `None` for nothing.
    """

    values: Floats
    eligible: Bools
    last_resort: Bools | None
    wanted: Ints
    max_load: Ints
    min_load: Ints
    given_reviews: Ints | None = None
    given_scores: Doubles | None = None
    rules: Rules | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """S and R."""
        return self.eligible.shape[0], self.eligible.shape[1]

    @property
    def block_rows(self) -> int:
        """Rows that are best read together."""
        return max(1, _BLOCK_VALUES // max(1, self.shape[1]))

    def block(self, rows: slice, columns: slice = slice(None)) -> Floats:
        """Scores of some rows and columns, minus infinity where a pair may not be assigned."""
        return np.where(self.eligible[rows, columns], self.values[rows, columns], np.float32(-np.inf))

    def scores_at(self, rows: Ints, columns: Ints) -> Doubles:
        """Scores of single pairs."""
        return self.values[rows, columns].astype(np.float64)

    def range(self) -> tuple[float, float]:
        """Least and largest score of an eligible pair, and 0."""
        low = high = 0.0
        for rows in row_blocks(self):
            values, eligible = self.values[rows], self.eligible[rows]
            low = min(low, float(values.min(where=eligible, initial=0.0)))
            high = max(high, float(values.max(where=eligible, initial=0.0)))
        return low, high


@dataclass(frozen=True, slots=True)
class StreamedProblem:
    """An assignment problem whose scores are products of vectors, clipped to [0, 1], and never stored together.

    Args:
        submission_vectors: (S, D).
        reviewer_vectors: (R, D).
        blocked_rows: (K,) submissions of pairs that may not be assigned, sorted.
        blocked_columns: (K,) reviewers of the same pairs.
        wanted: (S,) reviews of each submission.
        max_load: (R,) most submissions of each reviewer.
        min_load: (R,) fewest submissions of each reviewer.
    """

    submission_vectors: Floats
    reviewer_vectors: Floats
    blocked_rows: Ints
    blocked_columns: Ints
    wanted: Ints
    max_load: Ints
    min_load: Ints

    last_resort = None
    given_reviews = None
    given_scores = None
    rules = None

    @property
    def shape(self) -> tuple[int, int]:
        """S and R."""
        return len(self.submission_vectors), len(self.reviewer_vectors)

    @property
    def block_rows(self) -> int:
        """Rows that are best read together."""
        return max(1, _STREAMED_VALUES // max(1, self.shape[1]))

    def block(self, rows: slice, columns: slice = slice(None)) -> Floats:
        """Scores of some rows and columns, minus infinity where a pair may not be assigned."""
        reviewers = np.arange(self.shape[1])[columns]
        values = self.submission_vectors[rows] @ self.reviewer_vectors[columns].T
        np.clip(values, 0, 1, out=values)
        start, stop, step = rows.indices(self.shape[0])
        first, last = np.searchsorted(self.blocked_rows, [start, stop])
        places = np.full(self.shape[1], -1)
        places[reviewers] = np.arange(len(reviewers))
        up, across = self.blocked_rows[first:last] - start, places[self.blocked_columns[first:last]]
        inside = (up % step == 0) & (across >= 0)
        values[up[inside] // step, across[inside]] = -np.inf
        return values

    def scores_at(self, rows: Ints, columns: Ints) -> Doubles:
        """Scores of single pairs, in double precision."""
        found = np.empty(len(rows))
        step = max(1, _STREAMED_VALUES // max(1, self.submission_vectors.shape[1]))
        for start in range(0, len(rows), step):
            some = slice(start, start + step)
            one = self.submission_vectors[rows[some]].astype(np.float64)
            found[some] = np.einsum("ij,ij->i", one, self.reviewer_vectors[columns[some]].astype(np.float64))
        return np.clip(found, 0, 1)

    def range(self) -> tuple[float, float]:
        """Least and largest score that a pair can have."""
        return 0.0, 1.0


AnyProblem: TypeAlias = Problem | StreamedProblem
"""What every solver solves."""


def row_blocks(problem: AnyProblem, progress: Progress | None = None) -> Iterator[slice]:
    """The rows in blocks; tells the progress of the pass, and whoever stops there stops the solver."""
    submissions = problem.shape[0]
    for start in range(0, submissions, problem.block_rows):
        if progress is not None:
            progress("solve", start, submissions)
        yield slice(start, min(submissions, start + problem.block_rows))


@dataclass(frozen=True, slots=True)
class Solution:
    """Assigned pairs as positions, and what proves them good.

    Args:
        rows: (N,) submissions.
        columns: (N,) reviewers.
        certificate: dual prices of the total; `None` for solvers that prove nothing.
        rounds: how often the solver found better pairs among those it had left out.
        goal: what was optimised beside the total, and its proof; `None` where that is the total alone.
        marginals: probabilities of the policy that the pairs were drawn from; `None` where no chance is in it.
        note: how rules were kept, to stand beside the solver's name; empty where there are none.
    """

    rows: Ints
    columns: Ints
    certificate: Certificate | None
    rounds: int
    goal: Goal | None = None
    marginals: Marginals | None = None
    note: str = ""


class Solver(Protocol):
    """Finds an assignment. Unfilled reviews, last resorts and missing minimum loads are least, in this order."""

    @property
    def name(self) -> str:
        """Name and version of what solves."""
        ...

    def solve(self, problem: AnyProblem, *, seed: int, progress: Progress | None = None) -> Solution:
        """Solve one problem.

        Args:
            problem: the arrays; never changed.
            seed: decides between equally good answers, never an id or a position.
            progress: called with the stage "solve", what is done and how much there is; an exception that it raises
                stops the solver and passes through.

        Returns:
            Pairs that respect eligibility, maximum loads and "at most one last resort" always; demand and minimum
            loads wherever any assignment can.
        """
        ...


def make_solver(objective: str, options: Options | None = None) -> Solver:
    """Make the solver of an objective.

    Args:
        objective: one of `OBJECTIVES`.
        options: what only some objectives ask for.

    Raises:
        UnknownNameError: no solver has that objective.
    """
    from matcher.solvers import baselines, fair, max_total, randomised

    options = options or Options()
    if objective == "max-total":
        return max_total.MaxTotalSolver()
    if objective in ("max-min", "leximin"):
        return fair.FairSolver(is_leximin=objective == "leximin")
    if objective == "cvar":
        return fair.TailSolver(options.tail)
    if objective in ("randomised", "perturbed"):
        return randomised.RandomisedSolver(options, is_perturbed=objective == "perturbed")
    if objective in ("greedy", "random"):
        return baselines.BaselineSolver(is_random=objective == "random")
    raise UnknownNameError("objective", objective, OBJECTIVES)
