"""A backup of SQLite restored into PostgreSQL, and back: the same rows, and numbers that go on."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from service.backup import back_up, restore
from service.invariants import check_invariants
from service.settings import Settings
from service.storage.database import Database
from service.storage.rows import Writer
from service.storage.tables import audit, keys, venues
from tests.test_service_processes import postgres  # noqa: F401  # a fixture

AT = 1_700_000_000.123456


def filled(folder: Path) -> Database:
    folder.mkdir()
    database = Database(Settings(data_dir=folder).sqlalchemy_url)
    database.migrate()
    facts = {"name": "Café ∑", "deadline": "2027-01-31"}
    with database.write() as connection:
        row = {"id": "v", "kind": "venue", "facts": facts, "config": {}, "version": 0}
        connection.execute(venues.insert().values(**row, created_at=AT, changed_at=AT))
        writer = Writer(connection, "v")
        writer.put("facts", [facts])
        writer.put("publications", [{"id": f"p{n}", "title": f"Title {n} 漢字"} for n in range(1200)])
        writer.close()
        entry = {"at": AT, "key_id": "k", "venue_id": "v", "action": "a", "target": "t", "status": 200}
        connection.execute(audit.insert(), [{**entry, "request_id": str(n), "details": {"n": n}} for n in range(3)])
        key = {"id": "k", "hash": "h", "name": "n", "venue_id": None, "roles": ["admin"], "person_id": None}
        connection.execute(keys.insert().values(**key, created_at=AT, expires_at=AT, revoked_at=None))
    return database


def test_sqlite_to_postgres_and_back(tmp_path: Path, postgres: str) -> None:  # noqa: F811
    first = filled(tmp_path / "first")
    back_up(first, tmp_path / "first", tmp_path / "one")
    first.close()
    second = Database(Settings(database_url=postgres).sqlalchemy_url)
    second.migrate()
    restore(second, tmp_path / "second", tmp_path / "one")
    assert check_invariants(second, tmp_path / "second") == []
    back_up(second, tmp_path / "second", tmp_path / "two")
    with second.write() as connection:
        entry = {"at": AT, "key_id": "k", "action": "a", "target": "t", "status": 200, "request_id": "r", "details": {}}
        connection.execute(audit.insert().values(**entry))
        assert connection.execute(sa.select(sa.func.max(audit.c.number))).scalar() == 4
    second.close()
    third = Database(Settings(data_dir=tmp_path).sqlalchemy_url)
    third.migrate()
    restore(third, tmp_path, tmp_path / "two")
    back_up(third, tmp_path, tmp_path / "three")
    third.close()
    for other in ("two", "three"):
        for path in sorted((tmp_path / "one" / "tables").iterdir()):
            assert (tmp_path / other / "tables" / path.name).read_bytes() == path.read_bytes(), path.name
