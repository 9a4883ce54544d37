from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest

from matcher import MatchConfig, MatchResult, Venue, Verdict, match
from matcher.assignment import build_limits, solve_arrays
from matcher.errors import DataError, UnknownNameError
from matcher.explanation import Standing, explain
from matcher.records import (
    Assignment,
    Conflicts,
    Explanation,
    Index,
    Limits,
    PairStatus,
    PersonId,
    Reviewer,
    ScoreMatrix,
    Submission,
    SubmissionId,
    VenueDefaults,
)
from matcher.records import Person as PersonRecord
from matcher.scores import score
from tests.worlds import World, two_fields

TFIDF = MatchConfig(encoder="tfidf")


# --- every status from a world that has it --------------------------------------------------------------------------


def known_world() -> World:
    """One pair of every kind, all with `pruning-s0` unless said otherwise."""
    world = two_fields(reviewers=4)
    world.fix("pruning-s0", "pruning-r0", "require")
    world.fix("pruning-s0", "pruning-r1", "forbid")
    world.declare("pruning-s0", "tracking-r0", "an old quarrel")
    world.share_paper("pruning-s0", "pruning-r2", "2024-05")
    world.share_paper("pruning-s0", "tracking-r1", None)
    world.change_reviewer("tracking-r2", invitation="declined")
    world.change_reviewer("tracking-r3", paper_ids=())
    return world


KNOWN_CONFIG = replace(TFIDF, min_score=0.15)


@pytest.fixture(scope="module")
def known() -> MatchResult:
    return match(known_world().venue(), KNOWN_CONFIG)


def test_a_required_pair(known: MatchResult) -> None:
    found = known.explain("pruning-s0", "pruning-r0")
    assert (found.status, found.rank, found.eligible) == ("required", 1, 2)
    assert found.reasons[0] == "the chair requires this pair"
    assert found.reasons[1] == f"score {found.score:.3f}, number 1 of 2 who may review it"


def test_an_assigned_pair(known: MatchResult) -> None:
    found = known.explain("pruning-s0", "pruning-r3")
    assert (found.status, found.rank) == ("assigned", 2)
    assert found.reasons == (f"score {found.score:.3f}, number 2 of 2 who may review it",)
    assert found.conflicts == ()


def test_a_forbidden_pair(known: MatchResult) -> None:
    found = known.explain("pruning-s0", "pruning-r1")
    assert (found.status, found.rank) == ("forbidden", None)
    assert found.reasons == ("the chair forbids this pair",)
    assert found.score is not None
    assert found.score > 0.1


def test_a_declared_conflict(known: MatchResult) -> None:
    found = known.explain("pruning-s0", "tracking-r0")
    assert (found.status, found.rank) == ("blocked", None)
    assert found.reasons == (
        "blocked, rule declared: declared: an old quarrel; clears when the declaration is withdrawn",
    )
    assert found.conflicts == known.conflicts.of("pruning-s0", "tracking-r0")


def test_a_joint_paper(known: MatchResult) -> None:
    found = known.explain("pruning-s0", "pruning-r2")
    assert found.status == "blocked"
    (reason,) = found.reasons
    author = known.venue.name_of(PersonId("pruning-s0-author"))
    assert reason.startswith(f"blocked, rule coauthor through {author}: An old friendship (2024-05); clears when")


def test_an_open_question(known: MatchResult) -> None:
    found = known.explain("pruning-s0", "tracking-r1")
    assert found.status == "ask"
    (reason,) = found.reasons
    assert reason.startswith("waits for a decision, rule coauthor through ")
    assert "An old friendship (no date)" in reason


def test_a_pair_below_the_floor(known: MatchResult) -> None:
    found = known.explain("pruning-s1", "tracking-r0")
    assert (found.status, found.rank) == ("below_floor", None)
    assert found.score == pytest.approx(0.0332, abs=1e-4)
    assert found.reasons == ("the score 0.033 is below the floor",)


def test_a_reviewer_who_is_not_there(known: MatchResult) -> None:
    for submission_id in ("pruning-s0", "tracking-s0"):
        found = known.explain(submission_id, "tracking-r2")
        assert (found.status, found.rank) == ("unavailable", None)
        assert found.reasons == ("this reviewer declined, retired, or has a load of 0",)


def test_a_last_resort_that_is_not_needed(known: MatchResult) -> None:
    found = known.explain("tracking-s0", "tracking-r3")
    assert (found.status, found.rank, found.score, found.evidence) == ("unscored", None, None, ())
    assert found.reasons == ("there are no publications to judge their expertise by; a last resort, not needed here",)


def test_a_last_resort_that_is_needed() -> None:
    world = two_fields(reviewers=2)
    world.change_reviewer("pruning-r1", paper_ids=())
    result = match(world.venue(), KNOWN_CONFIG)
    found = result.explain("pruning-s0", "pruning-r1")
    assert (found.status, found.score) == ("last_resort", None)
    assert found.reasons == (
        "a last resort: no reviewer with publications was left for this review, and this one has none to judge by",
    )


def test_a_reviewer_without_papers_who_is_left_out() -> None:
    found = match(known_world().venue(), replace(KNOWN_CONFIG, unscored="exclude")).explain(
        "tracking-s0", "tracking-r3"
    )
    assert (found.status, found.rank) == ("unscored", None)
    assert found.reasons == ("there are no publications to judge their expertise by, and such reviewers are left out",)


def test_an_eligible_pair_that_was_not_chosen(known: MatchResult) -> None:
    chosen = [pair.reviewer_id for pair in known.assignment.pairs if pair.submission_id == "pruning-s1"]
    (left,) = {"pruning-r0", "pruning-r1", "pruning-r2", "pruning-r3"} - set(chosen) - {"pruning-r0"}
    found = known.explain("pruning-s1", left)
    assert found.status == "eligible"
    assert found.reasons[0] == f"score {found.score:.3f}, number {found.rank} of 4 who may review it"
    names = ", ".join(
        f"{known.venue.name_of(pair.reviewer_id)} ({pair.score:.2f})"
        for pair in known.assignment.pairs
        if pair.submission_id == "pruning-s1"
    )
    assert f"assigned instead: {names}" in found.reasons
    assert found.reasons[-1].startswith("requiring this pair would lower the total by at least 0.")


def test_a_full_reviewer_is_shown_with_what_fills_them() -> None:
    world = two_fields(reviewers=3, submissions=3)
    world.defaults = VenueDefaults(1, 1, 0)
    result = match(world.venue(), replace(TFIDF, min_score=0.15))
    seen = 0
    for submission_id in result.scores.submissions:
        for reviewer_id in result.scores.reviewers:
            found = result.explain(submission_id, reviewer_id)
            if found.status == "eligible":
                (held,) = (pair for pair in result.assignment.pairs if pair.reviewer_id == reviewer_id)
                name = result.venue.name_of(reviewer_id)
                assert f"{name} is full, with 1 of 1: {held.submission_id} ({held.score:.2f})" in found.reasons
                seen += 1
    assert seen == 12  # in both fields, three of the nine pairs are assigned


def test_several_conflicts_of_one_pair_are_all_reasons() -> None:
    world = two_fields()
    world.declare("pruning-s0", "pruning-r0")
    world.share_paper("pruning-s0", "pruning-r0", None)
    found = match(world.venue(), TFIDF).explain("pruning-s0", "pruning-r0")
    assert found.status == "blocked"
    assert [reason.split(",")[0] for reason in found.reasons] == ["waits for a decision", "blocked"]


def test_a_submission_that_is_not_active_is_not_explained(known: MatchResult) -> None:
    world = two_fields()
    world.change_submission("pruning-s0", status="withdrawn")
    with pytest.raises(DataError, match="submission 'pruning-s0' is withdrawn: it gets no reviewers"):
        match(world.venue(), TFIDF).explain("pruning-s0", "pruning-r0")
    with pytest.raises(UnknownNameError):
        known.explain("pruning-s0", "pruning-s0-author")


# --- the score, its rank and its parts ------------------------------------------------------------------------------

SHAPES = [
    MatchConfig(encoder="tfidf", aggregation="top_k", top_k=1),
    MatchConfig(encoder="tfidf", aggregation="top_k", top_k=3),
    MatchConfig(encoder="tfidf", aggregation="top_k", top_k=5, thin_profile=9),
    MatchConfig(encoder="tfidf", aggregation="top_k", top_k=20, thin_profile=0),
    MatchConfig(encoder="tfidf", aggregation="max"),
    MatchConfig(encoder="tfidf", aggregation="mean"),
    MatchConfig(encoder="tfidf", aggregation="best_share", best_share=0.25),
    MatchConfig(encoder="tfidf", aggregation="best_share", best_share=1, thin_profile=12),
]


def all_pairs(result: MatchResult) -> list[Explanation]:
    return [
        result.explain(submission_id, reviewer_id)
        for submission_id in result.scores.submissions
        for reviewer_id in result.scores.reviewers
    ]


@pytest.mark.parametrize("config", SHAPES, ids=lambda config: f"{config.aggregation}-{config.thin_profile}")
def test_the_parts_of_every_score_of_the_sample_sum_to_it(sample_result: MatchResult, config: MatchConfig) -> None:
    scores = score(sample_result.profiles, config)
    result = replace(sample_result, scores=scores, config=config)
    positive = 0
    for found in all_pairs(result):
        assert found.score == scores.value(found.submission_id, found.reviewer_id)
        assert sum(part.contribution for part in found.evidence) == pytest.approx(found.score, abs=1e-6)
        assert found.score is not None
        positive += found.score > 0
    assert positive > 30


def test_the_parts_sum_for_the_same_text(sample: Venue) -> None:
    """A reviewer whose only paper is the submission itself: the score is near 1, never more."""
    world = two_fields(reviewers=2, papers=1)
    paper = world.papers["pruning-r0-p0"]
    submission = world.submissions["pruning-s0"]
    world.papers["pruning-r0-p0"] = replace(paper, title=submission.title, abstract=submission.abstract)
    result = match(world.venue(), replace(TFIDF, thin_profile=0, top_k=1))
    found = result.explain("pruning-s0", "pruning-r0")
    assert found.score is not None
    assert 0.95 < found.score <= 1
    assert sum(part.contribution for part in found.evidence) == pytest.approx(found.score, abs=1e-6)
    assert found.evidence[0].similarity == pytest.approx(1, abs=1e-6)
    assert sample.papers


def test_parts_are_listed_with_titles_largest_first(sample_result: MatchResult) -> None:
    titles = {paper.id: paper.title for paper in sample_result.venue.papers}
    for found in all_pairs(sample_result):
        papers = [part for part in found.evidence if part.paper_id is not None]
        assert [part.title for part in papers] == [titles[part.paper_id] for part in papers if part.paper_id]
        contributions = [part.contribution for part in papers]
        assert contributions == sorted(contributions, reverse=True)
        owned = set(sample_result.venue.reviewer(found.reviewer_id).paper_ids)
        assert {part.paper_id for part in papers} <= owned


def test_the_rank_counts_those_who_may_review(sample_result: MatchResult) -> None:
    scores, conflicts = sample_result.scores, sample_result.conflicts
    for found in all_pairs(sample_result):
        may = [
            (-(scores.value(found.submission_id, reviewer_id) or 0.0), reviewer_id)
            for reviewer_id in scores.reviewers
            if conflicts.verdict(found.submission_id, reviewer_id) is Verdict.CLEAR
        ]
        assert found.eligible == len(may)
        mine = (-(found.score or 0.0), found.reviewer_id)
        assert found.rank == (sorted(may).index(mine) + 1 if mine in may else None)


# --- who would be next ----------------------------------------------------------------------------------------------


def check_alternatives(result: MatchResult) -> int:
    """Recount from the answer itself; returns how many alternatives were offered."""
    loads = {who: sum(pair.reviewer_id == who for pair in result.assignment.pairs) for who in result.scores.reviewers}
    most = dict(zip(result.scores.reviewers, result.limits.max_load.tolist(), strict=True))
    held = {(pair.submission_id, pair.reviewer_id) for pair in result.assignment.pairs}
    offered = 0
    for found in all_pairs(result):
        row = result.scores.submissions.position(found.submission_id)
        expected = [
            (-float(result.scores.values[row, column]), reviewer_id)
            for column, reviewer_id in enumerate(result.scores.reviewers)
            if result.limits.status[row, column] == PairStatus.ELIGIBLE
            and result.conflicts.verdict(found.submission_id, reviewer_id) is Verdict.CLEAR
            and loads[reviewer_id] < most[reviewer_id]
            and (found.submission_id, reviewer_id) not in held
        ]
        assert [other.reviewer_id for other in found.alternatives] == [who for _, who in sorted(expected)[:3]]
        for other in found.alternatives:
            assert other.name == result.venue.name_of(other.reviewer_id)
            assert other.score == result.scores.value(found.submission_id, other.reviewer_id)
            assert (other.load, other.max_load) == (loads[other.reviewer_id], most[other.reviewer_id])
        offered += len(found.alternatives)
    return offered


def test_alternatives_are_never_in_conflict_nor_full_nor_assigned(
    sample_result: MatchResult, sample_config: MatchConfig, known: MatchResult
) -> None:
    assert check_alternatives(sample_result) > 500
    assert check_alternatives(known) > 0
    tight = match(sample_result.venue, replace(sample_config, max_load=3, allow_partial=True))
    assert check_alternatives(tight) > 0


# --- what requiring a pair would cost -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scored:
    """A venue of bare scores, solved."""

    venue: Venue
    scores: ScoreMatrix
    limits: Limits
    assignment: Assignment

    @classmethod
    def of(
        cls,
        values: np.ndarray,
        *,
        wanted: int,
        max_load: int,
        min_load: int = 0,
        blocked: float = 0.0,
        status: np.ndarray | None = None,
    ) -> Scored:
        """Solve; NaN columns are last resorts, and a share of the other pairs, drawn from the scores, is blocked."""
        rows = [SubmissionId(f"s{row}") for row in range(values.shape[0])]
        columns = [PersonId(f"r{column}") for column in range(values.shape[1])]
        venue = Venue.of(
            people=[PersonRecord(who, (str(who),)) for who in columns],
            reviewers=[Reviewer(who) for who in columns],
            submissions=[Submission(name, name) for name in rows],
        )
        array = values.astype(np.float32)
        scores = ScoreMatrix(Index(rows), Index(columns), array, array, "given")
        config = MatchConfig(reviews_per_submission=wanted, max_load=max_load, min_load=min_load)
        limits = build_limits(venue, config, scores, Conflicts(()))
        drawn = (np.nan_to_num(values) * 997 % 1 < blocked) & limits.eligible
        limits = replace(
            limits, status=np.where(drawn, np.uint8(PairStatus.BLOCKED), limits.status) if status is None else status
        )
        return cls(venue, scores, limits, solve_arrays(scores, limits, objective="max-total", seed=0))

    def requiring(self, row: int, column: int) -> Assignment:
        """Solve again with one more required pair."""
        status = self.limits.status.copy()
        status[row, column] = PairStatus.REQUIRED
        return solve_arrays(self.scores, replace(self.limits, status=status), objective="max-total", seed=0)

    def explain(self, row: int, column: int) -> Explanation:
        return explain(
            self.venue,
            self.scores,
            Conflicts(()),
            self.limits,
            self.assignment,
            self.scores.submissions.ids[row],
            self.scores.reviewers.ids[column],
            parts=(),
        )


AT_LEAST = re.compile(
    r"requiring this pair would lower the total by at least (\d+\.\d{4}), if all limits can still be met"
)


def resorts(assignment: Assignment) -> int:
    return sum("last_resort" in pair.marks for pair in assignment.pairs)


def check_losses(world: Scored) -> Counter[str]:
    """Really require every eligible pair that is not assigned, and compare with what the explanation says."""
    seen: Counter[str] = Counter()
    held = {(pair.submission_id, pair.reviewer_id) for pair in world.assignment.pairs}
    for row, column in np.argwhere(world.limits.eligible).tolist():
        if (world.scores.submissions.ids[row], world.scores.reviewers.ids[column]) in held:
            continue
        reasons = [reason for reason in world.explain(row, column).reasons if reason.startswith("requiring")]
        if not reasons:
            seen["unsaid"] += 1
            continue
        said = AT_LEAST.fullmatch(reasons[0])
        assert said is not None
        assert len(reasons) == 1
        required = world.requiring(row, column)
        if required.is_complete and resorts(required) <= resorts(world.assignment):
            loss = world.assignment.objective - required.objective
            assert 0 < float(said[1]) <= loss + 1e-6
            seen["bounded"] += 1
            seen["tight"] += loss - float(said[1]) < 2e-4
        else:
            seen["limits broken"] += 1
    return seen


@pytest.mark.parametrize("seed", range(5))
def test_requiring_a_pair_costs_at_least_what_is_said(seed: int) -> None:
    values = np.random.default_rng(seed).random((5, 6))
    for max_load in (2, 3, 5):
        seen = check_losses(Scored.of(values, wanted=2, max_load=max_load, blocked=0.2))
        assert seen["bounded"] > 5


def test_where_everybody_has_room_the_bound_is_the_loss() -> None:
    """Prices are 0 then, and the least loss is that of the one reviewer who makes way."""
    seen = check_losses(Scored.of(np.random.default_rng(0).random((5, 6)), wanted=2, max_load=5))
    assert seen == {"bounded": 20, "tight": 20}


@pytest.mark.parametrize(("max_load", "min_load", "has_last_resort"), [(2, 1, True), (3, 2, False), (3, 2, True)])
def test_under_tight_limits_every_claim_is_true(max_load: int, min_load: int, has_last_resort: bool) -> None:
    seen: Counter[str] = Counter()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        values = rng.random((5, 5))
        blocked = rng.random((5, 5)) < 0.35
        status = np.where(blocked, PairStatus.BLOCKED, PairStatus.ELIGIBLE).astype(np.uint8)
        if has_last_resort:
            values[:, 4] = math.nan
            status[:, 4] = PairStatus.LAST_RESORT
        world = Scored.of(values, wanted=2, max_load=max_load, min_load=min_load, status=status)
        seen += check_losses(world)
        for reason in (
            each for row, column in np.argwhere(world.limits.eligible) for each in world.explain(row, column).reasons
        ):
            said = AT_LEAST.fullmatch(reason)
            assert said is None or float(said[1]) < 5  # never the price of a broken limit
    assert min(seen["bounded"], seen["tight"], seen["limits broken"], seen["unsaid"]) > 0


def test_every_claim_about_the_sample_is_true(sample_result: MatchResult) -> None:
    world = Scored(sample_result.venue, sample_result.scores, sample_result.limits, sample_result.assignment)
    seen = check_losses(world)
    assert seen["bounded"] > 50
    assert seen["tight"] > 20


def claims(world: Scored) -> list[str]:
    return [
        reason
        for row, column in np.argwhere(world.limits.eligible).tolist()
        for reason in world.explain(row, column).reasons
        if reason.startswith("requiring")
    ]


def test_a_loss_that_only_a_broken_limit_costs_is_not_claimed() -> None:
    world = Scored.of(np.random.default_rng(0).random((4, 5)), wanted=2, max_load=4)
    assert len(claims(world)) == 12
    certificate = world.assignment.certificate
    assert certificate is not None
    cheap = replace(world.assignment, certificate=replace(certificate, underload=1e-9))
    assert claims(replace(world, assignment=cheap)) == []


def test_where_the_chair_requires_everybody_no_price_is_claimed() -> None:
    values = np.random.default_rng(0).random((2, 3))
    status = np.full((2, 3), PairStatus.ELIGIBLE, dtype=np.uint8)
    status[0, :2] = PairStatus.REQUIRED
    world = Scored.of(values, wanted=2, max_load=2, status=status)
    assert [reason for reason in world.explain(0, 2).reasons if reason.startswith("requiring")] == []
    assert len(claims(world)) == 1


def test_where_reviews_are_missing_no_price_is_claimed() -> None:
    world = Scored.of(np.random.default_rng(0).random((4, 3)), wanted=3, max_load=3)
    assert world.assignment.shortfalls
    assert claims(world) == []


def test_the_percentile_is_the_share_of_lower_scores_and_the_evidence_is_counted(sample_result: MatchResult) -> None:
    values = sample_result.scores.values
    scored = values[~np.isnan(values)]
    for found in all_pairs(sample_result):
        assert found.score is not None
        assert found.percentile == pytest.approx(100 * float((scored < np.float32(found.score)).mean()), abs=0.5)
        assert found.papers == len(sample_result.venue.reviewer(found.reviewer_id).paper_ids)


def test_an_explanation_says_where_it_stands_and_which_terms_are_shared(known: MatchResult) -> None:
    found = known.explain("pruning-s0", "pruning-r0")
    assert found.basis == ("3 papers", "all of them known by title only")
    assert known.explain("pruning-s0", "tracking-r3").standing == ""
    assert found.standing.startswith(f"above {found.percentile:g} % of all scored pairs of the venue; rests on ")
    papers = [part for part in found.evidence if part.paper_id is not None]
    assert any(part.terms for part in papers)
    submission = known.venue.submission("pruning-s0")
    for part in papers:
        assert part.paper_id is not None
        text = known.venue.paper_by_id[part.paper_id].text.casefold()
        assert all(word in text and word in submission.text.casefold() for term in part.terms for word in term.split())
    assert all(not part.terms for part in found.evidence if part.paper_id is None)
    shown = str(found)
    assert found.standing in shown
    assert f"(shared: {', '.join(papers[0].terms)})" in shown


def test_without_a_score_there_is_no_percentile() -> None:
    world = Scored.of(np.full((1, 2), np.nan), wanted=1, max_load=1)
    standing = Standing.of(world.assignment, world.scores)
    assert standing.percentile(None) is None
    assert standing.percentile(0.5) is None
