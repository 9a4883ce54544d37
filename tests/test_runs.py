from __future__ import annotations

import csv
import dataclasses
import gzip
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher import MatchConfig, MatchResult, match
from matcher.errors import RunError
from matcher.records import EncoderInfo, Floats, Progress, Verdict, canonical_json
from matcher.runs import conflict_line, load_run, refuse_occupied
from tests.worlds import two_fields

FILES = [
    "assignment.csv",
    "assignment.json",
    "conflicts.jsonl",
    "limits.npz",
    "manifest.json",
    "profiles.npz",
    "scores.npz",
    "times.json",
    "venue.json.gz",
]
SEALED = [name for name in FILES if name != "times.json"]


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def assert_same(one: Any, other: Any, where: str = "result") -> None:
    """Equal in every field of every record, arrays in type and value too."""
    assert type(one) is type(other), where
    if dataclasses.is_dataclass(one) and not isinstance(one, type):
        for field in dataclasses.fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name), f"{where}.{field.name}")
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, where
        np.testing.assert_array_equal(one, other, err_msg=where)
    elif hasattr(one, "toarray"):
        assert one.dtype == other.dtype, where
        np.testing.assert_array_equal(one.toarray(), other.toarray(), err_msg=where)
    else:
        assert one == other, where


class CountingEncoder:
    """A dense encoder without a model: how often each of some words occurs."""

    info = EncoderInfo("counting", "", "0" * 64, 4, (0.0, 0.0, 0.0))
    words = ("sparse", "video", "pruning", "tracking")

    def fit(self, texts: object) -> CountingEncoder:  # noqa: ARG002  # there is nothing to learn
        return self

    def encode(self, texts: Any, *, progress: Progress | None = None) -> Floats:  # noqa: ARG002  # it takes no time
        counts = np.array([[text.split().count(word) for word in self.words] for text in texts], dtype=np.float32)
        lengths = np.linalg.norm(counts, axis=1, keepdims=True)
        unit: Floats = np.divide(counts, lengths, out=np.zeros_like(counts), where=lengths > 0)
        return unit


# --- writing --------------------------------------------------------------------------------------------------------


def test_a_run_folder_holds_what_is_documented(saved_sample: Path) -> None:
    assert list(contents(saved_sample)) == FILES


def test_the_same_match_gives_the_same_bytes(
    sample_result: MatchResult, sample_config: MatchConfig, saved_sample: Path, tmp_path: Path
) -> None:
    again = match(sample_result.venue, sample_config).save(tmp_path / "again")
    first, second = contents(saved_sample), contents(again)
    for name in SEALED:
        assert first[name] == second[name], name
    assert json.loads(second["times.json"]).keys() == json.loads(first["times.json"]).keys()


def test_a_loaded_run_saves_to_the_same_bytes(saved_sample: Path, tmp_path: Path) -> None:
    again = MatchResult.load(saved_sample).save(tmp_path / "again")
    assert contents(again) == contents(saved_sample)


def test_the_files_say_what_the_records_say(sample_result: MatchResult, saved_sample: Path) -> None:
    scores, assignment = sample_result.scores, sample_result.assignment
    with (saved_sample / "assignment.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["submission_id", "reviewer_id", "score"]
    assert [(row["submission_id"], row["reviewer_id"]) for row in rows] == [
        (pair.submission_id, pair.reviewer_id) for pair in assignment.pairs
    ]
    assert [float(row["score"]) for row in rows] == pytest.approx([pair.score for pair in assignment.pairs], abs=1e-6)

    with np.load(saved_sample / "scores.npz", allow_pickle=False) as arrays:
        assert arrays["submissions"].tolist() == list(scores.submissions)
        assert arrays["reviewers"].tolist() == list(scores.reviewers)
        np.testing.assert_array_equal(arrays["values"], scores.values)
        assert arrays["values"].dtype == np.float32

    lines = (saved_sample / "conflicts.jsonl").read_text(encoding="utf-8").splitlines()
    findings = [json.loads(line) for line in lines]
    apart = [
        {**{name: value for name, value in each.items() if name != "reviewer_ids"}, "reviewer_id": reviewer_id}
        for each in findings
        for reviewer_id in each["reviewer_ids"]
    ]
    expected = [conflict_line(each) for each in sample_result.conflicts.items]
    assert sorted(json.dumps(each, sort_keys=True) for each in apart) == sorted(
        json.dumps(each, sort_keys=True) for each in expected
    )

    with gzip.open(saved_sample / "venue.json.gz", "rt", encoding="utf-8") as stream:
        assert stream.read() == canonical_json(sample_result.venue)

    manifest = json.loads((saved_sample / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["format"] == 2
    assert manifest["venue"]["digest"] == sample_result.venue.digest
    assert manifest["venue"]["deadline"] == {"day": "2024-10-01", "origin": "venue.toml"}
    assert manifest["config"] == sample_result.config.to_plain()
    assert manifest["seed"] == 0
    assert manifest["result"]["pairs"] == 57
    assert manifest["result"]["objective"] == assignment.objective
    assert set(manifest["files"]) == set(FILES) - {"manifest.json", "times.json"}
    assert manifest["versions"].keys() >= {"python", "numpy", "ortools", "scikit-learn", "scipy"}


def test_no_file_but_the_times_holds_a_time(saved_sample: Path) -> None:
    for name in ("manifest.json", "assignment.json", "assignment.csv"):
        assert "seconds" not in (saved_sample / name).read_text(encoding="utf-8")
    times = json.loads((saved_sample / "times.json").read_text(encoding="utf-8"))
    assert list(times) == ["conflicts", "profiles", "scores", "assignment", "verify"]
    assert all(stage["seconds"] >= 0 and stage["peak_mb"] > 0 for stage in times.values())


def test_a_conflict_is_one_line_with_everything_known() -> None:
    world = two_fields()
    world.share_paper("pruning-s0", "pruning-r0", "2024-05")
    world.declare("tracking-s1", "tracking-r0")
    result = match(world.venue(), MatchConfig(encoder="tfidf"))
    first, second = map(conflict_line, result.conflicts.items)
    assert (first["submission_id"], first["reviewer_id"], first["rule"]) == ("pruning-s0", "pruning-r0", "coauthor")
    assert (first["verdict"], first["via"], first["last_date"]) == ("block", "pruning-s0-author", "2024-05")
    assert first["evidence"][0]["paper_id"] == "joint-pruning-s0-pruning-r0"
    assert (second["rule"], second["via"], second["last_date"]) == ("declared", None, None)
    assert list(first) == list(second)


@pytest.mark.parametrize("parts", [(), ("made", "on", "the", "way")])
def test_a_run_goes_into_a_folder_that_is_new_or_empty(
    sample_result: MatchResult, tmp_path: Path, parts: tuple[str, ...]
) -> None:
    target = tmp_path.joinpath("out", *parts)
    if not parts:
        target.mkdir()
    assert sample_result.save(target) == target
    assert list(contents(target)) == FILES
    assert [each.name for each in target.parent.iterdir()] == [target.name]


def test_a_run_may_go_into_the_folder_where_one_stands(
    sample_result: MatchResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    sample_result.save(".")
    assert list(contents(here)) == FILES


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_run_is_never_replaced(sample_result: MatchResult, tmp_path: Path, overwrite: bool) -> None:
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("years of work", encoding="utf-8")
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    for target in (folder, file):
        for refuse in (refuse_occupied, sample_result.save):
            with pytest.raises(RunError, match="this exists and is no run folder; choose another name") as caught:
                refuse(target, overwrite=overwrite)
            assert caught.value.path == str(target)
    assert contents(folder) == {"chapter.txt": b"years of work"}


def test_a_run_is_replaced_only_when_asked_to(sample_result: MatchResult, run_folder: Path) -> None:
    before = contents(run_folder)
    with pytest.raises(RunError, match="a run is there already; pass --overwrite"):
        sample_result.save(run_folder)
    assert contents(run_folder) == before
    (run_folder / "report.html").write_text("old", encoding="utf-8")
    refuse_occupied(run_folder, overwrite=True)
    sample_result.save(run_folder, overwrite=True)
    assert contents(run_folder) == before
    assert [each.name for each in run_folder.parent.iterdir()] == [run_folder.name]


@pytest.mark.parametrize("error", [RuntimeError("a defect"), KeyboardInterrupt()])
def test_an_interrupted_save_leaves_nothing(
    sample_result: MatchResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def interrupt(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(np, "savez_compressed", interrupt)  # half of the files are written by then
    with pytest.raises(type(error)):
        sample_result.save(tmp_path / "out" / "run")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("when", ["writing", "renaming"])
def test_an_interrupted_replacement_keeps_the_run_that_was_there(
    sample_result: MatchResult, run_folder: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    before = contents(run_folder)
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    if when == "writing":
        monkeypatch.setattr(np, "savez_compressed", full)
    else:
        monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(RunError, match="the run cannot be written: No space left on device"):
        sample_result.save(run_folder, overwrite=True)
    assert contents(run_folder) == before
    assert [each.name for each in run_folder.parent.iterdir()] == [run_folder.name]


def test_a_place_that_cannot_be_written_is_named(sample_result: MatchResult, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(RunError, match="the run cannot be written: ") as caught:
        sample_result.save(tmp_path / "file" / "run")
    assert caught.value.path == str(tmp_path / "file" / "run")


# --- reading --------------------------------------------------------------------------------------------------------


def partial_result() -> MatchResult:
    """With all that an answer can hold: a required pair, a last resort, a shortfall, an underload, a question."""
    world = two_fields(reviewers=2, submissions=2)
    world.change_reviewer("tracking-r1", paper_ids=())
    world.change_reviewer("pruning-r1", min_load=3)
    world.change_submission("tracking-s1", reviews_wanted=4)
    world.change_submission("tracking-s0", status="withdrawn")
    world.fix("pruning-s0", "tracking-r0", "require")
    world.fix("pruning-s1", "pruning-r1", "forbid")
    world.declare("tracking-s1", "pruning-r0", "an old quarrel")
    world.share_paper("pruning-s0", "pruning-r0", None)
    return match(world.venue(), MatchConfig(encoder="tfidf", allow_partial=True, min_score=0.01))


def test_a_loaded_run_equals_the_saved_one(sample_result: MatchResult, saved_sample: Path) -> None:
    assert_same(MatchResult.load(saved_sample), sample_result)


def test_an_answer_that_is_short_survives_too(tmp_path: Path) -> None:
    result = partial_result()
    assert result.assignment.shortfalls
    assert result.assignment.underloads
    assert {mark for pair in result.assignment.pairs for mark in pair.marks} == {"required", "last_resort"}
    assert {conflict.verdict for conflict in result.conflicts.items} == {Verdict.BLOCK, Verdict.ASK}
    assert np.isnan(result.scores.values).any()
    assert_same(MatchResult.load(result.save(tmp_path / "run")), result)


def test_dense_vectors_survive_too(tmp_path: Path) -> None:
    result = match(two_fields().venue(), encoder=CountingEncoder())
    assert isinstance(result.profiles.vectors, np.ndarray)
    assert_same(MatchResult.load(result.save(tmp_path / "run")), result)


def test_a_run_without_certificate_survives_too(sample_result: MatchResult, tmp_path: Path) -> None:
    bare = replace(sample_result, assignment=replace(sample_result.assignment, certificate=None, bound=None))
    loaded = MatchResult.load(bare.save(tmp_path / "run"))
    assert_same(loaded, bare)
    assert loaded.assignment.gap is None


def test_a_loaded_run_explains_checks_and_prices_identically(sample_result: MatchResult, saved_sample: Path) -> None:
    loaded = MatchResult.load(saved_sample)
    for submission_id in sample_result.scores.submissions:
        for reviewer_id in sample_result.scores.reviewers:
            assert loaded.explain(submission_id, reviewer_id) == sample_result.explain(submission_id, reviewer_id)
    assert loaded.verify() == ()
    assert loaded.question_price == sample_result.question_price


@pytest.mark.parametrize("name", SEALED)
@pytest.mark.parametrize("place", [0.0, 0.3, 0.5, 0.7, 1.0])
def test_a_changed_byte_is_detected_in_every_file(run_folder: Path, name: str, place: float) -> None:
    file = run_folder / name
    data = bytearray(file.read_bytes())
    data[round(place * (len(data) - 1))] ^= 1
    file.write_bytes(data)
    with pytest.raises(RunError) as caught:
        load_run(run_folder)
    assert str(run_folder) in str(caught.value)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_detected(run_folder: Path, name: str) -> None:
    (run_folder / name).unlink()
    with pytest.raises(RunError) as caught:
        load_run(run_folder)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_a_truncated_file_is_detected(run_folder: Path, name: str, kept: float) -> None:
    file = run_folder / name
    data = file.read_bytes()
    file.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(RunError):
        load_run(run_folder)


def manifest_changes() -> dict[str, Callable[[dict[str, Any]], object]]:
    return {
        "seed": lambda manifest: manifest["config"]["run"].update(seed=1),
        "spelling": lambda manifest: manifest["venue"].update(name="Another workshop"),
        "a file less": lambda manifest: manifest["files"].pop("scores.npz"),
        "no digest": lambda manifest: manifest.pop("digest"),
    }


@pytest.mark.parametrize("change", manifest_changes())
def test_a_manifest_that_was_edited_is_detected(run_folder: Path, change: str) -> None:
    file = run_folder / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    manifest_changes()[change](manifest)
    file.write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    with pytest.raises(RunError, match=r"manifest\.json: this file is not what the manifest says"):
        load_run(run_folder)


def test_a_run_of_another_layout_is_refused(run_folder: Path) -> None:
    file = run_folder / "manifest.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"format": 2', '"format": 3'), encoding="utf-8")
    with pytest.raises(RunError, match="layout 3; this version reads layout 2"):
        load_run(run_folder)


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", '{"format": 1}', '{"format": 1, "files": 3}', "\xff"])
def test_a_manifest_that_is_none_is_refused(run_folder: Path, text: str) -> None:
    (run_folder / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(RunError):
        load_run(run_folder)


def test_a_folder_without_manifest_is_no_run(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RunError) as caught:
            load_run(folder)
        assert str(caught.value) == f"{folder}: this is no run folder: it has no manifest.json"


def test_a_further_file_does_no_harm(run_folder: Path) -> None:
    (run_folder / "report.html").write_text("<p>", encoding="utf-8")
    assert load_run(run_folder).config.seed == 0


def test_a_run_may_be_moved(run_folder: Path, tmp_path: Path, sample_result: MatchResult) -> None:
    moved = Path(shutil.move(run_folder, tmp_path / "elsewhere"))
    assert_same(MatchResult.load(moved), sample_result)


def test_versions_of_what_can_change_a_result_are_kept(saved_sample: Path) -> None:
    versions: Mapping[str, str] = load_run(saved_sample).versions
    assert versions["numpy"] == np.__version__


def test_files_that_no_run_wrote_are_never_removed(sample_result: MatchResult, run_folder: Path) -> None:
    notes = run_folder / "notes.md"
    notes.write_text("mine", encoding="utf-8")
    with pytest.raises(RunError, match=r"holds files that no run wrote \(notes.md\)"):
        sample_result.save(run_folder, overwrite=True)
    assert notes.read_text(encoding="utf-8") == "mine"
    notes.unlink()
    sample_result.save(run_folder, overwrite=True)
