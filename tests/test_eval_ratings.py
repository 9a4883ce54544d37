"""Measures of rated pairs: by hand, by a second computation, by scipy; verdicts, power and the randomisation test."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, permutation_test

from eval.bootstrap import (
    BETTER,
    UNDECIDED,
    WORSE,
    Interval,
    detectable,
    mean_interval,
    ratio_difference,
    ratio_interval,
    sign_flip_p,
    verdict,
)
from eval.ratings import compare_tallies, rated_pairs, scores_of, summarise_tally, tally
from matcher.errors import InputError

RATINGS = {"ann": {"p": 5.0, "q": 4.0, "r": 1.0}, "bob": {"p": 2.0, "s": 4.5, "t": 2.0}}


def by_hand(ratings: dict[str, dict[str, float]], table: dict[str, dict[str, float]]) -> tuple[float, float, float]:
    """The definition once more, pair by pair, in plain Python."""
    cost = weight = 0.0
    right = {"easy": 0, "hard": 0}
    count = {"easy": 0, "hard": 0}
    for who, rated in ratings.items():
        for one, other in combinations(rated, 2):
            truth, said = rated[one] - rated[other], table[who][one] - table[who][other]
            if truth == 0:
                continue
            weight += abs(truth)
            cost += abs(truth) * (0.5 if said == 0 else float(said * truth < 0))
            low, high = sorted((rated[one], rated[other]))
            kind = "hard" if low >= 4 else "easy" if high >= 4 and low <= 2 else None
            if kind:
                count[kind] += 1
                right[kind] += said * truth > 0
    easy, hard = (right[kind] / count[kind] if count[kind] else -1 for kind in ("easy", "hard"))
    return cost / weight, easy, hard


def test_a_case_worked_out_on_paper() -> None:
    rated = rated_pairs(RATINGS)
    # ann: p-q weight 1 hard, p-r weight 4 easy, q-r weight 3 easy; bob: p-s 2.5 easy, s-t 2.5 easy; p-t is a tie.
    assert (len(rated.first), int(rated.easy.sum()), int(rated.hard.sum())) == (5, 4, 1)
    table = {"ann": {"p": 0.1, "q": 0.9, "r": 0.1}, "bob": {"p": 0.3, "s": 0.7, "t": 0.8}}
    # p-q wrong 1, p-r equal 2, q-r right; p-s right, s-t wrong 2.5; out of 13.
    row = summarise_tally(rated, tally(rated, scores_of(rated, table), name="x"), rng=0)
    assert row["loss"] == pytest.approx(5.5 / 13)
    assert row["easy"] == pytest.approx(2 / 4)
    assert row["hard"] == 0.0
    assert (row["loss"], row["easy"], row["hard"]) == pytest.approx(by_hand(RATINGS, table))


@pytest.mark.parametrize(("factor", "loss", "easy", "hard"), [(1, 0, 1, 1), (-1, 1, 0, 0), (0, 0.5, 0, 0)])
def test_perfect_reversed_and_constant_scores(factor: int, loss: float, easy: float, hard: float) -> None:
    rated = rated_pairs(RATINGS)
    table = {who: {paper: factor * value for paper, value in papers.items()} for who, papers in RATINGS.items()}
    row = summarise_tally(rated, tally(rated, scores_of(rated, table), name="x"), rng=0)
    assert (row["loss"], row["easy"], row["hard"]) == (loss, easy, hard)
    assert row["interval"]["loss"] == [loss, loss]


def test_a_missing_score_costs_as_much_as_a_tie_and_is_counted() -> None:
    rated = rated_pairs(RATINGS)
    table = {"ann": {"p": 3.0, "q": 2.0}, "bob": {"p": 1.0, "s": 2.0, "t": 1.0}}
    found = tally(rated, scores_of(rated, table), name="x")
    assert found.unscored == 1
    assert summarise_tally(rated, found, rng=0)["loss"] == pytest.approx((4 + 3) / 2 / 13)


ratings_of = st.dictionaries(
    st.sampled_from("abcd"),
    st.dictionaries(
        st.sampled_from("pqrstu"), st.sampled_from([1.0, 1.75, 2.0, 3.0, 4.0, 4.25, 5.0]), min_size=2, max_size=6
    ),
    min_size=1,
)


@given(ratings=ratings_of, data=st.data())
@settings(max_examples=60)
def test_it_equals_the_definition_pair_by_pair(ratings: dict[str, dict[str, float]], data: st.DataObject) -> None:
    if all(len(set(papers.values())) == 1 for papers in ratings.values()):
        with pytest.raises(InputError, match="nobody rated two papers differently"):
            rated_pairs(ratings)
        return
    levels = st.sampled_from([0.0, 0.25, 0.5, 1.0])
    table = {who: {paper: data.draw(levels) for paper in papers} for who, papers in ratings.items()}
    rated = rated_pairs(ratings)
    row = summarise_tally(rated, tally(rated, scores_of(rated, table), name="x"), rng=0, draws=20)
    found = [-1 if row[name] is None else row[name] for name in ("loss", "easy", "hard")]
    assert found == pytest.approx(by_hand(ratings, table))
    assert 0 <= row["loss"] <= 1


def test_with_two_levels_of_rating_the_loss_is_half_of_one_minus_scipys_tau() -> None:
    rng = np.random.default_rng(3)
    rated_values = np.arange(8.0) % 2 + 2  # all pairs of different ratings weigh 1
    scores = rng.permutation(8).astype(float)
    papers = [f"p{number}" for number in range(8)]
    rated = rated_pairs({"ann": dict(zip(papers, rated_values, strict=True))})
    row = summarise_tally(rated, tally(rated, scores, name="x"), rng=0)
    tau_b = kendalltau(rated_values, scores).statistic
    pairs, untied = 28, 16
    tau_among_untied = tau_b * np.sqrt(pairs * untied) / untied
    assert row["loss"] == pytest.approx((1 - tau_among_untied) / 2)
    assert row["easy"] is None
    assert row["interval"]["easy"] is None


def test_the_mean_over_data_sets_is_the_mean_of_their_losses() -> None:
    rated = rated_pairs(RATINGS)
    rng = np.random.default_rng(0)
    table = rng.random((10, len(rated.items)))
    losses = [summarise_tally(rated, tally(rated, one, name="x"), rng=0)["loss"] for one in table]
    assert summarise_tally(rated, tally(rated, table, name="x"), rng=0)["loss"] == pytest.approx(np.mean(losses))
    with pytest.raises(InputError, match="rated items are wanted"):
        tally(rated, table[:, 1:], name="x")


def people(count: int, *, seed: int) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(seed)
    return {f"w{who}": {f"p{paper}": float(rng.integers(4, 21)) / 4 for paper in range(8)} for who in range(count)}


def test_better_is_said_only_where_the_paired_interval_excludes_0() -> None:
    ratings = people(20, seed=1)
    rated = rated_pairs(ratings)
    rng = np.random.default_rng(2)
    truth = scores_of(rated, ratings)
    close, noisy = (tally(rated, truth + rng.normal(0, width, truth.shape), name=f"{width}") for width in (0.5, 5.0))
    row = compare_tallies(rated, close, noisy, rng=0)
    assert row["to"] == "5.0"
    assert row["verdict"] == {"loss": BETTER, "easy": BETTER, "hard": UNDECIDED}  # too few hard pairs
    assert row["hard"][1] < 0 < row["hard"][2]
    assert row["loss"][2] < 0 < row["easy"][1]
    assert row["p"]["loss"] == pytest.approx(1 / 1001)
    back = compare_tallies(rated, noisy, close, rng=0)
    assert back["verdict"]["loss"] == WORSE
    assert back["loss"][0] == pytest.approx(-row["loss"][0])
    itself = compare_tallies(rated, close, close, rng=0)
    assert itself["loss"] == [0, 0, 0]
    assert itself["verdict"]["loss"] == UNDECIDED
    assert itself["p"]["loss"] == 1
    assert itself["detectable"]["loss"] == 0


def test_measures_without_pairs_are_not_compared() -> None:
    rated = rated_pairs({"ann": {"p": 2.0, "q": 3.0}})
    one = tally(rated, [1.0, 2.0], name="one")
    assert compare_tallies(rated, one, one, rng=0)["verdict"] == {"loss": UNDECIDED}


def test_one_participant_decides_nothing() -> None:
    rated = rated_pairs({"ann": {"p": 1.0, "q": 5.0}})
    right, wrong = tally(rated, [1.0, 2.0], name="right"), tally(rated, [2.0, 1.0], name="wrong")
    row = compare_tallies(rated, right, wrong, rng=0)
    assert row["loss"] == [-1, -1, -1]
    assert row["verdict"]["loss"] == UNDECIDED


# --- ratios ---------------------------------------------------------------------------------------------------------


def test_ratio_interval_equals_a_bootstrap_over_participants_written_out() -> None:
    rng = np.random.default_rng(5)
    clusters = [f"c{number % 7}" for number in range(40)]
    parts, wholes = rng.random(40), rng.random(40) + 0.1
    found = ratio_interval(parts, wholes, clusters, rng=9, draws=500)
    again = np.random.default_rng(9)
    members = [np.flatnonzero([cluster == f"c{number}" for cluster in clusters]) for number in range(7)]
    drawn = []
    for chosen in again.integers(7, size=(500, 7)):
        rows = np.concatenate([members[number] for number in chosen])
        drawn.append(parts[rows].sum() / wholes[rows].sum())
    assert found.point == pytest.approx(parts.sum() / wholes.sum())
    assert [found.low, found.high] == pytest.approx(list(np.quantile(drawn, [0.025, 0.975])))
    assert found.error == pytest.approx(np.std(drawn))
    assert found.clusters == 7


def test_draws_without_a_whole_are_left_out() -> None:
    found = ratio_interval([1.0, 0.0], [2.0, 0.0], ["a", "b"], rng=0, draws=50)
    assert (found.point, found.low, found.high) == (0.5, 0.5, 0.5)
    # The one draw of this seed takes the second cluster twice.
    seed = next(seed for seed in range(100) if np.random.default_rng(seed).integers(2, size=(1, 2)).min() == 1)
    assert ratio_interval([1.0, 0.0], [2.0, 0.0], ["a", "b"], rng=seed, draws=1).low == 0.5


@pytest.mark.parametrize("wholes", [[0.0, 0.0], [1.0, -1.0]])
def test_wholes_are_checked(wholes: list[float]) -> None:
    with pytest.raises(InputError, match="wholes from 0 up"):
        ratio_interval([1.0, 1.0], wholes, ["a", "b"], rng=0)
    with pytest.raises(InputError, match="one shape"):
        ratio_difference([1.0], [1.0, 2.0], wholes, ["a", "b"], rng=0)


def test_detectable_is_what_power_analysis_says() -> None:
    values = np.random.default_rng(0).normal(0, 1, 400)
    found = mean_interval(values, list(range(400)), rng=0, draws=4000)
    assert found.error == pytest.approx(values.std() / 20, rel=0.05)
    assert detectable(found) == pytest.approx(2.8016 * found.error, rel=1e-4)
    # A true difference of that size is found in about four of five studies.
    rng = np.random.default_rng(1)
    studies = rng.normal(detectable(found), found.error, 20_000)
    assert (studies > 1.959964 * found.error).mean() == pytest.approx(0.8, abs=0.01)


def test_the_randomisation_test_agrees_with_scipy() -> None:
    rng = np.random.default_rng(4)
    differences = rng.normal(0.35, 1, 12)  # 4,096 sign patterns: scipy takes all of them

    def mean(values: Any, axis: int = -1) -> Any:
        return np.mean(values, axis=axis)

    exact = permutation_test((differences,), mean, permutation_type="samples", n_resamples=10_000).pvalue
    found = sign_flip_p(differences, list(range(12)), rng=0, draws=20_000)
    assert found == pytest.approx(exact, abs=0.01)
    assert 0.05 < exact < 0.95


def test_signs_are_flipped_for_whole_clusters() -> None:
    values = np.ones(10)
    assert sign_flip_p(values, ["one"] * 10, rng=0) == 1  # the one cluster is as far from 0 under either sign
    assert sign_flip_p(values, list(range(10)), rng=0, draws=4000) == pytest.approx(2 / 1024, abs=0.002)


def test_verdicts() -> None:
    up, down = Interval(0.1, 0.01, 0.2, 10, 6), Interval(-0.1, -0.2, -0.01, 10, 6)
    assert verdict(up, higher_is_better=True) == verdict(down, higher_is_better=False) == BETTER
    assert verdict(down, higher_is_better=True) == verdict(up, higher_is_better=False) == WORSE
    assert verdict(Interval(0.1, 0.0, 0.2, 10, 6), higher_is_better=True) == UNDECIDED
    assert verdict(replace(up, clusters=5), higher_is_better=True) == UNDECIDED
