"""Which tellings of a paper are one work: entries of documents, and papers that were there already.

Two tellings are one work when their titles are the same letters, mathematics read as words, and their bylines share
an author.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from matcher.identity import names_fit, normalise_name
from matcher.ingest.cv.records import CvDocument, CvEntry
from matcher.ingest.cv.vocabulary import word_set
from matcher.records import AuthorMention, Paper, PaperId, Person, Reviewer, SourceRef

__all__ = ["Existing", "Record", "Work", "find_works", "fit", "title_key"]

_SHORT_TITLE: Final = 16
"""Letters of a title below which equal titles need bylines that agree by half to be one paper."""

_GREEK: Final = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "ϵ": "epsilon",
    "ζ": "zeta",
    "η": "eta",
    "θ": "theta",
    "ι": "iota",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "µ": "mu",
    "ν": "nu",
    "ξ": "xi",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "ς": "sigma",
    "τ": "tau",
    "υ": "upsilon",
    "φ": "phi",
    "ϕ": "phi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
    "∞": "infty",
    "×": "times",
    "ℓ": "ell",
}
_SILENT_COMMANDS: Final = word_set(
    "mathcal mathbb mathbf mathrm mathit mathsf textit textbf emph text textsc texttt textsf underline"
    " left right ensuremath boldsymbol bm"
)


def title_key(title: str) -> str:
    r"""The letters and figures of a title; mathematics counts by its words.

    >>> title_key(r"Retiring  $\Delta DP$ : New metrics") == title_key("Retiring $Δ$DP: new Metrics")
    True
    """
    text = re.sub(r"\\([A-Za-z]+)", lambda found: "" if found[1] in _SILENT_COMMANDS else f"{found[1]} ", title)
    text = "".join(_GREEK.get(char, char) for char in unicodedata.normalize("NFKC", text).casefold())
    text = unicodedata.normalize("NFKD", text)
    return "".join(char for char in text if char.isalnum())


@dataclass(frozen=True, slots=True)
class Existing:
    """Reviewers and papers that are there already.

    Args:
        people: the reviewers' persons.
        reviewers: who reviews, with their papers.
        papers: all publications.
    """

    people: tuple[Person, ...] = ()
    reviewers: tuple[Reviewer, ...] = ()
    papers: tuple[Paper, ...] = ()


@dataclass(slots=True)
class Record:
    """One telling of a paper: an entry of a document, or a paper that was there already."""

    paper: Paper
    document: int | None
    owner_position: int | None = None


@dataclass(slots=True)
class Work:
    """Records of one paper."""

    records: list[Record] = field(default_factory=list)
    paper_id: PaperId | None = None


def find_works(documents: Sequence[CvDocument], there: Existing) -> list[Work]:
    """Every record in the work that it tells of, in the order in which works are first told of.

    Args:
        documents: those without an owner are left out.
        there: papers that are there already; they come first and keep their ids.
    """
    works = [Work([Record(paper, None)], paper.id) for paper in there.papers]  # what is there is not joined anew
    by_key: dict[str, list[Work]] = {}
    for work in works:
        by_key.setdefault(title_key(work.records[0].paper.title), []).append(work)
    for number, document in enumerate(documents):
        if document.owner is None:
            continue  # the document is left out: its papers would be nobody's
        for entry in document.entries:
            record = Record(_paper_of(entry, document.source), number, entry.owner_position)
            key = title_key(entry.title)
            same = by_key.setdefault(key, [])
            for work in same:
                if all(_may_be_one(record.paper, other.paper, key) for other in work.records):
                    work.records.append(record)
                    break
            else:
                works.append(Work([record]))
                same.append(works[-1])
    return works


def _paper_of(entry: CvEntry, source: str) -> Paper:
    return Paper(
        id=PaperId(""),
        title=entry.title,
        abstract=entry.abstract,
        dates=() if entry.date is None else (entry.date,),
        authors=tuple(AuthorMention(name=name) for name in entry.authors),
        published_in=entry.venue,
        kind=entry.kind,
        sources=(SourceRef(source, entry.line),),
    )


def _may_be_one(one: Paper, other: Paper, key: str) -> bool:
    """Whether two records with the same title are one work: they share an author, or one names none."""
    first = [normalise_name(mention.name) for mention in one.authors]
    second = [normalise_name(mention.name) for mention in other.authors]
    if not first or not second:
        return len(key) >= _SHORT_TITLE
    shared = sum(any(fit(name, more) for more in second) for name in first)
    if len(key) < _SHORT_TITLE:
        return shared * 2 >= max(len(first), len(second))
    return shared > 0


def fit(one: str, other: str) -> bool:
    """Whether two normalised names may be one author's."""
    return one == other or names_fit(one, other)
