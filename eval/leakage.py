"""Does what was learnt from, or chosen on, hold a text that is measured on?

Two texts are the same paper where their titles agree, or their abstracts do: letters and digits only, without case and
accents, as SHA-256. So a paper is found under a changed title, with a mended abstract, and by its digest alone. A very
short title ("Introduction") is no sign of a paper and counts with its abstract only.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eval.datasets import is_retrieval_folder, paper_files, read_paper_texts, read_retrieval_sets
from eval.goldstandard import read_gold
from eval.lrbench import read_splits
from eval.rows import rows_of, title_and_abstract
from matcher.encoders.background import Background
from matcher.errors import DataError, InputError
from matcher.ingest import read_venue
from matcher.records import Venue

__all__ = [
    "Leak",
    "Texts",
    "digests",
    "find_leaks",
    "read_digests",
    "read_evaluation",
    "refuse_leaks",
    "refuse_other_sources",
    "texts_of_any",
    "training_texts",
    "write_clean",
]

_SHORTEST_TITLE: Final = 16
"""Letters and digits of a title that names a paper."""

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Texts:
    """What a set measures, or what something learnt from.

    Args:
        name: of the set, for people.
        papers: (title, abstract) of each.
    """

    name: str
    papers: tuple[tuple[str, str], ...]

    def digest(self) -> str:
        """SHA-256 over all papers in their order."""
        lines = (f"{title}\0{abstract}\n" for title, abstract in self.papers)
        return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Leak:
    """A text of an evaluation set that was seen before.

    Args:
        evaluation: name of the set.
        title: as the set has it.
        training: where it was seen.
        by: "title", "abstract" or both.
    """

    evaluation: str
    title: str
    training: str
    by: str


def digests(title: str, abstract: str) -> dict[str, str]:
    """SHA-256 of what is left of a title and an abstract; what is empty, or says too little, is left out.

    >>> one = digests("A Tale of Two Cities", "")
    >>> one == digests("a tale of two cities.", "")
    True
    >>> sorted(digests("Preface", "It was the best of times"))
    ['abstract']
    """
    plain_title, plain_abstract = _letters(title), _letters(abstract)
    found = {}
    if len(plain_title) >= _SHORTEST_TITLE:
        found["title"] = _sha(plain_title)
    if plain_abstract:
        found["abstract"] = _sha(plain_abstract)
    return found


def _letters(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if char.isalnum())


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- what is compared -----------------------------------------------------------------------------------------------


def read_evaluation(folder: Path, *, profiles: bool = False) -> tuple[Texts, ...]:
    """The texts that an evaluation set measures: rated papers, queries.

    Args:
        folder: a gold standard, LR-Bench, or retrieval sets, as their commands take them.
        profiles: also the publications of its reviewers, which are evidence and not what is measured.

    Raises:
        DataError: the folder is none of these.
    """
    if (folder / "data" / "evaluations.csv").is_file():
        gold = read_gold(folder)
        return (Texts("goldstandard", _of_venues([one.venue for one in gold.sets], profiles=profiles)),)
    if any((folder / "data" / f"evaluations_{name}.json").is_file() for name in ("pc", "rc")):
        splits = read_splits(folder)
        return tuple(Texts(f"lrbench {one.name}", _of_venues([one.venue], profiles=profiles)) for one in splits)
    if is_retrieval_folder(folder):
        sets = read_retrieval_sets(folder)
        return tuple(Texts(one.name, _of_venues([one.venue], profiles=profiles)) for one in sets)
    raise DataError(
        "this is no evaluation set",
        file=str(folder),
        remedy="give a folder that goldstandard, lrbench or retrieval takes as --data",
    )


def _of_venues(venues: Iterable[Venue], *, profiles: bool) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for venue in venues:
        found |= dict.fromkeys((one.title, one.abstract) for one in venue.submissions)
        if profiles:
            found |= dict.fromkeys((one.title, one.abstract) for one in venue.papers)
    return tuple(found)


def texts_of_any(folder: Path) -> tuple[Texts, ...]:
    """All texts of anything that a choice can be made on: an evaluation set with its profiles, or a venue."""
    is_set = (folder / "data").is_dir() or is_retrieval_folder(folder)
    if is_set:
        return read_evaluation(folder, profiles=True)
    return (Texts(folder.name, _of_venues([read_venue(folder).venue], profiles=True)),)


def training_texts(sources: Sequence[Path]) -> Texts:
    """Papers of `.jsonl` files, as `eval background` and `matcher background build` read them."""
    files = paper_files(sources)
    papers = tuple((one.title, one.abstract) for one in read_paper_texts(files))
    return Texts(", ".join(path.name for path in files), papers)


def read_digests(path: Path) -> dict[str, str]:
    """Digests that an artefact's builder wrote: a JSON list of SHA-256 as `digests` makes them.

    Returns:
        Each digest, with the name of the file.

    Raises:
        DataError: the file is no list of digests.
    """
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"the digests cannot be read: {error}", file=str(path)) from None
    if not isinstance(listed, list) or not all(isinstance(one, str) and len(one) == 64 for one in listed):
        raise DataError("allowed is a JSON list of SHA-256 digests, 64 hexadecimal digits each", file=str(path))
    return dict.fromkeys(listed, path.name)


def refuse_other_sources(background: Background, files: Sequence[Path]) -> None:
    """A background must have been made from the files that are looked through, and from no other.

    Args:
        background: notes the SHA-256 of each of its sources.
        files: what is looked through.

    Raises:
        InputError: it notes no source, or one that is not among the files.
    """
    given = {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    if not background.sources:
        raise InputError("the background does not note what it was made from, so nothing can be said of it")
    for source in background.sources:
        if source.get("sha256") not in given:
            raise InputError(
                f"the background was made from '{source.get('file')}' with SHA-256 {source.get('sha256')}, which is "
                "none of the --training files"
            )


def write_clean(source: Path, evaluation: Sequence[Texts], folder: Path) -> tuple[Path, int]:
    """Write a file of papers again without those that an evaluation set measures.

    Args:
        source: `.jsonl` or `.jsonl.gz`, with title and abstract.
        evaluation: what is measured.
        folder: made where it is missing.

    Returns:
        The file, gzip-compressed and of equal bytes for equal input, and how many papers were left out.

    Raises:
        DataError: a row has no title, or is no JSON object.
        InputError: the folder cannot be written to, or the file would replace its source.
    """
    measured = {digest for one in evaluation for paper in one.papers for digest in digests(*paper).values()}
    kept, gone = [], 0
    for row in rows_of(source):
        if measured.isdisjoint(digests(*title_and_abstract(row)).values()):
            kept.append(json.dumps(dict(row.values), ensure_ascii=False) + "\n")
        else:
            gone += 1
    target = folder / f"{source.name.removesuffix('.gz').removesuffix('.jsonl')}.jsonl.gz"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.samefile(source):
            raise InputError(f"{target}: that would replace what is read; give another folder")
        target.write_bytes(gzip.compress("".join(kept).encode(), mtime=0))
    except OSError as error:
        raise InputError(f"{folder}: the papers cannot be written: {error.strerror or error}") from None
    return target, gone


# --- the comparison -------------------------------------------------------------------------------------------------


def find_leaks(
    evaluation: Sequence[Texts], training: Sequence[Texts], *, known: dict[str, str] | None = None
) -> list[Leak]:
    """Texts of evaluation sets that were learnt from or chosen on.

    Args:
        evaluation: what is measured.
        training: what was seen.
        known: further digests that were seen, with where.

    Returns:
        In the order of the evaluation sets.
    """
    seen = dict(known or {})
    for source in training:
        for title, abstract in source.papers:
            for digest in digests(title, abstract).values():
                seen.setdefault(digest, source.name)
    leaks = []
    for one in evaluation:
        for title, abstract in one.papers:
            hits = {kind: seen[digest] for kind, digest in digests(title, abstract).items() if digest in seen}
            if hits:
                leaks.append(Leak(one.name, title, next(iter(hits.values())), " and ".join(hits)))
    return leaks


def refuse_leaks(leaks: Sequence[Leak]) -> None:
    """End a tuning that touches what is measured.

    Raises:
        InputError: there is a leak; the first ones are named.
    """
    if not leaks:
        return
    named = "; ".join(
        f"'{leak.title}' of {leak.evaluation} in {leak.training} (same {leak.by})" for leak in leaks[:_SHOWN]
    )
    more = f"; and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
    raise InputError(
        f"{len(leaks)} evaluation texts were seen in training or tuning: {named}{more}. Take them out of the training "
        "data, or measure elsewhere"
    )
