"""OpenReview: archives, submissions (API 1 and 2), profiles, edges, and the CSV files of its expertise model.

A file is known by what its records hold. People keep their profile ids (`~Ada_Example1`), papers and submissions the
ids of their notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from matcher.errors import DataError
from matcher.ingest.fields import one_line
from matcher.ingest.formats.opening import Cells, JsonRecord, read_json, read_table
from matcher.ingest.formats.source import Row, SourceRecord, Wishes, refuse_missing

__all__ = ["CONFIGURATION_MARK", "SELECTION_MARK", "read_openreview"]

CONFIGURATION_MARK: Final = "match_group"
"""The field of its content by which a note is the configuration of a match."""

SELECTION_MARK: Final = "expertise_selection"
"""What the invitation of an edge holds by which a person says which of their papers count, in small letters."""

_RELATIONS: Final[tuple[tuple[str, str], ...]] = (
    (r"co-?advisor", "coadvisor"),
    (r"postdoc\w* (advisor|host)|host", "host"),
    (r"(ad|super)visee|student|intern\b", "advisee"),
    (r"(ad|super)visor", "advisor"),
    (r"mentee", "mentee"),
    (r"mentor", "mentor"),
    (r"manager|boss", "manager"),
    (r"co-?author|collaborator", "coauthor"),
    (r"co-?worker|colleague", "coworker"),
    (r"co-?organi[sz]er", "coorganizer"),
    (r"family|spouse|partner|sibling|parent|child", "family"),
)
"""OpenReview lets people write any relation; the usual ones by the words in them, the first that fits."""

_EDGE_KINDS: Final[Mapping[str, str]] = {
    "bid": "bids",
    "conflict": "conflicts",
    "assignment": "assignments",
    "proposed_assignment": "assignments",
    "recommendation": "recommendations",
    "custom_max_papers": "load",
    "aggregate_score": "aggregate",
    "affinity_score": "score",
    "scores": "score",
}

_ANSWERS: Final[tuple[tuple[str, str], ...]] = (
    ("conflict", "conflict"),
    ("declin", "declined"),
    ("accept", "accepted"),
)
"""States of an invitation to review one submission, by a part of the edge's label; any other waits for an answer."""

_ROLES: Final[Mapping[str, str]] = {
    "reviewer": "reviewer",
    "area_chair": "area chair",
    "senior_area_chair": "senior area chair",
}

_REVIEWER_CELLS: Final = ("author", "pub", "title", "abstract")
_SUBMISSION_CELLS: Final = ("id", "title", "abstract")
_MILLISECONDS: Final = 1000
_WITHDRAWN: Final = re.compile(r"(?i)withdraw")
_DESK_REJECTED: Final = re.compile(r"(?i)desk.?reject")


def read_openreview(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:
    """Read OpenReview's files and folders, in any mixture.

    Args:
        paths: files, or folders as its expertise model lays them out (`archives/`, `submissions.json`, `bids/`).
        wishes: `tables` may say `people` or `reviewers` for a file of profiles, and `publications` or `submissions`
            for a file of notes; otherwise a file of notes holds submissions, and one named after a profile that
            person's publications.

    Raises:
        DataError: a file cannot be read, or its records are none that OpenReview writes.
    """
    told = {file: wishes.tables.get(path) for path in paths for file in _files(path)}
    for path in sorted(told, key=lambda file: not _is_profiles(file)):  # profiles first: they have the best names
        if path.suffix.lower() in (".csv", ".tsv"):
            yield from _csv(path)
        else:
            yield from _json(path, told[path])


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        refuse_missing(path)
        return [path]
    endings = (".json", ".jsonl", ".csv", ".jsonl.gz", ".json.gz")
    found = sorted(file for file in path.rglob("*") if file.name.endswith(endings) and file.name != "metadata.json")
    if not found:
        raise DataError("the folder holds no .json, .jsonl or .csv file", file=str(path))
    return found


def _is_profiles(path: Path) -> bool:
    return "profile" in path.name.casefold()


# --- JSON -----------------------------------------------------------------------------------------------------------


def _json(path: Path, told: str | None) -> Iterator[SourceRecord]:
    owner = _owner_of(path)
    for record in read_json(path, inside=("notes", "profiles", "edges", "groupedEdges", "groups"), is_keyed=True):
        if record.fault is not None:
            yield _bad(record, path.name, record.fault)
        elif why := _why_left_out(record.values):
            yield SourceRecord(path.name, record.line, left_out=why, raw=record.raw)
        elif edges := _edges_in(record.values):
            for edge in edges:
                yield _edge(JsonRecord(record.line, edge, record.raw), path.name)
        elif isinstance(record.values.get("content"), dict) and "names" in record.values["content"]:
            yield _profile(record, path.name, told or "reviewers")
        elif isinstance(record.values.get("content"), dict) and "title" in record.values["content"]:
            if told == "submissions" or (owner is None and told != "publications"):
                yield _submission(record, path.name)
            else:
                yield _publication(record, path.name, owner)
        else:
            reason = (
                "allowed is a note with content.title, a profile with content.names, an edge with head and tail, or a "
                "score with submission and user"
            )
            yield _bad(record, path.name, reason)


def _why_left_out(values: Mapping[str, Any]) -> str:
    """Why a record that OpenReview writes says nothing about a venue; empty for all others."""
    content = values.get("content")
    if isinstance(values.get("members"), list) and "id" in values:
        return "a group: who is in it matters to requests by group alone"
    if isinstance(content, dict) and CONFIGURATION_MARK in content:
        return "the configuration of a match: it matters to requests by its id alone"
    shared = values.get("id")
    invitation = shared.get("invitation") if isinstance(shared, dict) else values.get("invitation")
    if SELECTION_MARK in str(invitation or "").casefold():
        return "a choice of which papers count: it matters to requests that name its invitation alone"
    return ""


def _edges_in(values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The edges that a record is: one, several as the API groups them, a score, or a bid of API 1; else none."""
    if "head" in values and "tail" in values:
        return [values]
    shared, grouped = values.get("id"), values.get("values")
    if isinstance(shared, dict) and isinstance(grouped, list):
        return [{**shared, **each} if isinstance(each, dict) else {} for each in grouped]
    if {"submission", "user", "score"} <= values.keys():  # what the expertise model writes
        pair = {"head": values["submission"], "tail": values["user"]}
        return [{**pair, "weight": values["score"], "invitation": "Affinity_Score"}]
    if {"forum", "signature", "tag"} <= values.keys():
        pair = {"head": values["forum"], "tail": values["signature"]}
        return [{**pair, "label": values["tag"], "invitation": "Bid"}]
    return []


def _owner_of(path: Path) -> str | None:
    """Whose publications a file holds: archives are named after the profile, or the address of who has none."""
    name = path.name.removesuffix(".gz").removesuffix(".jsonl").removesuffix(".json")
    return name if name.startswith("~") or "@" in name else None


def _bad(record: JsonRecord, file: str, fault: str, field: str | None = None) -> SourceRecord:
    return SourceRecord(file, record.line, fault=fault, field=field, raw=record.raw)


def _value(content: Mapping[str, Any], name: str) -> Any:
    """A field of a note: plain in API 1, `{"value": …}` in API 2."""
    held = content.get(name)
    return held.get("value") if isinstance(held, dict) and "value" in held else held


def _text(content: Mapping[str, Any], name: str) -> str:
    held = _value(content, name)
    return held if isinstance(held, str) else ""


def _texts(content: Mapping[str, Any], name: str) -> list[str]:
    held = _value(content, name)
    if isinstance(held, str):
        return [part.strip() for part in re.split(r"[;,]", held) if part.strip()]
    return [str(one) for one in held if one is not None] if isinstance(held, list) else []


def _byline(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The authors with their ids; where the two lists differ in length, the ids cannot be told apart."""
    held = _value(content, "authors")
    names: list[Any] = held if isinstance(held, list) else []
    if names and all(isinstance(one, dict) for one in names):  # newer notes: objects with fullname and username
        return [_person_entry(str(one.get("fullname") or one.get("name") or ""), one.get("username")) for one in names]
    ids = _texts(content, "authorids")
    if len(ids) != len(names):
        return [_person_entry(str(name), None) for name in names]
    return [_person_entry(str(name), person) for name, person in zip(names, ids, strict=True)]


def _person_entry(name: str, person: str | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": one_line(name.replace("*", "")) or "unknown"}
    if person and "@" in person and not person.startswith("~"):
        entry |= {"person_id": person.lower(), "email": person.lower()}
    elif person and person.startswith("~"):
        entry["person_id"] = person
    return entry


def _day(milliseconds: Any) -> str | None:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    return datetime.fromtimestamp(milliseconds / _MILLISECONDS, tz=UTC).date().isoformat()


def _publication(record: JsonRecord, file: str, owner: str | None) -> SourceRecord:
    note, content = record.values, record.values["content"]
    key = note.get("id") or note.get("forum")
    if not key:
        return _bad(record, file, "is missing", "id")
    # Imported works state when they were published; `cdate` is the day on which the note came to OpenReview.
    year = _value(content, "year")
    day = _day(note.get("pdate")) or (str(year) if year else None) or _day(note.get("cdate") or note.get("tcdate"))
    remarks = []
    names, ids = _value(content, "authors"), _texts(content, "authorids")
    if isinstance(names, list) and ids and len(ids) != len(names):
        remarks.append(f"{len(names)} authors and {len(ids)} author ids: the ids are left out")
    venue = _text(content, "venue") or _text(content, "venueid")
    rows = [
        Row(
            "publications",
            {
                "id": str(key),
                "title": _text(content, "title"),
                "abstract": _text(content, "abstract"),
                "date": day,
                "authors": _byline(content),
                "published_in": venue,
                "kind": _kind(venue),
                "source": {"file": file, "line": record.line},
            },
        )
    ]
    if owner is not None:
        rows.append(_archive_owner(owner, str(key)))
    return SourceRecord(file, record.line, tuple(rows), remarks=tuple(remarks), raw=record.raw)


def _archive_owner(owner: str, paper: str) -> Row:
    is_address = "@" in owner and not owner.startswith("~")
    name = owner.partition("@")[0] if is_address else re.sub(r"\d+\Z", "", owner.removeprefix("~")).replace("_", " ")
    values: dict[str, Any] = {"id": owner.lower() if is_address else owner, "name": name, "paper_ids": [paper]}
    return Row("reviewers", {**values, "emails": [owner.lower()]} if is_address else values)


def _kind(venue: str) -> str:
    folded = venue.casefold()
    if "corr" in folded.split() or "arxiv" in folded:
        return "preprint"
    if "workshop" in folded:
        return "workshop"
    if re.search(r"(?i)journal|trans\.|tmlr|jmlr|letters", venue):
        return "journal"
    return "conference" if venue else "other"


def _submission(record: JsonRecord, file: str) -> SourceRecord:
    note, content = record.values, record.values["content"]
    key = note.get("id") or note.get("forum") or record.key
    if not key:
        return _bad(record, file, "is missing", "id")
    state = f"{_text(content, 'venueid')} {_text(content, 'venue')} {note.get('invitation') or ''}"
    status = "withdrawn" if _WITHDRAWN.search(state) else "active"
    values = {
        "id": str(key),
        "title": _text(content, "title"),
        "abstract": _text(content, "abstract"),
        "authors": _byline(content),
        "keywords": _texts(content, "keywords"),
        "status": "desk_rejected" if _DESK_REJECTED.search(state) else status,
        "track": _text(content, "track"),
        "attributes": {
            name: text for name in ("primary_area", "subject_areas") if (text := "; ".join(_texts(content, name)))
        },
    }
    return SourceRecord(file, record.line, (Row("submissions", values),), raw=record.raw)


# --- profiles -------------------------------------------------------------------------------------------------------


def _profile(record: JsonRecord, file: str, table: str) -> SourceRecord:
    content = record.values["content"]
    names = [one for one in content.get("names") or [] if isinstance(one, dict)]
    spelled = [name for one in sorted(names, key=lambda one: not one.get("preferred")) if (name := _full_name(one))]
    key = record.values.get("id") or next((one["username"] for one in names if one.get("username")), None)
    if not key or not spelled:
        return _bad(record, file, "is missing", "content.names" if key else "id")
    remarks: list[str] = []
    values: dict[str, Any] = {
        "id": str(key),
        "name": spelled[0],
        "names": list(dict.fromkeys(spelled[1:])),
        "emails": _addresses(content, remarks),
        "affiliations": _histories(content, remarks),
        "relations": _relations(content, remarks),
    }
    usernames = [one["username"] for one in names if one.get("username") and one["username"] != key]
    if table == "reviewers":
        values["interests"] = _expertise(content)
        known = {name: content.get(name) for name in ("orcid", "dblp", "gscholar", "semanticScholar")}
        also = {"openreview_ids": usernames} if usernames else {}
        values["attributes"] = {**{name: text for name, text in known.items() if text}, **also}
    return SourceRecord(file, record.line, (Row(table, values),), remarks=tuple(remarks), raw=record.raw)


def _full_name(one: Mapping[str, Any]) -> str:
    if one.get("fullname"):
        return one_line(str(one["fullname"]))
    return one_line(" ".join(str(one.get(part) or "") for part in ("first", "middle", "last")))


def _addresses(content: Mapping[str, Any], remarks: list[str]) -> list[str]:
    held = [*(content.get("emailsConfirmed") or []), *(content.get("emails") or [])]
    if content.get("preferredEmail"):
        held.insert(0, content["preferredEmail"])
    hidden = [one for one in held if "*" in str(one)]
    if hidden:
        remarks.append(f"{len(hidden)} addresses are hidden by asterisks and left out")
    return list(dict.fromkeys(str(one).strip().lower() for one in held if one not in hidden))


def _year(value: Any) -> str | None:
    return str(int(value)) if isinstance(value, int | float) and not isinstance(value, bool) and value else None


def _span(one: Mapping[str, Any], what: str, remarks: list[str]) -> dict[str, str]:
    start, end = _year(one.get("start")), _year(one.get("end"))
    if start and end and start > end:
        remarks.append(f"{what}: the end {end} lies before the start {start}; both are left out")
        return {}
    return {name: year for name, year in (("start", start), ("end", end)) if year}


def _histories(content: Mapping[str, Any], remarks: list[str]) -> list[dict[str, Any]]:
    made = []
    for one in content.get("history") or []:
        place = one.get("institution") or {}
        organisation, domain = one_line(str(place.get("name") or "")), str(place.get("domain") or "").strip().lower()
        if "." not in domain:
            domain = ""
        if organisation or domain:
            entry = {"organisation": organisation, "domain": domain, "role": one_line(str(one.get("position") or ""))}
            made.append({name: text for name, text in entry.items() if text} | _span(one, "history", remarks))
    return made


def _relations(content: Mapping[str, Any], remarks: list[str]) -> list[dict[str, Any]]:
    made = []
    for one in content.get("relations") or []:
        name = one_line(str(one.get("name") or one.get("username") or one.get("email") or ""))
        written = str(one.get("relation") or "")
        if not name:
            remarks.append(f"a relation '{written}' names nobody and is left out")
            continue
        kind = next((kind for pattern, kind in _RELATIONS if re.search(pattern, written.casefold())), "other")
        entry = {"kind": kind, "name": name, "evidence": f"profile: {written}"} | _span(one, "relation", remarks)
        if one.get("username"):
            entry["person_id"] = str(one["username"])
        made.append(entry)
    return made


def _expertise(content: Mapping[str, Any]) -> list[str]:
    words = [str(word) for one in content.get("expertise") or [] for word in one.get("keywords") or []]
    return list(dict.fromkeys(one_line(word) for word in words if word.strip()))


# --- edges ----------------------------------------------------------------------------------------------------------


def _edge(record: JsonRecord, file: str) -> SourceRecord:
    edge = record.values
    kind = _edge_kind(str(edge.get("invitation") or ""), file)
    lacking = next((name for name in ("head", "tail") if not edge.get(name)), None)
    if lacking is not None:
        return _bad(record, file, "is missing", lacking)
    if kind is None:
        known = ", ".join(_EDGE_KINDS)
        return _bad(record, file, f"allowed is an invitation that ends in one of {known}", "invitation")
    if edge.get("ddate"):
        return SourceRecord(file, record.line, left_out="deleted in OpenReview", raw=record.raw)
    return _edge_record(kind, edge, SourceRecord(file, record.line, raw=record.raw))


def _edge_kind(invitation: str, file: str) -> str | None:
    told = invitation.rpartition("/")[2].casefold() or file.casefold()
    exact = _EDGE_KINDS.get(told)
    return exact or next((kind for name, kind in _EDGE_KINDS.items() if name in told), None)


def _edge_record(kind: str, edge: Mapping[str, Any], place: SourceRecord) -> SourceRecord:
    head, tail = str(edge.get("head") or ""), str(edge.get("tail") or "")
    pair = {"submission_id": head, "reviewer_id": tail}
    label, weight = edge.get("label"), edge.get("weight")
    if kind == "assignments":
        return _assignment_edge(pair, edge, place)
    if kind == "aggregate":
        why = "an aggregate of scores and bids: give the scores and the bids themselves"
        return SourceRecord(place.file, place.line, left_out=why, raw=place.raw)
    name = re.sub(r"\d+\Z", "", tail.removeprefix("~")).replace("_", " ")
    row = {
        "bids": Row("bids", {**pair, "bid": str(label if label not in (None, "") else weight)}),
        "conflicts": Row("conflicts", {**pair, "reason": f"OpenReview: {label or 'conflict'}"}),
        "recommendations": Row("recommendations", {**pair, "weight": weight}),
        "load": Row("reviewers", {"id": tail, "name": name, "max_load": weight}),
        "score": Row("scores", {**pair, "score": weight, "source": "openreview"}),
    }[kind]
    return SourceRecord(place.file, place.line, (row,), raw=place.raw)


def _assignment_edge(pair: Mapping[str, str], edge: Mapping[str, Any], place: SourceRecord) -> SourceRecord:
    """An assignment, proposed or deployed, or an invitation to one with its answer as the label."""
    invitation, label = str(edge.get("invitation") or ""), str(edge.get("label") or "")
    group = invitation.rpartition("/-/")[0].rpartition("/")[2].casefold().removesuffix("s")
    role = _ROLES.get(group, group.replace("_", " ")) or "reviewer"
    is_invitation = "invite" in invitation.rpartition("/")[2].casefold()
    state = next((state for part, state in _ANSWERS if part in label.casefold()), "proposed")
    if not is_invitation:  # the label names the configuration that proposed it
        state = "proposed"
    if state == "conflict":
        row = Row("conflicts", {**pair, "reason": f"OpenReview: {label}"})
    else:
        row = Row("assignments", {**pair, "state": state, "role": role})
    return SourceRecord(place.file, place.line, (row,), raw=place.raw)


# --- CSV ------------------------------------------------------------------------------------------------------------

_EDGE_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "head": ("head", "submission", "paper"),
    "tail": ("tail", "user", "reviewer"),
    "weight": ("weight", "score"),
    "label": ("label",),
    "invitation": ("invitation",),
}


def _csv(path: Path) -> Iterator[SourceRecord]:
    rows = list(read_table(path, _EDGE_COLUMNS, required=("head", "tail"), positions=_REVIEWER_CELLS, rest="abstract"))
    if any("head" in row.values for row in rows):
        yield from (_edge_row(row, path.name) for row in rows)
        return
    if rows and all(_is_score(row) for row in rows):
        for row in rows:
            cells = {"head": row.all[0].strip(), "tail": row.all[1].strip(), "weight": row.all[2].strip()}
            yield _edge_row(Cells(row.file, row.line, cells, row.raw, row.fault), path.name)
        return
    has_owners = any(len(row.values) > len(_SUBMISSION_CELLS) for row in rows)
    for position, row in enumerate(rows):
        if position == 0 and row.values.get("title", "").casefold() in ("title", "abstract"):
            continue  # a header, where OpenReview itself would have read a paper
        yield _publication_row(row) if has_owners else _submission_row(row)


_SCORE_CELLS: Final = 3
_NUMBER: Final = re.compile(r"[+-]?\d*\.?\d+([eE][+-]?\d+)?\Z")


def _is_score(row: Cells) -> bool:
    """Whether a row without a header is a submission, a person and a number."""
    cells = [cell.strip() for cell in row.all]
    if len(cells) != _SCORE_CELLS or not _NUMBER.match(cells[2]):
        return False
    return cells[1].startswith("~") or ("@" in cells[1] and " " not in cells[1])


def _edge_row(cells: Cells, file: str) -> SourceRecord:
    place = SourceRecord(cells.file, cells.line, raw=cells.raw)
    if cells.fault is not None:
        return SourceRecord(cells.file, cells.line, fault=cells.fault, raw=cells.raw)
    kind = _edge_kind(cells.values.get("invitation", ""), file)
    if kind is None and "weight" in cells.values and "label" not in cells.values:
        kind = "score"
    if kind is None:
        known = ", ".join(_EDGE_KINDS)
        fault = f"what the pair means is not said: name the file after it, or add a column 'invitation' ({known})"
        return SourceRecord(cells.file, cells.line, fault=fault, field="invitation", raw=cells.raw)
    values: dict[str, Any] = dict(cells.values)
    try:
        weight = float(values["weight"]) if "weight" in values else None
    except ValueError:
        fault = f"allowed is a number; got '{values['weight']}'"
        return SourceRecord(cells.file, cells.line, fault=fault, field="weight", raw=cells.raw)
    values["weight"] = int(weight) if weight is not None and weight == int(weight) else weight
    return _edge_record(kind, values, place)


def _publication_row(cells: Cells) -> SourceRecord:
    values = cells.values
    if cells.fault is not None or "pub" not in values or "title" not in values:
        fault = cells.fault or "allowed are author, publication id, title, abstract"
        return SourceRecord(cells.file, cells.line, fault=fault, raw=cells.raw)
    source = {"file": cells.file, "line": cells.line}
    paper = {"id": values["pub"], "title": values["title"], "abstract": values.get("abstract", ""), "source": source}
    rows = (Row("publications", paper), _archive_owner(values["author"], values["pub"]))
    return SourceRecord(cells.file, cells.line, rows, raw=cells.raw)


def _submission_row(cells: Cells) -> SourceRecord:
    # The places of four columns were read; a row of three has id, title and abstract in the first three.
    values = cells.values
    if cells.fault is not None or not {"author", "pub"} <= values.keys():
        fault = cells.fault or "allowed are id, title, abstract"
        return SourceRecord(cells.file, cells.line, fault=fault, raw=cells.raw)
    paper = {"id": values["author"], "title": values["pub"], "abstract": values.get("title", "")}
    return SourceRecord(cells.file, cells.line, (Row("submissions", paper),), raw=cells.raw)
