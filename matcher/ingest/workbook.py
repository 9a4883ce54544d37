"""The workshop chair's way in: two spreadsheets, one of reviewers and one of submissions, become a venue.

Columns are guessed from their titles (`headings`), cells are read as people write them (`sheet_rows`, `byline`), and
this module puts both sheets together: ids, papers, people, conflicts. Every row is accounted for, every guess is given
back with its reason, and nothing that no cell says is added.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from matcher.errors import DataError
from matcher.identity import normalise_email, normalise_name
from matcher.ingest.check import normalise_title
from matcher.ingest.conflict_entries import Known, Named, named_in
from matcher.ingest.fields import FieldError, one_line
from matcher.ingest.headings import (
    REVIEWER_SHEET,
    SUBMISSION_SHEET,
    ColumnGuess,
    Columns,
    SheetKind,
    Wishes,
    find_columns,
    split_mapping,
)
from matcher.ingest.loading import FileCount, LoadReport, Reject
from matcher.ingest.sheet_rows import (
    CellReader,
    NameColumns,
    ReviewerRow,
    SubmissionRow,
    read_reviewer,
    read_submission,
)
from matcher.ingest.sheets import SheetRow, read_candidates
from matcher.records import (
    Affiliation,
    AuthorMention,
    Deadline,
    DeclaredConflict,
    Paper,
    PaperId,
    Person,
    PersonId,
    Relation,
    Reviewer,
    SourceRef,
    Submission,
    SubmissionId,
    Venue,
)

__all__ = ["STATEMENT_TITLE", "SheetsLoaded", "read_sheets"]

STATEMENT_TITLE: Final = "Stated expertise"
"""Title of the paper of kind `statement` that holds a reviewer's own words."""

_LISTED: Final = 8
"""Rows that one notice names before it says how many more there are."""

_WORDS_OF_A_TITLE: Final = 4
"""Words from which the same title in two rows means the same work; "Introduction" and "Editorial" do not."""

_YEARS_BETWEEN: Final = 2
"""Most years between two dates of one work, a preprint's and its proceedings'."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SheetsLoaded:
    """A venue as read from two sheets, and how it was read.

    Args:
        venue: the input of a match.
        report: what became of every row.
        mappings: what each column was taken for, by file (with the sheet, where a workbook has several).
    """

    venue: Venue
    report: LoadReport
    mappings: Mapping[str, tuple[ColumnGuess, ...]]


def read_sheets(
    reviewers: Path,
    submissions: Path,
    *,
    deadline: Deadline | None = None,
    mapping: Mapping[str, str] | None = None,
) -> SheetsLoaded:
    """Read a venue from a sheet of reviewers and a sheet of submissions.

    Each file is an .xlsx workbook (of several sheets the one whose header fits best), or CSV or tab-separated text;
    both sheets may stand in one workbook. Rows that cannot be taken are listed in the report.

    Args:
        reviewers: one reviewer a row: name, addresses, publications, expertise, loads, conflicts.
        submissions: one submission a row: title, abstract, authors.
        deadline: passed on to the venue; nothing stands in for it, and no window can be counted without it.
        mapping: column titles by field, for columns that cannot be guessed.

    Returns:
        The venue, what became of every row, and what each column was taken for.

    Raises:
        DataError: a file cannot be read, has no header or no column that is needed, or none of its rows is good.
        MissingExtraError: a file is a workbook, and the package that reads those is not installed.

    Example::

        loaded = read_sheets(Path("reviewers.xlsx"), Path("submissions.csv"))
        for guess in loaded.mappings["reviewers.xlsx"]:
            print(guess.header, guess.field, guess.why)
    """
    wishes = split_mapping(mapping or {})
    has_twins = reviewers.name == submissions.name and reviewers != submissions
    people = _open(reviewers, REVIEWER_SHEET, wishes[0], str(reviewers) if has_twins else reviewers.name)
    talks = _open(submissions, SUBMISSION_SHEET, wishes[1], str(submissions) if has_twins else submissions.name)
    if people.label == talks.label:
        raise DataError(
            "reviewers and submissions would be read from the same sheet",
            file=people.label,
            remedy="give two files, or a workbook with a sheet for each",
        )
    _refuse_unmet(wishes[0], (people, talks))
    names = NameColumns.of(people.columns)
    if names.name_is != "full":
        people.notice(f"the column for names holds {names.name_is} names only")
    reviewer_rows = _one_row_each(
        people, people.read(lambda cells, raw: read_reviewer(cells, names, raw)), _reviewer_keys, _join_reviewers
    )
    submission_rows = _one_row_each(talks, talks.read(read_submission), _submission_keys, _join_submissions)
    people.refuse_none()
    talks.refuse_none()
    venue = _Assembly(people, talks, reviewer_rows, submission_rows).venue(submissions.stem, deadline)
    return SheetsLoaded(
        venue=venue,
        report=LoadReport(
            files=(people.count(), talks.count()),
            rejects=(*people.sorted_rejects(), *talks.sorted_rejects()),
            notices=(*people.notices, *talks.notices),
        ),
        mappings=MappingProxyType({people.label: people.columns.guesses, talks.label: talks.columns.guesses}),
    )


# --- one sheet ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Table:
    """One sheet, and the account of its rows.

    Args:
        columns: the sheet with its columns.
    """

    columns: Columns
    numbers: list[int] = field(init=False, default_factory=list)
    rejects: list[Reject] = field(init=False, default_factory=list)
    notices: list[str] = field(init=False, default_factory=list)

    @property
    def label(self) -> str:
        return self.columns.sheet.label

    def notice(self, text: str) -> None:
        """Tell the chair something for which no row is rejected."""
        self.notices.append(f"{self.label}: {text}")

    def read(self, read_row: Callable[[CellReader, str], T]) -> Iterator[T]:
        """The good rows; the others are rejected."""
        kept: Counter[str] = Counter()
        untitled: list[int] = []
        header = self.columns.header
        for row in self.columns.rows:
            if row.cells == header.cells:
                self.notice(f"row {row.number} is the header once more and is passed over")
                continue
            self.numbers.append(row.number)
            cells = CellReader(self.columns, row)
            raw = "\t".join(row.cells)
            try:
                self._refuse_faults(row)
                found = read_row(cells, raw)
            except FieldError as error:
                self.reject(row.number, error.path or None, error.reason, raw)
                continue
            kept.update(cells.attributes().keys())
            if any(text and not header.cell(column) for column, text in enumerate(row.cells)):
                untitled.append(row.number)
            yield found
        if kept:
            self.notice("kept as attributes: " + ", ".join(f"'{name}' ({kept[name]})" for name in sorted(kept)))
        if untitled:
            self.notice(f"cells in columns without a title are not read, in {_rows(untitled)}")

    def _refuse_faults(self, row: SheetRow) -> None:
        """Refuse a row that was cut in wrong places, or with a cell that cannot be read in a column that matters."""
        width = len(self.columns.header.cells)
        if self.columns.sheet.is_text and any(row.cells[width:]):
            raise FieldError(
                f"the row has {len(row.cells)} cells, the header has {width}: a cell that holds a separator needs "
                "quotes around it"
            )
        field_of = {column: name for name, columns in self.columns.fields.items() for column in columns}
        for column in sorted(row.faults):
            if column in field_of:
                raise FieldError(row.faults[column], field_of[column])
            self.notice(f"row {row.number}: {row.faults[column]}; not read")

    def reject(self, number: int, name: str | None, reason: str, raw: str) -> None:
        """Do not take a row; the reason also names the column."""
        columns = self.columns.fields.get(name or "", ())
        titles = " and ".join(f"'{one_line(self.columns.header.cell(column))}'" for column in columns)
        self.rejects.append(Reject(self.label, number, name, f"{reason} (column {titles})" if titles else reason, raw))

    def refuse_none(self) -> None:
        """Refuse a sheet without a good row."""
        if not self.numbers:
            header = self.columns.header.number
            raise DataError("no row stands below the header", file=self.label, line=header, remedy="add at least one")
        if len(self.rejects) == len(self.numbers):
            first = self.sorted_rejects()[0]
            raise DataError(
                f"no row of {len(self.numbers)} can be used; the first: {first.reason}",
                file=self.label,
                line=first.line,
                field=first.field,
            )

    def sorted_rejects(self) -> tuple[Reject, ...]:
        """The rejects by row."""
        return tuple(sorted(self.rejects, key=lambda reject: reject.line))

    def count(self) -> FileCount:
        """How many rows were read, accepted and rejected."""
        read, rejected = len(self.numbers), len(self.rejects)
        return FileCount(self.label, read, read - rejected, rejected)


def _open(path: Path, kind: SheetKind, wishes: Wishes, name: str) -> _Table:
    candidates = read_candidates(path, name=name)
    columns, others = find_columns(candidates, kind, wishes)
    table = _Table(columns)
    for text in columns.notices:
        table.notice(text)
    if others:
        named = ", ".join(f"'{other.label}'" for other in others)
        table.notice(f"other sheets that hold {kind.name} too are not read: {named}")
    if columns.header is not columns.sheet.rows[0]:
        table.notice(f"the header is row {columns.header.number}; what stands above it is not read")
    return table


def _refuse_unmet(wishes: Wishes, tables: Iterable[_Table]) -> None:
    """Refuse a column title that the user named for both sheets and that neither has."""
    for wished in sorted(wishes.optional):
        if not any(wished in table.columns.told for table in tables):
            title = wishes.titles[wished]
            raise DataError(
                f"neither sheet has a column '{title}'", field=wished, remedy="copy the title from the sheet"
            )


def _rows(numbers: Iterable[int]) -> str:
    listed = sorted(set(numbers))
    more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    return f"row{'s' if len(listed) > 1 else ''} {', '.join(map(str, listed[:_LISTED]))}{more}"


# --- several rows for one reviewer or one submission ----------------------------------------------------------------

R = TypeVar("R", bound=ReviewerRow | SubmissionRow)


def _one_row_each(
    table: _Table, rows: Iterable[R], keys: Callable[[R], Iterable[str]], join: Callable[[R, R], R | FieldError]
) -> list[R]:
    """Join the rows that are about one reviewer or submission: with a key in common, or with one merged first cell."""
    fields = table.columns.fields
    merging = next(fields[name][0] for name in ("title", "name", "family") if name in fields)
    found: dict[int, R] = {}
    holder_of: dict[str, int] = {}
    joined: dict[int, list[int]] = {}
    for row in rows:
        names = [f"merged {table.columns.sheet.first_of_merged(merging, row.number)}", *keys(row)]
        holder = next((holder_of[name] for name in names if name in holder_of), None)
        if holder is None:
            holder = row.number
            found[holder] = row
        else:
            both = join(found[holder], row)
            if isinstance(both, FieldError):
                table.reject(row.number, both.path, both.reason, row.raw)
                continue
            found[holder] = both
            joined.setdefault(holder, [holder]).append(row.number)
        for name in names:
            holder_of.setdefault(name, holder)
    for numbers in joined.values():
        table.notice(f"{_rows(numbers)} are about one of the {table.columns.kind.name} and are read together")
    return list(found.values())


def _reviewer_keys(row: ReviewerRow) -> Iterator[str]:
    """One name with one address, or twice the same row."""
    yield f"row {row.raw}"
    for email in row.emails:
        yield f"person {normalise_name(row.name)} {normalise_email(email)}"


def _submission_keys(row: SubmissionRow) -> Iterator[str]:
    """One id; joining then asks for one title. Without ids, twice the same row."""
    yield f"id {row.own_id}" if row.own_id else f"row {row.raw}"


def _join_reviewers(one: ReviewerRow, other: ReviewerRow) -> ReviewerRow | FieldError:
    for name in ("max_load", "min_load"):
        before, after = getattr(one, name), getattr(other, name)
        if before is not None and after is not None and before != after:
            return FieldError(f"is {after}, but {before} in row {one.number}, which is about the same reviewer", name)
    return replace(
        one,
        emails=_union(one.emails, other.emails),
        affiliations=_union(one.affiliations, other.affiliations),
        publications=_union(one.publications, other.publications),
        expertise=_union(one.expertise, other.expertise),
        interests=_union(one.interests, other.interests),
        max_load=other.max_load if one.max_load is None else one.max_load,
        min_load=other.min_load if one.min_load is None else one.min_load,
        conflicts=_union(one.conflicts, other.conflicts),
        attributes={**other.attributes, **one.attributes},
        remarks=_union(one.remarks, other.remarks),
    )


def _join_submissions(one: SubmissionRow, other: SubmissionRow) -> SubmissionRow | FieldError:
    if normalise_title(one.title) != normalise_title(other.title):
        return FieldError(f"'{other.own_id}' is the id of row {one.number} already; give each its own", "id")
    if one.own_id and other.own_id and one.own_id != other.own_id:
        return FieldError(f"is '{other.own_id}', but '{one.own_id}' in row {one.number} with the same title cell", "id")
    if None not in (one.reviews_wanted, other.reviews_wanted) and one.reviews_wanted != other.reviews_wanted:
        return FieldError(f"is {other.reviews_wanted}, but {one.reviews_wanted} in row {one.number}", "reviews_wanted")
    return replace(
        one,
        own_id=one.own_id or other.own_id,
        abstract=one.abstract or other.abstract,
        authors=_union(one.authors, other.authors),
        loose_emails=_union(one.loose_emails, other.loose_emails),
        keywords=_union(one.keywords, other.keywords),
        track=one.track or other.track,
        reviews_wanted=other.reviews_wanted if one.reviews_wanted is None else one.reviews_wanted,
        conflicts=_union(one.conflicts, other.conflicts),
        attributes={**other.attributes, **one.attributes},
        remarks=_union(one.remarks, other.remarks),
    )


def _union(one: Sequence[T], other: Sequence[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys((*one, *other)))


# --- both sheets together -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Assembly:
    """Puts the rows of both sheets together.

    Args:
        people: the sheet of reviewers.
        talks: the sheet of submissions.
        reviewer_rows: one for each reviewer.
        submission_rows: one for each submission.
    """

    people: _Table
    talks: _Table
    reviewer_rows: list[ReviewerRow]
    submission_rows: list[SubmissionRow]
    rows: dict[PersonId, ReviewerRow] = field(init=False, default_factory=dict)
    others: dict[PersonId, Person] = field(init=False, default_factory=dict)
    unmatched: dict[str, int] = field(init=False, default_factory=dict)
    submissions_called: dict[str, SubmissionId] = field(init=False, default_factory=dict)

    def venue(self, name: str, deadline: Deadline | None) -> Venue:
        """The venue."""
        self.rows = self._reviewer_ids()
        known = Known.of(self.rows, self.submission_rows)
        submission_ids = self._submission_ids()
        for submission_id, row in submission_ids.items():
            self.submissions_called |= {submission_id.casefold(): submission_id, row.title.casefold(): submission_id}
        persons = [self._person(reviewer_id, row, known) for reviewer_id, row in self.rows.items()]
        papers = {reviewer_id: self._papers(reviewer_id, row) for reviewer_id, row in self.rows.items()}
        papers = self._joint(papers)
        declared = [
            conflict
            for submission_id, row in submission_ids.items()
            for conflict in self._declared(submission_id, row, known)
        ]
        declared += [
            DeclaredConflict(submission_id, reviewer_id, f"{self.people.label}:{row.number}: listed as a conflict")
            for reviewer_id, row in self.rows.items()
            for submission_id in dict.fromkeys(
                one for entry in row.conflicts for one in self._without_submissions(entry)[1]
            )
        ]
        self._remark(papers)
        return Venue.of(
            name=name,
            papers={paper.id: paper for owned in papers.values() for paper in owned}.values(),
            people=[*persons, *self.others.values()],
            reviewers=[
                Reviewer(
                    person_id=reviewer_id,
                    paper_ids=tuple(paper.id for paper in papers[reviewer_id]),
                    interests=row.interests,
                    max_load=row.max_load,
                    min_load=row.min_load,
                    attributes=row.attributes,
                )
                for reviewer_id, row in self.rows.items()
            ],
            submissions=[
                Submission(
                    id=submission_id,
                    title=row.title,
                    abstract=row.abstract,
                    authors=row.authors,
                    reviews_wanted=row.reviews_wanted,
                    keywords=row.keywords,
                    track=row.track,
                    attributes=row.attributes,
                )
                for submission_id, row in submission_ids.items()
            ],
            declared=declared,
            deadline=deadline,
        )

    # --- ids ---

    def _reviewer_ids(self) -> dict[PersonId, ReviewerRow]:
        """An id from each name, numbered where several have it; the order of rows plays no part."""
        ids: dict[PersonId, ReviewerRow] = {}
        for row in sorted(self.reviewer_rows, key=lambda row: (_slug(row.name), row.emails, row.raw)):
            ids[_free(_slug(row.name), ids)] = row
        return ids

    def _submission_ids(self) -> dict[SubmissionId, SubmissionRow]:
        """The sheet's own ids; else s1, s2, … by row."""
        ids = {SubmissionId(row.own_id): row for row in self.submission_rows if row.own_id}
        for row in self.submission_rows:
            if not row.own_id:
                ids[SubmissionId(_free(f"s{self.talks.numbers.index(row.number) + 1}", ids))] = row
        if "id" in self.talks.columns.fields:
            nameless = [row.number for row in self.submission_rows if not row.own_id]
            if nameless:
                self.talks.notice(f"no id, so one is made from the row: {_rows(nameless)}")
        return ids

    # --- papers ---

    def _papers(self, reviewer_id: PersonId, row: ReviewerRow) -> list[Paper]:
        """Publications as listed; the reviewer's own words become one paper of kind `statement`."""
        own = AuthorMention(name=row.name, person_id=reviewer_id)
        source = SourceRef(self.people.label, row.number)
        papers = [
            Paper(
                id=PaperId(f"{reviewer_id}-p{number}"),
                title=listed.title,
                abstract=listed.abstract,
                dates=(listed.date,) if listed.date else (),
                authors=(own,),
                published_in=listed.published_in,
                kind="other",
                sources=(source,),
            )
            for number, listed in enumerate(row.publications, start=1)
        ]
        if row.expertise:
            papers.append(
                Paper(
                    id=PaperId(f"{reviewer_id}-statement"),
                    title=STATEMENT_TITLE,
                    abstract="\n".join(row.expertise),
                    authors=(own,),
                    kind="statement",
                    sources=(source,),
                )
            )
        return papers

    def _joint(self, papers: Mapping[PersonId, list[Paper]]) -> dict[PersonId, list[Paper]]:
        """Make one paper of a title that several reviewers list, so that they are known to be its authors."""
        groups: dict[str, list[Paper]] = {}
        for owned in papers.values():
            for paper in owned:
                if paper.kind != "statement" and len(paper.title.split()) >= _WORDS_OF_A_TITLE:
                    groups.setdefault(normalise_title(paper.title), []).append(paper)
        joint: dict[PaperId, Paper] = {}
        shared: dict[str, None] = {}
        for same in groups.values():
            dates = sorted({day for paper in same for day in paper.dates}, key=str)
            if len(same) < 2 or any(later.year - earlier.year > _YEARS_BETWEEN for earlier, later in pairwise(dates)):
                continue
            merged = replace(
                same[0],
                abstract=next((paper.abstract for paper in same if paper.abstract), ""),
                dates=tuple(dates),
                authors=_union((), [author for paper in same for author in paper.authors]),
                published_in=next((paper.published_in for paper in same if paper.published_in), ""),
                sources=_union((), [source for paper in same for source in paper.sources]),
            )
            joint.update((paper.id, merged) for paper in same)
            if len(merged.authors) > 1:
                shared[f"'{merged.title}' ({', '.join(author.name for author in merged.authors)})"] = None
        if shared:
            more = f"; and {len(shared) - _LISTED} more" if len(shared) > _LISTED else ""
            listed = "; ".join([*shared][:_LISTED])
            self.people.notice(f"listed by several reviewers and taken for their joint work: {listed}{more}")
        return {
            reviewer_id: list({joint.get(paper.id, paper).id: joint.get(paper.id, paper) for paper in owned}.values())
            for reviewer_id, owned in papers.items()
        }

    # --- people and conflicts ---

    def _person(self, reviewer_id: PersonId, row: ReviewerRow, known: Known) -> Person:
        affiliations = list(row.affiliations)
        relations: list[Relation] = []
        evidence = f"listed as a conflict in {self.people.label}:{row.number}"
        entries = [self._without_submissions(entry)[0] for entry in row.conflicts]
        for named in (named for entry in entries if entry for named in named_in(entry, known)):
            kind, value = named
            if kind in ("organisation", "domain"):
                organisation, domain = (value, None) if kind == "organisation" else ("", value)
                affiliations.append(Affiliation(organisation=organisation, domain=domain, role="declared conflict"))
                is_matched = known.is_somewhere(named)
            else:
                other_id, other = self._other(named, known)
                is_matched = other_id is not None or normalise_name(other) in known.names
                if other_id != reviewer_id:
                    relations.append(Relation(kind="other", other=other, other_id=other_id, evidence=evidence))
            if not is_matched:
                self.unmatched[value] = row.number
        if affiliations:
            # Rules look at addresses only where no affiliation is known, and one in a conflict is none of theirs.
            domains = dict.fromkeys(email.rpartition("@")[2] for email in row.emails)
            listed = {affiliation.domain for affiliation in affiliations}
            affiliations += [Affiliation(domain=each, role="e-mail address") for each in domains if each not in listed]
        return Person(
            id=reviewer_id,
            names=(row.name,),
            emails=row.emails,
            affiliations=tuple(dict.fromkeys(affiliations)),
            relations=tuple(dict.fromkeys(relations)),
        )

    def _other(self, named: Named, known: Known) -> tuple[PersonId | None, str]:
        """Who an entry names: by an address surely, by a name as far as `identity` can tell later."""
        kind, value = named
        if kind == "name":
            return None, value
        for reviewer_id in known.reviewers(named):
            return reviewer_id, self.rows[reviewer_id].name
        author = known.author_of.get(normalise_email(value))
        if author is None:
            return None, value
        own = next((person.id for person in self.others.values() if value in person.emails), None)
        if own is None:
            own = _free(_slug(author), [*self.rows, *self.others])
            self.others[own] = Person(id=own, names=(author,), emails=(value,))
        return own, author

    def _without_submissions(self, entry: str) -> tuple[str, list[SubmissionId]]:
        """A cell of a reviewer's conflicts without the ids and titles of submissions, and those."""
        parts = [part.strip() for part in re.split(r"[;,\n]", entry)]
        called = [self.submissions_called.get(part.casefold()) for part in (*parts, entry.strip())]
        found = list(dict.fromkeys(one for one in called if one is not None))
        rest = [part for part, one in zip(parts, called, strict=False) if one is None]
        return ("" if called[-1] is not None else "; ".join(rest) if found else entry), found

    def _declared(self, submission_id: SubmissionId, row: SubmissionRow, known: Known) -> Iterator[DeclaredConflict]:
        place = f"{self.talks.label}:{row.number}"
        for named in (named for entry in row.conflicts for named in named_in(entry, known)):
            found = known.reviewers(named)
            for reviewer_id in found:
                yield DeclaredConflict(submission_id, reviewer_id, f"{place}: '{named[1]}' is listed as a conflict")
            if not found:
                self.talks.notice(f"row {row.number}: the conflict '{named[1]}' is with nobody among the reviewers")
        for address in row.loose_emails:
            for reviewer_id in known.reviewers(("address", address)):
                reason = f"{place}: the reviewer's address stands among those of the authors"
                yield DeclaredConflict(submission_id, reviewer_id, reason)

    # --- remarks ---

    def _remark(self, papers: Mapping[PersonId, list[Paper]]) -> None:
        """Tell the chair what was odd, by row and then as a whole."""
        for row in self.reviewer_rows:
            for remark in row.remarks:
                self.people.notice(f"row {row.number}: {remark}")
        for value, number in self.unmatched.items():
            self.people.notice(f"row {number}: the conflict '{value}' is with nobody and no organisation in the sheets")
        silent = [row.number for reviewer_id, row in self.rows.items() if not papers[reviewer_id]]
        if silent:
            self.people.notice(f"neither publications nor stated expertise in {_rows(silent)}")
        self._remark_alike()
        for submission in self.submission_rows:
            for remark in submission.remarks:
                self.talks.notice(f"row {submission.number}: {remark}")
        nameless = [submission.number for submission in self.submission_rows if not submission.authors]
        if nameless:
            self.talks.notice(f"no authors, so no conflicts can be found, in {_rows(nameless)}")

    def _remark_alike(self) -> None:
        """Name reviewers who share a name or an address."""
        by_name: dict[str, list[int]] = {}
        by_address: dict[str, list[int]] = {}
        for row in self.rows.values():
            by_name.setdefault(normalise_name(row.name), []).append(row.number)
            for email in row.emails:
                by_address.setdefault(normalise_email(email), []).append(row.number)
        for numbers in by_name.values():
            if len(numbers) > 1:
                self.people.notice(f"{_rows(numbers)} have the same name and are taken for different people")
        for address, numbers in by_address.items():
            if len(numbers) > 1:
                self.people.notice(f"{_rows(numbers)} have the same address, {address}")


def _slug(name: str) -> PersonId:
    return PersonId(normalise_name(name).replace(" ", "-") or "reviewer")


def _free(wanted: str, taken: Container[str]) -> PersonId:
    """The id wanted, with a counter where it is taken."""
    candidate, number = wanted, 1
    while candidate in taken:
        number += 1
        candidate = f"{wanted}-{number}"
    return PersonId(candidate)
