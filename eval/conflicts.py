"""How well conflicts are found: against known truth, at the edges of windows, and in random venues.

The truth is a file `coi_truth.jsonl(.gz)` beside a venue: `submission`, `reviewer` and `kind`, one of `author`,
`coauthor` (a joint paper of any year) and `maybe_coauthor` (nobody knows: left out of recall and of precision).
"""

from __future__ import annotations

import calendar
import gzip
import json
import math
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, TextIO, TypeAlias

import numpy as np

from matcher.assignment import assign, build_limits
from matcher.config import MatchConfig
from matcher.conflicts import find_conflicts
from matcher.conflicts.policy_file import load_policy, preset_names
from matcher.errors import DataError
from matcher.identity import normalise_name
from matcher.identity.names import are_told_apart
from matcher.records import (
    AuthorMention,
    Conflict,
    Conflicts,
    Deadline,
    DeclaredConflict,
    Index,
    Paper,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    Reviewer,
    ScoreMatrix,
    Submission,
    SubmissionId,
    Venue,
    Verdict,
)

__all__ = [
    "ALIASES",
    "Truth",
    "compare",
    "edge_cases",
    "played",
    "random_venue",
    "read_truth",
    "share_of",
    "wilson",
    "without_ids",
]

Pair: TypeAlias = tuple[str, str]

_Z: Final = 1.959963984540054
"""Quantile of the normal distribution for an interval of 95 %."""

RULES: Final = ("author", "coauthor")


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known about pairs.

    Args:
        pairs: of each rule, the pairs in conflict.
        unknown: pairs of which nobody knows.
    """

    pairs: dict[str, frozenset[Pair]]
    unknown: frozenset[Pair]


def read_truth(folder: Path) -> Truth:
    """Read `coi_truth.jsonl` or `.jsonl.gz` of a venue folder.

    Raises:
        DataError: there is none, or a row has no known kind.
    """
    found = [path for path in (folder / "coi_truth.jsonl", folder / "coi_truth.jsonl.gz") if path.is_file()]
    if not found:
        raise DataError("there is no coi_truth.jsonl", file=str(folder))
    pairs: dict[str, set[Pair]] = {"author": set(), "coauthor": set(), "maybe_coauthor": set()}
    with _open(found[0]) as stream:
        for number, line in enumerate(stream, start=1):
            row = json.loads(line)
            if row.get("kind") not in pairs:
                message = f"allowed are {', '.join(pairs)}; got {row.get('kind')!r}"
                raise DataError(message, file=found[0].name, line=number, field="kind")
            pairs[row["kind"]].add((row["submission"], row["reviewer"]))
    return Truth({rule: frozenset(pairs[rule]) for rule in RULES}, frozenset(pairs["maybe_coauthor"]))


def _open(path: Path) -> TextIO:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def without_ids(venue: Venue) -> Venue:
    """The same venue in which nothing but names says who wrote what; reviewers keep their lists of papers."""
    papers = [replace(paper, authors=_bare(paper.authors)) for paper in venue.papers]
    submissions = [replace(submission, authors=_bare(submission.authors)) for submission in venue.submissions]
    people = [person for person in venue.people if person.id in venue.reviewer_by_id]
    return Venue.of(
        name=venue.name,
        papers=papers,
        people=people,
        reviewers=venue.reviewers,
        submissions=submissions,
        deadline=venue.deadline,
        defaults=venue.defaults,
    )


def _bare(authors: tuple[AuthorMention, ...]) -> tuple[AuthorMention, ...]:
    return tuple(replace(mention, person_id=None) for mention in authors)


def wilson(right: int, total: int) -> tuple[float, float, float] | None:
    """A share with its 95 % interval; `None` of nothing.

    Source: E. B. Wilson, Probable inference, JASA 22 (1927).

    >>> tuple(round(each, 3) for each in wilson(100, 100) or ())
    (1.0, 0.963, 1.0)
    """
    if not total:
        return None
    share, spread = right / total, _Z * _Z / total
    middle = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return share, max(0.0, middle - half), min(1.0, middle + half)


def compare(found: Conflicts, truth: Truth, venue: Venue, **facts: Any) -> list[dict[str, Any]]:
    """One row for each rule: recall of block and of block + ask, precision of block, questions a submission.

    `precision_block` counts every blocked pair that the truth does not list as wrong. `precision_by_ids` counts only
    those as wrong that ids refute: of everybody who could have made the pair a conflict, an id of the same source says
    that it is somebody else. Ids of two sources, or a name without an id, refute nothing: people have several.

    Args:
        found: what is to be judged.
        truth: the pairs in conflict.
        venue: with the ids that the truth rests on.
        facts: what stands in front of each row.
    """
    submissions = len(venue.submissions)
    rows = []
    for rule in RULES:
        blocks = [each for each in found.items if each.rule == rule and each.verdict is Verdict.BLOCK]
        blocked = {_pair(each) for each in blocks}
        asked = {_pair(each) for each in found.items if each.rule == rule and each.verdict is Verdict.ASK} - blocked
        true = truth.pairs[rule]
        judged = blocked
        if rule == "coauthor":
            # The truth lists no doubtful coauthors of pairs that are in conflict as authors anyway: they are left out.
            judged = blocked - truth.unknown - (truth.pairs["author"] - true)
        wrong = judged - true
        possible = {_pair(each) for each in blocks if _pair(each) in wrong and _is_possible(each, venue)}
        shares = {
            "recall": wilson(len(true & (blocked | asked)), len(true)),
            "recall_block": wilson(len(true & blocked), len(true)),
            "precision_block": wilson(len(true & judged), len(judged)),
            "precision_by_ids": wilson(len(true & judged), len(judged - possible)),
        }
        rows.append(
            {
                **facts,
                "rule": rule,
                "true": len(true),
                **{name: None if share is None else share[0] for name, share in shares.items()},
                "asked_per_submission": len(asked) / submissions if submissions else 0.0,
                "interval": {name: share[1:] for name, share in shares.items() if share is not None},
            }
        )
    return rows


def _pair(conflict: Any) -> Pair:
    return conflict.submission_id, conflict.reviewer_id


def _is_possible(conflict: Conflict, venue: Venue) -> bool:
    """Whether ids leave open that a conflict, found without them, is true."""
    own = {normalise_name(name) for name in venue.person_by_id[conflict.reviewer_id].names}
    named = normalise_name(conflict.via_name)
    byline = venue.submission_by_id[conflict.submission_id].authors
    authors = [one for one in byline if normalise_name(one.name) == named]
    if conflict.rule == "author":
        return any(_may_be(one, conflict.reviewer_id, own) for one in byline)
    for paper in (venue.paper_by_id[each.paper_id] for each in conflict.evidence if each.paper_id is not None):
        theirs = [at for at, one in enumerate(paper.authors) if _may_be(one, conflict.reviewer_id, own)]
        for author in authors:
            mine = [at for at, one in enumerate(paper.authors) if _may_be(one, author.person_id, {named})]
            if any(one != other for one in mine for other in theirs):
                return True
    return False


def _may_be(mention: AuthorMention, person_id: PersonId | None, names: Set[str]) -> bool:
    """Whether a mention has the id, or a name without an id that contradicts it."""
    if mention.person_id is not None and mention.person_id == person_id:
        return True
    if normalise_name(mention.name) not in names:
        return False
    return mention.person_id is None or person_id is None or not are_told_apart(mention.person_id, person_id)


# --- windows --------------------------------------------------------------------------------------------------------

_DEADLINES: Final = (date(2024, 2, 29), date(2024, 3, 31), date(2023, 3, 1), date(2024, 10, 1), date(2024, 12, 31))
_JANE, _MARY = PersonId("jane"), PersonId("mary")


def edge_cases() -> Iterator[tuple[str, bool]]:
    """Every preset with a coauthor window, each deadline, one day on either side of the window's first day.

    The first day is computed here a second time, by going back one month after the other.

    Yields:
        The preset, and whether the answer was right.
    """
    for name in preset_names():
        rule = load_policy(name).coauthor
        if rule is None or rule.window.months is None:
            continue
        for deadline in _DEADLINES:
            start = _start(deadline, rule.window.months, rule.window.arithmetic)
            for offset in (-1, 0, 1):
                day = start + timedelta(days=offset)
                found = find_conflicts(_joint_on(day, deadline), MatchConfig(policy=name)).items
                yield name, bool(found) is (offset >= 0)


def _start(day: date, months: int, arithmetic: str) -> date:
    if arithmetic == "calendar_years":
        return date((day - timedelta(days=365 * months // 12)).year + 1, 1, 1)
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _joint_on(day: date, deadline: date) -> Venue:
    mary, jane = AuthorMention("Mary Roe", _MARY), AuthorMention("Jane Doe", _JANE)
    return Venue.of(
        papers=[Paper(PaperId("p"), "Joint", dates=(PartialDate.parse(str(day)),), authors=(jane, mary))],
        people=[Person(_JANE, ("Jane Doe",)), Person(_MARY, ("Mary Roe",))],
        reviewers=[Reviewer(_JANE)],
        submissions=[Submission(SubmissionId("s"), "T", authors=(mary,))],
        deadline=Deadline(deadline, "test"),
    )


# --- random venues --------------------------------------------------------------------------------------------------

_GIVEN: Final = ("Alba", "Bodo", "Clélia", "Dara", "Edda", "Finn", "Gisa", "Hugo", "Ilse", "Jörg")
_FAMILY: Final = ("Aldern", "Birkmann", "Corvell", "Dunmoor", "Eschby", "Falkrun", "Grendahl", "Hollin", "Isbrand")


def _plain(text: str) -> str:
    return text.translate(str.maketrans("éö", "eo"))


ALIASES: Final = (
    "id",
    "name",
    "capitals",
    "comma",
    "initial",
    "swapped",
    "middle",
    "nickname",
    "accents",
    "second_name",
    "address",
    "tagged_address",
)
"""How an author of a submission hides that they are a reviewer."""


def _alias(kind: str, person: Person) -> AuthorMention:
    """The reviewer as they enter themselves as an author."""
    given, family = person.name.split()
    names = {
        "capitals": person.name.upper(),
        "comma": f"{family}, {given}",
        "initial": f"{given[0]}. {family}",
        "swapped": f"{family} {given}",
        "middle": f"{given} Q. {family}",
        "nickname": f"{given} (Bobby) {family}",
        "accents": _plain(person.name),
        "second_name": person.names[1],
        "address": "Somebody Else",
        "tagged_address": "Somebody Else",
    }
    addresses = {"address": person.emails[1].upper(), "tagged_address": person.emails[0].replace("@", "+new@")}
    return AuthorMention(
        name=names.get(kind, person.name),
        person_id=person.id if kind == "id" else None,
        email=addresses[kind].lower() if kind in addresses else None,
    )


def random_venue(rng: np.random.Generator) -> tuple[Venue, frozenset[Pair]]:
    """A small venue and the pairs that are in conflict in truth, known from how it was made.

    Every submission has an author who is a reviewer under one of twelve aliases, one who is no reviewer, joint papers
    inside and outside the window, and sometimes a declared conflict.
    """
    count, size = int(rng.integers(5, 9)), int(rng.integers(2, 6))
    drawn = rng.permutation(len(_GIVEN) * len(_FAMILY))[: count + size]
    people = [
        Person(
            PersonId(f"x{number}"),
            (f"{_GIVEN[place % 10]} {_FAMILY[place // 10]}", f"{_GIVEN[place % 10]} Married{_FAMILY[place // 10]}"),
            emails=(f"p{number}@mail{number}.example", f"q{number}@work{number}.example"),
        )
        for number, place in enumerate(drawn.tolist())
    ]
    reviewers, outsiders = people[:count], people[count:]
    papers, submissions, declared, true = [], [], [], set()
    for number, outsider in enumerate(outsiders):
        name = SubmissionId(f"s{number}")
        hidden = reviewers[int(rng.integers(count))]
        kind = ALIASES[int(rng.integers(len(ALIASES)))]
        authors = (_alias(kind, hidden), AuthorMention(outsider.name, outsider.id))
        submissions.append(Submission(name, f"Submission {number}", authors=authors))
        true.add((name, hidden.id))
        for year in (2019, 2023):
            friend = reviewers[int(rng.integers(count))]
            both = (AuthorMention(friend.name, friend.id), AuthorMention(outsider.name, outsider.id))
            paper_id = PaperId(f"p{number}-{year}")
            papers.append(Paper(paper_id, "A joint paper", dates=(PartialDate(year, 6),), authors=both))
            if year == 2023:
                true.add((name, friend.id))
        if rng.random() < 0.3:
            enemy = reviewers[int(rng.integers(count))]
            declared.append(DeclaredConflict(name, enemy.id))
            true.add((name, enemy.id))
    venue = Venue.of(
        papers=papers,
        people=people,
        reviewers=[Reviewer(person.id) for person in reviewers],
        submissions=submissions,
        declared=declared,
        deadline=Deadline(date(2024, 10, 1), "test"),
    )
    return venue, frozenset(true)


def played(venues: int, *, rng: np.random.Generator | int) -> dict[str, Any]:
    """Assign random venues with random scores and count the pairs that are in conflict in truth and assigned.

    Args:
        venues: how many.
        rng: the only source of chance.

    Returns:
        Numbers of venues, assigned pairs, pairs in conflict, and pairs in conflict that were assigned.
    """
    generator = np.random.default_rng(rng)
    assigned = conflicted = wrong = 0
    for _ in range(venues):
        venue, true = random_venue(generator)
        config = MatchConfig(allow_partial=True, reviews_per_submission=2, max_load=3, min_load=0)
        rows, columns = Index(each.id for each in venue.submissions), Index(each.person_id for each in venue.reviewers)
        values = generator.random((len(rows), len(columns))).astype(np.float32)
        for submission_id, reviewer_id in true:  # what is in conflict would be the best choice
            values[rows.position(submission_id), columns.position(reviewer_id)] = 1.0
        scores = ScoreMatrix(rows, columns, values, values, "random")
        limits = build_limits(venue, config, scores, find_conflicts(venue, config))
        pairs = {(pair.submission_id, pair.reviewer_id) for pair in assign(scores, limits, config).pairs}
        assigned, conflicted, wrong = assigned + len(pairs), conflicted + len(true), wrong + len(pairs & true)
    return {"venues": venues, "pairs_assigned": assigned, "pairs_in_conflict": conflicted, "conflicts_assigned": wrong}


def share_of(name: str, answers: Sequence[bool]) -> dict[str, Any]:
    """One row: how many answers of a table of cases are right."""
    return {"cases": name, "right": sum(answers), "of": len(answers)}
