"""Curves through noisy outcomes under an assumption on their shape: never falling, or never steeper than a given slope.

Both are least-squares fits, so what they estimate is a mean. Between and beyond the points the assumption alone says
how low and how high the curve can lie.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["Curve", "fit_rising", "fit_slope"]

Doubles = npt.NDArray[np.float64]

_DIGITS: Final = 3
"""Scores are looked at to as many digits, so that no curve has more than 1,001 points."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A fit and what its assumption allows elsewhere.

    Args:
        at: (N,) points, rising.
        values: (N,) the fit there.
        slope: the steepest that the curve can be; infinite where it only never falls.
    """

    at: Doubles
    values: Doubles
    slope: float

    def between(self, points: Doubles, least: float, most: float) -> tuple[Doubles, Doubles]:
        """How low and how high the curve can lie at some points.

        Args:
            points: (M,); NaN for a point that is not known.
            least: the smallest outcome there is.
            most: the largest.

        Returns:
            (M,) and (M,), within `least` and `most`, which are all that is known at a NaN.
        """
        low, high = np.full(len(points), float(least)), np.full(len(points), float(most))
        known = ~np.isnan(points)
        some = points[known]
        below = np.searchsorted(self.at, some, side="right") - 1
        above = np.searchsorted(self.at, some, side="left")
        has_below, has_above = below >= 0, above < len(self.at)
        below, above = np.maximum(below, 0), np.minimum(above, len(self.at) - 1)
        if np.isinf(self.slope):
            low[known] = np.where(has_below, self.values[below], least)
            high[known] = np.where(has_above, self.values[above], most)
        else:
            left, right = self.slope * (some - self.at[below]), self.slope * (self.at[above] - some)
            low[known] = np.maximum(
                np.where(has_below, self.values[below] - left, least),
                np.where(has_above, self.values[above] - right, least),
            )
            high[known] = np.minimum(
                np.where(has_below, self.values[below] + left, most),
                np.where(has_above, self.values[above] + right, most),
            )
        return np.clip(low, least, most), np.clip(high, least, most)


def fit_rising(at: Doubles, outcomes: Doubles) -> Curve:
    """The curve that never falls and is nearest to the outcomes.

    Args:
        at: (N,) scores, N at least 1.
        outcomes: (N,).

    Source: R. Barlow et al., Statistical inference under order restrictions, 1972 (isotonic regression).
    """
    from scipy.optimize import isotonic_regression

    points, means, weights = _grouped(at, outcomes)
    return Curve(points, np.asarray(isotonic_regression(means, weights=weights).x, dtype=np.float64), np.inf)


def fit_slope(at: Doubles, outcomes: Doubles, slope: float) -> Curve:
    """The curve that is nowhere steeper than a slope and is nearest to the outcomes.

    One pass from left to right keeps, as a function of where the curve stands, half the derivative of the least squared
    distance so far: piecewise linear and rising, hence known by its bends. A step to the next point lets everything
    left of the root move down by what the slope allows, everything right of it up. A pass back picks the values.

    Args:
        at: (N,) scores, N at least 1.
        outcomes: (N,).
        slope: at least 0.

    Source: P. Agarwal, J. Phillips, B. Sadri, Lipschitz unimodal and isotonic regression on paths and trees, 2010.
    """
    points, means, weights = _grouped(at, outcomes)
    steps = slope * np.diff(points)
    roots = np.empty(len(points))
    derivative = _Derivative()
    for place, (mean, weight) in enumerate(zip(means.tolist(), weights.tolist(), strict=True)):
        if place:
            derivative.spread(float(roots[place - 1]), float(steps[place - 1]))
        derivative.add(mean, weight)
        roots[place] = derivative.root()
    values = roots.copy()
    for place in range(len(points) - 2, -1, -1):
        values[place] = np.clip(roots[place], values[place + 1] - steps[place], values[place + 1] + steps[place])
    return Curve(points, values, slope)


def _grouped(at: Doubles, outcomes: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Different points, the mean outcome at each, and how many there are."""
    points, groups = np.unique(np.round(at, _DIGITS), return_inverse=True)
    counts = np.bincount(groups).astype(np.float64)
    return points, np.bincount(groups, weights=outcomes) / counts, counts


def _nothing() -> Doubles:
    return np.empty(0)


@dataclass(slots=True)
class _Derivative:
    """A rising function of straight pieces.

    Args:
        bends: where it bends, rising.
        values: there.
        slope: before the first and after the last bend, where it goes on straight.
    """

    bends: Doubles = field(default_factory=_nothing)
    values: Doubles = field(default_factory=_nothing)
    slope: float = 0.0

    def add(self, mean: float, weight: float) -> None:
        """Add the derivative of weight × (x − mean)² / 2."""
        if not len(self.bends):
            self.bends, self.values = np.array([mean]), np.zeros(1)
        else:
            self.values = self.values + weight * (self.bends - mean)
        self.slope += weight

    def root(self) -> float:
        """Where it is 0."""
        place = int(np.searchsorted(self.values, 0.0))
        if place in (0, len(self.bends)):
            end = min(place, len(self.bends) - 1)
            return float(self.bends[end] - self.values[end] / self.slope)
        (low, high), (under, over) = self.bends[place - 1 : place + 1], self.values[place - 1 : place + 1]
        return float(low - under * (high - low) / (over - under))

    def spread(self, root: float, step: float) -> None:
        """Move what lies left of the root down by a step and what lies right of it up; 0 in between."""
        place = int(np.searchsorted(self.values, 0.0))
        self.bends = np.concatenate([self.bends[:place] - step, [root - step, root + step], self.bends[place:] + step])
        self.values = np.concatenate([self.values[:place], [0.0, 0.0], self.values[place:]])
