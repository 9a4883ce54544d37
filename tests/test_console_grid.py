"""Browsing and editing in a real browser: sorts, filters, goes by keyboard, edits with the effect told beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from matcher.pipeline import MatchResult
from tests.browsing import chromium, findings, logged_in, quiet, too_wide
from tests.serving import Served
from tests.test_edits import free_place

pytestmark = pytest.mark.browser

HERE = "/console/venues/sample/runs/current"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


def first_cells(page: Any) -> list[str]:
    return [str(each) for each in page.locator(".vgrid .line > span:first-child").all_inner_texts()]


def test_the_table_sorts_filters_and_goes_by_keyboard(
    browser: Any, served: Served, matched_result: MatchResult
) -> None:
    page = logged_in(browser, served)
    page.goto(f"{served.address}{HERE}/submissions")
    page.locator(".vgrid[data-ready=yes]").wait_for()
    means = {
        name: sum(each.score or 0.0 for each in matched_result.assignment.pairs if each.submission_id == name)
        for name in matched_result.scores.submissions.ids
    }
    assert first_cells(page) == sorted(means, key=lambda name: (round(means[name] / 3, 4), name))
    page.get_by_role("button", name="Id", exact=True).click()
    assert first_cells(page) == sorted(means)
    page.get_by_role("button", name="Id", exact=True).click()
    assert first_cells(page) == sorted(means, reverse=True)
    assert page.get_by_role("columnheader", name="Id").get_attribute("aria-sort") == "descending"
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("/")
    page.keyboard.type("pruning")
    titles = {name for name in means if "pruning" in matched_result.venue.submission(name).title.lower()}
    assert titles <= set(first_cells(page))
    asked = parse_qs(urlsplit(page.url).query)
    assert (asked["q"], asked["sort"], asked["falls"]) == (["pruning"], ["id"], ["yes"])
    page.reload()
    page.locator(".vgrid[data-ready=yes]").wait_for()
    kept = first_cells(page)
    assert titles <= set(kept)
    page.locator(".vgrid").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/submission?*")
    assert parse_qs(urlsplit(page.url).query)["id"] == [kept[1]]
    quiet(page, served)
    page.context.close()


def test_a_swap_by_hand_from_preview_to_run(browser: Any, served: Served, matched_result: MatchResult) -> None:
    submission, old, new = free_place(matched_result)
    names: dict[str, str] = {who: matched_result.venue.name_of(who) for who in matched_result.scores.reviewers.ids}
    page = logged_in(browser, served)
    page.goto(f"{served.address}{HERE}/submission?id={submission}")
    line = page.get_by_role("row").filter(has_text=names[new])
    line.get_by_text("Instead of …").click()
    swap = line.get_by_role("button", name=f"Put {names[new]} in the place of {names[old]}", exact=True)
    swap.focus()
    page.locator("#effect").get_by_text("Total").wait_for()
    swap.click()
    page.get_by_text("1 pair added, 1 pair removed").wait_for()
    assert findings(page) == []
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("0 pairs added, 0 pairs removed").wait_for()
    page.get_by_role("button", name="Redo").click()
    page.get_by_text("1 pair added, 1 pair removed").wait_for()
    page.get_by_role("button", name="Save as a run").click()
    page.get_by_text("a run of their own now").wait_for()
    run = urlsplit(page.url).path.split("/")[-2]
    pairs = served.admin.pages(f"/v1/venues/sample/runs/{run}/assignment", submission_id=submission)
    assert new in {each["reviewer_id"] for each in pairs}
    quiet(page, served)
    page.context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_pages_are_accessible_and_fit(
    browser: Any, served: Served, matched_result: MatchResult, scheme: str, width: int
) -> None:
    page = logged_in(browser, served, color_scheme=scheme, viewport={"width": width, "height": 900})
    pair = matched_result.assignment.pairs[0]
    blocked = next(each for each in matched_result.conflicts.items if each.verdict.value == "block")
    named = "submission_id={0.submission_id}&reviewer_id={0.reviewer_id}"
    for path in (
        "/submissions",
        "/reviewers",
        f"/submission?id={pair.submission_id}&all=yes",
        f"/reviewer?id={pair.reviewer_id}",
        f"/pair?{named.format(pair)}",
        f"/pair?{named.format(blocked)}",
        "/conflicts?all=yes",
        "/shortfalls",
        "/what-if?length_correction=0",
        "/compare",
        "/exports?system=hotcrp",
    ):
        page.goto(f"{served.address}{HERE}{path}")
        if path in ("/submissions", "/reviewers"):
            page.locator(".vgrid[data-ready=yes]").wait_for()
        assert findings(page) == [], path
        assert not too_wide(page), path
        assert page.locator("h1").count() == 1, path
    page.context.close()
