"""Missing reviews are shared: judged by an integer programme that shares no code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from scipy.optimize import Bounds, LinearConstraint, milp

from matcher.assignment import assign, verify
from matcher.config import MatchConfig
from matcher.errors import InfeasibleError
from matcher.records import Conflicts, PairStatus
from matcher.sharing import even_counts
from tests.contracts.solver import World, facts_of, world, worlds


def least_unevenness(instance: World, filled: int) -> float:
    """The least sum of squares of the reviews that submissions get, among all ways to fill as many."""
    limits = instance.limits
    rows, columns = limits.status.shape
    usable = limits.eligible | limits.last_resort
    levels = int(limits.wanted.max(initial=0))
    cells = rows * columns
    # Variables: a cell each, then for every row one per level; the k-th review of a row costs 2k - 1.
    size = cells + rows * levels
    upper = np.concatenate([usable.ravel(), np.ones(rows * levels)]).astype(float)
    cost = np.concatenate([np.zeros(cells), np.tile(2.0 * np.arange(1, levels + 1) - 1, rows)])
    lines = []
    for row in range(rows):
        line = np.zeros(size)
        line[row * columns : (row + 1) * columns] = 1
        line[cells + row * levels : cells + (row + 1) * levels] = -1
        lines.append(LinearConstraint(line, 0, 0))
        line = np.zeros(size)
        line[row * columns : (row + 1) * columns] = limits.last_resort[row]
        lines.append(LinearConstraint(line, 0, 1))
        upper[cells + row * levels + limits.wanted[row] : cells + (row + 1) * levels] = 0
    for column in range(columns):
        line = np.zeros(size)
        line[column:cells:columns] = 1
        lines.append(LinearConstraint(line, 0, limits.max_load[column]))
    lines.append(LinearConstraint(np.concatenate([np.ones(cells), np.zeros(size - cells)]), filled, filled))
    answer = milp(cost, constraints=lines, bounds=Bounds(0, upper), integrality=np.ones(size, dtype=np.int64))
    assert answer.success, answer.message
    return float(answer.fun)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_what_is_missing_is_shared_as_evenly_as_can_be(drawn: World) -> None:
    instance = World(drawn.scores, replace(drawn.limits, wanted=np.full_like(drawn.limits.wanted, 3)))
    answer = instance.solve("max-total")
    counts = even_counts(instance.scores, instance.limits, answer)
    filled = len(answer.pairs)
    assert counts.sum() == filled
    assert (counts**2).sum() == pytest.approx(least_unevenness(instance, filled))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_a_partial_answer_is_valid_fills_as_much_and_has_those_counts(instance: World) -> None:
    config = MatchConfig(allow_partial=True)
    best = instance.solve("max-total")
    answer = assign(instance.scores, instance.limits, config)
    assert verify(answer, instance.scores, instance.limits, Conflicts(())) == ()
    assert facts_of(answer).unfilled == facts_of(best).unfilled
    counts = np.zeros(len(instance.scores.submissions), dtype=np.int64)
    for pair in answer.pairs:
        counts[instance.scores.submissions.position(pair.submission_id)] += 1
    even = even_counts(instance.scores, instance.limits, best)
    share, even_share = counts / np.maximum(instance.limits.wanted, 1), even / np.maximum(instance.limits.wanted, 1)
    assert sorted(share) == pytest.approx(sorted(even_share))


def test_nobody_has_none_while_another_has_all() -> None:
    """The greatest total leaves the third submission without any review; shared, each of them misses one."""
    values = [[0.9, 0.9, 0.9, 0.9], [0.8, 0.8, 0.8, 0.8], [0.1, 0.1, 0.1, 0.1]]
    instance = world(values, wanted=2, high=1)
    assert [short.got for short in instance.solve("max-total").shortfalls] == [0]
    answer = assign(instance.scores, instance.limits, MatchConfig(allow_partial=True))
    assert [short.got for short in answer.shortfalls] == [1, 1]
    assert len({pair.submission_id for pair in answer.pairs}) == 3
    assert answer.objective < 2 * 0.9 + 2 * 0.8
    assert answer.bound == pytest.approx(2 * 0.9 + 2 * 0.8)  # what as many reviews could have been worth


def test_larger_demands_miss_more_and_required_reviews_count() -> None:
    status = np.full((2, 4), PairStatus.ELIGIBLE, dtype=np.uint8)
    status[0, 0] = PairStatus.REQUIRED
    instance = world(np.full((2, 4), 0.5), wanted=[1, 4], high=[1, 1, 1, 0], status=status)
    answer = instance.solve("max-total")
    assert even_counts(instance.scores, instance.limits, answer).tolist() == [1, 2]


def test_without_leave_the_error_carries_the_reasons() -> None:
    instance = world([[0.9, 0.9], [0.8, 0.8]], wanted=2, high=1)
    with pytest.raises(InfeasibleError, match=r"2 submissions .* need 4 reviews, those who may review them can give 2"):
        assign(instance.scores, instance.limits, MatchConfig())
