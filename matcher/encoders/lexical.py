"""Words and word pairs weighed against a background: rare terms as sparse rows, topics as short dense ones.

How common a term is, is counted over the background and the venue's own texts together: a small venue leans on the
background, a large one also knows what is common in its own field. Topics are the background's alone. That a text uses
a term says most, how often it does says little: counts saturate early.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from matcher.encoders.background import BUCKETS, Background
from matcher.records import Doubles, Floats, Ints

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import HashingVectorizer

__all__ = ["Lexicon", "count_terms", "inverse_frequency", "rare_terms", "topic_vectors", "unit_rows"]

SATURATION: Final = 0.5
"""Times that a term occurs for half of the weight that it can gain. Chosen on authorship retrieval: the logarithm of
the count and 1.2, the value usual for documents of all lengths, find fewer authors, and 0 is no better."""

COMMON_SHARE: Final = 0.1
"""Terms in a larger share of the background's papers are common."""


def count_terms(texts: Sequence[str], *, longest: int = 2) -> sp.csr_array:
    """(N, BUCKETS) how often the words, and runs of up to `longest` words, of each bucket occur in each text.

    English stop words are left out and accents folded. Source of the hashing: K. Weinberger et al., Feature hashing for
    large scale multitask learning, ICML 2009 (without signs: frequencies need counts).
    """
    # The vectoriser refuses to see nothing.
    found = _vectorizer(longest).transform([*texts, ""])
    counts: sp.csr_array = sp.csr_array((found.data, found.indices, found.indptr), shape=found.shape)
    return counts[: len(texts)]


def inverse_frequency(frequencies: npt.NDArray[Any], papers: int) -> Doubles:
    """Weight of each bucket, ``ln((1 + N) / (1 + n)) + 1``; a term that no paper holds weighs most.

    Source: K. Spärck Jones, A statistical interpretation of term specificity, 1972, smoothed.
    """
    weights: Doubles = np.log((1 + papers) / (1 + frequencies.astype(np.float64))) + 1
    return weights


def unit_rows(rows: Floats) -> Floats:
    """Rows of length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return unit


def rare_terms(counts: sp.csr_array, weights: Doubles) -> sp.csr_array:
    """(N, BUCKETS) sparse unit rows: ``count x (1 + k) / (count + k) x weight``, k being `SATURATION`.

    Source: S. Robertson, S. Walker, Some simple effective approximations to the 2-Poisson model, SIGIR 1994; the unit
    rows replace its correction for the length of documents.

    Args:
        counts: as from `count_terms`.
        weights: (BUCKETS,) at least 0.
    """
    rows = sp.csr_array(counts, copy=True)
    saturated = rows.data * (1 + SATURATION) / (rows.data + SATURATION)
    rows.data = (saturated * weights[rows.indices]).astype(np.float32)
    rows.eliminate_zeros()
    squares = np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
    lengths = np.sqrt(squares, where=squares > 0, out=np.ones_like(squares))
    rows.data /= np.repeat(lengths, np.diff(rows.indptr)).astype(np.float32)
    return rows


def topic_vectors(counts: sp.csr_array, terms: Ints, weights: Doubles, projection: Floats) -> Floats:
    """(N, D) unit rows: the frequent words of a text projected onto topics.

    Source: S. Deerwester et al., Indexing by latent semantic analysis, 1990.

    Args:
        counts: as from `count_terms`.
        terms: (T,) buckets of the words that count.
        weights: (BUCKETS,).
        projection: (T, D).
    """
    chosen = rare_terms(sp.csr_array(counts[:, terms]), weights[terms])
    return unit_rows(np.asarray(chosen @ projection, dtype=np.float32))


class Lexicon:
    """Rare terms and topics of texts under one background, and the texts of a venue where there is one.

    Args:
        background: how common words are, and which go together.
        texts: of the venue, each different one once.
    """

    def __init__(self, background: Background, texts: Sequence[str] = ()) -> None:
        self._background = background
        self._papers = background.papers + len(texts)
        buckets = count_terms(texts).indices
        self._frequencies = background.frequencies + np.bincount(buckets, minlength=BUCKETS).astype(np.float64)

    @property
    def digest(self) -> str:
        """SHA-256 over the frequencies."""
        return hashlib.sha256(self._frequencies.tobytes()).hexdigest()

    def encode(self, texts: Sequence[str]) -> tuple[sp.csr_array, Floats]:
        """(N, BUCKETS) rows of rare terms and (N, D) rows of topics, all of length 1 or 0."""
        counts = count_terms(texts)
        background = self._background
        return rare_terms(counts, self._rare), topic_vectors(
            counts, background.terms, self._weights, background.projection
        )

    @cached_property
    def common(self) -> Ints:
        """(C,) buckets of the background's common terms, ascending: few, but most texts share some."""
        background = self._background
        return np.flatnonzero(background.frequencies > COMMON_SHARE * background.papers)

    def split(self, rows: sp.csr_array) -> tuple[Floats, sp.csr_array]:
        """(N, C) dense columns of the common terms, and the rows without them.

        Most products of two sparse rows would come from these few terms.
        """
        rest = sp.csr_array(rows, copy=True)
        rest.data[np.isin(rest.indices, self.common)] = 0
        rest.eliminate_zeros()
        return np.asarray(rows[:, self.common].toarray(), dtype=np.float32), rest

    @cached_property
    def _weights(self) -> Doubles:
        background = self._background
        return inverse_frequency(background.frequencies, background.papers)

    @cached_property
    def _rare(self) -> Doubles:
        return inverse_frequency(self._frequencies, self._papers)


def _vectorizer(longest: int) -> HashingVectorizer:
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        n_features=BUCKETS,
        alternate_sign=False,
        ngram_range=(1, longest),
        stop_words="english",
        strip_accents="unicode",
        norm=None,
        dtype=np.float32,
    )
