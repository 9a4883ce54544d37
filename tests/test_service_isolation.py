"""PostgreSQL keeps venues apart whatever a query forgets; and the audit log takes nothing back, on either database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from service.audit import CLEARED, append, check_entries, clear, clear_venue, ranges_of, verify
from service.storage.database import Database, everywhere, now, venue_scope
from service.storage.rows import Writer
from service.storage.tables import audit, events, jobs, keys, rows, runs, venues
from tests.databases import postgres_server


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The URL of a database that a role owns which is no superuser, as services should have it."""
    with postgres_server() as address:
        url = sa.make_url(address).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text("CREATE ROLE plain LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD 'plain'"))
            connection.execute(sa.text("CREATE DATABASE kept OWNER plain"))
        engine.dispose()
        mine = url.set(username="plain", password="plain", database="kept")
        yield mine.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    is_sqlite = request.param == "sqlite"
    made = Database(f"sqlite:///{tmp_path / 'a.sqlite'}" if is_sqlite else request.getfixturevalue("postgres"))
    made.migrate()
    yield made
    with made.write() as connection:
        command.downgrade(made._alembic(connection), "base")
    made.close()


def fill(database: Database, venue_id: str) -> None:
    """One row in every table of a venue."""
    values = {"id": venue_id, "kind": "venue", "facts": {}, "config": {}, "version": 0}
    of_job = {"venue_version": 1, "content_hash": "", "request_hash": "", "key_id": "k", "created_at": 0.0}
    of_run = {"kind": "match", "number": 1, "digest": "d", "manifest": {}, "venue_version": 1, "created_at": 0.0}
    ends: dict[str, Any] = {"created_at": 0.0, "expires_at": 1.0}
    with database.write() as connection:
        connection.execute(venues.insert().values(**values, created_at=0.0, changed_at=0.0))
        writer = Writer(connection, venue_id)
        writer.put("bids", [{"submission_id": "s", "reviewer_id": f"{venue_id}-r", "bid": "yes"}])
        writer.close()
        job = {"id": f"{venue_id}-job", "venue_id": venue_id, "kind": "match", "state": "succeeded", "config": {}}
        connection.execute(jobs.insert().values(**job, **of_job))
        connection.execute(events.insert().values(job_id=job["id"], at=0.0, kind="state", data={}))
        connection.execute(runs.insert().values(id=f"{venue_id}-run", venue_id=venue_id, job_id=job["id"], **of_run))
        connection.execute(keys.insert().values(id=venue_id, hash="", name="", venue_id=venue_id, roles=[], **ends))
        note(connection, venue_id, f"/v1/venues/{venue_id}")


def note(connection: sa.Connection, venue_id: str | None, target: str, **details: Any) -> None:
    values = {"key_id": "k", "action": "POST /v1/venues/{venue_id}", "status": 200, "request_id": "r"}
    append(connection, venue_id=venue_id, target=target, details=details, **values)  # type: ignore[arg-type]


_OF_VENUES = (venues, rows, jobs, events, runs, keys, audit)


def test_a_query_that_forgets_the_venue_shows_nothing_of_another(postgres: str) -> None:
    database = Database(postgres)
    database.migrate()
    for venue_id in ("ours", "theirs"):
        fill(database, venue_id)
    for table in _OF_VENUES:
        with database.read() as connection:
            assert len(connection.execute(sa.select(table)).all()) == 2, table.name
        for venue_id in ("ours", "theirs"):
            with venue_scope(venue_id), database.read() as connection:
                shown = connection.execute(sa.select(table)).mappings().all()
                assert len(shown) == 1, table.name
                assert venue_id in str(dict(shown[0]))
        with venue_scope("absent"), database.read() as connection:
            assert connection.execute(sa.select(table)).all() == []
    with venue_scope("ours"), database.write() as connection:
        assert connection.execute(rows.update().values(until=3)).rowcount == 1
        assert connection.execute(runs.delete()).rowcount == 1
        with everywhere(connection):
            assert connection.execute(sa.select(sa.func.count()).select_from(rows)).scalar() == 2
        assert connection.execute(sa.select(sa.func.count()).select_from(rows)).scalar() == 1
    with (
        venue_scope("ours"),
        pytest.raises(sa.exc.ProgrammingError, match="row-level security"),
        database.write() as connection,
    ):
        connection.execute(
            keys.insert().values(id="x", hash="", name="", venue_id="theirs", roles=[], created_at=0.0, expires_at=1.0)
        )
    database.close()
    stranger = sa.create_engine(postgres)  # who does not come through us has no scope, and so sees nothing
    with stranger.connect() as connection:
        assert connection.execute(sa.select(rows)).all() == []
    stranger.dispose()


def test_the_log_is_only_added_to(database: Database) -> None:
    fill(database, "venue")
    for statement in (
        audit.update().values(status=500),
        audit.update().values(target="/v1/other"),
        audit.update().values(salt=None, hash="0" * 64),
        audit.delete(),
    ):
        with pytest.raises(sa.exc.DatabaseError, match="only added to"), database.write() as connection:
            connection.execute(statement)
    with database.read() as connection:
        assert verify(connection).faults == ()


def test_an_erased_entry_keeps_its_place_in_the_chain(database: Database) -> None:
    fill(database, "venue")
    with database.write() as connection:
        note(connection, "venue", "/v1/venues/venue/people/jane", reason="Jane")
        note(connection, None, "/v1/keys")
        clear(connection, "venue", 2, "/v1/venues/venue/people/{item_id}", {})
        assert verify(connection).faults == ("entry 2: what it named was removed, and no later erasure tells of it",)
        note(connection, "venue", "/v1/venues/venue/erasures", **{CLEARED: ranges_of([2])})
        found = verify(connection)
        assert (found.entries, found.faults) == (4, ())
        assert "jane" not in str(connection.execute(sa.select(audit)).all()).casefold()
        note(connection, "venue", "/v1/venues/venue", **{CLEARED: clear_venue(connection, "venue")})
        assert verify(connection).faults == ()
        assert verify(connection, expected=[found.head]).faults == ()


def test_whatever_is_changed_is_found_and_named(tmp_path: Path) -> None:
    """The triggers are taken away first: whoever owns the database can do that."""
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    database.migrate()
    with database.write() as connection:
        for number in range(1, 8):
            note(connection, "venue", f"/v1/venues/venue/{number}", what=number)
        whole = [dict(each) for each in connection.execute(sa.select(audit).order_by(audit.c.number)).mappings()]
        head = verify(connection).head
        for name in ("audit_update", "audit_delete"):
            connection.execute(sa.text(f"DROP TRIGGER {name}"))
        connection.execute(audit.update().where(audit.c.number == 3).values(status=500))
        connection.execute(audit.update().where(audit.c.number == 5).values(details={"what": 6}))
        connection.execute(audit.delete().where(audit.c.number == 6))
        faults = verify(connection, expected=[head]).faults
    database.close()
    assert faults == (
        "entry 3: it was changed, or is not the one that followed the entry before it",
        "entry 5: what it named was changed",
        "entry 7: 1 entries before it are missing",
        "entry 7: it was changed, or is not the one that followed the entry before it",
    )
    assert check_entries(whole, expected=[head]).faults == ()
    assert check_entries(whole[:-1], expected=[head]).faults == (
        f"no entry has the hash {head}: the end of the log is missing, or all of it was written anew",
    )
    assert check_entries([whole[0], whole[2], whole[1], *whole[3:]]).faults
    hidden = [{**each, "salt": None, "target": "", "details": {}} if each["number"] == 2 else each for each in whole]
    assert check_entries(hidden).faults == ("entry 2: what it named was removed, and no later erasure tells of it",)


def test_what_was_logged_before_is_chained_by_the_migration(database: Database) -> None:
    with database.write() as connection:
        command.downgrade(database._alembic(connection), "0003_drafts")
        old = sa.Table("audit", sa.MetaData(), autoload_with=connection)
        for number in (1, 4, 9):
            values = {"key_id": "k", "action": "a", "target": f"/{number}", "status": 200, "request_id": "r"}
            connection.execute(old.insert().values(number=number, at=now(), details={"n": number}, **values))
    database.migrate()
    with database.write() as connection:
        found = verify(connection)
        assert (found.entries, found.faults) == (3, ())
        note(connection, None, "/new")
        assert verify(connection).entries == 4


@pytest.mark.parametrize(("numbers", "text"), [([], ""), ([4], "4"), ([1, 2, 3, 7, 9, 10], "1-3,7,9-10")])
def test_numbers_in_few_characters(numbers: list[int], text: str) -> None:
    assert ranges_of(numbers) == text
