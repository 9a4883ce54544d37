"""How the assignment in a conference system differs from the run that was handed to it.

Chairs change assignments by hand, reviewers decline, loads are raised. What stands there now is compared with the run:
which pairs are ours, which were added or taken away, which were declined, which of those that stand our rules do not
allow, whose load is above the maximum, and which submissions miss reviews.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from matcher.records import (
    Assignment,
    ExistingAssignment,
    Limits,
    PairStatus,
    PersonId,
    ScoreMatrix,
    SubmissionId,
)

__all__ = ["Barred", "Drift", "OverLoad", "Short", "find_drift"]

_REVIEWER: Final = "reviewer"
_MAY_BE: Final = (PairStatus.ELIGIBLE, PairStatus.LAST_RESORT, PairStatus.REQUIRED)

Named = tuple[SubmissionId, PersonId]


@dataclass(frozen=True, slots=True)
class Barred:
    """A pair that stands and that the run's rules do not allow; no status: the submission is not active."""

    submission_id: SubmissionId
    reviewer_id: PersonId
    status: PairStatus | None


@dataclass(frozen=True, slots=True)
class OverLoad:
    """A reviewer with more submissions than their maximum."""

    reviewer_id: PersonId
    load: int
    max_load: int


@dataclass(frozen=True, slots=True)
class Short:
    """An active submission with fewer reviewers than it wants."""

    submission_id: SubmissionId
    wanted: int
    has: int


@dataclass(frozen=True, slots=True)
class Drift:
    """What differs; every list of pairs is sorted.

    Args:
        kept: pairs of the run that stand.
        added: pairs that stand and are not of the run: added by hand.
        removed: pairs of the run that are gone without an answer.
        declined: pairs that a reviewer declined, of the run or added.
        barred: pairs that stand and may not be.
        over: reviewers above their maximum, as it is now.
        maximums: reviewers whose maximum differs from the run's: the run's and the new one.
        short: submissions that miss reviews.
        other_roles: pairs of other roles than reviewer, which the run says nothing of.
        ours: sum of the run's scores.
        now: sum of the scores of what stands, on the run's scale; a pair that is not scored counts 0.
    """

    kept: tuple[Named, ...]
    added: tuple[Named, ...]
    removed: tuple[Named, ...]
    declined: tuple[Named, ...]
    barred: tuple[Barred, ...]
    over: tuple[OverLoad, ...]
    maximums: Mapping[PersonId, tuple[int, int]]
    short: tuple[Short, ...]
    other_roles: int
    ours: float
    now: float


def find_drift(
    scores: ScoreMatrix,
    limits: Limits,
    assignment: Assignment,
    current: Iterable[ExistingAssignment],
    loads: Mapping[PersonId, int],
) -> Drift:
    """Compare what stands in a conference system with a run.

    Args:
        scores: (S, R) of the run.
        limits: what the run respects; its maximum loads hold where the system says none.
        assignment: the run's.
        current: pairs of the system with their states, by the run's ids.
        loads: maximum loads that the system states.
    """
    every = list(current)
    reviews = [each for each in every if each.role == _REVIEWER]
    declined = {(each.submission_id, each.reviewer_id) for each in reviews if each.state == "declined"}
    standing = {(each.submission_id, each.reviewer_id) for each in reviews} - declined
    ours = {(pair.submission_id, pair.reviewer_id) for pair in assignment.pairs}
    places = {name: place for place, name in enumerate(scores.reviewers.ids)}
    most = {name: int(limits.max_load[place]) for name, place in places.items()}
    changed = {name: (most[name], load) for name, load in sorted(loads.items()) if load != most[name]}
    most.update(loads)
    carried = Counter(reviewer for _, reviewer in standing)
    served = Counter(submission for submission, _ in standing)
    wanted = dict(zip(scores.submissions.ids, limits.wanted.tolist(), strict=True))
    return Drift(
        kept=tuple(sorted(ours & standing)),
        added=tuple(sorted(standing - ours)),
        removed=tuple(sorted(ours - standing - declined)),
        declined=tuple(sorted(declined)),
        barred=tuple(_barred(scores, limits, sorted(standing))),
        over=tuple(OverLoad(name, carried[name], most[name]) for name in sorted(carried) if carried[name] > most[name]),
        maximums=changed,
        short=tuple(Short(name, want, served[name]) for name, want in sorted(wanted.items()) if served[name] < want),
        other_roles=len(every) - len(reviews),
        ours=_total(scores, ours),
        now=_total(scores, standing),
    )


def _barred(scores: ScoreMatrix, limits: Limits, standing: Iterable[Named]) -> Iterable[Barred]:
    for submission, reviewer in standing:
        if submission not in scores.submissions:
            yield Barred(submission, reviewer, None)
            continue
        row, column = scores.submissions.position(submission), scores.reviewers.position(reviewer)
        status = PairStatus(int(limits.status[row, column]))
        if status not in _MAY_BE:
            yield Barred(submission, reviewer, status)


def _total(scores: ScoreMatrix, pairs: Iterable[Named]) -> float:
    values = [scores.value(*pair) or 0.0 for pair in sorted(pairs) if pair[0] in scores.submissions]
    return float(np.sum(values, dtype=np.float64))
