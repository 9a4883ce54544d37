"""The application: who may call it, its errors, and what it says of itself."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from matcher.errors import ConfigError, UnknownNameError
from service.app import create_app
from service.auth import ROLES, NewKey, policy_of, refuse_routes_without_policy
from service.client import Client, ClientError
from service.settings import Settings
from service.storage.database import Database
from service.storage.tables import METADATA, keys
from tests.serving import Served

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(Settings())


def problem(served: Served, method: str, path: str, **more: object) -> tuple[int, dict[str, object]]:
    response = httpx.request(method, served.address + path, **more)  # type: ignore[arg-type]
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()


# --- routes ---------------------------------------------------------------------------------------------------------


def test_every_route_declares_who_may_call_it(app: FastAPI) -> None:
    assert len(app.routes) >= 30
    assert all(policy_of(route) is not None for route in app.routes)
    public = {route.path for route in app.routes if (policy := policy_of(route)) and not policy.roles}  # type: ignore[attr-defined]
    pages = {path for path in public if path == "/" or path.startswith("/console")}  # they ask for a session themselves
    assert public - pages == {"/healthz", "/readyz", "/startupz", "/openapi.json", "/login"}


def test_a_route_without_a_policy_does_not_start(app: FastAPI) -> None:
    other = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @other.get("/v1/forgotten")
    def forgotten() -> None:
        """Nobody said who may."""

    with pytest.raises(ConfigError, match="/v1/forgotten declares no policy"):
        refuse_routes_without_policy(other.routes)


def test_the_committed_description_is_that_of_the_code(app: FastAPI) -> None:
    committed = json.loads((ROOT / "service" / "openapi.json").read_text(encoding="utf-8"))
    assert committed == app.openapi(), "write it anew: python -m service.describe"


def test_the_description_says_who_may_call_what(app: FastAPI) -> None:
    found = app.openapi()
    operations = {op["operationId"]: op for path in found["paths"].values() for op in path.values()}
    assert len(operations) >= 30
    assert found["openapi"].startswith("3.1")
    assert operations["create_key"]["x-roles"] == ["admin"]
    assert operations["rank_reviewers"]["x-roles"] == ["admin", "chair", "editor", "system"]
    assert operations["is_alive"]["security"] == []
    assert operations["list_venues"]["security"] == [{"key": []}]


def test_everything_that_writes_can_be_tried_first(app: FastAPI) -> None:
    writes = {
        operation["operationId"]: {each["name"] for each in operation.get("parameters", ())}
        for methods in app.openapi()["paths"].values()
        for method, operation in methods.items()
        if method != "get" and not {"drafts", "openreview"} & set(operation["tags"])
    }
    without = {name for name, parameters in writes.items() if "dry_run" not in parameters}
    # A draft is a trial by itself, another system's form is fixed, two are questions, and of a key there is nothing to
    # tell but itself.
    assert without == {"rank_reviewers", "check_conflicts", "create_key"}


def test_two_applications_share_nothing() -> None:
    assert create_app(Settings()) is not create_app(Settings())


# --- keys -----------------------------------------------------------------------------------------------------------


def test_what_needs_no_key_and_what_does(served: Served) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json"):
        assert httpx.get(served.address + path).status_code == 200
    status, document = problem(served, "GET", "/v1/venues")
    assert status == 401
    assert document["type"] == "urn:matcher:problem:unauthenticated"
    for path in ("/v1/nothing", "/docs", "/v1/venues/x/reviewers"):
        assert problem(served, "GET", path)[0] == 401
    assert problem(served, "POST", "/v1/venues", content=b"{")[0] == 401  # before the body is looked at


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic mk_a_b", "Bearer mk_a_b", "Bearer mk__"])
def test_what_is_no_key_is_refused(served: Served, header: str) -> None:
    status, document = problem(served, "GET", "/v1/me", headers={"Authorization": header})
    assert (status, document["status"]) == (401, 401)


def test_a_key_is_told_once_kept_hashed_and_ends(served: Served) -> None:
    made = served.admin.call("POST", "/v1/keys", json_body={"name": "a", "roles": ["chair"], "venue_id": "x"}).json()
    with Client(served.address, made["key"]) as client:
        assert client.get("/v1/me")["roles"] == ["chair"]
        with served.service.database.read() as connection:
            row = connection.execute(sa.select(keys).where(keys.c.id == made["id"])).mappings().one()
        assert made["key"].split("_", 2)[2] not in str(dict(row))
        listed = served.admin.get("/v1/keys")["items"]
        assert made["id"] in {each["id"] for each in listed}
        assert "hash" not in listed[0]
        served.admin.call("DELETE", f"/v1/keys/{made['id']}")
        with pytest.raises(ClientError, match="401"):
            client.get("/v1/me")
    with pytest.raises(ClientError, match="404"):
        served.admin.call("DELETE", "/v1/keys/none")


def test_a_key_that_has_ended_is_refused(served: Served) -> None:
    made = served.service.keys.create("short", ["chair"], days=1e-9)
    with Client(served.address, made.secret) as client, pytest.raises(ClientError, match="401"):
        client.get("/v1/me")


def test_keys_that_mean_nothing_are_not_made(served: Served) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'chair'"):
        served.service.keys.create("a", ["chairs"])
    with pytest.raises(ConfigError, match="at least one role"):
        served.service.keys.create("a", [])
    with pytest.raises(ConfigError, match="all venues"):
        served.service.keys.create("a", ["admin"], venue_id="x")


def test_a_key_does_not_show_itself() -> None:
    assert "mk_" not in repr(NewKey("a", "mk_a_b", 0.0))
    assert "secret" not in repr(Settings(database_url="postgresql://me:secret@db/x"))


def test_the_login_code_works_once(served: Served) -> None:
    code = served.service.keys.login_code()
    made = httpx.get(f"{served.address}/login", params={"code": code}).json()
    with Client(served.address, made["key"]) as client:
        assert client.get("/v1/me")["roles"] == ["admin"]
    assert problem(served, "GET", f"/login?code={code}")[0] == 401


def test_a_venue_of_others_does_not_exist(served: Served) -> None:
    for venue in ("ours", "theirs"):
        served.admin.create_venue(venue)
    with served.client("chair", venue_id="ours") as client:
        assert [each["id"] for each in client.get("/v1/venues")["items"]] == ["ours"]
        for path in ("/v1/venues/theirs", "/v1/venues/theirs/jobs", "/v1/venues/absent"):
            with pytest.raises(ClientError) as caught:
                client.get(path)
            assert caught.value.problem["detail"] == "there is no such venue"
        with pytest.raises(ClientError, match="404"):
            client.rank("theirs", "A title")


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"admin", "chair", "system"}))
def test_others_than_chairs_do_not_read_the_data(served: Served, role: str) -> None:
    with served.client(role) as client:
        for path in ("/v1/keys", "/v1/audit", "/v1/venues/ours/reviewers", "/v1/venues/ours/jobs"):
            with pytest.raises(ClientError, match="403"):
                client.get(path)


def test_every_method_of_an_address_has_its_own_policy(served: Served, app: FastAPI) -> None:
    """Every operation is called with a key of each role: whoever is not named in the description is refused."""
    served.admin.create_venue("policies")
    operations = [
        (method.upper(), path.replace("{venue_id}", "policies"), set(operation["x-roles"]))
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
        if operation["x-roles"]
    ]
    for role in ROLES:
        with served.client(role) as client:
            for method, path, roles in operations:
                if role not in roles:
                    with pytest.raises(ClientError) as caught:
                        client.call(method, path, json_body=None if method == "GET" else {})
                    assert caught.value.status == 403, (role, method, path)


# --- errors ---------------------------------------------------------------------------------------------------------


def test_errors_name_the_place(served: Served) -> None:
    with pytest.raises(ClientError) as caught:
        served.admin.call("POST", "/v1/venues", json_body={"id": "UPPER", "name": 7, "nmae": "x"})
    assert caught.value.status == 422
    assert {each["pointer"] for each in caught.value.problem["errors"]} == {"/id", "/name", "/nmae"}
    with pytest.raises(ClientError) as caught:
        served.admin.get("/v1/audit", limit=0)
    assert caught.value.problem["errors"][0]["parameter"] == "limit"
    with pytest.raises(ClientError) as caught:
        served.admin.get("/v1/audit", cursor="abc")
    assert caught.value.problem["errors"][0]["parameter"] == "cursor"
    with pytest.raises(ClientError, match="405"):
        served.admin.call("DELETE", "/v1/venues")
    with pytest.raises(ClientError, match="404"):
        served.admin.get("/v1/nothing")


def test_a_defect_tells_nothing(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(served.service.keys, "list", fail)
    with served.client("admin") as client, pytest.raises(ClientError) as caught:
        client.get("/v1/keys")
    assert caught.value.status == 500
    assert "secret" not in json.dumps(caught.value.problem)


def test_bodies_have_a_limit(served: Served) -> None:
    with pytest.raises(ClientError) as caught:
        served.admin.call("POST", "/v1/venues", content=b" " * (5 * 1024 * 1024))
    assert (caught.value.status, caught.value.kind) == (413, "too-large")


def test_every_answer_has_an_id_and_what_is_done_is_written_down(served: Served) -> None:
    response = served.admin.call(
        "POST", "/v1/venues", json_body={"id": "logged"}, headers={"X-Request-Id": "my-request"}
    )
    assert response.headers["x-request-id"] == "my-request"
    assert response.headers["x-content-type-options"] == "nosniff"
    served.admin.call("PATCH", "/v1/venues/logged", json_body={"name": "Logged"})
    entries = served.admin.get("/v1/venues/logged/audit")["items"]
    assert [each["action"] for each in entries] == ["PATCH /v1/venues/{venue_id}"]
    newest = served.admin.get("/v1/audit", limit=2)
    assert newest["items"][0]["action"] == "PATCH /v1/venues/{venue_id}"
    assert newest["items"][1]["request_id"] == "my-request"
    older = served.admin.get("/v1/audit", limit=1, cursor=newest["next"])["items"]
    assert older[0]["number"] < newest["items"][1]["number"]


# --- settings and tables --------------------------------------------------------------------------------------------


def test_settings_come_from_the_environment_and_from_the_caller() -> None:
    environment = {
        "MATCHER_SERVICE_PORT": "81",
        "MATCHER_SERVICE_RUNS_JOBS": "false",
        "MATCHER_SERVICE_DATA_DIR": "here",
        "MATCHER_SERVICE_HEARTBEAT_S": "1.5",
        "HOME": "/",
    }
    found = Settings.from_environment(environment, host="0.0.0.0", port=None)
    assert (found.host, found.port, found.runs_jobs, found.data_dir) == ("0.0.0.0", 81, False, Path("here"))
    assert found.heartbeat_s == 1.5
    assert found.is_embedded
    other = Settings(database_url="postgres://a@b/c")
    assert (other.sqlalchemy_url, other.workflow_url) == ("postgresql+psycopg://a@b/c", "postgresql://a@b/c")
    assert Settings(database_url="sqlite:///x").sqlalchemy_url == "sqlite:///x"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PROT", "1", "did you mean 'port'"),
        ("PORT", "x", "allowed is a number"),
        ("RUNS_JOBS", "maybe", "true or false"),
        ("JOBS_AT_ONCE", "0", "from 1"),
        ("HEARTBEAT_S", "99", "less than dead_after_s"),
        ("DATABASE_URL", "mysql://x", "postgresql://"),
    ],
)
def test_settings_that_mean_nothing_are_refused(name: str, value: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Settings.from_environment({f"MATCHER_SERVICE_{name}": value})


def test_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    from alembic import command
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    database.migrate()
    database.migrate()
    assert database.is_current()
    with database.write() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        command.downgrade(database._alembic(connection), "base")
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]
    database.close()
