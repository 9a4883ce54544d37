import itertools
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.config import MatchConfig
from matcher.conflicts import RULES, find_conflicts
from matcher.conflicts.windows import months_before, place
from matcher.errors import DataError
from matcher.records import (
    Affiliation,
    AuthorMention,
    Conflict,
    Deadline,
    DeclaredConflict,
    Paper,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    Relation,
    Reviewer,
    SourceRef,
    Submission,
    SubmissionId,
    Venue,
    Verdict,
    canonical_json,
)

BLOCK, ASK, CLEAR = Verdict.BLOCK, Verdict.ASK, Verdict.CLEAR
SETTINGS = ("latest", "earliest", "ask")
DEADLINE = Deadline(date(2024, 10, 1), "test")
POLICIES = ("current", "both_within_window", "overlap_within_window")

JANE = PersonId("jane")


def mention(name: str, person_id: str | None = None, **more: str) -> AuthorMention:
    return AuthorMention(name=name, person_id=PersonId(person_id) if person_id else None, **more)


def person(person_id: str, *names: str, **more: tuple[object, ...]) -> Person:
    return Person(id=PersonId(person_id), names=names or (person_id.title(),), **more)  # type: ignore[arg-type]


def paper(paper_id: str, when: str, *authors: AuthorMention) -> Paper:
    return Paper(
        id=PaperId(paper_id),
        title=f"Title of {paper_id}",
        dates=tuple(PartialDate.parse(part) for part in when.split()),
        authors=authors,
        published_in="CONF",
        sources=(SourceRef("publications.jsonl", 7),),
    )


def submission(*authors: AuthorMention, submission_id: str = "s1", status: str = "active") -> Submission:
    return Submission(id=SubmissionId(submission_id), title="Submission", authors=authors, status=status)


def reviewer(person_id: str, *papers: str) -> Reviewer:
    return Reviewer(person_id=PersonId(person_id), paper_ids=tuple(map(PaperId, papers)))


def found(venue: Venue, rule: str, config: MatchConfig | None = None) -> list[Conflict]:
    return [one for one in find_conflicts(venue, config or MatchConfig()).items if one.rule == rule]


def the(venue: Venue, rule: str, config: MatchConfig | None = None) -> Conflict:
    (one,) = found(venue, rule, config)
    return one


def test_the_rules_have_the_agreed_names_and_order() -> None:
    assert [rule.__name__ for rule in RULES] == [
        "author",
        "coauthor",
        "cosubmission",
        "institution",
        "relation",
        "sibling",
        "collaborator",
        "declared",
    ]


# --- author ---------------------------------------------------------------------------------------------------------

REVIEWER = person(
    "~Jane_Quorvane1", "Jané Quorvane", "Jane Smith-Quorvane", emails=("jane@uni.example", "jane@lab.example")
)


@pytest.mark.parametrize(
    ("author", "verdict"),
    [
        pytest.param(mention("Jane Quorvane", "~Jane_Quorvane1"), BLOCK, id="her id"),
        pytest.param(mention("J. D.", "~Jane_Quorvane1"), BLOCK, id="her id under another name"),
        pytest.param(mention("Mary Roe", email="jane@uni.example"), BLOCK, id="her address"),
        pytest.param(mention("J. Quorvane", email="jane@lab.example"), BLOCK, id="her second address"),
        pytest.param(mention("J. Quorvane", email="Jane@LAB.example"), BLOCK, id="her address in another case"),
        pytest.param(mention("J. Quorvane", email="jane+new@lab.example"), BLOCK, id="her address with a tag"),
        pytest.param(mention("Jane Quorvane"), BLOCK, id="her name only"),
        pytest.param(mention("JANE QUORVANE"), BLOCK, id="her name in capitals"),
        pytest.param(mention("Jané Quorvané"), BLOCK, id="her name with accents"),
        pytest.param(mention("Quorvane, Jane"), BLOCK, id="her name turned round"),
        pytest.param(mention("QUORVANE,JANE"), BLOCK, id="her name turned round in capitals"),
        pytest.param(mention("Jane Smith Quorvane"), BLOCK, id="her other name"),
        pytest.param(mention("Mary Roe", "~Mary_Roe1", email="jane@lab.example"), BLOCK, id="another id, her address"),
        pytest.param(mention("Jane Quorvane", "openalex:A5"), ASK, id="her name under an id of another kind"),
        pytest.param(mention("Quorvane, Jane", "jane-doe"), ASK, id="her name under a plain id"),
        pytest.param(mention("Jane Quorvane", "~Jane_Quorvane2"), None, id="a namesake with an id of the same kind"),
        pytest.param(mention("Mary Roe", email="mary@uni.example"), None, id="somebody else"),
    ],
)
def test_reviewer_under_another_name_or_address(author: AuthorMention, verdict: Verdict | None) -> None:
    venue = Venue.of(
        people=[REVIEWER],
        reviewers=[reviewer("~Jane_Quorvane1")],
        submissions=[submission(mention("Some Other", "~Other1"), author)],
    )
    assert [one.verdict for one in found(venue, "author")] == ([verdict] if verdict else [])


def test_a_second_record_with_her_address_is_the_reviewer() -> None:
    second = person("old-jane", "J. Roe", emails=("JANE@uni.example",))
    venue = Venue.of(
        people=[REVIEWER, second],
        reviewers=[reviewer("~Jane_Quorvane1")],
        submissions=[submission(mention("JR", "old-jane"))],
    )
    conflict = the(venue, "author")
    assert (conflict.verdict, conflict.reviewer_id, conflict.via) == (BLOCK, "~Jane_Quorvane1", "old-jane")
    assert "same e-mail address" in conflict.evidence[0].text
    assert "jane@uni.example" not in canonical_json(conflict).casefold()


def test_an_address_beside_two_names_still_blocks_its_owner_once() -> None:
    authors = (mention("Ann Vexlund", email="jane@uni.example"), mention("Mary Roe", email="jane@uni.example"))
    venue = Venue.of(people=[REVIEWER], reviewers=[reviewer("~Jane_Quorvane1")], submissions=[submission(*authors)])
    assert [(one.verdict, one.via_name) for one in found(venue, "author")] == [(BLOCK, "Ann Vexlund")]


def test_an_id_found_in_her_place_on_a_paper_she_lists_is_hers() -> None:
    venue = Venue.of(
        people=[REVIEWER],
        reviewers=[reviewer("~Jane_Quorvane1", "p1")],
        papers=[paper("p1", "2020", mention("J. Quorvane", "openalex:A5"), mention("Mary Roe", "openalex:A6"))],
        submissions=[submission(mention("J. Quorvane", "openalex:A5"))],
    )
    conflict = the(venue, "author")
    assert (conflict.verdict, conflict.via, conflict.confidence) == (BLOCK, "openalex:A5", 0.97)


def test_a_name_that_two_reviewers_carry_asks_about_both() -> None:
    venue = Venue.of(
        people=[person("~W1", "Wei Wang"), person("~W2", "Wei Wang")],
        reviewers=[reviewer("~W1"), reviewer("~W2")],
        submissions=[submission(mention("Wei Wang"))],
    )
    conflicts = found(venue, "author")
    assert [(one.reviewer_id, one.verdict) for one in conflicts] == [("~W1", ASK), ("~W2", ASK)]
    assert all(one.confidence < 0.5 for one in conflicts)


def test_a_short_name_that_equals_hers_asks() -> None:
    venue = Venue.of(
        people=[person("r", "Weinan E")], reviewers=[reviewer("r")], submissions=[submission(mention("E, Weinan"))]
    )
    assert the(venue, "author").verdict is ASK
    assert [one.rule for one in find_conflicts(venue, MatchConfig()).items] == ["author"]


@pytest.mark.parametrize(
    ("printed", "own"),
    [
        ("Ana M. García-López", "Ana María García-López"),
        ("Shiwei M. Liu", "Shiwei Liu"),
        ("Xia (Ben) Hu", "Xia Hu"),
        ("Li Xian", "Xian Li"),
    ],
)
def test_a_name_that_fits_hers_asks_and_nothing_is_built_upon_it(printed: str, own: str) -> None:
    friend = person("friend", "Ann Vexlund")
    her = person(
        "r",
        own,
        affiliations=(Affiliation(organisation="University A"),),
        relations=(Relation(kind="advisor", other="Ann Vexlund", other_id=PersonId("friend")),),
    )
    venue = Venue.of(
        people=[her, friend],
        reviewers=[reviewer("r"), reviewer("friend")],
        papers=[paper("p1", "2024", mention(own, "r"), mention("Ann Vexlund", "friend"))],
        submissions=[submission(mention(printed), mention("Mary Roe", "mary"))],
        deadline=DEADLINE,
    )
    conflicts = find_conflicts(venue, MatchConfig())
    (conflict,) = conflicts.items
    assert (conflict.rule, conflict.verdict, conflict.reviewer_id, conflict.via) == ("author", ASK, "r", "r")
    assert conflict.via_name == printed
    assert conflict.evidence[0].text == (
        f"author 1, {printed}, may be {own}: the same family name and a fitting given name"
    )
    assert conflicts.verdict(SubmissionId("s1"), PersonId("r")) is ASK
    assert conflicts.verdict(SubmissionId("s1"), PersonId("friend")) is CLEAR


@pytest.mark.parametrize(
    ("printed", "own"),
    [
        ("N. Quorvane", "Ngọc Quorvane"),
        ("Pechenizkiy, M.", "Mykola Pechenizkiy"),
    ],
)
def test_an_abbreviated_author_who_may_be_a_reviewer_asks_for_her_and_for_her_coauthors(printed: str, own: str) -> None:
    venue = Venue.of(
        people=[person("r", own), person("friend", "Ann Vexlund")],
        reviewers=[reviewer("r"), reviewer("friend")],
        papers=[paper("p1", "2024", mention(own, "r"), mention("Ann Vexlund", "friend"))],
        submissions=[submission(mention(printed), mention("Mary Roe", "mary"))],
        deadline=DEADLINE,
    )
    conflicts = find_conflicts(venue, MatchConfig()).items
    assert [(one.rule, one.reviewer_id, one.verdict) for one in conflicts] == [
        ("coauthor", "friend", ASK),
        ("author", "r", ASK),
    ]
    assert all(0.05 <= one.confidence < 0.98 for one in conflicts)


def test_a_namesake_beside_her_on_the_byline_is_no_second_reason() -> None:
    authors = (mention("Jane Quorvane", "~Jane_Quorvane1"), mention("Jane Quorvane", "openalex:A5"))
    venue = Venue.of(people=[REVIEWER], reviewers=[reviewer("~Jane_Quorvane1")], submissions=[submission(*authors)])
    assert [(one.via, one.verdict) for one in found(venue, "author")] == [("~Jane_Quorvane1", BLOCK)]


def test_who_is_named_by_id_is_no_other_author_of_the_byline() -> None:
    second = person("old-jane", "Ann Vexlund", emails=("jane@uni.example",))
    authors = (mention("Jane Quorvane", "~Jane_Quorvane1"), mention("Ann Vexlund"))
    venue = Venue.of(
        people=[REVIEWER, second], reviewers=[reviewer("~Jane_Quorvane1")], submissions=[submission(*authors)]
    )
    assert [(one.via, one.verdict) for one in found(venue, "author")] == [("~Jane_Quorvane1", BLOCK)]


def test_an_author_named_twice_counts_once_at_the_first_place() -> None:
    author = mention("Jane Quorvane", "~Jane_Quorvane1", domain="uni.example")
    colleague = person("mary", "Mary Roe", affiliations=(Affiliation(domain="uni.example"),))
    venue = Venue.of(
        people=[REVIEWER, colleague],
        reviewers=[reviewer("~Jane_Quorvane1"), reviewer("mary")],
        submissions=[submission(author, author)],
    )
    conflicts = find_conflicts(venue, MatchConfig()).items
    assert [(one.reviewer_id, one.rule) for one in conflicts] == [
        ("mary", "institution"),
        ("~Jane_Quorvane1", "author"),
    ]
    assert conflicts[1].evidence[0].text == "author 1, Jane Quorvane, is Jané Quorvane: the same id"


@pytest.mark.parametrize("status", ["active", "withdrawn", "desk_rejected"])
def test_every_state_of_a_submission_counts(status: str) -> None:
    venue = Venue.of(reviewers=[reviewer("jane")], submissions=[submission(mention("Jane", "jane"), status=status)])
    assert the(venue, "author").verdict is BLOCK


# --- coauthor -------------------------------------------------------------------------------------------------------


def joint(*papers: Paper, deadline: Deadline | None = DEADLINE, authors: tuple[AuthorMention, ...] = ()) -> Venue:
    """Jane reviews; Mary submits."""
    return Venue.of(
        people=[person("jane", "Jane Quorvane"), person("mary", "Mary Roe")],
        reviewers=[reviewer("jane")],
        papers=papers,
        submissions=[submission(*(authors or (mention("Mary Roe", "mary"),)))],
        deadline=deadline,
    )


BOTH = (mention("Jane Quorvane", "jane"), mention("Mary Roe", "mary"))


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2022-10-01", {"latest": BLOCK, "earliest": BLOCK, "ask": BLOCK}),
        ("2022-09-30", {"latest": None, "earliest": None, "ask": None}),
        ("2025-01-01", {"latest": BLOCK, "earliest": BLOCK, "ask": BLOCK}),
        ("2022", {"latest": BLOCK, "earliest": None, "ask": ASK}),
        ("2023", {"latest": BLOCK, "earliest": BLOCK, "ask": BLOCK}),
        ("2021", {"latest": None, "earliest": None, "ask": None}),
        ("2022-10", {"latest": BLOCK, "earliest": BLOCK, "ask": BLOCK}),
        ("2022-09", {"latest": None, "earliest": None, "ask": None}),
        ("2022-02-01 2022-12-01", {"latest": BLOCK, "earliest": None, "ask": ASK}),
        ("2022-12-01 2022-02-01", {"latest": BLOCK, "earliest": None, "ask": ASK}),
        ("", {"latest": ASK, "earliest": ASK, "ask": ASK}),
    ],
)
@pytest.mark.parametrize("setting", SETTINGS)
def test_coauthor_window(when: str, expected: dict[str, Verdict | None], setting: str) -> None:
    config = MatchConfig(coauthor_window_months=24, partial_date=setting)
    verdicts = [one.verdict for one in found(joint(paper("p1", when, *BOTH)), "coauthor", config)]
    assert verdicts == ([expected[setting]] if expected[setting] else [])


@pytest.mark.parametrize("when", ["1990", ""])
def test_without_a_window_every_joint_paper_counts_and_no_deadline_is_needed(when: str) -> None:
    venue = joint(paper("p1", when, *BOTH), deadline=None)
    assert the(venue, "coauthor", MatchConfig(coauthor_window_months=None)).verdict is BLOCK


def test_coauthor_evidence_holds_every_paper_that_counts_newest_first() -> None:
    venue = joint(
        paper("p1", "2023-01", *BOTH),
        paper("p2", "2024-02-03 2023-05", *BOTH),
        paper("p3", "2010", *BOTH),
        paper("p4", "", *BOTH),
        paper("p5", "2024", BOTH[1]),
    )
    conflict = the(venue, "coauthor")
    assert (conflict.verdict, conflict.via, conflict.via_name, conflict.confidence) == (BLOCK, "mary", "Mary Roe", 1.0)
    assert [one.paper_id for one in conflict.evidence] == ["p2", "p1", "p4"]
    assert [one.text for one in conflict.evidence] == [
        "Title of p2 (CONF, 2023-05 and 2024-02-03)",
        "Title of p1 (CONF, 2023-01)",
        "Title of p4 (CONF, no date)",
    ]
    assert conflict.evidence[0].dates == (PartialDate(2024, 2, 3), PartialDate(2023, 5))
    assert conflict.evidence[0].sources == (SourceRef("publications.jsonl", 7),)
    assert conflict.last_date == PartialDate(2024, 2, 3)


def test_what_would_clear_a_coauthor_is_true() -> None:
    venue = joint(paper("p1", "2023-06-09", *BOTH), paper("p2", "2022", *BOTH))
    conflict = the(venue, "coauthor")
    assert conflict.clears == (
        "clears when both joint papers are shown not to be by both of them, "
        "or under a coauthor window of at most 15 months before 2024-10-01"
    )
    assert found(venue, "coauthor", MatchConfig(coauthor_window_months=15)) == []
    assert found(venue, "coauthor", MatchConfig(coauthor_window_months=16)) != []


@pytest.mark.parametrize(
    ("whens", "window", "ways"),
    [
        (
            ["", "2023-06-09"],
            24,
            "at most 15 months before 2024-10-01 if the papers without a date are older than that",
        ),
        ([""], 24, "or when its full date is known to be before 2022-10-01"),
        ([""], None, "shown not to be by both of them"),
        (["2020"], None, "under a coauthor window of at most 45 months before 2024-10-01"),
    ],
)
def test_what_would_clear_papers_without_a_date(whens: list[str], window: int | None, ways: str) -> None:
    papers = [paper(f"p{number}", when, *BOTH) for number, when in enumerate(whens)]
    assert the(joint(*papers), "coauthor", MatchConfig(coauthor_window_months=window)).clears.endswith(ways)


@pytest.mark.parametrize(
    ("whens", "remedy"),
    [
        ([""], "its full date is"),
        (["2022"], "its full date is"),
        (["2022-09 2022"], "its full dates are"),
        (["2022-09-30 2022"], "its full dates are"),
        (["2022", "", "2022"], "their full dates are"),
        (["2022-10"], None),
        (["2022-10-01"], None),
        (["2023"], None),
        (["2022-12-01 2022"], None),
        (["2022", "2023"], None),
        (["", "2023-06-09"], None),
    ],
)
@pytest.mark.parametrize("partial_date", ["latest", "ask"])
def test_a_full_date_may_clear_a_paper_that_could_be_older(
    whens: list[str], remedy: str | None, partial_date: str
) -> None:
    config = MatchConfig(coauthor_window_months=24, partial_date=partial_date)
    conflict = the(joint(*(paper(f"p{at}", when, *BOTH) for at, when in enumerate(whens))), "coauthor", config)
    assert ("full date" in conflict.clears) is (remedy is not None)
    if remedy is not None:
        assert f", or when {remedy} known to be before 2022-10-01" in conflict.clears
        day_before = [paper(f"p{at}", "2022-09-30", *BOTH) for at, _ in enumerate(whens)]
        assert found(joint(*day_before), "coauthor", config) == []


def test_the_earliest_reading_leaves_no_full_date_to_find() -> None:
    config = MatchConfig(coauthor_window_months=24, partial_date="earliest")
    assert found(joint(paper("p1", "2022", *BOTH)), "coauthor", config) == []
    assert "full date" not in the(joint(paper("p1", "2023", *BOTH)), "coauthor", config).clears
    assert "full date" in the(joint(paper("p1", "", *BOTH)), "coauthor", config).clears


def test_without_a_deadline_the_remedy_names_the_window() -> None:
    venue = replace(joint(paper("p1", "", *BOTH)), deadline=None)
    clears = the(venue, "coauthor", MatchConfig(coauthor_window_months=24)).clears
    assert clears.endswith("or when its full date is known to be before the window")


def test_no_window_clears_a_paper_later_than_the_deadline() -> None:
    conflict = the(joint(paper("p1", "2025", *BOTH)), "coauthor", MatchConfig(coauthor_window_months=0))
    assert conflict.clears == "clears when the joint paper is shown not to be by both of them"


@pytest.mark.parametrize(
    ("authors", "verdict", "via"),
    [
        pytest.param((mention("Mary Roe"),), BLOCK, "mary", id="the submission names her only"),
        pytest.param((mention("M. Roe"),), ASK, None, id="initials are asked about"),
        pytest.param((mention("N. Roe"),), None, None, id="other initials"),
        pytest.param((mention("Mary Roe", "openalex:A5"),), ASK, "openalex:A5", id="an id of another kind"),
        pytest.param((mention("Mary Roe"), mention("Mary Roe")), ASK, "mary", id="two authors of that name"),
    ],
)
def test_coauthors_known_by_name(authors: tuple[AuthorMention, ...], verdict: Verdict | None, via: str | None) -> None:
    conflicts = found(joint(paper("p1", "2024", *BOTH), authors=authors), "coauthor")
    assert [(one.verdict, one.via) for one in conflicts] == ([(verdict, via)] if verdict else [])
    if verdict:
        assert conflicts[0].confidence < 1
        assert conflicts[0].evidence[-1].kind == "identity"


def test_coauthors_whom_nobody_knows_by_id() -> None:
    venue = joint(
        paper("p1", "2024", mention("Jane Quorvane"), mention("Vexlund, Ann")),
        authors=(mention("Ann Vexlund"), mention("Li Wu")),
    )
    conflict = the(venue, "coauthor")
    assert (conflict.verdict, conflict.via, conflict.via_name) == (BLOCK, None, "Ann Vexlund")
    assert conflict.confidence == pytest.approx(0.95 * 0.95 * 0.9)


def test_the_reviewer_is_not_her_own_coauthor() -> None:
    venue = joint(paper("p1", "2024", *BOTH), authors=(mention("Jane Quorvane", "jane"),))
    assert found(venue, "coauthor") == []
    assert len(found(venue, "author")) == 1


def test_one_mention_is_no_coauthor_of_itself() -> None:
    people = [person("~W1", "Wei Wang"), person("~W2", "Wei Wang")]
    venue = Venue.of(
        people=people,
        reviewers=[reviewer("~W1")],
        papers=[paper("p1", "2024", mention("Wei Wang"))],
        submissions=[submission(mention("Wei Wang", "~W2"))],
        deadline=DEADLINE,
    )
    assert found(venue, "coauthor") == []


def test_a_paper_of_a_second_record_of_the_reviewer_counts() -> None:
    venue = Venue.of(
        people=[
            person("jane", "Jane Quorvane", emails=("jane@uni.example",)),
            person("~J1", "J. Roe", emails=("jane@uni.example",)),
        ],
        reviewers=[reviewer("jane")],
        papers=[paper("p1", "2024", mention("J. Roe", "~J1"), mention("Mary Roe", "~M1"))],
        submissions=[submission(mention("Mary Roe", "~M1"))],
        deadline=DEADLINE,
    )
    conflict = the(venue, "coauthor")
    assert (conflict.verdict, conflict.confidence) == (BLOCK, 0.99)


def test_of_several_ways_to_share_a_paper_the_surest_counts() -> None:
    second = person("~J1", "Old Name", emails=("jane@uni.example",))
    venue = Venue.of(
        people=[person("jane", "Jane Quorvane", emails=("jane@uni.example",)), second],
        # No name on it fits the reviewer's own record; her second record stands there.
        reviewers=[reviewer("jane", "p1")],
        papers=[paper("p1", "2024", mention("Old Name", "~J1"), mention("Mary Roe", "~M1"))],
        submissions=[submission(mention("Mary Roe", "~M1"))],
        deadline=DEADLINE,
    )
    assert the(venue, "coauthor").verdict is BLOCK


@pytest.mark.parametrize(
    ("byline", "verdict"),
    [
        pytest.param((mention("J. Quorvane"), BOTH[1]), BLOCK, id="one name fits"),
        pytest.param((mention("J. Quorvane"), mention("J. Quorvane"), BOTH[1]), BLOCK, id="two names fit"),
        pytest.param((mention("Anna Vexlund"), BOTH[1]), ASK, id="no name fits"),
    ],
)
def test_a_listed_paper_counts_even_if_the_name_on_it_is_unclear(
    byline: tuple[AuthorMention, ...], verdict: Verdict
) -> None:
    venue = joint(paper("p1", "2024", *byline))
    venue = replace(venue, reviewers=(reviewer("jane", "p1"),))
    assert the(venue, "coauthor").verdict is verdict


def test_two_authors_give_two_conflicts() -> None:
    authors = (mention("Mary Roe", "mary"), mention("Ann Vexlund", "ann"))
    venue = joint(paper("p1", "2024", mention("Jane Quorvane", "jane"), *authors), authors=authors)
    assert [one.via for one in found(venue, "coauthor")] == ["ann", "mary"]


# --- deadline -------------------------------------------------------------------------------------------------------


def test_a_window_without_a_deadline_is_an_error_with_the_ways_out() -> None:
    with pytest.raises(DataError) as error:
        find_conflicts(joint(paper("p1", "2024", *BOTH), deadline=None), MatchConfig(coauthor_window_months=12))
    assert error.value.field == "deadline"
    assert "coauthor window of 12 months" in str(error.value)
    assert "set deadline in venue.toml, or --deadline YYYY-MM-DD, or --coauthor-window-months all" in str(error.value)


def test_the_configured_deadline_comes_before_the_venues() -> None:
    venue = joint(paper("p1", "2022-09-30", *BOTH))
    config = MatchConfig(coauthor_window_months=24)
    assert found(venue, "coauthor", config) == []
    assert found(venue, "coauthor", replace(config, deadline=date(2024, 9, 30))) != []
    assert found(replace(venue, deadline=None), "coauthor", replace(config, deadline=date(2024, 9, 30))) != []


def test_nothing_that_is_not_decided_by_a_date_needs_a_deadline() -> None:
    venue = Venue.of(
        people=[
            person(
                "jane", affiliations=(Affiliation(domain="uni.example"),), relations=(Relation("advisor", "", JANE),)
            ),
            person("mary", affiliations=(Affiliation(domain="uni.example"),), relations=(Relation("host", "", JANE),)),
        ],
        reviewers=[reviewer("jane")],
        papers=[paper("p1", "", *BOTH), paper("p2", "2024", BOTH[0])],
        submissions=[submission(mention("Mary", "mary"))],
    )
    verdicts = {one.rule: one.verdict for one in find_conflicts(venue, MatchConfig()).items}
    assert verdicts == {"coauthor": ASK, "institution": BLOCK, "relation": BLOCK}


# --- institution ----------------------------------------------------------------------------------------------------


def colleagues(
    of_reviewer: Affiliation,
    of_author: Affiliation | None,
    *authors: AuthorMention,
    deadline: Deadline | None = DEADLINE,
) -> Venue:
    return Venue.of(
        people=[
            person("jane", affiliations=(of_reviewer,)),
            person("mary", affiliations=(of_author,) if of_author else ()),
        ],
        reviewers=[reviewer("jane")],
        submissions=[submission(*(authors or (mention("Mary", "mary"),)))],
        deadline=deadline,
    )


def stay(start: str | None, end: str | None) -> Affiliation:
    return Affiliation(
        organisation="Uni A",
        start=PartialDate.parse(start) if start else None,
        end=PartialDate.parse(end) if end else None,
    )


NOW = stay(None, None)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        # policy: current, both_within_window (36 months: from 2021-10-01), overlap_within_window
        (NOW, NOW, (BLOCK, BLOCK, BLOCK)),
        (stay("2020", None), NOW, (BLOCK, BLOCK, BLOCK)),
        (NOW, stay(None, "2024-10-01"), (BLOCK, BLOCK, BLOCK)),
        (NOW, stay(None, "2024-09-30"), (None, BLOCK, BLOCK)),
        (NOW, stay(None, "2021-10-01"), (None, BLOCK, BLOCK)),
        (NOW, stay(None, "2021-09-30"), (None, None, None)),
        (stay(None, "2022-05"), stay("2022-06", None), (None, BLOCK, None)),
        (stay(None, "2022-05-31"), stay("2022-05-31", "2023"), (None, BLOCK, BLOCK)),
        (stay("2010", "2022-01"), stay("2010", "2021-09"), (None, None, None)),
        (stay("2024-10-02", None), NOW, (None, None, None)),
        (stay("2024-10-01", None), NOW, (BLOCK, BLOCK, BLOCK)),
    ],
)
@pytest.mark.parametrize("setting", SETTINGS)
def test_institution_policies(
    one: Affiliation, other: Affiliation, expected: tuple[Verdict | None, ...], setting: str
) -> None:
    for (first, second), (policy, verdict) in itertools.product(
        [(one, other), (other, one)], zip(POLICIES, expected, strict=True)
    ):
        config = MatchConfig(institution_policy=policy, institution_window_months=36, partial_date=setting)
        verdicts = [each.verdict for each in found(colleagues(first, second), "institution", config)]
        assert verdicts == ([verdict] if verdict else []), policy


@pytest.mark.parametrize(
    ("policy", "known"),
    [
        ("current", stay(None, "2024")),
        ("current", stay("2024", None)),
        ("current", stay("2024-10", None)),
        ("both_within_window", stay(None, "2021")),
        ("overlap_within_window", stay(None, "2021-10")),
    ],
)
def test_a_stay_known_in_part(policy: str, known: Affiliation) -> None:
    config = MatchConfig(institution_policy=policy, institution_window_months=36)
    verdicts = {}
    for setting in SETTINGS:
        conflicts = found(colleagues(known, NOW), "institution", replace(config, partial_date=setting))
        verdicts[setting] = conflicts[0].verdict if conflicts else CLEAR
    if (policy, str(known.end)) == ("overlap_within_window", "2021-10"):
        assert verdicts == {"latest": BLOCK, "earliest": BLOCK, "ask": BLOCK}
    else:
        assert verdicts == {"latest": BLOCK, "earliest": CLEAR, "ask": ASK}


def test_institution_policy_off() -> None:
    assert found(colleagues(NOW, NOW), "institution", MatchConfig(institution_policy="off")) == []


@pytest.mark.parametrize(
    ("of_reviewer", "author", "is_shared"),
    [
        (Affiliation(domain="cs.tau.ac.il"), mention("X", domain="tau.ac.il"), True),
        (Affiliation(domain="tau.ac.il"), mention("X", domain="ac.il"), False),
        (Affiliation(domain="ac.il"), mention("X", domain="ac.il"), False),
        (Affiliation(domain="hust.edu.cn"), mention("X", domain="hust.edu.vn"), False),
        (Affiliation(domain="gmail.com"), mention("X", domain="gmail.com"), False),
        (Affiliation(domain="yahoo.co.jp"), mention("X", domain="yahoo.co.jp"), False),
        (Affiliation(organisation="Independent"), mention("X", affiliation="independent"), False),
        (Affiliation(organisation="The Uni of A"), mention("X", affiliation="uni of  a"), True),
        (Affiliation(organisation="Uni A", domain="a.example"), mention("X", domain="mail.a.example"), True),
        (Affiliation(organisation="Uni A", domain="a.example"), mention("X", affiliation="Uni B"), False),
        (Affiliation(domain="a.example"), mention("X", email="x@cs.a.example"), True),
        (Affiliation(domain="a.example"), mention("X", email="x@cs.a.example", domain="b.example"), False),
    ],
)
def test_what_is_printed_beside_an_author(of_reviewer: Affiliation, author: AuthorMention, is_shared: bool) -> None:
    conflicts = found(colleagues(of_reviewer, None, author), "institution")
    assert [(one.via, one.via_name, one.verdict) for one in conflicts] == ([(None, "X", BLOCK)] if is_shared else [])


@pytest.mark.parametrize(
    ("affiliations", "is_shared"),
    [((), True), ((Affiliation(organisation="Elsewhere"),), False), ((Affiliation(),), True)],
)
def test_addresses_count_only_for_people_without_affiliations(
    affiliations: tuple[Affiliation, ...], is_shared: bool
) -> None:
    venue = Venue.of(
        people=[person("jane", emails=("jane@uni.example",), affiliations=affiliations)],
        reviewers=[reviewer("jane")],
        submissions=[submission(mention("X", domain="uni.example"))],
    )
    assert bool(found(venue, "institution")) == is_shared


def test_institution_evidence_lists_every_shared_place_once() -> None:
    jane = person(
        "jane",
        affiliations=(
            Affiliation(organisation="Uni A", domain="uni-a.example", start=PartialDate(2019)),
            Affiliation(domain="lab.example"),
            Affiliation(domain="gmail.com"),
        ),
    )
    mary = person(
        "mary",
        affiliations=(
            Affiliation(organisation="University A", domain="cs.uni-a.example", end=PartialDate(2025)),
            Affiliation(domain="lab.example"),
        ),
    )
    venue = Venue.of(
        people=[jane, mary],
        reviewers=[reviewer("jane")],
        submissions=[submission(mention("Mary", "mary"))],
        deadline=DEADLINE,
    )
    conflict = the(venue, "institution")
    assert [one.text for one in conflict.evidence] == [
        "University A / Uni A (uni-a.example): the author until 2025, the reviewer since 2019",
        "lab.example: the author now, the reviewer now",
    ]
    assert conflict.last_date == PartialDate(2025)
    assert conflict.clears == "clears when one of them is shown not to be at University A and lab.example on 2024-10-01"


def test_a_place_shared_by_name_and_by_domain_is_one_place() -> None:
    both = Affiliation(organisation="Uni A", domain="uni-a.example")
    assert len(the(colleagues(both, both), "institution").evidence) == 1


def test_the_institution_of_a_mere_namesake_does_not_count() -> None:
    venue = Venue.of(
        people=[person("~J1", "Jane Quorvane", affiliations=(NOW,)), person("r", "Mary Roe", affiliations=(NOW,))],
        reviewers=[reviewer("r")],
        submissions=[
            submission(mention("Jane Quorvane", "x:1")),
            submission(mention("Jane Quorvane", "~J1"), submission_id="s2"),
        ],
    )
    assert [one.submission_id for one in found(venue, "institution")] == ["s2"]


def test_a_reviewer_does_not_share_her_institution_with_herself() -> None:
    assert found(colleagues(NOW, NOW, mention("Jane", "jane")), "institution") == []


def test_an_end_without_a_deadline_is_an_error_only_where_it_decides() -> None:
    ended = Affiliation(organisation="Uni A", end=PartialDate(2020))
    with pytest.raises(DataError, match="no deadline"):
        find_conflicts(colleagues(ended, NOW, deadline=None), MatchConfig())
    started = Affiliation(organisation="Uni A", start=PartialDate(2020))
    assert the(colleagues(started, NOW, deadline=None), "institution").verdict is BLOCK
    elsewhere = Affiliation(organisation="Uni B")
    assert found(colleagues(ended, elsewhere, deadline=None), "institution") == []


# --- relation -------------------------------------------------------------------------------------------------------


def related(*relations: Relation, of: str = "jane", authors: tuple[AuthorMention, ...] = ()) -> Venue:
    return Venue.of(
        people=[
            person("jane", "Jane Quorvane", relations=relations if of == "jane" else ()),
            person("mary", "Mary Roe", relations=relations if of == "mary" else ()),
        ],
        reviewers=[reviewer("jane")],
        submissions=[submission(*(authors or (mention("Mary Roe", "mary"),)))],
        deadline=DEADLINE,
    )


def named(other: str, kind: str = "advisor", end: str | None = None, other_id: str | None = None) -> Relation:
    return Relation(
        kind=kind,
        other=other,
        other_id=PersonId(other_id) if other_id else None,
        end=PartialDate.parse(end) if end else None,
        evidence="Advisor: somebody",
    )


@pytest.mark.parametrize("of", ["jane", "mary"])
@pytest.mark.parametrize("by_id", [True, False])
def test_relations_count_from_both_sides(of: str, by_id: bool) -> None:
    name, other_id = ("Mary Roe", "mary") if of == "jane" else ("Jane Quorvane", "jane")
    relation = named("whoever", other_id=other_id) if by_id else named(name)
    conflict = the(related(relation, of=of), "relation")
    assert (conflict.verdict, conflict.via, conflict.reviewer_id) == (BLOCK, "mary", "jane")
    assert "as advisor" in conflict.evidence[0].text
    assert "Advisor: somebody" in conflict.evidence[0].text


@pytest.mark.parametrize(
    ("kind", "end", "expected"),
    [
        ("advisor", "2021-10-01", {"latest": BLOCK, "earliest": BLOCK, "ask": BLOCK}),
        ("advisor", "2021-09-30", {"latest": None, "earliest": None, "ask": None}),
        ("advisor", "2021", {"latest": BLOCK, "earliest": None, "ask": ASK}),
        ("advisor", None, {"latest": BLOCK, "earliest": BLOCK, "ask": BLOCK}),
        ("family", "1990", {"latest": BLOCK, "earliest": BLOCK, "ask": BLOCK}),
    ],
)
@pytest.mark.parametrize("setting", SETTINGS)
def test_relation_window(kind: str, end: str | None, expected: dict[str, Verdict | None], setting: str) -> None:
    config = MatchConfig(relation_window_months=36, partial_date=setting)
    conflicts = found(related(named("Mary Roe", kind, end)), "relation", config)
    assert [one.verdict for one in conflicts] == ([expected[setting]] if expected[setting] else [])


def test_a_relation_window_without_end_keeps_every_relation() -> None:
    venue = replace(related(named("Mary Roe", end="1990")), deadline=None)
    conflict = the(venue, "relation", MatchConfig(relation_window_months=None))
    assert conflict.clears == "clears when the relation is shown not to hold"
    with pytest.raises(DataError, match="relation window of 36 months"):
        find_conflicts(venue, MatchConfig())


def test_all_relations_of_a_pair_stand_in_one_conflict() -> None:
    conflict = the(related(named("Mary Roe", end="2024"), named("Mary Roe", "host", end="2022-03")), "relation")
    assert len(conflict.evidence) == 2
    assert conflict.last_date == PartialDate(2024)
    assert the(related(named("Mary Roe", end="2024"), named("Mary Roe", "host")), "relation").last_date is None
    assert conflict.clears.startswith("clears when both relations are shown not to hold, or to have ended")


def test_a_relation_to_a_name_that_two_people_carry_asks() -> None:
    venue = related(named("Mary Roe"), authors=(mention("Mary Roe", "mary"), mention("Mary Roe", "other-mary")))
    assert [(one.via, one.verdict) for one in found(venue, "relation")] == [("mary", ASK), ("other-mary", ASK)]


def test_an_author_who_is_only_perhaps_the_one_named_is_asked_about() -> None:
    venue = related(named("Mary Roe", other_id="mary"), authors=(mention("Mary Roe"), mention("Mary Roe")))
    assert the(venue, "relation").verdict is ASK


def test_a_relation_to_her_own_second_record_is_no_relation() -> None:
    venue = Venue.of(
        people=[
            person("jane", "Jane Quorvane", emails=("j@uni.example",), relations=(named("Old Name"),)),
            person("~J1", "Old Name", emails=("j@uni.example",)),
        ],
        reviewers=[reviewer("jane")],
        submissions=[submission(mention("Old Name", "~J1"))],
    )
    assert [one.rule for one in find_conflicts(venue, MatchConfig()).items] == ["author"]


def test_a_relation_to_somebody_whom_nobody_knows_by_id() -> None:
    conflict = the(related(named("Vexlund, Ann"), authors=(mention("Ann Vexlund"),)), "relation")
    assert (conflict.verdict, conflict.via, conflict.via_name) == (BLOCK, None, "Ann Vexlund")


def test_relations_to_others_are_no_conflict() -> None:
    assert found(related(named("Li Wu"), named("Roe"), named("Jane Quorvane")), "relation") == []


# --- declared -------------------------------------------------------------------------------------------------------


def test_declared_conflicts_block_with_their_reasons() -> None:
    pair = (SubmissionId("s1"), JANE)
    venue = Venue.of(
        reviewers=[reviewer("jane")],
        people=[person("jane")],
        submissions=[submission()],
        declared=[DeclaredConflict(*pair, "we share grants"), DeclaredConflict(*pair)],
    )
    conflict = the(venue, "declared")
    assert (conflict.verdict, conflict.via, conflict.via_name, conflict.last_date) == (BLOCK, None, "", None)
    assert [one.text for one in conflict.evidence] == ["declared, without a reason", "declared: we share grants"]


# --- against a second implementation --------------------------------------------------------------------------------

PEOPLE = {
    "~A1": "Ann Vexlund",
    "~A2": "Ann Vexlund",
    "~J1": "Jane Quorvane",
    "~L1": "Li Wu",
    "x:1": "Jane Quorvane",
    "x:2": "Li Wu",
}
REVIEWERS = ("~A1", "~J1", "x:2")
MENTIONS = st.one_of(
    st.sampled_from(sorted(PEOPLE)).map(lambda person_id: mention(PEOPLE[person_id], person_id)),
    st.sampled_from(["Ann Vexlund", "Jane Quorvane", "Li Wu", "Mary Roe"]).map(mention),
)
WHENS = st.sampled_from(["", "2019", "2020", "2021", "2021-03", "2021-03-10", "2022", "2020 2022-01-01"])


@st.composite
def venues(draw: st.DrawFn) -> Venue:
    count = draw(st.integers(0, 4))
    papers = [paper(f"p{number}", draw(WHENS), *draw(st.lists(MENTIONS, max_size=4))) for number in range(count)]
    submissions = [
        submission(*draw(st.lists(MENTIONS, max_size=3)), submission_id=f"s{number}")
        for number in range(draw(st.integers(1, 2)))
    ]
    return Venue.of(
        people=[person(person_id, name) for person_id, name in PEOPLE.items()],
        reviewers=[reviewer(person_id) for person_id in REVIEWERS],
        papers=papers,
        submissions=submissions,
        deadline=Deadline(date(2023, 3, 10), "test"),
    )


CONFIGS = st.builds(
    MatchConfig,
    coauthor_window_months=st.sampled_from([None, 0, 12, 23, 24, 25, 36, 60]),
    partial_date=st.sampled_from(SETTINGS),
    institution_policy=st.just("off"),
)


def who(venue: Venue, authors: tuple[AuthorMention, ...], position: int, is_paper: bool) -> dict[str, bool]:
    """Everybody whom a mention may mean, and whether that is sure: said again, slowly, for the venues above."""
    author = authors[position]
    bylines = [one.authors for one in venue.papers] + [one.authors for one in venue.submissions]
    if author.person_id is not None:
        return {author.person_id: True}
    carriers = [person_id for person_id in PEOPLE if PEOPLE[person_id] == author.name]
    is_shared = any(
        one.name == other.name == author.name and (one.person_id is None or one.person_id != other.person_id)
        for byline in bylines
        for one, other in itertools.combinations(byline, 2)
    )
    here = {one.person_id for one in authors}
    free = [person_id for person_id in carriers if person_id not in here]
    is_sure = not is_shared and len(carriers) <= 1 and not (is_paper and here - {None})
    if not free:
        return {f"unknown {author.name}": is_sure and not carriers}
    return dict.fromkeys(free, is_sure)


def records(venue: Venue, person_id: str) -> dict[str, bool]:
    """A person and the records that may be theirs: the same name under ids of another kind, never seen together."""
    bylines = [one.authors for one in venue.papers] + [one.authors for one in venue.submissions]
    same = {person_id: True}
    for other, name in PEOPLE.items():
        together = any({person_id, other} <= {author.person_id for author in authors} for authors in bylines)
        if PEOPLE.get(person_id) == name and other[0] != person_id[0] and not together:
            same[other] = False
    return same


def joint_by_brute_force(venue: Venue, config: MatchConfig) -> Iterator[tuple[str, str, str, Verdict]]:
    months = config.coauthor_window_months
    assert venue.deadline is not None
    start = None if months is None else months_before(venue.deadline.day, months)
    for one, reviewer_id, work in itertools.product(venue.submissions, REVIEWERS, venue.papers):
        window = place(work.dates, start, config.partial_date)
        for at, first, second in itertools.product(range(len(one.authors)), *[range(len(work.authors))] * 2):
            if first == second or window is CLEAR:
                continue
            for author_id, is_author in who(venue, one.authors, at, is_paper=False).items():
                own = records(venue, author_id)
                if reviewer_id in own:
                    continue
                on_first = who(venue, work.authors, first, is_paper=True)
                on_second = who(venue, work.authors, second, is_paper=True)
                for (mine, a), (theirs, b) in itertools.product(own.items(), records(venue, reviewer_id).items()):
                    if mine in on_first and theirs in on_second:
                        is_sure = is_author and a and b and on_first[mine] and on_second[theirs]
                        yield one.id, reviewer_id, author_id, window if is_sure else ASK


@settings(max_examples=300, deadline=None)
@given(venues(), CONFIGS)
def test_coauthors_agree_with_brute_force(venue: Venue, config: MatchConfig) -> None:
    expected: dict[tuple[str, str, str], Verdict] = {}
    for submission_id, reviewer_id, author_id, verdict in joint_by_brute_force(venue, config):
        key = (submission_id, reviewer_id, author_id)
        expected[key] = BLOCK if BLOCK in (verdict, expected.get(key)) else ASK
    got = {
        (one.submission_id, one.reviewer_id, one.via or f"unknown {one.via_name}"): one.verdict
        for one in found(venue, "coauthor", config)
    }
    assert got == expected


@settings(max_examples=100, deadline=None)
@given(venues(), CONFIGS, st.integers(0, 60))
def test_a_wider_window_removes_and_weakens_nothing(venue: Venue, config: MatchConfig, wider_by: int) -> None:
    months = config.coauthor_window_months
    wider = replace(config, coauthor_window_months=None if months is None else months + wider_by)
    for narrow, wide in [(config, wider), (config, replace(config, coauthor_window_months=None))]:
        after = {one.sort_key(): one for one in find_conflicts(venue, wide).items}
        for before in find_conflicts(venue, narrow).items:
            assert before.sort_key() in after
            assert (before.verdict, after[before.sort_key()].verdict) != (BLOCK, ASK)
            assert set(before.evidence) <= set(after[before.sort_key()].evidence) | {
                one for one in before.evidence if one.kind == "identity"
            }


@settings(max_examples=100, deadline=None)
@given(venues(), CONFIGS)
def test_every_conflict_is_complete_and_in_order(venue: Venue, config: MatchConfig) -> None:
    conflicts = find_conflicts(venue, config).items
    assert list(conflicts) == sorted(conflicts, key=Conflict.sort_key)
    assert len({(one.sort_key(), one.evidence) for one in conflicts}) == len(conflicts)
    for one in conflicts:
        assert one.verdict in (BLOCK, ASK)
        assert one.evidence
        assert one.clears.startswith("clears when ")
        assert 0 < one.confidence <= 1
        assert one.via is None or one.via in venue.person_by_id


@settings(max_examples=50, deadline=None)
@given(venues(), CONFIGS, st.randoms(use_true_random=False))
def test_the_order_of_the_input_never_matters(venue: Venue, config: MatchConfig, chance: random.Random) -> None:
    def shuffled(records: tuple[object, ...]) -> list[object]:
        return chance.sample(records, len(records))

    again = Venue.of(
        people=shuffled(venue.people),  # type: ignore[arg-type]
        reviewers=shuffled(venue.reviewers),  # type: ignore[arg-type]
        papers=shuffled(venue.papers),  # type: ignore[arg-type]
        submissions=shuffled(venue.submissions),  # type: ignore[arg-type]
        deadline=venue.deadline,
    )
    assert find_conflicts(again, config) == find_conflicts(venue, config)


SCRIPT = """
import hashlib
from datetime import date
from matcher.config import MatchConfig
from matcher.conflicts import find_conflicts
from matcher.records import *
names = ["Ann Vexlund", "Jane Quorvane", "Li Wu", "Mary Roe", "Wei Wang", "J. Quorvane"]
people = [
    Person(id=PersonId(f"{kind}{n}"), names=(names[n],), emails=(f"{kind[:1]}{n % 5}@u{n % 2}.example",))
    for n in range(6) for kind in ("~P", "x:", "plain")
]
byline = lambda n: tuple(
    AuthorMention(name=people[k].name, person_id=None if k % 3 else people[k].id)
    for k in (n % 18, (n * 7 + 1) % 18, (n * 5 + 2) % 18)
)
venue = Venue.of(
    people=people,
    reviewers=[Reviewer(person_id=one.id) for one in people[:9]],
    papers=[Paper(id=PaperId(f"p{n}"), title="T", authors=byline(n)) for n in range(20)],
    submissions=[Submission(id=SubmissionId(f"s{n}"), title="T", authors=byline(n)) for n in range(8)],
)
found = find_conflicts(venue, MatchConfig(coauthor_window_months=None))
print(len(found.items), hashlib.sha256(canonical_json(found).encode()).hexdigest())
"""


def test_the_same_bytes_under_every_hash_seed() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    (output,) = outputs
    assert int(output.split()[0]) > 100
