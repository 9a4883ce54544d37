"""After the first assignment: re-planning with the fewest changes, more reviews on top, and who could step in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from matcher.assignment import package, solve_arrays, solve_under_rules
from matcher.records import (
    Assignment,
    Bools,
    Ints,
    Limits,
    Pair,
    PairStatus,
    PersonId,
    Progress,
    ScoreMatrix,
    SubmissionId,
)

__all__ = ["Replanned", "alternates", "replan", "with_standing"]

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
    if limits.rules:
        # Rules hold for all pairs together, so what is kept and what is filled is one problem.
        pairs = solve_under_rules(_with_bonus(scores, keep), limits)
    else:
        pairs = _fill(scores, limits, keep, objective=objective, seed=seed, progress=progress)
    if exchange and not limits.rules and len(pairs) < limits.wanted.sum():
        bonus = _with_bonus(scores, keep)
        wider = _places(scores, solve_arrays(bonus, limits, objective=objective, seed=seed, progress=progress).pairs)
        if len(wider) > len(pairs):
            pairs = wider
    assignment = package(scores, limits, pairs, solver="re-planned", earlier=earlier)
    after = {(pair.submission_id, pair.reviewer_id) for pair in assignment.pairs}
    could_stay = {(scores.submissions.ids[row], scores.reviewers.ids[column]) for row, column in keep.tolist()}
    return Replanned(
        assignment=assignment,
        kept=tuple(sorted(known & after)),
        forced=tuple(sorted(known - could_stay - after)),
        given_up=tuple(sorted(could_stay - after)),
        added=tuple(sorted(after - known)),
    )


def with_standing(scores: ScoreMatrix, limits: Limits, standing: Iterable[tuple[str, str]]) -> Limits:
    """The limits, wide enough for what stands: nobody is taken back because a load or a demand was lowered meanwhile.

    So who took emergency reviews in one round keeps them in the next, where no more of these are asked for.

    Args:
        scores: (S, R).
        limits: as they are now.
        standing: pairs that stay as far as they may be at all.
    """
    pairs = {
        (scores.submissions.position(submission), scores.reviewers.position(reviewer))
        for submission, reviewer in standing
        if submission in scores.submissions and reviewer in scores.reviewers
    }
    places = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    places = places[np.isin(limits.status[places[:, 0], places[:, 1]], _MAY_BE)]
    return replace(
        limits,
        wanted=np.maximum(limits.wanted, np.bincount(places[:, 0], minlength=len(limits.wanted))),
        max_load=np.maximum(limits.max_load, np.bincount(places[:, 1], minlength=len(limits.max_load))),
    )


def _with_bonus(scores: ScoreMatrix, keep: Ints) -> ScoreMatrix:
    """Scores in which a pair that may stay outweighs every exchange."""
    values = scores.values.copy()
    values[keep[:, 0], keep[:, 1]] += np.float32(_KEEP)
    return replace(scores, values=values)


def _what_may_stay(scores: ScoreMatrix, limits: Limits, before: Iterable[tuple[str, str]]) -> Ints:
    """(K, 2) earlier pairs that the limits still allow, the best ones where there are more than a load or a demand."""
    named = [
        (scores.submissions.position(submission), scores.reviewers.position(reviewer))
        for submission, reviewer in before
        if submission in scores.submissions and reviewer in scores.reviewers
    ]
    keep = np.array(sorted(named), dtype=np.int64).reshape(-1, 2)
    status = limits.status[keep[:, 0], keep[:, 1]]
    keep = keep[np.isin(status, _MAY_BE)]
    status = limits.status[keep[:, 0], keep[:, 1]]
    worth = np.nan_to_num(scores.values[keep[:, 0], keep[:, 1]], nan=-1.0) + _KEEP * (status == PairStatus.REQUIRED)
    order = np.argsort(-worth, kind="stable")
    keep, status = keep[order], status[order]
    demanded = np.argwhere(limits.status == PairStatus.REQUIRED)
    is_new = ~_among(demanded, keep, len(scores.reviewers))
    for side, most in ((1, limits.max_load), (0, limits.wanted)):
        room = most - np.bincount(demanded[is_new][:, side], minlength=len(most))
        fits = _rank_within(keep[:, side]) < room[keep[:, side]]
        keep, status = keep[fits], status[fits]
    resort = status == PairStatus.LAST_RESORT
    rank = np.zeros(len(keep), dtype=np.int64)
    rank[resort] = _rank_within(keep[resort, 0])
    return _sorted(keep[rank == 0])


def _among(pairs: Ints, others: Ints, width: int) -> Bools:
    """(K,) whether each pair is one of the others."""
    return np.isin(pairs[:, 0] * width + pairs[:, 1], others[:, 0] * width + others[:, 1])


def _rank_within(groups: Ints) -> Ints:
    """(K,) how many earlier entries are of the same group."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.empty(0, dtype=np.int64)
    lengths = np.diff(np.r_[starts, len(ordered)])
    rank = np.empty(len(groups), dtype=np.int64)
    rank[order] = np.arange(len(ordered)) - np.repeat(starts, lengths)
    return rank


def _sorted(pairs: Ints) -> Ints:
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _fill(
    scores: ScoreMatrix, limits: Limits, keep: Ints, *, objective: str, seed: int, progress: Progress | None
) -> Ints:
    """The kept pairs and the best ones for what is missing; only submissions that miss something are looked at."""
    has = np.bincount(keep[:, 0], minlength=len(limits.wanted))
    open_rows = np.flatnonzero(limits.wanted > has)
    if not len(open_rows):
        return keep
    status = limits.status[open_rows].copy()
    place = np.full(len(limits.wanted), -1)
    place[open_rows] = np.arange(len(open_rows))
    is_open = place[keep[:, 0]] >= 0
    rows, columns = place[keep[is_open, 0]], keep[is_open, 1]
    resorts = np.zeros(len(open_rows), dtype=np.bool_)
    resorts[rows[status[rows, columns] == PairStatus.LAST_RESORT]] = True
    status[resorts[:, None] & (status == PairStatus.LAST_RESORT)] = PairStatus.FORBIDDEN
    status[rows, columns] = PairStatus.REQUIRED  # fairness counts what a submission has already
    part = scores.some(open_rows.tolist())
    settled = keep[~is_open]
    loads = np.bincount(settled[:, 1], minlength=len(limits.max_load))
    left = Limits(
        wanted=limits.wanted[open_rows],
        max_load=limits.max_load - loads,
        min_load=np.maximum(limits.min_load - loads, 0),
        status=status,
    )
    found = _places(part, solve_arrays(part, left, objective=objective, seed=seed, progress=progress).pairs)
    found[:, 0] = open_rows[found[:, 0]]
    return _sorted(np.concatenate([settled, found]))


def _places(scores: ScoreMatrix, pairs: Iterable[Pair]) -> Ints:
    """(K, 2) positions of pairs."""
    named = [
        (scores.submissions.position(pair.submission_id), scores.reviewers.position(pair.reviewer_id)) for pair in pairs
    ]
    return np.array(named, dtype=np.int64).reshape(-1, 2)


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
    assigned = np.zeros(scores.values.shape, dtype=np.bool_)
    places = _places(scores, assignment.pairs)
    assigned[places[:, 0], places[:, 1]] = True
    has_room = np.bincount(places[:, 1], minlength=len(limits.max_load)) < limits.max_load
    found = {}
    for row, name in enumerate(scores.submissions.ids):
        columns: Ints = np.flatnonzero((limits.status[row] == PairStatus.ELIGIBLE) & has_room & ~assigned[row])
        best = columns[np.argsort(-scores.values[row, columns], kind="stable")][:count]
        found[name] = tuple((scores.reviewers.ids[column], float(scores.values[row, column])) for column in best)
    return found
