"""Put together what ids, addresses, lists of papers and names say of every mention; see `matcher.identity`.

Two mentions on one paper are never one person.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from matcher.identity.groups import Groups, Seen, group_names, is_rare
from matcher.identity.initials import Initials
from matcher.identity.links import CONFIDENCE, Basis, Link
from matcher.identity.model import probability
from matcher.identity.names import (
    are_told_apart,
    is_full_name,
    namespace,
    normalise_email,
    normalise_name,
)
from matcher.identity.register import Claims, Key, Register, addresses_of_several, bylines
from matcher.identity.reviewer_names import ReviewerNames
from matcher.identity.spellings import Spellings, other_spellings
from matcher.identity.surroundings import Surroundings, institutions_of_mention, of_paper, of_submission
from matcher.records import AuthorMention, PaperId, PersonId, SubmissionId, Venue

if TYPE_CHECKING:
    from matcher.identity.relinking import Places

__all__ = [
    "Byline",
    "Identities",
    "Linker",
    "Names",
    "around",
    "coauthors_in",
    "link",
    "surely",
]

_UNIDENTIFIED: Final = "unidentified:"
_UNIDENTIFIED_CONFIDENCE: Final = 0.95
"""For a name that nobody known carries: two equal mentions are then one person with 0.95 × 0.95 = about 0.9."""


Byline: TypeAlias = tuple[tuple[Link, ...], ...]
"""Per author mention, in byline order, the people it may be; empty where nothing is known."""

_STEP: Final = 1.2
"""The number of people of a venue counts in steps of a fifth: one name more does not move every probability."""


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
    linker: Linker | None = field(default=None, compare=False, repr=False)

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
    register = Register(venue)
    claims = Claims(venue, register)
    twins = _twins(venue, register, claims)
    who = Names(register.carriers, register.shared_names, twins)
    linker = Linker(register, claims, who, _reviewer_names(venue, register, twins))
    for key, authors in bylines(venue):
        linker.settle(key, authors, around(key, venue))
    linker.group()
    linker.papers = {paper.id: linker.byline(("paper", paper.id)) for paper in venue.papers}
    linker.submissions = {each.id: linker.byline(("submission", each.id)) for each in venue.submissions}
    linker.initials = Initials(venue, linker.papers, linker.submissions, linker.people)
    return Identities(
        on_papers=linker.initials.on_papers,
        on_submissions=linker.initials.on_submissions,
        unplaced=claims.unplaced,
        twins=twins,
        owners=register.owners,
        carriers=register.carriers,
        shared_names=register.shared_names,
        known=frozenset(venue.person_by_id),
        linker=linker,
    )


def _twins(venue: Venue, register: Register, claims: Claims) -> dict[PersonId, tuple[Link, ...]]:
    """Records that are or may be one person; never two ids of one byline."""
    found: dict[PersonId, dict[PersonId, Basis]] = {}
    for one, other, basis in _alike(register, claims):  # the strongest reason comes first and stays
        found.setdefault(one, {}).setdefault(other, basis)
        found.setdefault(other, {}).setdefault(one, basis)
    for _, authors in bylines(venue):
        together = [mention.person_id for mention in authors if mention.person_id in found]
        for one, other in _pairs(together):
            found[one].pop(other, None)
            found[other].pop(one, None)
    return {
        person_id: tuple(Link(other, others[other], CONFIDENCE[others[other]]) for other in sorted(others))
        for person_id, others in sorted(found.items())
        if others
    }


def _alike(register: Register, claims: Claims) -> Iterator[tuple[PersonId, PersonId, Basis]]:
    for people in register.owners.values():
        for one, other in _pairs(people):
            yield one, other, "email"
    for one, other in claims.same.values():
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


@dataclass(frozen=True, slots=True)
class Names:
    """What a search by name needs; `Identities` has the same fields."""

    carriers: Mapping[str, tuple[PersonId, ...]]
    shared_names: frozenset[str]
    twins: Mapping[PersonId, tuple[Link, ...]]


def _links_by_name(name: str, besides: frozenset[PersonId], who: Names | Identities) -> tuple[Link, ...]:
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


def _reviewer_names(venue: Venue, register: Register, twins: Mapping[PersonId, tuple[Link, ...]]) -> ReviewerNames:
    """The names of every reviewer and of each other record that is surely theirs, and who stands beside them."""
    owners: dict[PersonId, list[PersonId]] = {}
    same: dict[PersonId, frozenset[PersonId]] = {}
    for reviewer in venue.reviewers:
        who = reviewer.person_id
        same[who] = surely(who, twins)
        for record in same[who]:
            owners.setdefault(record, []).append(who)
    names: dict[PersonId, dict[str, None]] = {who: {} for who in sorted(same)}
    for record, name in _named(venue):
        for who in owners.get(record, ()):
            names[who][name] = None
    return ReviewerNames(names, same, register.short_names, coauthors_in(venue, register))


def around(key: Key, venue: Venue) -> Surroundings:
    """What stands around the authors of a byline: title, venue and year."""
    kind, name = key
    if kind == "paper":
        return of_paper(venue.paper_by_id[PaperId(name)])
    year = venue.deadline.day.year if venue.deadline else None
    return of_submission(venue.submission_by_id[SubmissionId(name)], year)


def surely(who: PersonId, twins: Mapping[PersonId, tuple[Link, ...]]) -> frozenset[PersonId]:
    """A person's record and every other that is surely theirs."""
    return frozenset((who, *(twin.person_id for twin in twins.get(who, ()) if twin.is_sure)))


def coauthors_in(venue: Venue, register: Register) -> Callable[[PersonId], frozenset[str]]:
    """What gives the normalised names that stand on the papers that a reviewer lists."""

    def coauthors(who: PersonId) -> frozenset[str]:
        papers = (venue.paper_by_id[paper_id] for paper_id in venue.reviewer_by_id[who].paper_ids)
        return frozenset(register.normal(mention.name) for paper in papers for mention in paper.authors) - {""}

    return coauthors


def _named(venue: Venue) -> Iterator[tuple[PersonId, str]]:
    """Every name that stands beside an id."""
    for person in venue.people:
        for name in person.names:
            yield person.id, name
    for _, authors in bylines(venue):
        for mention in authors:
            if mention.person_id is not None:
                yield mention.person_id, mention.name


@dataclass(frozen=True, slots=True)
class _Byline:
    """One paper's or submission's authors, and what is known of them before names are compared."""

    authors: tuple[AuthorMention, ...]
    links: dict[int, tuple[Link, ...]]


class Linker:
    """Links mentions: every byline by ids, addresses and lists first, then all together by name.

    Args:
        register: who carries which name and address.
        claims: where reviewers stand on the papers that they list.
        who: what a search by name needs.
        reviewers: their names.
    """

    initials: Initials
    papers: dict[PaperId, Byline]
    submissions: dict[SubmissionId, Byline]

    def __init__(self, register: Register, claims: Claims, who: Names, reviewers: ReviewerNames) -> None:
        self.register = register
        self.claims = claims
        self.who = who
        self.reviewers = reviewers
        self._by_id: dict[PersonId, tuple[Link, ...]] = {}
        self.settled: dict[Key, _Byline] = {}
        self.seen: dict[Key, Seen] = {}
        self.spelt: dict[str, str] = {}
        self.unknown: set[str] = set()
        """Full names of mentions whom nothing but the name identifies."""
        self.grouped: dict[str, dict[tuple[Key, int], tuple[Link, ...]]] = {}
        self.names = 0
        """Different names on all bylines, once they are grouped."""
        self.places: Places | None = None
        """Where to look after a change, once there was one; likewise `spellings`."""
        self.spellings: Spellings | None = None

    @property
    def people(self) -> int:
        """Of how many people names are reckoned with: the different names, in steps."""
        return round(_STEP ** round(math.log(max(1, self.names), _STEP)))

    def settle(self, key: Key, authors: tuple[AuthorMention, ...], around: Surroundings) -> None:
        """Take up a byline, and link what ids, then addresses, then lists of papers say."""
        kind, name = key
        placed = self.claims.placed.get(PaperId(name), {}) if kind == "paper" else {}
        links = self._surely(authors, placed)
        self.settled[key] = _Byline(authors, links)
        self.seen[key] = self._seen(authors, links, around)

    def _seen(
        self, authors: Sequence[AuthorMention], links: Mapping[int, tuple[Link, ...]], around: Surroundings
    ) -> Seen:
        """A byline as names are grouped."""
        settled = {at: people[0].person_id for at, people in links.items() if people and people[0].is_sure}
        places = {}
        for at, mention in enumerate(authors):
            known = self.register.institutions_of(settled[at]) if at in settled else frozenset()
            found = institutions_of_mention(mention) | known
            if found:
                places[at] = found
        return Seen(tuple(self.register.normal(mention.name) for mention in authors), settled, around, places)

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
            (position, self._newly_named(self.register.normal(mention.name), taken))
            for position, mention in enumerate(authors)
            if position not in links
        ]
        self._keep_apart(links, found)
        self._ask(authors, links)
        return tuple(links.get(position, ()) for position in range(len(authors)))

    def _newly_named(self, name: str, taken: frozenset[PersonId]) -> tuple[Link, ...]:
        plain = _links_by_name(name, taken, self.who)
        grouped = self.grouped.get(name)
        if grouped is None or any(one.basis == "ambiguous" for one in plain):
            return self._respelt(name, plain)
        people = sorted({one.person_id for links in grouped.values() for one in links} - taken)
        if len(people) == 1:
            return tuple(Link(person_id, "name", CONFIDENCE["name"]) for person_id in people)
        return tuple(Link(person_id, "common", CONFIDENCE["common"]) for person_id in people)

    def group(self) -> None:
        """Find out which mentions of one name are one person, where the name alone does not say it."""
        keys, every = list(self.seen), list(self.seen.values())
        count = Counter(name for seen in every for name in seen.names)
        self.names = len(count)
        open_names = {
            name: None
            for seen in every
            for at, name in enumerate(seen.names)
            if at not in seen.settled and self._may_be_told(name)
        }
        wanted = [name for name in open_names if self.needs_groups(name, count[name])]
        for name, groups in group_names(every, wanted, self.people, are_told_apart).items():
            self.grouped[name] = self.links_of_groups(name, groups, keys)
        self.unknown = {name for name in open_names if self.is_unknown(name)}
        self.spelt = other_spellings(every, self.unknown)

    def _may_be_told(self, name: str) -> bool:
        return is_full_name(name) and name not in self.who.shared_names

    def needs_groups(self, name: str, mentions: int) -> bool:
        """Whether the mentions of a name, not all of which are settled, have to be told apart."""
        is_repeated = mentions + (name in self.who.carriers) > 1
        return is_repeated and self._may_be_told(name) and not is_rare(name, self.people)

    def is_unknown(self, name: str) -> bool:
        """Whether nobody known carries a name, not all of whose mentions are settled, and all are one person."""
        is_split = len(set(self.grouped.get(name, {}).values())) > 1
        return self._may_be_told(name) and name not in self.who.carriers and not is_split

    def links_of_groups(
        self, name: str, groups: Groups, keys: Sequence[Key]
    ) -> dict[tuple[Key, int], tuple[Link, ...]]:
        """Per mention of a name, who it is and who else it may be.

        Args:
            name: normalised.
            groups: its mentions, by the number of the byline.
            keys: of the bylines, by number.
        """
        unknown = [group for group in groups.groups if not group.people]
        shared = PersonId(_UNIDENTIFIED + name)
        known = {who: groups.of_person(who) for who in self.who.carriers.get(name, ())}
        apart = math.sqrt(probability(groups.odds))
        found: dict[tuple[Key, int], tuple[Link, ...]] = {}
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
            found.update(dict.fromkeys(((keys[number], at) for number, at in group.places), tuple(links)))
        return found

    def byline(self, key: Key) -> Byline:
        """The links of one byline that was taken up before all were grouped."""
        authors, links = self.settled[key].authors, dict(self.settled[key].links)
        is_submission = key[0] == "submission"
        if len(links) < len(authors):
            found = self._by_name(authors, links, key)
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
        common = addresses_of_several(authors)
        return [
            (
                position,
                tuple(
                    Link(owner, "email", CONFIDENCE["email"])
                    for owner in self.register.owners.get(normalise_email(mention.email), ())
                ),
            )
            for position, mention in enumerate(authors)
            if position not in links and mention.email and normalise_email(mention.email) not in common
        ]

    def _by_name(
        self, authors: tuple[AuthorMention, ...], links: Mapping[int, tuple[Link, ...]], key: Key
    ) -> list[tuple[int, tuple[Link, ...]]]:
        taken = frozenset(found.person_id for people in links.values() for found in people if found.is_sure)
        return [
            (position, self._named(self.register.normal(mention.name), (key, position), taken))
            for position, mention in enumerate(authors)
            if position not in links
        ]

    def _named(self, name: str, place: tuple[Key, int], taken: frozenset[PersonId]) -> tuple[Link, ...]:
        plain = _links_by_name(name, taken, self.who)
        grouped = self.grouped.get(name)
        if grouped is None:
            return self._respelt(name, plain)
        if any(one.basis == "ambiguous" for one in plain):
            return plain
        return self._respelt(name, tuple(one for one in grouped[place] if one.person_id not in taken))

    def _respelt(self, name: str, links: tuple[Link, ...]) -> tuple[Link, ...]:
        """Links to an unknown person, under the spelling of their name that stands for all."""
        as_said = self.spelt.get(name)
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
            if not any(one.is_sure and one.person_id in self.register.names for one in known):
                others = (self.register.normal(other.name) for other in authors if other is not mention)
                name = self.register.normal(mention.name)
                more = self.reviewers.alike(mention.name, name, besides, frozenset(others) - {name})
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
