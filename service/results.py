"""Stored runs: folders named by the digest of their manifest, the latest used ones in memory."""

from __future__ import annotations

import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, Generic, TypeVar

from matcher import MatchResult
from matcher.commands.review import Queue
from matcher.edits import Workbench
from matcher.rounds import alternates
from service.browsing import Browsing
from service.overview import Overview
from service.problems import Problem
from service.storage.visible import Sight

__all__ = ["Kept", "Results"]

T = TypeVar("T")


class Kept(Generic[T]):
    """The things used last, each made once however many ask for it at the same time.

    Args:
        size: how many are kept.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._things: OrderedDict[Hashable, T] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing under a key, made if it is not there."""
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
                return self._things[key]
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._things:
                    return self._things[key]
            made = make()
            with self._lock:
                self._things[key] = made
                self._making.pop(key, None)
                while len(self._things) > self._size:
                    self._things.popitem(last=False)
            return made

    def peek(self, key: Hashable) -> T | None:
        """The thing under a key, if it is there."""
        with self._lock:
            return self._things.get(key)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._things.clear()


class Results:
    """Runs by digest.

    Args:
        data_dir: where the folder `runs` lies.
        size: runs kept in memory.
    """

    def __init__(self, data_dir: Path, size: int) -> None:
        self._folder = data_dir / "runs"
        self._kept: Kept[MatchResult] = Kept(size)
        self._seen: Kept[MatchResult] = Kept(4 * size)
        self._alternates: Kept[Any] = Kept(size)
        self._benches: Kept[Workbench] = Kept(size)
        self._queues: Kept[Queue] = Kept(size)
        self._browsings: Kept[Browsing] = Kept(size)
        self._overviews: Kept[Overview] = Kept(2 * size)
        self._looked_at: Kept[Any] = Kept(size)

    def path(self, digest: str) -> Path:
        """The run's folder."""
        return self._folder / digest

    def load(self, digest: str, *, viewer: str | None = None, hidden: frozenset[str] = frozenset()) -> MatchResult:
        """A run, checked against its manifest when it is first read.

        Args:
            digest: of its manifest.
            viewer: whose eyes see it: nothing of the submissions that this person conflicts with.
            hidden: submissions of which they see nothing in any case.

        Raises:
            Problem: nobody has the viewer's id.
        """
        whole = self._kept.get(digest, lambda: MatchResult.load(self.path(digest)))
        if viewer is None:
            return whole
        if viewer not in whole.venue.person_by_id:
            raise Problem("forbidden", "the key belongs to a person whom this run does not know")
        return self._seen.get((digest, viewer, hidden), lambda: whole.seen_by(viewer, besides=hidden))

    def alternates(self, digest: str, result: MatchResult, sight: Sight, count: int) -> Any:
        """Who could step in for each submission, worked out once."""
        return self._alternates.get(
            (digest, sight.viewer, sight.hidden, count),
            lambda: alternates(result.scores, result.limits, result.assignment, count=count),
        )

    def queue(self, digest: str, result: MatchResult, sight: Sight) -> Queue:
        """The questions of a run, with what trial matches say of them, found once."""
        key = (digest, sight.viewer, result.scores.submissions.ids)
        return self._queues.get(key, lambda: Queue(result.venue, result.conflicts, result, everything=True))

    def bench(self, digest: str, result: MatchResult, viewer: str | None) -> Workbench:
        """The run as a chair works on it by hand, with what is counted once."""
        return self._benches.get((digest, viewer, result.scores.submissions.ids), lambda: Workbench(result))

    def browsing(self, digest: str, result: MatchResult, viewer: str | None) -> Browsing:
        """A run as it is browsed, with what is counted once."""
        return self._browsings.get((digest, viewer, result.scores.submissions.ids), lambda: Browsing(result))

    def overview(self, digest: str, result: MatchResult, viewer: str | None) -> Overview:
        """A run at a glance, worked out once."""
        return self._overviews.get((digest, viewer, result.scores.submissions.ids), lambda: Overview(result))

    def looked_at(self, key: Hashable, look: Callable[[], T]) -> T:
        """What was found in the data of a state of a venue, looked for once."""
        found: T = self._looked_at.get(key, look)
        return found

    def forget_looks(self) -> None:
        """Look at data anew: somebody was erased."""
        self._looked_at.clear()

    def forget(self, digest: str) -> None:
        """Remove a run from memory and from disk."""
        for kept in (
            self._kept,
            self._seen,
            self._alternates,
            self._benches,
            self._queues,
            self._browsings,
            self._overviews,
        ):
            kept.clear()
        shutil.rmtree(self.path(digest), ignore_errors=True)
