"""Where the owner studied and worked: organisation, role and dates of each position of a CV."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from matcher.ingest.cv.breaks import Line
from matcher.ingest.cv.dates import TimeSpan, is_only_dates, spans
from matcher.ingest.cv.rich import BOLD, Rich
from matcher.ingest.cv.sections import Section
from matcher.ingest.cv.vocabulary import (
    COMMON_WORDS,
    DEGREE_WORDS,
    DEPARTMENT_WORDS,
    ORGANISATION_WORDS,
    PLACES,
    ROLE_WORDS,
    UNIVERSITY_WORDS,
    fold,
    word_set,
    words_of,
)
from matcher.records import Affiliation, PartialDate

__all__ = ["Position", "affiliations_of", "blocks_of", "joined_affiliations", "read_positions"]

_RELATION: Final = re.compile(
    r"\b(?:(?:co-?|ph\.?d\.? |thesis |doctoral |academic |research |zweit|erst)?(?:advis[oe]rs?|supervis[oe]rs?"
    r"|promotors?|betreuer(?:in)?|mentors?|host|hosts|manager)\s*:|(?:co-?)?(?:advised|supervised|mentored|hosted"
    r"|managed|co-?advised)\s+by\b"
    r"|under the (?:supervision|guidance|direction)|gastgeber(?:in)?\s*:|directeur|directrice|encadr|doktorvater"
    r"|reporting to|director(?:a)? de tesis|relatore|orientador)",
    re.IGNORECASE,
)
_DETAIL: Final = re.compile(
    r"\s*[(]?(?:thesis|dissertation|gpa|grade|note|courses?|coursework|core courses|topic|title|ranking|rank|relevant"
    r"|minor|focus|specialization|honou?rs|awards?|committee|skills|tools|tech(?:nologies)?|projects?|funded"
    r"|abschlussarbeit|thema|th[eè]se)\b\s*(?:title|topic|committee)?\s*:",
    re.IGNORECASE,
)
_AT: Final = re.compile(r"\s+(?:at|@|bei|chez|presso|an der|am|at the)\s+(?=[A-Z0-9(])")
_SPLIT: Final = re.compile(r"\t+|\n|\s+[|·•]\s+|\s+[–—-]+\s+|\s*;\s+|,\s+|\s[|]\s*")
_STATE_SYSTEMS: Final = word_set(
    "california texas illinois wisconsin massachusetts maryland michigan minnesota missouri carolina"
    " colorado nebraska tennessee alabama arkansas hawaii york nevada maine"
)
_WEAK_ROLE_WORDS: Final = word_set(
    "research faculty staff head science lead reader student visiting minor major specialist dean member"
)
"""Words of roles that names of organisations hold too; alone they make no role."""

_ROLE_END: Final = word_set(
    "intern researcher assistant student engineer fellow professor scientist lecturer postdoc candidate"
    " associate developer analyst manager scholar visitor director consultant instructor reader internship"
    " architect investigator trainee"
)
_ORG_FUNCTION: Final = word_set("of and & the for de la le les du des der die das und für y e del di della in at et")
_NOT_IN_ORG: Final = word_set("with using on via towards toward by from to into through as is are how why a an")
_MOST_WORDS: Final = 9


@dataclass(frozen=True, slots=True)
class Position:
    """One position.

    Args:
        organisation: as written.
        role: as written; may be empty.
        span: when; `None` where the document does not say.
        lines: the lines that tell of it.
        is_study: whether it is of the education.
    """

    organisation: str
    role: str
    span: TimeSpan | None
    lines: tuple[Line, ...]
    is_study: bool

    @property
    def start(self) -> PartialDate | None:
        """First date: not told by the single date of a degree."""
        if self.span is None or (self.is_study and not self.span.is_range):
            return None
        return self.span.first

    @property
    def end(self) -> PartialDate | None:
        """Last date; `None` is open or not known."""
        return None if self.span is None else self.span.last


# --- blocks ---------------------------------------------------------------------------------------------------------


def blocks_of(lines: Sequence[Line]) -> list[list[Line]]:
    """Cut a part of a CV into positions: each has one date and begins at the margin."""
    if not lines:
        return []
    if any(line.level for line in lines):
        return _cut(lines, lambda block, line: bool(line.level) or _stands_out(block, line))
    margin = min(line.indent for line in lines)
    sign = next((line.marker for line in lines if line.marker_kind == "bullet"), "")
    top = [
        line
        for line in lines
        if line.marker and line.indent <= margin + 1 and (line.marker == sign or line.marker_kind == "number")
    ]
    unmarked = [line for line in lines if not line.marker and line.indent <= margin + 1]
    by_marker = len(top) >= 2 and bool(lines[0].marker) and not _are_details(top, unmarked)
    openers = frozenset(line.number for line in top) if by_marker else None
    return _cut(lines, lambda block, line: _begins(block, line, margin, openers))


def _cut(lines: Sequence[Line], begins: Callable[[Sequence[Line], Line], bool]) -> list[list[Line]]:
    blocks: list[list[Line]] = []
    for line in lines:
        if not blocks or begins(blocks[-1], line):
            blocks.append([])
        blocks[-1].append(line)
    return blocks


def _are_details(top: Sequence[Line], unmarked: Sequence[Line]) -> bool:
    """Whether bullets at the margin tell about positions that stand between them without a bullet."""
    dated = sum(bool(spans(line.text)) and not is_only_dates(line.text) for line in unmarked)
    return dated >= 2 and dated >= sum(bool(spans(line.text)) for line in top)


def _has_date(block: Sequence[Line]) -> bool:
    return any(
        spans(line.text)
        for line in block
        if not (line.marker and block[0] is not line and not is_only_dates(line.text) and len(line.text) > 60)
    )


def _is_small_fact(line: Line) -> bool:
    """A place or a date alone: part of the position before it."""
    text = line.text.strip(" *_")
    if is_only_dates(text):
        return True
    words = words_of(text)
    return len(words) <= 4 and (bool(set(words) & PLACES) and not set(words) & ORGANISATION_WORDS) and len(text) < 40


def _stands_out(block: Sequence[Line], line: Line) -> bool:
    """A bold line at the margin after bullets begins something new, even below headings."""
    return line.gap == 2 and not line.marker and line.rich.is_all(BOLD) and bool(block) and bool(block[-1].marker)


def _begins(block: Sequence[Line], line: Line, margin: int, openers: frozenset[int] | None) -> bool:
    """Whether a line begins a position; `openers` are the lines whose marker may, where markers do."""
    if line.cells or line.indent > margin + 1 or (block[-1].is_soft and not _is_sentence_end(block[-1])):
        return bool(line.cells)
    if openers is not None:
        return line.number in openers and (_has_date(block) or not _lacks_something(block)) and _opens_position(line)
    if line.marker or _RELATION.match(line.text.strip(" (*_")) or _DETAIL.match(line.text):
        return False
    if _is_small_fact(line):
        return _has_date(block) and is_only_dates(line.text) and _is_date_first(block)
    if line.gap == 2 or block[-1].marker:
        return _has_date(block) or bool(block[-1].marker)
    return _has_date(block) and _is_another(block, line)


def _is_another(block: Sequence[Line], line: Line) -> bool:
    """Whether a line right below a position that has its dates tells of another one."""
    if (line.rich.is_all(BOLD) and block[0].rich.is_all(BOLD)) or spans(line.text):
        return True
    has_place = any(set(words_of(one.text)) & (ORGANISATION_WORDS - _WEAK_PLACES) for one in block)
    return has_place and _names_place(line)  # else it is the organisation of the position so far


def _is_sentence_end(line: Line) -> bool:
    """Whether a line that reaches the right edge is complete all the same: it ends in a date or a full stop."""
    found = spans(line.text)
    return line.text.endswith(".") or (bool(found) and found[-1].end >= len(line.text.rstrip(" )]")))


def _is_date_first(block: Sequence[Line]) -> bool:
    return is_only_dates(block[0].text)


def _lacks_something(block: Sequence[Line]) -> bool:
    return not any(set(words_of(line.text)) & (ORGANISATION_WORDS | ROLE_WORDS) for line in block)


def _opens_position(line: Line) -> bool:
    """Whether a marked line names a place, a role or a date, as the first line of a position does."""
    related = _RELATION.search(line.text)
    text = line.text[: related.start()] if related else line.text
    return bool(set(words_of(text)) & (ORGANISATION_WORDS | ROLE_WORDS)) or bool(spans(text)) or line.rich.is_all(BOLD)


_WEAK_PLACES: Final = word_set(
    "research group software systems analytics solutions partners association society network networks robotics"
)


def _names_place(line: Line) -> bool:
    """Whether a line names an organisation and no role before it."""
    words = words_of(line.text)
    return (
        bool(set(words) & (ORGANISATION_WORDS - _WEAK_PLACES))
        and not set(words[:3]) & ROLE_WORDS
        and line.text[:1].isupper()
    )


# --- one position ---------------------------------------------------------------------------------------------------


def read_positions(section: Section) -> Iterator[Position]:
    """The positions that a part of a CV lists."""
    is_study = section.kind == "education"
    for block in blocks_of(section.lines):
        position = _position(block, is_study=is_study)
        if position is not None:
            yield position


def _position(block: Sequence[Line], *, is_study: bool) -> Position | None:
    heads = _head_lines(block)
    span = _span_of(block, heads)
    pieces = [piece for line in heads for piece in _pieces(line)]
    best = max(pieces, key=lambda piece: piece.weight, default=None)
    if best is None or best.weight <= 0:
        return None
    roles = [piece.text for piece in pieces if piece.is_role]
    if best.weight < 1.5 and not roles and span is None:
        return None
    if best.weight < 1.0 and not roles and not is_study:
        return None
    return Position(best.text, roles[0] if roles else "", span, tuple(block), is_study)


def _head_lines(block: Sequence[Line]) -> list[Line]:
    """The lines that say where and as what: not the bullets below them."""
    first = block[0]
    heads = [first]
    for line in block[1:]:
        is_bullet = bool(line.marker)
        if is_bullet and not (
            first.marker
            and len(heads) == 1
            and set(words_of(line.text)) & (DEGREE_WORDS | ROLE_WORDS)
            and len(line.text) < 160
        ):
            continue
        if _DETAIL.match(line.text) or _is_labelled(line):
            continue
        heads.append(line)
    return heads


def _is_labelled(line: Line) -> bool:
    """Whether a line begins with a bold label such as "**Research Interests:**"."""
    label = re.match(r"[^:]{3,40}:", line.text)
    return label is not None and line.rich[: label.end()].is_all(BOLD) and not line.rich.is_all(BOLD)


def _span_of(block: Sequence[Line], heads: Sequence[Line]) -> TimeSpan | None:
    """When: a stretch in the head, a line of dates alone, or a single date in the head."""
    in_heads = [one for line in heads for one in spans(line.text)]
    alone = [one for line in block if is_only_dates(line.text) for one in spans(line.text)]
    stretches = [one for one in (*in_heads, *alone) if one.is_range]
    if stretches:
        return stretches[0]
    return next(iter((*alone, *in_heads)), None)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a head line between separators.

    weight: how much it looks like an organisation; 0 or less when it is none.
    """

    text: str
    weight: float
    is_role: bool


def _pieces(line: Line) -> Iterator[_Piece]:
    rich = line.rich
    if _TITLE_OF_THESIS.match(rich.text):
        return
    text = _blanked_dates(rich.text)
    related = _RELATION.search(text)
    head = text[: related.start()] if related else text
    if related:
        place = _AT.search(text, related.end())
        if place:
            name = re.split(r"[,;.\t\n(]", text[place.end() :])[0].strip()
            if name:
                yield _Piece(name, 1.35 if not _has_org_word(name) else 1.45, is_role=False)
    for start, end, at in _stretches(rich, head):
        piece = _trimmed(text[start:end])
        if re.search(r"[^\W\d_]", piece):
            yield _weighed(piece, is_bold=_is_bold(rich, start, end) or bool(line.level), at=at)


_ASIDE: Final = re.compile(r"\([^():]{1,30}:[^()]*\)|[.,;]?\s*\S+@\S+")
"""What names of organisations do not hold: `(PI: Ann Lee)`, addresses."""

_TITLE_OF_THESIS: Final = re.compile(r"\s*(?:t[ií]tulo|titre|titel|title|thema|tema)\b[^:\t]{0,30}:", re.IGNORECASE)


def _trimmed(text: str) -> str:
    """The text without separators at its ends; a bracket that is closed and the stop of "Inc." stay."""
    text = _ASIDE.sub(" ", text).strip(" \t\n,;:*_–—-|")
    if text.count("(") != text.count(")"):
        text = text.strip("()")
    if not re.search(r"\b(?:Inc|Ltd|Corp|Co|Univ|Dr|B\.V|e\.V|S\.A)\.\Z", text):
        text = text.rstrip(".")
    return text.strip(" ()") if text.startswith("(") and text.endswith(")") else text.strip()


def _blanked_dates(text: str) -> str:
    """The text with tabs in the place of dates, so that every character keeps its place."""
    for one in spans(text):
        text = text[: one.start] + "\t" * (one.end - one.start) + text[one.end :]
    return text


def _is_bold(rich: Rich, start: int, end: int) -> bool:
    return rich[start:end].is_all(BOLD) and not rich.is_all(BOLD)


def _stretches(rich: Rich, text: str) -> Iterator[tuple[int, int, bool]]:
    """Begin and end of the stretches between separators, and whether "at" stands before."""
    cuts: set[int] = set()
    spaces: list[tuple[int, int]] = []
    for found in _SPLIT.finditer(text):
        if "," in found[0] and _is_inside_name(text, found):
            continue
        spaces.append((found.start(), found.end()))
    ats: set[int] = set()
    for found in _AT.finditer(text):
        before = words_of(text[: found.start()])[-5:]
        if set(before) & ROLE_WORDS and not set(before) & (
            UNIVERSITY_WORDS | {"laboratory", "lab", "center", "centre"}
        ):
            spaces.append((found.start(), found.end()))
            ats.add(found.end())
    for start, end in rich.runs(BOLD):
        cuts.update((start, end))
    for start, end in spaces:
        cuts.update((start, end))
    gaps = set(spaces)
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    for start, end in pairwise(edges):
        if (start, end) in gaps:
            continue
        for first, last in _role_and_place(text, start, end):
            yield first, last, first in ats


def _is_inside_name(text: str, comma: re.Match[str]) -> bool:
    """`University of California, Berkeley`: a comma inside the name of an organisation."""
    before = words_of(text[: comma.start()])[-3:]
    after = re.match(r"[A-Z][\w-]+(?: [A-Z][\w-]+)?(?=\s*(?:$|[,\t\n(|;–—]))", text[comma.end() :])
    if after is None or set(words_of(after[0])) & PLACES or fold(after[0]) in {"inc", "ltd", "llc"}:
        return bool(after and fold(after[0]) in {"inc", "ltd", "llc"})
    if set(words_of(after[0])) & ROLE_WORDS:
        return False
    return len(before) >= 2 and before[-1] in _STATE_SYSTEMS and "university" in before


def _role_and_place(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """`Research Intern Stanford University`: a role and an organisation without a separator."""
    piece = text[start:end]
    words = list(re.finditer(r"\S+", piece))
    for position, word in enumerate(words[:-1]):
        bare = fold(word[0].strip(".,()"))
        following = fold(words[position + 1][0].strip(".,()"))
        rest = piece[words[position + 1].start() :]
        if (
            bare in _ROLE_END
            and following not in (_ROLE_END | _ORG_FUNCTION)
            and position < 6
            and set(words_of(rest)) & ORGANISATION_WORDS
            and words[position + 1][0][:1].isupper()
        ):
            yield start, start + word.end()
            yield start + words[position + 1].start(), end
            return
    yield start, end


_IDEOGRAPHIC_ORG: Final = re.compile(
    r"(?:大学|大學|学院|學院|研究所|研究院|研究センター|实验室|公司|株式会社|중학교|대학교|대학원|연구소|연구원)"
)
_IDEOGRAPHIC_ROLE: Final = re.compile(
    r"(?:博士|硕士|学士|本科|研究生|教授|讲师|研究员|实习|助教|修士|박사|석사|학사|교수)"
)


def _has_org_word(text: str) -> bool:
    return bool(set(words_of(text)) & ORGANISATION_WORDS)


def _weighed(piece: str, *, is_bold: bool, at: bool) -> _Piece:
    """How much a stretch looks like an organisation."""
    if _IDEOGRAPHIC_ORG.search(piece) or _IDEOGRAPHIC_ROLE.search(piece):
        is_place = _IDEOGRAPHIC_ORG.search(piece) is not None
        name = re.split(r"[，,（(\s]|(?<=大学)(?=.{2,}学院)", piece)[0] if is_place else piece
        return _Piece(name, 3.0 if is_place else 0.0, is_role=not is_place)
    words = words_of(piece)
    everything = set(words)
    is_role = bool(everything & (ROLE_WORDS - _WEAK_ROLE_WORDS)) and not everything & (UNIVERSITY_WORDS - {"institute"})
    is_town = (
        words[-1:]
        and words[-1] in PLACES
        and len(words[-1]) == 2
        and piece[-2:].isupper()
        and not everything & ORGANISATION_WORDS
    )
    if not words or everything <= PLACES | {"the"} or is_town or _is_grade(piece):
        return _Piece(piece, 0.0, is_role=False)
    if len(words) > _MOST_WORDS + 3 or (everything & _NOT_IN_ORG and not everything & UNIVERSITY_WORDS):
        return _Piece(piece, 0.0, is_role)
    piece = re.sub(r"\s*\((?:https?://)?[\w-]+(?:\.[\w-]+)+/?\)\s*", " ", piece).strip()
    text = re.sub(
        r"\s*\((?:transfer(?:red)? out|expected|part[- ]time|full[- ]time|remote|declined)\)?\s*\Z",
        "",
        piece,
        flags=re.IGNORECASE,
    ).strip()
    return _Piece(text, _weight(text, words, is_role=is_role, is_bold=is_bold, at=at), is_role)


def _weight(text: str, words: Sequence[str], *, is_role: bool, is_bold: bool, at: bool) -> float:
    """How much a stretch that may be an organisation looks like one."""
    everything = set(words)
    is_school = words[0] in DEPARTMENT_WORDS and not everything & {"university", "universitat", "universite"}
    if everything & UNIVERSITY_WORDS and not is_school:
        return 2.2 if is_role else 3.0
    if everything & DEPARTMENT_WORDS:
        return 0.5
    return 0.0 if is_role else _by_form(text, everything, is_bold=is_bold, at=at)


def _by_form(text: str, words: set[str], *, is_bold: bool, at: bool) -> float:
    """How much a stretch that is no university, department or role looks like an organisation."""
    if words & ORGANISATION_WORDS:
        return 2.0
    if at:
        return 1.5
    if _may_be_organisation(text):
        return 1.2 if is_bold else 0.9
    return 0.0


def _is_grade(piece: str) -> bool:
    return bool(
        re.match(
            r"(?:gpa|grade|rank|note|cum laude|magna|summa|with (?:honou?rs|distinction)|first class|w\.)\b",
            piece,
            re.IGNORECASE,
        )
    )


def _may_be_organisation(piece: str) -> bool:
    """A short run of capitalised words, at least one of them no common word."""
    words = [word for word in re.findall(r"[^\s/]+", piece) if re.search(r"\w", word)]
    if not words or len(words) > 7 or "://" in piece:
        return False
    if not all(
        word[0].isupper() or word[0].isdigit() or word.lower() in _ORG_FUNCTION or word[0] in "(&" for word in words
    ):
        return False
    return not all(
        fold(word.strip("().,")) in COMMON_WORDS | DEGREE_WORDS | PLACES | _FIELDS or word.lower() in _ORG_FUNCTION
        for word in words
    )


_FIELDS: Final = word_set(
    "computer computing mathematics statistics physics chemistry biology economics engineering electrical"
    " mechanical civil linguistics psychology philosophy informatics informatik mathematik physik"
    " automation management business administration arts sociology medicine neuroscience robotics"
    " telecommunications electronics biomedical materials aerospace industrial operations finance history"
    " literature design applied pure theoretical cognitive natural sciences intelligence bioinformatics"
    " ecology geography geology astronomy pharmacy nursing law music dance theatre ma communication"
    " journalism team"
)


# --- affiliations ---------------------------------------------------------------------------------------------------


def affiliations_of(positions: Sequence[Position]) -> list[Affiliation]:
    """One affiliation for each position; one within another at the same organisation says nothing more."""
    made = []
    for one in positions:
        start, end = one.start, one.end
        if start is not None and end is not None and start.first_day() > end.last_day():
            start = end = None
        made.append(Affiliation(organisation=one.organisation, role=one.role, start=start, end=end))
    return joined_affiliations(made)


def joined_affiliations(affiliations: Iterable[Affiliation]) -> list[Affiliation]:
    """The affiliations without those that say nothing which another does not say."""
    found: list[Affiliation] = []
    for made in affiliations:
        if not any(_covers(other, made) for other in found):
            found = [other for other in found if not _covers(made, other) or other.start is None]
            found.append(made)
    return found


def _covers(outer: Affiliation, inner: Affiliation) -> bool:
    """Whether one affiliation says all that another says."""
    if fold(outer.organisation) != fold(inner.organisation):
        return False
    if not inner.organisation or (inner.domain is not None and inner.domain != outer.domain):
        return inner == outer
    if inner.start is None and inner.end is None:
        return True
    if outer.start is None or inner.start is None:
        return (outer.start, outer.end) == (inner.start, inner.end)
    starts_before = outer.start.first_day() <= inner.start.first_day()
    ends_after = outer.end is None or (inner.end is not None and outer.end.last_day() >= inner.end.last_day())
    return starts_before and ends_after
