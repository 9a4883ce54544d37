"""Our own venue folder: `venue.toml`, and one file for each table, JSON Lines or CSV."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from matcher.config import settings
from matcher.decisions import DECISIONS_FILE
from matcher.errors import DataError, did_you_mean
from matcher.ingest.fields import (
    ASSIGNMENTS,
    BIDS,
    CONFLICTS,
    FIXED,
    HISTORY,
    PEOPLE,
    PUBLICATIONS,
    RECOMMENDATIONS,
    REVIEWERS,
    SCORES,
    SUBMISSIONS,
    TABLES,
    Table,
    near_miss,
    one_line,
)
from matcher.ingest.files import SUFFIXES, stem_of
from matcher.ingest.loading import Ledger, Loaded
from matcher.records import (
    Bid,
    Deadline,
    DeclaredConflict,
    ExistingAssignment,
    ExternalScore,
    FixedPair,
    HistoryEntry,
    Paper,
    PaperId,
    Person,
    PersonId,
    Recommendation,
    Reviewer,
    SourceRef,
    Submission,
    SubmissionId,
    Venue,
    VenueDefaults,
)

__all__ = ["REQUIRED", "SELECTIONS_FILE", "find_tables", "read_folder", "read_submissions"]

REQUIRED: Final = ("reviewers", "publications", "submissions")
"""Tables that every venue has."""

_FACTS_FILE: Final = "venue.toml"
_CHOICES_FILE: Final = "match.toml"
SELECTIONS_FILE: Final = "selections.jsonl"
_NO_SUBMISSIONS: Final = (
    "there are no submissions yet: give them as submissions.jsonl or .csv in the folder, or with --submissions"
)
_DATA_SUFFIXES: Final = (".jsonl", ".csv", ".tsv", ".json", ".ndjson", ".xlsx")
"""Endings by which a file is taken for data, so that one that is not read is named."""


# --- the folder -----------------------------------------------------------------------------------------------------


def find_tables(folder: Path, *, replaced: tuple[str, ...] = ()) -> tuple[dict[str, Path], tuple[str, ...]]:
    """The files of a folder by table, and notices about files that are not read.

    Args:
        folder: the venue folder.
        replaced: tables that are read from elsewhere, so that the folder need not have them.

    Raises:
        DataError: no such folder, a table twice, a required table missing, or a file whose name looks like a slip.
    """
    wanted = ", ".join(f"{stem}.jsonl or .csv" for stem in REQUIRED)
    remedy = f"give the folder that holds {wanted}, each plain, .gz or .zst"
    if not folder.exists():
        raise DataError("there is no such folder", file=str(folder), remedy=remedy)
    if not folder.is_dir():
        raise DataError("this is a file, not a venue folder", file=str(folder), remedy=remedy)
    tables: dict[str, Path] = {}
    strays: list[Path] = []
    for path in sorted(folder.iterdir()):
        stem, suffix = stem_of(path.name)
        if path.name.startswith(".") or suffix not in _DATA_SUFFIXES or not path.is_file():
            continue
        if path.name in (DECISIONS_FILE, SELECTIONS_FILE):  # no tables: what people decided, read elsewhere
            continue
        if stem not in TABLES or not path.name.endswith(SUFFIXES):
            strays.append(path)
        elif stem in tables:
            raise DataError(
                f"the folder holds both {tables[stem].name} and {path.name}: which of them counts is not clear",
                file=str(folder),
                remedy="keep one of them",
            )
        else:
            tables[stem] = path
    notices = tuple(_stray(path, tables) for path in strays)
    missing = [stem for stem in REQUIRED if stem not in tables and stem not in replaced]
    if missing:
        found = ", ".join(path.name for path in tables.values()) or "no table"
        if missing[0] == "publications" and tables:
            remedy = "bring them in: matcher fetch, or matcher import cv, dblp, bibtex, orcid, statements … with --add"
        raise DataError(
            f"this is no venue folder: {missing[0]}.jsonl or {missing[0]}.csv is missing; it holds {found}",
            file=str(folder),
            remedy=remedy,
        )
    return tables, notices


def _stray(path: Path, tables: Mapping[str, Path]) -> str:
    """The notice about a data file that is not read; a probable slip in its name is refused."""
    stem, suffix = stem_of(path.name)
    meant = near_miss(stem, TABLES, tables)
    if meant:
        ending = suffix if suffix in (".jsonl", ".csv") else ".jsonl' or '.csv"
        raise DataError(
            f"the file would not be read, did you mean '{meant}{ending}'?", file=path.name, remedy="rename the file"
        )
    return f"{path.name}: not read: it is no file of a venue folder"


def read_folder(
    folder: Path, tables: Mapping[str, Path], ledger: Ledger, *, submissions_file: Path | None, accept_rejects: bool
) -> Loaded:
    """Read a venue folder.

    Args:
        folder: where it is.
        tables: its files by table, from `find_tables`; without submissions the venue has none.
        ledger: counts the rows.
        submissions_file: takes the place of the folder's own submissions; JSON Lines or CSV under any name.
        accept_rejects: whether rejected rows may be left out.

    Raises:
        DataError: a file cannot be read, or rows are rejected and that was not accepted.
    """
    facts = _facts(folder / _FACTS_FILE, ledger)
    papers = list(_papers(ledger, tables["publications"]))
    elsewhere = submissions_file is not None
    source = submissions_file or tables.get("submissions")
    required = [PUBLICATIONS, SUBMISSIONS, REVIEWERS]
    if source is None:
        required.remove(SUBMISSIONS)
        ledger.notice(_NO_SUBMISSIONS)
    submissions = [] if source is None else list(read_submissions(ledger, source, is_elsewhere=elsewhere))
    reviewers = list(_reviewers(ledger, tables["reviewers"], papers))
    others = list(_others(ledger, tables["people"])) if "people" in tables else []
    pairs = {
        stem: list(_pairs(ledger, tables[stem], pairs)) if stem in tables else [] for stem, pairs in _PAIRS.items()
    }
    report = ledger.settle(required, accept_rejects=accept_rejects)
    venue = Venue.of(
        name=facts.name or folder.resolve().name,
        papers=papers,
        people=[*(person for person, _ in reviewers), *others],
        reviewers=[reviewer for _, reviewer in reviewers],
        submissions=submissions,
        declared=pairs["conflicts"],
        bids=pairs["bids"],
        fixed=pairs["fixed"],
        assignments=pairs["assignments"],
        history=pairs["history"],
        recommendations=pairs["recommendations"],
        external_scores=pairs["scores"],
        deadline=facts.deadline,
        defaults=VenueDefaults(**facts.numbers),
    )
    choices = folder / _CHOICES_FILE
    return Loaded(venue, report, facts.numbers, choices if choices.is_file() else None)


# --- venue.toml -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Facts:
    name: str
    deadline: Deadline | None
    numbers: Mapping[str, int]


_NUMBERS: Final = ("reviews_per_submission", "max_load", "min_load")


def _facts(path: Path, ledger: Ledger) -> _Facts:
    if not path.is_file():
        ledger.notice(f"there is no {_FACTS_FILE}: the venue states no name, deadline, demand or loads")
        return _Facts("", None, {})
    text, content = _toml(path)
    known = ("name", "deadline", *_NUMBERS)
    for key in content:
        if key not in known:
            hint = f"{did_you_mean(key, known)}; known are {', '.join(known)}"
            raise _fault(path, text, key, f"unknown key{hint}")
    name = content.get("name", "")
    if not isinstance(name, str):
        raise _fault(path, text, "name", f"allowed is a text in quotes; got {name!r}")
    bounds = {setting.name: setting for setting in settings()}
    for key in _NUMBERS:
        low, high = int(bounds[key].low or 0), int(bounds[key].high or 0)
        if key in content and not (type(content[key]) is int and low <= content[key] <= high):
            raise _fault(path, text, key, f"allowed is a whole number from {low} to {high}; got {content[key]!r}")
    deadline = None
    if "deadline" in content:
        deadline = Deadline(_day(path, text, content["deadline"]), _FACTS_FILE)
    else:
        ledger.notice(f"{_FACTS_FILE} states no deadline, which conflict windows are counted from; pass --deadline")
    return _Facts(one_line(name), deadline, {key: content[key] for key in _NUMBERS if key in content})


def _toml(path: Path) -> tuple[str, dict[str, Any]]:
    """A TOML file's text and content."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise DataError(f"this is no UTF-8: {error}", file=path.name, remedy="save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"this is no TOML: {error}", file=path.name) from None
    except RecursionError:
        raise DataError("the TOML is nested too deeply", file=path.name) from None
    except OSError as error:
        raise DataError(f"the file cannot be read: {error.strerror or error}", file=path.name) from None


def _fault(path: Path, text: str, key: str, message: str) -> DataError:
    """An error at the line on which a key of a TOML text stands."""
    quoted = re.escape(key)
    found = re.search(rf"^[ \t]*(?:[\"']?{quoted}[\"']?[ \t]*[=.]|\[+[ \t]*{quoted}\b)", text, re.MULTILINE)
    line = text.count("\n", 0, found.start()) + 1 if found else None
    return DataError(message, file=path.name, line=line, field=key)


def _day(path: Path, text: str, value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise _fault(path, text, "deadline", f"'{value}' is no day of the calendar") from None
    raise _fault(path, text, "deadline", f"allowed is a full day such as 2025-01-31, without a time; got {value}")


# --- tables ---------------------------------------------------------------------------------------------------------


def _is_csv(path: Path) -> bool:
    return stem_of(path.name)[1] == ".csv"


def _papers(ledger: Ledger, path: Path) -> Iterator[Paper]:
    for row in ledger.rows(path, PUBLICATIONS, is_csv=_is_csv(path), is_required=True):
        if ledger.take(row, PUBLICATIONS):
            values = row.values
            yield Paper(
                id=PaperId(values["id"]),
                title=values["title"],
                abstract=values.get("abstract", ""),
                dates=values.get("date", ()),
                authors=values.get("authors", ()),
                published_in=values.get("published_in", ""),
                kind=values.get("kind", "other"),
                sources=values.get("source") or (SourceRef(row.file, row.line),),
                full_text=values.get("full_text", ""),
            )


def read_submissions(ledger: Ledger, path: Path, *, is_elsewhere: bool) -> Iterator[Submission]:
    """The submissions of a file in our own layout.

    Args:
        ledger: counts the rows.
        path: where the file is.
        is_elsewhere: whether it comes from outside the folder, under any name and in either format.
    """
    name, is_csv = (str(path), None) if is_elsewhere else (path.name, _is_csv(path))
    for row in ledger.rows(path, SUBMISSIONS, name=name, is_csv=is_csv, is_required=True):
        if ledger.take(row, SUBMISSIONS):
            values = row.values
            yield Submission(
                id=SubmissionId(values["id"]),
                title=values["title"],
                abstract=values.get("abstract", ""),
                authors=values.get("authors", ()),
                reviews_wanted=values.get("reviews_wanted"),
                load_weight=values.get("load_weight"),
                keywords=values.get("keywords", ()),
                status=values.get("status", "active"),
                track=values.get("track", ""),
                attributes=values.get("attributes", {}),
                full_text=values.get("full_text", ""),
            )


def _person(values: Mapping[str, Any]) -> Person:
    return Person(
        id=PersonId(values["id"]),
        names=tuple(dict.fromkeys((values["name"], *values.get("names", ())))),
        emails=values.get("emails", ()),
        affiliations=values.get("affiliations", ()),
        relations=values.get("relations", ()),
    )


def _reviewers(ledger: Ledger, path: Path, papers: Iterable[Paper]) -> Iterator[tuple[Person, Reviewer]]:
    written: dict[str, dict[PaperId, None]] = {}
    for paper in papers:
        for mention in paper.authors:
            if mention.person_id is not None:
                written.setdefault(mention.person_id, {})[paper.id] = None
    for row in ledger.rows(path, REVIEWERS, is_csv=_is_csv(path), is_required=True):
        values = row.values
        low, high = values.get("min_load"), values.get("max_load")
        if low is not None and high is not None and low > high:
            ledger.reject(row, REVIEWERS, "min_load", f"is {low}, more than max_load {high}")
            continue
        if "paper_ids" in values:
            listed = ledger.known_papers(row, "paper_ids", PUBLICATIONS)
        else:
            listed = tuple(sorted(written.get(values["id"], ())))
        if ledger.take(row, REVIEWERS):
            yield (
                _person(values),
                Reviewer(
                    person_id=PersonId(values["id"]),
                    paper_ids=listed,
                    interests=values.get("interests", ()),
                    max_load=high,
                    min_load=low,
                    invitation=values.get("invitation", "accepted"),
                    availability=values.get("availability", 1.0),
                    last_invited=values.get("last_invited"),
                    roles=values.get("roles", ()),
                    attributes=values.get("attributes", {}),
                ),
            )


def _others(ledger: Ledger, path: Path) -> Iterator[Person]:
    for row in ledger.rows(path, PEOPLE, is_csv=_is_csv(path)):
        if ledger.take(row, PEOPLE, beside=REVIEWERS):
            yield _person(row.values)


@dataclass(frozen=True, slots=True)
class _PairTable:
    """A table of pairs.

    Args:
        table: its fields.
        record: what a row becomes.
        key: the fields by which two rows are about the same thing and may not differ; empty where they may.
    """

    table: Table
    record: Callable[..., Any]
    key: tuple[str, ...] = ()


_PAIRS: Final[Mapping[str, _PairTable]] = {
    "conflicts": _PairTable(CONFLICTS, DeclaredConflict),
    "bids": _PairTable(BIDS, Bid, ("submission_id", "reviewer_id")),
    "fixed": _PairTable(FIXED, FixedPair, ("submission_id", "reviewer_id")),
    "assignments": _PairTable(ASSIGNMENTS, ExistingAssignment, ("submission_id", "reviewer_id", "role", "round")),
    "history": _PairTable(HISTORY, HistoryEntry, ("submission_id", "reviewer_id", "earlier_id")),
    "recommendations": _PairTable(RECOMMENDATIONS, Recommendation, ("submission_id", "reviewer_id", "by")),
    "scores": _PairTable(SCORES, ExternalScore, ("submission_id", "reviewer_id", "source")),
}


def _pairs(ledger: Ledger, path: Path, pairs: _PairTable) -> Iterator[Any]:
    earlier: dict[tuple[Any, ...], tuple[Any, int]] = {}
    for row in ledger.rows(path, pairs.table, is_csv=_is_csv(path)):
        named = (("submission_id", SUBMISSIONS), ("reviewer_id", REVIEWERS))
        faults = ((field, ledger.fault(table, row.values[field])) for field, table in named)
        field, fault = next(((field, fault) for field, fault in faults if fault), (None, None))
        record = pairs.record(**row.values)
        if fault is None and pairs.key:
            key = tuple(getattr(record, name) for name in pairs.key)
            first, line = earlier.setdefault(key, (record, row.line))
            if first != record:
                fault = f"contradicts line {line}, which is about the same pair"
        if fault is None:
            if isinstance(record, Bid):
                ledger.bid_lines[record.submission_id, record.reviewer_id] = row.line
            yield record
        else:
            ledger.reject(row, pairs.table, field, fault)
