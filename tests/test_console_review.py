"""After a run: questions, gaps, other weights, comparison, publishing and exports, over the API and in the console."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import httpx
import pytest

from matcher.commands.review import Queue
from matcher.conflicts.policy_file import difference, load_policy
from matcher.pipeline import MatchResult
from matcher.what_if import rank_again
from service.client import ClientError
from tests.serving import Served
from tests.test_console_browse import send
from tests.test_edits import free_place

HERE = "/console/venues/sample/runs/current"
API = "/v1/venues/sample/runs/current"


def page(chair: httpx.Client, path: str, **query: str) -> str:
    answer = chair.get(f"{HERE}{path}", params=query)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def test_questions_are_those_of_the_library_in_their_order(served: Served, matched_result: MatchResult) -> None:
    queue = Queue(matched_result.venue, matched_result.conflicts, matched_result, everything=True)
    found = list(served.admin.pages(f"{API}/questions", all="true", limit=7))
    assert [each["question"] for each in found] == [each.id for each in queue.listed]
    assert [each["chance"] for each in found] == [each.chance for each in queue.listed]
    some = served.admin.get(f"{API}/questions", limit=500)["items"]
    assert [each["question"] for each in some] == [each.id for each in queue.mattering]
    assert all(each["decision"] is None and each["evidence"] and each["facts"] for each in found)


def test_questions_are_decided_together_and_taken_back(
    chair: httpx.Client, served: Served, matched_result: MatchResult
) -> None:
    first, second = list(served.admin.pages(f"{API}/questions", all="true"))[:2]
    text = page(chair, "/conflicts", all="yes")
    assert first["reviewer"] in text
    chosen = {"question": [first["question"], second["question"]], "reason": "asked them", "all": "yes"}
    answer = send(chair, "/conflicts", do="dismiss", **chosen)  # type: ignore[arg-type]
    assert "They count from the next run on" in answer.text
    kept = served.admin.get("/v1/venues/sample/decisions")["items"]
    assert {(each["rule"], each["reviewer_id"], each["who"], each["outcome"], each["reason"]) for each in kept} == {
        (each["rule"], each["reviewer_id"], each["who"], "dismissed", "asked them") for each in (first, second)
    }
    assert served.admin.get(f"{API}/questions", all="true", limit=1)["items"][0]["decision"] == {
        "outcome": "dismissed",
        "reason": "asked them",
    }
    job = served.admin.wait("sample", served.admin.submit("sample", config={"encoder": "tfidf"})["id"])
    after = {
        each["question"] for each in served.admin.pages(f"/v1/venues/sample/runs/{job['run_id']}/questions", all="true")
    }
    assert not after & {first["question"], second["question"]}
    send(chair, "/publish", run=result_run(served, job["run_id"]))
    before = f"/v1/venues/sample/runs/{result_run(served, job['run_id'])}"
    assert served.admin.get(before)["is_current"]
    send(chair, "/conflicts", do="withdraw", **chosen)  # type: ignore[arg-type]
    assert served.admin.get("/v1/venues/sample/decisions")["items"] == []
    assert send(chair, "/conflicts", do="confirm").status_code == 200  # nothing chosen: nothing decided


def result_run(served: Served, other: str) -> str:
    """The run before."""
    runs = served.admin.get("/v1/venues/sample/runs")["items"]
    return str(next(each["id"] for each in runs if each["id"] != other and each["job_id"]))


def test_a_run_without_a_gap_says_so_and_one_with_gaps_why(
    chair: httpx.Client, served: Served, matched: dict[str, str]
) -> None:
    assert "There is no gap" in page(chair, "/shortfalls")
    config = {"encoder": "tfidf", "reviews_per_submission": 9, "allow_partial": True}
    job = served.admin.wait("sample", served.admin.submit("sample", config=config)["id"])
    answer = chair.get(f"/console/venues/sample/runs/{job['run_id']}/shortfalls")
    assert answer.status_code == 200
    assert "short of reviews" in answer.text
    assert "Each of these was tried, and works" in answer.text
    served.admin.call("POST", f"/v1/venues/sample/runs/{matched['run']}/publish")


def test_other_weights_rank_as_the_library_does(
    chair: httpx.Client, served: Served, matched_result: MatchResult
) -> None:
    submission = matched_result.scores.submissions.ids[0]
    config = replace(matched_result.config, length_correction=0.0)
    parts = (
        matched_result.profiles,
        matched_result.conflicts,
        matched_result.scores,
        matched_result.limits,
        matched_result.assignment,
    )
    wanted = rank_again(matched_result.venue, config, *parts, submission)
    found = served.admin.get(f"{API}/what-if", submission_id=submission, set="length_correction=0", count=500)
    assert [each["reviewer_id"] for each in found["rows"]] == [each.reviewer_id for each in wanted.rows]
    assert [each["after"] for each in found["rows"]] == [each.after for each in wanted.rows]
    assert found["chosen_after"] == list(wanted.chosen_after)
    with pytest.raises(ClientError, match="no such submission"):
        served.admin.get(f"{API}/what-if", submission_id="nothing")
    with pytest.raises(ClientError, match="unknown weight"):
        served.admin.get(f"{API}/what-if", submission_id=submission, set="colour=2")
    assert "With the weights of the run" in page(chair, "/what-if")
    asked = {"submission": submission, "length_correction": "0"}
    assert "With length_correction=0" in page(chair, "/what-if", **asked)
    part = chair.get(f"{HERE}/what-if", params=asked, headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "With length_correction=0" in part.text


def test_two_runs_side_by_side_and_back(
    chair: httpx.Client, served: Served, matched: dict[str, str], matched_result: MatchResult
) -> None:
    submission, old, new = free_place(matched_result)
    draft = served.admin.call("POST", "/v1/venues/sample/drafts", json_body={"run_id": matched["run"]}).json()["id"]
    step = {
        "remove": [{"submission_id": submission, "reviewer_id": old}],
        "add": [{"submission_id": submission, "reviewer_id": new}],
    }
    served.admin.call("POST", f"/v1/venues/sample/drafts/{draft}/steps", json_body=step)
    run = served.admin.call("POST", f"/v1/venues/sample/drafts/{draft}/save", json_body={}).json()
    text = page(chair, "/compare", other=run["id"])
    assert "edited by hand" in text
    assert "1 removed, 1 added" in text
    answer = send(chair, "/publish", run=run["id"])
    assert "the current one now" in answer.text
    assert served.admin.get(API)["id"] == run["id"]
    send(chair, "/publish", run=matched["run"])
    assert served.admin.get(API)["id"] == matched["run"]


def test_exports_are_shown_before_they_are_taken(
    chair: httpx.Client, served: Served, matched_result: MatchResult
) -> None:
    found = served.admin.get(f"{API}/exports/csv/preview")["files"]
    sheet = next(each for each in found if each["name"] == "assignment.csv")
    assert sheet["lines"][0].startswith("submission_id")
    assert len(sheet["lines"]) == 6
    assert sheet["bytes"] > 100
    text = page(chair, "/exports", system="csv")
    assert matched_result.assignment.pairs[0].reviewer_id in text
    taken = chair.get(f"{HERE}/exports/download", params={"system": "csv"})
    assert taken.content[:2] == b"PK"
    with pytest.raises(ClientError, match="no export 'nothing'"):
        served.admin.get(f"{API}/exports/nothing/preview")
    assert re.search("no export", chair.get(f"{HERE}/exports", params={"system": "nothing"}).text)


def test_policies_are_compared(served: Served) -> None:
    found = served.admin.get("/v1/policies/neurips/difference", other="acl")
    wanted = difference(load_policy("neurips"), load_policy("acl"))
    assert [(each["key"], each["first"], each["second"]) for each in found] == list(wanted)
