"""What rules over several pairs add to the price of a pair: in the search for better pairs, and in the proof.

A rule that says "at most so many of these pairs" has a price like a reviewer's load has. Each of its pairs pays it, and
what the rule allows is sold back at it. Any prices from 0 up (for "at least": from 0 down) give a bound.

Source: M. Fisher, The Lagrangian relaxation method for solving integer programming problems, 1981.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from matcher.records import Bools, Doubles, Ints, RulePrices, SideRule

__all__ = ["Charges", "allowance", "charges_of"]


class Charges:
    """What single pairs pay beside the price of the reviewer's load.

    Args:
        reviewers: R.
        members: (R,) masks, by number.
        mask: (K,) number of a mask; all its members pay at one submission.
        rows: (K,) the submissions; together with the mask each stands once.
        prices: (K,) what they pay.
        keys: (N,) sorted positions, row-major, of pairs that pay alone.
        amounts: (N,) what these pay; infinity for pairs that may not be.
    """

    def __init__(
        self,
        reviewers: int,
        members: Sequence[Bools] = (),
        *,
        mask: Ints | None = None,
        rows: Ints | None = None,
        prices: Doubles | None = None,
        keys: Ints | None = None,
        amounts: Doubles | None = None,
    ) -> None:
        self._reviewers, self._members = reviewers, members
        none = np.empty(0, dtype=np.int64)
        mask, rows = (none if each is None else each for each in (mask, rows))
        prices = np.empty(0) if prices is None else prices
        self._quotas: list[tuple[int, Ints, Doubles]] = []
        for number in np.unique(mask).tolist():
            own = np.flatnonzero((mask == number) & (prices != 0))
            own = own[np.argsort(rows[own], kind="stable")]
            self._quotas.append((number, rows[own], prices[own]))
        self.keys = none if keys is None else keys
        self.amounts = np.empty(0) if amounts is None else amounts

    @property
    def largest(self) -> float:
        """The largest price that is not infinite, without its sign."""
        prices = [np.abs(each).max(initial=0) for _, _, each in self._quotas]
        single = np.abs(self.amounts[np.isfinite(self.amounts)]).max(initial=0)
        return float(max([*prices, single]))

    def with_keys(self, keys: Ints, amounts: Doubles) -> Charges:
        """The same with pairs that pay more."""
        both, where = np.unique(np.concatenate([self.keys, keys]), return_inverse=True)
        weights = np.concatenate([self.amounts, amounts])
        sums = np.bincount(where, weights=weights, minlength=len(both)).astype(np.float64)
        other = Charges(self._reviewers, self._members, keys=both, amounts=sums)
        other._quotas = self._quotas
        return other

    def take_from(self, net: Any, rows: slice) -> None:
        """Subtract what pairs pay from a block of rows, in place."""
        for number, at, prices in self._quotas:
            first, last = np.searchsorted(at, [rows.start, rows.stop])
            if first < last:
                places = np.ix_(at[first:last] - rows.start, self._members[number])
                net[places] -= prices[first:last, None].astype(net.dtype)
        first, last = np.searchsorted(self.keys, [rows.start * self._reviewers, rows.stop * self._reviewers])
        if first < last:
            up, across = np.divmod(self.keys[first:last], self._reviewers)
            net[up - rows.start, across] -= self.amounts[first:last].astype(net.dtype)

    def at(self, rows: Ints, columns: Ints) -> Doubles:
        """What single pairs pay."""
        found = np.zeros(len(rows))
        for number, at, prices in self._quotas:
            if len(at):
                inside = np.flatnonzero(self._members[number][columns])
                place = np.minimum(np.searchsorted(at, rows[inside]), len(at) - 1)
                found[inside] += np.where(at[place] == rows[inside], prices[place], 0.0)
        if len(self.keys):
            keys = rows * self._reviewers + columns
            place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
            found += np.where(self.keys[place] == keys, self.amounts[place], 0.0)
        return found


def charges_of(prices: RulePrices, rules: Sequence[SideRule], reviewers: int) -> Charges:
    """What the prices of rules make single pairs pay."""
    members = [np.zeros(0, dtype=np.bool_) if rule.members is None else rule.members for rule in rules]
    sizes = np.diff(prices.set_starts)
    keys, where = np.unique(prices.set_keys, return_inverse=True)
    weights = np.repeat(prices.set_prices, sizes)
    amounts = np.bincount(where, weights=weights, minlength=len(keys)).astype(np.float64)
    return Charges(
        reviewers,
        members,
        mask=prices.quota_rules,
        rows=prices.quota_rows,
        prices=prices.quota_prices,
        keys=keys,
        amounts=amounts,
    )


def allowance(prices: RulePrices, rules: Sequence[SideRule], reviews: Ints, required: Bools) -> float:
    """What the rules allow, sold back at their prices.

    Args:
        prices: of the rules.
        rules: in positions.
        reviews: (S,) reviews that each submission wants, with required ones.
        required: (S, R) pairs that are given.

    Raises:
        ValueError: a price speaks of something that no hard rule says.
    """
    total = 0.0
    for number in np.unique(prices.quota_rules).tolist():
        rule = rules[number] if 0 <= number < len(rules) else None
        if rule is None or rule.members is None or rule.price is not None:
            raise ValueError(f"rule {number} is no quota that must be kept")
        own = prices.quota_rules == number
        rows, paid = prices.quota_rows[own], prices.quota_prices[own]
        if len(np.unique(rows)) < len(rows) or (rule.at_most is None and (paid > 0).any()):
            raise ValueError(f"the quota '{rule.name}' is priced twice for a submission, or where it has no limit")
        has = required[rows][:, rule.members].sum(axis=1)
        most = np.maximum((rule.at_most or 0) - has, 0)
        least = np.maximum(np.minimum(rule.at_least, reviews[rows]) - has, 0)
        total += float(np.maximum(paid, 0) @ most + np.minimum(paid, 0) @ least)
    if (prices.set_prices < 0).any():
        raise ValueError("what may not be together has a price below 0")
    reviewers = required.shape[1]
    for number in np.unique(prices.set_rules).tolist():
        rule = rules[number] if 0 <= number < len(rules) else None
        if rule is None or rule.price is not None:
            raise ValueError(f"rule {number} keeps nothing apart")
        for places in _sets(prices, number):
            if not _is_barred(rule, places, reviewers):
                raise ValueError(f"'{rule.name}' does not keep the pairs {places.tolist()} apart")
    sizes = np.diff(prices.set_starts)
    is_group = np.array([rules[number].apart is not None for number in prices.set_rules.tolist()], dtype=np.bool_)
    return total + float(prices.set_prices @ np.where(is_group, 1, sizes - 1))


def _sets(prices: RulePrices, number: int) -> Iterator[Ints]:
    for each in np.flatnonzero(prices.set_rules == number).tolist():
        yield prices.set_keys[prices.set_starts[each] : prices.set_starts[each + 1]]


def _is_barred(rule: SideRule, keys: Ints, reviewers: int) -> bool:
    """Whether a rule says that not all of these pairs may be."""
    rows, columns = np.divmod(keys, reviewers)
    if rule.apart is not None:
        ordered = np.sort(columns)
        one, other = np.triu_indices(len(keys), 1)
        wanted = ordered[one] * reviewers + ordered[other]
        barred = rule.apart_keys(reviewers)
        place = np.minimum(np.searchsorted(barred, wanted), max(0, len(barred) - 1))
        return bool(len(barred) and (rows == rows[0]).all() and (barred[place] == wanted).all())
    if rule.authors is None or not 2 <= len(keys) <= rule.longest:
        return False
    wrote = rule.author_keys(reviewers)
    steps = np.roll(rows, 1) * reviewers + columns  # each reviewer wrote the submission before
    place = np.minimum(np.searchsorted(wrote, steps), len(wrote) - 1)
    return bool(len(wrote) and (wrote[place] == steps).all())
