"""The database: one engine, its migrations, and transactions."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

__all__ = ["EVERYWHERE", "Database", "everywhere", "now", "scope_of", "time_text", "venue_scope"]

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_PATIENCE_S: Final = 30
_MIGRATION_LOCK: Final = 0x4D617463
"""Held on PostgreSQL while tables are made, so that processes that start together do not meet."""
EVERYWHERE: Final = "*"
_SCOPE: Final[ContextVar[str]] = ContextVar("matcher_venue", default=EVERYWHERE)
_SET_SCOPE: Final = "SELECT set_config('matcher.venue', %s, true)"


@contextmanager
def venue_scope(venue_id: str) -> Iterator[None]:
    """Let PostgreSQL show and change nothing but the rows of one venue; `EVERYWHERE`: those of all.

    A request about a venue is answered within its scope; jobs, deliveries and administration work everywhere. A
    connection that was not opened by us has no scope and sees nothing. SQLite has no such thing.
    """
    token = _SCOPE.set(venue_id)
    try:
        yield
    finally:
        _SCOPE.reset(token)


def scope_of() -> str:
    """The venue whose scope holds here, or `EVERYWHERE`."""
    return _SCOPE.get()


@contextmanager
def everywhere(connection: sa.Connection) -> Iterator[None]:
    """Leave the scope for some statements of a transaction: what they ask is about all venues, and says so."""
    is_scoped = connection.dialect.name == "postgresql" and scope_of() != EVERYWHERE
    if is_scoped:
        connection.exec_driver_sql(_SET_SCOPE, (EVERYWHERE,))
    with venue_scope(EVERYWHERE):
        yield
    if is_scoped:
        connection.exec_driver_sql(_SET_SCOPE, (scope_of(),))


class Database:
    """An engine on SQLite or PostgreSQL.

    Args:
        url: as SQLAlchemy takes it, with a driver.
    """

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        arguments: dict[str, Any] = {"timeout": _PATIENCE_S} if self.is_sqlite else {}
        self.engine = sa.create_engine(
            url, connect_args=arguments, pool_pre_ping=not self.is_sqlite, pool_size=10, max_overflow=30
        )
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)
        else:
            sa.event.listen(self.engine, "begin", _begin_postgres)

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that may write; all of it happens or nothing."""
        with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state and writes nothing."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def migrate(self) -> None:
        """Bring the tables to the form that this code knows."""
        with self.write() as connection:
            if not self.is_sqlite:
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
            command.upgrade(self._alembic(connection), "head")

    def is_current(self) -> bool:
        """Whether the database answers and its tables have the form that this code knows."""
        with self.read() as connection:
            config = self._alembic(connection)
            head = ScriptDirectory.from_config(config).get_current_head()
            return bool(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == head)

    def forget_deleted(self) -> None:
        """Let nothing be read from the files of SQLite that was deleted; PostgreSQL clears up by itself (`VACUUM`)."""
        if self.is_sqlite:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")  # a checkpoint waits for the end of what reads
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    def _alembic(self, connection: sa.Connection) -> Config:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        return config


def now() -> float:
    """Seconds since 1970."""
    return time.time()


def time_text(at: float) -> str:
    """Seconds since 1970 as every answer, event and message tells them: ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat()


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # transactions are ours to begin, see `_begin_sqlite`
    choices = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON")
    for pragma in (*choices, f"busy_timeout={_PATIENCE_S * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_postgres(connection: sa.Connection) -> None:
    """A transaction sees the rows of the venue in whose scope it begins."""
    connection.exec_driver_sql(_SET_SCOPE, (scope_of(),))


def _begin_sqlite(connection: sa.Connection) -> None:
    """A writer takes its place at once: SQLite cannot let a reader become a writer after somebody else has written."""
    is_writer = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")
