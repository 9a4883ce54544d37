"""Foreign formats: what conference systems and bibliographies write, turned into the tables of a venue folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from matcher.errors import DataError, UnknownNameError
from matcher.ingest.fields import TABLES
from matcher.ingest.formats.bibtex import read_bibtex, read_ris
from matcher.ingest.formats.collect import Collected, Collector, FileTally
from matcher.ingest.formats.committees import read_cmt, read_coa, read_easychair
from matcher.ingest.formats.hotcrp import read_hotcrp
from matcher.ingest.formats.joining import Joined, join
from matcher.ingest.formats.openreview import read_openreview
from matcher.ingest.formats.owners import named_owners, owners_of
from matcher.ingest.formats.paperlists import read_paperlists
from matcher.ingest.formats.scholarly import read_crossref, read_openalex, read_orcid, read_semantic_scholar
from matcher.ingest.formats.score_files import read_scores
from matcher.ingest.formats.source import Format, Owner, Row, SourceRecord, Wishes
from matcher.ingest.formats.statements import read_statements
from matcher.ingest.formats.venue_rows import plain_row, rows_of
from matcher.ingest.formats.write import read_tables, write_tables
from matcher.ingest.formats.xml_files import read_anthology, read_arxiv, read_dblp
from matcher.ingest.plain_tables import TableFile, refuse_occupied

__all__ = [
    "FORMATS",
    "Collected",
    "FileTally",
    "Format",
    "Imported",
    "Joined",
    "Owner",
    "RejectedRecordsError",
    "Row",
    "SourceRecord",
    "TableFile",
    "Wishes",
    "import_files",
    "plain_row",
    "rows_of",
]

_WORKS: Final = ("publications", "reviewers")
_JSON: Final = ".json or .jsonl, plain or gzip"

_ALL_FORMATS: Final = (
    Format(
        "openreview",
        read_openreview,
        "OpenReview's archives, submissions, profiles and edges",
        (
            "reviewers",
            "publications",
            "submissions",
            "people",
            "conflicts",
            "bids",
            "assignments",
            "recommendations",
            "scores",
        ),
        ".json, .jsonl, .csv, or the folder of its expertise model",
        "matcher import openreview archives/ submissions.json profiles.json --into venue/",
        tells=("submissions", "publications", "reviewers", "people"),
    ),
    Format(
        "hotcrp",
        read_hotcrp,
        "HotCRP's PC, submissions, authors, conflicts, preferences and assignments",
        ("reviewers", "submissions", "conflicts", "bids", "assignments", "people"),
        ".csv and .json as downloaded",
        "matcher import hotcrp pcinfo.csv papers.json allprefs.csv --into venue/",
    ),
    Format(
        "cmt",
        read_cmt,
        "CMT's submissions, reviewers, bids, conflicts and assignments",
        ("reviewers", "submissions", "conflicts", "bids", "assignments"),
        ".xlsx, .csv, .txt with tabs, assignments as .xml",
        "matcher import cmt Papers.xlsx Reviewers.txt Bids.txt --into venue/",
    ),
    Format(
        "easychair",
        read_easychair,
        "EasyChair's submissions, authors, committee and bids",
        ("reviewers", "submissions", "conflicts", "bids", "assignments"),
        "the workbook, or its sheets as .csv",
        "matcher import easychair EasyChair.xlsx --into venue/",
    ),
    Format(
        "coa",
        read_coa,
        "The NSF's table of collaborators and other affiliations, one workbook for each person",
        ("reviewers",),
        ".xlsx",
        "matcher import coa coa/*.xlsx --into venue/ --add",
    ),
    Format(
        "dblp",
        read_dblp,
        "DBLP's XML: the dump, or pages of persons",
        _WORKS,
        ".xml, .xml.gz",
        "matcher import dblp dblp.xml.gz --into venue/ --add",
        True,
    ),
    Format(
        "semanticscholar",
        read_semantic_scholar,
        "Papers of Semantic Scholar",
        _WORKS,
        _JSON,
        "matcher import semanticscholar papers.jsonl --into venue/ --add",
        True,
    ),
    Format(
        "openalex",
        read_openalex,
        "Works of OpenAlex",
        _WORKS,
        _JSON,
        "matcher import openalex works.jsonl.gz --into venue/ --add",
        True,
    ),
    Format(
        "crossref",
        read_crossref,
        "Works of Crossref",
        _WORKS,
        _JSON,
        "matcher import crossref works.json --into venue/ --add",
        True,
    ),
    Format(
        "orcid",
        read_orcid,
        "Records of ORCID, one for each person",
        _WORKS,
        ".json",
        "matcher import orcid 0000-0002-1825-0097.json --into venue/",
        True,
    ),
    Format(
        "bibtex",
        read_bibtex,
        "BibTeX files",
        _WORKS,
        ".bib",
        "matcher import bibtex ada.bib --reviewer 'Ada Example' --into venue/",
        True,
    ),
    Format(
        "ris",
        read_ris,
        "RIS files",
        _WORKS,
        ".ris",
        "matcher import ris ada.ris --reviewer 'Ada Example' --into venue/",
        True,
    ),
    Format(
        "statements",
        read_statements,
        "A table of keywords, statements or titles for reviewers without publications",
        _WORKS,
        ".csv, .xlsx",
        "matcher import statements expertise.csv --into venue/ --add",
        True,
    ),
    Format(
        "anthology",
        read_anthology,
        "Collections of the ACL Anthology",
        _WORKS,
        ".xml",
        "matcher import anthology 2024.acl.xml --into venue/ --add",
        True,
    ),
    Format(
        "arxiv",
        read_arxiv,
        "arXiv: the feed of its API, or its metadata as JSON Lines",
        _WORKS,
        ".xml, .json, .jsonl",
        "matcher import arxiv feed.xml --into venue/ --add",
        True,
    ),
    Format(
        "paperlists",
        read_paperlists,
        "Public lists of a venue's papers, one JSON file for each venue and year",
        (*_WORKS, "submissions"),
        ".json, plain or gzip",
        "matcher import paperlists iclr2024.json --into venue/ --add",
        True,
        tells=("publications", "submissions"),
    ),
    Format(
        "scores",
        read_scores,
        "Affinity scores that another system computed, such as TPMS or OpenReview's models",
        ("scores",),
        ".csv, .xlsx, .json, .jsonl",
        "matcher import scores tpms.csv --into venue/ --add",
    ),
)

FORMATS: Final[Mapping[str, Format]] = {known.name: known for known in _ALL_FORMATS}
"""Every foreign format that can be read, by name."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import read and wrote.

    Args:
        format: the format's name.
        collected: the records, accepted and rejected.
        joined: the tables of the folder afterwards.
        files: the files written, or those that would be.
        is_dry_run: whether nothing was written.
    """

    format: str
    collected: Collected
    joined: Joined
    files: tuple[TableFile, ...]
    is_dry_run: bool


class RejectedRecordsError(DataError):
    """Records cannot be accepted; the message names the first and counts them all. Nothing was written.

    Args:
        collected: what became of every record; its rejects are not empty.
    """

    def __init__(self, collected: Collected) -> None:
        self.collected = collected
        first, more = collected.rejects[0], len(collected.rejects) - 1
        further = f"; {more} more {'record is' if more == 1 else 'records are'} rejected" if more else ""
        super().__init__(
            f"{first.reason}{further}",
            file=first.file,
            line=first.line,
            field=first.field,
            remedy="fix the input, or pass --accept-rejects to go on without the rejected records",
        )


def import_files(
    name: str,
    paths: Sequence[str | Path],
    into: str | Path,
    *,
    add: bool = False,
    dry_run: bool = False,
    accept_rejects: bool = False,
    reviewers: Sequence[str] = (),
    wishes: Wishes | None = None,
) -> Imported:
    """Read files of a foreign format and write them as tables of a venue folder.

    Args:
        name: one of `FORMATS`.
        paths: the files.
        into: the venue folder; made if it is missing; must be empty unless `add`.
        add: whether to join with what the folder holds.
        dry_run: whether only to say what would be written.
        accept_rejects: whether to go on without records that cannot be read.
        reviewers: names or ids of people whose publications the files hold; default: the reviewers in the folder.
        wishes: what files hold that do not tell it themselves, and a callback for progress.

    Raises:
        UnknownNameError: there is no such format.
        RejectedRecordsError: a record cannot be accepted, and `accept_rejects` is false.
        DataError: a file cannot be read, or the folder may not be written to.

    Example::

        import_files("hotcrp", ["pcinfo.csv", "papers.json"], "venue")
    """
    found = FORMATS.get(name)
    if found is None:
        raise UnknownNameError("format", name, FORMATS)
    folder = Path(into)
    refuse_occupied(folder, TABLES, add=add)
    there: dict[str, list[Mapping[str, Any]]] = read_tables(folder) if add else {}
    wanted = wishes or Wishes()
    if not wanted.owners:
        wanted = replace(wanted, owners=named_owners(reviewers, there) if reviewers else owners_of(there))
    collector = Collector()
    for record in found.read([Path(path) for path in paths], wanted):
        collector.take(record)
    collected = collector.settle()
    if collected.rejects and not accept_rejects:
        raise RejectedRecordsError(collected)
    if reviewers and found.needs_owners and not collected.tables:
        read = sum(tally.read for tally in collected.files)
        raise DataError(
            f"no record of {read} is by {' or '.join(reviewers)}",
            file=str(paths[0]),
            remedy="write the name as the file does",
        )
    joined = join(there, collected)
    collected = collected.without(joined.lost)
    files = write_tables(folder, joined.tables, there, dry_run=dry_run)
    return Imported(name, collected, joined, files, dry_run)
