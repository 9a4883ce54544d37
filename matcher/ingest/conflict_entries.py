"""Entries of a column of conflicts: people, addresses, organisations and domains, in any mixture.

An entry is held against the names, addresses and organisations of both sheets first; only then its form decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeAlias

from matcher.identity import normalise_email, normalise_name
from matcher.ingest.byline import addresses_in, looks_like_organisation, read_byline, read_person
from matcher.ingest.check import normalise_title
from matcher.ingest.fields import one_line
from matcher.ingest.sheet_rows import NOTHING, ReviewerRow, SubmissionRow
from matcher.records import PersonId

__all__ = ["Known", "Named", "named_in"]

Named: TypeAlias = tuple[Literal["address", "domain", "organisation", "name"], str]
"""What an entry names, and the text that names it."""

_DOMAIN: Final = re.compile(r"@?(?P<domain>[\w-]+(?:\.[\w-]+)*\.[a-z]{2,})")
_CAPITALS: Final = re.compile(r"[A-ZÀ-Þ&]{2,}")
_COUNT: Final = re.compile(r"[\d\s.,]*")


@dataclass(frozen=True, slots=True)
class Known:
    """Names, addresses and organisations of both sheets, against which entries of conflicts are held.

    Args:
        reviewers_named: reviewers by normalised name.
        reviewer_of: the reviewer of each address.
        reviewers_at: reviewers by normalised organisation, and by mail domain.
        author_of: the author's name for each address printed beside one.
        names: normalised names of reviewers and authors.
        organisations: normalised organisations of reviewers and authors.
        domains: their mail domains.
    """

    reviewers_named: Mapping[str, tuple[PersonId, ...]]
    reviewer_of: Mapping[str, PersonId]
    reviewers_at: Mapping[str, tuple[PersonId, ...]]
    author_of: Mapping[str, str]
    names: frozenset[str]
    organisations: frozenset[str]
    domains: frozenset[str]

    @classmethod
    def of(cls, reviewers: Mapping[PersonId, ReviewerRow], submissions: Iterable[SubmissionRow]) -> Self:
        """Collect them from the rows of both sheets."""
        named: dict[str, list[PersonId]] = {}
        at: dict[str, list[PersonId]] = {}
        reviewer_of: dict[str, PersonId] = {}
        for reviewer_id, row in reviewers.items():
            named.setdefault(normalise_name(row.name), []).append(reviewer_id)
            for email in row.emails:
                reviewer_of.setdefault(normalise_email(email), reviewer_id)
            domains = [_domain_of(email) for email in row.emails]
            domains += [stay.domain for stay in row.affiliations if stay.domain]
            organisations = [normalise_title(stay.organisation) for stay in row.affiliations if stay.organisation]
            for place in dict.fromkeys((*domains, *organisations)):
                at.setdefault(place, []).append(reviewer_id)
        authors = [author for row in submissions for author in row.authors]
        author_of = {normalise_email(author.email): author.name for author in authors if author.email}
        elsewhere = [normalise_title(author.affiliation) for author in authors if author.affiliation]
        return cls(
            reviewers_named={name: tuple(ids) for name, ids in named.items()},
            reviewer_of=reviewer_of,
            reviewers_at={place: tuple(ids) for place, ids in at.items()},
            author_of=author_of,
            names=frozenset((*named, *(normalise_name(author.name) for author in authors))),
            organisations=frozenset((*(place for place in at if "." not in place), *elsewhere)),
            domains=frozenset((*(place for place in at if "." in place), *map(_domain_of, author_of))),
        )

    def reviewers(self, named: Named) -> tuple[PersonId, ...]:
        """The reviewers whom an entry names, or who are at what it names."""
        kind, value = named
        if kind == "address":
            address = normalise_email(value)
            return (self.reviewer_of[address],) if address in self.reviewer_of else ()
        if kind == "name":
            return self.reviewers_named.get(normalise_name(value), ())
        if kind == "organisation":
            return self.reviewers_at.get(normalise_title(value), ())
        found = (ids for place, ids in self.reviewers_at.items() if _is_within(place, value))
        return tuple(dict.fromkeys(reviewer_id for ids in found for reviewer_id in ids))

    def is_somewhere(self, named: Named) -> bool:
        """Whether an organisation or a domain is that of anybody in the sheets."""
        kind, value = named
        if kind == "organisation":
            return normalise_title(value) in self.organisations
        return any(_is_within(domain, value) for domain in self.domains)


def _domain_of(email: str) -> str:
    return email.rpartition("@")[2]


def _is_within(domain: str, other: str) -> bool:
    return domain == other or domain.endswith(f".{other}")


def named_in(entry: str, known: Known) -> list[Named]:
    """What an entry of a column of conflicts names: addresses, domains, organisations, names."""
    text = one_line(entry)
    if text.casefold() in NOTHING or _COUNT.fullmatch(text):
        return []
    addresses, _ = addresses_in(text)
    if addresses:
        return [("address", address) for address in addresses]
    one = _one_named(text, known)
    if one is not None:
        return [one]
    pieces = [piece.strip() for piece in text.split(",") if piece.strip()]
    found = [_one_named(piece, known) for piece in pieces]
    if len(pieces) == 1 or any(found):
        return [each or ("organisation", piece) for each, piece in zip(found, pieces, strict=True)]
    return [("name", person.name) for person in read_byline(text).authors]  # family and given names


def _one_named(text: str, known: Known) -> Named | None:
    """What a text without commas names; `None` where only its neighbour can tell."""
    domain = _DOMAIN.fullmatch(text)
    if domain and text == text.lower():
        return "domain", domain["domain"]
    if normalise_title(text) in known.organisations:
        return "organisation", text
    if normalise_name(text) in known.names:
        return "name", _as_name(text)
    if "," in text:
        return None
    if looks_like_organisation(text) or _CAPITALS.fullmatch(text):
        return "organisation", text
    return ("name", _as_name(text)) if len(text.split()) > 1 else None


def _as_name(text: str) -> str:
    """The name as it is read elsewhere, or the text itself."""
    person = read_person(text)
    return text if person is None else person.name
