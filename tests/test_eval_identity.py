"""The measurement of who is who, and the training of its weights."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from eval.__main__ import app
from eval.identity import (
    RULES,
    LabelledPair,
    Measured,
    calibration_error,
    measure,
    read_pairs,
    risk_by_coverage,
    summarise,
)
from eval.train_identity import OpenPaper, count_names, read_open_papers, train, write_trained
from matcher.errors import InputError
from matcher.identity import model
from matcher.identity.model import Sighting


def mention(name: str, *coauthors: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "title": "Graphs", "venue": "v", "year": 2020, "coauthors": list(coauthors), **more}


def row(one: dict[str, Any], other: dict[str, Any], *, same: bool, **more: Any) -> dict[str, Any]:
    return {"same": same, "source": "openreview", "id_a": "~1", "id_b": "~2", "a": one, "b": other, **more}


ROWS = [
    row(mention("Zirui Quuxley", "Mary Roe"), mention("Zirui Quuxley", "Mary Roe"), same=True),
    row(mention("Z. Quuxley", "A B"), mention("Zirui Quuxley", "C D", domain="uni.example"), same=True),
    row(mention("Wei Wang", "A B"), mention("Wei Wang", "C D"), same=False, quality="strong"),
    row(mention("Jane Doe"), mention("John Smith"), same=False, quality="weak"),
]


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(one) + "\n" for one in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def test_pairs_are_read_from_a_file_or_a_folder(tmp_path: Path) -> None:
    write_rows(tmp_path / "dev.jsonl.gz", ROWS)
    pairs = read_pairs(tmp_path)
    assert [pair.is_same for pair in pairs] == [True, True, False, False]
    assert [pair.strength for pair in pairs] == ["strong", "strong", "strong", "weak"]
    assert pairs[0].one.coauthors == {"mary roe"}
    assert pairs[1].other.institutions == {"domain:uni.example"}
    assert pairs == read_pairs(write_rows(tmp_path / "same.jsonl", ROWS))


def test_what_is_no_file_of_pairs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file of pairs"):
        read_pairs(tmp_path)
    with pytest.raises(InputError, match="there is no pair in it"):
        read_pairs(write_rows(tmp_path / "empty.jsonl", []))
    with pytest.raises(InputError, match="2: a pair needs same"):
        read_pairs(write_rows(tmp_path / "two.jsonl", [ROWS[0], {"same": True}]))


def pair(one: Sighting, other: Sighting) -> LabelledPair:
    return LabelledPair(one, other, is_same=True, strength="strong", family="x")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Jane Doe", "Jane Doe", {"exact", "normalised", "similarity", "token", "initial"}),
        ("Jané Doe", "Doe, Jane", {"normalised", "token", "initial"}),
        ("Jane Doe", "J. Doe", {"token", "initial"}),
        ("Jane Doe", "Joan Doe", {"similarity", "initial"}),
        ("Jane Mary Doe", "Mary Doe", {"token"}),
        ("Johannes Brandybuck", "Johanes Brandybuck", {"similarity", "initial"}),
        ("Jane Doe", "Mary Roe", set()),
    ],
)
def test_the_rules_of_the_peers(one: str, other: str, expected: set[str]) -> None:
    short = ("exact", "normalised", "similarity", "token", "initial", "context")
    says = {
        name for name, rule in zip(short, RULES.values(), strict=True) if rule(pair(Sighting(one), Sighting(other)))
    }
    assert says == expected


def test_the_rule_with_context_needs_a_coauthor_or_a_domain() -> None:
    rule = RULES["initial and family name, shared coauthor or domain"]
    alone, beside = Sighting("J. Doe"), Sighting("Jane Doe", frozenset({"a b"}), institutions=frozenset({"u.example"}))
    assert not rule(pair(alone, beside))
    assert rule(pair(Sighting("J. Doe", frozenset({"a b"})), beside))
    assert rule(pair(Sighting("J. Doe", institutions=frozenset({"u.example"})), beside))
    assert not rule(pair(Sighting("J. Roe", frozenset({"a b"})), beside))


def made(same: list[bool], chances: list[float], merged: list[bool], asked: list[bool]) -> Measured:
    return Measured(
        same=np.array(same),
        chances=np.array(chances),
        merged=np.array(merged),
        asked=np.array(asked),
        strengths=["strong", "strong", "weak", "weak"],
        families=["a", "b", "c", "d"],
        rules={"always": np.ones(4, dtype=np.bool_), "never": np.zeros(4, dtype=np.bool_)},
    )


def test_what_the_rows_count() -> None:
    measured = made(
        [True, False, True, True], [0.99, 0.99, 0.5, 0.0], [True, True, False, False], [False, False, True, False]
    )
    rows = {(one["rule"], one["labels"]): one for one in summarise(measured, rng=0, draws=20)}
    ours = rows["this project", "all"]
    assert (ours["precision"], ours["recall"], ours["merged"], ours["asked"]) == (
        0.5,
        pytest.approx(2 / 3),
        pytest.approx(1 / 3),
        0.25,
    )
    assert rows["this project", "weak"]["precision"] is None
    assert rows["this project", "weak"]["asked"] == 0.5
    assert rows["always", "all"]["precision"] == 0.75
    assert rows["always", "all"]["calibration"] is None
    assert rows["never", "all"]["recall"] == 0
    low, high = ours["interval"]["recall"]
    assert low <= 2 / 3 <= high
    only_strong = made([True] * 4, [1.0] * 4, [True] * 4, [False] * 4)
    strong = Measured(
        **{name: getattr(only_strong, name) for name in Measured.__slots__} | {"strengths": ["strong"] * 4}
    )
    assert {one["labels"] for one in summarise(strong, rng=0, draws=5)} == {"all", "strong"}


def test_calibration_by_hand() -> None:
    chances, same = np.array([0.05, 0.05, 0.95, 1.0]), np.array([False, True, True, True])
    assert calibration_error(chances, same) == pytest.approx(0.5 * 0.45 + 0.5 * 0.025)
    assert calibration_error(np.array([1.0, 0.0]), np.array([True, False])) == 0


def test_risk_grows_with_coverage_where_doubtful_pairs_are_wrong() -> None:
    measured = made([True, False, True, True], [0.99, 0.01, 0.6, 0.4], [False] * 4, [False] * 4)
    rows = risk_by_coverage(measured)
    assert rows[0]["decided"] == 0.5
    assert (rows[0]["wrong"], rows[-1]["wrong"]) == (0.0, 0.25)
    assert rows[0]["least_sureness"] == pytest.approx(0.99)


def test_the_model_judges_pairs(tmp_path: Path) -> None:
    measured = measure(read_pairs(write_rows(tmp_path / "dev.jsonl", ROWS)))
    assert measured.merged[0]
    assert measured.chances[3] < 0.001
    assert set(measured.rules) == set(RULES)


def test_the_command_prints_rows_and_risk(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "dev.jsonl", ROWS)
    shown = CliRunner().invoke(app, ["identity", "--data", str(file), "--draws", "5"], obj=["eval"])
    assert shown.exit_code == 0, shown.output
    assert "this project" in shown.output
    assert "least_sureness" in shown.output
    told = CliRunner().invoke(app, ["identity", "--data", str(file), "--draws", "5", "--json"], obj=["eval"])
    answer = json.loads(told.output)
    assert answer["results"][0]["rule"] == "this project"
    assert len(answer["facts"]["risk_by_coverage"]) == 6
    assert answer["facts"]["merge_from"] == model.settings()["thresholds"]["merge"]


# --- training -------------------------------------------------------------------------------------------------------

FIELDS = ["graphs", "robots", "speech", "vision", "proofs", "markets", "cells", "stars"]


def write_corpus(folder: Path) -> tuple[Path, Path]:
    """Sixty-four people in eight groups, each with papers on one field; two people share each family name."""
    folder.mkdir()
    rng = np.random.default_rng(3)
    ends = [first + second for first in "bdfgklmn" for second in "aeiouryz"]
    people = [(f"A{end * 3}", f"Fa{ends[place % 32]}mol") for place, end in enumerate(ends)]
    papers = []
    for number in range(400):
        field = number % 8
        group = [people[(field * 8 + offset) % 64] for offset in rng.permutation(8)[:4]]
        names = [f"{first[0]}. {last}" if rng.random() < 0.2 else f"{first} {last}" for first, last in group]
        title = f"{FIELDS[field]} {FIELDS[int(rng.integers(8))]} methods"
        year = {"year": 2016 + number % 4} if number % 2 else {"categories": [f"cs.{field}"]}
        papers.append({"id": f"P{number}", "title": title, "authors": names, **year})
    write_rows(folder / "papers.jsonl.gz", papers)
    variants = folder.parent / "variants.jsonl"
    write_rows(
        variants,
        [
            {"canonical": "Michael Quuxley", "variants": [{"name": "Mike Quuxley"}, {"name": "MICHAEL QUUXLEY"}]},
            {"canonical": "Jane Doe"},
        ],
    )
    return folder, variants


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any], dict[str, Any]]:
    folder, variants = write_corpus(tmp_path_factory.mktemp("training") / "texts")
    return folder, variants, *train(folder, variants, seed=1)


def test_training_twice_gives_the_same_bytes(
    trained: tuple[Path, Path, dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    folder, variants, frequencies, weights = trained
    (tmp_path / "one").mkdir()
    first = write_trained(frequencies, weights, tmp_path / "one")
    shown = CliRunner().invoke(
        app,
        ["train-identity", "--texts", str(folder), "--variants", str(variants), "--into", str(tmp_path), "--seed", "1"],
    )
    assert shown.exit_code == 0, shown.output
    for path in first:
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
        assert str(tmp_path / path.name) in shown.output
    assert json.loads(first[1].read_text(encoding="utf-8")) == weights


def test_training_learns_that_coauthors_and_topics_tell(
    trained: tuple[Path, Path, dict[str, Any], dict[str, Any]],
) -> None:
    _, _, frequencies, made_weights = trained
    weights = made_weights["weights"]
    assert weights["coauthor"] > 0
    assert weights["topic"] > 0
    assert weights["name_identical"] > weights["name_given"]
    assert set(made_weights["assumed"]) <= set(weights)
    assert frequencies["people"] == 64
    assert frequencies["titles"] == 400


def test_training_leaves_what_ships_alone(trained: tuple[Path, Path, dict[str, Any], dict[str, Any]]) -> None:
    assert trained[2]["people"] != model.people_counted()


def test_counts_of_names() -> None:
    papers = [
        OpenPaper("Graph learning", (f"Jane {letter}oe", "Jane Mary Doe", "J. Doe", "Plato"), "v", None)
        for letter in "RSTUV"
    ]
    counts = count_names(papers)
    assert counts["people"] == 6
    assert counts["given"] == {"jane": 6}
    assert counts["initials"] == {"j": [6.0]}
    assert counts["family"] == {}
    assert counts["words"] == {}


def test_papers_are_read_with_their_venue(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "C16-1", "title": "A", "authors": ["Jane Doe"], "year": 2016},
        {"id": "2503.1", "title": "B", "authors": [], "categories": ["cs.CL", "cs.AI"]},
    ]
    write_rows(tmp_path / "papers.jsonl", rows)
    assert read_open_papers(tmp_path) == [
        OpenPaper("A", ("Jane Doe",), "acl C", 2016),
        OpenPaper("B", (), "cs.CL", None),
    ]
