"""What the command line shows: tables on standard output, progress and errors on standard error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from matcher.config import Setting, settings
from matcher.errors import InfeasibleError, MatcherError, counted
from matcher.ingest import RejectedRowsError
from matcher.pipeline import MatchResult
from matcher.records import (
    Assignment,
    Conflict,
    Conflicts,
    Explanation,
    Infeasibility,
    Relaxation,
    Shortfall,
    Underload,
    Venue,
    Verdict,
    to_plain,
)

if TYPE_CHECKING:
    from matcher.ingest.check import VenueCheck
    from matcher.ingest.headings import ColumnGuess

__all__ = [
    "out",
    "print_blinded",
    "print_check",
    "print_conflicts",
    "print_error",
    "print_explanation",
    "print_json",
    "print_mapping",
    "print_notices",
    "print_result",
    "print_settings",
    "progress_bar",
    "summary_of",
]

# No emoji: a title such as "Trees: a :b: c" is printed as it is.
out: Final = Console(highlight=False, emoji=False)
_err: Final = Console(stderr=True, highlight=False, emoji=False)

_STAGES: Final = {"embed": "embedding texts", "score": "scoring", "solve": "assigning"}
_COLOURS: Final = {Verdict.BLOCK: "red", Verdict.ASK: "yellow", Verdict.CLEAR: "green"}

_ONE: Final = {"people": "person", "reviews wanted": "review wanted", "reviews possible": "review possible"}
"""Nouns whose singular is more than the plural without its s."""

_ROWS: Final = 20
"""Rows of a table before it says how many more there are."""


@contextmanager
def counter(what: str, *, quiet: bool = False) -> Iterator[Callable[[int], None] | None]:
    """A callback for work whose size is not known beforehand: a count with the time taken, on standard error."""
    if quiet:
        yield None
        return
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=_err, transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done: bars.update(task, completed=done)


@contextmanager
def progress_bar(*, quiet: bool = False) -> Iterator[Any]:
    """A callback for long stages, shown as bars with rate and time left on standard error."""
    if quiet:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    bars = Progress(*columns, console=_err, transient=True)
    tasks: dict[str, TaskID] = {}

    def tell(stage: str, done: int, total: int) -> None:
        if not tasks:
            bars.start()
        if stage not in tasks:
            tasks[stage] = bars.add_task(_STAGES.get(stage, stage), total=total, rate="")
        task = next(task for task in bars.tasks if task.id == tasks[stage])
        speed = f"{task.speed:.0f}/s" if task.speed and stage == "embed" else ""
        bars.update(tasks[stage], completed=done, total=total, rate=speed)

    try:
        yield tell
    finally:
        if tasks:
            bars.stop()


def print_json(value: Any) -> None:
    """One JSON value on one line."""
    out.print(json.dumps(value, ensure_ascii=False, allow_nan=False), soft_wrap=True, markup=False)


def print_error(error: MatcherError, *, as_json: bool = False) -> None:
    """An error with everything that it knows; with `as_json` also as one JSON object on standard output."""
    _err.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
    shortfalls: tuple[Shortfall, ...] = ()
    underloads: tuple[Underload, ...] = ()
    if isinstance(error, RejectedRowsError):
        for reject in error.rejects[1:_ROWS]:
            _err.print(f"  {escape(str(reject))}", soft_wrap=True)
    if isinstance(error, InfeasibleError):
        shortfalls, underloads = error.shortfalls, error.underloads
        _print_reasons(_err, error.explanations)
        _print_ways_out(_err, error.ways_out)
        _print_missing(_err, shortfalls, underloads)
        if all(reasons.wanting != "required pairs" for reasons in error.explanations):
            _err.print("[dim]--allow-partial returns the most filled, then best, assignment[/]")
    if as_json:
        print_json(
            {
                "error": type(error).__name__,
                "message": str(error),
                "exit_code": error.exit_code,
                "shortfalls": [to_plain(each) for each in shortfalls],
                "underloads": [to_plain(each) for each in underloads],
                "explanations": [to_plain(each) for each in getattr(error, "explanations", ())],
                "ways_out": [to_plain(each) for each in getattr(error, "ways_out", ())],
            }
        )


def print_notices(notices: Iterable[str]) -> None:
    """What the user should know about the input, on standard error."""
    for notice in notices:
        _err.print(f"[yellow]note:[/] {escape(notice)}", soft_wrap=True)


def print_settings(values: Mapping[str, Any], origin: Mapping[str, str]) -> None:
    """The configuration as a `match.toml`, with where each value came from and what is allowed."""
    section = ""
    for setting in settings():
        if setting.section != section:
            section = setting.section
            out.print(f"\n\\[{section}]" if section != settings()[0].section else f"\\[{section}]")
        value = setting.to_plain(values[setting.name])
        text = "# not set" if value is None else _toml(setting, value)
        line = f"{setting.name} = {text}" if value is not None else f"# {setting.name}"
        allowed = f"; one of {', '.join(setting.choices)}" if setting.choices else ""
        out.print(
            f"{escape(line)}  [dim]# from {origin[setting.name]}: {escape(setting.about + allowed)}[/]", soft_wrap=True
        )


def _toml(setting: Setting, value: Any) -> str:
    if setting.name == "deadline":
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def summary_of(result: MatchResult) -> dict[str, Any]:
    """The figures of a match, for people and machines."""
    assignment, limits = result.assignment, result.limits
    means = _means_by_submission(result)
    loads = np.bincount(
        [result.scores.reviewers.position(pair.reviewer_id) for pair in assignment.pairs],
        minlength=len(result.scores.reviewers),
    )
    conflicts = result.conflicts
    price = result.question_price
    return {
        "venue": result.venue.name,
        "submissions": len(result.scores.submissions),
        "reviewers": len(result.scores.reviewers),
        "papers": len(result.venue.papers),
        "wanted": int(limits.wanted.sum()),
        "assigned": len(assignment.pairs),
        "objective": assignment.objective,
        "bound": assignment.bound,
        "gap": assignment.gap,
        "solver": assignment.solver,
        "goal": goal_facts(assignment),
        "mean_score": assignment.objective / max(1, sum(pair.score is not None for pair in assignment.pairs)),
        "minimum": float(min(means, default=0.0)),
        "percentile_5": float(np.percentile(means, 5)) if means else 0.0,
        "largest_load": int(loads.max(initial=0)),
        "unused_reviewers": int((loads == 0).sum()),
        "last_resorts": sum("last_resort" in pair.marks for pair in assignment.pairs),
        "blocked": len(conflicts.pairs(Verdict.BLOCK)),
        "asked": len(conflicts.pairs(Verdict.ASK)),
        "question_price": {
            "pairs": price.pairs,
            "submissions": price.submissions,
            "gain": price.gain,
            "changed": price.changed,
            "filled": price.filled,
        },
        "shortfalls": len(assignment.shortfalls),
        "underloads": len(assignment.underloads),
        "explanations": [to_plain(each) for each in result.infeasibility],
        "ways_out": [to_plain(each) for each in result.ways_out],
        "violations": len(result.verify()),
        "broken_wishes": [violation.detail for violation in result.broken_wishes],
    }


def goal_facts(assignment: Assignment) -> dict[str, Any] | None:
    """What was optimised beside the total, its proof and its price; `None` where that is the total alone."""
    goal = assignment.goal
    if goal is None or assignment.bound is None:
        return None
    return {
        "objective": goal.objective,
        "value": goal.value,
        "bound": goal.bound,
        "gap": goal.gap,
        "price": max(0.0, 1 - assignment.objective / assignment.bound) if assignment.bound > 0 else 0.0,
    }


_GOALS: Final = {
    "max-min": ("fairness", "worst served submission"),
    "leximin": ("fairness", "worst served submission"),
    "cvar": ("fairness", "mean of the worst served"),
    "randomised": ("policy", "expected total"),
    "perturbed": ("policy", "expected total less the perturbation"),
}


def _goal_row(goal: dict[str, Any]) -> tuple[str, str]:
    label, what = _GOALS[goal["objective"]]
    proof = "proven optimal" if goal["gap"] <= 1e-6 else f"at most {goal['gap']:.2e} below the optimum"
    return label, f"{what} {goal['value']:.3f}, {proof}; price: {goal['price']:.3%} of the largest total"


def _means_by_submission(result: MatchResult) -> list[float]:
    scores: dict[str, list[float]] = {name: [] for name in result.scores.submissions}
    for pair in result.assignment.pairs:
        scores[pair.submission_id].append(pair.score or 0.0)
    return [float(np.mean(values)) if values else 0.0 for values in scores.values()]


def print_result(result: MatchResult) -> None:
    """The figures of a match as a table, then what falls short."""
    facts = summary_of(result)
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim")
    table.add_column()
    proof = (
        "no bound"
        if facts["bound"] is None
        else f"the largest is {facts['bound']:.3f}"
        if facts["goal"] is not None and facts["gap"] > 1e-6
        else "proven optimal"
        if facts["gap"] <= 1e-6
        else f"at most {facts['gap']:.2e} below the optimum"
    )
    asked = facts["question_price"]
    fill = f" and fill {counted(asked['filled'], 'review')}" if asked["filled"] else ""
    rows = (
        (
            "venue",
            (
                f"{facts['venue']}: {counted(facts['submissions'], 'submission')}, "
                f"{counted(facts['reviewers'], 'reviewer')}"
            ),
        ),
        ("expertise", result.scores.method),
        ("assigned", f"{facts['assigned']} of {counted(facts['wanted'], 'review')}"),
        ("total score", f"{facts['objective']:.3f}, {proof} (gap {facts['gap'] or 0:.1e})"),
        *(() if facts["goal"] is None else (_goal_row(facts["goal"]),)),
        (
            "per submission",
            f"mean {facts['mean_score']:.3f}, 5th percentile {facts['percentile_5']:.3f}, worst {facts['minimum']:.3f}",
        ),
        (
            "loads",
            f"largest {facts['largest_load']}, {counted(facts['unused_reviewers'], 'reviewer')} without a submission",
        ),
        (
            "conflicts",
            (
                f"{counted(facts['blocked'], 'pair')} blocked, {facts['asked']} to ask about; "
                f"clearing all questions would add {asked['gain']:.3f}{fill}"
            ),
        ),
        ("last resorts", f"{counted(facts['last_resorts'], 'review')} by people without publications"),
        ("checked", "no rule broken" if not facts["violations"] else f"{facts['violations']} RULES BROKEN"),
    )
    for name, text in rows:
        if name != "last resorts" or facts["last_resorts"]:
            table.add_row(name, escape(text))
    out.print(table)
    for wish in facts["broken_wishes"][:_ROWS]:
        out.print(f"[yellow]rule with a price[/] {escape(wish)}", soft_wrap=True)
    if len(facts["broken_wishes"]) > _ROWS:
        out.print(
            f"… and {counted(len(facts['broken_wishes']) - _ROWS, 'more case', 'more cases')} of rules with a price"
        )
    _print_reasons(out, result.infeasibility)
    _print_ways_out(out, result.ways_out)
    _print_missing(out, result.assignment.shortfalls, result.assignment.underloads)


def _print_reasons(console: Console, explanations: Sequence[Infeasibility]) -> None:
    """Smallest sets of reasons, whom they concern, and the ways out that were tried."""
    for reasons in explanations:
        console.print(f"[bold yellow]cannot be met[/] {escape(reasons.text)}", soft_wrap=True)
        for kind, names in (("submissions", reasons.submissions), ("reviewers", reasons.reviewers)):
            if names:
                more = f" and {len(names) - _ROWS} more" if len(names) > _ROWS else ""
                console.print(f"  [dim]{kind}:[/] {escape(', '.join(names[:_ROWS]))}{more}", soft_wrap=True)
        for way in reasons.relaxations:
            console.print(f"  → {escape(way.text)} [dim](tried: fills {way.fills})[/]", soft_wrap=True)


def _print_ways_out(console: Console, ways: Sequence[Relaxation]) -> None:
    """What would make everything possible: for reviews and for minimum loads any one line is enough."""
    for title, is_low in (("all reviews can be given after any one of these", False), ("minimum loads, after", True)):
        some = [way for way in ways if (way.kind in ("minimum", "min_load")) == is_low]
        if some:
            console.print(f"[bold]{title}[/] [dim](each tried)[/]")
        for way in some:
            console.print(f"  → {escape(way.text)}", soft_wrap=True)


def _print_missing(console: Console, shortfalls: Sequence[Shortfall], underloads: Sequence[Underload]) -> None:
    empty = sum(short.got == 0 for short in shortfalls)
    if empty:
        console.print(f"[bold yellow]{counted(empty, 'submission has', 'submissions have')} no reviewer at all[/]")
    for short in shortfalls[:_ROWS]:
        missing = short.wanted - short.got
        console.print(
            f"[yellow]short[/] {escape(short.submission_id)}: {missing} of {counted(short.wanted, 'review')} missing"
        )
        console.print(f"  {escape(short.reason)}", soft_wrap=True)
        for remedy in short.remedies:
            console.print(f"  → {escape(remedy)}", soft_wrap=True)
    if len(shortfalls) > _ROWS:
        console.print(
            f"… and {counted(len(shortfalls) - _ROWS, 'more submission that is', 'more submissions that are')} short"
        )
    for under in underloads[:_ROWS]:
        console.print(
            f"[yellow]underload[/] {escape(under.reviewer_id)}: {under.got} of at least {under.min_load}; "
            f"{escape(under.reason)}",
            soft_wrap=True,
        )
    if len(underloads) > _ROWS:
        console.print(f"… and {counted(len(underloads) - _ROWS, 'more reviewer')} below their minimum load")
    if underloads:
        console.print("  → lower min_load, or raise the reviews of a submission that they may review", soft_wrap=True)


def print_conflicts(conflicts: Sequence[Conflict], venue: Venue) -> None:
    """Conflicts pair by pair: which rule, through whom, on what evidence, and what would clear it."""
    shown = conflicts[: 10 * _ROWS]
    before: tuple[str, str] | None = None
    for conflict in shown:
        pair = (conflict.submission_id, conflict.reviewer_id)
        if pair != before:
            name = venue.name_of(conflict.reviewer_id)
            out.print(f"\n[bold]{escape(conflict.submission_id)}[/] × [bold]{escape(name)}[/]", soft_wrap=True)
        before = pair
        colour = _COLOURS[conflict.verdict]
        through = f" through {escape(conflict.via_name)}" if conflict.via_name else ""
        out.print(f"  [{colour}]{conflict.verdict}[/], rule {conflict.rule}{through}", soft_wrap=True)
        for evidence in conflict.evidence[:3]:
            places = "".join(f" [dim]\\[{escape(str(source))}][/]" for source in evidence.sources)
            out.print(f"    {escape(evidence.text)}{places}", soft_wrap=True)
        if len(conflict.evidence) > 3:
            out.print(f"    … and {len(conflict.evidence) - 3} more")
        if conflict.clears:
            out.print(f"    [dim]{escape(conflict.clears)}[/]", soft_wrap=True)
    counts = Conflicts(tuple(conflicts))
    out.print(
        f"\n{counted(len(conflicts), 'conflict')}: {counted(len(counts.pairs(Verdict.BLOCK)), 'pair')} blocked, "
        f"{counted(len(counts.pairs(Verdict.ASK)), 'pair')} to ask about"
        + (f"; the first {len(shown)} conflicts are shown, --json gives all" if len(shown) < len(conflicts) else ""),
        soft_wrap=True,
    )


def print_blinded(lines: Sequence[Mapping[str, Any]], venue: Venue) -> None:
    """Pairs in conflict without rule, author, institution or paper."""
    submission = ""
    for line in lines:
        if line["submission_id"] != submission:
            submission = line["submission_id"]
            out.print(f"\n[bold]{escape(submission)}[/]", soft_wrap=True)
        colour = _COLOURS[Verdict(line["verdict"])]
        out.print(f"  [{colour}]{line['verdict']:<5}[/]  {escape(venue.name_of(line['reviewer_id']))}", soft_wrap=True)
    verdicts = [line["verdict"] for line in lines]
    out.print(
        f"\n{counted(verdicts.count(Verdict.BLOCK), 'pair')} blocked, "
        f"{counted(verdicts.count(Verdict.ASK), 'pair')} to ask about; with whom and why is left out",
        soft_wrap=True,
    )


def print_check(found: VenueCheck) -> None:
    """What was read, what must be mended, what weakens a match, what is good to know."""
    out.print(f"[bold]{escape(found.venue)}[/]")
    if found.deadline is not None:
        out.print(f"deadline {found.deadline.day} ({escape(found.deadline.origin)})")
    table = Table(box=None, pad_edge=False)
    table.add_column("file")
    for name in ("read", "accepted", "rejected"):
        table.add_column(name, justify="right")
    for count in found.files:
        table.add_row(escape(count.file), str(count.read), str(count.accepted), str(count.rejected))
    out.print(table)
    counts = (counted(number, _ONE.get(name, name.removesuffix("s")), name) for name, number in found.counts.items())
    out.print(", ".join(counts), soft_wrap=True)
    colours = {"problem": "bold red", "warning": "yellow", "note": "dim"}
    for finding in found.findings:
        out.print(f"[{colours[finding.level]}]{finding.level}:[/] {escape(finding.text)}", soft_wrap=True)
        for example in finding.examples:
            out.print(f"  {escape(example)}", soft_wrap=True)
        if finding.count > len(finding.examples) > 0:
            out.print(f"  … and {finding.count - len(finding.examples)} more")
    if not found.problems:
        out.print("[green]ready to match[/]")


def print_mapping(file: str, guesses: Sequence[ColumnGuess]) -> None:
    """How the columns of a sheet were understood."""
    table = Table(title=escape(file), title_justify="left", box=None, pad_edge=False)
    for name in ("column", "is taken as", ""):
        table.add_column(name, overflow="fold")
    for guess in guesses:
        table.add_row(escape(guess.header), escape(guess.field or "–"), escape(guess.why if not guess.sure else ""))
    out.print(table)


def print_explanation(explanation: Explanation, venue: Venue) -> None:
    """Why, why not, why blocked, who would be next."""
    submission = venue.submission(explanation.submission_id)
    out.print(f"[bold]{escape(submission.title)}[/]", soft_wrap=True)
    name = venue.name_of(explanation.reviewer_id)
    out.print(f"{escape(name)}: [bold]{explanation.status.replace('_', ' ')}[/]")
    for reason in explanation.reasons:
        out.print(f"  {escape(reason)}", soft_wrap=True)
    if explanation.standing:
        out.print(f"  {escape(explanation.standing)}", soft_wrap=True)
    if explanation.evidence:
        table = Table(box=None, pad_edge=False)
        table.add_column("adds", justify="right")
        table.add_column("similarity", justify="right")
        table.add_column("paper", overflow="fold")
        for part in explanation.evidence:
            similarity = "" if part.similarity is None else f"{part.similarity:.3f}"
            shared = f" [dim](shared: {escape(', '.join(part.terms))})[/]" if part.terms else ""
            table.add_row(f"{part.contribution:+.3f}", similarity, escape(part.title) + shared)
        table.add_row(f"[bold]{explanation.score or 0:.3f}[/]", "", "[bold]score[/]")
        out.print(table)
    if explanation.alternatives:
        out.print("[dim]next, with room:[/]")
        for other in explanation.alternatives:
            out.print(f"  {escape(other.name)} ({other.score:.3f}; load {other.load} of {other.max_load})")
