"""Retention: for how long earlier versions of a venue are kept, and what goes with them.

A version is kept while it is one of the newest `versions`, and while it was the state of the venue at some time in the
last `days`; where both are set, both must hold. Three kinds stay whatever is set: the newest, those that a job under
way reads, and the one that the newest index of reviewers was made from. With a version go the records that only it and
earlier ones held, its folder, and the runs made from it, but not the published one.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import anyio.to_thread
import sqlalchemy as sa

from service.erasure import only_here
from service.jobs import ACTIVE
from service.problems import Problem
from service.state import Service
from service.storage.database import now
from service.storage.tables import jobs, rows, runs, venues, versions

__all__ = ["Pruned", "prune", "prune_all", "prune_for_ever"]

_LOG: Final = logging.getLogger("matcher.service.retention")
_DAY_S: Final = 86_400
_EVERY_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went, or would go.

    Args:
        oldest_version: the oldest one that is kept.
        versions: how many versions went.
        records: how many records that only these versions held.
        runs: ids of the runs made from them.
    """

    oldest_version: int
    versions: int
    records: int
    runs: tuple[str, ...]


def prune(
    service: Service, venue_id: str, *, keep: tuple[float | None, int | None] | None = None, dry_run: bool = False
) -> Pruned:
    """Remove what a venue keeps no longer.

    Args:
        service: whose records and files.
        venue_id: the venue.
        keep: days and number of versions to keep from now on, `None` for no limit; by default what is set.
        dry_run: whether to say what would go, and do nothing.

    Raises:
        Problem: there is no such venue.
    """
    with service.database.engine.connect().execution_options(writes=True) as connection, connection.begin() as change:
        here = venues.c.id == venue_id
        venue = connection.execute(sa.select(venues).where(here).with_for_update()).mappings().first()
        if venue is None:
            raise Problem("not-found", "there is no such venue")
        days, count = (venue["keep_days"], venue["keep_versions"]) if keep is None else keep
        oldest = _oldest(connection, dict(venue), days, count)
        gone = [rows.c.venue_id == venue_id, rows.c.until <= oldest]
        records = connection.execute(rows.delete().where(*gone)).rowcount
        connection.execute(versions.delete().where(versions.c.venue_id == venue_id, versions.c.version < oldest))
        old = [runs.c.venue_id == venue_id, runs.c.venue_version < oldest, runs.c.id != venue["current_run_id"]]
        if venue["current_run_id"] is None:
            old.pop()
        found = connection.execute(sa.select(runs.c.id, runs.c.digest).where(*old).order_by(runs.c.number)).all()
        names = [each.id for each in found]
        connection.execute(runs.delete().where(runs.c.venue_id == venue_id, runs.c.id.in_(names)))
        of_runs = [jobs.c.venue_id == venue_id, jobs.c.run_id.in_(names)]
        connection.execute(jobs.update().where(*of_runs).values(run_id=None))
        here_still = sa.select(runs.c.digest).where(runs.c.venue_id == venue_id)
        digests = {each.digest for each in found} - set(connection.execute(here_still).scalars())
        lonely = only_here(connection, venue_id, digests)
        values = {"oldest_version": oldest, "keep_days": days, "keep_versions": count}
        connection.execute(venues.update().where(here).values(**values))
        # Version 0 is the empty venue before its first record; nobody can ask for it.
        told = Pruned(oldest, oldest - max(1, venue["oldest_version"]), records, tuple(names))
        if dry_run:
            change.rollback()
            return told
    for digest in lonely:
        service.results.forget(digest)
    _clear_folders(service, venue_id, oldest)
    if records:
        service.database.forget_deleted()
    return told


def _oldest(connection: sa.Connection, venue: Mapping[str, Any], days: float | None, count: int | None) -> int:
    """The oldest version that is kept."""
    newest, venue_id = int(venue["version"]), venue["id"]
    oldest = max(1, int(venue["oldest_version"]))
    if count is not None:
        oldest = max(oldest, newest - count + 1)
    if days is not None:
        # A version was the state of the venue until the next one was made; where no time is known, the next known one.
        made = [versions.c.venue_id == venue_id, versions.c.made_at <= now() - days * _DAY_S]
        last = connection.execute(sa.select(sa.func.max(versions.c.version)).where(*made)).scalar()
        oldest = max(oldest, last or 0)
    reading = sa.select(sa.func.min(jobs.c.venue_version)).where(jobs.c.venue_id == venue_id, jobs.c.state.in_(ACTIVE))
    index = (
        sa.select(runs.c.venue_version)
        .where(runs.c.venue_id == venue_id, runs.c.kind == "index")
        .order_by(runs.c.number.desc())
        .limit(1)
    )
    needed = [connection.execute(query).scalar() for query in (reading, index)]
    wanted = [oldest, newest, *(int(each) for each in needed if each is not None)]
    return max(1, int(venue["oldest_version"]), min(wanted))


def _clear_folders(service: Service, venue_id: str, oldest: int) -> None:
    """Remove the folders of versions that are gone, and what was kept to be quicker with them."""
    root = service.data_dir / "venues" / venue_id
    gone = [each for each in root.glob("*") if each.name.isdigit() and int(each.name) < oldest]
    for folder in gone:
        shutil.rmtree(folder, ignore_errors=True)
    if not gone:
        return
    with service.database.read() as connection:
        query = sa.select(runs.c.digest).where(runs.c.venue_id == venue_id, runs.c.kind == "index")
        kept = {f"profiles-{digest}" for digest in connection.execute(query).scalars()}
        busy = sa.select(jobs.c.id).where(jobs.c.venue_id == venue_id, jobs.c.state.in_(ACTIVE)).limit(1)
        if connection.execute(busy).first() is not None:
            return  # it reads and writes there; the next time is early enough
    for part in (service.data_dir / "work" / "parts" / venue_id).glob("*"):
        if part.name not in kept:
            shutil.rmtree(part, ignore_errors=True)


async def prune_for_ever(service: Service) -> None:
    """Look after the limits of all venues once an hour; several processes that do so are in nobody's way."""
    while True:
        await asyncio.sleep(_EVERY_S)
        try:
            await anyio.to_thread.run_sync(prune_all, service)
        except sa.exc.SQLAlchemyError:
            _LOG.exception("what is kept no longer could not be removed; it is tried again")


def prune_all(service: Service) -> None:
    """Remove what venues keep no longer, in every venue that has a limit."""
    limited = sa.or_(venues.c.keep_days.is_not(None), venues.c.keep_versions.is_not(None))
    with service.database.read() as connection:
        names = list(connection.execute(sa.select(venues.c.id).where(limited).order_by(venues.c.id)).scalars())
    for venue_id in names:
        try:
            told = prune(service, venue_id)
        except Problem:  # erased meanwhile
            continue
        if told.versions or told.runs:
            _LOG.info("venue %s: %d versions and %d runs went", venue_id, told.versions, len(told.runs))
