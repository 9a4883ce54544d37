"""Write `openapi.json` anew: `python -m service.describe`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from service.app import create_app
from service.settings import Settings

__all__ = ["OPENAPI_FILE", "write"]

OPENAPI_FILE: Final = Path(__file__).parent / "openapi.json"
"""The committed description of the API."""


def write() -> None:
    """Write the description that the code gives."""
    text = json.dumps(create_app(Settings()).openapi(), ensure_ascii=False, indent=1)
    OPENAPI_FILE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
