"""The OpenReview matcher's options and files: the cases of its own solver tests, and where ours differs on purpose."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from matcher.compat import openreview_matcher
from matcher.compat.openreview_matcher import OBJECTIVE_OF, main, refuse_other_packages
from matcher.errors import ConfigError
from matcher.records import OBJECTIVES


class Case:
    """An instance as files, and the call."""

    def __init__(self, folder: Path, scores: npt.ArrayLike, constraints: npt.ArrayLike | None = None) -> None:
        self.folder = folder
        self.scores = np.array(scores, dtype=float)
        rows = [f"p{row},u{column},{value}" for (row, column), value in np.ndenumerate(self.scores)]
        (folder / "scores.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        self.options: list[Any] = ["--scores", folder / "scores.csv", "--output_folder", folder]
        if constraints is not None:
            lines = [f"p{row},u{column},{value}" for (row, column), value in np.ndenumerate(np.array(constraints))]
            (folder / "constraints.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
            self.options += ["--constraints", folder / "constraints.csv"]

    def run(self, *options: Any) -> int:
        return main([str(each) for each in (*self.options, *options)])

    def read(self, name: str) -> dict[str, list[dict[str, Any]]]:
        content: dict[str, list[dict[str, Any]]] = json.loads((self.folder / f"{name}.json").read_text("utf-8"))
        return content

    def chosen(self) -> npt.NDArray[np.int64]:
        matrix = np.zeros(self.scores.shape, dtype=np.int64)
        for paper, users in self.read("assignments").items():
            for entry in users:
                place = int(paper[1:]), int(entry["user"][1:])
                assert entry["aggregate_score"] == pytest.approx(self.scores[place])
                matrix[place] += 1
        return matrix


CONFLICTS = np.zeros((5, 4), dtype=int)
CONFLICTS[2:4, 1:3] = -1
CONFLICTS[:2, 3] = -1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading what is installed takes half a second; one test below does it."""
    monkeypatch.setattr(openreview_matcher, "packages_distributions", lambda: {"matcher": ["reviewer-matcher"]})


SOLVERS = [name for name in OBJECTIVE_OF if name not in ("Randomized", "PerturbedMaximization")]


@pytest.mark.parametrize("solver", list(OBJECTIVE_OF))
def test_conflicts_demand_and_loads_hold_for_every_solver(folder: Path, solver: str) -> None:
    case = Case(folder, np.ones((5, 4)), CONFLICTS)
    options = ("--num_reviewers", 2, "--min_papers_default", 1, "--max_papers_default", 3)
    assert case.run("--solver", solver, *options) == 0
    chosen = case.chosen()
    assert (chosen.sum(axis=1) == 2).all()
    assert ((chosen.sum(axis=0) >= 1) & (chosen.sum(axis=0) <= 3)).all()
    assert not (chosen * (CONFLICTS < 0)).any()


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_score_of_0_or_less_is_never_assigned_unless_allowed(folder: Path, solver: str) -> None:
    scores = np.array([[-1, 1, 0, 1], [1, 0, 1, 1], [1, -1, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0]])
    case = Case(folder, scores)
    options = ("--num_reviewers", 2, "--min_papers_default", 1, "--max_papers_default", 3, "--solver", solver)
    assert case.run(*options) == 0
    assert (scores[case.chosen() > 0] > 0).all()


def test_all_scores_zero_need_the_flag(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = Case(folder, np.zeros((3, 4)))
    options = ("--num_reviewers", 1, "--min_papers_default", 0, "--max_papers_default", 2)
    assert case.run(*options) == 3
    assert not (folder / "assignments.json").exists()
    assert "are below the score floor" in capsys.readouterr().err
    assert case.run(*options, "--allow_zero_score_assignments") == 0
    assert (case.chosen().sum(axis=1) == 1).all()


def test_the_best_total_is_found_with_conflicts_in_the_way(folder: Path) -> None:
    scores = np.array([[10, 100, 1, 10], [1, 10, 10, 100], [1, 10, 10, 100], [10, 100, 100, 10], [10, 1, 100, 10]])
    blocked = np.array([[0, -1, 0, 0], [0, 0, 0, -1], [0, 0, 0, -1], [0, -1, -1, 0], [0, 0, -1, 0]])
    case = Case(folder, scores, blocked)
    assert case.run("--num_reviewers", 2, "--min_papers_default", 1, "--max_papers_default", 3) == 0
    assert (scores * case.chosen()).sum() == 100
    assert not (case.chosen() * (blocked < 0)).any()


@pytest.mark.parametrize("least", [1, 2])
@pytest.mark.parametrize("solver", SOLVERS)
def test_minimum_loads_hold_for_a_reviewer_whom_nobody_wants(folder: Path, least: int, solver: str) -> None:
    scores = np.full((3, 4), 20.0)
    scores[:, 3] = 0.001
    case = Case(folder, scores)
    options = ("--num_reviewers", 3, "--min_papers_default", least, "--max_papers_default", 3, "--solver", solver)
    assert case.run(*options) == 0
    assert (case.chosen().sum(axis=0) >= least).all()


def test_everything_in_conflict_has_no_answer_and_says_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = Case(folder, np.ones((20, 5)), -np.ones((20, 5), dtype=int))
    assert case.run("--num_reviewers", 3, "--min_papers_default", 5, "--max_papers_default", 20) == 3
    assert not (folder / "assignments.json").exists()
    error = capsys.readouterr().err
    assert "1 submission 'p0' needs 3 reviews, those who may review it can give 0; of the reviewers, 5 are in" in error
    assert "-> find 3 more reviewers" in error


def test_own_maxima_count_and_lower_the_common_minimum(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = Case(folder, [[0.2, 0.5, 0.2, 0.7], [0.1, 0.2, 0.1, 0.9], [0.4, 0.3, 0.6, 0.3]])
    (folder / "max.csv").write_text("u0,2\nu1,1\nu2,3\nu3,0\nsomebody,4\n", encoding="utf-8")
    assert case.run("--max_papers", folder / "max.csv", "--num_reviewers", 2, "--min_papers_default", 1) == 0
    assert case.chosen().sum(axis=0).tolist() == [2, 1, 3, 0]
    error = capsys.readouterr().err
    assert "note: 1 users of" in error
    assert "note: the maximum of 1 users is below --min_papers_default" in error


def test_scores_are_not_cut_to_two_digits_and_weights_add_up(folder: Path) -> None:
    case = Case(folder, [[0.294, 0.291], [0.501, 0.5]])
    (folder / "bids.csv").write_text("p0,u1,1\n", encoding="utf-8")
    both = ("--scores", folder / "scores.csv", folder / "bids.csv", "--weights", 1, 0.001)
    assert main([str(each) for each in (*both, "--output_folder", folder, "--num_reviewers", 1,
                                        "--max_papers_default", 1)]) == 0  # fmt: skip
    first = case.read("assignments")["p0"][0]
    assert (first["user"], first["aggregate_score"]) == ("u0", 0.294)  # 0.294 + 0.5 beats 0.292 + 0.501


def test_a_forced_pair_is_assigned_though_it_is_the_worst(folder: Path) -> None:
    forced = np.zeros((2, 3), dtype=int)
    forced[0, 2] = 1
    case = Case(folder, [[0.9, 0.8, 0.0], [0.9, 0.8, 0.1]], forced)
    assert case.run("--num_reviewers", 1, "--max_papers_default", 1) == 0
    assert case.read("assignments")["p0"][0]["user"] == "u2"


def test_alternates_are_free_of_conflicts_have_room_and_are_ranked(folder: Path) -> None:
    blocked = np.zeros((2, 5), dtype=int)
    blocked[0, 0] = -1
    case = Case(folder, [[0.99, 0.9, 0.5, 0.6, 0.0], [0.2, 0.1, 0.8, 0.3, 0.4]], blocked)
    assert case.run("--num_reviewers", 1, "--max_papers_default", 1, "--num_alternates", 2) == 0
    offered = {paper: [entry["user"] for entry in users] for paper, users in case.read("alternates").items()}
    assert offered == {"p0": ["u3"], "p1": ["u4", "u3"]}  # u0 is in conflict, u1 and u2 are full, u4 scores 0


def test_a_group_of_users_is_taken_alone(folder: Path) -> None:
    case = Case(folder, [[0.9, 0.5, 0.4]])
    (folder / "groups.csv").write_text("A,u1\nA,u2\nB,u0\n", encoding="utf-8")
    more = ("--user_group_file", folder / "groups.csv", "--num_reviewers", 1, "--max_papers_default", 1)
    assert case.run("--user_group", "A", *more) == 0
    assert case.read("assignments")["p0"][0]["user"] == "u1"
    assert case.run("--user_group", "C", *more) == 1
    assert case.run("--user_group", "A") == 1


def test_randomised_assignments_and_their_alternates_respect_the_limit(folder: Path) -> None:
    case = Case(folder, [[0.9, 0.1], [0.8, 0.2]])
    options = ("--solver", "Randomized", "--probability_limits", 0.5, "--num_reviewers", 1, "--max_papers_default", 1)
    seen = set()
    for seed in range(12):
        assert case.run(*options, "--seed", seed) == 0
        seen.add(case.read("assignments")["p0"][0]["user"])
        assert case.read("alternates") == {"p0": [], "p1": []}  # both users are full
    assert seen == {"u0", "u1"}


BAD = [
    (("--solver", "MinMx"), "unknown solver 'MinMx', did you mean 'MinMax'"),
    (("--solver", "Randomized", "--probability_limits", "limits.csv"), "limits.csv: there is no such file"),
    (("--solver", "Randomized", "--probability_limits", "2"), "allowed is above 0, up to 1; got 2"),
    (("--solver", "PerturbedMaximization", "--perturbation", "3"), "allowed is 0 to 1; got 3"),
    (("--solver", "Randomized", "--attribute_constraints", "a.json"), "a lottery takes no attribute constraints"),
    (("--attribute_constraints", "a.json"), "a.json: there is no such file"),
    (("--weights", "1", "2"), "allowed is one for each file of scores: 1; got 2"),
    (("--max_papers", "nowhere.csv"), "nowhere.csv: there is no such file"),
]


@pytest.mark.parametrize(("options", "message"), BAD)
def test_what_is_not_understood_is_refused_by_name(
    folder: Path, options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    case = Case(folder, [[0.9, 0.1]])
    assert case.run("--max_papers_default", 1, "--num_reviewers", 1, *options) == 1
    assert message in capsys.readouterr().err
    assert not (folder / "assignments.json").exists()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("scores.csv", "p0,u0,high\n", "scores.csv:1: allowed is a number, got 'high'"),
        ("scores.csv", "p0,u0,nan\n", "allowed is a finite number"),
        ("scores.csv", "\np0,u0\n", "scores.csv:2: allowed are 3 fields with commas between, got 2"),
        ("scores.csv", b"p0,\xff,1\n", "this is no UTF-8 text"),
        ("constraints.csv", "p0,u0,2\n", "constraints.csv:1: allowed are -1, 0 and 1, got 2"),
        ("constraints.csv", "p0,u0,1\np0,u0,-1\n", "constraints.csv:2: the pair 'p0', 'u0' is a conflict and forced"),
        ("constraints.csv", "p0,u0,1\np0,u1,1\n", "paper 'p0' has 2 forced users and wants 1 review"),
        ("constraints.csv", "p0,u0,1\np1,u0,1\n", "user 'u0' has 2 forced papers and a maximum of 1"),
        ("max.csv", "u0,many\n", "max.csv:1: allowed is a whole number, got 'many'"),
        ("max.csv", "u0,1\n", "1 users have no maximum, first 'u1'"),
    ],
)
def test_a_bad_row_is_told_with_its_line(
    folder: Path, name: str, text: str | bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    case = Case(folder, [[0.9, 0.1], [0.5, 0.5]], np.zeros((2, 2), dtype=int))
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    default = () if name == "max.csv" else ("--max_papers_default", 1)
    own = ("--max_papers", folder / name) if name == "max.csv" else ()
    assert case.run("--num_reviewers", 1, *default, *own) == 1
    assert message in capsys.readouterr().err


def test_an_option_without_meaning_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = Case(folder, [[0.9, 0.1]])
    assert case.run("--max_papers_default", 1, "--num_reviewers", 1, "--perturbation", 0.5) == 0
    assert "note: --perturbation has no meaning for MinMax" in capsys.readouterr().err


def test_another_package_of_the_same_name_is_refused() -> None:
    refuse_other_packages(["reviewer-matcher", "reviewer_matcher"])
    with pytest.raises(ConfigError, match="openreview-matcher installs a package called 'matcher', too"):
        refuse_other_packages(["reviewer-matcher", "openreview-matcher"])


def test_it_runs_as_a_module_and_refuses_before_it_reads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(folder, [[0.9, 0.1]])
    command = [sys.executable, "-m", "matcher.compat.openreview_matcher", *map(str, case.options)]
    subprocess.run([*command, "--max_papers_default", "1", "--num_reviewers", "1"], check=True, capture_output=True)
    assert case.chosen().tolist() == [[1, 0]]
    monkeypatch.setattr(openreview_matcher, "packages_distributions", lambda: {"matcher": ["openreview-matcher"]})
    assert case.run("--max_papers", "nowhere") == 1


def test_every_solver_name_leads_to_an_objective_of_ours() -> None:
    assert set(OBJECTIVE_OF.values()) <= set(OBJECTIVES)
