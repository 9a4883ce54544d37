"""Rows as files: JSON Lines and CSV that end in a checksum of all that came before, Parquet with it in its header.

A stream that was cut off has no last line, so a client that looks for it never takes half for the whole.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from fastapi.responses import FileResponse, Response, StreamingResponse
from starlette.background import BackgroundTask

from matcher.export.csv_files import guard_cell
from service.problems import Problem

__all__ = ["FORMATS", "MadeFile", "answer_rows", "csv_lines", "ndjson_lines"]

FORMATS: Final[Mapping[str, str]] = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
"""What rows can be downloaded as, with the type of the answer."""

_BATCH: Final = 500
_PARQUET_BATCH: Final = 20_000


def ndjson_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """One JSON object a line; the last is `{"end": true, "rows": N, "sha256": …}` over all bytes before it."""
    digest, count = hashlib.sha256(), 0
    rest = iter(rows)
    while group := list(islice(rest, _BATCH)):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in group).encode()
        digest.update(text)
        count += len(group)
        yield text
    yield (json.dumps({"end": True, "rows": count, "sha256": digest.hexdigest()}) + "\n").encode()


def csv_lines(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[bytes]:
    """A header, rows with cells that no spreadsheet runs, and last `#end,N,SHA-256` over all bytes before it."""
    digest, count = hashlib.sha256(), 0
    rest = iter(rows)
    group: list[Sequence[str]] = [columns]
    while group:
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows(group)
        text = stream.getvalue().encode()
        digest.update(text)
        yield text
        group = [[_cell(row.get(column)) for column in columns] for row in islice(rest, _BATCH)]
        count += len(group)
    yield f"#end,{count},{digest.hexdigest()}\n".encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return guard_cell(value)
    return json.dumps(value, ensure_ascii=False)


def _write_parquet(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, type], path: Path) -> None:
    """Columns of numbers stay numbers; what is nested becomes JSON text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rest = iter(rows)
    first = list(islice(rest, _PARQUET_BATCH))
    kinds = {column: _kind(first, column) for column in columns}
    schema = pa.schema(
        [(column, {float: pa.float64(), int: pa.int64(), str: pa.string()}[kinds[column]]) for column in columns]
    )
    with pq.ParquetWriter(path, schema) as writer:
        group = first
        while group:
            table = {column: [_typed(row.get(column), kinds[column]) for row in group] for column in columns}
            writer.write_table(pa.table(table, schema=schema))
            group = list(islice(rest, _PARQUET_BATCH))


def _kind(rows: Sequence[Mapping[str, Any]], column: str) -> type:
    found = {type(row[column]) for row in rows if row.get(column) is not None}
    if found and found <= {int, float}:
        return float if float in found else int
    return str


def _typed(value: Any, kind: type) -> Any:
    if value is None or isinstance(value, kind):
        return value
    return float(value) if kind is float else json.dumps(value, ensure_ascii=False)


class MadeFile(FileResponse):
    """A file that was made for one answer: when that was, and an ETag from it, say nothing about what is in it."""

    def set_stat_headers(self, stat_result: os.stat_result) -> None:
        """Only the length."""
        super().set_stat_headers(stat_result)
        for name in ("etag", "last-modified"):
            del self.headers[name]


def answer_rows(
    rows: Callable[[], Iterable[Mapping[str, Any]]],
    columns: Mapping[str, type],
    name: str,
    format_name: str,
    folder: Path,
) -> Response:
    """The answer that sends rows as a file.

    Args:
        rows: gives the rows; called when they are sent.
        columns: of CSV and Parquet, with what they hold: `str`, `int` or `float`.
        name: of the file, without ending.
        format_name: one of `FORMATS`.
        folder: where a Parquet file is put together.

    Raises:
        Problem: there is no such format.
    """
    if format_name not in FORMATS:
        raise Problem("invalid-request", f"allowed are {', '.join(FORMATS)}; got '{format_name}'")
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format_name}"'}
    if format_name == "parquet":
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".parquet", delete=False) as stream:
            path = Path(stream.name)
        _write_parquet(rows(), columns, path)
        with path.open("rb") as stream:
            headers["Content-Digest"] = f"sha-256=:{_base64(hashlib.file_digest(stream, 'sha256').digest())}:"
        return MadeFile(path, media_type=FORMATS["parquet"], headers=headers, background=BackgroundTask(path.unlink))
    found = iter(rows())
    first = list(islice(found, 1))  # what fails before the first row is a problem document, not half a file
    whole = chain(first, found)
    lines = ndjson_lines(whole) if format_name == "ndjson" else csv_lines(whole, tuple(columns))
    return StreamingResponse(lines, media_type=FORMATS[format_name], headers=headers)


def _base64(content: bytes) -> str:
    import base64

    return base64.b64encode(content).decode()
