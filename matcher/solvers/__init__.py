"""Solvers: one protocol, one module per objective, made by name.

A solver sees arrays only: values, eligibility, demand and loads. It never sees a conflicted pair, because such a pair
is not eligible and what is not eligible is no variable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from matcher.errors import UnknownNameError
from matcher.records import Bools, Certificate, Floats, Ints, Progress

__all__ = ["OBJECTIVES", "Problem", "Solution", "Solver", "make_solver"]

OBJECTIVES: Final = ("max-total",)


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
    """

    values: Floats
    eligible: Bools
    last_resort: Bools | None
    wanted: Ints
    max_load: Ints
    min_load: Ints


@dataclass(frozen=True, slots=True)
class Solution:
    """Assigned pairs as positions, and what proves them good.

    Args:
        rows: (N,) submissions.
        columns: (N,) reviewers.
        certificate: dual prices; `None` for solvers that prove nothing.
        rounds: how often the solver found better pairs among those it had left out.
    """

    rows: Ints
    columns: Ints
    certificate: Certificate | None
    rounds: int


class Solver(Protocol):
    """Finds an assignment. Unfilled reviews, last resorts and missing minimum loads are least, in this order."""

    @property
    def name(self) -> str:
        """Name and version of what solves."""
        ...

    def solve(self, problem: Problem, *, seed: int, progress: Progress | None = None) -> Solution:
        """Solve one problem.

        Args:
            problem: the arrays; never changed.
            seed: decides between equally good answers, never an id or a position.
            progress: called with the stage "solve", rounds done and rounds at most.

        Returns:
            Pairs that respect eligibility, maximum loads and "at most one last resort" always; demand and minimum
            loads wherever any assignment can.
        """
        ...


def make_solver(objective: str) -> Solver:
    """Make the solver of an objective.

    Raises:
        UnknownNameError: no solver has that objective.
    """
    if objective == "max-total":
        from matcher.solvers.max_total import MaxTotalSolver

        return MaxTotalSolver()
    raise UnknownNameError("objective", objective, OBJECTIVES)
