"""The way to the login provider and back; what comes of it is a session of the console."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Cookie, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from service.audit import append
from service.auth import allow
from service.oidc import CALLBACK, LASTS_S, Attempt, Provider
from service.problems import Problem
from service.routes.common import ServiceOf
from service.sessions import cookie_name

__all__ = ["login_router"]

_COOKIE: Final = "matcher_login"
_PATH: Final = "/login/oidc"
_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Logged in</title>
<meta http-equiv="refresh" content="0;url=/console/"><p>You are logged in. <a href="/console/">Go on</a></p></html>
"""
"""A page of ours between: browsers do not send a strict cookie on a redirect that began elsewhere."""
_HEADERS: Final = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Cache-Control": "no-store"}


def login_router(provider: Provider) -> APIRouter:
    """The routes of a login by OpenID Connect.

    Args:
        provider: who says who somebody is.
    """
    router = APIRouter(include_in_schema=False)

    @router.get(_PATH)
    @allow(())
    def go_to_provider(request: Request) -> Response:
        """Send somebody to their provider, with a cookie by which they are known again."""
        attempt = Attempt.new()
        answer = RedirectResponse(provider.address(attempt), status_code=303, headers={"Cache-Control": "no-store"})
        is_secure = request.url.scheme == "https"
        answer.set_cookie(
            _COOKIE, attempt.secret, max_age=LASTS_S, path=_PATH, secure=is_secure, httponly=True, samesite="lax"
        )
        return answer

    @router.get(CALLBACK)
    @allow(())
    def come_back(
        request: Request,
        service: ServiceOf,
        state: Annotated[str, Query(max_length=200)] = "",
        code: Annotated[str, Query(max_length=4000)] = "",
        cookie: Annotated[str, Cookie(alias=_COOKIE, max_length=200)] = "",
    ) -> Response:
        """Check who came back, and open a session for them."""
        if not cookie or not code:
            raise Problem("unauthenticated", "the login was not begun here, or was not finished: begin again")
        made = provider.key_for(service, provider.identify(Attempt(cookie), state, code))
        with service.database.write() as connection:
            append(
                connection,
                key_id=made.id,
                venue_id=None,
                action=f"GET {CALLBACK}",
                target=CALLBACK,
                status=200,
                request_id=request.state.request_id,
                details={},
            )
        answer = HTMLResponse(_PAGE, headers=_HEADERS)
        is_secure = request.url.scheme == "https"
        answer.delete_cookie(_COOKIE, path=_PATH, secure=is_secure, httponly=True, samesite="lax")
        answer.set_cookie(
            cookie_name(request),
            service.sessions.open(made.id),
            max_age=round(service.sessions.longest_s),
            path="/",
            secure=is_secure,
            httponly=True,
            samesite="strict",
        )
        return answer

    return router
