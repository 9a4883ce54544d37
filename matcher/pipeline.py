"""The core loop. `match` is the whole job on one screen; `MatchResult` binds what its stages made."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np

from matcher.assignment import assign, build_limits, price_questions, refuse_impossible_demand, rules_of, verify
from matcher.bids import apply_wishes, wish_parts
from matcher.config import MatchConfig, settings
from matcher.conflicts import conflicts_of_person, conflicts_since, find_conflicts
from matcher.constraints import broken_rules
from matcher.encoders import TextEncoder, default_cache_dir, make_encoder
from matcher.errors import ConfigError, VerificationError
from matcher.evidence import Vocabulary, shared_terms
from matcher.executors import Executor, executor_from_environment
from matcher.explanation import Standing, explain
from matcher.external import external_parts, join_external, mapped_scores
from matcher.infeasibility import explain_infeasible
from matcher.profiles import build_profiles
from matcher.records import (
    Assignment,
    Conflicts,
    EvidencePaper,
    Explanation,
    Infeasibility,
    Ints,
    Limits,
    PersonId,
    Profiles,
    Progress,
    QuestionPrice,
    Relaxation,
    Reviewer,
    ScoreMatrix,
    Submission,
    SubmissionId,
    Venue,
    Violation,
    to_plain,
)
from matcher.rounds import Replanned, replan, with_standing
from matcher.runs import Run, current_versions, load_run, save_run
from matcher.scores import Scored, is_usable, score, score_parts
from matcher.viewer import hidden_from, restrict
from matcher.ways_out import find_ways_out, infeasible
from matcher.weighting import describe

__all__ = ["Keep", "MatchResult", "StageClock", "hidden_for", "match", "rematch"]

Keep: TypeAlias = Callable[[str, Callable[[], Any]], Any]
"""Gives what the maker of a stage's records makes, or what it made before."""


def match(
    venue: Venue,
    config: MatchConfig | None = None,
    *,
    encoder: TextEncoder | None = None,
    origin: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    clock: StageClock | None = None,
    keep: Keep | None = None,
    earlier: Callable[[], MatchResult | None] | None = None,
    executor: Executor | None = None,
) -> MatchResult:
    """Decide who reviews what.

    Args:
        venue: the whole input.
        config: every choice; by default the venue's own demand and loads and our defaults.
        encoder: makes vectors; by default the one that the configuration names, with its cache on disk.
        origin: where each value of the configuration came from, for the manifest.
        progress: called by long stages.
        clock: measures the stages; give one that has measured the reading to have both in `times`.
        keep: called with the names and the makers of conflicts, profiles and scores; gives what the maker makes, or the
            same from an earlier match that was interrupted. By default everything is made.
        earlier: gives a match of the venue before something small changed. Conflicts and scores that the change does
            not reach are taken from it; the answer is the same. `times` then says what was, as `reused`. Nothing is
            taken from a match that other versions of programs made.
        executor: where texts are embedded and scored; by default what `MATCHER_EXECUTOR` names, else in this process.

    Returns:
        The assignment and all that led to it, checked by `verify`.

    Raises:
        InputError: the data or a setting is wrong.
        InfeasibleError: the limits cannot be met and `allow_partial` is off.
        VerificationError: the answer breaks a rule; a defect of ours.

    >>> from matcher import MatchConfig, load_venue, match
    >>> result = match(load_venue("data/sample"), MatchConfig(encoder="tfidf"))
    >>> len(result.assignment.pairs)
    57
    """
    config = (config or MatchConfig()).settled(venue.defaults)
    clock, keep = clock or StageClock(), keep or _make
    executor = executor or executor_from_environment()
    with clock.stage("conflicts"):  # first, because it is quick and refuses a venue without a deadline
        reuse = None if earlier is None else _Reuse(earlier, config)
        conflicts = keep(
            "conflicts", lambda: find_conflicts(venue, config) if reuse is None else reuse.conflicts(venue)
        )
        refuse_impossible_demand(venue, config, conflicts)
    with clock.stage("profiles"):
        encoder = encoder or make_encoder(config, cache_dir=default_cache_dir(), executor=executor)
        profiles = keep("profiles", lambda: build_profiles(venue, encoder, config, progress=progress))
    with clock.stage("scores"):
        scored = None if reuse is None else reuse.scored
        scores = keep("scores", lambda: _scored(profiles, venue, config, progress, executor, scored))
    with clock.stage("assignment"):
        limits = build_limits(venue, config, scores, conflicts)
        assignment = assign(scores, limits, config, progress=progress)
    with clock.stage("verify"):
        violations = verify(assignment, scores, limits, conflicts)
    if violations:
        raise VerificationError(violations)
    return MatchResult(
        venue=venue,
        config=config,
        profiles=profiles,
        scores=scores,
        conflicts=conflicts,
        limits=limits,
        assignment=assignment,
        origin=dict(origin) if origin is not None else _origin_of(config),
        times=clock.times if reuse is None else {**clock.times, "reused": reuse.said},
        versions=current_versions(),
    )


def _scored(
    profiles: Profiles,
    venue: Venue,
    config: MatchConfig,
    progress: Progress | None,
    executor: Executor | None,
    earlier: Callable[[Profiles], Scored | None] | None = None,
) -> ScoreMatrix:
    """What decides: the text's scores, those of other systems, and wishes."""
    before = None if earlier is None else earlier(profiles)
    from_text = score(profiles, config, progress=progress, earlier=before, executor=executor)
    return apply_wishes(join_external(from_text, venue, config), venue, config)


class _Reuse:
    """What a match can take from an earlier one of the same venue.

    Args:
        earlier: gives it; asked once, and only when something is to be made.
        config: of the match.
    """

    def __init__(self, earlier: Callable[[], MatchResult | None], config: MatchConfig) -> None:
        self._load = earlier
        self._config = config
        self.said: dict[str, str] = {}
        """What was taken over, by stage, in words."""

    @cached_property
    def _earlier(self) -> MatchResult | None:
        """The earlier match; none where other versions of programs made it."""
        found = self._load()
        if found is None or found.versions != current_versions():
            return None
        self.said["venue"] = found.venue.digest
        return found

    def conflicts(self, venue: Venue) -> Conflicts:
        """All conflicts of the venue as it is now."""
        before = self._earlier
        if before is None:
            return find_conflicts(venue, self._config)
        if _section(before.config, "conflicts") != _section(self._config, "conflicts"):
            self.said["conflicts"] = "nothing: other settings about conflicts"
            return find_conflicts(venue, self._config)
        self.said["conflicts"] = "what the change does not reach"
        return conflicts_since(before.venue, before.conflicts, venue, self._config)

    def scored(self, profiles: Profiles) -> Scored | None:
        """What `score` takes over."""
        before = self._earlier
        if before is None:
            return None
        scored = Scored(before.profiles, before.config, before.scores)
        if not is_usable(profiles, self._config, scored):
            self.said["scores"] = "nothing: other settings, another encoder or other words in the venue, or few scores"
            return None
        self.said["scores"] = "blocks of unchanged reviewers and submissions"
        return scored


def _section(config: MatchConfig, name: str) -> Any:
    return config.to_plain()[name]


def _make(_: str, maker: Callable[[], Any]) -> Any:
    """Keep nothing."""
    return maker()


def rematch(
    before: MatchResult,
    venue: Venue,
    *,
    pairs: Iterable[tuple[str, str]] | None = None,
    reviews: int | None = None,
    emergency: bool = False,
    hold_back: float | None = None,
    exchange: bool = True,
    encoder: TextEncoder | None = None,
    progress: Progress | None = None,
) -> tuple[MatchResult, Replanned]:
    """Match a venue again after something changed, with the fewest changed pairs.

    Args:
        before: the earlier match; its configuration holds again.
        venue: as it is now: reviewers who dropped out, new conflicts, new submissions.
        pairs: what is to stay; by default the earlier assignment.
        reviews: reviews per submission from now on; submissions that name a number of their own keep it.
        emergency: whether those who offered emergency reviews (a load in the role `emergency`) can be asked for them.
        hold_back: share of every load kept back from now on; by default that of the configuration.
        exchange: whether pairs may make place where nothing else fills a missing review; when not, all that stands
            stays, whatever loads and demand are now.
        encoder: as for `match`; used only where texts or reviewers' papers changed.
        progress: called by long stages.

    Returns:
        The new match, and which pairs stayed, had to go, made place, and came.

    Raises:
        InfeasibleError: the limits cannot be met and `allow_partial` is off.
        VerificationError: the answer breaks a rule; a defect of ours.
        ConfigError: emergency reviews and weights of submissions do not go together.
    """
    config = before.config if reviews is None else replace(before.config, reviews_per_submission=reviews)
    config = config.settled(venue.defaults)
    if hold_back is not None:
        config = replace(config, hold_back=hold_back)
    standing: list[tuple[str, str]] = [(pair.submission_id, pair.reviewer_id) for pair in before.assignment.pairs]
    standing = standing if pairs is None else list(pairs)
    clock = StageClock()
    with clock.stage("conflicts"):
        conflicts = find_conflicts(venue, config)
    with clock.stage("scores"):
        profiles, scores = before.profiles, before.scores
        if _scored_parts(venue) != _scored_parts(before.venue):
            executor = executor_from_environment()
            encoder = encoder or make_encoder(config, cache_dir=default_cache_dir(), executor=executor)
            profiles = build_profiles(venue, encoder, config, progress=progress)
            scores = _scored(profiles, venue, config, progress, executor)
    with clock.stage("assignment"):
        # What stands is given to the plan as pairs: it must not count a second time as an earlier round's.
        limits = build_limits(venue, replace(config, earlier_load="off"), scores, conflicts)
        if emergency and any(rule.room is not None for rule in limits.rules):
            raise ConfigError("emergency reviews are counted in whole reviews, and submissions here weigh more or less")
        if emergency:
            limits = replace(limits, max_load=limits.max_load + _emergency_loads(venue))
        if not exchange:
            limits = with_standing(scores, limits, standing)
        found = replan(
            scores,
            limits,
            standing,
            objective=config.objective,
            seed=config.seed,
            earlier=before.assignment,
            exchange=exchange,
            progress=progress,
        )
        assignment = found.assignment
        if not assignment.is_complete and not config.allow_partial:
            raise infeasible(scores, limits, assignment)
    with clock.stage("verify"):
        violations = verify(assignment, scores, limits, conflicts)
    if violations:
        raise VerificationError(violations)
    result = MatchResult(
        venue=venue,
        config=config,
        profiles=profiles,
        scores=scores,
        conflicts=conflicts,
        limits=limits,
        assignment=assignment,
        origin=before.origin,
        times=clock.times,
        versions=current_versions(),
    )
    return result, found


def _scored_parts(venue: Venue) -> tuple[Any, ...]:
    """What scores depend on."""
    papers = [(reviewer.person_id, reviewer.paper_ids) for reviewer in venue.reviewers]
    texts = [(submission.id, submission.text) for submission in venue.active_submissions]
    return papers, texts, venue.papers, venue.bids, venue.recommendations, venue.external_scores


def _emergency_loads(venue: Venue) -> Ints:
    """(R,) submissions that each reviewer offered to take in an emergency."""
    offered = [sum(role.max_load for role in each.roles if role.role == "emergency") for each in venue.reviewers]
    return np.array(offered, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class MatchResult:
    """All records of one match, and the calls that read them.

    Args:
        venue: the input.
        config: the choices, complete.
        profiles: vectors of papers and submissions.
        scores: (S, R).
        conflicts: all, with evidence.
        limits: what the assignment respects.
        assignment: the answer, with its bound.
        origin: where each value of the configuration came from.
        times: seconds and peak memory by stage.
        versions: of the packages that can change a result.
    """

    venue: Venue
    config: MatchConfig
    profiles: Profiles
    scores: ScoreMatrix
    conflicts: Conflicts
    limits: Limits
    assignment: Assignment
    origin: Mapping[str, str]
    times: Mapping[str, Any]
    versions: Mapping[str, str]

    def explain(self, submission_id: str, reviewer_id: str) -> Explanation:
        """Why this pair is assigned, or why not, or why it may not be.

        Raises:
            UnknownNameError: an id is not known; the message says which is closest.
        """
        submission, reviewer = self.venue.submission(submission_id), self.venue.reviewer(reviewer_id)
        is_active = submission_id in self.scores.submissions
        parts = score_parts(self.profiles, self.config, self.venue, submission_id, reviewer_id) if is_active else ()
        parts = tuple(self._with_terms(part, submission, reviewer) for part in parts)
        if is_active:
            parts += tuple(external_parts(parts, self._external, self.config, submission_id, reviewer_id))
        if parts:
            text_score = sum(part.contribution for part in parts)
            parts += tuple(wish_parts(self.scores, self.venue, self.config, submission_id, reviewer_id, text_score))
        return explain(
            self.venue,
            self.scores,
            self.conflicts,
            self.limits,
            self.assignment,
            submission_id,
            reviewer_id,
            parts=parts,
            basis=self._basis(submission, reviewer),
            standing=self._standing,
        )

    def _basis(self, submission: Submission, reviewer: Reviewer) -> tuple[str, ...]:
        papers = [self.venue.paper_by_id[paper] for paper in reviewer.paper_ids]
        is_read = submission.full_text and self.config.full_text_share
        read = ("the full text of the submission",) if is_read else ()
        return (*describe(self.venue, reviewer, papers, self.config), *read)

    def _with_terms(self, part: EvidencePaper, submission: Submission, reviewer: Reviewer) -> EvidencePaper:
        if part.paper_id is None:
            return part
        is_areas = part.paper_id == reviewer.areas_id
        text = reviewer.areas_text if is_areas else self.venue.paper_by_id[part.paper_id].text
        return replace(part, terms=shared_terms(submission.text, text, self._vocabulary))

    def explain_assigned(
        self, submissions: Collection[str] | None = None
    ) -> dict[tuple[SubmissionId, PersonId], Explanation]:
        """The explanations of assigned pairs: of all, or of some submissions."""
        return {
            (pair.submission_id, pair.reviewer_id): self.explain(pair.submission_id, pair.reviewer_id)
            for pair in self.assignment.pairs
            if submissions is None or pair.submission_id in submissions
        }

    @cached_property
    def _external(self) -> Mapping[tuple[SubmissionId, PersonId], Mapping[str, float]]:
        return mapped_scores(self.venue, self.config)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary.of(self.venue)

    @cached_property
    def _standing(self) -> Standing:
        return Standing.of(self.assignment, self.scores)

    @cached_property
    def question_price(self) -> QuestionPrice:
        """What the open questions about conflicts cost."""
        return price_questions(self.scores, self.limits, self.assignment, self.config)

    @cached_property
    def infeasibility(self) -> tuple[Infeasibility, ...]:
        """Why not everything could be met, with ways out; empty when it could."""
        if self.assignment.is_complete:
            return ()
        return explain_infeasible(self.scores, self.limits, self.assignment)

    @cached_property
    def ways_out(self) -> tuple[Relaxation, ...]:
        """Changes that would make everything possible at once; none when it is."""
        if self.assignment.is_complete:
            return ()
        return find_ways_out(self.scores, self.limits, self.assignment)

    @cached_property
    def broken_wishes(self) -> tuple[Violation, ...]:
        """Every case in which a rule with a price is broken; those without one never are."""
        found = broken_rules(self.limits.rules, self.assignment, self.scores, self.limits.wanted)
        return tuple(violation for rule, violation in found if rule.price is not None)

    def verify(self) -> tuple[Violation, ...]:
        """Check the answer again, without a solver; none for a correct one."""
        return verify(self.assignment, self.scores, self.limits, self.conflicts)

    def report(self, *, viewer: str | None = None) -> str:
        """The match as one HTML page that needs no network.

        Args:
            viewer: for whom this match was restricted, who must not learn of what it costs the others.
        """
        from matcher.report import ReportData, render_report, submissions_in_detail

        shown = frozenset(submissions_in_detail(self.scores, self.limits, self.assignment))
        data = ReportData(
            venue=self.venue,
            config=self.config,
            profiles_sizes=self.profiles.sizes(),
            scores=self.scores,
            conflicts=self.conflicts,
            limits=self.limits,
            assignment=self.assignment,
            explanations=self.explain_assigned(shown),
            question_price=self.question_price if viewer is None else None,
            infeasibility=self.infeasibility if viewer is None else (),
            provenance={
                **(
                    {}
                    if viewer is None
                    else {"made for": f"{viewer}; what they must not see is left out, and counts in no figure here"}
                ),
                "versions": dict(self.versions),
                "origin": dict(self.origin),
                "venue digest": self.venue.digest,
                "encoder": to_plain(self.profiles.encoder),
                **({"seed": self.config.seed} if viewer is None else {}),
            },
        )
        return render_report(data)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write a run folder; see `matcher.runs`.

        Raises:
            RunError: the folder holds something that may not be replaced.
        """
        return save_run(self._run(), folder, overwrite=overwrite)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a run folder and check it against its manifest.

        Raises:
            RunError: it is no run, or was changed.
        """
        run = load_run(folder)
        rules = rules_of(run.venue, run.config, run.scores)  # positions are not stored, attributes are
        parts = {name: getattr(run, name) for name in Run.__slots__}
        return cls(**{**parts, "limits": replace(run.limits, rules=rules)})

    def seen_by(self, viewer: str, *, besides: Collection[str] = ()) -> Self:
        """The same match without the submissions with which somebody is in conflict; see `matcher.viewer`.

        Args:
            viewer: id of a person of the venue, a reviewer or not.
            besides: further submissions to leave out, such as those that a stricter policy would.

        Raises:
            UnknownNameError: nobody has that id.
        """
        found = hidden_for(self.venue, self.config, self.conflicts, viewer)
        hidden = found | (self.venue.submission_by_id.keys() & set(besides))
        kept = restrict(self.venue, self.profiles, self.scores, self.conflicts, self.limits, self.assignment, hidden)
        return replace(self, **kept)

    def _run(self) -> Run:
        return Run(**{name: getattr(self, name) for name in Run.__slots__})

    def with_config(self, **changes: Any) -> MatchConfig:
        """The configuration with some values changed, for a second match of the same venue."""
        return replace(self.config, **changes)


def hidden_for(venue: Venue, config: MatchConfig, conflicts: Conflicts, viewer: str) -> frozenset[SubmissionId]:
    """The submissions of which somebody must not learn who reviews them.

    Args:
        venue: the whole input.
        config: as for `match`.
        conflicts: all of the reviewers; those of a chair or an author who is none are found here.
        viewer: id of a person.

    Raises:
        UnknownNameError: nobody has that id.
    """
    if viewer not in venue.reviewer_by_id:
        conflicts = conflicts_of_person(venue, config, viewer)
    return hidden_from(venue, conflicts, viewer)


class StageClock:
    """Seconds and peak memory of each stage, in the order in which they ran."""

    def __init__(self) -> None:
        self.times: dict[str, dict[str, float]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what happens inside."""
        start = time.perf_counter()
        yield
        seconds = time.perf_counter() - start
        self.times[name] = {"seconds": round(seconds, 3), "peak_mb": round(_peak_mb(), 1)}


def _peak_mb() -> float:
    """Largest resident memory of this process so far, in MB; 0 where the system does not tell.

    On Linux from the kernel's status file: what `getrusage` says there is inherited from the process that started us.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1e3
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def _origin_of(config: MatchConfig) -> dict[str, str]:
    """For callers who built the configuration in Python: what differs from the default is theirs."""
    default = MatchConfig()
    return {
        setting.name: "default" if getattr(config, setting.name) == getattr(default, setting.name) else "caller"
        for setting in settings()
    }
