"""The parts of a document: which lines are headings, what each part is about, and how parts nest.

A line is a heading because the markup says so, or because it stands alone, is short, and says nothing but what kind of
part follows. Headings of one look are of one level: a look that is new opens a level below, one that was seen before
closes every level opened since.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from matcher.ingest.cv.breaks import Line
from matcher.ingest.cv.dates import YEAR
from matcher.ingest.cv.layout import Layout
from matcher.ingest.cv.names import is_name
from matcher.ingest.cv.rich import BOLD, ITALIC, LINK
from matcher.ingest.cv.titles import is_venue_like
from matcher.ingest.cv.vocabulary import (
    HEADING_FILLERS,
    HEADING_KEYWORDS,
    ORGANISATION_WORDS,
    PUBLICATION_KINDS,
    ROLE_WORDS,
    words_of,
)

__all__ = ["HeadingSense", "Section", "heading_sense", "split_sections"]

_LONGEST_HEADING: Final = 80
_MOST_WORDS: Final = 9
_MOST_WORDS_PLAIN: Final = 7
_FEWEST_YEARS: Final = 3
_FEWEST_NUMBERED_YEARS: Final = 2
"""Years that group a list, where numbered entries follow them."""

_DISPLAY: Final = 1.3
_LARGER: Final = 1.08
"""Type this much larger than the body of a PDF is display type."""


@dataclass(frozen=True, slots=True)
class HeadingSense:
    """What a heading says.

    Args:
        kind: a key of `HEADING_KEYWORDS`, `sub` for a sub-heading of publications, `year`, or empty.
        is_strict: whether it says nothing else.
        hint: the kind of paper it announces, or empty.
        year: the year it announces.
    """

    kind: str = ""
    is_strict: bool = False
    hint: str = ""
    year: int | None = None


@dataclass(slots=True)
class Section:
    """A part of a document.

    Args:
        kind: as in `HeadingSense`, or `preamble` before the first heading, or `other`.
        title: the heading.
        trail: headings of the parts that hold this one, outermost first.
        heading: the heading's line; `None` for the preamble.
        lines: its content, without the parts nested in it.
        hint: the kind of paper that headings announce.
        year: the year that headings announce.
    """

    kind: str
    title: str = ""
    trail: tuple[str, ...] = ()
    heading: Line | None = None
    lines: list[Line] = field(default_factory=list)
    hint: str = ""
    year: int | None = None


# --- what a heading says --------------------------------------------------------------------------------------------

_BRACKETED: Final = re.compile(r"[(\[][^()\[\]]*[)\]]")
_COUNTED: Final = re.compile(
    r"(?:^[\dIVX]+[.):]\s+|^\d{1,2}(?:\.\d{1,2}){0,2}\.?\s+(?=[^\W\d_])|^[A-H][.)]\s+|\s*[:：–—-]\s*\d+\s*$|[:：]\s*$|^\s*[-–—~=*•■▪|]+\s*|\s*[-–—~=*•■▪|]+\s*$)"
)
_SORTS: Final = frozenset(("workshop", "journal", "conference", "chapter", "preprint"))
"""Kinds of which a heading that names two announces neither."""

_HINT_ORDER: Final = ("thesis", "chapter", "workshop", "demo", "preprint", "journal", "conference", "other")
_YEARS: Final = re.compile(
    rf"(?:year\s+)?(?P<year>{YEAR})(?:\s*[-–—/]\s*(?:{YEAR}|\d\d|present|now))?(?:\s+(?:and|or)\s+(?:earlier|before"
    rf"|older))?\s*:?\Z",
    re.IGNORECASE,
)
_REFEREED: Final = re.compile(r"\b(?:à|avec|sans|con|com|sem|sin)\s+comit[éê]s?\s+de\s+lecture\b", re.IGNORECASE)
"""The French for "refereed" holds a word for talks."""

_GROUP: Final = frozenset(("group", "team", "members", "lab"))
_GROUP_TOO: Final = frozenset(
    ("my", "our", "research", "current", "people", "phd", "former", "past", "and", "the", "lab")
)
_UNFINISHED: Final = frozenset(("progress", "preparation", "submitted", "submission"))


def heading_sense(text: str) -> HeadingSense:
    """What a line says if it is a heading.

    >>> heading_sense("PEER-REVIEWED JOURNAL ARTICLES (12)")
    HeadingSense(kind='publications', is_strict=True, hint='journal', year=None)
    >>> heading_sense("2023").year, heading_sense("Students (Co)-Mentoring").kind, heading_sense("Graph Learning").kind
    (2023, 'students', '')
    """
    bare = text.strip()
    years = _YEARS.fullmatch(bare.strip(" *-–—=[]()"))
    if years:
        is_span = bool(re.search(rf"{YEAR}\s*[-–—/]|earlier|before|older", bare))
        return HeadingSense("year", is_strict=True, year=None if is_span else int(years["year"]))
    previous = None
    while previous != bare:
        previous = bare
        bare = _COUNTED.sub("", bare).strip()
    bare = _REFEREED.sub(" ", bare)
    words = words_of(_BRACKETED.sub(" ", bare)) or words_of(bare)
    return _sense_of(words) if words else HeadingSense()


def _sense_of(words: Sequence[str]) -> HeadingSense:
    everything = set(words)
    if everything & _GROUP and everything <= _GROUP | _GROUP_TOO:
        return HeadingSense("students", is_strict=True)
    if everything == {"professional", "preparation"}:
        return HeadingSense("education", is_strict=True)
    hints = [kind for kind in _HINT_ORDER if everything & PUBLICATION_KINDS[kind]]
    hint = "" if len(_SORTS.intersection(hints)) > 1 else next(iter(hints), "")
    known = HEADING_FILLERS.union(*PUBLICATION_KINDS.values())
    if everything == {"in", "press"} or (everything & _UNFINISHED and everything <= known | {"work", "works"}):
        return HeadingSense("sub", is_strict=True, hint="preprint" if everything & _UNFINISHED else "")
    if everything <= HEADING_KEYWORDS["head"] | {"of", "academic", "short"}:
        return HeadingSense("head", is_strict=bool(everything & HEADING_KEYWORDS["head"]))
    kind = next((kind for kind, keywords in HEADING_KEYWORDS.items() if kind != "head" and everything & keywords), "")
    if not kind:
        return HeadingSense("sub", is_strict=True, hint=hint) if hint and everything <= known else HeadingSense()
    if _is_about_papers(kind, words):
        kind = "publications"
    is_strict = everything <= known.union(*HEADING_KEYWORDS.values())
    return HeadingSense(kind, is_strict, hint if kind == "publications" else "")


def _is_about_papers(kind: str, words: Sequence[str]) -> bool:
    """Whether a word for papers decides against another keyword: `Work: papers`, `Summary of publications`."""
    everything = set(words)
    if not everything & HEADING_KEYWORDS["publications"]:
        return False
    if kind == "projects":
        return "related" in everything  # `Products most closely related to the project`
    if kind == "experience":
        return not everything & (HEADING_KEYWORDS["experience"] - {"work", "industry", "history"})
    return kind == "summary" and "summary" in everything and len(words) > 2


# --- which lines are headings ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Candidate:
    look: str
    text: str
    sense: HeadingSense
    level: int
    is_alone: bool = False


def _text_of(line: Line) -> str:
    """The heading's words: a section number is no list marker."""
    return line.text.strip()


def _look(line: Line, layout: Layout) -> str:
    """How a line is set: headings of one look are of one level."""
    if line.level:
        return f"#{line.level}"
    text = line.text.strip()
    letters = [char for char in text if char.isalpha()]
    parts = []
    if layout.is_pdf and line.size > _LARGER:
        parts.append(f"size{line.size:.1f}")
    if line.rich.is_all(BOLD):
        parts.append("bold")
    elif line.rich.is_all(ITALIC):
        parts.append("italic")
    if (
        letters
        and all(char.isupper() or char.lower() == char.upper() for char in letters)
        and any(char.isupper() for char in letters)
    ):
        parts.append("capitals")
    if text.endswith((":", "：")):
        parts.append("colon")
    return "+".join(parts) or "plain"


def _is_short(line: Line) -> bool:
    text = line.text
    return (
        0 < len(text) <= _LONGEST_HEADING
        and "\t" not in text.strip()
        and not line.cells
        and not line.is_literal
        and len(words_of(text)) <= _MOST_WORDS
        and not re.search(r"[@]|https?:", text)
    )


def _candidate(lines: Sequence[Line], position: int, layout: Layout) -> _Candidate | None:
    """The heading that a line may be; where it stands decides whether it is one (`_counts`)."""
    line = lines[position]
    text = _text_of(line)
    if not line.level and (not _is_short(line) or line.rich.is_all(LINK)):  # a link is a button, no heading
        return None
    sense = heading_sense(text) if not re.fullmatch(r"\[[\w ]+\]", text) else HeadingSense()
    look = _look(line, layout)
    found = _Candidate(
        f"year {look}" if sense.kind == "year" and look == "plain" else look,
        text,
        sense,
        line.level,
        line.gap == 2 and _gap_after(lines, position),
    )
    if line.level:
        return found
    if not text or text[-1] in ".,;!?" or text[0] in "“\"'(" or text[0].islower() or not _may_be_counted(line, found):
        return None
    return found if _stands_apart(lines, position, found) else None


def _gap_after(lines: Sequence[Line], position: int) -> bool:
    return position + 1 < len(lines) and lines[position + 1].gap == 2


def _may_be_counted(line: Line, found: _Candidate) -> bool:
    """Whether the marker before a line, if any, may be the number of a part."""
    return not line.marker or (
        line.marker_kind == "number"
        and re.fullmatch(r"\d{1,2}[.)]?|\([a-h]\)|[A-Ha-h]\)", line.marker) is not None
        and found.sense.is_strict
        and (line.gap == 2 or "capitals" in found.look)
    )


def _stands_apart(lines: Sequence[Line], position: int, found: _Candidate) -> bool:
    """Whether a line is set apart as a heading is; the less it says, the more."""
    line, look, sense = lines[position], found.look, found.sense
    if sense.kind == "year":
        return line.gap == 2 or look != "year plain" or _is_alone(lines, position)
    if sense.kind and sense.is_strict and len(words_of(found.text)) <= _MOST_WORDS_PLAIN:
        is_cut_off = position > 0 and lines[position - 1].is_soft
        return look != "plain" or (not is_cut_off and (line.gap == 2 or position + 1 < len(lines)))
    return look not in ("plain", "colon", "italic") and line.gap == 2


def _is_alone(lines: Sequence[Line], position: int) -> bool:
    """A year on a line of its own, in a document that has several of them, so that years group a list."""
    following = lines[position + 1] if position + 1 < len(lines) else None
    if following is None or not position or lines[position - 1].is_soft:
        return False
    if len(following.text) <= 40 and following.marker_kind != "number":
        return False
    years = sum(bool(_YEARS.fullmatch(line.text.strip())) for line in lines)
    return years >= (_FEWEST_YEARS if following.marker_kind != "number" else _FEWEST_NUMBERED_YEARS)


# --- the tree -------------------------------------------------------------------------------------------------------


def split_sections(layout: Layout) -> list[Section]:
    """The parts of a document in order; every line is a heading or content of exactly one part."""
    lines = layout.lines
    candidates = {position: found for position in range(len(lines)) if (found := _candidate(lines, position, layout))}
    candidates.update(_display_name(lines, layout))
    candidates.update(_column_heads(lines))
    strict_looks = {
        found.look
        for found in candidates.values()
        if found.sense.kind not in ("", "year", "sub", "head") and (found.sense.is_strict or found.level)
    }
    sections = [Section("preamble")]
    stack: list[tuple[str, int, Section]] = []
    for position, line in enumerate(lines):
        found = candidates.get(position)
        heading = found if found and _counts(found, stack, strict_looks) else None
        if heading is None:
            sections[-1].lines.append(line)
            continue
        _pop(stack, heading)
        section = _opened(heading, line, stack, after_papers=sections[-1].kind == "publications")
        stack.append((heading.look, heading.level, section))
        sections.append(section)
    _read_years_as_lists(sections)
    return sections


_COLUMN_HEAD: Final = re.compile(r"(?:title|authors?|venue|(?:sort)*(?:sort by .*)?|cited by|year)\Z", re.IGNORECASE)


def _column_heads(lines: Sequence[Line]) -> dict[int, _Candidate]:
    """The heads of the columns of a listing, a line for each: `Title`, `Cited by`, `Year`; a list of papers follows."""
    found: dict[int, _Candidate] = {}
    for position, line in enumerate(lines):
        if line.text.strip().lower() != "title":
            continue
        heads = [one.text.strip().lower() for one in takewhile(_is_column_head, lines[position : position + 6])]
        if "year" in heads and len(heads) < len(lines) - position:
            found[position] = _Candidate("columns", line.text, HeadingSense("publications", is_strict=True), 0)
    return found


def _is_column_head(line: Line) -> bool:
    return _COLUMN_HEAD.match(line.text.strip()) is not None


def _read_years_as_lists(sections: Sequence[Section]) -> None:
    """Parts headed by years are lists of papers, where no heading says which parts are."""
    years = [one for one in sections if one.kind == "other" and one.year is not None]
    are_numbered = all(any(line.marker_kind == "number" for line in one.lines[:2]) for one in years)
    if len(years) >= (_FEWEST_NUMBERED_YEARS if are_numbered else _FEWEST_YEARS) and not any(
        one.kind == "publications" for one in sections
    ):
        for one in years:
            one.kind = "publications"


def _display_name(lines: Sequence[Line], layout: Layout) -> dict[int, _Candidate]:
    """The name in the largest type of a PDF: it opens the head, wherever a sidebar has put it."""
    largest = max((line.size for line in lines), default=0.0)
    if not layout.is_pdf or largest < _DISPLAY:
        return {}
    return {
        position: _Candidate("display", line.text, HeadingSense("head", is_strict=True), 0)
        for position, line in enumerate(lines)
        if line.size >= largest - 0.01 and is_name(line.text)
    }


def _pop(stack: list[tuple[str, int, Section]], heading: _Candidate) -> None:
    """Close the levels that a heading ends."""
    if heading.level:
        while stack and (stack[-1][1] == 0 or stack[-1][1] >= heading.level):
            stack.pop()
        return
    looks = [look for look, _, _ in stack]
    if heading.look in looks:
        del stack[looks.index(heading.look) :]


def _opened(heading: _Candidate, line: Line, stack: list[tuple[str, int, Section]], *, after_papers: bool) -> Section:
    """The part that a heading opens; sub-headings of publications hand down what they announce."""
    parent = stack[-1][2] if stack else None
    sense = heading.sense
    kind = sense.kind or "other"
    trail = (*parent.trail, parent.title) if parent else ()
    section = Section(kind, heading.text, trail, line, hint=sense.hint, year=sense.year)
    if parent is not None and parent.kind == "publications":
        if kind in ("sub", "year") or (kind == "publications"):
            section.kind = "publications"
            section.hint = sense.hint or parent.hint
            section.year = sense.year or parent.year
    elif kind in ("sub", "year"):
        is_inside = parent is not None and parent.kind not in ("head", "other", "preamble")
        section.kind = "other" if parent is None else parent.kind
        if after_papers and kind == "sub" and not is_inside:
            section.kind = "publications"
        section.hint, section.year = sense.hint, sense.year
    elif kind == "other" and parent is not None and parent.kind in ("students", "grants"):
        section.kind = parent.kind
    return section


def _counts(found: _Candidate, stack: list[tuple[str, int, Section]], strict_looks: set[str]) -> bool:
    """Whether a candidate is a heading where it stands."""
    sense = found.sense
    inside = stack[-1][2].kind if stack else ""
    if found.level:
        return _explicit_counts(found, stack)
    match sense.kind:
        case "head":
            return not stack or sense.is_strict
        case "year":
            return inside in ("", "publications", "other")
        case "sub":
            return inside == "publications" or (inside != "" and found.look in strict_looks)
    if sense.kind and sense.is_strict:
        return inside != "publications" or not _looks_like_venue(found)
    return found.look in strict_looks and (bool(sense.kind) or _may_head_a_part(found))


def _may_head_a_part(found: _Candidate) -> bool:
    """Whether words that are no known heading, set like one, are no name, place or job either."""
    return not (
        (is_name(found.text) and "capitals" not in found.look)
        or "," in found.text
        or re.search(r"\d", found.text)
        or is_venue_like(found.text)
        or set(words_of(found.text)) & (ORGANISATION_WORDS | ROLE_WORDS)
    )


def _looks_like_venue(found: _Candidate) -> bool:
    """A one-word line such as "Proceedings" inside a list of papers is no heading unless it is set like one."""
    return (
        found.look in ("plain", "italic")
        and not found.is_alone
        and found.sense.kind in ("service", "interests", "experience", "education", "skills", "summary")
        and len(words_of(found.text)) > 3
    )


def _explicit_counts(found: _Candidate, stack: list[tuple[str, int, Section]]) -> bool:
    """Whether a heading of the markup opens a part: below a known part, only if it says what it is about."""
    above = [(level, section) for _, level, section in stack if level and level < found.level]
    if not above:
        return True
    parent = above[-1][1]
    sense = found.sense
    if sense.kind in ("sub", "year"):
        return parent.kind == "publications"
    if parent.kind in ("preamble", "other", "head"):
        return bool(sense.kind) or parent.kind != "publications"
    return bool(sense.kind) and sense.is_strict
