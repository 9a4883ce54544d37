"""Hostile files, at the service and at the command line: refused with a cause; what is let in is harmless."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from matcher.cli import main
from matcher.config import MatchConfig
from matcher.conflicts.policy_file import parse_policy
from matcher.errors import ConfigError, DataError
from matcher.ingest.files import numbered_lines
from service.client import ClientError
from tests.hostile import CORPUS, GOOD_PUBLICATIONS, GOOD_REVIEWERS, GOOD_SUBMISSIONS, Hostile, deep_objects
from tests.serving import Served

ROOT = Path(__file__).parents[1]
LEAST_FILES = 60
HANG_S = 60.0
MEMORY = 200 * 1024 * 1024
NUMBERS = count()
OF_SERVICE = [each for each in CORPUS if each.target != "cv"]
OF_COMMANDS = [each for each in CORPUS if each.target != "archive"]


def test_the_corpus_is_large_and_each_file_has_a_name() -> None:
    assert len(CORPUS) >= LEAST_FILES
    assert len({each.name for each in CORPUS}) == len(CORPUS)


# --- the service ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def venue(served: Served) -> str:
    served.admin.create_venue("hostile", deadline="2027-01-31")
    return "hostile"


def address(each: Hostile, venue: str) -> tuple[str, dict[str, str]]:
    if each.target == "archive":
        return f"/v1/venues/{venue}/upload", {}
    if each.target.startswith("table:"):
        return f"/v1/venues/{venue}/{each.target.removeprefix('table:')}", {}
    return f"/v1/venues/{venue}/import/{each.target}", {"filename": each.file, "reviewer": "Ada Example"}


@pytest.mark.parametrize("each", OF_SERVICE, ids=lambda each: each.name)
def test_the_service_refuses_it_and_says_why(served: Served, venue: str, each: Hostile) -> None:
    path, query = address(each, venue)
    headers = {"Authorization": served.admin._headers["Authorization"], "Content-Type": each.kind}
    response = httpx.post(served.address + path, params=query, headers=headers, content=each.make(), timeout=HANG_S)
    problem = response.json()
    assert (response.status_code, response.headers["content-type"]) == (each.status, "application/problem+json")
    assert each.words in json.dumps(problem, ensure_ascii=False)
    assert len(problem["detail"]) > len("no")
    assert str(served.service.data_dir) not in response.text  # places on our disk are ours
    assert "Traceback" not in response.text


def test_a_table_of_nothing_but_faults_is_not_read_to_its_end(served: Served, venue: str) -> None:
    with pytest.raises(ClientError) as caught:
        served.admin.upload(venue, "publications", b'{"id": "a"}\n' * 5000)
    assert caught.value.problem["detail"].startswith("1000 rows cannot be accepted")
    assert (len(caught.value.problem["errors"]), caught.value.problem["errors_not_shown"]) == (100, 900)


def test_nothing_of_it_is_left(served: Served, venue: str) -> None:
    assert served.admin.get(f"/v1/venues/{venue}")["counts"] == {}
    assert list((served.service.data_dir / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    "body", [deep_objects(50_000), b"[" * 50_000, b'{"id": ' + b"9" * 5000 + b"}", b"\xff\xfe", b""]
)
@pytest.mark.parametrize("path", ["/v1/venues", "/v1/venues/hostile/jobs", "/v1/rank", "/expertise", "/match"])
def test_bodies_that_are_no_requests(served: Served, venue: str, path: str, body: bytes) -> None:
    headers = {"Authorization": served.admin._headers["Authorization"], "Content-Type": "application/json"}
    response = httpx.post(served.address + path, headers=headers, content=body, timeout=HANG_S)
    assert response.status_code in (400, 404, 422)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://[::1]/x",
        "https://10.0.0.1/x",
        "https://192.168.0.1/x",
        "https://172.16.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://0.0.0.0/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://[fe80::1]/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://user:secret@example.org/x",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
    ],
)
def test_webhooks_reach_nothing_inside(url: str) -> None:
    from service.problems import Problem
    from service.webhooks import check_address

    with pytest.raises(Problem):
        check_address(url, allow_private=False)


def test_a_name_that_comes_to_mean_something_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rebinding: every delivery looks the name up again, and every address that it gives must be public."""
    from service.problems import Problem
    from service.webhooks import check_address

    answers = [["8.8.8.8"], ["8.8.8.8", "127.0.0.1"], ["127.0.0.1"]]

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        return [(None, None, None, "", (each, port)) for each in answers.pop(0)]

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    assert check_address("https://rebinding.example/x", allow_private=False)[1] == "8.8.8.8"
    for _ in range(2):
        with pytest.raises(Problem, match="not of the public internet"):
            check_address("https://rebinding.example/x", allow_private=False)


def test_redirects_of_webhooks_lead_nowhere(served: Served) -> None:
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that the library calls
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/inside")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        delivery = {"url": f"http://127.0.0.1:{server.server_port}/hook", "body": "{}", "id": "d", "webhook_id": "w"}
        assert served.service.postman._post(delivery) == "302"
        server.shutdown()
    assert asked == ["/hook"]


# --- the command line -----------------------------------------------------------------------------------------------


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    code = caught.value.code
    return 0 if code is None else int(code)


@pytest.mark.parametrize("each", OF_COMMANDS, ids=lambda each: each.name)
def test_the_command_line_refuses_it_and_says_why(
    each: Hostile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    into = tmp_path / "venue"
    if each.target.startswith("table:"):
        into.mkdir()
        for name, content in (("reviewers", GOOD_REVIEWERS), ("submissions", GOOD_SUBMISSIONS)):
            (into / f"{name}.jsonl").write_bytes(content)
        (into / each.file).write_bytes(each.make())
        code = run("check", into)
    else:
        (tmp_path / each.file).write_bytes(each.make())
        words = ["--reviewer", "Ada Example"] if each.target in ("bibtex", "ris", "dblp", "arxiv", "anthology") else []
        code = run("import", each.target, tmp_path / each.file, "--into", into, *words)
    out, err = capsys.readouterr()
    assert code in (1, 2), out + err
    assert "Traceback" not in err
    assert (out + err).strip()


@pytest.mark.parametrize("name", ["json: zstd bomb", "json: gzip bomb", "dblp: billion laughs", "json: deep lists"])
def test_the_worst_fit_into_little_memory(name: str, tmp_path: Path) -> None:
    """The command in a process of its own that may not have more than 200 MB beyond what starting it takes."""
    each = next(one for one in CORPUS if one.name == name)
    (tmp_path / each.file).write_bytes(each.make())
    table = each.target.removeprefix("table:")
    code = (
        "import resource, sys, pathlib\n"
        "from matcher.ingest.fields import TABLES\n"
        "from matcher.ingest.formats.xml_files import elements\n"
        "from matcher.ingest.loading import Ledger\n"
        "from matcher.errors import DataError\n"
        "import lxml.etree, zstandard\n"
        "size = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        f"resource.setrlimit(resource.RLIMIT_AS, (size + {MEMORY}, size + {MEMORY}))\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "ledger = Ledger()\n"
        "try:\n"
        "    if path.suffix == '.xml':\n"
        "        list(elements(path, ['article']))\n"
        f"    else:\n        list(ledger.rows(path, TABLES.get({table!r})))\n"
        "    report = ledger.settle((), accept_rejects=True)\n"
        "    sys.exit(0 if report.rejects else 5)\n"
        "except DataError as error:\n"
        "    sys.exit(0)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / each.file)],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-500:]


def test_lines_are_the_same_however_they_are_cut(tmp_path: Path) -> None:
    """A line longer than a piece that is read at once, an empty one, and none at the end."""
    lines = ["a" * 700_000, "", "b", "c" * 300_000]
    for number, text in enumerate(("\n".join(lines), "\n".join(lines) + "\n")):
        path = tmp_path / f"{number}.txt"
        path.write_text(text)
        expected = [*enumerate(text.split("\n"), start=1)]
        assert list(numbered_lines(path, "x")) == expected


@pytest.mark.parametrize("read", [MatchConfig.from_toml, lambda path: parse_policy(path.read_text(), file="x")])
def test_settings_that_are_nested_too_deeply(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    path = tmp_path / "deep.toml"
    path.write_text("a = " + "[" * 5000 + "]" * 5000)
    with pytest.raises((ConfigError, DataError), match="nested too deeply"):
        read(path)


# --- what is let in ---------------------------------------------------------------------------------------------------


def test_a_check_of_the_venue_names_the_texts(served: Served) -> None:
    served.admin.create_venue("odd-texts", deadline="2027-01-31")
    for table, rows in (
        ("reviewers", GOOD_REVIEWERS),
        ("publications", GOOD_PUBLICATIONS),
        ("submissions", json.dumps({"id": "s2", "title": "Sparse p\u0430ging"}).encode()),
    ):
        served.admin.upload("odd-texts", table, rows)
    found = {each["name"]: each for each in served.admin.get("/v1/venues/odd-texts/check")["findings"]}
    assert found["hidden text"]["level"] == "warning"
    assert found["hidden text"]["examples"][0].startswith("submission s2: letters of LATIN and CYRILLIC")


SCRIPTS = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "{{7*7}}", "]]><!--")
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x")')


def test_scripts_in_titles_stay_text_and_formulas_are_no_formulas(served: Served, tmp_path: Path) -> None:
    """Whatever is in a title comes back as JSON or text, never as markup, and no sheet runs it."""
    served.admin.create_venue("odd-titles", deadline="2027-01-31")
    titles = [text for text in (*SCRIPTS, *FORMULAS) if not text.startswith("\t")]
    rows = "".join(json.dumps({"id": f"s{n}", "title": text}) + "\n" for n, text in enumerate(titles))
    served.admin.upload("odd-titles", "submissions", rows.encode())
    told = served.admin.call("GET", "/v1/venues/odd-titles/submissions", limit=100)
    assert told.headers["content-type"] == "application/json"
    assert told.headers["x-content-type-options"] == "nosniff"
    assert [each["title"] for each in told.json()["items"]] == [
        text for _, text in sorted(enumerate(titles), key=lambda one: f"s{one[0]}")
    ]
    sheet = served.admin.call("GET", "/v1/venues/odd-titles/downloads/submissions", format="csv").text
    cells = [cell for row in csv.reader(io.StringIO(sheet)) for cell in row]
    assert sum(cell.startswith("'") for cell in cells) == len([text for text in FORMULAS if text[0] in "=@"])
    assert [cell for cell in cells if cell[:1] in ("=", "@", "+", "-")] == [
        "+1",
        "-1",
    ]  # numbers, and nothing that runs
