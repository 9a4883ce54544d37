"""What does each choice of the score bring? One setting is changed at a time, and every data set is measured again.

Variants come from the configuration itself: each setting of the section `expertise` with a list of choices takes every
other choice, each number is set to 0, halved and doubled where its bounds allow. Or a TOML file names them::

    [best-five]
    top_k = 5

    [lexical]
    encoder = "tfidf"
    aggregation = "max"
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from eval.bootstrap import detectable, ratio_difference, ratio_interval, verdict
from eval.curation import TOP, attack
from eval.datasets import is_retrieval_folder, read_retrieval_sets
from eval.goldstandard import read_gold, score_gold
from eval.lrbench import SPLITS, read_splits, score_split
from eval.profile_length import assign_venue, loads_by_band
from eval.ratings import tally
from eval.retrieval import ALL, WITHOUT_SHARED, evaluate, part_authors
from matcher.config import MatchConfig, settings
from matcher.encoders import TextEncoder
from matcher.errors import ConfigError, InputError
from matcher.ingest import read_venue
from matcher.records import EncoderInfo

__all__ = ["BASE", "Measurement", "Variant", "built_in_variants", "compare_variants", "measurers", "read_variants"]

BASE: Final = "default"

_NO_SCORE: Final = frozenset(
    {
        "background",
        "device",
        "full_text_share",
        "max_tokens",
        "min_score",
        "model",
        "pooling",
        "precision",
        "prompt",
        "separator",
        "source_weights",
        "submission_prompt",
        "unscored",
    }
)
"""Settings that change no score, or change the model: these are compared as encoders, by name or file. Full texts and
sources are in few sets: a file of variants names what is to be tried."""

_WHEN_OFF: Final[Mapping[str, tuple[Any, ...]]] = {
    "recency_half_life": (20.0, 10.0, 5.0, 2.5),
    "area_weight": (0.5, 1.0),
    "keywords": (True,),
}
"""What is tried of settings that are off."""


_REVIEWS: Final = 3
_MAX_LOAD: Final = 4
"""Demand and loads of a venue, where it says nothing: those of `profile-length`."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A configuration, and what it changes."""

    name: str
    config: MatchConfig


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number on one data set, with what a paired comparison needs.

    Args:
        data: name of the set.
        measure: name of the number.
        higher_is_better: its direction.
        parts: (N,) whose sum is taken.
        wholes: (N,) by whose sum it is divided.
        clusters: (N,) what is drawn; empty where nothing can be drawn, as for one assignment.
        info: what made the vectors.
    """

    data: str
    measure: str
    higher_is_better: bool
    parts: npt.NDArray[np.float64]
    wholes: npt.NDArray[np.float64]
    clusters: tuple[str, ...]
    info: EncoderInfo


Measurer = Callable[[MatchConfig, TextEncoder], list[Measurement]]
"""Measures one data set under a configuration."""


# --- variants -------------------------------------------------------------------------------------------------------


def built_in_variants(base: MatchConfig) -> tuple[Variant, ...]:
    """One setting of the score changed at a time, in the order of the settings."""
    found = []
    for setting in settings():
        if setting.section != "expertise" or setting.name in _NO_SCORE:
            continue
        own = getattr(base, setting.name)
        tried = () if own else _WHEN_OFF.get(setting.name, ())
        for value in tried or _others(own, setting.choices, setting.low, setting.high):
            config = replace(base, **{setting.name: value})
            found.append(Variant(f"{setting.name} = {setting.to_plain(value)}", config))
    return tuple(found)


def _others(own: Any, choices: Sequence[str], low: float | None, high: float | None) -> list[Any]:
    if choices:
        return [choice for choice in choices if choice != own]
    if isinstance(own, int | float) and not isinstance(own, bool):
        near = [type(own)(0), type(own)(own / 2), type(own)(own * 2)] if own else []
        return [
            value
            for value in dict.fromkeys(near)
            if value != own and (low is None or value >= low) and (high is None or value <= high)
        ]
    return []


def read_variants(path: Path, base: MatchConfig) -> tuple[Variant, ...]:
    """Variants that a TOML file names: one table each, with settings of the section `expertise`.

    Raises:
        ConfigError: the file is no TOML, or a table holds a setting or a value that is not allowed.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"the variants cannot be read: {error}", file=str(path)) from None
    found = []
    for name, table in tables.items():
        if not isinstance(table, Mapping):
            raise ConfigError("allowed are tables, one for each variant, such as [best-five]", key=name, file=str(path))
        if name == BASE:
            raise ConfigError(f"'{BASE}' is what variants are compared with; give it another name", file=str(path))
        sections = {**base.to_plain()["expertise"], **table}
        try:
            found.append(Variant(name, MatchConfig.from_plain({"expertise": sections})))
        except ConfigError as error:
            raise ConfigError(error.message, key=f"{name}: {error.key}", file=str(path)) from None
    if not found:
        raise ConfigError("there is no variant", file=str(path))
    return tuple(found)


# --- measuring ------------------------------------------------------------------------------------------------------


def measurers(folder: Path, *, cases: int) -> tuple[tuple[Path, ...], Measurer]:
    """How a folder is measured, by what lies in it.

    Args:
        folder: a gold standard, LR-Bench, retrieval sets, or else a venue.
        cases: most cases of the curation attack on a venue.

    Returns:
        The files that are read, and the measurer.

    Raises:
        DataError: the folder is not as it should be.
    """
    if (folder / "data" / "evaluations.csv").is_file():
        return _of_gold(folder)
    if any((folder / "data" / f"evaluations_{name}.json").is_file() for name in SPLITS):
        return _of_lrbench(folder)
    if is_retrieval_folder(folder):
        return _of_retrieval(folder)
    return _of_venue(folder, cases=cases)


def _of_gold(folder: Path) -> tuple[tuple[Path, ...], Measurer]:
    gold = read_gold(folder)

    def measure(config: MatchConfig, encoder: TextEncoder) -> list[Measurement]:
        said, info = score_gold(gold, config, encoder, name="")
        found = said.tally(gold)
        return [
            Measurement(
                "goldstandard",
                name,
                name != "loss",
                found.parts[name],
                gold.rated.wholes(name),
                gold.rated.clusters,
                info,
            )
            for name in gold.rated.measures
            if gold.rated.wholes(name).any()
        ]

    return gold.files, measure


def _of_lrbench(folder: Path) -> tuple[tuple[Path, ...], Measurer]:
    splits = read_splits(folder)

    def measure(config: MatchConfig, encoder: TextEncoder) -> list[Measurement]:
        found = []
        for split in splits:
            rated = split.rated
            said, info = score_split(split, config, encoder, name="")
            parts = tally(rated, said.scores, name="").parts
            found += [
                Measurement(
                    f"lrbench {split.name}", name, name != "loss", parts[name], rated.wholes(name), rated.clusters, info
                )
                for name in rated.measures
            ]
        return found

    return tuple(split.file for split in splits), measure


def _of_retrieval(folder: Path) -> tuple[tuple[Path, ...], Measurer]:
    sets = [(one, part_authors(one)) for one in read_retrieval_sets(folder)]

    def measure(config: MatchConfig, encoder: TextEncoder) -> list[Measurement]:
        found = []
        for one, parted in sets:
            ways = evaluate(one, config, encoder, name="", parted=parted)
            named = {"mrr": ways[ALL], "mrr without shared": ways[WITHOUT_SHARED]}
            found += [
                Measurement(one.name, name, True, way.values["mrr"], np.ones(len(way.queries)), way.queries, way.info)
                for name, way in named.items()
            ]
        return found

    return tuple(file for one, _ in sets for file in one.files), measure


def _of_venue(folder: Path, *, cases: int) -> tuple[tuple[Path, ...], Measurer]:
    venue = read_venue(folder).venue
    files = tuple(path for path in sorted(folder.iterdir()) if path.is_file())

    def measure(config: MatchConfig, encoder: TextEncoder) -> list[Measurement]:
        loaded = assign_venue(venue, replace(config, reviews_per_submission=_REVIEWS, max_load=_MAX_LOAD), encoder)
        bands = loads_by_band(loaded.reviewers, loaded.sizes, loaded.loads, rng=0, draws=1)
        ratios = [row["ratio"] for row in bands if row["ratio"] is not None]
        found = [
            Measurement(venue.name, name, is_better, np.array([value]), np.ones(1), (), loaded.info)
            for name, is_better, value in (
                ("least load ratio", True, min(ratios, default=1.0)),
                ("largest load ratio", False, max(ratios, default=1.0)),
            )
        ]
        if cases:
            attacked = attack(venue, config, encoder, most=cases)
            who = tuple(case.reviewer for case in attacked.cases)
            found += [
                Measurement(
                    venue.name, name, False, (ranks <= TOP).astype(np.float64), np.ones(len(who)), who, loaded.info
                )
                for name, ranks in (
                    ("kept one, in top 10", attacked.after[1]),
                    ("kept any, in top 10", attacked.best()),
                )
            ]
        return found

    return files, measure


def compare_variants(
    name: str, found: Sequence[Measurement], base: Sequence[Measurement] | None, *, rng: int, draws: int = 1000
) -> list[dict[str, Any]]:
    """One row for each number of a variant, with its paired difference to the base.

    Args:
        name: of the variant.
        found: its numbers.
        base: the same numbers of the base; `None` for the base itself.
        rng: seed of the bootstrap.
        draws: how often it draws.

    Returns:
        `variant`, `data`, `measure`, `value`, `interval` where something can be drawn, and `difference` with `to`,
        `value` [difference, low, high], `verdict` and `detectable` where both were measured on the same things.

    Raises:
        InputError: the numbers are of other data.
    """
    rows = []
    for place, one in enumerate(found):
        point = float(one.parts.sum() / one.wholes.sum())
        row: dict[str, Any] = {"variant": name, "data": one.data, "measure": one.measure, "value": point}
        if one.clusters:
            ends = ratio_interval(one.parts, one.wholes, one.clusters, rng=rng, draws=draws).ends()
            row["interval"] = {"value": ends}
        if base is not None:
            other = base[place]
            if (other.data, other.measure) != (one.data, one.measure):
                raise InputError("only measurements on the same data can be compared")
            row["difference"] = _difference(one, other, point, rng=rng, draws=draws)
        rows.append(row)
    return rows


def _difference(one: Measurement, other: Measurement, point: float, *, rng: int, draws: int) -> dict[str, Any]:
    """Paired where both drew the same things; else the plain difference, of which nothing can be said."""
    if not one.clusters or one.clusters != other.clusters:
        return {"to": BASE, "value": [point - float(other.parts.sum() / other.wholes.sum())]}
    found = ratio_difference(one.parts, other.parts, one.wholes, one.clusters, rng=rng, draws=draws)
    return {
        "to": BASE,
        "value": [found.point, *found.ends()],
        "verdict": {"value": verdict(found, higher_is_better=one.higher_is_better)},
        "detectable": {"value": detectable(found)},
    }
