"""Hashed terms and topics, by hand and against scikit-learn's own weights."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from matcher.encoders.background import BUCKETS, Background, shipped_background
from matcher.encoders.lexical import Lexicon, count_terms, inverse_frequency, rare_terms, topic_vectors, unit_rows

TEXTS = ("sparse pruning of networks", "pruning pruning trees", "graph networks", "")


def empty(papers: int = 0) -> Background:
    """A background that knows nothing."""
    return Background(
        papers=papers,
        frequencies=np.zeros(BUCKETS, dtype=np.uint16),
        terms=np.arange(3),
        projection=np.eye(3, dtype=np.float32),
        model="none",
        shares=(0.2, 0.5, 0.3),
        backgrounds=(0.0, 0.0, 0.0),
        tail=0.1,
        sources=(),
        seed=0,
    )


def test_words_and_pairs_are_counted() -> None:
    counts = count_terms(TEXTS)
    assert counts.shape == (4, BUCKETS)
    # sparse, pruning, networks and two pairs; "of" is a stop word and leaves no gap
    assert counts.sum(axis=1).tolist() == [5, 5, 3, 0]
    assert sorted(counts[[1]].data.tolist()) == [1, 1, 1, 2]
    assert count_terms(TEXTS, longest=1).sum(axis=1).tolist() == [3, 3, 2, 0]
    assert count_terms([]).shape == (0, BUCKETS)


def test_a_term_that_nobody_uses_weighs_most() -> None:
    weights = inverse_frequency(np.array([0, 1, 9]), 9)
    np.testing.assert_allclose(weights, [np.log(10) + 1, np.log(5) + 1, 1])


def test_rare_terms_are_counts_that_saturate_times_the_weights_of_scikit_learn() -> None:
    filling = [*TEXTS[:3], *(f"filling{place}" for place in range(60))]
    rows, _ = Lexicon(empty(), filling).encode(TEXTS[:3])
    theirs = TfidfVectorizer(ngram_range=(1, 2), stop_words="english", norm=None).fit(filling)
    counts = CountVectorizer(vocabulary=theirs.vocabulary_, ngram_range=(1, 2), stop_words="english")
    times = counts.transform(TEXTS[:3]).toarray()
    known = 1.5 * times / (times + 0.5) * theirs.idf_
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    np.testing.assert_allclose((rows @ rows.T).toarray(), known @ known.T, atol=1e-6)


def test_common_terms_are_those_of_the_background() -> None:
    common = Lexicon(shipped_background(), ["pangolin"] * 50).common
    shared = set(common.tolist())
    buckets = {word: int(count_terms([word], longest=1).indices[0]) for word in ("model", "pangolin", "anaphora")}
    assert {word for word, bucket in buckets.items() if bucket in shared} == {"model"}
    assert sorted(shared) == common.tolist()
    assert len(Lexicon(empty(), TEXTS).common) == 0


def test_common_terms_stand_apart_and_products_stay() -> None:
    lexicon = Lexicon(shipped_background(), TEXTS)
    rows, _ = lexicon.encode(["a model of pangolins", "model selection", "pangolins"])
    common, rest = lexicon.split(rows)
    assert common.shape == (3, len(lexicon.common))
    assert np.count_nonzero(common, axis=1).tolist() == [1, 1, 0]
    assert not set(rest.indices.tolist()) & set(lexicon.common.tolist())
    np.testing.assert_allclose(common @ common.T + (rest @ rest.T).toarray(), (rows @ rows.T).toarray(), atol=1e-6)


def test_a_venue_counts_beside_the_background() -> None:
    alone, with_venue = Lexicon(shipped_background()), Lexicon(shipped_background(), TEXTS)
    assert alone.digest != with_venue.digest
    assert with_venue.digest == Lexicon(shipped_background(), TEXTS[::-1]).digest
    np.testing.assert_array_equal(alone.encode(TEXTS)[1], with_venue.encode(TEXTS)[1])  # topics are fixed


def test_topics_are_projections_of_the_weighed_words() -> None:
    counts = count_terms(["alpha beta beta", "gamma"])
    terms = np.sort(count_terms(["alpha beta"], longest=1).indices).astype(np.int64)
    weights = np.full(BUCKETS, 2.0)
    projection = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    rows = topic_vectors(counts, terms, weights, projection)
    once, twice = 1.0, 2 * 1.5 / 2.5
    assert sorted(rows[0].tolist()) == pytest.approx([part / math.hypot(once, twice) for part in (once, twice)])
    assert rows[1].tolist() == [0, 0]


def test_unit_rows_leave_zeros_alone() -> None:
    rows = unit_rows(np.array([[3, 4], [0, 0]], dtype=np.float32))
    assert rows.ravel().tolist() == pytest.approx([0.6, 0.8, 0, 0])


def test_rare_terms_do_not_change_the_counts() -> None:
    counts = count_terms(TEXTS)
    before = counts.data.copy()
    rare_terms(counts, np.ones(BUCKETS))
    np.testing.assert_array_equal(counts.data, before)


def test_related_words_are_near_in_the_shipped_topics() -> None:
    _, topics = Lexicon(shipped_background()).encode(
        ["machine translation of sentences", "neural translation, source and target languages", "robot grasping"]
    )
    assert topics[0] @ topics[1] > topics[0] @ topics[2] + 0.3
