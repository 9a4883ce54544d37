"""`make bench`: tables of time and memory, printed as Markdown.

Every venue is matched in a process of its own, so that peak memory is its own. `--encoder sentence` embeds with the
default model; the vectors of earlier runs are not used unless `--warm` is given.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer

from matcher.assignment import Options, prepare, solve_arrays, verify
from matcher.config import MatchConfig
from matcher.conflicts import Finder
from matcher.ingest import read_venue
from matcher.records import (
    Affiliation,
    Conflicts,
    Floats,
    Index,
    Limits,
    PersonId,
    ScoreMatrix,
    SubmissionId,
    VectorInstance,
    Violation,
)
from matcher.streaming import solve_vectors, vector_problem, verify_vectors
from tests.benchmarks.generate import write_venue
from tests.benchmarks.scoring import HEADER as scoring_header  # noqa: N811

_VENUES: Final = ((200, 300), (2000, 3000))
_CONFLICTS: Final = ((1000, 500), (10_000, 5_000))
_PAIRS: Final = 200
"""Pairs asked about one by one."""


def main(
    encoder: Annotated[str, typer.Option(help="tfidf or sentence.")] = "tfidf",
    warm: Annotated[bool, typer.Option("--warm", help="Use vectors kept from earlier runs.")] = False,
    venues: Annotated[bool, typer.Option(help="Match whole venues.")] = True,
    solver: Annotated[bool, typer.Option(help="Solve bare instances.")] = True,
    conflicts: Annotated[bool, typer.Option(help="Find the conflicts of venues with institutions.")] = True,
    scoring: Annotated[bool, typer.Option(help="Score bare instances.")] = True,
    large: Annotated[bool, typer.Option(help="Measure the larger venues and instances too.")] = True,
    only: Annotated[str, typer.Option(help="Solve only bare instances named so: randomised 20000.")] = "",
) -> None:
    """Measure whole matches per stage, then conflicts, scoring with vectors at hand and assignment problems alone."""
    if only:
        _bench_solver(only=only, large=large)
        return
    if venues:
        _bench_venues(encoder, _VENUES if large else _VENUES[:1], warm=warm)
    if conflicts:
        _bench_conflicts(_CONFLICTS if large else _CONFLICTS[:1])
    if scoring:
        _bench_scoring(_SCORED if large else _SCORED[:1])
    if solver:
        _bench_solver(large=large)


_SCORED: Final = ((1000, 2000), (22_495, 24_854))


def _bench_scoring(sizes: tuple[tuple[int, int], ...]) -> None:
    print("\nexact scoring, vectors of 768 at hand, about 20 papers a reviewer; seconds of the processor beside those")
    print("of the bare matrix products in the same process, peak memory beyond the vectors (it holds the matrix)\n")
    print("| " + " | ".join(scoring_header) + " |")
    print("|" + "---|" * len(scoring_header), flush=True)
    for submissions, reviewers in sizes:
        command = [sys.executable, "-m", "tests.benchmarks.scoring", str(submissions), str(reviewers)]
        subprocess.run(command, check=True)


def _bench_venues(encoder: str, sizes: tuple[tuple[int, int], ...], *, warm: bool) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folders: list[tuple[str, Path]] = []
        for submissions, reviewers in sizes:
            folder = Path(scratch) / f"seeded-{submissions}x{reviewers}"
            write_venue(folder, submissions=submissions, reviewers=reviewers)
            folders.append((f"seeded {submissions} × {reviewers}", folder))
        folders += [(folder.name, folder) for folder in _folders_of_the_user()]
        print(f"\nencoder {encoder}{', vectors kept' if warm else ''}; seconds (peak MB so far) per stage\n")
        header = ("venue", "read", "conflicts", "profiles", "scores", "assignment", "verify", "whole command", "gap")
        print("| " + " | ".join(header) + " |")
        print("|" + "---|" * len(header))
        for name, folder in folders:
            _bench_venue(name, folder, Path(scratch), encoder, warm=warm)


def _folders_of_the_user() -> list[Path]:
    """Venue folders below MATCHER_DATA, smallest first."""
    own = os.environ.get("MATCHER_DATA")
    if own is None:
        return []
    found = {
        file.parent
        for file in Path(own).rglob("reviewers.*")
        if any(file.parent.glob("submissions.*")) and any(file.parent.glob("publications.*"))
    }
    return sorted(found, key=lambda folder: sum(file.stat().st_size for file in folder.iterdir()))


def _bench_venue(name: str, folder: Path, scratch: Path, encoder: str, *, warm: bool) -> None:
    run = scratch / "run"
    environment = dict(os.environ)
    if not warm:
        environment["MATCHER_CACHE"] = str(scratch / "cache" / name.replace(" ", ""))
    command = [sys.executable, "-m", "matcher", "match", str(folder), "--out", str(run), "--overwrite", "--quiet"]
    command += ["--encoder", encoder, "--json", "--allow-partial"]
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        print(f"| {name} | failed: {done.stderr.strip().splitlines()[-1]} |")
        return
    facts: dict[str, Any] = json.loads(done.stdout)
    times = json.loads((run / "times.json").read_text(encoding="utf-8"))
    cells = [
        f"{times[stage]['seconds']:.2f} ({times[stage]['peak_mb']:.0f})" if stage in times else "–"
        for stage in ("read", "conflicts", "profiles", "scores", "assignment", "verify")
    ]
    print(f"| {name} | " + " | ".join(cells) + f" | {seconds:.1f} | {facts['gap']:.1e} |", flush=True)


def _bench_conflicts(sizes: tuple[tuple[int, int], ...]) -> None:
    """Every venue in a process of its own, so that peak memory is its own."""
    print(
        "\nconflicts under policy neurips, 8 publications a reviewer, one institution for 20 reviewers; seconds of the"
    )
    print(
        "processor (of the clock), peak memory of the process, and for one pair the 95th percentile in milliseconds\n"
    )
    changes = "one changed person: affiliation / name and address / papers"
    header = ("submissions × reviewers", "read", "all conflicts", "MB", "found", "one pair, ms", changes)
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for submissions, reviewers in sizes:
        program = f"from tests.benchmarks.__main__ import _find; _find({submissions}, {reviewers})"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        failed = f"| {submissions} × {reviewers} | failed: {(done.stderr.strip().splitlines() or ['?'])[-1]} |"
        print(failed if done.returncode else done.stdout.strip(), flush=True)


def _find(submissions: int, reviewers: int) -> None:
    """Find the conflicts of a seeded venue, of pairs one by one, and after a change; print a row of the table."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_venue(folder, submissions=submissions, reviewers=reviewers, words=12, places=max(1, reviewers // 20))
        busy = time.process_time()
        venue = read_venue(folder).venue
        read = time.process_time() - busy
    start, busy = time.perf_counter(), time.process_time()
    finder = Finder(venue, MatchConfig(policy="neurips"))
    found = finder.all()
    busy, seconds, memory = time.process_time() - busy, time.perf_counter() - start, _peak_mb()
    asked, times = list(found.by_pair), []
    for number in np.random.default_rng(0).integers(0, len(asked), _PAIRS).tolist():
        at = time.process_time()
        finder.of_pair(*asked[number])
        times.append(time.process_time() - at)
    reviewer = venue.reviewers[reviewers // 2]
    person = venue.person_by_id[reviewer.person_id]
    ways = (
        (replace(person, affiliations=(*person.affiliations, Affiliation(domain="university-1.example"))), None),
        (replace(person, names=("Marisol Quennfeather", *person.names), emails=("new@mail.example",)), None),
        (person, replace(reviewer, paper_ids=reviewer.paper_ids[1:])),
    )
    updates = []
    for changed, role in ways:
        at = time.process_time()
        finder.updated(found, changed, role)
        updates.append(time.process_time() - at)
    update = " / ".join(f"{each:.2f}" for each in updates)
    pair = 1000 * float(np.percentile(times, 95))
    print(
        f"| {submissions} × {reviewers} | {read:.1f} | {busy:.1f} ({seconds:.1f}) | {memory:.0f} | {len(found.items)} "
        f"| {pair:.1f} | {update} |"
    )


def _bench_solver(*, large: bool, only: str = "") -> None:
    """Every row in a process of its own, so that its peak memory and processor time are its own."""
    print("\nbare instances, three reviews each, seeded scores of rank 16 with noise, 0.4 % conflicts; seconds of the")
    print("clock and of the processor (what counts on a shared machine), peak memory beyond the instance\n")
    header = ("objective", "submissions × reviewers", "loads", "seconds", "processor", "MB", "value", "gap", "checked")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for case in _CASES:
        if (case.rows * case.columns > _LARGE and not large) or not f"{case.objective} {case.rows}".startswith(only):
            continue
        print(_in_own_process(case), flush=True)


@dataclass(frozen=True)
class _Case:
    """One solve."""

    objective: str
    rows: int
    columns: int
    low: int
    high: int
    from_vectors: bool = False


_LARGE: Final = 10_000_000

_CASES: Final = (
    *(
        _Case("max-total", size, size, low, high)
        for size in (500, 1000, 3000, 10_000)
        for low, high in ((0, 6), (2, 4))
    ),
    _Case("max-total", 30_000, 25_000, 0, 6, from_vectors=True),
    _Case("max-min", 500, 500, 2, 4),
    _Case("max-min", 3000, 3000, 2, 4),
    _Case("max-min", 10_000, 10_000, 2, 4),
    _Case("leximin", 500, 500, 2, 4),
    _Case("cvar", 500, 500, 2, 4),
    _Case("cvar", 3000, 3000, 0, 6),
    _Case("randomised", 911, 2435, 0, 6),
    _Case("randomised", 20_000, 20_000, 0, 6, from_vectors=True),
    _Case("perturbed", 911, 2435, 0, 6),
    _Case("perturbed", 20_000, 20_000, 0, 6, from_vectors=True),
    _Case("greedy", 1000, 1000, 0, 6),
    _Case("random", 1000, 1000, 0, 6),
)


def _in_own_process(case: _Case) -> str:
    program = f"from tests.benchmarks.__main__ import _Case, _solve_case; _solve_case({case!r})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    if done.returncode:
        return f"| {case.objective} {case.rows} × {case.columns} | failed: {done.stderr.strip().splitlines()[-1]} |"
    return done.stdout.strip()


def _solve_case(case: _Case) -> None:
    """Solve, check, and print a row of the table."""
    options = Options(draw_seed=1)
    prepare(case.objective, options)
    shape = (case.rows, case.columns, case.low, case.high)
    vectors = _vectors(*shape) if case.from_vectors else None
    matrix = None if case.from_vectors else _instance(*shape)
    memory, start, busy = _peak_mb(), time.perf_counter(), time.process_time()
    found: tuple[Violation, ...]
    if vectors is not None:
        problem = vector_problem(vectors)
        answer = solve_vectors(problem, objective=case.objective, seed=0, options=options)
    else:
        assert matrix is not None
        answer = solve_arrays(*matrix, objective=case.objective, seed=0, options=options)
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    memory = _peak_mb() - memory
    if vectors is not None:
        found = verify_vectors(problem, answer)
    else:
        assert matrix is not None
        found = verify(answer, *matrix, Conflicts(()))
    state = "no rule broken" if not found and answer.is_complete else f"{len(found)} broken"
    goal = answer.goal
    value, gap = (answer.objective, answer.gap) if goal is None else (goal.value, goal.gap)
    kind = f"{case.rows} × {case.columns}{' vectors' if case.from_vectors else ''}"
    print(
        f"| {case.objective} | {kind} | {case.low} to {case.high} | {seconds:.2f} | {busy:.2f} | {memory:.0f} "
        f"| {value:.4f} | {'–' if gap is None else f'{gap:.1e}'} | {state} |"
    )


def _vectors(rows: int, columns: int, low: int, high: int) -> VectorInstance:
    """Texts as sentence models see them: topics of some weight each, and noise."""
    rng = np.random.default_rng(rows)
    topics = rng.standard_normal((60, 200), dtype=np.float32) / 4

    def unit(count: int) -> Floats:
        found = rng.gamma(0.2, size=(count, 60)).astype(np.float32) @ topics
        found += 0.6 * rng.standard_normal((count, 200), dtype=np.float32)
        rows_of_unit: Floats = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
        return rows_of_unit

    whole = np.ones(columns, dtype=np.int64)
    return VectorInstance(
        submission_vectors=unit(rows),
        reviewer_vectors=unit(columns),
        blocked=(rng.integers(0, rows, rows * 20), rng.integers(0, columns, rows * 20)),
        wanted=np.full(rows, 3),
        min_load=low * whole,
        max_load=high * whole,
    )


def _instance(rows: int, columns: int, low: int, high: int) -> tuple[ScoreMatrix, Limits]:
    """Low-rank scores with noise in (0, 1), so that neither ties nor a ceiling make it easy."""
    rng = np.random.default_rng(rows)
    topics = rng.gamma(0.3, size=(rows, 16)).astype(np.float32)
    skills = rng.gamma(0.3, size=(columns, 16)).astype(np.float32)
    topics /= np.linalg.norm(topics, axis=1, keepdims=True)
    skills /= np.linalg.norm(skills, axis=1, keepdims=True)
    values = topics @ skills.T
    values += 0.25 * rng.standard_normal((rows, columns), dtype=np.float32)
    values = (1 / (1 + np.exp(-3 * (values - 0.5)))).astype(np.float32)
    status = np.where(rng.random((rows, columns), dtype=np.float32) < 0.004, 3, 0).astype(np.uint8)
    scores = ScoreMatrix(
        submissions=Index(SubmissionId(f"s{row}") for row in range(rows)),
        reviewers=Index(PersonId(f"r{column}") for column in range(columns)),
        values=values,
        raw=values,
        method="seeded",
    )
    whole = np.ones(columns, dtype=np.int64)
    wanted = np.full(rows, 3)
    return scores, Limits(wanted=wanted, max_load=high * whole, min_load=low * whole, status=status)


def _peak_mb() -> float:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    typer.run(main)
