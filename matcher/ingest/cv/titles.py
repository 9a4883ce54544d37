"""Where a title ends: every place where it might is weighed, and the best one taken.

Quotes and emphasis show a title best. Without them a title ends at the full stop, comma or line end after which a venue
begins. A question mark ends it only there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from matcher.ingest.cv.dates import MONTH_WORD, YEAR, atoms
from matcher.ingest.cv.rich import BOLD, ITALIC, LINK, Rich
from matcher.ingest.cv.venues import ends_abbreviated, venue_score
from matcher.records import PartialDate

__all__ = ["TitleEnd", "clean_title", "find_title", "is_venue_like", "skip_to_title", "title_ends"]

_QUOTES: Final = {
    "“": "”",
    '"': '"',
    "„": "“”",
    "«": "»",
    "‘": "’",
    "``": "''",
    "『": "』",
    "《": "》",
    "「": "」",
    "‚": "‘’",
    "‹": "›",
    "”": "”",
}
_BASE: Final = {
    "quote": 4.0,
    "style": 4.0,
    "stop": 2.0,
    "mark": 1.2,
    "line": 2.2,
    "comma": 0.6,
    "bracket": 0.3,
    "dash": 0.3,
    "slash": 3.0,
    "end": 0.6,
}
"""How much each kind of place speaks for the end of a title."""

_GOES_ON: Final = re.compile(
    r"[\s,]*(?!in\b|to appear|accepted|presented|published|submitted|under|forthcoming|with\b|by\b"
    r"|also|joint|arxiv|doi|pp?\b|and\s+[A-Z])[a-z]|\s+[–—-]\s+[a-z]|:"
)
"""What follows a quotation inside a title, and no title."""

_PUNCTUATION: Final = frozenset("\t.。?!？！,，;–—-|·•/")
_MOST_FOR_VENUE: Final = 2.5
"""What follows counts no more: the first place where a venue begins wins, not the one before the best venue."""

_MOST_WORDS: Final = 45
_MOST_ENDS: Final = 6
_REMEMBERED: Final = 4096
"""Stretches whose titles are remembered."""

_LONGEST: Final = 500
"""Characters of the longest title."""

_VENUE_WITHIN: Final = 250
"""Characters behind a title that tell whether a venue begins there."""

_FUNCTION_END: Final = re.compile(
    r"\b(?:a|an|the|of|for|and|or|in|on|with|to|from|by|via|at|under|is|are|as|und|der|die|das|für|von|de|la|le|les"
    r"|et|des|y|del)\Z",
    re.IGNORECASE,
)
_VENUE_INSIDE: Final = re.compile(
    r"\b(?:in proceedings|proceedings of|in proc\.|arxiv preprint|arxiv:|international conference on|conference on"
    r"|journal of|transactions on|ieee trans|advances in neural|workshop on|symposium on|phd thesis|in press"
    r"|to appear in|accepted (?:at|to|by)|pp\.\s?\d|vol\.\s?\d|, (?:submitted|to appear|in press|under review"
    r"|accepted|forthcoming)\b)",
    re.IGNORECASE,
)
_BRACKETED_VENUE: Final = re.compile(
    r"[(\[][^()\[\]]*\b(?:thesis|dissertation|preprint|in press|submitted|under review|conference|proceedings"
    r"|workshop|journal|to appear|arxiv|paper presentation)\b",
    re.IGNORECASE,
)
_SKIPPED: Final = re.compile(
    rf"""
    (?: [\s.,;:–—•|·/-]+
      | \(\s*(?:(?:{MONTH_WORD})\.?\s*)?{YEAR}[a-z]?
        (?:[\s,]*(?:{MONTH_WORD})\.?(?:\s*\d{{1,2}})?(?:\s?[–-]\s?(?:{MONTH_WORD})?\s*\d{{0,2}})?)?\s*\)
      | \(\s*(?:in\ press|to\ appear|forthcoming|submitted|under\ review|accepted|n\.?\s?d\.?
            |in\ prep(?:aration)?)[^()]*\)
      | \[\s*{YEAR}\s*\]
      | (?<=[.,;:\s]){YEAR}[a-z]?(?=\s*[.,:;]\s|\s*[“"„«*\t\n])
      | \((?:eds?|hrsg|editors?)\.?\)
    )+
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TitleEnd:
    """Where a title stands.

    Args:
        start: its first character.
        end: behind its last character.
        rest: where what follows begins.
        score: how sure it is.
        is_shown: whether quotes or emphasis show it.
        kind: what ends it, as in `_BASE`.
    """

    start: int
    end: int
    rest: int
    score: float
    is_shown: bool = False
    kind: str = ""


def skip_to_title(rich: Rich, start: int) -> tuple[int, PartialDate | None]:
    """The place behind separators and a year that stand between authors and title, and that date."""
    found = _SKIPPED.match(rich.text, start)
    if found is None:
        return start, None
    dates = [one.date for one in atoms(found[0])]
    return found.end(), dates[0] if dates else None


def is_venue_like(text: str) -> bool:
    """Whether a line or stretch reads as a venue and not as a title."""
    return venue_score(text) >= 1.5


def find_title(rich: Rich, start: int, end: int | None = None) -> TitleEnd | None:
    """The title that begins at a place, as the best of all places where it may end.

    Args:
        rich: the entry's text; line feeds are hard line breaks.
        start: where the title begins, separators already passed over.
        end: where the stretch that holds it ends.
    """
    return next(iter(title_ends(rich, start, end)), None)


def title_ends(rich: Rich, start: int, end: int | None = None, *, most: int = 1) -> list[TitleEnd]:
    """The likely titles that begin at a place, the best first; parameters as for `find_title`."""
    return list(_ranked_ends(rich, start, len(rich) if end is None else end)[:most])


@lru_cache(maxsize=_REMEMBERED)
def _ranked_ends(rich: Rich, start: int, end: int) -> tuple[TitleEnd, ...]:
    """The likely titles in a stretch, the best first; worked out once, whatever is learned about names."""
    if start >= end or not rich.text[start:end].strip():
        return ()
    whole, end = end, min(end, start + _LONGEST)
    found: list[TitleEnd] = []
    for kind, stop, rest in _ends(rich, start, end):
        title = rich.text[start:stop]
        if not re.search(r"\w", title):
            continue
        following = rich.text[rest : min(whole, rest + _VENUE_WITHIN)]
        venue = min(venue_score(following), _MOST_FOR_VENUE) * (0.5 if kind in ("quote", "style") else 1.0)
        score = _BASE[kind] + _form(title, kind) + venue
        is_venue_bracket = kind == "bracket" and _BRACKETED_VENUE.match(following) is not None
        if is_venue_bracket:
            score += 1.2
        if kind == "quote" and _GOES_ON.match(following) and not re.search(r"[.,?!]\W\Z", title):
            score -= 3.5  # quotes around the first words of a title
        is_shown = kind in ("quote", "style")
        found.append(TitleEnd(start, stop, rest, score, is_shown, "mark" if is_venue_bracket else kind))
    found.sort(key=lambda one: -one.score)
    return tuple(found[:_MOST_ENDS])


def _ends(rich: Rich, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Kind, end of the title and begin of the rest, for every place that may end it."""
    text = rich.text
    yield from _quoted(text, start, end)
    yield from _styled(rich, start, end)
    depth = 0
    for position in range(start, end):
        char = text[position]
        if char in "([{":
            if depth == 0 and position > start and char in "([" and text[position - 1].isspace():
                yield "bracket", position, position
            depth += 1
        elif char in ")]}":
            depth = max(0, depth - 1)
        elif char == "\n":
            depth = 0
            yield "line", position, position + 1
        elif char in _PUNCTUATION and not (depth and char in ".,?!"):
            kind = _kind_of_end(text, position, end)
            if kind:
                yield kind, position + (kind == "mark"), position + 1 + (kind == "slash")
    yield "end", end, end


def _kind_of_end(text: str, position: int, end: int) -> str:
    """What kind of end a punctuation mark is; empty where it is none."""
    char = text[position]
    after = text[position + 1] if position + 1 < end else ""
    if char == "\t":
        return "line"
    if char in ".。":
        return "stop" if _ends_sentence(text, position, end) else ""
    if char in "?!？！":
        return "mark" if not after or after in " \n\t.,;”\"'’*)" else ""
    if char in ",，;":
        return "comma" if after and after in " \n\t" else ""
    if char == "/":
        return "slash" if after == "/" and text[position - 1 : position].isspace() else ""
    return "dash" if text[position - 1 : position].isspace() and after.isspace() else ""


def _ends_sentence(text: str, position: int, end: int) -> bool:
    after = text[position + 1] if position + 1 < end else " "
    if after not in " \n\t”\"'’)*," and text[position] != "。":
        return False
    if text[position - 1 : position] in "?!":
        return True
    return not ends_abbreviated(text, position) or position + 1 >= end


def _quoted(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    opening = "``" if text.startswith("``", start) else text[start]
    closings = _QUOTES.get(opening)
    if closings is None:
        return
    marks = ("''", '"', "”") if opening == "``" else tuple(closings)
    for position in range(start + len(opening), end):
        mark = next((one for one in marks if text.startswith(one, position)), None)
        if mark is None:
            continue
        behind = text[position + len(mark)] if position + len(mark) < end else " "
        if behind.isalnum() or (mark in "’'" and not (text[position - 1] in ".,?!;" or behind in ".,;)")):
            continue
        yield "quote", position + len(mark), position + len(mark)


def _styled(rich: Rich, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """The end of the emphasis that begins here; short plain gaps (a symbol, a figure) do not end it."""
    first = start + 1 if rich.text[start] in _QUOTES and start + 1 < end else start
    bits = int(rich.style[first]) & (BOLD | ITALIC | LINK)
    if not bits or (bits == LINK and re.match(r"https?:|www\.", rich.text[first:])):
        return
    bit = ITALIC if bits & ITALIC else BOLD if bits & BOLD else LINK
    stop = first
    position = first
    while position < end:
        if int(rich.style[position]) & bit:
            stop = position + 1
        elif position - stop > 2 or rich.text[position] in ".,\n":
            break
        position += 1
    if len(re.findall(r"\w+", rich.text[first:stop])) >= 2 or stop - first >= 12:
        yield "style", stop, stop


def _form(title: str, kind: str) -> float:
    """What the form of a stretch says about its being a title; never above 0."""
    bare = title.strip(" \t\n.,;:“”\"'*")
    words = bare.split()
    is_ideographic = len(words) == 1 and len(re.findall(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", bare)) >= 4
    score = 0.0 if is_ideographic else {0: -5.0, 1: -0.9, 2: -0.2}.get(len(words), 0.0)
    if len(words) > 30:
        score -= 3.0 if len(words) > _MOST_WORDS else 1.0
    quotes = ("„", "“") if "„" in title else ("“", "”")
    if any(title.count(one) != title.count(other) for one, other in (("(", ")"), ("[", "]"), quotes)):
        score -= 1.5
    if _FUNCTION_END.search(bare) and kind not in ("style", "quote"):
        score -= 1.5
    inner = _sentences_inside(bare)
    score -= 0.7 * min(inner, 4)
    breaks = [position for position, char in enumerate(bare) if char == "\n"]
    score -= 0.6 * sum(not bare[position + 1 : position + 2].islower() for position in breaks)
    if _VENUE_INSIDE.search(bare):
        score -= 2.0 if kind not in ("style", "quote") else 0.5
    if bare[:1].islower() and not re.match(r"\w*[A-Z]", bare[:12]):
        score -= 0.4
    if not re.search(r"[^\W\d_]{2}", bare):
        score -= 5.0
    return score


def _sentences_inside(text: str) -> int:
    """Full stops inside a text that end a sentence."""
    return sum(1 for found in re.finditer(r"\.\s+(?=\W?[A-ZÀ-Þ])", text) if not ends_abbreviated(text, found.start()))


def clean_title(title: str) -> str:
    r"""A title on one line, without the quotes around it and the full stop at its end.

    >>> clean_title("“Sparse\nmasks, and why.”"), clean_title('"Is it free?" Small decoders')
    ('Sparse masks, and why', '"Is it free?" Small decoders')
    """
    title = " ".join(title.split())
    previous = None
    while previous != title:
        previous = title
        title = title.strip(" \t,;:*|").rstrip("–—- ")
        if title.endswith(".") and not title.endswith("..."):
            title = title[:-1].rstrip()
        for opening, closings in _QUOTES.items():
            for closing in (*closings,) if opening != "``" else ("''", '"', "”"):
                inner = title[len(opening) : -len(closing)]
                if (
                    len(title) > len(opening) + len(closing)
                    and title.startswith(opening)
                    and title.endswith(closing)
                    and not any(mark in inner for mark in (opening, closing) if mark not in "’'")
                ):
                    title = inner.strip()
        if title[:1] in '“„"' and not any(mark in title[1:] for mark in '”“"'):
            title = title[1:].strip()
        if title[-1:] in '”“"' and not any(mark in title[:-1] for mark in '“”„"'):
            title = title[:-1].strip()
    return title
