"""A run at a glance, and a venue's profiles before it is run: what the first pages of the console show."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query

from matcher.ingest.quality import PROFILE_FLAGS, ProfileCheck
from service.auth import CHAIRS, Principal, allow
from service.looking import look_at
from service.overview import SPREADS, Overview
from service.problems import Problem
from service.routes.common import PROBLEMS, Cursor, Limit, Sees, ServiceOf, VenueId, WhoAsks, operation_id, venue_row
from service.routes.runs import paged, result_for
from service.schemas import Page
from service.state import Service
from service.storage.visible import Sight

__all__ = ["router"]

router = APIRouter(generate_unique_id_function=operation_id, responses=PROBLEMS)


def _overview(service: Service, principal: Principal, venue_id: str, run_id: str) -> tuple[Overview, str]:
    result, row = result_for(service, principal, venue_id, run_id)
    return service.results.overview(row["digest"], result, principal.person_id), row["id"]


@router.get("/v1/venues/{venue_id}/runs/{run_id}/overview", tags=["runs"])
@allow(CHAIRS)
def read_overview(service: ServiceOf, principal: WhoAsks, venue_id: VenueId, run_id: str) -> dict[str, Any]:
    """A run at a glance: figures, spreads with the counts of their bins, groups, conflicts, the weakest submissions."""
    overview, found_id = _overview(service, principal, venue_id, run_id)
    return {"run_id": found_id, **overview.plain}


@router.get("/v1/venues/{venue_id}/runs/{run_id}/overview/rows", tags=["runs"])
@allow(CHAIRS)
def read_overview_rows(
    service: ServiceOf,
    principal: WhoAsks,
    venue_id: VenueId,
    run_id: str,
    of: Annotated[str, Query(max_length=40, description="A spread of the overview, by its name.")],
    low: Annotated[float, Query(allow_inf_nan=False, description="Inclusive.")],
    high: Annotated[float, Query(allow_inf_nan=False, description="Exclusive, but for the end of the last bin.")],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[dict[str, Any]]:
    """The submissions, reviewers or pairs behind a bar, smallest values first."""
    if of not in SPREADS:
        raise Problem("not-found", f"there is no spread '{of}'; known are {', '.join(SPREADS)}")
    overview, _ = _overview(service, principal, venue_id, run_id)
    return paged(overview.rows(of, low, high), limit, cursor)


@router.get("/v1/venues/{venue_id}/profiles", tags=["venues"])
@allow(CHAIRS)
def check_venue_profiles(
    service: ServiceOf,
    sight: Sees,
    venue_id: VenueId,
    flag: Annotated[str | None, Query(max_length=40, description="Only profiles with this flag.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[dict[str, Any]]:
    """Every reviewer's profile before anything is run, those with most flags first.

    Flags: empty, thin, stale, undated, without abstracts, homonym, papers of others, very long, copied.
    """
    if flag is not None and flag not in PROFILE_FLAGS:
        raise Problem("not-found", f"there is no flag '{flag}'; known are {', '.join(PROFILE_FLAGS)}")
    found = [each for each in _profiles(service, sight, venue_id) if flag is None or flag in each.flags]
    page = paged(found, limit, cursor)
    return Page[dict[str, Any]](items=[asdict(each) for each in page.items], next=page.next)


@router.get("/v1/venues/{venue_id}/profiles/flags", tags=["venues"])
@allow(CHAIRS)
def count_profile_flags(service: ServiceOf, sight: Sees, venue_id: VenueId) -> list[dict[str, Any]]:
    """Every flag of profiles: what it means, and how many reviewers it concerns."""
    found = _profiles(service, sight, venue_id)
    return [
        {"flag": flag, "about": about, "count": sum(flag in each.flags for each in found)}
        for flag, about in PROFILE_FLAGS.items()
    ]


def _profiles(service: Service, sight: Sight, venue_id: str) -> tuple[ProfileCheck, ...]:
    with service.database.read() as connection:
        row = venue_row(connection, venue_id)
    return look_at(service, row, sight).profiles
