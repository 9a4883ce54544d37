"""Why this pair, why not that one, why blocked, who would be next."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from matcher.errors import DataError
from matcher.records import (
    Assignment,
    Conflict,
    Conflicts,
    EvidencePaper,
    Explanation,
    Floats,
    Ints,
    Limits,
    Pair,
    PairStatus,
    PersonId,
    RankedReviewer,
    ScoreMatrix,
    SubmissionId,
    Venue,
    Verdict,
)

__all__ = ["Standing", "blinded", "explain"]

_FACTS: Final = 3
"""Facts of a conflict that a sentence names before it only counts; the conflict itself has them all."""

_ALTERNATIVES: Final = 3
"""How many reviewers are offered as next."""

_LEVELS: Final = 1001
"""Quantiles that percentiles are read from: steps of 0.1 per cent."""

_SAMPLED_SCORES: Final = 1_000_000
"""Scores that the quantiles are taken from."""

_DIGITS: Final = 4
"""Digits after the point of a loss."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An assignment as explanations look it up.

    Args:
        loads: (R,) submissions of each reviewer.
        by_submission: the pairs of each submission.
        by_reviewer: the pairs of each reviewer.
        levels: (1001,) quantiles of the scores of the venue, from a regular sample of a million where there are more;
            empty where nothing is scored.
    """

    loads: Ints
    by_submission: Mapping[SubmissionId, tuple[Pair, ...]]
    by_reviewer: Mapping[PersonId, tuple[Pair, ...]]
    levels: Floats

    @classmethod
    def of(cls, assignment: Assignment, scores: ScoreMatrix) -> Self:
        """Look the pairs up once, for many explanations."""
        by_submission: dict[SubmissionId, list[Pair]] = {}
        by_reviewer: dict[PersonId, list[Pair]] = {}
        loads = np.zeros(len(scores.reviewers), dtype=np.int64)
        for pair in assignment.pairs:
            by_submission.setdefault(pair.submission_id, []).append(pair)
            by_reviewer.setdefault(pair.reviewer_id, []).append(pair)
            loads[scores.reviewers.position(pair.reviewer_id)] += 1
        return cls(
            loads=loads,
            by_submission={name: tuple(pairs) for name, pairs in by_submission.items()},
            by_reviewer={name: tuple(pairs) for name, pairs in by_reviewer.items()},
            levels=_quantiles(scores.values),
        )

    def percentile(self, score: float | None) -> float | None:
        """Per cent of the scored pairs of the venue that score less."""
        if score is None or not len(self.levels):
            return None
        below = int(np.searchsorted(self.levels, np.float32(score), side="left"))
        return round(100 * min(1.0, below / (len(self.levels) - 1)), 1)

    def is_assigned(self, submission_id: str, reviewer_id: str) -> bool:
        """Whether the pair is assigned."""
        return any(pair.reviewer_id == reviewer_id for pair in self.of_submission(submission_id))

    def of_submission(self, submission_id: str) -> tuple[Pair, ...]:
        """The pairs of one submission."""
        return self.by_submission.get(SubmissionId(submission_id), ())


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
    basis: tuple[str, ...] = (),
    standing: Standing | None = None,
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
        basis: what the reviewer's profile rests on, in phrases.
        standing: the assignment looked up once, when many pairs are explained.

    Raises:
        UnknownNameError: an id is not known.
        DataError: the submission is not active, so nothing was assigned to it.
    """
    submission = venue.submission(submission_id)
    reviewer = venue.reviewer(reviewer_id)
    if submission.status != "active":
        raise DataError(f"submission '{submission_id}' is {submission.status}: it gets no reviewers")
    row, column = scores.submissions.position(submission_id), scores.reviewers.position(reviewer_id)
    standing = standing or Standing.of(assignment, scores)
    is_assigned = standing.is_assigned(submission_id, reviewer_id)
    status = PairStatus(int(limits.status[row, column]))
    ranked = _ranking(scores, limits, row)
    rank = ranked.index(column) + 1 if column in ranked else None
    found = conflicts.of(submission_id, reviewer_id)
    score = scores.value(submission_id, reviewer_id)
    reasons = (
        _why_assigned(_who_requires(venue, status, submission_id, reviewer_id), status, rank, len(ranked), score)
        if is_assigned
        else _why_not(venue, scores, limits, assignment, standing, row, column, found, rank, len(ranked))
    )
    cleared = [_say(conflict) for conflict in found if conflict.verdict is Verdict.CLEAR]
    return Explanation(
        submission_id=submission.id,
        reviewer_id=reviewer.person_id,
        status=_status_in_words(status, is_assigned=is_assigned),
        score=score,
        rank=rank,
        eligible=len(ranked),
        evidence=parts,
        conflicts=found,
        reasons=(*reasons, *cleared),
        alternatives=tuple(_alternatives(venue, scores, limits, standing, row, ranked)),
        percentile=standing.percentile(score),
        papers=len(reviewer.paper_ids),
        basis=basis,
    )


def blinded(explanation: Explanation) -> Explanation:
    """The same explanation naming no author, institution or joint paper: that there is a conflict, and no more."""
    told = {_say(conflict) for conflict in explanation.conflicts}
    verdicts = {conflict.verdict for conflict in explanation.conflicts}
    found = [text for verdict, text in _BLINDED.items() if verdict in verdicts][:1]
    rest = [reason for reason in explanation.reasons if reason not in told]
    return replace(explanation, conflicts=(), reasons=(*found, *rest))


_BLINDED: Final = {
    Verdict.BLOCK: "in conflict; with whom, and why, is left out",
    Verdict.ASK: "waits for a decision about a conflict; with whom, and why, is left out",
}


def _quantiles(values: Floats) -> Floats:
    step = max(1, values.size // _SAMPLED_SCORES)
    sample = values.ravel()[::step]
    sample = sample[~np.isnan(sample)]
    if not sample.size:
        return np.zeros(0, dtype=np.float32)
    return np.quantile(sample, np.linspace(0, 1, _LEVELS)).astype(np.float32)


def _status_in_words(status: PairStatus, *, is_assigned: bool) -> str:
    if is_assigned and status is PairStatus.ELIGIBLE:
        return "assigned"
    if status is PairStatus.LAST_RESORT and not is_assigned:
        return "unscored"  # may step in, and was not needed
    return status.name.lower()


def _ranking(scores: ScoreMatrix, limits: Limits, row: int) -> list[int]:
    """Columns that may review, best first; among equals by id, which is only an order of listing."""
    columns = np.flatnonzero(np.isin(limits.status[row], (PairStatus.ELIGIBLE, PairStatus.REQUIRED)))
    values = np.nan_to_num(scores.values[row, columns], nan=-1.0)
    return [int(column) for column in columns[np.argsort(-values, kind="stable")]]


def _who_requires(venue: Venue, status: PairStatus, submission_id: str, reviewer_id: str) -> str:
    """Why a pair is required: the chair's word, or else the authors' wish for the reviewer of an earlier version."""
    if status is not PairStatus.REQUIRED:
        return ""
    by_chair = any(
        fixed.kind == "require" and (fixed.submission_id, fixed.reviewer_id) == (submission_id, reviewer_id)
        for fixed in venue.fixed
    )
    return "the chair requires this pair" if by_chair else "the authors wish for the reviewer of an earlier version"


def _why_assigned(
    required: str, status: PairStatus, rank: int | None, eligible: int, score: float | None
) -> Iterator[str]:
    if required:
        yield required
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
    PairStatus.REFUSED: "this reviewer's bid refuses the submission",
    PairStatus.NOT_AGAIN: "this reviewer judged an earlier version, and the authors wish for others",
    PairStatus.DECLINED: "this reviewer declined the submission in an earlier round",
    PairStatus.RULED_OUT: "a rule over attributes bars the pair",
}


def _why_not(
    venue: Venue,
    scores: ScoreMatrix,
    limits: Limits,
    assignment: Assignment,
    standing: Standing,
    row: int,
    column: int,
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
    load = standing.loads[column]
    if load >= limits.max_load[column]:
        others = standing.by_reviewer.get(scores.reviewers.ids[column], ())
        listed = ", ".join(
            f"{pair.submission_id} ({pair.score:.2f})" if pair.score is not None else pair.submission_id
            for pair in sorted(others, key=lambda pair: (-(pair.score or 0.0), pair.submission_id))
        )
        yield f"{name} is full, with {load} of {limits.max_load[column]}: {listed}"
    chosen = [pair for pair in standing.of_submission(scores.submissions.ids[row]) if pair.score is not None]
    if chosen:
        scored = ", ".join(f"{venue.name_of(pair.reviewer_id)} ({pair.score:.2f})" for pair in chosen)
        yield f"assigned instead: {scored}"
    if standing.loads[column] < limits.max_load[column]:
        yield from _held_by_minimum(venue, scores, assignment, chosen, value)
    loss = _least_loss(scores, limits, assignment, row, column)
    if loss:
        # Prices bound the loss from below; whether another pair can take what this one gives up, they do not say.
        by = f"by at least {loss:.{_DIGITS}f}"
        yield f"requiring this pair would lower the total {by}, if all limits can still be met"


def _held_by_minimum(
    venue: Venue, scores: ScoreMatrix, assignment: Assignment, chosen: list[Pair], value: float
) -> Iterator[str]:
    """Who of the assigned scores less and is there because of their minimum load: a negative price says so."""
    if assignment.certificate is None:
        return
    prices = assignment.certificate.reviewer_prices
    held = [
        venue.name_of(pair.reviewer_id)
        for pair in chosen
        if (pair.score or 0.0) < value and prices[scores.reviewers.position(pair.reviewer_id)] < 0
    ]
    if held:
        verb = "needs" if len(held) == 1 else "need"
        yield f"{', '.join(held)} {verb} this submission for the minimum load"


def _say(conflict: Conflict) -> str:
    verb = {Verdict.BLOCK: "blocked", Verdict.ASK: "waits for a decision", Verdict.CLEAR: "cleared"}[conflict.verdict]
    via = f" through {conflict.via_name}" if conflict.via_name else ""
    facts = "; ".join(evidence.text for evidence in conflict.evidence[:_FACTS])
    if len(conflict.evidence) > _FACTS:
        facts += f"; and {len(conflict.evidence) - _FACTS} more"
    clears = f"; {conflict.clears}" if conflict.clears and conflict.verdict is not Verdict.CLEAR else ""
    return f"{verb}, rule {conflict.rule}{via}: {facts}{clears}"


def _least_loss(scores: ScoreMatrix, limits: Limits, assignment: Assignment, row: int, column: int) -> float | None:
    """What the optimum loses at least when the pair is required and every limit still met, rounded down.

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
    loss = threshold - float(net[column]) - (assignment.bound - assignment.objective)
    if loss >= assignment.certificate.underload:
        return None  # no exchange of scores costs as much: a limit would be broken somewhere else
    return max(0.0, math.floor(loss * 10**_DIGITS) / 10**_DIGITS)


def _alternatives(
    venue: Venue,
    scores: ScoreMatrix,
    limits: Limits,
    standing: Standing,
    row: int,
    ranked: list[int],
) -> Iterator[RankedReviewer]:
    """Who would be next: may review it, is not assigned to it, has room. Never a conflicted or full reviewer."""
    assigned = {pair.reviewer_id for pair in standing.of_submission(scores.submissions.ids[row])}
    offered = 0
    for column in ranked:
        reviewer_id = scores.reviewers.ids[column]
        if offered == _ALTERNATIVES:
            return
        if reviewer_id not in assigned and standing.loads[column] < limits.max_load[column]:
            offered += 1
            yield RankedReviewer(
                reviewer_id=reviewer_id,
                name=venue.name_of(reviewer_id),
                score=float(scores.values[row, column]),
                load=int(standing.loads[column]),
                max_load=int(limits.max_load[column]),
            )
