"""Rules over attributes: what they mean, that hard ones hold and soft ones are priced, against trying everything."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher import MatchConfig, match
from matcher.assignment import assign, build_limits, verify
from matcher.config import resolve
from matcher.constraints import broken_rules, pairs_ruled_out, side_rules
from matcher.errors import ConfigError, InfeasibleError, UnknownNameError
from matcher.pipeline import MatchResult, rematch
from matcher.records import (
    AuthorMention,
    Conflicts,
    Constraint,
    FixedPair,
    Index,
    PairStatus,
    Paper,
    PaperId,
    Person,
    PersonId,
    Reviewer,
    ScoreMatrix,
    Submission,
    SubmissionId,
    Venue,
)
from matcher.solvers import ruled
from tests.worlds import two_fields

NONE = Conflicts(())


def venue(
    reviewers: list[dict[str, Any]],
    submissions: list[dict[str, Any]],
    *,
    papers: tuple[tuple[int, ...], ...] = (),
    authors: dict[int, int] | None = None,
    **more: Any,
) -> Venue:
    """Reviewers and submissions with attributes; `papers` names joint authors, `authors` who wrote a submission."""
    people = [PersonId(f"r{column}") for column in range(len(reviewers))]
    return Venue.of(
        people=[Person(who, (f"Person {who}",)) for who in people],
        papers=[
            Paper(PaperId(f"p{number}"), "joint", authors=tuple(AuthorMention("x", people[who]) for who in group))
            for number, group in enumerate(papers)
        ],
        reviewers=[Reviewer(who, attributes=each) for who, each in zip(people, reviewers, strict=True)],
        submissions=[
            Submission(
                SubmissionId(f"s{row}"),
                f"Title {row}",
                track=str(each.get("track", "")),
                attributes=each,
                authors=(AuthorMention("x", people[authors[row]]),) if authors and row in authors else (),
            )
            for row, each in enumerate(submissions)
        ],
        **more,
    )


def matrix(of: Venue, values: Any) -> ScoreMatrix:
    array = np.array(values, dtype=np.float32)
    rows, columns = ([s.id for s in of.submissions], [r.person_id for r in of.reviewers])
    return ScoreMatrix(Index(rows), Index(columns), array, array, "given")


def names(answer: Any) -> list[str]:
    return [f"{pair.submission_id}{pair.reviewer_id}" for pair in answer.pairs]


SENIORS = [{"level": "senior"}, {"level": "junior"}, {"level": "junior"}, {}]
ONE_SENIOR = Constraint("one senior", "quota", attribute="level", values=("Senior",), at_least=1)


def test_a_quota_holds_and_costs_what_it_must() -> None:
    of = venue(SENIORS, [{}, {}])
    scores = matrix(of, [[0.1, 0.9, 0.8, 0.7], [0.3, 0.9, 0.8, 0.7]])
    config = MatchConfig(reviews_per_submission=2, max_load=2, constraints=(ONE_SENIOR,))
    limits = build_limits(of, config, scores, NONE)
    answer = assign(scores, limits, config)
    assert names(answer) == ["s0r0", "s0r1", "s1r0", "s1r1"]
    assert verify(answer, scores, limits, NONE) == ()
    assert answer.objective == pytest.approx(2.2)
    assert answer.bound == pytest.approx(2.2)  # the prices of quotas are part of the proof
    free = assign(scores, replace(limits, rules=()), config)
    broken = verify(free, scores, limits, NONE)
    assert [violation.detail for violation in broken] == [
        "one senior: 's0' has 0 of at least 1",
        "one senior: 's1' has 0 of at least 1",
    ]


def test_a_price_is_paid_where_it_is_the_smaller_evil() -> None:
    of = venue(SENIORS, [{}, {}])
    scores = matrix(of, [[0.1, 0.9, 0.8, 0.7], [0.7, 0.9, 0.8, 0.7]])
    soft = replace(ONE_SENIOR, price=0.5)
    config = MatchConfig(reviews_per_submission=1, max_load=2, constraints=(soft,), objective="max-total")
    limits = build_limits(of, config, scores, NONE)
    answer = assign(scores, limits, config)
    assert names(answer) == ["s0r1", "s1r0"]  # 0.8 more is worth 0.5, 0.2 more is not
    assert verify(answer, scores, limits, NONE) == ()
    assert len(list(broken_rules(limits.rules, answer, scores, limits.wanted))) == 1


def test_at_most_of_every_value_holds_by_region() -> None:
    of = venue([{"region": "A"}, {"region": "A"}, {"region": "B"}, {"region": "B"}], [{}])
    scores = matrix(of, [[0.9, 0.8, 0.2, 0.1]])
    rule = Constraint("regions", "quota", attribute="region", at_most=1)
    config = MatchConfig(reviews_per_submission=2, max_load=1, constraints=(rule,))
    limits = build_limits(of, config, scores, NONE)
    assert [each.name for each in limits.rules] == ["regions: a", "regions: b"]
    assert names(assign(scores, limits, config)) == ["s0r0", "s0r2"]


def test_coauthors_and_equal_values_are_kept_apart() -> None:
    of = venue([{"lab": "X"}, {}, {"lab": ["x", "Y"]}, {"lab": "Z"}], [{}], papers=((0, 1), (1,)))
    scores = matrix(of, [[0.9, 0.8, 0.7, 0.1]])
    rules = (Constraint("people", "apart", attribute="coauthors"), Constraint("labs", "apart", attribute="lab"))
    config = MatchConfig(reviews_per_submission=2, max_load=1, constraints=rules)
    limits = build_limits(of, config, scores, NONE)
    answer = assign(scores, limits, config)
    assert names(answer) == ["s0r1", "s0r2"]  # r0 and r1 wrote together, r0 and r2 share a lab
    assert verify(answer, scores, limits, NONE) == ()


def test_no_two_people_review_each_other() -> None:
    of = venue([{}, {}, {}], [{}, {}], authors={0: 0, 1: 1})
    scores = matrix(of, [[0.0, 0.9, 0.1], [0.9, 0.0, 0.2]])
    config = MatchConfig(reviews_per_submission=1, max_load=2, constraints=(Constraint("swaps", "no_cycles"),))
    limits = build_limits(of, config, scores, NONE)
    answer = assign(scores, limits, config)
    assert names(answer) == ["s0r1", "s1r2"]
    assert verify(answer, scores, limits, NONE) == ()
    free = assign(scores, replace(limits, rules=()), config)
    assert [v.detail for v in verify(free, scores, limits, NONE)] == [
        "swaps: 's0' and 's1' are reviewed by each other's authors"
    ]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("in", [[False, True, False], [False, False, False]]),
        ("not in", [[True, False, False], [False, False, False]]),
        ("overlaps", [[False, True, False], [False, False, False]]),
        ("disjoint", [[True, False, False], [False, False, False]]),
        ("==", [[True, True, False], [False, False, False]]),
        ("!=", [[False, False, False], [False, False, False]]),
    ],
)
def test_pair_rules_bar_what_fails_the_test_and_nothing_that_says_nothing(
    test: str, expected: list[list[bool]]
) -> None:
    of = venue([{"tracks": ["Theory", "ML"]}, {"tracks": ["Vision"]}, {}], [{"track": "theory"}, {}])
    scores = matrix(of, np.full((2, 3), 0.5))
    rule = Constraint("tracks", "pair", submission="track", test=test, reviewer="tracks")
    assert pairs_ruled_out(of, (rule,), scores).tolist() == expected
    limits = build_limits(of, MatchConfig(constraints=(rule,)), scores, NONE)
    assert ((limits.status == PairStatus.RULED_OUT) == np.array(expected)).all()
    assert limits.rules == ()
    soft = side_rules(of, (replace(rule, price=0.1),), scores)
    assert soft[0].pairs is not None
    assert soft[0].pairs.tolist() == np.argwhere(np.array(expected)).tolist()


def test_a_soft_pair_rule_lowers_what_a_pair_is_worth() -> None:
    of = venue([{"tracks": "A"}, {"tracks": "B"}], [{"track": "B"}])
    scores = matrix(of, [[0.6, 0.5]])
    rule = Constraint("tracks", "pair", submission="track", test="in", reviewer="tracks", price=0.2)
    config = MatchConfig(reviews_per_submission=1, max_load=1, constraints=(rule,))
    assert names(assign(scores, build_limits(of, config, scores, NONE), config)) == ["s0r1"]
    cheap = replace(config, constraints=(replace(rule, price=0.05),))
    assert names(assign(scores, build_limits(of, cheap, scores, NONE), cheap)) == ["s0r0"]


def best_by_trying(scores: ScoreMatrix, limits: Any, wanted: int) -> float:
    """The largest total less prices over all complete assignments that break no hard rule; minus infinity for none."""
    from matcher.assignment import package

    rows, columns = scores.values.shape
    options = [
        [set_ for set_ in itertools.combinations(range(columns), wanted) if limits.eligible[row][list(set_)].all()]
        for row in range(rows)
    ]
    best = -np.inf
    for choice in itertools.product(*options):
        loads = np.bincount([column for each in choice for column in each], minlength=columns)
        if (loads > limits.max_load).any() or (loads < limits.min_load).any():
            continue
        places = np.array([(row, column) for row, each in enumerate(choice) for column in each])
        answer = package(scores, limits, places, solver="tried")
        broken = [rule.price for rule, _ in broken_rules(limits.rules, answer, scores, limits.wanted)]
        if None not in broken:
            best = max(best, answer.objective - sum(price for price in broken if price))
    return best


@pytest.mark.parametrize("few", [False, True])
def test_the_best_answer_is_that_of_trying_all(few: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if few:  # start from few candidates, as large problems do
        monkeypatch.setattr(ruled, "_EXACT", 0)
    solved, impossible = compare_with_trying(range(15), is_exact=not few)
    assert solved > 5
    assert impossible > 0


def compare_with_trying(seeds: Iterable[int], *, is_exact: bool) -> tuple[int, int]:
    """Solve random instances and try all assignments of each; how many had an answer, and how many none."""
    solved = impossible = 0
    for seed in seeds:
        rng = np.random.default_rng(seed)
        of = venue(
            [{"level": str(rng.choice(["senior", "junior"])), "region": str(rng.choice(["A", "B"]))} for _ in range(5)],
            [{} for _ in range(3)],
            papers=((0, 1),),
            authors={0: 0, 1: 1, 2: 2},
        )
        scores = matrix(of, rng.random((3, 5)).round(3))
        soft = 0.2 if seed % 2 else None
        rules = (
            replace(ONE_SENIOR, price=soft),
            Constraint("regions", "quota", attribute="region", at_most=1, price=soft),
            Constraint("people", "apart", attribute="coauthors"),
            Constraint("swaps", "no_cycles", price=None if seed % 3 else 0.1),
        )
        config = MatchConfig(
            reviews_per_submission=2,
            max_load=2,
            min_load=1 if seed % 5 == 0 else 0,
            constraints=rules,
            objective="max-total",
        )
        blocked = FixedPair(SubmissionId("s0"), PersonId("r3"), "forbid")
        limits = build_limits(replace(of, fixed=(blocked,)), config, scores, NONE)
        expected = best_by_trying(scores, limits, 2)
        try:
            answer = assign(scores, limits, config)
        except InfeasibleError:
            assert expected == -np.inf
            impossible += 1
            continue
        assert verify(answer, scores, limits, NONE) == ()
        paid = sum(rule.price or 0.0 for rule, _ in broken_rules(limits.rules, answer, scores, limits.wanted))
        if is_exact:
            assert answer.objective - paid == pytest.approx(expected, abs=1e-5)
        else:
            assert answer.objective - paid <= expected + 1e-5
        solved += 1
    return solved, impossible


def test_required_pairs_count_and_stay() -> None:
    of = venue(SENIORS, [{}], fixed=[FixedPair(SubmissionId("s0"), PersonId("r3"), "require")])
    scores = matrix(of, [[0.1, 0.9, 0.8, 0.7]])
    config = MatchConfig(reviews_per_submission=2, max_load=1, constraints=(ONE_SENIOR,))
    limits = build_limits(of, config, scores, NONE)
    answer = assign(scores, limits, config)
    assert [(pair.reviewer_id, pair.marks) for pair in answer.pairs] == [("r0", ()), ("r3", ("required",))]


def test_last_resorts_and_minimum_loads_are_kept_under_rules() -> None:
    of = venue([{"level": "senior"}, {"level": "junior"}, {}, {}], [{}, {}])
    scores = matrix(of, [[0.2, 0.9, 0.8, np.nan], [0.9, 0.8, 0.1, np.nan]])
    config = MatchConfig(
        reviews_per_submission=2, max_load=1, min_load=1, constraints=(replace(ONE_SENIOR, price=0.1),)
    )
    partial = replace(config, allow_partial=True)
    limits = build_limits(of, partial, scores, NONE)
    answer = assign(scores, limits, partial)
    assert verify(answer, scores, limits, NONE) == ()
    assert len(answer.pairs) == 4
    assert sum("last_resort" in pair.marks for pair in answer.pairs) == 1


def test_what_no_assignment_can_meet_is_told() -> None:
    of = venue([{"level": "senior"}, {"level": "junior"}, {"level": "junior"}], [{}, {}])
    scores = matrix(of, np.full((2, 3), 0.5))
    config = MatchConfig(reviews_per_submission=1, max_load=1, constraints=(ONE_SENIOR,))
    limits = build_limits(of, config, scores, NONE)
    with pytest.raises(InfeasibleError, match=r"one senior: 's\d' has 0 of at least 1, and no way was found to change"):
        assign(scores, limits, config)
    none = replace(ONE_SENIOR, at_least=0, at_most=0)
    config = MatchConfig(
        reviews_per_submission=2, max_load=2, constraints=(none, replace(none, name="2", values=("junior",), at_most=1))
    )
    limits = build_limits(of, config, scores, NONE)
    with pytest.raises(InfeasibleError, match="all limits can be met, but no way was found to meet the rules"):
        assign(scores, limits, config)
    with pytest.raises(ConfigError, match="are met under max-total, max-min, randomised, perturbed, not leximin"):
        assign(scores, limits, replace(config, objective="leximin"))


def test_an_attribute_that_nobody_has_is_refused() -> None:
    of = venue(SENIORS, [{}])
    with pytest.raises(UnknownNameError, match="unknown attribute of reviewers 'levle', did you mean 'level'"):
        side_rules(of, (replace(ONE_SENIOR, attribute="levle"),), matrix(of, np.zeros((1, 4))))


# --- as data --------------------------------------------------------------------------------------------------------

GOOD = """
[constraints.senior]
kind = "quota"
attribute = "seniority"
values = ["senior"]
at_least = 1
price = 0.5

[constraints.swaps]
kind = "no_cycles"
"""


def test_constraints_are_read_from_toml_and_survive_their_plain_form(tmp_path: Path) -> None:
    (tmp_path / "match.toml").write_text(GOOD, encoding="utf-8")
    config = resolve(match_toml=tmp_path / "match.toml").config
    assert config.constraints == (
        Constraint("senior", "quota", attribute="seniority", values=("senior",), at_least=1, price=0.5),
        Constraint("swaps", "no_cycles"),
    )
    assert MatchConfig.from_plain(config.to_plain()) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[constraints]]\nkind = 'quota'", "constraints stand in sections of their own"),
        ("[constraints.x]\nkind = 'quotas'", "kind: allowed are pair, quota, apart, no_cycles; got 'quotas'"),
        ("[constraints.x]\nkind = 'quota'\natribute = 'a'", "unknown key, did you mean 'attribute'"),
        ("[constraints.x]\nkind = 'quota'", "attribute: a constraint of kind quota needs this text"),
        ("[constraints.x]\nkind = 'quota'\nattribute = 'a'", "a quota needs at_least or at_most"),
        ("[constraints.x]\nkind = 'quota'\nattribute = 'a'\nat_most = -1", "allowed is a whole number from 0 up"),
        (
            "[constraints.x]\nkind = 'quota'\nattribute = 'a'\nat_least = 2\nat_most = 1",
            "at_least is 2 and at_most is 1",
        ),
        ("[constraints.x]\nkind = 'no_cycles'\nprice = 'high'", "price: allowed is a number; got 'high'"),
        ("[constraints.x]\nkind = 'no_cycles'\nlongest = 9", "longest: allowed are 2, 3, 4 people; got 9"),
        ("[constraints.x]\nkind = 'no_cycles'\nprice = 0", "price: allowed is a number above 0; got 0"),
        (
            "[constraints.x]\nkind = 'pair'\nsubmission = 'a'\nreviewer = 'b'\ntest = 'like'",
            "test: allowed are in, not in",
        ),
    ],
)
def test_a_wrong_constraint_is_refused_with_its_name(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "match.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="constraints") as caught:
        resolve(match_toml=tmp_path / "match.toml")
    assert message in str(caught.value)


def test_a_whole_match_under_rules_is_stored_read_and_planned_again(tmp_path: Path) -> None:
    world = two_fields(reviewers=4)
    for place, name in enumerate(world.reviewers):
        world.change_reviewer(name, attributes={"level": "senior" if place % 4 == 3 else "junior"})
    config = MatchConfig(
        encoder="tfidf", constraints=(ONE_SENIOR, Constraint("soft", "quota", "level", at_most=1, price=2.0))
    )
    result = match(world.venue(), config)
    assert result.verify() == ()
    assert result.broken_wishes == ()
    again = MatchResult.load(result.save(tmp_path / "run"))
    assert again.verify() == ()
    assert [rule.name for rule in again.limits.rules] == ["one senior", "soft: junior", "soft: senior"]
    gone = result.assignment.pairs[0]
    world.fix(gone.submission_id, gone.reviewer_id, "forbid")
    second, found = rematch(result, world.venue())
    assert second.verify() == ()
    assert found.forced == ((gone.submission_id, gone.reviewer_id),)
