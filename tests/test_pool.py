"""Authors as reviewers: known by construction, and invariants on random venues."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from matcher.cli import app
from matcher.errors import DataError, UnknownNameError
from matcher.ingest import load_venue
from matcher.pool import Pool, PoolRule, build_pool
from matcher.records import (
    AuthorMention,
    Paper,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    Reviewer,
    Submission,
    SubmissionId,
    Venue,
)
from tests.test_rounds import call

A, B, C, D, E = (PersonId(name) for name in "abcde")


def mention(who: str | None, name: str = "") -> AuthorMention:
    return AuthorMention(name or f"Name {who}", None if who is None else PersonId(who))


def paper(
    number: int, *who: str, day: str | None = "2024", where: str = "ICML 2024", kind: str = "conference"
) -> Paper:
    return Paper(
        PaperId(f"p{number}"),
        f"title {number}",
        dates=() if day is None else (PartialDate.parse(day),),
        authors=tuple(mention(each) for each in who),
        published_in=where,
        kind=kind,
    )


def venue() -> Venue:
    """a has 3 papers, b 2 and one too old, c reviews already, d has none, e declined."""
    return Venue.of(
        papers=[
            paper(1, A, B),
            paper(2, A, B, where="NeurIPS"),
            paper(3, A, day="2022-06"),
            paper(4, B, day="2015"),
            paper(5, A, day=None),
            paper(6, D, kind="preprint"),
        ],
        people=[Person(who, (f"Name {who}",)) for who in (A, B, C, D, E)],
        reviewers=[Reviewer(C), Reviewer(E, invitation="declined")],
        submissions=[
            Submission(SubmissionId("s1"), "one", authors=(mention(A), mention(B))),
            Submission(SubmissionId("s2"), "two", authors=(mention(A), mention(D)), reviews_wanted=5),
            Submission(SubmissionId("s3"), "three", authors=(mention(C),)),
            Submission(SubmissionId("s4"), "four", authors=(mention(D), mention(E), mention(None, "N. N."))),
            Submission(SubmissionId("s5"), "five", authors=(mention(B),), status="withdrawn"),
            Submission(SubmissionId("s6"), "six"),
        ],
    )


def ids(found: Pool) -> dict[str, int]:
    return {member.person_id: member.max_load for member in found.members}


def test_the_rule_counts_papers_by_years_venues_and_kinds() -> None:
    since, until = date(2020, 1, 31), date(2025, 1, 31)
    rule = PoolRule(papers=2, since=since, until=until)
    counted = [rule.counts(each) for each in venue().papers]
    assert counted == [True, True, True, False, False, True]
    assert [PoolRule(published_in=("neurips",)).counts(each) for each in venue().papers] == [False, True] + [False] * 4
    assert [PoolRule(kinds=("preprint",)).counts(each) for each in venue().papers] == [False] * 5 + [True]
    assert PoolRule(papers=1).counts(venue().papers[4]), "without years a paper without a date counts"
    edge = PoolRule(papers=1, since=date(2024, 12, 31), until=until)
    assert edge.counts(paper(9, A, day="2024")), "a year may mean its last day"
    assert not edge.counts(paper(9, A, day="2025-02"))
    assert str(PoolRule(1, since, until, ("X",), ("thesis",))) == (
        "at least 1 paper of kind thesis in X since 2020-01-31 until 2025-01-31"
    )


def test_duties_loads_and_reasons() -> None:
    rule = PoolRule(papers=2, since=date(2020, 1, 1), until=date(2025, 1, 31))
    found = build_pool(venue(), rule, reviews=3)
    # s1 owes 3 to a and b, 1.5 each; s2 owes 5 to a alone.
    assert ids(found) == {"a": 7, "b": 2}
    assert (found.demand, found.supply) == (3 + 5 + 3 + 3 + 3, 9)
    assert found.members[0].reason == "3 papers count; author of 2 submissions: load 7"
    assert {each.name: each.reason for each in found.left_out} == {
        "N. N.": "no id: whose papers these are is not known",
        "Name c": "reviews already",
        "Name d": "1 of at least 2 papers since 2020-01-01 until 2025-01-31",
        "Name e": "declined to review",
    }
    assert [each.submission_id for each in found.barren] == ["s4", "s6"]
    first, second, third = found.barren[0].reason.split("; ")
    assert first == "Name d (1 of at least 2 papers since 2020-01-01 until 2025-01-31)"
    assert (second, third) == ("Name e (declined to review)", "1 without an id")
    assert found.barren[1].reason == "it has no authors"


def test_exemptions_limits_and_as_few_as_bring_one_each() -> None:
    rule = PoolRule(papers=2)
    found = build_pool(venue(), rule, reviews=3, exempt={"a": "programme chair", "b": ""})
    assert ids(found) == {}
    assert {each.person_id: each.reason for each in found.left_out}[A] == "exempt: programme chair"
    assert {each.person_id: each.reason for each in found.left_out}[B] == "exempt"
    few = build_pool(venue(), rule, reviews=3, one_each=True, most=4)
    assert ids(few) == {"a": 4}
    assert few.members[0].reason.endswith("load 4, 8 without the limit of 4")
    assert "qualified, and not needed" in {each.person_id: each.reason for each in few.left_out}[B]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_whoever_submits_more_carries_no_less_and_all_that_is_owed_is_carried(seed: int, one_each: bool) -> None:
    rng = np.random.default_rng(seed)
    people = [PersonId(f"x{number}") for number in range(6)]
    submissions = [
        Submission(
            SubmissionId(f"s{number}"),
            "t",
            authors=tuple(mention(people[each]) for each in sorted(rng.choice(6, rng.integers(1, 4), replace=False))),
        )
        for number in range(5)
    ]
    papers = [paper(number, people[int(rng.integers(6))]) for number in range(8)]
    one = Venue.of(papers=papers, submissions=submissions, reviewers=[], people=[Person(p, (p,)) for p in people])
    found = build_pool(one, PoolRule(papers=1), reviews=3, one_each=one_each)
    members = {member.person_id: member for member in found.members}
    barren = {each.submission_id for each in found.barren}
    for submission in submissions:
        brings = any(each.person_id in members for each in submission.authors)
        able = any(any(each.person_id == a.person_id for p in papers for a in p.authors) for each in submission.authors)
        assert brings == able == (submission.id not in barren)
    assert found.supply >= 3 * (len(submissions) - len(barren))
    assert {*members} | {each.person_id for each in found.left_out} == {
        each.person_id for submission in submissions for each in submission.authors
    }
    for member in found.members:
        assert member.papers == sum(any(a.person_id == member.person_id for a in p.authors) for p in papers)
        assert member.max_load <= 3 * len(member.submissions)


# --- by command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    here = tmp_path / "venue"
    here.mkdir()
    (here / "venue.toml").write_text('name = "V"\ndeadline = "2024-02-29"\n', encoding="utf-8")
    (here / "reviewers.csv").write_text("id,name\nc,Name C\n", encoding="utf-8")
    rows = [
        {"id": f"p{n}", "title": f"t{n}", "date": "2023", "authors": [{"name": "Name A", "person_id": "a"}]}
        for n in range(3)
    ]
    (here / "publications.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    submissions = [
        {"id": "s1", "title": "one", "authors": [{"name": "Name A", "person_id": "a"}]},
        {"id": "s2", "title": "two", "authors": [{"name": "Name B", "person_id": "b"}]},
    ]
    (here / "submissions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in submissions), encoding="utf-8")
    return here


def test_the_table_is_one_that_a_venue_folder_reads(folder: Path, tmp_path: Path) -> None:
    out, rest = tmp_path / "pool.csv", tmp_path / "rest.csv"
    told = call("pool", folder, "--years", 2, "--out", out, "--left-out", rest)
    assert "1 author can review: 3 reviews of 6 that are wanted; 1 left out" in told
    assert "submissions that bring no reviewer: 1" in told
    assert out.read_text("utf-8").splitlines()[0] == "id,name,max_load,invitation,author_of,reason"
    assert rest.read_text("utf-8").splitlines()[1].startswith("b,Name B,s2,0 of at least 3 papers since 2022-02-28")
    (folder / "reviewers.csv").write_bytes(out.read_bytes())
    reviewer = load_venue(folder).reviewer("a")
    assert (reviewer.max_load, reviewer.invitation, len(reviewer.paper_ids)) == (3, "invited", 3)
    assert reviewer.attributes["reason"] == "3 papers count; author of 1 submission: load 3"


def test_a_dry_run_writes_nothing_and_json_says_all(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "pool.csv"
    call("pool", folder, "--dry-run", "--out", out)
    assert not out.exists()
    plain = json.loads(call("pool", folder, "--json", "--kind", "thesis", "--papers", 1))
    assert "members" not in plain or plain["members"] == []
    (tmp_path / "exempt.csv").write_text("person_id,reason\na,chair\n", encoding="utf-8")
    plain = json.loads(call("pool", folder, "--json", "--exempt", tmp_path / "exempt.csv"))
    assert plain["barren"][0]["reason"] == "Name A (exempt: chair)"


def test_what_cannot_be_is_refused(folder: Path, tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["pool", str(folder)]).exit_code == 2
    with pytest.raises(UnknownNameError, match="unknown kind 'confrence', did you mean 'conference'"):
        call("pool", folder, "--kind", "confrence", "--dry-run")
    with pytest.raises(DataError, match=r"exempt\.csv: there is no such file"):
        call("pool", folder, "--exempt", tmp_path / "exempt.csv", "--dry-run")
    for text, message in (
        ("who\na\n", "there is no column person_id"),
        ("person_id\nzz\n", r"exempt\.csv:2.*unknown person 'zz'"),
        ("person_id\n\xff\n", "this is no UTF-8 text"),
    ):
        (tmp_path / "exempt.csv").write_bytes(text.encode("latin-1"))
        with pytest.raises(DataError, match=message):
            call("pool", folder, "--exempt", tmp_path / "exempt.csv", "--dry-run")
    (folder / "venue.toml").write_text('name = "V"\n', encoding="utf-8")
    with pytest.raises(DataError, match="years are counted back from the deadline"):
        call("pool", folder, "--years", 3, "--dry-run")


def test_long_lists_are_cut_for_people(folder: Path) -> None:
    people = [{"name": f"N{n}", "person_id": f"n{n}"} for n in range(30)]
    papers = [{"id": f"q{n}", "title": "t", "date": "2023", "authors": [people[n]]} for n in range(30)]
    with (folder / "publications.jsonl").open("a", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in papers)
    rows = [{"id": f"x{n}", "title": "t", "authors": [people[n]]} for n in range(30)]
    rows += [{"id": f"y{n}", "title": "t", "authors": [{"name": f"Z{n}"}]} for n in range(30)]
    (folder / "submissions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    told = call("pool", folder, "--papers", 1, "--dry-run")
    assert "  … and 10 more\n" in told
    assert "… and 10 more; --json gives all" in told
