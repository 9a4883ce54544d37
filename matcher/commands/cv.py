"""`matcher import cv`: documents become reviewers, and what became of every line is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape

from matcher import console
from matcher.commands.options import AcceptRejectsOption, JsonOption, QuietOption
from matcher.errors import DataError

if TYPE_CHECKING:
    from matcher.ingest.cv import CvDocument, DocumentReport, Doubt, LineRange, Merged
    from matcher.ingest.documents import Documents
    from matcher.ingest.write_folder import Written

__all__ = ["EPILOG", "import_cv"]

EPILOG: Final = """Examples:

matcher import cv cvs/ --into venue/

matcher import cv jane.pdf joe.txt --into venue/ --add --dry-run"""

_SHOWN: Final = 20
"""Papers told of more than once that are listed before it says how many more there are."""

_RANGES: Final = 20
"""Stretches of lines of one reason before it says how many more there are; `--json` has them all."""


def import_cv(
    files: Annotated[
        list[Path],
        typer.Argument(help="CVs or publication pages (text, Markdown, PDF), or folders of them.", show_default=False),
    ],
    into: Annotated[Path, typer.Option(help="Venue folder for reviewers.jsonl and publications.jsonl.")],
    add: Annotated[bool, typer.Option("--add", help="Add to a folder that holds files already.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be written, write nothing into the folder.")
    ] = False,
    lines: Annotated[
        Path | None,
        typer.Option(help="Write every line of every document here, with what it was read as (tab-separated)."),
    ] = None,
    accept_rejects: AcceptRejectsOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Turn CVs and publication lists into reviewers. What is not certain is reported with its line, never guessed."""
    from matcher.ingest.cv import merge_documents
    from matcher.ingest.documents import UnreadDocumentsError, collect, read_documents, write_lines
    from matcher.ingest.write_folder import read_existing, refuse_filled, write_folder

    refuse_filled(into, add=add)
    if lines is not None and lines.exists():
        raise DataError("there is such a file already", file=str(lines), remedy="name another one for --lines")
    there = read_existing(into) if add else None
    collected = collect(files)
    with console.progress_bar(quiet=quiet or as_json) as progress:
        documents = read_documents(collected, progress)
    if documents.failures and not (accept_rejects and documents.read):
        raise UnreadDocumentsError(documents.failures, len(documents.failures) + len(documents.read))
    merged = merge_documents(documents.read, there)
    written = write_folder(into, merged, add=add, dry_run=dry_run)
    if lines is not None:
        write_lines(lines, documents)
    if as_json:
        console.print_json(_plain(documents, merged, written))
        return
    console.print_notices([*documents.notes, *(f"not read: {failure}" for failure in documents.failures)])
    for report, document in zip(merged.documents, documents.read, strict=True):
        _print_document(report, document)
    _print_together(merged, written)


# --- for people -----------------------------------------------------------------------------------------------------


def _say(text: str) -> None:
    console.out.print(text, soft_wrap=True)


def _print_document(report: DocumentReport, document: CvDocument) -> None:
    """What was read from one document, what is in doubt, and what was not read."""
    source = f"[bold]{escape(report.source)}[/]"
    if report.reviewer_id is None:
        _say(f"{source}: [red]left out: it does not tell whose it is[/] (write the owner's name as its first line)")
    else:
        verb = "new reviewer" if report.is_new else "more about reviewer"
        _say(f"{source}: {escape(report.owner or '')}, {verb} {escape(report.reviewer_id)}")
        _say(f"  [dim]known by {escape(report.owner_how)}[/]")
    for other in report.joined_with:
        _say(f"  merged    the same person as {escape(other)}")
    new = "" if report.new_papers == report.entries else f" ({report.new_papers} not told of before)"
    facts = [
        f"{_count(report.entries, 'publication')}{new}",
        _count(report.relations, "relation"),
        _count(report.affiliations, "affiliation"),
        _count(report.interests, "interest"),
    ]
    lines = "lines of its text" if document.is_pdf else "lines"
    _say(f"  read      {', '.join(facts)}; {_lines_read(document)} of {report.lines} {lines}")
    if not report.entries:
        _say("  [yellow]look at[/]   no publication was read")
    for doubt in report.doubts:
        _say(f"  [yellow]look at[/]   {_doubt(doubt)}")
    for reason, lines in _by_reason(report.unread).items():
        _say(f"  [dim]not read  {lines}: {escape(reason)}[/]")


def _lines_read(document: CvDocument) -> int:
    return sum(one.is_read for one in document.lines)


def _is_doubtful(report: DocumentReport) -> bool:
    """Whether a person should look at what became of a document."""
    return report.reviewer_id is None or not report.entries or bool(report.doubts)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _doubt(doubt: Doubt) -> str:
    where = "" if doubt.line is None else f"line {doubt.line}: "
    return f"{where}{escape(doubt.reason)}" + (f" “{escape(doubt.text)}”" if doubt.text else "")


def _by_reason(unread: Iterable[LineRange]) -> dict[str, str]:
    """The lines that were not read, by why; reasons in the order in which the document first gives them."""
    ranges: dict[str, list[LineRange]] = {}
    for each in unread:
        ranges.setdefault(each.reason, []).append(each)
    said = {}
    for reason, lines in ranges.items():
        many = len(lines) > 1 or lines[0].last > lines[0].first
        more = f" and {len(lines) - _RANGES} more (--json lists all)" if len(lines) > _RANGES else ""
        said[reason] = f"line{'s' if many else ''} {', '.join(map(str, lines[:_RANGES]))}{more}"
    return said


def _print_together(merged: Merged, written: Written) -> None:
    """What several documents tell together, and what was written."""
    for doubt in merged.doubts:
        _say(f"[yellow]look at[/]   {_doubt(doubt)}")
    for same in merged.same_papers[:_SHOWN]:
        _say(f"[dim]one paper[/] {escape(same.title)} [dim]({escape(', '.join(map(str, same.sources)))})[/]")
    if len(merged.same_papers) > _SHOWN:
        _say(f"[dim]one paper[/] and {len(merged.same_papers) - _SHOWN} more (--json lists all)")
    if len(merged.documents) > 1:
        _say(f"{_count(len(merged.documents), 'document')}, {_count(len(merged.reviewers), 'reviewer')} in all")
        doubtful = [report.source for report in merged.documents if _is_doubtful(report)]
        more = f" and {len(doubtful) - _SHOWN} more" if len(doubtful) > _SHOWN else ""
        if doubtful:
            _say(f"[yellow]look at[/]   {escape(', '.join(doubtful[:_SHOWN]))}{more}")
    verb = "would hold" if written.is_dry_run else "holds"
    for file in written.files:
        changes = f"{file.added} new, {file.changed} changed" if file.added or file.changed else "nothing changed"
        _say(f"{escape(str(file.path))} {verb} {_count(file.rows, 'row')}: {changes}")
    if not merged.papers:
        _say("nobody has a publication yet: a match needs some; --add brings more documents in")
    elif not written.is_dry_run:
        folder = escape(str(written.folder))
        _say(f"next matcher check {folder}")
        _say(f"     matcher match {folder} --submissions FILE --deadline YYYY-MM-DD --out RUN")


# --- for machines ---------------------------------------------------------------------------------------------------


def _plain(documents: Documents, merged: Merged, written: Written) -> dict[str, Any]:
    return {
        "reviewers": len(merged.reviewers),
        "papers": len(merged.papers),
        "documents": [
            _plain_document(report, document) for report, document in zip(merged.documents, documents.read, strict=True)
        ],
        "same_papers": [
            {"paper_id": each.paper_id, "title": each.title, "sources": [str(source) for source in each.sources]}
            for each in merged.same_papers
        ],
        "doubts": _plain_doubts(merged.doubts),
        "files": [
            {"path": str(each.path), "rows": each.rows, "added": each.added, "changed": each.changed}
            for each in written.files
        ],
        "notes": list(documents.notes),
        "rejected": [_plain_failure(failure) for failure in documents.failures],
        "dry_run": written.is_dry_run,
    }


def _plain_document(report: DocumentReport, document: CvDocument) -> dict[str, Any]:
    return {
        "source": report.source,
        "owner": report.owner,
        "owner_how": report.owner_how,
        "reviewer_id": report.reviewer_id,
        "is_doubtful": _is_doubtful(report),
        "is_new": report.is_new,
        "joined_with": list(report.joined_with),
        "entries": report.entries,
        "new_papers": report.new_papers,
        "relations": report.relations,
        "affiliations": report.affiliations,
        "interests": report.interests,
        "domains": list(report.domains),
        "is_pdf": document.is_pdf,
        "lines": report.lines,
        "lines_read": _lines_read(document),
        "unread": [{"first": each.first, "last": each.last, "reason": each.reason} for each in report.unread],
        "doubts": _plain_doubts(report.doubts),
    }


def _plain_doubts(doubts: Sequence[Doubt]) -> list[dict[str, Any]]:
    return [{"line": each.line, "reason": each.reason, "text": each.text} for each in doubts]


def _plain_failure(failure: DataError) -> dict[str, Any]:
    return {"file": failure.file, "reason": failure.message, "remedy": failure.remedy}
