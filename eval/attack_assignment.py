"""What colluders reach in the assignment: the probability of the pair that they want, before and after, and its price.

All pairs of a batch attack in one matrix, each with a reviewer and a submission of its own, so one solution shows all.
Probabilities are exact: those of the policy where one is drawn from, else 0 or 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from eval.attack import (
    WAYS,
    Scene,
    aggregations,
    batch_of,
    fitted,
    only_reviewers,
    only_rows,
    papers_of,
    with_bids,
    write_texts,
)
from eval.curation import Case
from matcher.assignment import Options, build_limits, solve_arrays
from matcher.config import MatchConfig
from matcher.conflicts import Finder
from matcher.conflicts.rings import LONGEST, circles, mutual
from matcher.conflicts.signals import own_submissions
from matcher.encoders import TextEncoder
from matcher.errors import InputError
from matcher.profiles import build_profiles
from matcher.records import (
    Assignment,
    Conflicts,
    Constraint,
    Limits,
    PersonId,
    Profiles,
    Progress,
    ScoreMatrix,
    SubmissionId,
    Venue,
)
from matcher.scores import score

__all__ = ["SIZES", "Objective", "attack_assignment", "attacked_scores", "plant_rings", "ring_rows", "set_rings"]

Doubles: TypeAlias = npt.NDArray[np.float64]

SIZES: Final = (2, 3, 4, 5, 6)
"""People in a ring."""

RING_SCORES: Final = ("max", "default", "even")
"""Aggregations under which rings are tried."""

_STRENGTH: Final = 0.5
"""Of `perturbed`, the product's default."""


@dataclass(frozen=True, slots=True)
class Objective:
    """What is optimised.

    Args:
        name: as the product names it.
        limit: the most that a pair's probability can be; 1 where nothing is drawn.
        longest: people in the longest circle of reviews that is ruled out; 0 rules out none.
    """

    name: str
    limit: float = 1.0
    longest: int = 0

    def __str__(self) -> str:
        text = self.name if self.limit == 1 else f"{self.name} {self.limit:g}"
        return f"{text}, no circles up to {self.longest}" if self.longest else text

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """The rule against circles, if there is one."""
        return (Constraint("no circles", "no_cycles", longest=self.longest),) if self.longest else ()

    def solve(self, scores: ScoreMatrix, limits: Limits) -> Assignment:
        """The assignment, with a fixed draw."""
        options = Options(probability_limit=self.limit, perturbation=_STRENGTH, draw_seed=0)
        return solve_arrays(scores, limits, objective=self.name, seed=0, options=options)


def chances(assignment: Assignment, scores: ScoreMatrix) -> Doubles:
    """(S, R) with which probability each pair is assigned."""
    found = np.zeros(scores.values.shape)
    policy = assignment.marginals
    if policy is not None:
        found[policy.rows, policy.columns] = policy.probabilities
        return found
    for pair in assignment.pairs:
        found[scores.submissions.position(pair.submission_id), scores.reviewers.position(pair.reviewer_id)] = 1.0
    return found


def attacked_scores(scene: Scene, number: int, way: str, before: ScoreMatrix) -> ScoreMatrix:
    """Scores when all colluders of a batch do the same at once.

    Args:
        scene: with the batch.
        number: of the batch.
        way: what they do, a name in `WAYS`.
        before: (S, R) scores of the batch's aggregation as they are.
    """
    batch, chosen, config = scene.batches[number], WAYS[way], scene.variant(scene.batches[number])
    rows = [before.submissions.position(case.submission) for case in batch.cases]
    columns = [before.reviewers.position(case.reviewer) for case in batch.cases]
    values = before.values.copy()
    text = scene.text(number, chosen.text)
    values[rows] = score(text, config).values
    if chosen.papers != "all":
        papers = papers_of(scene, number, chosen.papers)
        values[:, columns] = score(only_reviewers(_plain(scene, before), columns, papers), config).values
        values[np.ix_(rows, columns)] = score(only_reviewers(text, columns, papers), config).values
    if chosen.is_bid:
        values[rows, columns] = with_bids(values[rows, columns], batch, config, scene.venue)
    return replace(before, values=values, raw=None)


def _plain(scene: Scene, like: ScoreMatrix) -> Profiles:
    """The profiles with the venue's own submissions alone."""
    places = [scene.profiles.submissions.position(name) for name in like.submissions]
    return only_rows(scene.profiles, np.array(places, dtype=np.int64))


def attack_assignment(
    scene: Scene,
    conflicts: Conflicts,
    *,
    ways: Sequence[str],
    objectives: Sequence[Objective],
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Assign the venue before and after.

    Args:
        scene: with the colluders.
        conflicts: of the venue.
        ways: what they do, names in `WAYS`.
        objectives: what is optimised.
        progress: called for each batch.

    Returns:
        One row for each aggregation, objective and way: `cases`; `before` and `after`, the mean probability that the
        pair is assigned; `gained`, and `largest`, the largest probability after. `quality` is the expected total
        before the attack, measured by the most similar paper (`max`), in shares of the largest total that there is;
        `own_quality` the same measured by the aggregation's own scores.
    """
    plain = only_rows(scene.profiles, _active(scene))
    by_name = {name: score(plain, variant) for name, variant in aggregations(scene.config).items()}
    limits = build_limits(scene.venue, scene.config.settled(scene.venue.defaults), by_name["max"], conflicts)
    optimal = {name: Objective("max-total").solve(each, limits).objective for name, each in by_name.items()}
    rows = []
    for number, batch in enumerate(scene.batches):
        if progress is not None:
            progress("attack", number, len(scene.batches))
        before = by_name[batch.aggregation]
        places = _places(batch.cases, before)
        after = {way: attacked_scores(scene, number, way, before) for way in ways}
        for objective in objectives:
            policy = chances(objective.solve(before, limits), before)
            for way in ways:
                reached = chances(objective.solve(after[way], limits), before)[places]
                rows.append(
                    {
                        "from": batch.rank,
                        "way": way,
                        "score": batch.aggregation,
                        "objective": str(objective),
                        "cases": len(batch.cases),
                        "before": float(policy[places].mean()),
                        "after": float(reached.mean()),
                        "gained": float((reached - policy[places]).mean()),
                        "largest": float(reached.max()),
                        "quality": _total(policy, by_name["max"]) / optimal["max"],
                        "own_quality": _total(policy, before) / optimal[batch.aggregation],
                    }
                )
    return rows


def _active(scene: Scene) -> npt.NDArray[np.int64]:
    names = [each.id for each in scene.venue.active_submissions]
    return np.array([scene.profiles.submissions.position(name) for name in names], dtype=np.int64)


def _places(cases: Sequence[Case], scores: ScoreMatrix) -> tuple[list[int], list[int]]:
    rows = [scores.submissions.position(case.submission) for case in cases]
    return rows, [scores.reviewers.position(case.reviewer) for case in cases]


def _total(policy: Doubles, scores: ScoreMatrix) -> float:
    return float((policy * np.nan_to_num(scores.values.astype(np.float64))).sum())


# --- rings ----------------------------------------------------------------------------------------------------------


Ring: TypeAlias = tuple[Case, ...]
"""Each member's own case: they want a submission of the next member."""


def plant_rings(
    finder: Finder, conflicts: Conflicts, *, rings: int, rng: np.random.Generator | int = 0
) -> tuple[Ring, ...]:
    """Rings of reviewers who are authors, nobody and no submission in two of them, and no pair in conflict.

    Args:
        finder: of the venue.
        conflicts: of the venue.
        rings: how many of each size are wanted; there are fewer where authors who review are few.
        rng: a generator, or the seed of one.

    Raises:
        InputError: there is no ring at all.
    """
    own = {who: names[0] for who, names in own_submissions(finder.world).items() if who in finder.venue.reviewer_by_id}
    single = {name: who for who, name in own.items()}  # one author of a submission is enough
    sized = {who for who in single.values() if finder.venue.reviewer_by_id[who].paper_ids}
    active = {each.id for each in finder.venue.active_submissions}
    people = sorted(who for who in sized if own[who] in active)
    order = [people[place] for place in np.random.default_rng(rng).permutation(len(people)).tolist()]
    found: list[Ring] = []
    for size in SIZES:
        for _ in range(rings):
            members = _ring(order, own, conflicts, size)
            if members is not None:
                order = [who for who in order if who not in members]
                following = (*members[1:], members[0])
                found.append(tuple(Case(own[after], who) for who, after in zip(members, following, strict=True)))
    if not found:
        raise InputError("too few reviewers are authors of submissions: no ring can be planted")
    return tuple(found)


def _ring(
    order: Sequence[PersonId], own: Mapping[PersonId, SubmissionId], conflicts: Conflicts, size: int
) -> tuple[PersonId, ...] | None:
    """The first people who make a ring, or `None`."""

    def is_free(one: PersonId, other: PersonId) -> bool:
        return (own[other], one) not in conflicts.by_pair

    for start in order:
        members = [start]
        for who in order:
            if len(members) == size:
                break
            is_last = len(members) == size - 1
            if who not in members and is_free(members[-1], who) and (not is_last or is_free(who, start)):
                members.append(who)
        if len(members) == size:
            return tuple(members)
    return None


def set_rings(
    venue: Venue,
    config: MatchConfig,
    encoder: TextEncoder,
    planted: Sequence[Ring],
    *,
    names: Sequence[str] = RING_SCORES,
    words: int = 15,
    progress: Progress | None = None,
) -> Scene:
    """The scene of planted rings: under every aggregation all their pairs are one batch.

    Args:
        venue: the input.
        config: the product's choices.
        encoder: makes the vectors.
        planted: from `plant_rings`.
        names: of the aggregations.
        words: different words of an abstract that are replaced.
        progress: called while texts are embedded.
    """
    encoder = fitted(encoder, venue)
    profiles = build_profiles(venue, encoder, config, progress=progress)
    cases = [case for ring in planted for case in ring]
    variants = aggregations(config)
    batches = [batch_of(name, 0, cases, profiles, variants[name]) for name in names]
    return write_texts(venue, config, encoder, profiles, batches, words=words, progress=progress)


def ring_rows(
    scene: Scene,
    finder: Finder,
    conflicts: Conflicts,
    planted: Sequence[Ring],
    *,
    way: str,
    objectives: Sequence[Objective],
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """What rings reach, and whether the audit sees them.

    Args:
        scene: from `set_rings`.
        finder: of the venue.
        conflicts: of the venue.
        planted: the rings.
        way: what all their members do, a name in `WAYS`.
        objectives: what is optimised.
        progress: called for each aggregation.

    Returns:
        One row for each aggregation, objective and size: `rings`; `before` and `after`, the mean probability of their
        pairs; `closed`, the share of rings all of whose pairs are assigned (in one draw, where one is drawn), and of
        these `found`, the share that the audit lists; `listed`, how many circles of that size it lists in all, planted
        or not. It looks for none of more people than `LONGEST`.
    """
    plain = only_rows(scene.profiles, _active(scene))
    own = own_submissions(finder.world)
    rows = []
    for number, batch in enumerate(scene.batches):
        if progress is not None:
            progress("rings", number, len(scene.batches))
        before = score(plain, scene.variant(batch))
        after = attacked_scores(scene, number, way, before)
        for objective in objectives:
            config = replace(scene.config, constraints=objective.constraints).settled(scene.venue.defaults)
            limits = build_limits(scene.venue, config, before, conflicts)
            policy = chances(objective.solve(before, limits), before)
            answer = objective.solve(after, limits)
            reached = chances(answer, after)
            pairs = tuple((pair.submission_id, pair.reviewer_id) for pair in answer.pairs)
            given, listed = set(pairs), _listed(finder, own, pairs)
            for size in SIZES:
                some = [ring for ring in planted if len(ring) == size]
                if not some:
                    continue
                places = _places([case for ring in some for case in ring], before)
                closed = [ring for ring in some if all((case.submission, case.reviewer) in given for case in ring)]
                people = [frozenset(case.reviewer for case in ring) for ring in closed]
                rows.append(
                    {
                        "size": size,
                        "score": batch.aggregation,
                        "objective": str(objective),
                        "rings": len(some),
                        "before": float(policy[places].mean()),
                        "after": float(reached[places].mean()),
                        "closed": len(closed) / len(some),
                        "found": sum(each in listed.get(size, ()) for each in people) / len(closed) if closed else None,
                        "listed": len(listed[size]) if size in listed else None,
                    }
                )
    return rows


def _listed(
    finder: Finder, own: Mapping[PersonId, tuple[SubmissionId, ...]], pairs: tuple[tuple[SubmissionId, PersonId], ...]
) -> dict[int, list[frozenset[PersonId]]]:
    """By size, the people of every circle that the audit lists."""
    remarks = [
        *mutual(finder.world, own, pairs, kind="reviews", verb="review"),
        *circles(finder.world, own, pairs, kind="reviews", verb="reviews", longest=LONGEST),
    ]
    found: dict[int, list[frozenset[PersonId]]] = {size: [] for size in range(2, LONGEST + 1)}
    for remark in remarks:
        found[len(remark.people)].append(frozenset(remark.people))
    return found
