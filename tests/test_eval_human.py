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
from eval.lrbench import read_splits
from matcher.errors import DataError, InputError

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
    assert to_wrong["verdict"]["loss"] == "not told apart"  # two participants are too few for any verdict
    assert to_right["easy"] == [0, 0, 0]
    assert found["facts"] == {"pairs": 4, "easy_pairs": 3, "hard_pairs": 1, "data_sets": 3}
    assert set(found["manifest"]["data"]) == {"goldstandard", "predictions of right", "predictions of wrong (full)"}


def test_data_sets_are_read_in_the_order_of_their_numbers(gold: Path) -> None:
    assert [one.name for one in read_gold(gold).sets] == ["d_20_1", "d_20_2", "d_20_10"]


def test_the_table_says_better_only_where_it_may(run: Any, gold: Path) -> None:
    rated = {str(number): RATED["11"] for number in range(8)}
    write_ratings(gold, rated)
    for number in (1, 2, 10):
        for who in rated:
            write_archive(gold / "evaluation_datasets" / f"d_20_{number}" / "archives" / f"~{who}.jsonl", KNOWN["11"])
        for name, table in (("right_d_20_{}_ta", RIGHT), ("wrong_d_20_{}_full", WRONG)):
            write_json(gold / "predictions" / f"{name.format(number)}.json", dict.fromkeys(rated, table["11"]))
    lines = run("goldstandard", "--data", gold, "--encoders", "tfidf").splitlines()
    (good,) = [line for line in lines if "minus wrong (full)" in line]
    (bad,) = [line for line in lines if "minus right" in line]
    assert (good.count("better"), good.count("worse")) == (2, 0)  # loss and easy pairs; on hard pairs it ties
    assert (bad.count("better"), bad.count("worse")) == (0, 2)  # loss and hard pairs
    assert not any("better" in line or "worse" in line for line in lines if line not in (good, bad))


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


def rate_in_words(folder: Path) -> None:
    write_ratings(folder, {"11": {"s-alpha": "high", "s-bravo": 1.0}})


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


def lose_content(folder: Path) -> None:
    path = folder / "evaluation_datasets" / "d_20_1" / "submissions.json"
    write_json(path, {"s-alpha": {"content": "alpha"}})


def lose_sets(folder: Path) -> None:
    (folder / "evaluation_datasets").rename(folder / "elsewhere")


def break_json(folder: Path) -> None:
    (folder / "evaluation_datasets" / "d_20_2" / "submissions.json").write_text("{", encoding="utf-8")


def predict_text(folder: Path) -> None:
    write_json(folder / "predictions" / "right_d_20_1_ta.json", {"11": {"s-alpha": "high"}})


def predict_strangers(folder: Path) -> None:
    for number in (1, 2, 10):
        write_json(folder / "predictions" / f"right_d_20_{number}_ta.json", {"77": {"x": 1.0}})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (break_ratings, "data/evaluations.csv:2: field 'Expertise1': allowed is a rating from 1 to 5; got '6.0'"),
        (rate_in_words, "field 'Expertise1': allowed is a rating from 1 to 5; got 'high'"),
        (repeat_participant, "data/evaluations.csv:4: field 'ParticipantID': '11' has a line already"),
        (rate_twice, "'s-alpha' is rated twice"),
        (lose_paper, "3 rated papers are not there, the first is 's-bravo'"),
        (lose_content, "submissions.json: submissions: s-alpha: field 'content': allowed is an object; got 'alpha'"),
        (lose_archive, "participant '22' has no archive"),
        (lose_sets, "there is no evaluation_datasets/d_20_1"),
        (break_json, "this is no JSON text that can be read"),
        (predict_text, "right_d_20_1_ta.json: predictions: 11: field 's-alpha': allowed is a number; got 'high'"),
        (predict_strangers, "the predictions of 'right' are of no participant and paper that was rated"),
    ],
)
def test_bad_data_is_refused_with_its_place(run: Any, gold: Path, spoil: Any, message: str) -> None:
    spoil(gold)
    assert message in run("goldstandard", "--data", gold, "--encoders", "tfidf", code=1)


def test_predictions_of_some_data_sets_are_named_and_left_out(run: Any, gold: Path) -> None:
    """As in the public repository, which holds some systems in part."""
    (gold / "predictions" / "right_d_20_10_ta.json").unlink()
    found = run("goldstandard", "--data", gold, "--encoders", "tfidf", "--json")
    assert [row["encoder"] for row in found["results"]] == ["tfidf", "wrong (full)"]
    assert "right: not measured, its predictions lack d_20_10" in found["notices"]
    (half,) = (one for one in read_predictions(gold / "predictions") if one.name == "right")
    with pytest.raises(InputError, match="the predictions of 'right' lack d_20_10"):
        half.tally(read_gold(gold))


def test_full_texts_are_read_where_they_are_asked_for(run: Any, gold: Path, tmp_path: Path) -> None:
    """11 cannot tell alpha from gamma by titles; the text of one publication says which of them it is about."""
    texts = gold / "data" / "txts"
    texts.mkdir()
    (texts / "alpha0.txt").write_bytes(b"about alpha alpha \xff alpha " * 20)
    (texts / "s-bravo.txt").write_text("bravo " * 400, encoding="utf-8")
    (texts / "somebody-else.txt").write_text("nothing", encoding="utf-8")
    out = tmp_path / "said"
    choices = ("--data", gold, "--encoders", "tfidf", "--json")
    plain = run("goldstandard", *choices)
    full = run("goldstandard", *choices, "--full-text", "--write-predictions", out)
    assert plain["facts"].get("full_texts") is None
    assert full["facts"]["full_texts"] == 2
    assert (plain["results"][0]["loss"], full["results"][0]["loss"]) == (pytest.approx(0.5 / 10.5), 0)
    assert sorted(path.name for path in out.iterdir()) == [f"ours_d_20_{n}_f.json" for n in (10, 1, 2)]
    assert plain["manifest"]["data"] != full["manifest"]["data"]


def test_full_texts_that_are_not_there_are_refused(run: Any, gold: Path) -> None:
    assert "there is no full text" in run("goldstandard", "--data", gold, "--full-text", code=1)


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no data/evaluations\.csv"):
        read_gold(tmp_path)
    assert read_predictions(tmp_path / "nowhere") == ()


def test_predictions_that_cannot_be_written_are_an_error(run: Any, gold: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    options = ("goldstandard", "--data", gold, "--encoders", "tfidf", "--write-predictions", tmp_path / "file")
    assert "the predictions cannot be written" in run(*options, code=1)


# --- LR-Bench -------------------------------------------------------------------------------------------------------


def reviewer(who: str, *words: str, score: float | None = None) -> dict[str, Any]:
    papers = [{"title": f"{word} study{number}", "abstract": ""} for word in words for number in range(3)]
    return {"author_id": who, "papers": papers} | ({} if score is None else {"score": score})


def paper(word: str, *, score: float | None = None, key: str | None = None) -> dict[str, Any]:
    entry = {"paper_title": word, "paper_id": key or f"p-{word}", "abstract": f"about {word}"}
    return entry if score is None else {**entry, "score": score}


PC = [
    {
        "anchor": paper("alpha"),
        "positive": reviewer("a", "alpha", score=5),
        "negative": reviewer("b", "bravo", score=1),
    },
    {
        "anchor": paper("bravo"),
        "positive": reviewer("a", "alpha", score=4),
        "negative": reviewer("b", "bravo", score=3),
    },
    {
        "anchor": paper("gamma"),
        "positive": reviewer("a", "alpha", score=3),
        "negative": reviewer("b", "bravo", score=1),
    },
    {
        "anchor": paper("delta"),
        "positive": reviewer("a", "alpha", score=2),
        "negative": reviewer("b", "bravo", score=2),
    },
]
RC = [{"anchor": reviewer("c", "gamma"), "positive": paper("gamma", score=4), "negative": paper("delta", score=2)}]


def flat(entry: dict[str, Any], one: float, other: float) -> dict[str, Any]:
    ids = [entry["anchor"]["paper_id"], entry["positive"]["author_id"], entry["negative"]["author_id"]]
    names = ("anchor_id", "positive_id", "negative_id")
    scores = {"positive_score": one, "negative_score": other}
    ratings = {f"{side}_ref_score": entry[side]["score"] for side in ("positive", "negative")}
    return dict(zip(names, ids, strict=True)) | scores | ratings


@pytest.fixture
def lr(tmp_path: Path) -> Path:
    folder = tmp_path / "lr"
    write_json(folder / "data" / "evaluations_pc.json", PC)
    write_json(folder / "data" / "evaluations_rc.json", RC)
    write_json(folder / "predictions" / "RATE_pc.json", [flat(entry, 0.9, 0.1) for entry in PC])
    write_json(folder / "predictions" / "small_pc_mean.json", [flat(entry, 0.1, 0.9) for entry in PC[:2]])
    return folder


def test_lrbench_gives_known_answers(run: Any, lr: Path) -> None:
    found = run("lrbench", "--data", lr, "--encoders", "tfidf", "--json")
    rows = {(row["encoder"], row["split"]): row for row in found["results"]}
    ours = rows["tfidf", "pc"]
    # Right (weight 4), wrong (1), tie (2), and a pair of equal ratings that does not count.
    assert (ours["pairs"], ours["loss"], ours["accuracy"]) == (3, pytest.approx(2 / 7), pytest.approx(1 / 3))
    assert (rows["RATE", "pc"]["loss"], rows["RATE", "pc"]["accuracy"]) == (0, 1)
    assert (rows["small mean", "pc"]["pairs"], rows["small mean", "pc"]["loss"]) == (2, 1)
    assert (rows["tfidf", "rc"]["loss"], rows["tfidf", "rc"]["accuracy"]) == (0, 1)
    to_rate, to_small = ours["differences"]
    assert to_rate["loss"][0] == pytest.approx(2 / 7)
    assert to_small["to"] == "small mean"
    assert to_small["loss"][0] == pytest.approx(1 / 5 - 1)  # on the two pairs that both have
    first, second = found["notices"]
    assert first == "small mean: 2 of 3 pairs of pc have a prediction"
    least, most = sorted((to["detectable"]["loss"], to["to"]) for to in (to_rate, to_small))
    assert f"from {least[0]:.3f} up (to {least[1]}), " in second
    assert second.endswith(f"from {most[0]:.3f} up (to {most[1]})")
    assert set(found["manifest"]["data"]) == {"pc", "rc", "predictions of RATE, pc", "predictions of small mean, pc"}


def test_lrbench_writes_the_files_own_objects_and_reads_them_again(run: Any, lr: Path, tmp_path: Path) -> None:
    options = ("lrbench", "--data", lr, "--json")
    first = run(*options, "--encoders", "tfidf", "--write-predictions", tmp_path / "mine")
    written = json.loads((tmp_path / "mine" / "ours_pc.json").read_text(encoding="utf-8"))
    for entry, original in zip(written, PC, strict=True):
        for side in ("positive", "negative"):
            assert 0 <= entry[side].pop("pred_score") <= 1
        assert entry == original
    again = run(*options, "--encoders", "", "--predictions", tmp_path / "mine")
    ours = {row["split"]: row for row in again["results"] if row["encoder"] == "ours"}
    for row in first["results"]:
        if row["kind"] == "ours":
            assert {name: ours[row["split"]][name] for name in ("loss", "accuracy", "interval", "pairs")} == {
                name: row[name] for name in ("loss", "accuracy", "interval", "pairs")
            }


def test_a_reviewer_without_papers_ties_with_everybody(run: Any, lr: Path, tmp_path: Path) -> None:
    entries = [{**PC[0], "negative": {**reviewer("b", score=1), "papers": []}}, *PC[2:]]
    write_json(lr / "data" / "evaluations_pc.json", entries)
    (lr / "data" / "evaluations_rc.json").unlink()
    (lr / "predictions" / "RATE_pc.json").unlink()
    (lr / "predictions" / "small_pc_mean.json").unlink()
    found = run("lrbench", "--data", lr, "--encoders", "tfidf", "--json", "--write-predictions", tmp_path / "mine")
    assert found["notices"] == [
        "tfidf: 1 of 6 sides of pc have no score; a pair costs half",
        "only evaluations_pc.json is there; the other file was not measured",
    ]
    assert found["results"][0]["loss"] == pytest.approx((4 / 2 + 2 / 2) / 6)
    written = json.loads((tmp_path / "mine" / "ours_pc.json").read_text(encoding="utf-8"))
    assert "pred_score" in written[0]["positive"]
    assert "pred_score" not in written[0]["negative"]


def test_one_id_with_two_contents_is_two_things(lr: Path) -> None:
    other = {
        "anchor": paper("omega", key="p-alpha"),
        "positive": reviewer("a", "omega", score=1),
        "negative": PC[0]["negative"],
    }
    write_json(lr / "data" / "evaluations_pc.json", [*PC, other])
    split = read_splits(lr)[0]
    assert {"p-alpha", "p-alpha#2"} <= set(split.venue.submission_by_id)
    assert {"a", "a#2", "b"} == set(split.venue.reviewer_by_id)
    assert split.pairs[-1] == (("p-alpha#2", "a#2"), ("p-alpha#2", "b"))


def rename_pair(folder: Path) -> None:
    write_json(folder / "predictions" / "RATE_pc.json", [{**flat(PC[0], 1, 0), "anchor_id": "p-omega"}])


def repeat_pair(folder: Path) -> None:
    write_json(folder / "predictions" / "RATE_pc.json", [flat(PC[0], 1, 0), flat(PC[0], 1, 0)])


def change_rating(folder: Path) -> None:
    write_json(folder / "predictions" / "RATE_pc.json", [{**flat(PC[0], 1, 0), "positive_ref_score": 2}])


def leave_no_order(folder: Path) -> None:
    write_json(folder / "data" / "evaluations_pc.json", PC[3:])


def lose_papers(folder: Path) -> None:
    entry = {**PC[0], "positive": {"author_id": "a", "score": 5}}
    write_json(folder / "data" / "evaluations_pc.json", [entry])


def lose_title(folder: Path) -> None:
    entry = {**PC[0], "positive": {"author_id": "a", "score": 5, "papers": ["alpha"]}}
    write_json(folder / "data" / "evaluations_pc.json", [entry])


def lose_data(folder: Path) -> None:
    (folder / "data").rename(folder / "elsewhere")


def no_list(folder: Path) -> None:
    write_json(folder / "data" / "evaluations_pc.json", {"pairs": PC})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (rename_pair, "the pair p-omega / a / b is not in evaluations_pc.json, or stands here twice"),
        (repeat_pair, "RATE_pc.json[1]: field 'anchor': the pair p-alpha / a / b"),
        (change_rating, "the ratings are [2.0, 1.0], those of evaluations_pc.json are [5, 1]"),
        (leave_no_order, "evaluations_pc.json: no pair has two different ratings"),
        (lose_papers, "evaluations_pc.json[0]: positive: field 'papers': allowed is a list of papers"),
        (lose_title, "evaluations_pc.json[0]: positive: papers[0]: field 'title': allowed is a text, not empty"),
        (lose_data, "there is no data/evaluations_pc.json"),
        (no_list, "allowed is a list of objects, one a pair"),
    ],
)
def test_bad_lrbench_data_is_refused_with_its_place(run: Any, lr: Path, spoil: Any, message: str) -> None:
    spoil(lr)
    assert message in run("lrbench", "--data", lr, "--encoders", "tfidf", code=1)


def test_predictions_of_no_counted_pair_are_left_out_with_a_notice(run: Any, lr: Path) -> None:
    write_json(lr / "predictions" / "odd_pc.json", [flat(PC[3], 1, 0)])  # equal ratings: not counted
    found = run("lrbench", "--data", lr, "--encoders", "tfidf", "--json")
    assert "odd" not in {row["encoder"] for row in found["results"]}
    assert "odd: no pair of pc has a prediction" in found["notices"]
