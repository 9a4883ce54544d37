"""Pools: one submission against waiting reviewers, by the functions of a whole match."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from matcher import MatchConfig, MatchResult, Venue
from matcher.conflicts import Finder, find_conflicts
from matcher.encoders import make_encoder
from matcher.errors import DataError, RunError
from matcher.records import (
    AuthorMention,
    PartialDate,
    Person,
    PersonId,
    Profiles,
    ScoreMatrix,
    Submission,
    SubmissionId,
)
from matcher.runs import load_part, save_part
from matcher.standing_pool import Pool, build_pool, check_people, first_to_invite, open_pool, rank
from tests.worlds import two_fields

CONFIG = MatchConfig(encoder="tfidf")


@pytest.fixture(scope="module")
def pool(sample: Venue) -> Pool:
    return build_pool(sample, CONFIG, make_encoder(CONFIG))


def test_a_newcomer_has_the_conflicts_that_it_would_have_in_the_venue(sample: Venue) -> None:
    """Each submission of the sample as if it were new to the rest, against all conflicts found together."""
    whole = find_conflicts(sample, CONFIG)
    for submission in sample.submissions:
        rest = sample.with_submissions([each for each in sample.submissions if each.id != submission.id])
        found = Finder(rest, CONFIG).of_newcomer(submission).items
        wanted = [each for each in whole.items if each.submission_id == submission.id]
        assert [(each.reviewer_id, each.rule, each.verdict) for each in found] == [
            (each.reviewer_id, each.rule, each.verdict) for each in wanted
        ]


def test_a_common_name_is_asked_about() -> None:
    """Two people of one name whom only coauthors tell apart: a newcomer of that name may be either."""
    world = two_fields()
    venue = world.venue()
    name = venue.people[0].name
    twin = Person(id=PersonId("twin"), names=(name,))
    both = Venue.of(
        papers=venue.papers,
        people=[*venue.people, twin],
        reviewers=venue.reviewers,
        submissions=venue.submissions,
        deadline=venue.deadline,
    )
    asked = Submission(id=SubmissionId("new"), title="T", authors=(AuthorMention(name=name),))
    found = Finder(both, CONFIG).of_newcomer(asked)
    assert {each.verdict.value for each in found.items} <= {"ask"}
    one = Finder(venue, CONFIG).of_newcomer(asked)
    assert any(each.rule == "author" and each.reviewer_id == venue.people[0].id for each in one.items)


def test_the_scores_are_those_of_the_match(pool: Pool, sample: Venue, sample_result: MatchResult) -> None:
    submission = sample.submissions[0]
    found = rank(pool, replace(submission, id=SubmissionId("new")), count=100, with_barred=True)
    assert {each.reviewer_id: each.score for each in found} == {
        who: sample_result.scores.value(submission.id, who) for who in sample_result.scores.reviewers
    }
    for each in found:
        assert sum(part.contribution for part in each.evidence) == pytest.approx(each.score or 0.0, abs=1e-6)
    expected = np.cumsum([each.accepts if each.may_review else 0.0 for each in found])
    assert [each.expected for each in found] == pytest.approx(expected.tolist())


def test_whom_to_invite_is_the_fewest_of_whom_enough_are_expected(pool: Pool, sample: Venue) -> None:
    submission = replace(sample.submissions[0], id=SubmissionId("new"))
    found = rank(pool, submission, count=100, with_barred=True)  # who was never asked accepts one time in two
    may = [each for each in found if each.may_review]
    assert 4 <= len(may) < len(found)
    assert first_to_invite(found, 1) == tuple(may[:2])
    assert first_to_invite(found, 2) == tuple(may[:4])
    assert first_to_invite(found, 50) == tuple(may)
    assert first_to_invite((), 1) == ()


def test_loads_of_elsewhere_count(pool: Pool, sample: Venue) -> None:
    submission = replace(sample.submissions[0], id=SubmissionId("new"), authors=())
    first = rank(pool, submission, count=1)[0]
    most = first.max_load or 0
    again = rank(pool, submission, count=100, loads={first.reviewer_id: most}, with_barred=True)
    assert next(each for each in again if each.reviewer_id == first.reviewer_id).reasons == (
        f"has {most} of {most} submissions",
    )


def test_whoever_was_asked_a_short_time_ago_is_left_in_peace(pool: Pool, sample: Venue) -> None:
    submission = replace(sample.submissions[0], id=SubmissionId("new"), authors=())
    first = rank(pool, submission, count=1)[0].reviewer_id
    assert rank(pool, submission, today=date(2025, 1, 31), rest_days=30)[0].reviewer_id == first  # nobody says when

    def reasons(day: PartialDate, rest_days: int) -> tuple[str, ...]:
        asked = [replace(each, last_invited=day) if each.person_id == first else each for each in sample.reviewers]
        other = replace(pool, venue=replace(sample, reviewers=tuple(asked)))
        found = rank(other, submission, count=100, today=date(2025, 1, 31), rest_days=rest_days, with_barred=True)
        one = next(each for each in found if each.reviewer_id == first)
        assert one.last_invited == day
        return one.reasons

    assert reasons(PartialDate(2025, 1, 1), 30) == ()
    assert reasons(PartialDate(2025, 1, 1), 31) == ("was last invited 2025-01-01, less than 31 days ago",)
    assert reasons(PartialDate(2025, 1), 1) == ("was last invited 2025-01, less than 1 days ago",)
    assert reasons(PartialDate(2025), 0) == ()
    with pytest.raises(DataError, match="days of rest need the day"):
        rank(pool, submission, rest_days=1)


def test_evidence_names_the_terms_that_the_match_names(pool: Pool, sample: Venue, sample_result: MatchResult) -> None:
    submission = sample.submissions[0]
    found = rank(pool, replace(submission, id=SubmissionId("new")), count=3)
    assert any(part.terms for each in found for part in each.evidence)
    for each in found:
        wanted = {one.paper_id: one.terms for one in sample_result.explain(submission.id, each.reviewer_id).evidence}
        assert all(part.terms == wanted[part.paper_id] for part in each.evidence if part.paper_id is not None)


def test_profiles_that_were_kept_open_the_same_pool(pool: Pool, sample: Venue, tmp_path: Path) -> None:
    folder = tmp_path / "part"
    save_part(pool.profiles, folder)
    save_part(pool.profiles, folder)  # there already
    part = load_part(folder)
    assert isinstance(part, Profiles)
    other = open_pool(sample, CONFIG, make_encoder(CONFIG), part)
    submission = replace(sample.submissions[0], id=SubmissionId("new"))
    assert rank(other, submission) == rank(pool, submission)
    changed = replace(part, encoder=replace(part.encoder, digest="other"))
    with pytest.raises(RunError, match="another encoder"):
        open_pool(sample, CONFIG, make_encoder(CONFIG), changed)


def test_questions_that_mean_nothing(pool: Pool, sample: Venue) -> None:
    with pytest.raises(DataError, match="in the venue already"):
        rank(pool, sample.submissions[0])
    with pytest.raises(DataError, match="neither a title nor an abstract"):
        rank(pool, Submission(id=SubmissionId("new"), title=" "))


def test_people_from_outside_are_looked_at_as_reviewers(sample: Venue) -> None:
    author = next(each for each in sample.submissions[0].authors if each.person_id)
    person = Person(id=PersonId("outside"), names=("Somebody Outside",))
    found = check_people(sample, CONFIG, [sample.submissions[0]], [person])
    assert found.items == ()
    own = check_people(sample, CONFIG, [sample.submissions[0]], [sample.person_by_id[PersonId(str(author.person_id))]])
    assert "author" in {each.rule for each in own.items}


def test_parts_of_a_match_are_kept_and_read_back(sample_result: MatchResult, tmp_path: Path) -> None:
    place = tmp_path
    for name in ("conflicts", "scores", "profiles"):
        part = getattr(sample_result, name)
        save_part(part, place / name)
        again = load_part(place / name)
        if name == "conflicts":
            assert again == part
        elif isinstance(again, ScoreMatrix):
            np.testing.assert_array_equal(again.values, part.values)
            assert again.method == part.method
    assert load_part(place / "none") is None
    (place / "scores" / "part.json").write_text('{"format": 1}')
    with pytest.raises(RunError, match="layout 1"):
        load_part(place / "scores")
    (place / "profiles" / "part.json").write_text("{")
    with pytest.raises(RunError, match="cannot be read"):
        load_part(place / "profiles")
