"""Full texts in vectors: a text is cut into chunks, and their mean joins the vector of title and abstract.

``v = (1 - share) x (title and abstract) + share x level x (mean of the chunks, length 1)``. Means of chunks are more
alike to everything than single texts are, so `level` scales them: on average over the texts of the venue they come as
near to a title and abstract as another title and abstract does. So a reviewer whose full texts are there is neither
lifted nor pushed down by having them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from matcher.records import Ints, JoinedVectors, Vectors

__all__ = ["CHUNKS", "CHUNK_WORDS", "blend", "cut"]

CHUNK_WORDS: Final = 170
"""Words of a chunk: about the 256 tokens that the default model reads."""

CHUNKS: Final = 6
"""Chunks that are read, from the beginning: about a thousand words, abstract and introduction of most papers. Source:
earlier trials on the gold standard, so its result with full texts is no blind figure."""

_LEAST_LEVEL: Final = 0.25
"""Least factor of the level, so that a few odd texts cannot take a full text's part away."""


def cut(text: str) -> tuple[str, ...]:
    """The first chunks of a text; none of one without words."""
    words = text.split(maxsplit=CHUNKS * CHUNK_WORDS)[: CHUNKS * CHUNK_WORDS]
    return tuple(" ".join(words[start : start + CHUNK_WORDS]) for start in range(0, len(words), CHUNK_WORDS))


def blend(vectors: Vectors, chunks: Vectors, owners: Sequence[int], share: float) -> Vectors:
    """Join the means of chunks to the vectors of the texts that they were cut from.

    Args:
        vectors: (N, D) of titles and abstracts.
        chunks: (C, D) of chunks.
        owners: (C,) rows of `vectors`, ascending: whose chunk it is.
        share: of the full text, from 0 to 1.

    Returns:
        (N, D), rows without chunks unchanged.
    """
    rows, counts = np.unique(np.asarray(owners, dtype=np.int64), return_counts=True)
    means = _combine([(chunks, np.repeat(1.0 / counts, counts))], np.repeat(np.arange(len(rows)), counts), len(rows))
    lengths = np.sqrt(np.maximum(_row_products(means, means), 1e-12))
    means = _combine([(means, 1.0 / lengths)], np.arange(len(rows)), len(rows))
    level = _level(vectors, means, rows)
    kept = np.ones(vectors.shape[0])
    kept[rows] = 1.0 - share
    places = np.concatenate([np.arange(vectors.shape[0]), rows])
    return _combine([(vectors, kept), (means, np.full(len(rows), share * level))], places, vectors.shape[0])


def _level(vectors: Vectors, means: Vectors, rows: Ints) -> float:
    """How alike two titles and abstracts are, over how alike one is to the mean of another's chunks."""
    number = vectors.shape[0]
    total, of_means = _sums(vectors), _sums(means)
    plain = sum(float(one @ one) for one in total) - float(_row_products(vectors, vectors).sum())
    plain /= max(1, number * (number - 1))
    mixed = sum(float(one @ other) for one, other in zip(total, of_means, strict=True))
    mixed -= float(_row_products(vectors[rows], means).sum())
    mixed /= max(1, len(rows) * (number - 1))
    return 1.0 if plain <= 0 or mixed <= 0 else float(np.clip(plain / mixed, _LEAST_LEVEL, 1.0))


def _parts(vectors: Vectors) -> tuple[Any, ...]:
    return (vectors.dense, vectors.sparse) if isinstance(vectors, JoinedVectors) else (vectors,)


def _sums(vectors: Vectors) -> list[Any]:
    return [np.asarray(part.sum(axis=0), dtype=np.float64).ravel() for part in _parts(vectors)]


def _row_products(one: Vectors, other: Vectors) -> Any:
    """(N,) inner products of row i with row i."""
    found = np.zeros(one.shape[0])
    for left, right in zip(_parts(one), _parts(other), strict=True):
        products = left * right if isinstance(left, np.ndarray) else left.multiply(right)
        found += np.asarray(products.sum(axis=1)).ravel()
    return found


def _combine(weighted: Sequence[tuple[Vectors, Any]], places: Any, number: int) -> Vectors:
    """(number, D): each row of the matrices, times its weight, added to the row that `places` names for it."""
    import scipy.sparse as sp

    weights = np.concatenate([each for _, each in weighted])
    chosen = sp.csr_array((weights.astype(np.float32), (places, np.arange(len(places)))), shape=(number, len(places)))
    made: list[Any] = []
    for each in zip(*(_parts(vectors) for vectors, _ in weighted), strict=True):
        is_dense = isinstance(each[0], np.ndarray)
        product = chosen @ (np.vstack(each) if is_dense else sp.vstack(each, format="csr"))
        made.append(np.asarray(product, dtype=np.float32) if is_dense else sp.csr_array(product, dtype=np.float32))
    joined: Vectors = made[0] if len(made) == 1 else JoinedVectors(*made)
    return joined
