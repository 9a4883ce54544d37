"""`eval scale`: what is measured, what is extrapolated from it, and lists of papers against comparing all."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pytest

from eval.__main__ import main
from eval.scale import POOLS, TARGETS, Lists, pool_rows, scale_rows, seeded_profiles, unit_rows


def test_the_curve_goes_on_as_the_work_grows() -> None:
    told: list[tuple[str, int, int]] = []
    rows = scale_rows([60, 120], progress=lambda *facts: told.append(facts))
    assert told == [("measure", 0, 2), ("measure", 1, 2)]
    for part in ("scoring", "assignment (max-total)"):
        some = [row for row in rows if row["part"] == part]
        assert [(row["submissions"], row["reviewers"], row["how"]) for row in some] == [
            (60, 60, "measured"),
            (120, 120, "measured"),
            *((one, other, "extrapolated") for one, other in TARGETS),
        ]
        assert all(earlier["seconds"] < later["seconds"] for earlier, later in itertools.pairwise(some[2:]))
    scoring = [row for row in rows if row["part"] == "scoring"]
    ratio = scoring[-1]["seconds"] / scoring[1]["seconds"]
    assert ratio == pytest.approx((100_000 / 120) ** 2, rel=0.02)
    # 2,000,000 papers and 100,000 submissions of 384 numbers, and the best 100 with their places
    assert scoring[-1]["gigabytes"] == pytest.approx(3.35, abs=0.01)


def test_all_lists_find_what_comparing_all_papers_finds() -> None:
    rng = np.random.default_rng(0)
    vectors, asked = unit_rows(rng, 900, 16), unit_rows(rng, 5, 16)
    lists = Lists(vectors, 30)
    for each in asked:
        exact = np.argsort(-(vectors @ each), kind="stable")[:10]
        found, compared = lists.search(each, 10, probes=30)
        assert compared == 900
        assert found.tolist() == exact.tolist()
        few, compared = lists.search(each, 10, probes=3)
        assert compared < 300
        assert len(np.intersect1d(few, exact)) >= 5
    found, compared = lists.search(asked[0], 1000, probes=1)  # a list holds fewer than are asked for
    assert len(found) == compared < 900


def test_a_pool_is_asked_in_every_way() -> None:
    rows = pool_rows(2000, questions=4, probes=(2, 44))
    assert [row["how"] for row in rows] == ["measured", "extrapolated", "extrapolated"] * 3
    assert [row["reviewers"] for row in rows] == [100, *POOLS] * 3
    assert rows[0]["found"] == rows[-1]["found"] == 1.0  # all papers, and all 44 lists
    assert 0.1 < rows[3]["found"] < 1.0
    assert rows[1]["seconds"] == pytest.approx(rows[0]["seconds"] * POOLS[0] / 100, rel=0.02)


def test_profiles_are_seeded() -> None:
    one, other = seeded_profiles(5, 7), seeded_profiles(5, 7)
    assert np.asarray(one.vectors).tobytes() == np.asarray(other.vectors).tobytes()
    assert one.sizes().tolist() == [20] * 7
    assert np.linalg.norm(np.asarray(one.vectors), axis=1) == pytest.approx(np.ones(140), abs=1e-5)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["scale", "--size", "60", "--size", "50", "--papers", "1000", "--json", "--quiet"])
    shown = capsys.readouterr()
    assert caught.value.code == 0, shown.err
    rows = json.loads(shown.out)["results"]
    assert list(rows[0]) == ["part", "submissions", "reviewers", "seconds", "gigabytes", "found", "how"]
    assert [row["submissions"] for row in rows[:2]] == [50, 60]
    with pytest.raises(SystemExit) as caught:
        main(["scale", "--size", "60"])
    assert caught.value.code == 1
    assert "give --size twice or more" in re.sub(r"\s+", " ", capsys.readouterr().err)
