"""What stands around a mention besides its coauthors: the title, the venue, the year, the institution.

Coauthors bring two mentions of a name together; this says how well all else fits. What a mention lacks says nothing: a
submission has no venue yet, and most papers print no institution. Topics are compared by the words of titles, so that
no text has to be encoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from matcher.identity.model import EMPTY_TITLE, around_features, in_words, log_odds, title_words, weigh_title
from matcher.institutions import stays
from matcher.records import Affiliation, AuthorMention, Paper, Person, Submission

__all__ = ["Surroundings", "institutions_of_mention", "institutions_of_person", "of_paper", "of_submission"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a mention, or around several of one person.

    Args:
        words: of the titles.
        weight: of all the words together.
        venues: where they were published, in one spelling.
        years: when: the first and the last; `None` where no year is known.
        institutions: keys of `matcher.institutions`.
    """

    words: frozenset[str] = EMPTY_TITLE
    weight: float = 0.0
    venues: frozenset[str] = frozenset()
    years: tuple[int, int] | None = None
    institutions: frozenset[str] = field(default=frozenset())

    def at(self, institutions: frozenset[str]) -> Surroundings:
        """The same, of somebody at some institutions."""
        return Surroundings(self.words, self.weight, self.venues, self.years, institutions) if institutions else self

    def with_all(self, other: Surroundings) -> Surroundings:
        """What stands around either."""
        new = other.words - self.words
        years = [year for span in (self.years, other.years) if span for year in span]
        return Surroundings(
            self.words | new if new else self.words,
            self.weight + weigh_title(new) if new else self.weight,
            self.venues | other.venues,
            (min(years), max(years)) if years else None,
            self.institutions | other.institutions,
        )

    def features(self, other: Surroundings) -> dict[str, float]:
        """What the two say of one another, for the model."""
        return around_features(
            (self.words, self.weight, self.venues, self.years, self.institutions),
            (other.words, other.weight, other.venues, other.years, other.institutions),
        )

    def log_odds(self, other: Surroundings) -> float:
        """The same as log odds that the two are one person's."""
        return log_odds(self.features(other))

    def told(self, other: Surroundings) -> tuple[str, ...]:
        """What speaks for one person or against it, in words, weightiest first."""
        return in_words(self.features(other))


_NUMBERS: Final = re.compile(r"\b(?:\d+(?:st|nd|rd|th)?|proceedings|of|the|in|on|proc)\b|['’]\d\d|[^\w\s]|_")


@lru_cache(maxsize=20_000)
def _series(published_in: str) -> frozenset[str]:
    """A venue without year and number: "Proceedings of ICML 2024" and "ICML'23" are one."""
    name = " ".join(_NUMBERS.sub(" ", published_in.casefold()).split())
    return frozenset((name,)) if name else frozenset()


def of_paper(paper: Paper) -> Surroundings:
    """What stands around every author of a paper."""
    words = title_words(paper.title)
    years = [day.year for day in paper.dates]
    span = (min(years), max(years)) if years else None
    return Surroundings(words, weigh_title(words), _series(paper.published_in), span)


def of_submission(submission: Submission, year: int | None) -> Surroundings:
    """What stands around every author of a submission.

    Args:
        submission: not published yet, so without a venue.
        year: of the deadline, where it is known.
    """
    words = title_words(submission.title)
    return Surroundings(words, weigh_title(words), years=None if year is None else (year, year))


def institutions_of_mention(mention: AuthorMention) -> frozenset[str]:
    """The institutions printed beside a name; none where there are none."""
    if mention.affiliation is None and mention.domain is None and mention.email is None:
        return frozenset()
    domain = mention.domain or (mention.email or "").rpartition("@")[2] or None
    return _keys(mention.affiliation or "", domain)


def institutions_of_person(person: Person) -> frozenset[str]:
    """The institutions of a person's record, of any time."""
    found = [_keys(one.organisation, one.domain) for one in person.affiliations]
    return _union((*found, *(_keys("", address.rpartition("@")[2]) for address in person.emails)))


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset(key for keys in sets for key in keys)


@lru_cache(maxsize=100_000)
def _keys(organisation: str, domain: str | None) -> frozenset[str]:
    return frozenset(key for stay in stays((Affiliation(organisation, domain),)) for key in stay.keys)
