"""What the routes of one application share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from service.auth import Keyring
from service.jobs import Runner
from service.limits import Limits
from service.metrics import Metrics
from service.ranking import Pools
from service.results import Results
from service.sessions import Sessions
from service.settings import Settings
from service.sight import Sights
from service.storage.database import Database
from service.webhooks import Postman

__all__ = ["Service"]


@dataclass(eq=False)
class Service:
    """One process's view of the service.

    Args:
        settings: its choices.
    """

    settings: Settings
    database: Database = field(init=False)
    keys: Keyring = field(init=False)
    sessions: Sessions = field(init=False)
    results: Results = field(init=False)
    pools: Pools = field(init=False)
    sights: Sights = field(init=False)
    runner: Runner = field(init=False)
    postman: Postman = field(init=False)
    limits: Limits = field(init=False)
    metrics: Metrics = field(init=False)
    is_started: bool = field(init=False, default=False)
    is_stopping: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.database = Database(self.settings.sqlalchemy_url)
        self.keys = Keyring(self.database)
        self.sessions = Sessions(self.database, self.keys)
        self.results = Results(self.settings.data_dir, self.settings.cached_runs)
        self.pools = Pools(self.database, self.settings.data_dir, self.settings.cached_runs)
        self.sights = Sights(self.database, self.settings.data_dir, 64 * self.settings.cached_runs)
        self.runner = Runner(self.database, self.settings)
        self.postman = Postman(self.database, self.settings)
        self.limits = Limits(self.settings)
        self.metrics = Metrics(self.database, self.settings.dead_after_s)

    @property
    def data_dir(self) -> Path:
        """Where files lie."""
        return self.settings.data_dir

    def start(self) -> None:
        """Make folders and tables, and begin to run jobs."""
        for name in ("runs", "venues", "work", "uploads"):
            (self.data_dir / name).mkdir(parents=True, exist_ok=True)
        self.database.migrate()
        self.runner.start()
        self.postman.start()
        if self.settings.metrics_port:
            self.metrics.serve(self.settings.metrics_host, self.settings.metrics_port)
        self.is_started = True

    def stop(self) -> None:
        """Give everything back."""
        self.is_stopping = True
        self.metrics.stop()
        self.postman.stop()
        self.runner.stop()
        self.database.close()
