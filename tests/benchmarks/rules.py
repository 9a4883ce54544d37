"""`python -m tests.benchmarks.rules [SIZE [NAME …]]`: what rules between pairs cost, on a seeded venue of laboratories.

Names are those of objectives and of sets of rules ("all together"); only the rows that bear one of each kind are
solved. Of a lottery the total is the expected one, "its own gap" is how far that is from what no policy under the same
limit of probability can exceed, and ten more draws are checked.

Reviewers sit in laboratories of five with similar texts and publish together; each submission has up to three authors
of one laboratory. Seven of ten pairs of colleagues, and three more similar people each, are coauthors. Authors review
each other's fields, so that circles are far more frequent than in real venues.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from matcher.assignment import Options, prepare, redraw, solve_arrays, verify
from matcher.constraints import broken_rules
from matcher.records import (
    Assignment,
    Conflicts,
    Index,
    Limits,
    PairStatus,
    PersonId,
    ScoreMatrix,
    SideRule,
    SubmissionId,
)

__all__ = ["main", "venue_of_laboratories"]

_LABORATORY: Final = 5
_TOPICS: Final = 24
_DRAWS: Final = 10
_OBJECTIVES: Final = ["max-total", "max-min", "randomised"]


def venue_of_laboratories(size: int) -> tuple[ScoreMatrix, Limits, dict[str, tuple[SideRule, ...]]]:
    """Scores, limits without rules, and rules by name."""
    rng = np.random.default_rng(size)
    laboratory = np.arange(size) // _LABORATORY
    centre = rng.gamma(0.3, size=(int(laboratory.max()) + 1, _TOPICS))
    skills = centre[laboratory] + 0.5 * rng.gamma(0.3, size=(size, _TOPICS))
    skills /= np.linalg.norm(skills, axis=1, keepdims=True)
    first = rng.integers(0, size, size)
    topics = centre[laboratory[first]] + 0.6 * rng.gamma(0.3, size=(size, _TOPICS))
    topics /= np.linalg.norm(topics, axis=1, keepdims=True)
    values = topics @ skills.T
    values += 0.05 * rng.standard_normal((size, size))
    authors, coauthors = set(), set()
    for row, one in enumerate(first.tolist()):
        start = one - one % _LABORATORY
        mates = rng.choice(np.arange(start, min(size, start + _LABORATORY)), 2)
        authors |= {(row, column) for column in (one, *mates.tolist())}
    for one in range(size):
        start = one - one % _LABORATORY
        some = rng.integers(0, size, 60)
        near = some[np.argsort(-(skills[some] @ skills[one]))[:3]].tolist()
        others = [each for each in range(one + 1, min(size, start + _LABORATORY)) if rng.random() < 0.7]
        coauthors |= {(min(one, other), max(one, other)) for other in (*others, *near) if other != one}
    wrote = np.array(sorted(authors))
    status = np.full((size, size), PairStatus.ELIGIBLE, dtype=np.uint8)
    status[wrote[:, 0], wrote[:, 1]] = PairStatus.BLOCKED
    region = rng.integers(0, 5, size)
    senior = (SideRule("senior", None, members=rng.random(size) < 0.3, at_least=1),)
    regions, alone = (
        tuple(SideRule(f"region {each}", None, members=region == each, at_most=most) for each in range(5))
        for most in (2, 1)
    )
    apart = (
        SideRule("coauthors", None, apart=np.array(sorted(coauthors))),
        SideRule("circles", None, authors=wrote),
    )
    scores = np.clip(values / 1.3, 0, 1).astype(np.float32)
    rows, columns = (
        Index(SubmissionId(f"s{row}") for row in range(size)),
        Index(PersonId(f"r{column}") for column in range(size)),
    )
    whole = np.ones(size, dtype=np.int64)
    limits = Limits(wanted=3 * whole, max_load=6 * whole, min_load=0 * whole, status=status)
    rules = {
        "none": (),
        "one senior": senior,
        "at most two of a region": regions,
        "one of a region": alone,
        "coauthors and circles": apart,
        "all together": (*apart, *senior, *regions),
    }
    return ScoreMatrix(rows, columns, scores, scores, "seeded"), limits, rules


def main(arguments: Sequence[str]) -> None:
    """Print a row for each set of rules and objective."""
    size = int(arguments[0]) if arguments else 1000
    options = Options(draw_seed=1)
    prepare("max-total", options)
    scores, limits, rules = venue_of_laboratories(size)
    objectives = [name for name in _OBJECTIVES if name in arguments] or _OBJECTIVES
    chosen = [name for name in rules if name in arguments] or list(rules)
    print(f"{size} × {size}, three reviews each; processor seconds\n")
    print("| objective | rules | seconds | total | below the bound | its own gap | checked |")
    print("|---|---|---|---|---|---|---|")
    for objective in objectives:
        for name in chosen:
            bound = replace(limits, rules=rules[name])
            start = time.process_time()
            answer = solve_arrays(scores, bound, objective=objective, seed=0, options=options)
            seconds = time.process_time() - start
            broken = verify(answer, scores, bound, Conflicts(()))
            state = f"{len(broken)} broken" if broken or not answer.is_complete else "no rule broken"
            if answer.marginals is not None:
                draws = [redraw(answer, scores, bound, draw_seed=seed) for seed in range(_DRAWS)]
                wrong = sum(bool(broken_rules_of(draw, scores, bound)) for draw in draws)
                state += f", {wrong} of {_DRAWS} draws with one"
            own_gap = "–" if answer.goal is None else f"{answer.goal.gap:.2e}"
            total = answer.objective if answer.marginals is None else (answer.goal.value if answer.goal else 0.0)
            print(
                f"| {objective} | {name} | {seconds:.2f} | {total:.3f} | {answer.gap or 0:.2e} | {own_gap} | {state} |",
                flush=True,
            )


def broken_rules_of(draw: Assignment, scores: ScoreMatrix, limits: Limits) -> list[str]:
    """What a draw breaks: rules, loads, demand; the policy behind it was checked once."""
    filled, loads = np.zeros_like(limits.wanted), np.zeros_like(limits.max_load)
    for pair in draw.pairs:
        filled[scores.submissions.position(pair.submission_id)] += 1
        loads[scores.reviewers.position(pair.reviewer_id)] += 1
    found = [violation.detail for _, violation in broken_rules(limits.rules, draw, scores, limits.wanted)]
    if (filled != limits.wanted).any() or (loads > limits.max_load).any() or (loads < limits.min_load).any():
        found.append("demand or loads")
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
