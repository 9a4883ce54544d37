"""Which lines of a list of publications belong to one entry.

The layout decides: list markers, headings above single papers, blank lines, hanging indents. Where it is silent, lines
that are wholly a list of authors show a list of records (title, authors and venue on lines of their own), and elsewhere
an entry begins where a line begins with authors and the entry before it is complete.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from matcher.ingest.cv.breaks import SOFT, Line, joined
from matcher.ingest.cv.dates import YEAR, is_only_dates
from matcher.ingest.cv.entries import forms_of, is_author_line, is_complete, starts_with_authors
from matcher.ingest.cv.names import Known
from matcher.ingest.cv.rich import Rich
from matcher.ingest.cv.titles import is_venue_like
from matcher.ingest.cv.venues import without_links

__all__ = ["Segment", "buttons_of", "is_noise", "is_remark", "segment"]

_LONGEST_RECORD: Final = 14
_PROSE: Final = 180
_MOST_IN_A_ROW: Final = 0.6

_FEWEST_HARD: Final = 6
_NEARLY_ALL: Final = 0.85
_LONGEST_BUTTON: Final = 6
_MOST_SHIFT: Final = 5
"""Columns by which the margin of another page of a PDF may lie further in."""

_SHORTEST_ENTRY: Final = 40
_MOST_WHOLE: Final = 0.8
_YEAR: Final = re.compile(
    r"\b(?:19|20)\d\d\b|\b(?:forthcoming|submitted|under review|in press|to appear|in preparation)\b|\barXiv:",
    re.IGNORECASE,
)
_FIGURE: Final = re.compile(
    r"(?:figure|fig\.|table|abbildung|image|picture|thumbnail)\s*\d*\s*(?:for|:|of|from)\s", re.IGNORECASE
)
_BUTTON: Final = re.compile(
    r"(?:alert button|via\s?\w+ icon|show more|view all|view pdf|expand|read more|add to cart|follow|cited by|cite"
    r"|share|save|download|pdf|abstract|bibtex|code|request code"
    r"|see more|load more|no image|open access|\d+ citations?|view on \w+|title|year|previous|next|all|since \d{4}"
    r"|(?:sort)+\s?by .*|view|electronic edition\b.*|export record|share record|references & citations|ris|see faq"
    r"|persistent url.*|dblp key.*|the system can['’]t perform .*|all\s?since \d{4}"
    r"|citations?\s*\d*.*|h-index.*|i10-index.*|sort by.*|articles? \d+.*)\W*\Z",
    re.IGNORECASE,
)
_REMARK: Final = re.compile(
    r"[(\[*†‡§#\s\\]*(?:\W?\s*)?(?:[*†‡§#∗]\s*[,:=–-]?\s*)?(?:denotes?|means?|indicates?|marks?|stands for|:|="
    r"|–)?\s*(?:equal(?:ly)?[\s-]+contribut|co-?first|joint(?:ly)? first|corresponding author"
    r"|authors? contributed equally|contributed equally|alphabetical|gleicher beitrag"
    r"|authors? (?:are )?(?:listed|ordered)|names? in bold|my name|underlined?|students? (?:i |co-?)?(?:advised"
    r"|mentored|supervised)|\w+ denotes|\w+ indicates|see also|for (?:a|the) (?:full|complete|up-to-date)|full list"
    r"|source:\s|(?:an )?up-to-date list|google scholar)",
    re.IGNORECASE,
)
_KIND_LABEL: Final = re.compile(
    r"\[(?:journals?|conferences?|workshops?|books?|parts?|informal|preprints?|editor(?:ship)?|reference|data|other)"
    r"[\w ]{0,20}\]",
    re.IGNORECASE,
)
"""What a bibliography writes above the entries of one kind; each entry has a label too."""

_SYMBOLS_ONLY: Final = re.compile(r"[\W_\d]*\Z")


@dataclass(slots=True)
class Segment:
    """Lines of one entry.

    Args:
        lines: in order, at least one.
        is_marked: whether a list marker or a heading opens it.
        noise: lines among them that say nothing (buttons, captions).
    """

    lines: list[Line]
    is_marked: bool = False
    noise: list[Line] = field(default_factory=list)

    def rich(self, words: frozenset[str]) -> Rich:
        """The text of the entry, with `SOFT` for soft breaks."""
        return joined(self.lines, words=words, soft=SOFT)


def is_noise(line: Line) -> bool:
    """Whether a line is a caption or a button of a page, and no part of a record."""
    text = line.text.strip()
    return bool(_FIGURE.match(text) or _BUTTON.match(text) or not text)


def is_remark(line: Line) -> bool:
    """Whether a line explains the list: marks, order, where the full list is."""
    text = line.text.strip()
    return len(text) < 200 and not line.marker and bool(_REMARK.match(text) or _KIND_LABEL.fullmatch(text))


def segment(
    lines: Sequence[Line], known: Known, words: frozenset[str], buttons: frozenset[str] = frozenset()
) -> tuple[list[Segment], list[Line], list[Line]]:
    """Cut the lines of a list of publications into entries.

    Args:
        lines: of one part of the document.
        known: what the document tells about names.
        words: words of the document, for joining hyphenated lines.
        buttons: texts that are known to be buttons of the page.

    Returns:
        The entries, the remarks and captions among them, and lines that belong to no entry.
    """
    buttons = buttons | buttons_of(lines, known)
    remarks = [line for line in lines if is_remark(line) or is_noise(line) or line.text.strip() in buttons]
    content = _without(lines, {line.number for line in remarks})
    if not content:
        return [], remarks, []
    if any(line.cells for line in content):
        tables = [line for line in content if line.cells]
        rest = [line for line in content if not line.cells]
        found, extra, left = segment(rest, known, words, buttons)
        return [*found, *(Segment([line], is_marked=True) for line in tables)], [*remarks, *extra], left
    headed = [line for line in content if line.level]
    if headed:
        return _by_heads(content, lambda line: bool(line.level)), remarks, []
    heads = _marker_heads(content)
    if heads:
        return _best_cut(content, _marker_ways(heads, known, words), known, words), remarks, []
    return _by_layout(content, known, words), remarks, []


def _without(lines: Sequence[Line], passed: Set[int]) -> list[Line]:
    """The lines but some; the marker of one that is left out opens the line after it."""
    kept: list[Line] = []
    marker: Line | None = None
    for line in lines:
        if line.number in passed:
            marker = line if line.marker else marker
            continue
        takes_over = marker is not None and not line.marker and not line.level
        kept.append(
            replace(line, marker=marker.marker, marker_kind=marker.marker_kind) if marker and takes_over else line
        )
        marker = None
    return kept


def buttons_of(lines: Sequence[Line], known: Known, fewest: int = 2) -> frozenset[str]:
    """Texts of the short lines that stand with nearly every record of a page: its buttons.

    Args:
        lines: of one part, or of all lists of a page.
        known: what the document tells about names.
        fewest: how often a button occurs at least.
    """
    counts = Counter(line.text.strip() for line in lines)
    ends = {  # of sentences that were wrapped: they are no lines of their own
        line.text.strip()
        for before, line in pairwise(lines)
        if before.is_soft and line.gap == 0 and counts[before.text.strip()] < fewest
    }
    repeated = {
        line.text.strip()
        for line in lines
        if counts[line.text.strip()] >= fewest
        and line.text.strip() not in ends
        and len(line.text.split()) <= _LONGEST_BUTTON
        and not re.search(r"\d", line.text)
        and not is_venue_like(line.text)
        and is_author_line(line.rich, known) is None
    }
    if not repeated:
        return frozenset()
    records = sum(is_author_line(line.rich, known) is not None for line in lines)
    often = max(fewest, _MOST_IN_A_ROW * records)
    return frozenset(text for text in repeated if counts[text] >= often)


def _by_heads(content: Sequence[Line], is_head: Callable[[Line], bool]) -> list[Segment]:
    found: list[Segment] = []
    for line in content:
        if is_head(line):
            found.append(Segment([line], is_marked=True))
        elif found:
            found[-1].lines.append(line)
        else:
            found.append(Segment([line]))
    return found


# --- markers --------------------------------------------------------------------------------------------------------


def _marker_heads(content: Sequence[Line]) -> frozenset[int]:
    """Numbers of the lines whose marker opens an entry; empty where markers do not carry the list."""
    marked = [line for line in content if line.marker]
    if not marked:
        return frozenset()
    margin = min(line.indent for line in marked)
    top = [line for line in marked if line.indent <= margin + 1]
    numbered = [line for line in top if line.marker_kind == "number"]
    bullets = [line for line in top if line.marker_kind == "bullet"]
    if numbered and bullets and _alternate(top):
        top = numbered
    if not numbered and not _bullets_carry(content, bullets, margin):
        return frozenset()
    if numbered and len(numbered) == len(top) and not _counts_on(numbered) and len(numbered) < len(content) / 4:
        return frozenset()
    return frozenset(line.number for line in _with_shifted(marked, top, margin))


def _with_shifted(marked: Sequence[Line], top: Sequence[Line], margin: int) -> list[Line]:
    """The entries at the margin, and those that count on from them on a page whose margin is another."""
    numbers = {line.number for line in top}
    heads: list[Line] = []
    for line in marked:
        last = heads[-1] if heads else None
        is_shifted = (
            last is not None
            and last.marker_kind == line.marker_kind == "number"
            and line.indent <= margin + _MOST_SHIFT
            and _shape(line) == _shape(last)
            and abs(_count(line) - _count(last)) == 1
        )
        if line.number in numbers or is_shifted:
            heads.append(line)
    return heads


def _shape(line: Line) -> str:
    return re.sub(r"\d+", "#", line.marker)


def _count(line: Line) -> int:
    return int(re.sub(r"\D", "", line.marker) or 0)


def _alternate(top: Sequence[Line]) -> bool:
    """Whether bullets stand under numbers: number, bullets, number, bullets."""
    kinds = [line.marker_kind for line in top]
    changes = sum(one != other for one, other in pairwise(kinds))
    return kinds[0] == "number" and changes >= 2 and changes >= kinds.count("number") - 1


def _counts_on(numbered: Sequence[Line]) -> bool:
    """Whether the numbers of a list go up or down."""
    numbers = [int(found[0]) for line in numbered if (found := re.search(r"\d+", line.marker))]
    steps = [other - one for one, other in pairwise(numbers)]
    return not steps or sum(step in (1, -1) for step in steps) * 2 >= len(steps)


def _bullets_carry(content: Sequence[Line], bullets: Sequence[Line], margin: int) -> bool:
    """Whether the bullets are the entries, and not remarks under entries that have no marker."""
    if not bullets:
        return False
    outside = [line for line in content if not line.marker and line.gap == 2 and line.indent <= margin]
    return len(bullets) >= len(outside)


def _by_markers(content: Sequence[Line], heads: frozenset[int], known: Known, words: frozenset[str]) -> list[Segment]:
    """One entry for each marker; a paragraph without one at the margin is an entry only if it reads as one."""
    found: list[Segment] = []
    margin = min((line.indent for line in content if line.number in heads), default=0)
    loose: list[Line] = []
    for line in content:
        if line.number in heads:
            found.append(Segment([line], is_marked=True))
            loose = []
            continue
        goes_on = found and (line.gap != 2 or line.indent > margin or bool(line.marker))
        if goes_on and not loose:
            if (
                line.gap < 2
                and line.indent <= margin
                and not line.marker
                and not found[-1].lines[-1].is_soft
                and _is_entry([line], known, words)
                and _is_entry(found[-1].lines, known, words)
            ):
                loose = [line]
                found.append(Segment(loose))
            else:
                found[-1].lines.append(line)
        elif loose and line.gap != 2:
            loose.append(line)
        elif (
            found
            and not loose
            and not starts_with_authors(line.rich, known)
            and not _is_entry([line], known, words)
            and not _is_entry(found[-1].lines, known, words)
        ):
            found[-1].lines.append(line)  # the entry so far lacks something
        else:
            loose = [line]
            found.append(Segment(loose))
    return found


def _is_entry(lines: Sequence[Line], known: Known, words: frozenset[str]) -> bool:
    """Whether lines hold authors and a title, with somebody known among the authors."""
    return is_complete(joined(lines, words=words, soft=SOFT), known)


# --- no markers -----------------------------------------------------------------------------------------------------


_SAMPLE: Final = 160
"""Lines on which the ways to cut a list are tried."""

_COST: Final = 4.0
"""What each entry costs: a way to cut that makes more of them must read them better."""

_UNDATED: Final = 1.5
"""What an entry costs more that says nothing of when it appeared: a piece of one, mostly."""

_BEST: Final = 9.0
"""Score above which one reading is no better than another."""

_HABIT: Final = 0.01
"""Share by which another way must beat the one that the layout suggests."""

_OPENS: Final = re.compile(
    rf"(?:{YEAR}|in press|submitted|forthcoming|to appear|accepted|under review|in preparation|n\.d\.)"
    r"(?:\s*\t|\s*[.:|]\s)",
    re.IGNORECASE,
)
"""A date or status that opens an entry."""


def _by_layout(content: Sequence[Line], known: Known, words: frozenset[str]) -> list[Segment]:
    """Entries of a list without markers: of several ways to cut it, the one that reads best on its begin."""
    ways = (
        lambda lines: _as_suggested(lines, known, words),
        _as_opened,
        _paragraphs_alone,
        lambda lines: _as_starts(lines, known),
        _as_lines,
        _as_hanging,
    )
    return _best_cut(content, ways, known, words)


_Way = Callable[[Sequence[Line]], list[Segment]]


def _marker_ways(heads: frozenset[int], known: Known, words: frozenset[str]) -> tuple[_Way, ...]:
    """Entries at markers, with paragraphs of their own between them, or with all that follows."""
    return (
        lambda lines: _by_markers(lines, heads, known, words),
        lambda lines: _cut(lines, [line.number in heads for line in lines]),
    )


def _best_cut(content: Sequence[Line], ways: Sequence[_Way], known: Known, words: frozenset[str]) -> list[Segment]:
    """Of several ways to cut a list into entries, what the one makes of it that reads best."""
    sample = _whole_paragraphs(content, _SAMPLE)
    best: list[Segment] | None = None
    best_way, best_worth, cuts = ways[0], 0.0, []
    for way in ways:
        found = way(sample)
        cut = [one.lines[0].number for one in found]
        if not found or cut in cuts:
            continue
        cuts.append(cut)
        worth = sum(_worth(one, known, words) for one in found)
        if best is None or worth > best_worth + _HABIT * abs(best_worth):
            best, best_way, best_worth = found, way, worth
    if best is None or len(sample) < len(content):
        return best_way(content)
    return best


def _whole_paragraphs(content: Sequence[Line], most: int) -> Sequence[Line]:
    """The first lines, up to the end of a paragraph if one ends near."""
    end = next((at for at in range(most, min(len(content), most + 20)) if content[at].gap == 2), most)
    return content[:end]


def _worth(one: Segment, known: Known, words: frozenset[str]) -> float:
    """How well some lines read as an entry, less what an entry costs."""
    rich = one.rich(words)
    score = max((score for _, score in forms_of(rich, known)), default=0.0)
    return min(max(score, 0.0), _BEST) - _COST - (0.0 if _YEAR.search(rich.text) else _UNDATED)


def _as_suggested(content: Sequence[Line], known: Known, words: frozenset[str]) -> list[Segment]:
    """Records around lines of authors if there are, else paragraphs, each cut as its indents and lines suggest."""
    anchors = _anchors(content, known)
    if anchors and len(anchors) * _LONGEST_RECORD >= len(content) and _are_records(content, anchors, known):
        return _records(content, anchors)
    paragraphs = _paragraphs(content)
    found: list[Segment] = []
    for paragraph in paragraphs:
        found += [Segment(lines) for lines in _within(paragraph, known, words)]
    return _joined_halves(found, known, words)


def _anchors(content: Sequence[Line], known: Known) -> list[int]:
    """The lines that are wholly lists of authors; where nearly all have hard breaks around them, the others too."""
    lists = [position for position, line in enumerate(content) if is_author_line(line.rich, known)]
    hard = [
        position
        for position in lists
        if not content[position].is_soft and not (position and content[position - 1].is_soft)
    ]
    return lists if len(hard) >= _FEWEST_HARD and len(hard) >= _NEARLY_ALL * len(lists) else hard


def _paragraphs_alone(content: Sequence[Line]) -> list[Segment]:
    return [Segment(lines) for lines in _paragraphs(content)]


def _as_lines(content: Sequence[Line]) -> list[Segment]:
    return _cut(content, [True, *(not line.is_soft for line in content[:-1])])


def _as_starts(content: Sequence[Line], known: Known) -> list[Segment]:
    """An entry at each line that is wholly a list of authors."""
    begins = [not line.is_soft and is_author_line(line.rich, known) is not None for line in content]
    return _cut(content, begins) if begins[0] else []


def _as_hanging(content: Sequence[Line]) -> list[Segment]:
    margin = min(line.indent for line in content)
    return _cut(content, [line.indent <= margin + 1 for line in content])


def _as_opened(content: Sequence[Line]) -> list[Segment]:
    """An entry at each line that begins with a date or status; nothing where the first does not."""
    begins = [_OPENS.match(line.text) is not None for line in content]
    return _cut(content, begins) if begins[0] else []


def _cut(content: Sequence[Line], begins: Sequence[bool]) -> list[Segment]:
    """One entry from each line that begins one up to the next."""
    found: list[Segment] = []
    for line, is_first in zip(content, begins, strict=True):
        if is_first or not found:
            found.append(Segment([]))
        found[-1].lines.append(line)
    return found


def _are_records(content: Sequence[Line], anchors: Sequence[int], known: Known) -> bool:
    """Whether lines of authors carry the list: most lines belong to a record around one of them."""
    starts = sum(1 for line in content if starts_with_authors(line.rich, known))
    if starts > 2 * len(anchors):
        return False
    return len(anchors) > 1 or len(content) <= _LONGEST_RECORD


def _records(content: Sequence[Line], anchors: Sequence[int]) -> list[Segment]:
    """Records around lines of authors, each with its title above or below."""
    by_paragraph = _one_in_each(content, anchors)
    if by_paragraph is not None:
        return by_paragraph
    is_above = _titles_stand_above(content, anchors)
    cuts: list[int] = []
    for order, anchor in enumerate(anchors):
        floor = anchors[order - 1] + 1 if order else 0
        cuts.append(_record_start(content, anchor, floor, is_above=is_above))
    found: list[Segment] = []
    if cuts and cuts[0] > 0:
        found.append(Segment(list(content[: cuts[0]])))
    for order, cut in enumerate(cuts):
        end = cuts[order + 1] if order + 1 < len(cuts) else len(content)
        found.append(Segment(list(content[cut:end]), is_marked=True))
    return found


def _one_in_each(content: Sequence[Line], anchors: Sequence[int]) -> list[Segment] | None:
    """The paragraphs, where nearly each of them is a record: one line of authors, and more."""
    numbers = {content[position].number for position in anchors}
    paragraphs = _paragraphs(content)
    counts = [sum(line.number in numbers for line in paragraph) for paragraph in paragraphs]
    whole = sum(count == 1 and len(paragraph) >= 2 for count, paragraph in zip(counts, paragraphs, strict=True))
    if max(counts) > 1 or whole < _MOST_WHOLE * len(paragraphs):
        return None
    return [Segment(paragraph, is_marked=True) for paragraph in paragraphs]


def _titles_stand_above(content: Sequence[Line], anchors: Sequence[int]) -> bool:
    """Whether the lines right before the lines of authors are titles: the first record has something above it."""
    above = below = 0
    for anchor in anchors:
        one = _neighbour(content, anchor, -1)
        other = _neighbour(content, anchor, 1)
        above += one is not None and _may_be_title(one)
        below += other is not None and _may_be_title(other)
    if above == below:
        return anchors[0] > 0
    return above > below


def _neighbour(content: Sequence[Line], anchor: int, step: int) -> Line | None:
    """The next line in a direction that is no date and no link."""
    position = anchor + step
    while 0 <= position < len(content):
        if not _is_minor(content[position]):
            return content[position]
        position += step
    return None


def _is_minor(line: Line) -> bool:
    text = without_links(line.text)
    return is_only_dates(text) or bool(_SYMBOLS_ONLY.match(text))


def _may_be_title(line: Line) -> bool:
    text = line.text.strip()
    return 2 <= len(text.split()) <= 40 and len(text) < _PROSE + 60 and not is_venue_like(text)


def _record_start(content: Sequence[Line], anchor: int, floor: int, *, is_above: bool) -> int:
    """The first line of the record around a line of authors."""
    if not is_above:
        start = anchor
        while start > floor and _is_minor(content[start - 1]) and content[start].gap != 2:
            start -= 1
        return start
    start = anchor
    has_title = False
    while start > floor:
        line, below = content[start - 1], content[start]
        if has_title:
            goes_on = below.gap != 2 and (
                line.is_soft
                or (
                    _may_be_title(line)
                    and content[start - 1].gap == 2
                    and start - 1 > floor - 1
                    and not re.search(r"[.!?]\Z|\d{4}\W*\Z", line.text)
                    and floor != start - 1
                )
            )
            if not goes_on:
                break
        elif not _is_minor(line):
            has_title = _may_be_title(line) or start - 1 == floor or line.gap == 2
            if not has_title and not is_venue_like(line.text):
                break
        start -= 1
    return start


def _paragraphs(content: Sequence[Line]) -> list[list[Line]]:
    found: list[list[Line]] = []
    for line in content:
        if line.gap == 2 or not found:
            found.append([])
        found[-1].append(line)
    return found


def _within(paragraph: list[Line], known: Known, words: frozenset[str]) -> list[list[Line]]:
    """The entries of a paragraph: one, or several by indent, or several by where authors begin."""
    if len(paragraph) == 1:
        return [paragraph]
    if _is_line_per_entry(paragraph, known):
        return [[line] for line in paragraph]
    margin = min(line.indent for line in paragraph)
    at_margin = [line for line in paragraph if line.indent <= margin + 1]
    if paragraph[0].indent <= margin + 1 and 1 <= len(at_margin) < len(paragraph):
        found: list[list[Line]] = []
        for line in paragraph:  # hanging indent
            if line.indent <= margin + 1 or not found:
                found.append([])
            found[-1].append(line)
        return _mended(found, known, words)
    if paragraph[0].indent > margin + 1 and len(at_margin) < len(paragraph):
        found = []
        for line in paragraph:  # first lines set in
            if line.indent > margin + 1 or not found:
                found.append([])
            found[-1].append(line)
        if len(found) > 1:
            return found
    return _by_starts(paragraph, known, words)


def _is_line_per_entry(paragraph: Sequence[Line], known: Known) -> bool:
    """Whether each line of a paragraph is an entry: no break is soft, and nearly every line has a title and a date."""
    if any(line.is_soft for line in paragraph[:-1]):
        return False
    whole = [
        line
        for line in paragraph
        if len(line.text) >= _SHORTEST_ENTRY and _YEAR.search(line.text) and not is_author_line(line.rich, known)
    ]
    return len(whole) >= _MOST_WHOLE * len(paragraph)


def _mended(found: list[list[Line]], known: Known, words: frozenset[str]) -> list[list[Line]]:
    """Join what a page break or a careless indent has cut: a piece that is no entry and follows an incomplete one."""
    mended: list[list[Line]] = []
    for piece in found:
        if (
            mended
            and not _is_entry(piece, known, words)
            and not _is_entry(mended[-1], known, words)
            and _is_entry([*mended[-1], *piece], known, words)
        ):
            mended[-1] = [*mended[-1], *piece]
        else:
            mended.append(piece)
    return mended


def _by_starts(paragraph: list[Line], known: Known, words: frozenset[str]) -> list[list[Line]]:
    """Cut where a line begins with authors and the entry before it is complete."""
    found: list[list[Line]] = []
    for line in paragraph:
        previous = found[-1] if found else None
        if (
            previous is None
            or (
                not re.search(r"(?:[,&]|\band)\s*\Z", previous[-1].text)
                and (not previous[-1].is_soft or re.search(r"(?:[.!?)\]]|\d{4})\s*\Z", previous[-1].text))
                and starts_with_authors(line.rich, known)
                and _is_entry(previous, known, words)
            )
            or (not previous[-1].is_soft and _is_entry([line], known, words) and _is_entry(previous, known, words))
        ):
            found.append([line])
        else:
            previous.append(line)
    return found


def _joined_halves(found: list[Segment], known: Known, words: frozenset[str]) -> list[Segment]:
    """Entries whose title, authors and venue stand in paragraphs of their own, joined again."""
    whole = [_is_entry(one.lines, known, words) for one in found]
    if not found or sum(whole) > _MOST_IN_A_ROW * len(found):
        return _appended(found, whole, known, words)
    mended: list[Segment] = []
    is_whole = False
    for one, complete in zip(found, whole, strict=True):
        if mended and not is_whole and not complete and len(mended[-1].lines) + len(one.lines) <= _LONGEST_RECORD:
            mended[-1].lines += one.lines
            is_whole = _is_entry(mended[-1].lines, known, words)
        else:
            mended.append(one)
            is_whole = complete
    return mended


def _appended(found: list[Segment], whole: Sequence[bool], known: Known, words: frozenset[str]) -> list[Segment]:
    """A piece that is no entry, right after one that lacks something, is its end (a page break lies between)."""
    mended: list[Segment] = []
    for one, complete in zip(found, whole, strict=True):
        previous = mended[-1] if mended else None
        if (
            previous is not None
            and not complete
            and one.lines[0].gap < 2
            and not starts_with_authors(one.lines[0].rich, known)
        ) or (
            previous is not None
            and not complete
            and not _is_entry(previous.lines, known, words)
            and _is_entry([*previous.lines, *one.lines], known, words)
        ):
            previous.lines += one.lines
        else:
            mended.append(one)
    return mended
