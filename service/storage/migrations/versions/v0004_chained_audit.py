"""The audit log is chained and only added to; and from whom which submissions are hidden is kept."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

from service.audit import content_of, hash_of

revision = "0004_chained_audit"
down_revision = "0003_drafts"
branch_labels = None
depends_on = None

_FIXED = ("number", "at", "key_id", "venue_id", "action", "status", "request_id", "content", "hash")
_REFUSAL = "the audit log is only added to"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "sealed",
        sa.Column("venue_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=512), nullable=False),
        sa.Column("submission_id", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(["venue_id"], ["venues.id"], name=op.f("fk_sealed_venue_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("venue_id", "person_id", "submission_id", name=op.f("pk_sealed")),
    )
    op.add_column("audit", sa.Column("salt", sa.String(length=64), nullable=True))
    for name in ("content", "hash"):
        op.add_column("audit", sa.Column(name, sa.String(length=64), nullable=False, server_default=""))
    _chain_what_is_there()
    for statement in _TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Take it back."""
    if op.get_bind().dialect.name == "sqlite":
        names = ("audit_update", "audit_delete")
        statements = [f"DROP TRIGGER {name}" for name in names]
    else:
        names = ("audit_change", "audit_truncate")
        statements = [*(f"DROP TRIGGER {name} ON audit" for name in names), "DROP FUNCTION audit_is_kept"]
    for statement in statements:
        op.execute(statement)
    with op.batch_alter_table("audit", schema=None) as batch_op:
        for name in ("hash", "content", "salt"):
            batch_op.drop_column(name)
    op.drop_table("sealed")


def _chain_what_is_there() -> None:
    """Numbers without a gap, and a hash for every entry; what was changed before this day cannot be known."""
    connection = op.get_bind()
    audit = sa.Table("audit", sa.MetaData(), autoload_with=connection)
    before = ""
    for number, row in enumerate(list(connection.execute(sa.select(audit).order_by(audit.c.number)).mappings()), 1):
        salt = secrets.token_hex(16)
        details = row["details"]
        entry = {**row, "number": number, "salt": salt, "content": content_of(salt, row["target"], details)}
        before = hash_of(before, entry)
        values = {"number": number, "salt": salt, "content": entry["content"], "hash": before}
        connection.execute(audit.update().where(audit.c.number == row["number"]).values(**values))


_CHANGES = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _FIXED)
_SQLITE_CHANGES = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _FIXED)

_SQLITE_UPDATE = f"""
CREATE TRIGGER audit_update BEFORE UPDATE ON audit WHEN NEW.salt IS NOT NULL OR {_SQLITE_CHANGES}
BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END
"""
_SQLITE_DELETE = f"""
CREATE TRIGGER audit_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END
"""
_FUNCTION = f"""
CREATE FUNCTION audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.salt IS NULL AND NOT ({_CHANGES}) THEN RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION '{_REFUSAL}';
END $$
"""
_CHANGE = "CREATE TRIGGER audit_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_kept()"
_TRUNCATE = "CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_kept()"

_TRIGGERS = {"sqlite": (_SQLITE_UPDATE, _SQLITE_DELETE), "postgresql": (_FUNCTION, _CHANGE, _TRUNCATE)}
