"""Several documents become reviewers and papers: one reviewer for each person, one paper for each work.

Two documents are one person's when their owners' names fit and they share papers; a name alone never joins them. Two
entries are one paper when their titles are the same letters, mathematics read as words, and their bylines share an
author. Every source is kept. What may be the same but is not certain is reported, and kept apart.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from matcher.identity import is_full_name, names_fit, normalise_name
from matcher.ingest.cv.names import Known, cut_glued_letters
from matcher.ingest.cv.positions import joined_affiliations
from matcher.ingest.cv.records import CvDocument, CvEntry, Doubt, LineRange
from matcher.ingest.cv.relations import Tie, merged_ties
from matcher.ingest.cv.vocabulary import word_set
from matcher.records import (
    Affiliation,
    AuthorMention,
    Paper,
    PaperId,
    Person,
    PersonId,
    Relation,
    Reviewer,
    SourceRef,
)

__all__ = ["DocumentReport", "Existing", "Merged", "SamePaper", "merge_documents", "title_key"]

_SHORT_TITLE: Final = 16
"""Letters of a title below which equal titles need bylines that agree by half to be one paper."""

_NEAR_TITLE: Final = 0.75
_LONGEST_ID: Final = 64
_KIND_ORDER: Final = (
    "conference",
    "journal",
    "chapter",
    "workshop",
    "demo",
    "thesis",
    "preprint",
    "other",
    "statement",
)
"""Of two records of one paper, the kind that stands first here is the paper's; `other` says that a record told none."""

_GREEK: Final = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "ϵ": "epsilon",
    "ζ": "zeta",
    "η": "eta",
    "θ": "theta",
    "ι": "iota",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "µ": "mu",
    "ν": "nu",
    "ξ": "xi",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "ς": "sigma",
    "τ": "tau",
    "υ": "upsilon",
    "φ": "phi",
    "ϕ": "phi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
    "∞": "infty",
    "×": "times",
    "ℓ": "ell",
}
_SILENT_COMMANDS: Final = word_set(
    "mathcal mathbb mathbf mathrm mathit mathsf textit textbf emph text textsc texttt textsf underline"
    " left right ensuremath boldsymbol bm"
)


def title_key(title: str) -> str:
    r"""The letters and figures of a title; mathematics counts by its words.

    >>> title_key(r"Retiring  $\Delta DP$ : New metrics") == title_key("Retiring $Δ$DP: new Metrics")
    True
    """
    text = re.sub(r"\\([A-Za-z]+)", lambda found: "" if found[1] in _SILENT_COMMANDS else f"{found[1]} ", title)
    text = "".join(_GREEK.get(char, char) for char in unicodedata.normalize("NFKC", text).casefold())
    text = unicodedata.normalize("NFKD", text)
    return "".join(char for char in text if char.isalnum())


# --- records --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Existing:
    """Reviewers and papers that are there already.

    Args:
        people: the reviewers' persons.
        reviewers: who reviews, with their papers.
        papers: all publications.
    """

    people: tuple[Person, ...] = ()
    reviewers: tuple[Reviewer, ...] = ()
    papers: tuple[Paper, ...] = ()


@dataclass(frozen=True, slots=True)
class SamePaper:
    """Entries that are one paper.

    Args:
        paper_id: the paper.
        title: its title.
        sources: every entry that tells of it; at least two, or one beside a paper that was there already.
    """

    paper_id: PaperId
    title: str
    sources: tuple[SourceRef, ...]


@dataclass(frozen=True, slots=True)
class DocumentReport:
    """What became of one document.

    Args:
        source: name of the file.
        owner: the owner's name; `None` when the document does not tell.
        owner_how: what that rests on.
        reviewer_id: the reviewer that it became part of; `None` when it was left out.
        is_new: whether it began a new reviewer.
        joined_with: other documents of the same person, and why they are the same.
        entries: publications read.
        new_papers: papers that no other document before it told of.
        relations: ties read.
        affiliations: affiliations read.
        interests: interests read.
        domains: mail domains read.
        lines: lines of the document.
        unread: lines that were not read, with the reason.
        doubts: what a person should look at.
    """

    source: str
    owner: str | None
    owner_how: str
    reviewer_id: PersonId | None
    is_new: bool
    joined_with: tuple[str, ...]
    entries: int
    new_papers: int
    relations: int
    affiliations: int
    interests: int
    domains: tuple[str, ...]
    lines: int
    unread: tuple[LineRange, ...]
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """Reviewers and papers out of documents, together with what was there already.

    Args:
        people: one for each reviewer, sorted by id.
        reviewers: sorted by person id.
        papers: sorted by id.
        documents: one report for each document, in the order given.
        same_papers: papers told of more than once, sorted by id.
        doubts: what concerns several documents.
    """

    people: tuple[Person, ...]
    reviewers: tuple[Reviewer, ...]
    papers: tuple[Paper, ...]
    documents: tuple[DocumentReport, ...]
    same_papers: tuple[SamePaper, ...]
    doubts: tuple[Doubt, ...]


@dataclass(slots=True)
class _Record:
    """One telling of a paper: an entry of a document, or a paper that was there already."""

    paper: Paper
    document: int | None
    owner_position: int | None = None


@dataclass(slots=True)
class _Work:
    """Records of one paper."""

    records: list[_Record] = field(default_factory=list)
    paper_id: PaperId | None = None


# --- papers ---------------------------------------------------------------------------------------------------------


def merge_documents(documents: Sequence[CvDocument], existing: Existing | None = None) -> Merged:
    """Join documents into reviewers and papers.

    Args:
        documents: as `read_cv` gives them.
        existing: reviewers and papers to add to; they keep their ids.

    Returns:
        Everything, what was there already included, and a report for each document.

    Example::

        merged = merge_documents([read_cv("cv.txt"), read_cv("listing.txt")])
        print(len(merged.reviewers), len(merged.papers))
    """
    there = existing or Existing()
    documents = _with_cut_names(documents, there)
    works = _works(documents, there)
    groups, reasons, doubts = _people(documents, there, works)
    ids = _person_ids(groups, documents, there)
    papers = _papers(works, ids)
    doubts += _near_doubles(works, papers)
    people, reviewers = _reviewers(groups, ids, documents, there, works)
    return Merged(
        people=tuple(sorted(people, key=lambda one: one.id)),
        reviewers=tuple(sorted(reviewers, key=lambda one: one.person_id)),
        papers=tuple(sorted(papers.values(), key=lambda one: one.id)),
        documents=_reports(documents, ids, groups, reasons, works),
        same_papers=_same_papers(works),
        doubts=tuple(doubts),
    )


def _with_cut_names(documents: Sequence[CvDocument], there: Existing) -> list[CvDocument]:
    """Documents without affiliation letters glued to names that another document has without them."""
    counts: dict[str, int] = {}
    for document in documents:
        for entry in document.entries:
            for name in entry.authors:
                counts[normalise_name(name)] = counts.get(normalise_name(name), 0) + 1
    for paper in there.papers:
        for mention in paper.authors:
            counts[normalise_name(mention.name)] = counts.get(normalise_name(mention.name), 0) + 1
    known = frozenset(counts)
    made = []
    for document in documents:
        entries = []
        for entry in document.entries:
            names = []
            notes = list(entry.notes)
            for name in entry.authors:
                once = counts[normalise_name(name)] == 1
                cut = cut_glued_letters(name, known - {normalise_name(name)}) if once else None
                if cut is not None:
                    notes.append(f"letters of an affiliation are cut from '{name}'")
                names.append(cut or name)
            entries.append(
                entry if tuple(names) == entry.authors else replace(entry, authors=tuple(names), notes=tuple(notes))
            )
        made.append(replace(document, entries=tuple(entries)))
    return made


def _works(documents: Sequence[CvDocument], there: Existing) -> list[_Work]:
    """Every record in the work that it tells of, in the order in which works are first told of."""
    by_key: dict[str, list[_Work]] = {}
    works: list[_Work] = []

    def place(record: _Record) -> None:
        key = title_key(record.paper.title)
        for work in by_key.setdefault(key, []):
            if all(_may_be_one(record.paper, other.paper, key) for other in work.records):
                work.records.append(record)
                return
        work = _Work([record])
        works.append(work)
        by_key[key].append(work)

    for paper in there.papers:
        place(_Record(paper, None))
        works_of_paper = next(work for work in reversed(works) if any(one.paper is paper for one in work.records))
        works_of_paper.paper_id = works_of_paper.paper_id or paper.id
    for number, document in enumerate(documents):
        for entry in document.entries:
            place(_Record(_paper_of(entry, document.source), number, entry.owner_position))
    return works


def _paper_of(entry: CvEntry, source: str) -> Paper:
    return Paper(
        id=PaperId(""),
        title=entry.title,
        abstract=entry.abstract,
        dates=() if entry.date is None else (entry.date,),
        authors=tuple(AuthorMention(name=name) for name in entry.authors),
        published_in=entry.venue,
        kind=entry.kind,
        sources=(SourceRef(source, entry.line),),
    )


def _may_be_one(one: Paper, other: Paper, key: str) -> bool:
    """Whether two records with the same title are one work: they share an author, or one names none."""
    first = [normalise_name(mention.name) for mention in one.authors]
    second = [normalise_name(mention.name) for mention in other.authors]
    if not first or not second:
        return len(key) >= _SHORT_TITLE
    shared = sum(any(_fit(name, more) for more in second) for name in first)
    if len(key) < _SHORT_TITLE:
        return shared * 2 >= max(len(first), len(second))
    return shared > 0


def _fit(one: str, other: str) -> bool:
    return one == other or names_fit(one, other)


def _papers(works: Sequence[_Work], ids: Mapping[int, PersonId | None]) -> dict[int, Paper]:
    """The paper of each work, by its position."""
    taken = {work.paper_id for work in works if work.paper_id is not None}
    made: dict[int, Paper] = {}
    for position, work in enumerate(works):
        if work.paper_id is None:
            work.paper_id = PaperId(_unique(_slug(work.records[0].paper.title) or "paper", taken))
            taken.add(work.paper_id)
        made[position] = _joined(work, ids)
    return made


def _joined(work: _Work, ids: Mapping[int, PersonId | None]) -> Paper:
    """One paper out of its records: what is published before what is not, every date and every source."""
    assert work.paper_id is not None
    main = min(work.records, key=lambda one: (one.document is not None, _KIND_ORDER.index(one.paper.kind)))
    kind = min((one.paper.kind for one in work.records), key=_KIND_ORDER.index)
    venue = next(
        (one.paper.published_in for one in work.records if one.paper.kind == kind and one.paper.published_in), ""
    )
    authors = _byline(main, work, ids)
    dates = tuple(sorted({day for one in work.records for day in one.paper.dates}, key=str))
    sources = tuple(dict.fromkeys(source for one in work.records for source in one.paper.sources))
    return Paper(
        id=work.paper_id,
        title=main.paper.title,
        abstract=next((one.paper.abstract for one in work.records if one.paper.abstract), ""),
        dates=dates,
        authors=authors,
        published_in=venue or main.paper.published_in,
        kind=kind,
        sources=sources,
    )


def _byline(main: _Record, work: _Work, ids: Mapping[int, PersonId | None]) -> tuple[AuthorMention, ...]:
    """The authors of the main record, with the ids of the reviewers whose documents list the paper."""
    longest = max(work.records, key=lambda one: (len(one.paper.authors), one is main))
    source = longest if len(longest.paper.authors) > len(main.paper.authors) + 1 and main.document is not None else main
    mentions = list(source.paper.authors)
    for record in work.records:
        person_id = ids.get(record.document) if record.document is not None else None
        if person_id is None or record.owner_position is None or any(one.person_id == person_id for one in mentions):
            continue
        name = normalise_name(record.paper.authors[record.owner_position].name)
        place = record.owner_position if record is source else _place_of(name, mentions)
        if place is not None and mentions[place].person_id is None:
            one = mentions[place]
            mentions[place] = AuthorMention(one.name, person_id, one.email, one.affiliation, one.domain, one.marks)
    return tuple(mentions)


def _place_of(name: str, mentions: Sequence[AuthorMention]) -> int | None:
    """Where a person stands in another telling of the byline, if only one name there can be theirs."""
    names = [normalise_name(one.name) for one in mentions]
    if names.count(name) == 1:
        return names.index(name)
    fitting = [position for position, other in enumerate(names) if _fit(name, other)]
    return fitting[0] if len(fitting) == 1 else None


# --- people ---------------------------------------------------------------------------------------------------------


def _people(
    documents: Sequence[CvDocument], there: Existing, works: Sequence[_Work]
) -> tuple[list[list[int]], dict[int, str], list[Doubt]]:
    """Documents by person: negative numbers are reviewers that were there already (-1 is the first).

    Returns:
        Groups of documents, why a document joined a group, and doubts about people who share a name.
    """
    owned = _owned(documents, there, works)
    groups: list[list[int]] = [[-1 - position] for position in range(len(there.reviewers))]
    reasons: dict[int, str] = {}
    doubts: list[Doubt] = []
    for number, document in enumerate(documents):
        if document.owner is None:
            continue
        best: tuple[int, list[int], int] | None = None
        for group in groups:
            shared = max((_shared(number, other, owned, documents, there) for other in group), default=0)
            if shared and (best is None or shared > best[0]):
                best = (shared, group, group[0])
        if best is not None:
            best[1].append(number)
            reasons[number] = f"the names fit and {best[0]} {'paper is' if best[0] == 1 else 'papers are'} the same"
            continue
        for group in groups:
            for other in group:
                if _names_of(other, documents, there) & _names_of(number, documents, there):
                    doubts.append(
                        Doubt(
                            None,
                            f"{document.source} and {_called(other, documents, there)} name the same person "
                            f"'{document.owner.name}' but share no paper: two reviewers were made; if they are one, "
                            "join them by hand",
                        )
                    )
                    break
        groups.append([number])
    return groups, reasons, doubts


def _owned(documents: Sequence[CvDocument], there: Existing, works: Sequence[_Work]) -> dict[int, dict[int, str]]:
    """Per document or earlier reviewer, the works it lists and the owner's name as printed there."""
    owned: dict[int, dict[int, str]] = {}
    of_paper: dict[str, list[int]] = {}
    for position, reviewer in enumerate(there.reviewers):
        for paper_id in reviewer.paper_ids:
            of_paper.setdefault(paper_id, []).append(-1 - position)
    for place, work in enumerate(works):
        for record in work.records:
            if record.document is not None:
                name = record.paper.authors[record.owner_position].name if record.owner_position is not None else ""
                owned.setdefault(record.document, {})[place] = normalise_name(name)
            else:
                for key in of_paper.get(record.paper.id, ()):
                    person_id = there.reviewers[-1 - key].person_id
                    name = next((one.name for one in record.paper.authors if one.person_id == person_id), "")
                    owned.setdefault(key, {})[place] = normalise_name(name)
    del documents
    return owned


def _names_of(number: int, documents: Sequence[CvDocument], there: Existing) -> frozenset[str]:
    """Full names of the owner of a document, or of an earlier reviewer."""
    if number < 0:
        person_id = there.reviewers[-1 - number].person_id
        names: Iterable[str] = next((one.names for one in there.people if one.id == person_id), ())
    else:
        owner = documents[number].owner
        names = () if owner is None else (owner.name, *owner.names)
    return frozenset(normal for name in names if is_full_name(normal := normalise_name(name)))


def _called(number: int, documents: Sequence[CvDocument], there: Existing) -> str:
    return f"reviewer '{there.reviewers[-1 - number].person_id}'" if number < 0 else documents[number].source


def _shared(
    number: int, other: int, owned: Mapping[int, Mapping[int, str]], documents: Sequence[CvDocument], there: Existing
) -> int:
    """How many papers two documents share on which their owners can be the same author; 0 when names do not fit."""
    mine, theirs = _names_of(number, documents, there), _names_of(other, documents, there)
    same_name = bool(mine & theirs)
    if not same_name:
        known = Known(owner=mine)
        if not any(known.is_owner(name) for name in sorted(theirs)):
            return 0
    first, second = owned.get(number, {}), owned.get(other, {})
    common = [place for place in first if place in second]
    agreeing = [place for place in common if not first[place] or not second[place] or _fit(first[place], second[place])]
    if len(agreeing) < len(common) / 2:
        return 0
    return len(agreeing) if same_name or len(agreeing) >= 2 else 0


def _person_ids(
    groups: Sequence[Sequence[int]], documents: Sequence[CvDocument], there: Existing
) -> dict[int, PersonId | None]:
    """The id of the person of each document."""
    taken: set[str] = {reviewer.person_id for reviewer in there.reviewers} | {person.id for person in there.people}
    ids: dict[int, PersonId | None] = dict.fromkeys(range(len(documents)))
    for group in groups:
        if group[0] < 0:
            person_id = there.reviewers[-1 - group[0]].person_id
        else:
            owner = documents[group[0]].owner
            assert owner is not None
            person_id = PersonId(_unique(_slug(owner.name) or "reviewer", taken))
            taken.add(person_id)
        for number in group:
            ids[number] = person_id
    return ids


def _reviewers(
    groups: Sequence[Sequence[int]],
    ids: Mapping[int, PersonId | None],
    documents: Sequence[CvDocument],
    there: Existing,
    works: Sequence[_Work],
) -> tuple[list[Person], list[Reviewer]]:
    people: list[Person] = []
    reviewers: list[Reviewer] = []
    persons = {person.id: person for person in there.people}
    for group in groups:
        person_id = ids[group[-1]] if group[-1] >= 0 else there.reviewers[-1 - group[0]].person_id
        assert person_id is not None
        before = there.reviewers[-1 - group[0]] if group[0] < 0 else None
        person = persons.get(person_id) if before is not None else None
        own = [documents[number] for number in group if number >= 0]
        if before is not None and person is not None and not own:
            people.append(person)
            reviewers.append(before)
            continue
        people.append(_person(person_id, person, own))
        reviewers.append(_reviewer(person_id, before, own, group, works))
    return people, reviewers


def _person(person_id: PersonId, before: Person | None, own: Sequence[CvDocument]) -> Person:
    names: dict[str, None] = dict.fromkeys(before.names) if before is not None else {}
    for document in own:
        assert document.owner is not None
        names.update(dict.fromkeys((document.owner.name, *document.owner.names)))
    affiliations: list[Affiliation] = list(before.affiliations) if before is not None else []
    relations: list[Relation] = list(before.relations) if before is not None else []
    for document in own:
        affiliations += document.affiliations
        relations += [one.relation for one in document.relations]
    return Person(
        id=person_id,
        names=tuple(names),
        emails=before.emails if before is not None else (),
        affiliations=tuple(joined_affiliations(affiliations)),
        relations=tuple(tie.relation for tie in merged_ties(Tie(one, number) for number, one in enumerate(relations))),
    )


def _reviewer(
    person_id: PersonId,
    before: Reviewer | None,
    own: Sequence[CvDocument],
    group: Sequence[int],
    works: Sequence[_Work],
) -> Reviewer:
    papers: dict[PaperId, None] = dict.fromkeys(before.paper_ids) if before is not None else {}
    for work in works:
        assert work.paper_id is not None
        if any(record.document in group for record in work.records if record.document is not None):
            papers[work.paper_id] = None
    interests: dict[str, str] = {one.casefold(): one for one in (before.interests if before is not None else ())}
    for document in own:
        for one in document.interests:
            interests.setdefault(one.casefold(), one)
    made = before if before is not None else Reviewer(person_id=person_id)
    return replace(made, paper_ids=tuple(papers), interests=tuple(interests.values()))


# --- reports --------------------------------------------------------------------------------------------------------


def _reports(
    documents: Sequence[CvDocument],
    ids: Mapping[int, PersonId | None],
    groups: Sequence[Sequence[int]],
    reasons: Mapping[int, str],
    works: Sequence[_Work],
) -> tuple[DocumentReport, ...]:
    fresh = dict.fromkeys(range(len(documents)), 0)
    for work in works:
        first = work.records[0].document
        if first is not None:
            fresh[first] += 1
    made = []
    for number, document in enumerate(documents):
        group = next((one for one in groups if number in one), [])
        others = [documents[other].source for other in group if other >= 0 and other != number]
        if group and group[0] < 0:
            others.insert(0, f"reviewer '{ids[number]}'")
        why = reasons.get(number) or next((reasons[other] for other in group if other in reasons), "")
        made.append(
            DocumentReport(
                source=document.source,
                owner=None if document.owner is None else document.owner.name,
                owner_how="" if document.owner is None else document.owner.how,
                reviewer_id=ids[number],
                is_new=bool(group) and group[0] == number,
                joined_with=tuple(f"{other}: {why}" if why else other for other in others),
                entries=len(document.entries),
                new_papers=fresh[number],
                relations=len(document.relations),
                affiliations=len(document.affiliations),
                interests=len(document.interests),
                domains=document.domains,
                lines=len(document.lines),
                unread=document.unread,
                doubts=document.doubts,
            )
        )
    return tuple(made)


def _same_papers(works: Sequence[_Work]) -> tuple[SamePaper, ...]:
    found = []
    for work in works:
        assert work.paper_id is not None
        if len(work.records) > 1:
            sources = tuple(dict.fromkeys(source for one in work.records for source in one.paper.sources))
            found.append(SamePaper(work.paper_id, work.records[0].paper.title, sources))
    return tuple(sorted(found, key=lambda one: one.paper_id))


def _near_doubles(works: Sequence[_Work], papers: Mapping[int, Paper]) -> list[Doubt]:
    """Papers with almost the same title and mostly the same authors: perhaps one work under two titles."""
    found: list[Doubt] = []
    by_author: dict[str, list[int]] = {}
    words: dict[int, frozenset[str]] = {}
    for position, paper in papers.items():
        words[position] = frozenset(re.findall(r"\w{3,}", unicodedata.normalize("NFKC", paper.title).casefold()))
        for mention in paper.authors[:1]:
            by_author.setdefault(normalise_name(mention.name), []).append(position)
    del works
    for group in by_author.values():
        for order, one in enumerate(group):
            for other in group[order + 1 :]:
                union = words[one] | words[other]
                if not union or len(words[one] & words[other]) < _NEAR_TITLE * len(union):
                    continue
                first = {normalise_name(mention.name) for mention in papers[one].authors}
                second = {normalise_name(mention.name) for mention in papers[other].authors}
                if 2 * len(first & second) >= len(first | second):
                    places = ", ".join(str(source) for source in (*papers[one].sources, *papers[other].sources))
                    found.append(
                        Doubt(None, f"perhaps one paper under two titles, kept as two ({places})", papers[one].title)
                    )
    return found


# --- ids ------------------------------------------------------------------------------------------------------------


def _slug(text: str) -> str:
    """Small letters and hyphens; letters of other scripts stay.

    >>> _slug("Żaneta O’Neil-Ślązak"), _slug("What is $x^2$? A study")
    ('zaneta-oneil-slazak', 'what-is-x-2-a-study')
    """
    normal = normalise_name(re.sub(r"[,]", " ", text)) if text else ""
    words = re.findall(r"[^\W_]+", normal.replace("$", " "))
    slug = "-".join(words)
    return slug[:_LONGEST_ID].rstrip("-")


def _unique(slug: str, taken: Iterable[str]) -> str:
    used = taken if isinstance(taken, set) else set(taken)
    if slug not in used:
        return slug
    number = 2
    while f"{slug}-{number}" in used:
        number += 1
    return f"{slug}-{number}"
