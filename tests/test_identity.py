import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.identity import (
    CONFIDENCE,
    Identities,
    Link,
    is_full_name,
    joint_confidence,
    link,
    names_agree,
    names_fit,
    namespace,
    normalise_email,
    normalise_name,
    reasons,
)
from matcher.records import AuthorMention, Paper, PaperId, Person, PersonId, Reviewer, Submission, SubmissionId, Venue


def mention(name: str, person_id: str | None = None, email: str | None = None) -> AuthorMention:
    return AuthorMention(name=name, person_id=PersonId(person_id) if person_id else None, email=email)


def person(person_id: str, *names: str, emails: tuple[str, ...] = ()) -> Person:
    return Person(id=PersonId(person_id), names=names, emails=emails)


def paper(paper_id: str, *authors: AuthorMention) -> Paper:
    return Paper(id=PaperId(paper_id), title=f"Paper {paper_id}", authors=authors)


def submission(*authors: AuthorMention) -> Submission:
    return Submission(id=SubmissionId("s1"), title="Submission", authors=authors)


def reviewer(person_id: str, *papers: str) -> Reviewer:
    return Reviewer(person_id=PersonId(person_id), paper_ids=tuple(map(PaperId, papers)))


def bases(links: tuple[Link, ...]) -> list[tuple[str, str]]:
    return [(one.person_id, one.basis) for one in links]


def twins(identities: Identities, person_id: str) -> list[tuple[str, str]]:
    return bases(identities.twins.get(PersonId(person_id), ()))


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelling",
    [
        "Decebal Constantin Mocanu",
        "DECEBAL CONSTANTIN MOCANU",
        "Mocanu, Decebal Constantin",
        "MOCANU,Decebal-Constantin",
        "  Decebal\u00a0Constantin   Mocanu ",
        "Décebal Constantin Mocanu",
        "De\u0301cebal Constantin Moca\u00adnu",
        "Decebal. Constantin. Mocanu",
        "Ｄecebal Constantin Mocanu",
    ],
)
def test_spellings_of_one_name(spelling: str) -> None:
    assert normalise_name(spelling) == "decebal constantin mocanu"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Søren Łukasz Æsir Œuvre Đorđe Þór", "soren lukasz aesir oeuvre dorde thor"),
        ("Strauß", "strauss"),
        ("İlker Işık", "ilker isik"),
        ("Conan O'Brien", "conan obrien"),
        ("Conan O’Brien", "conan obrien"),
        ("Conan O´Brien", "conan obrien"),
        ("Jean-Pierre Serre", "jean pierre serre"),
        ("Jean‐Pierre Serre", "jean pierre serre"),
        ("M.W. Mahoney", "m w mahoney"),
        ("Smith, John, Jr.", "john smith jr"),
        ("John Smith, Jr.", "john smith jr"),
        ("Smith, Jr., John", "john smith jr"),
        ("van der Berg, Jan", "jan van der berg"),
        ("A, B, C", "a b c"),
        ("Wei Wang 0001", "wei wang 0001"),
        ("李 明", "李明"),
        ("김 철수", "김철수"),
        ("Андрей Колмогоров", "андреи колмогоров"),
        ("कमल कुमार", "कमल कुमार"),
        ("", ""),
        (" - ", ""),
    ],
)
def test_normalise_name(name: str, expected: str) -> None:
    assert normalise_name(name) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Meng Fang", "Fang Meng"),
        ("Li Wu", "Lu Wu"),
        ("Michael W. Mahoney", "Michael Mahoney"),
        ("Wei Wang 0001", "Wei Wang 0002"),
        ("John Smith", "John Smith, Jr."),
        ("Xiaoming Li", "Xiao Ming Li"),
    ],
)
def test_names_that_stay_apart(one: str, other: str) -> None:
    assert normalise_name(one) != normalise_name(other)


@given(st.text())
def test_normalising_twice_changes_nothing(name: str) -> None:
    once = normalise_name(name)
    assert normalise_name(once) == once
    assert once == " ".join(once.split())


@pytest.mark.parametrize(
    ("name", "is_full"),
    [
        ("Jane Doe", True),
        ("J. Robert Oppenheimer", True),
        ("Ng Li", True),
        ("李明", True),
        ("J. Doe", False),
        ("Weinan E", False),
        ("J. D.", False),
        ("Madonna", False),
        ("Wang 0001", False),
        ("李", False),
        ("", False),
    ],
)
def test_is_full_name(name: str, is_full: bool) -> None:
    assert is_full_name(normalise_name(name)) is is_full


@pytest.mark.parametrize(
    ("one", "other", "fit"),
    [
        ("Jane Doe", "J. Doe", True),
        ("Jane Doe", "Jane Q. Doe", True),
        ("Meng Fang", "Fang Meng", True),
        ("Xiaoming Li", "Xiao-Ming Li", True),
        ("Jane Doe", "John Doe", False),
        ("Jane Doe", "K. Doe", False),
        ("Jane Doe", "Jane Roe", False),
        ("Jane Doe", "Doe", False),
        ("Jan Doe", "Jane Doe", False),
        ("Jane Doe", "", False),
    ],
)
def test_names_fit(one: str, other: str, fit: bool) -> None:
    assert names_fit(normalise_name(one), normalise_name(other)) is fit
    assert names_fit(normalise_name(other), normalise_name(one)) is fit


FITTING = [
    ("P. van der Berg", "Peter van der Berg"),
    ("van der Berg, P.", "Peter van der Berg"),
    ("Berg, P. van der", "Peter van der Berg"),
    ("P. Vanderberg", "Peter van der Berg"),
    ("P. v. d. Berg", "Peter van der Berg"),
    ("Ana M. García-López", "Ana María García-López"),
    ("Ana Garcia Lopez", "Ana María García-López"),
    ("A. García-López", "Ana María García-López"),
    ("Shiwei M. Liu", "Shiwei Liu"),
    ("S. M. Liu", "Shiwei Liu"),
    ("N. Nguyen", "Ngọc Nguyễn"),
    ("Nguyen N.", "Ngọc Nguyễn"),
    ("Pechenizkiy, M.", "Mykola Pechenizkiy"),
    ("Xia (Ben) Hu", "Xia Hu"),
    ("Xia (Ben) Hu", "Xia M. Hu"),
    ('Xia "Ben" Hu', "X. Hu"),
    ("Li Xian", "Xian Li"),
    ("Xiao-Ming Li", "Xiaoming Li"),
    ("J.-P. Serre", "Jean-Pierre Serre"),
    ("J. Serre", "Jean-Pierre Serre"),
    ("M. Jordan", "Michael I. Jordan"),
    ("John Paul Roe", "John P. R. Roe"),
    ("John Roe, Jr.", "J. Roe"),
    ("Wei Wang 0001", "W. Wang"),
    ("Quoc V. Le", "Quoc Van Le"),
]

ALIKE = [
    ("Jane Doe", "Jane Roe"),
    ("P. Berg", "Peter van der Berg"),
    ("Peter van Berg", "Peter van der Berg"),
    ("Li Ming Xian", "Xian Ming Li"),
    ("Mike Doe", "Michael Doe"),
]
"""Names that do not agree and are rare, so that another spelling is likely enough for a question."""

NOT_FITTING = [
    ("Zirui Liu", "Zihang Liu"),
    ("Jan Doe", "Jane Doe"),
    ("K. Doe", "Jane Doe"),
    ("Jane Doe", "Jane Roe"),
    ("M. Liu", "Shiwei M. Liu"),
    ("Jane Q. Doe", "Jane Mary Doe"),
    ("Jane Ann Doe", "Jane Mary Doe"),
    ("P. Berg", "Peter van der Berg"),
    ("Peter van Berg", "Peter van der Berg"),
    ("Peter von Berg", "Peter van Berg"),
    ("Li X.", "L. Xian"),
    ("Li Ming Xian", "Xian Ming Li"),
    ("Ben Hu", "Xia (Ben) Hu"),
    ("Wei Wang 0001", "W. Wang 0002"),
    ("Doe", "Jane Doe"),
    ("Jane", "Jane Doe"),
    ("", "Jane Doe"),
    ("", ""),
    ("Mike Doe", "Michael Doe"),
]


@pytest.mark.parametrize(
    ("one", "other", "agree"), [*((*pair, True) for pair in FITTING), *((*pair, False) for pair in NOT_FITTING)]
)
def test_names_agree(one: str, other: str, agree: bool) -> None:
    assert names_agree(one, other) is agree
    assert names_agree(other, one) is agree


@given(st.lists(st.sampled_from(["Li", "Xian", "X.", "van", "(Ben)", "de", "M.", "Wang", "0001"]), max_size=5))
def test_a_name_of_two_parts_agrees_with_itself(parts: list[str]) -> None:
    name = " ".join(parts)
    counted = [part for part in normalise_name(name.replace("(Ben)", "")).split() if part != "0001"]
    has_number_inside = "0001" in parts and any(part not in ("0001", "(Ben)") for part in parts[parts.index("0001") :])
    assert has_number_inside or names_agree(name, name) is (len(counted) >= 2)


def test_addresses_are_compared_without_case_and_tags() -> None:
    assert normalise_email(" Jane+ICLR@Uni.Example ") == normalise_email("jane@uni.example")
    assert normalise_email("jane@uni.example") != normalise_email("jane@lab.example")
    assert normalise_email("+@uni.example") == "+@uni.example"
    assert normalise_email("no address") == "no address"


@pytest.mark.parametrize(
    ("person_id", "expected"),
    [
        ("~Jane_Doe1", "~"),
        ("openalex:A5", "openalex"),
        ("OpenAlex:A5", "openalex"),
        ("https://orcid.org/0000-0001", "orcid.org"),
        ("https://dblp.org/pid/1", "dblp.org"),
        ("jane-doe", None),
        ("jane@uni.example", None),
        (":x", None),
    ],
)
def test_namespace(person_id: str, expected: str | None) -> None:
    assert namespace(person_id) == expected


# --- linking --------------------------------------------------------------------------------------------------------


def test_an_id_is_that_person_whatever_the_name() -> None:
    venue = Venue.of(people=[person("~A1", "Jane Doe")], submissions=[submission(mention("J. Roe", "~A1"))])
    assert link(venue).on_submissions[SubmissionId("s1")] == ((Link(PersonId("~A1"), "id", 1.0),),)


def test_an_address_beats_a_name() -> None:
    venue = Venue.of(
        people=[person("a", "Jane Doe", emails=("jane@uni.example",)), person("b", "Mary Roe")],
        submissions=[submission(mention("Mary Roe", email="JANE+x@uni.example"))],
    )
    assert bases(link(venue).on_submissions[SubmissionId("s1")][0]) == [("a", "email")]


def test_an_id_that_is_an_address_counts_as_one() -> None:
    venue = Venue.of(
        people=[person("jane@uni.example", "Jane Doe")],
        submissions=[submission(mention("J. D.", email="jane@uni.example"))],
    )
    assert bases(link(venue).on_submissions[SubmissionId("s1")][0]) == [("jane@uni.example", "email")]


def test_an_address_beside_two_names_identifies_neither() -> None:
    venue = Venue.of(
        people=[person("a", "Jane Doe", emails=("jane@uni.example",))],
        papers=[
            paper("p1", mention("Jane Doe", email="jane@uni.example"), mention("Mary Roe", email="jane@uni.example"))
        ],
    )
    first, second = link(venue).on_papers[PaperId("p1")]
    assert bases(first) == [("a", "name")]
    assert bases(second) == [("unidentified:mary roe", "name")]


def test_an_address_beside_two_names_is_not_learned_from_their_ids() -> None:
    people = [person("a", "Jane Doe", emails=("jane@uni.example",)), person("b", "Mary Roe")]
    authors = (mention("Jane Doe", "a", "jane@uni.example"), mention("Mary Roe", "b", "jane@uni.example"))
    assert link(Venue.of(people=people, papers=[paper("p1", *authors)])).owners_of("jane@uni.example") == ("a",)
    alone = Venue.of(people=people, papers=[paper("p1", mention("Mary Roe", "b", "m@uni.example"))])
    assert link(alone).owners_of("m@uni.example") == ("b",)


def test_a_full_name_that_one_person_carries_is_them() -> None:
    venue = Venue.of(
        people=[person("a", "Jané Doe"), person("b", "Mary Roe")], papers=[paper("p1", mention("DOE, Jane"))]
    )
    assert link(venue).on_papers[PaperId("p1")] == ((Link(PersonId("a"), "name", 0.9),),)


def test_a_spelling_found_beside_an_id_belongs_to_that_person() -> None:
    venue = Venue.of(
        people=[person("a", "Jane Doe")],
        papers=[paper("p1", mention("Jane Doe-Smith", "a")), paper("p2", mention("Jane Doe Smith"))],
    )
    assert bases(link(venue).on_papers[PaperId("p2")][0]) == [("a", "name")]


def test_a_name_of_several_people_is_each_of_them_perhaps() -> None:
    venue = Venue.of(
        people=[person("~W1", "Wei Wang"), person("~W2", "Wei Wang")], papers=[paper("p1", mention("Wei Wang"))]
    )
    (links,) = link(venue).on_papers[PaperId("p1")]
    assert bases(links) == [("~W1", "ambiguous"), ("~W2", "ambiguous")]
    assert not any(one.is_sure for one in links)
    assert sum(one.confidence for one in links) < 1


def test_two_equal_names_on_one_byline_are_two_people_everywhere() -> None:
    venue = Venue.of(
        people=[person("a", "Wei Wang")],
        papers=[paper("p1", mention("Wei Wang"), mention("WEI WANG")), paper("p2", mention("Wei Wang"))],
    )
    identities = link(venue)
    assert identities.shared_names == {"wei wang"}
    for links in (*identities.on_papers[PaperId("p1")], *identities.on_papers[PaperId("p2")]):
        assert bases(links) == [("a", "ambiguous")]


def test_the_same_id_twice_on_a_byline_is_a_slip_not_a_second_person() -> None:
    venue = Venue.of(papers=[paper("p1", mention("Wei Wang", "a"), mention("Wei Wang", "a"))])
    assert link(venue).shared_names == frozenset()


def test_who_stands_on_a_byline_by_id_is_no_other_name_of_it() -> None:
    venue = Venue.of(
        people=[person("a", "Wei Wang", "Will Wang")],
        papers=[paper("p1", mention("Will Wang", "a"), mention("Wei Wang"))],
    )
    first, second = link(venue).on_papers[PaperId("p1")]
    assert bases(first) == [("a", "id")]
    assert bases(second) == [("unidentified:wei wang", "ambiguous")]


def test_two_spellings_of_one_person_on_one_byline_are_not_both_them() -> None:
    venue = Venue.of(
        people=[person("a", "Wei Wang", "Will Wang")], papers=[paper("p1", mention("Will Wang"), mention("Wei Wang"))]
    )
    for links in link(venue).on_papers[PaperId("p1")]:
        assert [one.basis for one in links if one.person_id == "a"] == ["ambiguous"]


def test_equal_unknown_names_are_one_unknown_person() -> None:
    venue = Venue.of(
        papers=[paper("p1", mention("Jane Doe")), paper("p2", mention("Doe, Jane"))],
        submissions=[submission(mention("JANE DOE"))],
    )
    identities = link(venue)
    links = [identities.on_papers[PaperId(one)][0] for one in ("p1", "p2")]
    links.append(identities.on_submissions[SubmissionId("s1")][0])
    assert [bases(one) for one in links] == [[("unidentified:jane doe", "name")]] * 3
    assert joint_confidence(links[0] + links[1]) == pytest.approx(0.9, abs=0.01)
    assert not identities.is_known(links[0][0].person_id)


@pytest.mark.parametrize("name", ["J. Doe", "Doe", "J. D. Doe", ""])
def test_names_with_initials_are_not_guessed(name: str) -> None:
    venue = Venue.of(
        people=[person("a", "Jane Doe", "J. Doe", "Doe", "J. D. Doe")], papers=[paper("p1", mention(name))]
    )
    assert link(venue).on_papers[PaperId("p1")] == ((),)


def test_a_short_name_that_is_a_reviewers_is_asked_about_on_submissions() -> None:
    people = [person("a", "J. Doe"), person("b", "J. Doe")]
    venue = Venue.of(people=people, reviewers=[reviewer("a")], submissions=[submission(mention("Doe, J."))])
    assert bases(link(venue).on_submissions[SubmissionId("s1")][0]) == [("a", "short_name")]


def asked(name: str, *known: Person, byline: tuple[AuthorMention, ...] = ()) -> list[tuple[str, str]]:
    """Links of the last author of a submission; every known person whose id starts with r is a reviewer."""
    reviewers = [reviewer(one.id) for one in known if one.id.startswith("r")]
    venue = Venue.of(people=known, reviewers=reviewers, submissions=[submission(*byline, mention(name))])
    links = link(venue).on_submissions[SubmissionId("s1")][-1]
    return [found for found in bases(links) if not found[0].startswith("unidentified:")]


@pytest.mark.parametrize(("one", "other"), FITTING)
def test_a_name_that_fits_a_reviewers_is_asked_about_either_way_round(one: str, other: str) -> None:
    stranger = person("rx", "Somebody Else")
    assert asked(one, person("r", other), stranger) == [("r", "fits")]
    assert asked(other, person("r", one), stranger) == [("r", "fits")]


@pytest.mark.parametrize(("one", "other"), [pair for pair in NOT_FITTING if all(pair)])
def test_a_name_that_does_not_fit_is_asked_about_only_where_another_spelling_is_likely(one: str, other: str) -> None:
    expected = [("r", "alike")] if (one, other) in ALIKE else []
    assert asked(one, person("r", other)) == expected
    assert asked(other, person("r", one)) == expected


def test_fitting_names_stand_between_short_names_and_namesakes() -> None:
    venue = Venue.of(
        people=[person("r", "Jane Doe")], reviewers=[reviewer("r")], submissions=[submission(mention("J. Doe"))]
    )
    ((found,),) = link(venue).on_submissions[SubmissionId("s1")]
    assert (found.is_sure, found.reason) == (False, "the same family name and a fitting given name")
    assert CONFIDENCE["short_name"] < found.confidence < CONFIDENCE["namesake"]


def test_only_reviewers_are_asked_about_and_all_of_them() -> None:
    people = [person("a", "Jane Doe"), person("r2", "John Doe"), person("r1", "Jill Q. Doe"), person("r3", "Kim Doe")]
    assert asked("J. Doe", *people) == [("r1", "fits"), ("r2", "fits")]


def test_a_fuller_name_of_the_reviewer_decides() -> None:
    assert asked("Zihang Liu", person("r", "Z. Liu", "Zirui Liu")) == []
    assert asked("Ana Sofia Roe", person("r", "Ana Roe", "Ana M. Roe", "Ana Maria Roe")) == []
    assert asked("Z. Liu", person("r", "Z. M. Liu", "Zirui Liu")) == [("r", "fits")]
    assert asked("B. Hu", person("r", "Xia Hu", "Ben Hu")) == [("r", "fits")]


def test_names_of_a_record_with_the_reviewers_address_fit_too() -> None:
    records = (person("r", "Jane Roe", emails=("j@uni.example",)), person("old", "Jane Doe", emails=("j@uni.example",)))
    assert asked("J. Q. Doe", *records) == [("r", "fits")]


def test_who_is_known_otherwise_is_not_asked_about() -> None:
    jane, other = person("r", "Jane Doe"), person("x", "J. Q. Doe", "Jane Q. Doe", emails=("q@uni.example",))
    for author in (
        mention("J. Doe", "x"),
        mention("J. Doe", "unheard-of"),
        mention("J. Doe", email="q@uni.example"),
        mention("Jane Q. Doe"),
    ):
        venue = Venue.of(people=[jane, other], reviewers=[reviewer("r")], submissions=[submission(author)])
        assert {one.basis for one in link(venue).on_submissions[SubmissionId("s1")][0]} < {"id", "email", "name"}


def test_an_unknown_address_does_not_spare_the_question() -> None:
    author = mention("J. Doe", email="nobody@uni.example")
    venue = Venue.of(people=[person("r", "Jane Doe")], reviewers=[reviewer("r")], submissions=[submission(author)])
    assert bases(link(venue).on_submissions[SubmissionId("s1")][0]) == [("r", "fits")]


def test_a_reviewer_elsewhere_on_the_byline_is_not_asked_about() -> None:
    jane = person("r", "Jane Doe")
    for author in (mention("Jane Doe"), mention("Ann Poe", "r")):
        assert asked("J. Doe", jane, byline=(author,)) == []


def test_fitting_names_on_papers_are_not_guessed() -> None:
    venue = Venue.of(
        people=[person("r", "Jane Doe")], reviewers=[reviewer("r")], papers=[paper("p1", mention("J. Doe"))]
    )
    assert link(venue).on_papers[PaperId("p1")] == ((),)


def test_a_source_of_ids_that_gives_none_makes_a_name_doubtful_on_papers() -> None:
    authors = (mention("Mary Roe", "~M1"), mention("Jane Doe"), mention("Ann Poe"))
    venue = Venue.of(
        people=[person("~J1", "Jane Doe")], papers=[paper("p1", *authors)], submissions=[submission(*authors)]
    )
    identities = link(venue)
    assert [bases(one) for one in identities.on_papers[PaperId("p1")][1:]] == [
        [("~J1", "unconfirmed")],
        [("unidentified:ann poe", "unconfirmed")],
    ]
    assert [bases(one) for one in identities.on_submissions[SubmissionId("s1")][1:]] == [
        [("~J1", "name")],
        [("unidentified:ann poe", "name")],
    ]


def test_plain_ids_do_not_make_names_doubtful() -> None:
    venue = Venue.of(
        people=[person("j", "Jane Doe")], papers=[paper("p1", mention("Mary Roe", "m"), mention("Jane Doe"))]
    )
    assert bases(link(venue).on_papers[PaperId("p1")][1]) == [("j", "name")]


# --- listed papers --------------------------------------------------------------------------------------------------


def test_the_one_fitting_name_on_a_listed_paper_is_the_reviewer() -> None:
    venue = Venue.of(
        people=[person("r", "Jane Doe"), person("x", "Jane Doe")],
        reviewers=[reviewer("r", "p1")],
        papers=[paper("p1", mention("J. Doe"), mention("Mary Roe")), paper("p2", mention("Jane Doe"))],
    )
    identities = link(venue)
    assert bases(identities.on_papers[PaperId("p1")][0]) == [("r", "listed")]
    assert bases(identities.on_papers[PaperId("p2")][0]) == [("r", "ambiguous"), ("x", "ambiguous")]


def test_an_address_beside_two_names_does_not_place_the_reviewer() -> None:
    authors = (mention("Mary Roe", email="jane@uni.example"), mention("J. Doe", email="jane@uni.example"))
    venue = Venue.of(
        people=[person("r", "Jane Doe", emails=("jane@uni.example",))],
        reviewers=[reviewer("r", "p1")],
        papers=[paper("p1", *authors)],
    )
    assert bases(link(venue).on_papers[PaperId("p1")][1]) == [("r", "listed")]


def test_an_equal_name_on_a_listed_paper_beats_one_that_only_fits() -> None:
    venue = Venue.of(
        people=[person("r", "Jane Doe")],
        reviewers=[reviewer("r", "p1")],
        papers=[paper("p1", mention("J. Doe"), mention("Jane Doe"))],
    )
    assert [bases(one) for one in link(venue).on_papers[PaperId("p1")]] == [[], [("r", "listed")]]


def test_two_fitting_names_on_a_listed_paper_leave_the_place_open() -> None:
    venue = Venue.of(
        people=[person("r", "Jane Doe")],
        reviewers=[reviewer("r", "p1", "p2")],
        papers=[paper("p1", mention("J. Doe"), mention("J. Doe")), paper("p2", mention("Mary Roe"))],
    )
    ((first, several), (second, none)) = link(venue).unplaced[PersonId("r")]
    assert (first, several.basis, several.is_sure) == ("p1", "listed", True)
    assert (second, none.basis, none.is_sure) == ("p2", "unnamed", False)


def test_two_reviewers_who_claim_one_mention_are_both_only_possible() -> None:
    venue = Venue.of(
        people=[person("r1", "Jane Doe"), person("r2", "Jane Doe")],
        reviewers=[reviewer("r1", "p1"), reviewer("r2", "p1")],
        papers=[paper("p1", mention("Jane Doe"))],
    )
    assert bases(link(venue).on_papers[PaperId("p1")][0]) == [("r1", "ambiguous"), ("r2", "ambiguous")]


def test_an_id_of_another_kind_in_the_reviewers_place_is_the_reviewer() -> None:
    venue = Venue.of(
        people=[person("~J1", "Jane Doe")],
        reviewers=[reviewer("~J1", "p1")],
        papers=[paper("p1", mention("J. Doe", "openalex:A5"), mention("Mary Roe", "openalex:A6"))],
    )
    identities = link(venue)
    assert twins(identities, "~J1") == [("openalex:A5", "listed")]
    assert twins(identities, "openalex:A5") == [("~J1", "listed")]


def test_another_id_of_the_same_kind_is_another_person() -> None:
    venue = Venue.of(
        people=[person("~J1", "Jane Doe")],
        reviewers=[reviewer("~J1", "p1")],
        papers=[paper("p1", mention("Jane Doe", "~J2"))],
    )
    identities = link(venue)
    assert identities.twins == {}
    assert [one.basis for _, one in identities.unplaced[PersonId("~J1")]] == ["unnamed"]


# --- records that may be one person ---------------------------------------------------------------------------------


def test_records_with_one_address_are_reported_and_surely_the_same() -> None:
    venue = Venue.of(
        people=[
            person("~A1", "Jane Doe", emails=("jane@uni.example",)),
            person("~B1", "J. Roe", emails=("Jane@UNI.example",)),
            person("~C1", "Mary Poe", emails=("mary@uni.example",)),
        ]
    )
    identities = link(venue)
    assert identities.same_email == (("~A1", "~B1"),)
    assert twins(identities, "~A1") == [("~B1", "email")]
    assert identities.owners_of("JANE@uni.example") == ("~A1", "~B1")
    assert identities.owners_of(None) == ()


def test_equal_names_under_ids_of_two_kinds_may_be_one_person() -> None:
    venue = Venue.of(people=[person("~J1", "Jane Doe"), person("ieee:7", "DOE, Jane"), person("~J2", "Jane Doe")])
    identities = link(venue)
    assert twins(identities, "~J1") == [("ieee:7", "namesake")]
    assert twins(identities, "ieee:7") == [("~J1", "namesake"), ("~J2", "namesake")]
    assert not any(one.is_sure for one in identities.twins[PersonId("~J1")])


def test_equal_names_under_two_plain_ids_may_be_one_person() -> None:
    identities = link(Venue.of(people=[person("r17", "Jane Doe"), person("a55", "Jane Doe")]))
    assert twins(identities, "r17") == [("a55", "namesake")]


def test_two_ids_on_one_byline_are_two_people() -> None:
    people = [
        person("a", "Jane Doe", emails=("lab@uni.example",)),
        person("b", "Jane Doe", emails=("lab@uni.example",)),
    ]
    assert twins(link(Venue.of(people=people)), "a") == [("b", "email")]
    together = Venue.of(people=people, papers=[paper("p1", mention("Jane Doe", "a"), mention("Jane Doe", "b"))])
    assert link(together).twins == {}


def test_two_records_that_are_surely_one_person_do_not_make_a_name_ambiguous() -> None:
    venue = Venue.of(
        people=[
            person("a", "Jane Doe", emails=("jane@uni.example",)),
            person("b", "Jane Doe", emails=("jane@uni.example",)),
        ],
        papers=[paper("p1", mention("Jane Doe"))],
    )
    assert bases(link(venue).on_papers[PaperId("p1")][0]) == [("a", "name"), ("b", "name")]


def test_named_answers_for_a_bare_name() -> None:
    venue = Venue.of(people=[person("a", "Jane Doe"), person("~b", "Wei Wang"), person("~c", "Wei Wang")])
    identities = link(venue)
    assert bases(identities.named("DOE, Jane")) == [("a", "name")]
    assert bases(identities.named("Jane Doe", besides=[PersonId("a")])) == [("unidentified:jane doe", "ambiguous")]
    assert bases(identities.named("Wei Wang")) == [("~b", "ambiguous"), ("~c", "ambiguous")]
    assert bases(identities.named("Nobody Known")) == [("unidentified:nobody known", "name")]
    assert identities.named("J. Doe") == ()


def test_reasons_are_given_once_and_not_for_ids() -> None:
    by_id, by_name = Link(PersonId("a"), "id", 1.0), Link(PersonId("b"), "name", 0.9)
    assert reasons([by_id, by_name, by_name]) == (by_name.reason,)
    assert reasons([by_id]) == ()


# --- invariants -----------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["Jane Doe", "DOE, Jane", "J. Doe", "Wei Wang", "Li Wu", "Lu Wu"])
IDS = st.sampled_from([None, None, "~A1", "~A2", "x:1", "plain"])
EMAILS = st.sampled_from([None, None, None, "a@uni.example", "b@uni.example"])
BYLINES = st.lists(st.builds(mention, NAMES, IDS, EMAILS), max_size=4)


@st.composite
def venues(draw: st.DrawFn) -> Venue:
    papers = [paper(f"p{number}", *authors) for number, authors in enumerate(draw(st.lists(BYLINES, max_size=4)))]
    listed = draw(st.lists(st.sampled_from([one.id for one in papers]), unique=True)) if papers else []
    emails = draw(st.sampled_from([(), ("a@uni.example",)]))
    return Venue.of(
        people=[person("~A1", draw(NAMES), emails=emails), person("x:1", draw(NAMES)), person("plain", draw(NAMES))],
        reviewers=[reviewer("~A1", *listed), reviewer("plain", *listed)],
        papers=papers,
        submissions=[submission(*draw(BYLINES))],
    )


@settings(max_examples=200)
@given(venues())
def test_two_mentions_of_one_byline_are_never_surely_one_person(venue: Venue) -> None:
    identities = link(venue)
    bylines = [(one.authors, identities.on_papers[one.id]) for one in venue.papers]
    bylines += [(one.authors, identities.on_submissions[one.id]) for one in venue.submissions]
    for authors, byline in bylines:
        assert len(byline) == len(authors)
        given_ids = [one.person_id for one in authors if one.person_id]
        guessed = [one.person_id for links in byline for one in links if one.is_sure and one.basis != "id"]
        assert len(set(guessed)) == len(guessed)
        assert not set(guessed) & set(given_ids)


@settings(max_examples=100)
@given(venues())
def test_twins_are_mutual_and_never_together_on_a_byline(venue: Venue) -> None:
    identities = link(venue)
    bylines = [*(one.authors for one in venue.papers), *(one.authors for one in venue.submissions)]
    for person_id, others in identities.twins.items():
        for other in others:
            assert Link(person_id, other.basis, other.confidence) in identities.twins[other.person_id]
            for authors in bylines:
                assert not {person_id, other.person_id} <= {author.person_id for author in authors}
