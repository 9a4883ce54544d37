"""What the entries of one list have in common: the order of their parts and the signs between them.

Whoever writes a list writes all its entries in one way. Every entry can be read in several ways; each of them has a
form, and the forms vote. The reading that is taken is the one that fits its own entry and the habit of the others.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

from matcher.ingest.cv.dates import MONTH_WORD, YEAR

__all__ = ["NO_TEMPLATE", "Form", "Template", "learn", "shape_of"]

_WEIGHTS: Final = {"order": 2.0, "joint": 1.6, "end": 1.6, "look": 1.0, "writing": 1.0}
"""How much each feature counts where all other entries agree on it."""

_TEMPERATURE: Final = 0.8
"""How far the score of a reading must lie below the best to lose most of its vote."""

_DOUBT: Final = 1.0
"""Votes that no form has: a list of few entries says little."""

_ROUNDS: Final = 2
_ANY_END: Final = "mark"
"""A title that ends in a question mark needs no other sign: it agrees with any."""


@dataclass(frozen=True, slots=True)
class Form:
    """How an entry is written, as one of its readings has it.

    Args:
        order: `authors`, `title` or `nobody`, by what stands first and whether authors are named.
        joint: the signs between authors and title, figures and months left out.
        end: what ends the title.
        look: the emphasis of the title.
        writing: how names are written.
    """

    order: str
    joint: str
    end: str
    look: str
    writing: str


_FEATURES: Final = tuple(one.name for one in fields(Form))


def shape_of(between: str) -> str:
    r"""The signs between two parts.

    >>> shape_of(". (2020, May). "), shape_of(", "), shape_of(".\n")
    ('(Y).', ',', '\n')
    """
    text = re.sub(rf"\b{YEAR}[a-z]?\b", "Y", between)
    text = re.sub(rf"\b{MONTH_WORD}\b\.?|\d+", "", text, flags=re.IGNORECASE)
    text = re.sub(r"[^\S\n\t]+", "", text)
    text = re.sub(r"Y[,;]+(?=\))", "Y", text)
    if "\n" in text:
        text = "\n"
    return text.lstrip(".") or text[:1]


class Template:
    """The votes of a list's entries for each value of each feature."""

    def __init__(self, votes: Sequence[dict[tuple[str, str], float]]) -> None:
        self._votes = votes
        self._totals: dict[str, dict[str, float]] = {feature: {} for feature in _FEATURES}
        for vote in votes:
            for (feature, value), weight in vote.items():
                self._totals[feature][value] = self._totals[feature].get(value, 0.0) + weight

    def fit(self, form: Form, *, entry: int | None = None) -> float:
        """How well a form agrees with the entries: 0 where it is theirs, below it where it is another.

        Args:
            form: of a reading.
            entry: the entry that it is a reading of, whose own vote does not count.
        """
        own = {} if entry is None else self._votes[entry]
        voters = len(self._votes) - (entry is not None)
        return sum(self._fit(feature, getattr(form, feature), own, voters) for feature in _FEATURES)

    def _fit(self, feature: str, value: str, own: dict[tuple[str, str], float], voters: int) -> float:
        if feature == "end" and value == _ANY_END:
            return 0.0
        shares = {other: weight - own.get((feature, other), 0.0) for other, weight in self._totals[feature].items()}
        most = max(shares.values(), default=0.0)
        return _WEIGHTS[feature] * (shares.get(value, 0.0) - most) / (voters + _DOUBT)


NO_TEMPLATE: Final = Template(())


def learn(readings: Sequence[Sequence[tuple[Form, float]]]) -> Template:
    """The template of a list.

    Args:
        readings: for every entry, the form and score of each way to read it; an entry without any has no vote.
    """
    template = Template([_votes(each) for each in readings])
    for _ in range(_ROUNDS - 1):
        template = Template(
            [
                _votes([(form, score + template.fit(form, entry=position)) for form, score in each])
                for position, each in enumerate(readings)
            ]
        )
    return template


def _votes(each: Sequence[tuple[Form, float]]) -> dict[tuple[str, str], float]:
    """One vote, shared out among the values of each feature by how well the readings fit."""
    if not each:
        return {}
    best = max(score for _, score in each)
    weights = [math.exp((score - best) / _TEMPERATURE) for _, score in each]
    total = sum(weights)
    found: dict[tuple[str, str], float] = {}
    for (form, _), weight in zip(each, weights, strict=True):
        for feature in _FEATURES:
            key = (feature, getattr(form, feature))
            found[key] = found.get(key, 0.0) + weight / total
    return found
