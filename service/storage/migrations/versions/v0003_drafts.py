"""Edits by hand: drafts, and runs that no job made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_drafts"
down_revision = "0002_sessions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.alter_column("job_id", existing_type=sa.String(length=64), nullable=True)
        batch_op.add_column(sa.Column("parent_run_id", sa.String(length=64), nullable=True))
    op.create_table(
        "drafts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("venue_id", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_drafts_run_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["venue_id"], ["venues.id"], name=op.f("fk_drafts_venue_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
    )
    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drafts_run_id"), ["run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_drafts_venue_id"), ["venue_id"], unique=False)


def downgrade() -> None:
    """Take it back."""
    op.drop_table("drafts")
    op.execute("DELETE FROM runs WHERE job_id IS NULL")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_column("parent_run_id")
        batch_op.alter_column("job_id", existing_type=sa.String(length=64), nullable=False)
