"""Draw an assignment from a policy so that every pair's probability is kept exactly.

Pairs with a probability between 0 and 1 are the edges of a graph. At each submission and reviewer, edges are paired
up by chance, which splits the graph into trails that alternate between the two sides. Along a trail every second edge
gains what the others lose, up or down by chance so that nothing changes on average; one edge at least becomes 0 or 1.
A trail that closes changes no sum; one that ends at a reviewer changes that reviewer's load, which therefore must
stay between the whole numbers around it. All trails move at once, so a draw takes a few passes over arrays.

Source: R. Gandhi, S. Khuller, S. Parthasarathy, A. Srinivasan, Dependent rounding and its applications to
approximation algorithms, JACM 2006.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from matcher.records import Bools, Ints

__all__ = ["draw"]

_FEW: Final = 3000
"""Edges left of which the walk takes over: it moves one trail at a time, but never in vain."""

_PASSES: Final = 40
"""Passes of all trails at once before the walk takes over."""


def draw(rows: Ints, columns: Ints, units: Ints, unit: int, *, seed: int) -> Bools:
    """Draw once.

    Args:
        rows: (K,) submissions.
        columns: (K,) reviewers.
        units: (K,) probabilities, in whole units.
        unit: units that are certain.
        seed: decides the draw.

    Returns:
        (K,) True for pairs that are assigned: each with its probability, each submission and reviewer with the whole
        number below or above what is expected.
    """
    rng = np.random.default_rng(seed)
    left = units.astype(np.int64).copy()
    reviewers = int(columns.max(initial=0)) + 1
    for _ in range(_PASSES):
        live = np.flatnonzero((left > 0) & (left < unit))
        if len(live) <= _FEW:
            break
        rest = np.bincount(columns[live], weights=left[live], minlength=reviewers).astype(np.int64) % unit
        live = live[_even(rows[live], rng)]
        left[live] = _move_all(rows[live], columns[live], left[live], rest, unit, rng)
    live = np.flatnonzero((left > 0) & (left < unit))
    if len(live):
        left[live] = _walk(rows[live], columns[live], left[live].tolist(), unit, rng)
    drawn: Bools = left == unit
    return drawn


def _even(rows: Ints, rng: np.random.Generator) -> Bools:
    """All edges but one, chosen by chance, of each submission that has an odd number: its trails then never end."""
    order = np.lexsort((rng.random(len(rows)), rows))
    ordered = rows[order]
    is_last = np.concatenate([ordered[1:] != ordered[:-1], [True]])
    odd = np.bincount(rows)[ordered] % 2 == 1
    kept = np.empty(len(rows), dtype=np.bool_)
    kept[order] = ~(is_last & odd)
    return kept


def _partners(nodes: Ints, rng: np.random.Generator) -> Ints:
    """For each edge another one at the same node, chosen by chance; −1 for the odd one out."""
    order = np.lexsort((rng.random(len(nodes)), nodes))
    ordered = nodes[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(np.append(starts, len(order)))
    place = np.arange(len(order)) - np.repeat(starts, sizes)
    is_odd_out = place == np.repeat(sizes - 1, sizes)
    mate = np.where(place % 2 == 0, 1, -1)
    partner = np.full(len(nodes), -1)
    has = ~(is_odd_out & (place % 2 == 0))
    partner[order[has]] = order[(np.arange(len(order)) + mate)[has]]
    return partner


def _move_all(rows: Ints, columns: Ints, units: Ints, rest: Ints, unit: int, rng: np.random.Generator) -> Ints:
    """Shift every trail once; `rest` is by how many units each reviewer's load is above a whole number."""
    count = len(rows)
    at_row, at_column = _partners(rows, rng), _partners(columns, rng)
    every = np.arange(count)
    trail = _components(count, [(every, at_row), (every, at_column)])
    # Edges two steps apart on a trail move the same way.
    skip = np.where(at_row >= 0, at_column[at_row], -1)
    other = np.where(at_column >= 0, at_row[at_column], -1)
    side = _components(count, [(every, skip), (every, other)])
    first = np.zeros(trail.max() + 1, dtype=np.int64)
    np.maximum.at(first, trail, side)
    sign = np.where(side == first[trail], 1, -1)

    trails = len(first)
    up, down = np.full(trails, unit), np.full(trails, unit)
    np.minimum.at(up, trail, np.where(sign > 0, unit - units, units))
    np.minimum.at(down, trail, np.where(sign > 0, units, unit - units))
    # The end of an open trail is a reviewer, whose load stays between the whole numbers around it.
    ends = np.flatnonzero(at_column < 0)
    part = rest[columns[ends]]
    room_up, room_down = np.where(part > 0, unit - part, 0), part
    np.minimum.at(up, trail[ends], np.where(sign[ends] > 0, room_up, room_down))
    np.minimum.at(down, trail[ends], np.where(sign[ends] > 0, room_down, room_up))
    goes_up = rng.random(trails) * (up + down) < down
    step = np.where(goes_up, up, -down)
    moved: Ints = units + sign * step[trail]
    return moved


def _components(count: int, links: list[tuple[Ints, Ints]]) -> Ints:
    one = np.concatenate([start[end >= 0] for start, end in links])
    two = np.concatenate([end[end >= 0] for _, end in links])
    graph = sp.coo_array((np.ones(len(one), dtype=np.int8), (one, two)), shape=(count, count))
    labels: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


def _walk(rows: Ints, columns: Ints, units: list[int], unit: int, rng: np.random.Generator) -> list[int]:
    """Shift one trail after the other until no edge is left between 0 and 1.

    A walk never uses an edge twice in a row and ends where it meets itself (a cycle) or finds no other edge; from that
    dead end it walks once more, so that an open trail has a dead end at both sides. A dead end has one edge between
    0 and 1 only, so moving it keeps the node's sum between the whole numbers around it.
    """
    shift = int(rows.max()) + 1
    ends = list(zip(rows.tolist(), (columns + shift).tolist(), strict=True))
    at: dict[int, list[int]] = {}
    for edge, (one, two) in enumerate(ends):
        at.setdefault(one, []).append(edge)
        at.setdefault(two, []).append(edge)
    for start in at:
        while True:
            trail = _trail(start, ends, at, units, unit)
            if not trail:
                break
            up = min(unit - units[edge] if place % 2 == 0 else units[edge] for place, edge in enumerate(trail))
            down = min(units[edge] if place % 2 == 0 else unit - units[edge] for place, edge in enumerate(trail))
            step = up if rng.random() * (up + down) < down else -down
            for place, edge in enumerate(trail):
                units[edge] += step if place % 2 == 0 else -step
    return units


def _trail(start: int, ends: list[tuple[int, int]], at: dict[int, list[int]], units: list[int], unit: int) -> list[int]:
    """A cycle, or an open trail between two dead ends; empty when no edge at the start is left."""
    for _ in range(2):
        trail: list[int] = []
        seen = {start: 0}
        node, last = start, -1
        while True:
            edge = _live_edge(at[node], units, unit, last)
            if edge is None:
                break
            one, two = ends[edge]
            node, last = (two if node == one else one), edge
            trail.append(edge)
            if node in seen:
                return trail[seen[node] :]
            seen[node] = len(trail)
        start = node
    return trail


def _live_edge(edges: list[int], units: list[int], unit: int, last: int) -> int | None:
    """An edge between 0 and 1 other than the last one; edges that are settled are forgotten."""
    place = len(edges) - 1
    while place >= 0:
        edge = edges[place]
        if not 0 < units[edge] < unit:
            edges[place] = edges[-1]
            edges.pop()
        elif edge != last:
            return edge
        place -= 1
    return None
