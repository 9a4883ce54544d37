"""Which pairs a large problem needs: the best of every submission and reviewer first, then whatever prices call for.

Nothing here decides an answer. A pair that the search leaves out is found by `improving` as soon as it could help, so
the search may guess: it reads a sample of each row and column for a threshold, and one comparison per pair does the
rest, several times faster than sorting out the exact best.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from matcher.charges import Charges
from matcher.records import Bools, Doubles, Floats, Ints, Progress
from matcher.solvers import AnyProblem, row_blocks

__all__ = ["ALL_AT_ONCE", "all_pairs", "best_inside", "first_pairs", "improving", "rank_within"]

ALL_AT_ONCE: Final = 200_000
"""Up to this many pairs, all eligible ones are taken from the start: it takes a fraction of a second."""

_BEST_OF_EACH: Final = 20
"""Best pairs of every submission and every reviewer that a large problem starts from."""

_ADDED_AT_MOST: Final = 40
"""Improving pairs of one submission added in one round."""

_SAMPLED: Final = 8
"""Every so many-th row and column is read for the thresholds."""

_LEAST_SAMPLE: Final = 400
"""Rows or columns of which fewer are never sampled."""

_TIED_AT_MOST: Final = 200
"""Pairs of one row above the thresholds that are kept; more there are only where many scores are equal."""

_MIXER: Final = 2_654_435_761
"""Multiplied with positions, it puts equal gains into an order that follows no file (D. Knuth's hash)."""

_SINGLE: Final = 1e-6
"""Relative rounding of single precision, with room for a sum of three numbers."""


def all_pairs(problem: AnyProblem) -> Ints:
    """Positions, row-major, of all eligible pairs."""
    reviewers = problem.shape[1]
    found = [np.flatnonzero(problem.block(rows) > -np.inf) + rows.start * reviewers for rows in row_blocks(problem)]
    return np.concatenate([np.empty(0, dtype=np.int64), *found])


def first_pairs(problem: AnyProblem, *, seed: int, best: int = _BEST_OF_EACH, progress: Progress | None = None) -> Ints:
    """Positions, row-major and sorted, of the pairs to start from: all of a small problem, else the best of each side.

    Args:
        problem: the arrays.
        seed: decides between equal scores.
        best: how many for each submission and each reviewer.
        progress: called for each block of rows.
    """
    submissions, reviewers = problem.shape
    if submissions * reviewers <= ALL_AT_ONCE:
        return all_pairs(problem)
    best_of_row = min(reviewers, max(best, int(problem.wanted.max(initial=0))))
    best_of_column = min(submissions, max(best, int(problem.min_load.max(initial=0))))
    by_row = _row_thresholds(problem, best_of_row)
    by_column = _column_thresholds(problem, best_of_column)
    rng = np.random.default_rng(seed)
    found_rows, found_columns, found_values = [], [], []
    for rows in row_blocks(problem, progress):
        block = problem.block(rows)
        places = np.flatnonzero(block >= np.minimum(by_row[rows, None], by_column[None, :]))
        values = block.ravel()[places]
        places, values = places[values > -np.inf], values[values > -np.inf]
        most = _TIED_AT_MOST * len(block)
        if len(places) > most:
            some = np.sort(rng.choice(len(places), most, replace=False))
            places, values = places[some], values[some]
        up, across = np.divmod(places, reviewers)
        found_rows.append(up + rows.start)
        found_columns.append(across)
        found_values.append(values)
    up, across, values = np.concatenate(found_rows), np.concatenate(found_columns), np.concatenate(found_values)
    tie = rng.permutation(len(up))
    kept = rank_within(up, values, tie) < best_of_row
    kept |= rank_within(across, values, tie) < best_of_column
    return up[kept] * reviewers + across[kept]


def best_inside(problem: AnyProblem, members: Bools, best: int) -> Ints:
    """Positions, row-major, of the best pairs of every submission with some of the reviewers."""
    columns = np.flatnonzero(members)
    best = min(best, len(columns))
    found = [np.empty(0, dtype=np.int64)]
    for rows in row_blocks(problem) if best else ():
        values = problem.block(rows)[:, columns]
        top = np.argpartition(values, len(columns) - best, axis=1)[:, len(columns) - best :]
        usable = np.take_along_axis(values, top, axis=1) > -np.inf
        up = np.repeat(np.arange(rows.start, rows.stop), usable.sum(axis=1))
        found.append(up * problem.shape[1] + columns[top[usable]])
    return np.concatenate(found)


def rank_within(groups: Ints, values: Floats | Doubles, tie: Ints) -> Ints:
    """The place of each value among those of its group, from the largest, 0 first."""
    order = np.lexsort((tie, -values, groups))
    ordered = groups[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(order) else order
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return ranks


def _row_thresholds(problem: AnyProblem, best: int) -> Floats:
    """A score of which about `best` or more of a row are above, from a sample of its columns."""
    submissions, reviewers = problem.shape
    step = max(1, min(_SAMPLED, reviewers // _LEAST_SAMPLE))
    rank = min(-(-best // step) + (step > 1), -(-reviewers // step))
    found = np.empty(submissions, dtype=np.float32)
    for rows in row_blocks(problem):
        sample = problem.block(rows, slice(None, None, step))
        found[rows] = np.partition(sample, sample.shape[1] - rank, axis=1)[:, sample.shape[1] - rank]
    return found


def _column_thresholds(problem: AnyProblem, best: int) -> Floats:
    """The same for columns, from a sample of their rows."""
    submissions, reviewers = problem.shape
    step = max(1, min(_SAMPLED, submissions // _LEAST_SAMPLE))
    rank = min(-(-best // step) + (step > 1), -(-submissions // step))
    found = np.empty(reviewers, dtype=np.float32)
    width = max(1, problem.block_rows * reviewers // max(1, submissions // step))
    for start in range(0, reviewers, width):
        columns = slice(start, start + width)
        # Selection runs along rows of memory; turning the sample costs less than selecting across them.
        sample = np.ascontiguousarray(problem.block(slice(None, None, step), columns).T)
        found[columns] = np.partition(sample, sample.shape[1] - rank, axis=1)[:, sample.shape[1] - rank]
    return found


def improving(
    problem: AnyProblem,
    keys: Ints,
    reviewer_prices: Doubles,
    thresholds: Doubles,
    *,
    resolution: float,
    weights: Doubles | None = None,
    charges: Sequence[Charges] = (),
    most: int = _ADDED_AT_MOST,
    progress: Progress | None = None,
) -> Ints:
    """Pairs outside the network whose score beats what both sides cost now: the only ones that could help.

    Args:
        problem: the whole problem.
        keys: sorted positions of the pairs inside the network.
        reviewer_prices: (R,) price of one submission of a reviewer's load.
        thresholds: (S,) price at which a submission would exchange one of its reviewers.
        resolution: differences below it are rounding.
        weights: (S,) by which the scores of a submission are multiplied first; `None` is 1 for all.
        charges: what pairs pay beside the price of a load.
        most: of one submission.
        progress: called for each block of rows.

    Returns:
        Sorted positions, of each submission at most `most`, those that improve most.
    """
    reviewers = problem.shape[1]
    # Single precision looks for candidates, double precision decides. Where prices are so large that single precision
    # would let too many pass, double precision looks too.
    size = max(float(np.abs(reviewer_prices).max(initial=0)), float(np.abs(thresholds).max(initial=0)), 1e-30)
    size = max([size, *(each.largest for each in charges)])
    kind = np.float32 if _SINGLE * size < 1e-4 else np.float64
    slack = (_SINGLE if kind is np.float32 else 1e-12) * size
    prices = reviewer_prices.astype(kind)
    found = [np.empty(0, dtype=np.int64)]
    for rows in row_blocks(problem, progress):
        net: Any = problem.block(rows).astype(kind, copy=False)
        with np.errstate(invalid="ignore"):  # 0 times minus infinity is no candidate
            net = (net if weights is None else net * weights[rows, None].astype(kind)) - prices
            for each in charges:
                each.take_from(net, rows)
        places = np.flatnonzero(net > (thresholds[rows, None] - slack).astype(kind))
        if not len(places):
            continue
        up, across = np.divmod(places, reviewers)
        up += rows.start
        first, last = np.searchsorted(keys, [rows.start * reviewers, rows.stop * reviewers])
        new = ~np.isin(up * reviewers + across, keys[first:last])
        up, across = up[new], across[new]
        scores = problem.scores_at(up, across)
        gain = (scores if weights is None else scores * weights[up]) - reviewer_prices[across] - thresholds[up]
        for each in charges:
            gain = gain - each.at(up, across)
        better = gain > resolution
        up, across, gain = up[better], across[better], gain[better]
        best = rank_within(up, gain, across * _MIXER % 2**32) < most
        found.append(np.sort(up[best] * reviewers + across[best]))
    return np.concatenate(found)
