"""TF-IDF over words and pairs of words: no model, no download, seconds for a large venue."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import scipy.sparse as sp

from matcher.errors import InputError
from matcher.records import EncoderInfo, Progress

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

__all__ = ["TfidfEncoder"]

CODE_VERSION: Final = 1
"""Raised whenever the same texts would give other vectors."""

BACKGROUNDS: Final = (0.0022, 0.0032, 0.0089)
"""Mean cosine of two random papers: title and title, title and title with abstract, both with abstract. Source:
`python -m eval background --encoder tfidf` on 4,000 papers (arXiv metadata, CC0; ACL Anthology, CC BY 4.0)."""

TAIL: Final = 0.0109
"""Mean excess of the cosines of random papers over their 98 % quantile, on 1,200 papers of the same sources."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Texts that are encoded already: their rows, by text."""

    rows: Mapping[str, int]
    vectors: sp.csr_array


class TfidfEncoder:
    """Sublinear TF-IDF of words and word pairs, English stop words left out, accents folded, rows of length 1.

    Source: G. Salton, C. Buckley, Term-weighting approaches in automatic text retrieval, 1988; the Toronto Paper
    Matching System scores with the same weights (Charlin, Zemel 2013).

    Args:
        vectorizer: a fitted one; made by `fit`.
        seen: the vectors of the texts that it was fitted on, by text.

    >>> encoder = TfidfEncoder().fit(["sparse training of networks", "graph networks"])
    >>> encoder.encode(["graph networks"]).shape[0]
    1
    """

    def __init__(self, vectorizer: TfidfVectorizer | None = None, seen: _Seen | None = None) -> None:
        self._vectorizer = vectorizer
        self._seen = seen

    @property
    def info(self) -> EncoderInfo:
        """Name, digest of terms and weights, number of terms, background."""
        vectorizer = self._fitted()
        terms = vectorizer.get_feature_names_out()
        digest = hashlib.sha256(f"tfidf {CODE_VERSION}".encode())
        digest.update("\n".join(terms).encode())
        digest.update(np.asarray(vectorizer.idf_, dtype=np.float64).tobytes())
        return EncoderInfo(
            name="tfidf", model="", digest=digest.hexdigest(), dimension=len(terms), backgrounds=BACKGROUNDS, tail=TAIL
        )

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn terms and their weights from the texts of the venue.

        Raises:
            InputError: no text holds a word.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(
            sublinear_tf=True, ngram_range=(1, 2), stop_words="english", strip_accents="unicode", dtype=np.float32
        )
        try:
            vectors = sp.csr_array(vectorizer.fit_transform(texts), dtype=np.float32)
        except ValueError as error:
            raise InputError(
                f"tfidf finds no word in the {len(texts)} texts of publications and submissions ({error})"
            ) from None
        return type(self)(vectorizer, _Seen({text: row for row, text in enumerate(texts)}, vectors))

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> sp.csr_array:
        """Encode texts; (N, D) sparse unit rows."""
        if not texts:  # scikit-learn refuses none
            return self.encode([""])[:0]
        vectorizer, seen = self._fitted(), self._seen
        if seen is not None and all(text in seen.rows for text in texts):
            # Taking words apart is most of the work, and fitting has done it for these texts.
            vectors = seen.vectors[[seen.rows[text] for text in texts]]
        else:
            vectors = sp.csr_array(vectorizer.transform(texts), dtype=np.float32)
        if progress is not None:
            progress("embed", len(texts), len(texts))
        return vectors

    def _fitted(self) -> TfidfVectorizer:
        if self._vectorizer is None:
            raise InputError("the tfidf encoder learns its terms from the venue: call fit(texts) before encode(texts)")
        return self._vectorizer
