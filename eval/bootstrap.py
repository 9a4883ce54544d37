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

__all__ = ["Interval", "mean_difference", "mean_interval"]

LEVEL: Final = 0.95
"""Share of the draws that the interval holds."""

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
    """

    point: float
    low: float
    high: float
    draws: int
    clusters: int


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
    _refuse_bad(numbers, clusters, draws, level)
    sums, counts = _by_cluster(numbers, clusters)
    drawn = _drawn_means(sums, counts, draws, np.random.default_rng(rng))
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    point = float(sums.sum() / counts.sum())  # as in each draw, so that equal values give an interval of width 0
    if len(sums) == 1:
        low = high = point
    return Interval(point=point, low=float(low), high=float(high), draws=draws, clusters=len(sums))


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
    numbers: npt.NDArray[np.float64], clusters: Sequence[Hashable]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(C,) sums and (C,) counts, by first occurrence."""
    places: dict[Hashable, int] = {}
    labels = np.array([places.setdefault(cluster, len(places)) for cluster in clusters], dtype=np.int64)
    sums = np.zeros(len(places))
    np.add.at(sums, labels, numbers)
    return sums, np.bincount(labels, minlength=len(places)).astype(np.float64)


def _drawn_means(
    sums: npt.NDArray[np.float64], counts: npt.NDArray[np.float64], draws: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """(draws,) means; drawn in blocks whose size depends on the number of clusters only."""
    size = len(sums)
    block = max(1, _BLOCK_VALUES // size)
    means = []
    for start in range(0, draws, block):
        chosen = rng.integers(size, size=(min(block, draws - start), size))
        means.append(sums[chosen].sum(axis=1) / counts[chosen].sum(axis=1))
    return np.concatenate(means)
