"""Metrics as values: each has a name, a range, a direction, a source and a defined answer for empty input.

Ranking metrics take one query: the scores of all R reviewers, NaN where a reviewer is not scored, and who of them is
relevant. Higher scores come first, reviewers who are not scored come last, in one tie. Scores that are equal share the
mean of the ranks that they hold together, so the order inside a tie neither helps nor hurts. A tie is therefore inside
or outside a cut as a whole, also where all of it is relevant; only nDCG splits it.

Pair metrics take the scores and the ratings of what one person rated.

Assignment metrics take the scores of assigned pairs, one number per submission, or the loads of all reviewers.

>>> import numpy as np
>>> find_metric("hit_at_10")(np.array([0.2, 0.9]), np.array([True, False]))
1.0
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from matcher.errors import UnknownNameError

__all__ = [
    "METRICS",
    "Metric",
    "find_metric",
    "gini",
    "hit_at_k",
    "mean_ranks",
    "mean_score",
    "min_score",
    "mrr",
    "ndcg_at_k",
    "pair_accuracy",
    "pair_loss",
    "percentile_at_p",
    "recall_at_k",
]

Values: TypeAlias = npt.NDArray[Any]
"""An array of numbers of any width; all sums are made in float64."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure of quality.

    Args:
        name: how it is asked for; a name that ends in `_at_k` or `_at_p` is asked for with a number (`hit_at_10`).
        inputs: the arrays that it takes, with their shapes.
        range: least and largest value, both possible or approached.
        higher_is_better: the direction.
        source: where the formula comes from.
        empty: the value where there is nothing to measure.
        function: arrays to a number; pure.
    """

    name: str
    inputs: str
    range: tuple[float, float]
    higher_is_better: bool
    source: str
    empty: float
    function: Callable[..., float]

    def __call__(self, *arrays: Values) -> float:
        """The value for one query or one assignment."""
        return self.function(*arrays)

    @property
    def about(self) -> str:
        """What it measures, in one sentence."""
        inner = self.function.func if isinstance(self.function, functools.partial) else self.function
        return (inner.__doc__ or "").partition("\n")[0]


# --- rankings -------------------------------------------------------------------------------------------------------


def mean_ranks(scores: Values, wanted: Values) -> npt.NDArray[np.float64]:
    """Ranks of some reviewers among all, from 1; each member of a tie gets the mean of the tie's ranks.

    Args:
        scores: (R,) finite, or NaN for a reviewer who is not scored; those share the last ranks.
        wanted: (R,) bool, whose ranks to give.

    Returns:
        (K,) ranks in the order of the reviewers; halves are possible.

    >>> mean_ranks(np.array([0.5, 0.5, np.nan, 0.9]), np.array([True, False, True, True])).tolist()
    [2.5, 4.0, 1.0]
    """
    above, equal = _blocks(scores, wanted)
    return above + (equal + 1) / 2


def _blocks(scores: Values, wanted: Values) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(K,) how many reviewers stand above each wanted one, and (K,) how many share its score, itself included."""
    filled = np.where(np.isnan(scores), -np.inf, scores)
    ordered = np.sort(filled)
    found = filled[wanted.astype(bool)]
    first = np.searchsorted(ordered, found, side="left")
    after = np.searchsorted(ordered, found, side="right")
    return len(ordered) - after, after - first


def mrr(scores: Values, relevant: Values) -> float:
    """Reciprocal rank of the best-ranked relevant reviewer; its mean over queries is the MRR.

    Formula: 1 / (least mean rank of a relevant reviewer). Range: above 0 to 1, higher is better; 0 where nobody is
    relevant. A tie of n at the top gives 2 / (n + 1).

    Args:
        scores: (R,).
        relevant: (R,) bool.

    Source: Voorhees, The TREC-8 question answering track report, 1999.
    """
    ranks = mean_ranks(scores, relevant)
    return float(1 / ranks.min()) if ranks.size else 0.0


def hit_at_k(scores: Values, relevant: Values, *, k: int) -> float:
    """Whether a relevant reviewer is among the first k.

    Formula: 1 if the least mean rank of a relevant reviewer is at most k, else 0. Range: 0 or 1, higher is better; 0
    where nobody is relevant.

    Args:
        scores: (R,).
        relevant: (R,) bool.
        k: from 1 up.

    Source: "success at n", Craswell and Hawking, Overview of the TREC 2004 web track, 2004.
    """
    ranks = mean_ranks(scores, relevant)
    return float(ranks.size > 0 and ranks.min() <= k)


def recall_at_k(scores: Values, relevant: Values, *, k: int) -> float:
    """Share of the relevant reviewers who are among the first k.

    Formula: (relevant reviewers with a mean rank of at most k) / (relevant reviewers). Range: 0 to 1, higher is better;
    0 where nobody is relevant.

    Args:
        scores: (R,).
        relevant: (R,) bool.
        k: from 1 up.

    Source: Manning, Raghavan, Schütze, Introduction to information retrieval, 2008, section 8.4.
    """
    ranks = mean_ranks(scores, relevant)
    return float((ranks <= k).mean()) if ranks.size else 0.0


def ndcg_at_k(scores: Values, gains: Values, *, k: int) -> float:
    """Discounted gain of the first k reviewers, as a share of the best that is possible.

    Formula: DCG / (DCG of the reviewers sorted by gain), with DCG = sum over ranks i <= k of gain / log2(i + 1). A tie
    counts with the mean over all its orders. Range: 0 to 1, higher is better; 0 where no gain is above 0.

    Args:
        scores: (R,).
        gains: (R,) from 0 up; a bool mask counts as 0 and 1.
        k: from 1 up.

    Source: Järvelin and Kekäläinen, TOIS 20(4), 2002; ties: McSherry and Najork, ECIR 2008.
    """
    gains = np.asarray(gains, dtype=np.float64)
    places = np.arange(1, len(gains) + 1)
    discounts = np.where(places <= k, 1 / np.log2(places + 1), 0.0)
    best = float(np.sort(gains)[::-1] @ discounts)
    if best <= 0:
        return 0.0
    upto = np.concatenate([[0.0], np.cumsum(discounts)])
    above, equal = _blocks(scores, gains > 0)
    reached = float(gains[gains > 0] @ ((upto[above + equal] - upto[above]) / equal))
    return min(1.0, reached / best)  # equal orders may differ in the last bit


# --- ratings --------------------------------------------------------------------------------------------------------


def pair_loss(scores: Values, ratings: Values) -> float:
    """How much of the differences between one person's ratings the scores turn round.

    Formula: over all pairs of different rating, the sum of |difference of the ratings| where the scores order the pair
    wrongly, half of it where they are equal or one is missing, divided by the sum over all pairs. Range: 0 to 1, lower
    is better; 0 without such a pair. Constant scores give 0.5.

    Args:
        scores: (N,) NaN where there is none.
        ratings: (N,) finite.

    Source: Stelmakh, Wieting, Neubig, Shah, arXiv 2303.16750, section 5.1.
    """
    agreement, weights = _pairs(scores, ratings)
    return float((1 - agreement) @ weights / (2 * weights.sum())) if weights.size else 0.0


def pair_accuracy(scores: Values, ratings: Values) -> float:
    """Share of the pairs that one person rated differently which the scores order as the ratings do.

    Formula: (pairs in the right order) / (pairs of different rating); equal or missing scores are no order. Range: 0 to
    1, higher is better; 0 without such a pair.

    Args:
        scores: (N,) NaN where there is none.
        ratings: (N,) finite.

    Source: Stelmakh, Wieting, Neubig, Shah, arXiv 2303.16750, section 5.1.
    """
    agreement, weights = _pairs(scores, ratings)
    return float((agreement > 0).mean()) if weights.size else 0.0


def _pairs(scores: Values, ratings: Values) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(P,) 1 right, -1 wrong, 0 no order, and (P,) weights, over the pairs of different rating."""
    first, second = np.triu_indices(len(ratings), k=1)
    stated = np.asarray(ratings, dtype=np.float64)
    difference = stated[first] - stated[second]
    said = np.asarray(scores, dtype=np.float64)
    agreement = np.nan_to_num(np.sign(said[first] - said[second])) * np.sign(difference)
    return agreement[difference != 0], np.abs(difference[difference != 0])


# --- assignments ----------------------------------------------------------------------------------------------------


def mean_score(scores: Values) -> float:
    """Mean published score of the assigned pairs that have one.

    Formula: sum / count over the pairs whose score is not NaN. Range: 0 to 1, higher is better; 0 without such a pair.

    Args:
        scores: (N,) one per assigned pair; NaN for a reviewer who is not scored.

    Source: the total of Taylor's assignment program divided by the pairs (Taylor, On the optimal assignment of
    conference papers to reviewers, 2008).
    """
    known = _known(scores)
    return float(known.mean()) if known.size else 0.0


def min_score(scores: Values) -> float:
    """What the worst-served submission gets.

    Formula: minimum. Range: 0 to 1, higher is better; 0 without a submission.

    Args:
        scores: (S,) one per submission, such as the mean score of its reviewers; NaN is left out.

    Source: the max-min objective of Stelmakh, Shah and Singh, PeerReview4All, ALT 2019.
    """
    known = _known(scores)
    return float(known.min()) if known.size else 0.0


def percentile_at_p(scores: Values, *, p: int) -> float:
    """The score that p % of the submissions do not exceed.

    Formula: linear between the two nearest order statistics. Range: 0 to 1, higher is better; 0 without a submission.

    Args:
        scores: (S,) one per submission; NaN is left out.
        p: 0 to 100.

    Source: definition 7 of Hyndman and Fan, Sample quantiles in statistical packages, 1996.
    """
    known = _known(scores)
    return float(np.percentile(known, p)) if known.size else 0.0


def gini(loads: Values) -> float:
    """How unevenly a total is spread: 0 is even, near 1 is all on one.

    Formula: mean absolute difference of all pairs / (2 x mean). Range: 0 to 1, lower is better; 0 without anybody and
    where all is 0.

    Args:
        loads: (R,) from 0 up, such as submissions per reviewer.

    Source: Gini, Variabilità e mutabilità, 1912; the sorted form of Damgaard and Weiner, Ecology 81(4), 2000.
    """
    ordered = np.sort(np.asarray(loads, dtype=np.float64))
    total = ordered.sum()
    if total <= 0:
        return 0.0
    count = len(ordered)
    places = 2 * np.arange(1, count + 1) - count - 1
    return float(np.clip(places @ ordered / (count * total), 0.0, 1.0))


def _known(scores: Values) -> npt.NDArray[np.float64]:
    values = np.asarray(scores, dtype=np.float64)
    known: npt.NDArray[np.float64] = values[~np.isnan(values)]
    return known


# --- registry -------------------------------------------------------------------------------------------------------

_RANKING: Final = "scores (R,), relevant (R,) of one query"
_RATED: Final = "scores (N,), ratings (N,) of one person"
_BY_SUBMISSION: Final = "scores (S,), one per submission"


def _listed(
    function: Callable[..., float], inputs: str, source: str, *, higher_is_better: bool = True
) -> tuple[str, Metric]:
    metric = Metric(
        name=function.__name__,
        inputs=inputs,
        range=(0.0, 1.0),
        higher_is_better=higher_is_better,
        source=source,
        empty=0.0,
        function=function,
    )
    return metric.name, metric


METRICS: Final[Mapping[str, Metric]] = dict(
    (
        _listed(mrr, _RANKING, "Voorhees 1999"),
        _listed(hit_at_k, _RANKING, "Craswell, Hawking 2004"),
        _listed(recall_at_k, _RANKING, "Manning, Raghavan, Schütze 2008"),
        _listed(ndcg_at_k, "scores (R,), gains (R,) of one query", "Järvelin, Kekäläinen 2002; McSherry, Najork 2008"),
        _listed(pair_loss, _RATED, "Stelmakh, Wieting, Neubig, Shah 2023", higher_is_better=False),
        _listed(pair_accuracy, _RATED, "Stelmakh, Wieting, Neubig, Shah 2023"),
        _listed(mean_score, "scores (N,), one per assigned pair", "Taylor 2008"),
        _listed(min_score, _BY_SUBMISSION, "Stelmakh, Shah, Singh 2019"),
        _listed(percentile_at_p, _BY_SUBMISSION, "Hyndman, Fan 1996"),
        _listed(gini, "loads (R,)", "Gini 1912; Damgaard, Weiner 2000", higher_is_better=False),
    )
)
"""Every metric by name, in the order in which they are listed."""

_WITH_NUMBER: Final = re.compile(r"(\w+_at_)(\d+)\Z", re.ASCII)
_ALLOWED_NUMBERS: Final = {"k": (1, None), "p": (0, 100)}


def find_metric(name: str) -> Metric:
    """The metric of that name; `recall_at_50` is `recall_at_k` with k = 50.

    Raises:
        UnknownNameError: there is none, its number is missing or not allowed; the message lists all names.

    >>> find_metric("recall_at_50").name
    'recall_at_50'
    """
    if name in METRICS and not name.endswith(("_at_k", "_at_p")):
        return METRICS[name]
    found = _WITH_NUMBER.match(name)
    for letter, (low, high) in _ALLOWED_NUMBERS.items():
        family = METRICS.get(f"{found[1]}{letter}") if found else None
        if found and family and low <= int(found[2]) <= (high if high is not None else int(found[2])):
            return replace(family, name=name, function=functools.partial(family.function, **{letter: int(found[2])}))
    raise UnknownNameError("metric", name, METRICS)
