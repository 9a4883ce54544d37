"""Whole processes: SQLite and PostgreSQL, one and two of them, killed at any moment; and any request at all."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from service.client import Client, packed
from service.server import keyring
from service.settings import Settings
from service.storage.database import Database
from service.storage.tables import events, jobs, runs
from tests.databases import postgres_server
from tests.forking import Forked, Launcher
from tests.serving import TFIDF, free_port, start_process, upload_world, wait_until_ready
from tests.worlds import two_fields

SAMPLE = Path(__file__).parents[1] / "data" / "sample"


@dataclass
class Processes:
    """Servers on one data folder and one database.

    Args:
        data_dir: shared by them.
        database_url: empty for SQLite.
        launcher: forks them, where many are started.
    """

    data_dir: Path
    database_url: str = ""
    launcher: Launcher | None = None
    running: dict[int, subprocess.Popen[bytes] | Forked] = field(default_factory=dict)

    def key(self) -> str:
        with keyring(self.data_dir, self.database_url or None) as keys:
            return keys.create("test", ["admin"]).secret

    def start(self, port: int | None = None) -> str:
        port = port or free_port()
        log = self.data_dir.with_name(f"{port}.log")
        process: subprocess.Popen[bytes] | Forked
        if self.launcher is None:
            process = start_process(self.data_dir, port, log=log, database_url=self.database_url)
        else:
            quick = {"heartbeat_s": 0.5, "dead_after_s": 2.0}
            place = str(self.data_dir)
            process = self.launcher.start(log, data_dir=place, port=port, database_url=self.database_url, **quick)
        self.running[port] = process
        address = f"http://127.0.0.1:{port}"
        wait_until_ready(address, process=process, log=log, timeout_s=180)
        return address

    def kill(self, address: str) -> None:
        process = self.running.pop(int(address.rpartition(":")[2]))
        process.kill()
        process.wait()

    def end(self, address: str) -> float:
        process = self.running.pop(int(address.rpartition(":")[2]))
        assert isinstance(process, subprocess.Popen)
        start = time.monotonic()
        process.terminate()
        process.wait(timeout=30)
        return time.monotonic() - start

    def database(self) -> Database:
        return Database(Settings(data_dir=self.data_dir, database_url=self.database_url).sqlalchemy_url)


@contextmanager
def processes(data_dir: Path, database_url: str = "", *, forks: bool = False) -> Iterator[Processes]:
    launcher = Launcher() if forks else None
    held = Processes(data_dir, database_url, launcher)
    try:
        yield held
    finally:
        if launcher is not None:
            launcher.close()
        for process in held.running.values():
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server for tests."""
    with postgres_server() as url:
        yield url


def wait_for(condition: Callable[[], bool], *, timeout_s: float = 60) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.05)


def refuse_lost_and_doubled(held: Processes, wanted: int) -> None:
    """Every job succeeded, once."""
    database = held.database()
    with database.read() as connection:
        states = list(connection.execute(sa.select(jobs.c.state)).scalars())
        of_runs = list(connection.execute(sa.select(runs.c.job_id)).scalars())
        ends = sa.select(events.c.job_id, events.c.data).where(events.c.kind == "state")
        succeeded = [job for job, data in connection.execute(ends) if data["state"] == "succeeded"]
    database.close()
    assert states == ["succeeded"] * wanted
    assert len(of_runs) == len(set(of_runs)) == wanted
    assert sorted(succeeded) == sorted(of_runs)


def kill_loop(held: Processes, *, kills: int, job_count: int, seed: int) -> None:
    rng = random.Random(seed)
    address = held.start()
    key = held.key()
    with Client(address, key) as client:
        upload_world(client, "killed", two_fields().venue())
        for number in range(job_count):
            client.submit("killed", config={**TFIDF, "seed": number}, idempotency_key=f"job {number}")
    for _ in range(kills):
        time.sleep(rng.uniform(0.0, 2.5))
        held.kill(address)
        address = held.start()
    with Client(address, key) as client:
        for number in range(job_count):  # the client does not know what arrived: it asks again
            client.submit("killed", config={**TFIDF, "seed": number}, idempotency_key=f"job {number}")
        wait_for(
            lambda: all(job["state"] == "succeeded" for job in client.pages("/v1/venues/killed/jobs")), timeout_s=600
        )
    refuse_lost_and_doubled(held, job_count)


def test_a_killed_process_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with processes(tmp_path / "data") as held:
        kill_loop(held, kills=1, job_count=2, seed=0)


@pytest.mark.long
def test_two_hundred_kills(tmp_path: Path) -> None:
    with processes(tmp_path / "data", forks=True) as held:
        kill_loop(held, kills=200, job_count=40, seed=1)


@pytest.mark.long
def test_a_hundred_kills_of_two_processes_on_postgres(tmp_path: Path, postgres: str) -> None:
    """One of the two, by chance, dies at any moment; the other one carries its jobs on while it starts anew."""
    rng = random.Random(2)
    with processes(tmp_path / "data", postgres, forks=True) as held:
        addresses = [held.start(), held.start()]
        key = held.key()
        with Client(addresses[0], key) as client:
            upload_world(client, "killed", two_fields().venue())
        for number in range(100):
            place = rng.randrange(2)
            if number % 5 == 0:
                with Client(addresses[1 - place], key) as client:
                    client.submit("killed", config={**TFIDF, "seed": number}, idempotency_key=f"job {number}")
            time.sleep(rng.uniform(0.0, 1.5))
            held.kill(addresses[place])
            addresses[place] = held.start()
        with Client(addresses[0], key) as client:
            wait_for(
                lambda: all(job["state"] == "succeeded" for job in client.pages("/v1/venues/killed/jobs")),
                timeout_s=600,
            )
        refuse_lost_and_doubled(held, 20)


def test_the_process_ends_in_time_with_a_job_and_a_stream_open(tmp_path: Path) -> None:
    with processes(tmp_path / "data") as held:
        address = held.start()
        key = held.key()
        with Client(address, key) as client:
            client.create_venue("sample")
            client.upload_venue("sample", packed(SAMPLE))
            job = client.submit("sample", config=TFIDF)
            told = client.follow("sample", job["id"])
            wait_for(lambda: next(told).data.get("stage") == "conflicts")
            assert held.end(address) < 15
        address = held.start()
        with Client(address, key) as client:
            done = client.wait("sample", job["id"], timeout_s=120)
        assert (done["state"], done["attempts"]) == ("succeeded", 2)
        refuse_lost_and_doubled(held, 1)


def test_two_processes_on_postgres_share_the_work_and_take_over(tmp_path: Path, postgres: str) -> None:
    with processes(tmp_path / "data", postgres) as held:
        first, second = held.start(), held.start()
        key = held.key()
        with Client(first, key) as one, Client(second, key) as two:
            upload_world(one, "shared", two_fields().venue())
            assert two.get("/v1/venues/shared")["counts"]["reviewers"] == len(two_fields().venue().reviewers)
            made = [one.submit("shared", config={**TFIDF, "seed": number})["id"] for number in range(3)]
            wait_for(lambda: any(two.get(f"/v1/venues/shared/jobs/{job}")["state"] == "running" for job in made))
            held.kill(first)
            done = [two.wait("shared", job, timeout_s=120) for job in made]
            assert [job["state"] for job in done] == ["succeeded"] * 3
            pairs = list(two.pages("/v1/venues/shared/runs/current/assignment", limit=3))
            assert pairs
            where = two.get("/v1/venues/shared/submissions", where=f"id:{pairs[0]['submission_id']}")
            assert len(where["items"]) == 1
            assert len(list(two.pages("/v1/venues/shared/audit", limit=2))) >= 4
            two.call("DELETE", "/v1/venues/shared/reviewers/" + pairs[0]["reviewer_id"])
        refuse_lost_and_doubled(held, 3)


def fuzz(tmp_path: Path, *, examples: int, phases: str) -> None:
    """Any request that the description allows, and many that it does not: no defect, and only documented answers."""
    with processes(tmp_path / "data") as held:
        address = held.start()
        key = held.key()
        with Client(address, key) as client:
            client.create_venue("fuzzed", deadline="2025-01-01")
        command = [
            *(str(Path(sys.executable).parent / "schemathesis"), "run", f"{address}/openapi.json"),
            *("--header", f"Authorization: Bearer {key}", "--max-examples", str(examples), "--seed", "1"),
            *("--checks", "not_a_server_error,status_code_conformance,content_type_conformance"),
            *("--checks", "response_schema_conformance"),
            *("--phases", phases, "--suppress-health-check", "all", "--no-color"),
            # Streams never end, archives are no random bytes, and a key that is revoked opens nothing more.
            *("--exclude-path-regex", "events|login|upload|import", "--exclude-operation-id", "revoke_key"),
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=3000)
        assert done.returncode == 0, done.stdout[-6000:]
        assert httpx.get(f"{address}/readyz").status_code == 200


def test_any_request_gets_a_documented_answer(tmp_path: Path) -> None:
    fuzz(tmp_path, examples=1, phases="fuzzing")


@pytest.mark.long
def test_ten_thousand_requests(tmp_path: Path) -> None:
    fuzz(tmp_path, examples=150, phases="examples,coverage,fuzzing")
