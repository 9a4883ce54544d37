"""Bare instances: an .npz of arrays, for solving without a venue."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from matcher.errors import DataError, did_you_mean
from matcher.records import Index, Limits, PairStatus, PersonId, ScoreMatrix, SubmissionId

__all__ = ["read_instance"]

_ARRAYS: Final = ("scores", "cp", "cr", "demand", "lo", "hi")


def read_instance(path: Path) -> tuple[ScoreMatrix, Limits]:
    """Read an instance; positions become ids.

    Args:
        path: an .npz with `scores` (S, R), `cp` and `cr` (K,) positions of conflicting submissions and reviewers,
            `demand` (S,), `lo` and `hi` (R,).

    Returns:
        The scores and what an assignment must respect.

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
    for name in _ARRAYS:
        if name not in content:
            raise DataError(
                f"the array is missing; the file holds {', '.join(sorted(content))}{did_you_mean(name, content)}",
                file=str(path),
                field=name,
                remedy=f"an instance has {', '.join(_ARRAYS)}",
            )
    return _checked(path, content)


def _checked(path: Path, content: Mapping[str, Any]) -> tuple[ScoreMatrix, Limits]:
    def refuse(field: str, message: str) -> DataError:
        return DataError(message, file=str(path), field=field)

    scores = content["scores"]
    if scores.ndim != 2 or not np.issubdtype(scores.dtype, np.floating):
        raise refuse("scores", f"allowed is a matrix of floats (S, R), got {scores.dtype} of shape {scores.shape}")
    with np.errstate(over="ignore"):  # what is too large becomes infinite and is refused in the next line
        values = scores.astype(np.float32)
    if not np.isfinite(values).all():
        raise refuse("scores", "allowed are finite numbers; name pairs that may not be assigned in cp and cr")
    rows, columns = values.shape
    whole: dict[str, np.ndarray[Any, np.dtype[np.int64]]] = {}
    for name, length, limit in (("demand", rows, None), ("lo", columns, None), ("hi", columns, None)):
        whole[name] = _whole(content[name], name, length, limit, refuse)
    whole["cp"] = _whole(content["cp"], "cp", None, rows, refuse)
    whole["cr"] = _whole(content["cr"], "cr", len(whole["cp"]), columns, refuse)
    worst = np.flatnonzero(whole["lo"] > whole["hi"])
    if len(worst):
        raise refuse("lo", f"the minimum load of reviewer {worst[0]} is above their maximum load")
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


def _whole(array: Any, name: str, length: int | None, limit: int | None, refuse: Any) -> Any:
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
