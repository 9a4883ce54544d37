"""What is odd about each reviewer's profile, on venues where it is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from matcher.ingest.quality import PROFILE_FLAGS, ProfileCheck, check_profiles
from matcher.records import AuthorMention, Deadline, Paper, PaperId, PartialDate, Person, PersonId, Reviewer, Venue
from tests.worlds import two_fields


def venue_of(profiles: dict[str, list[Paper]], names: dict[str, str] | None = None) -> Venue:
    """A venue with these reviewers and their papers, due in 2027."""
    base = two_fields().venue()
    people = tuple(Person(PersonId(who), ((names or {}).get(who, f"Name {who}"),)) for who in profiles)
    papers = {paper.id: paper for listed in profiles.values() for paper in listed}
    return replace(
        base,
        people=people,
        papers=tuple(papers.values()),
        reviewers=tuple(
            Reviewer(PersonId(who), tuple(paper.id for paper in listed)) for who, listed in profiles.items()
        ),
        submissions=(),
        deadline=Deadline(date(2027, 1, 31), "test"),
    )


def papers(who: str, count: int, *, year: int | None = 2026, abstract: str = "x", by: str | None = None) -> list[Paper]:
    """Papers of somebody; `by`: whose name stands in the byline."""
    return [
        Paper(
            PaperId(f"{who}-{number}"),
            f"Title {number}",
            abstract,
            () if year is None else (PartialDate(year),),
            (AuthorMention(f"Name {by or who}"),),
        )
        for number in range(count)
    ]


def flags_of(venue: Venue) -> dict[str, tuple[str, ...]]:
    return {each.reviewer_id: each.flags for each in check_profiles(venue)}


def test_each_flag_where_it_belongs_and_nowhere_else() -> None:
    shared = papers("copy", 5, by="copy-a")
    venue = venue_of(
        {
            "good": papers("good", 6),
            "empty": [],
            "thin": papers("thin", 3),
            "stale": papers("stale", 5, year=2021),
            "fresh": papers("fresh", 5, year=2022),
            "undated": papers("undated", 5, year=None),
            "titles": papers("titles", 4, abstract=""),
            "half": [*papers("half", 2, abstract=""), *papers("half2", 2, by="half")],
            "mixed": [*papers("mixed", 2), *papers("mixed2", 2, by="somebody")],
            "mostly": [*papers("mostly", 3), *papers("mostly2", 1, by="somebody")],
            "long": papers("long", 120),
            "same-1": papers("same-1", 4, by="twin"),
            "same-2": papers("same-2", 4, by="twin"),
            "copy-a": shared,
            "copy-b": shared,
        },
        {"same-1": "Name twin", "same-2": "Name  Twin"},
    )
    assert flags_of(venue) == {
        "good": (),
        "empty": ("empty",),
        "thin": ("thin",),
        "stale": ("stale",),
        "fresh": (),
        "undated": ("undated",),
        "titles": ("without abstracts",),
        "half": ("without abstracts",),
        "mixed": ("papers of others",),
        "mostly": (),
        "long": ("very long",),
        "same-1": ("homonym",),
        "same-2": ("homonym",),
        "copy-a": ("copied",),
        "copy-b": ("papers of others", "copied"),
    }
    assert {flag for flags in flags_of(venue).values() for flag in flags} == set(PROFILE_FLAGS)


def test_the_numbers_are_those_of_the_profile() -> None:
    listed = [
        *papers("ada", 2, year=2020),
        *papers("ada2", 1, year=2024, abstract="", by="ada"),
        *papers("ada3", 1, year=None, by="bo"),
    ]
    found = check_profiles(venue_of({"ada": listed, "bo": papers("bo", 9, by="ada")}, {"bo": "Name ada"}))
    assert found[0] == ProfileCheck(
        reviewer_id=PersonId("ada"),
        name="Name ada",
        papers=4,
        with_abstract=3,
        newest=2024,
        not_named=1,
        homonyms=(PersonId("bo"),),
        flags=("homonym",),
    )


def test_who_has_most_flags_comes_first_and_without_a_deadline_nothing_is_stale() -> None:
    venue = venue_of({"a": papers("a", 9), "b": papers("b", 1, year=1999), "c": []})
    assert [each.reviewer_id for each in check_profiles(venue)] == ["b", "c", "a"]
    assert flags_of(venue)["b"] == ("thin", "stale")
    assert flags_of(replace(venue, deadline=None))["b"] == ("thin",)
    assert check_profiles(replace(venue, reviewers=())) == ()


def test_an_id_in_a_byline_names_the_reviewer_whatever_the_name_is() -> None:
    listed = [
        replace(paper, authors=(AuthorMention("Somebody Else", person_id=PersonId("ada")),))
        for paper in papers("ada", 5)
    ]
    assert flags_of(venue_of({"ada": listed})) == {"ada": ()}
    nobody = [replace(paper, authors=()) for paper in papers("bo", 5)]
    assert flags_of(venue_of({"bo": nobody})) == {"bo": ()}
