"""Do the times of answers tell what is hidden? `python -m tests.benchmarks.timing --samples 10000`.

The chair who wrote a submission asks, in random order, about two venues that differ only in who reviews it, and about
its own id against one that does not exist. Printed is, for each question, how well the time alone tells the two apart:
the area under the ROC curve (Mann-Whitney); 0.5 is not at all, and at most 0.55 is allowed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Final

import httpx
import numpy as np
import typer

from matcher.records import Doubles
from tests.leaks import Place
from tests.serving import serving

ALLOWED: Final = 0.55
_WARM: Final = 30


def area(one: Doubles, other: Doubles) -> float:
    """The chance that a value of the second is larger than one of the first, ties counted half; 0.5 or more."""
    both = np.concatenate([one, other])
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    wins = ranks[len(one) :].sum() - len(other) * (len(other) + 1) / 2
    found = float(wins / (len(one) * len(other)))
    return max(found, 1 - found)


def main(
    samples: Annotated[int, typer.Option(help="Answers of each kind.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Of the order in which is asked.")] = 0,
) -> None:
    """Measure, and fail where the time tells."""
    rng = np.random.default_rng(seed)
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), allow_private_webhooks=True) as running:
        worlds = [Place("alpha", 1), Place("gamma", 2)]
        headers = []
        for place in worlds:
            place.fill(running.admin)
            made = running.service.keys.create("chair", ["chair"], venue_id=place.venue, person_id=place.chair)
            headers.append({"Authorization": f"Bearer {made.secret}"})
        ways = {
            name: [(f"/v1/venues/{place.venue}/{path}", headers[number]) for number, place in enumerate(worlds)]
            for name, path in (
                ("assignment", "runs/current/assignment"),
                ("summary", "runs/current/summary"),
                ("fixed pairs", "fixed"),
                ("bids", "bids"),
                ("own jobs", "jobs"),
            )
        }
        here = f"/v1/venues/alpha/submissions/{worlds[0].submission(0)}"
        ways["hidden or absent"] = [(here, headers[0]), (f"{here[:-1]}9", headers[0])]
        with httpx.Client(base_url=running.address) as http:
            for name, pair in ways.items():
                times = _measure(http, pair, samples, rng)
                found = area(times[0], times[1])
                worst = max(worst, found)
                medians = " ".join(f"{np.median(each) * 1000:.2f} ms" for each in times)
                print(f"{name:18} AUC {found:.3f}  medians {medians}")
    print(f"worst {worst:.3f}, allowed {ALLOWED}")
    sys.exit(worst > ALLOWED)


def _measure(
    http: httpx.Client, pair: list[tuple[str, dict[str, str]]], samples: int, rng: np.random.Generator
) -> tuple[Doubles, Doubles]:
    order = rng.permutation(np.repeat([0, 1], samples + _WARM))
    taken: tuple[list[float], list[float]] = ([], [])
    for which in order.tolist():
        path, headers = pair[which]
        start = time.perf_counter()
        http.get(path, headers=headers)
        taken[which].append(time.perf_counter() - start)
    return np.array(taken[0][_WARM:]), np.array(taken[1][_WARM:])


if __name__ == "__main__":
    typer.run(main)
