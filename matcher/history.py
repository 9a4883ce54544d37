"""What earlier rounds and earlier versions of a submission say about who may review it now.

Nothing here changes a score, so matching twice gives the same twice. A wish for the same reviewer makes the pair
required where the reviewer is free to take it: no conflict, no veto, not declined, room in the load. A wish for
different ones bars the earlier reviewers. Without a wish an earlier reviewer is like any other. Who declined a
submission is never asked again for it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.errors import DataError
from matcher.records import Ints, PairStatus, PersonId, ScoreMatrix, SubmissionId, Venue

__all__ = ["mark_declined", "mark_different", "mark_same", "wishes"]

_WORDS: Final = {
    "same": ("same", "same reviewer", "same reviewers", "yes", "again"),
    "different": ("different", "different reviewer", "different reviewers", "no", "other", "others", "new"),
    "": ("", "none", "no wish", "no preference", "any", "-"),
}


def wishes(venue: Venue) -> dict[tuple[SubmissionId, PersonId], str]:
    """What the authors wish about each earlier reviewer: `same`, `different`, or the empty text.

    Raises:
        DataError: a wish is not understood, or two rows about one pair disagree.
    """
    meant = {word: wish for wish, words in _WORDS.items() for word in words}
    found: dict[tuple[SubmissionId, PersonId], str] = {}
    for entry in venue.history:
        word = entry.wish.strip().casefold()
        pair = (entry.submission_id, entry.reviewer_id)
        if word not in meant:
            raise DataError(
                f"the wish '{entry.wish}' about '{entry.reviewer_id}' for '{entry.submission_id}' is not understood",
                file="history.csv",
                field="wish",
                remedy="allowed are same, different, and nothing",
            )
        wish = meant[word]
        if wish and found.get(pair) not in (None, "", wish):
            raise DataError(
                f"the wishes about '{entry.reviewer_id}' for '{entry.submission_id}' contradict each other",
                file="history.csv",
                remedy="keep one of the two",
            )
        found[pair] = wish or found.get(pair, "")
    return found


def mark_different(status: npt.NDArray[np.uint8], scores: ScoreMatrix, venue: Venue) -> None:
    """Bar those earlier reviewers in whose place the authors wish for others."""
    for (submission, reviewer), wish in wishes(venue).items():
        if wish == "different" and submission in scores.submissions:
            status[scores.submissions.position(submission), scores.reviewers.position(reviewer)] = PairStatus.NOT_AGAIN


def mark_declined(status: npt.NDArray[np.uint8], scores: ScoreMatrix, venue: Venue) -> None:
    """Bar the pairs that a reviewer declined in an earlier round."""
    for each in venue.assignments:
        if each.state == "declined" and each.submission_id in scores.submissions:
            row, column = scores.submissions.position(each.submission_id), scores.reviewers.position(each.reviewer_id)
            status[row, column] = PairStatus.DECLINED


_STANDING: Final = ("proposed", "accepted", "done")
"""States of earlier assignments that stand."""


def earlier_loads(venue: Venue) -> dict[PersonId, float]:
    """What each reviewer carries from earlier rounds, by the weights of the submissions."""
    carried: dict[PersonId, float] = {}
    for submission, reviewer in {
        (each.submission_id, each.reviewer_id) for each in venue.assignments if each.state in _STANDING
    }:
        weight = venue.submission_by_id[submission].load_weight or 1.0
        carried[reviewer] = carried.get(reviewer, 0.0) + weight
    return carried


def mark_earlier(status: npt.NDArray[np.uint8], scores: ScoreMatrix, venue: Venue) -> None:
    """Bar the pairs that stand from earlier rounds: nobody gets a submission twice."""
    for each in venue.assignments:
        if each.state in _STANDING and each.submission_id in scores.submissions:
            row, column = scores.submissions.position(each.submission_id), scores.reviewers.position(each.reviewer_id)
            status[row, column] = PairStatus.FORBIDDEN


def mark_same(
    status: npt.NDArray[np.uint8], scores: ScoreMatrix, venue: Venue, *, wanted: Ints, max_load: Ints
) -> None:
    """Require those earlier reviewers whom the authors wish for and who are free, the best matches first.

    Pairs that the chair requires count first; nobody gets more than their load and no submission more than it wants.
    """
    required = status == PairStatus.REQUIRED
    places, room = wanted - required.sum(axis=1), max_load - required.sum(axis=0)
    again = []
    for (submission, reviewer), wish in wishes(venue).items():
        if wish == "same" and submission in scores.submissions:
            row, column = scores.submissions.position(submission), scores.reviewers.position(reviewer)
            if status[row, column] == PairStatus.ELIGIBLE:
                again.append((-float(scores.values[row, column]), row, column))
    for _, row, column in sorted(again):
        if places[row] > 0 and room[column] > 0:
            status[row, column] = PairStatus.REQUIRED
            places[row] -= 1
            room[column] -= 1
