"""Weights of papers: age, place in the byline, kind and source; and what a profile says it rests on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher import match
from matcher.config import MatchConfig
from matcher.encoders.tfidf import TfidfEncoder
from matcher.errors import ConfigError, DataError
from matcher.profiles import build_profiles
from matcher.records import (
    AuthorMention,
    Deadline,
    Paper,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    Reviewer,
    Submission,
    SubmissionId,
    Venue,
)
from matcher.scores import score, score_parts
from matcher.weighting import describe, paper_weights

ANN = PersonId("ann")


def byline(*who: str) -> tuple[AuthorMention, ...]:
    return tuple(AuthorMention(name.title(), PersonId(name)) for name in who)


def paper(name: str, title: str = "sparse networks", **facts: object) -> Paper:
    return Paper(id=PaperId(name), title=title, **facts)  # type: ignore[arg-type]


def venue(*papers: Paper, interests: tuple[str, ...] = (), day: date | None = date(2024, 12, 31)) -> Venue:
    return Venue.of(
        papers=papers,
        people=[Person(ANN, ("Ann",))],
        reviewers=[Reviewer(ANN, tuple(one.id for one in papers), interests=interests)],
        submissions=[Submission(SubmissionId("s"), "robot grasping", "We grasp.", keywords=("soft hands", "touch"))],
        deadline=Deadline(day, "test") if day else None,
    )


def weights(made: Venue, **choices: object) -> list[float]:
    config = MatchConfig(**choices)  # type: ignore[arg-type]
    papers = [made.paper_by_id[one] for one in sorted(made.reviewers[0].paper_ids)]
    return list(paper_weights(made, made.reviewers[0], papers, config))


def test_a_paper_of_one_half_life_counts_half_and_of_two_a_quarter() -> None:
    dated = [PartialDate(2024), PartialDate(2020), PartialDate(2016), PartialDate(2025, 3, 1)]
    made = venue(*(paper(f"p{n}", dates=(day,)) for n, day in enumerate(dated)), paper("undated"))
    # Four years to the day hold one leap day: 1,461 days.
    assert weights(made, recency_half_life=4.0) == pytest.approx([1, 0.5, 0.25, 1, 1], abs=1e-3)
    assert weights(made) == [1, 1, 1, 1, 1]


def test_of_several_dates_the_latest_counts_and_a_year_means_its_last_day() -> None:
    made = venue(paper("p", dates=(PartialDate(2010), PartialDate(2022))))
    assert weights(made, recency_half_life=2.0) == pytest.approx([0.5], abs=1e-3)


def test_the_configuration_s_deadline_comes_before_the_venue_s() -> None:
    made = venue(paper("p", dates=(PartialDate(2022),)))
    assert weights(made, recency_half_life=2.0, deadline=date(2026, 12, 31)) == pytest.approx([0.25], abs=1e-3)


def test_ages_without_a_deadline_are_refused() -> None:
    made = venue(paper("p", dates=(PartialDate(2022),)), day=None)
    with pytest.raises(DataError, match=r"counts years back from the deadline, and there is none .*--deadline"):
        build_profiles(made, TfidfEncoder(), MatchConfig(recency_half_life=5.0))
    build_profiles(made, TfidfEncoder(), MatchConfig())


def test_only_a_known_place_between_first_and_last_is_a_middle_one() -> None:
    made = venue(
        paper("a-first", authors=byline("ann", "bob", "cy")),
        paper("b-middle", authors=byline("bob", "ann", "cy")),
        paper("c-last", authors=byline("bob", "cy", "ann")),
        paper("d-two", authors=byline("bob", "ann")),
        paper("e-unknown", authors=(*byline("bob"), AuthorMention("Ann", None), *byline("cy"))),
        paper("f-nobody"),
    )
    assert weights(made, middle_author_weight=0.5) == [1, 0.5, 1, 1, 1, 1]


def test_weights_of_kind_and_of_source_multiply() -> None:
    made = venue(paper("dblp:1", kind="workshop"), paper("dblp:2"), paper("x", kind="workshop"), paper("y"))
    assert weights(made, source_weights="workshop=0.5, dblp:=0.4") == pytest.approx([0.2, 0.4, 0.5, 1])


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("workshp=0.5", "'workshp' is no kind of work .* did you mean 'workshop'"),
        ("workshop", "'workshop': allowed is NAME=WEIGHT"),
        ("workshop=2", "a weight from 0 to 1"),
        ("dblp:=nan", "a weight from 0 to 1"),
        ("dblp:=much", "a weight from 0 to 1"),
    ],
)
def test_weights_that_cannot_be_read_are_refused(written: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MatchConfig(source_weights=written)


def test_a_weight_of_zero_leaves_a_paper_out_and_others_weigh_its_excess() -> None:
    texts = ("robot arms", "soft hands", "sparse networks")
    made = venue(
        *(paper(f"p{n}", title) for n, title in enumerate(texts)),
        paper("w", "robot grasping we grasp", kind="workshop"),
    )
    config = MatchConfig(encoder="tfidf", source_weights="workshop=0", length_correction=0.0)
    profiles = build_profiles(made, TfidfEncoder(), config)
    assert profiles.papers.ids == ("p0", "p1", "p2")
    assert profiles.sizes().tolist() == [3]
    halved = build_profiles(made, TfidfEncoder(), replace(config, source_weights="workshop=0.5"))
    assert halved.weights.tolist() == [1, 1, 1, 0.5]
    best = replace(config, aggregation="max", source_weights="workshop=0.5", thin_profile=1)
    parts = score_parts(halved, best, made, "s", "ann")
    full = build_profiles(made, TfidfEncoder(), replace(config, source_weights=""))
    whole = score_parts(full, replace(best, source_weights=""), made, "s", "ann")
    assert (parts[0].title, whole[0].title) == ("robot grasping we grasp [counts 50%]", "robot grasping we grasp")
    background = full.encoder.backgrounds[1]
    excess = parts[0].similarity - background  # type: ignore[operator]
    raw = score(halved, best).raw
    assert raw is not None
    assert float(raw[0, 0]) == pytest.approx(full.encoder.background + 0.5 * excess, rel=1e-5)


@given(st.lists(st.integers(1950, 2030), min_size=1, max_size=8), st.floats(0.5, 50))
def test_older_papers_never_count_more(years: list[int], half_life: float) -> None:
    made = venue(*(paper(f"p{n}", dates=(PartialDate(year),)) for n, year in enumerate(years)))
    found = weights(made, recency_half_life=half_life)
    assert all(0 < weight <= 1 for weight in found)
    order = np.argsort(years, kind="stable")
    assert (np.diff(np.array(found)[order]) >= 0).all()


# --- areas and keywords ---------------------------------------------------------------------------------------------


def test_stated_areas_are_one_more_text_and_can_stand_alone() -> None:
    made = venue(interests=("robot grasping", "touch"))
    assert np.isnan(score(build_profiles(made, TfidfEncoder()), MatchConfig()).values).all()
    config = MatchConfig(encoder="tfidf", area_weight=0.5)
    profiles = build_profiles(made, TfidfEncoder(), config)
    assert (profiles.papers.ids, profiles.weights.tolist()) == (("areas of ann",), [0.5])
    assert profiles.abstracts.tolist() == [False]
    assert score(profiles, config).value("s", "ann") is not None
    first = score_parts(profiles, config, made, "s", "ann")[0]
    assert first.title == "robot grasping; touch [stated by the reviewer] [counts 50%]"
    assert first.contribution > 0


def test_keywords_are_read_after_the_abstract_where_that_is_asked_for() -> None:
    made = venue(paper("p", "soft hands"))
    plain = build_profiles(made, TfidfEncoder(), MatchConfig(encoder="tfidf"))
    read = build_profiles(made, TfidfEncoder(), MatchConfig(encoder="tfidf", keywords=True))
    assert score(plain, MatchConfig()).values[0, 0] < score(read, MatchConfig()).values[0, 0]
    without = Submission(SubmissionId("s"), "robot grasping", "We grasp. soft hands, touch")
    written = replace(made, submissions=(without,))
    same = build_profiles(written, TfidfEncoder(), MatchConfig())
    assert (same.submission_vectors != read.submission_vectors).nnz == 0  # type: ignore[union-attr]


# --- what a profile rests on ----------------------------------------------------------------------------------------


def test_a_profile_says_what_it_rests_on_and_what_is_not_known() -> None:
    made = venue(
        paper("a", abstract="We prune.", dates=(PartialDate(2010),), authors=byline("bob", "ann", "cy")),
        paper("b", full_text="words"),
        paper("c", kind="workshop"),
        interests=("pruning",),
    )
    papers = [made.paper_by_id[PaperId(name)] for name in "abc"]
    config = MatchConfig(recency_half_life=5.0, middle_author_weight=0.5, source_weights="workshop=0", area_weight=1.0)
    assert describe(made, made.reviewers[0], papers, config) == (
        "3 papers",
        "2 of them known by title only",
        "1 with full text",
        "areas stated by the reviewer: pruning",
        "2 without a date, which count fully",
        "2 whose byline does not name the reviewer, which count fully",
        "1 counts in part",
        "1 left out by weights of 0",
    )
    assert describe(made, made.reviewers[0], papers[1:2], MatchConfig(full_text_share=0.0)) == (
        "1 paper",
        "all of them known by title only",
    )


def test_a_match_says_which_options_made_its_scores_and_explains_by_them() -> None:
    made = venue(
        paper("a", abstract="We grasp.", dates=(PartialDate(2019),), full_text="robots grasp"),
        paper("b", kind="workshop"),
        interests=("touch",),
    )
    made = replace(made, submissions=(replace(made.submissions[0], full_text="Hands and touch."),))
    config = MatchConfig(
        encoder="tfidf",
        recency_half_life=5.0,
        middle_author_weight=0.5,
        source_weights="workshop=0",
        area_weight=0.5,
        keywords=True,
        full_text_share=0.2,
        reviews_per_submission=1,
    )
    result = match(made, config)
    assert result.scores.method.endswith(
        "half-life 5 years, middle authors 0.5, sources workshop=0, stated areas 0.5, with keywords, full texts 0.2"
    )
    found = result.explain("s", "ann")
    assert found.basis[-1] == "the full text of the submission"
    areas = next(part for part in found.evidence if part.paper_id == "areas of ann")
    assert areas.terms == ()
    assert sum(part.contribution for part in found.evidence) == pytest.approx(found.score)
