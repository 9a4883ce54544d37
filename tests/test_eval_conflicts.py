"""`python -m eval conflicts`: shares counted by hand, cases, random venues without a wrong pair."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from eval.__main__ import main
from eval.conflicts import ALIASES, Truth, compare, edge_cases, played, random_venue, read_truth, wilson, without_ids
from matcher.config import MatchConfig
from matcher.conflicts import find_conflicts
from matcher.errors import DataError
from matcher.records import (
    AuthorMention,
    Conflict,
    Conflicts,
    Evidence,
    Paper,
    PaperId,
    Person,
    PersonId,
    Reviewer,
    Submission,
    SubmissionId,
    Venue,
    Verdict,
)
from tests.worlds import two_fields, write_folder


def conflict(submission: str, reviewer: str, rule: str, verdict: Verdict) -> Conflict:
    fact = (Evidence("identity", "x"),)
    return Conflict(SubmissionId(submission), PersonId(reviewer), rule, verdict, None, "", fact)


def test_shares_counted_by_hand() -> None:
    found = Conflicts(
        (
            conflict("s1", "a", "coauthor", Verdict.BLOCK),
            conflict("s1", "b", "coauthor", Verdict.ASK),
            conflict("s1", "c", "coauthor", Verdict.BLOCK),  # wrong
            conflict("s1", "d", "coauthor", Verdict.BLOCK),  # nobody knows
            conflict("s2", "a", "author", Verdict.BLOCK),
            conflict("s2", "a", "coauthor", Verdict.BLOCK),  # an author: nobody looked further
        )
    )
    pairs = {"author": frozenset({("s2", "a")}), "coauthor": frozenset({("s1", "a"), ("s1", "b"), ("s2", "e")})}
    venue = Venue.of(
        people=[Person(PersonId(each), (each.upper(),)) for each in "abcde"],
        reviewers=[Reviewer(PersonId(each)) for each in "abcde"],
        submissions=[Submission(SubmissionId(each), "T") for each in ("s1", "s2")],
    )
    author, coauthor = compare(found, Truth(pairs, frozenset({("s1", "d")})), venue, set="tiny")
    assert (author["recall"], author["precision_block"], author["true"]) == (1.0, 1.0, 1)
    assert (coauthor["recall"], coauthor["recall_block"], coauthor["precision_block"]) == (2 / 3, 1 / 3, 1 / 2)
    assert coauthor["asked_per_submission"] == 0.5
    assert set(coauthor["interval"]) == {"recall", "recall_block", "precision_block", "precision_by_ids"}


@pytest.mark.parametrize(
    ("author_id", "on_paper", "reviewer_on_paper", "share"),
    [
        ("~A1", "ieee:1", "~R1", 1.0),  # ids of two sources
        ("~A1", None, "~R1", 1.0),
        (None, "ieee:1", "ieee:2", 1.0),
        ("~A1", "~A2", "~R1", 1 / 2),  # another person of that name
        ("~A1", "ieee:1", "~R2", 1 / 2),  # the reviewer's namesake
    ],
)
def test_only_ids_of_one_source_refute_a_pair(
    author_id: str | None, on_paper: str | None, reviewer_on_paper: str, share: float
) -> None:
    def mention(name: str, person_id: str | None) -> AuthorMention:
        return AuthorMention(name, None if person_id is None else PersonId(person_id))

    joint = Paper(
        PaperId("p"), "P", authors=(mention("Ann Aldern", on_paper), mention("Rui Dunmoor", reviewer_on_paper))
    )
    venue = Venue.of(
        people=[Person(PersonId("~R1"), ("Rui Dunmoor",))],
        reviewers=[Reviewer(PersonId("~R1"))],
        papers=[joint],
        submissions=[
            Submission(SubmissionId("s1"), "T", authors=(mention("Ann Aldern", author_id),)),
            Submission(SubmissionId("s2"), "T", authors=(mention("Ann Aldern", author_id),)),
        ],
    )
    fact = (Evidence("paper", "P", PaperId("p")),)
    found = Conflicts(
        tuple(
            Conflict(SubmissionId(each), PersonId("~R1"), "coauthor", Verdict.BLOCK, None, "Ann Aldern", fact)
            for each in ("s1", "s2")
        )
    )
    truth = Truth({"author": frozenset(), "coauthor": frozenset({("s1", "~R1")})}, frozenset())
    _, row = compare(found, truth, venue)
    assert (row["precision_block"], row["precision_by_ids"]) == (1 / 2, share)


def test_an_author_under_another_id_of_the_same_source_is_refuted() -> None:
    authors = (AuthorMention("Rui Dunmoor", PersonId("~R2")), AuthorMention("Rui Dunmoor", PersonId("ieee:3")))
    venue = Venue.of(
        people=[Person(PersonId("~R1"), ("Rui Dunmoor",))],
        reviewers=[Reviewer(PersonId("~R1"))],
        submissions=[Submission(SubmissionId(f"s{number}"), "T", authors=authors[:number]) for number in (1, 2)],
    )
    found = Conflicts(tuple(conflict(each, "~R1", "author", Verdict.BLOCK) for each in ("s1", "s2")))
    truth = Truth({"author": frozenset({("s3", "~R1")}), "coauthor": frozenset()}, frozenset())
    row, _ = compare(found, truth, venue)
    assert (row["precision_block"], row["precision_by_ids"]) == (0.0, 0.0)
    assert row["interval"]["precision_by_ids"][1] > row["interval"]["precision_block"][1]


def test_the_interval_of_a_share() -> None:
    assert wilson(8, 10) == pytest.approx((0.8, 0.4901625, 0.9433178), abs=1e-6)  # R: prop.test(8, 10, correct=FALSE)
    assert wilson(0, 0) is None


def test_truth_is_read_and_an_unknown_kind_refused(tmp_path: Path) -> None:
    rows = [{"submission": "s", "reviewer": "r", "kind": kind} for kind in ("author", "coauthor", "maybe_coauthor")]
    with gzip.open(tmp_path / "coi_truth.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)
    truth = read_truth(tmp_path)
    assert truth.pairs["author"] == truth.pairs["coauthor"] == truth.unknown == {("s", "r")}
    (tmp_path / "coi_truth.jsonl").write_text('{"kind": "friend"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"coi_truth\.jsonl:1: field 'kind'"):
        read_truth(tmp_path)
    with pytest.raises(DataError, match=r"there is no coi_truth\.jsonl"):
        read_truth(tmp_path / "nowhere")


def test_by_names_alone_no_id_is_left_but_that_of_reviewers() -> None:
    world = two_fields()
    world.share_paper("pruning-s0", "pruning-r0", "2024-05")
    bare = without_ids(world.venue())
    assert {person.id for person in bare.people} == set(bare.reviewer_by_id)
    assert all(one.person_id is None for paper in bare.papers for one in paper.authors)
    assert find_conflicts(bare, MatchConfig()).pairs(Verdict.BLOCK, Verdict.ASK) == (("pruning-s0", "pruning-r0"),)


def test_every_window_is_right_at_one_day_on_either_side() -> None:
    answers = list(edge_cases())
    assert len({name for name, _ in answers}) == 9  # all presets but the one without an end
    assert [name for name, is_right in answers if not is_right] == []


def test_no_pair_in_conflict_is_assigned_in_three_hundred_random_venues() -> None:
    facts = played(300, rng=5)
    assert facts["conflicts_assigned"] == 0
    assert facts["pairs_assigned"] > 1000
    assert facts["pairs_in_conflict"] > 1000


@pytest.mark.long
def test_no_pair_in_conflict_is_assigned_in_ten_thousand_random_venues() -> None:
    assert played(10_000, rng=1)["conflicts_assigned"] == 0


def test_random_venues_hold_every_alias_and_every_true_pair_is_held_back() -> None:
    rng = np.random.default_rng(3)
    names: set[str] = set()
    for _ in range(60):
        venue, true = random_venue(rng)
        names.update(mention.name for each in venue.submissions for mention in each.authors[:1])
        found = find_conflicts(venue, MatchConfig())
        assert true <= set(found.pairs(Verdict.BLOCK, Verdict.ASK))
    assert len(ALIASES) == 12
    marks = (", ", "(Bobby)", ". ", " Q. ", "Married", "Somebody Else")
    assert all(any(mark in name for name in names) for mark in marks)
    assert any(name.isupper() for name in names)


def test_the_command_prints_the_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    world = two_fields()
    world.share_paper("pruning-s0", "pruning-r0", "1999-05")
    folder = write_folder(world, tmp_path / "venue")
    row = {"submission": "pruning-s0", "reviewer": "pruning-r0", "kind": "coauthor"}
    (folder / "coi_truth.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        main(["conflicts", "--data", str(folder), "--venues", "2", "--json"])
    assert caught.value.code == 0
    outcome = json.loads(capsys.readouterr().out)
    assert [(each["known_by"], each["rule"], each["recall"]) for each in outcome["results"]][1] == (
        "ids",
        "coauthor",
        1.0,
    )
    assert len(outcome["results"]) == 4
    assert outcome["facts"]["documented answers"] == "29 of 29 right"
    assert outcome["facts"]["conflicts_assigned"] == "0"
