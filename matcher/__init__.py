"""Reviewer matching: who should review what, why, and who must not.

>>> from matcher import MatchConfig, load_venue, match
>>> result = match(load_venue("data/sample"), MatchConfig(encoder="tfidf"))
>>> result.assignment.is_complete
True
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from matcher.config import MatchConfig
from matcher.conflicts import find_conflicts
from matcher.errors import (
    ConfigError,
    DataError,
    InfeasibleError,
    InputError,
    MatcherError,
    MissingExtraError,
    RunError,
    UnknownNameError,
    VerificationError,
)
from matcher.ingest import load_venue
from matcher.pipeline import MatchResult, match
from matcher.records import (
    Assignment,
    Conflict,
    Conflicts,
    Explanation,
    Pair,
    Paper,
    PartialDate,
    Person,
    Reviewer,
    ScoreMatrix,
    Shortfall,
    Submission,
    Venue,
    Verdict,
)

__all__ = [
    "Assignment",
    "ConfigError",
    "Conflict",
    "Conflicts",
    "DataError",
    "Explanation",
    "InfeasibleError",
    "InputError",
    "MatchConfig",
    "MatchResult",
    "MatcherError",
    "MissingExtraError",
    "Pair",
    "Paper",
    "PartialDate",
    "Person",
    "Reviewer",
    "RunError",
    "ScoreMatrix",
    "Shortfall",
    "Submission",
    "UnknownNameError",
    "Venue",
    "Verdict",
    "VerificationError",
    "find_conflicts",
    "load_venue",
    "match",
]

try:
    __version__ = version("reviewer-matcher")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"
