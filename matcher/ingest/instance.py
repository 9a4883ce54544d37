"""Bare instances: an .npz of arrays, for solving without a venue."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from matcher.errors import DataError, did_you_mean
from matcher.records import Floats, Index, Ints, Limits, PairStatus, PersonId, ScoreMatrix, SubmissionId, VectorInstance

__all__ = ["read_instance"]

_ARRAYS: Final = ("scores", "cp", "cr", "demand", "lo", "hi")
Refuse: TypeAlias = Callable[[str, str], DataError]
"""Makes the error for a field from a message."""

_VECTORS: Final = ("submission_vectors", "reviewer_vectors")


def read_instance(path: Path) -> tuple[ScoreMatrix, Limits] | VectorInstance:
    """Read an instance; positions become ids.

    Args:
        path: an .npz with `scores` (S, R), or `submission_vectors` (S, D) and `reviewer_vectors` (R, D) in their place;
            `cp` and `cr` (K,) positions of conflicting submissions and reviewers, `demand` (S,), `lo` and `hi` (R,).

    Returns:
        The scores and what an assignment must respect; or the vectors, so that the scores need not be stored.

    Raises:
        DataError: the file is no .npz, an array is missing, or its shape or values do not fit.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            content = {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        raise DataError("there is no such file", file=str(path)) from None
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile) as error:  # TypeError: one bare array
        raise DataError(f"this is no readable .npz of plain arrays ({error})", file=str(path)) from None
    has_vectors = "scores" not in content and any(name in content for name in _VECTORS)
    arrays_wanted = (*_VECTORS, *_ARRAYS[1:]) if has_vectors else _ARRAYS
    for name in arrays_wanted:
        if name not in content:
            raise DataError(
                f"the array is missing; the file holds {', '.join(sorted(content))}{did_you_mean(name, content)}",
                file=str(path),
                field=name,
                remedy=f"an instance has {', '.join(arrays_wanted)}",
            )

    def refuse(field: str, message: str) -> DataError:
        return DataError(message, file=str(path), field=field)

    return _with_vectors(content, refuse) if has_vectors else _checked(content, refuse)


def _with_vectors(content: Mapping[str, Any], refuse: Refuse) -> VectorInstance:
    vectors: list[Floats] = []
    for name in _VECTORS:
        array = content[name]
        if array.ndim != 2 or not np.issubdtype(array.dtype, np.floating):
            raise refuse(name, f"allowed is a matrix of floats, one row each, got {array.dtype} of {array.shape}")
        if not np.isfinite(array).all():
            raise refuse(name, "allowed are finite numbers")
        vectors.append(array.astype(np.float32))
    if vectors[0].shape[1] != vectors[1].shape[1]:
        raise refuse(
            _VECTORS[1], f"the vectors are {vectors[1].shape[1]} long, those of submissions {vectors[0].shape[1]}"
        )
    whole = _whole_arrays(content, len(vectors[0]), len(vectors[1]), refuse)
    return VectorInstance(
        submission_vectors=vectors[0],
        reviewer_vectors=vectors[1],
        blocked=(whole["cp"], whole["cr"]),
        wanted=whole["demand"],
        min_load=whole["lo"],
        max_load=whole["hi"],
    )


def _checked(content: Mapping[str, Any], refuse: Refuse) -> tuple[ScoreMatrix, Limits]:
    scores = content["scores"]
    if scores.ndim != 2 or not np.issubdtype(scores.dtype, np.floating):
        raise refuse("scores", f"allowed is a matrix of floats (S, R), got {scores.dtype} of shape {scores.shape}")
    with np.errstate(over="ignore"):  # what is too large becomes infinite and is refused in the next line
        values = scores.astype(np.float32)
    if not np.isfinite(values).all():
        raise refuse("scores", "allowed are finite numbers; name pairs that may not be assigned in cp and cr")
    rows, columns = values.shape
    whole = _whole_arrays(content, rows, columns, refuse)
    status = np.full(values.shape, PairStatus.ELIGIBLE, dtype=np.uint8)
    status[whole["cp"], whole["cr"]] = PairStatus.BLOCKED
    return (
        ScoreMatrix(
            submissions=Index(SubmissionId(str(row)) for row in range(rows)),
            reviewers=Index(PersonId(str(column)) for column in range(columns)),
            values=values,
            raw=values,
            method="given",
        ),
        Limits(wanted=whole["demand"], max_load=whole["hi"], min_load=whole["lo"], status=status),
    )


def _whole_arrays(content: Mapping[str, Any], rows: int, columns: int, refuse: Refuse) -> dict[str, Ints]:
    """Demand, loads and places of conflicts."""
    whole: dict[str, Ints] = {}
    for name, length, limit in (("demand", rows, None), ("lo", columns, None), ("hi", columns, None)):
        whole[name] = _whole(content[name], name, length, limit, refuse)
    whole["cp"] = _whole(content["cp"], "cp", None, rows, refuse)
    whole["cr"] = _whole(content["cr"], "cr", len(whole["cp"]), columns, refuse)
    worst = np.flatnonzero(whole["lo"] > whole["hi"])
    if len(worst):
        raise refuse("lo", f"the minimum load of reviewer {worst[0]} is above their maximum load")
    return whole


def _whole(array: Any, name: str, length: int | None, limit: int | None, refuse: Refuse) -> Any:
    """A vector of whole numbers from 0 up, below a limit where there is one."""
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise refuse(name, f"allowed is a vector of whole numbers, got {array.dtype} of shape {array.shape}")
    if length is not None and len(array) != length:
        raise refuse(name, f"allowed are {length} numbers, got {len(array)}")
    values = array.astype(np.int64)
    if len(values) and (values.min() < 0 or (limit is not None and values.max() >= limit)):
        reach = "from 0 up" if limit is None else f"0 to {limit - 1}"
        raise refuse(name, f"allowed are numbers {reach}, got {values.min()} to {values.max()}")
    return values
