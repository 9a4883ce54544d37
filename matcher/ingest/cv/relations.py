"""Ties to other people that a CV states: advisors, hosts, managers, mentors, students, and who leads a grant.

A tie is read only where a word for it stands next to a name. Organisers of talks, programme committees, referees and
co-authors as such are no ties.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Final

from matcher.identity import normalise_name
from matcher.ingest.cv.breaks import Line, joined
from matcher.ingest.cv.dates import TimeSpan, is_only_dates, spans
from matcher.ingest.cv.disclosures import read_listed
from matcher.ingest.cv.names import Known, Name, read_list
from matcher.ingest.cv.owner import without_addresses
from matcher.ingest.cv.positions import Position, blocks_of
from matcher.ingest.cv.rich import Rich
from matcher.ingest.cv.sections import Section
from matcher.ingest.cv.vocabulary import (
    COMMON_WORDS,
    DEGREE_WORDS,
    HEADING_FILLERS,
    NEVER_NAMES,
    ORGANISATION_WORDS,
    ROLE_WORDS,
    WHOLE_FAMILY_WORDS,
    fold,
    words_of,
)
from matcher.records import PartialDate, Relation

__all__ = ["Tie", "merged_ties", "read_relations"]

_LONGEST_EVIDENCE: Final = 300

_DEGREE: Final = (
    r"(?:ph\.?\s?d\.?|m\.?sc\.?|b\.?sc\.?|thesis|doctoral|dissertation|master'?s?|bachelor'?s?|undergraduate|academic"
    r"|research|faculty|primary|main|principal|major|first|scientific|graduate|postdoctoral|internship|industrial"
    r"|industry|external|local|joint)"
)
_CO: Final = (
    r"(?:co-?\s?|second\s+|secondary\s+|zweit|zweite[rn]?\s+|mit|associate\s+|deputy\s+|vice-?\s?|assistant\s+)"
)
_ADVISOR: Final = (
    r"(?:advis[oe]rs?|supervis[oe]rs?|promoto?rs?|promoters?|betreuer(?:in(?:nen)?)?|directeurs?|directrice"
    r"|encadrante?s?|director(?:a|es)?\s+de\s+tesis|relator[ei]|relatrice|orientador(?:a|es)?|begeleiders?|tutor[ei]?"
    r"|tutrice|preceptor|(?:doktor)(?:vater|mutter))"
)

_LABELS: Final = (
    # The order decides where two fit at one place.
    (
        "coadvisor",
        (
            rf"{_CO}{_DEGREE}?\s*{_ADVISOR}|{_CO}(?:advised|supervised|directed|guided)\s+by|co-?encadr[ée]e?\s+par"
            rf"|(?:zweitgutachter|zweitprüfer|korreferent)(?:in)?|(?:副导师|副指導教員|공동지도교수)"
        ),
    ),
    (
        "advisor",
        (
            rf"(?:{_DEGREE}[\s/-]*){{0,3}}(?:erst)?{_ADVISOR}(?:\s+de\s+th[eè]se)?|(?:(?:jointly|primarily"
            rf"|mainly)\s+)?(?:advised|supervised|directed|guided)\s+by|(?:under"
            rf"|with)\s+(?:the\s+)?(?:joint\s+)?(?:supervision|guidance|direction|mentorship|advice|tutelage)(?:\s+of)?"
            rf"|betreut\s+(?:von|durch)|encadr[ée]e?\s+par|dirig[ée]e?\s+par|dirigida?\s+por|sous\s+la\s+direction\s+de"
            rf"|bajo\s+la\s+(?:dirección|supervisión)\s+de|unter\s+(?:der\s+)?(?:anleitung|betreuung|leitung)\s+von|(?:导师"
            rf"|指导教师|指導教員|指導教授|지도교수|지도 교수)"
        ),
    ),
    ("principal", r"p\.?i\.?|principal\s+investigator|(?:group|lab)\s+(?:leader|head)"),
    ("mentor", rf"(?:{_DEGREE}[\s/-]*)?(?:co-?)?mentors?|(?:co-?)?mentored\s+by|buddy"),
    ("mentee", rf"(?:{_DEGREE}[\s/-]*)?(?:advisees?|mentees?|supervisees?)"),
    ("coworker", r"co-?workers?|colleagues?"),
    (
        "host",
        (
            r"(?:academic\s+|faculty\s+|research\s+|lab\s+)?hosts?|hosted\s+by|gastgeber(?:in)?|invited\s+by|h[oô]tes?|accueil"
            r"|anfitri[oó]na?|accueilli\s+par|sponsor(?:ing\s+professor)?"
        ),
    ),
    (
        "manager",
        (
            r"(?:line\s+|team\s+|hiring\s+|engineering\s+|project\s+|research\s+)?managers?|managed\s+by|report(?:ing|ed"
            r"|s)?\s+(?:directly\s+)?to|team\s+lead|tech(?:nical)?\s+lead|vorgesetzter?|responsable|capo"
        ),
    ),
)
_LABEL: Final = re.compile(
    "|".join(f"(?P<{kind}>(?<![\\w-])(?:{pattern})(?![\\w-]))" for kind, pattern in _LABELS), re.IGNORECASE
)
_GRANT_LEAD: Final = re.compile(
    r"(?<![\w-])(?:lead[\s-]*(?:pi|investigator|applicant)?|principal\s+investigators?|pis?|projektleit(?:ung"
    r"|er(?:in)?)|leitung|leader|project\s+lead(?:er)?|coordinators?|grant\s+holder|main\s+applicant"
    r"|chief\s+investigator|investigador(?:a)?\s+principal|ip|responsabile|responsable|porteu(?:r|se)|coordinat(?:eur|rice)|coordinador[ae]?|leiter(?:in)?|主持人|研究代表者"
    r"|연구책임자)(?![\w-])\s*[:：]\s*"
    r"|\b(?:coordinated|led|headed|dirig[ée]+|coordonn[ée]+) (?:by|par)\s+|\bunter (?:der )?leitung von\s+",
    re.IGNORECASE,
)
_CO_LEAD: Final = re.compile(
    r"(?<![\w-])(?:co-?\s?pis?|co-?\s?principal\s+investigators?|co-?\s?investigators?)(?![\w-])\s*[:：]\s*",
    re.IGNORECASE,
)
_ROLE_BEHIND: Final = re.compile(
    r"\s+[–—-]\s+(?:coordenador|coordinador|coordinator|koordinator|projektleiter|responsable)(?:a|in)?(?![\w-])",
    re.IGNORECASE,
)
"""What somebody is in a project, behind the name: `Emil Farrow - Coordenador`."""

_GRANT_PARTNER: Final = re.compile(
    r"(?<![\w-])(?:co-?\s?pis?|co-?\s?principal\s+investigators?|co-?\s?investigators?|co-?\s?is?|co-?\s?applicants?|co-?\s?leads?|partners?"
    r"|collaborators?)(?![\w-])\s*[:：]\s*|\b(?:joint(?:ly)?\s+|together\s+)?with\s+"
    r"|\b(?:gemeinsam|zusammen)\s+mit\s+|\ben colaboración con\s+|\bem colaboração com\s+|\ben collaboration avec\s+",
    re.IGNORECASE,
)
_COWORKER: Final = re.compile(
    r"\b(?:together with|alongside|in collaboration with|collaborat(?:ed|ing) (?:closely )?with|worked with"
    r"|working with|work with|joint work with|zusammen mit|en collaboration avec)\s+",
    re.IGNORECASE,
)
_ORGANISED: Final = re.compile(
    r"\bco-?\s?organi[sz](?:ed|er|ers|ing)\b|\borgani[sz](?:ed|er|ers|ing)\b|\bmitorganisat\w+|\bco-?organisat(?:eur"
    r"|rice|ion)\b|\borgani[sz]a[tc]i[oó]n\b|\borganisiert\b|\borganisé[es]*\b|\borganizad[oa]r?[ae]?\b|\bco-?founded\b|\bco-?chaired\b|(?:^|[.;•\n]\s*|\bgeneral\s)\s*co-?chairs?\s+of\b",
    re.IGNORECASE,
)
_ORGANISED_WITH: Final = re.compile(
    r"\b(?:with|together with|jointly with|mit|avec|con)\s+|co-?\s?organi[sz]ers?\s*[:：]\s*", re.IGNORECASE
)
_MENTORED: Final = re.compile(
    r"(?:^|[.;•]\s*|\bI\s+)(?i:(?:currently\s+)?(?:co-?)?(?:mentor(?:ed|ing)|supervis(?:ed|ing)|advis(?:ed|ing)|guid(?:ed"
    r"|ing)|coach(?:ed|ing)?|train(?:ed|ing)))\s+(?!by\b)(?P<whom>(?:[a-z0-9'’./()-]+[,:]?\s+|(?:PhD|Ph\.D\.|MSc|M\.Sc\.|BSc|MS|Master"
    r"|Master's|Masters|Bachelor|Doctoral)\s+){0,9}[:–-]?\s*)(?=[A-Z])",
)
_SUFFIXED: Final = re.compile(
    r"\s*\((?:my\s+|now\s+|the\s+)?(?P<label>[^()]{0,30}?\b(?:co-?advis[oe]r|co-?supervis[oe]r|advis[oe]r"
    r"|supervis[oe]r|mentor|host|manager|co-?worker|colleague|betreuer(?:in)?|zweitbetreuer(?:in)?|directeur"
    r"|directrice)s?\b[^()]{0,20})\)",
    re.IGNORECASE,
)
_NEXT_LABEL: Final = re.compile(r"[;.(|]\s*[A-Z][\w /&-]{2,30}:\s")

_ALL: Final = frozenset(
    (
        "preamble",
        "other",
        "head",
        "education",
        "experience",
        "grants",
        "students",
        "projects",
        "summary",
        "skills",
        "people",
        "personal",
    )
)
_CLOSE: Final = frozenset(("advisor", "coadvisor", "host", "manager", "mentor", "mentee"))
"""Ties that say more than that two people worked together."""

_EXPIRED_AWARDS: Final = frozenset(("declined", "rejected"))


@dataclass(frozen=True, slots=True)
class Tie:
    """A relation, the line that states it, and all lines of the statement."""

    relation: Relation
    line: int
    lines: tuple[int, ...] = ()


def read_relations(
    sections: Sequence[Section], positions: Sequence[Position], known: Known, words: frozenset[str]
) -> list[Tie]:
    """Every tie that the document states, in order.

    Args:
        sections: the parts of the document.
        positions: the owner's positions, whose dates ties without dates of their own take.
        known: the owner's names and the names met so far.
        words: words of the document, for joining lines.
    """
    span_of = {line.number: one for one in positions for line in one.lines}
    found: list[Tie] = []
    for section in sections:
        if section.kind == "students":
            found += _students(section, known, words)
        elif section.kind in ("grants", "awards", "projects"):
            found += _grants(section, known, words, is_grant=section.kind == "grants")
        if section.kind in _ALL and section.kind != "students":
            found += _labelled(section, span_of, known, words)
        if section.kind in ("service", "experience", "other", "projects", "teaching", "talks"):
            found += _organised(section, known, words)
        if section.kind in ("experience", "other", "teaching", "service", "projects", "preamble", "education"):
            found += _mentored(section, known, words)
        if section.kind in ("people", "service", "other", "students", "preamble"):
            found += _declared(section, known, words)
    return _without_lesser(found)


def _declared(section: Section, known: Known, words: frozenset[str]) -> Iterator[Tie]:
    """People whom a list declares as collaborators, advisors or advisees."""
    for one in read_listed(section.lines, known, words):
        relation = Relation(one.kind, one.name, start=one.start, end=one.end, evidence=_evidence(one.evidence))
        yield _made(relation, one.lines)


def _without_lesser(ties: Sequence[Tie]) -> list[Tie]:
    """The ties without collaborators at no time who have a closer tie: they say nothing more."""
    close = {normalise_name(tie.relation.other) for tie in ties if tie.relation.kind in _CLOSE}
    return [
        tie
        for tie in ties
        if tie.relation.kind != "coworker"
        or tie.relation.start is not None
        or tie.relation.end is not None
        or normalise_name(tie.relation.other) not in close
    ]


# --- pieces of text -------------------------------------------------------------------------------------------------


def _statements(
    lines: Sequence[Line], words: frozenset[str], span_of: Mapping[int, Position] | None = None
) -> Iterator[tuple[list[Line], Rich]]:
    """The lines joined where their text goes on, each with its text; no statement tells of two positions."""
    group: list[Line] = []
    where = span_of or {}
    for line in lines:
        if group and (not group[-1].is_soft or where.get(line.number) is not where.get(group[-1].number)):
            yield group, joined(group, words=words)
            group = []
        group.append(line)
    if group:
        yield group, joined(group, words=words)


def _dateless(rich: Rich) -> Rich:
    """The text with tabs in the place of dates: a date ends a name."""
    text = rich.text
    for one in spans(text):
        blank = re.sub(r"[^()]", "\t", text[one.start : one.end])
        text = text[: one.start] + blank + text[one.end :]
    return Rich(text, rich.style)


def _names_at(rich: Rich, start: int, known: Known, stop: int | None = None) -> list[Name]:
    """The people named from a place on: full names of persons other than the owner."""
    part = rich if stop is None else rich[:stop]
    while start < len(part) and part.text[start] in " :：–—-\t.,(":
        start += 1
    found = read_list(part, start, known=known, titles=True)
    if found is None:
        return []
    return [name for name in found.names if _is_person(name.text, known)]


_COLUMN_WORDS: Final = frozenset(("name", "title", "year", "status", "topic", "guide", "sl", "serial"))
"""What stands above the columns of a table of students."""


def _is_person(name: str, known: Known) -> bool:
    words = set(words_of(name))
    if words & _COLUMN_WORDS:
        return False
    return (
        len(normalise_name(name).split()) >= 2
        and not words & ORGANISATION_WORDS
        and not words & {"university", "team", "lab"}
        and not known.is_owner(name)
    ) or _is_ideographic(name)


def _is_ideographic(name: str) -> bool:
    return bool(re.fullmatch(r"[\u3400-\u9fff\uac00-\ud7af]{2,6}", normalise_name(name)))


def _evidence(text: str) -> str:
    return without_addresses(" ".join(text.split()))[:_LONGEST_EVIDENCE]


def _tie(
    kind: str, name: str, span: TimeSpan | None, text: str, lines: Sequence[Line], *, is_open: bool = False
) -> Tie:
    """A tie; a single date tells its begin only where `is_open`."""
    start, end = (None, None) if span is None else (span.first, span.last)
    if span is not None and not span.is_range and is_open:
        end = None
    if start is not None and end is not None and start.first_day() > end.last_day():
        start = end = None
    return _made(Relation(kind, name, start=start, end=end, evidence=_evidence(text)), lines)


def _made(relation: Relation, lines: Sequence[Line]) -> Tie:
    return Tie(relation, lines[0].number, tuple(line.number for line in lines))


# --- advisors, hosts, mentors, managers -----------------------------------------------------------------------------


def _labelled(section: Section, span_of: Mapping[int, Position], known: Known, words: frozenset[str]) -> Iterator[Tie]:
    for group, rich in _statements(section.lines, words, span_of):
        clear = _dateless(rich)
        position = span_of.get(group[0].number)
        own = [one for one in spans(rich.text) if one.is_range]
        for kind, names in _by_label(clear, known):
            if section.kind == "grants" and kind != "mentor":
                continue
            if kind == "principal" and (position is None or position.is_study):
                continue
            start, end = _period(own, position)
            evidence = _evidence(rich.text)
            for name in names:
                meant = "host" if kind == "principal" else _in_context(kind, clear.text, position)
                yield _made(Relation(meant, name.text, start=start, end=end, evidence=evidence), group)
        if section.kind in ("experience", "other"):
            for found in _COWORKER.finditer(clear.text):
                for name in _names_at(clear, found.end(), known):
                    start, end = _period(own, position)
                    yield _made(
                        Relation("coworker", name.text, start=start, end=end, evidence=_evidence(rich.text)), group
                    )


def _period(own: Sequence[TimeSpan], position: Position | None) -> tuple[PartialDate | None, PartialDate | None]:
    """When: as the statement says, else as long as the position."""
    if own:
        start, end = own[0].first, own[0].last
    elif position is not None:
        start, end = position.start, position.end
    else:
        start, end = None, None
    if start is not None and end is not None and start.first_day() > end.last_day():
        return None, None
    return start, end


def _by_label(rich: Rich, known: Known) -> Iterator[tuple[str, list[Name]]]:
    """Kind and people for every label in a statement."""
    text = rich.text
    taken = 0
    for found in _LABEL.finditer(text):
        if found.start() < taken or _is_another_role(text, found):
            continue
        kind = found.lastgroup or ""
        joint = re.compile(r"\s*(?:\((?:s|en|in)\))?\s*(?:[:：–—]|\bwas\b|\bis\b|\bwere\b|\bare\b|-\s)?\s*").match(
            text, found.end()
        )
        start = joint.end() if joint else found.end()
        stop = _NEXT_LABEL.search(text, start)
        names = _names_at(rich, start, known, stop.start() + 1 if stop else None) or _behind_role(rich, start, known)
        if names:
            names = [*names, *_further(rich[: stop.start() + 1] if stop else rich, names[-1].end, known)]
            taken = names[-1].end
            yield kind, names
    for found in _SUFFIXED.finditer(text):
        name = _name_before(rich, found.start(), known)
        label = _LABEL.search(found["label"])
        if name is not None:
            is_colleague = re.search(r"co-?worker|colleague", found["label"], re.IGNORECASE)
            kind = "coworker" if is_colleague else (label.lastgroup or "") if label else ""
            if kind:
                yield kind, [name]


_ROLE_COMMA: Final = re.compile(r"\s*(?:the\s+)?(?P<role>[^,.;:\t]{3,50}),\s+")


def _behind_role(rich: Rich, start: int, known: Known) -> list[Name]:
    """The people named behind what they are: `reporting to the head of data, Ann Lee`."""
    role = _ROLE_COMMA.match(rich.text, start)
    if role is None or not set(words_of(role["role"])) & (ROLE_WORDS | {"vp"}):
        return []
    return _names_at(rich, role.end(), known)


def _is_another_role(text: str, found: re.Match[str]) -> bool:
    """Whether the word is the owner's own role or part of another: "Students - Advisor:", "hosted 20 guests"."""
    behind = text[found.end() : found.end() + 3]
    if (
        found.lastgroup in ("host", "manager", "mentor", "advisor", "coadvisor", "mentee", "coworker", "principal")
        and re.fullmatch(r"\w+", found[0].split()[-1])
        and not re.search(r"\b(?:by|to|of|von|par|por|de)\Z", found[0], re.IGNORECASE)
    ):
        # A bare noun needs a colon, a dash, a bracket or a title behind it.
        return not re.match(
            r"\s*(?:\(s\))?\s*(?:[:：]|[–—-]\s|\bis\b|\bwas\b|(?:Prof|Dr|Mr|Ms|Mrs)\b)",
            text[found.end() : found.end() + 12],
        ) and not behind.startswith(":")
    return False


def _name_before(rich: Rich, end: int, known: Known) -> Name | None:
    """The name that ends at a place."""
    starts = [found.start() for found in re.finditer(r"\S+", rich.text[max(0, end - 70) : end])]
    offset = max(0, end - 70)
    for start in starts:
        found = read_list(rich[: end + 2], offset + start, known=known, titles=True)
        if found is not None and found.names and found.names[-1].end >= end and _is_person(found.names[-1].text, known):
            return found.names[-1]
    return None


def _in_context(kind: str, text: str, position: Position | None) -> str:
    """Who "advised" an intern was the intern's mentor; a label that says "advisor" stands as it is."""
    if position is None or position.is_study or kind != "advisor":
        return kind
    is_intern = bool(
        re.search(
            r"\bintern(?:ship)?\b|praktik|stagiaire|werkstudent",
            f"{position.role} {position.lines[0].text}",
            re.IGNORECASE,
        )
    )
    says_by = bool(
        re.search(
            r"\b(?:advised|supervised|guided|directed)\s+by\b|supervision of|guidance of|\bsupervisors?\b",
            text,
            re.IGNORECASE,
        )
    )
    return "mentor" if is_intern and says_by else kind


# --- grants ---------------------------------------------------------------------------------------------------------


def _grants(section: Section, known: Known, words: frozenset[str], *, is_grant: bool) -> Iterator[Tie]:
    """Who leads a grant, and in a list of grants also who else is named on it."""
    patterns = (("grant_lead", _GRANT_LEAD), ("coworker", _GRANT_PARTNER if is_grant else _CO_LEAD))
    blocks = _grant_blocks(section.lines)
    for block in blocks:
        if any(set(words_of(line.text)) & _EXPIRED_AWARDS for line in block[:1]):
            continue
        block_spans = [one for line in block for one in spans(line.text)]
        for group, rich in _statements(block, words):
            clear = _dateless(rich)
            own = spans(rich.text)
            span = own[0] if own else next(iter([one for one in block_spans if one.is_range] or block_spans), None)
            taken: set[str] = set()
            for kind, name in _on_grant(clear, patterns, known):
                if normalise_name(name.text) not in taken:
                    taken.add(normalise_name(name.text))
                    yield _tie(kind, name.text, span, rich.text, group, is_open=True)


def _on_grant(clear: Rich, patterns: Sequence[tuple[str, re.Pattern[str]]], known: Known) -> Iterator[tuple[str, Name]]:
    """Who leads a grant and who else is on it, by words before the names and roles behind them."""
    for kind, pattern in patterns:
        for found in pattern.finditer(clear.text):
            if kind == "grant_lead" and re.search(r"\bco-?\s?\Z", clear.text[: found.start()], re.IGNORECASE):
                continue
            stop = _NEXT_LABEL.search(clear.text, found.end())
            for name in _names_at(clear, found.end(), known, stop.start() + 1 if stop else None):
                yield kind, name
    for role in _ROLE_BEHIND.finditer(clear.text):
        leader = _name_before(clear[: role.start()], role.start(), known)
        if leader is not None:
            yield "grant_lead", leader


def _grant_blocks(lines: Sequence[Line]) -> list[list[Line]]:
    """One block for each grant: a marker, a heading or a bold line opens it, else each paragraph."""
    if not lines:
        return []
    margin = min(line.indent for line in lines)
    opens = [line for line in lines if line.level or (line.marker and line.indent <= margin + 1)] or [
        line for line in lines if line.gap == 2 and line.rich.is_all(1)
    ]
    if len(opens) < 2:
        return blocks_of(lines) if len(lines) > 1 else [list(lines)]
    numbers = {line.number for line in opens}
    blocks: list[list[Line]] = []
    for line in lines:
        if line.number in numbers or not blocks:
            blocks.append([])
        blocks[-1].append(line)
    return blocks


# --- students -------------------------------------------------------------------------------------------------------

_STUDENT_LABEL: Final = re.compile(r"\s*(?P<label>[^:：\t]{2,60})[:：]\s*(?=[^\W\d_a-z])")
_SHORT_LABEL: Final = re.compile(r"\s*(?:[^\W\d_][\w./’'-]*\s?){1,3}[:：]\s+(?=[^\W\d_a-z])")
_NOT_STUDENTS: Final = re.compile(
    r"\b(?:committee|examiner|jury|opponent|reviewer of|gutachter|external)\b", re.IGNORECASE
)


def _students(section: Section, known: Known, words: frozenset[str]) -> Iterator[Tie]:
    if _NOT_STUDENTS.search(section.title):
        return
    group_span: TimeSpan | None = None
    for item in _items(section.lines):
        rich = joined(item, words=words)
        if _NOT_STUDENTS.search(rich.text.split("\n")[0][:60]) and not re.search(r":", rich.text[:40]):
            continue
        found = spans(rich.text)
        if is_only_dates(rich.text):
            group_span = found[0] if found else None
            continue
        clear = _dateless(rich)
        people = _people_in_item(clear, known)
        for name in people:
            span = _nearest(found, name, people) or group_span
            yield _tie("mentee", name.text, span, rich.text.replace("\t", " "), item)


def _nearest(found: Sequence[TimeSpan], name: Name, people: Sequence[Name]) -> TimeSpan | None:
    """The dates of one of several people of an item: those that follow the name, before the next name."""
    if len(people) == 1 or len(found) <= 1:
        return found[0] if found else None
    following = [one for one in found if one.start >= name.end]
    return following[0] if following else None


_BROKEN_NAME: Final = re.compile(r"\),\s+[^\W\d_a-z][^\W\d_]+\Z")
"""The end of a line that broke a name of a list: `Emil Farrow (2022), Gita`."""


def _items(lines: Sequence[Line]) -> list[list[Line]]:
    """One item for each student: by marker, by table row, or by line at the margin."""
    items: list[list[Line]] = []
    if not lines:
        return items
    margin = min(line.indent for line in lines)
    has_markers = sum(bool(line.marker) for line in lines if line.indent <= margin + 1) * 2 >= sum(
        line.indent <= margin + 1 and line.gap == 2 for line in lines
    ) and any(line.marker for line in lines)
    for line in lines:
        if items and not line.marker and line.gap == 0 and _BROKEN_NAME.search(items[-1][-1].text):
            items[-1][-1] = replace(items[-1][-1], is_soft=True)
        is_labelled = _SHORT_LABEL.match(line.text) is not None and line.indent <= margin + 1
        goes_on = bool(items) and not is_labelled and (items[-1][-1].is_soft or line.indent > margin + 1)
        if (items and goes_on and not (line.marker and line.indent <= margin + 1)) or (
            has_markers and not line.marker and items and line.gap < 2
        ):
            items[-1].append(line)
        else:
            items.append([line])
    return items


def _people_in_item(rich: Rich, known: Known) -> list[Name]:
    """The students that an item names: those at its begin, or those behind a label."""
    text = rich.text
    serial = re.match(r"\s*\d{1,3}[.)]?\s+(?=[^\W\d_a-z]|[“\"„«])", text)
    start = serial.end() if serial else 0
    if re.match(r"\s*[“\"„«]", text[start:]):
        return []  # a title
    while start < len(text) and not text[start].isalnum():
        start += 1
    names = _first_names(rich, start, known)
    if names:
        return [*names, *_further(rich, names[-1].end, known)]
    label = _STUDENT_LABEL.match(text, start)
    if label:
        names = _listed(rich, label.end(), known)
        is_topic = bool(set(words_of(label["label"])) & {"thesis", "title", "topic", "project"})
        if names and (not is_topic or len(names) > 1 or known.is_known(names[0].text)):
            return names
    return _after_role(rich, start, known)


_REMARK_AND_JOINT: Final = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])\s*(?:(?P<comma>,)|;|\n|,?\s*\band\b|&)\s*")


def _further(rich: Rich, end: int, known: Known) -> list[Name]:
    """More people of a list in which each has a remark in brackets: `Ann Lee (2020), Bo Cho (2021)`."""
    people: list[Name] = []
    joint = _REMARK_AND_JOINT.match(rich.text, end)
    while joint is not None:
        found = read_list(rich, joint.end(), known=known, titles=True)
        if found is None or not found.names or not all(_is_person(name.text, known) for name in found.names):
            break
        following = _REMARK_AND_JOINT.match(rich.text, found.end) or re.match(r"\s*\(", rich.text[found.end :])
        if joint["comma"] and not following and not known.is_known(found.names[0].text):
            break
        people += found.names
        joint = _REMARK_AND_JOINT.match(rich.text, found.end)
    return people


def _first_names(rich: Rich, start: int, known: Known) -> list[Name]:
    """The name at a place, and those joined to it by "and" or known from elsewhere."""
    found = read_list(rich, start, known=known, titles=True)
    if found is None or not found.names or not _is_person(found.names[0].text, known):
        return []
    behind = rich.text[found.names[0].end : found.names[0].end + 2]
    if behind.startswith(":") and _STUDENT_LABEL.match(rich.text, start) and _is_label(found.names[0].text):
        return []
    people = [_cut_to_known(name, known) for name in found.names if _is_person(name.text, known)]
    if len(people) != 2 or found.has_and:
        return people
    return [people[0], *(name for name in people[1:] if known.is_known(name.text))]


def _cut_to_known(name: Name, known: Known) -> Name:
    """The name without words behind it that belong to another column, where the document has it elsewhere."""
    words = name.text.split()
    if known.is_known(name.text):
        return name
    heads = (" ".join(words[:size]) for size in range(len(words) - 1, 1, -1))
    cut = next((head for head in heads if normalise_name(head) in known.names), "")
    common = len(list(takewhile(lambda word: fold(word) in COMMON_WORDS, reversed(words))))
    if not cut and common >= 2 and len(words) - common >= 2:  # the begin of a title
        cut = " ".join(words[: len(words) - common])
    return replace(name, text=cut) if cut else name


def _is_label(name: str) -> bool:
    words = words_of(name)
    labels = ROLE_WORDS | HEADING_FILLERS | DEGREE_WORDS | NEVER_NAMES | {"honors", "academy"}
    if len(words) > 1 and words[-1] in WHOLE_FAMILY_WORDS:  # Erin Grant
        words = words[:-1]
    return bool(set(words) & labels)


def _listed(rich: Rich, start: int, known: Known) -> list[Name]:
    """The names of a list whose items may carry remarks in brackets: `Ann Lee (2020), Bo Cho (2021)`."""
    people: list[Name] = []
    position = start
    while position < len(rich):
        found = read_list(rich, position, known=known, titles=True)
        if found is None or not found.names:
            break
        fresh = [name for name in found.names if _is_person(name.text, known)]
        people += fresh
        if len(fresh) < len(found.names):
            break
        joint = re.compile(r"\s*(?:\([^()]*\)|\t+|\[[^\[\]]*\]|\s)*\s*(?:[,;]|\band\b|&|\n)\s*").match(
            rich.text, found.end
        )
        if joint is None or joint.end() <= position:
            break
        position = joint.end()
    return people


def _after_role(rich: Rich, start: int, known: Known) -> list[Name]:
    """The name behind words that say what somebody is: `PhD student Ann Lee`, `Master thesis of Bo Cho`."""
    text = rich.text
    for found in re.finditer(r"\S+\s+", text[start : start + 90]):
        before = words_of(text[start : start + found.end()])
        if not all(
            word in (ROLE_WORDS | HEADING_FILLERS | DEGREE_WORDS) or word.isdigit() or len(word) <= 2 for word in before
        ):
            break
        names = _first_names(rich, start + found.end(), known)
        if names and fold(names[0].text.split()[0]) not in (ROLE_WORDS | HEADING_FILLERS | DEGREE_WORDS):
            return names
    return []


def _mentored(section: Section, known: Known, words: frozenset[str]) -> Iterator[Tie]:
    """Sentences such as "Mentoring a junior engineer, Ann Lee"."""
    for group, rich in _statements(section.lines, words):
        clear = _dateless(rich)
        for found in _MENTORED.finditer(clear.text):
            names = _names_at(clear, found.end(), known)
            if not names:
                continue
            names = [*names, *_further(clear, names[-1].end, known)]
            own = spans(rich.text)
            for name in names:
                yield _tie("mentee", name.text, _nearest(own, name, names), rich.text, group)


# --- organisers -----------------------------------------------------------------------------------------------------


def _organised(section: Section, known: Known, words: frozenset[str]) -> Iterator[Tie]:
    """Events that the owner organised together with somebody; committees are no ties."""
    for group, rich in _statements(section.lines, words):
        clear = _dateless(rich)
        for sentence in re.finditer(r"[^.\n]+(?:\.(?=\s[A-Z])|\n|\.?\s*\Z)", clear.text):
            organised = _ORGANISED.search(sentence[0])
            if organised is None:
                continue
            begin = sentence.start() + organised.start()
            for found in _ORGANISED_WITH.finditer(clear.text, sentence.start(), sentence.end() + 60):
                if found.start() < begin and ":" not in found[0]:
                    continue
                for name in _names_at(clear, found.end(), known):
                    own = spans(rich.text)
                    yield _tie("coorganizer", name.text, own[0] if own else None, rich.text, group)


_PER_GRANT: Final = frozenset(("grant_lead",))
"""Kinds of which each grant is a tie of its own."""


# --- merging --------------------------------------------------------------------------------------------------------


def merged_ties(ties: Iterable[Tie]) -> list[Tie]:
    """Each tie once: the same person in the same way at the same time, or the same line read twice."""
    kept: list[Tie] = []
    for tie in ties:
        one = tie.relation
        for other in kept:
            two = other.relation
            if normalise_name(one.other) != normalise_name(two.other):
                continue
            same_time = (one.start, one.end) == (two.start, two.end)
            if one.kind in _PER_GRANT and tie.line != other.line:
                continue
            if tie.line == other.line or (same_time and (one.kind == two.kind or _is_weaker(one.kind, two.kind))):
                break
            if one.kind == two.kind and _nearly(one, two):
                break
        else:
            kept.append(tie)
    return kept


def _is_weaker(kind: str, than: str) -> bool:
    """Whether a second tie to one person at one time says nothing new."""
    return kind in ("advisor", "mentor", "coworker", "coadvisor") and than in (
        "advisor",
        "coadvisor",
        "mentor",
        "host",
        "manager",
    )


def _nearly(one: Relation, two: Relation) -> bool:
    """Whether two ties of one kind tell of the same time, one of them less precisely."""
    if one.start is None and one.end is None:
        return True
    same_start = (
        one.start is not None
        and two.start is not None
        and one.start.year == two.start.year
        and (one.start.month is None or two.start.month is None)
    )
    same_end = (one.end is None) == (two.end is None) and (
        one.end is None or two.end is None or one.end.year == two.end.year
    )
    return same_start and same_end
