"""Opening foreign files: JSON in its several shapes, and tables with or without a header.

Decoding, compression and the faults of whole files are those of `matcher.ingest.files` and `matcher.ingest.sheets`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from matcher.errors import DataError
from matcher.ingest.fields import near_miss
from matcher.ingest.files import numbered_lines
from matcher.ingest.formats.source import cut_raw, refuse_missing
from matcher.ingest.sheets import Sheet, SheetRow, read_candidates

__all__ = ["Cells", "JsonRecord", "read_json", "read_sheets", "read_table"]

_MOST_DOCUMENT: Final = 1 << 30
"""Characters of one JSON document that is not JSON Lines; a larger one does not fit into memory with its objects."""


_SHORTEST_SLIP: Final = 4
"""Letters of a known heading from which one that is close is taken for a slip in it."""


# --- JSON -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JsonRecord:
    """One object of a JSON file.

    Args:
        line: the line on which it stands in JSON Lines; in one document the number of the object.
        values: the object; empty when it cannot be read.
        raw: the object as written, perhaps cut.
        fault: why it cannot be read.
        key: the key under which it stands, when the document is an object of objects.
    """

    line: int
    values: Mapping[str, Any]
    raw: str
    fault: str | None = None
    key: str | None = None


def read_json(
    path: Path, *, inside: Sequence[str] = (), is_keyed: bool = False, beside: Sequence[str] = ()
) -> Iterator[JsonRecord]:
    """The objects of a JSON file: JSON Lines, a list of objects, an object that holds such a list, or one by key.

    Args:
        path: the file; plain, gzip or Zstandard.
        inside: keys under which the list of objects may stand, such as `notes`; the first that is there is taken, and
            inside it again.
        is_keyed: whether a document that is an object of objects holds one record under each key.
        beside: keys under which a document may hold more lists of objects, beside that of `inside`.

    Raises:
        DataError: the file cannot be read, is no JSON, or holds no object.
    """
    refuse_missing(path)
    name = path.name
    lines = ((number, text) for number, text in numbered_lines(path, name) if text.strip())
    first = next(lines, None)
    if first is None:
        raise DataError("the file holds no text", file=name)
    if not first[1].lstrip().startswith(("{", "[")):
        raise DataError("this is no JSON: it starts with neither { nor [", file=name, line=first[0])
    value, _ = _parsed(first[1])
    if isinstance(value, dict):
        second = next(lines, None)
        if second is None:
            yield from _of_document(value, name, inside, is_keyed, beside)
            return
        yield from _of_lines(itertools.chain([first, second], lines))
        return
    if value is None and _ends_like_an_object(first[1]):  # a bad first line of JSON Lines
        yield from _of_lines(itertools.chain([first], lines))
        return
    yield from _of_document(_document(itertools.chain([first], lines), name), name, inside, is_keyed, beside)


def _ends_like_an_object(text: str) -> bool:
    return text.lstrip().startswith("{") and text.rstrip().endswith("}") and len(text) > len("{}")


def _of_lines(lines: Iterable[tuple[int, str]]) -> Iterator[JsonRecord]:
    for number, text in lines:
        value, fault = _parsed(text)
        if fault is None and not isinstance(value, dict):
            fault = f"allowed is one JSON object on each line; got {type(value).__name__}"
        yield JsonRecord(number, value if fault is None else {}, cut_raw(text), fault)


def _parsed(text: str) -> tuple[Any, str | None]:
    try:
        value = json.loads(text)
        if "\\ud" in text.lower():  # an escape that may be half a character, which no encoder takes
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        return None, f"this is no JSON: {error.msg} at column {error.colno}"
    except UnicodeEncodeError:
        return None, "an escape \\ud8…\\udf stands for half a character"
    except RecursionError:
        return None, "the JSON is nested too deeply"
    return value, None


def _document(lines: Iterable[tuple[int, str]], name: str) -> Any:
    """One document over several lines."""
    parts: list[str] = []
    size = 0
    for _, text in lines:
        size += len(text) + 1
        if size > _MOST_DOCUMENT:
            raise DataError(
                "one JSON document of more than 1 GB", file=name, remedy="write one object on each line (JSON Lines)"
            )
        parts.append(text)
    whole = "\n".join(parts)
    try:
        value = json.loads(whole)
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        cut = ": the file is cut off" if error.pos >= len(whole.rstrip()) else ""
        raise DataError(f"this is no JSON{cut}: {error.msg}", file=name, line=error.lineno) from None
    except UnicodeEncodeError:
        raise DataError("an escape \\ud8…\\udf stands for half a character", file=name) from None
    except RecursionError:
        raise DataError("the JSON is nested too deeply", file=name) from None
    return value


def _of_document(
    value: Any, name: str, inside: Sequence[str], is_keyed: bool, beside: Sequence[str] = ()
) -> Iterator[JsonRecord]:
    if isinstance(value, dict):
        more = [key for key in beside if isinstance(value.get(key), list)]
        if more:
            for key in more:
                yield from _of_document(value[key], name, (), is_keyed)
            value = {key: entry for key, entry in value.items() if key not in more}
            if not any(isinstance(value.get(key), list | dict) for key in inside):
                return
        held = next((key for key in inside if isinstance(value.get(key), list | dict)), None)
        if held is not None:
            yield from _of_document(value[held], name, [key for key in inside if key != held], is_keyed)
            return
        if is_keyed and value and all(isinstance(entry, dict) for entry in value.values()):
            for number, (key, entry) in enumerate(value.items(), start=1):
                yield JsonRecord(number, entry, _raw(entry), key=key)
            return
        yield JsonRecord(1, value, _raw(value))
        return
    if not isinstance(value, list):
        raise DataError(f"allowed are JSON objects; got {type(value).__name__}", file=name)
    for number, entry in enumerate(value, start=1):
        fault = None if isinstance(entry, dict) else f"allowed is a JSON object; got {type(entry).__name__}"
        yield JsonRecord(number, entry if fault is None else {}, _raw(entry), fault)


def _raw(value: Any) -> str:
    return cut_raw(json.dumps(value, ensure_ascii=False))


# --- tables ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cells:
    """One row of a table.

    Args:
        file: the file's name, with the sheet's where it has several.
        line: one-based.
        values: the cells that are not empty, by the column's name.
        raw: the row as one text.
        fault: why the row cannot be read.
        further: cells of columns that nobody asked for, by their heading.
        all: every cell from the first column on.
    """

    file: str
    line: int
    values: Mapping[str, str]
    raw: str
    fault: str | None = None
    further: Mapping[str, str] = field(default_factory=dict)
    all: tuple[str, ...] = ()


def read_table(
    path: Path,
    columns: Mapping[str, Sequence[str]],
    *,
    required: Sequence[str],
    positions: Sequence[str] = (),
    rest: str | None = None,
    or_else: Sequence[str] = (),
) -> Iterator[Cells]:
    """The rows of a table, with its columns found by their headings, or by their places when it has no header.

    Args:
        path: CSV with commas, semicolons or tabs, or an Excel workbook.
        columns: for each column its headings, in small letters; blanks, `_` and `-` count as one.
        required: columns that must be there.
        positions: the columns from left to right of a file without a header; empty when a header must be there.
        rest: the column that takes all further cells of a row without a header, joined by the delimiter.
        or_else: columns that may stand in place of the required ones.

    Raises:
        DataError: the file cannot be read, or a required column is missing.
    """
    refuse_missing(path)
    best: tuple[tuple[int, int], Sheet, dict[int, str]] | None = None
    sheets = read_candidates(path)
    for sheet in sheets:
        if not sheet.rows:
            continue
        found = _headed(sheet.rows[0], columns)
        weight = (len(found), -len(sheet.rows[0].cells))
        if best is None or weight > best[0]:
            best = (weight, sheet, found)
    if best is None:
        raise DataError("the file holds no rows", file=path.name)
    _, sheet, found = best
    missing = [name for name in required if name not in found.values()]
    if or_else and all(name in found.values() for name in or_else):
        missing = []
    if missing and positions and len(found) <= len(positions) // 2:
        yield from _by_position(_most_columns(sheets), positions, rest)
        return
    if missing:
        header = sheet.rows[0]
        listed = ", ".join(f"'{cell}'" for cell in header.cells if cell) or "none"
        known = columns[missing[0]]
        meant = near_miss(known[0], [_plain(cell) for cell in header.cells], ())
        guess = f"; did you mean '{known[0]}' where '{meant}' stands?" if meant else ""
        raise DataError(
            f"the column '{known[0]}' is missing; the columns found are {listed}{guess}",
            file=sheet.label,
            line=header.number,
            remedy=f"head the column with one of {', '.join(known)}",
        )
    _refuse_slips(sheet, columns, found)
    yield from _by_heading(sheet, found)


def _refuse_slips(sheet: Sheet, columns: Mapping[str, Sequence[str]], found: Mapping[int, str]) -> None:
    """Refuse a heading that is nobody's but looks like a slip in a known one: its cells would be lost."""
    header = sheet.rows[0]
    missing = [heading for name, headings in columns.items() if name not in found.values() for heading in headings]
    for position, cell in enumerate(header.cells):
        meant = None if position in found or not cell.strip() else near_miss(_plain(cell), missing, ())
        if meant is not None and len(meant) > _SHORTEST_SLIP:
            raise DataError(
                f"there is no column '{cell}', did you mean '{meant}'?",
                file=sheet.label,
                line=header.number,
                remedy="write the heading so, or give it a name that is not so close",
            )


def read_sheets(path: Path, columns: Mapping[str, Sequence[str]]) -> Iterator[list[Cells]]:
    """Every sheet of a workbook, or the one table of a text file, with the columns that have known headings.

    Args:
        path: an Excel workbook, or CSV with commas, semicolons or tabs.
        columns: for each column its headings, in small letters. Empty: no row is taken for a header.

    Raises:
        DataError: the file cannot be read.
    """
    refuse_missing(path)
    sheets = [sheet for sheet in read_candidates(path) if sheet.rows]
    if not sheets:
        raise DataError("the file holds no rows", file=path.name)
    if sheets[0].is_text:  # the same text, cut at several delimiters
        sheets = [max(sheets, key=lambda sheet: (len(_headed(sheet.rows[0], columns)), len(sheet.rows[0].cells)))]
    for sheet in sheets:
        if columns:
            yield list(_by_heading(sheet, _headed(sheet.rows[0], columns)))
        else:
            yield list(_by_position(sheet, (), None))


def _plain(heading: str) -> str:
    return " ".join(heading.casefold().replace("_", " ").replace("-", " ").split())


def _headed(row: SheetRow, columns: Mapping[str, Sequence[str]]) -> dict[int, str]:
    """The columns that a header names, by position; a heading that stands twice counts once."""
    meant = {_plain(heading): name for name, headings in columns.items() for heading in headings}
    found: dict[int, str] = {}
    for position, cell in enumerate(row.cells):
        name = meant.get(_plain(cell))
        if name is not None and name not in found.values():
            found[position] = name
    return found


def _by_heading(sheet: Sheet, found: Mapping[int, str]) -> Iterator[Cells]:
    header = sheet.rows[0]
    for row in sheet.rows[1:]:
        fault = _fault_of(row, found)
        if fault is None and sheet.is_text and len(row.cells) != len(header.cells):
            fault = f"the row has {len(row.cells)} cells, the header has {len(header.cells)}"
        values = {name: row.cell(position).strip() for position, name in found.items() if row.cell(position).strip()}
        further = {
            heading: row.cell(position).strip()
            for position, heading in enumerate(header.cells)
            if position not in found and heading.strip() and row.cell(position).strip()
        }
        yield Cells(sheet.label, row.number, values, cut_raw(",".join(row.cells)), fault, further, row.cells)
    if sheet.fault is not None:
        raise sheet.fault


def _fault_of(row: SheetRow, found: Mapping[int, str]) -> str | None:
    return next((fault for position, fault in row.faults.items() if position in found), None)


def _most_columns(sheets: Sequence[Sheet]) -> Sheet:
    return max(sheets, key=lambda sheet: len(sheet.rows[0].cells) if sheet.rows else 0)


def _by_position(sheet: Sheet, positions: Sequence[str], rest: str | None) -> Iterator[Cells]:
    named = dict(enumerate(positions))
    for row in sheet.rows:
        cells = list(row.cells)
        fault = _fault_of(row, named)
        if positions and len(cells) > len(positions):
            if rest is None:
                fault = fault or f"the row has {len(cells)} cells, allowed are {len(positions)}: {', '.join(positions)}"
            else:
                cells[len(positions) - 1 :] = [", ".join(cells[len(positions) - 1 :])]
        values = {name: cells[at].strip() for at, name in named.items() if at < len(cells) and cells[at].strip()}
        yield Cells(sheet.label, row.number, values, cut_raw(",".join(row.cells)), fault, all=row.cells)
    if sheet.fault is not None:
        raise sheet.fault
