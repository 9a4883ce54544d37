"""What a page is made with: `Pages` gathers the handlers of a module, `Visit` is what a handler gets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import quote, urlencode

from markupsafe import Markup
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from service.auth import CHAIRS, Principal
from service.client import Client, ClientError
from service.console.inside import PassedOn, client_inside
from service.console.templating import render
from service.sessions import Session

if TYPE_CHECKING:
    from service.console.site import Site

__all__ = ["HEADERS", "Entry", "Handler", "Page", "Pages", "Visit", "theme_of"]

PREFIX: Final = "/console"

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "private, no-store",
    "Vary": "Cookie, HX-Request",
}
"""Of every page: nothing from elsewhere, nothing inline, in nobody's frame, in no cache."""

THEMES: Final = ("system", "light", "dark")
THEME_COOKIE: Final = "matcher_theme"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the navigation.

    Args:
        label: its words.
        path: where it leads, below the prefix; `{venue_id}` and `{run_id}` are filled in.
        order: smaller ones come first.
        roles: whom it is shown.
    """

    label: str
    path: str
    order: int
    roles: frozenset[str] = CHAIRS

    def address(self, values: Mapping[str, str]) -> str | None:
        """Where it leads from here; `None`: nowhere."""
        if any(name not in values for name in re.findall(r"\{(\w+)\}", self.path)):
            return None
        return PREFIX + self.path.format(**{name: quote(value, safe="") for name, value in values.items()})


@dataclass(frozen=True, slots=True)
class Page:
    """A handler and its address.

    Args:
        method: GET or POST.
        path: below the prefix.
        handler: answers.
        takes_files: whether its form may be as large as uploads are.
        is_open: whether it is there for those who are not logged in, too; its visit has then no API.
    """

    method: str
    path: str
    handler: Handler
    takes_files: bool = False
    is_open: bool = False


class Pages:
    """The pages of a module."""

    def __init__(self) -> None:
        self.pages: list[Page] = []
        self.entries: list[Entry] = []
        self.sentences: dict[str, str] = {}

    def get(self, path: str, *, is_open: bool = False) -> Callable[[Handler], Handler]:
        """A page to be read."""
        return self._add("GET", path, is_open=is_open)

    def post(self, path: str, *, takes_files: bool = False, is_open: bool = False) -> Callable[[Handler], Handler]:
        """What a form is sent to; its token is checked before the handler is called."""
        return self._add("POST", path, takes_files=takes_files, is_open=is_open)

    def _add(self, method: str, path: str, **more: bool) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            self.pages.append(Page(method, path, handler, **more))
            return handler

        return add

    def entry(self, label: str, path: str, *, order: int, roles: frozenset[str] = CHAIRS) -> None:
        """A line of the navigation."""
        self.entries.append(Entry(label, path, order, roles))

    def says(self, **sentences: str) -> None:
        """Sentences that `Visit.go` shows on the next page, by a word for the address."""
        self.sentences.update(sentences)


def theme_of(request: Request) -> str:
    """Light, dark, or as the system says."""
    theme = request.cookies.get(THEME_COOKIE, "")
    return theme if theme in THEMES else THEMES[0]


@dataclass(eq=False)
class Visit:
    """One request for a page.

    Args:
        request: as it came.
        site: the console.
        session: who is logged in; `None` on open pages.
        fields: of the form, on a POST.
    """

    request: Request
    site: Site
    session: Session | None
    fields: FormData = field(default_factory=FormData)
    _api: Client | None = None
    _venue: dict[str, Any] | None = None

    # --- what was asked ---

    @property
    def principal(self) -> Principal:
        """Who asks."""
        assert self.session is not None
        return self.session.principal

    @property
    def api(self) -> Client:
        """The API as whoever is logged in."""
        if self._api is None:
            self._api = client_inside(self.request.app, self.principal, self.request.state.request_id)
        return self._api

    @property
    def path(self) -> Mapping[str, str]:
        """What the address holds."""
        return self.request.path_params

    def query(self, name: str, default: str = "") -> str:
        """What stands in the address behind the question mark."""
        return self.request.query_params.get(name, default)

    def form(self, name: str, default: str = "") -> str:
        """A field of the form."""
        value = self.fields.get(name, default)
        return value.strip() if isinstance(value, str) else default

    def forms(self, name: str) -> list[str]:
        """The same of a field with several values."""
        return [value for value in self.fields.getlist(name) if isinstance(value, str)]

    def file(self, name: str) -> UploadFile | None:
        """A file of the form, if one was chosen."""
        value = self.fields.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    @property
    def is_partial(self) -> bool:
        """Whether HTMX asks for a part of a page."""
        headers = self.request.headers
        return headers.get("hx-request") == "true" and headers.get("hx-history-restore-request") != "true"

    # --- where it is ---

    @property
    def venue_path(self) -> str:
        """The venue of the address, in the API."""
        return f"/v1/venues/{quote(self.path['venue_id'], safe='')}"

    @property
    def run_path(self) -> str:
        """The run of the address, in the API."""
        return f"{self.venue_path}/runs/{quote(self.path['run_id'], safe='')}"

    @property
    def venue(self) -> dict[str, Any] | None:
        """The venue of the address, where the address names one."""
        if self._venue is None and "venue_id" in self.path:
            self._venue = self.api.get(self.venue_path, with_counts="false")
        return self._venue

    @property
    def is_chair(self) -> bool:
        """Whether whoever is logged in may do what chairs do."""
        return not self.principal.roles.isdisjoint(CHAIRS)

    def link(self, path: str, **query: str) -> str | None:
        """The address of a page of the console that may not be there; `None`: it is not.

        Args:
            path: as the page names it; `{venue_id}` and `{run_id}` are those of this visit.
            **query: for the address.
        """
        if path not in self.site.paths:
            return None
        values = {name: quote(value, safe="") for name, value in self.path.items()}
        return PREFIX + path.format(**values) + (f"?{urlencode(query)}" if query else "")

    # --- answers ---

    def show(self, template: str, *, block: str | None = None, status: int = 200, **context: Any) -> Response:
        """A page from a template; with `block`, that block alone if HTMX asked for it."""
        part = block if self.is_partial else None
        text = render(template, part, {**self._context(), **context})
        return HTMLResponse(text, status_code=status, headers=dict(HEADERS))

    def later(self, title: str, words: str) -> Response | None:
        """A page that is there at once and then asks for itself, for what takes seconds the first time.

        Args:
            title: the heading that the page will have.
            words: what is being done meanwhile.

        Returns:
            The page to answer with now; `None`: this is the time to do the work.
        """
        if self.is_partial or self.query("now"):
            return None
        asked = [(name, value) for name, value in self.request.query_params.multi_items() if name != "said"]
        address = f"{self.request.url.path}?{urlencode([*asked, ('now', '1')])}"
        return self.show("later.html", title=title, words=words, address=address)

    def go(self, path: str, *, said: str = "", **query: str) -> Response:
        """Lead on to another page of the console.

        Args:
            path: below the prefix.
            said: a word given to `Pages.says`; its sentence is shown there.
            **query: for the address.
        """
        asked = urlencode({**query, **({"said": said} if said else {})})
        address = f"{PREFIX}{path}{'?' if asked else ''}{asked}"
        if self.is_partial:
            return Response(status_code=204, headers={**HEADERS, "HX-Redirect": address})
        return RedirectResponse(address, status_code=303, headers=dict(HEADERS))

    def pass_on(self, path: str, *, headers: Mapping[str, str] | None = None, **query: Any) -> Response:
        """An answer of the API as it is, such as a download."""
        return PassedOn(self.request.app, self.principal, path, query, dict(headers or {}))

    def fail(self, error: ClientError) -> Response:
        """The page of an error of the API; for HTMX a message in the place that the layout keeps for it."""
        problem = {"title": "Something went wrong", "detail": "", "errors": [], **error.problem}
        kind = error.kind or "internal"
        context = {**self._context(is_plain=True), "problem": problem, "kind": kind, "status": error.status}
        text = render("error.html", "message" if self.is_partial else None, context)
        headers = {**HEADERS, "HX-Retarget": "#said", "HX-Reswap": "innerHTML"} if self.is_partial else HEADERS
        return HTMLResponse(text, status_code=error.status, headers=dict(headers))

    def _context(self, *, is_plain: bool = False) -> dict[str, Any]:
        """What the layout needs; plain: without asking the API for anything."""
        common: dict[str, Any] = {
            "visit": self,
            "theme": theme_of(self.request),
            "themes": THEMES,
            "here": self.request.url.path,
            "csrf": self._token_field,
            "said": self.site.sentences.get(self.query("said")),
            "venue": None,
            "navigation": [],
            "problem": None,
        }
        if self.session is not None and not is_plain:
            common |= {"venue": self.venue, "navigation": self._navigation()}
        return common

    def _token_field(self) -> Markup:
        """The hidden field of a form that shows that it is ours."""
        token = "" if self.session is None else self.session.form_token
        return Markup('<input type="hidden" name="csrf" value="{}">').format(token)

    def _navigation(self) -> list[dict[str, Any]]:
        values = {name: value for name, value in self.path.items() if name in ("venue_id", "run_id")}
        if self.venue is not None and self.venue["current_run_id"] and "run_id" not in values:
            values["run_id"] = "current"
        found = []
        for entry in self.site.entries:
            address = entry.address(values)
            if address is not None and not self.principal.roles.isdisjoint(entry.roles):
                of_what = "run" if "{run_id}" in entry.path else "venue" if "{venue_id}" in entry.path else "site"
                is_here = self.request.url.path == address
                found.append({"label": entry.label, "address": address, "is_here": is_here, "of": of_what})
        return found


Handler: TypeAlias = "Callable[[Visit], Response]"
