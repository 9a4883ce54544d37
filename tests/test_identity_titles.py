import itertools
from typing import Any

import pytest

from matcher.identity.titles import are_title_variants, differ_in_subtitle, title_blocks
from matcher.ingest.formats.collect import Collector
from matcher.ingest.formats.joining import join
from matcher.ingest.formats.source import Row, SourceRecord

SAME = [
    ("On the Pruning of Large Neural Networks", "On Pruning of Large Neural Networks"),
    ("Sparse-Training Made Simple for Everyone", "Sparse Training made simple for everyone."),
    ("Towards a Theory of Sparse Training", "Theory of Sparse Training"),
    ("Learning Optimisation Schedules for Robots", "Learning Optimization Schedules for Robots"),
    ("Neural Network for Protein Folding Tasks", "Neural Networks for Protein Folding Tasks"),
    ("Récursive Modèls of Hidden Language", "Recursive Models of Hidden Language"),
    ("Measuring Time-Series Drift, Part II", "Measuring Time Series Drift: Part II"),
]
DIFFERENT = [
    ("Sparse training in practice, part I", "Sparse training in practice, part II"),
    ("Sparse training in practice", "Sparse training in practice 2"),
    ("Report of the shared task on drift 2019", "Report of the shared task on drift 2020"),
    ("First report on the state of reviews", "Second report on the state of reviews"),
    ("Learning supervised models of hidden text", "Learning unsupervised models of hidden text"),
    ("Optimal rates for convex learning problems", "Optimal rates for nonconvex learning problems"),
    ("Encoding hidden structure in neural text", "Decoding hidden structure in neural text"),
    ("Sparse training of robots: appendix A", "Sparse training of robots: appendix B"),
    ("Theory of Drift", "Theory of Drifts"),
    ("Sparse training for large language models", "Sparse training for large language models revisited"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_tellings_of_one_title(one: str, other: str) -> None:
    assert are_title_variants(one, other)
    assert are_title_variants(other, one)
    assert set(title_blocks(one)) & set(title_blocks(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_parts_series_and_opposites_are_two_titles(one: str, other: str) -> None:
    assert not are_title_variants(one, other)
    assert not are_title_variants(other, one)


def test_no_two_of_a_thousand_near_titles_are_one() -> None:
    subject = ["Sparse", "Dense", "Robust", "Causal", "Federated"]
    task = ["Training", "Pruning", "Retrieval", "Alignment"]
    number = ["", ", Part I", ", Part II", " III", " 2", " 3", " 2021", " 2022", ": a second look", ": the first year"]
    titles = [
        f"{one} {two} of Large Neural Models{more}" for one, two, more in itertools.product(subject, task, number)
    ]
    near = [
        (one, other)
        for one, other in itertools.combinations(titles, 2)
        if sum(mine != theirs for mine, theirs in zip(one.split()[:2], other.split()[:2], strict=True)) < 2
    ]
    assert len(near) > 1000
    assert not [pair for pair in near if are_title_variants(*pair)]


def joined(*papers: tuple[str, str, str, str]) -> dict[str, str]:
    """Which ids came to be which; papers are id, title, date and names."""
    collector = Collector()
    for number, (key, title, date, names) in enumerate(papers, start=1):
        authors = [{"name": name} for name in names.split(", ")]
        row = Row("publications", {"id": key, "title": title, "date": date, "authors": authors})
        collector.take(SourceRecord("file", number, (row,)))
    return dict(join({}, collector.settle()).papers)


TITLE, RETOLD = SAME[3]


@pytest.mark.parametrize(
    ("title", "date", "names", "is_one"),
    [
        (RETOLD, "2022", "A. Aldern, Bodo Birkmann", True),
        (RETOLD, "2022", "Bodo Birkmann, Alba Aldern", True),
        (RETOLD, "2022", "Alba Aldern", False),
        (RETOLD, "2022", "Alba Aldern, Edda Eschby", False),
        (RETOLD, "2027", "Alba Aldern, Bodo Birkmann", False),
        (f"{RETOLD} 2", "2022", "Alba Aldern, Bodo Birkmann", False),
    ],
)
def test_a_preprint_and_the_published_paper_are_joined_on_import(
    title: str, date: str, names: str, *, is_one: bool
) -> None:
    found = joined(("a", TITLE, "2021", "Alba Aldern, Bodo Birkmann"), ("b", title, date, names))
    assert found == ({"b": "a"} if is_one else {})


PREPRINT: dict[str, Any] = {
    "id": "a",
    "title": "Sparse training of deep networks: a short look",
    "date": "2022",
    "kind": "preprint",
    "authors": [{"name": "Alba Aldern"}],
}
PUBLISHED = {**PREPRINT, "id": "b", "title": "Sparse training of deep networks", "date": "2023", "kind": "conference"}


@pytest.mark.parametrize(
    ("title", "kind", "is_one"),
    [
        ("Sparse training of deep networks", "conference", True),
        ("Sparse Training of Deep Networks - theory and practice", "journal", True),
        ("Sparse training of deep networks", "preprint", False),  # two preprints are two papers
        ("Sparse training of deep networks: part II", "conference", False),
        ("Sparse training of shallow networks: a short look", "conference", False),
        ("Sparse training of deep networks in practice", "conference", False),  # no subtitle
    ],
)
def test_a_published_paper_may_have_another_subtitle_than_its_preprint(title: str, kind: str, is_one: bool) -> None:
    there = {"publications": [PREPRINT]}
    collector = Collector()
    row = Row("publications", {**PUBLISHED, "title": title, "kind": kind})
    collector.take(SourceRecord("file", 1, (row,)))
    assert join(there, collector.settle()).papers == ({"b": "a"} if is_one else {})


def test_a_method_that_gives_two_papers_their_name_is_no_main_title() -> None:
    assert not differ_in_subtitle("ADAM: a method", "ADAM: the proof")
    assert differ_in_subtitle("Sparse training of deep networks", "Sparse training of deep networks — again")


def test_papers_that_a_folder_holds_twice_become_one_when_something_is_added() -> None:
    other = {**PUBLISHED, "id": "c", "title": "Something else entirely, with words"}
    there: dict[str, list[dict[str, Any]]] = {
        "publications": [PREPRINT, PUBLISHED, other],
        "reviewers": [{"id": "alba", "name": "Alba Aldern", "paper_ids": ["a", "b", "c"]}],
    }
    joined_tables = join(there, Collector().settle())
    assert dict(joined_tables.papers) == {"b": "a"}
    assert [row["id"] for row in joined_tables.tables["publications"]] == ["a", "c"]
    assert joined_tables.tables["publications"][0]["date"] == ["2022", "2023"]
    assert joined_tables.tables["reviewers"][0]["paper_ids"] == ["a", "c"]
    assert [row["id"] for row in there["publications"]] == ["a", "b", "c"]
