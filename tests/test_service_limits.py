"""Limits on requests: by key, by address, at once; and that a chair at work comes nowhere near them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from matcher.errors import ConfigError
from service.client import ClientError
from service.limits import Limits
from service.problems import Problem
from service.settings import Settings
from tests.serving import Served, serving


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[Served]:
    """A service with small limits that runs no jobs."""
    limits = {"requests_per_minute": 20, "requests_per_minute_and_address": 100}
    with serving(tmp_path_factory.mktemp("limited"), runs_jobs=False, **limits) as running:
        yield running


def test_a_key_that_asks_too_often_waits_and_the_others_do_not(limited: Served) -> None:
    eager, calm = limited.client("chair"), limited.client("chair")
    with eager, calm:
        for _ in range(20):
            eager.get("/v1/me")
        with pytest.raises(ClientError) as caught:
            eager.get("/v1/me")
        assert caught.value.status == 429
        assert caught.value.problem["type"] == "urn:matcher:problem:too-many-requests"
        assert (caught.value.problem["limit"], caught.value.problem["window_s"]) == (20, 60)
        answer = httpx.get(f"{limited.address}/v1/me", headers=eager._headers)
        assert 1 <= int(answer.headers["retry-after"]) <= 61
        assert calm.get("/v1/me")
    shaped = httpx.get(f"{limited.address}/expertise/status", headers=eager._headers).json()
    assert (shaped["name"], shaped["status"]) == ("RateLimitError", 429)


def test_an_address_without_keys_waits_too_but_not_for_health(limited: Served) -> None:
    statuses = [httpx.get(f"{limited.address}/v1/me").status_code for _ in range(101)]
    assert (statuses[0], statuses[-1]) == (401, 429)
    assert httpx.get(f"{limited.address}/healthz").status_code == 200


def settings(**more: int) -> Settings:
    return Settings(**more)  # type: ignore[arg-type]


def test_requests_and_uploads_at_once() -> None:
    limits = Limits(settings(requests_at_once=2, uploads_at_once=1))
    with limits.at_once("a", takes_files=True):
        with pytest.raises(Problem, match="1 uploads at once"), limits.at_once("b", takes_files=True):
            raise AssertionError
        others = (limits.at_once("b", takes_files=False), limits.at_once("a", takes_files=False))
        full = pytest.raises(Problem, match="2 requests of one key at once")
        with others[0], others[1], full, limits.at_once("a", takes_files=False):
            raise AssertionError
    with limits.at_once("a", takes_files=True):  # what was refused holds no place
        pass
    free = Limits(settings(requests_at_once=0, uploads_at_once=0, requests_per_minute=0))
    with free.at_once("a", takes_files=True), free.at_once("a", takes_files=True):
        free.count_key("a")


def test_places_are_given_back_by_many_threads() -> None:
    limits = Limits(settings(requests_at_once=4))
    refused = []

    def work() -> None:
        for _ in range(200):
            try:
                with limits.at_once("a", takes_files=False):
                    pass
            except Problem as problem:
                refused.append(problem)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(limits.at_once("a", takes_files=False))
        with pytest.raises(Problem):
            held.enter_context(limits.at_once("a", takes_files=False))


@pytest.mark.parametrize("name", ["requests_per_minute", "requests_at_once", "uploads_at_once", "jobs_waiting"])
def test_limits_below_nothing_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="from 0"):
        settings(**{name: -1})
