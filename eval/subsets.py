"""Scores of profiles cut short: what a reviewer would have with only some of their papers, by the product's own score.

Only the pairs that are asked for are scored, so tens of thousands of shortened profiles cost seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.config import MatchConfig
from matcher.errors import InputError
from matcher.records import Index, PaperId, PersonId, Profiles, SubmissionId
from matcher.scores import score

__all__ = ["Shortened", "score_shortened"]

_SUBMISSIONS_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class Shortened:
    """A reviewer with some of their papers, for one submission."""

    submission: SubmissionId
    reviewer: PersonId
    papers: frozenset[PaperId]


def score_shortened(
    profiles: Profiles, config: MatchConfig, wanted: Sequence[Shortened]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Score pairs of a submission and a shortened profile.

    Args:
        profiles: the whole venue; weights of papers stay as they are there.
        config: as for the whole venue.
        wanted: N pairs; papers are of the reviewer's profile.

    Returns:
        (N,) published and (N,) raw scores; NaN where no paper is left, or raw scores were not kept.

    Raises:
        InputError: a paper is not of the reviewer's profile.
    """
    published, raw = np.full(len(wanted), np.nan), np.full(len(wanted), np.nan)
    by_submission: dict[SubmissionId, list[int]] = {}
    for number, one in enumerate(wanted):
        by_submission.setdefault(one.submission, []).append(number)
    submissions = list(by_submission)
    for start in range(0, len(submissions), _SUBMISSIONS_AT_ONCE):
        chunk = submissions[start : start + _SUBMISSIONS_AT_ONCE]
        numbers = [number for submission in chunk for number in by_submission[submission]]
        names: dict[tuple[PersonId, frozenset[PaperId]], PersonId] = {}
        for number in numbers:
            key = (wanted[number].reviewer, wanted[number].papers)
            names.setdefault(key, PersonId(str(len(names))))
        found = score(_shorten(profiles, list(names), chunk), config)
        for number in numbers:
            one = wanted[number]
            row = found.submissions.position(one.submission)
            column = found.reviewers.position(names[one.reviewer, one.papers])
            published[number] = found.values[row, column]
            if found.raw is not None:
                raw[number] = found.raw[row, column]
    return published, raw


def _shorten(
    profiles: Profiles, kept: Sequence[tuple[PersonId, frozenset[PaperId]]], submissions: Sequence[SubmissionId]
) -> Profiles:
    """Profiles of shortened reviewers, named by their number, and of some submissions."""
    places = []
    for who, papers in kept:
        column = profiles.reviewers.position(who)
        owned = np.arange(profiles.spans[column], profiles.spans[column + 1])
        inside = [profiles.papers.ids[int(row)] in papers for row in profiles.rows[owned]]
        if sum(inside) < len(papers):
            raise InputError(f"the profile of '{who}' lacks papers that it should keep")
        places.append(owned[np.array(inside, dtype=np.bool_)])
    chosen = np.concatenate([*places, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    spans = np.zeros(len(kept) + 1, dtype=np.int64)
    np.cumsum([len(one) for one in places], out=spans[1:])
    rows = np.array([profiles.submissions.position(submission) for submission in submissions], dtype=np.int64)
    return replace(
        profiles,
        reviewers=Index[PersonId](PersonId(str(number)) for number in range(len(kept))),
        submissions=Index[SubmissionId](submissions),
        submission_vectors=profiles.submission_vectors[rows],
        submission_abstracts=profiles.submission_abstracts[rows],
        rows=profiles.rows[chosen],
        spans=spans,
        weights=profiles.weights[chosen],
    )
