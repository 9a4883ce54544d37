"""XML of bibliographies: DBLP (the dump and person pages), the ACL Anthology, and arXiv's feed.

Files are streamed, an element at a time, so that a dump of some gigabytes needs little memory. Nothing outside the file
is ever loaded and no entity that a file defines is ever expanded: DBLP's named letters (`&uuml;`) are those of HTML.
"""

from __future__ import annotations

import html.entities
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

from matcher.errors import DataError, MissingExtraError
from matcher.ingest.fields import one_line
from matcher.ingest.files import refuse_bomb
from matcher.ingest.formats.source import SourceRecord, Wishes, cut_raw, refuse_missing
from matcher.ingest.formats.works import Owners, Work, WorkAuthor, plain_key, record_of

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["elements", "read_anthology", "read_arxiv", "read_dblp"]

_EVERY: Final = 10_000
_CHUNK: Final = 1 << 18
_GZIP: Final = b"\x1f\x8b"
_ENTITY: Final = re.compile(rb"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML_OWN: Final = frozenset((b"amp", b"lt", b"gt", b"quot", b"apos"))
_LONGEST_ENTITY: Final = 34
_DEFINITION: Final = b"<!ENTITY"


# --- streaming ------------------------------------------------------------------------------------------------------


class _Letters(io.RawIOBase):
    """A stream in which HTML's named letters stand as numbers, and which refuses definitions of entities."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._name = name
        self._unpack = None
        self._held = b""
        self._waiting = b""
        self._packed = self._given = 0
        self._is_at_end = False
        start = stream.read(len(_GZIP))
        if start == _GZIP:
            self._unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._first = start

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:  # noqa: ARG002  # as much as there is at once
        while not self._is_at_end:
            raw = b"" if self._waiting else self._first + self._stream.read(_CHUNK)
            self._first = b""
            self._is_at_end = not raw and not self._waiting
            plain = raw if self._unpack is None else self._unpacked(raw)
            text = self._held + plain
            # An entity may be cut in two by the end of a chunk.
            cut = len(text) if self._is_at_end else text.rfind(b"&", max(0, len(text) - _LONGEST_ENTITY))
            cut = len(text) if cut < 0 else cut
            self._held, ready = text[cut:], text[:cut]
            if _DEFINITION in ready:
                raise DataError(
                    "the file defines entities, which are never expanded", file=self._name, remedy="take the DTD out"
                )
            if ready:
                return _ENTITY.sub(_as_number, ready)
        return b""

    def _unpacked(self, raw: bytes) -> bytes:
        """A piece of what the file unpacks to; what is left of the packed bytes waits."""
        self._packed += len(raw)
        assert self._unpack is not None
        try:
            plain = self._unpack.decompress(self._waiting + raw, _CHUNK)
        except zlib.error as error:
            raise DataError(f"the gzip file is damaged: {error}", file=self._name) from None
        self._waiting = self._unpack.unconsumed_tail
        self._given += len(plain)
        refuse_bomb(max(self._packed, 1), self._given, self._name)
        return plain


def _as_number(found: re.Match[bytes]) -> bytes:
    if found[1] in _XML_OWN:
        return found[0]
    point = html.entities.name2codepoint.get(found[1].decode())
    return found[0] if point is None else b"&#%d;" % point


def elements(path: Path, tags: Sequence[str]) -> Iterator[etree._Element]:
    """The elements of a file that have one of some tags; each is emptied after use.

    Args:
        path: the file, plain or gzip.
        tags: the tags.

    Raises:
        DataError: the file cannot be read, is no XML, or defines entities.
        MissingExtraError: the package that reads XML is not installed.
    """
    try:
        from lxml import etree
    except ImportError:
        raise MissingExtraError("XML", "formats") from None
    refuse_missing(path)
    with path.open("rb") as stream:
        source = cast("Any", _Letters(stream, path.name))
        try:
            walk = etree.iterparse(
                source, events=("end",), tag=list(tags), resolve_entities=False, no_network=True, load_dtd=False
            )
            for _, element in walk:
                yield element
                element.clear()
                parent = element.getparent()
                while parent is not None and element.getprevious() is not None:
                    del parent[0]
        except etree.XMLSyntaxError as error:
            where = error.lineno
            raise DataError(f"this is no XML: {error.msg}", file=path.name, line=where or None) from None


def _text(element: etree._Element | None) -> str:
    return "" if element is None else one_line("".join(element.itertext()))


def _raw(element: etree._Element) -> str:
    from lxml import etree

    return cut_raw(etree.tostring(element, encoding="unicode", with_tail=False))


class _Counter:
    """Tells the user now and then how many records were read."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._count = 0

    def step(self) -> None:
        self._count += 1
        if self._wishes.progress is not None and self._count % _EVERY == 0:
            self._wishes.progress(self._count)


# --- DBLP -----------------------------------------------------------------------------------------------------------

_DBLP_KINDS: Final[Mapping[str, str]] = {
    "article": "journal",
    "inproceedings": "conference",
    "proceedings": "other",
    "book": "other",
    "incollection": "chapter",
    "phdthesis": "thesis",
    "mastersthesis": "thesis",
    "data": "other",
}
_HOMONYM: Final = re.compile(r"\s+\d{4}\Z")
_NO_WORK: Final = "a person's page or a volume, no work of its own"


def read_dblp(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:
    """Read DBLP's XML: the dump, or pages of persons.

    An author with a number (`Wei Wang 0003`) is one certain person; without one the name decides, if it is written in
    full. A reviewer's DBLP id (`attributes.dblp`) decides where the file has ids.

    Args:
        paths: `.xml`, plain or gzip.
        wishes: whose works are wanted.

    Raises:
        DataError: a file cannot be read, or whose works are wanted is not said.
        MissingExtraError: the package that reads XML is not installed.
    """
    counter = _Counter(wishes)
    for path in paths:
        owners = Owners(wishes.owners, path.name)
        for element in elements(path, (*_DBLP_KINDS, "www")):
            counter.step()
            line = element.sourceline
            if element.tag in ("www", "proceedings"):
                yield SourceRecord(path.name, line, left_out=_NO_WORK)
                continue
            yield record_of(_dblp_work(element), owners, file=path.name, line=line, raw=_raw(element))


def _dblp_work(element: etree._Element) -> Work:
    venue = _text(element.find("booktitle")) or _text(element.find("journal")) or _text(element.find("school"))
    tag = str(element.tag)
    is_informal = element.get("publtype") == "informal" or venue == "CoRR"
    kind = "preprint" if is_informal else _DBLP_KINDS[tag]
    if kind == "conference" and re.search(r"(?i)workshop|@", venue):
        kind = "workshop"
    return Work(
        id=f"dblp:{element.get('key')}",
        title=_text(element.find("title")).removesuffix("."),
        authors=tuple(_dblp_author(one) for one in element.findall("author")),
        date=_text(element.find("year")) or None,
        venue=venue,
        kind=kind,
    )


def _dblp_author(element: etree._Element) -> WorkAuthor:
    written = _text(element)
    keys = set()
    if element.get("pid"):
        keys.add(plain_key("dblp", str(element.get("pid"))))
    if element.get("orcid"):
        keys.add(plain_key("orcid", str(element.get("orcid"))))
    if _HOMONYM.search(written):
        keys.add(f"dblpname:{written.casefold()}")
    return WorkAuthor(_HOMONYM.sub("", written), frozenset(keys))


# --- ACL Anthology --------------------------------------------------------------------------------------------------

_MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)


def read_anthology(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:
    """Read collections of the ACL Anthology.

    Args:
        paths: `.xml` as in its repository.
        wishes: whose works are wanted.

    Raises:
        DataError: a file cannot be read, or whose works are wanted is not said.
        MissingExtraError: the package that reads XML is not installed.
    """
    counter = _Counter(wishes)
    for path in paths:
        owners = Owners(wishes.owners, path.name)
        date, venue = None, ""
        for element in elements(path, ("meta", "paper", "frontmatter")):
            if element.tag == "meta":
                venue = _text(element.find("booktitle"))
                date = _anthology_date(element)
                continue
            if element.tag == "frontmatter":
                continue
            counter.step()
            work = _anthology_work(element, date, venue)
            yield record_of(work, owners, file=path.name, line=element.sourceline, raw=_raw(element))


def _anthology_date(meta: etree._Element) -> str | None:
    year = _text(meta.find("year"))
    if not re.fullmatch(r"\d{4}", year):
        return None
    month = re.split(r"[^a-z]", _text(meta.find("month")).casefold())[0]
    return f"{year}-{_MONTHS.index(month) + 1:02d}" if month in _MONTHS else year


def _anthology_work(paper: etree._Element, date: str | None, venue: str) -> Work:
    url = _text(paper.find("url"))
    volume = paper.getparent()
    collection = None if volume is None else volume.getparent()
    place = [str(one.get("id")) for one in (collection, volume) if one is not None and one.get("id")]
    key = url if url and "/" not in url else "-".join([*place, str(paper.get("id"))])
    return Work(
        id=f"acl:{key}",
        title=_text(paper.find("title")),
        authors=tuple(_anthology_author(one) for one in paper.findall("author")),
        date=date,
        abstract=_text(paper.find("abstract")),
        venue=venue,
        kind="workshop" if "workshop" in venue.casefold() else "conference",
    )


def _anthology_author(element: etree._Element) -> WorkAuthor:
    name = one_line(f"{_text(element.find('first'))} {_text(element.find('last'))}")
    keys = {f"acl:{element.get('id')}"} if element.get("id") else set()
    if element.get("orcid"):
        keys.add(plain_key("orcid", str(element.get("orcid"))))
    return WorkAuthor(name, frozenset(keys), affiliation=_text(element.find("affiliation")))


# --- arXiv ----------------------------------------------------------------------------------------------------------

_ATOM: Final = "{http://www.w3.org/2005/Atom}"
_ARXIV: Final = "{http://arxiv.org/schemas/atom}"


def read_arxiv(paths: Sequence[Path], wishes: Wishes) -> Iterator[SourceRecord]:
    """Read arXiv: the Atom feed of its API, or its metadata as JSON Lines.

    Args:
        paths: `.xml`, `.atom`, `.json` or `.jsonl`.
        wishes: whose works are wanted.

    Raises:
        DataError: a file cannot be read, or whose works are wanted is not said.
        MissingExtraError: the package that reads XML is not installed.
    """
    from matcher.ingest.formats.scholarly import read_arxiv_json

    counter = _Counter(wishes)
    for path in paths:
        refuse_missing(path)
        with path.open("rb") as stream:
            is_xml = stream.read(64).lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")
        if not is_xml:
            yield from read_arxiv_json([path], wishes)
            continue
        owners = Owners(wishes.owners, path.name)
        for element in elements(path, (f"{_ATOM}entry",)):
            counter.step()
            work = _atom_work(element)
            yield record_of(work, owners, file=path.name, line=element.sourceline, raw=_raw(element))


def _atom_work(entry: etree._Element) -> Work:
    key = _text(entry.find(f"{_ATOM}id")).rpartition("/abs/")[2]
    venue = _text(entry.find(f"{_ARXIV}journal_ref"))
    return Work(
        id=f"arxiv:{re.sub(r'v[0-9]+$', '', key)}",
        title=_text(entry.find(f"{_ATOM}title")),
        authors=tuple(
            WorkAuthor(_text(one.find(f"{_ATOM}name")), affiliation=_text(one.find(f"{_ARXIV}affiliation")))
            for one in entry.findall(f"{_ATOM}author")
        ),
        date=_text(entry.find(f"{_ATOM}published"))[:10] or None,
        abstract=_text(entry.find(f"{_ATOM}summary")),
        venue=venue or "arXiv",
        kind="preprint",
    )
