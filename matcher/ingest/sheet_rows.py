"""One row of a chair's sheet: what its cells say about a reviewer or a submission.

Nothing is looked up here and nobody is compared with anybody; that needs both sheets and is `workbook`'s part. What a
row may not say raises `FieldError`, and the row is rejected; what is only odd is remarked, and the row is taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from matcher.identity import normalise_name
from matcher.ingest.byline import addresses_in, entries_of, read_byline, read_person
from matcher.ingest.fields import AFFILIATIONS, ID, TITLE, FieldError, one_line, whole_number
from matcher.ingest.headings import Columns
from matcher.ingest.sheets import SheetRow
from matcher.records import Affiliation, AuthorMention, PartialDate

__all__ = [
    "NOTHING",
    "CellReader",
    "NameColumns",
    "Publication",
    "ReviewerRow",
    "SubmissionRow",
    "read_publication",
    "read_reviewer",
    "read_submission",
]

NOTHING: Final = frozenset(
    ("-", "–", "—", "/", ".", "?", "n/a", "n.a.", "na", "nil", "no", "none", "null", "yes", "keine", "aucun", "ninguno")
)
"""Words that say that there is nothing to say, in small letters."""


@dataclass(frozen=True, slots=True)
class CellReader:
    """The cells of one row by field.

    Args:
        columns: where the fields are.
        row: the row.
    """

    columns: Columns
    row: SheetRow

    def texts(self, field: str) -> tuple[str, ...]:
        """The cells of a field that are not empty, each text once."""
        cells = (self.row.cell(column) for column in self.columns.fields.get(field, ()))
        return tuple(dict.fromkeys(cell for cell in cells if cell))

    def text(self, field: str) -> str:
        """All cells of a field as one text, one a line."""
        return "\n".join(self.texts(field))

    def attributes(self) -> dict[str, str]:
        """What columns without a field hold, by their title."""
        cells = ((name, self.row.cell(column)) for column, name in self.columns.attributes.items())
        return {name: cell for name, cell in cells if cell}

    def number(self, field: str) -> int | None:
        """A whole number, or `None` for an empty cell.

        Raises:
            FieldError: the cell holds something else.
        """
        text = self.text(field)
        if not text:
            return None
        try:
            number: int = whole_number().from_cell(text)
        except FieldError as error:
            raise error.inside(field) from None
        return number


def _is_something(text: str) -> bool:
    return text.casefold() not in NOTHING and any(letter.isalnum() for letter in text)


# --- publications ---------------------------------------------------------------------------------------------------

_YEAR: Final = r"(?P<year>(?:19|20)\d\d)"
_ANY_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_IN_BRACKETS: Final = re.compile(rf"(?P<title>.+?)[\s,.]*[(\[](?P<venue>[^()\[\]]*?)[\s,'’]*{_YEAR}[)\]]\.?")
_BEHIND_A_COMMA: Final = re.compile(rf"(?P<title>.+),\s*{_YEAR}\.?")
_BEHIND_A_SENTENCE: Final = re.compile(rf"(?P<title>.+[.?!])\s+(?P<venue>[^.?!,\d]*?)[\s,]*(?<!\d){_YEAR}\.?")
_BULLET: Final = re.compile(r"(?:[-–•*·]|\(?\d{1,3}[.)]|\[\d{1,3}\])\s+")
_TIME_WORDS: Final = frozenset(
    ("in", "of", "to", "since", "from", "until", "till", "by", "after", "before", "and", "year")
)
"""Words before a year that belong to the title: "Trends from 2000 to 2020"."""
_QUOTES: Final = ('""', "“”", "„“", "«»", "''", "‘’")
_QUOTE: Final = re.compile('["“”„«»]')
_SHORTEST_TITLE_WORDS: Final = 3
_LONGEST_VENUE_WORDS: Final = 8


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication as listed in a cell."""

    title: str
    published_in: str = ""
    date: PartialDate | None = None
    abstract: str = ""


def read_publication(text: str) -> Publication:
    """Read one entry of a list of publications; the year at its end is taken only where it can be nothing else.

    >>> read_publication("Sparse training (2023)").date, read_publication("Energy demand in 2050").date
    (PartialDate(year=2023, month=None, day=None), None)
    >>> read_publication("Learning to prune large nets. NeurIPS 2023").published_in
    'NeurIPS'
    """
    text = _BULLET.sub("", one_line(text), count=1) if _BULLET.match(one_line(text)) else one_line(text)
    plain = Publication(_without_quotes(text))
    for pattern in (_IN_BRACKETS, _BEHIND_A_SENTENCE, _BEHIND_A_COMMA):
        found = pattern.fullmatch(text)
        if found is None:
            continue
        groups = found.groupdict()
        venue = (groups.get("venue") or "").strip(" ,")
        years = _ANY_YEAR.findall(venue if pattern is _IN_BRACKETS else text)
        words = venue.casefold().split()
        if len(years) > (pattern is not _IN_BRACKETS) or (words and words[-1] in _TIME_WORDS):
            return plain
        title = found["title"]
        if pattern is _BEHIND_A_SENTENCE and venue and not _is_before_venue(title, venue):
            title, venue = f"{title} {venue}", ""
        if not any(letter.isalpha() for letter in title):
            return plain
        return Publication(_without_quotes(title), venue, PartialDate(int(found["year"])))
    return plain


def _is_before_venue(sentence: str, venue: str) -> bool:
    """Whether a sentence is the title and the words behind it a venue; else they may be the title themselves."""
    before, words = sentence.split(), venue.split()
    if before[-1].strip(".").casefold() == "al" or len(before[-1].strip(".")) == 1:
        return False  # "Author et al." and "Author, A." are no titles
    if len(words) == 1 and sum(letter.isupper() for letter in venue) > 1:  # NeurIPS, ACL
        return True
    return max(_SHORTEST_TITLE_WORDS, len(words)) <= len(before) and len(words) <= _LONGEST_VENUE_WORDS


def _without_quotes(title: str) -> str:
    """The title without quotes around the whole of it, and without its full stop."""
    title = title.strip()
    if len(title) > 2 and title[0] + title[-1] in _QUOTES and not _QUOTE.search(title[1:-1]):
        title = title[1:-1].strip()
    return title[:-1] if title.endswith(".") and not title.endswith("..") else title


# --- reviewers ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NameColumns:
    """How the columns for names work together in one sheet.

    Args:
        name_is: what a column "Name" holds: the `full` name, the `family` name beside a column for given names, or
            the `given` name beside one for family names.
    """

    name_is: str = "full"

    @classmethod
    def of(cls, columns: Columns) -> NameColumns:
        """Find out from the cells: a full name contains the other column's part."""
        has = columns.fields.keys() & {"name", "given", "family"}
        for part, other in (("family", "given"), ("given", "family")):
            if has == {"name", other}:
                rows = [CellReader(columns, row) for row in columns.rows]
                filled = [(cells.text("name"), cells.text(other)) for cells in rows]
                filled = [(name, known) for name, known in filled if name and known]
                containing = sum(known.casefold() in name.casefold() for name, known in filled)
                return cls("full" if 2 * containing >= len(filled) else part)
        return cls()

    def read(self, cells: CellReader) -> str:
        """The name in a row, as one text; empty where there is none."""
        name, given, family = (cells.text(part).strip() for part in ("name", "given", "family"))
        if self.name_is == "family":
            name, family = "", name
        elif self.name_is == "given":
            name, given = "", name
        if name:
            return name
        if not given and not family:
            return ""
        return " ".join(part for part in (given, cells.text("middle"), family) if part)


@dataclass(frozen=True, slots=True)
class ReviewerRow:
    """What a row says about a reviewer.

    Args:
        number: the row.
        name: given name first.
        emails: in small letters.
        affiliations: as written.
        publications: as listed.
        expertise: their own words, one text a field.
        interests: the same words, where they are a list.
        max_load: submissions.
        min_load: submissions.
        conflicts: entries as written.
        attributes: what is kept.
        remarks: what is odd.
        raw: the row as written.
    """

    number: int
    name: str
    emails: tuple[str, ...]
    affiliations: tuple[Affiliation, ...]
    publications: tuple[Publication, ...]
    expertise: tuple[str, ...]
    interests: tuple[str, ...]
    max_load: int | None
    min_load: int | None
    conflicts: tuple[str, ...]
    attributes: Mapping[str, str]
    remarks: tuple[str, ...]
    raw: str


def read_reviewer(cells: CellReader, names: NameColumns, raw: str) -> ReviewerRow:
    """Read a row about a reviewer.

    Raises:
        FieldError: the name is missing or is that of several people, or a load is no whole number.
    """
    written = names.read(cells)
    if not written:
        raise FieldError("is missing", "name")
    person = read_person(written)
    if person is None:
        raise FieldError(f"allowed is the name of one person; got '{one_line(written)}'", "name")
    emails, bad = addresses_in(cells.text("email"))
    remarks = [f"'{address}' is no e-mail address and is not used" for address in bad]
    if not emails and not bad and _is_something(cells.text("email")):
        remarks.append(f"'{one_line(cells.text('email'))}' is no e-mail address and is not used")
    if person.email:
        emails = tuple(dict.fromkeys((*emails, person.email)))
    organisations = [entry for entry in entries_of(cells.text("affiliation")) if _is_something(entry)]
    if person.affiliation and person.affiliation not in organisations:
        organisations.append(person.affiliation)
    publications, expertise = _texts(cells, remarks)
    max_load, min_load = cells.number("max_load"), cells.number("min_load")
    if max_load is not None and min_load is not None and min_load > max_load:
        raise FieldError(f"is {min_load}, more than the maximum load {max_load}", "min_load")
    attributes = cells.attributes()
    if cells.text("track"):
        attributes["track"] = one_line(cells.text("track"))
    return ReviewerRow(
        number=cells.row.number,
        name=person.name,
        emails=emails,
        affiliations=tuple(dict.fromkeys(found for entry in organisations for found in AFFILIATIONS.from_cell(entry))),
        publications=publications,
        expertise=expertise,
        interests=tuple(dict.fromkeys(word for cell in cells.texts("keywords") for word in _words(cell))),
        max_load=max_load,
        min_load=min_load,
        conflicts=tuple(dict.fromkeys(entry for cell in cells.texts("conflicts") for entry in entries_of(cell))),
        attributes=attributes,
        remarks=tuple(remarks),
        raw=raw,
    )


def _words(cell: str) -> list[str]:
    """Keywords: separated by semicolons or line breaks, or else by commas."""
    entries = entries_of(cell)
    if len(entries) == 1:
        entries = re.split(r"[,，、]", cell)
    return [one_line(_BULLET.sub("", entry.strip(), count=1)) for entry in entries if _is_something(entry.strip())]


def _titles(cell: str) -> list[str]:
    """Publications: one a line where there are lines, since titles may hold semicolons; else between semicolons."""
    if "\n" in cell:
        return [line.strip(" ;") for line in cell.split("\n") if line.strip(" ;")]
    return entries_of(cell)


def _texts(cells: CellReader, remarks: list[str]) -> tuple[tuple[Publication, ...], tuple[str, ...]]:
    """Publications with their abstracts, and what the reviewer says of themselves."""
    listed = [entry for cell in cells.texts("publications") for entry in _titles(cell)]
    publications = [read_publication(entry) for entry in listed if _is_something(entry)]
    publications = [each for each in publications if each.title]
    expertise = [cell for field in ("statement", "keywords") for cell in cells.texts(field) if _is_something(cell)]
    text = cells.text("abstracts")
    abstracts = [line.strip() for line in text.split("\n") if line.strip()]
    if publications and len(publications) == len(abstracts):
        publications = [
            replace(each, abstract=abstract) for each, abstract in zip(publications, abstracts, strict=True)
        ]
    elif len(publications) == 1 and abstracts:
        publications = [replace(publications[0], abstract=text)]
    elif abstracts:
        if publications:
            remarks.append(
                f"{len(abstracts)} abstracts for {len(publications)} publications: they are read as stated expertise"
            )
        expertise.append(text)
    return tuple(dict.fromkeys(publications)), tuple(dict.fromkeys(expertise))


# --- submissions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """What a row says about a submission.

    Args:
        number: the row.
        own_id: the sheet's own id; empty where it gives none.
        title: on one line.
        abstract: may be empty.
        authors: in byline order.
        loose_emails: addresses that could not be told to be one author's.
        keywords: as the authors chose them.
        track: may be empty.
        reviews_wanted: reviews.
        conflicts: entries as written.
        attributes: what is kept.
        remarks: what is odd.
        raw: the row as written.
    """

    number: int
    own_id: str
    title: str
    abstract: str
    authors: tuple[AuthorMention, ...]
    loose_emails: tuple[str, ...]
    keywords: tuple[str, ...]
    track: str
    reviews_wanted: int | None
    conflicts: tuple[str, ...]
    attributes: Mapping[str, str]
    remarks: tuple[str, ...]
    raw: str


def read_submission(cells: CellReader, raw: str) -> SubmissionRow:
    """Read a row about a submission.

    Raises:
        FieldError: the title is missing, or a number or an id is none.
    """
    if not cells.text("title"):
        raise FieldError("is missing", "title")
    byline = _Authors(cells)
    abstract = cells.text("abstract")
    return SubmissionRow(
        number=cells.row.number,
        own_id=_id(cells.text("id")),
        title=TITLE.from_cell(cells.text("title")),
        abstract=abstract if _is_something(abstract) else "",
        authors=tuple(byline.people),
        loose_emails=tuple(byline.loose),
        keywords=tuple(dict.fromkeys(word for cell in cells.texts("keywords") for word in _words(cell))),
        track=one_line(cells.text("track")),
        reviews_wanted=cells.number("reviews_wanted"),
        conflicts=tuple(dict.fromkeys(entry for cell in cells.texts("conflicts") for entry in entries_of(cell))),
        attributes=cells.attributes() | byline.kept,
        remarks=tuple(byline.remarks),
        raw=raw,
    )


def _id(text: str) -> str:
    if not text:
        return ""
    try:
        own_id: str = ID.from_cell(text)
    except FieldError as error:
        raise error.inside("id") from None
    return own_id


_AUTHOR_FIELD: Final = re.compile(r"author\[(\d+)\]\.(\w+)")


@dataclass(slots=True)
class _Authors:
    """The authors of a row, put together from all columns that name some.

    Args:
        cells: the row.
    """

    cells: CellReader
    people: list[AuthorMention] = field(init=False, default_factory=list)
    loose: dict[str, None] = field(init=False, default_factory=dict)
    kept: dict[str, str] = field(init=False, default_factory=dict)
    remarks: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.people = self._list("authors")
        self._add(self._numbered())
        lead = self._lead()
        self._add(lead, in_front=True)
        self._add(self._list("more_authors"))
        self._addresses("lead_email", [self._position(mention) for mention in lead])
        self._addresses("emails", list(range(len(self.people))))
        self._organisations()
        # An address and an organisation printed beside one name say where the address is from.
        self.people = [
            replace(mention, domain=mention.email.rpartition("@")[2])
            if mention.email and mention.affiliation
            else mention
            for mention in self.people
        ]

    def _list(self, field: str) -> list[AuthorMention]:
        byline = read_byline(self.cells.text(field))
        self.remarks += byline.doubts
        return list(byline.authors)

    def _lead(self) -> list[AuthorMention]:
        found = self._list("lead_author")
        name = " ".join(part for part in (self.cells.text("lead_given"), self.cells.text("lead_family")) if part)
        if name:
            found += read_byline(name).authors
        return found

    def _numbered(self) -> list[AuthorMention]:
        """The authors of columns such as "Author 2 e-mail"."""
        parts: dict[int, dict[str, str]] = {}
        for column_field in self.cells.columns.fields:
            found = _AUTHOR_FIELD.fullmatch(column_field)
            if found and self.cells.text(column_field):
                parts.setdefault(int(found[1]), {})[found[2]] = self.cells.text(column_field)
        authors: list[AuthorMention] = []
        for number in sorted(parts):
            part = parts[number]
            name = part.get("name") or f"{part.get('given', '')} {part.get('family', '')}".strip()
            one = read_person(name)
            people = [one] if one else list(read_byline(name).authors)
            if not people:
                self.remarks.append(f"author {number} has no name and is not used: {'; '.join(part.values())}")
            if len(people) == 1:
                email = next(iter(addresses_in(part.get("email", ""))[0]), None)
                organisation = one_line(part.get("affiliation", ""))
                people = [
                    replace(
                        people[0],
                        email=email or people[0].email,
                        affiliation=(organisation if _is_something(organisation) else "") or people[0].affiliation,
                    )
                ]
            authors += people
        return authors

    def _position(self, mention: AuthorMention) -> int:
        """Where an author of that name stands; −1 for nowhere."""
        name = normalise_name(mention.name)
        return next((at for at, other in enumerate(self.people) if normalise_name(other.name) == name), -1)

    def _add(self, mentions: list[AuthorMention], *, in_front: bool = False) -> None:
        """Add authors whom no column named before; what is new about the others is added to them."""
        new = []
        for mention in mentions:
            at = self._position(mention)
            if at < 0:
                new.append(mention)
            else:
                known = self.people[at]
                self.people[at] = replace(
                    known,
                    email=known.email or mention.email,
                    affiliation=known.affiliation or mention.affiliation,
                    marks=known.marks or mention.marks,
                )
        self.people = [*new, *self.people] if in_front else [*self.people, *new]

    def _addresses(self, field: str, positions: list[int]) -> None:
        """Give addresses to authors where there is one for each; else they are nobody's for sure."""
        good, bad = addresses_in(self.cells.text(field))
        self.remarks += [f"'{address}' is no e-mail address and is not used" for address in bad]
        known = {mention.email for mention in self.people}
        if good and len(good) == len(positions):
            for address, at in zip(good, positions, strict=True):
                self.people[at] = replace(self.people[at], email=self.people[at].email or address)
            return
        left = [address for address in good if address not in known]
        self.loose.update(dict.fromkeys(left))
        if left and field == "emails":
            given, wanted = _counted(len(good), "e-mail address", "es"), _counted(len(positions), "author", "s")
            self.remarks.append(f"{given} for {wanted}: whose is not clear")

    def _organisations(self) -> None:
        """Give organisations to authors where there is one for each, or one at all: then the first author's."""
        text = self.cells.text("affiliations")
        entries = [one_line(entry) for entry in entries_of(text) if _is_something(entry)]
        if len(entries) == 1 and len(self.people) > 1:
            pieces = [piece.strip() for piece in entries[0].split(",") if piece.strip()]
            entries = pieces if len(pieces) == len(self.people) else entries
        if not entries or not self.people:
            return
        if len(entries) not in (1, len(self.people)):
            self.kept["affiliations"] = text
            wanted = _counted(len(self.people), "author", "s")
            self.remarks.append(
                f"{len(entries)} affiliations for {wanted}: whose is not clear; they are kept as an attribute, and no "
                "conflict is found by them"
            )
            return
        for at, organisation in enumerate(entries):
            self.people[at] = replace(self.people[at], affiliation=self.people[at].affiliation or organisation)


def _counted(number: int, what: str, plural: str) -> str:
    return f"{number} {what}{'' if number == 1 else plural}"
