"""What falls short in an assignment, and why: from its numbers alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from matcher.errors import counted
from matcher.records import Ints, Limits, PairStatus, ScoreMatrix, Shortfall, Underload

__all__ = ["list_missing"]


def list_missing(
    scores: ScoreMatrix, limits: Limits, filled: Ints, loads: Ints
) -> tuple[tuple[Shortfall, ...], tuple[Underload, ...]]:
    """What falls short, and why, from the numbers of an assignment alone.

    Args:
        scores: (S, R).
        limits: what must be respected.
        filled: (S,) reviews that each submission has.
        loads: (R,) submissions that each reviewer has.
    """
    return tuple(_shortfalls(scores, limits, filled, loads)), tuple(_underloads(scores, limits, loads))


def _shortfalls(scores: ScoreMatrix, limits: Limits, filled: Ints, loads: Ints) -> Iterator[Shortfall]:
    for row in np.flatnonzero(filled < limits.wanted):
        reason, remedies = _why_short(scores, limits, int(row), int(filled[row]), loads)
        yield Shortfall(
            submission_id=scores.submissions.ids[row],
            wanted=int(limits.wanted[row]),
            got=int(filled[row]),
            reason=reason,
            remedies=remedies,
        )


_WORDS: Final = {
    PairStatus.BLOCKED: ("is in conflict", "are in conflict"),
    PairStatus.ASK: ("waits for a decision on a conflict", "wait for a decision on a conflict"),
    PairStatus.FORBIDDEN: ("is forbidden by the chair", "are forbidden by the chair"),
    PairStatus.BELOW_FLOOR: ("is below the score floor", "are below the score floor"),
    PairStatus.UNSCORED: ("has no publications", "have no publications"),
    PairStatus.UNAVAILABLE: ("is not available", "are not available"),
    PairStatus.REFUSED: ("refused it in the bids", "refused it in the bids"),
    PairStatus.NOT_AGAIN: ("reviewed an earlier version", "reviewed an earlier version"),
    PairStatus.DECLINED: ("declined it earlier", "declined it earlier"),
    PairStatus.RULED_OUT: ("is ruled out by a pair rule", "are ruled out by a pair rule"),
}


def _why_short(scores: ScoreMatrix, limits: Limits, row: int, got: int, loads: Ints) -> tuple[str, tuple[str, ...]]:
    status = limits.status[row]
    missing = int(limits.wanted[row]) - got
    parts = []
    for kind, (one, many) in _WORDS.items():
        count = int((status == kind).sum())
        if count:
            parts.append(counted(count, one, many))
    eligible = status == PairStatus.ELIGIBLE
    spare = status == PairStatus.LAST_RESORT
    full = int((eligible & (loads >= limits.max_load)).sum())
    parts.append(f"{int(eligible.sum())} may review it" + (f", {full} of them at their maximum load" if full else ""))
    if spare.any():
        parts.append(f"{int(spare.sum())} without publications may step in, at most one per submission")
    reason = f"of {counted(len(status), 'reviewer')} {', '.join(parts)}"

    remedies = []
    room = loads < limits.max_load
    asked = int(((status == PairStatus.ASK) & room).sum())
    if asked:
        who = counted(asked, "reviewer asked about has", "reviewers asked about have")
        remedies.append(f"decide the open questions: {who} room")
    if full:
        best = np.where(eligible & ~room, np.nan_to_num(scores.values[row], nan=-1.0), -2.0)
        reviewer = scores.reviewers.ids[int(best.argmax())]
        remedies.append(f"raise the maximum load of a full reviewer, first of '{reviewer}' ({best.max():.2f})")
    below = int(((status == PairStatus.BELOW_FLOOR) & room).sum())
    if below:
        remedies.append(
            f"lower min_score: {counted(below, 'reviewer below the floor has', 'reviewers below the floor have')} room"
        )
    left_out = int(((status == PairStatus.UNSCORED) & room).sum())
    if left_out:
        who = counted(left_out, "reviewer without publications has", "reviewers without publications have")
        remedies.append(f"set unscored = 'last_resort': {who} room")
    more = f"find {counted(missing, 'more reviewer')} in its area"
    remedies.append(f"accept {got} of {counted(int(limits.wanted[row]), 'review')} for it, or {more}" if got else more)
    return reason, tuple(remedies)


def _underloads(scores: ScoreMatrix, limits: Limits, loads: Ints) -> Iterator[Underload]:
    for column in np.flatnonzero(loads < limits.min_load):
        eligible = int((limits.status[:, column] == PairStatus.ELIGIBLE).sum())
        yield Underload(
            reviewer_id=scores.reviewers.ids[column],
            min_load=int(limits.min_load[column]),
            got=int(loads[column]),
            reason=f"may review {eligible} of {counted(len(scores.submissions), 'submission')}, and others need their "
            "place there",
        )
