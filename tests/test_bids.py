"""Bids of several systems, what they do to scores, and vetoes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher import MatchConfig, match
from matcher.assignment import build_limits
from matcher.bids import VALUES, apply_wishes, read_bids, refused_pairs
from matcher.errors import DataError
from matcher.records import (
    Bid,
    Conflicts,
    Index,
    PairStatus,
    Person,
    PersonId,
    Recommendation,
    Reviewer,
    ScoreMatrix,
    Submission,
    SubmissionId,
    Venue,
)
from tests.worlds import two_fields

S, R = [SubmissionId("s0"), SubmissionId("s1")], [PersonId(name) for name in ("r0", "r1", "r2")]


def venue(bids: dict[tuple[int, int], str], recommended: tuple[Recommendation, ...] = ()) -> Venue:
    return Venue.of(
        people=[Person(name, (f"Person {name}",)) for name in R],
        reviewers=[Reviewer(name) for name in R],
        submissions=[Submission(name, f"Title {name}") for name in S],
        bids=[Bid(S[row], R[column], word) for (row, column), word in bids.items()],
        recommendations=recommended,
    )


def matrix(values: list[list[float]]) -> ScoreMatrix:
    array = np.array(values, dtype=np.float32)
    return ScoreMatrix(Index(S), Index(R), array, array, "text")


HALF = [[0.5, 0.5, np.nan], [0.5, 0.5, np.nan]]


@pytest.mark.parametrize(
    ("words", "levels"),
    [
        (("Very High", "high", "Neutral", "LOW", "Very Low"), ("++", "+", "neutral", "−", "−")),
        (("I want to review", "I cannot review"), ("++", "refuse")),
        (("Eager", "Willing", "In a pinch", "Not willing"), ("++", "+", "−", "refuse")),
        (("yes", "maybe", "no"), ("++", "+", "refuse")),
        (("++", "+", "0", "-", "refuse"), ("++", "+", "neutral", "−", "refuse")),
        (("20", "10X", "9", "-1", "-100"), ("++", "++", "+", "−", "refuse")),
        (("5Y", "0"), ("+", "neutral")),
    ],
)
def test_each_systems_words_are_known_without_naming_the_system(
    words: tuple[str, ...], levels: tuple[str, ...]
) -> None:
    bids = [Bid(SubmissionId(f"s{place}"), R[0], word) for place, word in enumerate(words)]
    wishes = read_bids(bids, "auto")
    assert tuple(str(wishes[bid.submission_id, R[0]].level) for bid in bids) == levels


def test_expertise_is_read_beside_the_number() -> None:
    assert read_bids([Bid(S[0], R[0], "7x")], "auto")[S[0], R[0]].expertise == "X"


@pytest.mark.parametrize("word", ["", "No bid", "none"])
def test_no_bid_is_no_bid(word: str) -> None:
    assert read_bids([Bid(S[0], R[0], word), Bid(S[1], R[0], "high")], "auto").keys() == {(S[1], R[0])}


@pytest.mark.parametrize(
    ("words", "scale", "message"),
    [
        (("1", "2"), "auto", "mean different things in the scales cmt, hotcrp"),
        (("yes", "eager"), "auto", "no scale knows all of the bids 'eager', 'yes'"),
        (("hihg", "low"), "openreview", "the bid 'hihg' of 'r0' on 's0' .*did you mean 'high'"),
        (("much", "1"), "hotcrp", "allowed are whole numbers, perhaps with X, Y or Z"),
    ],
)
def test_what_is_not_understood_is_refused(words: tuple[str, ...], scale: str, message: str) -> None:
    bids = [Bid(S[place], R[0], word) for place, word in enumerate(words)]
    with pytest.raises(DataError, match=message):
        read_bids(bids, scale)


def test_the_scale_decides_what_a_number_means() -> None:
    bids = [Bid(S[0], R[0], "1"), Bid(S[1], R[0], "0")]
    assert [str(wish.level) for wish in read_bids(bids, "cmt").values()] == ["−", "refuse"]
    assert [str(wish.level) for wish in read_bids(bids, "hotcrp").values()] == ["+", "neutral"]


@pytest.mark.parametrize(
    ("how", "liked", "disliked"), [("additive", 0.7, 0.4), ("multiplicative", 0.6, 0.45), ("floor", 0.5, 0.5)]
)
def test_the_named_combination_is_what_happens(how: str, liked: float, disliked: float) -> None:
    config = MatchConfig(bids=how, bid_weight=0.2, no_bid=0.0)
    got = apply_wishes(matrix(HALF), venue({(0, 0): "++", (1, 0): "-"}), config)
    assert got.values[:, 0] == pytest.approx([liked, disliked])
    assert got.values[:, 1] == pytest.approx([0.5, 0.5])
    assert np.isnan(got.values[:, 2]).all()
    assert got.method == f"text, bids {how} (weight 0.2)"


def test_a_floor_lifts_a_weak_score_and_a_ceiling_lowers_a_strong_one() -> None:
    config = MatchConfig(bids="floor", bid_weight=0.6)
    got = apply_wishes(matrix([[0.1, 0.9, 0.0], [0.8, 0.9, 0.0]]), venue({(0, 0): "++", (0, 1): "-"}), config)
    assert got.values[0] == pytest.approx([0.6, 0.7, 0.0])


def test_no_bid_is_not_neutral_but_only_of_those_who_bid() -> None:
    config = MatchConfig(bid_scale="signs", bid_weight=0.2, no_bid=-0.5)
    got = apply_wishes(matrix(HALF), venue({(0, 0): "0"}), config)
    assert got.values[:, 0] == pytest.approx([0.5, 0.4])  # neutral, and silence on the other
    assert got.values[:, 1] == pytest.approx([0.5, 0.5])  # never bid at all


@given(
    how=st.sampled_from(["additive", "multiplicative", "floor"]),
    weight=st.floats(0, 1),
    level=st.sampled_from(["++", "+", "0", "-", "refuse"]),
    text=st.floats(0, 1, width=32),
)
def test_no_bid_moves_a_score_out_of_bounds_or_the_wrong_way(how: str, weight: float, level: str, text: float) -> None:
    config = MatchConfig(bids=how, bid_scale="signs", bid_weight=weight)
    got = apply_wishes(matrix([[text, 0, 0], [0, 0, 0]]), venue({(0, 0): level}), config)
    moved = float(got.values[0, 0]) - np.float32(text)
    assert 0 <= got.values[0, 0] <= 1
    assert abs(moved) <= weight + 1e-6
    value = VALUES[read_bids([Bid(S[0], R[0], level)], "signs")[S[0], R[0]].level]
    assert moved * value >= -1e-6


def test_refusals_are_vetoes_unless_they_are_said_to_be_minus() -> None:
    refused = venue({(0, 0): "refuse", (1, 0): "+"})
    assert refused_pairs(refused, MatchConfig()) == ((S[0], R[0]),)
    config = MatchConfig(reviews_per_submission=1, max_load=3)
    limits = build_limits(refused, config, matrix([[0.5, 0.5, 0.5]] * 2), Conflicts(()))
    assert limits.status[:, 0].tolist() == [PairStatus.REFUSED, PairStatus.ELIGIBLE]
    for softer in (replace(config, refused_bids="minus"), replace(config, bids="off")):
        assert refused_pairs(refused, softer) == ()
    got = apply_wishes(matrix(HALF), refused, replace(config, refused_bids="minus", bid_weight=0.2))
    assert got.values[:, 0] == pytest.approx([0.3, 0.6])


def test_recommendations_are_capped_and_bids_can_be_off() -> None:
    twice = (Recommendation(S[0], R[0], "A", 3.0), Recommendation(S[0], R[0], "B", 5.0))
    half = Recommendation(S[1], R[0], "A", 0.5)
    config = MatchConfig(bids="off", recommendation_weight=0.1)
    got = apply_wishes(matrix(HALF), venue({(0, 1): "++"}, (*twice, half)), config)
    assert got.values[:, :2].tolist() == pytest.approx(np.array([[0.6, 0.5], [0.55, 0.5]]))
    assert got.method == "text, recommendations (weight 0.1)"
    same = matrix(HALF)
    assert apply_wishes(same, venue({}), config) is same


def test_a_bid_is_shown_where_the_score_is_explained() -> None:
    world = two_fields()
    plain = world.venue()
    bids = [
        Bid(SubmissionId("pruning-s0"), PersonId("pruning-r0"), "10Y"),
        Bid(SubmissionId("pruning-s1"), PersonId("pruning-r1"), "-5"),
    ]
    recommended = [Recommendation(SubmissionId("pruning-s0"), PersonId("pruning-r0"), "the area chair", 0.5)]
    told = Venue.of(
        papers=plain.papers,
        people=plain.people,
        reviewers=plain.reviewers,
        submissions=plain.submissions,
        bids=bids,
        recommendations=recommended,
        deadline=plain.deadline,
        defaults=plain.defaults,
    )
    result = match(told, MatchConfig(encoder="tfidf", bid_weight=0.1, recommendation_weight=0.05))
    first = result.explain("pruning-s0", "pruning-r0")
    titles = [part.title for part in first.evidence]
    assert "bid ++, written '10Y', knowledgeable (additive)" in titles
    assert "recommended by the area chair" in titles
    other = result.explain("pruning-s0", "pruning-r1")
    assert "no bid on this, though on others (additive)" in [part.title for part in other.evidence]
    for explained in (first, other, result.explain("pruning-s0", "pruning-r2")):
        assert explained.score == pytest.approx(sum(part.contribution for part in explained.evidence), abs=1e-6)
