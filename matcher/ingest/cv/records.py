"""What is read from one document: the owner, their publications and ties, and what became of every line."""

from __future__ import annotations

from dataclasses import dataclass

from matcher.records import Affiliation, PartialDate, Relation

__all__ = ["CvDocument", "CvEntry", "CvOwner", "CvRelation", "Doubt", "LineRange", "LineUse"]


@dataclass(frozen=True, slots=True)
class CvOwner:
    """Whose document it is.

    Args:
        name: in ordinary case, without title and nickname.
        names: further spellings, the one with the nickname included.
        how: what it rests on, in words.
        line: the line that names them; `None` when only bylines do.
        is_sure: whether nothing in the document speaks against it.
    """

    name: str
    names: tuple[str, ...] = ()
    how: str = ""
    line: int | None = None
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class CvEntry:
    """A publication as the document lists it.

    Args:
        title: as printed, on one line, without quotes and final full stop.
        authors: names in byline order, given names first, without marks; spelled as printed.
        owner_position: zero-based position of the owner among the authors; `None` where the entry does not name them.
        date: as printed, with its precision; `None` where the document gives none.
        venue: conference, journal or series; may be empty.
        kind: one of `matcher.records.KINDS`.
        abstract: may be empty.
        line: the line on which the entry begins.
        last_line: the line on which it ends.
        is_truncated: whether the list of authors says that more people follow.
        groups: authors that are no persons.
        notes: what was mended or is not certain.
    """

    title: str
    authors: tuple[str, ...]
    owner_position: int | None
    date: PartialDate | None
    venue: str
    kind: str
    abstract: str
    line: int
    last_line: int
    is_truncated: bool = False
    groups: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CvRelation:
    """A tie to somebody, and the line that states it."""

    relation: Relation
    line: int


@dataclass(frozen=True, slots=True)
class LineUse:
    """What became of one line.

    Args:
        line: counted from one.
        is_read: whether something was taken from it, or it holds nothing.
        use: what it was read as (`publication 3`, `heading`, `blank`), or why it was not read.
    """

    line: int
    is_read: bool
    use: str


@dataclass(frozen=True, slots=True)
class LineRange:
    """Neighbouring lines that were not read, for one reason.

    Args:
        first: first line.
        last: last line.
        reason: why.
    """

    first: int
    last: int
    reason: str

    def __str__(self) -> str:
        return f"{self.first}-{self.last}" if self.last > self.first else str(self.first)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that a person should look at.

    Args:
        line: where it stands; `None` where it concerns the document as a whole.
        reason: what is in doubt.
        text: the words concerned, shortened, without addresses.
    """

    line: int | None
    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class CvDocument:
    """Everything that was read from one document.

    Args:
        source: name of the file.
        owner: `None` when the document does not tell whose it is.
        domains: domains of the owner's e-mail addresses; the addresses themselves are never kept.
        affiliations: with dates where the document gives them.
        relations: in the order of the document.
        interests: in the owner's words.
        entries: publications in the order of the document.
        doubts: what a person should look at.
        lines: one for every line of the document, in order.
        is_pdf: whether lines are those of the text extracted from a PDF.
    """

    source: str
    owner: CvOwner | None
    domains: tuple[str, ...]
    affiliations: tuple[Affiliation, ...]
    relations: tuple[CvRelation, ...]
    interests: tuple[str, ...]
    entries: tuple[CvEntry, ...]
    doubts: tuple[Doubt, ...]
    lines: tuple[LineUse, ...]
    is_pdf: bool = False

    @property
    def unread(self) -> tuple[LineRange, ...]:
        """The lines that were not read, neighbours with one reason together."""
        found: list[LineRange] = []
        blank = 0
        for one in self.lines:
            if one.is_read:
                blank += one.use == "blank"
                if one.use != "blank":
                    blank = 0
                continue
            last = found[-1] if found else None
            if last is not None and last.reason == one.use and one.line - last.last - 1 <= blank:
                found[-1] = LineRange(last.first, one.line, one.use)
            else:
                found.append(LineRange(one.line, one.line, one.use))
            blank = 0
        return tuple(found)
