"""A page of results: every table, drawing and digest of some result folders, as Markdown and as one HTML file.

The page holds what the folders hold and nothing that was typed by hand, so it can be made again at any time.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eval.output import cells
from eval.plots import Mark, intervals
from matcher.errors import DataError, InputError

__all__ = ["Section", "html_page", "markdown_page", "read_sections", "write_page"]

_TITLE: Final = "Results"

_HOW_TO_READ: Final = (
    "Numbers in brackets are 95 % intervals of a bootstrap that draws participants, papers, queries or reviewers. "
    "“minus X” is the paired difference to X on the same things; better or worse stands there only where its interval "
    "excludes 0. Where nothing stands, the data do not tell the two apart."
)

_FAIR_LOADS: Final = (0.7, 1.4)
"""What a band's mean load may be, as a share of the mean of all."""

_LABELS: Final = ("encoder", "variant", "papers", "kept", "evaluation", "texts", "said")
"""Columns that name a row, where a result has them."""

_GROUPS: Final = ("set", "split", "data", "measure")
"""Columns that part the rows of one result into drawings."""

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;color:#1f2933;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;font-size:.85rem;display:block;overflow-x:auto}"
    "th,td{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #e1e5ea;white-space:nowrap}"
    "td.minus{color:#52606d;padding-left:1rem}svg{max-width:100%;height:auto;margin:1rem 0}"
    "code{font-size:.85em;overflow-wrap:anywhere}details{margin:.5rem 0 2rem}"
)


@dataclass(frozen=True, slots=True)
class Section:
    """One result folder.

    Args:
        name: of the folder.
        command: of `eval` that made it.
        content: of its `results.json`.
    """

    name: str
    command: str
    content: Mapping[str, Any]


def read_sections(folders: Sequence[Path]) -> tuple[Section, ...]:
    """Read `results.json` of folders, or of the folders in them, in the order given and then by name.

    Raises:
        DataError: there is none, or one is not what `--out` writes.
    """
    found = []
    for folder in folders:
        files = (
            [folder / "results.json"] if (folder / "results.json").is_file() else sorted(folder.glob("*/results.json"))
        )
        if not files:
            raise DataError("there is no results.json", file=str(folder), remedy="make one with --out FOLDER")
        found += [_read(path) for path in files]
    return tuple(found)


def _read(path: Path) -> Section:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        command = content["manifest"]["command"][3]
        rows = content["results"]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        raise DataError("this is no result that eval wrote", file=str(path)) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError("this is no result that eval wrote", file=str(path))
    return Section(path.parent.name, str(command), content)


# --- drawings -------------------------------------------------------------------------------------------------------


def drawings(section: Section) -> tuple[str, ...]:
    """One drawing for each measure with intervals, and for each set where there are several."""
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in section.content["results"]:
        groups.setdefault(tuple(str(row[name]) for name in _GROUPS if name in row), []).append(row)
    return tuple(
        intervals(
            " · ".join([part for part in (section.command, *key) if part] + ([] if measure == "value" else [measure])),
            [_mark(row, measure) for row in rows if row.get(measure) is not None],
            band=_FAIR_LOADS if measure == "ratio" else None,
        )
        for key, rows in groups.items()
        for measure in _measures(rows)
    )


def _measures(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Measures that some row of a group has an interval of, in their order."""
    found: dict[str, None] = {}
    for row in rows:
        found |= dict.fromkeys(name for name, ends in (row.get("interval") or {}).items() if ends)
    return [name for name in found if any(row.get(name) is not None for row in rows)]


def _mark(row: Mapping[str, Any], measure: str) -> Mark:
    ends = (row.get("interval") or {}).get(measure) or (None, None)
    label = next((str(row[name]) for name in _LABELS if name in row), "")
    return Mark(label, float(row[measure]), ends[0], ends[1], is_ours=row.get("kind") != "peer")


# --- pages ----------------------------------------------------------------------------------------------------------


def markdown_page(sections: Sequence[Section], figures: Mapping[str, str]) -> str:
    """The page as Markdown; drawings are files beside it.

    Args:
        sections: in order.
        figures: SVG text by the file names that the page refers to, from `figure_files`.
    """
    lines = [f"# {_TITLE}", "", _HOW_TO_READ, ""]
    for number, section in enumerate(sections, start=1):
        lines += [f"## {section.name}: {section.command}", ""]
        table = cells(section.content["results"])
        if table:
            lines += ["| " + " | ".join(map(_escaped, table[0])) + " |", "|" + "---|" * len(table[0])]
            lines += ["| " + " | ".join(map(_escaped, row)) + " |" for row in table[1:]]
            lines.append("")
        lines += [f"![{name}](figures/{name})" for name in figures if name.startswith(f"{number:02}-")]
        lines += ["", *(f"- {line}" for line in _facts(section)), "", "Made with:", ""]
        lines += [f"- {name}: `{value}`" for name, value in _made_with(section)]
        lines.append("")
    return "\n".join(lines)


def _escaped(cell: str) -> str:
    return cell.strip().replace("|", "\\|")


def html_page(sections: Sequence[Section]) -> str:
    """The page as one HTML file with its drawings inside."""
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{_TITLE}</title>',
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>',
        f"<h1>{_TITLE}</h1><p>{_HOW_TO_READ}</p>",
    ]
    for section in sections:
        parts.append(f"<h2>{html.escape(section.name)}: {html.escape(section.command)}</h2>")
        table = cells(section.content["results"])
        if table:
            head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in table[0])
            parts += ["<table><thead><tr>", head, "</tr></thead><tbody>"]
            for row in table[1:]:
                kind = ' class="minus"' if row[0].startswith("  ") else ""
                body = "".join(f"<td{kind}>{html.escape(cell.strip())}</td>" for cell in row)
                parts.append(f"<tr>{body}</tr>")
            parts.append("</tbody></table>")
        parts += drawings(section)
        parts += ["<ul>", *(f"<li>{html.escape(line)}</li>" for line in _facts(section)), "</ul>"]
        made = "".join(
            f"<li>{html.escape(name)}: <code>{html.escape(value)}</code></li>" for name, value in _made_with(section)
        )
        parts.append(f"<details><summary>Made with</summary><ul>{made}</ul></details>")
    return "\n".join([*parts, "</body></html>", ""])


def _facts(section: Section) -> Iterator[str]:
    for name, value in section.content.get("facts", {}).items():
        shown = f"{value:.4f}" if isinstance(value, float) else str(value)
        yield f"{name.replace('_', ' ')}: {shown}"
    for notice in section.content.get("notices", ()):
        yield f"note: {notice}"


def _made_with(section: Section) -> Iterator[tuple[str, str]]:
    manifest = section.content["manifest"]
    yield "command", " ".join(map(str, manifest["command"]))
    code = manifest.get("code", {})
    changed = {True: ", files changed", False: "", None: ""}[code.get("is_changed")]
    yield (
        "code",
        f"{code.get('version')}, commit {code.get('commit') or 'not known'}{changed}, SHA-256 {code.get('digest')}",
    )
    yield "seed", str(manifest.get("seed"))
    for name, digest in manifest.get("data", {}).items():
        yield f"data {name}", f"SHA-256 {digest}"
    for encoder in manifest.get("encoders", ()):
        where = " ".join(str(encoder[name]) for name in ("encoder", "set") if name in encoder)
        yield f"vectors {where}", f"{encoder['name']} {encoder['model']}".strip() + f", digest {encoder['digest']}"


def figure_files(sections: Sequence[Section]) -> dict[str, str]:
    """SVG text by file name: the number of the section, its name, and the number of the drawing."""
    return {
        f"{number:02}-{section.name}-{place}.svg": text + "\n"
        for number, section in enumerate(sections, start=1)
        for place, text in enumerate(drawings(section), start=1)
    }


def write_page(sections: Sequence[Section], folder: Path) -> tuple[Path, ...]:
    """Write `results.md`, `results.html` and `figures/*.svg`.

    Returns:
        The two pages.

    Raises:
        InputError: the folder cannot be written to.
    """
    figures = figure_files(sections)
    texts = {
        "results.md": markdown_page(sections, figures),
        "results.html": html_page(sections),
        **{f"figures/{name}": text for name, text in figures.items()},
    }
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"{folder}: the page cannot be written: {error.strerror or error}") from None
    return folder / "results.md", folder / "results.html"
