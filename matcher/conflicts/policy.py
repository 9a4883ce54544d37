"""What a policy about conflicts can say: which rules hold, with which windows and exemptions, and who says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Final

from matcher.conflicts.windows import months_before
from matcher.records import Affiliation, Paper, Verdict

__all__ = [
    "ARITHMETICS",
    "Coauthors",
    "Collaborators",
    "Cosubmissions",
    "Institutions",
    "Policy",
    "Relations",
    "Seniors",
    "Window",
    "words_of",
]

_DAYS_OF_A_YEAR: Final = 365
"""As the calendar arithmetic of openreview-py counts a year, leap years too."""

_MONTHS: Final = 12
ARITHMETICS: Final = ("months", "calendar_years")
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Window:
    """How far back before the deadline something counts.

    Args:
        months: its length; `None` has no start.
        arithmetic: `months` starts on the same day of the month, N months earlier. `calendar_years` starts on the
            first of January after the year in which the day lies that is 365 days for each year earlier: so "3 years"
            are 24 to 36 months.

    >>> Window(36).start(date(2024, 10, 1)), Window(36, "calendar_years").start(date(2024, 10, 1))
    (datetime.date(2021, 10, 1), datetime.date(2022, 1, 1))
    """

    months: int | None
    arithmetic: str = "months"

    def start(self, day: date) -> date | None:
        """The first day that counts, for a deadline; `None` where everything counts."""
        if self.months is None:
            return None
        if self.arithmetic == "months":
            return months_before(day, self.months)
        days = _DAYS_OF_A_YEAR * self.months // _MONTHS
        earlier = day - timedelta(days=min(days, (day - date.min).days))
        return date(earlier.year + 1, 1, 1)

    def __str__(self) -> str:
        if self.months is None:
            return "ever"
        years = " (calendar years)" if self.arithmetic == "calendar_years" else ""
        return f"{self.months} months{years}"


@dataclass(frozen=True, slots=True)
class Coauthors:
    """A joint paper conflicts.

    Args:
        window: how far back.
        undated: what a paper without any date means: block, ask or clear.
        most_authors: papers with more authors do not count; `None` counts all.
        exempt_kinds: kinds of papers that do not count.
        exempt_titles: words; a paper with one of them in its title does not count.
        cite: where the rule stands.
        dated: as of when.
        note: how we read it, where the source leaves a choice.
    """

    window: Window
    undated: Verdict = Verdict.ASK
    most_authors: int | None = None
    exempt_kinds: tuple[str, ...] = ()
    exempt_titles: tuple[str, ...] = ()
    cite: str = ""
    dated: str = ""
    note: str = ""

    def counts(self, paper: Paper) -> bool:
        """Whether a joint paper of this kind conflicts at all."""
        if paper.kind in self.exempt_kinds or (self.most_authors and len(paper.authors) > self.most_authors):
            return False
        words = words_of(paper.title) if self.exempt_titles else ""
        return not any(f" {word} " in words for word in self.exempt_titles)


@dataclass(frozen=True, slots=True)
class Cosubmissions:
    """A reviewer who submitted another paper to this venue together with an author conflicts."""

    cite: str = ""
    dated: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Institutions:
    """A shared institution conflicts.

    Args:
        when: `current` (both there on the deadline), `both_within_window` (each there at some time in it),
            `overlap_within_window` (there together at some time in it).
        window: how far back, unless `current`.
        level: `institution` joins all parts of an institution; `unit` keeps `cs.uni.example` and `ee.uni.example`
            apart.
        addresses: whether e-mail addresses say where somebody is: `always`, `without_history` (only for people of
            whom no affiliation is known) or `never`.
        exempt_roles: patterns; a stay in such a role does not count. `intern` is a word, `*intern*` any part.
        cite: where the rule stands.
        dated: as of when.
        note: how we read it.
    """

    when: str = "current"
    window: Window = field(default_factory=lambda: Window(36))
    level: str = "institution"
    addresses: str = "without_history"
    exempt_roles: tuple[str, ...] = ()
    cite: str = ""
    dated: str = ""
    note: str = ""

    def counts(self, affiliation: Affiliation) -> bool:
        """Whether a stay in this role conflicts at all."""
        if not self.exempt_roles or not affiliation.role:
            return True
        role = affiliation.role.casefold()
        texts = (role, *words_of(role).split())
        return not any(fnmatchcase(text, pattern) for pattern in self.exempt_roles for text in texts)


@dataclass(frozen=True, slots=True)
class Relations:
    """A relation conflicts while it lasts, and for its window after its end.

    Args:
        window: of every kind that is not named.
        windows: by kind.
        off: kinds that never conflict.
        needs_id: whether only relations that name the other by an id count.
        siblings: whether two people with the same advisor conflict.
        cite: where the rule stands.
        dated: as of when.
        note: how we read it.
    """

    window: Window
    windows: Mapping[str, Window] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    needs_id: bool = False
    siblings: bool = False
    cite: str = ""
    dated: str = ""
    note: str = ""

    def of(self, kind: str) -> Window:
        """The window of one kind of relation."""
        return self.windows.get(kind, self.window)


@dataclass(frozen=True, slots=True)
class Collaborators:
    """Whoever stands in a list that a reviewer or the authors declared conflicts.

    Args:
        attribute: the attribute of reviewers and submissions that holds the list as free text.
        cite: where the rule stands.
        dated: as of when.
        note: how we read it.
    """

    attribute: str = "collaborators"
    cite: str = ""
    dated: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Seniors:
    """Whoever works under somebody in conflict conflicts too.

    Args:
        attribute: the attribute of a reviewer that holds the id of their senior, or a list of ids.
        cite: where the rule stands.
        dated: as of when.
        note: how we read it.
    """

    attribute: str = "senior"
    cite: str = ""
    dated: str = ""
    note: str = ""


@dataclass(frozen=True)
class Policy:
    """The rules of one venue; `None` for a rule that it does not have.

    Args:
        name: short, as on the command line.
        title: for people.
        source: where the policy as a whole stands.
        coauthor: see `Coauthors`.
        cosubmission: see `Cosubmissions`.
        institution: see `Institutions`.
        relation: see `Relations`.
        collaborator: see `Collaborators`.
        senior: see `Seniors`.
    """

    name: str
    title: str
    source: str = ""
    coauthor: Coauthors | None = None
    cosubmission: Cosubmissions | None = None
    institution: Institutions | None = None
    relation: Relations | None = None
    collaborator: Collaborators | None = None
    senior: Seniors | None = None


def words_of(text: str) -> str:
    """Lower case with one blank between words and at both ends."""
    return " ".join(["", *_WORD.findall(text.casefold()), ""])
