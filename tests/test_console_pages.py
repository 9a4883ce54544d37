"""The pages before and after a run, without a browser: forms, files, refusals."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.client import ClientError, packed
from service.console.running import _value
from service.console.start import slug
from tests.serving import TFIDF, Served

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
REVIEWERS = (
    b"Name,E-mail,Publications\nAda Velden,ada@uni-north.example,Sparse trees for dense forests; Counting leaves\n"
)
SUBMISSIONS = b"Title,Abstract,Authors\nTrees in winter,Trees lose leaves.,Bo Hartig\n"
CV = b"""Ada Velden

Publications

1. Ada Velden, Bo Hartig. "Sparse Trees for Dense Forests." Journal of Invented Results, 2022.
2. Bo Hartig, Ada Velden. "Counting Leaves Without Looking." Invented Conference on Trees, 2023.
"""


class Browser:
    """Somebody at the console: follows what a form leads to, and sends its token."""

    def __init__(self, served: Served, *roles: str, **more: Any) -> None:
        self.http = httpx.Client(base_url=served.address, follow_redirects=True)
        made = served.service.keys.create("browser", roles, **more)
        page = self.http.post("/console/login", data={"key": made.secret})
        found = re.search(r'name="csrf" value="(\w+)"', page.text)
        assert found, page.text
        self._headers = {"X-CSRF-Token": found[1]}

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.http.get(f"/console{path}", **more)

    def post(self, path: str, data: Any = None, *, is_part: bool = False, **more: Any) -> httpx.Response:
        headers = {**self._headers, **({"HX-Request": "true"} if is_part else {})}
        return self.http.post(f"/console{path}", data=data, headers=headers, **more)


@pytest.fixture
def chair(served: Served) -> Iterator[Browser]:
    browser = Browser(served, "admin")
    yield browser
    browser.http.close()


@pytest.fixture
def venue(served: Served) -> Iterator[str]:
    """An empty venue of this test's own."""
    served.admin.create_venue("files")
    yield "files"
    served.admin.call("DELETE", "/v1/venues/files")


def words(answer: httpx.Response) -> str:
    """What stands on a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


# --- venues ---------------------------------------------------------------------------------------------------------


def test_a_venue_is_made_and_changed(served: Served, chair: Browser) -> None:
    facts = {"name": "Größe & Co., 2027", "deadline": "2027-01-31", "reviews_per_submission": "3", "max_load": ""}
    page = chair.post("/venues/new", facts)
    assert page.url.path == "/console/venues/grosse-co-2027/data"
    assert "The venue is there." in words(page)
    made = served.admin.get("/v1/venues/grosse-co-2027")
    assert (made["name"], made["reviews_per_submission"], made["max_load"]) == ("Größe & Co., 2027", 3, None)
    page = chair.post("/venues/grosse-co-2027", {**facts, "max_load": "6", "min_load": "7"})
    assert page.status_code == 422
    assert "min_load: is 7, more than max_load 6" in words(page)
    assert 'value="7"' in page.text  # what was written is still there
    page = chair.post("/venues/grosse-co-2027", {"name": "New", "max_load": "6"})
    assert "The venue is changed." in words(page)
    changed = served.admin.get("/v1/venues/grosse-co-2027")
    assert (changed["name"], changed["deadline"], changed["max_load"]) == ("New", None, 6)
    page = chair.post("/venues/new", {"name": "Again", "id": "grosse-co-2027"})
    assert page.status_code == 409
    assert "there is a venue" in words(page)
    assert 'value="Again"' in page.text
    assert chair.post("/venues/new", {"name": "!!!"}).status_code == 422
    assert chair.post("/venues/new", {"name": "Many", "max_load": "many"}).status_code == 422
    assert chair.post("/venues/absent", {"name": "New"}).status_code == 404


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("Workshop on Trees 2027", "workshop-on-trees-2027"), ("  ÉCOLE  ", "ecole"), ("x" * 99, "x" * 60), ("林", "")],
)
def test_a_name_as_a_part_of_addresses(name: str, wanted: str) -> None:
    assert slug(name) == wanted


def test_the_sample_takes_a_free_name(served: Served, chair: Browser) -> None:
    before = {each["id"] for each in served.admin.get("/v1/venues")["items"]}
    free = [name for name in ("sample", "sample-2", "sample-3") if name not in before][:2]
    for name in free:
        page = chair.post("/venues/sample")
        assert page.url.path == f"/console/venues/{name}"
        assert served.admin.get(f"/v1/venues/{name}")["counts"]["submissions"] == 19
    for name in free:
        served.admin.call("DELETE", f"/v1/venues/{name}")


def test_a_chair_of_one_venue_makes_none_and_others_see_little(served: Served, venue: str) -> None:
    for roles, wanted in ((("chair",), "Hand over data"), (("reviewer",), "Your role sees the assignment")):
        browser = Browser(served, *roles, venue_id=venue)
        page = browser.get("/")
        assert "New venue" not in page.text
        assert "Load the sample" not in page.text
        assert "/console/venues/files" in page.text
        assert wanted in words(browser.get(f"/venues/{venue}"))
        assert browser.post("/venues/new", {"name": "Mine"}).status_code == 403
        browser.http.close()
    stranger = Browser(served, "chair", venue_id="another")
    assert "No venue for this key" in words(stranger.get("/"))
    assert stranger.get(f"/venues/{venue}").status_code == 404
    assert stranger.get(f"/venues/{venue}/check").status_code == 404
    stranger.http.close()


# --- files ----------------------------------------------------------------------------------------------------------


def send(chair: Browser, venue: str, do: str, files: Any, **fields: str) -> httpx.Response:
    return chair.post(f"/venues/{venue}/data", {"do": do, **fields}, files=files)


def counts(served: Served, venue: str) -> dict[str, int]:
    return dict(served.admin.get(f"/v1/venues/{venue}")["counts"])


def test_two_sheets(served: Served, chair: Browser, venue: str) -> None:
    files = {"reviewers": ("people.csv", REVIEWERS), "submissions": ("papers.csv", SUBMISSIONS)}
    page = send(chair, venue, "preview", files, kind="sheets")
    assert "Preview: nothing is changed yet." in words(page)
    assert "What each column was taken for" in words(page)
    assert counts(served, venue) == {}
    page = send(chair, venue, "take", files, kind="sheets")
    assert page.url.path == f"/console/venues/{venue}/check"
    assert counts(served, venue)["reviewers"] == 1
    assert counts(served, venue)["submissions"] == 1
    page = send(chair, venue, "preview", {"submissions": ("papers.csv", SUBMISSIONS)}, kind="sheets")
    assert page.status_code == 422
    assert "choose the sheet of reviewers" in words(page)


def test_a_workbook_with_both_sheets(served: Served, chair: Browser, venue: str) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for title, text in (("Reviewers", REVIEWERS), ("Submissions", SUBMISSIONS)):
        sheet = book.create_sheet(title)
        for line in text.decode().splitlines():
            sheet.append(line.split(","))
    del book["Sheet"]
    stream = io.BytesIO()
    book.save(stream)
    send(chair, venue, "take", {"reviewers": ("both.xlsx", stream.getvalue())}, kind="sheets")
    assert {name: counts(served, venue)[name] for name in ("reviewers", "submissions")} == {
        "reviewers": 1,
        "submissions": 1,
    }


def test_cvs(served: Served, chair: Browser, venue: str) -> None:
    files = [("file", ("ada.txt", CV)), ("file", ("ada.txt", CV.replace(b"Ada Velden", b"Cleo Marsh")))]
    page = send(chair, venue, "preview", files, kind="documents")
    assert "Ada Velden" in words(page)
    assert "Cleo Marsh" in words(page)
    send(chair, venue, "take", files, kind="documents")
    assert counts(served, venue)["reviewers"] == 2
    more = CV + b'3. Ada Velden. "A Third Work on Trees." Invented Conference on Trees, 2024.\n'
    page = send(chair, venue, "take", [("file", ("more.txt", more))], kind="documents")
    assert counts(served, venue)["reviewers"] == 2  # the same person, told more about
    bad = [("file", ("a.docx", b"PK")), ("file", ("b.txt", CV))]
    page = send(chair, venue, "preview", bad, kind="documents")
    assert page.status_code == 422
    assert "a.docx" in words(page)
    assert str(served.service.data_dir) not in page.text


def test_an_archive_and_a_table(served: Served, chair: Browser, venue: str) -> None:
    files = {"file": ("sample.zip", packed(SAMPLE))}
    page = send(chair, venue, "take", files, kind="archive")
    assert page.url.path.endswith("/check")
    assert counts(served, venue)["submissions"] == 19
    line = b'{"id": "only", "title": "The only one left", "authors": ["Bo Hartig"]}\n'
    table = {"file": ("submissions.jsonl", line)}
    page = send(chair, venue, "preview", table, kind="table", table="submissions", mode="replace")
    assert "19" in words(page)
    assert counts(served, venue)["submissions"] == 19
    send(chair, venue, "take", table, kind="table", table="submissions", mode="replace")
    assert counts(served, venue)["submissions"] == 1
    send(chair, venue, "take", files, kind="archive", mode="replace")
    assert counts(served, venue)["submissions"] == 19
    page = send(chair, venue, "preview", {"file": ("again.zip", packed(SAMPLE))}, kind="archive")
    assert "As before" in words(page)


def test_another_system(served: Served, chair: Browser, venue: str) -> None:
    send(
        chair, venue, "take", {"reviewers": ("r.csv", REVIEWERS), "submissions": ("s.csv", SUBMISSIONS)}, kind="sheets"
    )
    who = served.admin.get(f"/v1/venues/{venue}/reviewers")["items"][0]["id"]
    bibliography = b"@article{one, title={Trees and their leaves}, author={Velden, Ada}, year={2024}}"
    page = send(chair, venue, "preview", {"file": ("ada.bib", bibliography)}, kind="system", format="bibtex")
    assert page.status_code in (200, 422)
    page = send(chair, venue, "preview", {"file": ("ada.bib", bibliography)}, kind="system", format="../x")
    assert page.status_code == 404
    assert who


@pytest.mark.parametrize(
    ("fields", "files", "message"),
    [
        ({"kind": "archive"}, {}, "choose a file"),
        ({"kind": "documents"}, {}, "choose at least one file"),
        ({"kind": "table", "table": "keys"}, {"file": ("a.csv", b"x")}, "choose which table"),
        ({"kind": "table", "table": "bids"}, {"file": ("a.xml", b"x")}, "this file ends in '.xml'"),
        ({"kind": "odd"}, {}, "is no kind that is known"),
        ({"kind": "archive"}, {"file": ("a.zip", b"no zip")}, "this is no zip archive"),
        ({"kind": "sheets"}, {"reviewers": ("a.csv", b"x\n1\n")}, "Taken"),
    ],
)
def test_what_cannot_be_read_is_refused(
    chair: Browser, venue: str, fields: dict[str, str], files: Any, message: str
) -> None:
    path = f"/venues/{venue}/data"
    page = chair.post(path, {"do": "take", **fields}, files=files or None)
    assert page.status_code == 422
    assert message in words(page) or message == "Taken"
    part = chair.post(path, {"do": "preview", **fields}, is_part=True, files=files or None)
    assert part.status_code == 200  # beside the form
    assert 'role="alert"' in part.text
    assert "<html" not in part.text


def test_sheets_over_the_api_name_what_is_missing(served: Served, venue: str) -> None:
    archive = packed(SAMPLE)
    with pytest.raises(ClientError, match="no sheet of reviewers"):
        served.admin.call("POST", f"/v1/venues/{venue}/sheets", content=archive)
    body = REVIEWERS.replace(b"Name", b"Somebody")
    with pytest.raises(ClientError) as caught:
        served.admin.call("POST", f"/v1/venues/{venue}/sheets", content=body, filename="a.csv", column="name=Nobody")
    assert caught.value.status == 422


# --- running --------------------------------------------------------------------------------------------------------


def test_the_form_starts_what_it_says(served: Served, chair: Browser, matched: dict[str, str]) -> None:
    page = chair.get("/venues/sample/run")
    assert page.status_code == 200
    assert 'value="5"' in page.text  # the venue's own most
    given = {
        "encoder": "tfidf",
        "objective": "max-total",
        "max_load": "4",
        "coauthor_window_months": "36",
        "keep": "yes",
    }
    page = chair.post("/venues/sample/run", {**given, "allow_partial": "yes", "min_load": "", "seed": "7"})
    assert "/jobs/" in page.url.path, words(page)
    job = served.admin.wait("sample", page.url.path.rpartition("/")[2])
    assert job["state"] == "succeeded"
    wanted = {"encoder": "tfidf", "objective": "max-total", "max_load": 4, "coauthor_window_months": 36, "seed": 7}
    assert job["config"] == {**wanted, "allow_partial": True}  # partial_date of the venue was left empty
    assert served.admin.get("/v1/venues/sample")["config"] == job["config"]
    page = chair.get("/venues/sample/run")
    assert re.search(r'<option value="max-total" selected>', page.text)
    over = chair.get(f"/venues/sample/jobs/{job['id']}")
    assert "The assignment is there." in words(over)
    part = chair.get(f"/venues/sample/jobs/{job['id']}", headers={"HX-Request": "true"})
    assert part.headers["hx-redirect"].endswith(f"/runs/{job['run_id']}")
    overview = words(chair.get(f"/venues/sample/runs/{job['run_id']}"))
    assert "57 of 57" in overview
    assert "The weakest submissions" in overview
    assert chair.get(f"/venues/sample/runs/{job['run_id']}/report").text.startswith("<!doctype html>")


def test_a_choice_that_is_not_allowed_is_refused_with_the_form(chair: Browser, matched: dict[str, str]) -> None:
    page = chair.post("/venues/sample/run", {"encoder": "tfidf", "top_k": "many"})
    assert page.status_code == 422
    assert 'value="many"' in page.text
    assert 'role="alert"' in page.text
    assert chair.post("/venues/absent/run", {}).status_code == 404


def test_a_run_that_fails_says_why(served: Served, chair: Browser, venue: str) -> None:
    served.admin.upload_venue(venue, packed(SAMPLE))
    page = chair.post(f"/venues/{venue}/run", {"encoder": "tfidf", "reviews_per_submission": "25"})
    job = served.admin.wait(venue, page.url.path.rpartition("/")[2])
    assert job["state"] == "failed"
    page = chair.get(f"/venues/{venue}/jobs/{job['id']}")
    assert job["error"]["detail"][:40] in words(page)
    assert "Check the data" in words(page)
    assert "failed" in words(chair.get(f"/venues/{venue}"))


def test_progress_asks_for_itself_until_it_is_over(served: Served, chair: Browser, matched: dict[str, str]) -> None:
    job_id = served.admin.submit("sample", config={**TFIDF, "seed": 99})["id"]
    page = chair.get(f"/venues/sample/jobs/{job_id}")
    assert 'hx-trigger="every 1s"' in page.text or "The assignment is there" in page.text
    part = chair.post(f"/venues/sample/jobs/{job_id}/cancel", is_part=True)
    assert "<html" not in part.text
    served.admin.wait("sample", job_id)
    over = chair.get(f"/venues/sample/jobs/{job_id}", headers={"HX-Request": "true"})
    assert "hx-trigger" not in over.text
    page = chair.post(f"/venues/sample/jobs/{job_id}/cancel")
    assert page.url.path == f"/console/venues/sample/jobs/{job_id}"


def test_a_venue_without_data_says_what_to_do(chair: Browser, venue: str) -> None:
    for path in (f"/venues/{venue}/check", f"/venues/{venue}/run"):
        page = chair.get(path)
        assert page.status_code == 200
        assert "Hand over data" in words(page)
    assert chair.get(f"/venues/{venue}/runs/current").status_code == 404


@pytest.mark.parametrize(
    ("default", "text", "wanted"),
    [(False, "yes", True), (True, "no", False), (False, "x", "x"), (3, "4", 4), (None, "4", 4), (0.5, "0.25", 0.25),
     ("hybrid", "tfidf", "tfidf"), (36, "all", "all")],
)  # fmt: skip
def test_fields_become_values(default: Any, text: str, wanted: Any) -> None:
    assert _value({"default": default}, text) == wanted
    assert type(_value({"default": default}, text)) is type(wanted)


# --- large venues, rows behind bars ---------------------------------------------------------------------------------


def test_what_takes_long_shows_up_at_once_and_asks_for_itself(
    chair: Browser, matched: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.console.quality._LARGE", 0)
    monkeypatch.setattr("service.console.overview._LARGE", 0)
    for path, there in (("/venues/sample/check?flag=thin", "Profiles"), ("/venues/sample/runs/current", "Weakest")):
        page = chair.get(path)
        address = re.search(r'hx-get="(/console[^"]+)" hx-trigger="load"', page.text)
        assert address, words(page)
        assert html.unescape(address[1]).startswith(f"/console{path}")
        assert "is being read" in words(page) or "are being read" in words(page)
        whole = chair.http.get(html.unescape(address[1]))
        assert there.casefold() in words(whole).casefold()
        assert "hx-trigger" not in whole.text
        part = chair.http.get(f"/console{path}", headers={"HX-Request": "true"})
        assert 'id="main"' in part.text  # from which HTMX takes what it puts in


def test_the_rows_behind_a_bar(served: Served, chair: Browser, matched: dict[str, str]) -> None:
    address = f"/venues/sample/runs/{matched['run']}/rows"
    loads = served.admin.get(f"/v1/venues/sample/runs/{matched['run']}/overview")["spreads"]["reviewer-load"]
    largest = loads[-1]
    page = chair.get(address, params={"of": "reviewer-load", "low": largest["low"], "high": largest["high"]})
    assert page.text.count('<th scope="row">') == largest["count"]
    assert "Submissions with a mean score" in words(chair.get(f"{address}?of=submission-mean&low=0&high=1"))
    assert "Nothing is here" in words(chair.get(f"{address}?of=pair-score&low=0.999&high=0.9991"))
    assert chair.get(f"{address}?of=odd&low=0&high=1").status_code == 404
    assert chair.get(f"{address}?of=reviews&low=x&high=1").status_code == 422


def test_a_sheet_whose_rows_cannot_be_taken_is_refused_with_the_rows(served: Served, venue: str) -> None:
    sheets = {"reviewers.csv": REVIEWERS, "submissions.csv": SUBMISSIONS + b",An abstract without a title,Bo Hartig\n"}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in sheets.items():
            archive.writestr(name, content)
    with pytest.raises(ClientError) as caught:
        served.admin.call("POST", f"/v1/venues/{venue}/sheets", content=stream.getvalue())
    assert caught.value.problem["errors"][0]["row"] == 3
    assert counts(served, venue) == {}


def test_a_chair_in_conflict_gets_the_check_of_what_they_see(served: Served, matched: dict[str, str]) -> None:
    whole = served.admin.get("/v1/venues/sample/check")
    with served.client("chair", venue_id="sample", person_id="li-shen") as client:
        seen = client.get("/v1/venues/sample/check")
    assert seen["counts"]["submissions"] < whole["counts"]["submissions"]
