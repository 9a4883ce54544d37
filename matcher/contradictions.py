"""Pairs that the chair requires, against what bars them: a conflict, too little demand, too little load.

Each contradiction is a smallest set of reasons by itself: without the requirement, or without what bars it, it is gone.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from matcher.errors import counted
from matcher.records import (
    Bools,
    Conflicts,
    Infeasibility,
    Ints,
    PairStatus,
    Relaxation,
    ScoreMatrix,
    Venue,
    Verdict,
)

__all__ = ["find_contradictions"]

_FILE = "fixed.csv"


def find_contradictions(
    scores: ScoreMatrix,
    venue: Venue,
    conflicts: Conflicts,
    *,
    status: npt.NDArray[np.uint8],
    wanted: Ints,
    max_load: Ints,
) -> tuple[Infeasibility, ...]:
    """Every required pair that cannot be, and every demand or load that the required pairs exceed.

    Args:
        scores: (S, R); only its ids are read.
        venue: its fixed pairs.
        conflicts: of the venue.
        status: (S, R) with conflicts and questions marked, before required pairs are.
        wanted: (S,) reviews of each submission.
        max_load: (R,) most submissions of each reviewer.
    """
    required = np.zeros(status.shape, dtype=np.bool_)
    found: list[Infeasibility] = []
    for fixed in venue.fixed:
        if fixed.kind != "require" or fixed.submission_id not in scores.submissions:
            continue
        place = scores.submissions.position(fixed.submission_id), scores.reviewers.position(fixed.reviewer_id)
        required[place] = True
        if status[place] in (PairStatus.BLOCKED, PairStatus.ASK):
            found.append(_in_conflict(fixed.submission_id, fixed.reviewer_id, conflicts))
    found += _too_many(scores, required, wanted, max_load)
    return tuple(found)


def _in_conflict(submission: str, reviewer: str, conflicts: Conflicts) -> Infeasibility:
    reasons = [each for each in conflicts.of(submission, reviewer) if each.verdict is not Verdict.CLEAR]
    rules = ", ".join(sorted({each.rule for each in reasons}))
    ways = [Relaxation("required", f"take it out of {_FILE}", 1, 1)]
    if all(each.verdict is Verdict.ASK for each in reasons):
        ways.append(Relaxation("questions", "decide that it is no conflict (matcher review)", len(reasons), 1))
    return Infeasibility(
        wanting="required pairs",
        submissions=(reasons[0].submission_id,),
        reviewers=(reasons[0].reviewer_id,),
        rules=("required pairs", "conflicts"),
        need=1,
        can=0,
        text=f"{_FILE}: the pair '{submission}', '{reviewer}' is required and in conflict ({rules})",
        relaxations=tuple(ways),
    )


def _too_many(scores: ScoreMatrix, required: Bools, wanted: Ints, most: Ints) -> Iterator[Infeasibility]:
    for row in np.flatnonzero(required.sum(axis=1) > wanted).tolist():
        need, can, name = int(required[row].sum()), int(wanted[row]), scores.submissions.ids[row]
        yield Infeasibility(
            wanting="required pairs",
            submissions=(name,),
            reviewers=tuple(scores.reviewers.ids[column] for column in np.flatnonzero(required[row])),
            rules=("required pairs",),
            need=need,
            can=can,
            text=f"{_FILE}: submission '{name}' wants {counted(can, 'review')} and has "
            f"{counted(need, 'required reviewer')}",
            relaxations=(
                Relaxation("required", f"require {need - can} fewer of them", need - can, need - can),
                Relaxation("demand", f"raise its reviews_wanted to {need}", need - can, need - can),
            ),
        )
    for column in np.flatnonzero(required.sum(axis=0) > most).tolist():
        need, can, reviewer = int(required[:, column].sum()), int(most[column]), scores.reviewers.ids[column]
        yield Infeasibility(
            wanting="required pairs",
            submissions=tuple(scores.submissions.ids[row] for row in np.flatnonzero(required[:, column])),
            reviewers=(reviewer,),
            rules=("required pairs",),
            need=need,
            can=can,
            text=f"{_FILE}: reviewer '{reviewer}' has a maximum load of {can} and "
            f"{counted(need, 'required submission')}",
            relaxations=(
                Relaxation("required", f"require {need - can} fewer of them", need - can, need - can),
                Relaxation("load", f"raise the maximum load of '{reviewer}' to {need}", need - can, need - can),
            ),
        )
