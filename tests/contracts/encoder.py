"""What every encoder must do. An encoder's test class inherits `EncoderContract` and gives two ready encoders."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.encoders import TextEncoder
from matcher.records import Floats, JoinedVectors, Vectors

PRUNING = "Sparse pruning of transformer weights. We remove weights of small magnitude after training."
OTHER_PRUNING = "Which weights matter? A calibration set decides which transformer weights are pruned."
TRACKING = "Tracking pedestrians in video. Cameras follow people through occlusion."
EMPTY = ("", "   ", "\n")
TEXTS = (PRUNING, TRACKING, OTHER_PRUNING, "Zoë", "Pruning", PRUNING)


def dense(vectors: Vectors) -> Floats:
    """The rows as an array."""
    if isinstance(vectors, JoinedVectors):
        return np.hstack([vectors.dense, vectors.sparse.toarray()])
    return vectors if isinstance(vectors, np.ndarray) else np.asarray(vectors.toarray())


class EncoderContract:
    """Subclasses give the fixtures; every test runs for every encoder."""

    @pytest.fixture
    def encoder(self) -> TextEncoder:
        """An encoder that has seen `TEXTS` and keeps no cache."""
        raise NotImplementedError

    @pytest.fixture
    def twin(self) -> TextEncoder:
        """Another one, which has seen the same texts in another order."""
        raise NotImplementedError

    def test_rows_are_unit_vectors_of_the_length_that_the_info_says(self, encoder: TextEncoder) -> None:
        vectors = encoder.encode(TEXTS)
        assert vectors.shape == (len(TEXTS), encoder.info.dimension)
        assert vectors.dtype == np.float32
        rows = dense(vectors)
        assert np.isfinite(rows).all()
        np.testing.assert_allclose(np.linalg.norm(rows.astype(np.float64), axis=1), 1, atol=1e-5)

    def test_an_empty_text_is_a_row_of_zeros(self, encoder: TextEncoder) -> None:
        rows = dense(encoder.encode([PRUNING, *EMPTY]))
        assert not rows[1:].any()
        assert rows[0].any()
        assert not dense(encoder.encode(EMPTY)).any()

    def test_no_texts_are_no_rows(self, encoder: TextEncoder) -> None:
        assert encoder.encode([]).shape == (0, encoder.info.dimension)

    def test_equal_texts_are_equal_vectors(self, encoder: TextEncoder) -> None:
        rows = dense(encoder.encode(TEXTS))
        np.testing.assert_array_equal(rows[0], rows[-1])
        assert (np.abs(rows[0] - rows[1]) > 1e-3).any()

    def test_the_order_of_texts_and_their_company_do_not_matter(self, encoder: TextEncoder) -> None:
        rows = dense(encoder.encode(TEXTS))
        np.testing.assert_allclose(dense(encoder.encode(TEXTS[::-1]))[::-1], rows, atol=1e-6)
        np.testing.assert_allclose(dense(encoder.encode(TEXTS[1:2])), rows[1:2], atol=1e-6)

    def test_texts_on_one_subject_are_more_alike(self, encoder: TextEncoder) -> None:
        rows = dense(encoder.encode([PRUNING, OTHER_PRUNING, TRACKING]))
        assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.05

    def test_the_info_is_stable_and_the_same_for_the_same_texts(self, encoder: TextEncoder, twin: TextEncoder) -> None:
        before = encoder.info
        encoder.encode(TEXTS)
        assert encoder.info == before
        assert twin.info == before
        assert len(before.digest) == 64
        assert int(before.digest, 16) >= 0
        np.testing.assert_allclose(dense(twin.encode(TEXTS)), dense(encoder.encode(TEXTS)), atol=1e-6)

    def test_background_levels_are_cosines_and_rise_with_the_length_of_texts(self, encoder: TextEncoder) -> None:
        levels = encoder.info.backgrounds
        assert 0 <= levels[0] <= levels[1] <= levels[2] < 1
        assert encoder.info.background == levels[2]

    def test_texts_are_not_changed(self, encoder: TextEncoder) -> None:
        texts = [*TEXTS, *EMPTY]
        encoder.fit(texts)
        encoder.encode(texts)
        assert texts == [*TEXTS, *EMPTY]
        np.testing.assert_array_equal(dense(encoder.encode(tuple(texts))), dense(encoder.encode(texts)))

    def test_progress_is_told_and_reaches_its_total(self, encoder: TextEncoder) -> None:
        told: list[tuple[str, int, int]] = []
        encoder.encode(TEXTS, progress=lambda stage, done, total: told.append((stage, done, total)))
        assert {stage for stage, _, _ in told} == {"embed"}
        done = [part for _, part, _ in told]
        assert done == sorted(done)
        assert done[-1] == told[-1][2] > 0
