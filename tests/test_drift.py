"""What a conference system holds now against the run that was handed to it: by construction, by format, by command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from matcher import MatchConfig, match
from matcher.cli import app
from matcher.drift import Barred, OverLoad, Short, find_drift
from matcher.errors import DataError, UnknownNameError
from matcher.ingest.formats import rows_of
from matcher.ingest.formats.current import read_current
from matcher.ingest.formats.write import write_tables
from matcher.pipeline import MatchResult
from matcher.records import DeclaredConflict, ExistingAssignment, PairStatus, PersonId, SubmissionId
from tests.worlds import two_fields

TFIDF = MatchConfig(encoder="tfidf")


def mail(reviewer: str) -> str:
    return f"{reviewer}@example.org"


@pytest.fixture(scope="module")
def result() -> MatchResult:
    """Two fields; reviewers have addresses, one pair is a declared conflict."""
    world = two_fields()
    world.people = {key: replace(person, emails=(mail(key),)) for key, person in world.people.items()}
    world.declared.append(DeclaredConflict(SubmissionId("pruning-s0"), PersonId("tracking-r0"), "friends"))
    return match(world.venue(), TFIDF)


@pytest.fixture(scope="module")
def run(result: MatchResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return result.save(tmp_path_factory.mktemp("runs") / "first")


def ours(result: MatchResult) -> list[tuple[str, str]]:
    return [(pair.submission_id, pair.reviewer_id) for pair in result.assignment.pairs]


def folder_of(result: MatchResult, folder: Path) -> Path:
    """The venue of a match as a folder that can be added to."""
    write_tables(folder, rows_of(result.venue), {})
    facts = 'deadline = "2024-10-01"\nreviews_per_submission = 2\nmax_load = 3\nmin_load = 0\n'
    (folder / "venue.toml").write_text(facts)
    return folder


def assigned(submission: str, reviewer: str, **more: Any) -> ExistingAssignment:
    return ExistingAssignment(SubmissionId(submission), PersonId(reviewer), **more)


def test_nothing_differs_from_itself(result: MatchResult) -> None:
    found = find_drift(result.scores, result.limits, result.assignment, [assigned(*pair) for pair in ours(result)], {})
    assert list(found.kept) == sorted(ours(result))
    assert (found.added, found.removed, found.declined, found.barred, found.over, found.short) == (
        (),
        (),
        (),
        (),
        (),
        (),
    )
    assert found.now == found.ours == pytest.approx(result.assignment.objective)


def test_every_kind_of_change_is_told_apart(result: MatchResult) -> None:
    pairs = ours(result)
    gone, refused, *stay = pairs
    by_hand = ("pruning-s0", "tracking-r0")
    assert by_hand not in pairs
    busy = PersonId(stay[-1][1])
    carried = sum(reviewer == busy for _, reviewer in stay)
    most = int(result.limits.max_load[result.scores.reviewers.position(busy)])
    state = [
        *(assigned(*pair) for pair in stay),
        assigned(*by_hand, state="accepted"),
        assigned(*refused, state="declined"),
        assigned(*gone, role="area chair"),
    ]
    found = find_drift(result.scores, result.limits, result.assignment, state, {busy: carried - 1})
    assert list(found.kept) == sorted(stay)
    assert (found.added, found.removed, found.declined) == ((by_hand,), (gone,), (refused,))
    assert found.barred == (Barred(SubmissionId(by_hand[0]), PersonId(by_hand[1]), PairStatus.BLOCKED),)
    assert OverLoad(busy, carried, carried - 1) in found.over
    assert found.maximums == {busy: (most, carried - 1)}
    assert found.other_roles == 1
    served = {name: sum(pair[0] == name for pair in [*stay, by_hand]) for name in result.scores.submissions.ids}
    assert found.short == tuple(Short(name, 2, has) for name, has in sorted(served.items()) if has < 2)
    scores = [result.scores.value(*pair) or 0.0 for pair in [*stay, by_hand]]
    assert found.now == pytest.approx(sum(scores))


def test_a_pair_of_a_withdrawn_submission_may_not_be(result: MatchResult) -> None:
    rows = [each for each in result.scores.submissions.ids if each != "pruning-s0"]
    assert len(rows) == len(result.scores.submissions.ids) - 1
    world = two_fields()
    world.change_submission("pruning-s0", status="withdrawn")
    other = match(world.venue(), TFIDF)
    found = find_drift(other.scores, other.limits, other.assignment, [assigned("pruning-s0", "pruning-r0")], {})
    assert found.barred == (Barred(SubmissionId("pruning-s0"), PersonId("pruning-r0"), None),)
    assert found.now == 0


def files_of(name: str, pairs: list[tuple[str, str]], refused: tuple[str, str], folder: Path) -> list[Path]:
    """The same state as each system would give it: the pairs, and one that was declined where the system says so."""
    submission, reviewer = refused
    if name == "hotcrp":
        lines = ["paper,action,email,round,title", *(f"{s},clearreview,#pc,any,T" for s, _ in pairs)]
        lines += [f"{s},pcreview,{mail(r)},," for s, r in pairs] + [f"{submission},declined,{mail(reviewer)},,"]
        text, path = "\n".join(lines), folder / "pcassignments.csv"
    elif name == "openreview":
        edges: list[dict[str, Any]] = [
            {"invitation": "V/Reviewers/-/Assignment", "head": s, "tail": r} for s, r in pairs
        ]
        edges.append(
            {
                "invitation": "V/Reviewers/-/Invite_Assignment",
                "head": submission,
                "tail": reviewer,
                "label": "Declined: no time",
            }
        )
        edges.append({"invitation": "V/-/Custom_Max_Papers", "head": "V/Reviewers", "tail": reviewer, "weight": 1})
        text, path = json.dumps({"edges": edges}), folder / "edges.json"
    elif name == "cmt":
        users = "".join(f'<submission submissionId="{s}"><user email="{mail(r)}"/></submission>' for s, r in pairs)
        quota = folder / "Reviewers.txt"
        quota.write_text(f"First Name\tLast Name\tEmail\tQuota\nA\tB\t{mail(reviewer)}\t1\n", encoding="utf-8")
        (folder / "assignments.xml").write_text(f"<assignments>{users}</assignments>", encoding="utf-8")
        return [folder / "assignments.xml", quota]
    elif name == "easychair":
        lines = ["submission #,person #,member name,email", *(f"{s},,N,{mail(r)}" for s, r in pairs)]
        text, path = "\n".join(lines), folder / "assignments.csv"
    else:
        lines = ["submission_id,reviewer_id,score,state", *(f"{s},{r},0.5,accepted" for s, r in pairs)]
        text, path = "\n".join([*lines, f"{submission},{reviewer},,declined"]), folder / "assignment.csv"
    path.write_text(text + "\n", encoding="utf-8")
    return [path]


@pytest.mark.parametrize("name", ["hotcrp", "openreview", "cmt", "easychair", "csv"])
def test_every_system_is_read_in_the_ids_of_the_run(result: MatchResult, tmp_path: Path, name: str) -> None:
    refused, *stay = ours(result)
    current = read_current(name, files_of(name, stay, refused, tmp_path), result.venue)
    assert current.unknown == ()
    standing = {(one.submission_id, one.reviewer_id) for one in current.assignments if one.state != "declined"}
    assert standing == set(stay)
    declined = [(one.submission_id, one.reviewer_id) for one in current.assignments if one.state == "declined"]
    assert declined == ([refused] if name in ("hotcrp", "openreview", "csv") else [])
    assert current.loads == ({refused[1]: 1} if name in ("openreview", "cmt") else {})
    for tally in current.collected.files:
        assert tally.read == tally.accepted + tally.rejected + tally.left_out.total()


def test_what_the_run_does_not_know_is_named_with_its_line(result: MatchResult, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("submission_id,reviewer_id\npruning-s0,nobody\npruning-s9,pruning-r0\npruning-s0,pruning-r0\n")
    current = read_current("csv", [path], result.venue)
    assert current.unknown == (
        "assignments: a.csv:2: reviewer_id 'nobody' stands nowhere",
        "assignments: a.csv:3: submission_id 'pruning-s9' stands nowhere",
    )
    (tally,) = current.collected.files
    assert (tally.read, tally.accepted, tally.left_out.total()) == (3, 1, 2)
    loads = tmp_path / "Reviewers.txt"
    loads.write_text("First Name\tLast Name\tEmail\tQuota\nA\tB\tstranger@example.org\t1\n")
    pairs = tmp_path / "Assignments.csv"
    pairs.write_text(f"Paper ID,Reviewer Email\npruning-s0,{mail('pruning-r0')}\n")
    strange = read_current("cmt", [loads, pairs], result.venue)
    assert strange.unknown == ("reviewers: 'stranger@example.org' has a load and is no reviewer of the run",)
    assert (len(strange.assignments), strange.loads) == (1, {})


def test_files_without_an_assignment_and_other_formats_are_refused(result: MatchResult, tmp_path: Path) -> None:
    path = tmp_path / "prefs.csv"
    path.write_text("paper,email,preference\npruning-s0,a@example.org,1\n")
    with pytest.raises(DataError, match="no file holds an assignment"):
        read_current("hotcrp", [path], result.venue)
    with pytest.raises(UnknownNameError, match="hotcrp"):
        read_current("hotcpr", [path], result.venue)


# --- by command -----------------------------------------------------------------------------------------------------


def call(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert done.exit_code == code, done.output + repr(done.exception)
    return done.stdout


def test_the_state_comes_back_and_the_rest_is_filled(result: MatchResult, run: Path, tmp_path: Path) -> None:
    refused, gone, *stay = ours(result)
    venue = folder_of(result, tmp_path / "venue")
    paths = files_of("hotcrp", stay, refused, tmp_path)
    told = call("drift", run, *paths, "--format", "hotcrp", "--into", venue)
    assert f"{len(stay)} pairs stand: {len(stay)} of the run's {len(stay) + 2}, 0 added by hand" in told
    assert f"declined {refused[0]} × {result.venue.name_of(PersonId(refused[1]))}" in told
    assert f"taken away {gone[0]} × {result.venue.name_of(PersonId(gone[1]))}" in told
    assert f"misses reviews {gone[0]}" in told
    call("top-up", run, "--venue", venue, "--out", tmp_path / "second", "--quiet")
    second = ours(MatchResult.load(tmp_path / "second"))
    assert set(stay) <= set(second)
    assert {refused, gone}.isdisjoint(second)
    assert len(second) == len(stay) + 2


def test_what_may_not_be_is_said_and_the_exit_code_is_1(result: MatchResult, run: Path, tmp_path: Path) -> None:
    by_hand = ("pruning-s0", "tracking-r0")
    pairs = [*ours(result), by_hand]
    reviewer = PersonId(pairs[0][1])
    carried = sum(who == reviewer for _, who in pairs)
    path = tmp_path / "edges.json"
    edges: list[dict[str, Any]] = [{"invitation": "V/Reviewers/-/Assignment", "head": s, "tail": r} for s, r in pairs]
    edges.append({"invitation": "V/Area_Chairs/-/Assignment", "head": "pruning-s0", "tail": "pruning-r0"})
    edges.append(
        {"invitation": "V/-/Custom_Max_Papers", "head": "V/Reviewers", "tail": reviewer, "weight": carried - 1}
    )
    path.write_text(json.dumps(edges))
    told = call("drift", run, path, "--format", "openreview", code=1)
    assert f"may not be pruning-s0 × {result.venue.name_of(PersonId('tracking-r0'))}" in told
    assert "declared: friends" in told
    assert f"load above the maximum {result.venue.name_of(reviewer)} has {carried}, at most {carried - 1}" in told
    assert "1 pairs are of other roles" in told
    plain = json.loads(call("drift", run, path, "--format", "openreview", "--json", code=1))
    assert [(each["submission_id"], each["reviewer_id"]) for each in plain["barred"]] == [by_hand]
    assert "declared: friends" in plain["barred"][0]["why"]
    assert plain["maximums"][reviewer]["now"] == carried - 1
    (tally,) = plain["files"]
    assert tally["read"] == tally["accepted"] + tally["rejected"] + sum(tally["left_out"].values())


def test_bad_rows_stop_it_unless_accepted(result: MatchResult, run: Path, tmp_path: Path) -> None:
    path = tmp_path / "pcassignments.csv"
    lines = ["paper,action,email", "pruning-s0,dance,x@example.org"]
    path.write_text("\n".join([*lines, *(f"{s},pcreview,{mail(r)}" for s, r in ours(result))]) + "\n")
    done = CliRunner().invoke(app, ["drift", str(run), str(path), "--format", "hotcrp"])
    assert isinstance(done.exception, DataError)
    assert "got 'dance'" in str(done.exception)
    told = call("drift", run, path, "--format", "hotcrp", "--accept-rejects")
    assert f"read {len(ours(result)) + 1}, accepted {len(ours(result))}, rejected 1" in told
    done = CliRunner().invoke(
        app, ["drift", str(run), str(path), "--format", "hotcrp", "--accept-rejects", "--into", "x"]
    )
    assert isinstance(done.exception, DataError)


def test_loads_and_forbidden_pairs_are_written_once(result: MatchResult, run: Path, tmp_path: Path) -> None:
    gone, *stay = ours(result)
    venue = folder_of(result, tmp_path / "venue")
    paths = files_of("openreview", stay, gone, tmp_path)
    text = paths[0].read_text().replace("Invite_Assignment", "Recommendation")  # no answer: taken away by the chairs
    paths[0].write_text(text)
    call("drift", run, *paths, "--format", "openreview", "--into", venue, code=0 if _fits(stay, gone) else 1)
    before = (venue / "fixed.jsonl").read_text()
    assert json.loads(before.splitlines()[-1]) == {"submission_id": gone[0], "reviewer_id": gone[1], "kind": "forbid"}
    reviewers = [json.loads(line) for line in (venue / "reviewers.jsonl").read_text().splitlines()]
    assert {row["id"]: row.get("max_load") for row in reviewers}[gone[1]] == 1
    call("drift", run, *paths, "--format", "openreview", "--into", venue, code=0 if _fits(stay, gone) else 1)
    assert (venue / "fixed.jsonl").read_text() == before


def _fits(stay: list[tuple[str, str]], gone: tuple[str, str]) -> bool:
    return sum(reviewer == gone[1] for _, reviewer in stay) <= 1
