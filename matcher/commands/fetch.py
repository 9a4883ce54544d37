"""`matcher fetch`: publications of reviewers from public services."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.markup import escape

from matcher import console
from matcher.commands.imports import plain as plain_import
from matcher.commands.options import JsonOption, QuietOption
from matcher.errors import DataError, UnknownNameError, counted
from matcher.ingest.fetch import SERVICES, Client, Fetched, fetch, read_answers, write_questions

__all__ = ["EPILOG", "fetch_command"]

EPILOG: Final = """Examples:

matcher fetch venue/ --source openalex

matcher fetch venue/ --source dblp --questions questions.csv

matcher fetch venue/ --source dblp --answers questions.csv"""

_KEY_VARIABLES: Final = {"semanticscholar": ("MATCHER_SEMANTICSCHOLAR_KEY", "x-api-key")}


def fetch_command(
    venue: Annotated[Path, typer.Argument(help="A venue folder with reviewers.jsonl.")],
    source: Annotated[str, typer.Option(help=f"One of {', '.join(SERVICES)}.")],
    reviewer: Annotated[list[str] | None, typer.Option(help="Only this reviewer, by id; may be repeated.")] = None,
    questions: Annotated[Path | None, typer.Option(help="Write who-is-who questions here, as CSV.")] = None,
    answers: Annotated[Path | None, typer.Option(help="Questions in which 'same' was filled in.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Another address of the service, such as a mirror.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Where answers are kept; default: fetched/ in the folder.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use only answers that are kept.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file of questions.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fetch the publications of a folder's reviewers. A name alone never decides who is who: it makes a question."""
    service = SERVICES.get(source)
    if service is None:
        raise UnknownNameError("source", source, SERVICES)
    if questions is not None and questions.exists() and not overwrite:
        raise DataError("this file exists already", file=str(questions), remedy="pass --overwrite")
    decided = read_answers(answers) if answers is not None else ()
    variable, header = _KEY_VARIABLES.get(source, ("", ""))
    key = os.environ.get(variable, "") if variable else ""
    with (
        Client(
            base_url or service.base,
            cache or venue / "fetched" / "answers",
            per_second=service.per_second,
            today=datetime.now(tz=UTC).date(),
            headers={header: key} if key else {},
            is_offline=offline,
        ) as client,
        console.progress_bar(quiet=quiet) as progress,
    ):
        done = fetch(service, client, venue, answers=decided, only=reviewer or (), progress=progress)
    written = write_questions(questions, source, done.questions, overwrite=overwrite) if questions else None
    if as_json:
        console.print_json(_plain(done))
    else:
        _print(done, questions, written)


def _plain(done: Fetched) -> dict[str, Any]:
    return {
        "service": done.service,
        "found": dict(done.found),
        "how": dict(done.how),
        "questions": [
            {
                "reviewer_id": question.reviewer_id,
                "name": question.name,
                "candidates": [
                    {
                        "person_id": one.person.id,
                        "name": one.person.name,
                        "affiliation": one.person.affiliation,
                        "works": one.person.works,
                        "reason": one.reason,
                    }
                    for one in question.candidates
                ],
            }
            for question in done.questions
        ],
        "asked": done.asked,
        "kept": done.kept,
        "imported": None if done.imported is None else plain_import(done.imported),
    }


def _print(done: Fetched, file: Path | None, rows: int | None) -> None:
    console.out.print(
        f"[bold]{escape(done.service)}[/]: {counted(len(done.found), 'reviewer')} found, "
        f"{len(done.questions)} to decide; {counted(done.asked, 'request')}, {counted(done.kept, 'answer')} from disk"
    )
    for question in done.questions:
        names = "; ".join(
            f"{one.person.id} {one.person.name}" + (f" ({one.person.affiliation})" if one.person.affiliation else "")
            for one in question.candidates
        )
        shown = escape(names) if names else "nobody of that name"
        console.out.print(f"[yellow]who is[/] {escape(question.reviewer_id)}: {shown}", soft_wrap=True)
    if done.imported is not None:
        for table in done.imported.files:
            console.out.print(
                f"{escape(str(table.path))} holds {counted(table.rows, 'row')}, new {table.added}", soft_wrap=True
            )
        for reject in done.imported.collected.rejects:
            console.out.print(f"[red]rejected[/] {escape(str(reject))}", soft_wrap=True)
    if file is not None:
        console.out.print(
            f"{escape(str(file))}: {counted(rows or 0, 'row')} to decide in column 'same'", soft_wrap=True
        )
