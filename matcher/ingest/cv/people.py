"""Which documents are about one person, and why.

Two documents are one person's when their owners' names fit and they share papers, or where the full names and ties or
positions are the same. A name alone never joins them: that is reported, and two reviewers are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from matcher.identity import is_full_name, names_fit, normalise_name
from matcher.ingest.cv.names import Known
from matcher.ingest.cv.positions import joined_affiliations
from matcher.ingest.cv.records import CvDocument, Doubt
from matcher.ingest.cv.relations import Tie, merged_ties
from matcher.ingest.cv.works import Existing, Work, fit
from matcher.records import Affiliation, Person, Relation

__all__ = ["Told", "find_people", "joined_told", "told_by"]

_SAME_POSITIONS: Final = 2
"""Positions with dates that two documents under one name must share to be one person's, where no paper tells."""


def find_people(
    documents: Sequence[CvDocument], there: Existing, works: Sequence[Work]
) -> tuple[list[list[int]], dict[int, str], list[Doubt]]:
    """Documents by person: negative numbers are reviewers that were there already (-1 is the first).

    Returns:
        Groups of documents, why a document joined a group, and doubts about people who share a name.
    """
    owned = _owned(there, works)
    groups: list[list[int]] = [[-1 - position] for position in range(len(there.reviewers))]
    reasons: dict[int, str] = {}
    for number, document in enumerate(documents):
        if document.owner is None:
            continue
        found: list[tuple[int, list[int], str]] = []
        for group in groups:
            shared = max(_shared(number, other, owned, documents, there) for other in group)
            why = f"the names fit and {shared} {'paper is' if shared == 1 else 'papers are'} the same"
            if shared or (why := _agreement(number, group, documents, there)):
                found.append((shared, group, why))
        groups = _joined_groups(number, groups, found)
        if found:
            reasons[number] = max(found, key=lambda one: one[0])[2]
    return groups, reasons, _doubts(groups, documents, there)


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
    earlier = next((group for _, group, _ in found if group[0] < 0), best)
    into = best if best[0] < 0 else earlier
    merging = [group for _, group, _ in found if group is not into and group[0] >= 0]
    made = [group for group in groups if not any(group is other for other in merging)]
    whole = sorted([*into, *(one for group in merging for one in group), number])
    return [whole if group is into else group for group in made]


def _doubts(groups: Sequence[Sequence[int]], documents: Sequence[CvDocument], there: Existing) -> list[Doubt]:
    """People who are kept apart though they share a full name; what was there already is not doubted again."""
    found = []
    for order, group in enumerate(groups):
        for other in groups[:order]:
            if group[-1] < 0 and other[-1] < 0:
                continue
            names = [
                frozenset().union(*(_full_names(one, documents, there) for one in each)) for each in (group, other)
            ]
            if not names[0] & names[1]:
                continue
            first, second = (_called(max(each), documents, there) for each in (group, other))
            found.append(
                Doubt(
                    None,
                    f"{second} and {first} name the same person '{min(names[0] & names[1])}' and are kept as two "
                    "reviewers: no shared paper, tie, position with dates or mail domain tells that they are one; "
                    "if they are, join their rows by hand",
                )
            )
    return found


def _owned(there: Existing, works: Sequence[Work]) -> dict[int, dict[int, str]]:
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
    return owned


def _names_of(number: int, documents: Sequence[CvDocument], there: Existing) -> frozenset[str]:
    """Names of the owner of a document, or of an earlier reviewer, in one writing."""
    if number < 0:
        names: Iterable[str] = _earlier(number, there).names
    else:
        owner = documents[number].owner
        names = () if owner is None else (owner.name, *owner.names)
    return frozenset(normalise_name(name) for name in names)


def _full_names(number: int, documents: Sequence[CvDocument], there: Existing) -> frozenset[str]:
    return frozenset(name for name in _names_of(number, documents, there) if is_full_name(name))


def _called(number: int, documents: Sequence[CvDocument], there: Existing) -> str:
    return f"reviewer '{there.reviewers[-1 - number].person_id}'" if number < 0 else documents[number].source


def _shared(
    number: int, other: int, owned: Mapping[int, Mapping[int, str]], documents: Sequence[CvDocument], there: Existing
) -> int:
    """How many papers two documents share on which their owners can be the same author; 0 when names do not fit."""
    mine, theirs = _names_of(number, documents, there), _names_of(other, documents, there)
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


def _agreement(number: int, group: Sequence[int], documents: Sequence[CvDocument], there: Existing) -> str:
    """Why a document is about the person of a group though no paper says so; empty when it need not be.

    The full name alone is not enough: a tie to the same person, two positions at the same places and times, an
    address at the employer's domain, or a document without publications that tells nothing new.
    """
    names = _full_names(number, documents, there)
    if not any(names & _full_names(other, documents, there) for other in group):
        return ""
    own = told_by(number, documents, there)
    known = joined_told([told_by(other, documents, there) for other in group])
    ties = {(one.kind, normalise_name(one.other)) for one in own.relations}
    shared = ties & {(one.kind, normalise_name(one.other)) for one in known.relations}
    if shared:
        return f"the name is the same, and so is the {min(shared)[0]}"
    places = {(one.organisation.casefold(), one.start) for one in own.affiliations if one.organisation and one.start}
    if len(places & {(one.organisation.casefold(), one.start) for one in known.affiliations}) >= _SAME_POSITIONS:
        return "the name is the same, and so are positions with their dates"
    domains = {one.domain for one in own.affiliations if one.organisation and one.domain is not None}
    if any(_is_within(one, two) for one in domains for two in _domains_of(group, documents, there)):
        return "the name is the same, and so is the mail domain"
    if not documents[number].entries and joined_told([known, own]) == joined_told([known]):
        return "the name is the same, and the document tells nothing else that was not known"
    return ""


def _domains_of(group: Iterable[int], documents: Sequence[CvDocument], there: Existing) -> set[str]:
    """Domains of a person's mail addresses."""
    found: set[str] = set()
    for number in group:
        if number >= 0:
            found.update(documents[number].domains)
            continue
        person = _earlier(number, there)
        found.update(address.rsplit("@", 1)[-1].lower() for address in person.emails)
        found.update(one.domain for one in person.affiliations if one.domain is not None)
    return found


def _is_within(one: str, other: str) -> bool:
    """Whether two domains are the same, or one lies in the other."""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _earlier(number: int, there: Existing) -> Person:
    """The person of a reviewer that was there already."""
    person_id = there.reviewers[-1 - number].person_id
    return next(each for each in there.people if each.id == person_id)


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


def told_by(number: int, documents: Sequence[CvDocument], there: Existing) -> Told:
    """What a document tells of its owner, or what is known of an earlier reviewer (a negative number)."""
    if number >= 0:
        one = documents[number]
        return Told(one.affiliations, tuple(tie.relation for tie in one.relations), one.interests)
    person = _earlier(number, there)
    return Told(person.affiliations, person.relations, there.reviewers[-1 - number].interests)


def joined_told(told: Sequence[Told]) -> Told:
    """What several tell of one person, each fact once; what comes first stays first."""
    relations: dict[Relation, int] = {}
    for number, each in enumerate(told):
        for one in each.relations:
            relations.setdefault(one, number)
    interests: dict[str, str] = {}
    for each in told:
        for interest in each.interests:
            interests.setdefault(interest.casefold(), interest)
    return Told(
        affiliations=tuple(joined_affiliations(one for each in told for one in each.affiliations)),
        relations=tuple(tie.relation for tie in merged_ties(Tie(one, line) for line, one in enumerate(relations))),
        interests=tuple(interests.values()),
    )
