"""JSON Schema of the formats that are ours: tables of a venue folder, files of a run folder, answers, choices.

Schemas of what a run holds are made from the records themselves, so that a field added to a record is in its schema.
Records leave out what is empty, so no field of theirs is required; files whose keys always stand require them.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from enum import StrEnum
from typing import Any, Final, Literal, Union

from matcher.config import ALL_HISTORY, MatchConfig, Setting, settings
from matcher.conflicts.remark import VISIBILITIES
from matcher.errors import UnknownNameError
from matcher.ingest.fields import TABLES, json_schema
from matcher.records import (
    Conflict,
    Constraint,
    Decision,
    EncoderInfo,
    Evidence,
    Explanation,
    Pair,
    PartialDate,
    Shortfall,
    Underload,
    Venue,
)

__all__ = ["OUTPUTS", "schema"]

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_DAY: Final = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
_PARTIAL: Final = {"type": "string", "pattern": r"^\d{4}(-\d{2}(-\d{2})?)?$"}
_NUMBER_OR_NULL: Final = {"type": ["number", "null"]}
_PLAIN: Final[Mapping[Any, dict[str, Any]]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Any: {},
    date: _DAY,
    PartialDate: _PARTIAL,
}
_SHA256: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def schema(name: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of one of our formats.

    Args:
        name: a table of the venue folder, or one of `OUTPUTS`.

    Raises:
        UnknownNameError: there is no such format.

    >>> schema("decision")["properties"]["outcome"]["enum"]
    ['confirmed', 'dismissed']
    """
    if name in TABLES:
        return json_schema(name)
    if name not in OUTPUTS:
        raise UnknownNameError("format", name, (*TABLES, *OUTPUTS))
    about, make = OUTPUTS[name]
    held: dict[str, Any] = {}
    made = {"$schema": _DRAFT, "title": name, "description": about, **make(held)}
    return {**made, "$defs": dict(sorted(held.items()))} if held else made


# --- from types to schemas ------------------------------------------------------------------------------------------


def _of(kind: Any, held: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type; records are put into `held` and referred to."""
    kind = getattr(kind, "__supertype__", kind)
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    if typing.get_origin(kind) is not None:
        return _of_composed(kind, held)
    if issubclass(kind, StrEnum):
        return {"enum": [str(each) for each in kind]}
    name = kind.__name__
    if name not in held:
        held[name] = _record(kind, held)
    return {"$ref": f"#/$defs/{name}"}


def _of_composed(kind: Any, held: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type with arguments: choices, alternatives, lists, objects."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (types.UnionType, Union):
        return {"anyOf": [_of(each, held) for each in arguments if each is not type(None)] + [{"type": "null"}]}
    if origin is not tuple:
        return {"type": "object"}
    if arguments[1] is Ellipsis:
        return {"type": "array", "items": _of(arguments[0], held)}
    return {"type": "array", "prefixItems": [_of(each, held) for each in arguments], "items": False}


def _record(kind: type[Any], held: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    properties = {each.name: _of(hints[each.name], held) for each in fields(kind)}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _object(properties: Mapping[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object that has all its keys, but some."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _whole(kind: type[Any], held: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A record of which every field is written."""
    made = _record(kind, held)
    properties = {name: changes.get(name, one) for name, one in made["properties"].items()}
    return _object({name: one for name, one in properties.items() if one is not None})


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


# --- what is ours ---------------------------------------------------------------------------------------------------


def _finding(held: dict[str, Any]) -> dict[str, Any]:
    """A line of `conflicts.jsonl`: a conflict with every reviewer whom it concerns."""
    made = _whole(Conflict, held)["properties"]
    del made["reviewer_id"]
    submission = {"submission_id": made.pop("submission_id"), "reviewer_ids": _list({"type": "string"})}
    return _object({**submission, **made})


def _seen(held: dict[str, Any]) -> dict[str, Any]:
    """A line of `matcher conflicts --json`: each fact says who may see it."""
    fact = _record(Evidence, held)
    fact["properties"]["visibility"] = {"enum": list(VISIBILITIES)}
    return _whole(Conflict, held, evidence=_list(fact))


def _assignment(held: dict[str, Any]) -> dict[str, Any]:
    prices = _object({name: {"type": "number"} for name in ("unfilled", "last_resort", "underload")})
    figures = dict.fromkeys(("value", "bound", "gap", "tail", "perturbation"), _NUMBER_OR_NULL)
    goal = _object({"objective": {"type": "string"}, **figures, "prices": prices})
    return _object(
        {
            "solver": {"type": "string"},
            "objective": {"type": "number"},
            "bound": _NUMBER_OR_NULL,
            "gap": _NUMBER_OR_NULL,
            "prices": {"anyOf": [prices, {"type": "null"}]},
            "goal": {"anyOf": [goal, {"type": "null"}]},
            "pairs": _list(_whole(Pair, held)),
            "shortfalls": _list(_whole(Shortfall, held)),
            "underloads": _list(_whole(Underload, held)),
        }
    )


def _manifest(held: dict[str, Any]) -> dict[str, Any]:
    count = {"type": "integer", "minimum": 0}
    texts = {"type": "object", "additionalProperties": {"type": "string"}}
    deadline = {"anyOf": [_object({"day": _DAY, "origin": {"type": "string"}}), {"type": "null"}]}
    sizes = dict.fromkeys(("submissions", "reviewers", "papers"), count)
    figures = {"objective": {"type": "number"}, "bound": _NUMBER_OR_NULL, "gap": _NUMBER_OR_NULL}
    counted = dict.fromkeys(("pairs", "shortfalls", "underloads"), count)
    return _object(
        {
            "format": {"type": "integer", "minimum": 1},
            "venue": _object({"name": {"type": "string"}, "digest": _SHA256, "deadline": deadline, **sizes}),
            "config": _config(held),
            "origin": texts,
            "seed": count,
            "encoder": _of(EncoderInfo, held),
            "scores": {"type": "string"},
            "versions": texts,
            "result": _object({**counted, **figures, "solver": {"type": "string"}, "conflicts": count}),
            "files": {"type": "object", "additionalProperties": _SHA256},
            "digest": _SHA256,
        }
    )


def _config(held: dict[str, Any]) -> dict[str, Any]:
    """The choices of a match by section, as `match.toml` holds them; any may be left out."""
    sections: dict[str, dict[str, Any]] = {}
    for setting in settings():
        sections.setdefault(setting.section, {})[setting.name] = _setting(setting)
    made: dict[str, Any] = {
        name: {"type": "object", "properties": held_here, "additionalProperties": False}
        for name, held_here in sections.items()
    }
    made["constraints"] = {"type": "object", "additionalProperties": _of(Constraint, held)}
    return {"type": "object", "properties": made, "additionalProperties": False}


def _setting(setting: Setting) -> dict[str, Any]:
    made: dict[str, Any] = {"description": setting.about}
    if setting.choices:
        return {**made, "enum": list(setting.choices)}
    kind = typing.get_type_hints(MatchConfig)[setting.name]
    plain = [_PLAIN[each]["type"] for each in typing.get_args(kind) or (kind,) if each is not type(None)]
    if plain[0] in ("integer", "number"):
        ends = {"minimum": setting.low, "maximum": setting.high}
        made |= {name: end for name, end in ends.items() if end is not None}
    if setting.is_window:
        return {"description": made.pop("description"), "anyOf": [{"type": "integer", **made}, {"const": ALL_HISTORY}]}
    may_be_left_out = type(None) in typing.get_args(kind)
    return {**made, "type": [plain[0], "null"] if may_be_left_out else plain[0]}


def _decision(held: dict[str, Any]) -> dict[str, Any]:
    made = _record(Decision, held)
    made["properties"]["at"] = {"type": "string", "description": "When, as the tool that wrote it says."}
    return {**made, "required": ["rule", "reviewer_id", "who", "outcome"]}


OUTPUTS: Final[Mapping[str, tuple[str, Any]]] = {
    "run.assignment": ("`assignment.json` of a run folder.", _assignment),
    "run.conflicts": ("One line of `conflicts.jsonl` of a run folder.", _finding),
    "run.manifest": ("`manifest.json` of a run folder.", _manifest),
    "run.venue": ("`venue.json.gz` of a run folder: the whole input.", lambda held: _record(Venue, held)),
    "explanation": ("What `matcher explain --json` prints.", lambda held: _record(Explanation, held)),
    "conflict": ("One line of what `matcher conflicts --json` prints.", _seen),
    "decision": ("One line of `decisions.jsonl`.", _decision),
    "match.toml": ("The choices of a match, by section.", _config),
}
"""What is ours beside the tables of a venue folder: by name, what it is and how its schema is made."""
