"""OpenReview's addresses: a client of that shape over real HTTP, against a small archive."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.client import ClientError
from service.openreview.archive import find
from service.openreview.orders import ASKED, refine_order, settings_of
from service.openreview.requests import ExpertiseRequest, choices_of
from service.openreview.scoring import score_request
from service.openreview.shapes import error_of
from service.routes.common import venue_row
from service.storage.folders import venue_folder
from tests.openreview_world import (
    CHAIRS,
    CONFERENCE,
    FIELDS,
    PEOPLE,
    REVIEWERS,
    SELECTION,
    SUBMISSION,
    OpenReviewClient,
    OpenReviewError,
    archive,
    zipped,
)
from tests.serving import Served

GROUP = {"type": "Group", "memberOf": REVIEWERS}
NOTES = {"type": "Note", "invitation": SUBMISSION}


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    """A key of the venue that holds the archive."""
    served.admin.create_venue("or", deadline="2027-01-31")
    told = served.admin.call("POST", "/v1/venues/or/import/openreview", content=zipped(archive())).json()
    assert told["tables"]["openreview"]["added"] == 4 + 2 + 1 + 1
    assert (told["tables"]["reviewers"]["added"], told["tables"]["submissions"]["added"]) == (4, 4)
    return served.service.keys.create("openreview", ["system"], venue_id="or").secret


@pytest.fixture(scope="module")
def client(served: Served, token: str) -> OpenReviewClient:
    return OpenReviewClient(served.address, token)


def by_pair(found: dict[str, Any], first: str = "submission", second: str = "user") -> dict[tuple[str, str], float]:
    return {(each[first], each[second]): each["score"] for each in found["results"]}


def refused(client: OpenReviewClient, *call: Any, **more: Any) -> OpenReviewError:
    with pytest.raises(OpenReviewError) as caught:
        client.ask(*call, **more)
    assert set(caught.value.body) == {"name", "message", "status", "details"}
    assert caught.value.body["status"] == caught.value.status
    assert caught.value.body["details"]["type"].startswith("urn:matcher:problem:")
    return caught.value


@pytest.fixture
def scored(served: Served, token: str, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What a request gives, without the child process of a job: resolved, cut out and scored here."""

    def score(a: dict[str, Any], b: dict[str, Any], **more: Any) -> dict[str, Any]:
        request = ExpertiseRequest.model_validate({"name": "n", "entityA": a, "entityB": b, **more})
        database = served.service.database
        with database.read() as connection:
            version = venue_row(connection, "or")["version"]
        asked = {ASKED: {"request": request.as_sent()}, "encoder": "tfidf", **choices_of(request)}
        job = {"kind": "expertise", "venue_id": "or", "venue_version": version, "config": asked}
        folder = venue_folder(database, tmp_path / "venues", "or", version)
        order = {"folder": str(folder), "work": str(tmp_path), "runs": str(tmp_path / "runs")}
        stages: list[str] = []
        made = score_request(refine_order(database, job, order), stages.append, lambda *_: None)
        assert stages == ["import", "embed", "score", "report"]
        return dict(json.loads((tmp_path / "runs" / made["digest"] / "results.json").read_text()))

    return score


# --- people and submissions -----------------------------------------------------------------------------------------


def test_a_group_is_scored_against_an_invitation(client: OpenReviewClient) -> None:
    job = client.request_expertise("first", GROUP, NOTES)
    found = client.results(job)
    scores = by_pair(found)
    people = {"~Vera_Vision1", "~Victor_View1", "~Lea_Logic1"}  # Victor by another name of his, in a group of the group
    assert set(scores) == {(f"sub{number}", person) for number in range(4) for person in people}
    fields = [field for field, both in FIELDS.items() for _ in both]
    for number, field in enumerate(fields):
        own = [scores[f"sub{number}", person] for person in people if PEOPLE[person] == field]
        others = [scores[f"sub{number}", person] for person in people if PEOPLE[person] != field]
        assert min(own) > max(others)
    metadata = found["metadata"]
    assert metadata["submission_count"] == 4
    assert (metadata["no_publications"], metadata["no_publications_count"]) == (["~Lars_Lemma1"], 1)
    assert metadata["no_profile"] == ["~Nobody_Known1"]
    assert (metadata["model"], metadata["ignored"]) == ("tfidf", [])
    response = client.send("GET", "/expertise/results", params={"jobId": job, "format": "csv"})
    assert response.headers["content-type"].startswith("text/csv")
    assert int(response.headers["content-length"]) == len(response.content)
    assert {(each[0], each[1]): float(each[2]) for each in csv.reader(io.StringIO(response.text))} == scores
    by_header = client.send("GET", "/expertise/results", params={"jobId": job}, headers={"Accept": "text/csv"})
    assert by_header.content == response.content
    told = client.ask("GET", "/expertise/status", jobId=job)
    assert told["request"] == {"name": "first", "entityA": GROUP, "entityB": NOTES, "model": {"name": "tfidf"}}
    assert (told["name"], told["status"], told["jobId"]) == ("first", "Completed", job)
    assert told["cdate"] <= told["mdate"]


def test_the_same_request_is_the_same_job_while_it_runs(client: OpenReviewClient, served: Served) -> None:
    body = {"name": "twice", "entityA": GROUP, "entityB": NOTES, "model": {"name": "tfidf"}}
    first = client.ask("POST", "/expertise", body)["jobId"]
    second = client.ask("POST", "/expertise", body)["jobId"]
    other = client.ask("POST", "/expertise", {**body, "entityA": {"type": "Group", "memberOf": CHAIRS}})["jobId"]
    assert (first == second, first == other) == (True, False)
    for job in (first, other):  # not needed
        served.admin.call("POST", f"/v1/venues/or/jobs/{job}/cancel")
    listed = client.ask("GET", "/expertise/status/all", memberOf=CHAIRS)["results"]
    assert {each["jobId"] for each in listed} == {other}
    assert client.ask("GET", "/expertise/status", status="e", **{"entityB.invitation": SUBMISSION})["results"]
    assert client.ask("GET", "/expertise/status", **{"entityB.memberOf": REVIEWERS})["results"] == []


@pytest.mark.parametrize(
    ("model", "dataset", "expected"),
    [
        ({"scoreComputation": "max"}, {}, 12),
        ({"scoreComputation": "avg", "useAbstract": False}, {}, 12),
        ({"sparseValue": 1}, {}, 6),
        ({}, {"topRecentPubs": 1}, 12),
        ({}, {"minimumPubDate": 1_550_000_000_000}, 12),
    ],
)
def test_what_a_request_says_about_its_model(
    scored: Callable[..., dict[str, Any]], model: dict[str, Any], dataset: dict[str, Any], expected: int
) -> None:
    whole = by_pair(scored(GROUP, NOTES))
    scores = by_pair(scored(GROUP, NOTES, model=model, dataset=dataset))
    if model.get("sparseValue"):
        best = {max((pair for pair in whole if pair[0] == f"sub{n}"), key=lambda pair: whole[pair]) for n in range(4)}
        assert best <= set(scores) < set(whole)
        assert all(scores[pair] == whole[pair] for pair in scores)
    else:
        assert len(scores) == expected
        assert scores != whole


def test_names_of_their_models_are_taken_and_reported(scored: Callable[..., dict[str, Any]]) -> None:
    model = {"name": "specter2+scincl", "normalizeScores": True, "useCuda": False}
    metadata = scored(GROUP, NOTES, model=model)["metadata"]
    assert metadata["model"] == "tfidf"
    assert metadata["ignored"] == ["model.normalizeScores", "model.useCuda", "model.name"]


def test_an_expertise_selection_leaves_papers_out(scored: Callable[..., dict[str, Any]]) -> None:
    whole = by_pair(scored(GROUP, NOTES))
    for choice in ({"invitation": SELECTION}, {"exclusion": {"invitation": SELECTION}}):
        group = {**GROUP, "expertise": choice}
        scores = by_pair(scored(group, NOTES))
        # sub0 is about what Vera's first paper is about, which she excluded; Lea included only her first
        assert scores["sub0", "~Vera_Vision1"] < whole["sub0", "~Vera_Vision1"]
        assert scores["sub3", "~Lea_Logic1"] < whole["sub3", "~Lea_Logic1"]
        assert scores["sub0", "~Victor_View1"] == pytest.approx(whole["sub0", "~Victor_View1"], abs=0.01)


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ({"withVenueid": f"{CONFERENCE}/Submission"}, {"sub0", "sub1", "sub2", "sub3"}),
        ({"invitation": SUBMISSION, "submissionIds": ["sub1", "elsewhere"]}, {"sub1"}),
        ({"submissionIds": ["sub1", "sub2"]}, {"sub1", "sub2"}),
        ({"id": "sub3"}, {"sub3"}),
        ({"submissions": [{"id": "new", "title": "Image segmentation", "abstract": "pixels"}]}, {"new"}),
        ({"submissions": [{"id": "n", "content": {"title": {"value": "Proof"}, "abstract": {"value": ""}}}]}, {"n"}),
    ],
)
def test_submissions_are_named_in_any_way(
    scored: Callable[..., dict[str, Any]], notes: dict[str, Any], expected: set[str]
) -> None:
    people = {"type": "Group", "reviewerIds": ["~Vera_Vision1", "LEA@logic.example"]}
    found = scored({"type": "Note", **notes}, people)
    assert {each["submission"] for each in found["results"]} == expected
    assert {each["user"] for each in found["results"]} == {"~Vera_Vision1", "~Lea_Logic1"}


# --- people and people, texts and texts -----------------------------------------------------------------------------


def test_people_are_scored_against_people(scored: Callable[..., dict[str, Any]]) -> None:
    found = scored(GROUP, {"type": "Group", "memberOf": CHAIRS})
    scores = by_pair(found, "match_member", "submission_member")
    assert set(scores) == {(who, "~Victor_View1") for who in ("~Vera_Vision1", "~Victor_View1", "~Lea_Logic1")}
    assert scores["~Vera_Vision1", "~Victor_View1"] > scores["~Lea_Logic1", "~Victor_View1"]


def test_texts_are_scored_against_texts(scored: Callable[..., dict[str, Any]]) -> None:
    found = scored(NOTES, {"type": "Note", "id": "sub0"})
    scores = by_pair(found, "match_submission", "submission")
    assert set(scores) == {("sub0", f"sub{number}") for number in range(4)}
    assert scores["sub0", "sub0"] == pytest.approx(1, abs=1e-5)
    assert scores["sub0", "sub0"] > scores["sub0", "sub1"] > scores["sub0", "sub2"] >= 0


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "status", "words"),
    [
        (
            {"type": "Group", "memberOf": f"{CONFERENCE}/Reviewer"},
            NOTES,
            404,
            "did you mean 'Test.cc/2027/Conference/R",
        ),
        ({"type": "Group", "memberOf": "Nowhere"}, NOTES, 404, "/v1/venues/or/import/openreview"),
        ({"type": "Group", "memberOf": f"{CONFERENCE}/Empty"}, NOTES, 404, "no upload holds a profile"),
        (GROUP, {"type": "Note", "invitation": "Nowhere/-/Submission"}, 404, "notes with invitations"),
        (GROUP, {"type": "Note", "id": "sub9"}, 404, "submission not found: 'sub9'"),
        (GROUP, {"type": "Note", "invitation": SUBMISSION, "submissionIds": ["x"]}, 404, "submissions not found"),
        (
            {**GROUP, "expertise": {"invitation": "Nowhere/-/Expertise_Selection"}},
            NOTES,
            404,
            "Expertise_Selection edges",
        ),
        ({"type": "Group"}, NOTES, 400, "exactly one of memberOf or reviewerIds"),
        ({**GROUP, "reviewerIds": ["~A1"]}, NOTES, 400, "exactly one of memberOf or reviewerIds"),
        ({**GROUP, "id": "sub0"}, NOTES, 400, "the other type"),
        (GROUP, {**NOTES, "id": "sub0"}, 400, "exactly one of invitation"),
        (GROUP, {**NOTES, "expertise": {"invitation": SELECTION}}, 400, "only a Group"),
        (GROUP, {**NOTES, "colour": "red"}, 400, "/entityB/colour"),
        (GROUP, {"type": "Note", "submissions": [{"id": "x", "title": " "}]}, 400, "submissions, number 1: title"),
        ({"type": "Person"}, NOTES, 400, "/entityA/type"),
    ],
)
def test_requests_that_mean_nothing(
    client: OpenReviewClient, a: dict[str, Any], b: dict[str, Any], status: int, words: str
) -> None:
    error = refused(client, "POST", "/expertise", {"name": "n", "entityA": a, "entityB": b})
    assert error.status == status
    assert words in error.body["message"]
    assert error.body["name"] == {400: "BadRequestError", 404: "NotFoundError"}[status]


@pytest.mark.parametrize("model", [{"name": "gpt"}, {"scoreComputation": "median"}, {"percentileSelect": 50}, {"x": 1}])
def test_models_that_are_not_here(client: OpenReviewClient, model: dict[str, Any]) -> None:
    body = {"name": "n", "entityA": GROUP, "entityB": NOTES, "model": model}
    assert refused(client, "POST", "/expertise", body).body["details"]["errors"][0]["pointer"].startswith("/model/")


def test_nobody_without_a_key_and_nobody_of_another_venue(served: Served, client: OpenReviewClient, token: str) -> None:
    stranger = OpenReviewClient(served.address, "")
    error = refused(stranger, "POST", "/expertise", {})
    assert (error.status, error.body["name"]) == (401, "UnauthorizedError")
    job = client.request_expertise("first", GROUP, NOTES)
    served.admin.create_venue("or-other", deadline="2027-01-31")
    other = OpenReviewClient(served.address, served.service.keys.create("x", ["chair"], venue_id="or-other").secret)
    assert (
        "or-other"
        in refused(other, "POST", "/expertise", {"name": "n", "entityA": GROUP, "entityB": NOTES}).body["message"]
    )
    for path in ("/expertise/status", "/expertise/results", "/expertise/delete"):
        assert refused(other, "GET", path, jobId=job).body["message"] == "Job not found"
    assert other.ask("GET", "/expertise/status/all")["results"] == []
    assert refused(other, "GET", "/notes", id="config1").status == 404
    reviewer = OpenReviewClient(served.address, served.service.keys.create("x", ["reviewer"], venue_id="or").secret)
    assert refused(reviewer, "GET", "/expertise/status", jobId=job).body["name"] == "ForbiddenError"
    assert refused(client, "GET", "/expertise/status", jobId="none").status == 404
    assert (
        httpx.put(f"{served.address}/expertise", headers={"Authorization": f"Bearer {token}"}).json()["status"] == 405
    )


def test_a_job_that_cannot_be_done_says_why(client: OpenReviewClient) -> None:
    lars = {"type": "Group", "reviewerIds": ["~Lars_Lemma1"]}
    with pytest.raises(OpenReviewError) as caught:
        client.results(job := client.request_expertise("empty", lars, NOTES))
    assert (caught.value.body["status"], "has a publication" in caught.value.body["description"]) == ("Error", True)
    assert "Scores not found - status: Error" in refused(client, "GET", "/expertise/results", jobId=job).body["message"]


def test_deleting_takes_the_scores_along(served: Served, client: OpenReviewClient) -> None:
    group = {"type": "Group", "reviewerIds": ["~Vera_Vision1"]}
    job = client.request_expertise("gone", group, NOTES)
    assert client.results(job)
    digests = {each["digest"] for each in served.admin.pages("/v1/venues/or/runs")}
    assert client.ask("GET", "/expertise/delete", jobId=job)["jobId"] == job
    assert refused(client, "GET", "/expertise/results", jobId=job).status == 404
    gone = digests - {each["digest"] for each in served.admin.pages("/v1/venues/or/runs")}
    assert len(gone) == 1
    assert not served.service.results.path(gone.pop()).exists()
    again = client.request_expertise("gone too", group, NOTES)
    assert refused(client, "GET", "/expertise/delete", jobId=again).status == 409
    assert client.results(again, deleteOnGet="true")["results"]
    assert refused(client, "GET", "/expertise/status", jobId=again).status == 404


def test_an_id_that_two_venues_hold_needs_a_key_of_one(served: Served, token: str) -> None:
    served.admin.create_venue("or-copy")
    groups = json.dumps({"groups": [{"id": f"{CONFERENCE}/Shared", "members": ["~Vera_Vision1"]}]}).encode()
    for venue in ("or", "or-copy"):
        served.admin.call("POST", f"/v1/venues/{venue}/import/openreview", content=groups, filename="groups.json")
    made = served.service.keys.create("all", ["admin"]).secret
    body = {
        "name": "n",
        "entityA": {"type": "Group", "memberOf": f"{CONFERENCE}/Shared"},
        "entityB": {"type": "Note", "id": "sub0"},
    }
    error = refused(OpenReviewClient(served.address, made), "POST", "/expertise", body)
    assert "several venues (or, or-copy)" in error.body["message"]
    unnamed = {**body, "entityA": {"type": "Group", "reviewerIds": ["~Vera_Vision1"]}}
    assert (
        "use a key of one venue"
        in refused(OpenReviewClient(served.address, made), "POST", "/expertise", unnamed).body["message"]
    )


# --- the matcher ----------------------------------------------------------------------------------------------------


def test_a_configuration_is_matched_read_as_edges_and_deployed(served: Served, client: OpenReviewClient) -> None:
    before = served.admin.get("/v1/venues/or")["current_run_id"]
    assert client.note("config1")["status"] == "Initialized"
    content = client.match("config1")
    assert content["status"] == "Complete", content
    assert content["ignored_fields"] == ["scores_specification", "aggregate_score_invitation"]
    assert served.admin.get("/v1/venues/or")["current_run_id"] == before  # deploying is another request
    wanted = {"configNoteId": "config1", "invitation": content["assignment_invitation"]}
    edges = client.ask("GET", "/edges", **wanted)["edges"]
    assert {each["head"] for each in edges} == {f"sub{number}" for number in range(4)}
    assert len(edges) == 4
    assert all(each["label"] == "first" and each["invitation"] == wanted["invitation"] for each in edges)
    loads = [each["tail"] for each in edges]
    assert max(map(loads.count, loads)) <= 2
    assert set(loads) <= set(PEOPLE)
    grouped = client.ask("GET", "/edges", **wanted, groupBy="head")["groupedEdges"]
    assert {(each["id"]["head"], one["tail"]) for each in grouped for one in each["values"]} == {
        (each["head"], each["tail"]) for each in edges
    }
    scored = client.ask("GET", "/edges", configNoteId="config1", invitation=content["aggregate_score_invitation"])
    assert {(each["head"], each["tail"]) for each in edges} < {(each["head"], each["tail"]) for each in scored["edges"]}
    assert client.ask("POST", "/deploy", {"configNoteId": "config1"}) == {}
    assert client.note("config1")["status"] == "Deployed"
    assert served.admin.get("/v1/venues/or")["current_run_id"] not in (None, before)
    assert refused(client, "POST", "/match", {"configNoteId": "config1"}).status == 409
    assert client.ask("POST", "/undeploy", {"configNoteId": "config1"}) == {}
    assert client.note("config1")["status"] == "Complete"
    assert refused(client, "POST", "/undeploy", {"configNoteId": "config1"}).status == 409


def upload_config(served: Served, name: str, **changes: Any) -> None:
    files = archive(**changes)
    notes = json.loads(files["configs.json"])["notes"]
    content = json.dumps({"notes": [{**notes[0], "id": name}]}).encode()
    served.admin.call("POST", "/v1/venues/or/import/openreview", content=content, filename="configs.json")


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"solver": "Magic"}, 400, "allowed are MinMax"),
        ({"user_demand": "many"}, 400, "user_demand"),
        ({"alternates": "-1"}, 400, "alternates"),
        ({"match_group": "Nowhere"}, 404, "its groups"),
        ({"paper_invitation": f"{SUBMISSION}&content.track=A"}, 400, "content.venueid"),
        ({"paper_invitation": ""}, 400, "paper_invitation: is missing"),
        ({"solver": "Randomized", "randomized_probability_limits": "x"}, 400, "randomized_probability_limits"),
    ],
)
def test_configurations_that_mean_nothing(
    served: Served, client: OpenReviewClient, changes: dict[str, Any], status: int, words: str
) -> None:
    upload_config(served, "odd", **changes)
    error = refused(client, "POST", "/match", {"configNoteId": "odd"})
    assert (error.status, words in error.body["message"]) == (status, True), error.body


def test_a_match_without_a_solution_says_so(served: Served, client: OpenReviewClient) -> None:
    upload_config(served, "tight", user_demand="4", max_papers="1", solver="MinMax")
    content = client.match("tight")
    assert (content["status"], "4" in content["error_message"]) == ("No Solution", True)
    assignment = content["assignment_invitation"]
    error = refused(client, "GET", "/edges", configNoteId="tight", invitation=assignment)
    assert "No Solution" in error.body["message"]
    assert refused(client, "GET", "/edges", configNoteId="tight", invitation="other").status == 404
    assert refused(client, "POST", "/deploy", {"configNoteId": "tight"}).status == 409
    assert refused(client, "POST", "/match", {"configNoteId": "none"}).status == 404
    assert refused(client, "POST", "/match", {}).status == 400


def test_a_lottery_keeps_to_its_limit() -> None:
    content = {"solver": "Randomized", "randomized_probability_limits": "0.9", "max_users": 2}
    expected = {"reviews_per_submission": 2, "objective": "randomised", "probability_limit": 0.9}
    assert settings_of(content) == (expected, [])


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_later_uploads_add_submissions_and_replace_groups(served: Served) -> None:
    served.admin.create_venue("or-twice")
    path = "/v1/venues/or-twice/import/openreview"
    served.admin.call("POST", path, content=zipped(archive()))
    files = {
        "groups.json": json.dumps({"id": REVIEWERS, "members": ["~Vera_Vision1"]}).encode(),
        "submissions.json": json.dumps(
            [{"id": "sub9", "invitation": SUBMISSION, "content": {"title": "New"}}]
        ).encode(),
    }
    served.admin.call("POST", path, content=zipped(files))
    with served.service.database.read() as connection:
        group = find(connection, "or-twice", "group", REVIEWERS)
        notes = find(connection, "or-twice", "notes", SUBMISSION)
    assert group is not None
    assert notes is not None
    assert group["members"] == ["~Vera_Vision1"]
    assert notes["members"] == ["sub0", "sub1", "sub2", "sub3", "sub9"]


def test_erasing_a_person_takes_them_out_of_groups_and_choices(served: Served) -> None:
    served.admin.create_venue("or-erase", deadline="2027-01-31")
    served.admin.call("POST", "/v1/venues/or-erase/import/openreview", content=zipped(archive()))
    served.admin.call("POST", "/v1/venues/or-erase/erasures", json_body={"person_id": "~Vera_Vision1"})
    with served.service.database.read() as connection:
        group = find(connection, "or-erase", "group", REVIEWERS)
        selection = find(connection, "or-erase", "selection", SELECTION)
    assert group is not None
    assert selection is not None
    assert "~Vera_Vision1" not in group["members"]
    assert "~Vera_Vision1" not in selection["choices"]


def test_our_own_addresses_keep_our_shape(served: Served, token: str) -> None:
    with pytest.raises(ClientError) as caught:
        served.admin.get("/v1/venues/none")
    assert caught.value.problem["type"] == "urn:matcher:problem:not-found"
    assert error_of({"status": 422, "title": "t", "detail": "d"})[0] == 400
    assert error_of({"status": 500, "title": "t"})[1]["name"] == "InternalServerError"
