"""Policies as data: reading, presets, windows at their edges, and each rule that only some policies have."""

from __future__ import annotations

import calendar
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.openreview_cases import CASES, PUBLICATIONS_AFTER, Case, in_conflict, publications_found
from matcher import MatchResult
from matcher.cli import main
from matcher.config import MatchConfig, resolve
from matcher.conflicts import find_conflicts
from matcher.conflicts.collaborators import read_list
from matcher.conflicts.policy import Institutions, Window
from matcher.conflicts.policy_file import (
    difference,
    load_policy,
    parse_policy,
    policy_of,
    policy_text,
    preset_names,
    rules_of,
    to_plain_policy,
)
from matcher.conflicts.questions import facts_of
from matcher.errors import ConfigError, UnknownNameError
from matcher.records import (
    RELATION_KINDS,
    Affiliation,
    AuthorMention,
    Conflict,
    Deadline,
    Decision,
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
    Verdict,
)
from tests.worlds import two_fields, write_folder

DEADLINE = date(2024, 10, 1)
PRESETS = (
    "acl",
    "acm",
    "icml",
    "neurips",
    "nsf",
    "openreview-comprehensive",
    "openreview-default",
    "openreview-neurips",
    "siggraph",
    "sigplan",
)
CITED = 'cite = "a page"\ndated = "2024-05"\n'


def mention(name: str, person_id: str | None = None, **more: Any) -> AuthorMention:
    return AuthorMention(name=name, person_id=None if person_id is None else PersonId(person_id), **more)


def person(person_id: str, name: str, **more: Any) -> Person:
    return Person(id=PersonId(person_id), names=(name,), **more)


MARY, JANE = mention("Mary Umbrecht", "mary"), mention("Jane Quorvane", "jane")


def venue_of(**changes: Any) -> Venue:
    """Jane reviews, Mary submitted; nothing between them but what is changed."""
    people = changes.pop("people", ())
    known = {each.id for each in people}
    people = [
        *people,
        *(each for each in (person("jane", "Jane Quorvane"), person("mary", "Mary Umbrecht")) if each.id not in known),
    ]
    defaults: dict[str, Any] = {
        "reviewers": [Reviewer(PersonId("jane"))],
        "submissions": [Submission(SubmissionId("s1"), "T", authors=(MARY,))],
        "deadline": Deadline(DEADLINE, "test"),
    }
    return Venue.of(people=people, **{**defaults, **changes})


def joint(title: str = "Joint", when: str | None = "2024-01-01", **more: Any) -> Paper:
    dates = () if when is None else (PartialDate.parse(when),)
    return Paper(PaperId("p"), title, dates=dates, **{"authors": (JANE, MARY), **more})


def rules(venue: Venue, policy: str, **settings: Any) -> dict[str, Verdict]:
    return {each.rule: each.verdict for each in find_conflicts(venue, MatchConfig(policy=policy, **settings)).items}


def the(venue: Venue, policy: str, rule: str) -> Conflict:
    (one,) = (each for each in find_conflicts(venue, MatchConfig(policy=policy)).items if each.rule == rule)
    return one


# --- presets and files ----------------------------------------------------------------------------------------------


def test_the_presets_are_those_promised() -> None:
    assert preset_names() == PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_reads_back_as_it_is_and_cites_every_rule(name: str) -> None:
    policy = load_policy(name)
    assert policy.name == name
    assert policy.source.startswith("https://")
    assert parse_policy(policy_text(policy)) == policy
    tables = [value for value in to_plain_policy(policy).values() if isinstance(value, dict)]
    assert len(tables) >= 3
    assert all(table["cite"] and table["dated"] for table in tables)


@pytest.mark.parametrize(
    ("name", "coauthor", "advisor", "institution"),
    [
        ("nsf", 48, None, "current"),
        ("neurips", 36, None, "both_within_window"),
        ("icml", 36, None, "both_within_window"),
        ("acl", 60, 60, "current"),
        ("acm", 48, None, "both_within_window"),
        ("sigplan", 24, None, "current"),
        ("siggraph", 36, None, "current"),
    ],
)
def test_windows_of_the_presets(name: str, coauthor: int, advisor: int | None, institution: str) -> None:
    policy = load_policy(name)
    assert policy.coauthor is not None
    assert policy.relation is not None
    assert policy.institution is not None
    assert policy.coauthor.window == Window(coauthor)
    assert policy.relation.of("advisor") == Window(advisor)
    assert policy.institution.when == institution


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "this is no TOML"),
        ('title = "x"', "'name': this must be given"),
        ("name = 3", "'name': allowed is a text in quotes; got 3"),
        ('name = "x"\n[coauthr]\n', "'coauthr': unknown key, did you mean 'coauthor'"),
        ('name = "x"\nzzz = 1\n', "'zzz': unknown key; known are coauthor, collaborator"),
        ('name = "x"\ncoauthor = 3\n', "'coauthor': allowed is a table"),
        ('name = "x"\n[coauthor]\nwindow_months = 12\n', "'coauthor.cite': this must be given"),
        ('name = "x"\n[coauthor]\nwindow_months = -1\n' + CITED, "allowed is a whole number of months"),
        ('name = "x"\n[coauthor]\nwindow_months = "ever"\n' + CITED, "or 'all'; got 'ever'"),
        ('name = "x"\n[coauthor]\nwindow_months = 1\nundated = "no"\n' + CITED, "allowed are block, ask, clear"),
        ('name = "x"\n[coauthor]\nwindow_months = 1\nmost_authors = 1\n' + CITED, "from 2 up"),
        ('name = "x"\n[coauthor]\nwindow_months = 1\nexempt_kinds = ["poem"]\n' + CITED, "'poem' is none of"),
        ('name = "x"\n[coauthor]\nwindow_months = 1\nexempt_titles = "a"\n' + CITED, "allowed is a list of texts"),
        ('name = "x"\n[coauthor]\nwindow_months = 1\ncite = "c"\ndated = "May"\n', "allowed is a date in quotes"),
        ('name = "x"\n[institution]\n' + CITED, "'institution.when': this must be given"),
        ('name = "x"\n[institution]\nwhen = "overlap_within_window"\n' + CITED, "window_months': this must be given"),
        ('name = "x"\n[relation]\nwindow_months = 1\nneeds_id = 1\n' + CITED, "allowed are true and false"),
        ('name = "x"\n[relation]\nwindow_months = 1\nwindows = 3\n' + CITED, "'relation.windows': allowed is a table"),
        (
            'name = "x"\n[relation]\nwindow_months = 1\n' + CITED + "[relation.windows]\nbos = 1\n",
            "relation.windows.bos",
        ),
    ],
)
def test_a_wrong_policy_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_policy(text, file="mine.toml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("mine.toml: ")


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'sigplan'"):
        policy_of(MatchConfig(policy="sigpln"))


def test_without_a_policy_the_settings_are_the_policy() -> None:
    policy = policy_of(MatchConfig(coauthor_window_months=12, institution_policy="off"))
    assert rules_of(policy) == ("author", "coauthor", "relation", "declared")
    assert policy.coauthor is not None
    assert policy.coauthor.window == Window(12)
    assert policy.relation is not None
    assert policy.relation.of("family") == Window(None)


def test_a_setting_replaces_what_the_policy_says() -> None:
    policy = policy_of(
        MatchConfig(
            policy="openreview-neurips",
            coauthor_window_months=24,
            relation_window_months=12,
            institution_policy="overlap_within_window",
            institution_window_months=48,
        )
    )
    assert policy.coauthor is not None
    assert policy.coauthor.window == Window(24, "calendar_years")
    assert policy.relation is not None
    assert policy.relation.window == Window(12, "calendar_years")
    assert policy.institution is not None
    assert (policy.institution.when, policy.institution.window.months) == ("overlap_within_window", 48)
    assert policy_of(MatchConfig(policy="acl", institution_policy="off")).institution is None
    bare = 'name = "bare"\n'
    assert policy_of(MatchConfig(policy=bare)).institution is None
    assert policy_of(MatchConfig(policy=bare, institution_policy="both_within_window")).institution == Institutions(
        "both_within_window", Window(36)
    )


def test_a_policy_file_travels_as_its_text(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "mine"\n[coauthor]\nwindow_months = 12\n' + CITED, encoding="utf-8")
    choices = tmp_path / "match.toml"
    choices.write_text('[conflicts]\npolicy = "mine.toml"\n', encoding="utf-8")
    resolved = resolve(match_toml=choices)
    assert resolved.config.policy.startswith('name = "mine"')
    assert resolved.origin["policy"] == "match.toml"
    assert resolved.origin["coauthor_window_months"] == "default; the policy decides"
    assert MatchConfig.from_plain(resolved.config.to_plain()) == resolved.config
    assert resolve(flags={"policy": str(tmp_path / "mine.toml")}).config == resolved.config
    with pytest.raises(ConfigError, match="the policy cannot be read"):
        resolve(flags={"policy": "nowhere.toml"})
    with pytest.raises(ConfigError, match=r"'conflicts.policy': allowed is a text in quotes; got 3"):
        resolve(flags={"policy": 3})


def test_a_default_window_under_a_policy_is_refused_not_ignored() -> None:
    with pytest.raises(ConfigError, match="36 under a policy means what the policy says"):
        resolve(flags={"policy": "acl", "coauthor_window_months": 36})
    assert resolve(flags={"policy": "acl", "coauthor_window_months": 48}).config.coauthor_window_months == 48


def test_what_two_policies_say_differently() -> None:
    found = {
        key: (left, right) for key, left, right in difference(load_policy("nsf"), load_policy("openreview-default"))
    }
    assert found["coauthor.window_months"] == ("48", "all")
    assert found["cosubmission"] == ("on", "off")
    assert found["relation.windows.coeditor"] == ("24", "–")
    assert "coauthor.cite" not in found
    assert difference(load_policy("nsf"), load_policy("nsf")) == ()


# --- windows --------------------------------------------------------------------------------------------------------


def by_counting(day: date, months: int) -> date:
    """The start of a window by going back one month at a time: a second way to compute it."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


WINDOWED = [(name, load_policy(name)) for name in PRESETS]


@pytest.mark.parametrize(
    "deadline", [date(2024, 2, 29), date(2024, 3, 31), date(2023, 3, 1), date(2024, 12, 31), DEADLINE]
)
@pytest.mark.parametrize(("name", "policy"), WINDOWED, ids=PRESETS)
def test_a_joint_paper_at_one_day_on_either_side_of_every_window(name: str, policy: Any, deadline: date) -> None:
    window = policy.coauthor.window
    if window.months is None:
        return
    if window.arithmetic == "months":
        start = by_counting(deadline, window.months)
    else:
        start = date((deadline - timedelta(days=365 * window.months // 12)).year + 1, 1, 1)
    for offset, expected in ((-1, None), (0, Verdict.BLOCK), (1, Verdict.BLOCK)):
        day = start + timedelta(days=offset)
        venue = venue_of(papers=[joint(when=str(day))], deadline=Deadline(deadline, "test"))
        assert rules(venue, name).get("coauthor") is expected, (deadline, offset)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(1, 20))
def test_calendar_years_are_longer_than_all_but_their_first_year(day: date, years: int) -> None:
    start = Window(12 * years, "calendar_years").start(day)
    assert start is not None
    # The cut-off lies 365 days a year back, so the window starts within a year after it, on a first of January.
    cut_off = day - timedelta(days=365 * years)
    assert (start.month, start.day, start.year) == (1, 1, cut_off.year + 1)
    assert timedelta(0) < start - cut_off <= timedelta(days=366)


def test_a_window_that_starts_before_the_calendar() -> None:
    assert Window(12 * 3000, "calendar_years").start(DEADLINE) == date(2, 1, 1)
    assert Window(None).start(DEADLINE) is None
    assert [str(Window(None)), str(Window(24)), str(Window(24, "calendar_years"))] == [
        "ever",
        "24 months",
        "24 months (calendar years)",
    ]


# --- openreview-py --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=[f"{case.preset}: {case.name}" for case in CASES])
def test_the_compatible_presets_answer_as_openreview_documents(case: Case) -> None:
    assert in_conflict(case) is case.expected


def test_the_publications_that_count_are_those_openreview_documents() -> None:
    assert {year: publications_found(year) for year in PUBLICATIONS_AFTER} == PUBLICATIONS_AFTER


# --- rules of some policies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("A Survey of Pruning", None),
        ("SIGGRAPH Course Notes on Hair", None),
        ("Surveying the Sky", Verdict.BLOCK),
        ("Of course, hair", Verdict.BLOCK),
    ],
)
def test_surveys_are_exempt_where_the_policy_says_so(title: str, expected: Verdict | None) -> None:
    assert rules(venue_of(papers=[joint(title)]), "siggraph").get("coauthor") is expected
    assert rules(venue_of(papers=[joint(title)]), "neurips")["coauthor"] is Verdict.BLOCK


def policy_with(table: str, text: str) -> str:
    return f'name = "mine"\n[{table}]\n{text}\n{CITED}'


def test_large_collaborations_and_kinds_can_be_exempt() -> None:
    few = policy_with("coauthor", "window_months = 36\nmost_authors = 2")
    none = policy_with("coauthor", 'window_months = 36\nexempt_kinds = ["other"]')
    crowd = joint(authors=(JANE, MARY, mention("Third Person")))
    assert rules(venue_of(papers=[joint()]), few) == {"coauthor": Verdict.BLOCK}
    assert rules(venue_of(papers=[crowd]), few) == {}
    assert rules(venue_of(papers=[joint()]), none) == {}


@pytest.mark.parametrize(("undated", "expected"), [("ask", "ask"), ("block", "block"), ("clear", None)])
def test_what_a_paper_without_a_date_means(undated: str, expected: str | None) -> None:
    policy = policy_with("coauthor", f'window_months = 36\nundated = "{undated}"')
    assert rules(venue_of(papers=[joint(when=None)]), policy).get("coauthor") == expected


INTERNSHIP = Affiliation(organisation="Lab X", role="Research Intern", end=PartialDate(2024))


@pytest.mark.parametrize(
    ("role", "policy", "expected"),
    [
        ("Research Intern", "neurips", False),
        ("Research Intern", "openreview-comprehensive", True),
        ("International Liaison", "neurips", True),
        ("International Liaison", "openreview-neurips", False),
        ("", "neurips", True),
    ],
)
def test_internships_count_as_the_policy_says(role: str, policy: str, expected: bool) -> None:
    at = Affiliation(domain="lab.example", role=role)
    venue = venue_of(
        people=[
            person("jane", "Jane Quorvane", affiliations=(at,)),
            person("mary", "Mary Umbrecht", affiliations=(at,)),
        ]
    )
    assert ("institution" in rules(venue, policy)) is expected


def test_addresses_count_as_the_policy_says() -> None:
    history = (Affiliation(domain="elsewhere.example"),)
    jane = person("jane", "Jane Quorvane", emails=("j@lab.example",), affiliations=history)
    venue = venue_of(people=[jane, person("mary", "Mary Umbrecht", emails=("m@lab.example",))])
    for addresses, expected in (("always", True), ("without_history", False), ("never", False)):
        policy = policy_with("institution", f'when = "current"\naddresses = "{addresses}"')
        assert ("institution" in rules(venue, policy)) is expected, addresses
    never = policy_with("institution", 'when = "current"\naddresses = "never"')
    bare = venue_of(people=[replace(jane, affiliations=()), person("mary", "Mary Umbrecht", emails=("m@lab.example",))])
    assert rules(bare, never) == {}


def test_parts_of_an_institution_can_be_kept_apart() -> None:
    def venue(one: str, other: str) -> Venue:
        return venue_of(
            people=[
                person("jane", "Jane Quorvane", affiliations=(Affiliation(domain=one),)),
                person("mary", "Mary Umbrecht", affiliations=(Affiliation(domain=other),)),
            ]
        )

    units = policy_with("institution", 'when = "current"\nlevel = "unit"')
    whole = policy_with("institution", 'when = "current"')
    assert rules(venue("cs.uni.example", "ee.uni.example"), units) == {}
    assert rules(venue("cs.uni.example", "cs.uni.example"), units) == {"institution": Verdict.BLOCK}
    assert rules(venue("cs.uni.example", "ee.uni.example"), whole) == {"institution": Verdict.BLOCK}


def test_what_clears_an_institution_under_windows_without_an_end() -> None:
    at = (Affiliation(domain="lab.example", end=PartialDate(2001)),)
    venue = venue_of(
        people=[person("jane", "Jane Quorvane", affiliations=at), person("mary", "Mary Umbrecht", affiliations=at)]
    )
    assert the(venue, "openreview-default", "institution").clears.endswith("lab.example at any time")
    assert rules(venue, "openreview-neurips") == {}
    recent = tuple(replace(each, end=PartialDate(2023)) for each in at)
    venue = venue_of(
        people=[
            person("jane", "Jane Quorvane", affiliations=recent),
            person("mary", "Mary Umbrecht", affiliations=recent),
        ]
    )
    assert the(venue, "openreview-neurips", "institution").clears.endswith("lab.example since 2022-01-01")


def test_relations_have_windows_of_their_own() -> None:
    def venue(kind: str, end: str) -> Venue:
        tie = Relation(kind, "Mary Umbrecht", PersonId("mary"), end=PartialDate.parse(end))
        return venue_of(people=[person("jane", "Jane Quorvane", relations=(tie,))])

    assert rules(venue("advisor", "1990-01-01"), "nsf") == {"relation": Verdict.BLOCK}
    assert rules(venue("coeditor", "2022-10-01"), "nsf") == {"relation": Verdict.BLOCK}
    assert rules(venue("coeditor", "2022-09-30"), "nsf") == {}
    assert rules(venue("co_pi", "2020-10-01"), "nsf") == {"relation": Verdict.BLOCK}
    assert rules(venue("coorganizer", "2024-09-30"), "nsf") == {}
    assert rules(venue("advisor", "2019-09-30"), "acl") == {}


_EVERY_WINDOW = [(name, kind) for name in PRESETS for kind in RELATION_KINDS]


@pytest.mark.parametrize("deadline", [date(2024, 2, 29), DEADLINE])
@pytest.mark.parametrize(("name", "kind"), _EVERY_WINDOW, ids=["-".join(each) for each in _EVERY_WINDOW])
def test_a_relation_that_ended_one_day_on_either_side_of_its_window(name: str, kind: str, deadline: date) -> None:
    def found(end: date | None) -> dict[str, Verdict]:
        last = None if end is None else PartialDate.parse(str(end))
        tie = Relation(kind, "Mary Umbrecht", PersonId("mary"), end=last)
        people = [person("jane", "Jane Quorvane", relations=(tie,))]
        return rules(venue_of(people=people, deadline=Deadline(deadline, "test")), name)

    rule = load_policy(name).relation
    assert rule is not None
    window = rule.of(kind)
    counts = {} if kind in rule.off else {"relation": Verdict.BLOCK}
    assert found(None) == found(deadline) == counts
    if window.months is None:
        assert found(date(1960, 1, 1)) == counts
        return
    if window.arithmetic == "months":
        start = by_counting(deadline, window.months)
    else:
        start = date((deadline - timedelta(days=365 * window.months // 12)).year + 1, 1, 1)
    assert [found(start + timedelta(days=offset)) for offset in (-1, 0, 1)] == [{}, counts, counts]


@pytest.mark.parametrize("deadline", [date(2024, 2, 29), date(2024, 3, 31), DEADLINE])
@pytest.mark.parametrize("name", PRESETS)
def test_a_stay_that_ended_one_day_on_either_side_of_its_window(name: str, deadline: date) -> None:
    def found(end: date) -> bool:
        at = (Affiliation(domain="lab.example", end=PartialDate.parse(str(end))),)
        people = [
            person("jane", "Jane Quorvane", affiliations=at),
            person("mary", "Mary Umbrecht", affiliations=(Affiliation(domain="lab.example"),)),
        ]
        return "institution" in rules(venue_of(people=people, deadline=Deadline(deadline, "test")), name)

    rule = load_policy(name).institution
    assert rule is not None
    if rule.when == "current":
        start = deadline
    elif rule.window.months is None:
        assert found(date(1960, 1, 1))
        return
    elif rule.window.arithmetic == "months":
        start = by_counting(deadline, rule.window.months)
    else:
        start = date((deadline - timedelta(days=365 * rule.window.months // 12)).year + 1, 1, 1)
    assert [found(start + timedelta(days=offset)) for offset in (-1, 0, 1)] == [False, True, True]


def test_editorships_and_collections_can_be_exempt() -> None:
    tie = Relation("coeditor", "Mary Umbrecht", PersonId("mary"))
    people = [person("jane", "Jane Quorvane", relations=(tie,))]
    without = policy_with("relation", 'window_months = 36\noff = ["coeditor"]')
    assert rules(venue_of(people=people), without) == {}
    assert rules(venue_of(people=people), policy_with("relation", "window_months = 36")) == {"relation": Verdict.BLOCK}
    titles = policy_with("coauthor", 'window_months = 36\nexempt_titles = ["proceedings of"]')
    assert rules(venue_of(papers=[joint("Proceedings of the Workshop on Hair")]), titles) == {}
    assert rules(venue_of(papers=[joint("On Proceedings in Court")]), titles) == {"coauthor": Verdict.BLOCK}


def test_a_joint_submission_conflicts_for_every_role() -> None:
    other = Submission(SubmissionId("s2"), "Other", authors=(JANE, MARY), status="withdrawn")
    venue = venue_of(submissions=[Submission(SubmissionId("s1"), "T", authors=(MARY,)), other])
    conflict = the(venue, "acl", "cosubmission")
    assert (conflict.submission_id, conflict.reviewer_id, conflict.via) == ("s1", "jane", "mary")
    assert conflict.verdict is Verdict.BLOCK
    assert [fact.text for fact in conflict.evidence] == ["submitted together to this venue: Other (s2)"]
    assert "cosubmission" not in rules(venue, "openreview-neurips")


def test_a_joint_submission_with_a_doubtful_name_asks() -> None:
    doubtful = (mention("Jane Quorvane", "openalex:A1"), MARY)
    venue = venue_of(
        submissions=[
            Submission(SubmissionId("s1"), "T", authors=(MARY,)),
            Submission(SubmissionId("s2"), "O", authors=doubtful),
        ]
    )
    assert the(venue, "acl", "cosubmission").verdict is Verdict.ASK


def test_siblings_conflict_where_the_policy_says_so() -> None:
    def ties(*, by_id: bool) -> tuple[Relation, ...]:
        return (Relation("advisor", "Ann Vexlund", PersonId("ann") if by_id else None, end=PartialDate(1999)),)

    venue = venue_of(
        people=[
            person("jane", "Jane Quorvane", relations=ties(by_id=True)),
            person("mary", "Mary Umbrecht", relations=(*ties(by_id=False), Relation("host", "Bo Lee"))),
            person("ann", "Ann Vexlund"),
        ]
    )
    conflict = the(venue, "acm", "sibling")
    assert (conflict.via, conflict.verdict) == ("mary", Verdict.BLOCK)
    assert conflict.evidence[0].text == "both name Ann Vexlund as advisor"
    assert "sibling" not in rules(venue, "nsf")
    nobody = venue_of(
        people=[
            person("jane", "Jane Quorvane", relations=ties(by_id=False)),
            person("mary", "Mary Umbrecht", relations=ties(by_id=False)),
        ]
    )
    assert the(nobody, "acm", "sibling").evidence[0].text == "both name ann vexlund as advisor"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mary Umbrecht (Univ X)", [("Mary Umbrecht", "Univ X")]),
        (
            "* Mary Umbrecht\n- Bo Lee, \n3) Li Wu (ETH) - my advisor",
            [("Mary Umbrecht", ""), ("Bo Lee", ""), ("Li Wu", "ETH")],
        ),
        ('"Mary Umbrecht";\tBo Lee', [("Mary Umbrecht", ""), ("Bo Lee", "")]),
        ("All (Univ X)", [("", "Univ X")]),
        ("everybody at Univ X", [("", "Univ X")]),
        ("None\nn/a\n\n-\nAll", []),
        ("Umbrecht, Mary -- since 2019", [("Umbrecht, Mary", "")]),
        ("Mary Umbrecht\nMary Umbrecht", [("Mary Umbrecht", "")]),
        ("(Univ X)", []),
        ("Mary Umbrecht, Bo Lee, and Li Wu", [("Mary Umbrecht", ""), ("Bo Lee", ""), ("Li Wu", "")]),
        ("Mary Umbrecht (X, Y), Bo Lee (Z)", [("Mary Umbrecht", "X, Y"), ("Bo Lee", "Z")]),
        ("Mary Umbrecht, advisor", [("Mary Umbrecht", "")]),
        (
            "Umbrecht, Mary\nDe Silva, Ana\nvan Dyk, Jan",
            [(n, "") for n in ("Umbrecht, Mary", "De Silva, Ana", "van Dyk, Jan")],
        ),
        ("All members of MIT, Cambridge", [("", "MIT, Cambridge")]),
    ],
)
def test_lists_of_collaborators_as_people_write_them(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(entry.name, entry.place) for entry in read_list(text)] == expected


LISTS: dict[str, Callable[[str], Venue]] = {
    "reviewer": lambda text: venue_of(
        reviewers=[Reviewer(PersonId("jane"), attributes={"collaborators": text})],
        people=[
            person("mary", "Mary Umbrecht", affiliations=(Affiliation(organisation="Univ X", domain="x.example"),))
        ],
    ),
    "submission": lambda text: venue_of(
        submissions=[Submission(SubmissionId("s1"), "T", authors=(MARY,), attributes={"collaborators": text})],
        people=[
            person("jane", "Jane Quorvane", affiliations=(Affiliation(organisation="Univ X", domain="x.example"),))
        ],
    ),
}


@pytest.mark.parametrize("side", LISTS)
def test_who_stands_in_a_declared_list_is_in_conflict(side: str) -> None:
    name = "Mary Umbrecht" if side == "reviewer" else "Jane Quorvane"
    for entry in (name, f"- {name} (Univ X)", "All (univ x)", "all (x.example)", f"Somebody Else\n{name}"):
        assert rules(LISTS[side](entry), "acl") == {"collaborator": Verdict.BLOCK}, entry
    for entry in ("Somebody Else", "All (Univ Y)", "None"):
        assert rules(LISTS[side](entry), "acl") == {}, entry


def test_a_listed_name_of_two_people_asks() -> None:
    twice = [
        person("mary", "Mary Umbrecht"),
        person("~Mary_Umbrecht2", "Mary Umbrecht"),
        person("~Mary_Umbrecht1", "Mary Umbrecht"),
    ]
    venue = venue_of(
        reviewers=[Reviewer(PersonId("jane"), attributes={"collaborators": ["Mary Umbrecht"]})], people=twice
    )
    assert the(venue, "acl", "collaborator").verdict is Verdict.ASK


def test_juniors_inherit_the_conflicts_of_their_senior() -> None:
    policy = policy_with("coauthor", "window_months = 36") + f"[senior]\n{CITED}"
    venue = venue_of(
        papers=[joint()],
        people=[person("june", "June Low")],
        reviewers=[Reviewer(PersonId("jane")), Reviewer(PersonId("june"), attributes={"senior": "jane"})],
    )
    conflict = the(venue, policy, "senior")
    assert (conflict.reviewer_id, conflict.verdict, conflict.via) == ("june", Verdict.BLOCK, "mary")
    assert conflict.evidence[0].text == "works under Jane Quorvane, who is in conflict by rule coauthor"
    assert json.loads(json.dumps(conflict.clears)).startswith("clears when Jane Quorvane is not in conflict")


def test_nothing_is_built_upon_a_name_that_only_fits() -> None:
    advised = (Relation("advisor", "Ann Vexlund", start=PartialDate(1990), end=PartialDate(1999)),)
    venue = venue_of(
        people=[person("jane", "Jane Quorvane", relations=advised), person("ann", "Ann Vexlund", relations=advised)],
        reviewers=[Reviewer(PersonId("jane"), attributes={"collaborators": "Ann Vexlund"}), Reviewer(PersonId("ann"))],
        submissions=[
            Submission(SubmissionId("s1"), "T", authors=(mention("A. Vexlund"),)),
            Submission(SubmissionId("s2"), "O", authors=(mention("A. Vexlund"), JANE)),
        ],
    )
    found = find_conflicts(venue, MatchConfig(policy="acm")).items
    on_first = {(each.reviewer_id, each.rule, each.verdict) for each in found if each.submission_id == "s1"}
    assert on_first == {("ann", "author", Verdict.ASK)}


def test_a_dismissed_conflict_is_not_passed_on() -> None:
    policy = policy_with("coauthor", "window_months = 36") + f"[senior]\n{CITED}"
    venue = venue_of(
        papers=[joint()],
        people=[person("june", "June Low")],
        reviewers=[Reviewer(PersonId("jane")), Reviewer(PersonId("june"), attributes={"senior": ["jane"]})],
    )
    found = find_conflicts(venue, MatchConfig(policy=policy)).items
    assert [(each.reviewer_id, each.rule) for each in found] == [("jane", "coauthor"), ("june", "senior")]
    dismissed = Decision("coauthor", PersonId("jane"), "mary", "dismissed", "block", 1.0, facts_of(found[0]))
    left = find_conflicts(replace(venue, decisions=(dismissed,)), MatchConfig(policy=policy)).items
    assert [(each.rule, each.verdict) for each in left] == [("coauthor", Verdict.CLEAR)]


# --- the command ----------------------------------------------------------------------------------------------------


def command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(list(words))
    shown = capsys.readouterr()
    return int(caught.value.code or 0), shown.out, shown.err


def test_the_policy_command_shows_checks_and_compares(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = command(capsys, "policy", "show")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines() if line and not line.startswith(" ")] == list(PRESETS)
    code, out, _ = command(capsys, "policy", "show", "acl")
    assert parse_policy(out) == load_policy("acl")
    mine = tmp_path / "mine.toml"
    mine.write_text(out.replace("= 60", "= 24"), encoding="utf-8")
    _, out, _ = command(capsys, "policy", "check", str(mine))
    assert out == "acl: author, coauthor, cosubmission, institution, relation, collaborator, declared\n"
    _, out, _ = command(capsys, "policy", "diff", "acl", str(mine))
    assert out == "coauthor.window_months: 60 → 24\nrelation.window_months: 60 → 24\n"
    _, out, _ = command(capsys, "policy", "diff", "acl", "acl")
    assert out == "they say the same\n"
    _, out, _ = command(capsys, "policy", "diff", "nsf", "acl", "--json")
    assert json.loads(out)[0] == {"key": "coauthor.window_months", "nsf": "48", "acl": "60"}
    _, out, _ = command(capsys, "policy", "show", "nsf", "--json")
    assert json.loads(out)["relation"]["windows"]["coeditor"] == 24
    _, out, _ = command(capsys, "policy", "show", "--json")
    assert [each["name"] for each in json.loads(out)] == list(PRESETS)
    mine.write_text("name = 3\n", encoding="utf-8")
    assert command(capsys, "policy", "check", str(mine))[0] == 1
    assert "the policy cannot be read" in command(capsys, "policy", "check", "nowhere.toml")[2]


def test_a_policy_is_chosen_on_the_command_line_and_travels_with_the_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    world = two_fields()
    world.share_paper("pruning-s0", "pruning-r0", "2020-05")
    folder = write_folder(world, tmp_path / "venue")
    assert command(capsys, "conflicts", str(folder), "--json")[1] == ""
    found = command(capsys, "conflicts", str(folder), "--policy", "acl", "--json", "--rule", "coauthor")[1]
    assert json.loads(found)["reviewer_id"] == "pruning-r0"
    run = str(tmp_path / "run")
    code, _, _ = command(capsys, "match", str(folder), "--policy", "acl", "--encoder", "tfidf", "-q", "--out", run)
    assert code == 0
    assert MatchResult.load(run).config.policy == "acl"
    assert command(capsys, "verify", run)[0] == 0
    code, _, err = command(capsys, "conflicts", str(folder), "--policy", "nobody")
    assert (code, "unknown policy 'nobody'" in err) == (1, True)
