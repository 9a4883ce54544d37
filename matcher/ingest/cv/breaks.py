"""Lines, and which of their breaks mean something.

A soft break was made by whoever wrapped the text: the first word of the next line would not have fitted any more. A
hard one means something: the title ends here, the authors follow. Wrapped text is known by its right edge.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from matcher.ingest.cv.rich import EMPTY, Rich, join
from matcher.ingest.cv.vocabulary import COMMON_WORDS, fold, word_set

__all__ = ["SOFT", "Line", "joined", "mark_soft_breaks"]


@dataclass(slots=True)
class Line:
    """A line with content.

    Args:
        number: counted from one.
        rich: the content, without indent, list marker and heading signs; a tab separates columns.
        indent: columns before the marker, or before the text where there is none.
        hang: columns before the text.
        marker: the list marker as written, or empty.
        marker_kind: bullet, number, or empty.
        level: heading level that the markup gives, or 0.
        gap: what lies before: 0 nothing, 1 the end of a page, 2 a blank line or a rule.
        is_soft: whether the text goes on in the next line.
        size: type size relative to the body; 0 when not known.
        cells: cells of a table row.
        is_literal: inside a code block.
        has_hard_end: whether the markup ends the line on purpose.
        raw: the content with its markup.
        width: columns from the margin to its end; 0 where they are those of its characters.
    """

    number: int
    rich: Rich
    indent: int = 0
    hang: int = 0
    marker: str = ""
    marker_kind: str = ""
    level: int = 0
    gap: int = 0
    is_soft: bool = False
    size: float = 0.0
    cells: tuple[Rich, ...] = ()
    is_literal: bool = False
    has_hard_end: bool = False
    raw: str = ""
    width: int = 0

    @property
    def text(self) -> str:
        """The content without its emphasis."""
        return self.rich.text


# --- soft breaks ----------------------------------------------------------------------------------------------------

_WINDOWS: Final = ((8, 0.7), (20, 0.55), (1_000_000, 0.55))
"""How many lines before and after are looked at for the width of wrapped text (a document may be wrapped in parts), and
which share of them must reach the right edge up to a word's length. In lists of fields they do not."""

_FEWEST_WRAPPED: Final = 4
"""Lines with a follower that a window must hold before their widths say anything."""

_NEAR_THE_EDGE: Final = 10

_NEARLY_MOST: Final = 0.7
"""Of the edges that gather about as many lines, the rightmost is the one at which the text was wrapped."""

_FEWEST_JUSTIFIED: Final = 3
"""Lines of exactly the same width that show justified text."""

_SMALL_AFTER_FULL: Final = 0.18
"""Of the lines near the right edge: where so many are followed by a small letter, the text was wrapped there."""

_NARROWEST_WRAP: Final = 44
_NARROWEST_COLUMN: Final = 24
"""Columns that wrapped text has at least; a sidebar of a PDF may be narrower."""

_WIDEST_WRAP: Final = 140
_ESTIMATED: Final = 0.9
"""In a PDF columns of proportional type are an estimate: lines this full count as full."""

_GOES_ON: Final = re.compile(
    r"(?:[,&(/]|[–—-]|\b(?:and|or|of|the|a|an|in|on|for|to|with|by|from|und|der|die|das|von|et|de|la|y|zu|im|at|as"
    r"|via))\Z"
)


def mark_soft_breaks(lines: Sequence[Line], *, is_pdf: bool) -> None:
    """Decide for every line whether its text goes on in the next one."""
    may_go_on = [position for position in range(len(lines) - 1) if _may_go_on(lines[position], lines[position + 1])]
    widths = {position: _reach(lines[position]) for position in may_go_on}
    slack = _ESTIMATED if is_pdf else 1.0
    narrowest = _NARROWEST_COLUMN if is_pdf else _NARROWEST_WRAP
    facts = {position: _edge_facts(lines[position], lines[position + 1]) for position in may_go_on}
    everywhere = _wrap_width(list(facts.values()), _WINDOWS[-1][1], narrowest)
    for order, position in enumerate(may_go_on):
        wrap = 0
        for window, share in _WINDOWS[:-1]:
            near = [
                facts[other]
                for other in may_go_on[max(0, order - window) : order + window + 1]
                if abs(other - position) <= window
            ]
            wrap = wrap or _wrap_width(near, share, narrowest)
        wrap = wrap or everywhere
        is_longer = widths[position] > wrap  # than any wrapped line: it was not wrapped at all
        edge = 0 if is_longer else wrap * slack
        lines[position].is_soft = _is_soft(lines[position], lines[position + 1], widths[position], edge)


def _reach(line: Line) -> int:
    """The column in which a line ends."""
    return line.width or line.hang + len(line.text)


def _may_go_on(line: Line, following: Line) -> bool:
    """Whether the layout allows that the text of one line goes on in the next."""
    if following.gap == 2 or following.marker or following.level or following.cells or following.is_literal:
        return False
    if (
        following.indent < line.indent and line.gap != 2 and not _is_hyphenated(line, following)
    ):  # after a hanging indent something new begins
        return False
    return not (line.level or line.cells or line.has_hard_end or "\t" in line.text or "\t" in following.text)


def _is_hyphenated(line: Line, following: Line) -> bool:
    """Whether a word is cut between two lines."""
    return following.text[:1].islower() and re.search(r"[^\W\d_]{2}[-‐\u00ad]\Z", line.text) is not None


@dataclass(frozen=True, slots=True)
class _Edge:
    """A line that may go on: where it ends, how long the next word is, and whether that begins small."""

    width: int
    next_word: float
    is_small: bool


def _edge_facts(line: Line, following: Line) -> _Edge:
    first = following.text.split(maxsplit=1)[0]
    if following.width:  # a PDF: the word's share of the width of its line
        length = len(first) * (_reach(following) - following.indent) / max(1, len(following.text))
    else:
        length = len(first.partition("-")[0]) + 1 if "-" in first else len(first)
    return _Edge(_reach(line), length, _starts_small(following.text))


def _wrap_width(lines: Sequence[_Edge], share: float, narrowest: int) -> int:
    """The width at which text was wrapped; 0 when it was not.

    Args:
        lines: those that may go on.
        share: how many of them must reach the right edge.
        narrowest: the least width that counts.
    """
    if len(lines) < _FEWEST_WRAPPED:
        return 0
    widths = [line.width for line in lines]
    near = {edge: sum(edge - _NEAR_THE_EDGE <= width <= edge for width in widths) for edge in sorted(set(widths))}
    most = max(near.values())
    dense = max(width for width in near if near[width] >= _NEARLY_MOST * most)
    edge = max(width for width in widths if width <= dense + _NEAR_THE_EDGE)
    full = [line.is_small for line in lines if edge - 2 * _NEAR_THE_EDGE <= line.width <= edge]
    is_justified = sum(edge - 1 <= width <= edge for width in widths) >= _FEWEST_JUSTIFIED
    is_forced = all(line.width + 1 + line.next_word > edge for line in lines if line.width <= edge)
    is_wrapped = (
        is_forced
        or (most >= share * len(widths) and (any(full) or is_justified))
        or (sum(full) >= 2 and sum(full) >= _SMALL_AFTER_FULL * len(full))
    )
    return edge if is_wrapped and narrowest <= edge <= _WIDEST_WRAP else 0


def _starts_small(text: str) -> bool:
    """Whether a text begins with a word in small letters, as only the rest of a sentence does."""
    return text[:1].islower() and re.match(r"[^\W\d_A-Z]+(?![\w@/.:])", text) is not None


def _is_soft(line: Line, following: Line, width: int, wrap: float) -> bool:
    if wrap and width + 1 + _edge_facts(line, following).next_word > wrap:
        return True
    if _is_hyphenated(line, following):
        return True
    starts_small = _starts_small(following.text)
    if len(line.text) < _NARROWEST_COLUMN:
        return False
    if starts_small and not re.search(r"[.!?:;]\Z", line.text):
        return True
    return bool(_GOES_ON.search(line.text)) and len(line.text) >= _NARROWEST_WRAP


# --- joining --------------------------------------------------------------------------------------------------------


SOFT: Final = "\v"
"""Stands for a soft break where a reader of the text may still take it for a hard one."""


def joined(lines: Iterable[Line], *, words: frozenset[str] = frozenset(), soft: str = " ") -> Rich:
    """The lines as one text: a blank for each soft break, a line feed for each hard one.

    Args:
        lines: in order.
        words: words of the document, folded; they tell whether a hyphen at the end of a line belongs to the word.
        soft: what stands for a soft break.
    """
    parts: list[Rich] = []
    separators: list[str] = []
    previous: Line | None = None
    for line in lines:
        rich = line.rich
        if previous is not None:
            separator = soft if previous.is_soft else "\n"
            if previous.is_soft and re.search(r"[^\W\d_][-‐\u00ad]\Z", parts[-1].text) and rich.text[:1].isalpha():
                separator = ""
                head = re.search(r"[^\W\d_]+[-‐]\Z", parts[-1].text)
                tail = re.match(r"[^\W\d_]+", rich.text)
                if (
                    head
                    and tail
                    and rich.text[0].islower()
                    and _is_one_word(head[0], tail[0], words, is_pdf=previous.size > 0)
                ):
                    parts[-1] = parts[-1][: len(parts[-1]) - 1]
            separators.append(separator)
        parts.append(rich)
        previous = line
    return join(parts, separators) if parts else EMPTY


_PREFIXES: Final = word_set("co non multi semi self pre post meta anti sub inter intra cross re de")
"""What may stand before a hyphen that stays."""


def _is_one_word(head: str, tail: str, words: frozenset[str], *, is_pdf: bool) -> bool:
    """Whether a hyphen at the end of a line was put there by the typesetter, as PDFs and copies of them have it."""
    if fold(head[:-1] + tail) in words:
        return True
    if fold(f"{head[:-1]}-{tail}") in words:
        return False
    are_words = all(fold(part) in words or fold(part) in COMMON_WORDS for part in (head[:-1], tail))
    return is_pdf or not (are_words or fold(head[:-1]) in _PREFIXES)
