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
    "b02_bibliography_site": (24, 24, 0, 0, 0),
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
    want = {(one["kind"], norm(one["name"])) for one in truth["relations"]}
    return titles, authors, len(relations & want), len(left), len(relations - want)


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
