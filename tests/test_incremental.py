"""After a change, the conflicts are those of the whole venue found anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.config import MatchConfig
from matcher.conflicts import Finder, find_conflicts
from matcher.conflicts import finder as finder_module
from matcher.identity import relinking
from matcher.records import Affiliation, AuthorMention, Conflicts, PersonId, Venue
from tests.changing import Changing
from tests.worlds import two_fields

POLICIES = (
    "",
    "acl",
    "acm",
    "siggraph",
    "openreview-comprehensive",
    'name = "s"\n[senior]\ncite = "c"\ndated = "2024"\n',
)


@pytest.fixture
def _never_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """However large a change is, only what it can reach is looked at."""
    monkeypatch.setattr(relinking, "_LARGE", 1e9)
    monkeypatch.setattr(finder_module, "_MANY", 1e9)


def follow(seed: int, policy: str, steps: int = 6) -> Counter[str]:
    world, config = Changing.of(np.random.default_rng(seed)), MatchConfig(policy=policy)
    finder = Finder(world.venue(), config)
    conflicts = finder.all()
    rules: Counter[str] = Counter()
    for _ in range(steps):
        world.step()
        venue = world.venue()
        finder, conflicts = finder.followed(conflicts, venue)
        anew = find_conflicts(venue, config)
        assert conflicts == anew
        assert finder.all() == anew
        rules.update(each.rule for each in anew.items)
    return rules


@pytest.mark.usefixtures("_never_everything")
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), policy=st.sampled_from(POLICIES))
def test_the_conflicts_of_a_changing_venue_are_those_found_anew(seed: int, policy: str) -> None:
    follow(seed, policy)


@pytest.mark.usefixtures("_never_everything")
def test_the_changing_venues_hold_conflicts_of_every_rule() -> None:
    rules = sum((follow(seed, POLICIES[seed % 4], steps=3) for seed in range(40)), Counter())
    assert set(rules) >= {"author", "coauthor", "cosubmission", "institution", "relation", "collaborator", "declared"}


@pytest.mark.long
@pytest.mark.usefixtures("_never_everything")
@pytest.mark.parametrize("policy", POLICIES)
def test_the_conflicts_of_five_hundred_changing_venues_are_those_found_anew(policy: str) -> None:
    for seed in range(500):
        follow(seed, policy)


def changed_in_one_way(venue: Venue) -> dict[str, Venue]:
    """The venue with one profile changed, in each way in which a profile can change."""
    reviewer = venue.reviewer("pruning-r0")
    person = venue.person_by_id[reviewer.person_id]
    author = venue.person_by_id[PersonId("pruning-s0-author")]
    people = {
        "name": replace(person, names=("Ottilie Quennfeather", *person.names)),
        "name of an author": replace(person, names=(author.name, *person.names)),
        "address": replace(person, emails=("r0@one.example",)),
        "affiliation": replace(person, affiliations=(Affiliation(domain="one.example"),)),
    }
    found = {
        what: replace(venue, people=tuple(new if each.id == new.id else each for each in venue.people))
        for what, new in people.items()
    }
    fewer = replace(reviewer, paper_ids=reviewer.paper_ids[1:])
    found["papers"] = replace(
        venue, reviewers=tuple(fewer if each.person_id == fewer.person_id else each for each in venue.reviewers)
    )
    found["gone"] = replace(venue, reviewers=tuple(each for each in venue.reviewers if each is not reviewer))
    by_name = replace(venue.submissions[0], authors=(AuthorMention(person.name), *venue.submissions[0].authors))
    found["submission"] = replace(venue, submissions=(by_name, *venue.submissions[1:]))
    return found


@pytest.mark.usefixtures("_never_everything")
def test_one_changed_profile_gives_what_the_whole_venue_gives() -> None:
    world = two_fields()
    world.share_paper("pruning-s0", "pruning-r0", "2024-05")
    venue, config = world.venue(), MatchConfig()
    finder = Finder(venue, config)
    before = finder.all()
    differing = 0
    for what, new in changed_in_one_way(venue).items():
        now, after = finder.followed(before, new)
        assert after == find_conflicts(new, config), what
        assert now.venue == new
        differing += after != before
    assert differing >= 2
    assert finder.all() == before  # the finder itself did not change


def test_a_large_change_looks_at_everything() -> None:
    world, config = two_fields(), MatchConfig()
    venue = world.venue()
    finder = Finder(venue, config)
    empty = Venue.of(deadline=venue.deadline)
    nobody, found = finder.followed(finder.all(), empty)
    assert (nobody.venue, found) == (empty, Conflicts(()))


def test_many_submissions_within_reach_of_a_change_are_looked_at_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relinking, "_LARGE", 1e9)
    world, config = two_fields(), MatchConfig()
    world.share_paper("pruning-s0", "pruning-r0", "2024-05")
    venue = world.venue()
    finder = Finder(venue, config)
    author = venue.person_by_id[PersonId("pruning-s0-author")]
    everywhere = tuple(
        replace(each, authors=(*each.authors, AuthorMention(author.name, author.id)))
        if author.id not in {one.person_id for one in each.authors}
        else each
        for each in venue.submissions
    )
    new = replace(venue, submissions=everywhere)
    assert finder.followed(finder.all(), new)[1] == find_conflicts(new, config)


def test_names_count_in_steps_and_a_step_changes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relinking, "_LARGE", 1e9)
    world = two_fields()
    old = world.venue()
    identities = finder_of(old).world.identities
    strangers = tuple(AuthorMention(f"Stranger Number{chr(97 + at)}") for at in range(20))
    first = replace(old.submissions[0], authors=(*old.submissions[0].authors, *strangers))
    new = replace(old, submissions=(first, *old.submissions[1:]))
    assert relinking.relink(identities, old, new) is None


def finder_of(venue: Venue) -> Finder:
    return Finder(venue, MatchConfig())
