"""Reading and writing the tables of a venue folder as plain rows, for imports that add to them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matcher.errors import DataError
from matcher.ingest.fields import TABLES
from matcher.ingest.formats.opening import read_json
from matcher.ingest.plain_tables import PLAIN, TableFile, write_lines

__all__ = ["read_tables", "write_tables"]


def read_tables(folder: Path) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of a venue folder by table, as they are written; nothing for a folder that is missing.

    Raises:
        DataError: a file or a row cannot be read.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for table in TABLES:
        path = folder / f"{table}{PLAIN}"
        if not path.is_file() or not path.stat().st_size:
            continue
        rows: list[Mapping[str, Any]] = []
        for record in read_json(path):
            if record.fault is not None:
                raise DataError(record.fault, file=str(path), line=record.line)
            rows.append(record.values)
        found[table] = rows
    return found


def write_tables(
    folder: Path,
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    there: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    dry_run: bool = False,
) -> tuple[TableFile, ...]:
    """Write the tables of a venue folder; a table in which nothing changed is not touched.

    Args:
        folder: made if it is missing.
        tables: all rows, those that were there first and in their order.
        there: the rows that were there.
        dry_run: whether only to say what would be written.

    Raises:
        OSError: the system refuses to write.
    """
    files = []
    for table in TABLES:
        rows = tables.get(table)
        if not rows:
            continue
        before = there.get(table, ())
        changed = sum(old != new for old, new in zip(before, rows, strict=False))
        file = TableFile(folder / f"{table}{PLAIN}", len(rows), len(rows) - len(before), changed)
        files.append(file)
        if (file.added or file.changed) and not dry_run:
            folder.mkdir(parents=True, exist_ok=True)
            write_lines(file.path, (json.dumps(row, ensure_ascii=False) for row in rows))
    return tuple(files)
