"""Coauthors and authors who are printed with initials only: who of the other side they may be.

"J. Smith" on a reviewer's paper may be the author "John Smith" of a submission, and the other way round. The two are
compared where family name and initial agree and no id says who they are; what is known around them (shared coauthors,
titles, how many people carry such a name) gives a probability. Those who fit one mention compete for it, since it is
one person. A common name without anything else that fits raises no question.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from copy import copy
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from matcher.identity.links import Link
from matcher.identity.model import (
    Sighting,
    Standing,
    context_features,
    log_odds,
    name_log_odds,
    probability,
    settings,
    share_of_people,
    standing_of,
    title_words,
)
from matcher.identity.names import Spelling, is_full_name, key_of, normalise_name
from matcher.identity.surroundings import Surroundings, institutions_of_mention, of_paper, of_submission
from matcher.records import Paper, PaperId, PersonId, Submission, SubmissionId, Venue

__all__ = ["Initials"]

Byline: TypeAlias = tuple[tuple[Link, ...], ...]

_NOT_WHO: Final = frozenset(("short_name", "fits", "alike"))
"""Links to reviewers whom a name may mean: a question of its own, not who the author is."""


@dataclass(slots=True)
class _Author:
    """An author of submissions, known as one person.

    Args:
        id: of the person, or the key of an unknown one.
        places: submission and position of each mention.
        names: as written.
    """

    id: PersonId
    places: tuple[tuple[SubmissionId, int], ...]
    names: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Fit:
    """An author whom a mention on a paper may be."""

    author: _Author
    is_full: bool
    odds: float
    around: float
    """Log odds of what stands around the two alone."""


class Initials:
    """Who is meant where a name on a reviewer's paper, or an author's, is abbreviated.

    `on_papers` and `on_submissions` are the links given, with further ones. An author of a submission without any link
    has the key of an unknown person there, where a paper may be theirs.

    Args:
        venue: the whole input.
        papers: links of all papers until now.
        submissions: links of all submissions until now.
        people: of how many people names are reckoned with.
    """

    def __init__(
        self,
        venue: Venue,
        papers: Mapping[PaperId, Byline],
        submissions: Mapping[SubmissionId, Byline],
        people: int,
    ) -> None:
        self._search = _Search(venue, papers, submissions, people)
        self._more: dict[PaperId, dict[int, tuple[Link, ...]]] = {}
        self._papers = papers
        self.on_papers: dict[PaperId, Byline] = dict(papers)
        self._look_at(venue.papers)
        self.on_submissions: dict[SubmissionId, Byline] = self._named(submissions)

    def _look_at(self, papers: Iterable[Paper]) -> None:
        """Find who is meant on some papers."""
        known = self._search.venue.reviewer_by_id
        for paper in papers:
            byline = self._papers[paper.id]
            is_reviewers = any(one.person_id in known for links in byline for one in links)
            more = dict(self._search.of(paper, byline)) if is_reviewers else {}
            if any(more.values()):
                self._more[paper.id] = more
                byline = tuple((*links, *more.get(position, ())) for position, links in enumerate(byline))
            else:
                self._more.pop(paper.id, None)
            self.on_papers[paper.id] = byline

    def _named(self, submissions: Mapping[SubmissionId, Byline]) -> dict[SubmissionId, Byline]:
        """The links of all submissions, with keys for those who had no link and may be on a paper."""
        named = dict(submissions)
        new: dict[SubmissionId, dict[int, PersonId]] = {}
        for more in self._more.values():
            for one in (link for links in more.values() for link in links):
                for submission_id, position in self._search.without_link(one.person_id):
                    new.setdefault(submission_id, {})[position] = one.person_id
        for submission_id, keys in new.items():
            named[submission_id] = tuple(
                (*links, Link(keys[position], "name", 1.0)) if position in keys else links
                for position, links in enumerate(submissions[submission_id])
            )
        return named

    def change(
        self,
        venue: Venue,
        papers: Mapping[PaperId, Byline],
        submissions: Mapping[SubmissionId, Byline],
        *,
        again: Set[PaperId],
        changed: Set[SubmissionId],
        people: Set[PersonId],
    ) -> None:
        """Take a change of the venue up, looking only where something can differ; copies made before stay as they are.

        Args:
            venue: as it is now.
            papers: links of all papers as they are now, before abbreviated names are looked at.
            submissions: likewise.
            again: papers, new or not, that changed, or whose links did, or on which a reviewer came or went.
            changed: submissions that are new or gone, or changed, or whose links did.
            people: records that are new or gone, or changed.
        """
        self._search, self._papers = copy(self._search), papers
        todo = self._search.change(venue, papers, submissions, again, changed, people)
        self._more = {paper: more for paper, more in self._more.items() if paper in papers}
        self.on_papers = {paper: byline for paper, byline in self.on_papers.items() if paper in papers}
        self._look_at(venue.paper_by_id[each] for each in sorted(todo | again) if each in papers)
        self.on_submissions = self._named(submissions)


class _Search:
    """The authors of submissions by family name and initial, with what stands around them."""

    def __init__(
        self,
        venue: Venue,
        papers: Mapping[PaperId, Byline],
        submissions: Mapping[SubmissionId, Byline],
        people: int,
    ) -> None:
        self.venue = venue
        self._links = papers
        self._of_submissions = submissions
        # the weights were learned among all people of the counts; a venue holds fewer who carry the name
        self._fewer: float = settings()["weights"]["carriers_initials"] * math.log10(share_of_people(people))
        self._authors: dict[PersonId, _Author] = {}
        self._unlinked: dict[PersonId, tuple[tuple[SubmissionId, int], ...]] = {}
        self._by_key: dict[str, tuple[tuple[_Author, Spelling, str], ...]] = {}
        self._papers_of: dict[PersonId, tuple[PaperId, ...]] = {}
        self._seen: dict[PersonId, Sighting] = {}
        self._sharing: dict[str, tuple[dict[PaperId, None], dict[PaperId, None]]] = {}
        """Per key, the papers on which an abbreviated or a full name has it; some may have it no more."""
        places: dict[PersonId, list[tuple[SubmissionId, int]]] = {}
        for submission in venue.submissions:
            for who, position in self._standing(submission, submissions[submission.id]):
                places.setdefault(who, []).append((submission.id, position))
        for who, found in places.items():
            self._enter(who, found)
        papers_of: dict[PersonId, list[PaperId]] = {}
        for paper_id, byline in papers.items():
            for person_id in _surely_on(byline):
                papers_of.setdefault(person_id, []).append(paper_id)
        self._papers_of = {who: tuple(found) for who, found in papers_of.items()}

    def _standing(self, submission: Submission, byline: Byline) -> Iterator[tuple[PersonId, int]]:
        """Whom the authors of a submission are taken for, each with the position."""
        for position, (mention, links) in enumerate(zip(submission.authors, byline, strict=True)):
            normalised = normalise_name(mention.name)
            if " " not in normalised:
                continue
            people = [one.person_id for one in links if one.is_sure] or [
                one.person_id for one in links if one.basis not in _NOT_WHO
            ]
            if not people:
                people = [PersonId(f"unidentified:{normalised} of {submission.id}")]
                self._unlinked[people[0]] = ((submission.id, position),)
            yield from ((person_id, position) for person_id in people)

    def _enter(self, who: PersonId, places: Sequence[tuple[SubmissionId, int]]) -> None:
        known = self.venue.person_by_id.get(who)
        author = self._authors[who] = _Author(who, tuple(places))
        author.names.update(dict.fromkeys(known.names if known else ()))
        for submission_id, position in places:
            author.names[self.venue.submission_by_id[submission_id].authors[position].name] = None
        for name, spelling in _fullest(author.names):
            for key in _keys(spelling):
                self._by_key[key] = (*self._by_key.get(key, ()), (author, spelling, name))

    def _leave(self, author: _Author) -> list[tuple[str, bool]]:
        keys = list(_keys_of(author))
        for key, _ in keys:
            self._by_key[key] = tuple(each for each in self._by_key[key] if each[0] is not author)
        self._seen.pop(author.id, None)
        self._unlinked.pop(author.id, None)
        return keys

    def change(
        self,
        venue: Venue,
        papers: Mapping[PaperId, Byline],
        submissions: Mapping[SubmissionId, Byline],
        again: Set[PaperId],
        changed: Set[SubmissionId],
        people: Set[PersonId],
    ) -> set[PaperId]:
        """Take a change up, on a copy; see `Initials.change`.

        Returns:
            The papers on which an author may stand who changed, or around whom something did.
        """
        self._authors, self._by_key, self._seen = dict(self._authors), dict(self._by_key), dict(self._seen)
        self._unlinked, self._papers_of = dict(self._unlinked), dict(self._papers_of)
        concerned = {*people, *self._on(changed), *self._replaced(again, papers)}
        keys: dict[tuple[str, bool], None] = {}
        places: dict[PersonId, list[tuple[SubmissionId, int]]] = {}

        def leave(who: PersonId) -> None:
            author = self._authors.pop(who, None)
            if author is not None:
                keys.update(dict.fromkeys(self._leave(author)))
                places[who] = [place for place in author.places if place[0] not in changed]

        for who in concerned:
            leave(who)
        self.venue, self._links, self._of_submissions = venue, papers, submissions
        for submission_id in changed:
            if submission_id in submissions:
                for who, position in self._standing(venue.submission_by_id[submission_id], submissions[submission_id]):
                    leave(who)
                    places.setdefault(who, []).append((submission_id, position))
        for who, found in places.items():
            if found:
                self._enter(who, sorted(found))
                keys.update(dict.fromkeys(_keys_of(self._authors[who])))
        return {
            paper_id
            for key, is_full in keys
            for among in self._sharing.get(key, ())[: 1 if is_full else 2]  # full names are compared with short ones
            for paper_id in among
        }

    def _on(self, submissions: Iterable[SubmissionId]) -> Iterator[PersonId]:
        """Whom the authors of some submissions are taken for until now."""
        for each in submissions:
            if each in self._of_submissions:
                byline = self._of_submissions[each]
                yield from (who for who, _ in self._standing(self.venue.submission_by_id[each], byline))

    def _replaced(self, again: Iterable[PaperId], papers: Mapping[PaperId, Byline]) -> Iterator[PersonId]:
        """Note who surely stands on some papers now; gives those who stood or stand there."""
        for paper_id in again:
            gone, come = (set(_surely_on(links.get(paper_id, ()))) for links in (self._links, papers))
            for who in gone - come:
                self._papers_of[who] = tuple(each for each in self._papers_of[who] if each != paper_id)
            for who in come - gone:
                self._papers_of[who] = (*self._papers_of.get(who, ()), paper_id)
            yield from gone | come

    def without_link(self, person_id: PersonId) -> tuple[tuple[SubmissionId, int], ...]:
        """Where an author stands who had no link until now."""
        return self._unlinked.get(person_id, ())

    def of(self, paper: Paper, byline: Byline) -> Iterator[tuple[int, tuple[Link, ...]]]:
        """Per position of a paper, the authors whom an abbreviated name may mean."""
        told = {one.person_id for links in byline for one in links}
        found = {position: tuple(links) for position, links in self._by_position(paper, told)}
        places = Counter(one.person_id for links in found.values() for one in links)
        for position, links in found.items():
            yield position, tuple(_doubtful(one, places[one.person_id]) for one in links)

    def _by_position(self, paper: Paper, told: set[PersonId]) -> Iterator[tuple[int, Iterator[Link]]]:
        for position, mention in enumerate(paper.authors):
            spelling = Spelling.of(mention.name)
            keys = _keys(spelling)
            for key in keys:
                self._sharing.setdefault(key, ({}, {}))[_is_full(spelling)][paper.id] = None
            if not any(key in self._by_key for key in keys):
                continue
            is_full = is_full_name(normalise_name(mention.name))
            if mention.person_id is not None and not is_full:
                continue  # whose id it is says who they are, and their other names say more
            likely = self._fitting(paper, position, spelling, keys, told, is_full=is_full)
            if likely:
                yield position, _links(likely)

    def _fitting(
        self,
        paper: Paper,
        position: int,
        spelling: Spelling,
        keys: Iterable[str],
        told: set[PersonId],
        *,
        is_full: bool,
    ) -> list[_Fit]:
        name, has_id = paper.authors[position].name, paper.authors[position].person_id is not None
        best: dict[PersonId, _Fit] = {}
        sighting: Sighting | None = None
        for author, own, written in (each for key in keys for each in self._by_key.get(key, ())):
            own_is_full = _is_full(own)
            if (is_full and own_is_full) or author.id in told or author.id in best or not own.agrees(spelling):
                continue
            if has_id and author.id in self.venue.person_by_id:
                continue  # two people whom ids tell apart
            sighting = sighting or _on_paper(paper, position)
            around = context_features(self._sighting(author), sighting)
            said = log_odds(around)
            best[author.id] = _Fit(author, own_is_full, name_log_odds(written, name) + self._fewer + said, said)
        return [best[who] for who in sorted(best)]

    def _year(self) -> int | None:
        """The year in which submissions were written."""
        return self.venue.deadline.day.year if self.venue.deadline else None

    def _sighting(self, author: _Author) -> Sighting:
        """What stands around an author on their submissions and on the papers that are surely theirs."""
        found = self._seen.get(author.id)
        if found is None:
            texts: list[tuple[Sequence[str], str]] = []
            around = Surroundings()
            for submission_id, position in author.places:
                submission = self.venue.submission_by_id[submission_id]
                others = [one.name for at, one in enumerate(submission.authors) if at != position]
                texts.append((others, submission.title))
                place = institutions_of_mention(submission.authors[position])
                around = around.with_all(of_submission(submission, self._year()).at(place))
            for paper_id in self._papers_of.get(author.id, ()):
                paper = self.venue.paper_by_id[paper_id]
                byline = self._links[paper_id]
                others = [
                    one.name
                    for at, one in enumerate(paper.authors)
                    if not any(link.person_id == author.id for link in byline[at])
                ]
                texts.append((others, paper.title))
                around = around.with_all(of_paper(paper))
            found = self._seen[author.id] = Sighting(
                name=next(iter(author.names)),
                coauthors=frozenset(filter(None, (normalise_name(name) for names, _ in texts for name in names))),
                words=frozenset(word for _, title in texts for word in title_words(title)),
                venues=around.venues,
                years=around.years or (),
                institutions=around.institutions,
            )
        return found


def _surely_on(byline: Byline) -> dict[PersonId, None]:
    """Who surely stands on a byline."""
    return {one.person_id: None for links in byline for one in links if one.is_sure}


def _keys(spelling: Spelling) -> dict[str, None]:
    return dict.fromkeys(key_of(form) for form in spelling.forms)


def _keys_of(author: _Author) -> Iterator[tuple[str, bool]]:
    """The keys of an author's names, and whether the name is a full one."""
    for _, spelling in _fullest(author.names):
        yield from ((key, _is_full(spelling)) for key in _keys(spelling))


def _is_full(spelling: Spelling) -> bool:
    return len(spelling.parts) > 1 and is_full_name(" ".join(spelling.parts))


def _on_paper(paper: Paper, position: int) -> Sighting:
    others = (normalise_name(one.name) for at, one in enumerate(paper.authors) if at != position)
    around = of_paper(paper)
    return Sighting(
        paper.authors[position].name,
        frozenset(filter(None, others)),
        around.words,
        around.venues,
        around.years or (),
        institutions_of_mention(paper.authors[position]),
    )


def _fullest(names: Iterable[str]) -> list[tuple[str, Spelling]]:
    """The names that no other one says in full; who is also "Zirui Liu" is, as "Z. Liu", not "Zihang Liu"."""
    spelt = {name: Spelling.of(name) for name in names}
    return [
        (name, one)
        for name, one in spelt.items()
        if len(one.parts) > 1
        and not any(
            len("".join(one.parts)) < len("".join(other.parts)) and one.agrees(other) for other in spelt.values()
        )
    ]


def _links(likely: Sequence[_Fit]) -> Iterator[Link]:
    """The authors as links, each with its probability; those with full names share one mention between them."""
    rivals = math.fsum(math.exp(min(fit.odds, _CERTAIN)) for fit in likely if fit.is_full)
    for fit in likely:
        own = math.exp(min(fit.odds, _CERTAIN))
        chance = own / (1 + rivals) if fit.is_full else probability(fit.odds)
        if chance >= _WORTH_ASKING:
            # relatives share rare family names, and often the initial: something else must speak for the two
            is_sure = standing_of(chance) is Standing.MERGE and fit.around > 0
            if not is_sure:
                chance = min(chance, _ALONE)
            yield Link(fit.author.id, "abbreviated" if is_sure else "initials", chance)


def _doubtful(one: Link, places: int) -> Link:
    """The link, and where several names of one byline may be the person, neither of them surely."""
    return one if places == 1 else Link(one.person_id, "initials", min(one.confidence, 1 / places))


_WORTH_ASKING: Final = 0.05
"""One of twenty. An initial fits so many that to ask as early as elsewhere would fill the list with them."""
_ALONE: Final = 0.9
"""The most that a fitting initial says where nothing else speaks for the two."""
_CERTAIN: Final = 30.0
"""Log odds beyond which nothing changes."""
