"""Circles of reviewers, each of whom reviews a submission of the next, with the number that chance alone would give.

Two reviewers with each other's submissions are the shortest circle. A circle is a signal and never an accusation: with
few reviewers and many reviews each, chance alone makes many.

Source of the signal: S. Jecmen et al., On the detection of reviewer-author collusion rings from paper bidding, 2024.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final

import numpy as np

from matcher.conflicts.remark import Remark, listed
from matcher.conflicts.world import World
from matcher.errors import counted
from matcher.records import PersonId, SubmissionId

__all__ = ["LONGEST", "circles", "mutual"]

LONGEST: Final = 5
"""The longest circle that is looked for: with each step their number grows by the reviews of one reviewer."""

_MOST: Final = 1000
"""Circles of one length that are named at most; where there are more, it is said."""

Own = Mapping[PersonId, tuple[SubmissionId, ...]]


@dataclass(frozen=True, slots=True)
class _Graph:
    """Who reviews whose submissions; people are numbered in the order of their ids.

    Args:
        people: reviewers who are authors too and have something to review.
        taken: the submissions that each reviews or wants.
        next: per person, those with a submission among these.
        before: the reverse.
        chance: (P,) load × own submissions / all; the chance of a step from i to j is load(i) · own(j) / all.
    """

    people: tuple[PersonId, ...]
    taken: tuple[frozenset[SubmissionId], ...]
    next: tuple[frozenset[int], ...]
    before: tuple[frozenset[int], ...]
    chance: np.ndarray[tuple[int], np.dtype[np.float64]]

    @classmethod
    def of(cls, own: Own, pairs: Iterable[tuple[SubmissionId, PersonId]], submissions: int) -> _Graph:
        taken: dict[PersonId, set[SubmissionId]] = {}
        for submission_id, reviewer_id in pairs:
            taken.setdefault(reviewer_id, set()).add(submission_id)
        people = tuple(who for who in sorted(own) if who in taken)
        having: dict[SubmissionId, list[int]] = {}
        for number, who in enumerate(people):
            for submission_id in own[who]:
                having.setdefault(submission_id, []).append(number)
        follow = [
            frozenset(other for name in taken[who] for other in having.get(name, ())) - {number}
            for number, who in enumerate(people)
        ]
        before: list[set[int]] = [set() for _ in people]
        for number, others in enumerate(follow):
            for other in others:
                before[other].add(number)
        products = [len(taken[who]) * len(own[who]) / submissions for who in people]
        return cls(
            people=people,
            taken=tuple(frozenset(taken[who]) for who in people),
            next=tuple(follow),
            before=tuple(frozenset(each) for each in before),
            chance=np.array(products, dtype=np.float64),
        )

    def circles(self, length: int) -> Iterator[tuple[int, ...]]:
        """Every circle of so many different people, each once, from its first person."""
        for start in range(len(self.people)):
            yield from self._from((start,), length)

    def _from(self, path: tuple[int, ...], length: int) -> Iterator[tuple[int, ...]]:
        start, follow = path[0], self.next[path[-1]]
        if len(path) == length - 1:
            follow &= self.before[start]
        for person in sorted(follow):
            if person <= start or person in path:
                continue
            if len(path) == length - 1:
                yield (*path, person)
            else:
                yield from self._from((*path, person), length)

    def expected(self, length: int) -> float:
        """How many circles of so many people chance alone gives, every reviewer's number of reviews being as it is.

        The chances along a circle multiply to the product over its people of load × own / all, whatever their order. So
        the sum over all circles is (length − 1)! times the elementary symmetric polynomial of these.
        """
        sums = np.zeros(length + 1)
        sums[0] = 1.0
        for value in self.chance:
            sums[1:] += value * sums[:-1]
        orders = 1
        for factor in range(2, length):
            orders *= factor
        return float(sums[length]) * orders


def mutual(
    world: World, own: Own, pairs: Iterable[tuple[SubmissionId, PersonId]], *, kind: str, verb: str
) -> Iterator[Remark]:
    """Two reviewers each of whom has (or bids for) a submission of the other, against what chance would give.

    Args:
        world: names.
        own: submissions of each reviewer.
        pairs: assigned pairs, or positive bids.
        kind: of the remark.
        verb: what the two do with each other's submissions.
    """
    graph = _Graph.of(own, pairs, len(world.submissions))
    found = list(graph.circles(2))
    rate = _rate(len(found), "pair", graph.expected(2))
    for circle in found:
        one, other = (graph.people[each] for each in circle)
        names = _submissions(graph, own, circle)
        text = (
            f"{world.name_of(one)} and {world.name_of(other)} {verb} each other's submissions ({listed(names)}); {rate}"
        )
        yield Remark(kind, text, names, (one, other))


def circles(
    world: World,
    own: Own,
    pairs: Iterable[tuple[SubmissionId, PersonId]],
    *,
    kind: str,
    verb: str,
    longest: int,
) -> Iterator[Remark]:
    """Circles of three and more reviewers, each of whom has (or bids for) a submission of the next.

    Args:
        world: names.
        own: submissions of each reviewer.
        pairs: assigned pairs, or positive bids.
        kind: reviews, or bids: the last word of the remarks' kind.
        verb: what each does with a submission of the next.
        longest: people in the longest circle looked for, up to `LONGEST`.
    """
    graph = _Graph.of(own, pairs, len(world.submissions))
    for length in range(3, min(longest, LONGEST) + 1):
        found = list(islice(graph.circles(length), _MOST + 1))
        rate = _rate(min(len(found), _MOST), "circle", graph.expected(length), has_more=len(found) > _MOST)
        for circle in found[:_MOST]:
            people = tuple(graph.people[each] for each in circle)
            names = _submissions(graph, own, circle)
            ring = " → ".join(world.name_of(who) for who in (*people, people[0]))
            text = f"{ring}: each {verb} a submission of the next ({listed(names)}); {rate}"
            yield Remark(f"circle of {length} {kind}", text, names, people)


def _rate(count: int, what: str, expected: float, *, has_more: bool = False) -> str:
    number = f"more than {counted(count, what)}" if has_more else counted(count, f"such {what}")
    return f"{number}, chance alone gives about {expected:.1f}"


def _submissions(graph: _Graph, own: Own, circle: Sequence[int]) -> tuple[SubmissionId, ...]:
    """The submissions along a circle, sorted."""
    steps = pairwise((*circle, circle[0]))
    return tuple(
        sorted({name for one, other in steps for name in graph.taken[one].intersection(own[graph.people[other]])})
    )
