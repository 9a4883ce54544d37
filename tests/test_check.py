"""What `matcher check` finds in venues whose faults are known because they were put there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from matcher.commands.choices import resolve_choices
from matcher.config import MatchConfig
from matcher.ingest import FileCount, LoadReport, Reject, read_venue
from matcher.ingest.check import VenueCheck, check_venue, normalise_title
from matcher.records import (
    AuthorMention,
    Bid,
    Deadline,
    DeclaredConflict,
    ExistingAssignment,
    FixedPair,
    HistoryEntry,
    Paper,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    Recommendation,
    Reviewer,
    Submission,
    SubmissionId,
    Venue,
    VenueDefaults,
)
from tests.worlds import two_fields, write_folder


def paper(name: str, authors: Sequence[AuthorMention] = (), title: str | None = None) -> Paper:
    return Paper(
        id=PaperId(name),
        title=title or f"Title of {name}",
        abstract="Text.",
        dates=(PartialDate(2020),),
        authors=tuple(authors) or (AuthorMention("Zoe Nobody"),),
    )


def reviewer(name: str, *papers: str, max_load: int | None = None, min_load: int | None = None) -> Reviewer:
    return Reviewer(PersonId(name), tuple(PaperId(paper_id) for paper_id in papers), (), max_load, min_load)


def submission(name: str, title: str | None = None) -> Submission:
    return Submission(SubmissionId(name), title or f"Work {name}", "Text.", (AuthorMention("Yan Author"),))


def person(name: str, *spellings: str) -> Person:
    return Person(PersonId(name), spellings or (f"Person {name}",))


ADA = AuthorMention("Ada Example", PersonId("ada"))
CLEAN = Venue.of(
    name="clean",
    papers=[paper(name, [ADA]) for name in ("p1", "p2", "p3")],
    people=[person("ada", "Ada Example")],
    reviewers=[reviewer("ada", "p1", "p2", "p3")],
    submissions=[submission("s1"), submission("s2")],
    deadline=Deadline(date(2024, 1, 1), "test"),
    defaults=VenueDefaults(reviews_per_submission=1, max_load=2, min_load=0),
)


def found(check: VenueCheck) -> dict[str, tuple[str, int, tuple[str, ...]]]:
    return {finding.name: (finding.level, finding.count, finding.examples) for finding in check.findings}


def check(venue: Venue, **report: tuple[object, ...]) -> VenueCheck:
    return check_venue(venue, LoadReport(**report))  # type: ignore[arg-type]


def test_a_clean_venue_has_nothing_to_say() -> None:
    result = check(CLEAN)
    assert result.findings == ()
    assert result.counts == {
        "submissions": 2,
        "active submissions": 2,
        "reviewers": 1,
        "publications": 3,
        "people": 1,
        "declared conflicts": 0,
        "fixed pairs": 0,
        "reviews wanted": 2,
        "reviews possible": 2,
    }


def test_the_shipped_sample_has_no_problem() -> None:
    loaded = read_venue(Path(__file__).parent.parent / "data" / "sample")
    result = check_venue(loaded.venue, loaded.report)
    assert result.problems == ()
    assert result.counts["reviews wanted"] == 57
    assert result.counts["reviews possible"] == 26 * 5
    assert found(result)["reviewers with few publications"] == ("warning", 1, ("zihang-liu",))
    assert found(result)["publications without abstract"][1] == 83


def test_gaps_are_counted_with_their_first_ids() -> None:
    bare = [Paper(PaperId(f"bare{number}"), f"Bare {number}") for number in range(7)]
    venue = replace(
        CLEAN,
        papers=(*bare, *CLEAN.papers),
        people=(person("ada", "Ada Example"), person("bob"), person("cy"), person("di", "Di Fourth")),
        reviewers=(reviewer("ada", "p1", "p2", "p3"), reviewer("bob"), reviewer("cy", "p1", "p2")),
        submissions=(*CLEAN.submissions, Submission(SubmissionId("s3"), "Nothing but a title")),
        deadline=None,
    )
    names = tuple(f"bare{number}" for number in range(5))
    assert found(check(venue)) == {
        "reviewers without publications": ("warning", 1, ("bob",)),
        "reviewers with few publications": ("warning", 1, ("cy",)),
        "reviewers not in their bylines": ("warning", 1, ("cy",)),
        "publications without abstract": ("warning", 7, names),
        "publications without date": ("warning", 7, names),
        "publications without authors": ("warning", 7, names),
        "submissions without abstract": ("warning", 1, ("s3",)),
        "submissions without authors": ("warning", 1, ("s3",)),
        "no deadline": ("warning", 1, ()),
    }


@pytest.mark.parametrize(
    ("mention", "is_named"),
    [
        (AuthorMention("Somebody Else", PersonId("cy")), True),
        (AuthorMention("CY-THIRD"), True),
        (AuthorMention("C. Third"), False),
    ],
)
def test_a_reviewer_is_named_by_id_or_by_a_spelling(mention: AuthorMention, is_named: bool) -> None:
    venue = Venue.of(
        papers=[paper("p1", [mention]), paper("p2"), paper("p3")],
        people=[person("cy", "Cyrus Third", "Cy Third")],
        reviewers=[reviewer("cy", "p1", "p2", "p3")],
    )
    assert ("reviewers not in their bylines" not in found(check(venue))) is is_named


def test_doubles_are_found_whatever_the_spelling() -> None:
    venue = Venue.of(
        papers=[
            paper("p1", title="Sparse-Training: a Survey"),
            paper("p2", title="Sparse Training – A survey."),
            paper("p3", title="ﬁne tuning"),
            paper("p4", title="Fine-Tuning"),
            paper("p5", title="???"),
            paper("p6", title="!!!"),
        ],
        people=[
            person("a1", "Łukasz Example"),
            person("a2", "Lukasz  EXAMPLE", "L. Example"),
            person("a3", "Łukasz Example", "Lukasz Example"),
            person("b", "Other Person"),
        ],
        submissions=[submission("s1", "Twice"), submission("s2", "TWICE!"), submission("s3", "Fine tuning")],
    )
    result = found(check(venue))
    assert result["duplicate publications"] == (
        "warning",
        2,
        ("p1, p2: Sparse-Training: a Survey", "p3, p4: ﬁne tuning"),
    )
    assert result["duplicate submissions"] == ("warning", 1, ("s1, s2",))
    assert result["published submissions"] == ("warning", 1, ("s3 = p3, p4",))
    assert result["homonyms"] == ("warning", 1, ("lukasz example: a1, a2, a3",))


def test_titles_keep_their_letters_and_digits_only() -> None:
    assert normalise_title("GPT-4: x² & Größe") == "gpt4x2grösse"
    assert normalise_title("—") == ""


# --- demand and loads -----------------------------------------------------------------------------------------------


def test_more_demand_than_capacity_is_a_problem() -> None:
    venue = replace(CLEAN, submissions=(*CLEAN.submissions, submission("s3")))
    result = check(venue)
    assert [finding.text for finding in result.problems] == ["the submissions want 3 reviews, the reviewers can give 2"]
    assert check_venue(venue, LoadReport(), MatchConfig(max_load=3)).problems == ()


@pytest.mark.parametrize(
    ("changed", "possible"),
    [
        (Reviewer(PersonId("bob"), max_load=10), 10),
        (Reviewer(PersonId("bob"), max_load=10, availability=0.3), 3),
        (Reviewer(PersonId("bob"), max_load=10, availability=0.39), 3),
        (Reviewer(PersonId("bob"), max_load=10, invitation="declined"), 0),
        (Reviewer(PersonId("bob"), max_load=10, invitation="retired"), 0),
        (Reviewer(PersonId("bob"), max_load=10, invitation="invited"), 10),
        (Reviewer(PersonId("bob")), 2),
    ],
)
def test_capacity_follows_load_availability_and_invitation(changed: Reviewer, possible: int) -> None:
    venue = Venue.of(people=[person("bob")], reviewers=[changed], defaults=CLEAN.defaults)
    assert check(venue).counts["reviews possible"] == possible


def test_without_any_word_of_the_venue_our_defaults_count() -> None:
    result = check(replace(CLEAN, defaults=VenueDefaults()))
    assert (result.counts["reviews wanted"], result.counts["reviews possible"]) == (6, 6)


def test_withdrawn_submissions_want_nothing() -> None:
    gone = replace(submission("s3"), status="withdrawn", reviews_wanted=50)
    result = check(replace(CLEAN, submissions=(*CLEAN.submissions, gone)))
    assert result.problems == ()
    assert (result.counts["submissions"], result.counts["active submissions"]) == (3, 2)
    assert found(result) == {"inactive submissions": ("note", 1, ("s3",))}


def test_loads_and_pairs_that_cannot_be_met_are_problems() -> None:
    venue = replace(
        CLEAN,
        people=(person("ada", "Ada Example"), person("bob")),
        reviewers=(
            reviewer("ada", "p1", "p2", "p3", min_load=2, max_load=3),
            reviewer("bob", "p1", "p2", "p3", min_load=3),
        ),
        submissions=(replace(submission("s1"), reviews_wanted=3), replace(submission("s2"), reviews_wanted=0)),
        declared=(DeclaredConflict(SubmissionId("s1"), PersonId("ada")),),
        fixed=(
            FixedPair(SubmissionId("s1"), PersonId("ada"), "require"),
            FixedPair(SubmissionId("s2"), PersonId("ada"), "forbid"),
        ),
    )
    result = check(venue)
    assert {finding.name: finding.examples for finding in result.problems} == {
        "minimum loads above demand": (),
        "minimum above maximum load": ("bob",),
        "more reviews wanted than reviewers": ("s1",),
        "required pairs in conflict": ("s1 × ada",),
    }
    assert "the minimum loads ask for 4 reviews, the submissions want 3" in [item.text for item in result.problems]


# --- notes and the record itself ------------------------------------------------------------------------------------


def test_what_a_match_does_not_use_is_said() -> None:
    pair = (SubmissionId("s1"), PersonId("ada"))
    venue = replace(
        CLEAN,
        bids=(Bid(*pair, "yes"), Bid(SubmissionId("s2"), PersonId("ada"), "no")),
        assignments=(ExistingAssignment(*pair),),
        history=(HistoryEntry(*pair),),
        recommendations=(Recommendation(*pair),),
    )
    result = check(venue, notices=("something was not read",))
    assert [(note.name, note.count) for note in result.notes] == [
        ("unused assignments", 1),
        ("notice", 1),
    ]
    assert result.notes[0].text == "1 row of assignments are read, but a match does not use them"
    assert result.notes[-1].text == "something was not read"


def test_rejected_rows_are_a_problem_and_come_first() -> None:
    reject = Reject("reviewers.csv", 4, "max_load", "allowed is a whole number", "x,y")
    venue = replace(CLEAN, deadline=None)
    result = check(venue, files=(FileCount("reviewers.csv", 2, 1, 1),), rejects=(reject,))
    assert [finding.level for finding in result.findings] == ["problem", "warning"]
    assert result.findings[0].examples == ("reviewers.csv:4: field 'max_load': allowed is a whole number",)
    plain = result.to_plain()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["deadline"] is None
    assert plain["files"] == [{"file": "reviewers.csv", "read": 2, "accepted": 1, "rejected": 1}]
    assert plain["rejects"] == [
        {"file": "reviewers.csv", "line": 4, "field": "max_load", "reason": "allowed is a whole number"}
    ]
    assert plain["findings"][0] == {
        "name": "rejected rows",
        "level": "problem",
        "text": "1 row cannot be accepted",
        "count": 1,
        "examples": ["reviewers.csv:4: field 'max_load': allowed is a whole number"],
    }


def test_the_record_says_when_and_whence_the_deadline_is() -> None:
    assert check(CLEAN).to_plain()["deadline"] == {"day": "2024-01-01", "origin": "test"}


def bid_folder(folder: Path, bids: str, choices: str = "") -> Path:
    world = two_fields()
    write_folder(world, folder)
    (folder / "bids.csv").write_text("submission_id,reviewer_id,bid\n" + bids, encoding="utf-8")
    if choices:
        (folder / "match.toml").write_text(choices, encoding="utf-8")
    return folder


def checked(folder: Path) -> VenueCheck:
    loaded = read_venue(folder)
    return check_venue(loaded.venue, loaded.report, resolve_choices(loaded, None, {}).config)


def test_bids_that_no_scale_knows_are_named_with_their_line(tmp_path: Path) -> None:
    rows = (
        "pruning-s0,pruning-r2,maybee\npruning-s1,pruning-r0,yes\ntracking-s0,pruning-r0,no\npruning-s0,pruning-r1,2\n"
    )
    folder = bid_folder(tmp_path / "venue", rows)
    finding = next(each for each in checked(folder).problems if each.name == "unreadable bids")
    assert finding.text == (
        "2 bids are not of the scale easychair, which knows most of them; correct them, or set bid_scale in [bids] of "
        "match.toml"
    )
    assert finding.examples == (
        "bids.csv:2: 'maybee' of pruning-r2 on pruning-s0",
        "bids.csv:5: '2' of pruning-r1 on pruning-s0",
    )
    named = checked(bid_folder(tmp_path / "named", rows, '[bids]\nbid_scale = "cmt"\n'))
    assert [each.count for each in named.problems if each.name == "unreadable bids"] == [3]
    off = checked(bid_folder(tmp_path / "off", rows, '[bids]\nbids = "off"\n'))
    assert off.problems == ()


def test_bids_that_mean_different_things_in_several_scales_are_a_problem(tmp_path: Path) -> None:
    (finding,) = checked(bid_folder(tmp_path / "venue", "pruning-s0,pruning-r2,0\n")).problems
    assert (finding.name, finding.count) == ("ambiguous bids", 1)
    assert "mean different things in the scales" in finding.text
    assert checked(bid_folder(tmp_path / "good", "pruning-s0,pruning-r2,yes\n")).problems == ()
