"""Adapters on tiny models made here: SPECTER2's layout, low-rank matrices, and everything that must be refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.config import MatchConfig
from matcher.encoders import make_encoder, make_sentence_encoder
from matcher.encoders.sentence import SentenceEncoder
from matcher.errors import InputError
from tests.test_models import TEXTS, tiny_model

WIDTH, INNER, LAYERS = 16, 4, 1

SPECTER2_LIKE = {
    "config": {
        "adapter_residual_before_ln": False,
        "ln_after": False,
        "ln_before": False,
        "mh_adapter": False,
        "non_linearity": "relu",
        "original_ln_after": True,
        "original_ln_before": True,
        "output_adapter": True,
        "reduction_factor": 4,
        "residual_before_ln": True,
        "leave_out": [],
        "scaling": 1.0,
    },
    "hidden_size": WIDTH,
    "model_type": "bert",
    "name": "[PRX]",
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_model(tmp_path_factory.mktemp("models") / "base", seed=1))


def bottleneck(scale: float = 1.0, prefix: str = "bert.encoder.") -> dict[str, Any]:
    import torch

    made = torch.Generator().manual_seed(5)
    names = {"down.0.weight": (INNER, WIDTH), "down.0.bias": (INNER,), "up.weight": (WIDTH, INNER), "up.bias": (WIDTH,)}
    return {
        f"{prefix}layer.{layer}.output.adapters.[PRX].adapter_{name}": scale * torch.randn(shape, generator=made)
        for layer in range(LAYERS)
        for name, shape in names.items()
    }


def write(folder: Path, weights: dict[str, Any], facts: object) -> str:
    from safetensors.torch import save_file

    folder.mkdir(exist_ok=True)
    save_file(weights, folder / "adapter.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps(facts), encoding="utf-8")
    return str(folder)


def test_a_bottleneck_stands_between_the_feed_forward_part_and_the_sum(base: str, tmp_path: Path) -> None:
    """The layer written out with plain matrices, for one text."""
    import torch
    from transformers import BertModel
    from transformers.models.bert import BertTokenizer

    weights = bottleneck()
    adapter = write(tmp_path / "adapter", weights, SPECTER2_LIKE)
    found = SentenceEncoder(model=base, adapter=adapter, pooling="cls").encode(["sparse pruning of networks"])[0]

    model: Any = BertModel.from_pretrained(base)
    read = BertTokenizer.from_pretrained(base)
    down, up = ((weights[f"bert.encoder.layer.0.output.adapters.[PRX].adapter_{n}.weight"]) for n in ("down.0", "up"))
    low, high = ((weights[f"bert.encoder.layer.0.output.adapters.[PRX].adapter_{n}.bias"]) for n in ("down.0", "up"))
    with torch.no_grad():
        tokens = read(["sparse pruning of networks"], return_tensors="pt")
        layer = model.encoder.layer[0]
        given = layer.attention(model.embeddings(tokens["input_ids"]))[0]
        inner = layer.output.dense(layer.intermediate(given))
        norm = layer.output.LayerNorm
        seen = norm(inner + given)
        adapted = torch.relu(seen @ down.T + low) @ up.T + high + inner
        first = norm(adapted + given)[0, 0].numpy()
    np.testing.assert_allclose(found, first / np.linalg.norm(first), atol=1e-5)


def test_an_adapter_that_adds_nothing_changes_nothing_but_the_digest(base: str, tmp_path: Path) -> None:
    adapter = write(tmp_path / "adapter", bottleneck(scale=0.0), SPECTER2_LIKE)
    plain, adapted = SentenceEncoder(model=base), SentenceEncoder(model=base, adapter=adapter)
    np.testing.assert_allclose(plain.encode(TEXTS), adapted.encode(TEXTS), atol=1e-6)
    assert plain.info.digest != adapted.info.digest
    assert adapted.info.model == f"{base} with {adapter}"
    again = SentenceEncoder(model=base, adapter=write(tmp_path / "other", bottleneck(), SPECTER2_LIKE))
    assert again.info.digest != adapted.info.digest
    assert np.abs(again.encode(TEXTS)[0] - plain.encode(TEXTS)[0]).max() > 1e-3


def test_low_rank_matrices_are_added_to_the_weights(base: str, tmp_path: Path) -> None:
    import torch
    from transformers import BertModel

    made = torch.Generator().manual_seed(6)
    one, two = torch.randn((2, WIDTH), generator=made), torch.randn((WIDTH, 2), generator=made)
    name = "encoder.layer.0.attention.self.query"
    pair = {f"base_model.model.{name}.lora_A.weight": one, f"base_model.model.{name}.lora_B.weight": two}
    adapter = write(tmp_path / "lora", pair, {"peft_type": "LORA", "r": 2, "lora_alpha": 6})
    changed: Any = BertModel.from_pretrained(base)
    changed.encoder.layer[0].attention.self.query.weight.data += 3 * two @ one
    merged = tmp_path / "merged"
    changed.save_pretrained(merged)
    for file in Path(base).iterdir():
        if not (merged / file.name).exists():
            (merged / file.name).write_bytes(file.read_bytes())
    found = SentenceEncoder(model=base, adapter=adapter).encode(TEXTS)
    np.testing.assert_allclose(found, SentenceEncoder(model=str(merged)).encode(TEXTS), atol=1e-5)
    headed = {key.replace("base_model.model.", "base_model.model.model."): value for key, value in pair.items()}
    again = write(tmp_path / "headed", headed, {"peft_type": "LORA", "r": 2, "lora_alpha": 6})
    np.testing.assert_allclose(SentenceEncoder(model=base, adapter=again).encode(TEXTS), found, atol=1e-6)
    stable = write(
        tmp_path / "stable", pair, {"peft_type": "LORA", "r": 2, "lora_alpha": 3 * 2**0.5, "use_rslora": True}
    )
    np.testing.assert_allclose(SentenceEncoder(model=base, adapter=stable).encode(TEXTS), found, atol=1e-5)


def test_an_adapter_stands_behind_its_model_s_name_also_among_several(base: str, tmp_path: Path) -> None:
    adapter = write(tmp_path / "adapter", bottleneck(), SPECTER2_LIKE)
    config = MatchConfig(encoder="sentence", model=f"{base} with {adapter} + {base}", pooling="cls", separator="[SEP]")
    both = make_sentence_encoder(config)
    alone = [SentenceEncoder(model=base, adapter=one, pooling="cls").encode(TEXTS) for one in (adapter, "")]
    assert both.info.model == config.model
    np.testing.assert_allclose(both.encode(TEXTS), np.hstack(alone) / np.sqrt(2), atol=1e-6)


LORA = {"peft_type": "LORA", "r": 2, "lora_alpha": 4}


def altered(**changes: object) -> dict[str, object]:
    return {"config": {**SPECTER2_LIKE["config"], **changes}}  # type: ignore[dict-item]


def pair(name: str, rows: int = WIDTH) -> dict[str, Any]:
    import torch

    return {f"{name}.lora_A.weight": torch.zeros(2, WIDTH), f"{name}.lora_B.weight": torch.zeros(rows, 2)}


@pytest.mark.parametrize(
    ("weights", "facts", "message"),
    [
        (bottleneck, altered(mh_adapter=True), "'mh_adapter' is True, and only adapters behind the layer"),
        (bottleneck, altered(non_linearity="magic"), "non_linearity 'magic' with scaling 1.0 is not known"),
        (bottleneck, altered(scaling="learned"), "scaling 'learned' is not known"),
        (bottleneck, altered(leave_out=[0]), "the adapter is for 1 layers, the model has 1 of BERT's"),
        (bottleneck, [], "allowed is one JSON object"),
        (
            lambda: {"head.weight": bottleneck().popitem()[1]},
            SPECTER2_LIKE,
            "'head.weight' is no weight of a bottleneck",
        ),
        (lambda: dict(list(bottleneck().items())[:3]), SPECTER2_LIKE, "adapter_up do not fit layers of width 16"),
        (lambda: pair("encoder.nowhere"), LORA, "the model has no part 'encoder.nowhere'"),
        (lambda: pair("encoder.layer.0.attention.self.query", 3), LORA, r"has shape \(16, 16\), not \(3, 16\)"),
        (lambda: {"x": bottleneck().popitem()[1]}, LORA, "'x' is no low-rank weight"),
        (lambda: pair("a"), {"peft_type": "IA3"}, "plain low-rank ones .* got IA3"),
        (lambda: pair("a"), {**LORA, "use_dora": True}, "plain low-rank ones"),
        (lambda: pair("a"), {"peft_type": "LORA", "r": 0}, "lacks the rank 'r' or 'lora_alpha'"),
    ],
)
def test_what_is_not_an_adapter_of_this_model_is_refused(
    weights: Callable[[], dict[str, Any]], facts: object, message: str, base: str, tmp_path: Path
) -> None:
    adapter = write(tmp_path / "adapter", weights(), facts)
    with pytest.raises(InputError, match=message):
        SentenceEncoder(model=base, adapter=adapter).encode(TEXTS)


def test_files_that_are_missing_or_too_many_are_refused(base: str, tmp_path: Path) -> None:
    adapter = write(tmp_path / "adapter", bottleneck(), SPECTER2_LIKE)
    (tmp_path / "adapter" / "adapter_config.json").unlink()
    with pytest.raises(InputError, match="the facts of the adapter cannot be read"):
        SentenceEncoder(model=base, adapter=adapter).encode(TEXTS)
    write(tmp_path / "adapter", bottleneck(), SPECTER2_LIKE)
    (tmp_path / "adapter" / "more.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match=r"has one \.safetensors file; here are 2"):
        SentenceEncoder(model=base, adapter=adapter).encode(TEXTS)
    (tmp_path / "adapter" / "adapter.safetensors").unlink()
    with pytest.raises(InputError, match="the weights of the adapter cannot be read"):
        SentenceEncoder(model=base, adapter=adapter).encode(TEXTS)
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "pytorch_adapter.bin").write_bytes(b"")
    with pytest.raises(InputError, match=r"holds no .safetensors file.*converted once"):
        SentenceEncoder(model=base, adapter=str(pickled))


@pytest.mark.parametrize("setting", [{"separator": "[SEP]"}, {"submission_prompt": "query: "}])
def test_what_only_sentence_models_understand_is_refused_elsewhere(setting: dict[str, str]) -> None:
    with pytest.raises(InputError, match="are for sentence models alone, and encoder is 'tfidf'"):
        make_encoder(MatchConfig(encoder="tfidf", **setting))  # type: ignore[arg-type]
