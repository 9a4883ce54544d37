"""Several documents become reviewers and papers: one reviewer for each person, one paper for each work.

Every source is kept. What may be the same but is not certain is reported, and kept apart. A document that does not
tell whose it is is left out, with all its publications.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from matcher.identity import normalise_name
from matcher.ingest.cv.names import cut_glued_letters
from matcher.ingest.cv.people import Sources, find_people, joined_told
from matcher.ingest.cv.records import CvDocument, Doubt, LineRange
from matcher.ingest.cv.works import Existing, Record, Work, find_works, fit
from matcher.records import AuthorMention, Paper, PaperId, Person, PersonId, Reviewer, SourceRef

__all__ = ["DocumentReport", "Existing", "Merged", "SamePaper", "merge_documents"]

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

# --- records --------------------------------------------------------------------------------------------------------


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
    works = find_works(documents, there)
    sources = Sources(documents, there)
    groups, reasons, doubts = find_people(sources, works)
    ids = _person_ids(groups, documents, there)
    papers = _papers(works, ids)
    doubts += _near_doubles(works, papers)
    people, reviewers = _reviewers(groups, ids, sources, works)
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


def _papers(works: Sequence[Work], ids: Mapping[int, PersonId | None]) -> dict[int, Paper]:
    """The paper of each work, by its position."""
    taken = {work.paper_id for work in works if work.paper_id is not None}
    made: dict[int, Paper] = {}
    for position, work in enumerate(works):
        if work.paper_id is None:
            work.paper_id = PaperId(_unique(_slug(work.records[0].paper.title) or "paper", taken))
            taken.add(work.paper_id)
        made[position] = _joined(work, ids)
    return made


def _joined(work: Work, ids: Mapping[int, PersonId | None]) -> Paper:
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


def _byline(main: Record, work: Work, ids: Mapping[int, PersonId | None]) -> tuple[AuthorMention, ...]:
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
    fitting = [position for position, other in enumerate(names) if fit(name, other)]
    return fitting[0] if len(fitting) == 1 else None


# --- people ---------------------------------------------------------------------------------------------------------


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
    groups: Sequence[Sequence[int]], ids: Mapping[int, PersonId | None], sources: Sources, works: Sequence[Work]
) -> tuple[list[Person], list[Reviewer]]:
    """The person and the reviewer of each group; whoever no document tells of stays as they are."""
    listed = _listed(works)
    people: list[Person] = []
    reviewers: list[Reviewer] = []
    for group in groups:
        was_there = group[0] < 0
        if was_there and len(group) == 1:
            people.append(sources.person(group[0]))
            reviewers.append(sources.reviewer(group[0]))
            continue
        person_id = ids[group[-1]]
        assert person_id is not None
        before = sources.reviewer(group[0]) if was_there else Reviewer(person_id=person_id)
        names: dict[str, None] = dict.fromkeys(sources.person(group[0]).names if was_there else ())
        papers: dict[PaperId, None] = dict.fromkeys(before.paper_ids)
        places = {place for number in group if number >= 0 for place in listed.get(number, ())}
        for place in sorted(places):
            paper_id = works[place].paper_id
            assert paper_id is not None
            papers[paper_id] = None
        for number in group:
            owner = sources.documents[number].owner if number >= 0 else None
            if owner is not None:
                names.update(dict.fromkeys((owner.name, *owner.names)))
        told = joined_told(sources.told(number) for number in group)
        people.append(
            Person(
                id=person_id,
                names=tuple(names),
                emails=sources.person(group[0]).emails if was_there else (),
                affiliations=told.affiliations,
                relations=told.relations,
            )
        )
        reviewers.append(replace(before, paper_ids=tuple(papers), interests=told.interests))
    return people, reviewers


def _listed(works: Sequence[Work]) -> dict[int, list[int]]:
    """The works that each document lists, by their positions."""
    listed: dict[int, list[int]] = {}
    for place, work in enumerate(works):
        for record in work.records:
            if record.document is not None:
                listed.setdefault(record.document, []).append(place)
    return listed


# --- reports --------------------------------------------------------------------------------------------------------


def _reports(
    documents: Sequence[CvDocument],
    ids: Mapping[int, PersonId | None],
    groups: Sequence[Sequence[int]],
    reasons: Mapping[int, str],
    works: Sequence[Work],
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


def _same_papers(works: Sequence[Work]) -> tuple[SamePaper, ...]:
    found = []
    for work in works:
        assert work.paper_id is not None
        if len(work.records) > 1:
            sources = tuple(dict.fromkeys(source for one in work.records for source in one.paper.sources))
            found.append(SamePaper(work.paper_id, work.records[0].paper.title, sources))
    return tuple(sorted(found, key=lambda one: one.paper_id))


def _near_doubles(works: Sequence[Work], papers: Mapping[int, Paper]) -> list[Doubt]:
    """Papers with almost the same title and mostly the same authors: perhaps one work under two titles.

    What was there already and no document tells of is not doubted again.
    """
    found: list[Doubt] = []
    told = {place for place, work in enumerate(works) if any(one.document is not None for one in work.records)}
    by_author: dict[str, list[int]] = {}
    words: dict[int, frozenset[str]] = {}
    for position, paper in papers.items():
        words[position] = frozenset(re.findall(r"\w{3,}", unicodedata.normalize("NFKC", paper.title).casefold()))
        for mention in paper.authors[:1]:
            by_author.setdefault(normalise_name(mention.name), []).append(position)
    for group in by_author.values():
        for order, one in enumerate(group):
            for other in group[order + 1 :]:
                union = words[one] | words[other]
                if one not in told and other not in told:
                    continue
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
