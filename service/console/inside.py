"""The API, called from inside the process: no socket, no key, and every rule of the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import anyio.from_thread
import httpx
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.auth import Principal
from service.client import Client
from service.guard import INSIDE

__all__ = ["PassedOn", "client_inside"]

_ADDRESS = "http://inside"


def client_inside(app: ASGIApp, principal: Principal, request_id: str) -> Client:
    """A client of our own application, for use in a worker thread of its event loop.

    Args:
        app: the application.
        principal: as whom to ask.
        request_id: of the request that asks; the log names both by it.
    """
    transport = _Inside(app, principal)
    headers = {"x-request-id": request_id}
    return Client(httpx.Client(transport=transport, base_url=_ADDRESS, headers=headers, trust_env=False))


class _Inside(httpx.BaseTransport):
    """Hands requests to the application in the event loop to which this thread belongs."""

    def __init__(self, app: ASGIApp, principal: Principal) -> None:
        self._app = app
        self._principal = principal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return anyio.from_thread.run(self._ask, request)

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        chunks = iter(request.stream)
        status, headers, parts = 500, [], []

        async def receive() -> Message:
            chunk = next(chunks, None)
            return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

        async def send(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], message["headers"]
            else:
                parts.append(message.get("body", b""))

        scope = _scope(request.method, request.url.path, request.url.query, request.headers.raw, self._principal)
        await self._app(scope, receive, send)
        return httpx.Response(status, headers=headers, content=b"".join(parts))


def _scope(
    method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], principal: Principal
) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in headers],
        "client": ("127.0.0.1", 0),
        "server": ("inside", 80),
        "state": {},
        INSIDE: principal,
    }


class PassedOn(Response):
    """An answer of the API as it comes, such as a download.

    Args:
        app: the application.
        principal: as whom to ask.
        path: of the API.
        query: what to ask it.
        headers: of the answer, in the place of the API's own.
    """

    def __init__(
        self, app: ASGIApp, principal: Principal, path: str, query: dict[str, Any], headers: dict[str, str]
    ) -> None:
        super().__init__()
        self._app = app
        self._own = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        given = {name: value for name, value in query.items() if value is not None}
        self._scope = _scope("GET", path, urlencode(given, doseq=True).encode(), [], principal)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Answer."""
        own = {name for name, _ in self._own}

        async def pass_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                theirs = [(name, value) for name, value in message["headers"] if name not in own]
                message = {**message, "headers": [*theirs, *self._own]}
            await send(message)

        await self._app(self._scope, receive, pass_on)
