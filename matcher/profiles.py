"""Publications become profiles: one vector per paper, which papers are whose, and how much each counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from matcher.config import PLAIN_SEPARATOR, MatchConfig
from matcher.encoders import TextEncoder
from matcher.errors import DataError
from matcher.full_text import blend, cut
from matcher.records import (
    Index,
    Paper,
    PaperId,
    PersonId,
    Profiles,
    Progress,
    Reviewer,
    Submission,
    SubmissionId,
    Vectors,
    Venue,
)
from matcher.weighting import paper_weights

__all__ = ["build_profiles"]


def build_profiles(
    venue: Venue,
    encoder: TextEncoder,
    config: MatchConfig | None = None,
    *,
    progress: Progress | None = None,
    may_lack_submissions: bool = False,
) -> Profiles:
    """Encode every reviewer's papers and every active submission, each text once.

    Args:
        venue: the input.
        encoder: makes the vectors; one that learns from a corpus learns from this venue's texts.
        config: what weighs papers (see `matcher.weighting`), `area_weight`, `keywords`, `full_text_share`, `separator`,
            `submission_prompt`; by default every paper counts fully.
        progress: called while texts are embedded.
        may_lack_submissions: whether a venue without active submissions is fine: a pool of reviewers.

    Returns:
        Profiles with reviewers and submissions in the venue's order.

    Raises:
        DataError: there is no active submission or no reviewer, or ages are to count and there is no deadline.
    """
    config = config or MatchConfig()
    submissions = venue.active_submissions
    if not submissions and not may_lack_submissions:
        raise DataError("there is no active submission", remedy="add submissions, or check their status")
    if not venue.reviewers:
        raise DataError("there is no reviewer", remedy="add reviewers")
    owned = [_evidence(venue, reviewer, config) for reviewer in venue.reviewers]
    by_id = {paper.id: paper for papers in owned for paper, _ in papers}
    papers = Index[PaperId](sorted(by_id))
    texts = [_joined(by_id[paper], config) for paper in papers]
    submission_texts = [_text_of(submission, config) for submission in submissions]
    ready = encoder.fit([*texts, *submission_texts])
    full_texts = [*(by_id[paper].full_text for paper in papers), *(submission.full_text for submission in submissions)]
    vectors = _encode(ready, [*texts, *submission_texts], full_texts, config.full_text_share, progress)

    spans = np.zeros(len(owned) + 1, dtype=np.int64)
    np.cumsum([len(rows) for rows in owned], out=spans[1:])
    flat = [(papers.position(paper.id), weight) for rows in owned for paper, weight in rows]
    return Profiles(
        reviewers=Index[PersonId](reviewer.person_id for reviewer in venue.reviewers),
        papers=papers,
        submissions=Index[SubmissionId](submission.id for submission in submissions),
        vectors=vectors[: len(texts)],
        submission_vectors=vectors[len(texts) :],
        abstracts=np.array([bool(by_id[paper].abstract) for paper in papers], dtype=np.bool_),
        submission_abstracts=np.array([bool(submission.abstract) for submission in submissions], dtype=np.bool_),
        rows=np.array([row for row, _ in flat], dtype=np.int64),
        spans=spans,
        weights=np.array([weight for _, weight in flat], dtype=np.float32),
        encoder=ready.info,
    )


def _evidence(venue: Venue, reviewer: Reviewer, config: MatchConfig) -> Sequence[tuple[Paper, float]]:
    """What speaks for a reviewer and how much: papers by id, then the areas that they state, where these count."""
    known: Mapping[PaperId, Paper] = venue.paper_by_id
    papers = [known[paper] for paper in sorted(reviewer.paper_ids)]
    weighted = list(zip(papers, paper_weights(venue, reviewer, papers, config), strict=True))
    if config.area_weight and reviewer.interests:
        weighted.append((Paper(reviewer.areas_id, reviewer.areas_text, kind="statement"), config.area_weight))
    return [(paper, weight) for paper, weight in weighted if weight > 0]


def _text_of(submission: Submission, config: MatchConfig) -> str:
    text = _joined(submission, config)
    if config.keywords and submission.keywords:
        end = "" if text.endswith((".", "?", "!")) else "."
        text = f"{text}{end} {', '.join(submission.keywords)}"
    return config.submission_prompt + text


def _joined(work: Paper | Submission, config: MatchConfig) -> str:
    """Title and abstract, with what the model wants between them."""
    if config.separator == PLAIN_SEPARATOR or not (work.title and work.abstract):
        return work.text
    return f"{work.title}{config.separator}{work.abstract}"


def _encode(
    encoder: TextEncoder, texts: Sequence[str], full_texts: Sequence[str], share: float, progress: Progress | None
) -> Vectors:
    """Vectors of titles and abstracts, with their full texts blended in where there are any."""
    vectors = encoder.encode(texts, progress=progress)
    chunks = [(row, chunk) for row, text in enumerate(full_texts) for chunk in cut(text)] if share else []
    if not chunks:
        return vectors
    of_chunks = encoder.encode([chunk for _, chunk in chunks], progress=progress)
    return blend(vectors, of_chunks, [row for row, _ in chunks], share)
