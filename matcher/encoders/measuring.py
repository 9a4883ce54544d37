"""Making a background: counting terms, finding topics, measuring how alike unrelated papers are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from matcher.encoders.background import Background
from matcher.encoders.hybrid import WEIGHTS
from matcher.encoders.lexical import Lexicon, count_terms, inverse_frequency, rare_terms
from matcher.encoders.sentence import SentenceVectors
from matcher.errors import InputError
from matcher.records import Doubles, Floats, Progress, Vectors, inner_products

__all__ = ["TAIL_QUANTILE", "build_background", "measure_tail"]

TOPIC_TERMS: Final = 5000
"""Frequent words whose topics are found."""

TOPICS: Final = 128
"""Length of a topic vector; 256 on twice the words was no better on authorship retrieval."""

TAIL_QUANTILE: Final = 0.98
"""Cosines above this quantile are the tail."""

LEAST_PAPERS: Final = 200
"""Fewer papers are no background: quantiles and topics would be chance."""


def build_background(
    papers: Sequence[tuple[str, str]],
    probe: Sequence[tuple[str, str]],
    sentence: SentenceVectors,
    *,
    sources: Sequence[Mapping[str, Any]] = (),
    seed: int = 0,
    progress: Progress | None = None,
) -> Background:
    """Measure a collection of papers.

    Args:
        papers: titles and abstracts to count terms in.
        probe: those among which cosines are measured; every pair of two different ones counts as unrelated.
        sentence: the sentence model to blend with.
        sources: what to note of where the papers are from.
        seed: of the topic analysis, noted too.
        progress: called while the probe is embedded.

    Raises:
        InputError: there are too few papers, or one has no abstract.
    """
    for name, given in (("papers", papers), ("papers to measure", probe)):
        if len(given) < LEAST_PAPERS or not all(title and abstract for title, abstract in given):
            raise InputError(
                f"a background needs at least {LEAST_PAPERS} {name}, each with title and abstract; got {len(given)}"
            )
    texts = [f"{title}. {abstract}" for title, abstract in papers]
    counts = count_terms(texts)
    frequencies = np.bincount(counts.indices, minlength=counts.shape[1]).clip(max=np.iinfo(np.uint16).max)
    words = count_terms(texts, longest=1)
    by_word = np.bincount(words.indices, minlength=words.shape[1])
    terms = np.sort(np.argsort(-by_word, kind="stable")[:TOPIC_TERMS])
    weights = inverse_frequency(frequencies, len(papers))
    unmeasured = Background(
        papers=len(papers),
        frequencies=frequencies.astype(np.uint16),
        terms=terms,
        # As it is stored, so that what is measured now is what will be read later.
        projection=_find_topics(counts, terms, weights, seed=seed).astype(np.float16).astype(np.float32),
        model=sentence.model,
        shares=(1.0, 0.0, 0.0),
        backgrounds=(0.0, 0.0, 0.0),
        tail=1.0,
        sources=tuple(sources),
        seed=seed,
    )
    return _measure(unmeasured, probe, sentence, progress)


def _find_topics(counts: sp.csr_array, terms: npt.NDArray[np.int64], weights: Doubles, *, seed: int) -> Floats:
    from sklearn.decomposition import TruncatedSVD

    rows = rare_terms(sp.csr_array(counts[:, terms]), weights[terms])
    found = TruncatedSVD(min(TOPICS, len(terms) - 1), random_state=seed).fit(rows)
    projection: Floats = found.components_.T.astype(np.float32)
    return projection


def _measure(
    background: Background, probe: Sequence[tuple[str, str]], sentence: SentenceVectors, progress: Progress | None
) -> Background:
    """The background with the shares, levels and tail that its own terms and the model have on a probe."""
    lexicon = Lexicon(background)
    titles = [title for title, _ in probe]
    texts = [f"{title}. {abstract}" for title, abstract in probe]
    # `sentence.encode` comes first: it takes minutes and says how far it is.
    parts: list[tuple[Vectors, ...]] = [
        (sentence.encode(each, progress=progress), *lexicon.encode(each))  # sentences, rare terms, topics
        for each in (titles, texts)
    ]
    different = ~np.eye(len(probe), dtype=np.bool_)
    kinds = ((0, 0), (0, 1), (1, 1))
    cosines = [
        [inner_products(one, other)[different] for one, other in zip(parts[a], parts[b], strict=True)] for a, b in kinds
    ]
    deviations = [float(values.std(dtype=np.float64)) for values in cosines[-1]]
    slopes = np.array([weight / deviation for weight, deviation in zip(WEIGHTS, deviations, strict=True)])
    shares = slopes / slopes.sum()
    blended = [sum(share * values for share, values in zip(shares, kind, strict=True)) for kind in cosines]
    levels = [round(float(np.mean(values)), 6) for values in blended]
    return Background(
        papers=background.papers,
        frequencies=background.frequencies,
        terms=background.terms,
        projection=background.projection,
        model=background.model,
        shares=(round(float(shares[0]), 6), round(float(shares[1]), 6), round(float(shares[2]), 6)),
        backgrounds=(levels[0], levels[1], levels[2]),
        tail=round(measure_tail(np.asarray(blended[-1])), 6),
        sources=background.sources,
        seed=background.seed,
    )


def measure_tail(cosines: npt.NDArray[np.floating[Any]]) -> float:
    """Mean excess over a high quantile: the scale of an exponential tail.

    Source: the mean residual life of an exponential tail is its scale (Embrechts, Klüppelberg, Mikosch, Modelling
    Extremal Events, 1997, section 6.2).
    """
    threshold = np.quantile(cosines, TAIL_QUANTILE)
    return float((cosines[cosines > threshold] - threshold).mean(dtype=np.float64))
