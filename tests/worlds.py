"""Small venues whose right answer is known by construction.

`two_fields` makes reviewers and submissions of two fields that share no word: only pairs of one field are sensible,
and nobody is in conflict until a conflict is planted. A `World` is changed freely, then becomes a `Venue`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

from matcher.records import (
    AuthorMention,
    Deadline,
    DeclaredConflict,
    FixedPair,
    Paper,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    Reviewer,
    Submission,
    SubmissionId,
    Venue,
    VenueDefaults,
    to_plain,
)

FIELDS: Final = ("pruning", "tracking")

_WORDS: Final = {
    "pruning": ["sparse", "pruning", "weights", "transformer", "compression", "magnitude", "lottery", "calibration"],
    "tracking": ["video", "tracking", "pedestrians", "cameras", "motion", "occlusion", "detection", "trajectories"],
}
_GIVEN: Final = ["Alba", "Bodo", "Cleo", "Dara", "Edda", "Finn", "Gisa", "Hugo", "Ilse", "Joos"]
_FAMILY: Final = ["Aldern", "Birkmann", "Corvell", "Dunmoor", "Eschby", "Falkrun", "Grendahl", "Hollin", "Isbrand"]

DEADLINE: Final = Deadline(date(2024, 10, 1), "venue.toml")


@dataclass
class World:
    """A venue in the making; ids are `pruning-r0` (reviewer), `pruning-r0-p0` (paper), `pruning-s0` (submission)."""

    papers: dict[str, Paper] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    reviewers: dict[str, Reviewer] = field(default_factory=dict)
    submissions: dict[str, Submission] = field(default_factory=dict)
    declared: list[DeclaredConflict] = field(default_factory=list)
    fixed: list[FixedPair] = field(default_factory=list)
    deadline: Deadline | None = DEADLINE
    defaults: VenueDefaults = field(default_factory=lambda: VenueDefaults(2, 3, 0))

    def venue(self) -> Venue:
        """The venue as it stands now."""
        return Venue.of(
            name="Two fields",
            papers=self.papers.values(),
            people=self.people.values(),
            reviewers=self.reviewers.values(),
            submissions=self.submissions.values(),
            declared=self.declared,
            fixed=self.fixed,
            deadline=self.deadline,
            defaults=self.defaults,
        )

    def change_reviewer(self, reviewer_id: str, **changes: Any) -> None:
        """Give a reviewer other loads, papers, an invitation, …"""
        self.reviewers[reviewer_id] = replace(self.reviewers[reviewer_id], **changes)

    def change_submission(self, submission_id: str, **changes: Any) -> None:
        """Give a submission another demand, status, …"""
        self.submissions[submission_id] = replace(self.submissions[submission_id], **changes)

    def declare(self, submission_id: str, reviewer_id: str, reason: str = "") -> None:
        """Plant a declared conflict: the pair is blocked."""
        self.declared.append(DeclaredConflict(SubmissionId(submission_id), PersonId(reviewer_id), reason))

    def fix(self, submission_id: str, reviewer_id: str, kind: Literal["require", "forbid"]) -> None:
        """Require or forbid a pair."""
        self.fixed.append(FixedPair(SubmissionId(submission_id), PersonId(reviewer_id), kind))

    def share_paper(self, submission_id: str, reviewer_id: str, day: str | None) -> PaperId:
        """Plant a joint paper of a reviewer and the submission's first author.

        Blocked when the day lies in the coauthor window, asked about when it is `None`, clear when it is older.
        """
        paper_id = PaperId(f"joint-{submission_id}-{reviewer_id}")
        author = self.submissions[submission_id].authors[0]
        assert author.person_id is not None
        self.papers[paper_id] = Paper(
            id=paper_id,
            title="An old friendship",
            dates=() if day is None else (PartialDate.parse(day),),
            authors=(_mention(self.people[reviewer_id]), _mention(self.people[author.person_id])),
        )
        return paper_id


def two_fields(*, reviewers: int = 3, submissions: int = 2, papers: int = 3) -> World:
    """Two fields without a common word, each with as many reviewers, submissions and papers a reviewer.

    Every submission wants 2 reviews and every reviewer takes up to 3. All papers are of 2010 and of one author.
    """
    world = World()
    for field_name in FIELDS:
        for number in range(reviewers):
            person = _person(world, f"{field_name}-r{number}")
            paper_ids = tuple(PaperId(f"{person.id}-p{count}") for count in range(papers))
            for count, paper_id in enumerate(paper_ids):
                world.papers[paper_id] = Paper(
                    id=paper_id,
                    title=_title(field_name, number + count),
                    dates=(PartialDate(2010, 5),),
                    authors=(_mention(person),),
                    kind="conference",
                )
            world.reviewers[person.id] = Reviewer(person_id=person.id, paper_ids=paper_ids)
        for number in range(submissions):
            submission_id = SubmissionId(f"{field_name}-s{number}")
            author = _person(world, f"{submission_id}-author")
            world.submissions[submission_id] = Submission(
                id=submission_id,
                title=_title(field_name, 2 * number + 1),
                abstract=_title(field_name, number + 4),
                authors=(_mention(author),),
            )
    return world


def field_of(any_id: str) -> str:
    """The field to which a reviewer or a submission of `two_fields` belongs."""
    return any_id.split("-", maxsplit=1)[0]


def _person(world: World, person_id: str) -> Person:
    number = len(world.people)
    # Ten and nine share no factor: the first 90 names all differ.
    name = f"{_GIVEN[number % len(_GIVEN)]} {_FAMILY[number % len(_FAMILY)]}"
    person = Person(id=PersonId(person_id), names=(name,))
    world.people[person_id] = person
    return person


def _mention(person: Person) -> AuthorMention:
    return AuthorMention(name=person.name, person_id=person.id)


def _title(field_name: str, number: int) -> str:
    words = _WORDS[field_name]
    return " ".join(words[(number + step) % len(words)] for step in (0, 1, 3))


def write_folder(world: World | Venue, folder: Path) -> Path:
    """Write a world as a venue folder of our own format; what `load_venue` reads from it equals `world.venue()`."""
    venue = world.venue() if isinstance(world, World) else world
    folder.mkdir(parents=True, exist_ok=True)
    facts = [f'name = "{venue.name}"']
    facts += [] if venue.deadline is None else [f"deadline = {venue.deadline.day.isoformat()}"]
    facts += [f"{name} = {value}" for name, value in to_plain(venue.defaults).items()]
    (folder / "venue.toml").write_text("\n".join(facts) + "\n", encoding="utf-8")
    write_lines(folder / "publications.jsonl", (_plain_paper(paper) for paper in venue.papers))
    write_lines(folder / "submissions.jsonl", map(to_plain, venue.submissions))
    write_lines(folder / "reviewers.jsonl", (_plain_reviewer(venue, each) for each in venue.reviewers))
    write_lines(
        folder / "people.jsonl", (_plain_person(each) for each in venue.people if each.id not in venue.reviewer_by_id)
    )
    _write_pairs(
        folder / "conflicts.csv", "reason", ((c.submission_id, c.reviewer_id, c.reason) for c in venue.declared)
    )
    _write_pairs(folder / "fixed.csv", "kind", ((f.submission_id, f.reviewer_id, f.kind) for f in venue.fixed))
    return folder


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write JSON Lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _write_pairs(path: Path, last: str, rows: Iterable[tuple[str, str, str]]) -> None:
    lines = [",".join(row) for row in rows]
    if lines:
        path.write_text("\n".join([f"submission_id,reviewer_id,{last}", *lines]) + "\n", encoding="utf-8")


def _plain_paper(paper: Paper) -> dict[str, Any]:
    plain = to_plain(paper)
    return {"date" if name == "dates" else name: value for name, value in plain.items()}


def _plain_person(person: Person) -> dict[str, Any]:
    return {**to_plain(person), "name": person.name, "names": list(person.names[1:])}


def _plain_reviewer(venue: Venue, reviewer: Reviewer) -> dict[str, Any]:
    plain = {name: value for name, value in to_plain(reviewer).items() if name != "person_id"}
    return {**_plain_person(venue.person_by_id[reviewer.person_id]), **plain, "paper_ids": list(reviewer.paper_ids)}
