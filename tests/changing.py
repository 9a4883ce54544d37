"""Random small venues full of confusable people, and random changes to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from matcher.records import (
    Affiliation,
    AuthorMention,
    Deadline,
    Decision,
    DeclaredConflict,
    Paper,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    Relation,
    Reviewer,
    Submission,
    SubmissionId,
    Venue,
)

NAMES = (
    "Wei Wang",
    "W. Wang",
    "Wang Wei",
    "Wei Zhang",
    "Zirui Liu",
    "Z. Liu",
    "Zihang Liu",
    "Marisol Quennfeather",
    "Marisol T. Quennfeather",
    "M. Quennfeather",
    "Marisol Quenfeather",
    "Ottokar Brisk",
    "Otto Brisk",
    "Brisk",
    "Lars van der Meer",
    "Lars Vandermeer",
)
ADDRESSES = ("a@one.example", "b@two.example", "c@three.example", "d@mail.example")
IDS = ("p0", "p1", "p2", "p3", "p4", "p5", "~Wei_Wang1", "~Wei_Wang2", "dblp:wang", "e@five.example")
PLACES = ("one.example", "two.example", "three.example")
TITLES = ("Graph pruning", "Pruning of graphs", "Speech at night", "Robots at sea", "Proofs of taste")


@dataclass
class Changing:
    """A venue that changes step by step, every step drawn from `rng`."""

    rng: np.random.Generator
    people: dict[str, Person]
    papers: dict[str, Paper]
    reviewers: dict[str, Reviewer]
    submissions: dict[str, Submission]
    declared: list[tuple[str, str]]
    decisions: list[Decision]

    @classmethod
    def of(cls, rng: np.random.Generator) -> Changing:
        world = cls(rng, {}, {}, {}, {}, [], [])
        for _ in range(int(rng.integers(2, 6))):
            world.person()
        for _ in range(int(rng.integers(3, 10))):
            world.paper()
        for _ in range(int(rng.integers(2, 5))):
            world.reviewer()
        for _ in range(int(rng.integers(2, 6))):
            world.submission()
        return world

    def venue(self) -> Venue:
        named = {row for row, _ in self.declared} & set(self.submissions)
        return Venue.of(
            papers=self.papers.values(),
            people=self.people.values(),
            reviewers=self.reviewers.values(),
            submissions=self.submissions.values(),
            declared=[
                DeclaredConflict(SubmissionId(row), PersonId(who))
                for row, who in self.declared
                if row in named and who in self.reviewers
            ],
            decisions=self.decisions,
            deadline=Deadline(date(2024, 10, 1), "test"),
        )

    def one(self, among: Any) -> Any:
        among = list(among)
        return among[int(self.rng.integers(len(among)))]

    def some(self, among: Any, most: int) -> list[Any]:
        among = list(among)
        count = int(self.rng.integers(0, min(most, len(among)) + 1))
        return [among[place] for place in self.rng.permutation(len(among))[:count].tolist()]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def byline(self) -> tuple[AuthorMention, ...]:
        return tuple(
            AuthorMention(
                self.one(NAMES),
                PersonId(self.one(IDS)) if self.chance(0.3) else None,
                email=self.one(ADDRESSES) if self.chance(0.15) else None,
                domain=self.one(PLACES) if self.chance(0.2) else None,
            )
            for _ in range(int(self.rng.integers(1, 5)))
        )

    # --- steps ---

    def person(self) -> None:
        name = self.one(IDS)
        relations = tuple(
            Relation(
                self.one(("advisor", "coworker")),
                self.one(NAMES),
                PersonId(self.one(list(self.people) or [name])) if self.chance(0.3) else None,
            )
            for _ in range(int(self.rng.integers(0, 2)))
        )
        relations = tuple(each for each in relations if each.other_id != name)
        self.people[name] = Person(
            PersonId(name),
            tuple(self.some(NAMES, 2)) or (self.one(NAMES),),
            emails=tuple(self.some(ADDRESSES, 1)),
            affiliations=tuple(Affiliation(domain=place) for place in self.some(PLACES, 1)),
            relations=relations,
        )

    def paper(self) -> None:
        name = f"w{int(self.rng.integers(14))}"
        self.papers[name] = Paper(
            PaperId(name),
            self.one(TITLES),
            dates=(PartialDate(int(self.rng.integers(2018, 2025))),),
            authors=self.byline(),
        )

    def reviewer(self) -> None:
        known = {person.id for person in self.venue().people}
        name = self.one(sorted(known))
        attributes: dict[str, Any] = {}
        if self.chance(0.3):
            attributes["collaborators"] = self.one(NAMES)
        self.reviewers[name] = Reviewer(
            PersonId(name), tuple(map(PaperId, self.some(self.papers, 4))), attributes=attributes
        )

    def submission(self) -> None:
        name = f"s{int(self.rng.integers(7))}"
        self.submissions[name] = Submission(SubmissionId(name), self.one(TITLES), authors=self.byline())

    def declare(self) -> None:
        self.declared.append((f"s{int(self.rng.integers(7))}", self.one(IDS)))

    def decide(self) -> None:
        decision = Decision(
            rule=self.one(("author", "coauthor")),
            reviewer_id=PersonId(self.one(IDS)),
            who=self.one((*IDS, "name:wei wang", "name:z liu")),
            outcome=self.one(("confirmed", "dismissed")),
            verdict="ask",
            confidence=1.0,
            facts=(),
        )
        rest = [
            each
            for each in self.decisions
            if (each.rule, each.reviewer_id, each.who) != (decision.rule, decision.reviewer_id, decision.who)
        ]
        self.decisions = [*rest, decision]

    def remove(self) -> None:
        """A reviewer, submission, paper or record goes."""
        kind = self.one(("reviewer", "submission", "paper", "person"))
        if kind == "reviewer" and len(self.reviewers) > 1:
            self.reviewers.pop(self.one(self.reviewers))
        if kind == "submission" and len(self.submissions) > 1:
            self.submissions.pop(self.one(self.submissions))
        if kind == "paper" and self.papers:
            gone = PaperId(self.one(self.papers))
            self.papers.pop(gone)
            for name, each in self.reviewers.items():
                self.reviewers[name] = replace(each, paper_ids=tuple(one for one in each.paper_ids if one != gone))
        free = [name for name in self.people if name not in self.reviewers]
        if kind == "person" and free:
            self.people.pop(self.one(free))
            left = {person.id for person in self.venue_people()}
            for name, who in self.people.items():
                kept = tuple(one for one in who.relations if one.other_id is None or one.other_id in left)
                self.people[name] = replace(who, relations=kept)

    def venue_people(self) -> tuple[Person, ...]:
        return Venue.of(
            papers=self.papers.values(), people=self.people.values(), submissions=self.submissions.values()
        ).people

    def step(self) -> None:
        """One random change."""
        steps = (self.person, self.paper, self.reviewer, self.submission, self.remove, self.declare, self.decide)
        steps[int(self.rng.integers(len(steps)))]()
        known = {person.id for person in self.venue_people()}
        self.reviewers = {name: each for name, each in self.reviewers.items() if name in known}
        for name, who in self.people.items():
            kept = tuple(one for one in who.relations if one.other_id is None or one.other_id in known)
            self.people[name] = replace(who, relations=kept)
