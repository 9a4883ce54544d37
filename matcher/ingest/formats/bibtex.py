"""BibTeX and RIS files: the lists that reference managers and publishers write.

`bibtexparser` and `rispy` parse; here their fields become a work. A block that they cannot read is a rejected record.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from matcher.errors import DataError, MissingExtraError
from matcher.ingest.fields import one_line
from matcher.ingest.files import numbered_lines
from matcher.ingest.formats.source import SourceRecord, Wishes, cut_raw, refuse_missing
from matcher.ingest.formats.works import Owners, Work, WorkAuthor, given_first, kind_of, record_of

__all__ = ["read_bibtex", "read_ris"]

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR: Final = re.compile(r"(?<!\d)(1[5-9]|20)\d\d(?!\d)")
_MOST_COMMAS: Final = 2
"""`von Last, Jr, First` is the longest form that BibTeX knows."""


# --- BibTeX ---------------------------------------------------------------------------------------------------------


def read_bibtex(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:
    """Read BibTeX files.

    Args:
        paths: the files.
        wishes: whose works are wanted.

    Raises:
        DataError: a file cannot be read, or whose works are wanted is not said.
        MissingExtraError: the packages that read BibTeX are not installed.
    """
    try:
        from bibtexparser.entrypoint import parse_string
        from bibtexparser.model import Entry, ParsingFailedBlock
        from pylatexenc.latex2text import LatexNodes2Text
    except ImportError:
        raise MissingExtraError("BibTeX", "formats") from None
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # what it would say is in the rejects
    latex = LatexNodes2Text(math_mode="verbatim", keep_comments=False)
    for path in paths:
        owners = Owners(wishes.owners, path.name)
        text = _text_of(path)
        library = parse_string(text)
        if not any(isinstance(block, Entry | ParsingFailedBlock) for block in library.blocks):
            raise DataError("the file holds no BibTeX record such as @article{…}", file=path.name)
        for block in library.blocks:
            line, raw = (block.start_line or 0) + 1, cut_raw(block.raw or "")
            if isinstance(block, Entry):
                fields = {each.key.casefold(): str(each.value) for each in block.fields}
                yield _bib_record(block.key, block.entry_type.casefold(), fields, latex, owners, path.name, line, raw)
            elif isinstance(block, ParsingFailedBlock):
                twice = getattr(block, "key", None)
                cause = f"the key '{twice}' stands in the file twice" if twice else "this is no BibTeX record"
                yield SourceRecord(path.name, line, fault=cause, raw=raw)


def _text_of(path: Path) -> str:
    refuse_missing(path)
    return "\n".join(text for _, text in numbered_lines(path, path.name))


def _bib_record(
    key: str,
    sort: str,
    fields: Mapping[str, str],
    latex: Any,
    owners: Owners,
    file: str,
    line: int,
    raw: str,
) -> SourceRecord:
    def plain(name: str) -> str:
        text = fields.get(name, "")
        return one_line(latex.latex_to_text(text) if _LATEX.search(text) else text)

    names, remarks, fault = _authors(fields.get("author", ""), latex)
    if fault:
        return SourceRecord(file, line, fault=fault, field="author", raw=raw)
    venue = plain("booktitle") or plain("journal") or plain("school") or plain("howpublished")
    is_arxiv = "arxiv" in f"{fields.get('archiveprefix', '')} {fields.get('eprinttype', '')} {venue}".casefold()
    kind = "preprint" if is_arxiv and sort not in ("inproceedings", "conference") else kind_of(_SORTS.get(sort, sort))
    if kind == "conference" and re.search(r"(?i)\bworkshop", venue):
        kind = "workshop"
    work = Work(
        id=_work_id(fields, f"bibtex:{Path(file).stem}:{key}"),
        title=plain("title"),
        authors=names,
        date=_bib_date(fields),
        abstract=plain("abstract"),
        venue=venue,
        kind=kind,
        remarks=remarks,
    )
    return record_of(work, owners, file=file, line=line, raw=raw)


_LATEX: Final = re.compile(r"[\\{}$~%&#^_`<>!?]|''|--")
"""What LaTeX reads otherwise than it is written; a text without it is not taken through the slow reader."""

_SORTS: Final[Mapping[str, str]] = {
    "phdthesis": "thesis",
    "mastersthesis": "thesis",
    "online": "other",
    "misc": "other",
    "techreport": "other",
    "unpublished": "preprint",
}


def _work_id(fields: Mapping[str, str], otherwise: str) -> str:
    doi = re.search(r"10\.\d{4,9}/\S+", fields.get("doi", ""))
    if doi:
        return f"doi:{doi[0].casefold()}"
    arxiv = re.search(r"\d{4}\.\d{4,5}", fields.get("eprint", ""))
    return f"arxiv:{arxiv[0]}" if arxiv else otherwise


def _bib_date(fields: Mapping[str, str]) -> str | None:
    """`date` of biblatex, or `year` with the month where it is a name or a number."""
    full = re.match(r"\d{4}(-\d{2}){0,2}", fields.get("date", ""))
    if full:
        return full[0]
    year = _YEAR.search(fields.get("year", ""))
    if year is None:
        return None
    month = fields.get("month", "").strip().casefold()[:3]
    number = _MONTHS.index(month) + 1 if month in _MONTHS else int(month) if month.isdecimal() else 0
    return f"{year[0]}-{number:02d}" if 1 <= number <= len(_MONTHS) else year[0]


def _authors(text: str, latex: Any) -> tuple[tuple[WorkAuthor, ...], tuple[str, ...], str]:
    """The authors of an `author` field, remarks, and why it cannot be read."""
    made: list[WorkAuthor] = []
    remarks: list[str] = []
    for part in _split_at_depth(one_line(text), r"\s+and\s+"):
        if part == "others":
            remarks.append("the authors end in 'and others': the list is cut off")
            continue
        if part.startswith("{") and part.endswith("}") and "," not in part:  # a corporation, or a name kept as it is
            made.append(WorkAuthor(one_line(latex.latex_to_text(part))))
            continue
        pieces = [one_line(latex.latex_to_text(piece)) for piece in _split_at_depth(part, r"\s*,\s*")]
        if len(pieces) > _MOST_COMMAS + 1:
            return (), (), f"allowed are names separated by ' and '; got '{part[:60]}'"
        if len(pieces) > _MOST_COMMAS:
            family, generation, given = pieces
            made.append(WorkAuthor(f"{given} {family} {generation}".strip()))
        elif any(pieces):
            made.append(WorkAuthor(given_first(", ".join(pieces))))
    return tuple(made), tuple(remarks), ""


def _split_at_depth(text: str, separator: str) -> list[str]:
    """The parts of a text between separators that stand outside braces."""
    parts: list[str] = []
    depth = start = 0
    pattern = re.compile(separator)
    position = 0
    while position < len(text):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        found = pattern.match(text, position) if depth == 0 else None
        if found and found.end() > position:
            parts.append(text[start:position])
            start = position = found.end()
        else:
            position += 1
    return [part.strip() for part in (*parts, text[start:]) if part.strip()]


# --- RIS ------------------------------------------------------------------------------------------------------------

_RIS_TAG: Final = re.compile(r"(?P<tag>[A-Z][A-Z0-9])  ?-(?: |$)")
_RIS_KINDS: Final[Mapping[str, str]] = {
    "JOUR": "journal",
    "EJOUR": "journal",
    "CONF": "conference",
    "CPAPER": "conference",
    "CHAP": "chapter",
    "THES": "thesis",
    "UNPB": "preprint",
}


def read_ris(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:
    """Read RIS files.

    Args:
        paths: the files.
        wishes: whose works are wanted.

    Raises:
        DataError: a file cannot be read, or whose works are wanted is not said.
        MissingExtraError: the package that reads RIS is not installed.
    """
    try:
        import rispy
    except ImportError:
        raise MissingExtraError("RIS", "formats") from None
    for path in paths:
        owners = Owners(wishes.owners, path.name)
        for line, text in _ris_blocks(path):
            raw = cut_raw(text)
            if not text.startswith("TY"):
                yield SourceRecord(path.name, line, fault="a record starts with 'TY  - '", raw=raw)
                continue
            if not text.rstrip().endswith("ER  -"):
                yield SourceRecord(path.name, line, fault="the record is not closed by 'ER  - '", raw=raw)
                continue
            try:
                (entry,) = rispy.loads(text)
            except (ValueError, OSError, KeyError) as error:
                yield SourceRecord(path.name, line, fault=f"this is no RIS record: {error}", raw=raw)
                continue
            yield record_of(_ris_work(entry, path.name, line), owners, file=path.name, line=line, raw=raw)


def _ris_blocks(path: Path) -> Iterator[tuple[int, str]]:
    """The records of a file, each with the line on which it starts."""
    refuse_missing(path)
    held: list[str] = []
    start = 0
    tags = 0
    for number, line in numbered_lines(path, path.name):
        tag = _RIS_TAG.match(line)
        tags += tag is not None
        if tag is not None and tag["tag"] == "TY" and held:
            yield start, "\n".join(held)
            held = []
        if not held:
            if not line.strip():
                continue
            start = number
        held.append(line.rstrip())
        if tag is not None and tag["tag"] == "ER":
            yield start, "\n".join(held)
            held = []
    if held:
        yield start, "\n".join(held)
    if not tags:
        raise DataError("the file holds no RIS record, which starts with 'TY  - '", file=path.name)


def _ris_work(entry: Mapping[str, Any], file: str, line: int) -> Work:
    names = entry.get("authors") or entry.get("first_authors") or []
    venue = next((str(entry[name]) for name in _RIS_VENUES if entry.get(name)), "")
    otherwise = f"ris:{Path(file).stem}:{entry.get('id') or line}"
    return Work(
        id=_work_id({"doi": str(entry.get("doi") or "")}, otherwise),
        title=one_line(str(entry.get("title") or entry.get("primary_title") or "")),
        authors=tuple(WorkAuthor(_ris_name(str(name))) for name in names if str(name).strip()),
        date=_ris_date(str(entry.get("date") or entry.get("publication_year") or entry.get("year") or "")),
        abstract=one_line(str(entry.get("abstract") or entry.get("notes_abstract") or "")),
        venue=one_line(venue),
        kind=_RIS_KINDS.get(str(entry.get("type_of_reference") or ""), "other"),
    )


_RIS_VENUES: Final = ("secondary_title", "journal_name", "alternate_title1", "alternate_title3", "publisher")


def _ris_name(name: str) -> str:
    """`Family, Given, Suffix`."""
    parts = [part.strip() for part in name.split(",") if part.strip()]
    if len(parts) > _MOST_COMMAS:
        return f"{parts[1]} {parts[0]} {parts[2]}"
    return given_first(name)


def _ris_date(text: str) -> str | None:
    """`2023/06/09/`, `2023/06//`, `2023`."""
    found = re.match(r"(?P<year>\d{4})(?:[/-](?P<month>\d{1,2}))?(?:[/-](?P<day>\d{1,2}))?", text.strip())
    if found is None:
        return None
    parts = [found["year"], *(f"{int(found[name]):02d}" for name in ("month", "day") if found[name])]
    return "-".join(parts)
