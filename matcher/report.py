"""A match as one HTML file that a chair reads: what came out, what is weak, what waits for a decision, and why.

The file needs no network, no font and no script: style, drawings and one small script (filters and sorting of tables)
stand inside, and a content security policy forbids everything else. All texts of the venue are escaped. Equal data give
equal bytes.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from matcher import charts
from matcher.config import MatchConfig, settings
from matcher.records import (
    Assignment,
    Bools,
    Conflict,
    Conflicts,
    Doubles,
    Evidence,
    EvidencePaper,
    Explanation,
    Infeasibility,
    Ints,
    Limits,
    Pair,
    PairStatus,
    PaperId,
    PersonId,
    QuestionPrice,
    RankedReviewer,
    ScoreMatrix,
    Shortfall,
    Submission,
    SubmissionId,
    Venue,
    Verdict,
)

__all__ = ["ReportData", "recount", "render_report", "submissions_in_detail"]

_PROVEN_GAP: Final = 1e-6
"""The largest gap, and the largest gain, that is called nothing: scores are float32, so that is their noise."""

_SUM_TOLERANCE: Final = 1e-6
"""By how much, for each pair, a sum of scores may differ from the solver's own sum of the same numbers."""

_SHOWN_CONFLICTS: Final = 2_000
"""Rows of the conflict table; more are counted and named, since a browser and a reader have their limits."""

_SHOWN_QUESTIONS: Final = 500
_MANY_ROWS: Final = 500
_SHOWN_FACTS: Final = 5
_SHOWN_FACTS_LARGE: Final = 3
"""Pieces of evidence in a row, and in a row of a long table: they keep the file of a large venue below 5 MB."""

_SHARED: Final = 3
"""Questions that rest on one paper, from which on the page names it before it lists them."""

_SHOWN_CLEARS: Final = 2
"""Ways to clear a row; the authors of one row often have one each."""

_ALL_DETAILS: Final = 500
"""Up to so many submissions, each one is shown with its reviewers and evidence."""

_WEAKEST_DETAILS: Final = 200
"""In larger venues, so many of the weakest are."""

_WEAKEST: Final = 10
_NO_LOSS: Final = 0.1
"""A loss below this share of what the median submission could have is not called a reason."""

_CANDIDATES: Final = 6
"""Reviewers named beside a weak submission: those who would have been best, and what keeps them from it."""

_SHOWN_PARTS: Final = 4
_SHOWN_AUTHORS: Final = 12
_SHOWN_NEXT: Final = 3

_WEAK_PERCENTILE: Final = 5


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything that a report shows; it computes nothing that a stage has computed.

    Args:
        venue: the input.
        config: the choices.
        profiles_sizes: (R,) papers in the profile of each reviewer, in the order of `scores.reviewers`.
        scores: (S, R) affinity scores.
        conflicts: all conflicts, cleared ones too.
        limits: what the assignment had to respect.
        assignment: the answer.
        explanations: of the assigned pairs, by submission and reviewer; those of `submissions_in_detail` are enough;
            a pair without one is shown without evidence.
        question_price: what the open questions cost; `None` when that was not computed.
        provenance: how the run came about, as nested mappings of plain values: versions, digests, seed, encoder.
            `origin` maps the name of a setting to where its value came from; `config` is left out, since the settings
            are shown from `config` above; all else is shown as it is.
        infeasibility: smallest sets of reasons why not everything could be met, with ways out.
    """

    venue: Venue
    config: MatchConfig
    profiles_sizes: Ints
    scores: ScoreMatrix
    conflicts: Conflicts
    limits: Limits
    assignment: Assignment
    explanations: Mapping[tuple[SubmissionId, PersonId], Explanation]
    question_price: QuestionPrice | None
    provenance: Mapping[str, Any]
    infeasibility: tuple[Infeasibility, ...] = ()


def render_report(data: ReportData) -> str:
    """Write the report of a match.

    Args:
        data: the match and how it came about.

    Returns:
        One HTML document, complete in itself.

    Raises:
        MissingExtraError: the drawing packages are not installed (extra `report`).
    """
    facts = _Facts(data)
    questions = _questions(facts)
    conflict_rows, conflict_row_total = _conflict_rows(facts)
    recoloured = [(charts.PALETTE[name], dark) for name, dark in charts.DARK_PALETTE.items()]
    page: str = (
        _environment()
        .get_template("report.html.j2")
        .render(
            venue=data.venue,
            assignment=data.assignment,
            broken=facts.broken,
            headline=_headline(facts),
            todos=_todos(facts),
            figures=_figures(facts),
            drawings=_drawings(facts),
            recoloured=recoloured,
            weakest=_weakest(facts),
            shortfalls=_short_rows(facts),
            infeasibility=data.infeasibility,
            questions=questions,
            question_summary=_question_summary(facts, questions),
            shared_paper=_shared_paper(facts),
            shown_questions=_SHOWN_QUESTIONS,
            rules=_rules(data.conflicts),
            conflict_rows=conflict_rows,
            conflict_row_total=conflict_row_total,
            conflict_pairs=len(data.conflicts.by_pair),
            conflict_total=len(data.conflicts.items),
            details=_details(facts),
            submission_total=len(data.scores.submissions),
            reviewers=_reviewers(facts),
            config_rows=_config_rows(data),
            score_method=data.scores.method,
            provenance_rows=list(_flat(data.provenance)),
        )
    )
    return page


def _environment() -> Any:
    import jinja2  # heavy: only a report needs it

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("matcher"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["csp_hash"] = _csp_hash
    environment.filters["score"] = _score
    environment.filters["thousands"] = _thousands
    environment.filters["many"] = _many
    return environment


def _csp_hash(text: str) -> str:
    """The source expression that allows exactly this inline text (Content Security Policy Level 3, section 2.3.1)."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _thousands(value: float) -> str:
    return f"{value:,}"


def _many(number: int, one: str, more: str | None = None) -> str:
    """A number with its noun.

    >>> _many(1, "pair"), _many(2_000, "pair"), _many(0, "story", "stories")
    ('1 pair', '2,000 pairs', '0 stories')
    """
    return f"{number:,} {one if number == 1 else more or one + 's'}"


# --- what several parts of the report need --------------------------------------------------------------------------


class _Facts:
    """Counts and means of one match, computed when a part of the report first asks for them."""

    def __init__(self, data: ReportData) -> None:
        self.data = data

    @cached_property
    def pairs(self) -> Mapping[SubmissionId, list[Pair]]:
        """The assigned pairs of each submission, best first, unscored ones last."""
        found: dict[SubmissionId, list[Pair]] = {name: [] for name in self.data.scores.submissions}
        for pair in self.data.assignment.pairs:
            found[pair.submission_id].append(pair)
        for seats in found.values():
            seats.sort(key=lambda pair: (pair.score is None, -(pair.score or 0), pair.reviewer_id))
        return found

    @cached_property
    def assigned(self) -> Bools:
        """(S, R) True where a pair is assigned."""
        mask = np.zeros(self.data.scores.values.shape, dtype=np.bool_)
        for pair in self.data.assignment.pairs:
            mask[self.row(pair.submission_id), self.column(pair.reviewer_id)] = True
        return mask

    @cached_property
    def loads(self) -> Ints:
        """(R,) submissions of each reviewer."""
        columns = [self.column(pair.reviewer_id) for pair in self.data.assignment.pairs]
        return np.bincount(np.array(columns, dtype=np.int64), minlength=len(self.data.scores.reviewers))

    @cached_property
    def takes_part(self) -> Bools:
        """(R,) True where a reviewer may get a submission at all."""
        return self.data.limits.max_load > 0

    @cached_property
    def scored(self) -> list[float]:
        """Scores of the assigned pairs that have one."""
        return [pair.score for pair in self.data.assignment.pairs if pair.score is not None]

    @cached_property
    def means(self) -> Mapping[SubmissionId, float | None]:
        """Mean score of each submission's reviewers; `None` where none of them is scored."""
        return _means(self.data.scores, self.data.assignment)

    @cached_property
    def known_means(self) -> list[float]:
        return [mean for mean in self.means.values() if mean is not None]

    @cached_property
    def by_strength(self) -> list[SubmissionId]:
        """The submissions that want reviews, weakest first; those without a scored reviewer before all others."""
        return _by_strength(self.means, self.data.scores, self.data.limits)

    @cached_property
    def blocked(self) -> Bools:
        """(S, R) True where a pair is blocked or waits for a decision."""
        return self.data.conflicts.mask(self.data.scores.submissions, self.data.scores.reviewers)

    @cached_property
    def questions(self) -> list[tuple[SubmissionId, PersonId]]:
        """Pairs that wait for a decision; those of withdrawn submissions are no questions."""
        return self.pairs_with(Verdict.ASK)

    @cached_property
    def shortfalls(self) -> Mapping[SubmissionId, Shortfall]:
        return {short.submission_id: short for short in self.data.assignment.shortfalls}

    @cached_property
    def missing(self) -> int:
        """Reviews that nobody gives."""
        return sum(short.wanted - short.got for short in self.data.assignment.shortfalls)

    @cached_property
    def last_resort(self) -> int:
        """Assigned pairs without evidence of expertise."""
        return sum(pair.score is None for pair in self.data.assignment.pairs)

    @cached_property
    def details(self) -> tuple[SubmissionId, ...]:
        """The submissions that are shown one by one, in the order of their ids."""
        return submissions_in_detail(self.data.scores, self.data.limits, self.data.assignment)

    @cached_property
    def anchors(self) -> Mapping[SubmissionId, str]:
        """Where in the page a submission is shown; names made of positions, since an id may hold any character."""
        return {name: f"s{self.row(name) + 1}" for name in self.details}

    @cached_property
    def broken(self) -> tuple[str, ...]:
        """The rules that a recount finds broken."""
        return _recount(self)

    def pairs_with(self, verdict: Verdict) -> list[tuple[SubmissionId, PersonId]]:
        """Pairs that could be assigned if it were not for this verdict, by submission and reviewer."""
        scores = self.data.scores
        return [
            (submission_id, reviewer_id)
            for submission_id, reviewer_id in self.data.conflicts.pairs(verdict)
            if submission_id in scores.submissions and reviewer_id in scores.reviewers
        ]

    def row(self, submission_id: str) -> int:
        return self.data.scores.submissions.position(submission_id)

    def column(self, reviewer_id: str) -> int:
        return self.data.scores.reviewers.position(reviewer_id)

    def wanted(self, submission_id: str) -> int:
        return int(self.data.limits.wanted[self.row(submission_id)])

    def load_of(self, reviewer_id: str) -> tuple[int, int]:
        """Load and largest load of a reviewer."""
        column = self.column(reviewer_id)
        return int(self.loads[column]), int(self.data.limits.max_load[column])

    def submission(self, submission_id: SubmissionId) -> _SubmissionRef:
        title = self.data.venue.submission_by_id[submission_id].title
        return _SubmissionRef(submission_id, title, self.anchors.get(submission_id))

    def name(self, person_id: PersonId) -> str:
        return self.data.venue.name_of(person_id)


@dataclass(frozen=True, slots=True)
class _SubmissionRef:
    """A submission as a table names it; `anchor` leads to its detail where there is one."""

    id: SubmissionId
    title: str
    anchor: str | None


def submissions_in_detail(scores: ScoreMatrix, limits: Limits, assignment: Assignment) -> tuple[SubmissionId, ...]:
    """The submissions that a report shows one by one: all of them, or the weakest of a large venue.

    Only the pairs of these need an explanation, which saves most of the time where there are thousands.

    Args:
        scores: (S, R).
        limits: in the order of `scores`.
        assignment: the answer.

    Returns:
        Ids, sorted.
    """
    every = scores.submissions.ids
    if len(every) <= _ALL_DETAILS:
        return every
    weakest = _by_strength(_means(scores, assignment), scores, limits)[:_WEAKEST_DETAILS]
    return tuple(sorted(weakest))


def _means(scores: ScoreMatrix, assignment: Assignment) -> dict[SubmissionId, float | None]:
    found: dict[SubmissionId, list[float]] = {name: [] for name in scores.submissions}
    for pair in assignment.pairs:
        if pair.score is not None:
            found[pair.submission_id].append(pair.score)
    return {name: sum(given) / len(given) if given else None for name, given in found.items()}


def _by_strength(means: Mapping[SubmissionId, float | None], scores: ScoreMatrix, limits: Limits) -> list[SubmissionId]:
    def strength(name: SubmissionId) -> tuple[float, SubmissionId]:
        mean = means[name]
        return (-1.0 if mean is None else mean, name)

    wanting = [name for name, wanted in zip(scores.submissions, limits.wanted, strict=True) if wanted]
    return sorted(wanting, key=strength)


# --- the check ------------------------------------------------------------------------------------------------------


def recount(data: ReportData) -> tuple[str, ...]:
    """Count again, without the solver, whether the assignment respects what it had to.

    Args:
        data: the match.

    Returns:
        The rules that are broken, in words; empty when all hold. This repeats no proof of optimality, it recounts:
        pairs given twice, conflicts, eligibility, loads, demand, last resorts, required pairs and the sum of the
        scores.
    """
    return _recount(_Facts(data))


def _recount(facts: _Facts) -> tuple[str, ...]:
    data = facts.data
    limits, assignment = data.limits, data.assignment
    twice = len(assignment.pairs) - int(facts.assigned.sum())
    conflicted = int((facts.assigned & facts.blocked).sum())
    allowed = limits.eligible | limits.last_resort | limits.required
    outside = int((facts.assigned & ~facts.blocked & ~allowed).sum())
    over = int((facts.loads > limits.max_load).sum())
    said_loads = {under.reviewer_id: under.got for under in assignment.underloads}
    below = sum(
        load < least and said_loads.get(name) != load
        for name, load, least in zip(data.scores.reviewers, facts.loads, limits.min_load, strict=True)
    )
    got = facts.assigned.sum(axis=1)
    too_many = int((got > limits.wanted).sum())
    short = sum(
        has < wanted and (name not in facts.shortfalls or facts.shortfalls[name].got != has)
        for name, has, wanted in zip(data.scores.submissions, got, limits.wanted, strict=True)
    )
    resorts = int(((facts.assigned & limits.last_resort).sum(axis=1) > 1).sum())
    absent = int((limits.required & ~facts.assigned).sum())
    total = sum(facts.scored)
    checks = (
        (twice, f"{_many(twice, 'pair')} assigned twice"),
        (conflicted, f"{_many(conflicted, 'assigned pair')} with a conflict"),
        (outside, f"{_many(outside, 'assigned pair')} that may not be assigned"),
        (over, f"{_many(over, 'reviewer')} above the maximum load"),
        (below, f"{_many(below, 'reviewer')} below the minimum load without saying so"),
        (too_many, f"{_many(too_many, 'submission')} with more reviews than wanted"),
        (short, f"{_many(short, 'submission')} short of reviews without saying so"),
        (resorts, f"{_many(resorts, 'submission')} with more than one last resort"),
        (absent, f"{_many(absent, 'required pair')} not assigned"),
        (
            abs(total - assignment.objective) > _SUM_TOLERANCE * max(1, len(assignment.pairs)),
            f"the scores sum to {total:.6f}, the solver said {assignment.objective:.6f}",
        ),
    )
    return tuple(words for is_broken, words in checks if is_broken)


# --- the top of the page --------------------------------------------------------------------------------------------


_OF_GOALS: Final = {"max-min": "worst served submission", "leximin": "worst served submission", "cvar": "worst tenth"}
"""What the value of an objective is, where its name does not say so."""


def _headline(facts: _Facts) -> str:
    """The result in one line."""
    data = facts.data
    broken = facts.broken
    conflicted = int((facts.assigned & facts.blocked).sum())
    gap = data.assignment.gap
    if gap is None:
        proof = "no proof of how good it is"
    elif gap <= _PROVEN_GAP:
        proof = "proven optimal" if not facts.missing else "proven best for as many reviews"
        proof += f" (gap {gap:.1e})" if gap else " (gap 0)"
    else:
        proof = f"at most {gap:.4%} below the optimum (gap {gap:.1e})"
    goal = data.assignment.goal
    if goal is not None and gap is not None:
        reached = "proven optimal" if goal.gap <= _PROVEN_GAP else f"at most {goal.gap:.4%} below its optimum"
        what = _OF_GOALS.get(goal.objective, goal.objective)
        proof = f"{what} {goal.value:.3f}, {reached}; total {gap:.2%} below the largest"
    return "; ".join(
        (
            f"{len(data.assignment.pairs):,} of {_many(int(data.limits.wanted.sum()), 'review')} assigned",
            proof,
            _many(conflicted, "conflicted pair"),
            "checked independently" if not broken else f"check failed: {_many(len(broken), 'rule')} broken",
        )
    )


@dataclass(frozen=True, slots=True)
class _Todo:
    """Something that needs the chair, and where in the page it stands."""

    tone: str
    text: str
    anchor: str


def _todos(facts: _Facts) -> list[_Todo]:
    data, price = facts.data, facts.data.question_price
    found = []
    if facts.shortfalls:
        found.append(
            _Todo(
                "bad",
                f"{_many(len(facts.shortfalls), 'submission misses', 'submissions miss')} "
                f"{_many(facts.missing, 'review')}.",
                "shortfalls",
            )
        )
    if data.assignment.underloads:
        number = len(data.assignment.underloads)
        found.append(_Todo("bad", f"{_many(number, 'reviewer')} below the minimum load.", "shortfalls"))
    if facts.last_resort:
        given = _many(facts.last_resort, "review is", "reviews are")
        found.append(_Todo("warn", f"{given} given as a last resort, without evidence of expertise.", "submissions"))
    if facts.questions:
        text = (
            f"{_many(len(facts.questions), 'pair waits', 'pairs wait')} for a decision and count as blocked until then."
        )
        if price is not None:
            text += f" {_price_in_words(price)}"
        found.append(_Todo("warn", text, "questions"))
    return found


def _price_in_words(price: QuestionPrice) -> str:
    if not price.pairs:
        return "None of them could be assigned anyway."
    if abs(price.gain) < _PROVEN_GAP and not price.changed:
        return "Clearing all of them would change nothing."
    filled = f", fill {_many(price.filled, 'missing review')}" if price.filled else ""
    return (
        f"Clearing all of them would change the total by {price.gain:+.3f}{filled} and exchange "
        f"{_many(price.changed, 'assigned pair')}."
    )


@dataclass(frozen=True, slots=True)
class _Figure:
    """One number at the top."""

    label: str
    value: str
    note: str = ""
    tone: str = ""


def _figures(facts: _Facts) -> list[_Figure]:
    data = facts.data
    wanted, got = int(data.limits.wanted.sum()), len(data.assignment.pairs)
    loads = facts.loads[facts.takes_part]
    means = facts.known_means
    bound = data.assignment.bound
    blocked = len(facts.pairs_with(Verdict.BLOCK))
    every = data.scores.values.size
    price = data.question_price
    return [
        _Figure(
            "Demand met",
            f"{got / wanted:.1%}" if wanted else "–",
            f"{got:,} of {_many(wanted, 'review')}",
            "bad" if got < wanted else "good",
        ),
        _Figure(
            "Total score",
            f"{data.assignment.objective:.3f}",
            "no bound known" if bound is None else f"at most {bound:.3f} is possible",
        ),
        _Figure(
            "Mean score of a review",
            _score(sum(facts.scored) / len(facts.scored) if facts.scored else None),
            "0.083 = as unrelated papers with the default encoder, 1 = the same text",
        ),
        _Figure(
            "Weakest submission",
            _score(min(means, default=None)),
            f"{_WEAK_PERCENTILE}th percentile {_score(_low(means))}; means over a submission's reviewers",
        ),
        _Figure(
            "Mean load",
            f"{loads.mean():.2f}" if loads.size else "–",
            f"largest {int(loads.max(initial=0))}; {_many(int((loads == 0).sum()), 'reviewer')} without a submission",
        ),
        _Figure(
            "Blocked pairs",
            f"{blocked:,}",
            f"{blocked / every:.1%} of {_many(every, 'pair')}" if every else "",
        ),
        _Figure(
            "Pairs to ask about",
            f"{len(facts.questions):,}",
            ""
            if price is None
            else f"{price.pairs:,} could be assigned; "
            f"{'it costs' if price.pairs == 1 else 'they cost'} {price.gain:.3f}",
            "warn" if facts.questions else "",
        ),
        _Figure(
            "Shortfalls",
            f"{len(facts.shortfalls):,}",
            _many(facts.missing, "missing review") if facts.missing else "every submission has its reviews",
            "bad" if facts.shortfalls else "good",
        ),
    ]


def _low(means: Sequence[float]) -> float | None:
    return float(np.percentile(means, _WEAK_PERCENTILE)) if means else None


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A chart and how to read it."""

    svg: str
    caption: str


def _drawings(facts: _Facts) -> list[_Drawing]:
    data, part = facts.data, facts.takes_part
    eligible = data.scores.values[data.limits.eligible]
    return [
        _Drawing(
            charts.score_distribution(facts.scored, eligible),
            "The further right blue lies of grey, the better the assignment uses the expertise that is there.",
        ),
        _Drawing(
            charts.submission_means(facts.known_means),
            "Each submission counts once. What lies left of the dashed line deserves a look by hand.",
        ),
        _Drawing(
            charts.load_counts(facts.loads[part], data.limits.max_load[part]),
            "Many reviewers at their maximum mean that a higher maximum would raise the scores.",
        ),
        _Drawing(
            charts.load_by_size(data.profiles_sizes[part], facts.loads[part]),
            "A level line means that neither long nor short publication lists attract submissions.",
        ),
    ]


# --- weak submissions -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A reviewer who would be good for a weak submission, and what keeps them."""

    name: str
    score: float
    state: str
    tone: str


@dataclass(frozen=True, slots=True)
class _Weak:
    """A weak submission and why it is weak."""

    submission: _SubmissionRef
    mean: float | None
    why: str
    candidates: list[_Candidate]


def _weakest(facts: _Facts) -> list[_Weak]:
    typical = _typical(facts)
    return [
        _Weak(facts.submission(name), facts.means[name], _why_weak(facts, name, typical), _candidates(facts, name))
        for name in facts.by_strength[:_WEAKEST]
    ]


def _best_mean(scores: Doubles, wanted: int) -> float:
    """Mean of the best `wanted` scores; a missing one counts as 0."""
    if not wanted or not scores.size:
        return 0.0
    return float(np.sort(scores)[-wanted:].sum() / wanted)


def _typical(facts: _Facts) -> float:
    """What the median submission could have if there were neither conflicts nor loads."""
    values = facts.data.scores.values.astype(np.float64)
    ideals = [
        _best_mean(row[~np.isnan(row)], int(wanted))
        for row, wanted in zip(values, facts.data.limits.wanted, strict=True)
        if wanted
    ]
    return float(np.median(ideals)) if ideals else 0.0


def _why_weak(facts: _Facts, name: SubmissionId, typical: float) -> str:
    """Split what a submission lacks into three parts and name the largest.

    With the mean of its best reviewers if there were no limits (ideal), with conflicts only (open) and as assigned
    (got): typical − ideal is missing expertise, ideal − open is what conflicts take, open − got is what loads take.
    """
    row = facts.row(name)
    values = facts.data.scores.values[row].astype(np.float64)
    eligible = facts.data.limits.eligible[row] | facts.data.limits.required[row]
    wanted = facts.wanted(name)
    blocked = _many(int(facts.blocked[row].sum()), "is", "are") + " blocked or asked about"
    if int(eligible.sum()) < wanted:
        return (
            f"Only {_many(int(eligible.sum()), 'scored reviewer is', 'scored reviewers are')} eligible for "
            f"{_many(wanted, 'review')}; {blocked}."
        )
    ideal, open_to = _best_mean(values[~np.isnan(values)], wanted), _best_mean(values[eligible], wanted)
    got = sum(pair.score or 0 for pair in facts.pairs[name]) / wanted
    forced, freed = _forced(facts, name)
    minimum = freed - got
    lost = {"expertise": typical - ideal, "conflicts": ideal - open_to, "loads": open_to - got}
    largest = max(lost, key=lambda part: lost[part])
    best = "best reviewer" if wanted == 1 else f"best {wanted} reviewers"
    if lost[largest] < _NO_LOSS * typical:
        return f"Little is lost: the {best} would give {ideal:.3f} without any limit, as in most submissions."
    if minimum >= max(_NO_LOSS * typical, lost["conflicts"]):
        needed = (
            f"{_listed(forced, _SHOWN_NEXT)} {'is' if len(forced) == 1 else 'are'} needed here for their minimum load"
        )
        return f"Minimum loads: {needed}; reviewers with room would give {freed:.3f} instead of {got:.3f}."
    if largest == "conflicts":
        return f"Conflicts: the {best} would give {ideal:.3f}, those without a conflict {open_to:.3f}; {blocked}."
    if largest == "loads":
        return f"Loads: the {best} who may review it would give {open_to:.3f}, but the loads put them elsewhere."
    return (
        f"No close expert: the {best} of the whole venue {'reaches' if wanted == 1 else 'reach'} {ideal:.3f} without "
        f"any limit; the median submission could have {typical:.3f}."
    )


def _forced(facts: _Facts, name: SubmissionId) -> tuple[list[str], float]:
    """Who reviews a submission only because their minimum load binds, and its mean if others with room did.

    A negative price says that a reviewer carries more than the scores alone would give them.

    Returns:
        Names, and the mean score with the best eligible reviewers who have room in the places of those who score less;
        the present mean where there is no such exchange.
    """
    data, row = facts.data, facts.row(name)
    present = [pair.score or 0.0 for pair in facts.pairs[name]]
    mean = sum(present) / facts.wanted(name)
    if data.assignment.certificate is None:
        return [], mean
    values = data.scores.values[row].astype(np.float64)
    free = data.limits.eligible[row] & ~facts.assigned[row] & (facts.loads < data.limits.max_load)
    spare = np.sort(values[free])[::-1].tolist()
    prices = data.assignment.certificate.reviewer_prices
    pushed = [
        pair
        for pair in reversed(facts.pairs[name])  # the weakest first
        if pair.score is not None
        and prices[facts.column(pair.reviewer_id)] < -_PROVEN_GAP
        and data.limits.status[row, facts.column(pair.reviewer_id)] == PairStatus.ELIGIBLE
    ]
    exchanged = [(pair, other) for pair, other in zip(pushed, spare, strict=False) if other > (pair.score or 0.0)]
    gain = sum(other - (pair.score or 0.0) for pair, other in exchanged) / facts.wanted(name)
    return [facts.name(pair.reviewer_id) for pair, _ in exchanged], mean + gain


def _candidates(facts: _Facts, name: SubmissionId) -> list[_Candidate]:
    values = facts.data.scores.values[facts.row(name)]
    known = np.flatnonzero(~np.isnan(values))
    best = known[np.argsort(-values[known], kind="stable")][:_CANDIDATES]
    assigned = np.flatnonzero(facts.assigned[facts.row(name), best])
    if len(assigned):  # who is worse than all who are assigned keeps nobody from anything
        best = best[: assigned[-1] + 1]
    return [_candidate(facts, name, facts.data.scores.reviewers.ids[column]) for column in best]


_BARRED: Final = {
    PairStatus.FORBIDDEN: "forbidden by the chair",
    PairStatus.BELOW_FLOOR: "below the floor",
    PairStatus.UNAVAILABLE: "not available",
    PairStatus.REFUSED: "refused in a bid",
    PairStatus.NOT_AGAIN: "others are wished for",
    PairStatus.DECLINED: "declined earlier",
    PairStatus.RULED_OUT: "ruled out by a pair rule",
}


def _candidate(facts: _Facts, name: SubmissionId, reviewer_id: PersonId) -> _Candidate:
    row, column = facts.row(name), facts.column(reviewer_id)
    load, most = facts.load_of(reviewer_id)
    status = PairStatus(int(facts.data.limits.status[row, column]))
    if facts.assigned[row, column]:
        state, tone = "assigned", "good"
    elif facts.blocked[row, column]:
        verdict = facts.data.conflicts.verdict(name, reviewer_id)
        rules = ", ".join(sorted({found.rule for found in facts.data.conflicts.of(name, reviewer_id)}))
        state, tone = ("blocked", "bad") if verdict is Verdict.BLOCK else ("to decide", "warn")
        state = f"{state}: {rules}"
    elif status in _BARRED:
        state, tone = _BARRED[status], "bad"
    elif load >= most:
        state, tone = f"full, {load} of {most}", ""
    else:
        state, tone = f"has room, {load} of {most}", ""
    return _Candidate(facts.name(reviewer_id), float(facts.data.scores.values[row, column]), state, tone)


@dataclass(frozen=True, slots=True)
class _ShortRow:
    """A submission that misses reviews."""

    submission: _SubmissionRef
    wanted: int
    got: int
    reason: str
    remedies: tuple[str, ...]


def _short_rows(facts: _Facts) -> list[_ShortRow]:
    return [
        _ShortRow(facts.submission(short.submission_id), short.wanted, short.got, short.reason, short.remedies)
        for short in facts.data.assignment.shortfalls
    ]


# --- conflicts and questions ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fact:
    """A piece of evidence in words, with when and where; `who` where it concerns only some of a row's authors."""

    text: str
    dates: str
    source: str
    who: str


@dataclass(frozen=True, slots=True)
class _ConflictRow:
    """The conflicts of one pair by one rule with one verdict: all authors concerned, each fact once."""

    submission: _SubmissionRef
    reviewer_id: PersonId
    reviewer: str
    rule: str
    verdict: str
    authors: str
    facts: list[_Fact]
    more: int
    clears: list[str]
    more_clears: int


def _conflict_rows(facts: _Facts) -> tuple[list[_ConflictRow], int]:
    """The rows of the conflict table, cut for a large venue, and how many there are."""
    groups = _grouped(facts.data.conflicts.items)
    shown = _SHOWN_FACTS if len(groups) <= _MANY_ROWS else _SHOWN_FACTS_LARGE
    return [_conflict_row(facts, group, shown) for group in groups[:_SHOWN_CONFLICTS]], len(groups)


def _grouped(conflicts: Iterable[Conflict]) -> list[list[Conflict]]:
    """Conflicts of the same pair, rule and verdict together, in the order of the first of each."""
    groups: dict[tuple[str, str, str, str], list[Conflict]] = {}
    for conflict in conflicts:
        key = (conflict.submission_id, conflict.reviewer_id, conflict.rule, conflict.verdict.value)
        groups.setdefault(key, []).append(conflict)
    return list(groups.values())


def _conflict_row(facts: _Facts, group: Sequence[Conflict], shown: int) -> _ConflictRow:
    first = group[0]
    found = _group_facts(facts.data.venue, group)
    clears = list(dict.fromkeys(conflict.clears for conflict in group if conflict.clears))
    return _ConflictRow(
        submission=facts.submission(first.submission_id),
        reviewer_id=first.reviewer_id,
        reviewer=facts.name(first.reviewer_id),
        rule=first.rule,
        verdict=first.verdict.value,
        authors=_listed([_author(conflict) for conflict in group if conflict.via_name], _SHOWN_AUTHORS),
        facts=found[:shown],
        more=max(0, len(found) - shown),
        clears=clears[:_SHOWN_CLEARS],
        more_clears=max(0, len(clears) - _SHOWN_CLEARS),
    )


def _author(conflict: Conflict) -> str:
    """The author concerned, and how sure it is that the people are the same where that is in doubt."""
    doubt = "" if conflict.confidence >= 1 else f" (same person with probability {conflict.confidence:.2f})"
    return conflict.via_name + doubt


def _group_facts(venue: Venue, group: Sequence[Conflict]) -> list[_Fact]:
    """The evidence of a row, each piece once, with the authors whom a paper concerns where it is not all of them."""
    authors: dict[Evidence, list[str]] = {}
    for conflict in group:
        for evidence in conflict.evidence:
            authors.setdefault(evidence, []).append(conflict.via_name)
    return [
        _fact(venue, evidence, ", ".join(names) if evidence.kind == "paper" and len(names) < len(group) else "")
        for evidence, names in authors.items()
    ]


def _fact(venue: Venue, evidence: Evidence, who: str) -> _Fact:
    """The evidence in words; what the words already say is not said again."""
    text = evidence.text
    paper = venue.paper_by_id.get(evidence.paper_id) if evidence.paper_id is not None else None
    if paper is not None and paper.title not in text:
        text = f"{text}: {paper.title}" if text else paper.title
    dates = [str(date) for date in evidence.dates if str(date) not in text]
    return _Fact(text, ", ".join(dates), ", ".join(str(source) for source in evidence.sources), who)


@dataclass(frozen=True, slots=True)
class _RuleCount:
    """How often a rule spoke, by verdict."""

    rule: str
    block: int
    ask: int
    clear: int


def _rules(conflicts: Conflicts) -> list[_RuleCount]:
    counts = Counter((conflict.rule, conflict.verdict) for conflict in conflicts.items)
    return [
        _RuleCount(rule, *(counts[rule, verdict] for verdict in (Verdict.BLOCK, Verdict.ASK, Verdict.CLEAR)))
        for rule in sorted({conflict.rule for conflict in conflicts.items})
    ]


@dataclass(frozen=True, slots=True)
class _Question:
    """A pair that waits for a decision.

    Args:
        submission: the submission.
        reviewer_id: the reviewer.
        reviewer: their name.
        score: published score; `None` where the reviewer is not scored.
        worth: what a clearance can add to the total at most; `None` where that is not known.
        stake: `worth` in words.
        conflicts: the conflicts to decide.
    """

    submission: _SubmissionRef
    reviewer_id: PersonId
    reviewer: str
    score: float | None
    worth: float | None
    stake: str
    conflicts: list[_ConflictRow]

    @property
    def rank(self) -> str:
        """`worth` as the page sorts by it: unknown before all, a missing review above any gain."""
        return "" if self.worth is None else "2" if self.worth == _FILLS else f"{self.worth:.6f}"


_FILLS: Final = float("inf")
"""Worth of a pair that may fill a review which nobody gives, or only a reviewer without evidence."""


def _questions(facts: _Facts) -> list[_Question]:
    """The open questions, those that matter most first."""
    found = []
    last_seats = {name: _last_seat(facts, name) for name in dict.fromkeys(name for name, _ in facts.questions)}
    for submission_id, reviewer_id in facts.questions:
        worth = _worth(facts, submission_id, reviewer_id, last_seats[submission_id])
        open_ones = (
            conflict
            for conflict in facts.data.conflicts.of(submission_id, reviewer_id)
            if conflict.verdict is Verdict.ASK
        )
        asked = [_conflict_row(facts, group, _SHOWN_FACTS_LARGE) for group in _grouped(open_ones)]
        found.append(
            _Question(
                submission=facts.submission(submission_id),
                reviewer_id=reviewer_id,
                reviewer=facts.name(reviewer_id),
                score=facts.data.scores.value(submission_id, reviewer_id),
                worth=worth,
                stake=_stake(worth),
                conflicts=asked,
            )
        )
    return sorted(
        found,
        key=lambda asked: (
            -1.0 if asked.worth is None else -asked.worth,
            -(asked.score or 0),
            asked.submission.id,
            asked.reviewer_id,
        ),
    )


def _question_summary(facts: _Facts, questions: Sequence[_Question]) -> str:
    """What is asked, what all answers together are worth, and how many of them can matter."""
    price = facts.data.question_price
    idle = sum(asked.worth == 0 for asked in questions)
    sentences = [f"{_many(len(questions), 'pair waits', 'pairs wait')} for a decision and count as blocked until then."]
    if price is not None:
        sentences.append(_price_in_words(price))
    if idle:
        sentences.append(f"For {idle:,} of them no answer can change the total.")
    return " ".join(sentences)


def _shared_paper(facts: _Facts) -> str:
    """The paper, or the few papers, on which more questions rest than on any other; empty where these are not many.

    A question rests on the papers that its open conflicts name, all of them together.
    """
    groups: dict[tuple[PaperId, ...], list[Conflict]] = defaultdict(list)
    sizes: Counter[tuple[PaperId, ...]] = Counter()
    for pair in facts.questions:
        asked = [conflict for conflict in facts.data.conflicts.of(*pair) if conflict.verdict is Verdict.ASK]
        named = [{fact.paper_id for fact in conflict.evidence if fact.paper_id} for conflict in asked]
        if all(named):  # another conflict would stay open
            papers = tuple(sorted(set().union(*named)))
            groups[papers] += asked
            sizes[papers] += 1
    papers = min(sizes, key=lambda each: (-sizes[each], each), default=())
    if sizes[papers] < _SHARED:
        return ""
    facts_of = {fact.paper_id: fact for conflict in groups[papers] for fact in conflict.evidence}
    words, is_dated = [], True
    for paper in papers:
        known = facts.data.venue.paper_by_id.get(paper)
        dates = known.dates if known is not None and known.dates else facts_of[paper].dates
        is_dated = is_dated and any(date.day is not None for date in dates)
        title = f"“{known.title}”" if known is not None else paper
        words.append(f"{title} (date {', '.join(map(str, dates)) or 'unknown'})")
    rest = "rests" if sizes[papers] == 1 else "rest"
    text = f"{sizes[papers]:,} of {_many(len(facts.questions), 'question')} {rest} on {_listed(words, _SHOWN_FACTS)}"
    if is_dated or any(conflict.confidence < 1 for conflict in groups[papers]):
        return f"{text}."  # the date is known, or who is who is not: a date does not settle it
    dates_needed = "its full date" if len(papers) == 1 else "their full dates"
    return f"{text}: {dates_needed} would settle them."


def _last_seat(facts: _Facts, submission_id: SubmissionId) -> float | None:
    """What the least of a submission's wanted reviews is worth at score minus price of the reviewer.

    Returns:
        Infinity where no seat is left beside the required reviewers, minus infinity where fewer reviewers may review it
        than seats are left, `None` where the answer has no proof that could be used.
    """
    data = facts.data
    certificate, gap = data.assignment.certificate, data.assignment.gap
    if certificate is None or gap is None or gap > _PROVEN_GAP:
        return None
    row = facts.row(submission_id)
    status = data.limits.status[row]
    seats = int(data.limits.wanted[row]) - int((status == PairStatus.REQUIRED).sum())
    free = status == PairStatus.ELIGIBLE
    net = data.scores.values[row, free].astype(np.float64) - certificate.reviewer_prices[free]
    if seats <= 0:
        return float("inf")
    return float(np.partition(net, len(net) - seats)[len(net) - seats]) if len(net) >= seats else float("-inf")


def _worth(facts: _Facts, submission_id: SubmissionId, reviewer_id: PersonId, last_seat: float | None) -> float | None:
    """What clearing one pair can add to the total at most, whatever the answers to the other questions.

    By linear programming duality, a new variable raises the optimum by at most its reduced cost: the score minus the
    reviewer's price, minus what the last of the submission's seats is worth by the same measure.

    Source:
        Bertsimas and Tsitsiklis, Introduction to Linear Optimization (1997), section 5.1 (a new variable is added).
    """
    data = facts.data
    column = facts.column(reviewer_id)
    score = data.scores.value(submission_id, reviewer_id)
    certificate = data.assignment.certificate
    if score is None or last_seat is None or certificate is None:
        return None
    if score < data.config.min_score or not facts.takes_part[column]:
        return 0.0
    worth = score - float(certificate.reviewer_prices[column]) - last_seat
    if worth > 1:  # more than any score: somewhere a review is missing that this pair may help to fill
        return _FILLS
    return worth if worth >= _PROVEN_GAP else 0.0


def _stake(worth: float | None) -> str:
    if worth is None:
        return "not known"
    if worth == _FILLS:
        return "may fill a review that is missing or without evidence"
    if worth and worth < 0.0005:  # what would print as 0.000
        return "less than 0.001"
    return f"at most {worth:.3f}" if worth else "nothing"


# --- submission by submission, reviewer by reviewer -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Seat:
    """An assigned reviewer of a submission, with the evidence."""

    reviewer_id: PersonId
    name: str
    score: float | None
    marks: tuple[str, ...]
    load: int
    max_load: int
    rank: str
    standing: str
    parts: tuple[EvidencePaper, ...]
    other_parts: int
    rest: float


@dataclass(frozen=True, slots=True)
class _Detail:
    """A submission with its reviewers."""

    submission: Submission
    anchor: str
    authors: str
    mean: float | None
    wanted: int
    seats: list[_Seat]
    shortfall: Shortfall | None
    next: tuple[RankedReviewer, ...]


def _details(facts: _Facts) -> list[_Detail]:
    return [_detail(facts, name) for name in facts.details]


def _detail(facts: _Facts, name: SubmissionId) -> _Detail:
    submission = facts.data.venue.submission_by_id[name]
    explained = [facts.data.explanations.get((name, pair.reviewer_id)) for pair in facts.pairs[name]]
    alternatives = next((found.alternatives for found in explained if found is not None), ())
    return _Detail(
        submission=submission,
        anchor=facts.anchors[name],
        authors=_listed([author.name for author in submission.authors], _SHOWN_AUTHORS),
        mean=facts.means[name],
        wanted=facts.wanted(name),
        seats=[_seat(facts, pair) for pair in facts.pairs[name]],
        shortfall=facts.shortfalls.get(name),
        next=alternatives[:_SHOWN_NEXT],
    )


def _seat(facts: _Facts, pair: Pair) -> _Seat:
    explanation = facts.data.explanations.get((pair.submission_id, pair.reviewer_id))
    parts = explanation.evidence if explanation else ()
    rank = f"{explanation.rank} of {explanation.eligible}" if explanation and explanation.rank is not None else ""
    load, most = facts.load_of(pair.reviewer_id)
    return _Seat(
        reviewer_id=pair.reviewer_id,
        name=facts.name(pair.reviewer_id),
        score=pair.score,
        marks=tuple(mark.replace("_", " ") for mark in pair.marks),
        load=load,
        max_load=most,
        rank=rank,
        standing=explanation.standing if explanation else "",
        parts=parts[:_SHOWN_PARTS],
        other_parts=max(0, len(parts) - _SHOWN_PARTS),
        rest=sum(part.contribution for part in parts[_SHOWN_PARTS:]),
    )


def _listed(names: Sequence[str], shown: int) -> str:
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more:,} more" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class _ReviewerRow:
    """A reviewer with what they carry."""

    id: PersonId
    name: str
    papers: int
    load: int
    min_load: int
    max_load: int
    mean: float | None


def _reviewers(facts: _Facts) -> list[_ReviewerRow]:
    """All reviewers, the most loaded first."""
    scores: dict[PersonId, list[float]] = defaultdict(list)
    for pair in facts.data.assignment.pairs:
        if pair.score is not None:
            scores[pair.reviewer_id].append(pair.score)
    rows = [
        _ReviewerRow(
            id=name,
            name=facts.name(name),
            papers=int(facts.data.profiles_sizes[column]),
            load=int(facts.loads[column]),
            min_load=int(facts.data.limits.min_load[column]),
            max_load=int(facts.data.limits.max_load[column]),
            mean=sum(scores[name]) / len(scores[name]) if scores[name] else None,
        )
        for column, name in enumerate(facts.data.scores.reviewers)
    ]
    return sorted(rows, key=lambda row: (-row.load, row.name, row.id))


# --- how the run came about -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _ConfigRow:
    """A setting, its value, where the value came from, and what it means."""

    key: str
    value: str
    origin: str
    about: str


def _config_rows(data: ReportData) -> list[_ConfigRow]:
    origins = data.provenance.get("origin", {})
    plain = data.config.to_plain()
    return [
        _ConfigRow(
            key=setting.key,
            value=_plain_text(plain[setting.section][setting.name]),
            origin=str(origins.get(setting.name, "not recorded")),
            about=setting.about,
        )
        for setting in settings()
        if setting.name not in _OF_CHANCE or "seed" in data.provenance
    ]


_OF_CHANCE: Final = ("seed", "draw_seed")
"""From these and the rest a draw can be repeated: only who may see all of it is told them, see `provenance`."""


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested mappings as rows, keys in their alphabetical order, without what stands in the table of settings."""
    for key in sorted(values):
        name = f"{prefix}{key}"
        if name in ("config", "origin"):
            continue
        if isinstance(values[key], Mapping):
            yield from _flat(values[key], f"{name} · ")
        else:
            yield name, _plain_text(values[key])


def _plain_text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(_plain_text(entry) for entry in value)
    return str(value)
