"""CMT, EasyChair and the NSF's collaborator table: the sheets and files that chairs download or receive."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from matcher.errors import DataError
from matcher.ingest.fields import one_line
from matcher.ingest.formats.opening import Cells, read_sheets, read_table
from matcher.ingest.formats.source import Row, SourceRecord, Wishes, refuse_missing
from matcher.ingest.formats.works import given_first

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["read_cmt", "read_coa", "read_easychair"]

_LIST: Final = re.compile(r"\s*;\s*")


def _bad(cells: Cells, fault: str, field: str | None = None) -> SourceRecord:
    return SourceRecord(cells.file, cells.line, fault=fault, field=field, raw=cells.raw)


def _good(cells: Cells, *rows: Row, remarks: Sequence[str] = ()) -> SourceRecord:
    unread = tuple(cells.further) if rows else ()
    return SourceRecord(cells.file, cells.line, rows, remarks=tuple(remarks), raw=cells.raw, unread=unread)


def _filled(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _email(text: str) -> str:
    return text.strip().lower()


def _lacking(cells: Cells, *names: str) -> SourceRecord | None:
    """The reject of a row that cannot be read or lacks a cell."""
    if cells.fault is not None:
        return _bad(cells, cells.fault)
    lost = next((name for name in names if name not in cells.values), None)
    return None if lost is None else _bad(cells, "is missing", lost)


# --- CMT ------------------------------------------------------------------------------------------------------------

_CMT: Final[Mapping[str, Sequence[str]]] = {
    "paper": ("paper id", "paperid", "submission id", "id", "#"),
    "title": ("paper title", "title", "submission title"),
    "abstract": ("abstract",),
    "authors": ("authors", "author names", "author list"),
    "emails": ("author emails", "author email"),
    "track": ("track name", "track"),
    "primary": ("primary subject area", "primary area"),
    "secondary": ("secondary subject areas", "secondary subject area"),
    "status": ("status", "paper status"),
    "domains": ("domain conflicts", "domains", "conflict domains", "conflicts of interest domains"),
    "first": ("first name", "first", "given name"),
    "middle": ("middle initial", "middle name"),
    "last": ("last name", "last", "family name", "surname"),
    "email": ("email", "e mail", "reviewer email", "user email", "email address"),
    "organisation": ("organization", "organisation", "affiliation", "institution"),
    "quota": ("quota", "max papers", "paper quota"),
    "bid": ("bid", "bid value", "bids"),
    "conflict": ("conflict reason", "conflict", "conflict type", "reason"),
    "count": ("conflicts", "number of conflicts"),  # of a submission; who they are stands in a file of its own
}
_CMT_PERSON: Final = ("first", "middle", "last", "email", "organisation")


def read_cmt(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:  # noqa: ARG001  # a `Reader`
    """Read CMT's submissions, reviewers, bids, conflicts and assignments.

    Args:
        paths: Excel, tab-delimited text or CSV; assignments as XML. Reviewers without a header stand as first name,
            middle initial, last name, address, organisation.
        wishes: not needed: the files say what they hold.

    Raises:
        DataError: a file cannot be read, or its columns are none that CMT writes.
        MissingExtraError: the package that reads the file is not installed.
    """
    for path in paths:
        refuse_missing(path)
        with path.open("rb") as stream:
            is_xml = stream.read(64).lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")
        if is_xml:
            yield from _cmt_assignments(path)
            continue
        rows = list(read_table(path, _CMT, required=("email",), positions=_CMT_PERSON, or_else=("paper",)))
        present = {name for row in rows for name in row.values}
        readers: tuple[tuple[set[str], Callable[[Cells], SourceRecord]], ...] = (
            ({"paper", "email", "bid"}, _cmt_bid),
            ({"paper", "title"}, _cmt_submission),
            ({"paper", "email", "conflict"}, _cmt_conflict),
            ({"paper", "email"}, _cmt_pairs_of(path)),
            ({"email"}, _cmt_reviewer),
        )
        reader = next((one for needed, one in readers if needed <= present), None)
        if reader is None:
            raise DataError(
                f"these are no columns of a CMT file; known ones found: {', '.join(sorted(present)) or 'none'}",
                file=path.name,
                line=1,
            )
        yield from map(reader, rows)


def _cmt_bid(cells: Cells) -> SourceRecord:
    if (bad := _lacking(cells, "paper", "email")) is not None:
        return bad
    if "bid" not in cells.values:
        return SourceRecord(cells.file, cells.line, left_out="no bid was given", raw=cells.raw)
    pair = {"submission_id": cells.values["paper"], "reviewer_id": _email(cells.values["email"])}
    return _good(cells, Row("bids", {**pair, "bid": cells.values["bid"]}))


def _cmt_pairs_of(path: Path) -> Callable[[Cells], SourceRecord]:
    """What pairs of a submission and an address mean, which in CMT only the name of the file tells."""
    name = path.name.casefold()
    told = {"assign": _cmt_assignment, "conflict": _cmt_conflict}
    found = [reader for word, reader in told.items() if word in name]
    if len(found) == 1:
        return found[0]

    def refuse(cells: Cells) -> SourceRecord:
        return _bad(cells, "what the pair means is not said: write 'assignments' or 'conflicts' into the file's name")

    return refuse


def _cmt_assignment(cells: Cells) -> SourceRecord:
    if (bad := _lacking(cells, "paper", "email")) is not None:
        return bad
    pair = {"submission_id": cells.values["paper"], "reviewer_id": _email(cells.values["email"])}
    return _good(cells, Row("assignments", {**pair, "state": "proposed"}))


def _cmt_conflict(cells: Cells) -> SourceRecord:
    if (bad := _lacking(cells, "paper", "email")) is not None:
        return bad
    pair = {"submission_id": cells.values["paper"], "reviewer_id": _email(cells.values["email"])}
    reason = cells.values.get("conflict", "conflict")
    return _good(cells, Row("conflicts", {**pair, "reason": f"declared in CMT: {reason}"}))


def _cmt_reviewer(cells: Cells) -> SourceRecord:
    if (bad := _lacking(cells, "email")) is not None:
        return bad
    values = cells.values
    email = _email(values["email"])
    if "@" not in email:
        return _bad(cells, f"allowed is an e-mail address; got '{email}'", "email")
    name = one_line(" ".join(values.get(part, "") for part in ("first", "middle", "last")))
    quota = values.get("quota", "")
    if quota and not quota.isdecimal():
        return _bad(cells, f"allowed is a whole number; got '{quota}'", "quota")
    row = {
        "id": email,
        "name": name or email.partition("@")[0],
        "emails": [email],
        "affiliations": [{"organisation": one_line(values["organisation"])}] if "organisation" in values else [],
        "interests": [*_areas(values.get("primary", "")), *_areas(values.get("secondary", ""))],
        "max_load": int(quota) if quota else None,
    }
    return _good(cells, Row("reviewers", row))


def _areas(text: str) -> list[str]:
    return [one_line(part) for part in re.split(r"[;|]", text) if part.strip()]


def _cmt_submission(cells: Cells) -> SourceRecord:
    if (bad := _lacking(cells, "paper", "title")) is not None:
        return bad
    values = cells.values
    authors, remarks, fault = _cmt_authors(values.get("authors", ""), values.get("emails", ""))
    if fault:
        return _bad(cells, fault, "authors")
    status = values.get("status", "").casefold()
    state = "withdrawn" if "withdraw" in status else "desk_rejected" if "desk" in status else "active"
    row = {
        "id": values["paper"],
        "title": values["title"],
        "abstract": values.get("abstract", ""),
        "authors": authors,
        "track": values.get("track", ""),
        "keywords": [*_areas(values.get("primary", "")), *_areas(values.get("secondary", ""))],
        "status": state,
        "attributes": _filled(conflict_domains=[one for one in _LIST.split(values.get("domains", "")) if one]),
    }
    return _good(cells, Row("submissions", row), remarks=remarks)


_CMT_AUTHOR: Final = re.compile(r"(?P<name>[^()]+?)\s*(?:\((?P<place>.*)\))?\s*(?P<mark>\*?)\Z")


def _cmt_authors(text: str, emails: str) -> tuple[list[dict[str, Any]], list[str], str]:
    """`Ada Example (Uni A)*; Example, Bo (Uni B)` beside `a@x.org*; b@y.org`."""
    entries = [part for part in _LIST.split(text.strip()) if part]
    addresses = [_email(part.rstrip("*")) for part in _LIST.split(emails.strip()) if part]
    if addresses and entries and len(addresses) != len(entries):
        return [], [], f"{len(entries)} authors and {len(addresses)} addresses: who is who cannot be told"
    made: list[dict[str, Any]] = []
    for number, entry in enumerate(entries):
        found = _CMT_AUTHOR.match(entry)
        if found is None:
            return [], [], f"allowed are authors as 'Name (Organisation)' separated by ';'; got '{entry[:60]}'"
        address = addresses[number] if addresses else ""
        name = given_first(found["name"])
        made.append(_filled(name=name, person_id=address, email=address, affiliation=one_line(found["place"] or "")))
    if not entries:
        made = [{"name": one.partition("@")[0], "person_id": one, "email": one} for one in addresses]
    remarks = ["the authors are known by their addresses alone"] if made and not entries else []
    return made, remarks, ""


def _cmt_assignments(path: Path) -> Iterator[SourceRecord]:
    """`<submission submissionId="1"><user email="…"/></submission>`."""
    from matcher.ingest.formats.xml_files import elements

    for element in elements(path, ("submission",)):
        paper = element.get("submissionId") or element.get("id")
        line = element.sourceline
        if not paper:
            yield SourceRecord(path.name, line, fault="is missing", field="submissionId")
            continue
        rows = tuple(_cmt_pairs(element, str(paper)))
        users = sum(1 for _ in element.iter("user"))
        if len(rows) < users:
            fault = f"{users - len(rows)} of {users} users of submission '{paper}' have no address"
            yield SourceRecord(path.name, line, fault=fault, field="email")
        elif rows:
            yield SourceRecord(path.name, line, rows)
        else:
            yield SourceRecord(path.name, line, left_out="a submission without reviewers")


def _cmt_pairs(element: etree._Element, paper: str) -> Iterator[Row]:
    for user in element.iter("user"):
        address = _email(str(user.get("email") or ""))
        if address:
            values = {"submission_id": paper, "reviewer_id": address, "state": "proposed"}
            yield Row("assignments", values)


# --- EasyChair ------------------------------------------------------------------------------------------------------

_EASYCHAIR: Final[Mapping[str, Sequence[str]]] = {
    "paper": ("submission #", "submission", "paper", "paper #", "number"),
    "number": ("#", "id"),
    "title": ("title",),
    "authors": ("authors",),
    "abstract": ("abstract",),
    "keywords": ("keywords",),
    "decision": ("decision",),
    "track": ("track", "track name", "track #"),
    "deleted": ("deleted?", "deleted"),
    "first": ("first name", "given name", "member first name"),
    "last": ("last name", "family name", "surname", "member last name"),
    "name": ("name", "member name"),
    "email": ("email", "e mail"),
    "country": ("country",),
    "affiliation": ("affiliation", "organization"),
    "person": ("person #", "person"),
    "role": ("role",),
    "member": ("member #", "member", "pc member #", "reviewer #"),
    "bid": ("bid",),
    "reason": ("reason",),
    "topics": ("topics", "topic"),
}


def read_easychair(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:  # noqa: ARG001  # a `Reader`
    """Read EasyChair's workbook, or its sheets as CSV: submissions, authors, committee, bids.

    People are known by their person numbers (`easychair:12`), which all sheets of one conference share.

    Args:
        paths: .xlsx with all sheets, or .csv files; semicolons and a byte order mark are fine.
        wishes: not needed: the sheets say what they hold.

    Raises:
        DataError: a file cannot be read, or no sheet in it has columns that EasyChair writes.
    """
    sheets = [rows for path in paths for rows in read_sheets(path, _EASYCHAIR)]
    held: dict[str, list[Cells]] = {}
    for rows in sheets:
        if kind := _easychair_kind(rows):
            held.setdefault(kind, []).extend(rows)
    if not held:
        names = ", ".join(path.name for path in paths)
        raise DataError(
            f"no sheet has the columns of EasyChair's submissions, authors, committee or bids ({names})",
            remedy="download the conference data as Excel or CSV",
        )
    bylines, seen = _easychair_bylines(held.get("authors", [])), set[str]()
    members = _easychair_members(held.get("committee", []))
    readers: Mapping[str, Callable[[Cells], SourceRecord]] = {
        "authors": lambda cells: _lacking(cells, "paper") or _good(cells),
        "submissions": lambda cells: _easychair_submission(cells, bylines, seen),
        "committee": _easychair_member,
        "bids": lambda cells: _easychair_bid(cells, members),
        "assignments": lambda cells: _easychair_pair(cells, members, "assignments"),
        "conflicts": lambda cells: _easychair_pair(cells, members, "conflicts"),
        "topics": lambda cells: _easychair_topic(cells, members),
        "": lambda cells: SourceRecord(cells.file, cells.line, left_out="a sheet that no venue folder has a table for"),
    }
    for rows in sheets:
        yield from map(readers[_easychair_kind(rows)], rows)
    for paper in sorted(set(bylines) - seen):
        reason = f"submission '{paper}' has authors but stands in no sheet of submissions"
        yield SourceRecord("authors", None, fault=reason, field="submission #")


def _easychair_kind(rows: Sequence[Cells]) -> str:
    present = {name for row in rows for name in row.values}
    for kind, needed in (
        ("bids", {"bid"}),
        ("submissions", {"title", "number"}),
        ("submissions", {"title", "paper"}),
        ("committee", {"role", "email"}),
        ("authors", {"paper", "last"}),
        ("conflicts", {"paper", "reason"}),
        ("assignments", {"paper", "member"}),
        ("topics", {"member", "topics"}),
        ("assignments", {"paper", "name", "email"}),
        ("committee", {"email", "person"}),
    ):
        if needed <= present:
            return kind
    return ""


def _person_name(values: Mapping[str, str]) -> str:
    return one_line(f"{values.get('first', '')} {values.get('last', '')}") or one_line(values.get("name", ""))


def _person_id(values: Mapping[str, str]) -> str:
    """The person number where there is one, else the address."""
    if values.get("person"):
        return f"easychair:{values['person']}"
    return _email(values.get("email", ""))


def _easychair_bylines(rows: Sequence[Cells]) -> dict[str, list[dict[str, Any]]]:
    made: dict[str, list[dict[str, Any]]] = {}
    for cells in rows:
        values = cells.values
        if cells.fault is None and "paper" in values and _person_name(values):
            entry = _filled(
                name=_person_name(values),
                person_id=_person_id(values),
                email=_email(values.get("email", "")),
                affiliation=one_line(values.get("affiliation", "")),
            )
            made.setdefault(values["paper"], []).append(entry)
    return made


def _easychair_submission(cells: Cells, bylines: Mapping[str, list[dict[str, Any]]], seen: set[str]) -> SourceRecord:
    if (bad := _lacking(cells, "title")) is not None:
        return bad
    values = cells.values
    number = values.get("number") or values.get("paper")
    if not number:
        return _bad(cells, "is missing", "#")
    seen.add(number)
    if values.get("deleted", "").casefold() in ("yes", "1", "true", "✔"):
        return SourceRecord(cells.file, cells.line, left_out="a submission that was deleted", raw=cells.raw)
    names = [{"name": one_line(part)} for part in re.split(r",| and ", values.get("authors", "")) if part.strip()]
    row = {
        "id": number,
        "title": values["title"],
        "abstract": values.get("abstract", ""),
        "authors": bylines.get(number) or names,
        "keywords": [one_line(part) for part in re.split(r"[;\n,]", values.get("keywords", "")) if part.strip()],
        "track": values.get("track", ""),
        "status": "desk_rejected" if "desk" in values.get("decision", "").casefold() else "active",
    }
    remarks = [] if number in bylines else ["the authors are known by name alone: no sheet of authors has them"]
    return _good(cells, Row("submissions", row), remarks=remarks)


def _easychair_members(rows: Sequence[Cells]) -> dict[str, str]:
    """Person ids by the number and by the name of a committee member, as bids name them."""
    made: dict[str, str] = {}
    for cells in rows:
        person = _person_id(cells.values)
        for key in (cells.values.get("number"), cells.values.get("member"), _person_name(cells.values)):
            if key and person:
                made.setdefault(key, person)
    return made


def _easychair_member(cells: Cells) -> SourceRecord:
    if cells.fault is not None:
        return _bad(cells, cells.fault)
    values = cells.values
    person, name = _person_id(values), _person_name(values)
    if not person or not name:
        return _bad(cells, "is missing", "email" if not person else "last name")
    row = {
        "id": person,
        "name": name,
        "emails": [_email(values["email"])] if "email" in values else [],
        "affiliations": [{"organisation": one_line(values["affiliation"])}] if "affiliation" in values else [],
        "interests": [one_line(part) for part in re.split(r"[;\n]", values.get("topics", "")) if part.strip()],
        "attributes": _filled(country=values.get("country"), role=values.get("role")),
    }
    return _good(cells, Row("reviewers", row))


def _easychair_reviewer(values: Mapping[str, str], members: Mapping[str, str]) -> str:
    """The member whom a row about a submission names, by number, name or address; empty when nobody has them."""
    if values.get("person"):
        return _person_id(values)
    found = members.get(values.get("member", "")) or members.get(_person_name(values))
    return found or _email(values.get("email", ""))


def _easychair_pair(cells: Cells, members: Mapping[str, str], kind: str) -> SourceRecord:
    if (bad := _lacking(cells, "paper")) is not None:
        return bad
    values = cells.values
    reviewer = _easychair_reviewer(values, members)
    if not reviewer:
        called = values.get("member") or _person_name(values)
        return _bad(cells, f"'{called}' is no member of the committee sheet; give that sheet too", "member")
    pair = {"submission_id": values["paper"], "reviewer_id": reviewer}
    if kind == "conflicts":
        return _good(cells, Row(kind, {**pair, "reason": one_line(values.get("reason", ""))}))
    return _good(cells, Row(kind, {**pair, "state": "proposed"}))


def _easychair_topic(cells: Cells, members: Mapping[str, str]) -> SourceRecord:
    """A topic that a member knows: one row for each."""
    if (bad := _lacking(cells, "topics")) is not None:
        return bad
    values = cells.values
    reviewer, name = _easychair_reviewer(values, members), _person_name(values)
    if not reviewer:
        called = values.get("member") or name
        return _bad(cells, f"'{called}' is no member of the committee sheet; give that sheet too", "member")
    return _good(cells, Row("reviewers", {"id": reviewer, "name": name or reviewer, "interests": [values["topics"]]}))


def _easychair_bid(cells: Cells, members: Mapping[str, str]) -> SourceRecord:
    if (bad := _lacking(cells, "paper")) is not None:
        return bad
    values = cells.values
    if "bid" not in values:
        return SourceRecord(cells.file, cells.line, left_out="no bid was given", raw=cells.raw)
    called = values.get("member") or _person_name(values) or values.get("email", "")
    reviewer = _easychair_reviewer(values, members)
    if not reviewer:
        return _bad(cells, f"'{called}' is no member of the committee sheet; give that sheet too", "member")
    pair = {"submission_id": values["paper"], "reviewer_id": reviewer}
    if "conflict" in values["bid"].casefold():
        return _good(cells, Row("conflicts", {**pair, "reason": "declared in EasyChair with the bid"}))
    return _good(cells, Row("bids", {**pair, "bid": values["bid"]}))


# --- NSF COA --------------------------------------------------------------------------------------------------------

_COA_KINDS: Final[Mapping[str, str]] = {
    "R": "family",
    "G": "advisor",
    "T": "advisee",
    "P": "host",
    "A": "coauthor",
    "C": "coauthor",
    "B": "coworker",
    "E": "coworker",
}
_COA_MEANING: Final[Mapping[str, str]] = {
    "R": "family or other relationship",
    "G": "graduate advisor",
    "T": "thesis advisee",
    "P": "postdoctoral sponsor",
    "A": "co-author",
    "C": "collaborator",
    "B": "editorial board",
    "E": "co-editor",
}
_COA_CODE: Final = re.compile(r"(?P<code>[A-Z]):?\Z")
_COA_CELLS: Final = 5


def read_coa(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:  # noqa: ARG001  # a `Reader`
    """Read the NSF's "Collaborators and Other Affiliations" workbook of one person each.

    Rows carry a code: R family, G advisor, T advisee, P postdoctoral sponsor, A co-author, C collaborator,
    B editorial board, E co-editor. The last active date becomes the end of the relation.

    Args:
        paths: .xlsx, one for each person.
        wishes: not needed: the first table names the person.

    Raises:
        DataError: a file cannot be read, or holds no row with a code.
        MissingExtraError: the package that reads workbooks is not installed.
    """
    for path in paths:
        refuse_missing(path)
        yield from _coa_file(path)


def _coa_file(path: Path) -> Iterator[SourceRecord]:
    rows = [row for sheet in read_sheets(path, {}) for row in sheet]
    owner, places = _coa_owner(rows)
    if not owner:
        raise DataError(
            "the table does not name its person",
            file=path.name,
            remedy="fill in 'Your Name' in table 1",
        )
    relations: list[dict[str, Any]] = []
    records: list[SourceRecord] = []
    for cells in rows:
        coded = _coa_row(cells)
        if coded is None:
            continue
        code, name, place, active = coded
        if code not in _COA_KINDS:
            allowed = ", ".join(sorted(_COA_KINDS))
            records.append(_bad(cells, f"allowed is one of {allowed}; got '{code}'", "code"))
            continue
        day = _coa_date(active)
        if active and day is None:
            records.append(_bad(cells, f"allowed is a date as month/day/year; got '{active}'", "last active"))
            continue
        evidence = f"collaborator table, {_COA_MEANING[code]}" + (f", {place}" if place else "")
        relations.append(_filled(kind=_COA_KINDS[code], name=given_first(name), end=day, evidence=evidence))
        records.append(_good(cells))
    if not records:
        raise DataError("the file holds no row with a code such as 'A:'", file=path.name)
    key = f"coa:{'-'.join(owner.casefold().split())}"
    person = {
        "id": key,
        "name": owner,
        "affiliations": [{"organisation": place} for place in places],
        "relations": relations,
    }
    first, *others = records
    if first.fault is None:
        yield SourceRecord(first.file, first.line, (Row("reviewers", person),), raw=first.raw)
    else:
        yield first
        yield SourceRecord(path.name, None, (Row("reviewers", person),))
    yield from others


def _cells_of(cells: Cells) -> list[str]:
    return [text.strip() for text in cells.all]


def _coa_owner(rows: Sequence[Cells]) -> tuple[str, list[str]]:
    """The person of table 1, which stands under the heading `Your Name`, and their organisations."""
    for position, cells in enumerate(rows):
        texts = _cells_of(cells)
        at = next((number for number, text in enumerate(texts) if "your name" in text.casefold()), None)
        if at is None:
            continue
        for below in rows[position + 1 :]:
            under = [*_cells_of(below), "", ""]
            if _COA_CODE.match(under[0]):
                break
            if under[at]:
                return given_first(under[at]), [under[at + 1]] if under[at + 1] else []
        break
    return "", []


def _coa_row(cells: Cells) -> tuple[str, str, str, str] | None:
    texts = [*_cells_of(cells), *[""] * _COA_CELLS][:_COA_CELLS]
    found = _COA_CODE.match(texts[0])
    if found is None or not texts[1] or "name" in texts[1].casefold().split(":")[0].split():
        return None
    return found["code"], texts[1], texts[2], texts[4]


def _coa_date(text: str) -> str | None:
    american = re.match(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})\Z", text)
    if american:
        return f"{american['year']}-{int(american['month']):02d}-{int(american['day']):02d}"
    iso = re.match(r"\d{4}(-\d{2}(-\d{2})?)?", text)
    return iso[0] if iso else None
