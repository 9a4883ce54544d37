"""Venues and their tables: what goes in, what is refused with its place, what comes out."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from matcher import load_venue
from matcher.ingest.formats import rows_of
from service.client import Client, ClientError, CutOffError, packed
from service.storage.folders import venue_folder
from tests.serving import Served

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
NUMBERS = count()

SUBMISSION = {"id": "s1", "title": "Sparse nets", "authors": [{"name": "Ann Author"}]}
REVIEWER = {"id": "r1", "name": "Rob Reviewer", "paper_ids": []}


@pytest.fixture
def venue(served: Served) -> str:
    """A new venue with a submission and a reviewer."""
    name = f"tables-{next(NUMBERS)}"
    served.admin.create_venue(name, deadline="2025-01-15")
    served.admin.upload(name, "submissions", json.dumps(SUBMISSION).encode())
    served.admin.upload(name, "reviewers", json.dumps(REVIEWER).encode())
    return name


@pytest.fixture(scope="module")
def sample_venue(served: Served) -> str:
    """The sample, for reading only."""
    served.admin.create_venue("sample")
    served.admin.upload_venue("sample", packed(SAMPLE))
    return "sample"


def refused(client: Client, *call: Any, **more: Any) -> ClientError:
    with pytest.raises(ClientError) as caught:
        client.call(*call, **more)
    return caught.value


# --- whole venues ---------------------------------------------------------------------------------------------------


def test_a_folder_comes_back_as_the_same_venue(served: Served, tmp_path: Path) -> None:
    served.admin.create_venue("whole")
    told = served.admin.upload_venue("whole", packed(SAMPLE))
    assert {name: change["added"] for name, change in told["tables"].items() if name != "facts"} == {
        name: len(rows) for name, rows in rows_of(load_venue(SAMPLE)).items()
    }
    folder = venue_folder(served.service.database, tmp_path, "whole", told["version"])
    assert load_venue(folder).digest == load_venue(SAMPLE).digest
    again = served.admin.upload_venue("whole", packed(SAMPLE))
    assert again["version"] == told["version"]
    found = served.admin.get("/v1/venues/whole")
    assert (found["name"], found["counts"]["reviewers"]) == (load_venue(SAMPLE).name, 26)
    assert (found["deadline"], found["reviews_per_submission"]) == ("2024-10-01", 3)


def test_a_dry_run_says_what_would_be_and_changes_nothing(served: Served) -> None:
    served.admin.create_venue("dry")
    told = served.admin.upload_venue("dry", packed(SAMPLE), dry_run=True)
    assert told["dry_run"]
    assert told["tables"]["reviewers"]["added"] == 26
    assert served.admin.get("/v1/venues/dry")["counts"] == {}


def test_replacing_ends_what_is_not_in_the_new_folder(served: Served, venue: str) -> None:
    told = served.admin.upload_venue(venue, packed(SAMPLE), mode="replace")
    assert told["tables"]["submissions"]["removed"] == 1
    found = {each["id"] for each in served.admin.pages(f"/v1/venues/{venue}/submissions", limit=7)}
    assert found == {each.id for each in load_venue(SAMPLE).submissions}


def zipped(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_DOT_", "."), content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"no zip", 422, "no zip archive"),
        (zipped(**{"../x": b"a"}), 422, "outside itself"),
        (zipped(reviewers_DOT_jsonl=b"{}\n"), 422, "is missing"),
        (zipped(reviewers_DOT_jsonl=b"0" * 40_000_000), 413, "unpacks to more"),
    ],
)
def test_archives_that_are_none(served: Served, venue: str, content: bytes, status: int, words: str) -> None:
    error = refused(served.admin, "POST", f"/v1/venues/{venue}/upload", content=content)
    assert error.status == status
    assert words in error.problem["detail"]


def test_rows_that_cannot_be_read_are_named(served: Served, venue: str) -> None:
    folder = {"reviewers_DOT_csv": b"id,name\nr1,\n", "publications_DOT_csv": b"id,title\np,T\n"}
    content = zipped(**folder, submissions_DOT_csv=b"id,title\ns,T\n")
    error = refused(served.admin, "POST", f"/v1/venues/{venue}/upload", content=content)
    assert error.problem["errors"][0] == {"file": "reviewers.csv", "row": 2, "field": "name", "detail": "is missing"}


def test_files_of_other_systems_are_joined(served: Served, venue: str) -> None:
    bib = b"@article{a, title={Sparse nets}, author={Rob Reviewer and Ann Author}, year={2020}}\n"
    told = served.admin.call(
        "POST", f"/v1/venues/{venue}/import/bibtex", content=bib, filename="rob.bib", reviewer="Rob Reviewer"
    ).json()
    assert told["tables"]["publications"]["added"] == 1
    assert told["tables"]["reviewers"]["changed"] == 1
    assert told["details"]["files"][0]["read"] == 1
    assert len(served.admin.get(f"/v1/venues/{venue}/reviewers/r1")["paper_ids"]) == 1
    assert refused(served.admin, "POST", f"/v1/venues/{venue}/import/word", content=b"x").status == 404
    archive = zipped(a_DOT_bib=bib)
    path = f"/v1/venues/{venue}/import/bibtex"
    again = served.admin.call("POST", path, content=archive, reviewer="Rob Reviewer", dry_run="true").json()
    assert again["tables"]["publications"]["added"] == 0


def test_erasing_leaves_nothing_but_the_log(served: Served, venue: str) -> None:
    folder = served.service.data_dir / "venues" / venue
    served.admin.upload(venue, "publications", b'{"id": "p", "title": "T"}')
    served.admin.get(f"/v1/venues/{venue}/check")
    assert folder.is_dir()
    served.admin.call("DELETE", f"/v1/venues/{venue}")
    assert not folder.exists()
    assert refused(served.admin, "GET", f"/v1/venues/{venue}").status == 404
    assert any(each["venue_id"] == venue for each in served.admin.get("/v1/audit", limit=100)["items"])


# --- facts and choices ----------------------------------------------------------------------------------------------


def test_facts_and_choices(served: Served, venue: str) -> None:
    response = served.admin.call("GET", f"/v1/venues/{venue}")
    etag = response.headers["etag"]
    path = f"/v1/venues/{venue}"
    changed = served.admin.call("PATCH", path, json_body={"name": "New", "deadline": None}, headers={"If-Match": etag})
    assert (changed.json()["name"], changed.json()["deadline"]) == ("New", None)
    assert refused(served.admin, "PATCH", path, json_body={"name": "x"}, headers={"If-Match": etag}).status == 412
    served.admin.call("PATCH", path, json_body={"name": "Dry"}, dry_run="true")
    assert served.admin.get(path)["name"] == "New"
    for body, pointer in (
        ({"deadline": "2025-02-30"}, "/deadline"),
        ({"min_load": 3, "max_load": 2}, "/min_load"),
        ({"max_load": -1}, "/max_load"),
    ):
        assert refused(served.admin, "PATCH", path, json_body=body).problem["errors"][0]["pointer"] == pointer
    assert refused(served.admin, "POST", "/v1/venues", json_body={"id": venue}).status == 409


@pytest.mark.parametrize(
    ("config", "pointer"),
    [
        ({"encodr": "tfidf"}, "/config/encodr"),
        ({"top_k": 0}, "/config/expertise/top_k"),
        ({"policy": "/etc/passwd.toml"}, "/config/policy"),
        ({"background": "/etc/passwd"}, "/config/background"),
        ({"model": "somebody/else"}, "/config/model"),
    ],
)
def test_choices_that_are_not_allowed(served: Served, venue: str, config: dict[str, Any], pointer: str) -> None:
    error = refused(served.admin, "PUT", f"/v1/venues/{venue}/config", json_body={"config": config})
    assert error.status == 422
    assert error.problem["errors"][0]["pointer"] == pointer


def test_choices_are_kept(served: Served, venue: str) -> None:
    rule = {"kind": "quota", "attribute": "seniority", "values": ["senior"], "at_least": 1, "price": 0.5}
    config = {"encoder": "tfidf", "policy": "acl", "constraints": {"one_senior": rule}}
    assert (
        served.admin.call("PUT", f"/v1/venues/{venue}/config", json_body={"config": config}).json()["config"] == config
    )
    assert (
        refused(served.admin, "PUT", f"/v1/venues/{venue}/config", json_body={"config": {"constraints": 1}}).status
        == 422
    )
    assert (
        refused(served.admin, "PUT", f"/v1/venues/{venue}/config", json_body={"config": {"policy": "x"}}).status == 404
    )


# --- tables ---------------------------------------------------------------------------------------------------------


def test_csv_and_json_say_the_same(served: Served, venue: str) -> None:
    rows = b"id,title,authors,track\ns1,Sparse nets,Ann Author,\ns2,Graphs,Bo Berg <bo@example.org>; Cy Dee,ml\n"
    told = served.admin.upload(venue, "submissions", rows, is_csv=True)
    assert told["tables"]["submissions"] == {"added": 1, "changed": 0, "unchanged": 1, "removed": 0}
    found = served.admin.get(f"/v1/venues/{venue}/submissions/s2")
    assert found["authors"] == [{"name": "Bo Berg", "email": "bo@example.org"}, {"name": "Cy Dee"}]
    listed = served.admin.get(f"/v1/venues/{venue}/submissions", where="track:ml")["items"]
    assert [each["id"] for each in listed] == ["s2"]
    assert refused(served.admin, "GET", f"/v1/venues/{venue}/submissions", where="track").status == 422


def test_one_record_is_written_read_changed_and_removed(served: Served, venue: str) -> None:
    path = f"/v1/venues/{venue}/submissions/10.1000%2Fx"
    made = served.admin.call("PUT", path, json_body={"title": "A", "track": "ml"})
    assert made.status_code == 201
    etag = made.headers["etag"]
    assert served.admin.call("GET", path).headers["etag"] == etag
    changed = served.admin.call("PATCH", path, json_body={"title": "B", "track": None}, headers={"If-Match": etag})
    assert {name: changed.json().get(name) for name in ("id", "title", "track")} == {
        "id": "10.1000/x",
        "title": "B",
        "track": None,
    }
    assert refused(served.admin, "PUT", path, json_body={"title": "C"}, headers={"If-Match": etag}).status == 412
    assert refused(served.admin, "DELETE", path, headers={"If-Match": etag}).status == 412
    error = refused(served.admin, "PUT", path, json_body={"id": "other", "title": "C"})
    assert error.problem["errors"][0]["pointer"] == "/id"
    error = refused(served.admin, "PATCH", path, json_body={"authors": [{"name": "A", "email": "no"}]})
    assert error.problem["errors"][0]["pointer"] == "/authors/0/email"
    assert served.admin.put(venue, "submissions", {"id": "10.1000/x", "title": "D"})["title"] == "D"
    told = served.admin.call("DELETE", path, dry_run="true").json()
    assert told["tables"]["submissions"]["removed"] == 1
    served.admin.call("DELETE", path)
    for method in ("GET", "DELETE"):
        assert refused(served.admin, method, path).status == 404
    assert refused(served.admin, "PATCH", path, json_body={"title": "x"}).status == 404


def test_pairs_are_written_and_forgotten(served: Served, venue: str) -> None:
    pair = {"submission_id": "s1", "reviewer_id": "r1"}
    for table, more in (
        ("bids", {"bid": "eager"}),
        ("conflicts", {"reason": "friends"}),
        ("fixed", {"kind": "forbid"}),
    ):
        path = f"/v1/venues/{venue}/{table}"
        served.admin.call("PUT", path, json_body={**pair, **more})
        found = served.admin.get(path, submission_id="s1", reviewer_id="r1")["items"]
        assert [{name: each[name] for name in more} for each in found] == [more]
        assert served.admin.get(path, reviewer_id="r2")["items"] == []
    served.admin.call("PUT", f"/v1/venues/{venue}/conflicts", json_body={**pair, "reason": "family"})
    assert [each["reason"] for each in served.admin.get(f"/v1/venues/{venue}/conflicts")["items"]] == ["family"]
    place = f"/v1/venues/{venue}/bids?submission_id=s1&reviewer_id=r1"
    served.admin.call("DELETE", place)
    assert refused(served.admin, "DELETE", place).status == 404
    error = refused(
        served.admin, "PUT", f"/v1/venues/{venue}/bids", json_body={**pair, "reviewer_id": "r9", "bid": "1"}
    )
    assert error.problem["errors"] == [{"row": 1, "field": "reviewer_id", "detail": "'r9' is not among the reviewers"}]


def test_what_refers_to_a_record_goes_with_it(served: Served, venue: str) -> None:
    served.admin.upload(venue, "publications", b'{"id": "p1", "title": "T"}\n{"id": "p2", "title": "U"}\n')
    served.admin.put(venue, "reviewers", {**REVIEWER, "paper_ids": ["p1", "p2"]})
    served.admin.upload(venue, "bids", b"submission_id,reviewer_id,bid\ns1,r1,eager\n", is_csv=True)
    served.admin.call("DELETE", f"/v1/venues/{venue}/publications/p1")
    assert served.admin.get(f"/v1/venues/{venue}/reviewers/r1")["paper_ids"] == ["p2"]
    told = served.admin.call("DELETE", f"/v1/venues/{venue}/reviewers/r1").json()
    assert told["tables"]["bids"]["removed"] == 1
    assert served.admin.get(f"/v1/venues/{venue}/bids")["items"] == []


@pytest.mark.parametrize(
    ("table", "content", "is_csv", "fault"),
    [
        ("reviewers", b'{"id": "a", "name": "A", "paper_ids": ["p9"]}', False, {"row": 1, "field": "paper_ids"}),
        ("submissions", b'{"id": "a", "title": "A"}\n{"id": "a", "title": "B"}', False, {"row": 2}),
        ("submissions", b'{"id": "a", "titel": "A"}', False, {"row": 1, "field": "titel"}),
        ("submissions", b"id,title\na,A\nb,\n", True, {"row": 3, "field": "title"}),
        ("bids", b"submission_id,reviewer_id,bid\ns1,r1,1\ns9,r1,2\n", True, {"row": 2, "field": "submission_id"}),
        ("submissions", b"{\n", False, {"row": 1}),
        ("submissions", b"", False, {"file": "submissions.jsonl"}),
        ("submissions", b"\xff\xfe", False, {}),
    ],
)
def test_uploads_are_taken_whole_or_not_at_all(
    served: Served, venue: str, table: str, content: bytes, is_csv: bool, fault: dict[str, Any]
) -> None:
    before = served.admin.get(f"/v1/venues/{venue}")["version"]
    with pytest.raises(ClientError) as caught:
        served.admin.upload(venue, table, content, is_csv=is_csv)
    assert caught.value.status == 422
    assert fault.items() <= caught.value.problem["errors"][0].items()
    assert served.admin.get(f"/v1/venues/{venue}")["version"] == before


def test_uploads_may_be_large(served: Served, venue: str) -> None:
    rows = "".join(json.dumps({"id": f"big{n}", "title": "T", "abstract": "x" * 60_000}) + "\n" for n in range(100))
    told = served.admin.upload(venue, "submissions", rows.encode())
    assert told["tables"]["submissions"]["added"] == 100


def test_a_body_of_another_type_is_refused(served: Served, venue: str) -> None:
    path, headers = f"/v1/venues/{venue}/submissions", {"Content-Type": "application/xml"}
    assert refused(served.admin, "POST", path, content=b"<a/>", headers=headers).status == 415


def test_pages_show_one_version_though_the_table_changes(served: Served, venue: str) -> None:
    rows = "".join(json.dumps({"id": f"x{number:03}", "title": "T"}) + "\n" for number in range(25))
    version = served.admin.upload(venue, "submissions", rows.encode())["version"]
    first = served.admin.get(f"/v1/venues/{venue}/submissions", limit=10)
    served.admin.call("DELETE", f"/v1/venues/{venue}/submissions/x020")
    rest = list(served.admin.pages(f"/v1/venues/{venue}/submissions", limit=10))
    assert len(rest) == 25
    second = served.admin.get(f"/v1/venues/{venue}/submissions", limit=20, cursor=first["next"])
    assert len(first["items"]) + len(second["items"]) == 26
    assert second["next"] is None
    assert len(list(served.admin.pages(f"/v1/venues/{venue}/submissions", version=version))) == 26


def test_decisions_are_kept_and_withdrawn(served: Served, venue: str) -> None:
    path = f"/v1/venues/{venue}/decisions"
    one = {"rule": "coauthor", "reviewer_id": "r1", "who": "ann author", "outcome": "dismissed", "reason": "namesake"}
    served.admin.call("POST", path, json_body=[one])
    found = served.admin.get(path)["items"]
    assert [(each["outcome"], each["reason"], bool(each["by"])) for each in found] == [("dismissed", "namesake", True)]
    served.admin.call("POST", path, json_body=[{**one, "outcome": "withdrawn"}])
    assert served.admin.get(path)["items"] == []
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"outcome": "maybe"}, "outcome"),
        ({"rule": 1}, "rule"),
        ({"facts": [1]}, "facts"),
        ({"confidence": 2}, "confidence"),
    ]
    for change, name in wrong:
        error = refused(served.admin, "POST", path, json_body=[{**one, **change}])
        assert error.problem["errors"][0]["pointer"] == f"/0/{name}"


def test_what_is_odd_is_told_before_anything_runs(served: Served, sample_venue: str) -> None:
    found = served.admin.get(f"/v1/venues/{sample_venue}/check")
    assert found["rejects"] == []
    assert {"findings", "version"} <= set(found)


# --- downloads ------------------------------------------------------------------------------------------------------


def test_tables_are_downloaded_in_three_forms(served: Served, sample_venue: str, tmp_path: Path) -> None:
    path = f"/v1/venues/{sample_venue}/downloads/reviewers"
    wanted = sorted(each.person_id for each in load_venue(SAMPLE).reviewers)
    lines = served.admin.download(path).decode().splitlines()
    assert [json.loads(line)["id"] for line in lines] == wanted
    cells = list(csv.DictReader(io.StringIO(served.admin.download(path, format="csv").decode())))
    assert [each["id"] for each in cells] == wanted
    response = served.admin.call("GET", path, format="parquet")
    (tmp_path / "a.parquet").write_bytes(response.content)
    assert pq.read_table(tmp_path / "a.parquet").column("id").to_pylist() == wanted
    assert response.headers["content-digest"].startswith("sha-256=:")
    assert refused(served.admin, "GET", path, format="xml").status == 422
    assert refused(served.admin, "GET", path.replace("reviewers", "people2")).status == 404
    assert not list((served.service.data_dir / "uploads").iterdir())


def test_half_a_download_is_not_taken_for_the_whole(served: Served, sample_venue: str) -> None:
    path = f"/v1/venues/{sample_venue}/downloads/reviewers"
    whole = served.admin.call("GET", path).content

    class Half:
        def __init__(self, content: bytes) -> None:
            self.content = content

    for content in (whole[: len(whole) // 2], whole.rsplit(b"\n", 2)[0] + b"\n", b"", b"#end\n"):
        client = Client(served.address)
        client.call = lambda *_, content=content, **__: Half(content)  # type: ignore[method-assign, assignment]
        with pytest.raises(CutOffError):
            client.download(path)
        with pytest.raises(CutOffError):
            client.download(path, format="csv")
