"""Errors as problem documents (RFC 9457): a stable type, what is wrong, where, and what to do; never a traceback."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import singledispatch
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from matcher.errors import (
    ConfigError,
    DataError,
    EditError,
    InfeasibleError,
    InputError,
    MatcherError,
    MissingExtraError,
    RunError,
    UnknownNameError,
    counted,
)
from matcher.ingest import RejectedRowsError
from matcher.ingest.formats import RejectedRecordsError
from matcher.records import to_plain
from service.openreview.shapes import error_of, is_openreview

__all__ = ["PROBLEM_TYPES", "Problem", "as_problem", "brief_of", "document_of", "hang_into", "problem_response"]

_LOG: Final = logging.getLogger("matcher.service")
_SHOWN_ERRORS: Final = 100
_MEDIA_TYPE: Final = "application/problem+json"

PROBLEM_TYPES: Final[Mapping[str, tuple[int, str]]] = {
    "unauthenticated": (401, "A valid key is needed"),
    "forbidden": (403, "The key's roles do not allow this"),
    "not-found": (404, "There is no such thing"),
    "method-not-allowed": (405, "This address does not take this method"),
    "conflict": (409, "The state does not allow this"),
    "changed": (412, "It was changed since it was read"),
    "too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body's type is not taken here"),
    "invalid-request": (422, "The request is not valid"),
    "invalid-data": (422, "The data cannot be accepted"),
    "invalid-configuration": (422, "A setting is not allowed"),
    "infeasible": (422, "The limits cannot be met"),
    "key-reused": (422, "The Idempotency-Key was used for another request"),
    "precondition-required": (428, "Say which version is changed"),
    "too-many-requests": (429, "Too many requests"),
    "internal": (500, "Something failed on our side"),
    "unavailable": (503, "The service is not ready"),
}
"""Every type of problem with its status and title; the `type` of a document is `urn:matcher:problem:` and the name."""


class Problem(Exception):  # noqa: N818  # the word of the RFC
    """An answer that is an error, raised anywhere below a route.

    Args:
        kind: one of `PROBLEM_TYPES`.
        detail: what is wrong with this request, and what to do.
        errors: single faults, each with `detail` and `pointer`, or `file`, `row` and `field`.
        headers: of the answer.
        **more: further members of the document.
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        errors: Iterable[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.more = more
        super().__init__(detail)

    def document(self) -> dict[str, Any]:
        """The problem document."""
        status, title = PROBLEM_TYPES[self.kind]
        found: dict[str, Any] = {"type": f"urn:matcher:problem:{self.kind}", "title": title, "status": status}
        found["detail"] = self.detail
        if self.errors:
            found["errors"] = [dict(each) for each in self.errors[:_SHOWN_ERRORS]]
            if len(self.errors) > _SHOWN_ERRORS:
                found["errors_not_shown"] = len(self.errors) - _SHOWN_ERRORS
        return {**found, **self.more}


def _place(file: str | None, line: int | None, field: str | None, detail: str) -> dict[str, Any]:
    place = {"file": file and file.rsplit("/", maxsplit=1)[-1], "row": line, "field": field}
    return {**{name: value for name, value in place.items() if value is not None}, "detail": detail}


@singledispatch
def as_problem(error: MatcherError) -> Problem:
    """What an error of the library is for a client. File names lose their folders: those are ours."""
    if isinstance(error, RunError):
        return Problem("internal", "a stored run cannot be read")
    return Problem("internal", "an answer did not pass its own check; nothing was published")


@as_problem.register
def _(error: EditError) -> Problem:
    return Problem("conflict", error.reasons[0], errors=[{"detail": reason} for reason in error.reasons])


@as_problem.register
def _(error: RejectedRowsError) -> Problem:
    rejects = error.report.rejects
    places = [_place(each.file, each.line, each.field, each.reason) for each in rejects]
    return Problem(
        "invalid-data", f"{counted(len(places), 'row')} cannot be accepted; the first: {rejects[0]}", errors=places
    )


@as_problem.register
def _(error: RejectedRecordsError) -> Problem:
    places = [_place(each.file, each.line, each.field, each.reason) for each in error.collected.rejects]
    return Problem("invalid-data", f"{counted(len(places), 'record')} cannot be accepted", errors=places)


@as_problem.register
def _(error: DataError) -> Problem:
    detail = error.message + (f" ({error.remedy})" if error.remedy else "")
    return Problem("invalid-data", detail, errors=[_place(error.file, error.line, error.field, error.message)])


@as_problem.register
def _(error: ConfigError) -> Problem:
    pointer = "/config" + (f"/{error.key.replace('.', '/')}" if error.key else "")
    return Problem("invalid-configuration", error.message, errors=[{"pointer": pointer, "detail": error.message}])


@as_problem.register
def _(error: UnknownNameError) -> Problem:
    return Problem("not-found", str(error))


@as_problem.register
def _(error: InfeasibleError) -> Problem:
    reasons = [to_plain(each) for each in error.explanations]
    return Problem("infeasible", str(error), shortfalls=len(error.shortfalls), reasons=reasons)


@as_problem.register(InputError)
@as_problem.register(MissingExtraError)
def _(error: MatcherError) -> Problem:
    return Problem("invalid-data", str(error))


def document_of(error: MatcherError) -> dict[str, Any]:
    """The problem document of an error of the library."""
    return as_problem(error).document()


def brief_of(document: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A problem document without what it names, for those who may not see all of the data."""
    return None if document is None else {name: document[name] for name in ("type", "title", "status")}


def problem_response(problem: Problem, path: str = "") -> Response:
    """The answer for a problem; at addresses of OpenReview's in its shape.

    Args:
        problem: what is wrong.
        path: what was asked for.
    """
    document = problem.document()
    if is_openreview(path):
        status, body = error_of(document)
        return JSONResponse(jsonable_encoder(body), status_code=status, headers=problem.headers)
    return JSONResponse(
        jsonable_encoder(document), status_code=document["status"], headers=problem.headers, media_type=_MEDIA_TYPE
    )


def _pointer(place: Iterable[Any]) -> dict[str, str]:
    """A JSON pointer into the body, or which parameter it is."""
    first, *rest = place
    if first == "body":
        parts = (str(part).replace("~", "~0").replace("/", "~1") for part in rest)
        return {"pointer": "".join(f"/{part}" for part in parts)}
    return {"parameter": str(rest[-1]) if rest else str(first), "in": str(first)}


def _invalid(error: RequestValidationError) -> Problem:
    faults = [{**_pointer(each["loc"]), "detail": each["msg"]} for each in error.errors()]
    first = faults[0]
    where = first.get("pointer") or first.get("parameter") or "body"
    return Problem("invalid-request", f"{where}: {first['detail']}", errors=faults)


_BY_STATUS: Final = {status: kind for kind, (status, _) in PROBLEM_TYPES.items() if status not in (422, 500)}


def hang_into(app: FastAPI) -> None:
    """Let every error of an application become a problem document."""

    @app.exception_handler(Problem)
    def on_problem(request: Request, error: Problem) -> Response:
        return problem_response(error, request.url.path)

    @app.exception_handler(MatcherError)
    def on_matcher_error(request: Request, error: MatcherError) -> Response:
        return problem_response(as_problem(error), request.url.path)

    @app.exception_handler(RequestValidationError)
    def on_invalid(request: Request, error: RequestValidationError) -> Response:
        return problem_response(_invalid(error), request.url.path)

    @app.exception_handler(HTTPException)
    def on_http(request: Request, error: HTTPException) -> Response:
        kind = _BY_STATUS.get(error.status_code, "invalid-request")
        return problem_response(Problem(kind, PROBLEM_TYPES[kind][1], headers=error.headers), request.url.path)

    @app.exception_handler(Exception)
    def on_defect(request: Request, error: Exception) -> Response:
        _LOG.error("defect in %s %s", request.method, request.scope.get("path"), exc_info=error)
        problem = Problem("internal", "the failure is in the log under the request's id")
        page_of = getattr(request.state, "page_of_problem", None)  # pages of the console answer with pages
        return problem_response(problem, request.url.path) if page_of is None else page_of(problem)
