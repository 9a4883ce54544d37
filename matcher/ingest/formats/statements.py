"""Expertise where there are no publications: keywords or topics, a statement in the reviewer's own words, titles.

Each becomes a paper of its own, so that the score's explanation can say what it rests on: keywords and statements one
of kind `statement`, which is marked as the reviewer's own words, titles one paper without an abstract each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from matcher.identity import normalise_email, normalise_name
from matcher.ingest.fields import one_line
from matcher.ingest.formats.opening import Cells, read_table
from matcher.ingest.formats.source import Owner, Row, SourceRecord, Wishes

__all__ = ["read_statements"]

_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "who": ("reviewer id", "id", "email", "e mail", "reviewer", "name", "full name"),
    "statement": ("statement", "expertise", "expertise statement", "research statement", "bio", "about", "research"),
    "keywords": ("keywords", "topics", "areas", "interests", "subject areas", "topic", "keyword"),
    "titles": ("titles", "papers", "publications", "paper titles", "titles of papers"),
}
_HEADING: Final = "Stated expertise"
_SHORTEST_TITLE: Final = 3
"""Letters from which a line counts as a title."""


def read_statements(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:
    """Read a table with a row for each reviewer: who it is, and a statement, keywords or titles.

    Args:
        paths: CSV or Excel; columns such as `email`, `statement`, `keywords`, `titles` (one a line, or separated by ;).
        wishes: the reviewers of the folder; a row is about the one whose id, address or name stands in it.

    Raises:
        DataError: a file cannot be read, or a column is missing.
    """
    for path in paths:
        for cells in read_table(path, _COLUMNS, required=("who",)):
            yield _record(cells, wishes.owners)


def _record(cells: Cells, owners: Sequence[Owner]) -> SourceRecord:
    def bad(fault: str, field: str | None = None) -> SourceRecord:
        return SourceRecord(cells.file, cells.line, fault=fault, field=field, raw=cells.raw)

    if cells.fault is not None:
        return bad(cells.fault)
    said = cells.values.get("who", "")
    if not said:
        return bad("is missing", "reviewer")
    found = [owner for owner in owners if _is(owner, said)]
    if len(found) != 1:
        who = " and ".join(owner.id for owner in found)
        return bad(f"'{said}' is {who}" if found else f"'{said}' is no reviewer of the folder", "reviewer")
    papers = list(_papers(cells, found[0].id))
    if not papers:
        return SourceRecord(cells.file, cells.line, left_out="the row says nothing of expertise", raw=cells.raw)
    person = {"id": found[0].id, "name": found[0].names[0], "paper_ids": [paper["id"] for paper in papers]}
    rows = (*(Row("publications", paper) for paper in papers), Row("reviewers", person))
    return SourceRecord(cells.file, cells.line, rows, raw=cells.raw)


def _is(owner: Owner, said: str) -> bool:
    if said == owner.id or normalise_email(said) in map(normalise_email, owner.emails):
        return True
    return normalise_name(said) in map(normalise_name, owner.names)


def _papers(cells: Cells, reviewer: str) -> Iterator[dict[str, Any]]:
    source = {"file": cells.file, "line": cells.line}
    parts = [one_line(cells.values[name]) for name in ("statement", "keywords") if name in cells.values]
    if parts:
        yield {
            "id": f"{reviewer}-statement",
            "title": _HEADING,
            "abstract": " ".join(part if part.endswith(".") else f"{part}." for part in parts),
            "authors": [],
            "kind": "statement",
            "source": source,
        }
    titles = [one_line(part) for part in re.split(r"[;\n]", cells.values.get("titles", ""))]
    for number, title in enumerate((one for one in titles if len(one) >= _SHORTEST_TITLE), start=1):
        yield {"id": f"{reviewer}-title-{number}", "title": title, "kind": "other", "source": source}
