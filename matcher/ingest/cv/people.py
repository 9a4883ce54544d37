"""Which documents are about one person, and why.

Two documents are one person's when their owners' names fit and they share papers, or where the names and ties,
positions or the mail domain are the same. A name alone never joins them: that is reported, and two reviewers are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from matcher.identity import is_full_name, names_fit, normalise_name
from matcher.ingest.cv.names import Known
from matcher.ingest.cv.positions import joined_affiliations
from matcher.ingest.cv.records import CvDocument, Doubt
from matcher.ingest.cv.relations import Tie, merged_ties
from matcher.ingest.cv.works import Existing, Work, fit
from matcher.records import Affiliation, Person, Relation, Reviewer

__all__ = ["Sources", "Told", "find_people", "joined_told"]

_SAME_POSITIONS: Final = 2
"""Positions with dates that two documents under one name must share to be one person's, where no paper tells."""


# --- what is told ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a person beside names and papers.

    Args:
        affiliations: where they were.
        relations: their ties.
        interests: in their words.
    """

    affiliations: tuple[Affiliation, ...]
    relations: tuple[Relation, ...]
    interests: tuple[str, ...]


def joined_told(told: Iterable[Told]) -> Told:
    """What several tell of one person, each fact once; what comes first stays first."""
    told = list(told)
    relations: dict[Relation, None] = {}
    interests: dict[str, str] = {}
    for each in told:
        relations.update(dict.fromkeys(each.relations))
        for interest in each.interests:
            interests.setdefault(interest.casefold(), interest)
    return Told(
        affiliations=tuple(joined_affiliations(one for each in told for one in each.affiliations)),
        relations=tuple(tie.relation for tie in merged_ties(Tie(one, line) for line, one in enumerate(relations))),
        interests=tuple(interests.values()),
    )


@dataclass(slots=True)
class Sources:
    """Documents and reviewers that were there already: -1 is the first reviewer, 0 the first document.

    Args:
        documents: in the order given.
        there: reviewers and papers that were there already.
    """

    documents: Sequence[CvDocument]
    there: Existing
    _persons: dict[str, Person] = field(init=False)
    _names: dict[int, frozenset[str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._persons = {person.id: person for person in self.there.people}

    def reviewer(self, number: int) -> Reviewer:
        """A reviewer that was there already."""
        return self.there.reviewers[-1 - number]

    def person(self, number: int) -> Person:
        """The person of a reviewer that was there already."""
        return self._persons[self.reviewer(number).person_id]

    def names(self, number: int) -> frozenset[str]:
        """A person's names in one writing."""
        if number not in self._names:
            if number < 0:
                written: tuple[str, ...] = self.person(number).names
            else:
                owner = self.documents[number].owner
                written = () if owner is None else (owner.name, *owner.names)
            self._names[number] = frozenset(normalise_name(name) for name in written)
        return self._names[number]

    def full_names(self, number: int) -> frozenset[str]:
        """Those of the names that say enough to be compared."""
        return frozenset(name for name in self.names(number) if is_full_name(name))

    def told(self, number: int) -> Told:
        """What is told of the person beside names and papers."""
        if number >= 0:
            one = self.documents[number]
            return Told(one.affiliations, tuple(tie.relation for tie in one.relations), one.interests)
        person = self.person(number)
        return Told(person.affiliations, person.relations, self.reviewer(number).interests)

    def domains(self, number: int) -> set[str]:
        """Domains of the person's mail addresses."""
        if number >= 0:
            return set(self.documents[number].domains)
        person = self.person(number)
        mail = {address.rsplit("@", 1)[-1].lower() for address in person.emails}
        return mail | {one.domain for one in person.affiliations if one.domain is not None}

    def called(self, number: int) -> str:
        """How messages call a document or a reviewer."""
        return f"reviewer '{self.reviewer(number).person_id}'" if number < 0 else self.documents[number].source


# --- who is who -----------------------------------------------------------------------------------------------------


def find_people(sources: Sources, works: Sequence[Work]) -> tuple[list[list[int]], dict[int, str], list[Doubt]]:
    """Sort documents by person.

    Args:
        sources: documents, and reviewers that were there already; their numbers are used here.
        works: what the documents and reviewers tell of.

    Returns:
        One group of numbers for each person, why a document joined a group, and doubts about people who share a name.
    """
    owned = _owned(sources, works)
    near = _near(sources, owned)
    groups: list[list[int]] = [[-1 - position] for position in range(len(sources.there.reviewers))]
    reasons: dict[int, str] = {}
    for number, document in enumerate(sources.documents):
        if document.owner is None:
            continue
        found: list[tuple[int, list[int], str]] = []
        for group in groups:
            if near[number].isdisjoint(group):
                continue
            shared = max(_shared(number, other, owned, sources) for other in group)
            why = f"the names fit and {shared} {'paper is' if shared == 1 else 'papers are'} the same"
            if shared or (why := _agreement(number, group, sources)):
                found.append((shared, group, why))
        groups = _joined_groups(number, groups, found)
        if found:
            reasons[number] = max(found, key=lambda one: one[0])[2]
    return groups, reasons, _doubts(groups, sources)


def _owned(sources: Sources, works: Sequence[Work]) -> dict[int, dict[int, str]]:
    """By document or earlier reviewer, the works that it lists and the owner's name as printed there."""
    owned: dict[int, dict[int, str]] = {}
    of_paper: dict[str, list[int]] = {}
    for position, reviewer in enumerate(sources.there.reviewers):
        for paper_id in reviewer.paper_ids:
            of_paper.setdefault(paper_id, []).append(-1 - position)
    for place, work in enumerate(works):
        for record in work.records:
            if record.document is not None:
                name = record.paper.authors[record.owner_position].name if record.owner_position is not None else ""
                owned.setdefault(record.document, {})[place] = normalise_name(name)
                continue
            for number in of_paper.get(record.paper.id, ()):
                person_id = sources.reviewer(number).person_id
                name = next((one.name for one in record.paper.authors if one.person_id == person_id), "")
                owned.setdefault(number, {})[place] = normalise_name(name)
    return owned


def _near(sources: Sources, owned: Mapping[int, Mapping[int, str]]) -> list[set[int]]:
    """For each document, whatever shares a work or a name with it: nothing else can be the same person's."""
    holders: dict[int | str, set[int]] = {}
    keys: dict[int, list[int | str]] = {}
    for number in range(-len(sources.there.reviewers), len(sources.documents)):
        keys[number] = [*owned.get(number, ()), *sources.names(number)]
        for key in keys[number]:
            holders.setdefault(key, set()).add(number)
    return [set().union(*(holders[key] for key in keys[number])) for number in range(len(sources.documents))]


def _joined_groups(
    number: int, groups: Sequence[list[int]], found: Sequence[tuple[int, list[int], str]]
) -> list[list[int]]:
    """The groups with one more document, in the group that it shares most with.

    A document that belongs to several groups shows that they are one person's; only reviewers that were there already
    stay apart, as the chair has them.
    """
    if not found:
        return [*groups, [number]]
    best = max(found, key=lambda one: one[0])[1]
    into = best if best[0] < 0 else next((group for _, group, _ in found if group[0] < 0), best)
    merging = [group for _, group, _ in found if group is not into and group[0] >= 0]
    whole = sorted([*into, *(one for group in merging for one in group), number])
    kept = [group for group in groups if not any(group is other for other in merging)]
    return [whole if group is into else group for group in kept]


def _doubts(groups: Sequence[Sequence[int]], sources: Sources) -> list[Doubt]:
    """People who are kept apart though they share a full name; what was there already is not doubted again."""
    found = []
    by_name: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        names = frozenset[str]().union(*(sources.full_names(number) for number in group))
        others = {other: name for name in sorted(names) for other in by_name.get(name, ())}
        for name in names:
            by_name.setdefault(name, []).append(place)
        for other, name in sorted(others.items()):
            if group[-1] < 0 and groups[other][-1] < 0:
                continue
            first, second = (sources.called(max(each)) for each in (groups[other], group))
            found.append(
                Doubt(
                    None,
                    f"{first} and {second} name the same person '{name}' and are kept as two reviewers: no shared "
                    "paper, tie, position with dates or mail domain tells that they are one; if they are, join their "
                    "rows by hand",
                )
            )
    return found


def _shared(number: int, other: int, owned: Mapping[int, Mapping[int, str]], sources: Sources) -> int:
    """How many papers two documents share on which their owners can be the same author; 0 when names do not fit."""
    mine, theirs = sources.names(number), sources.names(other)
    same_name = any(is_full_name(name) for name in mine & theirs)
    if not same_name:
        known = Known(owner=mine)
        if not any(known.is_owner(name) or any(names_fit(name, one) for one in mine) for name in sorted(theirs)):
            return 0
    first, second = owned.get(number, {}), owned.get(other, {})
    common = [place for place in first if place in second]
    agreeing = [place for place in common if not first[place] or not second[place] or fit(first[place], second[place])]
    if len(agreeing) < len(common) / 2:
        return 0
    return len(agreeing) if same_name or len(agreeing) >= 2 else 0


def _agreement(number: int, group: Sequence[int], sources: Sources) -> str:
    """Why a document is about the person of a group though no paper says so; empty when it need not be.

    The name alone is not enough: a tie to the same person, two positions at the same places and times, an
    address at the employer's domain beside the full name, or a document without publications that tells nothing new.
    """
    if not any(sources.names(number) & sources.names(other) for other in group):
        return ""
    own = sources.told(number)
    known = joined_told(sources.told(other) for other in group)
    ties = {(one.kind, normalise_name(one.other)) for one in own.relations}
    shared = ties & {(one.kind, normalise_name(one.other)) for one in known.relations}
    if shared:
        return f"the name is the same, and so is the {min(shared)[0]}"
    places = {(one.organisation.casefold(), one.start) for one in own.affiliations if one.organisation and one.start}
    if len(places & {(one.organisation.casefold(), one.start) for one in known.affiliations}) >= _SAME_POSITIONS:
        return "the name is the same, and so are positions with their dates"
    # Only a domain in which the employer's name stands: addresses of mail providers tell nothing.
    domains = {one.domain for one in own.affiliations if one.organisation and one.domain is not None}
    full = sources.full_names(number)
    others = [other for other in group if full & sources.full_names(other)]
    if any(_is_within(one, two) for one in domains for other in others for two in sources.domains(other)):
        return "the name is the same, and so is the mail domain"
    if not sources.documents[number].entries and joined_told([known, own]) == joined_told([known]):
        return "the name is the same, and the document tells nothing else that was not known"
    return ""


def _is_within(one: str, other: str) -> bool:
    """Whether two domains are the same, or one lies in the other."""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
