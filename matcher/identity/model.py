"""How probable it is that two mentions of a name are one person: a small logistic model with readable weights.

The log odds are a sum: what the two spellings say (kind of likeness, how many people carry such a name), and what is
known around them (shared coauthors, titles, venue, domains, years). Each term is a feature times a weight of
`weights.json`, and each gives a reason in words. Ids decide without the model: the same id is the same person, two ids
of one kind are two people, and so are two mentions on one byline.

Source: Fellegi and Sunter, A theory for record linkage, JASA 64(328), 1969 (sums of log ratios, and three verdicts);
the weights come from `python -m eval train-identity`, see `eval/train_identity.py`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final

from matcher.identity.compare import KINDS, Kind, Likeness, compare_names
from matcher.identity.names import Spelling, is_full_name, normalise_name

__all__ = [
    "MANY",
    "Judgement",
    "Sighting",
    "Standing",
    "carriers_of",
    "coauthor_log_odds",
    "coauthor_weight",
    "context_features",
    "counting_with",
    "features",
    "is_given_name",
    "judge",
    "log_odds",
    "name_features",
    "name_log_odds",
    "people_counted",
    "probability",
    "settings",
    "share_of_people",
    "spellings_of",
    "standing_of",
    "title_words",
]


class Standing(StrEnum):
    """What to do with two mentions."""

    MERGE = "merge"
    ASK = "ask"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Sighting:
    """A name and what stood around it: on one paper, or on several that are known to be one person's.

    Args:
        name: as written.
        coauthors: normalised names of the others.
        words: words of the titles (`title_words`).
        venues: where they were published, in one spelling.
        years: when.
        domains: mail domains and other addresses of institutions.
        ids: per kind (`~`, `orcid.org`, `dblp`, …), the id.
        papers: ids of the papers: two mentions on one paper are two people.
    """

    name: str
    coauthors: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    venues: frozenset[str] = frozenset()
    years: tuple[int, ...] = ()
    domains: frozenset[str] = frozenset()
    ids: tuple[tuple[str, str], ...] = ()
    papers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is thought of two mentions.

    Args:
        standing: merge, ask or keep apart.
        probability: that they are one person, in [0, 1].
        reasons: why, in words, weightiest first.
    """

    standing: Standing
    probability: float
    reasons: tuple[str, ...]


# --- what ships -----------------------------------------------------------------------------------------------------


@cache
def settings() -> Mapping[str, Any]:
    """The content of `weights.json`: `weights`, `thresholds`, and how they were made."""
    return _shipped("weights.json")


@cache
def _shipped_frequencies() -> Mapping[str, Any]:
    return _shipped("frequencies.json")


_REPLACED: Final[list[Mapping[str, Any]]] = []


def _frequencies() -> Mapping[str, Any]:
    return _REPLACED[-1] if _REPLACED else _shipped_frequencies()


@contextmanager
def counting_with(frequencies: Mapping[str, Any]) -> Iterator[None]:
    """Use other counts of names and words than those that ship, for training."""
    _REPLACED.append(frequencies)
    _forget()
    try:
        yield
    finally:
        _REPLACED.pop()
        _forget()


def _forget() -> None:
    for counted in (carriers_of, coauthor_weight, _squared_rarity, name_log_odds):
        counted.cache_clear()


def _shipped(name: str) -> Mapping[str, Any]:
    text = resources.files("matcher.identity").joinpath(name).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


# --- how many carry a name ------------------------------------------------------------------------------------------


def spellings_of(name: str) -> tuple[Spelling, ...]:
    """Every way to read a name as written: a given name in brackets also stands for the one before it.

    >>> [" ".join(one.parts) for one in spellings_of("Xia (Ben) Hu")]
    ['xia hu', 'ben hu']
    """
    return _spellings(name)


_BRACKETED: Final = re.compile(r"[(\[（\"“']\s*([^()\[\]（）\"“”']+?)\s*[)\]）\"”']")


@lru_cache(maxsize=200_000)
def _spellings(name: str) -> tuple[Spelling, ...]:
    plain = Spelling.of(name)
    found = _BRACKETED.search(name)
    if found is None or len(plain.parts) < 2:
        return (plain,)
    other = normalise_name(found[1]).split()
    if not other or len(other[0]) == 1:
        return (plain,)
    return (plain, Spelling((*other, plain.parts[-1]), plain.suffix))


@lru_cache(maxsize=200_000)
def carriers_of(spelling: Spelling) -> float:
    """How many researchers in the field are expected to have names that read like this; never 0.

    The share of people with the given name (or its initial) times that with the family name, times all people, as if
    the two were independent; the family name may stand first. From the counts of `frequencies.json`.
    """
    table = _frequencies()
    parts = spelling.parts
    if len(parts) < 2:
        return float(table["people"])
    given = "".join(parts[:-1]) if all(len(part) > 1 for part in parts[:-1]) else parts[0]
    return max(_expected(table, given, parts[-1]), _expected(table, parts[-1], parts[0]) if len(parts) == 2 else 0.0)


def is_given_name(name: str) -> bool:
    """Whether a name, normalised, is a given name of at least five of the people counted."""
    return name in _frequencies()["given"]


def people_counted() -> int:
    """Of how many people the counts of names are."""
    return int(_frequencies()["people"])


def share_of_people(people: int) -> float:
    """Which share of those who carry a name are reckoned with in a venue of so many people.

    A venue holds fewer than the counts, so fewer of those who carry a name; but they work on like topics, so at most
    `_NARROWEST` times fewer are reckoned with.
    """
    return min(1.0, max(_NARROWEST, people / people_counted()))


_NARROWEST: Final = 0.1


def _expected(table: Mapping[str, Any], given: str, family: str) -> float:
    rare = float(table["rare"])
    counts = table["initials"] if len(given) == 1 else table["given"]
    families = table["family_initials"] if len(family) == 1 else table["family"]
    people = float(table["people"])
    return max(float(counts.get(given, rare)) * float(families.get(family, rare)) / people, _FEWEST)


_FEWEST: Final = 1e-4
"""Below this a name is simply rare."""


def _commonness(part: str) -> float:
    """log10 of how many people carry a part as given or family name."""
    table = _frequencies()
    rare = float(table["rare"])
    return math.log10(max(float(table["given"].get(part, rare)), float(table["family"].get(part, rare))))


@lru_cache(maxsize=500_000)
def coauthor_weight(name: str) -> float:
    """What a shared coauthor says, from 1 for a name that nobody else carries down to 0."""
    spelling = Spelling.of(name)
    carriers = carriers_of(spelling)
    return 1 / (1 + carriers) if is_full_name(name) else _INITIAL_WORTH / (1 + carriers)


_INITIAL_WORTH: Final = 0.5


# --- titles ---------------------------------------------------------------------------------------------------------

_WORD: Final = re.compile(r"[^\W\d_]{3,}")


@lru_cache(maxsize=100_000)
def title_words(title: str) -> frozenset[str]:
    """Words of a title, of three letters and more, lower case, without a plural s."""
    words = (found.group().casefold() for found in _WORD.finditer(title))
    return frozenset(word[:-1] if word.endswith("s") and len(word) > 4 else word for word in words)


def _topic(one: frozenset[str], other: frozenset[str]) -> float:
    """How alike two sets of title words are, in [0, 1]: cosine with rare words weighing more."""
    shared = one & other
    if not shared:
        return 0.0
    return math.sqrt(
        (sum(map(_squared_rarity, shared)) / sum(map(_squared_rarity, one)))
        * (sum(map(_squared_rarity, shared)) / sum(map(_squared_rarity, other)))
    )


@lru_cache(maxsize=200_000)
def _squared_rarity(word: str) -> float:
    """Square of the inverse document frequency of a word of titles."""
    table = _frequencies()
    titles = float(table["titles"])
    count = float(table["words"].get(word, table["rare_word"]))
    return math.log(titles / count) ** 2


# --- features -------------------------------------------------------------------------------------------------------


def features(one: Sighting, other: Sighting) -> dict[str, float]:
    """What the model sees of two mentions; names without a weight of their own are left out."""
    return {**name_features(one.name, other.name), **context_features(one, other)}


def name_features(one: str, other: str) -> dict[str, float]:
    """What two names say: the kind of likeness, and how many people carry such a name."""
    return _name_features(*_likeness(one, other))


def _likeness(one: str, other: str) -> tuple[Likeness, float]:
    """The nearest reading of two names, and how many people carry the one that says less."""
    best: tuple[int, Likeness, float] | None = None
    for number, first in enumerate(spellings_of(one)):
        for place, second in enumerate(spellings_of(other)):
            found = compare_names(first, second)
            if number + place and found.kind in _EQUAL:
                found = Likeness("nickname", differing=None)
            rank = _RANKS[found.kind]
            if best is None or rank < best[0]:
                best = (rank, found, max(carriers_of(first), carriers_of(second)))
    assert best is not None
    return best[1], best[2]


_EQUAL: Final = frozenset(("identical", "spacing", "letters", "order"))
_RANKS: Final[Mapping[Kind, int]] = {kind: place for place, kind in enumerate(KINDS)}


def _name_features(likeness: Likeness, carriers: float) -> dict[str, float]:
    kind = likeness.kind
    found = {f"name_{kind}": 1.0}
    if kind in ("contradiction", "none"):
        return found  # how rare names are says nothing where they are not alike
    rarity = _commonness(likeness.shared) if likeness.shared else math.log10(carriers)
    group = "equal" if kind in ("identical", "spacing", "letters") else kind
    found[f"carriers_{group}"] = rarity
    if kind == "initials" and likeness.distance:
        found["second_initial"] = 1.0
    if kind == "typo" and likeness.distance > 1:
        found["typo_second_letter"] = 1.0
    if likeness.differing is not None and kind in ("typo", "short_form"):
        found[f"both_known_{kind}"] = min(map(_commonness, likeness.differing))
    return found


def _coauthor_features(one: frozenset[str], other: frozenset[str]) -> dict[str, float]:
    shared = one & other
    if shared:
        worth = sum(map(coauthor_weight, shared))
        return {"coauthor": min(1.0, worth), "more_coauthors": math.log2(max(1.0, worth))}
    if not one or not other:
        return {}
    found = {"no_coauthor": math.log2(1 + min(len(one), len(other), MANY))}
    if _fit_by_initials(one, other):
        found["coauthor_initial"] = 1.0
    return found


def context_features(one: Sighting, other: Sighting) -> dict[str, float]:
    """What stands around two names says: coauthors, titles, venues, domains, years."""
    found = _coauthor_features(one.coauthors, other.coauthors)
    if one.words and other.words:
        found["topic"] = _topic(one.words, other.words)
    if one.venues and other.venues:
        found["venue"] = float(not one.venues.isdisjoint(other.venues))
    if one.domains and other.domains:
        found["same_domain" if _share_domain(one.domains, other.domains) else "other_domain"] = 1.0
    if one.years and other.years:
        found["years_apart"] = float(min(_gap(one.years, other.years), _LONG_AGO))
    return found


MANY: Final = 7
_LONG_AGO: Final = 15


def _fit_by_initials(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether somebody stands on one side with an initial and on the other with a name that fits it."""
    return not _initialled(one).isdisjoint(map(_short, other)) or not _initialled(other).isdisjoint(map(_short, one))


@lru_cache(maxsize=100_000)
def _initialled(names: frozenset[str]) -> frozenset[str]:
    return frozenset(_short(name) for name in names if name[1:2] == " ")


@lru_cache(maxsize=500_000)
def _short(name: str) -> str:
    """Initials of a normalised name before its family name, the first only."""
    parts = name.split()
    return f"{parts[0][0]} {parts[-1]}" if parts else ""


def _share_domain(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether an address of one is an address of the other or lies beneath it."""
    return any(
        first == second or first.endswith("." + second) or second.endswith("." + first)
        for first in one
        for second in other
    )


def _gap(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """Years between two spans; 0 when they overlap."""
    return max(0, min(one) - max(other), min(other) - max(one))


# --- probability ----------------------------------------------------------------------------------------------------


def log_odds(found: Mapping[str, float]) -> float:
    """Weights times features, in the order of the weights."""
    weights: Mapping[str, float] = settings()["weights"]
    return sum(weights.get(name, 0.0) * value for name, value in found.items())


@lru_cache(maxsize=200_000)
def name_log_odds(one: str, other: str) -> float:
    """What two names alone say, as log odds."""
    return log_odds(_name_features(*_likeness(one, other)))


def coauthor_log_odds(one: frozenset[str], other: frozenset[str]) -> float:
    """What two sets of coauthors say, as log odds; 0 where one is empty."""
    return log_odds(_coauthor_features(one, other))


def probability(odds: float) -> float:
    """Log odds as a probability.

    >>> probability(0.0)
    0.5
    """
    return 1 / (1 + math.exp(-odds)) if odds > -_STEEP else 0.0


_STEEP: Final = 700.0


def standing_of(chance: float) -> Standing:
    """The verdict on a probability, by the thresholds that ship."""
    thresholds: Mapping[str, float] = settings()["thresholds"]
    if chance >= thresholds["merge"]:
        return Standing.MERGE
    return Standing.ASK if chance >= thresholds["ask"] else Standing.APART


def judge(one: Sighting, other: Sighting) -> Judgement:
    """Whether two mentions are one person: merge, ask or keep apart, with probability and reasons.

    Ids decide first: two mentions on one byline, or different ids of one kind, are two people; an equal id is one.

    >>> jane = Sighting("Jane Doe", coauthors=frozenset({"mary roe"}))
    >>> judge(jane, Sighting("J. Doe", papers=frozenset({"p"}))).standing.value
    'ask'
    """
    decided = _by_ids(one, other)
    if decided is not None:
        return decided
    found = features(one, other)
    chance = probability(log_odds(found))
    return Judgement(standing_of(chance), chance, _reasons(one, other, found))


def _by_ids(one: Sighting, other: Sighting) -> Judgement | None:
    if not one.papers.isdisjoint(other.papers):
        return Judgement(Standing.APART, 0.0, ("both stand on one paper",))
    theirs = dict(other.ids)
    for kind, mine in one.ids:
        if kind in theirs:
            if theirs[kind] == mine:
                return Judgement(Standing.MERGE, 1.0, (f"the same id {mine}",))
            return Judgement(Standing.APART, 0.0, (f"different ids of one kind, {mine} and {theirs[kind]}",))
    return None


def _reasons(one: Sighting, other: Sighting, found: Mapping[str, float]) -> tuple[str, ...]:
    """The features in words, weightiest first."""
    weights: Mapping[str, float] = settings()["weights"]
    told: dict[str, float] = {}
    for name, value in found.items():
        text = _in_words(name, one, other)
        if text and value:
            told[text] = told.get(text, 0.0) + abs(weights.get(name, 0.0) * value)
    return tuple(sorted(told, key=lambda text: (-told[text], text)))


def _in_words(name: str, one: Sighting, other: Sighting) -> str:
    if name.startswith("name_"):
        return next((words for kind, words in KINDS.items() if name == f"name_{kind}"), "")
    if name.startswith("carriers_"):
        number = _likeness(one.name, other.name)[1]
        return (
            "a rare name" if number < _RARE else f"a name that about {number:.0f} others carry" if number >= 1 else ""
        )
    if name == "coauthor":
        shared = sorted(one.coauthors & other.coauthors, key=lambda name: (-coauthor_weight(name), name))
        more = f" and {len(shared) - _NAMED} more" if len(shared) > _NAMED else ""
        return f"shared coauthors: {', '.join(shared[:_NAMED])}{more}"
    return _WORDS.get(name, "")


_RARE: Final = 0.1
_NAMED: Final = 3
_WORDS: Final[Mapping[str, str]] = {
    "no_coauthor": "no shared coauthor",
    "coauthor_initial": "coauthors with the same family name and initial",
    "topic": "titles on like topics",
    "venue": "the same venue",
    "same_domain": "the same institution's address",
    "other_domain": "addresses of different institutions",
    "years_apart": "years between their papers",
}
