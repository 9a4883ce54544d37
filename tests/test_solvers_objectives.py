"""What the objectives beside the total promise: values known by construction, or by a second computation."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.stats import chi2
from typer.testing import CliRunner

from matcher import cli
from matcher.assignment import redraw, solve_arrays, verify
from matcher.bounds import value_of_goal
from matcher.config import MatchConfig
from matcher.console import goal_facts, print_result
from matcher.errors import ConfigError, DataError
from matcher.pipeline import MatchResult, match
from matcher.records import Assignment, Conflicts, Goal, Marginals, PairStatus
from matcher.solvers import Options, make_solver, network, search
from matcher.solvers.rounding import draw
from tests.contracts.solver import World, all_assignments, world
from tests.test_solvers import few_at_first
from tests.worlds import two_fields

IntArray: TypeAlias = npt.NDArray[np.int64]


def crowded(rows: int, columns: int, *, seed: int, levels: int | None = None, low: int = 0) -> World:
    """A world in which the best reviewers are in demand: a few of them are good at nearly everything."""
    rng = np.random.default_rng(seed)
    values = rng.random((rows, columns)) ** 2 * rng.random(columns)[None, :]
    if levels is not None:
        values = np.ceil(values * levels) / levels
    status = np.where(rng.random((rows, columns)) < 0.05, PairStatus.BLOCKED, PairStatus.ELIGIBLE)
    return world(values, wanted=3, low=low, high=-(-rows * 3 // columns) + 1, status=status)


def goal_of(answer: Assignment) -> Goal:
    assert answer.goal is not None
    return answer.goal


def policy_of(answer: Assignment) -> Marginals:
    assert answer.marginals is not None
    return answer.marginals


def means_of(answer: Assignment, instance: World) -> npt.NDArray[np.float64]:
    sums = np.zeros(len(instance.scores.submissions))
    for pair in answer.pairs:
        sums[instance.scores.submissions.position(pair.submission_id)] += pair.score or 0
    means: npt.NDArray[np.float64] = sums / instance.limits.wanted
    return means


# --- fairness -------------------------------------------------------------------------------------------------------


def test_the_worst_submission_is_raised_though_it_costs_total() -> None:
    # r0 is best for both; the total gives it to s0, the worst served submission is s1 with nothing left.
    instance = world([[0.9, 0.5], [0.6, 0.0]], wanted=1, high=1)
    plain, fair = instance.solve("max-total"), instance.solve("max-min")
    assert plain.objective == pytest.approx(1.1)
    assert fair.objective == pytest.approx(1.1)
    instance = world([[1.0, 0.5], [0.6, 0.2]], wanted=1, high=1)
    plain, fair = instance.solve("max-total"), instance.solve("max-min")
    assert plain.objective == pytest.approx(1.2)
    assert fair.objective == pytest.approx(1.1)
    assert goal_of(fair).value == pytest.approx(0.5)
    assert goal_of(fair).bound >= 0.5 - 1e-9
    assert fair.bound == pytest.approx(1.2, abs=1e-6)


def test_fairness_is_on_the_mean_since_demands_differ() -> None:
    # s1 wants one review and has a mean of 0.5; s0 wants two, and its sum of 0.8 is more, its mean of 0.4 is less.
    answer = world([[0.6, 0.2, 0.1], [0.5, 0.5, 0.5]], wanted=[2, 1], high=1).solve("max-min")
    assert goal_of(answer).value == pytest.approx(0.4)


@pytest.mark.parametrize("objective", ["max-min", "cvar", "leximin"])
@pytest.mark.parametrize("low", [0, 2])
def test_large_problems_come_close_to_what_they_prove(
    objective: str, low: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = crowded(24, 16, seed=4, low=low)
    few_at_first(monkeypatch)
    answer = instance.solve(objective)
    assert verify(answer, instance.scores, instance.limits, Conflicts(())) == ()
    assert goal_of(answer).gap < 0.1  # the fewer submissions, the less whole reviews reach what fractions could
    plain = instance.solve("max-total")
    assert answer.objective <= plain.objective + 1e-6
    counted = goal_of(answer).counted
    tail = goal_of(answer).tail
    ours = value_of_goal(objective, means_of(answer, instance), counted, tail)
    assert ours == pytest.approx(goal_of(answer).value, abs=1e-6)
    assert ours >= value_of_goal(objective, means_of(plain, instance), counted, tail) - 1e-9


@pytest.mark.parametrize("levels", [2, 4])
def test_bids_with_many_equal_scores_are_served_fairly(levels: int) -> None:
    instance = crowded(30, 12, seed=levels, levels=levels)
    fair, plain = instance.solve("max-min"), instance.solve("max-total")
    assert goal_of(fair).gap < 0.35  # reviews are whole: what fractions could reach is out of reach on few levels
    assert means_of(fair, instance).min() >= means_of(plain, instance).min()
    assert verify(fair, instance.scores, instance.limits, Conflicts(())) == ()


def test_the_bound_of_max_min_is_that_of_a_linear_programme() -> None:
    instance = crowded(20, 12, seed=9)
    rows, columns = np.nonzero(instance.limits.eligible)
    count = len(rows)
    values = instance.scores.values[rows, columns].astype(np.float64)
    demand = np.zeros((20, count + 1))
    demand[rows, np.arange(count)] = 1
    loads = np.zeros((12, count + 1))
    loads[columns, np.arange(count)] = 1
    floors = np.zeros((20, count + 1))
    floors[rows, np.arange(count)] = -values / 3
    floors[:, -1] = 1
    found = linprog(
        -np.eye(count + 1)[-1],
        A_ub=np.vstack([loads, floors]),
        b_ub=np.concatenate([instance.limits.max_load, np.zeros(20)]),
        A_eq=demand,
        b_eq=instance.limits.wanted,
        bounds=[(0, 1)] * count + [(None, None)],
    )
    answer = instance.solve("max-min")
    assert goal_of(answer).bound == pytest.approx(-float(found.fun or 0), rel=5e-4)


def test_leximin_goes_on_where_max_min_stops() -> None:
    # s0 can have 0.1 at most. Then s1 and s2 share good reviewers: the total wants 1.0 + 0.3, fairness 0.6 + 0.6.
    values = [[0.1, 0.0, 0.0, 0.0], [0.0, 1.0, 0.6, 0.0], [0.0, 0.6, 0.3, 0.0]]
    instance = world(values, wanted=1, high=1)
    assert sorted(means_of(instance.solve("max-min"), instance)) == pytest.approx([0.1, 0.3, 1.0])
    assert sorted(means_of(instance.solve("leximin"), instance)) == pytest.approx([0.1, 0.6, 0.6])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_mean_of_the_worst_half_is_the_best_of_all_assignments(seed: int) -> None:
    rng = np.random.default_rng(seed)
    instance = world(rng.integers(0, 5, (4, 4)) / 4, wanted=1, high=1)
    answer = instance.solve("cvar", options=Options(tail=0.5))
    every = np.ones(4, dtype=np.bool_)
    best = max(
        value_of_goal("cvar", np.array([instance.scores.values[pair] for pair in pairs]), every, 0.5)
        for pairs in all_assignments(instance)
        if len(pairs) == 4
    )
    assert goal_of(answer).value == pytest.approx(best, abs=2e-3)
    assert goal_of(answer).bound >= best - 1e-6


def test_a_tail_takes_the_last_submission_in_part() -> None:
    means, every = np.array([0.4, 0.1, 0.2, 0.9, 0.3]), np.ones(5, dtype=np.bool_)
    assert value_of_goal("cvar", means, every, 0.2) == pytest.approx(0.1)
    assert value_of_goal("cvar", means, every, 0.3) == pytest.approx((0.1 + 0.2 / 2) / 1.5)
    assert value_of_goal("cvar", means, every, 1.0) == pytest.approx(means.mean())
    assert value_of_goal("max-min", means, ~every, None) == 0.0


def test_required_pairs_count_for_their_submission() -> None:
    status = [[PairStatus.REQUIRED, PairStatus.ELIGIBLE, PairStatus.ELIGIBLE], [PairStatus.ELIGIBLE] * 3]
    instance = world([[0.1, 0.9, 0.8], [0.1, 0.7, 0.6]], wanted=[2, 1], high=1, status=status)
    answer = instance.solve("max-min")
    assert goal_of(answer).value == pytest.approx(0.5)  # (0.1 + 0.9) / 2, and 0.6 for the other
    assert verify(answer, instance.scores, instance.limits, Conflicts(())) == ()


def test_with_nothing_to_be_fair_about_the_total_decides() -> None:
    for objective in ("max-min", "cvar"):
        answer = world([[np.nan]], wanted=1, high=1).solve(objective)
        assert answer.goal is None
        assert len(answer.pairs) == 1


# --- policies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0.3, 0.5, 0.9])
def test_the_policy_is_the_optimum_of_a_linear_programme(limit: float, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = crowded(25, 18, seed=3, low=1)
    few_at_first(monkeypatch)
    answer = instance.solve("randomised", options=Options(probability_limit=limit, draw_seed=5))
    policy = policy_of(answer)
    assert policy.probabilities.max() <= limit
    rows, columns = np.nonzero(instance.limits.eligible)
    by_row, by_column = np.zeros((25, len(rows))), np.zeros((18, len(rows)))
    by_row[rows, np.arange(len(rows))] = 1
    by_column[columns, np.arange(len(rows))] = 1
    found = linprog(
        -instance.scores.values[rows, columns].astype(np.float64),
        A_ub=np.vstack([by_column, -by_column]),
        b_ub=np.concatenate([instance.limits.max_load, -instance.limits.min_load]),
        A_eq=by_row,
        b_eq=instance.limits.wanted,
        bounds=(0, policy.limit / policy.unit),
    )
    assert goal_of(answer).value == pytest.approx(-float(found.fun or 0), abs=1e-5)
    assert goal_of(answer).gap < 1e-6
    assert verify(answer, instance.scores, instance.limits, Conflicts(())) == ()


@pytest.mark.parametrize("strength", [0.2, 1.0])
def test_perturbed_maximisation_is_within_a_thousandth_of_its_bound(
    strength: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = crowded(30, 24, seed=8)
    few_at_first(monkeypatch)
    options = Options(probability_limit=0.8, perturbation=strength, draw_seed=1)
    answer = instance.solve("perturbed", options=options)
    assert goal_of(answer).gap < 1e-3
    assert verify(answer, instance.scores, instance.limits, Conflicts(())) == ()
    plain = instance.solve("randomised", options=options)
    assert len(policy_of(answer).units) > len(policy_of(plain).units)
    assert (policy_of(answer).units ** 2).sum() < (policy_of(plain).units ** 2).sum()


def test_no_perturbation_is_the_plain_policy() -> None:
    instance = crowded(20, 15, seed=2)
    options = Options(perturbation=0.0, draw_seed=1)
    one, two = instance.solve("perturbed", options=options), instance.solve("randomised", options=options)
    assert goal_of(one).value == pytest.approx(goal_of(two).value, abs=1e-6)
    assert goal_of(one).gap < 1e-6


def test_draws_differ_by_seed_and_keep_every_limit() -> None:
    instance = crowded(40, 25, seed=6, low=2)
    answer = instance.solve("randomised")
    draws = [redraw(answer, instance.scores, instance.limits, draw_seed=seed) for seed in range(20)]
    assert len({each.pairs for each in draws}) == 20
    assert draws[3] == redraw(answer, instance.scores, instance.limits, draw_seed=3)
    for each in draws:
        assert each.is_complete
        assert verify(each, instance.scores, instance.limits, Conflicts(())) == ()


def test_without_a_seed_the_system_decides_the_draw() -> None:
    instance = crowded(40, 25, seed=6)
    seeds = {policy_of(instance.solve("randomised", options=Options())).draw_seed for _ in range(3)}
    assert len(seeds) == 3


def test_only_a_policy_can_be_drawn_from() -> None:
    instance = world([[0.5]])
    with pytest.raises(DataError, match="is no policy to draw from"):
        redraw(instance.solve("max-total"), instance.scores, instance.limits, draw_seed=0)


def test_a_limit_of_probabilities_that_means_nobody_is_refused() -> None:
    with pytest.raises(ConfigError, match="probability_limit"):
        make_solver("randomised", Options(probability_limit=0.0))


def test_a_limit_that_leaves_reviews_open_is_a_shortfall_and_a_tight_bound() -> None:
    instance = world([[0.9, 0.5]], wanted=2, high=1)
    answer = instance.solve("randomised", options=Options(probability_limit=0.5, draw_seed=2))
    assert len(answer.pairs) == 1
    assert goal_of(answer).value == pytest.approx(0.7)
    assert goal_of(answer).bound == pytest.approx(0.7)


# --- drawing --------------------------------------------------------------------------------------------------------


def some_policy(seed: int, unit: int = 64) -> tuple[IntArray, IntArray, IntArray]:
    """Random units whose sums over submissions are whole."""
    rng = np.random.default_rng(seed)
    rows, columns, units = [], [], []
    for row in range(5):
        cuts = np.sort(rng.choice(np.arange(1, 2 * unit), 4, replace=False))
        parts = np.diff(np.concatenate([[0], cuts, [2 * unit]]))
        if parts.max() > unit:
            parts = np.array([unit, unit])
        chosen = rng.choice(6, len(parts), replace=False)
        rows += [row] * len(parts)
        columns += chosen.tolist()
        units += parts.tolist()
    return np.array(rows), np.array(columns), np.array(units)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_a_draw_keeps_demand_and_rounds_loads_to_a_neighbour(seed: int, draw_seed: int) -> None:
    rows, columns, units = some_policy(seed)
    chosen = draw(rows, columns, units, 64, seed=draw_seed)
    assert (np.bincount(rows[chosen], minlength=5) == 2).all()
    expected = np.bincount(columns, weights=units, minlength=6) / 64
    loads = np.bincount(columns[chosen], minlength=6)
    assert (loads >= np.floor(expected)).all()
    assert (loads <= np.ceil(expected)).all()
    assert chosen[units == 64].all()


DRAWS = 600


@cache
def counts_of_draws() -> IntArray:
    """How often each pair of a policy was drawn."""
    rows, columns, units = some_policy(12)
    counts: IntArray = np.sum([draw(rows, columns, units, 64, seed=seed) for seed in range(DRAWS)], axis=0)
    return counts


def test_marginals_pass_a_chi_square_test() -> None:
    draws, counts = DRAWS, counts_of_draws()
    chance = some_policy(12)[2] / 64
    open_pairs = (chance > 0) & (chance < 1)
    spread = draws * chance[open_pairs] * (1 - chance[open_pairs])
    statistic = float((((counts - draws * chance)[open_pairs]) ** 2 / spread).sum())
    # The pairs of a draw are correlated, which only narrows the sum; the seeds are fixed, so this is no game of chance.
    assert statistic < chi2.ppf(0.999, int(open_pairs.sum()))
    assert open_pairs.sum() > 10


def test_a_wrong_probability_would_fail_the_chi_square_test() -> None:
    draws, counts = DRAWS, counts_of_draws()
    chance = np.roll(some_policy(12)[2], 1) / 64
    open_pairs = (chance > 0) & (chance < 1)
    spread = draws * chance[open_pairs] * (1 - chance[open_pairs])
    assert float((((counts - draws * chance)[open_pairs]) ** 2 / spread).sum()) > chi2.ppf(0.999, int(open_pairs.sum()))


# --- baselines ------------------------------------------------------------------------------------------------------


def test_greedy_takes_the_best_that_is_free_and_proves_nothing() -> None:
    values = [[0.9, 0.8], [0.7, 0.1]]
    answers = [world(values, wanted=1, high=1).solve("greedy", seed=seed) for seed in range(10)]
    assert {round(answer.objective, 6) for answer in answers} == {1.0, 1.5}  # by who comes first
    assert all(answer.bound is None and answer.goal is None for answer in answers)


def test_random_takes_anybody() -> None:
    instance = world([[0.9, 0.5, 0.1, 0.2]], wanted=1, high=1)
    assert len({instance.solve("random", seed=seed).pairs for seed in range(40)}) == 4


# --- the independent check ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": 0.9}, "max-min is"),
        ({"bound": 0.1}, "the prices prove"),
        ({"shares": None}, "proves nothing"),
        ({"shares": np.full(40, 0.5)}, "do not sum to 1"),
        ({"objective": "randomised"}, "do not go together"),
    ],
)
def test_a_goal_that_was_changed_is_found(change: dict[str, Any], message: str) -> None:
    instance = crowded(40, 25, seed=6)
    answer = instance.solve("max-min")
    changed = replace(answer, goal=replace(goal_of(answer), **change))
    found = verify(changed, instance.scores, instance.limits, Conflicts(()))
    assert any(message in violation.detail for violation in found)


def test_shares_above_what_a_tail_allows_are_found() -> None:
    instance = crowded(40, 25, seed=6)
    answer = instance.solve("cvar")
    shares = np.zeros(40)
    shares[0] = 1.0
    changed = replace(answer, goal=replace(goal_of(answer), shares=shares))
    found = verify(changed, instance.scores, instance.limits, Conflicts(()))
    assert any("is above" in violation.detail for violation in found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda policy: replace(policy, units=policy.units + 600), "above its limit"),
        (lambda policy: replace(policy, units=policy.units * 2, limit=1024), "more reviews than it wants"),
        (lambda policy: replace(policy, units=policy.units * 2, limit=1024), "more than their maximum load"),
        (lambda policy: replace(policy, columns=np.zeros_like(policy.columns)), "two probabilities"),
        (
            lambda policy: replace(policy, rows=policy.rows[:5], columns=policy.columns[:5], units=policy.units[:5]),
            "has no probability",
        ),
    ],
)
def test_a_policy_that_was_changed_is_found(change: object, message: str) -> None:
    instance = crowded(40, 25, seed=6)
    answer = instance.solve("randomised")
    assert callable(change)
    found = verify(
        replace(answer, marginals=change(policy_of(answer))), instance.scores, instance.limits, Conflicts(())
    )
    assert any(message in violation.detail for violation in found)


# --- search ---------------------------------------------------------------------------------------------------------


def test_the_best_of_each_side_are_among_the_first_pairs() -> None:
    rng = np.random.default_rng(1)
    instance = world(rng.random((900, 800)), wanted=2, high=4)
    keys = search.first_pairs(instance.problem(), seed=0)
    assert len(keys) < 900 * 40 + 800 * 40
    best = np.argmax(instance.scores.values, axis=1) + np.arange(900) * 800
    assert np.isin(best, keys).mean() > 0.99
    best = np.argmax(instance.scores.values, axis=0) * 800 + np.arange(800)
    assert np.isin(best, keys).mean() > 0.99


def test_a_world_of_equal_scores_does_not_flood_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_TIED_AT_MOST", 30)
    instance = world(np.full((500, 500), 0.5), wanted=2, high=3)
    keys = search.first_pairs(instance.problem(), seed=0)
    assert len(keys) <= 500 * 30
    answer = solve_arrays(instance.scores, instance.limits, objective="max-total", seed=0)
    assert answer.objective == pytest.approx(500)
    assert answer.gap == pytest.approx(0, abs=1e-6)


def test_prices_of_missing_reviews_outweigh_all_scores_together() -> None:
    for shape, spread in itertools.product(((3, 4), (400, 300)), (0.0, 1.0, 250.0)):
        prices = network.slack_prices(shape, spread)
        swing = (min(shape) + 1) * spread * prices.scale
        assert swing < prices.underload < prices.last_resort < prices.unfilled
        assert prices.unfilled > swing + 2 * prices.underload + prices.last_resort


# --- whole matches --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", ["max-min", "cvar", "randomised", "perturbed", "greedy"])
def test_a_run_folder_keeps_the_proof_and_the_policy(objective: str, tmp_path: Path) -> None:
    config = MatchConfig(encoder="tfidf", objective=objective, draw_seed=4, reviews_per_submission=2, max_load=4)
    result = match(two_fields().venue(), config)
    again = MatchResult.load(result.save(tmp_path / "run"))
    assert again.verify() == ()
    assert again.assignment.pairs == result.assignment.pairs
    facts = goal_facts(again.assignment)
    assert facts == goal_facts(result.assignment)
    policy = again.assignment.marginals
    if objective in ("randomised", "perturbed"):
        assert policy is not None
        assert policy.draw_seed == 4
        assert policy.units.tolist() == policy_of(result.assignment).units.tolist()
        assert redraw(again.assignment, again.scores, again.limits, draw_seed=4).pairs == again.assignment.pairs
    else:
        assert policy is None
    assert (facts is None) == (objective == "greedy")


def test_the_price_of_fairness_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    config = MatchConfig(encoder="tfidf", objective="max-min", reviews_per_submission=2, max_load=4)
    print_result(match(two_fields().venue(), config))
    said = " ".join(capsys.readouterr().out.split())
    assert "worst served submission" in said
    assert "of the largest total" in said


def test_the_report_names_the_goal_and_what_it_costs(tmp_path: Path) -> None:
    config = MatchConfig(encoder="tfidf", objective="max-min", reviews_per_submission=2, max_load=4)
    match(two_fields().venue(), config).save(tmp_path / "run")
    done = CliRunner().invoke(cli.app, ["report", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    page = next(path for path in tmp_path.rglob("*.html")).read_text(encoding="utf-8")
    assert "max-min" in page
    assert "below the largest" in page
