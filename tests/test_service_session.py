"""A chair at work: how many requests that takes, and how many jobs may wait."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from service.client import Client, ClientError, packed
from service.settings import Settings
from tests.serving import TFIDF, Served

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
SHARE_OF_A_SESSION = 0.25


def test_a_venue_may_have_so_many_jobs(served: Served) -> None:
    served.admin.create_venue("busy", deadline="2027-01-31")
    served.admin.upload_venue("busy", packed(SAMPLE))
    object.__setattr__(served.service.settings, "jobs_waiting", 1)
    first = served.admin.submit("busy", kind="index", config=TFIDF)
    try:
        with pytest.raises(ClientError) as caught:
            served.admin.submit("busy", kind="index", config={**TFIDF, "seed": 1})
        assert served.admin.submit("busy", kind="index", config=TFIDF)["id"] == first["id"]
    finally:
        object.__setattr__(served.service.settings, "jobs_waiting", 50)
        served.admin.call("POST", f"/v1/venues/busy/jobs/{first['id']}/cancel")
    assert (caught.value.status, "1 jobs of one venue" in caught.value.problem["detail"]) == (429, True)


class _Counting(Client):
    """Counts what it sends."""

    sent = 0

    def call(self, *words: Any, **more: Any) -> httpx.Response:
        self.sent += 1
        return super().call(*words, **more)


def test_a_chair_at_work_needs_a_quarter_of_the_limit_at_most(served: Served) -> None:
    """Upload, check, match with polling, read everything, decide, explain each pair of ten submissions, export."""
    made = served.service.keys.create("chair", ["admin"])
    with _Counting(served.address, made.secret) as client:
        client.create_venue("session", deadline="2027-01-31")
        client.upload_venue("session", packed(SAMPLE))
        client.get("/v1/venues/session/check")
        job = client.wait("session", client.submit("session", config=TFIDF)["id"])
        run = f"/v1/venues/session/runs/{job['run_id']}"
        pairs = list(client.pages(f"{run}/assignment"))
        for part in ("summary", "conflicts"):
            client.get(f"{run}/{part}")
        submissions = sorted({each["submission_id"] for each in pairs})[:10]
        for submission in submissions:
            client.get(f"{run}/scores", submission_id=submission)
        for each in pairs:
            if each["submission_id"] in submissions:
                names = {name: each[name] for name in ("submission_id", "reviewer_id")}
                client.get(f"{run}/explanation", **names)
        for table in ("reviewers", "submissions", "publications", "conflicts"):
            list(client.pages(f"/v1/venues/session/{table}", limit=100))
        for part in ("assignment", "conflicts", "scores"):
            client.call("GET", f"{run}/downloads/{part}", format="csv")
        assert 0 < client.sent <= SHARE_OF_A_SESSION * Settings().requests_per_minute
