"""Greedy and random, to compare with: they prove nothing and meet minimum loads only by chance."""

from __future__ import annotations

import numpy as np

from matcher.records import Ints, Progress
from matcher.solvers import AnyProblem, Solution

__all__ = ["BaselineSolver"]


class BaselineSolver:
    """Submissions take turns, in a seeded order; each takes its best free reviewer, or any."""

    def __init__(self, *, is_random: bool) -> None:
        self._is_random = is_random

    @property
    def name(self) -> str:
        """Objective, and that it is a baseline."""
        return f"{'random' if self._is_random else 'greedy'} (baseline)"

    def solve(self, problem: AnyProblem, *, seed: int, progress: Progress | None = None) -> Solution:
        """Solve; see `Solver.solve`. Demand may stay open where another assignment would meet it."""
        rng = np.random.default_rng(seed)
        room, left = problem.max_load.copy(), problem.wanted.copy()
        pairs: list[tuple[int, int]] = []
        taken: dict[int, list[int]] = {}
        for turn in range(int(left.max(initial=0))):
            if progress is not None:
                progress("solve", turn, int(problem.wanted.max()))
            for row in rng.permutation(np.flatnonzero(left > 0)).tolist():
                values = problem.block(slice(row, row + 1))[0]
                values[room <= 0] = -np.inf
                values[taken.get(row, [])] = -np.inf
                column = self._choice(values, rng)
                if column is not None:
                    pairs.append((row, column))
                    taken.setdefault(row, []).append(column)
                    room[column] -= 1
                    left[row] -= 1
        if problem.last_resort is not None:
            for row in rng.permutation(np.flatnonzero(left > 0)).tolist():
                free = np.flatnonzero(problem.last_resort[row] & (room > 0))
                if len(free):
                    column = int(rng.choice(free))
                    pairs.append((row, column))
                    room[column] -= 1
        places: Ints = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return Solution(places[:, 0], places[:, 1], certificate=None, rounds=1)

    def _choice(self, values: np.ndarray[tuple[int], np.dtype[np.float32]], rng: np.random.Generator) -> int | None:
        """A reviewer for the next review, `None` if nobody is free."""
        best = values.max(initial=-np.inf)
        if best == -np.inf:
            return None
        return int(rng.choice(np.flatnonzero(values > -np.inf if self._is_random else values == best)))
