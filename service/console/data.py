"""Handing over data: a folder, sheets, CVs, tables, files of other systems, each first as a preview."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import IO, Any, Final

from starlette.datastructures import UploadFile
from starlette.responses import Response

from service.client import ClientError
from service.console.pages import Pages, Visit
from service.problems import Problem

__all__ = ["pages"]

pages = Pages()
pages.entry("Data", "/venues/{venue_id}/data", order=110)
pages.says(taken="The files are taken in. Look at the check of the data next.")

_CHUNK: Final = 256 * 1024
_IN_MEMORY: Final = 8 * 1024 * 1024
_TABLES: Final = ("reviewers", "publications", "submissions", "people", "conflicts", "bids", "fixed", "history")
_TABLE_TYPES: Final = {".csv": "text/csv", ".jsonl": "application/x-ndjson", ".ndjson": "application/x-ndjson"}
_Call = tuple[str, Iterator[bytes], dict[str, str], dict[str, Any]]


@pages.get("/venues/{venue_id}/data")
def data(visit: Visit) -> Response:
    """What is there, and the ways to hand over more."""
    return _shown(visit)


def _shown(visit: Visit, **more: Any) -> Response:
    found = visit.api.get(visit.venue_path)
    formats = visit.api.get("/v1/formats")
    shown = {"report": None, "kind": visit.form("kind") or visit.query("kind", "sheets"), **more}
    return visit.show("data.html", counts=found["counts"], formats=formats, tables=_TABLES, **shown)


@pages.post("/venues/{venue_id}/data", takes_files=True)
def hand_over(visit: Visit) -> Response:
    """Take files in, or say what would change."""
    is_preview = visit.form("do") == "preview"
    with ExitStack() as stack:
        try:
            path, content, headers, query = _KINDS.get(visit.form("kind"), _unknown)(visit, stack)
            query["dry_run"] = str(is_preview).lower()
            report = visit.api.call("POST", visit.venue_path + path, content=content, headers=headers, **query).json()
        except ClientError as error:
            return _answer(visit, status=error.status, problem=error.problem)
        except Problem as error:
            return _answer(visit, status=error.document()["status"], problem=error.document())
    if is_preview:
        return _answer(visit, report=report)
    return visit.go(f"/venues/{visit.path['venue_id']}/check", said="taken")


def _answer(visit: Visit, *, status: int = 200, **more: Any) -> Response:
    """The outcome alone for HTMX, which keeps the chosen files in their form; else the page."""
    if visit.is_partial:
        # The outcome belongs beside its form, also when it is a refusal: HTMX puts in what came well only.
        return visit.show("data.html", block="outcome", **{"report": None, **more})
    return _shown(visit, status=status, **more)


# --- kinds of files -------------------------------------------------------------------------------------------------


def _archive(visit: Visit, _: ExitStack) -> _Call:
    file = _one(visit, "file")
    mode = "replace" if visit.form("mode") == "replace" else "merge"
    return "/upload", _chunks(file.file), {"Content-Type": "application/zip"}, {"mode": mode}


def _sheets(visit: Visit, stack: ExitStack) -> _Call:
    reviewers, submissions = visit.file("reviewers"), visit.file("submissions")
    binary = {"Content-Type": "application/octet-stream"}
    if reviewers is not None and submissions is None:  # one workbook with both
        return "/sheets", _chunks(reviewers.file), binary, {"filename": _name(reviewers)}
    if reviewers is None or submissions is None:
        raise Problem("invalid-request", "choose the sheet of reviewers, and the sheet of submissions")
    named = {
        f"{stem}{PurePosixPath(_name(file)).suffix}": file
        for stem, file in (("reviewers", reviewers), ("submissions", submissions))
    }
    return "/sheets", _chunks(_packed(named, stack)), binary, {}


def _documents(visit: Visit, stack: ExitStack) -> _Call:
    content, query = _several(visit, stack)
    return "/documents", content, {"Content-Type": "application/octet-stream"}, query


def _system(visit: Visit, stack: ExitStack) -> _Call:
    content, query = _several(visit, stack)
    name = PurePosixPath(visit.form("format")).name
    return f"/import/{name}", content, {"Content-Type": "application/octet-stream"}, query


def _table(visit: Visit, _: ExitStack) -> _Call:
    file, table = _one(visit, "file"), visit.form("table")
    if table not in _TABLES:
        raise Problem("invalid-request", "choose which table the file is")
    ending = PurePosixPath(_name(file)).suffix.lower()
    if ending not in _TABLE_TYPES:
        raise Problem("invalid-request", f"a table ends in {', '.join(_TABLE_TYPES)}; this file ends in '{ending}'")
    mode = "replace" if visit.form("mode") == "replace" else "merge"
    return f"/{table}", _chunks(file.file), {"Content-Type": _TABLE_TYPES[ending]}, {"mode": mode}


def _unknown(visit: Visit, _: ExitStack) -> _Call:
    raise Problem("invalid-request", f"choose what the files are; '{visit.form('kind')}' is no kind that is known")


_KINDS: Final[Mapping[str, Callable[[Visit, ExitStack], _Call]]] = {
    "sheets": _sheets,
    "documents": _documents,
    "archive": _archive,
    "system": _system,
    "table": _table,
}


# --- files ----------------------------------------------------------------------------------------------------------


def _name(file: UploadFile) -> str:
    return PurePosixPath((file.filename or "").replace("\\", "/")).name[:150]


def _one(visit: Visit, field: str) -> UploadFile:
    file = visit.file(field)
    if file is None:
        raise Problem("invalid-request", "choose a file")
    return file


def _several(visit: Visit, stack: ExitStack) -> tuple[Iterator[bytes], dict[str, Any]]:
    files = [each for each in visit.fields.getlist("file") if isinstance(each, UploadFile) and each.filename]
    if not files:
        raise Problem("invalid-request", "choose at least one file")
    if len(files) == 1:
        return _chunks(files[0].file), {"filename": _name(files[0])}
    named: dict[str, UploadFile] = {}
    for number, file in enumerate(files):
        name = _name(file)
        named[name if name not in named else f"{number}/{name}"] = file
    return _chunks(_packed(named, stack)), {}


def _packed(files: Mapping[str, UploadFile], stack: ExitStack) -> IO[bytes]:
    """Files as one zip; they are small beside what the API takes, so they are not made smaller."""
    stream: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  # the stack closes it
    stack.callback(stream.close)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, file in files.items():
            with archive.open(name, "w") as entry:
                for chunk in _chunks(file.file):
                    entry.write(chunk)
    stream.seek(0)
    return stream


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk
