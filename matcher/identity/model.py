"""How probable it is that two mentions of a name are one person: a small logistic model with readable weights.

The log odds are a sum: what the two spellings say (kind of likeness, how many people carry such a name), and what is
known around them (shared coauthors, titles, venues, institutions, years). Each term is a feature times a weight of
`weights.json`, and each gives a reason in words. Ids decide without the model: the same id is the same person, two ids
of one kind are two people, and so are two mentions on one byline.

Source: Fellegi and Sunter, A theory for record linkage, JASA 64(328), 1969 (sums of log ratios, and three verdicts);
the weights come from `python -m eval train-identity`, see `eval/train_identity.py`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final, TypeAlias

from matcher.identity.compare import KINDS, Kind, Likeness, compare_names
from matcher.identity.names import Spelling, is_full_name, normalise_name

__all__ = [
    "EMPTY_TITLE",
    "MANY",
    "Judgement",
    "Sighting",
    "Standing",
    "around_features",
    "carriers_of",
    "coauthor_log_odds",
    "coauthor_weight",
    "context_features",
    "counting_with",
    "features",
    "in_words",
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
    "weigh_title",
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
        institutions: keys of institutions (`matcher.institutions.Stay.keys`), from mail domains and affiliations.
        ids: per kind (`~`, `orcid.org`, `dblp`, …), the id.
        papers: ids of the papers: two mentions on one paper are two people.
    """

    name: str
    coauthors: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    venues: frozenset[str] = frozenset()
    years: tuple[int, ...] = ()
    institutions: frozenset[str] = frozenset()
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
    for counted in (_by_group, carriers_of, coauthor_weight, _squared_rarity, name_log_odds):
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

    In every language group, the share of its people with the given name (or its initial) times that with the family
    name, times the group, as if the two were independent within a group; the family name may stand first. Each further
    initial leaves the share of people who have it. Of a name of one part, the people with that part. From the counts
    of `frequencies.json`.
    """
    table = _frequencies()
    parts = spelling.parts
    if len(parts) < 2:
        return max((float(table[kind].get(part, table["rare"])) for kind in _PARTS for part in parts), default=_FEWEST)
    whole = [part for part in parts[:-1] if len(part) > 1]
    letters = [part for part in parts[:-1] if len(part) == 1]
    given = "".join(whole) if whole else letters.pop(0)
    found = _expected(table, given, parts[-1])
    if len(parts) == 2:
        return max(found, _expected(table, parts[-1], parts[0]))
    people = float(table["people"])
    shares = (sum(table["initials"].get(letter, (table["rare"],))) / people for letter in letters)
    share: float = math.prod(shares)
    return max(found * share, _FEWEST)


_PARTS: Final = ("given", "family")


def _carriers(kind: Kind, one: Spelling, other: Spelling) -> float:
    """How many carry the name of two that says less.

    Where the order differs, somebody else would carry the parts in the order that is rarer. Beside initials only the
    first counts: whether the others fit is a feature of its own.
    """
    if kind == "order" and len(one.parts) == 2:
        table, (first, last) = _frequencies(), one.parts
        return min(_expected(table, first, last), _expected(table, last, first))
    if kind == "initials":
        one, other = (Spelling((name.parts[0], name.parts[-1]), name.suffix) for name in (one, other))
    return max(carriers_of(one), carriers_of(other))


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
    mine = _by_group("initials" if len(given) == 1 else "given", given)
    theirs = _by_group("family_initials" if len(family) == 1 else "family", family)
    groups: Sequence[float] = table["groups"]
    if mine is None or theirs is None:  # a rare name belongs where the other one does
        known = mine or theirs or groups
        spread = [float(table["rare"]) * count / sum(known) for count in known]
        mine, theirs = mine or spread, theirs or spread
    return max(sum(one * other / people for one, other, people in zip(mine, theirs, groups, strict=True)), _FEWEST)


@lru_cache(maxsize=100_000)
def _by_group(kind: str, part: str) -> Sequence[float] | None:
    """How many people of each language group carry a part of a name; `None` where it is too rare to be listed.

    The shares of a listed name stand in per cent, as in "a93 c7"; one without shares belongs to the first group.
    """
    table = _frequencies()
    found = table[kind].get(part)
    if found is None or not isinstance(found, int):
        return None if found is None else [float(count) for count in found]
    counts = [0.0] * len(table["groups"])
    shares: str = table[f"{kind}_groups"].get(part, f"{_FIRST_GROUP}100")
    for share in shares.split():
        counts[ord(share[0]) - ord(_FIRST_GROUP)] = found * float(share[1:]) / 100
    return counts


_FIRST_GROUP: Final = "a"
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


EMPTY_TITLE: Final[frozenset[str]] = frozenset()


def weigh_title(words: Iterable[str]) -> float:
    """What the words of a title weigh together: rare words more."""
    return sum(map(_squared_rarity, sorted(words)))


def _topic(one: frozenset[str], weight: float, other: frozenset[str], other_weight: float) -> float:
    """How alike two sets of title words are, in [0, 1]: cosine with rare words weighing more."""
    few, many = (one, other) if len(one) < len(other) else (other, one)
    shared = few & many
    return weigh_title(shared) / math.sqrt(weight * other_weight) if shared else 0.0


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
            elif found.kind in _EQUAL and len(first.parts) > 1 and not _is_whole_name(first):
                found = Likeness("initials", len(first.parts) - 2)  # equal initials say no more than fitting ones
            rank = _RANKS[found.kind]
            if best is None or rank < best[0]:
                best = (rank, found, _carriers(found.kind, first, second))
    assert best is not None
    return best[1], best[2]


def _is_whole_name(spelling: Spelling) -> bool:
    return is_full_name(" ".join(spelling.parts))


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
    """What stands around two names says: coauthors, titles, venues, institutions, years."""
    return {**_coauthor_features(one.coauthors, other.coauthors), **around_features(_around(one), _around(other))}


Around: TypeAlias = tuple[frozenset[str], float, frozenset[str], tuple[int, int] | None, frozenset[str]]
"""Words of titles, their weight, venues, first and last year, institutions."""


def _around(one: Sighting) -> Around:
    years = (min(one.years), max(one.years)) if one.years else None
    return one.words, weigh_title(one.words), one.venues, years, one.institutions


def around_features(one: Around, other: Around) -> dict[str, float]:
    """What titles, venues, institutions and years say; what one side lacks says nothing."""
    found: dict[str, float] = {}
    (words, weight, venues, years, institutions), (their_words, their_weight, their_venues, their_years, theirs) = (
        one,
        other,
    )
    if words and their_words:
        found["topic"] = _topic(words, weight, their_words, their_weight)
    if venues and their_venues:
        found["venue"] = float(not venues.isdisjoint(their_venues))
    if institutions and theirs:
        found.update(_institution_feature(institutions, theirs))
    if years and their_years:
        found["years_apart"] = float(min(_gap(years, their_years), _LONG_AGO))
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


def _institution_feature(one: frozenset[str], other: frozenset[str]) -> dict[str, float]:
    """Whether two share an institution; nothing where one is known by its name only and the other by its domain."""
    if not one.isdisjoint(other):
        return {"same_institution": 1.0}
    known, others = ({key.partition(":")[0] for key in keys} for keys in (one, other))
    is_comparable = _FOUND_IN_ALIASES in known | others or not known.isdisjoint(others)
    return {"other_institution": 1.0} if is_comparable else {}


_FOUND_IN_ALIASES: Final = "institution"
"""Kind of the keys that stand for name and domain alike."""


def _gap(one: tuple[int, int], other: tuple[int, int]) -> int:
    """Years between two spans; 0 when they overlap."""
    return max(0, one[0] - other[1], other[0] - one[1])


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


def in_words(found: Mapping[str, float]) -> tuple[str, ...]:
    """What features of the surroundings say, in words, weightiest first; what hardly weighs is left out."""
    weights: Mapping[str, float] = settings()["weights"]
    worth = {text: abs(weights[name] * found[name]) for name, text in _WORDS.items() if name in found}
    return tuple(
        sorted((text for text in worth if worth[text] >= _WORTH_TELLING), key=lambda text: (-worth[text], text))
    )


_WORTH_TELLING: Final = 0.3
"""Log odds: this turns a chance of 50 % into 57 %."""
_RARE: Final = 0.1
_NAMED: Final = 3
_WORDS: Final[Mapping[str, str]] = {
    "second_initial": "a second initial that fits",
    "no_coauthor": "no shared coauthor",
    "coauthor_initial": "coauthors with the same family name and initial",
    "topic": "titles on like topics",
    "venue": "the same venue",
    "same_institution": "the same institution",
    "other_institution": "different institutions",
    "years_apart": "years between their papers",
}
