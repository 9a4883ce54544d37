"""Terms that a submission shares with a paper, the rarest in the venue first: what a reader can check by eye.

They are shown beside a score and decide nothing. Models also see words that mean the same, so a high similarity may
come with few shared terms.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

from matcher.records import Venue

__all__ = ["Vocabulary", "shared_terms"]

SHOWN: Final = 4
"""Terms that are named."""

_SAMPLE: Final = 5000
"""Papers in which terms are counted, at regular distances: enough to tell rare terms from common ones."""

_COMMON: Final = 0.25
"""A word in a larger share of the papers says nothing about a field."""

_FEW: Final = 50
"""In a venue of fewer papers no word counts as common."""

_WORD: Final = re.compile(r"[^\W\d_]\w+")
"""Two letters or more, or a letter and digits; what a hyphen joins is two words."""

_WITHOUT_SUBJECT: Final = """
a about above after against all also although among an and any approach approaches are as at based be because been
being between both but by can case compared demonstrate different do does due each either especially et existing
experiments first for from further get given good had has have how however if in into introduce is it its just large
less many may method methods model models more most much must new non not novel obtain of often on one only or other
our out over own paper papers per present problem problems propose proposed provide recent recently results same
several show shown shows significantly some state such task tasks than that the their them then there these they
this those three through thus to towards two under up use used uses using various very via was we well were what
when where whether which while who why will with within without work works yet you
"""
_STOP_WORDS: Final = frozenset(_WITHOUT_SUBJECT.split())
"""English words without a subject, and those that every abstract has."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """In how many papers of a venue each word occurs.

    Args:
        papers: how many were counted.
        counts: papers by word; words without a subject are not in it.
    """

    papers: int
    counts: Mapping[str, int]

    @classmethod
    def of(cls, venue: Venue) -> Self:
        """Count the words of a venue's publications."""
        step = max(1, len(venue.papers) // _SAMPLE)
        sample = venue.papers[::step]
        counts = Counter(word for paper in sample for word in set(_words(paper.text)) - _STOP_WORDS)
        return cls(len(sample), counts)

    def weight(self, word: str) -> float:
        """How rare a word is, ``ln((1 + N) / (1 + n))``; 0 for one that says nothing."""
        count = self.counts.get(word, 0)
        if word in _STOP_WORDS or (self.papers >= _FEW and count > _COMMON * self.papers):
            return 0.0
        return math.log((1 + self.papers) / (1 + count)) + 1e-6


def shared_terms(one: str, other: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Words and word pairs that stand in both texts, at most four, the rarest first; equal ones by the alphabet.

    >>> shared_terms("Sparse training of graph networks", "Graph networks, trained", Vocabulary(0, {}))
    ('graph networks',)
    """
    first, second = _words(one), _words(other)
    pairs = set(_pairs(first)) & set(_pairs(second))
    weights = {f"{left} {right}": vocabulary.weight(left) + vocabulary.weight(right) for left, right in pairs}
    within = {word for pair in pairs for word in pair}
    weights |= {word: vocabulary.weight(word) for word in (set(first) & set(second)) - within}
    found = sorted((term for term in weights if weights[term] > 0), key=lambda term: (-weights[term], term))
    return tuple(found[:SHOWN])


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    """Neighbours that both say something."""
    return [pair for pair in pairwise(words) if not _STOP_WORDS.intersection(pair)]
