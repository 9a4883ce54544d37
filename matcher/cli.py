"""The command line: one function per subcommand, no logic of its own.

Results go to standard output (`--json` for machines), progress and errors to standard error. Exit codes: 0 done,
1 bad input, 2 wrong usage, 3 limits that cannot be met.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from matcher import __version__, console
from matcher.assignment import Options, prepare, solve_arrays
from matcher.commands import audit as audit_commands
from matcher.commands import confirm as confirm_commands
from matcher.commands import cv, draws, edits, imports, rounds, upkeep
from matcher.commands import drift as drift_commands
from matcher.commands import fetch as fetch_commands
from matcher.commands import policy as policy_commands
from matcher.commands import pool as pool_commands
from matcher.commands import review as review_commands
from matcher.commands import service as service_commands
from matcher.commands import what_if as what_if_commands
from matcher.commands.background import background_app
from matcher.commands.choices import resolve_choices
from matcher.commands.options import (
    NO_FLAGS,
    AcceptRejectsOption,
    ConfigOption,
    JsonOption,
    ObjectiveOption,
    OverwriteOption,
    QuietOption,
    RunArgument,
    VenueArgument,
    ViewerOption,
    takes_conflict_flags,
)
from matcher.commands.roles import OnlyOption, OverOption, RoleOption, WithOption, in_role
from matcher.config import MatchConfig, resolve
from matcher.conflicts import RULES, find_conflicts
from matcher.conflicts.remark import visibility_of
from matcher.errors import DataError, MatcherError, UnknownNameError, counted
from matcher.explanation import blinded as blind
from matcher.ingest import RejectedRowsError, read_venue, write_rejects
from matcher.pipeline import MatchResult, StageClock, hidden_for, match
from matcher.records import Conflict, Conflicts, Deadline, VectorInstance, to_plain
from matcher.roles import REVIEWER
from matcher.runs import conflict_line, refuse_occupied
from matcher.streaming import solve_vectors, vector_problem
from matcher.viewer import blinded_line, without_traces
from matcher.ways_out import infeasible, infeasible_vectors

__all__ = ["app", "main"]

app = typer.Typer(
    name="matcher",
    help="Who should review what, why, and who must not.",
    epilog="Start with: matcher demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

import_app = typer.Typer(
    help="Bring in what you have: CVs and publication lists.",
    epilog="Example: matcher import cv cvs/ --into venue/",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(import_app, name="import")
imports.hang_into(import_app)
app.command("fetch", epilog=fetch_commands.EPILOG)(fetch_commands.fetch_command)
app.add_typer(policy_commands.app, name="policy")
app.add_typer(confirm_commands.app, name="confirm")
app.command(epilog="Example: matcher audit venue/ --what-if coauthor_window_months=60")(audit_commands.audit)
app.command(epilog="Example: matcher review venue/ --run runs/first --out questions.csv")(review_commands.review)
import_app.command("cv", epilog=cv.EPILOG)(cv.import_cv)
app.command(epilog=drift_commands.EPILOG)(drift_commands.drift)
app.add_typer(background_app, name="background")
app.command("pool", epilog=pool_commands.EPILOG)(pool_commands.pool)
app.command("what-if", epilog=what_if_commands.EPILOG)(what_if_commands.what_if)
app.command(epilog="Example: matcher serve --data-dir matcher-data --port 8000")(service_commands.serve)
app.add_typer(service_commands.admin_app, name="admin")
upkeep.hang_into(service_commands.admin_app)


def main(argv: list[str] | None = None) -> NoReturn:
    """Run the command line; every error of ours becomes a message and an exit code."""
    try:
        app(args=argv, prog_name="matcher", standalone_mode=True)
    except MatcherError as error:
        console.print_error(error, as_json="--json" in (sys.argv[1:] if argv is None else argv))
        sys.exit(error.exit_code)
    except OSError as error:  # a file that the system refuses to open, read or write
        name = None if error.filename is None else str(error.filename)
        console.print_error(DataError(error.strerror or str(error), file=name))
        sys.exit(1)
    sys.exit(0)


def _print_version(wanted: bool) -> None:
    if wanted:
        console.out.print(f"matcher {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[  # typer calls back
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Who should review what, why, and who must not."""


# --- the job --------------------------------------------------------------------------------------------------------


@app.command(
    epilog="Example: matcher demo --out runs/demo",
)
def demo(
    out: Annotated[Path, typer.Option(help="Where the run and its report go.")] = Path("runs/demo"),
    encoder: Annotated[str | None, typer.Option(help="hybrid, sentence or tfidf.")] = None,
    quiet: QuietOption = False,
) -> None:
    """Run the whole job on the shipped sample and write a report."""
    refuse_occupied(out, overwrite=True)
    loaded = read_venue(sample_folder())
    resolved = resolve_choices(loaded, None, {"encoder": encoder})
    with console.progress_bar(quiet=quiet) as progress:
        result = match(loaded.venue, resolved.config, origin=resolved.origin, progress=progress)
    console.print_result(result)
    first = result.assignment.pairs[0]
    console.out.print()
    console.print_explanation(result.explain(first.submission_id, first.reviewer_id), result.venue)
    result.save(out, overwrite=True)
    report = _write_report(result, out / "report.html")
    console.out.print(f"\nrun     {out}\nreport  {report}", markup=False, soft_wrap=True)


@app.command(
    "match",
    epilog="""Examples:

matcher match venue/ --out runs/first

matcher match venue/ --reviews 4 --max-load 6 --coauthor-window-months 48 --out runs/four

matcher match reviewers.xlsx submissions.xlsx --out result.xlsx

matcher match venue/ --role area_chair --out runs/chairs

matcher match venue/ --role senior_area_chair --over runs/chairs --out runs/seniors

matcher match venue/ --with runs/chairs --with runs/seniors --out runs/reviewers

matcher match venue/ --since runs/first --out runs/second

matcher match venue/ --config match.toml --print-config""",
)
@takes_conflict_flags
def match_command(
    venue: Annotated[Path, typer.Argument(help="A venue folder, or a sheet of reviewers (.xlsx, .csv).")],
    sheet: Annotated[
        Path | None, typer.Argument(help="With a sheet of reviewers: the sheet of submissions.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder to write; with sheets, a workbook (.xlsx).")] = None,
    submissions: Annotated[
        Path | None, typer.Option(help="Take the submissions from this file instead of the folder's.")
    ] = None,
    config: ConfigOption = None,
    reviews: Annotated[int | None, typer.Option(help="Reviews per submission.")] = None,
    max_load: Annotated[int | None, typer.Option(help="Most submissions per reviewer.")] = None,
    min_load: Annotated[int | None, typer.Option(help="Fewest submissions per reviewer.")] = None,
    hold_back: Annotated[float | None, typer.Option(help="Share of every load kept back for later rounds.")] = None,
    encoder: Annotated[str | None, typer.Option(help="hybrid, sentence or tfidf.")] = None,
    model: Annotated[str | None, typer.Option(help="Sentence model: a name or a folder.")] = None,
    device: Annotated[str | None, typer.Option(help="Where it runs: cpu, cuda, mps or auto.")] = None,
    unscored: Annotated[str | None, typer.Option(help="exclude, last_resort or by_area.")] = None,
    min_score: Annotated[float | None, typer.Option(help="Floor: pairs below it are not assigned.")] = None,
    flags: Mapping[str, Any] = NO_FLAGS,
    objective: Annotated[
        str | None,
        typer.Option(
            help="What is optimised: max-total, max-min, leximin, cvar, randomised, perturbed, greedy, random."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The only source of chance.")] = None,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Return the most filled, then best, when not all can be met.")
    ] = False,
    role: RoleOption = None,
    with_runs: WithOption = None,
    over: OverOption = None,
    only: OnlyOption = None,
    map_column: Annotated[
        list[str] | None, typer.Option("--map", help="With sheets: field=Column title, where the guess is wrong.")
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option(
            help="A run of this venue before a small change: what the change does not reach is taken from it."
        ),
    ] = None,
    viewer: Annotated[
        str | None,
        typer.Option(help="With sheets: id of a person who may not see who reviews what they conflict with."),
    ] = None,
    accept_rejects: AcceptRejectsOption = False,
    overwrite: OverwriteOption = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print every setting and where it came from, and stop.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Match and print, write nothing.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Match a venue: score, find conflicts, assign, check, and write a run folder."""
    flags = {
        **flags,
        "encoder": encoder,
        "model": model,
        "device": device,
        "unscored": unscored,
        "min_score": min_score,
        "reviews_per_submission": reviews,
        "max_load": max_load,
        "min_load": min_load,
        "hold_back": hold_back,
        "role": role,
        "objective": objective,
        "seed": seed,
        "allow_partial": allow_partial or None,
    }
    if sheet is not None or venue.is_file():
        unused = {
            "--submissions": submissions is not None,
            "--print-config": print_config,
            "--dry-run": dry_run,
            "--json": as_json,
            "--role": role is not None,
            "--with": bool(with_runs),
            "--over": over is not None,
            "--only": only is not None,
            "--since": since is not None,
        }
        _refuse_unused([name for name, is_given in unused.items() if is_given], "with a venue folder")
        columns = map_column or []
        _match_sheets(
            venue,
            sheet,
            out,
            config,
            flags,
            columns,
            viewer=viewer,
            accept_rejects=accept_rejects,
            overwrite=overwrite,
            quiet=quiet,
        )
        return
    _refuse_unused(["--map"] if map_column else [], "with two sheets")
    _refuse_unused(["--viewer"] if viewer is not None else [], "with two sheets; report and export take it for a run")
    if out is None and not (print_config or dry_run):
        raise typer.BadParameter("say where the run goes: --out RUN (or --dry-run)", param_hint="--out")
    if out is not None and not (print_config or dry_run):
        refuse_occupied(out, overwrite=overwrite)
    clock = StageClock()
    with clock.stage("read"):
        loaded = read_venue(venue, accept_rejects=accept_rejects, submissions_file=submissions)
    resolved = resolve_choices(loaded, config, flags)
    if print_config:
        if as_json:
            console.print_json({"config": resolved.config.to_plain(), "origin": dict(resolved.origin)})
        else:
            console.print_settings(_values(resolved.config), resolved.origin)
        return
    console.print_notices(loaded.report.notices)
    if resolved.config.role != REVIEWER or with_runs or over is not None or only is not None:
        loaded = in_role(loaded, resolved.config, wanted=reviews, with_runs=with_runs or [], over=over, only=only)
    with console.progress_bar(quiet=quiet or as_json) as progress:
        earlier = None if since is None else partial(MatchResult.load, since)
        result = match(
            loaded.venue, resolved.config, origin=resolved.origin, progress=progress, clock=clock, earlier=earlier
        )
    if out is not None and not dry_run:
        result.save(out, overwrite=overwrite)
        if loaded.report.rejects:
            write_rejects(out / "rejects.jsonl", loaded.report.rejects)
    _print_match(result, None if dry_run else out, as_json=as_json)


def _refuse_unused(names: list[str], only: str) -> None:
    """An option that would do nothing is wrong usage, not ignored."""
    if names:
        raise typer.BadParameter(f"this has a meaning only {only}", param_hint=names[0])


def _print_match(result: MatchResult, out: Path | None, *, as_json: bool) -> None:
    if as_json:
        console.print_json({**console.summary_of(result), "run": None if out is None else str(out)})
        return
    console.print_result(result)
    if out is not None:
        console.out.print(f"\nrun  {out}\nnext matcher report {out}", markup=False, soft_wrap=True)


@app.command(epilog="Example: matcher solve instance.npz --objective max-total --out pairs.csv --json")
def solve(
    instance: Annotated[
        Path,
        typer.Argument(
            help="An .npz with scores (S, R), cp and cr (positions of conflicts), demand (S,), lo and hi (R,)."
        ),
    ],
    objective: ObjectiveOption = "max-total",
    probability_limit: Annotated[float, typer.Option(help="randomised, perturbed: largest probability.")] = 0.5,
    perturbation: Annotated[float, typer.Option(help="perturbed: how strongly chances are spread, 0 to 1.")] = 0.5,
    tail: Annotated[float, typer.Option(help="cvar: the share of worst served submissions.")] = 0.1,
    draw_seed: Annotated[int | None, typer.Option(help="Decides a draw; left out, the system does.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the pairs go, as CSV; positions are the ids.")] = None,
    seed: Annotated[int, typer.Option(help="Decides between equally good answers.")] = 0,
    allow_partial: Annotated[bool, typer.Option("--allow-partial", help="Accept missing reviews.")] = False,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Solve a bare instance: no venue, only arrays. Minimum loads are hard.

    The instance holds scores, or submission_vectors and reviewer_vectors whose products are then never stored together.
    """
    from matcher.export import write_assignment_csv
    from matcher.ingest.instance import read_instance

    options = Options(probability_limit, tail, perturbation, draw_seed)
    prepare(objective, options)  # refuses unknown names before anything is read
    content = read_instance(instance)
    start = time.perf_counter()
    if isinstance(content, VectorInstance):
        assignment = solve_vectors(vector_problem(content), objective=objective, seed=seed, options=options)
    else:
        assignment = solve_arrays(*content, objective=objective, seed=seed, options=options)
    seconds = time.perf_counter() - start
    if not (assignment.is_complete or allow_partial):
        limits = content if isinstance(content, VectorInstance) else content[1]
        wanted, possible = int(limits.wanted.sum()), int(limits.max_load.sum())
        summary = (
            f"{counted(wanted, 'review is', 'reviews are')} wanted and {possible} can be given"
            if wanted > possible
            else ""
        )
        if isinstance(content, VectorInstance):
            raise infeasible_vectors(content, assignment, summary=summary)
        raise infeasible(*content, assignment, summary=summary)
    if out is not None:
        write_assignment_csv(out, assignment, overwrite=overwrite)
    goal = assignment.goal
    facts = {
        "objective": assignment.objective if goal is None else goal.value,
        "bound": assignment.bound if goal is None else goal.bound,
        "gap": assignment.gap if goal is None else goal.gap,
        "total": assignment.objective,
        "largest_total": assignment.bound,
        "seconds": round(seconds, 4),
        "pairs": len(assignment.pairs),
        "shortfalls": len(assignment.shortfalls),
        "underloads": len(assignment.underloads),
        "solver": assignment.solver,
    }
    if as_json:
        console.print_json(facts)
    else:
        for name, value in facts.items():
            console.out.print(f"{name:<11}{value}", markup=False)


# --- before and beside a match --------------------------------------------------------------------------------------


@app.command(epilog="Example: matcher check venue/")
def check(
    venue: VenueArgument,
    submissions: Annotated[
        Path | None, typer.Option(help="Take the submissions from this file instead of the folder's.")
    ] = None,
    rejects: Annotated[Path | None, typer.Option(help="Write rejected rows here, each with the reason.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a venue: counts, gaps, duplicate papers, homonyms. Exit 1 when something must be mended."""
    from matcher.ingest.check import check_venue

    loaded = read_venue(venue, accept_rejects=True, submissions_file=submissions, may_lack_submissions=True)
    found = check_venue(loaded.venue, loaded.report, resolve_choices(loaded, None, {}).config)
    if rejects is not None and loaded.report.rejects:
        write_rejects(rejects, loaded.report.rejects)
    if as_json:
        console.print_json(found.to_plain())
    else:
        console.print_check(found)
    if found.problems:
        raise typer.Exit(1)


@app.command(
    epilog="""Examples:

matcher conflicts venue/ --submission alphapruning

matcher conflicts venue/ --json --coauthor-window-months 48 --deadline 2025-01-31"""
)
@takes_conflict_flags
def conflicts(
    venue: VenueArgument,
    submission: Annotated[str | None, typer.Option(help="Only this submission.")] = None,
    reviewer: Annotated[str | None, typer.Option(help="Only this reviewer.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only this rule.")] = None,
    config: ConfigOption = None,
    flags: Mapping[str, Any] = NO_FLAGS,
    blinded: Annotated[
        bool, typer.Option("--blinded", help="Name no author, institution or paper: pairs and verdicts only.")
    ] = False,
    viewer: ViewerOption = None,
    accept_rejects: AcceptRejectsOption = False,
    as_json: JsonOption = False,
) -> None:
    """List who must not review what, each with its evidence. With --json, one object a line."""
    if blinded:
        _refuse_unused(["--rule"] if rule is not None else [], "without --blinded: a rule tells who wrote a submission")
    loaded = read_venue(venue, accept_rejects=accept_rejects)
    resolved = resolve_choices(loaded, config, flags)
    if submission is not None:
        loaded.venue.submission(submission)
    if reviewer is not None:
        loaded.venue.reviewer(reviewer)
    rules = [*(known.__name__ for known in RULES), "senior"]
    if rule is not None and rule not in rules:
        raise UnknownNameError("rule", rule, rules)
    everything = find_conflicts(loaded.venue, resolved.config)
    if viewer is not None:
        everything = without_traces(everything, hidden_for(loaded.venue, resolved.config, everything, viewer))
    found = tuple(
        conflict
        for conflict in everything.items
        if submission in (None, conflict.submission_id)
        and reviewer in (None, conflict.reviewer_id)
        and rule in (None, conflict.rule)
    )
    if blinded or as_json:
        lines = (
            [blinded_line(pair) for pair in Conflicts(found).by_pair.values()]
            if blinded
            else [_seen_line(conflict) for conflict in found]
        )
        if not as_json:
            console.print_blinded(lines, loaded.venue)
            return
        for line in lines:
            sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        return
    console.print_notices(loaded.report.notices)
    console.print_conflicts(found, loaded.venue)


@app.command(epilog="Example: matcher schema reviewers > reviewers.schema.json")
def schema(
    table: Annotated[
        str | None,
        typer.Argument(help="reviewers, publications, …; run.assignment, run.conflicts, …", show_default=False),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="All tables, for people to read.")] = False,
) -> None:
    """Print the JSON Schema of a table of the venue folder or a file of a run, or all tables as Markdown."""
    from matcher import schemas
    from matcher.ingest import fields

    if markdown:
        console.out.print(fields.markdown(), markup=False, soft_wrap=True)
    elif table is None:
        raise typer.BadParameter("name a table, or pass --markdown", param_hint="TABLE")
    else:
        console.out.print_json(data=schemas.schema(table))


# --- after a match --------------------------------------------------------------------------------------------------


@app.command(epilog="Example: matcher explain runs/first alphapruning xia-hu")
def explain(
    run: RunArgument,
    submission: Annotated[str, typer.Argument(help="Id of a submission.")],
    reviewer: Annotated[str, typer.Argument(help="Id of a reviewer.")],
    blinded: Annotated[
        bool, typer.Option("--blinded", help="Name no author: that there is a conflict, not with whom.")
    ] = False,
    viewer: ViewerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a pair is assigned, or why not, or why it may not be, and who would be next."""
    result = MatchResult.load(run)
    result = result if viewer is None else result.seen_by(viewer)
    explanation = result.explain(submission, reviewer)
    explanation = blind(explanation) if blinded else explanation
    if as_json:
        console.print_json(to_plain(explanation))
    else:
        console.print_explanation(explanation, result.venue)


@app.command(epilog="Example: matcher report runs/first --out first.html")
def report(
    run: RunArgument,
    out: Annotated[Path | None, typer.Option(help="Where the page goes; default: report.html in the run.")] = None,
    overwrite: OverwriteOption = False,
    viewer: ViewerOption = None,
) -> None:
    """Write one self-contained HTML page: figures, charts, weakest submissions, conflicts with evidence."""
    if viewer is not None and out is None:
        message = "say where the page for this viewer goes: the one in the run is for everybody else"
        raise typer.BadParameter(message, param_hint="--out")
    if out is not None and out.exists() and not overwrite:
        raise DataError("the file exists", file=str(out), remedy="pass --overwrite, or choose another name")
    result = MatchResult.load(run)
    result = result if viewer is None else result.seen_by(viewer)
    target = _write_report(result, out or run / "report.html", viewer=viewer)
    console.out.print(str(target), markup=False, soft_wrap=True)


@app.command(epilog="Example: matcher verify runs/first")
def verify(run: RunArgument, as_json: JsonOption = False) -> None:
    """Check a run again without a solver: digests, conflicts found anew, every rule, the bound. Exit 1 on a finding."""
    result = MatchResult.load(run)
    violations = list(result.verify())
    again = find_conflicts(result.venue, result.config)
    same = again == result.conflicts
    if as_json:
        console.print_json({"violations": [to_plain(each) for each in violations], "conflicts_as_stored": same})
    else:
        for violation in violations:
            console.out.print(f"{violation.rule}: {violation.detail}", markup=False)
        if not same:
            console.out.print("conflicts: finding them again gives others than those stored", markup=False)
        if not violations and same:
            pairs, bound = len(result.assignment.pairs), result.assignment.bound
            console.out.print(
                f"{counted(pairs, 'pair')}, {counted(len(again.items), 'conflict')}, bound {bound}: no rule is broken"
            )
    if violations or not same:
        raise typer.Exit(1)


@app.command(epilog="Example: matcher export runs/first --format csv --out first-csv/")
def export(
    run: RunArgument,
    out: Annotated[Path, typer.Option(help="Folder for the files.")],
    form: Annotated[
        str, typer.Option("--format", help="csv, json, parquet, hotcrp, openreview, cmt or easychair.")
    ] = "csv",
    overwrite: OverwriteOption = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Do not guard cells against spreadsheet formulas; for programs only.")
    ] = False,
    viewer: ViewerOption = None,
) -> None:
    """Write a run for other systems."""
    from matcher.export import ExportData
    from matcher.export import export as write

    result = MatchResult.load(run)
    result = result if viewer is None else result.seen_by(viewer)
    bundle = ExportData(
        venue=result.venue, scores=result.scores, conflicts=result.conflicts, assignment=result.assignment
    )
    for file in write(form, bundle, out, overwrite=overwrite, guard=not raw):
        console.out.print(str(file), markup=False, soft_wrap=True)


rounds.add_commands(app)
edits.add_command(app)
draws.add_commands(app)


# --- shared ---------------------------------------------------------------------------------------------------------


def sample_folder() -> Path:
    """The shipped sample: inside the package when installed, in `data/sample` of a checkout.

    Raises:
        DataError: neither is there.
    """
    here = Path(__file__).resolve().parent
    for folder in (here / "sample", here.parent / "data" / "sample"):
        if (folder / "venue.toml").is_file():
            return folder
    raise DataError("the sample is not installed", file=str(here / "sample"), remedy="install the package again")


def _seen_line(conflict: Conflict) -> dict[str, Any]:
    """A conflict as one JSON object, each fact with who may see it."""
    line = conflict_line(conflict)
    for plain, fact in zip(line["evidence"], conflict.evidence, strict=True):
        plain["visibility"] = visibility_of(fact)
    return line


def _values(config: MatchConfig) -> dict[str, Any]:
    return {name: getattr(config, name) for name in MatchConfig.__slots__}


def _write_report(result: MatchResult, target: Path, *, viewer: str | None = None) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(result.report(viewer=viewer), encoding="utf-8", newline="\n")
    return target


def _match_sheets(
    reviewers: Path,
    submissions: Path | None,
    out: Path | None,
    config: Path | None,
    flags: Mapping[str, Any],
    mapping: list[str],
    *,
    viewer: str | None,
    accept_rejects: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """The workshop chair's path: two sheets in, one workbook out."""
    from matcher.export.workbook import WorkbookData, write_workbook
    from matcher.ingest.workbook import read_sheets

    if submissions is None:
        raise typer.BadParameter("a sheet of reviewers needs a sheet of submissions beside it", param_hint="SHEET")
    if out is None or out.suffix.lower() != ".xlsx":
        raise typer.BadParameter("say where the workbook goes: --out result.xlsx", param_hint="--out")
    columns = {}
    for entry in mapping:
        field, equals, title = entry.partition("=")
        if not equals:
            raise typer.BadParameter(f"allowed is field=Column title, got '{entry}'", param_hint="--map")
        columns[field.strip()] = title.strip()
    resolved = resolve(flags=flags, match_toml=config)
    day: date | None = resolved.config.deadline
    deadline = None if day is None else Deadline(day, "--deadline")
    loaded = read_sheets(reviewers, submissions, deadline=deadline, mapping=columns)
    for name, guesses in loaded.mappings.items():
        console.print_mapping(name, guesses)
    if loaded.report.rejects and not accept_rejects:
        raise RejectedRowsError(loaded.report)
    console.print_notices(f"row left out: {reject}" for reject in loaded.report.rejects)
    console.print_notices(loaded.report.notices)
    if out.exists() and not overwrite:
        raise DataError("the workbook exists", file=str(out), remedy="pass --overwrite, or choose another name")
    if day is None and resolved.origin["coauthor_window_months"] == "default":
        # The careful reading: without a day to count from, a joint paper of any year conflicts.
        resolved = resolve(flags={**flags, "coauthor_window_months": "all"}, match_toml=config)
        console.print_notices(["no --deadline given: a joint paper of any year conflicts"])
    with console.progress_bar(quiet=quiet) as progress:
        result = match(loaded.venue, resolved.config, origin=resolved.origin, progress=progress)
    result = result if viewer is None else result.seen_by(viewer)
    write_workbook(
        out,
        WorkbookData(
            venue=result.venue,
            scores=result.scores,
            conflicts=result.conflicts,
            limits=result.limits,
            assignment=result.assignment,
            explanations=result.explain_assigned(),
            rejects=loaded.report.rejects,
            notices=loaded.report.notices,
            config=result.config,
            price=result.question_price if viewer is None else None,
        ),
        overwrite=overwrite,
    )
    console.print_result(result)
    console.out.print(f"\nworkbook  {out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
