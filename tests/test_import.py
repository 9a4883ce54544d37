"""`matcher import cv` on documents of our own: read as their truth says, every line accounted for."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from matcher import load_venue
from matcher.errors import DataError
from matcher.ingest.cv import merge_documents, read_cv
from matcher.ingest.write_folder import read_existing, write_folder

DOCUMENTS = Path(__file__).parent / "cv_documents"
NAMES = sorted(path.name.removesuffix(".truth.json") for path in DOCUMENTS.glob("a*.truth.json"))


def norm(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", text).casefold())


def document(name: str) -> tuple[Path, dict[str, Any]]:
    truth = DOCUMENTS / f"{name}.truth.json"
    path = next(each for each in DOCUMENTS.glob(f"{name}.*") if each != truth)
    return path, json.loads(truth.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_read_as_its_truth_says(name: str) -> None:
    path, truth = document(name)
    read = read_cv(path)
    assert read.owner is not None
    assert norm(read.owner.name) == norm(truth["owner"])
    got = sorted((norm(e.title), [norm(author) for author in e.authors], str(e.date)) for e in read.entries)
    want = sorted(
        (norm(p["title"]), [norm(author) for author in p["authors"]], str(p["date"])) for p in truth["publications"]
    )
    assert got == want
    relations = {(one.relation.kind, norm(one.relation.other)) for one in read.relations}
    assert relations == {(each["kind"], norm(each["name"])) for each in truth["relations"]}


@pytest.mark.parametrize("name", NAMES)
def test_every_line_is_read_or_reported(name: str) -> None:
    path, _ = document(name)
    read = read_cv(path)
    assert [use.line for use in read.lines] == list(range(1, len(read.lines) + 1))
    assert all(use.use for use in read.lines)
    if not read.is_pdf:
        assert len(read.lines) == len(path.read_text(encoding="utf-8").splitlines())


def test_documents_become_a_venue_that_can_be_read_and_added_to(tmp_path: Path) -> None:
    paths = [document(name)[0] for name in NAMES]
    first, rest = paths[:1], paths[1:]
    write_folder(tmp_path, merge_documents([read_cv(path) for path in first]))
    with pytest.raises(DataError, match="not empty"):
        write_folder(tmp_path, merge_documents([read_cv(path) for path in rest]))
    there = read_existing(tmp_path)
    write_folder(tmp_path, merge_documents([read_cv(path) for path in rest], there), add=True)
    (tmp_path / "submissions.jsonl").write_text('{"id": "s", "title": "Title"}\n', encoding="utf-8")
    venue = load_venue(tmp_path)
    assert len(venue.reviewers) == len(NAMES)
    again = merge_documents([read_cv(path) for path in paths], read_existing(tmp_path))
    assert len(again.reviewers) == len(NAMES)
    assert len(again.papers) == len(venue.papers)
