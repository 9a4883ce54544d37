"""Metrics: values by hand, a second computation by other packages, ties, empty input, ranges."""

from __future__ import annotations

import doctest
import itertools
import statistics
from random import Random

import ir_measures
import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eval import metrics
from eval.metrics import (
    METRICS,
    find_metric,
    gini,
    hit_at_k,
    mean_ranks,
    mean_score,
    min_score,
    mrr,
    ndcg_at_k,
    pair_accuracy,
    pair_loss,
    percentile_at_p,
    recall_at_k,
)
from eval.ratings import rated_pairs, tally
from matcher.errors import UnknownNameError

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

RANKINGS = ("mrr", "hit_at_2", "recall_at_2", "ndcg_at_2")
EMPTY_SCORES = np.array([])
NOBODY = np.array([], dtype=bool)


@st.composite
def queries(draw: st.DrawFn) -> tuple[Doubles, Bools]:
    """Few different scores, so that ties are common; some reviewers are not scored."""
    count = draw(st.integers(1, 12))
    levels = st.sampled_from([0.0, 0.25, 0.5, 1.0, float("nan")])
    scores = np.array(draw(st.lists(levels, min_size=count, max_size=count)))
    relevant = np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    return scores, relevant


# --- values by hand -------------------------------------------------------------------------------------------------

SCORES = np.array([0.9, 0.1, 0.8, np.nan, 0.4])  # ranks 1, 4, 2, 5, 3
RELEVANT = np.array([False, True, True, True, False])  # ranks 4, 2, 5


def test_ranks_count_from_one_and_unscored_reviewers_come_last() -> None:
    assert mean_ranks(SCORES, np.ones(5, dtype=bool)).tolist() == [1, 4, 2, 5, 3]


def test_mrr_is_the_reciprocal_rank_of_the_best_ranked() -> None:
    assert mrr(SCORES, RELEVANT) == 1 / 2


@pytest.mark.parametrize(("k", "hit", "recall"), [(1, 0, 0), (2, 1, 1 / 3), (4, 1, 2 / 3), (5, 1, 1), (50, 1, 1)])
def test_hit_looks_for_one_and_recall_for_all(k: int, hit: float, recall: float) -> None:
    assert hit_at_k(SCORES, RELEVANT, k=k) == hit
    assert recall_at_k(SCORES, RELEVANT, k=k) == pytest.approx(recall, abs=1e-15)


def test_ndcg_of_three_relevant_at_ranks_two_four_five() -> None:
    reached = 1 / np.log2(3) + 1 / np.log2(5) + 1 / np.log2(6)
    best = 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert ndcg_at_k(SCORES, RELEVANT, k=5) == pytest.approx(reached / best, abs=1e-15)
    assert ndcg_at_k(SCORES, RELEVANT, k=2) == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)), abs=1e-15)


def test_ndcg_weighs_gains() -> None:
    worst_first = ndcg_at_k(np.array([2.0, 1.0]), np.array([1.0, 3.0]), k=2)
    assert worst_first == pytest.approx((1 + 3 / np.log2(3)) / (3 + 1 / np.log2(3)), abs=1e-15)


def test_assignment_metrics_by_hand() -> None:
    scores = np.array([0.5, np.nan, 0.1, 0.3])
    assert mean_score(scores) == pytest.approx(0.3, abs=1e-15)
    assert min_score(scores) == 0.1
    assert percentile_at_p(np.array([0.0, 1.0]), p=10) == pytest.approx(0.1, abs=1e-15)
    assert percentile_at_p(scores, p=50) == 0.3


@pytest.mark.parametrize(
    ("loads", "value"), [([3, 3, 3], 0), ([0, 0, 4], 2 / 3), ([1, 3], 1 / 4), ([5], 0), ([0, 0], 0)]
)
def test_gini_by_hand(loads: list[int], value: float) -> None:
    assert gini(np.array(loads)) == pytest.approx(value, abs=1e-15)


# --- ties -----------------------------------------------------------------------------------------------------------


def test_a_tie_counts_with_its_mean_rank() -> None:
    scores = np.array([0.5, 0.5, 0.5, 0.1])
    first, last = np.array([True, False, False, False]), np.array([False, False, True, False])
    assert mrr(scores, first) == mrr(scores, last) == 1 / 2
    assert hit_at_k(scores, first, k=1) == 0
    assert recall_at_k(scores, first, k=2) == 1


def test_a_tie_is_inside_or_outside_the_cut_as_a_whole() -> None:
    scores, relevant = np.array([0.9, 0.5, 0.5, 0.1]), np.array([False, True, True, False])  # both have rank 2.5
    assert recall_at_k(scores, relevant, k=2) == 0
    assert recall_at_k(scores, relevant, k=3) == 1


def test_equal_scores_for_everybody_are_worth_nothing() -> None:
    relevant = np.zeros(199, dtype=bool)
    relevant[0] = True
    assert mrr(np.full(199, 0.7), relevant) == 1 / 100
    assert hit_at_k(np.full(199, 0.7), relevant, k=10) == 0
    assert recall_at_k(np.full(199, np.nan), relevant, k=50) == 0


@given(queries())
def test_ndcg_of_ties_is_the_mean_over_all_their_orders(query: tuple[Doubles, Bools]) -> None:
    scores, relevant = query[0][:5], query[1][:5]
    filled = np.where(np.isnan(scores), -1.0, scores)
    orders = [
        order
        for order in itertools.permutations(range(len(filled)))
        if all(filled[one] >= filled[other] for one, other in itertools.pairwise(order))
    ]
    ideal = sum(1 / np.log2(rank + 2) for rank in range(min(3, int(relevant.sum()))))
    values = [
        sum(1 / np.log2(rank + 2) for rank, who in enumerate(order[:3]) if relevant[who]) / ideal if ideal else 0.0
        for order in orders
    ]
    assert ndcg_at_k(scores, relevant, k=3) == pytest.approx(statistics.fmean(values), abs=1e-12)


@given(queries(), st.randoms(use_true_random=False))
def test_the_order_of_reviewers_never_matters(query: tuple[Doubles, Bools], random: object) -> None:
    scores, relevant = query
    order = list(range(len(scores)))
    random.shuffle(order)  # type: ignore[attr-defined]
    for name in RANKINGS:
        metric = find_metric(name)
        assert metric(scores[order], relevant[order]) == pytest.approx(metric(scores, relevant), abs=1e-12)


@given(queries())
def test_ranks_agree_with_scipy(query: tuple[Doubles, Bools]) -> None:
    scores, relevant = query
    theirs = scipy.stats.rankdata(np.where(np.isnan(scores), np.inf, -scores), method="average")
    assert mean_ranks(scores, relevant).tolist() == theirs[relevant].tolist()


# --- second computation ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_rankings_agree_with_ir_measures(seed: int) -> None:
    rng = np.random.default_rng(seed)
    theirs = {"mrr": ir_measures.RR, "hit_at_10": ir_measures.Success @ 10, "recall_at_50": ir_measures.R @ 50}
    graded = ir_measures.nDCG @ 10
    for query in range(20):
        scores = rng.permutation(120) / 120  # no ties: those packages break them by id
        gains = rng.integers(1, 4, size=120) * (rng.random(120) < 0.05)
        if not gains.any():
            gains[query] = 1
        run = [ir_measures.ScoredDoc("q", f"r{place}", float(value)) for place, value in enumerate(scores)]
        qrels = [ir_measures.Qrel("q", f"r{place}", int(gain)) for place, gain in enumerate(gains) if gain]
        expected = ir_measures.calc_aggregate([*theirs.values(), graded], qrels, run)
        for name, measure in theirs.items():
            assert find_metric(name)(scores, gains > 0) == pytest.approx(expected[measure], abs=1e-6), name
        assert ndcg_at_k(scores, gains, k=10) == pytest.approx(expected[graded], abs=1e-6)


@given(hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1)), st.integers(0, 100))
def test_scores_agree_with_statistics_and_scipy(scores: Doubles, p: int) -> None:
    assert mean_score(scores) == pytest.approx(statistics.fmean(scores), abs=1e-12)
    assert min_score(scores) == min(scores.tolist())
    theirs = scipy.stats.mstats.mquantiles(scores, [p / 100], alphap=1, betap=1)[0]
    assert percentile_at_p(scores, p=p) == pytest.approx(float(theirs), abs=1e-12)


@given(hnp.arrays(np.int64, st.integers(1, 30), elements=st.integers(0, 20)))
def test_gini_agrees_with_the_mean_difference_of_all_pairs(loads: npt.NDArray[np.int64]) -> None:
    differences = np.abs(loads[:, None] - loads[None, :]).mean()
    expected = differences / (2 * loads.mean()) if loads.any() else 0.0
    assert gini(loads) == pytest.approx(expected, abs=1e-12)


@given(
    hnp.arrays(np.float64, st.integers(2, 10), elements=st.sampled_from([0.0, 0.3, 0.6, 1.0, float("nan")])),
    st.randoms(use_true_random=False),
)
def test_pairs_agree_with_the_definition_and_with_the_benchmark_s_own_measure(scores: Doubles, random: Random) -> None:
    values = np.array([random.choice([1.0, 2.0, 3.5, 5.0]) for _ in scores])
    cost = weight = right = count = 0.0
    for one, other in itertools.combinations(range(len(scores)), 2):
        truth, said = values[one] - values[other], scores[one] - scores[other]
        if truth:
            count += 1
            weight += abs(truth)
            right += said * truth > 0
            ordered = not np.isnan(said) and said != 0
            cost += abs(truth) * (float(said * truth < 0) if ordered else 0.5)
    assert pair_loss(scores, values) == pytest.approx(cost / weight if weight else 0)
    assert pair_accuracy(scores, values) == pytest.approx(right / count if count else 0)
    if weight:
        papers = [f"p{number}" for number in range(len(scores))]
        rated = rated_pairs({"ann": dict(zip(papers, values.tolist(), strict=True))})
        assert float(tally(rated, scores, name="").parts["loss"].sum() / weight) == pytest.approx(cost / weight)


def test_pair_loss_without_ties_is_scipys_somers_d() -> None:
    rng = np.random.default_rng(0)
    values, scores = rng.integers(0, 2, 40), rng.random(40)  # two levels: every pair of different rating weighs 1
    found = scipy.stats.somersd(values, scores).statistic  # concordant less discordant, over pairs of different rating
    assert pair_loss(scores, values) == pytest.approx((1 - found) / 2)
    assert pair_accuracy(scores, values) == pytest.approx((1 + found) / 2)


# --- empty input, ranges, direction ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(METRICS))
def test_empty_input_has_the_value_that_the_metric_states(name: str) -> None:
    metric = find_metric(name.replace("_at_k", "_at_10").replace("_at_p", "_at_10"))
    in_pairs = ("mrr", "hit_at_k", "recall_at_k", "ndcg_at_k", "pair_loss", "pair_accuracy")
    arrays = (EMPTY_SCORES, NOBODY) if name in in_pairs else (EMPTY_SCORES,)
    assert metric(*arrays) == METRICS[name].empty


@pytest.mark.parametrize("name", RANKINGS)
def test_a_query_without_a_relevant_reviewer_counts_as_empty(name: str) -> None:
    metric = find_metric(name)
    assert metric(np.array([0.3, 0.2]), np.array([False, False])) == metric.empty


@given(queries())
def test_rankings_stay_in_range(query: tuple[Doubles, Bools]) -> None:
    for name in RANKINGS:
        metric = find_metric(name)
        low, high = metric.range
        assert low <= metric(*query) <= high


@given(hnp.arrays(np.float64, st.integers(0, 20), elements=st.one_of(st.floats(0, 1), st.just(float("nan")))))
def test_assignment_metrics_stay_in_range(scores: Doubles) -> None:
    for name in ("mean_score", "min_score", "percentile_at_5"):
        metric = find_metric(name)
        assert metric.range[0] <= metric(scores) <= metric.range[1]
    assert METRICS["gini"].range[0] <= gini(np.nan_to_num(scores)) <= METRICS["gini"].range[1]


@given(queries())
def test_a_relevant_reviewer_moved_to_the_top(query: tuple[Doubles, Bools]) -> None:
    scores, relevant = query
    assume(relevant.any())
    better = scores.copy()
    better[np.flatnonzero(relevant)[0]] = 2.0
    assert mrr(better, relevant) == 1
    assert hit_at_k(better, relevant, k=1) == 1
    assert ndcg_at_k(better, relevant, k=2) >= ndcg_at_k(scores, relevant, k=2) - 1e-12


def test_directions() -> None:
    assert gini(np.array([0, 6])) > gini(np.array([3, 3]))
    assert [name for name, metric in METRICS.items() if not metric.higher_is_better] == ["pair_loss", "gini"]


# --- registry -------------------------------------------------------------------------------------------------------


def test_every_metric_is_described() -> None:
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.source
        assert metric.inputs
        assert metric.about.endswith(".")
        assert metric.range[0] <= metric.empty <= metric.range[1]


def test_a_number_in_the_name_sets_the_cut() -> None:
    scores, relevant = np.array([0.9, 0.8, 0.7]), np.array([False, False, True])
    assert find_metric("hit_at_2")(scores, relevant) == 0
    assert find_metric("hit_at_3")(scores, relevant) == 1
    assert find_metric("recall_at_3").name == "recall_at_3"
    assert find_metric("recall_at_3").about == METRICS["recall_at_k"].about


@pytest.mark.parametrize(
    "name", ["mmr", "hit_at_k", "hit_at_0", "hit_at_", "percentile_at_101", "gini_at_3", "mrr_at_3"]
)
def test_unknown_names_are_refused_and_the_known_ones_listed(name: str) -> None:
    with pytest.raises(UnknownNameError, match="unknown metric") as caught:
        find_metric(name)
    assert set(caught.value.known) == set(METRICS)


def test_examples_in_docstrings() -> None:
    found = doctest.testmod(metrics)
    assert found.attempted == 4
    assert not found.failed
