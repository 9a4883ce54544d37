"""The files of the OpenReview matcher's command line, read into one problem; see `openreview_matcher`."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from matcher.errors import ConfigError, DataError, UnknownNameError, did_you_mean
from matcher.records import (
    Bools,
    Doubles,
    Index,
    Ints,
    Limits,
    PairStatus,
    PersonId,
    ScoreMatrix,
    SubmissionId,
)

__all__ = ["Instance", "Quota", "number_in", "read_instance", "say"]


def say(text: str) -> None:
    """Tell the user something, on standard error."""
    sys.stderr.write(f"{text}\n")


@dataclass(frozen=True)
class Instance:
    """What the files say.

    Args:
        totals: (S, R) weighted sums of the scores in double precision.
        scores: the same as solvers take them.
        limits: what must be respected.
        quotas: attribute constraints.
        chances: (S, R) limits of probability; `None` where one number holds for all.
    """

    totals: Doubles
    scores: ScoreMatrix
    limits: Limits
    quotas: tuple[Quota, ...] = ()
    chances: Doubles | None = None


@dataclass(frozen=True)
class Quota:
    """An attribute constraint: how many members each paper has.

    Args:
        name: for messages.
        members: (R,) who counts.
        at_least: (S,) fewest.
        at_most: (S,) most.
    """

    name: str
    members: Bools
    at_least: Ints
    at_most: Ints


def number_in(text: str | None) -> float | None:
    """The number that a text is; `None` for the name of a file."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def read_instance(arguments: argparse.Namespace, *, is_random: bool) -> Instance:
    """Read all files that the options name.

    Args:
        arguments: the options.
        is_random: whether the solver draws lots: only then limits of probability mean something.

    Raises:
        DataError: a row cannot be read, or says what cannot be.
        ConfigError: options do not go together.
        UnknownNameError: there is no such group.
    """
    weights = arguments.weights or [1.0] * len(arguments.scores)
    if len(weights) != len(arguments.scores):
        message = f"allowed is one for each file of scores: {len(arguments.scores)}; got {len(weights)}"
        raise ConfigError(message, key="--weights")
    files = [list(_numbers(path)) for path in arguments.scores]
    constraints = [] if arguments.constraints is None else list(_numbers(arguments.constraints))
    named = [row for rows in (*files, constraints) for row in rows]
    users = sorted(_selected(arguments, {user for _, _, user, _ in named}))
    papers = sorted({paper for _, paper, _, _ in named})
    row_of, column_of = ({name: place for place, name in enumerate(names)} for names in (papers, users))
    totals = np.zeros((len(papers), len(users)))
    for rows, weight in zip(files, weights, strict=True):
        one = np.zeros_like(totals)
        for _, paper, user, score in rows:
            if user in column_of:
                one[row_of[paper], column_of[user]] = score
        totals += weight * one
    most, least = _loads(arguments, users)
    status = np.full(totals.shape, PairStatus.ELIGIBLE, dtype=np.uint8)
    if not arguments.allow_zero_score_assignments:
        status[totals <= 0] = PairStatus.BELOW_FLOOR
    _mark_constraints(status, constraints, row_of, column_of, arguments.constraints)
    _refuse_too_many_forced(status == PairStatus.REQUIRED, papers, users, arguments.num_reviewers, most)
    has_pair = np.isin(status, (PairStatus.ELIGIBLE, PairStatus.REQUIRED)).any(axis=0)
    least[~has_pair] = 0  # nobody can be made to review what they may not
    values = totals.astype(np.float32)
    scores = ScoreMatrix(
        submissions=Index([SubmissionId(name) for name in papers]),
        reviewers=Index([PersonId(name) for name in users]),
        values=values,
        raw=values,
        method="given",
    )
    wanted = np.full(len(papers), arguments.num_reviewers, dtype=np.int64)
    limits = Limits(wanted=wanted, max_load=most, min_load=least, status=status)
    return Instance(
        totals=totals,
        scores=scores,
        limits=limits,
        quotas=_quotas(arguments.attribute_constraints, column_of, limits, whole=arguments.user_group is None),
        chances=_chances(arguments, row_of, column_of, is_random=is_random),
    )


def _chances(
    arguments: argparse.Namespace, row_of: Mapping[str, int], column_of: Mapping[str, int], *, is_random: bool
) -> Doubles | None:
    """(S, R) the limits of a file; pairs that it does not name have none."""
    text = arguments.probability_limits
    if text is None or number_in(text) is not None or not is_random:
        return None
    found = np.ones((len(row_of), len(column_of)))
    path, unknown = Path(text), 0
    for line, paper, user, limit in _numbers(path):
        if not 0 <= limit <= 1:
            raise DataError(f"allowed is 0 to 1, got {limit:g}", file=str(path), line=line)
        if paper in row_of and user in column_of:
            found[row_of[paper], column_of[user]] = limit
        else:
            unknown += 1
    if unknown:
        say(f"note: {unknown} pairs of {path} are in no file of scores")
    return found


_COMPARATORS: Final = ("<=", ">=", "==")


def _quotas(path: Path | None, column_of: Mapping[str, int], limits: Limits, *, whole: bool) -> tuple[Quota, ...]:
    """The attribute constraints of a file, as bounds for each paper."""
    if path is None:
        return ()
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DataError("there is no such file", file=str(path)) from None
    except ValueError as error:
        raise DataError(f"this is no JSON: {error}", file=str(path)) from None
    if isinstance(content, list):
        content = {str(each.get("name", place)): each for place, each in enumerate(content) if isinstance(each, dict)}
    if not isinstance(content, dict) or not all(isinstance(each, dict) for each in content.values()):
        raise DataError("allowed is {name: {comparator, bound, members}}", file=str(path))
    return tuple(_quota(name, each, path, column_of, limits, whole=whole) for name, each in content.items())


def _quota(
    name: str, plain: Mapping[str, Any], path: Path, column_of: Mapping[str, int], limits: Limits, *, whole: bool
) -> Quota:
    comparator, bound, users = (plain.get(key) for key in ("comparator", "bound", "members"))
    if comparator not in _COMPARATORS:
        raise DataError(f"'{name}': comparator: allowed are {', '.join(_COMPARATORS)}", file=str(path))
    if isinstance(bound, bool) or not isinstance(bound, int) or bound < 0:
        raise DataError(f"'{name}': bound: allowed is a whole number from 0 up, got {bound!r}", file=str(path))
    if not isinstance(users, list) or not all(isinstance(user, str) for user in users):
        raise DataError(f"'{name}': members: allowed is a list of users", file=str(path))
    unknown = [user for user in users if user not in column_of] if whole else []
    if unknown:
        guess = did_you_mean(unknown[0], column_of)
        raise DataError(f"'{name}': member '{unknown[0]}' is in no file of scores{guess}", file=str(path))
    members = np.zeros(len(column_of), dtype=np.bool_)
    members[[column_of[user] for user in users if user in column_of]] = True
    forced = limits.required
    given, left = (forced & members).sum(axis=1), limits.wanted - forced.sum(axis=1)
    least = np.zeros(len(limits.wanted), dtype=np.int64) if comparator == "<=" else np.minimum(bound, given + left)
    most = limits.wanted if comparator == ">=" else np.maximum(bound, given)
    if (given > bound).any() and comparator != ">=":
        say(f"note: forced pairs go before attribute constraint '{name}'")
    return Quota(name, members, least, most)


def _numbers(path: Path) -> Iterator[tuple[int, str, str, float]]:
    """Line number, paper, user and number of each row."""
    for line, row in _rows(path, 3):
        try:
            number = float(row[2])
        except ValueError:
            raise DataError(f"allowed is a number, got '{row[2]}'", file=str(path), line=line) from None
        if not np.isfinite(number):
            raise DataError(f"allowed is a finite number, got '{row[2]}'", file=str(path), line=line)
        yield line, row[0], row[1], number


def _rows(path: Path, fields: int) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream)
            for row in reader:
                if not row:
                    continue
                if len(row) < fields:
                    message = f"allowed are {fields} fields with commas between, got {len(row)}"
                    raise DataError(message, file=str(path), line=reader.line_num)
                yield reader.line_num, [field.strip() for field in row]
    except FileNotFoundError:
        raise DataError("there is no such file", file=str(path)) from None
    except UnicodeDecodeError as error:
        raise DataError(f"this is no UTF-8 text ({error.reason})", file=str(path)) from None


def _selected(arguments: argparse.Namespace, users: set[str]) -> set[str]:
    if arguments.user_group is None:
        return users
    if arguments.user_group_file is None:
        raise ConfigError("a group needs the file that says who is in it", key="--user_group_file")
    groups: dict[str, set[str]] = {}
    for _, row in _rows(arguments.user_group_file, 2):
        groups.setdefault(row[0], set()).add(row[1])
    if arguments.user_group not in groups:
        raise UnknownNameError("group", arguments.user_group, groups)
    return users & groups[arguments.user_group]


def _loads(arguments: argparse.Namespace, users: Sequence[str]) -> tuple[Any, Any]:
    """(R,) largest and (R,) smallest loads."""
    own: dict[str, int] = {}
    for line, row in () if arguments.max_papers is None else _rows(arguments.max_papers, 2):
        if not row[1].isdecimal():
            raise DataError(f"allowed is a whole number, got '{row[1]}'", file=str(arguments.max_papers), line=line)
        own[row[0]] = int(row[1])
    unknown = sorted(set(own) - set(users))
    if unknown:
        say(f"note: {len(unknown)} users of {arguments.max_papers} are in no file of scores, first '{unknown[0]}'")
    without = [user for user in users if user not in own]
    if without and arguments.max_papers_default is None:
        message = f"{len(without)} users have no maximum, first '{without[0]}': give --max_papers_default"
        raise ConfigError(message, key="--max_papers_default")
    most = np.array([own.get(user, arguments.max_papers_default) for user in users], dtype=np.int64)
    lowered = int((most < arguments.min_papers_default).sum())
    if lowered:
        say(f"note: the maximum of {lowered} users is below --min_papers_default, which is lowered for them")
    return most, np.minimum(arguments.min_papers_default, most)


def _mark_constraints(
    status: Any,
    constraints: Iterable[tuple[int, str, str, float]],
    row_of: Mapping[str, int],
    column_of: Mapping[str, int],
    path: Path | None,
) -> None:
    words = {-1.0: PairStatus.BLOCKED, 1.0: PairStatus.REQUIRED}
    said: dict[tuple[str, str], float] = {}
    for line, paper, user, value in constraints:
        if value not in (-1, 0, 1):
            raise DataError(f"allowed are -1, 0 and 1, got {value:g}", file=str(path), line=line)
        if said.get((paper, user), 0) * value < 0:
            message = f"the pair '{paper}', '{user}' is a conflict and forced"
            raise DataError(message, file=str(path), line=line, remedy="keep one of the two")
        if value and user in column_of:
            said[paper, user] = value
            status[row_of[paper], column_of[user]] = words[value]


def _refuse_too_many_forced(forced: Any, papers: Sequence[str], users: Sequence[str], wanted: int, most: Any) -> None:
    for row in np.flatnonzero(forced.sum(axis=1) > wanted).tolist():
        raise DataError(f"paper '{papers[row]}' has {forced[row].sum()} forced users and wants {wanted} reviews")
    for column in np.flatnonzero(forced.sum(axis=0) > most).tolist():
        count = forced[:, column].sum()
        raise DataError(f"user '{users[column]}' has {count} forced papers and a maximum of {most[column]}")
