"""Which mentions of one name are one person, and what that does to links."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.config import MatchConfig
from matcher.conflicts import find_conflicts
from matcher.identity import Identities, Link, link
from matcher.identity.groups import Groups, Seen, group_names, is_rare
from matcher.identity.names import are_told_apart
from matcher.identity.spellings import other_spellings
from matcher.records import (
    AuthorMention,
    Paper,
    PaperId,
    Person,
    PersonId,
    Reviewer,
    Submission,
    SubmissionId,
    Venue,
    Verdict,
)

COMMON = "wei wang"
RARE = ("zirui quux", "amira zonk", "mary quuxley", "olu brandybuck", "tove zonkeby")


PEOPLE = 50_000


def grouped(*bylines: Sequence[str], settled: dict[tuple[int, int], str] | None = None, name: str = COMMON) -> Groups:
    known = settled or {}
    seen = [
        Seen(tuple(names), {at: PersonId(who) for (where, at), who in known.items() if where == number})
        for number, names in enumerate(bylines)
    ]
    return group_names(seen, [name], PEOPLE, are_told_apart)[name]


def places(groups: Groups) -> list[list[int]]:
    return [sorted(number for number, _ in group.places) for group in groups.groups]


def test_coauthors_hold_mentions_of_a_common_name_together() -> None:
    groups = grouped((COMMON, *RARE[:3]), (*RARE[:3], COMMON), (COMMON, RARE[3]))
    assert places(groups) == [[0, 1], [2]]
    assert [group.by_coauthors for group in groups.groups] == [True, False]
    assert 0 < groups.chance(*groups.groups) < 0.5


def test_a_chain_of_coauthors_is_one_person() -> None:
    groups = grouped((COMMON, *RARE[:2]), (COMMON, *RARE[2:4]), (COMMON, *RARE[:4]), (COMMON, *RARE[:4]))
    assert places(groups) == [[0, 1, 2, 3]]


def test_a_common_coauthor_says_little() -> None:
    assert places(grouped((COMMON, "yang liu"), (COMMON, "yang liu"))) == [[0], [1]]


def test_a_rare_name_is_one_person_without_coauthors() -> None:
    assert is_rare("zirui quuxley", PEOPLE)
    assert not is_rare(COMMON, PEOPLE)
    assert places(grouped(("zirui quuxley", "a b"), ("zirui quuxley", "c d"), name="zirui quuxley")) == [[0, 1]]


def test_two_mentions_on_one_byline_never_meet_however_many_steps_lie_between() -> None:
    first = (COMMON, COMMON, *RARE[:3])
    groups = grouped(first, (COMMON, *RARE[:3]), (COMMON, *RARE[:3]))
    for group in groups.groups:
        numbers = [number for number, _ in group.places]
        assert len(set(numbers)) == len(numbers)


def test_people_whom_ids_tell_apart_never_meet() -> None:
    groups = grouped((COMMON, *RARE[:3]), (COMMON, *RARE[:3]), settled={(0, 0): "~Wei_Wang1", (1, 0): "~Wei_Wang2"})
    assert [sorted(group.people) for group in groups.groups] == [["~Wei_Wang1"], ["~Wei_Wang2"]]


def test_a_settled_coauthor_counts_in_full() -> None:
    bylines = ((COMMON, "yang liu", "li li", "wei zhang"), (COMMON, "yang liu", "li li", "wei zhang"))
    assert places(grouped(*bylines)) == [[0], [1]]
    known = {(number, at): f"r{at}" for number in (0, 1) for at in (1, 2, 3)}
    assert places(grouped(*bylines, settled=known)) == [[0, 1]]


def test_one_person_on_papers_without_common_coauthors_stays_one() -> None:
    groups = grouped((COMMON, "a b"), (COMMON, "c d"), settled={(0, 0): "r", (1, 0): "r"})
    assert places(groups) == [[0, 1]]


BYLINES = st.lists(
    st.lists(st.sampled_from([COMMON, *RARE[:3], "yang liu"]), min_size=1, max_size=4), min_size=1, max_size=6
)


@settings(max_examples=150)
@given(BYLINES)
def test_groups_hold_every_mention_once_and_no_byline_twice(bylines: list[list[str]]) -> None:
    groups = grouped(*bylines)
    found = [place for group in groups.groups for place in group.places]
    there = [(number, at) for number, names in enumerate(bylines) for at, name in enumerate(names) if name == COMMON]
    assert sorted(found) == there
    for group in groups.groups:
        assert len({number for number, _ in group.places}) == len(group.places)


# --- spellings ------------------------------------------------------------------------------------------------------


def spelt(*bylines: Sequence[str]) -> dict[str, str]:
    names = dict.fromkeys(name for names in bylines for name in names)
    return other_spellings([Seen(tuple(names), {}) for names in bylines], names)


def test_a_typing_error_among_coauthors_is_another_spelling() -> None:
    found = spelt(
        ("zhaozhao quux", *RARE[1:4]),
        ("zhaozhuo quux", *RARE[1:4]),
        ("zhaozhuo quux", *RARE[1:4]),
        ("tove zonk", "a b"),
    )
    assert found == {"zhaozhao quux": "zhaozhuo quux"}


def test_spellings_on_one_byline_are_two_people_and_so_is_what_lies_between() -> None:
    assert spelt(("zhaozhao quux", "zhaozhuo quux", *RARE[1:4]), ("zhaozhao quux", *RARE[1:4])) == {}
    found = spelt(
        ("zhaozhao quux", "zhaozhoo quux", *RARE[1:4]), ("zhaozhuo quux", *RARE[1:4]), ("zhaozhuo quux", *RARE[1:4])
    )
    assert len(found) == 1
    assert set(found.items()) & {("zhaozhao quux", "zhaozhuo quux"), ("zhaozhoo quux", "zhaozhuo quux")}


def test_likeness_without_a_coauthor_is_no_spelling() -> None:
    assert spelt(("zhaozhao quux", RARE[1]), ("zhaozhuo quux", RARE[2])) == {}
    assert spelt(("yan wang", *RARE[1:4]), ("yang wang", *RARE[1:4])) == {}


# --- links ----------------------------------------------------------------------------------------------------------


def mentions(*names: str) -> tuple[AuthorMention, ...]:
    return tuple(AuthorMention(name=name) for name in names)


def linked(
    papers: Mapping[str, tuple[str, ...]], authors: tuple[str, ...], listed: Mapping[str, tuple[str, tuple[str, ...]]]
) -> Identities:
    """Who is who in a venue of papers, one submission, and reviewers with a name and the papers they list."""
    return link(
        Venue.of(
            papers=[
                Paper(id=PaperId(key), title=f"Paper {key}", authors=mentions(*names)) for key, names in papers.items()
            ],
            people=[Person(id=PersonId(who), names=(name,)) for who, (name, _) in listed.items()],
            reviewers=[
                Reviewer(person_id=PersonId(who), paper_ids=tuple(map(PaperId, own)))
                for who, (_, own) in listed.items()
            ],
            submissions=[Submission(id=SubmissionId("s"), title="S", authors=mentions(*authors))],
        )
    )


def on_submission(found: Identities, position: int = 0) -> list[tuple[str, str]]:
    return [(one.person_id, one.basis) for one in found.on_submissions[SubmissionId("s")][position]]


def test_a_common_name_with_the_reviewers_coauthors_is_the_reviewer() -> None:
    found = linked({"p": ("Wei Wang", *RARE[:3])}, ("Wei Wang", *RARE[:3]), {"r": ("Wei Wang", ("p",))})
    assert on_submission(found) == [("r", "coauthors")]
    (one,) = found.on_submissions[SubmissionId("s")][0]
    assert one.is_sure
    assert one.reason == "the same full name, with shared coauthors"


def test_a_common_name_without_coauthors_is_asked_about() -> None:
    found = linked({"p": ("Wei Wang", *RARE[:3])}, ("Wei Wang", RARE[3]), {"r": ("Wei Wang", ("p",))})
    assert on_submission(found) == [("r", "common"), ("unidentified:wei wang", "name")]
    first = found.on_submissions[SubmissionId("s")][0][0]
    assert (first.is_sure, 0 < first.confidence < 0.5) == (False, True)


def test_a_rare_name_is_the_reviewer() -> None:
    found = linked({"p": ("Zirui Quuxley", RARE[1])}, ("Zirui Quuxley", RARE[3]), {"r": ("Zirui Quuxley", ("p",))})
    assert on_submission(found) == [("r", "name")]


def test_unknown_people_of_one_common_name_are_kept_apart_and_asked_about() -> None:
    found = linked({"p": ("Wei Wang", *RARE[:3]), "q": ("Wei Wang", RARE[4])}, ("Wei Wang", *RARE[:3]), {})
    first, second = (found.on_papers[PaperId(key)][0] for key in ("p", "q"))
    assert on_submission(found) == [(one.person_id, one.basis) for one in first]
    assert [one.basis for one in first] == ["name", "common"]
    assert first[0].person_id != second[0].person_id
    assert first[1].person_id == second[1].person_id == "unidentified:wei wang"


def test_another_spelling_of_an_unknown_coauthor_is_one_person() -> None:
    found = linked(
        {"p": ("Zhaozhao Quux", *RARE[1:4]), "q": ("Zhaozhuo Quux", *RARE[1:4])}, ("Zhaozhuo Quux", *RARE[1:4]), {}
    )
    (one,) = found.on_papers[PaperId("p")][0]
    (other,) = found.on_papers[PaperId("q")][0]
    assert one.person_id == other.person_id
    assert {one.basis, other.basis} == {"name", "spelling"}


ATTACKS = [
    ("second e-mail", "Zirui Quuxley"),
    ("initials", "Z. Quuxley"),
    ("swapped order", "Quuxley Zirui"),
    ("dropped middle name", "Jean Brandybuck"),
    ("added accent", "Ziruí Quüxley"),
    ("transliteration", "Андрей Волконский"),
    ("nickname", "Mike Brandywine"),
    ("married name, listed", "Amira Zonk"),
    ("homoglyph", "Zіrui Quuxlеy"),
    ("hyphenation", "Tove-Zonkeby Larsson"),
    ("typo", "Zriui Quuxley"),
    ("typo in the family name", "Zirui Quuxly"),
    ("another institution", "Zirui Quuxley"),
]
HONEST = {
    "a": ("Zirui Quuxley",),
    "b": ("Jean Baptiste Brandybuck",),
    "c": ("Andrei Volkonskii",),
    "d": ("Michael Brandywine",),
    "e": ("Amira Underhill", "Amira Zonk"),
    "f": ("Tove Zonkeby Larsson",),
}
TARGET = dict(
    zip([kind for kind, _ in ATTACKS], ["a", "a", "a", "b", "a", "c", "d", "e", "a", "f", "a", "a", "a"], strict=True)
)


@pytest.mark.parametrize(("kind", "name"), ATTACKS)
def test_no_alias_hides_an_author_among_the_reviewers(kind: str, name: str) -> None:
    venue = Venue.of(
        people=[Person(id=PersonId(who), names=names, emails=(f"{who}@uni.example",)) for who, names in HONEST.items()],
        reviewers=[Reviewer(person_id=PersonId(who)) for who in HONEST],
        submissions=[
            Submission(
                id=SubmissionId("s"),
                title="S",
                authors=(
                    AuthorMention(name=name, email="other@lab.example", affiliation="Elsewhere", domain="lab.example"),
                    AuthorMention(name="Somebody Elsewhere"),
                ),
            )
        ],
    )
    meant = {one.person_id for one in link(venue).on_submissions[SubmissionId("s")][0]}
    held_back = find_conflicts(venue, MatchConfig()).verdict(SubmissionId("s"), PersonId(TARGET[kind]))
    assert held_back is not Verdict.CLEAR
    assert TARGET[kind] in meant
    assert not meant & (set(HONEST) - {TARGET[kind]})


def test_a_coauthor_of_the_reviewer_makes_a_doubtful_spelling_a_question() -> None:
    listed = {"r": ("Xinyi Wang", ("p",))}
    papers = {"p": ("Xinyi Wang", *RARE[:3])}
    alone = linked(papers, ("Xinyu Wang", RARE[4]), listed)
    beside = linked(papers, ("Xinyu Wang", *RARE[:3]), listed)
    assert "r" not in [who for who, _ in on_submission(alone)]
    assert ("r", "alike") in on_submission(beside)


def test_the_fewer_people_there_are_the_more_an_equal_name_says() -> None:
    seen = [Seen((COMMON,), {}), Seen((COMMON,), {})]
    few, some, many = (
        group_names(seen, [COMMON], people, are_told_apart)[COMMON].odds for people in (5, 90_000, 10**9)
    )
    assert few > some > many
    assert group_names(seen, [COMMON], 50, are_told_apart)[COMMON].odds == few


def test_links_are_the_same_whatever_the_order_of_the_papers() -> None:
    papers = {"p": ("Wei Wang", *RARE[:3]), "q": ("Wei Wang", RARE[4]), "o": ("Wei Wang", *RARE[:2])}
    authors, listed = ("Wei Wang", *RARE[:3]), {"r": ("Wei Wang", ("q",))}
    forth, back = linked(papers, authors, listed), linked(dict(reversed(papers.items())), authors, listed)
    assert forth.on_papers == back.on_papers
    assert forth.on_submissions == back.on_submissions
    assert isinstance(forth.on_submissions[SubmissionId("s")][0][0], Link)
