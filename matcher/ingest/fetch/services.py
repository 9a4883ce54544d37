"""How each service is asked: for people by id or name, and for the works of a person."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from matcher.errors import DataError
from matcher.ingest.fetch.client import Client

__all__ = ["SERVICES", "FoundPerson", "Service"]

_PAGE: Final = 200
_MOST_PAGES: Final = 100
_MOST_CANDIDATES: Final = 5


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """Somebody whom a service knows.

    Args:
        id: the service's id without prefix.
        name: as the service writes it.
        affiliation: the last one known.
        works: how many works the service has.
    """

    id: str
    name: str
    affiliation: str = ""
    works: int | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service that knows people and their works.

    Args:
        name: as on the command line; also the name of the format of its answers.
        base: its public address.
        per_second: requests a second that it allows without a key.
        registry: the attribute of a reviewer that holds the service's id.
        suffix: the ending of the files in which its answers are kept.
        search: people by name.
        by_orcid: the person with an ORCID iD; `None` where the service cannot tell.
        works: the works of a person, each as a text for one line or file.
    """

    name: str
    base: str
    per_second: float
    registry: str
    suffix: str
    search: Callable[[Client, str], list[FoundPerson]]
    by_orcid: Callable[[Client, str], FoundPerson | None] | None
    works: Callable[[Client, str], Iterator[str]]


def _json(text: str | None, base: str) -> Any:
    if text is None:
        return {}
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"the service's answer is no JSON: {error}", file=base) from None


def _plain(text: str) -> str:
    return re.sub(r"(?i)^https?://[^/]+/", "", text.strip())


# --- OpenAlex -------------------------------------------------------------------------------------------------------


def _openalex_person(one: Mapping[str, Any]) -> FoundPerson:
    places = one.get("last_known_institutions") or [one.get("last_known_institution") or {}]
    return FoundPerson(
        _plain(str(one["id"])),
        str(one.get("display_name") or ""),
        places[0].get("display_name") or "",
        one.get("works_count"),
    )


def _openalex_search(client: Client, name: str) -> list[FoundPerson]:
    held = _json(client.get("/authors", {"search": name, "per-page": str(_MOST_CANDIDATES)}), "openalex")
    return [_openalex_person(one) for one in held.get("results") or ()]


def _openalex_by_orcid(client: Client, orcid: str) -> FoundPerson | None:
    held = _json(client.get("/authors", {"filter": f"orcid:{orcid}"}), "openalex").get("results") or []
    return _openalex_person(held[0]) if held else None


def _openalex_works(client: Client, key: str) -> Iterator[str]:
    cursor = "*"
    for _ in range(_MOST_PAGES):
        query = {"filter": f"author.id:{key}", "per-page": str(_PAGE), "cursor": cursor}
        held = _json(client.get("/works", query), "openalex")
        for work in held.get("results") or ():
            yield json.dumps(work, ensure_ascii=False)
        cursor = (held.get("meta") or {}).get("next_cursor") or ""
        if not cursor:
            return


# --- Semantic Scholar -----------------------------------------------------------------------------------------------

_S2_FIELDS: Final = "externalIds,title,abstract,venue,year,publicationDate,publicationTypes,journal,authors"


def _s2_search(client: Client, name: str) -> list[FoundPerson]:
    query = {"query": name, "fields": "name,affiliations,paperCount", "limit": str(_MOST_CANDIDATES)}
    held = _json(client.get("/graph/v1/author/search", query), "semanticscholar")
    return [
        FoundPerson(
            str(one["authorId"]),
            str(one.get("name") or ""),
            "; ".join(one.get("affiliations") or ()),
            one.get("paperCount"),
        )
        for one in held.get("data") or ()
    ]


def _s2_works(client: Client, key: str) -> Iterator[str]:
    offset = 0
    for _ in range(_MOST_PAGES):
        query = {"fields": _S2_FIELDS, "limit": str(_PAGE), "offset": str(offset)}
        held = _json(client.get(f"/graph/v1/author/{key}/papers", query), "semanticscholar")
        for paper in held.get("data") or ():
            yield json.dumps(paper, ensure_ascii=False)
        offset = held.get("next") or 0
        if not offset:
            return


# --- DBLP -----------------------------------------------------------------------------------------------------------


def _dblp_search(client: Client, name: str) -> list[FoundPerson]:
    query = {"q": name, "format": "json", "h": str(_MOST_CANDIDATES)}
    held = _json(client.get("/search/author/api", query), "dblp")
    hits = ((held.get("result") or {}).get("hits") or {}).get("hit") or ()
    return [_dblp_person(one["info"]) for one in hits]


def _dblp_person(info: Mapping[str, Any]) -> FoundPerson:
    notes = (info.get("notes") or {}).get("note") or []
    every = notes if isinstance(notes, list) else [notes]
    place = next((str(note.get("text") or "") for note in every if note.get("@type") == "affiliation"), "")
    key = re.sub(r"^pid/", "", _plain(str(info["url"])))
    return FoundPerson(key, re.sub(r" \d{4}$", "", str(info.get("author") or "")), place)


def _dblp_works(client: Client, key: str) -> Iterator[str]:
    text = client.get(f"/pid/{key}.xml")
    if text is not None:
        yield text


# --- OpenReview -----------------------------------------------------------------------------------------------------


def _openreview_search(client: Client, name: str) -> list[FoundPerson]:
    held = _json(client.get("/profiles", {"fullname": name, "limit": str(_MOST_CANDIDATES)}), "openreview")
    found = []
    for one in held.get("profiles") or ():
        content = one.get("content") or {}
        names = [entry for entry in content.get("names") or () if isinstance(entry, dict)]
        shown = next((str(entry.get("fullname")) for entry in names if entry.get("fullname")), str(one["id"]))
        histories: list[Mapping[str, Any]] = content.get("history") or [{}]
        place = histories[0].get("institution") or {}
        found.append(FoundPerson(str(one["id"]), shown, str(place.get("name") or place.get("domain") or "")))
    return found


def _openreview_works(client: Client, key: str) -> Iterator[str]:
    offset = 0
    for _ in range(_MOST_PAGES):
        query = {"content.authorids": key, "limit": str(_PAGE), "offset": str(offset)}
        held = _json(client.get("/notes", query), "openreview").get("notes") or []
        for note in held:
            yield json.dumps(note, ensure_ascii=False)
        offset += len(held)
        if len(held) < _PAGE:
            return


SERVICES: Final[Mapping[str, Service]] = {
    service.name: service
    for service in (
        Service(
            "openalex",
            "https://api.openalex.org",
            5.0,
            "openalex",
            ".jsonl",
            _openalex_search,
            _openalex_by_orcid,
            _openalex_works,
        ),
        Service(
            "semanticscholar",
            "https://api.semanticscholar.org",
            1.0,
            "semanticscholar",
            ".jsonl",
            _s2_search,
            None,
            _s2_works,
        ),
        Service("dblp", "https://dblp.org", 1.0, "dblp", ".xml", _dblp_search, None, _dblp_works),
        Service(
            "openreview",
            "https://api2.openreview.net",
            3.0,
            "openreview",
            ".jsonl",
            _openreview_search,
            None,
            _openreview_works,
        ),
    )
}
"""Every service that can be asked, by name."""
