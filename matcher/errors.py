"""Every error that the package raises on purpose.

::

    MatcherError
    ├── InputError              the user's data or words are wrong           exit 1
    │   ├── DataError           a row, a field, a file                       (file, line, field)
    │   ├── ConfigError         a setting                                    (key)
    │   ├── UnknownNameError    a name that nobody knows; lists those known  (kind, name, known)
    │   └── EditError           edits by hand that cannot be                 (reasons)
    ├── MissingExtraError       a feature whose packages are not installed   exit 1 (extra)
    ├── RunError                a run folder that is broken or was changed   exit 1 (path)
    ├── InfeasibleError         limits that no assignment can respect        exit 3 (shortfalls, underloads)
    └── VerificationError       an answer that breaks a rule: a defect here  exit 1 (violations)

Errors carry fields, not only text: the command line prints them, the service turns them into problem documents.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matcher.records import Infeasibility, Relaxation, Shortfall, Underload, Violation

__all__ = [
    "ConfigError",
    "DataError",
    "EditError",
    "InfeasibleError",
    "InputError",
    "MatcherError",
    "MissingExtraError",
    "RunError",
    "UnknownNameError",
    "VerificationError",
    "counted",
    "did_you_mean",
]

_CLOSE_ENOUGH: Final = 0.6
"""Ratio of `difflib.SequenceMatcher` from which a known word is offered as the one meant (difflib's own default)."""

_LISTED_NAMES: Final = 12
"""How many known names an error lists before it says how many more there are."""


class MatcherError(Exception):
    """The root: `except MatcherError` catches all that this package raises on purpose."""

    exit_code: int = 1


class InputError(MatcherError, ValueError):
    """What the user handed over is wrong; the message says where and what to do."""


class DataError(InputError):
    """A file, a row or a field cannot be accepted.

    Args:
        message: what is wrong and what was allowed, without the place.
        file: the file as the user named it.
        line: one-based line (or row, in a sheet) of the record.
        field: the field concerned.
        remedy: what to do about it.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        field: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.message = message
        self.file = file
        self.line = line
        self.field = field
        self.remedy = remedy
        place = ":".join(str(part) for part in (file, line) if part is not None)
        where = f"{place}: " if place else ""
        what = f"field '{field}': " if field else ""
        then = f" ({remedy})" if remedy else ""
        super().__init__(f"{where}{what}{message}{then}")


class ConfigError(InputError):
    """A setting is unknown or out of range.

    Args:
        message: what is wrong and what was allowed.
        key: the setting's name as written in TOML, with its section.
        file: the file that holds it, when it came from one.
    """

    def __init__(self, message: str, *, key: str | None = None, file: str | None = None) -> None:
        self.message = message
        self.key = key
        self.file = file
        where = f"{file}: " if file else ""
        what = f"'{key}': " if key else ""
        super().__init__(f"{where}{what}{message}")


class UnknownNameError(InputError):
    """Somebody asked for a thing by a name that does not exist; the known ones are listed.

    Args:
        kind: what was asked for ("encoder", "submission", …).
        name: the name that is not known.
        known: all names that are.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind = kind
        self.name = name
        self.known = tuple(sorted(known))
        listed = ", ".join(self.known[:_LISTED_NAMES])
        if len(self.known) > _LISTED_NAMES:
            listed += f" and {len(self.known) - _LISTED_NAMES} more"
        super().__init__(f"unknown {kind} '{name}'{did_you_mean(name, self.known)}; known: {listed or 'none'}")


class MissingExtraError(MatcherError, ImportError):
    """A feature needs packages that are not installed.

    Args:
        feature: what the user asked for.
        extra: the extra of this distribution that brings the packages.
        alternative: what works without it, if anything does.
    """

    def __init__(self, feature: str, extra: str, *, alternative: str | None = None) -> None:
        self.feature = feature
        self.extra = extra
        instead = f"; or {alternative}" if alternative else ""
        super().__init__(f"{feature} needs the extra '{extra}': pip install 'reviewer-matcher[{extra}]'{instead}")


class RunError(MatcherError):
    """A run folder is missing, incomplete, or not what its manifest says.

    Args:
        message: what is wrong.
        path: the folder or file.
    """

    def __init__(self, message: str, *, path: str) -> None:
        self.message = message
        self.path = path
        super().__init__(f"{path}: {message}")


class InfeasibleError(MatcherError):
    """No assignment respects all limits; the fields say which submissions and reviewers fall short, and why.

    Args:
        shortfalls: submissions that cannot get all their reviews.
        underloads: reviewers who cannot reach their minimum load.
        summary: the reason in one sentence, where it concerns the whole venue.
        explanations: smallest sets of reasons, with ways out.
        ways_out: changes that make everything possible at once; see `matcher.ways_out`.
    """

    exit_code = 3

    def __init__(
        self,
        shortfalls: Sequence[Shortfall] = (),
        underloads: Sequence[Underload] = (),
        *,
        summary: str = "",
        explanations: Sequence[Infeasibility] = (),
        ways_out: Sequence[Relaxation] = (),
    ) -> None:
        self.shortfalls = tuple(shortfalls)
        self.underloads = tuple(underloads)
        self.explanations = tuple(explanations)
        self.ways_out = tuple(ways_out)
        missing = sum(short.wanted - short.got for short in self.shortfalls)
        parts = [summary] if summary else [explanations[0].text] if explanations else []
        if self.shortfalls:
            first = self.shortfalls[0]
            parts.append(
                f"{counted(missing, 'review')} of {counted(len(self.shortfalls), 'submission')} cannot be filled, "
                f"first '{first.submission_id}': {first.reason}"
            )
        if self.underloads:
            least = self.underloads[0]
            parts.append(
                f"{counted(len(self.underloads), 'reviewer')} cannot reach their minimum load, "
                f"first '{least.reviewer_id}': {least.reason}"
            )
        super().__init__("; ".join(parts) or "no assignment respects all limits")


class EditError(InputError):
    """Edits by hand that cannot be.

    Args:
        reasons: why, with what would change that, one for each.
    """

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(self.reasons))


class VerificationError(MatcherError):
    """The independent check found that an answer breaks a rule. This is a defect of ours, never of the input.

    Args:
        violations: each broken rule with the pair or person concerned.
    """

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        first = f": {self.violations[0].detail}" if self.violations else ""
        super().__init__(f"{counted(len(self.violations), 'rule is', 'rules are')} broken{first}")


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun, which is in the plural unless there is one.

    Args:
        number: how many.
        one: the noun for one, perhaps with its verb.
        many: for any other number; by default `one` with an s.

    >>> counted(1, "reviewer"), counted(0, "reviewer"), counted(2, "reviewer has", "reviewers have")
    ('1 reviewer', '0 reviewers', '2 reviewers have')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give `", did you mean 'x'?"` for the closest known word, or an empty string.

    >>> did_you_mean("coauthr_window", ["coauthor_window", "seed"])
    ", did you mean 'coauthor_window'?"
    >>> did_you_mean("zzz", ["coauthor_window", "seed"])
    ''
    """
    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), list(by_folded), n=1, cutoff=_CLOSE_ENOUGH)
    return f", did you mean '{by_folded[close[0]]}'?" if close else ""
