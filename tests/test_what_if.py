"""Other weights for one submission, beside a whole match under the same weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from matcher import MatchConfig, MatchResult, match
from matcher.commands.what_if import read_weights
from matcher.errors import ConfigError, DataError, UnknownNameError
from matcher.records import Bid, Constraint, HistoryEntry, PersonId, SubmissionId, Venue
from matcher.what_if import WhatIf, rank_again
from tests.test_rounds import call
from tests.worlds import two_fields

CONFIG = MatchConfig(encoder="tfidf", min_load=0, max_load=3, reviews_per_submission=2)
HERE = SubmissionId("pruning-s0")


def venue() -> Venue:
    world = two_fields(reviewers=4, submissions=3)
    world.declare(HERE, "pruning-r3")
    for reviewer in list(world.reviewers)[:6]:
        world.change_reviewer(reviewer, attributes={"seniority": "senior" if reviewer.endswith("0") else "new"})
    world.change_submission(HERE, attributes={"needs": "senior"})
    plain = world.venue()
    bids = (
        Bid(HERE, PersonId("tracking-r0"), "Very High"),
        Bid(HERE, PersonId("pruning-r1"), "Low"),
        Bid(SubmissionId("pruning-s1"), PersonId("pruning-r0"), "High"),
    )
    history = (HistoryEntry(HERE, PersonId("pruning-r0"), "old", "different"),)
    return replace(plain, bids=bids, history=history)


@pytest.fixture(scope="module")
def before() -> MatchResult:
    return match(venue(), CONFIG)


def asked(result: MatchResult, config: MatchConfig, submission: str = HERE) -> WhatIf:
    return rank_again(
        result.venue,
        config,
        result.profiles,
        result.conflicts,
        result.scores,
        result.limits,
        result.assignment,
        submission,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"bid_weight": 1.0},
        {"bids": "off"},
        {"bids": "floor", "bid_weight": 0.9},
        {"length_correction": 0.0, "top_k": 1},
        {"earlier_reviewers": "off"},
        {"min_score": 0.2},
        {"refused_bids": "minus", "no_bid": -1.0},
    ],
)
def test_it_says_what_a_whole_match_says(before: MatchResult, changes: dict[str, object]) -> None:
    config = replace(before.config, **changes)  # type: ignore[arg-type]
    found = asked(before, config)
    whole = match(before.venue, config)
    row = whole.scores.submissions.position(HERE)
    for each in found.rows:
        column = whole.scores.reviewers.position(each.reviewer_id)
        assert each.after == pytest.approx(float(whole.scores.values[row, column]), abs=1e-6)
        assert each.before == pytest.approx(float(before.scores.values[row, column]), abs=1e-6)
    ranked = [each for each in found.rows if each.rank_after]
    assert [each.rank_after for each in ranked] == list(range(1, len(ranked) + 1))
    assert [each.after for each in ranked] == sorted((each.after for each in ranked), key=lambda x: -(x or 0))
    assert len(ranked) == int(whole.limits.eligible[row].sum() + whole.limits.required[row].sum())
    if not changes:
        assert all((each.rank_before, each.before) == (each.rank_after, each.after) for each in ranked)


def test_a_strong_bid_brings_somebody_up_and_in(before: MatchResult) -> None:
    found = asked(before, replace(before.config, bid_weight=1.0))
    first = found.rows[0]
    assert (first.reviewer_id, first.rank_after) == ("tracking-r0", 1)
    assert first.rank_before is not None
    assert first.rank_before > 1
    assert "tracking-r0" in found.chosen_after
    assert "tracking-r0" not in found.chosen_before
    assert len(found.chosen_after) == 2
    assert {each.reviewer_id for each in found.rows if each.is_assigned} == set(found.chosen_before)
    assert "pruning-r3" not in {each.reviewer_id for each in found.rows}, "who is in conflict has no rank"


def test_history_can_be_left_out(before: MatchResult) -> None:
    found = asked(before, replace(before.config, earlier_reviewers="off"))
    back = next(each for each in found.rows if each.reviewer_id == "pruning-r0")
    assert (back.rank_before, back.status_before, back.status_after) == (None, "not_again", "eligible")


def test_pair_rules_hold_and_rules_over_several_pairs_do_not_matter(before: MatchResult) -> None:
    rules = (
        Constraint("level", "pair", submission="needs", test="==", reviewer="seniority"),
        Constraint("apart", "apart", attribute="seniority"),
    )
    found = asked(before, replace(before.config, constraints=rules, earlier_reviewers="off"))
    ruled = {str(each.reviewer_id): each.status_after for each in found.rows}
    assert ruled["pruning-r0"] == "eligible"
    assert ruled["pruning-r1"] == "ruled_out"


def test_the_command_prints_both_rankings(before: MatchResult, tmp_path: Path) -> None:
    run = before.save(tmp_path / "run")
    plain = json.loads(call("what-if", run, HERE, "--set", "bid_weight=1", "--json"))
    assert plain["rows"][0]["reviewer_id"] == "tracking-r0"
    words = call("what-if", run, HERE, "--set", "bids.bid-weight=1.0", "--top", 2)
    assert "would be" in words
    assert "assigned" in words
    assert "the same reviewers would be chosen" in call("what-if", run, HERE, "--set", "bid_weight=0.2")
    with pytest.raises(UnknownNameError, match="submission"):
        call("what-if", run, "nothing", "--set", "bid_weight=1")


def test_settings_that_cannot_be_tried_at_once_are_refused(tmp_path: Path) -> None:
    assert read_weights(["top_k=2", "no_bid=-0.5", "bids=off"]) == {"top_k": 2, "no_bid": -0.5, "bids": "off"}
    for change, error, message in (
        ("encoder=tfidf", UnknownNameError, "unknown weight 'encoder'"),
        ("bid_wait=1", UnknownNameError, "did you mean 'bid_weight'"),
        ("bid_weight", ConfigError, "allowed is setting=value"),
        ("bid_weight=much", ConfigError, "allowed is a number; got 'much'"),
        ("bid_weight=7", ConfigError, "allowed is 0 to 1; got 7"),
    ):
        with pytest.raises(error, match=message):
            read_weights([change])
    world = two_fields()
    world.change_submission("pruning-s0", status="withdrawn")
    run = match(world.venue(), CONFIG).save(tmp_path / "run")
    with pytest.raises(DataError, match="is not active"):
        call("what-if", run, HERE, "--set", "bid_weight=1")
