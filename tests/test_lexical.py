"""Hashed terms and topics, by hand and against scikit-learn's own weights."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

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


def test_rare_terms_are_those_of_scikit_learn_when_nothing_is_known_beforehand() -> None:
    rows, _ = Lexicon(empty(), [*TEXTS[:3], *(f"filling{place}" for place in range(60))]).encode(TEXTS[:3])
    ours = (rows @ rows.T).toarray()
    theirs = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), stop_words="english")
    theirs.fit([*TEXTS[:3], *(f"filling{place}" for place in range(60))])
    known = theirs.transform(TEXTS[:3])
    np.testing.assert_allclose(ours, (known @ known.T).toarray(), atol=1e-6)


def test_common_terms_weigh_nothing_among_rare_ones() -> None:
    lexicon = Lexicon(empty(), ["common words"] * 30 + ["common rare"])
    rows, _ = lexicon.encode(["common rare", "common words", "common"])
    assert rows[[0]].nnz == 2  # "rare" and "common rare"
    assert rows[[1, 2]].nnz == 0


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
    once, twice = 1.0, 1 + math.log(2)
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
