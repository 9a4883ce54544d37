"""An assignment as it is browsed: a row for each submission or reviewer, and one of them with who could be theirs.

Edits of a draft lie on top, so that what is browsed is what would be saved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np

from matcher import MatchResult
from matcher.edits import Edit
from matcher.records import Ints, PairStatus, PersonId, SubmissionId
from matcher.runs import conflict_line

__all__ = ["COLUMNS", "Browsing", "Side"]

Side = Literal["submissions", "reviewers"]

COLUMNS: Final[Mapping[Side, tuple[str, ...]]] = {
    "submissions": ("id", "title", "track", "wanted", "reviews", "mean", "lowest", "blocked", "asked", "reviewers"),
    "reviewers": ("id", "name", "load", "max_load", "mean", "lowest", "blocked", "asked", "papers", "submissions"),
}
"""What a row holds, in its order; the last column names whom it is assigned."""

_DIGITS: Final = 4
_FREE: Final = (PairStatus.ELIGIBLE, PairStatus.LAST_RESORT)


@dataclass(eq=False)
class Browsing:
    """What is browsed of a run. Built once, asked often.

    Args:
        result: the run, as its reader may see it.
    """

    result: MatchResult

    @cached_property
    def _pairs(self) -> frozenset[tuple[int, int]]:
        scores = self.result.scores
        return frozenset(
            (scores.submissions.position(pair.submission_id), scores.reviewers.position(pair.reviewer_id))
            for pair in self.result.assignment.pairs
        )

    @cached_property
    def _counts(self) -> Mapping[Side, tuple[Ints, Ints]]:
        """Blocked and asked pairs of each submission and of each reviewer."""
        status = self.result.limits.status
        blocked, asked = status == PairStatus.BLOCKED, status == PairStatus.ASK
        return {
            "submissions": (blocked.sum(axis=1), asked.sum(axis=1)),
            "reviewers": (blocked.sum(axis=0), asked.sum(axis=0)),
        }

    def _edited(self, edits: Iterable[Edit]) -> set[tuple[int, int]]:
        scores, pairs = self.result.scores, set(self._pairs)
        for edit in edits:
            place = scores.submissions.position(edit.submission_id), scores.reviewers.position(edit.reviewer_id)
            (pairs.add if edit.action == "add" else pairs.discard)(place)
        return pairs

    # --- all of one side ---

    def rows(self, side: Side, edits: Sequence[Edit] = ()) -> list[list[Any]]:
        """A row for each submission or reviewer, in the order of their ids; see `COLUMNS`."""
        if side == "submissions" and not edits:
            return self._submission_rows
        if side == "reviewers" and not edits:
            return self._reviewer_rows
        return self._made(side, self._edited(edits))

    @cached_property
    def _submission_rows(self) -> list[list[Any]]:
        return self._made("submissions", self._pairs)

    @cached_property
    def _reviewer_rows(self) -> list[list[Any]]:
        return self._made("reviewers", self._pairs)

    def _made(self, side: Side, pairs: Iterable[tuple[int, int]]) -> list[list[Any]]:
        result, axis = self.result, 0 if side == "submissions" else 1
        scores = result.scores
        names = scores.submissions.ids if side == "submissions" else scores.reviewers.ids
        others = scores.reviewers.ids if side == "submissions" else scores.submissions.ids
        of: list[list[int]] = [[] for _ in names]
        for pair in pairs:
            of[pair[axis]].append(pair[1 - axis])
        blocked, asked = self._counts[side]
        found: list[list[Any]] = []
        for place, name in enumerate(names):
            ranked = self._ranked(axis, place, of[place])
            values = [value for value, _ in ranked]
            share = int(result.limits.wanted[place]) if side == "submissions" else len(values)
            found.append(
                [
                    name,
                    *self._facts(side, place, len(values)),
                    round(sum(values) / share, _DIGITS) if share else None,
                    round(values[-1], _DIGITS) if values else None,
                    int(blocked[place]),
                    int(asked[place]),
                    *([] if side == "submissions" else [len(result.venue.reviewer(name).paper_ids)]),
                    [others[other] for _, other in ranked],
                ]
            )
        return found

    def _facts(self, side: Side, place: int, count: int) -> list[Any]:
        """What a row holds between the id and the scores."""
        result = self.result
        if side == "submissions":
            one = result.venue.submission(result.scores.submissions.ids[place])
            return [one.title, one.track, int(result.limits.wanted[place]), count]
        name = result.venue.name_of(result.scores.reviewers.ids[place])
        return [name, count, int(result.limits.max_load[place])]

    def _ranked(self, axis: int, place: int, others: Iterable[int]) -> list[tuple[float, int]]:
        """Scores and places of the other side, best first."""
        values = self.result.scores.values
        line = values[place] if axis == 0 else values[:, place]
        found = ((0.0 if np.isnan(line[other]) else float(line[other]), other) for other in others)
        return sorted(found, key=lambda each: (-each[0], each[1]))

    def labels(self, side: Side) -> dict[str, str]:
        """What those are called whom the rows of a side name: people by name, submissions by title."""
        venue, scores = self.result.venue, self.result.scores
        if side == "submissions":
            return {name: venue.name_of(name) for name in scores.reviewers.ids}
        return {name: venue.submission(name).title for name in scores.submissions.ids}

    # --- one ---

    def submission(
        self, submission_id: str, edits: Sequence[Edit] = (), *, count: int = 20, only_free: bool = True
    ) -> dict[str, Any]:
        """One submission: who has it, and who could.

        Raises:
            UnknownNameError: there is none with that id.
        """
        result = self.result
        one = result.venue.submission(submission_id)
        row = result.scores.submissions.position(submission_id)
        pairs = self._edited(edits)
        loads = Counter(column for _, column in pairs)
        has = [column for at, column in pairs if at == row]
        before = {column for at, column in self._pairs if at == row}
        status = result.limits.status[row]
        room = np.array([loads[column] < most for column, most in enumerate(result.limits.max_load.tolist())])
        free = np.isin(status, _FREE) & room
        order = self._best(result.scores.values[row], has, free if only_free else None, count)
        return {
            "id": one.id,
            "title": one.title,
            "abstract": one.abstract,
            "authors": [author.name for author in one.authors],
            "track": one.track,
            "keywords": list(one.keywords),
            "wanted": int(result.limits.wanted[row]),
            "assigned": [
                {**self._reviewer_line(row, column, loads), "is_new": column not in before}
                for _, column in self._ranked(0, row, has)
            ],
            "removed": [self._reviewer_line(row, column, loads) for column in sorted(before - set(has))],
            "candidates": [self._reviewer_line(row, column, loads) for column in order],
            "conflicts": self._conflicts_of("submissions", submission_id),
        }

    def reviewer(
        self, reviewer_id: str, edits: Sequence[Edit] = (), *, count: int = 20, only_free: bool = True
    ) -> dict[str, Any]:
        """One reviewer: what they have, and what they could.

        Raises:
            UnknownNameError: there is none with that id.
        """
        result = self.result
        one = result.venue.reviewer(reviewer_id)
        column = result.scores.reviewers.position(reviewer_id)
        pairs = self._edited(edits)
        filled = Counter(row for row, _ in pairs)
        has = [row for row, at in pairs if at == column]
        before = {row for row, at in self._pairs if at == column}
        room = np.array([filled[row] < wanted for row, wanted in enumerate(result.limits.wanted.tolist())])
        free = np.isin(result.limits.status[:, column], _FREE)
        order = self._best(result.scores.values[:, column], has, free if only_free else None, count)
        return {
            "id": reviewer_id,
            "name": result.venue.name_of(PersonId(reviewer_id)),
            "papers": len(one.paper_ids),
            "interests": list(one.interests),
            "invitation": one.invitation,
            "load": len(has),
            "max_load": int(result.limits.max_load[column]),
            "min_load": int(result.limits.min_load[column]),
            "assigned": [
                {**self._submission_line(row, column, filled), "is_new": row not in before}
                for _, row in self._ranked(1, column, has)
            ],
            "removed": [self._submission_line(row, column, filled) for row in sorted(before - set(has))],
            "candidates": [
                {**self._submission_line(row, column, filled), "has_room": bool(room[row])} for row in order
            ],
            "conflicts": self._conflicts_of("reviewers", reviewer_id),
        }

    @staticmethod
    def _best(values: Any, has: Iterable[int], allowed: Any, count: int) -> list[int]:
        order = np.argsort(-np.nan_to_num(values, nan=-1.0), kind="stable")
        taken = set(has)
        found = []
        for place in order.tolist() if count else ():
            if place not in taken and (allowed is None or allowed[place]):
                found.append(place)
                if len(found) == count:
                    break
        return found

    def _score(self, row: int, column: int) -> float | None:
        value = float(self.result.scores.values[row, column])
        return None if np.isnan(value) else round(value, _DIGITS)

    def _reviewer_line(self, row: int, column: int, loads: Mapping[int, int]) -> dict[str, Any]:
        result = self.result
        name = result.scores.reviewers.ids[column]
        return {
            "reviewer_id": name,
            "name": result.venue.name_of(name),
            "score": self._score(row, column),
            "status": PairStatus(result.limits.status[row, column]).name.lower(),
            "load": loads.get(column, 0),
            "max_load": int(result.limits.max_load[column]),
        }

    def _submission_line(self, row: int, column: int, filled: Mapping[int, int]) -> dict[str, Any]:
        result = self.result
        name = result.scores.submissions.ids[row]
        return {
            "submission_id": name,
            "title": result.venue.submission(name).title,
            "score": self._score(row, column),
            "status": PairStatus(result.limits.status[row, column]).name.lower(),
            "reviews": filled.get(row, 0),
            "wanted": int(result.limits.wanted[row]),
        }

    @cached_property
    def _conflicts(self) -> Mapping[Side, Mapping[str, list[int]]]:
        found: dict[Side, dict[str, list[int]]] = {"submissions": {}, "reviewers": {}}
        for number, each in enumerate(self.result.conflicts.items):
            found["submissions"].setdefault(each.submission_id, []).append(number)
            found["reviewers"].setdefault(each.reviewer_id, []).append(number)
        return found

    def _conflicts_of(self, side: Side, name: str) -> list[dict[str, Any]]:
        items = self.result.conflicts.items
        venue = self.result.venue
        found = []
        for number in self._conflicts[side].get(name, ()):
            each = items[number]
            if side == "submissions":
                label = venue.name_of(each.reviewer_id)
            else:
                label = venue.submission(SubmissionId(each.submission_id)).title
            found.append({**conflict_line(each), "label": label})
        return found
