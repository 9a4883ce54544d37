"""Time `rank` against a standing pool of random vectors: `python -m tests.benchmarks.ranking [reviewers] [papers]`.

Who wrote what is drawn too: each paper has three authors, so names are looked up among as many people.
"""

from __future__ import annotations

import sys
import time
from datetime import date

import numpy as np

from matcher import MatchConfig, Venue
from matcher.conflicts import Finder
from matcher.records import (
    AuthorMention,
    Deadline,
    EncoderInfo,
    Floats,
    Index,
    Paper,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    Profiles,
    Progress,
    Reviewer,
    Submission,
    SubmissionId,
)
from matcher.standing_pool import Pool, rank

DIMENSION = 384
QUESTIONS = 100
_INFO = EncoderInfo(
    name="random", model="", digest="random", dimension=DIMENSION, backgrounds=(0.0, 0.0, 0.0), tail=0.05
)


class RandomEncoder:
    """A unit vector for every text, drawn from the text."""

    info = _INFO

    def fit(self, _: object) -> RandomEncoder:
        return self

    def encode(self, texts: list[str], *, progress: Progress | None = None) -> Floats:
        del progress
        return _unit(np.random.default_rng(sum(map(len, texts))), len(texts))


def _unit(rng: np.random.Generator, count: int) -> Floats:
    vectors = rng.standard_normal((count, DIMENSION), dtype=np.float32)
    unit: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _name(number: int) -> str:
    syllables = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va")
    parts = [syllables[number >> shift & 15] for shift in (0, 4, 8, 12, 16)]
    return f"{parts[0]}{parts[1]}{parts[2]} {parts[3]}{parts[4]}{number}".title()


def make_pool(reviewers: int, papers: int, *, seed: int = 0) -> Pool:
    """A pool of that size."""
    rng = np.random.default_rng(seed)
    people = [Person(id=PersonId(f"r{number:06}"), names=(_name(number),)) for number in range(reviewers)]
    owner = np.sort(rng.integers(0, reviewers, papers))
    coauthors = rng.integers(0, 4 * reviewers, (papers, 2))
    written = [
        Paper(
            id=PaperId(f"p{number:07}"),
            title=f"Paper {number}",
            abstract="x",
            dates=(PartialDate(2015 + number % 10),),
            authors=(
                AuthorMention(name=_name(int(owner[number])), person_id=PersonId(f"r{owner[number]:06}")),
                *(AuthorMention(name=_name(int(each))) for each in dict.fromkeys(coauthors[number].tolist())),
            ),
        )
        for number in range(papers)
    ]
    spans = np.searchsorted(owner, np.arange(reviewers + 1)).astype(np.int64)
    venue = Venue.of(
        papers=written,
        people=people,
        reviewers=[
            Reviewer(person_id=each.id, paper_ids=tuple(one.id for one in written[spans[at] : spans[at + 1]]))
            for at, each in enumerate(people)
        ],
        deadline=Deadline(date(2025, 1, 1), "benchmark"),
    )
    profiles = Profiles(
        reviewers=Index([each.id for each in people]),
        papers=Index([each.id for each in written]),
        submissions=Index([]),
        vectors=_unit(rng, papers),
        submission_vectors=np.zeros((0, DIMENSION), dtype=np.float32),
        abstracts=np.ones(papers, dtype=np.bool_),
        submission_abstracts=np.zeros(0, dtype=np.bool_),
        rows=np.arange(papers, dtype=np.int64),
        spans=spans,
        weights=np.ones(papers, dtype=np.float32),
        encoder=_INFO,
    )
    config = MatchConfig()
    return Pool(venue, config, profiles, RandomEncoder(), Finder(venue, config), {}, {})  # type: ignore[arg-type]


def main(reviewers: int = 10_000, papers: int = 200_000) -> None:
    """Print how long a question takes."""
    start = time.perf_counter()
    pool = make_pool(reviewers, papers)
    print(f"pool of {reviewers} reviewers, {papers} papers: {time.perf_counter() - start:.1f} s to make ready")
    rng = np.random.default_rng(1)
    seconds, processor = [], []
    for number in range(QUESTIONS):
        authors = tuple(AuthorMention(name=_name(int(each))) for each in rng.integers(0, 4 * reviewers, 4))
        asked = Submission(id=SubmissionId(f"q{number}"), title="T" * (number + 1), abstract="x", authors=authors)
        start, spent = time.perf_counter(), time.process_time()
        rank(pool, asked, count=20)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - spent)
    for name, values in (("clock", seconds), ("processor", processor)):
        middle, most = np.percentile(values[5:], [50, 95])
        print(f"a question ({name}): median {1000 * middle:.0f} ms, 95th percentile {1000 * most:.0f} ms")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
