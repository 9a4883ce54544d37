"""Calibration: against scikit-learn, on ratings whose law is known, and on ratings that scores say nothing about."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from eval.__main__ import main
from eval.calibration import FOLDS, Rating, calibrate, fit_logistic, is_useful, read_ratings, reliability
from matcher.errors import DataError, InputError
from matcher.records import Index, PersonId, ScoreMatrix, SubmissionId

PEOPLE = [f"r{number:02}" for number in range(40)]
PAPERS = [f"s{number:02}" for number in range(10)]


def matrix(*, seed: int = 0) -> ScoreMatrix:
    values = np.random.default_rng(seed).random((len(PAPERS), len(PEOPLE)), dtype=np.float32)
    values[0, 0] = np.nan
    return ScoreMatrix(
        submissions=Index(SubmissionId(one) for one in PAPERS),
        reviewers=Index(PersonId(one) for one in PEOPLE),
        values=values,
        raw=values,
        method="random",
    )


def ratings_of(scores: ScoreMatrix, *, slope: float, seed: int = 1) -> list[Rating]:
    """Expert with probability 1 / (1 + exp(-slope x (score - 0.5)))."""
    rng = np.random.default_rng(seed)
    chances = 1 / (1 + np.exp(-slope * (np.nan_to_num(scores.values, nan=0.5) - 0.5)))
    draws = rng.random(chances.shape)
    return [
        Rating(paper, who, 5.0 if draws[row, column] < chances[row, column] else 2.0)
        for column, who in enumerate(PEOPLE)
        for row, paper in enumerate(PAPERS)
    ]


def test_the_fit_is_scikit_learns_where_targets_are_plain() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(20_000)
    is_expert = rng.random(20_000) < 1 / (1 + np.exp(1 - 3 * scores))
    found = fit_logistic(scores, is_expert)
    other = LogisticRegression(C=1e9, tol=1e-10).fit(scores[:, None], is_expert)
    assert found.intercept == pytest.approx(other.intercept_[0], abs=5e-3)  # smoothing weighs 1 in 10,000
    assert found.slope == pytest.approx(other.coef_[0, 0], abs=5e-3)
    assert found(np.array([0.5]))[0] == pytest.approx(other.predict_proba([[0.5]])[0, 1], abs=1e-3)


def test_scores_that_separate_experts_give_a_finite_curve() -> None:
    scores = np.array([0.0] * 20 + [1.0] * 20)
    found = fit_logistic(scores, scores > 0.5)
    assert found(scores).tolist() == pytest.approx([1 / 22] * 20 + [21 / 22] * 20, abs=1e-6)


def test_a_known_law_is_found_and_useful() -> None:
    scores = matrix()
    report = calibrate(scores, ratings_of(scores, slope=6), expert=4, rng=0)
    assert report.fit.slope == pytest.approx(6, abs=1)
    assert report.fit.intercept == pytest.approx(-3, abs=0.6)
    assert (report.ratings, report.raters, report.unscored) == (399, 40, 1)
    assert report.said == "better"
    assert is_useful(report)
    assert report.gain.low > 0
    rows = reliability(report)
    assert sum(row["ratings"] for row in rows) == 399
    assert [row["said"] for row in rows] == sorted(row["said"] for row in rows)
    for row in rows:
        assert row["true"] == pytest.approx(row["said"], abs=0.12)


def test_ratings_that_scores_say_nothing_about_are_not_useful() -> None:
    scores = matrix()
    report = calibrate(scores, ratings_of(scores, slope=0), expert=4, rng=0)
    assert report.said != "better"
    assert not is_useful(report)
    turned = calibrate(scores, ratings_of(scores, slope=-6), expert=4, rng=0)
    assert turned.fit.slope < 0
    assert not is_useful(turned)  # a reversed score says much, but is no confidence


def test_probabilities_are_of_people_whom_the_fit_has_not_seen() -> None:
    scores = matrix()
    ratings = ratings_of(scores, slope=6)
    found = calibrate(scores, ratings, expert=4, rng=0)
    other = [Rating(one.submission, one.reviewer, 2.0 if one.reviewer == "r07" else one.rating) for one in ratings]
    changed = calibrate(scores, other, expert=4, rng=0)
    used = [one for one in ratings if (one.submission, one.reviewer) != ("s00", "r00")]
    own = [number for number, one in enumerate(used) if one.reviewer == "r07"]
    assert changed.held_out[own].tolist() == found.held_out[own].tolist()
    order = np.random.default_rng(0).permutation(40)
    fold = {PEOPLE[int(who)]: place % FOLDS for place, who in enumerate(order)}
    elsewhere = [number for number, one in enumerate(used) if fold[one.reviewer] != fold["r07"]]
    assert (changed.held_out[elsewhere] != found.held_out[elsewhere]).all()


@pytest.mark.parametrize("keep", ["few", "one side", "four raters"])
def test_too_little_is_refused(keep: str) -> None:
    scores = matrix()
    ratings = ratings_of(scores, slope=6)
    chosen = {
        "few": ratings[:25],
        "one side": [Rating(one.submission, one.reviewer, 5.0) for one in ratings],
        "four raters": ratings[:40],
    }[keep]
    with pytest.raises(InputError, match="a calibration needs at least 30 rated pairs"):
        calibrate(scores, chosen, expert=4, rng=0)


def test_unknown_pairs_are_refused() -> None:
    with pytest.raises(DataError, match="reviewer 'r0', which is not in the venue"):
        calibrate(matrix(), [Rating("s01", "r0", 3)], expert=4, rng=0)


def test_reading_ratings(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("reviewer_id,submission_id,rating\na,s,4.5\n", encoding="utf-8")
    assert read_ratings(path) == (Rating("s", "a", 4.5),)
    for text, message in (
        ("reviewer_id,rating\na,4\n", "ratings.csv:1: there is no column submission_id"),
        (
            "reviewer_id,submission_id,rating\na,s,high\n",
            "ratings.csv:2: field 'rating': allowed is a number; got 'high'",
        ),
        ("reviewer_id,submission_id,rating\na,s,nan\n", "ratings.csv:2: field 'rating': allowed is a number"),
        ("reviewer_id,submission_id,rating\na,s,4\na,s,5\n", "ratings.csv:3: field 'reviewer_id': 'a' rated 's' twice"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=re.escape(message)):
            read_ratings(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_ratings(tmp_path / "none.csv")


# --- the command ----------------------------------------------------------------------------------------------------


def write_venue(folder: Path, *, is_known: bool) -> tuple[Path, Path]:
    """Ten reviewers with a paper on one of two words; each rates ten submissions, by their word or by a coin."""
    words = ("alpha", "bravo")
    rng = np.random.default_rng(3)
    rows: dict[str, list[dict[str, Any]]] = {"publications": [], "reviewers": [], "submissions": []}
    lines = ["submission_id,reviewer_id,rating"]
    rows["submissions"] = [{"id": f"s{n}", "title": words[n % 2], "authors": []} for n in range(10)]
    for number in range(11):
        papers = [f"p{number}-{paper}" for paper in range(3)] if number < 10 else []
        rows["publications"] += [{"id": key, "title": f"{words[number % 2]} study", "authors": []} for key in papers]
        rows["reviewers"].append({"id": f"r{number}", "name": f"Reviewer {number}", "paper_ids": papers})
        for paper in range(10):
            knows = (number + paper) % 2 == 0 if is_known else rng.random() < 0.5
            lines.append(f"s{paper},r{number},{5 if knows else 1}")
    folder.mkdir()
    for stem, entries in rows.items():
        (folder / f"{stem}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in entries), encoding="utf-8")
    (folder / "venue.toml").write_text('name = "Rated"\n', encoding="utf-8")
    ratings = folder.parent / "ratings.csv"
    ratings.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder, ratings


@pytest.mark.parametrize("is_known", [True, False])
def test_the_command_writes_a_fit_only_where_it_is_useful(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, is_known: bool
) -> None:
    venue, ratings = write_venue(tmp_path / "venue", is_known=is_known)
    target = tmp_path / "fits" / "fit.json"
    arguments = ["calibrate", "--data", venue, "--ratings", ratings, "--encoder", "tfidf", "--write", target, "--json"]
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    assert caught.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert found["facts"]["ratings"] == 100
    assert found["notices"][0] == "10 rated pairs have no score and were not used"
    assert target.exists() == is_known
    if is_known:
        fit = json.loads(target.read_text(encoding="utf-8"))
        assert fit["slope"] > 0
        assert fit["expert"] == 4
        assert fit["manifest"]["data"] == found["manifest"]["data"]
        assert set(fit["manifest"]["data"]) == {"Rated", "ratings"}
    else:
        assert "no fit to be used" in found["notices"][1]
