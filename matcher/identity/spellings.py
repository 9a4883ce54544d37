"""Spellings of one name among people whom nothing but their names identifies: typing errors, middle names, order.

Two spellings are compared only where they share a key (family name and initial, …) and a coauthor, so the work grows
with the bylines. They become one where the model is as sure as for a merge, and never where both stand on one byline,
however many spellings lie between.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

from matcher.identity.compare import sound_of
from matcher.identity.groups import Seen
from matcher.identity.model import coauthor_log_odds, name_log_odds, settings

__all__ = ["Spellings", "other_spellings"]


def other_spellings(bylines: Sequence[Seen], names: Iterable[str]) -> dict[str, str]:
    """Which names are other spellings of which.

    Args:
        bylines: every paper and submission.
        names: normalised full names that nobody known carries.

    Returns:
        For each name that is another spelling, the spelling with most mentions.
    """
    places = _places(bylines, _in_company(names))
    coauthors = {name: frozenset(_beside(bylines, name, numbers)) for name, numbers in places.items()}
    needed = _needed()
    found = [
        (name_log_odds(one, other) + coauthor_log_odds(coauthors[one], coauthors[other]), one, other)
        for one, other in sorted(_candidates(coauthors))
    ]
    joined = _Joined(places)
    for odds, one, other in sorted(found, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if odds >= needed:
            joined.join(one, other)
    return joined.spellings()


def _needed() -> float:
    """Log odds from which two spellings are one."""
    merge: float = settings()["thresholds"]["merge"]
    return math.log(merge / (1 - merge))


class Spellings:
    """Names by the keys that two spellings share, to find those that a change can reach.

    It only grows: who asks says which names are there.
    """

    def __init__(self) -> None:
        self._by_key: dict[str, dict[str, None]] = {}

    @classmethod
    def of(cls, names: Iterable[str]) -> Spellings:
        """Of some names, normalised."""
        new = cls()
        new.take(names)
        return new

    def take(self, names: Iterable[str]) -> None:
        """Remember more names."""
        for name in names:
            for key in _keys(name):
                self._by_key.setdefault(key, {})[name] = None

    def near(self, name: str, names: Set[str], beside: Callable[[str], frozenset[str]]) -> Iterator[str]:
        """The names that are likely enough to be another spelling of one.

        Args:
            name: normalised.
            names: those that are there now.
            beside: gives the names that stand beside one.
        """
        own = beside(name)
        for other in dict.fromkeys(other for key in _keys(name) for other in self._by_key.get(key, ())):
            if other == name or other not in names:
                continue
            others = beside(other)
            if own.isdisjoint(others):
                continue
            one, two = sorted((name, other))
            coauthors = (own, others) if one == name else (others, own)
            if name_log_odds(one, two) + coauthor_log_odds(*coauthors) >= _needed():
                yield other


def _in_company(names: Iterable[str]) -> set[str]:
    """The names that share a key with another one."""
    blocks: dict[str, list[str]] = {}
    for name in names:
        for key in _keys(name):
            blocks.setdefault(key, []).append(name)
    return {name for block in blocks.values() if len(block) > 1 for name in block}


def _keys(name: str) -> Iterator[str]:
    parts = name.split()
    first, last = sound_of(parts[0]), sound_of(parts[-1])
    yield f"{last} {first[:1]}"
    yield f"{first} {last[:1]}."
    if len(parts) == 2:
        yield f"{first} {last[:1]}"  # the same with the parts in the other order


def _places(bylines: Sequence[Seen], names: set[str]) -> dict[str, set[int]]:
    """Per name, the bylines on which it stands."""
    places: dict[str, set[int]] = {}
    for number, seen in enumerate(bylines):
        for name in seen.names:
            if name in names:
                places.setdefault(name, set()).add(number)
    return {name: places[name] for name in sorted(places)}


def _beside(bylines: Sequence[Seen], name: str, numbers: Iterable[int]) -> Iterator[str]:
    for number in numbers:
        yield from (other for other in bylines[number].names if other and other != name)


def _candidates(coauthors: Mapping[str, frozenset[str]]) -> set[tuple[str, str]]:
    """Pairs of names that share a key and a coauthor."""
    blocks: dict[tuple[str, str], list[str]] = {}
    for name, others in coauthors.items():
        for key in _keys(name):
            for other in others:
                blocks.setdefault((key, other), []).append(name)
    return {
        (min(one, other), max(one, other))
        for block in blocks.values()
        for place, one in enumerate(block)
        for other in block[place + 1 :]
        if one != other
    }


class _Joined:
    """Spellings put together, none of which stand on one byline."""

    def __init__(self, places: Mapping[str, set[int]]) -> None:
        self._count = {name: len(numbers) for name, numbers in places.items()}
        self._places = {name: set(numbers) for name, numbers in places.items()}
        self._members = {name: [name] for name in places}
        self._group = {name: name for name in places}

    def join(self, one: str, other: str) -> None:
        """Put two together, unless they stand on one byline somewhere."""
        into, out = self._group[one], self._group[other]
        if into == out or not self._places[into].isdisjoint(self._places[out]):
            return
        self._places[into] |= self._places.pop(out)
        members = self._members.pop(out)
        self._members[into] += members
        self._group.update(dict.fromkeys(members, into))

    def spellings(self) -> dict[str, str]:
        """For each name that is not the commonest spelling of its person, that one."""
        found = {}
        for members in self._members.values():
            chosen = min(members, key=lambda name: (-self._count[name], name))
            found.update({name: chosen for name in members if name != chosen})
        return found
