"""Reviewers and authors who work together to be matched: how far do they get, and who would notice?

A reviewer who stands at a given rank for a submission wants to review it, and its author helps. They can delete papers
from the profile, add foreign ones, write the abstract in the words of the reviewer's paper, hide that paper's text in
the submission, disguise the other words with look-alike letters, and bid. What each brings is measured by the product's
own stages, for several ways to turn papers into one score; no language model takes part.

Source: Y.-W. Hsieh et al., Vulnerability of text-matching in ML/AI conference reviewer assignments to collusions,
USENIX Security 2025; S. Jecmen et al., Mitigating manipulation in peer review via randomized reviewer assignments,
NeurIPS 2020.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from eval.bootstrap import mean_interval
from eval.curation import Case, best_first
from eval.metrics import mean_ranks
from matcher.bids import apply_wishes
from matcher.config import MatchConfig
from matcher.encoders import TextEncoder
from matcher.errors import InputError
from matcher.profiles import build_profiles
from matcher.records import (
    Bid,
    EncoderInfo,
    Index,
    Ints,
    PersonId,
    Profiles,
    Progress,
    ScoreMatrix,
    Submission,
    SubmissionId,
    Vectors,
    Venue,
)
from matcher.scores import score

__all__ = [
    "RANKS",
    "WAYS",
    "Batch",
    "Scene",
    "Way",
    "aggregations",
    "attack_ranks",
    "batch_of",
    "disguised",
    "edited",
    "fitted",
    "only_reviewers",
    "only_rows",
    "papers_of",
    "rank_rows",
    "set_scene",
    "with_bids",
    "write_texts",
]

Doubles: TypeAlias = npt.NDArray[np.float64]

RANKS: Final = (20, 101, 501, 1001)
"""Where reviewers stand before; as in Hsieh et al."""

_STUFFED: Final = 200
_LEAST_PAPERS: Final = 5
"""Reviewers with fewer papers have little to choose from and are not drawn."""

_SLACK: Final = 0.1
"""The reviewer at a rank is the nearest who may be drawn, up to a tenth further down or up."""

_SHORTEST: Final = 4
_LETTERS: Final = re.compile(r"[A-Za-z][A-Za-z-]+")
_LIKE: Final = str.maketrans("aceopxyACEHKMOPTX", "асеорхуАСЕНКМОРТХ")
"""Latin letters and Cyrillic ones that look the same."""

_EAGER: Final = "++"


def aggregations(config: MatchConfig) -> dict[str, MatchConfig]:
    """The ways to make one score of many similarities.

    The product's (`default`) and the same with even weights of the best papers (`even`), so that no single paper
    decides; and the plain ones of other systems.

    Args:
        config: the product's.
    """
    plain = replace(config, thin_profile=0, length_correction=0.0)
    return {
        "max": replace(plain, aggregation="max"),
        "mean": replace(plain, aggregation="mean"),
        "best 3": replace(plain, aggregation="top_k", top_k=3, paper_decay=1.0),
        "default": config,
        "even": replace(config, paper_decay=1.0),
    }


# --- texts ----------------------------------------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    return [word for word in _LETTERS.findall(text.lower()) if len(word) >= _SHORTEST]


def edited(abstract: str, paper: str, frequency: Mapping[str, int], *, words: int) -> str:
    """An abstract with some of its words replaced by those that say most about another paper.

    As somebody would who wants to be alike without being noticed: of the paper's words that the abstract lacks, those
    that are frequent in the paper and rare elsewhere come first, each in place of the abstract's next commonest word.

    Args:
        abstract: of the submission.
        paper: title and abstract of the reviewer's paper.
        frequency: in how many texts of the venue a word stands.
        words: how many are replaced at most.
    """
    own, counts = set(_words(abstract)), Counter(_words(paper))
    rarity = {word: count / (1 + frequency.get(word, 0)) for word, count in counts.items() if word not in own}
    fresh = sorted(rarity, key=lambda word: (-rarity[word], word))[:words]
    common = sorted(own, key=lambda word: (-frequency.get(word, 0), word))[: len(fresh)]
    swap = dict(zip(common, fresh, strict=False))
    return _LETTERS.sub(lambda found: swap.get(found[0].lower(), found[0]), abstract)


def disguised(abstract: str, paper: str) -> str:
    """An abstract that looks as before, in which only the words of another paper are written in Latin letters."""
    kept = set(_words(paper))
    return _LETTERS.sub(lambda found: found[0] if found[0].lower() in kept else found[0].translate(_LIKE), abstract)


# --- cases ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs of colluders under one aggregation, each of another reviewer and another submission.

    Args:
        aggregation: name of it.
        rank: where the reviewers stand before, about.
        cases: (C,) pairs.
        kept: (C,) per case the reviewer's papers, the best for the submission first, as rows of the vectors.
    """

    aggregation: str
    rank: int
    cases: tuple[Case, ...]
    kept: tuple[Ints, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A venue, pairs of colluders, and every text that they change.

    Args:
        venue: as it is.
        config: the product's choices.
        batches: the pairs.
        profiles: of the venue with one more submission for every changed text.
        changed: by number of the batch and what is changed: (C,) names of these submissions.
    """

    venue: Venue
    config: MatchConfig
    batches: tuple[Batch, ...]
    profiles: Profiles
    changed: Mapping[tuple[int, str], tuple[SubmissionId, ...]]

    def variant(self, batch: Batch) -> MatchConfig:
        """The choices with the batch's aggregation."""
        return aggregations(self.config)[batch.aggregation]

    def text(self, number: int, text: str) -> Profiles:
        """The profiles with the submissions of a batch alone, as they are (`plain`) or as they were changed."""
        names = self.changed[number, text]
        return only_rows(self.profiles, np.array([self.profiles.submissions.position(name) for name in names]))


def set_scene(
    venue: Venue,
    config: MatchConfig,
    encoder: TextEncoder,
    *,
    blocked: npt.NDArray[np.bool_] | None = None,
    ranks: Sequence[int] = RANKS,
    cases: int = 30,
    words: int = 15,
    rng: np.random.Generator | int = 0,
    progress: Progress | None = None,
) -> Scene:
    """Draw colluders and write their texts.

    Args:
        venue: the input.
        config: the product's choices.
        encoder: makes the vectors.
        blocked: (S, R) pairs in conflict, in the order of active submissions and reviewers; nobody attacks these.
        ranks: where reviewers stand before; what a venue is too small for is left out.
        cases: pairs for each aggregation and rank, at most.
        words: different words of an abstract that are replaced.
        rng: a generator, or the seed of one.
        progress: called while texts are embedded.

    Raises:
        InputError: no reviewer can be drawn at any of the ranks.
    """
    generator = np.random.default_rng(rng)
    encoder = fitted(encoder, venue)
    profiles = build_profiles(venue, encoder, config, progress=progress)
    chosen = np.sort(generator.permutation(len(profiles.submissions))[:cases])
    some = only_rows(profiles, chosen)
    held = None if blocked is None else blocked[chosen]
    batches = tuple(
        batch
        for name, variant in aggregations(config).items()
        for batch in _batches(name, score(some, variant), some, variant, ranks, held)
    )
    if not batches:
        raise InputError(f"no reviewer with {_LEAST_PAPERS} papers stands at rank {min(ranks)}; ask for another rank")
    return write_texts(venue, config, encoder, profiles, batches, words=words, progress=progress)


class _Fitted:
    """An encoder that learns nothing more: changed texts must not change what is common in the venue."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder

    @property
    def info(self) -> EncoderInfo:
        """As of the encoder."""
        return self._encoder.info

    def fit(self, texts: Sequence[str]) -> Self:  # noqa: ARG002  # as the protocol names it
        """Return itself."""
        return self

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """As the encoder does."""
        return self._encoder.encode(texts, progress=progress)


def fitted(encoder: TextEncoder, venue: Venue) -> TextEncoder:
    """The encoder, after it learnt from a venue; it learns from no other.

    Args:
        encoder: makes the vectors.
        venue: as it is, without changed texts.
    """
    papers = sorted({paper for reviewer in venue.reviewers for paper in reviewer.paper_ids})
    texts = [venue.paper_by_id[paper].text for paper in papers]
    return _Fitted(encoder.fit([*texts, *(each.text for each in venue.active_submissions)]))


def write_texts(
    venue: Venue,
    config: MatchConfig,
    encoder: TextEncoder,
    profiles: Profiles,
    batches: Sequence[Batch],
    *,
    words: int,
    progress: Progress | None = None,
) -> Scene:
    """The scene of given pairs.

    Args:
        venue: the input.
        config: the product's choices.
        encoder: made the profiles' vectors, from `fitted`.
        profiles: of the venue.
        batches: the pairs.
        words: different words of an abstract that are replaced.
        progress: called while texts are embedded.
    """
    more, changed = _changed(venue, profiles, batches, words)
    submissions = tuple(sorted([*venue.submissions, *more], key=lambda each: each.id))
    longer = build_profiles(replace(venue, submissions=submissions), encoder, config, progress=progress)
    return Scene(venue, config, tuple(batches), longer, changed)


def batch_of(name: str, rank: int, cases: Sequence[Case], profiles: Profiles, config: MatchConfig) -> Batch:
    """A batch with every reviewer's papers in the order that serves them.

    Args:
        name: of the aggregation.
        rank: where the reviewers stand; 0 where they stand anywhere.
        cases: the pairs.
        profiles: with these submissions.
        config: the aggregation's choices.
    """
    ordered = best_first(profiles, cases, config)
    kept = [np.array([profiles.papers.position(paper) for paper in ordered[case]], dtype=np.int64) for case in cases]
    return Batch(name, rank, tuple(cases), tuple(kept))


def only_rows(profiles: Profiles, rows: Ints) -> Profiles:
    """The same with some submissions only."""
    return replace(
        profiles,
        submissions=Index[SubmissionId](profiles.submissions.ids[row] for row in rows.tolist()),
        submission_vectors=profiles.submission_vectors[rows],
        submission_abstracts=profiles.submission_abstracts[rows],
    )


def only_reviewers(profiles: Profiles, columns: Sequence[int], rows: Sequence[Ints]) -> Profiles:
    """Some reviewers only, each with the papers in the rows given, all of which count fully."""
    spans = np.zeros(len(columns) + 1, dtype=np.int64)
    np.cumsum([len(some) for some in rows], out=spans[1:])
    flat = np.concatenate([*rows, np.empty(0, dtype=np.int64)]).astype(np.int64)
    return replace(
        profiles,
        reviewers=Index[PersonId](profiles.reviewers.ids[column] for column in columns),
        rows=flat,
        spans=spans,
        weights=np.ones(len(flat), dtype=np.float32),
    )


def _batches(
    name: str,
    scores: ScoreMatrix,
    profiles: Profiles,
    config: MatchConfig,
    ranks: Sequence[int],
    blocked: npt.NDArray[np.bool_] | None,
) -> list[Batch]:
    """For each rank and submission the reviewer who stands there, each reviewer once in a batch."""
    everybody, sizes = np.ones(len(scores.reviewers), dtype=np.bool_), profiles.sizes()
    places = [mean_ranks(row, everybody) for row in scores.values]
    found = []
    for rank in ranks:
        taken: set[int] = set()
        cases = []
        for row, submission in enumerate(scores.submissions):
            may = (sizes >= _LEAST_PAPERS) & (np.abs(places[row] - rank) <= _SLACK * rank)
            if blocked is not None:
                may &= ~blocked[row]
            near = [column for column in np.flatnonzero(may).tolist() if column not in taken]
            if near:
                column = min(near, key=lambda each: (abs(places[row][each] - rank), each))
                taken.add(column)
                cases.append(Case(submission, scores.reviewers.ids[column]))
        if cases:
            found.append(batch_of(name, rank, cases, profiles, config))
    return found


def _changed(
    venue: Venue, profiles: Profiles, batches: Sequence[Batch], words: int
) -> tuple[list[Submission], dict[tuple[int, str], tuple[SubmissionId, ...]]]:
    """One more submission for every text that colluders change, and their names."""
    texts = [*(paper.text for paper in venue.papers), *(each.text for each in venue.active_submissions)]
    frequency = Counter(word for text in texts for word in set(_words(text)))
    more, names = [], {}
    for number, batch in enumerate(batches):
        names[number, "plain"] = tuple(case.submission for case in batch.cases)
        for case, kept in zip(batch.cases, batch.kept, strict=True):
            one = venue.submission_by_id[case.submission]
            paper = venue.paper_by_id[profiles.papers.ids[int(kept[0])]].text
            written = {
                "edit": edited(one.abstract, paper, frequency, words=words),
                "hidden text": f"{one.abstract} {paper}",
                "look-alike letters": disguised(one.abstract, paper),
            }
            for text, abstract in written.items():
                name = SubmissionId(f"{case.submission}\0{number}\0{text}")
                more.append(replace(one, id=name, abstract=abstract))
                names[number, text] = (*names.get((number, text), ()), name)
    return more, names


# --- ranks ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Way:
    """What colluders do.

    Args:
        text: which text of the submission is read: `plain`, `edit`, `hidden text`, `look-alike letters`.
        papers: the reviewer's papers that count: `all`, or the `3` or `1` best; `stuffed` with 200 others beside them.
        is_bid: whether the reviewer also wants the submission.
    """

    text: str = "plain"
    papers: str = "all"
    is_bid: bool = False


WAYS: Final[Mapping[str, Way]] = {
    "nothing": Way(),
    "stuff 200": Way(papers="stuffed"),
    "keep 3": Way(papers="3"),
    "keep 1": Way(papers="1"),
    "edit": Way("edit"),
    "keep 3, edit": Way("edit", "3"),
    "keep 1, edit": Way("edit", "1"),
    "hidden text": Way("hidden text"),
    "look-alike letters": Way("look-alike letters"),
    "bid": Way(is_bid=True),
    "keep 1, edit, bid": Way("edit", "1", is_bid=True),
}
"""From nothing to everything."""


def papers_of(scene: Scene, number: int, papers: str, rng: np.random.Generator | int = 0) -> list[Ints]:
    """The rows of vectors that count for every reviewer of a batch.

    Args:
        scene: with the batch.
        number: of the batch.
        papers: as `Way` names them.
        rng: draws the foreign papers of a stuffed profile.
    """
    kept = scene.batches[number].kept
    if papers == "stuffed":
        generator = np.random.default_rng(rng)
        return [np.concatenate([rows, generator.integers(0, len(scene.profiles.papers), _STUFFED)]) for rows in kept]
    return [rows if papers == "all" else rows[: int(papers)] for rows in kept]


def attack_ranks(scene: Scene, *, progress: Progress | None = None) -> dict[tuple[int, str], Doubles]:
    """(C,) ranks of the colluders among all reviewers, by number of the batch and way.

    Every pair attacks alone: all other reviewers stay as they are.

    Args:
        scene: with the colluders.
        progress: called for each batch.
    """
    found = {}
    for number, batch in enumerate(scene.batches):
        if progress is not None:
            progress("attack", number, len(scene.batches))
        config = scene.variant(batch)
        columns = [scene.profiles.reviewers.position(case.reviewer) for case in batch.cases]
        texts = {way.text: scene.text(number, way.text) for way in WAYS.values()}
        others = {text: score(part, config).values for text, part in texts.items()}
        for name, way in WAYS.items():
            own = np.diagonal(others[way.text][:, columns])
            if way.papers != "all":
                few = only_reviewers(texts[way.text], columns, papers_of(scene, number, way.papers))
                own = np.diagonal(score(few, config).values)
            own = with_bids(own, batch, config, scene.venue) if way.is_bid else own
            ranks = [_rank(others[way.text][row], column, own[row]) for row, column in enumerate(columns)]
            found[number, name] = np.array(ranks)
    return found


def with_bids(own: npt.NDArray[np.float32], batch: Batch, config: MatchConfig, venue: Venue) -> npt.NDArray[np.float32]:
    """(C,) scores after every colluder bid for their submission, by the product's own rule."""
    submissions, reviewers = (
        Index([getattr(case, name) for case in batch.cases]) for name in ("submission", "reviewer")
    )
    values = np.full((len(own), len(own)), np.nan, dtype=np.float32)
    np.fill_diagonal(values, own)
    scores = ScoreMatrix(submissions=submissions, reviewers=reviewers, values=values, raw=None, method="")
    bids = tuple(sorted(Bid(case.submission, case.reviewer, _EAGER) for case in batch.cases))
    moved = apply_wishes(scores, replace(venue, bids=bids), replace(config, bid_scale="signs"))
    found: npt.NDArray[np.float32] = np.diagonal(moved.values).copy()
    return found


def _rank(row: npt.NDArray[np.float32], column: int, value: float) -> float:
    """Rank if this one had another score; in a tie the mean of its ranks."""
    changed = row.copy()
    changed[column] = value
    mask = np.zeros(len(row), dtype=np.bool_)
    mask[column] = True
    return float(mean_ranks(changed, mask)[0])


def rank_rows(
    scene: Scene, found: Mapping[tuple[int, str], Doubles], *, rng: int = 0, draws: int = 1000
) -> list[dict[str, Any]]:
    """Ranks by way.

    Args:
        scene: with the colluders.
        found: from `attack_ranks`.
        rng: seed of the intervals.
        draws: how often pairs are drawn for them.

    Returns:
        One row for each rank before, way and aggregation: `cases`; `median` rank after; `lift`, the mean of the ranks
        gained; `top_1` and `top_5`, shares that reach these; `interval` of `top_5` from drawing pairs.
    """
    rows = []
    order = sorted(range(len(scene.batches)), key=lambda number: scene.batches[number].rank)
    for rank in dict.fromkeys(scene.batches[number].rank for number in order):
        for way in WAYS:
            for number, batch in enumerate(scene.batches):
                if batch.rank != rank:
                    continue
                ranks = found[number, way]
                top = mean_interval(ranks <= 5, [case.submission for case in batch.cases], rng=rng, draws=draws)
                rows.append(
                    {
                        "from": rank,
                        "way": way,
                        "score": batch.aggregation,
                        "cases": len(batch.cases),
                        "median": float(np.median(ranks)),
                        "lift": float((found[number, "nothing"] - ranks).mean()),
                        "top_1": float((ranks <= 1).mean()),
                        "top_5": top.point,
                        "interval": {"top_5": top.ends()},
                    }
                )
    return rows
