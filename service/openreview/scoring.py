"""Scores between the two sides of a request: people and submissions, people and people, submissions and submissions."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from matcher.commands.choices import resolve_choices
from matcher.config import MatchConfig
from matcher.encoders import default_cache_dir, make_encoder
from matcher.errors import DataError
from matcher.export.csv_files import guard_cell
from matcher.ingest import read_venue
from matcher.profiles import build_profiles
from matcher.records import Floats, PersonId, Profiles, Progress, Submission, SubmissionId, Venue, inner_products
from matcher.scores import score
from service.choices import runnable

__all__ = ["RESULT_FILES", "score_request"]

RESULT_FILES: Final = {"application/json": "results.json", "text/csv": "results.csv"}
"""The files of a result, by what they are."""

_DIGITS: Final = 6


def score_request(order: Mapping[str, Any], done: Callable[[str], None], progress: Progress) -> dict[str, Any]:
    """Score what a request asks for, and write the result under the digest of its manifest.

    Args:
        order: `folder` holds what was selected; `selected`, `request`, `config`, and `runs`, where results go.
        done: is told each stage.
        progress: called within stages.

    Returns:
        The digest and the manifest.

    Raises:
        DataError: nobody on a side has publications.
    """
    loaded = read_venue(Path(order["folder"]), may_lack_submissions=True)
    config = resolve_choices(loaded, None, runnable(order["config"])).config
    done("import")
    selected = order["selected"]
    sides = "".join("g" if side in selected["groups"] else "n" for side in "ab")
    make = {"gn": _of_papers, "ng": _of_papers, "gg": _of_people, "nn": _of_texts}[sides]
    names, first, second, values = make(_Work(loaded.venue, config, selected, done, progress))
    done("score")
    pairs = _sparse(values, order["sparse"])
    metadata = _metadata(loaded.venue, config, order, values)
    manifest = _write(Path(order["runs"]), names, first, second, values, pairs, metadata)
    done("report")
    return manifest


_Made: TypeAlias = tuple[tuple[str, str], list[str], list[str], Floats]


@dataclass(frozen=True, slots=True)
class _Work:
    """What every kind of scoring needs."""

    venue: Venue
    config: MatchConfig
    selected: Mapping[str, Any]
    done: Callable[[str], None]
    progress: Progress


def _profiles(work: _Work, venue: Venue, where: str) -> Profiles:
    if not any(reviewer.paper_ids for reviewer in venue.reviewers):
        raise DataError(f"nobody {where} has a publication that counts", remedy="upload their archives")
    encoder = make_encoder(work.config, cache_dir=default_cache_dir())
    found = build_profiles(venue, encoder, work.config, progress=work.progress)
    work.done("embed")
    return found


def _of_papers(work: _Work) -> _Made:
    found = score(_profiles(work, work.venue, "in the group"), work.config, progress=work.progress)
    return ("submission", "user"), list(found.submissions.ids), list(found.reviewers.ids), found.values


def _of_people(work: _Work) -> _Made:
    """How well the publications of each of A cover those of each of B: the mean score over B's publications."""
    venue, groups = work.venue, work.selected["groups"]
    mine, theirs = set(groups["a"]), set(groups["b"])
    owned = {each.person_id: each.paper_ids for each in venue.reviewers if each.person_id in theirs}
    papers = sorted({paper for listed in owned.values() for paper in listed})
    if not papers:
        raise DataError("nobody in the group of entityB has a publication that counts", remedy="upload their archives")
    asked = Venue.of(
        name=venue.name,
        papers=venue.papers,
        people=venue.people,
        reviewers=[each for each in venue.reviewers if each.person_id in mine],
        submissions=[
            Submission(id=SubmissionId(each.id), title=each.title, abstract=each.abstract, authors=each.authors)
            for each in venue.papers
            if each.id in set(papers)
        ],
        deadline=venue.deadline,
    )
    found = score(_profiles(work, asked, "in the group of entityA"), work.config, progress=work.progress)
    second: list[str] = sorted(owned)
    means = np.full((len(found.reviewers), len(second)), np.nan, dtype=np.float32)
    for column, person in enumerate(second):
        rows = [found.submissions.position(SubmissionId(paper)) for paper in owned[PersonId(person)]]
        if rows:
            means[:, column] = found.values[rows].mean(axis=0)
    return ("match_member", "submission_member"), list(found.reviewers.ids), second, means


def _of_texts(work: _Work) -> _Made:
    """How alike texts are: cosines of their vectors, none below 0."""
    second, first = work.selected["notes"]["a"], work.selected["notes"]["b"]
    both = sorted({*first, *second})
    texts = [work.venue.submission(each).text for each in both]
    vectors = make_encoder(work.config, cache_dir=default_cache_dir()).fit(texts).encode(texts)
    work.progress("embed", len(texts), len(texts))
    work.done("embed")
    place = {name: row for row, name in enumerate(both)}
    left, right = vectors[[place[each] for each in first]], vectors[[place[each] for each in second]]
    return ("match_submission", "submission"), list(first), list(second), np.clip(inner_products(left, right), 0.0, 1.0)


def _sparse(values: Floats, most: int) -> Iterator[tuple[int, int]]:
    """The places of the best pairs of each row and of each column, row by row; what is not scored is left out."""
    known = ~np.isnan(values)
    kept = np.zeros(values.shape, dtype=np.bool_)
    for axis in (0, 1):
        if values.shape[axis] <= most:
            kept |= known
            continue
        order = np.argsort(-np.where(known, values, -np.inf), axis=axis, kind="stable")
        best = np.take(order, np.arange(most), axis=axis)
        np.put_along_axis(kept, best, values=True, axis=axis)
    for row, column in np.argwhere(kept & known):
        yield int(row), int(column)


def _metadata(venue: Venue, config: MatchConfig, order: Mapping[str, Any], values: Floats) -> dict[str, Any]:
    without = [each.person_id for each in venue.reviewers if not each.paper_ids]
    return {
        "submission_count": len(venue.active_submissions),
        "no_publications_count": len(without),
        "no_publications": without,
        "no_profile": order["selected"]["unknown_people"],
        "no_profile_submission": [],
        "model": config.encoder,
        "aggregation": config.aggregation,
        "ignored": order["ignored"],
        "pairs_scored": int((~np.isnan(values)).sum()),
    }


def _write(
    runs: Path,
    names: tuple[str, str],
    first: list[str],
    second: list[str],
    values: Floats,
    pairs: Iterator[tuple[int, int]],
    metadata: Mapping[str, Any],
) -> dict[str, Any]:
    """Write both files and the manifest; the folder appears whole or not at all."""
    building = runs / f".expertise-{os.getpid()}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    with (
        (building / "results.json").open("w", encoding="utf-8", newline="\n") as as_json,
        (building / "results.csv").open("w", encoding="utf-8", newline="") as as_csv,
    ):
        table = csv.writer(as_csv, lineterminator="\n")
        as_json.write('{"results": [')
        joint = "\n"
        for row, column in pairs:
            value = round(float(values[row, column]), _DIGITS)
            line = {names[0]: first[row], names[1]: second[column], "score": value}
            as_json.write(joint + json.dumps(line, ensure_ascii=False))
            table.writerow([guard_cell(first[row]), guard_cell(second[column]), value])
            joint = ",\n"
        as_json.write(f'\n], "metadata": {json.dumps(metadata, ensure_ascii=False)}}}\n')
    digests = {name: _digest(building / name) for name in sorted(RESULT_FILES.values())}
    manifest = {"kind": "expertise", "files": digests, "metadata": dict(metadata), "columns": [*names, "score"]}
    text = json.dumps(manifest, sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    (building / "manifest.json").write_text(text, encoding="utf-8", newline="\n")
    target = runs / digest
    if target.is_dir():
        shutil.rmtree(building)
    else:
        building.rename(target)
    return {"digest": digest, "manifest": manifest}


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
