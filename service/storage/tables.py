"""The tables. Times are seconds since 1970 (UTC); ids are random and tell nothing."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

__all__ = [
    "METADATA",
    "NEVER",
    "audit",
    "deliveries",
    "drafts",
    "events",
    "executors",
    "jobs",
    "keys",
    "login_codes",
    "rows",
    "runs",
    "sealed",
    "sessions",
    "venues",
    "versions",
    "webhooks",
]

METADATA: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NEVER: Final = 2**62
"""The version at which a row ends that is still there."""

_ID: Final = sa.String(64)
_NAME: Final = sa.String(512)


def _venue_column(*, index: bool = False) -> sa.Column[str]:
    return sa.Column("venue_id", _ID, sa.ForeignKey("venues.id", ondelete="CASCADE"), nullable=False, index=index)


venues: Final = sa.Table(
    "venues",
    METADATA,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("config", sa.JSON, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("current_run_id", _ID),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("changed_at", sa.Float, nullable=False),
    sa.Column("oldest_version", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("keep_days", sa.Float),
    sa.Column("keep_versions", sa.Integer),
)

versions: Final = sa.Table(
    "versions",
    METADATA,
    _venue_column(),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("made_at", sa.Float, nullable=False),
    sa.PrimaryKeyConstraint("venue_id", "version"),
)
"""When each version of a venue was made; those made before there was this table have no entry."""

rows: Final = sa.Table(
    "rows",
    METADATA,
    _venue_column(),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("key", _NAME, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
    sa.Column("submission_id", _NAME, nullable=False, server_default=""),
    sa.Column("reviewer_id", _NAME, nullable=False, server_default=""),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.PrimaryKeyConstraint("venue_id", "kind", "key", "since"),
    sa.Index("ix_rows_until", "venue_id", "kind", "until", "key"),
    sa.Index("ix_rows_submission", "venue_id", "kind", "submission_id"),
    sa.Index("ix_rows_reviewer", "venue_id", "kind", "reviewer_id"),
)
"""One version of one record of a venue: it holds from `since` until just before `until`."""

jobs: Final = sa.Table(
    "jobs",
    METADATA,
    sa.Column("id", _ID, primary_key=True),
    _venue_column(index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("stage", sa.String(16), nullable=False, server_default=""),
    sa.Column("done", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("total", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("stage_started_at", sa.Float),
    sa.Column("heartbeat_at", sa.Float),
    sa.Column("executor_id", sa.String(128)),
    sa.Column("lease", sa.Integer, nullable=False, server_default="0"),
    sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("config", sa.JSON, nullable=False),
    sa.Column("venue_version", sa.BigInteger, nullable=False),
    sa.Column("content_hash", sa.String(64), nullable=False),
    sa.Column("request_hash", sa.String(64), nullable=False),
    sa.Column("key_id", _ID, nullable=False),
    sa.Column("idempotency_key", sa.String(255)),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("started_at", sa.Float),
    sa.Column("finished_at", sa.Float),
    sa.Column("error", sa.JSON),
    sa.Column("run_id", _ID),
    sa.UniqueConstraint("venue_id", "key_id", "idempotency_key"),
)

events: Final = sa.Table(
    "events",
    METADATA,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("job_id", _ID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
)

executors: Final = sa.Table(
    "executors",
    METADATA,
    sa.Column("id", sa.String(128), primary_key=True),
    sa.Column("seen_at", sa.Float, nullable=False),
)

runs: Final = sa.Table(
    "runs",
    METADATA,
    sa.Column("id", _ID, primary_key=True),
    _venue_column(index=True),
    sa.Column("job_id", _ID, unique=True),
    sa.Column("parent_run_id", _ID),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("manifest", sa.JSON, nullable=False),
    sa.Column("venue_version", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.UniqueConstraint("venue_id", "number"),
)

drafts: Final = sa.Table(
    "drafts",
    METADATA,
    sa.Column("id", _ID, primary_key=True),
    _venue_column(index=True),
    sa.Column("run_id", _ID, sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("key_id", _ID, nullable=False),
    sa.Column("steps", sa.JSON, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("changed_at", sa.Float, nullable=False),
)
"""Edits of a run by hand that are not saved yet: the first `done` steps hold, those after them were undone."""

keys: Final = sa.Table(
    "keys",
    METADATA,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("name", _NAME, nullable=False),
    sa.Column("venue_id", _ID),
    sa.Column("roles", sa.JSON, nullable=False),
    sa.Column("person_id", _NAME),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False),
    sa.Column("revoked_at", sa.Float),
)

login_codes: Final = sa.Table(
    "login_codes",
    METADATA,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("expires_at", sa.Float, nullable=False),
)

sessions: Final = sa.Table(
    "sessions",
    METADATA,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("key_id", _ID, nullable=False, index=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("seen_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False, index=True),
)
"""Who is logged in to the console; the secret in the cookie is kept as its hash."""

audit: Final = sa.Table(
    "audit",
    METADATA,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("key_id", _ID, nullable=False),
    sa.Column("venue_id", _ID, index=True),
    sa.Column("action", sa.String(128), nullable=False),
    sa.Column("target", sa.String(1024), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("request_id", _ID, nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Column("salt", sa.String(64)),
    sa.Column("content", sa.String(64), nullable=False, server_default=""),
    sa.Column("hash", sa.String(64), nullable=False, server_default=""),
)

sealed: Final = sa.Table(
    "sealed",
    METADATA,
    _venue_column(),
    sa.Column("person_id", _NAME, nullable=False),
    sa.Column("submission_id", _NAME, nullable=False),
    sa.PrimaryKeyConstraint("venue_id", "person_id", "submission_id"),
)

webhooks: Final = sa.Table(
    "webhooks",
    METADATA,
    sa.Column("id", _ID, primary_key=True),
    _venue_column(index=True),
    sa.Column("url", sa.String(2048), nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
)

deliveries: Final = sa.Table(
    "deliveries",
    METADATA,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("webhook_id", _ID, sa.ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("event", sa.String(64), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_at", sa.Float, nullable=False, index=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("last_status", sa.String(64), nullable=False),
)
