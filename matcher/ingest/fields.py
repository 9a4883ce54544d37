"""The fields of every table of a venue folder: one description that drives reading, messages and JSON Schema.

A `Kind` is a sort of value (a text, a whole number, a list of authors). A `Field` is a kind with a name and a meaning.
A `Table` is the fields of one file. The same field is read from a JSON value and from a cell of a CSV file.
"""

from __future__ import annotations

import functools
import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, Literal, Self, TypeAlias

from matcher.errors import UnknownNameError, did_you_mean
from matcher.records import (
    ASSIGNMENT_STATES,
    INVITATIONS,
    KINDS,
    RELATION_KINDS,
    SUBMISSION_STATES,
    Affiliation,
    AuthorMention,
    PartialDate,
    PersonId,
    Relation,
    RoleLoad,
    SourceRef,
)

__all__ = [
    "TABLES",
    "Field",
    "FieldError",
    "Kind",
    "Table",
    "Unread",
    "choice",
    "clean",
    "json_schema",
    "list_of",
    "markdown",
    "near_miss",
    "objects_of",
    "one_line",
    "split_list",
    "whole_number",
]

_TYPO_RATIO: Final = 0.8
"""Likeness (`difflib` ratio) from which an unknown name is taken for a slip in a known one and refused. It is stricter
than the ratio of a mere suggestion: a chair's own column (`region`, `tags`) must pass."""

_SHOWN_LENGTH: Final = 60
"""Characters of a wrong value that a message repeats."""

_LARGEST_NUMBER: Final = 1_000_000
"""No load, demand, round or weight is larger; a larger number is a slip."""

_WORDS_OF_A_NAME: Final = 2
"""Words from which a part between commas reads as a whole name, so that two such parts are two people."""

Unread: TypeAlias = dict[str, int]
"""Names of fields that no record has a place for, and how often they were met."""


class FieldError(ValueError):
    """A value that its field does not allow.

    Args:
        reason: what is allowed and what was there.
        path: the place of the value inside the row, such as `authors[2].email`; empty for the row itself.
    """

    def __init__(self, reason: str, path: str = "") -> None:
        self.reason = reason
        self.path = path
        super().__init__(reason)

    def inside(self, outer: str) -> Self:
        """The same fault, seen from the value that holds this one."""
        joint = "." if self.path and not self.path.startswith("[") else ""
        return type(self)(self.reason, f"{outer}{joint}{self.path}")


def _got(allowed: str, value: Any, hint: str = "") -> FieldError:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    if len(shown) > _SHOWN_LENGTH:
        shown = f"{shown[:_SHOWN_LENGTH]}…"
    return FieldError(f"allowed is {allowed}; got {shown}{hint}")


# --- texts ----------------------------------------------------------------------------------------------------------


def clean(text: str) -> str:
    r"""The text in Unicode form NFC, without blanks at its ends, every line break a line feed.

    >>> clean("  Zoe\u0308 ") == "Zoë"
    True
    """
    text = text.strip()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else unicodedata.normalize("NFC", text).strip()


def one_line(text: str) -> str:
    r"""The text as `clean` gives it, with every run of blanks and line breaks as one blank.

    >>> one_line("Sparse\n  training")
    'Sparse training'
    """
    return " ".join(clean(text).split())


def split_list(text: str) -> list[str]:
    """The entries of a cell that holds a list: separated by `;` or `|`, but not inside brackets.

    >>> split_list("Ada Example (Uni A; Uni B); Bob Example | ")
    ['Ada Example (Uni A; Uni B)', 'Bob Example']
    """
    parts: list[str] = []
    depth = start = 0
    for position, char in enumerate(text):
        if char in "(<[":
            depth += 1
        elif char in ")>]":
            depth = max(0, depth - 1)
        elif char in ";|" and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    if depth:  # a bracket that is never closed brackets nothing
        parts = re.split(r"[;|]", text)
    return [part.strip() for part in parts if part.strip()]


# --- kinds of values ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of value.

    Args:
        allowed: what may stand there, in words; the end of the sentence "allowed is …".
        schema: the same as JSON Schema; it may allow more than the reader, never less.
        from_json: reads a JSON value that is not null; counts what it cannot keep; raises `FieldError`.
        from_cell: reads a cell that is not empty; raises `FieldError`.
    """

    allowed: str
    schema: Mapping[str, Any]
    from_json: Callable[[Any, Unread], Any]
    from_cell: Callable[[str], Any]


def _text_kind(allowed: str, read: Callable[[str], Any], schema: Mapping[str, Any] | None = None) -> Kind:
    """A kind that is a text in JSON and in a cell alike."""

    def from_json(value: Any, _unread: Unread) -> Any:
        if not isinstance(value, str):
            raise _got(allowed, value)
        return read(value)

    return Kind(allowed, {"type": "string", **(schema or {})}, from_json, read)


def _filled(allowed: str, read: Callable[[str], str]) -> Callable[[str], str]:
    def read_filled(text: str) -> str:
        value = read(text)
        if not value:
            raise _got(allowed, text)
        return value

    return read_filled


_NOT_BLANK: Final = {"pattern": r"\S"}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_EMAIL: Final = re.compile(r"[^\s@<>()\[\];,|]+@[^\s@<>()\[\];,|]+\.[^\s@<>()\[\];,|.]+\Z")
_DOMAIN: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[^\W\d_][\w-]*\Z")


def _read_id(text: str) -> str:
    value = clean(text)
    if not value or _CONTROL.search(value):
        raise _got("an id: a text on one line, not empty", text)
    return value


def _id_from_json(value: Any, _unread: Unread) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise _got("an id: a text, or a whole number", value)
    return _read_id(value)


def _read_email(text: str) -> str:
    value = clean(text).lower()
    if not _EMAIL.match(value):
        raise _got("one e-mail address such as name@example.org", text)
    return value


def _read_domain(text: str) -> str:
    value = clean(text).lower()
    if not _DOMAIN.match(value):
        raise _got("a mail domain such as example.org", text)
    return value


def _read_date(text: str) -> PartialDate:
    allowed = "a date of the calendar as YYYY, YYYY-MM or YYYY-MM-DD"
    if not text.isascii():  # other scripts' digits
        raise _got(allowed, text)
    try:
        return PartialDate.parse(text)
    except ValueError:
        raise _got(allowed, text) from None


def _date_from_json(value: Any, _unread: Unread) -> PartialDate:
    if isinstance(value, int) and not isinstance(value, bool):
        return _read_date(str(value))
    if not isinstance(value, str):
        raise _got('a date such as "2023", "2023-06" or "2023-06-09", or a year as a number', value)
    return _read_date(value)


ID: Final = Kind(
    "an id: a text on one line, or a whole number",
    {"type": ["string", "integer"], **_NOT_BLANK},
    _id_from_json,
    _read_id,
)
TEXT: Final = _text_kind("a text", clean)
LINE: Final = _text_kind("a text", one_line)
TITLE: Final = _text_kind("a text, not empty", _filled("a text, not empty", one_line), _NOT_BLANK)
EMAIL: Final = _text_kind("an e-mail address", _read_email, {"pattern": "@"})
DOMAIN: Final = _text_kind("a mail domain such as example.org", _read_domain, {"pattern": r"\."})
DATE: Final = Kind(
    "a date",
    {
        "anyOf": [
            {"type": "string", "pattern": r"^\s*[1-9][0-9]{3}(-[0-9]{1,2}(-[0-9]{1,2})?)?\s*$"},
            {"type": "integer", "minimum": 1000, "maximum": 9999},
        ]
    },
    _date_from_json,
    _read_date,
)


def whole_number(low: int = 0) -> Kind:
    """Whole numbers from `low` up; `3.0` is one, as spreadsheets and JSON Schema have it."""
    allowed = f"a whole number from {low} up"

    def check(number: float, value: Any) -> int:
        if not (
            low <= number <= _LARGEST_NUMBER and number == int(number)
        ):  # in this order: NaN and infinity fail first
            raise _got(allowed, value)
        return int(number)

    def from_json(value: Any, _unread: Unread) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _got(allowed, value)
        return check(value, value)

    def from_cell(text: str) -> int:
        if not re.fullmatch(r"\+?[0-9]+(\.0*)?", text.strip()):
            raise _got(allowed, text)
        return check(float(text), text)

    return Kind(allowed, {"type": "integer", "minimum": low, "maximum": _LARGEST_NUMBER}, from_json, from_cell)


def _number(low: float, high: float) -> Kind:
    allowed = f"a number from {low:g} to {high:g}"

    def check(number: float, value: Any) -> float:
        if not low <= number <= high:  # NaN fails too
            raise _got(allowed, value)
        return float(number)

    def from_json(value: Any, _unread: Unread) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _got(allowed, value)
        return check(value, value)

    def from_cell(text: str) -> float:
        if not re.fullmatch(r"[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?", text.strip()):
            raise _got(f"{allowed}, with a point for decimals", text)
        return check(float(text), text)

    return Kind(allowed, {"type": "number", "minimum": low, "maximum": high}, from_json, from_cell)


def choice(options: tuple[str, ...]) -> Kind:
    """One of a few words, written exactly so."""
    allowed = f"one of {', '.join(options)}"

    def read(text: str) -> str:
        if text not in options:
            raise _got(allowed, text, did_you_mean(text, options))
        return text

    return _text_kind(allowed, read, {"enum": list(options)})


Repeats: TypeAlias = Literal["merge", "keep", "refuse"]
"""What becomes of an entry of a list that equals an earlier one."""


def _read_entries(entries: Iterable[Any], read: Callable[[Any], Any], repeats: Repeats) -> tuple[Any, ...]:
    found: list[Any] = []
    seen: set[Any] = set()
    for position, value in enumerate(entries):
        try:
            entry = read(value)
        except FieldError as error:
            raise error.inside(f"[{position}]") from None
        if repeats == "refuse" and entry in seen:
            raise FieldError(f"'{entry}' stands in the list twice", f"[{position}]")
        if entry != "" and (repeats == "keep" or entry not in seen):
            found.append(entry)
        seen.add(entry)
    return tuple(found)


def list_of(entry: Kind, *, repeats: Repeats = "merge", lone: bool = False) -> Kind:
    """A list of one kind: a JSON list, or entries separated by `;` or `|` in a cell. Empty texts are left out.

    Args:
        entry: the kind of each entry.
        repeats: what becomes of an entry that equals an earlier one.
        lone: whether a JSON value that is no list counts as a list of one.
    """
    allowed = f"a list, each entry {entry.allowed}"

    def from_json(value: Any, unread: Unread) -> tuple[Any, ...]:
        if isinstance(value, list):
            return _read_entries(value, lambda inner: entry.from_json(inner, unread), repeats)
        if lone:
            return (entry.from_json(value, unread),)
        raise _got(allowed, value)

    def from_cell(cell: str) -> tuple[Any, ...]:
        return _read_entries(split_list(cell), entry.from_cell, repeats)

    schema: dict[str, Any] = {"type": "array", "items": entry.schema}
    if lone:
        schema = {"anyOf": [entry.schema, schema]}
    return Kind(allowed, schema, from_json, from_cell)


# --- fields and tables ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a row.

    Args:
        name: as written in files.
        kind: what may stand there.
        about: meaning, in words; it becomes the description in JSON Schema.
        required: a row without it is refused.
        alias: another heading under which a column of a CSV file may stand.
    """

    name: str
    kind: Kind
    about: str
    required: bool = False
    alias: str | None = None


@dataclass(frozen=True)
class Table:
    """The fields of one file, or of one object inside a row.

    Args:
        name: as in the file's name; for an inner object, the field that holds it.
        fields: in the order in which documents list them.
        about: what a row is.
        keeps_unknown: whether further fields are kept, as attributes; else they are counted as not read.
        is_inner: whether it is an object inside a row.
    """

    name: str
    fields: tuple[Field, ...]
    about: str = ""
    keeps_unknown: bool = False
    is_inner: bool = False

    @functools.cached_property
    def by_name(self) -> Mapping[str, Field]:
        """Every field by its name."""
        return {field.name: field for field in self.fields}

    @functools.cached_property
    def required(self) -> tuple[str, ...]:
        """The fields that no row may lack."""
        return tuple(field.name for field in self.fields if field.required)

    def read(self, row: Mapping[str, Any], unread: Unread, *, cells: bool = False) -> dict[str, Any]:
        """The values of a row by field name; what is null or absent is left out.

        Further fields go under `attributes` where the table keeps them, else into `unread`.

        Args:
            row: a JSON object, or the cells of a row that are not empty by column.
            unread: counts the fields that have no place.
            cells: whether the values are cells of a CSV file.

        Raises:
            FieldError: a value is not allowed, a required field is missing, or a name looks like a slip in a known one.
        """
        values: dict[str, Any] = {}
        further: dict[str, Any] = {}
        for name, value in row.items():
            field = self.by_name.get(name)
            if field is None:
                further[name] = value
            elif value is not None:
                try:
                    values[name] = field.kind.from_cell(value) if cells else field.kind.from_json(value, unread)
                except FieldError as error:
                    raise error.inside(name) from None
        if further:
            self._keep(further, row, values, unread)
        for name in self.required:
            if name not in values:
                raise FieldError("is missing", name)
        return values

    def _keep(self, further: Mapping[str, Any], row: Mapping[str, Any], values: dict[str, Any], unread: Unread) -> None:
        attributes = dict(values.get("attributes", ()))
        for name, value in further.items():
            meant = near_miss(name, self.by_name, row)
            if meant:
                raise FieldError(f"there is no such field, did you mean '{meant}'?", name)
            if not self.keeps_unknown:
                label = f"{self.name}[].{name}" if self.is_inner else name
                unread[label] = unread.get(label, 0) + 1
            elif value is not None:
                if name in attributes:
                    raise FieldError("stands both beside 'attributes' and in it", name)
                try:
                    attributes[name] = _free_json(value)
                except FieldError as error:
                    raise error.inside(name) from None
        if attributes:
            values["attributes"] = attributes

    def schema(self) -> dict[str, Any]:
        """JSON Schema of a row, without the keywords of a document."""
        properties = {}
        for field in self.fields:
            allowed = dict(field.kind.schema)
            if not field.required:
                allowed = {"anyOf": [allowed, {"type": "null"}]}
            properties[field.name] = {"description": field.about, **allowed}
        schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": True}
        if self.required:
            schema["required"] = list(self.required)
        return schema


@functools.lru_cache(maxsize=4096)
def _alike(name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The known names that `name` may be a slip of, the likeliest first."""
    folded = name.casefold()
    likeness = {
        # Exchanged letters weigh much in a short word, so the same letters in another order count as alike.
        other: 1.0 if sorted(folded) == sorted(other) else SequenceMatcher(None, folded, other).ratio()
        for other in known
    }
    close = [other for other in known if likeness[other] >= _TYPO_RATIO]
    return tuple(sorted(close, key=lambda other: -likeness[other]))


def near_miss(name: str, known: Iterable[str], present: Iterable[str]) -> str | None:
    """The known name that `name` is probably a slip of; names that are present beside it were not meant.

    >>> near_miss("abstrct", ["title", "abstract"], ["title"])
    'abstract'
    >>> near_miss("titles", ["title", "abstract"], ["title"]) is None
    True
    """
    taken = frozenset(present)
    return next((other for other in _alike(name, tuple(known)) if other not in taken), None)


def _free_json(value: Any) -> Any:
    """Any JSON value, its texts in form NFC; numbers that JSON cannot hold are refused."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise FieldError("allowed is a finite number")
    if isinstance(value, list):
        return [_free_json(entry) for entry in value]
    if isinstance(value, dict):
        return {clean(name): _free_json(entry) for name, entry in value.items()}
    return value


def _attributes_from_json(value: Any, _unread: Unread) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _got("an object of names and values", value)
    return {clean(name): _free_json(entry) for name, entry in value.items() if entry is not None}


def _attributes_from_cell(text: str) -> dict[str, Any]:
    try:
        return _attributes_from_json(json.loads(text), {})
    except ValueError as error:
        if isinstance(error, FieldError):
            raise
        raise _got("an object of names and values as JSON", text) from None


ATTRIBUTES: Final = Kind(
    "an object of names and values", {"type": "object"}, _attributes_from_json, _attributes_from_cell
)


# --- objects inside a row -------------------------------------------------------------------------------------------


def objects_of(
    table: Table, build: Callable[[dict[str, Any]], Any], from_text: Callable[[str], Any], *, allowed: str, texts: bool
) -> Kind:
    """Objects that become a record each.

    Args:
        table: the fields of the object.
        build: makes the record from the values; raises `FieldError`.
        from_text: makes the record from an entry of a cell; raises `FieldError`.
        allowed: what may stand there, in words.
        texts: whether JSON may hold such an entry too, in place of an object.
    """

    def from_json(value: Any, unread: Unread) -> Any:
        if isinstance(value, dict):
            return build(table.read(value, unread))
        if texts and isinstance(value, str):
            return from_text(value)
        raise _got(allowed, value)

    schema = table.schema()
    if texts:
        schema = {"anyOf": [{"type": "string", **_NOT_BLANK}, schema]}
    return Kind(allowed, schema, from_json, from_text)


_AUTHOR_ENTRY: Final = re.compile(
    r"(?P<name>[^<>\[\]]*?)\s*"
    r"(?:\[(?P<id>[^\[\]]+)\])?\s*"
    r"(?:<(?P<email>[^<>]+)>)?\s*"
    r"(?:\((?P<affiliation>(?:[^()]|\([^()]*\))*)\))?\Z"
)
_AUTHOR_ALLOWED: Final = "an author as 'Name [person id] <name@example.org> (Affiliation)', all but the name optional"


def _author(values: dict[str, Any]) -> AuthorMention:
    person_id = values.get("person_id")
    return AuthorMention(
        name=values["name"],
        person_id=None if person_id is None else PersonId(person_id),
        email=values.get("email"),
        affiliation=values.get("affiliation") or None,
        domain=values.get("domain"),
        marks=values.get("marks", ""),
    )


def _author_from_text(text: str) -> AuthorMention:
    found = _AUTHOR_ENTRY.match(one_line(text))
    if found is None or not found["name"] or "@" in found["name"]:
        raise _got(_AUTHOR_ALLOWED, text)
    parts = re.split(r",| and | & ", found["name"])
    if len(parts) > 1 and all(len(part.split()) >= _WORDS_OF_A_NAME for part in parts):
        raise _got(f"{_AUTHOR_ALLOWED}; authors are separated by ';'", text)
    return AuthorMention(
        name=found["name"],
        person_id=None if found["id"] is None else PersonId(_read_id(found["id"])),
        email=None if found["email"] is None else _read_email(found["email"]),
        affiliation=found["affiliation"] or None,
    )


def _refuse_reversed(values: Mapping[str, Any]) -> None:
    start, end = values.get("start"), values.get("end")
    if start is not None and end is not None and start.first_day() > end.last_day():
        raise FieldError(f"the end {end} lies before the start {start}", "end")


def _affiliation(values: dict[str, Any]) -> Affiliation:
    if not values.get("organisation") and not values.get("domain"):
        raise FieldError("is missing, and so is 'domain': one of the two is needed", "organisation")
    _refuse_reversed(values)
    return Affiliation(**values)


_ORGANISATION_AND_DOMAIN: Final = re.compile(r"(?P<organisation>.+?)\s*\((?P<domain>[^()\s]+)\)\Z")


def _affiliation_from_text(text: str) -> Affiliation:
    """`Organisation`, `Organisation (example.org)`, or a domain alone, which is known by its small letters."""
    text = one_line(text)
    if not text:
        raise _got("an organisation, 'Organisation (example.org)' or a domain", text)
    if _DOMAIN.match(text) and text == text.lower():
        return Affiliation(domain=text)
    found = _ORGANISATION_AND_DOMAIN.match(text)
    if found and _DOMAIN.match(found["domain"].lower()):
        return Affiliation(organisation=found["organisation"], domain=found["domain"].lower())
    return Affiliation(organisation=text)


def _relation(values: dict[str, Any]) -> Relation:
    _refuse_reversed(values)
    person_id = values.get("person_id")
    return Relation(
        kind=values["kind"],
        other=values["name"],
        other_id=None if person_id is None else PersonId(person_id),
        start=values.get("start"),
        end=values.get("end"),
        evidence=values.get("evidence", ""),
    )


def _relation_from_text(text: str) -> Relation:
    kind, colon, name = text.partition(":")
    if not colon or not name.strip():
        raise _got("a relation as 'advisor: Name'", text)
    try:
        return Relation(kind=_RELATION_KIND.from_cell(kind.strip()), other=one_line(name))
    except FieldError as error:
        raise error.inside("kind") from None


def _role(values: dict[str, Any]) -> RoleLoad:
    role = RoleLoad(**values)
    if role.min_load > role.max_load:
        raise FieldError(f"is {role.min_load}, more than max_load {role.max_load}", "min_load")
    return role


def _role_from_text(text: str) -> RoleLoad:
    role, colon, load = text.rpartition(":")
    if not colon or not role.strip():
        raise _got("a role with its most submissions as 'area chair: 3'", text)
    return RoleLoad(role=one_line(role), max_load=whole_number().from_cell(load))


def _source(values: dict[str, Any]) -> SourceRef:
    return SourceRef(**values)


def _source_from_text(text: str) -> SourceRef:
    file, colon, line = text.rpartition(":")
    return SourceRef(file, int(line)) if colon and line.isascii() and line.isdecimal() else SourceRef(text)


_RELATION_KIND: Final = choice(RELATION_KINDS)
_START: Final = Field("start", DATE, "First date known, both ends inclusive.")
_END: Final = Field("end", DATE, "Last date known; null is open.")

AUTHORS: Final = list_of(
    objects_of(
        Table(
            "authors",
            (
                Field("name", TITLE, "The name as printed.", required=True),
                Field("person_id", ID, "Who it is: the id of a reviewer or person."),
                Field("email", EMAIL, "The address printed beside the name."),
                Field("affiliation", LINE, "The organisation printed beside the name."),
                Field("domain", DOMAIN, "The mail domain of that organisation."),
                Field("marks", TEXT, "Marks removed from the name, such as '*'."),
            ),
            is_inner=True,
        ),
        _author,
        _author_from_text,
        allowed=_AUTHOR_ALLOWED,
        texts=True,
    ),
    repeats="keep",
)

AFFILIATIONS: Final = list_of(
    objects_of(
        Table(
            "affiliations",
            (
                Field("organisation", LINE, "Name of the organisation."),
                Field("domain", DOMAIN, "Its mail domain."),
                Field("role", LINE, "Position there."),
                _START,
                _END,
            ),
            is_inner=True,
        ),
        _affiliation,
        _affiliation_from_text,
        allowed="an organisation as a text or an object with 'organisation' or 'domain'",
        texts=True,
    )
)

RELATIONS: Final = list_of(
    objects_of(
        Table(
            "relations",
            (
                Field("kind", _RELATION_KIND, "What the other person is to this one.", required=True),
                Field("name", TITLE, "Name of the other person.", required=True),
                Field("person_id", ID, "Id of the other person, if known."),
                _START,
                _END,
                Field("evidence", TEXT, "The line or declaration that says so."),
            ),
            is_inner=True,
        ),
        _relation,
        _relation_from_text,
        allowed="an object with 'kind' and 'name'",
        texts=False,
    )
)

ROLES: Final = list_of(
    objects_of(
        Table(
            "roles",
            (
                Field("role", TITLE, "Name of the role.", required=True),
                Field("max_load", whole_number(), "Most submissions in that role.", required=True),
                Field("min_load", whole_number(), "Fewest submissions in that role."),
            ),
            is_inner=True,
        ),
        _role,
        _role_from_text,
        allowed="an object with 'role' and 'max_load'",
        texts=False,
    )
)

SOURCES: Final = list_of(
    objects_of(
        Table(
            "source",
            (
                Field("file", TITLE, "The file.", required=True),
                Field("line", whole_number(1), "The line in it, counted from one."),
            ),
            is_inner=True,
        ),
        _source,
        _source_from_text,
        allowed="an object with 'file' and 'line'",
        texts=False,
    ),
    lone=True,
)


# --- the files of a venue folder ------------------------------------------------------------------------------------

_LINES: Final = list_of(LINE)
_ATTRIBUTES: Final = Field("attributes", ATTRIBUTES, "Free properties that constraints can use.")
_ABSTRACT: Final = Field("abstract", TEXT, "The abstract; may be empty.")
_TITLE: Final = Field("title", TITLE, "The title.", required=True)
_BYLINE: Final = Field("authors", AUTHORS, "The authors in byline order, as objects or names.")
_SUBMISSION: Final = Field("submission_id", ID, "An id in the submissions.", required=True)
_REVIEWER: Final = Field("reviewer_id", ID, "An id in the reviewers.", required=True)

_PERSON_FIELDS: Final = (
    Field("id", ID, "The id of the person, the same as person_id in bylines.", required=True),
    Field("name", TITLE, "The name, without title or nickname.", required=True),
    Field("names", _LINES, "Other spellings and nicknames."),
    Field("emails", list_of(EMAIL), "E-mail addresses."),
    Field("affiliations", AFFILIATIONS, "Places of work or study."),
    Field("relations", RELATIONS, "Ties to other people: advisor, host, manager and so on."),
)

REVIEWERS: Final = Table(
    "reviewers",
    (
        *_PERSON_FIELDS,
        Field("interests", _LINES, "Areas in the reviewer's own words."),
        Field(
            "paper_ids",
            list_of(ID, repeats="refuse"),
            "Ids in the publications. Without it, the papers are those whose byline carries the reviewer's id.",
        ),
        Field("max_load", whole_number(), "Most submissions; else the venue's."),
        Field("min_load", whole_number(), "Fewest submissions; else the venue's."),
        Field("invitation", choice(INVITATIONS), "Answer to the invitation; who declined or retired gets nothing."),
        Field("availability", _number(0, 1), "Share of the load that the reviewer can carry, 0 to 1."),
        Field("last_invited", DATE, "When the reviewer was last asked to review something, anywhere."),
        Field("roles", ROLES, "Loads in further roles."),
        _ATTRIBUTES,
    ),
    "A person who reviews. Further fields are kept as attributes.",
    keeps_unknown=True,
)

PUBLICATIONS: Final = Table(
    "publications",
    (
        Field("id", ID, "Unique in the file.", required=True),
        _TITLE,
        _ABSTRACT,
        Field("date", list_of(DATE, lone=True), "YYYY, YYYY-MM or YYYY-MM-DD, a list of such, or null if not known."),
        _BYLINE,
        Field("published_in", LINE, "Conference, journal or series."),
        Field("kind", choice(KINDS), "What the work is."),
        Field("source", SOURCES, "Where the record was read."),
        Field("full_text", TEXT, "The whole text, where it may be used; its beginning is read."),
    ),
    "A published work of a reviewer.",
)

SUBMISSIONS: Final = Table(
    "submissions",
    (
        Field("id", ID, "Unique in the file.", required=True),
        _TITLE,
        _ABSTRACT,
        _BYLINE,
        Field("reviews_wanted", whole_number(), "Reviews wanted; else the venue's."),
        Field("keywords", _LINES, "Keywords as the authors chose them."),
        Field("status", choice(SUBMISSION_STATES), "What is not active gets no reviewers but counts for conflicts."),
        Field("track", LINE, "Track of the venue."),
        Field("full_text", TEXT, "The whole text, where it may be used; its beginning is read."),
        Field("load_weight", _number(0.01, 100), "Share of a load that one review takes, as 0.5; else 1."),
        _ATTRIBUTES,
    ),
    "What is to be reviewed. Further fields are kept as attributes.",
    keeps_unknown=True,
)

PEOPLE: Final = Table("people", _PERSON_FIELDS, "An author who is no reviewer.")

CONFLICTS: Final = Table(
    "conflicts", (_SUBMISSION, _REVIEWER, Field("reason", LINE, "Why, in words.")), "A declared conflict."
)
BIDS: Final = Table(
    "bids", (_SUBMISSION, _REVIEWER, Field("bid", TITLE, "The bid as written.", required=True)), "A reviewer's bid."
)
FIXED: Final = Table(
    "fixed",
    (
        _SUBMISSION,
        _REVIEWER,
        Field(
            "kind",
            choice(("require", "forbid")),
            "Whether the pair must or must not be.",
            required=True,
            alias="require|forbid",
        ),
    ),
    "A pair that the chair requires or forbids.",
)
ASSIGNMENTS: Final = Table(
    "assignments",
    (
        _SUBMISSION,
        _REVIEWER,
        Field("state", choice(ASSIGNMENT_STATES), "State of the assignment."),
        Field("role", LINE, "Role of the reviewer in it."),
        Field("round", whole_number(1), "Round, counted from one."),
    ),
    "A pair that was assigned earlier.",
)
HISTORY: Final = Table(
    "history",
    (
        _SUBMISSION,
        _REVIEWER,
        Field("earlier_id", LINE, "Id of the earlier version."),
        Field("wish", LINE, "Whether the authors want the reviewer again, as written."),
    ),
    "Who reviewed an earlier version of a submission.",
)
RECOMMENDATIONS: Final = Table(
    "recommendations",
    (
        _SUBMISSION,
        _REVIEWER,
        Field("by", LINE, "Who recommended the reviewer."),
        Field("weight", _number(0, _LARGEST_NUMBER), "How strongly."),
    ),
    "A reviewer recommended for a submission.",
)
SCORES: Final = Table(
    "scores",
    (
        _SUBMISSION,
        _REVIEWER,
        Field(
            "score", _number(-_LARGEST_NUMBER, _LARGEST_NUMBER), "The score on that system's own scale.", required=True
        ),
        Field("source", LINE, "The system that computed it; each one has a scale of its own."),
    ),
    "An affinity score that another system computed.",
)

TABLES: Final[Mapping[str, Table]] = {
    table.name: table
    for table in (
        REVIEWERS,
        PUBLICATIONS,
        SUBMISSIONS,
        PEOPLE,
        CONFLICTS,
        BIDS,
        FIXED,
        ASSIGNMENTS,
        HISTORY,
        RECOMMENDATIONS,
        SCORES,
    )
}
"""Every table of a venue folder by the stem of its file's name."""


def json_schema(table: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of one row of a table, as a line of its JSON Lines file holds it.

    Every row that the reader accepts is valid. The reader refuses a little more: dates that no calendar has, ids that
    point nowhere, ends before starts, and names that look like a slip in a known one.

    Args:
        table: `reviewers`, `publications`, `submissions`, `people` or the stem of another file of the folder.

    Raises:
        UnknownNameError: there is no such table.

    >>> json_schema("reviewers")["required"]
    ['id', 'name']
    """
    found = TABLES.get(table)
    if found is None:
        raise UnknownNameError("table", table, TABLES)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": found.name,
        "description": found.about,
        **found.schema(),
    }


def markdown() -> str:
    """Every table of a venue folder as Markdown, as `data/README.md` shows them."""
    parts = []
    for table in TABLES.values():
        parts.append(f"### {table.name}\n\n{table.about}\n\n| field | allowed | meaning |\n|---|---|---|")
        for field in table.fields:
            allowed = field.kind.allowed.replace("|", "\\|")
            name = f"`{field.name}`" + ("" if field.required else "?")
            parts.append(f"| {name} | {allowed} | {field.about} |")
        parts.append("")
    return "\n".join(parts)
