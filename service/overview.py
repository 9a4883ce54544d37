"""A run at a glance: its figures, their spread, its parts, and the rows behind each bar of a drawing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Final

import numpy as np

from matcher import MatchResult
from matcher.comparison import Side, figures, means_of_submissions
from matcher.records import Doubles, Ints, PairStatus, Verdict
from matcher.runs import conflict_line

__all__ = ["SPREADS", "Overview"]

_BINS: Final = 20
_SPANS: Final = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Where an axis of scores may end."""
_WHOLE_BINS: Final = 30
"""Up to so many values, each whole number has a bar of its own."""
_WEAKEST: Final = 10
_WAITING: Final = 10
_MOST_VALUES: Final = 40
"""An attribute with more values than this does not make groups."""

SPREADS: Final[Mapping[str, str]] = {
    "submission-mean": "mean score of a submission, over the reviews it wants",
    "pair-score": "score of an assigned pair",
    "reviewer-load": "submissions of a reviewer",
    "reviewer-mean": "mean score of a reviewer's submissions",
    "reviews": "reviews of a submission",
}
"""Every spread that is drawn, with what is spread."""


@dataclass(eq=False)
class Overview:
    """What is told of a run at a glance. Built once, asked often.

    Args:
        result: the run, as its reader may see it.
    """

    result: MatchResult

    # --- parts ---

    @cached_property
    def _side(self) -> Side:
        result = self.result
        return Side(config=result.config, scores=result.scores, limits=result.limits, assignment=result.assignment)

    @cached_property
    def means(self) -> Doubles:
        """(S,) mean score over the reviews that each submission wants."""
        return means_of_submissions(self._side)

    @cached_property
    def _places(self) -> tuple[Ints, Ints, Doubles]:
        """Of each assigned pair: row, column and score, 0 where it has none."""
        scores, pairs = self.result.scores, self.result.assignment.pairs
        rows = np.array([scores.submissions.position(pair.submission_id) for pair in pairs], dtype=np.int64)
        columns = np.array([scores.reviewers.position(pair.reviewer_id) for pair in pairs], dtype=np.int64)
        return rows, columns, np.array([pair.score or 0.0 for pair in pairs], dtype=np.float64)

    @cached_property
    def got(self) -> Ints:
        """(S,) reviews that each submission has."""
        return np.bincount(self._places[0], minlength=len(self.result.scores.submissions))

    @cached_property
    def loads(self) -> Ints:
        """(R,) submissions that each reviewer has."""
        return np.bincount(self._places[1], minlength=len(self.result.scores.reviewers))

    @cached_property
    def _reviewer_means(self) -> Doubles:
        """(R,) mean score of each reviewer's submissions; not a number for those without."""
        total = np.bincount(self._places[1], weights=self._places[2], minlength=len(self.loads))
        means: Doubles = np.full(len(total), np.nan)
        np.divide(total, self.loads, out=means, where=self.loads > 0)
        return means

    # --- what is told ---

    @cached_property
    def plain(self) -> dict[str, Any]:
        """Everything of a run at a glance."""
        result = self.result
        assignment, limits = result.assignment, result.limits
        wanted = int(limits.wanted.sum())
        return {
            "submissions": len(result.scores.submissions),
            "reviewers": len(result.scores.reviewers),
            "pairs": len(assignment.pairs),
            "wanted": wanted,
            "figures": {name: _number(value) for name, value in figures(self._side).items()},
            "objective": {
                "name": result.config.objective,
                "solver": assignment.solver,
                "value": None if assignment.goal is None else _number(assignment.goal.value),
                "bound": None if assignment.goal is None else _number(assignment.goal.bound),
            },
            "shortfalls": len(assignment.shortfalls),
            "underloads": len(assignment.underloads),
            "at_maximum": int(((self.loads >= limits.max_load) & (limits.max_load > 0)).sum()),
            "capacity": int(limits.max_load.sum()),
            "marks": dict(sorted(Counter(mark for pair in assignment.pairs for mark in pair.marks).items())),
            "conflicts": self._conflicts(),
            "spreads": {name: self.spread(name) for name in SPREADS},
            "groups": list(self._groups()),
            "weakest": list(self._weakest()),
            "waiting": list(self._waiting()),
        }

    def _conflicts(self) -> dict[str, Any]:
        """Conflicts by verdict and rule, and how many pairs they keep from being assigned."""
        items = self.result.conflicts.items
        rules: dict[str, Counter[str]] = defaultdict(Counter)
        for each in items:
            rules[each.rule][str(each.verdict)] += 1
        status = self.result.limits.status
        return {
            "blocked_pairs": int((status == PairStatus.BLOCKED).sum()),
            "asked_pairs": int((status == PairStatus.ASK).sum()),
            "questions": sum(each.verdict is Verdict.ASK for each in items),
            "rules": [
                {"rule": rule, **{str(verdict): counts[str(verdict)] for verdict in Verdict}}
                for rule, counts in sorted(rules.items())
            ],
        }

    def _values(self, name: str) -> Doubles:
        limits = self.result.limits
        values: Doubles | Ints
        if name == "submission-mean":
            values = self.means[limits.wanted > 0]
        elif name == "pair-score":
            values = self._places[2]
        elif name == "reviewer-load":
            values = self.loads[limits.max_load > 0]
        elif name == "reviewer-mean":
            values = self._reviewer_means[self.loads > 0]
        else:
            values = self.got[limits.wanted > 0]
        return values.astype(np.float64)

    def spread(self, name: str) -> list[dict[str, float]]:
        """Counts over a range: bins with `low` (inclusive), `high` (exclusive, but for the last one) and `count`."""
        values = self._values(name)
        if name in ("reviewer-load", "reviews"):
            top = int(values.max(initial=0)) + 1
            width = max(1, -(-top // _WHOLE_BINS))
            edges = np.arange(0, top + width, width, dtype=np.float64)
        else:
            largest = float(values.max(initial=0.0))
            top_score = next((span for span in _SPANS if largest <= span), max(largest, 1.0))
            edges = np.linspace(0, top_score, _BINS + 1)
        edges = np.round(edges, 6)
        counts, _ = np.histogram(values, bins=edges)
        return [
            {"low": float(low), "high": float(high), "count": int(count)}
            for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
        ]

    def _groups(self) -> Iterator[dict[str, Any]]:
        """The figures of each track, and of each value of each attribute of submissions and of reviewers."""
        venue, scores = self.result.venue, self.result.scores
        of_id = {each.id: each for each in venue.submissions}
        rows = [of_id[name] for name in scores.submissions]
        wanted = self.result.limits.wanted
        for name, values in _attributes((each.attributes, each.track) for each in rows):
            parts = []
            for value, places in values.items():
                means = self.means[places]
                parts.append(
                    {
                        "value": value,
                        "count": len(places),
                        "wanted": int(wanted[places].sum()),
                        "got": int(self.got[places].sum()),
                        "mean": _number(float(means.mean())),
                        "minimum": _number(float(means.min())),
                    }
                )
            yield {"of": "submissions", "attribute": name, "parts": parts}
        by_id = {each.person_id: each for each in venue.reviewers}
        people = [by_id[name] for name in scores.reviewers]
        total = np.bincount(self._places[1], weights=self._places[2], minlength=len(self.loads))
        for name, values in _attributes((each.attributes, "") for each in people):
            parts = []
            for value, places in values.items():
                load = int(self.loads[places].sum())
                parts.append(
                    {
                        "value": value,
                        "count": len(places),
                        "load": load,
                        "capacity": int(self.result.limits.max_load[places].sum()),
                        "mean": _number(float(total[places].sum()) / load) if load else None,
                    }
                )
            yield {"of": "reviewers", "attribute": name, "parts": parts}

    def _weakest(self) -> Iterator[dict[str, Any]]:
        """The worst served submissions, with the best that each could have had by itself."""
        limits, scores = self.result.limits, self.result.scores
        counted = np.flatnonzero(limits.wanted > 0)
        order = counted[np.lexsort((counted, self.means[counted]))][:_WEAKEST]
        for row in order.tolist():
            eligible = limits.status[row] == PairStatus.ELIGIBLE
            best = np.sort(np.nan_to_num(scores.values[row][eligible]))[::-1][: int(limits.wanted[row])]
            yield {
                **self._submission(row),
                "eligible": int(eligible.sum()),
                "best_alone": _number(float(best.sum()) / int(limits.wanted[row])),
                "blocked": int((limits.status[row] == PairStatus.BLOCKED).sum()),
                "asked": int((limits.status[row] == PairStatus.ASK).sum()),
            }

    def _waiting(self) -> Iterator[dict[str, Any]]:
        """The first questions about conflicts that wait for a decision."""
        asked = (each for each in self.result.conflicts.items if each.verdict is Verdict.ASK)
        for each in islice(asked, _WAITING):
            title = self._titles[each.submission_id][0]
            name = self.result.venue.person_by_id[each.reviewer_id].name
            yield {**conflict_line(each), "title": title, "name": name}

    # --- the rows behind a bar ---

    def rows(self, name: str, low: float, high: float) -> list[dict[str, Any]]:
        """What lies in a range of a spread, smallest values first.

        Args:
            name: one of `SPREADS`.
            low: inclusive.
            high: exclusive; the end of the spread's last bin is inclusive.
        """
        last = self.spread(name)[-1]["high"]

        def is_in(value: float) -> bool:
            return low <= value < high or (value == high == last)

        if name == "pair-score":
            rows, columns, values = self._places
            order = np.lexsort((columns, rows, values)).tolist()
            return [
                {**self._named(int(rows[at]), int(columns[at])), "score": float(values[at])}
                for at in order
                if is_in(float(values[at]))
            ]
        if name in ("submission-mean", "reviews"):
            values = self.means if name == "submission-mean" else self.got.astype(np.float64)
            places = [at for at in np.flatnonzero(self.result.limits.wanted > 0).tolist() if is_in(float(values[at]))]
            return [self._submission(at) for at in sorted(places, key=lambda at: (float(values[at]), at))]
        values = self._reviewer_means if name == "reviewer-mean" else self.loads.astype(np.float64)
        counted = self.loads > 0 if name == "reviewer-mean" else self.result.limits.max_load > 0
        places = [at for at in np.flatnonzero(counted).tolist() if is_in(float(values[at]))]
        return [self._reviewer(at) for at in sorted(places, key=lambda at: (float(values[at]), at))]

    @cached_property
    def _titles(self) -> Mapping[str, tuple[str, str]]:
        return {each.id: (each.title, each.track) for each in self.result.venue.submissions}

    def _submission(self, row: int) -> dict[str, Any]:
        name = self.result.scores.submissions.ids[row]
        title, track = self._titles[name]
        wanted = int(self.result.limits.wanted[row])
        mean = float(self.means[row])
        return {
            "submission_id": name,
            "title": title,
            "track": track,
            "wanted": wanted,
            "got": int(self.got[row]),
            "mean": mean,
        }

    def _reviewer(self, column: int) -> dict[str, Any]:
        name = self.result.scores.reviewers.ids[column]
        return {
            "reviewer_id": name,
            "name": self.result.venue.person_by_id[name].name,
            "load": int(self.loads[column]),
            "max_load": int(self.result.limits.max_load[column]),
            "mean": _number(float(self._reviewer_means[column])),
        }

    def _named(self, row: int, column: int) -> dict[str, Any]:
        submission_id = self.result.scores.submissions.ids[row]
        reviewer_id = self.result.scores.reviewers.ids[column]
        return {
            "submission_id": submission_id,
            "title": self._titles[submission_id][0],
            "reviewer_id": reviewer_id,
            "name": self.result.venue.person_by_id[reviewer_id].name,
        }


def _number(value: float | None) -> float | None:
    """A number as JSON knows it: not a number is none."""
    return None if value is None or not np.isfinite(value) else value


def _attributes(members: Iterable[tuple[Mapping[str, Any], str]]) -> Iterator[tuple[str, dict[str, list[int]]]]:
    """The places of each value of each attribute; of lists each entry counts; track is one more attribute."""
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, (attributes, track) in enumerate(members):
        if track:
            found["track"][track].append(place)
        for name, value in attributes.items():
            for one in value if isinstance(value, list | tuple) else [value]:
                found[name][str(one)].append(place)
    for name in sorted(found, key=lambda each: (each != "track", each)):
        if 1 < len(found[name]) <= _MOST_VALUES:
            yield name, dict(sorted(found[name].items()))
