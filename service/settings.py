"""Every choice of the service, from the environment or from the caller; secrets are never in its text form."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from matcher.errors import ConfigError, did_you_mean

__all__ = ["APPLICATION_VERSION", "Settings"]

APPLICATION_VERSION: Final = "1"
"""Of the durable workflows: raised only when jobs of the old form cannot be carried on by the new code."""

_PREFIX: Final = "MATCHER_SERVICE_"
_MB: Final = 1024 * 1024


def _new_executor_id() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The choices of one process.

    Args:
        data_dir: where files lie; processes that serve together share it.
        database_url: `postgresql://user:password@host/name`; empty: SQLite in `data_dir`.
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        runs_jobs: whether this process also runs jobs, and not only takes them.
        jobs_at_once: jobs that this process runs at the same time.
        body_limit_mb: largest body of a request.
        expanded_limit_mb: largest content of an archive once unpacked.
        row_limit: most rows of one upload.
        requests_per_minute: requests of one key in a minute; 0: any number.
        requests_per_minute_and_address: requests from one address in a minute, with or without a key; 0: any number.
        requests_at_once: requests of one key that are under way at once, streams among them; 0: any number.
        uploads_at_once: requests with files that this process takes at once; 0: any number.
        jobs_waiting: jobs of one venue that may wait or run; 0: any number.
        metrics_port: a port on which metrics are given without a key; 0: only `/metrics`, with an admin's key.
        metrics_host: the address of that port.
        log_format: `text` or `json`.
        allow_private_webhooks: whether webhooks may go to private addresses and over plain HTTP; for tests and closed
            networks.
        executor_id: names this process among those that run jobs.
        heartbeat_s: how often a process says that it lives.
        dead_after_s: after how long without a sign its jobs are taken over.
        cached_runs: runs and reviewer indexes kept in memory.
        oidc_issuer: the provider of a login by OpenID Connect, as `https://login.example.org`; empty: there is none.
        oidc_client_id: how the provider knows this service.
        oidc_client_secret: its password there; empty for a public client.
        oidc_public_url: where people reach this service; the provider must allow `/login/oidc/callback` under it.
        oidc_rules: a TOML file that says who gets which roles.
    """

    data_dir: Path = Path("matcher-data")
    database_url: str = field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = 8000
    runs_jobs: bool = True
    jobs_at_once: int = 1
    body_limit_mb: int = 512
    expanded_limit_mb: int = 2048
    row_limit: int = 2_000_000
    requests_per_minute: int = 1200
    requests_per_minute_and_address: int = 2400
    requests_at_once: int = 32
    uploads_at_once: int = 4
    jobs_waiting: int = 50
    metrics_port: int = 0
    metrics_host: str = "127.0.0.1"
    log_format: str = "text"
    allow_private_webhooks: bool = False
    executor_id: str = field(default_factory=_new_executor_id)
    heartbeat_s: float = 3.0
    dead_after_s: float = 12.0
    cached_runs: int = 4
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_public_url: str = ""
    oidc_rules: str = ""

    def __post_init__(self) -> None:
        if self.database_url and urlsplit(self.database_url).scheme not in ("postgresql", "postgres", "sqlite"):
            raise ConfigError("allowed is a URL that starts with postgresql:// or sqlite://", key="database_url")
        for name in ("jobs_at_once", "body_limit_mb", "expanded_limit_mb", "row_limit", "cached_runs"):
            if getattr(self, name) < 1:
                raise ConfigError(f"allowed is a number from 1; got {getattr(self, name)}", key=name)
        for name in (
            "requests_per_minute",
            "requests_per_minute_and_address",
            "requests_at_once",
            "uploads_at_once",
            "jobs_waiting",
        ):
            if getattr(self, name) < 0:
                raise ConfigError(f"allowed is a number from 0; got {getattr(self, name)}", key=name)
        if self.log_format not in ("text", "json"):
            raise ConfigError(f"allowed are text and json; got '{self.log_format}'", key="log_format")
        if not 0 < self.heartbeat_s < self.dead_after_s:
            raise ConfigError("allowed is more than 0 and less than dead_after_s", key="heartbeat_s")

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a file of our own."""
        return not self.database_url.startswith("postgres")

    @property
    def sqlalchemy_url(self) -> str:
        """The URL of the database with the driver that we use."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir.resolve() / 'matcher.sqlite'}"
        scheme, colon, rest = self.database_url.partition(":")
        return f"postgresql+psycopg{colon}{rest}" if scheme in ("postgresql", "postgres") else self.database_url

    @property
    def workflow_url(self) -> str:
        """The URL of the database in which durable workflows are kept."""
        if self.is_embedded:
            return f"sqlite:///{self.data_dir.resolve() / 'workflows.sqlite'}"
        scheme, colon, rest = self.database_url.partition(":")
        return f"postgresql{colon}{rest}" if scheme == "postgres" else self.database_url

    @property
    def body_limit(self) -> int:
        """Largest body, in bytes."""
        return self.body_limit_mb * _MB

    @property
    def expanded_limit(self) -> int:
        """Largest content of an archive, in bytes."""
        return self.expanded_limit_mb * _MB

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **given: Any) -> Self:
        """Read `MATCHER_SERVICE_DATA_DIR`, `MATCHER_SERVICE_PORT`, …; what the caller gives comes first.

        Args:
            environment: by default that of the process.
            **given: values by field; `None` is not given.

        Raises:
            ConfigError: a variable is unknown, or its value is not allowed.
        """
        known = {each.name: each for each in fields(cls)}
        values: dict[str, Any] = {}
        for key, text in sorted((os.environ if environment is None else environment).items()):
            if not key.startswith(_PREFIX):
                continue
            name = key.removeprefix(_PREFIX).lower()
            if name not in known:
                raise ConfigError(f"there is no such setting{did_you_mean(name, known)}", key=key)
            values[name] = _parsed(key, text, str(known[name].type))
        return replace(cls(**values), **{name: value for name, value in given.items() if value is not None})


def _parsed(key: str, text: str, kind: str) -> Any:
    if kind == "bool":
        if text.lower() not in ("true", "false", "1", "0"):
            raise ConfigError(f"allowed is true or false; got '{text}'", key=key)
        return text.lower() in ("true", "1")
    if kind in ("int", "float"):
        try:
            return int(text) if kind == "int" else float(text)
        except ValueError:
            raise ConfigError(f"allowed is a number; got '{text}'", key=key) from None
    return Path(text) if kind == "Path" else text
