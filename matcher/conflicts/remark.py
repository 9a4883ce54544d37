"""What an audit says: one remark, never a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from matcher.records import Evidence, PersonId, SubmissionId

__all__ = ["VISIBILITIES", "Remark", "Visibility", "listed", "share", "visibility_of"]

Visibility: TypeAlias = Literal["public", "declared-private", "submission-confidential"]

VISIBILITIES: Final[tuple[Visibility, ...]] = ("public", "declared-private", "submission-confidential")
"""Who may see a fact: anybody; those whom the people who declared it trusted; those who may know the authors."""

_BY_KIND: Final[dict[str, Visibility]] = {
    "paper": "public",
    "affiliation": "public",
    "relation": "declared-private",
    "declaration": "declared-private",
    "decision": "declared-private",
    "identity": "submission-confidential",
    "submission": "submission-confidential",
}


def visibility_of(evidence: Evidence) -> Visibility:
    """Who may see one fact by itself. That it concerns a submission is always confidential.

    >>> visibility_of(Evidence("paper", "A joint paper")), visibility_of(Evidence("identity", "author 1 is …"))
    ('public', 'submission-confidential')
    """
    return _BY_KIND[evidence.kind]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a chair should look at.

    Args:
        kind: what it is about.
        text: in words.
        submissions: concerned, if any.
        people: concerned, if any.
        visibility: who may see it.
    """

    kind: str
    text: str
    submissions: tuple[SubmissionId, ...] = ()
    people: tuple[PersonId, ...] = ()
    visibility: Visibility = "submission-confidential"


def share(part: float, whole: float) -> str:
    """A share in words of a chair: `12 %`, or `0 %` of nothing."""
    return f"{part / whole:.0%}" if whole else "0%"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Names in a sentence, the first few and how many more."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
