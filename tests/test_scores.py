"""Scores against a second computation with plain loops, and the properties that they promise."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher import scores as scores_module
from matcher.config import MatchConfig
from matcher.errors import UnknownNameError
from matcher.records import (
    EncoderInfo,
    Floats,
    Index,
    Paper,
    PaperId,
    Person,
    PersonId,
    Profiles,
    Reviewer,
    ScoreMatrix,
    Submission,
    SubmissionId,
    Venue,
)
from matcher.scores import best_reviewers, score, score_parts

BACKGROUNDS = (0.1, 0.2, 0.3)
TAIL = 0.04
AGGREGATIONS = (
    MatchConfig(aggregation="top_k", top_k=3, thin_profile=3),
    MatchConfig(aggregation="top_k", top_k=2, thin_profile=0),
    MatchConfig(aggregation="max", thin_profile=0),
    MatchConfig(aggregation="mean", thin_profile=2),
    MatchConfig(aggregation="best_share", best_share=0.25, thin_profile=0),
    MatchConfig(aggregation="top_k", top_k=9, thin_profile=11, length_correction=1.5),
    MatchConfig(aggregation="top_k", top_k=9, thin_profile=11, paper_decay=1),
    MatchConfig(aggregation="top_k", top_k=3, length_correction=0.0),
    MatchConfig(aggregation="top_k", top_k=4, thin_profile=0, paper_decay=1),
)


def _profiles(sizes: list[int], *, submissions: int = 4, seed: int = 0, weights: bool = False) -> Profiles:
    """Random unit vectors; every paper and submission has an abstract or not by chance."""
    rng = np.random.default_rng(seed)
    papers = max(1, sum(sizes))

    def unit(rows: int) -> Floats:
        vectors = np.abs(rng.standard_normal((rows, 5)))
        unit_rows: Floats = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        return unit_rows

    return Profiles(
        reviewers=Index(PersonId(f"r{place}") for place in range(len(sizes))),
        papers=Index(PaperId(f"p{place:03d}") for place in range(papers)),
        submissions=Index(SubmissionId(f"s{place}") for place in range(submissions)),
        vectors=unit(papers),
        submission_vectors=unit(submissions),
        abstracts=rng.random(papers) < 0.5,
        submission_abstracts=rng.random(submissions) < 0.5,
        rows=rng.permutation(papers)[: sum(sizes)],
        spans=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        weights=rng.uniform(0.2, 1, sum(sizes)).astype(np.float32) if weights else np.ones(sum(sizes), np.float32),
        encoder=EncoderInfo("given", "", "0" * 64, 5, BACKGROUNDS, TAIL),
    )


def _venue(profiles: Profiles) -> Venue:
    return Venue.of(
        papers=[Paper(name, f"Title of {name}") for name in profiles.papers],
        people=[Person(name, (name,)) for name in profiles.reviewers],
        reviewers=[Reviewer(name) for name in profiles.reviewers],
        submissions=[Submission(name, name) for name in profiles.submissions],
    )


def _by_loops(profiles: Profiles, config: MatchConfig, row: int, column: int) -> float:
    """The published score of one pair, written from the documentation without arrays."""
    assert isinstance(profiles.vectors, np.ndarray)
    assert isinstance(profiles.submission_vectors, np.ndarray)
    excesses = []
    for place in range(int(profiles.spans[column]), int(profiles.spans[column + 1])):
        paper = int(profiles.rows[place])
        cosine = sum(
            float(a) * float(b) for a, b in zip(profiles.submission_vectors[row], profiles.vectors[paper], strict=True)
        )
        kinds = int(profiles.submission_abstracts[row]) + int(profiles.abstracts[paper])
        excesses.append(float(profiles.weights[place]) * (cosine - BACKGROUNDS[kinds]))
    if not excesses:
        return math.nan
    papers = len(excesses)
    excesses += [0.0] * (config.thin_profile - len(excesses))
    excesses.sort(reverse=True)
    counted = {
        "top_k": config.top_k,
        "max": 1,
        "mean": len(excesses),
        "best_share": math.ceil(config.best_share * len(excesses)),
    }[config.aggregation]
    best = excesses[:counted]
    weights = [config.paper_decay**place if config.aggregation == "top_k" else 1.0 for place in range(len(best))]
    mean = sum(weight * value for weight, value in zip(weights, best, strict=True)) / sum(weights)
    chance = 0.0 if config.aggregation == "mean" else config.length_correction * max(papers, 3) / (max(papers, 3) + 6)
    tails = mean / TAIL - chance
    return 1 - math.exp(-math.log(1 + math.exp(tails)) / 8)


@pytest.mark.parametrize("config", AGGREGATIONS, ids=lambda config: f"{config.aggregation}-{config.thin_profile}")
@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("few", [0, 64])
def test_scores_equal_a_computation_by_loops(
    config: MatchConfig, weights: bool, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores_module, "_FEW_SUBMISSIONS", few)
    profiles = _profiles([1, 2, 0, 3, 3, 7, 12], weights=weights)
    matrix = score(profiles, config)
    for row in range(4):
        for column in range(7):
            assert matrix.values[row, column] == pytest.approx(
                _by_loops(profiles, config, row, column), abs=2e-6, nan_ok=True
            )


@pytest.mark.parametrize("config", AGGREGATIONS, ids=lambda config: f"{config.aggregation}-{config.thin_profile}")
def test_parts_sum_to_the_score_and_name_papers_of_the_reviewer(config: MatchConfig) -> None:
    profiles = _profiles([1, 2, 0, 3, 7], seed=3, weights=True)
    venue, matrix = _venue(profiles), score(profiles, config)
    for row, submission in enumerate(profiles.submissions):
        for column, reviewer in enumerate(profiles.reviewers):
            parts = score_parts(profiles, config, venue, submission, reviewer)
            if column == 2:
                assert parts == ()
                continue
            assert sum(part.contribution for part in parts) == pytest.approx(
                float(matrix.values[row, column]), abs=2e-6
            )
            owned = profiles.rows[profiles.spans[column] : profiles.spans[column + 1]]
            named = {part.paper_id for part in parts if part.paper_id is not None}
            assert named <= {profiles.papers.ids[int(place)] for place in owned}


def test_a_reviewer_without_papers_is_not_scored_rather_than_zero() -> None:
    matrix = score(_profiles([2, 0]), MatchConfig())
    assert np.isnan(matrix.values[:, 1]).all()
    assert not np.isnan(matrix.values[:, 0]).any()
    assert matrix.value("s0", "r1") is None


def test_the_same_text_scores_near_one_and_an_unrelated_one_at_the_level_of_chance() -> None:
    same = np.eye(5, dtype=np.float32)[:1]
    other = np.array([[0.3, math.sqrt(1 - 0.09), 0, 0, 0]], dtype=np.float32)  # cosine 0.3, the background
    for vectors, expected in ((same, 0.8878), (other, 0.0830)):
        profiles = Profiles(
            reviewers=Index([PersonId("r")]),
            papers=Index([PaperId("p")]),
            submissions=Index([SubmissionId("s")]),
            vectors=vectors,
            submission_vectors=same,
            abstracts=np.array([True]),
            submission_abstracts=np.array([True]),
            rows=np.array([0]),
            spans=np.array([0, 1]),
            weights=np.ones(1, np.float32),
            encoder=EncoderInfo("given", "", "0" * 64, 5, BACKGROUNDS, TAIL),
        )
        matrix = score(profiles, MatchConfig(thin_profile=0, length_correction=0.0))
        assert float(matrix.values[0, 0]) == pytest.approx(expected, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_without_the_correction_deleting_papers_never_pays(size: int, seed: int) -> None:
    config = MatchConfig(length_correction=0.0)
    whole = _profiles([size], seed=seed)
    full = score(whole, config).values
    for kept in range(size):
        part = Profiles(
            reviewers=whole.reviewers,
            papers=whole.papers,
            submissions=whole.submissions,
            vectors=whole.vectors,
            submission_vectors=whole.submission_vectors,
            abstracts=whole.abstracts,
            submission_abstracts=whole.submission_abstracts,
            rows=whole.rows[kept : kept + 1],
            spans=np.array([0, 1]),
            weights=whole.weights[:1],
            encoder=whole.encoder,
        )
        assert (score(part, config).values <= full + 1e-6).all()


def raw_of(matrix: ScoreMatrix) -> Floats:
    assert matrix.raw is not None
    return matrix.raw


def test_of_very_many_pairs_only_published_scores_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = _profiles([1, 0, 2, 9], submissions=7)
    both = score(profiles, MatchConfig())
    monkeypatch.setattr(scores_module, "_KEPT_RAW", 27)
    alone = score(profiles, MatchConfig())
    assert alone.raw is None
    np.testing.assert_array_equal(alone.values, both.values)
    some, of_both = alone.some([5, 0]), both.some([5, 0])
    assert (some.submissions.ids, some.raw) == (of_both.submissions.ids, None)
    np.testing.assert_array_equal(raw_of(of_both), raw_of(both)[[5, 0]])


def test_the_published_map_is_the_formula_and_never_overflows() -> None:
    encoder = _profiles([3], submissions=1).encoder
    raw = np.array([[-1.0, encoder.background, 0.9, 1.0, np.nan]], dtype=np.float32)
    for tail in (encoder.tail, 1e-4):
        made = replace(_profiles([3], submissions=1), encoder=replace(encoder, tail=tail))
        found = scores_module._publish(raw, made)[0]
        for value, published in zip(raw[0].tolist()[:4], found.tolist(), strict=False):
            tails = (value - encoder.background) / tail
            softplus = max(tails, 0.0) + math.log1p(math.exp(-abs(tails)))
            allowed = 2e-7 / tail  # a rounded difference, in tails
            assert published == pytest.approx(-math.expm1(-softplus / 8), abs=allowed)
        assert np.isnan(found[4])


@pytest.mark.parametrize("counted", [1, 2, 3, 5, 8])
def test_the_best_few_are_those_of_a_sort(counted: int) -> None:
    excess = np.random.default_rng(counted).standard_normal((70, 9, 4)).astype(np.float32)
    for missing in range(min(counted, 3)):
        filled = np.concatenate([excess[:, :9], np.zeros((70, missing, 4), dtype=np.float32)], axis=1)
        best = np.sort(filled, axis=1)[:, ::-1][:, :counted]
        shares = np.arange(counted, 0, -1, dtype=np.float32)
        wanted = np.einsum("bck,c->bk", best, shares)
        np.testing.assert_allclose(scores_module._best_of(excess, shares, missing), wanted, atol=1e-4)


@given(st.integers(1, 8), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_the_top_of_a_row_holds_everybody_who_ties_with_its_last(count: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 4, (5, 7)).astype(np.float32)
    found = scores_module._top(values, count)
    for row, columns in zip(values, found, strict=True):
        least = np.sort(row)[::-1][min(count, 7) - 1]
        assert len(set(columns.tolist())) == len(columns)
        assert set(np.flatnonzero(row >= least).tolist()) <= set(columns.tolist())


def test_blocks_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = _profiles([1, 4, 2, 9], submissions=7)
    at_once = score(profiles, MatchConfig())
    monkeypatch.setattr(scores_module, "_FEW_SUBMISSIONS", 0)
    monkeypatch.setattr(scores_module, "_BLOCK_PAPERS", 1)
    monkeypatch.setattr(scores_module, "_BLOCK_SUBMISSIONS", 2)
    told: list[tuple[str, int, int]] = []
    one_by_one = score(profiles, MatchConfig(), progress=lambda *args: told.append(args))
    assert np.allclose(raw_of(at_once), raw_of(one_by_one), atol=1e-6)
    np.testing.assert_allclose(at_once.values, one_by_one.values, atol=1e-6)
    assert told == [("score", done, 4) for done in (0, 1, 2, 3, 4)]


def test_the_published_map_is_monotone_and_raw_scores_are_kept() -> None:
    matrix = score(_profiles([3, 4, 5, 6], submissions=30), MatchConfig())
    order = np.argsort(raw_of(matrix).ravel())
    assert (np.diff(matrix.values.ravel()[order]) >= 0).all()
    assert matrix.values.min() >= 0
    assert matrix.values.max() <= 1
    with pytest.raises(ValueError, match="read-only"):
        matrix.values[0, 0] = 1


def test_an_unknown_aggregation_is_refused() -> None:
    config = MatchConfig()
    object.__setattr__(config, "aggregation", "median")
    with pytest.raises(UnknownNameError, match="unknown aggregation 'median'"):
        score(_profiles([1]), config)


@pytest.mark.parametrize("count", [1, 3, 50])
def test_the_best_reviewers_are_those_of_the_whole_matrix(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores_module, "_BLOCK_PAPERS", 8)
    monkeypatch.setattr(scores_module, "_BLOCK_SUBMISSIONS", 3)
    profiles = _profiles([3, 0, 4, 1, 5, 4, 2, 9], submissions=7)
    values = score(profiles, MatchConfig()).values
    columns, found = best_reviewers(profiles, MatchConfig(), count)
    assert columns.shape == found.shape == (7, min(count, 7))
    for row in range(7):
        expected = np.argsort(-values[row], kind="stable")[: min(count, 7)]  # NaN comes last
        np.testing.assert_array_equal(columns[row], expected)
        np.testing.assert_allclose(found[row], values[row, expected], atol=1e-6)


def test_there_are_no_best_reviewers_where_nobody_has_papers() -> None:
    columns, found = best_reviewers(_profiles([0, 0], submissions=2), MatchConfig(), 5)
    assert columns.shape == found.shape == (2, 0)


@pytest.mark.parametrize("kept", [1, 2, 3, 4, 8, 20])
def test_what_deleting_papers_brings_is_bounded_by_the_correction(kept: int) -> None:
    """Without the correction it brings nothing; with it no more than the difference of the two corrections."""
    plain, corrected = MatchConfig(length_correction=0.0), MatchConfig()
    draws = np.sort(np.random.default_rng(0).exponential(TAIL, (300, 40)).astype(np.float32), axis=1)[:, ::-1]

    def excess(config: MatchConfig, size: int) -> Floats:
        off = np.float32(scores_module._chance(size, config) * TAIL)
        return scores_module._aggregate(np.ascontiguousarray(draws[:, :size]), size, config)[:, 0] - off

    assert (excess(plain, kept) <= excess(plain, 40) + 1e-6).all()
    most = corrected.length_correction * TAIL * (40 / 46 - max(kept, 3) / (max(kept, 3) + 6))
    assert (excess(corrected, kept) <= excess(corrected, 40) + most + 1e-6).all()


def test_a_long_profile_pays_for_its_length_and_the_parts_say_so() -> None:
    profiles = _profiles([12, 3], seed=5)
    venue = _venue(profiles)
    corrected, plain = MatchConfig(), MatchConfig(length_correction=0.0)
    lost = (raw_of(score(profiles, plain)) - raw_of(score(profiles, corrected))) / TAIL
    np.testing.assert_allclose(lost, np.tile([3.1 * 12 / 18, 3.1 * 3 / 9], (4, 1)), atol=1e-4)
    long = score_parts(profiles, corrected, venue, "s0", "r0")
    assert [part.title for part in long[4:]] == [
        "of 12 papers some come near by chance",
        "the level of unrelated papers",
    ]
    thin = score_parts(profiles, corrected, venue, "s0", "r1")
    assert thin[3].title == "1 paper missing from a thin profile counts as background"


def test_a_score_at_the_level_of_chance_is_explained_by_that_level() -> None:
    same = np.eye(2, dtype=np.float32)[:1]
    profiles = Profiles(
        reviewers=Index([PersonId("r0")]),
        papers=Index([PaperId("p000")]),
        submissions=Index([SubmissionId("s0")]),
        vectors=np.array([[0.3, math.sqrt(1 - 0.09)]], dtype=np.float32),
        submission_vectors=same,
        abstracts=np.array([True]),
        submission_abstracts=np.array([True]),
        rows=np.array([0]),
        spans=np.array([0, 1]),
        weights=np.ones(1, np.float32),
        encoder=EncoderInfo("given", "", "0" * 64, 2, BACKGROUNDS, TAIL),
    )
    parts = score_parts(profiles, MatchConfig(thin_profile=0, length_correction=0.0), _venue(profiles), "s0", "r0")
    assert [part.contribution for part in parts] == pytest.approx([0, 0.0830], abs=1e-4)
