"""`matcher import cv` as a chair meets it: what it prints, writes and refuses, and the match that follows."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from matcher.commands import cv as command
from matcher.ingest.cv import LineRange
from tests.test_cli import Run, run
from tests.test_import_documents import pdf, put
from tests.test_import_folder import ADA, cv

__all__ = ["run"]

NOISE = """
## Awards

- Golden Acorn, 2021
- Silver Leaf, 2020

## Publications

1. Ada Velden, Bo Hartig. "Sparse Trees for Dense Forests." Journal of Invented Results, 2022.

## Invited talks

- Sparse Trees for Dense Forests, Northfield, 2023
"""


def flat(text: str) -> str:
    return " ".join(text.split())


def submissions(folder: Path, *authors: str) -> Path:
    lines = [
        json.dumps({"id": f"s{n}", "title": f"Forests and trees {n}", "abstract": "Sparse.", "authors": [{"name": a}]})
        for n, a in enumerate(authors)
    ]
    return put(folder, "in/submissions.jsonl", "\n".join(lines) + "\n")


def test_it_says_what_was_read_merged_and_not_read(tmp_path: Path, run: Run) -> None:
    put(tmp_path, "cvs/a.md", f"# Ada Velden\n\n{ADA}{NOISE}")
    put(tmp_path, "cvs/b.txt", cv("Ada Velden", [0, 1]))
    put(tmp_path, "cvs/c.pdf", pdf("Cleo Marsh\nPublications\n1. Cleo Marsh, Bo Hartig. A Theory of Bark. JIR, 2020."))
    put(tmp_path, "cvs/d.txt", "Minutes of the meeting\n\nWe met, and it rained.\n")
    put(tmp_path, "cvs/logo.png", "x")
    done = run("import", "cv", tmp_path / "cvs", "--into", tmp_path / "venue")
    assert done.code == 0
    assert "note: " in done.err
    assert "not read: logo.png; documents are text" in flat(done.err)
    said = done.out.splitlines()
    first = said.index("a.md: Ada Velden, new reviewer ada-velden")
    assert said[first + 1].startswith("  known by the head")
    assert said[first + 2].startswith("  merged    the same person as b.txt: the names fit and 1 paper is the same")
    assert said[first + 3] == "  read      1 publication, 1 relation, 1 affiliation, 0 interests; 17 of 20 lines"
    assert "  not read  lines 11-12: awards are not used" in said
    assert "  not read  line 20: talks are no publications" in said
    assert "b.txt: Ada Velden, more about reviewer ada-velden" in said
    assert any("2 publications (1 not told of before)" in line for line in said)
    assert any(line.endswith("3 of 3 lines of its text") for line in said)
    assert "d.txt: left out: it does not tell whose it is (write the owner's name as its first line)" in said
    assert "one paper Sparse Trees for Dense Forests (a.md:16, b.txt:7)" in said
    assert f"{tmp_path}/venue/publications.jsonl holds 3 rows: 3 new, 0 changed" in said
    assert f"{tmp_path}/venue/reviewers.jsonl holds 2 rows: 2 new, 0 changed" in said
    assert "4 documents, 2 reviewers in all" in said
    assert "look at   d.txt" in said
    assert said[-2] == f"next matcher check {tmp_path}/venue"


def test_json_holds_all_that_is_said_and_every_reason(tmp_path: Path, run: Run) -> None:
    put(tmp_path, "a.md", f"# Ada Velden\n\n{ADA}{NOISE}")
    put(tmp_path, "b.docx", "x")
    found: dict[str, Any] = run(
        "import", "cv", tmp_path / "a.md", tmp_path / "b.docx", "--into", tmp_path / "v", "--json", "--accept-rejects"
    ).json
    assert (found["reviewers"], found["papers"], found["dry_run"]) == (1, 1, False)
    (document,) = found["documents"]
    assert (document["source"], document["owner"], document["reviewer_id"]) == ("a.md", "Ada Velden", "ada-velden")
    assert (document["entries"], document["relations"], document["lines"], document["lines_read"]) == (1, 1, 20, 17)
    assert document["domains"] == ["cs.northfield.example"]
    assert document["unread"][0] == {"first": 11, "last": 12, "reason": "awards are not used"}
    assert found["rejected"][0]["file"] == str(tmp_path / "b.docx")
    assert found["rejected"][0]["remedy"] == "export it as PDF, or save it as plain text"
    assert [file["rows"] for file in found["files"]] == [1, 1]


def test_a_second_document_of_a_person_is_a_doubt_or_a_merge_and_both_are_said(tmp_path: Path, run: Run) -> None:
    put(tmp_path, "a.txt", cv("Ada Velden", [0]))
    put(tmp_path, "b.txt", cv("Ada Velden", [1]))
    done = run("import", "cv", tmp_path / "a.txt", tmp_path / "b.txt", "--into", tmp_path / "v")
    assert done.code == 0
    assert "look at a.txt and b.txt name the same person 'ada velden' and are kept as two reviewers" in flat(done.out)


def test_lines_in_doubt_are_shown_with_their_number_and_words(tmp_path: Path, run: Run) -> None:
    text = cv("Ada Velden", [0, 1]) + "\n3. something forthcoming of which no more can be said at all\n"
    found = run("import", "cv", put(tmp_path, "a.txt", text), "--into", tmp_path / "v", "--dry-run", "--json").json
    doubts = found["documents"][0]["doubts"]
    assert [doubt["line"] for doubt in doubts] == [10]
    said = flat(run("import", "cv", tmp_path / "a.txt", "--into", tmp_path / "v", "--dry-run").out)
    assert f"look at line 10: {doubts[0]['reason']} “{doubts[0]['text']}”" in said


def test_a_dry_run_writes_nothing(tmp_path: Path, run: Run) -> None:
    done = run("import", "cv", put(tmp_path, "a.txt", cv("Ada Velden", [0])), "--into", tmp_path / "v", "--dry-run")
    assert done.code == 0
    assert "publications.jsonl would hold 1 row: 1 new, 0 changed" in flat(done.out)
    assert "next" not in done.out
    assert not (tmp_path / "v").exists()


def test_a_filled_folder_is_refused_before_anything_is_read(tmp_path: Path, run: Run) -> None:
    venue = tmp_path / "v"
    assert run("import", "cv", put(tmp_path, "a.txt", cv("Ada Velden", [0])), "--into", venue).code == 0
    held = {path.name: path.read_bytes() for path in venue.iterdir()}
    refused = run("import", "cv", tmp_path / "missing.txt", "--into", venue)
    assert refused.code == 1
    assert "not empty" in flat(refused.err)
    assert "pass --add" in flat(refused.err)
    assert {path.name: path.read_bytes() for path in venue.iterdir()} == held
    again = run("import", "cv", tmp_path / "a.txt", "--into", venue, "--add")
    assert again.code == 0
    assert "holds 1 row: nothing changed" in again.out
    assert "merged the same person as reviewer 'ada-velden'" in flat(again.out)
    assert {path.name: path.read_bytes() for path in venue.iterdir()} == held


def test_documents_that_cannot_be_read_stop_the_import_unless_that_is_accepted(tmp_path: Path, run: Run) -> None:
    put(tmp_path, "cvs/a.txt", cv("Ada Velden", [0]))
    put(tmp_path, "cvs/scan.pdf", pdf())
    put(tmp_path, "cvs/void.txt", "")
    done = run("import", "cv", tmp_path / "cvs", "--into", tmp_path / "v")
    assert done.code == 1
    assert "2 of 3 documents cannot be read, and nothing was written" in flat(done.err)
    assert "scan.pdf: the PDF holds no text" in flat(done.err)
    assert "void.txt: the document is empty" in flat(done.err)
    assert not (tmp_path / "v").exists()
    accepted = run("import", "cv", tmp_path / "cvs", "--into", tmp_path / "v", "--accept-rejects")
    assert accepted.code == 0
    assert "note: not read: " in accepted.err
    assert "scan.pdf" in accepted.err
    assert (tmp_path / "v" / "reviewers.jsonl").is_file()


def test_nothing_that_can_be_read_is_an_error_whatever_is_accepted(tmp_path: Path, run: Run) -> None:
    void = put(tmp_path, "void.txt", "")
    done = run("import", "cv", void, "--into", tmp_path / "v", "--accept-rejects", "--json")
    assert done.code == 1
    assert done.json["error"] == "UnreadDocumentsError"
    assert "the document is empty" in done.json["message"]


def test_a_document_that_names_nobody_is_an_error_when_it_is_the_only_one(tmp_path: Path, run: Run) -> None:
    done = run("import", "cv", put(tmp_path, "a.txt", "We met, and it rained.\n"), "--into", tmp_path / "v")
    assert done.code == 1
    assert "no document tells whose it is (a.txt)" in flat(done.err)


def test_people_without_papers_are_written_and_the_next_step_is_said(tmp_path: Path, run: Run) -> None:
    done = run("import", "cv", put(tmp_path, "a.txt", cv("Ada Velden", more=ADA)), "--into", tmp_path / "v")
    assert done.code == 0
    assert "nobody has a publication yet" in done.out
    assert "  look at   no publication was read" in done.out.splitlines()


def test_many_papers_told_twice_and_many_ranges_are_cut_short(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_SHOWN", 1)
    monkeypatch.setattr(command, "_RANGES", 2)
    files = [put(tmp_path, f"{name}.txt", cv("Ada Velden", [0, 1, 2])) for name in "ab"]
    done = run("import", "cv", *files, "--into", tmp_path / "v")
    assert done.out.count("one paper ") == 2
    assert "one paper and 2 more (--json lists all)" in done.out
    ranges = [LineRange(1, 2, "x"), LineRange(4, 4, "y"), LineRange(6, 6, "x"), LineRange(8, 9, "x")]
    assert command._by_reason(ranges) == {"x": "lines 1-2, 6 and 1 more (--json lists all)", "y": "line 4"}


def test_documents_to_look_at_are_listed_once_more_at_the_end(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_SHOWN", 2)
    people = {"a": "Ada Velden", "b": "Zed Amber", "c": "Ivo Kestrel"}
    files = [put(tmp_path, f"{name}.txt", cv(person, more=ADA)) for name, person in people.items()]
    files.append(put(tmp_path, "good.txt", cv("Gita Holm", [0])))
    found = run("import", "cv", *files, "--into", tmp_path / "v", "--dry-run", "--json").json
    assert [one["is_doubtful"] for one in found["documents"]] == [True, True, True, False]
    said = run("import", "cv", *files, "--into", tmp_path / "v", "--dry-run").out.splitlines()
    assert "look at   a.txt, b.txt and 1 more" in said
    assert "4 documents, 4 reviewers in all" in said


def test_every_line_can_be_seen_with_what_it_was_read_as(tmp_path: Path, run: Run) -> None:
    files = [
        put(tmp_path, "a.md", f"# Ada Velden\n\n{ADA}{NOISE}"),
        put(tmp_path, "b.pdf", pdf("Cleo Marsh\nPublications\n1. Cleo Marsh, Bo Hartig. On Bark. JIR, 2020.", pages=2)),
    ]
    table = tmp_path / "out" / "lines.tsv"
    words = ("import", "cv", *files, "--into", tmp_path / "v", "--dry-run", "--lines", table)
    assert run(*words).code == 0
    with table.open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream, delimiter="\t"))
    assert [(row["document"], int(row["line"])) for row in found] == [
        *(("a.md", line) for line in range(1, 21)),
        *(("b.pdf", line) for line in range(1, 7)),
    ]
    assert [row["page"] for row in found] == [""] * 20 + ["1"] * 3 + ["2"] * 3
    assert [int(row["line"]) for row in found if row["read"] == "no"][:3] == [11, 12, 20]
    assert (found[10]["use"], found[10]["text"]) == ("awards are not used", "- Golden Acorn, 2021")
    assert "@" not in table.read_text(encoding="utf-8")
    assert not (tmp_path / "v").exists()
    again = run(*words)
    assert again.code == 1
    assert "lines.tsv: there is such a file already" in flat(again.err)


# --- what follows ---------------------------------------------------------------------------------------------------


def test_check_and_match_run_on_what_was_written_and_ties_block(tmp_path: Path, run: Run) -> None:
    ties = """Email: ada@cs.northfield.example

## Education

- Ph.D. in Forestry, University of Northfield, Sep 2021 - Jun 2024. Advisor: Dora Quill

## Experience

- Postdoctoral Researcher, Southmere Institute, Jul 2024 - present. Host: Emil Farrow

## Students

- Gita Holm, M.Sc. student, 2024 - present
"""
    put(tmp_path, "cvs/ada.md", cv("Ada Velden", [0, 1], more=ties))
    put(tmp_path, "cvs/bo.md", cv("Ivo Kestrel", [2, 3], coauthors="Jana Lorn"))
    put(tmp_path, "cvs/li.md", cv("Liv Monrad", [4], coauthors="Jana Lorn"))
    venue = tmp_path / "venue"
    assert run("import", "cv", tmp_path / "cvs", "--into", venue).code == 0

    early = run("check", venue)
    assert early.code == 0
    assert "there are no submissions yet" in flat(early.out)
    people = ["Dora Quill", "Emil Farrow", "Gita Holm", "Bo Hartig", "Kurt Nobody", "Ada Velden"]
    given = submissions(tmp_path, *people)
    checked = run("check", venue, "--submissions", given)
    assert checked.code == 0
    assert "6 submissions" in flat(checked.out)

    words = ("match", venue, "--submissions", given, "--deadline", "2025-01-15", "--encoder", "tfidf", "--quiet")
    done = run(*words, "--reviews", "1", "--max-load", "6", "--out", tmp_path / "run")
    assert done.code == 0, done.err
    lines = (tmp_path / "run" / "conflicts.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    blocked = {
        (one["submission_id"], one["rule"])
        for one in found
        if one["verdict"] == "block" and "ada-velden" in one["reviewer_ids"]
    }
    assert {("s0", "relation"), ("s1", "relation"), ("s2", "relation"), ("s3", "coauthor")} <= blocked
    assert not {one["submission_id"] for one in found} & {"s4"}
    assert any(one["submission_id"] == "s5" for one in found)
    assert {path.name for path in venue.iterdir()} == {"publications.jsonl", "reviewers.jsonl"}


def test_a_folder_without_submissions_is_still_no_venue_to_match(tmp_path: Path, run: Run) -> None:
    put(tmp_path, "ada.md", cv("Ada Velden", [0]))
    assert run("import", "cv", tmp_path / "ada.md", "--into", tmp_path / "v").code == 0
    done = run("match", tmp_path / "v", "--dry-run")
    assert done.code == 1
    assert "submissions.jsonl or submissions.csv is missing" in flat(done.err)


def test_a_linked_corpus_without_submissions_is_refused_by_check(tmp_path: Path, run: Run) -> None:
    put(tmp_path, "reviewers.jsonl", '{"id": "r", "name": "Ada Velden", "pubs": ["p"]}\n')
    put(tmp_path, "publications.jsonl", '{"id": "p", "title": "T", "year": 2020, "authors": [{"id": "r"}]}\n')
    done = run("check", tmp_path)
    assert done.code == 1
    assert "submissions.jsonl or submissions.csv is missing" in flat(done.err)
