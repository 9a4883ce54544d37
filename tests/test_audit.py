"""Audits on planted facts: what is said, with which numbers, and that nothing else is said."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher import MatchConfig, match
from matcher.cli import main
from matcher.commands.audit import read_changes, remarks
from matcher.conflicts import Finder
from matcher.conflicts.audit import Bridges, coverage, declarations, siblings, stale, what_if
from matcher.conflicts.policy import words_of
from matcher.conflicts.remark import VISIBILITIES, Remark, listed, share, visibility_of
from matcher.conflicts.rings import circles, mutual
from matcher.conflicts.signals import (
    bids_on_one_group,
    competing,
    near_duplicates,
    odd_bids,
    odd_profiles,
    own_submissions,
    positive_bids,
)
from matcher.errors import ConfigError
from matcher.records import (
    Affiliation,
    AuthorMention,
    Bid,
    Evidence,
    Index,
    Paper,
    PaperId,
    PartialDate,
    PersonId,
    Relation,
    ScoreMatrix,
    Submission,
    SubmissionId,
    Venue,
)
from tests.worlds import World, two_fields, write_folder

CONFIG = MatchConfig(encoder="tfidf")


def finder_of(world: World, config: MatchConfig = CONFIG, **changes: Any) -> Finder:
    return Finder(replace(world.venue(), **changes), config)


def said(found: Any) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(each.kind, each.submissions, each.people) for each in found]


# --- declarations ---------------------------------------------------------------------------------------------------


def test_what_was_found_and_not_declared_and_what_was_declared_and_is_not_found() -> None:
    world = two_fields()
    world.share_paper("pruning-s0", "pruning-r0", "2024-05")  # not declared, though this submission declares
    world.share_paper("pruning-s1", "pruning-r0", "2024-05")  # declared
    world.share_paper("tracking-s0", "tracking-r0", "2024-05")  # nobody declared anything here
    world.share_paper("tracking-s1", "tracking-r1", "1999-05")  # declared, and an old tie supports it
    world.declare("pruning-s0", "tracking-r2", "a friend")  # no tie
    world.declare("pruning-s1", "pruning-r0")
    world.declare("tracking-s1", "tracking-r1")
    finder = finder_of(world)
    found = list(declarations(finder, finder.all()))
    assert said(found) == [
        ("undeclared", ("pruning-s0",), ("pruning-r0",)),
        ("unsupported", ("pruning-s0",), ("tracking-r2",)),
    ]
    assert "declared (a friend), and no tie is known" in found[1].text
    assert "nobody declared what rule coauthor found: An old friendship (2024-05)" in found[0].text
    assert [each.visibility for each in found] == ["submission-confidential", "declared-private"]
    assert list(declarations(finder_of(two_fields()), finder_of(two_fields()).all())) == []


def test_planted_declarations_are_all_found_at_random() -> None:
    world = two_fields(reviewers=5, submissions=5)
    rng = np.random.default_rng(4)
    missing, bogus = set(), set()
    for submission_id, reviewer_id in itertools.product(world.submissions, world.reviewers):
        kind = rng.integers(6)
        if kind in (0, 1):
            world.share_paper(submission_id, reviewer_id, "2024-05")
        if kind == 0:
            missing.add((submission_id, reviewer_id))
        if kind in (1, 2):
            world.declare(submission_id, reviewer_id)
        if kind == 2:
            bogus.add((submission_id, reviewer_id))
    declaring = {row.submission_id for row in world.declared}
    finder = finder_of(world)
    found = {kind: set() for kind in ("undeclared", "unsupported")}  # type: dict[str, set[tuple[str, str]]]
    for each in declarations(finder, finder.all()):
        found[each.kind].add((each.submissions[0], each.people[0]))
    # An author of two submissions shares papers for both.
    assert {pair for pair in missing if pair[0] in declaring} <= found["undeclared"]
    assert found["unsupported"] == bogus
    assert len(bogus) > 10


# --- what is not known ----------------------------------------------------------------------------------------------


def test_thin_coverage_and_a_stale_present_are_said() -> None:
    world = two_fields()  # every paper is of 2010
    finder = finder_of(world)
    assert len(list(coverage(finder.world))) == 6
    assert next(coverage(finder.world)).text.endswith(
        "the newest paper known is of 2010, before the coauthor window, which starts on 2021-10-01: "
        "absence of conflict is not evidence"
    )
    world.papers["pruning-r0-p0"] = replace(world.papers["pruning-r0-p0"], dates=(PartialDate(2023),))
    undated = {name: replace(paper, dates=()) for name, paper in world.papers.items() if name.startswith("tracking-r0")}
    world.papers.update(undated)
    at = (Affiliation("Lab", start=PartialDate(2009)), Affiliation("Old", end=PartialDate(2011)))
    for person_id in ("pruning-r0", "pruning-r1"):
        world.people[person_id] = replace(world.people[person_id], affiliations=at)
    finder = finder_of(world)
    texts = {each.people[0]: each.text for each in coverage(finder.world)}
    assert "pruning-r0" not in texts
    assert "no paper with a date is known" in texts[PersonId("tracking-r0")]
    (old,) = stale(finder.world)
    assert (old.people, old.visibility) == (("pruning-r1",), "public")
    assert old.text.endswith("at Lab since 2009 without an end, but nothing newer than 2011 is known of them")


def test_without_a_deadline_or_a_rule_nothing_is_said_of_coverage() -> None:
    world = two_fields()
    world.deadline = None
    finder = finder_of(world, MatchConfig(coauthor_window_months=None, relation_window_months=None))
    assert list(coverage(finder.world)) == list(stale(finder.world)) == []
    bare = finder_of(two_fields(), MatchConfig(policy='name = "bare"\n'))
    assert list(coverage(bare.world)) == []


# --- ties that do not conflict --------------------------------------------------------------------------------------


def write_together(world: World, name: str, year: int, *people: str) -> None:
    authors = tuple(AuthorMention(world.people[each].name, PersonId(each)) for each in people)
    world.papers[name] = Paper(PaperId(name), name, dates=(PartialDate(year),), authors=authors)


def test_bridges_are_named_with_the_older_of_two_years() -> None:
    world = two_fields()
    write_together(world, "one", 2015, "pruning-r0", "tracking-r0")
    write_together(world, "two", 2012, "tracking-r0", "pruning-s0-author")
    write_together(world, "three", 2018, "pruning-r0", "tracking-r1")
    write_together(world, "four", 2019, "tracking-r1", "pruning-s0-author")
    write_together(world, "five", 2001, "pruning-r1", "pruning-s0-author")
    between = Bridges(finder_of(world).world)
    pair = (SubmissionId("pruning-s0"), PersonId("pruning-r0"))
    first, second = (world.people[each].name for each in ("tracking-r1", "tracking-r0"))
    assert between.between(*pair) == ((first, 2018), (second, 2012))
    assert between.between(SubmissionId("pruning-s0"), PersonId("pruning-r1")) == ()  # one step, not two
    assert between.between(SubmissionId("pruning-s1"), PersonId("pruning-r0")) == ()  # no way at all


def test_a_common_name_alone_is_no_bridge() -> None:
    world = two_fields()
    common = AuthorMention("Wei Wang")
    other = AuthorMention("Marisol Quennfeather")
    for name, who, third in (
        ("one", "pruning-r0", common),
        ("two", "pruning-s0-author", common),
        ("three", "pruning-r1", other),
        ("four", "pruning-s0-author", other),
    ):
        known = AuthorMention(world.people[who].name, PersonId(who))
        world.papers[name] = Paper(PaperId(name), name, dates=(PartialDate(2015),), authors=(known, third))
    between = Bridges(finder_of(world).world)
    assert between.between(SubmissionId("pruning-s0"), PersonId("pruning-r0")) == ()
    # A rare name is one person, and is printed as it stands on the paper.
    found = between.between(SubmissionId("pruning-s0"), PersonId("pruning-r1"))
    assert found == (("Marisol Quennfeather", 2015),)


def test_a_relation_is_a_step_too() -> None:
    world = two_fields()
    write_together(world, "one", 2015, "pruning-r0", "tracking-r0")
    advisor = world.people["tracking-r0"]
    ties = (Relation("advisor", advisor.name, start=PartialDate(2001)), Relation("host", "X", advisor.id))
    world.people["pruning-s0-author"] = replace(world.people["pruning-s0-author"], relations=ties)
    pair = (SubmissionId("pruning-s0"), PersonId("pruning-r0"))
    assert Bridges(finder_of(world).world).between(*pair) == ((advisor.name, 2001),)


def test_siblings_are_said_where_no_policy_blocks_them() -> None:
    world = two_fields()
    advisor = (Relation("advisor", "Ann Poe", start=PartialDate(1990), end=PartialDate(1995)),)
    for person_id in ("pruning-r0", "pruning-r1", "pruning-s0-author"):
        world.people[person_id] = replace(world.people[person_id], relations=advisor)
    world.declare("pruning-s0", "pruning-r1")
    finder = finder_of(world)
    assert said(siblings(finder.world, finder.all())) == [("sibling", ("pruning-s0",), ("pruning-r0",))]
    blocking = finder_of(world, MatchConfig(policy="acm"))
    assert list(siblings(blocking.world, blocking.all())) == []


# --- another policy -------------------------------------------------------------------------------------------------


def test_what_another_window_would_change() -> None:
    world = two_fields()
    world.share_paper("pruning-s0", "pruning-r0", "2020-05")
    for reviewer_id in list(world.reviewers)[:4]:
        world.share_paper("pruning-s1", reviewer_id, "2020-05")
        world.share_paper("tracking-s0", reviewer_id, "2023-05")
    world.change_reviewer("tracking-r2", invitation="declined")
    finder = finder_of(world)
    conflicts = finder.all()
    wider = what_if(finder, conflicts, {"coauthor_window_months": 60})
    assert len(wider.gained) == 5
    assert wider.lost == ()
    assert (wider.uncoverable, wider.relieved) == (("pruning-s1",), ())
    narrower = what_if(finder, conflicts, {"coauthor_window_months": 12})
    assert (len(narrower.lost), narrower.gained, narrower.relieved) == (4, (), ("tracking-s0",))
    later = what_if(finder, conflicts, {"deadline": date(2030, 1, 1)})
    assert len(later.lost) == 4


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("coauthor_window_months=60", {"coauthor_window_months": 60}),
        ("coauthor-window-months=all", {"coauthor_window_months": None}),
        ("policy=acl", {"policy": "acl"}),
        ("institution_policy=off", {"institution_policy": "off"}),
        ("deadline=2024-01-31", {"deadline": date(2024, 1, 31)}),
    ],
)
def test_changes_are_read_as_settings(change: str, expected: dict[str, Any]) -> None:
    assert read_changes([change]) == expected


@pytest.mark.parametrize("change", ["coauthor_window_months", "max_load=3", "coauthor_window_months=-2", "nothing=1"])
def test_a_wrong_change_is_refused(change: str) -> None:
    with pytest.raises(ConfigError, match="allowed"):
        read_changes([change])


# --- signals --------------------------------------------------------------------------------------------------------


def authored(world: World, submission_id: str, *people: str) -> None:
    authors = tuple(AuthorMention(world.people[each].name, PersonId(each)) for each in people)
    world.change_submission(submission_id, authors=authors)


def pairs_of(*pairs: tuple[str, str]) -> list[tuple[SubmissionId, PersonId]]:
    return [(SubmissionId(submission_id), PersonId(reviewer_id)) for submission_id, reviewer_id in pairs]


def test_mutual_reviews_are_said_with_the_rate_of_chance() -> None:
    world = two_fields()
    authored(world, "pruning-s0", "pruning-r0")
    authored(world, "pruning-s1", "pruning-r1")
    authored(world, "tracking-s0", "pruning-r2", "tracking-r0")
    finder = finder_of(world)
    own = own_submissions(finder.world)
    assert own[PersonId("pruning-r0")] == ("pruning-s0",)
    assigned = pairs_of(("pruning-s1", "pruning-r0"), ("pruning-s0", "pruning-r1"), ("pruning-s0", "pruning-r2"))
    (found,) = mutual(finder.world, own, assigned, kind="mutual reviews", verb="review")
    assert (found.people, found.submissions) == (("pruning-r0", "pruning-r1"), ("pruning-s0", "pruning-s1"))
    # Three authors with one pair and one submission each among four submissions: 3 pairs × 1/4 × 1/4.
    assert found.text.endswith("1 such pair, chance alone gives about 0.2")
    assert list(mutual(finder.world, own, [], kind="x", verb="x")) == []


def test_the_rate_of_chance_is_that_of_random_reviews() -> None:
    world = two_fields(reviewers=6, submissions=6)
    for number, submission_id in enumerate(world.submissions):
        authored(world, submission_id, list(world.reviewers)[number])
    finder = finder_of(world)
    own = own_submissions(finder.world)
    names, rng, counts = list(world.submissions), np.random.default_rng(0), []
    expected = ""
    for _ in range(300):
        drawn = [
            (SubmissionId(str(name)), PersonId(who))
            for who in world.reviewers
            for name in rng.choice(names, 3, replace=False)
        ]
        found = list(mutual(finder.world, own, drawn, kind="x", verb="x"))
        counts.append(len(found))
        expected = found[0].text.rpartition(" ")[2] if found else expected
    assert float(expected) == pytest.approx(float(np.mean(counts)), rel=0.15)


def ring_of(size: int, *more: tuple[int, int]) -> tuple[Finder, list[tuple[SubmissionId, PersonId]]]:
    """So many reviewers, each with one submission and reviewing that of the next; and further steps."""
    world = two_fields(reviewers=size, submissions=size)
    for number in range(size):
        authored(world, f"pruning-s{number}", f"pruning-r{number}")
    steps = [(number, (number + 1) % size) for number in range(size)] + list(more)
    return finder_of(world), pairs_of(*((f"pruning-s{other}", f"pruning-r{one}") for one, other in steps))


@pytest.mark.parametrize("size", [3, 4, 5])
def test_a_circle_of_reviews_is_found_at_its_length(size: int) -> None:
    finder, assigned = ring_of(size)
    own = own_submissions(finder.world)
    for longest in range(2, 6):
        found = list(circles(finder.world, own, assigned, kind="reviews", verb="reviews", longest=longest))
        assert [each.kind for each in found] == ([f"circle of {size} reviews"] if longest >= size else [])
    (one,) = found
    assert one.people == tuple(f"pruning-r{number}" for number in range(size))
    assert one.submissions == tuple(f"pruning-s{number}" for number in range(size))
    names = [finder.venue.name_of(PersonId(who)) for who in (*one.people, one.people[0])]
    assert one.text.startswith(" → ".join(names) + ": each reviews a submission of the next (")
    assert "1 such circle, chance alone gives about 0.0" in one.text
    assert list(mutual(finder.world, own, assigned, kind="x", verb="x")) == []


@given(st.integers(0, 2**32 - 1))
def test_circles_are_those_that_trying_every_order_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = 6
    steps = [(one, other) for one in range(size) for other in range(size) if one != other and rng.random() < 0.4]
    finder, ring = ring_of(size, *steps)
    own = own_submissions(finder.world)
    graph = {(one, other) for one, other in [*steps, *((number, (number + 1) % size) for number in range(size))]}
    found = list(circles(finder.world, own, ring, kind="reviews", verb="reviews", longest=5))
    expected = {
        tuple(f"pruning-r{number}" for number in order)
        for length in (3, 4, 5)
        for order in itertools.permutations(range(size), length)
        if order[0] == min(order)
        and all((one, other) in graph for one, other in itertools.pairwise((*order, order[0])))
    }
    assert {each.people for each in found} == expected
    assert len(found) == len(expected)


def test_the_rate_of_chance_of_longer_circles_is_that_of_random_reviews() -> None:
    world = two_fields(reviewers=8, submissions=12)
    for submission_id, reviewer_id in zip(world.submissions, world.reviewers, strict=False):
        authored(world, submission_id, reviewer_id)
    finder = finder_of(world)
    own = own_submissions(finder.world)
    names, rng = list(world.submissions), np.random.default_rng(1)
    counts: list[int] = []
    texts: list[str] = []
    for _ in range(200):
        drawn = [
            (SubmissionId(str(name)), PersonId(who))
            for who in world.reviewers
            for name in rng.choice(names, 4, replace=False)
        ]
        found = list(circles(finder.world, own, drawn, kind="reviews", verb="x", longest=3))
        counts.append(len(found))
        texts += [each.text for each in found[:1]]
    expected = float(texts[0].rpartition(" ")[2])
    assert expected == pytest.approx(float(np.mean(counts)), rel=0.15)


def test_very_many_circles_are_counted_up_to_a_bound() -> None:
    size = 16
    finder, ring = ring_of(size, *((one, other) for one in range(size) for other in range(size) if one != other))
    found = list(circles(finder.world, own_submissions(finder.world), ring, kind="c", verb="reviews", longest=3))
    assert len(found) == 1000  # of 16 · 15 · 14 / 3 = 1120
    assert all("more than 1000 circles, chance" in each.text for each in found)


def with_bids(world: World, *bids: tuple[str, str, str]) -> Finder:
    rows = tuple(Bid(SubmissionId(name), PersonId(who), bid) for name, who, bid in bids)
    return finder_of(world, bids=tuple(sorted(rows)))


def test_bids_that_want_and_bids_on_one_group() -> None:
    world = two_fields(submissions=4)
    for number in range(3):
        authored(world, f"pruning-s{number}", "pruning-s0-author")
    finder = with_bids(
        world,
        *((f"pruning-s{number}", "tracking-r0", "Eager") for number in range(3)),
        ("tracking-s0", "tracking-r0", "yes"),
        ("tracking-s0", "tracking-r1", "yes"),
        ("tracking-s1", "tracking-r1", "no"),
    )
    assert len(positive_bids(finder.world)) == 5
    (found,) = bids_on_one_group(finder.world)
    assert found.people == ("tracking-r0", "pruning-s0-author")
    assert "3 of 4 positive bids" in found.text
    assert found.text.endswith("an author of 38% of all submissions")


def test_a_bid_against_the_scores() -> None:
    finder = with_bids(two_fields(), ("pruning-s0", "pruning-r0", "yes"), ("pruning-s1", "pruning-r0", "yes"))
    rows, columns = Index(finder.venue.submission_by_id), Index(finder.venue.reviewer_by_id)
    values = np.tile(np.array([[0.1], [0.9], [0.5], [0.6]], dtype=np.float32), (1, len(columns)))
    (found,) = odd_bids(finder.world, ScoreMatrix(rows, columns, values, values, "test"))
    assert (found.kind, found.submissions) == ("bid against score", ("pruning-s0",))
    few = ScoreMatrix(Index(rows.ids[1:3]), columns, values[1:3], values[1:3], "test")
    assert list(odd_bids(finder.world, few)) == []  # too few scores, and one submission without any


WORDS = st.lists(st.sampled_from("abcdefghijkl"), min_size=1, max_size=12, unique=True)


@given(st.lists(WORDS, min_size=2, max_size=8))
def test_near_duplicates_are_those_that_brute_force_finds(texts: list[list[str]]) -> None:
    submissions = [Submission(SubmissionId(f"s{place}"), " ".join(words)) for place, words in enumerate(texts)]
    finder = Finder(Venue.of(submissions=submissions), MatchConfig(coauthor_window_months=None))
    found = {each.submissions for each in near_duplicates(finder.world)}
    expected = set()
    for one, other in itertools.combinations(submissions, 2):
        first, second = (set(words_of(each.text).split()) for each in (one, other))
        if len(first & second) / len(first | second) >= 0.8:
            expected.add((one.id, other.id))
    assert found == expected


def test_a_reviewer_with_a_competing_submission() -> None:
    world = two_fields()
    text = "Calibrated pruning of sparse transformers by their weights"
    for name in ("pruning-s0", "pruning-s1"):
        world.change_submission(name, title=text, abstract="")
    world.change_submission("tracking-s0", title=text, abstract="", status="withdrawn")
    authored(world, "pruning-s1", "pruning-r0")
    finder = finder_of(world)
    own = own_submissions(finder.world)
    assert said(near_duplicates(finder.world)) == [("near duplicate", ("pruning-s0", "pruning-s1"), ())]
    assigned = pairs_of(("pruning-s0", "pruning-r0"), ("pruning-s0", "pruning-r1"), ("tracking-s1", "pruning-r0"))
    assert said(competing(finder.world, own, assigned)) == [
        ("competing", ("pruning-s0", "pruning-s1"), ("pruning-r0",))
    ]


# --- the whole ------------------------------------------------------------------------------------------------------


def test_every_kind_of_evidence_has_a_visibility() -> None:
    kinds = ("paper", "affiliation", "relation", "declaration", "identity", "submission", "decision")
    assert {visibility_of(Evidence(kind, "x")) for kind in kinds} == set(VISIBILITIES)


def test_words_for_people() -> None:
    assert (share(1, 8), share(1, 0)) == ("12%", "0%")
    assert (listed(["a", "b"]), listed(list("abcdef"))) == ("a, b", "a, b, c, d and 2 more")


def audited() -> World:
    world = two_fields(reviewers=4, submissions=3)
    for number in range(4):
        write_together(world, f"one{number}", 2015, f"pruning-r{number}", "tracking-r0")
    write_together(world, "two", 2012, "tracking-r0", "pruning-s0-author")
    world.declare("tracking-s0", "tracking-r1")
    return world


def test_an_audit_never_changes_a_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    folder, run = write_folder(audited(), tmp_path / "venue"), tmp_path / "run"
    result = match(audited().venue(), CONFIG)
    result.save(run)
    finder = Finder(result.venue, result.config)
    found: list[Remark] = list(remarks(finder, finder.all(), result))
    assert {"unsupported", "coverage", "two steps"} <= {each.kind for each in found}
    assert finder.all() == result.conflicts

    def call(*words: object) -> str:
        with pytest.raises(SystemExit) as caught:
            main([str(word) for word in ("audit", folder, *words)])
        assert not caught.value.code
        return capsys.readouterr().out

    assert [each["text"] for each in json.loads(call("--run", run, "--json"))] == [each.text for each in found]
    printed = call("--run", run)
    assert "coverage: 8  anybody may know" in printed
    seen = json.loads(call("--run", run, "--json", "--viewer", "tracking-r1"))
    assert {each["kind"] for each in seen} >= {"coverage", "two steps"}
    assert not any("tracking-s0" in each["text"].replace("tracking-s0-author", "") for each in seen)
    with pytest.raises(SystemExit) as caught:
        main(["audit", str(folder), "--run", str(run), "--policy", "acl"])
    assert caught.value.code == 2
    assert "a run brings its own settings" in " ".join(capsys.readouterr().err.split())
    assert f"{len(found)} remarks; none of them blocks a pair" in printed
    assert "coverage: 8" in printed
    assert "… and 3 more; --json gives all" in printed
    what = call("--what-if", "coauthor_window_months=600")
    assert "pairs gained: 1 (pruning-s0 × tracking-r0)" in what
    assert "submissions that become uncoverable: 0" in what
    assert json.loads(call("--what-if", "coauthor_window_months=600", "--json")) == {
        "gained": [["pruning-s0", "tracking-r0"]]
    }


# --- odd profiles ---------------------------------------------------------------------------------------------------


def test_a_profile_with_papers_of_others_and_one_that_lacks_its_own_are_told() -> None:
    world = two_fields(papers=6)
    honest = finder_of(world)
    assert list(odd_profiles(honest.world)) == []
    own = world.reviewers["pruning-r0"].paper_ids
    others = tuple(PaperId(f"tracking-r1-p{number}") for number in range(6))
    world.change_reviewer("pruning-r0", paper_ids=(*own, *others))
    world.change_reviewer("tracking-r0", paper_ids=world.reviewers["tracking-r0"].paper_ids[:1])
    found = list(odd_profiles(finder_of(world).world))
    assert [(each.kind, each.people) for each in found] == [
        ("foreign papers", ("pruning-r0",)),
        ("missing papers", ("tracking-r0",)),
    ]
    assert "6 of 12 papers of their profile name somebody else (tracking-r1-p0, " in found[0].text
    assert "over all reviewers it is 16%, and 1 profile is like that" in found[0].text  # 6 of 37 papers in profiles
    assert "5 of 6 papers that name them are not in their profile" in found[1].text
    assert "over all reviewers it is 14%" in found[1].text  # 5 of 36 papers that name somebody


def test_a_few_foreign_papers_or_one_without_a_byline_are_no_odd_profile() -> None:
    world = two_fields(papers=4)
    others = tuple(PaperId(f"tracking-r1-p{number}") for number in range(2))
    world.change_reviewer("pruning-r0", paper_ids=(*world.reviewers["pruning-r0"].paper_ids, *others))
    for number in range(4):
        name = f"tracking-r0-p{number}"
        world.papers[name] = replace(world.papers[name], authors=())
    assert list(odd_profiles(finder_of(world).world)) == []
