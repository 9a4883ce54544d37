"""What openreview-py's own tests say about conflicts, written afresh as venues: do our compatible presets agree?

The cases follow `tests/test_tools.py`, `test_get_conflicts` and `test_filter_by_publications` of openreview-py as of
2026-07. Each is one author's profile and one reviewer's, a preset with a number of years, and whether there is a
conflict. What needs their server (custom functions as policies, broken addresses) is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from matcher.config import MatchConfig
from matcher.conflicts import find_conflicts
from matcher.conflicts.policy_file import load_policy, policy_text
from matcher.records import (
    Affiliation,
    AuthorMention,
    Deadline,
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

__all__ = [
    "CASES",
    "PUBLICATIONS_AFTER",
    "Case",
    "compatible_policy",
    "in_conflict",
    "publications_found",
    "rules_found",
]

NOW: Final = date(2024, 6, 1)
"""The day that stands for their `now`."""


@dataclass(frozen=True, slots=True)
class Case:
    """One documented answer.

    Args:
        name: what it is about.
        preset: the policy.
        years: `n_years`; `None` is all.
        author: the author's profile.
        reviewer: the reviewer's profile.
        expected: whether there is a conflict.
        joint_years: years of joint publications.
    """

    name: str
    preset: str
    years: int | None
    author: Person
    reviewer: Person
    expected: bool
    joint_years: tuple[int, ...] = ()


def _profile(
    name: str, *history: Affiliation, emails: tuple[str, ...] = (), relations: tuple[Relation, ...] = ()
) -> Person:
    person_id = f"~{name.replace(' ', '_')}1"
    return Person(PersonId(person_id), (name,), emails, history, relations)


def _at(domain: str, role: str = "", end: int | None = None) -> Affiliation:
    return Affiliation(domain=domain, role=role, end=None if end is None else PartialDate(end))


def _to(kind: str, other: str, end: int | None) -> Relation:
    other_id = PersonId(f"~{other.replace(' ', '_')}1")
    return Relation(kind, other, other_id, PartialDate(2015), None if end is None else PartialDate(end))


_ONE: Final = _profile("Test Conflictone", _at("126.com"), emails=("user@cmu.edu",))
_TWO: Final = _profile("Test Conflicttwo", _at("cmu.edu"), _at("umass.edu"), emails=("user2@126.com",))
_INTERN: Final = _profile("Test Intern", _at("umass.edu", "Intern"), _at("cmu.edu"), emails=("user3@345.com",))
_ONLY_INTERN: Final = _profile("Test Onlyintern", _at("umass.edu", "Intern"), _at("mit.edu"), emails=("user5@345.com",))
_COWORKER: Final = _profile(
    "Test Coworker",
    _at("mit.edu", "Intern"),
    emails=("user4@678.com",),
    relations=(_to("advisor", "Test Intern", 2017), _to("coworker", "Test Conflicttwo", 2016)),
)
_FIRST: Final = _profile("First Last", emails=("user@qq.com",))
_SECOND: Final = _profile("Second Last", emails=("user2@qq.com",))
_ADVISED: Final = _profile(
    "Third Last",
    _at("cmu.edu", "Professor"),
    emails=("user3@qq.com",),
    relations=(_to("advisor", "First Last", None), _to("coauthor", "Other Name", None)),
)
_OTHER: Final = _profile("Other Name", emails=("test@mail.example",))
_NOBODY: Final = _profile("Solo Author", _at("solo.example"))
_NOBODY_ELSE: Final = _profile("Other Author", _at("other.example"))

_DEFAULT: Final = "openreview-default"
_NEURIPS: Final = "openreview-neurips"
_COMPREHENSIVE: Final = "openreview-comprehensive"
_YEARS_OF_PAPERS: Final = (2014, 2015, 2016, 2017, 2017, 2018)

CASES: Final = (
    Case("the same profile", _DEFAULT, None, _FIRST, _FIRST, expected=True),
    Case("one mail provider is no institution", _DEFAULT, None, _SECOND, _FIRST, expected=False),
    Case("the author names the reviewer as advisor", _DEFAULT, None, _ADVISED, _FIRST, expected=True),
    Case("the reviewer names the author as advisor", _DEFAULT, None, _FIRST, _ADVISED, expected=True),
    Case("a coauthor relation without an end", _NEURIPS, 5, _ADVISED, _OTHER, expected=True),
    Case("address of one, history of the other", _DEFAULT, None, _ONE, _TWO, expected=True),
    Case("history beside an internship", _DEFAULT, None, _INTERN, _TWO, expected=True),
    Case("an internship counts", _DEFAULT, None, _ONLY_INTERN, _TWO, expected=True),
    Case("history without a position", _NEURIPS, None, _INTERN, _TWO, expected=True),
    Case("an internship does not count", _NEURIPS, None, _ONLY_INTERN, _TWO, expected=False),
    Case("a coworker of 2016, all years", _NEURIPS, None, _COWORKER, _TWO, expected=True),
    Case("a coworker of 2016, 5 years", _NEURIPS, 5, _COWORKER, _TWO, expected=False),
    Case("an advisor of 2017, all years", _NEURIPS, None, _COWORKER, _INTERN, expected=True),
    Case("an advisor of 2017, 5 years", _NEURIPS, 5, _COWORKER, _INTERN, expected=True),
    Case("history beside an internship", _COMPREHENSIVE, None, _INTERN, _TWO, expected=True),
    Case("an internship counts", _COMPREHENSIVE, None, _ONLY_INTERN, _TWO, expected=True),
    Case("a coworker of 2016, all years", _COMPREHENSIVE, None, _COWORKER, _TWO, expected=True),
    Case("a coworker of 2016, 5 years", _COMPREHENSIVE, 5, _COWORKER, _TWO, expected=False),
    Case("an advisor of 2017, all years", _COMPREHENSIVE, None, _COWORKER, _INTERN, expected=True),
    Case("an advisor of 2017, 5 years", _COMPREHENSIVE, 5, _COWORKER, _INTERN, expected=True),
    Case("an advisor of 2017 expires too", _DEFAULT, 5, _COWORKER, _INTERN, expected=False),
    Case("a paper of the year after the cut-off", _NEURIPS, 6, _NOBODY, _NOBODY_ELSE, True, (2019,)),
    Case("a paper of the cut-off year", _NEURIPS, 6, _NOBODY, _NOBODY_ELSE, False, (2018,)),
)
"""Documented and derived cases; the derived ones single out one clause of a documented case."""

PUBLICATIONS_AFTER: Final = {2013: 6, 2014: 5, 2015: 4, 2016: 3, 2017: 1, 2018: 0}
"""Documented: how many of six publications count for each cut-off year."""


def publications_found(cut_off: int) -> int:
    """How many of the six publications count for us."""
    papers = Case("", _NEURIPS, NOW.year - cut_off, _NOBODY, _NOBODY_ELSE, expected=False, joint_years=_YEARS_OF_PAPERS)
    return rules_found(papers).get("coauthor", 0)


def compatible_policy(preset: str, years: int | None) -> str:
    """The text of a compatible preset with another `n_years`."""
    text = policy_text(load_policy(preset))
    wanted = '"all"' if years is None else str(12 * years)
    if preset == _DEFAULT:
        return text.replace('= "all"', f"= {wanted}")
    return text.replace("= 36", f"= {wanted}")


def rules_found(case: Case) -> dict[str, int]:
    """The rules that find a conflict for a case, each with the number of its facts."""
    mention = AuthorMention(case.author.name, case.author.id)
    both = (mention, AuthorMention(case.reviewer.name, case.reviewer.id))
    papers = [
        Paper(PaperId(f"p{number}"), f"Joint paper {number}", dates=(PartialDate(year),), authors=both)
        for number, year in enumerate(case.joint_years)
    ]
    venue = Venue.of(
        papers=papers,
        people={person.id: person for person in (case.author, case.reviewer, _INTERN, _TWO, _FIRST, _OTHER)}.values(),
        reviewers=[Reviewer(case.reviewer.id)],
        submissions=[Submission(SubmissionId("s"), "A submission", authors=(mention,))],
        deadline=Deadline(NOW, "test"),
    )
    config = MatchConfig(policy=compatible_policy(case.preset, case.years))
    return {found.rule: len(found.evidence) for found in find_conflicts(venue, config).items}


def in_conflict(case: Case) -> bool:
    """Whether we find a conflict."""
    return bool(rules_found(case))
