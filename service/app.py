"""The application factory. Nothing happens at import, and nothing on disk before the application starts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import anyio.to_thread
from fastapi import FastAPI
from starlette.routing import BaseRoute

from matcher.errors import MissingExtraError
from service import problems
from service.auth import policy_of, refuse_routes_without_policy
from service.console import site as console
from service.guard import Guard
from service.retention import prune_for_ever
from service.routes import basics, browse, drafts, jobs, openreview, overview, questions, review, runs, tables, venues
from service.settings import Settings
from service.state import Service

__all__ = ["create_app"]

_ABOUT = """Who should review what, why, and who must not.

Every call but the health checks needs a key: `Authorization: Bearer mk_…`. Errors are problem documents (RFC 9457) with
a stable `type`. Lists come in pages: `next` is the `cursor` of the next one. What writes takes `dry_run=true`.
"""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application.

    Args:
        settings: by default from the environment.

    Returns:
        An application; `app.state.service` is what its routes share.

    Raises:
        ConfigError: a setting is not allowed, or a route declares no policy.
    """
    service = Service(settings or Settings.from_environment())

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        await anyio.to_thread.run_sync(service.start)
        pruning = asyncio.create_task(prune_for_ever(service))
        yield
        pruning.cancel()
        await anyio.to_thread.run_sync(service.stop)

    app = FastAPI(
        title="Reviewer matcher",
        version=version("reviewer-matcher"),
        description=_ABOUT,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        separate_input_output_schemas=False,
    )
    app.state.service = service
    for module in (basics, venues, tables, jobs, runs, drafts, browse, review, overview, questions, openreview):
        app.router.routes.extend(module.router.routes)
    console.hang_into(app, service)
    if service.settings.oidc_issuer:
        app.router.routes.extend(_login_routes(service.settings))
    refuse_routes_without_policy(app.routes)
    problems.hang_into(app)
    app.add_middleware(Guard, service=service, routes=app.routes)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def _login_routes(settings: Settings) -> list[BaseRoute]:
    try:
        from service.oidc import Provider
        from service.routes.login import login_router
    except ModuleNotFoundError as error:
        raise MissingExtraError("a login by OpenID Connect", "oidc") from error
    return login_router(Provider(settings)).routes


def _described(app: FastAPI) -> dict[str, Any]:
    """OpenAPI with keys and, for every operation, the roles that may call it."""
    if app.openapi_schema is None:
        from fastapi.openapi.utils import get_openapi

        found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        found["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "mk_…"}}
        for route in app.routes:
            policy = policy_of(route)
            for method in getattr(route, "methods", ()) or ():
                operation = found["paths"].get(getattr(route, "path_format", ""), {}).get(method.lower())
                if operation is not None and policy is not None:
                    operation["security"] = [{"key": []}] if policy.roles else []
                    operation["x-roles"] = sorted(policy.roles)
        app.openapi_schema = found
    return app.openapi_schema
