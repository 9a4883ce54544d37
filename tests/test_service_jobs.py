"""Jobs: from submission to a published run, and everything that can come between."""

from __future__ import annotations

import hashlib
import hmac
import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from matcher import MatchConfig, load_venue, match
from matcher.errors import MatcherError
from service import jobs as service_jobs
from service.client import ClientError
from service.problems import Problem
from service.storage.tables import events, runs
from service.webhooks import announce, check_address, secret_of, sign
from tests.serving import TFIDF, Served, upload_world
from tests.worlds import two_fields

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
NUMBERS = count()


@pytest.fixture
def venue(served: Served) -> str:
    """Two fields without conflicts: quick to match."""
    name = f"jobs-{next(NUMBERS)}"
    upload_world(served.admin, name, two_fields().venue())
    return name


def test_a_job_gives_what_the_library_gives(served: Served, matched: dict[str, str]) -> None:
    wanted = match(load_venue(SAMPLE), replace(MatchConfig.from_toml(SAMPLE / "match.toml"), encoder="tfidf"))
    found = list(served.admin.pages("/v1/venues/sample/runs/current/assignment", limit=10))
    assert [(each["submission_id"], each["reviewer_id"]) for each in found] == [
        (pair.submission_id, pair.reviewer_id) for pair in wanted.assignment.pairs
    ]
    manifest = served.admin.get(f"/v1/venues/sample/runs/{matched['run']}")["manifest"]
    assert manifest["venue"]["digest"] == load_venue(SAMPLE).digest
    assert manifest["result"]["objective"] == pytest.approx(wanted.assignment.objective)
    assert {"config", "origin", "seed", "encoder", "versions", "files", "digest"} <= set(manifest)


def test_every_stage_is_told_and_a_stream_can_be_taken_up_again(served: Served, matched: dict[str, str]) -> None:
    told = list(served.admin.follow("sample", matched["job"]))
    assert [each.data["stage"] for each in told if each.kind == "stage"] == [
        "import",
        "conflicts",
        "embed",
        "score",
        "assign",
        "report",
    ]
    assert told[-1].data["run_id"] == matched["run"]
    middle = told[len(told) // 2]
    rest = list(served.admin.follow("sample", matched["job"], after=middle.id))
    assert rest == told[told.index(middle) + 1 :]
    job = served.admin.get(f"/v1/venues/sample/jobs/{matched['job']}")
    assert (job["state"], job["attempts"], job["eta_s"]) == ("succeeded", 1, None)


def test_the_same_key_gives_the_same_job_and_another_body_is_refused(served: Served, venue: str) -> None:
    first = served.admin.submit(venue, config=TFIDF, idempotency_key="k 1")
    assert served.admin.submit(venue, config=TFIDF, idempotency_key="k 1")["id"] == first["id"]
    assert served.admin.submit(venue, config=TFIDF)["id"] == first["id"]  # waits or runs already
    with pytest.raises(ClientError) as caught:
        served.admin.submit(venue, config={**TFIDF, "top_k": 2}, idempotency_key="k 1")
    assert caught.value.kind == "key-reused"
    assert served.admin.wait(venue, first["id"])["state"] == "succeeded"
    assert served.admin.submit(venue, config=TFIDF, idempotency_key="k 1")["id"] == first["id"]
    second = served.admin.submit(venue, config=TFIDF, idempotency_key="k 2")
    assert second["id"] != first["id"]
    assert second["content_hash"] == first["content_hash"]
    assert served.admin.wait(venue, second["id"])["state"] == "succeeded"
    found = list(served.admin.pages(f"/v1/venues/{venue}/runs"))
    assert [each["number"] for each in found] == [2, 1]
    assert found[0]["digest"] == found[1]["digest"]  # the same input gives the same bytes
    listed = list(served.admin.pages(f"/v1/venues/{venue}/jobs", limit=1))
    assert [each["id"] for each in listed] == [second["id"], first["id"]]


def test_a_job_reads_the_version_that_it_was_given(served: Served, venue: str) -> None:
    before = served.admin.get(f"/v1/venues/{venue}")["version"]
    served.admin.call("DELETE", f"/v1/venues/{venue}/submissions/{two_fields().venue().submissions[0].id}")
    body = {"config": TFIDF, "version": before}
    job = served.admin.call("POST", f"/v1/venues/{venue}/jobs", json_body=body).json()
    done = served.admin.wait(venue, job["id"])
    manifest = served.admin.get(f"/v1/venues/{venue}/runs/current")["manifest"]
    assert done["venue_version"] == before
    assert manifest["venue"]["submissions"] == len(two_fields().venue().submissions)


def test_what_the_user_did_wrong_fails_the_job_with_its_place(served: Served) -> None:
    served.admin.create_venue("broken")
    job = served.admin.wait("broken", served.admin.submit("broken", config=TFIDF)["id"])
    assert (job["state"], job["run_id"]) == ("failed", None)
    assert "upload them first" in job["error"]["detail"]
    served.admin.upload("broken", "publications", b'{"id": "p", "title": "T"}')
    served.admin.upload("broken", "reviewers", b'{"id": "r", "name": "R", "paper_ids": ["p"], "max_load": 1}')
    served.admin.upload("broken", "submissions", b'{"id": "s", "title": "S", "reviews_wanted": 1}')
    job = served.admin.wait("broken", served.admin.submit("broken", config=TFIDF)["id"])
    assert job["error"]["type"] == "urn:matcher:problem:invalid-data"
    assert "finds no word" in job["error"]["detail"]
    change = {"title": "Sparse networks", "reviews_wanted": 2}
    served.admin.call("PATCH", "/v1/venues/broken/submissions/s", json_body=change)
    job = served.admin.wait("broken", served.admin.submit("broken", config=TFIDF)["id"])
    assert job["error"]["type"] == "urn:matcher:problem:infeasible"
    with pytest.raises(ClientError, match="404"):
        served.admin.get("/v1/venues/broken/runs/current/assignment")
    with pytest.raises(ClientError, match="422"):
        served.admin.submit("broken", config={"encoder": "word2vec"})


def test_a_job_that_waits_is_cancelled_at_once(served: Served, venue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.service.runner, "enqueue", lambda _: None)
    job = served.admin.submit(venue, config=TFIDF)
    assert served.admin.cancel(venue, job["id"])["state"] == "cancelled"
    assert served.admin.cancel(venue, job["id"])["state"] == "cancelled"
    monkeypatch.undo()
    served.service.runner.enqueue(job["id"])  # comes too late
    time.sleep(0.7)
    assert served.admin.get(f"/v1/venues/{venue}/jobs/{job['id']}")["attempts"] == 0


class Stuck:
    """A child process that says that it embeds, and then nothing; `ends` lets it die by itself instead."""

    def __init__(self, *, ends: bool = False) -> None:
        self.ends = ends
        self.ended = threading.Event()
        self.started = 0

    def __call__(self, _: Any) -> Any:
        child = service_jobs._Child.start()
        self.started += 1
        for stage in ("import", "conflicts"):
            child.said.put({"done": stage})
        child.said.put({"progress": {"stage": "embed", "done": 3, "total": 10}})
        if self.ends:
            child.said.put(None)
        return child


def test_a_job_is_cancelled_while_it_embeds(served: Served, venue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.service.runner, "_new_child", Stuck())
    job = served.admin.submit(venue, config=TFIDF)
    place = f"/v1/venues/{venue}/jobs/{job['id']}"
    end = time.monotonic() + 20
    while served.admin.get(place)["done"] != 3 and time.monotonic() < end:
        time.sleep(0.05)
    seen = served.admin.get(place)
    assert (seen["stage"], seen["done"], seen["total"], seen["state"]) == ("embed", 3, 10, "running")
    assert seen["eta_s"] is not None
    assert served.admin.cancel(venue, job["id"])["state"] in ("cancelling", "cancelled")
    done = served.admin.wait(venue, job["id"], timeout_s=5)
    assert (done["state"], done["run_id"]) == ("cancelled", None)


def test_a_child_that_dies_is_replaced_and_not_for_ever(
    served: Served, venue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = served.service.runner._new_child
    dying = Stuck(ends=True)
    monkeypatch.setattr(served.service.runner, "_new_child", lambda job: dying(job) if dying.started < 1 else real(job))
    job = served.admin.wait(venue, served.admin.submit(venue, config=TFIDF)["id"])
    assert (job["state"], job["attempts"]) == ("succeeded", 1)
    monkeypatch.setattr(served.service.runner, "_new_child", Stuck(ends=True))
    monkeypatch.setattr(service_jobs, "_ATTEMPTS", 1)
    job = served.admin.wait(venue, served.admin.submit(venue, config={**TFIDF, "top_k": 2})["id"])
    assert job["state"] == "failed"
    assert job["error"]["type"] == "urn:matcher:problem:internal"


def test_who_holds_an_older_lease_publishes_nothing(
    served: Served, venue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = served.service.runner
    monkeypatch.setattr(runner, "enqueue", lambda _: None)
    job = served.admin.submit(venue, config=TFIDF)
    first, second = runner._claim(job["id"]), runner._claim(job["id"])
    assert first is not None
    assert second is not None
    made = {"digest": "d", "manifest": {}}
    with pytest.raises(service_jobs._SupersededError):
        runner._finish(first, "succeeded", None, made)
    with pytest.raises(service_jobs._SupersededError):
        runner._tell(first, "embed", is_new=True)
    with pytest.raises(service_jobs._SupersededError):
        runner._is_cancelled(first)
    assert runner._finish(second, "succeeded", None, made) == "succeeded"
    with pytest.raises(service_jobs._SupersededError):
        runner._finish(second, "failed", {})
    assert runner._claim(job["id"]) is None
    with served.service.database.read() as connection:
        count_of_runs = sa.select(sa.func.count()).select_from(runs).where(runs.c.job_id == job["id"])
        assert connection.execute(count_of_runs).scalar() == 1


def test_what_was_written_down_but_never_handed_over_is_run(
    served: Served, venue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_jobs, "_ENQUEUE_AFTER_S", 0.0)
    monkeypatch.setattr(served.service.runner, "enqueue", lambda _: None)
    job = served.admin.submit(venue, config=TFIDF)
    monkeypatch.undo()
    monkeypatch.setattr(service_jobs, "_ENQUEUE_AFTER_S", 0.0)
    assert served.admin.wait(venue, job["id"])["state"] == "succeeded"


def test_dbos_keeps_json_and_no_error_texts() -> None:
    form = service_jobs.JsonSerializer()
    assert form.deserialize(form.serialize({"args": ("a",), "kwargs": {}})) == {"args": ["a"], "kwargs": {}}
    assert "secret" not in form.serialize(MatcherError("secret"))
    assert form.name() == "matcher_json"


def test_events_are_told_while_they_happen(served: Served, venue: str) -> None:
    job = served.admin.submit(venue, config=TFIDF)
    told = list(served.admin.follow(venue, job["id"]))
    assert told[-1].data["state"] == "succeeded"
    assert [each.id for each in told] == sorted({each.id for each in told})
    times = [datetime.fromisoformat(each.data["at"]) for each in told]
    assert times == sorted(times)
    assert {each.utcoffset() for each in times} == {timedelta(0)}
    with served.service.database.read() as connection:
        query = sa.select(events.c.number).where(events.c.job_id == job["id"]).order_by(events.c.number)
        assert [each.id for each in told] == list(connection.execute(query).scalars())
    with pytest.raises(ClientError, match="404"):
        list(served.admin.follow(venue, "none"))
    with pytest.raises(ClientError, match="404"):
        served.admin.cancel(venue, "none")


# --- webhooks -------------------------------------------------------------------------------------------------------


class Listener(http.server.BaseHTTPRequestHandler):
    """Takes messages; the first one is refused."""

    heard: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((dict(self.headers), body))
        self.send_response(503 if len(self.heard) == 1 else 204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def listener() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    heard: list[tuple[dict[str, str], bytes]] = []
    handler = type("Handler", (Listener,), {"heard": heard})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook?a=1", heard
    server.shutdown()
    server.server_close()


def test_the_end_of_a_job_is_told_signed_and_again_until_it_arrives(
    served: Served, venue: str, listener: tuple[str, list[tuple[dict[str, str], bytes]]]
) -> None:
    url, heard = listener
    path = f"/v1/venues/{venue}/webhooks"
    made = served.admin.call("POST", path, json_body={"url": url}).json()
    job = served.admin.wait(venue, served.admin.submit(venue, config=TFIDF)["id"])
    end = time.monotonic() + 20
    while len(heard) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    headers, body = heard[1]
    message = json.loads(body)
    assert (message["event"], message["job_id"], message["run_id"]) == ("job.succeeded", job["id"], job["run_id"])
    at, mac = (part.split("=")[1] for part in headers["Matcher-Signature"].split(","))
    assert mac == hmac.new(made["secret"].encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert heard[0][1] == body
    while (found := served.admin.get(f"{path}/{made['id']}/deliveries")["items"])[0]["state"] != "delivered":
        assert time.monotonic() < end
        time.sleep(0.05)
    assert found[0]["attempts"] == 2
    served.admin.call("POST", f"{path}/{made['id']}/deliveries/{found[0]['id']}/replay")
    while len(heard) < 3:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert [each["url"] for each in served.admin.get(path)["items"]] == [url]
    served.admin.call("DELETE", f"{path}/{made['id']}")
    for call in (("DELETE", f"{path}/{made['id']}"), ("GET", f"{path}/{made['id']}/deliveries")):
        with pytest.raises(ClientError, match="404"):
            served.admin.call(*call)
    with pytest.raises(ClientError, match="404"):
        served.admin.call("POST", f"{path}/{made['id']}/deliveries/x/replay")


def test_an_address_that_does_not_answer_keeps_nobody_waiting(
    served: Served,
    venue: str,
    listener: tuple[str, list[tuple[dict[str, str], bytes]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, heard = listener
    monkeypatch.setattr("service.webhooks._TIMEOUT_S", 60.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, says nothing
        slow = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        path = f"/v1/venues/{venue}/webhooks"
        dead = served.admin.call("POST", path, json_body={"url": slow}).json()["id"]
        for _ in range(2):
            served.admin.call("POST", path, json_body={"url": url})
        with served.service.database.write() as connection:
            for number in range(3):
                announce(connection, venue, "run.published", {"number": number})
        wanted = [(number, copy) for number in range(3) for copy in range(2)]
        end = time.monotonic() + 30  # less than it takes until the silent address is given up for one message
        while len(heard) < len(wanted) and time.monotonic() < end:
            time.sleep(0.05)
        bodies = [json.loads(body) for _, body in heard]
        assert len(heard) >= len(wanted)
        assert all(datetime.fromisoformat(each["at"]).utcoffset() == timedelta(0) for each in bodies)
        waiting = served.admin.get(f"{path}/{dead}/deliveries")["items"]
        assert {(each["state"], each["attempts"]) for each in waiting} == {("waiting", 0)}
        for each in served.admin.get(path)["items"]:
            served.admin.call("DELETE", f"{path}/{each['id']}")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://[::ffff:127.0.0.1]/",
        "https://[2002:7f00:1::]/",
        "https://0.0.0.0/",
        "https://localhost/",
        "https://user:word@1.1.1.1/",
        "https://1.1.1.1:99999/",
        "https:///x",
        "https://224.0.0.1/",
        "https://2130706433/",
    ],
)
def test_addresses_inside_are_refused(url: str) -> None:
    with pytest.raises(Problem):
        check_address(url, allow_private=False)


def test_a_public_address_is_connected_to_as_it_was_checked() -> None:
    parts, address = check_address("https://1.1.1.1/hook", allow_private=False)
    assert (parts.hostname, address) == ("1.1.1.1", "1.1.1.1")
    assert check_address("http://127.0.0.1:81/", allow_private=True)[1] == "127.0.0.1"


def test_secrets_differ_and_stay(tmp_path: Path) -> None:
    assert secret_of(tmp_path, "a") == secret_of(tmp_path, "a") != secret_of(tmp_path, "b")
    assert sign("s", 1, b"x") != sign("s", 2, b"x")
    assert (tmp_path / "webhook.key").stat().st_mode & 0o077 == 0
