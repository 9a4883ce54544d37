"""Forms of reviewers: written as workbooks, filled in, read back, kept for the next edition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from matcher.cli import app
from matcher.errors import DataError
from matcher.ingest.forms import (
    Selection,
    apply_selections,
    keep_selections,
    read_forms,
    read_selections,
    write_forms,
)

runner = CliRunner()

PAPERS: list[dict[str, Any]] = [
    {"id": "p1", "title": "Growing Trees", "date": ["2020", "2021-02"], "authors": [{"name": "Ada", "person_id": "a"}]},
    {"id": "p2", "title": "=Sum of Trees", "date": None, "authors": [{"name": "Ada", "person_id": "a"}, "Bo"]},
    {
        "id": "p3",
        "title": "Namesakes",
        "authors": [{"name": "Ada", "person_id": "a"}, {"name": "Bo", "person_id": "b"}],
    },
]
REVIEWERS: list[dict[str, Any]] = [
    {
        "id": "a",
        "name": "Ada Example",
        "emails": ["ada@example.org"],
        "interests": ["trees"],
        "paper_ids": ["p1", "p3"],
    },
    {"id": "b", "name": "Bo Other", "max_load": 2},
    {"id": "~Cy/1", "name": "Cy Third", "paper_ids": []},
]


def venue(folder: Path, reviewers: list[dict[str, Any]] = REVIEWERS) -> Path:
    folder.mkdir()
    for name, rows in (("reviewers", reviewers), ("publications", PAPERS)):
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


def table(folder: Path, name: str) -> dict[str, dict[str, Any]]:
    rows = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
    return {row["id"]: row for row in rows}


def fill(form: Path, sheet: str, cells: dict[str, Any]) -> Path:
    book = openpyxl.load_workbook(form)
    for cell, value in cells.items():
        book[sheet][cell] = value
    book.save(form)
    return form


def test_a_form_shows_what_is_known(tmp_path: Path) -> None:
    files = write_forms(venue(tmp_path / "v"), tmp_path / "forms")
    assert [file.name for file in files] == ["a.xlsx", "b.xlsx", "~Cy_1.xlsx"]
    book = openpyxl.load_workbook(files[0])
    assert [[cell.value for cell in row] for row in book["Papers"].iter_rows()] == [
        ["mine", "use", "title", "year", "published in", "paper id"],
        ["yes", "yes", "Growing Trees", "2020", None, "p1"],
        ["yes", "yes", "Namesakes", None, None, "p3"],
        ["yes", "no", "'=Sum of Trees", None, None, "p2"],
    ]
    assert [cell.value for cell in book["You"]["B"]] == ["a", "Ada Example", "trees", None, None]


def test_a_form_that_nobody_touched_changes_nothing_but_spells_the_papers_out(tmp_path: Path) -> None:
    folder = venue(tmp_path / "v")
    write_forms(folder, tmp_path / "forms")
    done = apply_selections(folder, read_forms([tmp_path / "forms"], folder))
    assert (done.papers_out, done.not_mine, done.unknown) == (0, 0, ())
    rows = table(folder, "reviewers")
    assert (rows["a"]["paper_ids"], rows["b"]["paper_ids"], rows["b"]["max_load"]) == (["p1", "p3"], ["p3"], 2)


def test_what_is_filled_in_comes_back(tmp_path: Path) -> None:
    folder = venue(tmp_path / "v")
    form, *_ = write_forms(folder, tmp_path / "forms", only=["a"])
    fill(form, "Papers", {"A3": "No", "B2": "n"})
    fill(form, "You", {"B3": "trees; deep  roots", "B4": 4, "B5": 0.5})
    (selection,) = read_forms([form], folder)
    assert selection == Selection(
        "a", ("ada@example.org",), ("namesakes",), ("growingtrees", "sumoftrees"), ("trees", "deep roots"), 4, 0.5
    )
    done = apply_selections(folder, [selection])
    assert (done.reviewers, done.papers_out, done.not_mine) == (("a",), 2, 1)
    row = table(folder, "reviewers")["a"]
    assert (row["paper_ids"], row["interests"], row["max_load"], row["availability"]) == (
        [],
        ["trees", "deep roots"],
        4,
        0.5,
    )
    papers = table(folder, "publications")
    assert papers["p3"]["authors"] == [{"name": "Ada"}, {"name": "Bo", "person_id": "b"}]  # somebody else's
    assert papers["p1"]["authors"] == PAPERS[0]["authors"]  # unused, but hers: co-authors stay co-authors


def test_decisions_carry_over_to_the_next_edition(tmp_path: Path) -> None:
    kept = tmp_path / "selections.jsonl"
    selections = [
        Selection("a", ("Ada@Example.org",), not_mine=("namesakes",), max_load=3),
        Selection("gone", areas=("x",)),
    ]
    assert keep_selections(kept, selections) == 2
    assert keep_selections(kept, [Selection("gone", availability=1.0)]) == 2
    again = read_selections(kept)
    assert again == (selections[0], Selection("gone", availability=1.0))
    renamed = [{**REVIEWERS[0], "id": "new", "emails": ["ADA@example.org"]}, REVIEWERS[1]]
    folder = venue(tmp_path / "next", renamed)
    dry = apply_selections(folder, again, dry_run=True)
    assert table(folder, "reviewers")["new"]["paper_ids"] == ["p1", "p3"]
    done = apply_selections(folder, again)
    assert (done.reviewers, done.unknown) == (dry.reviewers, dry.unknown) == (("new",), ("gone",))
    row = table(folder, "reviewers")["new"]
    assert (row["paper_ids"], row["max_load"], row["interests"]) == (["p1"], 3, ["trees"])


def test_forms_are_not_replaced_unasked(tmp_path: Path) -> None:
    folder = venue(tmp_path / "v")
    write_forms(folder, tmp_path / "forms")
    with pytest.raises(DataError, match="this form exists already"):
        write_forms(folder, tmp_path / "forms")
    write_forms(folder, tmp_path / "forms", overwrite=True)
    with pytest.raises(DataError, match="no such reviewers"):
        write_forms(folder, tmp_path / "forms", only=["nobody"])


@pytest.mark.parametrize(
    ("sheet", "cells", "said"),
    [
        ("Papers", {"A2": "perhaps"}, "a.xlsx:2: field 'mine': allowed is yes or no; got 'perhaps'"),
        ("You", {"B4": "many"}, "allowed is a whole number; got 'many'"),
        ("You", {"B5": "2"}, "allowed is a number from 0 to 1; got '2'"),
        ("You", {"B5": "half"}, "allowed is a number from 0 to 1; got 'half'"),
        ("You", {"B1": "zed"}, "'zed' is no reviewer of the venue"),
    ],
)
def test_cells_that_are_not_allowed(tmp_path: Path, sheet: str, cells: dict[str, Any], said: str) -> None:
    folder = venue(tmp_path / "v")
    form, *_ = write_forms(folder, tmp_path / "forms", only=["a"])
    with pytest.raises(DataError) as caught:
        read_forms([fill(form, sheet, cells)], folder)
    assert said in str(caught.value)


def test_forms_that_are_none(tmp_path: Path) -> None:
    folder = venue(tmp_path / "v")
    with pytest.raises(DataError, match="no form"):
        read_forms([tmp_path], folder)
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["something"])
    book.save(tmp_path / "other.xlsx")
    with pytest.raises(DataError, match="this is no form"):
        read_forms([tmp_path / "other.xlsx"], folder)
    form, *_ = write_forms(folder, tmp_path / "forms", only=["a"])
    copy = form.with_name("copy.xlsx")
    copy.write_bytes(form.read_bytes())
    with pytest.raises(DataError, match="is a form of 'a' too"):
        read_forms([tmp_path / "forms"], folder)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{}", "'reviewer_id' is missing"),
        ('{"reviewer_id": "a", "colour": 1}', "there is no field 'colour'"),
        ('{"reviewer_id": "a", "unused": "x"}', "'unused' is no list"),
        ('{"reviewer_id": }', "this is no JSON"),
    ],
)
def test_kept_decisions_that_are_damaged(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "selections.jsonl"
    path.write_text(line)
    with pytest.raises(DataError, match=f"this is no selection: {said}"):
        read_selections(path)


def test_the_commands(tmp_path: Path) -> None:
    folder, forms = venue(tmp_path / "v"), tmp_path / "forms"
    shown = runner.invoke(app, ["confirm", "write", str(folder), "--out", str(forms)])
    assert "3 forms in" in shown.output
    fill(forms / "a.xlsx", "Papers", {"A3": "no"})
    before = (folder / "publications.jsonl").read_bytes()
    shown = runner.invoke(app, ["confirm", "read", str(forms), "--into", str(folder), "--dry-run"])
    assert "3 reviewers, 1 paper no longer speaks for them, 1 of these is somebody else's" in " ".join(
        shown.output.split()
    )
    assert (folder / "publications.jsonl").read_bytes() == before
    assert not (folder / "selections.jsonl").exists()
    shown = runner.invoke(app, ["confirm", "read", str(forms), "--into", str(folder), "--json"])
    assert json.loads(shown.stdout)["not_mine"] == 1
    assert (folder / "publications.jsonl").read_bytes() != before
    following = venue(tmp_path / "next", REVIEWERS[:1])
    shown = runner.invoke(app, ["confirm", "apply", str(folder / "selections.jsonl"), "--into", str(following)])
    assert "no reviewers here: b, ~Cy/1" in " ".join(shown.output.split())
    assert table(following, "reviewers")["a"]["paper_ids"] == ["p1"]
