"""Harder invented CVs: what the reader gives back of each is a floor that must not sink."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any, Final

import pytest

from matcher.ingest.cv import CvDocument, read_cv

DOCUMENTS = Path(__file__).parent / "cv_documents"

FLOORS: Final = {
    # document: titles, author lists, relations that are found; phantom entries and relations that are not exceeded
    "b01_arxiv_listing": (10, 8, 0, 0, 0),
    "b02_bibliography_site": (25, 25, 0, 0, 0),
    "b03_registry_record": (11, 11, 1, 0, 0),
    "b04_chicago_humanities": (14, 14, 6, 0, 0),
    "b05_title_first_lines": (11, 11, 5, 0, 0),
    "b06_tabs_dates_left": (13, 13, 9, 1, 0),
    "b07_two_column_flow": (15, 15, 7, 0, 0),
    "b08_running_heads": (20, 20, 7, 0, 0),
    "b09_french_sections": (15, 15, 8, 0, 0),
    "b10_last_first_and": (16, 16, 8, 0, 0),
    "b11_industry_profile": (2, 2, 4, 0, 0),
    "b12_inferred_reverse": (23, 23, 8, 0, 0),
    "c01_us_assistant_professor": (31, 31, 14, 0, 0),
    "c02_two_column": (18, 18, 5, 0, 0),
    "c03_homepage": (16, 16, 6, 0, 0),
    "c04_scholar_profile": (30, 30, 0, 0, 0),
    "c05_dblp": (46, 46, 0, 0, 0),
    "c06_orcid_print": (16, 16, 0, 0, 0),
    "c07_chinese_researcher": (22, 22, 8, 0, 0),
    "c08_lebenslauf": (20, 20, 8, 0, 0),
    "c09_brasil_lattes": (18, 18, 7, 0, 0),
    "c10_indian_professor": (56, 56, 7, 0, 0),
    "c11_industry_resume": (10, 10, 7, 0, 0),
    "c12_biosketch": (10, 10, 12, 0, 0),
    "c13_word_export": (17, 17, 8, 0, 0),
    "c14_publications_by_year": (58, 58, 0, 0, 0),
    "c15_one_page_postdoc": (2, 2, 4, 0, 0),
    "c16_lab_page": (24, 24, 5, 0, 0),
}


def norm(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", text).casefold())


def document(name: str) -> tuple[Path, dict[str, Any]]:
    truth = DOCUMENTS / f"{name}.truth.json"
    path = next(each for each in DOCUMENTS.glob(f"{name}.*") if each != truth)
    return path, json.loads(truth.read_text(encoding="utf-8"))


def counts(read: CvDocument, truth: dict[str, Any]) -> tuple[int, int, int, int, int]:
    """Titles, author lists and relations found; phantom entries and relations."""
    left = [(norm(entry.title), [norm(name) for name in entry.authors]) for entry in read.entries]
    titles = authors = 0
    for paper in truth["publications"]:
        title, names = norm(paper["title"]), [norm(name) for name in paper["authors"]]
        same = sorted((one for one in left if one[0] == title), key=lambda one: one[1] != names)
        if same:
            left.remove(same[0])
            titles += 1
            authors += same[0][1] == names
    relations = {(one.relation.kind, norm(one.relation.other)) for one in read.relations}
    found = sum(bool(right(one) & relations) for one in truth["relations"])
    maybe = {norm(name) for name in truth.get("optional_relations", [])}
    stated = set().union(*(right(one) for one in truth["relations"]))
    false_relations = {one for one in relations - stated if one[1] not in maybe}
    optional = {norm(title) for title in truth.get("optional_publications", [])}
    return titles, authors, found, sum(title not in optional for title, _ in left), len(false_relations)


def right(relation: dict[str, Any]) -> set[tuple[str, str]]:
    """A relation with every kind that is as right as the first."""
    kinds = {relation["kind"], *relation.get("kinds_ok", [])}
    return {(kind, norm(relation["name"])) for kind in kinds}


@pytest.mark.parametrize("name", FLOORS)
def test_a_harder_document_is_read_as_well_as_before(name: str) -> None:
    path, truth = document(name)
    read = read_cv(path)
    titles, authors, relations, phantoms, false_relations = counts(read, truth)
    least = FLOORS[name]
    assert titles >= least[0]
    assert authors >= least[1]
    assert relations >= least[2]
    assert phantoms <= least[3]
    assert false_relations <= least[4]
    assert [use.line for use in read.lines] == list(range(1, len(read.lines) + 1))
    assert all(use.use for use in read.lines)
