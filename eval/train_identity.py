"""Train the weights of `matcher.identity`: counts of names and words, then a logistic model, from texts that are free.

No labelled pairs of people are needed, and none of those that the measurement uses are read:

1. Counts. How many authors carry each given name, family name and initial, and how many titles have each word.
2. Context. Two mentions of one rare full name (`_RARE_NAME` carriers expected) are taken to be one person, two
   mentions with the same family name and clearly different given names to be two. A logistic regression on coauthors,
   titles, venue and years learns from them what context says, whatever the names say.
3. Names. Pairs of every kind of likeness are drawn. Whether such a pair is one person is not known; it shows in how
   often their contexts agree. Expectation and maximisation over that finds the log odds of a kind, by how many people
   carry such a name. The name variants that the ACL Anthology lists by hand are certain pairs, and stand beside them.

4. Initials. Names that we abbreviate ourselves make certain pairs: with their own full name, and with everybody else
   whose name fits. What open texts print as initials is too little to learn from.
5. Thresholds. Where the probabilities of the training pairs promise the risks of `RISKS`.

What no open text tells (institutions) is assumed, and listed as such in the weights.

Source: Dempster, Laird and Rubin, Maximum likelihood from incomplete data via the EM algorithm, JRSS B 39(1), 1977;
Winkler, Using the EM algorithm for weight computation in the Fellegi-Sunter model of record linkage, ASA 1988.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from eval.name_groups import NameGroups, find_groups
from matcher.identity import model
from matcher.identity.compare import KINDS, compare_names
from matcher.identity.model import Sighting, title_words
from matcher.identity.names import Spelling, is_full_name, key_of, normalise_name

Matrix = npt.NDArray[np.float64]

__all__ = ["ASSUMED", "RISKS", "OpenPaper", "count_names", "read_open_papers", "train", "write_trained"]

ASSUMED: Final[Mapping[str, float]] = {
    "coauthor_initial": 2.0,
    "more_coauthors": 1.0,
    "same_institution": 3.5,
    "other_institution": -1.0,
    "years_apart": -0.05,
    "name_contradiction": -12.0,
    "name_none": -20.0,
}
"""What open texts do not tell, or tell wrongly.

No surroundings make one person of two names that contradict each other or have nothing in common. Institutions and
initials of coauthors hardly stand in open texts: of two papers of one person about two thirds are thought to name one
institution, of two people with one name one in fifty. That each doubling of the shared coauthors adds nothing, as the
fit would have it, is an effect of step 2: the two with one family name are at times in one group, and share many
coauthors.
"""
RISKS: Final[Mapping[str, float]] = {"merge": 0.004, "ask": 0.008}
"""What the thresholds allow, by the probabilities of the training pairs: the share of the merged that is wrong, and the
share of all true pairs that is left apart without a question. Two fifths of the one and of the two in a hundred that
are wanted, since other texts are not quite like these."""
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
            year = row.get("year") or row.get("seen", "")[:4] or None
            found.append(OpenPaper(row["title"], tuple(row["authors"]), venue, int(year) if year else None))
    return found


def count_names(papers: Sequence[OpenPaper]) -> dict[str, Any]:
    """How many people carry each part of a name, and how many titles have each word; small counts are left out."""
    names = sorted({normalise_name(name) for paper in papers for name in paper.authors})
    people = [parts for name in names if is_full_name(name) and len(parts := Spelling.of(name).parts) > 1]
    given: Counter[str] = Counter()
    for parts in people:
        given[_given_name(parts)] += 1
        if len(parts) > 2:
            given[parts[0]] += 1
    family = Counter(parts[-1] for parts in people)
    words = Counter(word for paper in papers for word in title_words(paper.title))
    found = find_groups([(_given_name(parts), parts[-1]) for parts in people])
    kept_given, kept_family = _kept(given, _FEWEST_PEOPLE), _kept(family, _FEWEST_PEOPLE)
    return {
        "people": len(people),
        "titles": len(papers),
        "rare": 1.0,
        "rare_word": _FEWEST_TITLES / 2,
        "groups": [round(float(one), 1) for one in found.people],
        "given": kept_given,
        "given_groups": _shares(found.given, kept_given),
        "family": kept_family,
        "family_groups": _shares(found.family, kept_family),
        "initials": _initials((parts[0], _share(found, parts)) for parts in people),
        "family_initials": _initials((parts[-1], _share(found, parts)) for parts in people),
        "words": _kept(words, _FEWEST_TITLES),
    }


def _given_name(parts: tuple[str, ...]) -> str:
    """Given names in one word, without initials; the first initial where there is nothing else."""
    return "".join(part for part in parts[:-1] if len(part) > 1) or parts[0]


def _kept(counts: Counter[str], fewest: int) -> dict[str, int]:
    return {key: count for key, count in sorted(counts.items()) if count >= fewest}


def _share(groups: NameGroups, parts: tuple[str, ...]) -> Matrix:
    """Share of each group in one person: by family name, else by given name, else as everybody."""
    found = groups.family.get(parts[-1])
    found = groups.given.get(_given_name(parts)) if found is None else found
    return groups.people / groups.people.sum() if found is None else found


def _shares(shares: Mapping[str, Matrix], names: Mapping[str, int]) -> dict[str, str]:
    """Groups as letters with their share in per cent; names that are of the first group only are left out."""
    found = {}
    for name in names:
        if name in shares:
            parts = [(place, round(100 * share)) for place, share in enumerate(shares[name])]
            text = " ".join(f"{chr(ord('a') + place)}{share}" for place, share in parts if share >= _LEAST_SHARE)
            if text and text != "a100":
                found[name] = text
    return found


_LEAST_SHARE: Final = 2
"""In per cent."""


def _initials(people: Iterable[tuple[str, Matrix]]) -> dict[str, list[float]]:
    """How many people of each group have a name with each first letter."""
    found: dict[str, Matrix] = {}
    count: Counter[str] = Counter()
    for name, share in people:
        count[name[0]] += 1
        found[name[0]] = found.get(name[0], 0.0) + share
    return {
        letter: [round(float(one), 1) for one in found[letter]]
        for letter in sorted(found)
        if count[letter] >= _FEWEST_PEOPLE
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

_CONTEXT: Final = ("coauthor", "more_coauthors", "no_coauthor", "topic", "venue")


def _matrix(rows: Sequence[Mapping[str, float]], names: Sequence[str]) -> Matrix:
    return np.array([[row.get(name, 0.0) for name in names] for row in rows], dtype=np.float64).reshape(-1, len(names))


def _fit_context(same: Sequence[Pair], different: Sequence[Pair]) -> tuple[dict[str, float], float]:
    """Log ratio of what context says, as weights and a constant."""
    rows = [model.context_features(*pair) for pair in (*same, *different)]
    labels = np.array([1] * len(same) + [0] * len(different))
    fitted = LogisticRegression(C=10.0, max_iter=1000, class_weight="balanced").fit(_matrix(rows, _CONTEXT), labels)
    learned = dict(zip(_CONTEXT, fitted.coef_[0].tolist(), strict=True))
    return {name: weight for name, weight in learned.items() if name not in ASSUMED}, float(fitted.intercept_[0])


NamePair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Certain:
    """Pairs of names of which it is known whether they are one person.

    Args:
        pairs: the names.
        is_same: what is known.
        weights: how many pairs each stands for.
    """

    pairs: Sequence[NamePair]
    is_same: Sequence[bool]
    weights: Sequence[float]


def _certain(corpus: _Corpus, variants: Sequence[NamePair], rng: np.random.Generator) -> _Certain:
    """The variants that are listed by hand, and names abbreviated by us."""
    listed = [pair for pair in variants if not _is_abbreviated(pair)]
    own = [found for found in _abbreviated(corpus, rng) if _is_abbreviated(found[0])]
    return _Certain(
        [*listed, *(pair for pair, _, _ in own)],
        [*([True] * len(listed)), *(is_same for _, is_same, _ in own)],
        [*([_PAIRS / max(1, len(listed))] * len(listed)), *(weight for _, _, weight in own)],
    )


def _is_abbreviated(pair: NamePair) -> bool:
    return compare_names(Spelling.of(pair[0]), Spelling.of(pair[1])).kind == "initials"


@dataclass(frozen=True, slots=True)
class _Halves:
    """Counts of names, each from half of the names of the texts.

    Whoever is compared was not counted: else a rare name would be known to be rarer than it can be known of others.
    """

    counts: tuple[Mapping[str, Any], Mapping[str, Any]]

    @classmethod
    def of(cls, papers: Sequence[OpenPaper]) -> _Halves:
        first, second = (
            count_names(
                [
                    replace(paper, authors=tuple(name for name in paper.authors if _half(name) == half))
                    for paper in papers
                ]
            )
            for half in (0, 1)
        )
        return cls((first, second))

    def rows(self, pairs: Sequence[NamePair]) -> list[Mapping[str, float] | None]:
        """Features of the names, by the counts of the other half; `None` where the two are in different halves."""
        found: list[Mapping[str, float] | None] = [None] * len(pairs)
        for half in (0, 1):
            with model.counting_with(self.counts[1 - half]):
                for place, (one, other) in enumerate(pairs):
                    if _half(one) == _half(other) == half:
                        found[place] = model.name_features(one, other)
        return found

    def share(self, everybody: int) -> float:
        """Share of all people in one half."""
        return sum(float(counts["people"]) for counts in self.counts) / len(self.counts) / everybody


def _half(name: str) -> int:
    """Half by the letters of a name."""
    return zlib.crc32(normalise_name(name).encode()) % 2


_INITIALS: Final = "name_initials"
_ABBREVIATED: Final = 3_000
_OTHERS: Final = 10


def _abbreviated(corpus: _Corpus, rng: np.random.Generator) -> Iterator[tuple[NamePair, bool, float]]:
    """Full names beside their own initials, and beside those of some of the others whom the initials fit."""
    block: dict[str, list[str]] = defaultdict(list)
    names = [name for name in corpus.places if is_full_name(name) and len(Spelling.of(name).parts) > 1]
    for name in names:
        block[key_of(Spelling.of(name).parts)].append(name)
    for place in rng.permutation(len(names))[:_ABBREVIATED]:
        parts = Spelling.of(names[place]).parts
        initials = " ".join((*(part[0] for part in parts[:-1]), parts[-1]))
        yield (initials, names[place]), True, 1.0
        others = [name for name in block[key_of(parts)] if name != names[place]]
        chosen = rng.permutation(len(others))[:_OTHERS]
        for other in chosen:
            yield (initials, others[other]), False, len(others) / len(chosen)


def _fit_names(
    pairs: Sequence[Pair], certain: _Certain, halves: _Halves, context: Mapping[str, float], constant: float
) -> tuple[dict[str, float], Matrix]:
    """Log odds by kind of likeness and rarity, by expectation and maximisation, and the probability of each pair."""
    found = halves.rows([(one.name, other.name) for one, other in pairs])
    rows = [row for row in found if row is not None]
    sure = [
        (row, is_same, weight)
        for row, is_same, weight in zip(halves.rows(certain.pairs), certain.is_same, certain.weights, strict=True)
        if row is not None
    ]
    names = sorted({name for row in (*rows, *(row for row, _, _ in sure)) for name in row} - set(ASSUMED))
    around = {**ASSUMED, **context}
    told = np.array(
        [
            constant + sum(around.get(name, 0.0) * value for name, value in model.context_features(*pair).items())
            for pair, row in zip(pairs, found, strict=True)
            if row is not None
        ]
    )
    seen, known = _matrix(rows, names), _matrix([row for row, _, _ in sure], names)
    everything = np.vstack([seen, seen, known])
    labels = np.concatenate([np.ones(len(seen)), np.zeros(len(seen)), [float(is_same) for _, is_same, _ in sure]])
    heavy = [weight for _, _, weight in sure]
    prior = np.where(seen[:, names.index("name_identical")] > 0, 1.0, -3.0)
    fitted = LogisticRegression(C=3.0, max_iter=2000, fit_intercept=False, warm_start=True)
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-(prior + told)))
        fitted.fit(everything, labels, sample_weight=np.concatenate([chance, 1 - chance, heavy]))
        prior = seen @ fitted.coef_[0]
    return dict(zip(names, fitted.coef_[0].tolist(), strict=True)), 1 / (1 + np.exp(-(prior + told)))


def _for_everybody(weights: Mapping[str, float], share: float) -> dict[str, float]:
    """Weights learned with counts of a share of the people, for counts of all: each name has more carriers now."""
    return {
        name: weight + weights.get(f"carriers_{_RARITY_OF.get(name[5:], name[5:])}", 0.0) * math.log10(share)
        if name.startswith("name_")
        else weight
        for name, weight in weights.items()
    }


_RARITY_OF: Final = {"identical": "equal", "spacing": "equal", "letters": "equal"}


def thresholds_for(chances: Matrix, risks: Mapping[str, float]) -> dict[str, float]:
    """The probabilities from which on to merge and to ask, so that the risks hold on average.

    Args:
        chances: (N,) probability of each training pair.
        risks: `merge`, the share of what is merged that may be wrong, and `ask`, the share of what is one person that
            may be left apart.
    """
    falling = np.sort(chances)[::-1]
    wrong = np.cumsum(1 - falling) / np.arange(1, len(falling) + 1)
    found = np.cumsum(falling) / falling.sum()
    merge = falling[max(int(np.searchsorted(wrong, risks["merge"], side="right")) - 1, 0)]
    ask = falling[int(np.searchsorted(found, 1 - risks["ask"]))]
    return {"merge": round(float(merge), _DIGITS), "ask": round(float(min(ask, merge)), _DIGITS)}


def train(texts: Path, variants: Path, *, seed: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make the content of `frequencies.json` and `weights.json`.

    Args:
        texts: folder of papers as JSON lines with `id`, `title`, `authors` and `categories` or `year`.
        variants: file of name variants as JSON lines with `canonical` and `variants` [{`name`}].
        seed: the only source of chance.
    """
    rng = np.random.default_rng(seed)
    papers = read_open_papers(texts)
    frequencies, halves = count_names(papers), _Halves.of(papers)
    with model.counting_with(frequencies):
        corpus = _Corpus.of(papers)
        kinds = _pairs_by_kind(corpus, rng)
        same = _same_name_pairs(corpus, rng, rarest=True)
        different = _drawn(corpus, kinds["given"], rng)
        context, constant = _fit_context(same, different)
        pairs = _same_name_pairs(corpus, rng, rarest=False)
        for kind in KINDS:
            if f"name_{kind}" not in (*ASSUMED, _INITIALS) and kinds[kind]:
                pairs += _drawn(corpus, kinds[kind], rng)
        certain = _certain(corpus, _variants(variants), rng)
        names, chances = _fit_names(pairs, certain, halves, context, constant)
    names = _for_everybody(names, halves.share(frequencies["people"]))
    weights = {**names, **context, **ASSUMED}
    rounded = {
        name: round(weight + constant * name.startswith("name_"), _DIGITS) for name, weight in sorted(weights.items())
    }
    about = (
        "Made by `python -m eval train-identity`. weights: log odds per unit of a feature; "
        "thresholds: probabilities from which on two mentions are merged, or asked about; "
        "assumed: weights that no text gave. " + _SOURCES
    )
    made = {
        "about": about,
        "assumed": sorted(ASSUMED),
        "thresholds": thresholds_for(chances, RISKS),
        "weights": rounded,
    }
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
