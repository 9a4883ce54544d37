"""Earlier versions and earlier rounds: same, different, no wish, declined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from matcher import MatchConfig, match
from matcher.assignment import build_limits
from matcher.errors import DataError
from matcher.history import wishes
from matcher.records import (
    Conflicts,
    ExistingAssignment,
    HistoryEntry,
    Index,
    PairStatus,
    Person,
    PersonId,
    Reviewer,
    ScoreMatrix,
    Submission,
    SubmissionId,
    Venue,
)
from tests.worlds import two_fields

S, R = [SubmissionId(name) for name in ("s0", "s1")], [PersonId(name) for name in ("r0", "r1", "r2")]
CONFIG = MatchConfig(reviews_per_submission=1, max_load=1)


def venue(*entries: tuple[int, int, str], declined: tuple[tuple[int, int], ...] = ()) -> Venue:
    return Venue.of(
        people=[Person(name, (f"Person {name}",)) for name in R],
        reviewers=[Reviewer(name) for name in R],
        submissions=[Submission(name, f"Title {name}") for name in S],
        history=[HistoryEntry(S[row], R[column], "earlier", wish) for row, column, wish in entries],
        assignments=[ExistingAssignment(S[row], R[column], "declined") for row, column in declined],
    )


def scores() -> ScoreMatrix:
    array = np.array([[0.2, 0.5, 0.8], [0.3, 0.5, 0.7]], dtype=np.float32)
    return ScoreMatrix(Index(S), Index(R), array, array, "text")


def status(of: Venue, config: MatchConfig = CONFIG) -> list[list[int]]:
    found: list[list[int]] = build_limits(of, config, scores(), Conflicts(())).status.tolist()
    return found


FREE, AGAIN, NOT_AGAIN = PairStatus.ELIGIBLE, PairStatus.REQUIRED, PairStatus.NOT_AGAIN


@pytest.mark.parametrize(
    ("word", "expected"), [("same", AGAIN), ("Different reviewers", NOT_AGAIN), ("no preference", FREE), ("", FREE)]
)
def test_a_wish_decides_and_no_wish_does_not(word: str, expected: PairStatus) -> None:
    assert status(venue((0, 0, word)))[0] == [expected, FREE, FREE]
    assert status(venue((0, 0, word)), replace(CONFIG, earlier_reviewers="off"))[0] == [FREE, FREE, FREE]


def test_a_wish_never_asks_for_more_than_load_and_demand_and_takes_the_best_match() -> None:
    assert status(venue((0, 0, "same"), (1, 0, "same"))) == [[FREE, FREE, FREE], [AGAIN, FREE, FREE]]
    assert status(venue((0, 0, "same"), (0, 1, "same"))) == [[FREE, AGAIN, FREE], [FREE, FREE, FREE]]


def test_who_declined_is_not_asked_again_not_even_on_a_wish() -> None:
    assert status(venue((0, 0, "same"), declined=((0, 0),)))[0] == [PairStatus.DECLINED, FREE, FREE]


def test_scores_stay_as_they_are_and_matching_twice_gives_the_same() -> None:
    world = two_fields()
    plain = world.venue()
    told = replace(
        plain,
        history=(HistoryEntry(SubmissionId("pruning-s0"), PersonId("tracking-r0"), "earlier", "same"),),
    )
    config = MatchConfig(encoder="tfidf")
    first, second = match(told, config), match(told, config)
    assert first.assignment == second.assignment
    assert (first.scores.values == match(plain, config).scores.values).all()
    explained = first.explain("pruning-s0", "tracking-r0")
    assert explained.status == "required"
    assert explained.reasons[0] == "the authors wish for the reviewer of an earlier version"


def test_what_is_not_understood_or_contradicts_is_refused() -> None:
    with pytest.raises(DataError, match=r"the wish 'perhaps' about 'r0' for 's0' is not understood \(allowed are same"):
        wishes(venue((0, 0, "perhaps")))
    both = Venue.of(
        people=[Person(R[0], ("A",))],
        reviewers=[Reviewer(R[0])],
        submissions=[Submission(S[0], "a")],
        history=[HistoryEntry(S[0], R[0], "v1", "same"), HistoryEntry(S[0], R[0], "v2", "different")],
    )
    with pytest.raises(DataError, match="the wishes about 'r0' for 's0' contradict each other"):
        wishes(both)


def test_held_back_load_is_not_given_out() -> None:
    limits = build_limits(venue(), replace(CONFIG, max_load=5, hold_back=0.4), scores(), Conflicts(()))
    assert limits.max_load.tolist() == [3, 3, 3]
