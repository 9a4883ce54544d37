"""The part of a venue that a request is about, as a folder that `matcher` reads."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from matcher.decisions import DECISIONS_FILE

__all__ = ["write_part"]

_WHOLE: Final = ("publications.jsonl", "people.jsonl", "venue.toml")
_MILLISECONDS: Final = 1000


def write_part(
    whole: Path,
    part: Path,
    *,
    reviewers: Collection[str],
    submissions: Collection[str],
    further: Collection[Mapping[str, Any]] = (),
    papers: Mapping[str, Mapping[str, Collection[str]]] | None = None,
    minimum_pub_date: int | None = None,
    top_recent_pubs: int | None = None,
    use_abstract: bool = True,
    with_pairs: bool = True,
) -> Path:
    """Write the part of a venue folder that is about some reviewers and submissions.

    Args:
        whole: the folder of a version of a venue.
        part: where the part goes; a folder that is there is written anew.
        reviewers: ids.
        submissions: ids.
        further: rows of submissions that the venue does not hold.
        papers: by reviewer, the publications that they chose to `include` (then no others count) or `exclude`.
        minimum_pub_date: milliseconds since 1970; older publications do not count, those without a date do.
        top_recent_pubs: how many publications of a reviewer count, the newest.
        use_abstract: whether abstracts are read.
        with_pairs: whether conflicts, bids and other pairs come along.

    Returns:
        The part.
    """
    part.mkdir(parents=True, exist_ok=True)
    days = {row["id"]: _day_of(row) for row in _rows(whole / "publications.jsonl")}
    least = None if minimum_pub_date is None else _day(minimum_pub_date)
    with (part / "reviewers.jsonl").open("w", encoding="utf-8", newline="\n") as stream:
        for row in _rows(whole / "reviewers.jsonl"):
            if row["id"] in reviewers:
                chosen = _chosen(row.get("paper_ids") or (), (papers or {}).get(row["id"], {}))
                chosen = [each for each in chosen if least is None or not days.get(each) or days[each] >= least]
                if top_recent_pubs is not None:
                    newest = sorted(chosen, key=lambda each: (days.get(each, ""), each), reverse=True)
                    chosen = [each for each in chosen if each in newest[:top_recent_pubs]]
                stream.write(_line({**row, "paper_ids": chosen}))
    with (part / "submissions.jsonl").open("w", encoding="utf-8", newline="\n") as stream:
        held = (each for each in _rows(whole / "submissions.jsonl") if each["id"] in submissions)
        for each in (*held, *further):
            stream.write(_line(each if use_abstract else {**each, "abstract": ""}))
    if not (part / "submissions.jsonl").stat().st_size:
        (part / "submissions.jsonl").unlink()
    for path in sorted(whole.iterdir()):
        if path.name in _WHOLE:
            _copy(path, part / path.name, use_abstract=use_abstract)
        elif with_pairs and path.name not in ("reviewers.jsonl", "submissions.jsonl"):
            _copy_pairs(path, part / path.name, reviewers, submissions)
    return part


def _copy(source: Path, target: Path, *, use_abstract: bool) -> None:
    if use_abstract or source.suffix != ".jsonl":
        target.write_bytes(source.read_bytes())
        return
    lines = [_line({**row, **({"abstract": ""} if "abstract" in row else {})}) for row in _rows(source)]
    target.write_text("".join(lines), encoding="utf-8", newline="\n")


def _copy_pairs(source: Path, target: Path, reviewers: Collection[str], submissions: Collection[str]) -> None:
    is_decisions = source.name == DECISIONS_FILE
    lines = [
        _line(row)
        for row in _rows(source)
        if row["reviewer_id"] in reviewers and (is_decisions or row["submission_id"] in submissions)
    ]
    if lines:
        target.write_text("".join(lines), encoding="utf-8", newline="\n")


def _chosen(papers: Collection[str], choice: Mapping[str, Collection[str]]) -> list[str]:
    included, excluded = set(choice.get("include", ())), set(choice.get("exclude", ()))
    return [paper for paper in papers if (not included or paper in included) and paper not in excluded]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.is_file():
        with path.open(encoding="utf-8") as stream:
            for line in stream:
                yield json.loads(line)


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / _MILLISECONDS, UTC).date().isoformat()


def _day_of(publication: Mapping[str, Any]) -> str:
    """The first date of a publication as text that sorts; of a month or a year the last day; empty if none is known."""
    held = publication.get("date")
    text = str((held[0] if held else "") if isinstance(held, list) else held or "")
    return text + "-12-31"[len(text) - len("2023") :] if text else ""
