"""Rows of the files that are measured on: JSON objects that know where they stand, and say so when they are wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matcher.errors import DataError, InputError
from matcher.ingest.fields import Table, clean, one_line
from matcher.ingest.files import read_rows

__all__ = ["Row", "read_json", "rows_of", "title_and_abstract", "unique_rows", "write_json_files"]


@dataclass(frozen=True, slots=True)
class Row:
    """One JSON object and where it stands.

    Args:
        file: name for messages.
        line: from 1; 0 where the file is one JSON text and the place is part of `file`.
        values: the object.
    """

    file: str
    line: int
    values: Mapping[str, Any]

    def fault(self, field: str, message: str, remedy: str | None = None) -> DataError:
        """An error that names this place."""
        return DataError(message, file=self.file, line=self.line or None, field=field, remedy=remedy)

    def text(self, field: str, *, is_required: bool = True) -> str:
        """A text as written; an optional one may be absent or null."""
        value = self.values.get(field)
        if value is None and not is_required:
            return ""
        if not isinstance(value, str) or (is_required and not value.strip()):
            raise self.fault(field, f"allowed is a text{', not empty' if is_required else ''}; got {value!r}")
        return value

    def number(self, field: str) -> float:
        """A finite number."""
        value = self.values.get(field)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.fault(field, f"allowed is a number; got {value!r}")
        return float(value)

    def inner(self, field: str) -> Row:
        """The object that a field holds."""
        value = self.values.get(field)
        if not isinstance(value, Mapping):
            raise self.fault(field, f"allowed is an object; got {str(value)[:60]!r}")
        return Row(f"{self.file}: {field}", self.line, value)

    def ids(self, field: str) -> tuple[str, ...]:
        """A list of ids, or of objects with an `id`."""
        value = self.values.get(field)
        if isinstance(value, list):
            plain = [entry.get("id") if isinstance(entry, dict) else entry for entry in value]
            found = tuple(entry for entry in plain if isinstance(entry, str) and entry.strip())
            if len(set(found)) != len(found):
                raise self.fault(field, "an id stands in the list twice")
            if len(found) == len(value):
                return found
        raise self.fault(field, f"allowed is a list of ids; got {str(value)[:60]!r}")


def title_and_abstract(row: Row, *, title: str = "title") -> tuple[str, str]:
    """Both as the product's own readers clean them, so that texts, and vectors kept for them, are the same.

    A public data set may hold an abstract without a title; neither is nothing to read.
    """
    abstract = clean(row.text("abstract", is_required=False))
    return one_line(row.text(title, is_required=not abstract)), abstract


def rows_of(path: Path) -> Iterator[Row]:
    """The JSON objects of a file of JSON lines; the first bad line ends the reading."""
    name = f"{path.parent.name}/{path.name}"
    for raw in read_rows(path, Table(path.name, ()), name=name, is_csv=False):
        if raw.fault is not None:
            raise DataError(raw.fault, file=name, line=raw.line)
        yield Row(name, raw.line, raw.values)


def unique_rows(path: Path, *, key: str = "id") -> Iterator[Row]:
    """The same, each with another `key`."""
    seen: dict[str, int] = {}
    for row in rows_of(path):
        found = row.text(key)
        if found in seen:
            raise row.fault(key, f"'{found}' stands in line {seen[found]} already")
        seen[found] = row.line
        yield row


def read_json(path: Path) -> Any:
    """The one JSON text that a file holds.

    Raises:
        DataError: the file is not there, cannot be read, or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(f"this is no JSON text that can be read: {reason}", file=str(path)) from None


def write_json_files(texts: Mapping[str, Any], folder: Path) -> tuple[Path, ...]:
    """Write one JSON text a file.

    Raises:
        InputError: the folder cannot be written to.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in texts.items():
            path = folder / name
            text = json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"
            path.write_text(text, encoding="utf-8", newline="\n")
            written.append(path)
    except OSError as error:
        raise InputError(f"{folder}: the predictions cannot be written: {error.strerror or error}") from None
    return tuple(written)
