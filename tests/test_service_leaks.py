"""Nobody is told what is not for them: every route, every role, every relation; and two worlds that look alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from service.auth import CHAIRS, EDITORS, READERS
from tests.leaks import Call, Place, calls, operations, text_of
from tests.serving import Served, serving

RELATIONS = ("unbound", "conflicted", "clean", "stranger", "elsewhere")


@dataclass(frozen=True)
class Asker:
    """Who asks.

    Args:
        role: of the key; none: no valid key.
        relation: to the venue: a key of no person; of the chair who wrote a submission; of somebody without conflicts;
            of somebody whom the venue does not know; of another venue.
        header: what they send.
    """

    role: str
    relation: str
    header: dict[str, str]


def asker(served: Served, role: str, relation: str, place: Place, other: Place) -> Asker:
    person = {"conflicted": place.chair, "clean": place.clean, "stranger": "nobody"}.get(relation)
    venue = other.venue if relation == "elsewhere" else place.venue
    made = served.service.keys.create("test", [role], venue_id=venue, person_id=person)
    return Asker(role, relation, {"Authorization": f"Bearer {made.secret}"})


def forbidden(who: Asker, place: Place, other: Place) -> tuple[str, ...]:
    """Words that must be in no answer to somebody who asks about a place."""
    everything = (*place.people, *place.writers, *place.seen, *place.hidden, *place.chance)
    always = (
        *other.people,
        *other.writers,
        *other.seen,
        *other.hidden,
        "webhook.key",
        "mk_",
        place.made["hook secret"],
    )
    if who.relation == "elsewhere" or not who.role:
        return (*always, *everything)
    if who.role in CHAIRS:
        return (*always, *((*place.hidden, *place.chance) if who.relation == "conflicted" else ()))
    if who.role in READERS:
        hidden = place.hidden if who.relation == "conflicted" else ()
        if who.relation in ("unbound", "stranger"):
            return (*always, *everything)
        return (*always, *place.writers, *hidden, *place.chance)
    if who.role in EDITORS:
        return (*always, *place.chance, *(place.hidden if who.relation == "conflicted" else ()))
    return (*always, *everything)


def leaks(call: Call, response: httpx.Response, words: tuple[str, ...]) -> list[str]:
    """Words that an answer tells though it must not, and that its asker did not say."""
    text, said = text_of(response), call.said
    return [word for word in words if word in text and word not in said]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[tuple[Served, Place, Place]]:
    """Two venues with the same people under different names, both matched."""
    with serving(tmp_path_factory.mktemp("leaks"), allow_private_webhooks=True) as running:
        alpha, beta = Place("alpha"), Place("beta")
        alpha.fill(running.admin, "other", "failed")
        beta.fill(running.admin)
        yield running, alpha, beta


def ask(served: Served, place: Place, other: Place, who: Asker, *, thorough: bool) -> tuple[int, list[str]]:
    """Make every call as somebody; how many were made, and what leaked."""
    words, found, count = forbidden(who, place, other), [], 0
    with httpx.Client(base_url=served.address, timeout=60) as http:
        for operation_id in operations():
            for call in calls(place, operation_id, thorough=thorough):
                response = call.send(http, who.header)
                count += 1
                assert response.status_code != 500, f"{who.role} {who.relation}: {call}"
                found += [f"{who.role} {who.relation}: {call}: {word}" for word in leaks(call, response, words)]
    return count, found


def test_every_operation_is_in_the_matrix(places: tuple[Served, Place, Place]) -> None:
    _, alpha, _ = places
    for operation_id in operations():
        assert list(calls(alpha, operation_id, thorough=True)), operation_id


def test_the_words_are_there_to_be_found(places: tuple[Served, Place, Place]) -> None:
    served, alpha, beta = places
    told = ""
    with httpx.Client(base_url=served.address, timeout=60) as http:
        header = asker(served, "chair", "unbound", alpha, beta).header
        for operation_id in operations():
            for call in calls(alpha, operation_id, thorough=False):
                told += text_of(call.send(http, header))
    for word in (*alpha.people, *alpha.writers, *alpha.seen, *alpha.hidden, *alpha.chance):
        assert word in told, word


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("role", ["chair", "area_chair", "editor", "author"])
def test_nobody_is_told_what_is_not_for_them(places: tuple[Served, Place, Place], role: str, relation: str) -> None:
    served, alpha, beta = places
    count, found = ask(served, alpha, beta, asker(served, role, relation, alpha, beta), thorough=False)
    assert count > 150
    assert found == []
