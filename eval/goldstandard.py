"""The CMU gold standard: researchers rated their own expertise in papers that they had read.

Read in the layout of its public repository: `data/evaluations.csv` (tab-separated, one participant a line),
`evaluation_datasets/d_20_{i}/archives/~<participant>.jsonl` and `submissions.json`, and
`predictions/<algorithm>_d_20_{i}_<regime>.json`, `{participant: {paper: similarity}}`. The data sets differ in which
publications of a participant were drawn into the profile; a system's result is the mean over them. The repository also
holds full texts, `data/txts/<paper>.txt`, of papers that are freely available, and predictions of some data sets only:
the first are read when asked for, the second are named and left out.

Source: Stelmakh, Wieting, Neubig, Shah, A gold standard dataset for the reviewer assignment problem, 2023
(arXiv 2303.16750).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from eval.ratings import Rated, Tally, rated_pairs, scores_of, tally
from eval.rows import Row, read_json, rows_of, title_and_abstract, write_json_files
from matcher.config import MatchConfig
from matcher.encoders import TextEncoder
from matcher.errors import DataError, InputError
from matcher.ingest.fields import clean
from matcher.profiles import build_profiles
from matcher.records import (
    EncoderInfo,
    Paper,
    PaperId,
    Person,
    PersonId,
    Progress,
    Reviewer,
    ScoreMatrix,
    Submission,
    SubmissionId,
    Venue,
)
from matcher.scores import score

__all__ = ["Gold", "GoldSet", "Predictions", "read_gold", "read_predictions", "score_gold", "write_predictions"]

_MOST_RATED: Final = 10
"""Papers that a participant could rate: columns Paper1 to Paper10."""

_SET_NAME: Final = re.compile(r"d_20_(\d+)\Z", re.ASCII)
_PREDICTION_NAME: Final = re.compile(r"(.+)_(d_20_\d+)_([a-z]+)\.json\Z", re.ASCII)
_PLAIN_REGIME: Final = "ta"
"""Title and abstract: what a name without more means."""

_FULL_REGIME: Final = "f"
"""Full text, where there is one."""

_LAYOUT: Final = "give a folder with data/evaluations.csv and evaluation_datasets/d_20_1, as in the public repository"


@dataclass(frozen=True, slots=True)
class GoldSet:
    """One drawing of profiles: participants as reviewers, all rated papers as submissions."""

    name: str
    venue: Venue
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Gold:
    """The ratings and what systems may read.

    Args:
        ratings: by participant, by paper, as rated.
        rated: their pairs.
        sets: in the order of their numbers.
        files: everything that was read.
        full_texts: full texts among them, of rated papers and of publications.
    """

    ratings: Mapping[str, Mapping[str, float]]
    rated: Rated
    sets: tuple[GoldSet, ...]
    files: tuple[Path, ...]
    full_texts: int = 0


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a system said, by data set.

    Args:
        name: of the system, with its regime where that is not title and abstract.
        tables: by name of the data set: by participant, by paper.
        files: what was read; none for scores made here.
    """

    name: str
    tables: Mapping[str, Mapping[str, Mapping[str, float]]]
    files: tuple[Path, ...] = ()

    def missing(self, gold: Gold) -> tuple[str, ...]:
        """Names of the data sets of which nothing is said."""
        return tuple(one.name for one in gold.sets if one.name not in self.tables)

    def tally(self, gold: Gold) -> Tally:
        """Their order of the rated pairs.

        Raises:
            InputError: a data set is missing, or no rated pair has a score.
        """
        missing = self.missing(gold)
        if missing:
            raise InputError(f"the predictions of '{self.name}' lack {', '.join(missing)}")
        scores = np.array([scores_of(gold.rated, self.tables[one.name]) for one in gold.sets])
        if np.isnan(scores).all():
            raise InputError(f"the predictions of '{self.name}' are of no participant and paper that was rated")
        return tally(gold.rated, scores, name=self.name)


# --- reading --------------------------------------------------------------------------------------------------------


def read_gold(folder: Path, *, full_text: bool = False) -> Gold:
    """Read a clone of the public repository, or a folder laid out like it.

    Args:
        folder: the top folder.
        full_text: whether to read `data/txts/<paper>.txt` too; a paper without one has title and abstract.

    Raises:
        DataError: a file is missing or not as described above.
    """
    ratings_file = folder / "data" / "evaluations.csv"
    if not ratings_file.is_file():
        raise DataError("there is no data/evaluations.csv", file=str(folder), remedy=_LAYOUT)
    ratings = _read_ratings(ratings_file)
    named = folder / "evaluation_datasets"
    numbered = sorted(
        (int(found[1]), path)
        for path in (named.iterdir() if named.is_dir() else ())
        if (found := _SET_NAME.match(path.name))
    )
    if not numbered:
        raise DataError("there is no evaluation_datasets/d_20_1", file=str(folder), remedy=_LAYOUT)
    texts = _find_texts(folder / "data" / "txts") if full_text else {}
    sets = tuple(_read_set(path, ratings, texts) for _, path in numbered)
    used = {key for one in sets for key in (*one.venue.paper_by_id, *one.venue.submission_by_id) if key in texts}
    files = (ratings_file, *(file for one in sets for file in one.files), *(texts[key] for key in sorted(used)))
    return Gold(ratings, rated_pairs(ratings), sets, files, len(used))


def _find_texts(folder: Path) -> dict[str, Path]:
    found = {path.stem: path for path in sorted(folder.glob("*.txt"))}
    if not found:
        raise DataError("there is no full text", file=str(folder), remedy="a clone holds data/txts/<paper>.txt")
    return found


def _full_text(texts: Mapping[str, Path], key: str) -> str:
    """What was taken out of a PDF, whatever bytes it left there."""
    return clean(texts[key].read_text(encoding="utf-8", errors="replace")) if key in texts else ""


def _read_ratings(path: Path) -> dict[str, dict[str, float]]:
    ratings: dict[str, dict[str, float]] = {}
    name = f"{path.parent.name}/{path.name}"
    with path.open(encoding="utf-8", newline="") as stream:
        for line, raw in enumerate(csv.DictReader(stream, delimiter="\t"), start=2):
            row = Row(name, line, raw)
            who = row.text("ParticipantID")
            if who in ratings:
                raise row.fault("ParticipantID", f"'{who}' has a line already")
            ratings[who] = {}
            for number in range(1, _MOST_RATED + 1):
                paper = row.text(f"Paper{number}", is_required=False).strip()
                if paper in ratings[who]:
                    raise row.fault(f"Paper{number}", f"'{paper}' is rated twice")
                if paper:
                    ratings[who][paper] = _rating(row, f"Expertise{number}")
    return ratings


def _rating(row: Row, field: str) -> float:
    text = row.text(field, is_required=False)
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 1 <= value <= 5:
        raise row.fault(field, f"allowed is a rating from 1 to 5; got {text!r}")
    return value


def _read_set(folder: Path, ratings: Mapping[str, Mapping[str, float]], texts: Mapping[str, Path]) -> GoldSet:
    submissions_file = folder / "submissions.json"
    entries = Row(f"{folder.name}/submissions.json", 0, {"submissions": read_json(submissions_file)}).inner(
        "submissions"
    )
    wanted = {paper for rated in ratings.values() for paper in rated}
    submissions = []
    for key in sorted(entries.values):
        title, abstract = title_and_abstract(entries.inner(key).inner("content"))
        full = _full_text(texts, key)
        submissions.append(Submission(id=SubmissionId(key), title=title, abstract=abstract, full_text=full))
    absent = sorted(wanted - set(entries.values))
    if absent:
        raise DataError(f"{len(absent)} rated papers are not there, the first is '{absent[0]}'", file=entries.file)
    papers: dict[PaperId, Paper] = {}
    people, reviewers, files = [], [], [submissions_file]
    for who in ratings:
        archive = folder / "archives" / f"~{who}.jsonl"
        if not archive.is_file():
            raise DataError(f"participant '{who}' has no archive", file=f"{folder.name}/archives/~{who}.jsonl")
        owned = tuple(_add(papers, row, who, texts) for row in rows_of(archive))
        people.append(Person(id=PersonId(who), names=(who,)))
        reviewers.append(Reviewer(person_id=PersonId(who), paper_ids=tuple(dict.fromkeys(owned))))
        files.append(archive)
    venue = Venue.of(
        name=folder.name, papers=papers.values(), people=people, reviewers=reviewers, submissions=submissions
    )
    return GoldSet(folder.name, venue, tuple(files))


def _add(papers: dict[PaperId, Paper], row: Row, who: str, texts: Mapping[str, Path]) -> PaperId:
    """The id of a publication; one id with two texts is two papers, because an archive is what a system may read."""
    title, abstract = title_and_abstract(row.inner("content"))
    key = PaperId(row.text("id"))
    full = _full_text(texts, key)
    if key in papers and (papers[key].title, papers[key].abstract) != (title, abstract):
        key = PaperId(f"{who}:{key}")
    papers[key] = Paper(id=key, title=title, abstract=abstract, full_text=full)
    return key


def read_predictions(folder: Path) -> tuple[Predictions, ...]:
    """Read every system's predictions in a folder: files `<system>_d_20_{i}_<regime>.json`.

    Returns:
        Systems by name; none where the folder is missing or holds no such file.

    Raises:
        DataError: a file is not `{participant: {paper: number}}`.
    """
    tables: dict[str, dict[str, Mapping[str, Mapping[str, float]]]] = {}
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.json")):
        found = _PREDICTION_NAME.match(path.name)
        if found:
            name = found[1] if found[3] == _PLAIN_REGIME else f"{found[1]} ({found[3]})"
            tables.setdefault(name, {})[found[2]] = _read_table(path)
            files.setdefault(name, []).append(path)
    return tuple(Predictions(name, tables[name], tuple(files[name])) for name in tables)


def _read_table(path: Path) -> dict[str, dict[str, float]]:
    row = Row(path.name, 0, {"predictions": read_json(path)}).inner("predictions")
    table: dict[str, dict[str, float]] = {}
    for who in row.values:
        inner = row.inner(who)
        table[who.removeprefix("~")] = {paper: inner.number(paper) for paper in inner.values}
    return table


# --- our own scores -------------------------------------------------------------------------------------------------


def score_gold(
    gold: Gold, config: MatchConfig, encoder: TextEncoder, *, name: str, progress: Progress | None = None
) -> tuple[Predictions, EncoderInfo]:
    """Score every data set with the product's own stages.

    Args:
        gold: the sets.
        config: how vectors become scores.
        encoder: makes the vectors.
        name: under which the result is listed.
        progress: called by the stages.

    Returns:
        Published scores of all participants and papers, and what made the vectors of the first data set (an encoder
        that learns from its input makes others for each).
    """
    tables = {}
    infos = []
    for one in gold.sets:
        profiles = build_profiles(one.venue, encoder, config, progress=progress)
        tables[one.name] = table_of(score(profiles, config, progress=progress))
        infos.append(profiles.encoder)
    return Predictions(name, tables), infos[0]


def table_of(scores: ScoreMatrix) -> dict[str, dict[str, float]]:
    """Published scores by reviewer and submission; a pair that is not scored has no entry."""
    values = scores.values
    return {
        who: {
            paper: float(values[row, column])
            for row, paper in enumerate(scores.submissions)
            if not np.isnan(values[row, column])
        }
        for column, who in enumerate(scores.reviewers)
    }


def write_predictions(systems: Sequence[Predictions], folder: Path, *, full_text: bool = False) -> tuple[Path, ...]:
    """Write scores in the repository's own form, so that anybody's scorer can read them.

    Args:
        systems: the first is written as `ours_d_20_{i}_ta.json`, each other one under its name.
        folder: made where it is missing.
        full_text: whether full texts were read; then the names end in `_f.json`.

    Returns:
        The files.

    Raises:
        InputError: the folder cannot be written to.
    """
    regime = _FULL_REGIME if full_text else _PLAIN_REGIME
    texts: dict[str, Any] = {
        f"{'ours' if not number else one.name}_{name}_{regime}.json": table
        for number, one in enumerate(systems)
        for name, table in one.tables.items()
    }
    return write_json_files(texts, folder)
