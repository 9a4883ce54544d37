"""From a file to lines that know their place: number, indent, list marker, heading level, the gap before them.

Blank lines, rules and page furniture are taken out here and counted, so that every line of the file is accounted for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from matcher.errors import DataError
from matcher.ingest.cv.breaks import Line, mark_soft_breaks
from matcher.ingest.cv.dates import YEAR
from matcher.ingest.cv.rich import EMPTY, Rich, join, parse_inline
from matcher.ingest.cv.vocabulary import fold

__all__ = ["Layout", "RawLine", "lay_out", "read_raw_lines"]

_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_OFFICE_FILES: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""What files of word processors begin with."""

_LONGEST_LINE: Final = 5_000
"""Characters; a longer line holds more than one entry, and nothing tells where each of them ends."""

_LARGEST_FILE: Final = 20_000_000
"""Bytes; a longer document is no CV."""


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line as it was found.

    Args:
        number: counted from one.
        text: as written, markup included.
        rich: the text with its emphasis, where the source is no marked-up text (a PDF); without the indent.
        indent: columns before it.
        page: page number in a PDF, else 0.
        size: type size relative to the body of the document; 0 when not known.
        width: columns from the margin to its end, in a PDF; 0 when not known.
        furniture: why the line is no content (a page header, say); empty for content.
    """

    number: int
    text: str
    rich: Rich | None = None
    indent: int = 0
    page: int = 0
    size: float = 0.0
    width: int = 0
    furniture: str = ""


@dataclass(slots=True)
class Layout:
    """A document in lines.

    Args:
        lines: those with content.
        skipped: the others, by number, with the reason.
        total: how many lines the document has.
        is_pdf: whether the lines were extracted from a PDF.
        unread: numbers of the skipped lines that hold something, with the reason.
    """

    lines: list[Line]
    skipped: dict[int, str] = field(default_factory=dict)
    total: int = 0
    is_pdf: bool = False
    unread: dict[int, str] = field(default_factory=dict)


# --- reading --------------------------------------------------------------------------------------------------------


def read_raw_lines(path: Path) -> tuple[list[RawLine], bool]:
    """The lines of a text, Markdown or PDF file, and whether it is a PDF.

    Raises:
        DataError: the file cannot be read, is empty, or is no text.
    """
    name = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"the file cannot be read: {error.strerror or error}", file=name) from None
    if len(content) > _LARGEST_FILE:
        raise DataError("the file is larger than 20 MB, which no CV is", file=name)
    if content.lstrip()[:5] == b"%PDF-":
        from matcher.ingest.cv.pdf import extract_lines

        return extract_lines(content, name), True
    text = _decoded(content, name)
    if not text.strip():
        raise DataError("the document is empty", file=name, remedy="check that the file was saved with its content")
    raw = re.split(r"\r\n|\r|\n", text)
    if raw and not raw[-1]:
        raw.pop()
    return [RawLine(number, line) for number, line in enumerate(raw, start=1)], False


def _decoded(content: bytes, name: str) -> str:
    if content.startswith(_UTF16_BOMS):
        encoding = "utf-16"
    elif b"\x00" in content[:4096] or content.startswith(_OFFICE_FILES):
        raise DataError(
            "this is no text, Markdown or PDF", file=name, remedy="export the document as PDF, or save it as plain text"
        )
    else:
        encoding = "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


# --- lines ----------------------------------------------------------------------------------------------------------

_RULE: Final = re.compile(r"[\s\-_=*~─━═—–·.•#+|:\\]{3,}\Z")
_FENCE: Final = re.compile(r"\s*(?:```|~~~)")
_HEADING: Final = re.compile(r"(?P<signs>#{1,6})\s+(?P<text>.*?)\s*#*\s*\Z")
_LATEX_HEADING: Final = re.compile(
    r"\\(?P<sort>(?:sub){0,2}section|chapter|cvsection|paragraph)\*?\{(?P<text>.*)\}\s*(?:\\\\)?\Z"
)
_HTML_HEADING: Final = re.compile(
    r"(?:<(?:div|center)[^<>]*>\s*)*<h(?P<level>[1-6])[^<>]*>(?P<text>.*?)</h(?P=level)>\s*(?:</\w+>\s*)*\Z",
    re.IGNORECASE,
)
_LATEX_LEVELS: Final = {"chapter": 1, "section": 1, "cvsection": 1, "subsection": 2, "subsubsection": 3, "paragraph": 4}
_LATEX_NOISE: Final = re.compile(
    r"(?:\\(?:documentclass|usepackage|maketitle|newpage|vspace|hspace|pagestyle|setlength|noindent|smallskip|medskip"
    r"|bigskip|clearpage|centering"
    r"|hline|toprule|midrule|bottomrule|newcommand|renewcommand|bibliographystyle|bibliography)\b.*|(?:\\(?:begin"
    r"|end)\{[^{}]*\}(?:\[[^\[\]]*\])?(?:\{[^{}]*\})*\s*)+)\Z"
)
_LATEX_AROUND: Final = re.compile(
    r"\\(?:begin|end)\{(?:center|flushleft|flushright|minipage)\}|\\(?:Large|LARGE|large|huge|Huge|normalsize"
    r"|small)\b\s*"
)
_TABLE_ROW: Final = re.compile(r"\|.*\|\s*\Z")
_TABLE_RULE: Final = re.compile(r"\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*\Z")
_BULLET: Final = re.compile(
    r"(?:[-+•◦▪▫‣∙·○●■□◆◇➢►▶▸➤→✓✔❖⁃–—]|\*(?!\*)|o(?=\s{2,}\S)|\\item(?!\w)|\\bibitem\{[^}]*\}|<li>)[\s\t]+(?=\S)"
)
_NUMBER: Final = re.compile(
    r"(?:\[\s*[A-Za-z]{0,3}[-. ]?\d{1,3}[a-z]?\s*\]\.?|\(\s*[A-Za-z]{0,2}[-.]?\d{1,3}\s*\)"
    r"|[A-Za-z]{0,2}[-.]?\d{1,3}[.):](?!\d)|\#\d{1,3}[.:)]?"
    r"|\[[A-Za-z+]{1,5}\d{2}[a-z]?\]|\([a-z]\)|\[[a-z]\]|[a-z]\)|\\item\[[^\]]*\])(?:[\s\t]+(?=\S)|(?=\*\*|“|\")|\Z)"
)
_LONE_NUMBER: Final = re.compile(
    r"(?:page|seite|p\.|página|pagina)?\s*[-–]?\s*\d{1,4}\s*[-–]?(?:\s*(?:/|of|von|de|sur|di)\s*\d{1,4})?\s*\Z",
    re.IGNORECASE,
)
_PAGE_OF: Final = re.compile(
    r"\b(?:page|seite|página|pagina|p\.)\s*\d{1,3}(?:\s*(?:/|of|von|de|sur|di)\s*\d{1,3})?\b"
    r"|\b\d{1,3}\s*/\s*\d{1,3}\s*\Z",
    re.IGNORECASE,
)
_LATEX_GROUP: Final = re.compile(r"^(\s*)\{(?=\s*\\text)(.*)\}\s*$")
_HARD_ENDS: Final = ("  ", "\\\\", "<br>", "<br/>")
"""What ends a line on purpose, in Markdown, LaTeX and HTML."""

_FENCED: Final = "code fence"
_UNDERLINE: Final = "underline of a heading"
_FEWEST_BARS: Final = 3
_COLUMN_GAP: Final = re.compile(r" {3,}| *\t[ \t]*")
_LONGEST_FURNITURE: Final = 120


def lay_out(raw: Sequence[RawLine], *, is_pdf: bool = False) -> Layout:
    """Lines with content, their markers, heading levels and gaps; what is no content is listed with the reason."""
    layout = Layout([], {}, len(raw), is_pdf)
    furniture = _furniture(raw)
    gap = 2
    is_literal = False
    for position, line in enumerate(raw):
        if len(line.text) > _LONGEST_LINE:
            layout.unread[line.number] = f"the line is longer than {_LONGEST_LINE} characters"
            gap = 2
            continue
        text = line.text.replace("\f", " ").rstrip()
        reason = _reason_to_skip(raw, position, layout, furniture, is_literal=is_literal)
        if not reason:
            made = _line_of(line, gap) if line.rich is not None else _line(line, text, gap, is_literal=is_literal)
            made.has_hard_end = not is_pdf and line.text.endswith(_HARD_ENDS)
            layout.lines.append(made)
            gap = 0
            continue
        is_literal ^= reason == _FENCED
        if reason == _UNDERLINE:
            layout.lines[-1].level = 1 if text.strip()[0] == "=" else 2
        layout.skipped[line.number] = reason
        # A page's end is no gap in the text, nor are the blank lines around it.
        gap = 1 if _is_at_page_end(raw, position, furniture) else max(gap, 2)
    _drop_chance_markers(layout)
    _emphasise(layout)
    _drop_empty(layout)
    mark_soft_breaks(layout.lines, is_pdf=is_pdf)
    return layout


def _reason_to_skip(
    raw: Sequence[RawLine], position: int, layout: Layout, furniture: Mapping[int, str], *, is_literal: bool
) -> str:
    """Why a line is no content; empty for content."""
    text = raw[position].text.strip()
    if _FENCE.match(text) and not layout.is_pdf:
        return _FENCED
    if not text:
        return "blank"
    if position in furniture:
        return furniture[position]
    if not is_literal and _is_setext(raw, position, layout):
        return _UNDERLINE
    if _RULE.match(text) or _TABLE_RULE.match(text):
        return "rule"
    return "layout command" if _LATEX_NOISE.match(text) else ""


def _is_at_page_end(raw: Sequence[RawLine], position: int, furniture: Mapping[int, str]) -> bool:
    """Whether this is page furniture, or a blank line with nothing but blank lines between it and furniture above."""
    return position in furniture or (not raw[position].text.strip() and _follows_furniture(raw, position, furniture))


def _follows_furniture(raw: Sequence[RawLine], position: int, furniture: Mapping[int, str]) -> bool:
    """Whether only blank lines lie between this one and page furniture before it."""
    while position >= 0 and not raw[position].text.strip():
        position -= 1
    return position in furniture


def _furniture(raw: Sequence[RawLine]) -> dict[int, str]:
    """Positions of page headers, footers and page numbers."""
    found = {position: line.furniture for position, line in enumerate(raw) if line.furniture}
    shapes = Counter(
        re.sub(r"\d+", "#", fold(line.text.strip())) for line in raw if 3 < len(line.text.strip()) < _LONGEST_FURNITURE
    )
    for position, line in enumerate(raw):
        text = line.text.strip()
        if not text or position in found or len(text) > _LONGEST_FURNITURE:
            continue
        is_page = bool(_PAGE_OF.search(text)) and len(re.findall(r"\w+", text)) <= 14
        if _LONE_NUMBER.fullmatch(text) and not re.fullmatch(YEAR, text):
            found[position] = "page number"
        elif (
            is_page
            and (
                shapes[re.sub(r"\d+", "#", fold(text))] >= 2
                or re.search(r"curriculum|vitae|\bcv\b|page|seite", fold(text))
            )
            and not re.search(r"\bpp?\.", text)
        ):
            found[position] = "page header"
    return found


def _is_setext(raw: Sequence[RawLine], position: int, layout: Layout) -> bool:
    """Whether this line of `=` or `-` underlines the line right above it."""
    text = raw[position].text.strip()
    if not re.fullmatch(r"=+|-+", text) or len(text) < 3 or position == 0 or not layout.lines:
        return False
    above = layout.lines[-1]
    return (
        above.number == raw[position - 1].number
        and len(above.text) <= 60
        and above.marker_kind != "bullet"
        and not above.level
        and (above.gap == 2 or len(layout.lines) == 1)
    )


def _line_of(line: RawLine, gap: int) -> Line:
    """A line whose emphasis is known: of a PDF."""
    assert line.rich is not None
    made = Line(
        line.number,
        line.rich,
        line.indent,
        line.indent,
        gap=gap,
        size=line.size,
        raw=line.rich.text,
        width=line.width,
    )
    taken = _take_marker(made, made.text)
    made.rich = made.rich[taken:]
    return made


def _line(line: RawLine, text: str, gap: int, *, is_literal: bool) -> Line:
    """A line of text: indent, heading signs and marker taken off; its emphasis is worked out with its paragraph."""
    if "\\" in text:
        text = _LATEX_GROUP.sub(r"\1\2", _LATEX_AROUND.sub("", text))
    body = text.lstrip()
    indent = len(text.expandtabs(8)) - len(body.expandtabs(8)) if "\t" in text else len(text) - len(body)
    made = Line(line.number, EMPTY, indent, indent, gap=gap, is_literal=is_literal, raw=body)
    if is_literal:
        return made
    made.level, made.raw = _heading(body)
    if not made.level and _TABLE_ROW.match(body) and body.count("|") >= _FEWEST_BARS:
        made.cells = tuple(parse_inline(cell.strip()) for cell in body.strip().strip("|").split("|"))
        return made
    made.raw = made.raw[_take_marker(made, made.raw) :]
    return made


def _heading(body: str) -> tuple[int, str]:
    """The level that markup gives a heading, 0 for other lines, and the text without that markup."""
    found = _HEADING.match(body)
    if found and found["text"]:
        return len(found["signs"]), found["text"]
    found = _LATEX_HEADING.match(body)
    if found:
        return _LATEX_LEVELS[found["sort"]], found["text"]
    found = _HTML_HEADING.match(body)
    if found:
        return int(found["level"]), found["text"]
    return 0, body.lstrip("> ") if body.startswith(">") else body


def _take_marker(line: Line, text: str) -> int:
    """Note the list marker that a text begins with, and say how long it is; `- [1]` counts by its number."""
    taken = 0
    bullet = None if line.level else _BULLET.match(text)
    if bullet and not _NUMBER.match(text):
        line.marker, line.marker_kind = bullet[0].strip(), "bullet"
        taken = bullet.end()
    number = _NUMBER.match(text, taken)
    if (
        number
        and (number.end() < len(text) or not taken)
        and not (line.level and not text[0].isdigit() and text[0] not in "[(")
    ):
        line.marker, line.marker_kind = number[0].strip(), "number"
        taken = number.end()
    if taken:
        line.hang = line.indent + taken
    return taken


def _drop_chance_markers(layout: Layout) -> None:
    """Give back what only looks like a list number: the end of a name (`EJ3.`) or of a page range (`12.`)."""
    numbered = [line for line in layout.lines if line.marker_kind == "number" and not line.level]
    shapes: dict[str, list[Line]] = {}
    for line in numbered:
        shapes.setdefault(re.sub(r"\d+", "#", line.marker), []).append(line)
    has_lettered = any(
        re.match(r"[A-Za-z]", shape) and len(lines) >= 2 and _counts_of(lines)[0] in (1, len(lines))
        for shape, lines in shapes.items()
    )
    for shape, lines in shapes.items():
        if shape[0] in "[(\\" or (shape == "#." and len(lines) < _FEWEST_NUMBERED):
            continue
        counts = _counts_of(lines)
        if has_lettered and counts == [1] and re.match(r"[A-Z]#", shape):
            continue  # `B1.` alone in its part, where others have `J1.`, `J2.`
        for position, line in enumerate(lines):
            near = {counts[other] for other in (position - 1, position + 1) if 0 <= other < len(lines)}
            counts_on = bool(near & {counts[position] - 1, counts[position] + 1})
            if not counts_on and (re.match(r"[A-Za-z]", shape) or line.gap == 0):
                _unmark(line)


def _counts_of(lines: Sequence[Line]) -> list[int]:
    return [int(re.sub(r"\D", "", line.marker) or 0) for line in lines]


_FEWEST_NUMBERED: Final = 3


def _unmark(line: Line) -> None:
    if line.rich:  # a PDF: its emphasis is known already
        lead = Rich(f"{line.marker} ", "0" * (len(line.marker) + 1))
        line.rich = join([lead, line.rich], [""])
    line.raw = f"{line.marker} {line.raw}"
    line.marker = line.marker_kind = ""
    line.hang = line.indent


def _drop_empty(layout: Layout) -> None:
    """Take out lines that held nothing but markup."""
    kept: list[Line] = []
    gap = 0
    marker: Line | None = None
    for line in layout.lines:
        if line.text.strip():
            line.gap = max(line.gap, gap)
            if marker is not None and marker.marker and not line.marker and not line.level:
                line.marker, line.marker_kind = marker.marker, marker.marker_kind  # it stood on a line of its own
            gap, marker = 0, None
            kept.append(line)
        else:
            layout.skipped[line.number] = "nothing but markup"
            gap = max(gap, line.gap)
            marker = line
    layout.lines = kept


def _emphasise(layout: Layout) -> None:
    """Work the emphasis out for each paragraph as a whole: a pair of stars may stand on two lines."""
    group: list[Line] = []
    for line in [*layout.lines, None]:
        begins = line is None or line.gap or line.marker or line.level or line.cells or line.is_literal or layout.is_pdf
        if begins and group:
            _emphasise_group(group, layout)
            group = []
        if line is not None:
            group.append(line)


def _emphasise_group(group: list[Line], layout: Layout) -> None:
    if layout.is_pdf:
        return
    if group[0].cells:
        group[0].rich = join(group[0].cells, ["\t"] * (len(group[0].cells) - 1))
        return
    if group[0].is_literal:
        for line in group:
            line.rich = Rich(line.raw, "0" * len(line.raw))
        return
    whole = parse_inline("\n".join(line.raw for line in group))
    start = 0
    for line in group:
        end = whole.text.find("\n", start)
        end = len(whole) if end < 0 or line is group[-1] else end
        line.rich = _with_columns(whole[start:end].strip())
        start = end + 1


def _with_columns(rich: Rich) -> Rich:
    """Wide gaps inside a line become tabs."""
    for found in reversed(list(_COLUMN_GAP.finditer(rich.text))):
        rich = rich.replace_at(found.start(), found.end(), "\t")
    return rich
