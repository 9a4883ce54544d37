"""What is known of a venue's people before any guess: names, addresses, and who stands on papers that they list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from matcher.identity.links import CONFIDENCE, Basis, Link
from matcher.identity.names import are_told_apart, is_full_name, names_fit, normalise_email, normalise_name
from matcher.identity.surroundings import institutions_of_person
from matcher.records import AuthorMention, Paper, PaperId, PersonId, Reviewer, Venue

__all__ = ["Claims", "Key", "Register", "addresses_of_several", "bylines"]

Key: TypeAlias = tuple[str, str]
"""A byline: "paper" or "submission", and the id. Papers come first, each kind in the order of the ids."""


class Register:
    """What is known before any guess: who carries which name and which address."""

    def __init__(self, venue: Venue) -> None:
        self._normal: dict[str, str] = {}
        self.names: dict[PersonId, dict[str, None]] = {}
        owners: dict[str, dict[PersonId, None]] = {}
        shared: set[str] = set()
        for person in venue.people:
            self.names[person.id] = {self.normal(name): None for name in person.names}
            for address in (*person.emails, *([person.id] if "@" in person.id else [])):
                owners.setdefault(normalise_email(address), {})[person.id] = None
        for _, authors in bylines(venue):
            shared.update(self.twice(authors))
            common = addresses_of_several(authors)
            for mention in authors:
                if mention.person_id is not None:
                    self.names[mention.person_id][self.normal(mention.name)] = None
                    if mention.email and normalise_email(mention.email) not in common:
                        owners.setdefault(normalise_email(mention.email), {})[mention.person_id] = None
        carriers: dict[str, dict[PersonId, None]] = {}
        for person_id in sorted(self.names):
            for name in filter(None, self.names[person_id]):
                carriers.setdefault(name, {})[person_id] = None
        self.carriers = {name: tuple(people) for name, people in carriers.items() if is_full_name(name)}
        self.short_names = {name: tuple(people) for name, people in carriers.items() if not is_full_name(name)}
        self.owners = {address: tuple(sorted(people)) for address, people in owners.items()}
        self.shared_names = frozenset(shared)
        self.know(venue)

    def know(self, venue: Venue) -> None:
        """Take the people of a venue as they are now."""
        self._person_by_id = venue.person_by_id
        self._institutions: dict[PersonId, frozenset[str]] = {}

    def institutions_of(self, person_id: PersonId) -> frozenset[str]:
        """Where a person of the venue is or was, as their record says."""
        found = self._institutions.get(person_id)
        if found is None:
            person = self._person_by_id.get(person_id)
            found = self._institutions[person_id] = institutions_of_person(person) if person else frozenset()
        return found

    def normal(self, name: str) -> str:
        """The name normalised, each once."""
        found = self._normal.get(name)
        if found is None:
            found = self._normal[name] = normalise_name(name)
        return found

    def fit(self, person_id: PersonId, name: str) -> tuple[bool, bool]:
        """Whether a normalised name is one of a person's, and whether it may be."""
        names = self.names[person_id]
        return name in names, name in names or any(names_fit(name, own) for own in names)

    def twice(self, authors: Sequence[AuthorMention]) -> Iterator[str]:
        """Names that two people of one byline carry; the same id twice is a slip, not a second person."""
        seen: dict[str, PersonId | None] = {}
        for mention in authors:
            name = self.normal(mention.name)
            if name in seen and (mention.person_id is None or mention.person_id != seen[name]):
                yield name
            seen[name] = mention.person_id


def bylines(venue: Venue) -> Iterator[tuple[Key, tuple[AuthorMention, ...]]]:
    """Every byline of a venue, in the order of its keys."""
    for paper in venue.papers:
        yield ("paper", paper.id), paper.authors
    for submission in venue.submissions:
        yield ("submission", submission.id), submission.authors


def addresses_of_several(authors: Sequence[AuthorMention]) -> frozenset[str]:
    """Addresses printed beside two names of one byline (a corresponding author's, say): they identify neither."""
    addresses = [normalise_email(mention.email) for mention in authors if mention.email]
    return frozenset(address for address in addresses if addresses.count(address) > 1) if addresses else frozenset()


class Claims:
    """Which mention is the reviewer's, on the papers that reviewers list as their own.

    `found` holds the papers and positions of each reviewer, `placed` links per paper and position, `unplaced` the
    listed papers without such a mention, and `same` the pairs of a reviewer and another id found in the reviewer's
    place, by that place.
    """

    def __init__(self, venue: Venue, register: Register) -> None:
        self.unplaced: dict[PersonId, tuple[tuple[PaperId, Link], ...]] = {}
        self.same: dict[tuple[PaperId, int], tuple[PersonId, PersonId]] = {}
        self.found: dict[PersonId, dict[PaperId, int]] = {}
        self.placed: dict[PaperId, dict[int, tuple[Link, ...]]] = {}
        claimed: dict[PaperId, list[PersonId]] = {}
        for reviewer in venue.reviewers:
            self.take(reviewer, venue, register)
            for paper_id in self.found.get(reviewer.person_id, ()):
                claimed.setdefault(paper_id, []).append(reviewer.person_id)
        for paper_id, people in claimed.items():
            self.place(venue.paper_by_id[paper_id], people)

    def take(self, reviewer: Reviewer, venue: Venue, register: Register) -> None:
        """Find the reviewer on the papers that they list."""
        lost, found = [], {}
        for paper_id in dict.fromkeys(reviewer.paper_ids):
            paper = venue.paper_by_id[paper_id]
            if self._is_named(paper, reviewer.person_id, register):
                continue
            fitting = self._fitting(paper, reviewer.person_id, register)
            if len(fitting) == 1:
                found[paper_id] = fitting[0]
            else:
                basis: Basis = "listed" if fitting else "unnamed"
                lost.append((paper_id, Link(reviewer.person_id, basis, CONFIDENCE[basis])))
        if lost:
            self.unplaced[reviewer.person_id] = tuple(lost)
        if found:
            self.found[reviewer.person_id] = found

    def place(self, paper: Paper, people: Iterable[PersonId]) -> None:
        """Give the mentions of a paper to those who claim them.

        Args:
            paper: listed by reviewers.
            people: those of them who are found on it, in the order of the venue.
        """
        by_position: dict[int, list[PersonId]] = {}
        for who in people:
            by_position.setdefault(self.found[who][paper.id], []).append(who)
        for position, claimants in by_position.items():
            known_as = paper.authors[position].person_id
            if known_as is None:
                self.placed.setdefault(paper.id, {})[position] = _possible(claimants, "listed")
            elif len(claimants) == 1:
                self.same[paper.id, position] = (claimants[0], known_as)

    @staticmethod
    def _is_named(paper: Paper, reviewer_id: PersonId, register: Register) -> bool:
        """Whether an id or an address already says where the reviewer stands."""
        if any(mention.person_id == reviewer_id for mention in paper.authors):
            return True
        common = addresses_of_several(paper.authors)
        addresses = {normalise_email(mention.email) for mention in paper.authors if mention.email}
        return any(reviewer_id in register.owners.get(address, ()) for address in addresses - common)

    @staticmethod
    def _fitting(paper: Paper, reviewer_id: PersonId, register: Register) -> list[int]:
        """Positions whose name is the reviewer's, or else may be; ids of the reviewer's own kind are other people."""
        exact, loose = [], []
        for position, mention in enumerate(paper.authors):
            if mention.person_id is not None and are_told_apart(mention.person_id, reviewer_id):
                continue
            is_equal, fits = register.fit(reviewer_id, register.normal(mention.name))
            if is_equal:
                exact.append(position)
            elif fits:
                loose.append(position)
        return exact or loose


def _possible(people: Sequence[PersonId], basis: Basis) -> tuple[Link, ...]:
    """One person for sure, or several who are all only possible."""
    if len(people) == 1:
        return (Link(people[0], basis, CONFIDENCE[basis]),)
    return tuple(Link(who, "ambiguous", 1 / (len(people) + 1)) for who in people)
