"""Templates: everything is escaped, what is missing is an error, and numbers and times look the same everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.console import drawing

__all__ = ["STATIC", "environment", "render", "static_address"]

_HERE: Final = Path(__file__).parent
_NOTHING: Final = "–"

STATIC: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""What the folder `static` may hold, with the type of each answer."""


@cache
def static_files() -> dict[str, tuple[bytes, str, str]]:
    """Every static file by name: content, type, and what tells this version from others."""
    found = {}
    for path in sorted((_HERE / "static").iterdir()):
        if path.suffix in STATIC:
            content = path.read_bytes()
            found[path.name] = (content, STATIC[path.suffix], hashlib.sha256(content).hexdigest()[:16])
    return found


def static_address(name: str) -> str:
    """Where a static file is; the address changes with its content, so browsers may keep it."""
    return f"/console/static/{name}?v={static_files()[name][2]}"


@cache
def environment() -> Environment:
    """The templates, read once."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["static"] = static_address
    made.globals["histogram"] = drawing.histogram
    made.globals["meter"] = drawing.meter
    filters = {
        "number": number,
        "score": score,
        "share": share,
        "when": when,
        "ago": span,
        "plural": plural,
    }
    made.filters.update(filters)
    made.filters["zip_with"] = lambda first, second: list(zip(first, second, strict=True))
    return made


def render(template: str, block: str | None, context: Mapping[str, Any]) -> str:
    """A template, or one block of it."""
    found = environment().get_template(template)
    if block is None:
        return found.render(context)
    return "".join(found.blocks[block](found.new_context(dict(context))))


# --- filters --------------------------------------------------------------------------------------------------------


def number(value: float | None, digits: int = 0) -> str:
    """12,345 or 1,234.5."""
    return _NOTHING if value is None else f"{value:,.{digits}f}"


def score(value: float | None) -> str:
    """0.123."""
    return _NOTHING if value is None else f"{value:.3f}"


def share(value: float | None, digits: int = 1) -> str:
    """12.3 %."""
    return _NOTHING if value is None else f"{100 * value:.{digits}f} %"


def when(value: str | None) -> str:
    """A time of the API as 2027-01-31 14:05 UTC."""
    return _NOTHING if value is None else f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M} UTC"


def span(seconds: float | None) -> str:
    """12 s, 3 min or 1 h 5 min."""
    if seconds is None:
        return _NOTHING
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def plural(count: int, one: str, many: str | None = None) -> str:
    """1 submission, 2 submissions."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
