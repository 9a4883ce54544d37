"""Looking after the service: metrics, logs, spans, health; backup, restore, and what must always hold."""

from __future__ import annotations

import io
import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from matcher.cli import main
from matcher.errors import ConfigError, DataError
from service.backup import back_up, restore
from service.client import ClientError
from service.invariants import INVARIANTS, check_invariants
from service.logs import ACCESS, REQUEST_ID, JsonFormatter, TextFormatter, set_up_logs
from service.metrics import Metrics
from service.settings import Settings
from service.storage.database import Database
from service.storage.tables import METADATA
from tests.openreview_world import SUBMISSION, OpenReviewClient, archive, zipped
from tests.serving import TFIDF, Served, free_port

LEFT_OUT = {"executors", "login_codes"}


# --- what is counted, written and traced ----------------------------------------------------------------------------


def test_metrics_count_requests_and_jobs(served: Served, matched: dict[str, str]) -> None:
    with pytest.raises(ClientError):
        served.admin.get("/v1/venues/none")
    told = served.admin.call("GET", "/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    lines = dict(line.rsplit(" ", 1) for line in told.text.splitlines() if not line.startswith("#"))
    assert float(lines['matcher_jobs{kind="match",state="succeeded"}']) >= 1
    assert float(lines['matcher_requests_total{method="GET",route="/v1/venues/{venue_id}",status="404"}']) >= 1
    assert float(lines["matcher_database_up"]) == 1
    assert float(lines["matcher_processes"]) == 1
    assert not [name for name in lines if "none" in name and 'route="none"' not in name]  # patterns, never ids
    with served.client("chair", venue_id=matched["venue"]) as chair, pytest.raises(ClientError, match="403"):
        chair.get("/metrics")
    assert httpx.get(f"{served.address}/metrics").status_code == 401


def test_metrics_on_a_port_of_their_own_and_without_a_database(tmp_path: Path) -> None:
    metrics = Metrics(Database(f"sqlite:///{tmp_path / 'none.sqlite'}"), 10)
    metrics.count("GET", "/v1/me", 200, 0.01)
    port = free_port()
    metrics.serve("127.0.0.1", port)
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    metrics.stop()
    assert "matcher_database_up 0.0" in text
    assert 'matcher_requests_total{method="GET",route="/v1/me",status="200"} 1.0' in text
    assert "matcher_jobs{" not in text


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(JsonFormatter().format(record)))


def test_each_request_is_one_line_with_its_id(served: Served) -> None:
    kept = _Kept()
    ACCESS.addHandler(kept)
    level = ACCESS.level
    ACCESS.setLevel(logging.INFO)
    try:
        served.admin.call("GET", "/v1/me", headers={"X-Request-ID": "mine-1"})
        httpx.get(f"{served.address}/v1/venues/secret-name", headers={"Authorization": "Bearer mk_abc_verysecret"})
    finally:
        ACCESS.removeHandler(kept)
        ACCESS.setLevel(level)
    first, second = kept.lines
    assert (first["request_id"], first["route"], first["status"]) == ("mine-1", "/v1/me", 200)
    assert first["key_id"]
    assert first["ms"] >= 0
    assert (second["route"], second["status"], second["key_id"]) == ("/v1/venues/{venue_id}", 401, None)
    assert "secret" not in json.dumps(kept.lines)


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
@pytest.mark.parametrize(
    "text", ["key mk_0a1b_CANARY-x", "/login?code=CANARY&x=1", "postgresql://user:CANARY@host/db", "password=CANARY"]
)
def test_secrets_are_in_no_line(formatter: logging.Formatter, text: str) -> None:
    record = logging.LogRecord("a", logging.INFO, "f", 1, "%s", (text,), None)
    assert "CANARY" not in formatter.format(record)
    error = ValueError(text)
    record.exc_info = (type(error), error, None)
    assert "CANARY" not in formatter.format(record)


def test_lines_carry_the_request_and_are_set_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    token = REQUEST_ID.set("r-1")
    try:
        set_up_logs("json", stream)
        logging.getLogger("x").info("hello")
        set_up_logs("text", stream)
        logging.getLogger("x").info("again")
    finally:
        REQUEST_ID.reset(token)
        root.handlers[:] = before
        root.setLevel(level)
    first, second = stream.getvalue().splitlines()
    assert json.loads(first)["request_id"] == "r-1"
    assert second.endswith("again [r-1]")
    with pytest.raises(ConfigError, match="text and json"):
        Settings(log_format="xml")


def test_spans_are_made_for_requests_and_stages(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr("opentelemetry.trace.get_tracer", provider.get_tracer)
    served.admin.create_venue("spans", deadline="2027-01-31")
    job = served.admin.wait("spans", served.admin.submit("spans", kind="index", config=TFIDF)["id"])
    assert job["state"] == "failed"  # nothing to index; the stage was still one
    spans = {each.name: dict(each.attributes or {}) for each in kept.get_finished_spans()}
    assert spans["POST /v1/venues"]["http.response.status_code"] == 201
    assert spans["POST /v1/venues"]["matcher.request_id"]
    assert spans["index import"]["matcher.job_id"] == job["id"]


def test_health_has_three_questions(served: Served) -> None:
    assert httpx.get(f"{served.address}/healthz").json()["status"] == "alive"
    assert httpx.get(f"{served.address}/startupz").json()["status"] == "started"
    assert httpx.get(f"{served.address}/readyz").json()["status"] == "ready"
    served.service.is_started = False
    try:
        assert httpx.get(f"{served.address}/startupz").status_code == 503
        assert httpx.get(f"{served.address}/healthz").status_code == 200
    finally:
        served.service.is_started = True


# --- backup, restore, invariants ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def backup(served: Served, matched: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a service with a match, an index, scores of OpenReview's, and a webhook."""
    hook = {"url": "http://127.0.0.1:1/x"}
    served.admin.call("POST", f"/v1/venues/{matched['venue']}/webhooks", json_body=hook)
    index = served.admin.submit(matched["venue"], kind="index", config=TFIDF)["id"]
    served.admin.create_venue("or", deadline="2027-01-31")
    served.admin.call("POST", "/v1/venues/or/import/openreview", content=zipped(archive()))
    client = OpenReviewClient(served.address, served.service.keys.create("o", ["system"], venue_id="or").secret)
    group = {"type": "Group", "reviewerIds": ["~Vera_Vision1"]}
    client.results(client.request_expertise("x", group, {"type": "Note", "invitation": SUBMISSION}))
    served.admin.wait(matched["venue"], index)
    target = tmp_path_factory.mktemp("backups") / "one"
    report = back_up(served.service.database, served.service.data_dir, target)
    assert report.rows["venues"] >= 2
    assert report.files > len(report.rows)
    assert report.size > 0
    return target


def opened(folder: Path) -> Database:
    folder.mkdir(parents=True, exist_ok=True)
    database = Database(Settings(data_dir=folder).sqlalchemy_url)
    database.migrate()
    return database


@pytest.fixture
def restored(backup: Path, tmp_path: Path) -> Iterator[tuple[Database, Path]]:
    folder = tmp_path / "restored"
    database = opened(folder)
    restore(database, folder, backup)
    yield database, folder
    database.close()


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    with database.read() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            ]
            for table in METADATA.sorted_tables
            if table.name not in LEFT_OUT
        }


def test_what_is_restored_is_what_was_there_and_sound(
    served: Served, matched: dict[str, str], backup: Path, restored: tuple[Database, Path]
) -> None:
    database, folder = restored
    found = contents(database)
    for line in (backup / "tables" / "rows.jsonl").read_text().splitlines():
        assert json.loads(line)["venue_id"]
    assert len(found["rows"]) == len((backup / "tables" / "rows.jsonl").read_text().splitlines())
    assert check_invariants(database, folder) == []
    assert (folder / "webhook.key").read_bytes() == (served.service.data_dir / "webhook.key").read_bytes()
    assert (folder / "webhook.key").stat().st_mode & 0o077 == 0
    again = folder.parent / "again"
    back_up(database, folder, again)
    for path in sorted(backup.rglob("*")):
        if path.is_file() and path.name != "manifest.json":
            assert (again / path.relative_to(backup)).read_bytes() == path.read_bytes()


def test_a_dry_run_checks_and_writes_nothing(backup: Path, tmp_path: Path) -> None:
    database = opened(tmp_path / "dry")
    assert restore(database, tmp_path / "dry", backup, dry_run=True).dry_run
    assert all(not rows for rows in contents(database).values())
    assert not (tmp_path / "dry" / "runs").exists()
    database.close()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "tables" / "venues.jsonl").write_text(""), "missing or was changed"),
        (lambda folder: next((folder / "runs").rglob("*.csv")).unlink(), "missing or was changed"),
        (lambda folder: (folder / "more.txt").write_text("x"), "not in the manifest"),
        (lambda folder: (folder / "manifest.json").write_text("{}"), "no backup"),
        (lambda folder: (folder / "manifest.json").unlink(), "no backup"),
    ],
)
def test_a_damaged_backup_is_refused(backup: Path, tmp_path: Path, damage: Any, words: str) -> None:
    copy = shutil.copytree(backup, tmp_path / "copy")
    damage(copy)
    database = opened(tmp_path / "data")
    with pytest.raises(DataError, match=words):
        restore(database, tmp_path / "data", copy)
    assert all(not rows for rows in contents(database).values())
    database.close()


def rewritten(folder: Path, **changes: Any) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, **changes}))


def test_backups_of_other_versions_and_full_services_are_refused(
    served: Served, backup: Path, restored: tuple[Database, Path], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="holds data already"):
        restore(*restored, backup)
    with pytest.raises(ConfigError, match="is there already"):
        back_up(*restored, backup)
    copy = Path(shutil.copytree(backup, tmp_path / "copy"))
    database = opened(tmp_path / "data")
    rewritten(copy, revision="0000")
    with pytest.raises(DataError, match="restore it with the version that made it"):
        restore(database, tmp_path / "data", copy)
    rewritten(copy, revision=json.loads((backup / "manifest.json").read_text())["revision"], rows={})
    with pytest.raises(DataError, match="rows of None"):
        restore(database, tmp_path / "data", copy)
    database.close()
    shutil.rmtree(restored[1] / "runs")
    with pytest.raises(DataError, match="is not there, or was removed"):
        back_up(*restored, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_jobs_under_way_start_anew_after_a_restore(restored: tuple[Database, Path], tmp_path: Path) -> None:
    database, folder = restored
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET state='running', finished_at=NULL, run_id=NULL WHERE kind='index'")
        connection.exec_driver_sql(
            "UPDATE jobs SET state='cancelling', cancel_requested=1, finished_at=NULL, run_id=NULL WHERE kind='match'"
        )
    back_up(database, folder, tmp_path / "busy")
    other = opened(tmp_path / "other")
    restore(other, tmp_path / "other", tmp_path / "busy")
    with other.read() as connection:
        found = {tuple(row) for row in connection.exec_driver_sql("SELECT kind, state, lease FROM jobs")}
    other.close()
    assert ("index", "queued", 0) in found
    assert {state for kind, state, _ in found if kind == "match"} == {"cancelled"}


PLANTED = (
    ("row-versions", "UPDATE rows SET until = since WHERE kind = 'submissions'"),
    ("row-versions", "UPDATE rows SET since = 900 WHERE kind = 'submissions'"),
    ("row-digest", "UPDATE rows SET body = '{\"id\": \"x\"}' WHERE kind = 'submissions'"),
    ("row-digest", "UPDATE rows SET reviewer_id = 'x' WHERE kind = 'fixed' OR kind = 'submissions'"),
    ("row-reference", "DELETE FROM rows WHERE kind = 'publications'"),
    ("venue-facts", "UPDATE venues SET facts = '{}'"),
    ("venue-run", "UPDATE venues SET current_run_id = 'none' WHERE id = 'sample'"),
    ("job-state", "UPDATE jobs SET finished_at = NULL"),
    ("job-state", "UPDATE jobs SET stage = 'dreaming'"),
    ("job-state", "UPDATE jobs SET done = 5, total = 3"),
    ("job-events", "DELETE FROM events"),
    ("job-run", "UPDATE jobs SET run_id = 'none'"),
    ("job-run", "UPDATE runs SET number = -number"),
    ("run-files", "UPDATE runs SET digest = 'x'"),
    ("run-orphan", "DELETE FROM runs"),
    ("delivery-state", "UPDATE deliveries SET state = 'lost'"),
    ("delivery-state", "UPDATE deliveries SET state = 'delivered', attempts = 0"),
)


@pytest.mark.parametrize(("name", "statement"), PLANTED)
def test_what_does_not_hold_is_named(restored: tuple[Database, Path], name: str, statement: str) -> None:
    database, folder = restored
    with database.write() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        if name == "delivery-state":
            connection.exec_driver_sql(
                "INSERT INTO deliveries SELECT 'd', id, 'e', '{}', 'waiting', 0, 0, 0, '' FROM webhooks LIMIT 1"
            )
        connection.exec_driver_sql(statement)
    found = check_invariants(database, folder, with_files=name.startswith("run-"))
    assert name in {each.name for each in found}
    assert all(each.name in INVARIANTS and each.place and each.detail for each in found)


def test_every_invariant_is_planted_once() -> None:
    assert {name for name, _ in PLANTED} == set(INVARIANTS)


def test_two_records_at_once_are_named(restored: tuple[Database, Path]) -> None:
    database, folder = restored
    with database.write() as connection:
        columns = "venue_id, kind, key, until, submission_id, reviewer_id, digest, body"
        connection.exec_driver_sql("UPDATE venues SET version = 50")
        connection.exec_driver_sql(
            f"INSERT INTO rows (since, {columns}) SELECT 40, {columns} FROM rows WHERE kind = 'submissions' LIMIT 1"
        )
    found = [each for each in check_invariants(database, folder, with_files=False) if each.name == "row-versions"]
    assert "an earlier record of this key" in found[0].detail


@pytest.mark.parametrize("pattern", ["runs/*/assignment.csv", "runs/*/results.csv", "runs/*/manifest.json"])
def test_changed_files_of_results_are_named(restored: tuple[Database, Path], pattern: str) -> None:
    database, folder = restored
    path = next(folder.glob(pattern))
    path.write_text(path.read_text() + " ")
    assert "run-files" in {each.name for each in check_invariants(database, folder)}
    shutil.rmtree(folder / "work")
    details = {each.detail for each in check_invariants(database, folder)}
    assert "the profiles are not there" in details


# --- the commands ---------------------------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    with pytest.raises(SystemExit) as caught:
        main(["admin", *(str(word) for word in words)])
    return int(caught.value.code or 0), capsys.readouterr().out


def test_the_commands(backup: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("--data-dir", tmp_path / "data")
    code, out = run(capsys, "restore", backup, "--dry-run", *where)
    assert (code, out.startswith("would restore")) == (0, True)
    code, out = run(capsys, "restore", backup, "--json", *where)
    assert (code, json.loads(out)["violations"]) == (0, [])
    code, out = run(capsys, "check-invariants", *where)
    assert (code, out.strip()) == (0, f"{len(INVARIANTS)} invariants, 0 violations")
    code, out = run(capsys, "backup", tmp_path / "again", *where)
    assert (code, "rows" in out) == (0, True)
    code, out = run(capsys, "backup", tmp_path / "third", "--json", *where)
    assert json.loads(out)["rows"]["venues"] >= 2
    database = opened(tmp_path / "data")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET finished_at = NULL")
    database.close()
    code, out = run(capsys, "check-invariants", "--without-files", *where)
    assert (code, "job-state" in out) == (1, True)
    code, out = run(capsys, "check-invariants", "--json", *where)
    assert (code, json.loads(out)["violations"][0]["name"]) == (1, "job-state")
    run(capsys, "backup", tmp_path / "broken", *where)
    code, out = run(capsys, "restore", tmp_path / "broken", "--data-dir", tmp_path / "new")
    assert (code, "job-state" in out) == (1, True)
