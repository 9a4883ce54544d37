"""A linked corpus: real bibliographies in which every author is linked to a person where that is known.

Its folder has no `venue.toml`. Reviewers list `pubs` and dated `domains`; publications and submissions have a `year`
and authors with an `id`. It is read as it is, with its ids verbatim.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from matcher.ingest.fields import (
    DOMAIN,
    LINE,
    TEXT,
    TITLE,
    Field,
    FieldError,
    Kind,
    Table,
    list_of,
    objects_of,
    whole_number,
)
from matcher.ingest.files import read_rows
from matcher.ingest.folder import read_submissions
from matcher.ingest.loading import Ledger, Loaded
from matcher.records import (
    Affiliation,
    AuthorMention,
    Deadline,
    Paper,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    Reviewer,
    SourceRef,
    Submission,
    SubmissionId,
    Venue,
)

__all__ = ["is_linked", "read_linked"]

_PEEKED_ROWS: Final = 20
"""Rows among which the first good one shows the layout of a file."""

_FIRST_YEAR: Final = 1000
"""Years have four digits."""


# --- fields ---------------------------------------------------------------------------------------------------------


def _verbatim(value: Any, _unread: object = None) -> str:
    """An id exactly as written."""
    if not isinstance(value, str) or not value.strip():
        raise FieldError(f"allowed is an id: a text, not empty; got {value!r}")
    return value


def _no_text(_text: str) -> Any:
    raise FieldError("allowed is an object")


def _author(values: dict[str, Any]) -> AuthorMention:
    person_id = values.get("id")
    return AuthorMention(
        name=values["name"],
        person_id=None if person_id is None else PersonId(person_id),
        domain=values.get("domain"),
    )


_ID: Final = Kind("an id: a text", {"type": "string", "pattern": r"\S"}, _verbatim, _verbatim)
_YEAR: Final = whole_number(_FIRST_YEAR)
_LINES: Final = list_of(LINE)
_LINK: Final = Field("link", LINE, "How the person was found.")


def _objects(name: str, fields: tuple[Field, ...], build: Any) -> Kind:
    table = Table(name, fields, is_inner=True)
    return objects_of(table, build, _no_text, allowed="an object", texts=False)


_AUTHORS: Final = list_of(
    _objects(
        "authors",
        (
            Field("name", TITLE, "The name as printed.", required=True),
            Field("id", _ID, "The person; null where nobody knows."),
            Field("domain", DOMAIN, "Mail domain of the affiliation."),
            _LINK,
            Field("src_id", LINE, "The source's own id of the person."),
        ),
        _author,
    ),
    repeats="keep",
)

_WORK: Final = (
    Field("id", _ID, "Unique in the file.", required=True),
    Field("venue", LINE, "Conference."),
    Field("year", _YEAR, "Year of the conference.", required=True),
    Field("title", TITLE, "The title.", required=True),
    Field("abstract", TEXT, "The abstract; may be empty."),
    Field("keywords", _LINES, "Keywords."),
    Field("authors", _AUTHORS, "The authors in byline order.", required=True),
    Field("area", LINE, "Area."),
    Field("domains", _LINES, "Mail domains of the affiliations."),
    Field("status", LINE, "What the conference decided."),
)
_PUBLICATIONS: Final = Table("publications", _WORK)
_SUBMISSIONS: Final = Table("submissions", _WORK)
_REVIEWERS: Final = Table(
    "reviewers",
    (
        Field("id", _ID, "The person.", required=True),
        Field("name", TITLE, "The name.", required=True),
        Field("names", _LINES, "Spellings seen."),
        Field(
            "domains",
            list_of(
                _objects(
                    "domains",
                    (
                        Field("domain", DOMAIN, "Mail domain.", required=True),
                        Field("last_year", _YEAR, "Last year in which it was seen.", required=True),
                    ),
                    lambda values: (values["domain"], values["last_year"]),
                )
            ),
            "Mail domains of the affiliations.",
        ),
        Field(
            "pubs",
            list_of(
                _objects(
                    "pubs",
                    (Field("id", _ID, "Id of a publication.", required=True), _LINK),
                    lambda values: values["id"],
                ),
                repeats="refuse",
            ),
            "Publications.",
            required=True,
        ),
    ),
)

_NO_PLACE: Final = "keywords, area, domains and status of publications, and link and src_id of authors, are not used"
_ATTRIBUTES: Final = ("venue", "status", "area", "domains")
"""Facts of a submission that a `Submission` has no field for."""


# --- reading --------------------------------------------------------------------------------------------------------


def is_linked(folder: Path, tables: Mapping[str, Path]) -> bool:
    """Whether a folder is a linked corpus: no `venue.toml`, reviewers with `pubs`, publications with `year`.

    Args:
        folder: where it is.
        tables: its files by table.
    """
    if (folder / "venue.toml").exists():
        return False
    return _has_field(tables["reviewers"], _REVIEWERS, "pubs") and _has_field(
        tables["publications"], _PUBLICATIONS, "year"
    )


def _has_field(path: Path, table: Table, field: str) -> bool:
    """Whether the first readable row of a JSON Lines file has a field."""
    if ".csv" in path.suffixes:
        return False
    rows = itertools.islice(read_rows(path, table, name=path.name, is_csv=False), _PEEKED_ROWS)
    return next((field in row.values for row in rows if row.fault is None), False)


def read_linked(
    folder: Path, tables: Mapping[str, Path], ledger: Ledger, *, submissions_file: Path | None, accept_rejects: bool
) -> Loaded:
    """Read a linked corpus.

    Every submission is active, whatever was decided about it later: at the deadline all were to be reviewed.

    Args:
        folder: where it is.
        tables: its files by table, from `find_tables`.
        ledger: counts the rows.
        submissions_file: takes the place of the folder's own submissions, in this layout or in that of our folder.
        accept_rejects: whether rejected rows may be left out.

    Raises:
        DataError: a file cannot be read, or rows are rejected and that was not accepted.
    """
    papers = list(_papers(ledger, tables["publications"]))
    submissions, years = _submissions(ledger, submissions_file or tables["submissions"], submissions_file is not None)
    people, reviewers = _reviewers(ledger, tables["reviewers"], max(years, default=None))
    for stem in tables:
        if stem not in ("publications", "submissions", "reviewers"):
            ledger.notice(f"{tables[stem].name}: not read: a linked corpus has no such file")
    ledger.notice(_NO_PLACE)
    deadline = _deadline(ledger, years)
    report = ledger.settle((_PUBLICATIONS, _SUBMISSIONS, _REVIEWERS), accept_rejects=accept_rejects)
    venue = Venue.of(
        name=folder.resolve().name,
        papers=papers,
        people=people,
        reviewers=reviewers,
        submissions=submissions,
        deadline=deadline,
    )
    return Loaded(venue, report)


def _papers(ledger: Ledger, path: Path) -> Iterator[Paper]:
    for row in ledger.rows(path, _PUBLICATIONS, is_csv=False, is_required=True):
        if ledger.take(row, _PUBLICATIONS):
            values = row.values
            yield Paper(
                id=PaperId(values["id"]),
                title=values["title"],
                abstract=values.get("abstract", ""),
                dates=(PartialDate(values["year"]),),
                authors=values["authors"],
                published_in=values.get("venue", ""),
                kind="conference",
                sources=(SourceRef(row.file, row.line),),
            )


def _submissions(ledger: Ledger, path: Path, is_elsewhere: bool) -> tuple[list[Submission], tuple[int, ...]]:
    """The submissions and the years in which they were submitted, sorted; no year in the layout of our own folder."""
    if is_elsewhere and not _has_field(path, _SUBMISSIONS, "year"):
        return list(read_submissions(ledger, path, is_elsewhere=True)), ()
    submissions = []
    years = set()
    name = str(path) if is_elsewhere else path.name
    for row in ledger.rows(path, _SUBMISSIONS, name=name, is_csv=False, is_required=True):
        if ledger.take(row, _SUBMISSIONS):
            values = row.values
            years.add(values["year"])
            submissions.append(
                Submission(
                    id=SubmissionId(values["id"]),
                    title=values["title"],
                    abstract=values.get("abstract", ""),
                    authors=values["authors"],
                    keywords=values.get("keywords", ()),
                    attributes={name: values[name] for name in _ATTRIBUTES if values.get(name)},
                )
            )
    return submissions, tuple(sorted(years))


def _reviewers(ledger: Ledger, path: Path, year: int | None) -> tuple[list[Person], list[Reviewer]]:
    """The reviewers; an affiliation seen in the submissions' year or later is open."""
    people, reviewers = [], []
    for row in ledger.rows(path, _REVIEWERS, is_csv=False, is_required=True):
        values = row.values
        papers = ledger.known_papers(row, "pubs", _PUBLICATIONS)
        if not ledger.take(row, _REVIEWERS):
            continue
        person_id = PersonId(values["id"])
        affiliations = tuple(
            Affiliation(domain=domain, end=None if year is not None and last >= year else PartialDate(last))
            for domain, last in values.get("domains", ())
        )
        names = tuple(dict.fromkeys((values["name"], *values.get("names", ()))))
        people.append(Person(id=person_id, names=names, affiliations=affiliations))
        reviewers.append(Reviewer(person_id=person_id, paper_ids=papers))
    return people, reviewers


def _deadline(ledger: Ledger, years: tuple[int, ...]) -> Deadline | None:
    """The first day of the one year that all submissions share."""
    if len(years) != 1:
        why = f"the submissions are of the years {years[0]} to {years[-1]}" if years else "the submissions have no year"
        ledger.notice(f"{why}, so there is no deadline, which conflict windows are counted from; pass --deadline")
        return None
    origin = f"taken from the submissions' year {years[0]}; pass --deadline to set it"
    deadline = Deadline(date(years[0], 1, 1), origin)
    ledger.notice(f"the deadline is {deadline.day}, {origin}")
    return deadline
