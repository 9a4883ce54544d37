"""Questions about who is who in a service, written as CSV, and the answers read back."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matcher.errors import DataError
from matcher.ingest.formats.opening import read_table

if TYPE_CHECKING:
    from matcher.ingest.fetch.resolve import Question

__all__ = ["Answer", "read_answers", "write_questions"]

_HEADER: Final = ("reviewer_id", "reviewer", "service", "person_id", "name", "affiliation", "works", "reason", "same")
_YES: Final = frozenset({"yes", "y", "x", "1", "true"})
_NO: Final = frozenset({"no", "n", "0", "false"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision: whether somebody in a service is a reviewer."""

    reviewer_id: str
    service: str
    person_id: str
    is_same: bool


def write_questions(path: Path, service: str, questions: Iterable[Question], *, overwrite: bool = False) -> int:
    """Write the candidates of each question, one a row, with an empty column `same` to fill in.

    Args:
        path: the CSV file.
        service: the service that was asked.
        questions: what to decide; those without a candidate have nothing to decide.
        overwrite: whether the file may be replaced.

    Returns:
        The number of rows.

    Raises:
        DataError: the file exists and may not be replaced.
    """
    if path.exists() and not overwrite:
        raise DataError("this file exists already", file=str(path), remedy="pass --overwrite, or choose another name")
    rows = [
        (
            question.reviewer_id,
            question.name,
            service,
            candidate.person.id,
            candidate.person.name,
            candidate.person.affiliation,
            "" if candidate.person.works is None else str(candidate.person.works),
            candidate.reason,
            "",
        )
        for question in questions
        for candidate in question.candidates
    ]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_HEADER)
        writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return len(rows)


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet does not run as a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def read_answers(path: Path) -> tuple[Answer, ...]:
    """Read questions in which the column `same` was filled in with yes or no; empty cells stay questions.

    Args:
        path: the CSV file or an Excel workbook.

    Raises:
        DataError: the file cannot be read, a cell holds something else, or two people of a service are one reviewer.
    """
    columns = {name: (name.replace("_", " "),) for name in _HEADER}
    found: list[Answer] = []
    taken: dict[tuple[str, str], int] = {}
    for row in read_table(path, columns, required=("reviewer_id", "service", "person_id", "same")):
        said = row.values.get("same", "").casefold()
        if row.fault is not None:
            raise DataError(row.fault, file=path.name, line=row.line)
        if not said:
            continue
        if said not in _YES | _NO:
            raise DataError(
                f"allowed is yes, no or nothing; got '{row.values['same']}'",
                file=path.name,
                line=row.line,
                field="same",
            )
        values = {name: row.values.get(name, "").removeprefix("'") for name in ("reviewer_id", "service", "person_id")}
        key = (values["reviewer_id"], values["service"])
        if said in _YES and key in taken:
            raise DataError(
                f"line {taken[key]} says that '{key[0]}' is somebody else", file=path.name, line=row.line, field="same"
            )
        if said in _YES:
            taken[key] = row.line
        found.append(Answer(values["reviewer_id"], values["service"], values["person_id"], said in _YES))
    return tuple(found)
