"""How much one client may ask for: requests in a minute by key and by address, and requests and uploads at once.

Counts are kept in memory, so several processes that serve together allow as many times more. Health checks are free.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from service.problems import Problem
from service.settings import Settings

__all__ = ["Limits"]

_RETRY_S: Final = 2
"""What is said of a request that came while others of the same client were under way."""


class Limits:
    """What one process counts.

    Args:
        settings: the limits; 0 turns one off.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._storage = MemoryStorage()
        self._window = MovingWindowRateLimiter(self._storage)
        self._lock = threading.Lock()
        self._busy: Counter[str] = Counter()

    def count_address(self, address: str) -> None:
        """Count a request before its key is looked at.

        Raises:
            Problem: there were too many from this address.
        """
        self._count("address", address, self._settings.requests_per_minute_and_address)

    def count_key(self, key_id: str) -> None:
        """Count a request of a key.

        Raises:
            Problem: there were too many with this key.
        """
        self._count("key", key_id, self._settings.requests_per_minute)

    def _count(self, what: str, who: str, most: int) -> None:
        if not most:
            return
        item = RateLimitItemPerMinute(most)
        if self._window.hit(item, what, who):
            return
        wait = max(1, int(self._window.get_window_stats(item, what, who).reset_time - time.time()) + 1)
        raise Problem(
            "too-many-requests",
            f"allowed are {most} requests a minute for each {what}: wait {wait} s",
            headers={"Retry-After": str(wait)},
            limit=most,
            window_s=60,
        )

    @contextmanager
    def at_once(self, key_id: str, *, takes_files: bool) -> Iterator[None]:
        """One request under way.

        Args:
            key_id: who asks.
            takes_files: whether it may bring files; of these all clients together have few places.

        Raises:
            Problem: too many are under way.
        """
        places = {f"key {key_id}": (self._settings.requests_at_once, "requests of one key")}
        if takes_files:
            places["uploads"] = (self._settings.uploads_at_once, "uploads")
        with self._lock:
            for name, (most, what) in places.items():
                if most and self._busy[name] >= most:
                    detail = f"allowed are {most} {what} at once: wait for the end of one"
                    raise Problem("too-many-requests", detail, headers={"Retry-After": str(_RETRY_S)}, limit=most)
            self._busy.update(list(places))
        try:
            yield
        finally:
            with self._lock:
                self._busy.subtract(list(places))
                self._busy += Counter()  # forgets whoever has none under way
