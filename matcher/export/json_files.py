"""One JSON file with everything about an assignment, for programs."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Final

from matcher.export.bundle import DEFAULT_OPTIONS, ExportData, WriteOptions, refuse_existing
from matcher.records import Conflict, Pair, PersonId, SubmissionId, Verdict

__all__ = ["write_json"]

_VERSION: Final = 1
"""Grows when a reader of the older form would misread the newer one."""

_DIGITS: Final = 6
"""Digits after the point of a score, as in `assignment.csv`."""


def write_json(bundle: ExportData, folder: Path, options: WriteOptions = DEFAULT_OPTIONS) -> tuple[Path, ...]:
    """Write `assignment.json`: the venue, submissions with their reviewers, reviewers, conflicts, shortfalls.

    Numbers are numbers, what is not known is `null`, texts are as in the input. Keys stand in a fixed order and lists
    are sorted by id, so that equal matches give equal bytes.

    Args:
        bundle: the match.
        folder: an existing folder.
        options: whether the file may be replaced; no spreadsheet runs JSON, so nothing is guarded.

    Returns:
        The file written.

    Raises:
        DataError: the file exists and may not be replaced.
    """
    path = folder / "assignment.json"
    refuse_existing([path], options)
    text = json.dumps(_document(bundle), ensure_ascii=False, indent=2, allow_nan=False)
    with path.open("w" if options.overwrite else "x", encoding="utf-8", newline="") as stream:
        stream.write(text + "\n")
    return (path,)


def _document(bundle: ExportData) -> dict[str, Any]:
    venue, assignment = bundle.venue, bundle.assignment
    deadline = venue.deadline
    return {
        "format": "reviewer-matcher assignment",
        "version": _VERSION,
        "venue": {
            "name": venue.name,
            "digest": venue.digest,
            "deadline": deadline.day.isoformat() if deadline else None,
        },
        "solution": {
            "complete": assignment.is_complete,
            "objective": _rounded(assignment.objective),
            "bound": _rounded(assignment.bound),
            "gap": _rounded(assignment.gap),
            "solver": assignment.solver,
            "scores": bundle.scores.method,
        },
        "submissions": _submissions(bundle),
        "reviewers": _reviewers(bundle),
        "conflicts": [_conflict(conflict) for conflict in bundle.conflicts.items],
        "shortfalls": [
            {
                "submission_id": short.submission_id,
                "wanted": short.wanted,
                "got": short.got,
                "reason": short.reason,
                "remedies": list(short.remedies),
            }
            for short in assignment.shortfalls
        ],
        "underloads": [
            {
                "reviewer_id": under.reviewer_id,
                "min_load": under.min_load,
                "got": under.got,
                "reason": under.reason,
            }
            for under in assignment.underloads
        ],
    }


def _submissions(bundle: ExportData) -> list[dict[str, Any]]:
    pairs: dict[SubmissionId, list[Pair]] = defaultdict(list)
    for pair in bundle.assignment.pairs:
        pairs[pair.submission_id].append(pair)
    return [
        {
            "id": submission.id,
            "title": submission.title,
            "status": submission.status,
            "track": submission.track,
            "authors": [{"name": author.name, "id": author.person_id} for author in submission.authors],
            "reviewers": [
                {
                    "id": pair.reviewer_id,
                    "name": bundle.venue.name_of(pair.reviewer_id),
                    "score": _rounded(pair.score),
                    "marks": list(pair.marks),
                }
                for pair in pairs[submission.id]
            ],
        }
        for submission in bundle.venue.submissions
    ]


def _reviewers(bundle: ExportData) -> list[dict[str, Any]]:
    mine: dict[PersonId, list[SubmissionId]] = defaultdict(list)
    for pair in bundle.assignment.pairs:
        mine[pair.reviewer_id].append(pair.submission_id)
    blocked = Counter(reviewer_id for _, reviewer_id in bundle.conflicts.pairs(Verdict.BLOCK))
    return [
        {
            "id": reviewer.person_id,
            "name": bundle.venue.name_of(reviewer.person_id),
            "emails": list(bundle.venue.person_by_id[reviewer.person_id].emails),
            "papers": len(reviewer.paper_ids),
            "load": len(mine[reviewer.person_id]),
            "submissions": mine[reviewer.person_id],
            "blocked": blocked[reviewer.person_id],
        }
        for reviewer in bundle.venue.reviewers
    ]


def _conflict(conflict: Conflict) -> dict[str, Any]:
    return {
        "submission_id": conflict.submission_id,
        "reviewer_id": conflict.reviewer_id,
        "rule": conflict.rule,
        "verdict": conflict.verdict.value,
        "via": conflict.via,
        "via_name": conflict.via_name,
        "last_date": str(conflict.last_date) if conflict.last_date else None,
        "confidence": _rounded(conflict.confidence),
        "clears": conflict.clears,
        "evidence": [
            {
                "kind": fact.kind,
                "text": fact.text,
                "paper_id": fact.paper_id,
                "dates": [str(date) for date in fact.dates],
                "sources": [{"file": source.file, "line": source.line} for source in fact.sources],
            }
            for fact in conflict.evidence
        ],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), _DIGITS)
