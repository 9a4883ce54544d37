"""The choices of a match, put together for every subcommand in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from matcher.config import Resolved, resolve
from matcher.ingest import Loaded

__all__ = ["resolve_choices"]


def resolve_choices(loaded: Loaded, config: Path | None, flags: Mapping[str, Any]) -> Resolved:
    """Flags over match.toml over venue.toml over defaults; the venue's deadline joins in last.

    Args:
        loaded: the venue as read.
        config: a match.toml; by default the venue's own, if it has one.
        flags: values from the command line; `None` is not given.

    Raises:
        ConfigError: a key is unknown or a value is not allowed.
    """
    resolved = resolve(flags=flags, match_toml=config or loaded.match_toml, venue_facts=loaded.facts)
    deadline = loaded.venue.deadline
    if resolved.config.deadline is None and deadline is not None:
        origin = {**resolved.origin, "deadline": deadline.origin}
        return Resolved(replace(resolved.config, deadline=deadline.day), origin)
    return resolved
