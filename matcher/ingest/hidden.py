"""Text that a reader does not see, or takes for another: what a text is matched by should be what people read.

Nothing is taken out of a text: who wrote it is asked, and the places are named.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Final

__all__ = ["hidden_text"]

_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
"""Characters without a picture of their own: soft hyphens, zero widths, direction marks, fillers, tags, selectors."""

_JOINERS: Final = re.compile("[\u200c\u200d]")
"""They belong to the writing of some languages, and to emoji."""

_NEEDS_JOINERS: Final = re.compile("[\u0600-\u06ff\u0900-\u0dff\u1000-\u109f\U0001f000-\U0001faff\u2600-\u27bf]")
_MARKUP: Final = re.compile(
    r"(?i)<(?:script|style|iframe|object|embed|svg|img|span|div|font)\b"
    r"|display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|color\s*:\s*(?:white|#fff)"
    r"|\\(?:v?h?phantom|textcolor|color|fontsize)\s*\{"
)
"""Markup by which a text is shown in no size or in the colour of the paper, or that has no place in a text."""

_WORD: Final = re.compile(r"[^\W\d_]+")
_SCRIPTS: Final = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
"""Scripts with letters that look alike."""

_GREEK_ALIKE: Final = frozenset("οικνυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
"""Greek letters with a Latin double; the others stand in formulas, often without a blank before the next word."""

_SHORTEST_MIXED: Final = 4
"""Letters of a word from which two scripts in it are no formula such as μm or Δt."""

_LEAST_REPEATED: Final = 12
_REPEATED_SHARE: Final = 0.2
"""A word is stuffed when it stands so often and makes up so much of a text."""
_SHORTEST_STUFFED: Final = 4


def hidden_text(text: str) -> tuple[str, ...]:
    """What a reader of a text would not see, or take for something else.

    Args:
        text: a title and an abstract, for example.

    Returns:
        Findings in words, each once; none for an ordinary text.

    >>> hidden_text("Deep le\u200barning")
    ('1 character that is not seen (ZERO WIDTH SPACE)',)
    >>> hidden_text("Sparse p\u0430ging")
    ("letters of LATIN and CYRILLIC in one word: 'p\u0430ging'",)
    """
    found = []
    unseen = _UNSEEN.findall(text)
    if _NEEDS_JOINERS.search(text):
        unseen = [each for each in unseen if not _JOINERS.match(each) and not "\ufe00" <= each <= "\ufe0f"]
    if unseen:
        names = sorted({unicodedata.name(each, f"U+{ord(each):04X}") for each in unseen})
        are = "character that is" if len(unseen) == 1 else "characters that are"
        found.append(f"{len(unseen)} {are} not seen ({', '.join(names[:3])})")
    if mixed := _mixed(text):
        found.append(mixed)
    if markup := _MARKUP.search(text):
        found.append(f"markup: '{markup[0]}'")
    if stuffed := _stuffed(text):
        found.append(stuffed)
    return tuple(found)


def _mixed(text: str) -> str:
    if text.isascii():
        return ""
    for word in _WORD.findall(unicodedata.normalize("NFKC", text)):
        if len(word) >= _SHORTEST_MIXED and not word.isascii():
            names = [unicodedata.name(letter, "").partition(" ")[0] for letter in word]
            scripts = [script for script in _SCRIPTS if script in names]
            if "GREEK" in scripts and _GREEK_ALIKE.isdisjoint(word):
                scripts.remove("GREEK")
            if len(scripts) > 1:
                return f"letters of {' and '.join(scripts)} in one word: '{word[:40]}'"
    return ""


def _stuffed(text: str) -> str:
    words = [word for word in _WORD.findall(text.casefold()) if len(word) >= _SHORTEST_STUFFED]
    if not words:
        return ""
    word, count = Counter(words).most_common(1)[0]
    if count >= _LEAST_REPEATED and count >= _REPEATED_SHARE * len(words):
        return f"the word '{word[:40]}' stands {count} times in {len(words)} words"
    return ""
