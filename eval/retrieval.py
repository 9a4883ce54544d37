"""Do the true authors of a paper come high when all reviewers are ranked for it?

The product itself ranks: its profiles and its published scores, under its own configuration. Who is relevant is known
from bylines that the ranking never sees. Other experts who rank above the authors count as errors, so 1 is out of
reach: the numbers compare systems, they do not grade one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from eval.bootstrap import detectable, mean_difference, mean_interval, sign_flip_p, verdict
from eval.datasets import RetrievalSet
from eval.metrics import find_metric
from eval.subsets import Shortened, score_shortened
from matcher.config import MatchConfig
from matcher.encoders import ENCODERS, TextEncoder
from matcher.errors import InputError, UnknownNameError
from matcher.profiles import build_profiles
from matcher.records import EncoderInfo, Index, PaperId, PersonId, Profiles, Progress, ScoreMatrix, SubmissionId
from matcher.scores import score

__all__ = [
    "ALL",
    "DEFAULT",
    "MEASURES",
    "WITHOUT_SHARED",
    "Measured",
    "Parted",
    "compare",
    "config_of",
    "configs_of",
    "evaluate",
    "measure_rankings",
    "nested",
    "part_authors",
    "per_query_rows",
    "summarise",
]

DEFAULT: Final = "default"
"""Stands for whatever encoder the product uses when nobody says otherwise."""

MEASURES: Final = ("mrr", "hit_at_10", "recall_at_50")
"""Best-ranked relevant reviewer (MRR, hit), and all of them (recall)."""


ALL: Final = "all"
WITHOUT_SHARED: Final = "without_shared"
"""The two ways to measure: whole profiles, and profiles without what another author of the query wrote."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The values of one encoder on one set.

    Args:
        encoder: the name under which it was asked for.
        set_name: the set.
        queries: sorted.
        values: (Q,) for every measure, in the order of the queries.
        info: what made the vectors.
    """

    encoder: str
    set_name: str
    queries: tuple[SubmissionId, ...]
    values: Mapping[str, npt.NDArray[np.float64]]
    info: EncoderInfo


def config_of(encoder: str) -> MatchConfig:
    """The product's default configuration with the named encoder; `default` leaves its own.

    Args:
        encoder: `default`, a name, or a file of choices that ends in `.toml`.

    Raises:
        UnknownNameError: no encoder has that name.
        ConfigError: the file holds something that is not allowed.
    """
    if encoder == DEFAULT:
        return MatchConfig()
    if encoder.endswith(".toml"):
        return MatchConfig.from_toml(encoder)
    if encoder not in ENCODERS:
        raise UnknownNameError("encoder", encoder, (DEFAULT, *ENCODERS))
    return MatchConfig(encoder=encoder)


def configs_of(encoders: str) -> dict[str, MatchConfig]:
    """Configurations by the names under which results list them.

    Args:
        encoders: what `config_of` takes, with commas between; a file goes by its name without the ending.

    Raises:
        UnknownNameError: no encoder has a name.
        InputError: two have one name.
    """
    asked = [part for part in dict.fromkeys(part.strip() for part in encoders.split(",")) if part]
    configs = {Path(part).stem if part.endswith(".toml") else part: config_of(part) for part in asked}
    if len(configs) < len(asked):
        raise InputError(f"two of {', '.join(asked)} go by one name; rename a file")
    return configs


def evaluate(
    data: RetrievalSet,
    config: MatchConfig,
    encoder: TextEncoder,
    *,
    name: str,
    parted: Parted | None = None,
    progress: Progress | None = None,
) -> dict[str, Measured]:
    """Rank all reviewers of a set for each query with the product's own stages.

    Args:
        data: the set.
        config: how vectors become scores.
        encoder: makes the vectors.
        name: under which the result is listed.
        parted: the set from `part_authors`, to measure without shared publications too.
        progress: called by the stages.

    Returns:
        `ALL` and, where asked for, `WITHOUT_SHARED`.
    """
    profiles = build_profiles(data.venue, encoder, config, progress=progress)
    scores = score(profiles, config, progress=progress)
    values = measure_rankings(scores, data.relevant)
    found = {ALL: Measured(name, data.name, scores.submissions.ids, values, profiles.encoder)}
    if parted is not None:
        found[WITHOUT_SHARED] = _measure_parted(parted, profiles, scores, config, name=name, set_name=data.name)
    return found


def measure_rankings(
    scores: ScoreMatrix, relevant: Mapping[SubmissionId, Sequence[str]]
) -> dict[str, npt.NDArray[np.float64]]:
    """Measure the ranking of every submission by its published scores.

    Reviewers who are not scored come last. Reviewers with equal scores all get the mean of the ranks that they hold
    together: a relevant reviewer in a tie of n at the top has rank (n + 1) / 2, wherever a sort would have put them. So
    the order of ties never helps, and a system that gives everybody the same score is worth nothing.

    Args:
        scores: (S, R).
        relevant: ids of the relevant reviewers of every submission.

    Returns:
        (S,) values by the names in `MEASURES`.
    """
    values = {name: np.zeros(len(scores.submissions)) for name in MEASURES}
    metrics = {name: find_metric(name) for name in MEASURES}
    for row, submission in enumerate(scores.submissions):
        mask = np.zeros(len(scores.reviewers), dtype=np.bool_)
        mask[[scores.reviewers.position(reviewer) for reviewer in relevant[submission]]] = True
        for name, metric in metrics.items():
            values[name][row] = metric(scores.values[row], mask)
    return values


def summarise(measured: Measured, *, rng: np.random.Generator | int, draws: int = 1000) -> dict[str, Any]:
    """Means over the queries, with intervals from drawing queries.

    Returns:
        `encoder`, `set`, `queries`, each measure, and `interval`: [low, high] by measure.
    """
    intervals = {
        name: mean_interval(values, measured.queries, rng=rng, draws=draws) for name, values in measured.values.items()
    }
    return {
        "encoder": measured.encoder,
        "set": measured.set_name,
        "queries": len(measured.queries),
        **{name: interval.point for name, interval in intervals.items()},
        "interval": {name: [interval.low, interval.high] for name, interval in intervals.items()},
    }


def nested(summary: Mapping[str, Any]) -> dict[str, Any]:
    """A second way of measuring as part of the row of the first: without what both say."""
    return {name: value for name, value in summary.items() if name not in ("encoder", "set")}


def per_query_rows(measured: Measured, variant: str) -> list[dict[str, Any]]:
    """One row for each query: `set`, `encoder`, `query`, `variant` where it is not the usual one, and the measures."""
    extra = {} if variant == ALL else {"variant": variant}
    return [
        {"set": measured.set_name, "encoder": measured.encoder, "query": query, **extra}
        | {measure: float(values[place]) for measure, values in measured.values.items()}
        for place, query in enumerate(measured.queries)
    ]


def compare(first: Measured, second: Measured, *, rng: np.random.Generator | int, draws: int = 1000) -> dict[str, Any]:
    """How much better `second` is than `first` on the same queries, drawn together.

    Returns:
        `to` (the first encoder); by measure [difference, low, high]; and by measure `verdict` ("better" or "worse"
        where the interval excludes 0, else "not told apart"), `detectable` (the difference that as many queries would
        show in four of five studies) and `p` of a randomisation test that flips the sign of queries.

    Raises:
        InputError: the two were not measured on the same queries.
    """
    if first.queries != second.queries:
        raise InputError("only measurements on the same queries can be compared")
    row: dict[str, Any] = {"to": first.encoder}
    said: dict[str, dict[str, Any]] = {"verdict": {}, "detectable": {}, "p": {}}
    for name in first.values:
        one, two = second.values[name], first.values[name]
        found = mean_difference(one, two, first.queries, rng=rng, draws=draws)
        row[name] = [found.point, *found.ends()]
        said["verdict"][name] = verdict(found, higher_is_better=True)
        said["detectable"][name] = detectable(found)
        said["p"][name] = sign_flip_p(one - two, first.queries, rng=rng, draws=draws)
    return row | said


# --- without what authors wrote together ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parted:
    """A retrieval set in which no profile holds, for a query, what another author of that query wrote.

    An earlier paper of the same authors is close to the query whatever it is about, and gives the team away. For a
    query and a reviewer, every publication is taken out that another author of the query has in their profile: of an
    author what they wrote with the other authors, of anybody else what they wrote with any author.

    Args:
        relevant: authors whose profile still holds a paper; queries without one are left out.
        shortened: for every query what is left of each profile concerned; it may be nothing.
        emptied: relevant reviewers of whom nothing is left, over all queries.
        owned: all papers of each reviewer.
    """

    relevant: Mapping[SubmissionId, tuple[PersonId, ...]]
    shortened: Mapping[SubmissionId, Mapping[PersonId, frozenset[PaperId]]]
    emptied: int
    owned: Mapping[PersonId, frozenset[PaperId]]


def part_authors(data: RetrievalSet) -> Parted:
    """Take out of every profile, for every query, the publications that another author of the query has too."""
    owned = {reviewer.person_id: frozenset(reviewer.paper_ids) for reviewer in data.venue.reviewers}
    owners: dict[PaperId, set[PersonId]] = {}
    for who, papers in owned.items():
        for paper in papers:
            owners.setdefault(paper, set()).add(who)
    relevant, shortened, emptied = {}, {}, 0
    for query, authors in data.relevant.items():
        found: dict[PersonId, frozenset[PaperId]] = {}
        for who in sorted({who for author in authors for paper in owned[author] for who in owners[paper]}):
            others = frozenset[PaperId]().union(*(owned[author] for author in authors if author != who))
            kept = owned[who] - others
            if len(kept) < len(owned[who]):
                found[who] = kept
        left = tuple(who for who in authors if found.get(who, owned[who]))
        emptied += len(authors) - len(left)
        if left:
            relevant[query], shortened[query] = left, found
    return Parted(relevant, shortened, emptied, owned)


def _left_of(
    profiles: Profiles, who: PersonId, kept: frozenset[PaperId], owned: frozenset[PaperId]
) -> frozenset[PaperId]:
    """What a profile keeps: all that it holds but the papers taken out.

    A weight of 0 may have left papers out before, and stated areas are no paper.
    """
    column = profiles.reviewers.position(who)
    rows = profiles.rows[profiles.spans[column] : profiles.spans[column + 1]]
    return frozenset(profiles.papers.ids[int(row)] for row in rows) - (owned - kept)


def _measure_parted(
    parted: Parted, profiles: Profiles, scores: ScoreMatrix, config: MatchConfig, *, name: str, set_name: str
) -> Measured:
    """Rank the reviewers for each query by what is left of their profiles."""
    queries = tuple(query for query in scores.submissions if query in parted.relevant)
    wanted = [
        Shortened(query, who, _left_of(profiles, who, parted.shortened[query][who], parted.owned[who]))
        for query in queries
        for who in parted.shortened[query]
    ]
    published, _ = score_shortened(profiles, config, wanted)
    left = scores.values.copy()
    for one, value in zip(wanted, published, strict=True):
        left[scores.submissions.position(one.submission), scores.reviewers.position(one.reviewer)] = value
    kept_rows = [scores.submissions.position(query) for query in queries]
    shortened = ScoreMatrix(
        submissions=Index[SubmissionId](queries),
        reviewers=scores.reviewers,
        values=left[kept_rows],
        raw=left[kept_rows],
        method=scores.method,
    )
    values = measure_rankings(shortened, parted.relevant)
    return Measured(encoder=name, set_name=set_name, queries=queries, values=values, info=profiles.encoder)
