"""Language groups of names, found from which given and family names go together.

That somebody is called Kenji and that they are called Suzuki is not independent: both names are Japanese. Within a
group of names of one language it is nearly so. So the names of authors are sorted into groups, and how many people
carry a full name is reckoned group by group. The groups have no labels: they come from the texts alone.

Source: Hofmann, Probabilistic latent semantic analysis, UAI 1999 (the mixture and its fit by expectation and
maximisation); it begins with groups of family names, by the leading axes of a correspondence analysis of the table of
given and family names (Greenacre, Theory and Applications of Correspondence Analysis, 1984).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import svds
from sklearn.cluster import KMeans

__all__ = ["NameGroups", "find_groups"]

Matrix = npt.NDArray[np.float64]

_GROUPS: Final = 12
_ROUNDS: Final = 15
_FEWEST: Final = 3
"""A name that fewer people carry says nothing of its group."""
_SMOOTHING: Final = 0.02
_FIRST_GUESS: Final = 0.9


@dataclass(frozen=True, slots=True)
class NameGroups:
    """People by group, the largest group first.

    Args:
        people: (G,) how many people each group has; they sum to all.
        given: per given name with enough people, (G,) the share of each group, summing to 1.
        family: the same for family names.
    """

    people: Matrix
    given: Mapping[str, Matrix]
    family: Mapping[str, Matrix]


def find_groups(names: Sequence[tuple[str, str]], *, groups: int = _GROUPS) -> NameGroups:
    """Sort people into groups by their names.

    Args:
        names: given and family name of each person.
        groups: how many groups; fewer where there are too few names.
    """
    counts = [Counter(name[place] for name in names) for place in (0, 1)]
    places = [
        {name: at for at, name in enumerate(sorted(n for n, c in count.items() if c >= _FEWEST))} for count in counts
    ]
    kept = [
        (places[0][given], places[1][family]) for given, family in names if given in places[0] and family in places[1]
    ]
    groups = min(groups, len(places[1]) // 4)
    if groups < 2:
        return NameGroups(np.array([float(len(names))]), {}, {})
    given, family = np.array(kept).T
    sizes = (len(places[0]), len(places[1]))
    chance = np.full((len(kept), groups), (1 - _FIRST_GUESS) / groups)
    chance[np.arange(len(kept)), _first_groups(given, family, sizes, groups)[family]] += _FIRST_GUESS
    for _ in range(_ROUNDS):
        tables = [_table(one, chance, size) for one, size in ((given, sizes[0]), (family, sizes[1]))]
        people = chance.sum(axis=0)
        told = np.log(people / people.sum())
        for one, table in zip((given, family), tables, strict=True):
            smooth = table + _SMOOTHING
            told = told + np.log(smooth / smooth.sum(axis=0))[one]
        chance = np.exp(told - told.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
    order = np.argsort(-people, kind="stable")
    shares = [table[:, order] / table.sum(axis=1, keepdims=True).clip(min=_SMOOTHING) for table in tables]
    of_names = [
        {name: share[at] for name, at in place.items() if share[at].sum() > 0}
        for place, share in zip(places, shares, strict=True)
    ]
    return NameGroups(people[order] * len(names) / people.sum(), *of_names)


def _table(names: npt.NDArray[np.int64], chance: Matrix, size: int) -> Matrix:
    """People by name and group."""
    return np.stack([np.bincount(names, column, size) for column in chance.T], axis=1)


def _first_groups(
    given: npt.NDArray[np.int64], family: npt.NDArray[np.int64], sizes: tuple[int, int], groups: int
) -> npt.NDArray[np.int64]:
    """A group for every family name: those that go with the same given names."""
    table = sparse.coo_matrix((np.ones(len(given)), (given, family)), shape=sizes).tocsr()
    rows, columns = (np.asarray(table.sum(axis=axis)).ravel() + 2 for axis in (1, 0))
    scaled = sparse.diags(rows**-0.5) @ table @ sparse.diags(columns**-0.5)
    axes = min(groups, min(sizes) - 2)
    _, strength, right = svds(scaled, k=axes + 1, v0=np.ones(min(sizes)))
    order = np.argsort(-strength, kind="stable")[1:]  # the first axis only says how frequent a name is
    at = right[order].T * strength[order] / np.sqrt(columns)[:, None]
    at /= np.linalg.norm(at, axis=1, keepdims=True).clip(min=1e-9)
    found: npt.NDArray[np.int64] = KMeans(groups, n_init=5, random_state=0).fit(at, sample_weight=columns).labels_
    return found
