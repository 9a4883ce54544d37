"""What clients hand over: a table as JSON Lines or CSV, a venue folder as zip, files of other systems.

Reading is the library's; here are only limits, and a place on disk for the time of reading.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

import anyio.to_thread
from starlette.requests import Request

from matcher.config import read_toml
from matcher.errors import DataError
from matcher.ingest import RejectedRowsError, read_venue
from matcher.ingest.fields import TABLES, FieldError
from matcher.ingest.formats import FORMATS, import_files, plain_row, rows_of
from matcher.ingest.formats.write import read_tables
from matcher.ingest.loading import Ledger
from matcher.records import to_plain
from service.openreview.archive import read_references
from service.problems import Problem
from service.settings import Settings
from service.storage.folders import plain_facts
from service.storage.rows import key_of

__all__ = [
    "Uploaded",
    "body_file",
    "read_archive",
    "read_folder",
    "read_foreign",
    "read_row",
    "read_table",
    "unpacked_files",
]

_MOST_REJECTS: Final = 1000
"""Rejected rows of a table after which it is not read on."""

_MOST_FILES: Final = 10_000
_LARGEST_RATIO: Final = 200
"""Unpacked size over packed size beyond which an archive is refused."""
_RATIO_FROM: Final = 10 * 1024 * 1024
"""Archives that unpack to less may be packed as tightly as they like."""
_CHUNK: Final = 1024 * 1024
_CSV_TYPES: Final = ("text/csv", "application/csv")
_JSON_TYPES: Final = ("application/x-ndjson", "application/jsonl", "application/json")


@dataclass(slots=True)
class Uploaded:
    """What was read.

    Args:
        tables: rows by table.
        facts: of `venue.toml`, where a folder brought it.
        config: choices, where a folder brought a `match.toml`.
        notices: what its owner should know.
        details: what an import says about its files.
        references: what ids of OpenReview mean, where its files say so.
    """

    tables: dict[str, Sequence[Mapping[str, Any]]]
    facts: dict[str, Any] | None = None
    config: dict[str, Any] | None = None
    notices: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    references: list[dict[str, Any]] = field(default_factory=list)


@asynccontextmanager
async def body_file(request: Request, folder: Path) -> AsyncIterator[Path]:
    """The body of a request as a file that is gone afterwards."""
    place = Path(await anyio.to_thread.run_sync(lambda: tempfile.mkdtemp(dir=folder)))
    try:
        with (place / "body").open("wb") as stream:
            async for chunk in request.stream():
                await anyio.to_thread.run_sync(stream.write, chunk)
        yield place / "body"
    finally:
        await anyio.to_thread.run_sync(lambda: shutil.rmtree(place, ignore_errors=True))


def read_row(kind: str, row: Any) -> dict[str, Any]:
    """One record of a JSON body.

    Raises:
        Problem: it is no record of that table; the pointer names the field.
    """
    try:
        return plain_row(TABLES[kind].read(row, {}))
    except FieldError as error:
        pointer = "".join(f"/{part}" for part in error.path.replace("[", ".").replace("]", "").split(".") if part)
        fault = {"pointer": pointer, "detail": error.reason}
        raise Problem("invalid-data", f"{error.path or 'the record'}: {error.reason}", errors=[fault]) from None


def read_table(path: Path, kind: str, content_type: str, settings: Settings) -> Uploaded:
    """A table.

    Args:
        path: the body.
        kind: which table.
        content_type: of the body.
        settings: limits.

    Raises:
        Problem: the type is not taken here, or there are too many rows.
        RejectedRowsError: rows cannot be accepted.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in (*_CSV_TYPES, *_JSON_TYPES):
        allowed = "application/x-ndjson or text/csv"
        raise Problem("unsupported-media-type", f"allowed is {allowed}; got '{media_type}'")
    ledger, table = Ledger(_MOST_REJECTS), TABLES[kind]
    name = f"{kind}.csv" if media_type in _CSV_TYPES else f"{kind}.jsonl"
    taken: dict[str, int] = {}
    found: list[dict[str, Any]] = []
    for row in ledger.rows(path, table, name=name, is_csv=media_type in _CSV_TYPES):
        body = plain_row(row.values)
        key = key_of(kind, body)
        if key in taken:
            ledger.reject(row, table, None, f"says again what row {taken[key]} says; give each record once")
            continue
        taken[key] = row.line
        found.append(body)
        if len(found) > settings.row_limit:
            raise Problem("too-large", f"allowed are {settings.row_limit} rows at once")
    report = ledger.settle((), accept_rejects=True)
    if report.rejects:
        raise RejectedRowsError(report)
    return Uploaded({kind: found}, notices=list(report.notices))


def read_archive(path: Path, settings: Settings) -> Uploaded:
    """A venue folder as zip.

    Raises:
        Problem: it is no zip, or unpacks to too much.
        DataError: the folder cannot be read.
    """
    with _unpacked(path, settings) as folder:
        return read_folder(folder)


def read_folder(folder: Path) -> Uploaded:
    """A venue folder.

    Raises:
        DataError: it cannot be read.
    """
    loaded = read_venue(folder, may_lack_submissions=not _is_linked(folder))
    venue = loaded.venue
    tables: dict[str, Sequence[Mapping[str, Any]]] = dict(rows_of(venue))
    if venue.decisions:
        tables["decisions"] = [to_plain(each) for each in venue.decisions]
    deadline = None if venue.deadline is None else venue.deadline.day
    config = None if loaded.match_toml is None else dict(read_toml(loaded.match_toml))
    name = venue.name if (folder / "venue.toml").is_file() else ""
    return Uploaded(tables, plain_facts(name, deadline, loaded.facts), config, list(loaded.report.notices))


def read_foreign(
    path: Path, format_name: str, file_name: str, there: Path, settings: Settings, *, reviewers: Sequence[str]
) -> Uploaded:
    """Files of another system: one file, or several as zip.

    Args:
        path: the body.
        format_name: one of the library's formats.
        file_name: of the one file; some formats tell by it what the file holds.
        there: a folder with the tables of the venue; what is read is joined with them.
        settings: limits.
        reviewers: whose publications the files hold, where the format does not say.

    Raises:
        Problem: there is no such format.
        DataError: the files cannot be read.
    """
    if format_name not in FORMATS:
        raise Problem("not-found", f"there is no format '{format_name}'; known are {', '.join(FORMATS)}")
    has_tables = any(there.iterdir())
    with unpacked_files(path, file_name, settings) as files:
        done = import_files(format_name, files, there, add=has_tables, reviewers=reviewers)
        references = read_references(files) if format_name == "openreview" else []
    details = {
        "files": [{"file": each.file, "read": each.read, "accepted": each.accepted} for each in done.collected.files],
        "questions": list(done.joined.questions),
        "remarks": [*done.collected.remarks, *done.joined.remarks],
    }
    tables: dict[str, Sequence[Mapping[str, Any]]] = {
        kind: [plain_row(TABLES[kind].read(row, {})) for row in rows] for kind, rows in read_tables(there).items()
    }
    return Uploaded(tables, details=details, references=references)


@contextmanager
def unpacked_files(path: Path, file_name: str, settings: Settings) -> Iterator[list[Path]]:
    """The files of a body: those of a zip, or the one that it is.

    Args:
        path: the body.
        file_name: of the one file; empty, or one that ends in .zip, for an archive.
        settings: limits.

    Raises:
        Problem: the archive unpacks to too much.
        DataError: it is no archive that can be read.
    """
    if file_name and not file_name.lower().endswith(".zip"):
        named = path.with_name(PurePosixPath(file_name.replace("\\", "/")).name or "upload")
        path.rename(named)
        yield [named]
        return
    with _unpacked(path, settings) as folder:
        yield sorted(each for each in folder.rglob("*") if each.is_file())


# --- archives -------------------------------------------------------------------------------------------------------


def _is_linked(folder: Path) -> bool:
    return not (folder / "venue.toml").is_file() and any(folder.glob("submissions.*"))


@contextmanager
def _unpacked(path: Path, settings: Settings) -> Iterator[Path]:
    """The content of a zip; the one folder in it, if it holds nothing else."""
    target = Path(tempfile.mkdtemp(dir=path.parent)) / "archive"  # errors name it
    target.mkdir()
    try:
        with zipfile.ZipFile(path) as archive:
            _extract(archive, target, settings, path.stat().st_size)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise DataError("this is no zip archive that can be read", remedy="pack the folder again") from error
    inner = [each for each in target.iterdir() if not each.name.startswith((".", "__MACOSX"))]
    yield inner[0] if len(inner) == 1 and inner[0].is_dir() else target


def _extract(archive: zipfile.ZipFile, target: Path, settings: Settings, packed: int) -> None:
    """Unpack regular files; sizes are counted while unpacking, since an archive may lie about them."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > _MOST_FILES:
        raise Problem("too-large", f"the archive holds {len(entries)} files; allowed are {_MOST_FILES}")
    largest = min(settings.expanded_limit, max(_RATIO_FROM, packed * _LARGEST_RATIO))
    written = 0
    for entry in entries:
        parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
        if not parts or ".." in parts or parts[0].startswith("/") or ":" in parts[0]:
            raise DataError(f"the archive names a place outside itself: '{entry.filename}'")
        place = target.joinpath(*parts)
        place.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as source, place.open("wb") as stream:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > largest:
                    raise Problem("too-large", f"the archive unpacks to more than {largest} bytes")
                stream.write(chunk)
