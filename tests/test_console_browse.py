"""Browsing and editing in the console, without a browser: pages, edits, refusals; and what lies behind the tables."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx
import pytest

from matcher.pipeline import MatchResult
from matcher.records import PairStatus
from service.browsing import COLUMNS, Browsing
from service.client import ClientError
from tests.serving import Served
from tests.test_edits import free_place

HERE = "/console/venues/sample/runs/current"
API = "/v1/venues/sample/runs/current"


def page(chair: httpx.Client, path: str, **query: str) -> str:
    answer = chair.get(f"{HERE}{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.text


def send(chair: httpx.Client, path: str, **fields: str) -> httpx.Response:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', chair.get("/console/").text)
    assert found
    return chair.post(f"{HERE}{path}", data={"csrf": found[1], **fields}, follow_redirects=True)


# --- the API behind -------------------------------------------------------------------------------------------------


def test_every_row_says_what_the_match_says(served: Served, matched_result: MatchResult) -> None:
    found = served.admin.get(f"{API}/tables/submissions")
    assert tuple(found["columns"]) == COLUMNS["submissions"]
    rows = {row[0]: dict(zip(found["columns"], row, strict=True)) for row in found["rows"]}
    assert set(rows) == set(matched_result.scores.submissions.ids)
    for name, row in rows.items():
        pairs = [each for each in matched_result.assignment.pairs if each.submission_id == name]
        assert set(row["reviewers"]) == {each.reviewer_id for each in pairs}
        assert (row["title"], row["reviews"]) == (matched_result.venue.submission(name).title, len(pairs))
        scores = [each.score or 0.0 for each in pairs]
        assert (row["mean"], row["lowest"]) == (
            pytest.approx(sum(scores) / row["wanted"], abs=1e-4),
            pytest.approx(min(scores), abs=1e-4),
        )
        line = matched_result.limits.status[matched_result.scores.submissions.position(name)]
        assert (row["blocked"], row["asked"]) == ((line == PairStatus.BLOCKED).sum(), (line == PairStatus.ASK).sum())
    assert found["labels"] == {who: matched_result.venue.name_of(who) for who in matched_result.scores.reviewers.ids}
    found = served.admin.get(f"{API}/tables/reviewers")
    rows = {row[0]: dict(zip(found["columns"], row, strict=True)) for row in found["rows"]}
    for who, row in rows.items():
        pairs = [each for each in matched_result.assignment.pairs if each.reviewer_id == who]
        assert (row["load"], set(row["submissions"])) == (len(pairs), {each.submission_id for each in pairs})
        assert row["papers"] == len(matched_result.venue.reviewer(who).paper_ids)
        assert (row["mean"] is None) == (not pairs)


def test_edits_of_a_draft_lie_on_top(served: Served, matched_result: MatchResult) -> None:
    submission, old, new = free_place(matched_result)
    draft = served.admin.call("POST", "/v1/venues/sample/drafts", json_body={}).json()["id"]
    step = {
        "remove": [{"submission_id": submission, "reviewer_id": old}],
        "add": [{"submission_id": submission, "reviewer_id": new}],
    }
    served.admin.call("POST", f"/v1/venues/sample/drafts/{draft}/steps", json_body=step)
    found = served.admin.get(f"{API}/tables/submissions", draft_id=draft)
    row = next(row for row in found["rows"] if row[0] == submission)
    assert new in row[-1]
    assert old not in row[-1]
    one = served.admin.get(f"{API}/submissions/{submission}", draft_id=draft)
    assert {each["reviewer_id"]: each["is_new"] for each in one["assigned"]}[new]
    assert [each["reviewer_id"] for each in one["removed"]] == [old]
    assert new not in {each["reviewer_id"] for each in one["candidates"]}
    other = served.admin.get(f"{API}/reviewers/{new}", draft_id=draft)
    assert next(each for each in other["assigned"] if each["submission_id"] == submission)["is_new"]
    gone = served.admin.get(f"{API}/reviewers/{old}", draft_id=draft)
    assert [each["submission_id"] for each in gone["removed"]] == [submission]
    with pytest.raises(ClientError, match="no such draft"):
        served.admin.get(f"{API}/tables/reviewers", draft_id="nothing")
    with pytest.raises(ClientError, match="no such submission"):
        served.admin.get(f"{API}/submissions/nothing")
    with pytest.raises(ClientError, match="no such reviewer"):
        served.admin.get(f"{API}/reviewers/nobody")
    saved = served.admin.call("POST", f"/v1/venues/sample/drafts/{draft}/save", json_body={}).json()
    other_draft = served.admin.call("POST", "/v1/venues/sample/drafts", json_body={"run_id": saved["id"]}).json()
    with pytest.raises(ClientError, match="no such draft of this run"):
        served.admin.get(f"{API}/tables/reviewers", draft_id=other_draft["id"])


def test_candidates_are_the_best_who_may(matched_result: MatchResult) -> None:
    browsing = Browsing(matched_result)
    submission = matched_result.scores.submissions.ids[0]
    row = matched_result.scores.submissions.position(submission)
    has = {each.reviewer_id for each in matched_result.assignment.pairs if each.submission_id == submission}
    loads = {
        who: sum(each.reviewer_id == who for each in matched_result.assignment.pairs)
        for who in matched_result.scores.reviewers
    }
    wanted = [
        who
        for _, column, who in sorted(
            (-float(matched_result.scores.values[row, column]), column, who)
            for column, who in enumerate(matched_result.scores.reviewers.ids)
            if who not in has
            and matched_result.limits.status[row, column] == PairStatus.ELIGIBLE
            and loads[who] < matched_result.limits.max_load[column]
        )
    ]
    found = [each["reviewer_id"] for each in browsing.submission(submission, count=500)["candidates"]]
    assert found == wanted
    everybody = browsing.submission(submission, count=500, only_free=False)["candidates"]
    assert len(everybody) == len(matched_result.scores.reviewers) - len(has)
    assert {each["status"] for each in everybody} >= {"eligible", "blocked"}
    who = matched_result.scores.reviewers.ids[0]
    could = browsing.reviewer(who, count=3)["candidates"]
    assert len(could) == 3
    assert all(each["status"] == "eligible" for each in could)


# --- pages ----------------------------------------------------------------------------------------------------------


def test_tables_come_with_what_their_script_needs(chair: httpx.Client) -> None:
    text = page(chair, "/submissions", q="pruning", only="short")
    assert f'data-source="{HERE}/submissions/data"' in text
    assert 'value="pruning"' in text
    assert '<option value="short" selected>' in text
    assert "grid.js" in text
    rows = chair.get(f"{HERE}/reviewers/data").json()
    assert rows["columns"][0] == "id"
    assert "reviewers/data" in page(chair, "/reviewers")


def test_a_submission_a_reviewer_and_a_pair(chair: httpx.Client, matched_result: MatchResult) -> None:
    pair = matched_result.assignment.pairs[0]
    text = page(chair, "/submission", id=pair.submission_id)
    assert html.escape(matched_result.venue.submission(pair.submission_id).title, quote=False) in html.unescape(text)
    assert matched_result.venue.name_of(pair.reviewer_id) in html.unescape(text)
    assert "Who could review it now" in text
    assert "The 40 best by score" in page(chair, "/submission", id=pair.submission_id, all="yes")
    text = page(chair, "/reviewer", id=pair.reviewer_id)
    assert "What they could review" in text
    assert "The 40 best by score" in page(chair, "/reviewer", id=pair.reviewer_id, all="yes")
    text = page(chair, "/pair", submission_id=pair.submission_id, reviewer_id=pair.reviewer_id)
    assert "What the score is made of" in text
    blocked = next(each for each in matched_result.conflicts.items if each.verdict.value == "block" and each.evidence)
    text = page(chair, "/pair", submission_id=blocked.submission_id, reviewer_id=blocked.reviewer_id)
    assert blocked.evidence[0].text in html.unescape(text)
    unknown = chair.get(f"{HERE}/submission", params={"id": "nothing"})
    assert unknown.status_code == 404
    assert "no such submission" in unknown.text


def test_swap_undo_redo_save_by_forms(chair: httpx.Client, matched_result: MatchResult) -> None:
    submission, old, new = free_place(matched_result)
    back = f"submission:{submission}"
    first = {"submission_id": submission, "reviewer_id": new, "instead_of": old, "back": back}
    preview = chair.get(f"{HERE}/effect", params={**first, "do": "add"}, headers={"HX-Request": "true"})
    assert preview.status_code == 200
    assert f"{new}: load" in html.unescape(preview.text)
    answer = send(chair, "/edit", do="add", **first)
    assert answer.status_code == 200
    assert "Your edits, not saved yet" in answer.text
    draft = dict(answer.url.params)["draft"]
    assert (dict(answer.url.params)["id"], "1 pair added, 1 pair removed, in 1 step." in answer.text) == (
        submission,
        True,
    )
    preview = chair.get(
        f"{HERE}/effect",
        params={"draft": draft, "do": "remove", "submission_id": submission, "reviewer_id": new},
        headers={"HX-Request": "true"},
    )
    assert "2 → 1" in preview.text or "3 → 2" in preview.text
    undone = send(chair, "/edit", do="undo", draft=draft, back=back)
    assert "0 pairs added, 0 pairs removed" in undone.text
    redone = send(chair, "/edit", do="redo", draft=draft, back="reviewers")
    assert redone.url.path.endswith("/reviewers")
    removed = send(
        chair, "/edit", do="remove", draft=draft, back="submissions", submission_id=submission, reviewer_id=new
    )
    assert removed.url.path.endswith("/submissions")
    filled = send(chair, "/edit", do="complete", draft=draft, back=f"reviewer:{old}")
    assert "Your edits" in filled.text
    saved = send(chair, "/edit", do="save", draft=draft)
    assert "a run of their own now" in saved.text


def test_a_refused_edit_says_why_and_what_helps(chair: httpx.Client, matched_result: MatchResult) -> None:
    blocked = next(each for each in matched_result.conflicts.items if each.verdict.value == "block")
    names = {"submission_id": blocked.submission_id, "reviewer_id": blocked.reviewer_id}
    answer = send(chair, "/edit", do="add", back="submissions", **names)
    assert answer.status_code == 409
    assert "This edit cannot be" in answer.text
    assert "above the limit" not in answer.text
    taken = {(each.submission_id, each.reviewer_id) for each in matched_result.assignment.pairs}
    full = next(
        (name, who)
        for row, name in enumerate(matched_result.scores.submissions.ids)
        for column, who in enumerate(matched_result.scores.reviewers.ids)
        if matched_result.limits.status[row, column] == PairStatus.ELIGIBLE and (name, who) not in taken
    )
    extra = {"submission_id": full[0], "reviewer_id": full[1]}
    answer = send(chair, "/edit", do="add", back=f"submission:{full[0]}", **extra)
    assert answer.status_code == 409
    assert "above the limit" in answer.text
    found: Any = re.search(r'name="draft" value="(\w+)"', answer.text)
    allowed = send(chair, "/edit", do="add", draft=found[1], may_exceed="yes", back=f"submission:{full[0]}", **extra)
    assert (allowed.status_code, "1 pair added" in allowed.text) == (200, True)
    thrown = send(chair, "/edit", do="discard", draft=found[1])
    assert "thrown away" in thrown.text
    assert send(chair, "/edit", do="undo", draft=found[1]).status_code == 404


def test_a_preview_tells_of_one_edit_alone_and_keeps_nothing(
    served: Served, matched: dict[str, str], matched_result: MatchResult
) -> None:
    submission, old, new = free_place(matched_result)
    draft = served.admin.call("POST", "/v1/venues/sample/drafts", json_body={"run_id": matched["run"]}).json()["id"]
    other = next(each for each in matched_result.assignment.pairs if each.submission_id != submission)
    gone = {"submission_id": other.submission_id, "reviewer_id": other.reviewer_id}
    served.admin.call("POST", f"/v1/venues/sample/drafts/{draft}/steps", json_body={"remove": [gone]})
    asked = {"submission_id": submission, "reviewer_id": new, "instead_of": old, "draft_id": draft}
    before = [each["number"] for each in served.admin.get("/v1/audit", limit=1)["items"]]
    found = served.admin.get(f"/v1/venues/sample/runs/{matched['run']}/effect", **asked)
    assert [each["submission_id"] for each in found["submissions"]] == [submission]
    assert {each["reviewer_id"] for each in found["reviewers"]} == {old, new}
    assert found["figures"]["missing reviews"] == [1.0, 1.0]  # the draft's own gap is before and after
    assert served.admin.get(f"/v1/venues/sample/drafts/{draft}")["steps"] == 1
    assert [each["number"] for each in served.admin.get("/v1/audit", limit=1)["items"]] == before
    without = served.admin.get(f"/v1/venues/sample/runs/{matched['run']}/submissions/{submission}", count=0)
    assert without["candidates"] == []
