"""Running the service: one process, from the command line."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

import uvicorn

from service.app import create_app
from service.auth import Keyring
from service.logs import set_up_logs
from service.settings import Settings
from service.state import Service
from service.storage.database import Database

__all__ = ["Server", "database_of", "keyring", "make_server", "serve"]

_GRACE_S: Final = 6
"""How long requests may take to end when the service does."""
_IDLE_S: Final = 65
"""How long a connection without requests is kept; longer than clients and proxies keep theirs, so that none of them
sends into one that ends at that moment."""
_END_S: Final = 13.0
"""After how long the process ends whatever still runs; jobs are carried on by others or at the next start."""


def serve(settings: Settings, *, tell: Callable[[str], None]) -> int:
    """Serve until the process is told to end.

    Args:
        settings: of this process.
        tell: says a line to whoever started it.

    Returns:
        The exit code.
    """
    set_up_logs(settings.log_format)
    os.environ.setdefault("MATCHER_CACHE", str(settings.data_dir.resolve() / "cache"))
    server = make_server(settings, tell=tell)
    server.run()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    return 0 if server.started else 1


def make_server(settings: Settings, *, tell: Callable[[str], None]) -> Server:
    """A server that does not run yet.

    Args:
        settings: of this process.
        tell: says a line to whoever started it.
    """
    app = create_app(settings)
    return Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            timeout_graceful_shutdown=_GRACE_S,
            timeout_keep_alive=_IDLE_S,
            access_log=False,
            log_config=None,
            server_header=False,
        ),
        app.state.service,
        tell,
    )


class Server(uvicorn.Server):
    """Tells where it listens, lets streams end when it is told to, and ends in time.

    Args:
        config: of uvicorn.
        service: what the routes share.
        tell: says a line to whoever started it.
    """

    def __init__(self, config: uvicorn.Config, service: Service, tell: Callable[[str], None]) -> None:
        super().__init__(config)
        self._service = service
        self._tell = tell

    async def startup(self, sockets: Any = None) -> None:
        """Listen, and say where."""
        await super().startup(sockets=sockets)
        if not self.started:
            return
        port = self.servers[0].sockets[0].getsockname()[1]
        address = f"http://{self._service.settings.host}:{port}"
        self._tell(f"serving {address} (data in {self._service.data_dir})")
        if self._service.settings.is_embedded:
            self._tell(f"log in once, within ten minutes: {address}/login?code={self._service.keys.login_code()}")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End: streams end, requests have some seconds, and then the process is gone."""
        self._service.is_stopping = True
        timer = threading.Timer(_END_S, os._exit, args=(0 if sig == signal.SIGTERM else 1,))
        timer.daemon = True
        timer.start()
        super().handle_exit(sig, frame)


@contextmanager
def database_of(data_dir: Path | None, database_url: str | None) -> Iterator[Database]:
    """The database of a service that may run or not, with current tables.

    Args:
        data_dir: where the service keeps its files; by default as the environment says.
        database_url: likewise.
    """
    settings = Settings.from_environment(data_dir=data_dir, database_url=database_url)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.sqlalchemy_url)
    try:
        database.migrate()
        yield database
    finally:
        database.close()


@contextmanager
def keyring(data_dir: Path | None, database_url: str | None) -> Iterator[Keyring]:
    """The keys of a service that may run or not, for `matcher admin`.

    Args:
        data_dir: where the service keeps its files; by default as the environment says.
        database_url: likewise.
    """
    with database_of(data_dir, database_url) as database:
        yield Keyring(database)
