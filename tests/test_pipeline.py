from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from matcher import MatchConfig, MatchResult, Venue, find_conflicts, load_venue, match, pipeline
from matcher.assignment import assign
from matcher.config import settings
from matcher.errors import (
    ConfigError,
    DataError,
    InfeasibleError,
    MatcherError,
    UnknownNameError,
    VerificationError,
)
from matcher.export import write_assignment_csv
from matcher.records import (
    Assignment,
    Conflicts,
    Deadline,
    EncoderInfo,
    Pair,
    PersonId,
    Progress,
    SubmissionId,
    Vectors,
    VenueDefaults,
    Verdict,
)
from tests.conftest import SAMPLE
from tests.worlds import field_of, two_fields

TFIDF = MatchConfig(encoder="tfidf")


class UnusedEncoder:
    """Fails the test when any text is embedded."""

    info = EncoderInfo("unused", "", "0" * 64, 1, (0.0, 0.0, 0.0))

    def fit(self, texts: Sequence[str]) -> UnusedEncoder:
        pytest.fail(f"{len(texts)} texts would be learned from")

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        pytest.fail(f"{len(texts)} texts would be embedded, {progress} told")


# --- a world whose answer is known ----------------------------------------------------------------------------------


LEVEL_OF_CHANCE = 0.083
"""Published score of papers at background level."""


def test_only_pairs_of_one_field_are_assigned() -> None:
    result = match(two_fields().venue(), TFIDF)
    pairs = [(pair.submission_id, pair.reviewer_id) for pair in result.assignment.pairs]
    assert len(pairs) == 2 * 2 * 2  # fields, submissions, reviews
    assert all(field_of(submission_id) == field_of(reviewer_id) for submission_id, reviewer_id in pairs)
    assert result.conflicts.items == ()
    for row, submission_id in enumerate(result.scores.submissions):
        for column, reviewer_id in enumerate(result.scores.reviewers):
            is_sensible = field_of(submission_id) == field_of(reviewer_id)
            assert (result.scores.values[row, column] > 0.1) == is_sensible
            assert is_sensible or result.scores.values[row, column] < LEVEL_OF_CHANCE


def test_planted_conflicts_leave_the_only_other_reviewers() -> None:
    world = two_fields(reviewers=4, submissions=1)
    world.declare("pruning-s0", "pruning-r0")
    world.share_paper("pruning-s0", "pruning-r3", "2024-05")
    world.share_paper("tracking-s0", "tracking-r1", None)  # nobody knows when
    world.fix("tracking-s0", "tracking-r2", "forbid")
    world.share_paper("tracking-s0", "tracking-r0", "2015")  # long ago
    result = match(world.venue(), TFIDF)
    assert [(pair.submission_id, pair.reviewer_id) for pair in result.assignment.pairs] == [
        ("pruning-s0", "pruning-r1"),
        ("pruning-s0", "pruning-r2"),
        ("tracking-s0", "tracking-r0"),
        ("tracking-s0", "tracking-r3"),
    ]
    assert result.conflicts.pairs(Verdict.BLOCK) == (("pruning-s0", "pruning-r0"), ("pruning-s0", "pruning-r3"))
    assert result.conflicts.pairs(Verdict.ASK) == (("tracking-s0", "tracking-r1"),)
    assert result.question_price.pairs == 1


def test_the_answer_is_the_best_of_all(sample_result: MatchResult) -> None:
    """In one field without conflicts and with room for all, everybody gets their best reviewers."""
    result = match(two_fields(reviewers=5, submissions=3).venue(), replace(TFIDF, max_load=6))
    best = np.sort(result.scores.values, axis=1)[:, -2:]
    assert result.assignment.objective == pytest.approx(best.sum(), abs=1e-6)
    assert result.assignment.bound == pytest.approx(result.assignment.objective, abs=1e-6)
    fair = sample_result.assignment
    assert fair.goal is not None
    assert fair.goal.value == pytest.approx(fair.goal.bound, abs=1e-6)
    assert fair.bound is not None
    assert fair.objective <= fair.bound + 1e-5  # of the totals without a floor


def test_a_submission_that_is_withdrawn_gets_nobody_and_still_counts_for_conflicts() -> None:
    world = two_fields()
    world.share_paper("pruning-s0", "pruning-r0", "2024")
    world.change_submission("pruning-s0", status="withdrawn")
    result = match(world.venue(), TFIDF)
    assert "pruning-s0" not in result.scores.submissions
    assert {pair.submission_id for pair in result.assignment.pairs} == {"pruning-s1", "tracking-s0", "tracking-s1"}
    assert result.conflicts.pairs(Verdict.BLOCK) == (("pruning-s0", "pruning-r0"),)


# --- the sample -----------------------------------------------------------------------------------------------------


def test_the_sample_in_numbers(sample_result: MatchResult) -> None:
    conflicts, assignment, limits = sample_result.conflicts, sample_result.assignment, sample_result.limits
    assert sample_result.scores.values.shape == (19, 26)
    assert len(conflicts.pairs(Verdict.BLOCK)) == 254
    assert len(conflicts.pairs(Verdict.ASK)) == 29
    assert limits.wanted.tolist() == [3] * 19
    assert limits.max_load.tolist() == [5] * 26
    assert limits.min_load.tolist() == [1] * 26
    assert len(assignment.pairs) == int(limits.wanted.sum()) == 57
    assert assignment.is_complete
    eligible = limits.eligible.sum(axis=1)
    assert (eligible.min(), eligible.max()) == (7, 25)
    assert int(limits.eligible.sum()) == 19 * 26 - 254 - 29
    assert not np.isnan(sample_result.scores.values).any()
    assert sample_result.verify() == ()


def test_no_pair_of_the_sample_is_in_conflict(sample_result: MatchResult) -> None:
    mask = sample_result.conflicts.mask(sample_result.scores.submissions, sample_result.scores.reviewers)
    assert int(mask.sum()) == 254 + 29
    for pair in sample_result.assignment.pairs:
        assert sample_result.conflicts.verdict(pair.submission_id, pair.reviewer_id) is Verdict.CLEAR


def test_a_maximum_load_of_3_is_too_little_for_the_sample(sample: Venue, sample_config: MatchConfig) -> None:
    """Capacity is 78 for 57 reviews, but seven people cannot give what the four hardest submissions want."""
    config = replace(sample_config, max_load=3)
    with pytest.raises(InfeasibleError) as caught:
        match(sample, config)
    error = caught.value
    assert error.exit_code == 3
    assert error.underloads == ()
    assert sum(short.wanted - short.got for short in error.shortfalls) == 9
    assert all(short.wanted == 3 and 0 <= short.got < 3 for short in error.shortfalls)
    for short in error.shortfalls:
        assert "of 26 reviewers" in short.reason
        assert "at their maximum load" in short.reason
        assert any(remedy.startswith("raise the maximum load of a full reviewer") for remedy in short.remedies)

    partial = match(sample, replace(config, allow_partial=True))
    assert [(short.wanted, short.got) for short in partial.assignment.shortfalls] == [(3, 2)] * 9, "shared"
    assert partial.infeasibility
    assert error.explanations[0].need - error.explanations[0].can > 0
    assert len(partial.assignment.pairs) == 57 - 9
    assert int(partial.limits.wanted.sum()) == 57
    assert int(partial.limits.max_load.sum()) == 78
    assert partial.verify() == ()
    loads = [sum(pair.reviewer_id == who for pair in partial.assignment.pairs) for who in partial.scores.reviewers]
    assert max(loads) == 3
    assert min(loads) >= 1


def test_no_assignment_fills_more_of_the_sample_at_a_maximum_load_of_3(
    sample: Venue, sample_config: MatchConfig
) -> None:
    """A second way: the most reviews that eligibility and loads allow is a maximum flow."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    partial = match(sample, replace(sample_config, max_load=3, allow_partial=True))
    rows, columns = np.nonzero(partial.limits.eligible)
    source, sink = 0, 1 + 19 + 26
    tails = np.concatenate([np.zeros(19, int), 1 + rows, 20 + np.arange(26)])
    heads = np.concatenate([1 + np.arange(19), 20 + columns, np.full(26, sink)])
    capacity = np.concatenate([np.full(19, 3), np.ones(len(rows), int), np.full(26, 3)])
    network = csr_array((capacity.astype(np.int32), (tails, heads)), shape=(sink + 1, sink + 1))
    assert maximum_flow(network, source, sink).flow_value == len(partial.assignment.pairs)


def lines_shuffled(source: Path, target: Path, seed: int) -> Path:
    shutil.copytree(source, target)
    for file in sorted(target.glob("*.jsonl")):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        shuffled = random.Random(seed).sample(lines, len(lines))
        assert shuffled != lines
        file.write_text("".join(shuffled), encoding="utf-8")
    return target


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_lines_changes_nothing(
    sample_result: MatchResult, sample_config: MatchConfig, saved_sample: Path, tmp_path: Path, seed: int
) -> None:
    venue = load_venue(lines_shuffled(SAMPLE, tmp_path / "shuffled", seed))
    assert venue.digest == sample_result.venue.digest
    result = match(venue, sample_config)
    write_assignment_csv(tmp_path / "assignment.csv", result.assignment)
    assert (tmp_path / "assignment.csv").read_bytes() == (saved_sample / "assignment.csv").read_bytes()


# --- configuration --------------------------------------------------------------------------------------------------


def test_demand_and_loads_are_settled_by_the_venue() -> None:
    venue = two_fields().venue()
    result = match(venue, TFIDF)
    config = result.config
    assert (config.reviews_per_submission, config.max_load, config.min_load) == (2, 3, 0)
    assert config == TFIDF.settled(venue.defaults)
    assert set(result.origin) == {setting.name for setting in settings()}
    assert result.origin["encoder"] == "caller"
    assert result.origin["seed"] == "default"


def test_the_origin_that_a_caller_knows_is_kept() -> None:
    origin = {setting.name: "flag" for setting in settings()}
    assert match(two_fields().venue(), TFIDF, origin=origin).origin == origin


def test_with_config_gives_a_second_choice(sample_result: MatchResult) -> None:
    other = sample_result.with_config(max_load=4)
    assert other == replace(sample_result.config, max_load=4)
    with pytest.raises(ConfigError):
        sample_result.with_config(max_load=-1)


def test_a_window_needs_a_deadline_and_todays_date_is_never_taken() -> None:
    world = two_fields()
    world.share_paper("pruning-s0", "pruning-r0", "2024")
    world.deadline = None
    with pytest.raises(DataError, match="there is no deadline"):
        match(world.venue(), TFIDF, encoder=UnusedEncoder())
    result = match(world.venue(), replace(TFIDF, deadline=date(2030, 1, 1)))
    assert result.conflicts.items == ()
    for config in (replace(TFIDF, deadline=date(2024, 10, 1)), replace(TFIDF, coauthor_window_months=None)):
        assert len(match(world.venue(), config).conflicts.items) == 1


def test_the_configurations_deadline_replaces_the_venues() -> None:
    world = two_fields()
    world.share_paper("pruning-s0", "pruning-r0", "2024")
    assert isinstance(world.deadline, Deadline)
    assert find_conflicts(world.venue(), TFIDF).items
    assert not find_conflicts(world.venue(), replace(TFIDF, deadline=date(2030, 1, 1))).items


# --- what stops a match ---------------------------------------------------------------------------------------------


def test_more_demand_than_capacity_stops_before_any_text_is_embedded() -> None:
    world = two_fields()
    world.defaults = VenueDefaults(3, 1, 0)  # 12 reviews wanted of 6
    with pytest.raises(InfeasibleError, match="4 submissions want 12 reviews, 6 reviewers can give 6"):
        match(world.venue(), TFIDF, encoder=UnusedEncoder())
    partial = match(world.venue(), replace(TFIDF, allow_partial=True))
    assert len(partial.assignment.pairs) == 6
    assert sum(short.wanted - short.got for short in partial.assignment.shortfalls) == 6


def test_a_submission_whose_every_reviewer_is_in_conflict_is_a_shortfall_with_its_reason() -> None:
    world = two_fields()
    for reviewer_id in world.reviewers:
        world.declare("pruning-s0", reviewer_id)
    with pytest.raises(InfeasibleError) as caught:
        match(world.venue(), TFIDF)
    (short,) = caught.value.shortfalls
    assert (short.submission_id, short.wanted, short.got) == ("pruning-s0", 2, 0)
    assert short.reason == "of 6 reviewers 6 are in conflict, 0 may review it"
    partial = match(world.venue(), replace(TFIDF, allow_partial=True))
    assert len(partial.assignment.pairs) == 6
    assert partial.assignment.shortfalls == (short,)


@pytest.mark.parametrize(
    ("missing", "error", "message"),
    [
        ("submissions", DataError, "there is no active submission"),
        ("active submissions", DataError, "there is no active submission"),
        ("reviewers", InfeasibleError, "4 submissions want 8 reviews, 0 reviewers can give 0"),
        ("both", DataError, "there is no active submission"),
    ],
)
def test_a_venue_without_submissions_or_reviewers_is_refused(
    missing: str, error: type[MatcherError], message: str
) -> None:
    world = two_fields()
    if missing == "active submissions":
        for submission_id in world.submissions:
            world.change_submission(submission_id, status="withdrawn")
    if missing in ("submissions", "both"):
        world.submissions.clear()
    if missing in ("reviewers", "both"):
        world.reviewers.clear()
    with pytest.raises(error, match=message):
        match(world.venue(), TFIDF)


def test_an_answer_that_breaks_a_rule_is_never_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    world = two_fields()
    world.declare("pruning-s0", "pruning-r0")

    def wrong(*args: object, **kwargs: object) -> Assignment:
        answer: Assignment = assign(*args, **kwargs)  # type: ignore[arg-type]
        first = replace(answer.pairs[0], reviewer_id=PersonId("pruning-r0"))
        return replace(answer, pairs=(first, *answer.pairs[1:]))

    monkeypatch.setattr(pipeline, "assign", wrong)
    with pytest.raises(VerificationError) as caught:
        match(world.venue(), TFIDF)
    assert "conflict" in {violation.rule for violation in caught.value.violations}


# --- the result -----------------------------------------------------------------------------------------------------


def test_every_stage_is_told_and_timed() -> None:
    told: list[str] = []
    result = match(two_fields().venue(), TFIDF, progress=lambda stage, *_: told.append(stage))
    assert list(dict.fromkeys(told)) == ["embed", "score", "solve"]
    assert list(result.times) == ["conflicts", "profiles", "scores", "assignment", "verify"]


def test_unknown_ids_are_answered_with_the_closest(sample_result: MatchResult) -> None:
    with pytest.raises(UnknownNameError, match="unknown submission 'alphaprunning', did you mean 'alphapruning'"):
        sample_result.explain("alphaprunning", "xia-hu")
    with pytest.raises(UnknownNameError, match="unknown reviewer 'xia-hou', did you mean 'xia-hu'"):
        sample_result.explain("alphapruning", "xia-hou")


def test_all_assigned_pairs_are_explained(sample_result: MatchResult) -> None:
    explained = sample_result.explain_assigned()
    assert list(explained) == [(pair.submission_id, pair.reviewer_id) for pair in sample_result.assignment.pairs]
    assert {explanation.status for explanation in explained.values()} == {"assigned"}


def test_the_check_reads_the_conflicts_themselves(sample_result: MatchResult) -> None:
    """A result whose conflicts were found to be more than the assignment knew does not pass."""
    pair = sample_result.assignment.pairs[0]
    template = sample_result.conflicts.items[0]
    new = replace(template, submission_id=pair.submission_id, reviewer_id=pair.reviewer_id)
    changed = replace(sample_result, conflicts=Conflicts((*sample_result.conflicts.items, new)))
    assert [violation.rule for violation in changed.verify()] == ["conflict"]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda pairs: pairs[1:], "demand"),
        (lambda pairs: (*pairs, pairs[0]), "duplicate"),
        (lambda pairs: (replace(pairs[0], score=0.9), *pairs[1:]), "score"),
        (lambda pairs: (Pair(SubmissionId("x"), PersonId("y"), 0.5), *pairs[1:]), "unknown"),
    ],
)
def test_a_changed_answer_does_not_pass(
    sample_result: MatchResult, change: Callable[[tuple[Pair, ...]], tuple[Pair, ...]], rule: str
) -> None:
    assignment = sample_result.assignment
    changed = replace(sample_result, assignment=replace(assignment, pairs=change(assignment.pairs)))
    assert rule in {violation.rule for violation in changed.verify()}
