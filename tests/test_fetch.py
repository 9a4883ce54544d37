"""Fetching from a real HTTP server on this machine that answers as the services do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from matcher.cli import app
from matcher.errors import DataError
from matcher.ingest.fetch import SERVICES, Answer, Client, Fetched, fetch, read_answers, write_questions
from matcher.ingest.fetch.resolve import Candidate, Question
from matcher.ingest.fetch.services import FoundPerson

FOREIGN = Path(__file__).parent / "foreign"
runner = CliRunner()


@dataclass
class Recorded:
    """A server with answers by path; each may be a list of (status, text) that are given one after the other."""

    base: str
    answers: dict[str, Any] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Recorded]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            recorded.seen.append((parts.path, query))
            recorded.headers.append(dict(self.headers.items()))
            held = recorded.answers.get(parts.path, (404, "{}"))
            if callable(held):
                held = held(query)
            if isinstance(held, list):
                held = held.pop(0) if len(held) > 1 else held[0]
            status, text = held if isinstance(held, tuple) else (200, held)
            body = (text if isinstance(text, str) else json.dumps(text)).encode()
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "3")
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it so
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorded = Recorded(f"http://127.0.0.1:{running.server_port}")
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield recorded
    running.shutdown()
    running.server_close()
    thread.join()


def client(server: Recorded, cache: Path, **options: Any) -> Client:
    slept: list[float] = options.pop("slept", [])
    settings: dict[str, Any] = {"per_second": 1000.0, "today": date(2026, 1, 2), "sleep": slept.append, **options}
    return Client(server.base, cache, **settings)


def venue(folder: Path, *rows: dict[str, Any]) -> Path:
    folder.mkdir()
    (folder / "reviewers.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


def table(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]


def ask(name: str, server: Recorded, folder: Path, **options: Any) -> Fetched:
    with client(server, folder / "fetched" / "answers") as asking:
        return fetch(SERVICES[name], asking, folder, **options)


# --- services -------------------------------------------------------------------------------------------------------

OPENALEX = json.loads((FOREIGN / "openalex.json").read_text())["results"][0]


def test_openalex_by_orcid_in_pages(server: Recorded, tmp_path: Path) -> None:
    second = {**OPENALEX, "id": "https://openalex.org/W9", "doi": None, "title": "Second Page", "display_name": None}
    server.answers["/authors"] = {"results": [{"id": "https://openalex.org/A1", "display_name": "Ada Example"}]}
    server.answers["/works"] = lambda query: (
        {"results": [OPENALEX], "meta": {"next_cursor": "c2"}}
        if query["cursor"] == ["*"]
        else {"results": [second], "meta": {"next_cursor": None}}
    )
    folder = venue(
        tmp_path / "v",
        {"id": "r1", "name": "Somebody", "attributes": {"orcid": "https://orcid.org/0000-0002-1825-0097"}},
    )
    done = ask("openalex", server, folder)
    assert (done.found, done.how) == ({"r1": "A1"}, {"r1": "by ORCID iD"})
    assert server.seen[0] == ("/authors", {"filter": ["orcid:0000-0002-1825-0097"]})
    (person,) = table(folder, "reviewers")
    assert person["paper_ids"] == ["doi:10.1234/oa.1", "openalex:W9"]
    assert person["attributes"]["openalex"] == "A1"
    assert [paper["title"] for paper in table(folder, "publications")] == ["Bark & Moss", "Second Page"]
    # A second time nothing is asked, and nothing changes.
    before = {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}
    count = len(server.seen)
    again = ask("openalex", server, folder)
    assert (again.asked, again.how) == (0, {"r1": "by its id"})
    assert len(server.seen) == count
    assert {path.name: path.read_bytes() for path in folder.glob("*.jsonl")} == before


def test_every_kept_answer_says_where_and_when(server: Recorded, tmp_path: Path) -> None:
    server.answers["/x"] = "text"
    with client(server, tmp_path, headers={"x-api-key": "hidden words"}) as asking:
        assert asking.get("/x", {"q": "1"}) == "text"
    (file,) = tmp_path.rglob("*.json")
    assert json.loads(file.read_text()) == {
        "url": f"{server.base}/x",
        "params": {"q": "1"},
        "date": "2026-01-02",
        "text": "text",
    }
    assert server.headers[0]["x-api-key"] == "hidden words"


def test_semantic_scholar_in_pages(server: Recorded, tmp_path: Path) -> None:
    paper = json.loads((FOREIGN / "semanticscholar.jsonl").read_text().splitlines()[0])
    other = {"paperId": "p9", "title": "Later", "authors": [{"authorId": "111", "name": "A. Example"}]}
    server.answers["/graph/v1/author/111/papers"] = lambda query: (
        {"data": [paper], "next": 1} if query["offset"] == ["0"] else {"data": [other]}
    )
    folder = venue(tmp_path / "v", {"id": "r1", "name": "Ada Example", "attributes": {"semanticscholar": ["111"]}})
    done = ask("semanticscholar", server, folder)
    assert done.found == {"r1": "111"}
    assert table(folder, "reviewers")[0]["paper_ids"] == ["doi:10.1234/s2.1", "semanticscholar:p9"]


def test_dblp_person_page(server: Recorded, tmp_path: Path) -> None:
    server.answers["/pid/12/345.xml"] = (FOREIGN / "dblp_person.xml").read_text()
    folder = venue(
        tmp_path / "v", {"id": "r1", "name": "A. E.", "attributes": {"dblp": "https://dblp.org/pid/12/345.html"}}
    )
    done = ask("dblp", server, folder)
    assert done.found == {"r1": "12/345"}
    assert table(folder, "reviewers")[0]["paper_ids"] == ["dblp:conf/flow/Example23", "dblp:phd/Example18"]


def test_openreview_by_profile_id(server: Recorded, tmp_path: Path) -> None:
    note = {"id": "n1", "content": {"title": {"value": "Sparse"}, "authors": {"value": ["Ada Example"]}}}
    server.answers["/notes"] = {"notes": [note]}
    folder = venue(tmp_path / "v", {"id": "~Ada_Example1", "name": "Ada Example"})
    done = ask("openreview", server, folder)
    assert done.found == {"~Ada_Example1": "~Ada_Example1"}
    assert server.seen[-1][1]["content.authorids"] == ["~Ada_Example1"]
    assert table(folder, "reviewers")[0]["paper_ids"] == ["n1"]


SEARCHES = {
    "openalex": (
        "/authors",
        {
            "results": [
                {"id": "https://openalex.org/A8", "display_name": "Zed Other", "works_count": 2},
                {
                    "id": "https://openalex.org/A7",
                    "display_name": "Ada Example",
                    "last_known_institutions": [{"display_name": "University of Trees"}],
                    "works_count": 12,
                },
            ]
        },
        "A7",
    ),
    "semanticscholar": (
        "/graph/v1/author/search",
        {"data": [{"authorId": "7", "name": "A. Example", "affiliations": ["University of Trees"], "paperCount": 3}]},
        "7",
    ),
    "dblp": (
        "/search/author/api",
        {
            "result": {
                "hits": {
                    "hit": [
                        {
                            "info": {
                                "author": "Ada Example 0001",
                                "url": "https://dblp.org/pid/12/345",
                                "notes": {"note": {"@type": "affiliation", "text": "University of Trees"}},
                            }
                        }
                    ]
                }
            }
        },
        "12/345",
    ),
    "openreview": (
        "/profiles",
        {
            "profiles": [
                {
                    "id": "~Ada_Example1",
                    "content": {
                        "names": [{"fullname": "Ada Example"}],
                        "history": [{"institution": {"name": "University of Trees"}}],
                    },
                }
            ]
        },
        "~Ada_Example1",
    ),
}


@pytest.mark.parametrize("name", sorted(SEARCHES))
def test_a_name_alone_makes_a_question(name: str, server: Recorded, tmp_path: Path) -> None:
    path, answer, first = SEARCHES[name]
    server.answers[path] = answer
    places = [{"organisation": "University of Trees"}]
    folder = venue(tmp_path / "v", {"id": "r1", "name": "Ada Example", "affiliations": places})
    done = ask(name, server, folder)
    assert (done.found, done.imported) == ({}, None)
    (question,) = done.questions
    assert question.candidates[0].person.id == first
    assert question.candidates[0].reason.endswith("and the same organisation")
    assert not (folder / "publications.jsonl").exists()
    # A "no" takes the candidate away.
    done = ask(name, server, folder, answers=[Answer("r1", name, first, False)])
    assert first not in [one.person.id for one in done.questions[0].candidates]


def test_a_yes_fetches(server: Recorded, tmp_path: Path) -> None:
    server.answers["/works"] = {"results": [OPENALEX], "meta": {}}
    folder = venue(tmp_path / "v", {"id": "r1", "name": "Ada Example"}, {"id": "r2", "name": "Bo Other"})
    done = ask("openalex", server, folder, answers=[Answer("r1", "openalex", "A1", True)], only=["r1"])
    assert (done.found, done.how, done.questions) == ({"r1": "A1"}, {"r1": "as somebody decided"}, ())
    assert table(folder, "reviewers")[0]["paper_ids"] == ["doi:10.1234/oa.1"]


def test_a_person_without_works_imports_nothing(server: Recorded, tmp_path: Path) -> None:
    folder = venue(tmp_path / "v", {"id": "openalex:A1", "name": "Ada Example"})
    done = ask("openalex", server, folder)
    assert (done.found, done.imported) == ({"openalex:A1": "A1"}, None)


def test_a_folder_without_reviewers(server: Recorded, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no reviewers to ask about"):
        ask("openalex", server, tmp_path)


# --- patience -------------------------------------------------------------------------------------------------------


def test_refusals_are_waited_for(server: Recorded, tmp_path: Path) -> None:
    server.answers["/x"] = [(429, "slow"), (503, "busy"), (200, "now")]
    slept: list[float] = []
    with client(server, tmp_path, slept=slept) as asking:
        assert asking.get("/x") == "now"
    assert [pause for pause in slept if pause >= 1] == [3.0, 6.0]


@pytest.mark.parametrize(
    ("answer", "said"),
    [((500, "no"), "status 500"), ((403, "no"), "status 403"), ((302, ""), "sends us elsewhere")],
)
def test_a_service_that_goes_on_refusing(server: Recorded, tmp_path: Path, answer: Any, said: str) -> None:
    server.answers["/x"] = answer
    with client(server, tmp_path) as asking, pytest.raises(DataError, match=said):
        asking.get("/x")
    assert len(server.seen) == (5 if answer[0] == 500 else 1)
    assert list(tmp_path.rglob("*.json")) == []


def test_nobody_there(tmp_path: Path) -> None:
    with client(Recorded("http://127.0.0.1:1"), tmp_path) as asking, pytest.raises(DataError, match="does not answer"):
        asking.get("/x")


def test_an_answer_that_is_no_json(server: Recorded, tmp_path: Path) -> None:
    server.answers["/authors"] = "<html>"
    folder = venue(tmp_path / "v", {"id": "r1", "name": "Ada Example"})
    with pytest.raises(DataError, match="the service's answer is no JSON"):
        ask("openalex", server, folder)


def test_offline_uses_what_is_kept(server: Recorded, tmp_path: Path) -> None:
    server.answers["/x"] = "text"
    with client(server, tmp_path) as asking:
        asking.get("/x")
        assert asking.get("/none") is None
    with client(server, tmp_path, is_offline=True) as asking:
        assert (asking.get("/x"), asking.get("/none"), asking.kept) == ("text", None, 2)
        with pytest.raises(DataError, match="no answer to /y is kept"):
            asking.get("/y")


def test_requests_are_spaced(server: Recorded, tmp_path: Path) -> None:
    server.answers["/x"] = "text"
    slept: list[float] = []
    with client(server, tmp_path, per_second=0.01, slept=slept) as asking:
        asking.get("/x", {"n": "1"})
        asking.get("/x", {"n": "2"})
    assert len(slept) == 1
    assert 90 < slept[0] <= 100


# --- questions and answers ------------------------------------------------------------------------------------------


def test_questions_come_back_as_answers(tmp_path: Path) -> None:
    people = (Candidate(FoundPerson("A1", "=Ada", "U", 3), "the same name"), Candidate(FoundPerson("A2", "Ada"), "x"))
    path = tmp_path / "q.csv"
    assert write_questions(path, "openalex", [Question("r1", "Ada", people), Question("r2", "Bo", ())]) == 2
    with pytest.raises(DataError, match="exists already"):
        write_questions(path, "openalex", [])
    assert read_answers(path) == ()
    lines = path.read_text().splitlines()
    assert lines[1] == "r1,Ada,openalex,A1,'=Ada,U,3,the same name,"
    path.write_text("\n".join([lines[0], f"{lines[1]}Yes", f"{lines[2]}no"]))
    assert read_answers(path) == (Answer("r1", "openalex", "A1", True), Answer("r1", "openalex", "A2", False))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("r1,openalex,A1,maybe", "q.csv:2: field 'same': allowed is yes, no or nothing; got 'maybe'"),
        ("r1,openalex,A1,yes\nr1,openalex,A2,yes", "q.csv:3: field 'same': line 2 says that 'r1' is somebody else"),
        ("r1,openalex", "the row has 2 cells, the header has 4"),
    ],
)
def test_answers_that_cannot_be_taken(tmp_path: Path, rows: str, said: str) -> None:
    path = tmp_path / "q.csv"
    path.write_text(f"reviewer_id,service,person_id,same\n{rows}\n")
    with pytest.raises(DataError) as caught:
        read_answers(path)
    assert said in str(caught.value)


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command(server: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers["/authors"] = {"results": [{"id": "https://openalex.org/A1", "display_name": "Ada Example"}]}
    server.answers["/works"] = {"results": [OPENALEX, {"id": None}], "meta": {}}
    folder, questions = venue(tmp_path / "v", {"id": "r1", "name": "Ada Example"}), tmp_path / "q.csv"
    common = ["fetch", str(folder), "--source", "openalex", "--base-url", server.base, "--quiet"]
    shown = runner.invoke(app, [*common, "--questions", str(questions)])
    assert shown.exit_code == 0
    assert "0 reviewers found, 1 to decide" in shown.output
    assert "who is r1: A1 Ada Example" in shown.output
    questions.write_text(questions.read_text().replace("the same name,", "the same name,yes"))
    shown = runner.invoke(app, [*common, "--answers", str(questions)])
    assert "1 reviewer found, 0 to decide" in shown.output
    assert "publications.jsonl holds 1 row, new 1" in " ".join(shown.output.split())
    assert "rejected r1.jsonl:2" in shown.output
    shown = runner.invoke(app, [*common, "--json", "--offline"])
    told = json.loads(shown.stdout)
    assert (told["found"], told["how"], told["asked"]) == ({"r1": "A1"}, {"r1": "by its id"}, 0)
    again = runner.invoke(app, [*common, "--questions", str(questions)])
    assert "exists already" in str(again.exception)
    wrong = runner.invoke(app, ["fetch", str(folder), "--source", "openalx"])
    assert "did you mean 'openalex'" in str(wrong.exception)
    monkeypatch.setenv("MATCHER_SEMANTICSCHOLAR_KEY", "hidden words")
    server.answers["/graph/v1/author/search"] = {"data": []}
    shown = runner.invoke(app, ["fetch", str(folder), "--source", "semanticscholar", "--base-url", server.base, "-q"])
    assert "who is r1: nobody of that name" in shown.output
    assert server.headers[-1]["x-api-key"] == "hidden words"
