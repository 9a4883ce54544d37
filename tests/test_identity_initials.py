from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.config import MatchConfig
from matcher.conflicts import find_conflicts
from matcher.identity import Link, link
from matcher.records import (
    AuthorMention,
    Deadline,
    Paper,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    Reviewer,
    Submission,
    SubmissionId,
    Venue,
    Verdict,
)

RARE, RARE_SHORT = "Zirella Quuxley", "Z. Quuxley"
COMMON, COMMON_SHORT = "Wei Wang", "W. Wang"
TEAM = ("Odda Vimmerby", "Pell Ostrander", "Ruta Skalholt", "Tove Brenndal", "Ulf Kvistgard", "Vera Lomholt")


def mention(name: str, person_id: str | None = None) -> AuthorMention:
    return AuthorMention(name=name, person_id=PersonId(person_id) if person_id else None)


def paper(paper_id: str, *names: str | AuthorMention, title: str = "A first title") -> Paper:
    authors = tuple(mention(one) if isinstance(one, str) else one for one in names)
    return Paper(PaperId(paper_id), title, dates=(PartialDate(2024),), authors=authors)


def venue(
    *papers: Paper,
    authors: tuple[str | AuthorMention, ...],
    title: str = "Another text",
    people: tuple[Person, ...] = (),
) -> Venue:
    """A venue whose only reviewer is Jane Dunmoor, with one submission."""
    byline = tuple(mention(one) if isinstance(one, str) else one for one in authors)
    return Venue.of(
        people=[Person(PersonId("jane"), ("Jane Dunmoor",)), *people],
        reviewers=[Reviewer(PersonId("jane"))],
        papers=papers,
        submissions=[Submission(SubmissionId("s1"), title, authors=byline)],
        deadline=Deadline(date(2024, 10, 1), "test"),
    )


def verdicts(one: Venue) -> list[tuple[str, str]]:
    """Verdict and author of each conflict with Jane, who must be known as a coauthor only."""
    found = find_conflicts(one, MatchConfig()).items
    assert {each.rule for each in found} <= {"coauthor"}
    return [(each.verdict.value, each.via_name) for each in found]


def initials(one: Venue, position: int, paper_id: str = "p1") -> list[Link]:
    return [
        each for each in link(one).on_papers[PaperId(paper_id)][position] if each.basis in ("initials", "abbreviated")
    ]


def test_a_rare_name_whose_initial_fits_a_coauthor_asks() -> None:
    one = venue(paper("p1", "Jane Dunmoor", RARE_SHORT), authors=(RARE, "Mary Roe"))
    (conflict,) = find_conflicts(one, MatchConfig()).items
    assert (conflict.verdict, conflict.rule, conflict.via_name) == (Verdict.ASK, "coauthor", RARE)
    assert conflict.evidence[0].paper_id == "p1"
    assert conflict.evidence[-1].text.endswith("the name may be abbreviated there")
    assert 0.05 <= conflict.confidence < 0.98


def test_a_common_name_whose_initial_fits_raises_no_question_without_more() -> None:
    assert verdicts(venue(paper("p1", "Jane Dunmoor", COMMON_SHORT), authors=(COMMON, "Mary Roe"))) == []


def test_each_shared_coauthor_makes_a_common_name_likelier() -> None:
    probabilities = []
    for count in (1, 2, 3, 6):
        shared = TEAM[:count]
        one = venue(paper("p1", "Jane Dunmoor", COMMON_SHORT, *shared), authors=(COMMON, *shared))
        found = initials(one, 1)
        assert [each.person_id for each in found] == ["unidentified:wei wang"]
        probabilities.append(found[0].confidence)
    assert probabilities == sorted(probabilities)
    assert len(set(probabilities)) == len(probabilities)
    assert probabilities[0] < 0.9
    assert probabilities[-1] > 0.9


def test_much_that_fits_blocks_by_the_abbreviated_name_alone() -> None:
    # the team stands on a second paper, so that only the abbreviated name ties the author to the reviewer
    papers = (paper("p1", "Jane Dunmoor", RARE_SHORT, *TEAM), paper("p2", RARE, *TEAM))
    assert verdicts(venue(*papers, authors=(RARE,))) == [("block", RARE)]


def test_a_like_title_counts() -> None:
    title = "Hyperbolic lattices for quantised retrieval"
    alike = venue(paper("p1", "Jane Dunmoor", RARE_SHORT, title=title), authors=(RARE,), title=title)
    other = venue(paper("p1", "Jane Dunmoor", RARE_SHORT), authors=(RARE,), title=title)
    assert initials(alike, 1)[0].confidence > initials(other, 1)[0].confidence


@pytest.mark.parametrize("printed", [RARE_SHORT, "Quuxley, Z.", "Z Quuxley"])
def test_an_abbreviated_author_asks_for_the_coauthors_of_who_it_may_be(printed: str) -> None:
    assert verdicts(venue(paper("p1", "Jane Dunmoor", RARE), authors=(printed, "Mary Roe"))) == [("ask", printed)]


def test_two_abbreviated_names_ask_too() -> None:
    assert verdicts(venue(paper("p1", "Jane Dunmoor", RARE_SHORT), authors=("Quuxley Z",))) == [("ask", "Quuxley Z")]


def test_an_abbreviated_author_without_a_paper_stays_unknown() -> None:
    one = venue(paper("p1", "Jane Dunmoor", "Ann Vexlund"), authors=(RARE_SHORT,))
    assert link(one).on_submissions[SubmissionId("s1")] == ((),)


@pytest.mark.parametrize(
    ("printed", "author"),
    [
        ("Y. Quuxley", RARE),
        ("Z. Quuxly", RARE),
        ("Z. B. Quuxley", "Zirella Ada Quuxley"),
        ("Quuxley", RARE),
        ("Zirella Quuxley", RARE_SHORT.replace("Z.", "Y.")),
    ],
)
def test_names_that_do_not_fit_raise_no_question(printed: str, author: str) -> None:
    assert verdicts(venue(paper("p1", "Jane Dunmoor", printed), authors=(author,))) == []


def test_who_is_known_by_a_full_name_is_not_somebody_else_with_the_same_initial() -> None:
    known = Person(PersonId("zr"), ("Z. Quuxley", "Zirella Quuxley"))
    author = mention("Z. Quuxley", "zr")
    fits = venue(paper("p1", "Jane Dunmoor", "Z. Quuxley"), authors=(author,), people=(known,))
    assert [each.person_id for each in initials(fits, 1)] == ["zr"]
    contradicts = venue(paper("p1", "Jane Dunmoor", "Zohra Quuxley"), authors=(author,), people=(known,))
    assert initials(contradicts, 1) == []


def test_ids_tell_two_people_apart() -> None:
    known = Person(PersonId("zr"), ("Z. Quuxley",))
    one = venue(
        paper("p1", "Jane Dunmoor", mention("Zirella Quuxley", "other")),
        authors=(mention("Z. Quuxley", "zr"),),
        people=(known, Person(PersonId("other"), ("Zirella Quuxley",))),
    )
    assert verdicts(one) == []
    also = venue(
        paper("p1", "Jane Dunmoor", mention("Z. Quuxley", "other")),
        authors=(RARE,),
        people=(Person(PersonId("other"), ("Z. Quuxley", "Zohra Quuxley")),),
    )
    assert verdicts(also) == []


def test_who_stands_on_the_paper_already_is_no_second_author_of_it() -> None:
    one = venue(paper("p1", "Jane Dunmoor", RARE, RARE_SHORT), authors=(RARE,))
    assert initials(one, 2) == []


def test_papers_without_a_reviewer_are_not_looked_at() -> None:
    one = venue(paper("p1", "Ann Vexlund", RARE_SHORT), authors=(RARE,))
    assert link(one).on_papers[PaperId("p1")][1] == ()


def test_authors_whom_one_mention_may_mean_share_it() -> None:
    alone = venue(paper("p1", "Jane Dunmoor", RARE_SHORT), authors=(RARE,))
    both = venue(paper("p1", "Jane Dunmoor", RARE_SHORT), authors=(RARE, "Zora Quuxley"))
    (single,) = initials(alone, 1)
    shared = initials(both, 1)
    assert len(shared) == 2
    assert sum(each.confidence for each in shared) < 1
    assert max(each.confidence for each in shared) < single.confidence


def test_an_author_who_may_be_two_on_a_paper_is_surely_neither() -> None:
    one = venue(paper("p1", "Jane Dunmoor", RARE_SHORT, "Quuxley, Z.", *TEAM), authors=(RARE, *TEAM))
    for position in (1, 2):
        assert [(each.basis, each.confidence <= 0.5) for each in initials(one, position)] == [("initials", True)]


def test_abbreviated_authors_of_two_submissions_are_not_taken_for_one_person() -> None:
    papers = (paper("p1", "Jane Dunmoor", COMMON_SHORT, *TEAM),)
    both = venue(*papers, authors=(COMMON_SHORT, *TEAM))
    other = Submission(SubmissionId("s2"), "Unlike", authors=(mention(COMMON_SHORT), mention("Mary Roe")))
    both = Venue.of(
        people=both.people,
        reviewers=both.reviewers,
        papers=papers,
        submissions=[*both.submissions, other],
        deadline=both.deadline,
    )
    found = [each for each in find_conflicts(both, MatchConfig()).items if each.via_name == COMMON_SHORT]
    assert [each.submission_id for each in found] == ["s1"]


NAMES = st.sampled_from(
    ["Jane Dunmoor", RARE, RARE_SHORT, COMMON, COMMON_SHORT, "Zora Quuxley", "Quuxley Z", *TEAM[:2]]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(NAMES, max_size=4), max_size=3), st.lists(NAMES, min_size=1, max_size=4))
def test_abbreviations_only_add_to_what_was_known(bylines: list[list[str]], authors: list[str]) -> None:
    papers = [paper(f"p{number}", *names) for number, names in enumerate(bylines)]
    one = venue(*papers, authors=tuple(authors))
    for byline in link(one).on_papers.values():
        sure = [each.person_id for links in byline for each in links if each.is_sure]
        assert len(set(sure)) == len(sure)
        for links in byline:
            told = [each.confidence for each in links if each.basis in ("initials", "abbreviated")]
            assert all(0.05 <= chance <= 1 for chance in told)
