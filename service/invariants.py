"""What must hold of the whole data at any time, recomputed from the rows and the files, as HotCRP's checker does.

Counters are counted again, every reference is followed, every digest is made anew, every published assignment is
verified without a solver. Nothing is mended: each violation is named with its place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from matcher import MatchResult
from matcher.errors import MatcherError
from matcher.runs import load_part
from service.jobs import ACTIVE, TERMINAL
from service.storage.database import Database
from service.storage.rows import PAIR_TABLES, digest_of, key_of
from service.storage.tables import NEVER, deliveries, events, jobs, rows, runs, venues
from service.worker import STAGES

__all__ = ["INVARIANTS", "Violation", "check_invariants"]

_KINDS: Final = ("match", "index", "expertise")


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that does not hold.

    Args:
        name: of the invariant, one of `INVARIANTS`.
        place: table and key, or folder.
        detail: what is there, and what should be.
    """

    name: str
    place: str
    detail: str


INVARIANTS: Final[Mapping[str, str]] = {
    "row-versions": "a record holds from one version to a later one, not beyond the venue's, and never twice at once",
    "row-digest": "digest, key and pair columns of a record are those of its body",
    "row-reference": "pairs and lists of publications name records that are there",
    "venue-facts": "the facts beside a venue are those of its records",
    "venue-run": "the current run of a venue is a match of that venue",
    "job-state": "a job over has an end, one under way has none, and its stage is one of its kind",
    "job-events": "the last state that was told of a job is its state",
    "job-run": "a job and its run name each other, and runs of a venue are numbered once each",
    "run-files": "the files of a run are there, are what their manifest says, and its assignment breaks no rule",
    "run-orphan": "every folder of results belongs to a run",
    "delivery-state": "a message waits, is delivered or given up, after a number of attempts that fits",
}


def check_invariants(database: Database, data_dir: Path, *, with_files: bool = True) -> list[Violation]:
    """Check everything, in the order of `INVARIANTS`.

    Args:
        database: read in one transaction.
        data_dir: where files lie.
        with_files: whether files of runs are read as well, which takes the longest.

    Returns:
        The violations; none for sound data.
    """
    with database.read() as connection:
        versions = {each.id: each.version for each in connection.execute(sa.select(venues.c.id, venues.c.version))}
        found = [
            *_rows(connection, versions),
            *_references(connection),
            *_venues(connection),
            *_jobs(connection, versions),
            *_events(connection),
            *_runs(connection),
            *(_files(connection, data_dir) if with_files else ()),
            *_deliveries(connection),
        ]
    order = list(INVARIANTS)
    return sorted(found, key=lambda each: (order.index(each.name), each.place))


def _rows(connection: sa.Connection, versions: Mapping[str, int]) -> Iterator[Violation]:
    before: tuple[str, str, str, int] = ("", "", "", 0)
    query = sa.select(rows).order_by(rows.c.venue_id, rows.c.kind, rows.c.key, rows.c.since)
    for row in connection.execute(query.execution_options(yield_per=1000)).mappings():
        venue, kind, key, since, until = (row[name] for name in ("venue_id", "kind", "key", "since", "until"))
        place = f"rows {venue}/{kind}/{key!r} since {since}"
        newest = versions[venue]
        if not since < until or since > newest or (until != NEVER and until > newest):
            yield Violation("row-versions", place, f"until {until}, the venue has version {newest}")
        if before[:3] == (venue, kind, key) and since < before[3]:
            yield Violation("row-versions", place, f"an earlier record of this key holds until {before[3]}")
        before = (venue, kind, key, until)
        body = row["body"]
        pair = (body.get("submission_id"), body.get("reviewer_id")) if kind in PAIR_TABLES else ("", "")
        if (digest_of(body), key_of(kind, body)) != (row["digest"], key):
            yield Violation("row-digest", place, "the body has another digest or key")
        elif pair != (row["submission_id"], row["reviewer_id"]):
            yield Violation("row-digest", place, "the pair beside the body is another")


def _references(connection: sa.Connection) -> Iterator[Violation]:
    here: dict[tuple[str, str], set[str]] = {}
    named = ("submissions", "reviewers", "publications")
    query = sa.select(rows.c.venue_id, rows.c.kind, rows.c.key).where(rows.c.until == NEVER, rows.c.kind.in_(named))
    for venue, kind, key in connection.execute(query.execution_options(yield_per=1000)):
        here.setdefault((venue, kind), set()).add(key)
    pairs = sa.select(rows).where(rows.c.until == NEVER, rows.c.kind.in_((*PAIR_TABLES, "reviewers")))
    for row in connection.execute(pairs.execution_options(yield_per=1000)).mappings():
        venue, place = row["venue_id"], f"rows {row['venue_id']}/{row['kind']}/{row['key']!r}"
        if row["kind"] == "reviewers":
            wanted = [("publications", paper) for paper in row["body"].get("paper_ids") or ()]
        else:
            wanted = [("submissions", row["submission_id"]), ("reviewers", row["reviewer_id"])]
        for table, key in wanted:
            if key not in here.get((venue, table), ()):
                yield Violation("row-reference", place, f"'{key}' is not in {table}")


def _venues(connection: sa.Connection) -> Iterator[Violation]:
    facts = sa.select(rows.c.venue_id, rows.c.body).where(rows.c.kind == "facts", rows.c.until == NEVER)
    recorded = {each.venue_id: each.body for each in connection.execute(facts)}
    known = {each["id"]: each for each in connection.execute(sa.select(runs)).mappings()}
    for venue in connection.execute(sa.select(venues)).mappings():
        place = f"venues {venue['id']}"
        if recorded.get(venue["id"]) != venue["facts"]:
            yield Violation("venue-facts", place, "the record of its facts says something else")
        run = known.get(venue["current_run_id"] or "")
        is_match = run is not None and (run["venue_id"], run["kind"]) == (venue["id"], "match")
        if venue["current_run_id"] is not None and not is_match:
            yield Violation("venue-run", place, f"its current run {venue['current_run_id']} is no match of it")


def _jobs(connection: sa.Connection, versions: Mapping[str, int]) -> Iterator[Violation]:
    for job in connection.execute(sa.select(jobs)).mappings():
        is_over, stages = job["state"] in TERMINAL, STAGES.get(job["kind"], ())
        faults = [
            (job["state"] not in (*ACTIVE, *TERMINAL), f"there is no state '{job['state']}'"),
            (is_over and job["finished_at"] is None, "it is over and has no end"),
            (not is_over and job["finished_at"] is not None, "it is under way and has an end"),
            (job["stage"] not in ("", *stages), f"its kind '{job['kind']}' has no stage '{job['stage']}'"),
            (job["state"] == "failed" and not job["error"], "it failed without a reason"),
            (job["venue_version"] > versions[job["venue_id"]], "it read a version that the venue has not had"),
            (job["total"] and not 0 <= job["done"] <= job["total"], f"it has done {job['done']} of {job['total']}"),
        ]
        for is_wrong, detail in faults:
            if is_wrong:
                yield Violation("job-state", f"jobs {job['id']}", detail)


def _events(connection: sa.Connection) -> Iterator[Violation]:
    told: dict[str, str] = {}
    query = sa.select(events.c.job_id, events.c.data).where(events.c.kind.in_(("state", "taken-over")))
    for job_id, data in connection.execute(query.order_by(events.c.number)):
        told[job_id] = data["state"]
    for job_id, state, lease in connection.execute(sa.select(jobs.c.id, jobs.c.state, jobs.c.lease)):
        if told.get(job_id) != state and lease:  # one that a restore set back has not been taken up since
            detail = f"it is '{state}', and the last that was told is '{told.get(job_id)}'"
            yield Violation("job-events", f"jobs {job_id}", detail)


def _runs(connection: sa.Connection) -> Iterator[Violation]:
    of_jobs = {each["id"]: each for each in connection.execute(sa.select(jobs)).mappings()}
    known = {each["id"]: each for each in connection.execute(sa.select(runs)).mappings()}
    numbers: set[tuple[str, int]] = set()
    for run in known.values():
        place, job = f"runs {run['id']}", of_jobs.get(run["job_id"])
        if job is None or (job["run_id"], job["venue_id"], job["kind"]) != (run["id"], run["venue_id"], run["kind"]):
            yield Violation("job-run", place, f"the job {run['job_id']} is not there, or is not of this run")
        if (run["venue_id"], run["number"]) in numbers or run["number"] < 1:
            yield Violation("job-run", place, f"the number {run['number']} stands twice, or below 1")
        numbers.add((run["venue_id"], run["number"]))
    for job in of_jobs.values():
        if job["run_id"] is not None and job["run_id"] not in known:
            yield Violation("job-run", f"jobs {job['id']}", f"its run {job['run_id']} is not there")


def _files(connection: sa.Connection, data_dir: Path) -> Iterator[Violation]:
    named: set[str] = set()
    query = sa.select(runs.c.kind, runs.c.venue_id, runs.c.digest, runs.c.manifest)
    seen: set[tuple[str, str]] = set()
    for kind, venue, digest, manifest in connection.execute(query):
        if kind != "index":
            named.add(digest)
        key = (venue if kind == "index" else "", digest)
        if key not in seen:
            seen.add(key)
            fault = _fault_of(data_dir, kind, venue, digest, manifest)
            if fault:
                yield Violation("run-files", f"{kind} {digest}", fault)
    is_busy = connection.execute(sa.select(jobs.c.id).where(jobs.c.state.in_(ACTIVE)).limit(1)).first() is not None
    folder = data_dir / "runs"
    if not is_busy and folder.is_dir():  # a job under way writes its result before it is published
        for path in sorted(folder.iterdir()):
            if path.name not in named:
                yield Violation("run-orphan", f"runs/{path.name}", "no run names it")


def _fault_of(data_dir: Path, kind: str, venue: str, digest: str, manifest: Mapping[str, Any]) -> str:
    """What is wrong with the files of a run; empty for nothing."""
    folder = data_dir / "runs" / digest
    try:
        if kind == "index":
            is_there = load_part(data_dir / "work" / "parts" / venue / f"profiles-{digest}") is not None
            return "" if is_there else "the profiles are not there"
        if kind == "expertise":
            return _fault_of_scores(folder, digest)
        result = MatchResult.load(folder)
    except (MatcherError, OSError, ValueError) as error:
        return str(error).replace(str(data_dir), "")
    broken = result.verify()
    if json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["digest"] != manifest.get("digest"):
        return "the manifest is not the one that was published"
    return f"the assignment breaks {len(broken)} rules, the first: {broken[0]}" if broken else ""


def _fault_of_scores(folder: Path, digest: str) -> str:
    text = (folder / "manifest.json").read_bytes()
    if hashlib.sha256(text).hexdigest() != digest:
        return "the manifest was changed"
    for name, expected in json.loads(text)["files"].items():
        with (folder / name).open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != expected:
                return f"{name} was changed"
    return ""


def _deliveries(connection: sa.Connection) -> Iterator[Violation]:
    for each in connection.execute(sa.select(deliveries)).mappings():
        is_known = each["state"] in ("waiting", "delivered", "given up")
        is_sent = each["state"] == "waiting" or each["attempts"] > 0
        if not is_known or not is_sent or each["attempts"] < 0:
            detail = f"state '{each['state']}' after {each['attempts']} attempts"
            yield Violation("delivery-state", f"deliveries {each['id']}", detail)
