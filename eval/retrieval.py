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

from eval.bootstrap import mean_difference, mean_interval
from eval.datasets import RetrievalSet
from eval.metrics import find_metric
from matcher.config import MatchConfig
from matcher.encoders import ENCODERS, TextEncoder
from matcher.errors import InputError, UnknownNameError
from matcher.profiles import build_profiles
from matcher.records import EncoderInfo, Progress, ScoreMatrix, SubmissionId
from matcher.scores import score

__all__ = [
    "DEFAULT",
    "MEASURES",
    "Measured",
    "compare",
    "config_of",
    "configs_of",
    "evaluate",
    "measure_rankings",
    "summarise",
]

DEFAULT: Final = "default"
"""Stands for whatever encoder the product uses when nobody says otherwise."""

MEASURES: Final = ("mrr", "hit_at_10", "recall_at_50")
"""Best-ranked relevant reviewer (MRR, hit), and all of them (recall)."""


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
    data: RetrievalSet, config: MatchConfig, encoder: TextEncoder, *, name: str, progress: Progress | None = None
) -> Measured:
    """Rank all reviewers of a set for each query with the product's own stages.

    Args:
        data: the set.
        config: how vectors become scores.
        encoder: makes the vectors.
        name: under which the result is listed.
        progress: called by the stages.
    """
    profiles = build_profiles(data.venue, encoder, progress=progress)
    scores = score(profiles, config, progress=progress)
    return Measured(
        encoder=name,
        set_name=data.name,
        queries=scores.submissions.ids,
        values=measure_rankings(scores, data.relevant),
        info=profiles.encoder,
    )


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


def compare(first: Measured, second: Measured, *, rng: np.random.Generator | int, draws: int = 1000) -> dict[str, Any]:
    """How much better `second` is than `first` on the same queries, drawn together.

    Returns:
        `to` (the first encoder) and by measure [difference, low, high]; the two differ where low and high have one
        sign.

    Raises:
        InputError: the two were not measured on the same queries.
    """
    if first.queries != second.queries:
        raise InputError("only measurements on the same queries can be compared")
    differences = {
        name: mean_difference(second.values[name], first.values[name], first.queries, rng=rng, draws=draws)
        for name in first.values
    }
    return {"to": first.encoder, **{name: [found.point, found.low, found.high] for name, found in differences.items()}}
