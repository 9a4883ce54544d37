"""Text out of a PDF: lines in reading order, with their emphasis, indent and type size. The home of `pypdf`.

`pypdf` gives pieces of text with their place and type. Pieces at one height are one line. The order of the pieces in
the file is kept where it runs down the page, as typesetters and word processors write it, column after column; where
it does not, columns are found by the white gap between them.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any, Final

from matcher.errors import DataError, MissingExtraError
from matcher.ingest.cv.dates import is_only_dates
from matcher.ingest.cv.layout import RawLine
from matcher.ingest.cv.rich import BOLD, EMPTY, ITALIC, Rich, join

__all__ = ["extract_lines"]

_MOST_PAGES: Final = 200
_SAME_HEIGHT: Final = 0.35
"""Of the type size: pieces whose heights differ by less stand on one line."""

_PARAGRAPH_GAP: Final = 1.45
"""Of the usual distance between lines of a paragraph: a larger one sets a paragraph apart."""

_CHARACTER_WIDTH: Final = 0.5
"""Of the type size: the average width of a character in proportional type."""

_COLUMN_GAP: Final = 1.6
"""Of the type size: white space inside a line that sets columns apart."""

_WORD_GAP: Final = 0.6
"""Of the type size: white space between two pieces that stands for a blank; widths are estimates."""

_MOST_JUMPS: Final = 0.34
"""Of the steps from line to line: more of them upwards, and the file's own order is no reading order."""

_EDGE: Final = 0.075
"""Of the page's height: repeated lines so near the top or bottom are headers and footers."""

_LEADING: Final = 1.2
"""Of the type size: the usual distance between two lines of a paragraph."""

_LOOSEST: Final = 1.7
_LONGEST_FLOAT: Final = 28
"""Characters of a text that may stand alone at the right edge of a line."""

_NO_TEXT: Final = 20
"""Characters on a page below which it holds no text, as a scan does."""


@dataclass(slots=True)
class _Piece:
    """A stretch of text of one type at one place, in points from the lower left corner."""

    text: str
    x: float
    y: float
    size: float
    bits: int
    width: float


@dataclass(slots=True)
class _Row:
    """A line on a page."""

    pieces: list[_Piece]
    page: int
    height: float

    @property
    def x(self) -> float:
        return self.pieces[0].x

    @property
    def y(self) -> float:
        return self.pieces[0].y

    @property
    def size(self) -> float:
        return max((piece.size for piece in self.pieces if piece.text.strip()), default=self.pieces[0].size)

    @property
    def end(self) -> float:
        """Where the row ends; pieces whose place was not moved stand one behind the other."""
        end, last = self.pieces[0].x, self.pieces[0].x
        for piece in self.pieces:
            end = (piece.x if piece.x > last + 1 else end) + piece.width
            last = max(last, piece.x)
        return end

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


def extract_lines(content: bytes, name: str) -> list[RawLine]:
    """The lines of a PDF.

    Args:
        content: the file's bytes.
        name: the file's name in messages.

    Raises:
        MissingExtraError: `pypdf` is not installed.
        DataError: the file is damaged, encrypted, or holds no text.
    """
    try:
        import pypdf
        from pypdf.errors import PyPdfError
    except ImportError:
        raise MissingExtraError("reading a PDF", "pdf", alternative="save the document as plain text") from None
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DataError("the PDF is protected by a password", file=name, remedy="save it without one")
        pages = [_pieces(page) for page in reader.pages[:_MOST_PAGES]]
        heights = [float(page.mediabox.height) or 842.0 for page in reader.pages[:_MOST_PAGES]]
    except (PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"the PDF is damaged: {error}", file=name, remedy="export it again, or save it as text"
        ) from None
    shown = sum(len(piece.text.strip()) for pieces in pages for piece in pieces)
    if shown < _NO_TEXT:
        raise DataError(
            "the PDF holds no text: its pages are pictures", file=name, remedy="run text recognition (OCR) on it first"
        )
    rows = [row for number, pieces in enumerate(pages, start=1) for row in _rows(pieces, number, heights[number - 1])]
    return _lines(rows)


def _pieces(page: Any) -> list[_Piece]:
    """The pieces of text of a page, in the order of the file."""
    found: list[_Piece] = []

    def visit(text: str, cm: Sequence[float], tm: Sequence[float], font: Any, size: float) -> None:
        if not text.strip() and found:  # the place behind the piece before, where the file moves on from there
            last = found[-1]
            x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
            y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
            if abs(y - last.y) < 0.1 and 0.15 < (x - last.x) / (len(last.text) * last.size) < 1.2:
                last.width = x - last.x
        for part in text.splitlines():
            if part.strip() or (part and found and not found[-1].text.endswith(" ")):
                scale = abs(tm[3] * cm[3]) or abs(tm[0] * cm[0]) or abs(tm[1] * cm[2]) or 1.0
                points = round(float(size or 0) * scale, 2) or 10.0
                x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
                y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
                found.append(_Piece(part, x, y, points, _bits(font), len(part) * points * _CHARACTER_WIDTH))

    page.extract_text(visitor_text=visit)
    return found


def _bits(font: Any) -> int:
    """Bold and italic, as the name of a font tells."""
    base = str((font or {}).get("/BaseFont", "")).lower()
    bold = (
        BOLD
        if re.search(r"bold|black|heavy|semibold|demi|cmbx|cmb\d|[-,]bd|medi(?:um)?\b|nimbusromno9l-medi", base)
        else 0
    )
    italic = ITALIC if re.search(r"ital|obli|slanted|cmti|cmsl|cmmi\d.*text|[-,]it\b|kursiv", base) else 0
    return bold | italic


# --- rows -----------------------------------------------------------------------------------------------------------


def _rows(pieces: Sequence[_Piece], page: int, height: float) -> list[_Row]:
    """The lines of a page in reading order."""
    rows: list[_Row] = []
    for piece in pieces:
        last = rows[-1].pieces[-1] if rows else None
        if (
            last is not None
            and abs(last.y - piece.y) <= _SAME_HEIGHT * max(last.size, piece.size)
            and piece.x >= rows[-1].x - 1
        ):
            rows[-1].pieces.append(piece)
        elif piece.text.strip():
            rows.append(_Row([piece], page, height))
    rows = _with_floats(rows)
    steps = [(one.y, other.y) for one, other in pairwise(rows)]
    upward = sum(other > one + 2 for one, other in steps)
    if steps and upward > max(4, _MOST_JUMPS * len(steps)):
        rows = _by_place(pieces, page, height)
    return rows


def _with_floats(rows: list[_Row]) -> list[_Row]:
    """Dates and places set at the right edge, which some programs draw out of order, put back into their lines."""
    kept: list[_Row] = []
    edge = max((row.end for row in rows), default=0.0)
    for position, row in enumerate(rows):
        near = [rows[other] for other in (position - 1, position + 1) if 0 <= other < len(rows)]
        in_column = any(
            abs(other.x - row.x) < 3 and 0 < abs(other.y - row.y) < 1.5 * _LEADING * row.size for other in near
        )
        text = " ".join(row.text.split())
        is_small = is_only_dates(text) or (len(text) <= _LONGEST_FLOAT and abs(row.end - edge) < row.size)
        home = None
        if is_small and not in_column:
            beside = [
                other
                for other in rows
                if other is not row and abs(other.y - row.y) <= _SAME_HEIGHT * row.size and other.end <= row.x + 1
            ]
            home = beside[0] if len(beside) == 1 else None
        if home is None:
            kept.append(row)
        else:
            home.pieces += row.pieces
    return kept


def _by_place(pieces: Sequence[_Piece], page: int, height: float) -> list[_Row]:
    """The lines of a page by where they stand: column after column, from top to bottom."""
    shown = [piece for piece in pieces if piece.text.strip()]
    gap = _gutter(shown)
    columns = (
        [shown]
        if gap is None
        else [[piece for piece in shown if piece.x < gap], [piece for piece in shown if piece.x >= gap]]
    )
    rows: list[_Row] = []
    for column in columns:
        current: _Row | None = None
        for piece in sorted(column, key=lambda one: (-round(one.y, 1), one.x)):
            if current is not None and abs(current.y - piece.y) <= _SAME_HEIGHT * max(current.size, piece.size):
                current.pieces.append(piece)
            else:
                current = _Row([piece], page, height)
                rows.append(current)
    for row in rows:
        row.pieces.sort(key=lambda one: one.x)
    return rows


def _gutter(pieces: Sequence[_Piece]) -> float | None:
    """Where the second column begins, if many lines begin there and few cross it."""
    if not pieces:
        return None
    left, right = min(piece.x for piece in pieces), max(piece.x + piece.width for piece in pieces)
    starts = Counter(
        round(piece.x) for piece in pieces if left + 0.2 * (right - left) < piece.x < left + 0.75 * (right - left)
    )
    for start, count in starts.most_common(3):
        crossing = sum(piece.x < start - 2 < start + 2 < piece.x + piece.width for piece in pieces)
        if count >= 0.15 * len(pieces) and crossing <= 0.15 * len(pieces):
            return start - 1.0
    return None


# --- lines ----------------------------------------------------------------------------------------------------------


def _lines(rows: Sequence[_Row]) -> list[RawLine]:
    """Numbered lines, blank ones where a gap sets paragraphs apart."""
    body = _body_size(rows)
    leading = _leading(rows)
    margins = _margins(rows)
    furniture = _furniture(rows)
    lines: list[RawLine] = []
    previous: _Row | None = None
    for position, row in enumerate(rows):
        if previous is not None and _is_apart(previous, row, leading) and position not in furniture:
            lines.append(RawLine(len(lines) + 1, "", EMPTY, page=row.page))
        rich = _rich(row)
        lines.append(
            RawLine(
                number=len(lines) + 1,
                text=rich.text or " ",
                rich=rich,
                width=max(1, round((row.end - margins.get(_side(row, margins), row.x)) / (body * _CHARACTER_WIDTH))),
                indent=max(0, round((row.x - margins.get(_side(row, margins), row.x)) / (body * _CHARACTER_WIDTH))),
                page=row.page,
                size=row.size / body if body else 0.0,
                furniture=furniture.get(position, ""),
            )
        )
        if position not in furniture:
            previous = row
    return lines


def _body_size(rows: Sequence[_Row]) -> float:
    sizes: Counter[float] = Counter()
    for row in rows:
        for piece in row.pieces:
            sizes[round(piece.size, 1)] += len(piece.text.strip())
    return max(sorted(sizes), key=lambda size: sizes[size]) if sizes else 10.0


def _leading(rows: Sequence[_Row]) -> float:
    """The usual distance between two lines of a paragraph, in type sizes."""
    steps = [
        step / other.size
        for one, other in pairwise(rows)
        if one.page == other.page and 0.5 * other.size < (step := one.y - other.y) < _LOOSEST * other.size
    ]
    return median(steps) if steps else _LEADING


def _margins(rows: Sequence[_Row]) -> dict[tuple[int, int], float]:
    """The left edge of each column of each page: places where several lines begin, far from each other."""
    found: dict[tuple[int, int], float] = {}
    for page in sorted({row.page for row in rows}):
        starts = Counter(round(row.x) for row in rows if row.page == page)
        edges: list[int] = []
        for start in sorted(starts):
            if starts[start] >= 2 and (not edges or start - edges[-1] > 110):
                edges.append(start)
        for order, edge in enumerate(edges or [min(starts)]):
            found[page, order] = float(edge)
    return found


def _side(row: _Row, margins: dict[tuple[int, int], float]) -> tuple[int, int]:
    """The column in which a row begins."""
    fitting = [key for key, edge in margins.items() if key[0] == row.page and edge <= row.x + 3]
    return max(fitting, default=(row.page, 0))


def _is_apart(previous: _Row, row: _Row, leading: float) -> bool:
    """Whether white space, or the end of a column, lies between two lines."""
    if row.page != previous.page:
        return False
    step = previous.y - row.y
    if step < -2:
        return True  # the next column
    return step > _PARAGRAPH_GAP * leading * max(row.size, previous.size)


def _furniture(rows: Sequence[_Row]) -> dict[int, str]:
    """Headers and footers: the same words, figures apart, at one edge of several pages; page numbers at an edge."""
    at_edge: dict[int, str] = {}
    for position, row in enumerate(rows):
        if row.y < _EDGE * row.height or row.y > (1 - _EDGE) * row.height:
            at_edge[position] = re.sub(r"\d+", "#", " ".join(row.text.split()).lower())
    shapes = Counter(shape for shape in at_edge.values())
    pages = max((row.page for row in rows), default=1)
    found: dict[int, str] = {}
    for position, shape in at_edge.items():
        is_number = bool(re.fullmatch(r"\W*(?:page\s*)?#(?:\s*(?:/|of|von|de)\s*#)?\W*", shape))
        is_repeated = pages > 1 and shapes[shape] >= 2 and shapes[shape] >= 0.5 * (pages - 1)
        if is_number or is_repeated or re.search(r"\bpage # of #|(?:^|\W)# ?/ ?#\W*$", shape):
            found[position] = "page header"
    return found


def _rich(row: _Row) -> Rich:
    """The text of a row with its emphasis; wide gaps become tabs."""
    parts: list[Rich] = []
    separators: list[str] = []
    end: float | None = None
    for piece in row.pieces:
        text = re.sub(r"[ \u00a0]+", " ", piece.text)
        part = Rich(text, str(piece.bits) * len(text))
        if parts:
            before = parts[-1].text
            distance = piece.x - (end if end is not None else piece.x)
            moved = piece.x > row.pieces[len(parts) - 1].x + 1
            if moved and distance > _COLUMN_GAP * piece.size and not before.endswith(" " * 2):
                separators.append("\t")
            elif (
                moved
                and distance > _WORD_GAP * piece.size
                and not before.endswith(" ")
                and not re.match(r"[\s,.;:)\]]", text)
            ):
                separators.append(" ")
            else:
                separators.append("")
        parts.append(part)
        end = (
            piece.x + piece.width
            if end is None or piece.x > row.pieces[len(parts) - 2 if len(parts) > 1 else 0].x + 1
            else end + piece.width
        )
    whole = join(parts, separators) if parts else EMPTY
    for found in reversed(list(re.finditer(r" +(?=\t)|(?<=\t) +|[\u00ad\u200b-\u200f\ufeff]|  +", whole.text))):
        whole = whole.replace_at(
            found.start(),
            found.end(),
            " "
            if found[0].strip() == "" and "\t" not in whole.text[max(0, found.start() - 1) : found.end() + 1]
            else "",
        )
    return _without_ligatures(whole).strip()


_LIGATURES: Final = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}


def _without_ligatures(rich: Rich) -> Rich:
    for found in reversed(list(re.finditer("[ﬀ-ﬆ]", rich.text))):
        rich = rich.replace_at(found.start(), found.end(), _LIGATURES[found[0]])
    return rich
