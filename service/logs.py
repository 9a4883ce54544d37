"""Logs: one line for each event, as text or as JSON, with the id of the request; keys and secrets never in them."""

from __future__ import annotations

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TextIO

__all__ = ["ACCESS", "REQUEST_ID", "JsonFormatter", "TextFormatter", "set_up_logs"]

REQUEST_ID: Final[ContextVar[str]] = ContextVar("matcher_request_id", default="")
"""The id of the request that is being answered; also sent back as `X-Request-ID`."""

ACCESS: Final = logging.getLogger("matcher.service.access")
"""One entry for each answered request, with `facts`."""

_SECRETS: Final = re.compile(
    r"(mk_[0-9A-Za-z]+_)[\w-]+|((?:code|token|secret|password)=)[^\s&\"']+|(://[^:/\s@]+:)[^@\s]+@"
)


def _hidden(text: str) -> str:
    """A text without keys, login codes, and passwords in addresses."""
    return _SECRETS.sub(lambda found: (found[1] or found[2] or found[3]) + "…" + ("@" if found[3] else ""), text)


class TextFormatter(logging.Formatter):
    """Time, level, logger, message, request."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The line, without secrets."""
        request_id = REQUEST_ID.get()
        return _hidden(super().format(record)) + (f" [{request_id}]" if request_id else "")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `at`, `level`, `logger`, `message`, `request_id`, and further facts."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without secrets."""
        entry: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if REQUEST_ID.get():
            entry["request_id"] = REQUEST_ID.get()
        entry |= getattr(record, "facts", {})
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return _hidden(json.dumps(entry, ensure_ascii=False, default=str))


def set_up_logs(form: str, stream: TextIO | None = None) -> None:
    """Send all logs of this process to one place.

    Args:
        form: `json` or `text`.
        stream: by default standard error.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
