"""Secrets are told once and stand nowhere: not in logs, files or errors, nor in the text form of anything."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from matcher.cli import app
from service.audit import check_entries
from service.client import Client
from service.routes.common import cursor_of
from service.settings import Settings
from tests.serving import TFIDF, Served, serving

PERSON, NAME, ADDRESS = "quilla-zander", "Quilla Zandervoort", "quilla.zandervoort@canary.example"


@dataclass
class Watched:
    """A service whose log is written down in full.

    Args:
        served: the service.
        log: all that was logged, by all libraries.
        secrets: by what they are.
        answers: everything that was answered, but for what tells a secret on purpose.
    """

    served: Served
    log: io.StringIO
    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[Watched]:
    log, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(log), root.level
    handler.addFilter(lambda record: not record.name.startswith(("httpx", "httpcore")))  # of the client in the test
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    with serving(
        tmp_path_factory.mktemp("secrets"), allow_private_webhooks=True, oidc_client_secret="oidc-word"
    ) as run:
        found = Watched(run, log)
        _use(found)
        yield found
    root.removeHandler(handler)
    root.setLevel(level)


def _use(watched: Watched) -> None:
    """Everything that has to do with a secret, the wrong way too."""
    served, secrets = watched.served, watched.secrets
    admin = served.admin
    admin.create_venue("venue", deadline="2025-01-15", reviews_per_submission=1, max_load=3)
    for table, rows in _tables().items():
        admin.upload("venue", table, "".join(json.dumps(row) + "\n" for row in rows).encode())
    made = admin.call("POST", "/v1/keys", json_body={"name": "a", "roles": ["chair"], "venue_id": "venue"}).json()
    hook = admin.call("POST", "/v1/venues/venue/webhooks", json_body={"url": "http://127.0.0.1:9/x"}).json()
    code = served.service.keys.login_code()
    told = httpx.get(f"{served.address}/login", params={"code": code}).json()
    session = served.service.sessions.open(made["id"])
    secrets |= {"key": made["key"].rpartition("_")[2], "hook": hook["secret"], "login code": code}
    secrets |= {"key of the code": told["key"].rpartition("_")[2], "session": session, "client": "oidc-word"}
    with Client(served.address, made["key"]) as chair:
        job = chair.wait("venue", chair.submit("venue", config=TFIDF)["id"])
        assert job["state"] == "succeeded", job
        watched.answers.append(json.dumps(job))
        failed = chair.wait("venue", chair.submit("venue", config={**TFIDF, "reviews_per_submission": 9})["id"])
        watched.answers.append(json.dumps(failed))
        watched.answers += [json.dumps(chair.get(path)) for path in ("/v1/me", "/v1/venues/venue/webhooks")]
    watched.answers += [json.dumps(admin.get(path)) for path in ("/v1/keys", "/v1/audit")]
    header = {"Authorization": f"Bearer {made['key']}"}
    with httpx.Client(base_url=served.address) as http:
        http.get("/v1/me", params={"key": made["key"]})  # where it does not belong
        http.post("/v1/venues", content=b"{" + made["key"].encode(), headers=header)
        http.get("/v1/me", headers={"Authorization": f"Basic {made['key']}"})
        http.get("/v1/me", headers={"Authorization": f"Bearer {made['key']}x"})
        http.get("/login", params={"code": code})  # a second time
        http.get("/console/", headers={"Cookie": f"matcher_session={session}"})
        answer = http.get("/v1/venues", params={"cursor": cursor_of("a")}, headers=header)
        watched.answers.append(answer.text)
        with pytest.MonkeyPatch.context() as patch:  # a defect

            def fail(*_: Any) -> None:
                raise RuntimeError("broken")

            patch.setattr(served.service.keys, "list", fail)
            with admin_of(served) as second:
                watched.answers.append(second.get("/v1/keys").text)


def admin_of(served: Served) -> httpx.Client:
    key = served.service.keys.create("second", ["admin"]).secret
    return httpx.Client(base_url=served.address, headers={"Authorization": f"Bearer {key}"})


def _tables() -> dict[str, list[dict[str, Any]]]:
    them = {"name": NAME, "person_id": PERSON, "email": ADDRESS}
    return {
        "publications": [
            {"id": "p1", "title": "Rings of ice", "authors": [them], "date": "2023"},
            {"id": "p2", "title": "Dunes of sand", "authors": [{"name": "Bo Ek", "person_id": "bo"}], "date": "2023"},
        ],
        "submissions": [{"id": "s1", "title": "Ice and sand", "authors": [{"name": "Al Holm"}]}],
        "reviewers": [
            {"id": PERSON, "name": NAME, "emails": [ADDRESS], "paper_ids": ["p1"]},
            {"id": "bo", "name": "Bo Ek", "paper_ids": ["p2"]},
        ],
    }


def test_no_secret_is_logged(watched: Watched) -> None:
    text = watched.log.getvalue()
    assert "broken" in text  # the log is the one that is written
    for what, secret in watched.secrets.items():
        assert secret not in text, what


def test_no_secret_is_in_a_file(watched: Watched) -> None:
    held = b"".join(
        path.read_bytes()
        for path in watched.served.service.data_dir.rglob("*")
        if path.is_file() and path.name != "webhook.key"
    )
    assert b"Rings of ice" in held
    for what, secret in watched.secrets.items():
        assert secret.encode() not in held, what


def test_no_secret_is_answered_twice(watched: Watched) -> None:
    assert len(watched.answers) >= 7
    for what, secret in watched.secrets.items():
        assert not any(secret in answer for answer in watched.answers), what


def test_nothing_shows_a_secret_in_its_text_form(watched: Watched) -> None:
    service = watched.served.service
    session = service.sessions.find(watched.secrets["session"])
    assert session is not None
    shown = repr([service, service.settings, session, session.principal, vars(service), vars(service.keys)])
    shown += repr(Settings(database_url="postgresql://me:database-word@host/x"))
    for what, secret in {**watched.secrets, "database": "database-word"}.items():
        assert secret not in shown, what


def test_an_erased_person_is_in_no_log_and_no_cache(watched: Watched, cache_dir: Path) -> None:
    """The database, its log, free pages and the runs are scanned in `test_service_erasure`."""
    watched.served.admin.call("POST", "/v1/venues/venue/erasures", json_body={"person_id": PERSON})
    text = watched.log.getvalue()
    held = b"".join(path.read_bytes() for path in cache_dir.rglob("*") if path.is_file())
    for word in (PERSON, NAME, ADDRESS):
        assert word not in text
        assert word.encode() not in held


def test_the_log_verifies_from_the_command_line(watched: Watched, tmp_path: Path) -> None:
    folder = str(watched.served.service.data_dir)
    runner = CliRunner()
    file = tmp_path / "log.jsonl"
    done = runner.invoke(app, ["admin", "verify-audit", "--data-dir", folder, "--json", "--export", str(file)])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["faults"] == []
    exported = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(exported) >= found["entries"] > 5
    assert check_entries(exported, expected=[found["hash"]]).faults == ()
    done = runner.invoke(app, ["admin", "verify-audit", "--data-dir", folder, "--expect", "0" * 64])
    assert done.exit_code == 1
    assert "written anew" in done.stdout
