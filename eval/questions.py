"""How many questions about doubtful conflicts a venue leaves, and how many of them would change its assignment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eval.conflicts import wilson
from matcher.commands.review import Queue
from matcher.config import MatchConfig
from matcher.pipeline import match
from matcher.records import Progress, Venue

__all__ = ["count_questions"]


def count_questions(
    venue: Venue, config: MatchConfig, *, progress: Progress | None = None, **facts: Any
) -> dict[str, Any]:
    """Match a venue, try the release of every question, and count.

    Args:
        venue: with active submissions.
        config: the choices; reviews may be missing.
        progress: called by long stages.
        facts: what stands in front of the row.

    Returns:
        `open` questions, also per submission; `mattering` ones, whose release led to an assignment in a trial match;
        `share`, of the submissions that have one of these, with its 95 % interval.
    """
    result = match(venue, replace(config, allow_partial=True), progress=progress)
    queue = Queue(venue, result.conflicts, result)
    active = len(venue.active_submissions)
    share, low, high = wilson(queue.submissions, active) or (0.0, 0.0, 0.0)
    return {
        **facts,
        "submissions": active,
        "open": len(queue.all),
        "open_per_submission": sum(len(each.submissions) for each in queue.all) / active,
        "mattering": len(queue.mattering),
        "share": share,
        "interval": {"share": (low, high)},
    }
