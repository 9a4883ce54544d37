r"""BibTeX records inside a document: `@inproceedings{key, title = {…}, author = {Lee, Ann and Cho, Bo}, …}`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from matcher.ingest.cv.breaks import Line
from matcher.ingest.cv.dates import MONTH_WORD, YEAR, atoms
from matcher.ingest.cv.entries import ParsedEntry
from matcher.ingest.cv.names import AuthorList, Known, Name, read_list
from matcher.ingest.cv.rich import parse_inline, plain
from matcher.ingest.cv.titles import clean_title
from matcher.ingest.cv.venues import kind_of, venue_name
from matcher.records import PartialDate

__all__ = ["BibRecord", "find_bibtex"]

_HEAD: Final = re.compile(r"@\s*(?P<sort>[A-Za-z]+)\s*[{(]\s*(?P<key>[^,\s{}=]*)\s*,?")
_FIELD: Final = re.compile(r"[\s,]*(?P<name>[A-Za-z][\w-]*)\s*=\s*")
_LONGEST_RECORD: Final = 80
"""Lines after which a record that was never closed is given up."""

_KINDS: Final = {
    "article": "journal",
    "inproceedings": "conference",
    "conference": "conference",
    "incollection": "chapter",
    "inbook": "chapter",
    "phdthesis": "thesis",
    "mastersthesis": "thesis",
    "unpublished": "preprint",
    "proceedings": "other",
}
_NO_PAPERS: Final = frozenset(("string", "preamble", "comment"))


@dataclass(frozen=True, slots=True)
class BibRecord:
    """A record and the lines that it takes.

    Args:
        lines: in order.
        entry: what it says; `None` when it names no title or no author.
    """

    lines: tuple[Line, ...]
    entry: ParsedEntry | None


def find_bibtex(lines: Sequence[Line], known: Known) -> Iterator[BibRecord]:
    """Every BibTeX record among some lines."""
    position = 0
    while position < len(lines):
        if not _HEAD.match(lines[position].raw):
            position += 1
            continue
        end = _end(lines, position)
        if end is None:
            position += 1
            continue
        text = "\n".join(line.raw for line in lines[position:end])
        sort = _HEAD.match(text)
        if sort is not None and sort["sort"].lower() not in _NO_PAPERS:
            yield BibRecord(tuple(lines[position:end]), _entry(text, sort["sort"].lower(), known))
        position = end


def _end(lines: Sequence[Line], start: int) -> int | None:
    """Behind the line that closes the record."""
    depth = 0
    for position in range(start, min(len(lines), start + _LONGEST_RECORD)):
        raw = re.sub(r"\\[{}]", "", lines[position].raw)
        depth += raw.count("{") - raw.count("}")
        if position > start and _HEAD.match(lines[position].raw):
            return position
        if depth <= 0 and (position > start or "}" in raw):
            return position + 1
    return None


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    head = _HEAD.match(text)
    position = head.end() if head else 0
    while True:
        name = _FIELD.match(text, position)
        if name is None:
            return found
        value, position = _value(text, name.end())
        found.setdefault(name["name"].lower(), value)


def _value(text: str, start: int) -> tuple[str, int]:
    """A field's value and where it ends: in braces, in quotes, or a bare word."""
    if start < len(text) and text[start] == "{":
        depth = 0
        for position in range(start, len(text)):
            if text[position] in "{}" and text[position - 1] != "\\":
                depth += 1 if text[position] == "{" else -1
                if depth == 0:
                    return text[start + 1 : position], position + 1
        return text[start + 1 :], len(text)
    if start < len(text) and text[start] == '"':
        depth = 0
        for position in range(start + 1, len(text)):
            depth += {"{": 1, "}": -1}.get(text[position], 0)
            if text[position] == '"' and depth <= 0 and text[position - 1] != "\\":
                return text[start + 1 : position], position + 1
        return text[start + 1 :], len(text)
    bare = re.compile(r"[^,}\n]*").match(text, start)
    assert bare is not None
    return bare[0].strip(), bare.end()


def _plain(value: str) -> str:
    r"""A value without braces and with escapes resolved; mathematics stays as written."""
    parts = re.split(r"(\$[^$]*\$)", value)
    for position in range(0, len(parts), 2):
        part = re.sub(r"\{\\([`'^~=.\"])\{?\\?([A-Za-z])\}?\}", r"\\\1{\2}", parts[position])
        part = re.sub(r"\{\\([uvHcdkr])\s*\{?([A-Za-z])\}?\}", r"\\\1{\2}", part)
        part = parse_inline(part.replace("*", "\\*").replace("_", "\\_")).text
        parts[position] = re.sub(r"(?<!\\)[{}]", "", part)
    return " ".join("".join(parts).replace("~", " ").split())


def _entry(text: str, sort: str, known: Known) -> ParsedEntry | None:
    fields = {name: _plain(value) for name, value in _fields(text).items()}
    title, byline = fields.get("title", ""), fields.get("author", "")
    if not title or not byline:
        return None
    authors = _authors(byline, known)
    if not authors.names:
        return None
    venue = next(
        (
            fields[name]
            for name in ("booktitle", "journal", "school", "institution", "howpublished", "publisher", "note")
            if fields.get(name)
        ),
        "",
    )
    if "arxiv" in fields.get("archiveprefix", "").lower() and not venue:
        venue = "arXiv"
    kind = kind_of(f"{venue} {fields.get('note', '')}", "", _KINDS.get(sort, ""))
    if sort in ("incollection", "inbook"):
        kind = "chapter"
    elif sort in ("phdthesis", "mastersthesis"):
        kind = "thesis"
    elif sort == "article" and kind == "conference":
        kind = "journal"
    elif sort == "inproceedings" and kind in ("journal", "chapter", "thesis", "other"):
        kind = "conference"
    names = tuple(name.text for name in authors.names)
    is_server = bool(re.match(r"(?:arxiv|corr|biorxiv|medrxiv)\b", venue, re.IGNORECASE))
    return ParsedEntry(
        title=clean_title(title) if not title.endswith(("”", '"')) else title.rstrip("."),
        authors=authors,
        names=names,
        date=_date(fields),
        venue=venue_name(venue) if is_server else venue,
        kind=kind,
        abstract=fields.get("abstract", ""),
        score=9.0,
        is_shown=True,
        has_owner=any(known.is_owner(name) for name in names),
        is_title_first=False,
    )


def _authors(byline: str, known: Known) -> AuthorList:
    """The authors of a record: separated by "and", each `Family, Given`, `Family, Jr, Given` or `Given Family`."""
    names = []
    truncated = False
    groups: list[str] = []
    for part in re.split(r"\s+and\s+", byline):
        if part.strip().lower() in ("others", "et al.", "et al"):
            truncated = True
            continue
        pieces = [piece.strip() for piece in part.split(",")]
        if len(pieces) == 1:
            one = read_list(plain(part), 0, known=known, lenient=True)
            name = one.names[0].text if one and one.names and one.end >= len(part.rstrip()) else part.strip()
        else:
            family, given = pieces[0], pieces[-1]
            suffix = pieces[1] if len(pieces) == 3 else ""
            name = " ".join(piece for piece in (given, family, suffix) if piece)
        if re.search(r"\b(?:collaboration|consortium|team)\b", name, re.IGNORECASE):
            groups.append(name)
        elif re.search(r"[^\W\d_]", name):
            names.append(_name(re.sub(r"[*†‡§¶]+", "", name).strip()))
    return AuthorList(tuple(names), 0, len(byline), truncated, len(names) > 1, True, tuple(groups))


def _name(text: str) -> Name:
    return Name(text, 0, len(text))


def _date(fields: dict[str, str]) -> PartialDate | None:
    year = re.search(YEAR, fields.get("year", "") or fields.get("date", ""))
    if year is None:
        return None
    full = next((one.date for one in atoms(fields.get("date", ""))), None)
    if full is not None and full.month is not None:
        return full
    month = fields.get("month", "")
    if month.isdigit() and 1 <= int(month) <= 12:
        return PartialDate(int(year[0]), int(month))
    word = re.match(MONTH_WORD, month, re.IGNORECASE)
    if word:
        return next((one.date for one in atoms(f"{word[0]} {year[0]}")), PartialDate(int(year[0])))
    return PartialDate(int(year[0]))
