"""Scores, conflicts and limits become an assignment, and an independent check reads every answer again.

A pair that is blocked, asked about, forbidden, or below the floor is no variable of the optimisation: there is no
score, however low, that stands for "never". `verify` uses no solver; see `verification`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from matcher.bids import refused_pairs
from matcher.config import MatchConfig
from matcher.constraints import broken_rules, pairs_ruled_out, side_rules, weighted_loads
from matcher.contradictions import find_contradictions
from matcher.errors import ConfigError, DataError, InfeasibleError, counted
from matcher.history import earlier_loads, mark_declined, mark_different, mark_earlier, mark_same
from matcher.infeasibility import why_no_lottery, why_too_much_minimum
from matcher.records import (
    Assignment,
    Bools,
    Certificate,
    Conflicts,
    Doubles,
    Floats,
    Goal,
    Index,
    Ints,
    Limits,
    PairStatus,
    Progress,
    QuestionPrice,
    Reviewer,
    ScoreMatrix,
    SideRule,
    Submission,
    Venue,
    Verdict,
)
from matcher.rule_reasons import Solve, explain_rules
from matcher.sharing import even_counts
from matcher.shortfalls import list_missing
from matcher.solvers import Options, Problem, make_solver
from matcher.solvers.rules import groups_of, make_rules
from matcher.verification import (
    LOTTERIES,
    SCORE_ERROR,
    dual_bound,
    given_scores,
    goal_facts,
    pairs_at,
    places_of,
    total_of,
    unkept_quotas,
    verify,
)
from matcher.ways_out import infeasible

__all__ = [
    "Chances",
    "Options",
    "assign",
    "build_limits",
    "dual_bound",
    "list_missing",
    "package",
    "prepare",
    "price_questions",
    "question_chances",
    "redraw",
    "refuse_impossible_demand",
    "rules_of",
    "share_missing",
    "solve_arrays",
    "solve_under_rules",
    "verify",
]

Status: TypeAlias = npt.NDArray[np.uint8]
"""(S, R) values of `PairStatus`."""

_UNDER_RULES: Final = ("max-total", "max-min", "randomised", "perturbed")
"""Objectives that keep rules over several pairs."""


def build_limits(venue: Venue, config: MatchConfig, scores: ScoreMatrix, conflicts: Conflicts) -> Limits:
    """Put together what an assignment must respect.

    Args:
        venue: demand, loads, fixed pairs.
        config: defaults, the floor, and what happens to reviewers without evidence.
        scores: (S, R); NaN columns are reviewers without evidence.
        conflicts: found before.

    Returns:
        Limits in the order of `scores`.

    Raises:
        DataError: a reviewer's minimum load is above their maximum load.
        InfeasibleError: required pairs are in conflict, or more than a demand or a load; all of them are named.
    """
    config = config.settled(venue.defaults)
    submissions = [venue.submission_by_id[submission_id] for submission_id in scores.submissions]
    room, min_load = _loads(venue, config)
    max_load = _most_reviews(submissions, room)
    unscored: Bools = np.logical_and.reduce(np.isnan(scores.values), axis=0)
    min_load[unscored] = 0
    wanted = np.array(
        [
            config.reviews_per_submission if submission.reviews_wanted is None else submission.reviews_wanted
            for submission in submissions
        ],
        dtype=np.int64,
    )
    # From the mildest word to the strictest: a later one overwrites an earlier one.
    status = np.full(scores.values.shape, PairStatus.ELIGIBLE, dtype=np.uint8)
    with np.errstate(invalid="ignore"):
        status[scores.values < config.min_score] = PairStatus.BELOW_FLOOR
    _mark_unscored(status, unscored, submissions, venue.reviewers, config.unscored)
    status[:, max_load == 0] = PairStatus.UNAVAILABLE
    for submission_id, reviewer_id in refused_pairs(venue, config):
        if submission_id in scores.submissions:
            status[_place(scores, submission_id, reviewer_id)] = PairStatus.REFUSED
    if config.earlier_reviewers == "wishes":
        mark_different(status, scores, venue)
    mark_declined(status, scores, venue)
    if config.earlier_load == "counts":
        mark_earlier(status, scores, venue)
    if config.constraints:
        status[pairs_ruled_out(venue, config.constraints, scores)] = PairStatus.RULED_OUT
    _mark_fixed(status, scores, venue, "forbid", PairStatus.FORBIDDEN)
    _mark_conflicts(status, scores, conflicts)
    rules = rules_of(venue, config, scores)
    against = find_contradictions(scores, venue, conflicts, status=status, wanted=wanted, max_load=max_load)
    if against:
        raise InfeasibleError(explanations=against)
    _mark_fixed(status, scores, venue, "require", PairStatus.REQUIRED)
    if config.earlier_reviewers == "wishes":
        extra = _loads_in(venue, "resubmission") * int(all(rule.room is None for rule in rules))
        before = (status == PairStatus.REQUIRED).sum(axis=0)
        mark_same(status, scores, venue, wanted=wanted, max_load=max_load + extra)
        again = (status == PairStatus.REQUIRED).sum(axis=0) - before
        max_load = max_load + np.minimum(extra, again)
    return Limits(wanted=wanted, max_load=max_load, min_load=min_load, status=status, rules=rules)


def rules_of(venue: Venue, config: MatchConfig, scores: ScoreMatrix) -> tuple[SideRule, ...]:
    """What holds for several pairs together: the constraints of the chair, and loads that count by weights.

    Args:
        venue: attributes, weights.
        config: `constraints` and what loads depend on.
        scores: (S, R); only its ids are read.
    """
    room, _ = _loads(venue, config.settled(venue.defaults))
    return (*side_rules(venue, config.constraints, scores), *weighted_loads(venue, scores, room))


def _most_reviews(submissions: list[Submission], room: Ints) -> Ints:
    """(R,) the most submissions of each reviewer: all of the lightest kind, where weights count."""
    lightest = min((submission.load_weight or 1.0 for submission in submissions), default=1.0)
    most: Ints = np.floor(room / lightest + 1e-9).astype(np.int64)
    return most


def _loads_in(venue: Venue, role: str) -> Ints:
    """(R,) loads of a part that counts beside the regular one."""
    loads = [sum(load.max_load for load in each.roles if load.role == role) for each in venue.reviewers]
    return np.array(loads, dtype=np.int64)


def _mark_unscored(
    status: Status, unscored: Bools, submissions: list[Submission], reviewers: tuple[Reviewer, ...], policy: str
) -> None:
    status[:, unscored] = PairStatus.LAST_RESORT if policy == "last_resort" else PairStatus.UNSCORED
    if policy != "by_area":
        return
    wanted = [_areas(each.keywords, each.attributes.get("areas", ()), (each.track,)) for each in submissions]
    for column in np.flatnonzero(unscored):
        offered = _areas(reviewers[column].interests, reviewers[column].attributes.get("areas", ()))
        for row, areas in enumerate(wanted):
            if areas & offered:
                status[row, column] = PairStatus.LAST_RESORT


def _mark_fixed(status: Status, scores: ScoreMatrix, venue: Venue, kind: str, mark: PairStatus) -> None:
    for fixed in venue.fixed:
        if fixed.kind == kind and fixed.submission_id in scores.submissions:
            status[_place(scores, fixed.submission_id, fixed.reviewer_id)] = mark


def _mark_conflicts(status: Status, scores: ScoreMatrix, conflicts: Conflicts) -> None:
    strictest = {Verdict.BLOCK: PairStatus.BLOCKED, Verdict.ASK: PairStatus.ASK}
    for submission_id, reviewer_id in conflicts.by_pair:
        verdict = conflicts.verdict(submission_id, reviewer_id)
        if verdict in strictest and submission_id in scores.submissions and reviewer_id in scores.reviewers:
            status[_place(scores, submission_id, reviewer_id)] = strictest[verdict]


def _place(scores: ScoreMatrix, submission_id: str, reviewer_id: str) -> tuple[int, int]:
    return scores.submissions.position(submission_id), scores.reviewers.position(reviewer_id)


def refuse_impossible_demand(venue: Venue, config: MatchConfig, conflicts: Conflicts) -> None:
    """Stop before any text is embedded when the reviewers together cannot give the reviews that are wanted.

    Raises:
        InfeasibleError: demand is above capacity and `allow_partial` is off; with the reasons and ways out as far as
            they do not depend on scores.
    """
    config = config.settled(venue.defaults)
    assert config.reviews_per_submission is not None  # settled
    wanted = sum(
        config.reviews_per_submission if submission.reviews_wanted is None else submission.reviews_wanted
        for submission in venue.active_submissions
    )
    most = _most_reviews(list(venue.active_submissions), _loads(venue, config)[0]) + _loads_in(venue, "resubmission")
    if wanted > most.sum() and not config.allow_partial:
        scores = _blank_scores(venue)
        limits = build_limits(venue, replace(config, min_score=0.0), scores, conflicts)
        summary = (
            f"{counted(len(venue.active_submissions), 'submission wants', 'submissions want')} "
            f"{counted(wanted, 'review')}, {counted(len(most), 'reviewer')} can give {most.sum()}"
        )
        raise infeasible(scores, limits, summary=summary)


def _blank_scores(venue: Venue) -> ScoreMatrix:
    """What is known of scores before any is made: who will have some."""
    known = np.array([0.0 if reviewer.paper_ids else np.nan for reviewer in venue.reviewers], dtype=np.float32)
    values = np.broadcast_to(known, (len(venue.active_submissions), len(known)))
    return ScoreMatrix(
        submissions=Index([submission.id for submission in venue.active_submissions]),
        reviewers=Index([reviewer.person_id for reviewer in venue.reviewers]),
        values=values,
        raw=values,
        method="none yet",
    )


def _loads(venue: Venue, config: MatchConfig) -> tuple[Ints, Ints]:
    """(R,) largest and (R,) smallest loads, after availability, invitation and, if these count, earlier rounds."""
    most, least = [], []
    taken = earlier_loads(venue) if config.earlier_load == "counts" else {}
    for reviewer in venue.reviewers:
        high = config.max_load if reviewer.max_load is None else reviewer.max_load
        low = config.min_load if reviewer.min_load is None else reviewer.min_load
        assert high is not None  # settled
        assert low is not None  # settled
        if low > high and reviewer.min_load is not None:
            raise DataError(
                f"reviewer '{reviewer.person_id}' has a minimum load of {low} and a maximum load of {high}",
                remedy="lower the one or raise the other",
            )
        if reviewer.invitation in ("declined", "retired"):
            high = 0
        high = int(high * reviewer.availability * (1 - config.hold_back) + 1e-9)  # 0.3 x 10 is 3, also in binary
        high = max(0, math.floor(high - taken.get(reviewer.person_id, 0.0) + 1e-9))
        most.append(high)
        least.append(min(low, high))
    return np.array(most, dtype=np.int64), np.array(least, dtype=np.int64)


def _areas(*sources: object) -> set[str]:
    """Names of areas from lists or texts, compared without case."""
    names: set[str] = set()
    for source in sources:
        values = source if isinstance(source, list | tuple) else (source,)
        names.update(str(value).strip().casefold() for value in values if value)
    return names


def assign(scores: ScoreMatrix, limits: Limits, config: MatchConfig, *, progress: Progress | None = None) -> Assignment:
    """Find the best assignment within the limits.

    Args:
        scores: (S, R).
        limits: what must be respected.
        config: `objective`, `seed`, `allow_partial`.
        progress: called while solving.

    Returns:
        The assignment with its bound. Reviews that nobody can give and minimum loads that cannot be met are listed
        with reasons; there are such only with `allow_partial`, and then they are shared (see `share_missing`).

    Raises:
        InfeasibleError: demand or minimum loads cannot be met and `allow_partial` is off; it carries the reasons.
        UnknownNameError: no solver has that objective.
    """
    summary = "" if config.allow_partial else why_too_much_minimum(limits)
    if summary:
        raise InfeasibleError(summary=summary)
    if limits.rules and config.objective not in _UNDER_RULES:
        message = f"quotas, apart, no_cycles and prices are met under {', '.join(_UNDER_RULES)}, not {config.objective}"
        raise ConfigError(message, key="assignment.objective")
    assignment = solve_arrays(
        scores, limits, objective=config.objective, seed=config.seed, options=_options(config), progress=progress
    )
    cases = broken_rules(limits.rules, assignment, scores, limits.wanted)
    broken = [(rule, violation) for rule, violation in cases if rule.price is None]
    unmet = [violation for _, violation in broken]
    if not unmet and assignment.marginals is not None:
        unmet += unkept_quotas(assignment.marginals, scores, limits)
    if unmet:
        raise InfeasibleError(
            summary=f"{unmet[0].detail}, and no way was found to change that: give the rule a price",
            explanations=explain_rules(scores, limits, _trial(scores), broken=[rule for rule, _ in broken]),
        )
    if assignment.is_complete and (config.allow_partial or _is_kept_on_average(assignment, limits)):
        return assignment
    if not config.allow_partial:
        raise _unsolved(scores, limits, assignment, config)
    return assignment if limits.rules else share_missing(scores, limits, assignment, config)


def _is_kept_on_average(assignment: Assignment, limits: Limits) -> bool:
    """Whether the policy that was drawn from meets demand and minimum loads too: one lucky draw does not."""
    policy = assignment.marginals
    if policy is None:
        return True
    required, chance = limits.required, policy.probabilities
    reviews = np.bincount(policy.rows, weights=chance, minlength=len(limits.wanted)) + required.sum(axis=1)
    loads = np.bincount(policy.columns, weights=chance, minlength=len(limits.min_load)) + required.sum(axis=0)
    return bool((reviews > limits.wanted - SCORE_ERROR).all() and (loads > limits.min_load - SCORE_ERROR).all())


def _unsolved(scores: ScoreMatrix, limits: Limits, found: Assignment, config: MatchConfig) -> InfeasibleError:
    """Why not everything is met, and what would meet it."""
    summary = ""
    if config.objective in LOTTERIES and config.probability_limit < 1:
        summary = why_no_lottery(scores, limits, config.probability_limit)
    error = infeasible(scores, limits, found, summary=summary)
    if error.explanations or not limits.rules:
        return error
    return InfeasibleError(
        found.shortfalls,
        found.underloads,
        summary="all limits can be met, but no way was found to meet the rules with them: give one of them a price",
        explanations=explain_rules(scores, limits, _trial(scores)),
    )


def _trial(scores: ScoreMatrix) -> Solve:
    """Tries limits with rules: whether everything hard is met, and how often a rule with a price is broken."""

    def solve(limits: Limits) -> tuple[bool, int]:
        answer = solve_arrays(scores, limits, objective="max-total", seed=0)
        cases = [rule.price is None for rule, _ in broken_rules(limits.rules, answer, scores, limits.wanted)]
        return answer.is_complete and not any(cases), len(cases)

    return solve


def solve_under_rules(scores: ScoreMatrix, limits: Limits) -> Ints:
    """(K, 2) sorted positions of the pairs with the largest total under the rules of the limits."""
    places = np.stack(places_of(solve_arrays(scores, limits, objective="max-total", seed=0), scores), axis=1)
    return places[np.lexsort((places[:, 1], places[:, 0]))]


def package(
    scores: ScoreMatrix, limits: Limits, places: Ints, *, solver: str, earlier: Assignment | None = None
) -> Assignment:
    """Make an assignment of pairs that were found in another way than by a solver of an objective.

    Args:
        scores: (S, R).
        limits: what must be respected.
        places: (K, 2) positions of the pairs, sorted.
        solver: what found them.
        earlier: an assignment whose prices bound this one, too, since prices bound every answer.
    """
    rows, columns = places[:, 0], places[:, 1]
    pairs = tuple(pairs_at(scores, limits, rows, columns))
    filled = np.bincount(rows, minlength=len(limits.wanted))
    loads = np.bincount(columns, minlength=len(limits.max_load))
    shortfalls, underloads = list_missing(scores, limits, filled, loads)
    assignment = Assignment(
        pairs=pairs,
        shortfalls=shortfalls,
        underloads=underloads,
        objective=total_of(pairs),
        bound=None,
        solver=solver,
    )
    certificate = None if earlier is None else earlier.certificate
    if certificate is None or len(certificate.reviewer_prices) != len(scores.reviewers):
        return assignment
    bound = dual_bound(assignment, scores, limits, certificate)
    return replace(assignment, bound=bound, certificate=certificate)


def share_missing(scores: ScoreMatrix, limits: Limits, assignment: Assignment, config: MatchConfig) -> Assignment:
    """Share the reviews that nobody can give, where one submission would go without and another have all.

    Args:
        scores: (S, R).
        limits: what must be respected.
        assignment: fills as many reviews as can be filled.
        config: `objective`, `seed`.

    Returns:
        As many reviews, shared as evenly as the limits allow, and the best answer with just these numbers of reviews;
        the assignment itself where it is as even already. The bound stays that of all answers that fill as many.
    """
    if config.objective not in ("max-total", "max-min"):
        return assignment  # a policy or a baseline is not for us to change
    counts = even_counts(scores, limits, assignment)
    got = np.zeros(len(counts), dtype=np.int64)
    for pair in assignment.pairs:
        got[scores.submissions.position(pair.submission_id)] += 1
    share, even = got / np.maximum(limits.wanted, 1), counts / np.maximum(limits.wanted, 1)
    if np.allclose(np.sort(share), np.sort(even)):
        return assignment
    again = solve_arrays(scores, replace(limits, wanted=counts), objective=config.objective, seed=config.seed)
    loads = np.zeros(len(limits.max_load), dtype=np.int64)
    for pair in again.pairs:
        loads[scores.reviewers.position(pair.reviewer_id)] += 1
    shortfalls, underloads = list_missing(scores, limits, counts, loads)
    shared = replace(again, shortfalls=shortfalls, underloads=underloads, certificate=assignment.certificate)
    if shared.certificate is None:
        return shared
    shared = replace(shared, bound=dual_bound(shared, scores, limits, shared.certificate), goal=None)
    return _with_goal(shared, scores, limits, assignment.goal, counts)


def _with_goal(shared: Assignment, scores: ScoreMatrix, limits: Limits, goal: Goal | None, counts: Ints) -> Assignment:
    """The goal with what is counted now: submissions that have all their reviews; none where its proof needs others."""
    if goal is None or goal.shares is None:
        return shared
    counted = goal.counted & (counts == limits.wanted)
    if goal.shares[~counted].any():
        return shared
    goal = replace(goal, counted=counted)
    value, bound = goal_facts(shared, scores, limits, goal)
    return replace(shared, goal=replace(goal, value=value, bound=bound))


def _options(config: MatchConfig) -> Options:
    return Options(
        probability_limit=config.probability_limit,
        tail=config.tail,
        perturbation=config.perturbation,
        draw_seed=config.draw_seed,
    )


def prepare(objective: str, options: Options) -> None:
    """Refuse an objective or options that no solver knows, and load the engine.

    Raises:
        UnknownNameError: no solver has that objective.
        ConfigError: an option is out of range.
    """
    make_solver(objective, options)


def solve_arrays(
    scores: ScoreMatrix,
    limits: Limits,
    *,
    objective: str,
    seed: int,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Assignment:
    """Solve and package; shortfalls are part of the answer. See `assign`.

    Args:
        scores: (S, R).
        limits: what must be respected.
        objective: one of `records.OBJECTIVES`.
        seed: decides between equally good answers.
        options: what only some objectives ask for.
        progress: called while solving.
    """
    if any(rule.room is not None for rule in limits.rules):
        return _solve_weighted(scores, limits, objective, seed)
    solver = make_solver(objective, options)
    rows, columns = _required(limits)
    last_resort = limits.last_resort
    rules = None
    if limits.rules:
        rules = make_rules(limits.rules, limits.wanted, (rows, columns), len(scores.reviewers))
    solution = solver.solve(
        Problem(
            values=_less_prices(scores.values, limits.rules),
            eligible=limits.eligible,
            last_resort=last_resort if last_resort.any() else None,
            wanted=limits.wanted - np.bincount(rows, minlength=len(limits.wanted)),
            max_load=limits.max_load - np.bincount(columns, minlength=len(limits.max_load)),
            min_load=np.maximum(limits.min_load - np.bincount(columns, minlength=len(limits.min_load)), 0),
            given_reviews=np.bincount(rows, minlength=len(limits.wanted)) if len(rows) else None,
            given_scores=given_scores(scores, limits) if len(rows) else None,
            rules=rules,
        ),
        seed=seed,
        progress=progress,
    )
    assignment = replace(
        _packed(
            scores, limits, solution.rows, solution.columns, solver.name + (solution.note and f", {solution.note}")
        ),
        certificate=solution.certificate,
        marginals=solution.marginals,
    )
    if solution.certificate is None:
        return assignment
    bound = dual_bound(assignment, scores, limits, solution.certificate)
    if solution.goal is None:
        return replace(assignment, bound=bound)
    value, goal_bound = goal_facts(assignment, scores, limits, solution.goal)
    return replace(assignment, bound=bound, goal=replace(solution.goal, value=value, bound=goal_bound))


def _solve_weighted(scores: ScoreMatrix, limits: Limits, objective: str, seed: int) -> Assignment:
    """The best answer with loads by weights; its bound is that of counting every review as the lightest."""
    from matcher.solvers.programmes import solve_weighted

    if objective not in ("max-total", "max-min") or len(limits.rules) > 1:
        message = "weights of submissions are met under max-total and max-min, without other rules over several pairs"
        raise ConfigError(message, key="assignment.objective")
    (rule,) = limits.rules
    assert rule.weights is not None
    assert rule.room is not None
    rows, columns = _required(limits)
    given = np.bincount(columns, weights=rule.weights[rows], minlength=len(rule.room))
    last_resort = limits.last_resort
    problem = Problem(
        values=scores.values,
        eligible=limits.eligible,
        last_resort=last_resort if last_resort.any() else None,
        wanted=limits.wanted - np.bincount(rows, minlength=len(limits.wanted)),
        max_load=limits.max_load - np.bincount(columns, minlength=len(limits.max_load)),
        min_load=np.maximum(limits.min_load - np.bincount(columns, minlength=len(limits.min_load)), 0),
        given_reviews=np.bincount(rows, minlength=len(limits.wanted)),
        given_scores=given_scores(scores, limits),
    )
    room = np.maximum(rule.room - given, 0)
    found = solve_weighted(problem, rule.weights, room, is_fair=objective == "max-min")
    places = np.concatenate([np.stack([found.rows, found.columns], axis=1), np.stack([rows, columns], axis=1)])
    places = places[np.lexsort((places[:, 1], places[:, 0]))]
    plain = solve_arrays(scores, replace(limits, rules=()), objective="max-total", seed=seed)
    return package(scores, limits, places, solver=f"{objective} (HiGHS, weighted loads{found.note})", earlier=plain)


def _required(limits: Limits) -> tuple[Ints, Ints]:
    rows, columns = np.nonzero(limits.required)
    return rows.astype(np.int64), columns.astype(np.int64)


def _less_prices(values: Floats, rules: Iterable[SideRule]) -> Floats:
    """Scores less what soft rules on single pairs cost."""
    found = values
    for rule in rules:
        if rule.pairs is not None and rule.price is not None:
            found = found.copy() if found is values else found
            found[rule.pairs[:, 0], rule.pairs[:, 1]] -= np.float32(rule.price)
    return found


def redraw(assignment: Assignment, scores: ScoreMatrix, limits: Limits, *, draw_seed: int) -> Assignment:
    """Draw again from the policy of a randomised assignment.

    Args:
        assignment: with `marginals`.
        scores: (S, R).
        limits: what must be respected.
        draw_seed: decides the draw.

    Raises:
        DataError: the assignment has no policy to draw from.
    """
    from matcher.solvers.plans import Room, draw_from_plans
    from matcher.solvers.rounding import draw

    policy = assignment.marginals
    if policy is None:
        raise DataError(
            f"'{assignment.solver}' is no policy to draw from",
            remedy="solve with objective = 'randomised' or 'perturbed'",
        )
    rules = make_rules(limits.rules, limits.wanted, _required(limits), len(scores.reviewers)) if limits.rules else None
    if policy.plans is None:
        groups = groups_of(rules, policy.rows, policy.columns)
        chosen = draw(policy.rows, policy.columns, policy.units, policy.unit, seed=draw_seed, groups=groups)
    else:
        assert rules is not None  # without rules pairs are drawn
        given = limits.required.sum(axis=0)
        room = Room(limits.max_load - given, np.maximum(limits.min_load - given, 0), rules)
        chosen = draw_from_plans(policy.rows, policy.columns, policy.plans, room, seed=draw_seed)
    drawn = _packed(scores, limits, policy.rows[chosen], policy.columns[chosen], assignment.solver)
    drawn = replace(
        drawn,
        certificate=assignment.certificate,
        goal=assignment.goal,
        marginals=replace(policy, draw_seed=draw_seed),
    )
    assert assignment.certificate is not None  # policies are proven
    return replace(drawn, bound=dual_bound(drawn, scores, limits, assignment.certificate))


def _packed(scores: ScoreMatrix, limits: Limits, rows: Ints, columns: Ints, solver: str) -> Assignment:
    """Chosen and required pairs as an assignment, with what falls short."""
    required_rows, required_columns = np.nonzero(limits.required)
    rows, columns = np.concatenate([rows, required_rows]), np.concatenate([columns, required_columns])
    order = np.lexsort((columns, rows))
    rows, columns = rows[order], columns[order]
    pairs = tuple(pairs_at(scores, limits, rows, columns))
    filled = np.bincount(rows, minlength=len(limits.wanted))
    loads = np.bincount(columns, minlength=len(limits.max_load))
    shortfalls, underloads = list_missing(scores, limits, filled, loads)
    return Assignment(
        pairs=pairs,
        shortfalls=shortfalls,
        underloads=underloads,
        objective=total_of(pairs),
        bound=None,
        solver=solver,
    )


def price_questions(scores: ScoreMatrix, limits: Limits, assignment: Assignment, config: MatchConfig) -> QuestionPrice:
    """What the open questions about conflicts cost: the same problem solved again as if all of them were cleared.

    Args:
        scores: (S, R).
        limits: with the questions blocked.
        assignment: the answer under these limits.
        config: `objective`, `seed`, `min_score`.

    Returns:
        How many pairs are asked about that could be assigned otherwise, and what clearing all of them would gain.
    """
    with np.errstate(invalid="ignore"):
        usable = (limits.status == PairStatus.ASK) & (scores.values >= config.min_score) & (limits.max_load > 0)
    if not usable.any():
        return QuestionPrice(pairs=0, submissions=0, gain=0.0, filled=0, changed=0)
    status = np.where(usable, np.uint8(PairStatus.ELIGIBLE), limits.status)
    # A draw or a baseline is nothing to compare a total with; what is possible at most is.
    is_plain = assignment.bound is not None and assignment.marginals is None
    freed = solve_arrays(
        scores,
        replace(limits, status=status),
        objective=config.objective if is_plain else "max-total",
        seed=config.seed,
        options=_options(config),
    )
    gain = freed.objective - assignment.objective
    if assignment.goal is not None and assignment.bound is not None and freed.bound is not None:
        gain = freed.bound - assignment.bound
    before = {(pair.submission_id, pair.reviewer_id) for pair in assignment.pairs}
    after = {(pair.submission_id, pair.reviewer_id) for pair in freed.pairs}
    return QuestionPrice(
        pairs=int(usable.sum()),
        submissions=int(usable.any(axis=1).sum()),
        gain=gain,
        filled=len(after) - len(before),
        changed=len(after - before),
    )


class Chances(NamedTuple):
    """What trial matches say of questions.

    Args:
        questions: (Q,) share of the trials with the question released in which one of its pairs is assigned; NaN where
            no release of the question alone can change the assignment.
        pairs: (A,) whether a pair that is asked about is assigned in any trial.
    """

    questions: Doubles
    pairs: Bools


def question_chances(
    scores: ScoreMatrix,
    limits: Limits,
    assignment: Assignment,
    config: MatchConfig,
    *,
    pairs: Ints,
    asked: Ints,
    risks: Doubles,
    draws: int = 8,
) -> Chances:
    """How likely the release of each question leads to an assignment, by trial matches.

    Under max-total, a pair whose reduced cost shows that the optimum stays as it is when it alone is released is not
    tried; other objectives have no such proof. In the
    first trial every other question is released, in each further one with the probability that it is no conflict.

    Args:
        scores: (S, R).
        limits: with the questions blocked.
        assignment: the answer under these limits.
        config: `objective`, `seed`, `min_score`.
        pairs: (A, 2) row and column of every pair that is asked about.
        asked: (A,) which of Q questions asks about the pair; several may ask about one.
        risks: (Q,) probability that it is a conflict.
        draws: number of trials.

    Returns:
        Of each question and of each pair.

    Source: weak duality, as for `dual_bound`.
    """
    rows, columns = pairs[:, 0], pairs[:, 1]
    values = scores.values[rows, columns].astype(np.float64)
    with np.errstate(invalid="ignore"):
        usable = (limits.status[rows, columns] == PairStatus.ASK) & (values >= config.min_score)
    usable &= limits.max_load[columns] > 0
    if assignment.certificate is not None and config.objective == "max-total":
        net = values - assignment.certificate.reviewer_prices[columns]
        usable &= net > _thresholds(scores, limits, assignment.certificate)[rows] + SCORE_ERROR
    chances = np.full(len(risks), np.nan)
    is_tried = np.zeros(len(risks), dtype=np.bool_)
    is_tried[asked[usable]] = True
    rng = np.random.default_rng(config.seed)
    released_in, assigned_in = np.zeros(len(risks)), np.zeros(len(risks))
    is_led = np.zeros(len(rows), dtype=np.bool_)
    for draw in range(draws if is_tried.any() else 0):
        released = is_tried & ((rng.random(len(risks)) >= risks) if draw else True)
        # A pair is free only when every question about it is: one that is never tried keeps it blocked.
        held = np.zeros(limits.status.shape, dtype=np.bool_)
        held[rows[~released[asked]], columns[~released[asked]]] = True
        status = limits.status.copy()
        status[rows[usable], columns[usable]] = PairStatus.ELIGIBLE
        status[held] = limits.status[held]
        answer = solve_arrays(scores, replace(limits, status=status), objective=config.objective, seed=config.seed)
        is_assigned = np.zeros(limits.status.shape, dtype=np.bool_)
        for pair in answer.pairs:
            is_assigned[_place(scores, pair.submission_id, pair.reviewer_id)] = True
        there = usable & is_assigned[rows, columns]
        is_led |= there
        led = np.zeros(len(risks), dtype=np.bool_)
        led[asked[there]] = True
        released_in += released
        assigned_in += released & led
    np.divide(assigned_in, released_in, out=chances, where=is_tried & (released_in > 0))
    return Chances(chances, is_led)


def _thresholds(scores: ScoreMatrix, limits: Limits, certificate: Certificate) -> Doubles:
    """(S,) score minus price that a pair needs to be among the best of its submission."""
    most = int(limits.wanted.max(initial=1))
    thresholds: Doubles = np.full(len(limits.wanted), -certificate.unfilled)
    for row, wanted in enumerate(limits.wanted - limits.required.sum(axis=1)):
        eligible = limits.status[row] == PairStatus.ELIGIBLE
        net = scores.values[row, eligible].astype(np.float64) - certificate.reviewer_prices[eligible]
        if 0 < wanted <= min(len(net), most):
            thresholds[row] = max(thresholds[row], np.partition(net, len(net) - wanted)[len(net) - wanted])
        elif wanted <= 0:
            thresholds[row] = np.inf
    return thresholds
