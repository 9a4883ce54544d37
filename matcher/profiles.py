"""Publications become profiles: one vector per paper, and which papers are whose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matcher.encoders import TextEncoder
from matcher.errors import DataError
from matcher.records import Index, PaperId, PersonId, Profiles, Progress, SubmissionId, Venue

__all__ = ["build_profiles"]


def build_profiles(
    venue: Venue, encoder: TextEncoder, *, progress: Progress | None = None, may_lack_submissions: bool = False
) -> Profiles:
    """Encode every reviewer's papers and every active submission, each text once.

    Args:
        venue: the input.
        encoder: makes the vectors; one that learns from a corpus learns from this venue's texts.
        progress: called while texts are embedded.
        may_lack_submissions: whether a venue without active submissions is fine: a pool of reviewers.

    Returns:
        Profiles with reviewers and submissions in the venue's order.

    Raises:
        DataError: there is no active submission or no reviewer.
    """
    submissions = venue.active_submissions
    if not submissions and not may_lack_submissions:
        raise DataError("there is no active submission", remedy="add submissions, or check their status")
    if not venue.reviewers:
        raise DataError("there is no reviewer", remedy="add reviewers")
    papers = Index[PaperId](sorted({paper for reviewer in venue.reviewers for paper in reviewer.paper_ids}))
    paper_texts = [venue.paper_by_id[paper].text for paper in papers]
    submission_texts = [submission.text for submission in submissions]
    ready = encoder.fit([*paper_texts, *submission_texts])
    vectors = ready.encode([*paper_texts, *submission_texts], progress=progress)

    owned: list[Sequence[int]] = [
        [papers.position(paper) for paper in sorted(reviewer.paper_ids)] for reviewer in venue.reviewers
    ]
    spans = np.zeros(len(owned) + 1, dtype=np.int64)
    np.cumsum([len(rows) for rows in owned], out=spans[1:])
    rows = np.fromiter((row for span in owned for row in span), dtype=np.int64, count=int(spans[-1]))
    return Profiles(
        reviewers=Index[PersonId](reviewer.person_id for reviewer in venue.reviewers),
        papers=papers,
        submissions=Index[SubmissionId](submission.id for submission in submissions),
        vectors=vectors[: len(paper_texts)],
        submission_vectors=vectors[len(paper_texts) :],
        abstracts=np.array([bool(venue.paper_by_id[paper].abstract) for paper in papers], dtype=np.bool_),
        submission_abstracts=np.array([bool(submission.abstract) for submission in submissions], dtype=np.bool_),
        rows=rows,
        spans=spans,
        # Every paper counts fully. Weights by source or age belong here, not into the vectors.
        weights=np.ones(len(rows), dtype=np.float32),
        encoder=ready.info,
    )
