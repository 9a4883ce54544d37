"""Seeded cluster bootstrap: how far a mean would move if other queries or reviewers had been drawn.

What is drawn is clusters (queries, reviewers), never single numbers of one cluster, because those depend on each
other. Two systems that are compared are always drawn together.

Source: Efron and Tibshirani, An introduction to the bootstrap, 1993, chapter 13 (percentile interval); Field and
Welsh, Bootstrapping clustered data, JRSS B 69(3), 2007.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.errors import InputError

__all__ = [
    "BETTER",
    "FEWEST_CLUSTERS",
    "UNDECIDED",
    "WORSE",
    "Interval",
    "detectable",
    "mean_difference",
    "mean_interval",
    "ratio_difference",
    "ratio_interval",
    "sign_flip_p",
    "verdict",
]

LEVEL: Final = 0.95
"""Share of the draws that the interval holds."""

BETTER: Final = "better"
WORSE: Final = "worse"
UNDECIDED: Final = "not told apart"

FEWEST_CLUSTERS: Final = 6
"""With five clusters that all say the same, chance alone gives as much in 2 of 32 cases: more than 5 %."""

_POWER_FACTOR: Final = 1.959964 + 0.841621
"""Normal quantiles of 0.975 and 0.8: a two-sided test at 5 % finds a difference of that many standard errors in four
of five studies."""

_BLOCK_VALUES: Final = 4_000_000
"""Drawn clusters held at once (32 MB)."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and how sure it is.

    Args:
        point: the mean as measured.
        low: lower end of the percentile interval.
        high: upper end.
        draws: how often the clusters were drawn.
        clusters: how many there are. With one, nothing can be drawn differently: low = point = high.
        error: standard error, the standard deviation of the drawn means; 0 with one cluster.
    """

    point: float
    low: float
    high: float
    draws: int
    clusters: int
    error: float = 0.0

    def ends(self) -> list[float]:
        """[low, high], as results list it."""
        return [self.low, self.high]


def mean_interval(
    values: npt.ArrayLike,
    clusters: Sequence[Hashable],
    *,
    rng: np.random.Generator | int,
    draws: int = 1000,
    level: float = LEVEL,
) -> Interval:
    """The mean of all values, with the percentile interval of a cluster bootstrap.

    Every draw takes as many clusters as there are, with replacement, each with all its values, and takes the mean of
    what it holds. Clusters are known in the order in which they first occur, so equal input gives equal output.

    Args:
        values: (N,) finite.
        clusters: (N,) which cluster each value belongs to.
        rng: a generator, or the seed of one; the same seed draws the same clusters.
        draws: from 1 up.
        level: share of the draws inside the interval, between 0 and 1.

    Raises:
        InputError: there is no value, one is not finite, or the lengths differ.

    >>> mean_interval([1.0, 1.0, 4.0], ["a", "a", "b"], rng=0).point
    2.0
    """
    numbers = np.asarray(values, dtype=np.float64)
    return ratio_interval(numbers, np.ones_like(numbers), clusters, rng=rng, draws=draws, level=level)


def ratio_interval(
    parts: npt.ArrayLike,
    wholes: npt.ArrayLike,
    clusters: Sequence[Hashable],
    *,
    rng: np.random.Generator | int,
    draws: int = 1000,
    level: float = LEVEL,
) -> Interval:
    """Sum of parts over sum of wholes, with the percentile interval of a cluster bootstrap.

    A weighted loss, or an accuracy over some of the pairs, is such a ratio. A draw in which all wholes are 0 has no
    ratio and is left out.

    Args:
        parts: (N,) finite.
        wholes: (N,) finite, from 0 up, not all 0.
        clusters: (N,) which cluster each place belongs to.
        rng: a generator, or the seed of one; the same seed draws the same clusters.
        draws: from 1 up.
        level: share of the draws inside the interval, between 0 and 1.

    Raises:
        InputError: there is no value, one is not finite, the lengths differ, or all wholes are 0.

    >>> ratio_interval([1.0, 0.0], [2.0, 2.0], ["a", "b"], rng=0).point
    0.25
    """
    upper, lower = np.asarray(parts, dtype=np.float64), np.asarray(wholes, dtype=np.float64)
    _refuse_bad(upper, clusters, draws, level)
    _refuse_bad(lower, clusters, draws, level)
    if lower.min() < 0 or lower.sum() <= 0:
        raise InputError("a ratio needs wholes from 0 up that are not all 0")
    above, below = _by_cluster(upper, lower, clusters)
    drawn = _drawn_ratios(above, below, draws, np.random.default_rng(rng))
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    error = float(drawn.std())
    point = float(above.sum() / below.sum())  # as in each draw, so that equal values give an interval of width 0
    if len(above) == 1:
        low, high, error = point, point, 0.0
    return Interval(point=point, low=float(low), high=float(high), draws=draws, clusters=len(above), error=error)


def mean_difference(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    clusters: Sequence[Hashable],
    *,
    rng: np.random.Generator | int,
    draws: int = 1000,
    level: float = LEVEL,
) -> Interval:
    """Mean of `first` minus mean of `second`, both measured on the same things and drawn together.

    Args:
        first: (N,) finite.
        second: (N,) finite, in the same order.
        clusters: (N,) which cluster each place belongs to.
        rng: a generator, or the seed of one.
        draws: from 1 up.
        level: share of the draws inside the interval, between 0 and 1.

    Returns:
        An interval that excludes 0 says that the two differ. Two equal systems give exactly [0, 0].

    Raises:
        InputError: there is no value, one is not finite, or the lengths differ.

    >>> mean_difference([0.5, 0.7], [0.5, 0.7], ["q1", "q2"], rng=0).high
    0.0
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape:
        raise InputError(f"a paired difference needs values of one shape; got {one.shape} and {other.shape}")
    return mean_interval(one - other, clusters, rng=rng, draws=draws, level=level)


def ratio_difference(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    wholes: npt.ArrayLike,
    clusters: Sequence[Hashable],
    *,
    rng: np.random.Generator | int,
    draws: int = 1000,
    level: float = LEVEL,
) -> Interval:
    """Ratio of `first` minus ratio of `second` over the same wholes, drawn together.

    Args:
        first: (N,) finite parts.
        second: (N,) finite parts, in the same order.
        wholes: (N,) from 0 up.
        clusters: (N,) which cluster each place belongs to.
        rng: a generator, or the seed of one.
        draws: from 1 up.
        level: share of the draws inside the interval, between 0 and 1.

    Raises:
        InputError: as for `ratio_interval`.

    >>> ratio_difference([1.0, 0.0], [0.0, 0.0], [2.0, 2.0], ["a", "b"], rng=0).point
    0.25
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape:
        raise InputError(f"a paired difference needs values of one shape; got {one.shape} and {other.shape}")
    return ratio_interval(one - other, wholes, clusters, rng=rng, draws=draws, level=level)


def verdict(difference: Interval, *, higher_is_better: bool) -> str:
    """What a paired difference allows to say: "better" or "worse" only where its interval excludes 0.

    With fewer than six clusters nothing is said: no pattern of signs would be rare enough.

    Args:
        difference: of a system minus another.
        higher_is_better: direction of the measure.

    >>> verdict(Interval(-0.1, -0.2, -0.01, 1000, 50), higher_is_better=False)
    'better'
    >>> verdict(Interval(-0.1, -0.2, 0.01, 1000, 50), higher_is_better=False)
    'not told apart'
    """
    if difference.clusters < FEWEST_CLUSTERS or difference.low <= 0 <= difference.high:
        return UNDECIDED
    return BETTER if (difference.low > 0) == higher_is_better else WORSE


def detectable(difference: Interval) -> float:
    """The true difference that data of this size would show in four of five studies (80 % power, 5 % two-sided).

    Formula: (1.96 + 0.84) x standard error of the paired difference. A smaller difference is likely to be missed.

    Source: Card et al., With little power comes great responsibility, EMNLP 2020.
    """
    return _POWER_FACTOR * difference.error


def sign_flip_p(
    differences: npt.ArrayLike, clusters: Sequence[Hashable], *, rng: np.random.Generator | int, draws: int = 1000
) -> float:
    """Two-sided p of a paired randomisation test: how often chance alone gives a mean as far from 0.

    If two systems are alike, the sign of a cluster's difference is a coin toss. Formula: (1 + draws with |sum| at
    least as large) / (1 + draws).

    Args:
        differences: (N,) finite, one system minus the other.
        clusters: (N,) which cluster each place belongs to; a cluster's sign is flipped as a whole.
        rng: a generator, or the seed of one.
        draws: from 1 up; the least p is 1 / (draws + 1).

    Source: Fisher, The design of experiments, 1935; Smucker, Allan and Carterette, CIKM 2007.

    >>> sign_flip_p([0.0, 0.0], ["a", "b"], rng=0)
    1.0
    """
    numbers = np.asarray(differences, dtype=np.float64)
    _refuse_bad(numbers, clusters, draws, LEVEL)
    sums, _ = _by_cluster(numbers, np.ones_like(numbers), clusters)
    generator = np.random.default_rng(rng)
    block = max(1, _BLOCK_VALUES // len(sums))
    reached = abs(sums.sum()) * (1 - 1e-12)  # equal sums in another order may differ in the last bits
    hits = 0
    for start in range(0, draws, block):
        signs = generator.integers(2, size=(min(block, draws - start), len(sums))) * 2 - 1
        hits += int((np.abs(signs @ sums) >= reached).sum())
    return (1 + hits) / (1 + draws)


def _refuse_bad(numbers: npt.NDArray[np.float64], clusters: Sequence[Hashable], draws: int, level: float) -> None:
    if numbers.shape != (len(clusters),) or not len(clusters):
        raise InputError(
            f"a bootstrap needs one cluster for each value, at least one; got values of shape {numbers.shape} and "
            f"{len(clusters)} clusters"
        )
    if not np.isfinite(numbers).all():
        raise InputError("a bootstrap needs finite values; decide first what a missing one counts")
    if draws < 1 or not 0 < level < 1:
        raise InputError(f"allowed are draws from 1 up and a level between 0 and 1; got {draws} and {level}")


def _by_cluster(
    parts: npt.NDArray[np.float64], wholes: npt.NDArray[np.float64], clusters: Sequence[Hashable]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(C,) sums of each, by first occurrence of a cluster."""
    places: dict[Hashable, int] = {}
    labels = np.array([places.setdefault(cluster, len(places)) for cluster in clusters], dtype=np.int64)
    above, below = np.zeros(len(places)), np.zeros(len(places))
    np.add.at(above, labels, parts)
    np.add.at(below, labels, wholes)
    return above, below


def _drawn_ratios(
    above: npt.NDArray[np.float64], below: npt.NDArray[np.float64], draws: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """At most (draws,) ratios; drawn in blocks whose size depends on the number of clusters only."""
    size = len(above)
    block = max(1, _BLOCK_VALUES // size)
    ratios = []
    for start in range(0, draws, block):
        chosen = rng.integers(size, size=(min(block, draws - start), size))
        wholes = below[chosen].sum(axis=1)
        parts = above[chosen].sum(axis=1)
        ratios.append(parts[wholes > 0] / wholes[wholes > 0])
    drawn = np.concatenate(ratios)
    return drawn if drawn.size else np.array([above.sum() / below.sum()])
