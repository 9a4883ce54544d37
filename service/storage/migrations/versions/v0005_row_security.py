"""PostgreSQL shows the rows of one venue to whoever works for one, whatever a query forgets to say."""

from __future__ import annotations

from alembic import op

revision = "0005_row_security"
down_revision = "0004_chained_audit"
branch_labels = None
depends_on = None

_SCOPE = "current_setting('matcher.venue', true)"
_OF_VENUES = {
    "venues": "id = {scope}",
    **dict.fromkeys(("rows", "jobs", "runs", "webhooks", "keys", "audit", "sealed", "drafts"), "venue_id = {scope}"),
    "events": "EXISTS (SELECT 1 FROM jobs WHERE jobs.id = job_id AND jobs.venue_id = {scope})",
    "deliveries": "EXISTS (SELECT 1 FROM webhooks WHERE webhooks.id = webhook_id AND webhooks.venue_id = {scope})",
}
"""Tables, and what must be true of a row of the venue in whose scope a transaction is."""


def upgrade() -> None:
    """Take the step: also for the owner of the tables, who is as a rule who serves. SQLite has no such thing."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, condition in _OF_VENUES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        mine = f"{_SCOPE} = '*' OR {condition.format(scope=_SCOPE)}"
        op.execute(f"CREATE POLICY of_one_venue ON {table} USING ({mine}) WITH CHECK ({mine})")


def downgrade() -> None:
    """Take it back."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _OF_VENUES:
        op.execute(f"DROP POLICY of_one_venue ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
