"""The child process of a job, in this process; and the commands around the service."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from matcher import MatchResult
from matcher.cli import app
from matcher.errors import (
    ConfigError,
    InfeasibleError,
    InputError,
    MatcherError,
    MissingExtraError,
    RunError,
    UnknownNameError,
    VerificationError,
)
from service import describe, worker
from service.choices import check_config, plain_config
from service.problems import Problem, document_of
from service.results import Kept
from service.settings import Settings
from tests.serving import ROOT

SAMPLE = ROOT / "data" / "sample"


def order(place: Path, kind: str = "match", **config: Any) -> dict[str, Any]:
    for name in ("runs", "work"):
        (place / name).mkdir(exist_ok=True)
    return {
        "kind": kind,
        "folder": str(SAMPLE),
        "parts": str(place / "parts"),
        "work": str(place / "work"),
        "runs": str(place / "runs"),
        "config": {"encoder": "tfidf", **config},
    }


def perform(given: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    stream = io.StringIO()
    made = worker._WORK[given["kind"]](given, worker._Line(stream))
    return made, [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_job_leaves_a_run_named_by_its_digest(tmp_path: Path) -> None:
    made, said = perform(order(tmp_path))
    assert [each["done"] for each in said if "done" in each] == list(worker.STAGES["match"])
    run = tmp_path / "runs" / made["digest"]
    assert MatchResult.load(run).verify() == ()
    assert (run / "report.html").is_file()
    again, said = perform(order(tmp_path))  # an earlier attempt came as far as the run
    assert again["digest"] == made["digest"]
    assert [each["done"] for each in said if "done" in each] == ["import", "assign", "report"]


def test_what_is_kept_is_made_once_and_only_for_the_same_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = perform(order(tmp_path))
    monkeypatch.setattr("matcher.pipeline.build_profiles", lambda *_, **__: pytest.fail("made again"))
    (tmp_path / "second").mkdir()
    second = {**order(tmp_path), "work": str(tmp_path / "second")}
    assert perform(second)[0]["digest"] == first["digest"]
    (tmp_path / "third").mkdir()
    other = {**order(tmp_path, reviews_per_submission=3, top_k=2), "work": str(tmp_path / "third")}
    assert perform(other)[0]["digest"] != first["digest"]  # vectors stay, scores do not
    monkeypatch.undo()
    assert sorted(path.name.partition("-")[0] for path in (tmp_path / "parts").iterdir()) == [
        "conflicts",
        "conflicts",
        "profiles",
        "scores",
        "scores",
    ]


def test_an_index_keeps_the_vectors(tmp_path: Path) -> None:
    made, said = perform(order(tmp_path, "index"))
    assert [each["done"] for each in said if "done" in each] == list(worker.STAGES["index"])
    assert (tmp_path / "parts" / f"profiles-{made['digest']}").is_dir()
    assert perform(order(tmp_path, "index"))[0] == made


def test_constraints_come_through(tmp_path: Path) -> None:
    rule = {"kind": "quota", "attribute": "none", "values": ["x"], "at_least": 1, "price": 0.1}
    with pytest.raises(UnknownNameError, match="unknown attribute of reviewers 'none'"):
        perform(order(tmp_path, constraints={"one": rule}))


def test_choices_of_a_file_are_stored_by_their_names() -> None:
    assert plain_config({"encoder": "tfidf", "top_k": 2}) == {"encoder": "tfidf", "top_k": 2}
    assert check_config({"encoder": "tfidf", "top_k": None}) == {"encoder": "tfidf"}
    with pytest.raises(Problem, match="allowed is an object"):
        check_config({"constraints": []})


def test_the_description_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describe, "OPENAPI_FILE", tmp_path / "openapi.json")
    describe.write()
    assert json.loads((tmp_path / "openapi.json").read_text())["openapi"].startswith("3.1")


# --- commands -------------------------------------------------------------------------------------------------------


def test_keys_are_made_listed_and_revoked(tmp_path: Path) -> None:
    runner, place = CliRunner(), ["--data-dir", str(tmp_path / "data")]
    create = ["admin", "key", "create", "--name", "a", "--role", "system", "--venue", "conf", *place]
    made = json.loads(runner.invoke(app, [*create, "--json"], catch_exceptions=False).stdout)
    assert made["key"].startswith(f"mk_{made['id']}_")
    assert "mk_" in runner.invoke(app, create, catch_exceptions=False).stdout
    listed = runner.invoke(app, ["admin", "key", "list", *place], catch_exceptions=False).stdout
    assert f"{made['id']}  a  system  conf  ends" in listed
    assert "mk_" not in listed
    runner.invoke(app, ["admin", "key", "revoke", made["id"], *place], catch_exceptions=False)
    found = json.loads(runner.invoke(app, ["admin", "key", "list", "--json", *place], catch_exceptions=False).stdout)
    assert [bool(each["revoked_at"]) for each in found] == [True, False]
    done = runner.invoke(app, ["admin", "key", "revoke", "none", *place])
    assert "unknown key" in str(done.exception)


def test_serve_hands_its_choices_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Settings] = []

    def serve(settings: Settings, *, tell: Any) -> int:
        seen.append(settings)
        tell("serving")
        return 0

    monkeypatch.setattr("service.server.serve", serve)
    command = ["serve", "--port", "81", "--host", "0.0.0.0", "--data-dir", str(tmp_path)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert (done.exit_code, done.stdout) == (0, "serving\n")
    assert (seen[0].port, seen[0].host, seen[0].data_dir) == (81, "0.0.0.0", tmp_path)


# --- the process itself ---------------------------------------------------------------------------------------------


def run_main(monkeypatch: pytest.MonkeyPatch, place: Path, text: str) -> tuple[int, list[dict[str, Any]]]:
    """`worker.main` with a file in place of standard output, and a parent who stays."""
    handle = os.open(place / "out", os.O_CREAT | os.O_WRONLY)
    monkeypatch.setattr(os, "dup", lambda _: handle)
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    monkeypatch.setattr(os, "_exit", lambda _: None)
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    code = worker.main()
    monkeypatch.undo()
    return code, [json.loads(line) for line in (place / "out").read_text().splitlines()]


def test_the_process_says_how_it_went(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_main(monkeypatch, tmp_path, "") == (0, [])
    code, said = run_main(monkeypatch, tmp_path, json.dumps(order(tmp_path, "index")) + "\n")
    assert (code, "finished" in said[-1]) == (0, True)
    (tmp_path / "out").unlink()
    code, said = run_main(monkeypatch, tmp_path, json.dumps(order(tmp_path, encoder="none")) + "\n")
    assert (code, said[-1]["problem"]["type"]) == (1, "urn:matcher:problem:invalid-configuration")
    (tmp_path / "out").unlink()

    def fail(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setitem(worker._WORK, "match", fail)
    assert run_main(monkeypatch, tmp_path, json.dumps(order(tmp_path)) + "\n") == (2, [])


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RunError("broken", path="/secret/place"), "internal"),
        (VerificationError(()), "internal"),
        (InfeasibleError((), summary="no"), "infeasible"),
        (MissingExtraError("x", "y"), "invalid-data"),
        (InputError("x"), "invalid-data"),
        (ConfigError("x", key="a.b"), "invalid-configuration"),
    ],
)
def test_errors_of_the_library_become_problems(error: MatcherError, kind: str) -> None:
    found = document_of(error)
    assert found["type"] == f"urn:matcher:problem:{kind}"
    assert "/secret" not in json.dumps(found)


def test_many_faults_are_counted() -> None:
    found = Problem("invalid-data", "x", errors=[{"detail": "y"}] * 150).document()
    assert (len(found["errors"]), found["errors_not_shown"]) == (100, 50)


def test_what_was_used_last_is_kept() -> None:
    kept: Kept[int] = Kept(2)
    assert [kept.get(key, lambda key=key: ord(key)) for key in "abca"] == [97, 98, 99, 97]  # type: ignore[misc]
    assert [kept.peek(key) for key in "abc"] == [97, None, 99]
    kept.clear()
    assert kept.peek("a") is None
