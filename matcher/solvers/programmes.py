"""Linear and integer programmes by HiGHS, for what a flow cannot say.

That is limits of single pairs, counts of bad matches, and how many members of a group a submission has. They take every
eligible pair of a problem of moderate size, and the best pairs of every submission and reviewer of a larger one (all of
them again where these are not enough). Nothing here is proven over pairs that were left out. A search for whole reviews
ends after so many nodes of its tree, never after some time, so that the same input gives the same bytes on every
machine; how far it may still be from the best over its own pairs is part of the answer.

Source: Y. Xu et al., A one-size-fits-all approach to improving randomness in paper assignment, EMNLP Findings 2023 (the
perturbed objective, and the limit on bad matches); A. Kobren, B. Saha, A. McCallum, Paper matching with local fairness
constraints, KDD 2019 (a least score for every submission beside attribute constraints).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp

from matcher.errors import MatcherError
from matcher.records import Bools, Doubles, Ints
from matcher.solvers import Problem

__all__ = ["UNIT", "Chosen", "Counts", "solve_counted", "solve_limited", "solve_weighted"]

UNIT: Final = 1 << 14
"""Units that are certain: fine enough for a limit of four digits, coarse enough for the tolerance of HiGHS."""

_ALL_AT_ONCE: Final = 120_000
_BEST_OF_EACH: Final = 60
_AT_LIMIT: Final = 1
"""What `milp` says of a search that a limit ended."""

_PIECES: Final = 16
_REFINED: Final = 3
"""Times that the curve is cut into shorter pieces around the answer before."""

_SLACK: Final = 1e-7
_STATED: Final = 1e-4
"""Gaps up to this are those at which a search stops by itself."""

_NODES: Final = 1000
"""After so many nodes of its tree an integer programme gives the best answer that it has."""

_FAIR_GAP: Final = 1e-4
"""The search for the highest floor stops this close, relatively, to what its own programme allows."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many reviewers of a group each submission may have.

    Args:
        members: (R,) who is in the group.
        at_least: (S,) fewest.
        at_most: (S,) most.
    """

    members: Bools
    at_least: Ints
    at_most: Ints


class Chosen(NamedTuple):
    """Pairs that an integer programme chose.

    Args:
        rows: (N,) submissions.
        columns: (N,) their reviewers.
        gap: how far from the best over the programme's own pairs this may be, relatively; 0 where it is the best. With
            two goals, the larger of theirs.
    """

    rows: Ints
    columns: Ints
    gap: float

    @property
    def note(self) -> str:
        """To stand beside the solver's name: empty for the best answer."""
        return "" if self.gap <= _STATED else f", stopped after {_NODES} nodes within {self.gap:.2%} of its own bound"


_Line: TypeAlias = tuple[sp.csr_array, Doubles, Doubles]
"""Coefficients, lower and upper bounds of some rows."""


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The pairs of a programme."""

    rows: Ints
    columns: Ints
    scores: Doubles
    problem: Problem

    @classmethod
    def of(cls, problem: Problem, allowed: Bools, best: int | None) -> _Pairs:
        keys = np.flatnonzero(allowed)
        if best is not None and len(keys) > _ALL_AT_ONCE:
            values = np.where(allowed, np.nan_to_num(problem.values, nan=-1.0), -np.inf)
            rows = np.argsort(-values, axis=1, kind="stable")[:, :best]
            columns = np.argsort(-values, axis=0, kind="stable")[:best]
            width = values.shape[1]
            mine = (np.arange(len(values))[:, None] * width + rows).ravel()
            theirs = (columns * width + np.arange(width)[None, :]).ravel()
            keys = np.intersect1d(keys, np.concatenate([mine, theirs]))
        rows, columns = np.divmod(keys, allowed.shape[1])
        return cls(rows, columns, problem.scores_at(rows, columns), problem)

    def sums(self, along: Ints, count: int, factors: Doubles | None = None) -> sp.csr_array:
        """One row for each submission (or reviewer): the sum over its pairs."""
        data = np.ones(len(along)) if factors is None else factors
        return sp.csr_array((data, (along, np.arange(len(along)))), shape=(count, len(along)))

    def limits(self) -> list[_Line]:
        """Demand and loads."""
        problem = self.problem
        wanted = problem.wanted.astype(np.float64)
        return [
            (self.sums(self.rows, len(wanted)), wanted, wanted),
            (
                self.sums(self.columns, len(problem.max_load)),
                problem.min_load.astype(np.float64),
                problem.max_load.astype(np.float64),
            ),
        ]


@dataclass(frozen=True, slots=True)
class _Answer:
    """Values of the variables, and how far from the best they may be, relatively."""

    values: Doubles
    gap: float


def _solve(
    costs: Doubles,
    lines: Sequence[_Line],
    upper: Doubles,
    *,
    whole: Bools | None = None,
    search_gap: float = _SLACK,
) -> _Answer | None:
    """The cheapest values from 0 to `upper` within all rows; `None` where there are none.

    Raises:
        MatcherError: a search for whole numbers ended before it found any.
    """
    matrix = sp.vstack([line[0] for line in lines], format="csr")
    low, high = (np.concatenate([line[side] for line in lines]) for side in (1, 2))
    answer = milp(
        costs,
        constraints=LinearConstraint(matrix, low, high),
        bounds=Bounds(0, upper),
        integrality=np.zeros(len(costs), dtype=np.int64) if whole is None else whole.astype(np.int64),
        options={"node_limit": _NODES, "mip_rel_gap": search_gap},
    )
    if answer.x is None:
        if answer.status == _AT_LIMIT:
            raise MatcherError(
                f"an integer programme of {len(costs)} variables found no answer within {_NODES} nodes: "
                "leave out a constraint, or give it more reviewers to choose from"
            )
        return None
    gap = 0.0 if whole is None or answer.mip_gap is None else max(0.0, float(answer.mip_gap))
    return _Answer(np.asarray(answer.x), gap)


# --- limits of single pairs -----------------------------------------------------------------------------------------


def solve_limited(
    problem: Problem, limits: Doubles, *, strength: float = 0.0, thresholds: Sequence[float] = ()
) -> tuple[Ints, Ints, Ints] | None:
    """The policy with the largest expected total under a limit for every pair.

    Args:
        problem: the arrays; last resorts are not looked at.
        limits: (S, R) largest probability of each pair, 0 to 1.
        strength: of the perturbation: a pair of score s and probability x counts s (x - strength x²).
        thresholds: scores below which a match is bad: of each kind no more are expected than without perturbation.

    Returns:
        Rows, columns and units (of `UNIT`) of the pairs with a chance; `None` where no policy keeps the limits.
    """
    units = np.floor(limits * UNIT + 1e-6).astype(np.int64)
    allowed = problem.eligible & (units > 0)
    for best in (_BEST_OF_EACH, None):
        pairs = _Pairs.of(problem, allowed, best)
        if not len(pairs.rows):
            return None if problem.wanted.any() else (pairs.rows, pairs.columns, pairs.rows)
        most = units[pairs.rows, pairs.columns]
        found = _spread(pairs, most, strength, thresholds)
        if found is not None:
            used = found > 0
            return pairs.rows[used], pairs.columns[used], found[used]
        if best is not None and len(pairs.rows) == np.count_nonzero(allowed):
            break
    return None


def _spread(pairs: _Pairs, most: Ints, strength: float, thresholds: Sequence[float]) -> Ints | None:
    plain = _curved(pairs, most, 0.0, [])
    if plain is None or not strength:
        return plain
    bad = [pairs.scores < threshold for threshold in thresholds]
    few = [(which, float(plain[which].sum()) / UNIT) for which in bad]
    return _curved(pairs, most, strength, few)


def _curved(pairs: _Pairs, most: Ints, strength: float, few: Sequence[tuple[Bools, float]]) -> Ints | None:
    """Whole units of each pair; the curve is taken in straight pieces, shorter ones around each answer."""
    count = len(most)
    cuts = most[:, None] * np.arange(_PIECES + 1)[None, :] // _PIECES if strength else np.stack([most * 0, most], 1)
    width = -(-most // _PIECES)
    units = np.zeros(count, dtype=np.int64)
    for _ in range(1 + (_REFINED if strength else 0)):
        ends, sizes = cuts[:, 1:], np.diff(cuts, axis=1)
        pair, piece = np.nonzero(sizes > 0)
        ends, sizes = ends[pair, piece], sizes[pair, piece]
        slope = 1 - np.where(pairs.scores[pair] > 0, strength, 0.0) * (2 * ends - sizes) / UNIT
        join = sp.csr_array((np.ones(len(pair)), (pair, np.arange(len(pair)))), shape=(count, len(pair)))
        lines = [(matrix @ join, low, high) for matrix, low, high in pairs.limits()]
        for which, total in few:
            row = sp.csr_array(which[pair].astype(np.float64)[None, :])
            lines.append((row, np.array([-np.inf]), np.array([total + _SLACK])))
        answer = _solve(-pairs.scores[pair] * slope, lines, sizes / UNIT)
        if answer is None:
            return None
        exact = np.asarray(np.bincount(pair, weights=answer.values, minlength=count) * UNIT, dtype=np.float64)
        units = _whole(pairs, exact, most)
        around = units[:, None] + np.arange(-_PIECES, _PIECES + 1)[None, :] * np.maximum(width // _PIECES, 1)[:, None]
        borders = np.stack([most * 0, most], axis=1)
        cuts = np.sort(np.clip(np.concatenate([around, borders], axis=1), 0, most[:, None]), axis=1)
        width = np.maximum(width // _PIECES, 1)
    return units


def _whole(pairs: _Pairs, exact: Doubles, most: Ints) -> Ints:
    """Units rounded up or down so that every sum stays whole and within its limits; a flow, so there is such a way."""
    near = np.rint(exact)
    units = near.astype(np.int64)
    part = np.flatnonzero(np.abs(exact - near) > 0.01)  # far above the tolerance of HiGHS at this unit
    if not len(part):
        return units
    floor = np.floor(exact).astype(np.int64)
    units[part] = floor[part]
    some = _Pairs(pairs.rows[part], pairs.columns[part], pairs.scores[part], pairs.problem)
    lines = []
    for (matrix, low, high), along in zip(some.limits(), (pairs.rows, pairs.columns), strict=True):
        given = np.bincount(along, weights=units, minlength=len(low))
        lines.append((matrix, np.maximum(low * UNIT - given, 0), np.maximum(high * UNIT - given, 0)))
    room = np.minimum(1, most[part] - floor[part]).astype(float)
    answer = _solve(-(exact - floor)[part], lines, room, whole=np.ones(len(part), dtype=np.bool_))
    if answer is not None:
        units[part] += np.rint(answer.values).astype(np.int64)
    return units


# --- counts of members ----------------------------------------------------------------------------------------------


def solve_counted(problem: Problem, counts: Sequence[Counts], *, is_fair: bool) -> Chosen | None:
    """The largest total with so many members of each group on every submission.

    Args:
        problem: the arrays; last resorts are not looked at.
        counts: groups and how many of them.
        is_fair: whether the submission with the lowest mean score comes first, and the total second.

    Returns:
        The pairs; `None` where nothing meets all of it.

    Raises:
        MatcherError: the search ended before it found an answer.
    """
    for best in (_BEST_OF_EACH, None):
        pairs = _Pairs.of(problem, problem.eligible, best)
        lines = [*pairs.limits(), *(_counted(pairs, each) for each in counts)]
        fairest = _fairest(pairs, lines) if is_fair else None
        if fairest is not None:
            lines.append(fairest.line)
        answer = _best_whole(pairs, lines) if len(pairs.rows) else None
        if answer is not None:
            chosen = answer.values > 0.5
            gap = max(answer.gap, 0.0 if fairest is None else fairest.gap)
            return Chosen(pairs.rows[chosen], pairs.columns[chosen], gap)
        if len(pairs.rows) == np.count_nonzero(problem.eligible):
            break
    return None


def _counted(pairs: _Pairs, counts: Counts) -> _Line:
    inside = counts.members[pairs.columns].astype(np.float64)
    return (
        pairs.sums(pairs.rows, len(pairs.problem.wanted), inside),
        counts.at_least.astype(np.float64),
        counts.at_most.astype(np.float64),
    )


def _best_whole(pairs: _Pairs, lines: Sequence[_Line]) -> _Answer | None:
    count = len(pairs.rows)
    return _solve(-pairs.scores, lines, np.ones(count), whole=np.ones(count, dtype=np.bool_))


@dataclass(frozen=True, slots=True)
class _Floor:
    """The row that holds every submission at a floor, and how far from the highest floor that may be."""

    line: _Line
    gap: float


def _fairest(pairs: _Pairs, lines: Sequence[_Line]) -> _Floor | None:
    """Every submission has at least the mean score that the worst one can have; scores of settled reviews count."""
    problem = pairs.problem
    given = np.zeros(len(problem.wanted)) if problem.given_scores is None else np.nan_to_num(problem.given_scores)
    reviews = problem.wanted + (0 if problem.given_reviews is None else problem.given_reviews)
    open_rows = np.flatnonzero(problem.wanted > 0)
    sums = pairs.sums(pairs.rows, len(problem.wanted), pairs.scores)[open_rows]
    shift = float(np.abs(pairs.scores).max(initial=0)) + 1  # the least mean may be negative, variables are not
    level = sp.csr_array(-reviews[open_rows].astype(np.float64)[:, None])
    wider = [(sp.hstack([matrix, sp.csr_array((matrix.shape[0], 1))]), low, high) for matrix, low, high in lines]
    need = -given[open_rows] - shift * reviews[open_rows]
    wider.append((sp.hstack([sums, level]), need, np.full(len(open_rows), np.inf)))
    costs = np.concatenate([np.zeros(len(pairs.rows)), [-1.0]])
    upper = np.concatenate([np.ones(len(pairs.rows)), [np.inf]])
    whole = np.arange(len(costs)) < len(pairs.rows)
    answer = _solve(costs, wider, upper, whole=whole, search_gap=_FAIR_GAP)
    if answer is None:
        return None
    floor = float(answer.values[-1]) - shift
    least = floor * reviews[open_rows] - given[open_rows]
    line = sums, least - _SLACK * np.maximum(1, np.abs(least)), np.full(len(open_rows), np.inf)
    # The programme's gap is that of the shifted floor; the floor itself is what counts.
    gap = answer.gap * (floor + shift) / max(abs(floor), _SLACK)
    return _Floor(line, gap if gap > _STATED else 0.0)


# --- loads by weights -----------------------------------------------------------------------------------------------

_UNFILLED: Final = 3000.0
_LAST_RESORT: Final = 100.0
_UNDERLOAD: Final = 30.0
"""Prices in units of a score: a missing review is worse than a last resort, that than a missing minimum load."""


def solve_weighted(problem: Problem, weights: Doubles, room: Doubles, *, is_fair: bool = False) -> Chosen:
    """The largest total when a review of some submissions takes more, or less, of a load than one of others.

    Args:
        problem: the arrays; `max_load` is not read, minimum loads count reviews.
        weights: (S,) share of a load that a review takes.
        room: (R,) the most that each reviewer may carry.
        is_fair: whether the submission with the lowest mean score comes first, and the total second; where anything
            is missing, only the total counts.

    Returns:
        The pairs; as many reviews as can be given.

    Raises:
        MatcherError: the search ended before it found an answer.
    """
    allowed = problem.eligible if problem.last_resort is None else problem.eligible | problem.last_resort
    for best in (_BEST_OF_EACH, None):
        pairs = _Pairs.of(problem, allowed, best)
        answer = _weighted(pairs, weights, room)
        is_complete = bool(answer.values[len(pairs.rows) :].sum() < 0.5)
        if is_complete or len(pairs.rows) == np.count_nonzero(allowed):
            break
    chosen, gap = answer.values[: len(pairs.rows)] > 0.5, answer.gap
    if is_fair and is_complete and not np.isnan(pairs.scores[chosen]).any():
        chosen, gap = _fair_and_weighted(pairs, weights, room)
    return Chosen(pairs.rows[chosen], pairs.columns[chosen], gap)


def _fair_and_weighted(pairs: _Pairs, weights: Doubles, room: Doubles) -> tuple[Bools, float]:
    """The fairest choice, then the largest total, where all reviews can be given by scored reviewers."""
    scored = np.flatnonzero(~np.isnan(pairs.scores))
    some = _Pairs(pairs.rows[scored], pairs.columns[scored], pairs.scores[scored], pairs.problem)
    demand, counts = some.limits()
    loads = some.sums(some.columns, len(room), weights[some.rows])
    none = np.full(len(room), -np.inf)
    lines = [demand, (counts[0], counts[1], -none), (loads, none, room + _SLACK)]
    fairest = _fairest(some, lines)
    assert fairest is not None  # an answer is known
    answer = _best_whole(some, [*lines, fairest.line])
    assert answer is not None  # the floor was reached
    found = np.zeros(len(pairs.rows), dtype=np.bool_)
    found[scored] = answer.values > 0.5
    return found, max(answer.gap, fairest.gap)


def _weighted(pairs: _Pairs, weights: Doubles, room: Doubles) -> _Answer:
    """Values of the pairs, then missing reviews (S), then missing minimum loads (R)."""
    problem = pairs.problem
    rows, reviewers = problem.shape
    spare = np.zeros(len(pairs.rows))
    if problem.last_resort is not None:
        spare = problem.last_resort[pairs.rows, pairs.columns].astype(np.float64)
    none, turned = sp.csr_array((rows, reviewers)), sp.csr_array((reviewers, rows))
    each_row, each_reviewer = sp.csr_array(sp.eye_array(rows)), sp.csr_array(sp.eye_array(reviewers))
    wanted, least = problem.wanted.astype(np.float64), problem.min_load.astype(np.float64)
    demand = pairs.sums(pairs.rows, rows)
    loads = pairs.sums(pairs.columns, reviewers, weights[pairs.rows])
    counts = pairs.sums(pairs.columns, reviewers)
    spares = pairs.sums(pairs.rows, rows, spare)
    lines: list[_Line] = [
        (sp.hstack([demand, each_row, none]), wanted, wanted),
        (sp.hstack([loads, turned, each_reviewer * 0]), np.full(reviewers, -np.inf), room + _SLACK),
        (sp.hstack([counts, turned, each_reviewer]), least, np.full(reviewers, np.inf)),
        (sp.hstack([spares, each_row * 0, none]), np.full(rows, -np.inf), np.ones(rows)),
    ]
    costs = np.concatenate(
        [
            np.where(spare > 0, _LAST_RESORT, -np.nan_to_num(pairs.scores)),
            np.full(rows, _UNFILLED),
            np.full(reviewers, _UNDERLOAD),
        ]
    )
    upper = np.concatenate([np.ones(len(pairs.rows)), wanted, least])
    answer = _solve(costs, lines, upper, whole=np.ones(len(costs), dtype=np.bool_))
    assert answer is not None  # what is missing is part of it
    return answer
