"""The application factory."""

from __future__ import annotations

from importlib.metadata import version

from fastapi.testclient import TestClient

from service.app import create_app


def test_the_application_says_that_it_lives_and_which_version_it_is() -> None:
    with TestClient(create_app()) as client:
        assert client.get("/health/live").json() == {"status": "live"}
        assert client.get("/v1/version").json() == {"name": "reviewer-matcher", "version": version("reviewer-matcher")}
        assert client.get("/v1/nothing").status_code == 404


def test_two_applications_share_nothing() -> None:
    assert create_app() is not create_app()
