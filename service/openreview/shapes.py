"""Errors as OpenReview's services write them, with our problem document inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["error_of", "is_openreview"]

_ROOTS: Final = ("expertise", "match", "deploy", "undeploy", "notes", "edges")
"""First parts of the addresses that have OpenReview's shapes."""

_NAMES: Final[Mapping[int, str]] = {
    400: "BadRequestError",
    401: "UnauthorizedError",
    403: "ForbiddenError",
    404: "NotFoundError",
    405: "MethodNotAllowedError",
    409: "ConflictError",
    413: "PayloadTooLargeError",
    429: "RateLimitError",
    503: "ServiceUnavailableError",
}
_BAD_REQUEST: Final = 400
_INVALID: Final = 422


def is_openreview(path: str) -> bool:
    """Whether an address has OpenReview's shapes."""
    return path.lstrip("/").partition("/")[0] in _ROOTS


def error_of(document: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status and the body of an error there.

    Args:
        document: the problem; 422 is a status that its clients do not know, so it becomes 400.
    """
    status = _BAD_REQUEST if document["status"] == _INVALID else int(document["status"])
    name = _NAMES.get(status, "InternalServerError" if status >= 500 else "BadRequestError")
    message = document.get("detail") or document["title"]
    return status, {"name": name, "message": message, "status": status, "details": dict(document)}
