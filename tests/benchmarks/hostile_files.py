"""What each hostile file costs a service: `python -m tests.benchmarks.hostile_files`.

A service in a process of its own gets every file of `tests/hostile.py`. Printed are the status of the answer, seconds
until it, and by how much the process grew at most meanwhile; the last line says how many kept to 4xx, 2 s and 200 MB.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import httpx

from service.client import Client
from service.server import keyring
from tests.hostile import CORPUS, Hostile
from tests.serving import free_port, start_process, wait_until_ready

_SECONDS: Final = 2.0
_MEGABYTES: Final = 200
_KILOBYTES: Final = 1024


def main() -> int:
    """Send every file, print what it cost."""
    with tempfile.TemporaryDirectory() as place:
        data = Path(place)
        port = free_port()
        process = start_process(data, port, runs_jobs="false")
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until_ready(address)
            with keyring(data, None) as keys:
                key = keys.create("benchmark", ["admin"]).secret
            with Client(address, key) as client:
                client.create_venue("hostile", deadline="2027-01-31")
            files = [each for each in CORPUS if each.target != "cv"]
            _send(files[0], address, key, process.pid)  # what is imported once is no file's fault
            kept = sum(_report(each, *_send(each, address, key, process.pid)) for each in files)
        finally:
            process.kill()
            process.wait()
    print(f"{kept} of {len(files)} are answered 4xx in {_SECONDS} s and {_MEGABYTES} MB")
    return 0 if kept == len(files) else 1


def _send(each: Hostile, address: str, key: str, pid: int) -> tuple[int, float, float]:
    """The status, seconds and megabytes of one file."""
    is_table, is_archive = each.target.startswith("table:"), each.target == "archive"
    path = "upload" if is_archive else each.target[len("table:") :] if is_table else f"import/{each.target}"
    query = {"filename": each.file, "reviewer": "Ada Example"} if path.startswith("import/") else {}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": each.kind}
    content = each.make()
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
    before = _kilobytes(pid, "VmRSS")
    start = time.monotonic()
    response = httpx.post(
        f"{address}/v1/venues/hostile/{path}", params=query, headers=headers, content=content, timeout=120
    )
    seconds = time.monotonic() - start
    return response.status_code, seconds, (_kilobytes(pid, "VmHWM") - before) / _KILOBYTES


def _kilobytes(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def _report(each: Hostile, status: int, seconds: float, megabytes: float) -> bool:
    is_kept = 400 <= status < 500 and seconds <= _SECONDS and megabytes <= _MEGABYTES
    print(f"{'kept' if is_kept else 'NOT '}  {status}  {seconds:5.2f} s  {megabytes:6.1f} MB  {each.name}")
    return is_kept


if __name__ == "__main__":
    sys.exit(main())
