"""The names of the reviewers, to find those whom the name of an author may mean.

Names are found by keys that two spellings of one name share (family name and initial, given name and the first letter
of the family name, …), so no name is compared with all others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from matcher.identity.compare import nicknames_of, sound_of
from matcher.identity.model import coauthor_log_odds, name_log_odds, probability, settings
from matcher.identity.names import Spelling, key_of
from matcher.records import PersonId

__all__ = ["ReviewerNames"]

_How: TypeAlias = Literal["fits", "alike", "short_name"]
_FITS: Final = 0.4
_SHORT: Final = 0.3


@dataclass(slots=True)
class _Known:
    """A reviewer with their names."""

    spellings: tuple[Spelling, ...]
    names: tuple[str, ...]
    coauthors: frozenset[str] | None = None


class ReviewerNames:
    """Finds reviewers by name.

    Args:
        names: per reviewer, the names as written.
        same: per reviewer, every record that is surely theirs.
        short_names: per normalised short name, who carries it.
        coauthors: gives the normalised names that stand beside a reviewer's.
    """

    def __init__(
        self,
        names: Mapping[PersonId, Iterable[str]],
        same: Mapping[PersonId, frozenset[PersonId]],
        short_names: Mapping[str, tuple[PersonId, ...]],
        coauthors: Callable[[PersonId], frozenset[str]],
    ) -> None:
        asked_from: float = settings()["thresholds"]["ask"]
        self._asked_from = math.log(asked_from / (1 - asked_from))
        self._hopeless = self._asked_from - settings()["weights"]["coauthor"]  # not even a shared coauthor would help
        self._same = same
        self._short_names = short_names
        self._coauthors = coauthors
        self._known: dict[PersonId, _Known] = {}
        self._by_key: dict[str, dict[PersonId, None]] = {}
        self._by_block: dict[str, dict[PersonId, None]] = {}
        self._found: dict[str, tuple[tuple[PersonId, float | None], ...]] = {}
        self._asked: dict[str, dict[str, None]] = {}
        """Per key and block, the names looked for that have it; some may have been forgotten."""
        for who, own in names.items():
            self._enter(who, own)

    def _enter(self, who: PersonId, names: Iterable[str]) -> None:
        spellings = _fullest(names)
        self._known[who] = _Known(tuple(spellings.values()), tuple(spellings))
        for spelling in spellings.values():
            for key in dict.fromkeys(spelling.keys):
                self._by_key.setdefault(key, {})[who] = None
            for block in _blocks(spelling):
                self._by_block.setdefault(block, {})[who] = None

    def change(
        self,
        names: Mapping[PersonId, Collection[str] | None],
        same: Mapping[PersonId, frozenset[PersonId]],
        short_names: Mapping[str, tuple[PersonId, ...]],
        coauthors: Callable[[PersonId], frozenset[str]],
    ) -> set[str]:
        """Take reviewers up who changed, came or went; copies made before stay as they are.

        Args:
            names: theirs as they are now; `None` for those who are gone.
            same: of those who are there.
            short_names: of everybody.
            coauthors: as for a new one.

        Returns:
            The names for which `alike` may now answer otherwise, as written.
        """
        self._same = {**{who: own for who, own in self._same.items() if who not in names}, **same}
        self._short_names, self._coauthors = short_names, coauthors
        self._known, self._by_key, self._by_block = dict(self._known), dict(self._by_key), dict(self._by_block)
        asked: set[str] = set()
        for who, own in names.items():
            before = self._known.pop(who, None)
            asked |= self._without(who, () if before is None else before.spellings)
            if own is not None:
                asked |= self._without(who, _fullest(own).values())
                self._enter(who, own)
        self._found = {name: found for name, found in self._found.items() if name not in asked}
        return asked

    def _without(self, who: PersonId, spellings: Iterable[Spelling]) -> set[str]:
        """Take somebody out from under the keys of some spellings; gives the names looked for under these."""
        asked: set[str] = set()
        for spelling in spellings:
            for table, keys in ((self._by_key, spelling.keys), (self._by_block, _blocks(spelling))):
                for key in keys:
                    asked.update(self._asked.get(key, ()))
                    table[key] = {each: None for each in table.get(key, ()) if each != who}
        return asked

    def alike(
        self, name: str, normalised: str, besides: Set[PersonId], coauthors: frozenset[str]
    ) -> tuple[tuple[PersonId, _How, float], ...]:
        """The reviewers whom a name may mean, with the basis and the probability.

        Args:
            name: of an author of whom nothing else says who it is, as written.
            normalised: the same, normalised.
            besides: people who are, or may be, other authors of the byline.
            coauthors: normalised names of the other authors.
        """
        found: dict[PersonId, tuple[_How, float]] = {
            who: ("short_name", _SHORT) for who in self._short_names.get(normalised, ()) if who in self._known
        }
        for who, odds in self._candidates(name):
            if who in found or not besides.isdisjoint(self._same[who]):
                continue
            if odds is None:
                found[who] = ("fits", _FITS)
                continue
            total = odds + self._context(who, coauthors)
            if total >= self._asked_from:
                found[who] = ("alike", min(probability(total), _FITS))
        return tuple((who, *found[who]) for who in sorted(found))

    def _candidates(self, name: str) -> tuple[tuple[PersonId, float | None], ...]:
        """Reviewers whose names agree with one (`None`), or may be another spelling of it (log odds)."""
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = tuple(self._search(name))
        return found

    def _search(self, name: str) -> Iterator[tuple[PersonId, float | None]]:
        spelling = Spelling.of(name)
        keys = [*spelling.keys, *([key_of(spelling.swapped)] if spelling.swapped else [])]
        for key in (*keys, *_blocks(spelling)):
            self._asked.setdefault(key, {})[name] = None
        agreeing: dict[PersonId, None] = {}
        for key in dict.fromkeys(keys):
            for who in self._by_key.get(key, ()):
                if any(spelling.agrees(own) for own in self._known[who].spellings):
                    agreeing[who] = None
        for who in agreeing:
            yield who, None
        further: dict[PersonId, None] = {}
        for block in _blocks(spelling):
            further.update(self._by_block.get(block, {}))
        for who in further:
            if who not in agreeing:
                odds = max(name_log_odds(name, own) for own in self._known[who].names)
                if odds >= self._hopeless:
                    yield who, odds

    def _context(self, who: PersonId, coauthors: frozenset[str]) -> float:
        """What shared coauthors, or none, say as log odds."""
        known = self._known[who]
        if known.coauthors is None:
            known.coauthors = self._coauthors(who)
        return coauthor_log_odds(coauthors, known.coauthors)


def _blocks(spelling: Spelling) -> Iterator[str]:
    """Keys of which two spellings of one name share at least one."""
    parts = tuple(map(sound_of, spelling.parts))
    if len(parts) < 2:
        return
    first, last = parts[0], parts[-1]
    yield f"{last} {first[:1]}"
    yield f"{first} {last[:1]}"
    yield "".join(sorted("".join(parts)))
    yield f"{last} ~{first[1:]}"
    yield f"{first} ~{last[1:]}"
    if len(parts) == 2:
        yield f"{first} {last[:1]}"
    for nickname in nicknames_of(spelling.parts[0]):
        yield f"{last} {sound_of(nickname)[:1]}"


def _fullest(names: Iterable[str]) -> dict[str, Spelling]:
    """The spellings of one person without those that another one says in full.

    Who is known as "Z. Liu" and "Zirui Liu" is not "Zihang Liu", though the first alone would fit.
    """
    spellings: dict[Spelling, str] = {}
    for name in names:
        spellings.setdefault(Spelling.of(name), name)
    return {
        name: one
        for one, name in spellings.items()
        if not any(len("".join(one.parts)) < len("".join(other.parts)) and one.agrees(other) for other in spellings)
    }
