"""The log of draws: every draw is in it, and a line that is changed or taken out shows."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from matcher import MatchConfig, match
from matcher.cli import app
from matcher.draws import LOG, log_draw, read_draws, write_draws
from matcher.errors import RunError
from matcher.pipeline import MatchResult
from tests.worlds import two_fields

CONFIG = MatchConfig(encoder="tfidf", objective="randomised", draw_seed=4, reviews_per_submission=2, max_load=4)


@pytest.fixture(scope="module")
def lottery() -> MatchResult:
    return match(two_fields(reviewers=4, submissions=3).venue(), CONFIG)


def test_a_lottery_logs_its_draw_for_its_owner_alone(lottery: MatchResult, tmp_path: Path) -> None:
    run = lottery.save(tmp_path / "run")
    (first,) = read_draws(run)
    assert (first.number, first.seed, first.before) == (1, 4, "")
    if os.name == "posix":
        assert stat.S_IMODE((run / LOG).stat().st_mode) == 0o600
    assert lottery.save(tmp_path / "run", overwrite=True) == run
    assert [each.number for each in read_draws(run)] == [1, 2]  # what took its place carries the log on
    plain = match(lottery.venue, replace(CONFIG, objective="max-total"))
    assert read_draws(plain.save(tmp_path / "plain")) == ()
    assert not (tmp_path / "plain" / LOG).exists()


def test_draws_by_command_are_logged_in_both_runs(lottery: MatchResult, tmp_path: Path) -> None:
    run = lottery.save(tmp_path / "run")
    command = CliRunner()
    done = command.invoke(app, ["draw", str(run), "--out", str(tmp_path / "second"), "--draw-seed", "9", "--json"])
    assert done.exit_code == 0, done.output
    done = command.invoke(app, ["draw", str(run), "--out", str(tmp_path / "third")])
    assert done.exit_code == 0, done.output
    assert "draw 3 of this policy" in done.output
    log = read_draws(run)
    assert [each.seed for each in log[:2]] == [4, 9]
    assert read_draws(tmp_path / "second") == log[:2]
    assert read_draws(tmp_path / "third") == log
    second = MatchResult.load(tmp_path / "second")
    assert second.verify() == ()
    assert second.assignment.marginals is not None
    assert second.assignment.marginals.draw_seed == 9
    assert log_draw(log[:1], second.assignment) == log[:2]
    shown = command.invoke(app, ["draws", str(run)])
    assert shown.output.splitlines()[1].startswith("2  seed 9  pairs ")
    assert '"seed": 4' in command.invoke(app, ["draws", str(run), "--json"]).output
    empty = command.invoke(app, ["draws", str(tmp_path)])
    assert "nothing was drawn" in empty.output


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (lambda lines: lines[1:], "was changed before line 1"),
        (lambda lines: [lines[0], lines[2]], "was changed before line 2"),
        (lambda lines: [lines[0].replace('"seed": 4', '"seed": 5'), *lines[1:]], "was changed before line 2"),
        (lambda lines: [*lines, "{}"], "line 4 of the log of draws cannot be read"),
        (lambda lines: [*lines, "x"], "line 4 of the log of draws cannot be read"),
    ],
)
def test_a_log_that_was_changed_is_refused(lines: object, message: str, lottery: MatchResult, tmp_path: Path) -> None:
    log = log_draw(log_draw(log_draw((), lottery.assignment), lottery.assignment), lottery.assignment)
    write_draws(tmp_path, log)
    assert read_draws(tmp_path) == log
    own = (tmp_path / LOG).read_text(encoding="utf-8").splitlines()
    assert callable(lines)
    (tmp_path / LOG).write_text("\n".join(lines(own)) + "\n", encoding="utf-8")
    with pytest.raises(RunError, match=message):
        read_draws(tmp_path)
