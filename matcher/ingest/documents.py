"""Which documents a chair handed over, and reading them one after the other: what cannot be read is named, all of it.

Files are given one by one or by folder. A document that cannot be read stops nothing before every other one has been
tried, so that one look tells everything that must be mended.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Final

from matcher.errors import DataError, did_you_mean
from matcher.ingest.cv import CvDocument, read_cv
from matcher.ingest.cv.layout import read_raw_lines

__all__ = ["ENDINGS", "Collected", "Documents", "UnreadDocumentsError", "collect", "read_documents", "write_lines"]

ENDINGS: Final = (".txt", ".text", ".md", ".markdown", ".pdf", ".tex", ".bib")
"""Endings of the names of documents, in small letters; a name without an ending is taken for a text."""

_ALLOWED: Final = "text (.txt, .text), Markdown (.md, .markdown), PDF (.pdf), LaTeX (.tex) and BibTeX (.bib)"
_REMEDIES: Final = {
    (".doc", ".docx", ".odt", ".rtf", ".pages"): "export it as PDF, or save it as plain text",
    (".htm", ".html", ".xhtml", ".mhtml"): "open it in a browser and print it as PDF, or copy its text into a .txt",
    (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".heic"): "run text recognition (OCR) on it, and save the text",
    (".csv", ".tsv", ".xls", ".xlsx", ".ods"): "a sheet of reviewers goes to `matcher match`, as it is",
    (".zip", ".gz", ".tar", ".7z"): "unpack it and name the folder",
}
_OTHER_REMEDY: Final = "convert it, or rename it if it is one of these"

_UTF8_BOM: Final = b"\xef\xbb\xbf"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_SAVE_AS_UTF8: Final = "save it as UTF-8"
_MOST_HIGH: Final = 0.2
"""Share of letters beyond ASCII above which a text is in no Western single-byte encoding: French has about 0.04."""

_MARKUP: Final = {
    "<!doctype html": "open it in a browser and print it as PDF, or copy its text into a .txt",
    "<html": "open it in a browser and print it as PDF, or copy its text into a .txt",
    "<?xml": "copy its text into a .txt",
    "{\\rtf": "open it in a word processor and save it as plain text or PDF",
}
"""How files begin that are text to a computer only, and what to do about each."""

_LOCAL: Final = r"(?:mailto:)?(?:[\w.+'-]+\}?|\{[^{}@]*\}|\[[^\[\]@]*\])"
_DOT: Final = r"(?:\.|\s*[(\[{<]\s*dot\s*[)\]}>]\s*|\s+dot\s+)"
_ADDRESS: Final = re.compile(
    rf"{_LOCAL}(?:\s*@\s*|\s*[(\[{{<]\s*(?:at|@)\s*[)\]}}>]\s*)[A-Za-z0-9-]+(?:{_DOT}[A-Za-z0-9-]+)+"
    rf"|{_LOCAL}\s+at\s+[A-Za-z0-9-]+(?:\s+dot\s+[A-Za-z0-9-]+)+",
    re.IGNORECASE,
)
"""An e-mail address, also one that is written so that machines should not find it; `Recall@K` is none."""

_CONCEALED: Final = re.compile(r"@|\bat\b", re.IGNORECASE)
"""What every address holds."""

_SAID: Final = 8
"""Names that a note lists before it says how many more there are."""

Progress = Callable[[str, int, int], object]


class UnreadDocumentsError(DataError):
    """Documents cannot be read; the message names every one.

    Args:
        failures: one error for each document, in the order given.
        tried: how many documents there were.
    """

    def __init__(self, failures: Sequence[DataError], tried: int) -> None:
        self.failures = tuple(failures)
        self.tried = tried
        if tried == 1:
            super().__init__(
                failures[0].message, file=failures[0].file, line=failures[0].line, remedy=failures[0].remedy
            )
            return
        listed = "".join(f"\n  {failure}" for failure in failures)
        instead = ", or pass --accept-rejects to go on without them" if len(failures) < tried else ""
        super().__init__(
            f"{len(failures)} of {tried} documents cannot be read, and nothing was written; mend them{instead}:{listed}"
        )


@dataclass(frozen=True, slots=True)
class Collected:
    """The documents to read.

    Args:
        paths: one for each, in the order given; those of a folder by name.
        notes: what was named or found and is not read.
        failures: what was named and cannot be a document.
    """

    paths: tuple[Path, ...]
    notes: tuple[str, ...]
    failures: tuple[DataError, ...]


@dataclass(frozen=True, slots=True)
class Documents:
    """What was read, and what was not.

    Args:
        read: the documents, each under a name that no other one has.
        paths: where each of them lies.
        notes: what a chair should know though it prevents nothing.
        failures: what cannot be read.
    """

    read: tuple[CvDocument, ...]
    paths: tuple[Path, ...]
    notes: tuple[str, ...]
    failures: tuple[DataError, ...]


# --- which ----------------------------------------------------------------------------------------------------------


def collect(named: Sequence[str | Path]) -> Collected:
    """The documents that files and folders stand for.

    Args:
        named: files, and folders whose files are taken, not those of folders inside them.

    Returns:
        Each document once. Files of a folder whose ending is not known are left out with a note; a file that was
        named itself is a failure then.
    """
    paths: dict[Path, Path] = {}
    notes: list[str] = []
    failures: list[DataError] = []
    for each in map(Path, named):
        try:
            found, left_out = _inside(each) if each.is_dir() else ([_named(each)], [])
        except DataError as error:
            failures.append(error)
            continue
        if left_out:
            more = f" and {len(left_out) - _SAID} more" if len(left_out) > _SAID else ""
            listed = ", ".join(f"{path.name}/" if path.is_dir() else path.name for path in left_out[:_SAID])
            notes.append(f"{each}: not read: {listed}{more}; documents are {_ALLOWED}")
        for path in found:
            whole = path.resolve()
            if whole in paths:
                notes.append(f"{path}: given twice, read once")
            paths.setdefault(whole, path)
    return Collected(tuple(paths.values()), tuple(notes), tuple(failures))


def _named(path: Path) -> Path:
    if not path.exists():
        beside = sorted(other.name for other in path.parent.iterdir()) if path.parent.is_dir() else []
        meant = did_you_mean(path.name, beside)
        raise DataError(f"there is no such file{meant}", file=str(path), remedy="check the name")
    ending = path.suffix.lower()
    if ending and ending not in ENDINGS:
        remedy = next((text for endings, text in _REMEDIES.items() if ending in endings), _OTHER_REMEDY)
        raise DataError(
            f"'{path.suffix}' is no document that is read: allowed are {_ALLOWED}", file=str(path), remedy=remedy
        )
    return path


def _inside(folder: Path) -> tuple[list[Path], list[Path]]:
    """The documents of a folder by name, and what else it holds, folders inside it included."""
    held = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    documents = [path for path in held if path.is_file() and path.suffix.lower() in ENDINGS]
    if not documents:
        inner = any(path.is_dir() for path in held)
        raise DataError(
            f"the folder holds no document: allowed are {_ALLOWED}",
            file=str(folder),
            remedy="name the folders inside it" if inner else "name the files, or a folder that holds them",
        )
    return documents, [path for path in held if path not in documents]


def _labels(paths: Sequence[Path]) -> list[str]:
    """A name for each document: the file's, with as many folders before it as it takes to tell them apart."""
    parts = [path.resolve().parts for path in paths]
    labels = []
    for own in parts:
        others = [other for other in parts if other != own and other[-1] == own[-1]]
        length = 1
        while any(other[-length:] == own[-length:] for other in others):
            length += 1
        labels.append("/".join(own[-length:]))
    return labels


# --- reading --------------------------------------------------------------------------------------------------------


def read_documents(collected: Collected, progress: Progress | None = None) -> Documents:
    """Read every document; one that cannot be read does not keep the others from being tried.

    Args:
        collected: as `collect` gives it.
        progress: called with a stage's name, how many documents are done, and how many there are.

    Raises:
        MissingExtraError: there is a PDF, and the package that reads PDFs is not installed.
    """
    read: list[CvDocument] = []
    paths: list[Path] = []
    notes = list(collected.notes)
    failures = list(collected.failures)
    total = len(collected.paths)
    for number, (path, label) in enumerate(zip(collected.paths, _labels(collected.paths), strict=True)):
        if progress is not None:
            progress("reading documents", number, total)
        try:
            document = read_cv(path)
            note = _encoding_note(path)
        except DataError as error:
            failures.append(error)
            continue
        if note:
            notes.append(f"{path}: {note}")
        read.append(replace(_without_addresses(document), source=label))
        paths.append(path)
    if progress is not None:
        progress("reading documents", total, total)
    return Documents(tuple(read), tuple(paths), tuple(notes), tuple(failures))


def _without_addresses(value: Any) -> Any:
    """A value of the records without e-mail addresses, wherever they stand in it; bare domains stay."""
    if isinstance(value, str):
        if not _CONCEALED.search(value) or not _ADDRESS.search(value):
            return value
        return " ".join(_ADDRESS.sub(" ", value).split()) or "…"
    if isinstance(value, tuple):
        return tuple(_without_addresses(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        now = {each.name: getattr(value, each.name) for each in fields(value)}
        made = {name: _without_addresses(one) for name, one in now.items()}
        return value if made == now else replace(value, **made)
    return value


def _encoding_note(path: Path) -> str:
    """What to know about the letters of a text that is not UTF-8.

    Raises:
        DataError: its letters cannot be told, or it is the source of a formatted page.
    """
    content = path.read_bytes()
    if content.lstrip()[:5] == b"%PDF-":
        return ""
    name = str(path)
    if content.startswith(_UTF16_BOMS):
        _strict(content, "utf-16", name)
        return ""
    begin = content.removeprefix(_UTF8_BOM).lstrip()[:20].decode("latin-1").lower()
    for sign, remedy in _MARKUP.items():
        if begin.startswith(sign):
            raise DataError("this is the source of a formatted page, no text", file=name, remedy=remedy)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        text = _strict(content, "cp1252", name)
        letters = sum(char.isalpha() for char in text)
        if sum(char > "\x7f" for char in text) > _MOST_HIGH * letters:
            raise DataError(
                "the letters cannot be told: the text is not UTF-8", file=name, remedy=_SAVE_AS_UTF8
            ) from None
        return f"the text is not UTF-8 and was read as Windows-1252 (Latin-1); if letters look wrong, {_SAVE_AS_UTF8}"
    return ""


def _strict(content: bytes, encoding: str, name: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise DataError(
            "the letters cannot be told: the text is neither UTF-8 nor Windows-1252 (Latin-1)"
            if encoding == "cp1252"
            else "the text begins as UTF-16 and goes on otherwise",
            file=name,
            remedy=_SAVE_AS_UTF8,
        ) from None


def write_lines(path: Path, documents: Documents) -> None:
    """Write what became of every line, so that a person can see it beside the words; addresses are left out.

    Args:
        path: a file with the columns document, line, page (of a PDF), read (yes or no), use and text, tab-separated.
        documents: as `read_documents` gives them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(("document", "line", "page", "read", "use", "text"))
        for document, source in zip(documents.read, documents.paths, strict=True):
            raw, _ = read_raw_lines(source)
            for one, line in zip(document.lines, raw, strict=True):
                text = _without_addresses(" ".join(line.text.split()))
                read = "yes" if one.is_read else "no"
                writer.writerow((document.source, one.line, line.page or "", read, one.use, text))
