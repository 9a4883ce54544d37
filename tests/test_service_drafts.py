"""Edits by hand through the service: at once, undone, completed, saved as a run; never what may not be."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.pipeline import MatchResult
from matcher.records import PairStatus
from service.client import Client, ClientError
from tests.serving import Served
from tests.test_edits import free_place

DRAFTS = "/v1/venues/sample/drafts"


def post(client: Client, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
    return dict(client.call("POST", path, json_body=body, **query).json())


def begin(client: Client, run: str) -> str:
    return f"{DRAFTS}/{post(client, DRAFTS, {'run_id': run})['id']}"


def named(submission: str, reviewer: str) -> dict[str, str]:
    return {"submission_id": submission, "reviewer_id": reviewer}


def test_swap_undo_redo_and_save(served: Served, matched: dict[str, str], matched_result: MatchResult) -> None:
    submission, old, new = free_place(matched_result)
    draft = begin(served.admin, matched["run"])
    swap = {"remove": [named(submission, old)], "add": [named(submission, new)]}
    tried = post(served.admin, f"{draft}/steps", swap, dry_run=True)
    assert (tried["effect"]["added"], tried["version"]) == ([[submission, new]], 1)
    assert served.admin.get(draft)["effect"]["added"] == []
    done = post(served.admin, f"{draft}/steps", swap)
    assert (done["steps"], done["undone"], done["version"]) == (1, 0, 2)
    assert (done["effect"]["removed"], done["effect"]["added"]) == ([[submission, old]], [[submission, new]])
    before, after = done["effect"]["figures"]["total"]
    assert before == pytest.approx(matched_result.assignment.objective)
    undone = post(served.admin, f"{draft}/undo")
    assert (undone["steps"], undone["undone"], undone["effect"]["added"]) == (0, 1, [])
    with pytest.raises(ClientError, match="no step to take back"):
        post(served.admin, f"{draft}/undo")
    again = post(served.admin, f"{draft}/redo")
    assert again["effect"] == done["effect"]
    with pytest.raises(ClientError, match="nothing was taken back"):
        post(served.admin, f"{draft}/redo")
    assert draft.rpartition("/")[2] in {each["id"] for each in served.admin.pages(DRAFTS, limit=1)}
    run = post(served.admin, f"{draft}/save", {})
    assert (run["job_id"], run["parent_run_id"], run["is_current"]) == (None, matched["run"], False)
    summary = served.admin.get(f"/v1/venues/sample/runs/{run['id']}/summary")
    assert (summary["objective"], summary["solver"]) == (pytest.approx(after), "edited by hand")
    found = served.admin.get(f"/v1/venues/sample/runs/{matched['run']}/comparison", other=run["id"])
    assert (found["removed"], found["added"]) == ([[submission, old]], [[submission, new]])
    with pytest.raises(ClientError, match="no such draft"):
        served.admin.get(draft)
    stored = MatchResult.load(served.service.results.path(run["digest"]))
    assert stored.verify() == ()
    assert stored.origin["assignment"].endswith("edited by hand: 1 added, 1 removed")
    assert (served.service.results.path(run["digest"]) / "report.html").is_file()


def test_a_saved_draft_can_be_published_and_rolled_back(
    served: Served, matched: dict[str, str], matched_result: MatchResult
) -> None:
    submission, old, new = free_place(matched_result)
    draft = begin(served.admin, matched["run"])
    post(served.admin, f"{draft}/steps", {"remove": [named(submission, old)], "add": [named(submission, new)]})
    run = post(served.admin, f"{draft}/save", {"publish": True})
    assert served.admin.get("/v1/venues/sample/runs/current")["id"] == run["id"]
    post(served.admin, f"/v1/venues/sample/runs/{matched['run']}/publish")
    assert served.admin.get("/v1/venues/sample/runs/current")["id"] == matched["run"]


def test_what_may_not_be_is_refused_and_the_draft_stays(
    served: Served, matched: dict[str, str], matched_result: MatchResult
) -> None:
    draft = begin(served.admin, matched["run"])
    blocked = next(each for each in matched_result.conflicts.items if each.verdict.value == "block")
    row = matched_result.scores.submissions.position(blocked.submission_id)
    column = matched_result.scores.reviewers.position(blocked.reviewer_id)
    assert matched_result.limits.status[row, column] == PairStatus.BLOCKED
    step = {"add": [named(blocked.submission_id, blocked.reviewer_id)], "may_exceed": True}
    tried = post(served.admin, f"{draft}/steps", step, dry_run=True)
    assert tried["effect"]["refused"][0]["rule"] == "conflict"
    with pytest.raises(ClientError) as caught:
        post(served.admin, f"{draft}/steps", step)
    assert (caught.value.kind, caught.value.status) == ("conflict", 409)
    assert blocked.rule in caught.value.problem["detail"]
    assert served.admin.get(draft)["steps"] == 0
    for body, words in (({}, "at least one pair"), ({"add": [named("nothing", "nobody")]}, "nothing")):
        with pytest.raises(ClientError, match=words):
            post(served.admin, f"{draft}/steps", body)
    with pytest.raises(ClientError, match="changes nothing"):
        post(served.admin, f"{draft}/save", {})
    served.admin.call("DELETE", draft)
    with pytest.raises(ClientError, match="no such draft"):
        served.admin.get(draft)


def test_completing_fills_what_an_edit_left_open(
    served: Served, matched: dict[str, str], matched_result: MatchResult
) -> None:
    submission, old, _ = free_place(matched_result)
    draft = begin(served.admin, matched["run"])
    open_one = post(served.admin, f"{draft}/steps", {"remove": [named(submission, old)]})
    assert open_one["effect"]["figures"]["missing reviews"] == [0.0, 1.0]
    tried = post(served.admin, f"{draft}/complete", dry_run=True)
    assert served.admin.get(draft)["steps"] == 1
    full = post(served.admin, f"{draft}/complete")
    assert full["effect"] == tried["effect"]
    assert full["effect"]["figures"]["missing reviews"] == [0.0, 0.0]
    assert [submission, old] in full["effect"]["removed"]
    assert post(served.admin, f"{draft}/complete")["steps"] == 2  # nothing more to do


def test_a_chair_in_conflict_edits_without_seeing_what_is_hidden(
    served: Served, matched: dict[str, str], matched_result: MatchResult
) -> None:
    author = next(each.reviewer_id for each in matched_result.conflicts.items if each.rule == "author")
    with served.client("chair", venue_id="sample", person_id=author) as chair:
        hidden = {each.submission_id for each in matched_result.conflicts.items if each.reviewer_id == author}
        pair = next(each for each in matched_result.assignment.pairs if each.submission_id in hidden)
        others = begin(served.admin, matched["run"])
        mine = begin(chair, matched["run"])
        assert [f"{DRAFTS}/{each['id']}" for each in chair.pages(DRAFTS)] == [mine]
        with pytest.raises(ClientError, match="no such draft"):
            chair.get(others)
        with pytest.raises(ClientError) as caught:
            post(chair, f"{mine}/steps", {"remove": [named(pair.submission_id, pair.reviewer_id)]})
        assert pair.reviewer_id not in str(caught.value.problem["detail"])
        with pytest.raises(ClientError, match="without a conflict"):
            post(chair, f"{mine}/complete")
        seen = next(each for each in matched_result.assignment.pairs if each.submission_id not in hidden)
        edited = post(chair, f"{mine}/steps", {"remove": [named(seen.submission_id, seen.reviewer_id)]})
        assert edited["effect"]["removed"] == [[seen.submission_id, seen.reviewer_id]]
        run = post(chair, f"{mine}/save", {})
        assert (run["digest"], run["manifest"]) == ("", {})
        digest = served.admin.get(f"/v1/venues/sample/runs/{run['id']}")["digest"]
        stored = MatchResult.load(served.service.results.path(digest))
        kept = {(each.submission_id, each.reviewer_id) for each in stored.assignment.pairs}
        before = {(each.submission_id, each.reviewer_id) for each in matched_result.assignment.pairs}
        assert before - kept == {(seen.submission_id, seen.reviewer_id)}
        assert kept <= before
        other = begin(chair, matched["run"])
        swap = {"remove": [named(seen.submission_id, seen.reviewer_id)], "add": [], "may_exceed": True}
        post(chair, f"{other}/steps", swap)
        post(chair, f"{other}/steps", {"add": [named(seen.submission_id, seen.reviewer_id)], "may_exceed": True})
        with pytest.raises(ClientError, match="without a conflict"):
            post(chair, f"{other}/save", {})


def test_a_draft_that_somebody_changed_meanwhile_is_not_overwritten(
    served: Served, matched: dict[str, str], matched_result: MatchResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service.routes import drafts

    submission, old, new = free_place(matched_result)
    draft = begin(served.admin, matched["run"])
    swap = {"remove": [named(submission, old)], "add": [named(submission, new)]}
    post(served.admin, f"{draft}/steps", swap)
    read = drafts._read

    def read_and_be_late(*given: Any) -> dict[str, Any]:
        row = read(*given)
        monkeypatch.setattr(drafts, "_read", read)
        post(served.admin, f"{draft}/undo")
        return row

    monkeypatch.setattr(drafts, "_read", read_and_be_late)
    with pytest.raises(ClientError, match="changed meanwhile"):
        post(served.admin, f"{draft}/undo")
    assert served.admin.get(draft)["steps"] == 0
