"""Lists of people that funders ask for: collaborators, advisors and advisees, family names first.

A line says who they are, and the next lines name them, set apart by semicolons: `Quill, Dora (Bark University), Ph.D.
advisor; Holm, Gita`. Elsewhere a list of collaborators is no tie; here the document declares one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from matcher.ingest.cv.breaks import Line, joined
from matcher.ingest.cv.dates import spans
from matcher.ingest.cv.names import Known, is_name
from matcher.ingest.cv.vocabulary import DEGREE_WORDS, words_of
from matcher.records import PartialDate

__all__ = ["Listed", "read_listed"]

_LABELS: Final = (
    # The order decides: a thesis advisor who is also a sponsor of postgraduates is the owner.
    ("mentee", re.compile(r"postgraduate[\s-]scholar|\badvisees?\b|\bsupervisees?\b|\bstudents\b", re.IGNORECASE)),
    (
        "advisor",
        re.compile(
            r"\b(?:graduate|doctoral|thesis|ph\.?d\.?|postdoctoral)\s+(?:advis[oe]rs?|supervisors?|sponsors?|mentors?)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "coworker",
        re.compile(
            r"\bcollaborators\b.*(?:co-?editors|(?:last|past)\s+\w+\s+(?:months|years))|\bco-?editors\b", re.IGNORECASE
        ),
    ),
)
_LONGEST_LABEL: Final = 120
_INVERTED: Final = re.compile(
    r"\s*(?P<family>[^,;()]{2,40}),\s*(?P<given>[^,;()]{1,40}?)\s*(?:\((?P<remark>[^()]*)\))?(?:,\s*(?P<tail>[^;]*?))?[\s.]*\Z"
)
_STRAIGHT: Final = re.compile(
    r"\s*(?P<given>)(?P<family>[^,;()]{4,60}?)\s*(?:\((?P<remark>[^()]*)\))?(?P<tail>)[\s.]*\Z"
)
_SPONSOR: Final = re.compile(r"\b(?:sponsor|host|postdoc\w*)\b", re.IGNORECASE)
_ADVISOR: Final = re.compile(r"\b(?:advis[oe]r|supervisor)\b", re.IGNORECASE)


class Listed(NamedTuple):
    """Somebody whom such a list names.

    Args:
        kind: of the tie.
        name: given name first.
        start: when it began.
        end: when it ended.
        evidence: what the list says of the person, with its label.
        lines: the label and the names.
    """

    kind: str
    name: str
    start: PartialDate | None
    end: PartialDate | None
    evidence: str
    lines: list[Line]


def read_listed(lines: Sequence[Line], known: Known, words: frozenset[str]) -> Iterator[Listed]:
    """The people of every such list, in order.

    Args:
        lines: of one part of the document.
        known: the owner's names.
        words: words of the document, for joining lines.
    """
    for position, line in enumerate(lines):
        label, _, inline = line.text.partition(":")
        kind = _kind_of(label) if ":" in line.text else ""
        named = [] if inline.strip() and not line.is_soft else _following(lines, position)
        if not kind or not (inline.strip() or named):
            continue
        whole = joined([line, *named], words=words).text.replace("\n", " ").partition(":")[2]
        for item in _items(whole, is_plural=re.search(r"s\b(?!.*\bsponsor\b)", label) is not None):
            if not known.is_owner(_name(item)):
                evidence = f"{label.strip()}: {item[0].strip()}"
                yield Listed(_meant(kind, item), _name(item), *_period(kind, item), evidence, [line, *named])


def _kind_of(label: str) -> str:
    """What a label says of the people behind it; empty for other words."""
    if len(label) > _LONGEST_LABEL:
        return ""
    return next((kind for kind, pattern in _LABELS if pattern.search(label)), "")


def _following(lines: Sequence[Line], position: int) -> list[Line]:
    """The lines under a label, up to a gap or the next label."""
    found: list[Line] = []
    for line in lines[position + 1 :]:
        if line.gap == 2 or line.marker or (":" in line.text and _kind_of(line.text.partition(":")[0])):
            break
        found.append(line)
    return found


def _items(text: str, *, is_plural: bool) -> list[re.Match[str]]:
    """The people of a list, family names first between semicolons or given names first; none where one is no name."""
    ways = ((_INVERTED, r";"), (_STRAIGHT, r"[;,]|\band\b"))
    for pattern, separator in ways if ";" in text or not is_plural else reversed(ways):
        pieces = [piece for piece in re.split(rf"(?:{separator})(?![^()]*\))", text) if piece.strip(" .")]
        found = [item for piece in pieces if (item := pattern.match(piece)) and is_name(_name(item))]
        if found and len(found) == len(pieces):
            return found
    return []


def _name(item: re.Match[str]) -> str:
    return f"{item['given'].strip()} {item['family'].strip()}".strip()


def _meant(kind: str, item: re.Match[str]) -> str:
    """The kind of a tie, where what stands behind the name says more than the label."""
    tail = item["tail"] or ""
    if kind != "advisor" or _ADVISOR.search(tail):
        return kind
    return "host" if _SPONSOR.search(tail) else kind


def _period(kind: str, item: re.Match[str]) -> tuple[PartialDate | None, PartialDate | None]:
    """When somebody was advised; one date with a degree is that of the degree."""
    said = f"{item['remark'] or ''} {item['tail'] or ''}"
    found = spans(said)
    if kind != "mentee" or not found:
        return None, None
    if found[0].is_range:
        return found[0].first, found[0].last
    return (None, found[0].first) if DEGREE_WORDS & set(words_of(said.replace(".", ""))) else (None, None)
