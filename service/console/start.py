"""The list of venues, and making one."""

from __future__ import annotations

from starlette.responses import Response

from service.auth import ANYBODY
from service.console.pages import Pages, Visit

__all__ = ["pages"]

pages = Pages()
pages.entry("Venues", "/", order=10, roles=ANYBODY)


@pages.get("/")
def venues(visit: Visit) -> Response:
    """Every venue that the key is for."""
    found = visit.api.get("/v1/venues", limit=100, cursor=visit.query("cursor") or None)
    return visit.show("venues.html", venues=found["items"], more=found["next"])
