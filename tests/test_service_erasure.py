"""Erasing people and venues: nothing of them is left in the database or in the data folder."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.client import Client, ClientError
from tests.serving import TFIDF, Served, serving

NAME, OTHER_NAME, ADDRESS = "Zoë Quistgård", "Z. Quistgård", "zoe.quistgard@physics.example"
PERSON = "zoe-quistgard"
FRIEND = "Bo Vestergaard"


def _lines(*records: dict[str, object]) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in records).encode()


def _fill(client: Client, venue_id: str, *, homonym: str = "Di Lund") -> None:
    """A venue in which one person reviews, writes, is named by others, and stands in free text."""
    client.create_venue(venue_id, deadline="2025-01-15", reviews_per_submission=1, max_load=4)
    them = {"name": NAME, "person_id": PERSON, "email": ADDRESS}
    friend = {"name": FRIEND, "person_id": "bo"}
    client.upload(
        venue_id,
        "publications",
        _lines(
            {"id": "w1", "title": "Rings of ice", "authors": [them, friend], "date": "2023"},
            {"id": "w2", "title": "Rings of dust", "authors": [{"name": OTHER_NAME}, friend], "date": "2024"},
            {"id": "w3", "title": "Dunes of sand", "authors": [{"name": "Cy Toft", "person_id": "cy"}], "date": "2024"},
            {"id": "w4", "title": "Dunes", "authors": [{"name": homonym, "person_id": "homonym"}], "date": "2024"},
        ),
    )
    client.upload(
        venue_id,
        "submissions",
        _lines(
            {"id": "s1", "title": "Ice", "abstract": f"We thank {NAME.upper()}.", "authors": [{"name": "Al Holm"}]},
            {"id": "s2", "title": "Sand", "abstract": f"Write to {ADDRESS}.", "authors": [them]},
        ),
    )
    advisor = {"kind": "advisor", "name": NAME, "person_id": PERSON}
    client.upload(
        venue_id,
        "reviewers",
        _lines(
            {"id": PERSON, "name": NAME, "names": [OTHER_NAME], "emails": [ADDRESS], "paper_ids": ["w1", "w2"]},
            {"id": "bo", "name": FRIEND, "paper_ids": ["w1", "w2"], "relations": [advisor]},
            {"id": "cy", "name": "Cy Toft", "paper_ids": ["w3"]},
        ),
    )
    client.upload(
        venue_id,
        "conflicts",
        _lines(
            {"submission_id": "s1", "reviewer_id": PERSON, "reason": "coworker"},
            {"submission_id": "s2", "reviewer_id": "bo", "reason": f"works with {NAME}"},
        ),
    )
    client.call("PATCH", f"/v1/venues/{venue_id}/reviewers/{PERSON}", json_body={"max_load": 2})


def _run(client: Client, venue_id: str) -> dict[str, object]:
    job = client.wait(venue_id, client.submit(venue_id, config=TFIDF)["id"])
    assert job["state"] == "succeeded", job
    return job


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("erasing")) as running:
        yield running


def _answer_to(service: Served, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.get(f"{service.address}/v1/me", headers=headers).status_code


def _traces(folder: Path, *words: str) -> set[str]:
    """Files in which a word stands: as text, as JSON writes it, or packed."""
    needles = {form for word in words for form in (word, json.dumps(word)[1:-1], word.upper(), word.casefold())}
    found = set()
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        parts = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                parts += [archive.read(name) for name in archive.namelist()]
        if parts[0][:2] == b"\x1f\x8b":
            parts.append(gzip.decompress(parts[0]))
        if any(needle.encode() in part for needle in needles for part in parts):
            found.add(str(path.relative_to(folder)))
    return found


def test_an_erased_person_is_in_no_file(service: Served) -> None:
    admin, folder = service.admin, service.service.data_dir
    _fill(admin, "erased", homonym=NAME)
    key = service.service.keys.create("test", ["reviewer"], venue_id="erased", person_id=PERSON).secret
    job = _run(admin, "erased")
    admin.rank("erased", "Ice", "Rings of ice", authors=[{"name": "Al Holm"}])
    assert _traces(folder, PERSON, ADDRESS)
    before = admin.get("/v1/venues/erased")

    told = admin.call("POST", "/v1/venues/erased/erasures", json_body={"person_id": PERSON}, dry_run="true").json()
    assert admin.get("/v1/venues/erased") == before
    assert told["dry_run"]
    assert told["runs"] == 1
    # The record of the reviewer in two versions, one declared conflict, and the key.
    assert told["deleted"] == 4
    # Two papers, two submissions, a relation and a reason.
    assert told["rewritten"] == 6

    done = admin.call("POST", "/v1/venues/erased/erasures", json_body={"person_id": PERSON}).json()
    assert {**done, "stand_in": "", "dry_run": True} == {**told, "stand_in": ""}
    assert admin.get("/v1/venues/erased")["version"] == before["version"] + 1
    homonym = [{"name": NAME, "person_id": "homonym"}]  # somebody else, as their id says
    assert admin.get("/v1/venues/erased/publications/w4")["authors"] == homonym

    paper = admin.get("/v1/venues/erased/publications/w1")
    assert [each["name"] for each in paper["authors"]] == [done["stand_in"], FRIEND]
    assert admin.get("/v1/venues/erased/publications/w2")["authors"][0] == {"name": done["stand_in"]}
    assert admin.get("/v1/venues/erased/submissions/s1")["abstract"] == f"We thank {done['stand_in']}."
    assert not admin.get("/v1/venues/erased/reviewers/bo").get("relations")
    reasons = [each["reason"] for each in admin.pages("/v1/venues/erased/conflicts")]
    assert reasons == [f"works with {done['stand_in']}"]
    assert _answer_to(service, key) == 401
    assert admin.get(f"/v1/venues/erased/jobs/{job['id']}")["run_id"] is None
    assert admin.get("/v1/venues/erased")["current_run_id"] is None

    again = _run(admin, "erased")
    assert again["run_id"] != job["run_id"]
    pairs = list(admin.pages("/v1/venues/erased/runs/current/assignment"))
    assert {each["submission_id"]: each["reviewer_id"] for each in pairs}.keys() == {"s1", "s2"}


def test_what_is_left_holds_neither_name_nor_address(service: Served) -> None:
    admin, folder = service.admin, service.service.data_dir
    _fill(admin, "clean")
    admin.call("PATCH", "/v1/venues/clean/publications/w3", json_body={"title": f"Dunes, for {NAME}"})
    _run(admin, "clean")
    assert {"matcher.sqlite"} <= {name.removesuffix("-wal") for name in _traces(folder, PERSON, ADDRESS)}
    for venue in list(admin.pages("/v1/venues")):
        if venue["id"] != "clean":
            admin.call("DELETE", f"/v1/venues/{venue['id']}")
    admin.call("POST", "/v1/venues/clean/erasures", json_body={"person_id": PERSON})
    assert _traces(folder, NAME, OTHER_NAME, PERSON, ADDRESS) == set()
    assert _traces(folder, FRIEND)


def test_an_erased_venue_is_in_no_file(service: Served) -> None:
    admin, folder = service.admin, service.service.data_dir
    admin.create_venue("gone", name="Gone")
    secret = "Jytte Nordqvist"
    admin.upload("gone", "people", _lines({"id": "jytte-nordqvist", "name": secret}))
    admin.call("PATCH", "/v1/venues/gone/people/jytte-nordqvist", json_body={"names": [f"{secret} Holm"]})
    key = service.service.keys.create("test", ["chair"], venue_id="gone").secret
    assert _traces(folder, secret)
    admin.call("DELETE", "/v1/venues/gone")
    assert _traces(folder, secret, "jytte-nordqvist") == set()
    assert _answer_to(service, key) == 401
    log = [each for each in admin.get("/v1/audit")["items"] if each["venue_id"] == "gone"]
    assert {each["target"] for each in log} >= {"/v1/venues/gone", "/v1/venues/gone/people/{item_id}"}


def test_erasing_waits_for_jobs_and_knows_whom_it_erases(service: Served) -> None:
    admin = service.admin
    _fill(admin, "busy")
    with pytest.raises(ClientError) as unknown:
        admin.call("POST", "/v1/venues/busy/erasures", json_body={"person_id": "nobody"})
    assert unknown.value.status == 404
    job = admin.submit("busy", config=TFIDF)
    with pytest.raises(ClientError) as refused:
        admin.call("POST", "/v1/venues/busy/erasures", json_body={"person_id": PERSON})
    assert refused.value.status == 409
    admin.wait("busy", job["id"])
    with service.client("area_chair", venue_id="busy") as reader, pytest.raises(ClientError) as forbidden:
        reader.call("POST", "/v1/venues/busy/erasures", json_body={"person_id": PERSON})
    assert forbidden.value.status == 403
