"""Questions about doubtful conflicts: asked once, decided once, open again when there is more evidence."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher import MatchConfig, MatchResult, load_venue, match
from matcher.assignment import build_limits, question_chances, solve_arrays
from matcher.cli import main
from matcher.conflicts import Finder, find_conflicts
from matcher.conflicts.questions import Question, decide, key_of, questions, with_decisions
from matcher.decisions import append_decisions, read_decisions
from matcher.errors import DataError
from matcher.records import (
    Affiliation,
    Decision,
    PairStatus,
    PaperId,
    Person,
    PersonId,
    Relation,
    Venue,
    Verdict,
)
from tests.worlds import World, two_fields, write_folder

TFIDF = MatchConfig(encoder="tfidf")
ASKED = ("pruning-s0", "pruning-r0")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main([str(word) for word in words])
        shown = capsys.readouterr()
        return int(caught.value.code or 0), shown.out, shown.err

    return call


def asking() -> World:
    """A joint paper without a date: one question, about one pair."""
    world = two_fields()
    world.share_paper(*ASKED, None)
    return world


def decided(world: World, outcome: str, **more: Any) -> tuple[Venue, Decision]:
    venue = world.venue()
    found = find_conflicts(venue, TFIDF)
    (question,) = questions(found.items, venue)
    decision = decide(question, outcome, {question.key: list(found.items)}, **more)
    return replace(venue, decisions=(decision,)), decision


def verdict(venue: Venue) -> Verdict:
    return find_conflicts(venue, TFIDF).verdict(*ASKED)


# --- what a decision does -------------------------------------------------------------------------------------------


def test_a_confirmed_question_blocks_and_a_dismissed_one_is_clear() -> None:
    assert verdict(asking().venue()) is Verdict.ASK
    confirmed, _ = decided(asking(), "confirmed", by="chair", reason="they told me")
    assert verdict(confirmed) is Verdict.BLOCK
    assert find_conflicts(confirmed, TFIDF).items[0].evidence[-1].text == "confirmed by chair: they told me"
    dismissed, _ = decided(asking(), "dismissed")
    assert verdict(dismissed) is Verdict.CLEAR
    assert find_conflicts(dismissed, TFIDF).items[0].evidence[-1].text == "dismissed"
    assert not questions(find_conflicts(dismissed, TFIDF).items, dismissed)


def test_the_same_two_people_are_asked_about_once_for_all_submissions() -> None:
    world = asking()
    author = world.submissions["pruning-s0"].authors[0]
    other = world.submissions["pruning-s1"].authors[0]
    world.change_submission("pruning-s1", authors=(other, author))
    venue = world.venue()
    (question,) = questions(find_conflicts(venue, TFIDF).items, venue)
    assert question.submissions == ("pruning-s0", "pruning-s1")
    assert question.key == ("coauthor", "pruning-r0", "pruning-s0-author")
    assert question.weight == pytest.approx(question.risk * 2)
    cleared, _ = decided(world, "dismissed")
    assert find_conflicts(cleared, TFIDF).pairs(Verdict.ASK) == ()


def test_an_author_by_name_is_asked_about_once_wherever_they_stand() -> None:
    world = two_fields()
    name = world.people["pruning-r0"].name
    initials = f"{name[0]}. {name.split()[1]}"
    for submission_id, before in (("pruning-s0", 0), ("pruning-s1", 1)):
        authors = list(world.submissions[submission_id].authors)
        authors.insert(before, replace(authors[0], name=initials, person_id=None))
        world.change_submission(submission_id, authors=tuple(authors))
    venue = world.venue()
    found = [each for each in questions(find_conflicts(venue, TFIDF).items, venue) if each.key[0] == "author"]
    assert [each.submissions for each in found] == [("pruning-s0", "pruning-s1")]
    assert found[0].key == ("author", "pruning-r0", "pruning-r0")


def test_an_author_whom_nobody_knows_by_id_is_asked_about_by_name() -> None:
    world = asking()
    for submission_id in ("pruning-s0", "pruning-s1"):
        nameless = (replace(world.submissions["pruning-s0"].authors[0], name="Otto Unknown", person_id=None),)
        world.change_submission(submission_id, authors=nameless)
    paper = world.papers["joint-pruning-s0-pruning-r0"]
    world.papers[paper.id] = replace(paper, authors=(paper.authors[0], replace(nameless[0], name="Unknown, Otto")))
    venue = world.venue()
    (question,) = questions(find_conflicts(venue, TFIDF).items, venue)
    assert question.key == ("coauthor", "pruning-r0", "name:otto unknown")
    assert question.submissions == ("pruning-s0", "pruning-s1")


def test_a_dismissal_ends_when_there_is_more_evidence() -> None:
    world = asking()
    _, decision = decided(world, "dismissed", reason="homonym")
    world.share_paper("pruning-s0", "pruning-r0", None)
    same = replace(world.venue(), decisions=(decision,))
    assert verdict(same) is Verdict.CLEAR
    # A second paper without a date: more of the same kind.
    first = world.papers["joint-pruning-s0-pruning-r0"]
    world.papers["second"] = replace(first, id=PaperId("second"), title="Another")
    more = replace(world.venue(), decisions=(decision,))
    assert verdict(more) is Verdict.ASK
    (question,) = questions(find_conflicts(more, TFIDF).items, more)
    assert question.is_reopened
    assert find_conflicts(more, TFIDF).items[0].evidence[-1].text == (
        "dismissed on weaker evidence: homonym; there is more now"
    )
    # The paper is now known to lie in the window: a surer verdict.
    del world.papers["second"]
    world.share_paper("pruning-s0", "pruning-r0", "2024-05")
    assert verdict(replace(world.venue(), decisions=(decision,))) is Verdict.BLOCK


def test_a_dismissal_ends_when_the_confidence_rises() -> None:
    venue, decision = decided(asking(), "dismissed")
    found = find_conflicts(replace(venue, decisions=()), TFIDF).items
    (surer,) = with_decisions(found, [replace(decision, confidence=found[0].confidence - 0.06)])
    (as_sure,) = with_decisions(found, [replace(decision, confidence=found[0].confidence - 0.04)])
    assert (surer.verdict, as_sure.verdict) == (Verdict.ASK, Verdict.CLEAR)


def test_a_confirmation_stays_when_there_is_less_evidence() -> None:
    venue, decision = decided(asking(), "confirmed")
    less = replace(venue, decisions=(replace(decision, facts=("gone", "too")),))
    assert verdict(less) is Verdict.BLOCK


def test_nobody_may_dismiss_an_authorship_by_id_or_a_declaration() -> None:
    world = two_fields()
    author = world.submissions["pruning-s0"].authors[0]
    me = replace(author, name=world.people["pruning-r0"].name, person_id=PersonId("pruning-r0"))
    world.change_submission("pruning-s0", authors=(me,))
    world.declare("pruning-s1", "pruning-r0")
    venue = world.venue()
    found = find_conflicts(venue, TFIDF).items
    every = tuple(Decision(*key_of(each), "dismissed", "block", 1.0, ()) for each in found)
    assert [each.rule for each in found] == ["author", "declared"]
    assert find_conflicts(replace(venue, decisions=every), TFIDF).items == found


def test_decisions_about_others_change_nothing() -> None:
    venue = asking().venue()
    other = Decision("coauthor", PersonId("pruning-r0"), "somebody", "dismissed")
    assert find_conflicts(replace(venue, decisions=(other,)), TFIDF) == find_conflicts(venue, TFIDF)


def test_a_decision_counts_in_the_match_and_is_explained() -> None:
    dismissed, _ = decided(asking(), "dismissed", by="chair")
    result = match(dismissed, TFIDF)
    assert PairStatus(result.limits.status[0, 0]) is PairStatus.ELIGIBLE
    reasons = result.explain(*ASKED).reasons
    assert any(text.startswith("cleared, rule coauthor") and "dismissed by chair" in text for text in reasons)
    confirmed, _ = decided(asking(), "confirmed", by="chair")
    assert match(confirmed, TFIDF).explain(*ASKED).status == "blocked"


# --- the log --------------------------------------------------------------------------------------------------------


def test_the_log_is_only_appended_to_and_its_last_word_holds(tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    assert read_decisions(log) == ()
    first = Decision("coauthor", PersonId("r"), "a", "dismissed", "ask", 0.7, ("f2", "f1"), "chair", "why")
    other = Decision("author", PersonId("r"), "a", "confirmed")
    assert append_decisions(log, [first, other], at="2024-10-02T10:00") == 2
    before = log.read_bytes()
    assert json.loads(before.splitlines()[0])["at"] == "2024-10-02T10:00"
    assert read_decisions(log) == (other, replace(first, facts=("f1", "f2")))
    assert append_decisions(log, [replace(first, outcome="confirmed")]) == 1
    assert log.read_bytes().startswith(before)
    assert {each.rule: each.outcome for each in read_decisions(log)} == {"author": "confirmed", "coauthor": "confirmed"}
    with log.open("a", encoding="utf-8") as stream:
        stream.write('\n{"rule": "author", "reviewer_id": "r", "who": "a", "outcome": "withdrawn"}')
    assert [each.rule for each in read_decisions(log)] == ["coauthor"]
    append_decisions(log, [other])  # the line before has no end
    assert [each.rule for each in read_decisions(log)] == ["author", "coauthor"]
    assert append_decisions(tmp_path / "never.jsonl", []) == 0
    assert not (tmp_path / "never.jsonl").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "decisions.jsonl:1: this is no JSON"),
        ("[]", "allowed is an object"),
        ('{"rule": 3}', "field 'rule': allowed is a text"),
        ('{"rule": "a", "reviewer_id": "r", "who": "w", "outcome": "maybe"}', "allowed are confirmed, dismissed"),
        ('{"rule": "a", "reviewer_id": "r", "who": "w", "outcome": "confirmed", "facts": [1]}', "a list of texts"),
        ('{"rule": "a", "reviewer_id": "r", "who": "w", "outcome": "confirmed", "confidence": 2}', "from 0 to 1"),
        ('{"rule": "\udcff"}', "the file is not UTF-8"),
    ],
)
def test_a_broken_log_is_refused_with_its_place(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "decisions.jsonl").write_bytes(line.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError) as caught:
        read_decisions(tmp_path / "decisions.jsonl")
    assert message in str(caught.value)


def test_a_venue_folder_is_read_with_its_decisions_and_no_time_enters_a_run(tmp_path: Path) -> None:
    folder = write_folder(asking(), tmp_path / "venue")
    undecided = load_venue(folder)
    _, decision = decided(asking(), "dismissed", by="chair")
    append_decisions(folder / "decisions.jsonl", [decision], at="2024-10-02")
    venue = load_venue(folder)
    assert venue.decisions == (decision,)
    assert venue.digest != undecided.digest
    result = match(venue, TFIDF)
    saved = result.save(tmp_path / "run")
    assert MatchResult.load(saved).venue == venue
    assert all(b"2024-10-02" not in file.read_bytes() for file in saved.iterdir() if file.suffix != ".npz")


# --- the queue ------------------------------------------------------------------------------------------------------


def brute_force(result: MatchResult, pairs: list[tuple[int, int]]) -> list[bool]:
    """Whether releasing one pair alone raises the optimum, by solving again."""
    changed = []
    for row, column in pairs:
        status = result.limits.status.copy()
        status[row, column] = PairStatus.ELIGIBLE
        freed = solve_arrays(result.scores, replace(result.limits, status=status), objective="max-total", seed=0)
        better = freed.objective > result.assignment.objective + 1e-6
        changed.append(better or len(freed.pairs) > len(result.assignment.pairs))
    return changed


@pytest.mark.parametrize("seed", range(12))
def test_only_questions_that_would_change_the_assignment_have_a_chance(seed: int) -> None:
    world = two_fields(reviewers=4, submissions=4)
    rng = np.random.default_rng(seed)
    for submission_id in world.submissions:
        for reviewer_id in world.reviewers:
            if rng.random() < 0.3:
                world.share_paper(submission_id, reviewer_id, None)
    result = match(world.venue(), replace(TFIDF, allow_partial=True, objective="max-total"))
    pairs = [tuple(pair) for pair in np.argwhere(result.limits.status == PairStatus.ASK).tolist()]
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    chances = question_chances(
        result.scores,
        result.limits,
        result.assignment,
        result.config,
        pairs=table,
        asked=np.arange(len(pairs)),
        risks=np.full(len(pairs), 0.5),
    ).questions
    alone = brute_force(result, [(int(row), int(column)) for row, column in pairs])
    # Whatever raises the optimum alone is tried; what has a chance was assigned in a trial.
    assert all(not np.isnan(chance) for chance, changes in zip(chances, alone, strict=True) if changes)
    assert np.all((chances[~np.isnan(chances)] >= 0) & (chances[~np.isnan(chances)] <= 1))
    every = solve_arrays(
        result.scores,
        replace(
            result.limits, status=np.where(result.limits.status == PairStatus.ASK, np.uint8(0), result.limits.status)
        ),
        objective="max-total",
        seed=0,
    )
    taken = {
        (result.scores.submissions.position(p.submission_id), result.scores.reviewers.position(p.reviewer_id))
        for p in every.pairs
    }
    gained = every.objective - result.assignment.objective > 1e-6 or len(every.pairs) > len(result.assignment.pairs)
    if gained:
        assert any(chance > 0 for chance, pair in zip(chances, pairs, strict=True) if pair in taken)
    else:
        assert not any(alone)


def test_nothing_is_tried_without_questions() -> None:
    result = match(two_fields().venue(), TFIDF)
    none = np.empty((0, 2), dtype=np.int64)
    chances = question_chances(
        result.scores, result.limits, result.assignment, result.config, pairs=none, asked=none[:, 0], risks=np.empty(0)
    )
    assert [each.shape for each in chances] == [(0,), (0,)]


def test_a_pair_with_two_questions_needs_both_released() -> None:
    result = match(asking().venue(), TFIDF)
    row, column = 0, 0
    assert result.limits.status[row, column] == PairStatus.ASK
    values = result.scores.values.copy()
    values[row, column] = 1.0
    scores = replace(result.scores, values=values)
    limits = build_limits(result.venue, result.config, scores, result.conflicts)
    assignment = solve_arrays(scores, limits, objective="max-total", seed=0)
    pairs, asked = np.array([[row, column]] * 2), np.array([0, 1])
    both = question_chances(
        scores, limits, assignment, result.config, pairs=pairs, asked=asked, risks=np.array([0.0, 1.0]), draws=8
    )
    # The second is only released in the first trial, in which all are: there the pair is assigned, elsewhere not.
    assert both.questions.tolist() == [pytest.approx(1 / 8), 1.0]
    assert both.pairs.all()


# --- the command ----------------------------------------------------------------------------------------------------


def test_review_lists_questions_and_takes_decisions(run: Run, tmp_path: Path) -> None:
    folder = write_folder(asking(), tmp_path / "venue")
    code, out, _ = run("review", folder, "--all")
    assert code == 0
    assert "coauthor, risk 1.00" in out
    assert "1 open question; without --all only those that would change a match" in out
    listed = json.loads(run("review", folder, "--all", "--json")[1])
    assert (listed["open"], listed["listed"], listed["is_tried"]) == (1, 1, False)
    (question,) = listed["questions"]
    assert question["submissions"] == ["pruning-s0"]
    code, out, _ = run("review", folder, "--dismiss", question["question"], "--by", "chair", "--at", "today")
    assert out.startswith("1 decision added to")
    assert load_venue(folder).decisions[0].by == "chair"
    assert "0 open questions" in run("review", folder, "--all")[1]
    code, _, err = run("review", folder, "--confirm", question["question"])
    assert code == 1
    assert "unknown question" in err


def test_review_with_a_run_lists_only_what_would_change_it(run: Run, tmp_path: Path) -> None:
    world = asking()
    folder = write_folder(world, tmp_path / "venue")
    match(world.venue(), TFIDF).save(tmp_path / "run")
    listed = json.loads(run("review", folder, "--run", tmp_path / "run", "--json")[1])
    assert listed["is_tried"]
    assert listed["open"] == 1
    assert all(0 < each["chance"] <= 1 for each in listed["questions"])
    assert "0 of 1 open question would change the assignment" in run("review", folder, "--run", tmp_path / "run")[1]
    code, _, err = run("review", folder, "--run", tmp_path / "run", "--partial-date", "ask")
    assert code == 2
    assert "a run brings its own settings" in err


def test_review_lists_what_would_change_a_match_of_its_own(run: Run, tmp_path: Path) -> None:
    world = asking()
    folder = write_folder(world, tmp_path / "venue")
    everybody = len(world.reviewers)
    settings = f'[expertise]\nencoder = "tfidf"\n[assignment]\nreviews_per_submission = {everybody}\nmax_load = 99\n'
    (folder / "match.toml").write_text(settings, encoding="utf-8")
    listed = json.loads(run("review", folder, "--json", "--quiet")[1])
    (question,) = listed["questions"]
    assert (listed["open"], listed["mattering"], listed["is_tried"]) == (1, 1, True)
    assert (question["chance"], question["matters_for"]) == (1.0, ["pruning-s0"])
    assert listed["share_of_submissions"] == round(1 / len(world.submissions), 4)
    few = settings.replace(f"= {everybody}\n", "= 1\n", 1)
    (folder / "match.toml").write_text(few, encoding="utf-8")
    code, out, _ = run("review", folder, "--quiet")
    assert code == 0
    assert "0 of 1 open question would change the assignment, for 0 submissions (0.0%)" in out
    match(world.venue(), TFIDF).save(tmp_path / "run")
    both = json.loads(run("review", folder, "--run", tmp_path / "run", "--all", "--json")[1])
    assert (both["listed"], both["mattering"], both["questions"][0]["chance"]) == (1, 0, 0.0)


def test_questions_go_out_as_csv_and_come_back_decided(run: Run, tmp_path: Path) -> None:
    world = asking()
    world.share_paper("tracking-s0", "tracking-r0", None)
    folder = write_folder(world, tmp_path / "venue")
    sheet = tmp_path / "questions.csv"
    assert "2 questions written" in run("review", folder, "--all", "--out", sheet)[1]
    with sheet.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["reviewer_id"] for row in rows] == ["pruning-r0", "tracking-r0"]
    assert all(row["decision"] == "" and row["evidence"] for row in rows)
    code, _, err = run("review", folder, "--all", "--out", sheet)
    assert (code, "the file exists" in err) == (1, True)
    rows[0] |= {"decision": "Clear", "reason": "a homonym"}
    with sheet.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert "1 decision added" in run("review", folder, "--import", sheet, "--by", "chair")[1]
    (decision,) = load_venue(folder).decisions
    assert (decision.reviewer_id, decision.outcome, decision.reason) == ("pruning-r0", "dismissed", "a homonym")
    again = json.loads(run("review", folder, "--all", "--json")[1])
    assert [each["reviewer_id"] for each in again["questions"]] == ["tracking-r0"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("question,answer\n", "there is no column 'decision'"),
        ("question,decision\nabc,perhaps\n", "allowed are conflict, clear, or nothing; got 'perhaps'"),
        ("question,decision\nabc,clear\n", "unknown question 'abc'"),
    ],
)
def test_wrong_answers_are_refused(run: Run, tmp_path: Path, content: str, message: str) -> None:
    folder = write_folder(asking(), tmp_path / "venue")
    (tmp_path / "answers.csv").write_text(content, encoding="utf-8")
    code, _, err = run("review", folder, "--import", tmp_path / "answers.csv")
    assert code == 1
    assert message in err.replace("\n", " ")
    assert run("review", folder, "--import", tmp_path / "nowhere.csv")[0] == 1


def test_a_reopened_question_says_so(run: Run, tmp_path: Path) -> None:
    world = asking()
    _, decision = decided(world, "dismissed")
    world.papers["second"] = replace(world.papers["joint-pruning-s0-pruning-r0"], id=PaperId("second"), title="Another")
    folder = write_folder(world, tmp_path / "venue")
    append_decisions(folder / "decisions.jsonl", [decision])
    assert "asked again: there is more evidence" in run("review", folder, "--all")[1]
    run("review", folder, "--all", "--out", tmp_path / "q.csv")
    assert (tmp_path / "q.csv").read_text(encoding="utf-8").rstrip().endswith(",yes")


# --- one pair, one person -------------------------------------------------------------------------------------------


def crowd(seed: int) -> World:
    """Joint papers, declared pairs, shared places and relations at random."""
    world = two_fields(reviewers=4, submissions=3)
    rng = np.random.default_rng(seed)
    for submission_id in world.submissions:
        for reviewer_id in world.reviewers:
            drawn = rng.random()
            if drawn < 0.2:
                world.share_paper(submission_id, reviewer_id, "2024-05")
            elif drawn < 0.3:
                world.share_paper(submission_id, reviewer_id, None)
            elif drawn < 0.4:
                world.declare(submission_id, reviewer_id)
    people = list(world.people)
    for person_id in people:
        if rng.random() < 0.4:
            other = world.people[people[int(rng.integers(len(people)))]]
            world.people[person_id] = changed(world.people[person_id], int(rng.integers(3)), other)
    # A reviewer who is an author, by name alone.
    first = world.submissions["pruning-s0"].authors[0]
    named = replace(first, name=world.people["tracking-r0"].name, person_id=None)
    world.change_submission("pruning-s0", authors=(first, named))
    return world


def changed(person: Person, place: int, other: Person) -> Person:
    return replace(
        person,
        affiliations=(Affiliation(domain=f"place{place}.example"),),
        relations=(Relation("advisor", other.name, other.id),),
    )


@pytest.mark.parametrize("policy", ["", "acl", "acm", 'name = "s"\n[senior]\ncite = "c"\ndated = "2024"\n'])
@pytest.mark.parametrize("seed", range(4))
def test_one_pair_and_one_changed_person_give_what_the_whole_venue_gives(seed: int, policy: str) -> None:
    world = crowd(seed)
    world.change_reviewer("pruning-r1", attributes={"senior": "pruning-r0"})
    venue, config = world.venue(), MatchConfig(policy=policy)
    finder = Finder(venue, config)
    before = finder.all()
    assert before == find_conflicts(venue, config)
    for submission in venue.submissions:
        for reviewer in venue.reviewers:
            pair = (submission.id, reviewer.person_id)
            assert finder.of_pair(*pair) == before.of(*pair)
    for person_id in ("pruning-r0", "tracking-r0", "pruning-s0-author", "tracking-r2"):
        person = changed(venue.person_by_id[PersonId(person_id)], seed, venue.people[seed])
        now, after = finder.updated(before, person)
        people = tuple(person if each.id == person.id else each for each in venue.people)
        assert after == find_conflicts(replace(venue, people=people), config)
        assert now.venue.person_by_id[person.id] == person


def test_a_changed_list_of_a_reviewer_is_found_at_once() -> None:
    world = two_fields()
    venue, config = world.venue(), MatchConfig(policy="acl")
    finder = Finder(venue, config)
    person = venue.person_by_id[PersonId("pruning-r0")]
    author = venue.name_of(PersonId("pruning-s0-author"))
    role = replace(venue.reviewer("pruning-r0"), attributes={"collaborators": f"- {author} (Somewhere)"})
    _, after = finder.updated(finder.all(), person, role)
    assert [(each.rule, each.submission_id) for each in after.items] == [("collaborator", "pruning-s0")]


def test_questions_are_the_weightiest_first() -> None:
    world = asking()
    world.share_paper("tracking-s0", "tracking-r0", None)
    venue = world.venue()
    found: list[Question] = questions(find_conflicts(venue, TFIDF).items, venue)
    assert [each.key[1] for each in found] == ["pruning-r0", "tracking-r0"]  # equal weight: by key
    assert replace(found[0], chance=0.5).weight == pytest.approx(found[0].risk / 2)
