"""`goldstandard` and `lrbench` on made data in the layouts of the public repositories."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from eval.__main__ import main
from eval.goldstandard import read_gold, read_predictions
from matcher.errors import DataError

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MATCHER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object, code: int = 0) -> Any:
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        assert caught.value.code == code, shown.err
        if code:
            return COLOUR.sub("", shown.err)
        return json.loads(shown.out) if "--json" in arguments else COLOUR.sub("", shown.out)

    return call


def write_json(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


# --- gold standard --------------------------------------------------------------------------------------------------

WORDS = ("alpha", "bravo", "gamma", "delta")
RATED = {"11": {"s-alpha": 5.0, "s-bravo": 1.0, "s-gamma": 4.0}, "22": {"s-delta": 4.5, "s-alpha": 2.0}}
KNOWN = {"11": ("alpha", "gamma"), "22": ("bravo", "delta")}
RIGHT = {who: {paper: rating / 10 for paper, rating in papers.items()} for who, papers in RATED.items()}
WRONG = {who: {paper: -rating for paper, rating in papers.items()} for who, papers in RATED.items()}


def write_ratings(folder: Path, rated: Mapping[str, Mapping[str, object]]) -> None:
    head = ["ParticipantID", *(f"Paper{n}" for n in range(1, 11)), *(f"Expertise{n}" for n in range(1, 11))]
    lines = ["\t".join(head)]
    for who, papers in rated.items():
        blank = [""] * (10 - len(papers))
        lines.append("\t".join([who, *papers, *blank, *(str(value) for value in papers.values()), *blank]))
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "data" / "evaluations.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_archive(path: Path, words: tuple[str, ...]) -> None:
    rows = [
        {"id": f"{word}{number}", "content": {"title": f"{word} study{number}", "abstract": None, "year": 2020}}
        for word in words
        for number in range(3)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    """Two participants and three data sets; each knows the words of the papers that they rated high."""
    folder = tmp_path / "gold"
    write_ratings(folder, RATED)
    submissions = {f"s-{w}": {"id": f"s-{w}", "content": {"title": w, "abstract": f"about {w}"}} for w in WORDS}
    for number in (1, 2, 10):
        drawn = folder / "evaluation_datasets" / f"d_20_{number}"
        write_json(drawn / "submissions.json", submissions)
        for who, words in KNOWN.items():
            write_archive(drawn / "archives" / f"~{who}.jsonl", words)
        write_json(folder / "predictions" / f"right_d_20_{number}_ta.json", RIGHT)
        write_json(
            folder / "predictions" / f"wrong_d_20_{number}_full.json", {f"~{who}": v for who, v in WRONG.items()}
        )
    write_json(folder / "predictions" / "notes.json", [])  # no predictions by its name
    return folder


def test_gold_gives_known_answers_for_ours_and_for_every_peer(run: Any, gold: Path) -> None:
    found = run("goldstandard", "--data", gold, "--encoders", "tfidf", "--json")
    rows = {row["encoder"]: row for row in found["results"]}
    assert list(rows) == ["tfidf", "right", "wrong (full)"]
    # 11 knows alpha and gamma equally well, so their pair (weight 1 of 10.5) is a tie; every other pair is right.
    assert rows["tfidf"]["loss"] == pytest.approx(0.5 / 10.5)
    assert (rows["tfidf"]["easy"], rows["tfidf"]["hard"], rows["tfidf"]["raters"]) == (1, 0, 2)
    assert [rows["right"][name] for name in ("loss", "easy", "hard")] == [0, 1, 1]
    assert [rows["wrong (full)"][name] for name in ("loss", "easy", "hard")] == [1, 0, 0]
    assert set(rows["tfidf"]["interval"]) == {"loss", "easy", "hard"}
    to_right, to_wrong = rows["tfidf"]["differences"]
    assert to_wrong["to"] == "wrong (full)"
    assert to_wrong["loss"][0] == pytest.approx(0.5 / 10.5 - 1)
    assert to_wrong["verdict"]["loss"] == "better"
    assert to_right["verdict"]["easy"] == "not told apart"
    assert found["facts"] == {"pairs": 4, "easy_pairs": 3, "hard_pairs": 1, "data_sets": 3}
    assert set(found["manifest"]["data"]) == {"goldstandard", "predictions of right", "predictions of wrong (full)"}


def test_data_sets_are_read_in_the_order_of_their_numbers(gold: Path) -> None:
    assert [one.name for one in read_gold(gold).sets] == ["d_20_1", "d_20_2", "d_20_10"]


def test_the_table_says_better_only_where_it_may(run: Any, gold: Path) -> None:
    lines = run("goldstandard", "--data", gold, "--encoders", "tfidf").splitlines()
    (against,) = [line for line in lines if "minus wrong (full)" in line]
    assert "better" in against
    assert "better" not in "".join(line for line in lines if line is not against)


def test_what_we_write_scores_as_we_do(run: Any, gold: Path, tmp_path: Path) -> None:
    options = ("goldstandard", "--data", gold, "--json")
    first = run(*options, "--encoders", "tfidf", "--write-predictions", tmp_path / "mine")
    names = sorted(path.name for path in (tmp_path / "mine").iterdir())
    assert names == ["ours_d_20_10_ta.json", "ours_d_20_1_ta.json", "ours_d_20_2_ta.json"]
    table = json.loads((tmp_path / "mine" / names[0]).read_text(encoding="utf-8"))
    assert set(table) == {"11", "22"}
    assert set(table["11"]) == {f"s-{word}" for word in WORDS}
    again = run(*options, "--encoders", "", "--predictions", tmp_path / "mine")
    (ours,) = [row for row in again["results"] if row["encoder"] == "ours"]
    for name in ("loss", "easy", "hard", "interval"):
        assert ours[name] == first["results"][0][name]


def test_choices_come_from_files_too(run: Any, gold: Path, tmp_path: Path) -> None:
    (tmp_path / "best.toml").write_text('[expertise]\nencoder = "tfidf"\naggregation = "max"\n', encoding="utf-8")
    found = run("goldstandard", "--data", gold, "--encoders", f"tfidf,{tmp_path / 'best.toml'}", "--json")
    assert [row["encoder"] for row in found["results"][:2]] == ["tfidf", "best"]
    assert found["manifest"]["config"]["best"]["expertise"]["aggregation"] == "max"
    assert [row["to"] for row in found["results"][0]["differences"]] == ["best", "right", "wrong (full)"]
    other = tmp_path / "inner" / "best.toml"
    other.parent.mkdir()
    other.write_text("", encoding="utf-8")
    error = run("goldstandard", "--data", gold, "--encoders", f"{tmp_path / 'best.toml'},{other}", code=1)
    assert "go by one name" in error


def test_one_id_with_two_texts_is_two_papers(gold: Path) -> None:
    path = gold / "evaluation_datasets" / "d_20_1" / "archives" / "~22.jsonl"
    row = {"id": "alpha0", "content": {"title": "another text", "abstract": ""}}
    path.write_text(path.read_text(encoding="utf-8") + json.dumps(row) + "\n", encoding="utf-8")
    venue = read_gold(gold).sets[0].venue
    assert venue.paper_by_id["alpha0"].title == "alpha study0"  # type: ignore[index]
    assert venue.paper_by_id["22:alpha0"].title == "another text"  # type: ignore[index]
    assert "22:alpha0" in venue.reviewer_by_id["22"].paper_ids  # type: ignore[index]


def test_papers_without_a_prediction_cost_half_and_that_is_said(run: Any, gold: Path) -> None:
    write_json(gold / "predictions" / "right_d_20_2_ta.json", {"11": RIGHT["11"], "22": {"s-delta": 0.4}})
    found = run("goldstandard", "--data", gold, "--encoders", "", "--json")
    assert found["notices"] == ["right: 1 of 15 rated papers have no score; a pair costs half"]
    assert found["results"][0]["loss"] == pytest.approx(2.5 / 2 / 3 / 10.5)


def break_ratings(folder: Path) -> None:
    write_ratings(folder, {"11": {"s-alpha": 6.0, "s-bravo": 1.0}})


def repeat_participant(folder: Path) -> None:
    path = folder / "data" / "evaluations.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")


def rate_twice(folder: Path) -> None:
    path = folder / "data" / "evaluations.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("s-bravo", "s-alpha"), encoding="utf-8")


def lose_paper(folder: Path) -> None:
    path = folder / "evaluation_datasets" / "d_20_1" / "submissions.json"
    write_json(path, {"s-alpha": {"content": {"title": "alpha"}}})


def lose_archive(folder: Path) -> None:
    (folder / "evaluation_datasets" / "d_20_1" / "archives" / "~22.jsonl").unlink()


def lose_sets(folder: Path) -> None:
    (folder / "evaluation_datasets").rename(folder / "elsewhere")


def break_json(folder: Path) -> None:
    (folder / "evaluation_datasets" / "d_20_2" / "submissions.json").write_text("{", encoding="utf-8")


def lose_prediction(folder: Path) -> None:
    (folder / "predictions" / "right_d_20_10_ta.json").unlink()


def predict_text(folder: Path) -> None:
    write_json(folder / "predictions" / "right_d_20_1_ta.json", {"11": {"s-alpha": "high"}})


def predict_strangers(folder: Path) -> None:
    for number in (1, 2, 10):
        write_json(folder / "predictions" / f"right_d_20_{number}_ta.json", {"77": {"x": 1.0}})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (break_ratings, "data/evaluations.csv:2: field 'Expertise1': allowed is a rating from 1 to 5; got '6.0'"),
        (repeat_participant, "data/evaluations.csv:4: field 'ParticipantID': '11' has a line already"),
        (rate_twice, "'s-alpha' is rated twice"),
        (lose_paper, "3 rated papers are not there, the first is 's-bravo'"),
        (lose_archive, "participant '22' has no archive"),
        (lose_sets, "there is no evaluation_datasets/d_20_1"),
        (break_json, "this is no JSON text that can be read"),
        (lose_prediction, "the predictions of 'right' lack d_20_10"),
        (predict_text, "right_d_20_1_ta.json: predictions: 11: field 's-alpha': allowed is a number; got 'high'"),
        (predict_strangers, "the predictions of 'right' are of no participant and paper that was rated"),
    ],
)
def test_bad_data_is_refused_with_its_place(run: Any, gold: Path, spoil: Any, message: str) -> None:
    spoil(gold)
    assert message in run("goldstandard", "--data", gold, "--encoders", "tfidf", code=1)


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no data/evaluations\.csv"):
        read_gold(tmp_path)
    assert read_predictions(tmp_path / "nowhere") == ()


def test_predictions_that_cannot_be_written_are_an_error(run: Any, gold: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    options = ("goldstandard", "--data", gold, "--encoders", "tfidf", "--write-predictions", tmp_path / "file")
    assert "the predictions cannot be written" in run(*options, code=1)
