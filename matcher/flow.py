"""A flow between those who want and those who give, that can be asked what stands in its way.

Solvers find the best flow of a whole problem. This one is for questions about feasibility: it grows by one unit at a
time, can lose a row and get it back, and tells which rows and columns are reached from one that is not full, which is
a minimum cut. Rows of the matrix of pairs are looked at as a whole, so that dense problems need no list of pairs.

Source: R. Ahuja, T. Magnanti, J. Orlin, Network Flows, 1993, chapter 6 (augmenting paths, minimum cuts).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np

from matcher.records import Bools, Ints

__all__ = ["Flow"]

_ROOT: Final = -1
_TWIN: Final = -2


class Flow:
    """Who gives to whom, kept as large as it can be; rows want, columns give.

    Args:
        allowed: (N, M) True where a column may give to a row, at most once.
        wanted: (N,) what each row wants.
        room: (M,) what each column can give in all.
        spare: (M,) columns of which a row may have at most one.
        held: for each row the columns that give to it at the start.
    """

    def __init__(
        self, allowed: Bools, wanted: Ints, room: Ints, spare: Bools, held: Sequence[Iterable[int]] | None = None
    ) -> None:
        self.allowed = allowed
        self.wanted = wanted
        self.room = room.copy()
        self.spare = spare
        self.has_spare = bool(spare.any())
        self.held: list[set[int]] = [set() for _ in range(len(wanted))]
        self.holders: list[set[int]] = [set() for _ in range(len(room))]
        self._journal: list[tuple[int, int, bool]] | None = None
        for row, columns in enumerate(held or ()):
            for column in columns:
                self.give(row, column)

    def missing(self, row: int) -> int:
        """What a row still wants."""
        return int(self.wanted[row]) - len(self.held[row])

    def short(self) -> list[int]:
        """The rows that still want something."""
        return [row for row in range(len(self.wanted)) if self.missing(row) > 0]

    def give(self, row: int, column: int) -> None:
        """Let a column give to a row; nobody checks whether it has room."""
        self.held[row].add(column)
        self.holders[column].add(row)
        self.room[column] -= 1
        if self._journal is not None:
            self._journal.append((row, column, True))

    def take(self, row: int, column: int) -> None:
        """The reverse of `give`."""
        self.held[row].remove(column)
        self.holders[column].remove(row)
        self.room[column] += 1
        if self._journal is not None:
            self._journal.append((row, column, False))

    def release(self, row: int) -> None:
        """Take everything from a row."""
        for column in sorted(self.held[row]):
            self.take(row, column)

    def could_fill(self, row: int, *, without: int | None = None, then: Callable[[], None] | None = None) -> bool:
        """Whether a row could be filled, perhaps with another row left out. Nothing has changed in the end.

        Args:
            row: the row to fill.
            without: a row that is left out meanwhile.
            then: called while the row is full, if it can be.
        """
        self._journal = []
        if without is not None:
            self.release(without)
        is_full = self.fill(row) <= 0
        if is_full and then is not None:
            then()
        journal, self._journal = self._journal, None
        for place, column, was_given in reversed(journal):
            (self.take if was_given else self.give)(place, column)
        return is_full

    def fill(self, row: int) -> int:
        """Give a row as much as can be had, by exchanges with others where needed; they never lose.

        Returns:
            What is still missing.
        """
        while self.missing(row) > 0:
            end = self.reach([row])
            if end is None:
                break
            self._augment(end)
        return self.missing(row)

    def fill_all(self) -> None:
        """Make the flow as large as it can be."""
        for row in self.short():  # what can be had without any exchange, first
            for column in np.flatnonzero(self.allowed[row] & (self.room > 0) & ~self.spare).tolist():
                if self.missing(row) > 0 and column not in self.held[row]:
                    self.give(row, column)
        while (roots := self.short()) and (end := self.reach(roots)) is not None:
            self._augment(end)

    def reach(self, roots: Sequence[int], *, most: int | None = None, goal: Bools | None = None) -> int | None:
        """Look for a column with room by exchanges that start at rows; breadth first.

        Afterwards `rows` and `columns` are what was reached. Nodes are 2 x row, and 2 x row + 1 for the row's one
        place for a spare column.

        Args:
            roots: where to start.
            most: give up, and return `None`, once more rows are reached.
            goal: (N,) rows at which to stop, and return `None`; `stopped_at` is then the first that was reached.

        Returns:
            A column with room, `None` when there is none: what was reached is then a minimum cut.
        """
        self._node_from: dict[int, int] = {2 * row: _ROOT for row in roots}
        self._column_from: dict[int, int] = {}
        unseen = np.ones(len(self.room), dtype=np.bool_)
        has_room = self.room > 0
        queue = [2 * row for row in roots]
        self.rows: list[int] = list(roots)
        self.stopped_at: int | None = None
        for node in queue:  # grows while it is read
            if self.has_spare and self._uses_place(node // 2) == bool(node % 2):
                self._visit(node ^ 1, _TWIN, queue)  # to a free place, or back from one that is taken
            found = np.flatnonzero(self._open(node) & unseen)
            unseen[found] = False
            columns = found.tolist()
            for column in columns:
                self._column_from[column] = node
            reached = len(queue)
            ends = found[has_room[found]]
            if len(ends):
                return int(ends[0])
            for column in columns:
                place = int(self.has_spare and bool(self.spare[column]))
                for holder in sorted(self.holders[column]):
                    self._visit(2 * holder + place, column, queue)
            if most is not None and len(self.rows) > most:
                return None
            if goal is not None:
                self.stopped_at = next((node // 2 for node in queue[reached:] if goal[node // 2]), None)
                if self.stopped_at is not None:
                    return None
        self.columns = sorted(self._column_from)
        return None

    def _uses_place(self, row: int) -> bool:
        return any(self.spare[column] for column in self.held[row])

    def _open(self, node: int) -> Bools:
        """(M,) the columns that a node may go to."""
        row, is_place = divmod(node, 2)
        mask: Bools = self.allowed[row].copy()
        if self.has_spare:
            mask &= self.spare if is_place else ~self.spare
        mask[list(self.held[row])] = False
        return mask

    def _visit(self, node: int, came_from: int, queue: list[int]) -> None:
        if node not in self._node_from:
            self._node_from[node] = came_from
            queue.append(node)
            if node % 2 == 0:
                self.rows.append(node // 2)

    def _augment(self, end: int) -> None:
        """Move one unit along the path that was found."""
        column = end
        while True:
            node = self._column_from[column]
            row = node // 2
            came_from = self._node_from[node]
            if came_from == _TWIN:
                came_from = self._node_from[node ^ 1]
            if came_from != _ROOT:
                self.take(row, came_from)
            self.give(row, column)
            if came_from == _ROOT:
                return
            column = came_from

    def hand_over(self) -> None:
        """Take one unit from the row at which `reach` stopped and move it to the root."""
        assert self.stopped_at is not None
        node = 2 * self.stopped_at
        if node not in self._node_from or self._node_from[node] == _TWIN:
            node += 1
        column = self._node_from[node]
        self.take(self.stopped_at, column)
        self._augment(column)

    def part(self, rows: Sequence[int], capacity: Ints) -> Flow:
        """The same flow with some rows only."""
        places = list(rows)
        return Flow(
            self.allowed[places],
            self.wanted[places],
            capacity,
            self.spare,
            [self.held[row] for row in places],
        )
