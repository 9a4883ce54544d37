"""Who a reviewer is in a service, and their works in the venue folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from matcher.errors import DataError
from matcher.identity import names_fit, normalise_name
from matcher.ingest.fetch.answers import Answer
from matcher.ingest.fetch.client import Client
from matcher.ingest.fetch.services import FoundPerson, Service
from matcher.ingest.formats import Imported, import_files
from matcher.ingest.formats.write import read_tables, write_tables

__all__ = ["Candidate", "Fetched", "Question", "fetch"]

FOLDER: Final = "fetched"
"""Where in a venue folder the answers are kept; not a table, so readers of the folder pass it by."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody in a service who may be a reviewer.

    Args:
        person: as the service knows them.
        reason: what speaks for it.
    """

    person: FoundPerson
    reason: str


@dataclass(frozen=True, slots=True)
class Question:
    """A reviewer whom a service knows by name alone, so that a person has to decide.

    Args:
        reviewer_id: the reviewer.
        name: their name.
        candidates: who it may be; empty when the service knows nobody of that name.
    """

    reviewer_id: str
    name: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch did.

    Args:
        service: the service's name.
        found: ids in the service by reviewer.
        how: why each was taken, by reviewer.
        questions: reviewers about whom somebody has to decide.
        imported: what the import of the answers did; `None` where there was nothing to import.
        asked: requests that went out.
        kept: requests that were answered from disk.
    """

    service: str
    found: Mapping[str, str]
    how: Mapping[str, str]
    questions: tuple[Question, ...]
    imported: Imported | None
    asked: int
    kept: int


def fetch(
    service: Service,
    client: Client,
    folder: Path,
    *,
    answers: Sequence[Answer] = (),
    only: Sequence[str] = (),
    progress: Callable[[str, int, int], None] | None = None,
) -> Fetched:
    """Fetch the works of the reviewers of a venue folder.

    A reviewer is found by the service's id, by an ORCID iD where the service takes those, or by an answer that
    somebody gave before. A name alone never decides: it makes a question with the candidates.

    Args:
        service: whom to ask.
        client: how to ask.
        folder: the venue folder; its reviewers are asked about, its publications completed.
        answers: decisions about earlier questions.
        only: ids of reviewers to ask about; empty takes all.
        progress: told of each reviewer.

    Raises:
        DataError: the service does not answer, or the folder has no reviewers.
    """
    there = read_tables(folder)
    reviewers = [row for row in there.get("reviewers", ()) if not only or str(row["id"]) in only]
    if not reviewers:
        raise DataError(
            "the folder has no reviewers to ask about", file=str(folder), remedy="import or write reviewers.jsonl first"
        )
    decided = {(one.reviewer_id, one.person_id): one.is_same for one in answers if one.service == service.name}
    found: dict[str, str] = {}
    how: dict[str, str] = {}
    questions: list[Question] = []
    for number, row in enumerate(reviewers, start=1):
        key = str(row["id"])
        taken = _known(service, client, row) or _answered(key, decided)
        if taken is not None:
            found[key], how[key] = taken
        else:
            questions.append(_question(service, client, row, decided))
        if progress is not None:
            progress("resolve", number, len(reviewers))
    imported = _import(service, client, folder, there, found, progress)
    return Fetched(service.name, found, how, tuple(questions), imported, client.asked, client.kept)


def _known(service: Service, client: Client, row: Mapping[str, Any]) -> tuple[str, str] | None:
    attributes = row.get("attributes") or {}
    held = attributes.get(service.registry)
    if service.name == "openreview" and str(row["id"]).startswith("~"):
        held = row["id"]
    elif str(row["id"]).startswith(f"{service.registry}:"):
        held = str(row["id"]).partition(":")[2]
    if held:
        first = str(held[0] if isinstance(held, list) else held)
        return first.rstrip("/").rpartition("/")[2] if service.name != "dblp" else _dblp_key(first), "by its id"
    orcid = attributes.get("orcid") or (str(row["id"]).partition(":")[2] if str(row["id"]).startswith("orcid:") else "")
    if orcid and service.by_orcid is not None:
        person = service.by_orcid(client, str(orcid).rstrip("/").rpartition("/")[2])
        if person is not None:
            return person.id, "by ORCID iD"
    return None


def _dblp_key(text: str) -> str:
    return text.removesuffix(".html").rpartition("pid/")[2]


def _answered(key: str, decided: Mapping[tuple[str, str], bool]) -> tuple[str, str] | None:
    for (reviewer, person), is_same in decided.items():
        if reviewer == key and is_same:
            return person, "as somebody decided"
    return None


def _question(
    service: Service, client: Client, row: Mapping[str, Any], decided: Mapping[tuple[str, str], bool]
) -> Question:
    name, key = str(row["name"]), str(row["id"])
    places = {str(one.get("organisation") or "").casefold() for one in row.get("affiliations") or ()} - {""}
    candidates = []
    for person in service.search(client, name):
        if decided.get((key, person.id)) is False:
            continue
        if normalise_name(person.name) == normalise_name(name):
            reason = "the same name"
        elif names_fit(normalise_name(person.name), normalise_name(name)):
            reason = "a name that fits"
        else:
            reason = "found under the name"
        if person.affiliation.casefold() in places:
            reason += " and the same organisation"
        candidates.append(Candidate(person, reason))
    order = ("the same name and", "the same name", "a name that fits and", "a name that fits")
    rank = {
        id(one): next((at for at, text in enumerate(order) if one.reason.startswith(text)), len(order))
        for one in candidates
    }
    return Question(key, name, tuple(sorted(candidates, key=lambda one: rank[id(one)])))


def _import(
    service: Service,
    client: Client,
    folder: Path,
    there: Mapping[str, list[Mapping[str, Any]]],
    found: Mapping[str, str],
    progress: Callable[[str, int, int], None] | None,
) -> Imported | None:
    if not found:
        return None
    kept = folder / FOLDER / service.name
    kept.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for number, (key, person) in enumerate(found.items(), start=1):
        works = list(service.works(client, person))
        if works:
            file = kept / f"{_file_name(service, key, person)}{service.suffix}"
            file.write_text("\n".join(works) + "\n", encoding="utf-8")
            files.append(file)
        if progress is not None:
            progress("fetch", number, len(found))
    _keep_ids(service, folder, there, found)
    if not files:
        return None
    return import_files(service.name, files, folder, add=True, accept_rejects=True)


def _file_name(service: Service, key: str, person: str) -> str:
    """OpenReview's archives are named after the profile; others after the reviewer."""
    name = person if service.name == "openreview" else key
    return "".join(char if char.isalnum() or char in "~-_.@" else "_" for char in name)


def _keep_ids(
    service: Service, folder: Path, there: Mapping[str, list[Mapping[str, Any]]], found: Mapping[str, str]
) -> None:
    """Write the ids that were found beside the reviewers, so that the next fetch and edition need no question."""
    rows = [
        {**row, "attributes": {**(row.get("attributes") or {}), service.registry: found[str(row["id"])]}}
        if str(row["id"]) in found and not str(row["id"]).startswith("~")
        else row
        for row in there["reviewers"]
    ]
    write_tables(folder, {**there, "reviewers": rows}, there)
