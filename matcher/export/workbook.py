"""The result of a match as one Excel workbook, for a chair who works in a spreadsheet.

Five sheets: the assignment by submission, the same by reviewer (ready for a mail merge), conflicts with their evidence,
problems with what to do about them, and the figures and settings behind it all. Every text stays a text: no cell is a
formula or a link, whatever the input holds. Equal data give equal bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from matcher.config import MatchConfig, settings
from matcher.errors import DataError, MissingExtraError
from matcher.export.bundle import WriteOptions, refuse_existing
from matcher.export.csv_files import guard_cell
from matcher.records import (
    Assignment,
    Conflict,
    Conflicts,
    Evidence,
    Explanation,
    Limits,
    Pair,
    PersonId,
    QuestionPrice,
    ScoreMatrix,
    SubmissionId,
    Venue,
    Verdict,
)

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["WorkbookData", "write_workbook"]

Value: TypeAlias = str | int | float | None
Row: TypeAlias = Sequence[Value]

_EPOCH: Final = datetime(2000, 1, 1)  # noqa: DTZ001  # the format has no time zone
"""Stands in every file for the time at which it was made, so that equal data give equal bytes."""

_ZIP_DATE: Final = (2000, 1, 1, 0, 0, 0)
_LONGEST_CELL: Final = 32_767
"""Letters of the longest cell that Excel opens."""

_MOST_ROWS: Final = 100_000
"""Rows of a sheet that a person can still use; what is more is counted in the last row."""

_TOP_EVIDENCE: Final = 2
_FACTS: Final = 5
"""Facts of one conflict, and sources of one fact, that a cell lists."""

_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_HEADER_COLOUR: Final = "1F3864"
_MISSING_COLOUR: Final = "F8CBAD"
_ASK_COLOUR: Final = "FFF2CC"
_SCORE_COLOURS: Final = ("FFFFFF", "63BE7B")


@dataclass(frozen=True, slots=True)
class WorkbookData:
    """What the workbook is written from.

    Args:
        venue: names, titles and addresses.
        scores: (S, R) affinity scores.
        conflicts: all conflicts of the venue, cleared ones too.
        limits: demand and loads, in the order of `scores`.
        assignment: who reviews what, and what falls short.
        explanations: of the assigned pairs, by submission and reviewer; a pair without one has no reason shown.
        rejects: the rows that were not taken; the text of each names its place and the reason.
        notices: what else the reading of the input remarked.
        config: the choices, for the last sheet.
        price: what the open questions cost.
    """

    venue: Venue
    scores: ScoreMatrix
    conflicts: Conflicts
    limits: Limits
    assignment: Assignment
    explanations: Mapping[tuple[SubmissionId, PersonId], Explanation]
    rejects: Sequence[object] = ()
    notices: tuple[str, ...] = ()
    config: MatchConfig | None = None
    price: QuestionPrice | None = None


def write_workbook(path: Path, data: WorkbookData, *, overwrite: bool = False) -> Path:
    """Write a match as one .xlsx file.

    Args:
        path: the file to write; its folder is made where it does not exist.
        data: the match.
        overwrite: replace the file if it exists.

    Returns:
        The path.

    Raises:
        DataError: the name does not end in .xlsx, the file exists and may not be replaced, or cannot be written.
        MissingExtraError: the package that writes workbooks is not installed.

    Example::

        result = match(venue, config)
        data = WorkbookData(
            venue=result.venue,
            scores=result.scores,
            conflicts=result.conflicts,
            limits=result.limits,
            assignment=result.assignment,
            explanations=result.explain_assigned(),
        )
        write_workbook(Path("result.xlsx"), data)
    """
    if path.suffix.lower() != ".xlsx":
        raise DataError("the name of a workbook ends in .xlsx", file=str(path), remedy=f"write {path.stem}.xlsx")
    refuse_existing([path], WriteOptions(overwrite=overwrite))
    content = _packed(_build(data))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb" if overwrite else "xb") as stream:
            stream.write(content)
    except OSError as error:
        raise DataError(
            f"the file cannot be written: {error.strerror or error}",
            file=str(path),
            remedy="close it in the spreadsheet program, or choose another name",
        ) from None
    return path


# --- the workbook ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Column:
    """One column: its title, its width in letters, and the form of its numbers."""

    title: str
    width: int
    number_format: str = "General"


def _build(data: WorkbookData) -> Workbook:
    try:
        import openpyxl  # an extra
    except ImportError:
        raise MissingExtraError("Excel workbooks", "formats", alternative="save the sheets as CSV") from None
    workbook = openpyxl.Workbook()
    workbook.properties.creator = "reviewer-matcher"
    workbook.properties.title = _text(f"Reviewers of {data.venue.name}")
    workbook.properties.created = _EPOCH
    first = workbook.active
    assert first is not None  # a new workbook has a sheet
    workbook.remove(first)
    _add_by_submission(workbook, data)
    _add_by_reviewer(workbook, data)
    _add_conflicts(workbook, data)
    _add_problems(workbook, data)
    _add_sheet(workbook, "About", (_Column("What", 44), _Column("Value", 70)), _about(data))
    return workbook


def _packed(workbook: Workbook) -> bytes:
    """The workbook's bytes, without the clock: fixed times inside, and fixed dates on every part of the archive."""
    from openpyxl.xml.functions import tostring

    raw = io.BytesIO()
    workbook.save(raw)
    workbook.properties.modified = _EPOCH  # saving has set it to now
    core = tostring(workbook.properties.to_tree())
    packed = io.BytesIO()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(packed, "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, on every system
            entry.external_attr = 0o644 << 16
            target.writestr(entry, core if name == "docProps/core.xml" else source.read(name))
    return packed.getvalue()


def _add_sheet(workbook: Workbook, title: str, columns: Sequence[_Column], rows: Iterable[Row]) -> Worksheet:
    """The one place where cells are written, so that no text can become a formula."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet: Worksheet = workbook.create_sheet(title)
    wrapped = Alignment(vertical="top", wrap_text=True)
    header = Alignment(vertical="center", wrap_text=True)
    for position, column in enumerate(columns, start=1):
        cell = _cell(sheet, 1, position)
        _put(cell, column.title)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor=_HEADER_COLOUR)
        cell.alignment = header
        sheet.column_dimensions[get_column_letter(position)].width = column.width
    for number, row in enumerate(_limited(rows), start=2):
        for position, (column, value) in enumerate(zip(columns, row, strict=True), start=1):
            cell = _cell(sheet, number, position)
            _put(cell, value)
            cell.alignment = wrapped
            if isinstance(value, float | int):
                cell.number_format = column.number_format
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{sheet.max_row}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"
    return sheet


def _cell(sheet: Worksheet, row: int, column: int) -> Cell:
    """A cell of a sheet in which no cells are merged."""
    return cast("Cell", sheet.cell(row, column))


def _limited(rows: Iterable[Row]) -> Iterator[Row]:
    more = 0
    width = 1
    for number, row in enumerate(rows):
        width = len(row)
        if number < _MOST_ROWS:
            yield row
        else:
            more += 1
    if more:
        yield (f"{more} more rows are left out here; the CSV export has them all", *[None] * (width - 1))


def _put(cell: Cell, value: Value) -> None:
    """Set a cell; a text stays a text, also where it looks like a formula, an error or a number."""
    if value is None or value == "":
        return
    if isinstance(value, str):
        text = _text(value)
        cell.value = text
        cell.data_type = "s"
        # The flag behind the apostrophe of Excel: the text stays one when somebody edits the cell.
        cell.quotePrefix = guard_cell(text) != text
    else:
        cell.value = value


def _text(value: str) -> str:
    """A text that Excel opens: without characters that XML forbids, and not too long."""
    text = _NOT_XML.sub("", value)
    if len(text) <= _LONGEST_CELL:
        return text
    cut = " … [cut off]"
    return text[: _LONGEST_CELL - len(cut)] + cut


# --- by submission --------------------------------------------------------------------------------------------------

_BY_SUBMISSION: Final = (
    _Column("Submission", 12),
    _Column("Title", 46),
    _Column("Reviewer", 24),
    _Column("E-mail", 28),
    _Column("Score", 8, "0.00"),
    _Column("Why", 60),
    _Column("Marks", 14),
    _Column("Reviewer id", 20),
)


def _add_by_submission(workbook: Workbook, data: WorkbookData) -> None:
    from openpyxl.formatting.rule import ColorScaleRule
    from openpyxl.styles import Border, Font, PatternFill, Side

    sheet = _add_sheet(workbook, "By submission", _BY_SUBMISSION, _submission_rows(data))
    low, high = _SCORE_COLOURS
    scale = ColorScaleRule(  # type: ignore[no-untyped-call]
        start_type="num", start_value=0, start_color=low, end_type="num", end_value=1, end_color=high
    )
    sheet.conditional_formatting.add(f"E2:E{max(2, sheet.max_row)}", scale)
    above = Border(top=Side(style="thin", color="808080"))
    before: object = None
    for row in range(2, sheet.max_row + 1):
        cells = [sheet.cell(row, column) for column in range(1, len(_BY_SUBMISSION) + 1)]
        if cells[0].value != before:
            for cell in cells:
                cell.border = above
        before = cells[0].value
        if cells[6].value == _MISSING:
            for cell in cells:
                cell.fill = PatternFill("solid", fgColor=_MISSING_COLOUR)
            cells[6].font = Font(bold=True)


_MISSING: Final = "MISSING"


def _submission_rows(data: WorkbookData) -> Iterator[Row]:
    pairs: dict[SubmissionId, list[Pair]] = defaultdict(list)
    for pair in data.assignment.pairs:
        pairs[pair.submission_id].append(pair)
    missing = {short.submission_id: short for short in data.assignment.shortfalls}
    for submission in sorted(data.venue.active_submissions, key=lambda each: _natural(each.id)):
        for pair in sorted(pairs[submission.id], key=lambda pair: (-_known(pair.score), pair.reviewer_id)):
            yield (
                submission.id,
                submission.title,
                data.venue.name_of(pair.reviewer_id),
                _email(data.venue, pair.reviewer_id),
                _number(pair.score),
                _why(data.explanations.get((submission.id, pair.reviewer_id))),
                ", ".join(mark.replace("_", " ") for mark in pair.marks),
                pair.reviewer_id,
            )
        short = missing.get(submission.id)
        for _ in range(short.wanted - short.got if short else 0):
            yield submission.id, submission.title, None, None, None, short.reason if short else None, _MISSING, None


def _why(explanation: Explanation | None) -> str:
    """The titles that add most to the score."""
    if explanation is None:
        return ""
    papers = [part for part in explanation.evidence if part.paper_id is not None and part.contribution > 0]
    if papers:
        return "\n".join(part.title for part in papers[:_TOP_EVIDENCE])
    return next(iter(explanation.reasons), "")


# --- by reviewer ----------------------------------------------------------------------------------------------------


def _add_by_reviewer(workbook: Workbook, data: WorkbookData) -> None:
    mine: dict[PersonId, list[SubmissionId]] = defaultdict(list)
    for pair in data.assignment.pairs:
        mine[pair.reviewer_id].append(pair.submission_id)
    most = max((len(ids) for ids in mine.values()), default=0)
    columns = [
        _Column("Reviewer", 24),
        _Column("E-mail", 28),
        _Column("Papers to review", 10),
        _Column("Submissions", 60),
        _Column("Reviewer id", 20),
    ]
    for number in range(1, most + 1):
        columns += [_Column(f"Submission {number} id", 12), _Column(f"Submission {number} title", 40)]
    _add_sheet(workbook, "By reviewer", columns, _reviewer_rows(data.venue, mine, most))


def _reviewer_rows(venue: Venue, mine: Mapping[PersonId, list[SubmissionId]], most: int) -> Iterator[Row]:
    names = {reviewer.person_id: venue.name_of(reviewer.person_id) for reviewer in venue.reviewers}
    for reviewer_id in sorted(names, key=lambda each: (names[each].casefold(), each)):
        ids = sorted(mine.get(reviewer_id, ()), key=_natural)
        titled = [(submission_id, venue.submission_by_id[submission_id].title) for submission_id in ids]
        cells = [value for both in titled for value in both]
        yield (
            names[reviewer_id],
            _email(venue, reviewer_id),
            len(ids),
            "\n".join(f"{submission_id}: {title}" for submission_id, title in titled),
            reviewer_id,
            *cells,
            *[None] * (2 * most - len(cells)),
        )


# --- conflicts ------------------------------------------------------------------------------------------------------


def _add_conflicts(workbook: Workbook, data: WorkbookData) -> None:
    from openpyxl.styles import PatternFill

    columns = (
        _Column("Submission", 12),
        _Column("Reviewer", 24),
        _Column("Rule", 12),
        _Column("Verdict", 10),
        _Column("Author concerned", 24),
        _Column("Evidence", 80),
        _Column("What would clear it", 50),
    )
    found = sorted(data.conflicts.items, key=lambda conflict: (_natural(conflict.submission_id), conflict.sort_key()))
    sheet = _add_sheet(workbook, "Conflicts", columns, (_conflict_row(data.venue, conflict) for conflict in found))
    for row in range(2, sheet.max_row + 1):
        if sheet.cell(row, 4).value == Verdict.ASK.value:
            sheet.cell(row, 4).fill = PatternFill("solid", fgColor=_ASK_COLOUR)


def _conflict_row(venue: Venue, conflict: Conflict) -> Row:
    return (
        conflict.submission_id,
        venue.name_of(conflict.reviewer_id),
        conflict.rule,
        conflict.verdict.value,
        conflict.via_name,
        "\n".join(_facts(conflict)),
        conflict.clears,
    )


def _facts(conflict: Conflict) -> Iterator[str]:
    """The facts in words, then where each was read; of many only the first."""
    for fact in conflict.evidence[:_FACTS]:
        yield fact.text + _sources(fact)
    if len(conflict.evidence) > _FACTS:
        yield f"and {len(conflict.evidence) - _FACTS} more"


def _sources(fact: Evidence) -> str:
    listed = ", ".join(map(str, fact.sources[:_FACTS])) + (", …" if len(fact.sources) > _FACTS else "")
    return f" [{listed}]" if listed else ""


# --- problems -------------------------------------------------------------------------------------------------------


def _add_problems(workbook: Workbook, data: WorkbookData) -> None:
    columns = (
        _Column("Kind", 26),
        _Column("Submission", 12),
        _Column("Reviewer", 24),
        _Column("What", 80),
        _Column("What to do", 60),
    )
    rows = list(_problem_rows(data)) or [("none", None, None, "nothing to report", None)]
    _add_sheet(workbook, "Problems", columns, rows)


def _problem_rows(data: WorkbookData) -> Iterator[Row]:
    venue = data.venue
    for short in data.assignment.shortfalls:
        what = f"{short.got} of {short.wanted} reviews: {short.reason}"
        yield "missing reviews", short.submission_id, None, what, "\n".join(short.remedies)
    for under in data.assignment.underloads:
        what = f"{under.got} of at least {under.min_load} submissions: {under.reason}"
        yield "below minimum load", None, venue.name_of(under.reviewer_id), what, "lower the minimum load"
    yield from _questions(data)
    yield from _gaps(venue)
    for reject in data.rejects:
        yield "rejected row", None, None, str(reject), "correct the row and match again"
    for notice in data.notices:
        yield "notice", None, None, notice, None


def _gaps(venue: Venue) -> Iterator[Row]:
    """What the input does not say and the result would be better for."""
    silent = [reviewer.person_id for reviewer in venue.reviewers if not _email(venue, reviewer.person_id)]
    if len(silent) == len(venue.reviewers) > 1:  # one row says it for all
        what = "no reviewer has an e-mail address: a mail merge reaches nobody"
        yield "reviewers without e-mail", None, None, what, "add their addresses"
        silent = []
    for person_id in silent:
        what = "no e-mail address: a mail merge does not reach this reviewer"
        yield "reviewer without e-mail", None, venue.name_of(person_id), what, "add the address"
    for reviewer in venue.reviewers:
        if not reviewer.paper_ids:
            name = venue.name_of(reviewer.person_id)
            what = "neither publications nor stated expertise: this reviewer is assigned last, if at all"
            yield "reviewer without any text", None, name, what, "add titles of their publications, or keywords"
    for submission in venue.active_submissions:
        if not submission.abstract:
            what = "no abstract: the scores rest on the title alone"
            yield "submission without abstract", submission.id, None, what, "add the abstract"
    for submission in venue.submissions:
        if not submission.authors:
            what = "no authors: its conflicts cannot be found"
            yield "submission without authors", submission.id, None, what, "add the authors"


def _questions(data: WorkbookData) -> Iterator[Row]:
    """The pairs that count as blocked until somebody decides, and what that costs."""
    pairs = data.conflicts.pairs(Verdict.ASK)
    price = data.price
    if pairs and price is not None:
        what = (
            f"{len(pairs)} {'pair counts' if len(pairs) == 1 else 'pairs count'} as blocked until somebody decides. If "
            f"all were cleared, the sum of the scores would grow by {price.gain:.3f}, {price.filled} more "
            f"{'review' if price.filled == 1 else 'reviews'} would be filled, and {price.changed} of the assigned "
            "pairs would differ."
        )
        yield "questions to decide", None, None, what, "decide those below that matter"
    for submission_id, reviewer_id in sorted(pairs, key=lambda pair: (_natural(pair[0]), pair[1])):
        asked = [each for each in data.conflicts.of(submission_id, reviewer_id) if each.verdict is Verdict.ASK]
        what = "\n".join(f"{each.rule}, {each.via_name}: {'; '.join(_facts(each))}" for each in asked)
        remedy = "\n".join(dict.fromkeys(each.clears for each in asked if each.clears))
        yield "question to decide", submission_id, data.venue.name_of(reviewer_id), what, remedy


# --- about ----------------------------------------------------------------------------------------------------------


def _about(data: WorkbookData) -> Iterator[Row]:
    venue, assignment = data.venue, data.assignment
    wanted, filled = int(data.limits.wanted.sum()), len(assignment.pairs)
    busy = len({pair.reviewer_id for pair in assignment.pairs})
    yield "Venue", venue.name
    yield "Submissions that want reviews", len(venue.active_submissions)
    if len(venue.submissions) > len(venue.active_submissions):
        yield "Submissions withdrawn or rejected", len(venue.submissions) - len(venue.active_submissions)
    yield "Reviewers", len(venue.reviewers)
    yield "Reviewers with something to review", busy
    yield "Reviews wanted", wanted
    yield "Reviews assigned", filled
    yield "Demand met", f"{filled} of {wanted} ({filled / wanted:.1%})" if wanted else "nothing is wanted"
    yield "Reviews that the reviewers could give at most", int(data.limits.max_load.sum())
    yield "Sum of the scores", round(assignment.objective, 6)
    yield "Largest sum possible (proven bound)", None if assignment.bound is None else round(assignment.bound, 6)
    yield "Gap to that bound", "no bound" if assignment.gap is None else f"{assignment.gap:.4%}"
    yield "Pairs blocked by a conflict", len(data.conflicts.pairs(Verdict.BLOCK))
    yield "Pairs with a question to decide", len(data.conflicts.pairs(Verdict.ASK))
    yield "Rows of the input that were rejected", len(data.rejects)
    yield "Deadline", f"{venue.deadline.day} ({venue.deadline.origin})" if venue.deadline else "none"
    yield "Scores", data.scores.method
    yield "Scores mean", "from 0 to 1; unrelated papers give 0.083 with the default encoder, the same text gives 1"
    yield "Solver", assignment.solver
    yield "Digest of the input", venue.digest
    if data.config is not None:
        plain = data.config.to_plain()
        for setting in settings():
            value = plain[setting.section][setting.name]
            yield f"Setting {setting.key}", "not set" if value is None else str(value)


# --- small things ---------------------------------------------------------------------------------------------------


def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """The order in which people count: s2 before s10."""
    parts = re.split(r"(\d+)", text)
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)


def _known(score: float | None) -> float:
    return -1.0 if score is None else score


def _number(score: float | None) -> float | None:
    return None if score is None else round(float(score), 6)


def _email(venue: Venue, person_id: PersonId) -> str:
    """The first address known, the one to write to; empty where none is."""
    return next(iter(venue.person_by_id[person_id].emails), "")
