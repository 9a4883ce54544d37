"""Affinity scores that other systems computed, beside or in place of ours.

Every system has a scale of its own, so its values become 0 to 1 first: linearly from the two ends that the
configuration names (a value outside is an error, never cut off), or each as the share of the same system's values that
lie below it, equal values counting half. A pair that several systems score takes their mean. Then the configuration
says how that joins the score from text: as a weighted mean, in place of it, or only where there is none. A pair with
one of the two scores has that one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from matcher.config import MatchConfig
from matcher.errors import ConfigError, DataError
from matcher.records import Doubles, EvidencePaper, ExternalScore, PersonId, ScoreMatrix, SubmissionId, Venue

__all__ = ["external_parts", "join_external", "mapped_scores"]

_UNNAMED: Final = "another system"

Mapped = Mapping[tuple[SubmissionId, PersonId], Mapping[str, float]]


def join_external(scores: ScoreMatrix, venue: Venue, config: MatchConfig) -> ScoreMatrix:
    """Join the scores of other systems with those from text.

    Args:
        scores: (S, R) from text; NaN is not scored.
        venue: the other systems' scores.
        config: `external_scores`, `external_weight`, `external_scale`, `external_low`, `external_high`.

    Returns:
        Scores in [0, 1]; `raw` and, where there is nothing to join, all else as they were.

    Raises:
        DataError: a value lies outside the range that the configuration names.
        ConfigError: the range is empty.
    """
    mapped = mapped_scores(venue, config)
    if not mapped:
        return scores
    values = scores.values.copy()
    if config.external_scores == "replace":
        values[:] = np.nan
    for (submission, reviewer), by_source in mapped.items():
        if submission in scores.submissions:
            row, column = scores.submissions.position(submission), scores.reviewers.position(reviewer)
            values[row, column] = _joined(float(scores.values[row, column]), by_source, config)
    names = ", ".join(sorted({source for by_source in mapped.values() for source in by_source}))
    share = f" (weight {config.external_weight:g})" if config.external_scores == "mean" else ""
    method = f"{scores.method}, scores of {names} by {config.external_scale}, {config.external_scores}{share}"
    return replace(scores, values=values, method=method)


def mapped_scores(venue: Venue, config: MatchConfig) -> Mapped:
    """The other systems' scores in [0, 1], by pair and system; none when the configuration leaves them off.

    Raises:
        DataError: a value lies outside the range that the configuration names.
        ConfigError: the range is empty.
    """
    if config.external_scores == "off" or not venue.external_scores:
        return {}
    by_source: dict[str, list[ExternalScore]] = {}
    for each in venue.external_scores:
        by_source.setdefault(each.source or _UNNAMED, []).append(each)
    found: dict[tuple[SubmissionId, PersonId], dict[str, float]] = {}
    for source, held in sorted(by_source.items()):
        values = _shares(held) if config.external_scale == "rank" else _between_ends(held, source, config)
        for each, value in zip(held, values.tolist(), strict=True):
            found.setdefault((each.submission_id, each.reviewer_id), {})[source] = value
    return found


def _between_ends(held: Sequence[ExternalScore], source: str, config: MatchConfig) -> Doubles:
    low, high = config.external_low, config.external_high
    if low >= high:
        raise ConfigError(
            f"allowed is less than external_high, which is {high:g}; got {low:g}", key="external.external_low"
        )
    outside = [each for each in held if not low <= each.score <= high]
    if outside:
        first, last = min(each.score for each in held), max(each.score for each in held)
        worst = outside[0]
        raise DataError(
            f"{len(outside)} of {len(held)} scores of {source} lie outside {low:g} to {high:g}, the first is "
            f"{worst.score:g} for '{worst.reviewer_id}' on '{worst.submission_id}'",
            file="scores",
            field="score",
            remedy=f"set external_low and external_high in [external] of match.toml (here the scores lie between "
            f"{first:g} and {last:g}), or external_scale = 'rank'",
        )
    return (np.array([each.score for each in held]) - low) / (high - low)


def _shares(held: Sequence[ExternalScore]) -> Doubles:
    """(N,) the share of a system's values below each of them, equal ones counting half."""
    values = np.array([each.score for each in held])
    ordered = np.sort(values)
    shares: Doubles = (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / (
        2 * len(values)
    )
    return shares


def _joined(text: float, by_source: Mapping[str, float], config: MatchConfig) -> float:
    """The score of one pair; `text` is NaN where there is none."""
    theirs = sum(by_source.values()) / len(by_source)
    if np.isnan(text) or config.external_scores == "replace":
        return theirs
    if config.external_scores == "fill":
        return text
    return (1 - config.external_weight) * text + config.external_weight * theirs


def external_parts(
    parts: Sequence[EvidencePaper], mapped: Mapped, config: MatchConfig, submission_id: str, reviewer_id: str
) -> Iterator[EvidencePaper]:
    """What the scores of other systems add to one score, or take off, in the words of an explanation.

    Args:
        parts: those of the score from text; none where there is no such score.
        mapped: the other systems' scores, from `mapped_scores`.
        config: how they join.
        submission_id: an active submission.
        reviewer_id: a reviewer.

    Yields:
        One part, or none where nothing joins; with the parts from text it sums to the joined score.
    """
    text = sum(part.contribution for part in parts) if parts else np.nan
    by_source = mapped.get((SubmissionId(submission_id), PersonId(reviewer_id)))
    if by_source is None:
        if mapped and parts and config.external_scores == "replace":
            yield EvidencePaper(
                None, "no other system scored this pair, and theirs stand in place of ours", None, -text
            )
        return
    listed = ", ".join(f"{value:.3f} by {source}" for source, value in sorted(by_source.items()))
    joined = _joined(text, by_source, config)
    if parts and config.external_scores == "fill":
        return
    yield EvidencePaper(None, f"scored {listed} ({config.external_scores})", None, joined - (text if parts else 0.0))
