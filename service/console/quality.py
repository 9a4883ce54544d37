"""The state of the data before anything is run: what must be mended, what weakens a match, whose profile is odd."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from service.client import ClientError
from service.console.pages import Pages, Visit

__all__ = ["pages"]

pages = Pages()

_LARGE: Final = 5_000
"""Records from which reading takes more than a moment."""

pages.entry("Check of the data", "/venues/{venue_id}/check", order=120)


@pages.get("/venues/{venue_id}/check")
def check(visit: Visit) -> Response:
    """Findings, and the profiles with flags."""
    counts = visit.api.get(visit.venue_path)["counts"]
    if sum(counts.values()) > _LARGE:
        later = visit.later("Check of the data", "The data are being read, which takes some seconds the first time.")
        if later is not None:
            return later
    flag = visit.query("flag") or None
    try:
        found = visit.api.get(f"{visit.venue_path}/check")
        flags = visit.api.get(f"{visit.venue_path}/profiles/flags")
    except ClientError as error:
        if error.kind != "invalid-data":
            raise
        return visit.show("check.html", found=None, why=error.problem["detail"])
    cursor = visit.query("cursor") or None
    profiles = visit.api.get(f"{visit.venue_path}/profiles", flag=flag, limit=50, cursor=cursor)
    return visit.show(
        "check.html",
        found=found,
        flags=flags,
        flag=flag,
        profiles=profiles["items"],
        more=profiles["next"],
    )
