"""Questions about doubtful conflicts, each asked once, and what decisions make of them.

A question is one rule between two people, whatever the submission. A decision knows the facts that it was made on.
A dismissal holds as long as the evidence is no stronger: a new fact, a surer verdict or a higher confidence opens the
question again. A confirmation holds as long as the rule finds anything.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from matcher.identity import normalise_name
from matcher.records import Conflict, Decision, Evidence, PersonId, SubmissionId, Venue, Verdict

__all__ = ["Key", "Question", "decide", "facts_of", "is_open_to_decision", "key_of", "questions", "with_decisions"]

Key: TypeAlias = tuple[str, PersonId, str]
"""Rule, reviewer, and the author as `Decision.who` writes them."""

_RISE: Final = 0.05
"""By how much a confidence must rise to count as stronger evidence; less than any step of the table in `identity`."""

_POSITION: Final = re.compile(r"^author \d+, ")
_DIGITS: Final = 16


def key_of(conflict: Conflict) -> Key:
    """The question to which a conflict belongs."""
    who = conflict.via or f"name:{normalise_name(conflict.via_name) or conflict.via_name}"
    return conflict.rule, conflict.reviewer_id, who


def facts_of(conflict: Conflict) -> tuple[str, ...]:
    """Digests of the facts, sorted; the same facts on another submission, or read elsewhere, have the same digests."""
    return tuple(sorted({_digest(each) for each in conflict.evidence}))


def _digest(evidence: Evidence) -> str:
    text = str(evidence.paper_id) if evidence.paper_id is not None else _POSITION.sub("", evidence.text)
    parts = (evidence.kind, text, *map(str, evidence.dates))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:_DIGITS]


def is_open_to_decision(conflict: Conflict) -> bool:
    """Whether people may decide it: not what they declared themselves, and not an authorship that an id proves."""
    return conflict.rule != "declared" and not (conflict.rule == "author" and conflict.confidence >= 1.0)


def _is_stronger(conflict: Conflict, decision: Decision) -> bool:
    return (
        (conflict.verdict is Verdict.BLOCK and decision.verdict != "block")
        or conflict.confidence > decision.confidence + _RISE
        or not set(facts_of(conflict)) <= set(decision.facts)
    )


def with_decisions(conflicts: Iterable[Conflict], decisions: Sequence[Decision]) -> list[Conflict]:
    """Conflicts as they stand after what was decided about them.

    Args:
        conflicts: as the rules found them.
        decisions: one for each question.

    Returns:
        The same conflicts in the same order: confirmed ones block, dismissed ones are clear, and what was dismissed on
        weaker evidence stays as it is. Each says so in its evidence.
    """
    by_key = {(each.rule, each.reviewer_id, each.who): each for each in decisions}
    if not by_key:
        return list(conflicts)
    people = {decision.reviewer_id for decision in decisions}
    decided = []
    for conflict in conflicts:
        decision = by_key.get(key_of(conflict)) if conflict.reviewer_id in people else None
        decided.append(conflict if decision is None else _decided(conflict, decision))
    return decided


def _decided(conflict: Conflict, decision: Decision) -> Conflict:
    if not is_open_to_decision(conflict):
        return conflict
    by = f" by {decision.by}" if decision.by else ""
    why = f": {decision.reason}" if decision.reason else ""
    if decision.outcome == "confirmed":
        verdict, text = Verdict.BLOCK, f"confirmed{by}{why}"
    elif _is_stronger(conflict, decision):
        verdict, text = conflict.verdict, f"dismissed{by} on weaker evidence{why}; there is more now"
    else:
        verdict, text = Verdict.CLEAR, f"dismissed{by}{why}"
    return replace(conflict, verdict=verdict, evidence=(*conflict.evidence, Evidence("decision", text)))


@dataclass(frozen=True, slots=True)
class Question:
    """One rule between two people that somebody has to decide.

    Args:
        id: short, for people: it changes when the evidence does.
        key: rule, reviewer and author.
        reviewer: the reviewer's name.
        author: the author's name.
        conflict: one of the conflicts that ask, with its evidence.
        submissions: those for which it asks, sorted.
        chance: share of trial matches in which a release led to an assignment; `None` when not tried.
        is_reopened: whether it was dismissed before, on weaker evidence.
        matters_for: those submissions for which a release led to an assignment in a trial match.
    """

    id: str
    key: Key
    reviewer: str
    author: str
    conflict: Conflict
    submissions: tuple[SubmissionId, ...]
    chance: float | None = None
    is_reopened: bool = False
    matters_for: tuple[SubmissionId, ...] = ()

    @property
    def risk(self) -> float:
        """Probability that it is a conflict."""
        return self.conflict.confidence

    @property
    def weight(self) -> float:
        """Risk × chance of assignment; where that was not tried, risk × number of submissions."""
        return self.risk * (len(self.submissions) if self.chance is None else self.chance)


def questions(conflicts: Iterable[Conflict], venue: Venue) -> list[Question]:
    """Every open question, each once, the weightiest first.

    Args:
        conflicts: all of the venue, decisions taken into account.
        venue: names.
    """
    asking: dict[Key, list[Conflict]] = {}
    for conflict in conflicts:
        if conflict.verdict is Verdict.ASK:
            asking.setdefault(key_of(conflict), []).append(conflict)
    found = [_question(key, group, venue) for key, group in asking.items()]
    return sorted(found, key=lambda each: (-each.weight, each.key))


def _question(key: Key, group: Sequence[Conflict], venue: Venue) -> Question:
    first = max(group, key=lambda each: (each.confidence, len(each.evidence)))
    facts = sorted({fact for each in group for fact in facts_of(_undecided(each))})
    digest = hashlib.sha256("\x1f".join((*key, *facts)).encode()).hexdigest()[:_DIGITS]
    return Question(
        id=digest,
        key=key,
        reviewer=venue.name_of(key[1]),
        author=first.via_name,
        conflict=first,
        submissions=tuple(dict.fromkeys(each.submission_id for each in group)),
        is_reopened=any(fact.kind == "decision" for fact in first.evidence),
    )


def _undecided(conflict: Conflict) -> Conflict:
    return replace(conflict, evidence=tuple(each for each in conflict.evidence if each.kind != "decision"))


def decide(
    question: Question, outcome: str, conflicts: Mapping[Key, Sequence[Conflict]], *, by: str = "", reason: str = ""
) -> Decision:
    """The decision about a question, on all the facts known for it.

    Args:
        question: which.
        outcome: `confirmed` or `dismissed`.
        conflicts: those of each question, from which its facts are taken.
        by: who decides.
        reason: in their words.
    """
    group = [_undecided(each) for each in conflicts[question.key]]
    rule, reviewer_id, who = question.key
    return Decision(
        rule=rule,
        reviewer_id=reviewer_id,
        who=who,
        outcome="confirmed" if outcome == "confirmed" else "dismissed",
        verdict="block" if any(each.verdict is Verdict.BLOCK for each in group) else "ask",
        confidence=max(each.confidence for each in group),
        facts=tuple(sorted({fact for each in group for fact in facts_of(each)})),
        by=by,
        reason=reason,
    )
