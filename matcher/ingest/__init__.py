"""Reading a venue: a folder of ours, or a linked corpus, into one `Venue`, with every row accounted for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from matcher.decisions import DECISIONS_FILE, read_decisions
from matcher.ingest.folder import find_tables, read_folder
from matcher.ingest.linked import is_linked, read_linked
from matcher.ingest.loading import FileCount, Ledger, Loaded, LoadReport, Reject, RejectedRowsError, write_rejects
from matcher.records import Venue

__all__ = [
    "FileCount",
    "LoadReport",
    "Loaded",
    "Reject",
    "RejectedRowsError",
    "load_venue",
    "read_venue",
    "write_rejects",
]


def load_venue(path: str | Path) -> Venue:
    """Read a venue folder whose every row is good.

    Args:
        path: the folder.

    Raises:
        RejectedRowsError: a row cannot be accepted; the message names the first and counts them all.
        DataError: the folder or one of its files cannot be read.

    Example::

        venue = load_venue("data/sample")
        print(len(venue.submissions))
    """
    return read_venue(path).venue


def read_venue(
    path: str | Path,
    *,
    accept_rejects: bool = False,
    submissions_file: Path | None = None,
    may_lack_submissions: bool = False,
) -> Loaded:
    """Read a venue folder and say what became of every row.

    A folder without `venue.toml` whose reviewers list `pubs` is a linked corpus and is read as it is. Nothing is
    written into the folder.

    Args:
        path: the folder.
        accept_rejects: whether to go on without the rows that cannot be accepted.
        submissions_file: takes the place of the folder's own submissions; JSON Lines or CSV under any name.
        may_lack_submissions: whether a folder without submissions is read as a venue with none yet, and a notice.

    Raises:
        RejectedRowsError: rows cannot be accepted, and `accept_rejects` is false.
        DataError: the folder or one of its files cannot be read.
    """
    folder = Path(path)
    replaced = ("submissions",) if submissions_file is not None or may_lack_submissions else ()
    tables, notices = find_tables(folder, replaced=replaced)
    ledger = Ledger()
    for notice in notices:
        ledger.notice(notice)
    linked = is_linked(folder, tables)
    if linked and submissions_file is None:
        find_tables(folder)  # a linked corpus without submissions is broken, not early
    read = read_linked if linked else read_folder
    loaded = read(folder, tables, ledger, submissions_file=submissions_file, accept_rejects=accept_rejects)
    decisions = read_decisions(folder / DECISIONS_FILE)
    return replace(loaded, venue=replace(loaded.venue, decisions=decisions)) if decisions else loaded
