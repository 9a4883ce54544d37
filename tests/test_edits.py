"""Edits by hand: what they do, what they may not do, and that an edited match passes the same check."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from matcher import MatchConfig, match
from matcher.cli import app
from matcher.comparison import Side, figures
from matcher.edits import Edit, Workbench
from matcher.errors import EditError, UnknownNameError
from matcher.pipeline import MatchResult
from matcher.records import Constraint, FixedPair, PairStatus, PersonId, SubmissionId
from tests.worlds import two_fields


@pytest.fixture(scope="module")
def result() -> MatchResult:
    """Two fields of three reviewers and two submissions each; two reviews wanted, three at most."""
    config = MatchConfig(encoder="tfidf", reviews_per_submission=2, max_load=3, objective="max-total")
    return match(two_fields(reviewers=3, submissions=2).venue(), config)


def side(result: MatchResult) -> Side:
    return Side(config=result.config, scores=result.scores, limits=result.limits, assignment=result.assignment)


def free_place(result: MatchResult) -> tuple[str, str, str]:
    """A submission, one of its reviewers, and somebody with room who may take the place."""
    loads = dict.fromkeys(result.scores.reviewers.ids, 0)
    for pair in result.assignment.pairs:
        loads[pair.reviewer_id] += 1
    taken = {(pair.submission_id, pair.reviewer_id) for pair in result.assignment.pairs}
    for pair in result.assignment.pairs:
        row = result.scores.submissions.position(pair.submission_id)
        for column, other in enumerate(result.scores.reviewers.ids):
            if (
                result.limits.status[row, column] == PairStatus.ELIGIBLE
                and (pair.submission_id, other) not in taken
                and loads[other] < result.limits.max_load[column]
            ):
                return pair.submission_id, pair.reviewer_id, other
    raise AssertionError("this world has no room")


def test_a_swap_says_what_it_does_and_its_figures_are_those_of_the_edited_match(result: MatchResult) -> None:
    submission, old, new = free_place(result)
    swap = [Edit("remove", submission, old), Edit("add", submission, new)]
    bench = Workbench(result)
    effect = bench.effect(swap)
    assert (effect.removed, effect.added, effect.refused) == (((submission, old),), ((submission, new),), ())
    edited = bench.apply(swap, source="run abc")
    assert edited.verify() == ()
    assert {(each.submission_id, each.reviewer_id) for each in edited.assignment.pairs} == {
        (each.submission_id, each.reviewer_id) for each in result.assignment.pairs
    } - {(submission, old)} | {(submission, new)}
    before, after = figures(side(result)), figures(side(edited))
    for name, values in effect.figures.items():
        assert values == pytest.approx((before[name], after[name])), name
    (one,) = effect.submissions
    assert (one.reviews, one.wanted, set(one.reviewers)) == (
        (2, 2),
        2,
        {each.reviewer_id for each in edited.assignment.pairs if each.submission_id == submission},
    )
    assert {each.reviewer_id: each.load[1] - each.load[0] for each in effect.reviewers} == {old: -1, new: 1}
    assert edited.origin["assignment"] == "run abc, edited by hand: 1 added, 1 removed"
    assert edited.assignment.bound is not None
    assert edited.assignment.objective <= edited.assignment.bound + 1e-6
    assert result.assignment.solver != edited.assignment.solver == "edited by hand"


def test_what_is_done_and_undone_is_nothing(result: MatchResult) -> None:
    submission, old, new = free_place(result)
    there = [Edit("remove", submission, old), Edit("add", submission, new)]
    back = [Edit("remove", submission, new), Edit("add", submission, old)]
    effect = Workbench(result).effect([*there, *back])
    assert (effect.added, effect.removed, effect.refused, effect.submissions) == ((), (), (), ())
    assert all(before == pytest.approx(after) for before, after in effect.figures.values())


def test_an_edited_match_is_saved_and_read_again(result: MatchResult, tmp_path: Path) -> None:
    submission, old, new = free_place(result)
    edited = Workbench(result).apply([Edit("remove", submission, old), Edit("add", submission, new)])
    again = MatchResult.load(edited.save(tmp_path / "edited"))
    assert (again.assignment, again.origin, again.verify()) == (edited.assignment, edited.origin, ())
    further = Workbench(again).apply([Edit("remove", submission, new), Edit("add", submission, old)])
    assert further.assignment.pairs == result.assignment.pairs


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (PairStatus.ASK, "question"),
        (PairStatus.FORBIDDEN, "forbidden by hand"),
        (PairStatus.BELOW_FLOOR, "floor"),
        (PairStatus.UNSCORED, "no known publications"),
        (PairStatus.UNAVAILABLE, "declined, retired"),
        (PairStatus.REFUSED, "bid refuses"),
        (PairStatus.NOT_AGAIN, "earlier version"),
        (PairStatus.RULED_OUT, "rule over attributes"),
        (PairStatus.DECLINED, "declined this submission"),
    ],
)
def test_no_edit_makes_a_pair_of_what_may_not_be_one(result: MatchResult, status: PairStatus, words: str) -> None:
    submission, old, new = free_place(result)
    changed = result.limits.status.copy()
    place = result.scores.submissions.position(submission), result.scores.reviewers.position(new)
    changed[place] = status
    bench = Workbench(replace(result, limits=replace(result.limits, status=changed)))
    edits = [Edit("remove", submission, old), Edit("add", submission, new)]
    (refusal,) = bench.effect(edits, may_exceed=True).refused
    assert (refusal.rule, refusal.edit) == ("ineligible", edits[1])
    assert words in refusal.detail
    assert refusal.remedy
    with pytest.raises(EditError, match=words):
        bench.apply(edits, may_exceed=True)


def test_a_conflict_is_refused_with_its_evidence() -> None:
    world = two_fields(reviewers=3, submissions=2)
    author = world.reviewers["pruning-r0"].person_id
    first = world.submissions["pruning-s0"]
    mention = world.papers["pruning-r0-p0"].authors[0]
    world.submissions["pruning-s0"] = replace(first, authors=(*first.authors, mention))
    result = match(world.venue(), MatchConfig(encoder="tfidf", reviews_per_submission=1, max_load=3))
    (refusal,) = Workbench(result).effect([Edit("add", first.id, author)], may_exceed=True).refused
    assert refusal.rule == "conflict"
    assert refusal.detail.startswith("'pruning-s0', 'pruning-r0': author: ")


def test_loads_and_demands_are_exceeded_only_where_the_chair_says_so(result: MatchResult) -> None:
    submission = result.scores.submissions.ids[0]
    row = result.scores.submissions.position(submission)
    taken = {each.reviewer_id for each in result.assignment.pairs if each.submission_id == submission}
    loads = {who: sum(each.reviewer_id == who for each in result.assignment.pairs) for who in taken}
    third = next(
        who
        for column, who in enumerate(result.scores.reviewers.ids)
        if who not in taken and result.limits.status[row, column] == PairStatus.ELIGIBLE
    )
    bench = Workbench(result)
    extra = [Edit("add", submission, third)]
    (refusal,) = bench.effect(extra).refused
    assert refusal.rule in ("demand", "load")
    effect = bench.effect(extra, may_exceed=True)
    assert (effect.refused, effect.submissions[0].reviews) == ((), (2, 3))
    edited = bench.apply(extra, may_exceed=True)
    assert (edited.verify(), edited.limits.wanted[row]) == ((), 3)
    limits = replace(result.limits, max_load=np.array([loads.get(who, 0) for who in result.scores.reviewers.ids]))
    full = Workbench(replace(result, limits=limits))
    freed = [Edit("remove", submission, min(taken)), *extra]
    assert [each.rule for each in full.effect(freed).refused] == ["load"]


def test_what_the_chair_required_stays_and_what_is_not_there_cannot_go() -> None:
    world = two_fields()
    world.fixed.append(FixedPair(SubmissionId("pruning-s0"), PersonId("pruning-r2"), "require"))
    result = match(world.venue(), MatchConfig(encoder="tfidf"))
    bench = Workbench(result)
    other = next(each.reviewer_id for each in result.assignment.pairs if each.submission_id == "pruning-s1")
    edits = [
        Edit("remove", "pruning-s0", "pruning-r2"),
        Edit("add", "pruning-s1", other),
        Edit("remove", "pruning-s1", other),
        Edit("remove", "pruning-s1", other),
    ]
    assert [(each.rule, each.edit) for each in bench.effect(edits).refused] == [
        ("required", edits[0]),
        ("assigned", edits[1]),
        ("absent", edits[3]),
    ]
    with pytest.raises(EditError, match="required by hand; take it out"):
        bench.complete(edits)


def test_one_reviewer_without_publications_at_most() -> None:
    world = two_fields(reviewers=3, submissions=1)
    for name in ("pruning-r1", "pruning-r2"):
        world.reviewers[name] = replace(world.reviewers[name], paper_ids=())
    result = match(world.venue(), MatchConfig(encoder="tfidf", reviews_per_submission=2))
    row = result.scores.submissions.position("pruning-s0")
    spare = [who for who, at in zip(result.scores.reviewers.ids, result.limits.status[row], strict=True) if at == 1]
    assert spare == ["pruning-r1", "pruning-r2"]
    bench = Workbench(result)
    has = [each.reviewer_id for each in result.assignment.pairs if each.submission_id == "pruning-s0"]
    edits = [Edit("remove", "pruning-s0", who) for who in has] + [Edit("add", "pruning-s0", who) for who in spare]
    assert [each.rule for each in bench.effect(edits).refused] == ["last_resort"]
    (only,) = (who for who in spare if who not in has) if set(spare) & set(has) else spare[:1]
    swap = [Edit("remove", "pruning-s0", who) for who in has] + [Edit("add", "pruning-s0", only)]
    completed = [*swap, *bench.complete(swap)]
    edited = bench.apply(completed)
    assert (edited.verify(), only in {each.reviewer_id for each in edited.assignment.pairs}) == ((), True)


def test_a_rule_between_pairs_that_edits_would_break_is_named() -> None:
    world = two_fields(reviewers=3, submissions=1)
    both = world.papers["pruning-r0-p0"]
    world.papers[both.id] = replace(both, authors=(*both.authors, *world.papers["pruning-r1-p0"].authors))
    rules = (Constraint("people", "apart", attribute="coauthors"),)
    result = match(world.venue(), MatchConfig(encoder="tfidf", reviews_per_submission=2, constraints=rules))
    has = {each.reviewer_id for each in result.assignment.pairs if each.submission_id == "pruning-s0"}
    assert not {"pruning-r0", "pruning-r1"} <= has
    wanted = {"pruning-r0", "pruning-r1"}
    edits = [Edit("remove", "pruning-s0", who) for who in sorted(has - wanted)]
    edits += [Edit("add", "pruning-s0", who) for who in sorted(wanted - has)]
    bench = Workbench(result)
    (refusal,) = bench.effect(edits).refused
    assert (refusal.edit, refusal.rule) == (None, "constraint")
    assert refusal.detail == "people: 'pruning-s0' has both 'pruning-r0' and 'pruning-r1'"
    with pytest.raises(EditError, match="has both"):
        bench.apply(edits)
    assert bench.effect(edits[:1]).refused == ()


def test_completing_fills_the_gap_and_keeps_the_edits(result: MatchResult) -> None:
    submission, old, _ = free_place(result)
    bench = Workbench(result)
    removal = [Edit("remove", submission, old)]
    assert bench.effect(removal).figures["missing reviews"] == (0.0, 1.0)
    further = bench.complete(removal)
    effect = bench.effect([*removal, *further])
    assert (effect.refused, effect.figures["missing reviews"]) == ((), (0.0, 0.0))
    assert (submission, old) not in effect.added
    assert (submission, old) in effect.removed
    assert bench.apply([*removal, *further]).assignment.is_complete


def test_a_gap_that_nobody_can_fill_is_left_and_said(result: MatchResult) -> None:
    submission, old, _ = free_place(result)
    edited = Workbench(result).apply([Edit("remove", submission, old)])
    (short,) = edited.assignment.shortfalls
    assert (short.submission_id, short.wanted, short.got, edited.verify()) == (submission, 2, 1, ())


def test_unknown_names_are_named(result: MatchResult) -> None:
    with pytest.raises(UnknownNameError, match="pruning-s9"):
        Workbench(result).effect([Edit("add", "pruning-s9", "pruning-r0")])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_edits_that_are_taken_make_a_match_that_passes_the_check(result: MatchResult, data: st.DataObject) -> None:
    pairs = st.tuples(st.sampled_from(result.scores.submissions.ids), st.sampled_from(result.scores.reviewers.ids))
    drawn = data.draw(st.lists(st.tuples(st.sampled_from(("add", "remove")), pairs), max_size=12))
    exceed = data.draw(st.booleans())
    bench = Workbench(result)
    edits: list[Edit] = []
    there = {(each.submission_id, each.reviewer_id) for each in result.assignment.pairs}
    for action, pair in drawn:
        edit = Edit("add" if action == "add" else "remove", *pair)
        if not bench.effect([*edits, edit], may_exceed=exceed).refused:
            edits.append(edit)
            there = there | {pair} if action == "add" else there - {pair}
    edited = bench.apply(edits, may_exceed=exceed)
    assert {(each.submission_id, each.reviewer_id) for each in edited.assignment.pairs} == there
    assert edited.verify() == ()
    before, after = figures(side(result)), figures(side(edited))
    effect = bench.effect(edits, may_exceed=exceed)
    names = ("total", "largest load") if exceed else tuple(effect.figures)
    assert {name: effect.figures[name] for name in names} == {
        name: pytest.approx((before[name], after[name])) for name in names
    }


def test_by_command(run_folder: Path, tmp_path: Path) -> None:
    result = MatchResult.load(run_folder)
    submission, old, new = free_place(result)
    runner = CliRunner()
    swap = ["edit", str(run_folder), "--remove", f"{submission},{old}", "--add", f"{submission},{new}"]
    shown = runner.invoke(app, swap)
    assert shown.exit_code == 0, shown.output
    assert "nothing is written" in shown.output
    assert f"gone {submission}" in shown.output
    out = tmp_path / "edited"
    told = runner.invoke(app, [*swap, "--out", str(out), "--json"])
    assert told.exit_code == 0, told.output
    plain = json.loads(told.output)
    assert (plain["removed"], plain["added"], plain["run"]) == ([[submission, old]], [[submission, new]], str(out))
    edited = MatchResult.load(out)
    assert edited.verify() == ()
    digest = json.loads((run_folder / "manifest.json").read_text(encoding="utf-8"))["digest"]
    assert edited.origin["assignment"] == f"run {digest[:12]}, edited by hand: 1 added, 1 removed"
    filled = runner.invoke(app, ["edit", str(run_folder), "--remove", f"{submission},{old}", "--complete"])
    assert filled.exit_code == 0, filled.output
    assert "new " in filled.output
    refused = runner.invoke(app, ["edit", str(run_folder), "--remove", f"{submission},{new}"])
    assert (refused.exit_code, "not assigned" in str(refused.exception)) == (1, True)
    for words in (["edit", str(run_folder)], ["edit", str(run_folder), "--add", submission]):
        assert runner.invoke(app, words).exit_code == 2


def test_leave_to_exceed_is_given_to_one_edit_only(result: MatchResult) -> None:
    taken = {(each.submission_id, each.reviewer_id) for each in result.assignment.pairs}
    free = [
        (name, who)
        for row, name in enumerate(result.scores.submissions.ids)
        for column, who in enumerate(result.scores.reviewers.ids)
        if (name, who) not in taken and result.limits.status[row, column] == PairStatus.ELIGIBLE
    ]
    first = free[0]
    second = next(pair for pair in free if pair[0] != first[0])
    edits = [Edit("add", *first, may_exceed=True), Edit("add", *second)]
    effect = Workbench(result).effect(edits)
    assert effect.added == (first,)
    assert [each.edit for each in effect.refused] == [edits[1]]
