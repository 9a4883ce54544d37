"""Ways out of whole venues, followed to the letter and judged by maximum flows of networkx."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from matcher.assignment import assign, build_limits, refuse_impossible_demand
from matcher.config import MatchConfig
from matcher.errors import InfeasibleError
from matcher.records import (
    Conflict,
    Conflicts,
    Evidence,
    FixedPair,
    Limits,
    PairStatus,
    Paper,
    PaperId,
    Person,
    PersonId,
    Relaxation,
    Reviewer,
    SideRule,
    Submission,
    SubmissionId,
    Venue,
    Verdict,
)
from matcher.ways_out import find_ways_out
from tests.contracts.solver import World, world, worlds
from tests.test_infeasibility import NAMES, minimum_possible, reviews_possible

EVERY = [*NAMES, "one last resort"]


def missing_reviews(instance: World) -> int:
    need, can = reviews_possible(instance, instance.scores.submissions.ids, instance.scores.reviewers.ids, EVERY)
    return need - can


def missing_loads(instance: World) -> int:
    need, can = minimum_possible(instance, instance.scores.reviewers.ids, instance.scores.submissions.ids, EVERY)
    return need - can


def followed(instance: World, way: Relaxation) -> World:
    """The instance after a way out, as its words say; of a list of names only what all of them are told."""
    limits = instance.limits
    status, most, least = limits.status.copy(), limits.max_load.copy(), limits.min_load.copy()
    if way.kind == "max_load":
        most[most > 0] += int(re.findall(r"by (\d+)", way.text)[0])
    elif way.kind == "load":
        for name in re.findall(r"'(\w+)'", way.text):
            most[instance.scores.reviewers.position(name)] += way.amount  # as much as is raised in all
    elif way.kind == "questions":
        for row, column in re.findall(r"'(\w+) × (\w+)'", way.text):
            place = instance.scores.submissions.position(row), instance.scores.reviewers.position(column)
            assert status[place] == PairStatus.ASK
            status[place] = PairStatus.ELIGIBLE
    elif way.kind == "floor":
        floor = float(re.findall(r"min_score to ([\d.]+)", way.text)[0])
        freed = (status == PairStatus.BELOW_FLOOR) & (instance.scores.values >= floor)
        assert freed.sum() == way.amount
        status[freed] = PairStatus.ELIGIBLE
    elif way.kind == "unscored":
        status[status == PairStatus.UNSCORED] = PairStatus.LAST_RESORT
    elif way.kind == "min_load":
        least = np.minimum(least, int(re.findall(r"min_load to (\d+)", way.text)[0]))
    elif way.kind == "reviewers":
        return _with_new(instance, way.amount, int(re.findall(r"room for (\d+)", way.text)[0]))
    return World(instance.scores, replace(limits, status=status, max_load=most, min_load=least))


def _with_new(instance: World, count: int, load: int) -> World:
    rows = len(instance.limits.wanted)
    limits = instance.limits
    return world(
        np.hstack([instance.scores.values, np.zeros((rows, count), dtype=np.float32)]),
        wanted=limits.wanted.tolist(),
        high=[*limits.max_load.tolist(), *([load] * count)],
        status=np.hstack([limits.status, np.full((rows, count), PairStatus.ELIGIBLE, dtype=np.uint8)]),
    )


FOLLOWED = {"max_load", "load", "questions", "floor", "unscored", "reviewers"}


def judge(instance: World) -> set[str]:
    """Every way out works on the whole instance, and those that give one review for one change are the least."""
    reviews, loads = missing_reviews(instance), missing_loads(instance)
    seen = set()
    for start in (instance.solve("max-total"), None):
        ways = find_ways_out(instance.scores, instance.limits, *(() if start is None else (start,)))
        kinds = {way.kind for way in ways}
        assert ("demand" in kinds) == (reviews > 0)
        assert ("minimum" in kinds) == (loads > 0)
        for way in ways:
            is_low = way.kind in ("minimum", "min_load")
            assert way.fills == (loads if is_low else reviews)
            if way.kind in FOLLOWED and "…" not in way.text:
                assert missing_reviews(followed(instance, way)) == 0, way.text
            if way.kind == "min_load":
                assert missing_loads(followed(instance, way)) == 0
                one_more = replace(way, text=f"min_load to {int(way.text.split()[3]) + 1}")
                assert missing_loads(followed(instance, one_more)) > 0
            if way.kind == "max_load" and not way.text.startswith("raise max_load by 1 "):
                less = re.sub(r"by (\d+)", lambda found: f"by {int(found[1]) - 1}", way.text)
                assert missing_reviews(followed(instance, replace(way, text=less))) > 0
        seen |= kinds
    return seen


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_every_way_out_that_is_offered_works_for_all_that_is_missing(instance: World) -> None:
    judge(instance)


def test_every_kind_is_offered_somewhere() -> None:
    kinds = [PairStatus.ELIGIBLE, PairStatus.BLOCKED, PairStatus.ASK, PairStatus.BELOW_FLOOR]
    seen: set[str] = set()
    for seed in range(25):
        rng = np.random.default_rng(seed)
        status = rng.choice(np.array(kinds, dtype=np.uint8), size=(6, 7), p=[0.5, 0.2, 0.15, 0.15])
        status[:, 6] = PairStatus.UNSCORED
        low = rng.integers(0, 3, 7)
        low[6] = 0
        instance = world(rng.random((6, 7)), wanted=2, high=2, low=low.tolist(), status=status)
        seen |= judge(instance)
    assert seen == {*FOLLOWED, "demand", "minimum", "min_load", "mixed"}


def test_a_way_out_covers_sets_that_have_nothing_in_common() -> None:
    """Two submissions lack one review each, for reasons of their own; the sums cover both."""
    status = np.full((3, 6), PairStatus.BLOCKED, dtype=np.uint8)
    status[0, :2], status[1, 2:4], status[2, 4:] = 0, 0, 0
    high = [1, 0, 1, 0, 1, 1]
    status[:, [1, 3]] = PairStatus.UNAVAILABLE
    instance = world(np.full((3, 6), 0.5), wanted=2, high=high, status=status)
    ways = find_ways_out(instance.scores, instance.limits, instance.solve("max-total"))
    assert [(way.kind, way.amount, way.fills) for way in ways] == [("reviewers", 2, 2), ("demand", 2, 2)]
    assert ways[1].text == "accept 2 reviews fewer, for 2 submissions (--allow-partial shares them)"


def test_loads_are_raised_for_the_best_match_of_each_submission() -> None:
    values = np.array([[0.9, 0.1, 0.2], [0.1, 0.2, 0.8]])
    instance = world(values, wanted=2, high=1)
    (load,) = (way for way in find_ways_out(instance.scores, instance.limits) if way.kind == "load")
    answer = instance.solve("max-total")
    (again,) = (way for way in find_ways_out(instance.scores, instance.limits, answer) if way.kind == "load")
    assert load.amount == again.amount == 1
    assert again.text in (
        "raise the maximum load of 1 reviewer ('r002') by 1",
        "raise the maximum load of 1 reviewer ('r000') by 1",
    )


# --- at once, and through the whole way -----------------------------------------------------------------------------


def small_venue(*, reviewers: int = 3, submissions: int = 2, fixed: tuple[FixedPair, ...] = ()) -> Venue:
    papers = [Paper(PaperId(f"p{n}"), f"title {n}") for n in range(reviewers)]
    return Venue.of(
        papers=papers,
        people=[Person(PersonId(f"r{n}"), (f"Reviewer {n}",)) for n in range(reviewers)],
        reviewers=[
            Reviewer(PersonId(f"r{n}"), (PaperId(f"p{n}"),), attributes={"seniority": "senior" if n == 0 else "new"})
            for n in range(reviewers)
        ],
        submissions=[Submission(SubmissionId(f"s{n}"), f"title {n}") for n in range(submissions)],
        fixed=fixed,
    )


def conflict(submission: str, reviewer: str, verdict: Verdict = Verdict.BLOCK) -> Conflict:
    return Conflict(
        SubmissionId(submission),
        PersonId(reviewer),
        "declared",
        verdict,
        None,
        "",
        (Evidence("declaration", "declared"),),
    )


def test_too_little_room_is_explained_before_any_text_is_read() -> None:
    config = MatchConfig(reviews_per_submission=3, max_load=1)
    with pytest.raises(InfeasibleError) as caught:
        refuse_impossible_demand(small_venue(), config, Conflicts((conflict("s0", "r0"), conflict("s0", "r1"))))
    error = caught.value
    assert str(error) == "2 submissions want 6 reviews, 3 reviewers can give 3"
    (first, *_) = error.explanations
    assert (first.submissions, first.reviewers, first.need, first.can) == (("s0",), (), 3, 1)
    assert first.rules == ("conflicts",)
    assert {way.kind for way in error.ways_out} == {"mixed", "reviewers", "demand"}
    with pytest.raises(InfeasibleError) as caught:
        refuse_impossible_demand(small_venue(), config, Conflicts(()))
    assert {way.kind: way.amount for way in caught.value.ways_out} == {
        "load": 3,
        "max_load": 3,
        "reviewers": 3,
        "demand": 3,
    }
    assert "best match" not in " ".join(way.text for each in caught.value.explanations for way in each.relaxations)


def test_all_required_pairs_that_cannot_be_are_told_together() -> None:
    fixed = (
        FixedPair(SubmissionId("s0"), PersonId("r0"), "require"),
        FixedPair(SubmissionId("s0"), PersonId("r1"), "require"),
        FixedPair(SubmissionId("s1"), PersonId("r1"), "require"),
    )
    venue = small_venue(fixed=fixed)
    blank = world(np.full((2, 3), 0.5)).scores
    scores = replace(
        blank,
        submissions=type(blank.submissions)([SubmissionId("s0"), SubmissionId("s1")]),
        reviewers=type(blank.reviewers)([PersonId(f"r{n}") for n in range(3)]),
    )
    found = Conflicts((conflict("s0", "r0"), conflict("s1", "r1", Verdict.ASK)))
    with pytest.raises(InfeasibleError) as caught:
        build_limits(venue, MatchConfig(reviews_per_submission=1, max_load=1), scores, found)
    texts = [each.text for each in caught.value.explanations]
    assert texts == [
        "fixed.csv: the pair 's0', 'r0' is required and in conflict (declared)",
        "fixed.csv: the pair 's1', 'r1' is required and in conflict (declared)",
        "fixed.csv: submission 's0' wants 1 review and has 2 required reviewers",
        "fixed.csv: reviewer 'r1' has a maximum load of 1 and 2 required submissions",
    ]
    ways = [[(way.kind, way.amount) for way in each.relaxations] for each in caught.value.explanations]
    assert ways == [
        [("required", 1)],
        [("required", 1), ("questions", 1)],
        [("required", 1), ("demand", 1)],
        [("required", 1), ("load", 1)],
    ]


# --- rules ----------------------------------------------------------------------------------------------------------

CONFIG = MatchConfig(encoder="tfidf", reviews_per_submission=1, max_load=4, min_load=0)


def refused(instance: World, *rules: SideRule) -> InfeasibleError:
    with pytest.raises(InfeasibleError) as caught:
        assign(instance.scores, replace(instance.limits, rules=rules), CONFIG)
    return caught.value


def members(count: int, *inside: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.isin(np.arange(count), inside)


def test_a_quota_whose_members_have_no_room_names_the_submissions_and_the_members() -> None:
    """Five submissions need a senior each; the two seniors have room for two each."""
    instance = world(np.full((5, 6), 0.5), wanted=2, high=[2, 2, 4, 4, 4, 4])
    error = refused(instance, SideRule("one senior", None, members=members(6, 0, 1), at_least=1))
    (found,) = error.explanations
    assert (len(found.submissions), found.reviewers, found.need, found.can) == (5, ("r000", "r001"), 5, 4)
    assert found.rules == ("one senior",)
    assert found.text.startswith("rule 'one senior': of the reviewers who count for it, 5 submissions")
    ways = {way.kind: way for way in found.relaxations}
    assert (ways["price"].amount, ways["load"].amount, ways["reviewers"].amount) == (1, 1, 1)
    assert ways["price"].text == "give 'one senior' a price: with 1.0 it is broken 1 time"
    assert ways["reviewers"].text.endswith(", who count for it")


def test_a_quota_that_conflicts_make_impossible_names_the_conflicts() -> None:
    status = np.full((3, 4), PairStatus.ELIGIBLE, dtype=np.uint8)
    status[1, 0] = PairStatus.BLOCKED
    instance = world(np.full((3, 4), 0.5), wanted=2, high=3, status=status)
    (found,) = refused(instance, SideRule("one senior", None, members=members(4, 0), at_least=1)).explanations
    assert (found.submissions, found.reviewers, found.rules) == (("s001",), (), ("one senior", "conflicts"))


def test_a_quota_with_a_most_is_a_demand_for_the_others() -> None:
    """At most one of three from the region, who are all but one: the fourth has room for two of three submissions."""
    instance = world(np.full((3, 4), 0.5), wanted=2, high=[3, 3, 3, 2])
    rule = SideRule("two regions", None, members=members(4, 0, 1, 2), at_most=1)
    (found,) = refused(instance, rule).explanations
    assert (len(found.submissions), found.reviewers, found.need, found.can) == (3, ("r003",), 3, 2)
    assert "who do not count for it" in found.text


def test_rules_that_only_together_cannot_be_met_are_named_and_no_other() -> None:
    """Two quotas want one reviewer each of disjoint pools for a submission that wants one review; a third is idle."""
    instance = world(np.full((2, 6), 0.5), wanted=1, high=2)
    rules = (
        SideRule("a", None, members=members(6, 0, 1), at_least=1),
        SideRule("b", None, members=members(6, 2, 3), at_least=1),
        SideRule("idle", None, members=members(6, 0, 1, 2, 3, 4, 5), at_most=1),
    )
    (found,) = refused(instance, *rules).explanations
    assert found.rules == ("a", "b")
    assert found.text == "the rules 'a', 'b' cannot be met together; without any one of them the others can"
    assert {way.kind for way in found.relaxations} == {"price"}
    assert all(way.amount == 2 for way in found.relaxations)


def test_a_rule_between_pairs_that_leaves_reviews_open_is_named() -> None:
    """Both reviewers are needed and must not meet."""
    instance = world(np.full((1, 2), 0.5), wanted=2, high=1)
    error = refused(instance, SideRule("apart", None, apart=np.array([[0, 1]])))
    (found,) = error.explanations
    assert found.rules == ("apart",)
    assert found.text == "rule 'apart' cannot be met together with demand and loads"
    assert [short.got for short in error.shortfalls] == [1]


def test_limits_are_never_changed() -> None:
    instance = world(np.full((4, 3), 0.5), wanted=2, high=1)
    before = Limits(*(getattr(instance.limits, name).copy() for name in ("wanted", "max_load", "min_load", "status")))
    find_ways_out(instance.scores, instance.limits, instance.solve("max-total"))
    for name in ("wanted", "max_load", "min_load", "status"):
        assert (getattr(before, name) == getattr(instance.limits, name)).all()
