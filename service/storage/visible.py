"""Which records somebody sees: all, or all but what is about the submissions that they are in conflict with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from service.problems import Problem
from service.storage.tables import rows

__all__ = ["OF_SUBMISSIONS", "WHOLE", "Sight"]

OF_SUBMISSIONS: Final = ("conflicts", "bids", "fixed", "assignments", "history", "recommendations", "scores")
"""Tables whose records are about one submission each."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody sees of a venue.

    Args:
        viewer: the person whose eyes they are; `None`: a key of no person.
        hidden: submissions of which they see nothing, as if the venue did not have them.
        is_known: whether the venue knows the person, so that their conflicts could be found.
        is_blinded: whether answers must not tell who wrote a submission.
    """

    viewer: str | None = None
    hidden: frozenset[str] = frozenset()
    is_known: bool = True
    is_blinded: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing is hidden, so that totals, seeds and digests tell nothing that rows do not."""
        return self.is_known and not self.hidden

    def shows(self, kind: str, body: Mapping[str, Any]) -> bool:
        """Whether a record is seen."""
        if kind == "submissions":
            return body["id"] not in self.hidden
        return kind not in OF_SUBMISSIONS or body["submission_id"] not in self.hidden

    def conditions(self, kind: str) -> list[sa.ColumnElement[bool]]:
        """Conditions on `tables.rows` that leave out what is not seen.

        Raises:
            Problem: nobody knows which submissions the viewer is in conflict with.
        """
        if not self.is_known and kind in OF_SUBMISSIONS:
            raise Problem("forbidden", "the key belongs to a person whom the venue does not know: add them first")
        if not self.hidden:
            return []
        if kind == "submissions":
            return [rows.c.key.not_in(self.hidden)]
        return [self._about().not_in(self.hidden)] if kind in OF_SUBMISSIONS else []

    def counted(self) -> list[sa.ColumnElement[bool]]:
        """Conditions on records of all tables together."""
        if not self.hidden:
            return []
        is_one = sa.and_(rows.c.kind == "submissions", rows.c.key.in_(self.hidden))
        is_about = sa.and_(rows.c.kind.in_(OF_SUBMISSIONS), self._about().in_(self.hidden))
        return [sa.not_(sa.or_(is_one, is_about))]

    @staticmethod
    def _about() -> sa.ColumnElement[str]:
        found: sa.ColumnElement[str] = rows.c.body["submission_id"].as_string()
        return found

    def refuse_hidden(self, kind: str, body: Mapping[str, Any]) -> None:
        """Refuse to write what is not seen.

        Raises:
            Problem: the record is about a submission that the viewer is in conflict with.
        """
        if not self.shows(kind, body):
            raise Problem("forbidden", "this is about a submission that you are in conflict with: let others do it")


WHOLE: Final = Sight()
"""Nothing is hidden."""
