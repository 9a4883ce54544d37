"""The page of results: drawings whose coordinates are known, tables, digests, and equal bytes for equal results."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from eval.__main__ import main
from eval.page import drawings, read_sections, write_page
from eval.plots import Mark, intervals
from matcher.errors import DataError, InputError

SVG = "{http://www.w3.org/2000/svg}"


def circles(svg: str) -> list[tuple[float, str]]:
    return [(float(one.attrib["cx"]), one.attrib["fill"]) for one in ET.fromstring(svg).iter(f"{SVG}circle")]


def ticks(svg: str) -> dict[str, float]:
    """Labels of the axis and where they stand."""
    texts = ET.fromstring(svg).iter(f"{SVG}text")
    return {str(one.text): float(one.attrib["x"]) for one in texts if one.attrib.get("text-anchor") == "middle"}


# --- drawings -------------------------------------------------------------------------------------------------------


def test_points_stand_where_the_axis_says() -> None:
    svg = intervals("Loss", [Mark("ours", 0.2, 0.1, 0.3), Mark("peer", 0.4, is_ours=False)], band=(0.2, 0.3))
    axis = ticks(svg)
    assert list(axis) == ["0.1", "0.2", "0.3", "0.4"]
    (ours, main_colour), (peer, other_colour) = circles(svg)
    assert [ours, peer] == pytest.approx([axis["0.2"], axis["0.4"]], abs=0.01)
    assert main_colour != other_colour
    (thick,) = [one.attrib for one in ET.fromstring(svg).iter(f"{SVG}line") if one.attrib.get("stroke-width") == "3"]
    assert float(thick["x1"]) == pytest.approx(axis["0.1"], abs=0.01)
    assert float(thick["x2"]) == pytest.approx(axis["0.3"], abs=0.01)
    (band,) = ET.fromstring(svg).iter(f"{SVG}rect")
    assert float(band.attrib["x"]) == pytest.approx(axis["0.2"], abs=0.01)
    assert float(band.attrib["width"]) == pytest.approx(axis["0.3"] - axis["0.2"], abs=0.02)
    assert ET.fromstring(svg).attrib["aria-label"] == "Loss: ours 0.200 (0.100 to 0.300), peer 0.400"


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((0.0, 1.0), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ((-0.02, 0.03), ["-0.02", "-0.01", "0.00", "0.01", "0.02", "0.03"]),
        ((1.0, 950.0), ["0", "200", "400", "600", "800", "1000"]),
        ((0.5, 0.5), ["0.5", "0.6"]),
        ((0.0, 0.0), ["0.0", "0.2"]),
    ],
)
def test_axes_have_round_numbers(values: tuple[float, float], shown: list[str]) -> None:
    svg = intervals("x", [Mark("a", value) for value in values])
    assert list(ticks(svg)) == shown


def test_names_are_escaped_and_cut() -> None:
    svg = intervals('a "b" <c>', [Mark("<script>" + "x" * 60, 1.0)])
    texts = [one.text or "" for one in ET.fromstring(svg).iter(f"{SVG}text")]
    assert texts[0] == 'a "b" <c>'
    assert any(text.startswith("<script>x") and text.endswith("…") for text in texts)
    assert "<script>" not in svg


# --- pages ----------------------------------------------------------------------------------------------------------


def write_results(folder: Path, command: str, rows: list[dict[str, Any]], **extra: Any) -> Path:
    manifest = {
        "command": ["python", "-m", "eval", command, "--data", "x"],
        "code": {"version": "1.0", "commit": "abc", "is_changed": True},
        "data": {"tiny": "d" * 64},
        "encoders": [{"encoder": "default", "name": "tfidf", "model": "", "digest": "e" * 64}],
        "seed": 5,
    }
    folder.mkdir(parents=True)
    content = {"results": rows, "manifest": manifest, **extra}
    (folder / "results.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


GOLD = [
    {
        "encoder": "default",
        "kind": "ours",
        "loss": 0.2,
        "hard": None,
        "interval": {"loss": [0.15, 0.25], "hard": None},
        "differences": [
            {"to": "a|b", "loss": [-0.1, -0.2, -0.05], "verdict": {"loss": "better"}},
            {"to": "peer", "loss": [-0.1, -0.2, 0.05], "verdict": {"loss": "not told apart"}},
        ],
    },
    {"encoder": "a|b", "kind": "peer", "loss": 0.3, "hard": None, "interval": {"loss": [0.2, 0.4], "hard": None}},
]
SETS = [
    {"encoder": "default", "set": name, "mrr": value, "interval": {"mrr": [value, value]}}
    for name, value in (("one", 0.5), ("two", 0.25))
]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    write_results(
        tmp_path / "all" / "a-gold", "goldstandard", GOLD, facts={"pairs": 8, "share": 0.5}, notices=["mind <this>"]
    )
    write_results(tmp_path / "all" / "b-sets", "retrieval", SETS)
    write_results(tmp_path / "all" / "c-nothing", "guard", [])
    return tmp_path / "all"


class Text(HTMLParser):
    """The text of a page, and its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not any(name.startswith("on") for name, _ in attrs)
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_both_pages_say_what_the_folders_hold(results: Path, tmp_path: Path) -> None:
    sections = read_sections([results])
    assert [(one.name, one.command) for one in sections] == [
        ("a-gold", "goldstandard"),
        ("b-sets", "retrieval"),
        ("c-nothing", "guard"),
    ]
    markdown, page = (path.read_text(encoding="utf-8") for path in write_page(sections, tmp_path / "page"))
    read = Text(page)
    assert read.tags.count("table") == 2
    assert read.tags.count("svg") == 3  # loss of the gold standard, and a drawing for each set
    assert "script" not in read.tags
    for text in (markdown, " ".join(read.words)):
        assert "0.2000 [0.1500, 0.2500]" in text
        assert "-0.1000 [-0.2000, -0.0500] better" in text
        assert text.count("] better") == 1
        assert "share: 0.5000" in text
        assert "note: mind <this>" in text
        assert "1.0, commit abc, files changed" in text
        assert f"SHA-256 {'d' * 64}" in text
        assert f"digest {'e' * 64}" in text
    assert "| a\\|b | peer |" in markdown
    linked = re.findall(r"\]\((figures/[^)]+)\)", markdown)
    assert linked == ["figures/01-a-gold-1.svg", "figures/02-b-sets-1.svg", "figures/02-b-sets-2.svg"]
    assert sorted(path.name for path in (tmp_path / "page" / "figures").iterdir()) == [Path(one).name for one in linked]


def test_what_is_not_ours_has_another_colour(results: Path) -> None:
    (drawing,) = drawings(read_sections([results / "a-gold"])[0])
    (_, ours), (_, peer) = circles(drawing)
    assert ours != peer


def test_equal_results_give_equal_bytes(results: Path, tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        write_page(read_sections([results]), tmp_path / name)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        written.append({path.relative_to(tmp_path / name): path.read_bytes() for path in files})
    assert written[0] == written[1]


def test_the_command_writes_the_pages(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["report", str(results / "a-gold"), str(results / "b-sets"), "--out", str(tmp_path / "page")])
    assert caught.value.code == 0
    shown = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert [path.name for path in shown] == ["results.md", "results.html"]
    assert all(path.is_file() for path in shown)


@pytest.mark.parametrize("text", ["{", "{}", '{"results": 3, "manifest": {"command": ["python", "-m", "eval", "x"]}}'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="this is no result that eval wrote"):
        read_sections([tmp_path])


def test_folders_without_results_and_places_that_cannot_be_written(results: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no results\.json"):
        read_sections([tmp_path / "nowhere"])
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="the page cannot be written"):
        write_page(read_sections([results]), tmp_path / "file")
