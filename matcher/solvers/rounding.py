"""Draw an assignment from a policy so that every pair's probability is kept exactly.

Probabilities are whole units, a power of two of which is certain. The lowest binary digit is cleared first: pairs that
have it are the edges of a graph, which splits into trails that alternate between submissions and reviewers. Along a
trail every second edge gains one unit and the others lose one, or the other way round, by a fair coin. No edge changes
on average, and no node's sum changes inside of a trail. A trail only ends at a node whose sum is odd; one unit more or
less cannot carry an odd sum past the whole numbers of reviews around it, which are even. The same holds for groups of
pairs inside of a submission, whose edges are paired among themselves first, so that quotas hold in every draw. Then the
next digit is the lowest, until each pair is certain or out. All trails of a digit move at once, so a draw takes a few
passes over arrays.

Source: A. Srinivasan, Distributions on level-sets with applications to approximation algorithms, FOCS 2001 (dependent
rounding); B. Doerr, Generating randomized roundings with cardinality constraints, STACS 2006 (digit by digit).
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from matcher.records import Bools, Ints

__all__ = ["draw"]


def draw(rows: Ints, columns: Ints, units: Ints, unit: int, *, seed: int, groups: Ints | None = None) -> Bools:
    """Draw once.

    Args:
        rows: (K,) submissions.
        columns: (K,) reviewers.
        units: (K,) probabilities, in whole units.
        unit: units that are certain, a power of two.
        seed: decides the draw.
        groups: (K,) number of the pair's group inside its submission, −1 for none; `None` where there are no groups.

    Returns:
        (K,) True for pairs that are assigned: each with its probability, each submission, reviewer and group with the
        whole number below or above what is expected.
    """
    rng = np.random.default_rng(seed)
    left = units.astype(np.int64).copy()
    step = 1
    while step < unit:
        odd = np.flatnonzero(left & step)
        if len(odd):
            inside = None if groups is None else groups[odd]
            left[odd] += step * _directions(rows[odd], columns[odd], inside, rng)
        step *= 2
    drawn: Bools = left == unit
    return drawn


def _directions(rows: Ints, columns: Ints, groups: Ints | None, rng: np.random.Generator) -> Ints:
    """1 or −1 for every edge, alternating along trails, each trail by a fair coin."""
    at_row = _partners(rows, rng) if groups is None else _nested(rows, groups, rng)
    at_column = _partners(columns, rng)
    trail = _components(at_row, at_column)
    # Edges two steps apart on a trail move the same way.
    side = _components(np.where(at_row >= 0, at_column[at_row], -1), np.where(at_column >= 0, at_row[at_column], -1))
    last = np.zeros(int(trail.max()) + 1, dtype=np.int64)
    np.maximum.at(last, trail, side)
    coin = rng.integers(0, 2, len(last)) * 2 - 1
    directions: Ints = np.where(side == last[trail], 1, -1) * coin[trail]
    return directions


def _partners(nodes: Ints, rng: np.random.Generator) -> Ints:
    """For each edge another one at the same node, by chance; −1 for the odd one out."""
    shuffled = rng.permutation(len(nodes))
    order = shuffled[np.argsort(nodes[shuffled], kind="stable")]
    ordered = nodes[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(np.append(starts, len(order)))
    place = np.arange(len(order)) - np.repeat(starts, sizes)
    first = np.flatnonzero((place % 2 == 0) & (place + 1 < np.repeat(sizes, sizes)))
    partner = np.full(len(nodes), -1)
    partner[order[first]] = order[first + 1]
    partner[order[first + 1]] = order[first]
    return partner


def _nested(rows: Ints, groups: Ints, rng: np.random.Generator) -> Ints:
    """Partners inside of groups first, so that at most one edge of each group is left for the whole submission."""
    partner = np.full(len(rows), -1)
    for some, nodes in ((np.flatnonzero(groups >= 0), groups), (None, rows)):
        open_ = np.flatnonzero(partner < 0) if some is None else some
        found = _partners(nodes[open_], rng)
        partner[open_[found >= 0]] = open_[found[found >= 0]]
    return partner


def _components(*links: Ints) -> Ints:
    """(K,) which component each edge belongs to, where each link names a neighbour or −1."""
    count = len(links[0])
    starts = [np.flatnonzero(link >= 0) for link in links]
    one, two = np.concatenate(starts), np.concatenate([link[some] for link, some in zip(links, starts, strict=True)])
    graph = sp.coo_array((np.ones(len(one), dtype=np.int8), (one, two)), shape=(count, count))
    labels: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels
