"""Limits from a venue, and the check that reads every answer again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matcher.assignment import assign, build_limits, price_questions, refuse_impossible_demand, verify
from matcher.config import MatchConfig
from matcher.errors import DataError, InfeasibleError
from matcher.records import (
    Assignment,
    AuthorMention,
    Conflict,
    Conflicts,
    Evidence,
    FixedPair,
    Index,
    Pair,
    PairStatus,
    Person,
    PersonId,
    Reviewer,
    ScoreMatrix,
    Shortfall,
    Submission,
    SubmissionId,
    Venue,
    Verdict,
)

S, R = [SubmissionId(name) for name in ("s0", "s1")], [PersonId(name) for name in ("r0", "r1", "r2")]


def _venue(*, reviewers: dict[int, dict[str, Any]] | None = None, **more: Any) -> Venue:
    changes = reviewers or {}
    return Venue.of(
        people=[Person(name, (f"Person {name}",)) for name in R],
        reviewers=[Reviewer(name, **changes.get(place, {})) for place, name in enumerate(R)],
        submissions=more.pop("submissions", [Submission(name, f"Title {name}") for name in S]),
        **more,
    )


def _scores(values: list[list[float]]) -> ScoreMatrix:
    array = np.array(values, dtype=np.float32)
    return ScoreMatrix(Index(S), Index(R), array, array, "given")


def _conflict(submission: SubmissionId, reviewer: PersonId, verdict: Verdict = Verdict.BLOCK) -> Conflict:
    return Conflict(submission, reviewer, "declared", verdict, None, "", (Evidence("declaration", "said so"),))


HALF = [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]
ONE = MatchConfig(reviews_per_submission=1, max_load=2)


def test_demand_and_loads_come_from_rows_then_the_configuration() -> None:
    venue = _venue(
        reviewers={0: {"max_load": 1}, 1: {"min_load": 2}},
        submissions=[Submission(S[0], "a", reviews_wanted=2), Submission(S[1], "b")],
    )
    limits = build_limits(
        venue, MatchConfig(reviews_per_submission=3, max_load=4, min_load=1), _scores(HALF), Conflicts(())
    )
    assert limits.wanted.tolist() == [2, 3]
    assert limits.max_load.tolist() == [1, 4, 4]
    assert limits.min_load.tolist() == [1, 2, 1]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"invitation": "declined"}, 0),
        ({"invitation": "retired"}, 0),
        ({"invitation": "invited"}, 10),
        ({"availability": 0.3}, 3),
        ({"availability": 0.0}, 0),
    ],
)
def test_invitation_and_availability_decide_the_load(fields: dict[str, Any], expected: int) -> None:
    limits = build_limits(_venue(reviewers={0: fields}), replace(ONE, max_load=10), _scores(HALF), Conflicts(()))
    assert limits.max_load[0] == expected
    assert (limits.status[0, 0] == PairStatus.UNAVAILABLE) == (expected == 0)


def test_a_minimum_load_above_the_maximum_is_refused_with_the_reviewer() -> None:
    with pytest.raises(DataError, match="reviewer 'r1' has a minimum load of 5 and a maximum load of 2"):
        build_limits(_venue(reviewers={1: {"min_load": 5}}), ONE, _scores(HALF), Conflicts(()))


def test_every_status_is_told_apart_and_conflicts_win() -> None:
    venue = _venue(fixed=[FixedPair(S[0], R[1], "forbid"), FixedPair(S[1], R[1], "require")])
    found = Conflicts((_conflict(S[0], R[0]), _conflict(S[1], R[0], Verdict.ASK)))
    limits = build_limits(venue, replace(ONE, min_score=0.4), _scores([[0.5, 0.5, 0.3], [0.5, 0.5, 0.5]]), found)
    assert limits.status.tolist() == [
        [PairStatus.BLOCKED, PairStatus.FORBIDDEN, PairStatus.BELOW_FLOOR],
        [PairStatus.ASK, PairStatus.REQUIRED, PairStatus.ELIGIBLE],
    ]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("exclude", [PairStatus.UNSCORED, PairStatus.UNSCORED]),
        ("last_resort", [PairStatus.LAST_RESORT, PairStatus.LAST_RESORT]),
        ("by_area", [PairStatus.LAST_RESORT, PairStatus.UNSCORED]),
    ],
)
def test_reviewers_without_papers_follow_the_policy(policy: str, expected: list[PairStatus]) -> None:
    venue = _venue(
        reviewers={2: {"interests": ("Robotics ",), "min_load": 1}},
        submissions=[Submission(S[0], "a", keywords=("robotics",)), Submission(S[1], "b", keywords=("vision",))],
    )
    scores = _scores([[0.5, 0.5, np.nan], [0.5, 0.5, np.nan]])
    limits = build_limits(venue, replace(ONE, unscored=policy), scores, Conflicts(()))
    assert limits.status[:, 2].tolist() == expected
    assert limits.min_load[2] == 0


@pytest.mark.parametrize("verdict", [Verdict.BLOCK, Verdict.ASK])
def test_a_required_pair_in_conflict_is_refused_with_its_rule(verdict: Verdict) -> None:
    venue = _venue(fixed=[FixedPair(S[0], R[0], "require")])
    with pytest.raises(InfeasibleError, match=r"the pair 's0', 'r0' is required and in conflict \(declared\)"):
        build_limits(venue, ONE, _scores(HALF), Conflicts((_conflict(S[0], R[0], verdict),)))


def test_more_required_pairs_than_demand_or_load_are_refused() -> None:
    both = [FixedPair(S[0], R[0], "require"), FixedPair(S[0], R[1], "require")]
    with pytest.raises(InfeasibleError, match="submission 's0' wants 1 review and has 2 required reviewers"):
        build_limits(_venue(fixed=both), ONE, _scores(HALF), Conflicts(()))
    twice = [FixedPair(S[0], R[0], "require"), FixedPair(S[1], R[0], "require")]
    with pytest.raises(InfeasibleError, match="reviewer 'r0' has a maximum load of 1 and 2 required submissions"):
        build_limits(_venue(fixed=twice), replace(ONE, max_load=1), _scores(HALF), Conflicts(()))


def test_a_required_pair_is_assigned_though_it_is_the_worst() -> None:
    venue = _venue(fixed=[FixedPair(S[0], R[2], "require")])
    scores = _scores([[0.9, 0.8, 0.0], [0.9, 0.8, 0.0]])
    limits = build_limits(venue, ONE, scores, Conflicts(()))
    answer = assign(scores, limits, ONE)
    assert [(pair.reviewer_id, pair.marks) for pair in answer.pairs] == [("r2", ("required",)), ("r0", ())]
    assert answer.objective == pytest.approx(0.9)
    assert answer.bound == pytest.approx(0.9)
    assert verify(answer, scores, limits, Conflicts(())) == ()


def test_an_impossible_demand_is_refused_before_anything_is_scored() -> None:
    config = MatchConfig(reviews_per_submission=3, max_load=1)
    with pytest.raises(InfeasibleError, match="2 submissions want 6 reviews, 3 reviewers can give 3"):
        refuse_impossible_demand(_venue(), config, Conflicts(()))
    refuse_impossible_demand(_venue(), replace(config, allow_partial=True), Conflicts(()))
    refuse_impossible_demand(_venue(), replace(config, max_load=2), Conflicts(()))


def test_infeasible_limits_raise_unless_a_partial_answer_is_allowed() -> None:
    config = replace(ONE, reviews_per_submission=3)
    found = Conflicts(tuple(_conflict(S[0], reviewer) for reviewer in R))
    limits = build_limits(_venue(), config, _scores(HALF), found)
    with pytest.raises(InfeasibleError) as caught:
        assign(_scores(HALF), limits, config)
    assert [(short.submission_id, short.wanted, short.got) for short in caught.value.shortfalls] == [("s0", 3, 0)]
    assert caught.value.exit_code == 3
    partial = assign(_scores(HALF), limits, replace(config, allow_partial=True))
    assert [short.submission_id for short in partial.shortfalls] == ["s0"]
    assert len(partial.pairs) == 3


def test_the_price_of_open_questions_is_the_gain_of_clearing_them() -> None:
    scores = _scores([[0.9, 0.2, 0.1], [0.9, 0.2, 0.1]])
    found = Conflicts((_conflict(S[0], R[0], Verdict.ASK), _conflict(S[1], R[0])))
    limits = build_limits(_venue(), ONE, scores, found)
    answer = assign(scores, limits, ONE)
    price = price_questions(scores, limits, answer, ONE)
    assert (price.pairs, price.submissions, price.changed, price.filled) == (1, 1, 1, 0)
    assert price.gain == pytest.approx(0.7)
    assert price_questions(scores, build_limits(_venue(), ONE, scores, Conflicts(())), answer, ONE).pairs == 0


# --- the check itself: every rule it knows is broken once -------------------------------------------------------------


def _good() -> tuple[Assignment, ScoreMatrix, Any]:
    scores = _scores([[0.9, 0.2, np.nan], [0.8, 0.4, np.nan]])
    limits = build_limits(_venue(), replace(ONE, max_load=1), scores, Conflicts(()))
    return assign(scores, limits, ONE), scores, limits


def test_a_right_answer_breaks_no_rule() -> None:
    answer, scores, limits = _good()
    assert answer.objective == pytest.approx(1.3)
    assert verify(answer, scores, limits, Conflicts(())) == ()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"pairs": lambda a: (*a.pairs, a.pairs[0])}, "duplicate"),
        ({"pairs": lambda a: a.pairs[:1]}, "demand"),
        ({"pairs": lambda a: (a.pairs[0], replace(a.pairs[1], reviewer_id=a.pairs[0].reviewer_id))}, "load"),
        ({"pairs": lambda a: (replace(a.pairs[0], score=0.95), a.pairs[1])}, "score"),
        ({"pairs": lambda a: (replace(a.pairs[0], score=None), a.pairs[1])}, "score"),
        ({"pairs": lambda a: (replace(a.pairs[0], reviewer_id=R[2], score=None), a.pairs[1])}, "last_resort"),
        ({"pairs": lambda a: (replace(a.pairs[0], reviewer_id=PersonId("nobody")), a.pairs[1])}, "unknown"),
        ({"objective": lambda a: a.objective + 0.1}, "objective"),
        ({"bound": lambda a: a.bound + 0.1}, "bound"),
        ({"shortfalls": lambda _: (Shortfall(S[0], 1, 0, "made up"),)}, "demand"),
    ],
)
def test_each_broken_rule_is_found(change: dict[str, Any], rule: str) -> None:
    answer, scores, limits = _good()
    broken = replace(answer, **{name: make(answer) for name, make in change.items()})
    assert rule in {violation.rule for violation in verify(broken, scores, limits, Conflicts(()))}


def test_a_conflicted_pair_is_found_even_when_the_limits_forgot_it() -> None:
    answer, scores, limits = _good()
    pair = answer.pairs[0]
    for verdict in (Verdict.BLOCK, Verdict.ASK):
        found = Conflicts((_conflict(pair.submission_id, pair.reviewer_id, verdict),))
        assert [violation.rule for violation in verify(answer, scores, limits, found)] == ["conflict"]
    cleared = Conflicts((_conflict(pair.submission_id, pair.reviewer_id, Verdict.CLEAR),))
    assert verify(answer, scores, limits, cleared) == ()


def test_ineligible_required_and_underloaded_are_found() -> None:
    answer, scores, limits = _good()
    status = limits.status.copy()
    status[0, 0] = PairStatus.FORBIDDEN
    assert "ineligible" in {v.rule for v in verify(answer, scores, replace(limits, status=status), Conflicts(()))}
    status = limits.status.copy()
    status[0, 1] = PairStatus.REQUIRED
    assert "required" in {v.rule for v in verify(answer, scores, replace(limits, status=status), Conflicts(()))}
    low = np.array([1, 1, 1])
    assert "load" in {v.rule for v in verify(answer, scores, replace(limits, min_load=low), Conflicts(()))}


def test_withdrawn_submissions_get_nobody_and_fixed_pairs_on_them_are_ignored() -> None:
    gone = Submission(S[1], "b", status="withdrawn", authors=(AuthorMention("A", R[0]),))
    venue = _venue(submissions=[Submission(S[0], "a"), gone], fixed=[FixedPair(S[1], R[0], "require")])
    array = np.array([[0.5, 0.5, 0.5]], dtype=np.float32)
    scores = ScoreMatrix(Index([S[0]]), Index(R), array, array, "given")
    limits = build_limits(venue, ONE, scores, Conflicts((_conflict(S[1], R[0]),)))
    answer = assign(scores, limits, ONE)
    assert [pair.submission_id for pair in answer.pairs] == ["s0"]
    assert isinstance(answer.pairs[0], Pair)
