"""The tables of a venue: lists, single records, bulk uploads, downloads; the same for every table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import anyio.to_thread
import sqlalchemy as sa
from fastapi import APIRouter, Body, Query, Request, Response

from matcher.identity import normalise_name
from matcher.ingest.fields import TABLES
from service.auth import CHAIRS, allow
from service.downloads import FORMATS, answer_rows
from service.problems import Problem
from service.routes.common import (
    PROBLEMS,
    Cursor,
    DryRun,
    IfMatch,
    Limit,
    Sees,
    ServiceOf,
    VenueId,
    WhoAsks,
    changing,
    check_match,
    cursor_of,
    held_version,
    operation_id,
    read_cursor,
    report_of,
    venue_row,
)
from service.schemas import ChangeReport, Page
from service.state import Service
from service.storage.rows import ID_TABLES, PAIR_TABLES, Record, Writer, read_records
from service.storage.tables import rows
from service.storage.visible import Sight
from service.uploads import body_file, read_row, read_table

__all__ = ["router"]

router = APIRouter(generate_unique_id_function=operation_id, responses=PROBLEMS)

_SINGLE_PAIRS: Final = ("conflicts", "bids", "fixed")
"""Tables of pairs in which a pair is changed by itself."""
_FILTERS: Final = 10
_SHOWN: Final = 100
_OUTCOMES: Final = ("confirmed", "dismissed", "withdrawn")
_UPLOAD: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/x-ndjson": {}, "text/csv": {}},
    }
}

Version = Annotated[int | None, Query(ge=1, description="An earlier version of the venue.")]
Where = Annotated[
    list[str] | None,
    Query(alias="where", description="Only records in which a field has this value, such as `track:vision`."),
]
OfPair = Annotated[str | None, Query(max_length=500, description="Only records about it; for tables of pairs.")]


def _conditions(where: Sequence[str] | None, submission_id: str | None, reviewer_id: str | None) -> list[Any]:
    found: list[Any] = []
    if submission_id is not None:
        found.append(rows.c.submission_id == submission_id)
    if reviewer_id is not None:
        found.append(rows.c.reviewer_id == reviewer_id)
    for entry in (where or ())[:_FILTERS]:
        field, colon, value = entry.partition(":")
        if not colon or not field.replace("_", "").isalnum() or not field.isascii():
            fault = {"parameter": "where", "in": "query", "detail": "allowed is field:value"}
            raise Problem("invalid-request", "where: allowed is field:value", errors=[fault])
        found.append(rows.c.body[field].as_string() == value)
    return found


def _item(record: Record) -> dict[str, Any]:
    return {**record.body, "etag": record.digest}


def _refuse_strangers(writer: Writer, kind: str, bodies: Sequence[Mapping[str, Any]]) -> None:
    """Refuse records that refer to what is not there.

    Raises:
        Problem: with the row and the field of every such record.
    """
    wanted: dict[str, str]
    if kind in PAIR_TABLES:
        wanted = {"submission_id": "submissions", "reviewer_id": "reviewers"}
    elif kind == "reviewers":
        wanted = {"paper_ids": "publications"}
    else:
        return
    faults = []
    for field, table in wanted.items():
        named = {each for body in bodies for each in _listed(body.get(field))}
        missing = writer.missing(table, named)
        if missing:
            faults += [
                {"row": number, "field": field, "detail": f"'{each}' is not among the {table}"}
                for number, body in enumerate(bodies, start=1)
                for each in _listed(body.get(field))
                if each in missing
            ]
    if faults:
        first = faults[0]
        message = f"{len(faults)} references point nowhere; the first: record {first['row']}: {first['detail']}"
        raise Problem("invalid-data", f"{message} (upload what they refer to first)", errors=faults)


def _listed(value: Any) -> Sequence[str]:
    return [] if value is None else [value] if isinstance(value, str) else value


# --- every table ----------------------------------------------------------------------------------------------------


def _add_list(kind: str) -> None:
    @router.get(f"/v1/venues/{{venue_id}}/{kind}", tags=[kind], name=f"list_{kind}")
    @allow(CHAIRS)
    def list_records(
        service: ServiceOf,
        sight: Sees,
        venue_id: VenueId,
        response: Response,
        limit: Limit = 100,
        cursor: Cursor = None,
        version: Version = None,
        where: Where = None,
        submission_id: OfPair = None,
        reviewer_id: OfPair = None,
    ) -> Page[dict[str, Any]]:
        """Records in the order of their ids; all pages show the version of the first one."""
        conditions = [*_conditions(where, submission_id, reviewer_id), *sight.conditions(kind)]
        place = read_cursor(cursor, (int, str))
        with service.database.read() as connection:
            shown = held_version(venue_row(connection, venue_id), place[0] if place else version)
            after = place[1] if place else ""
            found = list(
                read_records(connection, venue_id, kind, version=shown, after=after, limit=limit + 1, where=conditions)
            )
        response.headers["Matcher-Version"] = str(shown)
        more = cursor_of(shown, found[limit - 1].key) if len(found) > limit else None
        return Page[dict[str, Any]](items=[_item(record) for record in found[:limit]], next=more)


def _add_bulk(kind: str) -> None:
    @router.post(f"/v1/venues/{{venue_id}}/{kind}", tags=[kind], name=f"upload_{kind}", openapi_extra=_UPLOAD)
    @allow(CHAIRS, takes_files=True)
    async def upload(
        request: Request,
        service: ServiceOf,
        sight: Sees,
        venue_id: VenueId,
        mode: Annotated[str, Query(pattern="^(merge|replace)$")] = "merge",
        dry_run: DryRun = False,
    ) -> ChangeReport:
        """Take in many records as JSON Lines or CSV, all or none. `mode`: merge, or replace the whole table."""
        media_type = request.headers.get("content-type", "application/x-ndjson")
        async with body_file(request, service.data_dir / "uploads") as path:
            return await anyio.to_thread.run_sync(
                _take_table, service, sight, venue_id, kind, path, media_type, mode == "replace", dry_run
            )


def _take_table(
    service: Service,
    sight: Sight,
    venue_id: str,
    kind: str,
    path: Path,
    media_type: str,
    replaces: bool,
    dry_run: bool,
) -> ChangeReport:
    uploaded = read_table(path, kind, media_type, service.settings)
    bodies = uploaded.tables[kind]
    with changing(service.database, venue_id, dry_run=dry_run, sight=sight) as writer:
        _refuse_strangers(writer, kind, bodies)
        writer.put(kind, bodies, replaces=replaces)
    return report_of(writer, dry_run=dry_run, notices=uploaded.notices)


# --- single records -------------------------------------------------------------------------------------------------


def _one(connection: sa.Connection, venue_id: str, kind: str, key: str, sight: Sight) -> Record | None:
    return next(read_records(connection, venue_id, kind, where=[rows.c.key == key, *sight.conditions(kind)]), None)


def _found(record: Record | None, kind: str) -> Record:
    if record is None:
        raise Problem("not-found", f"there is no such record among the {kind}")
    return record


def _change_one(
    service: Service,
    sight: Sight,
    venue_id: str,
    kind: str,
    item_id: str,
    make: Callable[[Record | None], Mapping[str, Any]],
    *,
    if_match: str | None,
    dry_run: bool,
) -> tuple[dict[str, Any], bool]:
    """Write one record; the answer says also whether it is new."""
    with changing(service.database, venue_id, dry_run=dry_run, sight=sight) as writer:
        before = _one(writer.connection, venue_id, kind, item_id, sight)
        check_match(if_match, before.digest if before else None)
        body = read_row(kind, {**make(before), "id": item_id})
        _refuse_strangers(writer, kind, [body])
        writer.put(kind, [body])
        after = _found(_one(writer.connection, venue_id, kind, item_id, sight), kind)
    return _item(after), before is None


def _merged(before: Any, change: Any) -> Any:
    """A JSON merge patch (RFC 7386)."""
    if not isinstance(change, Mapping):
        return change
    base = dict(before) if isinstance(before, Mapping) else {}
    for name, value in change.items():
        if value is None:
            base.pop(name, None)
        else:
            base[name] = _merged(base.get(name), value)
    return base


def _add_single(kind: str) -> None:
    place = f"/v1/venues/{{venue_id}}/{kind}/{{item_id:path}}"

    @router.get(place, tags=[kind], name=f"read_{kind}")
    @allow(CHAIRS)
    def read_one(
        service: ServiceOf, sight: Sees, venue_id: VenueId, item_id: str, response: Response
    ) -> dict[str, Any]:
        """One record."""
        with service.database.read() as connection:
            venue_row(connection, venue_id)
            record = _found(_one(connection, venue_id, kind, item_id, sight), kind)
        response.headers["ETag"] = f'"{record.digest}"'
        return _item(record)

    @router.put(place, tags=[kind], name=f"put_{kind}", responses={201: {"description": "It was not there before."}})
    @allow(CHAIRS)
    def put_one(
        service: ServiceOf,
        sight: Sees,
        venue_id: VenueId,
        item_id: str,
        response: Response,
        body: Annotated[dict[str, Any], Body()],
        if_match: IfMatch = None,
        dry_run: DryRun = False,
    ) -> dict[str, Any]:
        """Write one record as a whole."""
        _refuse_other_id(body, item_id)
        body.pop("etag", None)
        found, is_new = _change_one(
            service, sight, venue_id, kind, item_id, lambda _: body, if_match=if_match, dry_run=dry_run
        )
        response.status_code = 201 if is_new else 200
        response.headers["ETag"] = f'"{found["etag"]}"'
        return found

    @router.patch(place, tags=[kind], name=f"change_{kind}")
    @allow(CHAIRS)
    def patch_one(
        service: ServiceOf,
        sight: Sees,
        venue_id: VenueId,
        item_id: str,
        response: Response,
        body: Annotated[dict[str, Any], Body()],
        if_match: IfMatch = None,
        dry_run: DryRun = False,
    ) -> dict[str, Any]:
        """Change some fields of one record (JSON merge patch: null takes a field away)."""
        _refuse_other_id(body, item_id)

        def make(before: Record | None) -> Mapping[str, Any]:
            merged: Mapping[str, Any] = _merged(_found(before, kind).body, body)
            return merged

        found, _ = _change_one(service, sight, venue_id, kind, item_id, make, if_match=if_match, dry_run=dry_run)
        response.headers["ETag"] = f'"{found["etag"]}"'
        return found

    @router.delete(place, tags=[kind], name=f"remove_{kind}")
    @allow(CHAIRS)
    def remove_one(
        service: ServiceOf,
        sight: Sees,
        venue_id: VenueId,
        item_id: str,
        if_match: IfMatch = None,
        dry_run: DryRun = False,
    ) -> ChangeReport:
        """Take one record away, and what refers to it."""
        with changing(service.database, venue_id, dry_run=dry_run, sight=sight) as writer:
            record = _found(_one(writer.connection, venue_id, kind, item_id, sight), kind)
            check_match(if_match, record.digest)
            writer.remove(kind, [item_id])
        return report_of(writer, dry_run=dry_run)


def _refuse_other_id(body: Mapping[str, Any], item_id: str) -> None:
    if body.get("id", item_id) != item_id:
        fault = {"pointer": "/id", "detail": "the address names another id"}
        raise Problem("invalid-data", "id: the address names another id", errors=[fault])


def _add_pair(kind: str) -> None:
    @router.put(f"/v1/venues/{{venue_id}}/{kind}", tags=[kind], name=f"put_{kind}")
    @allow(CHAIRS)
    def put_pair(
        service: ServiceOf,
        sight: Sees,
        venue_id: VenueId,
        body: Annotated[dict[str, Any], Body()],
        dry_run: DryRun = False,
    ) -> ChangeReport:
        """Say something of one pair; what was said of it before is replaced."""
        row = read_row(kind, body)
        sight.refuse_hidden(kind, row)
        with changing(service.database, venue_id, dry_run=dry_run, sight=sight) as writer:
            _refuse_strangers(writer, kind, [row])
            _forget_pair(writer, kind, row["submission_id"], row["reviewer_id"], but=row)
            writer.put(kind, [row])
        return report_of(writer, dry_run=dry_run)

    @router.delete(f"/v1/venues/{{venue_id}}/{kind}", tags=[kind], name=f"remove_{kind}")
    @allow(CHAIRS)
    def remove_pair(
        service: ServiceOf,
        sight: Sees,
        venue_id: VenueId,
        submission_id: Annotated[str, Query(min_length=1, max_length=500)],
        reviewer_id: Annotated[str, Query(min_length=1, max_length=500)],
        dry_run: DryRun = False,
    ) -> ChangeReport:
        """Take back what was said of one pair."""
        sight.refuse_hidden(kind, {"submission_id": submission_id})
        with changing(service.database, venue_id, dry_run=dry_run, sight=sight) as writer:
            if not _forget_pair(writer, kind, submission_id, reviewer_id):
                raise Problem("not-found", f"nothing is said of this pair among the {kind}")
        return report_of(writer, dry_run=dry_run)


def _forget_pair(
    writer: Writer, kind: str, submission_id: str, reviewer_id: str, *, but: Mapping[str, Any] | None = None
) -> int:
    conditions = _conditions(None, submission_id, reviewer_id)
    found = read_records(writer.connection, writer.venue_id, kind, where=conditions)
    gone = [record.key for record in found if but is None or record.body != but]
    if gone:
        writer.remove(kind, gone)
    return len(gone)


for _kind in TABLES:
    _add_list(_kind)
    _add_bulk(_kind)
for _kind in ID_TABLES:
    _add_single(_kind)
for _kind in _SINGLE_PAIRS:
    _add_pair(_kind)


# --- decisions ------------------------------------------------------------------------------------------------------


@router.get("/v1/venues/{venue_id}/decisions", tags=["decisions"])
@allow(CHAIRS)
def list_decisions(service: ServiceOf, sight: Sees, venue_id: VenueId) -> Page[dict[str, Any]]:
    """What was decided about doubtful conflicts, and holds."""
    with service.database.read() as connection:
        venue_row(connection, venue_id)
        strangers = _authors_of_hidden(connection, venue_id, sight)
        found = [each.body for each in read_records(connection, venue_id, "decisions")]
    return Page[dict[str, Any]](items=[each for each in found if not strangers or each["who"] not in strangers])


def _authors_of_hidden(connection: sa.Connection, venue_id: str, sight: Sight) -> set[str]:
    """Who wrote what somebody does not see, as decisions name them."""
    if not sight.hidden:
        return set()
    here = [rows.c.key.in_(sight.hidden)]
    found = {str(sight.viewer)}
    for record in read_records(connection, venue_id, "submissions", where=here):
        for author in record.body.get("authors") or ():
            given = {"name": author} if isinstance(author, str) else author
            name = str(given.get("name", ""))
            found |= {str(given.get("person_id", "")), f"name:{normalise_name(name) or name}"}
    return found


@router.post("/v1/venues/{venue_id}/decisions", tags=["decisions"])
@allow(CHAIRS)
def decide(
    service: ServiceOf,
    sight: Sees,
    principal: WhoAsks,
    venue_id: VenueId,
    body: Annotated[list[dict[str, Any]], Body(min_length=1, max_length=10_000)],
    dry_run: DryRun = False,
) -> ChangeReport:
    """Decide questions about conflicts, once; a question is asked again when there is more evidence.

    Each needs `rule`, `reviewer_id`, `who` and `outcome` (confirmed, dismissed, withdrawn), and takes `verdict`,
    `confidence` and `facts` as they were shown, and a `reason`. Nobody decides about themselves, or about the authors
    of submissions that are hidden from them.
    """
    found = [_decision(entry, number, principal.person_id or principal.key_id) for number, entry in enumerate(body)]
    with changing(service.database, venue_id, dry_run=dry_run, sight=sight) as writer:
        strangers = _authors_of_hidden(writer.connection, venue_id, sight)
        if any(sight.viewer == entry["reviewer_id"] or entry["who"] in strangers for entry in found):
            raise Problem("forbidden", "this is about you, or about a submission that you are in conflict with")
        held = {record.key for record in read_records(writer.connection, venue_id, "decisions")}
        kept = [entry for entry in found if entry["outcome"] != "withdrawn"]
        gone = {_decision_key(entry) for entry in found if entry["outcome"] == "withdrawn"}
        writer.put("decisions", kept)
        writer.remove("decisions", sorted(gone & held))
    return report_of(writer, dry_run=dry_run)


def _decision_key(entry: Mapping[str, Any]) -> str:
    from service.storage.rows import key_of

    return key_of("decisions", entry)


def _decision(entry: Mapping[str, Any], number: int, by: str) -> dict[str, Any]:
    for name in ("rule", "reviewer_id", "who", "outcome"):
        if not isinstance(entry.get(name), str) or not entry[name]:
            raise _fault(number, name, "allowed is a text; it must be given")
    if entry["outcome"] not in _OUTCOMES:
        raise _fault(number, "outcome", f"allowed are {', '.join(_OUTCOMES)}")
    facts, confidence = entry.get("facts", []), entry.get("confidence", 1.0)
    if not isinstance(facts, list) or not all(isinstance(each, str) for each in facts):
        raise _fault(number, "facts", "allowed is a list of texts")
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise _fault(number, "confidence", "allowed is a number from 0 to 1")
    texts = {name: str(entry.get(name, "")) for name in ("reason",)}
    return {
        **{name: entry[name] for name in ("rule", "reviewer_id", "who", "outcome")},
        "verdict": "block" if entry.get("verdict") == "block" else "ask",
        "confidence": float(confidence),
        "facts": sorted(facts),
        "by": by,
        **texts,
    }


def _fault(number: int, name: str, detail: str) -> Problem:
    fault = {"pointer": f"/{number}/{name}", "detail": detail}
    return Problem("invalid-data", f"decision {number + 1}: {name}: {detail}", errors=[fault])


# --- downloads ------------------------------------------------------------------------------------------------------


@router.get(
    "/v1/venues/{venue_id}/downloads/{table}",
    tags=["downloads"],
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in FORMATS.values()}}},
)
@allow(CHAIRS, is_audited=True)
def download_table(
    service: ServiceOf,
    sight: Sees,
    venue_id: VenueId,
    table: str,
    format_name: Annotated[str, Query(alias="format", pattern="^(ndjson|csv|parquet)$")] = "ndjson",
    version: Version = None,
) -> Response:
    """A whole table as a file that ends in a checksum (`ndjson`, `csv`), or carries one in its header (`parquet`)."""
    if table not in TABLES:
        raise Problem("not-found", f"there is no table '{table[:50]}'; known are {', '.join(TABLES)}")
    conditions = sight.conditions(table)
    with service.database.read() as connection:
        shown = held_version(venue_row(connection, venue_id), version)

    def records() -> Iterator[Mapping[str, Any]]:
        with service.database.read() as connection:
            for record in read_records(connection, venue_id, table, version=shown, where=conditions):
                yield record.body

    columns = dict.fromkeys(TABLES[table].by_name, str)
    return answer_rows(records, columns, table, format_name, service.data_dir / "uploads")
