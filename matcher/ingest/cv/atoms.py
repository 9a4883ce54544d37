"""Stretches of text that may be a name or a part of one: words, and of which kind each of them is.

`van den Berg BC` is an atom of the kinds P P W B. What such atoms make of a list of names is worked out in `names`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from matcher.ingest.cv.rich import BOLD, ITALIC, Rich
from matcher.ingest.cv.vocabulary import NEVER_NAMES, PARTICLES, TITLES, fold, word_set

__all__ = ["Atom", "changes_style", "ends_well", "read_atom", "runs_on", "shorter"]

_LETTER: Final = "[^\\W\\d_\u00b2\u00b3\u00b9\u2070-\u209c\u00aa\u00ba]"
_MARK: Final = "\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0b80-\u0bff\u0c00-\u0c04"
_APOSTROPHE: Final = "'’‘ʼ`´ʹ′"
_WORD: Final = re.compile(
    rf"(?:[{_APOSTROPHE}](?=[a-z]\s))?(?:{_LETTER}[{_MARK}]*)+(?:(?:[{_APOSTROPHE}]|[-‐‑‒·・])(?:{_LETTER}[{_MARK}]*)+)*"
)
_INITIALS: Final = re.compile(
    r"(?:[^\W\d_a-zà-öø-ÿ]\.(?:\s?[-‐‑]\s?(?:(?=[^\W\d_a-z]\.)|[a-z]\.))?|[A-ZÀ-ÖØ-Þ][a-z]\.(?=[ ]?[-‐‑]"
    r"|[ ]?[A-Z]\.)[-‐‑]?)+(?![^\W\d_])"
)
_GLUED_INITIALS: Final = re.compile(r"(?:[^\W\d_a-z]\.)+(?=[^\W\d_][a-zà-ÿ])")
_DOTTED: Final = re.compile(r"(?:[^\W\d_a-z]\.)+[^\W\d_a-z](?=[ ,;]|$)")
_IDEOGRAPHS: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_IDEOGRAPHIC: Final = re.compile(rf"[{_IDEOGRAPHS}·・]+")
_SUFFIX: Final = re.compile(r"(?:,?\s*)(?P<suffix>Jr|Sr|III|II|IV)\b\.?(?=[\s,;.*†‡§\d&)]|$)")
_NICKNAME: Final = re.compile(
    r"\s*[(“\"‘'](?P<nickname>[^\W\d_][\w.'’-]*(?:\s[^\W\d_][\w.'’-]*)?)[)”\"’']\s*(?=[^\W\d_])"
)
_SIGNS: Final = "*†‡§¶#∗⋆★☆✝◦♯♭✉✦❖⊕⊗∥‖⁎⁑⁂♣♠♦♥◇◆△▲▽▼□■○●^⁺⁎˚°ª"
_FIGURES: Final = "\\d⁰¹²³⁴⁵⁶⁷⁸⁹"
_SECOND_HALF: Final = re.compile(
    rf"(?<=[{_IDEOGRAPHS}]) (?P<given>[{_IDEOGRAPHS}]{{1,3}})(?= ?(?:副?教授|先生|博士|准教授|さん|교수)?(?:$"
    rf"|[\s,，、;()（）.*·&]))(?! [{_IDEOGRAPHS}]{{2,3}}(?:$|[ ,，、]))"
)
"""A given name set apart from the family name before it by a blank."""

_HONORIFIC: Final = re.compile(
    r"(?<=[^\W\d_]{2})(?:副?教授|老师|老師|博士|先生|院士|研究员|研究員|准教授|さん|교수님?|박사)\Z"
)
_MARKERS: Final = re.compile(
    rf"""
    (?: \s?\$\^?\{{?[^$]{{0,12}}\}}?\$                     # $^{{1,*}}$
      | \s?[{_SIGNS}]+[{_FIGURES}]*(?:,[{_FIGURES}{_SIGNS}]+)*(?:\{{[^}}]*\}})?
      | [{_FIGURES}]+(?:,[{_FIGURES}{_SIGNS}]+)*
      | [ ]0\d{{3}}(?=\s*(?:[,:;]|and\b|$))                    # the number of a namesake, as listings have it
      | ,(?=[{_SIGNS}⁰¹²³⁴-⁹])[{_SIGNS}⁰¹²³⁴-⁹]+
      | \s?\((?:[*†‡§¶\#]|\d{{1,2}})(?:,(?:[*†‡§¶\#]|\d{{1,2}}))*\)
      | \s?\([^()]{{0,24}}\b(?:equal|co-?first|joint|corresponding|senior|presenter|presenting|speaker|student|first
            |author|me|myself|advisor|lead|undergraduate|intern|ph\.?d\.?|m\.?sc?\.?)\b[^()]{{0,24}}\)
      | \s?\[(?:[*†‡]|\d{{1,2}})(?:,(?:[*†‡]|\d{{1,2}}))*\]
      | ,?[ ](?:ph\.?\s?d|m\.?d|m\.?sc|m\.?eng|d\.?phil|esq|frs|mph|rn|dvm)\b\.?(?=\s*(?:[,;()]|\band\b|$|[.]\s))
    )+
    """,
    re.VERBOSE | re.IGNORECASE,
)
_AND_IN_CAPITALS: Final = frozenset(("AND", "UND"))
_CAPITALS_AHEAD: Final = re.compile(rf"\s+(?:[A-Z]{{2,3}}\s+)?(?!(?:AND|UND)\b){_LETTER}{{4,}}(?<=[A-ZÀ-Þ])")
_GENERATIONS: Final = frozenset(("Jr", "Sr", "II", "III", "IV"))
_TITLES_WITHOUT_STOP: Final = word_set("prof professor dr mr mrs ms sir dame frau herr doctor mx")
_LONGEST_INITIALS: Final = 3
"""Capitals in a row that may be initials: `AVD`."""

_INVERTED_AHEAD: Final = re.compile(rf"\s+{_LETTER}+,\s*{_LETTER}+[.,;]")

_JOINT: Final = re.compile(
    rf"(?P<zu>von und zu[mr]?)\b(?=\s)|(y)(?=\s+{_LETTER}+(?<=[a-zà-ÿ])\s*(?:[,;.()*†‡&\t\n]|and\b|y\b|$))"
)
"""What joins two parts of one family name: `Lauenstein von und zu Berg`, `Ortega y Gasset`."""

_MAX_WORDS: Final = 7
_REMEMBERED: Final = 16384
"""Atoms and words that are remembered: the ways to read an entry have most of them in common."""

_MOST_MARKS: Final = 3
_TELLING: Final = 6
"""Names at the begin of a list that tell how it is written."""


@dataclass(slots=True)
class Atom:
    """A stretch that may be a name or a part of one: words, and of which kind each is.

    kinds: W word with a capital, I initials with dots, B bare capitals that may be initials, P particle, C ideographs.
    """

    words: list[str]
    kinds: str
    start: int
    end: int
    ends: list[int] = field(default_factory=list)
    marks: str = ""
    suffix: str = ""
    nickname: str = ""
    is_bold: bool = False

    @property
    def full_words(self) -> int:
        """How many of the words are whole ones."""
        return sum(kind in "WC" for kind in self.kinds)

    @property
    def is_initials(self) -> bool:
        """Whether there are only initials."""
        return bool(self.kinds) and all(kind in "IB" for kind in self.kinds)

    @property
    def is_full(self) -> bool:
        """Given and family name: two words, or initials and a word, or a name in ideographs."""
        if set(self.kinds) == {"C"}:
            return 2 <= len("".join(self.words)) <= 7
        if self.kinds[-1] == "P":  # `Ludwig van`, of `Beethoven, Ludwig van`
            return False
        return bool(self.full_words) and len(self.kinds.replace("P", "")) >= 2

    @property
    def is_bare_vancouver(self) -> bool:
        """`van den Berg BC`: words, then capitals without dots."""
        return (
            len(self.kinds) >= 2
            and self.kinds[-1] == "B"
            and "W" in self.kinds[:-1]
            and not set(self.kinds[:-1]) & set("IB")
        )

    @property
    def is_all_capitals(self) -> bool:
        """Whether every letter is a capital."""
        return all(
            char.isupper()
            for word, kind in zip(self.words, self.kinds, strict=True)
            if kind in "WB"
            for char in word
            if char.isalpha()
        )

    @property
    def ends_in_initials(self) -> bool:
        """`Berg B. C.`: words, then initials with dots."""
        return (
            len(self.kinds) >= 2
            and self.kinds[-1] == "I"
            and self.kinds[0] in "WP"
            and set(self.kinds.rstrip("I")) <= set("WP")
        )

    @property
    def is_family(self) -> bool:
        """Words only, as a family name before a comma is."""
        return self.full_words >= 1 and "I" not in self.kinds and "B" not in self.kinds

    def text(self) -> str:
        """The words with blanks between, and the generation behind them."""
        name = " ".join(self.words)
        return f"{name} {self.suffix}" if self.suffix else name


def _is_upper(word: str) -> bool:
    return word[:1].isupper() or (word[:1].isalpha() and word[:1].lower() == word[:1].upper())


@lru_cache(maxsize=_REMEMBERED)
def _kind(word: str) -> str:
    """The kind of one word; empty when no name has it."""
    if _IDEOGRAPHIC.fullmatch(word):
        return "C"
    lowered = word.lower().strip(_APOSTROPHE)
    if any(char.isdecimal() or char == "_" for char in word):
        return ""
    if word == "Ó" or word[0] in _APOSTROPHE or (not _is_upper(word) and (fold(lowered) in PARTICLES)):
        return "P"
    if not _is_upper(word):
        # al-Sharqawi, d'Angelo, bin-Laden: a small word joined to a capital one
        head, _, tail = re.sub(rf"[{_APOSTROPHE}-]", " ", word, count=1).partition(" ")
        return "W" if tail and _is_upper(tail) and (fold(head) in PARTICLES or len(head) <= 2) else ""
    letters = [char for char in word if char.isalpha()]
    are_initials = len(letters) <= _LONGEST_INITIALS and all(char.isupper() for char in letters)
    return "B" if are_initials and not set(word) & set("-’'") else "W"


class _Gathering:
    """The words of one atom, taken from left to right."""

    def __init__(self, rich: Rich, start: int, *, titles: bool) -> None:
        self.rich = rich
        self.text = rich.text
        self.position = start
        self.titles = titles
        self.words: list[str] = []
        self.kinds = ""
        self.ends: list[int] = []
        self.begin = start
        self.nickname = ""

    def read(self) -> Atom | None:
        while len(self.words) < _MAX_WORDS and self._step():
            pass
        if not self.words or set(self.kinds) == {"P"}:
            return None
        if self.kinds[-1] == "P" and not _AFTER_PARTICLE.match(self.text, self.ends[-1]):
            return None
        if len(self.words) >= 2 and set(self.kinds) == {"B"} and all(len(word) >= 2 for word in self.words):
            self.kinds = "W" * len(self.words)  # BO LI
        atom = Atom(self.words, self.kinds, self.begin, self.ends[-1], self.ends, nickname=self.nickname)
        return _finished(self.rich, atom)

    def _step(self) -> bool:
        """Take what stands next, a word mostly; false where the atom ends."""
        here = _skip_blank(self.text, self.position, inside=bool(self.words))
        if here is None or here >= len(self.text):
            return False
        if self.words and changes_style(self.rich, self.ends[-1], here):
            return False
        if self._passes_over(here):
            return True
        initials = (
            _INITIALS.match(self.text, here) or _GLUED_INITIALS.match(self.text, here) or _DOTTED.match(self.text, here)
        )
        if initials:
            self._add(re.sub(r"\s+", "", initials[0]), "I", here, initials.end())
            return True
        return self._takes_word(here)

    def _passes_over(self, here: int) -> bool:
        """Whether a title before the name, or a nickname inside it, was passed over."""
        if not self.words:
            title = _title_at(self.text, here) if self.titles else None
            self.position = title or self.position
            return title is not None
        called = None if self.nickname else _NICKNAME.match(self.text, self.ends[-1])
        if called is None or fold(called["nickname"].split()[0]) in NEVER_NAMES:
            return False
        self.nickname = called["nickname"]
        self.position = called.end()
        return True

    def _takes_word(self, here: int) -> bool:
        """Take a word; false where the atom ends before or behind it."""
        joint = _JOINT.match(self.text, here) if self.words else None
        if joint and (joint["zu"] or self._is_whole(joint.end())):
            self._add(joint[0], "P", here, joint.end())
            return True
        found = _WORD.match(self.text, here)
        if found is None or found[0] in _AND_IN_CAPITALS or (self.words and found[0] == "In"):
            return False
        word, kind = found[0], _kind(found[0])
        is_role = self.titles and len(self.words) >= 2 and fold(word) in NEVER_NAMES  # in prose a name ends there
        if not kind or is_role or (self.words and word.rstrip(".") in _GENERATIONS):
            return False
        if kind == "B" and fold(word) in PARTICLES and _CAPITALS_AHEAD.match(self.text, found.end()):
            kind = "P"  # VAN DEN BERGH
        if kind == "P" and self.words and not _name_goes_on(self.text, found.end()):
            if _AFTER_PARTICLE.match(self.text, found.end()):  # `Beethoven, Ludwig van`
                self._add(word, kind, here, found.end())
            return False
        if kind == "C":
            return self._takes_ideographs(word, here, found.end())
        self._add(word, kind, here, found.end())
        return True

    def _is_whole(self, end: int) -> bool:
        """Whether what is taken so far is a given and a family name, so that `y` and one more word belong to it."""
        is_whole = len(self.kinds) >= 2 and self.kinds[-1] == "W" and "B" not in self.kinds
        return is_whole and (self.kinds[0] == "I" or _INVERTED_AHEAD.match(self.text, end) is None)

    def _takes_ideographs(self, word: str, here: int, end: int) -> bool:
        """Take a name in ideographs, a title behind it left out; true where its second half follows."""
        honorific = _HONORIFIC.search(word)
        self._add(word[: honorific.start()] if honorific else word, "C", here, end)
        return honorific is None and len(self.kinds) == 1 and _SECOND_HALF.match(self.text, end) is not None

    def _add(self, word: str, kind: str, here: int, end: int) -> None:
        if not self.words:
            self.begin = here
        self.words.append(word)
        self.kinds += kind
        self.ends.append(end)
        self.position = end


def read_atom(rich: Rich, start: int, *, titles: bool = False) -> Atom | None:
    """The longest run of words from a place that can stand in one name.

    Args:
        rich: the text; a line feed in it ends a name.
        start: where the first word may stand.
        titles: whether "Prof." and the like may stand before it.
    """
    return _atom_at(rich, start, titles)


@lru_cache(maxsize=_REMEMBERED)
def _atom_at(rich: Rich, start: int, titles: bool) -> Atom | None:
    """The same, worked out once for each place of a text: atoms are never changed afterwards."""
    return _Gathering(rich, start, titles=titles).read()


def _finished(rich: Rich, atom: Atom) -> Atom:
    """The atom with what stands behind its words."""
    _take_suffix_and_marks(rich, atom)
    atom.is_bold = rich[atom.start : atom.end].strip(f"{_SIGNS} ,0123456789").is_all(BOLD)
    return atom


def shorter(rich: Rich, atom: Atom) -> Atom | None:
    """The same atom up to its last initial, whose full stop may have ended the list: `Lee A. Deep networks`."""
    for size in range(len(atom.words), 0, -1):
        if atom.kinds[size - 1] == "I" and atom.words[size - 1].endswith("."):
            words, kinds, ends = atom.words[:size], atom.kinds[:size], atom.ends[:size]
            cut = _finished(rich, Atom(words, kinds, atom.start, ends[-1], ends, nickname=atom.nickname))
            if cut.is_full or cut.is_initials:
                return cut
    return None


_INITIALS_AHEAD: Final = re.compile(
    r"\n\s*(?:[A-Z]{1,3}(?=[\d*,;.†‡§#]|\s*[,;])|(?:[A-Z]\.[ -]?)+(?=\s*(?:[,;(&]|and\b)))"
)


def _skip_blank(text: str, position: int, inside: bool) -> int | None:
    """The place after blanks; inside a name a hard line break ends it, unless initials follow."""
    while position < len(text) and text[position].isspace():
        if inside and (
            text[position] == "\t" or (text[position] == "\n" and not _INITIALS_AHEAD.match(text, position))
        ):
            return None
        position += 1
    return position


def changes_style(rich: Rich, end: int, here: int) -> bool:
    """Whether emphasis begins or ends between two words: a name has one style."""
    one, other = int(rich.style[end - 1]), int(rich.style[here])
    return (one ^ other) & (BOLD | ITALIC) != 0 and not (rich.text[end - 1] == "." and (one ^ other) & ITALIC == 0)


_AFTER_PARTICLE: Final = re.compile(r"\s*(?:[;,&]|and\b|\.?\s*$)")
_TITLE: Final = re.compile(r"([^\W\d_]+(?:-[^\W\d_]+)?)(\.)?(?:-?\s*)")


def _title_at(text: str, position: int) -> int | None:
    """The place after an academic or courtesy title that stands here."""
    found = _TITLE.match(text, position)
    if found is None or fold(found[1]) not in TITLES:
        return None
    has_stop = bool(found[2])
    return found.end() if has_stop or fold(found[1]) in _TITLES_WITHOUT_STOP else None


def _name_goes_on(text: str, position: int) -> bool:
    """Whether a capitalised word, or another particle, follows a particle."""
    found = _WORD.match(text, _skip_blank(text, position, inside=True) or position)
    if found is None:
        return False
    kind = _kind(found[0])
    return kind in ("W", "B", "C") or (kind == "P" and _name_goes_on(text, found.end()))


def _take_suffix_and_marks(rich: Rich, atom: Atom) -> None:
    """What stands behind the words of a name and still belongs to it."""
    text = rich.text
    for _ in range(_MOST_MARKS):
        suffix = _SUFFIX.match(text, atom.end) if not atom.suffix else None
        if suffix and (atom.full_words or atom.is_initials):
            atom.suffix = suffix["suffix"] + ("." if suffix["suffix"] in ("Jr", "Sr") else "")
            atom.end = suffix.end()
            continue
        marks = _MARKERS.match(text, atom.end)
        if marks and marks[0]:
            atom.marks += marks[0].strip()
            atom.end = marks.end()
            continue
        break


_ENDS: Final = re.compile(
    r"\s*(?:$|&|[.:;,，、()\[\]{}“”\"„«»‹›—–|•·/<>\n\t]|[-]\s|['’‘`]{1,2}\w|(?:and|AND|und|et|y|In)\b)"
)


_PROSE_ENDS: Final = re.compile(
    r"\s*(?:at|from|of|on|for|in|during|who|is|was|as|since|until|through|via|an der|am|bei|à|en|chez|presso|em|na"
    r"|副?教授|准教授|先生|博士|老师|교수)\b"
)


def ends_well(rich: Rich, atom: Atom, *, prose: bool = False) -> bool:
    """Whether what follows an atom may follow a name: a separator, a sign, the end, or another style."""
    if atom.end >= len(rich.text):
        return True
    following = _WORD.match(rich.text, atom.end + 1) if prose else None
    if prose and (_PROSE_ENDS.match(rich.text, atom.end) or (following and fold(following[0]) in NEVER_NAMES)):
        return True
    if _ENDS.match(rich.text, atom.end):
        return True
    here = atom.end
    while here < len(rich.text) and rich.text[here] == " ":
        here += 1
    if here >= len(rich.text):
        return True
    if changes_style(rich, atom.end, here) and here > atom.end:
        return True
    return bool(re.match(r"(?:19|20)\d\d\b", rich.text[here:]))


def runs_on(atom: Atom, before: Sequence[Atom]) -> bool:
    """Whether an atom runs on past the end of its list: `Lee A, Cho B. Sleep`, `Lee, A., Cho, B. Sleep`."""
    if not before:
        return False
    is_vancouver = (
        (
            any(one.is_bare_vancouver for one in before[:_TELLING])
            or all(one.ends_in_initials for one in before[:_TELLING])
        )
        and "I" in atom.kinds
        and atom.kinds[-1] == "W"
        and atom.kinds[0] in "WP"
    )
    is_inverted = (
        atom.kinds[0] == "I"
        and atom.kinds[-1] == "W"
        and before[-1].is_family
        and any(one.is_initials for one in before[:_TELLING])
    )
    return is_vancouver or is_inverted
