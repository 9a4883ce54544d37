"""Whose document it is, and under which mail domains they are reached."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from matcher.identity import names_fit, normalise_name
from matcher.ingest.cv.breaks import Line
from matcher.ingest.cv.entries import ParsedEntry
from matcher.ingest.cv.layout import Layout
from matcher.ingest.cv.names import Known, Name, in_ordinary_case, is_name, read_list, read_one
from matcher.ingest.cv.rich import Rich
from matcher.ingest.cv.sections import Section, heading_sense
from matcher.ingest.cv.vocabulary import NEVER_NAMES, ORGANISATION_WORDS, PLACES, ROLE_WORDS, words_of

__all__ = [
    "HeadName",
    "OwnerGuess",
    "addresses_in",
    "choose_owner",
    "domains_in",
    "head_names",
    "owner_among_authors",
    "without_addresses",
]

_HEAD_LINES: Final = 14
"""Lines from the top among which a document names its owner."""

_SHARE_OF_ENTRIES: Final = 0.6
"""An author on this share of the entries, and on more than anybody else, is the owner where no head names one."""

_CV_WORDS: Final = re.compile(
    r"[^:]{0,80}\b(?:results|papers|works|publications|articles) (?:for|by) (?:author|person)s?:\s*"
    r"|(?:姓名|氏名|名前|이름|성명)\s*[:：]?\s*|\b(?:curriculum vit(?:ae|æ)|cv of|cv|c\.v\.|r[ée]sum[ée](?: of)?"
    r"|lebenslauf(?: von)?|vita|name|nom|nombre|publications? (?:of|by)|list of publications(?: of| by)?"
    r"|publication list(?: of)?|papers by|profile of"
    r"|picture for|photo of|homepage of|about|homepage|academic|academic cv|short|welcome|hi,? i['’]?m"
    r"|hello,? i['’]?m|i am|my name is)\b\s*[:–—|,-]*\s*",
    re.IGNORECASE,
)
_AFTER_NAME: Final = re.compile(
    r"(?:\s*[,|–—·•\t(（/-].*|\s*['’]s\s+(?:cv|curriculum|homepage|publications|page|website).*|\s*(?:ph\.?\s?d|m\.?d"
    r"|m\.?sc|dr|jr|esq|curriculum|cv|r[ée]sum[ée]|lebenslauf)\b.*|[.!])?\s*\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class HeadName:
    """A name that stands where a document names its owner.

    Args:
        name: as written, without titles and nickname.
        nickname: a name in brackets or quotes inside it.
        line: the line's number.
        weight: how much the place speaks for it.
        alias: the same name in other letters, in brackets behind it.
    """

    name: str
    nickname: str
    line: int
    weight: float
    alias: str = ""


@dataclass(frozen=True, slots=True)
class OwnerGuess:
    """Who the owner is.

    Args:
        name: in ordinary case, without titles and nickname.
        names: further spellings.
        how: what it rests on, in words.
        line: the line that names them; `None` when the bylines do.
        is_sure: whether nothing speaks against it.
    """

    name: str
    names: tuple[str, ...]
    how: str
    line: int | None
    is_sure: bool


def head_names(layout: Layout, sections: Sequence[Section]) -> list[HeadName]:
    """Names at the top of a document (in a PDF: and in its largest type), the likeliest first."""
    first_known = next(
        (
            one.heading.number
            for one in sections
            if one.heading is not None and one.kind not in ("other", "head", "summary", "personal", "preamble")
        ),
        None,
    )
    found: list[HeadName] = []
    shown = 0
    local = [
        address.partition("@")[0] for line in layout.lines[: 3 * _HEAD_LINES] for address in addresses_in(line.text)
    ]
    largest = max((line.size for line in layout.lines), default=0.0)
    for position, line in enumerate(layout.lines):
        in_head = shown < _HEAD_LINES and (first_known is None or line.number < first_known)
        is_largest = layout.is_pdf and line.size >= largest > 1.2
        if not in_head and not is_largest:
            if not layout.is_pdf:
                break
            continue
        shown += 1
        read = _name_in_line(line)
        if read is None:
            continue
        weight = (
            3.0
            - 0.15 * position
            + (2.0 if line.level == 1 else 0.5 if line.level else 0.0)
            + (3.0 if is_largest else 0.0)
        )
        weight += 1.5 if any(_fits_address(read.text, one) for one in local) else 0.0
        weight += 0.4 * (line.rich.text.strip().isupper() or read.is_bold)
        weight -= 1.0 if words_of(line.text) and set(words_of(line.text)) & PLACES else 0.0
        weight -= 1.0 * any(len(word.strip(".")) == 1 for word in read.text.split()[:1])
        found.append(HeadName(read.text, read.nickname, line.number, weight, _alias(line.text, read.text)))
    return sorted(found, key=lambda one: -one.weight)


def _name_in_line(line: Line) -> Name | None:
    """The name that a line of the head gives, and nothing but titles, degrees or contact facts beside it."""
    rich = line.rich
    text = rich.text
    lead = _CV_WORDS.match(text)
    while lead and lead.end():
        rich = rich[lead.end() :].strip()
        text = rich.text
        lead = _CV_WORDS.match(text)
    for cell in re.split(r"\t+|\s\|\s", text):
        start = text.find(cell)
        name = _whole_name(rich[start : start + len(cell)].strip())
        if name is not None:
            return name
    return None


def _alias(text: str, name: str) -> str:
    """A full name in brackets behind a name: the same in other letters."""
    found = re.search(r"[(（]\s*([^()（）]{2,40}?)\s*[)）]", text)
    return found[1] if found and is_name(found[1]) and normalise_name(found[1]) != normalise_name(name) else ""


def _whole_name(rich: Rich) -> Name | None:
    if not rich.text or len(rich.text) > 120:
        return None
    inverted = re.fullmatch(r"([^\W\d_][\w'’-]+),\s+([^\W\d_][\w'’. -]+)", rich.text)
    if inverted and not set(words_of(rich.text)) & (NEVER_NAMES | ORGANISATION_WORDS | PLACES | ROLE_WORDS):
        rich = Rich(f"{inverted[2]} {inverted[1]}", "0" * (len(inverted[1]) + len(inverted[2]) + 1))
    name = read_one(rich) or read_one(rich, is_alone=True)
    if name is None or not _AFTER_NAME.fullmatch(rich.text, name.end):
        return None
    listed = read_list(rich, 0)
    if listed is not None and len(listed.names) > 1 and not listed.is_inverted:
        return None  # a byline, not a head
    words = set(words_of(name.text))
    if (
        words & (ORGANISATION_WORDS | (ROLE_WORDS - {"dean", "reader", "head", "page"}))
        or words <= PLACES
        or heading_sense(name.text).kind
    ):
        return None
    return name


def _fits_address(name: str, local: str) -> bool:
    """Whether the part of an address before the @ is made of a name's parts."""
    parts = [part for part in normalise_name(name).split() if len(part) > 1]
    bare = re.sub(r"[^a-z]", "", local.lower())
    return any(len(part) >= 3 and part in bare for part in parts) or bool(
        parts and bare and bare == "".join(part[0] for part in parts)
    )


def owner_among_authors(entries: Iterable[ParsedEntry]) -> tuple[str, float, float] | None:
    """The name that most entries have in common: name, share of the entries, share of the runner-up.

    Emphasis breaks ties: a name that is bold among plain ones is the owner's.
    """
    counts: Counter[str] = Counter()
    bold: Counter[str] = Counter()
    spelling: dict[str, Counter[str]] = {}
    total = 0
    for entry in entries:
        total += 1
        plain_too = any(not name.is_bold for name in entry.authors.names)
        for key, name in {normalise_name(one.text): one for one in entry.authors.names}.items():
            counts[key] += 1
            bold[key] += name.is_bold and plain_too
            spelling.setdefault(key, Counter())[name.text] += 1
    if not counts:
        return None
    ranked = sorted(counts, key=lambda key: (-(counts[key] + 0.5 * bold[key]), key))
    best = ranked[0]
    second = next((counts[key] + 0.5 * bold[key] for key in ranked[1:] if not names_fit(key, best)), 0.0)
    commonest = max(sorted(spelling[best]), key=lambda text: spelling[best][text])
    return commonest, (counts[best] + 0.5 * bold[best]) / total, second / total


def choose_owner(heads: Sequence[HeadName], entries: Sequence[ParsedEntry]) -> OwnerGuess | None:
    """The owner: the name in the head that the bylines bear out, else the head's first, else the bylines' commonest."""
    entries = [entry for entry in entries if not entry.is_owner_implied]
    among = owner_among_authors(entries)
    counts = {one: sum(_is_on(one.name, entry) for entry in entries) for one in heads}
    best = max(heads, key=lambda one: (counts[one] > 0, one.weight), default=None)
    if best is not None:
        names = _spellings(best, entries)
        how = f"the head names them on line {best.line}"
        borne_out = (
            not entries or counts[best] * 2 >= len(entries) or (among is not None and among[1] < _SHARE_OF_ENTRIES)
        )
        if borne_out or counts[best]:
            name = in_ordinary_case(best.name)
            return OwnerGuess(name, tuple(one for one in names if one != name), how, best.line, borne_out)
        if among is not None and among[1] >= _SHARE_OF_ENTRIES and among[1] > among[2]:
            return OwnerGuess(
                in_ordinary_case(among[0]),
                (best.name,),
                "the head names somebody whom no byline names; this author is on most entries",
                None,
                is_sure=False,
            )
        name = in_ordinary_case(best.name)
        return OwnerGuess(name, tuple(one for one in names if one != name), how, best.line, is_sure=False)
    if among is not None and len(entries) >= 2 and among[1] >= _SHARE_OF_ENTRIES and among[1] > among[2]:
        share = round(100 * min(among[1], 1.0))
        return OwnerGuess(
            in_ordinary_case(among[0]),
            (),
            f"no head names the owner; this author is on {share} % of the entries",
            None,
            among[1] - among[2] >= 0.05,
        )
    return None


def _is_on(name: str, entry: ParsedEntry) -> bool:
    own = Known(owner=frozenset((normalise_name(name),)))
    return any(own.is_owner(one) for one in entry.names)


def _spellings(head: HeadName, entries: Sequence[ParsedEntry]) -> tuple[str, ...]:
    """Further spellings of the owner: as the head and the bylines write the name, and with the nickname."""
    own = normalise_name(head.name)
    known = Known(owner=frozenset((own,)))
    found: dict[str, None] = {}
    if head.name != in_ordinary_case(head.name):
        found[head.name] = None
    for entry in entries:
        for name in entry.names:
            if name != head.name and known.is_owner(name):
                found[name] = None
    if head.alias:
        found[head.alias] = None
    if head.nickname:
        family = in_ordinary_case(head.name).split()[-1]
        found[f"{head.nickname} {family}"] = None
    return tuple(found)


# --- addresses ------------------------------------------------------------------------------------------------------

_AT: Final = r"\s*(?:@|\(at\)|\[at\]|\{at\}|<at>|\s+at\s+|＠)\s*"
_DOT: Final = r"\s*(?:\.|\(dot\)|\[dot\]|\{dot\}|\s+dot\s+)\s*"
_ADDRESS: Final = re.compile(
    rf"(?P<local>[\w.+'-]+|(?<![\w.])[*•…]{{2,}}|\{{[\w.,+ '|-]+\}}"
    rf"|\[[\w.,+ '-]+\])(?:{_AT})(?P<domain>[A-Za-z0-9-]+(?:(?:\.|\s*(?:\(dot\)|\[dot\]|\{{dot\}})\s*"
    rf"|\sdot\s)[A-Za-z0-9-]+)+)",
)
_VERIFIED: Final = re.compile(
    r"(?:verified e?-?mail at|e-?mail verified at"
    r"|confirmed e?-?mail at)\s+(?P<domain>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)",
    re.IGNORECASE,
)


def addresses_in(text: str) -> list[str]:
    """E-mail addresses in a text, `name [at] uni [dot] edu` included, in small letters."""
    found = []
    for one in _ADDRESS.finditer(text):
        if re.search(r"\sat\s", one[0]) and not re.search(r"dot|e-?mail", text, re.IGNORECASE):
            continue
        domain = re.sub(r"\s*(?:\(dot\)|\[dot\]|\{dot\})\s*|\sdot\s", ".", one["domain"]).lower().strip(".-")
        if re.search(r"\.[a-z][a-z0-9-]+\Z", domain):
            found.append(f"{one['local'].lower()}@{domain}")
    return found


def domains_in(text: str) -> list[str]:
    """The domains of the e-mail addresses in a text.

    >>> domains_in("a.lee@cs.example.edu; alee [at] example [dot] org")
    ['cs.example.edu', 'example.org']
    """
    found = [address.rpartition("@")[2] for address in addresses_in(text)]
    found += [one["domain"].lower() for one in _VERIFIED.finditer(text)]
    return list(dict.fromkeys(found))


def without_addresses(text: str) -> str:
    """The text with each e-mail address cut down to its domain and telephone numbers taken out.

    >>> without_addresses("Host: Ann Lee (a.lee@example.org, +1 555 010 0199)")
    'Host: Ann Lee (@example.org, …)'
    """
    text = _ADDRESS.sub(lambda found: f"@{found['domain']}", text)
    return re.sub(r"(?:\+|\b00)\d[\d ()/.-]{6,}\d|\(\d{3}\)\s?\d{3}[ -]?\d{4}\b|\b\d{3}-\d{3}-\d{4}\b", "…", text)
