"""Plain JSON Lines files of a venue folder: which folder may be written to, and how a file is replaced as a whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matcher.errors import DataError
from matcher.ingest.files import SUFFIXES, stem_of

__all__ = ["PLAIN", "TableFile", "refuse_occupied", "write_lines"]

PLAIN: Final = ".jsonl"
"""The ending of a table that can be added to."""

_SHOWN: Final = 3


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


def refuse_occupied(folder: str | Path, tables: Collection[str], *, add: bool) -> None:
    """Refuse a folder that cannot be written to, before there is work that would be lost.

    Args:
        folder: the venue folder; may be missing.
        tables: the tables that will be written.
        add: whether what the folder holds is added to.

    Raises:
        DataError: it is no folder; or it holds files and `add` is false; or one of the tables is there in another form
            than plain JSON Lines.
    """
    folder = Path(folder)
    if not folder.exists():
        return
    if not folder.is_dir():
        raise DataError("this is a file, not a folder", file=str(folder), remedy="name a folder")
    held = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if held and not add:
        more = f" and {len(held) - _SHOWN} more" if len(held) > _SHOWN else ""
        raise DataError(
            f"the folder is not empty: it holds {', '.join(held[:_SHOWN])}{more}",
            file=str(folder),
            remedy="pass --add to add to what is there, or name an empty folder",
        )
    for name in held:
        stem, _ = stem_of(name)
        if stem in tables and name != f"{stem}{PLAIN}" and name.endswith(SUFFIXES):
            raise DataError(
                f"adding works with plain {stem}{PLAIN}, and the folder holds {name}",
                file=str(folder),
                remedy=f"convert it to {stem}{PLAIN}, or name an empty folder",
            )


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a file as a whole: another program sees the old one or the new one.

    Args:
        path: the file.
        lines: without line ends.

    Raises:
        OSError: the system refuses to write.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(f"{line}\n" for line in lines)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
