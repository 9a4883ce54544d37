"""The OpenReview matcher's command line: its options and its files, our solvers.

Run it as `python -m matcher.compat.openreview_matcher` wherever `python -m matcher` ran the other.

====================== ============ ==================================================================================
its solver             ours         difference
====================== ============ ==================================================================================
MinMax                 max-total    exact with minimum loads too; scores are not cut to two digits
FairFlow               max-min      the worst submission is proven to be as well off as can be, then the largest total
FairIR                 max-min      the same; attribute constraints are refused (see below)
FairSequence           leximin      after the worst submission the second worst, and so on
PR4A                   leximin      the same
Randomized             randomised   one limit for all pairs; drawn by dependent rounding
PerturbedMaximization  perturbed    without bad-match thresholds
====================== ============ ==================================================================================

Where its behaviour is a defect, ours differs on purpose. A forced pair (constraint 1) is always assigned; with it this
is a cheap arc, or none. A forced pair that is a conflict, too, is refused. Alternates are never in conflict and have
room; there they may be either. A reviewer's own maximum below the common minimum lowers that minimum and is reported.
When there is no assignment, nothing is written, the smallest set of reasons is printed, and the exit code is 3.

Refused by name, because nothing here does the same: limits of probability for single pairs (`--probability_limits`
with a file), `--bad_match_thresholds`, `--attribute_constraints`. A randomised assignment gets no alternates: taking
the best who is left would give away what the draw hides.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, Final

import numpy as np

from matcher.assignment import solve_arrays
from matcher.errors import ConfigError, DataError, InfeasibleError, MatcherError, UnknownNameError, counted
from matcher.infeasibility import explain_infeasible
from matcher.records import (
    Assignment,
    Doubles,
    Index,
    Limits,
    PairStatus,
    PersonId,
    ScoreMatrix,
    SubmissionId,
)
from matcher.rounds import alternates
from matcher.solvers import Options

__all__ = ["OBJECTIVE_OF", "main"]

OBJECTIVE_OF: Final = {
    "MinMax": "max-total",
    "FairFlow": "max-min",
    "FairIR": "max-min",
    "FairSequence": "leximin",
    "PR4A": "leximin",
    "Randomized": "randomised",
    "PerturbedMaximization": "perturbed",
}
"""Its solver names and our objectives."""

_OURS: Final = "reviewer-matcher"


def main(argv: Sequence[str] | None = None) -> int:
    """Run it.

    Args:
        argv: options; by default those of the process.

    Returns:
        The exit code: 0 done, 1 bad input, 2 wrong usage, 3 no assignment.
    """
    arguments = _parser().parse_args(argv)
    try:
        refuse_other_packages(packages_distributions().get("matcher", ()))
        _run(arguments)
    except MatcherError as error:
        _say(f"error: {error}")
        if isinstance(error, InfeasibleError):
            for reasons in error.explanations:
                _say(f"  {reasons.text}")
                for way in reasons.relaxations:
                    _say(f"    -> {way.text} (tried: fills {way.fills})")
        return error.exit_code
    return 0


def refuse_other_packages(distributions: Iterable[str]) -> None:
    """Refuse to run while another installed distribution brings a package called `matcher`, too.

    Raises:
        ConfigError: there is one; which of the two is imported would be chance.
    """
    others = sorted({name for name in distributions if name.replace("_", "-").lower() != _OURS})
    if others:
        raise ConfigError(
            f"{', '.join(others)} installs a package called 'matcher', too, and which one is imported is chance: "
            f"uninstall one of the two, or use an environment of its own"
        )


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m matcher.compat.openreview_matcher",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--scores", nargs="+", required=True, type=Path, help="files of paper,user,score")
    add("--constraints", type=Path, help="file of paper,user,constraint: -1 conflict, 1 forced, 0 nothing")
    add("--max_papers", type=Path, help="file of user,maximum")
    add("--weights", nargs="+", type=float, help="one for each file of scores; default 1")
    add("--min_papers_default", default=0, type=int)
    add("--max_papers_default", type=int)
    add("--num_reviewers", default=3, type=int)
    add("--num_alternates", default=3, type=int)
    add("--allow_zero_score_assignments", action="store_true", help="pairs of score 0 or less may be assigned")
    add("--user_group", help="take only the users of this group of --user_group_file")
    add("--user_group_file", type=Path, help="file of group,user")
    add("--probability_limits", help="Randomized: the largest probability of any pair")
    add("--perturbation", type=float, help="PerturbedMaximization: 0 to 1")
    add("--bad_match_thresholds", nargs="+", type=float)
    add("--solver", default="MinMax", help=", ".join(OBJECTIVE_OF))
    add("--attribute_constraints", type=Path)
    add("--output_folder", type=Path, default=Path(), help="where assignments.json and alternates.json go")
    add("--seed", type=int, default=0, help="decides between equally good answers")
    return parser


# --- reading --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Instance:
    """What the files say.

    Args:
        totals: (S, R) weighted sums of the scores in double precision.
        scores: the same as solvers take them.
        limits: what must be respected.
    """

    totals: Doubles
    scores: ScoreMatrix
    limits: Limits


def _run(arguments: argparse.Namespace) -> None:
    objective = OBJECTIVE_OF.get(arguments.solver)
    if objective is None:
        raise UnknownNameError("solver", arguments.solver, OBJECTIVE_OF)
    options = _options(arguments, objective)
    instance = _read(arguments)
    rows, columns = instance.totals.shape
    _say(f"{rows} papers, {columns} users, solver {arguments.solver} = {objective}")
    assignment = solve_arrays(
        instance.scores, instance.limits, objective=objective, seed=arguments.seed, options=options
    )
    if not assignment.is_complete:
        reasons = explain_infeasible(instance.scores, instance.limits, assignment)
        raise InfeasibleError(assignment.shortfalls, assignment.underloads, explanations=reasons)
    arguments.output_folder.mkdir(parents=True, exist_ok=True)
    chosen = _assigned(instance, assignment)
    offered = _offered(instance, assignment, arguments.num_alternates)
    for name, content in (("assignments.json", chosen), ("alternates.json", offered)):
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (arguments.output_folder / name).write_text(text, encoding="utf-8", newline="\n")
    proof = "" if assignment.bound is None else f", at most {assignment.bound:.6f} possible"
    _say(f"{len(assignment.pairs)} pairs, total {assignment.objective:.6f}{proof}")


def _options(arguments: argparse.Namespace, objective: str) -> Options:
    if arguments.attribute_constraints is not None:
        raise ConfigError("no solver here takes attribute constraints", key="--attribute_constraints")
    is_random = objective in ("randomised", "perturbed")
    if arguments.bad_match_thresholds and objective == "perturbed":
        raise ConfigError("perturbation is not split by thresholds here", key="--bad_match_thresholds")
    limit = 1.0
    if arguments.probability_limits is not None and is_random:
        try:
            limit = float(arguments.probability_limits)
        except ValueError:
            message = f"one number for all pairs is allowed, got the file '{arguments.probability_limits}'"
            raise ConfigError(message, key="--probability_limits") from None
        if not 0 < limit <= 1:
            raise ConfigError(f"allowed is above 0, up to 1; got {limit:g}", key="--probability_limits")
    perturbation = arguments.perturbation or 0.0
    if not 0 <= perturbation <= 1:
        raise ConfigError(f"allowed is 0 to 1; got {perturbation:g}", key="--perturbation")
    for name in ("probability_limits", "perturbation", "bad_match_thresholds"):
        if getattr(arguments, name) and not is_random:
            _say(f"note: --{name} has no meaning for {arguments.solver}")
    return Options(probability_limit=limit, perturbation=perturbation, draw_seed=arguments.seed)


def _read(arguments: argparse.Namespace) -> _Instance:
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
    return _Instance(totals, scores, Limits(wanted=wanted, max_load=most, min_load=least, status=status))


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
        _say(f"note: {len(unknown)} users of {arguments.max_papers} are in no file of scores, first '{unknown[0]}'")
    without = [user for user in users if user not in own]
    if without and arguments.max_papers_default is None:
        message = f"{len(without)} users have no maximum, first '{without[0]}': give --max_papers_default"
        raise ConfigError(message, key="--max_papers_default")
    most = np.array([own.get(user, arguments.max_papers_default) for user in users], dtype=np.int64)
    lowered = int((most < arguments.min_papers_default).sum())
    if lowered:
        _say(f"note: the maximum of {lowered} users is below --min_papers_default, which is lowered for them")
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
        raise DataError(
            f"paper '{papers[row]}' has {forced[row].sum()} forced users and wants {counted(int(wanted), 'review')}"
        )
    for column in np.flatnonzero(forced.sum(axis=0) > most).tolist():
        count = forced[:, column].sum()
        raise DataError(f"user '{users[column]}' has {count} forced papers and a maximum of {most[column]}")


# --- writing --------------------------------------------------------------------------------------------------------


def _assigned(instance: _Instance, assignment: Assignment) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for pair in assignment.pairs:
        found.setdefault(pair.submission_id, []).append(_entry(instance, pair.submission_id, pair.reviewer_id))
    return found


def _offered(instance: _Instance, assignment: Assignment, count: int) -> dict[str, list[dict[str, Any]]]:
    if assignment.marginals is not None:
        _say("note: a randomised assignment gets no alternates")
        return {name: [] for name in instance.scores.submissions.ids}
    named = alternates(instance.scores, instance.limits, assignment, count=count)
    return {paper: [_entry(instance, paper, user) for user, _ in users] for paper, users in named.items()}


def _entry(instance: _Instance, paper: str, user: str) -> dict[str, Any]:
    row, column = instance.scores.submissions.position(paper), instance.scores.reviewers.position(user)
    return {"aggregate_score": float(instance.totals[row, column]), "user": user}


if __name__ == "__main__":
    sys.exit(main())
