"""A run at a glance: every figure against one that is counted anew from the assignment."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from matcher import MatchConfig, MatchResult, match
from matcher.records import PairStatus, Verdict
from service.client import ClientError
from service.overview import SPREADS, Overview
from tests.serving import Served
from tests.worlds import two_fields


@pytest.fixture(scope="module")
def overview(sample_result: MatchResult) -> Overview:
    return Overview(sample_result)


@pytest.fixture(scope="module")
def grouped() -> Overview:
    """Two tracks of two submissions each, and reviewers of two seniorities."""
    venue = two_fields().venue()
    submissions = tuple(
        replace(each, track="long" if number % 2 else "short", attributes={"areas": ["a", "b"] if number else ["a"]})
        for number, each in enumerate(venue.submissions)
    )
    reviewers = tuple(
        replace(each, attributes={"seniority": "senior" if number < 2 else "junior", "id": str(number)})
        for number, each in enumerate(venue.reviewers)
    )
    return Overview(match(replace(venue, submissions=submissions, reviewers=reviewers), MatchConfig(encoder="tfidf")))


def test_the_numbers_are_those_of_the_assignment(overview: Overview, sample_result: MatchResult) -> None:
    plain, pairs = overview.plain, sample_result.assignment.pairs
    loads = Counter(pair.reviewer_id for pair in pairs)
    means: dict[str, list[float]] = {}
    for pair in pairs:
        means.setdefault(pair.submission_id, []).append(pair.score or 0.0)
    by_mean = sorted((sum(values) / 3, name) for name, values in means.items())
    assert (plain["pairs"], plain["wanted"], plain["shortfalls"]) == (57, 57, 0)
    assert plain["figures"]["minimum"] == pytest.approx(by_mean[0][0])
    assert plain["figures"]["largest load"] == max(loads.values())
    assert plain["at_maximum"] == sum(load == 5 for load in loads.values())
    assert plain["capacity"] == 130
    assert plain["objective"]["name"] == "max-min"
    assert plain["objective"]["value"] <= plain["objective"]["bound"] + 1e-6
    weakest = plain["weakest"]
    assert len(weakest) == 10
    assert [each["mean"] for each in weakest] == pytest.approx([mean for mean, _ in by_mean[:10]])
    for each in weakest:
        row = sample_result.scores.submissions.position(each["submission_id"])
        status = sample_result.limits.status[row]
        best = sorted(sample_result.scores.values[row][status == PairStatus.ELIGIBLE], reverse=True)[:3]
        assert each["best_alone"] == pytest.approx(float(sum(best)) / 3)
        assert each["mean"] <= each["best_alone"] + 1e-6
        assert each["blocked"] == int((status == PairStatus.BLOCKED).sum())


def test_conflicts_and_questions_are_counted(overview: Overview, sample_result: MatchResult) -> None:
    plain, items = overview.plain, sample_result.conflicts.items
    verdicts = Counter(each.verdict for each in items)
    assert plain["conflicts"]["questions"] == verdicts[Verdict.ASK] > 10
    rules = {each["rule"]: each for each in plain["conflicts"]["rules"]}
    assert sum(each["block"] for each in rules.values()) == verdicts[Verdict.BLOCK]
    assert rules["author"]["block"] == sum(each.rule == "author" for each in items)
    waiting = plain["waiting"]
    assert len(waiting) == 10
    assert all(each["verdict"] == "ask" and each["clears"] and each["title"] and each["name"] for each in waiting)


@pytest.mark.parametrize("name", sorted(SPREADS))
def test_the_rows_of_all_bars_are_all_rows(overview: Overview, name: str) -> None:
    bins = overview.spread(name)
    assert all(one["high"] == other["low"] for one, other in itertools.pairwise(bins))
    rows = [overview.rows(name, each["low"], each["high"]) for each in bins]
    assert [len(each) for each in rows] == [each["count"] for each in bins]
    total = {"pair-score": 57, "submission-mean": 19, "reviews": 19, "reviewer-load": 26}.get(name, 26)
    assert sum(len(each) for each in rows) == total
    field = {"pair-score": "score", "reviewer-load": "load", "reviews": "got"}.get(name, "mean")
    values = [row[field] for each in rows for row in each]
    assert values == sorted(values)


def test_a_value_at_the_end_of_the_last_bar_belongs_to_it() -> None:
    result = match(two_fields().venue(), MatchConfig(encoder="tfidf"))
    pairs = tuple(replace(pair, score=1.0) for pair in result.assignment.pairs)
    whole = Overview(replace(result, assignment=replace(result.assignment, pairs=pairs)))
    assert whole.spread("pair-score")[-1]["count"] == len(pairs)
    assert len(whole.rows("pair-score", 0.95, 1.0)) == len(pairs)
    assert whole.rows("pair-score", 0.5, 0.55) == []


def test_groups_of_tracks_and_attributes(grouped: Overview) -> None:
    groups = {(each["of"], each["attribute"]): each["parts"] for each in grouped.plain["groups"]}
    assert set(groups) == {
        ("submissions", "track"),
        ("submissions", "areas"),
        ("reviewers", "seniority"),
        ("reviewers", "id"),
    }
    assert next(iter(groups)) == ("submissions", "track")
    tracks = {each["value"]: each for each in groups["submissions", "track"]}
    assert {name: (each["count"], each["wanted"], each["got"]) for name, each in tracks.items()} == {
        "long": (2, 4, 4),
        "short": (2, 4, 4),
    }
    means = [float(grouped.means[at]) for at in (1, 3)]
    assert tracks["long"]["mean"] == pytest.approx(np.mean(means))
    assert tracks["long"]["minimum"] == pytest.approx(min(means))
    areas = {each["value"]: each["count"] for each in groups["submissions", "areas"]}
    assert areas == {"a": 4, "b": 3}
    seniority = {each["value"]: each for each in groups["reviewers", "seniority"]}
    assert seniority["senior"]["capacity"] == 6
    assert seniority["senior"]["load"] + seniority["junior"]["load"] == 8


def test_who_has_nothing_has_no_mean(grouped: Overview) -> None:
    idle = grouped.rows("reviewer-load", 0, 1)
    assert all(each["mean"] is None and each["load"] == 0 for each in idle)
    assert len(grouped.rows("reviewer-mean", 0, 1)) + len(idle) == len(grouped.loads)


def test_many_values_make_no_groups_and_wide_bars_hold_several(grouped: Overview) -> None:
    venue = grouped.result.venue
    submissions = tuple(replace(each, attributes={"one": number}) for number, each in enumerate(venue.submissions))
    many = replace(grouped.result, venue=replace(venue, submissions=submissions))
    assert ("submissions", "one") in {(each["of"], each["attribute"]) for each in Overview(many).plain["groups"]}
    wide = Overview(grouped.result)
    wide.loads = np.array([100, 3, 0, 0, 0, 0])
    bins = wide.spread("reviewer-load")
    assert bins[0] == {"low": 0.0, "high": 4.0, "count": 5}
    assert bins[-1]["count"] == 1
    assert len(bins) <= 30


# --- over the API ---------------------------------------------------------------------------------------------------


def test_the_api_tells_the_same_and_chairs_only(served: Served, matched: dict[str, str]) -> None:
    base = "/v1/venues/sample/runs/current"
    found = served.admin.get(f"{base}/overview")
    assert found["run_id"] == matched["run"]
    summary = served.admin.get(f"{base}/summary")
    assert found["figures"] == summary["figures"]
    assert set(found["spreads"]) == set(SPREADS)
    for each in found["spreads"]["reviewer-load"]:
        query = {"of": "reviewer-load", "low": each["low"], "high": each["high"]}
        assert len(list(served.admin.pages(f"{base}/overview/rows", limit=3, **query))) == each["count"]
    with pytest.raises(ClientError, match="there is no spread 'x'"):
        served.admin.get(f"{base}/overview/rows", of="x", low=0, high=1)
    with pytest.raises(ClientError, match="422"):
        served.admin.get(f"{base}/overview/rows", of="reviews", low="nan", high=1)
    with served.client("area_chair", person_id="li-shen") as client, pytest.raises(ClientError, match="403"):
        client.get(f"{base}/overview")


def test_a_chair_in_conflict_sees_nothing_of_those_submissions(served: Served, matched: dict[str, str]) -> None:
    base = "/v1/venues/sample/runs/current"
    with served.client("chair", person_id="li-shen") as client:
        mine = client.get(f"{base}/overview")
        rows = client.get(f"{base}/overview/rows", of="submission-mean", low=0, high=1)["items"]
        hidden = {each["submission_id"] for each in served.admin.pages(f"{base}/conflicts", reviewer_id="li-shen")}
    assert hidden
    assert mine["submissions"] < 19
    shown = {each["submission_id"] for each in [*mine["weakest"], *rows, *mine["waiting"]]}
    assert shown
    assert not shown & hidden


def test_profiles_over_the_api(served: Served, matched: dict[str, str]) -> None:
    base = "/v1/venues/sample/profiles"
    flags = {each["flag"]: each["count"] for each in served.admin.get(f"{base}/flags")}
    assert (flags["thin"], flags["without abstracts"], flags["empty"]) == (1, 26, 0)
    everybody = list(served.admin.pages(base, limit=10))
    assert len(everybody) == 26
    assert everybody[0]["reviewer_id"] == "zihang-liu"
    assert [each["reviewer_id"] for each in served.admin.get(base, flag="thin")["items"]] == ["zihang-liu"]
    with pytest.raises(ClientError, match="there is no flag 'odd'"):
        served.admin.get(base, flag="odd")
    served.admin.put("sample", "reviewers", {"id": "nobody", "name": "No Body", "publications": []})
    assert [each["reviewer_id"] for each in served.admin.get(base, flag="empty")["items"]] == ["nobody"]
    served.admin.call("POST", "/v1/venues/sample/erasures", json_body={"person_id": "nobody"})
    assert served.admin.get(base, flag="empty")["items"] == []
