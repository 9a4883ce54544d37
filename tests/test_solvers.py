"""Each solver against the contract suite, and what is special to one."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from matcher import solvers
from matcher.assignment import verify
from matcher.errors import UnknownNameError
from matcher.records import Conflicts, Doubles, PairStatus
from matcher.solvers import OBJECTIVES, make_solver, network, search
from tests.contracts.solver import AnswerContract, ExactTotalContract, FairContract, World, facts_of, world


class TestMaxTotal(ExactTotalContract):
    objective = "max-total"


class TestMaxMin(FairContract):
    objective = "max-min"

    @staticmethod
    def measure(means: Doubles) -> float:
        return float(means.min())


class TestLeximin(FairContract):
    objective = "leximin"

    @staticmethod
    def measure(means: Doubles) -> float:
        return float(means.min())


class TestTail(FairContract):
    objective = "cvar"

    @staticmethod
    def measure(means: Doubles) -> float:
        # A tenth of at most six submissions is a part of the worst one.
        return float(means.min())


class TestRandomised(AnswerContract):
    objective = "randomised"


class TestPerturbed(AnswerContract):
    objective = "perturbed"


class TestGreedy(AnswerContract):
    objective = "greedy"


class TestRandom(AnswerContract):
    objective = "random"


def _random_world(rows: int, columns: int, *, low: int, high: int, seed: int) -> World:
    rng = np.random.default_rng(seed)
    topics, skills = rng.gamma(0.3, size=(rows, 8)), rng.gamma(0.3, size=(columns, 8))
    topics /= np.linalg.norm(topics, axis=1, keepdims=True)
    skills /= np.linalg.norm(skills, axis=1, keepdims=True)
    values = np.clip(topics @ skills.T * 0.7 + 0.1 * rng.random((rows, columns)), 0, 1)
    status = np.where(rng.random(values.shape) < 0.05, PairStatus.BLOCKED, PairStatus.ELIGIBLE)
    return world(values.tolist(), wanted=3, low=low, high=high, status=status.tolist())


def few_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a small problem be solved as a large one: from few pairs, priced in many small blocks."""
    monkeypatch.setattr(search, "ALL_AT_ONCE", 0)
    monkeypatch.setattr(network, "ALL_AT_ONCE", 0)
    monkeypatch.setattr(solvers, "_BLOCK_VALUES", 1000)
    monkeypatch.setattr(search.first_pairs, "__kwdefaults__", {"best": 4, "progress": None})
    monkeypatch.setattr(search.improving, "__kwdefaults__", {"weights": None, "most": 3, "progress": None})


@pytest.mark.parametrize(("low", "high"), [(0, 6), (2, 4), (3, 3)])
def test_pricing_from_few_candidates_gives_the_same_as_all_pairs_at_once(
    low: int, high: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = _random_world(120, 120, low=low, high=high, seed=low)
    full = instance.solve("max-total")
    few_at_first(monkeypatch)
    priced = instance.solve("max-total")
    assert facts_of(priced).unfilled == facts_of(full).unfilled == 0
    assert priced.objective == pytest.approx(full.objective, abs=1e-4)
    assert priced.gap is not None
    assert priced.gap < 1e-6
    assert verify(priced, instance.scores, instance.limits, Conflicts(())) == ()


def test_candidates_alone_would_not_have_been_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pricing test above means something only if the first candidates miss the optimum."""
    few_at_first(monkeypatch)
    instance = _random_world(120, 120, low=3, high=3, seed=3)
    assert make_solver("max-total").solve(instance.problem(), seed=0).rounds > 1


def test_the_total_equals_that_of_network_simplex() -> None:
    instance = _random_world(20, 15, low=2, high=5, seed=11)
    answer = instance.solve("max-total")
    graph = nx.DiGraph()
    graph.add_node("source", demand=-60 + 15 * 2)
    for column in range(15):
        graph.add_node(("r", column), demand=-2)
        graph.add_edge("source", ("r", column), capacity=3, weight=0)
    for row in range(20):
        graph.add_node(("s", row), demand=3)
        for column in range(15):
            if instance.limits.eligible[row, column]:
                weight = -round(float(instance.scores.values[row, column]) * 10_000_000)
                graph.add_edge(("r", column), ("s", row), capacity=1, weight=weight)
    cost, _ = nx.network_simplex(graph)
    assert answer.objective == pytest.approx(-cost / 10_000_000, abs=1e-5)


def test_scores_outside_of_the_unit_interval_and_negative_ones_are_solved() -> None:
    answer = world([[-5.0, 120.0], [30.0, -2.5]], wanted=1, high=1).solve("max-total")
    assert answer.objective == pytest.approx(150.0)
    answer = world([[-5.0], [-2.5]], wanted=1, high=2).solve("max-total")
    assert answer.objective == pytest.approx(-7.5)


def test_scores_too_far_apart_for_integers_are_refused_and_not_rounded_to_nothing() -> None:
    with pytest.raises(Exception, match="too far apart"):
        world([[0.0, 1e18]], wanted=1, high=1).solve("max-total")


def test_an_unknown_objective_lists_those_known() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown objective 'max-totl', did you mean 'max-total'\?"):
        make_solver("max-totl")
    assert all(make_solver(name).name.startswith(name) for name in OBJECTIVES)
