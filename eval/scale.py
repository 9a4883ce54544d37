"""What size costs: scoring, assignment and a standing pool on seeded vectors, and what follows for larger ones.

Points that a machine carries in minutes are measured. Larger ones follow from how the work grows: scoring takes one
product for each submission and paper, a question to a pool one for each paper, an assignment grows with the pairs, or
by a higher power where the measured points show one. They are marked, and say what a machine like this one would need
if nothing else changed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matcher.config import MatchConfig
from matcher.records import (
    EncoderInfo,
    Floats,
    Index,
    Ints,
    PaperId,
    PersonId,
    Profiles,
    Progress,
    SubmissionId,
    VectorInstance,
)
from matcher.scores import best_reviewers
from matcher.streaming import solve_vectors, vector_problem

__all__ = ["TARGETS", "Lists", "pool_rows", "scale_rows", "seeded_profiles", "unit_rows"]

TARGETS: Final = ((10_000, 10_000), (22_495, 24_854), (50_000, 50_000), (100_000, 100_000))
"""Sizes to which the curve goes on; the second is the largest venue that was reported."""

POOLS: Final = (1_000_000, 5_000_000)
"""Authors in a standing pool."""

_PAPERS: Final = 20
"""Of a reviewer."""

_DIMENSION: Final = 384
_TOPICS: Final = 200
_KEPT: Final = 100
_RANK: Final = 16
_FIRST: Final = 100
_MEASURED: Final = "measured"
_EXTRAPOLATED: Final = "extrapolated"
_GB: Final = 1e9


def unit_rows(rng: np.random.Generator, count: int, dimension: int = _DIMENSION) -> Floats:
    """(N, D) unit rows that lie around a few hundred topics, as texts do.

    Args:
        rng: draws them.
        count: N.
        dimension: D.
    """
    topics = np.random.default_rng(0).standard_normal((_TOPICS, dimension), dtype=np.float32)
    rows = topics[rng.integers(0, _TOPICS, count)] + rng.standard_normal((count, dimension), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def seeded_profiles(submissions: int, reviewers: int, *, rng: np.random.Generator | int = 0) -> Profiles:
    """Seeded profiles of 20 papers each.

    Args:
        submissions: how many.
        reviewers: how many.
        rng: a generator, or the seed of one.
    """
    generator = np.random.default_rng(rng)
    papers = reviewers * _PAPERS
    return Profiles(
        reviewers=Index(PersonId(f"r{number}") for number in range(reviewers)),
        papers=Index(PaperId(f"p{number}") for number in range(papers)),
        submissions=Index(SubmissionId(f"s{number}") for number in range(submissions)),
        vectors=unit_rows(generator, papers),
        submission_vectors=unit_rows(generator, submissions),
        abstracts=np.ones(papers, dtype=np.bool_),
        submission_abstracts=np.ones(submissions, dtype=np.bool_),
        rows=np.arange(papers),
        spans=np.arange(reviewers + 1) * _PAPERS,
        weights=np.ones(papers, dtype=np.float32),
        encoder=EncoderInfo("seeded", "", "0" * 64, _DIMENSION, (0.1, 0.1, 0.1), 0.1),
    )


def _instance(submissions: int, reviewers: int) -> VectorInstance:
    rng = np.random.default_rng(1)
    return VectorInstance(
        submission_vectors=np.abs(unit_rows(rng, submissions, _RANK)),
        reviewer_vectors=np.abs(unit_rows(rng, reviewers, _RANK)),
        blocked=(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)),
        wanted=np.full(submissions, 3),
        max_load=np.full(reviewers, 6),
        min_load=np.zeros(reviewers, dtype=np.int64),
    )


def scale_rows(
    sizes: Sequence[int], *, targets: Sequence[tuple[int, int]] = TARGETS, progress: Progress | None = None
) -> list[dict[str, Any]]:
    """Score and assign as many submissions as reviewers, three reviews each; then go on to larger ones.

    Args:
        sizes: to measure, at least two, rising.
        targets: submissions and reviewers of what is extrapolated.
        progress: called for each size.

    Returns:
        One row for each part and size: `seconds` of the processor, `gigabytes` of what has to be held at the same time
        (vectors and the best 100 reviewers of each submission; for an assignment what its vectors take), and `how`.
    """
    rows = []
    costs: dict[str, list[float]] = {"scoring": [], "assignment (max-total)": []}
    # The first call of each also loads libraries.
    best_reviewers(seeded_profiles(_FIRST, _FIRST), MatchConfig(), _KEPT)
    solve_vectors(vector_problem(_instance(_FIRST, _FIRST)), objective="max-total", seed=0)
    for number, size in enumerate(sizes):
        if progress is not None:
            progress("measure", number, len(sizes))
        profiles = seeded_profiles(size, size)
        start = time.process_time()
        best_reviewers(profiles, MatchConfig(), _KEPT)
        costs["scoring"].append(time.process_time() - start)
        problem = vector_problem(_instance(size, size))
        start = time.process_time()
        solve_vectors(problem, objective="max-total", seed=0)
        costs["assignment (max-total)"].append(time.process_time() - start)
    logs = np.log(np.array(sizes, dtype=np.float64))
    for part, seconds in costs.items():
        rows += [
            _row(part, size, size, cost, _held(part, size, size), _MEASURED)
            for size, cost in zip(sizes, seconds, strict=True)
        ]
        # Both look at every pair at least once; what an assignment takes beyond that shows in the measured points.
        power = 2.0 if part == "scoring" else max(2.0, float(np.polyfit(logs, np.log(seconds), 1)[0]))
        for submissions, reviewers in targets:
            growth = (submissions * reviewers / sizes[-1] ** 2) ** (power / 2)
            rows.append(
                _row(
                    part,
                    submissions,
                    reviewers,
                    seconds[-1] * growth,
                    _held(part, submissions, reviewers),
                    _EXTRAPOLATED,
                )
            )
    return rows


def _held(part: str, submissions: int, reviewers: int) -> float:
    if part != "scoring":
        return (submissions + reviewers) * _RANK * 4 / _GB
    return ((reviewers * _PAPERS + submissions) * _DIMENSION * 4 + submissions * _KEPT * 12) / _GB


def _row(part: str, submissions: int, reviewers: int, seconds: float, gigabytes: float, how: str) -> dict[str, Any]:
    return {
        "part": part,
        "submissions": submissions,
        "reviewers": reviewers,
        "seconds": float(f"{seconds:.3g}"),
        "gigabytes": float(f"{gigabytes:.3g}"),
        "found": None,
        "how": how,
    }


# --- a standing pool ------------------------------------------------------------------------------------------------


class Lists:
    """Papers in lists around some of them, so that a question reads a few lists and not all papers.

    Args:
        vectors: (P, D) unit rows.
        lists: how many.
        rng: a generator, or the seed of one; draws the papers around which the lists lie.

    Source: J. Sivic, A. Zisserman, Video Google, ICCV 2003 (inverted lists of the nearest centre).
    """

    def __init__(self, vectors: Floats, lists: int, *, rng: np.random.Generator | int = 0) -> None:
        chosen = np.random.default_rng(rng).permutation(len(vectors))[:lists]
        centres = vectors[chosen]
        nearest = _nearest(vectors, centres)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, vectors)
        self._centres = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), np.float32(1e-12))
        nearest = _nearest(vectors, self._centres)
        self._order = np.argsort(nearest, kind="stable")
        self._starts = np.searchsorted(nearest[self._order], np.arange(lists + 1))
        self._vectors = vectors[self._order]

    def search(self, question: Floats, count: int, *, probes: int) -> tuple[Ints, int]:
        """The nearest papers in the nearest lists.

        Args:
            question: (D,) a unit row.
            count: papers to give.
            probes: lists to read.

        Returns:
            (C,) positions of papers, the nearest first, and how many papers were compared.
        """
        lists = np.argsort(-(self._centres @ question), kind="stable")[:probes]
        places = np.concatenate([np.arange(self._starts[each], self._starts[each + 1]) for each in lists.tolist()])
        return self._order[places[_best(self._vectors[places] @ question, count)]], len(places)


def _best(near: Floats, count: int) -> Ints:
    """Positions of the largest, the largest first."""
    some = np.argpartition(-near, min(count, len(near) - 1))[:count]
    best: Ints = some[np.argsort(-near[some], kind="stable")]
    return best


def _nearest(vectors: Floats, centres: Floats) -> npt.NDArray[np.int64]:
    found = [np.argmax(vectors[start : start + 4096] @ centres.T, axis=1) for start in range(0, len(vectors), 4096)]
    return np.concatenate(found).astype(np.int64)


def pool_rows(
    papers: int, *, questions: int = 50, probes: Sequence[int] = (4, 16, 64), progress: Progress | None = None
) -> list[dict[str, Any]]:
    """Ask a pool about single texts: all papers compared, or some lists of them.

    Args:
        papers: in the pool that is measured.
        questions: how many are asked.
        probes: lists that are read.
        progress: called for each way.

    Returns:
        Rows as of `scale_rows`: `submissions` is 1, `found` the share of the true 100 nearest papers. A pool of other
        size has the same share of papers in every list, so its time grows with its papers.
    """
    rng = np.random.default_rng(2)
    vectors, asked = unit_rows(rng, papers), unit_rows(rng, questions)
    start = time.process_time()
    nearest = [_best(vectors @ each, _KEPT) for each in asked]
    ways = {"pool, all papers": ((time.process_time() - start) / questions, 1.0)}
    lists = Lists(vectors, int(np.sqrt(papers)))
    for number, probe in enumerate(probes):
        if progress is not None:
            progress("pool", number, len(probes))
        start, hits = time.process_time(), 0
        answers = [lists.search(each, _KEPT, probes=probe) for each in asked]
        seconds = (time.process_time() - start) / questions
        hits = sum(len(np.intersect1d(found, true)) for (found, _), true in zip(answers, nearest, strict=True))
        ways[f"pool, {probe} of {int(np.sqrt(papers))} lists"] = (seconds, hits / (questions * _KEPT))
    rows = []
    for way, (seconds, found) in ways.items():
        sizes = [(papers // _PAPERS, _MEASURED), *((size, _EXTRAPOLATED) for size in POOLS)]
        for reviewers, how in sizes:
            held = reviewers * _PAPERS * _DIMENSION * 4 / _GB
            row = _row(way, 1, reviewers, seconds * reviewers * _PAPERS / papers, held, how)
            rows.append(row | {"found": float(f"{found:.3g}")})
    return rows
