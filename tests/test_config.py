from __future__ import annotations

import dataclasses
import math
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.config import ALL_HISTORY, MatchConfig, resolve, settings
from matcher.errors import ConfigError
from matcher.records import OBJECTIVES, VenueDefaults


def write(folder: Path, text: str, name: str = "match.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# --- values ---------------------------------------------------------------------------------------------------------


def test_every_setting_is_described_and_its_default_is_allowed() -> None:
    names = [setting.name for setting in settings()]
    assert names == [field.name for field in dataclasses.fields(MatchConfig) if field.name != "constraints"]
    for setting in settings():
        assert setting.about
        assert setting.section in {"expertise", "bids", "external", "conflicts", "assignment", "run"}
        setting.check(setting.default)
        if setting.fallback is not None:
            setting.check(setting.fallback)
    assert [setting.name for setting in settings() if setting.is_window] == [
        "coauthor_window_months",
        "relation_window_months",
    ]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "encoder",
            "tf-idf",
            "'expertise.encoder': allowed are hybrid, sentence, tfidf; got 'tf-idf', did you mean 'tfidf'?",
        ),
        ("encoder", None, "'expertise.encoder': allowed are hybrid, sentence, tfidf; got None"),
        ("model", 3, "'expertise.model': allowed is a text in quotes; got 3"),
        ("max_tokens", 7, "'expertise.max_tokens': allowed is 8 to 32768; got 7"),
        ("max_tokens", 256.0, "'expertise.max_tokens': allowed is a whole number; got 256.0"),
        ("precision", "float16", "'expertise.precision': allowed are float32, bfloat16, auto; got 'float16'"),
        ("aggregation", "average", "'expertise.aggregation': allowed are top_k, max, mean, best_share; got 'average'"),
        ("top_k", 0, "'expertise.top_k': allowed is 1 to 1000; got 0"),
        ("top_k", True, "'expertise.top_k': allowed is a whole number; got True"),
        ("best_share", 0.0, "'expertise.best_share': allowed is 0.01 to 1; got 0.0"),
        ("best_share", "half", "'expertise.best_share': allowed is a number; got 'half'"),
        ("thin_profile", -1, "'expertise.thin_profile': allowed is 0 to 100; got -1"),
        ("unscored", "by_areas", "'expertise.unscored': allowed are exclude, last_resort, by_area; got 'by_areas'"),
        ("min_score", 1.5, "'expertise.min_score': allowed is 0 to 1; got 1.5"),
        ("min_score", math.nan, "'expertise.min_score': allowed is 0 to 1; got nan"),
        ("min_score", math.inf, "'expertise.min_score': allowed is 0 to 1; got inf"),
        ("coauthor_window_months", -1, "'conflicts.coauthor_window_months': allowed is from 0 up; got -1"),
        ("coauthor_window_months", "ever", "'conflicts.coauthor_window_months': allowed is a whole number; got 'ever'"),
        ("institution_policy", "now", "'conflicts.institution_policy': allowed are off, current, both_within_window"),
        (
            "institution_window_months",
            None,
            "'conflicts.institution_window_months': allowed is a whole number; got None",
        ),
        (
            "partial_date",
            "last",
            "'conflicts.partial_date': allowed are latest, earliest, ask; got 'last', did you mean",
        ),
        ("deadline", "2024-10-01", "'conflicts.deadline': allowed is a date such as 2025-01-31, got '2024-10-01'"),
        (
            "deadline",
            datetime(2024, 10, 1, tzinfo=UTC),
            "'conflicts.deadline': allowed is a date such as 2025-01-31, got",
        ),
        ("reviews_per_submission", 0, "'assignment.reviews_per_submission': allowed is 1 to 100; got 0"),
        ("max_load", -1, "'assignment.max_load': allowed is 0 to 1000; got -1"),
        ("min_load", 1.0, "'assignment.min_load': allowed is a whole number; got 1.0"),
        (
            "objective",
            "max_total",
            f"'assignment.objective': allowed are {', '.join(OBJECTIVES)}; got 'max_total', did you mean 'max-total'?",
        ),
        ("draw_seed", 0.5, "'run.draw_seed': allowed is a whole number; got 0.5"),
        ("probability_limit", 0, "'assignment.probability_limit': allowed is 0.001 to 1; got 0"),
        ("allow_partial", 1, "'assignment.allow_partial': allowed is true or false; got 1"),
        ("allow_partial", "yes", "'assignment.allow_partial': allowed is true or false; got 'yes'"),
        ("seed", -1, "'run.seed': allowed is from 0 up; got -1"),
    ],
)
def test_a_refusal_names_the_key_what_is_allowed_and_what_was_got(name: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        MatchConfig(**{name: value})
    assert str(caught.value).startswith(message)
    assert caught.value.key is not None
    assert caught.value.key.endswith(f".{name}")
    assert caught.value.file is None


def test_a_whole_number_is_a_number() -> None:
    assert MatchConfig(min_score=1).min_score == 1


def test_windows_without_end_and_an_open_deadline_are_allowed() -> None:
    config = MatchConfig(coauthor_window_months=None, relation_window_months=None, deadline=None)
    assert (config.coauthor_window_months, config.relation_window_months, config.deadline) == (None, None, None)


def test_an_unknown_field_is_refused_in_python_too() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'max_loads'"):
        MatchConfig(max_loads=3)  # type: ignore[call-arg]


def test_a_configuration_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        MatchConfig().seed = 1  # type: ignore[misc]


# --- demand and loads -----------------------------------------------------------------------------------------------


def test_demand_and_loads_come_from_the_caller_then_the_venue_then_our_defaults() -> None:
    plain = MatchConfig().settled(VenueDefaults())
    assert (plain.reviews_per_submission, plain.max_load, plain.min_load) == (3, 6, 0)
    venue = MatchConfig(max_load=4).settled(VenueDefaults(reviews_per_submission=2, max_load=9, min_load=1))
    assert (venue.reviews_per_submission, venue.max_load, venue.min_load) == (2, 4, 1)
    zero = MatchConfig(min_load=0, max_load=0).settled(VenueDefaults(2, 9, 0))
    assert (zero.max_load, zero.min_load) == (0, 0)
    assert venue.settled(VenueDefaults(7, 7, 7)) == venue


@pytest.mark.parametrize(
    ("config", "defaults"),
    [
        (MatchConfig(min_load=5, max_load=4), VenueDefaults()),
        (MatchConfig(min_load=5), VenueDefaults(max_load=4)),
        (MatchConfig(max_load=4), VenueDefaults(min_load=5)),
    ],
)
def test_a_minimum_load_above_the_maximum_load_is_refused(config: MatchConfig, defaults: VenueDefaults) -> None:
    with pytest.raises(ConfigError) as caught:
        config.settled(defaults)
    assert str(caught.value) == "'assignment.min_load': allowed is at most max_load, which is 4; got 5"


# --- TOML -----------------------------------------------------------------------------------------------------------


def test_a_file_is_read_by_section(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        [expertise]
        encoder = "tfidf"
        min_score = 1
        [conflicts]
        coauthor_window_months = "all"
        relation_window_months = 12
        deadline = 2024-10-01
        [assignment]
        allow_partial = true
        """,
    )
    assert MatchConfig.from_toml(path) == MatchConfig(
        encoder="tfidf",
        min_score=1,
        coauthor_window_months=None,
        relation_window_months=12,
        deadline=date(2024, 10, 1),
        allow_partial=True,
    )


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert MatchConfig.from_toml(write(tmp_path, "")) == MatchConfig()


def test_a_number_or_a_day_in_quotes_is_understood_where_it_comes_from_a_command_line(tmp_path: Path) -> None:
    path = write(tmp_path, '[conflicts]\ncoauthor_window_months = "48"\ndeadline = "2024-10-01"')
    assert MatchConfig.from_toml(path) == MatchConfig(coauthor_window_months=48, deadline=date(2024, 10, 1))


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        (
            "[assigment]\nmax_load = 3",
            "assigment",
            "unknown section; allowed are [expertise], [bids], [external], [conflicts], [assignment]",
        ),
        ("[assignment]\nmax_lod = 3", "assignment.max_lod", "unknown key, did you mean 'assignment.max_load'?"),
        (
            "[assignment]\nxyzzy = 3",
            "assignment.xyzzy",
            "unknown key; known are aggregation, allow_partial, area_weight, background, best_share,",
        ),
        ("[expertise]\nmax_load = 3", "expertise.max_load", "this key belongs into [assignment]"),
        ("max_load = 3", "max_load", "a key outside of a section; it belongs into [assignment]"),
        ("max_lod = 3", "max_lod", "a key outside of a section, did you mean 'assignment.max_load'?"),
        ("assignment = 3", "assignment", "a key outside of a section"),
        ("[assignment]\nmax_load = 3.5", "assignment.max_load", "allowed is a whole number; got 3.5"),
        ("[assignment]\nmax_load = [3]", "assignment.max_load", "allowed is a whole number; got [3]"),
        ("[expertise]\nmin_score = nan", "expertise.min_score", "allowed is 0 to 1; got nan"),
        ("[expertise]\nencoder = ['tfidf']", "expertise.encoder", "allowed are hybrid, sentence, tfidf; got ['tfidf']"),
        ("[conflicts]\ndeadline = 2024-10-01T12:00:00", "conflicts.deadline", "allowed is a date such as 2025-01-31"),
        ("[conflicts]\ndeadline = '2024-02-30'", "conflicts.deadline", "allowed is a date such as 2025-01-31"),
        ("[conflicts]\ninstitution_window_months = 'all'", "conflicts.institution_window_months", "allowed is a whole"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_key(tmp_path: Path, text: str, key: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        MatchConfig.from_toml(path)
    assert (caught.value.file, caught.value.key) == (str(path), key)
    assert str(caught.value).startswith(f"{path}: '{key}': {message}")


def test_a_file_that_cannot_be_read_is_refused_with_its_name(tmp_path: Path) -> None:
    cases = {
        tmp_path / "nowhere.toml": "there is no such file",
        tmp_path: "the file cannot be read",
        write(tmp_path, "[assignment", "broken.toml"): "this is no TOML: ",
    }
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    cases[tmp_path / "latin.toml"] = "this is no TOML: "
    for path, message in cases.items():
        with pytest.raises(ConfigError) as caught:
            MatchConfig.from_toml(path)
        assert str(caught.value).startswith(f"{path}: {message}")


# --- plain form -----------------------------------------------------------------------------------------------------


def values_of(name: str) -> st.SearchStrategy[Any]:
    """What one field may hold."""
    (setting,) = (each for each in settings() if each.name == name)
    if setting.name == "deadline":
        return st.none() | st.dates()
    if setting.choices:
        return st.sampled_from(setting.choices)
    if setting.name == "source_weights":
        return st.sampled_from(("", "workshop=0.5", "dblp:=0, thesis=1"))
    known = setting.default if setting.fallback is None else setting.fallback
    kind = int if known is None else type(known)
    high = 10**6 if setting.high is None else setting.high
    values: st.SearchStrategy[Any] = {
        bool: st.booleans(),
        str: st.text(max_size=9),
        int: st.integers(int(setting.low or 0), int(high)),
        float: st.floats(setting.low, setting.high),
    }[kind]
    return st.none() | values if setting.is_window or setting.default is None else values


@given(st.fixed_dictionaries({setting.name: values_of(setting.name) for setting in settings()}))
def test_any_configuration_survives_its_plain_form(values: dict[str, Any]) -> None:
    config = MatchConfig(**values)
    plain = config.to_plain()
    assert list(plain) == ["expertise", "bids", "external", "conflicts", "assignment", "run"]
    assert MatchConfig.from_plain(plain) == config


def test_the_plain_form_writes_windows_without_end_as_a_word() -> None:
    plain = MatchConfig(coauthor_window_months=None, deadline=date(2024, 10, 1)).to_plain()
    assert plain["conflicts"]["coauthor_window_months"] == ALL_HISTORY == "all"
    assert plain["conflicts"]["deadline"] == "2024-10-01"
    assert plain["assignment"]["max_load"] is None


def test_a_plain_form_with_an_unknown_key_is_refused() -> None:
    plain = MatchConfig().to_plain()
    plain["run"]["speed"] = 3
    with pytest.raises(ConfigError, match=r"'run\.speed': unknown key"):
        MatchConfig.from_plain(plain)


# --- precedence -----------------------------------------------------------------------------------------------------


def test_flag_over_match_toml_over_venue_toml_over_default(tmp_path: Path) -> None:
    path = write(tmp_path, "[assignment]\nmax_load = 7\nmin_load = 2\n[run]\nseed = 5", "choices.toml")
    resolved = resolve(
        flags={"max_load": 8, "encoder": None, "coauthor_window_months": "48", "deadline": "2024-10-01"},
        match_toml=path,
        venue_facts={"max_load": 6, "min_load": 1, "reviews_per_submission": 4},
    )
    config, origin = resolved.config, resolved.origin
    assert config == MatchConfig(
        max_load=8,
        min_load=2,
        reviews_per_submission=4,
        seed=5,
        coauthor_window_months=48,
        deadline=date(2024, 10, 1),
    )
    assert list(origin) == [setting.name for setting in settings()]
    said = {name: where for name, where in origin.items() if where != "default"}
    assert said == {
        "max_load": "flag",
        "min_load": "choices.toml",
        "reviews_per_submission": "venue.toml",
        "seed": "choices.toml",
        "coauthor_window_months": "flag",
        "deadline": "flag",
    }


def test_without_any_source_all_is_default_and_settled() -> None:
    resolved = resolve()
    assert resolved.config == MatchConfig().settled(VenueDefaults())
    assert set(resolved.origin.values()) == {"default"}


def test_a_value_that_equals_the_default_still_has_its_origin(tmp_path: Path) -> None:
    resolved = resolve(
        flags={"allow_partial": False, "seed": 0}, match_toml=write(tmp_path, "[assignment]\nmax_load = 6")
    )
    assert resolved.config.max_load == 6
    assert (resolved.origin["seed"], resolved.origin["allow_partial"]) == ("flag", "flag")
    assert resolved.origin["max_load"] == "match.toml"


def test_a_flag_may_open_a_window() -> None:
    assert resolve(flags={"coauthor_window_months": "all"}).config.coauthor_window_months is None


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"flags": {"max_loads": 3}}, "flag: 'max_loads': unknown setting, did you mean 'assignment.max_load'?"),
        ({"flags": {"max_load": 3.5}}, "'assignment.max_load': allowed is a whole number; got 3.5"),
        ({"flags": {"deadline": "soon"}}, "'conflicts.deadline': allowed is a date such as 2025-01-31, got 'soon'"),
        ({"flags": {"coauthor_window_months": "3 years"}}, "'conflicts.coauthor_window_months': allowed is a whole"),
        ({"venue_facts": {"max_load": -1}}, "venue.toml: 'assignment.max_load': allowed is 0 to 1000; got -1"),
        ({"venue_facts": {"load": 1}, "venue_file": "facts"}, "facts: 'load': unknown setting, did you mean"),
        ({"flags": {"min_load": 7}}, "'assignment.min_load': allowed is at most max_load, which is 6; got 7"),
    ],
)
def test_a_wrong_source_is_named(source: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(**source)
    assert str(caught.value).startswith(message)


def test_a_lower_layer_may_be_contradicted_by_a_higher_one() -> None:
    """A minimum load above the maximum is judged once all layers are read."""
    facts = {"min_load": 5, "max_load": 9}
    assert resolve(venue_facts=facts, flags={"min_load": 1, "max_load": 2}).config.max_load == 2
    with pytest.raises(ConfigError, match="at most max_load, which is 2; got 5"):
        resolve(venue_facts=facts, flags={"max_load": 2})


def test_replace_checks_again() -> None:
    with pytest.raises(ConfigError):
        replace(MatchConfig(), top_k=0)
