"""CSV files for people with a spreadsheet and for programs.

All files are UTF-8 without a byte order mark, with commas, a header and line feeds. Every cell passes one guard: a
spreadsheet runs a cell that starts with `=`, `+`, `-`, `@`, TAB, CR or NUL as a formula, so such a cell gets a leading
apostrophe unless it is a plain number. Ids are cells too: `~Name1` and `openalex:A5` stand as they are, an id such as
`-x1` is written `'-x1`. `unguard_cell` restores the original exactly; `WriteOptions(guard=False)` writes it raw, for
programs that read ids and nobody who opens the file in a spreadsheet.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from matcher.export.bundle import DEFAULT_OPTIONS, ExportData, WriteOptions, refuse_existing
from matcher.records import Assignment, Conflict, Evidence, Pair, PersonId, SubmissionId, Venue

__all__ = ["guard_cell", "unguard_cell", "write_assignment_csv", "write_csv", "write_rows"]

_TRIGGERS: Final = ("=", "+", "-", "@", "\t", "\r", "\0")
"""What makes a spreadsheet read a cell as a formula or a command (OWASP ASVS, CSV and formula injection)."""

_PLAIN_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")

_MARK: Final = "'"

_BREAKS: Final = re.compile(r'[",\r\n]')
"""What would end a cell or a row unless the cell is quoted."""

_ASSIGNMENT_HEADER: Final = ("submission_id", "reviewer_id", "score")

_BETWEEN: Final = "; "
"""Stands between several values in one cell."""


def guard_cell(text: str) -> str:
    """Make a cell harmless in a spreadsheet.

    Args:
        text: any text.

    Returns:
        The text itself, or the text behind an apostrophe where a spreadsheet would run it; a text that already looks
        guarded is guarded once more, so that `unguard_cell` is an exact inverse.

    >>> guard_cell("=1+1"), guard_cell("-0.25"), guard_cell("~Ada_Lovelace1")
    ("'=1+1", '-0.25', '~Ada_Lovelace1')
    """
    return _MARK + text if _is_dangerous(text) else text


def unguard_cell(cell: str) -> str:
    """Restore what `guard_cell` was given.

    >>> unguard_cell("'=1+1"), unguard_cell("'tis")
    ('=1+1', "'tis")
    """
    return cell[len(_MARK) :] if cell.startswith(_MARK) and _is_dangerous(cell) else cell


def _is_dangerous(text: str) -> bool:
    """Whether a spreadsheet runs this text, or would once the apostrophes before it were taken off."""
    inner = text.lstrip(_MARK)
    if inner.startswith(_TRIGGERS):
        return _PLAIN_NUMBER.fullmatch(inner) is None
    content = inner.lstrip()
    return content.startswith(_TRIGGERS) and _PLAIN_NUMBER.fullmatch(content) is None


def write_assignment_csv(path: Path, assignment: Assignment, *, overwrite: bool = False, guard: bool = True) -> None:
    """Write the assignment as programs read it: `submission_id,reviewer_id,score`, one assigned pair a row.

    Args:
        path: the file to write.
        assignment: pairs in their order (submission, then reviewer); a pair that is not scored has an empty score.
        overwrite: replace the file if it exists.
        guard: guard the cells; an id that starts with a dangerous character is then written behind an apostrophe.

    Raises:
        DataError: the file exists and may not be replaced.
    """
    options = WriteOptions(overwrite=overwrite, guard=guard)
    refuse_existing([path], options)
    write_rows(path, _ASSIGNMENT_HEADER, _assignment_rows(assignment), options)


def write_csv(bundle: ExportData, folder: Path, options: WriteOptions = DEFAULT_OPTIONS) -> tuple[Path, ...]:
    """Write all CSV files of a match.

    - `assignment.csv`: submission_id, reviewer_id, score; for programs.
    - `assignment_by_submission.csv`: the same pairs with titles, names, addresses and marks; a submission that is short
      of reviewers has one row with an empty reviewer for each review that is missing.
    - `assignment_by_reviewer.csv`: one row for each reviewer with all their submissions, ready for a mail merge; who
      has none is there with load 0.
    - `conflicts.csv`: one row for each conflict with its evidence.
    - `shortfalls.csv`: submissions without all their reviews and reviewers below their minimum load.

    Args:
        bundle: the match.
        folder: an existing folder.
        options: whether files may be replaced, and whether cells are guarded.

    Returns:
        The files written.

    Raises:
        DataError: a file exists and may not be replaced; nothing is written then.
    """
    sheets: dict[str, tuple[Sequence[str], Iterable[Sequence[str]]]] = {
        "assignment.csv": (_ASSIGNMENT_HEADER, _assignment_rows(bundle.assignment)),
        "assignment_by_submission.csv": (
            ("submission_id", "title", "reviewer_id", "reviewer_name", "reviewer_email", "score", "marks"),
            _submission_rows(bundle.venue, bundle.assignment),
        ),
        "assignment_by_reviewer.csv": (
            ("reviewer_id", "reviewer_name", "reviewer_email", "load", "mean_score", "submission_ids", "titles"),
            _reviewer_rows(bundle.venue, bundle.assignment),
        ),
        "conflicts.csv": (
            (
                "submission_id",
                "reviewer_id",
                "reviewer_name",
                "rule",
                "verdict",
                "author_id",
                "author_name",
                "last_date",
                "confidence",
                "evidence",
                "clears",
            ),
            (_conflict_row(bundle.venue, conflict) for conflict in bundle.conflicts.items),
        ),
        "shortfalls.csv": (
            ("kind", "id", "name", "wanted", "got", "reason", "remedies"),
            _shortfall_rows(bundle.venue, bundle.assignment),
        ),
    }
    paths = {folder / name: sheet for name, sheet in sheets.items()}
    refuse_existing(paths, options)
    for path, (header, rows) in paths.items():
        write_rows(path, header, rows, options)
    return tuple(paths)


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], options: WriteOptions) -> None:
    """The one place where CSV is written, so that no cell passes by the guard.

    Args:
        path: the file to write.
        header: the names of the columns.
        rows: the cells of each row.
        options: whether the file may be replaced, and whether cells are guarded.
    """
    with path.open("w" if options.overwrite else "x", encoding="utf-8", newline="") as stream:
        stream.write(_line(header))
        for row in rows:
            stream.write(_line([guard_cell(cell) for cell in row] if options.guard else row))


def _line(cells: Sequence[str]) -> str:
    """One record of RFC 4180, ended by a line feed.

    `csv.writer` leaves a lone CR unquoted where lines end with a line feed; a reader then starts a row there, and what
    follows would be a cell that never passed the guard.
    """
    return ",".join(_quoted(cell) if _BREAKS.search(cell) else cell for cell in cells) + "\n"


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def _assignment_rows(assignment: Assignment) -> Iterator[Sequence[str]]:
    for pair in assignment.pairs:
        yield pair.submission_id, pair.reviewer_id, _score(pair.score)


def _submission_rows(venue: Venue, assignment: Assignment) -> Iterator[Sequence[str]]:
    pairs: dict[SubmissionId, list[Pair]] = defaultdict(list)
    for pair in assignment.pairs:
        pairs[pair.submission_id].append(pair)
    missing = {short.submission_id: short.wanted - short.got for short in assignment.shortfalls}
    for submission in venue.submissions:
        for pair in pairs[submission.id]:
            yield (
                submission.id,
                submission.title,
                pair.reviewer_id,
                venue.name_of(pair.reviewer_id),
                _email(venue, pair.reviewer_id),
                _score(pair.score),
                _BETWEEN.join(pair.marks),
            )
        for _ in range(missing.get(submission.id, 0)):
            yield submission.id, submission.title, "", "", "", "", "missing"


def _reviewer_rows(venue: Venue, assignment: Assignment) -> Iterator[Sequence[str]]:
    pairs: dict[PersonId, list[Pair]] = defaultdict(list)
    for pair in assignment.pairs:
        pairs[pair.reviewer_id].append(pair)
    for reviewer in venue.reviewers:
        mine = pairs[reviewer.person_id]
        scores = [pair.score for pair in mine if pair.score is not None]
        yield (
            reviewer.person_id,
            venue.name_of(reviewer.person_id),
            _email(venue, reviewer.person_id),
            str(len(mine)),
            _score(sum(scores) / len(scores) if scores else None),
            _BETWEEN.join(pair.submission_id for pair in mine),
            _BETWEEN.join(venue.submission_by_id[pair.submission_id].title for pair in mine),
        )


def _conflict_row(venue: Venue, conflict: Conflict) -> Sequence[str]:
    return (
        conflict.submission_id,
        conflict.reviewer_id,
        venue.name_of(conflict.reviewer_id),
        conflict.rule,
        conflict.verdict.value,
        conflict.via or "",
        conflict.via_name,
        str(conflict.last_date) if conflict.last_date else "",
        f"{conflict.confidence:.6f}",
        _BETWEEN.join(_fact(entry) for entry in conflict.evidence),
        conflict.clears,
    )


def _fact(evidence: Evidence) -> str:
    """The fact in words, then when, then where it was read."""
    dates = ", ".join(str(date) for date in evidence.dates)
    sources = ", ".join(str(source) for source in evidence.sources)
    return evidence.text + (f" ({dates})" if dates else "") + (f" [{sources}]" if sources else "")


def _shortfall_rows(venue: Venue, assignment: Assignment) -> Iterator[Sequence[str]]:
    for short in assignment.shortfalls:
        yield (
            "submission",
            short.submission_id,
            venue.submission_by_id[short.submission_id].title,
            str(short.wanted),
            str(short.got),
            short.reason,
            _BETWEEN.join(short.remedies),
        )
    for under in assignment.underloads:
        yield (
            "reviewer",
            under.reviewer_id,
            venue.name_of(under.reviewer_id),
            str(under.min_load),
            str(under.got),
            under.reason,
            "",
        )


def _email(venue: Venue, person_id: PersonId) -> str:
    """The first address known, the one to write to; empty where none is."""
    return next(iter(venue.person_by_id[person_id].emails), "")


def _score(score: float | None) -> str:
    return "" if score is None else f"{score:.6f}"
