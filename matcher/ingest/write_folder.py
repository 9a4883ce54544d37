"""Writing reviewers and publications as a plain venue folder, and adding to one that was written so.

The folder holds `reviewers.jsonl` and `publications.jsonl` as `matcher.ingest.load_venue` reads them; submissions come
from the chair. Rows that are already there and not concerned stay as they are, letter for letter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from matcher.errors import DataError
from matcher.ingest.cv.merge import Existing, Merged
from matcher.ingest.fields import PUBLICATIONS, REVIEWERS, FieldError, Table, Unread
from matcher.ingest.formats.venue_rows import paper_row, reviewer_row
from matcher.ingest.plain_tables import TableFile, refuse_occupied, write_lines
from matcher.records import Paper, PaperId, Person, PersonId, Reviewer

__all__ = ["Written", "read_existing", "refuse_filled", "write_folder"]

_REVIEWERS_FILE: Final = "reviewers.jsonl"
_PUBLICATIONS_FILE: Final = "publications.jsonl"
_OURS: Final = {"reviewers": _REVIEWERS_FILE, "publications": _PUBLICATIONS_FILE}


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, or what would be.

    Args:
        folder: the venue folder.
        files: the files, in the order of writing.
        is_dry_run: whether nothing was written.
    """

    folder: Path
    files: tuple[TableFile, ...]
    is_dry_run: bool = False


# --- reading what is there ------------------------------------------------------------------------------------------


def read_existing(folder: str | Path) -> Existing:
    """The reviewers and publications of a folder, to be added to; nothing for a folder that is empty or missing.

    Args:
        folder: a venue folder.

    Raises:
        DataError: its reviewers or publications are compressed or CSV, or a row cannot be read.
    """
    folder = Path(folder)
    papers = [_paper(values) for _, values in _rows(folder, "publications", PUBLICATIONS)]
    written: dict[str, list[PaperId]] = {}
    for paper in papers:
        for mention in paper.authors:
            if mention.person_id is not None:
                written.setdefault(mention.person_id, []).append(paper.id)
    people: list[Person] = []
    reviewers: list[Reviewer] = []
    for _, values in _rows(folder, "reviewers", REVIEWERS):
        people.append(_person(values))
        listed = values.get("paper_ids")
        reviewers.append(
            Reviewer(
                person_id=PersonId(values["id"]),
                paper_ids=tuple(listed if listed is not None else sorted(written.get(values["id"], ()))),
                interests=values.get("interests", ()),
            )
        )
    return Existing(tuple(people), tuple(reviewers), tuple(papers))


def _rows(folder: Path, stem: str, table: Table) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The rows of one of our two files: as written, and as values."""
    path = folder / _OURS[stem]
    found: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
        except ValueError as error:
            raise DataError(f"this is no JSON: {error}", file=str(path), line=number) from None
        if not isinstance(raw, dict):
            raise DataError("allowed is one JSON object a line", file=str(path), line=number)
        try:
            unread: Unread = {}
            found.append((raw, table.read(raw, unread)))
        except FieldError as error:
            raise DataError(error.reason, file=str(path), line=number, field=error.path or None) from None
    return found


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (UnicodeDecodeError, OSError) as error:
        raise DataError(f"the file cannot be read: {error}", file=str(path)) from None


def _paper(values: Mapping[str, Any]) -> Paper:
    return Paper(
        id=PaperId(values["id"]),
        title=values["title"],
        abstract=values.get("abstract", ""),
        dates=values.get("date", ()),
        authors=values.get("authors", ()),
        published_in=values.get("published_in", ""),
        kind=values.get("kind", "other"),
        sources=values.get("source", ()),
        full_text=values.get("full_text", ""),
    )


def _person(values: Mapping[str, Any]) -> Person:
    return Person(
        id=PersonId(values["id"]),
        names=tuple(dict.fromkeys((values["name"], *values.get("names", ())))),
        emails=values.get("emails", ()),
        affiliations=values.get("affiliations", ()),
        relations=values.get("relations", ()),
    )


# --- writing --------------------------------------------------------------------------------------------------------


def write_folder(folder: str | Path, merged: Merged, *, add: bool = False, dry_run: bool = False) -> Written:
    """Write reviewers and publications as a plain venue folder.

    Args:
        folder: made if it is missing; must be empty unless `add`.
        merged: as `merge_documents` gives it; with `add`, it was given what `read_existing` reads.
        add: whether to add to a folder that holds files; what is there is kept.
        dry_run: whether only to say what would be written.

    Raises:
        DataError: the folder holds files and `add` is false, is no folder, or holds tables of another form; or no
            document told whose it is, so that there is nothing to write.

    Example::

        merged = merge_documents([read_cv(path) for path in paths])
        write_folder("venue", merged)
    """
    folder = Path(folder)
    refuse_filled(folder, add=add)
    if not merged.reviewers:
        sources = ", ".join(report.source for report in merged.documents)
        raise DataError(
            f"no document tells whose it is ({sources}): there is no reviewer to write",
            remedy="write the owner's name as the first line of the document",
        )
    before = read_existing(folder)
    plans = [
        _plan(folder, "publications", map(paper_row, merged.papers), map(paper_row, before.papers)),
        _plan(
            folder,
            "reviewers",
            _reviewer_rows(merged.reviewers, merged.people),
            _reviewer_rows(before.reviewers, before.people),
        ),
    ]
    if not dry_run:
        folder.mkdir(parents=True, exist_ok=True)
        for plan, rows in plans:
            write_lines(plan.path, rows)
    return Written(folder, tuple(plan for plan, _ in plans), dry_run)


def refuse_filled(folder: str | Path, *, add: bool) -> None:
    """Refuse a folder that cannot take reviewers and publications, before there is work that would be lost.

    Args:
        folder: may be missing.
        add: whether what it holds is added to.

    Raises:
        DataError: as `refuse_occupied`.
    """
    refuse_occupied(folder, _OURS, add=add)


def _plan(
    folder: Path, stem: str, rows: Iterable[dict[str, Any]], before: Iterable[dict[str, Any]]
) -> tuple[TableFile, list[str]]:
    """The lines of a file: those that are there, completed where the rows now say more than before, and new ones."""
    path = folder / _OURS[stem]
    table = {"reviewers": REVIEWERS, "publications": PUBLICATIONS}[stem]
    now = {row["id"]: row for row in rows}
    old = {row["id"]: row for row in before}
    lines: list[str] = []
    changed = 0
    kept = [line for line in _lines(path) if line.strip()]
    for line, (raw, values) in zip(kept, _rows(folder, stem, table), strict=True):
        row, base = now.get(values["id"], {}), old[values["id"]]
        more = {name: value for name, value in row.items() if value and value != base.get(name)}
        changed += bool(more)
        lines.append(_line({**raw, **more}) if more else line)
    fresh = [row for row in now.values() if row["id"] not in old]
    lines += map(_line, fresh)
    return TableFile(path, len(lines), len(fresh), changed), lines


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


def _reviewer_rows(reviewers: Iterable[Reviewer], people: Iterable[Person]) -> list[dict[str, Any]]:
    persons = {person.id: person for person in people}
    return [reviewer_row(one, persons[one.person_id]) for one in reviewers]
