"""Works of bibliographic sources: whose they are, and the rows that they become."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from matcher.errors import DataError
from matcher.identity import names_fit, normalise_name
from matcher.ingest.formats.source import Owner, Row, SourceRecord

__all__ = ["Owners", "Work", "WorkAuthor", "kind_of", "plain_key", "record_of"]

_NOT_OURS: Final = "no author is one of the reviewers"
_SURNAME_FIRST: Final = re.compile(r"(?P<family>[^,]+),\s*(?P<given>[^,]+)\Z")


@dataclass(frozen=True, slots=True)
class WorkAuthor:
    """An author as a bibliographic source names them.

    Args:
        name: given name first.
        keys: ids that the source knows, such as `orcid:0000-0002-1825-0097` or `dblp:12/345`.
        affiliation: the organisation printed beside the name.
        email: the address printed beside the name.
        person_id: the id under which the person stands in bylines, where the source has such ids as a folder has them.
    """

    name: str
    keys: frozenset[str] = frozenset()
    affiliation: str = ""
    email: str = ""
    person_id: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """A published work.

    Args:
        id: with the prefix of its source, such as `doi:10.1000/182` or `dblp:conf/x/Y20`.
        title: one line.
        authors: in byline order.
        date: `2023`, `2023-06` or `2023-06-09`; `None` when not known.
        abstract: may be empty.
        venue: where it was published.
        kind: one of the kinds of a publication.
        remarks: what was in doubt.
    """

    id: str
    title: str
    authors: tuple[WorkAuthor, ...] = ()
    date: str | None = None
    abstract: str = ""
    venue: str = ""
    kind: str = "other"
    remarks: tuple[str, ...] = field(default=())


def plain_key(registry: str, text: str) -> str:
    """An id of a registry without its web address, behind the registry's name.

    >>> plain_key("orcid", "https://orcid.org/0000-0002-1825-0097")
    'orcid:0000-0002-1825-0097'
    >>> plain_key("dblp", "https://dblp.org/pid/12/345-1.html")
    'dblp:12/345-1'
    """
    plain = re.sub(r"(?i)^https?://[^/]+/(pid/|author/|homepages/)?", "", text.strip())
    plain = re.sub(r"(?i)^homepages/", "", plain).rstrip("/").removesuffix(".html")
    return f"{registry}:{plain.casefold()}"


def given_first(name: str) -> str:
    """A name written `Family, Given` with the given name first; others as they are.

    >>> given_first("van der Berg, Ada"), given_first("Ada Berg")
    ('Ada van der Berg', 'Ada Berg')
    """
    found = _SURNAME_FIRST.match(name.strip())
    return f"{found['given'].strip()} {found['family'].strip()}" if found else " ".join(name.split())


class Owners:
    """The people whose works are looked for, by id and by name.

    Args:
        owners: who they are.
        source: what is read, for messages.

    Raises:
        DataError: nobody is named, so that nobody's works would be found.
    """

    def __init__(self, owners: Sequence[Owner], source: str) -> None:
        if not owners:
            raise DataError(
                "whose publications are wanted is not said",
                file=source,
                remedy="pass --reviewer 'Given Family', or --add with a folder that has reviewers",
            )
        self._by_key: dict[str, Owner] = {}
        self._by_name: dict[str, list[Owner]] = defaultdict(list)
        self._by_family: dict[str, list[tuple[str, Owner]]] = defaultdict(list)
        for owner in owners:
            for key in owner.keys:
                self._by_key.setdefault(key, owner)
            for name in dict.fromkeys(map(normalise_name, owner.names)):
                self._by_name[name].append(owner)
                self._by_family[name.rpartition(" ")[2]].append((name, owner))

    def of(self, author: WorkAuthor) -> tuple[Owner | None, str]:
        """Who an author is, and a question where that is not certain.

        An id decides. Without one a name that is written in full decides, if one reviewer bears it and the source
        does not say that it is someone else; a name that only fits (initials) is a question.
        """
        for key in sorted(author.keys):
            if key in self._by_key:
                return self._by_key[key], ""
        name = normalise_name(author.name)
        same = [owner for owner in self._by_name.get(name, ()) if not _is_denied(owner, author)]
        if len(same) == 1:
            return same[0], ""
        if len(same) > 1:
            return None, f"'{author.name}' is the name of {' and of '.join(owner.id for owner in same)}"
        fits = [
            owner
            for other, owner in self._by_family.get(name.rpartition(" ")[2], ())
            if names_fit(name, other) and not _is_denied(owner, author)
        ]
        if len(fits) == 1 and fits[0].is_sure:
            return fits[0], ""
        if fits:
            return None, f"'{author.name}' may be {' or '.join(dict.fromkeys(owner.id for owner in fits))}"
        return None, ""


def _is_denied(owner: Owner, author: WorkAuthor) -> bool:
    """Whether both have an id of one registry and the two ids differ."""
    held: Mapping[str, str] = {key.partition(":")[0]: key for key in sorted(owner.keys)}
    return any(held.get(key.partition(":")[0], key) != key for key in author.keys)


def record_of(work: Work, owners: Owners, *, file: str, line: int | None, raw: str = "") -> SourceRecord:
    """The record of a work: a publication, and a row for each reviewer who wrote it.

    A work that none of the reviewers wrote is left out; one that they may have written is left out with a remark in
    the reason, so that it can be counted and looked at.

    Args:
        work: the work.
        owners: whose works are wanted.
        file: where it was read.
        line: the line or number in the file.
        raw: the record as written.
    """
    if not work.title:
        return SourceRecord(file, line, fault="is missing", field="title", raw=raw)
    byline: list[dict[str, Any]] = []
    found: dict[str, Owner] = {}
    doubts: list[str] = []
    for author in work.authors:
        owner, question = owners.of(author)
        entry: dict[str, Any] = {"name": author.name}
        if question:
            doubts.append(question)
        if owner is not None and owner.id in found:  # two people of one work cannot be one
            doubts.append(f"two authors of one work would be {owner.id}")
            owner = None
        if owner is not None:
            found[owner.id] = owner
            entry["person_id"] = owner.id
        elif author.person_id:
            entry["person_id"] = author.person_id
        elif author.keys:
            entry["person_id"] = min(author.keys, key=_trust)
        byline.append(entry | _filled(email=author.email.lower(), affiliation=author.affiliation))
    if not found:
        reason = "an author may be one of the reviewers, which is not certain" if doubts else _NOT_OURS
        return SourceRecord(file, line, left_out=reason, raw=raw)
    paper = {
        "id": work.id,
        "title": work.title,
        "abstract": work.abstract,
        "date": work.date,
        "authors": byline,
        "published_in": work.venue,
        "kind": work.kind,
        "source": _filled(file=file, line=line),
    }
    rows = [Row("publications", paper)]
    rows += [
        Row("reviewers", {"id": key, "name": owner.names[0], "paper_ids": [work.id]}) for key, owner in found.items()
    ]
    return SourceRecord(file, line, tuple(rows), remarks=(*work.remarks, *doubts), raw=raw)


_REGISTRIES: Final = ("orcid", "openalex", "semanticscholar", "dblp", "acl", "dblpname")


def _trust(key: str) -> tuple[int, str]:
    """Of the ids of an author the one that tells most."""
    registry = key.partition(":")[0]
    return (_REGISTRIES.index(registry) if registry in _REGISTRIES else len(_REGISTRIES), key)


def _filled(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


_KINDS: Final[tuple[tuple[str, str], ...]] = (
    (r"preprint|posted-content|arxiv|corr\b", "preprint"),
    (r"thesis|dissertation", "thesis"),
    (r"workshop", "workshop"),
    (r"journal|article", "journal"),
    (r"proceedings|conference|inproceedings", "conference"),
    (r"chapter|incollection|inbook", "chapter"),
    (r"demo", "demo"),
)


def kind_of(*words: str) -> str:
    """What a work is, by the first of the words that says it: the source's own type, then the venue.

    >>> kind_of("inproceedings", "Workshop on Trees"), kind_of("journal-article")
    ('conference', 'journal')
    """
    for word in words:
        for pattern, kind in _KINDS:
            if word and re.search(rf"(?i){pattern}", word):
                return kind
    return "other"
