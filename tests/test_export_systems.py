"""What other systems take back: files by their content, and round trips through our own readers."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

from matcher.errors import DataError
from matcher.export import ExportData, export
from matcher.ingest.formats import FORMATS, Wishes
from matcher.records import (
    Assignment,
    Conflict,
    Conflicts,
    DeclaredConflict,
    Evidence,
    Index,
    Pair,
    Person,
    PersonId,
    Reviewer,
    ScoreMatrix,
    Submission,
    SubmissionId,
    Venue,
    Verdict,
)

ADA, BO, CLEO = PersonId("~Ada1"), PersonId("easychair:7"), PersonId("cleo")
FIRST, SECOND = SubmissionId("1"), SubmissionId("2")


def conflict(submission: SubmissionId, reviewer: PersonId, rule: str, verdict: Verdict) -> Conflict:
    return Conflict(submission, reviewer, rule, verdict, None, "", (Evidence("fact", f"because of {rule}"),))


@pytest.fixture
def bundle() -> ExportData:
    """Two submissions, three reviewers: two rules block one pair, one pair is a question, one is not scored."""
    venue = Venue.of(
        people=[
            Person(ADA, ("Ada Aldern",), emails=("ada@example.org", "second@example.org")),
            Person(BO, ("Bo & Co",), emails=("bo@example.org",)),
            Person(CLEO, ("Cleo",), emails=("cleo@example.org",)),
        ],
        reviewers=[Reviewer(ADA), Reviewer(BO), Reviewer(CLEO)],
        submissions=[Submission(FIRST, "One"), Submission(SECOND, "Two")],
    )
    values = np.array([[0.125, 0.25, 0.5], [0.75, np.nan, 0.0]], dtype=np.float32)
    scores = ScoreMatrix(Index((FIRST, SECOND)), Index((CLEO, BO, ADA)), values, values, "by hand")
    conflicts = Conflicts(
        (
            conflict(FIRST, ADA, "coauthor", Verdict.BLOCK),
            conflict(FIRST, ADA, "institution", Verdict.BLOCK),
            conflict(SECOND, CLEO, "declared", Verdict.ASK),
            conflict(SECOND, BO, "declared", Verdict.BLOCK),
        )
    )
    assignment = Assignment(
        pairs=(Pair(FIRST, CLEO, 0.125), Pair(FIRST, BO, 0.25), Pair(SECOND, ADA, None)),
        shortfalls=(),
        underloads=(),
        objective=0.375,
        bound=0.375,
        solver="by hand",
    )
    return ExportData(venue, scores, conflicts, assignment)


def cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def back(name: str, *paths: Path) -> dict[str, set[tuple[Any, ...]]]:
    """What our own reader of the same system makes of the files, as pairs by table."""
    found: dict[str, set[tuple[Any, ...]]] = {}
    for record in FORMATS[name].read(list(paths), Wishes()):
        assert record.fault is None
        for row in record.rows:
            found.setdefault(row.table, set()).add((row.values["submission_id"], row.values["reviewer_id"]))
    return found


MAIL = {ADA: "ada@example.org", BO: "bo@example.org", CLEO: "cleo@example.org"}
ASSIGNED = {(FIRST, CLEO), (FIRST, BO), (SECOND, ADA)}
BLOCKED = {(FIRST, ADA), (SECOND, BO)}


def mailed(pairs: set[tuple[SubmissionId, PersonId]]) -> set[tuple[str, str]]:
    return {(submission, MAIL[reviewer]) for submission, reviewer in pairs}


def test_hotcrp(bundle: ExportData, tmp_path: Path) -> None:
    assignments, conflicts, preferences = export("hotcrp", bundle, tmp_path)
    assert cells(assignments)[:2] == [["paper", "action", "email"], ["1", "pcreview", "cleo@example.org"]]
    assert cells(conflicts) == [
        ["paper", "action", "email", "conflict"],
        ["1", "conflict", "ada@example.org", "collaborator"],
        ["2", "conflict", "bo@example.org", "conflict"],
    ]
    assert cells(preferences)[1:] == [
        ["1", "preference", "cleo@example.org", "12"],
        ["1", "preference", "bo@example.org", "25"],
        ["2", "preference", "cleo@example.org", "75"],
        ["2", "preference", "ada@example.org", "0"],
    ]
    again = back("hotcrp", assignments, conflicts, preferences)
    assert again["assignments"] == mailed(ASSIGNED)
    assert again["conflicts"] == mailed(BLOCKED)
    assert again["bids"] == {("1", "cleo@example.org"), ("1", "bo@example.org"), ("2", "cleo@example.org")} | {
        ("2", "ada@example.org")
    }


def test_openreview(bundle: ExportData, tmp_path: Path) -> None:
    assignments, conflicts, scores = export("openreview", bundle, tmp_path)
    assert cells(assignments) == [
        ["head", "tail", "weight"],
        ["1", "cleo", "0.125000"],
        ["1", "easychair:7", "0.250000"],
        ["2", "~Ada1", ""],
    ]
    assert cells(conflicts) == [
        ["head", "tail", "weight", "label"],
        ["1", "~Ada1", "-1", "coauthor; institution"],
        ["2", "easychair:7", "-1", "declared"],
    ]
    assert len(cells(scores)) == 1 + 4
    again = back("openreview", assignments, conflicts, scores)
    scored = {(FIRST, CLEO), (FIRST, BO), (SECOND, CLEO), (SECOND, ADA)}
    assert again == {"assignments": ASSIGNED, "conflicts": BLOCKED, "scores": scored}


def test_cmt(bundle: ExportData, tmp_path: Path) -> None:
    assignments, conflicts = export("cmt", bundle, tmp_path)
    assert assignments.read_text() == (
        '<?xml version="1.0" encoding="utf-8"?>\n<assignments>\n'
        '  <submission submissionId="1">\n    <user email="cleo@example.org" />\n    <user email="bo@example.org" />\n'
        '  </submission>\n  <submission submissionId="2">\n    <user email="ada@example.org" />\n  </submission>\n'
        "</assignments>\n"
    )
    again = back("cmt", assignments, conflicts)
    assert again == {"assignments": mailed(ASSIGNED), "conflicts": mailed(BLOCKED)}
    with pytest.raises(DataError, match="exists already"):
        export("cmt", bundle, tmp_path)
    export("cmt", bundle, tmp_path, overwrite=True)


def test_easychair(bundle: ExportData, tmp_path: Path) -> None:
    assignments, conflicts = export("easychair", bundle, tmp_path)
    assert cells(assignments)[2] == ["1", "7", "Bo & Co", "bo@example.org"]
    reasons = "because of coauthor; because of institution"
    assert cells(conflicts)[1] == ["1", "", "Ada Aldern", "ada@example.org", reasons]
    by_address = {ADA: "ada@example.org", BO: "easychair:7", CLEO: "cleo@example.org"}
    again = back("easychair", assignments, conflicts)
    assert again["assignments"] == {(submission, by_address[reviewer]) for submission, reviewer in ASSIGNED}
    assert again["conflicts"] == {(submission, by_address[reviewer]) for submission, reviewer in BLOCKED}


def test_easychair_needs_a_number_or_an_address(bundle: ExportData, tmp_path: Path) -> None:
    people = [replace(person, emails=()) for person in bundle.venue.people]
    venue = Venue.of(people=people, reviewers=bundle.venue.reviewers, submissions=bundle.venue.submissions)
    with pytest.raises(DataError, match="EasyChair knows people by e-mail address, and reviewer 'cleo' and 1 more has"):
        export("easychair", replace(bundle, venue=venue), tmp_path)
    numbered = [replace(person, emails=()) if person.id == BO else person for person in bundle.venue.people]
    venue = Venue.of(people=numbered, reviewers=bundle.venue.reviewers, submissions=bundle.venue.submissions)
    assignments, _ = export("easychair", replace(bundle, venue=venue), tmp_path)
    assert cells(assignments)[2] == ["1", "7", "Bo & Co", ""]


@pytest.mark.parametrize(
    ("declared", "rule", "kind"),
    [
        (["declared in HotCRP: advisor"], "coauthor", "advisor"),
        (["declared in HotCRP: Pinned Recent collaborator"], "author", "pinned collaborator"),
        (["declared in HotCRP: Y"], "institution", "conflict"),
        (["declared in HotCRP: something new"], "institution", "institutional"),
        (["a reason of ours"], "author", "pinned conflict"),
        ([], "colleague", "conflict"),
    ],
)
def test_hotcrp_gets_the_kind_back_that_was_declared_there(
    bundle: ExportData, tmp_path: Path, declared: list[str], rule: str, kind: str
) -> None:
    venue = replace(bundle.venue, declared=tuple(DeclaredConflict(FIRST, ADA, reason) for reason in declared))
    found = Conflicts((conflict(FIRST, ADA, rule, Verdict.BLOCK), conflict(FIRST, ADA, "declared", Verdict.BLOCK)))
    _, conflicts, _ = export("hotcrp", replace(bundle, venue=venue, conflicts=found), tmp_path)
    assert cells(conflicts)[1:] == [["1", "conflict", "ada@example.org", kind]]


@pytest.mark.parametrize(("name", "system"), [("hotcrp", "HotCRP"), ("cmt", "CMT")])
def test_people_without_an_address_are_named(bundle: ExportData, tmp_path: Path, name: str, system: str) -> None:
    people = [replace(person, emails=()) if person.id != CLEO else person for person in bundle.venue.people]
    venue = Venue.of(people=people, reviewers=bundle.venue.reviewers, submissions=bundle.venue.submissions)
    with pytest.raises(
        DataError, match=f"{system} knows people by e-mail address, and reviewer .* and 1 more has none"
    ):
        export(name, replace(bundle, venue=venue), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_parquet(bundle: ExportData, tmp_path: Path) -> None:
    assignment, scores, conflicts = export("parquet", bundle, tmp_path)
    assert parquet.read_table(assignment).to_pylist() == [
        {"submission_id": pair.submission_id, "reviewer_id": pair.reviewer_id, "score": pair.score}
        for pair in bundle.assignment.pairs
    ]
    assert parquet.read_table(scores).num_rows == 5
    rows = parquet.read_table(conflicts).to_pylist()
    assert [row["verdict"] for row in rows] == ["block", "block", "ask", "block"]
    assert rows[0]["evidence"] == ["because of coauthor"]
