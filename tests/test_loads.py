"""Loads: weights of submissions, parts for resubmissions, earlier rounds; judged by an independent programme."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from matcher import MatchConfig, MatchResult, match
from matcher.assignment import assign, build_limits, solve_arrays, verify
from matcher.errors import ConfigError, InfeasibleError, MatcherError
from matcher.ingest import load_venue
from matcher.pipeline import rematch
from matcher.records import (
    Conflicts,
    ExistingAssignment,
    HistoryEntry,
    Limits,
    PairStatus,
    PersonId,
    RoleLoad,
    SideRule,
    SubmissionId,
)
from matcher.solvers import programmes
from tests.contracts.solver import World, world
from tests.test_rounds import call
from tests.worlds import two_fields, write_folder

CONFIG = MatchConfig(encoder="tfidf", min_load=0, max_load=2, reviews_per_submission=2)


def weighted(instance: World, weights: list[float], room: list[float]) -> Limits:
    most = [int(np.floor(each / min(weights) + 1e-9)) for each in room]
    rule = SideRule("weighted loads", None, weights=np.array(weights), room=np.array(room))
    return replace(instance.limits, max_load=np.array(most), rules=(rule,))


def by_milp(instance: World, limits: Limits) -> tuple[int, float]:
    """The most reviews, then the largest total, straight from the definition."""
    (rule,) = limits.rules
    assert rule.weights is not None
    assert rule.room is not None
    values = instance.scores.values.astype(np.float64)
    rows, columns = values.shape
    lines = []
    for row in range(rows):
        line = np.zeros((rows, columns))
        line[row] = 1
        lines.append(LinearConstraint(line.ravel(), 0, limits.wanted[row]))
    for column in range(columns):
        line = np.zeros((rows, columns))
        line[:, column] = rule.weights
        lines.append(LinearConstraint(line.ravel(), 0, rule.room[column]))
    upper = limits.eligible.ravel().astype(float)
    whole = np.ones(rows * columns)
    most = milp(-whole, constraints=lines, bounds=Bounds(0, upper), integrality=whole)
    filled = round(float(whole @ np.asarray(most.x)))
    lines.append(LinearConstraint(whole, filled, np.inf))
    best = milp(-values.ravel(), constraints=lines, bounds=Bounds(0, upper), integrality=whole)
    return filled, float(values.ravel() @ np.asarray(best.x))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**6))
def test_weighted_loads_are_kept_and_the_best_is_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = int(rng.integers(1, 6)), int(rng.integers(1, 6))
    status = np.where(rng.random((rows, columns)) < 0.2, PairStatus.BLOCKED, PairStatus.ELIGIBLE)
    instance = world(rng.random((rows, columns)), wanted=2, status=status)
    weights = rng.choice([0.5, 1.0, 1.5], rows).tolist()
    limits = weighted(instance, weights, rng.integers(0, 4, columns).astype(float).tolist())
    answer = solve_arrays(instance.scores, limits, objective="max-total", seed=0)
    filled, total = by_milp(instance, limits)
    assert len(answer.pairs) == filled
    assert answer.objective == pytest.approx(total, abs=1e-5)
    assert answer.bound is not None
    assert answer.objective <= answer.bound + 1e-6
    assert verify(answer, instance.scores, limits, Conflicts(())) == ()


def test_verify_counts_the_weights() -> None:
    instance = world(np.full((3, 2), 0.5), wanted=1)
    light = weighted(instance, [0.5, 0.5, 0.5], [1.0, 0.5])
    answer = solve_arrays(instance.scores, light, objective="max-total", seed=0)
    assert verify(answer, instance.scores, light, Conflicts(())) == ()
    heavy = replace(light, rules=(replace(light.rules[0], weights=np.array([0.5, 0.5, 1.0])),))
    (found,) = verify(replace(answer, bound=None), instance.scores, heavy, Conflicts(()))
    assert found.rule == "constraint"
    assert "is one too many for 'r00" in found.detail


def test_short_papers_take_half_a_place_through_a_whole_match(tmp_path: Path) -> None:
    """Six reviewers with room for one: four short papers with three reviews each fit, at one half apiece."""
    found = two_fields(reviewers=3, submissions=2)
    for name in list(found.submissions):
        found.change_submission(name, load_weight=0.5)
    for name in list(found.reviewers):
        found.change_reviewer(name, max_load=1)
    folder = write_folder(found, tmp_path / "venue")
    venue = load_venue(folder)
    assert {each.load_weight for each in venue.submissions} == {0.5}
    result = match(venue, replace(CONFIG, reviews_per_submission=3))
    assert len(result.assignment.pairs) == 12
    assert result.verify() == ()
    assert MatchResult.load(result.save(tmp_path / "run")).verify() == ()
    heavier = replace(
        venue,
        submissions=tuple(replace(each, load_weight=None) for each in venue.submissions[:1]) + venue.submissions[1:],
    )
    with pytest.raises(InfeasibleError) as caught:
        match(heavier, replace(CONFIG, reviews_per_submission=3))
    (reasons,) = caught.value.explanations
    assert reasons.text == "rule 'weighted loads' cannot be met together with demand and loads"
    partial = match(heavier, replace(CONFIG, reviews_per_submission=3, allow_partial=True))
    assert partial.verify() == ()
    assert len(partial.assignment.pairs) in (9, 10, 11)
    dropped, changes = rematch(result, venue)
    assert (changes.added, changes.forced) == ((), ())
    assert dropped.verify() == ()
    with pytest.raises(ConfigError, match="emergency reviews are counted in whole reviews"):
        rematch(result, venue, emergency=True)
    assert "load_weight" in call("schema", "submissions")


def test_fairness_comes_first_where_it_is_asked_for() -> None:
    """One review each; the best total gives the second submission 0.1, a fair one gives both at least 0.4."""
    instance = world([[0.9, 0.4], [0.5, 0.1]], wanted=1)
    limits = weighted(instance, [1.0, 1.0], [1.0, 1.0])
    limits = replace(limits, rules=(replace(limits.rules[0], weights=np.array([1.0, 0.75])),))
    for objective, least in (("max-total", 0.1), ("max-min", 0.4)):
        answer = solve_arrays(instance.scores, limits, objective=objective, seed=0)
        assert min(pair.score or 0 for pair in answer.pairs) == pytest.approx(least)
        assert verify(answer, instance.scores, limits, Conflicts(())) == ()
    short = replace(limits, wanted=np.array([2, 2]))
    one, other = (solve_arrays(instance.scores, short, objective=name, seed=0) for name in ("max-total", "max-min"))
    assert one.pairs == other.pairs, "where reviews are missing, the total decides"


def test_weights_go_with_two_objectives() -> None:
    instance = world(np.full((2, 2), 0.5), wanted=1)
    limits = weighted(instance, [0.5, 1.0], [1.0, 1.0])
    more = replace(limits, rules=(*limits.rules, SideRule("x", None)))
    for some, objective in ((limits, "leximin"), (more, "max-total")):
        with pytest.raises(ConfigError, match="weights of submissions are met under max-total and max-min"):
            solve_arrays(instance.scores, some, objective=objective, seed=0)


def test_large_weighted_problems_start_from_their_best_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    instance = world(rng.random((20, 30)), wanted=2)
    limits = weighted(instance, rng.choice([0.5, 1.0], 20).tolist(), [2.0] * 30)
    whole = solve_arrays(instance.scores, limits, objective="max-total", seed=0)
    monkeypatch.setattr("matcher.solvers.programmes._ALL_AT_ONCE", 50)
    for best in (8, 1):
        monkeypatch.setattr("matcher.solvers.programmes._BEST_OF_EACH", best)
        some = solve_arrays(instance.scores, limits, objective="max-total", seed=0)
        assert some.is_complete
        assert some.objective == pytest.approx(whole.objective, rel=0.02)


def test_a_search_ends_by_nodes_and_says_how_near_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    instance = world(rng.random((40, 14)).round(2).tolist(), wanted=2)
    limits = weighted(instance, rng.choice([0.3, 0.45, 0.7, 1.0], 40).tolist(), [3.6] * 14)
    asked = []

    def counted(*arguments: Any, **more: Any) -> Any:
        asked.append(dict(more["options"]))
        return milp(*arguments, **more)

    monkeypatch.setattr(programmes, "milp", counted)
    monkeypatch.setattr(programmes, "_NODES", 1)
    one, other = (solve_arrays(instance.scores, limits, objective="max-total", seed=0) for _ in range(2))
    assert one == other, "the same input gives the same answer"
    assert "stopped after 1 nodes within" in one.solver
    assert verify(one, instance.scores, limits, Conflicts(())) == ()
    assert all(set(options) == {"node_limit", "mip_rel_gap"} for options in asked), "no limit depends on the machine"


def test_a_search_that_found_nothing_does_not_say_that_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = world([[0.5]], wanted=1)
    limits = weighted(instance, [1.0], [1.0])
    monkeypatch.setattr(programmes, "milp", lambda *_, **__: SimpleNamespace(x=None, status=1))
    with pytest.raises(MatcherError, match="found no answer within 1000 nodes: leave out a constraint"):
        solve_arrays(instance.scores, limits, objective="max-total", seed=0)


def test_a_last_resort_fills_what_no_scored_reviewer_can() -> None:
    values = np.array([[0.5, np.nan], [0.4, np.nan]])
    status = np.array([[PairStatus.ELIGIBLE, PairStatus.LAST_RESORT]] * 2)
    instance = world(values, wanted=1, status=status)
    limits = weighted(instance, [0.5, 1.0], [1.0, 1.0])
    answer = solve_arrays(instance.scores, limits, objective="max-total", seed=0)
    assert [(pair.submission_id, pair.reviewer_id) for pair in answer.pairs] == [("s000", "r000"), ("s001", "r001")]
    assert verify(answer, instance.scores, limits, Conflicts(())) == ()


# --- parts and rounds -----------------------------------------------------------------------------------------------


def limits_of(found: Any, config: MatchConfig, **changes: Any) -> tuple[Any, Limits]:
    venue = replace(found.venue(), **changes)
    result = world(np.full((len(venue.submissions), len(venue.reviewers)), 0.5))
    scores = replace(
        result.scores,
        submissions=type(result.scores.submissions)([each.id for each in venue.submissions]),
        reviewers=type(result.scores.reviewers)([each.person_id for each in venue.reviewers]),
    )
    return scores, build_limits(venue, config, scores, Conflicts(()))


def test_a_part_for_resubmissions_comes_on_top_of_the_regular_load() -> None:
    found = two_fields(reviewers=2, submissions=2)
    found.change_reviewer("pruning-r0", max_load=1, roles=(RoleLoad("resubmission", 1),))
    found.change_reviewer("pruning-r1", max_load=1)
    history = tuple(
        HistoryEntry(SubmissionId(f"pruning-s{n}"), PersonId(who), "old", "same")
        for n in range(2)
        for who in ("pruning-r0", "pruning-r1")
    )
    scores, limits = limits_of(found, CONFIG, history=history)
    at = [scores.reviewers.position(name) for name in ("pruning-r0", "pruning-r1")]
    assert limits.required[:, at].sum(axis=0).tolist() == [2, 1]
    assert limits.max_load[at].tolist() == [2, 1]
    _, none = limits_of(found, CONFIG)
    assert none.max_load[at].tolist() == [1, 1], "it is for resubmissions only"
    answer = assign(scores, limits, replace(CONFIG, allow_partial=True))
    assert verify(answer, scores, limits, Conflicts(())) == ()


def test_earlier_rounds_count_where_they_should() -> None:
    found = two_fields(reviewers=2, submissions=2)
    found.change_submission("pruning-s1", load_weight=0.5)
    found.change_submission("pruning-s0", load_weight=1.0)
    earlier = (
        ExistingAssignment(SubmissionId("pruning-s0"), PersonId("pruning-r0"), "accepted"),
        ExistingAssignment(SubmissionId("pruning-s1"), PersonId("pruning-r0"), "done"),
        ExistingAssignment(SubmissionId("pruning-s1"), PersonId("pruning-r1"), "declined"),
    )
    scores, limits = limits_of(found, replace(CONFIG, earlier_load="counts"), assignments=earlier)
    at = [scores.reviewers.position(name) for name in ("pruning-r0", "pruning-r1")]
    (rule,) = limits.rules
    assert rule.room is not None
    assert rule.room[at].tolist() == [0, 2], "1.5 of 2 are taken; what is left is no whole place"
    row = scores.submissions.position("pruning-s1")
    assert limits.status[row, at].tolist() == [PairStatus.FORBIDDEN, PairStatus.DECLINED]
    _, each_round = limits_of(found, CONFIG, assignments=earlier)
    assert each_round.rules[0].room is not None
    assert each_round.rules[0].room[at].tolist() == [2, 2]
