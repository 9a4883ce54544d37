"""`POST /v1/rank` as a client sees it: a served pool of seeded vectors, questions with new authors, one after another.

Run as a process of its own: `python -m tests.benchmarks.ranking_requests [REVIEWERS] [PAPERS] [QUESTIONS]`. Questions
are encoded by the default encoder; the papers' vectors have its form, a dense and a sparse part, but are drawn. Client
and server share one process, so processor time counts both.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Final
from unittest.mock import patch

import numpy as np
import scipy.sparse as sp

from matcher.config import MatchConfig
from matcher.conflicts import Finder
from matcher.encoders import make_encoder
from matcher.records import (
    AuthorMention,
    Deadline,
    Index,
    JoinedVectors,
    Paper,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    Profiles,
    Reviewer,
    Venue,
)
from matcher.standing_pool import Pool
from service.ranking import Pools
from service.storage.database import now
from service.storage.tables import runs
from tests.benchmarks.generate import write_text
from tests.benchmarks.scoring import memory_mb
from tests.serving import serving

_VENUE: Final = "pool"
_TERMS: Final = 150
"""Rare terms of a paper: words and pairs of words of an abstract."""
_VOCABULARY: Final = 200_000
_COLLEAGUES: Final = 12
_UNNAMED: Final = 0.2
"""Share of asked authors who come with a name alone."""


def _name(number: int) -> str:
    return f"{write_text(number % 4099)} {write_text(7 * number + 11)}"


def _vectors(rng: np.random.Generator, papers: int, dense: int, width: int) -> JoinedVectors:
    """Unit rows in the form of the default encoder; frequent terms are more frequent, as in texts."""
    parts = rng.standard_normal((papers, dense), dtype=np.float32)
    parts /= 7 * np.linalg.norm(parts, axis=1, keepdims=True)
    buckets = rng.permutation(width)[:_VOCABULARY]
    terms = buckets[(_VOCABULARY * rng.random((papers, _TERMS)) ** 2).astype(np.int64)]
    terms.sort(axis=1)
    weights = np.full(papers * _TERMS, 1 / np.sqrt(_TERMS), dtype=np.float32)
    borders = np.arange(0, papers * _TERMS + 1, _TERMS)
    return JoinedVectors(parts, sp.csr_array((weights, terms.ravel().astype(np.int32), borders), shape=(papers, width)))


def make_pool(reviewers: int, papers: int, *, seed: int = 0) -> Pool:
    """A pool of that size: papers have one lead and two colleagues, every one of them a reviewer.

    Args:
        reviewers: their number.
        papers: their number; each belongs to its lead's profile.
        seed: decides everything.
    """
    rng = np.random.default_rng(seed)
    owner = np.sort(rng.integers(0, reviewers, papers))
    written = []
    for number, lead in enumerate(owner.tolist()):
        group = lead - lead % _COLLEAGUES + rng.integers(0, _COLLEAGUES, 2)
        names = dict.fromkeys([lead, *(group % reviewers).tolist()])
        authors = tuple(AuthorMention(name=_name(who), person_id=PersonId(f"r{who:06}")) for who in names)
        dates = (PartialDate(2015 + number % 10),)
        written.append(Paper(PaperId(f"p{number:07}"), f"Paper {number}", "x", dates=dates, authors=authors))
    spans = np.searchsorted(owner, np.arange(reviewers + 1)).astype(np.int64)
    people = [Person(id=PersonId(f"r{number:06}"), names=(_name(number),)) for number in range(reviewers)]
    roles = [
        Reviewer(person_id=each.id, paper_ids=tuple(one.id for one in written[spans[at] : spans[at + 1]]))
        for at, each in enumerate(people)
    ]
    venue = Venue.of(papers=written, people=people, reviewers=roles, deadline=Deadline(date(2025, 1, 1), "benchmark"))
    config = MatchConfig()
    encoder = make_encoder(config).fit(["what the pool holds is drawn"])
    asked = encoder.encode(["warm"])
    assert isinstance(asked, JoinedVectors)
    profiles = Profiles(
        reviewers=Index([each.id for each in people]),
        papers=Index([each.id for each in written]),
        submissions=Index([]),
        vectors=_vectors(rng, papers, asked.dense.shape[1], asked.sparse.shape[1]),
        submission_vectors=asked[:0],
        abstracts=np.ones(papers, dtype=np.bool_),
        submission_abstracts=np.zeros(0, dtype=np.bool_),
        rows=np.arange(papers, dtype=np.int64),
        spans=spans,
        weights=np.ones(papers, dtype=np.float32),
        encoder=encoder.info,
    )
    return Pool(venue, config, profiles, encoder, Finder(venue, config), {}, {})


def _question(rng: np.random.Generator, reviewers: int, number: int) -> dict[str, object]:
    words = [write_text(int(each)) for each in rng.integers(0, 3000, 160)]
    authors = []
    for who in rng.integers(0, reviewers, 4).tolist():
        named = {"name": _name(who), "affiliation": "university.example"}
        authors.append(named if rng.random() < _UNNAMED else {**named, "person_id": f"r{who:06}"})
    return {"title": f"{number} {' '.join(words[:9])}", "abstract": " ".join(words[9:]), "authors": authors}


def main(reviewers: int = 10_000, papers: int = 200_000, questions: int = 200) -> None:
    """Print quantiles of the answers' time, processor time and memory; the last line is the same as JSON."""
    start = time.perf_counter()
    pool = make_pool(reviewers, papers)
    print(f"pool of {reviewers} reviewers and {papers} papers: {time.perf_counter() - start:.0f} s to make ready")
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(Pools, "_open", lambda *_: (pool, 1, Counter())),
        serving(Path(folder)) as served,
    ):
        served.admin.create_venue(_VENUE, kind="pool")
        row = {"id": "run", "venue_id": _VENUE, "job_id": "job", "kind": "index", "number": 1, "digest": "0" * 64}
        with served.service.database.write() as connection:
            connection.execute(runs.insert().values(**row, manifest={}, venue_version=1, created_at=now()))
        rng = np.random.default_rng(1)
        warm = 5
        spent: list[tuple[float, float]] = []
        for number in range(warm + questions):
            asked = _question(rng, reviewers, number)
            start, processor = time.perf_counter(), time.process_time()
            answer = served.admin.rank(_VENUE, **asked)  # type: ignore[arg-type]
            spent.append((time.perf_counter() - start, time.process_time() - processor))
            assert len(answer["candidates"]) == 10, answer
            if number == warm:
                before = memory_mb("VmRSS")
        elapsed, used = (1000 * np.array(column[warm:]) for column in zip(*spent, strict=True))
        rows = []
        for name, values in (("answered after", elapsed), ("processor time", used)):
            p50, p95, p99, most = (round(float(each), 1) for each in np.percentile(values, [50, 95, 99, 100]))
            print(f"{name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms")
            quantiles = {"p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "max_ms": most}
            rows.append({"request": name, "count": questions, **quantiles})
        grown = memory_mb("VmRSS") - before
        print(f"memory: {memory_mb('VmRSS'):.0f} MB, {grown:+.0f} MB over {questions} questions")
        found = {"requests": rows, "p95_ms": rows[0]["p95_ms"], "grown_mb": round(grown, 1)}
        print(json.dumps({**found, "memory_mb": round(memory_mb("VmRSS"))}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
