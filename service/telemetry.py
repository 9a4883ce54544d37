"""Spans for OpenTelemetry, around requests and the stages of jobs.

Without a provider they cost nothing and go nowhere. A provider comes from whoever runs the service: the extra
`telemetry` brings the SDK, and `opentelemetry-instrument` or the program that starts the service sets it up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind

__all__ = ["span"]


@contextmanager
def span(name: str, *, is_request: bool = False, **attributes: str | int) -> Iterator[Span]:
    """Something that takes time.

    Args:
        name: what it is; a pattern, never an id.
        is_request: whether it answers a request from outside.
        **attributes: facts; `__` in a name stands for a dot.
    """
    kind = SpanKind.SERVER if is_request else SpanKind.INTERNAL
    facts = {name.replace("__", "."): value for name, value in attributes.items()}
    with trace.get_tracer("matcher.service").start_as_current_span(name, kind=kind, attributes=facts) as made:
        yield made
