"""What holds for any document: every line is accounted for, the same input gives the same bytes, no address stays."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.ingest.cv import CvDocument, merge_documents, read_cv
from matcher.ingest.documents import collect, read_documents
from matcher.ingest.write_folder import read_existing, write_folder
from tests.test_import_folder import content

DOCUMENTS = Path(__file__).parent / "cv_documents"
EVERY = sorted(
    path for path in DOCUMENTS.iterdir() if path.suffix in (".txt", ".md", ".pdf") and path.name != "README.md"
)
TEXTS = [path for path in EVERY if path.suffix != ".pdf"]
LINES = {path.name: path.read_text(encoding="utf-8").splitlines() for path in TEXTS}
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")

slow = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@st.composite
def documents(draw: st.DrawFn) -> list[str]:
    """A document of ours after a mishap: cut off, lines lost, lines or parts in another order, two run together."""
    lines = LINES[draw(st.sampled_from(sorted(LINES)))]
    start = draw(st.integers(0, max(0, len(lines) - 2)))
    lines = lines[start : start + draw(st.integers(1, 45))]
    match draw(st.sampled_from(["cut", "lost", "shuffled", "joined", "narrow", "flat"])):
        case "lost":
            kept = draw(st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)))
            lines = [line for line, is_kept in zip(lines, kept, strict=True) if is_kept] or lines
        case "shuffled":
            lines = draw(st.permutations(lines))
        case "joined":
            other = LINES[draw(st.sampled_from(sorted(LINES)))]
            lines = [*lines, *other[: draw(st.integers(1, 20))]]
        case "narrow":
            width = draw(st.integers(12, 60))
            lines = [line[place : place + width] for line in lines for place in range(0, max(1, len(line)), width)]
        case "flat":
            lines = [line for line in lines if line.strip()] or lines
    return list(lines)


def read(lines: list[str], ending: str = "\n") -> CvDocument | None:
    """The document, or `None` where it is refused as empty."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "document.txt"
        path.write_bytes(ending.join(lines).encode())
        found = read_documents(collect([path]))
    assert len(found.read) + len(found.failures) == 1
    if found.failures:
        assert "the document is empty" in str(found.failures[0])
        assert not any(line.strip() for line in lines)
        return None
    return found.read[0]


def account(document: CvDocument, total: int) -> None:
    """Assert that every line is read or not, once, and that the report of unread lines says the same."""
    assert [one.line for one in document.lines] == list(range(1, total + 1))
    assert all(one.use for one in document.lines)
    unread = {one.line: one.use for one in document.lines if not one.is_read}
    blank = {one.line for one in document.lines if one.use == "blank"}
    told: dict[int, str] = {}
    for each in document.unread:
        assert 1 <= each.first <= each.last <= total
        assert each.first in unread
        assert each.last in unread
        for line in range(each.first, each.last + 1):
            assert line not in told
            told[line] = each.reason
    assert set(told) - set(unread) <= blank
    assert {line: told[line] for line in unread} == unread
    for place in [*(one.line for one in document.entries), *(one.last_line for one in document.entries)]:
        assert 1 <= place <= total
    for relation in document.relations:
        assert 1 <= relation.line <= total
    for doubt in document.doubts:
        assert doubt.line is None or 1 <= doubt.line <= total


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_every_line_of_our_documents_is_accounted_for(path: Path) -> None:
    document = read_cv(path)
    total = len(document.lines) if document.is_pdf else len(LINES[path.name])
    account(document, total)
    used = {one.line for one in document.lines if one.is_read}
    assert {entry.line for entry in document.entries} <= used
    assert {relation.line for relation in document.relations} <= used


@slow
@given(documents())
def test_every_line_of_any_document_is_accounted_for(lines: list[str]) -> None:
    document = read(lines)
    if document is not None:
        account(document, len(lines) if lines[-1] else len(lines) - 1)


@slow
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r\x00"), max_size=60), max_size=25))
def test_every_line_of_any_text_is_accounted_for(lines: list[str]) -> None:
    lines = [*lines, "Ada Velden"]
    document = read(lines)
    assert document is not None
    account(document, len(lines))


@slow
@given(documents(), st.sampled_from(["\r\n", "\r"]))
def test_line_ends_change_nothing(lines: list[str], ending: str) -> None:
    assert read(lines, ending) == read(lines)


def imported(found: list[CvDocument], *, again: int = 0) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        write_folder(folder, merge_documents(found))
        for _ in range(again):
            write_folder(folder, merge_documents(found, read_existing(folder)), add=True)
        return content(Path(folder))


@slow
@given(st.lists(documents(), min_size=1, max_size=3))
def test_the_same_documents_write_the_same_bytes_and_nothing_when_they_come_again(texts: list[list[str]]) -> None:
    found = [one for one in map(read, texts) if one is not None and one.owner is not None]
    if not found:
        return
    first = imported(found)
    assert imported([one for one in map(read, texts) if one is not None and one.owner is not None]) == first
    assert imported(found, again=2) == first


@slow
@given(
    documents(),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 20), st.sampled_from(["{}", "({})", "<{}>", "mailto:{}"]))),
)
def test_no_address_stays_wherever_it_stood(lines: list[str], places: list[tuple[int, int, str]]) -> None:
    lines = ["Ada Velden", *lines]
    for row, column, form in places:
        words = lines[row % len(lines)].split(" ")
        words.insert(column % (len(words) + 1), form.format("secret.local@cs.northfield.example"))
        lines[row % len(lines)] = " ".join(words)
    document = read(lines)
    assert document is not None
    assert not ADDRESS.search(repr(document))
    if document.owner is None:
        return
    for held in imported([document]).values():
        assert not ADDRESS.search(held.decode())


def test_all_our_documents_together_make_one_venue_in_any_order() -> None:
    found = [one for one in read_documents(collect(EVERY)).read if one.owner is not None]
    first = imported(found)
    assert imported(found, again=1) == first
    forwards, backwards = merge_documents(found), merge_documents(found[::-1])
    assert len(forwards.reviewers) == len(backwards.reviewers)
    assert len(forwards.papers) == len(backwards.papers)
    assert {person.name for person in forwards.people} == {person.name for person in backwards.people}
