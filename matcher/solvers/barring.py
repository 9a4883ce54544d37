"""Pairs that are given up so that rules between pairs are kept.

Of every set that may not be together it is the pair that is easiest to replace, until nothing clashes.
"""

from __future__ import annotations

import numpy as np

from matcher.records import Doubles, Ints
from matcher.solvers import AnyProblem
from matcher.solvers.clashes import Clashes, find_clashes
from matcher.solvers.rules import Rules

__all__ = ["Barred"]


class Barred:
    """Pairs that are given up so that rules are kept; grows while clashes are found.

    Args:
        problem: with rules.
    """

    def __init__(self, problem: AnyProblem) -> None:
        assert problem.rules is not None
        self.rules: Rules = problem.rules
        self._reviewers = problem.shape[1]
        self.keys = np.empty(0, dtype=np.int64)
        self._accepted: set[tuple[int, ...]] = set()

    def clashes(self, rows: Ints, columns: Ints) -> tuple[Clashes, Ints]:
        """What clashes among chosen and required pairs, and the keys of all of them; accepted clashes are none."""
        more_rows, more_columns = self.rules.required
        rows, columns = np.concatenate([rows, more_rows]), np.concatenate([columns, more_columns])
        keys = rows * self._reviewers + columns
        found = find_clashes(self.rules.rules, self.rules.left, rows, columns, self._reviewers)
        return found, keys

    def bar(self, rows: Ints, columns: Ints, worth: Doubles) -> bool:
        """Bar pairs until none of the present clashes is left; tells whether there were any.

        Args:
            rows: (K,) submissions of the chosen pairs.
            columns: (K,) their reviewers.
            worth: (K,) about what is lost when another reviewer takes their place.
        """
        found, keys = self.clashes(rows, columns)
        if not len(found):
            return False
        worth = np.append(worth, np.full(len(self.rules.required[0]), np.inf))
        fewer = self._choose(found, keys, np.maximum(worth, 0.0))
        self.keys = np.union1d(self.keys, keys[fewer])
        return len(fewer) > 0

    def _choose(self, found: Clashes, keys: Ints, worth: Doubles) -> Ints:
        """Places to give up: those that resolve most for what they are worth first."""
        degree = np.bincount(found.places, minlength=len(keys))
        rank = (worth + 1e-9) / np.maximum(degree, 1)
        gone: set[int] = set()
        for number, most, start, end in zip(
            found.rules.tolist(), found.most.tolist(), found.starts[:-1], found.starts[1:], strict=True
        ):
            places = found.places[start:end]
            left = [place for place in places.tolist() if place not in gone]
            price = self.rules.rules[number].price
            name = tuple(sorted(keys[places].tolist()))
            left.sort(key=lambda place: (rank[place], keys[place]))
            for place in left[: max(0, len(left) - most)]:
                if np.isinf(worth[place]) or (price is not None and worth[place] > price):
                    self._accepted.add(name)
                elif name not in self._accepted:
                    gone.add(place)
        return np.array(sorted(gone), dtype=np.int64)
