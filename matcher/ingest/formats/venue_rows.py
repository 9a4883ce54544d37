"""The tables of a venue folder from a `Venue` in memory: what `load_venue` reads back as the same venue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from matcher.records import (
    Affiliation,
    AuthorMention,
    Paper,
    PartialDate,
    Person,
    Relation,
    Reviewer,
    RoleLoad,
    SourceRef,
    Submission,
    Venue,
)

__all__ = ["paper_row", "plain_row", "reviewer_row", "rows_of"]


def rows_of(venue: Venue) -> dict[str, list[dict[str, Any]]]:
    """Every table of a venue folder that a venue fills, as rows.

    Facts of `venue.toml` (name, deadline, default demand and loads) are no rows; decisions have a file of their own.

    Args:
        venue: the venue.

    Example::

        tables = rows_of(load_venue("data/sample"))
        print(len(tables["reviewers"]))
    """
    reviewing = {one.person_id for one in venue.reviewers}
    tables: dict[str, list[dict[str, Any]]] = {
        "reviewers": [reviewer_row(one, venue.person_by_id[one.person_id]) for one in venue.reviewers],
        "publications": [paper_row(paper) for paper in venue.papers],
        "submissions": [_submission(one) for one in venue.submissions],
        "people": [_filled(**_person(one)) for one in venue.people if one.id not in reviewing],
        "conflicts": [
            _filled(submission_id=one.submission_id, reviewer_id=one.reviewer_id, reason=one.reason)
            for one in venue.declared
        ],
        "bids": [
            {"submission_id": one.submission_id, "reviewer_id": one.reviewer_id, "bid": one.bid} for one in venue.bids
        ],
        "fixed": [
            {"submission_id": one.submission_id, "reviewer_id": one.reviewer_id, "kind": one.kind}
            for one in venue.fixed
        ],
        "assignments": [
            {
                "submission_id": one.submission_id,
                "reviewer_id": one.reviewer_id,
                "state": one.state,
                "role": one.role,
                "round": one.round,
            }
            for one in venue.assignments
        ],
        "history": [
            _filled(
                submission_id=one.submission_id,
                reviewer_id=one.reviewer_id,
                earlier_id=one.earlier_id,
                wish=one.wish,
            )
            for one in venue.history
        ],
        "recommendations": [
            _filled(submission_id=one.submission_id, reviewer_id=one.reviewer_id, by=one.by, weight=one.weight)
            for one in venue.recommendations
        ],
        "scores": [
            _filled(submission_id=one.submission_id, reviewer_id=one.reviewer_id, score=one.score, source=one.source)
            for one in venue.external_scores
        ],
    }
    return {name: rows for name, rows in tables.items() if rows}


def plain_row(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a row, as `Table.read` gives them from JSON or from cells, as plain JSON again.

    Args:
        values: by field.

    >>> from matcher.ingest.fields import TABLES
    >>> plain_row(TABLES["submissions"].read({"id": "s1", "title": "A", "authors": "Jane Doe"}, {}, cells=True))
    {'id': 's1', 'title': 'A', 'authors': [{'name': 'Jane Doe'}]}
    """
    return {name: _plain(value) for name, value in values.items()}


def _filled(*, keep: str = "", **fields: Any) -> dict[str, Any]:
    """The fields that say something, and the one that says something even when it is empty."""
    return {
        name: value
        for name, value in fields.items()
        if name == keep or value not in (None, "", [], {}, ()) or value == 0
    }


def reviewer_row(reviewer: Reviewer, person: Person) -> dict[str, Any]:
    """The row of a reviewer; what says nothing is left out, but a list of papers that is empty."""
    return _filled(**_person(person), **_reviewer(reviewer), keep="paper_ids")


def _person(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "names": list(person.names[1:]),
        "emails": list(person.emails),
        "affiliations": _plain(person.affiliations),
        "relations": _plain(person.relations),
    }


def _span(one: Affiliation | Relation) -> dict[str, Any]:
    return {"start": None if one.start is None else str(one.start), "end": None if one.end is None else str(one.end)}


def _affiliation(one: Affiliation) -> dict[str, Any]:
    return _filled(organisation=one.organisation, domain=one.domain, role=one.role, **_span(one))


def _relation(one: Relation) -> dict[str, Any]:
    return _filled(kind=one.kind, name=one.other, person_id=one.other_id, evidence=one.evidence, **_span(one))


def _reviewer(one: Reviewer) -> dict[str, Any]:
    return {
        "paper_ids": list(one.paper_ids),
        "interests": list(one.interests),
        "max_load": one.max_load,
        "min_load": one.min_load,
        "invitation": None if one.invitation == "accepted" else one.invitation,
        "availability": None if one.availability == 1 else one.availability,
        "last_invited": None if one.last_invited is None else str(one.last_invited),
        "roles": _plain(one.roles),
        "attributes": _plain(one.attributes),
    }


def _plain(value: Any) -> Any:
    """Values as JSON has them: frozen mappings and tuples become objects and lists, records their own fields."""
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(inner) for inner in value]
    return value


def _author(one: AuthorMention) -> dict[str, Any]:
    return _filled(
        name=one.name,
        person_id=one.person_id,
        email=one.email,
        affiliation=one.affiliation,
        domain=one.domain,
        marks=one.marks,
    )


def paper_row(paper: Paper) -> dict[str, Any]:
    """The row of a publication; what says nothing is left out."""
    dates = [str(day) for day in paper.dates]
    sources = _plain(paper.sources)
    return _filled(
        id=paper.id,
        title=paper.title,
        abstract=paper.abstract,
        date=dates[0] if len(dates) == 1 else dates,
        authors=_plain(paper.authors),
        published_in=paper.published_in,
        kind=paper.kind,
        source=sources[0] if len(sources) == 1 else sources,
        full_text=paper.full_text,
    )


def _submission(one: Submission) -> dict[str, Any]:
    return _filled(
        id=one.id,
        title=one.title,
        abstract=one.abstract,
        authors=_plain(one.authors),
        reviews_wanted=one.reviews_wanted,
        load_weight=one.load_weight,
        keywords=list(one.keywords),
        status=None if one.status == "active" else one.status,
        track=one.track,
        attributes=_plain(one.attributes),
        full_text=one.full_text,
    )


_WRITERS: Final[Mapping[type, Callable[[Any], Any]]] = {
    Affiliation: _affiliation,
    AuthorMention: _author,
    PartialDate: str,
    Relation: _relation,
    RoleLoad: lambda one: {"role": one.role, "max_load": one.max_load, "min_load": one.min_load},
    SourceRef: lambda one: _filled(file=one.file, line=one.line),
}
"""How the records inside a row are written."""
