from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import DataError, UnknownNameError
from matcher.records import (
    INVITATIONS,
    KINDS,
    RELATION_KINDS,
    Affiliation,
    Assignment,
    AuthorMention,
    Bid,
    Conflict,
    Conflicts,
    Deadline,
    DeclaredConflict,
    Evidence,
    EvidencePaper,
    ExistingAssignment,
    Explanation,
    ExternalScore,
    FixedPair,
    HistoryEntry,
    Index,
    JoinedVectors,
    Limits,
    Pair,
    PairStatus,
    Paper,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    RankedReviewer,
    Recommendation,
    Relation,
    Reviewer,
    RoleLoad,
    ScoreMatrix,
    Shortfall,
    SourceRef,
    Submission,
    SubmissionId,
    Underload,
    Venue,
    VenueDefaults,
    Verdict,
    by_column,
    canonical_json,
    from_plain,
    inner_products,
    text_of,
    to_plain,
)
from tests.worlds import two_fields

# --- dates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "precision", "first", "last", "printed"),
    [
        ("2023", "year", date(2023, 1, 1), date(2023, 12, 31), "2023"),
        ("2023-06", "month", date(2023, 6, 1), date(2023, 6, 30), "2023-06"),
        ("2023-06-09", "day", date(2023, 6, 9), date(2023, 6, 9), "2023-06-09"),
        ("2023-02", "month", date(2023, 2, 1), date(2023, 2, 28), "2023-02"),
        ("2024-02", "month", date(2024, 2, 1), date(2024, 2, 29), "2024-02"),
        ("1900-02", "month", date(1900, 2, 1), date(1900, 2, 28), "1900-02"),
        ("2000-02", "month", date(2000, 2, 1), date(2000, 2, 29), "2000-02"),
        ("2024-02-29", "day", date(2024, 2, 29), date(2024, 2, 29), "2024-02-29"),
        ("2023-12", "month", date(2023, 12, 1), date(2023, 12, 31), "2023-12"),
        (" 2023-6-9 ", "day", date(2023, 6, 9), date(2023, 6, 9), "2023-06-09"),
    ],
)
def test_a_date_knows_its_precision_and_all_days_it_can_mean(
    text: str, precision: str, first: date, last: date, printed: str
) -> None:
    parsed = PartialDate.parse(text)
    assert (parsed.precision, parsed.first_day(), parsed.last_day(), str(parsed)) == (precision, first, last, printed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "23",
        "0999",
        "12023",
        "2023-",
        "2023-13",
        "2023-00",
        "2023-06-00",
        "2023-06-31",
        "2023-02-29",
        "1900-02-29",
        "2023/06",
        "June 2023",
        "2023-06-09T00:00",
        "２０２３",
        "2023\n2024",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the calendar's own words
        PartialDate.parse(text)


def test_a_refused_form_names_the_forms_allowed() -> None:
    with pytest.raises(ValueError, match=r"'June 2023' is no date: allowed are YYYY, YYYY-MM and YYYY-MM-DD"):
        PartialDate.parse("June 2023")


def test_a_day_needs_its_month() -> None:
    with pytest.raises(ValueError, match="a day needs a month"):
        PartialDate(2023, None, 9)


@given(st.dates(date(1000, 1, 1)), st.integers(1, 3))
def test_a_date_of_any_precision_holds_its_day_and_reads_back(day: date, parts: int) -> None:
    partial = PartialDate(*(day.year, day.month, day.day)[:parts])
    assert partial.first_day() <= day <= partial.last_day()
    assert PartialDate.parse(str(partial)) == partial


# --- texts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "abstract", "text"),
    [
        ("Title", "Abstract", "Title. Abstract"),
        ("Title.", "Abstract", "Title. Abstract"),
        ("Why?", "Abstract", "Why? Abstract"),
        ("So!", "Abstract", "So! Abstract"),
        (" Title ", "", "Title"),
        ("Title", "  ", "Title"),
        ("", "Abstract", "Abstract"),
        ("", "", ""),
    ],
)
def test_title_and_abstract_become_one_text(title: str, abstract: str, text: str) -> None:
    assert text_of(title, abstract) == text
    assert Paper(PaperId("p"), title, abstract).text == text
    assert Submission(SubmissionId("s"), title, abstract).text == text


# --- the venue ------------------------------------------------------------------------------------------------------


def test_a_venue_is_sorted_whatever_the_order_given() -> None:
    world = two_fields()
    world.declare("tracking-s0", "pruning-r0")
    world.declare("pruning-s0", "pruning-r0")
    venue = world.venue()
    backwards = Venue.of(
        name=venue.name,
        papers=venue.papers[::-1],
        people=venue.people[::-1],
        reviewers=venue.reviewers[::-1],
        submissions=venue.submissions[::-1],
        declared=venue.declared[::-1],
        deadline=venue.deadline,
        defaults=venue.defaults,
    )
    assert [paper.id for paper in backwards.papers] == sorted(world.papers)
    assert [reviewer.person_id for reviewer in backwards.reviewers] == sorted(world.reviewers)
    assert [submission.id for submission in backwards.submissions] == sorted(world.submissions)
    assert [conflict.submission_id for conflict in backwards.declared] == ["pruning-s0", "tracking-s0"]
    assert backwards == venue
    assert backwards.digest == venue.digest


@pytest.mark.parametrize("kind", ["papers", "people", "reviewers", "submissions"])
def test_an_id_that_occurs_twice_is_refused(kind: str) -> None:
    venue = two_fields().venue()
    parts = {name: getattr(venue, name) for name in ("papers", "people", "reviewers", "submissions")}
    parts[kind] = (*parts[kind], parts[kind][0])
    one = {"papers": "paper", "people": "person", "reviewers": "reviewer", "submissions": "submission"}[kind]
    with pytest.raises(DataError, match=f"{one} id '.*' occurs twice"):
        Venue.of(**parts)


def test_a_pair_that_is_said_twice_counts_once() -> None:
    world = two_fields()
    world.declare("pruning-s0", "pruning-r0", "asked to")
    world.declare("pruning-s0", "pruning-r0", "asked to")
    assert len(world.venue().declared) == 1


def test_a_pair_cannot_be_required_and_forbidden() -> None:
    world = two_fields()
    world.fix("pruning-s0", "pruning-r0", "require")
    world.fix("pruning-s0", "pruning-r0", "require")
    world.fix("pruning-s0", "pruning-r1", "forbid")
    assert len(world.venue().fixed) == 2
    world.fix("pruning-s0", "pruning-r0", "forbid")
    with pytest.raises(DataError, match="the pair 'pruning-s0', 'pruning-r0' is both required and forbidden"):
        world.venue()


def test_a_reviewer_needs_a_person() -> None:
    with pytest.raises(DataError, match="reviewer 'nobody' is not among the people"):
        Venue.of(reviewers=[Reviewer(PersonId("nobody"))])


def test_a_dangling_paper_is_refused_and_the_closest_is_named() -> None:
    world = two_fields()
    world.change_reviewer("pruning-r0", paper_ids=(PaperId("prunning-r0-p0"),))
    with pytest.raises(DataError) as caught:
        world.venue()
    assert str(caught.value) == (
        "reviewer 'pruning-r0': paper id 'prunning-r0-p0' is not known, did you mean 'pruning-r0-p0'?"
    )


S, R = SubmissionId, PersonId


@pytest.mark.parametrize(
    ("table", "what", "record"),
    [
        ("declared", "declared conflict", DeclaredConflict),
        ("bids", "bid", lambda s, r: Bid(s, r, "yes")),
        ("fixed", "fixed pair", lambda s, r: FixedPair(s, r, "forbid")),
        ("assignments", "assignment", ExistingAssignment),
        ("history", "history", HistoryEntry),
        ("recommendations", "recommendation", Recommendation),
        ("external_scores", "external score", lambda s, r: ExternalScore(s, r, 0.5)),
    ],
)
def test_a_dangling_pair_is_refused_and_the_closest_is_named(
    table: str, what: str, record: Callable[[SubmissionId, PersonId], Any]
) -> None:
    def with_pair(submission_id: str, reviewer_id: str) -> Venue:
        venue = two_fields().venue()
        pairs: dict[str, Any] = {table: [record(S(submission_id), R(reviewer_id))]}
        return Venue.of(
            people=venue.people, reviewers=venue.reviewers, papers=venue.papers, submissions=venue.submissions, **pairs
        )

    with pytest.raises(DataError) as caught:
        with_pair("pruning-s00", "pruning-r0")
    assert str(caught.value) == f"{what}: submission id 'pruning-s00' is not known, did you mean 'pruning-s0'?"
    with pytest.raises(DataError) as caught:
        with_pair("pruning-s0", "pruning-s0-author")  # a person, but no reviewer
    assert str(caught.value).startswith(f"{what}: reviewer id 'pruning-s0-author' is not known")
    assert len(getattr(with_pair("pruning-s0", "pruning-r0"), table)) == 1


def test_people_named_on_papers_only_are_added_with_their_spellings() -> None:
    def by(paper_id: str, name: str, email: str | None = None) -> Paper:
        return Paper(PaperId(paper_id), "T", authors=(AuthorMention(name, PersonId("ada"), email),))

    papers = [by("p2", "A. Aldern", "ada@example.org"), by("p1", "Ada Aldern"), by("p3", "Ada Aldern", "a@example.org")]
    for given_papers in (papers, papers[::-1]):
        (person,) = Venue.of(papers=given_papers).people
        assert person == Person(PersonId("ada"), ("Ada Aldern", "A. Aldern"), ("ada@example.org", "a@example.org"))


def test_a_person_of_the_input_is_never_overwritten_by_a_byline() -> None:
    known = Person(PersonId("ada"), ("Ada Aldern",))
    paper = Paper(PaperId("p"), "T", authors=(AuthorMention("Other Name", PersonId("ada")), AuthorMention("No Id")))
    assert Venue.of(papers=[paper], people=[known]).people == (known,)


def test_unknown_ids_are_answered_with_the_closest_known() -> None:
    venue = two_fields().venue()
    assert venue.submission("pruning-s0").id == "pruning-s0"
    assert venue.reviewer("pruning-r0").person_id == "pruning-r0"
    assert venue.name_of(PersonId("pruning-r0")) == "Alba Aldern"
    with pytest.raises(UnknownNameError, match="unknown submission 'pruning-s', did you mean 'pruning-s1'"):
        venue.submission("pruning-s")
    with pytest.raises(UnknownNameError, match=r"unknown reviewer 'PRUNING-R1', did you mean 'pruning-r1'\?; known: "):
        venue.reviewer("PRUNING-R1")


def test_only_active_submissions_want_reviewers() -> None:
    world = two_fields()
    world.change_submission("pruning-s0", status="withdrawn")
    world.change_submission("tracking-s1", status="desk_rejected")
    assert [each.id for each in world.venue().active_submissions] == ["pruning-s1", "tracking-s0"]


def test_every_change_of_content_changes_the_digest() -> None:
    digests = {two_fields().venue().digest}
    changes: list[Callable[[Any], None]] = [
        lambda world: world.declare("pruning-s0", "pruning-r0"),
        lambda world: world.declare("pruning-s0", "pruning-r0", "a reason"),
        lambda world: world.fix("pruning-s0", "pruning-r0", "forbid"),
        lambda world: world.fix("pruning-s0", "pruning-r0", "require"),
        lambda world: world.change_reviewer("pruning-r0", max_load=4),
        lambda world: world.change_reviewer("pruning-r0", max_load=0),
        lambda world: world.change_reviewer("pruning-r0", availability=0.0),
        lambda world: world.change_reviewer("pruning-r0", paper_ids=()),
        lambda world: world.change_submission("pruning-s0", title="Other"),
        lambda world: world.change_submission("pruning-s0", status="withdrawn"),
        lambda world: world.change_submission("pruning-s0", attributes={"area": "x"}),
        lambda world: setattr(world, "deadline", None),
        lambda world: setattr(world, "deadline", Deadline(date(2024, 10, 2), "venue.toml")),
        lambda world: setattr(world, "defaults", VenueDefaults(2, 3, None)),
        lambda world: world.share_paper("pruning-s0", "pruning-r0", None),
        lambda world: world.share_paper("pruning-s0", "pruning-r0", "2024"),
    ]
    for change in changes:
        world = two_fields()
        change(world)
        digests.add(world.venue().digest)
    assert len(digests) == len(changes) + 1
    assert two_fields().venue().digest in digests


def test_attributes_are_sorted_and_cannot_be_changed() -> None:
    given_attributes = {"b": 1, "a": 2}
    reviewer = Reviewer(PersonId("r"), attributes=given_attributes)
    assert list(reviewer.attributes) == ["a", "b"]
    with pytest.raises(TypeError):
        reviewer.attributes["a"] = 3  # type: ignore[index]
    given_attributes["a"] = 3
    assert reviewer.attributes["a"] == 2


# --- plain form -----------------------------------------------------------------------------------------------------

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
DATES = st.builds(
    lambda day, parts: PartialDate(*(day.year, day.month, day.day)[:parts]),
    st.dates(date(1000, 1, 1)),
    st.integers(1, 3),
)
MAYBE_DATES = st.none() | DATES
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
ATTRIBUTES = st.dictionaries(TEXTS, JSON, max_size=2)


def tuples(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=2).map(tuple)


@st.composite
def venues(draw: st.DrawFn) -> Venue:
    """Any venue that may exist, with every field of every record filled now and then."""
    ids = [PersonId(each) for each in draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))]
    mention = st.builds(
        AuthorMention,
        name=NAMES,
        person_id=st.none() | st.sampled_from(ids),
        email=st.none() | NAMES,
        affiliation=st.none() | NAMES,
        domain=st.none() | NAMES,
        marks=TEXTS,
    )
    source = st.builds(SourceRef, file=TEXTS, line=st.none() | st.integers(1, 99))
    papers = draw(
        st.lists(
            st.builds(
                Paper,
                id=NAMES,
                title=TEXTS,
                abstract=TEXTS,
                dates=tuples(DATES),
                authors=tuples(mention),
                published_in=TEXTS,
                kind=st.sampled_from(KINDS),
                sources=tuples(source),
            ),
            max_size=3,
            unique_by=lambda paper: paper.id,
        )
    )
    affiliation = st.builds(
        Affiliation, organisation=TEXTS, domain=st.none() | NAMES, role=TEXTS, start=MAYBE_DATES, end=MAYBE_DATES
    )
    relation = st.builds(
        Relation,
        kind=st.sampled_from(RELATION_KINDS),
        other=TEXTS,
        other_id=st.none() | st.sampled_from(ids),
        start=MAYBE_DATES,
        end=MAYBE_DATES,
        evidence=TEXTS,
    )
    people = [
        draw(
            st.builds(
                Person,
                id=st.just(who),
                names=st.lists(NAMES, min_size=1, max_size=2).map(tuple),
                emails=tuples(NAMES),
                affiliations=tuples(affiliation),
                relations=tuples(relation),
            )
        )
        for who in ids
    ]
    listed = (
        st.lists(st.sampled_from([paper.id for paper in papers]), unique=True).map(tuple) if papers else st.just(())
    )
    reviewers = [
        draw(
            st.builds(
                Reviewer,
                person_id=st.just(who),
                paper_ids=listed,
                interests=tuples(TEXTS),
                max_load=st.none() | st.integers(0, 9),
                min_load=st.none() | st.integers(0, 9),
                invitation=st.sampled_from(INVITATIONS),
                last_invited=st.none() | st.builds(PartialDate, st.integers(1900, 2100)),
                availability=st.floats(0, 1),
                roles=tuples(st.builds(RoleLoad, role=NAMES, max_load=st.integers(0, 9), min_load=st.integers(0, 9))),
                attributes=ATTRIBUTES,
            )
        )
        for who in ids[: draw(st.integers(1, len(ids)))]
    ]
    submissions = draw(
        st.lists(
            st.builds(
                Submission,
                id=NAMES,
                title=TEXTS,
                abstract=TEXTS,
                authors=tuples(mention),
                reviews_wanted=st.none() | st.integers(0, 9),
                keywords=tuples(TEXTS),
                status=st.sampled_from(["active", "withdrawn", "desk_rejected"]),
                track=TEXTS,
                attributes=ATTRIBUTES,
            ),
            min_size=1,
            max_size=3,
            unique_by=lambda submission: submission.id,
        )
    )
    pair = {
        "submission_id": st.sampled_from([submission.id for submission in submissions]),
        "reviewer_id": st.sampled_from([reviewer.person_id for reviewer in reviewers]),
    }
    number = st.none() | st.integers(0, 9)
    return Venue.of(
        name=draw(TEXTS),
        papers=papers,
        people=people,
        reviewers=reviewers,
        submissions=submissions,
        declared=draw(tuples(st.builds(DeclaredConflict, **pair, reason=TEXTS))),
        bids=draw(tuples(st.builds(Bid, **pair, bid=TEXTS))),
        fixed=draw(
            st.lists(
                st.builds(FixedPair, **pair, kind=st.sampled_from(["require", "forbid"])),
                max_size=2,
                unique_by=lambda fixed: (fixed.submission_id, fixed.reviewer_id),
            )
        ),
        assignments=draw(tuples(st.builds(ExistingAssignment, **pair, role=NAMES, round=st.integers(1, 9)))),
        history=draw(tuples(st.builds(HistoryEntry, **pair, earlier_id=TEXTS, wish=TEXTS))),
        recommendations=draw(tuples(st.builds(Recommendation, **pair, by=TEXTS, weight=st.floats(0, 9)))),
        external_scores=draw(tuples(st.builds(ExternalScore, **pair, score=st.floats(-9, 9), source=TEXTS))),
        deadline=draw(st.none() | st.builds(Deadline, day=st.dates(), origin=TEXTS)),
        defaults=draw(st.builds(VenueDefaults, number, number, number)),
    )


@given(venues())
@settings(max_examples=30)
def test_any_venue_survives_its_plain_form(venue: Venue) -> None:
    again = from_plain(Venue, to_plain(venue))
    assert again == venue
    assert again.digest == venue.digest
    assert canonical_json(again) == canonical_json(venue)


@given(venues(), st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_any_order_of_input_gives_the_same_venue(venue: Venue, chance: Any) -> None:
    parts = {entry.name: getattr(venue, entry.name) for entry in dataclasses.fields(venue)}
    for name, value in parts.items():
        if isinstance(value, tuple):
            parts[name] = chance.sample(value, len(value))
    again = Venue.of(**parts)
    assert again == venue
    assert again.digest == venue.digest


def test_empty_fields_are_left_out_of_the_plain_form() -> None:
    assert to_plain(Paper(PaperId("p"), "T")) == {"id": "p", "title": "T", "kind": "other"}
    assert to_plain(Reviewer(PersonId("r"), max_load=0)) == {
        "person_id": "r",
        "max_load": 0,
        "invitation": "accepted",
        "availability": 1.0,
    }
    assert canonical_json(Paper(PaperId("p"), "Zoë", dates=(PartialDate(2023, 6),))) == (
        '{"dates":["2023-06"],"id":"p","kind":"other","title":"Zoë"}'
    )


@pytest.mark.parametrize(
    ("kind", "plain"),
    [
        (Paper, {"title": "T"}),
        (Paper, {"id": "p", "title": "T", "dates": ["yesterday"]}),
        (Paper, {"id": "p", "title": "T", "colour": "red"}),
        (Paper, ["p", "T"]),
        (Deadline, {"day": "2024-13-01", "origin": "x"}),
        (RoleLoad, {"role": "chair"}),
        (Conflict, {"submission_id": "s", "reviewer_id": "r", "rule": "author", "verdict": "perhaps"}),
    ],
)
def test_a_plain_form_of_another_shape_is_refused(kind: type[Any], plain: Any) -> None:
    with pytest.raises(DataError, match=f"this is no {kind.__name__}: "):
        from_plain(kind, plain)


def test_conflicts_and_explanations_survive_their_plain_form() -> None:
    conflict = Conflict(
        S("s"),
        R("r"),
        "coauthor",
        Verdict.ASK,
        None,
        "Ada Aldern",
        (Evidence("paper", "T (2023)", PaperId("p"), (PartialDate(2023),), (SourceRef("x.jsonl", 3), SourceRef("y"))),),
        PartialDate(2023),
        0.5,
        "clears",
    )
    assert from_plain(Conflict, to_plain(conflict)) == conflict
    explanation = Explanation(
        S("s"), R("r"), "ask", None, None, 0, (EvidencePaper(None, "T", None, 0.0),), (conflict,), ("why",), ()
    )
    assert from_plain(Explanation, to_plain(explanation)) == explanation


# --- index and arrays -----------------------------------------------------------------------------------------------


def test_an_index_is_the_bridge_between_ids_and_positions() -> None:
    index = Index(["b", "a", "c"])
    assert index.ids == ("b", "a", "c")
    assert [index.position(name) for name in index] == [0, 1, 2]
    assert ("a" in index, "d" in index, 0 in index, len(index)) == (True, False, False, 3)
    assert index == Index(("b", "a", "c"))
    assert hash(index) == hash(Index(("b", "a", "c")))
    assert index != Index(("a", "b", "c"))
    assert index != ("b", "a", "c")
    assert repr(index) == "Index(3 ids)"
    with pytest.raises(UnknownNameError, match="unknown id 'd'; known: a, b, c"):
        index.position("d")
    with pytest.raises(DataError, match="an index holds an id twice"):
        Index(["a", "a"])


def matrix(values: list[list[float]]) -> ScoreMatrix:
    array = np.array(values, dtype=np.float32)
    rows = Index(S(f"s{number}") for number in range(array.shape[0]))
    columns = Index(R(f"r{number}") for number in range(array.shape[1]))
    return ScoreMatrix(rows, columns, array, array, "given")


def test_a_score_that_is_not_there_is_not_zero() -> None:
    scores = matrix([[0.0, np.nan]])
    assert scores.value("s0", "r0") == 0.0
    assert scores.value("s0", "r1") is None
    with pytest.raises(UnknownNameError):
        scores.value("s0", "r2")


def test_arrays_of_records_are_read_only_and_the_callers_own_are_not_locked() -> None:
    own = np.zeros((1, 1), dtype=np.float32)
    scores = ScoreMatrix(Index([S("s")]), Index([R("r")]), own, own, "given")
    with pytest.raises(ValueError, match="read-only"):
        scores.values[0, 0] = 1
    own[0, 0] = 1
    wanted = np.ones(1, dtype=np.int64)
    limits = Limits(wanted, wanted, wanted, np.zeros((1, 1), dtype=np.uint8))
    for name in ("wanted", "max_load", "min_load", "status"):
        assert not getattr(limits, name).flags.writeable
    wanted[0] = 2


@pytest.mark.parametrize("name", ["values", "raw"])
def test_scores_of_another_shape_are_refused(name: str) -> None:
    arrays = {"values": np.zeros((1, 2), dtype=np.float32), "raw": np.zeros((1, 2), dtype=np.float32)}
    arrays[name] = np.zeros((2, 1), dtype=np.float32)
    with pytest.raises(DataError, match=f"field '{name}': scores have shape .2, 1., the ids say .1, 2."):
        ScoreMatrix(Index([S("s")]), Index([R("a"), R("b")]), **arrays, method="given")


def test_limits_name_what_may_happen_to_a_pair() -> None:
    status = np.array([[PairStatus.ELIGIBLE, PairStatus.LAST_RESORT, PairStatus.REQUIRED, PairStatus.BLOCKED]])
    limits = Limits(np.ones(1, int), np.ones(4, int), np.zeros(4, int), status.astype(np.uint8))
    assert limits.eligible.tolist() == [[True, False, False, False]]
    assert limits.last_resort.tolist() == [[False, True, False, False]]
    assert limits.required.tolist() == [[False, False, True, False]]


# --- conflicts ------------------------------------------------------------------------------------------------------


def conflict(submission: str, reviewer: str, verdict: Verdict, rule: str = "author") -> Conflict:
    return Conflict(S(submission), R(reviewer), rule, verdict, None, "", (Evidence("paper", "T"),))


BLOCK, ASK, CLEAR = Verdict.BLOCK, Verdict.ASK, Verdict.CLEAR


@pytest.mark.parametrize(
    ("verdicts", "strictest"),
    [
        ((), CLEAR),
        ((CLEAR,), CLEAR),
        ((ASK,), ASK),
        ((BLOCK,), BLOCK),
        ((CLEAR, ASK), ASK),
        ((ASK, BLOCK, CLEAR), BLOCK),
    ],
)
def test_the_strictest_verdict_on_a_pair_counts(verdicts: tuple[Verdict, ...], strictest: Verdict) -> None:
    items = tuple(conflict("s0", "r0", verdict, f"rule{number}") for number, verdict in enumerate(verdicts))
    conflicts = Conflicts((*items, conflict("s0", "r1", BLOCK)))
    assert conflicts.of("s0", "r0") == items
    assert conflicts.verdict("s0", "r0") is strictest
    assert conflicts.verdict("s1", "r0") is CLEAR


def test_pairs_are_listed_by_their_strictest_verdict() -> None:
    conflicts = Conflicts(
        (
            conflict("s0", "r0", ASK),
            conflict("s0", "r0", BLOCK, "coauthor"),
            conflict("s1", "r0", ASK),
            conflict("s1", "r1", CLEAR),
        )
    )
    assert conflicts.pairs(BLOCK) == (("s0", "r0"),)
    assert conflicts.pairs(ASK) == (("s1", "r0"),)
    assert conflicts.pairs(CLEAR) == (("s1", "r1"),)
    assert conflicts.pairs(BLOCK, ASK) == (("s0", "r0"), ("s1", "r0"))


def test_the_mask_holds_blocks_and_open_questions_and_ignores_ids_outside() -> None:
    conflicts = Conflicts(
        (
            conflict("s0", "r1", BLOCK),
            conflict("s1", "r0", ASK),
            conflict("s1", "r1", CLEAR),
            conflict("withdrawn", "r0", BLOCK),
            conflict("s0", "elsewhere", BLOCK),
        )
    )
    mask = conflicts.mask(Index([S("s1"), S("s0")]), Index([R("r0"), R("r1")]))
    assert mask.tolist() == [[True, False], [False, True]]


# --- answers --------------------------------------------------------------------------------------------------------


def assignment(objective: float, bound: float | None, *, short: bool = False, under: bool = False) -> Assignment:
    return Assignment(
        pairs=(),
        shortfalls=(Shortfall(S("s"), 2, 1, "why"),) if short else (),
        underloads=(Underload(R("r"), 2, 1, "why"),) if under else (),
        objective=objective,
        bound=bound,
        solver="a test",
    )


def test_the_gap_is_relative_to_the_bound() -> None:
    assert assignment(9.0, 10.0).gap == pytest.approx(0.1)
    assert assignment(10.0, 10.0).gap == 0.0
    assert assignment(10.0 + 1e-9, 10.0).gap == 0.0
    assert assignment(0.0, 0.0).gap == 0.0
    assert assignment(9.0, None).gap is None


def test_an_answer_is_complete_when_nothing_is_missing() -> None:
    assert assignment(1.0, 1.0).is_complete
    assert not assignment(1.0, 1.0, short=True).is_complete
    assert not assignment(1.0, 1.0, under=True).is_complete


def test_an_explanation_reads_as_text() -> None:
    explanation = Explanation(
        S("s"),
        R("r"),
        "assigned",
        0.5,
        1,
        3,
        (EvidencePaper(PaperId("p"), "A paper", 0.6, 0.5), EvidencePaper(None, "A correction", None, -0.25)),
        (),
        ("because",),
        (RankedReviewer(R("q"), "Bodo Birkmann", 0.4, 1, 3),),
    )
    assert str(explanation) == (
        "s × r: assigned\n  because\n  +0.500  A paper\n  -0.250  A correction\n  next: Bodo Birkmann (0.40)"
    )


def test_records_are_frozen() -> None:
    for record in (Pair(S("s"), R("r"), 0.5), conflict("s", "r", ASK), PartialDate(2023), two_fields().venue()):
        name = dataclasses.fields(record)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, name, None)


def test_vectors_by_column_have_the_same_products() -> None:
    rng = np.random.default_rng(3)
    dense = rng.standard_normal((7, 5)).astype(np.float32)
    sparse = sp.csr_array(np.where(rng.random((7, 9)) < 0.4, 1.5, 0).astype(np.float32))
    for vectors in (dense, sparse, JoinedVectors(dense, sparse)):
        expected = inner_products(vectors[[2]], vectors)
        np.testing.assert_array_equal(inner_products(vectors[[2]], by_column(vectors)), expected)
    assert by_column(dense) is dense
    assert by_column(sparse).format == "csc"  # type: ignore[union-attr]
