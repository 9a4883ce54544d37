"""Vectors of texts already encoded, kept on disk.

One SQLite file per encoder digest, so that models, weights, poolings, lengths and precisions never mix. The key is
the SHA-256 of the text. Everything in it can be computed again; a file may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from matcher.errors import RunError
from matcher.records import Floats

__all__ = ["VectorCache"]

_ASKED_AT_ONCE: Final = 500
"""Keys in one SELECT; SQLite allows at least 999 parameters."""

_PATIENCE_S: Final = 60.0
"""How long a writer waits for another process's transaction."""


class VectorCache:
    """Vectors by text for one encoder digest.

    Args:
        folder: where cache files live; made when first written to.
        digest: of the encoder.
    """

    def __init__(self, folder: Path, digest: str) -> None:
        self.path = folder / f"vectors-{digest[:32]}.sqlite"
        self._digest = digest

    def get(self, texts: Sequence[str]) -> dict[str, Floats]:
        """The vectors known for some texts, by text.

        Raises:
            RunError: the cache file is damaged.
        """
        if not self.path.exists():
            return {}
        by_key = {_key(text): text for text in texts}
        found: dict[str, Floats] = {}
        with self._open() as database:
            keys = list(by_key)
            for start in range(0, len(keys), _ASKED_AT_ONCE):
                asked = keys[start : start + _ASKED_AT_ONCE]
                marks = ",".join("?" * len(asked))
                # The only thing put into the statement is question marks.
                rows = database.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", asked)  # noqa: S608
                for key, blob in rows:
                    found[by_key[key]] = np.frombuffer(blob, dtype="<f4")
        return found

    def put(self, vectors: Mapping[str, Floats]) -> None:
        """Keep vectors; an interrupted run keeps what it had put.

        Raises:
            RunError: the cache file is damaged, or its folder cannot be made.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"the folder of the vector cache cannot be made ({error.strerror}): set MATCHER_CACHE to another"
            raise RunError(message, path=str(self.path.parent)) from error
        rows = [(_key(text), vector.astype("<f4").tobytes()) for text, vector in vectors.items()]
        with self._open() as database:
            database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
            database.commit()

    def dimension(self) -> int | None:
        """Length of the vectors kept; `None` while there are none."""
        if not self.path.exists():
            return None
        with self._open() as database:
            row = database.execute("SELECT length(vector) FROM vectors LIMIT 1").fetchone()
        return None if row is None else int(row[0]) // 4

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as database:
                database.execute("CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT)")
                database.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)")
                database.execute("INSERT OR IGNORE INTO facts VALUES ('digest', ?)", (self._digest,))
                database.commit()
                stored = database.execute("SELECT value FROM facts WHERE name = 'digest'").fetchone()[0]
                if stored != self._digest:
                    raise RunError("these vectors belong to another encoder: delete the file", path=str(self.path))
                yield database
        except sqlite3.DatabaseError as error:
            message = f"the vector cache cannot be used ({error}): delete the file, it can be computed again"
            raise RunError(message, path=str(self.path)) from error


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
