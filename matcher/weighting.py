"""How much each paper of a reviewer counts: by age, by place in the byline, by kind and source.

Nothing is made up: a paper without a date, or whose byline does not say which author the reviewer is, counts fully, and
`describe` says of how many papers that is true.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from matcher.config import MatchConfig
from matcher.errors import DataError
from matcher.records import Paper, PersonId, Reviewer, Venue

__all__ = ["describe", "paper_weights"]

_DAYS_A_YEAR: Final = 365.25
"""Of the Julian year."""

_SEVERAL_AUTHORS: Final = 3
"""Fewest authors of which one is neither first nor last."""


def paper_weights(venue: Venue, reviewer: Reviewer, papers: Sequence[Paper], config: MatchConfig) -> tuple[float, ...]:
    """The weight of each paper in a reviewer's profile.

    Args:
        venue: for the deadline.
        reviewer: whose profile it is.
        papers: of the reviewer.
        config: `recency_half_life`, `middle_author_weight`, `source_weights`, `deadline`.

    Returns:
        (N,) weights from 0 to 1; 0 leaves a paper out.

    Raises:
        DataError: ages are to count, and there is no deadline to count from.

    Source: exponential decay by age, as in A. Daud et al., Temporal expert finding through generalized time topic
    modeling, 2010.
    """
    deadline = _deadline(venue, config)
    by_source = config.weights_by_source()
    return tuple(
        _by_age(paper, deadline, config.recency_half_life)
        * (config.middle_author_weight if _is_middle(paper, reviewer.person_id) else 1.0)
        * _by_source(paper, by_source)
        for paper in papers
    )


def describe(venue: Venue, reviewer: Reviewer, papers: Sequence[Paper], config: MatchConfig) -> tuple[str, ...]:
    """What a profile rests on, and which weights say nothing for lack of facts.

    Args:
        venue: for the deadline.
        reviewer: whose profile it is.
        papers: of the reviewer.
        config: as for `paper_weights`, `area_weight` and `full_text_share`.

    Returns:
        Phrases: how many papers, titles only, full texts; how many without the facts that a weight asks for; how many
        count in part or not at all.
    """
    titles = sum(not paper.abstract for paper in papers)
    said = [_count(len(papers), "paper")]
    if titles:
        said.append(f"{titles if titles < len(papers) else 'all'} of them known by title only")
    full = sum(bool(paper.full_text) for paper in papers) if config.full_text_share else 0
    if full:
        said.append(f"{full} with full text")
    if config.area_weight and reviewer.interests:
        said.append(f"areas stated by the reviewer: {'; '.join(reviewer.interests)}")
    undated = sum(not paper.dates for paper in papers) if config.recency_half_life else 0
    if undated:
        said.append(f"{undated} without a date, which {_verb(undated)} fully")
    if config.middle_author_weight < 1:
        unplaced = sum(_place(paper, reviewer.person_id) is None for paper in papers)
        if unplaced:
            said.append(f"{unplaced} whose byline does not name the reviewer, which {_verb(unplaced)} fully")
    weights = paper_weights(venue, reviewer, papers, config)
    lighter, left_out = sum(0 < weight < 1 for weight in weights), sum(weight == 0 for weight in weights)
    if lighter:
        said.append(f"{lighter} {_verb(lighter)} in part")
    if left_out:
        said.append(f"{left_out} left out by weights of 0")
    return tuple(said)


def _deadline(venue: Venue, config: MatchConfig) -> date | None:
    if not config.recency_half_life:
        return None
    day = config.deadline or (venue.deadline.day if venue.deadline else None)
    if day is None:
        raise DataError(
            "recency_half_life counts years back from the deadline, and there is none",
            remedy="give --deadline, or deadline in venue.toml, or set recency_half_life = 0",
        )
    return day


def _by_age(paper: Paper, deadline: date | None, half_life: float) -> float:
    """1 on the deadline and after it, 1/2 one half-life earlier; the latest day that any of its dates allows counts."""
    if deadline is None or not paper.dates:
        return 1.0
    latest = max(known.last_day() for known in paper.dates)
    years = max(0, (deadline - latest).days) / _DAYS_A_YEAR
    return float(2.0 ** (-years / half_life))


def _place(paper: Paper, who: PersonId) -> int | None:
    return next((place for place, mention in enumerate(paper.authors) if mention.person_id == who), None)


def _is_middle(paper: Paper, who: PersonId) -> bool:
    place = _place(paper, who) if len(paper.authors) >= _SEVERAL_AUTHORS else None
    return place is not None and 0 < place < len(paper.authors) - 1


def _by_source(paper: Paper, weights: dict[str, float]) -> float:
    """The weight of its kind times that of the beginning of its id."""
    weight = weights.get(paper.kind, 1.0)
    for name, value in weights.items():
        if name.endswith(":") and paper.id.startswith(name):
            weight *= value
    return weight


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _verb(number: int) -> str:
    return "counts" if number == 1 else "count"
