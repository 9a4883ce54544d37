"""A run at a glance, and the rows behind each bar."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from service.console.pages import Pages, Visit

__all__ = ["pages"]

pages = Pages()
pages.entry("Overview", "/venues/{venue_id}/runs/{run_id}", order=200)

_LARGE: Final = 5_000
"""Publications from which reading a run takes more than a moment."""

_DRAWN: Final = (
    ("submission-mean", "Submissions by mean score", "mean score", "submission"),
    ("pair-score", "Assigned pairs by score", "score", "pair"),
    ("reviewer-load", "Reviewers by load", "submissions", "reviewer"),
    ("reviewer-mean", "Reviewers by mean score", "mean score", "reviewer"),
)
"""Each drawing: what is spread, its title, its axis, and what a bar counts."""


@pages.get("/venues/{venue_id}/runs/{run_id}")
def overview(visit: Visit) -> Response:
    """The figures of a run, their spread, its parts, the weakest submissions, the questions that wait."""
    run = visit.api.get(visit.run_path)
    if run["manifest"]["venue"]["papers"] > _LARGE:
        later = visit.later("Overview", "The run is being read, which takes some seconds the first time.")
        if later is not None:
            return later
    found = visit.api.get(f"{visit.run_path}/overview")
    review = visit.link("/venues/{venue_id}/runs/{run_id}/conflicts", verdict="ask")
    charts = [_chart(visit, found, *each) for each in _DRAWN]
    return visit.show(
        "overview.html",
        run=run,
        found=found,
        figures=found["figures"],
        charts=charts,
        review=review,
        links={"pair": _to(visit, "pair"), "submission": _to(visit, "submissions")},
    )


def _to(visit: Visit, page: str) -> str | None:
    return visit.link(f"/venues/{{venue_id}}/runs/{{run_id}}/{page}")


def _chart(visit: Visit, found: dict[str, Any], of: str, title: str, axis: str, thing: str) -> dict[str, Any]:
    here = visit.request.url.path
    is_whole = of == "reviewer-load"
    bins = []
    for each in found["spreads"][of]:
        place = (
            f"{each['low']:g}"
            if is_whole and each["high"] - each["low"] == 1
            else f"{each['low']:g} to {each['high']:g}"
        )
        told = f"{axis} {place}: {each['count']:,} {thing}{'' if each['count'] == 1 else 's'}"
        asked = urlencode({"of": of, "low": each["low"], "high": each["high"]})
        bins.append({**each, "told": told, "href": f"{here}/rows?{asked}"})
    marks = [(found["figures"]["5th percentile"], "5th percentile")] if of == "submission-mean" else []
    total = sum(each["count"] for each in bins)
    return {
        "title": title,
        "axis": axis,
        "bins": bins,
        "marks": marks,
        "thing": thing,
        "total": total,
        "whole": is_whole,
    }


@pages.get("/venues/{venue_id}/runs/{run_id}/rows")
def rows(visit: Visit) -> Response:
    """What is behind a bar."""
    of, low, high = visit.query("of"), visit.query("low"), visit.query("high")
    cursor = visit.query("cursor") or None
    found = visit.api.get(f"{visit.run_path}/overview/rows", of=of, low=low, high=high, limit=100, cursor=cursor)
    address = f"{visit.request.url.path}?{urlencode({'of': of, 'low': low, 'high': high})}"
    return visit.show(
        "rows.html",
        of=of,
        low=low,
        high=high,
        rows=found["items"],
        more=found["next"],
        address=address,
        pair=_to(visit, "pair"),
    )


@pages.get("/venues/{venue_id}/runs/{run_id}/report")
def report(visit: Visit) -> Response:
    """The report as the API gives it: one page with a policy of its own."""
    return visit.pass_on(f"{visit.run_path}/report", headers={"X-Frame-Options": "DENY"})
