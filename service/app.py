"""The application factory. Nothing happens at import."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

__all__ = ["create_app"]


def create_app() -> FastAPI:
    """Build the application.

    Returns:
        An application that answers `/health/live` and `/v1/version`.
    """
    app = FastAPI(title="Reviewer matcher", version=version("reviewer-matcher"))

    @app.get("/health/live")
    def live() -> dict[str, str]:
        """The process answers."""
        return {"status": "live"}

    @app.get("/v1/version")
    def package_version() -> dict[str, str]:
        """Name and version of the distribution that answers."""
        return {"name": "reviewer-matcher", "version": version("reviewer-matcher")}

    return app
