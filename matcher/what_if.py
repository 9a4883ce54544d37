"""What other weights would do to one submission: its reviewers ranked before and after, without solving anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.assignment import build_limits
from matcher.bids import apply_wishes
from matcher.config import MatchConfig
from matcher.records import (
    Assignment,
    Conflicts,
    Constraint,
    Floats,
    Index,
    Ints,
    Limits,
    PairStatus,
    PersonId,
    Profiles,
    ScoreMatrix,
    SubmissionId,
    Venue,
)
from matcher.scores import score

__all__ = ["WEIGHTS", "Ranked", "WhatIf", "rank_again"]

WEIGHTS: Final = (
    "aggregation",
    "top_k",
    "best_share",
    "thin_profile",
    "length_correction",
    "unscored",
    "min_score",
    "bids",
    "bid_scale",
    "bid_weight",
    "no_bid",
    "refused_bids",
    "recommendation_weight",
    "earlier_reviewers",
)
"""Settings that can be changed without encoding a text or looking for conflicts again."""

_MAY_BE: Final = (PairStatus.ELIGIBLE, PairStatus.REQUIRED)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A reviewer of the submission, before and after.

    Args:
        reviewer_id: the reviewer.
        before: score before; `None` where there is none.
        after: score after.
        rank_before: one-based among those who may review it; `None` for others.
        rank_after: the same, after.
        status_before: what may happen to the pair, in lower case.
        status_after: the same, after.
        is_assigned: whether the run assigned them.
        has_room: whether their load beside this submission leaves room for it.
    """

    reviewer_id: PersonId
    before: float | None
    after: float | None
    rank_before: int | None
    rank_after: int | None
    status_before: str
    status_after: str
    is_assigned: bool
    has_room: bool


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The ranking of one submission under other weights.

    Args:
        submission_id: the submission.
        rows: everybody with a rank before or after, or assigned; by rank after, then before.
        chosen_before: whom the run assigned, sorted.
        chosen_after: whom this submission would have when all others keep theirs: those required, then the best with
            room, sorted.
    """

    submission_id: SubmissionId
    rows: tuple[Ranked, ...]
    chosen_before: tuple[PersonId, ...]
    chosen_after: tuple[PersonId, ...]


def rank_again(
    venue: Venue,
    config: MatchConfig,
    profiles: Profiles,
    conflicts: Conflicts,
    scores: ScoreMatrix,
    limits: Limits,
    assignment: Assignment,
    submission_id: str,
) -> WhatIf:
    """Rank the reviewers of one submission under another configuration.

    Args:
        venue: the input of the match.
        config: the other configuration; only what `WEIGHTS` names may differ from that of the match.
        profiles: of the match.
        conflicts: of the match.
        scores: (S, R) before.
        limits: before.
        assignment: the answer of the match.
        submission_id: an active submission.

    Raises:
        UnknownNameError: there is no such submission.
    """
    row = profiles.submissions.position(submission_id)
    here = slice(row, row + 1)
    alone = replace(
        profiles,
        submissions=Index([profiles.submissions.ids[row]]),
        submission_vectors=profiles.submission_vectors[here],
        submission_abstracts=profiles.submission_abstracts[here],
    )
    after = apply_wishes(score(alone, config), venue, config)
    status = build_limits(venue, replace(config, constraints=_for_pairs(config)), after, conflicts).status[0]
    assigned = {pair.reviewer_id for pair in assignment.pairs if pair.submission_id == submission_id}
    others = [
        scores.reviewers.position(pair.reviewer_id) for pair in assignment.pairs if pair.submission_id != submission_id
    ]
    has_room = np.bincount(np.array(others, dtype=np.int64), minlength=len(limits.max_load)) < limits.max_load
    ranks = [_ranks(scores.values[row], limits.status[row]), _ranks(after.values[0], status)]
    rows = []
    for column, reviewer in enumerate(scores.reviewers.ids):
        one, other = int(ranks[0][column]), int(ranks[1][column])
        if one or other or reviewer in assigned:
            rows.append(
                Ranked(
                    reviewer_id=reviewer,
                    before=_number(scores.values[row, column]),
                    after=_number(after.values[0, column]),
                    rank_before=one or None,
                    rank_after=other or None,
                    status_before=PairStatus(limits.status[row, column]).name.lower(),
                    status_after=PairStatus(status[column]).name.lower(),
                    is_assigned=reviewer in assigned,
                    has_room=bool(has_room[column]),
                )
            )
    last = len(rows) + 1
    rows.sort(key=lambda each: (each.rank_after or last, each.rank_before or last, each.reviewer_id))
    required = [each.reviewer_id for each in rows if each.status_after == "required"]
    free = [each.reviewer_id for each in rows if each.rank_after and each.has_room and each.status_after == "eligible"]
    return WhatIf(
        submission_id=profiles.submissions.ids[row],
        rows=tuple(rows),
        chosen_before=tuple(sorted(assigned)),
        chosen_after=tuple(sorted([*required, *free][: int(limits.wanted[row])])),
    )


def _for_pairs(config: MatchConfig) -> tuple[Constraint, ...]:
    """The constraints that bar single pairs: the others need the whole assignment."""
    return tuple(rule for rule in config.constraints if rule.kind == "pair" and rule.price is None)


def _ranks(values: Floats, status: npt.NDArray[np.uint8]) -> Ints:
    """(R,) one-based rank of those who may review, 0 for others; equal scores in the order of columns."""
    ranks = np.zeros(len(values), dtype=np.int64)
    columns = np.flatnonzero(np.isin(status, _MAY_BE) & ~np.isnan(values))
    ranks[columns[np.argsort(-values[columns], kind="stable")]] = np.arange(1, len(columns) + 1)
    return ranks


def _number(value: np.float32) -> float | None:
    return None if np.isnan(value) else float(value)
