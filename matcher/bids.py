"""Bids and recommendations beside the text: each system's scale becomes one, and a bounded part of the score.

============  ==================================================================================================
level         meaning
============  ==================================================================================================
refuse        will not review it: a veto, unless the configuration counts it as the strongest −
−             would rather not
neutral       said to be all the same
+, ++         wants it, wants it much
no bid        said nothing; of somebody who bid on others this is weak evidence against, of others none at all
============  ==================================================================================================

The scales: OpenReview (Very High … Very Low, and its older sentences), Microsoft CMT (Eager, Willing, In a pinch, Not
willing), EasyChair (yes, maybe, no, conflict), HotCRP (whole numbers with X, Y, Z for expertise; −100 and below
refuses), and signs (++, +, 0, -, refuse).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from matcher.config import MatchConfig
from matcher.errors import DataError, did_you_mean
from matcher.records import Bid, EvidencePaper, Floats, PersonId, ScoreMatrix, SubmissionId, Venue

__all__ = ["SCALES", "Level", "Wish", "apply_wishes", "read_bids", "refused_pairs", "strange_bids", "wish_parts"]


class Level(StrEnum):
    """What a bid means, whatever system it comes from."""

    REFUSE = "refuse"
    MINUS = "−"
    NEUTRAL = "neutral"
    PLUS = "+"
    PLUS_PLUS = "++"


VALUES: Final[Mapping[Level, float]] = {
    Level.REFUSE: -1.0,
    Level.MINUS: -0.5,
    Level.NEUTRAL: 0.0,
    Level.PLUS: 0.5,
    Level.PLUS_PLUS: 1.0,
}
"""What share of the bids' weight each level moves a score by."""

_WORDS: Final[Mapping[str, Mapping[str, Level]]] = {
    "openreview": {
        "very high": Level.PLUS_PLUS,
        "high": Level.PLUS,
        "neutral": Level.NEUTRAL,
        "low": Level.MINUS,
        "very low": Level.MINUS,
        "i want to review": Level.PLUS_PLUS,
        "i can review": Level.PLUS,
        "i can probably review but am not an expert": Level.NEUTRAL,
        "i cannot review": Level.REFUSE,
    },
    "cmt": {
        "eager": Level.PLUS_PLUS,
        "willing": Level.PLUS,
        "in a pinch": Level.MINUS,
        "not willing": Level.REFUSE,
        "3": Level.PLUS_PLUS,
        "2": Level.PLUS,
        "1": Level.MINUS,
        "0": Level.REFUSE,
    },
    "easychair": {
        "yes": Level.PLUS_PLUS,
        "maybe": Level.PLUS,
        "no": Level.REFUSE,
        "conflict": Level.REFUSE,
    },
    "signs": {
        "++": Level.PLUS_PLUS,
        "+": Level.PLUS,
        "0": Level.NEUTRAL,
        "neutral": Level.NEUTRAL,
        "-": Level.MINUS,
        "−": Level.MINUS,
        "refuse": Level.REFUSE,
    },
}
_HOTCRP: Final = re.compile(r"([+-]?\d+)\s*([XYZ])?\Z", re.IGNORECASE)
_HOTCRP_REFUSES: Final = -100
_HOTCRP_MUCH: Final = 10
"""HotCRP counts −100 and below as a conflict, and its own examples use −20 to 20."""

_NO_BID: Final = frozenset({"", "no bid", "none", "no response"})

SCALES: Final = (*_WORDS, "hotcrp")


@dataclass(frozen=True, slots=True)
class Wish:
    """A bid as understood.

    Args:
        level: what it means.
        word: as written.
        expertise: X (expert), Y (knowledgeable) or Z (little) where HotCRP's bid says so; shown, not counted.
    """

    level: Level
    word: str
    expertise: str = ""


def read_bids(bids: Iterable[Bid], scale: str) -> dict[tuple[SubmissionId, PersonId], Wish]:
    """Read bids in a system's scale; those that say "no bid" are left out.

    Args:
        bids: as written.
        scale: one of `SCALES`, or `auto`: the one scale that knows all of them.

    Raises:
        DataError: a bid is not of the scale; or under `auto` no scale knows all bids, or several do and disagree.
    """
    given = [bid for bid in bids if bid.bid.strip().casefold() not in _NO_BID]
    words = sorted({bid.bid.strip() for bid in given})
    if scale == "auto":
        scale = _guess(words)
    wishes = {word: _wish(scale, word) for word in words}
    for bid in given:
        if wishes[bid.bid.strip()] is None:
            raise DataError(
                f"the bid '{bid.bid}' of '{bid.reviewer_id}' on '{bid.submission_id}' is not of the scale {scale}"
                f"{did_you_mean(bid.bid, _WORDS.get(scale, ()))}",
                file="bids",
                field="bid",
                remedy=f"allowed are {_allowed(scale)}",
            )
    understood = {(bid.submission_id, bid.reviewer_id): wishes[bid.bid.strip()] for bid in given}
    return {pair: wish for pair, wish in understood.items() if wish is not None}


def strange_bids(bids: Iterable[Bid], scale: str) -> tuple[str, tuple[Bid, ...]]:
    """The bids that keep all of them from being read.

    Args:
        bids: as written.
        scale: one of `SCALES`, or `auto`: then the scale that knows most of the different words is meant.

    Returns:
        The scale, and the bids that are not of it, in their order.
    """
    given = [bid for bid in bids if bid.bid.strip().casefold() not in _NO_BID]
    words = sorted({bid.bid.strip() for bid in given})
    if scale == "auto":
        scale = _nearest(words)
    return scale, tuple(bid for bid in given if _wish(scale, bid.bid.strip()) is None)


def _nearest(words: Iterable[str]) -> str:
    """The scale that knows most of some words; the first of several."""
    words = list(words)
    return max(SCALES, key=lambda scale: sum(_wish(scale, word) is not None for word in words))


def _allowed(scale: str) -> str:
    return "whole numbers, perhaps with X, Y or Z" if scale == "hotcrp" else ", ".join(_WORDS[scale])


def _wish(scale: str, word: str) -> Wish | None:
    if scale != "hotcrp":
        level = _WORDS[scale].get(word.casefold())
        return None if level is None else Wish(level, word)
    found = _HOTCRP.match(word)
    if found is None:
        return None
    number = int(found[1])
    if number <= _HOTCRP_REFUSES:
        level = Level.REFUSE
    elif number < 0:
        level = Level.MINUS
    elif number == 0:
        level = Level.NEUTRAL
    else:
        level = Level.PLUS if number < _HOTCRP_MUCH else Level.PLUS_PLUS
    return Wish(level, word, (found[2] or "").upper())


def _guess(words: list[str]) -> str:
    fitting: dict[tuple[Wish | None, ...], str] = {}
    for scale in SCALES:
        meant = tuple(_wish(scale, word) for word in words)
        if None not in meant:
            fitting.setdefault(meant, scale)
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    listed = ", ".join(f"'{word}'" for word in words[:8])
    if not fitting:
        nearest = _nearest(words)
        strange = next(word for word in words if _wish(nearest, word) is None)
        raise DataError(
            f"no scale knows all of the bids {listed}; the one of {nearest} knows most, but not '{strange}'",
            file="bids",
            field="bid",
            remedy="correct it (matcher check names every line), or set bid_scale in [bids] of match.toml; known "
            f"scales: {', '.join(SCALES)}",
        )
    raise DataError(
        f"the bids {listed} mean different things in the scales {', '.join(fitting.values())}",
        file="bids",
        remedy="set bid_scale in [bids] of match.toml",
    )


# --- from bids to scores --------------------------------------------------------------------------------------------


def refused_pairs(venue: Venue, config: MatchConfig) -> tuple[tuple[SubmissionId, PersonId], ...]:
    """The pairs that a bid vetoes, sorted; none when refusals only lower the score or bids are off."""
    if config.bids == "off" or config.refused_bids != "veto":
        return ()
    wishes = read_bids(venue.bids, config.bid_scale)
    return tuple(sorted(pair for pair, wish in wishes.items() if wish.level is Level.REFUSE))


def apply_wishes(scores: ScoreMatrix, venue: Venue, config: MatchConfig) -> ScoreMatrix:
    """Add bids and recommendations to scores from text; who is not scored stays not scored.

    Args:
        scores: (S, R) from text.
        venue: bids, recommendations.
        config: how they combine, and the most that each may move a score.

    Returns:
        Scores in [0, 1]; `raw` and, when there is nothing to add, all else as they were.

    Raises:
        DataError: a bid cannot be read.
    """
    moved = _moves(scores, venue, config)
    strength = _recommended(scores, venue)
    if moved is None and strength is None:
        return scores
    values, method = scores.values, scores.method
    if moved is not None:
        values = _combine(values, moved, config)
        method += f", bids {config.bids} (weight {config.bid_weight:g})"
    if strength is not None:
        values = _clipped(values + np.float32(config.recommendation_weight) * strength)
        method += f", recommendations (weight {config.recommendation_weight:g})"
    return replace(scores, values=values, method=method)


def _moves(scores: ScoreMatrix, venue: Venue, config: MatchConfig) -> Floats | None:
    """(S, R) what each pair's bid, or its lack, moves the score by, in shares of the weight."""
    if config.bids == "off" or not venue.bids:
        return None
    wishes = read_bids(venue.bids, config.bid_scale)
    moved = np.zeros(scores.values.shape, dtype=np.float32)
    moved[:, sorted({scores.reviewers.position(reviewer) for _, reviewer in wishes})] = config.no_bid
    for (submission, reviewer), wish in wishes.items():
        if submission in scores.submissions:
            moved[scores.submissions.position(submission), scores.reviewers.position(reviewer)] = VALUES[wish.level]
    return moved


def _recommended(scores: ScoreMatrix, venue: Venue) -> Floats | None:
    """(S, R) strength of recommendations, capped at 1 for each pair."""
    if not venue.recommendations:
        return None
    strength = np.zeros(scores.values.shape, dtype=np.float32)
    for each in venue.recommendations:
        if each.submission_id in scores.submissions:
            place = scores.submissions.position(each.submission_id), scores.reviewers.position(each.reviewer_id)
            strength[place] = min(1.0, float(strength[place]) + each.weight)
    return strength


def _combine(values: Floats, moved: Floats, config: MatchConfig) -> Floats:
    """The named combination; no score moves by more than the weight."""
    weight = np.float32(config.bid_weight)
    if config.bids == "additive":
        return _clipped(values + weight * moved)
    if config.bids == "multiplicative":
        return _clipped(values * (1 + weight * moved))
    raised = np.where(moved > 0, np.maximum(values, weight * moved), values)
    lowered: Floats = np.where(moved < 0, np.minimum(values, 1 + weight * moved), raised)
    return lowered


def _clipped(values: Floats) -> Floats:
    clipped: Floats = np.clip(values, 0, 1).astype(np.float32, copy=False)
    return clipped


def wish_parts(
    scores: ScoreMatrix, venue: Venue, config: MatchConfig, submission_id: str, reviewer_id: str, text_score: float
) -> Iterator[EvidencePaper]:
    """What bid and recommendation add to one score, in the words of an explanation.

    Args:
        scores: (S, R) with bids and recommendations.
        venue: bids, recommendations.
        config: how they combine.
        submission_id: an active submission.
        reviewer_id: a reviewer.
        text_score: the pair's score from text alone.
    """
    final = scores.value(submission_id, reviewer_id)
    if final is None:
        return
    after = text_score
    bids = [bid for bid in venue.bids if bid.reviewer_id == reviewer_id]
    if config.bids != "off" and bids:
        wishes = read_bids(venue.bids, config.bid_scale)
        wish = wishes.get((SubmissionId(submission_id), PersonId(reviewer_id)))
        share = VALUES[wish.level] if wish else config.no_bid if any(who == reviewer_id for _, who in wishes) else 0.0
        moved = _combine(np.array([after], dtype=np.float32), np.array([share], dtype=np.float32), config)
        after = float(moved[0])
        yield EvidencePaper(None, _say_bid(wish, config), None, after - text_score)
    by = [
        each
        for each in venue.recommendations
        if each.submission_id == submission_id and each.reviewer_id == reviewer_id
    ]
    if by:
        names = ", ".join(each.by for each in by if each.by)
        yield EvidencePaper(None, f"recommended{f' by {names}' if names else ''}", None, final - after)


def _say_bid(wish: Wish | None, config: MatchConfig) -> str:
    if wish is None:
        return f"no bid on this, though on others ({config.bids})"
    skill = {"X": ", expert", "Y": ", knowledgeable", "Z": ", little expertise"}.get(wish.expertise, "")
    return f"bid {wish.level}, written '{wish.word}'{skill} ({config.bids})"
