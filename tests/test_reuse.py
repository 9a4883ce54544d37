"""A match after a small change takes over what the change does not reach, and is the same to the last byte."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from matcher import MatchConfig, MatchResult, match
from matcher import scores as scores_module
from matcher.cli import app
from matcher.conflicts import conflicts_since, find_conflicts
from matcher.conflicts import finder as finder_module
from matcher.identity import relinking
from matcher.ingest import read_venue
from matcher.records import (
    EncoderInfo,
    Floats,
    Index,
    JoinedVectors,
    PaperId,
    PersonId,
    Profiles,
    SourceRef,
    SubmissionId,
    Venue,
)
from matcher.scores import Scored, score
from service import worker
from tests.benchmarks.generate import write_venue
from tests.serving import ROOT
from tests.test_service_worker import order, perform
from tests.worlds import two_fields

INFO = EncoderInfo("given", "", "0" * 64, 6, (0.1, 0.2, 0.3), 0.04)
SAMPLE = ROOT / "data" / "sample"


def profiles_of(
    papers: dict[str, list[float]], whose: dict[str, list[str]], submissions: dict[str, list[float]]
) -> Profiles:
    """Profiles from vectors by id; texts whose first number is positive have an abstract."""
    names, rows = sorted(papers), sorted(submissions)
    place = {name: row for row, name in enumerate(names)}
    owned = [[place[name] for name in sorted(whose[who])] for who in sorted(whose)]
    flat = [row for each in owned for row in each]
    return Profiles(
        reviewers=Index(map(PersonId, sorted(whose))),
        papers=Index(map(PaperId, names)),
        submissions=Index(map(SubmissionId, rows)),
        vectors=np.array([papers[name] for name in names], dtype=np.float32),
        submission_vectors=np.array([submissions[name] for name in rows], dtype=np.float32),
        abstracts=np.array([papers[name][0] > 0 for name in names]),
        submission_abstracts=np.array([submissions[name][0] > 0 for name in rows]),
        rows=np.array(flat, dtype=np.int64),
        spans=np.concatenate([[0], np.cumsum([len(each) for each in owned])]).astype(np.int64),
        weights=np.ones(len(flat), dtype=np.float32),
        encoder=INFO,
    )


def drawn(rng: np.random.Generator) -> tuple[dict[str, list[float]], dict[str, list[str]], dict[str, list[float]]]:
    def vector() -> list[float]:
        return [float(each) for each in rng.standard_normal(6)]

    papers = {f"p{number:03d}": vector() for number in range(60)}
    whose = {
        f"r{number:02d}": [str(each) for each in rng.choice(sorted(papers), int(rng.integers(0, 5)), replace=False)]
        for number in range(25)
    }
    return papers, whose, {f"s{number:03d}": vector() for number in range(int(rng.integers(60, 90)))}


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_scores_after_a_change_are_the_same_to_the_last_bit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scores_module, "_BLOCK_SUBMISSIONS", 16)
        patch.setattr(scores_module, "_FEW_SUBMISSIONS", 8)
        papers, whose, submissions = drawn(rng)
        config = MatchConfig(top_k=2)
        before = profiles_of(papers, whose, submissions)
        earlier = Scored(before, config, score(before, config))
        kind = int(rng.integers(7))
        who = f"r{int(rng.integers(25)):02d}"
        which = f"s{int(rng.integers(len(submissions))):03d}"
        if kind == 0:
            whose[who] = whose[who][1:]
        if kind == 1:
            del whose[who]
        if kind == 2:
            whose["r99"] = ["p000", "p001"]
        if kind == 3:
            submissions[which] = rng.standard_normal(6).tolist()
        if kind == 4:
            del submissions[which]
        if kind == 5:
            submissions["s000b"] = rng.standard_normal(6).tolist()
        if kind == 6:
            papers["p007"] = rng.standard_normal(6).tolist()
        now = profiles_of(papers, whose, submissions)
        found, anew = score(now, config, earlier=earlier), score(now, config)
    assert found.values.tobytes() == anew.values.tobytes()
    assert found.raw is not None
    assert anew.raw is not None
    assert found.raw.tobytes() == anew.raw.tobytes()
    assert found.method == anew.method


def test_only_blocks_with_something_new_are_scored_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores_module, "_BLOCK_SUBMISSIONS", 16)
    monkeypatch.setattr(scores_module, "_FEW_SUBMISSIONS", 8)
    papers, whose, submissions = drawn(np.random.default_rng(4))
    config = MatchConfig()
    before = profiles_of(papers, whose, submissions)
    earlier = Scored(before, config, score(before, config))
    made: list[int] = []
    aggregate = scores_module._aggregate

    def counted(excess: Floats, papers: int, config: MatchConfig) -> Floats:
        made.append(papers)
        return aggregate(excess, papers, config)

    monkeypatch.setattr(scores_module, "_aggregate", counted)
    score(before, config)
    everything = len(made)
    made.clear()
    score(before, config, earlier=earlier)
    assert made == []
    submissions["s020"] = [1.0, 0, 0, 0, 0, 0]
    score(profiles_of(papers, whose, submissions), config, earlier=earlier)
    assert 0 < len(made) < everything / 3
    made.clear()
    score(before, MatchConfig(top_k=1), earlier=earlier)
    assert len(made) == everything


def test_sparse_and_joined_vectors_are_compared_row_by_row() -> None:
    import scipy.sparse as sp

    dense = np.eye(3, dtype=np.float32)
    joined = JoinedVectors(dense, sp.csr_array(dense))
    rows = list(scores_module._rows_of(joined, range(3)))
    assert len(set(rows)) == 3
    other = JoinedVectors(dense, sp.csr_array(2 * dense))
    assert not set(rows) & set(scores_module._rows_of(other, range(3)))


def test_conflicts_since_an_earlier_look(monkeypatch: pytest.MonkeyPatch) -> None:
    world, config = two_fields(), MatchConfig()
    world.share_paper("pruning-s0", "pruning-r0", "2024-05")
    venue = world.venue()
    before = find_conflicts(venue, config)
    monkeypatch.setattr("matcher.conflicts.Finder", lambda *_: pytest.fail("nothing that counts has changed"))
    moved = tuple(replace(each, sources=(SourceRef("publications.jsonl", 99),)) for each in venue.papers)
    busier = tuple(replace(each, max_load=7) for each in venue.reviewers)
    new = replace(venue, papers=moved, reviewers=busier)
    found = conflicts_since(venue, before, new, config)
    monkeypatch.undo()
    assert found == find_conflicts(new, config)
    assert found != before  # the lines are others
    assert conflicts_since(venue, before, Venue.of(), config).items == ()
    monkeypatch.setattr(relinking, "_LARGE", 1e9)
    monkeypatch.setattr(finder_module, "_MANY", 1e9)
    world.share_paper("pruning-s1", "pruning-r1", "2024-05")
    assert conflicts_since(venue, before, world.venue(), config) == find_conflicts(world.venue(), config)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reuse") / "venue"
    write_venue(folder, submissions=90, reviewers=60, papers_each=2, words=20, places=8)
    return folder


def change(folder: Path, target: Path, table: str, old: str, new: str) -> Path:
    target.mkdir()
    for file in folder.iterdir():
        text = file.read_text(encoding="utf-8")
        (target / file.name).write_text(text.replace(old, new) if file.name == table else text, encoding="utf-8")
    return target


def files_of(run: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in run.iterdir() if file.name not in ("times.json", "report.html")}


def test_a_match_since_an_earlier_one_writes_the_same_bytes(tmp_path: Path, seeded: Path) -> None:
    config = MatchConfig(encoder="tfidf")
    first = match(read_venue(seeded).venue, config)
    name = first.venue.name_of(PersonId("p7"))
    changed = read_venue(change(seeded, tmp_path / "changed", "reviewers.jsonl", name, "Marisol Quennfeather")).venue
    anew = match(changed, config)
    since = match(changed, config, earlier=lambda: first)
    assert since.times["reused"] == {
        "venue": first.venue.digest,
        "conflicts": "what the change does not reach",
        "scores": "blocks of unchanged reviewers and submissions",
    }
    anew.save(tmp_path / "anew")
    since.save(tmp_path / "since")
    assert files_of(tmp_path / "anew") == files_of(tmp_path / "since")
    other = match(changed, MatchConfig(encoder="tfidf", top_k=1, coauthor_window_months=60), earlier=lambda: first)
    assert other.times["reused"]["conflicts"].startswith("nothing")
    assert other.times["reused"]["scores"].startswith("nothing")
    older = replace(first, versions={"matcher": "0"})
    assert match(changed, config, earlier=lambda: older).times["reused"] == {}


def test_the_command_takes_an_earlier_run(tmp_path: Path) -> None:
    runner = CliRunner()
    flags = ["--encoder", "tfidf", "--quiet"]
    for name, more in (("first", []), ("second", ["--since", str(tmp_path / "first")])):
        arguments = ["match", str(SAMPLE), "--out", str(tmp_path / name), *flags, *more]
        assert runner.invoke(app, arguments, catch_exceptions=False).exit_code == 0
    assert files_of(tmp_path / "first") == files_of(tmp_path / "second")
    assert "conflicts" in json.loads((tmp_path / "second" / "times.json").read_text())["reused"]


def test_a_job_takes_over_what_the_latest_run_of_the_venue_found(tmp_path: Path, seeded: Path) -> None:
    given_folder = {**order(tmp_path), "folder": str(seeded)}
    first, _ = perform(given_folder)
    assert "reused" not in first["manifest"]
    changed = change(
        seeded, tmp_path / "changed", "reviewers.jsonl", '"id": "p7", "name"', '"id": "p7", "max_load": 5, "name"'
    )
    for name in ("second", "third", "fourth"):
        (tmp_path / name).mkdir()
    anew, _ = perform(
        {**given_folder, "folder": str(changed), "work": str(tmp_path / "second"), "parts": str(tmp_path / "none")}
    )
    later = {**given_folder, "folder": str(changed), "since": first["digest"]}
    since, _ = perform({**later, "work": str(tmp_path / "third")})
    assert since["digest"] == anew["digest"]
    assert since["manifest"]["reused"]["conflicts"] == "what the change does not reach"
    gone = {**later, "since": "0" * 64, "parts": str(tmp_path / "other"), "work": str(tmp_path / "fourth")}
    assert perform(gone)[0] == anew


@pytest.mark.parametrize("name", ["recency_half_life", "middle_author_weight", "source_weights", "full_text_share"])
def test_profiles_are_not_taken_over_under_settings_that_weigh_papers_otherwise(name: str) -> None:
    venue = read_venue(SAMPLE).venue
    values: dict[str, Any] = {
        "recency_half_life": 3.0,
        "middle_author_weight": 0.5,
        "source_weights": "preprint=0.5",
        "full_text_share": 0.1,
    }
    digest = partial(worker._texts_digest, venue)
    plain, other = MatchConfig(encoder="tfidf"), MatchConfig(encoder="tfidf", **{name: values[name]})
    assert digest(plain.to_plain()) != digest(other.to_plain())
    assert digest(plain.to_plain()) == digest(MatchConfig(encoder="tfidf", top_k=1).to_plain())


def test_a_result_is_what_is_loaded(tmp_path: Path) -> None:
    config = MatchConfig(encoder="tfidf")
    result = match(read_venue(SAMPLE).venue, config)
    result.save(tmp_path / "run")
    loaded = MatchResult.load(tmp_path / "run")
    assert conflicts_since(loaded.venue, loaded.conflicts, result.venue, config) == result.conflicts
