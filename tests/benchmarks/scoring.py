"""Exact scoring of a seeded instance with vectors at hand: time beside the bare matrix products, and peak memory.

Run as a process of its own: `python -m tests.benchmarks.scoring SUBMISSIONS REVIEWERS`. It prints one row of a table.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from matcher.config import MatchConfig
from matcher.records import EncoderInfo, Floats, Index, PaperId, PersonId, Profiles, SubmissionId
from matcher.scores import score

HEADER: Final = (
    "submissions × reviewers",
    "papers",
    "bare products, processor",
    "scoring, processor",
    "ratio",
    "seconds",
    "matrix MB",
    "MB beyond vectors",
    "one new submission, seconds",
)
_DIMENSION: Final = 768
_MEAN_PAPERS: Final = 20
_PROBED: Final = 1024
"""Submissions of which the bare products are taken; their time is scaled up."""


def _unit_rows(rng: np.random.Generator, count: int) -> Floats:
    rows = rng.standard_normal((count, _DIMENSION), dtype=np.float32)
    rows += np.float32(0.5)  # so that unrelated ones are alike to some degree
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def _profiles(submissions: int, reviewers: int) -> Profiles:
    rng = np.random.default_rng(0)
    sizes = rng.integers(5, 2 * _MEAN_PAPERS - 4, reviewers)
    spans = np.concatenate([[0], np.cumsum(sizes)])
    papers = int(spans[-1])
    return Profiles(
        reviewers=Index(PersonId(f"r{number}") for number in range(reviewers)),
        papers=Index(PaperId(f"p{number}") for number in range(papers)),
        submissions=Index(SubmissionId(f"s{number}") for number in range(submissions)),
        vectors=_unit_rows(rng, papers),
        submission_vectors=_unit_rows(rng, submissions),
        abstracts=np.ones(papers, dtype=np.bool_),
        submission_abstracts=np.ones(submissions, dtype=np.bool_),
        rows=np.arange(papers),
        spans=spans,
        weights=np.ones(papers, dtype=np.float32),
        encoder=EncoderInfo("seeded", "", "0" * 64, _DIMENSION, (0.1, 0.15, 0.2), 0.05),
    )


def _bare(profiles: Profiles) -> float:
    """Processor seconds of all products, nothing done with them."""
    vectors, submissions = np.asarray(profiles.vectors), np.asarray(profiles.submission_vectors)
    probed = submissions[:_PROBED]
    start = time.process_time()
    for row in range(0, len(probed), 256):
        for column in range(0, len(vectors), 16_384):
            probed[row : row + 256] @ vectors[column : column + 16_384].T
    return (time.process_time() - start) * len(submissions) / len(probed)


def memory_mb(name: str) -> float:
    """What Linux says of this process: VmRSS (now) or VmHWM (the most so far)."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1e3 for line in status if line.startswith(name))


def main(submissions: int, reviewers: int) -> None:
    """Measure one instance and print its row."""
    profiles = _profiles(submissions, reviewers)
    bare = _bare(profiles)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here
    before = memory_mb("VmRSS")
    start, processor = time.perf_counter(), time.process_time()
    matrix = score(profiles, MatchConfig())
    seconds, used, beyond = time.perf_counter() - start, time.process_time() - processor, memory_mb("VmHWM") - before
    one = replace(
        profiles,
        submissions=Index([SubmissionId("new")]),
        submission_vectors=profiles.submission_vectors[:1],
        submission_abstracts=profiles.submission_abstracts[:1],
    )
    start = time.perf_counter()
    score(one, MatchConfig())
    alone = time.perf_counter() - start
    cells = (
        f"{submissions} × {reviewers}",
        str(len(profiles.papers)),
        f"{bare:.1f}",
        f"{used:.1f}",
        f"{used / bare:.2f}",
        f"{seconds:.1f}",
        f"{matrix.values.nbytes / 1e6:.0f}",
        f"{beyond:.0f}",
        f"{alone:.2f}",
    )
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
