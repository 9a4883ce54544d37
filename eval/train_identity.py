"""Train the weights of `matcher.identity`: counts of names and words, then a logistic model, from texts that are free.

No labelled pairs of people are needed, and none of those that the measurement uses are read:

1. Counts. How many authors carry each given name, family name and initial, and how many titles have each word.
2. Context. Two mentions of one rare full name (`_RARE_NAME` carriers expected) are taken to be one person, two
   mentions with the same family name and clearly different given names to be two. A logistic regression on coauthors,
   titles, venue and years learns from them what context says, whatever the names say.
3. Names. Pairs of every kind of likeness are drawn. Whether such a pair is one person is not known; it shows in how
   often their contexts agree. Expectation and maximisation over that finds the log odds of a kind, by how many people
   carry such a name. The name variants that the ACL Anthology lists by hand are certain pairs, and stand beside them.

What no open text tells (mail domains) is assumed, and listed as such in the weights.

Source: Dempster, Laird and Rubin, Maximum likelihood from incomplete data via the EM algorithm, JRSS B 39(1), 1977;
Winkler, Using the EM algorithm for weight computation in the Fellegi-Sunter model of record linkage, ASA 1988.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from matcher.identity import model
from matcher.identity.compare import KINDS, compare_names
from matcher.identity.model import Sighting, title_words
from matcher.identity.names import Spelling, is_full_name, normalise_name

__all__ = ["ASSUMED", "THRESHOLDS", "OpenPaper", "count_names", "read_open_papers", "train", "write_trained"]

ASSUMED: Final[Mapping[str, float]] = {
    "coauthor_initial": 2.0,
    "more_coauthors": 1.0,
    "same_domain": 4.0,
    "other_domain": -0.8,
    "years_apart": -0.05,
    "name_contradiction": -12.0,
    "name_none": -20.0,
}
"""What open texts do not tell, or tell wrongly.

No surroundings make one person of two names that contradict each other or have nothing in common. Mail domains and
initials of coauthors hardly stand in open texts. That each doubling of the shared coauthors adds nothing, as the fit
would have it, is an effect of step 2: the two with one family name are at times in one group, and share many coauthors.
"""
THRESHOLDS: Final[Mapping[str, float]] = {"merge": 0.98, "ask": 0.02}
"""Two wrong of a hundred merged at most, and of a hundred left apart, as far as the probabilities are right."""
_RARE_NAME: Final = 0.02
_FEWEST_PEOPLE: Final = 5
_FEWEST_TITLES: Final = 20
_SOURCES: Final = (
    "From arXiv metadata (CC0 1.0) and ACL Anthology metadata (CC BY 4.0, https://aclanthology.org), with the "
    "Anthology's list of name variants (Apache-2.0) for the weights."
)
_PAIRS: Final = 8_000
_ROUNDS: Final = 15
_DIGITS: Final = 3


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


@dataclass(frozen=True, slots=True)
class OpenPaper:
    """One paper of the training texts."""

    title: str
    authors: tuple[str, ...]
    venue: str
    year: int | None


def read_open_papers(folder: Path) -> list[OpenPaper]:
    """Every paper of the `.jsonl.gz` files of a folder with title and authors."""
    found = []
    for path in sorted(folder.glob("*.jsonl*")):
        for row in _rows(path):
            venue = (row.get("categories") or [f"acl {str(row['id'])[0]}"])[0]
            found.append(OpenPaper(row["title"], tuple(row["authors"]), venue, row.get("year")))
    return found


def count_names(papers: Sequence[OpenPaper]) -> dict[str, Any]:
    """How many people carry each part of a name, and how many titles have each word; small counts are left out."""
    names = {normalise_name(name) for paper in papers for name in paper.authors}
    given: Counter[str] = Counter()
    family: Counter[str] = Counter()
    initials: Counter[str] = Counter()
    people = 0
    for name in sorted(names):
        parts = Spelling.of(name).parts
        if len(parts) < 2 or not is_full_name(name):
            continue
        people += 1
        given["".join(parts[:-1])] += 1
        if len(parts) > 2:
            given[parts[0]] += 1
        family[parts[-1]] += 1
        initials[parts[0][0]] += 1
    words = Counter(word for paper in papers for word in title_words(paper.title))
    family_initials: Counter[str] = Counter()
    for name, count in family.items():
        family_initials[name[0]] += count

    def kept(counts: Counter[str], fewest: int) -> dict[str, int]:
        return {key: count for key, count in sorted(counts.items()) if count >= fewest}

    return {
        "people": people,
        "titles": len(papers),
        "rare": 1.0,
        "rare_word": _FEWEST_TITLES / 2,
        "given": kept(given, _FEWEST_PEOPLE),
        "family": kept(family, _FEWEST_PEOPLE),
        "initials": kept(initials, _FEWEST_PEOPLE),
        "family_initials": kept(family_initials, _FEWEST_PEOPLE),
        "words": kept(words, _FEWEST_TITLES),
    }


# --- pairs ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Corpus:
    """Every mention of every paper, and the names by which they are found."""

    papers: Sequence[OpenPaper]
    names: Sequence[tuple[str, ...]]
    places: Mapping[str, tuple[tuple[int, int], ...]]

    @classmethod
    def of(cls, papers: Sequence[OpenPaper]) -> _Corpus:
        normal = lru_cache(maxsize=None)(normalise_name)
        names = [tuple(map(normal, paper.authors)) for paper in papers]
        places: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, byline in enumerate(names):
            for position, name in enumerate(byline):
                places[name].append((number, position))
        return cls(papers, names, {name: tuple(found) for name, found in sorted(places.items()) if " " in name})

    def sighting(self, place: tuple[int, int]) -> Sighting:
        number, position = place
        paper = self.papers[number]
        names = self.names[number]
        return Sighting(
            name=paper.authors[position],
            coauthors=frozenset(name for other, name in enumerate(names) if other != position and name),
            words=title_words(paper.title),
            venues=frozenset((paper.venue,)),
            years=() if paper.year is None else (paper.year,),
            papers=frozenset((str(number),)),
        )

    def draw(self, one: str, other: str, rng: np.random.Generator) -> tuple[Sighting, Sighting] | None:
        """One mention of each name, on different papers; `None` where chance finds none."""
        first, second = self.places[one], self.places[other]
        mine = first[rng.integers(len(first))]
        theirs = second[rng.integers(len(second))]
        return None if mine[0] == theirs[0] else (self.sighting(mine), self.sighting(theirs))


Pair = tuple[Sighting, Sighting]


def _same_name_pairs(corpus: _Corpus, rng: np.random.Generator, *, rarest: bool) -> list[Pair]:
    """Pairs of mentions of one full name, one pair for each name."""
    names = [
        name
        for name, places in corpus.places.items()
        if len(places) > 1 and is_full_name(name) and (not rarest or model.carriers_of(Spelling.of(name)) < _RARE_NAME)
    ]
    return _drawn(corpus, [(name, name) for name in names], rng)


def _drawn(corpus: _Corpus, names: Sequence[tuple[str, str]], rng: np.random.Generator) -> list[Pair]:
    order = rng.permutation(len(names))[: _PAIRS * 2]
    drawn = (corpus.draw(names[place][0], names[place][1], rng) for place in order)
    return [pair for pair in drawn if pair is not None][:_PAIRS]


def _pairs_by_kind(corpus: _Corpus, rng: np.random.Generator) -> dict[str, list[tuple[str, str]]]:
    """Pairs of different names that stand in one block, by kind of likeness."""
    blocks: dict[str, list[str]] = defaultdict(list)
    for name in corpus.places:
        parts = Spelling.of(name).parts
        if len(parts) < 2:
            continue
        for key in _blocks(parts):
            blocks[key].append(name)
    found: dict[str, dict[tuple[str, str], None]] = {kind: {} for kind in KINDS}
    for key in sorted(blocks):
        names = blocks[key]
        if len(names) > _BLOCK:
            names = [names[place] for place in sorted(rng.permutation(len(names))[:_BLOCK])]
        for place, one in enumerate(names):
            for other in names[place + 1 :]:
                kind = compare_names(Spelling.of(one), Spelling.of(other)).kind
                found[kind][one, other] = None
    return {kind: list(pairs) for kind, pairs in found.items()}


_BLOCK: Final = 12


def _blocks(parts: tuple[str, ...]) -> Iterator[str]:
    yield f"family {parts[-1]} {parts[0][0]}"
    yield f"given {parts[0]} {parts[-1][0]}"
    yield f"letters {''.join(sorted(''.join(parts)))}"
    yield f"family {parts[0]} {parts[-1][0]}" if len(parts) == 2 else f"family {parts[-1]} {parts[1][0]}"


# --- fitting --------------------------------------------------------------------------------------------------------

Matrix = npt.NDArray[np.float64]
_CONTEXT: Final = ("coauthor", "more_coauthors", "no_coauthor", "topic", "venue")


def _matrix(rows: Sequence[Mapping[str, float]], names: Sequence[str]) -> Matrix:
    return np.array([[row.get(name, 0.0) for name in names] for row in rows], dtype=np.float64).reshape(-1, len(names))


def _fit_context(same: Sequence[Pair], different: Sequence[Pair]) -> tuple[dict[str, float], float]:
    """Log ratio of what context says, as weights and a constant."""
    rows = [model.context_features(*pair) for pair in (*same, *different)]
    labels = np.array([1] * len(same) + [0] * len(different))
    fitted = LogisticRegression(C=10.0, max_iter=1000, class_weight="balanced").fit(_matrix(rows, _CONTEXT), labels)
    return dict(zip(_CONTEXT, fitted.coef_[0].tolist(), strict=True)), float(fitted.intercept_[0])


def _fit_names(
    pairs: Sequence[Pair], certain: Sequence[tuple[str, str]], context: Mapping[str, float], constant: float
) -> dict[str, float]:
    """Log odds by kind of likeness and rarity, by expectation and maximisation."""
    rows = [model.name_features(pair[0].name, pair[1].name) for pair in pairs]
    sure = [model.name_features(one, other) for one, other in certain]
    names = sorted({name for row in (*rows, *sure) for name in row} - set(ASSUMED))
    told = np.array(
        [
            constant + sum(context.get(name, 0.0) * value for name, value in model.context_features(*pair).items())
            for pair in pairs
        ]
    )
    seen, known = _matrix(rows, names), _matrix(sure, names)
    prior = np.where(seen[:, names.index("name_identical")] > 0, 1.0, -3.0)
    weights = np.zeros(len(names))
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-(prior + told)))
        fitted = LogisticRegression(C=3.0, max_iter=2000, fit_intercept=False).fit(
            np.vstack([seen, seen, known]),
            np.concatenate([np.ones(len(seen)), np.zeros(len(seen)), np.ones(len(known))]),
            sample_weight=np.concatenate([chance, 1 - chance, np.full(len(known), _PAIRS / max(1, len(known)))]),
        )
        weights = fitted.coef_[0]
        prior = seen @ weights
    return dict(zip(names, weights.tolist(), strict=True))


def train(texts: Path, variants: Path, *, seed: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make the content of `frequencies.json` and `weights.json`.

    Args:
        texts: folder of papers as JSON lines with `id`, `title`, `authors` and `categories` or `year`.
        variants: file of name variants as JSON lines with `canonical` and `variants` [{`name`}].
        seed: the only source of chance.
    """
    rng = np.random.default_rng(seed)
    papers = read_open_papers(texts)
    frequencies = count_names(papers)
    with model.counting_with(frequencies):
        corpus = _Corpus.of(papers)
        kinds = _pairs_by_kind(corpus, rng)
        same = _same_name_pairs(corpus, rng, rarest=True)
        different = _drawn(corpus, kinds["given"], rng)
        context, constant = _fit_context(same, different)
        pairs = _same_name_pairs(corpus, rng, rarest=False)
        for kind in KINDS:
            if f"name_{kind}" not in ASSUMED and kinds[kind]:
                pairs += _drawn(corpus, kinds[kind], rng)
        names = _fit_names(pairs, _variants(variants), context, constant)
    weights = {**names, **context, **ASSUMED}
    rounded = {
        name: round(weight + constant * name.startswith("name_"), _DIGITS) for name, weight in sorted(weights.items())
    }
    about = (
        "Made by `python -m eval train-identity`. weights: log odds per unit of a feature; "
        "thresholds: probabilities from which on two mentions are merged, or asked about; "
        "assumed: weights that no text gave. " + _SOURCES
    )
    made = {"about": about, "assumed": sorted(ASSUMED), "thresholds": dict(THRESHOLDS), "weights": rounded}
    return {
        "about": "Counts of authors by part of their names, and of titles by word. " + _SOURCES,
        **frequencies,
    }, made


def write_trained(
    frequencies: Mapping[str, Any], weights: Mapping[str, Any], folder: Path | None = None
) -> tuple[Path, Path]:
    """Write what `train` made.

    Args:
        frequencies: content of `frequencies.json`.
        weights: content of `weights.json`.
        folder: by default that of the package in this checkout.

    Returns:
        The two files.
    """
    folder = folder or Path(model.__file__).parent
    made = []
    for name, content in (("frequencies.json", frequencies), ("weights.json", weights)):
        path = folder / name
        text = json.dumps(content, ensure_ascii=False, indent=1)
        # one line for each table of counts: thousands of lines would bury every other change
        text = re.sub(r"\{\s+([^{}]*?)\s+\}", _on_one_line, text) if name == "frequencies.json" else text
        path.write_text(text + "\n", encoding="utf-8", newline="\n")
        made.append(path)
    return made[0], made[1]


def _on_one_line(found: re.Match[str]) -> str:
    return "{" + re.sub(r"\s*\n\s*", " ", found[1]) + "}"


def _variants(path: Path) -> list[tuple[str, str]]:
    """Pairs of spellings of one person that differ in more than case and accents."""
    found = []
    for row in _rows(path):
        for variant in row.get("variants", ()):
            pair = (str(row["canonical"]), str(variant["name"]))
            if normalise_name(pair[0]) != normalise_name(pair[1]):
                found.append(pair)
    return found
