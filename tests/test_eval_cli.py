"""`python -m eval`: commands on input whose answer is known, one JSON object, exit codes, manifests, equal bytes."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval.__main__ import main
from eval.experiment import Clock, Outcome, code_version, digest_of, make_manifest, write_outcome
from eval.metrics import METRICS
from eval.profile_length import BANDS, loads_by_band
from matcher.encoders.tfidf import TfidfEncoder
from matcher.errors import InputError

ROOT = Path(__file__).resolve().parent.parent
COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # written to a terminal, and where an environment asks for it


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output."""
        return json.loads(self.out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MATCHER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> Ran:
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return Ran(caught.value.code, COLOUR.sub("", shown.out), COLOUR.sub("", shown.err))

    return call


def write_lines(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def retrieval_set(tmp_path: Path) -> Path:
    """Two reviewers with three papers on one word each; each query is on one of the words, wanted is `r-alpha`."""
    folder = tmp_path / "tiny"
    words = ("alpha", "bravo")
    papers = [{"id": f"{word}{n}", "title": f"{word} number{n}"} for word in words for n in range(3)]
    reviewers = [{"id": f"r-{w}", "name": w.title(), "paper_ids": [f"{w}{n}" for n in range(3)]} for w in words]
    write_lines(folder / "publications.jsonl", papers)
    write_lines(folder / "reviewers.jsonl", reviewers)
    write_lines(folder / "queries.jsonl", [{"id": "q1", "title": "alpha"}, {"id": "q2", "title": "bravo"}])
    write_lines(
        folder / "qrels.jsonl", [{"query": "q1", "relevant": ["r-alpha"]}, {"query": "q2", "relevant": ["r-alpha"]}]
    )
    return folder


SIZES = {"adam": 4, "beth": 5, "carl": 9, "dora": 15, "emil": 31}
LOADS = {"adam": 0, "beth": 1, "carl": 2, "dora": 3, "emil": 4}


def write_venue(folder: Path, *, deadline: str | None = None) -> Path:
    """One reviewer in each band; each submission is on the one word that one reviewer writes about."""
    folder.mkdir()
    date = f"deadline = {deadline}\n" if deadline else ""
    (folder / "venue.toml").write_text(f'name = "Tiny"\n{date}', encoding="utf-8")
    papers = [
        {"id": f"{who}{number}", "title": f"{who} study{number}", "authors": []}
        for who, size in SIZES.items()
        for number in range(size)
    ]
    reviewers = [
        {"id": who, "name": f"{who.title()} Example", "paper_ids": [f"{who}{number}" for number in range(size)]}
        for who, size in SIZES.items()
    ]
    author = {"name": "Emil Example", "person_id": "emil"}
    submissions = [
        {"id": f"{who}-{number}", "title": who, "authors": [author] if (who, number) == ("emil", 0) else []}
        for who, load in LOADS.items()
        for number in range(load)
    ]
    write_lines(folder / "publications.jsonl", papers)
    write_lines(folder / "reviewers.jsonl", reviewers)
    write_lines(folder / "submissions.jsonl", submissions)
    return folder


# --- retrieval ------------------------------------------------------------------------------------------------------


def test_retrieval_prints_one_object_with_the_known_answer(run: Any, retrieval_set: Path) -> None:
    ran = run("retrieval", "--data", retrieval_set, "--encoders", "tfidf", "--json")
    assert ran.code == 0
    assert ran.out.count("\n") == 1
    (row,) = ran.json["results"]
    assert {name: row[name] for name in ("encoder", "set", "queries", "mrr", "hit_at_10", "recall_at_50")} == {
        "encoder": "tfidf",
        "set": "tiny",
        "queries": 2,
        "mrr": 0.75,  # rank 1 and rank 2
        "hit_at_10": 1.0,
        "recall_at_50": 1.0,
    }
    assert row["interval"] == {"mrr": [0.5, 1.0], "hit_at_10": [1.0, 1.0], "recall_at_50": [1.0, 1.0]}


def test_the_manifest_says_what_the_numbers_were_made_with(run: Any, retrieval_set: Path) -> None:
    arguments = ["retrieval", "--data", str(retrieval_set), "--encoders", "tfidf", "--seed", "5", "--json"]
    manifest = run(*arguments).json["manifest"]
    assert manifest["command"] == ["python", "-m", "eval", *arguments]
    assert manifest["seed"] == 5
    assert manifest["config"]["tfidf"]["expertise"]["encoder"] == "tfidf"
    assert manifest["versions"]["numpy"] == np.__version__
    files = [retrieval_set / f"{stem}.jsonl" for stem in ("queries", "reviewers", "publications", "qrels")]
    assert manifest["data"] == {"tiny": digest_of(files)}
    (encoder,) = manifest["encoders"]
    assert (encoder["set"], encoder["encoder"], encoder["name"]) == ("tiny", "tfidf", "tfidf")
    assert len(encoder["digest"]) == 64
    assert set(manifest["code"]) == {"version", "digest", "commit", "is_changed"}


def test_equal_runs_give_equal_bytes_but_for_times(
    run: Any, retrieval_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eval.experiment.code_version", dict)  # somebody may commit while the tests run
    written = []
    for _ in range(2):
        run("retrieval", "--data", retrieval_set, "--encoders", "tfidf", "--out", tmp_path / "out")
        written.append({path.name: path.read_bytes() for path in sorted((tmp_path / "out").iterdir())})
    assert list(written[0]) == ["per_query.jsonl", "results.json", "times.json"]
    assert set(json.loads(written[0].pop("times.json"))) == {"read", "tiny tfidf"}
    written[1].pop("times.json")
    assert written[0] == written[1]
    lines = [json.loads(line) for line in written[0]["per_query.jsonl"].splitlines()]
    assert [(line["query"], line["mrr"]) for line in lines] == [("q1", 1.0), ("q2", 0.5)]


def test_results_as_json_are_those_written(run: Any, retrieval_set: Path, tmp_path: Path) -> None:
    shown = run("retrieval", "--data", retrieval_set, "--encoders", "tfidf", "--json", "--out", tmp_path / "out").json
    written = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    times = shown.pop("times")
    assert set(times) == {"read", "tiny tfidf"}
    assert shown == written


def test_a_second_encoder_is_compared_with_the_first(
    run: Any, retrieval_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The product's own encoder is replaced by the other one, so the two cannot differ.
    monkeypatch.setattr("matcher.encoders.make_encoder", lambda *_, **__: TfidfEncoder())
    ran = run("retrieval", "--data", retrieval_set, "--encoders", "default, tfidf", "--json")
    first, second = ran.json["results"]
    nothing = [0.0, 0.0, 0.0]
    assert "difference" not in first
    measures = ("mrr", "hit_at_10", "recall_at_50")
    assert second["difference"] == {
        "to": "default",
        **dict.fromkeys(measures, nothing),
        "verdict": dict.fromkeys(measures, "not told apart"),
        "detectable": dict.fromkeys(measures, 0.0),
        "p": dict.fromkeys(measures, 1.0),
    }
    table = run("retrieval", "--data", retrieval_set, "--encoders", "default,tfidf").out.splitlines()
    assert table[0].split() == ["encoder", "set", "queries", "mrr", "hit_at_10", "recall_at_50"]
    assert table[1].split()[:6] == ["default", "tiny", "2", "0.7500", "[0.5000,", "1.0000]"]
    assert table[3].split()[:5] == ["minus", "default", "+0.0000", "[+0.0000,", "+0.0000]"]


def test_retrieval_without_shared_publications_stands_beside_the_usual_one(run: Any, retrieval_set: Path) -> None:
    reviewers = [
        {"id": "r-alpha", "name": "Alpha", "paper_ids": ["alpha0", "alpha1", "bravo0"]},
        {"id": "r-bravo", "name": "Bravo", "paper_ids": ["alpha0", "bravo1", "bravo2"]},
    ]
    write_lines(retrieval_set / "reviewers.jsonl", reviewers)
    options = ("retrieval", "--data", retrieval_set, "--encoders", "tfidf", "--without-shared")
    ran = run(*options, "--json")
    (row,) = ran.json["results"]
    assert row["mrr"] == 0.75
    assert (row["without_shared"]["mrr"], row["without_shared"]["queries"]) == (0.75, 2)
    (notice,) = ran.json["notices"]
    assert notice.startswith("tiny: without shared publications nothing is left of 0 relevant reviewers; 0 queries")
    shown = [line.split() for line in run(*options).out.splitlines()]
    assert shown[2][:4] == ["without", "shared", "2", "0.7500"]


# --- profile-length -------------------------------------------------------------------------------------------------


def test_profile_length_on_a_venue_whose_loads_are_known(run: Any, tmp_path: Path) -> None:
    venue = write_venue(tmp_path / "venue")
    options = ("--encoder", "tfidf", "--reviews", 1, "--max-load", 4)
    ran = run("profile-length", "--data", venue, *options, "--json")
    assert ran.code == 0
    rows = ran.json["results"]
    assert [row["papers"] for row in rows] == ["<=4", "5-8", "9-14", "15-30", ">30", "all"]
    assert [row["reviewers"] for row in rows] == [1, 1, 1, 1, 1, 5]
    assert [row["mean_load"] for row in rows] == [0, 1, 2, 3, 4, 2]
    assert [row["ratio"] for row in rows] == [0, 0.5, 1, 1.5, 2, 1]
    assert rows[3]["interval"] == {"mean_load": [3, 3], "ratio": [1.5, 1.5]}
    low, high = rows[5]["interval"]["mean_load"]
    assert 0 < low < 2 < high < 4
    facts = ran.json["facts"]
    assert (facts["pairs"], facts["unfilled"], facts["blocked_pairs"]) == (10, 0, None)
    assert facts["gini"] == pytest.approx(0.4, abs=1e-12)  # 0, 1, 2, 3, 4
    assert facts["gap"] == pytest.approx(0, abs=1e-6)
    assert ran.json["notices"] == [
        "the venue has no deadline: assigned without conflicts, authors may review their own papers"
    ]
    assert "without conflicts" in ran.err
    shown = run("profile-length", "--data", venue, *options).out
    assert ">30     1          4.0000 [4.0000, 4.0000]  2.0000 [2.0000, 2.0000]" in shown.splitlines()
    assert "gini: 0.4000" in shown.splitlines()


@pytest.mark.parametrize("way", ["venue.toml", "--deadline"])
def test_with_a_deadline_nobody_reviews_their_own_paper(run: Any, tmp_path: Path, way: str) -> None:
    venue = write_venue(tmp_path / "venue", deadline="2024-10-01" if way == "venue.toml" else None)
    extra = () if way == "venue.toml" else ("--deadline", "2024-10-01")
    ran = run("profile-length", "--data", venue, "--encoder", "tfidf", "--reviews", 1, *extra, "--json")
    rows, facts = ran.json["results"], ran.json["facts"]
    assert facts["blocked_pairs"] == 1
    assert facts["pairs"] == 10
    assert rows[4]["mean_load"] == 3  # emil had four before
    assert "notices" not in ran.json


def test_reviews_that_nobody_can_give_are_counted(run: Any, tmp_path: Path) -> None:
    venue = write_venue(tmp_path / "venue", deadline="2024-10-01")
    ran = run("profile-length", "--data", venue, "--encoder", "tfidf", "--reviews", 1, "--max-load", 1, "--json")
    assert ran.code == 0
    assert ran.json["facts"]["unfilled"] == 5
    assert ran.json["notices"] == ["5 of 10 reviews could not be filled"]


def test_every_size_is_in_one_band_and_reviewers_without_papers_in_none() -> None:
    sizes = np.arange(0, 100)
    held = np.array([band.holds(sizes) for band in BANDS]).sum(axis=0)
    assert held[0] == 0
    assert (held[1:] == 1).all()


def test_empty_bands_have_no_mean() -> None:
    sizes, loads = np.array([0, 3, 4]), np.array([5, 2, 4])
    rows = loads_by_band(["a", "b", "c"], sizes, loads, rng=0)
    assert rows[0]["mean_load"] == 3
    assert rows[1] == {"papers": "5-8", "reviewers": 0, "mean_load": None, "ratio": None, "interval": None}
    assert rows[-1]["reviewers"] == 2  # the reviewer without papers is in no band
    unused = loads_by_band(["a"], np.array([3]), np.array([0]), rng=0)
    assert unused[0] == {
        "papers": "<=4",
        "reviewers": 1,
        "mean_load": 0.0,
        "ratio": None,
        "interval": {"mean_load": [0.0, 0.0], "ratio": None},
    }


# --- background -----------------------------------------------------------------------------------------------------


def test_background_of_three_papers_two_of_which_are_equal(run: Any, tmp_path: Path) -> None:
    papers = [("alpha", "bravo"), ("alpha", "bravo"), ("gamma", "delta"), ("title", "")]
    rows = [{"title": title, "abstract": abstract} for title, abstract in papers]
    write_lines(tmp_path / "papers" / "a.jsonl", rows)
    ran = run("background", "--data", tmp_path / "papers", "--encoder", "tfidf", "--json")
    assert ran.code == 0
    first, middle, last = ran.json["results"]
    assert first["texts"] == "title × title"
    for row in (first, last):  # of three pairs, one has cosine 1 and two have 0
        assert row["papers"] == 3
        assert row["mean"] == pytest.approx(1 / 3, abs=1e-6)
        assert row["deviation"] == pytest.approx(np.sqrt(2) / 3, abs=1e-6)
    # "alpha. bravo" holds the words alpha and bravo and the pair of them, which is in as many texts.
    assert middle["mean"] == pytest.approx(1 / 3 / np.sqrt(3), abs=1e-6)
    assert ran.json["notices"] == [
        "1 of 4 papers have no abstract and were not drawn from",
        "there are only 3 papers to draw; 4000 were asked for",
    ]


def test_background_draws_by_seed_and_order_of_sources(run: Any, tmp_path: Path) -> None:
    for name in ("a", "b"):
        words = [f"{name}{number % (7 if name == 'a' else 3)}" for number in range(40)]
        rows = [
            {"title": f"{word} common{number % 3}", "abstract": f"{word} text"} for number, word in enumerate(words)
        ]
        write_lines(tmp_path / f"{name}.jsonl", rows)
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]

    def mean(*sources: Path, seed: int = 0) -> float:
        named = [part for source in sources for part in ("--data", source)]
        ran = run("background", *named, "--encoder", "tfidf", "--papers", 20, "--seed", seed, "--json")
        value: float = ran.json["results"][2]["mean"]
        return value

    assert mean(*files) == mean(*files) == mean(tmp_path)
    assert mean(*files) != mean(*files, seed=1)
    assert mean(*files) != mean(*files[::-1])


# --- metrics, help, exit codes --------------------------------------------------------------------------------------


def test_metrics_lists_the_registry(run: Any) -> None:
    ran = run("metrics", "--json")
    assert ran.code == 0
    assert [row["name"] for row in ran.json["results"]] == list(METRICS)
    assert {"name", "about", "inputs", "range", "higher_is_better", "empty", "source"} == set(ran.json["results"][0])
    shown = run("metrics").out
    assert "gini: How unevenly a total is spread" in shown
    assert "0 to 1, lower is better, 0 on empty input" in shown


def test_help_of_every_command_has_an_example(run: Any) -> None:
    overview = run("--help")
    assert overview.code == 0
    assert "python -m eval report results/ --out page/" in overview.out
    for command in (
        *("goldstandard", "lrbench", "retrieval", "profile-length", "curation", "ablation", "guard", "calibrate"),
        *("report", "background", "metrics"),
    ):
        assert command in overview.out
        ran = run(command, "--help")
        assert ran.code == 0
        assert f"Example: python -m eval {command}" in ran.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("retrieval", "--data", "nowhere", "--encoders", "tfidf"), "nowhere: there is no such folder"),
        (("retrieval", "--data", "nowhere", "--encoders", "tfdif"), "unknown encoder 'tfdif', did you mean 'tfidf'?"),
        (("profile-length", "--data", "nowhere", "--encoder", "tfidf"), "nowhere"),
        (("profile-length", "--data", "nowhere", "--encoder", "tfidf", "--max-load", "9999"), "max_load"),
        (("background", "--data", "nowhere", "--encoder", "tfidf"), "nowhere: there is no .jsonl"),
    ],
)
def test_bad_input_ends_with_1_and_a_message_on_standard_error(
    run: Any, arguments: tuple[str, ...], message: str
) -> None:
    ran = run(*arguments, "--json")
    assert ran.code == 1
    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert message in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("retrieve",),
        ("retrieval",),
        ("retrieval", "--data", "x", "--draws", "0"),
        ("background", "--data", "x", "--papers", "1"),
        ("profile-length", "--data", "x", "--deadline", "soon"),
    ],
)
def test_wrong_usage_ends_with_2(run: Any, arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err


def test_it_runs_as_a_module_from_the_checkout() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "eval", "metrics", "--json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert len(json.loads(done.stdout)["results"]) == len(METRICS)
    assert done.stderr == ""


# --- experiment -----------------------------------------------------------------------------------------------------


def test_the_digest_covers_names_contents_and_order(tmp_path: Path) -> None:
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    lines = [f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in (one, other)]
    digest = digest_of([one, other])
    assert digest == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert digest_of([other, one]) != digest
    other.write_bytes(b"3")
    assert digest_of([one, other]) != digest


def test_the_code_is_known_by_its_commit(tmp_path: Path) -> None:
    nothing = hashlib.sha256().hexdigest()
    own = code_version()
    assert code_version(tmp_path) == {
        "version": own["version"],
        "digest": nothing,
        "commit": None,
        "is_changed": None,
    }
    assert own["digest"] != nothing
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval" / "a.py").write_text("a = 0\n", encoding="utf-8")
    assert code_version(tmp_path)["digest"] == digest_of([tmp_path / "eval" / "a.py"], root=tmp_path) != nothing
    git = shutil.which("git")
    assert git is not None
    (tmp_path / "a.py").write_text("a = 1\n", encoding="utf-8")
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for arguments in (["init", "-q"], ["add", "a.py"], [*identity, "commit", "-q", "-m", "First"]):
        subprocess.run([git, "-C", str(tmp_path), *arguments], check=True, capture_output=True)
    shutil.rmtree(tmp_path / "eval")
    committed = code_version(tmp_path)
    assert len(committed["commit"]) == 40
    assert committed["is_changed"] is False
    (tmp_path / "a.py").write_text("a = 2\n", encoding="utf-8")
    assert code_version(tmp_path) == {**committed, "is_changed": True}
    inner = tmp_path / "unpacked"
    inner.mkdir()
    assert code_version(inner)["commit"] is None  # that repository is not of this code


def test_without_git_the_version_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.experiment.shutil.which", lambda _: None)
    assert code_version()["commit"] is None
    assert code_version()["version"]


def test_results_that_cannot_be_written_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    outcome = Outcome([], make_manifest(command=[], data={}, encoders=[], configs={}, seed=0), {})
    with pytest.raises(InputError, match="the results cannot be written"):
        write_outcome(outcome, tmp_path / "file")


def test_the_clock_adds_up_stages_in_order() -> None:
    clock = Clock()
    for name in ("b", "a", "b"):
        with clock.stage(name):
            pass
    assert list(clock.seconds) == ["b", "a"]
    assert all(seconds >= 0 for seconds in clock.seconds.values())
