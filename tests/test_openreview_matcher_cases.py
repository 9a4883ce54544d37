"""The instances of the OpenReview matcher's own solver tests, through the drop-in, with what they expect of an answer.

Where an expectation there is that of a picking sequence or of a cut score, ours is told beside it. Marginals that its
tests read from a solver are here estimated from many seeds, or read from the programme that makes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from matcher.compat import openreview_matcher
from matcher.solvers import Problem, programmes
from matcher.solvers.programmes import UNIT, Chosen, Counts, solve_counted, solve_limited
from tests.test_openreview_matcher import Case

Matrix = npt.NDArray[np.float64]

S4 = np.array([[0.2, 0.5, 0.2, 0.7], [0.1, 0.2, 0.001, 0.9], [0.4, 0.3, 0.6, 0.3]])
BASIC = np.array([[1, 1, 0.3, 0.5], [0.1, 1, 0.6, 0.8]])
WIDE = np.array([[1, 1, 0.3, 0.5], [0.1, 1, 0.6, 0.8], [0.5, 0.5, 0.5, 0.5]])


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openreview_matcher, "packages_distributions", lambda: {"matcher": ["reviewer-matcher"]})


def loads(folder: Path, *maxima: int) -> tuple[Any, ...]:
    lines = [f"u{column},{most}" for column, most in enumerate(maxima)]
    (folder / "max.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ("--max_papers", folder / "max.csv")


def attributes(folder: Path, content: Any) -> tuple[Any, ...]:
    (folder / "attributes.json").write_text(json.dumps(content), encoding="utf-8")
    return ("--attribute_constraints", folder / "attributes.json")


def limits_file(folder: Path, limits: Matrix) -> tuple[Any, ...]:
    lines = [f"p{row},u{column},{value}" for (row, column), value in np.ndenumerate(limits)]
    (folder / "limits.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ("--probability_limits", folder / "limits.csv")


def problem(scores: npt.ArrayLike, *, wanted: list[int], most: list[int], least: list[int] | None = None) -> Problem:
    values = np.array(scores, dtype=np.float32)
    return Problem(
        values=values,
        eligible=np.ones(values.shape, dtype=np.bool_),
        last_resort=None,
        wanted=np.array(wanted),
        max_load=np.array(most),
        min_load=np.array(least or [0] * len(most)),
    )


def chances(found: Any, shape: tuple[int, int]) -> Matrix:
    rows, columns, units = found
    matrix = np.zeros(shape)
    matrix[rows, columns] = units / UNIT
    return matrix


# --- MinMax, FairFlow, FairSequence, PR4A ---------------------------------------------------------------------------

PLAIN = ["MinMax", "FairFlow", "FairIR", "FairSequence", "PR4A"]


@pytest.mark.parametrize("solver", PLAIN)
@pytest.mark.parametrize(("least", "maxima"), [(1, (2, 1, 3, 1)), (0, (3, 2, 3, 2))])
def test_custom_supply(tmp_path: Path, solver: str, least: int, maxima: tuple[int, ...]) -> None:
    case = Case(tmp_path, S4)
    options = ("--num_reviewers", 2, "--min_papers_default", least, "--solver", solver)
    assert case.run(*loads(tmp_path, *maxima), *options) == 0
    chosen = case.chosen()
    assert (chosen.sum(axis=1) == 2).all()
    assert (chosen.sum(axis=0) <= maxima).all()
    assert (chosen.sum(axis=0) >= least).all()


def test_the_lowest_cost_is_found(tmp_path: Path) -> None:
    """Costs 0 on the diagonal, 1 or 2 beside it."""
    costs = np.array([[0, 1, 1, 2], [1, 0, 1, 2], [1, 1, 0, 0]])
    case = Case(tmp_path, 3 - costs)
    assert case.run("--num_reviewers", 1, "--max_papers_default", 2) == 0
    assert (costs * case.chosen()).sum() == 0


@pytest.mark.parametrize("solver", PLAIN)
@pytest.mark.parametrize("least", [1, 2])
def test_minimums_hold_for_a_reviewer_with_another_score(tmp_path: Path, solver: str, least: int) -> None:
    scores = np.zeros((3, 4))
    scores[:, 3] = 2000
    case = Case(tmp_path, scores)
    options = ("--num_reviewers", 3, "--min_papers_default", least, "--max_papers_default", 3)
    assert case.run(*options, "--allow_zero_score_assignments", "--solver", solver) == 0
    assert (case.chosen().sum(axis=0) >= least).all()


@pytest.mark.parametrize("solver", PLAIN)
def test_every_load_is_at_its_minimum_when_demand_is(tmp_path: Path, solver: str) -> None:
    case = Case(tmp_path, np.ones((6, 6)))
    options = ("--num_reviewers", 2, "--min_papers_default", 2, "--max_papers_default", 3, "--solver", solver)
    assert case.run(*options) == 0
    assert (case.chosen().sum(axis=0) == 2).all()


@pytest.mark.parametrize("solver", PLAIN)
def test_negative_scores_and_conflicts(tmp_path: Path, solver: str) -> None:
    """There a cost of -10 is a score of -10 to FairFlow; ours needs the flag for pairs of score 0 or less."""
    scores = np.array(
        [[-10, -100, 1, -10], [1, -10, -10, -100], [1, -10, -10, -100], [-10, -100, -100, -10], [-10, 1, -100, -10]]
    )
    blocked = np.array([[0, -1, 0, 0], [0, 0, 0, -1], [0, 0, 0, -1], [0, -1, -1, 0], [0, 0, -1, 0]])
    case = Case(tmp_path, scores, blocked)
    options = ("--num_reviewers", 2, "--min_papers_default", 1, "--max_papers_default", 3, "--solver", solver)
    assert case.run(*options) == 3
    assert case.run(*options, "--allow_zero_score_assignments") == 0
    assert (case.chosen().sum(axis=1) == 2).all()
    assert not (case.chosen() * (blocked < 0)).any()


def test_mostly_zero_scores_have_no_answer(tmp_path: Path) -> None:
    scores = np.zeros((3, 4))
    scores[1, 3] = 1
    case = Case(tmp_path, scores)
    options = ("--num_reviewers", 3, "--min_papers_default", 2, "--max_papers_default", 3, "--solver", "FairSequence")
    assert case.run(*options) == 3


def test_a_picking_sequence_that_fails_is_no_reason_to_fail(tmp_path: Path) -> None:
    """There trades of likened reviewers are needed, and with a strict alpha there is none; ours has the optimum."""
    scores = np.array([[0.2, 0.5, 0.7, 0.2], [0.1, 0.2, 0.9, 0.8], [0.4, 0.4, 0.1, 0.6]])
    case = Case(tmp_path, scores)
    assert case.run(*loads(tmp_path, 2, 1, 1, 3), "--num_reviewers", 2, "--solver", "FairSequence") == 0
    means = (case.chosen() * scores).sum(axis=1) / 2
    assert (case.chosen().sum(axis=1) == 2).all()
    assert means.min() == pytest.approx(0.45)


def test_no_affinity_for_anybody_is_refused_without_the_flag(tmp_path: Path) -> None:
    case = Case(tmp_path, np.zeros((3, 4)))
    assert case.run("--num_reviewers", 2, "--max_papers_default", 2, "--solver", "PR4A") == 3
    assert case.run("--num_reviewers", 2, "--max_papers_default", 2, "--solver", "PR4A",
                    "--allow_zero_score_assignments") == 0  # fmt: skip


# --- attribute constraints ------------------------------------------------------------------------------------------

SENIOR = {"Seniority": {"comparator": "==", "bound": 1, "members": ["u3"]}}


@pytest.mark.parametrize("solver", PLAIN)
def test_each_paper_has_the_senior(tmp_path: Path, solver: str) -> None:
    case = Case(tmp_path, np.zeros((3, 4)))
    more = (*loads(tmp_path, 2, 2, 2, 3), *attributes(tmp_path, SENIOR), "--num_reviewers", 2, "--solver", solver)
    assert case.run(*more, "--allow_zero_score_assignments") == 0
    assert case.chosen()[:, 3].tolist() == [1, 1, 1]


@pytest.mark.parametrize("comparator", ["==", ">="])
def test_the_senior_and_the_structure_of_the_scores(tmp_path: Path, comparator: str) -> None:
    case = Case(tmp_path, np.eye(3, 4) / 2)
    rule: list[dict[str, Any]] = [{"name": "Seniority", "comparator": comparator, "bound": 1, "members": ["u3"]}]
    more = (*loads(tmp_path, 2, 2, 2, 3), *attributes(tmp_path, rule), "--num_reviewers", 2, "--solver", "FairIR")
    assert case.run(*more, "--allow_zero_score_assignments") == 0
    assert case.chosen().tolist() == [[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1]]


@pytest.mark.parametrize("solver", ["MinMax", "FairIR"])
def test_constraints_go_before_scores(tmp_path: Path, solver: str) -> None:
    case = Case(tmp_path, np.array([[0.5, 0.5, 0, 0], [0, 0, 0, 0], [0, 0, 0.5, 0.5]]))
    rules = {
        "constr1": {"comparator": "<=", "bound": 1, "members": ["u0", "u1"]},
        "constr2": {"comparator": "<=", "bound": 1, "members": ["u2", "u3"]},
    }
    more = (*loads(tmp_path, 2, 2, 2, 3), *attributes(tmp_path, rules), "--num_reviewers", 2, "--solver", solver)
    assert case.run(*more, "--allow_zero_score_assignments") == 0
    chosen = case.chosen()
    assert (chosen[:, :2].sum(axis=1) == 1).all()
    assert (chosen[:, 2:].sum(axis=1) == 1).all()


def test_fairness_comes_first_under_constraints(tmp_path: Path) -> None:
    """One member a paper; the best total would leave the second paper with 0.1."""
    scores = np.array([[1.0, 0.5, 0.4], [0.6, 0.1, 0.3]])
    rule = {"one": {"comparator": "==", "bound": 1, "members": ["u0", "u1"]}}
    options = ("--num_reviewers", 1, "--max_papers_default", 1)
    case = Case(tmp_path, scores)
    assert case.run(*options, *attributes(tmp_path, rule), "--solver", "FairIR") == 0
    assert case.chosen().tolist() == [[0, 1, 0], [1, 0, 0]]
    assert case.run(*options, *attributes(tmp_path, rule), "--solver", "MinMax") == 0
    assert (case.chosen() * scores).sum() == pytest.approx(1.1)


def test_forced_pairs_go_before_a_bound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forced = np.zeros((2, 4), dtype=int)
    forced[0, :2] = 1
    case = Case(tmp_path, np.full((2, 4), 0.5), forced)
    rules = {
        "most": {"comparator": "<=", "bound": 1, "members": ["u0", "u1"]},
        "least": {"comparator": ">=", "bound": 1, "members": ["u3"]},
    }
    options = ("--num_reviewers", 2, "--max_papers_default", 2, *attributes(tmp_path, rules))
    assert case.run(*options, "--solver", "FairIR") == 0
    assert case.chosen()[0].tolist() == [1, 1, 0, 0]
    assert case.chosen()[1, 3] == 1
    assert case.chosen()[1, :2].sum() <= 1
    assert "note: forced pairs go before attribute constraint 'most'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a": {"comparator": "<", "bound": 1, "members": []}}, "'a': comparator: allowed are <=, >=, =="),
        ({"a": {"comparator": "<=", "bound": -1, "members": []}}, "bound: allowed is a whole number from 0 up, got -1"),
        ({"a": {"comparator": "<=", "bound": 1, "members": "u0"}}, "members: allowed is a list of users"),
        ({"a": {"comparator": "<=", "bound": 1, "members": ["u9"]}}, "'a': member 'u9' is in no file of scores"),
        ("seniority", "allowed is {name: {comparator, bound, members}}"),
        ({"a": {"comparator": ">=", "bound": 1, "members": []}}, "'a': paper 'p0' needs 1 of its members, and 0 may"),
        (
            {
                "a": {"comparator": "==", "bound": 1, "members": ["u0"]},
                "b": {"comparator": "==", "bound": 1, "members": ["u1"]},
            },
            "the attribute constraints 'a', 'b' cannot be met together with demand and loads",
        ),
    ],
)
def test_constraints_that_cannot_be_are_told(
    tmp_path: Path, content: Any, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    case = Case(tmp_path, np.full((2, 3), 0.5))
    code = case.run("--num_reviewers", 1, "--max_papers_default", 2, *attributes(tmp_path, content))
    assert code in (1, 3)
    assert message in capsys.readouterr().err
    assert not (tmp_path / "assignments.json").exists()


def test_no_json_and_too_little_room_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = Case(tmp_path, np.full((2, 3), 0.5))
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    options = ("--num_reviewers", 3, "--max_papers_default", 1)
    assert case.run(*options, "--attribute_constraints", tmp_path / "broken.json") == 1
    assert "this is no JSON" in capsys.readouterr().err
    assert (
        case.run(*options, *attributes(tmp_path, SENIOR | {"Seniority": {**SENIOR["Seniority"], "members": ["u1"]}}))
        == 3
    )
    error = capsys.readouterr().err
    assert "those who may review them can give" in error
    assert "-> all of it: raise max_load by 1 for everybody" in error


# --- lotteries ------------------------------------------------------------------------------------------------------


def sampled(case: Case, *options: Any, draws: int = 40) -> Matrix:
    mean = np.zeros(case.scores.shape)
    for seed in range(draws):
        assert case.run(*options, "--seed", seed) == 0
        mean += case.chosen()
    return mean / draws


LOTTERIES = ["Randomized", "PerturbedMaximization"]


@pytest.mark.parametrize("solver", LOTTERIES)
def test_basic(tmp_path: Path, solver: str) -> None:
    case = Case(tmp_path, BASIC)
    options = ("--solver", solver, "--num_reviewers", 2, "--max_papers_default", 1, "--probability_limits", 0.75)
    mean = sampled(case, *options)
    assert mean == pytest.approx(np.array([[0.75, 0.75, 0.25, 0.25], [0.25, 0.25, 0.75, 0.75]]), abs=0.2)


VARIED = np.array([[0.5, 0.5, 0.75, 1], [0.75, 0.75, 0.25, 0.75]])
VARIED_SOLUTION = np.array([[0.5, 0.5, 0.75, 0.25], [0.5, 0.5, 0.25, 0.75]])


@pytest.mark.parametrize("solver", LOTTERIES)
def test_varied_limits(tmp_path: Path, solver: str) -> None:
    found = solve_limited(problem(BASIC, wanted=[2, 2], most=[1, 1, 1, 1]), VARIED)
    assert chances(found, BASIC.shape) == pytest.approx(VARIED_SOLUTION, abs=1e-4)
    case = Case(tmp_path, BASIC)
    options = ("--solver", solver, "--num_reviewers", 2, "--max_papers_default", 1, *limits_file(tmp_path, VARIED))
    assert sampled(case, *options) == pytest.approx(VARIED_SOLUTION, abs=0.2)


@pytest.mark.parametrize("solver", LOTTERIES)
@pytest.mark.parametrize("limit", [-1, 1.5])
def test_bad_limits(tmp_path: Path, solver: str, limit: float, capsys: pytest.CaptureFixture[str]) -> None:
    case = Case(tmp_path, BASIC)
    bad = np.full(BASIC.shape, 0.75)
    bad[1, 1] = limit
    options = ("--solver", solver, "--num_reviewers", 2, "--max_papers_default", 1)
    assert case.run(*options, *limits_file(tmp_path, bad)) == 1
    assert f"limits.csv:6: allowed is 0 to 1, got {limit:g}" in capsys.readouterr().err
    assert case.run(*options, "--probability_limits", limit) == 1


def test_different_supply_and_demand() -> None:
    shape = WIDE.shape
    one = problem(WIDE, wanted=[3, 2, 1], most=[1, 3, 2, 1], least=[0, 1, 1, 0])
    matrix = chances(solve_limited(one, np.full(shape, 0.75)), shape)
    assert matrix.sum(axis=1) == pytest.approx([3, 2, 1])
    assert (matrix.sum(axis=0) <= np.array([1, 3, 2, 1]) + 1e-9).all()
    assert (matrix.sum(axis=0) >= np.array([0, 1, 1, 0]) - 1e-9).all()
    assert matrix.max() <= 0.75


@pytest.mark.parametrize("solver", LOTTERIES)
def test_limits_that_leave_no_answer_say_where(tmp_path: Path, solver: str, capsys: pytest.CaptureFixture[str]) -> None:
    case = Case(tmp_path, WIDE)
    options = ("--solver", solver, "--num_reviewers", 2, "--max_papers_default", 3)
    none = np.full(WIDE.shape, 0.75)
    none[0] = 0
    assert case.run(*options, *limits_file(tmp_path, none)) == 3
    message = "paper 'p0' wants 2 reviews, and the limits of probability of those who may review it sum to 0"
    assert message in capsys.readouterr().err
    first = np.full(WIDE.shape, 0.75)
    first[:, 0] = 0
    assert case.run(*options, *limits_file(tmp_path, first)) == 0
    assert case.chosen()[:, 0].sum() == 0
    assert case.run(*options, *limits_file(tmp_path, first), "--min_papers_default", 1) == 3
    assert "the limits of probability leave too few reviews" in capsys.readouterr().err
    assert case.run(*options[:2], "--num_reviewers", 5, "--max_papers_default", 3, *limits_file(tmp_path, first)) == 3
    assert "needs 5 reviews, those who may review it can give 4" in capsys.readouterr().err


@pytest.mark.parametrize(("reviewers", "limit", "most"), [(3, 0.4, 2), (4, 0.3, 1)])
def test_loads_that_are_no_whole_numbers(tmp_path: Path, reviewers: int, limit: float, most: int) -> None:
    case = Case(tmp_path, np.ones((3, reviewers)))
    options = ("--solver", "Randomized", "--num_reviewers", 1, "--max_papers_default", most)
    limits = limits_file(tmp_path, np.full((3, reviewers), limit))
    for seed in range(20):
        assert case.run(*options, *limits, "--seed", seed) == 0
        assert (case.chosen().sum(axis=1) == 1).all()
        assert (case.chosen().sum(axis=0) <= most).all()


@pytest.mark.parametrize("solver", LOTTERIES)
@pytest.mark.parametrize("limits", ["number", "file"])
def test_without_a_limit_the_optimum_is_certain(tmp_path: Path, solver: str, limits: str) -> None:
    scores = np.array([[0, 0.3, 0.5], [0.4, 0.6, 0.8], [0.7, 0.5, 0.5]])
    solution = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    case = Case(tmp_path, scores)
    given = limits_file(tmp_path, np.ones((3, 3))) if limits == "file" else ("--probability_limits", 1.0)
    options = ("--solver", solver, "--num_reviewers", 2, "--max_papers_default", 2, *given)
    for seed in range(3):
        assert case.run(*options, "--seed", seed) == 0
        assert case.chosen().tolist() == solution.tolist()
        assert (case.chosen() * scores).sum() == pytest.approx(3.2)


@pytest.mark.parametrize("solver", LOTTERIES)
@pytest.mark.parametrize("limits", ["number", "file"])
def test_conflicts_and_forced_pairs(tmp_path: Path, solver: str, limits: str) -> None:
    """Randomized there gives a forced pair its limit; here it is certain, as with its perturbed solver."""
    constraints = np.array([[-1, 0, 0, 0], [1, -1, 0, 0], [0, 0, 1, 1]])
    case = Case(tmp_path, WIDE, constraints)
    given = limits_file(tmp_path, np.full(WIDE.shape, 0.75)) if limits == "file" else ("--probability_limits", 0.75)
    options = ("--solver", solver, "--num_reviewers", 2, "--max_papers_default", 3, *given)
    for seed in range(10):
        assert case.run(*options, "--seed", seed) == 0
        chosen = case.chosen()
        assert (chosen.sum(axis=1) == 2).all()
        assert not (chosen * (constraints < 0)).any()
        assert (chosen[constraints > 0] == 1).all()


PERTURBED: list[tuple[Any, list[int], list[int], float, Any]] = [
    ([[0.5, 1]], [1], [1, 1], 0.0, [[0, 1]]),
    ([[0.5, 1]], [1], [1, 1], 0.5, [[1 / 3, 2 / 3]]),
    ([[0.5, 1]], [1], [1, 1], 1.0, [[0.5, 0.5]]),
    (
        [[1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 1, 1]],
        [1] * 5,
        [1] * 5,
        0.01,
        [
            [1 / 3, 1 / 3, 1 / 3, 0, 0],
            [1 / 3, 1 / 3, 1 / 3, 0, 0],
            [1 / 3, 1 / 3, 1 / 3, 0, 0],
            [0, 0, 0, 0.5, 0.5],
            [0, 0, 0, 0.5, 0.5],
        ],
    ),
    (
        [[1.0, 0.3, 0.3], [0.3, 1.0, 0.3], [0.3, 0.3, 1.0]],
        [1] * 3,
        [3] * 3,
        0.5,
        [[17 / 23, 3 / 23, 3 / 23], [3 / 23, 17 / 23, 3 / 23], [3 / 23, 3 / 23, 17 / 23]],
    ),
    ([[1.0, 0.7], [0.8, 0.3]], [1, 1], [2, 2], 0.5, [[10 / 17, 7 / 17], [8 / 11, 3 / 11]]),
]


@pytest.mark.parametrize(("scores", "wanted", "most", "strength", "expected"), PERTURBED)
def test_perturbation(scores: Any, wanted: list[int], most: list[int], strength: float, expected: Any) -> None:
    shape = np.shape(scores)
    found = solve_limited(problem(scores, wanted=wanted, most=most), np.ones(shape), strength=strength)
    assert chances(found, (shape[0], shape[1])) == pytest.approx(np.array(expected), abs=2e-3)


def test_bad_match_thresholds(tmp_path: Path) -> None:
    """Without perturbation all goes to the good match: then nothing may go to bad ones."""
    case = Case(tmp_path, [[0.5, 1]])
    options = ("--solver", "PerturbedMaximization", "--num_reviewers", 1, "--max_papers_default", 1)
    for threshold in (0.75, -0.75):
        more = ("--perturbation", 1.0, f"--bad_match_thresholds={threshold}")
        assert sampled(case, *options, *more, draws=6).tolist() == [[0, 1]]
    assert 0.2 < sampled(case, *options, "--perturbation", 1.0)[0, 0] < 0.8
    one = problem([[0.5, 0.5, 1]], wanted=[1], most=[1, 1, 1])
    found = solve_limited(one, np.full((1, 3), 0.8), strength=0.5, thresholds=[0.75])
    assert chances(found, (1, 3)) == pytest.approx(np.array([[0.1, 0.1, 0.8]]), abs=1e-3)


def test_thresholds_between_many_pairs_leave_whole_units() -> None:
    rng = np.random.default_rng(1)
    scores = rng.random((12, 15))
    one = problem(scores, wanted=[3] * 12, most=[4] * 15, least=[1] * 15)
    limits = rng.uniform(0.4, 0.9, scores.shape)
    plain = chances(solve_limited(one, limits), scores.shape)
    spread = chances(solve_limited(one, limits, strength=0.7, thresholds=[0.3, 0.6, 0.8]), scores.shape)
    for matrix in (plain, spread):
        assert (matrix.sum(axis=1) == 3).all()
        assert ((matrix.sum(axis=0) >= 1) & (matrix.sum(axis=0) <= 4)).all()
        assert (matrix <= limits).all()
    for threshold in (0.3, 0.6, 0.8):
        bad = np.float32(scores) < threshold
        assert spread[bad].sum() <= plain[bad].sum() + 20 / UNIT
    assert (spread**2 * scores).sum() < (plain**2 * scores).sum(), "it is spread"


def test_alternates_of_a_lottery_stay_below_the_limit(tmp_path: Path) -> None:
    """Assigned or named as an alternate: both together with a chance of the limit, not more."""
    scores = np.array([[0.0001, 1, 0.4], [0.3, 0.5, 1], [1, 0.4, 0.3]])
    case = Case(tmp_path, scores)
    options = ("--solver", "Randomized", "--num_reviewers", 1, "--max_papers_default", 2, "--num_alternates", 3)
    seen = np.zeros((3, 3))
    draws = 50
    for seed in range(draws):
        assert case.run(*options, *limits_file(tmp_path, np.full((3, 3), 0.6)), "--seed", seed) == 0
        seen += case.chosen()
        for paper, users in case.read("alternates").items():
            for user in users:
                seen[int(paper[1:]), int(user["user"][1:])] += 1
    assert (seen / draws < 0.6 + 0.2).all()
    assert (seen / draws).max() > 0.45
    assert case.run(*options, "--probability_limits", 1.0) == 0
    offered = {paper: [user["user"] for user in users] for paper, users in case.read("alternates").items()}
    assert offered == {"p0": ["u2", "u0"], "p1": ["u1", "u0"], "p2": ["u1", "u2"]}


def test_limits_of_pairs_that_nobody_scored_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = Case(tmp_path, [[0.5, 0.4]])
    (tmp_path / "limits.csv").write_text("p0,u0,0.5\np0,stranger,0.5\n", encoding="utf-8")
    options = ("--num_reviewers", 1, "--max_papers_default", 1, "--probability_limits", tmp_path / "limits.csv")
    assert case.run(*options, "--solver", "Randomized") == 0
    assert "note: 1 pairs of" in capsys.readouterr().err
    assert case.run(*options, "--solver", "MinMax") == 0
    assert "note: --probability_limits has no meaning for MinMax" in capsys.readouterr().err


def test_large_problems_start_from_their_best_pairs_and_agree_with_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    scores = rng.random((30, 40))
    one = problem(scores, wanted=[2] * 30, most=[3] * 40)
    limits = np.full(scores.shape, 0.5)
    counts = [Counts(np.arange(40) < 12, np.ones(30, dtype=np.int64), np.full(30, 2))]
    whole, whole_counted = solve_limited(one, limits), solve_counted(one, counts, is_fair=False)
    monkeypatch.setattr("matcher.solvers.programmes._ALL_AT_ONCE", 100)
    for best in (15, 1):  # one is not enough, and all are taken then
        monkeypatch.setattr("matcher.solvers.programmes._BEST_OF_EACH", best)
        some, some_counted = solve_limited(one, limits), solve_counted(one, counts, is_fair=True)
        assert (chances(some, scores.shape) * scores).sum() <= (chances(whole, scores.shape) * scores).sum() + 1e-9
        assert (chances(some, scores.shape) * scores).sum() == pytest.approx(
            (chances(whole, scores.shape) * scores).sum(), rel=0.02
        )
        assert some_counted is not None
        assert (np.bincount(some_counted[0][some_counted[1] < 12], minlength=30) >= 1).all()
    assert whole_counted is not None
    assert solve_limited(problem(np.empty((0, 2)), wanted=[], most=[1, 1]), np.empty((0, 2))) is not None
    assert solve_limited(one, limits * 0) is None
    nobody = problem(scores, wanted=[2] * 30, most=[3] * 40)
    assert (
        solve_counted(nobody, [Counts(np.zeros(40, dtype=np.bool_), *[np.ones(30, dtype=np.int64)] * 2)], is_fair=True)
        is None
    )


def test_parts_of_units_are_rounded_so_that_all_sums_stay_whole() -> None:
    one = problem(np.full((2, 3), 0.5), wanted=[1, 1], most=[1, 1, 1])
    pairs = programmes._Pairs.of(one, one.eligible, None)
    half = UNIT / 2 - 0.5
    exact = np.array([half, half, 1.0, half, half, 1.0])
    units = programmes._whole(pairs, exact, np.full(6, UNIT // 2)).reshape(2, 3)
    assert (units.sum(axis=1) == UNIT).all()
    assert (np.abs(units.ravel() - exact) < 1).all()
    assert (units.sum(axis=0) <= UNIT).all()


def test_an_answer_that_breaks_a_rule_is_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(tmp_path, np.full((1, 3), 0.5))
    rule = {"one": {"comparator": "==", "bound": 1, "members": ["u0"]}}
    wrong = Chosen(np.array([0]), np.array([1]), 0.0)
    monkeypatch.setattr(programmes, "solve_counted", lambda *_, **__: wrong)
    assert case.run("--num_reviewers", 1, "--max_papers_default", 1, *attributes(tmp_path, rule)) == 1
    assert not (tmp_path / "assignments.json").exists()
