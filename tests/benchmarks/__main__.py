"""`make bench`: tables of time and memory, printed as Markdown.

Every venue is matched in a process of its own, so that peak memory is its own. `--encoder sentence` embeds with the
default model; the vectors of earlier runs are not used unless `--warm` is given.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer

from matcher.assignment import solve_arrays, verify
from matcher.records import Conflicts, Index, Limits, PersonId, ScoreMatrix, SubmissionId
from tests.benchmarks.generate import write_venue

_VENUES: Final = ((200, 300), (2000, 3000))
_SQUARES: Final = (500, 1000, 3000, 10_000)


def main(
    encoder: Annotated[str, typer.Option(help="tfidf or sentence.")] = "tfidf",
    warm: Annotated[bool, typer.Option("--warm", help="Use vectors kept from earlier runs.")] = False,
    venues: Annotated[bool, typer.Option(help="Match whole venues.")] = True,
    solver: Annotated[bool, typer.Option(help="Solve bare instances.")] = True,
    large: Annotated[bool, typer.Option(help="Match the larger seeded venue too.")] = True,
) -> None:
    """Measure whole matches per stage, then bare assignment problems."""
    if venues:
        _bench_venues(encoder, _VENUES if large else _VENUES[:1], warm=warm)
    if solver:
        _bench_solver()


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


def _bench_solver() -> None:
    print("\nexact maximum total, three reviews each, seeded scores of rank 16 with noise, 0.4 % conflicts\n")
    print("| submissions × reviewers | loads | seconds | gap | checked |")
    print("|---|---|---|---|---|")
    for size in _SQUARES:
        for low, high in ((0, 6), (2, 4)):
            scores, limits = _instance(size, low, high)
            start = time.perf_counter()
            answer = solve_arrays(scores, limits, objective="max-total", seed=0)
            seconds = time.perf_counter() - start
            found = verify(answer, scores, limits, Conflicts(()))
            state = "no rule broken" if not found and answer.is_complete else f"{len(found)} broken"
            print(f"| {size} × {size} | {low} to {high} | {seconds:.2f} | {answer.gap:.1e} | {state} |", flush=True)


def _instance(size: int, low: int, high: int) -> tuple[ScoreMatrix, Limits]:
    """Low-rank scores with noise in (0, 1), so that neither ties nor a ceiling make it easy."""
    rng = np.random.default_rng(size)
    topics = rng.gamma(0.3, size=(size, 16)).astype(np.float32)
    skills = rng.gamma(0.3, size=(size, 16)).astype(np.float32)
    topics /= np.linalg.norm(topics, axis=1, keepdims=True)
    skills /= np.linalg.norm(skills, axis=1, keepdims=True)
    values = topics @ skills.T
    values += 0.25 * rng.standard_normal((size, size), dtype=np.float32)
    values = (1 / (1 + np.exp(-3 * (values - 0.5)))).astype(np.float32)
    status = np.where(rng.random((size, size), dtype=np.float32) < 0.004, 3, 0).astype(np.uint8)
    scores = ScoreMatrix(
        submissions=Index(SubmissionId(f"s{row}") for row in range(size)),
        reviewers=Index(PersonId(f"r{column}") for column in range(size)),
        values=values,
        raw=values,
        method="seeded",
    )
    whole = np.ones(size, dtype=np.int64)
    return scores, Limits(wanted=3 * whole, max_load=high * whole, min_load=low * whole, status=status)


if __name__ == "__main__":
    typer.run(main)
