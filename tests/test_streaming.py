"""Assignment from vectors: the same answers as from the matrix of their products, and nothing is trusted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from matcher import cli, solvers
from matcher.assignment import solve_arrays
from matcher.errors import DataError, InfeasibleError
from matcher.ingest.instance import read_instance
from matcher.records import Assignment, Pair, PersonId, SubmissionId, VectorInstance
from matcher.solvers import Options, StreamedProblem
from matcher.streaming import solve_vectors, vector_problem, verify_vectors
from matcher.ways_out import NOTHING, infeasible_vectors
from tests.contracts.solver import World, world
from tests.test_solvers import few_at_first


def vectors(rows: int, columns: int, *, low: int = 0, high: int = 6, seed: int = 0) -> VectorInstance:
    rng = np.random.default_rng(seed)
    one, two = rng.gamma(0.3, size=(rows, 12)), rng.gamma(0.3, size=(columns, 12))
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    two /= np.linalg.norm(two, axis=1, keepdims=True)
    return VectorInstance(
        submission_vectors=one.astype(np.float32),
        reviewer_vectors=two.astype(np.float32),
        blocked=(rng.integers(0, rows, rows), rng.integers(0, columns, rows)),
        wanted=np.full(rows, 3),
        min_load=np.full(columns, low),
        max_load=np.full(columns, high),
    )


def matrix_of(instance: VectorInstance) -> World:
    values = np.clip(instance.submission_vectors.astype(np.float64) @ instance.reviewer_vectors.T, 0, 1)
    status = np.zeros(values.shape)
    status[instance.blocked] = 1
    return world(
        values,
        wanted=instance.wanted.tolist(),
        low=instance.min_load.tolist(),
        high=instance.max_load.tolist(),
        status=status,
    )


@pytest.mark.parametrize("objective", ["max-total", "max-min", "randomised", "perturbed", "greedy"])
def test_the_answer_is_that_of_the_matrix(objective: str, monkeypatch: pytest.MonkeyPatch) -> None:
    few_at_first(monkeypatch)
    monkeypatch.setattr(solvers, "_STREAMED_VALUES", 1000)
    instance = vectors(60, 45, low=2)
    full, options = matrix_of(instance), Options(draw_seed=1)
    problem = vector_problem(instance)
    streamed = solve_vectors(problem, objective=objective, seed=0, options=options)
    stored = solve_arrays(full.scores, full.limits, objective=objective, seed=0, options=options)
    assert verify_vectors(problem, streamed) == ()
    if objective in ("max-total", "max-min"):
        assert streamed.objective == pytest.approx(stored.objective, rel=1e-3)
    if objective != "greedy":
        assert streamed.bound == pytest.approx(stored.bound, rel=1e-5)
    if stored.goal is not None:
        assert streamed.goal is not None
        assert streamed.goal.value == pytest.approx(stored.goal.value, rel=2e-3)
        assert streamed.goal.bound == pytest.approx(stored.goal.bound, rel=2e-3)


def test_blocks_of_every_second_row_and_third_column_know_their_conflicts() -> None:
    instance = vectors(31, 23)
    problem, full = vector_problem(instance), matrix_of(instance)
    expected = np.where(full.limits.eligible, full.scores.values, -np.inf)
    assert problem.block(slice(3, 29, 2), slice(1, None, 3)) == pytest.approx(expected[3:29:2, 1::3], abs=1e-6)
    assert problem.range() == (0.0, 1.0)


def test_what_cannot_be_filled_is_listed() -> None:
    instance = vectors(20, 5, low=1, high=3)
    answer = solve_vectors(vector_problem(instance), objective="max-total", seed=0)
    assert sum(short.wanted - short.got for short in answer.shortfalls) == 60 - 15
    nobody = replace(instance, wanted=np.zeros(20, dtype=np.int64))
    answer = solve_vectors(vector_problem(nobody), objective="max-total", seed=0)
    assert sum(under.min_load - under.got for under in answer.underloads) == 5


def _other_pair(answer: Assignment, problem: StreamedProblem) -> tuple[Pair, ...]:
    first = answer.pairs[0]
    blocked = problem.blocked_rows[0], problem.blocked_columns[0]
    return (Pair(SubmissionId(str(blocked[0])), PersonId(str(blocked[1])), first.score), *answer.pairs[1:])


@pytest.mark.parametrize("rule", ["duplicate", "conflict", "demand", "load", "score", "bound", "goal"])
def test_a_changed_answer_is_found(rule: str) -> None:
    problem = vector_problem(vectors(30, 20, high=5))
    answer = solve_vectors(problem, objective="max-min", seed=0)
    goal = answer.goal
    assert goal is not None
    broken = {
        "duplicate": lambda: replace(answer, pairs=(*answer.pairs[1:], answer.pairs[1])),
        "conflict": lambda: replace(answer, pairs=_other_pair(answer, problem)),
        "demand": lambda: replace(answer, pairs=answer.pairs[1:]),
        "load": lambda: replace(answer, pairs=tuple(replace(p, reviewer_id=PersonId("0")) for p in answer.pairs)),
        "score": lambda: replace(answer, objective=answer.objective + 1),
        "bound": lambda: replace(answer, bound=0.5),
        "goal": lambda: replace(answer, goal=replace(goal, value=2.0)),
    }[rule]()
    assert rule in {violation.rule for violation in verify_vectors(problem, broken)}


# --- files and the command ------------------------------------------------------------------------------------------


def write(path: Path, instance: VectorInstance, **changes: object) -> Path:
    content: dict[str, Any] = {
        "submission_vectors": instance.submission_vectors,
        "reviewer_vectors": instance.reviewer_vectors,
        "cp": instance.blocked[0],
        "cr": instance.blocked[1],
        "demand": instance.wanted,
        "lo": instance.min_load,
        "hi": instance.max_load,
    } | changes
    arrays: dict[str, Any] = {name: np.asarray(array) for name, array in content.items() if array is not None}
    np.savez(path, **arrays)
    return path


def test_an_instance_of_vectors_is_read_and_solved_by_the_command(tmp_path: Path) -> None:
    path = write(tmp_path / "vectors.npz", vectors(40, 30, low=1))
    read = read_instance(path)
    assert isinstance(read, VectorInstance)
    done = CliRunner().invoke(cli.app, ["solve", str(path), "--objective", "max-min", "--json"])
    facts = json.loads(done.stdout)
    assert done.exit_code == 0
    assert facts["gap"] < 1e-2
    assert facts["bound"] >= facts["objective"] - 1e-6
    assert facts["total"] <= facts["largest_total"] + 1e-6


def test_too_few_vectors_of_reviewers_are_infeasible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "vectors.npz", vectors(40, 3))
    done = CliRunner().invoke(cli.app, ["solve", str(path), "--json"])
    assert done.exit_code != 0
    error = done.exception
    assert isinstance(error, InfeasibleError)
    assert "120 reviews are wanted and 18 can be given" in str(error)
    assert error.explanations[0].need > error.explanations[0].can
    assert {way.kind for way in error.ways_out} >= {"reviewers", "demand"}
    assert infeasible_vectors(vectors(40, 3), NOTHING).explanations
    monkeypatch.setattr("matcher.ways_out._MOST_PAIRS", 100)
    assert infeasible_vectors(vectors(40, 3), NOTHING, summary="too large").explanations == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reviewer_vectors": None}, "the array is missing"),
        ({"reviewer_vectors": np.ones((30, 5))}, "the vectors are 5 long, those of submissions 12"),
        ({"submission_vectors": np.ones(40)}, "allowed is a matrix of floats, one row each"),
        ({"submission_vectors": np.full((40, 12), np.nan)}, "allowed are finite numbers"),
        ({"lo": np.full(30, 9)}, "the minimum load of reviewer 0 is above their maximum load"),
    ],
)
def test_wrong_vectors_are_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_instance(write(tmp_path / "vectors.npz", vectors(40, 30), **changes))


@pytest.mark.parametrize("objective", ["max-total", "max-min", "cvar", "randomised", "perturbed", "greedy", "random"])
def test_every_objective_prints_its_value_and_bound(tmp_path: Path, objective: str) -> None:
    full = matrix_of(vectors(12, 10))
    rows, columns = np.nonzero(~full.limits.eligible)
    path, out = tmp_path / "instance.npz", tmp_path / "pairs.csv"
    np.savez(
        path,
        scores=full.scores.values,
        cp=rows,
        cr=columns,
        demand=full.limits.wanted,
        lo=full.limits.min_load,
        hi=full.limits.max_load,
    )
    arguments = ["solve", str(path), "--objective", objective, "--draw-seed", "1", "--out", str(out), "--json"]
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert len(out.read_text(encoding="utf-8").splitlines()) == 37
    if objective in ("greedy", "random"):
        assert facts["bound"] is None
    else:
        assert facts["objective"] <= facts["bound"] + 1e-6
        assert facts["gap"] < 0.1
