"""LR-Bench: researchers rated how familiar they are with recent papers; pairs of reviewers, or of papers, are ordered.

Read in the layout of its public repository. `data/evaluations_pc.json` is paper-centric: a list of objects with
`anchor` (`paper_id`, `paper_title`, `abstract`), `positive` and `negative` (`author_id`, `score` from 1 to 5, `papers`:
`[{title, abstract}]`). `data/evaluations_rc.json` is reviewer-centric: the anchor is the reviewer and the other two are
papers with a `score`. `predictions/<system>_pc[_<variant>].json` holds the same objects with a `pred_score` beside each
`score`, or flat objects with `anchor_id`, `positive_id`, `negative_id`, `positive_score` and `negative_score`.

Loss is that of the gold standard; accuracy is the share of pairs in the right order, and equal scores are not in it.

Source: RATE: Reviewer profiling and annotation-free training for expertise ranking in peer review systems, ACL 2026.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from eval.ratings import Rated, compare_tallies, summarise_tally, tally
from eval.rows import Row, read_json, title_and_abstract, write_json_files
from matcher.config import MatchConfig
from matcher.encoders import TextEncoder
from matcher.errors import DataError
from matcher.profiles import build_profiles
from matcher.records import (
    EncoderInfo,
    Paper,
    PaperId,
    Person,
    PersonId,
    Progress,
    Reviewer,
    Submission,
    SubmissionId,
    Venue,
)
from matcher.scores import score

__all__ = [
    "SPLITS",
    "PairScores",
    "Split",
    "read_predictions",
    "read_splits",
    "rows_of_split",
    "score_split",
    "write_predictions",
]

SPLITS: Final = ("pc", "rc")
"""Paper-centric (two reviewers of one paper) and reviewer-centric (two papers of one reviewer)."""

_SIDES: Final = ("positive", "negative")
_PREDICTION_NAME: Final = re.compile(r"(.+?)_(pc|rc)(?:_(.+))?\.json\Z", re.ASCII)
_LAYOUT: Final = "give a folder with data/evaluations_pc.json, as in the public repository"


@dataclass(frozen=True, slots=True)
class Split:
    """One of the two files.

    Args:
        name: `pc` or `rc`.
        venue: every paper that is rated as a submission, every reviewer with their papers.
        pairs: (P,) for each object of the file its two (submission, reviewer).
        keys: (P,) ids of anchor, positive and negative as the file has them.
        rated: pairs of different rating; item 2i is the positive of object i, item 2i + 1 its negative.
        objects: the file's own objects.
        file: what was read.
    """

    name: str
    venue: Venue
    pairs: tuple[tuple[tuple[str, str], tuple[str, str]], ...]
    keys: tuple[tuple[str, str, str], ...]
    rated: Rated
    objects: tuple[Mapping[str, Any], ...]
    file: Path


@dataclass(frozen=True, slots=True)
class PairScores:
    """What a system said of a split.

    Args:
        name: of the system.
        scores: (2P,) as `Split.rated.items`; NaN where it says nothing.
        files: what was read; none for scores made here.
    """

    name: str
    scores: npt.NDArray[np.float64]
    files: tuple[Path, ...] = ()


# --- reading --------------------------------------------------------------------------------------------------------


def read_splits(folder: Path) -> tuple[Split, ...]:
    """Read the files that are there: a clone of the repository may lack one of the two.

    Raises:
        DataError: neither is there, or one is not as described above.
    """
    files = {name: folder / "data" / f"evaluations_{name}.json" for name in SPLITS}
    splits = tuple(_read_split(name, path) for name, path in files.items() if path.is_file())
    if not splits:
        raise DataError("there is no data/evaluations_pc.json", file=str(folder), remedy=_LAYOUT)
    return splits


@dataclass(slots=True)
class _Gathered:
    """Reviewers, their papers and rated papers of a file, each once."""

    papers: dict[str, Paper] = field(default_factory=dict)
    reviewers: dict[str, tuple[PaperId, ...]] = field(default_factory=dict)
    submissions: dict[str, tuple[str, str]] = field(default_factory=dict)

    def reviewer(self, row: Row) -> str:
        """Add a reviewer with their papers; another list under the same id is another reviewer."""
        listed = row.values.get("papers")
        if not isinstance(listed, list):
            raise row.fault("papers", f"allowed is a list of papers; got {str(listed)[:60]!r}")
        owned = []
        for number, entry in enumerate(listed):
            inner = Row(f"{row.file}: papers[{number}]", 0, entry if isinstance(entry, Mapping) else {})
            title, abstract = _paper_text(inner)
            key = hashlib.sha256(f"{title}\0{abstract}".encode()).hexdigest()[:24]
            self.papers[key] = Paper(id=PaperId(key), title=title, abstract=abstract)
            owned.append(PaperId(key))
        return _keyed(self.reviewers, _id_of(row), tuple(dict.fromkeys(owned)))

    def submission(self, row: Row) -> str:
        """Add a rated paper; another text under the same id is another paper."""
        return _keyed(self.submissions, _id_of(row), _paper_text(row))

    def venue(self, name: str) -> Venue:
        return Venue.of(
            name=name,
            papers=self.papers.values(),
            people=[Person(id=PersonId(who), names=(who,)) for who in self.reviewers],
            reviewers=[Reviewer(person_id=PersonId(who), paper_ids=owned) for who, owned in self.reviewers.items()],
            submissions=[
                Submission(id=SubmissionId(key), title=title, abstract=abstract)
                for key, (title, abstract) in self.submissions.items()
            ],
        )


def _keyed(known: dict[str, Any], key: str, content: Any) -> str:
    name, number = key, 1
    while known.setdefault(name, content) != content:
        number += 1
        name = f"{key}#{number}"
    return name


def _paper_text(row: Row) -> tuple[str, str]:
    return title_and_abstract(row, title="paper_title" if "paper_title" in row.values else "title")


def _id_of(row: Row) -> str:
    name = next((name for name in ("paper_id", "author_id") if name in row.values), "id")
    return row.text(name)


def _objects(path: Path) -> tuple[Row, ...]:
    found = read_json(path)
    if not isinstance(found, list) or not all(isinstance(entry, Mapping) for entry in found) or not found:
        raise DataError("allowed is a list of objects, one a pair, not empty", file=path.name)
    return tuple(Row(f"{path.name}[{number}]", 0, entry) for number, entry in enumerate(found))


def _read_split(name: str, path: Path) -> Split:
    rows = _objects(path)
    gathered = _Gathered()
    pairs, keys, ratings = [], [], []
    for row in rows:
        anchor = row.inner("anchor")
        sides = [row.inner(side) for side in _SIDES]
        if name == "pc":
            paper = gathered.submission(anchor)
            one, other = ((paper, gathered.reviewer(side)) for side in sides)
        else:
            who = gathered.reviewer(anchor)
            one, other = ((gathered.submission(side), who) for side in sides)
        pairs.append((one, other))
        keys.append((_id_of(anchor), _id_of(sides[0]), _id_of(sides[1])))
        ratings.append([side.number("score") for side in sides])
    rated = _rated(np.array(ratings), [key[0] for key in keys])
    if not len(rated.first):
        raise DataError("no pair has two different ratings", file=path.name)
    return Split(
        name, gathered.venue(f"lrbench {name}"), tuple(pairs), tuple(keys), rated, tuple(r.values for r in rows), path
    )


def _rated(ratings: npt.NDArray[np.float64], anchors: Sequence[str]) -> Rated:
    difference = ratings[:, 0] - ratings[:, 1]
    counted = np.flatnonzero(difference)
    nothing = np.zeros(len(counted), dtype=np.bool_)
    return Rated(
        items=tuple((str(number), side) for number in range(len(ratings)) for side in _SIDES),
        first=2 * counted,
        second=2 * counted + 1,
        difference=difference[counted],
        easy=nothing,
        hard=nothing,
        clusters=tuple(anchors[int(number)] for number in counted),
        measures=("loss", "accuracy"),
    )


def read_predictions(folder: Path, split: Split) -> tuple[PairScores, ...]:
    """Read every system's predictions of a split in a folder.

    A file may leave pairs out; they are NaN, and comparisons are made on the pairs that both have.

    Raises:
        DataError: a file is of neither form, is of other pairs, or has other ratings.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        named = _PREDICTION_NAME.match(path.name)
        if named and named[2] == split.name:
            name = named[1] if named[3] is None else f"{named[1]} {named[3]}"
            found.append(PairScores(name, _read_scores(path, split), (path,)))
    return tuple(found)


def _read_scores(path: Path, split: Split) -> npt.NDArray[np.float64]:
    places: dict[tuple[str, str, str], list[int]] = {}
    for number, key in enumerate(split.keys):
        places.setdefault(key, []).append(number)
    scores = np.full(2 * len(split.pairs), np.nan)
    for row in _objects(path):
        key, said, ratings = _nested(row) if "anchor" in row.values else _flat(row)
        if not places.get(key):
            raise row.fault("anchor", f"the pair {' / '.join(key)} is not in {split.file.name}, or stands here twice")
        number = places[key].pop(0)
        truth = [split.objects[number][side]["score"] for side in _SIDES]
        if ratings != truth:
            raise row.fault("score", f"the ratings are {ratings}, those of {split.file.name} are {truth}")
        scores[2 * number : 2 * number + 2] = said
    return scores


def _nested(row: Row) -> tuple[tuple[str, str, str], list[float], list[float]]:
    anchor, sides = row.inner("anchor"), [row.inner(side) for side in _SIDES]
    key = (_id_of(anchor), _id_of(sides[0]), _id_of(sides[1]))
    return key, [side.number("pred_score") for side in sides], [side.number("score") for side in sides]


def _flat(row: Row) -> tuple[tuple[str, str, str], list[float], list[float]]:
    key = (row.text("anchor_id"), row.text("positive_id"), row.text("negative_id"))
    said = [row.number(f"{side}_score") for side in _SIDES]
    return key, said, [row.number(f"{side}_ref_score") for side in _SIDES]


# --- our own scores -------------------------------------------------------------------------------------------------


def score_split(
    split: Split, config: MatchConfig, encoder: TextEncoder, *, name: str, progress: Progress | None = None
) -> tuple[PairScores, EncoderInfo]:
    """Score a split with the product's own stages.

    Returns:
        Published scores of both sides of every pair, and what made the vectors.
    """
    profiles = build_profiles(split.venue, encoder, config, progress=progress)
    found = score(profiles, config, progress=progress)
    values = [found.value(*side) for pair in split.pairs for side in pair]
    return PairScores(name, np.array([np.nan if one is None else one for one in values])), profiles.encoder


def write_predictions(split: Split, systems: Sequence[PairScores], folder: Path) -> tuple[Path, ...]:
    """Write the file's own objects with a `pred_score` beside each `score`; a side without a score has none.

    Args:
        split: the file.
        systems: the first is written as `ours_<split>.json`, each other one under its name.
        folder: made where it is missing.

    Returns:
        The files.

    Raises:
        InputError: the folder cannot be written to.
    """
    texts = {}
    for number, system in enumerate(systems):
        rows = []
        for place, entry in enumerate(split.objects):
            added = {
                side: {**cast("Mapping[str, Any]", entry[side]), **_said(system.scores[2 * place + offset])}
                for offset, side in enumerate(_SIDES)
            }
            rows.append({**entry, **added})
        texts[f"{'ours' if not number else system.name}_{split.name}.json"] = rows
    return write_json_files(texts, folder)


def _said(value: float) -> dict[str, float]:
    return {} if np.isnan(value) else {"pred_score": float(value)}


# --- results --------------------------------------------------------------------------------------------------------


def rows_of_split(
    split: Split,
    ours: Sequence[PairScores],
    peers: Sequence[PairScores],
    *,
    rng: int,
    draws: int = 1000,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Every system's measures, ours with the paired difference to each other system.

    Args:
        split: the pairs.
        ours: scores made here; a pair that they do not order costs half.
        peers: read; a pair that a file leaves out is not measured.
        rng: seed of the bootstrap.
        draws: how often it draws.

    Returns:
        Rows, and what a reader must know.
    """
    rated = split.rated
    everything = np.ones(len(rated.first), dtype=np.bool_)
    covered = {one.name: ~np.isnan(one.scores[rated.first]) & ~np.isnan(one.scores[rated.second]) for one in peers} | {
        one.name: everything for one in ours
    }
    rows, notices = [], []
    for system in (*ours, *peers):
        mask = covered[system.name]
        if not mask.any():
            notices.append(f"{system.name}: no pair of {split.name} has a prediction")
            continue
        chosen = rated.some(mask)
        found = tally(chosen, system.scores, name=system.name)
        row = {
            "encoder": system.name,
            "split": split.name,
            "kind": "ours" if system in ours else "peer",
            "pairs": int(mask.sum()),
            **summarise_tally(chosen, found, rng=rng, draws=draws),
        }
        if system in ours:
            row["differences"] = [
                _compare(rated.some(covered[other.name]), system, other, rng=rng, draws=draws)
                for other in (*ours, *peers)
                if other is not system and covered[other.name].any()
            ]
            missing = int(np.isnan(system.scores).sum())
            if missing:
                sides = f"{missing} of {len(system.scores)} sides of {split.name}"
                notices.append(f"{system.name}: {sides} have no score; a pair costs half")
        elif not mask.all():
            notices.append(f"{system.name}: {int(mask.sum())} of {len(mask)} pairs of {split.name} have a prediction")
        rows.append(row)
    return rows, notices


def _compare(rated: Rated, system: PairScores, other: PairScores, *, rng: int, draws: int) -> dict[str, Any]:
    one, two = (tally(rated, each.scores, name=each.name) for each in (system, other))
    return compare_tallies(rated, one, two, rng=rng, draws=draws)
