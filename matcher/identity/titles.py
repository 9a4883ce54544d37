"""Which titles are two tellings of one paper's: a preprint's and the published one's, say.

A tiny difference may be a slip or a revision (a plural, an article, another spelling), or all the difference there is:
"Part II", "2020", "non-convex". So only the first kind is let through, and numbers of any kind must agree.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from matcher.identity.compare import edit_distance

__all__ = ["are_title_variants", "differ_in_subtitle", "title_blocks"]

_SUBTITLE: Final = re.compile(r":|\s[-–—]+\s|—")
_WORD: Final = re.compile(r"[^\W_]+")
_ROMAN: Final = re.compile(r"(?:x{0,3})(?:ix|iv|v?i{0,3})")
_IN_WORDS: Final = (
    "one two three four five six seven eight nine ten first second third fourth fifth sixth seventh eighth ninth tenth"
    " part volume vol chapter"
)
_NUMBERS: Final = frozenset(_IN_WORDS.split())
_SILENT: Final = frozenset(("a", "an", "the", "and", "towards", "toward"))
_LEAST_WORDS: Final = 4
_LEAST_LETTERS: Final = 6
_HEAD: Final = 3
"""Letters at the start in which two spellings of a word agree: "supervised" and "unsupervised" do not."""


def _words(title: str) -> list[str]:
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", title).casefold())
    plain = "".join(letter for letter in text if not unicodedata.combining(letter))
    return [word for word in _WORD.findall(plain) if word not in _SILENT or word == "a"]


def _is_number(word: str) -> bool:
    return (
        any(letter.isdigit() for letter in word)
        or word in _NUMBERS
        or len(word) == 1
        or _ROMAN.fullmatch(word) is not None
    )


def _told(title: str) -> tuple[list[str], list[str]]:
    """The words that tell a title, and its numbers and single letters, articles aside."""
    words = _words(title)
    # "A" is an article except as the number of a part, at the end
    kept = [word for place, word in enumerate(words) if word != "a" or place == len(words) - 1]
    return [word for word in kept if not _is_number(word)], [word for word in kept if _is_number(word)]


def are_title_variants(one: str, other: str) -> bool:
    """Whether two titles are the same but for articles, blanks, hyphens, or one word's spelling.

    Numbers, part letters and Roman numerals must agree, and short titles be equal. Who wrote the two is for the caller
    to compare.

    >>> are_title_variants("On the Pruning of Neural Network Layers", "On Pruning of Neural Networks Layers")
    True
    >>> are_title_variants("Sparse training in practice, part I", "Sparse training in practice, part II")
    False
    """
    words, numbers = _told(one)
    others, other_numbers = _told(other)
    if numbers != other_numbers:
        return False
    if "".join(words) == "".join(others):
        return True
    if len(words) != len(others) or len(words) < _LEAST_WORDS:
        return False
    differing = [(mine, theirs) for mine, theirs in zip(words, others, strict=True) if mine != theirs]
    return len(differing) == 1 and _is_respelt(*differing[0])


def differ_in_subtitle(one: str, other: str) -> bool:
    """Whether two titles have the same main title, and what follows a colon or dash differs, or is missing in one.

    The main title needs four words, so that it is not a name of a method alone, and numbers must agree as they must
    between variants. Two papers of a series look the same: that one of them is a preprint is for the caller to know.

    >>> differ_in_subtitle("Sparse training of networks: a guide", "Sparse Training of Networks - Theory and Practice")
    True
    >>> differ_in_subtitle("Sparse training of networks: part I", "Sparse training of networks: part II")
    False
    """
    (words, numbers), (others, other_numbers) = _told(one), _told(other)
    if numbers != other_numbers or words == others:
        return False
    main, main_of_other = (_told(_SUBTITLE.split(title, maxsplit=1)[0])[0] for title in (one, other))
    return len(main) >= _LEAST_WORDS and main == main_of_other


def _is_respelt(one: str, other: str) -> bool:
    return (
        min(len(one), len(other)) >= _LEAST_LETTERS
        and one[:_HEAD] == other[:_HEAD]
        and edit_distance(one, other) <= _SLIPS
    )


_SLIPS: Final = 1


def title_blocks(title: str) -> Iterator[str]:
    """Keys of which two variants of a title share at least one: their first words, and their last ones."""
    words, _ = _told(title)
    half = len(words) // 2
    yield f"< {''.join(words)[:_BLOCK]}"
    yield f"> {''.join(words[half:])[-_BLOCK:]}"


_BLOCK: Final = 12
