"""The choices of a match as clients may make them: those of the library, less what would read files of the server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from matcher.config import MatchConfig, resolve, settings
from matcher.conflicts.policy_file import policy_of
from matcher.errors import ConfigError, did_you_mean
from matcher.records import VenueDefaults
from service.problems import Problem

__all__ = ["check_config", "content_hash", "plain_config", "runnable"]

_ALLOWED_MODEL: Final = MatchConfig().model
_SHIPPED: Final = MatchConfig().background


def check_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The choices, if the library takes them.

    Args:
        config: by the names of the settings; `constraints` by their names.

    Raises:
        ConfigError: a setting is unknown or not allowed.
        UnknownNameError: there is no such policy.
        Problem: a setting would read a file of the server.
    """
    config = {name: value for name, value in config.items() if value is not None}
    known = {*(each.name for each in settings()), "constraints"}
    for name in config:
        if name not in known:
            remedy = f"{did_you_mean(name, known)} (all of them: GET /v1/settings)"
            raise ConfigError(f"there is no setting '{name}'{remedy}", key=name)
    fixed = {"model": _ALLOWED_MODEL, "background": _SHIPPED, "device": "cpu"}
    for name, allowed in fixed.items():
        if config.get(name, allowed) != allowed:
            detail = f"the service runs with '{allowed}'"
            raise Problem("invalid-configuration", detail, errors=[{"pointer": f"/config/{name}", "detail": detail}])
    policy = config.get("policy")
    if isinstance(policy, str) and policy.endswith(".toml") and "\n" not in policy:
        detail = "allowed is a preset by its name, or the text of a policy"
        raise Problem("invalid-configuration", detail, errors=[{"pointer": "/config/policy", "detail": detail}])
    if not isinstance(config.get("constraints", {}), Mapping):
        raise Problem("invalid-configuration", "constraints: allowed is an object by the names of rules")
    policy_of(resolve(flags=runnable(config)).config)
    return config


def runnable(config: Mapping[str, Any]) -> dict[str, Any]:
    """Stored choices as `matcher.config.resolve` takes them."""
    flags = dict(config)
    if "constraints" in flags:
        flags["constraints"] = MatchConfig.from_plain({"constraints": flags["constraints"]}).constraints
    return flags


def plain_config(values: Mapping[str, Any]) -> dict[str, Any]:
    """The choices of a `match.toml`, as read, in the form in which they are stored."""
    plain = replace(MatchConfig(), **values).settled(VenueDefaults()).to_plain()
    rules = plain.pop("constraints", {})
    flat = {name: value for entries in plain.values() for name, value in entries.items()} | {"constraints": rules}
    return {name: flat[name] for name in values}


def content_hash(venue_id: str, version: int, kind: str, config: Mapping[str, Any]) -> str:
    """SHA-256 of all that a job depends on."""
    content = json.dumps([venue_id, version, kind, config], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()
