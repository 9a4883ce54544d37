"""Why quotas and other rules over several pairs cannot be met: smallest sets of reasons, and what giving way would do.

A quota is a demand of its own: so many reviews of each submission by its members, or, where it has a most, so many by
others. Where one quota alone cannot be met, the sets are found as they are for demand. Where each alone can be, rules
are left out one after the other: of those that remain, leaving out any one makes the rest possible.

Source: J. Chinneck, E. Dravnieks, 1991 (deletion filter), as in `infeasibility`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from matcher.infeasibility import Question, cores_in_words, demand_question, many, usual_load
from matcher.records import Bools, Infeasibility, Limits, PairStatus, Relaxation, ScoreMatrix, SideRule
from matcher.ways_out import NOTHING

__all__ = ["Solve", "explain_rules"]

Solve: TypeAlias = Callable[[Limits], tuple[bool, int]]
"""Solves limits with their rules; tells whether all hard ones hold and every review is given, and how often a rule with
a price is broken."""


def explain_rules(
    scores: ScoreMatrix, limits: Limits, solve: Solve, *, broken: Sequence[SideRule] = ()
) -> tuple[Infeasibility, ...]:
    """Say why hard rules cannot be met, though demand and loads can.

    Args:
        scores: (S, R).
        limits: with the rules.
        solve: tries limits.
        broken: rules that the best answer breaks; looked at first.

    Returns:
        Smallest sets for every quota that cannot be met alone; else one smallest set of rules.
    """
    hard = [rule for rule in limits.rules if rule.price is None]
    found: list[Infeasibility] = []
    for rule in hard:
        for question, of_whom in _quota_questions(scores, limits, rule):
            found += [
                _named_after(each, rule, of_whom, limits, solve)
                for each in cores_in_words(question, usual_load(limits))
            ]
    if found:
        return tuple(found)
    order = [rule for rule in hard if rule not in broken] + [rule for rule in hard if rule in broken]
    kept = list(order)
    for rule in order:
        rest = [other for other in kept if other is not rule]
        if not solve(_with(limits, rest))[0]:
            kept = rest
    if not kept:
        return ()
    return (_together(kept, limits, solve),)


def _with(limits: Limits, hard: Sequence[SideRule], *soft: SideRule) -> Limits:
    return replace(limits, rules=(*hard, *soft))


def _quota_questions(scores: ScoreMatrix, limits: Limits, rule: SideRule) -> Iterator[tuple[Question, str]]:
    """What a quota wants of its members, and what it leaves to others."""
    if rule.members is None:
        return
    plain = demand_question(scores, limits, NOTHING)
    parts = [(rule.members, np.minimum(rule.at_least, limits.wanted), "who count for it")]
    if rule.at_most is not None:
        parts.append((~rule.members, np.maximum(limits.wanted - rule.at_most, 0), "who do not count for it"))
    for members, most, of_whom in parts:
        wanted = np.maximum(most - (limits.required & members).sum(axis=1), 0)
        yield replace(plain, allowed=plain.allowed & members, wanted=wanted, barred=_inside(plain, members)), of_whom


def _inside(question: Question, members: Bools) -> Callable[[Sequence[int], PairStatus], Bools]:
    """The pairs with members that a rule bars."""
    return lambda rows, status: question.barred(rows, status) & members


def _named_after(reasons: Infeasibility, rule: SideRule, of_whom: str, limits: Limits, solve: Solve) -> Infeasibility:
    """The reasons with the rule as one of them, and the price of the rule among the ways out."""
    others = [other for other in limits.rules if other is not rule]
    ways = [replace(way, text=f"{way.text}, {of_whom}") for way in reasons.relaxations if way.kind == "reviewers"]
    ways += [way for way in reasons.relaxations if way.kind in ("load", "questions", "floor")]
    ways += _price(rule, others, limits, solve)
    return replace(
        reasons,
        wanting="a rule",
        rules=(rule.name, *reasons.rules),
        text=f"rule '{rule.name}': of the reviewers {of_whom}, {reasons.text}",
        relaxations=tuple(sorted(ways, key=lambda way: way.amount)),
    )


def _price(rule: SideRule, others: Sequence[SideRule], limits: Limits, solve: Solve) -> Iterator[Relaxation]:
    is_possible, cases = solve(_with(limits, others, replace(rule, price=1.0)))
    if is_possible:
        text = f"give '{rule.name}' a price: with 1.0 it is broken {many(cases, 'time')}"
        yield Relaxation("price", text, cases, cases)


def _together(kept: list[SideRule], limits: Limits, solve: Solve) -> Infeasibility:
    ways: list[Relaxation] = []
    for rule in kept:
        ways += _price(rule, [other for other in limits.rules if other is not rule], limits, solve)
    names = sorted(rule.name for rule in kept)
    listed = ", ".join(f"'{name}'" for name in names)
    one = f"rule {listed} cannot be met together with demand and loads"
    several = f"the rules {listed} cannot be met together; without any one of them the others can"
    return Infeasibility(
        wanting="rules",
        submissions=(),
        reviewers=(),
        rules=tuple(names),
        need=len(names),
        can=len(names) - 1,
        text=one if len(names) == 1 else several,
        relaxations=tuple(sorted(ways, key=lambda way: way.amount)),
    )
