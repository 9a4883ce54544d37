"""Text that remembers its emphasis: plain characters, and beside each one whether it was bold, italic or a link.

Markdown, HTML and LaTeX mark a CV's own name, its titles and its venues in a dozen ways. Everything after this module
sees one form only: `Rich`, a string of characters without markup and a string of styles of the same length.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from matcher.ingest.cv.vocabulary import word_set

__all__ = ["BOLD", "EMPTY", "ITALIC", "LINK", "Rich", "join", "parse_inline", "plain"]

BOLD: Final = 1
ITALIC: Final = 2
LINK: Final = 4

_CODES: Final = "01234567"

_BLOTTED: Final = 4
"""Stars in a row before an @ that stand for a name."""


@dataclass(frozen=True, slots=True)
class Rich:
    """Characters and their styles.

    Args:
        text: the characters, without markup.
        style: one digit for each character, the sum of `BOLD`, `ITALIC` and `LINK`.
    """

    text: str
    style: str

    def __post_init__(self) -> None:
        assert len(self.text) == len(self.style)

    def __len__(self) -> int:
        return len(self.text)

    def __bool__(self) -> bool:
        return bool(self.text)

    def __getitem__(self, part: slice) -> Rich:
        return Rich(self.text[part], self.style[part])

    def strip(self, chars: str | None = None) -> Rich:
        """The text without blanks (or without the given characters) at its ends."""
        left = len(self.text) - len(self.text.lstrip(chars))
        right = len(self.text.rstrip(chars))
        return self[left : max(left, right)]

    def has(self, position: int, bit: int) -> bool:
        """Whether the character at a position has a style."""
        return bool(int(self.style[position]) & bit)

    def is_all(self, bit: int) -> bool:
        """Whether every letter or digit has a style; an empty text has none."""
        shown = [code for char, code in zip(self.text, self.style, strict=True) if char.isalnum()]
        return bool(shown) and all(int(code) & bit for code in shown)

    def runs(self, bits: int) -> Iterator[tuple[int, int]]:
        """Start and end of every stretch in which one of the given styles holds without a break."""
        start: int | None = None
        for position, code in enumerate(self.style):
            inside = bool(int(code) & bits)
            if inside and start is None:
                start = position
            elif not inside and start is not None:
                yield start, position
                start = None
        if start is not None:
            yield start, len(self.style)

    def replace_at(self, start: int, end: int, text: str) -> Rich:
        """The same text with one stretch replaced; what is new has the style of what it replaces."""
        code = self.style[start] if start < len(self.style) else "0"
        return Rich(
            self.text[:start] + text + self.text[end:], self.style[:start] + code * len(text) + self.style[end:]
        )


EMPTY: Final = Rich("", "")


def plain(text: str) -> Rich:
    """A text without any emphasis."""
    return Rich(text, "0" * len(text))


def join(parts: Iterable[Rich], separators: Iterable[str]) -> Rich:
    """The parts with a separator between each two; there is one separator less than parts."""
    text: list[str] = []
    style: list[str] = []
    for part, separator in zip(parts, (*separators, ""), strict=True):
        text += (part.text, separator)
        style += (part.style, "0" * len(separator))
    return Rich("".join(text), "".join(style))


# --- markup ---------------------------------------------------------------------------------------------------------

_LATEX_ACCENTS: Final = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    "u": "\u0306",
    ".": "\u0307",
    '"': "\u0308",
    "r": "\u030a",
    "H": "\u030b",
    "v": "\u030c",
    "c": "\u0327",
    "k": "\u0328",
    "d": "\u0323",
}
_LATEX_LETTERS: Final = {
    "ss": "ß",
    "o": "ø",
    "O": "Ø",
    "l": "ł",
    "L": "Ł",
    "aa": "å",
    "AA": "Å",
    "ae": "æ",
    "AE": "Æ",
    "oe": "œ",
    "OE": "Œ",
    "i": "ı",
    "dag": "†",
    "ddag": "‡",
    "S": "§",
    "LaTeX": "LaTeX",
    "TeX": "TeX",
    "textbar": "|",
    "textendash": "–",
    "textemdash": "—",
    "textbullet": "•",
    "ldots": "…",
    "dots": "…",
    "hfill": "\t",
    "newline": " ",
    "quad": " ",
    "qquad": " ",
}
_LATEX_STYLES: Final = {
    "textbf": BOLD,
    "bf": BOLD,
    "bfseries": BOLD,
    "mathbf": BOLD,
    "textit": ITALIC,
    "emph": ITALIC,
    "textsl": ITALIC,
    "it": ITALIC,
    "itshape": ITALIC,
    "em": ITALIC,
    "underline": BOLD,
    "uline": BOLD,
    "textsc": 0,
    "textsf": 0,
    "texttt": 0,
    "textrm": 0,
    "text": 0,
    "mbox": 0,
    "url": LINK,
}
_HTML_STYLES: Final = {"b": BOLD, "strong": BOLD, "u": BOLD, "i": ITALIC, "em": ITALIC, "cite": ITALIC, "a": LINK}

_SILENT_TAGS: Final = word_set(
    "sup sub span font small big code tt ul ol tr table th img center h1 h2 h3 h4 h5 h6 section article"
    " header footer main nav button svg path details summary thead tbody dl dt dd blockquote pre mark kbd"
    " s del ins abbr time figure figcaption html body head"
)

_TOKEN: Final = re.compile(
    r"""
    (?P<url>(?:https?://|www\.)[^\s<>()\[\]{}"”]+)              # an address on the web: its signs are no markup
  | (?P<math>\$(?=\S)[^$\n]{1,120}?(?<=\S)\$(?!\d))             # mathematics: left as written
  | (?P<accent>\\[`'^~=."]\{\\?[A-Za-z]\} | \\[`'^="]\\?[A-Za-z] # \"{o}, \'e
      |\\[uvHcdkr](?:\{\\?[A-Za-z]\}|[ ][A-Za-z](?![A-Za-z])))   # \v{s}, \c c
  | (?P<escape>\\[*_`~\[\](){}\#+\-.!|<>$%&@])                  # an escaped sign
  | (?P<href>\\href\{[^{}\n]*\}\{)                                # \href{address}{text}
  | (?P<command>\\(?P<name>[A-Za-z]+)\*?(?P<open>\{|[ ]*))      # \textbf{, \ss
  | (?P<brace>[{}])
  | (?P<image>!\[[^\]\n]*\]\([^)\n]*\))
  | (?P<link>\[(?P<label>[^\[\]\n]*)\]\((?P<target>[^()\s]*(?:\([^()]*\))?[^()\s]*)(?:[ ]+"[^"]*")?\))
  | (?P<tag></?(?P<element>[A-Za-z][A-Za-z0-9]*)(?:[ ][^<>\n]*)?/?>)
  | (?P<entity>&(?:[A-Za-z]{2,8}|\#\d{2,6}|\#x[0-9A-Fa-f]{2,5});)
  | (?P<code>`+)
  | (?P<run>\*+|_+)
    """,
    re.VERBOSE,
)

_HIDDEN: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
"""Soft hyphens, zero-width characters and direction marks: they show nothing and split words."""


class _Inline:
    """Characters gathered so far, with the styles that are open."""

    def __init__(self) -> None:
        self.chars: list[str] = []
        self.bits: list[int] = []
        self.open: list[tuple[str, int]] = []  # closing sign, bit
        self.runs: list[_Run] = []

    def add(self, text: str, bit: int = 0) -> None:
        for _, held in self.open:
            bit |= held
        self.chars += text
        self.bits += [bit] * len(text)

    def close(self, sign: str) -> bool:
        for position in range(len(self.open) - 1, -1, -1):
            if self.open[position][0] == sign:
                del self.open[position]
                return True
        return False


def parse_inline(text: str) -> Rich:
    r"""Take the markup out of a paragraph: Markdown, simple HTML, simple LaTeX. Line breaks stay where they are.

    A sign that marks nothing stays (`Lian*` of equal contribution); a pair that lost its other half (`University**`)
    goes, and what stands before it in its line counts as bold.

    >>> found = parse_inline("**Ann Lee***, B. Cho. *On $x^*$ \& more*")
    >>> found.text
    'Ann Lee*, B. Cho. On $x^*$ & more'
    >>> found.style[:8], found.style[-4:]
    ('11111110', '2222')
    """
    text = _HIDDEN.sub("", text)
    if "``" in text and "''" in text:
        text = text.replace("``", "“").replace("''", "”")
    if "\\" in text or "{" in text:
        text = re.sub(r"(?<=[\w.)])~(?=[\w(])", " ", text)
    if not re.search(r"[*_<&\\`\[$!{}]", text):
        return plain(unicodedata.normalize("NFC", text))
    inline = _Inline()
    position = 0
    for found in _TOKEN.finditer(text):
        if found.start() < position:
            continue
        inline.add(text[position : found.start()])
        position = _take(inline, found, text)
    inline.add(text[position:])
    _match_stars(inline)
    return _composed(inline)


def _composed(inline: _Inline) -> Rich:
    """The characters in Unicode form NFC, each composed one with the style of its base."""
    text = "".join(inline.chars)
    if unicodedata.is_normalized("NFC", text):
        return Rich(text, "".join(_CODES[bit] for bit in inline.bits))
    chars: list[str] = []
    codes: list[str] = []
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or not unicodedata.combining(text[end]):
            composed = unicodedata.normalize("NFC", text[start:end])
            chars.append(composed)
            codes.append(_CODES[inline.bits[start]] * len(composed))
            start = end
    return Rich("".join(chars), "".join(codes))


def _take(inline: _Inline, found: re.Match[str], text: str) -> int:
    """Handle one token and say where the text goes on; images and code signs vanish."""
    if found["command"] is not None:
        return _command(inline, found)
    if found["link"] is not None:
        label = parse_inline(found["label"])
        for char, code in zip(label.text, label.style, strict=True):
            inline.add(char, int(code) | LINK)
    elif found["tag"] is not None:
        _tag(inline, found)
    elif found.lastgroup == "href":
        inline.open.append(("}", LINK))
    elif found.lastgroup == "brace":
        _brace(inline, found[0])
    elif found.lastgroup == "run":
        _run(inline, found[0], text, found.start(), found.end())
    else:
        _plain_token(inline, found)
    return found.end()


def _plain_token(inline: _Inline, found: re.Match[str]) -> None:
    """Tokens that stand for characters: addresses, escaped signs, accents, entities, mathematics."""
    whole = found[0]
    if found.lastgroup == "url":
        inline.add(whole, LINK)
    elif found.lastgroup == "escape":
        inline.add(whole[1:])
    elif found.lastgroup == "accent":
        inline.add(_accented(whole))
    elif found.lastgroup == "entity":
        inline.add(html.unescape(whole).replace("\n", " "))
    elif found.lastgroup == "math":
        inline.add(whole)


def _accented(whole: str) -> str:
    letter = whole.strip("\\{}")[-1:] if whole[-1] != "}" else whole[-2]
    letter = {"i": "i", "j": "j"}.get(letter, letter)
    return unicodedata.normalize("NFC", letter + _LATEX_ACCENTS[whole[1]])


def _command(inline: _Inline, found: re.Match[str]) -> int:
    name = found["name"]
    opens = found["open"] == "{"
    if name in _LATEX_STYLES:
        if opens:
            inline.open.append(("}", _LATEX_STYLES[name]))
        elif inline.open and inline.open[-1][0] == "}+" and inline.chars[-1:] == ["{"]:  # {\bf text}
            del inline.chars[-1], inline.bits[-1]
            inline.open[-1] = ("}", _LATEX_STYLES[name])
        return found.end()
    if name in _LATEX_LETTERS:
        inline.add(_LATEX_LETTERS[name])
        if opens and found.string.startswith("}", found.end()):
            return found.end() + 1
        return found.end() - opens
    inline.add(found[0])  # a command that says nothing to us stays as written
    if opens:
        inline.open.append(("}+", 0))
    return found.end()


def _brace(inline: _Inline, sign: str) -> None:
    if sign == "{":
        inline.open.append(("}+", 0))  # unless a style command follows, the braces stay as written
        inline.add("{")
        return
    if inline.open and inline.open[-1][0] == "}+":
        inline.open.pop()
        inline.add("}")
    elif not inline.close("}"):
        inline.add("}")


def _tag(inline: _Inline, found: re.Match[str]) -> None:
    element = found["element"].lower()
    if element in _HTML_STYLES:
        if found[0].startswith("</"):
            inline.close(f"</{element}>")
        elif not found[0].endswith("/>"):
            inline.open.append((f"</{element}>", _HTML_STYLES[element]))
    elif element in {"br", "hr", "p", "div", "td", "li"}:
        inline.add(" ")
    elif element in _SILENT_TAGS:
        if element == "sup":
            inline.add("^" if not found[0].startswith("</") else "")
    else:
        inline.add(found[0])


def _run(inline: _Inline, whole: str, text: str, start: int, end: int) -> None:
    """Note a run of `*` or `_` with what it can do, by CommonMark's rule of flanking."""
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    blank_after, blank_before = after.isspace(), before.isspace()
    sign_after, sign_before = _is_sign(after), _is_sign(before)
    # Stricter than CommonMark: a star before a comma is a footnote mark, it never opens emphasis.
    left = not blank_after and after not in ",.;:)!?" and (not sign_after or blank_before or sign_before)
    right = not blank_before and (not sign_before or blank_after or sign_after)
    if whole[0] == "_":
        can_open, can_close = left and (not right or sign_before), right and (not left or sign_after)
    else:
        can_open, can_close = left, right
    inline.runs.append(_Run(len(inline.chars), len(whole), can_open, can_close, whole[0]))
    inline.add(whole)


def _is_sign(char: str) -> bool:
    return not char.isalnum() and not char.isspace()


@dataclass(slots=True)
class _Run:
    """A run of `*` or `_`: where its characters stand, how many are left, and what it can do."""

    start: int
    length: int
    can_open: bool
    can_close: bool
    sign: str


def _match_stars(inline: _Inline) -> None:
    """Pair the runs, style what lies between, and take the signs of the pairs away."""
    gone: set[int] = set()
    for position, closer in enumerate(inline.runs):
        while closer.can_close and closer.length and _pair(inline, position, gone):
            pass
    for run in inline.runs:
        _settle(inline, run, gone)
    if gone:
        kept = [index for index in range(len(inline.chars)) if index not in gone]
        inline.chars = [inline.chars[index] for index in kept]
        inline.bits = [inline.bits[index] for index in kept]


def _pair(inline: _Inline, position: int, gone: set[int]) -> bool:
    """Pair a closing run with the nearest run before it that opens; whether there was one."""
    closer = inline.runs[position]
    for before in range(position - 1, -1, -1):
        opener = inline.runs[before]
        if opener.can_open and opener.length and opener.sign == closer.sign:
            break
    else:
        return False
    size = 2 if opener.length >= 2 and closer.length >= 2 else 1
    first, last = opener.start + opener.length - size, closer.start
    for index in range(opener.start + opener.length, last):
        inline.bits[index] |= BOLD if size == 2 else ITALIC
    gone.update(range(first, first + size), range(last, last + size))
    opener.length -= size
    closer.start += size
    closer.length -= size
    for between in inline.runs[before + 1 : position]:
        between.can_open = False  # what stands inside a pair pairs with nothing outside
    return True


def _settle(inline: _Inline, run: _Run, gone: set[int]) -> None:
    """A run that found no partner: a single sign is a mark and stays; a double one lost its other half and goes."""
    if run.length < 2:
        return
    behind = inline.chars[run.start + run.length : run.start + run.length + 1]
    if run.length >= _BLOTTED and behind == ["@"]:
        return  # an address with its name blotted out
    gone.update(range(run.start, run.start + run.length))
    if run.can_close and not run.can_open:  # what stands before it in its line was bold
        line = max((index for index in range(run.start) if inline.chars[index] == "\n"), default=-1)
        for index in range(line + 1, run.start):
            inline.bits[index] |= BOLD
