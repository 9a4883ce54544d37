"""Pools in memory: the reviewers of a venue ready for `/v1/rank`.

Vectors lie in files and in memory, also where PostgreSQL holds the records. pgvector finds nearest neighbours; a score
needs the similarity of every paper, and beside the dense part also sparse terms. Measured with 50,000 vectors of 384
numbers on one machine: all inner products from pgvector 216 ms at best, from memory 41 ms; written once in 137 s, as a
file read back in 0.2 s. With 200,000 papers pgvector alone would take longer than a whole answer may.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from matcher.config import MatchConfig
from matcher.encoders import make_encoder
from matcher.ingest import read_venue
from matcher.records import Profiles
from matcher.runs import load_part, load_run
from matcher.standing_pool import Pool, open_pool
from service.openreview.orders import ASKED
from service.problems import Problem
from service.results import Kept
from service.storage.database import Database, now, time_text
from service.storage.folders import venue_folder
from service.storage.tables import audit, jobs, runs
from service.storage.visible import WHOLE, Sight

__all__ = ["Pools", "repeats", "sketch"]

_HASHES: Final = 64
_ALIKE: Final = 0.8
"""Share of equal minima from which two texts count as nearly identical."""
_LOOKED_BACK_S: Final = 7 * 86_400
_LOOKED_AT: Final = 500


class Pools:
    """The pools used last.

    Args:
        database: which runs there are.
        data_dir: where their files are.
        size: how many are kept.
    """

    def __init__(self, database: Database, data_dir: Path, size: int) -> None:
        self._database = database
        self._data_dir = data_dir
        self._kept: Kept[tuple[Pool, int, Counter[str]]] = Kept(size)

    def of(self, venue_id: str, sight: Sight = WHOLE) -> tuple[Pool, int, Counter[str]]:
        """The pool of a venue as its latest run left it.

        Args:
            venue_id: the venue.
            sight: what the one who asks sees of it; reviews of other submissions are in nobody's load.

        Returns:
            The pool, the version of the venue that it holds, and the loads of the published assignment.

        Raises:
            Problem: no job has made it ready yet.
        """
        # What a request of OpenReview's was answered with holds only the people that it asked about.
        is_whole = sa.or_(jobs.c.id.is_(None), jobs.c.config[ASKED].as_string().is_(None))
        query = sa.select(runs.c.id).outerjoin(jobs, sa.and_(jobs.c.id == runs.c.job_id, jobs.c.venue_id == venue_id))
        query = query.where(runs.c.venue_id == venue_id, is_whole).order_by(runs.c.number.desc()).limit(1)
        with self._database.read() as connection:
            run_id = connection.execute(query).scalar()
        if run_id is None:
            raise Problem("conflict", "the reviewers are not ready: start a job of the kind 'index' (or a match) first")
        return self._kept.get((venue_id, run_id, sight.hidden), lambda: self._open(venue_id, run_id, sight.hidden))

    def clear(self) -> None:
        """Forget all; they are read again when they are asked for."""
        self._kept.clear()

    def _open(self, venue_id: str, run_id: str, hidden: frozenset[str]) -> tuple[Pool, int, Counter[str]]:
        with self._database.read() as connection:
            here = [runs.c.venue_id == venue_id, runs.c.id == run_id]
            row = connection.execute(sa.select(runs).where(*here)).mappings().one()
        config = MatchConfig.from_plain(row["manifest"]["config"])
        loads: Counter[str] = Counter()
        if row["kind"] == "match":
            run = load_run(self._data_dir / "runs" / row["digest"])
            venue, profiles = run.venue, run.profiles
            told = {(each.submission_id, each.reviewer_id) for each in venue.assignments}  # the pool counts these
            pairs = [pair for pair in run.assignment.pairs if (pair.submission_id, pair.reviewer_id) not in told]
            loads.update(pair.reviewer_id for pair in pairs if pair.submission_id not in hidden)
        else:
            root = self._data_dir.resolve()
            folder = venue_folder(self._database, root / "venues", row["venue_id"], row["venue_version"])
            venue = read_venue(folder, may_lack_submissions=True).venue
            part = load_part(root / "work" / "parts" / row["venue_id"] / f"profiles-{row['digest']}")
            if not isinstance(part, Profiles):
                raise Problem("conflict", "the files of the index are gone: start a job of the kind 'index' again")
            profiles = part
        # Without a cache: what is asked about is an author's text, and leaves nothing behind.
        shown = tuple(each for each in venue.assignments if each.submission_id not in hidden)
        pool = open_pool(replace(venue, assignments=shown), config, make_encoder(config), profiles)
        return pool, row["venue_version"], loads


# --- repeats --------------------------------------------------------------------------------------------------------


def sketch(text: str) -> list[int]:
    """Minima of 64 hash functions over the three-word runs of a text: alike texts share most of them (MinHash).

    Source: A. Broder, On the resemblance and containment of documents, 1997.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = re.findall(r"\w+", folded) or [""]
    runs_of_words = {" ".join(words[place : place + 3]) for place in range(max(1, len(words) - 2))}
    digests = [hashlib.blake2b(run.encode(), digest_size=8).digest() for run in sorted(runs_of_words)]
    values = [int.from_bytes(digest) for digest in digests]
    mask = 2**64 - 1
    # Each function is an odd multiple, taken from its own number, of the same 64 bits.
    multiples = [int.from_bytes(hashlib.blake2b(bytes([n]), digest_size=8).digest()) | 1 for n in range(_HASHES)]
    return [min((value * multiple & mask) >> 32 for value in values) for multiple in multiples]


def repeats(
    connection: sa.Connection, venue_id: str, mine: Sequence[int], *, key_id: str | None = None
) -> list[dict[str, Any]]:
    """Questions of the last week about nearly the same text, newest first: somebody may be trying out texts.

    Args:
        connection: a transaction.
        venue_id: whose log is read.
        mine: the sketch of the text.
        key_id: only questions of this key; by default of all.
    """
    query = (
        sa.select(audit.c.at, audit.c.key_id, audit.c.details)
        .where(audit.c.venue_id == venue_id, audit.c.action == "POST /v1/rank", audit.c.at > now() - _LOOKED_BACK_S)
        .order_by(audit.c.number.desc())
        .limit(_LOOKED_AT)
    )
    if key_id is not None:
        query = query.where(audit.c.key_id == key_id)
    found = []
    for at, asker, details in connection.execute(query):
        likeness = _likeness(mine, details.get("sketch", ()))
        if likeness >= _ALIKE:
            found.append({"at": time_text(at), "key_id": asker, "likeness": round(likeness, 3)})
    return found


def _likeness(one: Iterable[int], other: Sequence[int]) -> float:
    return sum(a == b for a, b in zip(one, other, strict=True)) / _HASHES if len(other) == _HASHES else 0.0
