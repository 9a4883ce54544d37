"""Names of people as CVs print them, and lists of such names.

A list of authors is read from the left, atom by atom (the stretches between commas), and never by a search for words
that look like names. Five ways of writing are known; which of them a list uses is decided by its atoms:

==============  ==================================  ===================================
given first     `Ann Lee, B. C. Cho and Duy Le`     also `A Lee`, `KA Cho`
initials last   `Lee, A., & van den Berg, B. C.`    APA
bare initials   `Lee A, van den Berg BC`            Vancouver
pairs           `Lee, Ann and Cho, Bo`; with `;`    BibTeX
first inverted  `Lee, Ann, Bo Cho, and Duy Le`      MLA, Chicago
==============  ==================================  ===================================

Inverted names are turned round; markers (`*`, `†`, figures) and titles are taken off and kept as marks. Spelling,
capitals and accents stay as printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from matcher.identity import is_given_name, names_fit
from matcher.identity import normalise_name as _normalise_name
from matcher.ingest.cv.atoms import Atom, ends_well, read_atom, runs_on, shorter
from matcher.ingest.cv.rich import Rich, plain
from matcher.ingest.cv.vocabulary import (
    COMMON_WORDS,
    FAMILY_WORDS,
    NEVER_FAMILIES,
    NEVER_NAMES,
    PARTICLES,
    PLACES,
    WHOLE_FAMILY_WORDS,
    fold,
    word_set,
)

__all__ = [
    "AuthorList",
    "Known",
    "Name",
    "cut_glued_letters",
    "in_ordinary_case",
    "is_name",
    "is_weak_name",
    "normalise_name",
    "read_list",
    "read_lists",
    "read_one",
]

normalise_name = lru_cache(maxsize=16384)(_normalise_name)

_SEPARATOR: Final = re.compile(
    r"\s*(?:(?P<and>[,;]?\s*(?:&|\b(?:and|AND|und|UND|et|y|e|en|och|og|i|＆)\b)\s*(?=[^\W\d_]|$|[“\"(]))"
    r"|(?P<semi>[;；|•]|\s[·/]\s|\u00b7)"
    r"|(?P<comma>[,，、]))\s*"
)
_ET_AL: Final = re.compile(
    r"\s*,?\s*(?:(?:and|und|et|&|,)\s+)?(?:et\.?\s*al\b\.?|and\s+(?:\d+\s+)?(?:more|others?"
    r"|co-?authors)\b(?:\s+authors)?|others\b|u\.\s?a\.|"
    r"\[?\+?\s?\d+\s+(?:more|others|additional|authors)[^\],;.]*\]?|\.\.\.|…|等)",
    re.IGNORECASE,
)
_AFTER_GAP: Final = re.compile(r"\s*,?\s*(?:&|and|und|et)\s+(?=[^\W\d_a-z])")
_BEFORE_GROUP: Final = re.compile(r"\s*[;,]\s*")
_GROUP_WORDS: Final = word_set(
    "collaboration team consortium group project network initiative investigators contributors authors"
    " working community committee"
)
_CAPITAL_FAMILY: Final = re.compile(r"\b[^\W\d_a-z][a-zà-ÿ]+\s+[A-ZÀ-Þ]{4,}(?=\s*(?:[,;.&(]|(?:et|and|und|y)\b))")
_LOOKAHEAD: Final = 400
"""Characters in which a list shows that it writes family names in capitals."""

_MAX_LETTERS_CUT: Final = 2
_FEWEST_LETTERS_ALONE: Final = 3
_FEWEST_CAPITALS: Final = 4


@dataclass(frozen=True, slots=True)
class Name:
    """A name read from a text.

    Args:
        text: the name, given names first, without marks, titles and nickname.
        start: where it begins.
        end: where it ends, marks included.
        marks: what was taken off it.
        nickname: a name in brackets or quotes inside it.
        is_bold: whether its letters are all bold.
    """

    text: str
    start: int
    end: int
    marks: str = ""
    nickname: str = ""
    is_bold: bool = False


@dataclass(frozen=True, slots=True)
class AuthorList:
    """A list of names read from a text.

    Args:
        names: in their order.
        start: where the list begins.
        end: where it ends.
        is_truncated: whether it says that more people follow (`et al.`).
        has_and: whether its last name follows an "and".
        is_inverted: whether its names were written family name first.
        groups: authors that are no persons, as written.
        writing: how its names are written: `straight`, `inverted`, `first` (only the first is inverted), `pairs`.
    """

    names: tuple[Name, ...]
    start: int
    end: int
    is_truncated: bool = False
    has_and: bool = False
    is_inverted: bool = False
    groups: tuple[str, ...] = ()
    writing: str = "straight"


@dataclass(frozen=True)
class Known:
    """What a document has already told about names.

    Args:
        owner: names of the owner, normalised.
        names: full names that were read without doubt, normalised.
        words: words that the document also writes in small letters: they name no one.
        memo: what was worked out with this knowledge, by text.
        lists: the lists of names that were read with it, by text and place.
    """

    owner: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    lists: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    _fits: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def is_owner(self, name: str) -> bool:
        """Whether a name is the owner's, in full or with initials."""
        found = self._fits.get(name)
        if found is None:
            normal = normalise_name(name)
            found = self._fits[name] = bool(normal) and any(
                normal == own or names_fit(normal, own) or _initials_fit(normal, own) for own in sorted(self.owner)
            )
        return found

    def is_known(self, name: str) -> bool:
        """Whether a name was read elsewhere without doubt, or is the owner's."""
        return normalise_name(name) in self.names or self.is_owner(name)


def _initials_fit(short: str, full: str) -> bool:
    """Whether one name is the other with its given names as glued initials: `sa thornquist`, `solveig a thornquist`."""
    first, second = sorted((short.split(), full.split()), key=lambda words: len("".join(words)))
    if len(first) < 2 or len(second) < 2:
        return False
    initials = "".join(word[0] for word in second)
    for size in range(1, len(second)):
        family, given = second[len(second) - size :], initials[: len(second) - size]
        if first[-size:] == family and "".join(first[:-size]) and given.startswith("".join(first[:-size])):
            return True
    return False


def is_weak_name(name: str, known: Known) -> bool:
    """Whether a name is less likely one: a single word, or with a word that titles hold or the text writes small."""
    if known.is_known(name):
        return False
    words = [word for word in re.split(r"[\s]+", name) if len(word.strip(".")) > 1 and fold(word) not in PARTICLES]
    return len(name.split()) == 1 or any(fold(word) in COMMON_WORDS or word.lower() in known.words for word in words)


def _is_plausible(atom: Atom, known: Known | None) -> bool:
    """Whether the words may be a person's: none of the words of organisations, not only words of titles."""
    full = [word for word, kind in zip(atom.words, atom.kinds, strict=True) if kind == "W"]
    family = _family_word(full, with_initials="I" in atom.kinds)
    if any(fold(word.strip(".")) in NEVER_NAMES for word in full if word != family):
        return known is not None and known.is_known(atom.text())
    if not full or family:
        return True
    if known is not None and known.is_known(atom.text()):
        return True
    if "I" in atom.kinds:
        return not all(fold(word) in COMMON_WORDS for word in full)
    return not all(
        fold(part) in COMMON_WORDS or (known is not None and part.lower() in known.words)
        for word in full
        for part in re.split(r"[-‐‑]", word)
    )


def _may_be_word_name(atom: Atom, known: Known | None) -> bool:
    """Whether an atom is a given name and behind it any word but those of organisations and references."""
    full = [fold(word.strip(".")) for word, kind in zip(atom.words, atom.kinds, strict=True) if kind == "W"]
    if len(full) < 2 or atom.kinds[-1] != "W" or full[-1] in NEVER_FAMILIES:
        return False
    words = frozenset() if known is None else known.words
    return not any(word in NEVER_NAMES or word in COMMON_WORDS or word in PLACES or word in words for word in full[:-1])


def _has_common_given_name(atom: Atom) -> bool:
    return is_given_name(fold(atom.words[0]))


def _family_word(full: Sequence[str], *, with_initials: bool) -> str:
    """The ordinary word that is a family name here: `M. Long`, `Erin Grant`; empty where there is none."""
    if with_initials and len(full) == 1 and fold(full[0].strip(".")) in FAMILY_WORDS:
        return full[0]
    if len(full) < 2 or with_initials:  # a given and a family name
        return ""
    last = fold(full[-1].strip("."))
    others = [fold(word.strip(".")) for word in full[:-1]]
    is_name = last in WHOLE_FAMILY_WORDS and not any(word in NEVER_NAMES or word in COMMON_WORDS for word in others)
    return full[-1] if is_name else ""


# --- a list ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Joint:
    """What separates an atom from the one before it."""

    is_and: bool = False
    is_semicolon: bool = False
    has_comma: bool = False


def read_list(
    rich: Rich, start: int, *, known: Known | None = None, titles: bool = False, lenient: bool = False
) -> AuthorList | None:
    """Read a list of names that begins at a place.

    Args:
        rich: the text; a line feed in it ends a name.
        start: where the list begins.
        known: what the document has told about names.
        titles: whether "Prof." and the like may stand before names, and prose behind them.
        lenient: whether a single word may be a name of its own at the ends too.

    Returns:
        The list, or `None` where no name begins.
    """
    return next(iter(_lists(rich, start, known, titles=titles, lenient=lenient)), None)


def read_lists(rich: Rich, start: int, *, known: Known | None = None) -> list[AuthorList]:
    """The ways to read a list of names that begins at a place, the likeliest first: parameters as for `read_list`."""
    return _lists(rich, start, known, titles=False, lenient=False, all_ways=True)


def _lists(
    rich: Rich, start: int, known: Known | None, *, titles: bool, lenient: bool, all_ways: bool = False
) -> list[AuthorList]:
    reader = _ListReader(rich, start, known, titles=titles)
    reader.read()
    atoms, groups = reader.atoms, tuple(reader.groups)
    if not atoms:
        return [AuthorList((), start, reader.end, reader.is_truncated, groups=groups)] if groups else []
    has_and = any(joint.is_and for joint in reader.joints[1:])
    ways = [_assembled(atoms, reader.joints, known, lenient=lenient)]
    if all_ways and _may_be_first_inverted(atoms, reader.joints):
        ways.append(_in_sequence(atoms, reader.joints, known, lenient=lenient, first=True))
        ways.append(_in_sequence(atoms, reader.joints, known, lenient=lenient, first=False))
    if all_ways and any(atom.is_bare_vancouver or atom.ends_in_initials for atom in atoms):
        is_turned = ways[0][1] != "turned"
        ways.append(_in_sequence(atoms, reader.joints, known, lenient=lenient, first=False, turned=is_turned))
    found: list[AuthorList] = []
    for names, writing in ways:
        if not names or any(one.names == tuple(names) for one in found):
            continue
        is_inverted = writing in ("inverted", "pairs")
        if names[-1].end < atoms[-1].end:  # not all atoms became names: the list ends earlier
            one = AuthorList(
                tuple(names), start, names[-1].end, has_and=has_and, is_inverted=is_inverted, writing=writing
            )
        else:
            one = AuthorList(
                tuple(names), start, reader.end, reader.is_truncated, has_and, is_inverted, groups, writing
            )
        found.append(one)
    return found


def _may_be_first_inverted(atoms: Sequence[Atom], joints: Sequence[_Joint]) -> bool:
    """Whether the list may begin with `Family, Given` although it may begin with two names too."""
    return (
        len(atoms) >= 2
        and atoms[0].is_family
        and not atoms[0].is_bare_vancouver
        and "C" not in atoms[0].kinds
        and joints[1].has_comma
        and not joints[1].is_and
        and not joints[1].is_semicolon
        and atoms[1].full_words >= 1
    )


class _ListReader:
    """The atoms of a list, what separates them, and how the list ends."""

    def __init__(self, rich: Rich, start: int, known: Known | None, *, titles: bool) -> None:
        self.rich = rich
        self.text = rich.text
        self.start = self.position = start
        self.known = known
        self.titles = titles
        self.atoms: list[Atom] = []
        self.joints: list[_Joint] = []
        self.groups: list[str] = []
        self.is_truncated = False
        self._joint = _Joint()
        self.has_capitals = _CAPITAL_FAMILY.search(rich.text, start, start + _LOOKAHEAD) is not None
        self._is_closing = False  # an "and" was met in a list with commas: one name is left

    @property
    def end(self) -> int:
        """Behind the last name, and behind what says that more follow."""
        end = self.atoms[-1].end if self.atoms else self.start
        return max(end, self.position) if self.is_truncated or self.groups else end

    def read(self) -> None:
        while self._takes_member() and self._goes_on():
            pass

    def _takes_member(self) -> bool:
        """Take a name, or a group that signs as one; false where neither stands."""
        if self.atoms and self._takes_et_al():
            return False
        if self._is_closing and not self._joint.is_and and not self._joint.is_semicolon and not self._pair_goes_on():
            return False
        group = _group_at(self.text, self.position)
        if group and (self.atoms or self.groups):
            self.groups.append(group[0])
            self.position = group[1]
            return True
        atom = _next_atom(
            self.rich, self.position, self.atoms, self.known, titles=self.titles, capitals=self.has_capitals
        )
        if atom is None or not (_is_plausible(atom, self.known) or atom.is_initials or self._is_by_place(atom)):
            return False
        self.atoms.append(atom)
        self.joints.append(self._joint)
        self.position = atom.end
        self._is_closing = self._is_closing or self._joint.is_and
        return True

    def _is_by_place(self, atom: Atom) -> bool:
        """Whether a word of labels is somebody's family name by where it stands: `Ann Lee, Ada Press, Bo Street`.

        It stands behind a given name that is no such word, among the authors of a work: behind another of them, or
        first, when the given name is a common one or the owner comes next. In prose it may be a label.
        """
        if self.titles or _LABELLED.match(self.text, atom.end):  # `Bo Cho` and in the next line `Comments: …`
            return False
        found = _SEPARATOR.match(self.text, atom.end)
        after = None
        if found is not None:
            after = _next_atom(self.rich, found.end(), [*self.atoms, atom], self.known, titles=False)
        if len(atom.kinds) == 1:  # `Street, A.`
            is_word = atom.kinds == "W" and fold(atom.words[0]) not in NEVER_FAMILIES
            return is_word and after is not None and after.is_initials
        if not _may_be_word_name(atom, self.known):
            return False
        return any(_is_person(before) for before in self.atoms) or self._begins_list(atom, after)

    def _begins_list(self, atom: Atom, after: Atom | None) -> bool:
        """Whether an atom is the first author because of who comes next."""
        if after is None or not after.is_full:
            return False
        if self.known is not None and self.known.is_owner(after.text()):
            return True
        is_person = _is_plausible(after, self.known) or _may_be_word_name(after, self.known)
        return is_person and _has_common_given_name(atom)

    def _goes_on(self) -> bool:
        """Whether a separator follows, and after it something."""
        if self._takes_et_al():
            return self._resumes()
        found = _SEPARATOR.match(self.text, self.position)
        if found is None or found.end() >= len(self.text):
            return False
        has_comma = found["comma"] is not None or found[0].strip()[:1] in (",", ";")
        self._joint = _Joint(found["and"] is not None, found["semi"] is not None, has_comma)
        self.position = found.end()
        return True

    def _takes_et_al(self) -> bool:
        more = _ET_AL.match(self.text, self.position)
        if more is None:
            return False
        self.is_truncated = True
        self.position = more.end()
        return True

    def _resumes(self) -> bool:
        """Whether a last name, or a group, follows what stands for names left out, as in `…, & Lee, A.`."""
        last = _AFTER_GAP.match(self.text, self.position) if self.text[self.position - 1] in ".…" else None
        if last is not None and self.text[self.position - 2 : self.position] != "l.":
            self._joint = _Joint(is_and=True, has_comma=True)
            self.position = last.end()
            return True
        behind = _BEFORE_GROUP.match(self.text, self.position)
        group = _group_at(self.text, behind.end()) if behind else None
        if group:
            self.groups.append(group[0])
            self.position = group[1]
        return False

    def _pair_goes_on(self) -> bool:
        """Whether after an "and" the list goes on: `& Lee, A.`, `and Lee, Ann and …`."""
        last = self.atoms[-1]
        atom = _next_atom(self.rich, self.position, self.atoms, None, titles=False)
        if atom is None:
            return False
        if atom.is_initials or last.is_initials:  # with initials the pair after the "and" is complete
            return atom.is_initials and last.is_family
        if not self.joints[-1].is_and or not last.is_family:
            return False
        return (
            _pairs_so_far(self.atoms[:-1], self.joints[:-1])
            or _are_all_pairs([*self.atoms, atom], [*self.joints, _Joint(has_comma=True)])
            or _and_follows(self.rich, atom)
        )


def _next_atom(
    rich: Rich,
    position: int,
    before: Sequence[Atom],
    known: Known | None,
    *,
    titles: bool,
    capitals: bool = False,
) -> Atom | None:
    """The atom at a place, cut at its last initial where its list ends there.

    Args:
        rich: the text.
        position: where the atom begins.
        before: the atoms of the list so far.
        known: what the document has told about names.
        titles: whether "Prof." and the like may stand before it.
        capitals: whether the list writes family names in capitals: `Li NA` then ends in one, not in initials.
    """
    atom = read_atom(rich, position, titles=titles)
    if atom is None:
        return None
    if capitals and atom.kinds[-1] == "B" and "W" in atom.kinds[:-1] and len(atom.words[-1]) > 1:
        atom = replace(atom, kinds=f"{atom.kinds[:-1]}W")
    if not ends_well(rich, atom, prose=titles) or runs_on(atom, before):
        return shorter(rich, atom)
    if not before and known is not None and known.owner and "I" in atom.kinds[1:-1] and atom.kinds[-1] == "W":
        cut = shorter(rich, atom)  # `Lee H. Night and day`: the owner, and then a title
        if (
            cut is not None
            and known.is_owner(_straight(cut, family_first=True).text)
            and not known.is_known(atom.text())
        ):
            return cut
    return atom


_LABELLED: Final = re.compile(r"\s*[:：]")


def _is_person(atom: Atom) -> bool:
    """Whether an atom is a given and a family name in full, or with initials."""
    return atom.is_full or "I" in atom.kinds


def _pairs_so_far(atoms: list[Atom], joints: list[_Joint]) -> bool:
    """Whether every "and" so far stood before a pair `Family, Given`."""
    if len(atoms) < 2:
        return False
    groups = _grouped(atoms, joints, lambda joint: joint.is_and)
    return all(len(group) == 2 for group in groups) or (
        sum(joint.is_and for joint in joints) >= 1
        and any(len(g) == 2 for g in groups)
        and all(len(g) <= 2 for g in groups)
    )


def _and_follows(rich: Rich, atom: Atom) -> bool:
    found = _SEPARATOR.match(rich.text, atom.end)
    return (
        found is not None
        and found["and"] is not None
        and atom.full_words + atom.kinds.count("I") <= 2
        and not atom.is_full
    )


_GROUP: Final = re.compile(
    r"\(?(?P<lead>(?:the\s+|on behalf of\s+(?:the\s+)?"
    r"|for\s+the\s+)?)(?P<name>(?:[A-Z][\w&/-]*[ ]+){1,5}(?P<last>[A-Z][a-z]+))(?![\w-])\)?",
    re.IGNORECASE,
)


_IN_VENUE: Final = re.compile(r"\b(?:In|Journal|Proceedings|Conference|Transactions|Letters|Workshop|Symposium)\b")


def _group_at(text: str, position: int) -> tuple[str, int] | None:
    """A group that signs as an author: `the ATLAS Collaboration`."""
    found = _GROUP.match(text, position)
    if found is None:
        return None
    for word in re.finditer(r"\S+", found["name"]):
        if fold(word[0]) in _GROUP_WORDS and word.start() and word[0][0].isupper() and found["name"][0].isupper():
            if _IN_VENUE.search(found["name"][: word.end()]):
                return None
            end = found.start("name") + word.end()
            return found["name"][: word.end()], end + (1 if text[end : end + 1] == ")" else 0)
    return None


def _grouped(atoms: Sequence[Atom], joints: Sequence[_Joint], parts: Callable[[_Joint], bool]) -> list[list[Atom]]:
    groups: list[list[Atom]] = []
    for atom, joint in zip(atoms, joints, strict=True):
        if not groups or parts(joint):
            groups.append([])
        groups[-1].append(atom)
    return groups


def _assembled(
    atoms: list[Atom], joints: list[_Joint], known: Known | None, *, lenient: bool
) -> tuple[list[Name], str]:
    """Names out of atoms, by the way of writing that they show, and that way."""
    if any(joint.is_semicolon for joint in joints):
        return _from_pieces(_grouped(atoms, joints, lambda joint: joint.is_semicolon or joint.is_and), known)
    if _is_bibtex(atoms, joints, known):
        return _from_pieces(_grouped(atoms, joints, lambda joint: joint.is_and), known)
    return _in_sequence(atoms, joints, known, lenient=lenient)


def _is_bibtex(atoms: Sequence[Atom], joints: Sequence[_Joint], known: Known | None) -> bool:
    """Whether only "and" separates the names, and a comma stands inside at least one of them."""
    pieces = _grouped(atoms, joints, lambda joint: joint.is_and)
    if len(pieces) < 2 or any(len(piece) > 2 for piece in pieces) or all(len(piece) == 1 for piece in pieces):
        return False
    pairs = [piece for piece in pieces if len(piece) == 2]
    if any(pair[0].is_full and pair[1].is_full for pair in pairs):
        return False
    if len(pieces) == 2 and len(pairs) == 1:  # `Lee, Ann and Bo Cho`: first inverted, or `Lee, A. and Cho, B.`
        return pairs[0] is pieces[0] and _is_inverted_pair(pairs[0][0], pairs[0][1], known)
    return all(_is_inverted_pair(one, other, known) for one, other in pairs)


def _is_inverted_pair(one: Atom, other: Atom, known: Known | None) -> bool:
    """Whether `one, other` is `Family, Given` and not two names."""
    if not one.is_family or one.is_bare_vancouver:
        return False
    if other.is_initials:
        return True
    if other.is_full and known is not None and known.is_known(other.text()):
        return False
    if one.is_full and known is not None and known.is_known(one.text()):
        return False
    return one.full_words <= 3 and (not one.is_full or not other.is_full)


def _turned(family: Atom, given: Atom) -> Name:
    """`Family, Given` as `Given Family`."""
    suffix = given.suffix or family.suffix
    name = " ".join((*given.words, *family.words))
    return Name(
        f"{name} {suffix}" if suffix else name,
        family.start,
        given.end,
        family.marks + given.marks,
        family.nickname or given.nickname,
        family.is_bold and (given.is_bold or given.is_initials),
    )


def _straight(atom: Atom, *, family_first: bool = False) -> Name:
    """A name as it stands; in a list that puts family names first, initials behind it are turned to the front."""
    if family_first and (atom.is_bare_vancouver or atom.ends_in_initials):
        size = len(atom.kinds.rstrip("IB"))
        text = " ".join((*atom.words[size:], *atom.words[:size]))
        return Name(
            f"{text} {atom.suffix}" if atom.suffix else text,
            atom.start,
            atom.end,
            atom.marks,
            atom.nickname,
            atom.is_bold,
        )
    return Name(atom.text(), atom.start, atom.end, atom.marks, atom.nickname, atom.is_bold)


def _from_pieces(pieces: list[list[Atom]], known: Known | None) -> tuple[list[Name], str]:
    names: list[Name] = []
    inverted = False
    family_first = _puts_family_first([piece[0] for piece in pieces if len(piece) == 1], known)
    for piece in pieces:
        if len(piece) == 2 and (
            piece[1].is_initials
            or (len(pieces) >= 2 and _is_one_letter_family(piece))
            or (piece[0].is_family and not (piece[0].is_full and piece[1].is_full and _both_known(piece, known)))
        ):
            names.append(_turned(piece[0], piece[1]))
            inverted = True
        elif piece[0].is_full or piece[0].full_words:
            names += [_straight(atom, family_first=family_first) for atom in piece if atom.is_full or len(piece) == 1]
        else:
            break
    return names, "pairs" if inverted else "straight"


def _is_one_letter_family(piece: Sequence[Atom]) -> bool:
    """`E, Kai`, between semicolons."""
    return piece[0].kinds == "B" and len(piece[0].words[0]) == 1 and piece[1].kinds == "W"


def _both_known(piece: Sequence[Atom], known: Known | None) -> bool:
    return known is not None and all(known.is_known(atom.text()) for atom in piece)


def _in_sequence(
    atoms: list[Atom],
    joints: list[_Joint],
    known: Known | None,
    *,
    lenient: bool,
    first: bool | None = None,
    turned: bool | None = None,
) -> tuple[list[Name], str]:
    """Names of a list with commas: each atom is a name, or a family name whose given name follows.

    Args:
        atoms: in order.
        joints: what stands before each.
        known: what the document has told about names.
        lenient: whether a single word may be a name of its own at the ends too.
        first: whether the list begins with `Family, Given`; `None` where its atoms decide.
        turned: whether initials behind words are given names; `None` where its atoms decide.
    """
    names: list[Name] = []
    inverted = 0
    family_first = turned
    if turned is None:
        family_first = _puts_family_first(atoms, known) or any(
            one.is_family and other.is_initials for one, other in pairwise(atoms)
        )
    all_pairs = first is None and _are_all_pairs(atoms, joints)
    is_first = False
    position = 0
    while position < len(atoms):
        atom = atoms[position]
        follower = atoms[position + 1] if position + 1 < len(atoms) else None
        joined = follower is not None and not joints[position + 1].is_and and joints[position + 1].has_comma
        if follower is not None and joined and (all_pairs or (atom.is_family and follower.is_initials)):
            names.append(_turned(atom, follower))
            inverted += 1
            position += 2
        elif (
            position == 0
            and follower is not None
            and joined
            and (first is True or (first is None and _is_first_inverted(atom, follower, atoms, known)))
        ):
            names.append(_turned(atom, follower))
            is_first = True
            position += 2
        elif atom.is_full:
            names.append(_straight(atom, family_first=bool(family_first)))
            position += 1
        elif atom.full_words and _may_stand_alone(atom, position, atoms, joints, known, lenient=lenient):
            names.append(_straight(atom))
            position += 1
        else:
            break
    if is_first:
        return names, "first"
    if inverted:
        return names, "inverted"
    is_turned = family_first and any(atom.is_bare_vancouver or atom.ends_in_initials for atom in atoms)
    return names, "turned" if is_turned else "straight"


def _puts_family_first(atoms: Sequence[Atom], known: Known | None) -> bool:
    """Whether initials behind words are given names: `Lee A, Cho BC`, `Lee A., Cho B.C.`; a lone `Prashanth K.` not."""
    full = [atom for atom in atoms if atom.is_full]
    bare = [atom for atom in full if atom.is_bare_vancouver]
    clear = [atom for atom in bare if not atom.is_all_capitals]
    dotted = [atom for atom in full if atom.ends_in_initials]
    if clear:
        return len(clear) * 2 >= len(full) or len(clear) + len(bare) >= len(full)
    if len(dotted) >= 2 and len(dotted) * 2 >= len(full):
        return True
    for atom in (*bare, *dotted):
        turned = _straight(atom, family_first=True).text
        if known is not None and known.is_owner(turned) != known.is_owner(atom.text()):
            return known.is_owner(turned)
    return bool(bare) and all(len(atom.words[-1]) == 1 or not set(atom.words[-1]) & set("AEIOUY") for atom in bare)


def _are_all_pairs(atoms: Sequence[Atom], joints: Sequence[_Joint]) -> bool:
    """`Lee, Ann, Cho, Bo, and Le, Duy`: single words throughout, given names in every second place."""
    if len(atoms) < 4 or len(atoms) % 2:
        return False
    families, givens = atoms[::2], atoms[1::2]
    return (
        all(atom.is_family and atom.full_words == 1 for atom in families)
        and all(atom.full_words == 1 or atom.is_initials for atom in givens)
        and not any(joint.is_and for joint in joints[1::2])
    )


def _is_first_inverted(atom: Atom, follower: Atom, atoms: Sequence[Atom], known: Known | None) -> bool:
    """`Lee, Ann, Bo Cho`, `Sanz Orellana, Julia, Bo Cho`: family names, then given names, then names in usual order."""
    if not atom.is_family or atom.full_words > 3 or atom.is_bare_vancouver or "C" in atom.kinds:
        return False
    if known is not None:
        if known.is_known(f"{follower.text()} {atom.text()}"):
            return True
        if (follower.is_full and known.is_known(follower.text())) or (atom.is_full and known.is_known(atom.text())):
            return False
    rest = atoms[2:]
    if follower.full_words > 1:
        return False
    return rest[0].is_full if rest else not atom.is_full


def _may_stand_alone(
    atom: Atom, position: int, atoms: Sequence[Atom], joints: Sequence[_Joint], known: Known | None, *, lenient: bool
) -> bool:
    """Whether a single word is a person: only inside a list of others, or as its last after an "and"."""
    word = fold(atom.words[-1])
    if word in COMMON_WORDS or len(word) < _FEWEST_LETTERS_ALONE or len(atom.kinds.replace("P", "")) != 1:
        return False
    if lenient or (known is not None and known.is_owner(atom.text())):
        return True
    inside = 0 < position < len(atoms) - 1 and atoms[position + 1].is_full and atoms[position - 1].is_full
    last = position == len(atoms) - 1 and position > 0 and joints[position].is_and
    first = (
        position == 0 and len(atoms) > 1 and atoms[1].is_full and known is not None and known.is_known(atoms[1].text())
    )
    return inside or last or first


def read_one(text: Rich | str, *, known: Known | None = None, is_alone: bool = False) -> Name | None:
    """The name that a text begins with, titles before it left out; `None` when none does.

    Args:
        text: the text.
        known: what the document has told about names.
        is_alone: whether it stands where a name is expected and nothing else: `Ada Press` is one then, since Ada is.
    """
    rich = text if isinstance(text, Rich) else plain(text)
    atom = read_atom(rich, 0, titles=not is_alone)
    if atom is None or not atom.is_full:
        return None
    by_given = is_alone and _may_be_word_name(atom, known) and _has_common_given_name(atom)
    if not by_given and not _is_plausible(atom, known):
        return None
    return _straight(atom)


def is_name(text: str, *, known: Known | None = None) -> bool:
    """Whether a text is a full name and nothing else.

    >>> is_name("Anna M. van den Bergh"), is_name("Deep Learning"), is_name("Bergh University")
    (True, False, False)
    """
    name = read_one(text.strip(), known=known)
    return name is not None and not text.strip()[name.end :].strip(" .*")


# --- spelling -------------------------------------------------------------------------------------------------------


def in_ordinary_case(name: str) -> str:
    """A name in capitals with capitals only where names have them.

    >>> in_ordinary_case("ANNA M. VAN DEN BERGH"), in_ordinary_case("MARY-ANN O'NEIL"), in_ordinary_case("Bo Lee")
    ('Anna M. van den Bergh', "Mary-Ann O'Neil", 'Bo Lee')
    """
    letters = [char for char in name if char.isalpha()]
    if len(letters) < _FEWEST_CAPITALS or not all(char.isupper() or char.lower() == char.upper() for char in letters):
        return name
    words = []
    for position, word in enumerate(name.split(" ")):
        if position and fold(word) in PARTICLES and len(word) > 1:
            words.append(word.lower())
        elif word.rstrip(".") in ("II", "III", "IV"):
            words.append(word)
        else:
            words.append(re.sub(r"[^\W\d_]+", lambda found: found[0][0] + found[0][1:].lower(), word))
    return " ".join(words)


def cut_glued_letters(name: str, others: Iterable[str]) -> str | None:
    """The name without affiliation letters glued to its end, if that name is known elsewhere; else `None`.

    >>> cut_glued_letters("Boris Wua", {"boris wu"}), cut_glued_letters("Rui Ba", {"ann lee"})
    ('Boris Wu', None)
    """
    known = others if isinstance(others, set | frozenset) else frozenset(others)
    if normalise_name(name) in known:
        return None
    for cut in range(1, _MAX_LETTERS_CUT + 1):
        tail, head = name[-cut:], name[:-cut]
        if not re.fullmatch(r"[a-h]+", tail) or not head or not head[-1].isalpha():
            return None
        if normalise_name(head) in known:
            return head
    return None
