"""Profiles: who owns which vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pytest

from matcher.config import MatchConfig
from matcher.errors import DataError
from matcher.profiles import build_profiles
from matcher.records import (
    EncoderInfo,
    Floats,
    Paper,
    PaperId,
    Person,
    PersonId,
    Progress,
    Reviewer,
    Submission,
    SubmissionId,
    Venue,
)


class LengthEncoder:
    """Encodes a text as its length, so that a test can read which text a row came from."""

    def __init__(self) -> None:
        self.fitted: list[str] = []

    @property
    def info(self) -> EncoderInfo:
        return EncoderInfo("length", "", "0" * 64, 1, (0.0, 0.0, 0.0))

    def fit(self, texts: Sequence[str]) -> Self:
        self.fitted = list(texts)
        return self

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        assert progress is None
        return np.array([[len(text)] for text in texts], dtype=np.float32)


def _venue(**changes: tuple[PaperId, ...]) -> Venue:
    owned = {"ann": (PaperId("b"), PaperId("a")), "bob": (PaperId("b"),), "cy": ()} | changes
    return Venue.of(
        papers=[Paper(PaperId("a"), "x" * 5), Paper(PaperId("b"), "y" * 6, "z" * 3), Paper(PaperId("c"), "nobody's")],
        people=[Person(PersonId(name), (name,)) for name in owned],
        reviewers=[Reviewer(PersonId(name), papers) for name, papers in owned.items()],
        submissions=[
            Submission(SubmissionId("s"), "t" * 9, "a"),
            Submission(SubmissionId("gone"), "t" * 50, status="withdrawn"),
        ],
    )


def test_each_reviewer_owns_the_rows_of_their_papers_and_shared_papers_stand_once() -> None:
    encoder = LengthEncoder()
    profiles = build_profiles(_venue(), encoder)
    assert profiles.papers.ids == ("a", "b")
    assert np.asarray(profiles.vectors).tolist() == [[5.0], [11.0]]
    assert profiles.spans.tolist() == [0, 2, 3, 3]
    assert profiles.rows.tolist() == [0, 1, 1]
    assert profiles.sizes().tolist() == [2, 1, 0]
    assert profiles.abstracts.tolist() == [False, True]
    assert profiles.submission_abstracts.tolist() == [True]
    assert encoder.fitted == ["x" * 5, "y" * 6 + ". zzz", "t" * 9 + ". a"]


def test_withdrawn_submissions_are_no_rows() -> None:
    profiles = build_profiles(_venue(), LengthEncoder())
    assert profiles.submissions.ids == ("s",)
    assert np.asarray(profiles.submission_vectors).tolist() == [[12.0]]


def test_a_venue_without_submissions_or_reviewers_is_refused() -> None:
    with pytest.raises(DataError, match="no active submission"):
        build_profiles(Venue.of(), LengthEncoder())
    with pytest.raises(DataError, match="no reviewer"):
        build_profiles(Venue.of(submissions=[Submission(SubmissionId("s"), "t")]), LengthEncoder())


def test_what_a_model_was_trained_with_stands_between_title_and_abstract_and_before_submissions() -> None:
    encoder = LengthEncoder()
    build_profiles(_venue(), encoder, MatchConfig(encoder="sentence", separator="[SEP]", submission_prompt="query: "))
    assert encoder.fitted == ["x" * 5, "y" * 6 + "[SEP]zzz", "query: " + "t" * 9 + "[SEP]a"]
