"""Full texts: chunks, their means, and the level that keeps reviewers with and without them comparable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from matcher.config import MatchConfig
from matcher.encoders.tfidf import TfidfEncoder
from matcher.full_text import CHUNK_WORDS, CHUNKS, blend, cut
from matcher.ingest import load_venue
from matcher.profiles import build_profiles
from matcher.records import (
    Doubles,
    Floats,
    JoinedVectors,
    Paper,
    PaperId,
    Person,
    PersonId,
    Reviewer,
    Submission,
    SubmissionId,
    Vectors,
    Venue,
)
from matcher.scores import score


def test_a_text_is_cut_into_chunks_of_words_up_to_a_limit() -> None:
    words = [f"w{n}" for n in range(CHUNK_WORDS * CHUNKS + 500)]
    chunks = cut(" \n ".join(words))
    assert len(chunks) == CHUNKS
    assert " ".join(chunks).split() == words[: CHUNK_WORDS * CHUNKS]
    assert cut("one two") == ("one two",)
    assert cut(" \n\t ") == ()
    assert len(cut("x" * 1_000_000)) == 1


def unit(rows: Doubles) -> Floats:
    made: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return made


def plain_rows(rows: Vectors) -> Floats:
    """Any kind of rows as one array."""
    if isinstance(rows, JoinedVectors):
        return np.hstack([rows.dense, rows.sparse.toarray()])
    return rows if isinstance(rows, np.ndarray) else rows.toarray()


def by_hand(vectors: Floats, chunks: Floats, owners: list[int], share: float) -> Floats:
    """The formula of the module, row by row."""
    rows = sorted(set(owners))
    means = unit(np.array([chunks[[n for n, owner in enumerate(owners) if owner == row]].mean(axis=0) for row in rows]))
    n = len(vectors)
    plain = np.mean([vectors[i] @ vectors[j] for i in range(n) for j in range(n) if i != j])
    mixed = np.mean([vectors[i] @ means[k] for k, row in enumerate(rows) for i in range(n) if i != row])
    level = np.clip(plain / mixed, 0.25, 1)
    made = vectors.copy()
    for place, row in enumerate(rows):
        made[row] = (1 - share) * vectors[row] + share * level * means[place]
    return made


def test_the_blend_is_the_formula_for_dense_sparse_and_joined_rows() -> None:
    rng = np.random.default_rng(3)
    vectors, chunks = unit(rng.random((6, 8))), unit(rng.random((5, 8)))
    owners = [1, 1, 3, 3, 5]
    wanted = by_hand(vectors, chunks, owners, 0.4)
    np.testing.assert_allclose(plain_rows(blend(vectors, chunks, owners, 0.4)), wanted, atol=1e-6)
    sparse = blend(sp.csr_array(vectors), sp.csr_array(chunks), owners, 0.4)
    np.testing.assert_allclose(plain_rows(sparse), wanted, atol=1e-6)
    joined = blend(
        JoinedVectors(vectors[:, :3], sp.csr_array(vectors[:, 3:])),
        JoinedVectors(chunks[:, :3], sp.csr_array(chunks[:, 3:])),
        owners,
        0.4,
    )
    assert isinstance(joined, JoinedVectors)
    np.testing.assert_allclose(plain_rows(joined), wanted, atol=1e-6)


def test_unrelated_texts_keep_their_level_and_means_of_nothing_change_nothing() -> None:
    alone = unit(np.eye(2, 4))
    made = blend(alone, unit(np.eye(4)[2:3]), [0], 0.5)
    np.testing.assert_allclose(
        plain_rows(made), np.array([[0.5, 0, 0.5, 0], [0, 1, 0, 0]]), atol=1e-6
    )  # no level without likeness
    rng = np.random.default_rng(0)
    vectors = unit(rng.random((200, 16)) + 0.3)
    means = unit(np.ones((100, 16)) + 0.05 * rng.random((100, 16)))  # more alike to everything
    blended = plain_rows(blend(vectors, means, list(range(100)), 0.5))
    with_text, without = blended[:100] @ vectors[150:].T, blended[100:150] @ vectors[150:].T
    assert with_text.mean() == pytest.approx(float(without.mean()), rel=0.02)


def _venue(full_text: str) -> Venue:
    return Venue.of(
        papers=[
            Paper(PaperId("a"), "A study", "We study things.", full_text=full_text),
            Paper(PaperId("b"), "Another study", "We study other things."),
        ],
        people=[Person(PersonId(name), (name,)) for name in ("ann", "bob")],
        reviewers=[Reviewer(PersonId("ann"), (PaperId("a"),)), Reviewer(PersonId("bob"), (PaperId("b"),))],
        submissions=[
            Submission(SubmissionId("s"), "Robot grasping", "We grasp with soft hands."),
            Submission(SubmissionId("t"), "Graph study", "We study graphs."),
        ],
    )


def test_words_of_the_full_text_lift_the_score_where_the_share_says_so() -> None:
    made = _venue("grasp with soft hands " * 30)
    found = {}
    for share in (0.0, 0.3):
        config = MatchConfig(encoder="tfidf", full_text_share=share, length_correction=0.0)
        found[share] = score(build_profiles(made, TfidfEncoder(), config), config)
    assert found[0.3].value("s", "ann") > found[0.0].value("s", "ann")  # type: ignore[operator]
    assert found[0.3].value("s", "bob") == found[0.0].value("s", "bob")
    plain = build_profiles(_venue(""), TfidfEncoder(), MatchConfig(encoder="tfidf"))
    read = build_profiles(made, TfidfEncoder(), MatchConfig(encoder="tfidf", full_text_share=0.0))
    assert (plain.vectors != read.vectors).nnz == 0  # type: ignore[union-attr]


def test_full_texts_are_read_from_a_folder_and_from_submissions(tmp_path: Path) -> None:
    folder = tmp_path / "venue"
    folder.mkdir()
    (folder / "venue.toml").write_text("deadline = 2025-01-31\n", encoding="utf-8")
    (folder / "reviewers.jsonl").write_text('{"id": "ann", "name": "Ann", "paper_ids": ["p"]}\n', encoding="utf-8")
    (folder / "publications.jsonl").write_text(
        '{"id": "p", "title": "A study", "full_text": "soft hands"}\n', encoding="utf-8"
    )
    (folder / "submissions.jsonl").write_text(
        '{"id": "s", "title": "Another", "full_text": "We grasp."}\n', encoding="utf-8"
    )
    found = load_venue(folder)
    assert (found.papers[0].full_text, found.submissions[0].full_text) == ("soft hands", "We grasp.")
    assert replace(found.papers[0], full_text="").text == found.papers[0].text  # titles and abstracts stay as they are


def test_a_megabyte_of_text_changes_neither_the_answer_of_a_second_run_nor_its_scores() -> None:
    made = _venue("grasp with soft hands " * 50_000)
    config = MatchConfig(encoder="tfidf")
    one, two = (score(build_profiles(made, TfidfEncoder(), config), config) for _ in range(2))
    assert one.values.tobytes() == two.values.tobytes()
    short = _venue("grasp with soft hands " * (CHUNKS * CHUNK_WORDS))
    np.testing.assert_array_equal(score(build_profiles(short, TfidfEncoder(), config), config).values, one.values)
