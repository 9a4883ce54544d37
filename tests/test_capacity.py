"""Topics of a venue: found by construction, named by their own words, with what experts lack counted jointly."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from matcher import MatchConfig, MatchResult, match
from matcher.capacity import find_topics, measure_capacity
from tests.test_rounds import call
from tests.worlds import two_fields

TFIDF = MatchConfig(encoder="tfidf", min_load=0, max_load=3, reviews_per_submission=2)


@pytest.fixture(scope="module")
def result() -> MatchResult:
    return match(two_fields(reviewers=4, submissions=6).venue(), TFIDF)


def test_two_fields_are_two_topics_whatever_the_seed(result: MatchResult) -> None:
    fields = np.array([name.split("-")[0] for name in result.scores.submissions.ids])
    for seed in range(5):
        topics = find_topics(result.profiles, count=2, seed=seed)
        assert {*topics.tolist()} == {0, 1}
        assert len({*zip(fields.tolist(), topics.tolist(), strict=True)}) == 2
    assert find_topics(result.profiles, count=1, seed=0).tolist() == [0] * 12
    assert find_topics(result.profiles, count=99, seed=0).max() < 12


def test_lacking_reviews_are_those_that_no_sharing_of_experts_gives(result: MatchResult) -> None:
    """Four experts with room for three give 12 of the 12 reviews of one field; the other field has one expert less."""
    fields = [name.split("-")[0] for name in result.scores.submissions.ids]
    values = np.zeros_like(result.scores.values)
    for row, field in enumerate(fields):
        for column, reviewer in enumerate(result.scores.reviewers.ids):
            values[row, column] = 0.5 if reviewer.startswith(field) and reviewer != "tracking-r0" else 0.1
    scores = replace(result.scores, values=values)
    topics = find_topics(result.profiles, count=2, seed=0)
    found = measure_capacity(result.venue, scores, result.limits, floor=0.5, at_least=2, topics=topics)
    first, second = found.topics
    assert (len(first.submissions), first.demand, first.experts, first.supply) == (6, 12, 3, 9)
    assert (first.lacking, first.recruit) == (3, 1)
    assert {name.split("-")[0] for name in first.submissions} == {"tracking"}
    assert (second.lacking, second.recruit, second.supply) == (0, 0, 12)
    assert not {*first.words} & {*second.words}
    titles = " ".join(result.venue.submission(name).text for name in first.submissions).casefold()
    assert first.words
    assert all(word in titles for word in first.words)
    (track,) = found.tracks
    assert (track.track, track.lacking) == ("", 3)


def test_nobody_with_a_load_still_gives_an_answer(result: MatchResult) -> None:
    limits = replace(result.limits, max_load=np.zeros_like(result.limits.max_load))
    topics = find_topics(result.profiles, count=2, seed=0)
    found = measure_capacity(result.venue, result.scores, limits, floor=0.0, at_least=1, topics=topics)
    assert sum(each.lacking for each in found.topics) == found.demand == 24
    assert all(each.recruit == each.lacking for each in found.topics)


def test_topics_by_command(result: MatchResult, tmp_path_factory: pytest.TempPathFactory) -> None:
    run = result.save(tmp_path_factory.mktemp("runs") / "one")
    plain = json.loads(call("capacity", run, "--json", "--floor", 0.9))
    assert sum(len(each["submissions"]) for each in plain["topics"]) == 12
    words = call("capacity", run, "--topics", 2, "--floor", 0.9)
    assert "topic" in words
    assert "recruit" in words
    assert "recruit" not in call("capacity", run, "--topics", 0).split("look for")[0]
