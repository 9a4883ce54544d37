"""A link from a mention, or a record, to a person: on what it rests, and how probable it is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from matcher.records import PersonId

__all__ = ["CONFIDENCE", "Basis", "Link", "joint_confidence", "reasons"]

Basis: TypeAlias = Literal[
    "id",
    "email",
    "listed",
    "coauthors",
    "name",
    "spelling",
    "unconfirmed",
    "common",
    "ambiguous",
    "namesake",
    "unnamed",
    "fits",
    "alike",
    "short_name",
    "abbreviated",
    "initials",
]

CONFIDENCE: Final[Mapping[Basis, float]] = {
    "id": 1.0,
    "email": 0.99,
    "listed": 0.97,
    "coauthors": 0.96,
    "name": 0.9,
    "spelling": 0.9,
    "unconfirmed": 0.7,
    "common": 0.5,
    "ambiguous": 0.5,
    "namesake": 0.5,
    "unnamed": 0.5,
    "fits": 0.4,
    "alike": 0.3,
    "short_name": 0.3,
    "abbreviated": 0.98,
    "initials": 0.3,
}
"""Probability that the person is the one meant, by what it rests on; an ambiguous name shares its own by candidates,
and abbreviated names have one of their own each."""

_REASONS: Final[Mapping[Basis, str]] = {
    "id": "the same id",
    "email": "the same e-mail address",
    "listed": "the reviewer's own list of papers shows it",
    "coauthors": "the same full name, with shared coauthors",
    "name": "the same full name, and nobody else is known by it",
    "common": "the same full name, a common one, without a shared coauthor",
    "spelling": "another spelling of the name, with shared coauthors",
    "unconfirmed": "the same full name, but the paper's source names others by id and not this one",
    "ambiguous": "the same full name, which more than one person carries",
    "namesake": "the same full name, under an id of another kind",
    "unnamed": "the reviewer lists the paper, but no name on it fits",
    "fits": "the same family name and a fitting given name",
    "alike": "a name that may be another spelling",
    "short_name": "the same short name",
    "abbreviated": "the name abbreviated, with much around it that fits",
    "initials": "the name may be abbreviated there",
}

_SURE: Final = frozenset(("id", "email", "listed", "coauthors", "name", "abbreviated"))


@dataclass(frozen=True, slots=True)
class Link:
    """One person that a mention, or another record, may be.

    Args:
        person_id: a person of the venue, or the key of a name that nobody known carries (`Identities.is_known`).
        basis: how it is known; see the table of this module.
        confidence: probability that it is this person, in (0, 1].
        because: what else speaks for it or against it, in words: institutions, titles, venues, years.
    """

    person_id: PersonId
    basis: Basis
    confidence: float
    because: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def is_sure(self) -> bool:
        """Whether the link may block; one that is not may only ask."""
        return self.basis in _SURE

    @property
    def reason(self) -> str:
        """How it is known, in words."""
        return _REASONS[self.basis]


def joint_confidence(links: Iterable[Link]) -> float:
    """The probability that all of some links hold, as if each were independent of the others."""
    return math.prod((one.confidence for one in links), start=1.0)


def reasons(links: Iterable[Link]) -> tuple[str, ...]:
    """How some links are known, in words, each reason once; nothing for ids, which need none."""
    return tuple(dict.fromkeys(text for one in links if one.basis != "id" for text in (one.reason, *one.because)))
