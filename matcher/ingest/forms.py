"""Forms that reviewers fill in: which papers are theirs and speak for them, areas, load, availability.

A form is an Excel workbook for one reviewer. What comes back is written into the venue folder, and every decision is
kept as a `Selection`, which knows people and papers by what stays the same between editions, so that it can be applied
to the next venue too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from matcher.errors import DataError, MissingExtraError
from matcher.identity import normalise_email
from matcher.ingest.cv.works import title_key
from matcher.ingest.fields import one_line
from matcher.ingest.folder import SELECTIONS_FILE
from matcher.ingest.formats.opening import read_json
from matcher.ingest.formats.write import read_tables, write_tables
from matcher.ingest.plain_tables import TableFile
from matcher.ingest.sheets import Sheet, SheetRow, read_candidates

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = [
    "SELECTIONS_FILE",
    "Applied",
    "Selection",
    "apply_selections",
    "keep_selections",
    "read_forms",
    "read_selections",
    "write_forms",
]

_PAPERS: Final = "Papers"
_YOU: Final = "You"
_PAPER_HEADER: Final = ("mine", "use", "title", "year", "published in", "paper id")
_ROWS: Final = {
    "reviewer": "Reviewer id (please leave as it is)",
    "name": "Name",
    "areas": "Areas of expertise, separated by ;",
    "max_load": "Most submissions that you can review",
    "availability": "Share of that load that you can carry now, 0 to 1",
}
_YES: Final = frozenset({"yes", "y", "x", "1", "true", "ja", "oui", "si", "sí"})
_NO: Final = frozenset({"no", "n", "0", "false", "", "nein", "non"})
_WIDTHS: Final = (7, 7, 80, 7, 40, 24)


@dataclass(frozen=True, slots=True)
class Selection:
    """What one reviewer decided.

    Args:
        reviewer_id: the id in the venue in which it was decided.
        emails: addresses by which the reviewer is known in another venue.
        not_mine: keys of titles of papers that somebody else wrote.
        unused: keys of titles of papers that are not to speak for the reviewer.
        areas: areas of expertise; `None` where the form says nothing.
        max_load: most submissions; `None` where the form says nothing.
        availability: share of the load; `None` where the form says nothing.
    """

    reviewer_id: str
    emails: tuple[str, ...] = ()
    not_mine: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    areas: tuple[str, ...] | None = None
    max_load: int | None = None
    availability: float | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """What selections changed in a venue folder.

    Args:
        reviewers: ids of reviewers whose selection was applied.
        unknown: ids of selections of people who do not review here.
        papers_out: papers that no longer speak for a reviewer.
        not_mine: papers whose byline no longer names the reviewer.
        files: the files written, or those that would be.
    """

    reviewers: tuple[str, ...]
    unknown: tuple[str, ...]
    papers_out: int
    not_mine: int
    files: tuple[TableFile, ...] = field(default=())


# --- writing forms --------------------------------------------------------------------------------------------------


def write_forms(folder: Path, out: Path, *, only: Sequence[str] = (), overwrite: bool = False) -> tuple[Path, ...]:
    """Write one form for each reviewer of a venue folder.

    Args:
        folder: the venue folder.
        out: where the forms go; made if it is missing.
        only: ids of reviewers; empty takes all.
        overwrite: whether forms that are there may be replaced.

    Returns:
        The files, by reviewer id.

    Raises:
        DataError: the folder has no such reviewers, or a form exists and may not be replaced.
        MissingExtraError: the package that writes workbooks is not installed.
    """
    try:
        from openpyxl import Workbook
    except ImportError:
        raise MissingExtraError("forms", "formats") from None
    there = read_tables(folder)
    reviewers = [row for row in there.get("reviewers", ()) if not only or str(row["id"]) in only]
    if not reviewers:
        raise DataError("the folder has no such reviewers", file=str(folder))
    papers = {str(row["id"]): row for row in there.get("publications", ())}
    written = _written_by(papers.values())
    targets = {str(row["id"]): out / f"{_file_name(str(row['id']))}.xlsx" for row in reviewers}
    held = next((path for path in targets.values() if path.exists()), None)
    if held is not None and not overwrite:
        raise DataError("this form exists already", file=str(held), remedy="pass --overwrite, or choose another place")
    out.mkdir(parents=True, exist_ok=True)
    for row in reviewers:
        key = str(row["id"])
        book = Workbook()
        book.remove(book.worksheets[0])
        _fill_you(book.create_sheet(_YOU), row)
        listed = [str(one) for one in row["paper_ids"]] if "paper_ids" in row else written.get(key, [])
        every = list(dict.fromkeys([*listed, *written.get(key, [])]))
        _fill_papers(book.create_sheet(_PAPERS), [papers[one] for one in every if one in papers], frozenset(listed))
        book.save(targets[key])
    return tuple(targets.values())


def _file_name(key: str) -> str:
    return "".join(char if char.isalnum() or char in "~-_.@" else "_" for char in key)


def _written_by(papers: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Papers by the person ids in their bylines."""
    found: dict[str, list[str]] = {}
    for paper in papers:
        for author in paper.get("authors") or ():
            if isinstance(author, Mapping) and author.get("person_id"):
                found.setdefault(str(author["person_id"]), []).append(str(paper["id"]))
    return found


def _plain(text: str) -> str:
    """A text that a spreadsheet does not run as a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _fill_you(sheet: Worksheet, row: Mapping[str, Any]) -> None:
    values = {
        "reviewer": str(row["id"]),
        "name": str(row["name"]),
        "areas": "; ".join(str(one) for one in row.get("interests") or ()),
        "max_load": row.get("max_load"),
        "availability": row.get("availability"),
    }
    for name, label in _ROWS.items():
        value = values[name]
        sheet.append([label, _plain(value) if isinstance(value, str) else value])
    sheet.column_dimensions["A"].width = 55
    sheet.column_dimensions["B"].width = 80


def _fill_papers(sheet: Worksheet, papers: Iterable[Mapping[str, Any]], used: frozenset[str]) -> None:
    sheet.append(list(_PAPER_HEADER))
    for paper in papers:
        held = paper.get("date")
        first = held[0] if isinstance(held, list) and held else held
        sheet.append(
            [
                "yes",
                "yes" if str(paper["id"]) in used else "no",
                _plain(str(paper["title"])),
                str(first or "")[:4],
                _plain(str(paper.get("published_in") or "")),
                _plain(str(paper["id"])),
            ]
        )
    for letter, width in zip("ABCDEF", _WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"


# --- reading forms --------------------------------------------------------------------------------------------------


def read_forms(paths: Sequence[Path], folder: Path) -> tuple[Selection, ...]:
    """Read forms that were filled in.

    Args:
        paths: forms, or folders with forms.
        folder: the venue folder for which they were written.

    Raises:
        DataError: a form cannot be read, names nobody of the folder, or a cell holds what is not allowed.
    """
    there = read_tables(folder)
    people = {str(row["id"]): row for row in there.get("reviewers", ())}
    files = [file for path in paths for file in (sorted(path.glob("*.xlsx")) if path.is_dir() else [path])]
    if not files:
        raise DataError("no form (.xlsx) is there", file=str(paths[0]) if paths else None)
    found: dict[str, tuple[Path, Selection]] = {}
    for file in files:
        selection = _read_form(file, people)
        if selection.reviewer_id in found:
            other = found[selection.reviewer_id][0].name
            raise DataError(f"{other} is a form of '{selection.reviewer_id}' too", file=file.name, remedy="keep one")
        found[selection.reviewer_id] = (file, selection)
    return tuple(selection for _, selection in found.values())


def _read_form(file: Path, people: Mapping[str, Mapping[str, Any]]) -> Selection:
    sheets = read_candidates(file)
    you = next((sheet for sheet in sheets if sheet.label.endswith(f"[{_YOU}]")), None)
    papers = next((sheet for sheet in sheets if sheet.label.endswith(f"[{_PAPERS}]")), None)
    if you is None or papers is None:
        raise DataError(f"this is no form: the sheets '{_YOU}' and '{_PAPERS}' are missing", file=file.name)
    cells = {row.cell(0).strip(): row for row in you.rows}
    said = {name: cells[label] for name, label in _ROWS.items() if label in cells}
    key = _unmarked(said["reviewer"].cell(1)) if "reviewer" in said else ""
    if key not in people:
        raise DataError(f"'{key}' is no reviewer of the venue", file=file.name, field=_ROWS["reviewer"])
    not_mine, unused = _ticks(papers, file.name)
    row = people[key]
    written = _unmarked(said["areas"].cell(1) if "areas" in said else "")
    areas = tuple(one_line(part) for part in written.split(";") if part.strip())
    load, share = _load(said.get("max_load"), file.name), _share(said.get("availability"), file.name)
    return Selection(
        reviewer_id=key,
        emails=tuple(str(one) for one in row.get("emails") or ()),
        not_mine=not_mine,
        unused=unused,
        # What the form said already is no answer.
        areas=None if areas == tuple(str(one) for one in row.get("interests") or ()) else areas,
        max_load=None if load == row.get("max_load") else load,
        availability=None if share == row.get("availability") else share,
    )


def _unmarked(text: str) -> str:
    return text.strip().removeprefix("'")


def _ticks(papers: Sheet, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    not_mine: list[str] = []
    unused: list[str] = []
    for row in papers.rows[1:]:
        if not row.cell(2):
            continue
        key = title_key(_unmarked(row.cell(2)))
        if not _is_yes(row, 0, name):
            not_mine.append(key)
        elif not _is_yes(row, 1, name):
            unused.append(key)
    return tuple(not_mine), tuple(unused)


def _is_yes(row: SheetRow, column: int, name: str) -> bool:
    said = row.cell(column).strip().casefold()
    if said not in _YES | _NO:
        raise DataError(
            f"allowed is yes or no; got '{row.cell(column)}'", file=name, line=row.number, field=_PAPER_HEADER[column]
        )
    return said in _YES


def _load(row: SheetRow | None, name: str) -> int | None:
    text = "" if row is None else row.cell(1).strip()
    if not text:
        return None
    if not text.removesuffix(".0").isdecimal():
        line = None if row is None else row.number
        raise DataError(f"allowed is a whole number; got '{text}'", file=name, line=line, field=_ROWS["max_load"])
    return int(text.removesuffix(".0"))


def _share(row: SheetRow | None, name: str) -> float | None:
    text = "" if row is None else row.cell(1).strip().replace(",", ".")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        line = None if row is None else row.number
        raise DataError(
            f"allowed is a number from 0 to 1; got '{text}'", file=name, line=line, field=_ROWS["availability"]
        )
    return value


# --- applying -------------------------------------------------------------------------------------------------------


def apply_selections(folder: Path, selections: Sequence[Selection], *, dry_run: bool = False) -> Applied:
    """Write what reviewers decided into a venue folder.

    A paper that is not the reviewer's is taken from their papers and their id from its byline, so that it makes no
    conflict either. One that they wrote but that is not to speak for them stays in the byline: their co-authors of it
    are co-authors still.

    Args:
        folder: the venue folder; of this edition or another one.
        selections: what was decided.
        dry_run: whether only to say what would be written.

    Raises:
        DataError: a table of the folder cannot be read.
    """
    there = read_tables(folder)
    papers = [dict(row) for row in there.get("publications", ())]
    keys = {str(row["id"]): title_key(str(row["title"])) for row in papers}
    written = _written_by(papers)
    by_token = {token: one for one in selections for token in _tokens(one.reviewer_id, one.emails)}
    reviewers: list[dict[str, Any]] = []
    applied: dict[str, Selection] = {}
    out = 0
    for row in there.get("reviewers", ()):
        made = dict(row)
        found = next(
            (by_token[token] for token in _tokens(str(row["id"]), row.get("emails") or ()) if token in by_token), None
        )
        if found is not None:
            applied[str(row["id"])] = found
            listed = [str(one) for one in row["paper_ids"]] if "paper_ids" in row else written.get(str(row["id"]), [])
            gone = {*found.not_mine, *found.unused}
            kept = [one for one in listed if keys.get(one) not in gone]
            out += len(listed) - len(kept)
            _fill(made, found, kept)
        reviewers.append(made)
    cleared = _take_out_of_bylines(papers, keys, applied)
    tables: dict[str, Sequence[Mapping[str, Any]]] = {**there, "reviewers": reviewers, "publications": papers}
    files = write_tables(folder, tables, there, dry_run=dry_run)
    used = {id(one) for one in applied.values()}
    unknown = tuple(one.reviewer_id for one in selections if id(one) not in used)
    return Applied(tuple(applied), unknown, out, cleared, files)


def _tokens(key: str, emails: Iterable[Any]) -> tuple[str, ...]:
    return (f"id:{key}", *(f"email:{normalise_email(str(one))}" for one in emails))


def _fill(row: dict[str, Any], selection: Selection, papers: list[str]) -> None:
    row["paper_ids"] = papers
    if selection.areas is not None:
        row["interests"] = list(selection.areas)
    if selection.max_load is not None:
        row["max_load"] = selection.max_load
    if selection.availability is not None:
        row["availability"] = selection.availability


def _take_out_of_bylines(
    papers: Iterable[dict[str, Any]], keys: Mapping[str, str], applied: Mapping[str, Selection]
) -> int:
    """Take reviewers out of bylines of papers that are not theirs; the names stay as printed."""
    count = 0
    for paper in papers:
        authors = []
        for author in paper.get("authors") or ():
            person = author.get("person_id") if isinstance(author, Mapping) else None
            found = applied.get(str(person)) if person else None
            if found is not None and keys[str(paper["id"])] in found.not_mine:
                authors.append({name: value for name, value in author.items() if name != "person_id"})
                count += 1
            else:
                authors.append(author)
        if authors:
            paper["authors"] = authors
    return count


# --- keeping --------------------------------------------------------------------------------------------------------


def keep_selections(path: Path, selections: Sequence[Selection]) -> int:
    """Keep selections for the next edition; a reviewer's newer one takes the place of an older one.

    Args:
        path: a JSON Lines file; made if it is missing.
        selections: what was decided.

    Returns:
        The number of selections that the file holds then.

    Raises:
        DataError: the file cannot be read.
    """
    held = {one.reviewer_id: one for one in (read_selections(path) if path.exists() else ())}
    held |= {one.reviewer_id: one for one in selections}
    lines = (json.dumps(asdict(one), ensure_ascii=False) for one in held.values())
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(held)


def read_selections(path: Path) -> tuple[Selection, ...]:
    """Read selections that were kept.

    Raises:
        DataError: the file cannot be read, or a line is no selection.
    """
    found = []
    for record in read_json(path):
        fault = record.fault or _fault_of(record.values)
        if fault:
            raise DataError(f"this is no selection: {fault}", file=str(path), line=record.line)
        found.append(_selection(record.values))
    return tuple(found)


_LISTS: Final = ("emails", "not_mine", "unused", "areas")
_OTHERS: Final = ("reviewer_id", "max_load", "availability")


def _fault_of(values: Mapping[str, Any]) -> str:
    """Why an object is no selection; empty when it is one."""
    if not isinstance(values.get("reviewer_id"), str):
        return "'reviewer_id' is missing"
    unknown = sorted(set(values) - {*_LISTS, *_OTHERS})
    if unknown:
        return f"there is no field '{unknown[0]}'"
    wrong = next((name for name in _LISTS if not isinstance(values.get(name) or [], list)), None)
    return "" if wrong is None else f"'{wrong}' is no list"


def _selection(values: Mapping[str, Any]) -> Selection:
    lists = {name: tuple(str(one) for one in values.get(name) or ()) for name in _LISTS}
    areas = lists.pop("areas")
    return Selection(
        reviewer_id=values["reviewer_id"],
        areas=None if values.get("areas") is None else areas,
        max_load=values.get("max_load"),
        availability=values.get("availability"),
        **lists,
    )
