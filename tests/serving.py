"""A running service for tests: the real server on a real port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from matcher.ingest.formats import rows_of
from service.client import Client
from service.server import make_server
from service.settings import Settings
from service.state import Service
from tests.forking import Forked

ROOT = Path(__file__).parents[1]
TFIDF = {"encoder": "tfidf"}


@dataclass
class Served:
    """A server and an admin's client.

    Args:
        address: where it listens.
        admin: a client that may do everything.
        service: what its routes share.
    """

    address: str
    admin: Client
    service: Service

    def client(self, *roles: str, venue_id: str | None = None, person_id: str | None = None) -> Client:
        """A client with a key of its own."""
        made = self.service.keys.create("test", roles, venue_id=venue_id, person_id=person_id)
        return Client(self.address, made.secret)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(data_dir: Path, **settings: Any) -> Iterator[Served]:
    """A server in a thread of this process. DBOS knows one at a time."""
    port = free_port()
    told: list[str] = []
    without_limits = {"requests_per_minute": 0, "requests_per_minute_and_address": 0}
    chosen = Settings(data_dir=data_dir, port=port, heartbeat_s=0.5, dead_after_s=2.0, **(without_limits | settings))
    server = make_server(chosen, tell=told.append)
    service: Service = server.config.app.state.service  # type: ignore[union-attr]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{port}"
    wait_until_ready(address)
    key = service.keys.create("admin", ["admin"]).secret
    with Client(address, key) as admin:
        yield Served(address, admin, service)
    server.should_exit = True
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert told[0].startswith(f"serving {address}")
    assert "/login?code=" in told[1]


def wait_until_ready(
    address: str,
    *,
    process: subprocess.Popen[bytes] | Forked | None = None,
    log: Path | None = None,
    timeout_s: float = 60,
) -> None:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end and (process is None or process.poll() is None):
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    told = log.read_text(encoding="utf-8")[-4000:] if log is not None else ""
    raise TimeoutError(f"{address}: {'not ready' if process is None else process.poll()}\n{told}")


def start_process(data_dir: Path, port: int, *, log: Path | None = None, **environment: str) -> subprocess.Popen[bytes]:
    """`matcher serve` as a process of its own."""
    command = [sys.executable, "-m", "matcher", "serve", "--port", str(port), "--data-dir", str(data_dir)]
    names = {f"MATCHER_SERVICE_{name.upper()}": value for name, value in environment.items()}
    quick = {
        "MATCHER_SERVICE_HEARTBEAT_S": "0.5",
        "MATCHER_SERVICE_DEAD_AFTER_S": "2",
        "MATCHER_SERVICE_REQUESTS_PER_MINUTE": "0",
        "MATCHER_SERVICE_REQUESTS_PER_MINUTE_AND_ADDRESS": "0",
    }
    with (log or Path(os.devnull)).open("ab") as stream:
        return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **quick, **names}, stdout=stream, stderr=stream)


def upload_world(client: Client, venue_id: str, venue: Any, **facts: Any) -> None:
    """Make a venue and hand over its tables one by one, as JSON Lines."""
    import json

    client.create_venue(venue_id, **{"deadline": "2025-01-15", **facts})
    for table, rows in sorted(
        rows_of(venue).items(), key=lambda entry: entry[0] not in ("publications", "submissions")
    ):
        client.upload(venue_id, table, "".join(json.dumps(row) + "\n" for row in rows).encode())
