"""HotCRP: the PC, submissions, authors, conflicts, preferences and assignments, as its downloads hold them.

A file is known by its columns, or as JSON. People are known by their e-mail addresses, in small letters, as in HotCRP.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from matcher.errors import DataError
from matcher.ingest.fields import one_line
from matcher.ingest.formats.opening import Cells, JsonRecord, read_json, read_table
from matcher.ingest.formats.source import Row, SourceRecord, Wishes, refuse_missing

__all__ = ["read_hotcrp"]

_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "paper": ("paper", "pid", "#", "paper id", "id"),
    "title": ("title", "paper title"),
    "abstract": ("abstract",),
    "given": ("given name", "first", "first name", "firstname", "givenname"),
    "family": ("family name", "last", "last name", "lastname", "familyname"),
    "name": ("name",),
    "email": ("email", "user", "e mail"),
    "affiliation": ("affiliation",),
    "orcid": ("orcid",),
    "country": ("country",),
    "contact": ("iscontact", "contact"),
    "roles": ("roles",),
    "tags": ("tags",),
    "collaborators": ("collaborators",),
    "topics": ("topics",),
    "preference": ("preference", "pref", "revpref"),
    "conflict": ("conflicttype", "conflict type", "conflict"),
    "action": ("action", "assignment"),
    "reviewtype": ("reviewtype", "review type"),
    "round": ("round",),
    "status": ("status",),
}

_TOPIC_COLUMN: Final = re.compile(r"(?i)topic:\s*(?P<topic>.+)")
_NO_CONFLICT: Final = frozenset({"", "none", "no", "n", "noconflict", "no conflict", "unconflicted", "false", "0"})
_UNASSIGNED: Final = re.compile(r"(?i)clear|none|un(submit|assign)|no(review|conflict)")
_REVIEW_ACTIONS: Final = frozenset(
    {
        *("review", "pcreview", "meta", "metareview"),
        *("primary", "primaryreview", "pri"),
        *("secondary", "secondaryreview", "sec"),
        *("optional", "optionalreview"),
        *("external", "externalreview", "extreview", "ext"),
    }
)
_DECLINED: Final = re.compile(r"(?i)declin|refus|reject")
_OTHER_DUTIES: Final = re.compile(
    r"(?i)(clear|no|set|next|seq)*(lead|shepherd|admin|manager|tag|contact|status|decision|submit|copy|follow)"
)
"""Actions of bulk assignments that are about no review."""

_COLLABORATOR: Final = re.compile(r"(?P<name>[^()]+?)\s*(?:\((?P<affiliation>[^()]*)\))?\s*(?:[-–—].*)?\Z")
_EVERYONE: Final = frozenset({"all", "any", "everyone", "none"})
_STATUS: Final[Mapping[str, str]] = {
    "withdrawn": "withdrawn",
    "desk_rejected": "desk_rejected",
    "deskrejected": "desk_rejected",
    "desk_reject": "desk_rejected",
    **dict.fromkeys(
        ("", "submitted", "ready", "complete", "undecided", "accepted", "accept", "rejected", "reject"), "active"
    ),
}
_USER_FIELDS: Final[Mapping[str, str]] = {
    **{name: name for name in ("name", "email", "affiliation", "orcid", "country", "collaborators")},
    "given": "given_name",
    "family": "family_name",
}
_USER_KEYS: Final = frozenset({*_USER_FIELDS.values(), "roles", "pc", "tags", "topics", "object", "first", "last"})
_JSON_FIELDS: Final = frozenset(
    {
        *("object", "pid", "id", "_id_", "title", "abstract", "authors", "topics", "pc_conflicts", "collaborators"),
        *("status", "draft", "withdrawn", "submission_class", "tags"),
    }
)


def read_hotcrp(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:  # noqa: ARG001  # a `Reader`
    """Read HotCRP's downloads, in any mixture.

    Args:
        paths: the files.
        wishes: not needed: the files say what they hold.

    Raises:
        DataError: a file cannot be read, or its columns are none that HotCRP writes.
    """
    for path in paths:
        refuse_missing(path)
        if _is_json(path):
            inside, beside = ("papers", "submissions"), ("contacts", "users", "pc")
            for record in read_json(path, inside=inside, is_keyed=True, beside=beside):
                is_user = "email" in record.values and "title" not in record.values
                yield _user(record, path.name) if is_user else _submission(record, path.name)
        else:
            yield from _table(path)


def _is_json(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


# --- tables ---------------------------------------------------------------------------------------------------------


def _table(path: Path) -> Iterator[SourceRecord]:
    rows = list(read_table(path, _COLUMNS, required=()))
    present = {name for row in rows for name in row.values}
    readers: tuple[tuple[set[str], Callable[[list[Cells]], Iterator[SourceRecord]]], ...] = (
        ({"paper", "action"}, _assignments),
        ({"paper", "email", "preference"}, _preferences),
        ({"paper", "email", "conflict"}, _conflicts),
        ({"paper", "email", "reviewtype"}, _assignments),
        ({"paper", "title", "email"}, _authors),
        ({"paper", "title"}, _submissions),
        ({"email"}, _committee),
    )
    for needed, reader in readers:
        if needed <= present:
            yield from reader(rows)
            return
    if rows:
        raise DataError(
            f"these are no columns of a HotCRP download; known ones found: {', '.join(sorted(present)) or 'none'}",
            file=rows[0].file,
            line=1,
            remedy="download PC info, authors, conflicts, preferences or the submissions' JSON",
        )


def _bad(cells: Cells, fault: str, field: str | None = None) -> SourceRecord:
    return SourceRecord(cells.file, cells.line, fault=fault, field=field, raw=cells.raw)


def _good(cells: Cells, *rows: Row, remarks: Sequence[str] = ()) -> SourceRecord:
    unread = tuple(heading for heading in cells.further if not _TOPIC_COLUMN.match(heading))
    return SourceRecord(cells.file, cells.line, rows, remarks=tuple(remarks), raw=cells.raw, unread=unread)


def _email(text: str) -> str:
    return text.strip().lower()


def _name(values: Mapping[str, Any]) -> str:
    given = values.get("given") or values.get("given_name") or values.get("first") or ""
    family = values.get("family") or values.get("family_name") or values.get("last") or ""
    return one_line(f"{given} {family}") or one_line(str(values.get("name") or ""))


def _committee(rows: list[Cells]) -> Iterator[SourceRecord]:
    for cells in rows:
        values = cells.values
        if cells.fault is not None:
            yield _bad(cells, cells.fault)
            continue
        if "email" not in values:
            yield _bad(cells, "is missing", "email")
            continue
        email = _email(values["email"])
        topics, remarks = _topics(cells)
        relations, further = _collaborators(values.get("collaborators", ""))
        if further:
            listed = "; ".join(further)
            remarks.append(
                f"collaborators '{listed}' count under a policy that has the rule 'collaborator', such as acl"
            )
        yield _good(
            cells,
            Row(
                "reviewers",
                {
                    "id": email,
                    "name": _name(values) or email.partition("@")[0],
                    "emails": [email],
                    "affiliations": _affiliations(values.get("affiliation", "")),
                    "relations": relations,
                    "interests": topics,
                    "attributes": _without_empty(
                        orcid=values.get("orcid"),
                        country=values.get("country"),
                        roles=_words(values.get("roles", "")),
                        tags=_words(values.get("tags", "")),
                        collaborators=further,
                    ),
                },
            ),
            remarks=remarks,
        )


def _without_empty(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _words(text: str) -> list[str]:
    return text.replace(";", " ").replace(",", " ").split()


def _affiliations(text: str) -> list[dict[str, str]]:
    return [{"organisation": one_line(part)} for part in re.split(r"[;\n]", text) if part.strip()]


def _topics(cells: Cells) -> tuple[list[str], list[str]]:
    """Topics that a PC member likes; those of low interest are named, since nothing else says so."""
    liked: list[str] = [topic.strip() for topic in cells.values.get("topics", "").split(";") if topic.strip()]
    remarks = []
    for heading, cell in cells.further.items():
        found = _TOPIC_COLUMN.match(heading)
        if found is None:
            continue
        try:
            interest = float({"high": "2", "low": "-2", "normal": "0"}.get(cell.casefold(), cell))
        except ValueError:
            remarks.append(f"interest '{cell}' in topic '{found['topic']}' is neither a number nor high, normal, low")
            continue
        if interest > 0:
            liked.append(found["topic"].strip())
    return liked, remarks


def _collaborators(text: str) -> tuple[list[dict[str, str]], list[str]]:
    """HotCRP's free text: a line `Name (Affiliation)` is a person, `All (Affiliation)` a whole organisation."""
    people: list[dict[str, str]] = []
    organisations: list[str] = []
    for line in re.split(r"[\n;]", text):
        found = _COLLABORATOR.match(one_line(line))
        if found is None or not found["name"]:
            if line.strip():
                organisations.append(one_line(line))
        elif found["name"].casefold() in _EVERYONE:
            if found["affiliation"]:
                organisations.append(f"All ({found['affiliation']})")
        else:
            people.append({"kind": "coworker", "name": found["name"], "evidence": f"collaborators: {one_line(line)}"})
    return people, organisations


def _authors(rows: list[Cells]) -> Iterator[SourceRecord]:
    """One row for each author; the first row of a submission carries all of them."""
    bylines: dict[str, list[dict[str, Any]]] = {}
    for cells in rows:
        if cells.fault is None and "paper" in cells.values and (author := _author(cells.values)):
            bylines.setdefault(cells.values["paper"], []).append(author)
    for cells in rows:
        values = cells.values
        if cells.fault is not None:
            yield _bad(cells, cells.fault)
        elif "paper" not in values:
            yield _bad(cells, "is missing", "paper")
        elif not _author(values):
            yield _bad(cells, "the row has neither a name nor an address", "email")
        else:
            byline = bylines.pop(values["paper"], None)
            if byline is None:
                yield _good(cells)
            elif "title" not in values:
                bylines[values["paper"]] = byline
                yield _bad(cells, "is missing", "title")
            else:
                row = {"id": values["paper"], "title": values["title"], "authors": byline}
                yield _good(cells, Row("submissions", row))


def _author(values: Mapping[str, Any]) -> dict[str, Any]:
    email = _email(str(values.get("email") or ""))
    name = _name(values) or email.partition("@")[0]
    if not name:
        return {}
    affiliation = one_line(str(values.get("affiliation") or ""))
    return _without_empty(name=name, person_id=email, email=email, affiliation=affiliation)


def _submissions(rows: list[Cells]) -> Iterator[SourceRecord]:
    for cells in rows:
        if cells.fault is not None:
            yield _bad(cells, cells.fault)
            continue
        values = cells.values
        status, remarks = _status(values.get("status", ""))
        row = {"id": values.get("paper"), "title": values.get("title"), "abstract": values.get("abstract", "")}
        keywords = _topics(cells)[0]
        yield _good(cells, Row("submissions", {**row, "status": status, "keywords": keywords}), remarks=remarks)


def _status(written: str) -> tuple[str, list[str]]:
    """The state of a submission; one that is not known counts as active, and is told."""
    status = _STATUS.get(written.strip().casefold().replace(" ", "_"))
    if status is not None:
        return status, []
    return "active", [f"the status '{written}' is not known: the submission counts as active"]


def _pair(cells: Cells) -> dict[str, str] | SourceRecord:
    if cells.fault is not None:
        return _bad(cells, cells.fault)
    lacking = next((name for name in ("paper", "email") if name not in cells.values), None)
    if lacking is not None:
        return _bad(cells, "is missing", lacking)
    return {"submission_id": cells.values["paper"], "reviewer_id": _email(cells.values["email"])}


def _preferences(rows: list[Cells]) -> Iterator[SourceRecord]:
    for cells in rows:
        pair = _pair(cells)
        if isinstance(pair, SourceRecord):
            yield pair
        elif "preference" not in cells.values:
            yield SourceRecord(cells.file, cells.line, left_out="no preference was given", raw=cells.raw)
        else:
            yield _good(cells, Row("bids", {**pair, "bid": cells.values["preference"]}))


def _conflicts(rows: list[Cells]) -> Iterator[SourceRecord]:
    for cells in rows:
        pair = _pair(cells)
        kind = cells.values.get("conflict", "")
        if isinstance(pair, SourceRecord):
            yield pair
        elif kind.casefold() in _NO_CONFLICT:
            yield SourceRecord(cells.file, cells.line, left_out="no conflict", raw=cells.raw)
        else:
            yield _good(cells, Row("conflicts", {**pair, "reason": f"declared in HotCRP: {kind}"}))


def _assignments(rows: list[Cells]) -> Iterator[SourceRecord]:
    unnumbered: set[str] = set()
    for cells in rows:
        action = (cells.values.get("action") or cells.values.get("reviewtype", "")).casefold()
        if cells.fault is None and _UNASSIGNED.match(action):  # these may name everybody, or nobody
            yield SourceRecord(cells.file, cells.line, left_out=f"action '{action}'", raw=cells.raw)
            continue
        if cells.fault is None and _OTHER_DUTIES.match(action):
            why = f"action '{action}', which is no review"
            yield SourceRecord(cells.file, cells.line, left_out=why, raw=cells.raw)
            continue
        pair = _pair(cells)
        if isinstance(pair, SourceRecord):
            yield pair
            continue
        if action == "conflict":
            kind = cells.values.get("conflict", "conflict")
            yield _good(cells, Row("conflicts", {**pair, "reason": f"declared in HotCRP: {kind}"}))
        elif action in ("preference", "pref") and "preference" in cells.values:
            yield _good(cells, Row("bids", {**pair, "bid": cells.values["preference"]}))
        elif action in _REVIEW_ACTIONS or _DECLINED.match(action):
            is_meta = "meta" in f"{action} {cells.values.get('reviewtype', '').casefold()}"
            role = "metareviewer" if is_meta else "reviewer"
            number, remarks = _round(cells, unnumbered)
            row = {**pair, "state": _state(action, cells.values.get("status", "")), "role": role, **number}
            yield _good(cells, Row("assignments", row), remarks=remarks)
        else:
            allowed = ", ".join(sorted(_REVIEW_ACTIONS))
            yield _bad(cells, f"allowed is one of {allowed}, conflict or preference; got '{action}'", "action")


def _state(action: str, status: str) -> str:
    """State of a review: a refusal stands as the action or the status, the rest in the status."""
    if _DECLINED.search(f"{action} {status}"):
        return "declined"
    said = status.casefold()
    if said.startswith("not "):
        return "proposed"
    if re.search(r"\b(complete|submitted|done)", said):
        return "done"
    return "accepted" if re.search(r"\b(accepted|acknowledged|draft|started|in progress)", said) else "proposed"


def _round(cells: Cells, unnumbered: set[str]) -> tuple[dict[str, int], list[str]]:
    """Rounds have names in HotCRP; one with a number in it keeps that, any other is named once."""
    name = cells.values.get("round", "")
    found = re.search(r"[1-9][0-9]?", name)
    if found is not None:
        return {"round": int(found[0])}, []
    if not name or name.casefold() in ("any", "none", "unnamed") or name in unnumbered:
        return {}, []
    unnumbered.add(name)
    return {}, [f"the round '{name}' has no number in its name: its reviews count as round 1"]


# --- JSON -----------------------------------------------------------------------------------------------------------


def _user(record: JsonRecord, file: str) -> SourceRecord:
    """A person: a member of the committee becomes a reviewer, anybody else is a person who may be an author."""
    user = record.values
    texts = {
        name: str(user[key])
        for name, key in _USER_FIELDS.items()
        if isinstance(user.get(key), str | int) and str(user[key]).strip()
    }
    roles = [*_named(user.get("roles")), *(["pc"] if user.get("pc") is True else [])]
    texts |= {name: " ".join(held) for name, held in (("roles", roles), ("tags", _named(user.get("tags")))) if held}
    topics = user.get("topics")
    further = {f"topic: {name}": str(interest) for name, interest in topics.items()} if isinstance(topics, dict) else {}
    if isinstance(topics, list):
        texts["topics"] = "; ".join(map(str, topics))
    cells = Cells(file, record.line, texts, record.raw, further=further)
    (made,) = _committee([cells])
    made = replace(made, unread=tuple(name for name in user if name not in _USER_KEYS))
    if made.fault is None and not {"pc", "chair"} & {role.casefold() for role in roles}:
        person = {name: value for name, value in made.rows[0].values.items() if name in ("id", "name", "emails")}
        made = replace(made, rows=(Row("people", {**person, "affiliations": made.rows[0].values["affiliations"]}),))
    return made


def _submission(record: JsonRecord, file: str) -> SourceRecord:
    paper = record.values
    fault, field = record.fault, None
    number = paper.get("pid", paper.get("id", paper.get("_id_", record.key)))
    status = str(paper.get("status") or "").casefold()
    if fault is None and number is None:
        fault, field = "is missing", "pid"
    authors = paper.get("authors") or []
    if fault is None and not (isinstance(authors, list) and all(isinstance(one, dict) for one in authors)):
        fault, field = "allowed is a list of objects", "authors"
    conflicts = paper.get("pc_conflicts") or {}
    if fault is None and not isinstance(conflicts, dict | list):
        fault, field = "allowed is an object of addresses and kinds of conflict", "pc_conflicts"
    if fault is not None:
        return SourceRecord(file, record.line, fault=fault, field=field, raw=record.raw)
    if status in ("draft", "inprogress") or paper.get("draft") is True:
        return SourceRecord(file, record.line, left_out="a draft that was not submitted", raw=record.raw)
    people = [author for one in authors if (author := _author(one))]
    lost = len(authors) - len(people)
    if lost:
        what = f"{lost} of {len(authors)} authors have neither a name nor an address"
        return SourceRecord(file, record.line, fault=what, field="authors", raw=record.raw)
    further = _collaborators(str(paper.get("collaborators") or ""))
    state, remarks = _status(status)
    is_withdrawn = paper.get("withdrawn") is True or status == "withdrawn"
    values = {
        "id": str(number),
        "title": paper.get("title"),
        "abstract": paper.get("abstract", ""),
        "authors": people,
        "keywords": _named(paper.get("topics")),
        "status": "withdrawn" if is_withdrawn else state,
        "track": paper.get("submission_class") or "",
        "attributes": _without_empty(
            collaborators=[*(one["evidence"].removeprefix("collaborators: ") for one in further[0]), *further[1]],
            tags=_named(paper.get("tags")),
        ),
    }
    return SourceRecord(
        file,
        record.line,
        (Row("submissions", values), *_declared(str(number), conflicts)),
        remarks=tuple(remarks),
        raw=record.raw,
        unread=tuple(name for name in paper if name not in _JSON_FIELDS),
    )


def _named(value: Any) -> list[str]:
    """Topics and tags stand as a list, an object whose values are true, or one text."""
    if isinstance(value, dict):
        return [str(name) for name, is_set in value.items() if is_set not in (False, None)]
    if isinstance(value, list):
        return [str(name) for name in value]
    return _words(value) if isinstance(value, str) else []


def _declared(number: str, conflicts: Mapping[str, Any] | list[Any]) -> Iterator[Row]:
    kinds = conflicts if isinstance(conflicts, dict) else {str(one): "conflict" for one in conflicts}
    for email, kind in sorted(kinds.items()):
        if str(kind).casefold() not in _NO_CONFLICT:
            reason = "conflict" if kind is True else str(kind)
            values = {"submission_id": number, "reviewer_id": _email(email), "reason": f"declared in HotCRP: {reason}"}
            yield Row("conflicts", values)
