"""What somebody in conflict gets to see: nothing of the submissions concerned, and no name of an author."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from matcher import MatchConfig, MatchResult, match
from matcher.cli import main
from matcher.conflicts import conflicts_of_person, find_conflicts
from matcher.errors import UnknownNameError
from matcher.explanation import blinded
from matcher.export import EXPORTS
from matcher.export.workbook import WorkbookData, write_workbook
from matcher.pipeline import hidden_for
from matcher.records import (
    Affiliation,
    AuthorMention,
    Pair,
    Person,
    PersonId,
    Relation,
    Shortfall,
    SubmissionId,
    Verdict,
    to_plain,
)
from matcher.viewer import blinded_line, hidden_from, without_traces
from tests.worlds import World, two_fields, write_folder

VIEWER = "pruning-r0"


def watched() -> World:
    """The viewer wrote one submission and is in conflict with another."""
    world = two_fields(reviewers=4, submissions=3)
    mention = AuthorMention(world.people[VIEWER].name, PersonId(VIEWER))
    world.change_submission("pruning-s0", authors=(mention, *world.submissions["pruning-s0"].authors))
    world.declare("tracking-s1", VIEWER)
    world.share_paper("pruning-s2", "pruning-r2", "2024-05")
    for reviewer_id in world.reviewers:
        world.change_reviewer(reviewer_id, min_load=1)
        # Addresses at places of their own: some systems know people by nothing else.
        world.people[reviewer_id] = replace(world.people[reviewer_id], emails=(f"me@{reviewer_id}.example",))
    return world


@pytest.fixture(scope="module")
def result() -> MatchResult:
    return match(watched().venue(), MatchConfig(encoder="tfidf"))


def test_what_is_hidden_is_what_they_wrote_or_conflict_with(result: MatchResult) -> None:
    assert hidden_from(result.venue, result.conflicts, VIEWER) == {"pruning-s0", "tracking-s1"}
    assert hidden_from(result.venue, result.conflicts, "pruning-s1-author") == {"pruning-s1"}
    with pytest.raises(UnknownNameError, match="did you mean 'pruning-r0'"):
        hidden_from(result.venue, result.conflicts, "prunin-r0")


def test_a_viewer_sees_a_smaller_match_whose_totals_agree_with_its_rows(result: MatchResult) -> None:
    seen = result.seen_by(VIEWER)
    hidden = {"pruning-s0", "tracking-s1"}
    assert seen.assignment.pairs == tuple(each for each in result.assignment.pairs if each.submission_id not in hidden)
    assert len(seen.assignment.pairs) == len(result.assignment.pairs) - 4
    assert seen.assignment.objective == pytest.approx(sum(each.score or 0 for each in seen.assignment.pairs))
    assert (seen.assignment.bound, seen.assignment.certificate, seen.assignment.underloads) == (None, None, ())
    assert not seen.limits.min_load.any()
    assert hidden.isdisjoint(each.id for each in seen.venue.submissions)
    assert hidden.isdisjoint(each.submission_id for each in seen.conflicts.items)
    assert seen.verify() == ()
    pair = seen.assignment.pairs[0]
    assert (
        seen.explain(pair.submission_id, pair.reviewer_id).score
        == result.explain(pair.submission_id, pair.reviewer_id).score
    )
    assert result.seen_by("tracking-r0").assignment.pairs == result.assignment.pairs


def test_nothing_that_is_written_for_a_viewer_names_a_hidden_submission(
    result: MatchResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = result.save(tmp_path / "run")
    folder = write_folder(watched(), tmp_path / "venue")

    def call(*words: object) -> str:
        with pytest.raises(SystemExit) as caught:
            main([str(word) for word in words])
        assert not caught.value.code
        return capsys.readouterr().out

    call("report", run, "--out", tmp_path / "report.html", "--viewer", VIEWER)
    call("export", run, "--out", tmp_path / "files", "--viewer", VIEWER)
    listed = call("conflicts", folder, "--json", "--viewer", VIEWER)
    written = [file.read_text(encoding="utf-8") for file in (tmp_path / "files").rglob("*") if file.is_file()]
    written += [(tmp_path / "report.html").read_text(encoding="utf-8"), listed]
    assert len(written) > 3
    for text in written:
        assert "pruning-s0" not in text.replace("pruning-s0-author", "")
        assert "tracking-s1" not in text.replace("tracking-s1-author", "")
    assert "pruning-s2" in listed


def test_a_blinded_answer_names_no_author_and_no_paper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = watched()
    folder = write_folder(world, tmp_path / "venue")
    with pytest.raises(SystemExit):
        main(["conflicts", str(folder), "--blinded", "--json"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        {"submission_id": "pruning-s0", "reviewer_id": "pruning-r0", "verdict": "block"},
        {"submission_id": "pruning-s2", "reviewer_id": "pruning-r2", "verdict": "block"},
        {"submission_id": "tracking-s1", "reviewer_id": "pruning-r0", "verdict": "block"},
    ]
    with pytest.raises(SystemExit):
        main(["conflicts", str(folder), "--blinded"])
    assert capsys.readouterr().out.splitlines() == [
        "",
        "pruning-s0",
        "  block  Alba Aldern",
        "",
        "pruning-s2",
        "  block  Cleo Corvell",
        "",
        "tracking-s1",
        "  block  Alba Aldern",
        "",
        "3 pairs blocked, 0 pairs to ask about; with whom and why is left out",
    ]
    with pytest.raises(SystemExit) as caught:
        main(["conflicts", str(folder), "--blinded", "--rule", "author"])
    assert caught.value.code == 2
    assert "a rule tells who wrote a submission" in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_the_strictest_verdict_stands_in_a_blinded_answer() -> None:
    world = two_fields()
    world.share_paper("pruning-s0", "pruning-r0", None)
    found = find_conflicts(world.venue(), MatchConfig()).items
    assert blinded_line(found)["verdict"] == "ask"
    blocked = replace(found[0], verdict=Verdict.BLOCK)
    assert blinded_line((*found, blocked)) == {**blinded_line(found), "verdict": "block"}


def test_an_explanation_can_name_no_author(result: MatchResult, tmp_path: Path) -> None:
    world = watched()
    world.share_paper("pruning-s2", "pruning-r3", None)  # undated: to ask about
    for reviewer_id, verb in (("pruning-r2", "in conflict; with whom"), ("pruning-r3", "waits for a decision about")):
        found = find_conflicts(world.venue(), MatchConfig())
        changed = match(world.venue(), MatchConfig(encoder="tfidf"))
        plain = changed.explain("pruning-s2", reviewer_id)
        assert found.of("pruning-s2", reviewer_id) == plain.conflicts
        (author,) = {conflict.via_name for conflict in plain.conflicts}
        assert author in str(plain)
        seen = blinded(plain)
        assert seen.conflicts == ()
        assert author not in str(seen)
        assert seen.reasons[0].startswith(verb)
    free = result.explain("pruning-s1", "pruning-r1")
    assert blinded(free) == free


# --- nothing of what is hidden reaches what is shown ----------------------------------------------------------------


def shown_to(result: MatchResult, viewer: str, folder: Path) -> dict[str, bytes]:
    """Everything that is written for a viewer, by its name."""
    run = result.save(folder / "run")

    def call(*words: object) -> None:
        with pytest.raises(SystemExit) as caught:
            main([str(word) for word in words])
        assert not caught.value.code

    call("report", run, "--out", folder / "seen" / "report.html", "--viewer", viewer)
    for form in EXPORTS:
        call("export", run, "--format", form, "--out", folder / "seen" / form, "--viewer", viewer)
    seen = result.seen_by(viewer)
    book = WorkbookData(
        venue=seen.venue,
        scores=seen.scores,
        conflicts=seen.conflicts,
        limits=seen.limits,
        assignment=seen.assignment,
        explanations=seen.explain_assigned(),
        config=seen.config,
    )
    write_workbook(folder / "seen" / "result.xlsx", book)
    files = {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted((folder / "seen").rglob("*"))
        if file.is_file()
    }
    explained = [
        to_plain(seen.explain(submission_id, reviewer.person_id))
        for submission_id in seen.scores.submissions
        for reviewer in seen.venue.reviewers
    ]
    return {**files, "explained": json.dumps(explained).encode(), "verified": repr(seen.verify()).encode()}


def test_what_a_viewer_gets_does_not_depend_on_who_reviews_the_hidden_submissions(
    result: MatchResult, tmp_path: Path
) -> None:
    hidden = {"pruning-s0", "tracking-s1"}
    pairs = result.assignment.pairs
    short = Shortfall(SubmissionId("pruning-s1"), 3, 2, "of 8 reviewers 2 are full", ("raise the load of Alba",))
    other_short = replace(short, reason="of 8 reviewers 3 are full", remedies=())
    kept = (each for each in pairs if each.submission_id not in hidden)
    others = tuple(sorted((*kept, *elsewhere(result, hidden)), key=lambda pair: (pair.submission_id, pair.reviewer_id)))
    assert {pair.reviewer_id for pair in others} != {pair.reviewer_id for pair in pairs}
    one = replace(result, assignment=replace(result.assignment, shortfalls=(short,)))
    other = replace(
        result,
        assignment=replace(
            result.assignment, pairs=others, objective=0.1, bound=0.2, shortfalls=(other_short,), certificate=None
        ),
    )
    first, second = shown_to(one, VIEWER, tmp_path / "one"), shown_to(other, VIEWER, tmp_path / "other")
    assert len(first) > len(EXPORTS)
    assert first.keys() == second.keys()
    assert [name for name, content in first.items() if content != second[name]] == []


def elsewhere(result: MatchResult, hidden: set[str]) -> list[Pair]:
    """The hidden submissions in other hands: those of two reviewers who have most already."""
    return [
        Pair(SubmissionId(submission_id), PersonId(reviewer_id), 0.5)
        for submission_id in sorted(hidden)
        for reviewer_id in sorted(result.venue.reviewer_by_id)[-2:]
    ]


def test_a_chair_who_reviews_nothing_is_in_conflict_as_a_reviewer_would_be(result: MatchResult) -> None:
    world = watched()
    chair = Person(
        PersonId("chair"),
        ("Rosalind Quarnby",),
        affiliations=(Affiliation(domain="tracking-s2.example"),),
        relations=(Relation("advisor", world.people["pruning-s1-author"].name, PersonId("pruning-s1-author")),),
    )
    world.people[chair.id] = chair
    author = world.people["tracking-s2-author"]
    world.people[author.id] = replace(author, affiliations=(Affiliation(domain="tracking-s2.example"),))
    venue = world.venue()
    found = find_conflicts(venue, MatchConfig())
    assert hidden_from(venue, found, "chair") == set()  # nobody asked whether the chair is in conflict
    assert hidden_for(venue, MatchConfig(), found, "chair") == {"pruning-s1", "tracking-s2"}
    assert hidden_for(venue, MatchConfig(), found, VIEWER) == {"pruning-s0", "tracking-s1"}
    assert match(venue, MatchConfig(encoder="tfidf")).seen_by("chair").venue.submissions == tuple(
        each for each in venue.submissions if each.id not in {"pruning-s1", "tracking-s2"}
    )
    with pytest.raises(UnknownNameError, match="unknown person 'chiar', did you mean 'chair'"):
        hidden_for(venue, MatchConfig(), found, "chiar")
    as_reviewer = conflicts_of_person(result.venue, MatchConfig(), VIEWER)
    assert as_reviewer.items == tuple(each for each in result.conflicts.items if each.reviewer_id == VIEWER)


def test_a_fact_about_a_hidden_submission_is_left_out_of_another_ones() -> None:
    world = two_fields(reviewers=4)
    world.declare("pruning-s0", VIEWER)
    author = world.submissions["pruning-s1"].authors[0]
    other = AuthorMention(world.people["pruning-r3"].name, PersonId("pruning-r3"))
    world.change_submission("pruning-s0", authors=(author, other))
    venue = world.venue()
    found = find_conflicts(venue, MatchConfig(policy="acl"))
    pair = found.of("pruning-s1", "pruning-r3")
    assert [each.rule for each in pair] == ["cosubmission"]
    assert "(pruning-s0)" in pair[0].evidence[0].text
    seen = without_traces(found, hidden_for(venue, MatchConfig(policy="acl"), found, VIEWER))
    (kept,) = seen.of("pruning-s1", "pruning-r3")
    assert kept.evidence[0].text == "submitted together to this venue: a submission that is left out here"
    assert "pruning-s0" not in str(seen)


def test_a_page_for_a_viewer_never_replaces_the_one_in_the_run(
    result: MatchResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = result.save(tmp_path / "run")
    for words in (("report", run), ("match", tmp_path, "--out", tmp_path / "other")):
        with pytest.raises(SystemExit) as caught:
            main([str(word) for word in (*words, "--viewer", VIEWER)])
        assert caught.value.code == 2
    assert not (run / "report.html").exists()
    with pytest.raises(SystemExit) as caught:
        main(["explain", str(run), "pruning-s0", "pruning-r1", "--viewer", VIEWER])
    assert caught.value.code == 1
    assert "unknown submission 'pruning-s0'" in capsys.readouterr().err
