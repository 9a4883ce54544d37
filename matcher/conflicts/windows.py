"""Windows in months before a deadline, and dates that are known only in part.

A window of N months before a day D starts on the same day of the month, N months earlier; where that month is shorter,
on its last day. What lies on the start is inside. Nothing here knows what day it is today.

A partial date stands for every day that it can mean. So each comparison has two answers: what holds on every reading
(sure), and what holds on at least one (possible). `partial_date` chooses between them; see `decide`.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from datetime import date

from matcher.records import PartialDate, Verdict

__all__ = ["decide", "latest", "months_before", "place", "strictest", "widest_clear_window"]

_MONTHS = 12


def months_before(day: date, months: int) -> date:
    """The same day of the month, some months earlier, or that month's last day where it is shorter.

    Args:
        day: the anchor, a deadline.
        months: how many months earlier, from 0 up.

    Returns:
        The first day of a window of that many months; the calendar's first day where it would start before that.

    >>> months_before(date(2024, 2, 29), 12), months_before(date(2024, 3, 31), 1)
    (datetime.date(2023, 2, 28), datetime.date(2024, 2, 29))
    """
    if months < 0:
        raise ValueError(f"a window cannot be {months} months long")
    year, month = divmod(day.year * _MONTHS + day.month - 1 - months, _MONTHS)
    if year < date.min.year:
        return date.min
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def decide(*, sure: bool, possible: bool, partial_date: str) -> Verdict:
    """Turn the two answers of a comparison of partial dates into a verdict.

    Args:
        sure: the conflict holds whatever day each date means.
        possible: it holds for some days that they can mean; always true when `sure` is.
        partial_date: `latest` takes the reading that keeps the conflict, `earliest` the one that clears it, `ask`
            leaves the choice to people where the readings differ.

    >>> decide(sure=False, possible=True, partial_date="ask")
    <Verdict.ASK: 'ask'>
    """
    if sure or (possible and partial_date == "latest"):
        return Verdict.BLOCK
    if possible and partial_date == "ask":
        return Verdict.ASK
    return Verdict.CLEAR


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """Block before ask before clear; clear for nothing at all.

    >>> strictest([Verdict.ASK, Verdict.BLOCK])
    <Verdict.BLOCK: 'block'>
    """
    found = set(verdicts)
    return next((strict for strict in (Verdict.BLOCK, Verdict.ASK) if strict in found), Verdict.CLEAR)


def place(dates: Sequence[PartialDate], start: date | None, partial_date: str) -> Verdict:
    """Whether something dated counts in a window: `block` inside, `clear` before it, `ask` when nobody can tell.

    What is later than the deadline counts too. Several dates of one work (a preprint's and its proceedings') are all
    kept: the work is surely inside when even its earliest day is, and possibly when its latest day is.

    Args:
        dates: what is known; nothing is asked about in every window that has a start.
        start: first day of the window; `None` for a window without a start, which holds everything.
        partial_date: see `decide`.

    >>> place([PartialDate(2021)], date(2021, 10, 1), "latest"), place([PartialDate(2021)], date(2021, 10, 1), "ask")
    (<Verdict.BLOCK: 'block'>, <Verdict.ASK: 'ask'>)
    """
    if start is None:
        return Verdict.BLOCK
    if not dates:
        return Verdict.ASK
    return decide(
        sure=min(one.first_day() for one in dates) >= start,
        possible=max(one.last_day() for one in dates) >= start,
        partial_date=partial_date,
    )


def widest_clear_window(dates: Sequence[PartialDate], deadline: date, partial_date: str) -> int | None:
    """The largest window, in whole months before the deadline, that clears something dated.

    Args:
        dates: its dates; at least one.
        deadline: where windows are anchored.
        partial_date: see `decide`.

    Returns:
        N such that `place` gives `clear` for a window of N months and for no wider one; `None` when even the window of
        0 months, which starts on the deadline, does not clear it.

    >>> widest_clear_window([PartialDate(2023, 6, 9)], date(2024, 10, 1), "latest")
    15
    """
    if partial_date == "earliest":
        decisive = min(one.first_day() for one in dates)
    else:
        decisive = max(one.last_day() for one in dates)
    months = (deadline.year - decisive.year) * _MONTHS + deadline.month - decisive.month
    if months >= 0 and months_before(deadline, months) > decisive:
        return months
    return months - 1 if months >= 1 else None


def latest(dates: Sequence[PartialDate]) -> PartialDate | None:
    """The date that can mean the latest day; of two such, the one that is known best. `None` for no dates.

    >>> str(latest([PartialDate(2023), PartialDate(2023, 12, 31), PartialDate(2022, 5)]))
    '2023-12-31'
    """
    return max(dates, key=lambda one: (one.last_day(), one.first_day()), default=None)
