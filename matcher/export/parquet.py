"""Parquet files for data people: typed columns, compressed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matcher.errors import MissingExtraError
from matcher.export.bundle import DEFAULT_OPTIONS, ExportData, WriteOptions, refuse_existing
from matcher.records import Pair

__all__ = ["write_parquet"]


def write_parquet(bundle: ExportData, folder: Path, options: WriteOptions = DEFAULT_OPTIONS) -> tuple[Path, ...]:
    """Write a match as Parquet.

    - `assignment.parquet`: submission_id, reviewer_id, score.
    - `scores.parquet`: the same columns for every pair that is scored.
    - `conflicts.parquet`: one row for each conflict; dates as text, since they know their precision.

    Args:
        bundle: the match.
        folder: an existing folder.
        options: whether files may be replaced.

    Raises:
        DataError: a file exists.
        MissingExtraError: the package that writes Parquet is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("Parquet", "parquet", alternative="export as csv or json") from None
    tables = {
        folder / "assignment.parquet": pa.table(_pairs(bundle.assignment.pairs)),
        folder / "scores.parquet": pa.table(_scores(bundle)),
        folder / "conflicts.parquet": pa.table(_conflicts(bundle)),
    }
    refuse_existing(tables, options)
    for path, table in tables.items():
        parquet.write_table(table, path, compression="zstd")
    return tuple(tables)


def _pairs(pairs: tuple[Pair, ...]) -> dict[str, list[Any]]:
    return {
        "submission_id": [pair.submission_id for pair in pairs],
        "reviewer_id": [pair.reviewer_id for pair in pairs],
        "score": [pair.score for pair in pairs],
    }


def _scores(bundle: ExportData) -> dict[str, list[Any]]:
    scores = bundle.scores
    made: dict[str, list[Any]] = {"submission_id": [], "reviewer_id": [], "score": []}
    for row, submission in enumerate(scores.submissions.ids):
        for column, reviewer in enumerate(scores.reviewers.ids):
            value = float(scores.values[row, column])
            if value == value:  # noqa: PLR0124  # NaN is not scored
                made["submission_id"].append(submission)
                made["reviewer_id"].append(reviewer)
                made["score"].append(value)
    return made


def _conflicts(bundle: ExportData) -> dict[str, list[Any]]:
    items = bundle.conflicts.items
    return {
        "submission_id": [one.submission_id for one in items],
        "reviewer_id": [one.reviewer_id for one in items],
        "rule": [one.rule for one in items],
        "verdict": [one.verdict.value for one in items],
        "author_id": [one.via for one in items],
        "author_name": [one.via_name for one in items],
        "last_date": [None if one.last_date is None else str(one.last_date) for one in items],
        "confidence": [one.confidence for one in items],
        "evidence": [[entry.text for entry in one.evidence] for one in items],
        "clears": [one.clears for one in items],
    }
