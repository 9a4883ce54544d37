"""Declarations against evidence, what is not known, and what another policy would change. Nothing here blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from matcher.config import MatchConfig
from matcher.conflicts.finder import Finder
from matcher.conflicts.further import Advisors
from matcher.conflicts.remark import Remark, listed
from matcher.conflicts.windows import latest, months_before
from matcher.conflicts.world import World
from matcher.identity import Link
from matcher.records import Conflicts, PartialDate, PersonId, SubmissionId, Venue, Verdict

__all__ = ["Bridges", "WhatIf", "bridges", "coverage", "declarations", "siblings", "stale", "what_if"]

_DECLARABLE: Final = ("coauthor", "cosubmission", "relation", "sibling")
"""Rules whose conflicts people are asked to declare; institutions are often declared as domains, elsewhere."""

_STALE_MONTHS: Final = 24
"""How long before the deadline the newest date of a profile may lie while "present" still means now."""

_LIKELY: Final = frozenset(("spelling", "unconfirmed"))
"""Who is no sure link but more than a common name still counts as a bridge: it is a signal, not a decision."""

_WIDEST: Final = """
name = "widest"
[coauthor]
window_months = "all"
cite = "any tie at all"
dated = "2026"
[cosubmission]
cite = "any tie at all"
dated = "2026"
[institution]
when = "both_within_window"
window_months = "all"
addresses = "always"
cite = "any tie at all"
dated = "2026"
[relation]
window_months = "all"
siblings = true
cite = "any tie at all"
dated = "2026"
[collaborator]
cite = "any tie at all"
dated = "2026"
"""


# --- declarations ---------------------------------------------------------------------------------------------------


def declarations(finder: Finder, conflicts: Conflicts) -> Iterator[Remark]:
    """What was found and nobody declared, and what was declared and nothing else shows.

    The first is only said of submissions with a declaration: where nobody was asked, nothing is missing. The second
    looks for any tie of any time, not only for those of the policy.

    Args:
        finder: of the venue.
        conflicts: all of it.
    """
    declared = {(row.submission_id, row.reviewer_id) for row in finder.venue.declared}
    asked = {submission_id for submission_id, _ in declared}
    for pair, found in conflicts.by_pair.items():
        rules = sorted({each.rule for each in found if each.verdict is Verdict.BLOCK and each.rule in _DECLARABLE})
        if rules and pair[0] in asked and pair not in declared:
            facts = next(each for each in found if each.rule == rules[0]).evidence
            text = (
                f"{_pair(finder.venue, *pair)}: nobody declared what rule {' and '.join(rules)} found: {facts[0].text}"
            )
            yield Remark("undeclared", text, (pair[0],), (pair[1],))
    if not declared:
        return
    wide = Finder(finder.venue, MatchConfig(policy=_WIDEST, deadline=finder.config.deadline))
    ties = wide.of(asked, {reviewer_id for _, reviewer_id in declared}).by_pair
    for row in finder.venue.declared:
        if all(each.rule == "declared" for each in ties.get((row.submission_id, row.reviewer_id), ())):
            reason = f" ({row.reason})" if row.reason else ""
            text = f"{_pair(finder.venue, row.submission_id, row.reviewer_id)}: declared{reason}, and no tie is known"
            yield Remark("unsupported", text, (row.submission_id,), (row.reviewer_id,), "declared-private")


def _pair(venue: Venue, submission_id: SubmissionId, reviewer_id: PersonId) -> str:
    return f"{submission_id} and {venue.name_of(reviewer_id)}"


# --- what is not known ----------------------------------------------------------------------------------------------


def coverage(world: World) -> Iterator[Remark]:
    """Reviewers of whom no paper inside the coauthor window is known: that nothing was found says little."""
    rule = world.policy.coauthor
    if rule is None or world.deadline is None:
        return
    start = rule.window.start(world.deadline.day) or date.min
    for reviewer_id in world.reviewers:
        newest = _newest_paper(world, reviewer_id)
        if newest is not None and newest >= start:
            continue
        known = "no paper with a date is known" if newest is None else f"the newest paper known is of {newest.year}"
        since = "" if start == date.min else f", before the coauthor window, which starts on {start}"
        text = f"{world.name_of(reviewer_id)}: {known}{since if newest else ''}: absence of conflict is not evidence"
        yield Remark("coverage", text, (), (reviewer_id,), "public")


def stale(world: World) -> Iterator[Remark]:
    """Affiliations without an end in profiles whose newest date lies long before the deadline."""
    if world.deadline is None:
        return
    limit = months_before(world.deadline.day, _STALE_MONTHS)
    for reviewer_id in world.reviewers:
        person = world.venue.person_by_id[reviewer_id]
        dated = [day.last_day() for stay in person.affiliations for day in (stay.start, stay.end) if day is not None]
        newest = max([*dated, _newest_paper(world, reviewer_id) or date.min])
        for stay in person.affiliations:
            if stay.end is None and stay.start is not None and date.min < newest < limit:
                where = stay.organisation or stay.domain
                told = f"at {where} since {stay.start} without an end"
                text = f"{person.name}: {told}, but nothing newer than {newest.year} is known of them"
                yield Remark("stale", text, (), (reviewer_id,), "public")


def _newest_paper(world: World, person_id: PersonId) -> date | None:
    days = [
        day for place in world.papers_of.get(person_id, ()) for day in world.venue.paper_by_id[place.paper_id].dates
    ]
    newest = latest(days)
    return None if newest is None else newest.last_day()


# --- ties that do not conflict --------------------------------------------------------------------------------------


class Bridges:
    """People tied to both of two others, by a joint paper or a relation: the first step beyond a conflict."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._found: dict[PersonId, dict[PersonId, int]] = {}
        self._names: dict[PersonId, str] = {}

    def between(self, submission_id: SubmissionId, reviewer_id: PersonId) -> tuple[tuple[str, int], ...]:
        """Who is tied to the reviewer and to an author, and the year of the older of the two newest ties.

        A name alone is no bridge: mentions of a common name count as one person only where more than the name says so.

        Returns:
            Names and years (0 where no date is known), the most recent first; empty also where the reviewer and an
            author are tied to each other.
        """
        theirs, own = self._tied(reviewer_id), self._one(reviewer_id)
        years: dict[PersonId, int] = {}
        for one in self._world.authors[submission_id]:
            if not one.link.is_sure:
                continue
            author = self._one(one.link.person_id)
            if author == own or author in theirs:
                return ()
            for other, year in self._tied(one.link.person_id).items():
                if other in theirs and other not in (own, author):
                    years[other] = max(years.get(other, 0), min(year, theirs[other]))
        named = ((self._names[who], year) for who, year in years.items())
        return tuple(sorted(named, key=lambda each: (-each[1], each[0])))

    def _one(self, person_id: PersonId) -> PersonId:
        """One id for all records that are surely one person."""
        return min(same.person_id for same in self._world.identities.same_as(person_id) if same.is_sure)

    def _tied(self, person_id: PersonId) -> dict[PersonId, int]:
        """Everybody who probably stands on a paper with somebody or in their relations, and the newest year."""
        found = self._found.get(person_id)
        if found is not None:
            return found
        found = self._found[person_id] = {}
        identities = self._world.identities
        for place in self._world.papers_of.get(person_id, ()):
            paper = self._world.venue.paper_by_id[place.paper_id]
            newest = latest(paper.dates)
            for position, links in enumerate(identities.on_papers[place.paper_id]):
                if position != place.position and place.link.is_sure:
                    self._add(found, links, newest, paper.authors[position].name)
        for person, how in self._world.people(person_id):
            for relation in person.relations:
                if how.is_sure:
                    known = relation.other_id
                    links = identities.named(relation.other) if known is None else (Link(known, "id", 1.0),)
                    days = [day for day in (relation.start, relation.end) if day is not None]
                    self._add(found, links, latest(days), relation.other)
        return found

    def _add(self, found: dict[PersonId, int], links: Sequence[Link], newest: PartialDate | None, printed: str) -> None:
        for link in links:
            if link.is_sure or link.basis in _LIKELY:
                who = self._one(link.person_id)
                is_known = self._world.identities.is_known(who)
                self._names.setdefault(who, self._world.name_of(who) if is_known else printed)
                found[who] = max(found.get(who, 0), newest.year if newest else 0)


def bridges(world: World, pairs: Iterable[tuple[SubmissionId, PersonId]]) -> Iterator[Remark]:
    """Pairs in which reviewer and an author are two steps apart, with the people between them."""
    between = Bridges(world)
    for submission_id, reviewer_id in pairs:
        found = between.between(submission_id, reviewer_id)
        if found:
            names = listed([f"{name} (older tie: {year or 'no date'})" for name, year in found])
            pair = _pair(world.venue, submission_id, reviewer_id)
            text = f"{pair}: an author and the reviewer each have a joint paper or a relation with {names}"
            yield Remark("two steps", text, (submission_id,), (reviewer_id,))


def siblings(world: World, conflicts: Conflicts) -> Iterator[Remark]:
    """Reviewers and authors with the same advisor who are not in conflict."""
    advisors = Advisors(world)
    students: dict[PersonId, list[PersonId]] = {}
    for reviewer_id in world.reviewers:
        for advisor_id in advisors(reviewer_id):
            students.setdefault(advisor_id, []).append(reviewer_id)
    for submission in world.submissions:
        for one in world.authors[submission.id]:
            if not one.link.is_sure:
                continue
            for advisor_id in advisors(one.link.person_id):
                for reviewer_id in students.get(advisor_id, ()):
                    is_same = reviewer_id == one.link.person_id
                    if not is_same and conflicts.verdict(submission.id, reviewer_id) is Verdict.CLEAR:
                        who = f"both name {world.display(advisor_id)} as advisor"
                        text = f"{_pair(world.venue, submission.id, reviewer_id)}: {one.name} and the reviewer {who}"
                        yield Remark("sibling", text, (submission.id,), (reviewer_id,))


# --- another policy -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What other choices would change.

    Args:
        gained: pairs that would be in conflict and are not.
        lost: pairs that are and would not be.
        uncoverable: active submissions that would have fewer free reviewers than they want, and have enough now.
        relieved: the reverse.
    """

    gained: tuple[tuple[SubmissionId, PersonId], ...]
    lost: tuple[tuple[SubmissionId, PersonId], ...]
    uncoverable: tuple[SubmissionId, ...]
    relieved: tuple[SubmissionId, ...]


def what_if(finder: Finder, conflicts: Conflicts, changes: Mapping[str, Any]) -> WhatIf:
    """Compare the conflicts with those under other settings; who is who is found out once.

    A submission is coverable here when as many reviewers as it wants are free for it. Loads are not looked at: that
    takes a match.

    Args:
        finder: of the venue.
        conflicts: all of it, under the present settings.
        changes: fields of the configuration.

    Raises:
        ConfigError: a value is not allowed.
    """
    config = replace(finder.config, **changes)
    other = Finder(finder.venue, config, world=finder.world.under(config)).all()
    now, then = (set(each.pairs(Verdict.BLOCK, Verdict.ASK)) for each in (conflicts, other))
    short_now, short_then = (_short(finder, pairs) for pairs in (now, then))
    return WhatIf(
        gained=tuple(sorted(then - now)),
        lost=tuple(sorted(now - then)),
        uncoverable=tuple(sorted(short_then - short_now)),
        relieved=tuple(sorted(short_now - short_then)),
    )


def _short(finder: Finder, pairs: set[tuple[SubmissionId, PersonId]]) -> set[SubmissionId]:
    venue = finder.venue
    config = finder.config.settled(venue.defaults)
    free = {
        each.person_id for each in venue.reviewers if each.invitation in ("accepted", "invited") and each.max_load != 0
    }
    taken: dict[SubmissionId, int] = {}
    for submission_id, reviewer_id in pairs:
        taken[submission_id] = taken.get(submission_id, 0) + (reviewer_id in free)
    return {
        each.id
        for each in venue.active_submissions
        if len(free) - taken.get(each.id, 0) < (each.reviews_wanted or config.reviews_per_submission or 0)
    }
