"""The tables of a venue folder from a `Venue` in memory: what `load_venue` reads back as the same venue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matcher.records import Affiliation, AuthorMention, Paper, Person, Relation, Reviewer, Submission, Venue

__all__ = ["rows_of"]


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
        "reviewers": [
            _filled(**_person(venue.person_by_id[one.person_id]), **_reviewer(one), keep="paper_ids")
            for one in venue.reviewers
        ],
        "publications": [_paper(paper) for paper in venue.papers],
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
    }
    return {name: rows for name, rows in tables.items() if rows}


def _filled(*, keep: str = "", **fields: Any) -> dict[str, Any]:
    """The fields that say something, and the one that says something even when it is empty."""
    return {
        name: value
        for name, value in fields.items()
        if name == keep or value not in (None, "", [], {}, ()) or value == 0
    }


def _person(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "names": list(person.names[1:]),
        "emails": list(person.emails),
        "affiliations": [_affiliation(one) for one in person.affiliations],
        "relations": [_relation(one) for one in person.relations],
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
        "roles": [{"role": role.role, "max_load": role.max_load, "min_load": role.min_load} for role in one.roles],
        "attributes": _plain(one.attributes),
    }


def _plain(value: Any) -> Any:
    """Attributes as JSON has them: frozen mappings and tuples become objects and lists."""
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


def _paper(paper: Paper) -> dict[str, Any]:
    dates = [str(day) for day in paper.dates]
    sources = [_filled(file=one.file, line=one.line) for one in paper.sources]
    return _filled(
        id=paper.id,
        title=paper.title,
        abstract=paper.abstract,
        date=dates[0] if len(dates) == 1 else dates,
        authors=[_author(one) for one in paper.authors],
        published_in=paper.published_in,
        kind=paper.kind,
        source=sources[0] if len(sources) == 1 else sources,
    )


def _submission(one: Submission) -> dict[str, Any]:
    return _filled(
        id=one.id,
        title=one.title,
        abstract=one.abstract,
        authors=[_author(author) for author in one.authors],
        reviews_wanted=one.reviews_wanted,
        load_weight=one.load_weight,
        keywords=list(one.keywords),
        status=None if one.status == "active" else one.status,
        track=one.track,
        attributes=_plain(one.attributes),
    )
