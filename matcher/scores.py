"""Profiles and submissions become affinity scores.

A paper's part is its excess: how much more alike it is to the submission than two unrelated papers are,
``weight x (cosine - background)``. Texts without an abstract are less alike than texts with one, related or not, so
the background depends on whether each side has one. A reviewer's raw score is the background of texts with abstracts
plus the mean of their best excesses; the published score maps it to [0, 1] by one fixed monotone map,
``(raw - background) / (1 - background)`` cut at 0 and 1: 0 is background level, 1 is the same text. The map is the same
for the whole matrix, so scores compare across submissions and across reviewers.

A thin profile is filled up with papers at background level, excess 0. So deleting papers never pays: under `top_k`
with `thin_profile >= top_k`, a subset of a profile never scores higher than the whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.config import MatchConfig
from matcher.errors import UnknownNameError
from matcher.records import EvidencePaper, Floats, Ints, Profiles, Progress, ScoreMatrix, Venue

__all__ = ["score", "score_parts"]

_BLOCK_VALUES: Final = 16_000_000
"""Similarities held at once (64 MB of float32)."""


def score(profiles: Profiles, config: MatchConfig, *, progress: Progress | None = None) -> ScoreMatrix:
    """Score every submission against every reviewer.

    Args:
        profiles: vectors and who owns them.
        config: `aggregation`, `top_k`, `best_share`, `thin_profile`.
        progress: called with the stage "score", submissions done and their number.

    Returns:
        (S, R) scores; NaN in the columns of reviewers without papers.

    Raises:
        UnknownNameError: no aggregation has that name.

    Source: the mean of the best similarities follows Mimno and McCallum (KDD 2007, max) and its smoothed forms in
    Stelmakh et al. (arXiv 2303.16750).
    """
    background = profiles.encoder.background
    shape = (len(profiles.submissions), len(profiles.reviewers))
    raw = np.full(shape, np.nan, dtype=np.float32)
    groups = list(_groups_of_equal_size(profiles))
    block = max(1, _BLOCK_VALUES // max(1, len(profiles.papers), len(profiles.rows)))
    for start in range(0, shape[0], block):
        if progress is not None:
            progress("score", start, shape[0])
        excess = _similarity(profiles, start, start + block)
        excess -= _backgrounds(profiles, start, start + block)
        for reviewers, rows, weights in groups:
            raw[start : start + block, reviewers] = background + _aggregate(weights * excess[:, rows], config)
    if progress is not None:
        progress("score", shape[0], shape[0])
    return ScoreMatrix(
        submissions=profiles.submissions,
        reviewers=profiles.reviewers,
        values=_publish(raw, background),
        raw=raw,
        method=_describe(profiles, config),
    )


def score_parts(
    profiles: Profiles, config: MatchConfig, venue: Venue, submission_id: str, reviewer_id: str
) -> tuple[EvidencePaper, ...]:
    """The papers behind one score, with what each adds; the contributions sum to the published score.

    Args:
        profiles: as given to `score`.
        config: as given to `score`.
        venue: for titles.
        submission_id: an active submission.
        reviewer_id: a reviewer.

    Returns:
        Parts, largest contribution first; none for a reviewer without papers.

    Raises:
        UnknownNameError: an id is not known.
    """
    row = profiles.submissions.position(submission_id)
    column = profiles.reviewers.position(reviewer_id)
    owned = slice(int(profiles.spans[column]), int(profiles.spans[column + 1]))
    rows = profiles.rows[owned]
    if not len(rows):
        return ()
    background = profiles.encoder.background
    products = profiles.vectors[rows] @ profiles.submission_vectors[[row]].T
    similarity = (products if isinstance(products, np.ndarray) else products.toarray())[:, 0].astype(np.float32)
    excess = profiles.weights[owned] * (similarity - _backgrounds(profiles, row, row + 1)[0, rows])
    length, counted = _counts(len(rows), config)
    unit = counted * (1 - background)
    candidates = [(float(value), position) for position, value in enumerate(excess)]
    candidates += [(0.0, -1)] * (length - len(rows))
    best = sorted(candidates, key=lambda part: (-part[0], part[1]))[:counted]
    parts = []
    for value, position in best:
        if position >= 0:
            paper = venue.paper_by_id[profiles.papers.ids[int(rows[position])]]
            title = f"{paper.title} [stated by the reviewer]" if paper.kind == "statement" else paper.title
            parts.append(EvidencePaper(paper.id, title, float(similarity[position]), value / unit))
    missing = sum(1 for _, position in best if position < 0)
    if missing:
        parts.append(
            EvidencePaper(None, f"{missing} papers missing from a thin profile count as background", None, 0.0)
        )
    total = sum(part.contribution for part in parts)
    published = min(1.0, max(0.0, total))
    if published != total:
        parts.append(EvidencePaper(None, "a score is never below 0 or above 1", None, published - total))
    return tuple(parts)


def _publish(raw: Floats, background: float) -> Floats:
    """The fixed monotone map from raw to published scores; NaN stays NaN."""
    published: Floats = np.clip((raw - np.float32(background)) / np.float32(1 - background), 0, 1)
    return published


def _similarity(profiles: Profiles, start: int, stop: int) -> Floats:
    """(B, P) cosines of some submissions to all papers."""
    products = profiles.submission_vectors[start:stop] @ profiles.vectors.T
    dense = products if isinstance(products, np.ndarray) else products.toarray()
    return dense.astype(np.float32, copy=False)


def _backgrounds(profiles: Profiles, start: int, stop: int) -> Floats:
    """(B, P) cosines that unrelated texts of the same kinds have."""
    table = np.array(profiles.encoder.backgrounds, dtype=np.float32)
    with_abstract = profiles.submission_abstracts[start:stop, None].astype(np.int64) + profiles.abstracts[None, :]
    return table[with_abstract]


def _groups_of_equal_size(profiles: Profiles) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Reviewers with equally many papers, whose rows therefore form a matrix: no loop over reviewers is needed."""
    sizes = profiles.sizes()
    for size in np.unique(sizes[sizes > 0]):
        reviewers = np.flatnonzero(sizes == size)
        places = profiles.spans[reviewers][:, None] + np.arange(size)
        yield reviewers, profiles.rows[places], profiles.weights[places]


def _counts(papers: int, config: MatchConfig) -> tuple[int, int]:
    """Length of a profile after filling up, and how many of its best papers count."""
    length = max(papers, config.thin_profile)
    if config.aggregation == "top_k":
        return length, min(length, config.top_k)
    if config.aggregation == "max":
        return length, 1
    if config.aggregation == "mean":
        return length, length
    if config.aggregation == "best_share":
        return length, math.ceil(config.best_share * length)
    raise UnknownNameError("aggregation", config.aggregation, ("top_k", "max", "mean", "best_share"))


def _aggregate(excess: npt.NDArray[np.float32], config: MatchConfig) -> Floats:
    """(B, K, N) excesses of N papers to the (B, K) mean of the best of each profile."""
    papers = excess.shape[-1]
    length, counted = _counts(papers, config)
    if length > papers:
        filling = np.zeros((*excess.shape[:-1], length - papers), dtype=np.float32)
        excess = np.concatenate([excess, filling], axis=-1)
    if counted < length:
        excess = np.partition(excess, length - counted, axis=-1)[..., length - counted :]
    mean: Floats = excess.mean(axis=-1, dtype=np.float32)
    return mean


def _describe(profiles: Profiles, config: MatchConfig) -> str:
    model = f" {profiles.encoder.model}" if profiles.encoder.model else ""
    how = {
        "top_k": f"mean of the best {config.top_k} papers",
        "max": "best paper",
        "mean": "mean of all papers",
        "best_share": f"mean of the best {config.best_share:.0%} of the papers",
    }[config.aggregation]
    return f"{profiles.encoder.name}{model}, {how}, thin profiles filled up to {config.thin_profile}"
