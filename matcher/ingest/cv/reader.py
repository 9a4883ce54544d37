"""Reading one document: its parts in order, and an account of every line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from matcher.identity import names_fit, normalise_name
from matcher.ingest.cv.bibtex import find_bibtex
from matcher.ingest.cv.breaks import Line
from matcher.ingest.cv.entries import ParsedEntry, clear_readings, forms_of, parse_entry
from matcher.ingest.cv.interests import read_interests
from matcher.ingest.cv.layout import Layout, lay_out, read_raw_lines
from matcher.ingest.cv.names import Known, cut_glued_letters
from matcher.ingest.cv.owner import (
    HeadName,
    OwnerGuess,
    choose_owner,
    domains_in,
    head_names,
    without_addresses,
)
from matcher.ingest.cv.positions import Position, affiliations_of, read_positions
from matcher.ingest.cv.records import CvDocument, CvEntry, CvOwner, CvRelation, Doubt, LineUse
from matcher.ingest.cv.relations import merged_ties, read_relations
from matcher.ingest.cv.rich import Rich, join
from matcher.ingest.cv.sections import Section, split_sections
from matcher.ingest.cv.segments import Segment, buttons_of, is_noise, segment
from matcher.ingest.cv.template import learn
from matcher.ingest.cv.titles import is_venue_like
from matcher.records import Affiliation

__all__ = ["read_cv"]

_SHOWN: Final = 70
_ENOUGH: Final = 3.0
"""Score from which a reading of an entry is taken; below it the entry is in doubt."""

_ENOUGH_ANYWHERE: Final = 5.0
"""The same outside a part that a heading calls publications."""

_TOP_LINES: Final = 14
_FEWEST_ELSEWHERE: Final = 2
_FEWEST_IMPLIED: Final = 2
_FEWEST_BUTTONS: Final = 3
"""Times that a line stands in the lists of a document before it is taken for a button of the page."""

_SAME_AUTHORS: Final = re.compile(r"\s*(?:[—–―-]{2,}|_{3,})\s*[.,:]?\s+(?=\S)")
"""The dash that stands for the authors of the entry before."""

_REASONS: Final = {
    "awards": "awards are not used",
    "talks": "talks are no publications",
    "teaching": "teaching is not used",
    "service": "service is not used, but for organisers named together with the owner",
    "media": "press and media are not used",
    "skills": "skills are not used",
    "references": "referees are not used",
    "patents": "patents are not read as publications",
    "projects": "projects are no publications",
    "summary": "a summary in prose is not read",
    "personal": "personal details are not kept",
    "people": "a list of co-authors is not used: bylines name them",
    "grants": "a grant without another person named is not used",
    "students": "no student's name was found here",
    "education": "details of a position are not used",
    "experience": "details of a position are not used",
    "interests": "no interest was found here",
    "head": "the head of the document is not used beyond name, domain and employer",
    "preamble": "the head of the document is not used beyond name, domain and employer",
    "other": "what this part is about is not known",
    "publications": "no publication was recognised here",
}


@dataclass(slots=True)
class _Account:
    """What each line was read as; the first use counts."""

    uses: dict[int, str] = field(default_factory=dict)

    def note(self, lines: Iterable[Line | int], use: str) -> None:
        for line in lines:
            self.uses.setdefault(line if isinstance(line, int) else line.number, use)


@dataclass(slots=True)
class _Found:
    """An entry with its lines."""

    parsed: ParsedEntry
    lines: list[Line]


def read_cv(path: str | Path) -> CvDocument:
    """Read a CV or a publication page: text, Markdown or PDF.

    Args:
        path: the file.

    Returns:
        The owner, publications, affiliations, relations and interests, and what became of every line.

    Raises:
        DataError: the file cannot be read, is empty, or is a PDF without text.
        MissingExtraError: it is a PDF, and `pypdf` is not installed.

    Example::

        document = read_cv("cv.txt")
        print(document.owner, len(document.entries), document.unread)
    """
    path = Path(path)
    raw, is_pdf = read_raw_lines(path)
    layout = lay_out(raw, is_pdf=is_pdf)
    return _read(layout, path.name)


def _read(layout: Layout, source: str) -> CvDocument:
    sections = split_sections(layout)
    words = _words_of(layout)
    heads = head_names(layout, sections)
    own_names = [name for one in _same(heads) for name in (one.name, one.alias) if name]
    known = Known(owner=frozenset(normalise_name(name) for name in own_names), words=_small_words(layout))
    found, doubts, account = _publications(sections, known, words, heads)
    guess = choose_owner(heads, [one.parsed for one in found])
    # What the first pass has learned (the owner, names without doubt) decides what it left open.
    learned = _learned(guess, [one.parsed for one in found], known)
    if learned != known:
        found, doubts, account = _publications(sections, learned, words, heads)
        guess = choose_owner(heads, [one.parsed for one in found]) or guess
    return _document(layout, sections, source, guess, found, doubts, account, learned, words)


def _same(heads: Sequence[HeadName]) -> list[HeadName]:
    """The first name of the head, and others there that may be the same person's."""
    if not heads:
        return []
    first = normalise_name(heads[0].name)
    return [one for one in heads if normalise_name(one.name) == first or names_fit(normalise_name(one.name), first)]


def _words_of(layout: Layout) -> frozenset[str]:
    """Every word of the document, folded, hyphens kept: they tell how to join words cut at line ends."""
    found: set[str] = set()
    is_cut = False
    for line in layout.lines:
        words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", line.text.lower())
        ends_cut = re.search(r"[^\W\d_][-‐\u00ad]\Z", line.text) is not None
        found.update(words[is_cut : len(words) - ends_cut])
        is_cut = ends_cut
    return frozenset(found)


def _small_words(layout: Layout) -> frozenset[str]:
    """Words that the document writes in small letters, addresses left out."""
    return frozenset(
        word for line in layout.lines for word in re.findall(r"(?<![\w@./])[a-zà-ÿ]{3,}(?![\w@]|\.\w)", line.text)
    )


def _learned(guess: OwnerGuess | None, entries: Sequence[ParsedEntry], known: Known) -> Known:
    """What a first pass tells: the owner, and full names that stand in bylines with the owner or more than once."""
    owner = known.owner
    if guess is not None:
        names_of_owner = [normalise_name(name) for name in (guess.name, *guess.names)]
        spelled_out = [name for name in names_of_owner if all(len(word) > 1 for word in name.split()[:1])]
        owner = frozenset(spelled_out or names_of_owner)
    counts: Counter[str] = Counter()
    for entry in entries:
        for name in entry.names:
            counts[normalise_name(name)] += 1 + (entry.score >= 2 * _ENOUGH and len(entry.names) > 1)
    names = frozenset(name for name, count in counts.items() if count >= 2 and len(name.split()) >= 2)
    learned = Known(owner=owner, names=names, words=known.words)
    if known.owner and known.owner <= owner:  # what was plain stays so
        learned.memo.update(clear_readings(known))
    return learned


# --- publications ---------------------------------------------------------------------------------------------------


def _publications(
    sections: Sequence[Section], known: Known, words: frozenset[str], heads: Sequence[HeadName]
) -> tuple[list[_Found], list[Doubt], _Account]:
    account = _Account()
    found: list[_Found] = []
    doubts: list[Doubt] = []
    listed = [section for section in sections if section.kind == "publications"]
    for section in sections:
        if section.kind in ("publications", "preamble", "other", "head"):
            _take_bibtex(section, known, found, account)
    implied: list[_Found] = []
    buttons = buttons_of([line for section in listed for line in section.lines], known, _FEWEST_BUTTONS)
    lists = [_segmented(section, known, words, account, buttons) for section in listed]
    template = learn([forms_of(rich, known) for pieces in lists for _, rich in pieces])
    entry = 0
    for section, pieces in zip(listed, lists, strict=True):
        for one, rich in pieces:
            parsed = parse_entry(
                rich,
                known,
                hint=section.hint or _hint_of(one),
                year=section.year,
                tag=_label_of(one),
                template=template,
                entry=entry,
            )
            entry += 1
            _take_entry(one, rich, parsed, known, found, implied, doubts, account)
    _take_implied(implied, found, doubts, account)
    if not found:
        top = max((one.line for one in heads if known.is_owner(one.name)), default=0)
        for section in sections:
            if section.kind in ("preamble", "other", "head", "publications", "summary"):
                _take_elsewhere(section, known, words, found, account, below=top)
    else:
        for section in sections:
            if section.kind == "other":
                _take_elsewhere(section, known, words, found, account, below=0)
    found.sort(key=lambda one: one.lines[0].number)
    return found, doubts, account


def _take_bibtex(section: Section, known: Known, found: list[_Found], account: _Account) -> None:
    for record in find_bibtex(section.lines, known):
        if record.entry is not None:
            found.append(_Found(record.entry, list(record.lines)))
            account.note(record.lines, "publication")


def _segmented(
    section: Section, known: Known, words: frozenset[str], account: _Account, buttons: frozenset[str]
) -> list[tuple[Segment, Rich]]:
    """The entries of a part with their texts."""
    lines = [line for line in section.lines if line.number not in account.uses]
    segments, remarks, _ = segment(lines, known, words, buttons)
    account.note(remarks, "remark")
    found: list[tuple[Segment, Rich]] = []
    for one in segments:
        rich = _table_text(one) if one.lines[0].cells else one.rich(words)
        same = _SAME_AUTHORS.match(rich.text)
        before = parse_entry(found[-1][1], known) if same and found else None
        if same and before is not None and before.names:
            byline = found[-1][1][before.authors.start : before.authors.end]
            rich = join([byline, rich[same.end() :]], [". "])
        found.append((one, rich))
    return found


def _take_entry(
    one: Segment,
    rich: Rich,
    parsed: ParsedEntry | None,
    known: Known,
    found: list[_Found],
    implied: list[_Found],
    doubts: list[Doubt],
    account: _Account,
) -> None:
    """Take the reading of an entry, or say that it is in doubt."""
    if parsed is not None and parsed.is_owner_implied:
        implied.append(_Found(parsed, one.lines))
    elif parsed is not None and _is_entry(parsed, one, known, _ENOUGH):
        found.append(_Found(parsed, one.lines))
        account.note(one.lines, "publication")
    elif _looks_meant(one, rich):
        reason = (
            "no authors and title could be told apart"
            if parsed is None
            else "it is not certain that this is a publication"
        )
        doubts.append(Doubt(one.lines[0].number, f"not read as a publication: {reason}", _shown(rich.text)))


def _take_implied(implied: Sequence[_Found], found: list[_Found], doubts: list[Doubt], account: _Account) -> None:
    """Entries that do not name the owner: taken where the document lists its papers so, else in doubt."""
    is_habit = len(implied) >= _FEWEST_IMPLIED and len(implied) >= len(found)
    for one in implied:
        if is_habit:
            found.append(one)
            account.note(one.lines, "publication")
        else:
            doubts.append(
                Doubt(one.lines[0].number, "not read as a publication: it names no authors", _shown(one.parsed.title))
            )


def _take_elsewhere(
    section: Section,
    known: Known,
    words: frozenset[str],
    found: list[_Found],
    account: _Account,
    *,
    below: int,
) -> None:
    """Entries in a part that no heading calls publications: only records that leave no doubt, and several of them."""
    lines = [line for line in section.lines if line.number not in account.uses and line.number > below]
    segments, remarks, _ = segment(lines, known, words)
    sure: list[_Found] = []
    for one in segments:
        rich = _table_text(one) if one.lines[0].cells else one.rich(words)
        parsed = parse_entry(rich, known, hint=section.hint, year=section.year, tag=_label_of(one))
        if (
            parsed is not None
            and parsed.has_owner
            and not parsed.is_owner_implied
            and parsed.score >= _ENOUGH_ANYWHERE
            and (parsed.date or parsed.venue)
            and len(parsed.title.split()) >= 2
        ):
            sure.append(_Found(parsed, one.lines))
    if len(sure) >= _FEWEST_ELSEWHERE and len(sure) * 2 >= len(segments):
        account.note(remarks, "remark")
        for item in sure:
            found.append(item)
            account.note(item.lines, "publication")


def _label_of(one: Segment) -> str:
    """A list marker that is a tag: `[ABC+23]` tells nothing, `[ICML24]` the venue."""
    marker = one.lines[0].marker.strip("[]().: ")
    return marker if re.fullmatch(r"[A-Za-z]{3,10}['’]?\d{2}", marker) else ""


_LABEL_KINDS: Final = {"j": "journal", "c": "conference", "i": "preprint", "p": "chapter", "b": "other"}
"""What the letter of a small label says in a bibliography: `[j12]`."""


def _hint_of(one: Segment) -> str:
    """The kind that the label of an entry announces, or empty."""
    label = re.fullmatch(r"\[(?P<letter>[a-z])\d{1,3}\]", one.lines[0].marker)
    return _LABEL_KINDS.get(label["letter"], "") if label else ""


def _table_text(one: Segment) -> Rich:
    """A row of a table as one text, cells on lines of their own."""
    rich = one.lines[0].rich
    return Rich(rich.text.replace("\t", "\n"), rich.style)


def _is_entry(parsed: ParsedEntry, one: Segment, known: Known, enough: float) -> bool:
    """Whether a reading is taken."""
    if parsed.score < enough or not (parsed.names or parsed.is_owner_implied):
        return False
    if len(parsed.title) > 400 or not re.search(
        r"[^\W\d_]{3}|[\u3400-\u9fff\uac00-\ud7af\u3040-\u30ff]{2}", parsed.title
    ):
        return False
    if parsed.is_title_first and _names_owner(parsed.title, known):
        return False  # two entries read as one: the first one's authors stand in what would be the title
    if parsed.has_owner or parsed.authors.is_truncated:
        return True
    familiar = any(known.is_known(name) for name in parsed.names)
    has_more = bool(parsed.venue or parsed.date or parsed.is_shown)
    return has_more and (
        familiar or (one.is_marked and len(parsed.names) >= 2) or len(parsed.names) >= 3 or parsed.authors.is_inverted
    )


def _names_owner(title: str, known: Known) -> bool:
    """Whether a title holds the owner's full name."""
    words = f" {normalise_name(title)} "
    return any(f" {own} " in words for own in known.owner if len(own.split()) >= 2)


def _looks_meant(one: Segment, rich: Rich) -> bool:
    """Whether unread lines of a list of publications look as if an entry was meant."""
    text = rich.text.strip()
    return len(text.split()) >= 4 and (
        one.is_marked or is_venue_like(text) or bool(re.search(r"[“\"„].{10,}[”\"“]|\b(?:19|20)\d\d\b", text))
    )


def _shown(text: str) -> str:
    text = " ".join(without_addresses(text).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


# --- the document ---------------------------------------------------------------------------------------------------


def _document(
    layout: Layout,
    sections: Sequence[Section],
    source: str,
    guess: OwnerGuess | None,
    found: Sequence[_Found],
    doubts: list[Doubt],
    account: _Account,
    known: Known,
    words: frozenset[str],
) -> CvDocument:
    entries = _entries(found, known, account, "" if guess is None else guess.name)
    positions = [
        one for section in sections if section.kind in ("education", "experience") for one in read_positions(section)
    ]
    for position in positions:
        account.note(_lines_of(position), "position")
    affiliations = affiliations_of(positions)
    ties = merged_ties(read_relations(sections, positions, known, words)) if guess is not None else []
    account.note((number for tie in ties for number in tie.lines), "relation")
    interests, interest_lines = read_interests(sections, words)
    account.note(sorted(interest_lines), "interests")
    domains = _domains(sections, account)
    if guess is not None and guess.line is not None:
        account.note([guess.line], "owner")
    if not affiliations:
        affiliations = _from_head(sections, account)
    doubts = [*_owner_doubts(guess, found), *doubts, *_entry_doubts(entries)]
    owner = None if guess is None else CvOwner(guess.name, guess.names, guess.how, guess.line, guess.is_sure)
    return CvDocument(
        source=source,
        owner=owner,
        domains=domains,
        affiliations=tuple(_with_domains(affiliations, domains)),
        relations=tuple(CvRelation(tie.relation, tie.line) for tie in ties),
        interests=interests,
        entries=entries,
        doubts=tuple(sorted(doubts, key=lambda one: (one.line or 0, one.reason))),
        lines=_line_uses(layout, sections, account),
        is_pdf=layout.is_pdf,
    )


def _lines_of(position: Position) -> list[Line]:
    """The lines that say where, as what and when; the bullets below them are details."""
    return [line for line in position.lines if line is position.lines[0] or not line.marker]


def _entries(found: Sequence[_Found], known: Known, account: _Account, own_name: str) -> tuple[CvEntry, ...]:
    others = frozenset(normalise_name(name) for one in found for name in one.parsed.names)
    made: list[CvEntry] = []
    for number, one in enumerate(found, start=1):
        parsed = one.parsed
        for line in one.lines:
            account.uses[line.number] = f"publication {number}"
        notes: list[str] = []
        names = _mended_names(parsed, others, notes)
        owner = _owner_position(names, known)
        if parsed.is_owner_implied and owner is None and own_name:
            names = [own_name, *names]
            owner = 0
        elif owner is None and known.owner:
            notes.append(
                "the list of authors is cut short"
                if parsed.authors.is_truncated
                else "the owner is not among the authors"
            )
        made.append(
            CvEntry(
                title=parsed.title,
                authors=tuple(names),
                owner_position=owner,
                date=parsed.date,
                venue=parsed.venue,
                kind=parsed.kind,
                abstract=parsed.abstract,
                line=one.lines[0].number,
                last_line=one.lines[-1].number,
                is_truncated=parsed.authors.is_truncated,
                groups=parsed.authors.groups,
                notes=tuple(notes),
            )
        )
    return tuple(made)


def _mended_names(parsed: ParsedEntry, others: frozenset[str], notes: list[str]) -> list[str]:
    """The authors without repeats and without affiliation letters glued to their names."""
    names: list[str] = []
    seen: set[str] = set()
    repeated: list[str] = []
    for name in parsed.names:
        cut = cut_glued_letters(name, others - {normalise_name(name)})
        if cut is not None:
            notes.append(f"letters of an affiliation are cut from '{name}'")
        whole = name if cut is None else cut
        key = normalise_name(whole)
        if key in seen:
            repeated.append(whole)
            continue
        seen.add(key)
        names.append(whole)
    if repeated:
        notes.append(f"named more than once among the authors: {', '.join(dict.fromkeys(repeated))}")
    return names


def _owner_position(names: Sequence[str], known: Known) -> int | None:
    """Where the owner stands: the full name if it is there, else the only name that may be theirs."""
    exact = [position for position, name in enumerate(names) if normalise_name(name) in known.owner]
    loose = [position for position, name in enumerate(names) if known.is_owner(name)]
    if exact:
        return exact[0]
    return loose[0] if len(loose) == 1 else None


def _domains(sections: Sequence[Section], account: _Account) -> tuple[str, ...]:
    """Domains of the owner's addresses: of the head and of contact details, never of referees or students."""
    found: dict[str, None] = {}
    shown = 0
    for section in sections:
        for line in section.lines:
            shown += 1
            is_own = (
                section.kind in ("preamble", "personal", "head")
                or (section.kind in ("other", "summary", "skills") and shown <= 4 * _TOP_LINES)
                or shown <= _TOP_LINES
            )
            if is_own and section.kind not in ("references", "people", "students"):
                for domain in domains_in(line.text):
                    found[domain] = None
                    account.note([line], "contact")
    return tuple(found)


def _from_head(sections: Sequence[Section], account: _Account) -> list[Affiliation]:
    """The employer that the head names, where no part of the document lists positions."""
    for section in sections[:3]:
        if section.kind not in ("preamble", "other", "head"):
            continue
        for line in section.lines[:_TOP_LINES]:
            if account.uses.get(line.number, "contact") not in ("contact", "relation", "interests"):
                continue
            if re.match(r"[^:\t]{3,40}:\s", line.text):
                continue
            part = Section("experience", lines=[replace(line, gap=2)])
            for position in read_positions(part):
                if position.span is None and position.organisation:
                    account.note([line], "position")
                    return [Affiliation(organisation=position.organisation, role=position.role)]
    return []


def _with_domains(affiliations: Sequence[Affiliation], domains: Sequence[str]) -> list[Affiliation]:
    """Affiliations with the domain of the owner's address where its name stands in one; others stand alone."""
    made = list(affiliations)
    for domain in domains:
        labels = [label for label in domain.split(".") if len(label) >= 3]
        fits = [
            position
            for position, one in enumerate(made)
            if one.domain is None and any(label in _initials_and_words(one.organisation) for label in labels)
        ]
        if fits:
            newest = [position for position in fits if made[position].end is None] or fits
            for position in newest[:1]:
                made[position] = replace(made[position], domain=domain)
        else:
            made.append(Affiliation(domain=domain))
    return made


def _initials_and_words(organisation: str) -> frozenset[str]:
    words = re.findall(r"[a-z0-9]+", normalise_name(organisation))
    capitals = "".join(char for char in organisation if char.isupper()).lower()
    short = [re.sub(r"[^a-z0-9]", "", one.lower()) for one in re.findall(r"\(([^()]{2,12})\)", organisation)]
    return frozenset((*words, *short, capitals, "".join(word[0] for word in words)))


def _owner_doubts(guess: OwnerGuess | None, found: Sequence[_Found]) -> list[Doubt]:
    if guess is None:
        names = (
            "no name stands in its head, and no author is on most of its entries"
            if found
            else "no name stands in its head"
        )
        return [Doubt(None, f"the owner of the document is not known: {names}")]
    if not guess.is_sure:
        return [Doubt(guess.line, f"the owner is not certain: {guess.how}", guess.name)]
    return []


def _entry_doubts(entries: Sequence[CvEntry]) -> list[Doubt]:
    return [Doubt(entry.line, note, _shown(entry.title)) for entry in entries for note in entry.notes]


def _line_uses(layout: Layout, sections: Sequence[Section], account: _Account) -> tuple[LineUse, ...]:
    """What became of every line, from first to last."""
    uses: dict[int, LineUse] = {number: LineUse(number, True, reason) for number, reason in layout.skipped.items()}
    uses.update((number, LineUse(number, False, reason)) for number, reason in layout.unread.items())
    for section in sections:
        if section.heading is not None:
            use = account.uses.get(section.heading.number, "heading")
            uses[section.heading.number] = LineUse(section.heading.number, True, use)
        for line in section.lines:
            use = account.uses.get(line.number, "")
            if use:
                uses[line.number] = LineUse(line.number, True, use)
            elif is_noise(line) and section.kind in ("preamble", "other"):
                uses[line.number] = LineUse(line.number, True, "remark")
            else:
                uses[line.number] = LineUse(line.number, False, _REASONS.get(section.kind, _REASONS["other"]))
    return tuple(uses[number] for number in range(1, layout.total + 1))
