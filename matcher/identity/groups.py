"""Which mentions of one full name are one person: groups that coauthors, institutions or rarity hold together.

Titles, venues and years add to it, for one person or against it. Only mentions of the same normalised name meet here,
and of those only the ones that share a coauthor or an institution, found by an index: so the work grows with the number
of mentions and not with its square. Two mentions on one byline, and two people whom ids tell apart, never come into one
group, however many steps lie between.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from matcher.identity.model import (
    MANY,
    carriers_of,
    coauthor_weight,
    probability,
    settings,
    share_of_people,
)
from matcher.identity.names import Spelling
from matcher.identity.surroundings import Surroundings
from matcher.records import PersonId

__all__ = ["Group", "Groups", "Seen", "group_names"]


_NOTHING = Surroundings()


@dataclass(frozen=True, slots=True)
class Seen:
    """One byline: of a paper or a submission.

    Args:
        names: normalised, in byline order.
        settled: per position, who it surely is.
        around: title, venue and year.
        institutions: per position, where something is known.
    """

    names: tuple[str, ...]
    settled: Mapping[int, PersonId]
    around: Surroundings = _NOTHING
    institutions: Mapping[int, frozenset[str]] = field(default_factory=dict)

    def around_of(self, position: int) -> Surroundings:
        """What stands around one name."""
        return self.around.at(self.institutions.get(position, frozenset()))


@dataclass(slots=True)
class Group:
    """Mentions of one name that are taken to be one person.

    Args:
        places: byline number and position of each mention.
        people: who they surely are; several only where they are one person recorded twice.
        coauthors: everybody who stands beside them.
        around: titles, venues, years and institutions.
        by_coauthors: whether a shared coauthor made the group.
        by_institution: whether a shared institution did, without a coauthor.
    """

    places: list[tuple[int, int]]
    people: set[PersonId]
    coauthors: dict[str, None]
    around: Surroundings = _NOTHING
    by_coauthors: bool = False
    by_institution: bool = False

    def join(self, other: Group, *, by_what: str = "") -> None:
        """Take another group in, because of shared `coauthors` or a shared `institution`, or for another reason."""
        self.places += other.places
        self.people |= other.people
        self.coauthors.update(other.coauthors)
        self.around = self.around.with_all(other.around)
        self.by_coauthors = self.by_coauthors or other.by_coauthors or by_what == "coauthors"
        self.by_institution = self.by_institution or other.by_institution or by_what == "institution"


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of one name.

    Args:
        groups: in the order of their first mention.
        odds: log odds that two of them are one person after all, from the name alone.
    """

    groups: tuple[Group, ...]
    odds: float

    def chance(self, one: Group, other: Group | None) -> float:
        """Probability that two of them are one person after all; of somebody without a mention, from the name alone."""
        return probability(self.odds + (one.around.log_odds(other.around) if other else 0.0))

    def of_person(self, who: PersonId) -> Group | None:
        """The group of a known person; `None` where no mention is surely theirs."""
        return next((group for group in self.groups if who in group.people), None)


_KNOWN = "\0"
"""Marks a coauthor whom not the name but something stronger identifies: sharing them counts in full."""


_PLACE = "\1"
"""Marks an institution among the coauthors, to find groups that share it; it is weighed with the surroundings."""


def is_rare(name: str, people: int) -> bool:
    """Whether two mentions of a normalised full name, in a venue of so many, are one person whoever stands beside."""
    missing: float = settings()["weights"]["no_coauthor"] * math.log2(1 + MANY)
    return _name_odds(name, people) + missing >= _needed()


def _name_odds(name: str, people: int) -> float:
    """Log odds that two mentions of a normalised full name are one person, from the name alone."""
    weights: Mapping[str, float] = settings()["weights"]
    here = carriers_of(Spelling.of(name)) * share_of_people(people)
    return weights["name_identical"] + weights["carriers_equal"] * math.log10(here)


def _needed() -> float:
    merge = settings()["thresholds"]["merge"]
    return math.log(merge / (1 - merge))


def group_names(
    bylines: Sequence[Seen], names: Iterable[str], people: int, are_two: Callable[[PersonId, PersonId], bool]
) -> dict[str, Groups]:
    """Group the mentions of some names.

    Args:
        bylines: every paper and submission.
        names: normalised full names that need it.
        people: different names in the venue.
        are_two: whether two people are surely not one.
    """
    wanted: dict[str, list[tuple[int, int]]] = {name: [] for name in names}
    for number, seen in enumerate(bylines):
        for position, name in enumerate(seen.names):
            places = wanted.get(name)
            if places is not None:
                places.append((number, position))
    return {name: _Grouping(bylines, name, people, are_two).of(places) for name, places in sorted(wanted.items())}


def _worth(name: str) -> float:
    """What sharing somebody says."""
    if name.startswith(_PLACE):
        return 0.0
    return 1.0 if name.startswith(_KNOWN) else coauthor_weight(name)


def _what_is_shared(one: Group, other: Group) -> str:
    shared = {name[0] == _PLACE for name in one.coauthors if name in other.coauthors}
    return "coauthors" if False in shared else "institution" if shared else ""


class _Grouping:
    """Groups the mentions of one name."""

    def __init__(
        self, bylines: Sequence[Seen], name: str, people: int, are_two: Callable[[PersonId, PersonId], bool]
    ) -> None:
        weights = settings()["weights"]
        self._bylines = bylines
        self._are_two = are_two
        self._odds = _name_odds(name, people)
        self._coauthor, self._more = weights["coauthor"], weights["more_coauthors"]
        self._none = weights["no_coauthor"]
        self._needed = _needed()

    def of(self, places: Sequence[tuple[int, int]]) -> Groups:
        """The groups of all mentions of the name."""
        alone = [self._alone(place) for place in sorted(places, key=self._settled_first)]
        groups = self._joined(self._joined(alone))  # twice, since a later mention may bring two groups together
        groups.sort(key=lambda group: min(group.places))
        return Groups(tuple(groups), self._odds)

    def _settled_first(self, place: tuple[int, int]) -> tuple[bool, int, int]:
        number, position = place
        return (position not in self._bylines[number].settled, number, position)

    def _alone(self, place: tuple[int, int]) -> Group:
        number, position = place
        seen = self._bylines[number]
        who = seen.settled.get(position)
        others = [name for at, name in enumerate(seen.names) if at != position and name]
        known = (f"{_KNOWN}{whose}" for at, whose in seen.settled.items() if at != position)
        places = (f"{_PLACE}{key}" for key in sorted(seen.institutions.get(position, ())))
        return Group(
            [place],
            set() if who is None else {who},
            dict.fromkeys((*others, *known, *places)),
            seen.around_of(position),
        )

    def _joined(self, parts: Sequence[Group]) -> list[Group]:
        """Put every part into the group that fits best, or begin one with it."""
        groups: list[Group] = []
        of_coauthor: dict[str, dict[int, None]] = {}
        of_person: dict[PersonId, int] = {}
        for part in parts:
            known = {of_person[who] for who in part.people if who in of_person}
            odds = dict.fromkeys(known, math.inf) or self._odds_by_group(part, groups, of_coauthor)
            fitting = [place for place in odds if known or self._may_join(part, groups[place])]
            best = max(fitting, key=lambda place: (odds[place], -place), default=None)
            if best is None:
                best = len(groups)
                groups.append(part)
            else:
                groups[best].join(part, by_what="" if known else _what_is_shared(part, groups[best]))
            of_person.update(dict.fromkeys(part.people, best))
            for name in part.coauthors:
                of_coauthor.setdefault(name, {})[best] = None
        return groups

    def _odds_by_group(
        self, part: Group, groups: Sequence[Group], of_coauthor: Mapping[str, Mapping[int, None]]
    ) -> dict[int, float]:
        """Log odds of the groups that are likely enough."""
        found: dict[int, float] = {}
        if self._odds >= self._needed:  # a rare name: coauthors need not be shared, only not too many be missing
            for place, group in enumerate(groups):
                found[place] = self._odds + self._without(part, group)
        worth: dict[int, float] = {}
        for name in part.coauthors:
            for place in of_coauthor.get(name, ()):
                worth[place] = worth.get(place, 0.0) + _worth(name)
        for place, shared in worth.items():
            said = self._coauthor * min(1.0, shared) + self._more * math.log2(max(1.0, shared))
            found[place] = self._odds + (said if shared else self._without(part, groups[place]))
        told = {place: odds + part.around.log_odds(groups[place].around) for place, odds in found.items()}
        return {place: odds for place, odds in told.items() if odds >= self._needed}

    def _without(self, one: Group, other: Group) -> float:
        """Log odds of sharing no coauthor."""
        few = min(sum(name[0] != _PLACE for name in group.coauthors) for group in (one, other))
        missing: float = self._none * math.log2(1 + min(few, MANY))
        return missing

    def _may_join(self, one: Group, other: Group) -> bool:
        if not {number for number, _ in one.places}.isdisjoint(number for number, _ in other.places):
            return False
        return not any(self._are_two(mine, theirs) for mine in one.people for theirs in other.people)
