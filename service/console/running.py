"""Starting a run, and watching it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from service.client import ClientError
from service.console.pages import Pages, Visit

__all__ = ["pages"]

pages = Pages()
pages.entry("Start a run", "/venues/{venue_id}/run", order=130)
pages.says(
    cancelled="The run is being cancelled.",
    already="The same run is under way already; this is it.",
)

_FIRST: Final = ("reviews_per_submission", "max_load", "min_load", "objective", "encoder", "policy", "allow_partial")
"""Settings with words of their own on the form, before all the others."""

_FIXED: Final = ("model", "background", "device", "deadline", "draw_seed")
"""Settings that the service fixes, or that stand elsewhere: the deadline is the venue's."""

_OBJECTIVES: Final = (
    ("max-min", "Fair: serve the worst served submission as well as possible, then the total"),
    ("max-total", "Total: the highest sum of scores"),
    ("leximin", "Fairest: the worst served, then the second worst, and so on (slower)"),
    ("cvar", "Fair to the worst tenth: the mean of the worst served submissions"),
    ("randomised", "Randomised: no pair is certain, against bids that are made to get a paper"),
    ("perturbed", "Randomised, spread further"),
)
_ENCODERS: Final = (
    ("hybrid", "Meaning and rare terms together: the most exact"),
    ("sentence", "Meaning alone"),
    ("tfidf", "Words alone: the fastest, for a first look"),
)
_TITLES: Final[Mapping[str, str]] = {
    "expertise": "Expertise",
    "bids": "Bids and recommendations",
    "external": "Scores of other systems",
    "conflicts": "Conflicts of interest",
    "assignment": "Assignment",
    "run": "Chance",
}
_STAGES: Final[Mapping[str, str]] = {
    "import": "Read the venue",
    "conflicts": "Find conflicts of interest",
    "embed": "Read the texts",
    "score": "Score every pair",
    "assign": "Assign",
    "report": "Write the report",
}
_OVER: Final = ("succeeded", "failed", "cancelled")


@pages.get("/venues/{venue_id}/run")
def form(visit: Visit) -> Response:
    """The choices of a run, those of the venue filled in."""
    return _form(visit, given=None)


def _form(visit: Visit, *, given: Mapping[str, str] | None, **more: Any) -> Response:
    found = visit.api.get(visit.venue_path)
    settings = {each["name"]: each for each in visit.api.get("/v1/settings")}
    chosen = {name: _text(value) for name, value in found["config"].items() if name in settings}
    for name in ("reviews_per_submission", "max_load", "min_load"):
        chosen.setdefault(name, _text(found[name]))
    policies = [(each["name"], each["title"]) for each in visit.api.get("/v1/policies")]
    sections: dict[str, list[dict[str, Any]]] = {}
    for name, each in settings.items():
        if name not in (*_FIRST, *_FIXED):
            sections.setdefault(each["section"], []).append({**each, "shown": _text(each["default"])})
    return visit.show(
        "run.html",
        counts=found["counts"],
        venue=found,
        settings=settings,
        sections=[(_TITLES.get(name, name), entries) for name, entries in sections.items()],
        objectives=_OBJECTIVES,
        encoders=_ENCODERS,
        policies=policies,
        given=chosen if given is None else given,
        **more,
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


@pages.post("/venues/{venue_id}/run")
def start(visit: Visit) -> Response:
    """Start a run, and watch it."""
    settings: Sequence[dict[str, Any]] = visit.api.get("/v1/settings")
    given = {each["name"]: visit.form(each["name"]) for each in settings if visit.form(each["name"])}
    config = {each["name"]: _value(each, given[each["name"]]) for each in settings if each["name"] in given}
    try:
        before = visit.api.get(visit.venue_path)["config"]
        # An empty field is the default, also where the venue's own choices say something else.
        cleared = {name: None for name in before if name != "constraints" and name not in config}
        if visit.form("keep"):
            kept = {"constraints": before["constraints"]} if "constraints" in before else {}
            visit.api.call("PUT", f"{visit.venue_path}/config", json_body={"config": {**config, **kept}})
        job = visit.api.submit(visit.path["venue_id"], config={**cleared, **config})
    except ClientError as error:
        if error.status not in (409, 422):
            raise
        return _form(visit, given=given, status=error.status, problem=error.problem)
    return visit.go(f"/venues/{visit.path['venue_id']}/jobs/{job['id']}")


def _value(setting: Mapping[str, Any], text: str) -> Any:
    """The value of a field; what is not of its kind goes on as text, to be refused with the reason."""
    if isinstance(setting["default"], bool):
        return {"yes": True, "no": False}.get(text, text)
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


@pages.get("/venues/{venue_id}/jobs/{job_id}")
def job(visit: Visit) -> Response:
    """How far a run has come; a part of it is asked for again every second."""
    return _job(visit, visit.api.get(f"{visit.venue_path}/jobs/{visit.path['job_id']}"))


@pages.post("/venues/{venue_id}/jobs/{job_id}/cancel")
def cancel(visit: Visit) -> Response:
    """End a run."""
    found = visit.api.cancel(visit.path["venue_id"], visit.path["job_id"])
    if visit.is_partial:
        return _job(visit, found)
    return visit.go(f"/venues/{visit.path['venue_id']}/jobs/{visit.path['job_id']}", said="cancelled")


def _job(visit: Visit, found: dict[str, Any]) -> Response:
    if visit.is_partial and found["state"] == "succeeded" and found["run_id"] and found["kind"] == "match":
        return visit.go(f"/venues/{visit.path['venue_id']}/runs/{found['run_id']}")
    names = found["stages"]
    at = names.index(found["stage"]) if found["stage"] in names else -1
    stages = [
        {
            "name": name,
            "words": _STAGES.get(name, name),
            "state": "done" if number < at or found["state"] == "succeeded" else "runs" if number == at else "waits",
        }
        for number, name in enumerate(names)
    ]
    return visit.show("job.html", block="progress", job=found, stages=stages, is_over=found["state"] in _OVER)
