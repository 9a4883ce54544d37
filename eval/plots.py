"""Drawings of results as SVG text: points with their intervals, nothing else. No script, no address to load from.

Numbers become coordinates with two decimals, so equal results give equal bytes.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Mark", "intervals"]

_WIDTH: Final = 720
_LABELS: Final = 230
"""Room for names on the left."""

_ROW: Final = 24
_TOP: Final = 44
_BOTTOM: Final = 34
_MARGIN: Final = 24
_TICKS: Final = 5
_LONGEST_LABEL: Final = 34

_INK: Final = "#1f2933"
_MUTED: Final = "#52606d"
_GRID: Final = "#e1e5ea"
_MAIN: Final = "#2b6a99"
_OTHER: Final = "#8794a1"
_BAND: Final = "#eef3f7"


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of a drawing.

    Args:
        label: at the left.
        value: where the point stands.
        low: lower end of its interval; `None` without one.
        high: upper end.
        is_ours: drawn in the main colour.
    """

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    is_ours: bool = True


def intervals(title: str, marks: Sequence[Mark], *, band: tuple[float, float] | None = None) -> str:
    """Points with their intervals, one below the other, on one axis.

    Args:
        title: above the drawing; also says in words what it shows.
        marks: from top to bottom, at least one.
        band: a stretch of the axis that is shaded, such as what is allowed.

    Returns:
        An SVG element.
    """
    ends = [end for mark in marks for end in (mark.value, mark.low, mark.high) if end is not None]
    low, step, count = _axis(min([*ends, *(band or ())]), max([*ends, *(band or ())]))
    height = _TOP + _ROW * len(marks) + _BOTTOM
    bottom = height - _BOTTOM

    def x(value: float) -> str:
        share = (value - low) / (step * count)
        return f"{_LABELS + share * (_WIDTH - _LABELS - _MARGIN):.2f}"

    size = f'viewBox="0 0 {_WIDTH} {height}" font-family="system-ui, sans-serif" font-size="13"'
    said = html.escape(_in_words(title, marks))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{said}">',
        f'<text x="0" y="18" fill="{_INK}" font-size="15" font-weight="600">{html.escape(title)}</text>',
    ]
    if band:
        width = float(x(band[1])) - float(x(band[0]))
        parts.append(
            f'<rect x="{x(band[0])}" y="{_TOP - 8}" width="{width:.2f}" height="{bottom - _TOP + 8}" fill="{_BAND}"/>'
        )
    for number in range(count + 1):
        tick = low + step * number
        parts += [
            f'<line x1="{x(tick)}" y1="{_TOP - 8}" x2="{x(tick)}" y2="{bottom}" stroke="{_GRID}"/>',
            f'<text x="{x(tick)}" y="{bottom + 18}" fill="{_MUTED}" text-anchor="middle">{_number(tick, step)}</text>',
        ]
    for place, mark in enumerate(marks):
        y = _TOP + _ROW * place + _ROW // 2 - 4
        colour = _MAIN if mark.is_ours else _OTHER
        parts.append(f'<text x="0" y="{y + 4}" fill="{_INK}">{html.escape(_short(mark.label))}</text>')
        if mark.low is not None and mark.high is not None:
            ends_of = f'x1="{x(mark.low)}" y1="{y}" x2="{x(mark.high)}" y2="{y}"'
            parts.append(f'<line {ends_of} stroke="{colour}" stroke-width="3" stroke-linecap="round"/>')
        parts.append(f'<circle cx="{x(mark.value)}" cy="{y}" r="5" fill="{colour}"/>')
    return "\n".join([*parts, "</svg>"])


def _axis(least: float, most: float) -> tuple[float, float, int]:
    """Where an axis starts, its step (1, 2 or 5 times a power of ten), and the number of steps."""
    span = most - least or abs(most) or 1.0
    power = 10.0 ** math.floor(math.log10(span / _TICKS))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * _TICKS >= span)
    first = math.floor(least / step + 1e-9)
    return first * step, step, max(1, math.ceil(most / step - 1e-9) - first)


def _number(value: float, step: float) -> str:
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{0.0 if abs(value) < step / 2 else value:.{decimals}f}"


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1] + "…"


def _in_words(title: str, marks: Sequence[Mark]) -> str:
    said = []
    for mark in marks:
        ends = "" if mark.low is None or mark.high is None else f" ({mark.low:.3f} to {mark.high:.3f})"
        said.append(f"{mark.label} {mark.value:.3f}{ends}")
    return f"{title}: {', '.join(said)}"
