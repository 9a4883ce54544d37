"""Why this pair, why not that one, why blocked, who would be next."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from matcher.errors import DataError
from matcher.records import (
    Assignment,
    Conflict,
    Conflicts,
    EvidencePaper,
    Explanation,
    Ints,
    Limits,
    PairStatus,
    RankedReviewer,
    ScoreMatrix,
    Venue,
    Verdict,
)

__all__ = ["explain"]

_ALTERNATIVES: Final = 3
"""How many reviewers are offered as next."""

_DIGITS: Final = 4
"""Digits after the point of a loss."""


def explain(
    venue: Venue,
    scores: ScoreMatrix,
    conflicts: Conflicts,
    limits: Limits,
    assignment: Assignment,
    submission_id: str,
    reviewer_id: str,
    *,
    parts: tuple[EvidencePaper, ...],
) -> Explanation:
    """Explain one pair, assigned or not.

    Args:
        venue: names and titles.
        scores: (S, R).
        conflicts: all of the venue.
        limits: what the assignment respected.
        assignment: the answer.
        submission_id: an active submission.
        reviewer_id: a reviewer.
        parts: what the reviewer's papers add to the score; they sum to it.

    Raises:
        UnknownNameError: an id is not known.
        DataError: the submission is not active, so nothing was assigned to it.
    """
    submission = venue.submission(submission_id)
    reviewer = venue.reviewer(reviewer_id)
    if submission.status != "active":
        raise DataError(f"submission '{submission_id}' is {submission.status}: it gets no reviewers")
    row, column = scores.submissions.position(submission_id), scores.reviewers.position(reviewer_id)
    loads = _loads(assignment, scores)
    is_assigned = any(
        pair.submission_id == submission_id and pair.reviewer_id == reviewer_id for pair in assignment.pairs
    )
    status = PairStatus(int(limits.status[row, column]))
    ranked = _ranking(scores, limits, row)
    rank = ranked.index(column) + 1 if column in ranked else None
    found = conflicts.of(submission_id, reviewer_id)
    score = scores.value(submission_id, reviewer_id)
    reasons = (
        _why_assigned(status, rank, len(ranked), score)
        if is_assigned
        else _why_not(venue, scores, limits, assignment, row, column, loads, found, rank, len(ranked))
    )
    return Explanation(
        submission_id=submission.id,
        reviewer_id=reviewer.person_id,
        status="assigned" if is_assigned and status is PairStatus.ELIGIBLE else status.name.lower(),
        score=score,
        rank=rank,
        eligible=len(ranked),
        evidence=parts,
        conflicts=found,
        reasons=tuple(reasons),
        alternatives=tuple(_alternatives(venue, scores, limits, assignment, row, ranked, loads)),
    )


def _loads(assignment: Assignment, scores: ScoreMatrix) -> Ints:
    columns = [scores.reviewers.position(pair.reviewer_id) for pair in assignment.pairs]
    return np.bincount(columns, minlength=len(scores.reviewers)) if columns else np.zeros(len(scores.reviewers), int)


def _ranking(scores: ScoreMatrix, limits: Limits, row: int) -> list[int]:
    """Columns that may review, best first; among equals by id, which is only an order of listing."""
    columns = np.flatnonzero(np.isin(limits.status[row], (PairStatus.ELIGIBLE, PairStatus.REQUIRED)))
    values = np.nan_to_num(scores.values[row, columns], nan=-1.0)
    return [int(column) for column in columns[np.argsort(-values, kind="stable")]]


def _why_assigned(status: PairStatus, rank: int | None, eligible: int, score: float | None) -> Iterator[str]:
    if status is PairStatus.REQUIRED:
        yield "the chair requires this pair"
    if status is PairStatus.LAST_RESORT:
        yield "a last resort: no reviewer with publications was left for this review, and this one has none to judge by"
        return
    if score is not None:
        yield f"score {score:.3f}, number {rank} of {eligible} who may review it"


_BARRED: Final = {
    PairStatus.FORBIDDEN: "the chair forbids this pair",
    PairStatus.UNSCORED: "there are no publications to judge their expertise by, and such reviewers are left out",
    PairStatus.LAST_RESORT: "there are no publications to judge their expertise by; a last resort, not needed here",
    PairStatus.UNAVAILABLE: "this reviewer declined, retired, or has a load of 0",
}


def _why_not(
    venue: Venue,
    scores: ScoreMatrix,
    limits: Limits,
    assignment: Assignment,
    row: int,
    column: int,
    loads: Ints,
    found: tuple[Conflict, ...],
    rank: int | None,
    eligible: int,
) -> Iterator[str]:
    status = PairStatus(int(limits.status[row, column]))
    for conflict in found:
        if conflict.verdict is not Verdict.CLEAR:
            yield _say(conflict)
    if status is PairStatus.BELOW_FLOOR:
        yield f"the score {scores.values[row, column]:.3f} is below the floor"
    if status in _BARRED:
        yield _BARRED[status]
    if status is not PairStatus.ELIGIBLE:
        return
    value = float(scores.values[row, column])
    yield f"score {value:.3f}, number {rank} of {eligible} who may review it"
    name = venue.name_of(scores.reviewers.ids[column])
    if loads[column] >= limits.max_load[column]:
        reviewer_id = scores.reviewers.ids[column]
        others = [pair for pair in assignment.pairs if pair.reviewer_id == reviewer_id]
        listed = ", ".join(
            f"{pair.submission_id} ({pair.score:.2f})" if pair.score is not None else pair.submission_id
            for pair in sorted(others, key=lambda pair: (-(pair.score or 0.0), pair.submission_id))
        )
        yield f"{name} is full, with {loads[column]} of {limits.max_load[column]}: {listed}"
    submission_id = scores.submissions.ids[row]
    chosen = [pair for pair in assignment.pairs if pair.submission_id == submission_id and pair.score is not None]
    if chosen:
        scored = ", ".join(f"{venue.name_of(pair.reviewer_id)} ({pair.score:.2f})" for pair in chosen)
        yield f"assigned instead: {scored}"
    yield from _if_required(scores, limits, assignment, row, column)


def _say(conflict: Conflict) -> str:
    verb = "blocked" if conflict.verdict is Verdict.BLOCK else "waits for a decision"
    via = f" through {conflict.via_name}" if conflict.via_name else ""
    facts = "; ".join(evidence.text for evidence in conflict.evidence)
    clears = f"; {conflict.clears}" if conflict.clears else ""
    return f"{verb}, rule {conflict.rule}{via}: {facts}{clears}"


def _if_required(scores: ScoreMatrix, limits: Limits, assignment: Assignment, row: int, column: int) -> Iterator[str]:
    """What requiring an eligible pair would do at least."""
    loss = _least_loss(scores, limits, assignment, row, column)
    if loss is None or assignment.certificate is None:
        return
    if loss < assignment.certificate.underload:
        floored = math.floor(loss * 10**_DIGITS) / 10**_DIGITS  # "at least" stays true in print
        yield f"requiring this pair would lower the total by at least {floored:.{_DIGITS}f}"
        return
    # No exchange of scores costs as much: some limit would be broken somewhere else.
    ways = ["leave a review open elsewhere"]
    if limits.last_resort.any():
        ways.append("call in a reviewer without publications")
    if limits.min_load.any():
        ways.append("leave a reviewer below their minimum load")
    yield f"requiring this pair would {' or '.join(ways)}"


def _least_loss(scores: ScoreMatrix, limits: Limits, assignment: Assignment, row: int, column: int) -> float | None:
    """What the optimum loses at least when the pair is required, missing reviews and loads priced as the solver did.

    Source: reduced costs bound the change of a linear optimum from below (Ahuja, Magnanti, Orlin 1993, chapter 9).
    """
    if assignment.certificate is None or assignment.bound is None or assignment.shortfalls:
        return None
    net = np.where(
        limits.status[row] == PairStatus.ELIGIBLE,
        scores.values[row].astype(np.float64) - assignment.certificate.reviewer_prices,
        -np.inf,
    )
    wanted = int(limits.wanted[row] - (limits.status[row] == PairStatus.REQUIRED).sum())
    if wanted < 1 or wanted > int(np.isfinite(net).sum()):
        return None
    threshold = float(np.partition(net, len(net) - wanted)[len(net) - wanted])
    # The prices prove the bound, not the objective: what lies between them is not certain to be lost.
    return max(0.0, threshold - float(net[column]) - (assignment.bound - assignment.objective))


def _alternatives(
    venue: Venue,
    scores: ScoreMatrix,
    limits: Limits,
    assignment: Assignment,
    row: int,
    ranked: list[int],
    loads: Ints,
) -> Iterator[RankedReviewer]:
    """Who would be next: may review it, is not assigned to it, has room. Never a conflicted or full reviewer."""
    submission_id = scores.submissions.ids[row]
    assigned = {pair.reviewer_id for pair in assignment.pairs if pair.submission_id == submission_id}
    offered = 0
    for column in ranked:
        reviewer_id = scores.reviewers.ids[column]
        if offered == _ALTERNATIVES:
            return
        if reviewer_id not in assigned and loads[column] < limits.max_load[column]:
            offered += 1
            yield RankedReviewer(
                reviewer_id=reviewer_id,
                name=venue.name_of(reviewer_id),
                score=float(scores.values[row, column]),
                load=int(loads[column]),
                max_load=int(limits.max_load[column]),
            )
