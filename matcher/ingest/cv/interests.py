"""What the owner works on, in the owner's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from matcher.ingest.cv.breaks import Line, joined
from matcher.ingest.cv.rich import BOLD, Rich
from matcher.ingest.cv.sections import Section
from matcher.ingest.cv.vocabulary import HEADING_KEYWORDS, word_set, words_of

__all__ = ["read_interests"]

_RUN_IN: Final = re.compile(
    r"\s*[*_]*(?:(?:my|main|current|primary|key|broad|general)\s+)*(?:(?:research|scientific|academic|professional"
    r"|teaching and research)\s+)?(?:interests?|research areas?|research topics?|areas? of (?:interest|expertise"
    r"|research)|research focus|fields? of (?:interest|research|study)"
    r"|forschungsinteressen|forschungsschwerpunkte?|intérêts de recherche|thèmes de recherche|líneas de investigación"
    r"|intereses(?: de investigación)?|interessi di ricerca"
    r"|研究方向|研究兴趣|研究分野|연구분야|관심분야)\s*(?:include|are"
    r"|[:：–—])\s*[*_]*\s*:?\s*(?P<rest>\S.*)\Z",
    re.IGNORECASE,
)
_FOCUS: Final = re.compile(
    r"\b(?:my|our|the author['’]s)\s+(?:\w+\s+)?(?:research|work)(?:\s+interests?)?\s+(?:\w+\s+)?(?:focus(?:es|ed)?"
    r"|lies?|is|are|cent(?:er|re)s|include[s]?|revolves?|spans?|covers?)\s*(?:\w+ly\s+)?(?:on|in|around"
    r"|at the intersection of|broadly on)?\s+(?P<rest>[^.\n]+)"
    r"|\bi(?:\s+am|['’]m)\s+(?:\w+ly\s+)?interested\s+in\s+(?P<also>[^.\n]+)",
    re.IGNORECASE,
)
_SENTENCE_LEAD: Final = re.compile(
    r"\s*(?:my|i|current|the)?\s*(?:(?:main|current|primary|broad|general|research|scientific"
    r"|specific)\s+)*(?:interests?|focus(?:es)?|work(?:s)?|research|am interested|am broadly interested|study|aim"
    r"|goal)?\s*(?:is|are|lie[s]?|include[s]?|focus(?:es|ed)?|cover[s]?|span[s]?|broadly|primarily|mainly|currently"
    r"|interested|centered|revolve[s]?|at the intersection|[:]|\s)*\s*(?:in|on|of|around|at|with)?\s*(?:the (?:field"
    r"|area|areas|fields) of\s+)?",
    re.IGNORECASE,
)
_GENERIC: Final = word_set(
    "applications application topics areas keywords methods current other interests research theory"
    " practice systems main primary secondary minor general specific expertise focus methodology domains"
    " fields methodological applied"
)
_MAY_BE_PROSE: Final = frozenset(("preamble", "other", "head", "summary"))
_MAY_STATE: Final = _MAY_BE_PROSE | {"education", "personal", "skills", "experience"}
_MOST_WORDS_LISTED: Final = 4
_LONGEST: Final = 120
_MOST_WORDS: Final = 14
_VERIFIED: Final = re.compile(r"verified e?-?mail at", re.IGNORECASE)


def read_interests(sections: Sequence[Section], words: frozenset[str]) -> tuple[tuple[str, ...], frozenset[int]]:
    """The interests that a document lists, and the numbers of the lines that list them."""
    found: dict[str, None] = {}
    used: set[int] = set()
    for section in sections:
        if section.kind == "interests" and not _is_about_leisure(section.title):
            for group in _items(section.lines):
                for interest in _split(
                    joined(group, words=words),
                    is_item=bool(group[0].marker),
                    lone=len(section.lines) == 1 or len(group) > 1,
                ):
                    found[interest] = None
                used.update(line.number for line in group)
        elif section.kind in _MAY_STATE:
            for group in _items(section.lines):
                stated = _stated(joined(group, words=words), may_be_prose=section.kind in _MAY_BE_PROSE)
                if stated is not None:
                    found.update((interest, None) for interest in _split(stated, is_item=False, lone=True))
                    used.update(line.number for line in group)
    for interest, number in _on_a_profile(sections):
        found[interest] = None
        used.add(number)
    return tuple(found), frozenset(used)


def _stated(rich: Rich, *, may_be_prose: bool) -> Rich | None:
    """What stands behind "Research interests:", or in a sentence that says what the owner works on."""
    run_in = _RUN_IN.match(rich.text)
    if run_in:
        return rich[run_in.start("rest") :]
    focus = _FOCUS.search(rich.text) if may_be_prose else None
    if focus is None:
        return None
    field = "rest" if focus["rest"] else "also"
    return rich[focus.start(field) : focus.end(field)]


def _is_about_leisure(title: str) -> bool:
    words = set(words_of(title))
    return bool(words & {"hobbies", "hobby", "personal", "leisure", "other", "extracurricular"}) and not words & {
        "research"
    }


def _items(lines: Sequence[Line]) -> Iterator[list[Line]]:
    group: list[Line] = []
    for line in lines:
        if group and not group[-1].is_soft:
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _split(rich: Rich, *, is_item: bool, lone: bool) -> Iterator[str]:
    """The interests of a line: its label, and its parts between semicolons or commas.

    Args:
        rich: the line.
        is_item: whether it is an item of a list; then commas stand inside an interest.
        lone: whether it is the only line of its part.
    """
    text = rich.text.replace("\n", "; ").replace("\t", "; ")
    label = re.match(r"(?P<label>[^:;.]{3,70}):\s+(?P<rest>\S.*)\Z", text, re.DOTALL)
    if label and is_item and not rich[: label.end("label")].is_all(BOLD):
        label = None
    if label and len(label["label"].split()) <= 8:
        if not set(words_of(label["label"])) <= _GENERIC | HEADING_KEYWORDS["interests"]:
            yield label["label"].strip(" *_")
        text = label["rest"]
    if re.search(r";|•|·|\s\|\s", text.strip().rstrip(";")):
        parts = _outside_brackets(text, ";•·|")
    elif is_item and not label:
        parts = _outside_brackets(text, ",，、")
        if re.search(r"\b(?:and|und|et|y|with|for|of)\b", text) or any(
            len(part.split()) > _MOST_WORDS_LISTED for part in parts
        ):
            parts = [text]
    elif lone or label or text.count(",") >= 2:
        parts = (
            _outside_brackets(_without_lead(text), ",，、")
            if "," in text or "，" in text or "、" in text
            else [_without_lead(text)]
        )
    else:
        parts = [text]
    for part in _with_last_two_apart(parts) if lone else parts:
        bare = re.sub(
            r"\A(?:and|und|et|y|e|as well as|&)\s+", "", part.strip(" \t*_.;,:–—-•"), flags=re.IGNORECASE
        ).strip()
        if bare and len(bare) <= _LONGEST and len(bare.split()) <= _MOST_WORDS and re.search(r"[^\W\d_]{2}", bare):
            yield bare


def _with_last_two_apart(parts: Sequence[str]) -> list[str]:
    """`a, b and c` as three: the last two of a list without a comma before its "and"."""
    last = (
        re.fullmatch(r"(?P<one>\s*(?!and\b)[^\s].*?)\s+(?:and|und|et|y|e|&)\s+(?P<two>.+)", parts[-1])
        if len(parts) >= 2
        else None
    )
    if last is None or max(len(last["one"].split()), len(last["two"].split())) > _MOST_WORDS_LISTED:
        return list(parts)
    return [*parts[:-1], last["one"], last["two"]]


def _without_lead(text: str) -> str:
    """A sentence without its first words: `My research focuses on`."""
    if not re.match(r"\s*(?:my|i|i['’]m|the|current(?:ly)?|research)\b", text, re.IGNORECASE):
        return text
    found = _SENTENCE_LEAD.match(text)
    return (
        text[found.end() :]
        if found and found.end() < len(text) and re.search(r"\b(?:in|on|include|includes|are|of|around|is)\b", found[0])
        else text
    )


def _outside_brackets(text: str, signs: str) -> list[str]:
    parts: list[str] = []
    depth = start = 0
    for position, char in enumerate(text):
        if char in "([":
            depth += 1
        elif char in ")]":
            depth = max(0, depth - 1)
        elif char in signs and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    return parts


def _on_a_profile(sections: Sequence[Section]) -> Iterator[tuple[str, int]]:
    """The subjects that a profile page lists below the line of the verified address."""
    for section in sections[:2]:
        is_below = False
        for line in section.lines:
            if is_below and (line.gap == 2 or len(line.text.split()) > 6):
                return
            if is_below:
                for part in re.split(r"\t|,\s", line.text):
                    yield part.strip(), line.number
            is_below = is_below or bool(_VERIFIED.search(line.text))
