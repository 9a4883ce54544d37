"""`matcher review`: decide the doubtful conflicts, each once."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from rich.markup import escape

from matcher import console
from matcher.assignment import question_chances
from matcher.commands.choices import resolve_choices
from matcher.commands.options import (
    NO_FLAGS,
    AcceptRejectsOption,
    ConfigOption,
    JsonOption,
    OverwriteOption,
    QuietOption,
    refuse_beside_run,
    takes_conflict_flags,
)
from matcher.config import MatchConfig
from matcher.conflicts import find_conflicts
from matcher.conflicts.questions import Key, Question, decide, key_of, questions
from matcher.decisions import DECISIONS_FILE, append_decisions
from matcher.errors import DataError, UnknownNameError, counted
from matcher.export.csv_files import guard_cell, unguard_cell
from matcher.ingest import read_venue
from matcher.pipeline import MatchResult, match
from matcher.records import Conflict, Conflicts, Decision, Progress, SubmissionId, Venue

__all__ = ["Queue", "build_queue", "read_answers", "review", "write_questions"]

_COLUMNS: Final = (
    "question",
    "decision",
    "reason",
    "rule",
    "reviewer_id",
    "reviewer",
    "author",
    "risk",
    "chance",
    "submissions",
    "evidence",
    "clears",
    "reopened",
)
_OUTCOMES: Final[Mapping[str, str]] = {
    "conflict": "confirmed",
    "confirm": "confirmed",
    "confirmed": "confirmed",
    "yes": "confirmed",
    "clear": "dismissed",
    "dismiss": "dismissed",
    "dismissed": "dismissed",
    "no": "dismissed",
}
_SHOWN: Final = 20


class Queue:
    """The open questions of a venue.

    Args:
        venue: the input.
        conflicts: all of it, decisions taken into account.
        result: a match of the venue; with it only questions whose release would change the assignment are listed.
        everything: whether the others are listed too, behind these.
    """

    def __init__(
        self, venue: Venue, conflicts: Conflicts, result: MatchResult | None = None, *, everything: bool = False
    ) -> None:
        self.venue = venue
        self.result = result
        self.by_key: dict[Key, list[Conflict]] = {}
        for conflict in conflicts.items:
            self.by_key.setdefault(key_of(conflict), []).append(conflict)
        self.all = questions(conflicts.items, venue)
        tried = self.all if result is None else _tried(self.all, result)
        self.mattering = [question for question in tried if question.matters_for]
        self.listed = tried if everything or result is None else self.mattering

    @property
    def submissions(self) -> int:
        """How many submissions have a question whose release would change the assignment; without a trial, any."""
        if self.result is None:
            return len({name for question in self.listed for name in question.submissions})
        return len({name for question in self.mattering for name in question.matters_for})

    def decide(self, answers: Sequence[tuple[str, str, str]], *, by: str) -> list[Decision]:
        """Turn answers into decisions.

        Args:
            answers: id of a question, outcome and reason.
            by: who decides.

        Raises:
            UnknownNameError: no open question has that id: it is decided already, or its evidence changed.
        """
        known = {question.id: question for question in self.all}
        decisions = []
        for name, outcome, reason in answers:
            if name not in known:
                raise UnknownNameError("question", name, known)
            decisions.append(decide(known[name], outcome, self.by_key, by=by, reason=reason))
        return decisions


def _tried(found: Sequence[Question], result: MatchResult) -> list[Question]:
    """The questions with what trial matches say of them, the weightiest first."""
    rows, columns = result.scores.submissions, result.scores.reviewers
    places = [
        (rows.position(name), columns.position(question.key[1]), number)
        for number, question in enumerate(found)
        for name in question.submissions
        if name in rows and question.key[1] in columns
    ]
    table = np.array(places, dtype=np.int64).reshape(-1, 3)
    chances = question_chances(
        result.scores,
        result.limits,
        result.assignment,
        result.config,
        pairs=table[:, :2],
        asked=table[:, 2],
        risks=np.array([question.risk for question in found], dtype=np.float64),
    )
    matters: dict[int, dict[SubmissionId, None]] = {}
    for (row, _, number), is_led in zip(places, chances.pairs.tolist(), strict=True):
        if is_led:
            matters.setdefault(number, {})[rows.ids[row]] = None
    tried = [
        replace(question, chance=0.0 if np.isnan(chance) else float(chance), matters_for=tuple(matters.get(number, ())))
        for number, (question, chance) in enumerate(zip(found, chances.questions, strict=True))
    ]
    return sorted(tried, key=lambda each: (-each.weight, -each.risk, each.key))


def build_queue(
    venue: Venue,
    config: MatchConfig,
    run: Path | None,
    *,
    everything: bool = False,
    is_tried: bool = True,
    progress: Progress | None = None,
) -> Queue:
    """Find the open questions of a venue, and which of them would change its match.

    Args:
        venue: as it is now, with its decisions.
        config: the choices; with a run, those of the run.
        run: a run folder of the venue; without one the venue is matched here.
        everything: whether questions that change nothing are listed too.
        is_tried: whether it matters what would change; a venue without a run is not matched where it does not.
        progress: called by long stages.
    """
    result = None if run is None else MatchResult.load(run)
    if result is None and is_tried and not everything:
        result = match(venue, replace(config, allow_partial=True), progress=progress)
        return Queue(venue, result.conflicts, result)
    conflicts = find_conflicts(venue, config if result is None else result.config)
    return Queue(venue, conflicts, result, everything=everything)


@takes_conflict_flags
def review(
    venue: Annotated[Path, typer.Argument(help="A venue folder.", show_default=False)],
    run: Annotated[
        Path | None, typer.Option(help="A run of this venue to try releases on; left out, the venue is matched here.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="List the questions too that would change no assignment.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write the questions as CSV, to be filled in.")] = None,
    answers: Annotated[
        Path | None,
        typer.Option("--import", help="A CSV with the columns question, decision (conflict or clear) and reason."),
    ] = None,
    confirm: Annotated[list[str] | None, typer.Option(help="Id of a question: it is a conflict.")] = None,
    dismiss: Annotated[list[str] | None, typer.Option(help="Id of a question: it is none.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for --confirm and --dismiss.")] = "",
    by: Annotated[str, typer.Option(help="Who decides; kept with the decision.")] = "",
    at: Annotated[str, typer.Option(help="When, as you write it; kept in the log only.")] = "",
    log: Annotated[
        Path | None, typer.Option(help="The log of decisions; default: decisions.jsonl in the venue.")
    ] = None,
    config: ConfigOption = None,
    flags: Mapping[str, Any] = NO_FLAGS,
    accept_rejects: AcceptRejectsOption = False,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Decide the doubtful conflicts, each once. A decision holds until there is more evidence.

    Listed are the questions whose release would change the assignment, by risk x chance of assignment.
    """
    refuse_beside_run(run, config, flags)
    loaded = read_venue(venue, accept_rejects=accept_rejects)
    choices = resolve_choices(loaded, config, flags).config
    is_answered = bool(confirm or dismiss or answers)
    with console.progress_bar(quiet=quiet or as_json) as progress:
        queue = build_queue(
            loaded.venue, choices, run, everything=everything, is_tried=not is_answered, progress=progress
        )
    given_answers = [(name, "confirmed", reason) for name in confirm or ()]
    given_answers += [(name, "dismissed", reason) for name in dismiss or ()]
    given_answers += read_answers(answers) if answers is not None else []
    if given_answers:
        decisions = queue.decide(given_answers, by=by)
        target = log or venue / DECISIONS_FILE
        count = append_decisions(target, decisions, at=at)
        console.out.print(f"{counted(count, 'decision')} added to {target}", markup=False)
        return
    if out is not None:
        write_questions(out, queue.listed, overwrite=overwrite)
        console.out.print(f"{counted(len(queue.listed), 'question')} written to {out}", markup=False, soft_wrap=True)
        return
    if as_json:
        console.print_json({**_totals(queue), "questions": [_plain(question) for question in queue.listed]})
        return
    _print(queue)


def _totals(queue: Queue) -> dict[str, Any]:
    active = len(queue.venue.active_submissions)
    return {
        "open": len(queue.all),
        "mattering": len(queue.mattering),
        "listed": len(queue.listed),
        "submissions": queue.submissions,
        "share_of_submissions": round(queue.submissions / active, 4) if active else 0.0,
        "is_tried": queue.result is not None,
    }


def _plain(question: Question) -> dict[str, Any]:
    return {
        "question": question.id,
        "rule": question.key[0],
        "reviewer_id": question.key[1],
        "reviewer": question.reviewer,
        "author_id": question.conflict.via,
        "author": question.author,
        "risk": round(question.risk, 4),
        "chance": question.chance,
        "submissions": list(question.submissions),
        "matters_for": list(question.matters_for),
        "evidence": [fact.text for fact in question.conflict.evidence],
        "clears": question.conflict.clears,
        "reopened": question.is_reopened,
    }


def _print(queue: Queue) -> None:
    out = console.out
    for question in queue.listed[:_SHOWN]:
        chance = "" if question.chance is None else f", chance of assignment {question.chance:.2f}"
        again = ", [yellow]asked again: there is more evidence[/]" if question.is_reopened else ""
        out.print(
            f"\n[bold]{question.id}[/]  {escape(question.reviewer)} and {escape(question.author or 'the authors')}: "
            f"{question.key[0]}, risk {question.risk:.2f}{chance}{again}",
            soft_wrap=True,
        )
        out.print(f"    for {escape(', '.join(question.matters_for or question.submissions))}", soft_wrap=True)
        for fact in question.conflict.evidence:
            out.print(f"    {escape(fact.text)}", soft_wrap=True)
        out.print(f"    [dim]{escape(question.conflict.clears)}[/]", soft_wrap=True)
    totals = _totals(queue)
    more = f"; the first {_SHOWN} are shown, --json and --out give all" if len(queue.listed) > _SHOWN else ""
    if queue.result is None:
        out.print(
            f"\n{counted(totals['open'], 'open question')}{more}; without --all only those that would change a match",
            soft_wrap=True,
        )
    else:
        out.print(
            f"\n{totals['mattering']} of {counted(totals['open'], 'open question')} would change the assignment, for "
            f"{counted(totals['submissions'], 'submission')} ({totals['share_of_submissions']:.1%}){more}",
            soft_wrap=True,
        )
    if queue.listed:
        out.print(
            "[dim]matcher review VENUE --confirm ID | --dismiss ID --by NAME; or --out FILE.csv and --import[/]",
            soft_wrap=True,
        )


def write_questions(path: Path, listed: Sequence[Question], *, overwrite: bool) -> None:
    """Write questions as CSV with two empty columns, `decision` and `reason`.

    Raises:
        DataError: the file exists and may not be replaced.
    """
    if path.exists() and not overwrite:
        raise DataError("the file exists", file=str(path), remedy="pass --overwrite, or choose another name")
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for question in listed:
            plain = _plain(question)
            plain |= {
                "decision": "",
                "reason": "",
                "chance": "" if question.chance is None else f"{question.chance:.3f}",
                "submissions": "; ".join(question.submissions),
                "evidence": "; ".join(plain["evidence"]),
                "reopened": "yes" if question.is_reopened else "",
            }
            writer.writerow([guard_cell(str(plain[name])) for name in _COLUMNS])


def read_answers(path: Path) -> list[tuple[str, str, str]]:
    """The decisions of a filled-in CSV: question, outcome, reason. Rows without a decision are left open.

    Raises:
        DataError: the file cannot be read, a column is missing, or a decision is not understood.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the file cannot be read: {error}", file=str(path)) from None
    return list(_answers(csv.DictReader(text.splitlines(keepends=True)), path.name))


def _answers(rows: csv.DictReader[str], file: str) -> Iterator[tuple[str, str, str]]:
    for name in ("question", "decision"):
        if name not in (rows.fieldnames or ()):
            raise DataError(f"there is no column '{name}'", file=file, line=1, remedy="matcher review --out writes one")
    for row in rows:
        decision = unguard_cell(row["decision"] or "").strip().casefold()
        if not decision:
            continue
        if decision not in _OUTCOMES:
            message = f"allowed are conflict, clear, or nothing; got '{row['decision']}'"
            raise DataError(message, file=file, line=rows.line_num, field="decision")
        reason = unguard_cell(row.get("reason") or "").strip()
        yield unguard_cell(row["question"] or "").strip(), _OUTCOMES[decision], reason
