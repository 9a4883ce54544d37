"""What is odd about a venue's data before anything is run: read once for each state of the venue, asked often."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from matcher.commands.choices import resolve_choices
from matcher.ingest import read_venue
from matcher.ingest.check import check_venue
from matcher.ingest.quality import ProfileCheck, check_profiles
from service.choices import runnable
from service.state import Service
from service.storage.folders import venue_folder

__all__ = ["Looked", "look_at"]


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found.

    Args:
        check: findings and counts, as the API tells them.
        profiles: of every reviewer.
    """

    check: Mapping[str, Any]
    profiles: tuple[ProfileCheck, ...]


def look_at(service: Service, row: Mapping[str, Any]) -> Looked:
    """Look at the newest state of a venue.

    Args:
        service: where folders and what was found are kept.
        row: of the venue.

    Raises:
        Problem: the venue has no reviewers or no publications.
    """
    version, config = row["version"], row["config"]

    def look() -> Looked:
        folder = venue_folder(service.database, service.data_dir / "venues", row["id"], version)
        loaded = read_venue(folder, may_lack_submissions=True, accept_rejects=True)
        found = check_venue(loaded.venue, loaded.report, resolve_choices(loaded, None, runnable(config)).config)
        rejects = [
            {"file": each.file, "row": each.line, "field": each.field, "reason": each.reason}
            for each in loaded.report.rejects
        ]
        told = {"version": version, "rejects": rejects, "notices": list(loaded.report.notices)}
        return Looked({**told, **asdict(found)}, check_profiles(loaded.venue))

    key = (row["id"], row["created_at"], version, json.dumps(config, sort_keys=True))
    return service.results.looked_at(key, look)
