"""What a key of a person sees: nothing of the submissions that the person wrote or is in conflict with.

Which submissions these are is worked out from the newest version of the venue before anything is answered, and written
down. The list only grows: who changes the records, the policy or a decision does not thereby see what was hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from matcher.commands.choices import resolve_choices
from matcher.conflicts import conflicts_of_person
from matcher.errors import DataError
from matcher.ingest import read_venue
from matcher.viewer import hidden_from
from service.auth import CHAIRS, Principal
from service.choices import content_hash, runnable
from service.results import Kept
from service.storage.database import Database
from service.storage.folders import venue_folder
from service.storage.rows import read_records
from service.storage.tables import NEVER, rows, sealed, venues
from service.storage.visible import WHOLE, Sight

__all__ = ["KNOWS_AUTHORS", "Sights"]

KNOWS_AUTHORS: Final = CHAIRS | {"editor"}
"""Roles that are told who wrote a submission, also where reviewing is double-blind."""

_OF_PEOPLE: Final = ("people", "reviewers")
_NEEDED: Final = ("reviewers", "publications", "submissions")


class Sights:
    """What people see of venues, worked out once for each version.

    Args:
        database: records, and what was found before.
        data_dir: where the folders of venues lie.
        size: how many findings are kept.
    """

    def __init__(self, database: Database, data_dir: Path, size: int) -> None:
        self._database = database
        self._data_dir = data_dir
        self._found: Kept[frozenset[str]] = Kept(size)

    def clear(self) -> None:
        """Forget all; it is worked out again when it is asked for."""
        self._found.clear()

    def of(self, principal: Principal, venue_id: str) -> Sight:
        """What a key sees of a venue.

        Args:
            principal: who asks.
            venue_id: the venue; where there is none, nothing is hidden.
        """
        is_blinded = principal.roles.isdisjoint(KNOWS_AUTHORS)
        person_id = principal.person_id
        if person_id is None and not is_blinded:
            return WHOLE
        with self._database.read() as connection:
            row = connection.execute(sa.select(venues).where(venues.c.id == venue_id)).mappings().first()
            if row is None:
                return WHOLE
            is_blinded = is_blinded and row["facts"].get("double_blind") is not False
            if person_id is None:
                return Sight(is_blinded=is_blinded)
            known = _records_of(connection, venue_id, person_id)
            here = [sealed.c.venue_id == venue_id, sealed.c.person_id == person_id]
            before = frozenset(connection.execute(sa.select(sealed.c.submission_id).where(*here)).scalars())
        stamp = content_hash(venue_id, row["version"], person_id, {**row["config"], "venue since": row["created_at"]})
        found = self._found.get(stamp, lambda: self._search(dict(row), person_id, known))
        if not found <= before:
            self._write_down(venue_id, person_id, found)
        return Sight(person_id, before | found, bool(known), is_blinded)

    def _search(self, row: Mapping[str, Any], person_id: str, known: list[Mapping[str, Any]]) -> frozenset[str]:
        with self._database.read() as connection:
            found = _plain_conflicts(connection, row["id"], person_id, known)
            query = sa.select(rows.c.kind).where(rows.c.venue_id == row["id"], rows.c.until == NEVER).distinct()
            is_ready = set(_NEEDED) <= set(connection.execute(query).scalars())
        if not known or not is_ready:
            return found
        folder = venue_folder(self._database, self._data_dir / "venues", row["id"], row["version"])
        loaded = read_venue(folder, may_lack_submissions=True, accept_rejects=True)
        config = resolve_choices(loaded, None, runnable(row["config"])).config
        if person_id not in loaded.venue.person_by_id:
            return found
        try:
            conflicts = conflicts_of_person(loaded.venue, config, person_id)
        except DataError:  # without a deadline there is no window; such a venue cannot be matched either
            return found
        return found | hidden_from(loaded.venue, conflicts, person_id)

    def _write_down(self, venue_id: str, person_id: str, found: frozenset[str]) -> None:
        here = [sealed.c.venue_id == venue_id, sealed.c.person_id == person_id]
        with self._database.write() as connection:
            if connection.execute(sa.select(venues.c.id).where(venues.c.id == venue_id)).first() is None:
                return
            there = set(connection.execute(sa.select(sealed.c.submission_id).where(*here)).scalars())
            fresh = [
                {"venue_id": venue_id, "person_id": person_id, "submission_id": each} for each in sorted(found - there)
            ]
            if fresh:
                connection.execute(sealed.insert(), fresh)


def _records_of(connection: sa.Connection, venue_id: str, person_id: str) -> list[Mapping[str, Any]]:
    """What a venue holds of a person."""
    here = [rows.c.venue_id == venue_id, rows.c.kind.in_(_OF_PEOPLE), rows.c.key == person_id, rows.c.until == NEVER]
    return list(connection.execute(sa.select(rows.c.body).where(*here)).scalars())


def _plain_conflicts(
    connection: sa.Connection, venue_id: str, person_id: str, known: list[Mapping[str, Any]]
) -> frozenset[str]:
    """What needs no search: submissions that name them by id, address or name, and declared conflicts."""
    names = {name.casefold() for each in known for name in (each.get("name"), *each.get("names", ())) if name}
    emails = {address.casefold() for each in known for address in each.get("emails", ())}

    def is_theirs(author: Any) -> bool:
        if isinstance(author, str):
            return author.casefold() in names
        if author.get("person_id") == person_id or str(author.get("email") or "").casefold() in emails:
            return True
        return not author.get("person_id") and str(author.get("name", "")).casefold() in names

    written = {
        record.key
        for record in read_records(connection, venue_id, "submissions")
        if any(map(is_theirs, record.body.get("authors") or ()))
    }
    declared = [rows.c.reviewer_id == person_id]
    said = {each.body["submission_id"] for each in read_records(connection, venue_id, "conflicts", where=declared)}
    return frozenset(written | said)
