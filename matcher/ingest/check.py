"""What `matcher check` says about a venue, as a record: counts, gaps, doubles, and whether the demand can be met."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from matcher.bids import read_bids, strange_bids
from matcher.config import MatchConfig
from matcher.errors import DataError
from matcher.identity import is_full_name, normalise_name
from matcher.ingest.hidden import hidden_text
from matcher.ingest.loading import FileCount, LoadReport, Reject
from matcher.records import AuthorMention, Deadline, PersonId, Reviewer, Submission, Venue

__all__ = ["Finding", "VenueCheck", "check_venue", "normalise_title"]

_EXAMPLES: Final = 5
"""Ids that a finding names before it only counts."""

_FEW_PAPERS: Final = 3
"""A profile with fewer papers says little: the default aggregation is the mean of the best three."""

_ABSENT: Final = ("declined", "retired")
"""Answers to the invitation after which nobody reviews."""

Level: TypeAlias = Literal["problem", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a chair should know about the input.

    Args:
        name: what was found, as a word for programs.
        level: a problem must be mended before a match; a warning weakens the match; a note only informs.
        text: the finding as a sentence with its count.
        count: how many things are concerned.
        examples: the first of them: ids, `file:line` with the reason, or groups of ids.
    """

    name: str
    level: Level
    text: str
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VenueCheck:
    """What `matcher check` says.

    Args:
        venue: name of the venue.
        deadline: the day from which windows count, and where it was read.
        counts: how many of what, by name, in the order in which they are printed.
        files: rows read, accepted and rejected, for each file.
        rejects: every rejected row.
        findings: problems first, then warnings, then notes.
    """

    venue: str
    deadline: Deadline | None
    counts: Mapping[str, int]
    files: tuple[FileCount, ...]
    rejects: tuple[Reject, ...]
    findings: tuple[Finding, ...]

    def of_level(self, level: Level) -> tuple[Finding, ...]:
        """The findings of one level."""
        return tuple(finding for finding in self.findings if finding.level == level)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What must be mended before a match; `matcher check` then exits with 1."""
        return self.of_level("problem")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What weakens a match but does not prevent it."""
        return self.of_level("warning")

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What is good to know."""
        return self.of_level("note")

    def to_plain(self) -> dict[str, Any]:
        """The same as plain data for JSON."""
        deadline = self.deadline
        return {
            "venue": self.venue,
            "deadline": None if deadline is None else {"day": deadline.day.isoformat(), "origin": deadline.origin},
            "counts": dict(self.counts),
            "files": [
                {"file": count.file, "read": count.read, "accepted": count.accepted, "rejected": count.rejected}
                for count in self.files
            ],
            "rejects": [
                {"file": reject.file, "line": reject.line, "field": reject.field, "reason": reject.reason}
                for reject in self.rejects
            ],
            "findings": [
                {
                    "name": finding.name,
                    "level": finding.level,
                    "text": finding.text,
                    "count": finding.count,
                    "examples": list(finding.examples),
                }
                for finding in self.findings
            ],
        }


def check_venue(venue: Venue, report: LoadReport, config: MatchConfig | None = None) -> VenueCheck:
    """Look at a venue as it was read.

    Args:
        venue: the good rows.
        report: what became of every row.
        config: the choices of the match to come, for demand and loads; default: the venue's own, then our defaults.

    Returns:
        Counts and findings; the findings within a level keep the order of the checks.
    """
    config = (config or MatchConfig()).settled(venue.defaults)
    demand = _Demand.of(venue, config)
    findings = [
        *_rejected(report),
        *demand.findings(venue),
        *_bids(venue, report, config),
        *_gaps(venue),
        *_doubles(venue),
        *_hidden(venue),
        *_notes(venue, report),
    ]
    order: tuple[Level, ...] = ("problem", "warning", "note")
    return VenueCheck(
        venue=venue.name,
        deadline=venue.deadline,
        counts={
            "submissions": len(venue.submissions),
            "active submissions": len(venue.active_submissions),
            "reviewers": len(venue.reviewers),
            "publications": len(venue.papers),
            "people": len(venue.people),
            "declared conflicts": len(venue.declared),
            "fixed pairs": len(venue.fixed),
            "reviews wanted": sum(demand.wanted.values()),
            "reviews possible": sum(demand.most.values()),
        },
        files=report.files,
        rejects=report.rejects,
        findings=tuple(sorted(findings, key=lambda finding: order.index(finding.level))),
    )


def _finding(name: str, level: Level, one: str, many: str, found: Iterable[object]) -> Iterator[Finding]:
    """A finding about some things, if there are any; `{}` in `many` stands for their number."""
    listed = [str(entry) for entry in found]
    if listed:
        text = one if len(listed) == 1 else many.format(len(listed))
        yield Finding(name, level, text, len(listed), tuple(listed[:_EXAMPLES]))


def _rejected(report: LoadReport) -> Iterator[Finding]:
    one, many = "1 row cannot be accepted", "{} rows cannot be accepted"
    yield from _finding("rejected rows", "problem", one, many, (each for each in report.rejects if not each.keeps_row))
    one = "1 entry of a row cannot be accepted; the rest of the row can"
    many = "{} entries of rows cannot be accepted; the rest of the rows can"
    yield from _finding("rejected entries", "problem", one, many, (each for each in report.rejects if each.keeps_row))


# --- demand and loads -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Demand:
    """Reviews wanted by active submissions, and loads of the reviewers who take part.

    Args:
        wanted: reviews by submission.
        most: largest load by reviewer, after availability.
        least: smallest load by reviewer.
        reversed: reviewers whose own smallest load is above their largest.
    """

    wanted: Mapping[str, int]
    most: Mapping[PersonId, int]
    least: Mapping[PersonId, int]
    reversed: tuple[PersonId, ...]

    @classmethod
    def of(cls, venue: Venue, config: MatchConfig) -> _Demand:
        present = [reviewer for reviewer in venue.reviewers if reviewer.invitation not in _ABSENT]
        return cls(
            wanted={
                submission.id: _first(submission.reviews_wanted, config.reviews_per_submission)
                for submission in venue.active_submissions
            },
            most={reviewer.person_id: _most(reviewer, config) for reviewer in present},
            least={reviewer.person_id: _first(reviewer.min_load, config.min_load) for reviewer in present},
            reversed=tuple(
                reviewer.person_id
                for reviewer in present
                if _first(reviewer.min_load) > _first(reviewer.max_load, config.max_load)
            ),
        )

    def findings(self, venue: Venue) -> Iterator[Finding]:
        wanted, possible = sum(self.wanted.values()), sum(self.most.values())
        if wanted > possible:
            text = f"the submissions want {wanted} reviews, the reviewers can give {possible}"
            yield Finding("more demand than capacity", "problem", text, wanted - possible)
        least = sum(min(self.least[who], self.most[who]) for who in self.most)
        if least > wanted:
            text = f"the minimum loads ask for {least} reviews, the submissions want {wanted}"
            yield Finding("minimum loads above demand", "problem", text, least - wanted)
        yield from _finding(
            "minimum above maximum load",
            "problem",
            "1 reviewer has a minimum load above the maximum load",
            "{} reviewers have a minimum load above the maximum load",
            self.reversed,
        )
        reviewers = sum(load > 0 for load in self.most.values())
        yield from _finding(
            "more reviews wanted than reviewers",
            "problem",
            f"1 submission wants more reviews than there are reviewers ({reviewers})",
            f"{{}} submissions want more reviews than there are reviewers ({reviewers})",
            (name for name, number in self.wanted.items() if number > reviewers),
        )
        declared = {(conflict.submission_id, conflict.reviewer_id) for conflict in venue.declared}
        yield from _finding(
            "required pairs in conflict",
            "problem",
            "1 required pair is a declared conflict",
            "{} required pairs are declared conflicts",
            (
                f"{pair.submission_id} × {pair.reviewer_id}"
                for pair in venue.fixed
                if pair.kind == "require" and (pair.submission_id, pair.reviewer_id) in declared
            ),
        )


def _first(*values: int | None) -> int:
    return next((value for value in values if value is not None), 0)


def _most(reviewer: Reviewer, config: MatchConfig) -> int:
    load = _first(reviewer.max_load, config.max_load)
    return int(load * reviewer.availability + 1e-9)  # 0.3 x 10 is 3, also in binary


# --- bids -----------------------------------------------------------------------------------------------------------


def _bids(venue: Venue, report: LoadReport, config: MatchConfig) -> Iterator[Finding]:
    """Bids that a match could not read."""
    if config.bids == "off" or not venue.bids:
        return
    scale, strange = strange_bids(venue.bids, config.bid_scale)
    file = next((count.file for count in report.files if count.file.startswith("bids.")), "bids")
    lines = report.bid_lines
    places = (
        f"{file}:{lines.get((bid.submission_id, bid.reviewer_id), '?')}: '{bid.bid}' of {bid.reviewer_id} on "
        f"{bid.submission_id}"
        for bid in sorted(strange, key=lambda bid: lines.get((bid.submission_id, bid.reviewer_id), 0))
    )
    which = f"the scale {scale}" + (", which knows most of them" if config.bid_scale == "auto" else "")
    yield from _finding(
        "unreadable bids",
        "problem",
        f"1 bid is not of {which}; correct it, or set bid_scale in [bids] of match.toml",
        f"{{}} bids are not of {which}; correct them, or set bid_scale in [bids] of match.toml",
        places,
    )
    if not strange:
        try:
            read_bids(venue.bids, config.bid_scale)
        except DataError as error:  # no word is strange, but several scales know them all and disagree
            yield Finding("ambiguous bids", "problem", str(error), len(venue.bids))


# --- gaps -----------------------------------------------------------------------------------------------------------


def _gaps(venue: Venue) -> Iterator[Finding]:
    sizes = {reviewer.person_id: len(reviewer.paper_ids) for reviewer in venue.reviewers}
    yield from _finding(
        "reviewers without publications",
        "warning",
        "1 reviewer has no publication",
        "{} reviewers have no publication",
        (who for who, size in sizes.items() if size == 0),
    )
    yield from _finding(
        "reviewers with few publications",
        "warning",
        f"1 reviewer has fewer than {_FEW_PAPERS} publications",
        f"{{}} reviewers have fewer than {_FEW_PAPERS} publications",
        (who for who, size in sizes.items() if 0 < size < _FEW_PAPERS),
    )
    yield from _finding(
        "reviewers not in their bylines",
        "warning",
        "1 reviewer is in no byline of the publications listed for them",
        "{} reviewers are in no byline of the publications listed for them",
        (reviewer.person_id for reviewer in venue.reviewers if reviewer.paper_ids and not _is_named(venue, reviewer)),
    )
    yield from _finding(
        "publications without abstract",
        "warning",
        "1 publication has no abstract",
        "{} publications have no abstract",
        (paper.id for paper in venue.papers if not paper.abstract),
    )
    yield from _finding(
        "publications without date",
        "warning",
        "1 publication has no date",
        "{} publications have no date",
        (paper.id for paper in venue.papers if not paper.dates),
    )
    yield from _finding(
        "publications without authors",
        "warning",
        "1 publication has no authors",
        "{} publications have no authors",
        (paper.id for paper in venue.papers if not paper.authors),
    )
    yield from _finding(
        "submissions without abstract",
        "warning",
        "1 submission has no abstract",
        "{} submissions have no abstract",
        (submission.id for submission in venue.submissions if not submission.abstract),
    )
    yield from _finding(
        "submissions without authors",
        "warning",
        "1 submission has no authors, so its conflicts cannot be found",
        "{} submissions have no authors, so their conflicts cannot be found",
        (submission.id for submission in venue.submissions if not submission.authors),
    )
    yield from _finding(
        "authors by initials only",
        "warning",
        "1 author name is initials only, so joint papers of theirs with reviewers are mostly only asked about",
        "{} author names are initials only, so joint papers of theirs with reviewers are mostly only asked about",
        sorted({mention.name for mention in _strangers(venue) if not is_full_name(normalise_name(mention.name))}),
    )
    if venue.deadline is None:
        text = "the venue has no deadline, which conflict windows are counted from"
        yield Finding("no deadline", "warning", text, 1)


def _strangers(venue: Venue) -> Iterator[AuthorMention]:
    """Authors of publications and submissions whom neither an id nor an address tells."""
    bylines = (*(paper.authors for paper in venue.papers), *(one.authors for one in venue.submissions))
    for byline in bylines:
        yield from (mention for mention in byline if mention.person_id is None and mention.email is None)


def _is_named(venue: Venue, reviewer: Reviewer) -> bool:
    """Whether a byline of one of their papers carries the reviewer's id, or one of their names."""
    mentions = [mention for paper_id in reviewer.paper_ids for mention in venue.paper_by_id[paper_id].authors]
    if any(mention.person_id == reviewer.person_id for mention in mentions):
        return True
    names = {normalise_name(name) for name in venue.person_by_id[reviewer.person_id].names}
    return any(normalise_name(mention.name) in names for mention in mentions)


# --- doubles --------------------------------------------------------------------------------------------------------


def normalise_title(title: str) -> str:
    """A title without what printing changes: Unicode form NFKC, no case, letters and digits only.

    >>> normalise_title("Sparse-Training: a Survey")
    'sparsetrainingasurvey'
    """
    return "".join(letter for letter in unicodedata.normalize("NFKC", title).casefold() if letter.isalnum())


def _groups(named: Iterable[tuple[str, str]]) -> dict[str, dict[str, None]]:
    """The ids that carry each normalised name, in the order in which they come."""
    groups: dict[str, dict[str, None]] = {}
    for name, key in named:
        if name:
            groups.setdefault(name, {})[key] = None
    return groups


def _doubles(venue: Venue) -> Iterator[Finding]:
    papers = _groups((normalise_title(paper.title), paper.id) for paper in venue.papers)
    submissions = _groups((normalise_title(submission.title), submission.id) for submission in venue.submissions)
    people = _groups((normalise_name(name), person.id) for person in venue.people for name in person.names)
    yield from _finding(
        "duplicate publications",
        "warning",
        "1 title is that of several publications",
        "{} titles are each that of several publications",
        (f"{', '.join(ids)}: {venue.paper_by_id[next(iter(ids))].title}" for ids in _several(papers)),  # type: ignore[index]
    )
    yield from _finding(
        "duplicate submissions",
        "warning",
        "1 title is that of several submissions",
        "{} titles are each that of several submissions",
        (", ".join(ids) for ids in _several(submissions)),
    )
    yield from _finding(
        "published submissions",
        "warning",
        "1 submission has the title of a publication",
        "{} submissions have the title of a publication",
        (f"{next(iter(ids))} = {', '.join(papers[title])}" for title, ids in submissions.items() if title in papers),
    )
    yield from _finding(
        "homonyms",
        "warning",
        "1 name is carried by several people",
        "{} names are each carried by several people",
        (f"{name}: {', '.join(ids)}" for name, ids in people.items() if len(ids) > 1),
    )


def _several(groups: Mapping[str, Mapping[str, None]]) -> Iterator[Mapping[str, None]]:
    return (ids for ids in groups.values() if len(ids) > 1)


# --- notes ----------------------------------------------------------------------------------------------------------


def _hidden(venue: Venue) -> Iterator[Finding]:
    """Texts of submissions and publications that hold more than their readers see."""
    texts = [(f"submission {each.id}", each.text) for each in venue.submissions]
    texts += [(f"publication {each.id}", each.text) for each in venue.papers]
    texts += [(f"interests of {each.person_id}", " ".join(each.interests)) for each in venue.reviewers]
    yield from _finding(
        "hidden text",
        "warning",
        "1 text holds what its readers do not see, or take for something else: scores may be meant to be moved",
        "{} texts hold what their readers do not see, or take for something else: scores may be meant to be moved",
        (f"{name}: {'; '.join(found)}" for name, text in texts if (found := hidden_text(text))),
    )


def _notes(venue: Venue, report: LoadReport) -> Iterator[Finding]:
    inactive: list[Submission] = [submission for submission in venue.submissions if submission.status != "active"]
    yield from _finding(
        "inactive submissions",
        "note",
        "1 submission is withdrawn or rejected: it gets no reviewers but counts for conflicts",
        "{} submissions are withdrawn or rejected: they get no reviewers but count for conflicts",
        (submission.id for submission in inactive),
    )
    unused: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("assignments", tuple(each for each in venue.assignments if each.state != "declined")),
    )
    for name, rows in unused:
        if rows:
            text = (
                f"{len(rows)} {'row' if len(rows) == 1 else 'rows'} of {name} are read, but a match does not use them"
            )
            yield Finding(f"unused {name}", "note", text, len(rows))
    for notice in report.notices:
        yield Finding("notice", "note", notice, 1)
