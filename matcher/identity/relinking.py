"""Who is who after a change: only what the change can reach is linked again, and the result is that of `link`.

The steps are those of `linking`, each over what the step before says has changed: names and addresses, listed papers,
twins, settled bylines, groups of one name, spellings, reviewers by name, abbreviated names. What is looked up by name,
address or id is found through `Places`, which may point to bylines that no longer hold it, so it is always checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from matcher.identity.groups import Seen, group_names
from matcher.identity.linking import Byline, Identities, Linker, Names, around, coauthors_in, surely
from matcher.identity.links import CONFIDENCE, Basis, Link
from matcher.identity.names import are_told_apart, is_full_name, normalise_email
from matcher.identity.register import Key, addresses_of_several, bylines
from matcher.identity.spellings import Spellings, other_spellings
from matcher.records import AuthorMention, Paper, PaperId, PersonId, Reviewer, Submission, SubmissionId, Venue

__all__ = ["Changes", "Places", "Relinked", "changes", "is_large", "relink"]

T = TypeVar("T")

_LARGE: Final = 0.05
"""Share of all papers and submissions; when as many records changed, everything is linked anew."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The ids of records that are new or gone, or changed in anything that says who is who or who is in conflict."""

    papers: frozenset[PaperId]
    people: frozenset[PersonId]
    reviewers: frozenset[PersonId]
    submissions: frozenset[SubmissionId]

    def __len__(self) -> int:
        return len(self.papers) + len(self.people) + len(self.reviewers) + len(self.submissions)


def changes(old: Venue, new: Venue) -> Changes:
    """What differs between two venues; abstracts, loads, states, and where something was read do not matter here."""
    return Changes(
        _differing(old.paper_by_id, new.paper_by_id, _paper),
        _differing(old.person_by_id, new.person_by_id),
        _differing(old.reviewer_by_id, new.reviewer_by_id, _role),
        _differing(old.submission_by_id, new.submission_by_id, _submission),
    )


def _paper(paper: Paper) -> tuple[Any, ...]:
    return paper.title, paper.dates, paper.authors, paper.published_in, paper.kind


def _role(reviewer: Reviewer) -> tuple[Any, ...]:
    return reviewer.paper_ids, reviewer.attributes


def _submission(submission: Submission) -> tuple[Any, ...]:
    return submission.title, submission.authors, submission.attributes


def _differing(
    old: Mapping[T, Any],
    new: Mapping[T, Any],
    part: Callable[[Any], Any] | None = None,
    *,
    exact: Callable[[Any], Any] | None = None,
) -> frozenset[T]:
    """The keys of what is new or gone, or differs; or only a part of it."""
    same = {
        each
        for each, record in new.items()
        if (had := old.get(each)) is record or (had == record and (exact is None or exact(had) == exact(record)))
    }
    if part is not None:
        same |= {each for each in new.keys() & old.keys() - same if part(new[each]) == part(old[each])}
    return frozenset((old.keys() | new.keys()) - same)


@dataclass(frozen=True, slots=True)
class Relinked:
    """Who is who after a change, and whose links may be others than before.

    Args:
        identities: as `link` gives them.
        changed: the records that differ.
        people: of whom anything else is known now, with the keys of unknown ones; a few too many.
        names: normalised, of which it may be said otherwise now whom they mean.
        submissions: whose links changed, or that are new or gone.
        papers: likewise.
    """

    identities: Identities
    changed: Changes
    people: frozenset[PersonId]
    names: frozenset[str]
    submissions: frozenset[SubmissionId]
    papers: frozenset[PaperId]


@dataclass(slots=True)
class Places:
    """Where to look: per name, address and id the bylines, per paper the reviewers who list it.

    It only grows: what is found is checked against the venue.
    """

    names: dict[str, dict[Key, None]] = field(default_factory=dict)
    addresses: dict[str, dict[Key, None]] = field(default_factory=dict)
    ids: dict[PersonId, dict[Key, None]] = field(default_factory=dict)
    listed: dict[PaperId, dict[PersonId, None]] = field(default_factory=dict)
    linked: dict[PersonId, dict[PaperId, None]] = field(default_factory=dict)

    @classmethod
    def of(cls, venue: Venue, linker: Linker) -> Places:
        """All places of a venue."""
        places = cls()
        for key, authors in bylines(venue):
            places.take(key, authors, linker.seen[key].names)
        for reviewer in venue.reviewers:
            for paper_id in reviewer.paper_ids:
                places.listed.setdefault(paper_id, {})[reviewer.person_id] = None
        for paper_id, byline in linker.papers.items():
            places.take_links(paper_id, byline)
        return places

    def take(self, key: Key, authors: Iterable[AuthorMention], names: Iterable[str]) -> None:
        """Remember a byline."""
        for name in names:
            self.names.setdefault(name, {})[key] = None
        for mention in authors:
            if mention.person_id is not None:
                self.ids.setdefault(mention.person_id, {})[key] = None
            if mention.email:
                self.addresses.setdefault(normalise_email(mention.email), {})[key] = None

    def take_links(self, paper_id: PaperId, byline: Byline) -> None:
        """Remember whom the names on a paper may mean."""
        for links in byline:
            for one in links:
                self.linked.setdefault(one.person_id, {})[paper_id] = None


def relink(before: Identities, old: Venue, new: Venue) -> Relinked | None:
    """Find out who everybody of a changed venue is.

    Args:
        before: of the venue until now; stays as it is.
        old: the venue until now.
        new: the venue as it is now.

    Returns:
        The identities, equal to those of `link(new)`, and what may be known otherwise; `None` where the change is so
        large that all should be linked anew.

    >>> from matcher.identity import link
    >>> from matcher.records import Person, Submission
    >>> jane = Person(PersonId("jane"), ("Jane Doe",))
    >>> byline = (AuthorMention("Jane Doe"),)
    >>> old = Venue.of(submissions=[Submission(SubmissionId("s"), "T", authors=byline)])
    >>> new = Venue.of(people=[jane], submissions=old.submissions)
    >>> relinked = relink(link(old), old, new)
    >>> relinked is None  # one of one is a large change
    True
    """
    changed = changes(old, new)
    if is_large(changed, old) or old.deadline != new.deadline:
        return None
    work = _Relinking(before, old, new, changed)
    return work.done()


def is_large(changed: Changes, venue: Venue) -> bool:
    """Whether a change is so large that looking for what it reaches would cost more than to look at everything."""
    return len(changed) > _LARGE * (len(venue.papers) + len(venue.submissions))


def _linker(identities: Identities) -> Linker:
    assert identities.linker is not None  # `link` gives one
    return identities.linker


class _Relinking:
    """One change, step by step; what was known before is copied where it changes."""

    def __init__(self, before: Identities, old: Venue, new: Venue, changed: Changes) -> None:
        self.before, self.old, self.new, self.changed = before, old, new, changed
        was = self.was = _linker(before)
        if was.places is None:
            was.places = Places.of(old, was)
        self.places: Places = was.places
        self.now = copy(was)
        self.now.register = copy(was.register)
        self.now.register.know(new)
        self.now.claims = copy(was.claims)
        self.normal = was.register.normal
        self.keys = {("paper", str(each)) for each in changed.papers}
        self.keys |= {("submission", str(each)) for each in changed.submissions}
        for key in self.keys:
            authors = _authors(new, key)
            self.places.take(key, authors, [self.normal(mention.name) for mention in authors])
        for reviewer_id in changed.reviewers & set(new.reviewer_by_id):
            for paper_id in new.reviewer_by_id[reviewer_id].paper_ids:
                self.places.listed.setdefault(paper_id, {})[reviewer_id] = None
        self.names: set[str] = set()
        """Names of which it is known otherwise who carries them, or how many do."""
        self.addresses: set[str] = set()
        self.people: set[PersonId] = set()
        """People of whom something is known otherwise."""

    def done(self) -> Relinked | None:
        """All steps."""
        self._register()
        placed = self._claim()
        self._pair()
        self._resettle(placed)
        self.carried = frozenset(self.names)
        if self.now.people != self.was.people:
            return None  # every probability of a name is another one
        self._regroup()
        asked = self._ask_again()
        self._link_again(asked)
        return self._finished()

    # --- names and addresses ---

    def _register(self) -> None:
        register, before = self.now.register, self.was.register
        register.names, register.owners = dict(before.names), dict(before.owners)
        register.carriers, register.short_names = dict(before.carriers), dict(before.short_names)
        touched = set(self.changed.people)
        for key in self.keys:
            for venue in (self.old, self.new):
                touched.update(one.person_id for one in _authors(venue, key) if one.person_id is not None)
        self.touched = touched
        for who in touched:
            self._rename(who)
            self._readdress(who)
        shared = set(before.shared_names)
        for name in {
            name for key in self.keys for venue in (self.old, self.new) for name in before.twice(_authors(venue, key))
        }:
            is_shared = any(name in before.twice(_authors(self.new, key)) for key in self.places.names.get(name, ()))
            if is_shared != (name in shared):
                self.names.add(name)
                (shared.add if is_shared else shared.discard)(name)
        register.shared_names = frozenset(shared)

    def _rename(self, who: PersonId) -> None:
        register = self.now.register
        had = register.names.pop(who, {})
        if who in self.new.person_by_id:
            register.names[who] = {self.normal(name): None for name in self._written(self.new, (who,))}
        has = register.names.get(who, {})
        for name in filter(None, had.keys() ^ has.keys()):
            self.names.add(name)
            table = register.carriers if is_full_name(name) else register.short_names
            _set(table, name, _with(table.get(name, ()), who, is_in=name in has))

    def _written(self, venue: Venue, records: Iterable[PersonId]) -> Iterator[str]:
        """The names of some records as written: their own first, then those beside their ids."""
        records = sorted(records)
        for who in records:
            yield from venue.person_by_id[who].names
        for key in sorted({key for who in records for key in self.places.ids.get(who, ())}):
            yield from (one.name for one in _authors(venue, key) if one.person_id in records)

    def _readdress(self, who: PersonId) -> None:
        owners = self.now.register.owners
        had, has = (set(self._addresses(venue, who)) for venue in (self.old, self.new))
        if had != has:
            self.people.add(who)
        for address in had ^ has:
            self.addresses.add(address)
            self.people.update(owners.get(address, ()))
            _set(owners, address, _with(owners.get(address, ()), who, is_in=address in has))
            self.people.update(owners.get(address, ()))

    def _addresses(self, venue: Venue, who: PersonId) -> Iterator[str]:
        person = venue.person_by_id.get(who)
        if person is None:
            return
        yield from (normalise_email(each) for each in (*person.emails, *([who] if "@" in who else [])))
        for key in self.places.ids.get(who, ()):
            authors = _authors(venue, key)
            common = addresses_of_several(authors)
            mine = (normalise_email(one.email) for one in authors if one.person_id == who and one.email)
            yield from (address for address in mine if address not in common)

    # --- listed papers ---

    def _claim(self) -> set[PaperId]:
        """Find reviewers on their papers again; gives the papers on which somebody came or went."""
        claims, before = self.now.claims, self.was.claims
        claims.unplaced, claims.found = dict(before.unplaced), dict(before.found)
        claims.placed, claims.same = dict(before.placed), dict(before.same)
        again = set(self.changed.reviewers) | self.touched | self.people
        for paper_id in self.changed.papers:
            again.update(self.places.listed.get(paper_id, ()))
        papers: set[PaperId] = set()
        for who in again & (set(self.old.reviewer_by_id) | set(self.new.reviewer_by_id)):
            found, lost = claims.found.pop(who, {}), claims.unplaced.pop(who, ())
            if who in self.new.reviewer_by_id:
                claims.take(self.new.reviewer_by_id[who], self.new, self.now.register)
            papers.update(found, claims.found.get(who, {}))
            if lost != claims.unplaced.get(who, ()):
                self.people.add(who)
        papers.update(each for each in self.changed.papers if each in before.placed)
        papers.update(paper_id for paper_id, _ in before.same if paper_id in self.changed.papers)
        pairs = set()
        for paper_id in papers:
            claims.placed.pop(paper_id, None)
            positions = range(max(len(_authors(venue, ("paper", paper_id))) for venue in (self.old, self.new)))
            pairs.update({claims.same.pop((paper_id, at)) for at in positions if (paper_id, at) in claims.same})
            people = [
                who for who in sorted(self.places.listed.get(paper_id, ())) if paper_id in claims.found.get(who, ())
            ]
            if people:
                claims.place(self.new.paper_by_id[paper_id], people)
            pairs.update({claims.same[paper_id, at] for at in positions if (paper_id, at) in claims.same})
        self.people.update(who for pair in pairs for who in pair)
        return {each for each in papers if before.placed.get(each) != claims.placed.get(each)}

    # --- twins ---

    def _pair(self) -> None:
        """Find again which records are or may be one person."""
        register, twins = self.now.register, dict(self.was.who.twins)
        again = self.touched | self.people
        for name in self.names:
            for table in (self.was.register.carriers, register.carriers):
                again.update(table.get(name, ()))
        same: dict[PersonId, dict[PersonId, None]] = {}
        for one, other in self.now.claims.same.values():
            same.setdefault(one, {})[other] = None
            same.setdefault(other, {})[one] = None
        for who in again:
            had, has = twins.get(who, ()), self._twins(who, same)
            _set(twins, who, has)
            if had != has:
                self.people.update((who, *(one.person_id for one in (*had, *has))))
                for names in (self.was.register.names, register.names):
                    self.names.update(name for name in names.get(who, ()) if is_full_name(name))
        twins = {who: twins[who] for who in sorted(twins)}
        self.now.who = Names(register.carriers, register.shared_names, twins)

    def _twins(self, who: PersonId, same: Mapping[PersonId, Iterable[PersonId]]) -> tuple[Link, ...]:
        register = self.now.register
        found: dict[PersonId, Basis] = {}
        for address in self._addresses(self.new, who):
            found.update(dict.fromkeys(register.owners.get(address, ()), "email"))
        for other in same.get(who, ()):
            found.setdefault(other, "listed")
        for name in register.names.get(who, ()):
            for other in register.carriers.get(name, ()):
                if not are_told_apart(who, other):
                    found.setdefault(other, "namesake")
        found.pop(who, None)
        for key in self.places.ids.get(who, ()) if found else ():
            ids = [one.person_id for one in _authors(self.new, key)]
            if who in ids:
                for other in filter(None, ids):
                    found.pop(other, None)
        return tuple(Link(other, found[other], CONFIDENCE[found[other]]) for other in sorted(found))

    # --- bylines without names ---

    def _resettle(self, placed: Iterable[PaperId]) -> None:
        """Take bylines up again, and note those of which names or sure people are others."""
        now, was = self.now, self.was
        now.settled, now.seen = dict(was.settled), dict(was.seen)
        again = self.keys | {("paper", str(each)) for each in placed}
        for address in self.addresses:
            again.update(self.places.addresses.get(address, ()))
        # The institutions of a person's record stand around all who are surely them.
        again.update(key for key, seen in was.seen.items() if not self.changed.people.isdisjoint(seen.settled.values()))
        self.resettled = {key for key in again if _is_in(self.new, key)}
        for key in again:
            now.settled.pop(key, None)
            now.seen.pop(key, None)
        for key in self.resettled:
            now.settle(key, _authors(self.new, key), around(key, self.new))
        self.reseen = {key for key in again if was.seen.get(key) != now.seen.get(key)}
        self.around = {
            name
            for key in self.reseen
            for seen in (was.seen.get(key), now.seen.get(key))
            if seen
            for name in seen.names
        }
        came, went = self.around & _names_of(self.reseen, now.seen), self.around & _names_of(self.reseen, was.seen)
        now.names = was.names + sum(1 for name in came - went if not self._stands(name, was.seen))
        now.names -= sum(1 for name in went - came if not self._stands(name, now.seen))

    def _stands(self, name: str, seen: Mapping[Key, Seen]) -> bool:
        return next(self._on(name, seen), None) is not None

    def _on(self, name: str, seen: Mapping[Key, Seen]) -> Iterator[Key]:
        """The bylines on which a name stands."""
        return (key for key in self.places.names.get(name, ()) if key in seen and name in seen[key].names)

    # --- names ---

    def _regroup(self) -> None:
        now, was = self.now, self.was
        now.grouped, now.unknown = dict(was.grouped), set(was.unknown)
        for name in sorted(self.around | self.names):
            keys = sorted(self._on(name, now.seen))
            every = [now.seen[key] for key in keys]
            mentions = sum(seen.names.count(name) for seen in every)
            is_open = any(one == name and at not in seen.settled for seen in every for at, one in enumerate(seen.names))
            links = None
            if is_open and now.needs_groups(name, mentions):
                groups = group_names(every, [name], now.people, are_told_apart)[name]
                links = now.links_of_groups(name, groups, keys)
            if _differ(links, was.grouped.get(name)):
                self.names.add(name)
                _set(now.grouped, name, links)
            (now.unknown.add if is_open and now.is_unknown(name) else now.unknown.discard)(name)
        self._respell()

    def _respell(self) -> None:
        now, was = self.now, self.was
        affected = (now.unknown ^ was.unknown) | (self.around & now.unknown)
        if not affected:
            return
        if now.spellings is None:
            now.spellings = was.spellings = Spellings.of(was.unknown)
        now.spellings.take(now.unknown - was.unknown)
        closed = self._spelt_with(affected)
        keys = sorted({key for name in closed & now.unknown for key in self._on(name, now.seen)})
        found = other_spellings([now.seen[key] for key in keys], closed & now.unknown)
        now.spelt = {name: said for name, said in was.spelt.items() if name not in closed} | found
        self.names.update(name for name in closed if was.spelt.get(name) != now.spelt.get(name))

    def _spelt_with(self, names: Iterable[str]) -> set[str]:
        """Some names, and all that are or were taken for spellings of the same, over however many steps."""
        now, was = self.now, self.was
        assert now.spellings is not None
        groups: dict[str, set[str]] = {}
        for name, said in was.spelt.items():
            groups.setdefault(said, {said}).add(name)
        closed: set[str] = set()
        todo = list(names)
        while todo:
            name = todo.pop()
            if name in closed:
                continue
            closed.add(name)
            todo += groups.get(was.spelt.get(name, name), ())
            if name in now.unknown:
                todo += now.spellings.near(name, now.unknown, self._beside)
        return closed

    def _beside(self, name: str) -> frozenset[str]:
        """The names that stand on bylines with one."""
        others = (other for key in self._on(name, self.now.seen) for other in self.now.seen[key].names)
        return frozenset(others) - {name, ""}

    # --- reviewers by name ---

    def _ask_again(self) -> set[SubmissionId]:
        """Take changed reviewers up; gives the submissions whose authors they may, or might have been."""
        now, was = self.now, self.was
        concerned = set(self.changed.reviewers) | self.touched | self.people
        for paper_id in self.changed.papers:
            concerned.update(self.places.listed.get(paper_id, ()))
        for who in list(concerned):
            for twins in (was.who.twins, now.who.twins):
                concerned.update(one.person_id for one in twins.get(who, ()) if one.is_sure)
        concerned &= set(self.old.reviewer_by_id) | set(self.new.reviewer_by_id)
        same = {who: surely(who, now.who.twins) for who in concerned if who in self.new.reviewer_by_id}
        names = {who: dict.fromkeys(self._written(self.new, same[who])) if who in same else None for who in concerned}
        register = now.register
        coauthors = coauthors_in(self.new, register)
        now.reviewers = copy(was.reviewers)
        asked = now.reviewers.change(names, same, register.short_names, coauthors)
        short = set(map(self.normal, asked)) | {name for name in self.names if not is_full_name(name)}
        for who in concerned:
            for known in (was.register.names, register.names):
                short.update(name for name in known.get(who, ()) if not is_full_name(name))
        found = {key for name in short for key in self._on(name, now.seen) if key[0] == "submission"}
        return {SubmissionId(name) for _, name in found}

    # --- links ---

    def _link_again(self, asked: Iterable[SubmissionId]) -> None:
        now, was, new = self.now, self.was, self.new
        again = self.resettled | {("submission", str(each)) for each in asked}
        for name in self.names:
            again.update(self._on(name, now.seen))
        now.papers = {each: byline for each, byline in was.papers.items() if each in new.paper_by_id}
        now.submissions = {each: byline for each, byline in was.submissions.items() if each in new.submission_by_id}
        papers, submissions = set(self.changed.papers), set(self.changed.submissions)
        for key in again:
            byline = now.byline(key)
            if key[0] == "paper":
                paper_id = PaperId(key[1])
                if _told(was.papers.get(paper_id)) != _told(byline):
                    papers.add(paper_id)
                now.papers[paper_id] = byline
                self.places.take_links(paper_id, byline)
            else:
                submission_id = SubmissionId(key[1])
                if _told(was.submissions.get(submission_id)) != _told(byline):
                    submissions.add(submission_id)
                now.submissions[submission_id] = byline
        for who in set(self.old.reviewer_by_id) ^ set(new.reviewer_by_id):
            papers.update(each for each in self.places.linked.get(who, ()) if each in new.paper_by_id)
        now.initials = copy(was.initials)
        now.initials.change(
            new, now.papers, now.submissions, again=papers, changed=submissions, people=set(self.changed.people)
        )

    def _finished(self) -> Relinked:
        now, before = self.now, self.before
        initials, register = now.initials, now.register
        identities = replace(
            before,
            on_papers=initials.on_papers,
            on_submissions=initials.on_submissions,
            unplaced=now.claims.unplaced,
            twins=now.who.twins,
            owners=register.owners,
            carriers=register.carriers,
            shared_names=register.shared_names,
            known=frozenset(self.new.person_by_id),
            linker=now,
        )
        papers = _differing(before.on_papers, initials.on_papers, exact=_told) | self.changed.papers
        submissions = _differing(before.on_submissions, initials.on_submissions, exact=_told) | self.changed.submissions
        people = self.people | self.touched | self.changed.reviewers
        for table in (before.on_papers, initials.on_papers):
            people |= {one.person_id for each in papers for links in table.get(each, ()) for one in links}
        people |= {who for each in papers for who in self.places.listed.get(each, ())}
        return Relinked(identities, self.changed, frozenset(people), self.carried, submissions, papers)


def _told(byline: Byline | None) -> Any:
    """A byline's links with what stands beside their comparison: the reasons in words."""
    return byline and tuple(tuple((one, one.because) for one in links) for links in byline)


def _differ(one: Any, other: Any) -> bool:
    """Whether the links of a group's mentions differ, the reasons included."""
    if one != other or one is None:
        return bool(one != other)
    return any(_told((links,)) != _told((other[place],)) for place, links in one.items())


def _authors(venue: Venue, key: Key) -> tuple[AuthorMention, ...]:
    """The authors of a byline; nobody where it is not there."""
    kind, name = key
    if kind == "paper":
        paper = venue.paper_by_id.get(PaperId(name))
        return () if paper is None else paper.authors
    submission = venue.submission_by_id.get(SubmissionId(name))
    return () if submission is None else submission.authors


def _is_in(venue: Venue, key: Key) -> bool:
    kind, name = key
    return name in (venue.paper_by_id if kind == "paper" else venue.submission_by_id)


def _names_of(keys: Iterable[Key], seen: Mapping[Key, Seen]) -> set[str]:
    return {name for key in keys if key in seen for name in seen[key].names}


def _with(people: tuple[PersonId, ...], who: PersonId, *, is_in: bool) -> tuple[PersonId, ...]:
    """Sorted people with or without one of them."""
    return tuple(sorted({*people, who} if is_in else set(people) - {who}))


def _set(table: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep a value, or nothing where there is none."""
    if value:
        table[key] = value
    else:
        table.pop(key, None)
