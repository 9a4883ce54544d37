"""What the commands of `python -m eval` share: options, and how an outcome is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from eval.bootstrap import BETTER, WORSE

if TYPE_CHECKING:
    from eval.experiment import Outcome

__all__ = [
    "DrawsOption",
    "JsonOption",
    "OutOption",
    "QuietOption",
    "SeedOption",
    "cells",
    "give",
    "power_notes",
    "table",
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
SeedOption = Annotated[int, typer.Option(min=0, help="The only source of chance.")]
DrawsOption = Annotated[int, typer.Option(min=1, help="How often the bootstrap draws.")]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="FOLDER", help="Also write results.json and times.json into this folder."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


def give(outcome: Outcome, *, as_json: bool, out: Path | None) -> None:
    """Print an outcome, and write it where a folder is named."""
    from eval.experiment import json_line, write_outcome
    from matcher.console import print_notices

    if out is not None:
        write_outcome(outcome, out)
    print_notices(outcome.notices)
    if as_json:
        typer.echo(json_line({**outcome.compared(), "times": outcome.times}))
        return
    for line in table(outcome.results):
        typer.echo(line)
    for name, value in outcome.facts.items():
        typer.echo(f"{name.replace('_', ' ')}: {_cell(value)}")


def power_notes(rows: Sequence[Mapping[str, Any]], measure: str) -> list[str]:
    """How small a difference data of this size can show; one note, none without a comparison.

    Args:
        rows: results with `difference` or `differences`.
        measure: the one that the note is about.
    """
    found = [
        (difference["detectable"][measure], str(difference["to"]))
        for row in rows
        for difference in _compared(row)
        if difference.get("detectable", {}).get(measure)
    ]
    if not found:
        return []
    (least, to_least), (most, to_most) = min(found), max(found)
    shown = f"from {least:.3f} up (to {to_least})"
    if len(found) > 1:
        shown += f", for the least sure comparison from {most:.3f} up (to {to_most})"
    return [f"power: a true difference in {measure} shows in four of five studies of this size {shown}"]


_APART: Final = ("interval", "difference", "differences", "without_shared")
"""What is not a column of its own."""


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """`cells` as lines with equally wide columns."""
    lines = cells(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def cells(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """A line of names, then rows as lines of columns; each difference gets a line of its own.

    An interval stands behind its number. A difference that its interval keeps away from 0 is followed by what it says:
    better or worse.
    """
    if not rows:
        return []
    columns = [name for name in rows[0] if name not in _APART]
    lines = [columns]
    for row in rows:
        intervals = row.get("interval") or {}
        lines.append([_cell(row.get(name), intervals.get(name)) for name in columns])
        lines += _differences(row, columns)
        again = row.get("without_shared")
        if again:
            intervals = again["interval"]
            shown = [_cell(again[name], intervals.get(name)) if name in again else "" for name in columns]
            lines += [["  without shared", *shown[1:]], *_differences(again, columns)]
    return lines


def _differences(row: Mapping[str, Any], columns: Sequence[str]) -> list[list[str]]:
    lines = []
    for difference in _compared(row):
        cells = [_difference(difference, name) for name in columns if name in difference]
        names = [name for name in columns if name not in difference]
        lines.append([f"  minus {difference['to']}", *[""] * (len(names) - 1), *cells])
    return lines


def _compared(row: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [row["difference"]] if "difference" in row else row.get("differences", ())


def _difference(difference: Mapping[str, Any], name: str) -> str:
    text = _cell(difference[name][0], difference[name][1:], sign="+")
    said = difference.get("verdict", {}).get(name)
    return f"{text} {said}" if said in (BETTER, WORSE) else text


def _cell(value: Any, ends: Sequence[float] | None = None, *, sign: str = "") -> str:
    if value is None:
        return "–"
    if not isinstance(value, float):
        return str(value)
    text = f"{value:{sign}.4f}"
    return text if ends is None else f"{text} [{', '.join(f'{end:{sign}.4f}' for end in ends)}]"
