"""Ten thousand venues in which authors hide that they are reviewers, matched from the texts on: `make test-long`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from eval.conflicts import ALIASES, random_venue
from matcher import MatchConfig, match
from matcher.assignment import verify
from matcher.records import Paper, PaperId, PartialDate, Venue, Verdict

WORDS = ("pruning", "graphs", "privacy", "speech", "robots", "proofs", "vision", "markets", "genes", "climate")
OBJECTIVES = ("max-min", "max-total", "leximin", "greedy")


def tempting(venue: Venue, true: frozenset[tuple[str, str]], rng: np.random.Generator) -> Venue:
    """The venue with texts under which whoever must not review a submission fits it best.

    Every reviewer lists one paper on each submission with which they are in conflict, and one on something else; these
    papers are theirs alone, so they bring no conflict of their own.
    """
    submissions = [
        replace(each, abstract=f"{WORDS[number]} {WORDS[number]}s: a study of {WORDS[number]}.")
        for number, each in enumerate(venue.submissions)
    ]
    abstracts: dict[str, str] = {each.id: each.abstract for each in submissions}
    papers, reviewers = list(venue.papers), []
    for reviewer in venue.reviewers:
        texts = [abstracts[row] for row, who in sorted(true) if who == reviewer.person_id]
        texts.append(f"{WORDS[int(rng.integers(len(submissions), len(WORDS)))]} in practice")
        own = [
            Paper(PaperId(f"own-{reviewer.person_id}-{number}"), text, dates=(PartialDate(2022),))
            for number, text in enumerate(texts)
        ]
        papers += own
        reviewers.append(replace(reviewer, paper_ids=tuple(paper.id for paper in own)))
    return Venue.of(
        papers=papers,
        people=venue.people,
        reviewers=reviewers,
        submissions=submissions,
        declared=venue.declared,
        deadline=venue.deadline,
    )


def kind_of(name: str, email: str | None, venue: Venue) -> str:
    """Which alias a byline shows, told from what it looks like and not from how it was drawn."""
    if email is not None:
        return "tagged_address" if "+new" in email else "address"
    marks = {"(Bobby)": "nickname", " Q. ": "middle", ". ": "initial", ", ": "comma", "Married": "second_name"}
    for mark, kind in marks.items():
        if mark in name:
            return kind
    if name.isupper():
        return "capitals"
    known = {person.name for person in venue.people}
    if name in known:
        return "name"
    return "swapped" if " ".join(reversed(name.split())) in known else "accents"


def attack(venues: int, seed: int) -> Counter[str]:
    """Match venues; count pairs, true conflicts, kinds of alias, and what must be zero."""
    rng = np.random.default_rng(seed)
    counts: Counter[str] = Counter()
    for number in range(venues):
        plain, true = random_venue(rng)
        venue = tempting(plain, true, rng)
        config = MatchConfig(
            encoder="tfidf",
            allow_partial=True,
            reviews_per_submission=2,
            max_load=3,
            min_load=0,
            objective=OBJECTIVES[number % len(OBJECTIVES)],
        )
        result = match(venue, config)
        pairs = {(pair.submission_id, pair.reviewer_id) for pair in result.assignment.pairs}
        counts["violations"] += len(verify(result.assignment, result.scores, result.limits, result.conflicts))
        counts["assigned in conflict, by construction"] += len(pairs & true)
        counts["assigned in conflict, by the rules"] += len(
            pairs & set(result.conflicts.pairs(Verdict.BLOCK, Verdict.ASK))
        )
        counts["assigned"] += len(pairs)
        counts["true"] += len(true)
        counts["tempting"] += tempted(result.scores.values, venue, true)
        for submission in venue.submissions:
            hidden = submission.authors[0]
            is_id = hidden.person_id is not None
            counts["id" if is_id else kind_of(hidden.name, hidden.email, venue)] += 1
    return counts


def tempted(values: np.ndarray, venue: Venue, true: frozenset[tuple[str, str]]) -> int:
    """Submissions whose best score is that of somebody in conflict: without the rules they would be chosen."""
    best = np.nanargmax(values, axis=1).tolist()
    rows = zip(venue.active_submissions, best, strict=True)
    return sum((row.id, venue.reviewers[column].person_id) in true for row, column in rows)


def judge(counts: Counter[str], venues: int) -> None:
    assert counts["violations"] == 0
    assert counts["assigned in conflict, by construction"] == 0
    assert counts["assigned in conflict, by the rules"] == 0
    assert counts["tempting"] > 2 * venues
    assert counts["assigned"] > 2 * venues
    assert set(ALIASES) <= set(counts)


def test_no_alias_gets_an_author_their_own_submission() -> None:
    judge(attack(60, seed=11), 60)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_no_alias_gets_an_author_their_own_submission_in_ten_thousand_venues(seed: int) -> None:
    """Twenty times five hundred venues from text to assignment, counted again from how they were made."""
    judge(attack(500, seed=seed), 500)
