"""When each version of a venue was made, and for how long versions are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_retention"
down_revision = "0005_row_security"
branch_labels = None
depends_on = None

_SCOPE = "current_setting('matcher.venue', true)"


def upgrade() -> None:
    """Take the step; of the versions that are there only the newest has a known time."""
    op.create_table(
        "versions",
        sa.Column("venue_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["venue_id"], ["venues.id"], name=op.f("fk_versions_venue_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("venue_id", "version", name=op.f("pk_versions")),
    )
    op.execute("INSERT INTO versions (venue_id, version, made_at) SELECT id, version, changed_at FROM venues")
    op.add_column("venues", sa.Column("oldest_version", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("venues", sa.Column("keep_days", sa.Float(), nullable=True))
    op.add_column("venues", sa.Column("keep_versions", sa.Integer(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        mine = f"{_SCOPE} = '*' OR venue_id = {_SCOPE}"
        op.execute("ALTER TABLE versions ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE versions FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_one_venue ON versions USING ({mine}) WITH CHECK ({mine})")


def downgrade() -> None:
    """Take it back."""
    for column in ("keep_versions", "keep_days", "oldest_version"):
        op.drop_column("venues", column)
    op.drop_table("versions")
