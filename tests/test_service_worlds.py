"""Two worlds that differ in one hidden assignment look the same, byte for byte, to whoever is in conflict with it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.leaks import Place, calls, operations, text_of, without_chance
from tests.serving import Served, serving

ROLES = ("chair", "system", "area_chair", "editor", "author")
"""Of the person who wrote the submission whose reviewer differs."""


@dataclass
class World:
    """What a world answers.

    Args:
        to_them: to the person in conflict, by role and call; without what is random by design.
        to_others: which reviewers a chair without conflicts sees on the hidden submission.
    """

    to_them: dict[str, str] = field(default_factory=dict)
    to_others: set[str] = field(default_factory=set)


def _live(place: Place, folder: Path) -> World:
    world = World()
    with serving(folder, allow_private_webhooks=True) as running:
        place.fill(running.admin, "failed")
        path = f"/v1/venues/{place.venue}/runs/current/assignment"
        pairs = running.admin.get(path, submission_id=place.submission(0))["items"]
        world.to_others = {each["reviewer_id"] for each in pairs}
        asked = Place(place.venue, made=place.made)  # the same questions in both
        for role in ROLES:
            _ask(running, asked, role, world)
    return world


def _ask(running: Served, place: Place, role: str, world: World) -> None:
    made = running.service.keys.create("test", [role], venue_id=place.venue, person_id=place.chair)
    header = {"Authorization": f"Bearer {made.secret}"}
    with httpx.Client(base_url=running.address, timeout=60) as http:
        for operation_id in operations():
            for number, call in enumerate(calls(place, operation_id, thorough=role in ("chair", "area_chair"))):
                answer = without_chance(text_of(call.send(http, header)))
                world.to_them[f"{role} {operation_id} {number}: {without_chance(f'{call.path} {call.query}')}"] = answer


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> tuple[World, World]:
    one, other = (
        _live(Place("alpha", reviewer_of_hidden=number), tmp_path_factory.mktemp("world")) for number in (1, 2)
    )
    return one, other


def test_the_worlds_differ(worlds: tuple[World, World]) -> None:
    one, other = worlds
    assert "alpha-rev1" in one.to_others
    assert "alpha-rev2" in other.to_others
    assert one.to_others != other.to_others


def test_who_is_in_conflict_cannot_tell_the_worlds_apart(worlds: tuple[World, World]) -> None:
    one, other = worlds
    assert one.to_them.keys() == other.to_them.keys()
    assert len(one.to_them) > 1000
    apart = {
        call: "\n".join(difflib.unified_diff(answer.splitlines(), other.to_them[call].splitlines(), lineterm="", n=0))
        for call, answer in one.to_them.items()
        if answer != other.to_them[call]
    }
    assert apart == {}
