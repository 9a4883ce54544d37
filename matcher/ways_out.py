"""What would make everything possible at once: for each kind of change the least of it, tried on the whole problem.

Explanations of limits that cannot be met name smallest sets of reasons, each with ways out of that set alone. A venue
may have many such sets. Here every kind of change is tried for all that is missing together, so that following any one
line (one about reviews and one about minimum loads, where both are missing) is enough.

Source: J. Edmonds, D. Fulkerson, Transversals and matroid partition, 1965: what reviewers can give to submissions is a
polymatroid, so a largest flow misses as little as any, and each change of one unit gives at most one review more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from matcher.errors import InfeasibleError
from matcher.flow import Flow
from matcher.infeasibility import (
    Question,
    demand_question,
    explain_infeasible,
    many,
    minimum_question,
    usual_load,
)
from matcher.records import (
    Assignment,
    Bools,
    Index,
    Ints,
    Limits,
    PairStatus,
    PersonId,
    Relaxation,
    ScoreMatrix,
    SubmissionId,
    VectorInstance,
)
from matcher.sharing import even_counts

__all__ = ["NOTHING", "find_ways_out", "infeasible", "infeasible_vectors"]

NOTHING: Final = Assignment(pairs=(), shortfalls=(), underloads=(), objective=0.0, bound=None, solver="none")
"""An answer without pairs, to start from where nothing was solved."""

_NAMED: Final = 5
"""Names in a line before the rest is only counted."""

_DROPPED: Final = 200
"""Most open questions of which each is tried to be left out again."""

_MOST_PAIRS: Final = 400_000_000
"""Pairs of an instance of vectors up to which it is explained, at one byte each."""

_FLOOR_STEPS: Final = 1000
"""Floors are looked for in steps of one thousandth."""


def infeasible(
    scores: ScoreMatrix, limits: Limits, assignment: Assignment = NOTHING, *, summary: str = ""
) -> InfeasibleError:
    """The error that tells why limits cannot be met, by smallest sets of reasons, and what would help.

    Args:
        scores: (S, R).
        limits: what cannot be met.
        assignment: an answer that falls short; the search starts from it.
        summary: the reason in one sentence, where it concerns the whole venue.
    """
    return InfeasibleError(
        assignment.shortfalls,
        assignment.underloads,
        summary=summary,
        explanations=explain_infeasible(scores, limits, assignment),
        ways_out=find_ways_out(scores, limits, assignment),
    )


def find_ways_out(scores: ScoreMatrix, limits: Limits, assignment: Assignment = NOTHING) -> tuple[Relaxation, ...]:
    """Changes of one kind each that make everything possible, all tried; the smallest first.

    Args:
        scores: (S, R).
        limits: what cannot be met.
        assignment: an answer that falls short; the search starts from it.

    Returns:
        Ways out for missing reviews, then for missing minimum loads (kinds `minimum` and `min_load`); any one of each
        is enough. None where nothing is missing.
    """
    demand, minimum = demand_question(scores, limits, assignment), minimum_question(scores, limits, assignment)
    found = sorted(_for_reviews(demand, scores, limits, assignment), key=lambda way: way.amount)
    found += _for_minimum_loads(minimum, limits)
    return tuple(found)


def _for_reviews(
    question: Question, scores: ScoreMatrix, limits: Limits, assignment: Assignment
) -> Iterator[Relaxation]:
    flow = question.flow()
    short = flow.short()
    missing = sum(flow.missing(row) for row in short)
    if not missing:
        return
    yield from _raise_loads(question, flow, short, missing)
    yield from _raise_all_loads(flow, limits, missing)
    yield from _clear_questions(question, flow, limits, missing)
    yield from _lower_floor(question, flow, limits, missing)
    unscored = limits.status == PairStatus.UNSCORED
    if unscored.any():
        wider = _changed(flow, allowed=flow.allowed | unscored, spare=flow.spare | unscored.any(axis=0))
        if not wider.short():
            text = "set unscored = 'last_resort': reviewers without publications may then step in"
            yield Relaxation("unscored", text, missing, missing)
    load = usual_load(limits)
    fewest = -(-missing // load)
    most = max(flow.missing(row) for row in short)
    if most > fewest:  # spread what is missing: a new reviewer reviews a submission once
        got = even_counts(scores, limits, assignment) if assignment.pairs else limits.wanted - most
        most = min(most, int((limits.wanted - got).max()))
    new = max(fewest, most)
    text = f"find {many(new, 'more reviewer')} without conflicts, each with room for {load}"
    yield Relaxation("reviewers", text, new, missing)
    text = f"accept {many(missing, 'review')} fewer, for {many(len(short), 'submission')} (--allow-partial shares them)"
    yield Relaxation("demand", text, missing, missing)


def _changed(
    flow: Flow,
    *,
    allowed: Bools | None = None,
    room: Ints | None = None,
    spare: Bools | None = None,
) -> Flow:
    """A largest flow of a changed problem, grown from one that still holds there.

    Args:
        flow: the flow before; never changed.
        allowed: (N, M) pairs that may be now.
        room: (M,) what is left of each giver now, after what they give.
        spare: (M,) givers of which one may have at most one.
    """
    left = flow.room if room is None else room
    given = np.array([len(rows) for rows in flow.holders], dtype=np.int64)
    wider = Flow(
        flow.allowed if allowed is None else allowed,
        flow.wanted,
        left + given,
        flow.spare if spare is None else spare,
        flow.held,
    )
    wider.fill_all()
    return wider


def _raise_loads(question: Question, flow: Flow, short: list[int], missing: int) -> Iterator[Relaxation]:
    """One more for the best matches of the submissions that are short: each raise gives one review, none is idle."""
    raised: dict[int, int] = {}
    stuck = 0
    for row in short:
        free = flow.allowed[row] & ~flow.spare
        free[list(flow.held[row])] = False
        columns = np.flatnonzero(free)
        worth = np.nan_to_num(question.values[row, columns], nan=-1.0)
        counts = np.array([raised.get(column, 0) for column in columns.tolist()], dtype=np.int64)
        best = columns[np.lexsort((columns, -worth, counts))][: flow.missing(row)].tolist()
        for column in best:
            raised[column] = raised.get(column, 0) + 1
        stuck += flow.missing(row) - len(best)
    if not raised:
        return
    one = len(raised) == missing - stuck
    how = "by 1" if one else f"by {missing - stuck} in all"
    each = " each" if one and len(raised) > 1 else ""
    names = [question.column_ids[column] for column in raised]
    text = f"raise the maximum load of {_named(names, 'reviewer')} {how}{each}"
    if stuck:
        text += f", and accept {many(stuck, 'review')} fewer where too few may review at all"
    yield Relaxation("mixed" if stuck else "load", text, missing, missing)


def _raise_all_loads(flow: Flow, limits: Limits, missing: int) -> Iterator[Relaxation]:
    """The smallest raise of everybody's load that is enough, where there is one."""
    gives = limits.max_load > 0

    def is_enough(more: int) -> bool:
        return not _changed(flow, room=flow.room + more * gives).short()

    low, high = 0, 1
    while not is_enough(high):
        if high >= len(limits.wanted):  # nobody has more than every submission
            return
        low, high = high, min(2 * high, len(limits.wanted))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    yield Relaxation("max_load", f"raise max_load by {high} for everybody who reviews", missing, missing)


def _clear_questions(question: Question, flow: Flow, limits: Limits, missing: int) -> Iterator[Relaxation]:
    """Open questions of which none can be left out of those cleared."""
    asked = limits.status == PairStatus.ASK
    if not asked.any():
        return
    wider = _changed(flow, allowed=flow.allowed | asked)
    if wider.short():
        return
    used = [(row, column) for row, held in enumerate(wider.held) for column in sorted(held) if asked[row, column]]
    wider.allowed = wider.allowed & ~asked
    for row, column in used:
        wider.allowed[row, column] = True
    for row, column in used[:_DROPPED] if len(used) > missing else ():
        wider.allowed[row, column] = False
        if column in wider.held[row]:
            wider.take(row, column)
            if wider.fill(row):
                wider.allowed[row, column] = True
                wider.give(row, column)
    used = [(row, column) for row, held in enumerate(wider.held) for column in sorted(held) if asked[row, column]]
    names = [f"{question.row_ids[row]} × {question.column_ids[column]}" for row, column in used]
    yield Relaxation("questions", f"clear {_named(names, 'open question')}", len(used), missing)


def _lower_floor(question: Question, flow: Flow, limits: Limits, missing: int) -> Iterator[Relaxation]:
    """The highest floor, to three digits, that is low enough."""
    below = limits.status == PairStatus.BELOW_FLOOR
    if not below.any():
        return
    steps = np.where(below, np.floor(np.nan_to_num(question.values) * _FLOOR_STEPS), -1).astype(np.int64)
    levels = np.unique(steps[below])
    if _changed(flow, allowed=flow.allowed | below).short():
        return
    low, high = 0, len(levels)
    while high - low > 1:
        middle = (low + high) // 2
        is_enough = not _changed(flow, allowed=flow.allowed | (below & (steps >= levels[middle]))).short()
        low, high = (middle, high) if is_enough else (low, middle)
    count = int((steps >= levels[low]).sum(where=below))
    text = f"lower min_score to {levels[low] / _FLOOR_STEPS:.3f}: {many(count, 'pair')} more may be"
    yield Relaxation("floor", text, count, missing)


def _for_minimum_loads(question: Question, limits: Limits) -> Iterator[Relaxation]:
    flow = question.flow()
    short = flow.short()
    if not short:
        return
    missing = sum(flow.missing(row) for row in short)
    names = [question.row_ids[row] for row in short]
    how = "by 1 each" if missing == len(short) > 1 else f"by {missing}{' in all' if len(short) > 1 else ''}"
    yield Relaxation("minimum", f"lower the minimum load of {_named(names, 'reviewer')} {how}", missing, missing)
    required = limits.required.sum(axis=0)
    low, high = 0, int(limits.min_load.max())
    while high - low > 1:
        middle = (low + high) // 2
        wanted = np.maximum(np.minimum(limits.min_load, middle) - required, 0)
        held = [sorted(columns)[:most] for columns, most in zip(flow.held, wanted.tolist(), strict=True)]
        lowered = Flow(question.allowed, wanted, question.room, flow.spare, held)
        lowered.fill_all()
        low, high = (low, middle) if lowered.short() else (middle, high)
    text = f"lower min_load to {low} for everybody"
    amount = int(np.maximum(limits.min_load - low, 0).sum())
    yield Relaxation("min_load", text, amount, missing)


def _named(names: list[str], one: str) -> str:
    """How many, and the first of them by name."""
    listed = ", ".join(f"'{name}'" for name in names[:_NAMED])
    return f"{many(len(names), one)} ({listed}{', …' if len(names) > _NAMED else ''})"


def infeasible_vectors(instance: VectorInstance, assignment: Assignment, *, summary: str = "") -> InfeasibleError:
    """The same for an instance of vectors, whose scores are not stored: feasibility does not depend on them.

    Args:
        instance: what cannot be met.
        assignment: an answer that falls short.
        summary: as for `infeasible`; it stands alone where the pairs are too many to be looked at one by one.
    """
    if len(instance.wanted) * len(instance.max_load) > _MOST_PAIRS:
        return InfeasibleError(assignment.shortfalls, assignment.underloads, summary=summary)
    return infeasible(*_without_scores(instance), assignment, summary=summary)


def _without_scores(instance: VectorInstance) -> tuple[ScoreMatrix, Limits]:
    """An instance of vectors as who may review what: all that feasibility depends on, one byte a pair."""
    shape = (len(instance.wanted), len(instance.max_load))
    status = np.full(shape, PairStatus.ELIGIBLE, dtype=np.uint8)
    status[instance.blocked] = PairStatus.BLOCKED
    none = np.broadcast_to(np.float32(0), shape)
    scores = ScoreMatrix(
        submissions=Index([SubmissionId(str(row)) for row in range(shape[0])]),
        reviewers=Index([PersonId(str(column)) for column in range(shape[1])]),
        values=none,
        raw=none,
        method="not stored",
    )
    return scores, Limits(instance.wanted, instance.max_load, instance.min_load, status)
