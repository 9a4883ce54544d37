"""`eval policy`: curves and estimators against values by hand, second computations and many simulated draws."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

from eval.__main__ import main
from eval.policy import Logged, bounds, covariances, estimates, policy_of, redraw_often, value_rows
from eval.smooth import fit_rising, fit_slope
from matcher.config import MatchConfig
from matcher.errors import InputError
from matcher.pipeline import match
from matcher.solvers import Options
from matcher.solvers.rounding import draw
from tests.contracts.solver import World, world
from tests.worlds import two_fields

Doubles = npt.NDArray[np.float64]

# --- curves ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slope", [0.0, 0.5, 2.0, 50.0])
def test_a_curve_with_a_slope_is_what_a_general_optimiser_finds(slope: float) -> None:
    rng = np.random.default_rng(3)
    at, outcomes = np.round(rng.random(10), 2), rng.integers(1, 6, 10).astype(float)
    curve = fit_slope(at, outcomes, slope)
    places = np.searchsorted(curve.at, at)
    steps, widest = np.diff(np.eye(len(curve.at)), axis=0), slope * np.diff(curve.at)

    def distance(values: Doubles) -> float:
        return float(((values[places] - outcomes) ** 2).sum())

    found = minimize(
        distance,
        np.full(len(curve.at), outcomes.mean()),
        constraints=[LinearConstraint(steps, -widest - 1e-12, widest + 1e-12)],
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-12},
    )
    assert distance(curve.values) == pytest.approx(found.fun, abs=1e-6)
    assert curve.values == pytest.approx(found.x, abs=1e-3)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(1, 5)), min_size=1, max_size=30),
    st.floats(0, 20),
)
def test_curves_keep_their_promise(points: list[tuple[float, int]], slope: float) -> None:
    at, outcomes = np.array([each[0] for each in points]), np.array([float(each[1]) for each in points])
    rising, bounded = fit_rising(at, outcomes), fit_slope(at, outcomes, slope)
    assert (np.diff(rising.values) >= -1e-9).all()
    assert (np.abs(np.diff(bounded.values)) <= slope * np.diff(bounded.at) + 1e-9).all()
    for curve in (rising, bounded):
        counts = [np.round(at, 3).tolist().count(point) for point in curve.at.tolist()]
        assert np.average(curve.values, weights=counts) == pytest.approx(outcomes.mean())


def test_what_a_shape_allows_between_and_beyond_its_points() -> None:
    at, outcomes = np.array([0.2, 0.6]), np.array([2.0, 3.0])
    points = np.array([0.1, 0.2, 0.4, 0.9, np.nan])
    low, high = fit_rising(at, outcomes).between(points, 1, 5)
    assert low.tolist() == [1, 2, 2, 3, 1]
    assert high.tolist() == [2, 2, 3, 5, 5]
    low, high = fit_slope(at, outcomes, 5.0).between(points, 1, 5)
    assert low == pytest.approx([1.5, 2, 2, 1.5, 1])
    assert high == pytest.approx([2.5, 2, 3, 4.5, 5])


# --- policies -------------------------------------------------------------------------------------------------------


def lottery() -> World:
    return world(np.random.default_rng(0).random((12, 10)), wanted=3, high=5)


def test_a_policy_gives_every_submission_what_it_wants() -> None:
    instance = lottery()
    drawn = instance.solve("randomised", options=Options(probability_limit=0.5, draw_seed=1))
    chances = policy_of(drawn, instance.scores, instance.limits)
    assert sum(chances.values()) == pytest.approx(36)
    assert max(chances.values()) == pytest.approx(0.5)
    fixed = instance.solve("max-total")
    assert set(policy_of(fixed, instance.scores, instance.limits).values()) == {1.0}
    assert redraw_often(fixed, instance.scores, instance.limits, count=9, rng=0) == [
        frozenset((pair.submission_id, pair.reviewer_id) for pair in fixed.pairs)
    ]


def test_a_required_pair_is_certain_in_every_draw() -> None:
    from matcher.records import PairStatus

    instance = lottery()
    status = instance.limits.status.copy()
    status[0, 0] = PairStatus.REQUIRED
    instance = World(instance.scores, replace(instance.limits, status=status))
    drawn = instance.solve("randomised", options=Options(probability_limit=0.5, draw_seed=1))
    pair = (instance.scores.submissions.ids[0], instance.scores.reviewers.ids[0])
    assert policy_of(drawn, instance.scores, instance.limits)[pair] == 1
    for pairs in redraw_often(drawn, instance.scores, instance.limits, count=20, rng=0):
        assert pair in pairs
        assert len(pairs) == 36


def test_covariances_of_one_review_between_two() -> None:
    chance = np.array([0.25, 0.75, 0.5])
    rng = np.random.default_rng(0)
    first = rng.random(20_000) < 0.25
    draws = sp.csr_array(np.column_stack([first, ~first, rng.random(20_000) < 0.5]).astype(float))
    found = covariances(draws, chance, np.array([0, 0, 1])).toarray()
    assert np.diag(found) == pytest.approx([0.1875, 0.1875, 0.25])
    assert found[0, 1] == found[1, 0] == pytest.approx(-0.1875)
    assert found[0, 2] == found[1, 2] == 0


class Setting:
    """A logged policy and another one, from which outcomes are drawn again and again."""

    def __init__(self, size: int = 26, *, redraws: int = 600) -> None:
        rng = np.random.default_rng(4)
        base = rng.random((size, size - 5))
        logged = world(base, wanted=3, high=5)
        other = world(0.7 * base + 0.3 * rng.random(base.shape), wanted=3, high=5)
        drawn = logged.solve("perturbed", options=Options(probability_limit=0.5, perturbation=0.5, draw_seed=1))
        target = other.solve("perturbed", options=Options(probability_limit=0.9, perturbation=0.5, draw_seed=1))
        assert drawn.marginals is not None
        assert target.marginals is not None
        self.policy = drawn.marginals
        goal = np.zeros(base.shape)
        goal[target.marginals.rows, target.marginals.columns] = target.marginals.probabilities
        rows, columns, chance = self.policy.rows, self.policy.columns, self.policy.probabilities
        self.draws = sp.csr_array(np.array([self.draw(10**6 + seed) for seed in range(redraws)]).astype(float))
        wanted = goal[rows, columns].copy()
        goal[rows, columns] = 0
        outside = np.nonzero(goal)
        self.log = Logged(
            submissions=rows,
            reviewers=columns,
            chance=chance,
            target=wanted,
            scores=base[rows, columns],
            assigned=np.zeros(len(rows), dtype=np.bool_),
            outcomes=np.full(len(rows), np.nan),
            draws=self.draws,
            in_submissions=covariances(self.draws, chance, rows),
            in_reviewers=covariances(self.draws, chance, columns),
            outside=goal[outside],
            outside_scores=base[outside],
        )

    def draw(self, seed: int) -> npt.NDArray[np.bool_]:
        policy = self.policy
        return draw(policy.rows, policy.columns, policy.units, policy.unit, seed=seed)

    def outcomes(self, kind: str, rng: np.random.Generator) -> Doubles:
        """(K,) ratings: noise alone; reviewers and submissions differ; whole numbers that rise with the score."""
        log = self.log
        noise = rng.normal(size=len(log.chance))
        submissions = rng.normal(size=log.submissions.max() + 1)[log.submissions]
        reviewers = rng.normal(size=log.reviewers.max() + 1)[log.reviewers]
        found: Doubles = {
            "noise": 3 + noise,
            "people": 3 + 0.4 * submissions + 0.8 * reviewers + 0.4 * noise,
            "ratings": np.clip(np.round(2 + 2 * log.scores + 0.6 * reviewers + 0.4 * submissions + 0.7 * noise), 1, 5),
        }[kind]
        return found

    def drawn(self, seed: int, outcomes: Doubles) -> Logged:
        assigned = self.draw(seed)
        return replace(self.log, assigned=assigned, outcomes=np.where(assigned, outcomes, np.nan))


@pytest.fixture(scope="module")
def setting() -> Setting:
    return Setting()


def covered_by_intervals(setting: Setting, kind: str, runs: int) -> dict[str, float]:
    """Share of simulations, each with outcomes of its own, in which an interval holds the truth."""
    rng, log = np.random.default_rng(11), setting.log
    hits: dict[str, int] = {}
    for seed in range(runs):
        outcomes = setting.outcomes(kind, rng)
        plain = float(log.chance @ outcomes / log.chance.sum())
        value = float(log.target @ outcomes / log.target.sum())
        truth = {"logged": plain, "weighted": value, "normalised": value, "difference": value - plain}
        for name, estimate in estimates(setting.drawn(seed, outcomes)).items():
            low, high = estimate.ends()
            hits[name] = hits.get(name, 0) + (low <= truth[name] <= high)
    assert set(hits) == set(truth)
    return {name: count / runs for name, count in hits.items()}


def test_intervals_hold_the_truth_in_95_of_100_draws(setting: Setting) -> None:
    found = covered_by_intervals(setting, "ratings", 1000)
    assert all(0.93 <= share <= 0.97 for share in found.values()), found


@pytest.mark.long
@pytest.mark.parametrize("kind", ["noise", "people"])
def test_intervals_hold_the_truth_whatever_makes_outcomes_alike(setting: Setting, kind: str) -> None:
    found = covered_by_intervals(setting, kind, 1000)
    assert all(0.93 <= share <= 0.97 for share in found.values()), found


@pytest.mark.long
def test_bounds_hold_a_truth_that_lies_at_their_end(setting: Setting) -> None:
    """What was never assigned, or gave no outcome, is as bad as can be: only one end can be missed, 5 % of the time."""
    rng, log = np.random.default_rng(7), setting.log
    lost = rng.random(len(log.chance)) < 0.1
    hits, runs = 0, 1000
    for seed in range(runs):
        outcomes = np.where(lost, 1.0, setting.outcomes("ratings", rng))
        one = setting.drawn(seed, outcomes)
        one = replace(one, outcomes=np.where(lost, np.nan, one.outcomes))
        truth = (log.target @ outcomes + log.outside.sum()) / log.reviews
        low, high = bounds(one, 1, 5).ends
        hits += low <= truth <= high
    assert 0.93 <= hits / runs <= 0.97


def test_a_constant_outcome_is_the_value_of_every_policy(setting: Setting) -> None:
    one = setting.drawn(5, np.full(len(setting.log.chance), 4.0))
    found = estimates(one)
    assert [found[name].value for name in ("logged", "normalised", "difference")] == pytest.approx([4, 4, 0])
    assert [found[name].error for name in ("logged", "normalised", "difference")] == pytest.approx([0, 0, 0], abs=1e-6)
    assert found["weighted"].error > 0.01  # the sum of weights is a matter of chance


def test_the_same_policy_has_the_value_that_was_seen(setting: Setting) -> None:
    outcomes = setting.outcomes("ratings", np.random.default_rng(1))
    one = replace(
        setting.drawn(3, outcomes), target=setting.log.chance, outside=np.empty(0), outside_scores=np.empty(0)
    )
    found = estimates(one)
    seen = outcomes[one.assigned].mean()
    assert [found[name].value for name in ("weighted", "normalised", "difference")] == pytest.approx([seen, seen, 0])
    assert found["difference"].error == pytest.approx(0, abs=1e-9)
    for fit in (None, fit_rising):
        everything = bounds(one, 1, 5, fit)
        assert everything.low == everything.high == pytest.approx(seen)
        assert everything.ends == pytest.approx(found["normalised"].ends(), rel=1e-6)


def certain(outcomes: list[float], target: list[float], outside: list[float], scores: list[float]) -> Logged:
    """A run that drew nothing, one pair for each submission and reviewer."""
    count = len(outcomes)
    chance, groups = np.ones(count), np.arange(count)
    draws = sp.csr_array(np.ones((1, count)))
    return Logged(
        submissions=groups,
        reviewers=groups,
        chance=chance,
        target=np.array(target),
        scores=np.array(scores[:count]),
        assigned=np.ones(count, dtype=np.bool_),
        outcomes=np.array(outcomes),
        draws=draws,
        in_submissions=covariances(draws, chance, groups),
        in_reviewers=covariances(draws, chance, groups),
        outside=np.array(outside),
        outside_scores=np.array(scores[count:]),
    )


def test_bounds_by_hand() -> None:
    log = certain([2.0, 4.0, np.nan], [1.0, 0.0, 1.0], [1.0], [0.2, 0.6, 0.4, 0.8])
    nothing = bounds(log, 1, 5)
    assert [nothing.low, nothing.high] == pytest.approx([(2 + 1 + 1) / 3, (2 + 5 + 5) / 3])
    assert nothing.ends == pytest.approx((nothing.low, nothing.high))  # nothing was left to chance
    rising = bounds(log, 1, 5, fit_rising)
    assert [rising.low, rising.high] == pytest.approx([(2 + 2 + 4) / 3, (2 + 4 + 5) / 3])
    steep = bounds(log, 1, 5, lambda at, outcomes: fit_slope(at, outcomes, 5.0))
    assert [steep.low, steep.high] == pytest.approx([(2 + 3 + 3) / 3, (2 + 3 + 5) / 3])
    assert rising.ends[0] <= rising.low < rising.high <= rising.ends[1]
    assert "weighted" not in estimates(log)


def test_without_any_score_nothing_but_the_range_bounds() -> None:
    log = certain([2.0, 4.0], [1.0, 0.0], [1.0], [np.nan, np.nan, 0.5])
    assert bounds(log, 1, 5, fit_rising) == bounds(log, 1, 5)


def test_the_shape_of_a_curve_narrows_the_bounds_and_keeps_the_truth(setting: Setting) -> None:
    log = setting.log
    assert len(log.outside) > 20
    truth = (log.target @ (1 + 4 * log.scores) + log.outside @ (1 + 4 * log.outside_scores)) / log.reviews
    one = setting.drawn(2, 1 + 4 * log.scores)
    rows = {row["estimator"]: row for row in value_rows(one, least=1, most=5, slopes=[4.0])}
    widths = [rows[name]["high"] - rows[name]["low"] for name in ("manski", "monotone", "lipschitz 4")]
    assert widths[1] < 0.5 * widths[0]
    assert widths[2] < 0.5 * widths[0]
    for row in rows.values():
        if row["low"] is not None:
            assert row["from"] <= truth <= row["to"]
            assert row["from"] <= row["low"] <= row["high"] <= row["to"]


def test_far_ends_are_each_missed_on_one_side_only() -> None:
    from eval.policy import _reach

    assert _reach(0.0, 1.0) == pytest.approx(1.959964, abs=1e-5)
    assert _reach(100.0, 1.0) == pytest.approx(1.644854, abs=1e-5)
    assert _reach(1.0, 0.0) == 0


# --- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path, list[tuple[str, str]]]:
    venue = two_fields(reviewers=6, submissions=5).venue()
    config = MatchConfig(encoder="tfidf", objective="randomised", probability_limit=0.5, draw_seed=3)
    first = match(venue, config)
    first.save(tmp_path / "first")
    match(venue, replace(config, probability_limit=0.8, objective="perturbed")).save(tmp_path / "second")
    pairs = [(pair.submission_id, pair.reviewer_id) for pair in first.assignment.pairs]
    return tmp_path / "first", tmp_path / "second", [(str(one), str(other)) for one, other in pairs]


def call(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> Any:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    shown = capsys.readouterr()
    assert caught.value.code == code, shown.err
    return re.sub(r"\s+", " ", shown.err) if code else json.loads(shown.out) | {"notes": shown.err}


def write(path: Path, rows: Sequence[tuple[str, str, float]]) -> Path:
    lines = ["submission_id,reviewer_id,outcome", *(f"{one},{other},{value}" for one, other, value in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_command_values_one_run_by_another(
    runs: tuple[Path, Path, list[tuple[str, str]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, pairs = runs
    rated = [(one, other, 1 + number % 5) for number, (one, other) in enumerate(pairs)]
    file = write(tmp_path / "quality.csv", rated)
    options = ("--least", 1, "--most", 5, "--redraws", 50, "--json")
    found = call(capsys, "policy", first, second, "--outcomes", file, *options, "--lipschitz", 3)
    by_name = {row["estimator"]: row for row in found["results"]}
    assert list(by_name) == [
        "logged", "weighted", "normalised", "difference", "manski", "monotone", "lipschitz 3",
    ]  # fmt: skip
    assert by_name["logged"]["value"] == pytest.approx(np.mean([row[2] for row in rated]))
    assert found["facts"]["outcomes"] == len(pairs)
    again = call(capsys, "policy", first, second, "--outcomes", file, *options, "--lipschitz", 3)
    assert again["results"] == found["results"]
    some = write(tmp_path / "some.csv", rated[:-2])
    fewer = call(capsys, "policy", first, second, "--outcomes", some, *options)
    assert fewer["facts"]["assigned_without_outcome"] == 2
    assert "weighted" not in {row["estimator"] for row in fewer["results"]}


def test_what_cannot_be_valued_is_said(
    runs: tuple[Path, Path, list[tuple[str, str]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, pairs = runs
    file = write(tmp_path / "quality.csv", [(one, other, 7) for one, other in pairs])
    policy: tuple[object, ...] = ("policy", first, second, "--outcomes", file, "--redraws", 50)
    assert "outcomes are from 7 to 7, not within 1 and 5" in call(capsys, *policy, "--least", 1, "--most", 5, code=1)
    assert "--least must be below --most" in call(capsys, *policy, "--least", 5, "--most", 5, code=1)
    write(file, [])
    assert "there is no outcome" in call(capsys, *policy, "--least", 1, "--most", 5, code=1)
    write(file, [("pruning-s0", "nobody", 3)])
    assert "'nobody' was not assigned to 'pruning-s0'" in call(capsys, *policy, "--least", 1, "--most", 5, code=1)


def test_a_policy_without_a_pair_in_common_has_no_value() -> None:
    log = certain([2.0, 4.0], [0.0, 0.0], [1.0], [0.1, 0.2, 0.3])
    with pytest.raises(InputError, match="nothing is known of its value"):
        estimates(log)


def test_a_certain_run_says_that_it_drew_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    venue = two_fields(reviewers=6, submissions=5).venue()
    plain = match(venue, MatchConfig(encoder="tfidf", objective="max-total"))
    plain.save(tmp_path / "plain")
    match(venue, MatchConfig(encoder="tfidf", objective="randomised", draw_seed=1)).save(tmp_path / "drawn")
    rated = [(pair.submission_id, pair.reviewer_id, 3.0) for pair in plain.assignment.pairs]
    file = write(tmp_path / "quality.csv", [(str(one), str(other), value) for one, other, value in rated])
    options = ("--outcomes", file, "--least", 1, "--most", 5, "--redraws", 50, "--json")
    found = call(capsys, "policy", tmp_path / "plain", tmp_path / "drawn", *options)
    assert "RUN drew nothing" in found["notes"]
    assert found["facts"]["covered"] < 1
    assert "could never assign" in re.sub(r"\s+", " ", found["notes"])
