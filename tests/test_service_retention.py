"""Retention: versions of a venue go by number and by age, with what only they held, and nothing else goes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from service import retention
from service.client import ClientError
from service.retention import prune, prune_all, prune_for_ever
from service.storage.database import Database, now
from service.storage.tables import rows, runs, venues, versions
from tests.serving import TFIDF, Served, upload_world
from tests.worlds import two_fields

DAY = 86_400


def change(served: Served, venue: str, title: str) -> int:
    """A new version of a venue with that submission; its number."""
    served.admin.put(venue, "submissions", {"id": "s", "title": title})
    return int(served.admin.get(f"/v1/venues/{venue}")["version"])


def title_at(served: Served, venue: str, version: int) -> str:
    return str(served.admin.get(f"/v1/venues/{venue}/submissions", version=version, where="id:s")["items"][0]["title"])


def put_back(served: Served, venue: str, version: int, days: float) -> None:
    """Let a version have been made so many days ago."""
    here = [versions.c.venue_id == venue, versions.c.version == version]
    with served.service.database.write() as connection:
        connection.execute(versions.update().where(*here).values(made_at=now() - days * DAY))


def test_versions_go_by_number_with_all_that_only_they_held(served: Served) -> None:
    world = two_fields().venue()
    upload_world(served.admin, "counted", world)
    made = [served.admin.wait("counted", served.admin.submit("counted", config=TFIDF)["id"]) for _ in range(1)]
    newest = [change(served, "counted", title) for title in ("One", "Two", "Three")][-1]
    made.append(served.admin.wait("counted", served.admin.submit("counted", config=TFIDF)["id"]))
    assert [each["state"] for each in made] == ["succeeded"] * 2
    old, current = (each["run_id"] for each in made)
    digest = served.admin.get(f"/v1/venues/counted/runs/{old}")["digest"]
    path, body = "/v1/venues/counted/retention", {"versions": 2}

    told = served.admin.call("PUT", path, json_body=body, dry_run="true").json()
    assert (told["dry_run"], told["oldest_version"], told["runs"]) == (True, newest - 1, [old])
    assert told["versions"] == newest - 2
    assert title_at(served, "counted", newest - 2) == "One"  # it only said so
    assert served.admin.get("/v1/venues/counted")["keep_versions"] is None

    done = served.admin.call("PUT", path, json_body=body).json()
    assert done == {**told, "dry_run": False}
    venue = served.admin.get("/v1/venues/counted")
    assert (venue["oldest_version"], venue["keep_versions"], venue["keep_days"]) == (newest - 1, 2, None)
    assert [title_at(served, "counted", version) for version in (newest - 1, newest)] == ["Two", "Three"]
    assert venue["counts"]["reviewers"] == len(world.reviewers)
    for call in (
        ("GET", f"/v1/venues/counted/submissions?version={newest - 2}"),
        ("GET", f"/v1/venues/counted/downloads/submissions?version={newest - 2}"),
    ):
        with pytest.raises(ClientError) as caught:
            served.admin.call(*call)
        assert (caught.value.status, caught.value.problem["oldest"]) == (404, newest - 1)
    with pytest.raises(ClientError, match="no longer kept"):
        served.admin.call("POST", "/v1/venues/counted/jobs", json_body={"config": TFIDF, "version": 1})
    assert [each["id"] for each in served.admin.pages("/v1/venues/counted/runs")] == [current]
    assert served.admin.get(f"/v1/venues/counted/jobs/{made[0]['id']}")["run_id"] is None
    assert not served.service.results.path(digest).exists()
    folders = {each.name for each in (served.service.data_dir / "venues" / "counted").iterdir()}
    assert folders == {str(newest)}
    with served.service.database.read() as connection:
        held = sa.select(sa.func.count()).select_from(rows)
        assert connection.execute(held.where(rows.c.venue_id == "counted", rows.c.until < newest)).scalar() == 0

    newest = change(served, "counted", "Four")
    again = served.admin.call("POST", path).json()  # the limit holds on
    assert (again["oldest_version"], again["versions"], again["runs"]) == (newest - 1, 1, [])
    assert served.admin.call("POST", path).json()["versions"] == 0
    for _ in range(2):
        newest = change(served, "counted", f"Title {_}")
    assert served.admin.call("POST", path).json()["runs"] == []  # the published run stays, however old
    assert next(served.admin.pages("/v1/venues/counted/runs/current/assignment"))


def test_versions_go_by_age(served: Served) -> None:
    served.admin.create_venue("aged")
    one, two, three = (change(served, "aged", title) for title in ("One", "Two", "Three"))
    for version, days in ((one, 30), (two, 20), (three, 2)):
        put_back(served, "aged", version, days)

    def oldest(days: float | None, count: int | None = None) -> int:
        return prune(served.service, "aged", keep=(days, count), dry_run=True).oldest_version

    assert oldest(31) == 1
    assert oldest(25) == one  # it was the state of the venue until 20 days ago
    assert oldest(19) == two
    assert oldest(1) == three
    assert oldest(19, 1) == three
    assert oldest(1, 3) == three
    assert oldest(None) == 1
    with served.service.database.write() as connection:  # as after an update: of old versions no time is known
        connection.execute(versions.delete().where(versions.c.venue_id == "aged", versions.c.version < three))
    assert (oldest(19), oldest(1)) == (1, three)
    assert prune(served.service, "aged", keep=(1, None)).versions == three - 1
    assert prune(served.service, "aged", keep=(None, None)).oldest_version == three  # what is gone stays gone


def test_what_is_in_use_stays(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_world(served.admin, "used", two_fields().venue())
    index = served.admin.wait("used", served.admin.submit("used", kind="index", config=TFIDF)["id"])
    assert index["state"] == "succeeded"
    for title in ("One", "Two"):
        newest = change(served, "used", title)
    assert prune(served.service, "used", keep=(None, 1)).oldest_version == index["venue_version"]
    assert served.admin.rank("used", "Pruning of networks")["candidates"]
    monkeypatch.setattr(served.service.runner, "enqueue", lambda _: None)
    waiting = served.admin.submit("used", config=TFIDF)
    with served.service.database.write() as connection:
        connection.execute(runs.delete().where(runs.c.venue_id == "used"))
    change(served, "used", "Three")
    assert prune(served.service, "used", keep=(None, 1)).oldest_version == newest
    served.admin.cancel("used", waiting["id"])
    assert prune(served.service, "used").oldest_version == newest + 1
    with pytest.raises(ClientError, match="404"):
        served.admin.call("POST", "/v1/venues/none/retention")


def test_every_venue_with_a_limit_is_looked_after(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("limited", "free"):
        served.admin.create_venue(name)
        change(served, name, "One")
        newest = change(served, name, "Two")
    prune(served.service, "limited", keep=(None, 1))
    change(served, "limited", "Three")
    prune_all(served.service)
    assert served.admin.get("/v1/venues/limited")["oldest_version"] == newest + 1
    assert served.admin.get("/v1/venues/free")["oldest_version"] == 0

    calls = iter([sa.exc.OperationalError("", {}, ValueError()), None, asyncio.CancelledError()])

    def look(_: object) -> None:
        found = next(calls)
        if found is not None:
            raise found

    monkeypatch.setattr(retention, "_EVERY_S", 0.0)
    monkeypatch.setattr(retention, "prune_all", look)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(prune_for_ever(served.service))
    assert next(calls, "all asked") == "all asked"


def test_a_database_of_before_gets_its_times(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    with database.write() as connection:
        command.upgrade(database._alembic(connection), "0001")
        columns = "id, kind, facts, config, version, created_at, changed_at"
        connection.exec_driver_sql(f"INSERT INTO venues ({columns}) VALUES ('v', 'venue', '{{}}', '{{}}', 7, 1, 5)")
    database.migrate()
    with database.read() as connection:
        assert connection.execute(sa.select(versions)).all() == [("v", 7, 5.0)]
        venue = connection.execute(sa.select(venues)).mappings().one()
    assert (venue["oldest_version"], venue["keep_days"], venue["keep_versions"]) == (0, None, None)
    database.close()
