"""Relations between authors and reviewers, and how those stand to the relation window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from matcher.config import MatchConfig
from matcher.conflicts.policy import Relations, Window
from matcher.conflicts.windows import place
from matcher.conflicts.world import World
from matcher.identity import Link, joint_confidence, reasons
from matcher.records import Evidence, PartialDate, Person, PersonId, Relation, Verdict

__all__ = ["Tie", "Ties"]


@dataclass(frozen=True, slots=True)
class Tie:
    """A relation between an author and a reviewer.

    Args:
        verdict: block where people and time are sure, else ask.
        evidence: the relation in words.
        end: when it ended; `None` is open.
        expires: whether an end long enough ago would clear it.
        confidence: that the people are who they are taken for.
    """

    verdict: Verdict
    evidence: Evidence
    end: PartialDate | None
    expires: bool
    confidence: float


class Ties:
    """Relations between authors and reviewers, each person's worked out once."""

    def __init__(self, world: World, config: MatchConfig) -> None:
        self._world = world
        self._rule = world.policy.relation or Relations(Window(None))
        self._partial_date = config.partial_date
        self._found: dict[PersonId, dict[PersonId, list[Tie]]] = {}
        # Per person named in a reviewer's relations: that reviewer and the tie.
        self._to: dict[PersonId, list[tuple[PersonId, Tie]]] = {}
        for reviewer_id in world.reviewers:
            for other_id, tie in self._from(reviewer_id):
                self._to.setdefault(other_id, []).append((reviewer_id, tie))

    def of(self, author_id: PersonId) -> dict[PersonId, list[Tie]]:
        """Per reviewer, the ties with an author, in whichever's relations they stand."""
        found = self._found.get(author_id)
        if found is None:
            found = self._found[author_id] = {}
            own = {same.person_id for same in self._world.identities.same_as(author_id)}
            there = self._to.get(author_id, ())
            back = [tie for tie in self._from(author_id) if tie[0] in self._world.reviewers]
            for reviewer_id, tie in (*there, *back):
                if reviewer_id not in own:
                    found.setdefault(reviewer_id, []).append(tie)
        return found

    def _from(self, person_id: PersonId) -> Iterator[tuple[PersonId, Tie]]:
        """Everybody whom a person's relations name, under every record that is or may be theirs, once a relation."""
        for person, how in self._world.people(person_id):
            for named in person.relations:
                if named.kind in self._rule.off or (self._rule.needs_id and named.other_id is None):
                    continue
                others = self._named(named, person_id)
                for other_id in sorted(others):
                    tie = self._tie(person, named, (how, *others[other_id]))
                    if tie.verdict is not Verdict.CLEAR:
                        yield other_id, tie

    def _named(self, relation: Relation, besides: PersonId) -> dict[PersonId, tuple[Link, ...]]:
        identities = self._world.identities
        if relation.other_id is not None:
            links: tuple[Link, ...] = (Link(relation.other_id, "id", 1.0),)
        else:
            links = identities.named(relation.other, besides=(besides,))
        found: dict[PersonId, tuple[Link, ...]] = {}
        for one in links:
            for same in identities.same_as(one.person_id):
                found.setdefault(same.person_id, (one, same))
        return found

    def _tie(self, person: Person, relation: Relation, links: tuple[Link, ...]) -> Tie:
        verdict = self._stands(relation)
        if verdict is Verdict.BLOCK and not all(link.is_sure for link in links):
            verdict = Verdict.ASK
        if relation.end is not None:
            span = f"{relation.start or 'unknown'} to {relation.end}"
        else:
            span = f"since {relation.start}" if relation.start else "no dates"
        fact = f"{person.name} names {relation.other} as {relation.kind} ({span})"
        words = [*reasons(links), *([relation.evidence] if relation.evidence else [])]
        dates = tuple(day for day in (relation.start, relation.end) if day is not None)
        return Tie(
            verdict=verdict,
            evidence=Evidence("relation", "; ".join((fact, *words)), dates=dates),
            end=relation.end,
            expires=self._expires(relation),
            confidence=joint_confidence(links),
        )

    def _expires(self, relation: Relation) -> bool:
        return self._rule.of(relation.kind).months is not None

    def _stands(self, relation: Relation) -> Verdict:
        """How a relation stands to the window; the deadline is asked for only where an end needs it."""
        window = self._rule.of(relation.kind)
        if relation.end is None or window.months is None:
            return Verdict.BLOCK
        day = self._world.day(f"the relation window of {window}", "relation_window_months = 'all' in match.toml")
        return place((relation.end,), window.start(day), self._partial_date)
