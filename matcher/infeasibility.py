"""Why no assignment can respect all limits: a smallest set of reasons, and the cheapest ways out, each tried.

Demand and maximum loads can be met together exactly when no set of submissions needs more reviews than those who may
review them can give; minimum loads and demand exactly when no set of reviewers must have more submissions than those
that they may review can take. By Hoffman's theorem nothing else can go wrong, so both are explained by one search,
once with submissions as those who want and reviewers as those who give, once the other way round.

From a largest flow, what is reached from one that is not full is a set with too little supply (a minimum cut). A
deletion filter then tries every member of it: a wish, the limit of a giver, a rule that bars pairs. What can be left
out without making the rest possible is left out; of what remains, removing any one member makes the rest possible.

Source: A. Hoffman, Some recent applications of the theory of linear inequalities, 1960 (circulations); J. Chinneck,
E. Dravnieks, Locating minimal infeasible constraint sets in linear programs, 1991 (deletion filter).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from matcher.flow import Flow
from matcher.records import (
    Assignment,
    Bools,
    Doubles,
    Floats,
    Infeasibility,
    Ints,
    Limits,
    PairStatus,
    PersonId,
    Relaxation,
    ScoreMatrix,
    SubmissionId,
)

__all__ = [
    "RULES",
    "Question",
    "cores_in_words",
    "demand_question",
    "explain_infeasible",
    "many",
    "minimum_question",
    "usual_load",
    "why_no_lottery",
    "why_too_much_minimum",
]

_ROOTS: Final = 8
"""Those who are not full from which a smallest set of reasons is looked for, before the smallest found is taken."""

_EXPLAINED: Final = 5
"""Independent sets of reasons that are given before the rest is only counted."""

_EXCHANGES: Final = 16
"""Exchanges that are tried for all givers at once before they are tried one by one."""

_ROUNDING: Final = 1e-9
"""What sums of probabilities may lack through rounding."""

_LIFTED: Final = 1 << 40
"""Room of a giver whose limit is left out."""

RULES: Final = {
    PairStatus.UNAVAILABLE: "availability",
    PairStatus.BLOCKED: "conflicts",
    PairStatus.FORBIDDEN: "forbidden pairs",
    PairStatus.REFUSED: "refused bids",
    PairStatus.NOT_AGAIN: "wishes for different reviewers",
    PairStatus.DECLINED: "declined before",
    PairStatus.RULED_OUT: "pair rules",
    PairStatus.UNSCORED: "no publications",
    PairStatus.BELOW_FLOOR: "score floor",
    PairStatus.ASK: "open questions",
}
"""What bars pairs, in the order in which it is tried to do without: what a chair can change is tried last, so that it
is named where several rules could be."""

_WHY: Final = {
    "availability": "are not available",
    "conflicts": "are in conflict",
    "forbidden pairs": "are forbidden by the chair",
    "refused bids": "refused in their bids",
    "wishes for different reviewers": "reviewed an earlier version and others are wished for",
    "declined before": "declined earlier",
    "pair rules": "are ruled out by a pair rule",
    "no publications": "have no publications",
    "score floor": "are below the score floor",
    "open questions": "wait for a decision on a conflict",
    "one last resort": "have no publications, and at most one of these may review a submission",
}
_OF_ONE: Final = {"are": "is", "have": "has", "wait": "waits"}


# --- a smallest set of reasons --------------------------------------------------------------------------------------


@dataclass
class _Core:
    """A set of reasons, as positions.

    Args:
        rows: those who want.
        columns: givers whose limits matter.
        rules: names of the rules that matter.
        flow: a largest flow of these rows alone, while all limits and rules hold.
        short: the row of the flow that is not full.
    """

    rows: list[int]
    columns: list[int]
    rules: list[str]
    flow: Flow
    short: int


@dataclass(frozen=True)
class Question:
    """One way round of the problem: who wants, who gives, and what bars pairs.

    Args:
        allowed: (N, M) pairs that may be.
        wanted: (N,) of those who want.
        room: (M,) of those who give.
        spare: (M,) givers of which one may have at most one.
        barred: the pairs that a rule bars, for some rows.
        held: for each row the columns that give to it in the answer that fell short.
        row_ids: names of those who want.
        column_ids: names of those who give.
        values: (N, M) scores, NaN where there are none.
        is_demand: whether submissions want reviews; else reviewers want minimum loads.
    """

    allowed: Bools
    wanted: Ints
    room: Ints
    spare: Bools
    barred: Callable[[Sequence[int], PairStatus], Bools]
    held: list[list[int]]
    row_ids: Sequence[str]
    column_ids: Sequence[str]
    values: Floats
    is_demand: bool

    def flow(self) -> Flow:
        """A largest flow."""
        flow = Flow(self.allowed, self.wanted, self.room, self.spare, self.held)
        flow.fill_all()
        return flow


def _cores(question: Question, flow: Flow) -> Iterator[_Core]:
    """Independent smallest sets of reasons; the rows of one are no rows of the next."""
    gone: set[int] = set()
    for _ in range(_EXPLAINED):
        short = [row for row in flow.short() if row not in gone]
        if not short:
            return
        core = _core(question, flow, short)
        yield core
        for row in core.rows:
            gone.add(row)
            flow.release(row)
            flow.wanted = flow.wanted.copy()
            flow.wanted[row] = 0
        flow.fill_all()


def _core(question: Question, flow: Flow, short: list[int]) -> _Core:
    supply = (question.allowed[short] & (question.room > 0) & ~question.spare).sum(axis=1)
    supply += (question.allowed[short] & (question.room > 0) & question.spare).any(axis=1)
    alone = [row for row, most in zip(short, supply.tolist(), strict=True) if most < flow.wanted[row]]
    if alone:
        rows = [alone[0]]
        part = flow.part(rows, question.room)
        part.fill_all()
        return _filtered(question, part, rows, 0)
    best: list[int] | None = None
    for row in short[:_ROOTS]:
        if flow.reach([row], most=None if best is None else len(best)) is None and (
            best is None or len(flow.rows) < len(best)
        ):
            best = list(flow.rows)
    assert best is not None
    return _single_short(question, flow, best)


def _single_short(question: Question, flow: Flow, rows: list[int]) -> _Core:
    """Add those who are not full one by one to those who are, until one cannot be filled any more."""
    full = [row for row in rows if flow.missing(row) == 0]
    short = [row for row in rows if flow.missing(row) > 0]
    order = full + short
    part = flow.part(order, question.room)
    wanted = part.wanted.copy()
    for place in range(len(full), len(order)):
        part.release(place)
        part.wanted[place] = 0
    stuck = len(full)
    for place in range(len(full), len(order)):
        part.wanted[place] = wanted[place]
        stuck = place
        if part.fill(place):
            break
    return _filtered(question, part, order, stuck)


def _filtered(question: Question, flow: Flow, order: list[int], short: int) -> _Core:
    """The deletion filter: leave out whatever does not make the rest possible.

    Where one review is missing, leaving out any one that is reached makes room for it: only where more are missing is
    anything tried.
    """
    flow.reach([short])
    for row in sorted(set(flow.rows) - {short}):
        if not (flow.missing(short) == 1 or _frees_enough(flow, row, short) or flow.could_fill(short, without=row)):
            flow.release(row)
            flow.fill(short)
    flow.reach([short])
    reached = sorted(set(flow.rows), key=lambda row: order[row])
    for row in set(range(len(order))) - set(reached):
        flow.release(row)
    # No row is left out from here on: of these rows no proper part is impossible, whatever limits of others are lifted.
    base = flow.part(reached, question.room)
    lifted: set[int] = set()
    enough = _takes_enough(flow, short)
    for column in flow.columns if flow.missing(short) > 1 else ():
        if enough[column]:
            continue
        before = int(flow.room[column])
        flow.room[column] += _LIFTED
        if flow.could_fill(short):
            flow.room[column] = before
        else:
            lifted.add(column)
            flow.fill(short)
            enough[:] = False  # fewer ways may be left
    # Limits that were not reached do not matter as long as the rules hold; nor may they when a rule is left out.
    flow.reach([short])
    kept = set(flow.columns) - lifted
    flow.room = np.where(np.isin(np.arange(len(flow.room)), sorted(kept)), flow.room, _LIFTED)
    rules = _needed_rules(question, flow, order, short)
    return _Core(
        rows=[order[row] for row in reached],
        columns=sorted(kept),
        rules=rules,
        flow=base,
        short=reached.index(short),
    )


def _frees_enough(flow: Flow, row: int, short: int) -> bool:
    """Whether those who give to a row could give to the short one at once: then leaving the row out is enough."""
    direct = [
        column
        for column in flow.held[row]
        if flow.allowed[short, column] and column not in flow.held[short] and not flow.spare[column]
    ]
    return len(direct) >= flow.missing(short)


def _takes_enough(flow: Flow, short: int) -> Bools:
    """(M,) columns whose limit alone stands in the way for sure: without it enough ways would end there.

    A way is the pair itself, or an exchange: another column gives to the short row, and a row that gets it now goes to
    the column asked about. Exchanges are tried with a few rows and columns, each in one exchange only.
    """
    direct = flow.allowed[short].copy()
    direct[list(flow.held[short])] = False
    ways = direct.astype(np.int64)
    used: set[int] = {short}
    for column in np.flatnonzero(direct).tolist():
        row = next((row for row in sorted(flow.holders[column]) if row not in used), None)
        if row is None:
            continue
        used.add(row)
        goes = flow.allowed[row].copy()
        goes[[*flow.held[row], column]] = False
        ways += goes
        if len(used) > _EXCHANGES:
            break
    if flow.has_spare:
        return np.zeros(len(direct), dtype=np.bool_)
    enough: Bools = ways >= flow.missing(short)
    return enough


def _needed_rules(question: Question, flow: Flow, order: list[int], short: int) -> list[str]:
    """Which rules bar pairs that would make the rest possible."""
    needed = []
    for status, name in RULES.items():
        barred = question.barred(order, status)
        if not barred.any():
            continue
        allowed, flow.allowed = flow.allowed, flow.allowed | barred
        if flow.could_fill(short):
            flow.allowed = allowed
            needed.append(name)
        else:
            flow.fill(short)
    if flow.has_spare:
        spare, flow.spare = flow.spare, np.zeros_like(flow.spare)
        flow.has_spare = False
        if flow.could_fill(short):
            needed.append("one last resort")
            flow.spare, flow.has_spare = spare, True
        else:
            flow.fill(short)
    return needed


# --- ways out -------------------------------------------------------------------------------------------------------


def _relaxations(question: Question, core: _Core, load: int) -> list[Relaxation]:
    """Ways out of one set of reasons, each tried while all other limits and rules hold; the smallest change first."""
    missing, name = core.flow.missing(core.short), question.row_ids[core.rows[core.short]]
    found = [
        *_decide_questions(question, core, missing),
        *_lower_floor(question, core, missing),
        *_admit_unscored(question, core, missing),
        *_raise_limits(question, core, missing),
    ]
    if question.is_demand:
        new = _new_reviewers(core, missing, load)
        text = f"find {many(new, 'more reviewer')} without a conflict, each with room for {load}"
        found.append(Relaxation("reviewers", text, new, missing))
        text = f"accept {many(missing, 'review')} fewer, for '{name}' or another of them"
        found.append(Relaxation("demand", text, missing, missing))
    else:
        text = f"lower the minimum load of '{name}', or of another of them, by {missing}"
        found.append(Relaxation("minimum", text, missing, missing))
    return sorted(found, key=lambda way: way.amount)


def _decide_questions(question: Question, core: _Core, missing: int) -> Iterator[Relaxation]:
    flow, asked = core.flow, question.barred(core.rows, PairStatus.ASK)
    if not asked.any():
        return
    used: list[tuple[int, int]] = []

    def collect() -> None:
        used.extend(
            (row, column) for row, held in enumerate(flow.held) for column in sorted(held) if asked[row, column]
        )

    allowed, flow.allowed = flow.allowed, flow.allowed | asked
    if flow.could_fill(core.short, then=collect):
        row, column = used[0]
        first = f"'{question.row_ids[core.rows[row]]}' and '{question.column_ids[column]}'"
        text = f"clear {many(len(used), 'open question')}, first that on {first}"
        yield Relaxation("questions", text, len(used), missing)
    flow.allowed = allowed


def _lower_floor(question: Question, core: _Core, missing: int) -> Iterator[Relaxation]:
    """The highest floor that is low enough."""
    flow, below = core.flow, question.barred(core.rows, PairStatus.BELOW_FLOOR)
    if not below.any():
        return
    values = np.where(below, np.nan_to_num(question.values[core.rows], nan=-1.0), -1.0)
    levels, allowed = np.unique(values[below]), flow.allowed
    low, high = -1, len(levels) - 1
    while low < high:
        middle = (low + high + 1) // 2
        flow.allowed = allowed | (below & (values >= levels[middle]))
        if flow.could_fill(core.short):
            low = middle
        else:
            high = middle - 1
    flow.allowed = allowed
    if low >= 0:
        pairs = int((below & (values >= levels[low])).sum())
        floor = int(float(levels[low]) * 1000) / 1000  # rounded down
        yield Relaxation("floor", f"lower min_score to {floor:.3f}: {many(pairs, 'pair')} more may be", pairs, missing)


def _admit_unscored(question: Question, core: _Core, missing: int) -> Iterator[Relaxation]:
    flow, barred = core.flow, question.barred(core.rows, PairStatus.UNSCORED)
    if not (question.is_demand and barred.any()):
        return
    before = flow.allowed, flow.spare, flow.has_spare
    flow.allowed, flow.spare, flow.has_spare = flow.allowed | barred, flow.spare | barred.any(axis=0), True
    if flow.could_fill(core.short):
        text = "set unscored = 'last_resort': reviewers without publications may then step in"
        yield Relaxation("unscored", text, missing, missing)
    flow.allowed, flow.spare, flow.has_spare = before


def _raise_limits(question: Question, core: _Core, missing: int) -> Iterator[Relaxation]:
    """The limits of those givers who suit those who want best, one by one until nothing is missing."""
    flow = core.flow.part(range(len(core.rows)), question.room)
    raised: dict[int, int] = {}
    mean = _mean_scores(question, core)
    while flow.reach([core.short]) is None and flow.columns:
        columns = flow.columns
        again = [column for column in raised if column in columns]  # one reviewer asked twice is one letter less
        column = again[0] if again else columns[int(mean[columns].argmax())]
        raised[column] = raised.get(column, 0) + 1
        flow.room[column] += 1
        if flow.fill(core.short) == 0:
            break
    if not raised or flow.missing(core.short):
        return
    named = [f"'{question.column_ids[column]}' by {more}" for column, more in raised.items()]
    what = "the maximum load of" if question.is_demand else "the reviews of"
    best = ": the best match among those at their limit" if mean.any() else ""  # before scores are made, nobody is
    text = f"raise {what} {', '.join(named)}{best}"
    yield Relaxation("load" if question.is_demand else "demand", text, missing, missing)


def _mean_scores(question: Question, core: _Core) -> Doubles:
    """(M,) mean score of each giver over those of the core to whom they may give."""
    total, count = np.zeros(len(question.room)), np.zeros(len(question.room), dtype=np.int64)
    for place, row in enumerate(core.rows):
        values = question.values[row]
        usable = core.flow.allowed[place] & ~np.isnan(values)
        total += np.where(usable, values, 0)
        count += usable
    return total / np.maximum(count, 1)


def _new_reviewers(core: _Core, missing: int, load: int) -> int:
    """The fewest new reviewers, free for all of these submissions, that are enough."""
    flow = core.flow
    for count in range(1, missing):
        wider = Flow(
            np.hstack([flow.allowed, np.ones((len(flow.wanted), count), dtype=np.bool_)]),
            flow.wanted,
            np.concatenate([flow.room, np.full(count, load)]),
            np.concatenate([flow.spare, np.zeros(count, dtype=np.bool_)]),
            flow.held,
        )
        wider.room[: len(flow.room)] = flow.room  # giving took room that is taken already
        if wider.fill(core.short) <= 0:
            return count
    return missing


# --- in words -------------------------------------------------------------------------------------------------------


def explain_infeasible(scores: ScoreMatrix, limits: Limits, assignment: Assignment) -> tuple[Infeasibility, ...]:
    """Say why limits cannot be met, by smallest sets of reasons that have no submission (or reviewer) in common.

    Args:
        scores: (S, R).
        limits: what cannot be met.
        assignment: an answer that falls short; the search starts from it.

    Returns:
        At most five explanations of missing reviews and five of missing minimum loads; none when there is an
        assignment that meets all limits.
    """
    found: list[Infeasibility] = []
    for question in (demand_question(scores, limits, assignment), minimum_question(scores, limits, assignment)):
        found += cores_in_words(question, usual_load(limits))
    return tuple(found)


def cores_in_words(question: Question, load: int) -> list[Infeasibility]:
    """The smallest sets of reasons of one question, with their ways out; see `explain_infeasible`.

    Args:
        question: who wants and who gives.
        load: submissions that a new reviewer would take.
    """
    return [_in_words(question, core, _relaxations(question, core, load)) for core in _cores(question, question.flow())]


def usual_load(limits: Limits) -> int:
    """The most frequent maximum load of those who have any; 1 where nobody has."""
    loads = limits.max_load[limits.max_load > 0]
    return int(np.bincount(loads).argmax()) if len(loads) else 1


def demand_question(scores: ScoreMatrix, limits: Limits, assignment: Assignment) -> Question:
    """Submissions want reviews of reviewers with room."""
    required = limits.required
    spare: Bools = np.logical_or.reduce(limits.last_resort, axis=0)
    held: list[list[int]] = [[] for _ in range(len(limits.wanted))]
    for row, column in _positions(scores, assignment):
        if not required[row, column]:
            held[row].append(column)
    return Question(
        allowed=limits.eligible | limits.last_resort,
        wanted=limits.wanted - required.sum(axis=1),
        room=limits.max_load - required.sum(axis=0),
        spare=spare,
        barred=lambda rows, status: np.equal(limits.status[list(rows)], status),
        held=held,
        row_ids=scores.submissions.ids,
        column_ids=scores.reviewers.ids,
        values=scores.values,
        is_demand=True,
    )


def minimum_question(scores: ScoreMatrix, limits: Limits, assignment: Assignment) -> Question:
    """Reviewers want their minimum loads of submissions with reviews to give."""
    required, eligible = limits.required, limits.eligible
    wanted = np.maximum(limits.min_load - required.sum(axis=0), 0)
    held: list[list[int]] = [[] for _ in range(len(limits.max_load))]
    for row, column in _positions(scores, assignment):
        if eligible[row, column] and len(held[column]) < wanted[column]:
            held[column].append(row)
    return Question(
        allowed=np.ascontiguousarray(eligible.T),
        wanted=wanted,
        room=limits.wanted - required.sum(axis=1),
        spare=np.zeros(len(limits.wanted), dtype=np.bool_),
        barred=lambda rows, status: np.equal(limits.status[:, list(rows)].T, status),
        held=held,
        row_ids=scores.reviewers.ids,
        column_ids=scores.submissions.ids,
        values=scores.values.T,
        is_demand=False,
    )


def _positions(scores: ScoreMatrix, assignment: Assignment) -> Iterator[tuple[int, int]]:
    for pair in assignment.pairs:
        yield scores.submissions.position(pair.submission_id), scores.reviewers.position(pair.reviewer_id)


def _in_words(question: Question, core: _Core, relaxations: list[Relaxation]) -> Infeasibility:
    rows = [question.row_ids[row] for row in core.rows]
    need = int(core.flow.wanted.sum())
    can = need - core.flow.missing(core.short)
    columns = [question.column_ids[column] for column in core.columns]
    outside = np.ones(len(question.room), dtype=np.bool_)
    outside[core.columns] = False
    because = []
    for status, name in RULES.items():
        if name in core.rules:
            count = int((question.barred(core.rows, status).any(axis=0) & outside).sum())
            verb, _, rest = _WHY[name].partition(" ")
            because.append(f"{count} {_OF_ONE.get(verb, verb) if count == 1 else verb} {rest}")
    if "one last resort" in core.rules:
        because.append(_WHY["one last resort"])
    first = f" (first '{rows[0]}')" if len(rows) > 1 else f" '{rows[0]}'"
    if question.is_demand:
        wish = f"{many(len(rows), 'submission')}{first} {_verb(rows, 'need')} {many(need, 'review')}"
        givers = "those who may review "
    else:
        wish = f"{many(len(rows), 'reviewer')}{first} must have {many(need, 'submission')} by minimum loads"
        givers = "the submissions that they may review "
    them = "it" if len(rows) == 1 else "them"
    if question.is_demand:
        limit = f", {many(len(columns), 'reviewer')} of them at the maximum load" if columns else ""
        supply = f"{givers}{them} can give {can}{limit}"
    else:
        limit = f", {many(len(columns), 'submission')} of them with all reviews taken" if columns else ""
        supply = f"{givers}can take {can} from {'them' if len(rows) > 1 else 'this one'}{limit}"
    others = "others" if columns else "reviewers" if question.is_demand else "submissions"
    why = f"; of the {others}, {', '.join(because)}" if because else ""
    submissions, reviewers = (rows, columns) if question.is_demand else (columns, rows)
    return Infeasibility(
        wanting="reviews" if question.is_demand else "minimum loads",
        submissions=tuple(SubmissionId(name) for name in submissions),
        reviewers=tuple(PersonId(name) for name in reviewers),
        rules=tuple(core.rules),
        need=need,
        can=can,
        text=f"{wish}, {supply}{why}",
        relaxations=tuple(relaxations),
    )


def why_too_much_minimum(limits: Limits) -> str:
    """That the minimum loads together are more than all reviews; empty where they are not.

    Said by itself it is one sentence; by the flow it would be one reason for every reviewer whom it hits.
    """
    least, wanted = int(limits.min_load.sum()), int(limits.wanted.sum())
    if least <= wanted:
        return ""
    people = many(int((limits.min_load > 0).sum()), "reviewer")
    return (
        f"the minimum loads of {people} add up to {least}, and the submissions want {many(wanted, 'review')}: lower "
        "min_load, or raise reviews_per_submission; --allow-partial shows who would stay below"
    )


def why_no_lottery(scores: ScoreMatrix, limits: Limits, limit: float) -> str:
    """Which reviewers and submissions a limit of the probabilities leaves too few places, and what to do.

    Args:
        scores: (S, R); only its ids are read.
        limits: what the assignment must respect.
        limit: the largest probability of a pair, below 1.
    """
    free = limits.eligible
    places = np.where(free, limit, 0.0) + limits.required
    columns, rows = scores.reviewers.ids, scores.submissions.ids
    said = [
        _too_few(
            "reviewer", "may review {} submission", places.sum(axis=0), limits.min_load, free.sum(axis=0), columns
        ),
        _too_few("submission", "may have {} reviewer", places.sum(axis=1), limits.wanted, free.sum(axis=1), rows),
    ]
    return (
        f"no pair may have a probability above {limit:g} (probability_limit){''.join(said)}: raise probability_limit "
        "(1 leaves nothing out), or lower what cannot be met"
    )


def _too_few(what: str, reach: str, places: Floats, needed: Ints, free: Ints, ids: Sequence[str]) -> str:
    short = np.flatnonzero(places + _ROUNDING < needed)
    if not len(short):
        return ""
    first = int(short[0])
    more = f", and {many(len(short) - 1, f'more {what}')} likewise" if len(short) > 1 else ""
    may = reach.format(free[first]) + ("" if free[first] == 1 else "s")
    return f"; {what} '{ids[first]}' {may}, which makes {places[first]:g} of {needed[first]} at most{more}"


def _verb(names: Sequence[str], verb: str) -> str:
    return f"{verb}s" if len(names) == 1 else verb


def many(count: int, one: str) -> str:
    """A number and a noun, in the plural where it is one."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"
