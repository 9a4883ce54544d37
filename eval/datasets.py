"""Reading what is measured on: sets for retrieval, and collections of papers. Nothing here is ever written.

A retrieval set is a folder with four files of JSON lines, plain or gzip-compressed:

=================  ====================================================================================================
`queries`          `id`, `title`, `abstract`, `year`?, `keywords`?: papers whose authors are hidden
`reviewers`        `id`, `name`, and `pubs` ([{`id`}]) or `paper_ids` ([id]); `interests`?
`publications`     `id`, `title`, `abstract`, `year`?, `kind`?, `authors`? ([{`name`, `id`}]): the evidence of expertise
`qrels`            `query`, `relevant`: ids of the reviewers who should come high
=================  ====================================================================================================

What is marked with ? is read where it is there and in this form, for settings that ask for it; the deadline is the
first day of the earliest year of a query. Other fields are not read. Ids are kept as they are written.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date
from pathlib import Path
from typing import Final

from eval.rows import Row, rows_of, title_and_abstract, unique_rows
from matcher.errors import DataError, did_you_mean
from matcher.ingest.fields import one_line
from matcher.records import (
    KINDS,
    AuthorMention,
    Deadline,
    Paper,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    Reviewer,
    Submission,
    SubmissionId,
    Venue,
    text_of,
)

__all__ = ["PaperText", "RetrievalSet", "is_retrieval_folder", "paper_files", "read_paper_texts", "read_retrieval_sets"]

_STEMS: Final = ("queries", "reviewers", "publications", "qrels")
_ENDINGS: Final = (".jsonl", ".jsonl.gz")


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """Queries with known answers, as the venue that the product matches.

    Args:
        name: of the folder.
        venue: queries as submissions without authors, and the reviewers with their papers.
        relevant: for every submission the reviewers who should come high, sorted; at least one.
        files: what was read.
    """

    name: str
    venue: Venue
    relevant: Mapping[SubmissionId, tuple[PersonId, ...]]
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class PaperText:
    """What encoders read of one paper; the abstract may be empty."""

    title: str
    abstract: str

    @property
    def text(self) -> str:
        """Title and abstract in one string."""
        return text_of(self.title, self.abstract)


# --- retrieval sets -------------------------------------------------------------------------------------------------


def read_retrieval_sets(folder: Path) -> tuple[RetrievalSet, ...]:
    """Read one set, or every set in the folders of a folder.

    Args:
        folder: holds the four files, or folders that do.

    Returns:
        Sets in the order of their names.

    Raises:
        DataError: no set is there, a row is not as described above, or a query is also a publication.
    """
    if not folder.is_dir():
        raise DataError("there is no such folder", file=str(folder), remedy=_wanted())
    if _find(folder, "queries") is not None:
        return (_read_set(folder),)
    inner = [path for path in sorted(folder.iterdir()) if path.is_dir() and _find(path, "queries") is not None]
    if not inner:
        raise DataError("neither the folder nor a folder in it is a retrieval set", file=str(folder), remedy=_wanted())
    return tuple(_read_set(path) for path in inner)


def is_retrieval_folder(folder: Path) -> bool:
    """Whether a folder is a retrieval set or holds some."""
    inner = [folder, *(path for path in folder.iterdir() if path.is_dir())] if folder.is_dir() else []
    return any(_find(path, "queries") is not None for path in inner)


def _wanted() -> str:
    return f"give a folder with {', '.join(_STEMS)}, each .jsonl or .jsonl.gz, or a folder of such folders"


def _find(folder: Path, stem: str) -> Path | None:
    return next((folder / f"{stem}{ending}" for ending in _ENDINGS if (folder / f"{stem}{ending}").is_file()), None)


def _read_set(folder: Path) -> RetrievalSet:
    files = {}
    for stem in _STEMS:
        path = _find(folder, stem)
        if path is None:
            raise DataError(f"there is no {stem}.jsonl or {stem}.jsonl.gz", file=str(folder), remedy=_wanted())
        files[stem] = path
    papers = {row.text("id"): _paper(row) for row in unique_rows(files["publications"])}
    reviewers = {row.text("id"): (row, *_reviewer(row, papers)) for row in unique_rows(files["reviewers"])}
    queries = {row.text("id"): row for row in unique_rows(files["queries"])}
    _refuse_leaks(queries, papers)
    relevant = {}
    for row in unique_rows(files["qrels"], key="query"):
        query = SubmissionId(row.text("query"))
        if query not in queries:
            raise row.fault("query", f"'{query}' is not in {files['queries'].name}{did_you_mean(query, queries)}")
        relevant[query] = tuple(PersonId(who) for who in sorted(row.ids("relevant")))
        if not relevant[query]:
            raise row.fault("relevant", "a query without a relevant reviewer cannot be measured", "take the query out")
        for who in relevant[query]:
            if who not in reviewers:
                raise row.fault("relevant", f"'{who}' is not in {files['reviewers'].name}")
    for name, row in queries.items():
        if name not in relevant:
            raise row.fault("id", f"'{name}' has no row in {files['qrels'].name}", "take the query out")
    venue = Venue.of(
        name=folder.resolve().name,
        papers=papers.values(),
        people=[person for _, person, _ in reviewers.values()],
        reviewers=[reviewer for _, _, reviewer in reviewers.values()],
        submissions=[_submission(row) for row in queries.values()],
        deadline=_deadline(queries.values()),
    )
    return RetrievalSet(venue.name, venue, relevant, tuple(files[stem] for stem in _STEMS))


def _paper(row: Row) -> Paper:
    title, abstract = title_and_abstract(row)
    year, kind = _year(row), row.values.get("kind")
    return Paper(
        id=PaperId(row.text("id")),
        title=title,
        abstract=abstract,
        dates=() if year is None else (PartialDate(year),),
        authors=tuple(_byline(row)),
        kind=kind if kind in KINDS else "other",
    )


def _submission(row: Row) -> Submission:
    title, abstract = title_and_abstract(row)
    return Submission(id=SubmissionId(row.text("id")), title=title, abstract=abstract, keywords=_words(row, "keywords"))


def _year(row: Row) -> int | None:
    year = row.values.get("year")
    return year if type(year) is int and MINYEAR <= year <= MAXYEAR else None


def _words(row: Row, field: str) -> tuple[str, ...]:
    value = row.values.get(field)
    listed = value if isinstance(value, list) else ()
    return tuple(dict.fromkeys(one_line(word) for word in listed if isinstance(word, str) and word.strip()))


def _byline(row: Row) -> Iterator[AuthorMention]:
    listed = row.values.get("authors")
    for author in listed if isinstance(listed, list) else ():
        plain = author if isinstance(author, Mapping) else {"name": author}
        name, who = plain.get("name"), plain.get("id")
        yield AuthorMention(one_line(name) if isinstance(name, str) else "", PersonId(who) if who else None)


def _deadline(queries: Iterable[Row]) -> Deadline | None:
    years = [year for year in map(_year, queries) if year is not None]
    return Deadline(date(min(years), 1, 1), "earliest year of a query") if years else None


def _reviewer(row: Row, papers: Mapping[str, Paper]) -> tuple[Person, Reviewer]:
    field = "pubs" if "pubs" in row.values else "paper_ids"
    listed = row.ids(field)
    for paper in listed:
        if paper not in papers:
            raise row.fault(field, f"'{paper}' is not among the publications")
    who = PersonId(row.text("id"))
    person = Person(id=who, names=(one_line(row.text("name")),))
    papers_of = tuple(PaperId(paper) for paper in listed)
    return person, Reviewer(person_id=who, paper_ids=papers_of, interests=_words(row, "interests"))


def _refuse_leaks(queries: Mapping[str, Row], papers: Mapping[str, Paper]) -> None:
    """A query that is itself a publication would be found by its own text: the measure would be worth nothing."""
    titles = {_folded(paper.title): paper.id for paper in papers.values()}
    for query, row in queries.items():
        twin = query if query in papers else titles.get(_folded(row.text("title")))
        if twin is not None:
            raise row.fault(
                "title", f"the query '{query}' is also the publication '{twin}'", "take the publication or query out"
            )


def _folded(title: str) -> str:
    """Letters and digits only, without case and accents; the title itself where that leaves nothing."""
    plain = unicodedata.normalize("NFKD", title.casefold())
    return "".join(char for char in plain if char.isalnum()) or title


# --- collections of papers ------------------------------------------------------------------------------------------


def paper_files(sources: Sequence[Path]) -> tuple[Path, ...]:
    """The files of some sources: a file stands for itself, a folder for its `.jsonl` and `.jsonl.gz` files by name.

    Raises:
        DataError: a source does not exist, or a folder holds no such file.
    """
    files: list[Path] = []
    for source in sources:
        found = [source]
        if source.is_dir():
            found = [path for path in sorted(source.iterdir()) if path.is_file() and path.name.endswith(_ENDINGS)]
        if not found or not found[0].is_file():
            raise DataError("there is no .jsonl or .jsonl.gz file", file=str(source))
        files += found
    return tuple(files)


def read_paper_texts(files: Sequence[Path]) -> tuple[PaperText, ...]:
    """Title and abstract of every paper, in the order of files and lines.

    Raises:
        DataError: a row has no title, or is no JSON object.
    """
    return tuple(PaperText(*title_and_abstract(row)) for path in files for row in rows_of(path))
