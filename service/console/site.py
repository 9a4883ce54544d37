"""The console as routes of the application: sessions, forged forms, threads and errors, the same for every page."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Final
from urllib.parse import urlencode, urlsplit

import anyio.to_thread
from fastapi import FastAPI
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from service.auth import allow
from service.client import ClientError
from service.console import browse, data, entrance, overview, quality, review, running, start
from service.console.pages import HEADERS, PREFIX, Page, Visit
from service.problems import PROBLEM_TYPES, Problem
from service.state import Service

__all__ = ["MODULES", "Site", "hang_into"]

MODULES: Final[tuple[ModuleType, ...]] = (entrance, start, data, quality, running, overview, browse, review)
"""Every module with pages."""

_AT_ONCE: Final = 16
"""Pages that are made at the same time. They have threads of their own: the API, whose answers they wait for, must
never wait for theirs."""
_MOST_FIELDS: Final = 2_000
_MOST_FILES: Final = 50
_BY_STATUS: Final = {status: kind for kind, (status, _) in PROBLEM_TYPES.items() if status not in (422, 500)}


class Site:
    """The console of one application.

    Args:
        service: sessions.
        modules: with pages, each as `pages`.
    """

    def __init__(self, service: Service, modules: Iterable[ModuleType] = MODULES) -> None:
        self.service = service
        gathered = [module.pages for module in modules]
        self.pages = [page for pages in gathered for page in pages.pages]
        self.paths = {page.path for page in self.pages if page.method == "GET"}
        self.entries = sorted(
            (entry for pages in gathered for entry in pages.entries), key=lambda entry: (entry.order, entry.label)
        )
        self.sentences = {word: text for pages in gathered for word, text in pages.sentences.items()}
        self._threads = anyio.CapacityLimiter(_AT_ONCE)

    def routes(self) -> list[Route]:
        """Every page as a route; whoever is not logged in is led to the entrance by `answer`."""
        found = [self._route(page) for page in self.pages]
        rest = Page("GET", "/{rest:path}", _nothing_here)
        home = Page("GET", "", lambda visit: visit.go("/"), is_open=True)
        return [*found, self._route(home), self._route(home, path="/"), self._route(rest)]

    def _route(self, page: Page, *, path: str | None = None) -> Route:
        @allow((), takes_files=page.takes_files)
        async def endpoint(request: Request) -> Response:
            return await self.answer(page, request)

        where = PREFIX + page.path if path is None else path
        return Route(where, endpoint, methods=[page.method], include_in_schema=False)

    async def answer(self, page: Page, request: Request) -> Response:
        """One page for one request."""
        fields, problem = FormData(), None
        if page.method == "POST":
            try:
                fields = await request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS)
            except HTTPException as error:
                problem = _of_status(error.status_code, str(error.detail))
        try:
            return await anyio.to_thread.run_sync(self._visit, page, request, fields, problem, limiter=self._threads)
        finally:
            await fields.close()

    def _visit(self, page: Page, request: Request, fields: FormData, problem: Problem | None) -> Response:
        session = self.service.sessions.find(request.cookies.get(entrance.cookie_name(request), ""))
        visit = Visit(request, self, session, fields)
        request.state.page_of_problem = lambda problem: visit.fail(_as_error(problem))
        try:
            if problem is None and page.method == "POST":
                _refuse_forged(visit, page)
            if problem is not None:
                raise problem
            if session is None and not page.is_open:
                return _to_entrance(visit)
            return page.handler(visit)
        except ClientError as error:
            if error.status == 401:  # the key ended meanwhile
                return _to_entrance(visit)
            return visit.fail(error)
        except Problem as error:
            return visit.fail(_as_error(error))


def _as_error(problem: Problem) -> ClientError:
    document = problem.document()
    return ClientError(document["status"], document)


def _nothing_here(visit: Visit) -> Response:
    raise Problem("not-found", f"the console has no page {visit.request.url.path[:200]}")


def _refuse_forged(visit: Visit, page: Page) -> None:
    """A form must come from a page of ours; and, where somebody is logged in, from a page of theirs.

    Raises:
        Problem: it does not.
    """
    headers = visit.request.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    is_foreign = site not in (None, "same-origin", "none")
    if site is None and origin is not None:
        is_foreign = urlsplit(origin).netloc != headers.get("host")
    token = headers.get("x-csrf-token") or visit.form("csrf")
    is_unproven = visit.session is not None and not visit.session.made(token)
    if is_foreign or (is_unproven and not page.is_open):
        raise Problem(
            "forbidden", "the form does not come from a page of this login: load the page again and repeat it"
        )


def _to_entrance(visit: Visit) -> Response:
    request = visit.request
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    is_page = request.method == "GET" and wanted not in (PREFIX, f"{PREFIX}/") and not visit.is_partial
    address = f"{PREFIX}/login" + (f"?{urlencode({'next': wanted})}" if is_page else "")
    if visit.is_partial:
        return Response(status_code=204, headers={**HEADERS, "HX-Redirect": address})
    return RedirectResponse(address, status_code=303, headers=dict(HEADERS))


def _of_status(status: int, detail: str) -> Problem:
    return Problem(_BY_STATUS.get(status, "invalid-request"), detail)


def hang_into(app: FastAPI, service: Service) -> None:
    """Add the console to an application."""
    site = Site(service)
    app.state.console = site
    app.router.routes.extend(site.routes())
