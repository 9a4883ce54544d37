"""The console in a real browser: the way from files to an assignment, by mouse and by keyboard, light, dark, narrow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.client import packed
from tests.browsing import chromium, findings, logged_in, quiet, too_wide
from tests.serving import Served

SAMPLE = Path(__file__).parents[1] / "data" / "sample"

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/venues/new",
    "/venues/sample",
    "/venues/sample/data?kind=archive",
    "/venues/sample/check",
    "/venues/sample/check?flag=thin",
    "/venues/sample/run",
    "/venues/sample/jobs/{job}",
    "/venues/sample/runs/current",
    "/venues/sample/runs/{run}/rows?of=reviewer-load&low=1&high=2",
    "/venues/sample/runs/{run}/rows?of=pair-score&low=0&high=1",
    "/venues/sample/runs/{run}/rows?of=submission-mean&low=0.9&high=0.95",
    "/venues/empty",
    "/venues/empty/check",
    "/venues/empty/run",
    "/nothing",
)
"""Every page of the console that is not reached by a form."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def venues(served: Served, matched: dict[str, str]) -> dict[str, str]:
    served.admin.create_venue("empty")
    return matched


def test_from_a_file_to_an_assignment(browser: Any, served: Served, tmp_path: Path) -> None:
    archive = tmp_path / "venue.zip"
    archive.write_bytes(packed(SAMPLE))
    page = logged_in(browser, served)
    page.goto(f"{served.address}/console/venues/new")
    page.get_by_label("Name (required)").fill("Trees 2027")
    page.get_by_role("button", name="Make the venue").click()
    page.wait_for_url("**/venues/trees-2027/data*")
    page.get_by_text("The venue is there.").wait_for()
    page.get_by_text("A venue folder", exact=True).click()
    page.get_by_label("Zip", exact=True).set_input_files(archive)
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("Preview: nothing is changed yet.").wait_for()
    assert served.admin.get("/v1/venues/trees-2027")["counts"] == {}
    page.get_by_role("button", name="Take in").click()
    page.wait_for_url("**/venues/trees-2027/check*")
    page.get_by_text("A run is possible.").wait_for()
    page.get_by_role("link", name="Thin 1").click()
    assert page.locator("#profiles ~ .scroll tbody tr").count() == 1
    page.get_by_role("main").get_by_role("link", name="Start a run").click()
    page.get_by_label("How texts are compared").select_option("tfidf")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/jobs/*")
    page.wait_for_url(re.compile(r"/runs/[0-9a-f]+$"), timeout=60_000)  # by itself, when the run is over
    page.get_by_text("57 of 57").first.wait_for()
    page.locator("figure a").first.click()
    page.wait_for_url("**/rows?*")
    assert page.locator("tbody tr").count() >= 1
    quiet(page, served)
    page.context.close()


def test_a_run_is_watched_and_cancelled(browser: Any, served: Served, venues: dict[str, str]) -> None:
    page = logged_in(browser, served)
    page.goto(f"{served.address}/console/venues/sample/run")
    page.get_by_label("What counts most").select_option("leximin")
    page.get_by_label("How texts are compared").select_option("tfidf")
    before = served.admin.get("/v1/venues/sample/jobs")["items"]
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/jobs/*")
    page.get_by_role("button", name="Cancel the run").click()
    page.get_by_text("The run was cancelled.").wait_for(timeout=30_000)
    jobs = served.admin.get("/v1/venues/sample/jobs")["items"]
    assert len(jobs) == len(before) + 1
    assert jobs[0]["state"] == "cancelled"
    assert served.admin.get("/v1/venues/sample")["current_run_id"] == venues["run"]
    quiet(page, served)
    page.context.close()


def test_a_file_that_is_wrong_is_refused_beside_its_form(
    browser: Any, served: Served, venues: dict[str, str], tmp_path: Path
) -> None:
    wrong = tmp_path / "reviewers.csv"
    wrong.write_text("id,nmae\nada,Ada\n", encoding="utf-8")
    page = logged_in(browser, served)
    page.goto(f"{served.address}/console/venues/empty/data?kind=table")
    page.get_by_label("File", exact=True).set_input_files(wrong)
    page.get_by_role("button", name="Preview").click()
    page.locator("#outcome-table").get_by_role("alert").wait_for()
    assert "name" in page.locator("#outcome-table").inner_text()
    page.get_by_role("button", name="Take in").click()
    page.get_by_role("alert").wait_for()
    assert served.admin.get("/v1/venues/empty")["counts"] == {}
    page.context.close()


@pytest.mark.parametrize(
    ("scheme", "width"),
    [
        ("light", 1280),
        ("dark", 390),
        pytest.param("dark", 1280, marks=pytest.mark.long),
        pytest.param("light", 390, marks=pytest.mark.long),
    ],
)
def test_every_page_is_accessible_and_fits(
    browser: Any, served: Served, venues: dict[str, str], tmp_path: Path, scheme: str, width: int
) -> None:
    page = logged_in(browser, served, color_scheme=scheme, viewport={"width": width, "height": 900})
    page.goto(f"{served.address}/console/venues/sample/data")
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    assert findings(page) == []
    for path in PAGES:
        page.goto(f"{served.address}/console{path.format(**venues)}")
        page.screenshot(path=tmp_path / f"{re.sub('[^a-z]+', '-', path)}.png", full_page=True)
        assert findings(page) == [], path
        assert not too_wide(page), path
        assert page.locator("h1").count() == 1, path
    page.goto(f"{served.address}/console/venues/sample/run")
    page.locator("details summary").click()
    assert findings(page) == []
    assert not too_wide(page)
    page.context.close()


def test_the_entrance_is_accessible_and_a_link_logs_in(browser: Any, served: Served) -> None:
    page = browser.new_page()
    page.goto(f"{served.address}/login")
    page.goto(f"{served.address}/console/login")
    assert findings(page) == []
    page.get_by_label("Key").fill("mk_a_b")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("alert").wait_for()
    assert findings(page) == []
    page.goto(f"{served.address}/login?code={served.service.keys.login_code()}")
    page.wait_for_url("**/console/")  # the form sends itself
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="Log out").click()
    page.get_by_text("You are logged out.").wait_for()
    page.close()


def test_the_whole_way_by_keyboard(browser: Any, served: Served, venues: dict[str, str]) -> None:
    """Tab reaches everything, in the order of the page, and what has the focus is seen."""
    page = logged_in(browser, served)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    _tab_to(page, "Sample workshop")
    page.keyboard.press("Enter")
    page.wait_for_url("**/venues/sample")
    _tab_to(page, "Start a run")
    page.keyboard.press("Enter")
    page.wait_for_url("**/venues/sample/run")
    _tab_to(page, "Start")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert page.get_by_label("Keep these choices").is_checked()
    page.context.close()


def _tab_to(page: Any, words: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        found = page.evaluate("""() => {
            const on = document.activeElement, style = getComputedStyle(on);
            return [on.textContent.trim(), style.outlineStyle]; }""")
        assert found[1] != "none", found
        if found[0] == words:
            return
    raise AssertionError(f"Tab does not reach '{words}'")


def test_it_works_without_script(browser: Any, served: Served, venues: dict[str, str], tmp_path: Path) -> None:
    archive = tmp_path / "venue.zip"
    archive.write_bytes(packed(SAMPLE))
    page = logged_in(browser, served, java_script_enabled=False)
    page.goto(f"{served.address}/console/venues/empty/data?kind=archive")
    page.get_by_label("Zip", exact=True).set_input_files(archive)
    page.locator("details[open]").get_by_role("button", name="Preview").click()
    page.get_by_text("Preview: nothing is changed yet.").wait_for()
    assert served.admin.get("/v1/venues/empty")["counts"] == {}
    page.goto(f"{served.address}/console/venues/sample/jobs/{venues['job']}")
    page.get_by_role("link", name="See the overview").click()
    page.get_by_text("57 of 57").first.wait_for()
    page.context.close()


NASTY = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    '"><svg onload=window.hit=1>',
    "{{ 7*7 }}{% for a in [1] %}x{% endfor %}",
    "javascript:window.hit=1",
    "' onmouseover='window.hit=1",
    "<a href='javascript:window.hit=1'>me</a>",
    "</textarea></title><script>window.hit=1</script>",
    "\u202e\u2066<b>right to left</b>",
    "&lt;script&gt;window.hit=1&lt;/script&gt;",
    "[x](javascript:window.hit=1)",
    "<iframe srcdoc='<script>parent.hit=1</script>'>",
    "<div hx-get='/console/' hx-trigger='load'>x</div>",
)


def test_nothing_that_people_write_runs(browser: Any, served: Served) -> None:
    """A stored text in every place that people fill: names, titles, tracks, attributes, ids, reasons."""
    import json

    served.admin.create_venue("nasty", name=NASTY[0], deadline="2027-01-31", reviews_per_submission=1, max_load=5)
    papers: list[dict[str, Any]] = []
    reviewers: list[dict[str, Any]] = []
    submissions: list[dict[str, Any]] = []
    for number, text in enumerate(NASTY):
        paper_id = f"p{number}{text[:40]}"
        papers.append({"id": paper_id, "title": f"trees {text}", "authors": [{"name": f"Ada {text}"}], "year": 2026})
        attributes = {f"seniority {text[:20]}": text}
        reviewers.append({"id": f"r{number}{text[:40]}", "name": f"Ada {text}", "publications": [paper_id]})
        reviewers[-1]["attributes"] = attributes
        submissions.append({"id": f"s{number}{text[:40]}", "title": f"forests {text}", "abstract": text})
        submissions[-1] |= {"track": text, "attributes": attributes, "authors": [{"name": f"Bo {text}"}]}
    for table, rows in (("publications", papers), ("reviewers", reviewers), ("submissions", submissions)):
        served.admin.upload("nasty", table, "".join(json.dumps(row) + "\n" for row in rows).encode())
    job = served.admin.wait("nasty", served.admin.submit("nasty", config={"encoder": "tfidf"})["id"])
    assert job["state"] == "succeeded", job
    page = logged_in(browser, served)
    run = f"/venues/nasty/runs/{job['run_id']}"
    spreads = [f"{run}/rows?of={of}&low=0&high=100" for of in ("submission-mean", "pair-score", "reviewer-load")]
    for path in ("/", "/venues/nasty", "/venues/nasty/check", "/venues/nasty/run", "/venues/nasty/data", run, *spreads):
        page.goto(f"{served.address}/console{path}")
        assert page.evaluate("window.hit") is None, path
        assert page.locator("main script, main iframe, main img, main [onerror], main [onload]").count() == 0, path
        assert page.locator("a[href^='javascript']").count() == 0, path
    assert "7*7" in page.content()
    quiet(page, served)
    page.context.close()
