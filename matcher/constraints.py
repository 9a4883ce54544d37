"""Rules of the chair over attributes: from data to positions, and counted without a solver.

An attribute that a submission or a reviewer does not have says nothing: no rule is broken for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from matcher.errors import UnknownNameError
from matcher.records import (
    Assignment,
    Bools,
    Constraint,
    Doubles,
    Ints,
    PersonId,
    Reviewer,
    ScoreMatrix,
    SideRule,
    Submission,
    SubmissionId,
    Venue,
    Violation,
)

__all__ = ["broken_rules", "pairs_ruled_out", "side_rules", "weighted_loads"]

_EXACT = 1e-9
"""Sums of weights closer than this to a limit are at it."""


def pairs_ruled_out(venue: Venue, constraints: Iterable[Constraint], scores: ScoreMatrix) -> Bools:
    """(S, R) True where a hard pair rule bars a pair.

    Raises:
        UnknownNameError: nobody has the attribute that a constraint names.
    """
    barred = np.zeros(scores.values.shape, dtype=np.bool_)
    for rule in constraints:
        if rule.kind == "pair" and rule.price is None:
            places = _failing(venue, rule, scores)
            barred[places[:, 0], places[:, 1]] = True
    return barred


def side_rules(venue: Venue, constraints: Iterable[Constraint], scores: ScoreMatrix) -> tuple[SideRule, ...]:
    """The constraints that no mark on single pairs can express, in positions.

    Raises:
        UnknownNameError: nobody has the attribute that a constraint names.
    """
    found: list[SideRule] = []
    for rule in constraints:
        if rule.kind == "quota":
            found += _quotas(venue, rule)
        elif rule.kind == "apart":
            found.append(SideRule(rule.name, rule.price, apart=_apart(venue, rule)))
        elif rule.kind == "no_cycles":
            found.append(SideRule(rule.name, rule.price, authors=_authors(venue, scores), longest=rule.longest))
        elif rule.price is not None:
            found.append(SideRule(rule.name, rule.price, pairs=_failing(venue, rule, scores)))
    return tuple(found)


def weighted_loads(venue: Venue, scores: ScoreMatrix, max_load: Ints) -> tuple[SideRule, ...]:
    """The rule that loads count by weights; none where every submission weighs 1.

    Args:
        venue: weights of the submissions.
        scores: (S, R); only its ids are read.
        max_load: (R,) the most that each reviewer may carry.
    """
    weights = np.array([venue.submission_by_id[name].load_weight or 1.0 for name in scores.submissions])
    if (weights == 1).all():
        return ()
    return (SideRule("weighted loads", None, weights=weights, room=max_load.astype(np.float64)),)


def _values(holder: Submission | Reviewer, name: str) -> set[str]:
    value: Any = holder.attributes.get(name)
    if name == "track" and isinstance(holder, Submission) and holder.track:
        value = holder.track
    values = value if isinstance(value, list | tuple) else [value]
    return {str(each).strip().casefold() for each in values if each not in (None, "")}


def _known_values(holders: Iterable[Submission | Reviewer], name: str, what: str) -> list[set[str]]:
    holders = list(holders)
    values = [_values(holder, name) for holder in holders]
    if not any(values):
        raise UnknownNameError(f"attribute of {what}", name, {key for holder in holders for key in holder.attributes})
    return values


def _failing(venue: Venue, rule: Constraint, scores: ScoreMatrix) -> Ints:
    """(K, 2) pairs that fail a test."""
    submissions = [venue.submission_by_id[name] for name in scores.submissions]
    left = _known_values(submissions, rule.submission, "submissions")
    right = _known_values(venue.reviewers, rule.reviewer, "reviewers")
    failing = [
        (row, column)
        for row, one in enumerate(left)
        for column, other in enumerate(right)
        if one and other and not _passes(rule.test, one, other)
    ]
    return np.array(failing, dtype=np.int64).reshape(-1, 2)


def _passes(test: str, one: set[str], other: set[str]) -> bool:
    if test == "in":
        return one <= other
    if test in ("not in", "disjoint"):
        return not one & other
    if test == "overlaps":
        return bool(one & other)
    return (one == other) == (test == "==")


def _quotas(venue: Venue, rule: Constraint) -> Iterator[SideRule]:
    values = _known_values(venue.reviewers, rule.attribute, "reviewers")
    wanted = {value.strip().casefold() for value in rule.values}
    groups = [wanted] if wanted else [{value} for value in sorted(set().union(*values))]
    for group in groups:
        members = np.array([bool(each & group) for each in values])
        name = rule.name if wanted else f"{rule.name}: {next(iter(group))}"
        yield SideRule(name, rule.price, members=members, at_least=rule.at_least, at_most=rule.at_most)


def _apart(venue: Venue, rule: Constraint) -> Ints:
    """(K, 2) reviewers who share a value, or a paper."""
    groups: dict[str, set[int]] = {}
    if rule.attribute == "coauthors":
        column_of = {reviewer.person_id: column for column, reviewer in enumerate(venue.reviewers)}
        for paper in venue.papers:
            people = (column_of.get(PersonId(str(mention.person_id))) for mention in paper.authors)
            groups[paper.id] = {column for column in people if column is not None}
    else:
        for column, values in enumerate(_known_values(venue.reviewers, rule.attribute, "reviewers")):
            for value in values:
                groups.setdefault(value, set()).add(column)
    pairs = {pair for group in groups.values() for pair in combinations(sorted(group), 2)}
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def _authors(venue: Venue, scores: ScoreMatrix) -> Ints:
    """(A, 2) submission and reviewer who wrote it."""
    found = {
        (row, scores.reviewers.position(PersonId(str(mention.person_id))))
        for row, name in enumerate(scores.submissions)
        for mention in venue.submission_by_id[name].authors
        if mention.person_id in scores.reviewers
    }
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 2)


# --- counted without a solver ---------------------------------------------------------------------------------------


def broken_rules(
    rules: Iterable[SideRule], assignment: Assignment, scores: ScoreMatrix, wanted: Ints
) -> Iterator[tuple[SideRule, Violation]]:
    """Every case in which an assignment breaks a rule, hard or soft.

    A quota counts once for each reviewer that lacks or is too many.

    Args:
        rules: in positions.
        assignment: the answer.
        scores: (S, R); only its ids are read.
        wanted: (S,) reviews; a submission that wants fewer than a quota's `at_least` must have as many as it wants.
    """
    of_row: dict[int, list[int]] = {row: [] for row in range(len(scores.submissions))}
    for pair in assignment.pairs:
        if pair.submission_id in scores.submissions and pair.reviewer_id in scores.reviewers:
            row = scores.submissions.position(pair.submission_id)
            of_row[row].append(scores.reviewers.position(pair.reviewer_id))
    for rule in rules:
        for row, detail in _cases(rule, of_row, scores, wanted):
            name = SubmissionId(scores.submissions.ids[row])
            yield rule, Violation("constraint", f"{rule.name}: '{name}' {detail}")


def _cases(
    rule: SideRule, of_row: dict[int, list[int]], scores: ScoreMatrix, wanted: Ints
) -> Iterator[tuple[int, str]]:
    people = scores.reviewers.ids
    if rule.members is not None:
        yield from _quota_cases(rule, rule.members, of_row, wanted)
    if rule.apart is not None:
        together = {tuple(pair) for pair in rule.apart.tolist()}
        met = ((row, pair) for row, columns in of_row.items() for pair in combinations(sorted(columns), 2))
        yield from (
            (row, f"has both '{people[one]}' and '{people[other]}'")
            for row, (one, other) in met
            if (one, other) in together
        )
    if rule.authors is not None:
        for circle in _circles(rule.authors, of_row, rule.longest):
            others = " and ".join(f"'{scores.submissions.ids[row]}'" for row in circle[1:])
            yield circle[0], f"and {others} are reviewed by each other's authors"
    for row, column in () if rule.pairs is None else rule.pairs.tolist():
        if column in of_row[row]:
            yield row, f"has '{people[column]}'"
    if rule.weights is not None and rule.room is not None:
        yield from _overloads(rule.weights, rule.room, of_row, people)


def _circles(authors: Ints, of_row: dict[int, list[int]], longest: int) -> Iterator[tuple[int, ...]]:
    """The submissions around every circle of people who review one another's."""
    wrote: dict[int, list[int]] = {}
    for row, column in authors.tolist():
        wrote.setdefault(row, []).append(column)
    steps: dict[int, list[tuple[int, int]]] = {}
    for row, columns in of_row.items():
        for column in columns:
            steps.setdefault(column, []).extend((row, author) for author in wrote.get(row, ()))

    def extended(people: tuple[int, ...], rows: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        for row, author in sorted(steps.get(people[-1], ())):
            circle = (*rows, row)
            if author == people[0] and len(people) > 1:
                first = circle.index(min(circle))
                yield circle[first:] + circle[:first]
            elif author > people[0] and author not in people and len(people) < longest:
                yield from extended((*people, author), circle)

    for person in sorted(steps):
        yield from extended((person,), ())


def _quota_cases(
    rule: SideRule, members: Bools, of_row: dict[int, list[int]], wanted: Ints
) -> Iterator[tuple[int, str]]:
    for row, columns in of_row.items():
        count = int(members[columns].sum())
        least = min(rule.at_least, int(wanted[row]))
        yield from ((row, f"has {count} of at least {least}") for _ in range(least - count))
        most = count if rule.at_most is None else rule.at_most
        yield from ((row, f"has {count} of at most {most}") for _ in range(count - most))


def _overloads(
    weights: Doubles, room: Doubles, of_row: dict[int, list[int]], people: Sequence[str]
) -> Iterator[tuple[int, str]]:
    """The last submission of everybody who carries more than they may."""
    carried = np.zeros(len(room))
    last: dict[int, int] = {}
    for row, columns in of_row.items():
        carried[columns] += weights[row]
        last.update(dict.fromkeys(columns, row))
    for column in np.flatnonzero(carried > room + _EXACT).tolist():
        yield (
            last[column],
            f"is one too many for '{people[column]}', who carries {carried[column]:g} of {room[column]:g}",
        )
