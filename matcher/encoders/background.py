"""What is known beforehand about text: how common words are, which go together, how alike unrelated papers are.

A background is one file of arrays (no pickle), made from titles and abstracts by `matcher background build` and shipped
in the package. It holds no text: terms are hashed into buckets, and only the number of papers of each bucket is kept.
A digest over the content stands in the file and is checked whenever it is read.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matcher.errors import InputError
from matcher.records import Floats, Ints

__all__ = ["BUCKETS", "Background", "load_background", "save_background", "shipped_background"]

BUCKETS: Final = 2**20
"""Buckets into which words and word pairs are hashed."""

FORMAT: Final = 1
"""Version of the file's layout."""

_SHIPPED: Final = Path(__file__).with_name("background.npz")
_FIELDS: Final = ("frequencies", "terms", "projection")
_FACTS: Final = "facts"


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """Statistics of a collection of papers.

    Args:
        papers: how many were counted, N.
        frequencies: (BUCKETS,) papers that hold a word or word pair of that bucket, at most 65,535.
        terms: (T,) buckets of the most frequent words, ascending.
        projection: (T, D) their latent semantic analysis.
        model: name of the sentence model whose cosines were measured.
        shares: weights of the cosines of sentences, rare terms and topics in the blended one; positive, they sum to 1.
        backgrounds: mean blended cosine of unrelated texts, as in `EncoderInfo`.
        tail: scale of the upper tail of the blended cosine, as in `EncoderInfo`.
        sources: names, sizes and digests of the files it was made from, and their licences as given.
        seed: the seed of the draw.
    """

    papers: int
    frequencies: npt.NDArray[np.uint16]
    terms: Ints
    projection: Floats
    model: str
    shares: tuple[float, float, float]
    backgrounds: tuple[float, float, float]
    tail: float
    sources: tuple[Mapping[str, Any], ...]
    seed: int

    @property
    def digest(self) -> str:
        """SHA-256 over everything above."""
        digest = hashlib.sha256(self.facts().encode())
        for array in self.arrays().values():
            digest.update(array.tobytes())
        return digest.hexdigest()

    def facts(self) -> str:
        """All but the arrays, as JSON."""
        return json.dumps(
            {
                "format": FORMAT,
                "papers": self.papers,
                "model": self.model,
                "shares": self.shares,
                "backgrounds": self.backgrounds,
                "tail": self.tail,
                "sources": [dict(source) for source in self.sources],
                "seed": self.seed,
            },
            sort_keys=True,
        )

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays as they are stored: the projection in half precision, little-endian throughout."""
        return {
            "frequencies": self.frequencies.astype("<u2"),
            "terms": self.terms.astype("<i8"),
            "projection": self.projection.astype("<f2"),
        }


def save_background(background: Background, file: Path) -> None:
    """Write a background; equal ones give equal bytes."""
    arrays = background.arrays() | {_FACTS: np.array([background.facts(), background.digest])}
    with file.open("wb") as stream:  # given a name, numpy would put .npz behind it
        np.savez_compressed(stream, allow_pickle=False, **arrays)


def load_background(file: Path) -> Background:
    """Read a background and check it.

    Raises:
        InputError: there is no such file, it is no background, or it was changed.
    """
    remedy = "make one with `matcher background build`, or leave the setting out to use the one that is shipped"
    try:
        # Opened here: numpy leaves a file open that it cannot read.
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            facts, digest = (str(part) for part in stored[_FACTS])
            arrays = {name: stored[name] for name in _FIELDS}
        plain = json.loads(facts)
        background = Background(
            papers=plain["papers"],
            frequencies=arrays["frequencies"],
            terms=arrays["terms"],
            projection=arrays["projection"].astype(np.float32),
            model=plain["model"],
            shares=tuple(plain["shares"]),
            backgrounds=tuple(plain["backgrounds"]),
            tail=plain["tail"],
            sources=tuple(plain["sources"]),
            seed=plain["seed"],
        )
    except FileNotFoundError:
        raise InputError(f"{file}: there is no such background; {remedy}") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{file}: this is no background file ({error}); {remedy}") from None
    if plain["format"] != FORMAT or background.frequencies.shape != (BUCKETS,):
        raise InputError(f"{file}: the layout of this background is not known here; {remedy}")
    if background.digest != digest:
        raise InputError(f"{file}: the content does not fit its digest, it is damaged; {remedy}")
    return background


@lru_cache(maxsize=1)
def shipped_background() -> Background:
    """The background that comes with the package.

    Source: titles and abstracts of arXiv (metadata, CC0 1.0) and of the ACL Anthology (CC BY 4.0); statistics only.
    """
    return load_background(_SHIPPED)
