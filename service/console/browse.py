"""Browse an assignment by submission and by reviewer, edit it by hand, and ask why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.responses import Response

from service.client import ClientError
from service.console.pages import Pages, Visit

__all__ = ["pages"]

pages = Pages()
pages.entry("Submissions", "/venues/{venue_id}/runs/{run_id}/submissions", order=210)
pages.entry("Reviewers", "/venues/{venue_id}/runs/{run_id}/reviewers", order=220)
pages.says(
    saved="The edits are a run of their own now. The run before stays as it was.",
    discarded="The edits are thrown away.",
)

_RUN: Final = "/venues/{venue_id}/runs/{run_id}"

_COLUMNS: Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    "submissions": (
        ("id", "Id", "id"),
        ("title", "Title", "text"),
        ("track", "Track", "text"),
        ("reviews", "Reviews", "share"),
        ("mean", "Mean score", "score"),
        ("lowest", "Lowest", "score"),
        ("blocked", "Blocked", "number"),
        ("asked", "Asked", "number"),
        ("reviewers", "Reviewers", "names"),
    ),
    "reviewers": (
        ("id", "Id", "id"),
        ("name", "Name", "text"),
        ("load", "Load", "share"),
        ("mean", "Mean score", "score"),
        ("lowest", "Lowest", "score"),
        ("papers", "Papers", "number"),
        ("blocked", "Blocked", "number"),
        ("asked", "Asked", "number"),
        ("submissions", "Submissions", "names"),
    ),
}
"""Of each table: field, heading, and how it is shown."""

_ONLY: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "submissions": (
        ("", "all submissions"),
        ("short", "that miss reviews"),
        ("asked", "with open questions"),
        ("weak", "the weakest tenth"),
    ),
    "reviewers": (
        ("", "all reviewers"),
        ("idle", "without a submission"),
        ("free", "with room"),
        ("full", "at their maximum"),
        ("asked", "with open questions"),
    ),
}

STATUS_WORDS: Final[Mapping[str, str]] = {
    "eligible": "may review it",
    "last_resort": "no known publications; last resort",
    "required": "required by hand",
    "blocked": "conflict",
    "ask": "open question about a conflict",
    "forbidden": "forbidden by hand",
    "below_floor": "below the score floor",
    "unscored": "no known publications",
    "unavailable": "declined, retired, or without load",
    "refused": "refused in the bid",
    "not_again": "judged an earlier version",
    "ruled_out": "a rule bars the pair",
    "declined": "declined it before",
}
"""What the status of a pair means, in words."""


# --- tables ---------------------------------------------------------------------------------------------------------


@pages.get(f"{_RUN}/submissions")
def submissions(visit: Visit) -> Response:
    """Every submission of a run."""
    return _table(visit, "submissions")


@pages.get(f"{_RUN}/reviewers")
def reviewers(visit: Visit) -> Response:
    """Every reviewer of a run."""
    return _table(visit, "reviewers")


def _table(visit: Visit, side: str) -> Response:
    draft = _draft(visit)
    asked = {"draft": draft["id"]} if draft else {}
    here = _address(visit, f"/{side}")
    return visit.show(
        "grid.html",
        side=side,
        draft=draft,
        columns=json.dumps(_COLUMNS[side]),
        only=_ONLY[side],
        source=f"{here}/data" + (f"?{urlencode(asked)}" if asked else ""),
        detail=_address(visit, f"/{side[:-1]}"),
        keep=urlencode(asked),
    )


@pages.get(f"{_RUN}/submissions/data")
def submission_data(visit: Visit) -> Response:
    """The rows behind the table of submissions."""
    return visit.pass_on(f"{visit.run_path}/tables/submissions", **_of_draft(visit))


@pages.get(f"{_RUN}/reviewers/data")
def reviewer_data(visit: Visit) -> Response:
    """The rows behind the table of reviewers."""
    return visit.pass_on(f"{visit.run_path}/tables/reviewers", **_of_draft(visit))


# --- one submission, one reviewer, one pair -------------------------------------------------------------------------


@pages.get(f"{_RUN}/submission")
def submission(visit: Visit) -> Response:
    """One submission: who has it, who could, who must not."""
    return _one(visit, "submission", visit.query("id"))


@pages.get(f"{_RUN}/reviewer")
def reviewer(visit: Visit) -> Response:
    """One reviewer: what they have, what they could, what they must not."""
    return _one(visit, "reviewer", visit.query("id"))


def _one(visit: Visit, side: str, name: str) -> Response:
    shows_all = visit.query("all") == "yes"
    found = visit.api.get(
        f"{visit.run_path}/{side}s/{quote(name, safe='')}",
        count=40 if shows_all else 10,
        only_free=str(not shows_all).lower(),
        **_of_draft(visit),
    )
    return visit.show(f"{side}.html", one=found, draft=_draft(visit), words=STATUS_WORDS, shows_all=shows_all)


@pages.get(f"{_RUN}/pair")
def pair(visit: Visit) -> Response:
    """Why this pair, why not, or why it may not be."""
    names: dict[str, Any] = {"submission_id": visit.query("submission_id"), "reviewer_id": visit.query("reviewer_id")}
    why = visit.api.get(f"{visit.run_path}/explanation", **names)
    conflicts = visit.api.get(f"{visit.run_path}/conflicts", limit=100, **names)["items"]
    one = visit.api.get(f"{visit.run_path}/submissions/{quote(names['submission_id'], safe='')}", count=0)
    other = visit.api.get(f"{visit.run_path}/reviewers/{quote(names['reviewer_id'], safe='')}", count=0)
    context = {"why": why, "conflicts": conflicts, "one": one, "reviewer_name": other["name"], "words": STATUS_WORDS}
    return visit.show("pair.html", draft=_draft(visit), **context, **names)


# --- edits ----------------------------------------------------------------------------------------------------------


@pages.get(f"{_RUN}/effect")
def effect(visit: Visit) -> Response:
    """What an edit would do, before it is made; for HTMX."""
    names = ("do", "submission_id", "reviewer_id", "instead_of")
    asked = {name: visit.query(name) for name in names if visit.query(name)}
    tried = visit.api.get(f"{visit.run_path}/effect", **asked, **_of_draft(visit))
    return visit.show("effect.html", block="effect", tried=tried)


@pages.post(f"{_RUN}/edit")
def edit(visit: Visit) -> Response:
    """Add, remove or swap; undo and redo; complete, save, or throw away."""
    act = visit.form("do")
    draft_id = visit.form("draft")
    if not draft_id:
        begun = visit.api.call("POST", f"{visit.venue_path}/drafts", json_body={"run_id": visit.path["run_id"]}).json()
        draft_id = begun["id"]
    path = f"{visit.venue_path}/drafts/{draft_id}"
    back = visit.form("back")
    if act == "save":
        made = visit.api.call("POST", f"{path}/save", json_body={"publish": visit.form("publish") == "yes"}).json()
        return visit.go(f"/venues/{visit.path['venue_id']}/runs/{made['id']}/submissions", said="saved")
    if act == "discard":
        visit.api.call("DELETE", path)
        return visit.go(f"/venues/{visit.path['venue_id']}/runs/{visit.path['run_id']}/submissions", said="discarded")
    if act in ("undo", "redo", "complete"):
        visit.api.call("POST", f"{path}/{act}")
        return _back(visit, back, draft_id)
    try:
        visit.api.call("POST", f"{path}/steps", json_body=_step(visit.form))
    except ClientError as error:
        if error.kind != "conflict":
            raise
        step = {name: visit.form(name) for name in ("do", "submission_id", "reviewer_id", "instead_of")}
        faults = error.problem.get("errors", ())
        can_exceed = bool(faults) and all(each.get("rule") in ("load", "demand") for each in faults)
        context: dict[str, Any] = {"problem": error.problem, "step": step, "draft_id": draft_id, "back": back}
        return visit.show("refused.html", status=409, can_exceed=can_exceed, **context)
    return _back(visit, back, draft_id)


def _step(read: Any) -> dict[str, Any]:
    """A step of the draft from the fields of a form or an address."""
    submission_id, reviewer_id = read("submission_id"), read("reviewer_id")
    named = {"submission_id": submission_id, "reviewer_id": reviewer_id}
    step: dict[str, Any] = {"may_exceed": read("may_exceed") == "yes"}
    if read("do") == "remove":
        return {**step, "remove": [named]}
    if read("instead_of"):
        step["remove"] = [{"submission_id": submission_id, "reviewer_id": read("instead_of")}]
    return {**step, "add": [named]}


def _back(visit: Visit, back: str, draft_id: str) -> Response:
    """The page that the edit was made on, with the draft."""
    side, _, name = back.partition(":")
    here = f"/venues/{visit.path['venue_id']}/runs/{visit.path['run_id']}"
    if side in ("submission", "reviewer") and name:
        return visit.go(f"{here}/{side}", id=name, draft=draft_id)
    return visit.go(f"{here}/{'reviewers' if side == 'reviewers' else 'submissions'}", draft=draft_id)


def _draft(visit: Visit) -> dict[str, Any] | None:
    """The draft of the address, with its effect."""
    name = visit.query("draft")
    return visit.api.get(f"{visit.venue_path}/drafts/{quote(name, safe='')}") if name else None


def _of_draft(visit: Visit) -> dict[str, Any]:
    return {"draft_id": visit.query("draft")} if visit.query("draft") else {}


def _address(visit: Visit, rest: str) -> str:
    values = {name: quote(value, safe="") for name, value in visit.path.items()}
    return "/console" + _RUN.format(**values) + rest
