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
_ITEM: Final = re.compile(
    r"\s*(?P<family>[^,;()]{2,40}),\s*(?P<given>[^,;()]{1,40}?)\s*(?:\((?P<remark>[^()]*)\))?(?:,\s*(?P<tail>[^;]*?))?[\s.]*\Z"
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
        kind = _kind_of(line)
        names = _following(lines, position) if kind else []
        if not names:
            continue
        items = re.split(r";(?![^()]*\))", joined(names, words=words).text.replace("\n", " "))
        read = [_ITEM.match(item) for item in items if item.strip()]
        if not all(item is not None and is_name(_name(item)) for item in read):
            continue
        for item in read:
            if item is not None and not known.is_owner(_name(item)):
                evidence = f"{line.text.strip()} {item[0].strip()}"
                yield Listed(_meant(kind, item), _name(item), *_period(kind, item), evidence, [line, *names])


def _kind_of(line: Line) -> str:
    """What a label says of the people below it; empty for other lines."""
    text = line.text.strip()
    if not text.endswith(":") or len(text) > _LONGEST_LABEL:
        return ""
    return next((kind for kind, pattern in _LABELS if pattern.search(text)), "")


def _following(lines: Sequence[Line], position: int) -> list[Line]:
    """The lines under a label, up to a gap or the next label."""
    found: list[Line] = []
    for line in lines[position + 1 :]:
        if line.gap == 2 or line.marker or line.text.strip().endswith(":"):
            break
        found.append(line)
    return found


def _name(item: re.Match[str]) -> str:
    return f"{item['given'].strip()} {item['family'].strip()}"


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
