"""How well people are told apart and brought together: pairs of mentions with known identity.

A pair is `same` or not, by ids that the program does not see. Every rule of the peers that section gives is written
here afresh, in a few lines, and runs on the same pairs.

Labels are strong where ids of one careful source say it (or two ids stand on one paper), weak where the source is
known to split one person over two ids; both are reported, apart and together.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from eval.bootstrap import mean_interval
from matcher.errors import InputError
from matcher.identity import normalise_name
from matcher.identity.model import Sighting, Standing, judge, settings, title_words
from matcher.institutions import stays
from matcher.records import Affiliation

__all__ = [
    "RULES",
    "LabelledPair",
    "Measured",
    "calibration_error",
    "file_of_pairs",
    "measure",
    "read_pairs",
    "risk_by_coverage",
    "summarise",
    "thresholds",
]

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_BINS: Final = 10
_COVERAGES: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Two mentions and whether they are one person.

    Args:
        one: the first.
        other: the second.
        is_same: by the ids that are hidden from the program.
        strength: `strong` or `weak`, how far the label is to be trusted.
        family: pairs with a name or an id in common have the same one; they are drawn together.
    """

    one: Sighting
    other: Sighting
    is_same: bool
    strength: str
    family: str


def read_pairs(path: Path) -> list[LabelledPair]:
    """Read labelled pairs: JSON lines with `same`, `source`, `a`, `b`, and `quality` where two are different people.

    Args:
        path: a `.jsonl` or `.jsonl.gz` file, or a folder with one whose rows have these fields.

    Raises:
        InputError: there is no such file, or a row lacks a field.
    """
    file = file_of_pairs(path)
    packed = file.read_bytes()
    text = (gzip.decompress(packed) if file.suffix == ".gz" else packed).decode("utf-8")
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            found.append(_pair(json.loads(line)))
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(
                f"{file.name}:{number}: a pair needs same, source, a and b, and a and b need name, title, venue, year "
                f"and coauthors; got {error!r}"
            ) from None
    if not found:
        raise InputError(f"{file}: there is no pair in it")
    return found


def file_of_pairs(path: Path) -> Path:
    """The file of pairs that a path means: itself, or the one in a folder."""
    if path.is_dir():
        for name in ("dev.jsonl.gz", "dev.jsonl", "pairs.jsonl.gz", "pairs.jsonl"):
            if (path / name).is_file():
                return path / name
    if not path.is_file():
        raise InputError(
            f"{path}: there is no file of pairs; give one, or a folder with dev.jsonl or pairs.jsonl (.gz)"
        )
    return path


def _pair(row: Mapping[str, Any]) -> LabelledPair:
    is_strong = row["quality"] == "strong" if "quality" in row else row["source"] == "openreview"
    names = sorted(normalise_name(str(row[side]["name"])).rpartition(" ")[2] for side in ("a", "b"))
    return LabelledPair(
        one=_sighting(row["a"]),
        other=_sighting(row["b"]),
        is_same=bool(row["same"]),
        strength="strong" if is_strong else "weak",
        family=names[0],
    )


def _sighting(mention: Mapping[str, Any]) -> Sighting:
    domain = mention.get("domain")
    return Sighting(
        name=mention["name"],
        coauthors=frozenset(filter(None, map(normalise_name, mention["coauthors"]))),
        words=title_words(mention["title"]),
        venues=frozenset((mention["venue"],)),
        years=(int(mention["year"]),),
        institutions=frozenset(key for stay in stays((Affiliation(domain=domain),)) for key in stay.keys),
    )


# --- rules of the peers ---------------------------------------------------------------------------------------------


def _ratio_85(pair: LabelledPair) -> bool:
    return _ratio(pair.one.name, pair.other.name) >= 85


def _ratio(one: str, other: str) -> float:
    """Letters kept when one text is turned into the other by insertions and deletions, in per cent of both."""
    row = [0] * (len(other) + 1)
    for letter in one:
        before = 0
        for place, another in enumerate(other, start=1):
            before, row[place] = row[place], before + 1 if letter == another else max(row[place], row[place - 1])
    total = len(one) + len(other)
    return 200 * row[-1] / total if total else 100.0


def _last_and_first(name: str) -> tuple[str, tuple[str, ...]]:
    parts = normalise_name(name).split()
    return (parts[-1], tuple(parts[:-1])) if parts else ("", ())


def _last_and_token(pair: LabelledPair) -> bool:
    """The family name, and a given name in common or one that fits an initial."""
    (family, given), (other_family, other_given) = map(_last_and_first, (pair.one.name, pair.other.name))
    if family != other_family:
        return False
    return any(
        one == other or (1 in (len(one), len(other)) and one[0] == other[0]) for one in given for other in other_given
    )


def _initial_and_last(pair: LabelledPair) -> bool:
    (family, given), (other_family, other_given) = map(_last_and_first, (pair.one.name, pair.other.name))
    return family == other_family and [part[0] for part in given[:1]] == [part[0] for part in other_given[:1]]


def _initial_and_context(pair: LabelledPair) -> bool:
    shared = pair.one.coauthors & pair.other.coauthors or pair.one.institutions & pair.other.institutions
    return bool(shared) and _initial_and_last(pair)


RULES: Final[Mapping[str, Callable[[LabelledPair], bool]]] = {
    "exact string": lambda pair: pair.one.name == pair.other.name,
    "normalised name": lambda pair: normalise_name(pair.one.name) == normalise_name(pair.other.name),
    "string similarity of 85": _ratio_85,
    "family name and given name or initial": _last_and_token,
    "initial and family name": _initial_and_last,
    "initial and family name, shared coauthor or domain": _initial_and_context,
}
"""What other systems do with two names."""


# --- measuring ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measured:
    """What the model and the rules say of labelled pairs.

    Args:
        same: (N,) the labels.
        chances: (N,) probability that the two are one person.
        merged: (N,) verdict merge.
        asked: (N,) verdict ask.
        strengths: (N,) strength of each label.
        families: (N,) what is drawn together.
        rules: (N,) what each rule of the peers says, by its name.
    """

    same: Flags
    chances: Numbers
    merged: Flags
    asked: Flags
    strengths: Sequence[str]
    families: Sequence[str]
    rules: Mapping[str, Flags]


def measure(pairs: Sequence[LabelledPair]) -> Measured:
    """Judge every pair, by the model and by every rule."""
    found = [judge(pair.one, pair.other) for pair in pairs]
    return Measured(
        same=np.array([pair.is_same for pair in pairs]),
        chances=np.array([one.probability for one in found]),
        merged=np.array([one.standing is Standing.MERGE for one in found]),
        asked=np.array([one.standing is Standing.ASK for one in found]),
        strengths=[pair.strength for pair in pairs],
        families=[pair.family for pair in pairs],
        rules={name: np.array([rule(pair) for pair in pairs]) for name, rule in RULES.items()},
    )


def summarise(measured: Measured, *, rng: int, draws: int = 1000) -> list[dict[str, Any]]:
    """One row for the model and for each rule, over all labels and over those of each strength.

    `precision` is of what is merged, `recall` of what is merged or asked about, `merged` the recall without asking,
    `asked` the share of all pairs that go to a person, `calibration` the mean distance between probability and share
    in ten bins of equal width (Naeini, Cooper and Hauskrecht, AAAI 2015).
    """
    rows = []
    for labels in ("all", "strong", "weak"):
        chosen = np.array([labels in ("all", strength) for strength in measured.strengths])
        if not chosen.any():
            continue
        rows.append(_row("this project", labels, measured, measured.merged, measured.asked, chosen, rng, draws))
        none = np.zeros(len(chosen), dtype=np.bool_)
        rows += [_row(name, labels, measured, says, none, chosen, rng, draws) for name, says in measured.rules.items()]
    return rows


def _row(
    name: str,
    labels: str,
    measured: Measured,
    merged: Flags,
    asked: Flags,
    chosen: Flags,
    rng: int,
    draws: int,
) -> dict[str, Any]:
    same = measured.same
    parts = {
        "precision": (same, chosen & merged),
        "recall": (merged | asked, chosen & same),
        "merged": (merged, chosen & same),
        "asked": (asked, chosen),
    }
    row: dict[str, Any] = {"rule": name, "labels": labels, "pairs": int(chosen.sum())}
    intervals: dict[str, tuple[float, float]] = {}
    for measure_name, (values, among) in parts.items():
        if not among.any():
            row[measure_name] = None
            continue
        families = [family for family, is_in in zip(measured.families, among, strict=True) if is_in]
        interval = mean_interval(values[among].astype(np.float64), families, rng=rng, draws=draws)
        row[measure_name], intervals[measure_name] = interval.point, (interval.low, interval.high)
    is_model = merged is measured.merged
    row["calibration"] = calibration_error(measured.chances[chosen], same[chosen]) if is_model else None
    row["interval"] = intervals
    return row


def calibration_error(chances: Numbers, same: Flags) -> float:
    """Mean distance between the probability and the share of true cases, over ten bins of equal width."""
    bins = np.minimum((chances * _BINS).astype(np.int64), _BINS - 1)
    error = 0.0
    for one in range(_BINS):
        inside = bins == one
        if inside.any():
            error += float(inside.mean()) * abs(float(chances[inside].mean()) - float(same[inside].mean()))
    return error


def risk_by_coverage(measured: Measured) -> list[dict[str, Any]]:
    """How often the model is wrong where it decides, when it decides only the share of pairs it is surest of."""
    sureness = np.maximum(measured.chances, 1 - measured.chances)
    order = np.argsort(-sureness, kind="stable")
    wrong = (measured.chances >= 0.5) != measured.same
    rows = []
    for coverage in _COVERAGES:
        decided = order[: round(coverage * len(order))]
        least = float(sureness[decided].min()) if len(decided) else None
        risk = float(wrong[decided].mean()) if len(decided) else None
        rows.append({"decided": coverage, "pairs": len(decided), "wrong": risk, "least_sureness": least})
    return rows


def thresholds() -> Mapping[str, float]:
    """The probabilities from which on the model merges and asks."""
    found: Mapping[str, float] = settings()["thresholds"]
    return found
