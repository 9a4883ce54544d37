"""Assignment from vectors at any size: scores are products, made block by block and never stored together.

The same solvers and the same proofs as for a matrix of scores; only the memory differs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from matcher.bounds import Ground, Missing, bound_of_goal, mean_scores, upper_bound, value_of_goal
from matcher.records import (
    Assignment,
    Doubles,
    Goal,
    Ints,
    Marginals,
    Pair,
    PersonId,
    Progress,
    Shortfall,
    SubmissionId,
    Underload,
    VectorInstance,
    Violation,
)
from matcher.solvers import Options, StreamedProblem, make_solver

__all__ = ["solve_vectors", "vector_problem", "verify_vectors"]

_SCORE_ERROR: Final = 1e-6
"""Most by which a score, and per review a total, may differ between single and double precision."""


def vector_problem(instance: VectorInstance) -> StreamedProblem:
    """Put the problem of an instance together."""
    rows, columns = instance.blocked
    order = np.argsort(rows, kind="stable")
    return StreamedProblem(
        submission_vectors=instance.submission_vectors,
        reviewer_vectors=instance.reviewer_vectors,
        blocked_rows=rows[order],
        blocked_columns=columns[order],
        wanted=instance.wanted,
        max_load=instance.max_load,
        min_load=instance.min_load,
    )


def solve_vectors(
    problem: StreamedProblem,
    *,
    objective: str,
    seed: int,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Assignment:
    """Solve; positions are the ids. See `assignment.solve_arrays`."""
    solver = make_solver(objective, options)
    solution = solver.solve(problem, seed=seed, progress=progress)
    order = np.lexsort((solution.columns, solution.rows))
    rows, columns = solution.rows[order], solution.columns[order]
    scores = problem.scores_at(rows, columns)
    filled = np.bincount(rows, minlength=problem.shape[0])
    loads = np.bincount(columns, minlength=problem.shape[1])
    assignment = Assignment(
        pairs=tuple(
            Pair(SubmissionId(str(row)), PersonId(str(column)), score)
            for row, column, score in zip(rows.tolist(), columns.tolist(), scores.tolist(), strict=True)
        ),
        shortfalls=tuple(
            Shortfall(
                submission_id=SubmissionId(str(row)),
                wanted=int(problem.wanted[row]),
                got=int(filled[row]),
                reason="its reviewers without conflict are at their maximum load, or too few",
                remedies=("raise hi, or lower demand",),
            )
            for row in np.flatnonzero(filled < problem.wanted).tolist()
        ),
        underloads=tuple(
            Underload(PersonId(str(column)), int(problem.min_load[column]), int(loads[column]), "lower lo")
            for column in np.flatnonzero(loads < problem.min_load).tolist()
        ),
        objective=float(scores.sum()),
        bound=None,
        solver=solver.name,
        certificate=solution.certificate,
        marginals=solution.marginals,
    )
    if solution.certificate is None:
        return assignment
    assignment = replace(assignment, bound=_bound(problem, assignment, rows, columns))
    if solution.goal is None:
        return assignment
    value, bound = _goal_facts(problem, assignment, rows, columns, solution.goal)
    return replace(assignment, goal=replace(solution.goal, value=value, bound=bound))


def verify_vectors(problem: StreamedProblem, assignment: Assignment) -> tuple[Violation, ...]:
    """Recount everything and compute the bounds again from the prices, without a solver."""
    found: list[Violation] = []
    rows = np.array([int(pair.submission_id) for pair in assignment.pairs], dtype=np.int64)
    columns = np.array([int(pair.reviewer_id) for pair in assignment.pairs], dtype=np.int64)
    reviewers = problem.shape[1]
    places = rows * reviewers + columns
    if len(np.unique(places)) < len(places):
        found.append(Violation("duplicate", "a pair is assigned twice"))
    if np.isin(places, problem.blocked_rows * reviewers + problem.blocked_columns).any():
        found.append(Violation("conflict", "a pair in conflict is assigned"))
    filled, loads = np.bincount(rows, minlength=problem.shape[0]), np.bincount(columns, minlength=reviewers)
    short = sum(each.wanted - each.got for each in assignment.shortfalls)
    if (filled > problem.wanted).any() or int((problem.wanted - filled).sum()) != short:
        found.append(Violation("demand", "submissions do not have the reviews that the answer says"))
    under = sum(each.min_load - each.got for each in assignment.underloads)
    if (loads > problem.max_load).any() or int(np.maximum(problem.min_load - loads, 0).sum()) != under:
        found.append(Violation("load", "reviewers do not have the loads that the answer says"))
    scores = problem.scores_at(rows, columns)
    said = np.array([pair.score for pair in assignment.pairs], dtype=np.float64)
    slack = _SCORE_ERROR * max(1, len(rows))
    if (np.abs(scores - said) > _SCORE_ERROR).any() or abs(float(scores.sum()) - assignment.objective) > slack:
        found.append(Violation("score", "scores are not the products of the vectors"))
    if assignment.bound is not None:
        bound = _bound(problem, assignment, rows, columns)
        if abs(bound - assignment.bound) > slack or assignment.objective > bound + slack:
            found.append(Violation("bound", f"the prices prove {bound}, not {assignment.bound}"))
    goal = assignment.goal
    if goal is not None:
        value, bound = _goal_facts(problem, assignment, rows, columns, goal)
        if abs(value - goal.value) > slack or abs(bound - goal.bound) > slack or value > bound + slack:
            found.append(Violation("goal", f"{goal.objective} is {value} of {bound}, not {goal.value} of {goal.bound}"))
    return tuple(found)


def _ground(problem: StreamedProblem, rows: Ints, columns: Ints, limit: float = 1.0) -> Ground:
    return Ground(
        blocks=problem,
        spare=None,
        wanted=problem.wanted,
        high=problem.max_load,
        low=problem.min_load,
        chosen=(rows, columns),
        limit=limit,
    )


def _missing(assignment: Assignment) -> Missing:
    return Missing(
        unfilled=sum(each.wanted - each.got for each in assignment.shortfalls),
        underload=sum(each.min_load - each.got for each in assignment.underloads),
    )


def _bound(problem: StreamedProblem, assignment: Assignment, rows: Ints, columns: Ints) -> float:
    assert assignment.certificate is not None
    return upper_bound(_ground(problem, rows, columns), assignment.certificate, _missing(assignment))


def _goal_facts(
    problem: StreamedProblem, assignment: Assignment, rows: Ints, columns: Ints, goal: Goal
) -> tuple[float, float]:
    none = np.zeros(problem.shape[0])
    policy = assignment.marginals
    if policy is None:
        means = mean_scores(rows, problem.scores_at(rows, columns), problem.wanted)
        value = value_of_goal(goal.objective, means, goal.counted, goal.tail)
        ground = _ground(problem, rows, columns)
        return value, bound_of_goal(ground, goal, _missing(assignment), none, problem.wanted)
    return _policy_facts(problem, policy, goal, none)


def _policy_facts(problem: StreamedProblem, policy: Marginals, goal: Goal, none: Doubles) -> tuple[float, float]:
    chance = policy.probabilities
    scores = problem.scores_at(policy.rows, policy.columns)
    value = float(scores @ (chance - (goal.perturbation or 0.0) * chance**2))
    expected = np.bincount(policy.columns, weights=chance, minlength=problem.shape[1])
    missing = Missing(
        unfilled=float(problem.wanted.sum() - chance.sum()),
        underload=float(np.maximum(problem.min_load - expected, 0).sum()),
    )
    ground = _ground(problem, policy.rows, policy.columns, policy.limit / policy.unit)
    return value, bound_of_goal(ground, goal, missing, none, problem.wanted)
