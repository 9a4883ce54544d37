"""Shared terms: what a reader can check by eye beside a score."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from matcher.evidence import SHOWN, Vocabulary, shared_terms
from matcher.records import Paper, PaperId, Venue


def venue(*titles: str) -> Venue:
    return Venue.of(papers=[Paper(PaperId(f"p{number:05}"), title) for number, title in enumerate(titles)])


KNOWN = Vocabulary.of(venue("Sparse graph networks", "Graph learning", "Graph search with networks"))


def test_each_paper_counts_a_word_once_and_words_without_a_subject_never() -> None:
    again = Vocabulary.of(venue("Graph graph of the graph", "Graph-based 3D"))
    assert (again.papers, dict(again.counts)) == (2, {"graph": 2})


def test_a_pair_takes_the_place_of_its_words_and_rare_terms_come_first() -> None:
    one = "Sparse training: a graph search for robots"
    assert shared_terms(one, "Robots by graph search, sparse", KNOWN) == ("robots", "graph search", "sparse")
    assert shared_terms(one, "GRAPH-SEARCH", KNOWN) == ("graph search",)
    assert shared_terms(one, "An approach of and for", KNOWN) == ()
    assert shared_terms(one, "", KNOWN) == ()


def test_a_word_that_a_quarter_of_a_large_venue_has_says_nothing() -> None:
    many = Vocabulary.of(venue(*(f"networks study{n}" for n in range(60)), *(f"word{n}" for n in range(60))))
    assert many.weight("networks") == 0
    assert shared_terms("networks of robots", "robots in networks", many) == ("robots",)
    few = Vocabulary.of(venue("networks", "networks"))
    assert shared_terms("networks", "networks", few) == ("networks",)


def test_of_a_large_venue_a_sample_at_regular_distances_is_counted() -> None:
    large = Vocabulary.of(venue(*(f"odd{n % 2}" for n in range(10_000))))
    assert (large.papers, dict(large.counts)) == (5000, {"odd0": 5000})


@given(st.text(max_size=60), st.text(max_size=60))
def test_shared_terms_are_the_same_both_ways_and_stand_in_both(one: str, other: str) -> None:
    found = shared_terms(one, other, KNOWN)
    assert found == shared_terms(other, one, KNOWN)
    assert len(found) <= SHOWN
    assert all(word in one.casefold() and word in other.casefold() for term in found for word in term.split())
