"""Encoders: texts to unit vectors. One protocol, one module per encoder, made by name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, Self

from matcher.config import PLAIN_SEPARATOR, MatchConfig
from matcher.errors import InputError, UnknownNameError
from matcher.executors import Executor
from matcher.records import EncoderInfo, Progress, Vectors

if TYPE_CHECKING:
    from matcher.encoders.sentence import SentenceVectors

__all__ = ["ENCODERS", "TextEncoder", "default_cache_dir", "make_encoder", "make_sentence_encoder"]

ENCODERS: Final = ("hybrid", "sentence", "tfidf")


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


def make_encoder(
    config: MatchConfig, *, cache_dir: Path | None = None, executor: Executor | None = None
) -> TextEncoder:
    """Make the encoder that a configuration names.

    Args:
        config: `encoder` and, for sentence vectors, what `make_sentence_encoder` reads; for hybrid ones `background`.
        cache_dir: folder for vectors of texts already encoded; `None` keeps none.
        executor: where sentence vectors are made; by default in this process.

    Raises:
        UnknownNameError: no encoder has that name.
        MissingExtraError: its packages are not installed.
        InputError: the model or the background is not there or not what it should be.
    """
    if config.encoder in {"hybrid", "tfidf"} and (config.separator != PLAIN_SEPARATOR or config.submission_prompt):
        raise InputError(
            f"separator and submission_prompt are for sentence models alone, and encoder is '{config.encoder}': words "
            "of theirs would count as words of the texts; set encoder = 'sentence'"
        )
    if config.encoder == "tfidf":
        from matcher.encoders.tfidf import TfidfEncoder

        return TfidfEncoder()
    if config.encoder in {"hybrid", "sentence"}:
        sentence = make_sentence_encoder(config, cache_dir=cache_dir, executor=executor)
        return sentence if config.encoder == "sentence" else _join(sentence, config)
    raise UnknownNameError("encoder", config.encoder, ENCODERS)


def make_sentence_encoder(
    config: MatchConfig, *, cache_dir: Path | None = None, executor: Executor | None = None
) -> SentenceVectors:
    """The sentence model that a configuration names, or several together where names are joined by " + ".

    An adapter stands behind its model's name, after " with ".

    Args:
        config: `model`, `max_tokens`, `precision`, `prompt`, `pooling`, `device`.
        cache_dir: as for `make_encoder`.
        executor: as for `make_encoder`.

    Raises:
        MissingExtraError: the packages are not installed.
        InputError: a model is not there or not what it should be.
    """
    from matcher.encoders.sentence import Ensemble, SentenceEncoder

    encoders = []
    for part in config.model.split(" + "):
        name, _, adapter = part.partition(" with ")
        encoders.append(
            SentenceEncoder(
                model=name.strip(),
                max_tokens=config.max_tokens,
                precision=config.precision,
                prompt=config.prompt,
                pooling=config.pooling,
                device=config.device,
                adapter=adapter.strip(),
                cache_dir=cache_dir,
                executor=executor,
            )
        )
    return encoders[0] if len(encoders) == 1 else Ensemble(encoders)


def _join(sentence: SentenceVectors, config: MatchConfig) -> TextEncoder:
    from matcher.encoders.background import load_background, shipped_background
    from matcher.encoders.hybrid import HybridEncoder

    is_shipped = config.background == "shipped"
    return HybridEncoder(sentence, shipped_background() if is_shipped else load_background(Path(config.background)))
