"""What somebody in conflict may see of a match: nothing of the submissions that they are in conflict with.

Rows of such submissions are left out, and so is everything that was worked out from them: totals, loads, bounds,
prices, reasons of missing reviews. What is left is a smaller match whose own totals agree with its rows, and which is
the same byte for byte whoever reviews the hidden submissions. Where everybody has the same known load, who counts rows
can still tell whose is missing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final

import numpy as np

from matcher.errors import UnknownNameError
from matcher.records import (
    Assignment,
    Conflict,
    Conflicts,
    Evidence,
    Index,
    Limits,
    PersonId,
    Profiles,
    ScoreMatrix,
    SubmissionId,
    Venue,
    Verdict,
)

__all__ = ["blinded_line", "hidden_from", "restrict", "without_submissions", "without_traces"]

_LEFT_OUT: Final = "the reason is left out: it would tell the loads of others"


def hidden_from(venue: Venue, conflicts: Conflicts, viewer: str) -> frozenset[SubmissionId]:
    """The submissions of which somebody must not learn who reviews them.

    Args:
        venue: who wrote what.
        conflicts: those of the viewer as a reviewer; others may be among them.
        viewer: a person's id.

    Raises:
        UnknownNameError: nobody has that id.
    """
    if PersonId(viewer) not in venue.person_by_id:
        raise UnknownNameError("person", viewer, venue.person_by_id)
    written = {each.id for each in venue.submissions if any(one.person_id == viewer for one in each.authors)}
    found = {
        each.submission_id
        for each in conflicts.items
        if each.reviewer_id == viewer and each.verdict is not Verdict.CLEAR
    }
    return frozenset(written | found)


def without_submissions(venue: Venue, hidden: Collection[SubmissionId]) -> Venue:
    """A venue without some submissions and everything that is said of them."""
    tables = ("declared", "bids", "fixed", "assignments", "history", "recommendations", "external_scores")
    kept: dict[str, Any] = {
        table: tuple(row for row in getattr(venue, table) if row.submission_id not in hidden) for table in tables
    }
    submissions = tuple(each for each in venue.submissions if each.id not in hidden)
    return replace(venue, submissions=submissions, decisions=(), **kept)


def without_traces(conflicts: Conflicts, hidden: Collection[SubmissionId]) -> Conflicts:
    """Conflicts without some submissions, and without facts that name one of them beside another submission."""
    marks = tuple(f"({name})" for name in hidden)

    def kept(fact: Evidence) -> Evidence:
        if fact.kind != "submission" or not fact.text.endswith(marks):
            return fact
        return replace(fact, text="submitted together to this venue: a submission that is left out here")

    rest = (each for each in conflicts.items if each.submission_id not in hidden)
    return Conflicts(tuple(replace(each, evidence=tuple(map(kept, each.evidence))) for each in rest))


def restrict(
    venue: Venue,
    profiles: Profiles,
    scores: ScoreMatrix,
    conflicts: Conflicts,
    limits: Limits,
    assignment: Assignment,
    hidden: Collection[SubmissionId],
) -> dict[str, Any]:
    """The records of a match without some submissions, by the names that `MatchResult` gives them.

    Args:
        venue: the input.
        profiles: vectors.
        scores: (S, R).
        conflicts: all.
        limits: what the assignment respects; minimum loads and rules over several pairs are left out, since they would
            tell of hidden pairs.
        assignment: the answer; its bound, its prices, missing minimum loads and the reasons of missing reviews are left
            out for the same reason.
        hidden: ids of submissions.
    """
    rows = [row for row, name in enumerate(scores.submissions) if name not in hidden]
    index = Index(scores.submissions.ids[row] for row in rows)
    pairs = tuple(pair for pair in assignment.pairs if pair.submission_id not in hidden)
    return {
        "venue": without_submissions(venue, hidden),
        "profiles": replace(
            profiles,
            submissions=index,
            submission_vectors=profiles.submission_vectors[rows],
            submission_abstracts=profiles.submission_abstracts[rows],
        ),
        "scores": scores.some(rows),
        "conflicts": without_traces(conflicts, hidden),
        "limits": replace(
            limits,
            wanted=limits.wanted[rows],
            status=limits.status[rows],
            min_load=np.zeros_like(limits.min_load),
            rules=(),
        ),
        "assignment": replace(
            assignment,
            pairs=pairs,
            shortfalls=tuple(
                replace(each, reason=_LEFT_OUT, remedies=())
                for each in assignment.shortfalls
                if each.submission_id not in hidden
            ),
            underloads=(),
            objective=float(np.sum([pair.score for pair in pairs if pair.score is not None], dtype=np.float64)),
            bound=None,
            certificate=None,
            marginals=None,  # the odds of a draw and its seed are for chairs alone
            goal=None,
        ),
    }


def blinded_line(found: Collection[Conflict]) -> dict[str, Any]:
    """The conflicts of one pair in an answer that names no author, no institution and no paper.

    The rule is left out too: that a reviewer is in conflict as an author, or by their institution, tells who wrote it.
    So is the number of reasons, which tells how many authors there are.
    """
    first = next(iter(found))
    verdicts = {each.verdict for each in found}
    return {
        "submission_id": first.submission_id,
        "reviewer_id": first.reviewer_id,
        "verdict": str(next(each for each in Verdict if each in verdicts)),
    }
