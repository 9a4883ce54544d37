"""Rules at scale: circles, quotas in the flow, the proof by prices, bars, and draws, against counting by hand."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from matcher.assignment import dual_bound, redraw, verify
from matcher.charges import Charges, allowance, charges_of
from matcher.constraints import broken_rules
from matcher.errors import ConfigError
from matcher.records import Conflicts, PairStatus, RulePrices, SideRule
from matcher.solvers import Options, exclusions, network, ruled, search
from matcher.solvers.clashes import find_clashes
from matcher.solvers.plans import plans_for
from matcher.solvers.rounding import draw
from matcher.verification import unkept_quotas
from tests.contracts.solver import World, world

NONE = Conflicts(())


def ruled_world(seed: int, *, rows: int = 4, columns: int = 6) -> World:
    """A small instance with a group that is needed, regions, coauthors and authors who review."""
    rng = np.random.default_rng(seed)
    group = rng.random(columns) < 0.5
    region = rng.integers(0, 2, columns)
    apart = [(0, 1), (1, 2)] if seed % 2 else [(0, 1)]
    authors = np.array([(row, row) for row in range(min(rows, 3))])
    status = np.where(rng.random((rows, columns)) < 0.1, PairStatus.BLOCKED, PairStatus.ELIGIBLE)
    status[authors[:, 0], authors[:, 1]] = PairStatus.BLOCKED
    made = world(rng.random((rows, columns)).round(3).tolist(), wanted=2, high=3, status=status.tolist())
    rules = (
        SideRule("group", None, members=group, at_least=1),
        SideRule("region", None, members=region == 0, at_most=1),
        SideRule("people", None, apart=np.array(apart)),
        SideRule("circles", None, authors=authors, longest=2 + seed % 2),
    )
    return World(made.scores, replace(made.limits, rules=rules))


def all_answers(instance: World) -> list[tuple[float, float]]:
    """(least mean score, total) of every complete assignment that keeps all hard rules, by trying."""
    limits, values = instance.limits, instance.scores.values.astype(np.float64)
    rows, columns = values.shape
    options = [
        [each for each in itertools.combinations(range(columns), 2) if limits.eligible[row][list(each)].all()]
        for row in range(rows)
    ]
    found = []
    empty = instance.solve("greedy")
    for choice in itertools.product(*options):
        loads = np.bincount([column for each in choice for column in each], minlength=columns)
        if (loads > limits.max_load).any():
            continue
        pairs = tuple(
            replace(
                empty.pairs[0],
                submission_id=instance.scores.submissions.ids[row],
                reviewer_id=instance.scores.reviewers.ids[column],
            )
            for row, each in enumerate(choice)
            for column in each
        )
        if not list(broken_rules(limits.rules, replace(empty, pairs=pairs), instance.scores, limits.wanted)):
            means = [values[row, list(each)].mean() for row, each in enumerate(choice)]
            found.append((min(means), 2 * float(np.sum(means))))
    return found


@pytest.fixture(params=["exact", "large"])
def _size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small problems as they are, and by the way that large ones go."""
    if request.param == "large":
        monkeypatch.setattr(ruled, "_EXACT", 0)
        monkeypatch.setattr(ruled, "_SIMPLEX", 0)


@pytest.mark.usefixtures("_size")
@pytest.mark.parametrize("seed", range(8))
def test_the_total_under_rules_is_proven_and_near_that_of_trying_all(seed: int) -> None:
    instance = ruled_world(seed)
    answers = all_answers(instance)
    answer = instance.solve("max-total")
    assert answer.bound is not None
    if not answers:
        assert list(broken_rules(instance.limits.rules, answer, instance.scores, instance.limits.wanted)) or (
            not answer.is_complete
        )
        return
    assert verify(answer, instance.scores, instance.limits, NONE) == ()
    best = max(total for _, total in answers)
    assert answer.bound >= best - 1e-5
    assert answer.objective <= best + 1e-5
    assert answer.objective >= best - 0.05  # a search from what the linear programme is certain of
    assert answer.solver.endswith(("rules kept by the flow", "rules kept by HiGHS"))


@pytest.mark.usefixtures("_size")
@pytest.mark.parametrize("seed", range(8))
def test_the_floor_under_rules_is_proven_and_that_of_trying_all(seed: int) -> None:
    instance = ruled_world(seed)
    answers = all_answers(instance)
    answer = instance.solve("max-min")
    if not answers or not answer.is_complete:
        return
    assert verify(answer, instance.scores, instance.limits, NONE) == ()
    assert answer.goal is not None
    floor = max(least for least, _ in answers)
    assert answer.goal.bound >= floor - 1e-6
    assert answer.goal.value == pytest.approx(floor, abs=2e-2)
    assert answer.goal.value <= floor + 1e-6
    above = max(total for least, total in answers if least >= answer.goal.value - 1e-9)
    assert answer.objective == pytest.approx(above, abs=0.05)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_every_draw_keeps_every_rule_and_every_probability_its_limit(seed: int) -> None:
    instance = ruled_world(seed, rows=6, columns=14)
    answer = instance.solve("randomised", options=Options(probability_limit=0.5, draw_seed=seed))
    assert answer.marginals is not None
    assert (answer.marginals.probabilities <= 0.5).all()
    assert answer.goal is not None
    if list(unkept_quotas(answer.marginals, instance.scores, instance.limits)):
        assert {each.rule for each in verify(answer, instance.scores, instance.limits, NONE)} >= {"policy"}
        return  # nobody can give what the group needs: that is told, and proves nothing
    assert verify(answer, instance.scores, instance.limits, NONE) == ()
    assert answer.goal.value <= answer.goal.bound + 1e-6
    for draw_seed in range(6):
        drawn = redraw(answer, instance.scores, instance.limits, draw_seed=draw_seed)
        assert verify(drawn, instance.scores, instance.limits, NONE) == ()
    assert redraw(answer, instance.scores, instance.limits, draw_seed=seed).pairs == answer.pairs


def lottery_world(seed: int, *, rows: int = 12, columns: int = 18) -> World:
    """Three reviewers of one laboratory are the best for each submission, and no two of them may meet."""
    rng = np.random.default_rng(seed)
    of = np.arange(columns) // 3
    field = rng.integers(0, columns // 3, rows)
    values = 0.5 * (field[:, None] == of[None, :]) + 0.5 * rng.random((rows, columns))
    apart = np.array([each for each in itertools.combinations(range(columns), 2) if of[each[0]] == of[each[1]]])
    authors = np.array([(row, row) for row in range(rows)])
    status = np.full((rows, columns), PairStatus.ELIGIBLE)
    status[authors[:, 0], authors[:, 1]] = PairStatus.BLOCKED
    made = world(values.tolist(), wanted=2, low=1, high=3, status=status.tolist())
    rules = (
        SideRule("people", None, apart=apart),
        SideRule("circles", None, authors=authors),
        SideRule("senior", None, members=np.arange(columns) % 2 == 0, at_least=1),
        SideRule("region", None, members=np.arange(columns) % 2 == 1, at_most=1),
    )
    return World(made.scores, replace(made.limits, rules=rules))


@pytest.mark.parametrize("objective", ["randomised", "perturbed"])
def test_plans_say_which_chance_every_pair_has_and_draws_keep_it(objective: str) -> None:
    """Over many draws every pair comes as often as its probability says; no draw breaks a rule or a load."""
    instance = lottery_world(0)
    answer = instance.solve(objective, options=Options(probability_limit=0.4, draw_seed=0))
    policy = answer.marginals
    assert policy is not None
    assert policy.plans is not None
    assert answer.solver.endswith("rules kept by 15 plans")
    assert policy.unit == 15
    assert policy.units.max() <= 6
    assert verify(answer, instance.scores, instance.limits, NONE) == ()
    counts = np.zeros(len(policy.rows))
    chosen = set()
    width = instance.limits.status.shape[1]
    for seed in range(200):
        drawn = redraw(answer, instance.scores, instance.limits, draw_seed=seed)
        if seed < 20:
            assert verify(drawn, instance.scores, instance.limits, NONE) == ()
        places = {
            instance.scores.submissions.position(pair.submission_id) * width
            + instance.scores.reviewers.position(pair.reviewer_id)
            for pair in drawn.pairs
        }
        counts += [key in places for key in (policy.rows * width + policy.columns).tolist()]
        chosen.add(frozenset(places))
    chance = policy.probabilities
    spread = np.sqrt(200 * chance * (1 - chance)) + 1e-9
    assert (np.abs(counts - 200 * chance) < 4.5 * spread + 1e-6).all()
    assert len(chosen) > policy.unit, "parts of several plans come together"


def best_lottery(instance: World, limit: float) -> float:
    """What no policy can exceed: a programme in fractions, written out from the definition."""
    values = np.where(instance.limits.eligible, instance.scores.values.astype(np.float64), 0.0)
    rows, columns = values.shape
    lines, low, high = [], [], []
    for row in range(rows):
        own = np.zeros((rows, columns))
        own[row] = 1
        lines.append(own)
        for members, least, most in [(np.arange(columns) % 2 == 0, 1, 2)] + [
            (np.arange(columns) // 3 == each, 0, 1) for each in range(columns // 3)
        ]:
            lines.append(own * members)
            low.append(least)
            high.append(most)
        low.insert(len(lines) - 1 - columns // 3 - 1, 2)
        high.insert(len(lines) - 1 - columns // 3 - 1, 2)
    for column in range(columns):
        own = np.zeros((rows, columns))
        own[:, column] = 1
        lines.append(own)
        low.append(int(instance.limits.min_load[column]))
        high.append(int(instance.limits.max_load[column]))
    found = milp(
        -values.ravel(),
        constraints=LinearConstraint(np.stack([line.ravel() for line in lines]), low, high),
        bounds=Bounds(0, limit * instance.limits.eligible.ravel()),
    )
    assert found.fun is not None
    return -float(found.fun)


def test_the_policy_of_plans_is_near_the_best_there_can_be() -> None:
    for seed in range(4):
        instance = lottery_world(seed, rows=24, columns=30)
        answer = instance.solve("randomised", options=Options(draw_seed=1))
        assert answer.goal is not None
        best = best_lottery(instance, 0.5)
        assert 0.95 * best < answer.goal.value <= best + 1e-6
        assert answer.goal.bound >= best - 1e-5


@pytest.mark.parametrize(
    ("limit", "count", "most"),
    [(0.5, 12, 6), (1.0, 12, 12), (1 / 3, 12, 4), (0.25, 12, 3), (0.3, 20, 6), (0.45, 20, 9), (0.01, 100, 1)],
)
def test_plans_are_so_many_that_the_limit_is_met_exactly(limit: float, count: int, most: int) -> None:
    assert plans_for(limit) == (count, most)


def test_plans_that_are_none_are_told() -> None:
    instance = lottery_world(3)
    answer = instance.solve("randomised", options=Options(draw_seed=1))
    policy = answer.marginals
    assert policy is not None
    assert policy.plans is not None
    first = np.flatnonzero(policy.rows == policy.rows[0])
    every, fewer = policy.plans.copy(), policy.plans.copy()
    every[first] = True
    fewer[first[0], np.flatnonzero(fewer[first[0]])[0]] = False
    for plans, message in (
        (every, "a rule"),
        (every, "more reviews than it wants"),
        (np.ones_like(every), "more than their maximum load"),
        (fewer, "has 0 of at least|other reviewers|wants"),
    ):
        forged = replace(answer, marginals=replace(policy, plans=plans, units=plans.sum(axis=1)))
        told = [each.detail for each in verify(forged, instance.scores, instance.limits, NONE)]
        assert any(re.search(message, each) for each in told), told
    forged = replace(answer, marginals=replace(policy, plans=fewer))
    told = [each.detail for each in verify(forged, instance.scores, instance.limits, NONE)]
    assert "the plans do not make up the probabilities" in told
    mixed = replace(policy, plans=np.roll(policy.plans, 1, axis=0), units=np.roll(policy.units, 1))
    told = [
        each.detail
        for each in verify(replace(answer, marginals=mixed), instance.scores, instance.limits, NONE)
        if each.rule == "policy"
    ]
    assert "a submission has other reviewers than any of the plans gives it" in told


def test_two_lower_bounds_that_share_people_are_no_lottery() -> None:
    instance = ruled_world(0)
    both = np.ones(6, dtype=np.bool_)
    rules = (*instance.limits.rules, SideRule("all", None, members=both, at_least=2))
    with pytest.raises(ConfigError, match=r"share reviewers with others \(all\); leave at_least to one attribute"):
        World(instance.scores, replace(instance.limits, rules=rules)).solve("randomised")


# --- circles and other clashes --------------------------------------------------------------------------------------


def test_circles_are_found_up_to_their_length_by_both_ways_of_counting() -> None:
    # r0 wrote s0 and reviews s1; r1 wrote s1 and reviews s2; r2 wrote s2 and reviews s0.
    authors = np.array([(0, 0), (1, 1), (2, 2)])
    rows, columns = np.array([1, 2, 0]), np.array([0, 1, 2])
    instance = world(np.ones((3, 3)).tolist(), wanted=1, high=1)
    for longest, count in ((2, 0), (3, 1), (4, 1)):
        rule = SideRule("circles", None, authors=authors, longest=longest)
        found = find_clashes((rule,), (0,), rows, columns, 3)
        assert len(found) == count
        pairs = replace(instance.solve("greedy"), pairs=())
        chosen = tuple(
            replace(
                instance.solve("greedy").pairs[0],
                submission_id=instance.scores.submissions.ids[row],
                reviewer_id=instance.scores.reviewers.ids[column],
            )
            for row, column in zip(rows, columns, strict=True)
        )
        counted = list(broken_rules((rule,), replace(pairs, pairs=chosen), instance.scores, np.ones(3, dtype=np.int64)))
        assert [violation.detail for _, violation in counted] == count * [
            "circles: 's000' and 's001' and 's002' are reviewed by each other's authors"
        ] or sorted(counted[0][1].detail.replace("'", "").split()[1:6:2]) == ["s000", "s001", "s002"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000))
def test_clashes_are_those_that_counting_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    instance = world(rng.random((5, 6)).tolist(), wanted=2, high=6)
    places = np.argwhere(rng.random((5, 6)) < 0.5)
    apart = np.array([each for each in itertools.combinations(range(6), 2) if rng.random() < 0.4]).reshape(-1, 2)
    authors = np.unique(rng.integers(0, 5, (6, 2)), axis=0)
    rules = (
        SideRule("people", None, apart=apart),
        SideRule("circles", None, authors=authors, longest=int(rng.integers(2, 5))),
        SideRule("some", None, members=rng.random(6) < 0.5, at_most=1),
    )
    found = find_clashes(rules, range(3), places[:, 0], places[:, 1], 6)
    start = instance.solve("greedy")
    pairs = tuple(
        replace(
            start.pairs[0],
            submission_id=instance.scores.submissions.ids[row],
            reviewer_id=instance.scores.reviewers.ids[column],
        )
        for row, column in places.tolist()
    )
    counted = [
        rule.name
        for rule, _ in broken_rules(rules, replace(start, pairs=pairs), instance.scores, instance.limits.wanted)
    ]
    sizes = np.diff(found.starts) - found.most
    assert sorted(rules[number].name for number in found.rules if number < 2) == sorted(
        name for name in counted if name != "some"
    )
    assert int(sizes[found.rules == 2].sum()) == counted.count("some")


# --- the proof ------------------------------------------------------------------------------------------------------


def prices(**more: object) -> RulePrices:
    none = np.empty(0, dtype=np.int64)
    start = RulePrices(none, none, np.empty(0), none, np.zeros(1, dtype=np.int64), none, np.empty(0))
    return replace(start, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"quota_rules": [9], "quota_rows": [0], "quota_prices": [0.1]}, "rule 9 is no quota"),
        ({"quota_rules": [2], "quota_rows": [0], "quota_prices": [0.1]}, "rule 2 is no quota"),
        ({"quota_rules": [0], "quota_rows": [0], "quota_prices": [0.1]}, "or where it has no limit"),
        ({"quota_rules": [1, 1], "quota_rows": [0, 0], "quota_prices": [0.1, 0.1]}, "priced twice"),
        ({"set_rules": [2], "set_starts": [0, 2], "set_keys": [0, 1], "set_prices": [-0.1]}, "a price below 0"),
        ({"set_rules": [7], "set_starts": [0, 2], "set_keys": [0, 1], "set_prices": [0.1]}, "rule 7 keeps nothing"),
        ({"set_rules": [2], "set_starts": [0, 2], "set_keys": [0, 5], "set_prices": [0.1]}, "does not keep the pairs"),
        ({"set_rules": [2], "set_starts": [0, 2], "set_keys": [0, 7], "set_prices": [0.1]}, "does not keep the pairs"),
        ({"set_rules": [3], "set_starts": [0, 1], "set_keys": [0], "set_prices": [0.1]}, "does not keep the pairs"),
        ({"set_rules": [3], "set_starts": [0, 2], "set_keys": [1, 2], "set_prices": [0.1]}, "does not keep the pairs"),
    ],
)
def test_prices_of_what_no_rule_says_prove_nothing(wrong: dict[str, list[float]], message: str) -> None:
    instance = ruled_world(0)
    kinds = {"quota_prices": float, "set_prices": float}
    made = prices(**{name: np.array(value, dtype=kinds.get(name, np.int64)) for name, value in wrong.items()})
    with pytest.raises(ValueError, match=message):
        allowance(made, instance.limits.rules, instance.limits.wanted, instance.limits.required)
    answer = instance.solve("max-total")
    assert answer.certificate is not None
    forged = replace(answer, certificate=replace(answer.certificate, rules=made))
    assert "bound" in {each.rule for each in verify(forged, instance.scores, instance.limits, NONE)}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 100_000))
def test_any_prices_of_rules_bound_every_answer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    instance = ruled_world(seed)
    answers = all_answers(instance)
    answer = instance.solve("max-total")
    assert answer.certificate is not None
    two = np.flatnonzero(np.ones(4))
    made = prices(
        quota_rules=np.concatenate([np.zeros(4, dtype=np.int64), np.ones(4, dtype=np.int64)]),
        quota_rows=np.concatenate([two, two]),
        quota_prices=np.concatenate([-rng.random(4), rng.random(4)]),
        set_rules=np.array([2, 3]),
        set_starts=np.array([0, 2, 4]),
        set_keys=np.array([0, 1, 0 * 6 + 1, 1 * 6 + 0]),
        set_prices=rng.random(2),
    )
    certificate = replace(answer.certificate, reviewer_prices=rng.normal(0, 0.3, 6), rules=made)
    complete = replace(answer, shortfalls=(), underloads=())
    bound = dual_bound(complete, instance.scores, instance.limits, certificate)
    assert all(total <= bound + 1e-6 for _, total in answers)


def test_charges_are_the_same_for_blocks_and_for_single_pairs() -> None:
    rng = np.random.default_rng(3)
    members = [rng.random(7) < 0.5, rng.random(7) < 0.5]
    charges = Charges(
        7,
        members,
        mask=np.array([0, 1, 1]),
        rows=np.array([2, 0, 2]),
        prices=np.array([0.5, 0.25, -1.0]),
        keys=np.array([3, 15]),
        amounts=np.array([0.125, 2.0]),
    ).with_keys(np.array([15, 34]), np.array([1.0, 0.5]))
    whole = np.zeros((5, 7))
    for start in (0, 2, 4):
        rows = slice(start, min(5, start + 2))
        block = np.zeros((rows.stop - rows.start, 7))
        charges.take_from(block, rows)
        whole[rows] = -block
    up, across = np.divmod(np.arange(35), 7)
    assert charges.at(up, across) == pytest.approx(whole.ravel())
    assert whole[2, 1] == pytest.approx(3.0 + 0.5 * members[0][1] - members[1][1])
    assert charges.largest == 3.0
    assert charges_of(prices(), (), 7).at(up, across).tolist() == [0.0] * 35


# --- what only large problems need ----------------------------------------------------------------------------------


def test_a_large_problem_under_rules_is_proven_over_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "ALL_AT_ONCE", 100)
    monkeypatch.setattr(network, "ALL_AT_ONCE", 100)
    monkeypatch.setattr(ruled, "_EXACT", 100)
    rng = np.random.default_rng(5)
    field = rng.integers(0, 8, 40)
    of = rng.integers(0, 8, 60)
    values = 0.5 * (field[:, None] == of[None, :]) + 0.5 * rng.random((40, 60))
    apart = np.array([each for each in itertools.combinations(range(60), 2) if of[each[0]] == of[each[1]]][::2])
    rules = (
        SideRule("people", None, apart=apart),
        SideRule("circles", None, authors=np.array([(row, row) for row in range(40)])),
        SideRule("group", None, members=np.arange(60) % 4 == 0, at_least=1),
        SideRule("region", None, members=np.arange(60) % 3 == 0, at_most=1),
        SideRule("more", None, members=np.arange(60) % 5 < 3, at_least=1),
    )
    made = world(values.tolist(), wanted=3, high=3)
    instance = World(made.scores, replace(made.limits, rules=rules))
    for objective in ("max-total", "max-min"):
        answer = instance.solve(objective)
        assert verify(answer, instance.scores, instance.limits, NONE) == ()
        assert answer.is_complete
        gap = answer.gap if answer.goal is None else answer.goal.gap
        assert gap is not None
        assert gap < (0.04 if answer.goal is None else 0.15)
        assert answer.solver.endswith("rules kept by HiGHS")
        assert answer.certificate is not None
        assert answer.certificate.rules is not None
        assert len(answer.certificate.rules.set_prices) > 0
        assert answer.bound is not None
        assert answer.bound < made.solve("max-total").objective
        assert instance.solve(objective).pairs == answer.pairs


@pytest.mark.parametrize("objective", ["max-total", "max-min"])
def test_what_is_too_large_for_a_programme_is_kept_by_flows(objective: str, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = lottery_world(2, rows=24, columns=30)
    best = instance.solve(objective)
    monkeypatch.setattr(exclusions, "_PROGRAMMED", 0)
    answer = instance.solve(objective)
    assert verify(answer, instance.scores, instance.limits, NONE) == ()
    assert answer.is_complete
    assert answer.solver.endswith("rules kept by the flow without pairs that clash")
    assert best.solver.endswith("rules kept by HiGHS")
    assert 0.97 * best.objective < answer.objective
    assert answer.bound is not None
    assert answer.objective <= answer.bound
    assert instance.solve(objective) == answer
    if answer.goal is not None:
        assert best.goal is not None
        assert answer.goal.value > 0.8 * best.goal.value


def test_what_is_short_of_candidates_gets_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The best reviewers of every submission are coauthors: only pairs that no list of the best holds can help."""
    monkeypatch.setattr(search, "ALL_AT_ONCE", 10)
    monkeypatch.setattr(network, "ALL_AT_ONCE", 10)
    monkeypatch.setattr(search, "_BEST_OF_EACH", 3)
    values = np.concatenate([np.full((3, 4), 0.9), np.full((3, 6), 0.1)], axis=1) + np.arange(10) / 1000
    apart = np.array(list(itertools.combinations(range(4), 2)))
    made = world(values.tolist(), wanted=2, high=3)
    instance = World(made.scores, replace(made.limits, rules=(SideRule("people", None, apart=apart),)))
    for limit in (10_000, 0):
        monkeypatch.setattr(ruled, "_EXACT", limit)
        answer = instance.solve("max-total")
        assert verify(answer, instance.scores, instance.limits, NONE) == ()
        assert answer.is_complete


def test_a_quota_that_binds_nowhere_needs_no_programme() -> None:
    made = world(np.random.default_rng(0).random((4, 6)).tolist(), wanted=2, high=3)
    rules = (SideRule("all", None, members=np.ones(6, dtype=np.bool_), at_most=2),)
    answer = World(made.scores, replace(made.limits, rules=rules)).solve("max-total")
    assert answer.pairs == made.solve("max-total").pairs
    assert answer.solver.endswith("rules kept by the flow")
    fairest = World(made.scores, replace(made.limits, rules=rules)).solve("max-min")
    assert fairest.goal is not None
    assert fairest.goal.value == pytest.approx(made.solve("max-min").goal.value)  # type: ignore[union-attr]


def test_groups_keep_their_sums_in_every_draw() -> None:
    """Two groups of three at half each: one and a half of each group, three in all."""
    rows, columns = np.zeros(6, dtype=np.int64), np.arange(6)
    groups = np.array([0, 0, 0, 1, 1, 1])
    units = np.full(6, 512)
    seen = set()
    for seed in range(40):
        chosen = draw(rows, columns, units, 1024, seed=seed, groups=groups)
        assert chosen.sum() == 3
        assert set(np.bincount(groups[chosen], minlength=2).tolist()) == {1, 2}
        seen.add(tuple(chosen.tolist()))
    assert len(seen) > 10


@pytest.mark.parametrize(("price", "together"), [(0.01, True), (5.0, False)])
def test_a_lottery_pays_a_price_where_a_bar_would_cost_more(price: float, together: bool) -> None:
    made = world([[0.9, 0.8, 0.1]], wanted=2, high=1)
    rules = (SideRule("people", price, apart=np.array([(0, 1)])),)
    instance = World(made.scores, replace(made.limits, rules=rules))
    answer = instance.solve("randomised", options=Options(probability_limit=1.0, draw_seed=0))
    assert verify(answer, instance.scores, instance.limits, NONE) == ()
    assert ([pair.reviewer_id for pair in answer.pairs] == ["r000", "r001"]) is together


def test_a_required_pair_stays_and_the_other_goes() -> None:
    kinds = [[PairStatus.ELIGIBLE, PairStatus.REQUIRED, PairStatus.ELIGIBLE]]
    made = world([[0.9, 0.2, 0.1]], wanted=2, high=1, status=kinds)
    rules = (
        SideRule("people", None, apart=np.array([(0, 1)])),
        SideRule("some", None, members=np.array([True, True, False]), at_most=1),
    )
    for which in (rules[:1], rules[1:], rules):
        instance = World(made.scores, replace(made.limits, rules=which))
        for objective in ("max-total", "max-min", "randomised"):
            answer = instance.solve(objective, options=Options(probability_limit=1.0, draw_seed=0))
            assert verify(answer, instance.scores, instance.limits, NONE) == ()
            assert [pair.reviewer_id for pair in answer.pairs] == ["r001", "r002"]
