"""JSON of scholarly indexes: Semantic Scholar, OpenAlex, Crossref, ORCID and arXiv's metadata."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from matcher.ingest.fields import one_line
from matcher.ingest.formats.opening import JsonRecord, read_json
from matcher.ingest.formats.source import Owner, Row, SourceRecord, Wishes
from matcher.ingest.formats.works import Owners, Work, WorkAuthor, given_first, kind_of, plain_key, record_of

__all__ = ["read_arxiv_json", "read_crossref", "read_openalex", "read_orcid", "read_semantic_scholar"]

_ToWork: TypeAlias = Callable[[Mapping[str, Any]], Work | None]
_TAG: Final = re.compile(r"<[^<>]*>")
_EVERY: Final = 10_000
_MOST_WORDS: Final = 100_000
"""Positions of an inverted abstract beyond which it is no abstract."""


def _read(
    paths: Sequence[Path], wishes: Wishes, inside: Sequence[str], to_work: _ToWork, expected: str
) -> Iterator[SourceRecord]:
    count = 0
    for path in paths:
        owners = Owners(wishes.owners, path.name)
        for record in read_json(path, inside=inside):
            count += 1
            if wishes.progress is not None and count % _EVERY == 0:
                wishes.progress(count)
            yield _record(record, path.name, owners, to_work, expected)


def _record(record: JsonRecord, file: str, owners: Owners, to_work: _ToWork, expected: str) -> SourceRecord:
    fault = record.fault
    work = None
    if fault is None:
        try:
            work = to_work(record.values)
        except (TypeError, ValueError, AttributeError, KeyError, IndexError) as error:
            fault = f"a field has another shape than {expected} has: {error}"
        else:
            fault = None if work is not None else f"this is no work as {expected} has it: an id or a title is missing"
    if work is None:
        return SourceRecord(file, record.line, fault=fault, raw=record.raw)
    return record_of(work, owners, file=file, line=record.line, raw=record.raw)


def _day(*held: Any) -> str | None:
    """The first of some values that is a date or a year."""
    for value in held:
        found = re.match(r"[1-9]\d{3}(-\d{2}(-\d{2})?)?", str(value)) if value else None
        if found:
            return found[0]
    return None


def _doi(value: Any) -> str | None:
    found = re.search(r"10\.\d{4,9}/\S+", str(value or ""))
    return f"doi:{found[0].casefold()}" if found else None


# --- Semantic Scholar -----------------------------------------------------------------------------------------------


def read_semantic_scholar(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:
    """Read papers as Semantic Scholar's API or its data sets hold them.

    Args:
        paths: JSON or JSON Lines.
        wishes: whose works are wanted.

    Raises:
        DataError: a file cannot be read, or whose works are wanted is not said.
    """
    return _read(paths, wishes, ("data", "papers"), _semantic_scholar, "Semantic Scholar")


def _semantic_scholar(paper: Mapping[str, Any]) -> Work | None:
    folded = {name.casefold(): value for name, value in paper.items()}
    key = folded.get("paperid") or folded.get("corpusid")
    if not key or not folded.get("title"):
        return None
    ids = {name.casefold(): value for name, value in (folded.get("externalids") or {}).items()}
    journal = folded.get("journal") or {}
    types = folded.get("publicationtypes") or []
    venue = one_line(str(folded.get("venue") or journal.get("name") or ""))
    arxiv = f"arxiv:{ids['arxiv']}" if ids.get("arxiv") else None
    return Work(
        id=_doi(ids.get("doi")) or arxiv or f"semanticscholar:{key}",
        title=one_line(str(folded["title"])),
        authors=tuple(
            WorkAuthor(
                one_line(str(one["name"])),
                frozenset({f"semanticscholar:{one['authorId']}"}) if one.get("authorId") else frozenset(),
            )
            for one in folded.get("authors") or ()
            if one.get("name")
        ),
        date=_day(folded.get("publicationdate"), folded.get("year")),
        abstract=one_line(str(folded.get("abstract") or "")),
        venue=venue,
        kind=kind_of("preprint" if "arxiv" in venue.casefold() else "", *types),
    )


# --- OpenAlex -------------------------------------------------------------------------------------------------------


def read_openalex(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:
    """Read works as OpenAlex holds them, abstracts as inverted indexes.

    Args:
        paths: JSON or JSON Lines; answers of its API or files of its snapshot.
        wishes: whose works are wanted.

    Raises:
        DataError: a file cannot be read, or whose works are wanted is not said.
    """
    return _read(paths, wishes, ("results",), _openalex, "OpenAlex")


def _openalex(work: Mapping[str, Any]) -> Work | None:
    title = work.get("title") or work.get("display_name")
    if not work.get("id") or not title:
        return None
    source = ((work.get("primary_location") or work.get("host_venue") or {}).get("source") or {}).get("display_name")
    key = str(work["id"]).rpartition("/")[2]
    return Work(
        id=_doi(work.get("doi")) or f"openalex:{key}",
        title=one_line(html.unescape(_TAG.sub("", str(title)))),
        authors=tuple(author for one in work.get("authorships") or () if (author := _openalex_author(one)) is not None),
        date=_day(work.get("publication_date"), work.get("publication_year")),
        abstract=_uninverted(work.get("abstract_inverted_index") or {}),
        venue=one_line(str(source or "")),
        kind=kind_of(
            "preprint" if "arxiv" in str(source or "").casefold() else "",
            str(work.get("type") or ""),
            str(work.get("type_crossref") or ""),
        ),
    )


def _openalex_author(one: Mapping[str, Any]) -> WorkAuthor | None:
    author = one.get("author") or {}
    name = one.get("raw_author_name") or author.get("display_name")
    if not name:
        return None
    keys = {f"openalex:{str(author['id']).rpartition('/')[2].casefold()}"} if author.get("id") else set()
    if author.get("orcid"):
        keys.add(plain_key("orcid", str(author["orcid"])))
    places = [str(place["display_name"]) for place in one.get("institutions") or () if place.get("display_name")]
    return WorkAuthor(given_first(str(name)), frozenset(keys), affiliation=places[0] if places else "")


def _uninverted(index: Mapping[str, Sequence[int]]) -> str:
    """The text of an inverted index: each word at its positions."""
    words = {int(position): word for word, positions in index.items() for position in positions}
    if len(words) > _MOST_WORDS:
        raise ValueError(f"the abstract has {len(words)} words")
    return one_line(" ".join(words[position] for position in sorted(words)))


# --- Crossref -------------------------------------------------------------------------------------------------------


def read_crossref(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:
    """Read works as Crossref holds them; markup in titles and abstracts is taken off.

    Args:
        paths: JSON or JSON Lines; answers of its API or files of its public data.
        wishes: whose works are wanted.

    Raises:
        DataError: a file cannot be read, or whose works are wanted is not said.
    """
    for path in paths:
        yield from _read([path], wishes, ("message", "items"), _crossref, "Crossref")


def _crossref(work: Mapping[str, Any]) -> Work | None:
    titles = work.get("title") or []
    if not work.get("DOI") or not titles:
        return None
    dates = (work.get(name) or {} for name in ("published", "issued", "published-online", "published-print"))
    venues = work.get("container-title") or []
    return Work(
        id=_doi(work["DOI"]) or f"doi:{work['DOI']}",
        title=_plain_markup(titles if isinstance(titles, str) else titles[0]),
        authors=tuple(author for one in work.get("author") or () if (author := _crossref_author(one)) is not None),
        date=next((day for held in dates if (day := _from_parts(held.get("date-parts"))) is not None), None),
        abstract=_plain_markup(str(work.get("abstract") or "")),
        venue=one_line(venues if isinstance(venues, str) else venues[0] if venues else ""),
        kind=kind_of(str(work.get("type") or "")),
    )


def _crossref_author(one: Mapping[str, Any]) -> WorkAuthor | None:
    given, family = str(one.get("given") or ""), str(one.get("family") or "")
    name = one_line(f"{given} {family} {one.get('suffix') or ''}") or one_line(str(one.get("name") or ""))
    if not name:
        return None
    keys = frozenset({plain_key("orcid", str(one["ORCID"]))}) if one.get("ORCID") else frozenset()
    places = [str(place["name"]) for place in one.get("affiliation") or () if place.get("name")]
    return WorkAuthor(name, keys, affiliation=one_line(places[0]) if places else "")


def _from_parts(parts: Any) -> str | None:
    """`[[2023, 6, 9]]`; Crossref writes `[[null]]` where it knows no date."""
    if not parts or not parts[0] or not parts[0][0]:
        return None
    year, *rest = parts[0]
    return "-".join([f"{int(year):04d}", *(f"{int(part):02d}" for part in rest[:2] if part)])


def _plain_markup(text: str) -> str:
    """A text without JATS or HTML marks and without the heading `Abstract`."""
    return one_line(re.sub(r"(?i)^\s*abstract\s*[:.]?\s+(?=[A-Z])", "", html.unescape(_TAG.sub(" ", text))))


# --- arXiv ----------------------------------------------------------------------------------------------------------


def read_arxiv_json(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:
    """Read arXiv's metadata as JSON Lines.

    Args:
        paths: JSON Lines.
        wishes: whose works are wanted.

    Raises:
        DataError: a file cannot be read, or whose works are wanted is not said.
    """
    return _read(paths, wishes, (), _arxiv, "arXiv")


def _arxiv(paper: Mapping[str, Any]) -> Work | None:
    if not paper.get("id") or not paper.get("title"):
        return None
    parsed = paper.get("authors_parsed")
    if parsed:
        names = [
            one_line(" ".join(str(part) for part in (given, family, suffix)))
            for family, given, suffix in _three(parsed)
        ]
    else:
        names = [one_line(name) for name in re.split(r",| and ", str(paper.get("authors") or ""))]
    return Work(
        id=f"arxiv:{paper['id']}",
        title=one_line(str(paper["title"])),
        authors=tuple(WorkAuthor(name) for name in names if name),
        date=_first_version(paper),
        abstract=one_line(str(paper.get("abstract") or "")),
        venue=one_line(str(paper.get("journal-ref") or "arXiv")),
        kind="preprint",
    )


def _three(parsed: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, Any, Any]]:
    for parts in parsed:
        family, given, suffix, *_ = (*parts, "", "", "")
        yield family, given, suffix


def _first_version(paper: Mapping[str, Any]) -> str | None:
    """The day of the first version, `Mon, 2 Apr 2007 19:18:42 GMT`; else the day of the last change."""
    created = str(((paper.get("versions") or [{}])[0]).get("created") or "")
    found = re.search(r"(?P<day>\d{1,2}) (?P<month>[A-Z][a-z]{2}) (?P<year>\d{4})", created)
    if found is None:
        return _day(paper.get("update_date"))
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{found['year']}-{months.index(found['month']) + 1:02d}-{int(found['day']):02d}"


# --- ORCID ----------------------------------------------------------------------------------------------------------


def read_orcid(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:
    """Read ORCID records: the person, their employments, and their works.

    A record names its owner, so no reviewer has to be named. Works in ORCID seldom have co-authors and abstracts;
    what is not there is not made up.

    Args:
        paths: one record of ORCID's public API (JSON) in each file.
        wishes: reviewers of the folder, so that the owner is one of them where the ORCID iD or the name says so.

    Raises:
        DataError: a file cannot be read.
    """
    for path in paths:
        for record in read_json(path):
            if record.fault is not None or "activities-summary" not in record.values:
                fault = record.fault or "this is no ORCID record: 'activities-summary' is missing"
                yield SourceRecord(path.name, record.line, fault=fault, raw=record.raw)
                continue
            try:
                made = list(_orcid_records(record, path.name, wishes))
            except (TypeError, ValueError, AttributeError, KeyError, IndexError) as error:
                fault = f"a field has another shape than ORCID has: {error}"
                made = [SourceRecord(path.name, record.line, fault=fault, raw=record.raw)]
            yield from made


def _value(held: Any, *path: str) -> Any:
    """What stands at the end of a path of keys; `None` where it breaks off."""
    for key in path:
        held = held.get(key) if isinstance(held, dict) else None
    return held


def _orcid_records(record: JsonRecord, file: str, wishes: Wishes) -> Iterator[SourceRecord]:
    values = record.values
    orcid = str(_value(values, "orcid-identifier", "path") or "")
    given, family = (
        _value(values, "person", "name", "given-names", "value"),
        _value(values, "person", "name", "family-name", "value"),
    )
    name = one_line(f"{given or ''} {family or ''}")
    if not orcid or not name:
        missing = "orcid-identifier.path" if not orcid else "person.name"
        yield SourceRecord(file, record.line, fault="is missing", field=missing, raw=record.raw)
        return
    key = f"orcid:{orcid}"
    known = Owners(wishes.owners, file).of(WorkAuthor(name, frozenset({key})))[0] if wishes.owners else None
    owner = known or Owner(key, (name,), frozenset({key}))
    emails = [
        str(one["email"]).lower() for one in _value(values, "person", "emails", "email") or () if one.get("email")
    ]
    person = {
        "id": owner.id,
        "name": name,
        "emails": emails,
        "affiliations": list(_employments(values)),
        "attributes": {"orcid": orcid},
    }
    yield SourceRecord(file, record.line, (Row("reviewers", person),), raw=record.raw)
    for number, group in enumerate(_value(values, "activities-summary", "works", "group") or (), start=1):
        yield _orcid_work(group, owner, name, file, number)


def _orcid_work(group: Mapping[str, Any], owner: Owner, name: str, file: str, number: int) -> SourceRecord:
    summaries = group.get("work-summary") or [{}]
    summary = summaries[0]
    title = one_line(str(_value(summary, "title", "title", "value") or ""))
    parts = [_value(summary, "publication-date", part, "value") for part in ("year", "month", "day")]
    known = (
        [str(part) for part in parts[: parts.index(None)] if part] if None in parts else [str(part) for part in parts]
    )
    ids = _value(summary, "external-ids", "external-id") or ()
    doi = next((found for one in ids if (found := _doi(one.get("external-id-value")))), None)
    contributors = _value(summary, "contributors", "contributor") or ()
    names = [str(text) for one in contributors if (text := _value(one, "credit-name", "value"))]
    work = Work(
        id=doi or f"{owner.id}:work:{summary.get('put-code') or number}",
        title=title,
        authors=tuple(WorkAuthor(given_first(one)) for one in names) or (WorkAuthor(name, owner.keys),),
        date="-".join(known) or None,
        venue=one_line(str(_value(summary, "journal-title", "value") or "")),
        kind=kind_of(str(summary.get("type") or "")),
        remarks=() if names else ("ORCID names no co-authors: joint papers may be missed",),
    )
    made = record_of(work, Owners([owner], file), file=file, line=number)
    if made.left_out:  # the credit names do not tell which of them the owner is, but the record is the owner's
        rows = (
            Row(
                "publications",
                {
                    "id": work.id,
                    "title": work.title,
                    "date": work.date,
                    "authors": [{"name": one.name} for one in work.authors],
                    "published_in": work.venue,
                    "kind": work.kind,
                    "source": {"file": file, "line": number},
                },
            ),
            Row("reviewers", {"id": owner.id, "name": name, "paper_ids": [work.id]}),
        )
        return SourceRecord(file, number, rows, remarks=(f"'{title}': which author is {name} is not certain",))
    return made


def _employments(values: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for sort in ("employment", "education"):
        held = _value(values, "activities-summary", f"{sort}s") or {}
        groups = held.get("affiliation-group") or [
            {"summaries": [{f"{sort}-summary": one}]} for one in held.get(f"{sort}-summary") or ()
        ]
        for group in groups:
            for wrapped in group.get("summaries") or ():
                one = wrapped.get(f"{sort}-summary") or {}
                organisation = one_line(str(_value(one, "organization", "name") or ""))
                if organisation:
                    span = {
                        "organisation": organisation,
                        "role": one_line(str(one.get("role-title") or "")),
                        "start": _partial(one.get("start-date")),
                        "end": _partial(one.get("end-date")),
                    }
                    yield {name: text for name, text in span.items() if text}


def _partial(held: Any) -> str:
    parts = []
    for part in ("year", "month", "day"):
        value = _value(held, part, "value")
        if not value:
            break
        parts.append(str(value))
    return "-".join(parts)
