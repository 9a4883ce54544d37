from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import DataError, UnknownNameError
from matcher.export import EXPORTS, ExportData, export, write_assignment_csv
from matcher.export.csv_files import guard_cell, unguard_cell
from matcher.records import (
    Assignment,
    AuthorMention,
    Conflict,
    Conflicts,
    Deadline,
    Evidence,
    Index,
    Pair,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    Reviewer,
    ScoreMatrix,
    Shortfall,
    SourceRef,
    Submission,
    SubmissionId,
    Underload,
    Venue,
    Verdict,
)

ADA, BO, CLEO = PersonId("~Ada1"), PersonId("-bo"), PersonId("openalex:A5")
FIRST, SECOND, THIRD = SubmissionId("s1"), SubmissionId("s2"), SubmissionId("s3")


@pytest.fixture
def bundle() -> ExportData:
    """Three submissions, three reviewers, one missing review, one conflict of each verdict, hostile words."""
    venue = Venue.of(
        name="A small workshop",
        people=[
            Person(ADA, ("Ada Aldern",), emails=("ada@example.org", "second@example.org")),
            Person(BO, ("=HYPERLINK(evil)",)),
            Person(CLEO, ("Cleo Zoë Ünal",)),
        ],
        reviewers=[Reviewer(ADA), Reviewer(BO), Reviewer(CLEO)],
        submissions=[
            Submission(FIRST, "+1 is not enough", authors=(AuthorMention("Ada Aldern", ADA),)),
            Submission(SECOND, 'Commas, "quotes"\nand lines'),
            Submission(THIRD, "Plain"),
        ],
        deadline=Deadline(date(2025, 3, 1), "venue.toml"),
    )
    values = np.array([[np.nan, 0.5, 0.25], [np.nan, 0.125, 1.0], [np.nan, 0.0, 0.75]], dtype=np.float32)
    order = (BO, CLEO, ADA)
    ids = Index(tuple(sorted(order)))
    scores = ScoreMatrix(Index((FIRST, SECOND, THIRD)), ids, values, values, "mean of the best 3")
    evidence = Evidence(
        "paper",
        "joint paper “On Sheets”",
        PaperId("p1"),
        (PartialDate(2024, 5), PartialDate(2024)),
        (SourceRef("publications.jsonl", 7), SourceRef("more.jsonl", 1)),
    )
    conflicts = Conflicts(
        (
            Conflict(
                FIRST,
                ADA,
                "author",
                Verdict.BLOCK,
                ADA,
                "Ada Aldern",
                (Evidence("submission", "an author of the submission"),),
                None,
                1.0,
                "nothing",
            ),
            Conflict(
                SECOND,
                BO,
                "coauthor",
                Verdict.ASK,
                None,
                "@lice",
                (evidence, evidence),
                PartialDate(2024, 5),
                0.75,
                "an older date",
            ),
            Conflict(THIRD, CLEO, "declared", Verdict.CLEAR, None, "", (Evidence("declaration", "decided"),)),
        )
    )
    assignment = Assignment(
        pairs=(
            Pair(FIRST, BO, None, ("last_resort",)),
            Pair(FIRST, CLEO, 0.5),
            Pair(SECOND, ADA, 1.0, ("required",)),
            Pair(SECOND, CLEO, 0.125),
            Pair(THIRD, ADA, 0.75),
        ),
        shortfalls=(Shortfall(THIRD, 2, 1, "of 3 reviewers 2 are full", ("raise max_load", "add reviewers")),),
        underloads=(Underload(BO, 2, 1, "too few submissions"),),
        objective=2.375,
        bound=2.375,
        solver="by hand",
    )
    return ExportData(venue, scores, conflicts, assignment)


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def test_formats_are_known_by_name(bundle: ExportData, tmp_path: Path) -> None:
    assert {"csv", "json"} <= set(EXPORTS)
    with pytest.raises(UnknownNameError, match="unknown export format 'cvs', did you mean 'csv'") as caught:
        export("cvs", bundle, tmp_path / "new")
    assert caught.value.kind == "export format"
    assert caught.value.known == tuple(sorted(EXPORTS))
    assert not (tmp_path / "new").exists()


def test_csv_writes_five_files(bundle: ExportData, tmp_path: Path) -> None:
    written = export("csv", bundle, tmp_path / "out" / "csv")
    assert [path.name for path in written] == [
        "assignment.csv",
        "assignment_by_submission.csv",
        "assignment_by_reviewer.csv",
        "conflicts.csv",
        "shortfalls.csv",
    ]
    assert sorted(path.name for path in (tmp_path / "out" / "csv").iterdir()) == sorted(path.name for path in written)


def test_assignment_csv_is_for_programs(bundle: ExportData, tmp_path: Path) -> None:
    file = tmp_path / "assignment.csv"
    write_assignment_csv(file, bundle.assignment)
    assert file.read_bytes() == (
        b"submission_id,reviewer_id,score\n"
        b"s1,'-bo,\n"
        b"s1,openalex:A5,0.500000\n"
        b"s2,~Ada1,1.000000\n"
        b"s2,openalex:A5,0.125000\n"
        b"s3,~Ada1,0.750000\n"
    )
    write_assignment_csv(file, bundle.assignment, overwrite=True, guard=False)
    assert file.read_text().splitlines()[1] == "s1,-bo,"
    export("csv", bundle, tmp_path / "all")
    assert rows(tmp_path / "all" / "assignment.csv")[1] == ["s1", "'-bo", ""]


def test_by_submission_has_titles_names_addresses_and_what_is_missing(bundle: ExportData, tmp_path: Path) -> None:
    export("csv", bundle, tmp_path)
    assert rows(tmp_path / "assignment_by_submission.csv") == [
        ["submission_id", "title", "reviewer_id", "reviewer_name", "reviewer_email", "score", "marks"],
        ["s1", "'+1 is not enough", "'-bo", "'=HYPERLINK(evil)", "", "", "last_resort"],
        ["s1", "'+1 is not enough", "openalex:A5", "Cleo Zoë Ünal", "", "0.500000", ""],
        ["s2", 'Commas, "quotes"\nand lines', "~Ada1", "Ada Aldern", "ada@example.org", "1.000000", "required"],
        ["s2", 'Commas, "quotes"\nand lines', "openalex:A5", "Cleo Zoë Ünal", "", "0.125000", ""],
        ["s3", "Plain", "~Ada1", "Ada Aldern", "ada@example.org", "0.750000", ""],
        ["s3", "Plain", "", "", "", "", "missing"],
    ]


def test_by_reviewer_has_one_row_for_each(bundle: ExportData, tmp_path: Path) -> None:
    export("csv", bundle, tmp_path)
    assert rows(tmp_path / "assignment_by_reviewer.csv") == [
        ["reviewer_id", "reviewer_name", "reviewer_email", "load", "mean_score", "submission_ids", "titles"],
        ["'-bo", "'=HYPERLINK(evil)", "", "1", "", "s1", "'+1 is not enough"],
        [
            "openalex:A5",
            "Cleo Zoë Ünal",
            "",
            "2",
            "0.312500",
            "s1; s2",
            '\'+1 is not enough; Commas, "quotes"\nand lines',
        ],
        [
            "~Ada1",
            "Ada Aldern",
            "ada@example.org",
            "2",
            "0.875000",
            "s2; s3",
            'Commas, "quotes"\nand lines; Plain',
        ],
    ]
    idle = replace(bundle.assignment, pairs=bundle.assignment.pairs[1:])
    export("csv", replace(bundle, assignment=idle), tmp_path / "idle")
    assert rows(tmp_path / "idle" / "assignment_by_reviewer.csv")[1][3:] == ["0", "", "", ""]


def test_conflicts_csv_has_the_evidence(bundle: ExportData, tmp_path: Path) -> None:
    export("csv", bundle, tmp_path)
    fact = "joint paper “On Sheets” (2024-05, 2024) [publications.jsonl:7, more.jsonl:1]"
    head, *found = rows(tmp_path / "conflicts.csv")
    assert head[:5] == ["submission_id", "reviewer_id", "reviewer_name", "rule", "verdict"]
    assert found == [
        [
            *("s1", "~Ada1", "Ada Aldern", "author", "block", "~Ada1", "Ada Aldern", "", "1.000000"),
            *("an author of the submission", "nothing"),
        ],
        [
            *("s2", "'-bo", "'=HYPERLINK(evil)", "coauthor", "ask", "", "'@lice", "2024-05", "0.750000"),
            *(f"{fact}; {fact}", "an older date"),
        ],
        ["s3", "openalex:A5", "Cleo Zoë Ünal", "declared", "clear", "", "", "", "1.000000", "decided", ""],
    ]


def test_shortfalls_csv_names_submissions_and_reviewers(bundle: ExportData, tmp_path: Path) -> None:
    export("csv", bundle, tmp_path)
    assert rows(tmp_path / "shortfalls.csv") == [
        ["kind", "id", "name", "wanted", "got", "reason", "remedies"],
        ["submission", "s3", "Plain", "2", "1", "of 3 reviewers 2 are full", "raise max_load; add reviewers"],
        ["reviewer", "'-bo", "'=HYPERLINK(evil)", "2", "1", "too few submissions", ""],
    ]


def test_json_holds_everything_unguarded(bundle: ExportData, tmp_path: Path) -> None:
    [path] = export("json", bundle, tmp_path)
    assert path.name == "assignment.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["venue"] == {"name": "A small workshop", "digest": bundle.venue.digest, "deadline": "2025-03-01"}
    assert document["solution"] == {
        "complete": False,
        "objective": 2.375,
        "bound": 2.375,
        "gap": 0.0,
        "solver": "by hand",
        "scores": "mean of the best 3",
    }
    assert document["submissions"][0] == {
        "id": "s1",
        "title": "+1 is not enough",
        "status": "active",
        "track": "",
        "authors": [{"name": "Ada Aldern", "id": "~Ada1"}],
        "reviewers": [
            {"id": "-bo", "name": "=HYPERLINK(evil)", "score": None, "marks": ["last_resort"]},
            {"id": "openalex:A5", "name": "Cleo Zoë Ünal", "score": 0.5, "marks": []},
        ],
    }
    assert [(one["id"], one["load"], one["blocked"], one["submissions"]) for one in document["reviewers"]] == [
        ("-bo", 1, 0, ["s1"]),
        ("openalex:A5", 2, 0, ["s1", "s2"]),
        ("~Ada1", 2, 1, ["s2", "s3"]),
    ]
    assert [(one["verdict"], one["last_date"]) for one in document["conflicts"]] == [
        ("block", None),
        ("ask", "2024-05"),
        ("clear", None),
    ]
    assert document["conflicts"][1]["evidence"][0]["sources"][0] == {"file": "publications.jsonl", "line": 7}
    assert document["shortfalls"][0]["remedies"] == ["raise max_load", "add reviewers"]
    assert document["underloads"][0]["reviewer_id"] == "-bo"


@pytest.mark.parametrize("name", sorted(EXPORTS))
def test_files_are_not_replaced_unless_allowed(name: str, bundle: ExportData, tmp_path: Path) -> None:
    if name in ("cmt", "easychair", "hotcrp"):  # systems that know people by address alone
        people = [replace(person, emails=(f"r{at}@example.org",)) for at, person in enumerate(bundle.venue.people)]
        bundle = replace(bundle, venue=replace(bundle.venue, people=tuple(people)))
    written = export(name, bundle, tmp_path)
    before = {path: path.read_bytes() for path in written}
    last = written[-1]
    last.write_text("mine")
    for path in written[:-1]:
        path.unlink()
    with pytest.raises(DataError, match="exists already") as caught:
        export(name, bundle, tmp_path)
    assert caught.value.file == str(last)
    assert caught.value.remedy == "pass --overwrite (in Python overwrite=True), or choose another place"
    assert list(tmp_path.iterdir()) == [last]  # nothing was written beside it
    assert last.read_text() == "mine"
    export(name, bundle, tmp_path, overwrite=True)
    assert {path: path.read_bytes() for path in written} == before


def test_one_assignment_file_is_not_replaced_either(bundle: ExportData, tmp_path: Path) -> None:
    file = tmp_path / "assignment.csv"
    file.write_text("mine")
    with pytest.raises(DataError, match=re.escape(str(file))):
        write_assignment_csv(file, bundle.assignment)
    assert file.read_text() == "mine"


# --- the guard ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd",
        "-x",
        "@SUM(A1)",
        "\t=1",
        "\rx",
        "\0",
        "  =1",
        "\n@x",
        "-1-1",
        "+1 2",
        "--1",
        "-.5",
        "'=1",
        "''+x",
    ],
)
def test_dangerous_cells_are_guarded(text: str) -> None:
    assert guard_cell(text) == "'" + text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "~Ada_Lovelace1",
        "openalex:A5",
        "a=b",
        "'tis",
        "-1",
        "+2.5",
        "-1e-05",
        " -3",
        "'-1",
        "3 - 1",
        "é",
        "0.250000",
    ],
)
def test_harmless_cells_stay_as_they_are(text: str) -> None:
    assert guard_cell(text) == text


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text("='+-@\t\r\0\n 1.eE", max_size=8)


@given(TEXTS)
def test_guarding_is_undone_exactly(text: str) -> None:
    assert unguard_cell(guard_cell(text)) == text


@given(TEXTS)
def test_no_guarded_cell_is_run(text: str) -> None:
    cell = guard_cell(text).lstrip()
    is_number = re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", cell, flags=re.ASCII) is not None
    assert is_number or not cell or cell[0] not in "=+-@\0"
    assert not guard_cell(text).startswith(("\t", "\r", "\0"))


@given(TEXTS, TEXTS)
def test_cells_survive_the_file(tmp_path_factory: pytest.TempPathFactory, first: str, second: str) -> None:
    file = tmp_path_factory.mktemp("csv") / "assignment.csv"
    pair = Pair(SubmissionId(first), PersonId(second), 0.5)
    write_assignment_csv(file, Assignment((pair,), (), (), 0.5, None, "by hand"))
    assert [[unguard_cell(cell) for cell in row] for row in rows(file)[1:]] == [[first, second, "0.500000"]]


def test_every_cell_of_every_file_passes_the_guard(bundle: ExportData, tmp_path: Path) -> None:
    evil = "=cmd|'/c calc'!A0"
    venue = bundle.venue
    hostile = replace(
        venue,
        people=tuple(replace(person, names=(evil,), emails=(evil,)) for person in venue.people),
        submissions=tuple(replace(submission, title=evil) for submission in venue.submissions),
    )
    conflicts = Conflicts(
        tuple(
            replace(one, rule=evil, via=PersonId(evil), via_name=evil, clears=evil, evidence=(Evidence("paper", evil),))
            for one in bundle.conflicts.items
        )
    )
    assignment = replace(
        bundle.assignment,
        pairs=tuple(replace(pair, marks=(evil,)) for pair in bundle.assignment.pairs),
        shortfalls=(Shortfall(THIRD, 2, 1, evil, (evil,)),),
        underloads=(Underload(BO, 2, 1, evil),),
    )
    written = export("csv", ExportData(hostile, bundle.scores, conflicts, assignment), tmp_path)
    cells = [cell for path in written for row in rows(path) for cell in row]
    assert sum(cell.startswith("'=cmd") for cell in cells) >= 40
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
