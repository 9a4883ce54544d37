from __future__ import annotations

import itertools
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from matcher import charts
from matcher.errors import MissingExtraError

rng = np.random.default_rng(5)
EMPTY = np.array([], dtype=np.int64)

DRAWINGS: dict[str, Callable[[], str]] = {
    "scores": lambda: charts.score_distribution(np.linspace(0.3, 0.9, 40), np.linspace(0, 0.8, 900)),
    "means": lambda: charts.submission_means(np.linspace(0.2, 0.7, 57)),
    "loads": lambda: charts.load_counts(np.arange(30) % 7, np.full(30, 6)),
    "sizes": lambda: charts.load_by_size(np.arange(60) * 3, np.arange(60) % 7),
    "no scores": lambda: charts.score_distribution([], []),
    "no means": lambda: charts.submission_means([]),
    "no loads": lambda: charts.load_counts(EMPTY, EMPTY),
    "no sizes": lambda: charts.load_by_size(EMPTY, EMPTY),
    "one of each": lambda: charts.score_distribution([1.0], [1.0]),
}


@pytest.fixture
def specs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The specifications that are drawn, in order."""
    seen: list[Any] = []

    def keep(spec: Any, label: str) -> str:
        seen.append(spec)
        return label

    monkeypatch.setattr(charts, "draw", keep)
    return seen


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_a_still_image(name: str) -> None:
    svg = DRAWINGS[name]()
    root = ET.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"]
    assert root.attrib["viewBox"] == f"0 0 {root.attrib['width']} {root.attrib['height']}"
    for node in root.iter():
        tag = node.tag.rpartition("}")[2]
        assert tag in {"svg", "g", "path", "line", "text", "rect"}
        assert {"id", "class", "style", "href", "clip-path"}.isdisjoint(node.attrib)
    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg)) - {"none", "transparent"}
    assert colours <= set(charts.PALETTE.values())
    assert "NaN" not in svg


@pytest.mark.parametrize("name", ["scores", "sizes"])
def test_equal_arrays_give_equal_bytes(name: str) -> None:
    assert DRAWINGS[name]() == DRAWINGS[name]()


def test_every_colour_has_a_dark_one() -> None:
    assert charts.PALETTE.keys() == charts.DARK_PALETTE.keys()
    assert len(set(charts.PALETTE.values())) == len(charts.PALETTE)


def test_titles_and_axes_are_words() -> None:
    texts = {name: re.findall(r"<text[^>]*>([^<]*)</text>", draw()) for name, draw in DRAWINGS.items()}
    assert {"Scores of the pairs", "score of the pair", "share of the pairs", "all eligible pairs"} <= set(
        texts["scores"]
    )
    assert {"Mean score of each submission", "submissions"} <= set(texts["means"])
    assert {"Load of the reviewers", "reviewers", "at the maximum", "has room"} <= set(texts["loads"])
    assert {"Load by size of profile", "papers in the profile"} <= set(texts["sizes"])


def test_shares_of_both_groups_sum_to_one(specs: list[Any]) -> None:
    label = charts.score_distribution([0.31, 0.33, 0.97], [0.01, 0.02, 0.33, 0.5])
    rows = specs[0]["data"]["values"]
    for group in ("assigned pairs", "all eligible pairs"):
        assert sum(row["share"] for row in rows if row["group"] == group) == pytest.approx(1, abs=1e-5)
    filled = {(row["from"], row["group"]): row["share"] for row in rows if row["share"]}
    assert filled[0.3, "assigned pairs"] == pytest.approx(2 / 3, abs=1e-6)
    assert filled[0.95, "assigned pairs"] == pytest.approx(1 / 3, abs=1e-6)
    assert filled[0.0, "all eligible pairs"] == 0.5
    assert label == "Histogram of scores. Assigned pairs: 3, median 0.330. All eligible pairs: 4, median 0.175."


def test_the_score_axis_fits_the_scores(specs: list[Any]) -> None:
    for largest, span in ((0.03, 0.05), (0.06, 0.1), (0.2, 0.2), (0.34, 0.5), (0.51, 1.0), (1.0, 1.0)):
        charts.score_distribution([largest], [0.0])
        axis = specs.pop()["layer"][0]["encoding"]["x"]
        assert axis["scale"]["domain"] == [0, span]
        assert axis["axis"]["values"][0] == 0
        assert axis["axis"]["values"][-1] == span


def test_the_weakest_twentieth_is_marked(specs: list[Any]) -> None:
    means = np.linspace(0.4, 0.8, 101)
    label = charts.submission_means(means)
    assert sum(row["count"] for row in specs[0]["layer"][0]["data"]["values"]) == 101
    assert specs[0]["layer"][1]["data"]["values"] == [{"at": 0.42}]
    assert label.endswith("101 submissions, median 0.600. Smallest 0.400; 5th percentile 0.420.")


def test_reviewers_are_counted_by_load(specs: list[Any]) -> None:
    label = charts.load_counts(np.array([0, 2, 2, 3, 3, 3]), np.array([6, 2, 4, 3, 3, 4]))
    rows = {(row["load"], row["group"]): row["count"] for row in specs[0]["data"]["values"]}
    assert {key: count for key, count in rows.items() if count} == {
        (0, "has room"): 1,
        (2, "has room"): 1,
        (2, "at the maximum"): 1,
        (3, "has room"): 1,
        (3, "at the maximum"): 2,
    }
    assert label.endswith("6 reviewers. Mean 2.17; largest 3; 1 without a submission; 3 at their maximum.")


def test_profiles_are_grouped_by_doubling_sizes(specs: list[Any]) -> None:
    label = charts.load_by_size(np.array([0, 1, 2, 3, 4, 5, 8, 9, 40]), np.array([0, 1, 2, 3, 5, 1, 2, 6, 4]))
    assert [row["papers"] for row in specs[0]["layer"][1]["data"]["values"]] == [
        "0",
        "1",
        "2",
        "3–4",
        "5–8",
        "9–16",
        "17–32",
        "33–64",
    ]
    assert [row["mean"] for row in specs[0]["layer"][1]["data"]["values"]] == [0, 1, 2, 4, 1.5, 6, None, 4]
    assert sum(row["reviewers"] for row in specs[0]["layer"][0]["data"]["values"]) == 9
    assert "1 paper: 1.00; 2 papers: 2.00; 3–4 papers: 4.00; 5–8 papers: 1.50" in label
    assert "17–32" not in label


def test_an_empty_group_stands_on_the_axis_and_breaks_the_line() -> None:
    whole = charts.load_by_size(np.array([1, 2, 3, 5, 9]), np.array([1, 2, 3, 2, 1]))
    broken = charts.load_by_size(np.array([1, 2, 9, 17]), np.array([1, 2, 3, 2]))
    assert "5–8" in re.findall(r"<text[^>]*>([^<]*)</text>", broken)
    blue = f'stroke="{charts.PALETTE["main"]}"'
    strokes = [
        [path.count("M") for path in re.findall(r'<path[^>]* d="([^"]*)"', tag)]
        for svg in (whole, broken)
        for tag in ["".join(found for found in re.findall(r"<path[^>]*>", svg) if blue in found)]
    ]
    assert strokes == [[1], [2]]


def test_one_is_no_plural() -> None:
    one = np.array([1])
    assert "Bar chart of the loads of 1 reviewer. " in charts.load_counts(one, one)
    assert "Load by size of profile for 1 reviewer. Mean load 1 paper: 1.00." in charts.load_by_size(one, one)
    assert "Histogram of the mean scores of 1 submission, " in charts.submission_means([0.5])


@pytest.mark.parametrize("top", [0, 1, 4, 5, 7, 9, 12, 49, 51, 1234])
def test_counts_stand_on_whole_numbers(top: int) -> None:
    loads = np.array([top, 0])
    svg = charts.load_by_size(np.array([1, 3]), loads)
    labels = [int(text.replace(",", "")) for text in re.findall(r'text-anchor="end"[^>]*>([\d,]+)<', svg)]
    assert labels[0] == 0
    assert labels[-1] >= max(1, top)
    assert len({after - before for before, after in itertools.pairwise(labels)}) == 1
    assert 2 <= len(labels) <= 6


def test_a_drawing_stays_small() -> None:
    many = rng.random(200_000)
    assert len(charts.score_distribution(many, many)) < 10_000
    assert len(charts.load_by_size(rng.integers(0, 500, 20_000), rng.integers(0, 9, 20_000))) < 30_000


@pytest.mark.parametrize("wrong", [[np.nan], [-0.1], [1.5], [np.inf]])
def test_scores_that_are_none_are_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="leave out the pairs that are not scored"):
        charts.submission_means(wrong)


def test_loads_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="whole numbers from 0"):
        charts.load_counts(np.array([-1]), np.array([2]))
    with pytest.raises(ValueError, match="whole numbers from 0"):
        charts.load_counts(np.array([0.5]), np.array([2]))
    with pytest.raises(ValueError, match="1 loads but 2 maximum loads"):
        charts.load_counts(np.array([1]), np.array([2, 2]))
    with pytest.raises(ValueError, match="2 profiles but 1 loads"):
        charts.load_by_size(np.array([1, 4]), np.array([2]))


def test_a_label_is_escaped() -> None:
    spec = {"data": {"values": []}, "mark": "bar", "encoding": {}}
    root = ET.fromstring(charts.draw(spec, 'a "label" with <b> & more'))
    assert root.attrib["aria-label"] == 'a "label" with <b> & more'


def test_absent_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingExtraError) as caught:
        charts.submission_means([0.5])
    assert str(caught.value) == (
        "charts in the report needs the extra 'report': pip install 'reviewer-matcher[report]'"
    )
    assert caught.value.extra == "report"
