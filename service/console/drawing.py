"""Small drawings as SVG: their colours are classes of the style sheet, their bars are links to the rows behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup, escape

__all__ = ["histogram", "meter"]

_WIDTH: Final = 420
_HEIGHT: Final = 180
_LEFT: Final = 44
_BOTTOM: Final = 34
_TOP: Final = 12
_RIGHT: Final = 12
_TICKS: Final = 4
_LABELS: Final = 6

_LINE: Final = Markup(
    '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/><text class="tick end" x="{}" y="{:.1f}">{}</text>'
)
_MARK: Final = Markup('<line class="mark" x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{}"><title>{}</title></line>')
_TICK: Final = Markup('<text class="tick mid" x="{:.1f}" y="{}">{}</text>')


def _step(most: int) -> int:
    """The distance of the lines behind the bars: 1, 2 or 5 times a power of ten."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if factor * size * _TICKS >= most:
                return factor * size
        size *= 10


def _edge(value: float) -> str:
    return f"{value:g}"


def histogram(
    bins: Sequence[Mapping[str, Any]],
    label: str,
    axis: str,
    *,
    marks: Sequence[tuple[float, str]] = (),
    whole: bool = False,
) -> Markup:
    """Draw counts over a range.

    Args:
        bins: from left to right, each with `low`, `high`, `count`, and, where the rows behind it can be seen, `href`.
        label: what the drawing shows, in words, for those who do not see it.
        axis: name of the axis below.
        marks: values that are marked, each with its name.
        whole: whether only whole numbers are counted; the number then stands below the middle of its bar.

    Returns:
        SVG.
    """
    most = max((each["count"] for each in bins), default=0)
    step = _step(max(most, 1))
    top = step * -(-max(most, 1) // step)
    low, high = (bins[0]["low"], bins[-1]["high"]) if bins else (0.0, 1.0)
    wide, tall = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(value: float) -> float:
        return _LEFT + wide * (value - low) / ((high - low) or 1)

    def y(count: float) -> float:
        return _TOP + tall * (1 - count / top)

    floor, middle = _TOP + tall, _LEFT + wide / 2
    lines = [(y(count), f"{count:,}") for count in range(0, top + 1, step)]
    if whole:
        shown = [((each["low"] + each["high"]) / 2, _edge(each["low"])) for each in bins]
    else:
        shown = [(value, _edge(value)) for value in (*(each["low"] for each in bins), high)]
    every = max(1, -(-len(shown) // _LABELS))
    parts = [
        Markup('<svg viewBox="0 0 {} {}" role="group" aria-label="{}">').format(_WIDTH, _HEIGHT, label),
        *(_LINE.format(_LEFT, _WIDTH - _RIGHT, at, at, _LEFT - 8, at + 4, count) for at, count in lines),
        *(_bar(each, x(each["low"]) + 1, x(each["high"]) - 1, y(each["count"]), floor) for each in bins),
        *(_MARK.format(x(value), x(value), _TOP, floor, name) for value, name in marks),
        *(_TICK.format(x(at), floor + 14, text) for at, text in shown[::every]),
        Markup('<text class="axis mid" x="{:.1f}" y="{}">{}</text></svg>').format(middle, _HEIGHT - 4, axis),
    ]
    return Markup("").join(parts)


def _bar(each: Mapping[str, Any], left: float, right: float, top: float, bottom: float) -> Markup:
    told = each.get("told") or f"{_edge(each['low'])} to {_edge(each['high'])}: {each['count']:,}"
    height = max(0.0, bottom - top)
    if each["count"]:
        height, top = max(height, 1.5), min(top, bottom - 1.5)  # a single one among thousands is still seen
    drawn = Markup(
        '<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>'
    ).format(left, top, max(0.5, right - left), height, told)
    if each["count"] and each.get("href"):
        return Markup('<a href="{}" aria-label="{}">{}</a>').format(each["href"], told, drawn)
    return drawn


def meter(part: float, whole: float, label: str) -> Markup:
    """Draw how much of a whole is there, as one bar.

    Args:
        part: from 0 to `whole`.
        whole: the length of the bar.
        label: the same in words.
    """
    width = 100 * min(1.0, part / whole) if whole else 0.0
    return Markup(
        '<svg class="meter" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="back" width="100" height="8" rx="2"/><rect class="bar" width="{:.1f}" height="8" rx="2"/></svg>'
    ).format(escape(label), width)
