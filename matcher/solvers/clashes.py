"""Which chosen pairs may not all be: reviewers who must not meet, people who review each other, quotas.

Everything is looked up in sorted arrays: chosen pairs are few, what rules keep apart may be millions of pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from matcher.records import Bools, Ints, SideRule

__all__ = ["Clashes", "find_clashes"]


@dataclass(frozen=True, slots=True, eq=False)
class Clashes:
    """Sets of chosen pairs of which fewer may be.

    Args:
        rules: (M,) number of the rule that each set breaks.
        most: (M,) how many of it may be.
        starts: (M + 1,) where each set starts among the places.
        places: (N,) positions among the pairs looked at; around a circle, each reviewer wrote the submission before.
    """

    rules: Ints
    most: Ints
    starts: Ints
    places: Ints

    def __len__(self) -> int:
        return len(self.rules)

    @classmethod
    def of(cls, found: Iterable[tuple[int, Ints, int]]) -> Clashes:
        """Join tables: number of the rule, (M, k) places, how many of each line may be."""
        tables = [each for each in found if len(each[1])]
        sizes = [np.full(len(table), table.shape[1], dtype=np.int64) for _, table, _ in tables]
        none = np.empty(0, dtype=np.int64)
        return cls(
            rules=np.concatenate([none, *(np.full(len(table), rule) for rule, table, _ in tables)]),
            most=np.concatenate([none, *(np.full(len(table), most) for _, table, most in tables)]),
            starts=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.concatenate([none, *sizes]))]),
            places=np.concatenate([none, *(table.ravel() for _, table, _ in tables)]),
        )


def find_clashes(
    rules: tuple[SideRule, ...], numbers: Iterable[int], rows: Ints, columns: Ints, reviewers: int
) -> Clashes:
    """Find all sets of chosen pairs that a rule does not allow together.

    Args:
        rules: in positions.
        numbers: which of them to look at.
        rows: (K,) submissions of the chosen pairs.
        columns: (K,) their reviewers.
        reviewers: R.

    Returns:
        Two pairs for reviewers kept apart, the pairs of each circle, the members above a quota's `at_most`.
    """
    order = np.lexsort((columns, rows))
    rows, columns = rows[order], columns[order]
    found: list[tuple[int, Ints, int]] = []
    for number in numbers:
        rule = rules[number]
        if rule.apart is not None:
            found.append((number, order[_together(rule, rows, columns, reviewers)], 1))
        if rule.authors is not None:
            found += ((number, order[table], table.shape[1] - 1) for table in _circles(rule, rows, columns))
        if rule.members is not None and rule.at_most is not None:
            inside = np.flatnonzero(rule.members[columns])
            found += (
                (number, order[inside[np.arange(size)[None, :] + starts[:, None]]], rule.at_most)
                for size, starts in _groups(rows[inside])
                if size > rule.at_most
            )
    return Clashes.of(found)


def _together(rule: SideRule, rows: Ints, columns: Ints, reviewers: int) -> Ints:
    """(M, 2) pairs of one submission whose reviewers are kept apart; pairs are sorted."""
    barred = rule.apart_keys(reviewers)
    found = [np.empty((0, 2), dtype=np.int64)]
    for step in range(1, len(rows)):
        first = np.flatnonzero(rows[step:] == rows[:-step])
        if not len(first):
            break
        keys = columns[first] * reviewers + columns[first + step]
        hit = first[_among(keys, barred)]
        found.append(np.stack([hit, hit + step], axis=1))
    return np.concatenate(found)


def _among(keys: Ints, ordered: Ints) -> Bools:
    if not len(ordered):
        return np.zeros(len(keys), dtype=np.bool_)
    found: Bools = ordered[np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)] == keys
    return found


def _circles(rule: SideRule, rows: Ints, columns: Ints) -> list[Ints]:
    """For each length, (M, k) pairs around a circle; a circle starts at its least reviewer."""
    assert rule.authors is not None
    own = rule.authors
    # From whom reviews to who wrote it, one edge for each author of the submission.
    pair, author = _joined(rows, own[:, 0])
    start, end = columns[pair], own[author, 1]
    order = np.argsort(start, kind="stable")
    start, end, pair = start[order], end[order], pair[order]
    paths = np.flatnonzero(end > start)  # an edge each: its first reviewer is the least of all
    tables: list[Ints] = []
    lines = paths[:, None]
    for length in range(2, rule.longest + 1):
        left, right = _joined(end[lines[:, -1]], start)
        longer = np.concatenate([lines[left], right[:, None]], axis=1)
        first = start[longer[:, 0]]
        closing = end[longer[:, -1]] == first
        # Towards the authors the circle runs the other way round: each reviewer wrote the submission before.
        tables.append(pair[longer[closing]])
        is_open = end[longer[:, -1]] > first
        for place in range(1, length):
            is_open &= end[longer[:, -1]] != start[longer[:, place]]
        lines = longer[is_open]
    return [np.unique(table, axis=0) for table in tables]


def _joined(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Positions of equal values, every combination; the right side is sorted."""
    first, last = np.searchsorted(right, left), np.searchsorted(right, left, side="right")
    counts = last - first
    one = np.repeat(np.arange(len(left)), counts)
    offset = np.arange(len(one)) - np.repeat(np.cumsum(counts) - counts, counts)
    return one, np.repeat(first, counts) + offset


def _groups(ordered: Ints) -> list[tuple[int, Ints]]:
    """For each size, where the groups of equal values of that size start."""
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else ordered
    sizes = np.diff(np.append(starts, len(ordered)))
    return [(size, starts[sizes == size]) for size in np.unique(sizes).tolist()]
