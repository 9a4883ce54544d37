"""The independent check: no solver, and no trust in what an answer says of itself.

`verify` recounts every rule from the input and recomputes the bound from the dual prices over all pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from matcher.bounds import Ground, MatrixBlocks, Missing, bound_of_goal, mean_scores, upper_bound, value_of_goal
from matcher.charges import allowance, charges_of
from matcher.constraints import broken_rules
from matcher.errors import counted
from matcher.records import (
    Assignment,
    Bools,
    Certificate,
    Conflicts,
    Doubles,
    Goal,
    Ints,
    Limits,
    Marginals,
    Pair,
    PairStatus,
    ScoreMatrix,
    Verdict,
    Violation,
)

__all__ = [
    "LOTTERIES",
    "SCORE_ERROR",
    "dual_bound",
    "given_scores",
    "goal_facts",
    "pairs_at",
    "places_of",
    "total_of",
    "unkept_quotas",
    "verify",
]

LOTTERIES: Final = ("randomised", "perturbed")
"""Objectives under which no pair may be certain."""

SCORE_ERROR: Final = 1e-6
"""Most by which a stored score may differ from the matrix, and a total from the sum of its parts per review."""


def given_scores(scores: ScoreMatrix, limits: Limits) -> Doubles:
    """(S,) sum of the scores of required pairs, NaN where one of them has none."""
    rows, columns = np.nonzero(limits.required)
    sums = np.zeros(len(limits.wanted))
    np.add.at(sums, rows, scores.values[rows, columns].astype(np.float64))
    return sums


def pairs_at(scores: ScoreMatrix, limits: Limits, rows: Ints, columns: Ints) -> Iterator[Pair]:
    """The pairs at some positions, with their scores and marks."""
    marks = {PairStatus.LAST_RESORT: ("last_resort",), PairStatus.REQUIRED: ("required",)}
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        value = float(scores.values[row, column])
        yield Pair(
            submission_id=scores.submissions.ids[row],
            reviewer_id=scores.reviewers.ids[column],
            score=None if np.isnan(value) else value,
            marks=marks.get(PairStatus(limits.status[row, column]), ()),
        )


def total_of(pairs: tuple[Pair, ...]) -> float:
    """Sum of the scores of pairs that have one."""
    return float(np.sum([pair.score for pair in pairs if pair.score is not None], dtype=np.float64))


def dual_bound(assignment: Assignment, scores: ScoreMatrix, limits: Limits, certificate: Certificate) -> float:
    """Upper bound on the total of any assignment that leaves as many reviews open, from dual prices alone.

    Args:
        assignment: what is judged; only its missing reviews, last resorts and missing minimum loads decide.
        scores: (S, R).
        limits: as the assignment must respect them.
        certificate: the prices; see `bounds.upper_bound`.

    Returns:
        The bound, in units of the total score.
    """
    ground = _ground(scores, limits, places_of(assignment, scores), certificate)
    bound = upper_bound(ground, certificate, _missing(assignment))
    return bound + float(np.nan_to_num(scores.values[limits.required].astype(np.float64)).sum())


def places_of(assignment: Assignment, scores: ScoreMatrix) -> tuple[Ints, Ints]:
    """Rows and columns of the pairs that are pairs of this matrix."""
    known = [
        (scores.submissions.position(pair.submission_id), scores.reviewers.position(pair.reviewer_id))
        for pair in assignment.pairs
        if pair.submission_id in scores.submissions and pair.reviewer_id in scores.reviewers
    ]
    places = np.array(known, dtype=np.int64).reshape(-1, 2)
    return places[:, 0], places[:, 1]


def _ground(
    scores: ScoreMatrix, limits: Limits, chosen: tuple[Ints, Ints], certificate: Certificate, limit: float = 1.0
) -> Ground:
    required = limits.required
    spare = limits.last_resort
    prices = certificate.rules
    return Ground(
        blocks=MatrixBlocks(scores.values, limits),
        spare=spare if spare.any() else None,
        wanted=limits.wanted - required.sum(axis=1),
        high=limits.max_load - required.sum(axis=0),
        low=np.maximum(limits.min_load - required.sum(axis=0), 0),
        chosen=chosen,
        limit=limit,
        charges=None if prices is None else charges_of(prices, limits.rules, len(scores.reviewers)),
        allowed=0.0 if prices is None else allowance(prices, limits.rules, limits.wanted, required),
    )


def _missing(assignment: Assignment) -> Missing:
    return Missing(
        unfilled=sum(short.wanted - short.got for short in assignment.shortfalls),
        last_resorts=sum("last_resort" in pair.marks for pair in assignment.pairs),
        underload=sum(short.min_load - short.got for short in assignment.underloads),
    )


def goal_facts(assignment: Assignment, scores: ScoreMatrix, limits: Limits, goal: Goal) -> tuple[float, float]:
    """Value and bound of a goal, counted from the pairs (or the policy) and computed from the prices."""
    given = np.nan_to_num(given_scores(scores, limits))
    policy = assignment.marginals
    if policy is None:
        rows, columns = chosen = places_of(assignment, scores)
        means = mean_scores(rows, np.nan_to_num(scores.values[rows, columns].astype(np.float64)), limits.wanted)
        value = value_of_goal(goal.objective, means, goal.counted, goal.tail)
        ground = _ground(scores, limits, chosen, goal.certificate)
        return value, bound_of_goal(ground, goal, _missing(assignment), given, limits.wanted)
    chosen = policy.rows, policy.columns
    ground = _ground(scores, limits, chosen, goal.certificate, policy.limit / policy.unit)
    values = np.nan_to_num(scores.values[policy.rows, policy.columns].astype(np.float64))
    chance = policy.probabilities
    value = float(values @ (chance - (goal.perturbation or 0.0) * chance**2)) + float(given.sum())
    expected_loads = np.bincount(policy.columns, weights=chance, minlength=len(ground.low))
    missing = Missing(
        unfilled=float(ground.wanted.sum() - chance.sum()),
        last_resorts=float(chance[limits.status[policy.rows, policy.columns] == PairStatus.LAST_RESORT].sum()),
        underload=float(np.maximum(ground.low - expected_loads, 0).sum()),
    )
    return value, bound_of_goal(ground, goal, missing, given, limits.wanted)


def verify(assignment: Assignment, scores: ScoreMatrix, limits: Limits, conflicts: Conflicts) -> tuple[Violation, ...]:
    """Check an assignment against every rule, without a solver and without trusting what it says of itself.

    Args:
        assignment: the answer.
        scores: (S, R).
        limits: what it must respect.
        conflicts: read directly, pair by pair, not through the limits.

    Returns:
        Every broken rule; none for a correct answer.
    """
    found: list[Violation] = []
    filled = np.zeros(len(scores.submissions), dtype=np.int64)
    loads = np.zeros(len(scores.reviewers), dtype=np.int64)
    resorts = np.zeros(len(scores.submissions), dtype=np.int64)
    seen: set[tuple[str, str]] = set()
    for pair in assignment.pairs:
        where = f"'{pair.submission_id}', '{pair.reviewer_id}'"
        if pair.submission_id not in scores.submissions or pair.reviewer_id not in scores.reviewers:
            found.append(Violation("unknown", f"{where} is no pair of this venue"))
            continue
        if (pair.submission_id, pair.reviewer_id) in seen:
            found.append(Violation("duplicate", f"{where} is assigned twice"))
        seen.add((pair.submission_id, pair.reviewer_id))
        row, column = scores.submissions.position(pair.submission_id), scores.reviewers.position(pair.reviewer_id)
        filled[row] += 1
        loads[column] += 1
        found += _check_pair(pair, where, float(scores.values[row, column]), limits, row, column, conflicts)
        resorts[row] += limits.status[row, column] == PairStatus.LAST_RESORT
    found += _check_counts(assignment, scores, limits, filled, loads, resorts)
    for row, column in np.argwhere(limits.required).tolist():
        ids = (scores.submissions.ids[row], scores.reviewers.ids[column])
        if ids not in seen:
            found.append(Violation("required", f"'{ids[0]}', '{ids[1]}' is required and not assigned"))
    found += _check_totals(assignment, scores, limits)
    for rule, violation in broken_rules(limits.rules, assignment, scores, limits.wanted):
        if rule.price is None:
            found.append(violation)
    return tuple(found)


def _check_pair(
    pair: Pair, where: str, value: float, limits: Limits, row: int, column: int, conflicts: Conflicts
) -> Iterator[Violation]:
    verdict = conflicts.verdict(pair.submission_id, pair.reviewer_id)
    if verdict is not Verdict.CLEAR:
        yield Violation("conflict", f"{where} is assigned and the verdict is {verdict}")
    status = PairStatus(limits.status[row, column])
    if status not in (PairStatus.ELIGIBLE, PairStatus.LAST_RESORT, PairStatus.REQUIRED):
        yield Violation("ineligible", f"{where} is assigned and is {status.name.lower()}")
    if (status is PairStatus.LAST_RESORT) != ("last_resort" in pair.marks):
        yield Violation("last_resort", f"{where} is not marked as it should be")
    if (pair.score is None) != bool(np.isnan(value)) or (
        pair.score is not None and abs(pair.score - value) > SCORE_ERROR
    ):
        yield Violation("score", f"{where} says {pair.score}, the matrix says {value}")


def _check_counts(
    assignment: Assignment, scores: ScoreMatrix, limits: Limits, filled: Ints, loads: Ints, resorts: Ints
) -> Iterator[Violation]:
    admitted = {short.submission_id: short for short in assignment.shortfalls}
    for row, name in enumerate(scores.submissions.ids):
        short = admitted.get(name)
        said = (short.wanted, short.got) if short else (int(limits.wanted[row]), int(limits.wanted[row]))
        if said != (int(limits.wanted[row]), int(filled[row])):
            yield Violation("demand", f"'{name}' wants {limits.wanted[row]}, has {filled[row]}, the answer says {said}")
        if resorts[row] > 1:
            yield Violation(
                "last_resort", f"'{name}' has {counted(int(resorts[row]), 'reviewer')} without publications"
            )
    below = {short.reviewer_id: short.got for short in assignment.underloads}
    for column, reviewer in enumerate(scores.reviewers.ids):
        if loads[column] > limits.max_load[column]:
            yield Violation("load", f"'{reviewer}' has {loads[column]} of at most {limits.max_load[column]}")
        if loads[column] < limits.min_load[column] and below.get(reviewer) != loads[column]:
            yield Violation("load", f"'{reviewer}' has {loads[column]} of at least {limits.min_load[column]}")


def _check_totals(assignment: Assignment, scores: ScoreMatrix, limits: Limits) -> Iterator[Violation]:
    slack = SCORE_ERROR * max(1, len(assignment.pairs))
    if abs(total_of(assignment.pairs) - assignment.objective) > slack:
        yield Violation("objective", f"the scores sum to {total_of(assignment.pairs)}, not {assignment.objective}")
    if assignment.bound is None or assignment.certificate is None:
        return
    try:
        bound = dual_bound(assignment, scores, limits, assignment.certificate)
    except ValueError as error:
        yield Violation("bound", f"the prices prove nothing: {error}")
        return
    if abs(bound - assignment.bound) > slack:
        yield Violation("bound", f"the prices prove {bound}, not {assignment.bound}")
    if assignment.objective > bound + slack:
        yield Violation("bound", f"the total {assignment.objective} is above the proven bound {bound}")
    if assignment.goal is not None:
        yield from _check_goal(assignment, scores, limits, assignment.goal)


def _check_goal(assignment: Assignment, scores: ScoreMatrix, limits: Limits, goal: Goal) -> Iterator[Violation]:
    if (assignment.marginals is None) != (goal.objective not in LOTTERIES):
        yield Violation("goal", f"{goal.objective} and its policy do not go together")
        return
    if assignment.marginals is not None:
        yield from _check_policy(assignment.marginals, assignment, scores, limits)
    try:
        value, bound = goal_facts(assignment, scores, limits, goal)
    except ValueError as error:
        yield Violation("goal", f"what should prove {goal.objective} proves nothing: {error}")
        return
    slack = SCORE_ERROR * (1 if assignment.marginals is None else max(1, len(assignment.pairs)))
    if abs(value - goal.value) > slack:
        yield Violation("goal", f"{goal.objective} is {value}, not {goal.value}")
    if abs(bound - goal.bound) > slack or value > bound + slack:
        yield Violation("goal", f"the prices prove {bound} for {goal.objective}, not {goal.bound}; reached is {value}")


def unkept_quotas(policy: Marginals, scores: ScoreMatrix, limits: Limits) -> Iterator[Violation]:
    """Quotas that a policy does not keep in expectation: some draw breaks them."""
    required = limits.required
    for rule in limits.rules:
        if rule.members is None or rule.price is not None:
            continue
        inside = rule.members[policy.columns]
        size = len(limits.wanted)
        has = np.bincount(policy.rows[inside], weights=policy.probabilities[inside], minlength=size)
        has += required[:, rule.members].sum(axis=1)
        least = np.minimum(rule.at_least, limits.wanted)
        most = np.inf if rule.at_most is None else rule.at_most
        for row in np.flatnonzero((has < least - SCORE_ERROR) | (has > most + SCORE_ERROR)).tolist():
            name = scores.submissions.ids[row]
            yield Violation(
                "policy", f"{rule.name}: '{name}' expects {has[row]:g}, allowed are {least[row]} to {most:g}"
            )


def _check_policy(
    policy: Marginals, assignment: Assignment, scores: ScoreMatrix, limits: Limits
) -> Iterator[Violation]:
    """A policy keeps every limit in expectation, and the drawn pairs come from it."""
    rows, columns, chance = policy.rows, policy.columns, policy.probabilities
    allowed = np.isin(limits.status[rows, columns], (PairStatus.ELIGIBLE, PairStatus.LAST_RESORT))
    if not allowed.all() or (policy.units > policy.limit).any() or (policy.units <= 0).any():
        yield Violation("policy", "a probability is out of range, above its limit, or of a pair that may not be")
    places = rows * len(scores.reviewers) + columns
    if len(np.unique(places)) != len(places):
        yield Violation("policy", "a pair has two probabilities")
    required = limits.required
    reviews = np.bincount(rows, weights=chance, minlength=len(limits.wanted)) + required.sum(axis=1)
    if (reviews > limits.wanted + SCORE_ERROR).any():
        yield Violation("policy", "a submission expects more reviews than it wants")
    loads = np.bincount(columns, weights=chance, minlength=len(limits.max_load)) + required.sum(axis=0)
    if (loads > limits.max_load + SCORE_ERROR).any():
        yield Violation("policy", "a reviewer expects more than their maximum load")
    if policy.plans is None:
        yield from _check_possible(assignment, scores, limits, rows, columns)
    else:
        yield from _check_plans(policy, policy.plans, assignment, scores, limits)
    yield from unkept_quotas(policy, scores, limits)
    own_rows, own_columns = places_of(assignment, scores)
    certain = np.flatnonzero(required.ravel())
    if not np.isin(own_rows * len(scores.reviewers) + own_columns, np.concatenate([places, certain])).all():
        yield Violation("policy", "an assigned pair has no probability")


def _check_possible(
    assignment: Assignment, scores: ScoreMatrix, limits: Limits, rows: Ints, columns: Ints
) -> Iterator[Violation]:
    """Pairs that are drawn one by one must keep every rule between pairs even if all of them were assigned."""
    possible = replace(assignment, pairs=tuple(pairs_at(scores, limits, rows, columns)))
    between = [rule for rule in limits.rules if rule.members is None]
    for rule, violation in broken_rules(between, possible, scores, limits.wanted):
        if rule.price is None:
            yield Violation("policy", f"a draw may break a rule: {violation.detail}")


def _check_plans(
    policy: Marginals, plans: Bools, assignment: Assignment, scores: ScoreMatrix, limits: Limits
) -> Iterator[Violation]:
    """Every plan keeps every limit, the plans make up the probabilities, and a submission has those of one plan."""
    if plans.shape != (len(policy.units), policy.unit) or (plans.sum(axis=1) != policy.units).any():
        yield Violation("policy", "the plans do not make up the probabilities")
        return
    required = np.nonzero(limits.required)
    own_rows, own_columns = places_of(assignment, scores)
    width = len(scores.reviewers)
    is_drawn = np.isin(policy.rows * width + policy.columns, own_rows * width + own_columns)
    is_of_plan = np.zeros(len(limits.wanted), dtype=np.bool_)
    for place in range(policy.unit):
        some = plans[:, place]
        rows, columns = (
            np.concatenate([own[some], more]) for own, more in zip((policy.rows, policy.columns), required, strict=True)
        )
        loads = np.bincount(columns, minlength=width)
        if (loads > limits.max_load).any():
            yield Violation("policy", f"plan {place + 1} gives a reviewer more than their maximum load")
        if (np.bincount(rows, minlength=len(limits.wanted)) > limits.wanted).any():
            yield Violation("policy", f"plan {place + 1} gives a submission more reviews than it wants")
        whole = replace(assignment, pairs=tuple(pairs_at(scores, limits, rows, columns)))
        for rule, violation in broken_rules(limits.rules, whole, scores, limits.wanted):
            if rule.price is None:
                yield Violation("policy", f"plan {place + 1} breaks a rule: {violation.detail}")
        other = np.bincount(policy.rows[some != is_drawn], minlength=len(limits.wanted))
        is_of_plan |= other == 0
    if not is_of_plan.all():
        yield Violation("policy", "a submission has other reviewers than any of the plans gives it")
