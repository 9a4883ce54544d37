"""A patient HTTP client: every answer is kept on disk with its date, requests are spaced, refusals are waited for."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from matcher.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    import httpx

__all__ = ["Client"]

_TIMEOUT_S: Final = 60.0
_TRIES: Final = 5
_LONGEST_WAIT_S: Final = 60.0
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_NOT_FOUND: Final = 404
_BAD_REQUEST: Final = 400
_MOST_BYTES: Final = 64 << 20
"""Bytes of one answer; pages of these services are far smaller."""


class Client:
    """Asks one service.

    Args:
        base: the service's address; answers of other hosts are never followed.
        cache: folder for answers; an answer that is there is not asked for again.
        per_second: requests a second at most.
        today: the day that is written beside an answer.
        headers: sent with every request, such as an API key; never written to disk.
        is_offline: whether only kept answers may be used.
        sleep: waits; another one in tests.

    Raises:
        MissingExtraError: the package that speaks HTTP is not installed.
    """

    def __init__(
        self,
        base: str,
        cache: Path,
        *,
        per_second: float,
        today: date,
        headers: Mapping[str, str] | None = None,
        is_offline: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        try:
            import httpx
        except ImportError:
            raise MissingExtraError("fetching", "fetch", alternative="import a dump of the source") from None
        self._errors: tuple[type[Exception], ...] = (httpx.HTTPError,)
        self._http: httpx.Client = httpx.Client(
            base_url=base,
            timeout=_TIMEOUT_S,
            follow_redirects=False,
            headers={"User-Agent": "reviewer-matcher", **(headers or {})},
        )
        self._base = base
        self._cache = cache
        self._pause = 1 / per_second
        self._today = today
        self._is_offline = is_offline
        self._sleep = sleep
        self._last: float | None = None
        self.asked = 0
        self.kept = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> str | None:
        """The answer to a request as text; `None` where the service knows no such thing.

        Args:
            path: behind the base address.
            params: the query.

        Raises:
            DataError: the service cannot be reached, refuses, or goes on refusing; or nothing is kept and the client
                is offline.
        """
        name = hashlib.sha256(json.dumps([self._base, path, sorted((params or {}).items())]).encode()).hexdigest()
        file = self._cache / name[:2] / f"{name}.json"
        if file.is_file():
            self.kept += 1
            text: str | None = json.loads(file.read_text(encoding="utf-8"))["text"]
            return text
        if self._is_offline:
            raise DataError(f"no answer to {path} is kept", file=self._base, remedy="fetch without --offline once")
        text = self._ask(path, params)
        file.parent.mkdir(parents=True, exist_ok=True)
        kept = {
            "url": f"{self._base}{path}",
            "params": dict(params or {}),
            "date": self._today.isoformat(),
            "text": text,
        }
        file.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
        return text

    def _ask(self, path: str, params: Mapping[str, str] | None) -> str | None:
        wait = 1.0
        fault = ""
        for _ in range(_TRIES):
            self._space()
            try:
                answer = self._http.get(path, params=dict(params or {}))
            except self._errors as error:
                fault = str(error) or type(error).__name__
            else:
                self.asked += 1
                if answer.status_code == _NOT_FOUND:
                    return None
                if answer.status_code < _BAD_REQUEST:
                    return self._checked(answer)
                fault = f"status {answer.status_code}"
                if answer.status_code != _TOO_MANY and answer.status_code < _SERVER_ERROR:
                    break
                told = answer.headers.get("Retry-After", "")
                wait = max(wait, float(told)) if told.isdecimal() else wait
            self._sleep(min(wait, _LONGEST_WAIT_S))
            wait *= 2
        raise DataError(
            f"the service does not answer {path}: {fault}", file=self._base, remedy="try again later; answers are kept"
        )

    def _checked(self, answer: httpx.Response) -> str:
        if answer.is_redirect:
            raise DataError("the service sends us elsewhere, which is not followed", file=self._base)
        if len(answer.content) > _MOST_BYTES:
            raise DataError(f"the answer has {len(answer.content) >> 20} MB", file=self._base)
        return answer.text

    def _space(self) -> None:
        """Wait until the next request is due."""
        now = time.monotonic()
        if self._last is not None and now - self._last < self._pause:
            self._sleep(self._pause - (now - self._last))
        self._last = time.monotonic()
