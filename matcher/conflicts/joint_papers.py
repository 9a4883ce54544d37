"""The papers that authors share with reviewers, and how those stand to the coauthor window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Self

from matcher.config import MatchConfig
from matcher.conflicts.policy import Coauthors, Window
from matcher.conflicts.windows import latest, place, strictest, widest_clear_window
from matcher.conflicts.world import Place, World
from matcher.errors import counted
from matcher.identity import Link, joint_confidence, reasons
from matcher.records import Evidence, Paper, PaperId, PartialDate, PersonId, Verdict

__all__ = ["Joint", "JointPapers"]


@dataclass(frozen=True, slots=True)
class Joint:
    """The papers that somebody shares with a reviewer, whatever the submission.

    Args:
        verdict: block when one of them surely counts and is surely both theirs, else ask.
        evidence: the papers that count, newest first, and how the reviewer is known where no id says it.
        author_reasons: how the other one is known on them where no id says it.
        last_date: date of the newest.
        confidence: of the best supported paper.
        clears: what would clear the pair.
    """

    verdict: Verdict
    evidence: tuple[Evidence, ...]
    author_reasons: tuple[str, ...]
    last_date: PartialDate | None
    confidence: float
    clears: str


@dataclass(frozen=True, slots=True)
class _Side:
    """Somebody on a paper, and how that is known: which record is theirs, and why it stands there."""

    person_id: PersonId
    position: int | None
    links: tuple[Link, ...]
    is_sure: bool
    confidence: float

    @classmethod
    def of(cls, person_id: PersonId, same: Link, on_it: Place) -> Self:
        # Ids need no reason and are certain: left out, they cost nothing in the many products to come.
        links = tuple(link for link in (same, on_it.link) if link.basis != "id")
        is_sure = all(link.is_sure for link in links)
        return cls(person_id, on_it.position, links, is_sure, joint_confidence(links))


@dataclass(frozen=True, slots=True)
class _Shared:
    """One joint paper: its verdict, and how the author and the reviewer come to be on it."""

    verdict: Verdict
    confidence: float
    author: _Side
    reviewer: _Side


class JointPapers:
    """Joint papers by author, each author worked out once."""

    def __init__(self, world: World, config: MatchConfig) -> None:
        self._world = world
        self._rule = world.policy.coauthor or Coauthors(Window(None))
        self._window = self._rule.window
        self._partial_date = config.partial_date
        self._found: dict[PersonId, dict[PersonId, Joint]] = {}
        self._standing: dict[PaperId, Verdict] = {}
        self._facts: dict[PaperId, Evidence] = {}
        self._reviewers: dict[PaperId, list[_Side]] = {}
        self._is_lazy = len(world.submissions) < len(world.reviewers)
        if self._is_lazy:
            return
        for reviewer_id in world.reviewers:
            for same in world.identities.same_as(reviewer_id):
                for on_it in world.papers_of.get(same.person_id, ()):
                    self._reviewers.setdefault(on_it.paper_id, []).append(_Side.of(reviewer_id, same, on_it))

    def _on(self, paper_id: PaperId) -> Sequence[_Side]:
        """The reviewers on a paper; where few submissions are looked at, found for their authors' papers only."""
        found = self._reviewers.get(paper_id)
        if found is None and self._is_lazy:
            found = self._reviewers[paper_id] = list(self._sides(paper_id))
        return found or ()

    def _sides(self, paper_id: PaperId) -> Iterator[_Side]:
        world = self._world
        there = {one.person_id for links in world.identities.on_papers[paper_id] for one in links}
        there.update(self._listing.get(paper_id, ()))
        who = {same.person_id for each in there for same in world.identities.same_as(each)}
        for reviewer_id in sorted(who & world.reviewers.keys()):
            for same in world.identities.same_as(reviewer_id):
                for on_it in world.papers_of.get(same.person_id, ()):
                    if on_it.paper_id == paper_id:
                        yield _Side.of(reviewer_id, same, on_it)

    @cached_property
    def _listing(self) -> dict[PaperId, list[PersonId]]:
        """Per paper, the reviewers who list it and of whom no one name on it is."""
        listing: dict[PaperId, list[PersonId]] = {}
        for who, papers in self._world.identities.unplaced.items():
            for paper_id, _ in papers:
                listing.setdefault(paper_id, []).append(who)
        return listing

    def of(self, author_id: PersonId) -> dict[PersonId, Joint]:
        """Per reviewer, the joint papers that count."""
        found = self._found.get(author_id)
        if found is None:
            shared = self._shared(author_id)
            found = self._found[author_id] = {
                reviewer_id: self._joint(reviewer_id, papers) for reviewer_id, papers in shared.items()
            }
        return found

    def _shared(self, author_id: PersonId) -> dict[PersonId, dict[PaperId, _Shared]]:
        selves = self._world.identities.same_as(author_id)
        own = {same.person_id for same in selves}
        shared: dict[PersonId, dict[PaperId, _Shared]] = {}
        for same in selves:
            for on_it in self._world.papers_of.get(same.person_id, ()):
                paper_id = on_it.paper_id
                reviewers = self._on(paper_id)
                if not reviewers:
                    continue
                mine = _Side.of(author_id, same, on_it)
                for theirs in reviewers:
                    if theirs.person_id in own or (mine.position is not None and mine.position == theirs.position):
                        continue  # one mention is one person, so nobody shares it
                    standing = self._stands(paper_id)
                    if standing is Verdict.CLEAR:
                        break
                    papers = shared.setdefault(theirs.person_id, {})
                    new = _Shared(
                        verdict=standing if mine.is_sure and theirs.is_sure else Verdict.ASK,
                        confidence=mine.confidence * theirs.confidence,
                        author=mine,
                        reviewer=theirs,
                    )
                    if paper_id not in papers or _strength(new) > _strength(papers[paper_id]):
                        papers[paper_id] = new
        return shared

    def _stands(self, paper_id: PaperId) -> Verdict:
        """How a paper stands to the window; the deadline is asked for only once a date needs it."""
        found = self._standing.get(paper_id)
        if found is None:
            paper = self._world.venue.paper_by_id[paper_id]
            if not self._rule.counts(paper):
                found = Verdict.CLEAR
            elif paper.dates:
                found = place(paper.dates, self._start(), self._partial_date)
            else:
                found = Verdict.BLOCK if self._window.months is None else self._rule.undated
            self._standing[paper_id] = found
        return found

    def _start(self) -> date | None:
        if self._window.months is None:
            return None
        need = f"the coauthor window of {self._window}"
        return self._window.start(self._world.day(need, "--coauthor-window-months all"))

    def _joint(self, reviewer_id: PersonId, shared: Mapping[PaperId, _Shared]) -> Joint:
        papers = sorted((self._world.venue.paper_by_id[paper_id] for paper_id in shared), key=_newest_first)
        ways = [shared[paper.id] for paper in papers]
        verdict = strictest(way.verdict for way in ways)
        evidence = [self._fact(paper) for paper in papers]
        how = reasons(link for way in ways for link in way.reviewer.links)
        if how:
            name = self._world.name_of(reviewer_id)
            evidence.append(Evidence("identity", f"{name}, the reviewer: {'; '.join(how)}"))
        return Joint(
            verdict=verdict,
            evidence=tuple(evidence),
            author_reasons=reasons(link for way in ways for link in way.author.links),
            last_date=latest([day for paper in papers for day in paper.dates]),
            confidence=max(way.confidence for way in ways if way.verdict is verdict),
            clears=self._clears(papers),
        )

    def _fact(self, paper: Paper) -> Evidence:
        found = self._facts.get(paper.id)
        if found is None:
            when = " and ".join(str(day) for day in sorted(paper.dates, key=PartialDate.last_day)) or "no date"
            text = f"{paper.title} ({', '.join(part for part in (paper.published_in, when) if part)})"
            found = self._facts[paper.id] = Evidence("paper", text, paper.id, paper.dates, paper.sources)
        return found

    def _clears(self, papers: list[Paper]) -> str:
        many = "both joint papers are" if len(papers) == 2 else f"all {len(papers)} joint papers are"
        what = "the joint paper is" if len(papers) == 1 else many
        ways = [f"when {what} shown not to be by both of them"]
        dated = [paper.dates for paper in papers if paper.dates]
        if self._window.months is not None and all(self._may_be_older(paper) for paper in papers):
            whose = "its" if len(papers) == 1 else "their"
            several = "" if len(papers) == 1 and len(papers[0].dates) < 2 else "s"
            verb = "are" if several else "is"
            start = self._start() if self._world.deadline is not None else "the window"
            ways.append(f"when {whose} full date{several} {verb} known to be before {start}")
        if dated and self._world.deadline is not None and self._window.arithmetic == "months":
            day = self._world.deadline.day
            widest = [widest_clear_window(dates, day, self._partial_date) for dates in dated]
            months = [window for window in widest if window is not None]
            if len(months) == len(dated):
                also = "" if len(dated) == len(papers) else " if the papers without a date are older than that"
                ways.append(f"under a coauthor window of at most {counted(min(months), 'month')} before {day}{also}")
        return "clears " + ", or ".join(ways)

    def _may_be_older(self, paper: Paper) -> bool:
        """Whether full dates could show that a paper which counts lies before the window."""
        start = self._start() if self._world.deadline is not None else None
        if not paper.dates or start is None:
            return not paper.dates
        return all(day.first_day() < start for day in paper.dates)


def _strength(shared: _Shared) -> tuple[bool, float]:
    return shared.verdict is Verdict.BLOCK, shared.confidence


def _newest_first(paper: Paper) -> tuple[int, PaperId]:
    newest = latest(paper.dates)
    return (-newest.last_day().toordinal() if newest else 0), paper.id
