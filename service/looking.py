"""What is odd about a venue's data before anything is run: read once for each state of the venue, asked often."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from matcher.commands.choices import resolve_choices
from matcher.ingest import read_venue
from matcher.ingest.check import check_venue
from matcher.ingest.quality import ProfileCheck, check_profiles
from service.choices import runnable
from service.state import Service
from service.storage.folders import seen_folder, venue_folder
from service.storage.visible import Sight

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


def look_at(service: Service, row: Mapping[str, Any], sight: Sight) -> Looked:
    """Look at the newest state of a venue.

    Args:
        service: where folders and what was found are kept.
        row: of the venue.
        sight: what whoever asks sees of it; what is kept is what was found with nothing hidden.

    Raises:
        Problem: the venue has no reviewers or no publications.
    """
    if not sight.is_whole:
        with tempfile.TemporaryDirectory(dir=service.data_dir / "uploads") as place:
            return _look(row, seen_folder(service.database, Path(place), row["id"], row["version"], sight))

    def look() -> Looked:
        return _look(row, venue_folder(service.database, service.data_dir / "venues", row["id"], row["version"]))

    key = (row["id"], row["created_at"], row["version"], json.dumps(row["config"], sort_keys=True))
    return service.results.looked_at(key, look)


def _look(row: Mapping[str, Any], folder: Path) -> Looked:
    loaded = read_venue(folder, may_lack_submissions=True, accept_rejects=True)
    found = check_venue(loaded.venue, loaded.report, resolve_choices(loaded, None, runnable(row["config"])).config)
    rejects = [
        {"file": each.file, "row": each.line, "field": each.field, "reason": each.reason}
        for each in loaded.report.rejects
    ]
    told = {"version": row["version"], "rejects": rejects, "notices": list(loaded.report.notices)}
    return Looked({**told, **asdict(found)}, check_profiles(loaded.venue))
