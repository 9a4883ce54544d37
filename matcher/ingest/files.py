"""Opening the files of a venue: plain, gzip or Zstandard, JSON Lines or CSV, each fault with its file and line.

A fault of the whole file (cut off, wrong encoding, a column missing) is a `DataError`. A fault of one row is given
back with the row, so that the caller can count it, list it and go on.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from matcher.errors import DataError, MissingExtraError
from matcher.ingest.fields import Table, near_miss

__all__ = [
    "SUFFIXES",
    "TABLE_SUFFIXES",
    "RawRow",
    "allow_long_cells",
    "numbered_lines",
    "read_rows",
    "refuse_bomb",
    "stem_of",
]

TABLE_SUFFIXES: Final = (".jsonl", ".csv")
"""Endings of the names of tables, before compression."""

_COMPRESSIONS: Final = ("", ".gz", ".zst")

SUFFIXES: Final = tuple(suffix + compression for suffix in TABLE_SUFFIXES for compression in _COMPRESSIONS)
"""All endings under which a table of a folder may stand."""

_CHUNK_BYTES: Final = 1 << 18
_ZSTD_BYTES: Final = 1 << 10
"""Packed bytes handed over at once: what they unpack to comes in one piece, a block of 128 KB from 4 bytes."""

_LONGEST_CELL: Final = 1 << 24
_FREE_BYTES: Final = 1 << 24
"""A compressed file may unpack to so much whatever its size."""

_MOST_RATIO: Final = 200
"""Times its size to which a compressed file may unpack beyond that; tables and bibliographies reach 20."""

_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_ZIP_MAGIC: Final = b"PK\x03\x04"
_UTF8_BOM: Final = b"\xef\xbb\xbf"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS: Final = (",", ";", "\t")
_SAVE_AS_UTF8: Final = "save the file as UTF-8; in a spreadsheet: 'CSV UTF-8'"
_SHOWN_ERROR: Final = 80


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it stands in its file.

    Args:
        line: one-based line on which it starts.
        raw: the row as written.
        values: the JSON object, or the cells that are not empty by column; empty when the row cannot be read.
        fault: why the row cannot be read; `None` for a good row.
        has_cells: whether the values are cells of a CSV file.
    """

    line: int
    raw: str
    values: dict[str, Any]
    fault: str | None = None
    has_cells: bool = False


def stem_of(name: str) -> tuple[str, str]:
    """The name of a file without its endings, and the ending of its format in small letters.

    >>> stem_of("reviewers.csv.gz"), stem_of("notes.txt")
    (('reviewers', '.csv'), ('notes', '.txt'))
    """
    path = Path(name)
    if path.suffix.lower() in _COMPRESSIONS[1:]:
        path = path.with_suffix("")
    return path.stem, path.suffix.lower()


def read_rows(path: Path, table: Table, *, name: str, is_csv: bool | None = None) -> Iterator[RawRow]:
    """The rows of a table, one after the other; empty lines are passed over.

    Args:
        path: where the file is.
        table: its columns; needed to know a CSV file's delimiter and to refuse a slip in a column's name.
        name: the file's name in messages.
        is_csv: the format; `None` finds it from the first line.

    Raises:
        DataError: the file cannot be read as a whole.
        MissingExtraError: it is compressed with Zstandard, and that package is not installed.
    """
    lines = _filled_lines(numbered_lines(path, name), name)
    first = next(lines)
    if is_csv is None:
        is_csv = not first[1].lstrip().startswith(("{", "["))
    rest = itertools.chain([first], lines)
    return _csv_rows(rest, table, name) if is_csv else _json_rows(rest, name)


# --- bytes and lines ------------------------------------------------------------------------------------------------


def _chunks(path: Path, name: str) -> Iterator[bytes]:
    """The content, decompressed; how it is compressed is read from its first bytes."""
    try:
        with path.open("rb") as stream:
            magic = stream.read(len(_ZSTD_MAGIC))
            stream.seek(0)
            _refuse_foreign(magic, path, name)
            plain = iter(lambda: stream.read(_CHUNK_BYTES), b"")
            if magic.startswith(_GZIP_MAGIC):
                with gzip.GzipFile(fileobj=stream) as unpacked:
                    yield from _counted(iter(lambda: unpacked.read(_CHUNK_BYTES), b""), path, name)
            elif magic == _ZSTD_MAGIC:
                pieces = iter(lambda: stream.read(_ZSTD_BYTES), b"")
                yield from _counted(_unpack_zstd(pieces, name), path, name)
            else:
                yield from plain
    except EOFError:
        raise DataError("the gzip file is cut off before its end", file=name, remedy="copy it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"the gzip file is damaged: {error}", file=name, remedy="copy it again") from None
    except OSError as error:
        raise DataError(f"the file cannot be read: {error.strerror or error}", file=name) from None


def _counted(chunks: Iterable[bytes], path: Path, name: str) -> Iterator[bytes]:
    """Chunks, until they are more than any honest file holds."""
    packed, unpacked = path.stat().st_size, 0
    for chunk in chunks:
        unpacked += len(chunk)
        refuse_bomb(packed, unpacked, name)
        yield chunk


def refuse_bomb(packed: int, unpacked: int, name: str) -> None:
    """Refuse a file that unpacks to far more than its size.

    Args:
        packed: bytes of the file.
        unpacked: bytes that came out so far.
        name: how messages call it.

    Raises:
        DataError: it does.
    """
    if unpacked > _FREE_BYTES and unpacked > _MOST_RATIO * packed:
        raise DataError(
            f"the file unpacks to more than {_MOST_RATIO} times its size, which no table does",
            file=name,
            remedy="give it without compression",
        )


def _refuse_foreign(magic: bytes, path: Path, name: str) -> None:
    if not magic:
        raise DataError("the file is empty", file=name, remedy="fill it, or take it away if it is optional")
    for ending, expected in ((".gz", _GZIP_MAGIC), (".zst", _ZSTD_MAGIC)):
        if path.suffix.lower() == ending and not magic.startswith(expected):
            raise DataError(f"the name ends in {ending} but the content is not so compressed", file=name)
    if magic == _ZIP_MAGIC:
        raise DataError("this is a spreadsheet or a ZIP archive, not a text", file=name, remedy="save it as CSV UTF-8")
    if magic.startswith(_UTF16_BOMS):
        raise DataError("the text is encoded in UTF-16, allowed is UTF-8", file=name, line=1, remedy=_SAVE_AS_UTF8)


def _unpack_zstd(packed: Iterable[bytes], name: str) -> Iterator[bytes]:
    try:
        import zstandard  # an extra
    except ImportError:
        raise MissingExtraError(f"{name} (Zstandard)", "formats", alternative="compress it with gzip") from None
    decompressor = zstandard.ZstdDecompressor()
    frame = decompressor.decompressobj()
    is_open = False
    try:
        for chunk in packed:
            waiting = chunk
            while waiting:
                unpacked = frame.decompress(waiting)
                is_open, waiting = not frame.eof, frame.unused_data
                if unpacked:
                    yield unpacked
                if frame.eof:
                    frame = decompressor.decompressobj()
    except zstandard.ZstdError as error:
        raise DataError(f"the Zstandard file is damaged: {error}", file=name, remedy="copy it again") from None
    if is_open:
        raise DataError("the Zstandard file is cut off before its end", file=name, remedy="copy it again")


def numbered_lines(path: Path, name: str) -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers, without line ends. Only line feeds end a line, as JSON Lines has it.

    Args:
        path: the file, plain, gzip or Zstandard.
        name: how messages call it.

    Raises:
        DataError: the file cannot be read, is damaged, or is not UTF-8.
    """
    rest: list[bytes] = []  # of a line that has not ended: joined once, however long it is
    number = 0
    for chunk in itertools.chain(_chunks(path, name), [None]):
        if chunk is not None and b"\n" not in chunk:
            rest.append(chunk)
            continue
        first, *others = [b""] if chunk is None else chunk.split(b"\n")
        pieces = [b"".join([*rest, first]), *others]
        rest = [] if chunk is None else [pieces.pop()]
        for piece in pieces:
            number += 1
            yield number, _decoded(piece.removeprefix(_UTF8_BOM) if number == 1 else piece, name, number)


def _decoded(line: bytes, name: str, number: int) -> str:
    if b"\0" in line:
        raise DataError(
            "the line holds a zero byte, so the file is no text in UTF-8", file=name, line=number, remedy=_SAVE_AS_UTF8
        )
    try:
        return line.decode().removesuffix("\r")
    except UnicodeDecodeError as error:
        raise DataError(
            f"byte {error.start + 1} of the line (0x{line[error.start]:02x}) is not UTF-8",
            file=name,
            line=number,
            remedy=_SAVE_AS_UTF8,
        ) from None


def _filled_lines(lines: Iterator[tuple[int, str]], name: str) -> Iterator[tuple[int, str]]:
    """The lines from the first that is not blank; a file without one is refused."""
    for number, text in lines:
        if text.strip():
            yield number, text
            yield from lines
            return
    raise DataError("the file holds no text", file=name, remedy="fill it, or take it away if it is optional")


# --- JSON Lines -----------------------------------------------------------------------------------------------------


class _RepeatedKeyError(ValueError):
    """A key that stands in one JSON object twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _RepeatedKeyError(f"the key '{twice}' stands in one object twice")
    return found


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant)


def _json_rows(lines: Iterable[tuple[int, str]], name: str) -> Iterator[RawRow]:
    for position, (number, text) in enumerate(line for line in lines if line[1].strip()):
        if position == 0 and (text.lstrip().startswith("[") or text.strip() == "{"):
            raise DataError(
                "this is one JSON document over several lines or a list, allowed is one object on each line",
                file=name,
                line=number,
                remedy="write each record on a line of its own",
            )
        values, fault = _parsed(text)
        yield RawRow(number, text, values, fault)


def _parsed(text: str) -> tuple[dict[str, Any], str | None]:
    fault: str | None = None
    try:
        value = _DECODER.decode(text)
        if "\\ud" in text.lower():  # an escape that may be half a character, which no encoder takes
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        fault = f"this is no JSON: {error.msg} at column {error.colno}"
    except UnicodeEncodeError:
        fault = "an escape \\ud8…\\udf stands for half a character"
    except RecursionError:
        fault = "the JSON is nested too deeply"
    except ValueError as error:
        fault = f"this is no JSON: {str(error)[:_SHOWN_ERROR]}"
    else:
        if isinstance(value, dict):
            return value, None
        fault = f"allowed is one JSON object on each line; got {type(value).__name__}"
    return {}, fault


# --- CSV ------------------------------------------------------------------------------------------------------------


class _Tape:
    """Hands lines to the CSV reader and remembers those of the row at hand."""

    def __init__(self, lines: Iterable[tuple[int, str]]) -> None:
        self._lines = iter(lines)
        self.taken: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[str]:
        for number, text in self._lines:
            self.taken.append((number, text))
            yield f"{text}\n"

    @property
    def raw(self) -> str:
        """The row at hand as written."""
        return "\n".join(text for _, text in self.taken)


def allow_long_cells() -> None:
    """Let CSV cells hold up to 16 MB, as a text in JSON Lines may; the standard library stops at 128 KB."""
    csv.field_size_limit(_LONGEST_CELL)


def _csv_rows(lines: Iterator[tuple[int, str]], table: Table, name: str) -> Iterator[RawRow]:
    first = next(lines)
    if "\r" in first[1]:
        raise DataError(
            "lines end in a carriage return alone",
            file=name,
            line=first[0],
            remedy="save the file with Windows or Unix line ends",
        )
    delimiter = _delimiter(first[1], table)
    tape = _Tape(itertools.chain([first], lines))
    allow_long_cells()
    reader = csv.reader(iter(tape), delimiter=delimiter, strict=True)
    try:
        header = next(reader)
    except csv.Error as error:
        raise DataError(f"the header is no CSV: {error}", file=name, line=first[0]) from None
    columns = _columns(header, table, name, first[0])
    while True:
        tape.taken.clear()
        fault: str | None = None
        cells: list[str] = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fault = f"this is no CSV: {error}"
        (start, _), (end, _) = tape.taken[0], tape.taken[-1]
        if fault and end > start:  # what follows may be the inside of a cell: no row below can be trusted
            raise DataError(
                f"a quote that is opened in this row is not closed as it should be (line {end}: {fault})",
                file=name,
                line=start,
                remedy="close it, and double quotes inside cells",
            )
        if fault or any(cell.strip() for cell in cells):
            yield _row(start, end, tape.raw, cells, columns, fault)


def _row(start: int, end: int, raw: str, cells: list[str], columns: list[str], fault: str | None) -> RawRow:
    if fault is None and len(cells) != len(columns):
        fault = f"the row has {len(cells)} cells, the header has {len(columns)}"
        if end > start:
            fault += f"; the row runs to line {end}: is a quote left open?"
    if fault is None:
        stray = next((cell for cell, column in zip(cells, columns, strict=True) if cell.strip() and not column), None)
        if stray is not None:
            fault = f"the cell '{stray.strip()}' stands in a column without a heading"
    if fault is not None:
        return RawRow(start, raw, {}, fault, has_cells=True)
    filled = ((column, cell.strip()) for column, cell in zip(columns, cells, strict=True))
    return RawRow(start, raw, {column: cell for column, cell in filled if cell}, has_cells=True)


def _delimiter(header: str, table: Table) -> str:
    """The delimiter that finds the most known columns, then the most columns."""

    def found(delimiter: str) -> tuple[int, int]:
        try:
            cells = next(csv.reader([header], delimiter=delimiter))
        except csv.Error:
            return (0, 0)
        return sum(_field_named(cell, table) in table.by_name for cell in cells), len(cells)

    return max(_DELIMITERS, key=found)


def _field_named(heading: str, table: Table) -> str:
    """The field that a heading means: small letters, `_` for blanks and hyphens; else the heading as written."""
    plain = "_".join(heading.casefold().replace("-", " ").split())
    for field in table.fields:
        if plain in (field.name, field.alias):
            return field.name
    return heading.strip()


def _columns(header: list[str], table: Table, name: str, line: int) -> list[str]:
    """The columns of a CSV file, the known ones by their field; slips are refused."""
    columns = [_field_named(heading, table) for heading in header]
    listed = ", ".join(column for column in columns if column) or "none"
    named = [column for column in columns if column]
    twice = next((column for position, column in enumerate(named) if column in named[:position]), None)
    if twice is not None:
        raise DataError(f"the column '{twice}' stands in the header twice", file=name, line=line)
    unknown = [column for column in named if column not in table.by_name]
    for wanted in table.required:
        if wanted not in columns:
            found = near_miss(wanted, unknown, ())
            guess = f"; did you mean '{wanted}' where '{found}' stands?" if found else ""
            raise DataError(
                f"the column '{wanted}' is missing; the columns found are {listed}{guess}",
                file=name,
                line=line,
                remedy=f"known columns are {', '.join(table.by_name)}",
            )
    for column in unknown:
        meant = near_miss(column, table.by_name, columns)
        if meant:
            raise DataError(
                f"there is no column '{column}', did you mean '{meant}'?",
                file=name,
                line=line,
                remedy="write the column so, or give it a name that is not so close",
            )
    return columns
