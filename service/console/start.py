"""The list of venues, making one, and a venue's own page."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

from starlette.responses import Response

from service.auth import ANYBODY
from service.client import ClientError
from service.console.pages import Pages, Visit

__all__ = ["pages"]

pages = Pages()
pages.entry("Venues", "/", order=10, roles=ANYBODY)
pages.entry("About this venue", "/venues/{venue_id}", order=100)
pages.says(
    made="The venue is there. Now hand over its reviewers and submissions.",
    sample="The sample is loaded: 19 submissions, 26 reviewers. Look at its data, or start a run.",
    changed="The venue is changed.",
)

_NUMBERS: Final = ("reviews_per_submission", "max_load", "min_load")
_SHOWN: Final = 10
_MAKERS: Final = frozenset(("admin", "system"))


@pages.get("/")
def venues(visit: Visit) -> Response:
    """Every venue that the key is for."""
    found = visit.api.get("/v1/venues", limit=100, cursor=visit.query("cursor") or None)
    return visit.show("venues.html", venues=found["items"], more=found["next"], may_make=_may_make(visit))


def _may_make(visit: Visit) -> bool:
    return not visit.principal.roles.isdisjoint(_MAKERS) and visit.principal.venue_id is None


@pages.get("/venues/new")
def new_venue(visit: Visit) -> Response:
    """The form for a venue."""
    return visit.show("new_venue.html", given={})


@pages.post("/venues/new")
def make_venue(visit: Visit) -> Response:
    """Make a venue."""
    facts = _facts(visit)
    venue_id = visit.form("id") or slug(visit.form("name"))
    try:
        visit.api.create_venue(venue_id, **{name: value for name, value in facts.items() if value is not None})
    except ClientError as error:
        given = {"id": visit.form("id"), **facts}
        return visit.show("new_venue.html", status=error.status, given=given, problem=error.problem)
    return visit.go(f"/venues/{venue_id}/data", said="made")


@pages.post("/venues/sample")
def load_sample(visit: Visit) -> Response:
    """Make a venue of the sample, under a name that is free."""
    taken = {each["id"] for each in visit.api.pages("/v1/venues", limit=1000)}
    names = ("sample", *(f"sample-{number}" for number in range(2, len(taken) + 3)))
    venue_id = next(name for name in names if name not in taken)
    visit.api.create_venue(venue_id)
    visit.api.call("POST", f"/v1/venues/{venue_id}/sample")
    return visit.go(f"/venues/{venue_id}", said="sample")


@pages.get("/venues/{venue_id}")
def venue(visit: Visit) -> Response:
    """A venue: what it holds, what was run, what to do next."""
    return _shown(visit)


@pages.post("/venues/{venue_id}")
def change_venue(visit: Visit) -> Response:
    """Change its name, deadline and numbers."""
    try:
        visit.api.call("PATCH", visit.venue_path, json_body=_facts(visit))
    except ClientError as error:
        if error.status != 422:
            raise
        return _shown(visit, status=422, problem=error.problem, given=_facts(visit))
    return visit.go(f"/venues/{visit.path['venue_id']}", said="changed")


def _shown(visit: Visit, *, given: dict[str, Any] | None = None, **more: Any) -> Response:
    found = visit.api.get(visit.venue_path)
    if not visit.is_chair:
        return visit.show("venue.html", venue=found, jobs=[], runs=[], given=found, **more)
    jobs = visit.api.get(f"{visit.venue_path}/jobs", limit=_SHOWN)["items"]
    runs = visit.api.get(f"{visit.venue_path}/runs", limit=_SHOWN)["items"]
    matches = [each for each in runs if each["kind"] == "match"]
    return visit.show("venue.html", venue=found, jobs=jobs, runs=matches, given=given or found, **more)


def _facts(visit: Visit) -> dict[str, Any]:
    """The facts of a form; an empty field takes one away. What is no number goes on as it is, to be refused."""
    facts: dict[str, Any] = {name: visit.form(name) or None for name in ("name", "deadline")}
    for name in _NUMBERS:
        text = visit.form(name)
        facts[name] = int(text) if text.isdecimal() and len(text) < 10 else text or None
    return facts


def slug(name: str) -> str:
    """A name as an id: small letters, digits and hyphens.

    >>> slug("Workshop on Größe, 2027")
    'workshop-on-grosse-2027'
    """
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
