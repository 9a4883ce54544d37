"""Nobody is told what is not for them: every route, every role, every relation; and two worlds that look alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from service.auth import CHAIRS, EDITORS, READERS, ROLES
from service.storage.database import EVERYWHERE, scope_of
from service.storage.tables import rows
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


@pytest.mark.long
@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("role", ROLES)
def test_every_role_in_every_relation_with_every_parameter(
    places: tuple[Served, Place, Place], role: str, relation: str
) -> None:
    served, alpha, beta = places
    count, found = ask(served, alpha, beta, asker(served, role, relation, alpha, beta), thorough=True)
    assert count > 400
    assert found == []


def test_who_has_no_valid_key_is_told_nothing(places: tuple[Served, Place, Place]) -> None:
    served, alpha, beta = places
    expired = served.service.keys.create("ended", ["admin"], days=1e-9).secret
    for header in ({}, {"Authorization": f"Bearer {expired}"}, {"Authorization": "Bearer mk_0_0"}):
        _, found = ask(served, alpha, beta, Asker("", "stranger", header), thorough=False)
        assert found == []


def test_an_unknown_parameter_is_refused(places: tuple[Served, Place, Place]) -> None:
    served, alpha, beta = places
    header = asker(served, "chair", "unbound", alpha, beta).header
    path = f"{served.address}/v1/venues/alpha/bids"
    answer = httpx.get(path, params={"submision_id": "alpha-sub2"}, headers=header)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {
            "parameter": "submision_id",
            "in": "query",
            "detail": "there is no such parameter, did you mean 'submission_id'?",
        }
    ]


# --- queries --------------------------------------------------------------------------------------------------------

_SCOPED = {
    "venues": ("venues.id",),
    **{
        each: (f"{each}.venue_id",)
        for each in ("rows", "jobs", "runs", "webhooks", "keys", "audit", "sealed", "drafts")
    },
    # Of these the job or the webhook was found by its venue before.
    "events": ("events.job_id",),
    "deliveries": ("deliveries.webhook_id",),
}


def unscoped(statement: sa.Executable) -> list[str]:
    """Tables of venues that a statement reads or changes without saying of which venue."""
    if not isinstance(statement, sa.Select | sa.Update | sa.Delete):
        return []
    text = " ".join(str(statement.compile(dialect=sqlite.dialect())).split())
    conditions = text.partition(" WHERE ")[2] + text.partition(" ON ")[2]
    return [
        f"{table}: {text}"
        for table, columns in _SCOPED.items()
        if re.search(rf"\b(FROM|UPDATE|JOIN|,) {table}\b", text)
        and not any(re.search(rf"\b{re.escape(column)} (=|IN)", conditions) for column in columns)
    ]


def test_the_hook_finds_a_query_that_forgets_the_venue() -> None:
    assert unscoped(sa.select(rows))
    assert unscoped(sa.select(rows).where(rows.c.kind == "bids"))
    assert unscoped(rows.update().where(rows.c.key == "a").values(until=1))
    assert not unscoped(sa.select(rows).where(rows.c.venue_id == "alpha", rows.c.kind == "bids"))


def test_every_query_about_a_venue_says_which(places: tuple[Served, Place, Place]) -> None:
    served, alpha, beta = places
    found: set[str] = set()

    def look(_connection: Any, statement: Any, *_: Any) -> None:
        if scope_of() != EVERYWHERE:
            found.update(unscoped(statement))

    engine = served.service.database.engine
    sa.event.listen(engine, "before_execute", look)
    for role, relation in (("chair", "unbound"), ("chair", "conflicted"), ("area_chair", "clean"), ("editor", "clean")):
        ask(served, alpha, beta, asker(served, role, relation, alpha, beta), thorough=False)
    sa.event.remove(engine, "before_execute", look)
    assert "\n".join(sorted(found)) == ""
