"""Maximum total affinity, exact, certified by dual prices over all pairs."""

from __future__ import annotations

from matcher.records import Progress
from matcher.solvers import AnyProblem, Solution
from matcher.solvers.exclusions import keep
from matcher.solvers.network import engine_name, solve_flow

__all__ = ["MaxTotalSolver"]


class MaxTotalSolver:
    """Exact maximum total with demand, minimum and maximum loads in one min-cost flow."""

    @property
    def name(self) -> str:
        """Objective, engine and its version."""
        return engine_name("max-total")

    def solve(self, problem: AnyProblem, *, seed: int, progress: Progress | None = None) -> Solution:
        """Solve; see `Solver.solve`."""
        flow = solve_flow(problem, seed=seed, progress=progress)
        if problem.rules is not None:
            kept = keep(problem, flow, seed=seed, progress=progress)
            return Solution(kept.rows, kept.columns, kept.certificate, flow.rounds, note=kept.note)
        rows, columns = flow.pairs(problem.shape[1])
        return Solution(rows=rows, columns=columns, certificate=flow.certificate, rounds=flow.rounds)
