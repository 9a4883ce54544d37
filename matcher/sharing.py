"""When not all reviews can be given: who goes short, so that it is shared.

The most reviews that can be given leave open which submissions miss some. Here the share of its reviews that a
submission has is made as even as it can be: an exchange moves one review from a submission that would still have the
greater share without it. When no exchange is left, no other choice of as many reviews is more even, and no submission
has none while another that it could have taken from has all. Where several choices are as even, the first that is found
is taken, not the one of the largest total.

Source: A. Marshall, I. Olkin, Inequalities: Theory of Majorization, 1979 (what can be given to sets of submissions is
submodular, so one choice is the most even by every measure); negative cycles of exchanges as in R. Ahuja, T. Magnanti,
J. Orlin, Network Flows, 1993, chapter 14 (convex costs).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from matcher.flow import Flow
from matcher.records import Assignment, Bools, Ints, Limits, ScoreMatrix

__all__ = ["even_counts"]

_EQUAL: Final = 1e-9
"""Shares closer than this are the same."""


def even_counts(scores: ScoreMatrix, limits: Limits, assignment: Assignment) -> Ints:
    """How many reviews each submission gets when what is missing is shared as evenly as the limits allow.

    Args:
        scores: (S, R); only its ids are read.
        limits: what must be respected.
        assignment: an answer that fills as many reviews as can be filled.

    Returns:
        (S,) reviews, required ones among them; the sum is that of the assignment.
    """
    required = limits.required
    fixed = required.sum(axis=1)
    held: list[list[int]] = [[] for _ in range(len(limits.wanted))]
    for pair in assignment.pairs:
        row, column = scores.submissions.position(pair.submission_id), scores.reviewers.position(pair.reviewer_id)
        if not required[row, column]:
            held[row].append(column)
    spare: Bools = np.logical_or.reduce(limits.last_resort, axis=0)
    room = limits.max_load - required.sum(axis=0)
    flow = Flow(limits.eligible | limits.last_resort, limits.wanted - fixed, room, spare, held)
    counts: Ints = fixed + np.array([len(columns) for columns in flow.held], dtype=np.int64)
    wanted = np.maximum(limits.wanted, 1)
    is_settled = np.zeros(len(counts), dtype=np.bool_)
    while True:
        share = counts / wanted
        open_rows = np.flatnonzero((counts < limits.wanted) & ~is_settled)
        if not len(open_rows):
            return counts
        root = int(open_rows[share[open_rows].argmin()])
        has_more = ((counts - 1) / wanted > share[root] + _EQUAL) & (counts > fixed)
        if flow.reach([root], goal=has_more) is None and flow.stopped_at is not None:
            counts[root] += 1
            counts[flow.stopped_at] -= 1
            flow.hand_over()
            is_settled[:] = False
        else:
            # Whoever is reached and has no smaller share reaches nobody else: none of them can be helped either.
            is_settled[[row for row in flow.rows if share[row] >= share[root]]] = True
