"""Affinity scores that another system computed: tables and JSON of submission, reviewer and score.

The system is named by a column `source`, else by the file's name: `tpms.csv` holds the scores of `tpms`. Values stay on
that system's own scale; a match maps them as `[external]` of `match.toml` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from matcher.ingest.formats.opening import Cells, JsonRecord, read_json, read_table
from matcher.ingest.formats.source import Row, SourceRecord, Wishes

__all__ = ["read_scores"]

_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "submission_id": ("submission id", "submission", "paper id", "paperid", "paper", "pid", "head", "note id", "forum"),
    "reviewer_id": ("reviewer id", "reviewer", "user", "user id", "reviewer email", "email", "tail", "profile id"),
    "score": ("score", "weight", "affinity", "affinity score", "similarity", "tpms", "tpms score", "value"),
    "source": ("source", "model", "system"),
}
_PLACES: Final = ("submission_id", "reviewer_id", "score")


def read_scores(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:  # noqa: ARG001  # a `Reader`
    """Read scores of any system.

    Args:
        paths: CSV or Excel with a header, or without one in the order submission, reviewer, score (addresses and
            profile ids tell people, so the first two may stand the other way round); JSON Lines with an object for
            each score; one JSON object of submissions, each with an object of reviewers and scores.
        wishes: not needed.

    Raises:
        DataError: a file cannot be read, or a column is missing.
    """
    for path in paths:
        name = path.name.removesuffix(".gz").removesuffix(".zst").rpartition(".")[0] or path.name
        if path.name.removesuffix(".gz").removesuffix(".zst").lower().endswith((".json", ".jsonl")):
            for record in read_json(path, inside=("scores", "edges", "results"), is_keyed=True):
                yield _from_json(record, path.name, name)
        else:
            rows = list(read_table(path, _COLUMNS, required=_PLACES, positions=_PLACES))
            is_swapped = bool(rows) and all(_is_person(row.values.get("submission_id", "")) for row in rows)
            yield from (_from_cells(row, name, is_swapped=is_swapped) for row in rows)


def _is_person(text: str) -> bool:
    return text.startswith("~") or "@" in text


def _from_cells(cells: Cells, source: str, *, is_swapped: bool) -> SourceRecord:
    def bad(fault: str, field: str | None = None) -> SourceRecord:
        return SourceRecord(cells.file, cells.line, fault=fault, field=field, raw=cells.raw)

    if cells.fault is not None:
        return bad(cells.fault)
    lost = next((name for name in _PLACES if name not in cells.values), None)
    if lost is not None:
        return bad("is missing", lost)
    try:
        score = float(cells.values["score"])
    except ValueError:
        return bad(f"allowed is a number, with a point for decimals; got '{cells.values['score']}'", "score")
    one, other = cells.values["submission_id"], cells.values["reviewer_id"]
    if is_swapped:
        one, other = other, one
    row = _row(one, other, score, cells.values.get("source", source))
    return SourceRecord(cells.file, cells.line, (row,), raw=cells.raw, unread=tuple(cells.further))


def _row(submission: str, reviewer: str, score: Any, source: str) -> Row:
    person = reviewer.strip()
    if "@" in person and not person.startswith("~"):
        person = person.lower()
    return Row("scores", {"submission_id": submission, "reviewer_id": person, "score": score, "source": source})


def _from_json(record: JsonRecord, file: str, source: str) -> SourceRecord:
    place = SourceRecord(file, record.line, raw=record.raw)
    if record.fault is not None:
        return replace(place, fault=record.fault)
    named = {plain: (key, value) for key, value in record.values.items() if (plain := _field(key)) is not None}
    if named.keys() >= set(_PLACES):
        told = str(named["source"][1]) if "source" in named else source
        held = [named[name][1] for name in _PLACES]
        unread = tuple(key for key in record.values if _field(key) is None)
        return replace(place, rows=(_row(str(held[0]), str(held[1]), held[2], told),), unread=unread)
    if record.key is not None:  # one submission with its reviewers
        return replace(
            place, rows=tuple(_row(record.key, reviewer, score, source) for reviewer, score in record.values.items())
        )
    return replace(place, fault="allowed is an object with submission, reviewer (or user) and score")


def _field(key: str) -> str | None:
    plain = key.casefold().replace("_", " ")
    return next((name for name, headings in _COLUMNS.items() if plain in headings), None)
