"""Names and addresses: one spelling for each, and whether two may be one person's.

Everything here looks at two texts only. What else is known of two people is weighed in `matcher.identity.model`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = [
    "GENERATIONS",
    "PARTICLES",
    "Spelling",
    "are_told_apart",
    "is_full_name",
    "is_whole",
    "key_of",
    "names_agree",
    "names_fit",
    "namespace",
    "normalise_email",
    "normalise_name",
]

_APOSTROPHES: Final = dict.fromkeys(map(ord, "'`´‘’‚‛ʹʻʼʽʾʿˈ′＇"))
_ACCENTS: Final = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]")
_STROKES: Final = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ɖ": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ı": "i",
        "ȷ": "j",
        "ħ": "h",
        "ŋ": "n",
        "ŧ": "t",
        "ƀ": "b",
        "ɨ": "i",
        "ə": "e",
    }
)
"""Letters that Unicode does not take apart into a base letter and a mark."""

GENERATIONS: Final = frozenset(("jr", "sr", "ii", "iii", "iv"))
_IDEOGRAPHS: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
_IDEOGRAPHIC: Final = re.compile(f"[{_IDEOGRAPHS}]")
_IDEOGRAPHIC_NAME: Final = re.compile(f"[{_IDEOGRAPHS} ]+")


def normalise_name(name: str) -> str:
    """One spelling for a name: no accents, case, hyphens, dots or apostrophes; given names before the family name.

    "Family, Given" is turned round. The order is kept otherwise, and so are digits that number namesakes.

    >>> normalise_name("Mocanu, Decebal-Constantin"), normalise_name("Łukasz O’Brien"), normalise_name("Lars Strauß")
    ('decebal constantin mocanu', 'lukasz obrien', 'lars strauss')
    """
    text = unicodedata.normalize("NFKD", name.translate(_APOSTROPHES)).casefold()
    text = _ACCENTS.sub("", text).translate(_STROKES)
    text = unicodedata.normalize("NFC", text)
    plain = " ".join(_letters(_given_first(text)).split())
    return plain.replace(" ", "") if _IDEOGRAPHIC_NAME.fullmatch(plain) else plain


def _letters(text: str) -> str:
    """Only letters, marks and digits; a blank for what separates, nothing for what cannot be seen."""
    if text.isascii():
        return re.sub(r"[^a-z0-9]", " ", text)
    kept = []
    for letter in text:
        category = unicodedata.category(letter)
        if category[0] in "LMN":
            kept.append(letter)
        elif category != "Cf":  # soft hyphens, joiners and direction marks vanish
            kept.append(" ")
    return "".join(kept)


def _given_first(text: str) -> str:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    generations = [part for part in parts if part.strip(".") in GENERATIONS]
    rest = [part for part in parts if part.strip(".") not in GENERATIONS]
    if len(rest) == 2:  # more commas than that are no name that we understand: the order stays
        rest.reverse()
    return " ".join((*rest, *generations))


def is_full_name(normalised: str) -> bool:
    """Whether a normalised name says enough to be compared: two parts longer than an initial.

    A name in Chinese, Japanese or Korean characters is full from two characters on.

    >>> is_full_name("decebal mocanu"), is_full_name("d mocanu"), is_full_name("mocanu"), is_full_name("李明")
    (True, False, False, True)
    """
    if _IDEOGRAPHIC_NAME.fullmatch(normalised):
        return len(normalised) >= 2
    return sum(is_whole(part) for part in normalised.split()) >= 2


def is_whole(part: str) -> bool:
    """Whether a part of a normalised name is more than an initial or a number."""
    return bool(_IDEOGRAPHIC.search(part)) or (len(part) > 1 and part[0].isalpha())


def names_fit(one: str, other: str) -> bool:
    """Whether two normalised names may be one person's, where something else already says that they are.

    They fit when they are equal but for blanks or order, or share the family name and the given name or its initial.
    This is far too weak to tell people apart on its own.

    >>> names_fit("michael w mahoney", "m mahoney"), names_fit("meng fang", "fang meng"), names_fit("li wu", "lu wu")
    (True, True, False)
    """
    first, second = one.split(), other.split()
    if not first or not second:
        return False
    if "".join(first) == "".join(second) or sorted(first) == sorted(second):
        return True
    if first[-1] != second[-1] or len(first) < 2 or len(second) < 2:
        return False
    short, long = sorted((first[0], second[0]), key=len)
    return short == long or (len(short) == 1 and long.startswith(short))


PARTICLES: Final = frozenset(
    [
        "af",
        "al",
        "av",
        "bin",
        "da",
        "das",
        "de",
        "dei",
        "del",
        "della",
        "den",
        "der",
        "di",
        "dos",
        "du",
        "el",
        "ibn",
        "la",
        "le",
        "ten",
        "ter",
        "van",
        "vom",
        "von",
        "zu",
        "zum",
        "zur",
    ]
)
"""Parts that belong to the family name behind them."""

_NICKNAME: Final = re.compile(
    r"\([^()]*\)|\[[^\[\]]*\]|（[^（）]*）|[\"“”][^\"“”]*[\"“”]|(?<!\w)['‘’][^\s'‘’]+['‘’](?!\w)"
)


@dataclass(frozen=True, slots=True)
class Spelling:
    """A name as it is compared with a reviewer's: without nickname, and what numbers namesakes set aside.

    Args:
        parts: in the order of the name; the family name is the last.
        suffix: "jr", "iii", "0002".
    """

    parts: tuple[str, ...]
    suffix: tuple[str, ...]

    @classmethod
    def of(cls, name: str) -> Spelling:
        """Take a name, as written, apart."""
        parts = normalise_name(_NICKNAME.sub(" ", name)).split()
        end = len(parts)
        while end and (parts[end - 1] in GENERATIONS or parts[end - 1].isdigit()):
            end -= 1
        return cls(tuple(parts[:end]), tuple(parts[end:]))

    @property
    def forms(self) -> Iterator[tuple[str, ...]]:
        """Every way to read it as given names and a family name, in that order."""
        parts = self.parts
        if len(parts) < 2:
            return
        yield parts
        start = len(parts) - 1
        while start > 1 and parts[start - 1] in PARTICLES:
            start -= 1
        if start < len(parts) - 1:  # "van der Berg" is also written "Vanderberg"
            yield (*parts[:start], "".join(parts[start:]))
        if is_whole(parts[0]) and all(len(part) == 1 for part in parts[1:]):  # "Berg P", the family name first
            yield (*parts[1:], parts[0])

    @property
    def swapped(self) -> tuple[str, ...] | None:
        """A full name of two parts the other way round."""
        if len(self.parts) == 2 and all(is_whole(part) for part in self.parts):
            return self.parts[::-1]
        return None

    @property
    def keys(self) -> Iterator[str]:
        """Names that agree share one of these, or one has the other's `swapped` key."""
        for form in self.forms:
            yield key_of(form)

    def agrees(self, other: Spelling) -> bool:
        """Whether both may be one person's; see `names_agree`."""
        if self.suffix and other.suffix and self.suffix != other.suffix:
            return False
        if self.swapped is not None and self.swapped == other.parts:
            return True
        return any(
            one[-1] == another[-1] and _given_names_agree(one[:-1], another[:-1])
            for one in self.forms
            for another in other.forms
        )


def key_of(form: tuple[str, ...]) -> str:
    """Family name and first letter of the given name."""
    return f"{form[-1]} {form[0][0]}"


def _given_names_agree(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if "".join(one) == "".join(other):
        return True
    short, long = sorted((one, other), key=len)
    if not _is_or_abbreviates(short[0], long[0]):
        return False
    left = list(long[1:])
    for part in short[1:]:
        while left and not _is_or_abbreviates(part, left[0]):
            if left.pop(0) in PARTICLES:
                return False
        if not left:
            return False
        left.pop(0)
    return PARTICLES.isdisjoint(left)  # a particle is part of the family name: it cannot be left out


def _is_or_abbreviates(one: str, other: str) -> bool:
    return one == other or (one[0] == other[0] and 1 in (len(one), len(other)))


def names_agree(one: str, other: str) -> bool:
    """Whether two names, as written, are alike enough to ask whether they are one person's.

    They agree when the family name is the same, with its particles, and the first given name is the same or one is the
    other's initial. Further given names may be missing on one side, or be initials that fit. A nickname in brackets
    does not count. Two parts that are exactly swapped agree too, and so does a family name before initials. Unlike
    `names_fit` this heeds every part of a name, since nothing else says that the two are one.

    >>> names_agree("P. van der Berg", "Peter van der Berg"), names_agree("Xia (Ben) Hu", "Xia Hu")
    (True, True)
    >>> names_agree("Jane Q. Doe", "Jane Mary Doe"), names_agree("P. Berg", "Peter van der Berg")
    (False, False)
    """
    return Spelling.of(one).agrees(Spelling.of(other))


def normalise_email(address: str) -> str:
    """One spelling for an address: lower case, without the tag after a plus sign.

    >>> normalise_email(" Jane.Doe+Reviews@Uni.Example ")
    'jane.doe@uni.example'
    """
    local, at, domain = address.strip().casefold().rpartition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}" if at else domain


def namespace(person_id: str) -> str | None:
    """Who gave an id, as far as its form tells: `~` for profile names, a prefix before a colon, a host.

    `None` for a plain id or an e-mail address: two of those may well be one person, recorded twice.

    >>> namespace("~Jane_Doe1"), namespace("openalex:A5"), namespace("https://orcid.org/0000"), namespace("jane-doe")
    ('~', 'openalex', 'orcid.org', None)
    """
    if person_id.startswith("~"):
        return "~"
    scheme, separator, rest = person_id.partition("://")
    if separator:
        return rest.partition("/")[0].casefold() or scheme
    prefix, colon, _ = person_id.partition(":")
    return prefix.casefold() if colon and prefix and "@" not in prefix else None


def are_told_apart(one: str, other: str) -> bool:
    """Whether different ids mean different people: only when the same source gave both."""
    source = namespace(one)
    return source is not None and source == namespace(other)
