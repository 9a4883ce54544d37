"""Charts as SVG text: plain arrays in, one small Vega-Lite specification inside, a drawing out.

Binning is done here with NumPy, so that a specification holds a few dozen numbers however large the venue is. A drawing
holds no script, no identifier, no style attribute and no address to load from; its colours are those of `PALETTE`, and
its label tells in words what it shows.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from matcher.errors import MissingExtraError

__all__ = ["DARK_PALETTE", "PALETTE", "draw", "load_by_size", "load_counts", "score_distribution", "submission_means"]

Values: TypeAlias = "npt.NDArray[Any] | Sequence[float]"
Spec: TypeAlias = dict[str, Any]
Rows: TypeAlias = list[dict[str, Any]]

PALETTE: Final[Mapping[str, str]] = {
    "ink": "#1f2933",
    "muted": "#52606d",
    "grid": "#e1e5ea",
    "back": "#b4bfcb",
    "main": "#2b6a99",
    "mark": "#c75a00",
}
"""Every colour of a drawing, for a light page. Blue, grey and orange differ in the common kinds of colour blindness."""

DARK_PALETTE: Final[Mapping[str, str]] = {
    "ink": "#e3e7eb",
    "muted": "#a7b2bd",
    "grid": "#313a43",
    "back": "#52606d",
    "main": "#6fb0e0",
    "mark": "#f0a35e",
}
"""What a dark page puts in the place of each colour; its style sheet finds them by their values in `PALETTE`."""

_VEGA_LITE: Final = "5.21"
"""One version of the language for all, so that a newer renderer draws the same."""

_WIDTH: Final = 400
_HEIGHT: Final = 250
"""Size of a drawing in its own units: two beside each other on a screen, one on a phone, labels legible on both."""

_SCORE_BINS: Final = 20
"""Bins of a histogram: enough to see a second hump, few enough to hold several pairs of a small venue."""

_SPANS: Final = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Where a score axis may end. Scores start at 0 in every chart, but some encoders leave most of [0, 1] empty."""

_TICKS: Final = 5
"""Labels on an axis of counts, beside the zero: fewer leave the eye without hold, more are clutter."""

_WEAK_PERCENTILE: Final = 5
"""The percentile that is marked among the submissions' means."""

_CONFIG: Final[Spec] = {
    "font": "system-ui, sans-serif",
    "background": None,
    "view": {"stroke": None},
    "title": {
        "anchor": "start",
        "frame": "bounds",
        "color": PALETTE["ink"],
        "fontSize": 14,
        "fontWeight": 600,
        "subtitleColor": PALETTE["muted"],
        "subtitleFontSize": 11.5,
        "subtitlePadding": 4,
        "offset": 10,
    },
    "axis": {
        "labelColor": PALETTE["muted"],
        "titleColor": PALETTE["muted"],
        "labelFontSize": 11.5,
        "titleFontSize": 11.5,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
        "gridColor": PALETTE["grid"],
    },
    "axisX": {"grid": False, "domain": True, "domainColor": PALETTE["back"], "labelAngle": 0},
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": PALETTE["ink"],
        "labelFontSize": 11.5,
        "symbolType": "square",
        "symbolSize": 90,
        "offset": 10,
        "labelLimit": 0,
        "columnPadding": 22,
    },
}


def score_distribution(assigned: Values, eligible: Values) -> str:
    """Draw how the scores of the assigned pairs lie against those of all pairs that could have been assigned.

    Args:
        assigned: scores of the assigned pairs, in [0, 1], finite, any number of them.
        eligible: scores of all eligible pairs, in [0, 1], finite.

    Returns:
        SVG text.

    Raises:
        MissingExtraError: the drawing packages are not installed.
        ValueError: a score is not finite or not in [0, 1].
    """
    groups = (("all eligible pairs", _scores(eligible)), ("assigned pairs", _scores(assigned)))
    span = _span(*(scores for _, scores in groups))
    rows: Rows = []
    for name, scores in groups:
        counts, edges = np.histogram(scores, bins=_SCORE_BINS, range=(0, span))
        shares = counts / max(1, scores.size)
        rows += [
            {"from": _short(low), "to": _short(high), "share": _short(share), "group": name}
            for low, high, share in zip(edges[:-1], edges[1:], shares, strict=True)
        ]
    colour: Spec = {
        "field": "group",
        "type": "nominal",
        "scale": {"domain": [name for name, _ in groups], "range": [PALETTE["back"], PALETTE["main"]]},
    }
    position: Spec = {
        "x": _binned_axis("score of the pair", span),
        "x2": {"field": "to"},
        "y": {
            "field": "share",
            "type": "quantitative",
            "stack": None,
            "title": "share of the pairs",
            "axis": {"format": "~%", "tickCount": _TICKS},
        },
    }
    if not any(row["share"] for row in rows):
        position["y"]["scale"] = {"domain": [0, 1]}  # nothing to draw: an axis that still says what it would show
    layers: list[Spec] = [
        {
            "transform": [{"filter": {"field": "group", "equal": name}}],
            "mark": {"type": "bar", "binSpacing": spacing, "opacity": opacity},
            "encoding": {**position, "color": colour},
        }
        for (name, _), spacing, opacity in zip(groups, (1, 5), (1, 0.88), strict=True)
    ]
    label = "Histogram of scores. " + " ".join(
        f"{name.capitalize()}: {scores.size:,}{_middle(scores)}." for name, scores in reversed(groups)
    )
    return draw({"title": "Scores of the pairs", "data": {"values": rows}, "layer": layers}, label)


def submission_means(means: Values) -> str:
    """Draw how the submissions' mean scores are distributed, with the weakest five percent marked.

    Args:
        means: mean score of each submission over its assigned reviewers, in [0, 1], finite.

    Returns:
        SVG text.

    Raises:
        MissingExtraError: the drawing packages are not installed.
        ValueError: a mean is not finite or not in [0, 1].
    """
    scores = _scores(means)
    span = _span(scores)
    counts, edges = np.histogram(scores, bins=_SCORE_BINS, range=(0, span))
    rows: Rows = [
        {"from": _short(low), "to": _short(high), "count": int(count)}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    layers: list[Spec] = [
        {
            "data": {"values": rows},
            "mark": {"type": "bar", "color": PALETTE["main"], "binSpacing": 2},
            "encoding": {
                "x": _binned_axis("mean score of the submission's reviewers", span),
                "x2": {"field": "to"},
                "y": _count_axis("count", "submissions", int(counts.max())),
            },
        }
    ]
    title: Spec = {"text": "Mean score of each submission"}
    noun = "submission" if scores.size == 1 else "submissions"
    label = f"Histogram of the mean scores of {scores.size:,} {noun}{_middle(scores)}."
    if scores.size:
        weak = float(np.percentile(scores, _WEAK_PERCENTILE))
        label += f" Smallest {scores.min():.3f}; {_WEAK_PERCENTILE}th percentile {weak:.3f}."
        title["subtitle"] = f"dashed line: {_WEAK_PERCENTILE}th percentile, {weak:.3f}"
        layers.append(
            {
                "data": {"values": [{"at": _short(weak)}]},
                "mark": {"type": "rule", "color": PALETTE["mark"], "strokeWidth": 2, "strokeDash": [5, 3]},
                "encoding": {"x": {"field": "at", "type": "quantitative"}},
            }
        )
    return draw({"title": title, "layer": layers}, label)


def load_counts(loads: Values, max_loads: Values) -> str:
    """Draw how many reviewers carry which load, and who of them has no room left.

    Args:
        loads: (R,) submissions assigned to each reviewer, whole numbers from 0.
        max_loads: (R,) most submissions of each reviewer, whole numbers from 0.

    Returns:
        SVG text.

    Raises:
        MissingExtraError: the drawing packages are not installed.
        ValueError: the arrays differ in length or hold something else.
    """
    carried, most = _counts(loads), _counts(max_loads)
    if carried.shape != most.shape:
        raise ValueError(f"{carried.size} loads but {most.size} maximum loads")
    top = int(carried.max(initial=0))
    is_full = carried >= most
    groups = (("has room", ~is_full, PALETTE["back"]), ("at the maximum", is_full, PALETTE["main"]))
    rows: Rows = []
    for order, (name, chosen, _) in enumerate(groups):
        found = np.bincount(carried[chosen], minlength=top + 1)
        rows += [{"load": load, "count": int(count), "group": name, "order": order} for load, count in enumerate(found)]
    spec = {
        "title": "Load of the reviewers",
        "data": {"values": rows},
        "mark": {"type": "bar", "width": {"band": 0.8 if top < _SCORE_BINS else 0.95}},
        "encoding": {
            "x": {
                "field": "load",
                "type": "ordinal",
                "title": "submissions assigned to a reviewer",
                "axis": {"labelOverlap": True},
            },
            "y": _count_axis("count", "reviewers", int(np.bincount(carried, minlength=1).max())),
            "color": {
                "field": "group",
                "type": "nominal",
                "scale": {"domain": [name for name, _, _ in groups], "range": [colour for _, _, colour in groups]},
            },
            "order": {"field": "order", "type": "quantitative", "sort": "descending"},
        },
    }
    label = f"Bar chart of the loads of {_people(carried.size)}."
    if carried.size:
        label += (
            f" Mean {carried.mean():.2f}; largest {top}; {int((carried == 0).sum()):,} without a submission;"
            f" {int(is_full.sum()):,} at their maximum."
        )
    return draw(spec, label)


def load_by_size(sizes: Values, loads: Values) -> str:
    """Draw whether reviewers with more papers carry more: circles for reviewers, a line for the mean load.

    Args:
        sizes: (R,) papers in each reviewer's profile, whole numbers from 0.
        loads: (R,) submissions assigned to each reviewer, whole numbers from 0.

    Returns:
        SVG text.

    Raises:
        MissingExtraError: the drawing packages are not installed.
        ValueError: the arrays differ in length or hold something else.
    """
    papers, carried = _counts(sizes), _counts(loads)
    if papers.shape != carried.shape:
        raise ValueError(f"{papers.size} profiles but {carried.size} loads")
    groups = _size_groups(papers)
    names = [name for name, _ in groups]
    circles: Rows = []
    means: Rows = []
    for name, chosen in groups:
        if not chosen.any():
            means.append({"papers": name, "mean": None})  # the line breaks here instead of joining those beside it
            continue
        found = np.bincount(carried[chosen])
        circles += [
            {"papers": name, "load": load, "reviewers": int(count)} for load, count in enumerate(found) if count
        ]
        means.append({"papers": name, "mean": _short(float(carried[chosen].mean()))})
    x = {
        "field": "papers",
        "type": "ordinal",
        "title": "papers in the profile",
        "scale": {"domain": names},
        "axis": {"labelOverlap": True},
    }
    y = _count_axis("load", "submissions assigned", int(carried.max(initial=0)))
    layers: list[Spec] = [
        {
            "data": {"values": circles},
            "mark": {"type": "circle", "color": PALETTE["back"], "opacity": 1},
            "encoding": {
                "x": x,
                "y": y,
                "size": {
                    "field": "reviewers",
                    "type": "quantitative",
                    "scale": {"range": [14, 400], "zero": True},
                    "legend": None,
                },
            },
        },
        {
            "data": {"values": means},
            "mark": {
                "type": "line",
                "color": PALETTE["main"],
                "strokeWidth": 2,
                "point": {"filled": True, "size": 36, "color": PALETTE["main"]},
            },
            "encoding": {"x": x, "y": {**y, "field": "mean"}},
        },
    ]
    label = f"Load by size of profile for {_people(papers.size)}."
    if means:
        known = (
            f"{row['papers']} {'paper' if row['papers'] == '1' else 'papers'}: {row['mean']:.2f}"
            for row in means
            if row["mean"] is not None
        )
        label += " Mean load " + "; ".join(known) + "."
    title = {"text": "Load by size of profile", "subtitle": "line: mean load; circle area: number of reviewers"}
    return draw({"title": title, "layer": layers}, label)


def draw(spec: Mapping[str, Any], label: str) -> str:
    """Draw one Vega-Lite specification in this project's theme.

    Args:
        spec: the specification without size and theme; its data stand in it.
        label: what the drawing shows, in words, for those who cannot see it.

    Returns:
        SVG text; equal specifications give equal text.

    Raises:
        MissingExtraError: the drawing packages are not installed.
    """
    try:
        import vl_convert  # heavy and optional: its one home
    except ImportError:
        raise MissingExtraError("charts in the report", "report") from None
    whole = {
        "width": _WIDTH,
        "height": _HEIGHT,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": 4,
        **spec,
        "config": _CONFIG,
    }
    return _bare(vl_convert.vegalite_to_svg(whole, vl_version=_VEGA_LITE, allowed_base_urls=[]), label)


_DECORATION: Final = re.compile(r' (?:aria-[a-z]+|role|class|pointer-events|opacity="1"|xmlns:xlink)(?:="[^"]*")?')
_EMPTY_PATH: Final = re.compile(r'<path(?: d="(?:M0,0h0v0h0Z)?"| display="none")+/>')
_LONG_NUMBER: Final = re.compile(r"(\d+\.\d{2})\d{3,}")
_ROOT: Final = re.compile(r"<svg[^>]*>")


def _bare(svg: str, label: str) -> str:
    """The drawing without what a static page has no use for, named by one label instead of one for each mark."""
    svg = _LONG_NUMBER.sub(r"\1", _EMPTY_PATH.sub("", _DECORATION.sub("", svg)))
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}"'
        f' viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{html.escape(label)}">'
    )
    return _ROOT.sub(lambda _: root, svg, count=1)


def _span(*groups: npt.NDArray[np.float64]) -> float:
    """The shortest axis that holds all scores."""
    if not any(scores.size for scores in groups):
        return 1.0
    largest = max(float(scores.max(initial=0)) for scores in groups)
    return next(span for span in _SPANS if largest <= span)


def _binned_axis(title: str, span: float) -> Spec:
    return {
        "field": "from",
        "type": "quantitative",
        "bin": {"binned": True, "step": span / _SCORE_BINS},
        "title": title,
        "scale": {"domain": [0, span], "nice": False},
        "axis": {
            "values": [_short(span * tick / _TICKS) for tick in range(_TICKS + 1)],
            "format": ".1f" if span >= 0.5 else ".2f",
        },
    }


def _count_axis(field: str, title: str, top: int) -> Spec:
    """An axis of whole numbers from 0 to `top` or a little above, about five of them labelled."""
    step = next(step for step in _steps() if step * _TICKS >= top)
    last = step * max(1, -(-top // step))
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "scale": {"domain": [0, last], "nice": False},
        "axis": {"format": ",d", "values": list(range(0, last + 1, step)), "labelOverlap": False},
    }


def _steps() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50, …: the steps that people count in."""
    for power in itertools.count():
        for first in (1, 2, 5):
            yield first * 10**power


def _size_groups(papers: npt.NDArray[np.int64]) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """Reviewers by their number of papers: 0, 1, 2, 3–4, 5–8, 9–16 and so on.

    The first and the last group hold somebody; one between them may be empty.
    """
    groups: list[tuple[str, npt.NDArray[np.bool_]]] = []
    low, high = 0, 0
    while low <= papers.max(initial=-1):
        chosen = (papers >= low) & (papers <= high)
        if groups or chosen.any():
            groups.append((str(low) if low == high else f"{low}–{high}", chosen))
        low, high = high + 1, max(1, 2 * high)
    return groups


def _scores(values: Values) -> npt.NDArray[np.float64]:
    scores = np.asarray(values, dtype=np.float64).ravel()
    if not np.all((scores >= 0) & (scores <= 1)):
        raise ValueError("scores must be finite and lie in [0, 1]; leave out the pairs that are not scored")
    return scores


def _counts(values: Values) -> npt.NDArray[np.int64]:
    numbers = np.asarray(values)
    if numbers.size and (not np.issubdtype(numbers.dtype, np.integer) or numbers.min() < 0):
        raise ValueError("loads and sizes must be whole numbers from 0")
    return numbers.astype(np.int64).ravel()


def _middle(scores: npt.NDArray[np.float64]) -> str:
    return f", median {np.median(scores):.3f}" if scores.size else ""


def _people(number: int) -> str:
    return f"{number:,} {'reviewer' if number == 1 else 'reviewers'}"


def _short(value: float) -> float:
    """Six digits are more than a screen shows, and keep noise of the last bit out of the bytes."""
    return round(float(value), 6)
