"""Every choice that a match makes, as one typed frozen value that travels with the result.

`MatchConfig` is flat in Python and sectioned in TOML (`match.toml`)::

    [assignment]
    reviews_per_submission = 3
    max_load = 6

    [conflicts]
    coauthor_window_months = 36

Precedence: flag > `match.toml` > `venue.toml` > default; `resolve` returns the value and where each part came from.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Self

from matcher.errors import ConfigError, did_you_mean
from matcher.records import (
    CIRCLES,
    CONSTRAINT_KINDS,
    KINDS,
    OBJECTIVES,
    PAIR_TESTS,
    Constraint,
    VenueDefaults,
    to_plain,
)

__all__ = ["ALL_HISTORY", "PLAIN_SEPARATOR", "MatchConfig", "Resolved", "Setting", "resolve", "settings"]

ALL_HISTORY: Final = "all"
"""How a window without an end is written in TOML and on the command line."""

PLAIN_SEPARATOR: Final = ". "
"""What stands between title and abstract unless a model was trained with something else."""

_SECTIONS: Final = ("expertise", "bids", "external", "conflicts", "assignment", "run")


def _setting(
    default: Any,
    section: str,
    about: str,
    *,
    choices: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
    fallback: int | None = None,
) -> Any:
    return field(
        default=default,
        metadata={
            "section": section,
            "about": about,
            "choices": choices,
            "low": low,
            "high": high,
            "fallback": fallback,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchConfig:
    """The choices of one match. Every field is documented by `settings()` and by `matcher match --print-config`.

    Raises:
        ConfigError: a value is out of range or not one of the choices.

    >>> MatchConfig(max_load=6).max_load
    6
    """

    encoder: str = _setting(
        "hybrid",
        "expertise",
        "how texts become vectors: sentences, rare terms and topics together; sentences alone; words alone",
        choices=("hybrid", "sentence", "tfidf"),
    )
    model: str = _setting(
        "all-MiniLM-L6-v2",
        "expertise",
        "sentence model: the embedded default, a name on a model hub, or a path to a folder; several joined by ' + '; "
        "an adapter, such as SPECTER2's, after ' with '",
    )
    separator: str = _setting(
        PLAIN_SEPARATOR,
        "expertise",
        "put between title and abstract; with encoder = 'sentence', for models trained with another",
    )
    prompt: str = _setting("", "expertise", "put before every text, for models that were trained with one")
    submission_prompt: str = _setting(
        "",
        "expertise",
        "put before submissions alone; with encoder = 'sentence', for models that tell queries from documents",
    )
    pooling: str = _setting(
        "model",
        "expertise",
        "how tokens become one vector: as the model says, their mean or maximum, the first or the last one",
        choices=("model", "mean", "max", "cls", "lasttoken"),
    )
    device: str = _setting(
        "cpu", "expertise", "where the sentence model runs: cpu, cuda, cuda:1, mps; auto takes the fastest there is"
    )
    max_tokens: int = _setting(256, "expertise", "tokens of a text that the sentence model reads", low=8, high=32768)
    precision: str = _setting(
        "float32",
        "expertise",
        "arithmetic of the sentence model; auto is bfloat16 where the processor has it, 2 to 4 times as fast",
        choices=("float32", "bfloat16", "auto"),
    )
    background: str = _setting(
        "shipped",
        "expertise",
        "what hybrid knows beforehand: 'shipped', or a file made by `matcher background build`",
    )
    aggregation: str = _setting(
        "top_k",
        "expertise",
        "how the similarities of a reviewer's papers become one score",
        choices=("top_k", "max", "mean", "best_share"),
    )
    top_k: int = _setting(4, "expertise", "papers that count under top_k", low=1, high=1000)
    paper_decay: float = _setting(
        0.5,
        "expertise",
        "weight of each further paper under top_k, as a share of the one before it; 1 is the plain mean",
        low=0.01,
        high=1,
    )
    best_share: float = _setting(
        0.25, "expertise", "share of the papers that counts under best_share", low=0.01, high=1
    )
    thin_profile: int = _setting(
        4,
        "expertise",
        "a profile with fewer papers is filled up to this number with papers at background level; 0 turns it off",
        low=0,
        high=100,
    )
    length_correction: float = _setting(
        3.1,
        "expertise",
        "what is taken off the scores of very long profiles, in tails; off those of 6 papers half of it; 0 favours "
        "long profiles",
        low=0,
        high=10,
    )
    recency_half_life: float = _setting(
        0.0,
        "expertise",
        "years before the deadline after which a paper counts half, after twice as many a quarter; 0 turns it off; a "
        "paper without a date counts fully",
        low=0,
        high=100,
    )
    middle_author_weight: float = _setting(
        1.0,
        "expertise",
        "weight of a paper whose byline names the reviewer neither first nor last; 0 leaves such papers out",
        low=0,
        high=1,
    )
    source_weights: str = _setting(
        "",
        "expertise",
        "weights of kinds of work and of sources, such as 'workshop=0.5, dblp:=0.8'; what begins an id ends in ':'; 0 "
        "leaves papers out",
    )
    area_weight: float = _setting(
        0.0,
        "expertise",
        "weight of the areas that a reviewer states, as one more text of the profile; 0 turns it off",
        low=0,
        high=1,
    )
    keywords: bool = _setting(
        default=False, section="expertise", about="whether a submission's keywords are read after its abstract"
    )
    full_text_share: float = _setting(
        0.3,
        "expertise",
        "share of the full text in the vector of a text that has one; 0 reads titles and abstracts alone",
        low=0,
        high=1,
    )
    unscored: str = _setting(
        "last_resort",
        "expertise",
        "reviewers without papers: left out; at most one a submission when nobody else is left; the same where an "
        "area is shared; minimum loads do not bind them",
        choices=("exclude", "last_resort", "by_area"),
    )
    min_score: float = _setting(0.0, "expertise", "floor: a pair below it is not assigned", low=0, high=1)

    bids: str = _setting(
        "additive",
        "bids",
        "how bids join the score from text: added, as a factor, as a floor under a wish and a ceiling over a dislike, "
        "or not at all",
        choices=("additive", "multiplicative", "floor", "off"),
    )
    bid_scale: str = _setting(
        "auto",
        "bids",
        "whose words the bids are",
        choices=("auto", "openreview", "cmt", "easychair", "hotcrp", "signs"),
    )
    bid_weight: float = _setting(0.2, "bids", "the most by which a bid moves a score", low=0, high=1)
    no_bid: float = _setting(
        -0.1,
        "bids",
        "what no bid counts for a reviewer who bid on others, where ++ is 1 and refuse -1; of who never bid, nothing",
        low=-1,
        high=1,
    )
    refused_bids: str = _setting(
        "veto", "bids", "what a refusal is: a veto, or the strongest minus", choices=("veto", "minus")
    )
    recommendation_weight: float = _setting(
        0.2, "bids", "the most by which recommendations move a score", low=0, high=1
    )

    external_scores: str = _setting(
        "mean",
        "external",
        "how scores that other systems computed (scores.csv) join ours: as a weighted mean; in place of ours; only "
        "where we have none; or not at all",
        choices=("mean", "replace", "fill", "off"),
    )
    external_weight: float = _setting(0.5, "external", "their share of the weighted mean", low=0, high=1)
    external_scale: str = _setting(
        "range",
        "external",
        "how their values become 0 to 1: from external_low to external_high; or each as the share of its system's "
        "values below it",
        choices=("range", "rank"),
    )
    external_low: float = _setting(0.0, "external", "under range: the value that counts as 0.0", low=-1e9, high=1e9)
    external_high: float = _setting(1.0, "external", "under range: the value that counts as 1.0", low=-1e9, high=1e9)

    policy: str = _setting(
        "",
        "conflicts",
        "the rules about conflicts: a preset by its name, or a policy file of yours (.toml); empty: the settings below",
    )
    coauthor_window_months: int | None = _setting(
        36,
        "conflicts",
        "a joint paper conflicts this many months before the deadline and ever after; 'all' = ever",
        low=0,
    )
    institution_policy: str = _setting(
        "current",
        "conflicts",
        "when a shared institution conflicts: both there now; both there within the window; at the same time within it",
        choices=("off", "current", "both_within_window", "overlap_within_window"),
    )
    institution_window_months: int = _setting(36, "conflicts", "window of the institution rule, in months", low=0)
    relation_window_months: int | None = _setting(
        36, "conflicts", "how long a relation with an end conflicts after it, in months; 'all' = ever", low=0
    )
    partial_date: str = _setting(
        "latest",
        "conflicts",
        "how a date known only to its year or month counts: as its last day, its first day, or as a question",
        choices=("latest", "earliest", "ask"),
    )
    deadline: date | None = _setting(  # noqa: RUF009  # _setting is a call of dataclasses.field
        None, "conflicts", "the day on which windows are anchored; default: the venue's"
    )

    reviews_per_submission: int | None = _setting(
        None, "assignment", "reviews that a submission wants", low=1, high=100, fallback=3
    )
    max_load: int | None = _setting(
        None, "assignment", "most submissions of one reviewer", low=0, high=1000, fallback=6
    )
    min_load: int | None = _setting(
        None, "assignment", "fewest submissions of one reviewer", low=0, high=1000, fallback=0
    )
    role: str = _setting(
        "reviewer", "assignment", "the role that this round fills; all but reviewer have their loads in `roles`"
    )
    objective: str = _setting(
        "max-min",
        "assignment",
        "what is optimised: the total; the worst served submission, then the total; the whole order from below; the "
        "mean of the worst tenth; the expected total with no pair certain; the same, spread further; two baselines",
        choices=OBJECTIVES,
    )
    probability_limit: float = _setting(
        0.5, "assignment", "randomised, perturbed: no pair is assigned with a larger probability", low=0.001, high=1
    )
    perturbation: float = _setting(0.5, "assignment", "perturbed: how strongly chances are spread", low=0, high=1)
    tail: float = _setting(0.1, "assignment", "cvar: the share of worst served submissions", low=0.001, high=1)
    hold_back: float = _setting(
        0.0,
        "assignment",
        "share of every load kept back for later rounds, rounded down for the reviewer",
        low=0,
        high=1,
    )
    earlier_reviewers: str = _setting(
        "wishes",
        "assignment",
        "who reviewed an earlier version (history): as the authors wish, or as if nobody had",
        choices=("wishes", "off"),
    )
    earlier_load: str = _setting(
        "off",
        "assignment",
        "what earlier assignments count against a maximum load: nothing, each round has its own; or all that are not "
        "declined, which are then not assigned again",
        choices=("off", "counts"),
    )
    allow_partial: bool = _setting(
        False, "assignment", "return the most filled, then best, assignment when not everything can be met"
    )

    constraints: tuple[Constraint, ...] = ()

    seed: int = _setting(0, "run", "the only source of chance", low=0)
    draw_seed: int | None = _setting(
        None, "run", "randomised, perturbed: decides the draw; left out, the system does", low=0
    )

    def __post_init__(self) -> None:
        for setting in settings():
            setting.check(getattr(self, setting.name))
        self.weights_by_source()

    def weights_by_source(self) -> dict[str, float]:
        """`source_weights` by kind of work, or by beginning of an id with its ':'.

        Raises:
            ConfigError: it is not written as described, or a weight is not from 0 to 1.
        """
        found: dict[str, float] = {}
        for part in filter(None, (part.strip() for part in self.source_weights.split(","))):
            name, _, written = (piece.strip() for piece in part.partition("="))
            if name not in KINDS and not name.endswith(":"):
                message = f"'{name}' is no kind of work and no beginning of ids (which ends in ':')"
                kinds = f"{did_you_mean(name, KINDS)}; kinds are {', '.join(KINDS)}"
                raise ConfigError(message + kinds, key="expertise.source_weights")
            try:
                weight = float(written)
            except ValueError:
                weight = -1.0
            if not 0 <= weight <= 1:
                raise ConfigError(
                    f"'{part}': allowed is NAME=WEIGHT with a weight from 0 to 1", key="expertise.source_weights"
                )
            found[name] = weight
        return found

    def settled(self, defaults: VenueDefaults) -> Self:
        """The same choices with demand and loads filled in: from the venue, else 3 reviews and 0 to 6 submissions.

        Raises:
            ConfigError: the minimum load is then above the maximum load.
        """
        filled: dict[str, Any] = {
            setting.name: _first(getattr(self, setting.name), getattr(defaults, setting.name), setting.fallback)
            for setting in settings()
            if setting.fallback is not None
        }
        settled = replace(self, **filled)
        if filled["min_load"] > filled["max_load"]:
            message = f"allowed is at most max_load, which is {filled['max_load']}; got {filled['min_load']}"
            raise ConfigError(message, key="assignment.min_load")
        return settled

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a `match.toml`; what it does not say keeps its default.

        Raises:
            ConfigError: the file is no TOML, or holds an unknown key or a value that is not allowed.
        """
        return cls(**read_toml(Path(path)))

    def to_plain(self) -> dict[str, dict[str, Any]]:
        """The configuration by section, as TOML and JSON hold it."""
        values = asdict(self)
        plain: dict[str, dict[str, Any]] = {section: {} for section in _SECTIONS}
        for setting in settings():
            plain[setting.section][setting.name] = setting.to_plain(values[setting.name])
        if self.constraints:
            plain["constraints"] = {each.name: to_plain(each) for each in self.constraints}
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, Mapping[str, Any]]) -> Self:
        """The reverse of `to_plain`, for run folders."""
        return cls(**_from_sections(plain, file=None))


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known about one field of `MatchConfig`."""

    name: str
    section: str
    about: str
    default: Any
    choices: tuple[str, ...]
    low: float | None
    high: float | None
    fallback: int | None

    @property
    def key(self) -> str:
        """The name with its section, as in messages."""
        return f"{self.section}.{self.name}"

    @property
    def is_window(self) -> bool:
        """Whether the setting is a window that may have no end."""
        return self.name in ("coauthor_window_months", "relation_window_months")

    def check(self, value: Any) -> None:
        """Refuse a value that is not allowed.

        Raises:
            ConfigError: with the allowed values.
        """
        if value is None and (self.is_window or self.default is None):
            return
        if self.name == "deadline":
            if not isinstance(value, date) or isinstance(value, datetime):
                raise ConfigError(f"allowed is a date such as 2025-01-31, got {value!r}", key=self.key)
            return
        if self.choices and value not in self.choices:
            close = difflib.get_close_matches(str(value), self.choices, n=1)
            guess = f", did you mean '{close[0]}'?" if close else ""
            raise ConfigError(f"allowed are {', '.join(self.choices)}; got {value!r}{guess}", key=self.key)
        known = self.default if self.fallback is None else self.fallback
        expected = int if known is None else type(known)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = is_number if expected is float else type(value) is expected
        if not fits:
            raise ConfigError(f"allowed is {_TYPE_NAMES[expected]}; got {value!r}", key=self.key)
        in_range = (self.low is None or value >= self.low) and (self.high is None or value <= self.high)
        if is_number and not in_range:  # asked this way round, nan is out of range
            reach = f"from {self.low:g} up" if self.high is None else f"{self.low:g} to {self.high:g}"
            raise ConfigError(f"allowed is {reach}; got {value}", key=self.key)

    def to_plain(self, value: Any) -> Any:
        """The value as TOML and JSON hold it."""
        if value is None:
            return ALL_HISTORY if self.is_window else None
        return value.isoformat() if isinstance(value, date) else value

    def from_plain(self, value: Any) -> Any:
        """The value as Python holds it; what cannot be one is left for `check`."""
        if self.is_window and isinstance(value, str):
            if value == ALL_HISTORY:
                return None
            return int(value) if value.isdecimal() else value
        if self.name == "deadline" and isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError:
                return value
        return value


_TYPE_NAMES: Final = {int: "a whole number", float: "a number", str: "a text in quotes", bool: "true or false"}


def settings() -> tuple[Setting, ...]:
    """All settings in the order in which they are printed."""
    return tuple(
        Setting(
            name=entry.name,
            section=entry.metadata["section"],
            about=entry.metadata["about"],
            default=entry.default,
            choices=entry.metadata["choices"],
            low=entry.metadata["low"],
            high=entry.metadata["high"],
            fallback=entry.metadata["fallback"],
        )
        for entry in fields(MatchConfig)
        if entry.metadata
    )


@dataclass(frozen=True, slots=True)
class Resolved:
    """A configuration and where each value came from (`flag`, a file's name, `default`)."""

    config: MatchConfig
    origin: Mapping[str, str]


def resolve(
    *,
    flags: Mapping[str, Any] | None = None,
    match_toml: Path | None = None,
    venue_facts: Mapping[str, Any] | None = None,
    venue_file: str = "venue.toml",
) -> Resolved:
    """Put the sources of a configuration together: flag > `match.toml` > `venue.toml` > default.

    Args:
        flags: values from the command line or a caller; `None` values are not given.
        match_toml: a file of choices, if any.
        venue_facts: what the venue itself says (demand, loads); `None` values are not given.
        venue_file: how the venue's source is named in `origin`.

    Raises:
        ConfigError: a key is unknown or a value is not allowed.
    """
    layers: tuple[tuple[str, Mapping[str, Any]], ...] = (
        (venue_file, {key: value for key, value in (venue_facts or {}).items() if value is not None}),
        (match_toml.name if match_toml else "match.toml", read_toml(match_toml) if match_toml else {}),
        ("flag", {key: value for key, value in (flags or {}).items() if value is not None}),
    )
    by_name = {setting.name: setting for setting in settings()}
    config = MatchConfig()
    origin = dict.fromkeys(by_name, "default")
    for source, values in layers:
        for name in values:
            if name not in by_name and name != "constraints":
                raise ConfigError(f"unknown setting{_suggest(name)}", key=name, file=source)
            origin[name] = source
        converted = {
            name: by_name[name].from_plain(value) if name in by_name else value for name, value in values.items()
        }
        if "policy" in converted:
            folder = match_toml.parent if match_toml and source == match_toml.name else Path()
            converted["policy"] = _policy_text(converted["policy"], folder)
        try:
            config = replace(config, **converted)
        except ConfigError as error:
            raise ConfigError(error.message, key=error.key, file=None if source == "flag" else source) from None
    _refuse_hidden_windows(config, origin)
    return Resolved(config.settled(VenueDefaults()), origin)


_POLICY_WINDOWS: Final = (
    "coauthor_window_months",
    "institution_policy",
    "institution_window_months",
    "relation_window_months",
)
"""Settings that a policy brings with it."""


def _policy_text(value: Any, folder: Path) -> Any:
    """The name of a policy as it is, the file of one as its text: so a run holds the whole policy."""
    if not isinstance(value, str) or not value.endswith(".toml"):
        return value
    path = folder / value
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the policy cannot be read: {error}", key="conflicts.policy", file=str(path)) from None


def _refuse_hidden_windows(config: MatchConfig, origin: dict[str, str]) -> None:
    """Under a policy a window at its default means "as the policy says": so it cannot be asked for there."""
    if not config.policy:
        return
    default = MatchConfig()
    for name in _POLICY_WINDOWS:
        if getattr(config, name) != getattr(default, name):
            continue
        if origin[name] != "default":
            message = f"{getattr(default, name)} under a policy means what the policy says; write a policy file for it"
            raise ConfigError(message, key=f"conflicts.{name}", file=origin[name])
        origin[name] = "default; the policy decides"


def read_toml(path: Path) -> dict[str, Any]:
    """The settings that a `match.toml` gives, by field name.

    Raises:
        ConfigError: no such file, no TOML, an unknown section or key.
    """
    try:
        with path.open("rb") as stream:
            sections = tomllib.load(stream)
    except FileNotFoundError:
        raise ConfigError("there is no such file", file=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"this is no TOML: {error}", file=str(path)) from None
    except RecursionError:
        raise ConfigError("the TOML is nested too deeply", file=str(path)) from None
    except OSError as error:
        raise ConfigError(f"the file cannot be read: {error.strerror or error}", file=str(path)) from None
    return _from_sections(sections, file=str(path))


def _from_sections(sections: Mapping[str, Any], *, file: str | None) -> dict[str, Any]:
    by_name = {setting.name: setting for setting in settings()}
    values: dict[str, Any] = {}
    for section, content in sections.items():
        if section == "constraints":
            values["constraints"] = _constraints(content, file=file)
            continue
        if not isinstance(content, Mapping):
            where = f"; it belongs into [{by_name[section].section}]" if section in by_name else _suggest(section)
            raise ConfigError(f"a key outside of a section{where}", key=section, file=file)
        if section not in _SECTIONS:
            allowed = ", ".join(f"[{name}]" for name in _SECTIONS)
            raise ConfigError(f"unknown section; allowed are {allowed}", key=section, file=file)
        for name, value in content.items():
            if name not in by_name:
                raise ConfigError(f"unknown key{_suggest(name)}", key=f"{section}.{name}", file=file)
            setting = by_name[name]
            if setting.section != section:
                raise ConfigError(f"this key belongs into [{setting.section}]", key=f"{section}.{name}", file=file)
            if value is None:  # JSON only: a setting without a value
                continue
            values[name] = setting.from_plain(value)
            try:
                setting.check(values[name])
            except ConfigError as error:
                raise ConfigError(error.message, key=error.key, file=file) from None
    return values


def _constraints(content: Any, *, file: str | None) -> tuple[Constraint, ...]:
    """The constraints of `[constraints.NAME]` sections, sorted by name."""
    if not isinstance(content, Mapping) or not all(isinstance(each, Mapping) for each in content.values()):
        raise ConfigError(
            "constraints stand in sections of their own: [constraints.NAME]", key="constraints", file=file
        )
    found = []
    for name, plain in sorted(content.items()):
        given = {key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()}
        known = {entry.name for entry in fields(Constraint)}
        for key in given:
            if key not in known:
                raise ConfigError(f"unknown key{did_you_mean(key, known)}", key=f"constraints.{name}.{key}", file=file)
        try:
            found.append(_checked_constraint(Constraint(**{"kind": "", **given, "name": name})))
        except ConfigError as error:
            raise ConfigError(error.message, key=f"constraints.{name}", file=file) from None
    return tuple(found)


_NEEDED: Final = {
    "pair": ("submission", "test", "reviewer"),
    "quota": ("attribute",),
    "apart": ("attribute",),
    "no_cycles": (),
}


def _checked_constraint(rule: Constraint) -> Constraint:
    if rule.kind not in CONSTRAINT_KINDS:
        raise ConfigError(f"kind: allowed are {', '.join(CONSTRAINT_KINDS)}; got {rule.kind!r}")
    for key in _NEEDED[rule.kind]:
        if not getattr(rule, key) or not isinstance(getattr(rule, key), str):
            raise ConfigError(f"{key}: a constraint of kind {rule.kind} needs this text")
    if rule.kind == "pair" and rule.test not in PAIR_TESTS:
        raise ConfigError(f"test: allowed are {', '.join(PAIR_TESTS)}; got {rule.test!r}")
    for key, low in (("at_least", 0), ("at_most", 0)):
        value = getattr(rule, key)
        if value is not None and (type(value) is not int or value < low):
            raise ConfigError(f"{key}: allowed is a whole number from {low} up; got {value!r}")
    if rule.kind == "quota" and not rule.at_least and rule.at_most is None:
        raise ConfigError("a quota needs at_least or at_most")
    if rule.at_most is not None and rule.at_least > rule.at_most:
        raise ConfigError(f"at_least is {rule.at_least} and at_most is {rule.at_most}")
    if rule.longest not in CIRCLES or type(rule.longest) is not int:
        raise ConfigError(f"longest: allowed are {', '.join(map(str, CIRCLES))} people; got {rule.longest!r}")
    _check_price(rule)
    return rule


def _check_price(rule: Constraint) -> None:
    if rule.price is not None and (isinstance(rule.price, bool) or not isinstance(rule.price, int | float)):
        raise ConfigError(f"price: allowed is a number; got {rule.price!r}")
    if rule.price is not None and not rule.price > 0:
        raise ConfigError(f"price: allowed is a number above 0; got {rule.price!r}")


def _suggest(name: str) -> str:
    keys = {setting.name: setting.key for setting in settings()}
    close = difflib.get_close_matches(name, list(keys), n=1)
    return f", did you mean '{keys[close[0]]}'?" if close else f"; known are {', '.join(sorted(keys))}"
