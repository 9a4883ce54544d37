"""The schemas of our formats against what the program writes: everything it writes is valid, and slips are not."""

from __future__ import annotations

import copy
import gzip
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from matcher import MatchConfig, load_venue, match
from matcher.cli import app
from matcher.decisions import append_decisions
from matcher.errors import UnknownNameError
from matcher.ingest.fields import TABLES
from matcher.pipeline import MatchResult
from matcher.records import Constraint, Decision, PersonId, to_plain
from matcher.schemas import OUTPUTS, schema

SAMPLE = Path(__file__).parents[1] / "data" / "sample"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = MatchConfig(encoder="tfidf", coauthor_window_months=None)
    return match(load_venue(SAMPLE), config).save(tmp_path_factory.mktemp("runs") / "first")


@pytest.fixture(scope="module")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reviews are missing, and another goal than the total is proven."""
    config = MatchConfig(encoder="tfidf", max_load=1, objective="max-min", allow_partial=True)
    return match(load_venue(SAMPLE), config).save(tmp_path_factory.mktemp("runs") / "short")


def check(name: str, value: Any) -> None:
    jsonschema.Draft202012Validator(schema(name)).validate(value)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", [*TABLES, *OUTPUTS])
def test_every_schema_is_a_schema_and_says_what_it_is_of(name: str) -> None:
    made = schema(name)
    jsonschema.Draft202012Validator.check_schema(made)
    assert made["title"] == name
    assert made["description"].endswith(".")


def test_the_sample_is_valid() -> None:
    for path in SAMPLE.glob("*.jsonl"):
        for row in lines(path):
            check(path.stem, row)
    check("match.toml", tomllib.loads((SAMPLE / "match.toml").read_text(encoding="utf-8")))


def written(folder: Path) -> Iterator[tuple[str, Any]]:
    yield "run.assignment", json.loads((folder / "assignment.json").read_text(encoding="utf-8"))
    yield "run.manifest", json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    yield "run.venue", json.loads(gzip.decompress((folder / "venue.json.gz").read_bytes()))
    yield from (("run.conflicts", line) for line in lines(folder / "conflicts.jsonl"))


@pytest.mark.parametrize("which", ["run", "short_run"])
def test_what_a_run_holds_is_valid(which: str, request: pytest.FixtureRequest) -> None:
    for name, value in written(request.getfixturevalue(which)):
        check(name, value)


def test_answers_of_the_command_line_are_valid(run: Path) -> None:
    result = MatchResult.load(run)
    pairs = [(pair.submission_id, pair.reviewer_id) for pair in result.assignment.pairs[:3]]
    pairs += sorted(result.conflicts.by_pair)[:3]
    for submission, reviewer in pairs:
        check("explanation", to_plain(result.explain(submission, reviewer)))
    told = CliRunner().invoke(app, ["conflicts", str(SAMPLE), "--json", "--submission", "alphapruning"])
    found = [json.loads(line) for line in told.stdout.splitlines()]
    assert found
    for line in found:
        check("conflict", line)


def test_decisions_are_valid(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    append_decisions(path, [Decision("coauthor", PersonId("r"), "w", "dismissed", facts=("f",))], at="2024-01-01")
    (line,) = lines(path)
    check("decision", line)
    with pytest.raises(jsonschema.ValidationError):
        check("decision", {**line, "outcome": "perhaps"})


def test_every_setting_is_in_the_schema_with_its_bounds() -> None:
    rule = Constraint(name="some", kind="quota", attribute="seniority", values=("senior",), at_least=1, price=0.5)
    check("match.toml", MatchConfig(constraints=(rule,)).to_plain())
    for section, slip in (
        ("expertise", {"encoder": "bert"}),
        ("expertise", {"top_k": 0}),
        ("conflicts", {"coauthor_window_months": -1}),
        ("conflicts", {"coauthor_window_months": "always"}),
        ("assignment", {"maxload": 3}),
        ("assignment", {"allow_partial": 1}),
    ):
        with pytest.raises(jsonschema.ValidationError):
            check("match.toml", {section: slip})


def test_a_missing_or_unknown_key_of_a_run_is_not_valid(run: Path) -> None:
    for name, value in list(written(run))[:2]:
        for key in value:
            cut = copy.copy(value)
            del cut[key]
            with pytest.raises(jsonschema.ValidationError):
                check(name, cut)
        with pytest.raises(jsonschema.ValidationError):
            check(name, {**value, "more": 1})


def test_schemas_by_command() -> None:
    told = CliRunner().invoke(app, ["schema", "run.conflicts"])
    assert json.loads(told.stdout)["required"][:2] == ["submission_id", "reviewer_ids"]
    with pytest.raises(UnknownNameError, match=r"run\.manifest"):
        schema("run.manifesto")
