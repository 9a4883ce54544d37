"""Lists of collaborators as people write them into forms: one entry a line, with bullets, brackets and notes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from matcher.institutions import Stay, stays
from matcher.records import Affiliation

__all__ = ["Listed", "read_list"]

_BULLET: Final = re.compile(r"^\s*(?:[-*•·–—‣▪○]+|\(?\d{1,3}[.)\]:]|[a-zA-Z][.)])\s+")
_NOTHING: Final = frozenset(("none", "n/a", "na", "nil", "-", "nobody", "no conflicts", "no one", "nothing"))
_EVERYBODY: Final = re.compile(
    r"(?:all|anyone|anybody|everyone|everybody|all (?:members|people|faculty|staff|employees)(?: (?:of|at|from))?)",
    re.IGNORECASE,
)
_EVERYBODY_AT: Final = re.compile(
    r"(?:all|anyone|anybody|everyone|everybody|all (?:members|people|faculty|staff|employees))\s+"
    r"(?:of|at|from|in)\s+(?P<place>.+)",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(r"^(?P<name>[^()]*)\((?P<place>[^()]*)\)(?P<note>.*)$")
_COMMA: Final = re.compile(r",(?![^()]*\))\s*(?:and\s+)?")
_PARENTHESIS: Final = re.compile(r"\([^()]*\)")
_NOTE: Final = re.compile(r"\s+(?:[-–—]+|//)\s+.*$")


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry.

    Args:
        name: whom it names; empty when it means everybody at a place.
        place: the organisation or domain beside the name; may be empty.
        text: the entry without bullet and quotes.
    """

    name: str
    place: str
    text: str

    @property
    def is_everybody(self) -> bool:
        """Whether it means everybody at a place."""
        return not self.name

    @property
    def keys(self) -> tuple[str, ...]:
        """What the place is known by, for an entry that means everybody there; see `Stay`."""
        return tuple(key for stay in _at(self.place) for key in stay.keys) if self.is_everybody else ()


def _at(place: str) -> tuple[Stay, ...]:
    text = place.strip()
    is_domain = "." in text and " " not in text
    return stays([Affiliation(domain=text.lower())] if is_domain else [Affiliation(organisation=text)])


@lru_cache(maxsize=1 << 14)
def read_list(text: str) -> tuple[Listed, ...]:
    r"""The entries of a list, in order, each once; what names nobody and no place is left out.

    >>> [(entry.name, entry.place) for entry in read_list("- Jane Doe (Univ. X), advisor\n2. All (ETH Zurich)\nNone")]
    [('Jane Doe', 'Univ. X'), ('', 'ETH Zurich')]
    """
    found: dict[Listed, None] = {}
    for line in re.split(r"[\r\n;|]+", text):
        for part in _people_of(_BULLET.sub("", line.replace("\t", " "))):
            entry = _read_entry(part)
            if entry is not None:
                found[entry] = None
    return tuple(found)


def _people_of(line: str) -> list[str]:
    """A line with several full names between commas, one by one; any other line as it is.

    A comma also stands between family and given name, and before a note: "Doe, Jane" is one person, and so is
    "Jane Doe, advisor".
    """
    parts = [part.strip() for part in _COMMA.split(line)]
    full = [part for part in parts if len(_PARENTHESIS.sub(" ", part).split()) > 1 and part[:1].isupper()]
    if len(parts) == 2 and parts[:1] == full and parts[1][:1].islower():
        return full
    return full if len(full) > 1 and full[0] == parts[0] else [line]


def _read_entry(line: str) -> Listed | None:
    plain = _BULLET.sub("", line.replace("\t", " ")).strip().strip("\"'“”").rstrip(".,").strip()
    if not plain or plain.casefold() in _NOTHING:
        return None
    at = _EVERYBODY_AT.fullmatch(plain)
    if at:
        return Listed("", at["place"].strip(), plain)
    found = _PLACE.match(plain)
    name, place = (found["name"], found["place"]) if found else (plain, "")
    name = _NOTE.sub("", name).strip().strip("\"'“”,").strip()
    if _EVERYBODY.fullmatch(name):
        return Listed("", place.strip(), plain) if place.strip() else None
    return Listed(name, place.strip(), plain) if name else None
