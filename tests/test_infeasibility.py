"""Explanations of limits that cannot be met, judged by maximum flows of networkx that share no code with them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from matcher.assignment import assign
from matcher.config import MatchConfig
from matcher.errors import InfeasibleError
from matcher.infeasibility import explain_infeasible, why_no_lottery, why_too_much_minimum
from matcher.records import Assignment, Index, Infeasibility, Limits, PairStatus, PersonId, SubmissionId
from tests.contracts.solver import World, world, worlds

NAMES = {
    "availability": PairStatus.UNAVAILABLE,
    "conflicts": PairStatus.BLOCKED,
    "forbidden pairs": PairStatus.FORBIDDEN,
    "refused bids": PairStatus.REFUSED,
    "wishes for different reviewers": PairStatus.NOT_AGAIN,
    "pair rules": PairStatus.RULED_OUT,
    "no publications": PairStatus.UNSCORED,
    "score floor": PairStatus.BELOW_FLOOR,
    "open questions": PairStatus.ASK,
}
EMPTY = Assignment(pairs=(), shortfalls=(), underloads=(), objective=0.0, bound=None, solver="none")


def reviews_possible(
    instance: World, wanting: Collection[str], bound_by: Collection[str], rules: Collection[str]
) -> tuple[int, int]:
    """What some submissions want, and the most they can get, when only some limits and rules hold."""
    limits, scores = instance.limits, instance.scores
    graph = nx.DiGraph()
    graph.add_nodes_from(["source", "sink"])
    need = 0
    for row, submission in enumerate(scores.submissions.ids):
        if submission not in wanting:
            continue
        wanted = int(limits.wanted[row] - limits.required[row].sum())
        need += wanted
        graph.add_edge("source", ("s", row), capacity=wanted)
        graph.add_edge(("s", row), ("one", row), capacity=1 if "one last resort" in rules else wanted)
        for column, reviewer in enumerate(scores.reviewers.ids):
            status = PairStatus(int(limits.status[row, column]))
            lifted = {NAMES[name] for name in NAMES if name not in rules}
            is_spare = bool((limits.status[:, column] == PairStatus.LAST_RESORT).any())
            if is_spare and (status is PairStatus.LAST_RESORT or status in lifted):
                graph.add_edge(("one", row), ("r", column), capacity=1)
            elif not is_spare and (status is PairStatus.ELIGIBLE or status in lifted):
                graph.add_edge(("s", row), ("r", column), capacity=1)
            most = int(limits.max_load[column] - limits.required[:, column].sum())
            is_free = reviewer not in bound_by
            graph.add_edge(("r", column), "sink", capacity=10**6 if is_free else most)
    return need, nx.maximum_flow_value(graph, "source", "sink")


def minimum_possible(
    instance: World, wanting: Collection[str], bound_by: Collection[str], rules: Collection[str]
) -> tuple[int, int]:
    """The same for minimum loads: what some reviewers must have, and the most they can get."""
    limits, scores = instance.limits, instance.scores
    turned = World(
        replace(
            scores,
            submissions=Index([SubmissionId(name) for name in scores.reviewers]),
            reviewers=Index([PersonId(name) for name in scores.submissions]),
            values=scores.values.T,
            raw=None,
        ),
        Limits(
            wanted=np.maximum(limits.min_load - limits.required.sum(axis=0), 0),
            max_load=limits.wanted - limits.required.sum(axis=1),
            min_load=np.zeros_like(limits.wanted),
            status=np.where(limits.last_resort | limits.required, np.uint8(255), limits.status).T,
        ),
    )
    status = np.where(turned.limits.status == 255, np.uint8(PairStatus.REQUIRED), turned.limits.status)
    hidden = replace(turned.limits, status=status, wanted=turned.limits.wanted + (status == PairStatus.REQUIRED).sum(1))
    hidden = replace(hidden, max_load=hidden.max_load + (status == PairStatus.REQUIRED).sum(0))
    return reviews_possible(World(turned.scores, hidden), wanting, bound_by, rules)


def is_smallest(instance: World, found: Infeasibility) -> None:
    """Infeasible as it stands, and feasible without any one member."""
    ask = reviews_possible if found.wanting == "reviews" else minimum_possible
    if found.wanting == "reviews":
        wanting, giving = list[str](found.submissions), list[str](found.reviewers)
    else:
        wanting, giving = list[str](found.reviewers), list[str](found.submissions)
    need, can = ask(instance, wanting, giving, found.rules)
    assert can < need
    scores = instance.scores
    everybody = list[str](scores.reviewers if found.wanting == "reviews" else scores.submissions)
    every = [*NAMES, "one last resort"]
    assert (found.need, found.can) == ask(instance, wanting, everybody, every)
    for one in wanting:
        fewer = [other for other in wanting if other != one]
        need, can = ask(instance, fewer, giving, found.rules)
        assert can == need, f"still impossible without {one}"
        need, can = ask(instance, fewer, everybody, every)
        assert can == need, f"still impossible without {one} when all limits hold"
    for one in giving:
        need, can = ask(instance, wanting, [other for other in giving if other != one], found.rules)
        assert can == need, f"still impossible without the limit of {one}"
    for rule in found.rules:
        need, can = ask(instance, wanting, giving, [other for other in found.rules if other != rule])
        assert can == need, f"still impossible without the rule {rule}"


def judge(instance: World) -> int:
    """Explain an instance from its best answer and from none at all; every explanation must be a smallest one."""
    names = instance.scores.submissions.ids
    every = [*NAMES, "one last resort"]
    need, can = reviews_possible(instance, names, instance.scores.reviewers.ids, every)
    low, got = minimum_possible(instance, instance.scores.reviewers.ids, names, every)
    count = 0
    for start in (instance.solve("max-total"), EMPTY):
        found = explain_infeasible(instance.scores, instance.limits, start)
        assert any(each.wanting == "reviews" for each in found) == (can < need)
        assert any(each.wanting == "minimum loads" for each in found) == (got < low)
        taken: set[str] = set()
        for each in found:
            is_smallest(instance, each)
            assert taken.isdisjoint(each.submissions if each.wanting == "reviews" else ())
            taken |= set(each.submissions) if each.wanting == "reviews" else set()
        count += len(found)
    return count


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_every_explanation_is_a_smallest_one(instance: World) -> None:
    judge(instance)


def planted(
    *, submissions: int = 60, few: int = 40, reviewers: int = 80, experts: int = 25, load: int = 4, seed: int = 0
) -> World:
    """`few` submissions that only `experts` reviewers may review: the others are in conflict with them."""
    rng = np.random.default_rng(seed)
    status = np.full((submissions, reviewers), PairStatus.ELIGIBLE, dtype=np.uint8)
    rows = rng.permutation(submissions)[:few]
    columns = rng.permutation(reviewers)[experts:]
    status[np.ix_(rows, columns)] = PairStatus.BLOCKED
    return world(rng.random((submissions, reviewers)), wanted=3, high=load, status=status)


def test_a_planted_shortage_is_found_with_its_known_size() -> None:
    """25 reviewers with room for 4 give 100 reviews: 33 submissions need 99, 34 need 102."""
    instance = planted()
    (found,) = explain_infeasible(instance.scores, instance.limits, instance.solve("max-total"))
    assert (len(found.submissions), len(found.reviewers), found.need, found.can) == (34, 25, 102, 100)
    assert found.rules == ("conflicts",)
    is_smallest(instance, found)
    assert found.text.startswith("34 submissions (first 's")
    assert "need 102 reviews, those who may review them can give 100, 25 reviewers of them at the maximum" in found.text
    assert found.text.endswith("of the others, 55 are in conflict")
    assert {way.kind: way.amount for way in found.relaxations} == {"load": 2, "reviewers": 1, "demand": 2}


def test_one_submission_without_enough_reviewers_is_told_alone() -> None:
    status = np.full((3, 6), PairStatus.ELIGIBLE, dtype=np.uint8)
    status[1, :2], status[1, 2:4], status[1, 4] = PairStatus.BLOCKED, PairStatus.ASK, PairStatus.BELOW_FLOOR
    values = np.full((3, 6), 0.5)
    values[1, 4] = 0.25
    instance = world(values, wanted=2, high=6, status=status)
    (found,) = explain_infeasible(instance.scores, instance.limits, instance.solve("max-total"))
    assert (found.submissions, found.reviewers, found.need, found.can) == (("s001",), (), 2, 1)
    assert found.rules == ("conflicts", "score floor", "open questions")
    assert found.text == (
        "1 submission 's001' needs 2 reviews, those who may review it can give 1; of the reviewers, "
        "2 are in conflict, 1 is below the score floor, 2 wait for a decision on a conflict"
    )
    ways = {way.kind: way for way in found.relaxations}
    assert ways["questions"].text == "clear 1 open question, first that on 's001' and 'r002'"
    assert ways["floor"].text == "lower min_score to 0.250: 1 pair more may be"
    assert ways["reviewers"].text == "find 1 more reviewer without a conflict, each with room for 6"
    assert ways["demand"].amount == 1


def test_too_little_room_for_all_names_everybody_and_no_rule() -> None:
    instance = world(np.full((10, 5), 0.5), wanted=3, high=5)
    (found,) = explain_infeasible(instance.scores, instance.limits, EMPTY)
    assert (len(found.submissions), len(found.reviewers), found.need, found.can) == (9, 5, 27, 25)
    assert found.rules == ()
    is_smallest(instance, found)


def test_minimum_loads_are_explained_from_the_reviewers_side() -> None:
    """Three reviewers must have two submissions each of the only two that they may review, which want two reviews."""
    status = np.full((4, 5), PairStatus.ELIGIBLE, dtype=np.uint8)
    status[2:, :3] = PairStatus.FORBIDDEN
    instance = world(np.full((4, 5), 0.5), wanted=2, low=[2, 2, 2, 0, 0], high=4, status=status)
    (found,) = explain_infeasible(instance.scores, instance.limits, instance.solve("max-total"))
    assert found.wanting == "minimum loads"
    assert (found.reviewers, found.submissions, found.need, found.can) == (
        ("r000", "r001", "r002"),
        ("s001",),
        6,
        4,
    )
    is_smallest(instance, found)
    assert found.text == (
        "3 reviewers (first 'r000') must have 6 submissions by minimum loads, the submissions that they may review "
        "can take 4 from them, 1 submission of them with all reviews taken; of the others, 2 are forbidden by the chair"
    )
    assert [way.kind for way in found.relaxations] == ["demand", "minimum"]


def test_more_minimum_loads_than_reviews_is_said_once_and_not_for_every_reviewer() -> None:
    instance = world(np.full((2, 5), 0.5), wanted=2, low=[1, 1, 1, 2, 0], high=2)
    text = (
        "the minimum loads of 4 reviewers add up to 5, and the submissions want 4 reviews: lower min_load, or raise "
        "reviews_per_submission; --allow-partial shows who would stay below"
    )
    assert why_too_much_minimum(instance.limits) == text
    with pytest.raises(InfeasibleError) as caught:
        assign(instance.scores, instance.limits, MatchConfig())
    assert (str(caught.value), caught.value.underloads) == (text, ())
    assert len(assign(instance.scores, instance.limits, MatchConfig(allow_partial=True)).underloads) >= 1
    assert why_too_much_minimum(replace(instance.limits, min_load=instance.limits.min_load - 1)) == ""


def test_a_lottery_that_a_probability_limit_prevents_names_who_has_too_few_places() -> None:
    status = np.full((4, 5), PairStatus.ELIGIBLE, dtype=np.uint8)
    status[1:, 0] = PairStatus.BLOCKED
    status[:3, 1] = PairStatus.BLOCKED
    status[3, 2:] = PairStatus.BLOCKED
    instance = world(np.full((4, 5), 0.5), wanted=1, low=[1, 1, 0, 0, 0], high=4, status=status)
    config = MatchConfig(objective="randomised", probability_limit=0.5)
    with pytest.raises(InfeasibleError) as caught:
        assign(instance.scores, instance.limits, config)
    assert str(caught.value).startswith(
        "no pair may have a probability above 0.5 (probability_limit); reviewer 'r000' may review 1 submission, which "
        "makes 0.5 of 1 at most, and 1 more reviewer likewise; submission 's003' may have 1 reviewer, which makes 0.5 "
        "of 1 at most: raise probability_limit (1 leaves nothing out), or lower what cannot be met"
    )
    assert assign(instance.scores, instance.limits, replace(config, probability_limit=1.0)).is_complete
    assert why_no_lottery(instance.scores, instance.limits, 1.0).startswith(
        "no pair may have a probability above 1 (probability_limit): raise"
    )


def test_reviewers_without_publications_are_one_reason_of_two_kinds() -> None:
    """Two may step in, but only one a submission; two more are left out by the policy."""
    status = np.full((1, 4), PairStatus.LAST_RESORT, dtype=np.uint8)
    status[0, 2:] = PairStatus.UNSCORED
    instance = world(np.full((1, 4), np.nan), wanted=2, high=2, status=status)
    (found,) = explain_infeasible(instance.scores, instance.limits, instance.solve("max-total"))
    assert found.rules == ("no publications", "one last resort")
    is_smallest(instance, found)
    assert "unscored" not in {way.kind for way in found.relaxations}, "one of them is in already: it would not help"
    assert "at most one of these may review a submission" in found.text


def test_who_is_not_available_is_a_reason() -> None:
    status = np.full((1, 3), PairStatus.UNAVAILABLE, dtype=np.uint8)
    instance = world(np.full((1, 3), 0.5), wanted=1, high=0, status=status)
    (found,) = explain_infeasible(instance.scores, instance.limits, instance.solve("max-total"))
    assert found.rules == ("availability",)
    assert found.text.endswith("of the reviewers, 3 are not available")


def test_what_can_be_met_has_no_explanation_even_from_an_empty_start() -> None:
    instance = planted(few=33)
    assert explain_infeasible(instance.scores, instance.limits, EMPTY) == ()


def test_at_most_five_are_explained_and_none_shares_a_submission() -> None:
    status = np.full((8, 4), PairStatus.BLOCKED, dtype=np.uint8)
    instance = world(np.full((8, 4), 0.5), wanted=1, high=4, status=status)
    found = explain_infeasible(instance.scores, instance.limits, EMPTY)
    assert [each.submissions for each in found] == [(f"s{row:03d}",) for row in range(5)]


@pytest.mark.parametrize("kind", ["load", "questions", "floor", "unscored"])
def test_a_way_out_that_is_offered_works(kind: str) -> None:
    """Each is followed by hand on random instances; the submissions concerned can then be served, all rules kept."""
    done = 0
    every = [*NAMES, "one last resort"]
    kinds = [PairStatus.ELIGIBLE, PairStatus.BLOCKED, PairStatus.ASK, PairStatus.BELOW_FLOOR, PairStatus.UNSCORED]
    for seed in range(60):
        rng = np.random.default_rng(seed)
        status = rng.choice(np.array(kinds[:4], dtype=np.uint8), size=(8, 8), p=[0.4, 0.2, 0.2, 0.2])
        status[:, 7] = PairStatus.UNSCORED
        instance = world(rng.random((8, 8)), wanted=2, high=2, status=status)
        for found in explain_infeasible(instance.scores, instance.limits, EMPTY):
            for way in found.relaxations:
                if way.kind == kind:
                    changed = _follow(instance, way.text)
                    need, can = reviews_possible(changed, found.submissions, instance.scores.reviewers.ids, every)
                    assert need == can
                    assert way.fills == found.need - found.can
                    done += 1
    assert done > 5


def _follow(instance: World, text: str) -> World:
    """Do what a relaxation says."""
    limits = instance.limits
    status, most = limits.status.copy(), limits.max_load.copy()
    if text.startswith("raise"):
        for name, amount in re.findall(r"'(\w+)' by (\d+)", text):
            most[instance.scores.reviewers.position(name)] += int(amount)
    elif text.startswith("lower"):
        floor = float(text.partition("min_score to ")[2].partition(":")[0])
        status[(status == PairStatus.BELOW_FLOOR) & (instance.scores.values >= floor)] = PairStatus.ELIGIBLE
    elif text.startswith("set unscored"):
        status[status == PairStatus.UNSCORED] = PairStatus.LAST_RESORT
    else:
        status[status == PairStatus.ASK] = PairStatus.ELIGIBLE
    return World(instance.scores, replace(limits, status=status, max_load=most))
