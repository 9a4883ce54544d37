"""Measures of assignments: values by hand and by brute force, and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from typer.testing import CliRunner

from eval.__main__ import app
from eval.assignment import envy_share, measure, measure_run, stability
from matcher import MatchConfig, match
from matcher.records import Assignment, Bid, PersonId, SubmissionId
from tests.contracts.solver import World, world, worlds
from tests.worlds import two_fields

EMPTY = Assignment(pairs=(), shortfalls=(), underloads=(), objective=0.0, bound=None, solver="none")


def test_figures_by_hand() -> None:
    instance = world([[0.9, 0.5, 0.1], [0.8, 0.45, 0.2]], wanted=1, high=1)
    answer = instance.solve("max-total")  # s0 with r0, s1 with r1
    row = measure(instance.scores, instance.limits, answer, expert=0.5)
    assert [row[name] for name in ("total", "mean", "minimum")] == pytest.approx([1.35, 0.675, 0.45])
    assert [row[name] for name in ("cvar10", "reviewer_mean", "reviewer_minimum")] == pytest.approx([0.45, 0.675, 0.45])
    assert [row[name] for name in ("no_expert", "under_2_experts", "idle", "largest_load", "missing")] == [
        1,
        2,
        1,
        1,
        0,
    ]
    assert (row["rank"], row["in_top_3"]) == (1.5, 1.0)
    assert row["envy"] == 0.5  # the second would rather have the first's
    assert row["p5"] == pytest.approx(0.45 + 0.05 * 0.45)


def test_nothing_assigned_is_measured_too() -> None:
    instance = world([[0.9, 0.5]], wanted=2, high=1)
    row = measure(instance.scores, instance.limits, EMPTY, expert=0.5)
    assert (row["total"], row["rank"], row["envy"], row["missing"], row["idle"]) == (0.0, 0.0, 0.0, 2, 2)
    nothing = world([[0.9, 0.5]], wanted=0, high=1)
    assert measure(nothing.scores, nothing.limits, EMPTY, expert=0.5)["mean"] == 0.0
    assert stability(EMPTY, EMPTY) == 1.0


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_envy_equals_counting_it_pair_by_pair(instance: World) -> None:
    answer = instance.solve("max-total")
    values = np.nan_to_num(instance.scores.values.astype(np.float64))
    sets: dict[int, list[int]] = {}
    for pair in answer.pairs:
        row = instance.scores.submissions.position(pair.submission_id)
        sets.setdefault(row, []).append(instance.scores.reviewers.position(pair.reviewer_id))
    rows = np.array([row for row, columns in sets.items() for _ in columns], dtype=np.int64)
    columns = np.array([column for each in sets.values() for column in each], dtype=np.int64)
    envies = sum(
        values[one, sets[other]].sum() > values[one, sets[one]].sum() + 1e-9
        for one in sets
        for other in sets
        if one != other
    )
    expected = envies / (len(sets) * (len(sets) - 1)) if len(sets) > 1 else 0.0
    assert envy_share(instance.scores.values, rows, columns) == pytest.approx(expected)


def test_stability_is_the_share_in_common() -> None:
    first = world([[0.9, 0.5], [0.8, 0.45]], wanted=1, high=1).solve("max-total")
    half = replace(first, pairs=first.pairs[:1])
    assert stability(first, half) == 0.5
    assert stability(first, first) == 1.0


def test_refused_bids_and_broken_rules_are_counted() -> None:
    plain = two_fields().venue()
    config = MatchConfig(encoder="tfidf", refused_bids="minus", bid_weight=0.0)
    result = match(plain, config)
    pair = result.assignment.pairs[0]
    bid = Bid(SubmissionId(pair.submission_id), PersonId(pair.reviewer_id), "refuse")
    refused = replace(result, venue=replace(plain, bids=(bid,)))
    row = measure_run(refused, expert=0.4)
    assert (row["refused_bids"], row["violations"]) == (1, 0)
    broken = replace(result, assignment=replace(result.assignment, pairs=result.assignment.pairs[1:]))
    assert measure_run(broken, expert=0.4)["violations"] > 0


def test_runs_side_by_side_by_command(tmp_path: Path) -> None:
    venue = two_fields(reviewers=4).venue()
    for name, load in (("wide", 3), ("narrow", 2)):
        match(venue, MatchConfig(encoder="tfidf", max_load=load)).save(tmp_path / name)
    words = ["assignment", str(tmp_path / "wide"), str(tmp_path / "narrow"), "--expert", "0.2"]
    done = CliRunner().invoke(app, [*words, "--json", "--out", str(tmp_path / "out")], obj=["eval"])
    assert done.exit_code == 0, done.output
    plain = json.loads(done.stdout)
    wide, narrow = plain["results"]
    assert (wide["stability"], wide["violations"], narrow["largest_load"]) == (1.0, 0, 2)
    assert wide["total"] >= narrow["total"]
    assert (tmp_path / "out" / "results.json").is_file()
    told = CliRunner().invoke(app, words, obj=["eval"])
    assert "under_2_experts" in told.stdout
