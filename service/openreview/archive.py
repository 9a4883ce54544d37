"""What ids of OpenReview mean: groups, notes by invitation and venue id, expertise selections, configurations.

They are records of a venue like all others, of the kind `openreview`: they have versions, and erasing a person takes
the person out of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from matcher.ingest.formats.opening import read_json
from matcher.ingest.formats.openreview import CONFIGURATION_MARK, SELECTION_MARK
from service.storage.rows import OPENREVIEW, Writer, key_of, read_records
from service.storage.tables import NEVER, rows

__all__ = ["find", "known_ids", "read_references", "take_references", "venues_with"]

_INSIDE: Final = ("notes", "profiles", "edges", "groupedEdges", "groups")
_ENDINGS: Final = (".json", ".jsonl", ".json.gz", ".jsonl.gz")


def read_references(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Everything in some files that requests can name.

    Args:
        paths: files of OpenReview that have been imported; the others are passed over.

    Returns:
        Records: `type` is `group` (with `members`), `notes` (`members` are the submissions of an invitation or a venue
        id), `selection` (`choices` by person) or `configuration` (`content` of the note).
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for path in sorted(paths):
        is_archive = path.name.startswith("~") or "@" in path.name
        if path.name.endswith(_ENDINGS) and not is_archive:
            for record in read_json(path, inside=_INSIDE, is_keyed=True):
                if record.fault is None:
                    _take(record.values, record.key, found)
    return [{**each, "members": sorted(each["members"])} if "members" in each else each for each in found.values()]


def _take(values: Mapping[str, Any], key: str | None, found: dict[tuple[str, str], dict[str, Any]]) -> None:
    content = values.get("content")
    if isinstance(values.get("members"), list) and values.get("id"):
        group = _of(found, "group", str(values["id"]), "members", set)
        group["members"].update(str(one) for one in values["members"])
    elif isinstance(content, Mapping) and CONFIGURATION_MARK in content and values.get("id"):
        _of(found, "configuration", str(values["id"]), "content", dict)["content"] = {
            name: plain(content, name) for name in content
        }
    elif isinstance(content, Mapping) and "title" in content:
        note = str(values.get("id") or values.get("forum") or key or "")
        for name in _places(values, content) if note else ():
            _of(found, "notes", name, "members", set)["members"].add(note)
    else:
        _take_selection(values, found)


def _take_selection(values: Mapping[str, Any], found: dict[tuple[str, str], dict[str, Any]]) -> None:
    shared, grouped = values.get("id"), values.get("values")
    edges: Sequence[Any] = [values]
    if isinstance(shared, Mapping) and isinstance(grouped, list):
        edges = [{**shared, **each} for each in grouped if isinstance(each, Mapping)]
    for edge in edges:
        invitation = str(edge.get("invitation") or "")
        if SELECTION_MARK in invitation.casefold() and edge.get("head") and edge.get("tail") and not edge.get("ddate"):
            selection = _of(found, "selection", invitation, "choices", dict)
            choice = "exclude" if "exclude" in str(edge.get("label") or "").casefold() else "include"
            mine = selection["choices"].setdefault(str(edge["tail"]), {"include": [], "exclude": []})
            if str(edge["head"]) not in mine[choice]:
                mine[choice].append(str(edge["head"]))


def _places(values: Mapping[str, Any], content: Mapping[str, Any]) -> list[str]:
    """The invitations of a note, and its venue id."""
    several = values.get("invitations")
    named = [values.get("invitation"), plain(content, "venueid"), *(several if isinstance(several, list) else ())]
    return sorted({str(each) for each in named if each})


def plain(content: Mapping[str, Any], name: str) -> Any:
    """A field of a note: plain in API 1, `{"value": …}` in API 2."""
    held = content.get(name)
    return held.get("value") if isinstance(held, Mapping) and "value" in held else held


def _of(
    found: dict[tuple[str, str], dict[str, Any]], kind: str, name: str, holds: str, made: type[Any]
) -> dict[str, Any]:
    return found.setdefault((kind, name), {"type": kind, "id": name, holds: made()})


# --- in the database ------------------------------------------------------------------------------------------------


def take_references(writer: Writer, references: Sequence[Mapping[str, Any]]) -> None:
    """Write what was read: submissions of an invitation are added to those known, the rest takes the place of it."""
    merged = []
    for each in references:
        if each["type"] == "notes":
            known = find(writer.connection, writer.venue_id, "notes", each["id"])
            each = {**each, "members": sorted({*each["members"], *(known["members"] if known else ())})}  # noqa: PLW2901
        merged.append(each)
    if merged:
        writer.put(OPENREVIEW, merged)


def find(
    connection: sa.Connection, venue_id: str, kind: str, name: str, *, version: int | None = None
) -> dict[str, Any] | None:
    """One record of a venue, if it is there.

    Args:
        connection: a transaction.
        venue_id: the venue.
        kind: a `type` of `read_references`.
        name: the id.
        version: of the venue; by default the newest.
    """
    key = key_of(OPENREVIEW, {"type": kind, "id": name})
    found = read_records(connection, venue_id, OPENREVIEW, version=version, where=[rows.c.key == key])
    return next((record.body for record in found), None)


def venues_with(connection: sa.Connection, kind: str, name: str, venue_id: str | None) -> list[str]:
    """The venues whose uploads hold an id, in their order.

    Args:
        connection: a transaction.
        kind: a `type` of `read_references`.
        name: the id.
        venue_id: the only venue that counts; `None`: all do.
    """
    key = key_of(OPENREVIEW, {"type": kind, "id": name})
    query = sa.select(rows.c.venue_id).where(rows.c.kind == OPENREVIEW, rows.c.key == key, rows.c.until == NEVER)
    if venue_id is not None:
        query = query.where(rows.c.venue_id == venue_id)
    return sorted(connection.execute(query).scalars())


def known_ids(connection: sa.Connection, kind: str, venue_id: str | None) -> list[str]:
    """The ids of one type that uploads hold, for a message that says which are near."""
    query = sa.select(rows.c.body["id"].as_string()).where(
        rows.c.kind == OPENREVIEW, rows.c.until == NEVER, rows.c.body["type"].as_string() == kind
    )
    if venue_id is not None:
        query = query.where(rows.c.venue_id == venue_id)
    return sorted(set(connection.execute(query).scalars()))
