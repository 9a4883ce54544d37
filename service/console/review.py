"""After a run: questions about conflicts, gaps, other weights, two runs side by side, exports, publishing."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from starlette.responses import Response

from service.console.pages import Pages, Visit

__all__ = ["pages"]

_RUN: Final = "/venues/{venue_id}/runs/{run_id}"

pages = Pages()
pages.entry("Conflict questions", f"{_RUN}/conflicts", order=300)
pages.entry("Gaps", f"{_RUN}/shortfalls", order=310)
pages.entry("What if", f"{_RUN}/what-if", order=320)
pages.entry("Compare and publish", f"{_RUN}/compare", order=330)
pages.entry("Exports", f"{_RUN}/exports", order=340)
pages.says(
    decided="The decisions are kept. They count from the next run on.",
    published="This run is the current one now.",
)

_OUTCOMES: Final = {"confirm": "confirmed", "dismiss": "dismissed", "withdraw": "withdrawn"}
_MOST_DECIDED: Final = 1_000


# --- conflict questions ---------------------------------------------------------------------------------------------


@pages.get(f"{_RUN}/conflicts")
def conflicts(visit: Visit) -> Response:
    """The questions that wait, each once."""
    shows_all = visit.query("all") == "yes"
    asked = {"all": str(shows_all).lower(), "limit": 50, "cursor": visit.query("cursor") or None}
    rule = visit.query("rule")
    page = visit.api.get(f"{visit.run_path}/questions", **asked, rule=rule or None)
    rules = sorted(
        each["rule"] for each in visit.api.get(f"{visit.run_path}/overview")["conflicts"]["rules"] if each["ask"]
    )
    context: dict[str, Any] = {"rules": rules, "rule": rule, "shows_all": shows_all}
    return visit.show("questions.html", shown=page["items"], more=page["next"], **context)


@pages.post(f"{_RUN}/conflicts")
def decide(visit: Visit) -> Response:
    """Confirm or dismiss the questions that were chosen, with one reason."""
    outcome = _OUTCOMES.get(visit.form("do"), "withdrawn")
    chosen = set(visit.forms("question"))
    entries: list[dict[str, Any]] = []
    for each in visit.api.pages(f"{visit.run_path}/questions", all="true", limit=500):
        if each["question"] in chosen:
            names = ("rule", "reviewer_id", "who", "verdict", "confidence", "facts")
            entries.append({**{name: each[name] for name in names}, "outcome": outcome, "reason": visit.form("reason")})
    if entries:
        visit.api.call("POST", f"{visit.venue_path}/decisions", json_body=entries[:_MOST_DECIDED])
    here = f"/venues/{visit.path['venue_id']}/runs/{visit.path['run_id']}/conflicts"
    more = {"all": "yes"} if visit.form("all") == "yes" else {}
    return visit.go(here, said="decided" if entries else "", **more)


# --- gaps -----------------------------------------------------------------------------------------------------------


@pages.get(f"{_RUN}/shortfalls")
def shortfalls(visit: Visit) -> Response:
    """What could not be met, why, and ways out."""
    return visit.show("shortfalls.html", found=visit.api.get(f"{visit.run_path}/shortfalls"))


# --- what if --------------------------------------------------------------------------------------------------------


@pages.get(f"{_RUN}/what-if")
def what_if(visit: Visit) -> Response:
    """One submission's ranking under other weights."""
    is_known = visit.is_partial and visit.query("submission")
    rows = [] if is_known else visit.api.get(f"{visit.run_path}/tables/submissions")["rows"]
    submission = visit.query("submission") or (rows[0][0] if rows else "")
    if not submission:
        return visit.show("what_if.html", found=None, rows=[], submission="", values={}, changed=[])
    now = visit.api.get(f"{visit.run_path}/what-if", submission_id=submission, count=1)["weights"]
    values = {name: visit.query(name) or _text(value) for name, value in now.items()}
    changed = [f"{name}={value}" for name, value in values.items() if value != _text(now[name])]
    found = visit.api.get(f"{visit.run_path}/what-if", submission_id=submission, set=changed or None)
    context = {"found": found, "submission": submission, "values": values, "changed": changed, "now": now}
    return visit.show("what_if.html", block="ranking", rows=[(row[0], row[1]) for row in rows], **context)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


# --- two runs, publishing -------------------------------------------------------------------------------------------


@pages.get(f"{_RUN}/compare")
def compare(visit: Visit) -> Response:
    """What another run does differently."""
    runs = [each for each in visit.api.get(f"{visit.venue_path}/runs", limit=100)["items"] if each["kind"] == "match"]
    one = visit.api.get(visit.run_path)
    other = visit.query("other") or next((each["id"] for each in runs if each["id"] != one["id"]), "")
    found = None
    if other and other != one["id"]:
        plain: dict[str, Any] = {
            "removed": [],
            "added": [],
            "winners": [],
            "losers": [],
            "loads": [],
            "settings": {},
            "figures": {},
        }
        found = {**plain, **visit.api.get(f"{visit.run_path}/comparison", other=other)}
    return visit.show("compare.html", runs=runs, one=one, other=other, found=found)


@pages.post(f"{_RUN}/publish")
def publish(visit: Visit) -> Response:
    """Make a run the current one: also the way back."""
    run_id = visit.form("run") or visit.path["run_id"]
    visit.api.call("POST", f"{visit.venue_path}/runs/{quote(run_id, safe='')}/publish")
    return visit.go(f"/venues/{visit.path['venue_id']}/runs/{run_id}", said="published")


# --- exports --------------------------------------------------------------------------------------------------------

_SYSTEMS: Final = {
    "csv": "Sheets (CSV), safe to open in a spreadsheet",
    "hotcrp": "HotCRP",
    "openreview": "OpenReview",
    "cmt": "CMT",
    "easychair": "EasyChair",
    "json": "JSON",
    "parquet": "Parquet",
}


@pages.get(f"{_RUN}/exports")
def exports(visit: Visit) -> Response:
    """The files for other systems, with a look at each before it is taken."""
    system = visit.query("system")
    found = visit.api.get(f"{visit.run_path}/exports/{quote(system, safe='')}/preview") if system else None
    return visit.show("exports.html", systems=_SYSTEMS, system=system, found=found)


@pages.get(f"{_RUN}/exports/download")
def download(visit: Visit) -> Response:
    """One export as zip."""
    return visit.pass_on(f"{visit.run_path}/exports/{quote(visit.query('system'), safe='')}")
