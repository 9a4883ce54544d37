"""What ids of OpenReview mean, read from files; and the part of a venue folder that a request is about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from matcher.decisions import DECISIONS_FILE
from matcher.ingest.formats import import_files
from service.openreview.archive import read_references
from service.openreview.folder import write_part
from tests.openreview_world import REVIEWERS, SELECTION, SUBMISSION, archive


def written(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_edges_of_a_selection_are_read_one_by_one_and_in_groups(tmp_path: Path) -> None:
    edges: list[dict[str, Any]] = [
        {"invitation": SELECTION, "head": "p1", "tail": "~A1", "label": "Include"},
        {"invitation": SELECTION, "head": "p1", "tail": "~A1", "label": "Include"},
        {"invitation": SELECTION, "head": "p2", "tail": "~A1", "label": "Exclude"},
        {"invitation": SELECTION, "head": "p3", "tail": "~A1", "ddate": 1},
        {"invitation": f"{REVIEWERS}/-/Bid", "head": "s", "tail": "~A1", "label": "High"},
    ]
    plain = written(tmp_path, "edges.jsonl", edges)
    grouped = tmp_path / "grouped.json"
    body = [{"id": {"head": "p9", "invitation": SELECTION}, "values": [{"head": "p9", "tail": "~B1"}]}]
    grouped.write_text(json.dumps({"groupedEdges": body}))
    ignored = written(tmp_path, "~A1.jsonl", [{"id": "p", "content": {"title": "T"}, "invitation": SUBMISSION}])
    found = {each["id"]: each for each in read_references([plain, grouped, ignored, tmp_path / "scores.csv"])}
    assert set(found) == {SELECTION}
    assert found[SELECTION]["choices"] == {
        "~A1": {"include": ["p1"], "exclude": ["p2"]},
        "~B1": {"include": ["p9"], "exclude": []},
    }


def test_the_import_leaves_out_what_only_requests_need_and_says_why(tmp_path: Path) -> None:
    for name, content in archive().items():
        path = tmp_path / "or" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    done = import_files("openreview", [tmp_path / "or"], tmp_path / "venue")
    reasons = {reason for each in done.collected.files for reason in each.left_out}
    assert {reason.partition(":")[0] for reason in reasons} == {
        "a group",
        "the configuration of a match",
        "a choice of which papers count",
    }


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    folder = tmp_path / "whole"
    written(folder, "publications.jsonl", [
        {"id": "old", "title": "t", "abstract": "a", "date": "2019"},
        {"id": "new", "title": "t", "abstract": "a", "date": ["2023-06", "2024"]},
        {"id": "none", "title": "t"},
    ])  # fmt: skip
    papers = ["old", "new", "none"]
    written(folder, "reviewers.jsonl", [{"id": "r1", "name": "A", "paper_ids": papers}, {"id": "r2", "name": "B"}])
    written(folder, "submissions.jsonl", [{"id": "s1", "title": "t", "abstract": "a"}, {"id": "s2", "title": "t"}])
    pairs = [{"submission_id": s, "reviewer_id": r} for s in ("s1", "s2") for r in ("r1", "r2")]
    written(folder, "conflicts.jsonl", pairs)
    written(folder, "bids.jsonl", pairs[3:])
    written(folder, DECISIONS_FILE, [{"reviewer_id": "r1", "who": "x"}, {"reviewer_id": "r2", "who": "x"}])
    (folder / "venue.toml").write_text('name = "v"\n')
    return folder


def test_a_part_holds_what_is_about_its_people_and_submissions(whole: Path, tmp_path: Path) -> None:
    part = write_part(whole, tmp_path / "part", reviewers={"r1"}, submissions={"s1"})
    assert [row["id"] for row in rows_of(part / "reviewers.jsonl")] == ["r1"]
    assert rows_of(part / "conflicts.jsonl") == [{"submission_id": "s1", "reviewer_id": "r1"}]
    assert not (part / "bids.jsonl").exists()
    assert rows_of(part / DECISIONS_FILE) == [{"reviewer_id": "r1", "who": "x"}]
    assert (part / "venue.toml").read_text() == 'name = "v"\n'
    bare = write_part(whole, tmp_path / "bare", reviewers={"r1"}, submissions={"s1"}, with_pairs=False)
    assert not (bare / "conflicts.jsonl").exists()


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({}, ["old", "new", "none"]),
        ({"minimum_pub_date": 1_640_995_200_000}, ["new", "none"]),  # what has no date has nothing against it
        ({"top_recent_pubs": 1}, ["new"]),
        ({"papers": {"r1": {"include": ["old"]}}}, ["old"]),
        ({"papers": {"r1": {"exclude": ["old"]}}}, ["new", "none"]),
        ({"papers": {"r2": {"exclude": ["old"]}}}, ["old", "new", "none"]),
    ],
)
def test_which_publications_count(whole: Path, tmp_path: Path, choice: dict[str, Any], expected: list[str]) -> None:
    part = write_part(whole, tmp_path / "part", reviewers={"r1"}, submissions=set(), **choice)
    assert rows_of(part / "reviewers.jsonl")[0]["paper_ids"] == expected
    assert not (part / "submissions.jsonl").exists()


def test_abstracts_are_left_out_everywhere(whole: Path, tmp_path: Path) -> None:
    further = [{"id": "s9", "title": "t", "abstract": "a"}]
    part = write_part(
        whole, tmp_path / "part", reviewers={"r1"}, submissions={"s1"}, further=further, use_abstract=False
    )
    texts = [*rows_of(part / "publications.jsonl"), *rows_of(part / "submissions.jsonl")]
    assert all(not row.get("abstract") for row in texts)
    assert [row["id"] for row in rows_of(part / "submissions.jsonl")] == ["s1", "s9"]
