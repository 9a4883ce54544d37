"""Public lists of a venue's papers, as the "paperlists" collection holds them: one JSON list for each venue and year.

`author`, `authorids`, `aff`, `aff_domain` and `keywords` are texts joined by `;`. Lists of one paper may differ in
length; then who has which id or place cannot be told, and they are left out with a remark. The year stands in the
paper's own BibTeX, else in the file's name (`iclr2024.json`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from matcher.ingest.fields import one_line
from matcher.ingest.formats.opening import JsonRecord, read_json
from matcher.ingest.formats.source import Row, SourceRecord, Wishes
from matcher.ingest.formats.works import Owners, Work, WorkAuthor, given_first, kind_of, plain_key, record_of

__all__ = ["read_paperlists"]

_NAMED: Final = re.compile(r"(?P<venue>[a-z0-9_&-]*?[a-z])[ _-]?(?P<year>(?:19|20)\d{2})(?!\d)")
_BIBTEX_YEAR: Final = re.compile(r"\byear\s*=\s*[{\"]?\s*(?P<year>(?:19|20)\d{2})")
_BIBTEX_PLACE: Final = re.compile(r"\b(?:booktitle|journal)\s*=\s*[{\"]+(?P<place>[^{}\"]+)")
_WITHDRAWN: Final = re.compile(r"(?i)withdr")
_DESK_REJECTED: Final = re.compile(r"(?i)desk")


def read_paperlists(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:
    """Read lists of papers: publications of reviewers, or the submissions of a venue.

    Args:
        paths: JSON, plain or gzip.
        wishes: `tables` may say `submissions` for a file; otherwise a file holds publications, of which those by the
            owners are wanted.

    Raises:
        DataError: a file cannot be read, or whose works are wanted is not said.
    """
    count = 0
    for path in paths:
        owners = None if wishes.tables.get(path) == "submissions" else Owners(wishes.owners, path.name)
        named = _NAMED.match(path.name.casefold())
        for record in read_json(path, inside=("papers",)):
            count += 1
            if wishes.progress is not None and count % 10_000 == 0:
                wishes.progress(count)
            yield _record(record, path.name, owners, named)


def _record(record: JsonRecord, file: str, owners: Owners | None, named: re.Match[str] | None) -> SourceRecord:
    place = SourceRecord(file, record.line, raw=record.raw)
    if record.fault is not None:
        return replace(place, fault=record.fault)
    paper = record.values
    lacking = next((name for name in ("id", "title") if not _text(paper, name)), None)
    if lacking is not None:
        return replace(place, fault="is missing", field=lacking)
    authors, remarks = _authors(paper)
    if owners is None:
        return replace(place, rows=(Row("submissions", _submission(paper, authors)),), remarks=tuple(remarks))
    bibtex = _text(paper, "bibtex")
    year, printed = _BIBTEX_YEAR.search(bibtex), _BIBTEX_PLACE.search(bibtex)
    venue = one_line(printed["place"]) if printed else f"{named['venue']} {named['year']}".upper() if named else ""
    known = year or named
    track = _text(paper, "track")
    work = Work(
        id=f"paperlists:{_text(paper, 'id')}",
        title=_text(paper, "title"),
        authors=authors,
        date=known["year"] if known else None,
        abstract=_text(paper, "abstract"),
        venue=venue,
        kind=kind_of(track, venue, "conference"),
        remarks=tuple(remarks),
    )
    return record_of(work, owners, file=file, line=record.line, raw=record.raw)


def _text(paper: Mapping[str, Any], name: str) -> str:
    held = paper.get(name)
    return one_line(held) if isinstance(held, str) else str(held) if isinstance(held, int) else ""


def _listed(paper: Mapping[str, Any], name: str) -> list[str]:
    """The entries of a joined text with their empty places; a list is taken as it is."""
    held = paper.get(name)
    if isinstance(held, list):
        return [one_line(str(one)) for one in held]
    return [one_line(part) for part in held.split(";")] if isinstance(held, str) and held.strip() else []


def _authors(paper: Mapping[str, Any]) -> tuple[tuple[WorkAuthor, ...], list[str]]:
    names = [name for name in _listed(paper, "author") if name]
    remarks: list[str] = []

    def beside(field: str) -> list[str]:
        held = _listed(paper, field)
        if any(held) and len(held) != len(names):
            remarks.append(f"{len(names)} authors and {len(held)} entries in '{field}': these are left out")
            held = []
        return held if any(held) else [""] * len(names)

    made = [
        WorkAuthor(
            given_first(name.rstrip("*")),
            frozenset({plain_key("openreview_ids", key)}) if key.startswith("~") else frozenset(),
            affiliation=place,
            email=key.lower() if "@" in key and not key.startswith("~") else "",
            person_id=key if key.startswith("~") else "",
        )
        for name, key, place in zip(names, beside("authorids"), beside("aff"), strict=True)
    ]
    return tuple(made), remarks


def _submission(paper: Mapping[str, Any], authors: Sequence[WorkAuthor]) -> dict[str, Any]:
    status = _text(paper, "status")
    state = "withdrawn" if _WITHDRAWN.search(status) else "desk_rejected" if _DESK_REJECTED.search(status) else "active"
    return {
        "id": _text(paper, "id"),
        "title": _text(paper, "title"),
        "abstract": _text(paper, "abstract"),
        "authors": [
            {
                name: value
                for name, value in (
                    ("name", author.name),
                    ("person_id", author.person_id or author.email),
                    ("email", author.email),
                    ("affiliation", author.affiliation),
                )
                if value
            }
            for author in authors
        ],
        "keywords": [word for word in _listed(paper, "keywords") if word],
        "track": _text(paper, "track"),
        "status": state,
        "attributes": {"primary_area": area} if (area := _text(paper, "primary_area")) else {},
    }
