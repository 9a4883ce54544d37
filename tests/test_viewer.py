"""What somebody in conflict gets to see: nothing of the submissions concerned, and no name of an author."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from matcher import MatchConfig, MatchResult, match
from matcher.cli import main
from matcher.conflicts import find_conflicts
from matcher.errors import UnknownNameError
from matcher.records import AuthorMention, PersonId, Verdict
from matcher.viewer import blinded_line, hidden_from
from tests.worlds import World, two_fields, write_folder

VIEWER = "pruning-r0"


def watched() -> World:
    """The viewer wrote one submission and is in conflict with another."""
    world = two_fields(reviewers=4, submissions=3)
    mention = AuthorMention(world.people[VIEWER].name, PersonId(VIEWER))
    world.change_submission("pruning-s0", authors=(mention, *world.submissions["pruning-s0"].authors))
    world.declare("tracking-s1", VIEWER)
    world.share_paper("pruning-s2", "pruning-r2", "2024-05")
    for reviewer_id in world.reviewers:
        world.change_reviewer(reviewer_id, min_load=1)
    return world


@pytest.fixture(scope="module")
def result() -> MatchResult:
    return match(watched().venue(), MatchConfig(encoder="tfidf"))


def test_what_is_hidden_is_what_they_wrote_or_conflict_with(result: MatchResult) -> None:
    assert hidden_from(result.venue, result.conflicts, VIEWER) == {"pruning-s0", "tracking-s1"}
    assert hidden_from(result.venue, result.conflicts, "pruning-s1-author") == {"pruning-s1"}
    with pytest.raises(UnknownNameError, match="did you mean 'pruning-r0'"):
        hidden_from(result.venue, result.conflicts, "prunin-r0")


def test_a_viewer_sees_a_smaller_match_whose_totals_agree_with_its_rows(result: MatchResult) -> None:
    seen = result.seen_by(VIEWER)
    hidden = {"pruning-s0", "tracking-s1"}
    assert seen.assignment.pairs == tuple(each for each in result.assignment.pairs if each.submission_id not in hidden)
    assert len(seen.assignment.pairs) == len(result.assignment.pairs) - 4
    assert seen.assignment.objective == pytest.approx(sum(each.score or 0 for each in seen.assignment.pairs))
    assert (seen.assignment.bound, seen.assignment.certificate, seen.assignment.underloads) == (None, None, ())
    assert not seen.limits.min_load.any()
    assert hidden.isdisjoint(each.id for each in seen.venue.submissions)
    assert hidden.isdisjoint(each.submission_id for each in seen.conflicts.items)
    assert seen.verify() == ()
    pair = seen.assignment.pairs[0]
    assert (
        seen.explain(pair.submission_id, pair.reviewer_id).score
        == result.explain(pair.submission_id, pair.reviewer_id).score
    )
    assert result.seen_by("tracking-r0").assignment.pairs == result.assignment.pairs


def test_nothing_that_is_written_for_a_viewer_names_a_hidden_submission(
    result: MatchResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = result.save(tmp_path / "run")
    folder = write_folder(watched(), tmp_path / "venue")

    def call(*words: object) -> str:
        with pytest.raises(SystemExit) as caught:
            main([str(word) for word in words])
        assert not caught.value.code
        return capsys.readouterr().out

    call("report", run, "--out", tmp_path / "report.html", "--viewer", VIEWER)
    call("export", run, "--out", tmp_path / "files", "--viewer", VIEWER)
    listed = call("conflicts", folder, "--json", "--viewer", VIEWER)
    written = [file.read_text(encoding="utf-8") for file in (tmp_path / "files").rglob("*") if file.is_file()]
    written += [(tmp_path / "report.html").read_text(encoding="utf-8"), listed]
    assert len(written) > 3
    for text in written:
        assert "pruning-s0" not in text.replace("pruning-s0-author", "")
        assert "tracking-s1" not in text.replace("tracking-s1-author", "")
    assert "pruning-s2" in listed


def test_a_blinded_answer_names_no_author_and_no_paper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = watched()
    folder = write_folder(world, tmp_path / "venue")
    with pytest.raises(SystemExit):
        main(["conflicts", str(folder), "--blinded"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        {"submission_id": "pruning-s0", "reviewer_id": "pruning-r0", "verdict": "block", "reasons": 1},
        {"submission_id": "pruning-s2", "reviewer_id": "pruning-r2", "verdict": "block", "reasons": 1},
        {"submission_id": "tracking-s1", "reviewer_id": "pruning-r0", "verdict": "block", "reasons": 1},
    ]


def test_the_strictest_verdict_stands_in_a_blinded_answer() -> None:
    world = two_fields()
    world.share_paper("pruning-s0", "pruning-r0", None)
    found = find_conflicts(world.venue(), MatchConfig()).items
    assert blinded_line(found)["verdict"] == "ask"
    blocked = replace(found[0], verdict=Verdict.BLOCK)
    assert blinded_line((*found, blocked)) == {**blinded_line(found), "verdict": "block", "reasons": 2}
