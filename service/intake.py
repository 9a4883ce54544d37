"""A chair's own files as rows of a venue: two sheets of any layout, CVs and publication lists, the shipped sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matcher.errors import DataError
from matcher.ingest import RejectedRowsError
from matcher.ingest.cv import DocumentReport, Doubt, merge_documents
from matcher.ingest.documents import collect, read_documents
from matcher.ingest.fields import TABLES
from matcher.ingest.formats import plain_row, rows_of
from matcher.ingest.formats.write import read_tables
from matcher.ingest.workbook import read_sheets
from matcher.ingest.write_folder import read_existing, write_folder
from service.problems import Problem
from service.settings import Settings
from service.uploads import Uploaded, read_folder, unpacked_files

__all__ = ["read_cvs", "read_sample", "read_two_sheets"]

_SHEETS = ("reviewers", "submissions")
_ENDINGS = (".xlsx", ".csv", ".tsv", ".txt")


def read_two_sheets(path: Path, file_name: str, settings: Settings, *, mapping: Mapping[str, str]) -> Uploaded:
    """A sheet of reviewers and a sheet of submissions.

    Args:
        path: the body: one workbook with both sheets, or a zip of two files called reviewers and submissions.
        file_name: of the one workbook; empty for a zip.
        settings: limits.
        mapping: column titles by field, for columns that cannot be guessed.

    Raises:
        DataError: a file is missing or cannot be read.
        RejectedRowsError: rows cannot be accepted.
    """
    with unpacked_files(path, file_name, settings) as files:
        if len(files) == 1:
            reviewers = submissions = files[0]
        else:
            reviewers, submissions = (_sheet(files, stem) for stem in _SHEETS)
        loaded = read_sheets(reviewers, submissions, mapping=mapping)
    if loaded.report.rejects:
        raise RejectedRowsError(loaded.report)
    columns = [
        {"sheet": sheet, "column": each.header, "field": each.field, "is_sure": each.sure, "why": each.why}
        for sheet, guesses in loaded.mappings.items()
        for each in guesses
    ]
    return Uploaded(dict(rows_of(loaded.venue)), notices=list(loaded.report.notices), details={"columns": columns})


def _sheet(files: Sequence[Path], stem: str) -> Path:
    for file in files:
        if file.stem.lower() == stem and file.suffix.lower() in _ENDINGS:
            return file
    allowed = ", ".join(f"{stem}{ending}" for ending in _ENDINGS)
    raise DataError(f"the archive holds no sheet of {stem}", remedy=f"call it one of {allowed}")


def read_cvs(path: Path, file_name: str, there: Path, settings: Settings) -> Uploaded:
    """CVs and publication lists: each becomes a reviewer, or tells more about one who is there.

    Args:
        path: the body: one document, or a zip of several.
        file_name: of the one document; empty for a zip.
        there: a folder with the tables of the venue; what is read is joined with them.
        settings: limits.

    Raises:
        Problem: documents cannot be read; each is named.
        DataError: no document tells whose it is.
    """
    with unpacked_files(path, file_name, settings) as files:
        documents = read_documents(collect(files))
        if documents.failures:
            raise _unread(documents.failures, len(documents.failures) + len(documents.read))
        merged = merge_documents(documents.read, read_existing(there))
        write_folder(there, merged, add=True)
    tables = {
        kind: [plain_row(TABLES[kind].read(row, {})) for row in rows]
        for kind, rows in read_tables(there).items()
        if kind in ("reviewers", "publications")
    }
    notices = [_doubt(doubt) for doubt in merged.doubts]
    return Uploaded(dict(tables), notices=notices, details={"documents": [_plain(each) for each in merged.documents]})


def _unread(failures: Sequence[DataError], tried: int) -> Problem:
    faults = [
        {"file": Path(each.file or "").name, "detail": each.message + (f" ({each.remedy})" if each.remedy else "")}
        for each in failures
    ]
    return Problem("invalid-data", f"{len(failures)} of {tried} documents cannot be read", errors=faults)


def _plain(report: DocumentReport) -> dict[str, Any]:
    return {
        "file": report.source,
        "owner": report.owner,
        "reviewer_id": report.reviewer_id,
        "is_new": report.is_new,
        "publications": report.entries,
        "lines": report.lines,
        "lines_not_read": len(report.unread),
        "doubts": [_doubt(doubt) for doubt in report.doubts],
    }


def _doubt(doubt: Doubt) -> str:
    where = "" if doubt.line is None else f"line {doubt.line}: "
    return f"{where}{doubt.reason}" + (f": {doubt.text}" if doubt.text else "")


def read_sample() -> Uploaded:
    """The venue that ships with the program, to look around in."""
    from matcher.cli import sample_folder

    return read_folder(sample_folder())
