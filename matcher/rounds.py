"""After the first assignment: re-planning with the fewest changes, more reviews on top, and who could step in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from matcher.assignment import dual_bound, list_missing, solve_arrays
from matcher.records import (
    Assignment,
    Bools,
    Index,
    Ints,
    Limits,
    Pair,
    PairStatus,
    PersonId,
    Progress,
    ScoreMatrix,
    SubmissionId,
)

__all__ = ["Replanned", "alternates", "replan"]

_KEEP: Final = 64.0
"""What keeping a pair is worth beside its score when not everything else can stay: more than any chain of exchanges
gains, and small enough that scores in single precision keep five digits beside it."""

_MAY_BE: Final = (PairStatus.ELIGIBLE, PairStatus.LAST_RESORT, PairStatus.REQUIRED)


@dataclass(frozen=True, slots=True)
class Replanned:
    """A new assignment and how it differs from the one before.

    Args:
        assignment: the new one.
        kept: pairs of both.
        forced: earlier pairs that the new limits do not allow any more.
        given_up: earlier pairs that could have stayed and made place for others.
        added: new pairs.
    """

    assignment: Assignment
    kept: tuple[tuple[SubmissionId, PersonId], ...]
    forced: tuple[tuple[SubmissionId, PersonId], ...]
    given_up: tuple[tuple[SubmissionId, PersonId], ...]
    added: tuple[tuple[SubmissionId, PersonId], ...]


def replan(
    scores: ScoreMatrix,
    limits: Limits,
    before: Iterable[tuple[str, str]],
    *,
    objective: str,
    seed: int,
    earlier: Assignment | None = None,
    exchange: bool = True,
    progress: Progress | None = None,
) -> Replanned:
    """Meet new limits with as few changes as can be.

    Whatever may stay, stays, and what is missing is filled from the room that is left: when that fills everything, no
    other way changes fewer pairs. When it does not, earlier pairs make place, as few as the missing reviews need.

    Args:
        scores: (S, R).
        limits: as they are now.
        before: earlier pairs; of submissions or reviewers that are gone, too.
        objective: what is optimised in what is filled.
        seed: decides between equally good answers.
        earlier: the assignment before, whose prices bound the new one; `None` where there are none.
        exchange: whether pairs may make place where nothing else fills a missing review.
        progress: called while solving.
    """
    known = {(SubmissionId(submission), PersonId(reviewer)) for submission, reviewer in before}
    keep = _what_may_stay(scores, limits, known)
    pairs = _fill(scores, limits, keep, objective=objective, seed=seed, progress=progress)
    missing = int(limits.wanted.sum()) - int(pairs.sum())
    if missing and exchange:
        bonus = replace(scores, values=np.where(keep, scores.values + np.float32(_KEEP), scores.values))
        wider = _mask(scores, solve_arrays(bonus, limits, objective=objective, seed=seed, progress=progress).pairs)
        if int(wider.sum()) > int(pairs.sum()):
            pairs = wider
    assignment = _packed(scores, limits, pairs, earlier)
    after = {(pair.submission_id, pair.reviewer_id) for pair in assignment.pairs}
    could_stay = set(_ids(scores, keep))
    return Replanned(
        assignment=assignment,
        kept=tuple(sorted(known & after)),
        forced=tuple(sorted(known - could_stay - after)),
        given_up=tuple(sorted(could_stay - after)),
        added=tuple(sorted(after - known)),
    )


def _what_may_stay(scores: ScoreMatrix, limits: Limits, before: Iterable[tuple[str, str]]) -> Bools:
    """(S, R) earlier pairs that the limits still allow, the best ones where there are more than a load or a demand."""
    keep = np.zeros(limits.status.shape, dtype=np.bool_)
    for submission, reviewer in before:
        if submission in scores.submissions and reviewer in scores.reviewers:
            keep[scores.submissions.position(submission), scores.reviewers.position(reviewer)] = True
    keep &= np.isin(limits.status, _MAY_BE)
    worth = np.nan_to_num(scores.values, nan=-1.0) + np.where(limits.required, np.float32(_KEEP), np.float32(0))
    room = limits.max_load - (limits.required & ~keep).sum(axis=0)
    for column in np.flatnonzero(keep.sum(axis=0) > room):
        _keep_best(keep[:, column], worth[:, column], int(room[column]))
    wanted = limits.wanted - (limits.required & ~keep).sum(axis=1)
    for row in np.flatnonzero(keep.sum(axis=1) > wanted):
        _keep_best(keep[row], worth[row], int(wanted[row]))
    resorts = keep & limits.last_resort
    for row in np.flatnonzero(resorts.sum(axis=1) > 1):
        keep[row, np.flatnonzero(resorts[row])[1:]] = False
    return keep


def _keep_best(line: Bools, worth: np.ndarray[tuple[int, ...], np.dtype[np.float32]], most: int) -> None:
    places = np.flatnonzero(line)
    line[places[np.argsort(-worth[places], kind="stable")][most:]] = False


def _fill(
    scores: ScoreMatrix, limits: Limits, keep: Bools, *, objective: str, seed: int, progress: Progress | None
) -> Bools:
    """The kept pairs and the best ones for what is missing; only submissions that miss something are looked at."""
    open_rows = np.flatnonzero(limits.wanted > keep.sum(axis=1))
    if not len(open_rows):
        return keep
    status = limits.status[open_rows].copy()
    kept = keep[open_rows]
    has_resort = (kept & (status == PairStatus.LAST_RESORT)).any(axis=1)
    status[has_resort[:, None] & (status == PairStatus.LAST_RESORT)] = PairStatus.FORBIDDEN
    status[kept] = PairStatus.FORBIDDEN
    part = ScoreMatrix(
        submissions=Index([scores.submissions.ids[row] for row in open_rows.tolist()]),
        reviewers=scores.reviewers,
        values=scores.values[open_rows],
        raw=scores.raw[open_rows],
        method=scores.method,
    )
    loads = keep.sum(axis=0)
    left = Limits(
        wanted=limits.wanted[open_rows] - kept.sum(axis=1),
        max_load=limits.max_load - loads,
        min_load=np.maximum(limits.min_load - loads, 0),
        status=status,
    )
    found = solve_arrays(part, left, objective=objective, seed=seed, progress=progress)
    filled = keep.copy()
    filled[open_rows] |= _mask(part, found.pairs)
    return filled


def _mask(scores: ScoreMatrix, pairs: Iterable[Pair]) -> Bools:
    mask = np.zeros(scores.values.shape, dtype=np.bool_)
    for pair in pairs:
        mask[scores.submissions.position(pair.submission_id), scores.reviewers.position(pair.reviewer_id)] = True
    return mask


def _ids(scores: ScoreMatrix, mask: Bools) -> list[tuple[SubmissionId, PersonId]]:
    return [(scores.submissions.ids[row], scores.reviewers.ids[column]) for row, column in np.argwhere(mask).tolist()]


_MARKS: Final = {PairStatus.LAST_RESORT: ("last_resort",), PairStatus.REQUIRED: ("required",)}


def _packed(scores: ScoreMatrix, limits: Limits, mask: Bools, earlier: Assignment | None) -> Assignment:
    """An assignment from its pairs, bounded by the prices of an earlier one: they bound every answer."""
    pairs = []
    for row, column in np.argwhere(mask).tolist():
        value = float(scores.values[row, column])
        pairs.append(
            Pair(
                submission_id=scores.submissions.ids[row],
                reviewer_id=scores.reviewers.ids[column],
                score=None if np.isnan(value) else value,
                marks=_MARKS.get(PairStatus(int(limits.status[row, column])), ()),
            )
        )
    shortfalls, underloads = list_missing(scores, limits, mask.sum(axis=1), mask.sum(axis=0))
    assignment = Assignment(
        pairs=tuple(pairs),
        shortfalls=shortfalls,
        underloads=underloads,
        objective=float(np.sum([pair.score for pair in pairs if pair.score is not None], dtype=np.float64)),
        bound=None,
        solver="re-planned",
    )
    certificate = None if earlier is None else earlier.certificate
    if certificate is None or len(certificate.reviewer_prices) != len(scores.reviewers):
        return assignment
    bound = dual_bound(assignment, scores, limits, certificate)
    return replace(assignment, bound=bound, certificate=certificate)


def alternates(
    scores: ScoreMatrix, limits: Limits, assignment: Assignment, *, count: int
) -> Mapping[SubmissionId, tuple[tuple[PersonId, float], ...]]:
    """Who could step in for each submission: may review it, is not assigned to it, and has room now.

    Args:
        scores: (S, R).
        limits: what must be respected.
        assignment: the answer.
        count: how many to name.

    Returns:
        For every submission up to `count` reviewers with their scores, best first. Each can be added alone without
        breaking any limit; two submissions may name the same person.
    """
    assigned = _mask(scores, assignment.pairs)
    has_room = assigned.sum(axis=0) < limits.max_load
    found = {}
    for row, name in enumerate(scores.submissions.ids):
        columns: Ints = np.flatnonzero((limits.status[row] == PairStatus.ELIGIBLE) & has_room & ~assigned[row])
        best = columns[np.argsort(-scores.values[row, columns], kind="stable")][:count]
        found[name] = tuple((scores.reviewers.ids[column], float(scores.values[row, column])) for column in best)
    return found
