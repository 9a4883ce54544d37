"""Coauthors and authors who are printed with initials only: who of the other side they may be.

"J. Smith" on a reviewer's paper may be the author "John Smith" of a submission, and the other way round. The two are
compared where family name and initial agree and no id says who they are; what is known around them (shared coauthors,
titles, how many people carry such a name) gives a probability. Those who fit one mention compete for it, since it is
one person. A common name without anything else that fits raises no question.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

__all__ = ["with_initials"]

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
    places: list[tuple[SubmissionId, int]] = field(default_factory=list)
    names: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Fit:
    """An author whom a mention on a paper may be."""

    author: _Author
    is_full: bool
    odds: float
    around: float
    """Log odds of what stands around the two alone."""


def with_initials(
    venue: Venue, papers: Mapping[PaperId, Byline], submissions: Mapping[SubmissionId, Byline], people: int
) -> tuple[dict[PaperId, Byline], dict[SubmissionId, Byline]]:
    """Add who is meant where a name on a reviewer's paper, or an author's, is abbreviated.

    Args:
        venue: the whole input.
        papers: links of all papers until now.
        submissions: links of all submissions until now.
        people: different names in the venue.

    Returns:
        The same with further links. An author of a submission without any link gets the key of an unknown person where
        a paper may be theirs.
    """
    search = _Search(venue, papers, submissions, people)
    found = dict(papers)
    new: dict[SubmissionId, dict[int, PersonId]] = {}
    for paper in venue.papers:
        byline = papers[paper.id]
        if not any(one.person_id in venue.reviewer_by_id for links in byline for one in links):
            continue
        more = dict(search.of(paper, byline))
        if any(more.values()):
            found[paper.id] = tuple((*links, *more.get(position, ())) for position, links in enumerate(byline))
            for one in (link for links in more.values() for link in links):
                for submission_id, position in search.without_link(one.person_id):
                    new.setdefault(submission_id, {})[position] = one.person_id
    named = dict(submissions)
    for submission_id, keys in new.items():
        named[submission_id] = tuple(
            (*links, Link(keys[position], "name", 1.0)) if position in keys else links
            for position, links in enumerate(submissions[submission_id])
        )
    return found, named


class _Search:
    """The authors of submissions by family name and initial, with what stands around them."""

    def __init__(
        self,
        venue: Venue,
        papers: Mapping[PaperId, Byline],
        submissions: Mapping[SubmissionId, Byline],
        people: int,
    ) -> None:
        self._venue = venue
        self._year = venue.deadline.day.year if venue.deadline else None
        self._links = papers
        # the weights were learned among all people of the counts; a venue holds fewer who carry the name
        self._fewer: float = settings()["weights"]["carriers_initials"] * math.log10(share_of_people(people))
        self._authors: dict[PersonId, _Author] = {}
        self._unlinked: dict[PersonId, tuple[tuple[SubmissionId, int], ...]] = {}
        for submission in venue.submissions:
            for position, links in enumerate(submissions[submission.id]):
                self._take(submission, position, links)
        self._by_key: dict[str, list[tuple[_Author, Spelling, str]]] = {}
        for author in self._authors.values():
            for name, spelling in _fullest(author.names):
                for key in dict.fromkeys(key_of(form) for form in spelling.forms):
                    self._by_key.setdefault(key, []).append((author, spelling, name))
        self._papers_of: dict[PersonId, list[PaperId]] = {}
        for paper_id, byline in papers.items():
            for links in byline:
                for one in links:
                    if one.is_sure and one.person_id in self._authors:
                        self._papers_of.setdefault(one.person_id, []).append(paper_id)
        self._seen: dict[PersonId, Sighting] = {}

    def _take(self, submission: Submission, position: int, links: Sequence[Link]) -> None:
        mention = submission.authors[position]
        normalised = normalise_name(mention.name)
        if " " not in normalised:
            return
        people = [one.person_id for one in links if one.is_sure] or [
            one.person_id for one in links if one.basis not in _NOT_WHO
        ]
        if not people:
            people = [PersonId(f"unidentified:{normalised} of {submission.id}")]
            self._unlinked[people[0]] = ((submission.id, position),)
        for person_id in people:
            author = self._authors.get(person_id)
            if author is None:
                author = self._authors[person_id] = _Author(person_id)
                known = self._venue.person_by_id.get(person_id)
                author.names.update(dict.fromkeys(known.names if known else ()))
            author.places.append((submission.id, position))
            author.names[mention.name] = None

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
            keys = dict.fromkeys(key_of(form) for form in spelling.forms)
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
            own_is_full = len(own.parts) > 1 and is_full_name(" ".join(own.parts))
            if (is_full and own_is_full) or author.id in told or author.id in best or not own.agrees(spelling):
                continue
            if has_id and author.id in self._venue.person_by_id:
                continue  # two people whom ids tell apart
            sighting = sighting or _on_paper(paper, position)
            around = context_features(self._sighting(author), sighting)
            said = log_odds(around)
            best[author.id] = _Fit(author, own_is_full, name_log_odds(written, name) + self._fewer + said, said)
        return list(best.values())

    def _sighting(self, author: _Author) -> Sighting:
        """What stands around an author on their submissions and on the papers that are surely theirs."""
        found = self._seen.get(author.id)
        if found is None:
            texts: list[tuple[Sequence[str], str]] = []
            around = Surroundings()
            for submission_id, position in author.places:
                submission = self._venue.submission_by_id[submission_id]
                others = [one.name for at, one in enumerate(submission.authors) if at != position]
                texts.append((others, submission.title))
                place = institutions_of_mention(submission.authors[position])
                around = around.with_all(of_submission(submission, self._year).at(place))
            for paper_id in self._papers_of.get(author.id, ()):
                paper = self._venue.paper_by_id[paper_id]
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
