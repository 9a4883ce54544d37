"""Profiles and submissions become affinity scores.

A paper's part is its excess: how much more alike it is to the submission than two unrelated papers are,
``weight x (cosine - background)``. Texts without an abstract are less alike than texts with one, related or not, so
the background depends on whether each side has one.

A reviewer's raw score is the background of texts with abstracts plus a weighted mean of their best excesses, less a
correction for the length of the profile. The best paper counts most and each further one `paper_decay` times as much as
the one before it. A thin profile is filled up with papers at background level, excess 0: one good paper is not four.

The best of 40 papers are more alike to anything than the best of somebody's 4, so without a correction people with long
profiles get most of the work. Taken off are ``length_correction x n / (n + 6)`` tails for n papers: bounded, because
whoever deletes papers gets the difference back. No score is at once fair to short profiles and safe against that: a
long profile cut down to its best 3 papers is a short profile like any other. Weights that fall by half and this
correction give little to those who delete papers, while the mean load of profiles of all lengths in an exact assignment
of one real venue (2,000 submissions, 3,000 reviewers) stays between 0.7 and 1.4 times the mean of all. All constants
were chosen on that venue and on authorship retrieval.

The published score is ``1 - exp(-softplus(x) / 8)`` with ``x = (raw - background) / t``, softplus being the smooth form
of ``max(x, 0)``: one fixed, strictly monotone map for the whole matrix, so scores compare across submissions and across
reviewers. What chance explains has 0.08, the most distant papers near 0, the same texts near 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np

from matcher.config import MatchConfig
from matcher.errors import UnknownNameError
from matcher.executors import Executor
from matcher.records import (
    Bools,
    EvidencePaper,
    Floats,
    Ints,
    JoinedVectors,
    PaperId,
    Profiles,
    Progress,
    ScoreMatrix,
    Vectors,
    Venue,
    inner_products,
)

__all__ = ["Scored", "best_reviewers", "is_usable", "score", "score_parts"]

_BLOCK_PAPERS: Final = 16_384
"""Papers, counted for each of their reviewers, whose similarities are held at once."""

_BLOCK_SUBMISSIONS: Final = 256
"""Submissions whose similarities are held at once: with the papers, 16 MB of float32, so that caches hold the best."""

_FEW_SUBMISSIONS: Final = 64
"""Up to so many, every paper is compared once, instead of once for each of its reviewers: no vector is copied."""

_TAILS_PER_UNIT: Final = 8.0
"""Tails in one unit of the published map; puts the best reviewers of a submission mostly between 0.3 and 0.9."""

_CHANCE_LEVEL: Final = -math.expm1(-math.log(2) / _TAILS_PER_UNIT)
"""The published score of papers at background level, 0.083."""

_LEVEL: Final = 1e-3
"""Tails within which a raw score counts as being at background level when its parts are shared out."""

_ROWS_IN_CACHE: Final = 32
"""Submissions whose best papers are kept at once: with a group of reviewers, what fits into a core's cache."""

_KEPT_RAW: Final = 50_000_000
"""Up to so many pairs raw scores are kept beside the published ones (200 MB); beyond they would double the memory."""
_HALF_LENGTH: Final = 6
"""Papers with which a profile gets half of the largest correction for its length."""

_LEAST_LENGTH: Final = 3
"""Below so many papers the correction falls no further, so that deleting the third or second brings nothing."""

_STREAMED_BEST: Final = 8
"""Up to so many best papers are found by keeping the best so far; beyond, by sorting."""


class _Group(NamedTuple):
    """Reviewers with equally many papers; their rows and weights by place in the profile."""

    reviewers: Ints  # (K,)
    rows: Ints  # (N, K)
    weights: Floats  # (N, K)


class Scored(NamedTuple):
    """What an earlier call of `score` took and gave.

    Args:
        profiles: as given to it.
        config: as given to it.
        scores: its answer; what was added to `values` since does not matter, `raw` counts.
    """

    profiles: Profiles
    config: MatchConfig
    scores: ScoreMatrix


def score(
    profiles: Profiles,
    config: MatchConfig,
    *,
    progress: Progress | None = None,
    earlier: Scored | None = None,
    executor: Executor | None = None,
) -> ScoreMatrix:
    """Score every submission against every reviewer.

    Args:
        profiles: vectors and who owns them.
        config: `aggregation`, `top_k`, `paper_decay`, `best_share`, `thin_profile`, `length_correction`.
        progress: called with the stage "score", reviewers done and their number.
        earlier: from before a change: blocks of scores that are made of the same numbers are taken over, so the answer
            is the same to the last bit. A reviewer is scored in one block with those who have as many papers.
        executor: where groups of reviewers are scored; by default in this process. The scores are the same.

    Returns:
        (S, R) scores; NaN in the columns of reviewers without papers.

    Raises:
        UnknownNameError: no aggregation has that name.

    Source: the mean of the best similarities follows Mimno and McCallum (KDD 2007, max) and its smoothed forms in
    Stelmakh et al. (arXiv 2303.16750).
    """
    shape = (len(profiles.submissions), len(profiles.reviewers))
    published = np.full(shape, np.nan, dtype=np.float32)
    raw = np.full(shape, np.nan, dtype=np.float32) if published.size <= _KEPT_RAW else None
    known = _Known(profiles, earlier) if earlier is not None and is_usable(profiles, config, earlier) else None
    for rows, reviewers, values in _raw_scores(profiles, config, progress, known, executor):
        published[rows, reviewers] = _publish(values, profiles)
        if raw is not None:
            raw[rows, reviewers] = values
    return ScoreMatrix(
        submissions=profiles.submissions,
        reviewers=profiles.reviewers,
        values=published,
        raw=raw,
        method=_describe(profiles, config),
    )


def best_reviewers(
    profiles: Profiles,
    config: MatchConfig,
    count: int,
    *,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> tuple[Ints, Floats]:
    """The best reviewers of every submission, without ever holding the whole matrix.

    Args:
        profiles: as for `score`.
        config: as for `score`.
        count: how many to keep for each submission, at least 1.
        progress: as for `score`.
        executor: as for `score`.

    Returns:
        (S, C) columns and (S, C) published scores, best first, among equals in the order of reviewers; C is `count` or
        the number of reviewers with papers, where that is smaller.
    """
    width = min(count, int((profiles.sizes() > 0).sum()))
    columns = np.zeros((len(profiles.submissions), 0), dtype=np.int64)
    raw = np.zeros(columns.shape, dtype=np.float32)
    kept: dict[int, tuple[Ints, Floats]] = {}
    for rows, reviewers, values in _raw_scores(profiles, config, progress, None, executor):
        old_columns, old_values = kept.get(rows.start, (columns[rows], raw[rows]))
        near = _top(values, width)
        found = np.hstack([old_columns, reviewers[near]])
        scores = np.hstack([old_values, np.take_along_axis(values, near, axis=1)])
        order = np.lexsort((found, -scores), axis=1)[:, :width]
        kept[rows.start] = (np.take_along_axis(found, order, axis=1), np.take_along_axis(scores, order, axis=1))
    if kept:
        columns = np.vstack([kept[start][0] for start in sorted(kept)])
        raw = np.vstack([kept[start][1] for start in sorted(kept)])
    return columns, _publish(raw, profiles)


def _top(values: Floats, count: int) -> Ints:
    """(B, C) columns that hold the best `count` values of each row with all that equal the last of them."""
    width = values.shape[1]
    if width <= count:
        return np.broadcast_to(np.arange(width), values.shape)
    least = np.partition(values, width - count, axis=1)[:, width - count]
    most = int((values >= least[:, None]).sum(axis=1).max())
    found: Ints = np.argpartition(values, width - most, axis=1)[:, width - most :]
    return found


def score_parts(
    profiles: Profiles, config: MatchConfig, venue: Venue, submission_id: str, reviewer_id: str
) -> tuple[EvidencePaper, ...]:
    """The papers behind one score, with what each adds; the contributions sum to the published score.

    Args:
        profiles: as given to `score`.
        config: as given to `score`.
        venue: for titles.
        submission_id: an active submission.
        reviewer_id: a reviewer.

    Returns:
        Papers, largest contribution first, then what pulls the score down; none for a reviewer without papers.

    Raises:
        UnknownNameError: an id is not known.
    """
    row = profiles.submissions.position(submission_id)
    column = profiles.reviewers.position(reviewer_id)
    owned = slice(int(profiles.spans[column]), int(profiles.spans[column + 1]))
    rows = profiles.rows[owned]
    if not len(rows):
        return ()
    similarity = inner_products(profiles.submission_vectors[[row]], profiles.vectors[rows])[0]
    excess = profiles.weights[owned] * (similarity - _backgrounds(profiles, slice(row, row + 1), rows)[0])
    length, counted = _counts(len(rows), config)
    shares = _shares(counted, config)
    candidates = [(float(value), position) for position, value in enumerate(excess)]
    candidates += [(0.0, -1)] * (length - len(rows))
    best = sorted(candidates, key=lambda part: (-part[0], part[1]))[:counted]
    chance = _chance(len(rows), config) * profiles.encoder.tail
    best = [(share * value, position) for share, (value, position) in zip(shares.tolist(), best, strict=True)]
    total = sum(value for value, _ in best) - chance
    published = float(_publish(np.array([profiles.encoder.background + total], dtype=np.float32), profiles)[0])
    # What the map adds to the level of chance is shared out in proportion; where that is nothing, by the map's slope.
    is_level = abs(total) < _LEVEL * profiles.encoder.tail
    unit = (1 - _CHANCE_LEVEL) / (2 * _TAILS_PER_UNIT * profiles.encoder.tail)
    if not is_level:
        unit = (published - _CHANCE_LEVEL) / total
    parts = []
    for value, position in best:
        if position >= 0:
            paper_id, title = _named(profiles, venue, reviewer_id, int(rows[position]))
            weight = float(profiles.weights[owned][position])
            title = title if weight == 1 else f"{title} [counts {weight:.0%}]"
            parts.append(EvidencePaper(paper_id, title, float(similarity[position]), unit * value))
    # A far paper in a late place takes off less than a nearer one before it.
    parts.sort(key=lambda part: -part.contribution)
    missing = sum(1 for _, position in best if position < 0)
    if missing:
        what = (
            "paper missing from a thin profile counts" if missing == 1 else "papers missing from a thin profile count"
        )
        parts.append(EvidencePaper(None, f"{missing} {what} as background", None, 0.0))
    if chance:
        message = f"of {len(rows)} papers some come near by chance"
        parts.append(EvidencePaper(None, message, None, -unit * chance))
    level = published - sum(part.contribution for part in parts)
    parts.append(EvidencePaper(None, "the level of unrelated papers", None, level))
    return tuple(parts)


def _named(profiles: Profiles, venue: Venue, reviewer_id: str, row: int) -> tuple[PaperId, str]:
    """Id and title of a row of the vectors; of the areas that a reviewer states, their words."""
    paper_id = profiles.papers.ids[row]
    reviewer = venue.reviewer(reviewer_id)
    if paper_id == reviewer.areas_id:
        return paper_id, f"{reviewer.areas_text} [stated by the reviewer]"
    paper = venue.paper_by_id[paper_id]
    return paper_id, f"{paper.title} [stated by the reviewer]" if paper.kind == "statement" else paper.title


def _publish(raw: Floats, profiles: Profiles) -> Floats:
    """The fixed monotone map from raw to published scores; NaN stays NaN."""
    tails = (raw - np.float32(profiles.encoder.background)) / np.float32(profiles.encoder.tail)
    # softplus(x) = max(x, 0) + log(1 + exp(-|x|)) never overflows
    published: Floats = np.abs(tails)
    np.negative(published, out=published)
    np.exp(published, out=published)
    np.log1p(published, out=published)
    np.maximum(tails, 0, out=tails)
    published += tails
    published /= -np.float32(_TAILS_PER_UNIT)
    np.expm1(published, out=published)
    np.negative(published, out=published)
    return published


def is_usable(profiles: Profiles, config: MatchConfig, earlier: Scored) -> bool:
    """Whether scores can be taken over from before: the same choices and encoder, and more than a few scores.

    An encoder that learns from the venue's texts is another one as soon as a text changes.
    """
    is_same = all(getattr(config, name) == getattr(earlier.config, name) for name in _CHOICES)
    is_few = min(len(each.submissions) for each in (profiles, earlier.profiles)) <= _FEW_SUBMISSIONS
    return is_same and not is_few and profiles.encoder == earlier.profiles.encoder and earlier.scores.raw is not None


class _Known:
    """Which raw scores are known from before, because everything they are made of is the same, in the same order.

    Args:
        profiles: now.
        earlier: from before, with raw scores.
    """

    def __init__(self, profiles: Profiles, earlier: Scored) -> None:
        before = earlier.profiles
        assert earlier.scores.raw is not None
        self._raw = earlier.scores.raw
        self._profiles, self._before = profiles, before
        self._columns = {before.reviewers.ids[each] for each in _same_reviewers(profiles, before)}
        self._rows = _same_submissions(profiles, before)
        self._groups = {
            tuple(before.reviewers.ids[each] for each in group.reviewers.tolist()): group.reviewers
            for group in _groups(before)
        }

    def columns(self, reviewers: Ints) -> Ints | None:
        """Where a group of reviewers stood before, if it was the same group."""
        ids = tuple(self._profiles.reviewers.ids[each] for each in reviewers.tolist())
        return self._groups.get(ids) if self._columns.issuperset(ids) else None

    def values(self, block: slice, columns: Ints) -> Floats | None:
        """The raw scores of a block of submissions, if it was the same block."""
        if not self._rows[block].all():
            return None
        values: Floats = np.take(self._raw[block], columns, axis=1)
        return values


_CHOICES: Final = ("aggregation", "top_k", "paper_decay", "best_share", "thin_profile", "length_correction")
"""The settings that `score` reads."""


def _same_submissions(profiles: Profiles, before: Profiles) -> Bools:
    """(S,) whether a submission stands where it stood, with the same vector; nothing where the last block is longer."""
    same = np.zeros(len(profiles.submissions), dtype=np.bool_)
    count = min(len(profiles.submissions), len(before.submissions))
    if len(profiles.submissions) != len(before.submissions):
        count -= count % _BLOCK_SUBMISSIONS
    now, was = (_rows_of(each.submission_vectors, range(count)) for each in (profiles, before))
    for row, (one, other) in enumerate(zip(now, was, strict=True)):
        same[row] = (
            profiles.submissions.ids[row] == before.submissions.ids[row]
            and profiles.submission_abstracts[row] == before.submission_abstracts[row]
            and one == other
        )
    return same


def _same_reviewers(profiles: Profiles, before: Profiles) -> Iterator[int]:
    """Former places of the reviewers who have the same papers, with the same vectors and weights."""
    now_at = {paper: row for row, paper in enumerate(profiles.papers.ids)}
    both = [(row, now_at[paper]) for row, paper in enumerate(before.papers.ids) if paper in now_at]
    was = _rows_of(before.vectors, [row for row, _ in both])
    now = _rows_of(profiles.vectors, [row for _, row in both])
    same = {
        there: here
        for (there, here), one, other in zip(both, was, now, strict=True)
        if one == other and before.abstracts[there] == profiles.abstracts[here]
    }
    columns = {who: column for column, who in enumerate(profiles.reviewers.ids)}
    for there, who in enumerate(before.reviewers.ids):
        here = columns.get(who)
        if here is None:
            continue
        old = slice(int(before.spans[there]), int(before.spans[there + 1]))
        new = slice(int(profiles.spans[here]), int(profiles.spans[here + 1]))
        if [same.get(row) for row in before.rows[old].tolist()] == profiles.rows[new].tolist() and np.array_equal(
            before.weights[old], profiles.weights[new]
        ):
            yield there


def _rows_of(vectors: Vectors, rows: Iterable[int]) -> Iterator[bytes]:
    """Some rows as bytes."""
    if isinstance(vectors, JoinedVectors):
        rows = list(rows)
        both = zip(_rows_of(vectors.dense, rows), _rows_of(vectors.sparse, rows), strict=True)
        yield from (one + other for one, other in both)
    elif isinstance(vectors, np.ndarray):
        yield from (vectors[row].tobytes() for row in rows)
    else:
        for row in rows:
            span = slice(int(vectors.indptr[row]), int(vectors.indptr[row + 1]))
            yield vectors.indices[span].astype(np.int64).tobytes() + vectors.data[span].tobytes()


def _raw_scores(
    profiles: Profiles,
    config: MatchConfig,
    progress: Progress | None,
    known: _Known | None = None,
    executor: Executor | None = None,
) -> Iterator[tuple[slice, Ints, Floats]]:
    """Blocks of the raw matrix: which rows, which columns, values."""
    done, total = 0, len(profiles.reviewers)
    is_few = len(profiles.submissions) <= _FEW_SUBMISSIONS
    whole = inner_products(profiles.submission_vectors, profiles.vectors) if is_few else None
    groups = list(_groups(profiles))
    # So few submissions, or so few that are not known, are done before another process has the vectors.
    is_here = executor is None or is_few or known is not None
    elsewhere = None if is_here or executor is None else executor.map(_group_scores, (profiles, config), groups)
    try:
        for group in groups:
            if progress is not None:
                progress("score", done, total)
            if elsewhere is None:
                for block, values in _group_blocks(profiles, config, group, whole, known):
                    yield block, group.reviewers, values
            else:
                scores = next(elsewhere)
                for block in _blocks(len(scores)):
                    yield block, group.reviewers, scores[block]
            done += len(group.reviewers)
    finally:
        if elsewhere is not None:
            elsewhere.close()
    if progress is not None:
        progress("score", total, total)


def _blocks(submissions: int) -> Iterator[slice]:
    for start in range(0, submissions, _BLOCK_SUBMISSIONS):
        yield slice(start, min(start + _BLOCK_SUBMISSIONS, submissions))


def _group_scores(shared: tuple[Profiles, MatchConfig], group: _Group) -> Floats:
    """(S, K) raw scores of a group of reviewers."""
    scores: Floats = np.concatenate([values for _, values in _group_blocks(*shared, group, None)])
    return scores


def _group_blocks(
    profiles: Profiles, config: MatchConfig, group: _Group, whole: Floats | None, known: _Known | None = None
) -> Iterator[tuple[slice, Floats]]:
    """The raw scores of a group, block by block; those that are known are not worked out again."""
    columns = None if known is None else known.columns(group.reviewers)
    background = np.float32(profiles.encoder.background)
    size = len(group.rows)
    chance = np.float32(_chance(size, config) * profiles.encoder.tail)
    rows, weights = group.rows.ravel(), group.weights.ravel()
    similarities = _similarities(profiles, rows, whole)
    for block in _blocks(len(profiles.submissions)):
        taken = None if known is None or columns is None else known.values(block, columns)
        if taken is not None:
            yield block, taken
            continue
        excess = similarities(block)
        excess -= _backgrounds(profiles, block, rows)
        if (weights != 1).any():
            excess *= weights
        yield block, background - chance + _aggregate(excess, size, config)


def _similarities(profiles: Profiles, rows: Ints, whole: Floats | None) -> Callable[[slice], Floats]:
    """(B, M) similarities of some submissions to the papers in some rows, taken from those to all papers if known."""
    if whole is not None:
        return lambda block: np.take(whole[block], rows, axis=1)
    papers, submissions = profiles.vectors[rows], profiles.submission_vectors
    if not (isinstance(papers, np.ndarray) and isinstance(submissions, np.ndarray)):
        return lambda block: inner_products(submissions[block], papers)
    # One array for all blocks: asking the system for memory again and again costs more than the sums.
    shared = np.empty((min(_BLOCK_SUBMISSIONS, len(submissions)), len(rows)), dtype=np.float32)
    return lambda block: np.matmul(submissions[block], papers.T, out=shared[: block.stop - block.start])


def _groups(profiles: Profiles) -> Iterator[_Group]:
    """Reviewers with equally many papers, so that no loop over reviewers is needed; not too many at once."""
    sizes = profiles.sizes()
    for size in np.unique(sizes[sizes > 0]):
        members = np.flatnonzero(sizes == size)
        width = max(1, _BLOCK_PAPERS // int(size))
        for start in range(0, len(members), width):
            reviewers = members[start : start + width]
            places = np.arange(size)[:, None] + profiles.spans[reviewers]
            yield _Group(reviewers, profiles.rows[places], profiles.weights[places])


def _backgrounds(profiles: Profiles, submissions: slice, papers: Ints) -> Floats:
    """(B, P) cosines that unrelated texts of the same kinds have; (1, P) where all submissions are of one kind."""
    table = np.array(profiles.encoder.backgrounds, dtype=np.float32)
    with_abstract = np.unique(profiles.submission_abstracts[submissions], return_inverse=True)
    levels = table[with_abstract[0].astype(np.int64)[:, None] + profiles.abstracts[papers]]
    return levels if len(levels) == 1 else levels[with_abstract[1]]


def _counts(papers: int, config: MatchConfig) -> tuple[int, int]:
    """Length of a profile after filling up, and how many of its best papers count."""
    length = max(papers, config.thin_profile)
    if config.aggregation == "top_k":
        return length, min(length, config.top_k)
    if config.aggregation == "max":
        return length, 1
    if config.aggregation == "mean":
        return length, length
    if config.aggregation == "best_share":
        return length, math.ceil(config.best_share * length)
    raise UnknownNameError("aggregation", config.aggregation, ("top_k", "max", "mean", "best_share"))


def _shares(counted: int, config: MatchConfig) -> Floats:
    """Weights of the best papers, the best first; they sum to 1."""
    decay = config.paper_decay if config.aggregation == "top_k" else 1.0
    weights = np.array([decay**place for place in range(counted)])
    shares: Floats = (weights / weights.sum()).astype(np.float32)
    return shares


def _chance(papers: int, config: MatchConfig) -> float:
    """What is taken off for the length of a profile, in tails; a mean of all papers gains nothing by length."""
    if config.aggregation == "mean":
        return 0.0
    length = max(papers, _LEAST_LENGTH)
    return config.length_correction * length / (length + _HALF_LENGTH)


def _aggregate(excess: Floats, papers: int, config: MatchConfig) -> Floats:
    """(B, N K) excesses, place by place, to the (B, K) weighted mean of the best of each profile of N papers."""
    length, counted = _counts(papers, config)
    shares = _shares(counted, config)
    is_even = bool((shares == shares[0]).all())
    by_place = excess.reshape(len(excess), papers, -1)
    if counted == papers == length and is_even:
        whole: Floats = by_place.mean(axis=1, dtype=np.float32)
        return whole
    if counted > _STREAMED_BEST:
        filling = np.zeros((len(excess), length - papers, by_place.shape[2]), dtype=np.float32)
        filled = np.concatenate([by_place, filling], axis=1)
        chosen = np.partition(filled, length - counted, axis=1)[:, length - counted :]
        ascending = chosen if is_even else np.sort(chosen, axis=1)
        sorted_out: Floats = np.einsum("bck,c->bk", ascending, shares[::-1])
        return sorted_out
    return _best_of(by_place, shares, length - papers)


def _best_of(by_place: Floats, shares: Floats, missing: int) -> Floats:
    """(B, K) weighted mean of the best few of (B, N, K) excesses and `missing` zeros, in order while they stream by."""
    counted = len(shares)
    rows, papers, width = by_place.shape
    found = np.empty((rows, width), dtype=np.float32)
    best = np.empty((counted, _ROWS_IN_CACHE, width), dtype=np.float32)
    spare = np.empty((2, _ROWS_IN_CACHE, width), dtype=np.float32)
    for start in range(0, rows, _ROWS_IN_CACHE):
        part = by_place[start : start + _ROWS_IN_CACHE]
        kept = best[:, : len(part)]
        kept[:] = -np.inf
        kept[:missing] = 0.0
        for place in range(papers):
            left = part[:, place]
            for rank in range(counted - 1):
                smaller = spare[rank % 2, : len(part)]
                np.minimum(kept[rank], left, out=smaller)
                np.maximum(kept[rank], left, out=kept[rank])
                left = smaller
            np.maximum(kept[-1], left, out=kept[-1])
        total = found[start : start + len(part)]
        np.multiply(kept[0], shares[0], out=total)
        for share, values in zip(shares[1:], kept[1:], strict=True):
            total += share * values
    return found


def _describe(profiles: Profiles, config: MatchConfig) -> str:
    model = f" {profiles.encoder.model}" if profiles.encoder.model else ""
    how = {
        "top_k": f"mean of the best {config.top_k} papers with weights falling by {config.paper_decay:g}",
        "max": "best paper",
        "mean": "mean of all papers",
        "best_share": f"mean of the best {config.best_share:.0%} of the papers",
    }[config.aggregation]
    corrected = f", length correction {config.length_correction:g}" if config.length_correction else ""
    thin = f"thin profiles filled up to {config.thin_profile}"
    return f"{profiles.encoder.name}{model}, {how}, {thin}{corrected}{_options(config)}"


def _options(config: MatchConfig) -> str:
    """What else decided the vectors and weights, where it is not the default."""
    default = MatchConfig()
    said = {
        "recency_half_life": f"half-life {config.recency_half_life:g} years",
        "middle_author_weight": f"middle authors {config.middle_author_weight:g}",
        "source_weights": f"sources {config.source_weights}",
        "area_weight": f"stated areas {config.area_weight:g}",
        "keywords": "with keywords",
        "full_text_share": f"full texts {config.full_text_share:g}",
    }
    return "".join(f", {words}" for name, words in said.items() if getattr(config, name) != getattr(default, name))
