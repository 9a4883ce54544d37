"""Rules over several pairs, as solvers see them: what the flow itself can keep, and what is left.

Quotas whose groups share no reviewer fit into the flow: between a submission and the reviewers of a group stands one
more node, and what passes it has a lower and an upper bound. Such a flow is exact. Everything else is kept by
`exclusions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from matcher.records import Bools, Doubles, Ints, SideRule

__all__ = ["Quotas", "Rules", "groups_of", "make_rules"]

_NO_LIMIT: Final = 1_000_000
"""More than any submission has reviews."""


@dataclass(frozen=True, slots=True, eq=False)
class Quotas:
    """Quotas whose groups share nobody.

    Args:
        labels: (R,) the group of each reviewer, −1 for none.
        numbers: (C,) which rule each group comes from.
        least: (C,) fewest of a submission that wants so many reviews.
        most: (C,) most.
        prices: (C,) of one too few or too many; infinity where that is never.
        reviews: (S,) reviews that each submission wants, with settled ones.
        given: (K,) sorted, row × C + group of each settled review of a member.
        held: (H,) sorted, row × C + group of places where fewer may be than the quota says.
        held_at: (H,) most at these.
    """

    labels: Ints
    numbers: Ints
    least: Ints
    most: Ints
    prices: Doubles
    reviews: Ints
    given: Ints
    held: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    held_at: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def bounds_at(self, rows: Ints, groups: Ints) -> tuple[Ints, Ints]:
        """Fewest and most at some submissions, beside what is settled."""
        keys = rows * len(self.numbers) + groups
        has = np.searchsorted(self.given, keys, side="right") - np.searchsorted(self.given, keys)
        least = np.maximum(np.minimum(self.least[groups], self.reviews[rows]) - has, 0)
        most = np.maximum(self.most[groups] - has, 0)
        if len(self.held):
            place = np.minimum(np.searchsorted(self.held, keys), len(self.held) - 1)
            most = np.where(self.held[place] == keys, np.minimum(most, self.held_at[place]), most)
        return least, most

    @property
    def demanding(self) -> Ints:
        """Groups with a lower bound."""
        return np.flatnonzero(self.least > 0)


def groups_of(rules: Rules | None, rows: Ints, columns: Ints) -> Ints | None:
    """(K,) the group of each pair inside its submission, a number of its own for each; −1 for none.

    Returns:
        `None` where the flow keeps no quotas.
    """
    if rules is None or rules.quotas is None:
        return None
    labels = rules.quotas.labels[columns]
    return np.where(labels >= 0, rows * len(rules.quotas.numbers) + labels, -1)


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """All rules of a problem.

    Args:
        rules: in positions.
        quotas: those that the flow keeps; `None` for none.
        left: numbers of the rules that it does not keep.
        required: rows and columns of settled pairs.
    """

    rules: tuple[SideRule, ...]
    quotas: Quotas | None
    left: tuple[int, ...]
    required: tuple[Ints, Ints]

    @property
    def members(self) -> list[Bools]:
        """For each rule, its reviewers; nobody where it is no quota."""
        return [np.zeros(0, dtype=np.bool_) if rule.members is None else rule.members for rule in self.rules]

    @property
    def unkept(self) -> tuple[int, ...]:
        """Numbers of quotas with a lower bound that the flow does not keep."""
        return tuple(number for number in self.left if self.rules[number].at_least)


def make_rules(rules: Sequence[SideRule], reviews: Ints, required: tuple[Ints, Ints], reviewers: int) -> Rules:
    """Choose what the flow keeps: quotas with a lower bound first, then the others in their order.

    Args:
        rules: in positions; rules on single pairs are none of the flow's and none of these.
        reviews: (S,) reviews that each submission wants, with settled ones.
        required: rows and columns of settled pairs.
        reviewers: R.
    """
    labels = np.full(reviewers, -1, dtype=np.int64)
    numbers: list[int] = []
    quotas = [number for number, rule in enumerate(rules) if rule.members is not None]
    for number in sorted(quotas, key=lambda each: (rules[each].at_least == 0, each)):
        members = rules[number].members
        assert members is not None
        if (labels[members] < 0).all():
            labels[members] = len(numbers)
            numbers.append(number)
    kept = None
    if numbers:
        own = [rules[number] for number in numbers]
        rows, columns = required
        inside = labels[columns] >= 0
        kept = Quotas(
            labels=labels,
            numbers=np.array(numbers, dtype=np.int64),
            least=np.array([rule.at_least for rule in own], dtype=np.int64),
            most=np.array([_NO_LIMIT if rule.at_most is None else rule.at_most for rule in own], dtype=np.int64),
            prices=np.array([np.inf if rule.price is None else rule.price for rule in own]),
            reviews=reviews,
            given=np.sort(rows[inside] * len(numbers) + labels[columns[inside]]),
        )
    left = tuple(number for number in range(len(rules)) if number not in numbers and rules[number].pairs is None)
    return Rules(rules=tuple(rules), quotas=kept, left=left, required=required)
