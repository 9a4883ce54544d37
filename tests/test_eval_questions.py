"""Counting the questions that a venue leaves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.questions import count_questions
from matcher import MatchConfig
from tests.worlds import two_fields, write_folder


def test_open_and_mattering_questions_are_counted() -> None:
    world = two_fields()
    world.share_paper("pruning-s0", "pruning-r0", None)
    world.share_paper("tracking-s0", "pruning-r0", None)
    config = MatchConfig(encoder="tfidf", max_load=99, min_load=0, reviews_per_submission=len(world.reviewers))
    row = count_questions(world.venue(), config, set="two fields")
    submissions = len(world.submissions)
    assert (row["set"], row["submissions"], row["open"], row["mattering"]) == ("two fields", submissions, 2, 2)
    assert (row["open_per_submission"], row["share"]) == (2 / submissions, 2 / submissions)
    low, high = row["interval"]["share"]
    assert 0 < low < 2 / submissions < high < 1
    none = count_questions(world.venue(), replace(config, coauthor_window_months=None))
    assert (none["open"], none["mattering"], none["share"]) == (0, 0, 0.0)


def test_the_command_prints_both_ways_of_knowing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_folder(two_fields(), tmp_path / "venue")
    with pytest.raises(SystemExit) as caught:
        main(["questions", "--data", str(folder), "--encoder", "tfidf", "--json", "--quiet"])
    assert caught.value.code == 0
    rows = json.loads(capsys.readouterr().out)["results"]
    assert [row["known_by"] for row in rows] == ["ids", "names alone"]
    assert all(row["open"] == 0 for row in rows)
