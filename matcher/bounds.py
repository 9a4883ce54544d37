"""Upper bounds from dual prices alone: what no assignment can exceed, without a solver.

By weak duality every set of prices bounds every assignment, however the prices were found; the bound is tight when
they are optimal. Scores are read in blocks of rows, so that a matrix is never needed as a whole.

Source: M. Fisher, The Lagrangian relaxation method for solving integer programming problems, 1981; for max-min and
the mean of the worst part, LP duality moves the minimum over submissions into weights that sum to 1 (R. T.
Rockafellar, S. Uryasev, Optimization of conditional value-at-risk, 2000).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from matcher.charges import Charges
from matcher.records import Bools, Certificate, Doubles, Floats, Goal, Ints, Limits, PairStatus

__all__ = ["Ground", "MatrixBlocks", "Missing", "bound_of_goal", "mean_scores", "upper_bound", "value_of_goal"]

_BLOCK_VALUES: Final = 2_000_000
"""Values looked at together: what a processor's cache holds is fastest."""

_SINGLE: Final = 1e-6
"""Relative rounding of single precision, with room for a sum of three numbers."""


class Blocks(Protocol):
    """Where scores are read from: a matrix with its limits, or a problem whose scores are products of vectors."""

    @property
    def shape(self) -> tuple[int, int]:
        """S and R."""
        ...

    @property
    def block_rows(self) -> int:
        """Rows that are best read together."""
        ...

    def block(self, rows: slice) -> Floats:
        """Scores of some rows, minus infinity where a pair may not be assigned."""
        ...


@dataclass(frozen=True, slots=True)
class MatrixBlocks:
    """A matrix of scores and what may be assigned of it."""

    values: Floats
    limits: Limits

    @property
    def shape(self) -> tuple[int, int]:
        """S and R."""
        return self.limits.status.shape[0], self.limits.status.shape[1]

    @property
    def block_rows(self) -> int:
        """Rows that are best read together."""
        return max(1, _BLOCK_VALUES // max(1, self.shape[1]))

    def block(self, rows: slice) -> Floats:
        """Scores of some rows, minus infinity where a pair may not be assigned."""
        return np.where(self.limits.status[rows] == PairStatus.ELIGIBLE, self.values[rows], np.float32(-np.inf))


@dataclass(frozen=True, slots=True)
class Missing:
    """What an assignment leaves out; a bound holds for all that leave out as much.

    Args:
        unfilled: reviews that nobody gives; may be a fraction for randomised policies.
        last_resorts: reviews by unscored reviewers.
        underload: submissions missing from minimum loads.
    """

    unfilled: float = 0
    last_resorts: float = 0
    underload: float = 0


@dataclass(frozen=True, slots=True)
class Ground:
    """The whole problem as a bound sees it.

    Args:
        blocks: scores.
        spare: (S, R) True where an unscored reviewer may step in, at most one per submission; `None` for none.
        wanted: (S,) reviews to be assigned, without required ones.
        high: (R,) most submissions of each reviewer, without required ones.
        low: (R,) fewest.
        chosen: rows and columns of the assigned (or possible) pairs. They only make the bound faster to compute.
        limit: no pair's probability exceeds it.
        charges: what the prices of rules add to those of loads; `None` for nothing.
        allowed: what these rules allow, at their prices; see `charges.allowance`.
    """

    blocks: Blocks
    spare: Bools | None
    wanted: Ints
    high: Ints
    low: Ints
    chosen: tuple[Ints, Ints]
    limit: float = 1.0
    charges: Charges | None = None
    allowed: float = 0.0


def upper_bound(ground: Ground, certificate: Certificate, missing: Missing, weights: Doubles | None = None) -> float:
    """Upper bound on the weighted total of any assignment that leaves as much open.

    Every reviewer's load is given a price; each submission then takes its best reviewers at score minus price, and the
    loads are sold back at that price.

    Args:
        ground: the problem.
        certificate: the prices; any prices give a bound.
        missing: what the assignment leaves out.
        weights: (S,) factors on the scores of each submission, from 0 up; `None` is 1 for all.

    Returns:
        The bound, in units of the weighted total.
    """
    bound = _of_loads(ground, certificate)
    by_row = _starts_of_rows(ground)
    for start in range(0, ground.blocks.shape[0], ground.blocks.block_rows):
        rows = slice(start, min(ground.blocks.shape[0], start + ground.blocks.block_rows))
        bound += _best_of_rows(ground, certificate, rows, by_row, weights)
    # The prices of what is missing were part of the bound; the total itself does not pay them.
    return bound + (
        missing.unfilled * certificate.unfilled
        + missing.last_resorts * certificate.last_resort
        + missing.underload * certificate.underload
    )


def _of_loads(ground: Ground, certificate: Certificate) -> float:
    price = certificate.reviewer_prices
    short = np.maximum(np.minimum(price, 0), -certificate.underload)
    return float(ground.high @ np.maximum(price, 0) + ground.low @ short) + ground.allowed


def _starts_of_rows(ground: Ground) -> tuple[Ints, Ints]:
    """Columns of the chosen pairs by row, and where each row starts among them."""
    rows, columns = ground.chosen
    order = np.argsort(rows, kind="stable")
    starts = np.zeros(ground.blocks.shape[0] + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=ground.blocks.shape[0]), out=starts[1:])
    return columns[order], starts


def _best_of_rows(
    ground: Ground, certificate: Certificate, rows: slice, by_row: tuple[Ints, Ints], weights: Doubles | None
) -> float:
    """Sum over submissions of the best choices at score minus price; a missing review is always a choice."""
    wanted = ground.wanted[rows].astype(np.float64)
    if not wanted.any():
        return 0.0
    block = ground.blocks.block(rows)
    prices = certificate.reviewer_prices
    factors = None if weights is None else weights[rows]
    thresholds = _thresholds(ground, block, factors, prices, rows, by_row)
    at, net = _candidates(block, factors, prices, thresholds, ground.charges, rows)
    spare = np.zeros((0, 2), dtype=np.int64) if ground.spare is None else np.argwhere(ground.spare[rows])
    capacity = np.full(len(at), ground.limit)
    if len(spare):
        # At most one review of a submission comes from a last resort: the cheapest ones, up to 1 in all.
        cost = -prices[spare[:, 1]] - certificate.last_resort
        limits = _filled(spare[:, 0], cost, np.full(len(spare), ground.limit), np.ones(len(block)))
        at = np.concatenate([at, spare[:, 0]])
        net, capacity = np.concatenate([net, cost]), np.concatenate([capacity, limits])
    useful = net > -certificate.unfilled
    at, net, capacity = at[useful], net[useful], capacity[useful]
    taken = _filled(at, net, capacity, wanted)
    return float(taken @ net) - certificate.unfilled * float(wanted.sum() - taken.sum())


def _thresholds(
    ground: Ground, block: Floats, factors: Doubles | None, prices: Doubles, rows: slice, by_row: tuple[Ints, Ints]
) -> Doubles:
    """(S,) what the worst chosen pair of a row is worth: the best ones are not below it. Minus infinity if too few."""
    columns, starts = by_row
    first, last = starts[rows.start], starts[rows.stop]
    counts = np.diff(starts[rows.start : rows.stop + 1])
    at = np.repeat(np.arange(len(block)), counts)
    chosen = columns[first:last]
    scores = block[at, chosen].astype(np.float64)
    usable = scores > -np.inf
    at, chosen, scores = at[usable], chosen[usable], scores[usable]
    worst = np.full(len(block), np.inf)
    net = (scores if factors is None else scores * factors[at]) - prices[chosen]
    if ground.charges is not None:
        net -= ground.charges.at(at + rows.start, chosen)
    np.minimum.at(worst, at, net)
    enough = np.bincount(at, minlength=len(block)) * ground.limit >= ground.wanted[rows] - 1e-9
    worst[~enough] = -np.inf
    return worst


def _candidates(
    block: Floats,
    factors: Doubles | None,
    prices: Doubles,
    thresholds: Doubles,
    charges: Charges | None,
    rows: slice,
) -> tuple[Ints, Doubles]:
    """Rows of the pairs that may be among the best, and what each is worth: score times factor minus price."""
    finite = thresholds[np.isfinite(thresholds)]
    size = max(float(np.abs(prices).max(initial=0)), float(np.abs(finite).max(initial=0)), 1e-30)
    size = max(size, 0.0 if charges is None else charges.largest)
    # Single precision looks for candidates as long as its rounding lets few others pass.
    kind = np.float32 if _SINGLE * size < 1e-4 else np.float64
    with np.errstate(invalid="ignore"):  # 0 times minus infinity is no candidate
        wide = block.astype(kind, copy=False)
        net = (wide if factors is None else wide * factors[:, None].astype(kind)) - prices.astype(kind)
        if charges is not None:
            charges.take_from(net, rows)
        places = np.flatnonzero(net >= (thresholds[:, None] - _SINGLE * size).astype(kind))
    scores = block.ravel()[places].astype(np.float64)
    places, scores = places[scores > -np.inf], scores[scores > -np.inf]
    at, columns = np.divmod(places, block.shape[1])
    exact = (scores if factors is None else scores * factors[at]) - prices[columns]
    return at, exact if charges is None else exact - charges.at(at + rows.start, columns)


def _filled(at: Ints, worth: Doubles, capacity: Doubles, wanted: Doubles) -> Doubles:
    """How much of each choice a row takes when it fills what it wants with the best first."""
    order = np.lexsort((-worth, at))
    room = capacity[order]
    before = np.cumsum(room) - room
    rows = at[order]
    starts = np.searchsorted(rows, np.arange(len(wanted)))
    base = np.append(before, room.sum())[starts]
    taken = np.empty(len(order))
    taken[order] = np.clip(wanted[rows] - (before - base[rows]), 0, room)
    return taken


# --- other objectives than the total ----------------------------------------------------------------------------------


def mean_scores(rows: Ints, scores: Doubles, reviews: Ints) -> Doubles:
    """(S,) sum of the scores of a submission's reviews over the reviews it wants; a missing review counts 0.

    Args:
        rows: (N,) submissions of the reviews.
        scores: (N,) their scores; unscored ones as 0.
        reviews: (S,) reviews that each submission wants.
    """
    sums = np.bincount(rows, weights=scores, minlength=len(reviews))
    means: Doubles = np.divide(sums, reviews, out=np.zeros(len(reviews)), where=reviews > 0)
    return means


def value_of_goal(objective: str, means: Doubles, counted: Bools, tail: float | None) -> float:
    """What max-min, leximin and cvar measure: the least mean score, or the mean of the worst share of them.

    Args:
        objective: max-min, leximin or cvar.
        means: (S,) mean score per review of each submission.
        counted: (S,) submissions that count.
        tail: share of the counted submissions for cvar; a part of one counts in part.
    """
    ordered = np.sort(means[counted])
    if not len(ordered):
        return 0.0
    if objective != "cvar":
        return float(ordered[0])
    assert tail is not None
    size = tail * len(ordered)
    parts = np.clip(size - np.arange(len(ordered)), 0, 1)
    return float(parts @ ordered / size)


def bound_of_goal(ground: Ground, goal: Goal, missing: Missing, given: Doubles, reviews: Ints) -> float:
    """Upper bound on a goal's value, for any assignment (or policy) that leaves as much open.

    Args:
        ground: the problem.
        goal: its prices and shares.
        missing: what the assignment leaves out.
        given: (S,) sums of the scores of required pairs.
        reviews: (S,) reviews that each submission wants, with required ones.

    Raises:
        ValueError: the shares are none that prove this objective.
    """
    if goal.objective == "randomised":
        return upper_bound(ground, goal.certificate, missing) + float(given.sum())
    if goal.shares is None:
        raise ValueError(f"{goal.objective} is proven by shares, there are none")
    if goal.objective == "perturbed":
        return _perturbed_bound(ground, goal, missing) + float(given.sum())
    shares = goal.shares
    if shares.min(initial=0) < 0 or abs(shares.sum() - 1) > 1e-9 or shares[~goal.counted].any():
        raise ValueError("the shares are not from 0 up, do not sum to 1, or weigh submissions that do not count")
    if goal.objective == "cvar":
        most = 1 / ((goal.tail or 1.0) * goal.counted.sum())
        if shares.max() > most * (1 + 1e-9):
            raise ValueError(f"a share of {shares.max()} is above {most}")
    weights = np.divide(shares, reviews, out=np.zeros(len(shares)), where=reviews > 0)
    return upper_bound(ground, goal.certificate, missing, weights) + float(weights @ given)


def _perturbed_bound(ground: Ground, goal: Goal, missing: Missing) -> float:
    """For given prices of both sides each pair alone chooses the probability that pays most."""
    assert goal.shares is not None
    strength = goal.perturbation or 0.0
    prices = goal.certificate.reviewer_prices
    own = np.maximum(goal.shares, -goal.certificate.unfilled)
    bound = _of_loads(ground, goal.certificate) + float(ground.wanted @ own)
    for start in range(0, ground.blocks.shape[0], ground.blocks.block_rows):
        rows = slice(start, min(ground.blocks.shape[0], start + ground.blocks.block_rows))
        block = ground.blocks.block(rows)
        slack = _SINGLE * max(1.0, float(np.abs(prices).max(initial=0)), float(np.abs(own[rows]).max(initial=0)))
        slack = max(slack, 0.0 if ground.charges is None else _SINGLE * ground.charges.largest)
        net = block - prices.astype(np.float32)
        if ground.charges is not None:
            ground.charges.take_from(net, rows)
        up, across = np.nonzero(net > (own[rows, None] - slack).astype(np.float32))
        scores = block[up, across].astype(np.float64)
        usable = scores > -np.inf
        up, across, scores = up[usable], across[usable], scores[usable]
        paid = prices[across] + own[rows][up]
        if ground.charges is not None:
            paid += ground.charges.at(up + rows.start, across)
        bound += float(np.sum(_best_gain(scores, paid, strength, ground.limit)))
        if ground.spare is not None:
            spare_up, spare_across = np.nonzero(ground.spare[rows])
            gain = -prices[spare_across] - own[rows][spare_up] - goal.certificate.last_resort
            bound += float(np.maximum(gain, 0).sum())
    return bound + (
        missing.unfilled * goal.certificate.unfilled
        + missing.last_resorts * goal.certificate.last_resort
        + missing.underload * goal.certificate.underload
    )


def _best_gain(scores: Doubles, paid: Doubles, strength: float, limit: float) -> Doubles:
    """Most of score x (x − strength x²) − paid x over 0 ≤ x ≤ limit."""
    curved = (scores > 0) & (strength > 0)
    x = np.where(scores > paid, limit, 0.0)
    x[curved] = np.clip((scores[curved] - paid[curved]) / (2 * strength * scores[curved]), 0, limit)
    gain: Doubles = scores * (x - strength * x * x) - paid * x
    return np.maximum(gain, 0)
