"""People as they are written into one cell of a sheet: a whole byline, or one person.

There is no one way to write a list of authors. Those that are understood::

    A. Author, B. Author and C. Author          Author, Ann; Bloggs, Joe
    Ann Author (Uni A); Joe Bloggs (Uni B)      Author, Ann and Bloggs, Joe
    Ann Author <ann@example.org>; …             Ann Author, Uni A; Joe Bloggs, Uni B
    one author on each line                     李明、王芳

Where a comma can mean two things, the whole list decides: `Author, Ann; Bloggs, Joe` has no entry that would be two
people, so its commas stand between family and given name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from matcher.ingest.fields import EMAIL, FieldError, one_line
from matcher.records import AuthorMention

__all__ = ["Byline", "addresses_in", "entries_of", "looks_like_organisation", "read_byline", "read_person"]

# --- cutting --------------------------------------------------------------------------------------------------------

_FULL_WIDTH: Final = str.maketrans("；，、（）［］＜＞＠：　", ";,,()[]<>@: ")
_BETWEEN_ENTRIES: Final = re.compile(r"[;\n]")
_COMMA: Final = re.compile(r",")
_AND: Final = re.compile(r"\s*,?\s+(?:and|und|et)\s+|\s*,?\s*&\s*", re.IGNORECASE)
_OPENING: Final = "(<["
_CLOSING: Final = ")>]"


def entries_of(text: str) -> list[str]:
    r"""The entries of a cell that holds a list: separated by `;` or line breaks, but not inside brackets.

    >>> entries_of("Ann Author (Uni A; Uni B)\nJoe Bloggs; ")
    ['Ann Author (Uni A; Uni B)', 'Joe Bloggs']
    """
    return _cut(text, _BETWEEN_ENTRIES)


def _cut(text: str, separator: re.Pattern[str]) -> list[str]:
    """The parts between separators that stand outside brackets; empty parts are left out."""
    masked = _without_brackets(text)
    parts, start = [], 0
    for found in separator.finditer(masked):
        parts.append(text[start : found.start()])
        start = found.end()
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def _without_brackets(text: str) -> str:
    """The text with everything in brackets blotted out, at equal length; as it is where brackets do not match."""
    depth = 0
    letters = []
    for letter in text:
        depth += letter in _OPENING
        letters.append("\0" if depth else letter)
        depth -= letter in _CLOSING
        if depth < 0:
            return text
    return text if depth else "".join(letters)


# --- addresses ------------------------------------------------------------------------------------------------------

_ADDRESS: Final = re.compile(r"[^\s@<>()\[\]{};,|\"':/]+@[^\s@<>()\[\]{};,|\"':/]*")
_CUT_FROM_ADDRESSES: Final = ".*†‡"


def addresses_in(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The e-mail addresses of a cell in small letters, each once, and what looks like one but is none.

    >>> addresses_in("Ann <Ann@Uni.example>, joe@uni.example*; nobody@")
    (('ann@uni.example', 'joe@uni.example'), ('nobody@',))
    """
    good: dict[str, None] = {}
    bad: dict[str, None] = {}
    for found in _ADDRESS.findall(text.translate(_FULL_WIDTH)):
        address = found.strip(_CUT_FROM_ADDRESSES)
        try:
            good[EMAIL.from_cell(address)] = None
        except FieldError:
            bad[found] = None
    return tuple(good), tuple(bad)


# --- what a part of a list is ---------------------------------------------------------------------------------------

_IDEOGRAPH: Final = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_SMALL_WORDS: Final = """
    af av bin bint da das de del dela della den der di do dos du el ibn la las le los ten ter van von y zu zum zur
"""
_PARTICLES: Final = frozenset(_SMALL_WORDS.split())
"""Words before a family name; only in small letters, since Di, Le and La are names too."""

_GENERATIONS: Final = frozenset(("jr", "sr", "ii", "iii", "iv"))
_DEGREES: Final = frozenset(("phd", "dphil", "md", "msc", "bsc", "mba", "esq"))
_NEVER_A_NAME: Final = frozenset(("phd", "dphil"))
_HONORIFICS: Final = frozenset(("dr", "dr-ing", "prof", "professor", "mr", "mrs", "ms", "mx", "miss"))
_REMARKS: Final = frozenset(
    (
        "corresponding",
        "corresponding author",
        "contact",
        "contact author",
        "presenter",
        "presenting author",
        "speaker",
        "student",
        "he/him",
        "she/her",
        "they/them",
    )
)
"""What stands in brackets behind a name and is no organisation."""

_ORGANISATION: Final = re.compile(
    r"\b(?:uni|universi\w+|univ|institut\w*|istituto|college|school|laborator\w*|labs?|research|cent(?:er|re|ro)|hospital"
    r"|academ\w+|akademie|\w*hochschule|departe?ment\w*|dept|facult\w+|fakult\w+|inc|ltd|llc|gmbh|corp|corporation"
    r"|company|foundation|polytech\w+|politecnico|[ée]cole|fraunhofer|technolog\w+|cnrs|epfl|eth|inria)\b"
    r"|大学|大學|学院|學院|研究所|研究院|研究室|公司|대학교|연구소",
    re.IGNORECASE,
)
_COMPANIES: Final = """
    adobe alibaba amazon apple baidu berkeley bosch bytedance caltech deepmind ericsson google harvard huawei intel meta
    microsoft naver netflix nokia nvidia openai oxford princeton salesforce samsung siemens sony stanford tencent yandex
"""
_ONE_WORD_ORGANISATIONS: Final = frozenset(_COMPANIES.split())
"""Single words that would pass for a given name behind a comma. Capitals alone (MIT, IBM) need no list."""

_CAPITALS: Final = re.compile(r"[^\W\d_]{3,}")


def looks_like_organisation(text: str) -> bool:
    """Whether the words are those of an organisation rather than of a person.

    >>> [looks_like_organisation(text) for text in ("Uni Research Lab", "Google", "Ann Author")]
    [True, True, False]
    """
    return bool(_ORGANISATION.search(text)) or text.strip().casefold() in _ONE_WORD_ORGANISATIONS


def _is_organisation_behind(name: str, part: str) -> bool:
    """Whether a part behind a comma is an organisation; capitals are one unless the name is in capitals too."""
    if looks_like_organisation(part):
        return True
    is_in_capitals = _CAPITALS.fullmatch(part) is not None and part.isupper()
    return is_in_capitals and not name.isupper() and _is_whole(name)


def _is_initial(word: str) -> bool:
    """`J`, `J.`, `J.-P.`, `JR`: at most three capitals."""
    letters = [letter for letter in word if letter.isalpha()]
    return 0 < len(letters) <= 3 and all(letter.isupper() for letter in letters) and (len(letters) == 1 or "." in word)


def _is_whole(name: str) -> bool:
    """Whether a part can be somebody's whole name: two words that count, not initials alone."""
    if _IDEOGRAPH.search(name):
        return len(name.replace(" ", "")) > 1
    words = [word for word in name.split() if word not in _PARTICLES and not _is_generation(word)]
    return len(words) > 1 and not all(_is_initial(word) for word in words)


def _is_generation(word: str) -> bool:
    """Whether a word is Jr., Sr., II, …; JR without a full stop are initials."""
    return word not in ("JR", "SR") and word.strip(".").casefold() in _GENERATIONS


def _is_title(part: str, name: str) -> bool:
    """Whether a part behind a name is a degree or an honorific; MD can be initials behind a family name."""
    word = part.replace(".", "").replace(" ", "").casefold()
    return word in _HONORIFICS or (word in _DEGREES and _is_whole(name))


# --- one part -------------------------------------------------------------------------------------------------------

_BRACKETED: Final = re.compile(r"<([^<>]*)>|\(((?:[^()]|\([^()]*\))*)\)|\[([^\[\]]*)\]")
_MARKS_BEFORE: Final = re.compile(r"\A(?:[\s*†‡§¶✉#^·•\-–]+|\d{1,3}(?:[.)]\s|\Z))+")
_MARKS_BEHIND: Final = re.compile(r"(?:[\s*†‡§¶✉#^¹²³⁰⁴-⁹,]+|(?<=[^\W\d_.])\d{1,2}|(?<=\s)\d{1,2})\Z")


@dataclass(frozen=True, slots=True)
class _Part:
    """What stands between two commas: a name, or something that belongs to the name before it."""

    name: str
    email: str | None = None
    affiliation: str | None = None
    marks: str = ""

    def with_more(self, other: _Part) -> _Part:
        """This person with what the next part adds; what is known already stays."""
        return replace(
            self,
            email=self.email or other.email,
            affiliation=self.affiliation or other.affiliation,
            marks=self.marks + other.marks,
        )

    def mention(self) -> AuthorMention:
        return AuthorMention(name=self.name, email=self.email, affiliation=self.affiliation, marks=self.marks)


def _read_part(text: str) -> _Part:
    """Take addresses, brackets and marks off a part; what is left is its name."""
    email = affiliation = None
    marks = ""
    for found in _BRACKETED.finditer(text):
        inner = one_line(next(group for group in found.groups() if group is not None))
        good, _ = addresses_in(inner)
        if good:
            email = email or good[0]
        elif re.fullmatch(r"[\d,\s*†‡]*", inner) or inner.casefold() in _REMARKS:
            marks += f"({inner})" if inner else ""
        else:
            affiliation = f"{affiliation}, {inner}" if affiliation else inner
    rest = _BRACKETED.sub(" ", text)
    good, _ = addresses_in(rest)
    email = email or next(iter(good), None)
    name = one_line(_ADDRESS.sub(" ", rest)).strip("\"'")
    before = _MARKS_BEFORE.match(name)
    if before:
        marks += re.sub(r"[^*†‡§¶✉#^]", "", before[0])  # the rest is a bullet or a number of the list
        name = name[before.end() :]
    behind = ""
    while found_behind := _MARKS_BEHIND.search(name):
        behind = found_behind[0].strip() + behind
        name = name[: found_behind.start()]
    return _Part(_without_titles(name), email, affiliation, marks + behind.strip(","))


def _without_titles(name: str) -> str:
    """The name without honorifics before it and degrees behind it."""
    words = name.split()
    while len(words) > 1 and words[0].strip(".,").casefold() in _HONORIFICS:
        del words[0]
    while len(words) > 1 and words[-1].replace(".", "").casefold() in _NEVER_A_NAME:
        del words[-1]
    return " ".join(words)


def _turned(family: _Part, given: _Part) -> _Part:
    """Family and given name in the order in which they are printed."""
    is_joined = bool(_IDEOGRAPH.search(family.name) and _IDEOGRAPH.search(given.name))
    name = f"{family.name}{given.name}" if is_joined else f"{given.name} {family.name}"
    return replace(family.with_more(given), name=_without_titles(name))


def _folded(parts: Sequence[_Part], *, only_organisations: bool = False) -> list[_Part]:
    """Join parts that are no name of their own (an address, marks, Jr., PhD, an organisation) to the name before.

    Args:
        parts: what stands between commas.
        only_organisations: whether whatever stands behind a whole name is an organisation.
    """
    people: list[_Part] = []
    for part in parts:
        before = people[-1] if people else None
        if before is None:
            people.append(part)
        elif not part.name or _is_title(part.name, before.name):
            people[-1] = before.with_more(part)
        elif _is_generation(part.name):
            people[-1] = replace(before.with_more(part), name=f"{before.name} {part.name}")
        elif (only_organisations and _is_whole(before.name)) or _is_organisation_behind(before.name, part.name):
            known = f"{before.affiliation}, " if before.affiliation else ""
            people[-1] = replace(before.with_more(part), affiliation=f"{known}{part.name}")
        else:
            people.append(part)
    return people


# --- lists ----------------------------------------------------------------------------------------------------------

_AND_OTHERS: Final = re.compile(r",?\s*(?:\band others|\bet\.? al\b\.?|\bu\. ?a\.|等)\s*\Z", re.IGNORECASE)
_LEADING_AND: Final = re.compile(r"\A(?:and|und|et|&)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Byline:
    """A byline as read.

    Args:
        authors: in the order in which they stand.
        doubts: what a chair should look at, in words; conflicts of authors who are not named cannot be found.
    """

    authors: tuple[AuthorMention, ...]
    doubts: tuple[str, ...] = ()


def read_byline(text: str) -> Byline:
    """Read the authors of a cell.

    Args:
        text: one of the forms that this module names; a line feed ends a line.

    Returns:
        The authors, names in the order given name, family name, without titles and marks.

    >>> [author.name for author in read_byline("Author, Ann; van der Berg, Jo").authors]
    ['Ann Author', 'Jo van der Berg']
    >>> [author.name for author in read_byline("A. Author, B. Author, and C. Author").authors]
    ['A. Author', 'B. Author', 'C. Author']
    """
    doubts = []
    plain = text.translate(_FULL_WIDTH)
    cut_off = _AND_OTHERS.search(plain)
    if cut_off:
        plain = plain[: cut_off.start()]
        doubts.append("the list of authors is cut off ('et al.'): conflicts of those left out cannot be found")
    entries = [_LEADING_AND.sub("", entry).strip(" ,") for entry in entries_of(plain)]
    entries = [entry for entry in entries if entry]
    if len(entries) == 1:
        parts = _comma_list(entries[0])
    else:
        commas = _Commas.of(entries)
        parts = [part for entry in entries for part in _entry(entry, commas)]
    named = [part for part in parts if _has_letters(part.name)]
    if len(named) < len(parts):
        lost = next(part.email or part.affiliation or part.marks for part in parts if part not in named)
        doubts.append(f"'{lost}' stands beside no author's name and is not used")
    return Byline(tuple(part.mention() for part in named), tuple(doubts))


def _has_letters(name: str) -> bool:
    return any(letter.isalpha() for letter in name)


def read_person(text: str) -> AuthorMention | None:
    """Read a cell that holds one person; `None` where it holds nobody, or several.

    >>> read_person("Prof. Dr. Ann Author").name, read_person("Author, Ann (Uni A)").affiliation
    ('Ann Author', 'Uni A')
    >>> read_person("Ann Author and Joe Bloggs") is None
    True
    """
    entries = entries_of(text.translate(_FULL_WIDTH))
    if len(entries) != 1 or len(_segments(entries[0])) > 1:
        return None
    people = [part for part in _entry(entries[0], _ONE_PERSON) if _has_letters(part.name)]
    return people[0].mention() if len(people) == 1 else None


def _segments(text: str) -> list[str]:
    """The parts between 'and's; "University of Science and Technology" is not cut."""
    segments: list[str] = []
    for segment in _cut(text, _AND):
        if segments and looks_like_organisation(_cut(segment, _COMMA)[0]):
            segments[-1] += f" and {segment}"
        else:
            segments.append(segment)
    return segments


def _parts(text: str) -> list[_Part]:
    return [_read_part(part) for part in _cut(text, _COMMA)]


@dataclass(frozen=True, slots=True)
class _Commas:
    """What the commas inside the entries of a list mean, as far as one of the entries shows it.

    Args:
        turn_names: one of them can only stand between family and given name.
        bring_organisations: one of them can only stand before an organisation.
    """

    turn_names: bool
    bring_organisations: bool

    @classmethod
    def of(cls, entries: Sequence[str]) -> Self:
        lists = [_parts(entry) for entry in entries if len(_segments(entry)) == 1]
        folded = [(parts, _folded(parts)) for parts in lists if len(parts) > 1]
        return cls(
            turn_names=any(len(people) == 2 and not all(_is_whole(one.name) for one in people) for _, people in folded),
            bring_organisations=any(
                _is_whole(parts[0].name) and not parts[0].affiliation and people[0].affiliation
                for parts, people in folded
            ),
        )


_ONE_PERSON: Final = _Commas(turn_names=True, bring_organisations=False)


def _entry(entry: str, commas: _Commas) -> list[_Part]:
    """One entry of a list whose entries are separated by more than commas: one person, seldom several."""
    if len(_segments(entry)) > 1:
        return _comma_list(entry)
    people = _folded(_parts(entry), only_organisations=commas.bring_organisations)
    if len(people) == 2 and (commas.turn_names or not all(_is_whole(one.name) for one in people)):
        return [_turned(*people)]
    return _comma_segment(people)


def _comma_list(text: str) -> list[_Part]:
    """A list with commas and 'and': each 'and' stands between two people, a comma need not."""
    return [person for segment in _segments(text) for person in _comma_segment(_folded(_parts(segment)))]


def _comma_segment(people: list[_Part]) -> list[_Part]:
    """People between commas: whole names, or family and given names in turn."""
    pairs = list(zip(people[::2], people[1::2], strict=False))
    is_paired = len(people) % 2 == 0 and all(
        not (_is_whole(family.name) and _is_whole(given.name)) for family, given in pairs
    )
    return [_turned(family, given) for family, given in pairs] if is_paired else people
