"""How alike are two papers that have nothing to do with each other? That is where published scores start.

A title alone is less alike to anything than a title with its abstract, so each combination has its own background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from eval.datasets import PaperText
from matcher.encoders import TextEncoder
from matcher.errors import InputError
from matcher.records import EncoderInfo, Progress, Vectors, inner_products

__all__ = ["KINDS", "Background", "Cosines", "draw_papers", "measure_background"]

KINDS: Final = ("title × title", "title × title with abstract", "both with abstract")
"""What is compared, in the order of `EncoderInfo.backgrounds`."""

_BLOCK_ROWS: Final = 500
"""Rows of the matrix of cosines held at once."""


@dataclass(frozen=True, slots=True)
class Cosines:
    """Mean and standard deviation of the cosines of all ordered pairs of two different papers."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Background:
    """Cosines between two different papers of a collection.

    Args:
        papers: how many were compared, each with each other.
        cosines: one for each of `KINDS`.
        info: what made the vectors.
    """

    papers: int
    cosines: tuple[Cosines, ...]
    info: EncoderInfo


def draw_papers(papers: Sequence[PaperText], *, count: int, rng: np.random.Generator | int) -> list[PaperText]:
    """Draw papers without repetition; all of them, in drawn order, where there are no more.

    Args:
        papers: in a fixed order.
        count: how many to draw.
        rng: a generator, or the seed of one.
    """
    order = np.random.default_rng(rng).permutation(len(papers))[:count]
    return [papers[int(place)] for place in order]


def measure_background(
    papers: Sequence[PaperText], encoder: TextEncoder, *, progress: Progress | None = None
) -> Background:
    """Mean and standard deviation of the cosine over all pairs of two different papers, for each of `KINDS`.

    Args:
        papers: at least two, all with an abstract.
        encoder: one that learns from a corpus learns from these titles with abstracts.
        progress: called while texts are embedded.

    Raises:
        InputError: there are fewer than two papers, or one has no abstract.
    """
    if len(papers) < 2 or not all(paper.abstract for paper in papers):
        raise InputError(f"a background needs two papers at least, all with an abstract; got {len(papers)} papers")
    whole = [paper.text for paper in papers]
    ready = encoder.fit(whole)
    titles = ready.encode([paper.title for paper in papers], progress=progress)
    texts = ready.encode(whole, progress=progress)
    pairs = ((titles, titles), (titles, texts), (texts, texts))
    return Background(
        papers=len(papers), cosines=tuple(_off_diagonal(one, other) for one, other in pairs), info=ready.info
    )


def _off_diagonal(one: Vectors, other: Vectors) -> Cosines:
    """Over all pairs of a row of one and a row of the other that are not of the same paper."""
    total, squares = 0.0, 0.0
    count = one.shape[0]
    for start in range(0, count, _BLOCK_ROWS):
        cosines = _cosines(one, other, start, min(start + _BLOCK_ROWS, count))
        own = np.arange(len(cosines))
        cosines[own, start + own] = 0.0  # a paper and itself
        total += float(cosines.sum())
        squares += float((cosines**2).sum())
    pairs = count * (count - 1)
    mean = total / pairs
    return Cosines(mean, float(np.sqrt(max(0.0, squares / pairs - mean**2))))


def _cosines(one: Vectors, other: Vectors, start: int, stop: int) -> npt.NDArray[np.float64]:
    """(B, N) cosines of some rows to all rows, in float64: millions of them are summed."""
    return inner_products(one[start:stop], other).astype(np.float64)
