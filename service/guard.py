"""What stands before every route: request id, size, key, role, venue; and behind it: the audit log."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl

import anyio.to_thread
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher.errors import did_you_mean
from service.audit import append
from service.auth import Policy, Principal, policy_of
from service.logs import ACCESS, REQUEST_ID
from service.problems import Problem, problem_response
from service.state import Service
from service.storage.database import EVERYWHERE, venue_scope
from service.telemetry import span

__all__ = ["INSIDE", "Guard"]

INSIDE: Final = "matcher.principal"
"""Under this name a call from inside the process (the console) says for whom it is; no header can set it."""

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_JSON_LIMIT: Final = 4 * 1024 * 1024
"""Largest body of a route that takes no files, in bytes."""
_HEARD_OUT: Final = 64 * 1024 * 1024
"""How many bytes beyond the limit are read and thrown away before a client gets its answer."""
_READING: Final = ("GET", "HEAD", "OPTIONS")
_SHOWN_TARGET: Final = 1024
_API: Final = "/v1/"
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"private, no-cache"),
)


class Guard:
    """The outermost layer of the application.

    Args:
        app: what is behind it.
        service: keys and the log.
        routes: of the application, each with a policy.
    """

    def __init__(self, app: ASGIApp, *, service: Service, routes: list[Any]) -> None:
        self._app = app
        self._service = service
        self._routes = [(route, policy_of(route)) for route in routes if isinstance(route, Route)]
        self._parameters = {
            (route.path, method): _parameters_of(route)
            for route in routes
            if isinstance(route, APIRoute)
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        asked = headers.get("x-request-id", "")
        request_id = asked if _REQUEST_ID.match(asked) else secrets.token_hex(8)
        scope.setdefault("state", {}).update(service=self._service, request_id=request_id, details={})
        answer = _Answer(send, request_id)
        route, policy, values = self._route_of(scope)
        pattern = "none" if route is None else route.path
        scope["state"]["principal"] = None
        start, named = time.monotonic(), REQUEST_ID.set(request_id)
        try:
            with span(f"{scope['method']} {pattern}", is_request=True, matcher__request_id=request_id) as made:
                await self._answer(scope, receive, answer, (route, policy, values), headers)
                made.set_attribute("http.response.status_code", answer.status)
        finally:
            seconds = time.monotonic() - start
            self._service.metrics.count(scope["method"], pattern, answer.status, seconds)
            principal = scope["state"]["principal"]
            facts = {
                "method": scope["method"],
                "route": pattern,
                "status": answer.status,
                "ms": round(seconds * 1000, 1),
                "key_id": None if principal is None else principal.key_id,
            }
            ACCESS.info("%s %s %d", facts["method"], facts["route"], facts["status"], extra={"facts": facts})
            REQUEST_ID.reset(named)

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        answer: _Answer,
        found: tuple[Route | None, Policy | None, dict[str, Any]],
        headers: dict[str, str],
    ) -> None:
        route, policy, values = found
        limits = self._service.limits
        try:
            known = scope.get(INSIDE)  # a page of the console asks: its visitor counts, its address does not
            if known is None and (policy is None or policy.roles):  # health checks are free
                limits.count_address((scope.get("client") or ("unknown", 0))[0])
            principal = await self._admit(policy, values, headers, known)
            scope["state"]["principal"] = principal
            self._refuse_unknown(route, scope)
            if principal is None:
                await self._let_in(scope, receive, answer, found)
                return
            limits.count_key(principal.key_id)
            takes_files = policy is not None and policy.takes_files
            with nullcontext() if known is not None else limits.at_once(principal.key_id, takes_files=takes_files):
                await self._let_in(scope, receive, answer, found)
        except Problem as problem:
            await problem_response(problem, scope["path"])(scope, receive, answer)

    async def _let_in(
        self, scope: Scope, receive: Receive, answer: _Answer, found: tuple[Route | None, Policy | None, dict[str, Any]]
    ) -> None:
        """The request, with its limits and its entry in the log."""
        route, policy, values = found
        limit = self._service.settings.body_limit if policy and policy.takes_files else _JSON_LIMIT
        principal = scope["state"]["principal"]
        is_logged = policy is not None and (scope["method"] not in _READING or policy.is_audited)
        if is_logged and route is not None and principal is not None:
            action = f"{scope['method']} {route.path}"
            answer.first = partial(self._record, scope, principal, action, values)
        venue_id = values.get("venue_id") or (principal and principal.venue_id) or EVERYWHERE
        with venue_scope(venue_id):
            await self._app(scope, _limited(receive, limit), answer)

    def _route_of(self, scope: Scope) -> tuple[Route | None, Policy | None, dict[str, Any]]:
        """The route that will answer: address and method decide, never the address alone."""
        for route, policy in self._routes:
            match, found = route.matches(scope)
            if match is Match.FULL:
                return route, policy, found.get("path_params", {})
        return None, None, {}

    def _refuse_unknown(self, route: Route | None, scope: Scope) -> None:
        """Refuse parameters that a route does not have: a mistyped filter must not show everything."""
        if route is None or not route.path.startswith(_API):
            return
        known = self._parameters.get((route.path, scope["method"]), frozenset())
        given = {name for name, _ in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)}
        faults = [
            {"parameter": name[:100], "in": "query", "detail": f"there is no such parameter{did_you_mean(name, known)}"}
            for name in sorted(given - known)
        ]
        if faults:
            raise Problem("invalid-request", f"{faults[0]['parameter']}: {faults[0]['detail']}", errors=faults)

    async def _admit(
        self, policy: Policy | None, values: dict[str, Any], headers: dict[str, str], known: Principal | None
    ) -> Principal | None:
        if policy is not None and not policy.roles:
            return None
        sent, keys = headers.get("authorization"), self._service.keys
        principal = known or keys.recall(sent)
        if principal is None:
            principal = await anyio.to_thread.run_sync(keys.authenticate, sent)
        if policy is not None:
            venue_id = values.get("venue_id")
            if venue_id is not None:
                principal.require(venue_id, policy.roles)
            elif principal.roles.isdisjoint(policy.roles):
                raise Problem("forbidden", f"this takes one of the roles {', '.join(sorted(policy.roles))}")
        return principal

    def _record(self, scope: Scope, principal: Principal, action: str, values: dict[str, Any], status: int) -> None:
        state = scope["state"]
        with self._service.database.write() as connection:
            append(
                connection,
                key_id=principal.key_id,
                venue_id=state["details"].pop("venue_id", None) or values.get("venue_id"),
                action=action,
                target=scope["path"][:_SHOWN_TARGET],
                status=status,
                request_id=state["request_id"],
                details=state["details"],
            )


def _parameters_of(route: APIRoute) -> frozenset[str]:
    """The names of the query parameters that a route takes."""
    names: set[str] = set()
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        names.update(each.alias for each in dependant.query_params)
        waiting += dependant.dependencies
    return frozenset(names)


class _Answer:
    """Sends an answer on, with our headers, once it is in the log."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._headers = (*_HEADERS, (b"x-request-id", request_id.encode()))
        self.first: Callable[[int], None] | None = None
        self.status = 500

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.first is not None:  # no answer without its entry
                await anyio.to_thread.run_sync(self.first, message["status"])
            there = {name for name, _ in message.get("headers", ())}
            more = [(name, value) for name, value in self._headers if name not in there]
            message = {**message, "headers": [*message.get("headers", ()), *more]}
        await self._send(message)


def _limited(receive: Receive, limit: int) -> Receive:
    """The body, until it is too large."""
    taken = 0

    async def receive_some() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken <= limit:
            return message
        # A client that is still sending reads no answer: it is heard out for a while before it gets one.
        while taken <= limit + _HEARD_OUT and message.get("more_body", False):
            message = await receive()
            taken += len(message.get("body", b""))
        raise HTTPException(413)

    return receive_some
