"""Logging in and out, the choice of light and dark, and static files."""

from __future__ import annotations

from starlette.responses import Response

from service.console.pages import PREFIX, THEME_COOKIE, THEMES, Pages, Visit
from service.console.templating import static_files
from service.problems import Problem
from service.sessions import cookie_name

__all__ = ["cookie_name", "pages"]

pages = Pages()
pages.says(out="You are logged out.")

_YEAR_S = 365 * 86_400


def _next(asked: str) -> str:
    """Where to go after the login: pages of the console only."""
    is_ours = asked.startswith(f"{PREFIX}/") and "\\" not in asked and "//" not in asked and asked.isprintable()
    return asked.removeprefix(PREFIX) if is_ours else "/"


@pages.get("/login", is_open=True)
def show_login(visit: Visit) -> Response:
    """The form; a link from the service's start brings a code instead of a key."""
    code, after = visit.query("code")[:200], visit.query("next")[:2000]
    return visit.show("login.html", code=code, next=after, has_provider=_has_provider(visit))


def _has_provider(visit: Visit) -> bool:
    """Whether people can log in with an account elsewhere."""
    return bool(visit.site.service.settings.oidc_issuer)


@pages.post("/login", is_open=True)
def log_in(visit: Visit) -> Response:
    """Open a session for a key or a code."""
    keys, sessions = visit.site.service.keys, visit.site.service.sessions
    code, key = visit.form("code"), visit.form("key")
    try:
        key_id = keys.redeem(code).id if code else keys.authenticate(f"Bearer {key}").key_id
    except Problem:
        detail = (
            "This link was used already or is older than ten minutes: start the service again, or log in with a key."
            if code
            else "This is no key that holds. A key looks like mk_…; `matcher admin key create` makes one."
        )
        problem = {"title": "You are not logged in", "detail": detail, "errors": []}
        after, has_provider = visit.form("next"), _has_provider(visit)
        return visit.show("login.html", status=401, code="", next=after, problem=problem, has_provider=has_provider)
    if visit.session is not None:
        sessions.close(visit.session.secret)
    answer = visit.go(_next(visit.form("next")))
    answer.set_cookie(
        cookie_name(visit.request),
        sessions.open(key_id),
        max_age=round(sessions.longest_s),
        path="/",
        secure=visit.request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


@pages.post("/logout")
def log_out(visit: Visit) -> Response:
    """End the session."""
    assert visit.session is not None
    visit.site.service.sessions.close(visit.session.secret)
    answer = visit.go("/login", said="out")
    name, is_secure = cookie_name(visit.request), visit.request.url.scheme == "https"
    answer.delete_cookie(name, path="/", secure=is_secure, httponly=True, samesite="strict")
    return answer


@pages.post("/theme", is_open=True)
def choose_theme(visit: Visit) -> Response:
    """Light, dark, or as the system says; kept in a cookie that says nothing else."""
    theme = visit.form("theme")
    if theme not in THEMES:
        raise Problem("invalid-request", f"theme: allowed are {', '.join(THEMES)}")
    answer = visit.go(_next(visit.form("next")))
    is_secure = visit.request.url.scheme == "https"
    answer.set_cookie(
        THEME_COOKIE, theme, max_age=_YEAR_S, path="/", secure=is_secure, httponly=True, samesite="strict"
    )
    return answer


@pages.get("/static/{name}", is_open=True)
def static(visit: Visit) -> Response:
    """A static file; its address changes with its content, so a browser keeps it for good."""
    found = static_files().get(visit.path["name"])
    if found is None:
        raise Problem("not-found", "there is no such file")
    content, media_type, version = found
    is_this = visit.query("v") == version
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if is_this else "no-cache"}
    return Response(content, media_type=media_type, headers=headers)
