"""Cluster bootstrap: coverage, agreement with the analytic interval, clusters, pairs, seeds, refusals."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from eval import bootstrap
from eval.bootstrap import mean_difference, mean_interval
from matcher.errors import InputError

FLOATS = st.floats(-1e6, 1e6)


def test_the_interval_covers_the_true_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    names = list(range(100))
    samples = rng.normal(3.0, 1.0, size=(400, 100))
    found = [mean_interval(sample, names, rng=number, draws=400) for number, sample in enumerate(samples)]
    covered = np.mean([one.low <= 3.0 <= one.high for one in found])
    assert 0.92 <= covered <= 0.97  # nominal 0.95; standard error 0.011


def test_many_values_give_the_analytic_interval() -> None:
    values = np.random.default_rng(2).exponential(size=4000)
    found = mean_interval(values, list(range(4000)), rng=0, draws=2000)
    half = 1.959964 * values.std(ddof=1) / np.sqrt(4000)
    assert found.point == pytest.approx(values.mean(), abs=1e-12)
    assert found.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_it_agrees_with_scipy() -> None:
    values = np.random.default_rng(3).random(60)
    ours = mean_interval(values, list(range(60)), rng=0, draws=5000, level=0.9)
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=5000, confidence_level=0.9, method="percentile", rng=1
    ).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=0.005)
    assert ours.high == pytest.approx(theirs.high, abs=0.005)


def test_copies_inside_a_cluster_add_no_certainty() -> None:
    values = np.random.default_rng(4).random(50)
    names = [f"q{number}" for number in range(50)]
    alone = mean_interval(values, names, rng=0)
    tenfold = mean_interval(np.repeat(values, 10), [name for name in names for _ in range(10)], rng=0)
    assert tenfold.low == pytest.approx(alone.low, abs=1e-12)
    assert tenfold.high == pytest.approx(alone.high, abs=1e-12)
    assert tenfold.clusters == alone.clusters == 50
    as_if_independent = mean_interval(np.repeat(values, 10), list(range(500)), rng=0)
    assert as_if_independent.high - as_if_independent.low < 0.5 * (alone.high - alone.low)


def test_clusters_of_different_size_weigh_by_their_values() -> None:
    found = mean_interval([0.0, 1.0, 1.0, 1.0], ["a", "b", "b", "b"], rng=0)
    assert found.point == 0.75
    assert (found.low, found.high) == (0.0, 1.0)  # a twice, or b twice


def test_one_cluster_has_an_interval_of_its_own_mean() -> None:
    found = mean_interval([0.2, 0.4], ["q", "q"], rng=0)
    assert found.low == found.point == found.high == pytest.approx(0.3, abs=1e-15)
    assert found.clusters == 1


@given(FLOATS, st.integers(2, 20))
def test_equal_values_have_an_interval_without_width(value: float, count: int) -> None:
    found = mean_interval([value] * count, list(range(count)), rng=0, draws=20)
    assert found.low == found.point == found.high


@given(st.lists(FLOATS, min_size=1, max_size=12), st.integers(0, 5))
def test_the_interval_lies_within_the_values(values: list[float], seed: int) -> None:
    found = mean_interval(values, list(range(len(values))), rng=seed, draws=50)
    room = 1e-9 * (1 + max(map(abs, values)))
    assert min(values) - room <= found.low <= found.high <= max(values) + room


def test_the_seed_decides_the_draws() -> None:
    values = np.random.default_rng(5).random(30)
    names = list(range(30))
    assert mean_interval(values, names, rng=7) == mean_interval(values, names, rng=np.random.default_rng(7))
    assert mean_interval(values, names, rng=7) != mean_interval(values, names, rng=8)


def test_the_names_of_clusters_do_not_matter() -> None:
    values = np.random.default_rng(6).random(30)
    assert mean_interval(values, list(range(30)), rng=0) == mean_interval(values, [f"q{-i}" for i in range(30)], rng=0)


def test_blocks_of_draws_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(7).random(30)
    whole = mean_interval(values, list(range(30)), rng=0)
    monkeypatch.setattr("eval.bootstrap._BLOCK_VALUES", 70)
    assert mean_interval(values, list(range(30)), rng=0) == whole


# --- pairs ----------------------------------------------------------------------------------------------------------


@given(st.lists(FLOATS, min_size=1, max_size=12), st.integers(0, 5))
def test_identical_systems_differ_by_exactly_nothing(values: list[float], seed: int) -> None:
    found = mean_difference(values, values, list(range(len(values))), rng=seed, draws=50)
    assert (found.low, found.point, found.high) == (0.0, 0.0, 0.0)


def test_a_constant_lead_is_certain_however_much_the_values_vary() -> None:
    values = np.random.default_rng(8).normal(0, 100, size=40).round()
    found = mean_difference(values + 2, values, list(range(40)), rng=0)
    assert (found.low, found.point, found.high) == (2.0, 2.0, 2.0)


def test_pairs_are_drawn_together() -> None:
    rng = np.random.default_rng(9)
    hard = rng.normal(0, 1, size=200)  # how hard each query is, for both systems
    first, second = hard + 0.1, hard + rng.normal(0, 0.1, size=200)
    names = list(range(200))
    paired = mean_difference(first, second, names, rng=0)
    assert paired.low > 0.05
    one, other = mean_interval(first, names, rng=0), mean_interval(second, names, rng=0)
    assert one.low < other.point  # each alone cannot tell them apart
    swapped = mean_difference(second, first, names, rng=0)
    assert (swapped.low, swapped.high) == pytest.approx((-paired.high, -paired.low), abs=1e-12)


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "clusters"), [([], []), ([1.0], ["a", "b"]), ([[1.0, 2.0]], ["a"]), ([1.0, float("nan")], ["a", "b"])]
)
def test_values_that_cannot_be_drawn_are_refused(values: list[float], clusters: list[str]) -> None:
    with pytest.raises(InputError, match="a bootstrap needs"):
        mean_interval(values, clusters, rng=0)


@pytest.mark.parametrize(("draws", "level"), [(0, 0.95), (10, 0.0), (10, 1.0)])
def test_draws_and_level_have_a_range(draws: int, level: float) -> None:
    with pytest.raises(InputError, match="allowed are draws"):
        mean_interval([1.0], ["a"], rng=0, draws=draws, level=level)


def test_pairs_need_one_shape() -> None:
    with pytest.raises(InputError, match="one shape"):
        mean_difference([1.0, 2.0], [1.0], ["a", "b"], rng=0)


def test_examples_in_docstrings() -> None:
    found = doctest.testmod(bootstrap)
    assert found.attempted == 7
    assert not found.failed
