"""Reading and writing the tables of a venue folder as plain rows, for imports that add to them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from matcher.errors import DataError
from matcher.ingest.fields import TABLES
from matcher.ingest.files import SUFFIXES, stem_of
from matcher.ingest.formats.opening import read_json

__all__ = ["TableFile", "read_tables", "refuse_occupied", "write_tables"]

_PLAIN: Final = ".jsonl"


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file of a venue folder as it was, or would be, written.

    Args:
        path: the file.
        rows: rows that it holds then.
        added: rows that are new.
        changed: rows that were there and say more now.
    """

    path: Path
    rows: int
    added: int
    changed: int


def refuse_occupied(folder: Path, *, add: bool) -> None:
    """Raise when a folder may not be written to.

    Args:
        folder: the venue folder; it may be missing.
        add: whether it may hold files already.

    Raises:
        DataError: it is a file; or it holds files and `add` is false; or a table in it is no plain JSON Lines file.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise DataError("this is a file, not a folder", file=str(folder), remedy="name a folder")
    held = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if held and not add:
        more = f" and {len(held) - 3} more" if len(held) > 3 else ""
        raise DataError(
            f"the folder is not empty: it holds {', '.join(held[:3])}{more}",
            file=str(folder),
            remedy="pass --add to add to what is there, or name an empty folder",
        )
    for name in held:
        stem, _ = stem_of(name)
        if stem in TABLES and name.endswith(SUFFIXES) and name != f"{stem}{_PLAIN}":
            raise DataError(
                f"adding works with plain {stem}{_PLAIN}, and the folder holds {name}",
                file=str(folder),
                remedy=f"convert it to {stem}{_PLAIN}, or name an empty folder",
            )


def read_tables(folder: Path) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of a venue folder by table, as they are written; nothing for a folder that is missing.

    Raises:
        DataError: a file or a row cannot be read.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for table in TABLES:
        path = folder / f"{table}{_PLAIN}"
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
        file = TableFile(folder / f"{table}{_PLAIN}", len(rows), len(rows) - len(before), changed)
        files.append(file)
        if (file.added or file.changed) and not dry_run:
            folder.mkdir(parents=True, exist_ok=True)
            _write(file.path, (json.dumps(row, ensure_ascii=False) for row in rows))
    return tuple(files)


def _write(path: Path, lines: Iterable[str]) -> None:
    """Write a file as a whole: another program sees the old one or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(f"{line}\n" for line in lines)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
