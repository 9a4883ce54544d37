"""Adapters: a few weights that are trained on top of a model and kept apart from it.

Two layouts are read, from safetensors only. AdapterHub's bottleneck (SPECTER2's) puts a small network behind every
layer: ``a = up(f(down(LN(h + x)))) + h`` where h is what the layer's feed-forward part gives and x its input, and the
layer then gives ``LN(a + x)`` instead of ``LN(h + x)``. PEFT's low-rank matrices are added to the weights,
``W + (alpha / r) B A``. Neither needs the package that wrote it.

Source: J. Pfeiffer et al., AdapterFusion, EACL 2021, figure 3; E. Hu et al., LoRA, ICLR 2022, equation 3.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from matcher.errors import InputError

__all__ = ["attach_adapter"]

_BOTTLENECK_KEY: Final = re.compile(
    r"(?:.*\.)?layer\.(\d+)\.output\.(?:\w+\.)?(?:adapters|layer_output_adapters\.adapters|text_task_adapters)\.[^.]+"
    r"\.adapter_(down\.0|up)\.(weight|bias)\Z"
)
_LOW_RANK_KEY: Final = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_([AB])(?:\.default)?\.weight\Z")

_AS_PFEIFFER: Final[Mapping[str, Any]] = {
    "mh_adapter": False,
    "output_adapter": True,
    "ln_before": False,
    "ln_after": False,
    "original_ln_before": True,
    "original_ln_after": True,
    "residual_before_ln": True,
    "phm_layer": False,
    "use_gating": False,
    "is_parallel": False,
}
"""The one arrangement of a bottleneck that is read; what a configuration leaves out is as here."""


def attach_adapter(model: Any, folder: Path) -> None:
    """Put an adapter onto a transformer, in place.

    Args:
        model: of transformers; for a bottleneck, one with BERT's layers.
        folder: holds `adapter_config.json` and one safetensors file.

    Raises:
        InputError: the files are not there, not of a layout that is read, or not for this model.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    facts = _facts(folder)
    files = sorted(folder.glob("*.safetensors"))
    if len(files) != 1:
        raise InputError(f"{folder}: an adapter has one .safetensors file; here are {len(files)}")
    try:
        weights = load_file(files[0])
    except (OSError, SafetensorError) as error:
        raise InputError(f"{files[0]}: the weights of the adapter cannot be read ({error}): fetch them again") from None
    if "peft_type" in facts:
        _add_low_rank(model, weights, facts, folder)
    else:
        _insert_bottlenecks(model, weights, facts.get("config", facts), folder)


def _facts(folder: Path) -> dict[str, Any]:
    file = folder / "adapter_config.json"
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: the facts of the adapter cannot be read ({error})") from None
    if not isinstance(facts, dict) or not isinstance(facts.get("config", {}), dict):
        raise InputError(f"{file}: allowed is one JSON object")
    return facts


# --- bottlenecks ----------------------------------------------------------------------------------------------------


def _insert_bottlenecks(model: Any, weights: Mapping[str, Any], config: Mapping[str, Any], folder: Path) -> None:
    from torch import nn
    from transformers.activations import ACT2FN

    for name, wanted in _AS_PFEIFFER.items():
        if config.get(name, wanted) != wanted:
            raise InputError(
                f"{folder}: '{name}' is {config[name]!r}, and only adapters behind the layer ('pfeiffer', 'seq_bn') "
                "are read"
            )
    activation, scaling = str(config.get("non_linearity", "relu")), config.get("scaling", 1.0)
    if activation not in ACT2FN or isinstance(scaling, bool) or not isinstance(scaling, int | float):
        raise InputError(f"{folder}: non_linearity {activation!r} with scaling {scaling!r} is not known here")

    class Adapted(nn.Module):  # a class of its own, because torch is imported only here
        """The output of a layer with the bottleneck between its feed-forward part and its sum."""

        def __init__(self, output: Any, down: Any, up: Any) -> None:
            super().__init__()
            self.output, self.down, self.up, self.act = output, down, up, ACT2FN[activation]

        def forward(self, hidden: Any, given: Any) -> Any:
            inner = self.output.dropout(self.output.dense(hidden))
            seen = self.output.LayerNorm(inner + given)
            adapted = self.up(self.act(self.down(seen))) * scaling + inner
            return self.output.LayerNorm(adapted + given)

    by_layer = _by_layer(weights, folder)
    layers = getattr(getattr(model, "encoder", None), "layer", ())
    left_out = {int(layer) for layer in config.get("leave_out", ())}
    if set(by_layer) != set(range(len(layers))) - left_out:
        raise InputError(f"{folder}: the adapter is for {len(by_layer)} layers, the model has {len(layers)} of BERT's")
    for number, found in by_layer.items():
        output = layers[number].output
        down, up = (_linear(found, part, output.dense.out_features, folder) for part in ("down.0", "up"))
        layers[number].output = Adapted(output, down, up)


def _by_layer(weights: Mapping[str, Any], folder: Path) -> dict[int, dict[tuple[str, str], Any]]:
    found: dict[int, dict[tuple[str, str], Any]] = {}
    for key, value in weights.items():
        named = _BOTTLENECK_KEY.match(key)
        if named is None:
            raise InputError(f"{folder}: '{key}' is no weight of a bottleneck behind a layer")
        found.setdefault(int(named[1]), {})[named[2], named[3]] = value
    return found


def _linear(found: Mapping[tuple[str, str], Any], part: str, width: int, folder: Path) -> Any:
    from torch import nn

    weight, bias = found.get((part, "weight")), found.get((part, "bias"))
    if weight is None or bias is None or weight.ndim != 2 or width not in weight.shape:
        raise InputError(f"{folder}: the weights of adapter_{part} do not fit layers of width {width}")
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.data, layer.bias.data = weight.float(), bias.float()
    return layer


# --- low-rank matrices ----------------------------------------------------------------------------------------------


def _add_low_rank(model: Any, weights: Mapping[str, Any], facts: Mapping[str, Any], folder: Path) -> None:
    special = ("use_dora", "alpha_pattern", "rank_pattern", "fan_in_fan_out")
    if facts["peft_type"] != "LORA" or any(facts.get(name) for name in special):
        raise InputError(f"{folder}: of PEFT's adapters plain low-rank ones (LORA) are read, got {facts['peft_type']}")
    rank, alpha = facts.get("r"), facts.get("lora_alpha")
    if type(rank) is not int or rank < 1 or not isinstance(alpha, int | float):
        raise InputError(f"{folder}: adapter_config.json lacks the rank 'r' or 'lora_alpha'")
    scale = alpha / (math.sqrt(rank) if facts.get("use_rslora") else rank)
    modules = dict(model.named_modules())
    pairs: dict[str, dict[str, Any]] = {}
    for key, value in weights.items():
        named = _LOW_RANK_KEY.match(key)
        if named is None:
            raise InputError(f"{folder}: '{key}' is no low-rank weight")
        pairs.setdefault(named[1], {})[named[2]] = value.float()
    for name, pair in pairs.items():
        # Adapters of a model with a head name its body first.
        module = modules.get(name, modules.get(name.partition(".")[2]))
        if module is None or set(pair) != {"A", "B"}:
            raise InputError(f"{folder}: the model has no part '{name}', or one of its two matrices is missing")
        change = scale * (pair["B"] @ pair["A"])
        if change.shape != module.weight.shape:
            raise InputError(f"{folder}: '{name}' has shape {tuple(module.weight.shape)}, not {tuple(change.shape)}")
        module.weight.data += change.to(module.weight.dtype)
