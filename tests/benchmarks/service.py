"""The service under load, as its clients see it: `python -m tests.benchmarks.service`.

A server runs as a process of its own on an empty folder (or `--database-url`). Three measurements, each a table:

- `submit`: a venue of 10,000 × 10,000 is uploaded, then jobs on it are submitted one after another;
- `reads`: a matched venue is read at a fixed rate on loopback. Requests start by the clock whether earlier ones are
  answered or not, and their time counts from the moment at which they were due, so a server that stalls cannot hide it;
- `rank`: `POST /v1/rank` against a served pool (see `ranking_requests`).

`--minutes 15` is the long form of `reads`. What else the machine does counts too, so the processor time of the server
stands beside the times.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import numpy as np
import psutil
import typer

from service.client import Client, packed
from service.server import keyring
from tests.benchmarks.generate import write_venue
from tests.serving import TFIDF, free_port, start_process, wait_until_ready

_CHUNK_S: Final = 15.0
"""How far apart memory is looked at."""
_STARTS: Final = 4
"""Part of the measured time after which memory counts as settled: the last three quarters are compared."""
_CONNECTIONS: Final = 32
_WAITING: Final = 40
"""Jobs that wait at the same time at most; a venue may have 50."""
_GOALS: Final = {"submit": 200.0, "reads": 150.0, "rank": 300.0}
"""What the 95th percentile is to stay below, in milliseconds."""


@dataclass
class Measured:
    """What one kind of request took.

    Args:
        name: of the request.
        ms: milliseconds of each.
    """

    name: str
    ms: list[float] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """Quantiles."""
        found = np.percentile(self.ms, [50, 95, 99, 100])
        names = ("p50_ms", "p95_ms", "p99_ms", "max_ms")
        return {
            "request": self.name,
            "count": len(self.ms),
            **{name: round(float(value), 1) for name, value in zip(names, found, strict=True)},
        }


@dataclass
class Server:
    """A server in a process of its own.

    Args:
        address: where it listens.
        key: of an admin.
        process: to look at.
    """

    address: str
    key: str
    process: psutil.Process

    def memory_mb(self) -> float:
        """What the server itself holds, without the processes in which jobs run."""
        return float(self.process.memory_info().rss / 1e6)

    def processor_s(self) -> float:
        """Processor time that the server has used so far."""
        used = self.process.cpu_times()
        return float(used.user + used.system)


@contextmanager
def started(database_url: str) -> Iterator[Server]:
    """A server on an empty folder."""
    with tempfile.TemporaryDirectory() as place:
        port = free_port()
        process = start_process(Path(place), port, database_url=database_url, dead_after_s="60", heartbeat_s="3")
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_ready(address)
            with keyring(Path(place), database_url or None) as keys:
                key = keys.create("benchmark", ["admin"]).secret
            yield Server(address, key, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(timeout=30)


def show(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a table as Markdown."""
    print(f"\n{title}\n")
    columns = list(rows[0])
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(str(row[column]) for column in columns) + " |", flush=True)


# --- submit ---------------------------------------------------------------------------------------------------------


def measure_submit(server: Server, *, submissions: int, reviewers: int, jobs: int) -> dict[str, Any]:
    """Upload a large venue, and submit jobs on it, one after another; the first one begins meanwhile."""
    with tempfile.TemporaryDirectory() as place, Client(server.address, server.key) as client:
        write_venue(Path(place), submissions=submissions, reviewers=reviewers, papers_each=2, words=60)
        archive = packed(place)
        client.create_venue("large")
        start = time.perf_counter()
        response = httpx.post(
            f"{server.address}/v1/venues/large/upload",
            content=archive,
            headers={"Authorization": f"Bearer {server.key}"},
            timeout=900,
        )
        response.raise_for_status()
        uploaded = time.perf_counter() - start
        taken, cancelled = Measured("submit a job"), Measured("cancel, until it is over")
        waiting: list[str] = []
        for number in range(jobs):
            start = time.perf_counter()
            job = client.submit("large", config={**TFIDF, "seed": number}, idempotency_key=f"job {number}")["id"]
            taken.ms.append(1000 * (time.perf_counter() - start))
            waiting.append(job)
            while len(waiting) == _WAITING or (number == jobs - 1 and waiting):
                start, job = time.perf_counter(), waiting.pop()  # those that wait first, so that none of them begins
                client.cancel("large", job)
                state = client.wait("large", job)["state"]
                cancelled.ms.append(1000 * (time.perf_counter() - start))
                assert state == "cancelled", state
    rows = [taken.row(), cancelled.row()]
    show(f"submit: {submissions} × {reviewers}, uploaded in {uploaded:.0f} s ({len(archive) / 1e6:.0f} MB)", rows)
    return {"upload_s": round(uploaded, 1), "requests": rows, "p95_ms": rows[0]["p95_ms"]}


# --- reads ----------------------------------------------------------------------------------------------------------


def _questions(server: Server, *, submissions: int, reviewers: int) -> list[tuple[str, str]]:
    """Upload and match a venue, and say what is asked of it: a name and an address for each kind of request."""
    with tempfile.TemporaryDirectory() as place, Client(server.address, server.key) as client:
        write_venue(Path(place), submissions=submissions, reviewers=reviewers)
        client.create_venue("read")
        client.upload_venue("read", packed(place))
        job = client.wait("read", client.submit("read", config=TFIDF)["id"], timeout_s=900)
        assert job["state"] == "succeeded", job
    venue, run = "/v1/venues/read", "/v1/venues/read/runs/current"
    one, other = f"submission_id=s{submissions // 2}", f"reviewer_id=p{reviewers // 2}"
    return [
        ("venue", venue),
        ("reviewers, page of 50", f"{venue}/reviewers?limit=50"),
        ("one submission", f"{venue}/submissions/s{submissions // 3}"),
        ("job", f"{venue}/jobs/{job['id']}"),
        ("assignment, page of 100", f"{run}/assignment?limit=100"),
        ("assignment of one reviewer", f"{run}/assignment?{other}"),
        ("conflicts of one submission", f"{run}/conflicts?{one}"),
        ("scores of one submission", f"{run}/scores?{one}&limit=50"),
        ("explanation", f"{run}/explanation?{one}&{other}"),
        ("summary", f"{run}/summary"),
    ]


@dataclass
class _Load:
    """Requests at a fixed rate, by a client that costs next to nothing: on few cores a thicker one measures itself.

    Args:
        server: who is asked.
        questions: asked in turn.
    """

    server: Server
    questions: Sequence[tuple[str, str]]
    taken: dict[str, Measured] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    late: Measured = field(default_factory=lambda: Measured("sent after it was due"))

    async def _work(self, due: asyncio.Queue[tuple[int, float] | None]) -> None:
        """One connection: what is due is sent, and its time counts from when it was due."""
        host, _, port = self.server.address.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f" HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {self.server.key}\r\n\r\n"
        while (one := await due.get()) is not None:
            number, at = one
            name, address = self.questions[number % len(self.questions)]
            self.late.ms.append(1000 * (time.perf_counter() - at))
            writer.write(f"GET {address}{head}".encode())
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(answer.partition(b"content-length:")[2].partition(b"\r")[0]))
            self.statuses[answer[9:12].decode()] += 1
            self.taken.setdefault(name, Measured(name)).ms.append(1000 * (time.perf_counter() - at))
        writer.close()

    async def run(self, rate: float, seconds: float) -> list[dict[str, Any]]:
        """Ask for a while; memory and processor time of the server come back, some seconds apart."""
        seen: list[dict[str, Any]] = []
        due: asyncio.Queue[tuple[int, float] | None] = asyncio.Queue()
        workers = [asyncio.create_task(self._work(due)) for _ in range(_CONNECTIONS)]
        start, used, answered = time.perf_counter(), self.server.processor_s(), 0
        for number in range(int(rate * seconds) + 1):
            at = start + number / rate
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            is_last = number == int(rate * seconds)
            if is_last or at - start >= len(seen) * _CHUNK_S:
                spent, done = self.server.processor_s(), self.statuses.total()
                seen.append(
                    {
                        "second": round(time.perf_counter() - start),
                        "memory MB": round(self.server.memory_mb(), 1),
                        "processor ms a request": round(1000 * (spent - used) / max(1, done - answered), 2),
                        "requests open": number - done,
                    }
                )
                used, answered = spent, done
            if not is_last:
                due.put_nowait((number, at))
        for _ in workers:
            due.put_nowait(None)
        await asyncio.gather(*workers)
        return seen


def measure_reads(server: Server, *, rate: float, minutes: float, submissions: int, reviewers: int) -> dict[str, Any]:
    """Read a matched venue at a fixed rate."""
    questions = _questions(server, submissions=submissions, reviewers=reviewers)

    async def work() -> tuple[_Load, list[dict[str, Any]]]:
        await _Load(server, questions).run(20, 5)  # once round, so that everything is loaded
        load = _Load(server, questions)
        return load, await load.run(rate, 60 * minutes)

    load, seen = asyncio.run(work())
    whole = Measured("all", [each for one in load.taken.values() for each in one.ms])
    rows = [each.row() for each in (whole, *(load.taken[name] for name, _ in questions), load.late)]
    show(f"reads: {rate:.0f} requests a second for {minutes:g} minutes, {submissions} × {reviewers}", rows)
    show("the server meanwhile", seen)
    settled = [each["memory MB"] for each in seen[max(1, len(seen) // _STARTS) :]]
    grown = settled[-1] - settled[0]
    print(f"\nanswers: {dict(load.statuses)}; memory {grown:+.1f} MB over the last three quarters")
    return {
        "requests": rows,
        "over_time": seen,
        "statuses": dict(load.statuses),
        "grown_mb": round(grown, 1),
        "p95_ms": rows[0]["p95_ms"],
    }


# --- rank -----------------------------------------------------------------------------------------------------------


def measure_rank(*, reviewers: int, papers: int, questions: int) -> dict[str, Any]:
    """`ranking_requests` in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.ranking_requests", str(reviewers), str(papers), str(questions)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    show(f"rank: {reviewers} reviewers with {papers} papers", found["requests"])
    print(f"\nmemory: {found['memory_mb']} MB, {found['grown_mb']:+} MB over {questions} questions")
    return found


def main(
    minutes: Annotated[float, typer.Option(help="How long to read.")] = 0.5,
    rate: Annotated[float, typer.Option(help="Reads a second.")] = 100.0,
    size: Annotated[int, typer.Option(help="Submissions, and reviewers, of the venue on which jobs are submitted.")] = (
        10_000
    ),
    jobs: Annotated[int, typer.Option(help="Jobs to submit.")] = 100,
    questions: Annotated[int, typer.Option(help="Papers to rank reviewers for.")] = 200,
    pool: Annotated[int, typer.Option(help="Reviewers to rank, with 20 papers each.")] = 10_000,
    database_url: Annotated[str, typer.Option(help="PostgreSQL; else SQLite.")] = "",
    only: Annotated[list[str] | None, typer.Option(help="submit, reads or rank; again for more.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the figures go as JSON.")] = None,
) -> None:
    """Measure the service under load."""
    chosen = only or list(_GOALS)
    found: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, load {os.getloadavg()[0]:.1f} at the start",
        "database": "PostgreSQL" if database_url else "SQLite",
    }
    print(f"{found['machine']}; {found['database']}")
    if "submit" in chosen:
        with started(database_url) as server:
            found["submit"] = measure_submit(server, submissions=size, reviewers=size, jobs=jobs)
    if "reads" in chosen:
        with started(database_url) as server:
            found["reads"] = measure_reads(server, rate=rate, minutes=minutes, submissions=300, reviewers=300)
    if "rank" in chosen:
        found["rank"] = measure_rank(reviewers=pool, papers=20 * pool, questions=questions)
    print()
    for name in _GOALS:
        if name in found:
            told = "met" if found[name]["p95_ms"] <= _GOALS[name] else "missed"
            print(f"{name}: p95 {found[name]['p95_ms']} ms, goal {_GOALS[name]:.0f} ms: {told}")
    if out is not None:
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
