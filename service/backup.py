"""Backup and restore: one folder with the rows of all tables as they were at one moment, and the files they name.

The form is the same for SQLite and PostgreSQL, so a backup of one can be restored into the other. What can be made
again is left out: the folders of venues, caches, files of jobs under way. Jobs that were under way start anew after a
restore. A backup holds personal data and the key of webhooks: keep it where the database may be kept.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from matcher.errors import ConfigError, DataError
from service.jobs import ACTIVE
from service.storage.database import Database, now
from service.storage.tables import METADATA, executors, jobs, login_codes, runs

__all__ = ["BackupReport", "back_up", "restore"]

_FORM: Final = 1
_LEFT_OUT: Final = (executors.name, login_codes.name)
_KEY: Final = "webhook.key"
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What was written or read.

    Args:
        rows: by table.
        files: how many.
        size: of the files, in bytes.
        revision: the form of the tables.
        created_at: when the backup was made, in UTC.
        dry_run: whether nothing was written.
    """

    rows: Mapping[str, int]
    files: int
    size: int
    revision: str
    created_at: str
    dry_run: bool = False


def _tables() -> list[sa.Table]:
    """The tables, each after those that it refers to."""
    return [table for table in METADATA.sorted_tables if table.name not in _LEFT_OUT]


def back_up(database: Database, data_dir: Path, target: Path) -> BackupReport:
    """Write a backup; the service may run meanwhile.

    Args:
        database: whose rows.
        data_dir: where files lie.
        target: a folder that is not there yet; it appears whole or not at all.

    Raises:
        ConfigError: the folder is there.
        DataError: a result was removed while it was copied; run it again.
    """
    if target.exists():
        raise ConfigError(f"{target} is there already: name a new folder", key="target")
    building = target.with_name(f".{target.name}.part")
    shutil.rmtree(building, ignore_errors=True)
    (building / "tables").mkdir(parents=True)
    try:
        counts, revision, named = _write_tables(database, building)
        _copy_files(data_dir, building, named)
        digests = {name: _digest(building / name) for name in _files_in(building)}
        manifest = {
            "form": _FORM,
            "revision": revision,
            "created_at": datetime.fromtimestamp(now(), UTC).isoformat(timespec="seconds"),
            "rows": counts,
            "files": digests,
        }
        text = json.dumps(manifest, indent=1, sort_keys=True)
        (building / "manifest.json").write_text(text + "\n", encoding="utf-8")
        building.rename(target)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return _report(target, manifest)


def _write_tables(database: Database, building: Path) -> tuple[dict[str, int], str, list[tuple[str, str, str]]]:
    """All rows of one moment, and what of the data folder they name: kind, venue and digest of each run."""
    engine = (
        database.engine if database.is_sqlite else database.engine.execution_options(isolation_level="REPEATABLE READ")
    )
    counts = {}
    with engine.connect() as connection, connection.begin():
        for table in _tables():
            order = list(table.primary_key.columns)
            with (building / "tables" / f"{table.name}.jsonl").open("w", encoding="utf-8", newline="\n") as stream:
                count = 0
                for row in connection.execute(sa.select(table).order_by(*order).execution_options(yield_per=1000)):
                    stream.write(json.dumps(dict(row._mapping), ensure_ascii=False) + "\n")  # noqa: SLF001  # public name
                    count += 1
            counts[table.name] = count
        revision = str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar())
        query = (
            sa.select(runs.c.kind, runs.c.venue_id, runs.c.digest).distinct().order_by(runs.c.digest, runs.c.venue_id)
        )
        named = [(str(kind), str(venue), str(digest)) for kind, venue, digest in connection.execute(query)]
    return counts, revision, named


def _copy_files(data_dir: Path, building: Path, named: list[tuple[str, str, str]]) -> None:
    for kind, venue, digest in named:
        place = _place_of(kind, venue, digest)
        if (building / place).exists():
            continue
        try:
            shutil.copytree(data_dir / place, building / place)
        except (FileNotFoundError, shutil.Error):
            remedy = "run the backup again; if it stays so: matcher admin check-invariants"
            raise DataError(f"the result {digest} is not there, or was removed meanwhile", remedy=remedy) from None
    if (data_dir / _KEY).is_file():
        shutil.copyfile(data_dir / _KEY, building / _KEY)
        (building / _KEY).chmod(0o600)


def _place_of(kind: str, venue: str, digest: str) -> Path:
    """Where the files of a run lie in the data folder."""
    return Path("work", "parts", venue, f"profiles-{digest}") if kind == "index" else Path("runs", digest)


def restore(database: Database, data_dir: Path, source: Path, *, dry_run: bool = False) -> BackupReport:
    """Read a backup into an empty service.

    Args:
        database: without rows; its tables have been made.
        data_dir: where files go.
        source: the folder of a backup.
        dry_run: whether to check everything and write nothing.

    Raises:
        DataError: it is no backup, is damaged, or of another version of the tables.
        ConfigError: the service holds data already.
    """
    manifest = _manifest(source)
    _verify(source, manifest)
    with database.read() as connection:
        revision = str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar())
        held = [table.name for table in _tables() if connection.execute(sa.select(table).limit(1)).first() is not None]
    if revision != manifest["revision"]:
        detail = f"the backup has tables of the form {manifest['revision']}, this version has {revision}"
        raise DataError(detail, file=str(source), remedy="restore it with the version that made it, then upgrade")
    if held:
        detail = f"the service holds data already ({', '.join(held)}): restore into a new data folder and database"
        raise ConfigError(detail, key="database")
    if not dry_run:
        for name in sorted(manifest["files"]):
            if not name.startswith("tables/"):
                (data_dir / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / name, data_dir / name)
        if (data_dir / _KEY).is_file():
            (data_dir / _KEY).chmod(0o600)
        with database.write() as connection:  # last: rows name files, and never the reverse
            for table in _tables():
                _insert(connection, table, source / "tables" / f"{table.name}.jsonl")
            under_way = jobs.c.state.in_(ACTIVE) & jobs.c.cancel_requested.is_(False)
            anew = {"state": "queued", "lease": 0, "executor_id": None, "stage": "", "done": 0, "total": 0}
            connection.execute(jobs.update().where(under_way).values(**anew))
            over = {"state": "cancelled", "finished_at": now()}
            connection.execute(jobs.update().where(jobs.c.state.in_(ACTIVE), jobs.c.cancel_requested).values(**over))
    return _report(source, manifest, dry_run=dry_run)


def _insert(connection: sa.Connection, table: sa.Table, path: Path) -> None:
    entries: list[dict[str, Any]] = []
    for row in _lines(path):
        entries.append(row)
        if len(entries) == _AT_ONCE:
            connection.execute(table.insert(), entries)
            entries = []
    if entries:
        connection.execute(table.insert(), entries)
    column = table.autoincrement_column
    if column is not None and connection.dialect.name == "postgresql":  # the next number comes after those restored
        last = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
        name = sa.func.pg_get_serial_sequence(table.name, column.name)
        connection.execute(sa.select(sa.func.setval(name, last, False)))


def _manifest(source: Path) -> dict[str, Any]:
    try:
        found = json.loads((source / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or found.get("form") != _FORM:
        raise DataError("this is no backup that this version reads", file=str(source / "manifest.json"))
    return found


def _verify(source: Path, manifest: Mapping[str, Any]) -> None:
    """Refuse a backup of which a file is missing, changed or added, or holds another number of rows."""
    here = _files_in(source)
    for name in sorted({*here, *manifest["files"]}):
        if name not in manifest["files"]:
            raise DataError("is not in the manifest", file=name, remedy="take it away, or take another backup")
        if name not in here or _digest(source / name) != manifest["files"][name]:
            raise DataError("is missing or was changed", file=name, remedy="take another backup")
    for table in _tables():
        count = sum(1 for _ in _lines(source / "tables" / f"{table.name}.jsonl"))
        if count != manifest["rows"].get(table.name):
            raise DataError(
                f"holds {count} rows of {manifest['rows'].get(table.name)}", file=f"tables/{table.name}.jsonl"
            )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def _files_in(folder: Path) -> list[str]:
    found = (each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())
    return sorted(name for name in found if name != "manifest.json")


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _report(folder: Path, manifest: Mapping[str, Any], *, dry_run: bool = False) -> BackupReport:
    size = sum((folder / name).stat().st_size for name in manifest["files"])
    return BackupReport(
        dict(manifest["rows"]), len(manifest["files"]), size, manifest["revision"], manifest["created_at"], dry_run
    )
