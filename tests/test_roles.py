"""Rounds of roles: chairs, seniors over them, reviewers, ethics; each with what the rounds before decided."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from matcher import MatchConfig, MatchResult, match
from matcher.cli import app
from matcher.errors import DataError, UnknownNameError
from matcher.records import FixedPair, PersonId, RoleLoad, SubmissionId, Venue
from matcher.roles import Seat, cast, seats_of, units_over
from tests.test_rounds import call
from tests.worlds import World, two_fields, write_folder

CONFIG = MatchConfig(encoder="tfidf", min_load=0, max_load=6, reviews_per_submission=2)


def world() -> World:
    """Six people a field; the first two of each may be area chairs, the first of each a senior, the last for ethics."""
    found = two_fields(reviewers=6, submissions=3)
    for name in list(found.reviewers):
        number = int(name[-1])
        roles = []
        if number in (0, 1, 2):
            roles.append(RoleLoad("area chair", 4, 1 if number == 1 else 0))
        if number in (0, 3):
            roles.append(RoleLoad("Senior_Area-Chair", 3))
        if number == 5:
            roles.append(RoleLoad("ethics", 2))
        found.change_reviewer(name, roles=tuple(roles))
    found.change_submission("pruning-s0", attributes={"ethics": ["yes"]})
    found.change_submission("tracking-s0", attributes={"ethics": "no"})
    return found


def chairs(venue: Venue, **changes: Any) -> MatchResult:
    config = replace(CONFIG, role="area_chair", **changes)
    return match(cast(venue, "area_chair", max_load=6), config)


def seats(result: MatchResult, role: str) -> tuple[Seat, ...]:
    return seats_of(result.venue, result.assignment, role)


def test_a_round_takes_the_loads_of_its_role_and_one_person_a_submission() -> None:
    result = chairs(world().venue())
    found = seats(result, "area_chair")
    assert len(found) == 6
    assert {seat.person_id[-1] for seat in found} <= {"0", "1", "2"}
    assert all(count <= 4 for count in Counter(seat.person_id for seat in found).values())
    assert {"pruning-r1", "tracking-r1"} <= {seat.person_id for seat in found}, "their minimum load is 1"
    assert result.verify() == ()
    two = match(cast(world().venue(), "AREA CHAIR", max_load=6, wanted=2), CONFIG)
    assert len(two.assignment.pairs) == 12


def test_one_person_has_one_role_on_a_submission() -> None:
    venue = world().venue()
    taken = seats(chairs(venue), "area_chair")
    again = cast(venue, "reviewer", seats=taken, max_load=6)
    result = match(again, CONFIG)
    pairs = {(pair.submission_id, pair.reviewer_id) for pair in result.assignment.pairs}
    assert not pairs & {(seat.submission_id, seat.person_id) for seat in taken}
    assert len(pairs) == 12
    assert cast(venue, "reviewer", seats=taken, max_load=6).reviewers == venue.reviewers
    same = cast(venue, "area-chair", seats=taken, max_load=6)
    assert same.fixed == (), "the same role in another round is no second role"


def test_a_required_pair_with_another_role_is_refused() -> None:
    venue = world().venue()
    seat = seats(chairs(venue), "area_chair")[0]
    fixed = replace(venue, fixed=(FixedPair(seat.submission_id, seat.person_id, "require"),))
    with pytest.raises(DataError, match=r"is required, and there they are area_chair already"):
        cast(fixed, "reviewer", seats=[seat], max_load=6)
    stranger = Seat(SubmissionId("elsewhere"), PersonId("nobody"), "area_chair")
    assert cast(venue, "reviewer", seats=[stranger], max_load=6).fixed == ()


def test_a_total_over_all_roles_is_what_is_left() -> None:
    found = world()
    found.change_reviewer("pruning-r0", max_load=5, min_load=4, roles=(RoleLoad("area chair", 4), RoleLoad("total", 3)))
    found.change_reviewer("pruning-r1", roles=(RoleLoad("total", 1),))
    venue = found.venue()
    here = [Seat(SubmissionId(f"pruning-s{n}"), PersonId("pruning-r0"), "area chair") for n in range(2)]
    left = cast(venue, "reviewer", seats=here, max_load=6)
    assert (left.reviewer("pruning-r0").max_load, left.reviewer("pruning-r0").min_load) == (1, 1)
    assert left.reviewer("pruning-r1").max_load == 1
    assert left.reviewer("pruning-r2").max_load is None


def test_only_submissions_with_an_attribute_want_the_role() -> None:
    venue = world().venue()
    result = match(cast(venue, "ethics", max_load=6, only=("ethics", "Yes")), CONFIG)
    assert [(pair.submission_id, pair.reviewer_id[-1]) for pair in result.assignment.pairs] == [("pruning-s0", "5")]
    with pytest.raises(UnknownNameError, match="attribute of submissions 'ethic', did you mean 'ethics'"):
        cast(venue, "ethics", max_load=6, only=("ethic", "yes"))
    with pytest.raises(UnknownNameError, match=r"unknown role 'chair'.*known: .*area chair.*reviewer"):
        cast(venue, "chair", max_load=6)


def test_a_conflict_of_a_senior_binds_every_submission_of_their_area_chairs() -> None:
    """pruning-r3 declared one conflict; the chair of that submission, with all of theirs, goes to somebody else."""
    found = world()
    found.declare("pruning-s1", "pruning-r3", "advisor")
    venue = found.venue()
    below = tuple(Seat(SubmissionId(f"pruning-s{n}"), PersonId("pruning-r1"), "area_chair") for n in range(3))
    below += tuple(Seat(SubmissionId(f"tracking-s{n}"), PersonId("tracking-r0"), "area_chair") for n in range(3))
    units = cast(units_over(venue, below), "senior area chair", seats=below, max_load=6)
    result = match(units, replace(CONFIG, role="senior area chair"))
    assert result.verify() == ()
    above = {pair.submission_id: pair.reviewer_id for pair in result.assignment.pairs}
    assert sorted(above) == ["pruning-r1", "tracking-r0"]
    assert above[SubmissionId("pruning-r1")] != "pruning-r3"
    assert above[SubmissionId("tracking-r0")] != "tracking-r0", "nobody is above themselves"
    assert {conflict.reviewer_id for conflict in result.conflicts.items} >= {"pruning-r3"}
    expanded = seats(result, "senior area chair")
    assert len(expanded) == 6
    assert {seat.person_id for seat in expanded if seat.submission_id.startswith("pruning")} == {
        above[SubmissionId("pruning-r1")]
    }
    reviewers = cast(venue, "reviewer", seats=[*below, *expanded], max_load=6)
    assert len(reviewers.fixed) == 12


def test_authors_of_any_submission_below_are_authors_of_the_unit() -> None:
    found = world()
    venue = found.venue()
    below = [Seat(SubmissionId(name), PersonId("pruning-r1"), "x") for name in ("pruning-s0", "pruning-s1")]
    below.append(Seat(SubmissionId("gone"), PersonId("pruning-r1"), "x"))
    (unit,) = units_over(venue, below).submissions
    assert [mention.person_id for mention in unit.authors] == ["pruning-s0-author", "pruning-s1-author"]
    assert unit.attributes["submissions"] == ["pruning-s0", "pruning-s1"]
    assert venue.submission("pruning-s1").title in unit.abstract


def test_rounds_by_command(tmp_path: Path) -> None:
    folder = write_folder(world(), tmp_path / "venue")
    common = ("--encoder", "tfidf", "--quiet", "--max-load", 6)
    call("match", folder, "--role", "area_chair", "--out", tmp_path / "chairs", *common)
    call(
        "match",
        folder,
        "--role",
        "senior area chair",
        "--over",
        tmp_path / "chairs",
        "--out",
        tmp_path / "seniors",
        *common,
    )
    runs = ("--with", tmp_path / "chairs", "--with", tmp_path / "seniors")
    told = json.loads(call("match", folder, *runs, "--out", tmp_path / "reviewers", "--json", *common))
    assert told["violations"] == 0
    assert MatchResult.load(tmp_path / "chairs").config.role == "area_chair"
    where: dict[tuple[str, str], set[str]] = {}
    for name in ("chairs", "seniors", "reviewers"):
        result = MatchResult.load(tmp_path / name)
        for seat in seats(result, name):
            where.setdefault((seat.submission_id, seat.person_id), set()).add(name)
    assert all(len(roles) == 1 for roles in where.values())
    told = call("match", folder, "--role", "ethics", "--only", "ethics=yes", "--dry-run", *common)
    assert "1 of 1 review" in told
    done = CliRunner().invoke(app, ["match", str(folder), "--only", "ethics", "--dry-run"])
    assert done.exit_code == 2
