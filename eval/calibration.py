"""How sure may one be that a reviewer with this score is an expert? Fitted to the ratings of one's own reviewers.

A score orders pairs; it is no probability. A venue whose reviewers rated their own expertise in some submissions can
turn scores of the same encoder and settings into one: P(rating >= expert | score), logistic in the score. How good it
is is told from folds that hold whole reviewers out. The fit is the user's own; none comes with the product.

Source: Platt, Probabilistic outputs for support vector machines, 1999, with the smoothed targets of its section 2.2;
Newton's method as in Lin, Lin and Weng, A note on Platt's probabilistic outputs, Machine Learning 68, 2007.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from eval.bootstrap import BETTER, Interval, mean_difference, mean_interval, verdict
from eval.rows import Row
from matcher.errors import DataError, InputError, did_you_mean
from matcher.records import ScoreMatrix

__all__ = ["Fit", "Rating", "Report", "calibrate", "fit_logistic", "is_useful", "read_ratings", "reliability"]

FOLDS: Final = 5
BINS: Final = 5
_FEWEST: Final = 30
"""Ratings below which a curve is a guess: two parameters, and folds of at least six."""

_FEWEST_RATERS: Final = FOLDS
_STEPS: Final = 100
_SMALLEST_STEP: Final = 1e-10


@dataclass(frozen=True, slots=True)
class Rating:
    """What a reviewer said of their expertise in a submission."""

    submission: str
    reviewer: str
    rating: float


@dataclass(frozen=True, slots=True)
class Fit:
    """P(expert | score) = 1 / (1 + exp(-(intercept + slope x score)))."""

    intercept: float
    slope: float

    def __call__(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Probabilities, in (0, 1)."""
        probabilities: npt.NDArray[np.float64] = 1 / (1 + np.exp(-(self.intercept + self.slope * scores)))
        return probabilities


@dataclass(frozen=True, slots=True)
class Report:
    """A fit and how far it can be trusted.

    Args:
        fit: to all ratings.
        ratings: how many were used.
        raters: how many people gave them.
        unscored: ratings of pairs without a score, which were not used.
        share: of the ratings that say expert.
        brier: mean squared error of probabilities for reviewers whom the fit had not seen.
        gain: Brier score of the plain share of experts minus ours, paired; above 0 is a gain.
        said: "better" where the gain is more than chance.
        held_out: (N,) probabilities for unseen reviewers.
        is_expert: (N,) bool.
    """

    fit: Fit
    ratings: int
    raters: int
    unscored: int
    share: float
    brier: Interval
    gain: Interval
    said: str
    held_out: npt.NDArray[np.float64]
    is_expert: npt.NDArray[np.bool_]

    def facts(self) -> dict[str, Any]:
        """What results list."""
        return {
            "ratings": self.ratings,
            "raters": self.raters,
            "unscored": self.unscored,
            "share_of_experts": self.share,
            "intercept": self.fit.intercept,
            "slope": self.fit.slope,
            "brier": self.brier.point,
            "brier_interval": self.brier.ends(),
            "gain_over_share": self.gain.point,
            "gain_interval": self.gain.ends(),
            "verdict": self.said,
        }


def read_ratings(path: Path, *, column: str = "rating") -> tuple[Rating, ...]:
    """Read a CSV file with the columns `submission_id`, `reviewer_id` and a number.

    Args:
        path: the file.
        column: name of the number's column.

    Raises:
        DataError: a column is missing, a number is none, or a pair stands there twice.
    """
    columns = ("submission_id", "reviewer_id", column)
    found: dict[tuple[str, str], Rating] = {}
    try:
        stream = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise DataError(f"the ratings cannot be read: {error.strerror or error}", file=str(path)) from None
    with stream:
        reader = csv.DictReader(stream)
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            raise DataError(
                f"there is no column {missing[0]}", file=path.name, line=1, remedy=f"wanted are {', '.join(columns)}"
            )
        for line, values in enumerate(reader, start=2):
            row = Row(path.name, line, values)
            pair = (row.text("submission_id").strip(), row.text("reviewer_id").strip())
            if pair in found:
                raise row.fault("reviewer_id", f"'{pair[1]}' rated '{pair[0]}' twice")
            found[pair] = Rating(*pair, _number(row, column))
    return tuple(found.values())


def _number(row: Row, column: str) -> float:
    try:
        return Row(row.file, row.line, {column: float(row.text(column))}).number(column)
    except ValueError:
        raise row.fault(column, f"allowed is a number; got {row.values[column]!r}") from None


def calibrate(scores: ScoreMatrix, ratings: Sequence[Rating], *, expert: float, rng: int, draws: int = 1000) -> Report:
    """Fit the probability that a reviewer rates themselves an expert, and measure it on reviewers held out.

    Args:
        scores: of the venue that was rated.
        ratings: of its pairs.
        expert: a rating from here up says expert.
        rng: seed of folds and bootstrap.
        draws: how often the bootstrap draws.

    Raises:
        DataError: a rating is of an unknown submission or reviewer.
        InputError: there are too few ratings, raters, experts or others.
    """
    _refuse_unknown(scores, ratings)
    pairs = [(one, scores.value(one.submission, one.reviewer)) for one in ratings]
    used = [(one, value) for one, value in pairs if value is not None]
    values = np.array([value for _, value in used])
    is_expert = np.array([one.rating >= expert for one, _ in used], dtype=np.bool_)
    people = [one.reviewer for one, _ in used]
    raters = sorted(set(people))
    if len(used) < _FEWEST or len(raters) < _FEWEST_RATERS or is_expert.all() or not is_expert.any():
        raise InputError(
            f"a calibration needs at least {_FEWEST} rated pairs with a score, {_FEWEST_RATERS} raters, and ratings on "
            f"both sides of {expert:g}; got {len(used)} pairs, {len(raters)} raters, {int(is_expert.sum())} experts"
        )
    order = np.random.default_rng(rng).permutation(len(raters))
    fold_of = {raters[int(who)]: place % FOLDS for place, who in enumerate(order)}
    folds = np.array([fold_of[who] for who in people])
    held_out, plain = np.zeros(len(used)), np.zeros(len(used))
    for fold in range(FOLDS):
        inside = folds == fold
        held_out[inside] = fit_logistic(values[~inside], is_expert[~inside])(values[inside])
        plain[inside] = is_expert[~inside].mean()
    ours, others = (held_out - is_expert) ** 2, (plain - is_expert) ** 2
    gain = mean_difference(others, ours, people, rng=rng, draws=draws)
    return Report(
        fit=fit_logistic(values, is_expert),
        ratings=len(used),
        raters=len(raters),
        unscored=len(pairs) - len(used),
        share=float(is_expert.mean()),
        brier=mean_interval(ours, people, rng=rng, draws=draws),
        gain=gain,
        said=verdict(gain, higher_is_better=True),
        held_out=held_out,
        is_expert=is_expert,
    )


def _refuse_unknown(scores: ScoreMatrix, ratings: Sequence[Rating]) -> None:
    for one in ratings:
        for what, name, known in (
            ("submission", one.submission, scores.submissions),
            ("reviewer", one.reviewer, scores.reviewers),
        ):
            if name not in known:
                raise DataError(
                    f"a rating is of the {what} '{name}', which is not in the venue{did_you_mean(name, known)}"
                )


def fit_logistic(scores: npt.NDArray[np.float64], is_expert: npt.NDArray[np.bool_]) -> Fit:
    """Maximum likelihood with Platt's targets, which keep a curve finite where scores separate experts from others.

    Args:
        scores: (N,).
        is_expert: (N,).
    """
    experts, others = int(is_expert.sum()), int((~is_expert).sum())
    targets = np.where(is_expert, (experts + 1) / (experts + 2), 1 / (others + 2))
    design = np.column_stack([np.ones_like(scores), scores])
    found = np.array([np.log((experts + 1) / (others + 1)), 0.0])
    loss = _loss(design, targets, found)
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-(design @ found)))
        gradient = design.T @ (targets - chances)
        hessian = (design * (chances * (1 - chances))[:, None]).T @ design + 1e-12 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        while _loss(design, targets, found + step) > loss and np.abs(step).max() > _SMALLEST_STEP:
            step /= 2
        found, loss = found + step, _loss(design, targets, found + step)
        if np.abs(step).max() <= _SMALLEST_STEP:
            break
    return Fit(float(found[0]), float(found[1]))


def _loss(design: npt.NDArray[np.float64], targets: npt.NDArray[np.float64], found: npt.NDArray[np.float64]) -> float:
    logits = design @ found
    return float((np.logaddexp(0, logits) - targets * logits).sum())


def reliability(report: Report) -> list[dict[str, Any]]:
    """What was said of unseen reviewers, and what was true, in bins of equally many ratings.

    Returns:
        Rows with `said` (mean probability), `true` (share of experts) and `ratings`.
    """
    order = np.argsort(report.held_out, kind="stable")
    return [
        {
            "said": float(report.held_out[chosen].mean()),
            "true": float(report.is_expert[chosen].mean()),
            "ratings": len(chosen),
        }
        for chosen in np.array_split(order, BINS)
    ]


def is_useful(report: Report) -> bool:
    """Whether scores say more of an unseen reviewer than the share of experts does, and rise with expertise."""
    return report.said == BETTER and report.fit.slope > 0
