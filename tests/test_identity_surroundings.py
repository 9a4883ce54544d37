"""What stands around a mention besides coauthors, as evidence of who it is."""

import pytest

from matcher.config import MatchConfig
from matcher.conflicts import find_conflicts
from matcher.identity import link
from matcher.identity.model import settings
from matcher.identity.surroundings import (
    Surroundings,
    institutions_of_mention,
    institutions_of_person,
    of_paper,
    of_submission,
)
from matcher.records import (
    Affiliation,
    AuthorMention,
    Paper,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    Reviewer,
    Submission,
    SubmissionId,
    Venue,
)


def around(title: str = "", venue: str = "", *years: int) -> Surroundings:
    dates = tuple(map(PartialDate, years))
    return of_paper(Paper(PaperId("p"), title, published_in=venue, dates=dates))


def test_what_a_mention_lacks_says_nothing() -> None:
    full = around("Hyperbolic lattices", "ICML 2023", 2023).at(frozenset({"domain:uni.example"}))
    assert Surroundings().log_odds(full) == full.log_odds(Surroundings()) == 0
    assert full.told(Surroundings()) == ()


def test_every_kind_of_evidence_has_its_weight_and_its_words() -> None:
    weights = settings()["weights"]
    one = around("Hyperbolic lattices", "Proceedings of ICML 2023", 2023).at(frozenset({"domain:uni.example"}))
    other = around("Hyperbolic lattices", "ICML'21", 2011).at(frozenset({"domain:uni.example"}))
    assert one.features(other) == {"topic": pytest.approx(1), "venue": 1, "same_institution": 1, "years_apart": 12}
    expected = weights["topic"] + weights["venue"] + weights["same_institution"] + 12 * weights["years_apart"]
    assert one.log_odds(other) == pytest.approx(expected)
    assert one.told(other) == (
        "titles on like topics",
        "the same institution",
        "the same venue",
        "years between their papers",
    )
    apart = around("Trees", "", 2023).at(frozenset({"domain:other.example"}))
    assert one.told(apart) == ("different institutions",)
    assert one.log_odds(apart) < 0


def test_what_stands_around_two_mentions_is_put_together() -> None:
    both = around("Hyperbolic lattices", "ICML", 2015).with_all(around("Lattices of trees", "", 2021))
    assert both.words == {"hyperbolic", "lattice", "tree"}
    assert both.years == (2015, 2021)
    assert both.venues == {"icml"}
    assert both.weight == pytest.approx(around("Hyperbolic lattices trees").weight)
    assert both.features(around("", "", 2018)) == {"years_apart": 0}
    assert of_submission(Submission(SubmissionId("s"), "Trees"), None).years is None
    assert of_submission(Submission(SubmissionId("s"), "Trees"), 2026).years == (2026, 2026)


def test_institutions_come_from_names_domains_and_addresses() -> None:
    assert institutions_of_mention(AuthorMention("Jane Doe")) == frozenset()
    assert institutions_of_mention(AuthorMention("Jane Doe", email="j@cs.uni.example")) == {"domain:uni.example"}
    assert institutions_of_mention(AuthorMention("Jane Doe", email="j@gmail.com")) == frozenset()
    assert institutions_of_mention(AuthorMention("Jane Doe", affiliation="Uni of Foo")) == {"name:uni of foo"}
    record = Person(
        PersonId("a"), ("Jane Doe",), ("j@uni.example",), affiliations=(Affiliation("Uni of Foo", "foo.example"),)
    )
    assert institutions_of_person(record) == {"domain:uni.example", "domain:foo.example", "name:uni of foo"}


TEAM = ("Zirui Quuxley", "Amira Vexlund", "Torben Zonkmann", "Ottilie Brambleforth")


def venue(*, reviewer_at: str | None, author_at: str | None, titles: tuple[str, str] = ("Trees", "Oceans")) -> Venue:
    def wei(where: str | None) -> AuthorMention:
        return AuthorMention("Wei Wang", domain=where)

    reviewer = Person(PersonId("r"), ("Wei Wang",))
    papers = [Paper(PaperId("p"), titles[0], authors=(wei(reviewer_at), AuthorMention(TEAM[0])))]
    return Venue.of(
        people=[reviewer],
        reviewers=[Reviewer(PersonId("r"), paper_ids=(PaperId("p"),))],
        papers=papers,
        submissions=[Submission(SubmissionId("s"), titles[1], authors=(wei(author_at), AuthorMention(TEAM[1])))],
    )


def chance(one: Venue) -> float:
    return next(found.confidence for found in link(one).on_submissions[SubmissionId("s")][0] if found.person_id == "r")


def test_a_common_name_without_coauthors_is_as_likely_as_all_else_says() -> None:
    neutral = chance(venue(reviewer_at=None, author_at="uni.example"))
    assert chance(venue(reviewer_at="uni.example", author_at="other.example")) < neutral
    assert chance(venue(reviewer_at="uni.example", author_at="uni.example")) > neutral
    like = ("Hyperbolic lattices for trees", "Hyperbolic lattices for oceans")
    assert chance(venue(reviewer_at=None, author_at=None, titles=like)) > chance(
        venue(reviewer_at=None, author_at=None)
    )


def test_the_reasons_say_what_spoke_for_it() -> None:
    one = venue(reviewer_at="uni.example", author_at="other.example")
    (conflict,) = find_conflicts(one, MatchConfig(coauthor_window_months=None)).items
    assert conflict.evidence[0].text.endswith("without a shared coauthor; different institutions")
