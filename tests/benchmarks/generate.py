"""A seeded venue of any size: topics with words of their own, groups of people who publish together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

__all__ = ["write_venue"]

_TOPICS: Final = 40
_WORDS_OF_A_TOPIC: Final = 60
_COMMON_WORDS: Final = 400
_SYLLABLES: Final = ("ba", "co", "di", "fu", "ge", "ha", "ki", "lo", "me", "nu", "pa", "ro", "si", "tu", "va", "zo")


def write_text(number: int) -> str:
    """The number-th word of a language without meaning; different numbers give different words."""
    syllables = []
    for _ in range(4):
        number, rest = divmod(number, len(_SYLLABLES))
        syllables.append(_SYLLABLES[rest])
    return "".join(syllables)


def _name(number: int) -> str:
    """The number-th name of people; different numbers give different names, some of which share a word."""
    return f"{write_text(number % 4099).capitalize()} {write_text(7 * number + 11).capitalize()}"


class _Writer:
    """Draws texts about a topic."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def text(self, topic: int, words: int) -> str:
        specific = self._rng.integers(0, _WORDS_OF_A_TOPIC, words) + _COMMON_WORDS + topic * _WORDS_OF_A_TOPIC
        common = self._rng.integers(0, _COMMON_WORDS, words)
        chosen = np.where(self._rng.random(words) < 0.4, specific, common)
        return " ".join(write_text(int(number)) for number in chosen).capitalize()

    def paper(self, name: str, topic: int, authors: list[str], words: int, **more: Any) -> dict[str, Any]:
        mentions = [{"name": _name(int(who[1:])), "person_id": who} for who in authors]
        return {
            "id": name,
            "title": self.text(topic, 9),
            "abstract": self.text(topic, words),
            "authors": mentions,
            **more,
        }


def write_venue(
    folder: Path,
    *,
    submissions: int,
    reviewers: int,
    papers_each: int = 8,
    words: int = 110,
    places: int = 0,
    seed: int = 0,
) -> None:
    """Write a venue folder: reviewers with two topics, papers with a lead and up to three colleagues, 2019 to 2024.

    Args:
        folder: where; made if missing.
        submissions: their number.
        reviewers: their number.
        papers_each: papers that each reviewer leads.
        words: of each abstract.
        places: institutions at which reviewers and authors are; none without. With them every fifth submission names
            its authors without ids, and every tenth reviewer an advisor.
        seed: decides everything.
    """
    rng = np.random.default_rng(seed)
    writer = _Writer(rng)
    group = 12
    topics = rng.integers(0, _TOPICS, (reviewers, 2))
    papers = []
    for lead in range(reviewers):
        colleagues = np.arange(lead - lead % group, min(reviewers, lead - lead % group + group))
        for number in range(papers_each):
            others = rng.choice(colleagues, size=min(len(colleagues), int(rng.integers(1, 4))), replace=False)
            authors = [f"p{lead}"] + [f"p{other}" for other in others.tolist() if other != lead]
            date = str(2019 + int(rng.integers(0, 6)))
            topic = int(topics[lead, int(rng.integers(0, 2))])
            papers.append(writer.paper(f"w{lead}-{number}", topic, authors, words, date=date, kind="conference"))
    offered = []
    for number in range(submissions):
        lead = int(rng.integers(0, reviewers))
        authors = [f"p{lead}", f"p{reviewers + number}"]
        offered.append(writer.paper(f"s{number}", int(topics[lead, 0]), authors, words))
    profiles: list[dict[str, Any]] = [{"id": f"p{who}", "name": _name(who)} for who in range(reviewers)]
    if places:
        _place(rng, offered, profiles, places)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "publications.jsonl", papers)
    _write(folder / "submissions.jsonl", offered)
    _write(folder / "reviewers.jsonl", profiles)
    (folder / "venue.toml").write_text(
        'name = "Seeded venue"\ndeadline = 2025-01-31\nreviews_per_submission = 3\nmax_load = 6\n', encoding="utf-8"
    )


def _place(
    rng: np.random.Generator, offered: list[dict[str, Any]], profiles: list[dict[str, Any]], places: int
) -> None:
    """Give reviewers a current and an earlier institution, authors one, and some of both what makes it harder."""

    def domain() -> str:
        return f"university-{int(rng.integers(0, places))}.example"

    for number, profile in enumerate(profiles):
        start = 2015 + int(rng.integers(0, 8))
        profile["affiliations"] = [{"domain": domain(), "start": str(start)}, {"domain": domain(), "end": str(start)}]
        if number % 10 == 0:
            other = int(rng.integers(0, len(profiles)))
            relation = {"kind": "advisor", "name": _name(other), "person_id": f"p{other}"}
            profile["relations"] = [relation]
    for number, submission in enumerate(offered):
        for mention in submission["authors"]:
            mention["affiliation"] = domain()
            if number % 5 == 0:
                del mention["person_id"]


def _write(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
