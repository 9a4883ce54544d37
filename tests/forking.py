"""Servers that start in a moment: a process imports what they need once, and every server is a fork of it.

What is killed is the real server with its real child processes; only the seconds that Python takes to import are gone,
so that two hundred kills take minutes. `python -m tests.forking` is that process: it reads orders and answers pids.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

__all__ = ["Forked", "Launcher"]


class Forked:
    """A server that was forked, with what is needed of `subprocess.Popen`.

    Args:
        pid: of the server.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """`None` while it runs; then 0: how it ended is not known."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def kill(self) -> None:
        """End it at once, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> None:
        """Until it is gone."""
        while self.poll() is None:
            time.sleep(0.002)


class Launcher:
    """Forks servers; ends with its block."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.forking"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, log: Path, **settings: Any) -> Forked:
        """A server; what it says goes to `log`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"log": str(log), "settings": settings}) + "\n")
        self._process.stdin.flush()
        return Forked(int(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process that forks; its servers run on."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def main() -> None:
    """Fork a server for every line that comes in."""
    import psycopg  # noqa: F401  # every import that is left out here is made two hundred times

    from service.server import serve
    from service.settings import Settings

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # servers that end leave nothing behind
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            for stream, target in ((os.open(os.devnull, os.O_RDONLY), 0), (log, 1), (log, 2)):
                os.dup2(stream, target)
            given = order["settings"]
            code = serve(Settings(**{**given, "data_dir": Path(given["data_dir"])}), tell=print)
            os._exit(code)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
