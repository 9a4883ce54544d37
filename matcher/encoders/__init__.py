"""Encoders: texts to unit vectors. One protocol, one module per encoder, made by name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol, Self

from matcher.config import MatchConfig
from matcher.errors import UnknownNameError
from matcher.records import EncoderInfo, Progress, Vectors

__all__ = ["ENCODERS", "TextEncoder", "default_cache_dir", "make_encoder"]

ENCODERS: Final = ("sentence", "tfidf")


class TextEncoder(Protocol):
    """Texts in, unit vectors out. Equal texts give equal vectors, whatever stands beside them."""

    @property
    def info(self) -> EncoderInfo:
        """What made the vectors; equal infos mean comparable vectors.

        Raises:
            InputError: the encoder learns from a corpus and has not seen one (`fit`).
        """
        ...

    def fit(self, texts: Sequence[str]) -> Self:
        """An encoder ready to encode: one that learns from a corpus learns from `texts`, others return themselves.

        Args:
            texts: all texts of the venue, publications and submissions.
        """
        ...

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Encode texts.

        Args:
            texts: N texts; an empty one gets a row of zeros.
            progress: called with the stage "embed", texts done, and N.

        Returns:
            (N, D) unit rows, float32, dense or sparse CSR.
        """
        ...


def default_cache_dir() -> Path:
    """Where vectors are kept between runs: `$MATCHER_CACHE`, else the user's cache folder."""
    chosen = os.environ.get("MATCHER_CACHE")
    if chosen:
        return Path(chosen)
    import platformdirs

    return platformdirs.user_cache_path("reviewer-matcher")


def make_encoder(config: MatchConfig, *, cache_dir: Path | None = None) -> TextEncoder:
    """Make the encoder that a configuration names.

    Args:
        config: `encoder` and, for the sentence encoder, `model`, `max_tokens`, `precision`.
        cache_dir: folder for vectors of texts already encoded; `None` keeps none.

    Raises:
        UnknownNameError: no encoder has that name.
        MissingExtraError: its packages are not installed.
        InputError: the model is not there or not what it should be.
    """
    if config.encoder == "tfidf":
        from matcher.encoders.tfidf import TfidfEncoder

        return TfidfEncoder()
    if config.encoder == "sentence":
        from matcher.encoders.sentence import SentenceEncoder

        return SentenceEncoder(
            model=config.model, max_tokens=config.max_tokens, precision=config.precision, cache_dir=cache_dir
        )
    raise UnknownNameError("encoder", config.encoder, ENCODERS)
