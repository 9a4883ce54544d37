"""`matcher background`: what the default score knows beforehand about text, made from a venue's own publications."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer

from matcher.commands.options import JsonOption, OverwriteOption, QuietOption
from matcher.config import MatchConfig
from matcher.errors import DataError
from matcher.ingest.fields import TEXT, TITLE, Field, Table, clean, one_line
from matcher.ingest.files import read_rows

__all__ = ["background_app"]

background_app = typer.Typer(
    help="Term statistics and measured cosines behind the default score.",
    epilog="Example: matcher background build venue/publications.jsonl --out own.npz",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_DEFAULT: Final = MatchConfig()

_TABLE: Final = Table("papers", (Field("title", TITLE, "Title."), Field("abstract", TEXT, "Abstract.")))


@background_app.callback()
def background() -> None:
    """Term statistics and measured cosines behind the default score."""


@background_app.command(epilog="Example: matcher background build publications.jsonl --licence 'CC0 1.0' --out own.npz")
def build(
    sources: Annotated[
        list[Path],
        typer.Argument(help="Files of JSON lines with title and abstract, plain or compressed.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="The file to write; give it as the setting `background`.")],
    papers: Annotated[int, typer.Option(min=200, help="Papers to draw from each file at most.")] = 32000,
    probe: Annotated[int, typer.Option(min=200, help="Papers, over all files, to measure cosines with.")] = 1200,
    model: Annotated[str, typer.Option(help="The sentence model to measure.")] = _DEFAULT.model,
    licence: Annotated[
        list[str] | None, typer.Option(help="Licence of each file, in the same order; it is noted in the background.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw.")] = 0,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Count terms, find topics and measure how alike unrelated papers are. No text is kept."""
    from matcher.console import progress_bar
    from matcher.encoders import default_cache_dir, make_sentence_encoder
    from matcher.encoders.background import save_background
    from matcher.encoders.measuring import build_background

    licences = licence or []
    if licences and len(licences) != len(sources):
        raise DataError(f"there are {len(sources)} files and {len(licences)} licences; give one for each, or none")
    if out.exists() and not overwrite:
        raise DataError("this exists", file=str(out), remedy="pass --overwrite to replace it")
    rng = np.random.default_rng(seed)
    counted: list[tuple[str, str]] = []
    measured: list[tuple[str, str]] = []
    notes: list[dict[str, Any]] = []
    for place, source in enumerate(sources):
        read = _read_papers(source)
        order = rng.permutation(len(read))
        counted += [read[int(at)] for at in order[:papers]]
        measured += [read[int(at)] for at in order[: -(-probe // len(sources))]]
        note = {"file": source.name, "papers": min(papers, len(read)), "of": len(read), "sha256": _digest(source)}
        notes.append(note | ({"licence": licences[place]} if licences else {}))
    with progress_bar(quiet=quiet) as progress:
        encoder = make_sentence_encoder(MatchConfig(model=model), cache_dir=default_cache_dir())
        made = build_background(counted, measured, encoder, sources=notes, seed=seed, progress=progress)
    save_background(made, out)
    facts = {
        "file": str(out),
        "digest": made.digest,
        "papers": made.papers,
        "model": made.model,
        "shares": made.shares,
        "backgrounds": made.backgrounds,
        "tail": made.tail,
        "sources": notes,
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    typer.echo(f"{out}: {made.papers} papers, digest {made.digest[:16]}, tail {made.tail:.4f}")


def _read_papers(source: Path) -> list[tuple[str, str]]:
    """Titles and abstracts of the papers that have both, each different one once, in the order of the file."""
    if not source.is_file():
        raise DataError("there is no such file", file=str(source))
    found: dict[tuple[str, str], None] = {}
    for row in read_rows(source, _TABLE, name=str(source)):
        if row.fault is not None:
            raise DataError(row.fault, file=str(source), line=row.line)
        title, abstract = (str(row.values.get(name) or "") for name in ("title", "abstract"))
        found[one_line(title), clean(abstract)] = None
    return [(title, abstract) for title, abstract in found if title and abstract]


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
