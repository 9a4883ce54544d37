"""Backgrounds: written, read, checked, measured, and made by the command."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from matcher.cli import app
from matcher.encoders import measuring
from matcher.encoders.background import Background, load_background, save_background, shipped_background
from matcher.encoders.measuring import build_background, measure_tail
from matcher.encoders.sentence import EMBEDDED_MODEL, SentenceEncoder
from matcher.errors import DataError, InputError
from matcher.records import Floats

WORDS = (
    *("sparse", "pruning", "network", "graph", "robot", "grasp", "translation"),
    *("corpus", "tree", "bandit", "kernel", "camera", "motion", "speech"),
)


def papers(count: int, seed: int = 0) -> list[tuple[str, str]]:
    rng = np.random.default_rng(seed)

    def text(length: int) -> str:
        return " ".join(WORDS[int(at)] for at in rng.integers(0, len(WORDS), length))

    return [(f"{text(3)} {place}", text(30)) for place in range(count)]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Sentence vectors that take no time: a direction for each text; kept where no others are."""
    monkeypatch.setenv("MATCHER_CACHE", str(tmp_path / "vectors"))

    def embed(self: SentenceEncoder, texts: Sequence[str]) -> Floats:
        rows = np.array([np.random.default_rng(len(text)).standard_normal(8) + 1 for text in texts], dtype=np.float32)
        unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    monkeypatch.setattr(SentenceEncoder, "embed", embed)


@pytest.fixture
def made(quick: None) -> Background:
    return build_background(papers(300), papers(300)[:200], SentenceEncoder(), sources=[{"file": "a.jsonl"}])


def test_the_shipped_background_is_whole_and_names_its_sources() -> None:
    shipped = shipped_background()
    assert shipped.model == EMBEDDED_MODEL
    assert shipped.papers == sum(source["papers"] for source in shipped.sources)
    assert {source["licence"] for source in shipped.sources} == {"CC0 1.0", "CC BY 4.0"}
    assert sum(shipped.shares) == pytest.approx(1, abs=1e-5)
    assert 0 < shipped.backgrounds[0] <= shipped.backgrounds[1] <= shipped.backgrounds[2] < 0.1
    assert 0 < shipped.tail < 0.1
    assert shipped.projection.shape == (len(shipped.terms), measuring.TOPICS)


def test_what_was_saved_is_read_and_the_bytes_are_the_same(made: Background, tmp_path: Path) -> None:
    for name in ("one.npz", "without_ending"):
        save_background(made, tmp_path / name)
        read = load_background(tmp_path / name)
        assert read.digest == made.digest
        assert read.facts() == made.facts()
        for field, array in read.arrays().items():
            np.testing.assert_array_equal(array, made.arrays()[field])
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "without_ending").read_bytes()


def test_a_changed_background_is_refused(made: Background, tmp_path: Path) -> None:
    file = tmp_path / "own.npz"
    save_background(made, file)
    with np.load(file) as stored:
        content = dict(stored)
    content["frequencies"] = content["frequencies"] + np.uint16(1)
    np.savez(file, **content)
    with pytest.raises(InputError, match="the content does not fit its digest, it is damaged; make one with"):
        load_background(file)
    content["facts"] = np.array([content["facts"][0].replace('"format": 1', '"format": 9'), content["facts"][1]])
    np.savez(file, **content)
    with pytest.raises(InputError, match="the layout of this background is not known here"):
        load_background(file)


@pytest.mark.parametrize("content", [b"", b"words", b"PK\x03\x04 cut off"])
def test_what_is_no_background_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "own.npz"
    file.write_bytes(content)
    with pytest.raises(InputError, match="this is no background file"):
        load_background(file)
    with pytest.raises(InputError, match="there is no such background; make one with `matcher background build`"):
        load_background(tmp_path / "none.npz")


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", facts=np.array([{"a": 1}, "b"], dtype=object))
    with pytest.raises(InputError, match="this is no background file"):
        load_background(tmp_path / "own.npz")


def test_the_digest_covers_everything(made: Background) -> None:
    others = [
        replace(made, papers=made.papers + 1),
        replace(made, frequencies=made.frequencies + np.uint16(1)),
        replace(made, terms=made.terms + 1),
        replace(made, projection=made.projection + 1),
        replace(made, model="another"),
        replace(made, shares=(0.1, 0.2, 0.7)),
        replace(made, backgrounds=(0.0, 0.0, 0.1)),
        replace(made, tail=0.5),
        replace(made, sources=()),
        replace(made, seed=1),
    ]
    assert len({made.digest, *(other.digest for other in others)}) == 11


def test_terms_are_counted_once_a_paper(made: Background) -> None:
    texts = [f"{title}. {abstract}".split() for title, abstract in papers(300)]
    expected = sorted(sum(word in (part.strip(".") for part in text) for text in texts) for word in WORDS)
    assert sorted(made.frequencies[made.frequencies > 100].tolist())[-len(WORDS) :] == expected


@pytest.mark.parametrize(("count", "probe"), [(10, 300), (300, 10)])
def test_too_few_papers_are_no_background(count: int, probe: int, quick: None) -> None:
    with pytest.raises(InputError, match=r"needs at least 200 papers.*; got 10"):
        build_background(papers(count), papers(probe), SentenceEncoder())
    with pytest.raises(InputError, match="each with title and abstract"):
        build_background([("title", "")] * 300, papers(300), SentenceEncoder())


def test_the_tail_of_exponential_draws_is_their_scale() -> None:
    draws = np.random.default_rng(0).exponential(0.3, 400_000)
    assert measure_tail(draws) == pytest.approx(0.3, rel=0.05)


def write(path: Path, rows: list[tuple[str, str]]) -> Path:
    lines = "".join(json.dumps({"title": title, "abstract": abstract}) + "\n" for title, abstract in rows)
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())
    return path


def test_the_command_makes_a_background_and_says_what_from(quick: None, tmp_path: Path) -> None:
    one = write(tmp_path / "one.jsonl", [*papers(250), *papers(5), ("no abstract", "")])
    two = write(tmp_path / "two.jsonl.gz", papers(300, seed=1))
    out = tmp_path / "own.npz"
    arguments = ["background", "build", str(one), str(two), "--papers", "260", "--probe", "200", "--out", str(out)]
    found = CliRunner().invoke(app, [*arguments, "--json", "--quiet", "--licence", "CC0 1.0", "--licence", "mine"])
    assert found.exit_code == 0, found.output
    facts = json.loads(found.stdout)
    assert [(each["file"], each["papers"], each["of"], each["licence"]) for each in facts["sources"]] == [
        ("one.jsonl", 250, 250, "CC0 1.0"),
        ("two.jsonl.gz", 260, 300, "mine"),
    ]
    assert load_background(out).digest == facts["digest"]
    first = out.read_bytes()
    again = CliRunner().invoke(app, [*arguments, "--quiet", "--overwrite", "--licence", "CC0 1.0", "--licence", "mine"])
    assert f"510 papers, digest {facts['digest'][:16]}" in again.stdout
    assert out.read_bytes() == first


def test_the_command_refuses_what_it_cannot_use(quick: None, tmp_path: Path) -> None:
    one, out = write(tmp_path / "one.jsonl", papers(250)), tmp_path / "own.npz"

    def refusal(*arguments: str) -> str:
        found = CliRunner().invoke(app, ["background", "build", *arguments, "--out", str(out), "--quiet"])
        assert isinstance(found.exception, DataError)
        return str(found.exception)

    assert "2 licences; give one for each" in refusal(str(one), "--licence", "a", "--licence", "b")
    assert refusal(str(tmp_path / "none.jsonl")).endswith("none.jsonl: there is no such file")
    (tmp_path / "bad.jsonl").write_text('{"title": "a"}\n{"title":\n', encoding="utf-8")
    assert "bad.jsonl:2" in refusal(str(tmp_path / "bad.jsonl"))
    out.write_text("mine", encoding="utf-8")
    assert "pass --overwrite to replace it" in refusal(str(one))
