"""Language groups of names, against groups that are known by construction."""

import numpy as np
import pytest

from eval.name_groups import find_groups

NORTH = ([f"ng{n}" for n in range(6)], [f"nf{n}" for n in range(12)])
SOUTH = ([f"sg{n}" for n in range(6)], [f"sf{n}" for n in range(12)])


def people() -> list[tuple[str, str]]:
    rng = np.random.default_rng(0)
    found = []
    for (given, family), count in ((NORTH, 600), (SOUTH, 300)):
        found += [(given[rng.integers(6)], family[rng.integers(12)]) for _ in range(count)]
    return found


def test_names_that_go_together_are_found_as_groups() -> None:
    groups = find_groups(people(), groups=2)
    assert groups.people == pytest.approx([600, 300], rel=0.02)
    for names, own in ((NORTH, 0), (SOUTH, 1)):
        for table, part in zip((groups.given, groups.family), names, strict=True):
            assert all(table[name][own] > 0.95 for name in part)
    assert all(share.sum() == pytest.approx(1) for share in groups.family.values())


def test_the_same_names_give_the_same_groups() -> None:
    first, second = find_groups(people(), groups=2), find_groups(people(), groups=2)
    assert first.people.tolist() == second.people.tolist()


def test_too_few_names_are_one_group() -> None:
    groups = find_groups([("jane", "doe"), ("mary", "roe")])
    assert groups.people.tolist() == [2]
    assert (groups.given, groups.family) == ({}, {})
