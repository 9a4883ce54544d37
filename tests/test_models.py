"""Any sentence model: tiny ones, made here, with every setting that changes a vector."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from matcher.config import MatchConfig
from matcher.encoders import make_encoder, make_sentence_encoder
from matcher.encoders import sentence as sentence_module
from matcher.encoders.sentence import EMBEDDED_MODEL, Ensemble, SentenceEncoder
from matcher.errors import InputError

WORDS = ("sparse", "pruning", "of", "networks", "robot", "grasping", "query", ":")
TEXTS = ("sparse pruning of networks", "robot grasping", "networks", "")


def tiny_model(folder: Path, seed: int) -> Path:
    """A transformer of one layer and 16 dimensions with random weights, saved as safetensors."""
    import torch
    from transformers import BertConfig, BertModel
    from transformers.models.bert import BertTokenizer

    folder.mkdir()
    vocabulary = {word: place for place, word in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS))}
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    BertModel(config).save_pretrained(folder)
    BertTokenizer(vocab=vocabulary).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_model(tmp_path_factory.mktemp("models") / "one", seed=1))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_model(tmp_path_factory.mktemp("models") / "other", seed=2))


def test_every_setting_changes_vectors_and_digest(one: str, tmp_path: Path) -> None:
    encoders = [
        SentenceEncoder(model=one, cache_dir=tmp_path),
        SentenceEncoder(model=one, prompt="query: ", cache_dir=tmp_path),
        SentenceEncoder(model=one, pooling="cls", cache_dir=tmp_path),
        SentenceEncoder(model=one, pooling="max", cache_dir=tmp_path),
        SentenceEncoder(model=one, pooling="lasttoken", cache_dir=tmp_path),
        SentenceEncoder(model=one, max_tokens=8, prompt="query: " * 3, cache_dir=tmp_path),
    ]
    rows = [encoder.encode(TEXTS) for encoder in encoders]
    for place, first in enumerate(rows):
        assert first.shape == (4, 16)
        np.testing.assert_allclose(np.linalg.norm(first[:3], axis=1), 1, atol=1e-5)
        assert not first[3].any()
        for second in rows[place + 1 :]:
            assert np.abs(first[0] - second[0]).max() > 1e-3
    assert len({encoder.info.digest for encoder in encoders}) == len(encoders)
    assert len(list(tmp_path.iterdir())) == len(encoders)  # no two share a file of the cache


def test_mean_is_what_a_model_without_own_pooling_does(one: str) -> None:
    plain, mean = SentenceEncoder(model=one), SentenceEncoder(model=one, pooling="mean")
    np.testing.assert_allclose(plain.encode(TEXTS), mean.encode(TEXTS), atol=1e-6)


def test_a_prompt_is_the_same_as_text_before_the_text(one: str) -> None:
    prompted = SentenceEncoder(model=one, prompt="query: ").encode(TEXTS[:2])
    written = SentenceEncoder(model=one).encode([f"query: {text}" for text in TEXTS[:2]])
    np.testing.assert_allclose(prompted, written, atol=1e-6)


def test_a_model_that_does_not_pool_keeps_its_own_way(one: str) -> None:
    class Bare(list[object]):
        """Modules without pooling."""

    with pytest.raises(InputError, match="does not pool tokens: set pooling = 'model'"):
        SentenceEncoder(model=one, pooling="cls")._pool_otherwise(Bare())


@pytest.mark.parametrize("device", ["cuda:77", "abacus"])
def test_a_device_that_is_not_there_is_refused(one: str, device: str) -> None:
    with pytest.raises(InputError, match=f"device '{device}' cannot be used here .*: set device = 'cpu'"):
        SentenceEncoder(model=one, device=device).encode(TEXTS)


def damaged(one: str, folder: Path) -> Path:
    return Path(shutil.copytree(one, folder))


def test_a_model_that_cannot_be_read_is_refused_with_its_folder(one: str, tmp_path: Path) -> None:
    cut = damaged(one, tmp_path / "cut")
    (cut / "model.safetensors").write_bytes((cut / "model.safetensors").read_bytes()[:1000])
    unknown = damaged(one, tmp_path / "unknown")
    (unknown / "config.json").write_text("{}", encoding="utf-8")
    for folder in (cut, unknown):
        with pytest.raises(InputError, match=f"{folder} cannot be read .*fetch or make the model again"):
            SentenceEncoder(model=str(folder)).encode(TEXTS)


def test_a_model_that_sees_one_text_in_all_texts_is_refused(one: str, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    blind = damaged(one, tmp_path / "blind")
    for file in blind.iterdir():
        if file.name.startswith(("tokenizer", "vocab", "special")):
            file.unlink()
    broken = damaged(one, tmp_path / "broken")
    weights = {name: value * float("nan") for name, value in load_file(broken / "model.safetensors").items()}
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    for folder in (blind, broken):
        with pytest.raises(
            InputError, match="gives two different texts the same vector, or none: its vocabulary or its weights"
        ):
            SentenceEncoder(model=str(folder)).encode(TEXTS)


def test_a_text_of_a_megabyte_is_read_to_the_limit(one: str) -> None:
    long = "sparse pruning of networks " * 40_000
    encoder = SentenceEncoder(model=one, max_tokens=8)
    rows = encoder.encode([long, "sparse pruning of networks sparse pruning"])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)


def test_a_device_changes_no_digest(one: str) -> None:
    assert SentenceEncoder(model=one, device="auto").info.digest == SentenceEncoder(model=one).info.digest


def test_an_ensemble_takes_the_mean_of_the_cosines(one: str, other: str, tmp_path: Path) -> None:
    both = make_encoder(MatchConfig(encoder="sentence", model=f"{one} + {other}"), cache_dir=tmp_path)
    assert isinstance(both, Ensemble)
    rows = both.encode(TEXTS)
    assert rows.shape == (4, both.info.dimension) == (4, 32)
    single = [SentenceEncoder(model=name).encode(TEXTS) for name in (one, other)]
    np.testing.assert_allclose(rows @ rows.T, sum(part @ part.T for part in single) / 2, atol=1e-6)
    swapped = make_sentence_encoder(MatchConfig(model=f"{other} + {one}"))
    assert swapped.info.digest != both.info.digest
    assert both.info.model == f"{one} + {other}"


def test_levels_of_another_model_are_measured_on_the_venue(one: str, other: str) -> None:
    texts = [f"{a} {b} {c}" for a in WORDS for b in WORDS for c in WORDS if a < b < c]
    for encoder in (SentenceEncoder(model=one), make_sentence_encoder(MatchConfig(model=f"{one} + {other}"))):
        fitted = encoder.fit(texts)
        rows = fitted.encode(texts)
        cosines = (rows @ rows.T)[np.triu_indices(len(texts), 1)]
        info = fitted.info
        assert info.backgrounds == pytest.approx([float(cosines.mean())] * 3, abs=1e-3)
        high = np.sort(cosines)[int(np.ceil(0.98 * len(cosines))) :]
        assert info.tail == pytest.approx(float(high.mean() - np.quantile(cosines, 0.98)), abs=2e-3)
        assert encoder.fit(texts[::-1]).info == info
        assert encoder.fit(["", "robot"]).info.tail == sentence_module.TAIL  # nothing to compare


def test_the_fastest_precision_is_the_one_that_the_processor_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    facts = tmp_path / "cpuinfo"
    monkeypatch.setattr(sentence_module, "_PROCESSOR_FACTS", facts)
    assert SentenceEncoder(precision="auto")._digest == SentenceEncoder(precision="float32")._digest
    facts.write_text("flags : fpu avx512_bf16 amx_tile\n", encoding="utf-8")
    assert SentenceEncoder(precision="auto")._digest == SentenceEncoder(precision="bfloat16")._digest
    facts.write_text("flags : fpu avx2\n", encoding="utf-8")
    assert SentenceEncoder(precision="auto")._digest == SentenceEncoder(precision="float32")._digest


def test_the_default_model_keeps_its_measured_levels() -> None:
    encoder = SentenceEncoder()
    assert encoder.model == EMBEDDED_MODEL
    assert encoder.fit(["anything"])._levels == (*sentence_module.BACKGROUNDS, sentence_module.TAIL)
