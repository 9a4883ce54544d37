"""Scores of other systems as files, and public lists of papers."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from matcher.cli import app
from matcher.errors import DataError
from matcher.ingest.formats import FORMATS, Owner, SourceRecord, Wishes, import_files

ADA = Owner("ada", ("Ada Example",), frozenset({"openreview_ids:~ada_example1"}))


def read(name: str, path: Path, told: str | None = None) -> list[SourceRecord]:
    tables = {} if told is None else {path: told}
    return list(FORMATS[name].read([path], Wishes(owners=(ADA,), tables=tables)))


def values(records: list[SourceRecord], table: str) -> list[dict[str, Any]]:
    return [dict(row.values) for record in records for row in record.rows if row.table == table]


# --- scores ---------------------------------------------------------------------------------------------------------


def test_scores_with_a_header_name_their_system(tmp_path: Path) -> None:
    path = tmp_path / "tpms.csv"
    path.write_text(
        "\ufeffPaper ID;Reviewer Email;Score;Shoe size\n1;Ada@Example.org;0.5;43\n2;ada@example.org;\n3;;1\n"
        "4;ada@example.org;much;\n5;ada@example.org;-1.5e-1;\n"
    )
    records = read("scores", path)
    assert values(records, "scores") == [
        {"submission_id": "1", "reviewer_id": "ada@example.org", "score": 0.5, "source": "tpms"},
        {"submission_id": "5", "reviewer_id": "ada@example.org", "score": -0.15, "source": "tpms"},
    ]
    assert records[0].unread == ("Shoe size",)
    assert [record.fault for record in records[1:4]] == [
        "the row has 3 cells, the header has 4",
        "the row has 3 cells, the header has 4",
        "allowed is a number, with a point for decimals; got 'much'",
    ]


@pytest.mark.parametrize("text", ["n1,~Ada1,0.9\nn2,bo@x.org,0.25\n", "~Ada1,n1,0.9\nbo@x.org,n2,0.25\n"])
def test_scores_without_a_header_in_either_order(tmp_path: Path, text: str) -> None:
    path = tmp_path / "specter.csv"
    path.write_text(text)
    assert values(read("scores", path), "scores") == [
        {"submission_id": "n1", "reviewer_id": "~Ada1", "score": 0.9, "source": "specter"},
        {"submission_id": "n2", "reviewer_id": "bo@x.org", "score": 0.25, "source": "specter"},
    ]


def test_scores_as_json(tmp_path: Path) -> None:
    lines = tmp_path / "model.jsonl.gz"
    rows = [
        {"submission": "s1", "user": "~Ada1", "score": 0.5, "debug": 1},
        {"head": "s1", "tail": "~Bo1", "weight": 0.25, "model": "other"},
        {"submission": "s1"},
    ]
    lines.write_bytes(gzip.compress("\n".join([*map(json.dumps, rows), "{"]).encode()))
    records = read("scores", lines)
    assert [(row["reviewer_id"], row["score"], row["source"]) for row in values(records, "scores")] == [
        ("~Ada1", 0.5, "model"),
        ("~Bo1", 0.25, "other"),
    ]
    assert records[0].unread == ("debug",)
    assert records[2].fault == "allowed is an object with submission, reviewer (or user) and score"
    assert str(records[3].fault).startswith("this is no JSON")
    nested = tmp_path / "nested.json"
    nested.write_text(json.dumps({"s1": {"~Ada1": 0.5, "~Bo1": 0.75}, "s2": {"~Ada1": 1}}))
    assert [(row["submission_id"], row["reviewer_id"]) for row in values(read("scores", nested), "scores")] == [
        ("s1", "~Ada1"),
        ("s1", "~Bo1"),
        ("s2", "~Ada1"),
    ]


def test_a_table_that_holds_no_scores_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("paper,reviewer,shoe size\n1,a,43\n")
    with pytest.raises(DataError, match="the column 'score' is missing"):
        read("scores", path)


def test_scores_come_into_a_folder_by_address(tmp_path: Path) -> None:
    folder = tmp_path / "venue"
    pc = tmp_path / "pc.csv"
    pc.write_text("given_name,family_name,email\nAda,Example,ada@example.org\n")
    papers = tmp_path / "papers.json"
    papers.write_text(json.dumps([{"pid": 1, "title": "T"}]))
    import_files("hotcrp", [pc, papers], folder)
    path = tmp_path / "tpms.csv"
    path.write_text("1,Ada+x@example.org,0.5\n9,ada@example.org,0.5\n1,ada@example.org,0.5\n1,ada@example.org,nan\n")
    done = import_files("scores", [path], folder, add=True, accept_rejects=True)
    (row,) = (json.loads(line) for line in (folder / "scores.jsonl").read_text().splitlines())
    assert row == {"submission_id": "1", "reviewer_id": "ada@example.org", "score": 0.5, "source": "tpms"}
    (tally,) = done.collected.files
    assert (tally.read, tally.accepted, tally.rejected) == (4, 2, 1)
    assert dict(tally.left_out) == {"its submission_id stands nowhere": 1}
    assert [why for _, _, why in done.joined.dangling] == ["tpms.csv:2: submission_id '9' stands nowhere"]


# --- lists of papers ------------------------------------------------------------------------------------------------

PAPERS: list[dict[str, Any]] = [
    {
        "id": "p1",
        "title": "Sparse  Flows",
        "author": "Ada Example; Bo Other*",
        "authorids": "~Ada_Example1;bo@Example.org",
        "aff": "University of Trees;Leaf Corp",
        "abstract": "We study flows.",
        "keywords": "flows; trees;",
        "status": "Poster",
        "track": "main",
        "primary_area": "optimisation",
    },
    {
        "id": "p2",
        "title": "Dense Flows",
        "author": "Ada Example;Cy Third",
        "authorids": "~Ada_Example1",
        "aff": ";",
        "bibtex": "@inproceedings{x,\n booktitle = {Proceedings of Leaves},\n year = {2019}\n}",
        "status": "Withdraw",
    },
    {"id": "p3", "title": "Other", "author": "Ada Example", "authorids": "~Ada_Example2", "status": "Desk Reject"},
    {"id": "p4", "author": "Ada Example"},
    {"id": 5, "title": "By name alone", "author": ["Ada Example"]},
]


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "iclr2024.json"
    path.write_text(json.dumps(PAPERS))
    return path


def test_lists_of_papers_as_publications(listed: Path) -> None:
    records = read("paperlists", listed)
    first, second, fifth = values(records, "publications")
    assert (first["id"], first["title"], first["date"]) == ("paperlists:p1", "Sparse Flows", "2024")
    assert (first["published_in"], first["kind"]) == ("ICLR 2024", "conference")
    assert first["authors"] == [
        {"name": "Ada Example", "person_id": "ada", "affiliation": "University of Trees"},
        {"name": "Bo Other", "email": "bo@example.org", "affiliation": "Leaf Corp"},
    ]
    assert (second["date"], second["published_in"]) == ("2019", "Proceedings of Leaves")
    assert records[1].remarks == ("2 authors and 1 entries in 'authorids': these are left out",)
    assert second["authors"][0]["person_id"] == "ada"  # by the full name
    assert records[2].left_out == "no author is one of the reviewers"  # another profile of the same name
    assert (records[3].field, records[3].fault) == ("title", "is missing")
    assert fifth["id"] == "paperlists:5"


def test_lists_of_papers_as_submissions(listed: Path) -> None:
    records = read("paperlists", listed, "submissions")
    first, second, third, fifth = values(records, "submissions")
    assert first["authors"] == [
        {"name": "Ada Example", "person_id": "~Ada_Example1", "affiliation": "University of Trees"},
        {"name": "Bo Other", "person_id": "bo@example.org", "email": "bo@example.org", "affiliation": "Leaf Corp"},
    ]
    assert (first["keywords"], first["track"], first["status"]) == (["flows", "trees"], "main", "active")
    assert first["attributes"] == {"primary_area": "optimisation"}
    assert (second["status"], third["status"], fifth["id"]) == ("withdrawn", "desk_rejected", "5")


def test_lists_by_command(listed: Path, tmp_path: Path) -> None:
    words = ["import", "paperlists", str(listed), "--accept-rejects", "--quiet"]
    told = CliRunner().invoke(app, [*words, "--as", "submissions", "--into", str(tmp_path / "one")])
    assert told.exit_code == 0, told.output
    assert (tmp_path / "one" / "submissions.jsonl").read_text().count("\n") == 4
    told = CliRunner().invoke(app, [*words, "--reviewer", "Ada Example", "--into", str(tmp_path / "two")])
    assert told.exit_code == 0, told.output
    assert (tmp_path / "two" / "publications.jsonl").read_text().count("\n") == 4
    told = CliRunner().invoke(app, [*words, "--as", "shoes", "--into", str(tmp_path / "three")])
    assert told.exit_code == 2
    assert "publications, submissions" in told.output
    bib = ["import", "bibtex", str(listed), "--as", "submissions", "--into", str(tmp_path / "three")]
    assert "files of bibtex say what they" in CliRunner().invoke(app, bib).output
