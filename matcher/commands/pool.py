"""`matcher pool`: authors become reviewers by a rule over their publications."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from matcher import console
from matcher.commands.choices import resolve_choices
from matcher.commands.options import AcceptRejectsOption, DeadlineOption, JsonOption, OverwriteOption, VenueArgument
from matcher.config import MatchConfig
from matcher.errors import DataError, UnknownNameError
from matcher.export.bundle import WriteOptions
from matcher.export.csv_files import write_rows
from matcher.ingest import read_venue
from matcher.pool import Pool, PoolRule, build_pool
from matcher.records import KINDS, Venue, to_plain

__all__ = ["EPILOG", "pool"]

EPILOG: Final = """Examples:

matcher pool venue/ --papers 3 --years 5 --in NeurIPS --in ICML --dry-run

matcher pool venue/ --papers 2 --one-each --exempt exempt.csv --max-load 6 --out pool.csv"""

_ROWS: Final = 20


def pool(
    venue: VenueArgument,
    papers: Annotated[int, typer.Option(min=1, help="Fewest papers that count.")] = 3,
    years: Annotated[
        int | None, typer.Option(min=1, help="Count papers of so many years before the deadline; default: of all.")
    ] = None,
    published_in: Annotated[
        list[str] | None, typer.Option("--in", help="Count papers of this venue only; may be given again.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Count papers of this kind only; may be given again.")] = None,
    exempt: Annotated[Path | None, typer.Option(help="A CSV of person_id and reason: who need not review.")] = None,
    one_each: Annotated[
        bool, typer.Option("--one-each", help="As few as bring one for every submission, not all who qualify.")
    ] = False,
    reviews: Annotated[int | None, typer.Option(min=1, help="Reviews per submission.")] = None,
    max_load: Annotated[int | None, typer.Option(min=1, help="Largest load of one of them.")] = None,
    deadline: DeadlineOption = None,
    out: Annotated[Path | None, typer.Option(help="Table of reviewers to write, as a venue folder has it.")] = None,
    left_out: Annotated[Path | None, typer.Option(help="Table of everybody else, each with the reason.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print, write nothing.")] = False,
    overwrite: OverwriteOption = False,
    accept_rejects: AcceptRejectsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find reviewers among the authors: who has published enough, and with which load, in proportion to submissions.

    Every submission should bring one; those that bring none are listed with the reason. Who reviews already counts for
    their submissions and is not listed again.
    """
    if out is None and not dry_run and not as_json:
        raise typer.BadParameter("say where the table goes: --out pool.csv (or --dry-run)", param_hint="--out")
    loaded = read_venue(venue, accept_rejects=accept_rejects)
    config = resolve_choices(loaded, None, {"deadline": deadline, "reviews_per_submission": reviews}).config
    found = build_pool(
        loaded.venue,
        _rule(papers, years, tuple(published_in or ()), tuple(kind or ()), config),
        reviews=config.settled(loaded.venue.defaults).reviews_per_submission or 0,
        most=max_load,
        exempt={} if exempt is None else read_exemptions(exempt, loaded.venue),
        one_each=one_each,
    )
    if not dry_run:
        _write(found, out, left_out, WriteOptions(overwrite=overwrite))
    if as_json:
        console.print_json(to_plain(found))
        return
    console.print_notices(loaded.report.notices)
    _print(found)
    if out is not None and not dry_run:
        console.out.print(f"\ntable  {out}", markup=False, soft_wrap=True)


def _rule(
    papers: int, years: int | None, names: tuple[str, ...], kinds: tuple[str, ...], config: MatchConfig
) -> PoolRule:
    for kind in kinds:
        if kind not in KINDS:
            raise UnknownNameError("kind", kind, KINDS)
    if years is None:
        return PoolRule(papers=papers, published_in=names, kinds=kinds)
    if config.deadline is None:
        raise DataError(
            "years are counted back from the deadline, and the venue has none",
            file="venue.toml",
            remedy="add a deadline, or pass --deadline",
        )
    day: date = config.deadline
    last = 28 if (day.month, day.day) == (2, 29) else day.day
    since = date(day.year - years, day.month, last)
    return PoolRule(papers=papers, since=since, until=day, published_in=names, kinds=kinds)


def read_exemptions(path: Path, venue: Venue) -> dict[str, str]:
    """Who is exempt, and why.

    Raises:
        DataError: the file has no column `person_id`, or names somebody whom the venue does not know.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            if "person_id" not in (reader.fieldnames or ()):
                raise DataError("there is no column person_id", file=str(path), line=1)
            found = {}
            for row in reader:
                who = (row["person_id"] or "").strip()
                if who not in venue.person_by_id:
                    unknown = UnknownNameError("person", who, venue.person_by_id)
                    raise DataError(str(unknown), file=str(path), line=reader.line_num, field="person_id")
                found[who] = (row.get("reason") or "").strip()
            return found
    except FileNotFoundError:
        raise DataError("there is no such file", file=str(path)) from None
    except UnicodeDecodeError as error:
        raise DataError(f"this is no UTF-8 text ({error.reason})", file=str(path)) from None


def _write(found: Pool, out: Path | None, left_out: Path | None, options: WriteOptions) -> None:
    if out is not None:
        rows = [
            (each.person_id, each.name, str(each.max_load), "invited", "; ".join(each.submissions), each.reason)
            for each in found.members
        ]
        write_rows(out, ("id", "name", "max_load", "invitation", "author_of", "reason"), rows, options)
    if left_out is not None:
        rest = [(each.person_id or "", each.name, "; ".join(each.submissions), each.reason) for each in found.left_out]
        write_rows(left_out, ("person_id", "name", "author_of", "reason"), rest, options)


def _print(found: Pool) -> None:
    out = console.out
    out.print(
        f"{len(found.members)} {'author' if len(found.members) == 1 else 'authors'} can review: {found.supply} reviews "
        f"of {found.demand} that are wanted; {len(found.left_out)} left out"
    )
    for member in found.members[:_ROWS]:
        out.print(
            f"  {escape(member.name)} [dim]{escape(member.person_id)}[/]: {escape(member.reason)}", soft_wrap=True
        )
    if len(found.members) > _ROWS:
        out.print(f"  … and {len(found.members) - _ROWS} more")
    if found.barren:
        out.print(f"submissions that bring no reviewer: {len(found.barren)}", style="yellow")
    for each in found.barren[:_ROWS]:
        out.print(f"  {escape(each.submission_id)}: {escape(each.reason)}", soft_wrap=True)
    if len(found.barren) > _ROWS:
        out.print(f"  … and {len(found.barren) - _ROWS} more; --json gives all")
