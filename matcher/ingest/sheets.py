"""Spreadsheets as rows of texts, whatever they were saved as: an Excel workbook, CSV or tab-separated text.

Nothing here knows what a column means. Every cell becomes a text: numbers without a needless `.0`, dates as
YYYY-MM-DD, special blanks as blanks. A cell that cannot be read (a formula that was never calculated, an error) is
empty and says why.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from matcher.errors import DataError, MissingExtraError
from matcher.ingest.fields import clean
from matcher.ingest.files import allow_long_cells, numbered_lines

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["Sheet", "SheetRow", "read_candidates"]

_MOST_BYTES: Final = 200_000_000
"""Most bytes that a file may unpack to."""

_MOST_RATIO: Final = 300
"""Most by which a file may grow when it is unpacked; workbooks grow 5 to 20 times, very repetitive ones up to 100."""

_FREE_BYTES: Final = 10_000_000
"""Below this size a large ratio harms nobody."""

_MOST_CELLS: Final = 2_000_000
"""Most cells of a sheet from its corner to its last cell; one stray cell at the far end makes billions."""

_RANGES: Final = re.compile(
    rb"""<(?:\w+:)?(?:mergeCell|hyperlink)\b[^>]*\bref=["']([A-Z]{1,3})([0-9]{1,9}):([A-Z]{1,3})([0-9]{1,9})["']"""
)
_ZIP_MAGIC: Final = b"PK\x03\x04"
_OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_WORKBOOK_SUFFIXES: Final = (".xlsx", ".xlsm")
_OTHER_SPREADSHEETS: Final = (".xls", ".xlsb", ".ods", ".numbers", ".gsheet")
_DELIMITERS: Final = (",", ";", "\t")
_SAVE_AGAIN: Final = "open it in a spreadsheet and save it as .xlsx or CSV UTF-8"

_BLANKS: Final = str.maketrans(
    {
        "\r": "\n",
        "\v": "\n",
        "\u2028": "\n",
        "\u2029": "\n",
        "\xa0": " ",
        "\u2007": " ",
        "\u202f": " ",
        "\u200b": None,
        "\u200e": None,
        "\u200f": None,
        "\u2060": None,
        "\ufeff": None,
        "\xad": None,
    }
)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row.

    Args:
        number: one-based; in a text file the line on which the row starts.
        cells: texts, from the first column on; empty for an empty cell.
        faults: why a cell cannot be read, by zero-based column.
    """

    number: int
    cells: tuple[str, ...]
    faults: Mapping[int, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether the row says nothing at all."""
        return not self.faults and not any(self.cells)

    def cell(self, column: int) -> str:
        """The text in a column; empty beyond the last one."""
        return self.cells[column] if column < len(self.cells) else ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One way to read a file: one sheet of a workbook, or a text file cut at one delimiter.

    Args:
        label: the file's name, with the sheet's where the workbook has several.
        rows: those that are not empty, in order.
        merged: ranges merged over several rows, as zero-based column, first and last row number.
        is_text: whether a cell too many means that the row was cut in wrong places.
        fault: why the rows end too early, for a file that can be read only in part.
    """

    label: str
    rows: tuple[SheetRow, ...]
    merged: tuple[tuple[int, int, int], ...] = ()
    is_text: bool = False
    fault: DataError | None = None

    def first_of_merged(self, column: int, number: int) -> int:
        """The number of the row in which the merged range around a cell starts; the row itself without one."""
        return next(
            (first for where, first, last in self.merged if where == column and first <= number <= last), number
        )


def read_candidates(path: Path, *, name: str | None = None) -> tuple[Sheet, ...]:
    """Every way in which a file can be read as a table; whoever knows the columns wanted chooses among them.

    Args:
        path: an .xlsx or .xlsm workbook, or text with commas, semicolons or tabs.
        name: the file's name in messages; default: its bare name.

    Raises:
        DataError: the file is missing, empty, damaged, protected by a password, too large, or of another kind.
        MissingExtraError: it is a workbook, and the package that reads those is not installed.
    """
    name = path.name if name is None else name
    try:
        with path.open("rb") as stream:
            magic = stream.read(len(_OLE_MAGIC))
        size = path.stat().st_size
    except FileNotFoundError:
        raise DataError("there is no such file", file=str(path)) from None
    except IsADirectoryError:
        raise DataError("this is a folder, not a spreadsheet", file=str(path)) from None
    except OSError as error:
        raise DataError(f"the file cannot be read: {error.strerror or error}", file=str(path)) from None
    if not magic:
        raise DataError("the file is empty", file=name, remedy="save the sheet again")
    if size > _MOST_BYTES:
        raise _too_large(name, size)
    if magic.startswith(_ZIP_MAGIC):
        return _read_workbook(path, name)
    if magic == _OLE_MAGIC:
        raise _no_workbook(path, name)
    if path.suffix.lower() in (*_WORKBOOK_SUFFIXES, *_OTHER_SPREADSHEETS):
        raise DataError(f"the name ends in {path.suffix}, but this is no Excel workbook", file=name, remedy=_SAVE_AGAIN)
    return _read_text(path, name)


def _too_large(name: str, size: int) -> DataError:
    return DataError(
        f"the file holds {size / 1e6:.0f} MB, allowed are {_MOST_BYTES / 1e6:.0f} MB",
        file=name,
        remedy="keep only the sheet with the table, or save that as CSV UTF-8",
    )


def _no_workbook(path: Path, name: str) -> DataError:
    """Old workbooks and protected ones are the same kind of container."""
    if _ENCRYPTED in path.read_bytes():
        return DataError(
            "the workbook is protected by a password",
            file=name,
            remedy="take the password off in the spreadsheet program, or save the sheet as CSV UTF-8",
        )
    return DataError("this is an old Excel workbook (.xls) or another document", file=name, remedy=_SAVE_AGAIN)


def _text_of(value: Any) -> str:
    """What a cell shows, as one text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    text = str(value).replace("_x000D_", "").replace("\r\n", "\n").translate(_BLANKS)
    return "\n".join(" ".join(line.split()) for line in clean(text).split("\n")).strip()


# --- workbooks ------------------------------------------------------------------------------------------------------


def _read_workbook(path: Path, name: str) -> tuple[Sheet, ...]:
    try:
        has_formulas = _refuse_odd_archive(path, name)
        values = _open(path, values=True)
        formulas = _formulas(_open(path, values=False)) if has_formulas else {}
    except zipfile.BadZipFile as error:
        raise DataError(f"the workbook is damaged: {error}", file=name, remedy="copy or save it again") from None
    except (
        AttributeError,
        EOFError,
        IndexError,
        KeyError,
        NotImplementedError,
        OSError,
        RuntimeError,
        SyntaxError,  # of XML, by either parser that openpyxl uses
        TypeError,
        ValueError,
        zlib.error,
    ) as error:  # whatever openpyxl meets in a workbook that breaks the format's rules
        raise DataError(f"this is no Excel workbook that can be read: {error}", file=name, remedy=_SAVE_AGAIN) from None
    sheets = [sheet for sheet in values.worksheets if sheet.sheet_state == "visible"] or values.worksheets
    if not sheets:
        raise DataError("the workbook holds no sheet with cells", file=name)
    return tuple(
        _read_worksheet(
            sheet, name if len(sheets) == 1 else f"{name}[{sheet.title}]", formulas.get(sheet.title, frozenset())
        )
        for sheet in sheets
    )


def _refuse_odd_archive(path: Path, name: str) -> bool:
    """Refuse what is no workbook or would fill the memory; say whether the workbook holds formulas."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        packed = sum(entry.compress_size for entry in entries)
        if unpacked > _MOST_BYTES:
            raise _too_large(name, unpacked)
        if unpacked > _FREE_BYTES and unpacked > _MOST_RATIO * max(1, packed):
            raise DataError(
                f"the workbook unpacks to {unpacked // max(1, packed)} times its size, which no table does",
                file=name,
                remedy="save the sheet as CSV UTF-8",
            )
        if "xl/workbook.xml" not in archive.namelist() and "[Content_Types].xml" not in archive.namelist():
            raise DataError("this is a ZIP archive, not an Excel workbook", file=name, remedy=_SAVE_AGAIN)
        pages = [archive.read(entry) for entry in entries if entry.filename.startswith("xl/worksheets/")]
    for page in pages:
        _refuse_wide_ranges(page, name)
    return any(b"<f>" in page or b"<f " in page for page in pages)


def _refuse_wide_ranges(page: bytes, name: str) -> None:
    """Refuse ranges that openpyxl would fill with cells one by one."""
    cells = 0
    for left, top, right, bottom in _RANGES.findall(page):
        width = _column_number(right) - _column_number(left) + 1
        cells += width * (int(bottom) - int(top) + 1)
    if cells > _MOST_CELLS:
        raise DataError(
            f"{cells} cells are merged or linked",
            file=name,
            remedy="undo that for whole rows and columns, or save the sheet as CSV UTF-8",
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _open(path: Path, *, values: bool) -> Workbook:
    try:
        import openpyxl  # an extra
    except ImportError:
        raise MissingExtraError("Excel workbooks", "formats", alternative="save the sheets as CSV") from None
    with warnings.catch_warnings():
        # It warns of what it drops when it saves (drop-down lists, colours). Nothing is saved here.
        warnings.simplefilter("ignore", UserWarning)
        # From memory: a file that it fails to read would else stay open.
        return openpyxl.load_workbook(io.BytesIO(path.read_bytes()), data_only=values, keep_links=False)


def _formulas(workbook: Workbook) -> dict[str, frozenset[tuple[int, int]]]:
    """The places of formulas by sheet, as one-based row and zero-based column."""
    found: dict[str, frozenset[tuple[int, int]]] = {}
    for sheet in workbook.worksheets:
        _refuse_far_cells(sheet, sheet.title)
        found[sheet.title] = frozenset(
            (number, column)
            for number, cells in enumerate(sheet.iter_rows(), start=1)
            for column, cell in enumerate(cells)
            if cell.data_type == "f"
        )
    return found


def _refuse_far_cells(sheet: Worksheet, label: str) -> None:
    if sheet.max_row * sheet.max_column > _MOST_CELLS:
        raise DataError(
            f"the sheet reaches down to row {sheet.max_row} and over {sheet.max_column} columns",
            file=label,
            remedy="copy the filled rows into a new sheet, or save it as CSV UTF-8",
        )


def _read_worksheet(sheet: Worksheet, label: str, formulas: frozenset[tuple[int, int]]) -> Sheet:
    _refuse_far_cells(sheet, label)
    merged = [(area.min_col - 1, area.min_row, area.max_row) for area in sheet.merged_cells.ranges]
    merged = sorted(area for area in merged if area[2] > area[1])
    above: dict[int, str] = {}
    rows = []
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        texts, faults = [], {}
        for column, cell in enumerate(cells):
            texts.append(_text_of(cell.value))
            if cell.data_type == "e":
                texts[-1] = ""
                faults[column] = f"cell {cell.coordinate} holds the error {cell.value}"
            elif cell.value is None and (number, column) in formulas:
                faults[column] = (
                    f"cell {cell.coordinate} holds a formula without a stored value; open the file in a spreadsheet "
                    "and save it"
                )
        for column, first, last in merged:  # only the first cell of a merged range holds its value
            if first == number:
                above[column] = texts[column]
            elif first < number <= last:
                texts[column] = above[column]
        while texts and not texts[-1]:
            texts.pop()
        row = SheetRow(number, tuple(texts), faults)
        if not row.is_empty:
            rows.append(row)
    return Sheet(label, tuple(rows), tuple(merged))


# --- text -----------------------------------------------------------------------------------------------------------


def _read_text(path: Path, name: str) -> tuple[Sheet, ...]:
    lines = []
    size = 0
    for number, line in numbered_lines(path, name):
        lines.append((number, line))
        size += len(line)
        if size > _MOST_BYTES:  # a compressed file
            raise _too_large(name, size)
    delimiters = ("\t",) if ".tsv" in path.name.lower() else _DELIMITERS
    return tuple(_read_delimited(lines, delimiter, name) for delimiter in delimiters)


def _read_delimited(lines: list[tuple[int, str]], delimiter: str, name: str) -> Sheet:
    allow_long_cells()
    reader = csv.reader((f"{line}\n" for _, line in lines), delimiter=delimiter, strict=True)
    rows: list[SheetRow] = []
    fault = None
    taken = 0
    try:
        for cells in reader:
            row = SheetRow(lines[taken][0], tuple(_text_of(cell) for cell in cells))
            if not row.is_empty:
                rows.append(row)
            taken = reader.line_num
    except csv.Error as error:
        fault = DataError(
            f"the row is no CSV: {error}",
            file=name,
            line=lines[taken][0],
            remedy="close the quotes in it, and double quotes inside cells",
        )
    return Sheet(name, tuple(rows), is_text=True, fault=fault)
