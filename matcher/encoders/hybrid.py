"""The default encoder: sentence vectors, rare terms and topics side by side.

The cosine of two joined rows is a weighted mean of three cosines. Each weight is the wanted weight divided by the
standard deviation of that cosine between unrelated papers, so that all three speak in the same unit: how far above
chance. The deviations are measured once, on the background, and never on a venue, so scores compare everywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, Self

import numpy as np

from matcher.encoders.background import Background
from matcher.encoders.lexical import Lexicon
from matcher.encoders.sentence import SentenceVectors
from matcher.errors import InputError
from matcher.records import EncoderInfo, JoinedVectors, Progress

__all__ = ["WEIGHTS", "HybridEncoder"]

CODE_VERSION: Final = 2
"""Raised whenever the same texts, model and background would give other vectors."""

WEIGHTS: Final = (0.4, 0.5, 0.1)
"""Of sentences, rare terms and topics, in units of the deviation between unrelated papers. Chosen on authorship
retrieval (three development sets), where anything from 0.2 to 0.5 for sentences is within 0.006 of it."""


class HybridEncoder:
    """Sentence vectors, rare terms and topics in one row.

    Args:
        sentence: makes the sentence vectors.
        background: frequencies, topics and measured cosines; of the same sentence model.
        lexicon: one that has seen a venue; made by `fit`.

    Raises:
        InputError: the background was measured for another sentence model.
    """

    def __init__(self, sentence: SentenceVectors, background: Background, lexicon: Lexicon | None = None) -> None:
        if background.model != sentence.model:
            raise InputError(
                f"the background was measured for the model '{background.model}', not for '{sentence.model}': "
                f"`matcher background build --model {sentence.model}` makes one to give as background, and "
                "encoder = 'sentence' needs none"
            )
        self._sentence = sentence
        self._lexicon = lexicon or Lexicon(background)
        self._background = background

    @property
    def info(self) -> EncoderInfo:
        """Name, model, digest of model and background, length of rows, background levels and tail."""
        inner = self._sentence.info
        digest = hashlib.sha256(
            f"hybrid {CODE_VERSION} {inner.digest} {self._background.digest} {self._lexicon.digest}".encode()
        )
        return EncoderInfo(
            name="hybrid",
            model=inner.model,
            digest=digest.hexdigest(),
            dimension=inner.dimension
            + self._background.projection.shape[1]
            + len(self._lexicon.common)
            + len(self._background.frequencies),
            backgrounds=self._background.backgrounds,
            tail=self._background.tail,
        )

    def fit(self, texts: Sequence[str]) -> Self:
        """Count the terms of the venue's texts beside those of the background; each different text counts once."""
        different = sorted({text for text in texts if text.strip()})
        return type(self)(self._sentence, self._background, Lexicon(self._background, different))

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> JoinedVectors:
        """Encode texts; (N, D) rows of length 1, shorter where a text holds no rare or no frequent term."""
        sentences = self._sentence.encode(texts, progress=progress)
        rare, topics = self._lexicon.encode(texts)
        of_sentences, of_rare, of_topics = (np.float32(np.sqrt(share)) for share in self._background.shares)
        common, rest = self._lexicon.split(of_rare * rare)
        return JoinedVectors(
            dense=np.concatenate([of_sentences * sentences, of_topics * topics, common], axis=1), sparse=rest
        )
