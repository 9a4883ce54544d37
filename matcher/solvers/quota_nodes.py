"""The nodes of a flow that keep quotas: between a submission and the reviewers of a group.

A node stands where something is demanded, and where a quota was broken or is likely to be; most others never bind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from matcher.charges import Charges
from matcher.records import Doubles, Ints, RulePrices
from matcher.solvers import AnyProblem
from matcher.solvers.rules import Quotas
from matcher.solvers.search import rank_within

__all__ = ["QuotaNodes"]

_AMPLE: Final = 1 << 20
"""Units that no submission wants."""

_GUESSED: Final = 3
"""Pairs of a submission, beyond those that it wants, that are looked at to guess where a quota will bind."""


@dataclass(frozen=True, slots=True, eq=False)
class QuotaNodes:
    """The nodes between submissions and groups of reviewers, where a quota can bind.

    Args:
        quotas: of the problem; `None` for none.
        rows: (N,) submission of each node.
        groups: (N,) its group.
        node: (K,) the node of each pair, −1 for none.
        least: (N,) units that must pass it.
        most: (N,) units that may pass it.
    """

    quotas: Quotas | None
    rows: Ints
    groups: Ints
    node: Ints
    least: Ints
    most: Ints

    @classmethod
    def of(cls, problem: AnyProblem, rows: Ints, columns: Ints, binding: Ints, *, unit: int) -> QuotaNodes:
        """The nodes where something is demanded, and others that are named: row × number of groups + group."""
        quotas = None if problem.rules is None else problem.rules.quotas
        none = np.empty(0, dtype=np.int64)
        if quotas is None:
            return cls(None, none, none, np.full(len(rows), -1), none, none)
        many = len(quotas.numbers)
        wanting = np.flatnonzero(problem.wanted > 0)
        demanded = (wanting[:, None] * many + quotas.demanding[None, :]).ravel()
        demanded = demanded[quotas.bounds_at(*np.divmod(demanded, many))[0] > 0]
        chosen = np.union1d(binding, demanded)
        at, groups = np.divmod(chosen, many)
        least, most = quotas.bounds_at(at, groups)
        wanted = problem.wanted[at] + 1  # a limit that cannot bind has no price
        node = np.full(len(rows), -1)
        if len(chosen):
            labels = quotas.labels[columns]
            keys = rows * many + labels
            place = np.minimum(np.searchsorted(chosen, keys), len(chosen) - 1)
            node = np.where((labels >= 0) & (chosen[place] == keys), place, -1)
        return cls(quotas, at, groups, node, np.minimum(least, wanted) * unit, np.minimum(most, wanted) * unit)

    def broken(self, rows: Ints, columns: Ints, units: Ints, unit: int) -> Ints:
        """Where a flow passes more than a quota allows, though no node stands there yet; row × groups + group."""
        if self.quotas is None:
            return np.empty(0, dtype=np.int64)
        many = len(self.quotas.numbers)
        labels = self.quotas.labels[columns]
        free = np.flatnonzero((units > 0) & (labels >= 0) & (self.node < 0))
        keys, where = np.unique(rows[free] * many + labels[free], return_inverse=True)
        passed = np.bincount(where, weights=units[free], minlength=len(keys))
        over: Ints = keys[passed > self.quotas.bounds_at(*np.divmod(keys, many))[1] * unit]
        return over

    def likely(self, rows: Ints, columns: Ints, gains: Doubles, wanted: Ints) -> Ints:
        """Where the best pairs of a submission, and a few more, are more than a quota allows: a guess saves flows."""
        if self.quotas is None:
            return np.empty(0, dtype=np.int64)
        near = rank_within(rows, gains, columns) < wanted[rows] + _GUESSED
        return self.broken(rows, columns, near.astype(np.int64), 1)

    @property
    def keys(self) -> Ints:
        """Which they are: row × number of groups + group."""
        return self.rows * (0 if self.quotas is None else len(self.quotas.numbers)) + self.groups

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.rows)

    def charges(self, problem: AnyProblem, paid: Doubles) -> Charges:
        """What the members of the groups pay at these submissions."""
        if self.quotas is None:
            return Charges(problem.shape[1])
        members = [self.quotas.labels == group for group in range(len(self.quotas.numbers))]
        return Charges(problem.shape[1], members, mask=self.groups, rows=self.rows, prices=paid)

    def rule_prices(self, paid: Doubles) -> RulePrices | None:
        """Prices of the quotas that must be kept; those of others prove nothing about the total."""
        if self.quotas is None:
            return None
        hard = np.isinf(self.quotas.prices[self.groups]) & (paid != 0)
        none = np.empty(0, dtype=np.int64)
        return RulePrices(
            quota_rules=self.quotas.numbers[self.groups[hard]],
            quota_rows=self.rows[hard],
            quota_prices=paid[hard],
            set_rules=none,
            set_starts=np.zeros(1, dtype=np.int64),
            set_keys=none,
            set_prices=np.empty(0),
        )

    def arcs(self, scale: int, lacking: int) -> tuple[tuple[Ints, Ints, Ints], ...]:
        """Node, capacity and cost of the arcs to submissions: what must pass, what may, what may at a price."""
        if self.quotas is None:
            return ()
        nodes = np.arange(self.count)
        paid = self.quotas.prices[self.groups]
        soft = np.isfinite(paid)
        price = np.where(soft, np.rint(np.where(soft, paid, 0.0) * scale), lacking).astype(np.int64)
        over = np.flatnonzero(soft)
        needed = np.flatnonzero(self.least > 0)
        return (
            (needed, self.least[needed], -price[needed]),
            (nodes, self.most - self.least, np.zeros(self.count, dtype=np.int64)),
            (over, np.full(len(over), _AMPLE, dtype=np.int64), price[over]),
        )
