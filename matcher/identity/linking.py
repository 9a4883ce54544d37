"""Put together what ids, addresses, lists of papers and names say of every mention; see `matcher.identity`.

Two mentions on one paper are never one person.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from matcher.identity.groups import Groups, Seen, group_names, is_rare
from matcher.identity.initials import with_initials
from matcher.identity.links import CONFIDENCE, Basis, Link
from matcher.identity.model import probability
from matcher.identity.names import (
    are_told_apart,
    is_full_name,
    names_fit,
    namespace,
    normalise_email,
    normalise_name,
)
from matcher.identity.reviewer_names import ReviewerNames
from matcher.identity.spellings import other_spellings
from matcher.identity.surroundings import (
    Surroundings,
    institutions_of_mention,
    institutions_of_person,
    of_paper,
    of_submission,
)
from matcher.records import AuthorMention, Paper, PaperId, PersonId, SubmissionId, Venue

__all__ = [
    "Identities",
    "link",
]

_UNIDENTIFIED: Final = "unidentified:"
_UNIDENTIFIED_CONFIDENCE: Final = 0.95
"""For a name that nobody known carries: two equal mentions are then one person with 0.95 × 0.95 = about 0.9."""


Byline: TypeAlias = tuple[tuple[Link, ...], ...]
"""Per author mention, in byline order, the people it may be; empty where nothing is known."""


@dataclass(frozen=True)
class Identities:
    """Who every author mention of a venue is.

    Args:
        on_papers: links per mention of every paper.
        on_submissions: links per mention of every submission.
        unplaced: papers that a reviewer lists but on which no one mention could be told to be theirs. The link is
            sure when several names fit, and not when none does.
        twins: other records that are, or may be, the same person: same address, same listed paper, same full name.
        owners: the people of each e-mail address.
        carriers: the known people of each normalised full name.
        shared_names: full names known to be carried by two people, because both stand on one byline.
        known: ids of the people of the venue.
        linker: what they were linked with, for bylines that come later.
    """

    on_papers: Mapping[PaperId, Byline]
    on_submissions: Mapping[SubmissionId, Byline]
    unplaced: Mapping[PersonId, tuple[tuple[PaperId, Link], ...]]
    twins: Mapping[PersonId, tuple[Link, ...]]
    owners: Mapping[str, tuple[PersonId, ...]]
    carriers: Mapping[str, tuple[PersonId, ...]]
    shared_names: frozenset[str]
    known: frozenset[PersonId]
    linker: _Linker | None = field(default=None, compare=False, repr=False)

    def of_byline(self, authors: tuple[AuthorMention, ...]) -> Byline:
        """Who the authors of something new are, with what is known of the venue; nothing that is known changes.

        A common name, which the venue's bylines had to tell apart by coauthors, may be any of its carriers here.

        Args:
            authors: in byline order.
        """
        assert self.linker is not None  # `link` gives one
        return self.linker.newcomer(authors)

    def is_known(self, person_id: PersonId) -> bool:
        """Whether this is a person of the venue, and not the key of a name that nobody known carries."""
        return person_id in self.known

    def same_as(self, person_id: PersonId) -> tuple[Link, ...]:
        """The person, then every other record that is or may be them."""
        return (Link(person_id, "id", 1.0), *self.twins.get(person_id, ()))

    def owners_of(self, email: str | None) -> tuple[PersonId, ...]:
        """The known people with this address, sorted; none for no address."""
        return self.owners.get(normalise_email(email), ()) if email else ()

    def named(self, name: str, *, besides: Iterable[PersonId] = ()) -> tuple[Link, ...]:
        """Who a bare name may be.

        Args:
            name: as written.
            besides: people who are known to be somebody else.
        """
        return _links_by_name(normalise_name(name), frozenset(besides), self)

    @property
    def same_email(self) -> tuple[tuple[PersonId, ...], ...]:
        """Groups of records that share an e-mail address and so may be one person, sorted."""
        return tuple(sorted({people for people in self.owners.values() if len(people) > 1}))


# --- linking --------------------------------------------------------------------------------------------------------


def link(venue: Venue) -> Identities:
    """Find out who every author mention of a venue is, with dictionaries only: no name is compared with all others.

    Args:
        venue: the whole input.

    Returns:
        Links for every mention of every paper and submission, and the records that may be one person.

    >>> from matcher.records import Person, Reviewer, Submission
    >>> venue = Venue.of(
    ...     people=[Person(id=PersonId("r1"), names=("Jane Doe",))],
    ...     reviewers=[Reviewer(person_id=PersonId("r1"))],
    ...     submissions=[Submission(id=SubmissionId("s1"), title="T", authors=(AuthorMention(name="DOE, Jane"),))],
    ... )
    >>> link(venue).on_submissions["s1"]
    ((Link(person_id='r1', basis='name', confidence=0.9),),)
    """
    register = _Register(venue)
    claims = _Claims(venue, register)
    twins = _twins(venue, register, claims)
    who = _Names(register.carriers, register.shared_names, twins)
    linker = _Linker(register, who, _reviewer_names(venue, register, twins))
    for paper in venue.papers:
        linker.settle(paper.authors, claims.placed.get(paper.id, {}), of_paper(paper))
    year = venue.deadline.day.year if venue.deadline else None
    for submission in venue.submissions:
        linker.settle(submission.authors, {}, of_submission(submission, year))
    linker.group()
    papers = {paper.id: linker.byline(number) for number, paper in enumerate(venue.papers)}
    submissions = {
        submission.id: linker.byline(number, is_submission=True)
        for number, submission in enumerate(venue.submissions, start=len(venue.papers))
    }
    on_papers, on_submissions = with_initials(venue, papers, submissions, linker.names)
    return Identities(
        on_papers=on_papers,
        on_submissions=on_submissions,
        unplaced=claims.unplaced,
        twins=twins,
        owners=register.owners,
        carriers=register.carriers,
        shared_names=register.shared_names,
        known=frozenset(venue.person_by_id),
        linker=linker,
    )


class _Register:
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
        for authors in _bylines(venue):
            shared.update(self._twice(authors))
            common = _addresses_of_several(authors)
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
        found = self._normal.get(name)
        if found is None:
            found = self._normal[name] = normalise_name(name)
        return found

    def fit(self, person_id: PersonId, name: str) -> tuple[bool, bool]:
        """Whether a normalised name is one of a person's, and whether it may be."""
        names = self.names[person_id]
        return name in names, name in names or any(names_fit(name, own) for own in names)

    def _twice(self, authors: Sequence[AuthorMention]) -> Iterator[str]:
        """Names that two people of one byline carry; the same id twice is a slip, not a second person."""
        seen: dict[str, PersonId | None] = {}
        for mention in authors:
            name = self.normal(mention.name)
            if name in seen and (mention.person_id is None or mention.person_id != seen[name]):
                yield name
            seen[name] = mention.person_id


def _bylines(venue: Venue) -> Iterator[tuple[AuthorMention, ...]]:
    for paper in venue.papers:
        yield paper.authors
    for submission in venue.submissions:
        yield submission.authors


def _addresses_of_several(authors: Sequence[AuthorMention]) -> frozenset[str]:
    """Addresses printed beside two names of one byline (a corresponding author's, say): they identify neither."""
    addresses = [normalise_email(mention.email) for mention in authors if mention.email]
    return frozenset(address for address in addresses if addresses.count(address) > 1) if addresses else frozenset()


class _Claims:
    """Which mention is the reviewer's, on the papers that reviewers list as their own.

    `placed` holds links per paper and position, `unplaced` the listed papers without such a mention, and `same` the
    pairs of a reviewer and another id found in the reviewer's place.
    """

    def __init__(self, venue: Venue, register: _Register) -> None:
        self.unplaced: dict[PersonId, tuple[tuple[PaperId, Link], ...]] = {}
        self.same: list[tuple[PersonId, PersonId]] = []
        claimed: dict[tuple[PaperId, int], list[PersonId]] = {}
        for reviewer in venue.reviewers:
            lost = []
            for paper_id in dict.fromkeys(reviewer.paper_ids):
                paper = venue.paper_by_id[paper_id]
                if self._is_named(paper, reviewer.person_id, register):
                    continue
                fitting = self._fitting(paper, reviewer.person_id, register)
                if len(fitting) == 1:
                    claimed.setdefault((paper_id, fitting[0]), []).append(reviewer.person_id)
                else:
                    basis: Basis = "listed" if fitting else "unnamed"
                    lost.append((paper_id, Link(reviewer.person_id, basis, CONFIDENCE[basis])))
            if lost:
                self.unplaced[reviewer.person_id] = tuple(lost)
        self.placed: dict[PaperId, dict[int, tuple[Link, ...]]] = {}
        for (paper_id, position), people in claimed.items():
            known_as = venue.paper_by_id[paper_id].authors[position].person_id
            if known_as is None:
                self.placed.setdefault(paper_id, {})[position] = _possible(people, "listed")
            elif len(people) == 1:
                self.same.append((people[0], known_as))

    @staticmethod
    def _is_named(paper: Paper, reviewer_id: PersonId, register: _Register) -> bool:
        """Whether an id or an address already says where the reviewer stands."""
        if any(mention.person_id == reviewer_id for mention in paper.authors):
            return True
        common = _addresses_of_several(paper.authors)
        addresses = {normalise_email(mention.email) for mention in paper.authors if mention.email}
        return any(reviewer_id in register.owners.get(address, ()) for address in addresses - common)

    @staticmethod
    def _fitting(paper: Paper, reviewer_id: PersonId, register: _Register) -> list[int]:
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


def _twins(venue: Venue, register: _Register, claims: _Claims) -> dict[PersonId, tuple[Link, ...]]:
    """Records that are or may be one person; never two ids of one byline."""
    found: dict[PersonId, dict[PersonId, Basis]] = {}
    for one, other, basis in _alike(register, claims):  # the strongest reason comes first and stays
        found.setdefault(one, {}).setdefault(other, basis)
        found.setdefault(other, {}).setdefault(one, basis)
    for authors in _bylines(venue):
        together = [mention.person_id for mention in authors if mention.person_id in found]
        for one, other in _pairs(together):
            found[one].pop(other, None)
            found[other].pop(one, None)
    return {
        person_id: tuple(Link(other, others[other], CONFIDENCE[others[other]]) for other in sorted(others))
        for person_id, others in sorted(found.items())
        if others
    }


def _alike(register: _Register, claims: _Claims) -> Iterator[tuple[PersonId, PersonId, Basis]]:
    for people in register.owners.values():
        for one, other in _pairs(people):
            yield one, other, "email"
    for one, other in claims.same:
        yield one, other, "listed"
    for people in register.carriers.values():
        for one, other in _pairs(people):
            if not are_told_apart(one, other):
                yield one, other, "namesake"


def _pairs(people: Sequence[PersonId | None]) -> Iterator[tuple[PersonId, PersonId]]:
    for position, one in enumerate(people):
        for other in people[position + 1 :]:
            if one is not None and other is not None and one != other:
                yield one, other


def _possible(people: Sequence[PersonId], basis: Basis) -> tuple[Link, ...]:
    """One person for sure, or several who are all only possible."""
    if len(people) == 1:
        return (Link(people[0], basis, CONFIDENCE[basis]),)
    return tuple(Link(who, "ambiguous", 1 / (len(people) + 1)) for who in people)


@dataclass(frozen=True, slots=True)
class _Names:
    """What a search by name needs; `Identities` has the same fields."""

    carriers: Mapping[str, tuple[PersonId, ...]]
    shared_names: frozenset[str]
    twins: Mapping[PersonId, tuple[Link, ...]]


def _links_by_name(name: str, besides: frozenset[PersonId], who: _Names | Identities) -> tuple[Link, ...]:
    """The people whom a normalised name may mean, on a byline on which `besides` stand under other names."""
    if not is_full_name(name):
        return ()
    everyone = who.carriers.get(name, ())
    carriers = [person_id for person_id in everyone if person_id not in besides]
    is_shared = name in who.shared_names or _count_people(everyone, who.twins) > 1
    if not carriers:
        key = PersonId(_UNIDENTIFIED + name)
        # Whoever is known by this name is somebody else on this byline: so two people carry it.
        if is_shared or everyone:
            return (Link(key, "ambiguous", CONFIDENCE["ambiguous"]),)
        return (Link(key, "name", _UNIDENTIFIED_CONFIDENCE),)
    if is_shared:
        return tuple(Link(person_id, "ambiguous", 1 / (len(everyone) + 1)) for person_id in carriers)
    return tuple(Link(person_id, "name", CONFIDENCE["name"]) for person_id in carriers)


def _count_people(records: Sequence[PersonId], twins: Mapping[PersonId, tuple[Link, ...]]) -> int:
    """How many people some records are, those that are surely one counted once."""
    counted: list[PersonId] = []
    for person_id in records:
        same = {twin.person_id for twin in twins.get(person_id, ()) if twin.is_sure}
        if same.isdisjoint(counted):
            counted.append(person_id)
    return len(counted)


def _doubted(
    authors: Sequence[AuthorMention], found: Iterable[tuple[int, tuple[Link, ...]]]
) -> list[tuple[int, tuple[Link, ...]]]:
    """Links by name on a paper, made doubtful where the paper's source knows ids but gave none to these authors.

    On submissions nothing is doubted: there authors enter themselves, and who leaves an id out must not gain by it.
    """
    knows_ids = any(mention.person_id is not None and namespace(mention.person_id) for mention in authors)
    if not knows_ids:
        return list(found)
    return [
        (
            position,
            tuple(
                Link(one.person_id, "unconfirmed", CONFIDENCE["unconfirmed"]) if one.basis == "name" else one
                for one in people
            ),
        )
        for position, people in found
    ]


def _reviewer_names(venue: Venue, register: _Register, twins: Mapping[PersonId, tuple[Link, ...]]) -> ReviewerNames:
    """The names of every reviewer and of each other record that is surely theirs, and who stands beside them."""
    owners: dict[PersonId, list[PersonId]] = {}
    same: dict[PersonId, frozenset[PersonId]] = {}
    for reviewer in venue.reviewers:
        who = reviewer.person_id
        same[who] = frozenset((who, *(twin.person_id for twin in twins.get(who, ()) if twin.is_sure)))
        for record in same[who]:
            owners.setdefault(record, []).append(who)
    names: dict[PersonId, dict[str, None]] = {who: {} for who in sorted(same)}
    for record, name in _named(venue):
        for who in owners.get(record, ()):
            names[who][name] = None

    def coauthors(who: PersonId) -> frozenset[str]:
        papers = (venue.paper_by_id[paper_id] for paper_id in venue.reviewer_by_id[who].paper_ids)
        return frozenset(register.normal(mention.name) for paper in papers for mention in paper.authors) - {""}

    return ReviewerNames(names, same, register.short_names, coauthors)


def _named(venue: Venue) -> Iterator[tuple[PersonId, str]]:
    """Every name that stands beside an id."""
    for person in venue.people:
        for name in person.names:
            yield person.id, name
    for authors in _bylines(venue):
        for mention in authors:
            if mention.person_id is not None:
                yield mention.person_id, mention.name


@dataclass(frozen=True, slots=True)
class _Byline:
    """One paper's or submission's authors, and what is known of them before names are compared."""

    authors: tuple[AuthorMention, ...]
    links: dict[int, tuple[Link, ...]]
    around: Surroundings


class _Linker:
    """Links mentions: every byline by ids, addresses and lists first, then all together by name."""

    def __init__(self, register: _Register, who: _Names, reviewers: ReviewerNames) -> None:
        self._register = register
        self._who = who
        self._reviewers = reviewers
        self._by_id: dict[PersonId, tuple[Link, ...]] = {}
        self._bylines: list[_Byline] = []
        self._spelt: dict[str, str] = {}
        self._grouped: dict[str, dict[tuple[int, int], tuple[Link, ...]]] = {}
        self.names = 0
        """Different names on all bylines, once they are grouped."""

    def settle(
        self, authors: tuple[AuthorMention, ...], placed: Mapping[int, tuple[Link, ...]], around: Surroundings
    ) -> None:
        """Take up a byline, and link what ids, then addresses, then lists of papers say."""
        self._bylines.append(_Byline(authors, self._surely(authors, placed), around))

    def _surely(
        self, authors: tuple[AuthorMention, ...], placed: Mapping[int, tuple[Link, ...]]
    ) -> dict[int, tuple[Link, ...]]:
        links: dict[int, tuple[Link, ...]] = {}
        for position, mention in enumerate(authors):
            if mention.person_id is not None:
                links[position] = self._with_id(mention.person_id)
        if len(links) < len(authors):
            self._keep_apart(links, self._by_address(authors, links))
            self._keep_apart(links, [(at, people) for at, people in placed.items() if at not in links])
        return links

    def newcomer(self, authors: tuple[AuthorMention, ...]) -> Byline:
        """The links of a submission's byline that came after all others were linked; see `Identities.of_byline`."""
        links = self._surely(authors, {})
        taken = frozenset(found.person_id for people in links.values() for found in people if found.is_sure)
        found = [
            (position, self._newly_named(self._register.normal(mention.name), taken))
            for position, mention in enumerate(authors)
            if position not in links
        ]
        self._keep_apart(links, found)
        self._ask(authors, links)
        return tuple(links.get(position, ()) for position in range(len(authors)))

    def _newly_named(self, name: str, taken: frozenset[PersonId]) -> tuple[Link, ...]:
        plain = _links_by_name(name, taken, self._who)
        grouped = self._grouped.get(name)
        if grouped is None or any(one.basis == "ambiguous" for one in plain):
            return self._respelt(name, plain)
        people = sorted({one.person_id for links in grouped.values() for one in links} - taken)
        if len(people) == 1:
            return tuple(Link(person_id, "name", CONFIDENCE["name"]) for person_id in people)
        return tuple(Link(person_id, "common", CONFIDENCE["common"]) for person_id in people)

    def group(self) -> None:
        """Find out which mentions of one name are one person, where the name alone does not say it."""
        bylines = [self._seen(byline) for byline in self._bylines]
        count = Counter(name for seen in bylines for name in seen.names)
        self.names = len(count)
        open_names = [
            name
            for name in dict.fromkeys(
                name for seen in bylines for at, name in enumerate(seen.names) if at not in seen.settled
            )
            if is_full_name(name) and name not in self._who.shared_names
        ]
        carriers = self._who.carriers
        repeated = [name for name in open_names if count[name] + (name in carriers) > 1]
        wanted = [name for name in repeated if not is_rare(name, len(count))]
        for name, groups in group_names(bylines, wanted, len(count), are_told_apart).items():
            self._grouped[name] = self._links_of_groups(name, groups)
        split = {name for name, links in self._grouped.items() if len(set(links.values())) > 1}
        unknown = [name for name in open_names if name not in carriers and name not in split]
        self._spelt = other_spellings(bylines, unknown)

    def _seen(self, byline: _Byline) -> Seen:
        """A byline as names are grouped."""
        settled = {at: people[0].person_id for at, people in byline.links.items() if people and people[0].is_sure}
        places = {}
        for at, mention in enumerate(byline.authors):
            known = self._register.institutions_of(settled[at]) if at in settled else frozenset()
            found = institutions_of_mention(mention) | known
            if found:
                places[at] = found
        names = tuple(self._register.normal(mention.name) for mention in byline.authors)
        return Seen(names, settled, byline.around, places)

    def _links_of_groups(self, name: str, groups: Groups) -> dict[tuple[int, int], tuple[Link, ...]]:
        """Per mention of a name, who it is and who else it may be."""
        unknown = [group for group in groups.groups if not group.people]
        shared = PersonId(_UNIDENTIFIED + name)
        known = {who: groups.of_person(who) for who in self._who.carriers.get(name, ())}
        apart = math.sqrt(probability(groups.odds))
        found: dict[tuple[int, int], tuple[Link, ...]] = {}
        for group in groups.groups:
            if group.people:
                basis: Basis = "coauthors" if group.by_coauthors else "name"
                why = ("the same institution",) if group.by_institution else ()
                links = [Link(who, basis, CONFIDENCE[basis], why) for who in sorted(group.people)]
            else:
                links = [
                    Link(who, "common", groups.chance(group, own), group.around.told(own.around) if own else ())
                    for who, own in known.items()
                ]
                if len(unknown) == 1:
                    links.append(Link(shared, "name", _UNIDENTIFIED_CONFIDENCE))
                else:
                    key = PersonId(f"{shared} {unknown.index(group) + 1}")
                    links += [Link(key, "name", _UNIDENTIFIED_CONFIDENCE), Link(shared, "common", apart)]
            found.update(dict.fromkeys(group.places, tuple(links)))
        return found

    def byline(self, number: int, *, is_submission: bool = False) -> Byline:
        """The links of one byline, in the order in which it was taken up."""
        authors, links = self._bylines[number].authors, self._bylines[number].links
        if len(links) < len(authors):
            found = self._by_name(authors, links, number)
            self._keep_apart(links, found if is_submission else _doubted(authors, found))
        if is_submission:
            self._ask(authors, links)
        return tuple(links.get(position, ()) for position in range(len(authors)))

    def _with_id(self, person_id: PersonId) -> tuple[Link, ...]:
        found = self._by_id.get(person_id)
        if found is None:
            found = self._by_id[person_id] = (Link(person_id, "id", 1.0),)
        return found

    def _by_address(
        self, authors: tuple[AuthorMention, ...], links: Mapping[int, tuple[Link, ...]]
    ) -> list[tuple[int, tuple[Link, ...]]]:
        common = _addresses_of_several(authors)
        return [
            (
                position,
                tuple(
                    Link(owner, "email", CONFIDENCE["email"])
                    for owner in self._register.owners.get(normalise_email(mention.email), ())
                ),
            )
            for position, mention in enumerate(authors)
            if position not in links and mention.email and normalise_email(mention.email) not in common
        ]

    def _by_name(
        self, authors: tuple[AuthorMention, ...], links: Mapping[int, tuple[Link, ...]], number: int
    ) -> list[tuple[int, tuple[Link, ...]]]:
        taken = frozenset(found.person_id for people in links.values() for found in people if found.is_sure)
        return [
            (position, self._named(self._register.normal(mention.name), (number, position), taken))
            for position, mention in enumerate(authors)
            if position not in links
        ]

    def _named(self, name: str, place: tuple[int, int], taken: frozenset[PersonId]) -> tuple[Link, ...]:
        plain = _links_by_name(name, taken, self._who)
        grouped = self._grouped.get(name)
        if grouped is None:
            return self._respelt(name, plain)
        if any(one.basis == "ambiguous" for one in plain):
            return plain
        return self._respelt(name, tuple(one for one in grouped[place] if one.person_id not in taken))

    def _respelt(self, name: str, links: tuple[Link, ...]) -> tuple[Link, ...]:
        """Links to an unknown person, under the spelling of their name that stands for all."""
        as_said = self._spelt.get(name)
        if as_said is None:
            return links
        own = _UNIDENTIFIED + name
        other = Link(PersonId(_UNIDENTIFIED + as_said), "spelling", CONFIDENCE["spelling"])
        return tuple(other if one.person_id == own and one.is_sure else one for one in links)

    def _ask(self, authors: tuple[AuthorMention, ...], links: dict[int, tuple[Link, ...]]) -> None:
        """Add the reviewers whose name fits, where nothing says surely which person of the venue an author is."""
        besides = {one.person_id for people in links.values() for one in people}
        for position, mention in enumerate(authors):
            known = links.get(position, ())
            if not any(one.is_sure and one.person_id in self._register.names for one in known):
                others = (self._register.normal(other.name) for other in authors if other is not mention)
                name = self._register.normal(mention.name)
                more = self._reviewers.alike(mention.name, name, besides, frozenset(others) - {name})
                told = {one.person_id for one in known}
                links[position] = (*known, *(Link(*one) for one in more if one[0] not in told))

    @staticmethod
    def _keep_apart(links: dict[int, tuple[Link, ...]], found: Iterable[tuple[int, tuple[Link, ...]]]) -> None:
        """Add what one kind of evidence says; a person found in two places is in neither for sure."""
        taken = {one.person_id for people in links.values() for one in people if one.is_sure}
        free = [(position, [one for one in people if one.person_id not in taken]) for position, people in found]
        places: dict[PersonId, int] = {}
        for _, people in free:
            for one in people:
                places[one.person_id] = places.get(one.person_id, 0) + 1
        for position, people in free:
            if people:
                links[position] = tuple(
                    one
                    if places[one.person_id] == 1
                    else Link(one.person_id, "ambiguous", min(one.confidence, 1 / places[one.person_id]))
                    for one in people
                )
