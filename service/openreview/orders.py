"""From a stored request to the order of a job: which part of the venue it reads, and how."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from matcher.compat.openreview_matcher import OBJECTIVE_OF
from matcher.errors import did_you_mean
from service.openreview.archive import find
from service.openreview.folder import write_part
from service.openreview.requests import (
    DEFAULT_SPARSE,
    Entity,
    ExpertiseRequest,
    Selected,
    ignored_by,
    resolve,
    select,
    unknown,
)
from service.problems import Problem
from service.storage.database import Database

__all__ = ["ASKED", "configuration_of", "part_of_match", "refine_order", "settings_of"]

ASKED: Final = "openreview"
"""The member of a job's configuration that holds the request it came from."""

_NUMBERS: Final[Mapping[str, str]] = {
    "user_demand": "reviews_per_submission",
    "max_users": "reviews_per_submission",
    "max_papers": "max_load",
    "min_papers": "min_load",
}
"""Fields of a configuration note and our settings; the newer name of two stands first."""

_UNUSED: Final = ("scores_specification", "aggregate_score_invitation", "allow_zero_score_assignments")
"""Fields that decide something there and nothing here: scores are ours, bids count as the venue's settings say."""


def refine_order(database: Database, job: Mapping[str, Any], order: Mapping[str, Any]) -> dict[str, Any]:
    """The order of a job that came from a request, so that it reads only what was asked about.

    Args:
        database: what ids mean.
        job: its row; the configuration holds `ASKED`.
        order: of the whole venue.

    Raises:
        Problem: an id of the request is not known any more.
    """
    asked = job["config"][ASKED]
    config = {name: value for name, value in job["config"].items() if name != ASKED}
    whole, part = Path(order["folder"]), Path(order["work"]) / "part"
    venue_id, version = job["venue_id"], job["venue_version"]
    if job["kind"] == "match":
        with database.read() as connection:
            selected = part_of_match(connection, venue_id, version, asked["content"])
        folder = write_part(whole, part, reviewers=set(selected.groups["a"]), submissions=set(selected.notes["b"]))
        return {**order, "folder": str(folder), "config": config}
    request = ExpertiseRequest.model_validate(asked["request"])
    with database.read() as connection:
        selected = resolve(connection, venue_id, version, request)
    folder = write_part(
        whole,
        part,
        reviewers={one for each in selected.groups.values() for one in each} or _ANYBODY,
        submissions={one for each in selected.notes.values() for one in each},
        further=selected.submissions,
        papers=selected.papers,
        minimum_pub_date=request.dataset.minimum_pub_date,
        top_recent_pubs=request.dataset.top_recent_pubs,
        use_abstract=request.model.use_abstract is not False,
        with_pairs=False,
    )
    return {
        **order,
        "folder": str(folder),
        "config": config,
        "selected": selected.to_plain(),
        "sparse": request.model.sparse_value or DEFAULT_SPARSE,
        "ignored": ignored_by(request),
    }


class _Everybody(frozenset[str]):
    """Holds every id: a folder without any reviewer is none that can be read."""

    __slots__ = ()

    def __contains__(self, _: object) -> bool:
        return True


_ANYBODY: Final = _Everybody()


# --- the configuration of a match -----------------------------------------------------------------------------------


def configuration_of(connection: sa.Connection, venue_id: str, note_id: str) -> dict[str, Any]:
    """The content of a configuration note.

    Raises:
        Problem: no upload holds it.
    """
    record = find(connection, venue_id, "configuration", note_id)
    if record is None:
        raise unknown(connection, "configuration", note_id, venue_id)
    return dict(record["content"])


def part_of_match(connection: sa.Connection, venue_id: str, version: int, content: Mapping[str, Any]) -> Selected:
    """The people and the submissions of a match.

    Args:
        connection: a transaction.
        venue_id: the venue.
        version: of the venue.
        content: of the configuration note.

    Raises:
        Problem: the group or the invitation is not known, or a filter of the invitation is not taken here.
    """
    invitation, *filters = str(content.get("paper_invitation") or "").split("&")
    for each in filters:
        name, _, value = each.partition("=")
        if name != "content.venueid":
            raise _fault("paper_invitation", f"allowed after & is content.venueid=…; got '{each[:100]}'")
        invitation = value
    for name in ("match_group", "paper_invitation"):
        if not content.get(name):
            raise _fault(name, "is missing")
    sides = (
        Entity.model_validate({"type": "Group", "memberOf": str(content["match_group"])}),
        Entity.model_validate({"type": "Note", "invitation": invitation}),
    )
    return select(connection, venue_id, version, sides)


def settings_of(content: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Our settings for a configuration note, and its fields that play no part here.

    Raises:
        Problem: a field is not what it should be.
    """
    found: dict[str, Any] = {}
    for name, ours in _NUMBERS.items():
        if content.get(name) not in (None, "") and ours not in found:
            try:
                found[ours] = int(content[name])
            except (TypeError, ValueError):
                raise _fault(name, f"allowed is a number; got '{str(content[name])[:50]}'") from None
    if not str(content.get("alternates") or 0).isdecimal():
        raise _fault("alternates", "allowed is a number")
    solver = content.get("solver")
    if solver not in (None, ""):
        if solver not in OBJECTIVE_OF:
            near = did_you_mean(str(solver), OBJECTIVE_OF)
            raise _fault("solver", f"allowed are {', '.join(OBJECTIVE_OF)}; got '{str(solver)[:50]}'{near}")
        found["objective"] = OBJECTIVE_OF[solver]
    limit = content.get("randomized_probability_limits")
    if limit not in (None, "") and found.get("objective") in ("randomised", "perturbed"):
        try:
            found["probability_limit"] = float(limit)
        except (TypeError, ValueError):
            raise _fault("randomized_probability_limits", "allowed is one number") from None
    return found, [name for name in _UNUSED if content.get(name) not in (None, "")]


def _fault(name: str, detail: str) -> Problem:
    fault = {"pointer": f"/content/{name}", "detail": detail}
    return Problem("invalid-data", f"the configuration note: {name}: {detail}", errors=[fault])
