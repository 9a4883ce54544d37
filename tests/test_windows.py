from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.conflicts.windows import decide, latest, months_before, place, strictest, widest_clear_window
from matcher.records import PartialDate, Verdict

BLOCK, ASK, CLEAR = Verdict.BLOCK, Verdict.ASK, Verdict.CLEAR
SETTINGS = ("latest", "earliest", "ask")

DAYS = st.dates(date(1950, 1, 1), date(2080, 12, 31))
MONTHS = st.integers(0, 600)


@st.composite
def partial_dates(draw: st.DrawFn) -> PartialDate:
    day = draw(DAYS)
    month = draw(st.sampled_from([None, day.month]))
    return PartialDate(day.year, month, draw(st.sampled_from([None, day.day])) if month else None)


def one_day(day: date) -> PartialDate:
    return PartialDate(day.year, day.month, day.day)


@pytest.mark.parametrize(
    ("day", "months", "start"),
    [
        (date(2024, 10, 1), 0, date(2024, 10, 1)),
        (date(2024, 10, 1), 24, date(2022, 10, 1)),
        (date(2024, 10, 1), 10, date(2023, 12, 1)),
        (date(2024, 10, 1), 9, date(2024, 1, 1)),
        (date(2024, 3, 31), 1, date(2024, 2, 29)),
        (date(2023, 3, 31), 1, date(2023, 2, 28)),
        (date(2024, 5, 31), 1, date(2024, 4, 30)),
        (date(2024, 2, 29), 12, date(2023, 2, 28)),
        (date(2024, 2, 29), 48, date(2020, 2, 29)),
        (date(2023, 2, 28), 36, date(2020, 2, 28)),
        (date(2000, 2, 29), 1200, date(1900, 2, 28)),
        (date(2024, 1, 1), 100_000, date.min),
    ],
)
def test_months_before(day: date, months: int, start: date) -> None:
    assert months_before(day, months) == start


def test_a_window_has_no_negative_length() -> None:
    with pytest.raises(ValueError, match="-1 months"):
        months_before(date(2024, 1, 1), -1)


@given(DAYS, MONTHS)
def test_months_before_agrees_with_the_calendar_of_numpy(day: date, months: int) -> None:
    month = np.datetime64(day, "M") - months
    last = (month + 1).astype("datetime64[D]") - 1
    expected = min(month.astype("datetime64[D]") + (day.day - 1), last)
    assert np.datetime64(months_before(day, months)) == expected


@given(DAYS, MONTHS)
def test_a_longer_window_starts_earlier(day: date, months: int) -> None:
    assert months_before(day, months + 1) < months_before(day, months) <= day


@pytest.mark.parametrize(("sure", "possible"), [(True, True), (False, True), (False, False)])
def test_decide(sure: bool, possible: bool) -> None:
    verdicts = [decide(sure=sure, possible=possible, partial_date=setting) for setting in SETTINGS]
    if sure:
        assert verdicts == [BLOCK, BLOCK, BLOCK]
    elif possible:
        assert verdicts == [BLOCK, CLEAR, ASK]
    else:
        assert verdicts == [CLEAR, CLEAR, CLEAR]


@pytest.mark.parametrize(
    ("deadline", "months", "start"),
    [
        (date(2024, 10, 1), 24, date(2022, 10, 1)),
        (date(2024, 2, 29), 36, date(2021, 2, 28)),
        (date(2024, 3, 31), 13, date(2023, 2, 28)),
        (date(2025, 2, 28), 12, date(2024, 2, 28)),
        (date(2024, 2, 29), 48, date(2020, 2, 29)),
    ],
)
@pytest.mark.parametrize("setting", SETTINGS)
def test_one_day_on_either_side_of_the_start(deadline: date, months: int, start: date, setting: str) -> None:
    assert months_before(deadline, months) == start
    assert place([one_day(start - timedelta(days=1))], start, setting) is CLEAR
    assert place([one_day(start)], start, setting) is BLOCK
    assert place([one_day(start + timedelta(days=1))], start, setting) is BLOCK


def test_what_is_later_than_the_deadline_counts() -> None:
    assert place([PartialDate(2030)], date(2024, 1, 1), "earliest") is BLOCK


@pytest.mark.parametrize(
    ("known", "start", "expected"),
    [
        # A year: from its first day on sure, from the day after its last one on out.
        ("2022", date(2022, 1, 1), {"latest": BLOCK, "earliest": BLOCK, "ask": BLOCK}),
        ("2022", date(2022, 1, 2), {"latest": BLOCK, "earliest": CLEAR, "ask": ASK}),
        ("2022", date(2022, 12, 31), {"latest": BLOCK, "earliest": CLEAR, "ask": ASK}),
        ("2022", date(2023, 1, 1), {"latest": CLEAR, "earliest": CLEAR, "ask": CLEAR}),
        # A month, February of a leap year.
        ("2024-02", date(2024, 2, 1), {"latest": BLOCK, "earliest": BLOCK, "ask": BLOCK}),
        ("2024-02", date(2024, 2, 2), {"latest": BLOCK, "earliest": CLEAR, "ask": ASK}),
        ("2024-02", date(2024, 2, 29), {"latest": BLOCK, "earliest": CLEAR, "ask": ASK}),
        ("2024-02", date(2024, 3, 1), {"latest": CLEAR, "earliest": CLEAR, "ask": CLEAR}),
    ],
)
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_date_known_in_part(known: str, start: date, expected: dict[str, Verdict], setting: str) -> None:
    assert place([PartialDate.parse(known)], start, setting) is expected[setting]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (date(2021, 5, 4), {"latest": BLOCK, "earliest": BLOCK, "ask": BLOCK}),
        (date(2021, 5, 5), {"latest": BLOCK, "earliest": CLEAR, "ask": ASK}),
        (date(2022, 6, 30), {"latest": BLOCK, "earliest": CLEAR, "ask": ASK}),
        (date(2022, 7, 1), {"latest": CLEAR, "earliest": CLEAR, "ask": CLEAR}),
    ],
)
@pytest.mark.parametrize("setting", SETTINGS)
def test_preprint_and_proceedings_are_both_kept(start: date, expected: dict[str, Verdict], setting: str) -> None:
    preprint, proceedings = PartialDate(2021, 5, 4), PartialDate(2022, 6)
    assert place([preprint, proceedings], start, setting) is expected[setting]
    assert place([proceedings, preprint], start, setting) is expected[setting]


@pytest.mark.parametrize("setting", SETTINGS)
def test_no_date_is_a_question_in_a_window_and_a_conflict_without_one(setting: str) -> None:
    assert place([], date(2024, 1, 1), setting) is ASK
    assert place([], None, setting) is BLOCK
    assert place([PartialDate(1990)], None, setting) is BLOCK


@given(st.lists(partial_dates(), min_size=1, max_size=3), DAYS)
def test_ask_is_between_the_two_readings(dates: list[PartialDate], start: date) -> None:
    verdicts = {setting: place(dates, start, setting) for setting in SETTINGS}
    assert (verdicts["ask"] is BLOCK) == (verdicts["earliest"] is BLOCK)
    assert (verdicts["ask"] is not CLEAR) == (verdicts["latest"] is BLOCK)


@given(st.lists(partial_dates(), min_size=1, max_size=3), DAYS, st.sampled_from(SETTINGS))
def test_the_widest_clear_window_is_clear_and_the_next_one_is_not(
    dates: list[PartialDate], deadline: date, setting: str
) -> None:
    widest = widest_clear_window(dates, deadline, setting)
    if widest is None:
        assert place(dates, months_before(deadline, 0), setting) is not CLEAR
    else:
        assert place(dates, months_before(deadline, widest), setting) is CLEAR
        assert place(dates, months_before(deadline, widest + 1), setting) is not CLEAR


@pytest.mark.parametrize(
    ("known", "widest"),
    [("2024-10-01", None), ("2024-09-30", 0), ("2024-09-01", 0), ("2024-08-31", 1), ("2023", 9), ("2024", None)],
)
def test_widest_clear_window(known: str, widest: int | None) -> None:
    assert widest_clear_window([PartialDate.parse(known)], date(2024, 10, 1), "latest") == widest


def test_the_latest_date_is_the_one_that_can_be_latest() -> None:
    assert latest([]) is None
    assert latest([PartialDate(2022, 12, 30), PartialDate(2022), PartialDate(2021)]) == PartialDate(2022)
    assert latest([PartialDate(2022), PartialDate(2022, 12)]) == PartialDate(2022, 12)


def test_strictest() -> None:
    assert strictest([CLEAR, ASK, BLOCK]) is BLOCK
    assert strictest([CLEAR, ASK]) is ASK
    assert strictest([CLEAR]) is CLEAR
    assert strictest([]) is CLEAR
