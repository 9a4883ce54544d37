"""The workshop chair's path: two sheets in, one workbook out."""

from __future__ import annotations

import csv
import io
import random
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from matcher.config import MatchConfig
from matcher.conflicts import find_conflicts
from matcher.errors import DataError, MissingExtraError
from matcher.export.workbook import WorkbookData, write_workbook
from matcher.ingest import sheets
from matcher.ingest.byline import addresses_in, read_byline, read_person
from matcher.ingest.headings import REVIEWER_SHEET, SUBMISSION_SHEET, SheetKind, Wishes, find_columns
from matcher.ingest.sheet_rows import read_publication
from matcher.ingest.sheets import Sheet, SheetRow
from matcher.ingest.workbook import STATEMENT_TITLE, SheetsLoaded, read_sheets
from matcher.pipeline import MatchResult, match
from matcher.records import (
    Affiliation,
    Assignment,
    AuthorMention,
    Conflict,
    Conflicts,
    Deadline,
    Evidence,
    EvidencePaper,
    Explanation,
    Index,
    Limits,
    Pair,
    PairStatus,
    Person,
    PersonId,
    QuestionPrice,
    Relation,
    Reviewer,
    ScoreMatrix,
    Shortfall,
    Submission,
    SubmissionId,
    Underload,
    Venue,
    Verdict,
)

Rows = Sequence[Sequence[Any]]

REVIEWERS: Final[Rows] = [["Name", "E-mail"], ["Ann Author", "ann@a.example"], ["Joe Bloggs", "joe@b.example"]]
SUBMISSIONS: Final[Rows] = [["Title", "Authors"], ["Sparse nets", "Max Poe"], ["Dense nets", "Jane Roe; Di Wu"]]


def fill(sheet: Worksheet, rows: Rows) -> None:
    for row in rows:
        sheet.append(list(row))


def xlsx(path: Path, rows: Rows, *, title: str = "Sheet") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = title
    fill(sheet, rows)
    book.save(path)
    return path


def text(path: Path, rows: Rows, *, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(rows)
    return path


def load(folder: Path, reviewers: Rows = REVIEWERS, submissions: Rows = SUBMISSIONS, **more: Any) -> SheetsLoaded:
    return read_sheets(
        xlsx(folder / "reviewers.xlsx", reviewers), xlsx(folder / "submissions.xlsx", submissions), **more
    )


def names(venue: Venue) -> list[str]:
    return [venue.name_of(reviewer.person_id) for reviewer in venue.reviewers]


def authors(venue: Venue) -> dict[str, list[str]]:
    return {submission.id: [author.name for author in submission.authors] for submission in venue.submissions}


def fields(loaded: SheetsLoaded, file: str) -> dict[str, str | None]:
    return {guess.header: guess.field for guess in loaded.mappings[file]}


# --- people in a cell -----------------------------------------------------------------------------------------------

BYLINES: Final = {
    "A. Author, B. Bloggs and C. Poe": ["A. Author", "B. Bloggs", "C. Poe"],
    "A. Author, B. Bloggs, and C. Poe": ["A. Author", "B. Bloggs", "C. Poe"],
    "Ann Author and Joe Bloggs": ["Ann Author", "Joe Bloggs"],
    "Ann Author & Joe Bloggs": ["Ann Author", "Joe Bloggs"],
    "Ann Author; Joe Bloggs; Max Poe": ["Ann Author", "Joe Bloggs", "Max Poe"],
    "Ann Author\nJoe Bloggs\n": ["Ann Author", "Joe Bloggs"],
    "Ann Author,\nJoe Bloggs,\nand Max Poe": ["Ann Author", "Joe Bloggs", "Max Poe"],
    "1. Ann Author\n2. Joe Bloggs": ["Ann Author", "Joe Bloggs"],
    "Author, Ann; Bloggs, Joe": ["Ann Author", "Joe Bloggs"],
    "Author, Ann and Bloggs, Joe": ["Ann Author", "Joe Bloggs"],
    "Author, A., Bloggs, J., and Poe, M.": ["A. Author", "J. Bloggs", "M. Poe"],
    "Author, Ann": ["Ann Author"],
    "Ann Author (Dept. of X, University A, Town), Joe Bloggs (Uni B)": ["Ann Author", "Joe Bloggs"],
    "Ann Author (Uni A; Uni B); Joe Bloggs (Uni C)*": ["Ann Author", "Joe Bloggs"],
    "Ann Author, University of Science and Technology; Joe Bloggs, ETH Zurich": ["Ann Author", "Joe Bloggs"],
    "Ann Author, MIT; Joe Bloggs, IBM": ["Ann Author", "Joe Bloggs"],
    "Author, Ann, University A; Bloggs, Joe, University B": ["Ann Author", "Joe Bloggs"],
    "Ann Author <ann@a.example>; Joe Bloggs <joe@b.example>": ["Ann Author", "Joe Bloggs"],
    "Ann Author ann@a.example, Joe Bloggs joe@b.example": ["Ann Author", "Joe Bloggs"],
    "李明、王芳": ["李明", "王芳"],
    "李明，王芳，张伟": ["李明", "王芳", "张伟"],
    "山田 太郎; 鈴木 花子": ["山田 太郎", "鈴木 花子"],
    "김철수, 이영희": ["김철수", "이영희"],
    "van der Berg, Jan; de la Cruz, María": ["Jan van der Berg", "María de la Cruz"],
    "Ludwig van Beethoven, Vincent van Gogh": ["Ludwig van Beethoven", "Vincent van Gogh"],
    "José Ortega y Gasset, Fernando de los Ríos": ["José Ortega y Gasset", "Fernando de los Ríos"],
    "García Márquez, Gabriel; Vargas Llosa, Mario": ["Gabriel García Márquez", "Mario Vargas Llosa"],
    "Garcia Marquez, Gabriel Jose; Poe, Max": ["Gabriel Jose Garcia Marquez", "Max Poe"],
    "Di Wu, Le Zhang": ["Di Wu", "Le Zhang"],
    "DUPONT, Jean; MARTIN, Anne": ["Jean DUPONT", "Anne MARTIN"],
    "Jürgen Müller und Étienne Dupré": ["Jürgen Müller", "Étienne Dupré"],
    "Conan O'Brien, Jean-Paul Sartre": ["Conan O'Brien", "Jean-Paul Sartre"],
    "Ann Author1,2, Joe Bloggs2*": ["Ann Author", "Joe Bloggs"],
    "Ann Author¹, Joe Bloggs†": ["Ann Author", "Joe Bloggs"],
    "Wei Wang 0001, Joe Bloggs": ["Wei Wang 0001", "Joe Bloggs"],
    "Joe Bloggs, Jr., Ann Author": ["Joe Bloggs Jr.", "Ann Author"],
    "Prof. Dr. Ann Author and Joe Bloggs, PhD": ["Ann Author", "Joe Bloggs"],
    "Author A, Bloggs JR": ["Author A", "Bloggs JR"],
    "Plato": ["Plato"],
    "Jane Roe and Plato": ["Jane Roe", "Plato"],
    "": [],
}


@pytest.mark.parametrize("cell", BYLINES)
def test_bylines_are_read_in_every_common_form(cell: str) -> None:
    assert [author.name for author in read_byline(cell).authors] == BYLINES[cell]


def test_bylines_keep_addresses_organisations_and_marks() -> None:
    first, second = read_byline("Ann Author (Uni A, Town)* <Ann@A.example>; Bloggs, Joe [Uni B]").authors
    assert first == AuthorMention(name="Ann Author", email="ann@a.example", affiliation="Uni A, Town", marks="*")
    assert second == AuthorMention(name="Joe Bloggs", affiliation="Uni B")
    behind_commas = read_byline("Ann Author, Carnegie Hall; Joe Bloggs, University B").authors
    assert [author.affiliation for author in behind_commas] == ["Carnegie Hall", "University B"]


def test_bylines_tell_what_is_missing() -> None:
    cut_off = read_byline("Ann Author et al.")
    assert [author.name for author in cut_off.authors] == ["Ann Author"]
    assert "cut off" in cut_off.doubts[0]
    assert "'ann@a.example'" in read_byline("Joe Bloggs; ann@a.example").doubts[0]
    assert read_byline("Joe Bloggs").doubts == ()


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("Author, Ann", "Ann Author"),
        ("Garcia Marquez, Gabriel Jose", "Gabriel Jose Garcia Marquez"),
        ("Dr. Ann Author", "Ann Author"),
        ("Ann Author (she/her)", "Ann Author"),
        ("Ann Author, University of A", "Ann Author"),
        ("Ann Author and Joe Bloggs", None),
        ("Ann Author; Joe Bloggs", None),
        ("Ann Author, Joe Bloggs, Max Poe", None),
        ("ann@a.example", None),
        ("", None),
    ],
)
def test_one_person_in_a_cell(cell: str, name: str | None) -> None:
    found = read_person(cell)
    assert (found.name if found else None) == name


def test_addresses() -> None:
    assert addresses_in("Ann <ANN@a.example>\nann@a.example, mailto:joe@b.example*") == (
        ("ann@a.example", "joe@b.example"),
        (),
    )
    assert addresses_in("ann at a.example; joe@b") == ((), ("joe@b",))


@given(
    st.lists(st.sampled_from(["Ann Author", "Joe Bloggs", "Max Poe", "李明", "Jan van der Berg"]), max_size=5),
    st.data(),
)
def test_bylines_are_the_same_in_every_form(people: list[str], data: st.DataObject) -> None:
    separator = data.draw(st.sampled_from([", ", "; ", "\n", " and ", "；", ";\n", " ;", ", and "]))
    assert [author.name for author in read_byline(separator.join(people)).authors] == people


@given(st.text(alphabet="AbC.,;()<>@*1 \n-李", max_size=40))
def test_no_cell_breaks_the_reader(cell: str) -> None:
    for author in read_byline(cell).authors:
        assert any(letter.isalpha() for letter in author.name)


# --- publications ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "title", "venue", "year"),
    [
        ("Sparse training (2023)", "Sparse training", "", 2023),
        ("Sparse training, 2023", "Sparse training", "", 2023),
        ("Sparse training. 2023.", "Sparse training", "", 2023),
        ("Training large nets. NeurIPS 2023", "Training large nets", "NeurIPS", 2023),
        ("Training large nets (ICML 2019)", "Training large nets", "ICML", 2019),
        ("[3] “Training large nets” (2019)", "Training large nets", "", 2019),
        ("2. Is it sparse? ACL, 2021", "Is it sparse?", "ACL", 2021),
        ('"Rigid" nets "revisited" (2019)', '"Rigid" nets "revisited"', "", 2019),
        ("The 2020 election (2021)", "The 2020 election", "", 2021),
        ("Training large nets. Some Journal, 2019", "Training large nets", "Some Journal", 2019),
        ("Author, A. Training nets, 2019", "Author, A. Training nets", "", 2019),
        ("Author et al. Training nets 2019", "Author et al. Training nets", "", 2019),
        ("Training nets. In: Proc. X, pp. 1-9, 2019", "Training nets. In: Proc. X, pp. 1-9", "", 2019),
        (
            "Nets. A very long title that is no venue at all 2019",
            "Nets. A very long title that is no venue at all",
            "",
            2019,
        ),
        ("Energy demand in 2050", "Energy demand in 2050", "", None),
        ("Trends from 2000 to 2020", "Trends from 2000 to 2020", "", None),
        ("Nets. Trends up to 2020", "Nets. Trends up to 2020", "", None),
        ("Demand (in 2050)", "Demand (in 2050)", "", None),
        ("Forecasts: 2010, 2015, 2020", "Forecasts: 2010, 2015, 2020", "", None),
        ("Survey (1990-2010)", "Survey (1990-2010)", "", None),
        ("WebVision 2017", "WebVision 2017", "", None),
        ("2048", "2048", "", None),
    ],
)
def test_years_are_taken_only_where_they_can_be_nothing_else(
    entry: str, title: str, venue: str, year: int | None
) -> None:
    found = read_publication(entry)
    assert (found.title, found.published_in, found.date.year if found.date else None) == (title, venue, year)


# --- headings -------------------------------------------------------------------------------------------------------


def guess(header: Sequence[str], *, submissions: bool = False) -> dict[str, tuple[str | None, bool]]:
    kind, must = (SUBMISSION_SHEET, "Title") if submissions else (REVIEWER_SHEET, "Name")
    columns, _ = find_columns([Sheet("x", (SheetRow(1, (must, *header)),))], kind, Wishes({}))
    return {found.header: (found.field, found.sure) for found in columns.guesses if found.header != must}


@pytest.mark.parametrize(
    ("header", "field", "sure"),
    [
        ("E-MAIL", "email", True),
        ("  Your e-mail address: ", "email", True),
        ("Correo electrónico", "email", True),
        ("Affiliation(s)", "affiliation", True),
        ("Organisation / company", "affiliation", False),
        ("Please list recent publications (one per line)", "publications", True),
        ("Three publications that show what you know", "publications", False),
        ("Paper 3", "publications", True),
        ("Mots-clés", "keywords", True),
        ("Short bio", "statement", True),
        ("How many papers are you willing to review?", "max_load", False),
        ("Max. number of reviews", "max_load", True),
        ("Min load", "min_load", True),
        ("Do you have any conflict of interest?", "conflicts", False),
        ("DBLP", "attribute", True),
        ("Reviewer ID", "attribute", True),
        ("Max. Anzahl Gutachten", "max_load", True),
        ("Max. Gutachten", "max_load", True),
        ("Anzahl Gutachten", "max_load", True),
        ("Maximalzahl an Gutachten", "max_load", False),
        ("Nombre max", "max_load", True),
        ("Fachgebiete", "keywords", True),
        ("Fachgebiet", "statement", True),
        ("Themen", "keywords", True),
        ("Stichwörter", "keywords", True),
        ("Schlagwörter", "keywords", True),
        ("E-Mail-Adresse", "email", True),
        ("Courriel", "email", True),
        ("Institution", "affiliation", True),
        ("Einrichtung", "affiliation", True),
        ("Établissement", "affiliation", True),
        ("Shoe size", None, False),
    ],
)
def test_titles_of_reviewer_columns(header: str, field: str | None, sure: bool) -> None:
    assert guess([header])[header] == (field, sure)


@pytest.mark.parametrize(
    ("header", "field", "sure"),
    [
        ("#", "id", True),
        ("Paper ID", "id", True),
        ("Submission number", "id", True),
        ("Extended abstract (max. 300 words)", "abstract", True),
        ("Author(s)", "authors", True),
        ("Autorinnen und Autoren", "authors", True),
        ("作者", "authors", True),
        ("Authors with countries", None, False),
        ("Names of all authors and so on", "authors", False),
        ("Author 2 e-mail", "author[2].email", True),
        ("2nd author", "author[2].name", True),
        ("First author affiliation", "author[1].affiliation", True),
        ("Co-authors", "more_authors", True),
        ("Corresponding author", "lead_author", True),
        ("Number of authors", None, False),
        ("Secondary Subject Areas", "keywords", True),
        ("Reviews needed", "reviews_wanted", True),
        ("Anzahl Gutachten", "reviews_wanted", True),
        ("Fachgebiet", "keywords", True),
        ("Zusammenfassung", "abstract", True),
        ("Résumé", "abstract", True),
        ("Auteurs", "authors", True),
    ],
)
def test_titles_of_submission_columns(header: str, field: str | None, sure: bool) -> None:
    assert guess([header], submissions=True)[header] == (field, sure)


@pytest.mark.parametrize(
    ("header", "kind", "field"),
    [
        ("Gutachter", REVIEWER_SHEET, "name"),
        ("Gutachterin", REVIEWER_SHEET, "name"),
        ("Gutachter/in", REVIEWER_SHEET, "name"),
        ("Évaluateur", REVIEWER_SHEET, "name"),
        ("Relecteur", REVIEWER_SHEET, "name"),
        ("Beitragstitel", SUBMISSION_SHEET, "title"),
        ("Titel des Beitrags", SUBMISSION_SHEET, "title"),
        ("Einreichung", SUBMISSION_SHEET, "title"),
        ("Titre", SUBMISSION_SHEET, "title"),
    ],
)
def test_titles_of_the_column_that_must_be_there(header: str, kind: SheetKind, field: str) -> None:
    columns, _ = find_columns([Sheet("x", (SheetRow(1, (header, "Sonstiges")),))], kind, Wishes({}))
    assert [(found.field, found.sure) for found in columns.guesses] == [(field, True), (None, False)]


def test_a_kept_column_that_looks_like_a_load_is_told_loudly() -> None:
    def notices(header: Sequence[str], kind: SheetKind = REVIEWER_SHEET, **told: str) -> tuple[str, ...]:
        columns, _ = find_columns([Sheet("x", (SheetRow(1, ("Name", "Title", *header)),))], kind, Wishes(told))
        return columns.notices

    titles = ["Max. Begutachtung", "Höchstanzahl", "Number of things", "My quota here", "Workload", "Limit"]
    assert notices(titles) == tuple(
        f"column '{title}' looks like a load and was not taken for one: --map \"max_load={title}\"" for title in titles
    )
    assert notices(["Shoe size", "Upload", "Max. load", "Maxwell"]) == ()
    assert notices(["Wieviel", "Limit"], max_load="Wieviel") == ()  # the user has said which it is
    assert notices(["Number of authors"], SUBMISSION_SHEET) == ()


def test_a_sure_column_beats_a_guessed_one_and_the_other_is_kept() -> None:
    assert guess(["Publications", "Number of stars of these publications", "Any conflict", "Conflicts"]) == {
        "Publications": ("publications", True),
        "Number of stars of these publications": (None, False),
        "Any conflict": ("conflicts", False),  # a conflict that is missed costs more than a column too many
        "Conflicts": ("conflicts", True),
    }
    both = guess(["Authors", "Author Names", "Author Emails", "E-mail"], submissions=True)
    assert [found[0] for found in both.values()] == ["authors", None, "emails", None]


# --- layouts --------------------------------------------------------------------------------------------------------


def test_layout_plain_workbooks(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        [
            ["Name", "E-mail", "Affiliation", "Publications", "Keywords", "Max papers", "Min papers", "Country"],
            [
                "Ann\u00a0Author ",
                "Ann@A.example; ann@home.example",
                "University A; Lab B",
                "Sparse training of nets (2023)\nPruning. ICML 2020",
                "sparsity, pruning",
                3.0,
                1,
                "NL",
            ],
            [],
            ["Joe Bloggs", None, None, None, None, None, None, None],
        ],
        [
            ["#", "Title", "Abstract", "Authors", "Keywords", "Track", "Reviews needed"],
            [7.0, "Sparse\nnets", "We prune.", "Max Poe (University C)", "nets; sparsity", "main", 2],
        ],
        deadline=Deadline(date(2024, 10, 1), "flag"),
    )
    venue = loaded.venue
    ann = venue.person_by_id[PersonId("ann-author")]
    assert ann.emails == ("ann@a.example", "ann@home.example")
    assert [stay.organisation for stay in ann.affiliations if stay.organisation] == ["University A", "Lab B"]
    assert [stay.domain for stay in ann.affiliations if stay.domain] == ["a.example", "home.example"]
    reviewer = venue.reviewer("ann-author")
    assert (reviewer.max_load, reviewer.min_load, reviewer.attributes) == (3, 1, {"Country": "NL"})
    assert reviewer.interests == ("sparsity", "pruning")
    papers = {paper.id: paper for paper in venue.papers}
    assert [papers[key].title for key in reviewer.paper_ids] == ["Sparse training of nets", "Pruning", STATEMENT_TITLE]
    assert [[str(day) for day in papers[key].dates] for key in reviewer.paper_ids] == [["2023"], ["2020"], []]
    assert reviewer.paper_ids == ("ann-author-p1", "ann-author-p2", "ann-author-statement")
    assert [papers[key].kind for key in reviewer.paper_ids] == ["other", "other", "statement"]
    assert papers[reviewer.paper_ids[0]].authors == (AuthorMention("Ann Author", PersonId("ann-author")),)
    assert str(papers[reviewer.paper_ids[0]].sources[0]) == "reviewers.xlsx:2"
    assert venue.submissions == (
        Submission(
            id=SubmissionId("7"),
            title="Sparse nets",
            abstract="We prune.",
            authors=(AuthorMention("Max Poe", affiliation="University C"),),
            keywords=("nets", "sparsity"),
            track="main",
            reviews_wanted=2,
        ),
    )
    assert venue.deadline == Deadline(date(2024, 10, 1), "flag")
    assert [(count.read, count.accepted, count.rejected) for count in loaded.report.files] == [(2, 2, 0), (1, 1, 0)]
    assert "reviewers.xlsx: neither publications nor stated expertise in row 4" in loaded.report.notices


def test_layout_german_csv_with_semicolons_and_a_mark(tmp_path: Path) -> None:
    people = text(
        tmp_path / "gutachter.csv",
        [
            ["Vorname", "Nachname", "E-Mail-Adresse", "Hochschule", "Veröffentlichungen", "Schlagwörter"],
            [
                "Jörg",
                "von Stein",
                "joerg@uni.example",
                "Universität X",
                "Dünne Netze, 2021\nDichte Netze, 2022",
                "Netze",
            ],
        ],
        delimiter=";",
        encoding="utf-8-sig",
    )
    talks = text(
        tmp_path / "beitraege.csv",
        [
            ["Nummer", "Titel", "Kurzfassung", "Autorinnen und Autoren"],
            ["B1", "Netze, groß", "Text", "Weiß, Eva und Klein, Uwe"],
        ],
        delimiter=";",
        encoding="utf-8-sig",
    )
    loaded = read_sheets(people, talks)
    assert names(loaded.venue) == ["Jörg von Stein"]
    assert [reviewer.person_id for reviewer in loaded.venue.reviewers] == ["jorg-von-stein"]
    assert [paper.title for paper in loaded.venue.papers] == ["Dünne Netze", "Dichte Netze", STATEMENT_TITLE]
    assert authors(loaded.venue) == {"B1": ["Eva Weiß", "Uwe Klein"]}
    assert str(loaded.venue.papers[0].sources[0]) == "gutachter.csv:2"


def test_layout_tabs_and_chinese_titles(tmp_path: Path) -> None:
    people = text(
        tmp_path / "r.tsv",
        [["姓名", "邮箱", "单位", "论文"], ["李明", "li@a.example", "甲大学", "稀疏网络"]],
        delimiter="\t",
    )
    talks = text(
        tmp_path / "s.tsv", [["编号", "题目", "摘要", "作者"], ["1", "稠密网络", "摘要", "王芳、张伟"]], delimiter="\t"
    )
    venue = read_sheets(people, talks).venue
    assert names(venue) == ["李明"]
    assert venue.reviewers[0].person_id == "李明"
    assert authors(venue) == {"1": ["王芳", "张伟"]}


CONFERENCE_TOOL: Final[Rows] = [
    ["Submissions of the track Main", None, None],
    [],
    [
        "Paper ID",
        "Created",
        "Paper Title",
        "Abstract",
        "Primary Contact Author Name",
        "Primary Contact Author Email",
        "Authors",
        "Author Names",
        "Author Emails",
        "Track Name",
        "Primary Subject Area",
        "Secondary Subject Areas",
        "Conflicts",
        "Status",
    ],
    [
        12,
        datetime(2024, 5, 1),  # noqa: DTZ001  # a cell has no time zone
        "Sparse nets",
        "We prune.",
        "Max Poe",
        "max@c.example",
        "Max Poe (University C)*; Jane Roe (University D)",
        "Poe, Max*; Roe, Jane",
        "max@c.example*; jane@d.example",
        "Main",
        "Vision",
        "Nets; Pruning",
        2,
        "Awaiting Decision",
    ],
]


def test_layout_of_a_conference_tool_with_rows_above_the_header(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        [
            ["First Name", "Middle Initial (optional)", "Last Name", "E-mail", "Organization"],
            ["Ann", "B.", "Author", "a@a.example", "Uni A"],
        ],
        CONFERENCE_TOOL,
    )
    assert names(loaded.venue) == ["Ann B. Author"]
    submission = loaded.venue.submission("12")
    assert submission.authors == (
        AuthorMention("Max Poe", email="max@c.example", affiliation="University C", domain="c.example", marks="*"),
        AuthorMention("Jane Roe", email="jane@d.example", affiliation="University D", domain="d.example"),
    )
    assert submission.keywords == ("Vision", "Nets", "Pruning")
    assert submission.attributes["Created"] == "2024-05-01"
    assert loaded.venue.declared == ()  # the tool gives the number of conflicts, not their names
    assert fields(loaded, "submissions.xlsx")["Authors"] == "authors"
    assert fields(loaded, "submissions.xlsx")["Author Names"] is None
    assert any("the header is row 3" in notice for notice in loaded.report.notices)


def test_layout_of_a_form_with_a_column_for_each_author(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        [
            [
                "Timestamp",
                "What is your full name?",
                "Work e-mail",
                "Please describe your expertise in a few sentences",
                "How many papers can you review?",
            ],
            [datetime(2024, 5, 1, 8, 30), "Ann Author", "a@a.example", "I prune nets.", 4],  # noqa: DTZ001
        ],
        [
            [
                "Title of the talk",
                "Author 1",
                "Author 1 e-mail",
                "Author 1 affiliation",
                "Author 2 first name",
                "Author 2 last name",
                "Co-authors",
            ],
            ["Sparse nets", "Poe, Max", "max@c.example", "University C", "Jane", "Roe", "Di Wu and Max Poe"],
            ["Dense nets", "Uma Ode", None, None, None, None, None],
        ],
    )
    venue = loaded.venue
    assert venue.reviewers[0].max_load == 4
    assert [(paper.kind, paper.title, paper.abstract) for paper in venue.papers] == [
        ("statement", "Stated expertise", "I prune nets.")
    ]
    assert authors(venue) == {"s1": ["Max Poe", "Jane Roe", "Di Wu"], "s2": ["Uma Ode"]}
    assert venue.submission("s1").authors[0].affiliation == "University C"
    sure = {guess.header: guess.sure for guess in loaded.mappings["reviewers.xlsx"]}
    assert not sure["How many papers can you review?"]
    assert sure["Work e-mail"]


def test_layout_with_merged_cells_and_a_row_for_each_publication(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    fill(
        sheet,
        [
            ["Reviewer", "Affiliation", "Paper title", "Max load"],
            ["Ann Author", "University A", "One (2020)", 2],
            [None, None, "Two (2021)", None],
            ["Joe Bloggs", None, "Three (2022)", None],
            [None, None, "Four (2023)", 3],
        ],
    )
    sheet.merge_cells("A2:A3")
    sheet.merge_cells("A4:A5")
    sheet.merge_cells("B2:B5")
    book.save(tmp_path / "r.xlsx")
    loaded = read_sheets(tmp_path / "r.xlsx", xlsx(tmp_path / "s.xlsx", SUBMISSIONS))
    venue = loaded.venue
    titles = {paper.id: paper.title for paper in venue.papers}
    assert {reviewer.person_id: [titles[key] for key in reviewer.paper_ids] for reviewer in venue.reviewers} == {
        "ann-author": ["One", "Two"],
        "joe-bloggs": ["Three", "Four"],
    }
    assert [reviewer.max_load for reviewer in venue.reviewers] == [2, 3]
    assert [person.affiliations for person in venue.people] == [(Affiliation("University A"),)] * 2
    assert loaded.report.files[0].read == loaded.report.files[0].accepted == 4


def test_layout_with_both_sheets_in_one_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert isinstance(first, Worksheet)
    first.title = "Notes"
    fill(first, [["to do"], ["call the venue"]])
    fill(book.create_sheet("Talks"), SUBMISSIONS)
    fill(book.create_sheet("People"), REVIEWERS)
    fill(book.create_sheet("Old people"), [["Name"], ["Uma Ode"]])
    book.save(tmp_path / "all.xlsx")
    loaded = read_sheets(tmp_path / "all.xlsx", tmp_path / "all.xlsx")
    assert list(loaded.mappings) == ["all.xlsx[People]", "all.xlsx[Talks]"]
    assert names(loaded.venue) == ["Ann Author", "Joe Bloggs"]
    assert any("'all.xlsx[Old people]'" in notice and "not read" in notice for notice in loaded.report.notices)


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        (["Nom", "Prénom"], [["Dupont", "Anne"], ["de la Tour", "Max"]], ["Anne Dupont", "Max de la Tour"]),
        (["Name", "Surname"], [["Anne", "Dupont"], ["Max", "Poe"]], ["Anne Dupont", "Max Poe"]),
        (["Name", "First name"], [["Anne Dupont", "Anne"], ["Max Poe", "Max"]], ["Anne Dupont", "Max Poe"]),
        (["Full name", "Given name", "Family name"], [["Anne Dupont", "A", "D"]], ["Anne Dupont"]),
        (["Name"], [["Dupont, Anne"], ["Prof. Max Poe"]], ["Anne Dupont", "Max Poe"]),
    ],
)
def test_names_over_several_columns(tmp_path: Path, header: list[str], rows: Rows, expected: list[str]) -> None:
    assert names(load(tmp_path, [header, *rows]).venue) == expected


def test_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder, rows in (("a", REVIEWERS), ("b", SUBMISSIONS)):
        (tmp_path / folder).mkdir()
        text(tmp_path / folder / "data.csv", rows)
    loaded = read_sheets(tmp_path / "a" / "data.csv", tmp_path / "b" / "data.csv")
    assert list(loaded.mappings) == [str(tmp_path / "a" / "data.csv"), str(tmp_path / "b" / "data.csv")]


# --- ids ------------------------------------------------------------------------------------------------------------


@given(
    st.permutations([("Ann Author", "z@a.example"), ("Author, Ann", "b@b.example"), ("Joe Bloggs", ""), ("李明", "")])
)
def test_ids_come_from_names_and_do_not_depend_on_the_order_of_rows(people: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        people_path = text(Path(scratch) / "r.csv", [("Name", "E-mail"), *people])
        venue = read_sheets(people_path, text(Path(scratch) / "s.csv", SUBMISSIONS)).venue
    assert {person.id: person.emails for person in venue.people} == {
        "ann-author": ("b@b.example",),
        "ann-author-2": ("z@a.example",),
        "joe-bloggs": (),
        "李明": (),
    }


def test_ids_of_submissions_are_the_sheet_s_own_or_count_rows(tmp_path: Path) -> None:
    with_some = load(
        tmp_path, submissions=[["ID", "Title"], ["s2", "One"], [None, "Two"], ["0x7", "Three"], [3.0, "Four"]]
    )
    assert {each.id: each.title for each in with_some.venue.submissions} == {
        "s2": "One",
        "s2-2": "Two",
        "0x7": "Three",
        "3": "Four",
    }
    assert any("no id, so one is made from the row: row 3" in notice for notice in with_some.report.notices)
    without = load(tmp_path, submissions=[["Title"], ["One"], [None], ["Two"]])
    assert [each.id for each in without.venue.submissions] == ["s1", "s2"]


def test_an_address_is_never_an_id(tmp_path: Path) -> None:
    loaded = load(tmp_path, [["Name", "ID"], ["ann@a.example", "ann@a.example"], ["Joe Bloggs", "joe@b.example"]])
    assert [reviewer.person_id for reviewer in loaded.venue.reviewers] == ["joe-bloggs"]
    assert loaded.venue.reviewers[0].attributes == {"ID": "joe@b.example"}
    assert [(reject.line, reject.field) for reject in loaded.report.rejects] == [(2, "name")]


# --- texts ----------------------------------------------------------------------------------------------------------


def test_stated_expertise_is_marked_and_stands_only_where_somebody_stated_it(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        [
            ["Name", "Bio", "Topics", "Publications"],
            ["Ann Author", "I prune nets.", "nets; pruning", "Sparse nets"],
            ["Joe Bloggs", "n/a", "-", "Dense nets"],
            ["Max Poe", None, None, "none"],
        ],
    )
    statements = [paper for paper in loaded.venue.papers if paper.kind == "statement"]
    assert [(paper.id, paper.abstract) for paper in statements] == [
        ("ann-author-statement", "I prune nets.\nnets; pruning")
    ]
    assert [len(reviewer.paper_ids) for reviewer in loaded.venue.reviewers] == [2, 1, 0]


def test_abstracts_belong_to_publications_where_there_is_one_for_each(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        [
            ["Name", "Publications", "Abstracts"],
            ["Ann Author", "One\nTwo", "First.\nSecond."],
            ["Joe Bloggs", "Three", "Line one.\nLine two."],
            ["Max Poe", "Four; Five", "Only one."],
        ],
    )
    assert {paper.title: paper.abstract for paper in loaded.venue.papers if paper.kind == "other"} == {
        "One": "First.",
        "Two": "Second.",
        "Three": "Line one.\nLine two.",
        "Four": "",
        "Five": "",
    }
    assert [paper.abstract for paper in loaded.venue.papers if paper.kind == "statement"] == ["Only one."]
    assert any("row 4: 1 abstracts for 2 publications" in notice for notice in loaded.report.notices)


def test_lists_of_publications(tmp_path: Path) -> None:
    people = [
        ["Name", "Publications"],
        ["Ann Author", "1. Look; then answer (2019)\n\u2022 Two;\n\n- Three"],
        ["Joe Bloggs", "Four (2020; with a note); Five;"],
    ]
    venue = load(tmp_path, people).venue
    titles = {
        reviewer.person_id: [venue.paper_by_id[key].title for key in reviewer.paper_ids] for reviewer in venue.reviewers
    }
    assert titles == {
        "ann-author": ["Look; then answer", "Two", "Three"],
        "joe-bloggs": ["Four (2020; with a note)", "Five"],
    }


def test_a_title_that_two_reviewers_list_is_their_joint_work(tmp_path: Path) -> None:
    people = [
        ["Name", "Publications"],
        ["Ann Author", "Sparse training of large nets (2021); Editorial (2021); A rather old joint work (1999)"],
        ["Joe Bloggs", "Sparse Training of Large Nets (2022); Editorial (2021); A rather old joint work (2020)"],
    ]
    loaded = load(tmp_path, people, [["Title", "Authors"], ["New nets", "Joe Bloggs"]])
    joint = loaded.venue.reviewer("joe-bloggs").paper_ids[0]
    assert joint == loaded.venue.reviewer("ann-author").paper_ids[0] == "ann-author-p1"
    paper = loaded.venue.paper_by_id[joint]
    assert [author.person_id for author in paper.authors] == ["ann-author", "joe-bloggs"]
    assert [str(day) for day in paper.dates] == ["2021", "2022"]
    assert [str(source) for source in paper.sources] == ["reviewers.xlsx:2", "reviewers.xlsx:3"]
    assert len(loaded.venue.papers) == 5  # "Editorial" says too little, and 21 years lie between the others
    found = find_conflicts(loaded.venue, MatchConfig(coauthor_window_months=None)).items
    assert {(each.rule, each.reviewer_id) for each in found} == {("author", "joe-bloggs"), ("coauthor", "ann-author")}


# --- conflicts ------------------------------------------------------------------------------------------------------


def test_a_column_of_conflicts_names_people_addresses_and_organisations(tmp_path: Path) -> None:
    entries = {
        "Zoe Alpha": "Jane Roe; nobody.known@nowhere.example",
        "Zoe Beta": "jane@roe.example",
        "Zoe Gamma": "University C",
        "Zoe Delta": "c.example\nIBM",
        "Zoe Epsilon": "Roe, Jane",
        "Zoe Zeta": "Jane Roe, Joe Other",
        "Zoe Eta": "none",
        "Zoe Theta": "Ann Author <ann@a.example>",
    }
    loaded = load(
        tmp_path,
        [
            ["Name", "E-mail", "Conflicts"],
            ["Ann Author", "ann@a.example", None],
            *([who, None, what] for who, what in entries.items()),
        ],
        [
            ["ID", "Title", "Authors"],
            ["1", "One", "Jane Roe (University C) <jane@roe.example>"],
            ["2", "Two", "Max Poe <max@dept.c.example>"],
            ["3", "Three", "Ann Author"],
        ],
    )
    found = find_conflicts(loaded.venue, MatchConfig(coauthor_window_months=None))
    assert {(each.submission_id, each.reviewer_id, each.rule) for each in found.items} == {
        ("1", "zoe-alpha", "relation"),
        ("1", "zoe-beta", "relation"),
        ("1", "zoe-gamma", "institution"),
        ("2", "zoe-delta", "institution"),
        ("1", "zoe-epsilon", "relation"),
        ("1", "zoe-zeta", "relation"),
        ("3", "zoe-theta", "relation"),
        ("3", "ann-author", "author"),
    }
    assert {each.verdict for each in found.items} == {Verdict.BLOCK}
    beta = loaded.venue.person_by_id[PersonId("zoe-beta")]
    assert beta.relations == (
        Relation("other", "Jane Roe", PersonId("jane-roe"), evidence="listed as a conflict in reviewers.xlsx:4"),
    )
    assert loaded.venue.person_by_id[PersonId("jane-roe")].emails == ("jane@roe.example",)
    unmatched = [notice for notice in loaded.report.notices if "is with nobody" in notice]
    assert [notice.split("'")[1] for notice in unmatched] == ["nobody.known@nowhere.example", "IBM", "Joe Other"]


def test_an_organisation_in_conflict_does_not_hide_the_reviewer_s_own_address(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        [["Name", "E-mail", "Conflicts"], ["Ann Author", "ann@c.example", "University of Z"]],
        [["Title", "Authors"], ["One", "Max Poe <max@c.example>"]],
    )
    assert [each.rule for each in find_conflicts(loaded.venue, MatchConfig()).items] == ["institution"]


def test_conflicts_named_by_submissions_are_declared(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        [
            ["Name", "E-mail", "Affiliation"],
            ["Ann Author", "ann@a.example", "Lab A"],
            ["Joe Bloggs", "joe@b.example", "Lab B"],
        ],
        [
            ["ID", "Title", "Authors", "Author e-mails", "Conflicts"],
            ["1", "One", "Max Poe", None, "Ann Author; Lab B"],
            ["2", "Two", "Max Poe, Jane Roe", "joe@b.example", "Uma Ode"],
            ["3", "Three", "Max Poe", "max@c.example", "ann@a.example"],
        ],
    )
    assert [(each.submission_id, each.reviewer_id, each.reason) for each in loaded.venue.declared] == [
        ("1", "ann-author", "submissions.xlsx:2: 'Ann Author' is listed as a conflict"),
        ("1", "joe-bloggs", "submissions.xlsx:2: 'Lab B' is listed as a conflict"),
        ("2", "joe-bloggs", "submissions.xlsx:3: the reviewer's address stands among those of the authors"),
        ("3", "ann-author", "submissions.xlsx:4: 'ann@a.example' is listed as a conflict"),
    ]
    assert loaded.venue.submission("3").authors[0].email == "max@c.example"
    notices = "\n".join(loaded.report.notices)
    assert "row 3: 1 e-mail address for 2 authors: whose is not clear" in notices
    assert "row 3: the conflict 'Uma Ode' is with nobody among the reviewers" in notices


def test_organisations_beside_the_byline(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        submissions=[
            ["ID", "Title", "Authors", "Affiliations"],
            ["1", "One", "Max Poe, Jane Roe", "Lab C; Lab D"],
            ["2", "Two", "Max Poe, Jane Roe", "Lab C"],
            ["3", "Three", "Max Poe, Jane Roe, Di Wu", "Lab C; Lab D"],
        ],
    )
    places = {each.id: [author.affiliation for author in each.authors] for each in loaded.venue.submissions}
    assert places == {"1": ["Lab C", "Lab D"], "2": ["Lab C", None], "3": [None, None, None]}
    assert loaded.venue.submission("3").attributes == {"affiliations": "Lab C; Lab D"}
    assert any("row 4: 2 affiliations for 3 authors" in notice for notice in loaded.report.notices)


def test_a_workshop_without_any_date_needs_no_deadline(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, [["Name", "Affiliation", "Papers"], ["Ann Author", "Lab C", "Sparse training of large nets"]]
    )
    assert loaded.venue.deadline is None
    assert find_conflicts(loaded.venue, MatchConfig()).items == ()


# --- rows -----------------------------------------------------------------------------------------------------------


def test_rows_that_cannot_be_taken_are_listed_with_their_place(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    fill(
        sheet,
        [
            ["Name", "E-mail", "Max papers", "Min papers", "Town"],
            ["Ann Author", "not an address", 3, None, "X"],
            [None, "nameless@a.example", 3, None, "X"],
            ["Joe Bloggs", None, "three", None, "X"],
            ["Jane Roe", None, 1, 2, "X"],
            ["Max Poe and Uma Ode", None, 1, None, "X"],
            ["=A2&A3", None, 1, None, "X"],
            ["Di Wu", None, "=1+1", None, "X"],
            ["Eva Weiß", None, 1, None, "=1+1"],
            ["#REF!", None, 1, None, "X"],
            ["Name", "E-mail", "Max papers", "Min papers", "Town"],
        ],
    )
    book.save(tmp_path / "r.xlsx")
    loaded = read_sheets(tmp_path / "r.xlsx", xlsx(tmp_path / "s.xlsx", SUBMISSIONS))
    assert names(loaded.venue) == ["Ann Author", "Eva Weiß"]
    assert [(reject.file, reject.line, reject.field) for reject in loaded.report.rejects] == [
        ("r.xlsx", 3, "name"),
        ("r.xlsx", 4, "max_load"),
        ("r.xlsx", 5, "min_load"),
        ("r.xlsx", 6, "name"),
        ("r.xlsx", 7, "name"),
        ("r.xlsx", 8, "max_load"),
        ("r.xlsx", 10, "name"),
    ]
    reasons = [reject.reason for reject in loaded.report.rejects]
    assert reasons[0] == "is missing (column 'Name')"
    assert reasons[1] == "allowed is a whole number from 0 up; got \"three\" (column 'Max papers')"
    assert reasons[2].startswith("is 2, more than the maximum load 1")
    assert "cell C8 holds a formula without a stored value" in reasons[5]
    assert "cell A10 holds the error #REF!" in reasons[6]
    assert loaded.report.rejects[1].raw == "Joe Bloggs\t\tthree\t\tX"
    notices = "\n".join(loaded.report.notices)
    assert "row 2: 'not an address' is no e-mail address and is not used" in notices
    assert "row 9: cell E9 holds a formula" in notices
    assert "row 11 is the header once more" in notices
    count = loaded.report.files[0]
    assert (count.read, count.accepted, count.rejected) == (9, 2, 7)


def test_a_stored_value_of_a_formula_is_read(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "r.xlsx", [["Name", "Max papers"], ["Ann Author", "=1+2"]])
    patched = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(patched, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"<v></v>", b"<v>3</v>").replace(b"<v />", b"<v>3</v>"))
    path.write_bytes(patched.getvalue())
    assert read_sheets(path, text(tmp_path / "s.csv", SUBMISSIONS)).venue.reviewers[0].max_load == 3


def test_rows_about_one_reviewer_or_submission_are_read_together(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        [
            ["Name", "E-mail", "Publications", "Max papers"],
            ["Ann Author", "ann@a.example", "One", 2],
            ["Joe Bloggs", "joe@b.example", "Two", None],
            ["Author, Ann", "ANN@a.example", "Three", None],
            ["Joe Bloggs", "joe@b.example", "Four", 1],
            ["Ann Author", "ann@a.example", "Five", 3],
        ],
        [
            ["Paper #", "Title", "Author first name", "Author 1 email", "Author 1"],
            [1, "Sparse nets", None, "max@c.example", "Max Poe"],
            [1, "Sparse nets", None, "jane@d.example", "Jane Roe"],
            [1, "Another title", None, None, "Di Wu"],
        ],
    )
    titles = {paper.id: paper.title for paper in loaded.venue.papers}
    assert {each.person_id: [titles[key] for key in each.paper_ids] for each in loaded.venue.reviewers} == {
        "ann-author": ["One", "Three"],
        "joe-bloggs": ["Two", "Four"],
    }
    assert [each.max_load for each in loaded.venue.reviewers] == [2, 1]
    assert authors(loaded.venue) == {"1": ["Max Poe", "Jane Roe"]}
    assert [(reject.line, reject.field, reject.reason) for reject in loaded.report.rejects] == [
        (6, "max_load", "is 3, but 2 in row 2, which is about the same reviewer (column 'Max papers')"),
        (4, "id", "'1' is the id of row 2 already; give each its own (column 'Paper #')"),
    ]
    assert any("rows 2, 4 are about one of the reviewers" in notice for notice in loaded.report.notices)


def test_text_rows_with_a_cell_too_many_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("Title,Authors\nSparse, deep nets,Max Poe\nDense nets,Jane Roe,,\n", encoding="utf-8")
    loaded = read_sheets(text(tmp_path / "r.csv", REVIEWERS), path)
    assert [each.title for each in loaded.venue.submissions] == ["Dense nets"]
    assert loaded.report.rejects[0].line == 2
    assert "the row has 3 cells, the header has 2" in loaded.report.rejects[0].reason


CELLS: Final = st.one_of(
    st.none(),
    st.sampled_from(
        ["Ann Author", "Author, Ann", "Joe Bloggs", "ann@a.example", "3", "x", "n/a", "Sparse nets", "a; b"]
    ),
    st.text(alphabet="aB1 ,;@\n.李", max_size=8),
    st.integers(0, 5),
)


@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS, CELLS), max_size=8),
    st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), max_size=8),
)
def test_every_row_is_accounted_for(people: list[tuple[Any, ...]], talks: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        first = [("Name", "E-mail", "Papers", "Max papers", "Conflicts"), ("Uma Ode", "", "", "", ""), *people]
        second = [("ID", "Title", "Authors", "Author e-mails"), ("zz", "A title", "", ""), *talks]
        loaded = read_sheets(text(Path(scratch) / "r.csv", first), text(Path(scratch) / "s.csv", second))
    for count, rows in zip(loaded.report.files, (people, talks), strict=True):
        filled = sum(any(str(cell or "0" * (cell == 0)).strip() for cell in row) for row in rows)
        assert count.read == filled + 1
        assert count.accepted + count.rejected == count.read
        assert count.rejected == len([reject for reject in loaded.report.rejects if reject.file == count.file])
    assert len(loaded.venue.reviewers) <= loaded.report.files[0].accepted
    assert all("@" not in reviewer.person_id for reviewer in loaded.venue.reviewers)


# --- what is refused ------------------------------------------------------------------------------------------------


def refusal(folder: Path, reviewers: Path, **more: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        read_sheets(reviewers, text(folder / "s.csv", SUBMISSIONS), **more)
    return caught.value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"PK\x03\x04 and then nothing", "damaged"),
        (b"Name,E-mail\nAnn Author,\n", "this is no Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Excel workbook"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "protected by a password",
        ),
    ],
)
def test_files_that_are_no_workbooks(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "r.xlsx"
    path.write_bytes(content)
    error = refusal(tmp_path, path)
    assert message in error.message
    assert error.file == "r.xlsx"
    assert error.remedy


def zipped(path: Path, parts: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_archives_that_are_no_workbooks(tmp_path: Path) -> None:
    assert "a ZIP archive" in refusal(tmp_path, zipped(tmp_path / "r.xlsx", {"a.txt": b"x"})).message
    broken = zipped(tmp_path / "r.xlsx", {"[Content_Types].xml": b"<x", "xl/workbook.xml": b"<x"})
    assert "no Excel workbook that can be read" in refusal(tmp_path, broken).message


def test_bombs_are_refused_before_they_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped(tmp_path / "r.xlsx", {"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": bytes(12_000_000)})
    assert "times its size" in refusal(tmp_path, bomb).message
    monkeypatch.setattr(sheets, "_MOST_BYTES", 11_000_000)
    assert "12 MB, allowed are 11 MB" in refusal(tmp_path, bomb).message
    monkeypatch.setattr(sheets, "_MOST_BYTES", 10)
    assert "allowed are" in refusal(tmp_path, text(tmp_path / "r.csv", REVIEWERS)).message


def test_a_stray_cell_far_away_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    fill(sheet, REVIEWERS)
    sheet["XFD1048576"] = "x"
    book.save(tmp_path / "r.xlsx")
    error = refusal(tmp_path, tmp_path / "r.xlsx")
    assert "reaches down to row 1048576" in error.message


def test_ranges_that_fill_the_memory_are_refused(tmp_path: Path) -> None:
    plain = xlsx(tmp_path / "plain.xlsx", REVIEWERS)
    with zipfile.ZipFile(plain) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    page = "xl/worksheets/sheet1.xml"
    merged = b'</sheetData><mergeCells count="1"><mergeCell ref="A2:XFD1048576"/></mergeCells>'
    parts[page] = parts[page].replace(b"</sheetData>", merged)
    assert "cells are merged or linked" in refusal(tmp_path, zipped(tmp_path / "r.xlsx", parts)).message


def test_other_refusals_of_files(tmp_path: Path) -> None:
    assert "there is no such file" in refusal(tmp_path, tmp_path / "none.xlsx").message
    assert "a folder" in refusal(tmp_path, tmp_path).message
    quote = tmp_path / "r.csv"
    quote.write_text('Name,E-mail\nAnn Author,"x\nJoe Bloggs,\n', encoding="utf-8")
    error = refusal(tmp_path, quote)
    assert "the row is no CSV" in error.message
    assert (error.file, error.line) == ("r.csv", 2)
    same = xlsx(tmp_path / "one.xlsx", [["Name", "Title"], ["Ann Author", "Sparse nets"]])
    with pytest.raises(DataError, match="from the same sheet"):
        read_sheets(same, same)


@pytest.mark.parametrize(
    ("rows", "field", "message", "remedy"),
    [
        ([[]], None, "the sheet is empty", "a header with 'Name'"),
        ([["Ann", "x"], ["Joe", "y"]], None, "no header is found in the first 10 rows", "give each column a title"),
        (
            [["Who", "E-mail"], ["Ann Author", "x"]],
            "name",
            "no column holds the name of the reviewers; the columns found are 'Who', 'E-mail'",
            '--map "name=Column title"',
        ),
        (
            [["Name", "Full name"], ["Ann", "Ann Author"]],
            "name",
            "2 columns could be it: 'Name' and 'Full name'",
            '--map "name=Name"',
        ),
        ([["Name", "E-mail"]], None, "no row stands below the header", "add at least one"),
        ([["Name", "E-mail"], [None, "x@a.example"]], "name", "no row of 1 can be used", ""),
        (SUBMISSIONS, None, "no header is found", "are the two files in the wrong order?"),
        (
            [["Title", "E-mail"], ["A", "x"]],
            "name",
            "no column holds the name",
            "are the two files in the wrong order?",
        ),
    ],
)
def test_headers_that_cannot_be_understood(
    tmp_path: Path, rows: Rows, field: str | None, message: str, remedy: str
) -> None:
    error = refusal(tmp_path, xlsx(tmp_path / "r.xlsx", rows))
    assert message in error.message
    assert error.field == field
    assert error.file == "r.xlsx"
    assert remedy in (error.remedy or "")


def test_columns_that_cannot_be_guessed_are_named_by_the_user(tmp_path: Path) -> None:
    people = [["Who", "Name", "Subjects"], ["Ann Author", "not this", "nets"]]
    mapping = {"name": "who", "reviewers.keywords": "Subjects", "submissions.keywords": "Groups", "track": "Room"}
    loaded = load(tmp_path, people, [["Title", "Groups", "Room"], ["Sparse nets", "a; b", "R1"]], mapping=mapping)
    assert names(loaded.venue) == ["Ann Author"]
    assert loaded.venue.reviewers[0].interests == ("nets",)
    assert loaded.venue.reviewers[0].attributes == {"Name": "not this"}
    assert loaded.venue.submissions[0].keywords == ("a", "b")
    assert loaded.venue.submissions[0].track == "R1"
    told = loaded.mappings["reviewers.xlsx"][0]
    assert (told.header, told.field, told.sure, told.why) == ("Who", "name", True, "you said so (--map)")


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"nmae": "Name"}, "--map knows no field 'nmae', did you mean 'name'?"),
        ({"papers.name": "Name"}, "--map knows no field 'papers.name'"),
        ({"name": "Nom"}, "there is no column 'Nom'; the columns found are 'Name', 'E-mail'"),
        ({"track": "Room"}, "neither sheet has a column 'Room'"),
    ],
)
def test_mappings_that_fit_nothing(tmp_path: Path, mapping: dict[str, str], message: str) -> None:
    assert message in refusal(tmp_path, xlsx(tmp_path / "r.xlsx", REVIEWERS), mapping=mapping).message


def test_without_the_extra_both_ways_say_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = xlsx(tmp_path / "r.xlsx", REVIEWERS)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtraError, match=r"reviewer-matcher\[formats\].*save the sheets as CSV"):
        read_sheets(path, text(tmp_path / "s.csv", SUBMISSIONS))
    with pytest.raises(MissingExtraError, match=r"reviewer-matcher\[formats\]"):
        write_workbook(tmp_path / "result.xlsx", small_result())
    assert names(read_sheets(text(tmp_path / "r.csv", REVIEWERS), text(tmp_path / "s.csv", SUBMISSIONS)).venue)


# --- the workbook out -----------------------------------------------------------------------------------------------

R1, R2, R3 = PersonId("ann-author"), PersonId("joe-bloggs"), PersonId("uma-ode")
S2, S10 = SubmissionId("s2"), SubmissionId("s10")
FORMULA: Final = '=HYPERLINK("http://evil.example","click")'


def small_result() -> WorkbookData:
    """Two submissions, three reviewers, one missing review, one question, and texts that look like formulas."""
    venue = Venue.of(
        name="=1+1",
        people=[
            Person(R1, ("Ann Author",), ("ann@a.example", "ann@home.example")),
            Person(R2, ("@Joe Bloggs",), ("+joe@b.example",)),
            Person(R3, ("Uma Ode",)),
        ],
        reviewers=[Reviewer(R1), Reviewer(R2), Reviewer(R3)],
        submissions=[
            Submission(S2, FORMULA, abstract="Text", authors=(AuthorMention("Max Poe"),)),
            Submission(S10, "Dense\x07 nets", authors=(AuthorMention("Jane Roe"),)),
        ],
        deadline=Deadline(date(2024, 10, 1), "flag"),
    )
    values = np.array([[0.25, 0.5, np.nan], [0.75, 0.125, np.nan]], dtype=np.float32)
    scores = ScoreMatrix(Index((S10, S2)), Index((R1, R2, R3)), values, values, "tfidf, mean of the best 3 papers")
    asked = Conflict(
        S2,
        R3,
        "coauthor",
        Verdict.ASK,
        None,
        "Max Poe",
        (Evidence("paper", "-1 joint paper (no date)"),),
        clears="clears when the paper is older than the window",
    )
    status = np.full((2, 3), PairStatus.ELIGIBLE, dtype=np.uint8)
    return WorkbookData(
        venue=venue,
        scores=scores,
        conflicts=Conflicts((asked,)),
        limits=Limits(np.array([2, 2]), np.array([2, 2, 0]), np.array([0, 0, 0]), status),
        assignment=Assignment(
            pairs=(Pair(S10, R1, 0.25), Pair(S10, R2, 0.5), Pair(S2, R1, 0.75, ("last_resort", "required"))),
            shortfalls=(Shortfall(S2, 2, 1, "nobody is left", ("raise max_load", "add reviewers")),),
            underloads=(Underload(R3, 1, 0, "every pair is blocked"),),
            objective=1.5,
            bound=2.0,
            solver="max-total",
        ),
        explanations={
            (S2, R1): Explanation(
                submission_id=S2,
                reviewer_id=R1,
                status="assigned",
                score=0.75,
                rank=1,
                eligible=2,
                evidence=(
                    EvidencePaper(None, "a thin profile", None, 0.4),
                    *(
                        EvidencePaper(None if not number else _paper(number), f"Paper {number}", 0.5, 0.1)
                        for number in (1, 2, 3)
                    ),
                ),
                conflicts=(),
                reasons=("score 0.750",),
                alternatives=(),
            )
        },
        rejects=("reviewers.xlsx:7: field 'name': is missing",),
        notices=("=SUM(1)",),
        config=MatchConfig(max_load=2),
        price=QuestionPrice(pairs=1, submissions=1, gain=0.5, changed=1, filled=1),
    )


def _paper(number: int) -> Any:
    return f"ann-author-p{number}"


def table(book: Path | openpyxl.Workbook, title: str) -> list[list[Any]]:
    book = openpyxl.load_workbook(book) if isinstance(book, Path) else book
    return [list(row) for row in book[title].iter_rows(values_only=True)]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return write_workbook(tmp_path / "new" / "result.xlsx", small_result())


def test_sheet_by_submission(written: Path) -> None:
    header, *rows = table(written, "By submission")
    assert header == ["Submission", "Title", "Reviewer", "E-mail", "Score", "Why", "Marks", "Reviewer id"]
    assert rows == [
        ["s2", FORMULA, "Ann Author", "ann@a.example", 0.75, "Paper 1\nPaper 2", "last resort, required", "ann-author"],
        ["s2", FORMULA, None, None, None, "nobody is left", "MISSING", None],
        ["s10", "Dense nets", "@Joe Bloggs", "+joe@b.example", 0.5, None, None, "joe-bloggs"],
        ["s10", "Dense nets", "Ann Author", "ann@a.example", 0.25, None, None, "ann-author"],
    ]


def test_sheet_by_reviewer_is_ready_for_a_mail_merge(written: Path) -> None:
    header, *rows = table(written, "By reviewer")
    assert header == [
        "Reviewer",
        "E-mail",
        "Papers to review",
        "Submissions",
        "Reviewer id",
        "Submission 1 id",
        "Submission 1 title",
        "Submission 2 id",
        "Submission 2 title",
    ]
    assert rows == [
        ["@Joe Bloggs", "+joe@b.example", 1, "s10: Dense nets", "joe-bloggs", "s10", "Dense nets", None, None],
        [
            "Ann Author",
            "ann@a.example",
            2,
            f"s2: {FORMULA}\ns10: Dense nets",
            "ann-author",
            "s2",
            FORMULA,
            "s10",
            "Dense nets",
        ],
        ["Uma Ode", None, 0, None, "uma-ode", None, None, None, None],
    ]


def test_sheets_of_conflicts_problems_and_figures(written: Path) -> None:
    assert table(written, "Conflicts")[1:] == [
        [
            "s2",
            "Uma Ode",
            "coauthor",
            "ask",
            "Max Poe",
            "-1 joint paper (no date)",
            "clears when the paper is older than the window",
        ]
    ]
    problems = table(written, "Problems")[1:]
    assert [row[:3] for row in problems] == [
        ["missing reviews", "s2", None],
        ["below minimum load", None, "Uma Ode"],
        ["questions to decide", None, None],
        ["question to decide", "s2", "Uma Ode"],
        ["reviewer without e-mail", None, "Uma Ode"],
        ["reviewer without any text", None, "Ann Author"],
        ["reviewer without any text", None, "@Joe Bloggs"],
        ["reviewer without any text", None, "Uma Ode"],
        ["submission without abstract", "s10", None],
        ["rejected row", None, None],
        ["notice", None, None],
    ]
    assert problems[0][3:] == ["1 of 2 reviews: nobody is left", "raise max_load\nadd reviewers"]
    assert problems[2][3].startswith("1 pair counts as blocked until somebody decides. If all were cleared, the sum")
    assert "1 more review would be filled" in problems[2][3]
    assert problems[3][3:] == [
        "coauthor, Max Poe: -1 joint paper (no date)",
        "clears when the paper is older than the window",
    ]
    assert problems[4][3] == "no e-mail address: a mail merge does not reach this reviewer"
    assert problems[9][3] == "reviewers.xlsx:7: field 'name': is missing"
    about = dict(table(written, "About")[1:])
    assert about["Venue"] == "=1+1"
    assert (about["Reviews wanted"], about["Reviews assigned"], about["Demand met"]) == (4, 3, "3 of 4 (75.0%)")
    assert (about["Sum of the scores"], about["Largest sum possible (proven bound)"]) == (1.5, 2)
    assert about["Gap to that bound"] == "25.0000%"
    assert about["Setting assignment.max_load"] == "2"
    assert about["Deadline"] == "2024-10-01 (flag)"


def test_a_venue_without_addresses_says_so_once(tmp_path: Path) -> None:
    small = small_result()
    venue = replace(small.venue, people=tuple(replace(person, emails=()) for person in small.venue.people))
    problems = table(write_workbook(tmp_path / "none.xlsx", replace(small, venue=venue)), "Problems")
    assert [row[0] for row in problems if "e-mail" in row[0]] == ["reviewers without e-mail"]


def test_a_cell_for_addresses_without_one_is_a_notice_in_the_workbook(tmp_path: Path) -> None:
    loaded = load(tmp_path, [["Name", "E-mail", "Keywords"], ["Ann Author", "ask the office", "parsing"]])
    notices = loaded.report.notices
    assert any("'ask the office' is no e-mail address and is not used" in notice for notice in notices)
    file = write_workbook(tmp_path / "r.xlsx", replace(small_result(), notices=notices))
    assert [row[3] for row in table(file, "Problems") if row[0] == "notice"] == list(notices)


def test_no_cell_is_a_formula_or_a_link(written: Path) -> None:
    book = openpyxl.load_workbook(written)
    texts = set()
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None
                if isinstance(cell.value, str):
                    texts.add(cell.value)
                    is_number = re.fullmatch(r"[+-]?[0-9.]+", cell.value) is not None
                    assert cell.quotePrefix == (cell.value.startswith(("=", "+", "-", "@")) and not is_number)
    assert {FORMULA, "=1+1", "+joe@b.example", "@Joe Bloggs", "=SUM(1)"} <= texts
    with zipfile.ZipFile(written) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/"):
                assert b"<f>" not in archive.read(name)


def test_sheets_are_ready_to_use(written: Path) -> None:
    book = openpyxl.load_workbook(written)
    assert book.sheetnames == ["By submission", "By reviewer", "Conflicts", "Problems", "About"]
    for sheet in book.worksheets:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
        assert all(dimension.width >= 8 for dimension in sheet.column_dimensions.values())
        assert sheet["A2"].alignment.wrap_text
    by_submission = book["By submission"]
    assert [str(each.sqref) for each in by_submission.conditional_formatting] == ["E2:E5"]
    assert by_submission["E2"].number_format == "0.00"
    assert by_submission["A3"].fill.fgColor.rgb == "00F8CBAD"


def test_equal_results_give_equal_bytes_and_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    first = write_workbook(tmp_path / "a.xlsx", small_result())
    second = write_workbook(tmp_path / "b.xlsx", small_result())
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2000, 1, 1, 0, 0, 0)}
        assert archive.read("docProps/core.xml").count(b"2000-01-01T00:00:00Z") == 2
    with pytest.raises(DataError, match="exists already"):
        write_workbook(first, small_result())
    write_workbook(first, replace(small_result(), rejects=()), overwrite=True)
    assert first.read_bytes() != second.read_bytes()
    with pytest.raises(DataError, match=r"ends in \.xlsx"):
        write_workbook(tmp_path / "a.xls", small_result())
    (tmp_path / "c.xlsx").mkdir()
    with pytest.raises(DataError, match="cannot be written"):
        write_workbook(tmp_path / "c.xlsx", small_result(), overwrite=True)


def test_nothing_to_report_and_texts_too_long_for_a_cell(tmp_path: Path) -> None:
    small = small_result()
    venue = Venue.of(
        people=[Person(R1, ("Ann Author",))],
        submissions=[Submission(S2, "x" * 40_000, abstract="Text", authors=(AuthorMention("Max Poe"),))],
    )
    quiet = replace(
        small,
        venue=venue,
        conflicts=Conflicts(()),
        assignment=Assignment((), (), (), 0.0, None, "max-total"),
        limits=Limits(np.zeros(1, int), np.zeros(0, int), np.zeros(0, int), np.zeros((1, 0), np.uint8)),
        rejects=(),
        notices=(),
        config=None,
    )
    path = write_workbook(tmp_path / "q.xlsx", quiet)
    assert table(path, "Problems")[1:] == [["none", None, None, "nothing to report", None]]
    assert dict(table(path, "About")[1:])["Demand met"] == "nothing is wanted"
    short = replace(quiet, assignment=Assignment((), (Shortfall(S2, 1, 0, "nobody"),), (), 0.0, None, "max-total"))
    title = table(write_workbook(tmp_path / "l.xlsx", short), "By submission")[1][1]
    assert len(title) == 32_767
    assert title.endswith("… [cut off]")


# --- the whole path -------------------------------------------------------------------------------------------------

TOPICS: Final = (
    "sparse training of neural nets",
    "graph nets for small molecules",
    "speech recognition without labels",
    "robot grasping from video",
    "private federated learning",
    "causal inference from text",
    "program synthesis by search",
    "segmentation of medical images",
)
GIVEN: Final = ("Ann", "Bo", "Cid", "Dora", "Eve", "Finn", "Gil", "Hana", "Ida", "Jon")
FAMILY: Final = ("Aster", "Birch", "Cedar", "Dahl", "Elm", "Fir")


def workshop(folder: Path) -> SheetsLoaded:
    """60 reviewers and 40 submissions, each of one of eight topics."""
    rng = random.Random(0)
    people = [f"{given} {family}" for given in GIVEN for family in FAMILY]
    reviewers: list[list[Any]] = [["Name", "E-mail", "Affiliation", "Publications", "Keywords", "Max papers"]]
    for number, name in enumerate(people):
        topic = TOPICS[number % 8]
        papers = [f"Part {number}.{part} on {topic} ({2018 + part})" for part in range(number % 4)]
        address = f"{name.replace(' ', '.').lower()}@uni{number % 12}.example"
        reviewers.append(
            [name, address, f"University {number % 12}", "\n".join(papers), topic if number % 5 else None, 4.0]
        )
    submissions: list[list[Any]] = [["Paper ID", "Title", "Abstract", "Authors"]]
    for number in range(40):
        topic = TOPICS[number % 8]
        byline = "; ".join(f"{name} (University {rng.randrange(12)})" for name in rng.sample(people, 2))
        submissions.append([number + 1, f"New {topic}", f"We study {topic}." if number % 9 else None, byline])
    submissions.append([41, None, "a row without a title", "Max Poe"])
    return load(folder, reviewers, submissions)


@pytest.fixture(scope="module")
def matched(tmp_path_factory: pytest.TempPathFactory) -> tuple[SheetsLoaded, MatchResult]:
    loaded = workshop(tmp_path_factory.mktemp("workshop"))
    return loaded, match(loaded.venue, MatchConfig(encoder="tfidf", max_load=6))


def test_a_workshop_of_60_by_40_from_sheets_to_assignment(matched: tuple[SheetsLoaded, MatchResult]) -> None:
    loaded, result = matched
    assert [(count.read, count.rejected) for count in loaded.report.files] == [(60, 0), (41, 1)]
    assert (len(loaded.venue.reviewers), len(loaded.venue.submissions)) == (60, 40)
    assert len(result.assignment.pairs) == 120
    assert result.assignment.is_complete
    assert result.verify() == ()
    topics = {row.person_id: index % 8 for index, row in enumerate(_by_row(loaded.venue))}
    hits = [
        topics[pair.reviewer_id] == (int(pair.submission_id) - 1) % 8
        for pair in result.assignment.pairs
        if pair.score is not None
    ]
    assert sum(hits) > 0.9 * len(hits)
    blocked = {(each.submission_id, each.reviewer_id) for each in result.conflicts.items}
    assert not blocked & {(pair.submission_id, pair.reviewer_id) for pair in result.assignment.pairs}
    # Bylines name a university at random: two who share a common name and no university are asked about.
    verdicts = [
        result.conflicts.verdict(submission.id, author.name.lower().replace(" ", "-"))
        for submission in loaded.venue.submissions
        for author in submission.authors
    ]
    assert Verdict.CLEAR not in verdicts
    assert verdicts.count(Verdict.BLOCK) >= 0.9 * len(verdicts)


def _by_row(venue: Venue) -> Iterable[Reviewer]:
    order = {f"{given} {family}": at for at, (given, family) in enumerate((g, f) for g in GIVEN for f in FAMILY)}
    return sorted(venue.reviewers, key=lambda reviewer: order[venue.name_of(reviewer.person_id)])


def test_a_workshop_of_60_by_40_from_assignment_to_workbook(
    matched: tuple[SheetsLoaded, MatchResult], tmp_path: Path
) -> None:
    loaded, result = matched
    data = WorkbookData(
        venue=result.venue,
        scores=result.scores,
        conflicts=result.conflicts,
        limits=result.limits,
        assignment=result.assignment,
        explanations=result.explain_assigned(),
        rejects=loaded.report.rejects,
        notices=loaded.report.notices,
        config=result.config,
        price=result.question_price,
    )
    book = openpyxl.load_workbook(write_workbook(tmp_path / "result.xlsx", data))
    rows = table(book, "By submission")[1:]
    assert [(row[0], row[7]) for row in rows] == sorted(
        ((row[0], row[7]) for row in rows), key=lambda pair: int(pair[0])
    )
    assert {(row[0], row[7]) for row in rows} == {
        (pair.submission_id, pair.reviewer_id) for pair in result.assignment.pairs
    }
    loads = {row[4]: row[2] for row in table(book, "By reviewer")[1:]}
    assert sum(loads.values()) == 120
    assert max(loads.values()) <= 4
    stated = [row for row in rows if row[5] and f"{STATEMENT_TITLE} [" in row[5]]
    assert stated  # marked as the reviewer's own words wherever it is the reason
    problems = table(book, "Problems")[1:]
    assert [row[3] for row in problems if row[0] == "rejected row"] == [
        "submissions.xlsx:42: field 'title': is missing (column 'Title')"
    ]
    assert len(table(book, "Conflicts")) == len(result.conflicts.items) + 1


def test_ids_and_titles_of_submissions_among_a_reviewers_conflicts_are_conflicts(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(
        "Name,Email,Expertise,Conflicts\nAnn Bee,ann@a.example,trees,S2; on rivers\n"
        "Bo Cee,bo@b.example,rivers,S9; Dee Eff\n"
    )
    (tmp_path / "s.csv").write_text(
        "ID,Title,Abstract,Authors\nS1,On Trees,x,Dee Eff\nS2,On Leaves,x,Gil Hay\nS3,On Rivers,x,Ina Jay\n"
    )
    loaded = read_sheets(tmp_path / "r.csv", tmp_path / "s.csv")
    ann = next(person.id for person in loaded.venue.people if person.name == "Ann Bee")
    assert {(one.submission_id, one.reviewer_id) for one in loaded.venue.declared} == {("S2", ann), ("S3", ann)}
    assert any("'S9'" in notice for notice in loaded.report.notices)
