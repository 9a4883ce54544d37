"""Whose publications an import looks for: the reviewers of a folder, or people whom the user names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from matcher.errors import UnknownNameError
from matcher.identity import normalise_name
from matcher.ingest.formats.joining import REGISTRY_IDS
from matcher.ingest.formats.source import Owner
from matcher.ingest.formats.works import plain_key

__all__ = ["named_owners", "owners_of"]


def owners_of(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[Owner, ...]:
    """The reviewers of a folder with every name and id that a source may know them by.

    Args:
        tables: rows by table.
    """
    return tuple(_owner(row) for row in tables.get("reviewers", ()))


def _owner(row: Mapping[str, Any]) -> Owner:
    attributes = row.get("attributes") or {}
    keys: set[str] = set()
    for registry in REGISTRY_IDS:
        held = attributes.get(registry)
        for one in held if isinstance(held, list) else [held] if held else []:
            keys.add(plain_key(registry, str(one)))
    key = str(row["id"])
    if key.partition(":")[0] in REGISTRY_IDS:
        keys.add(key.casefold())
    if key.startswith("~"):
        keys.add(plain_key("openreview_ids", key))
    names = (str(row["name"]), *(str(name) for name in row.get("names") or ()))
    emails = tuple(str(email) for email in row.get("emails") or ())
    return Owner(key, tuple(dict.fromkeys(names)), frozenset(keys), emails=emails)


def named_owners(wanted: Sequence[str], tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[Owner, ...]:
    """The people whom the user names: reviewers of the folder by id or name, else new ones.

    Args:
        wanted: names, or ids of reviewers.
        tables: rows by table.

    Raises:
        UnknownNameError: what looks like an id is the id of no reviewer, or two reviewers bear the name.
    """
    known = owners_of(tables)
    made = []
    for text in wanted:
        found = [owner for owner in known if owner.id == text]
        found = found or [owner for owner in known if normalise_name(text) in map(normalise_name, owner.names)]
        if len(found) > 1:
            raise UnknownNameError("single reviewer", text, [owner.id for owner in found])
        if found:
            made.append(replace(found[0], is_sure=True))
        elif len(text.split()) > 1:
            made.append(Owner("-".join(normalise_name(text).split()), (text,), is_sure=True))
        else:
            raise UnknownNameError("reviewer", text, [owner.id for owner in known])
    return tuple(made)
