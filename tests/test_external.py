"""Scores of other systems: their scale, how they join ours, and that explanations add up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher import MatchConfig, load_venue, match
from matcher.errors import ConfigError, DataError
from matcher.external import external_parts, join_external, mapped_scores
from matcher.records import (
    EvidencePaper,
    ExternalScore,
    Index,
    PersonId,
    Reviewer,
    ScoreMatrix,
    Submission,
    SubmissionId,
    Venue,
)
from matcher.records import Person as PersonRecord

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
NAN = float("nan")


def venue_of(*rows: tuple[str, str, float, str]) -> Venue:
    return Venue.of(
        people=[PersonRecord(PersonId(name), (name,)) for name in "abc"],
        reviewers=[Reviewer(PersonId(name)) for name in "abc"],
        submissions=[
            Submission(SubmissionId("s"), "S"),
            Submission(SubmissionId("t"), "T"),
            Submission(SubmissionId("w"), "W", status="withdrawn"),
        ],
        external_scores=[ExternalScore(SubmissionId(s), PersonId(r), score, by) for s, r, score, by in rows],
    )


def matrix() -> ScoreMatrix:
    values = np.array([[0.2, 0.4, NAN], [0.6, 0.8, NAN]], dtype=np.float32)
    return ScoreMatrix(
        submissions=Index([SubmissionId("s"), SubmissionId("t")]),
        reviewers=Index([PersonId("a"), PersonId("b"), PersonId("c")]),
        values=values,
        raw=values.copy(),
        method="text",
    )


ROWS = (("s", "a", 0.9, "tpms"), ("t", "c", 0.3, "tpms"), ("w", "a", 0.5, "tpms"))


@pytest.mark.parametrize(
    ("choice", "weight", "expected"),
    [
        ("mean", 0.5, [[0.55, 0.4, NAN], [0.6, 0.8, 0.3]]),
        ("mean", 0.0, [[0.2, 0.4, NAN], [0.6, 0.8, 0.3]]),
        ("mean", 1.0, [[0.9, 0.4, NAN], [0.6, 0.8, 0.3]]),
        ("replace", 0.5, [[0.9, NAN, NAN], [NAN, NAN, 0.3]]),
        ("fill", 0.5, [[0.2, 0.4, NAN], [0.6, 0.8, 0.3]]),
        ("off", 0.5, [[0.2, 0.4, NAN], [0.6, 0.8, NAN]]),
    ],
)
def test_the_four_ways_to_join(choice: str, weight: float, expected: list[list[float]]) -> None:
    before = matrix()
    config = MatchConfig(external_scores=choice, external_weight=weight)
    joined = join_external(before, venue_of(*ROWS), config)
    np.testing.assert_allclose(joined.values, np.array(expected), rtol=1e-6)
    np.testing.assert_array_equal(before.values, matrix().values)
    np.testing.assert_array_equal(joined.raw, before.raw)
    assert ("tpms" in joined.method) == (choice != "off")


def test_a_venue_without_them_keeps_its_scores() -> None:
    scores = matrix()
    assert join_external(scores, venue_of(), MatchConfig()) is scores


def test_the_ends_of_the_range_are_0_and_1_and_systems_are_averaged() -> None:
    venue = venue_of(("s", "a", -2.0, "one"), ("s", "b", 2.0, "one"), ("s", "a", 1.0, "two"), ("t", "a", 1.0, ""))
    config = MatchConfig(external_low=-2, external_high=2, external_weight=1)
    assert mapped_scores(venue, config) == {
        ("s", "a"): {"one": 0.0, "two": 0.75},
        ("s", "b"): {"one": 1.0},
        ("t", "a"): {"another system": 0.75},
    }
    np.testing.assert_allclose(join_external(matrix(), venue, config).values[0, :2], [0.375, 1.0])


def test_a_value_outside_the_range_names_the_pair_and_the_way_out() -> None:
    with pytest.raises(
        DataError, match=r"1 of 2 scores of tpms lie outside 0 to 1, the first is 7 for 'b' on 's'"
    ) as told:
        mapped_scores(venue_of(("s", "a", 0.5, "tpms"), ("s", "b", 7.0, "tpms")), MatchConfig())
    assert "between 0.5 and 7" in str(told.value)
    with pytest.raises(ConfigError, match="less than external_high"):
        mapped_scores(venue_of(("s", "a", 0.5, "tpms")), MatchConfig(external_low=1))


def test_ranks_are_shares_of_the_systems_own_values() -> None:
    rows = [("s", "a", 10.0, "x"), ("s", "b", 30.0, "x"), ("s", "c", 30.0, "x"), ("t", "a", 99.0, "x")]
    found = mapped_scores(venue_of(*rows), MatchConfig(external_scale="rank"))
    # below plus half of the equal ones, by hand
    assert [found[SubmissionId(s), PersonId(r)]["x"] for s, r, _, _ in rows] == [0.125, 0.5, 0.5, 0.875]


def test_parts_add_up_to_the_joined_score() -> None:
    venue, scores = venue_of(*ROWS), matrix()
    text = {("s", "a"): 0.2, ("s", "b"): 0.4, ("t", "c"): NAN}
    for choice in ("mean", "replace", "fill", "off"):
        config = MatchConfig(external_scores=choice)
        joined, mapped = join_external(scores, venue, config), mapped_scores(venue, config)
        for (submission, reviewer), own in text.items():
            parts = () if np.isnan(own) else (EvidencePaper(None, "text", None, own),)
            told = (*parts, *external_parts(parts, mapped, config, submission, reviewer))
            final = joined.value(submission, reviewer)
            assert sum(part.contribution for part in told) == pytest.approx(final or 0.0)


def test_a_match_uses_them_says_so_and_keeps_them_in_its_folder(tmp_path: Path) -> None:
    venue = load_venue(SAMPLE)
    plain = match(venue, MatchConfig(encoder="tfidf"))
    pair = plain.assignment.pairs[0]
    given = ExternalScore(pair.submission_id, pair.reviewer_id, 1.0, "tpms")
    result = match(replace(venue, external_scores=(given,)), MatchConfig(encoder="tfidf"))
    before, after = plain.scores.value(*_ids(pair)), result.scores.value(*_ids(pair))
    assert before is not None
    assert after == pytest.approx((before + 1) / 2)
    told = result.explain(*_ids(pair))
    assert "scored 1.000 by tpms (mean)" in [part.title for part in told.evidence]
    assert sum(part.contribution for part in told.evidence) == pytest.approx(after, abs=1e-6)
    result.save(tmp_path / "run")
    loaded = type(result).load(tmp_path / "run")
    assert loaded.venue.external_scores == (given,)
    assert "scores of tpms by range, mean (weight 0.5)" in loaded.scores.method


def _ids(pair: Any) -> tuple[str, str]:
    return pair.submission_id, pair.reviewer_id


def test_a_folder_holds_them_as_a_table(tmp_path: Path) -> None:
    for name in ("venue.toml", "reviewers.jsonl", "publications.jsonl", "submissions.jsonl"):
        (tmp_path / name).write_bytes((SAMPLE / name).read_bytes())
    lines = "submission_id,reviewer_id,score,source\nalphapruning,li-li,0.5,tpms\nalphapruning,li-li,0.25,other\n"
    (tmp_path / "scores.csv").write_text(lines, encoding="utf-8")
    held = load_venue(tmp_path).external_scores
    assert [(one.score, one.source) for one in held] == [(0.25, "other"), (0.5, "tpms")]
    assert load_venue(tmp_path).digest != load_venue(SAMPLE).digest
