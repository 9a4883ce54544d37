"""Re-planning with the fewest changes, topping up, alternates, comparing: on worlds, on chance, and by command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from matcher import MatchConfig, match
from matcher.assignment import verify
from matcher.capacity import measure_capacity
from matcher.cli import app
from matcher.comparison import Side, compare_runs, gini, tail_mean
from matcher.errors import DataError, InfeasibleError
from matcher.pipeline import MatchResult, rematch
from matcher.records import (
    Assignment,
    Conflicts,
    ExistingAssignment,
    PairStatus,
    PersonId,
    RoleLoad,
    SubmissionId,
)
from matcher.rounds import alternates, replan
from tests.contracts.solver import World, world, worlds
from tests.worlds import two_fields, write_folder

NONE = Conflicts(())


def ids(assignment: Assignment) -> list[tuple[str, str]]:
    return [(pair.submission_id, pair.reviewer_id) for pair in assignment.pairs]


def changed(instance: World, *, gone: int) -> World:
    """The same world after a reviewer dropped out."""
    status, most = instance.limits.status.copy(), instance.limits.max_load.copy()
    low = instance.limits.min_load.copy()
    status[:, gone], most[gone], low[gone] = PairStatus.UNAVAILABLE, 0, 0
    return World(instance.scores, replace(instance.limits, status=status, max_load=most, min_load=low))


def test_only_what_is_lost_is_replaced() -> None:
    rng = np.random.default_rng(3)
    instance = world(rng.random((30, 20)), wanted=3, high=6)
    before = instance.solve("max-total")
    after = changed(instance, gone=4)
    found = replan(after.scores, after.limits, ids(before), objective="max-total", seed=0, earlier=before)
    lost = [pair for pair in ids(before) if pair[1] == "r004"]
    assert len(lost) > 0
    assert (list(found.forced), found.given_up, len(found.added)) == (lost, (), len(lost))
    assert len(found.kept) == 90 - len(lost)
    assert verify(found.assignment, after.scores, after.limits, NONE) == ()
    assert found.assignment.bound is not None
    best = after.solve("max-total").objective
    assert found.assignment.objective <= best + 1e-5 <= found.assignment.bound + 2e-5


def test_pairs_make_place_only_where_a_review_would_be_missing_else() -> None:
    """The last free reviewer may not review what lost its reviewer: one earlier pair has to move."""
    status = np.full((2, 3), PairStatus.ELIGIBLE, dtype=np.uint8)
    status[0, 2] = PairStatus.BLOCKED
    instance = world([[0.9, 0.5, 0.0], [0.2, 0.8, 0.1]], wanted=1, high=1, status=status)
    before = instance.solve("max-total")
    assert ids(before) == [("s000", "r000"), ("s001", "r001")]
    after = changed(instance, gone=0)
    found = replan(after.scores, after.limits, ids(before), objective="max-total", seed=0)
    assert ids(found.assignment) == [("s000", "r001"), ("s001", "r002")]
    assert (found.forced, found.given_up) == ((("s000", "r000"),), (("s001", "r001"),))
    assert (found.assignment.bound, found.assignment.solver) == (None, "re-planned")
    assert found.assignment.objective == pytest.approx(0.6)
    still = replan(after.scores, after.limits, ids(before), objective="max-total", seed=0, exchange=False)
    assert ids(still.assignment) == [("s001", "r001")]
    assert [short.submission_id for short in still.assignment.shortfalls] == ["s000"]


def test_lower_loads_and_demands_keep_the_best_pairs() -> None:
    instance = world([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]], wanted=2, high=3)
    before = ids(instance.solve("max-total"))
    less = replace(instance.limits, max_load=np.array([2, 3]), wanted=np.array([1, 2, 1]))
    found = replan(instance.scores, less, before, objective="max-total", seed=0)
    assert ids(found.assignment) == [("s000", "r000"), ("s001", "r000"), ("s001", "r001"), ("s002", "r001")]
    assert verify(found.assignment, instance.scores, less, NONE) == ()


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds(), st.integers(0, 5), st.booleans())
def test_whatever_changes_the_answer_is_valid_and_as_full_as_can_be(instance: World, gone: int, swap: bool) -> None:
    before = instance.solve("max-total")
    after = changed(instance, gone=gone % len(instance.scores.reviewers))
    found = replan(
        after.scores, after.limits, ids(before), objective="max-total", seed=0, earlier=before, exchange=swap
    )
    assert verify(found.assignment, after.scores, after.limits, NONE) == ()
    assert set(ids(found.assignment)) == {*found.kept, *found.added}
    assert {*found.kept, *found.forced, *found.given_up} == set(ids(before))
    if swap:
        assert len(found.assignment.pairs) == len(after.solve("max-total").pairs)
    else:
        assert not found.given_up
    again = replan(after.scores, after.limits, ids(found.assignment), objective="max-total", seed=0, exchange=swap)
    assert ids(again.assignment) == ids(found.assignment)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_every_alternate_can_be_added_alone(instance: World) -> None:
    answer = instance.solve("max-total")
    loads = dict.fromkeys(instance.scores.reviewers, 0)
    for _, reviewer in ids(answer):
        loads[PersonId(reviewer)] += 1
    for submission, offered in alternates(instance.scores, instance.limits, answer, count=2).items():
        row = instance.scores.submissions.position(submission)
        for reviewer, score in offered:
            column = instance.scores.reviewers.position(reviewer)
            assert instance.limits.status[row, column] == PairStatus.ELIGIBLE
            assert loads[reviewer] < instance.limits.max_load[column]
            assert (submission, reviewer) not in ids(answer)
            assert score == pytest.approx(float(instance.scores.values[row, column]))
        assert [score for _, score in offered] == sorted((score for _, score in offered), reverse=True)


# --- a venue --------------------------------------------------------------------------------------------------------

TFIDF = MatchConfig(encoder="tfidf")


@pytest.fixture(scope="module")
def first() -> MatchResult:
    return match(two_fields(reviewers=4).venue(), TFIDF)


def test_a_venue_is_matched_again_with_what_changed(first: MatchResult) -> None:
    lost = first.assignment.pairs[0]
    declined = replace(
        first.venue,
        assignments=(ExistingAssignment(lost.submission_id, lost.reviewer_id, "declined"),),
    )
    result, found = rematch(first, declined)
    assert found.forced == ((lost.submission_id, lost.reviewer_id),)
    assert result.explain(lost.submission_id, lost.reviewer_id).status == "declined"
    assert result.scores is first.scores
    assert result.verify() == ()


def test_new_submissions_are_scored_and_old_pairs_stay(first: MatchResult) -> None:
    more = two_fields(reviewers=4, submissions=3).venue()
    result, found = rematch(first, more)
    assert set(found.kept) == set(ids(first.assignment))
    assert {name for name, _ in found.added} == {"pruning-s2", "tracking-s2"}
    assert result.assignment.is_complete


def test_more_reviews_need_emergency_load_that_was_offered() -> None:
    world_ = two_fields(reviewers=2)
    for reviewer in world_.reviewers:
        world_.change_reviewer(reviewer, max_load=2)
    before = match(world_.venue(), TFIDF)
    with pytest.raises(InfeasibleError):
        rematch(before, before.venue, reviews=3, exchange=False)
    for reviewer in list(world_.reviewers):
        world_.change_reviewer(reviewer, roles=(RoleLoad("emergency", 2),))
    result, found = rematch(before, world_.venue(), reviews=3, emergency=True, exchange=False)
    assert (len(found.kept), len(found.added), found.given_up) == (8, 4, ())
    assert result.assignment.is_complete


def test_emergency_reviews_stay_in_the_next_round_and_declined_pairs_never_come_back() -> None:
    world_ = two_fields(reviewers=2)
    for reviewer in list(world_.reviewers):
        world_.change_reviewer(reviewer, max_load=2, roles=(RoleLoad("emergency", 1),))
    before = match(world_.venue(), TFIDF)
    more, found = rematch(before, before.venue, reviews=3, emergency=True, exchange=False)
    assert len(found.added) == 4
    assert max(np.bincount([more.scores.reviewers.position(pair.reviewer_id) for pair in more.assignment.pairs])) == 3
    declined = more.assignment.pairs[0]
    now = replace(
        more.venue,
        assignments=(ExistingAssignment(declined.submission_id, declined.reviewer_id, "declined"),),
    )
    config = replace(more.config, allow_partial=True)
    again, found = rematch(replace(more, config=config), now, exchange=False)
    gone = (declined.submission_id, declined.reviewer_id)
    assert (found.forced, found.given_up) == ((gone,), ())
    assert len(found.kept) == 11, "nobody loses a review, though without the emergency load theirs are too many"
    assert gone not in set(ids(again.assignment))
    loads = np.bincount([again.scores.reviewers.position(pair.reviewer_id) for pair in again.assignment.pairs])
    assert (loads <= np.maximum(again.limits.max_load, 2)).all()
    third, found = rematch(again, again.venue, emergency=True, exchange=False)
    assert gone not in set(ids(third.assignment))
    assert third.verify() == ()


def test_what_was_held_back_is_used_by_a_top_up(run: Path, tmp_path: Path) -> None:
    venue = write_folder(two_fields(reviewers=4), tmp_path / "venue")
    options = ("--encoder", "tfidf", "--max-load", 4, "--reviews", 2)
    call("match", venue, *options, "--hold-back", 0.5, "--out", tmp_path / "half", "--quiet")
    half = MatchResult.load(tmp_path / "half")
    assert set(half.limits.max_load.tolist()) == {2}
    told = call("top-up", tmp_path / "half", "--reviews", 4, "--out", tmp_path / "more", "--quiet")
    assert "kept 8 pairs; 0 could not stay, 0 made place, 8 are new" in told
    assert set(MatchResult.load(tmp_path / "more").limits.max_load.tolist()) == {4}
    with pytest.raises(InfeasibleError):
        call("top-up", tmp_path / "half", "--reviews", 5, "--hold-back", 0.5, "--out", tmp_path / "none", "--quiet")


# --- comparing ------------------------------------------------------------------------------------------------------


def side(instance: World, config: MatchConfig = TFIDF) -> Side:
    return Side(config, instance.scores, instance.limits, instance.solve("max-total"))


def test_a_comparison_names_winners_losers_loads_and_settings() -> None:
    one = world([[0.9, 0.5], [0.8, 0.45]], wanted=1, high=[2, 1])
    two = world([[0.9, 0.5], [0.8, 0.45]], wanted=1, high=[1, 1])
    found = compare_runs(side(one), side(two, replace(TFIDF, max_load=1)))
    assert (found.kept, found.removed, found.added) == (1, (("s001", "r000"),), (("s001", "r001"),))
    (loser,) = found.losers
    assert loser.name == "s001"
    assert [loser.before, loser.after] == pytest.approx([0.8, 0.45])
    assert (found.winners, found.scores_differ) == ((), False)
    assert [(each.name, each.before, each.after) for each in found.loads] == [("r000", 2, 1), ("r001", 0, 1)]
    assert found.settings == {"assignment.max_load": (None, 1)}
    assert np.array(found.figures["total"], dtype=float) == pytest.approx([1.7, 1.35])
    assert np.array(found.figures["minimum"], dtype=float) == pytest.approx([0.8, 0.45])
    back = compare_runs(side(two), side(one))
    assert [each.name for each in back.winners] == ["s001"]


def test_runs_of_different_venues_are_compared_where_they_meet() -> None:
    one, two = world([[0.9, 0.5]], wanted=1), world([[0.8, 0.5, 0.1], [0.1, 0.2, 0.3]], wanted=1)
    found = compare_runs(side(one), side(two))
    assert found.scores_differ
    assert (found.only_before, found.only_after) == ((), ("s001", "r002"))


def test_gini_and_tail_mean_by_hand() -> None:
    assert gini(np.array([1.0, 1.0, 1.0])) == pytest.approx(0)
    assert gini(np.array([0.0, 0.0, 3.0])) == pytest.approx(2 / 3)
    assert gini(np.zeros(3)) == gini(np.zeros(0)) == 0
    assert tail_mean(np.arange(20.0)) == pytest.approx(0.5)
    assert tail_mean(np.array([4.0, 1.0, 2.0]), 0.5) == pytest.approx((1.0 + 0.5 * 2.0) / 1.5)
    assert tail_mean(np.zeros(0)) == 0


# --- by command -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, first: MatchResult) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "first"
    return first.save(folder)


def call(*words: Any) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_replan_compare_and_alternates_by_command(run: Path, tmp_path: Path, first: MatchResult) -> None:
    lost = first.assignment.pairs[0]
    told = call("replan", run, "--drop", lost.reviewer_id, "--out", tmp_path / "second", "--quiet")
    assert "could not stay, 0 made place" in told
    assert MatchResult.load(tmp_path / "second").verify() == ()
    plain = json.loads(call("compare", run, tmp_path / "second", "--json"))
    assert all(pair[1] == lost.reviewer_id for pair in plain["removed"])
    assert len(plain["added"]) == len(plain["removed"]) > 0
    words = call("compare", run, tmp_path / "second")
    assert "reviewers whose load changes" in words
    assert f"pairs kept {plain['kept']}" in words
    offered = json.loads(call("alternates", run, "--number", 1, "--submission", lost.submission_id, "--json"))
    assert list(offered) == [lost.submission_id]
    assert offered[lost.submission_id][0]["reviewer_id"] != lost.reviewer_id
    assert "pruning-s0" in call("alternates", run)


def test_forbidden_pairs_and_a_changed_venue_by_command(run: Path, tmp_path: Path, first: MatchResult) -> None:
    lost = first.assignment.pairs[0]
    pair = f"{lost.submission_id},{lost.reviewer_id}"
    plain = json.loads(call("replan", run, "--forbid", pair, "--out", tmp_path / "forbidden", "--json"))
    assert plain["forced"] == [[lost.submission_id, lost.reviewer_id]]
    venue = write_folder(two_fields(reviewers=4, submissions=3), tmp_path / "venue")
    told = call("replan", run, "--venue", venue, "--out", tmp_path / "grown", "--quiet")
    assert "kept 8 pairs; 0 could not stay, 0 made place, 4 are new" in told
    told = call("top-up", run, "--reviews", 3, "--out", tmp_path / "more", "--quiet")
    assert "kept 8 pairs; 0 could not stay, 0 made place, 4 are new" in told


def test_what_makes_no_sense_is_refused(run: Path, tmp_path: Path, first: MatchResult) -> None:
    done = CliRunner().invoke(app, ["replan", str(run), "--forbid", "nonsense", "--out", str(tmp_path / "x")])
    assert done.exit_code == 2
    world_ = two_fields(reviewers=4)
    world_.fix("pruning-s0", "pruning-r0", "require")
    required = match(world_.venue(), TFIDF).save(tmp_path / "required")
    with pytest.raises(DataError, match="is required and now forbidden"):
        call("replan", required, "--forbid", "pruning-s0,pruning-r0", "--out", tmp_path / "y")
    assert SubmissionId("pruning-s0") in first.scores.submissions


# --- capacity -------------------------------------------------------------------------------------------------------


def test_scarce_submissions_and_tracks_are_counted(first: MatchResult) -> None:
    """Each field has four experts; one submission of the pruning track has three of them in conflict."""
    world_ = two_fields(reviewers=4)
    for name in world_.submissions:
        field = name.split("-")[0]
        world_.change_submission(name, track=field, keywords=(field.title(), "Models"))
    for reviewer in ("pruning-r0", "pruning-r1", "pruning-r2"):
        world_.declare("pruning-s0", reviewer)
    result = match(world_.venue(), replace(TFIDF, reviews_per_submission=1))
    values = np.zeros_like(result.scores.values)
    for row, submission in enumerate(result.scores.submissions.ids):
        for column, reviewer in enumerate(result.scores.reviewers.ids):
            values[row, column] = 0.5 if submission.split("-")[0] == reviewer.split("-")[0] else 0.1
    scores = replace(result.scores, values=values)
    found = measure_capacity(result.venue, scores, result.limits, floor=0.5, at_least=2)
    assert (found.demand, found.supply) == (4, 24)
    assert [(each.track, each.submissions, each.demand, each.experts, each.supply) for each in found.tracks] == [
        ("pruning", 2, 2, 4, 5),
        ("tracking", 2, 2, 4, 8),
    ]
    (short,) = found.scarce
    assert (short.submission_id, short.experts, short.barred, short.wanted) == ("pruning-s0", 1, 3, 1)
    assert found.recruit == (("models", 1), ("pruning", 1))


def test_capacity_by_command(run: Path) -> None:
    plain = json.loads(call("capacity", run, "--at-least", 99, "--json"))
    assert (plain["demand"], len(plain["scarce"])) == (8, 4)
    assert "4 submissions have fewer than 99 experts" in call("capacity", run, "--at-least", 99)


def test_a_readable_comparison_names_settings_people_and_another_measure(run: Path, tmp_path: Path) -> None:
    grown = two_fields(reviewers=4, submissions=14, papers=2)
    match(grown.venue(), replace(TFIDF, reviews_per_submission=1, max_load=7)).save(tmp_path / "grown")
    words = call("compare", run, tmp_path / "grown")
    assert "assignment.max_load: 3 → 7" in words
    assert "only in the second: pruning-s10, pruning-s11" in words
    assert " and 4 more" in words
    assert "the scores differ" in words
    told = call("compare", tmp_path / "grown", run)
    assert "only in the first: pruning-s10" in told


def test_scarce_areas_are_named_by_command(tmp_path: Path) -> None:
    world_ = two_fields(reviewers=2, submissions=12)
    for name in world_.submissions:
        world_.change_submission(name, keywords=("models",))
    match(world_.venue(), replace(TFIDF, reviews_per_submission=1, max_load=8)).save(tmp_path / "run")
    told = call("capacity", tmp_path / "run", "--at-least", 9)
    assert "… and 4 more; --json gives all" in told
    assert "look for reviewers who know: models (24)" in told


def test_a_randomised_run_names_no_alternates(tmp_path: Path) -> None:
    match(two_fields(reviewers=4).venue(), replace(TFIDF, objective="randomised")).save(tmp_path / "run")
    with pytest.raises(DataError, match="a randomised run has no alternates"):
        call("alternates", tmp_path / "run")
