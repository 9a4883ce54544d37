"""A version of a venue as a folder that `matcher` reads: the bridge between our tables and the library."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from matcher.decisions import DECISIONS_FILE
from matcher.ingest.fields import TABLES
from service.problems import Problem
from service.storage.database import Database
from service.storage.rows import read_records
from service.storage.visible import WHOLE, Sight

__all__ = ["facts_text", "plain_facts", "seen_folder", "venue_folder", "write_tables"]

_NEEDED: Final = ("reviewers", "publications")
_OURS: Final = ("double_blind",)
"""Facts that the service needs and the library does not know."""


def venue_folder(database: Database, root: Path, venue_id: str, version: int) -> Path:
    """The folder of one version of a venue, written if it is not there yet.

    It appears whole or not at all, so any process may write it.

    Args:
        database: where the records are.
        root: where folders go.
        venue_id: which venue.
        version: of the venue.

    Raises:
        Problem: the venue has no reviewers or no publications, so nothing can be matched.
    """
    target = root / venue_id / str(version)
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=".", dir=target.parent))
    try:
        with database.read() as connection:
            facts = next(read_records(connection, venue_id, "facts", version=version)).body
            written = write_tables(connection, venue_id, version, building)
        _refuse_empty(written)
        (building / "venue.toml").write_text(facts_text(facts), encoding="utf-8")
        try:
            building.rename(target)
        except OSError:
            if not target.is_dir():  # else another process was first, with the same content
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return target


def seen_folder(database: Database, folder: Path, venue_id: str, version: int, sight: Sight) -> Path:
    """Write one version of a venue as somebody sees it; only they may be told of what is in there.

    Args:
        database: where the records are.
        folder: where the files go; it is there and empty.
        venue_id: which venue.
        version: of the venue.
        sight: what is seen of it. Decisions about conflicts are left out: they name authors.

    Raises:
        Problem: the venue has no reviewers or no publications.
    """
    with database.read() as connection:
        facts = next(read_records(connection, venue_id, "facts", version=version)).body
        _refuse_empty(write_tables(connection, venue_id, version, folder, sight))
    (folder / "venue.toml").write_text(facts_text(facts), encoding="utf-8")
    return folder


def _refuse_empty(written: set[str]) -> None:
    for table in _NEEDED:
        if table not in written:
            raise Problem("invalid-data", f"the venue has no {table}: upload them first")


def write_tables(
    connection: sa.Connection, venue_id: str, version: int | None, folder: Path, sight: Sight = WHOLE
) -> set[str]:
    """Write every table that holds records as JSON Lines.

    Returns:
        The names of the tables written.
    """
    written = set()
    for kind in (*TABLES, "decisions") if sight.is_whole else TABLES:
        path = folder / (DECISIONS_FILE if kind == "decisions" else f"{kind}.jsonl")
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            count = 0
            for record in read_records(connection, venue_id, kind, version=version, where=sight.conditions(kind)):
                stream.write(json.dumps(record.body, ensure_ascii=False) + "\n")
                count += 1
        if count:
            written.add(kind)
        else:
            path.unlink()
    return written


def facts_text(facts: Mapping[str, Any]) -> str:
    """A `venue.toml`."""
    lines = []
    for name, value in facts.items():
        if value is not None and name not in _OURS:
            is_text = isinstance(value, str) and name != "deadline"
            lines.append(f"{name} = {json.dumps(value, ensure_ascii=False) if is_text else value}")
    return "\n".join(lines) + "\n"


def plain_facts(name: str, deadline: date | None, numbers: Mapping[str, int]) -> dict[str, Any]:
    """The facts of a venue as they are stored."""
    return {"name": name, "deadline": None if deadline is None else deadline.isoformat(), **numbers}
