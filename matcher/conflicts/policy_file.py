"""Policies as TOML: read, checked, written and compared.

A policy is a file with one table for each rule that it has. The rules `author` and `declared` always hold and have no
table. Every table cites where its rule stands (`cite`, `dated`). Presets lie in `policies/`; `policy_of` also takes the
text of a policy, and makes one of the flat settings where no policy is named.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from matcher.config import ALL_HISTORY, MatchConfig
from matcher.conflicts.policy import (
    ARITHMETICS,
    Coauthors,
    Collaborators,
    Cosubmissions,
    Institutions,
    Policy,
    Relations,
    Seniors,
    Window,
    words_of,
)
from matcher.errors import ConfigError, UnknownNameError, did_you_mean
from matcher.records import KINDS, RELATION_KINDS, Verdict

__all__ = [
    "difference",
    "load_policy",
    "parse_policy",
    "policy_of",
    "policy_text",
    "preset_names",
    "rules_of",
    "to_plain_policy",
]


def policy_of(config: MatchConfig) -> Policy:
    """The policy that a configuration means.

    Without a name the flat settings are the policy. With one, a flat setting of a window counts only where it differs
    from its default, and then replaces the policy's.

    Raises:
        UnknownNameError: no preset has that name.
        ConfigError: the text of a policy is not right.

    >>> policy_of(MatchConfig(policy="acl", coauthor_window_months=48)).coauthor.window.months
    48
    """
    if not config.policy:
        return _of_settings(config)
    text, default = config.policy, MatchConfig()
    policy = parse_policy(text) if "=" in text else load_policy(text)
    if policy.coauthor and config.coauthor_window_months != default.coauthor_window_months:
        window = replace(policy.coauthor.window, months=config.coauthor_window_months)
        policy = replace(policy, coauthor=replace(policy.coauthor, window=window))
    if policy.relation and config.relation_window_months != default.relation_window_months:
        window = replace(policy.relation.window, months=config.relation_window_months)
        policy = replace(policy, relation=replace(policy.relation, window=window))
    return _with_institution_settings(policy, config, default)


def _of_settings(config: MatchConfig) -> Policy:
    institution = None
    if config.institution_policy != "off":
        institution = Institutions(config.institution_policy, Window(config.institution_window_months))
    return Policy(
        name="settings",
        title="the windows of match.toml",
        coauthor=Coauthors(Window(config.coauthor_window_months)),
        institution=institution,
        relation=Relations(Window(config.relation_window_months), {"family": Window(None)}),
    )


def _with_institution_settings(policy: Policy, config: MatchConfig, default: MatchConfig) -> Policy:
    if config.institution_policy == "off":
        return replace(policy, institution=None)
    rule = policy.institution or Institutions()
    changed = rule
    if config.institution_policy != default.institution_policy:
        changed = replace(changed, when=config.institution_policy)
    if config.institution_window_months != default.institution_window_months:
        changed = replace(changed, window=replace(changed.window, months=config.institution_window_months))
    return policy if changed is rule else replace(policy, institution=changed)


# --- reading --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def preset_names() -> tuple[str, ...]:
    """The policies that are shipped, sorted."""
    folder = files("matcher.conflicts").joinpath("policies")
    return tuple(sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")))


@lru_cache(maxsize=32)
def load_policy(name: str) -> Policy:
    """A preset by its name.

    Raises:
        UnknownNameError: there is none of that name.

    >>> load_policy("acl").coauthor.window.months
    60
    """
    if name not in preset_names():
        raise UnknownNameError("policy", name, preset_names())
    text = files("matcher.conflicts").joinpath("policies", f"{name}.toml").read_text(encoding="utf-8")
    return parse_policy(text, file=f"{name}.toml")


@lru_cache(maxsize=32)
def parse_policy(text: str, *, file: str | None = None) -> Policy:
    """Read the text of a policy; everything that it says is known and allowed, or an error says what is.

    Args:
        text: TOML.
        file: its name in messages.

    Raises:
        ConfigError: no TOML, an unknown key, a value that is not allowed, or a rule without a citation.
    """
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"this is no TOML: {error}", file=file) from None
    except RecursionError:
        raise ConfigError("the TOML is nested too deeply", file=file) from None
    known = {"name", "title", "source", *_TABLES}
    reader = _Reader(file, plain, "", known)
    name = reader.take("name", _text)
    policy = Policy(name=name, title=reader.take("title", _text, name), source=reader.take("source", _text, ""))
    for table, read in _TABLES.items():
        if table in plain:
            content = plain[table]
            if not isinstance(content, dict):
                raise ConfigError("allowed is a table", key=table, file=file)
            policy = replace(policy, **{table: read(file, content)})
    return policy


class _Reader:
    """Takes values out of one table, each checked; refuses what it does not know."""

    def __init__(self, file: str | None, plain: Mapping[str, Any], table: str, known: set[str]) -> None:
        self._file, self._plain, self._table = file, plain, table
        for key in plain:
            if key not in known:
                known_here = f"; known are {', '.join(sorted(known))}"
                raise ConfigError(f"unknown key{did_you_mean(key, known) or known_here}", key=self._key(key), file=file)

    def take(self, key: str, read: Callable[[Any], Any], default: Any = None) -> Any:
        """The value under a key; without a default it must be there."""
        if key not in self._plain:
            if default is None:
                raise ConfigError("this must be given", key=self._key(key), file=self._file)
            return default
        try:
            return read(self._plain[key])
        except ValueError as error:
            raise ConfigError(f"{error}; got {self._plain[key]!r}", key=self._key(key), file=self._file) from None

    def cited(self) -> dict[str, str]:
        """Where the rule stands, as of when, and how it is read."""
        return {
            "cite": self.take("cite", _text),
            "dated": self.take("dated", _dated),
            "note": self.take("note", _text, ""),
        }

    def _key(self, key: str) -> str:
        return f"{self._table}.{key}" if self._table else key


_CITED: Final = frozenset(("cite", "dated", "note"))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("allowed is a text in quotes")  # noqa: TRY004  # `take` turns it into a ConfigError
    return value


def _dated(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", value):
        raise ValueError('allowed is a date in quotes: "YYYY", "YYYY-MM" or "YYYY-MM-DD"')
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("allowed are true and false")  # noqa: TRY004  # as above
    return value


def _months(value: Any) -> Window:
    """A number of months, or `all`."""
    if value == ALL_HISTORY:
        return Window(None)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"allowed is a whole number of months from 0 up, or '{ALL_HISTORY}'")
    return Window(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 2:
        raise ValueError("allowed is a whole number from 2 up")
    return value


def _one_of(*allowed: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"allowed are {', '.join(allowed)}")
        return str(value)

    return read


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise ValueError("allowed is a list of texts")
    return tuple(value)


def _all_of(*allowed: str) -> Callable[[Any], tuple[str, ...]]:
    def read(value: Any) -> tuple[str, ...]:
        found = _texts(value)
        wrong = [each for each in found if each not in allowed]
        if wrong:
            raise ValueError(f"'{wrong[0]}' is none of {', '.join(allowed)}")
        return found

    return read


def _window(reader: _Reader, default: Window | None = None) -> Window:
    window: Window = reader.take("window_months", _months, default)
    return replace(window, arithmetic=reader.take("arithmetic", _one_of(*ARITHMETICS), "months"))


def _coauthors(file: str | None, plain: Mapping[str, Any]) -> Coauthors:
    known = {"window_months", "arithmetic", "undated", "most_authors", "exempt_kinds", "exempt_titles", *_CITED}
    reader = _Reader(file, plain, "coauthor", known)
    return Coauthors(
        window=_window(reader),
        undated=Verdict(reader.take("undated", _one_of(*Verdict), "ask")),
        most_authors=reader.take("most_authors", _count, 0) or None,
        exempt_kinds=reader.take("exempt_kinds", _all_of(*KINDS), ()),
        exempt_titles=tuple(words_of(each).strip() for each in reader.take("exempt_titles", _texts, ())),
        **reader.cited(),
    )


def _institutions(file: str | None, plain: Mapping[str, Any]) -> Institutions:
    known = {"when", "window_months", "arithmetic", "level", "addresses", "exempt_roles", *_CITED}
    reader = _Reader(file, plain, "institution", known)
    when = reader.take("when", _one_of("current", "both_within_window", "overlap_within_window"))
    return Institutions(
        when=when,
        window=_window(reader, Window(0) if when == "current" else None),
        level=reader.take("level", _one_of("institution", "unit"), "institution"),
        addresses=reader.take("addresses", _one_of("always", "without_history", "never"), "without_history"),
        exempt_roles=tuple(each.casefold() for each in reader.take("exempt_roles", _texts, ())),
        **reader.cited(),
    )


def _relations(file: str | None, plain: Mapping[str, Any]) -> Relations:
    known = {"window_months", "arithmetic", "windows", "off", "needs_id", "siblings", *_CITED}
    reader = _Reader(file, plain, "relation", known)
    window = _window(reader)
    by_kind = plain.get("windows", {})
    if not isinstance(by_kind, dict):
        raise ConfigError("allowed is a table", key="relation.windows", file=file)
    inner = _Reader(file, by_kind, "relation.windows", set(RELATION_KINDS))
    return Relations(
        window=window,
        windows={kind: replace(inner.take(kind, _months), arithmetic=window.arithmetic) for kind in by_kind},
        off=reader.take("off", _all_of(*RELATION_KINDS), ()),
        needs_id=reader.take("needs_id", _flag, False),
        siblings=reader.take("siblings", _flag, False),
        **reader.cited(),
    )


def _cosubmissions(file: str | None, plain: Mapping[str, Any]) -> Cosubmissions:
    return Cosubmissions(**_Reader(file, plain, "cosubmission", set(_CITED)).cited())


def _collaborators(file: str | None, plain: Mapping[str, Any]) -> Collaborators:
    reader = _Reader(file, plain, "collaborator", {"attribute", *_CITED})
    return Collaborators(attribute=reader.take("attribute", _text, "collaborators"), **reader.cited())


def _seniors(file: str | None, plain: Mapping[str, Any]) -> Seniors:
    reader = _Reader(file, plain, "senior", {"attribute", *_CITED})
    return Seniors(attribute=reader.take("attribute", _text, "senior"), **reader.cited())


_TABLES: Final[Mapping[str, Callable[[str | None, Mapping[str, Any]], Any]]] = {
    "coauthor": _coauthors,
    "cosubmission": _cosubmissions,
    "institution": _institutions,
    "relation": _relations,
    "collaborator": _collaborators,
    "senior": _seniors,
}
"""The tables of a policy, one for each rule that a venue may have or not, in the order in which they are shown."""


# --- writing and comparing ------------------------------------------------------------------------------------------


def rules_of(policy: Policy) -> tuple[str, ...]:
    """The names of the rules that hold, in the order in which they are shown.

    >>> rules_of(load_policy("openreview-default"))
    ('author', 'coauthor', 'institution', 'relation', 'declared')
    """
    return ("author", *(table for table in _TABLES if getattr(policy, table) is not None), "declared")


def to_plain_policy(policy: Policy) -> dict[str, Any]:
    """A policy as TOML and JSON hold it."""
    plain: dict[str, Any] = {"name": policy.name, "title": policy.title, "source": policy.source}
    for table in _TABLES:
        rule = getattr(policy, table)
        if rule is not None:
            plain[table] = _plain_rule(rule)
    return plain


def policy_text(policy: Policy) -> str:
    """A policy as a file that `parse_policy` reads."""
    return "\n".join(_toml_lines(to_plain_policy(policy), "")) + "\n"


def _plain_rule(rule: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for entry in fields(rule):
        value = getattr(rule, entry.name)
        if isinstance(value, Window):
            plain["window_months"] = ALL_HISTORY if value.months is None else value.months
            if value.arithmetic != "months":
                plain["arithmetic"] = value.arithmetic
        elif isinstance(value, Mapping):
            plain[entry.name] = {
                kind: ALL_HISTORY if window.months is None else window.months for kind, window in value.items()
            }
        elif isinstance(value, Verdict):
            plain[entry.name] = str(value)
        elif value not in (None, "", (), False):
            plain[entry.name] = list(value) if isinstance(value, tuple) else value
    if plain.get("when") == "current":
        plain.pop("window_months")
    return {key: value for key, value in plain.items() if value != {}}


def _toml_lines(plain: Mapping[str, Any], table: str) -> Iterator[str]:
    if table:
        yield f"\n[{table}]"
    for key, value in plain.items():
        if not isinstance(value, dict):
            yield f"{key} = {_toml_value(value)}"
    for key, value in plain.items():
        if isinstance(value, dict):
            yield from _toml_lines(value, f"{table}.{key}" if table else key)


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def difference(one: Policy, other: Policy) -> tuple[tuple[str, str, str], ...]:
    """What two policies say differently: key, the first's value, the second's; citations are left out.

    >>> difference(load_policy("neurips"), load_policy("acl"))[0]
    ('coauthor.window_months', '36', '60')
    """
    first, second = _flat(one), _flat(other)
    keys = dict.fromkeys((*first, *second))
    return tuple((key, first.get(key, "–"), second.get(key, "–")) for key in keys if first.get(key) != second.get(key))


def _flat(policy: Policy) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in _TABLES:
        rule = to_plain_policy(policy).get(table)
        if rule is None:
            found[table] = "off"
            continue
        found[table] = "on"
        for key, value in rule.items():
            if key in _CITED:
                continue
            if isinstance(value, dict):
                found.update({f"{table}.{key}.{inner}": str(each) for inner, each in value.items()})
            else:
                found[f"{table}.{key}"] = ", ".join(value) if isinstance(value, list) else str(value)
    return found
