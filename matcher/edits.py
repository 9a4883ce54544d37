"""Edits by hand: what adding or removing a pair does, at once, and an edited match that passes the same check.

No edit can make a pair of what may not be one. Loads and demands can be exceeded where the chair says so; then the
limits of the edited match are as wide as the pairs need, so that they say what holds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal, Self

import numpy as np

from matcher.assignment import package
from matcher.constraints import broken_rules
from matcher.errors import EditError, VerificationError
from matcher.pipeline import MatchResult
from matcher.records import Doubles, Ints, Limits, PairStatus, PersonId, SubmissionId, Verdict, Violation, to_plain
from matcher.rounds import replan, with_standing
from matcher.verification import places_of, verify

__all__ = ["Edit", "Effect", "LoadEffect", "Refusal", "ReviewsEffect", "Workbench"]

_SOLVER: Final = "edited by hand"

_FACTS: Final = 3
"""Facts of a conflict that a refusal names."""

_WHY_NOT: Final[Mapping[PairStatus, tuple[str, str]]] = {
    PairStatus.BLOCKED: ("a conflict", "decide it, with a reason"),
    PairStatus.ASK: ("a question about a conflict waits for a decision", "decide the question"),
    PairStatus.FORBIDDEN: ("the pair is forbidden by hand", "take it out of the fixed pairs"),
    PairStatus.BELOW_FLOOR: ("the score is below the floor", "lower the score floor"),
    PairStatus.UNSCORED: ("the reviewer has no known publications", "add publications, or allow last resorts"),
    PairStatus.UNAVAILABLE: ("the reviewer declined, retired, or has a load of 0", "change the reviewer's record"),
    PairStatus.REFUSED: ("the reviewer's bid refuses the submission", "ask the reviewer to change the bid"),
    PairStatus.NOT_AGAIN: ("the reviewer judged an earlier version", "change the rule about resubmissions"),
    PairStatus.RULED_OUT: ("a rule over attributes bars the pair", "change the rule in the constraints"),
    PairStatus.DECLINED: ("the reviewer declined this submission", "change the state in the assignments"),
}
"""Why a pair may not be assigned, and what would change that; conflicts have their own evidence."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One change by hand.

    Args:
        action: `add` or `remove`.
        submission_id: of a submission of the match.
        reviewer_id: of a reviewer of the match.
        may_exceed: whether this one may pass a maximum load or the reviews that are wanted.
    """

    action: Literal["add", "remove"]
    submission_id: str
    reviewer_id: str
    may_exceed: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """An edit that cannot be.

    Args:
        edit: which one; `None` where several together break a rule.
        rule: conflict, ineligible, required, assigned, absent, load, demand, last_resort or constraint.
        detail: what is in the way.
        remedy: what would change that.
    """

    edit: Edit | None
    rule: str
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ReviewsEffect:
    """What edits do to a submission.

    Args:
        submission_id: which one.
        wanted: reviews that it wants.
        reviews: how many it has, before and after.
        mean: its mean score per review wanted, before and after.
        reviewers: who reviews it after the edits, best first.
    """

    submission_id: SubmissionId
    wanted: int
    reviews: tuple[int, int]
    mean: tuple[float, float]
    reviewers: tuple[PersonId, ...]


@dataclass(frozen=True, slots=True)
class LoadEffect:
    """What edits do to a reviewer: submissions before and after, and most that were agreed."""

    reviewer_id: PersonId
    load: tuple[int, int]
    max_load: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What edits do.

    Args:
        added: pairs that are new, sorted.
        removed: pairs that are gone, sorted.
        refused: edits that cannot be; the others are counted.
        submissions: those whose reviewers change.
        reviewers: those whose submissions change.
        figures: by name, the value before and after: total, mean, minimum, 5th percentile (of the mean scores of
            submissions), missing reviews, largest load.
    """

    added: tuple[tuple[SubmissionId, PersonId], ...]
    removed: tuple[tuple[SubmissionId, PersonId], ...]
    refused: tuple[Refusal, ...]
    submissions: tuple[ReviewsEffect, ...]
    reviewers: tuple[LoadEffect, ...]
    figures: Mapping[str, tuple[float, float]]

    def to_plain(self) -> dict[str, Any]:
        """The same for JSON, with every key."""
        return {
            "added": [list(pair) for pair in self.added],
            "removed": [list(pair) for pair in self.removed],
            "refused": [to_plain(each) for each in self.refused],
            "submissions": [
                {
                    "submission_id": each.submission_id,
                    "wanted": each.wanted,
                    "reviews": list(each.reviews),
                    "mean": list(each.mean),
                    "reviewers": list(each.reviewers),
                }
                for each in self.submissions
            ],
            "reviewers": [
                {"reviewer_id": each.reviewer_id, "load": list(each.load), "max_load": each.max_load}
                for each in self.reviewers
            ],
            "figures": {name: list(values) for name, values in self.figures.items()},
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Base:
    """The pairs of a match in arrays.

    Args:
        result: the match.
        width: reviewers; a pair's place is its row times this, plus its column.
        places: (K,) of the pairs, sorted.
        known: the same as a set.
        reviews: (S,) that each submission has.
        loads: (R,) submissions of each reviewer.
        sums: (S,) of the scores.
        resorts: (S,) reviewers without known publications.
    """

    result: MatchResult
    width: int
    places: Ints
    known: frozenset[int]
    reviews: Ints
    loads: Ints
    sums: Doubles
    resorts: Ints

    @classmethod
    def of(cls, result: MatchResult) -> Self:
        rows, columns = places_of(result.assignment, result.scores)
        count, width = len(result.limits.wanted), len(result.scores.reviewers)
        places = np.sort(rows * width + columns)
        values = np.nan_to_num(result.scores.values[rows, columns].astype(np.float64))
        is_resort = result.limits.status[rows, columns] == PairStatus.LAST_RESORT
        return cls(
            result=result,
            width=width,
            places=places,
            known=frozenset(places.tolist()),
            reviews=np.bincount(rows, minlength=count),
            loads=np.bincount(columns, minlength=width),
            sums=np.bincount(rows, weights=values, minlength=count).astype(np.float64),
            resorts=np.bincount(rows[is_resort], minlength=count),
        )


class Workbench:
    """A match on which a chair works by hand.

    Args:
        result: the match; it is never changed.
    """

    def __init__(self, result: MatchResult) -> None:
        self.result = result
        self._base = _Base.of(result)

    # --- what edits do ---

    def effect(self, edits: Sequence[Edit], *, may_exceed: bool = False) -> Effect:
        """Say what edits do; nothing is solved, so the answer comes at once.

        Args:
            edits: in their order.
            may_exceed: whether a reviewer may get more than their maximum load, and a submission more reviews than it
                wants.

        Raises:
            UnknownNameError: a submission or reviewer is not known.
        """
        now = _Overlay(self._base, may_exceed=may_exceed)
        refused = [found for edit in edits if (found := now.take(edit)) is not None]
        refused += self._newly_broken(now)
        rows = sorted({place // self._base.width for place in now.added | now.removed})
        columns = sorted({place % self._base.width for place in now.added | now.removed})
        return Effect(
            added=self._pairs(now.added),
            removed=self._pairs(now.removed),
            refused=tuple(refused),
            submissions=tuple(self._reviews_effect(now, row) for row in rows),
            reviewers=tuple(self._load_effect(now, column) for column in columns),
            figures=self._figures(now),
        )

    def _pairs(self, places: Iterable[int]) -> tuple[tuple[SubmissionId, PersonId], ...]:
        scores = self.result.scores
        named = [divmod(place, self._base.width) for place in places]
        return tuple(sorted((scores.submissions.ids[row], scores.reviewers.ids[column]) for row, column in named))

    def _reviews_effect(self, now: _Overlay, row: int) -> ReviewsEffect:
        scores, wanted = self.result.scores, int(self.result.limits.wanted[row])
        first = row * self._base.width
        own = self._base.places[(self._base.places >= first) & (self._base.places < first + self._base.width)].tolist()
        own = [place for place in own if place not in now.removed]
        own += [place for place in now.added if place // self._base.width == row]
        values = np.nan_to_num(scores.values[row])
        own.sort(key=lambda place: (-values[place - first], place))
        share = max(wanted, 1)
        return ReviewsEffect(
            submission_id=scores.submissions.ids[row],
            wanted=wanted,
            reviews=(int(self._base.reviews[row]), int(self._base.reviews[row]) + now.more_reviews[row]),
            mean=(float(self._base.sums[row]) / share, float(self._base.sums[row] + now.more_score[row]) / share),
            reviewers=tuple(scores.reviewers.ids[place - first] for place in own),
        )

    def _load_effect(self, now: _Overlay, column: int) -> LoadEffect:
        load = int(self._base.loads[column])
        most = int(self.result.limits.max_load[column])
        return LoadEffect(self.result.scores.reviewers.ids[column], (load, load + now.more_load[column]), most)

    def _figures(self, now: _Overlay) -> dict[str, tuple[float, float]]:
        wanted = self.result.limits.wanted
        sums, reviews, loads = self._base.sums.copy(), self._base.reviews.copy(), self._base.loads.copy()
        for row, more in now.more_score.items():
            sums[row] += more
        for row, count in now.more_reviews.items():
            reviews[row] += count
        for column, count in now.more_load.items():
            loads[column] += count
        sides = ((self._base.sums, self._base.reviews, self._base.loads), (sums, reviews, loads))
        return {
            name: (before, after)
            for name, before, after in zip(
                _FIGURES, *(_figures_of(*side, wanted=wanted) for side in sides), strict=True
            )
        }

    # --- rules between pairs ---

    @cached_property
    def _broken(self) -> Counter[Violation]:
        result = self.result
        found = broken_rules(result.limits.rules, result.assignment, result.scores, result.limits.wanted)
        return Counter(violation for rule, violation in found if rule.price is None)

    def _newly_broken(self, now: _Overlay) -> list[Refusal]:
        result = self.result
        if not result.limits.rules or not (now.added or now.removed):
            return []
        edited = package(result.scores, result.limits, self._after(now), solver=_SOLVER)
        found = broken_rules(result.limits.rules, edited, result.scores, result.limits.wanted)
        broken = Counter(violation for rule, violation in found if rule.price is None) - self._broken
        return [
            Refusal(None, "constraint", each.detail, "choose somebody else, or give the rule a price")
            for each in sorted(broken, key=lambda each: each.detail)
        ]

    def _after(self, now: _Overlay) -> Ints:
        """(K, 2) positions of the pairs after the edits, sorted."""
        places = np.sort(np.array(sorted((self._base.known - now.removed) | now.added), dtype=np.int64))
        return np.stack(np.divmod(places, self._base.width), axis=1)

    # --- an edited match ---

    def apply(self, edits: Sequence[Edit], *, may_exceed: bool = False, source: str = "a run") -> MatchResult:
        """The match after the edits, checked against every rule.

        The prices of the match before bound this one, too: they bound every answer. What its objective proved beside
        the total does not hold any more and is left out.

        Args:
            edits: in their order.
            may_exceed: as for `effect`.
            source: what was edited, for the origin that the result carries.

        Raises:
            EditError: an edit cannot be; the message says which and why.
            UnknownNameError: a submission or reviewer is not known.
            VerificationError: the answer breaks a rule; a defect of ours.
        """
        now = _Overlay(self._base, may_exceed=may_exceed)
        refused = [found for edit in edits if (found := now.take(edit)) is not None] + self._newly_broken(now)
        if refused:
            raise EditError([f"{each.detail}; {each.remedy}" for each in refused])
        result, places = self.result, self._after(now)
        limits = self._wide_enough(places)
        assignment = package(result.scores, limits, places, solver=_SOLVER, earlier=result.assignment)
        violations = verify(assignment, result.scores, limits, result.conflicts)
        if violations:
            raise VerificationError(violations)
        origin = f"{source}, edited by hand: {len(now.added)} added, {len(now.removed)} removed"
        return replace(
            result, limits=limits, assignment=assignment, origin={**result.origin, "assignment": origin}, times={}
        )

    def _wide_enough(self, places: Ints) -> Limits:
        limits = self.result.limits
        reviews = np.bincount(places[:, 0], minlength=len(limits.wanted))
        loads = np.bincount(places[:, 1], minlength=self._base.width)
        return replace(limits, wanted=np.maximum(limits.wanted, reviews), max_load=np.maximum(limits.max_load, loads))

    def complete(self, edits: Sequence[Edit], *, may_exceed: bool = False) -> tuple[Edit, ...]:
        """Fill what is missing after the edits, with as few further changes as can be; the edits themselves stay.

        Args:
            edits: in their order.
            may_exceed: as for `effect`.

        Returns:
            Edits that go on after the given ones. Where not everything can be filled, as much as can.

        Raises:
            EditError: one of the edits cannot be.
            UnknownNameError: a submission or reviewer is not known.
        """
        now = _Overlay(self._base, may_exceed=may_exceed)
        refused = [found for edit in edits if (found := now.take(edit)) is not None]
        if refused:
            raise EditError([f"{each.detail}; {each.remedy}" for each in refused])
        result = self.result
        standing = self._pairs((self._base.known - now.removed) | now.added)
        wide = with_standing(result.scores, result.limits, standing)  # what stands above a limit stays; no more comes
        status = wide.status.copy()
        for place in now.removed:
            status[divmod(place, self._base.width)] = PairStatus.FORBIDDEN
        for place in now.added:
            row, column = divmod(place, self._base.width)
            if status[row, column] == PairStatus.LAST_RESORT:  # a submission has at most one, and here it is
                status[row, status[row] == PairStatus.LAST_RESORT] = PairStatus.FORBIDDEN
            status[row, column] = PairStatus.REQUIRED
        plan = replan(
            result.scores,
            replace(wide, status=status),
            standing,
            objective=result.config.objective,
            seed=result.config.seed,
        )
        gone = [Edit("remove", *pair) for pair in (*plan.forced, *plan.given_up)]
        return (*gone, *(Edit("add", *pair) for pair in plan.added))


class _Overlay:
    """The pairs of a match with edits on top."""

    def __init__(self, base: _Base, *, may_exceed: bool) -> None:
        self._base = base
        self._may_exceed = may_exceed
        self.added: set[int] = set()
        self.removed: set[int] = set()
        self.more_reviews: Counter[int] = Counter()
        self.more_load: Counter[int] = Counter()
        self.more_score: defaultdict[int, float] = defaultdict(float)
        self._more_resorts: Counter[int] = Counter()

    def take(self, edit: Edit) -> Refusal | None:
        """Take one edit, or say why it cannot be."""
        scores = self._base.result.scores
        row = scores.submissions.position(edit.submission_id)
        column = scores.reviewers.position(edit.reviewer_id)
        why = self._against_adding(edit, row, column) if edit.action == "add" else self._against_removing(row, column)
        if why is not None:
            rule, detail, remedy = why
            return Refusal(edit, rule, f"'{edit.submission_id}', '{edit.reviewer_id}': {detail}", remedy)
        self._count(row, column, 1 if edit.action == "add" else -1)
        return None

    def _has(self, place: int) -> bool:
        return place in self.added or (place in self._base.known and place not in self.removed)

    def _against_removing(self, row: int, column: int) -> tuple[str, str, str] | None:
        if not self._has(row * self._base.width + column):
            return "absent", "the pair is not assigned", "leave it out"
        if self._base.result.limits.status[row, column] == PairStatus.REQUIRED:
            return "required", "the pair is required by hand", "take it out of the fixed pairs"
        return None

    def _against_adding(self, edit: Edit, row: int, column: int) -> tuple[str, str, str] | None:
        base, limits = self._base, self._base.result.limits
        if self._has(row * base.width + column):
            return "assigned", "the pair is assigned already", "leave it out"
        found = base.result.conflicts.of(edit.submission_id, edit.reviewer_id)
        strict = [each for each in found if each.verdict is not Verdict.CLEAR]
        if strict:
            facts = "; ".join(dict.fromkeys(fact.text for each in strict for fact in each.evidence[:_FACTS]))
            return "conflict", f"{strict[0].rule}: {facts}", strict[0].clears or "decide it, with a reason"
        status = PairStatus(limits.status[row, column])
        if status in _WHY_NOT:
            return "ineligible", *_WHY_NOT[status]
        if status is PairStatus.LAST_RESORT and base.resorts[row] + self._more_resorts[row] > 0:
            return "last_resort", "it has a reviewer without known publications already", "choose somebody else"
        return None if self._may_exceed or edit.may_exceed else self._without_room(row, column)

    def _without_room(self, row: int, column: int) -> tuple[str, str, str] | None:
        base, limits = self._base, self._base.result.limits
        load = base.loads[column] + self.more_load[column]
        if load >= limits.max_load[column]:
            return (
                "load",
                f"the reviewer has {load} of at most {limits.max_load[column]}",
                "allow more, or free a place",
            )
        if base.reviews[row] + self.more_reviews[row] >= limits.wanted[row]:
            return "demand", f"it has the {limits.wanted[row]} reviews that it wants", "allow more, or remove one"
        return None

    def _count(self, row: int, column: int, step: Literal[1, -1]) -> None:
        place = row * self._base.width + column
        gone, come = (self.removed, self.added) if step == 1 else (self.added, self.removed)
        if place in gone:
            gone.discard(place)
        else:
            come.add(place)
        result = self._base.result
        self.more_reviews[row] += step
        self.more_load[column] += step
        self.more_score[row] += step * float(np.nan_to_num(result.scores.values[row, column]))
        self._more_resorts[row] += step * int(result.limits.status[row, column] == PairStatus.LAST_RESORT)


_FIGURES: Final = ("total", "mean", "minimum", "5th percentile", "missing reviews", "largest load")


def _figures_of(sums: Doubles, reviews: Ints, loads: Ints, *, wanted: Ints) -> tuple[float, ...]:
    """The figures of one side, in the order of their names."""
    means = sums / np.maximum(wanted, 1)
    return (
        float(sums.sum()),
        float(means.mean()) if len(means) else 0.0,
        float(means.min(initial=np.inf)) if len(means) else 0.0,
        float(np.percentile(means, 5)) if len(means) else 0.0,
        float(np.maximum(wanted - reviews, 0).sum()),
        float(loads.max(initial=0)),
    )
