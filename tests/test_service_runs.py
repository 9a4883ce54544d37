"""Runs and questions: what a job found, who may see it, and who should review one paper."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from matcher import MatchConfig, load_venue
from matcher.config import settings
from matcher.conflicts import find_conflicts
from matcher.conflicts.policy_file import preset_names
from matcher.pipeline import MatchResult
from matcher.viewer import hidden_from
from service.client import Client, ClientError
from service.ranking import sketch
from tests.serving import TFIDF, Served

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
CURRENT = "/v1/venues/sample/runs/current"


@pytest.fixture(scope="module")
def result(served: Served, matched: dict[str, str]) -> MatchResult:
    """The same match as the library reads it from the service's folder."""
    digest = served.admin.get(CURRENT)["digest"]
    return MatchResult.load(served.service.results.path(digest))


def test_every_part_is_what_the_library_says(served: Served, result: MatchResult) -> None:
    pair = result.assignment.pairs[0]
    summary = served.admin.get(f"{CURRENT}/summary")
    assert (summary["pairs"], summary["objective"]) == (len(result.assignment.pairs), result.assignment.objective)
    mine = served.admin.get(f"{CURRENT}/assignment", submission_id=pair.submission_id)["items"]
    assert pair.reviewer_id in {each["reviewer_id"] for each in mine}
    found = served.admin.get(f"{CURRENT}/conflicts", submission_id=pair.submission_id, verdict="block", limit=1000)
    wanted = [each for each in result.conflicts.items if each.submission_id == pair.submission_id]
    assert len(found["items"]) == sum(each.verdict.value == "block" for each in wanted)
    assert all(each["evidence"] for each in found["items"] if each["rule"] == "coauthor")
    scores = served.admin.get(f"{CURRENT}/scores", submission_id=pair.submission_id, limit=1000)["items"]
    assert {each["reviewer_id"]: each["score"] for each in scores} == {
        who: result.scores.value(pair.submission_id, who) for who in result.scores.reviewers
    }
    values = [each["score"] for each in scores if each["score"] is not None]
    assert values == sorted(values, reverse=True)
    column = served.admin.get(f"{CURRENT}/scores", reviewer_id=pair.reviewer_id, limit=1000)["items"]
    assert len(column) == len(result.scores.submissions)
    why = served.admin.get(f"{CURRENT}/explanation", submission_id=pair.submission_id, reviewer_id=pair.reviewer_id)
    assert why["text"] == str(result.explain(pair.submission_id, pair.reviewer_id))
    assert served.admin.get(f"{CURRENT}/shortfalls") == {"shortfalls": [], "underloads": [], "reasons": []}
    others = served.admin.get(f"{CURRENT}/alternates", count=2, submission_id=pair.submission_id)["items"]
    assert len(others[0]["alternates"]) <= 2
    assert "<html" in served.admin.call("GET", f"{CURRENT}/report").text


def test_questions_that_mean_nothing(served: Served, matched: dict[str, str]) -> None:
    for path, query, status in (
        ("scores", {}, 422),
        ("scores", {"submission_id": "none"}, 404),
        ("explanation", {"submission_id": "none", "reviewer_id": "li-li"}, 404),
        ("downloads/none", {}, 404),
        ("exports/none", {}, 404),
    ):
        with pytest.raises(ClientError) as caught:
            served.admin.get(f"{CURRENT}/{path}", **query)
        assert caught.value.status == status
    for run in ("none", "current"):
        venue = "sample" if run == "none" else "empty"
        if venue == "empty":
            served.admin.create_venue(venue)
        with pytest.raises(ClientError, match="404"):
            served.admin.get(f"/v1/venues/{venue}/runs/{run}")


def test_a_list_that_is_as_it_was_is_not_sent_again(served: Served, matched: dict[str, str]) -> None:
    first = served.admin.call("GET", f"{CURRENT}/assignment")
    again = served.admin.call("GET", f"{CURRENT}/assignment", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_parts_are_downloaded_whole(served: Served, result: MatchResult, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in served.admin.download(f"{CURRENT}/downloads/assignment").splitlines()]
    assert [(each["submission_id"], each["reviewer_id"]) for each in rows] == [
        (pair.submission_id, pair.reviewer_id) for pair in result.assignment.pairs
    ]
    cells = csv.DictReader(io.StringIO(served.admin.download(f"{CURRENT}/downloads/conflicts", format="csv").decode()))
    assert len(list(cells)) == len(result.conflicts.items)
    (tmp_path / "a").write_bytes(served.admin.call("GET", f"{CURRENT}/downloads/scores", format="parquet").content)
    table = pq.read_table(tmp_path / "a")
    assert table.num_rows == result.scores.values.size
    assert str(table.schema.field("score").type) == "double"
    archive = zipfile.ZipFile(io.BytesIO(served.admin.call("GET", f"{CURRENT}/exports/csv").content))
    assert archive.namelist()
    actions = {each["action"] for each in served.admin.get("/v1/venues/sample/audit", limit=1000)["items"]}
    assert {"GET /v1/venues/{venue_id}/runs/{run_id}/exports/{system}"} <= actions


def test_publishing_swaps_the_current_run_and_rolls_back(served: Served, matched: dict[str, str]) -> None:
    config = {**TFIDF, "length_correction": 0.0}
    second = served.admin.wait("sample", served.admin.submit("sample", config=config)["id"])["run_id"]
    assert served.admin.get(CURRENT)["id"] == second
    found = served.admin.get(f"/v1/venues/sample/runs/{matched['run']}/comparison", other=second)
    assert found["settings"]
    assert len(found["removed"]) > 0
    back = served.admin.call("POST", f"/v1/venues/sample/runs/{matched['run']}/publish").json()
    assert back["is_current"]
    assert served.admin.get(CURRENT)["id"] == matched["run"]
    with pytest.raises(ClientError, match="409"):
        served.admin.call("DELETE", CURRENT)
    served.admin.call("DELETE", f"/v1/venues/sample/runs/{second}")
    with pytest.raises(ClientError, match="404"):
        served.admin.get(f"/v1/venues/sample/runs/{second}")


def test_who_is_in_conflict_sees_nothing_of_it(served: Served, result: MatchResult) -> None:
    pair = result.assignment.pairs[0]
    author = next(each.person_id for each in result.venue.submission(pair.submission_id).authors if each.person_id)
    hidden = hidden_from(result.venue, result.conflicts, author)
    assert pair.submission_id in hidden
    for role in ("chair", "area_chair"):
        with served.client(role, venue_id="sample", person_id=author) as client:
            response = client.call("GET", f"{CURRENT}/assignment", limit="1000")
            assert "etag" not in response.headers
            shown = {each["submission_id"] for each in response.json()["items"]}
            assert shown == {each.submission_id for each in result.assignment.pairs} - hidden
            assert client.get(f"{CURRENT}/summary")["pairs"] < len(result.assignment.pairs)
            with pytest.raises(ClientError, match="404"):
                client.get(f"{CURRENT}/scores", submission_id=pair.submission_id)
            text = client.download(f"{CURRENT}/downloads/conflicts").decode()
            assert all(json.loads(line)["submission_id"] not in hidden for line in text.splitlines())
            if role == "chair":
                assert pair.submission_id not in client.call("GET", f"{CURRENT}/report").text
    with served.client("area_chair", venue_id="sample") as client, pytest.raises(ClientError, match="403"):
        client.get(f"{CURRENT}/assignment")
    with (
        served.client("area_chair", venue_id="sample", person_id="nobody") as client,
        pytest.raises(ClientError, match="403"),
    ):
        client.get(f"{CURRENT}/assignment")


# --- who should review one paper ------------------------------------------------------------------------------------


def test_one_paper_is_ranked_as_the_match_scored_it(served: Served, result: MatchResult) -> None:
    submission = result.venue.submissions[0]
    authors = [
        {"name": each.name, **({"person_id": each.person_id} if each.person_id else {})} for each in submission.authors
    ]
    answer = served.admin.rank(
        "sample",
        submission.title,
        submission.abstract,
        authors=authors,
        count=26,
        with_barred=True,
        suggested=["li-li", "nobody"],
        opposed=["rui-chen"],
    )
    found = {each["reviewer_id"]: each for each in answer["candidates"]}
    assert {who: each["score"] for who, each in found.items()} == {
        who: result.scores.value(submission.id, who) for who in result.scores.reviewers
    }
    for who, each in found.items():
        wanted = {one.rule for one in result.conflicts.of(submission.id, who)}
        assert {one["rule"] for one in each["conflicts"]} == wanted
        assert each["may_review"] == (not each["reasons"])
        assert each["is_suggested"] == (who == "li-li")
        assert each["is_opposed"] == (who == "rui-chen")
        parts = sum(one.get("contribution", 0.0) for one in each["evidence"])
        assert each["score"] is None or parts == pytest.approx(each["score"], abs=1e-6)
    assert answer["unknown_people"] == ["nobody"]
    order = [each["score"] for each in answer["candidates"] if each["score"] is not None]
    assert order == sorted(order, reverse=True)
    only = served.admin.rank("sample", submission.title, submission.abstract, authors=authors, count=3)
    assert [each["reviewer_id"] for each in only["candidates"]] == [
        each["reviewer_id"] for each in answer["candidates"] if each["may_review"]
    ][:3]
    assert only["candidates"][-1]["expected_acceptances"] == 0.5 * len(only["candidates"])


def test_questions_are_written_down_and_repeats_are_told(served: Served, matched: dict[str, str]) -> None:
    text = "We train sparse networks on graphs with fewer weights than anybody before, and prove that it is enough."
    assert served.admin.rank("sample", "A new title", text)["repeats"] == []
    again = served.admin.rank("sample", "A new title", text.replace("enough", "plenty"))
    assert again["repeats"][0]["likeness"] > 0.8
    entry = served.admin.get("/v1/venues/sample/audit", limit=1)["items"][0]
    assert (entry["action"], entry["venue_id"]) == ("POST /v1/rank", "sample")
    assert text not in json.dumps(entry)
    assert sketch("a b c d") == sketch("A  b, c d")
    assert sketch("") == sketch("...")


def test_a_standing_pool_answers_without_submissions(served: Served) -> None:
    served.admin.create_venue("pool", kind="pool", deadline="2025-01-01", max_load=2)
    served.admin.upload("pool", "publications", b'{"id": "p", "title": "Sparse networks", "abstract": "Pruning"}')
    rows = [
        {"id": "a", "name": "Ann Able", "paper_ids": ["p"], "last_invited": "2999"},
        {"id": "b", "name": "Bo Busy", "paper_ids": ["p"], "max_load": 1},
        {"id": "c", "name": "Cy Gone", "paper_ids": ["p"], "invitation": "declined"},
        {"id": "d", "name": "Di Away", "paper_ids": ["p"], "availability": 0},
        {"id": "e", "name": "Ed Empty", "paper_ids": []},
    ]
    served.admin.upload("pool", "reviewers", "".join(json.dumps(row) + "\n" for row in rows).encode())
    with pytest.raises(ClientError) as caught:
        served.admin.rank("pool", "Sparse")
    assert (caught.value.status, caught.value.kind) == (409, "conflict")
    served.admin.upload("pool", "submissions", b'{"id": "s", "title": "Old work", "status": "withdrawn"}')
    served.admin.upload(
        "pool",
        "assignments",
        b"submission_id,reviewer_id,state,round\ns,b,accepted,1\ns,a,declined,1\n",
        is_csv=True,
    )
    job = served.admin.wait("pool", served.admin.submit("pool", kind="index", config=TFIDF)["id"])
    assert job["state"] == "succeeded", job
    answer = served.admin.rank("pool", "Sparse networks", "Pruning", authors=["Someone Else"], with_barred=True)
    found = {each["reviewer_id"]: each for each in answer["candidates"]}
    assert {who: each["reasons"] for who, each in found.items()} == {
        "a": [],
        "b": ["has 1 of 1 submissions"],
        "c": ["has declined"],
        "d": ["is not available"],
        "e": [],
    }
    assert found["a"]["accepts"] == pytest.approx(1 / 3, abs=1e-4)
    assert (found["a"]["answered"], found["a"]["declined"], found["e"]["answered"]) == (1, 1, 0)
    assert (found["a"]["last_invited"], found["e"]["last_invited"]) == ("2999", None)
    assert answer["invite"] is None
    asked = served.admin.rank("pool", "Sparse networks", wanted=1, rest_days=7)
    assert [each["reviewer_id"] for each in asked["candidates"]] == ["e"]  # `a` was asked a moment ago
    assert asked["invite"] == ["e"]
    assert served.admin.rank("pool", "Sparse networks", wanted=1)["invite"] == ["a", "e"]
    assert found["e"]["score"] is None
    own = served.admin.rank("pool", "Sparse networks", authors=["Ann Able"], with_barred=True)["candidates"]
    assert next(each for each in own if each["reviewer_id"] == "a")["reasons"] == ["in conflict"]
    with pytest.raises(ClientError, match="409"):
        served.admin.get("/v1/venues/pool/runs/" + job["run_id"] + "/assignment")
    with pytest.raises(ClientError, match="409"):
        served.admin.call("POST", "/v1/venues/pool/runs/" + job["run_id"] + "/publish")
    with pytest.raises(ClientError) as caught:
        served.admin.rank("pool", "x", authors=[{"name": "A", "email": "no"}])
    assert caught.value.problem["errors"][0]["pointer"] == "/authors/0/email"
    with pytest.raises(ClientError, match="422"):
        served.admin.rank("pool", " ")


def test_editors_ask_and_reviewers_do_not(served: Served, matched: dict[str, str]) -> None:
    with served.client("editor", venue_id="sample") as client:
        assert client.rank("sample", "Sparse networks")["candidates"]
    with served.client("reviewer", venue_id="sample") as client, pytest.raises(ClientError, match="403"):
        client.rank("sample", "Sparse networks")


# --- conflicts of people outside, policies, reference ---------------------------------------------------------------


def test_conflicts_of_people_whom_the_venue_does_not_hold(served: Served, matched: dict[str, str]) -> None:
    path, venue = "/v1/venues/sample/conflict-check", load_venue(SAMPLE)
    known = find_conflicts(venue, replace(MatchConfig.from_toml(SAMPLE / "match.toml"), encoder="tfidf"))
    one = known.items[0]
    body = {"submission_id": one.submission_id, "reviewer_id": one.reviewer_id}
    found = served.admin.call("POST", path, json_body=body).json()["conflicts"]
    assert {each["rule"] for each in found} == {each.rule for each in known.of(one.submission_id, one.reviewer_id)}
    person = {"name": "New Person", "affiliations": [{"organisation": "X", "domain": "ourcollege.edu"}]}
    author = {"name": "Else", "email": "else@cs.ourcollege.edu"}
    found = served.admin.call("POST", path, json_body={"authors": [author], "person": person}).json()["conflicts"]
    assert [each["rule"] for each in found] == ["institution"]
    for wrong, status in (
        ({"submission_id": "x"}, 422),
        ({"reviewer_id": "x"}, 422),
        ({"submission_id": "x", "reviewer_id": "y"}, 404),
        ({"authors": ["A B"], "reviewer_id": "nobody"}, 404),
        ({"authors": ["A B"], "person": {"name": 1}}, 422),
    ):
        with pytest.raises(ClientError) as caught:
            served.admin.call("POST", path, json_body=wrong)
        assert caught.value.status == status


def test_what_can_be_looked_up(served: Served) -> None:
    client: Client = served.admin
    assert [each["name"] for each in client.get("/v1/policies")] == list(preset_names())
    policy = client.get("/v1/policies/acl")
    assert policy["policy"]["name"] == "acl"
    assert "=" in policy["text"]
    assert [each["name"] for each in client.get("/v1/settings")] == [each.name for each in settings()]
    assert {"hotcrp", "openreview"} <= {each["name"] for each in client.get("/v1/formats")}
    assert client.get("/v1/schemas/bids")["required"] == ["submission_id", "reviewer_id", "bid"]
    for path in ("/v1/policies/none", "/v1/schemas/none"):
        with pytest.raises(ClientError, match="404"):
            client.get(path)
