"""Family names that are words of labels: told by where they stand, in any list of authors, and by nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.ingest.cv.names import Known, read_list, read_one
from matcher.ingest.cv.reader import read_cv
from matcher.ingest.cv.rich import plain

OWNER = Known(owner=frozenset({"kenneth church"}))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Kenneth Church, Ada Press, Bo Street. Word norms", ["Kenneth Church", "Ada Press", "Bo Street"]),
        ("Ada Press, Cleo Award and Dan Mentor. Parsing", ["Ada Press", "Cleo Award", "Dan Mentor"]),
        ("Hal Student, Kenneth Church, Ida Table. Parsing", ["Hal Student", "Kenneth Church"]),
        (
            "Kenneth Church, Eve Page, Fay Chair, Gus Best. Speech",
            ["Kenneth Church", "Eve Page", "Fay Chair", "Gus Best"],
        ),
        ("Ann Lee, Bo Cho, Oxford University, 2020", ["Ann Lee", "Bo Cho"]),
        ("Ann Lee, Bo Cho, Stanford Workshop, 2020", ["Ann Lee", "Bo Cho"]),
        ("Ann Lee, Bo Cho, Best Paper. Trees", ["Ann Lee", "Bo Cho"]),
        ("Ann Lee, Bo Cho, Ida\nComments: none", ["Ann Lee", "Bo Cho"]),
        ("Street, A., Church, K., & Press, B. (2019). Word norms", ["A. Street", "K. Church", "B. Press"]),
    ],
)
def test_lists_of_authors(text: str, names: list[str]) -> None:
    found = read_list(plain(text), 0, known=OWNER)
    assert found is not None
    assert [name.text for name in found.names] == names


@pytest.mark.parametrize(
    "text", ["Project Page, Code", "Distinguished Award, Ann Lee", "Invited Talk, Ann Lee", "Table, A"]
)
def test_labels_begin_no_list(text: str) -> None:
    assert read_list(plain(text), 0, known=OWNER) is None


def test_in_prose_a_label_stays_a_label() -> None:
    found = read_list(plain("Ann Lee, Bo Award"), 0, known=OWNER, titles=True)
    assert found is not None
    assert [name.text for name in found.names] == ["Ann Lee"]


def test_a_name_alone_needs_a_common_given_name() -> None:
    assert read_one("Victoria Street") is None
    found = read_one("Victoria Street", is_alone=True)
    assert found is not None
    assert found.text == "Victoria Street"
    for text in ("Victoria University", "Zzyx Street", "Best Street", "Victoria"):
        assert read_one(text, is_alone=True) is None


CV = """Ada Street
Professor, Example College

Publications

1. Kenneth Church, Ada Street, Bo Press. Word association norms for parsing. In Proceedings of Examples, 2019.
2. Ada Street, Cleo Award, Dan Mentor. Parsing with dictionaries of words. In Proceedings of Examples, 2020.
3. Hal Student, Ada Street. Slow reading of long texts. In Proceedings of Examples, 2021.
"""


def test_a_whole_document(tmp_path: Path) -> None:
    path = tmp_path / "street.txt"
    path.write_text(CV, encoding="utf-8")
    read = read_cv(path)
    assert read.owner is not None
    assert read.owner.name == "Ada Street"
    assert [(work.title, list(work.authors)) for work in read.entries] == [
        ("Word association norms for parsing", ["Kenneth Church", "Ada Street", "Bo Press"]),
        ("Parsing with dictionaries of words", ["Ada Street", "Cleo Award", "Dan Mentor"]),
        ("Slow reading of long texts", ["Hal Student", "Ada Street"]),
    ]
