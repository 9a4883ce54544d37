"""After a change, who is who is what linking the whole venue anew gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.identity import link, relinking
from matcher.identity.relinking import relink
from tests.changing import Changing


@pytest.fixture(autouse=True)
def never_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relinking, "_LARGE", 1e9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_step_of_a_changing_venue_gives_what_linking_it_anew_gives(seed: int) -> None:
    check(seed)


def check(seed: int, steps: int = 6) -> int:
    world = Changing.of(np.random.default_rng(seed))
    old = world.venue()
    before = link(old)
    followed = 0
    for _ in range(steps):
        world.step()
        new = world.venue()
        relinked, anew = relink(before, old, new), link(new)
        if relinked is None:
            before = anew
        else:
            followed += 1
            found = relinked.identities
            for name in ("owners", "carriers", "shared_names", "unplaced", "twins", "known"):
                assert getattr(found, name) == getattr(anew, name), name
            assert found.on_papers == anew.on_papers
            assert found.on_submissions == anew.on_submissions
            before = found
        old = new
    return followed
