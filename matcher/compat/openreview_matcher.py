"""The OpenReview matcher's command line: its options and its files, our solvers.

Run it as `python -m matcher.compat.openreview_matcher` wherever `python -m matcher` ran the other.

====================== ============ ==================================================================================
its solver             ours         difference
====================== ============ ==================================================================================
MinMax                 max-total    exact with minimum loads too; scores are not cut to two digits
FairFlow               max-min      the worst submission is proven to be as well off as can be, then the largest total
FairIR                 max-min      the same; fairness is on the mean score per review
FairSequence           leximin      after the worst submission the second worst, and so on; no picking sequence
PR4A                   leximin      the same
Randomized             randomised   drawn by dependent rounding; its seed is --seed
PerturbedMaximization  perturbed    the same objective, in straight pieces
====================== ============ ==================================================================================

`--attribute_constraints` is a JSON file of {name: {"comparator": "<=", "bound": 1, "members": ["user", …]}}: how many
of the members each paper has (`<=`, `>=` or `==`). They hold under every solver but the lotteries, which refuse them
(there they are ignored by all but FairIR). FairSequence and PR4A then go as far as the worst submission. Where forced
pairs leave no room for a bound, they go before it, as there.

`--probability_limits` is one number, or a file of paper,user,limit; pairs that are not in it have no limit. Forced
pairs are certain. `--bad_match_thresholds` are scores: of pairs below each, no more are expected than with the same
limits and no perturbation. There they are compared with costs; a negative one is read as a cost, so -0.75 means 0.75.

Where its behaviour is a defect, ours differs on purpose. A forced pair (constraint 1) is always assigned; with it this
is a cheap arc, or none. A forced pair that is a conflict, too, is refused. Alternates are never in conflict and have
room; there they may be either. In a lottery they are drawn, so that nobody is assigned or named as an alternate with
more than their limit. A reviewer's own maximum below the common minimum lowers that minimum and is reported; so does
having no pair that may be. When all scores are zero, nothing is made up: there the scores are then random, here the
answer needs --allow_zero_score_assignments. When there is no assignment, nothing is written, the smallest set of
reasons is printed with ways out, and the exit code is 3.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, Final

import numpy as np

from matcher.assignment import package, solve_arrays, verify
from matcher.compat.openreview_files import Instance, number_in, read_instance, say
from matcher.errors import ConfigError, InfeasibleError, MatcherError, UnknownNameError, VerificationError, counted
from matcher.records import Assignment, Conflicts, Doubles, Ints, PairStatus, Violation
from matcher.rounds import alternates
from matcher.solvers import Options, Problem
from matcher.ways_out import infeasible

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

_LOTTERIES: Final = ("randomised", "perturbed")

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
        say(f"error: {error}")
        if isinstance(error, InfeasibleError):
            for reasons in error.explanations:
                say(f"  {reasons.text}")
                for way in reasons.relaxations:
                    say(f"    -> {way.text} (tried: fills {way.fills})")
            for way in error.ways_out:
                say(f"  -> all of it: {way.text}")
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
    add("--probability_limits", help="lotteries: the largest probability of any pair, or a file of paper,user,limit")
    add("--perturbation", type=float, help="PerturbedMaximization: 0 to 1")
    add("--bad_match_thresholds", nargs="+", type=float, help="PerturbedMaximization: scores")
    add("--solver", default="MinMax", help=", ".join(OBJECTIVE_OF))
    add("--attribute_constraints", type=Path, help="JSON: name -> comparator, bound, members")
    add("--output_folder", type=Path, default=Path(), help="where assignments.json and alternates.json go")
    add("--seed", type=int, default=0, help="decides between equally good answers")
    return parser


def _run(arguments: argparse.Namespace) -> None:
    objective = OBJECTIVE_OF.get(arguments.solver)
    if objective is None:
        raise UnknownNameError("solver", arguments.solver, OBJECTIVE_OF)
    options = _options(arguments, objective)
    instance = read_instance(arguments, is_random=objective in _LOTTERIES)
    rows, columns = instance.totals.shape
    say(f"{rows} papers, {columns} users, solver {arguments.solver} = {objective}")
    thresholds = [abs(each) for each in arguments.bad_match_thresholds or ()] if objective == "perturbed" else []
    if instance.quotas:
        assignment, chances = _solve_counted(instance, is_fair=objective != "max-total"), None
    elif instance.chances is not None or thresholds:
        assignment, chances = _solve_limited(instance, options, thresholds)
    else:
        assignment, chances = _solve_plain(instance, objective, arguments.seed, options)
    _check(instance, assignment)
    arguments.output_folder.mkdir(parents=True, exist_ok=True)
    chosen = _assigned(instance, assignment)
    offered = _offered(instance, assignment, arguments.num_alternates, chances, arguments.seed)
    for name, content in (("assignments.json", chosen), ("alternates.json", offered)):
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (arguments.output_folder / name).write_text(text, encoding="utf-8", newline="\n")
    proof = "" if assignment.bound is None else f", at most {assignment.bound:.6f} possible"
    say(f"{counted(len(assignment.pairs), 'pair')}, total {assignment.objective:.6f}{proof}")


# --- solving --------------------------------------------------------------------------------------------------------


def _solve_plain(instance: Instance, objective: str, seed: int, options: Options) -> tuple[Assignment, Doubles | None]:
    """What our objectives say; with the largest chance of every pair to be an alternate, in a lottery."""
    assignment = solve_arrays(instance.scores, instance.limits, objective=objective, seed=seed, options=options)
    if not assignment.is_complete:
        raise infeasible(instance.scores, instance.limits, assignment)
    policy = assignment.marginals
    if policy is None:
        return assignment, None
    chance = np.zeros(instance.totals.shape)
    chance[policy.rows, policy.columns] = policy.probabilities
    return assignment, _left_over(chance, np.full(chance.shape, options.probability_limit))


def _left_over(chance: Doubles, limit: Doubles) -> Doubles:
    """(S, R) with which chance a pair that is not assigned may be an alternate: the sum of both stays at the limit."""
    left: Doubles = np.divide(np.maximum(limit - chance, 0), 1 - chance, out=np.zeros_like(chance), where=chance < 1)
    return left


def _open_problem(instance: Instance) -> Problem:
    """What is left to solve beside the forced pairs."""
    forced = instance.limits.required
    limits = instance.limits
    return Problem(
        values=instance.scores.values,
        eligible=limits.eligible,
        last_resort=None,
        wanted=limits.wanted - forced.sum(axis=1),
        max_load=limits.max_load - forced.sum(axis=0),
        min_load=np.maximum(limits.min_load - forced.sum(axis=0), 0),
        given_reviews=forced.sum(axis=1),
        given_scores=(instance.totals * forced).sum(axis=1),
    )


def _packed(instance: Instance, rows: Ints, columns: Ints, solver: str) -> Assignment:
    forced_rows, forced_columns = np.nonzero(instance.limits.required)
    places = np.stack([np.concatenate([rows, forced_rows]), np.concatenate([columns, forced_columns])], axis=1)
    places = places[np.lexsort((places[:, 1], places[:, 0]))]
    return package(instance.scores, instance.limits, places, solver=solver)


def _solve_limited(
    instance: Instance, options: Options, thresholds: Sequence[float]
) -> tuple[Assignment, Doubles | None]:
    """A lottery with limits of single pairs, or with a limit on bad matches."""
    from matcher.solvers.programmes import UNIT, solve_limited
    from matcher.solvers.rounding import draw

    shape = instance.totals.shape
    limit = np.full(shape, options.probability_limit) if instance.chances is None else instance.chances
    problem = _open_problem(instance)
    found = solve_limited(problem, limit, strength=options.perturbation, thresholds=thresholds)
    if found is None:
        raise _no_policy(instance, problem, limit)
    rows, columns, units = found
    assert options.draw_seed is not None  # always given here
    chosen = draw(rows, columns, units, UNIT, seed=options.draw_seed)
    chance = np.zeros(shape)
    chance[rows, columns] = units / UNIT
    assignment = _packed(instance, rows[chosen], columns[chosen], "limited lottery (HiGHS)")
    return assignment, _left_over(chance, limit)


def _no_policy(instance: Instance, problem: Problem, limit: Doubles) -> InfeasibleError:
    """Why no lottery keeps the limits: without them already, for one paper, or only together."""
    error = infeasible(instance.scores, instance.limits)
    if error.explanations:
        return error
    most = np.where(problem.eligible, limit, 0).sum(axis=1)
    for row in np.flatnonzero(most < problem.wanted - 1e-9)[:1].tolist():
        paper = instance.scores.submissions.ids[row]
        summary = (
            f"paper '{paper}' wants {problem.wanted[row]} reviews, and the limits of probability of those who may "
            f"review it sum to {most[row]:g}: raise them"
        )
        return InfeasibleError(summary=summary)
    return InfeasibleError(summary="the limits of probability leave too few reviews for all papers: raise them")


def _solve_counted(instance: Instance, *, is_fair: bool) -> Assignment:
    """With attribute constraints; forced members count."""
    from matcher.solvers.programmes import Counts, solve_counted

    forced = instance.limits.required
    counts = []
    for quota in instance.quotas:
        given = (forced & quota.members).sum(axis=1)
        counts.append(Counts(quota.members, np.maximum(quota.at_least - given, 0), quota.at_most - given))
    found = solve_counted(_open_problem(instance), counts, is_fair=is_fair)
    if found is None:
        error = infeasible(instance.scores, instance.limits)
        names = ", ".join(f"'{quota.name}'" for quota in instance.quotas)
        raise error if error.explanations else InfeasibleError(summary=_why_not_counted(instance, counts, names))
    solver = f"{'max-min' if is_fair else 'max-total'} with attribute constraints (HiGHS{found.note})"
    return _packed(instance, found.rows, found.columns, solver)


def _why_not_counted(instance: Instance, counts: Sequence[Any], names: str) -> str:
    eligible = instance.limits.eligible
    for quota, count in zip(instance.quotas, counts, strict=True):
        few = np.flatnonzero((eligible & quota.members).sum(axis=1) < count.at_least)
        if len(few):
            paper = instance.scores.submissions.ids[int(few[0])]
            return (
                f"attribute constraint '{quota.name}': paper '{paper}' needs {count.at_least[few[0]]} of its members, "
                f"and {int((eligible[few[0]] & quota.members).sum())} may review it"
            )
    return f"the attribute constraints {names} cannot be met together with demand and loads: loosen one of them"


def _check(instance: Instance, assignment: Assignment) -> None:
    """Count everything again, without a solver.

    Raises:
        VerificationError: a rule is broken; a defect of ours.
    """
    found = list(verify(assignment, instance.scores, instance.limits, Conflicts(())))
    columns: dict[str, list[int]] = {}
    for pair in assignment.pairs:
        columns.setdefault(pair.submission_id, []).append(instance.scores.reviewers.position(pair.reviewer_id))
    for quota in instance.quotas:
        for row, paper in enumerate(instance.scores.submissions.ids):
            count = int(quota.members[columns.get(paper, [])].sum())
            if not quota.at_least[row] <= count <= quota.at_most[row]:
                found.append(Violation("constraint", f"'{quota.name}': paper '{paper}' has {count}"))
    if found:
        raise VerificationError(found)


def _options(arguments: argparse.Namespace, objective: str) -> Options:
    is_random = objective in _LOTTERIES
    if arguments.attribute_constraints is not None and is_random:
        raise ConfigError("a lottery takes no attribute constraints here", key="--attribute_constraints")
    limit = 1.0
    if is_random and (number := number_in(arguments.probability_limits)) is not None:
        limit = number
        if not 0 < limit <= 1:
            raise ConfigError(f"allowed is above 0, up to 1; got {limit:g}", key="--probability_limits")
    perturbation = arguments.perturbation or 0.0
    if not 0 <= perturbation <= 1:
        raise ConfigError(f"allowed is 0 to 1; got {perturbation:g}", key="--perturbation")
    has_meaning = {
        "probability_limits": is_random,
        "perturbation": objective == "perturbed",
        "bad_match_thresholds": objective == "perturbed",
    }
    for name, means_something in has_meaning.items():
        if getattr(arguments, name) and not means_something:
            say(f"note: --{name} has no meaning for {arguments.solver}")
    strength = perturbation if objective == "perturbed" else 0.0
    return Options(probability_limit=limit, perturbation=strength, draw_seed=arguments.seed)


# --- writing --------------------------------------------------------------------------------------------------------


def _assigned(instance: Instance, assignment: Assignment) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for pair in assignment.pairs:
        found.setdefault(pair.submission_id, []).append(_entry(instance, pair.submission_id, pair.reviewer_id))
    return found


def _offered(
    instance: Instance, assignment: Assignment, count: int, chances: Doubles | None, seed: int
) -> dict[str, list[dict[str, Any]]]:
    """Who could step in; in a lottery only those whom a second draw admits."""
    limits = instance.limits
    if chances is not None:
        is_drawn = np.random.default_rng([seed, 1]).random(chances.shape) < chances
        status = np.where(is_drawn | limits.required, limits.status, np.uint8(PairStatus.FORBIDDEN))
        limits = replace(limits, status=status)
    named = alternates(instance.scores, limits, assignment, count=count)
    return {paper: [_entry(instance, paper, user) for user, _ in users] for paper, users in named.items()}


def _entry(instance: Instance, paper: str, user: str) -> dict[str, Any]:
    row, column = instance.scores.submissions.position(paper), instance.scores.reviewers.position(user)
    return {"aggregate_score": float(instance.totals[row, column]), "user": user}


if __name__ == "__main__":
    sys.exit(main())
