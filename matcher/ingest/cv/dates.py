"""Dates and stretches of time as CVs write them: `Sept. 2019`, `06/2023`, `2015-17`, `Fall 2021 – Present`.

A date keeps the precision that it was written with. A season says no more than its year. Nothing is filled in.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from matcher.records import PartialDate

__all__ = ["MONTH_WORD", "YEAR", "DateAtom", "TimeSpan", "atoms", "is_only_dates", "spans"]

_MONTHS: Final = (
    # English, German, French, Spanish, Italian, Portuguese, Dutch; without accents
    "january jan januar janner janvier janv enero ene gennaio gen janeiro januari",
    "february feb februar fevrier fevr fev febrero febbraio fevereiro februari febr",
    "march mar marz maerz mars marzo marco maart mrt",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "june jun juni juin junio giugno giu junho",
    "july jul juli juillet juil julio luglio lug julho",
    "august aug aout agosto ago augustus",
    "september sept sep septembre septiembre settembre set setembro",
    "october oct oktober okt octobre octubre ottobre ott outubro out",
    "november nov novembre noviembre novembro",
    "december dec dezember dez decembre diciembre dicembre dic dezembro",
)
_MONTH: Final = {word: number for number, words in enumerate(_MONTHS, start=1) for word in words.split()}
_ACCENTED: Final = ("jänner", "février", "févr", "fév", "märz", "août", "décembre", "déc", "março")
_MONTH_ALTERNATIVES: Final = "|".join(sorted((*_MONTH, *_ACCENTED), key=lambda word: (-len(word), word)))

MONTH_WORD: Final = rf"(?:{_MONTH_ALTERNATIVES})"
YEAR: Final = r"(?:19[4-9]\d|20[0-4]\d)"
"""Years in which somebody who reviews today may have studied or published."""

_SEASON: Final = (
    r"(?:spring|summer|autumn|fall|winter|frühjahr|frühling|sommer|herbst|printemps|été|automne|hiver|primavera|verano"
    r"|otoño|invierno|early|late|mid|Q[1-4]|semester|term|end of)"
)
_ATOM: Final = re.compile(
    rf"""
    (?<![\w.:/-]) (?P<iso_y>{YEAR})-(?P<iso_m>0[1-9]|1[0-2])-(?P<iso_d>[0-2]\d|3[01]) (?!\d)
  | (?<!\w) (?P<dm_d>[0-2]?\d|3[01])(?:st|nd|rd|th|\.)?[ ]+(?:de[ ]+)?(?P<dm_m>{MONTH_WORD})\.?,?[ ]+(?:de[ ]+|of[ ]+)?
        (?P<dm_y>{YEAR}) (?!\d)
  | (?<!\w) (?P<md_m>{MONTH_WORD})\.?[ ]*(?P<md_d>[0-2]?\d|3[01])(?:st|nd|rd|th)?,?[ ]+(?P<md_y>{YEAR}) (?!\d)
  | (?<!\w) (?P<my_m>{MONTH_WORD})(?:\.?,?[ ]*(?:de[ ]+|of[ ]+)?|[-/.])(?P<my_y>{YEAR}) (?!\d)
  | (?<!\w) (?P<ms_m>{MONTH_WORD})\.?[ ]*['’](?P<ms_y>\d\d) (?!\d)
  | (?<!\w) (?P<ja_y>{YEAR})年(?:[ ]*(?P<ja_m>1[0-2]|0?[1-9])月)?
  | (?<!\w) (?P<ko_y>{YEAR})년(?:[ ]*(?P<ko_m>1[0-2]|0?[1-9])월)?
  | (?<![\w./]) (?P<dmy_d>\d{{1,2}})(?P<dmy_sign>[./])(?P<dmy_m>\d{{1,2}})(?P=dmy_sign)(?P<dmy_y>{YEAR}) (?!\d)
  | (?<![\w./]) (?P<nm_m>1[0-2]|0?[1-9])[./][ ]?(?P<nm_y>{YEAR}) (?![\d])
  | (?<![\w./]) (?P<ny_y>{YEAR})[./](?P<ny_m>1[0-2]|0?[1-9]) (?![\d/]|\.\d|[–—]\d{{1,2}}(?!\d))
  | (?<![\w./-]) (?P<nd_y>{YEAR})-(?P<nd_m>1[0-2]|0[1-9]) (?![\d/.-])
  | (?<!\w) (?P<ym_y>{YEAR}),?[ ](?P<ym_m>{MONTH_WORD})\b(?=\.?\s*(?:$|[)\],;:–—-]))
  | (?<!\w) {_SEASON}\.?[ ,/-]*(?P<sy_y>{YEAR}) (?!\d)
  | (?<![\w.,$€£#]) (?P<y_y>{YEAR}) (?![\w%€]|,\d|\.\d)
  | (?<=[A-Za-z]) ['’](?P<tag_y>\d\d) (?![\w'’])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MAY_HOLD_DATE: Final = re.compile(rf"{YEAR}|['’]\s?\d\d")

_OPEN: Final = (
    r"(?:(?:till|to|until)\s+(?:date|now|present|today)|present|current(?:ly)?|now|today|ongoing|on-going"
    r"|date|today|heute|jetzt|laufend|présent|present day"
    r"|aujourd['’]hui|en cours|actualidad|actual(?:mente)?|presente|oggi|atual(?:mente)?|heden|nu"
    r"|至今|现在|現在|今|현재)"
)
_JOINT: Final = re.compile(
    r"\s*(?:[–—−‒―‐~～→-]{1,3}|\bto\b|\buntil\b|\btill\b|\bthrough\b|\bbis\b|\bà\b|\ba\b|\bal\b|\baté\b|\btot\b)\s*"
)
_TO_OPEN: Final = re.compile(rf"{_JOINT.pattern}\(?{_OPEN}\)?(?!\w)", re.IGNORECASE)
_TO_NOTHING: Final = re.compile(r"\s?[–—−-]\s*(?=$|[\n\t);,])")
_TO_SHORT_YEAR: Final = re.compile(r"\s?[–—−-]\s?(\d\d)(?![\w/.])")
_SINCE: Final = re.compile(
    r"(?:\bsince|\bfrom|\bseit|\bab|\bdepuis|\bdesde|\bsinds|\bdal|\bstarting|\bas of)\s*:?\s*\Z", re.IGNORECASE
)
_UNTIL: Final = re.compile(r"(?:\buntil|\btill|\bbis|\bjusqu['’]en|\bhasta|\bup to)\s*\Z", re.IGNORECASE)
_MONTH_TO: Final = re.compile(
    rf"(?<!\w)(?P<from>{MONTH_WORD})\.?(?:\s+\d{{1,2}})?\s*(?:[–—−/-]|\bto\b|\band\b|&)\s*\Z", re.IGNORECASE
)
_SEASON_TO: Final = re.compile(rf"(?<!\w){_SEASON}\s*(?:[–—−/-]|\band\b|&|to)\s*\Z", re.IGNORECASE)

_LONGEST_LEAD: Final = 40
"""Characters before a date in which a word such as "since" may stand."""


@dataclass(frozen=True, slots=True)
class DateAtom:
    """One date in a text.

    Args:
        date: what it says.
        start: where it begins.
        end: where it ends.
        is_short: whether the year was written with two digits (`ICML'24`).
    """

    date: PartialDate
    start: int
    end: int
    is_short: bool = False


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A stretch of time in a text, or a single date.

    Args:
        first: first date; `None` where only the end is known.
        last: last date; `None` where it is open.
        start: where it begins in the text.
        end: where it ends in the text.
        is_range: whether two ends, or an open end, were written.
    """

    first: PartialDate | None
    last: PartialDate | None
    start: int
    end: int
    is_range: bool


def _month_number(word: str) -> int:
    bare = "".join(char for char in unicodedata.normalize("NFD", word.casefold()) if not unicodedata.combining(char))
    return _MONTH[bare]


def _date(year: str, month: str | None = None, day: str | None = None) -> PartialDate:
    number = None if month is None else int(month) if month.isdecimal() else _month_number(month)
    try:
        return PartialDate(int(year), number, None if day is None else int(day))
    except ValueError:  # 31 June and the like: the month stands
        return PartialDate(int(year), number if number and number <= 12 else None)


def _of(found: re.Match[str]) -> PartialDate:
    get = found.groupdict()
    for key in ("iso", "dm", "md"):
        if get[f"{key}_y"]:
            return _date(get[f"{key}_y"], get[f"{key}_m"], get[f"{key}_d"])
    for key in ("my", "ja", "ko", "nm", "ny", "nd", "ym"):
        if get[f"{key}_y"]:
            return _date(get[f"{key}_y"], get[f"{key}_m"])
    if get["ms_y"]:
        return _date(_century(get["ms_y"]), get["ms_m"])
    if get["dmy_y"]:
        return _numeric(get["dmy_d"], get["dmy_m"], get["dmy_y"], slashed=get["dmy_sign"] == "/")
    if get["tag_y"]:
        return _date(_century(get["tag_y"]))
    return _date(get["sy_y"] or get["y_y"])


def _numeric(one: str, two: str, year: str, *, slashed: bool) -> PartialDate:
    """Day and month in figures: with points the day stands first; with slashes only a number above 12 tells."""
    if slashed and int(one) <= 12 and int(two) <= 12:
        return _date(year, one) if one == two else _date(year)
    day, month = (two, one) if slashed and int(two) > 12 else (one, two)
    return _date(year, month, day) if 1 <= int(month) <= 12 else _date(year)


def _century(two: str) -> str:
    return f"20{two}" if int(two) < 50 else f"19{two}"


@lru_cache(maxsize=4096)
def atoms(text: str) -> tuple[DateAtom, ...]:
    """Every single date in a text, from left to right.

    >>> [str(one.date) for one in atoms("Accepted 12 June 2023, printed 07/2024; ICML'22")]
    ['2023-06-12', '2024-07', '2022']
    """
    if not _MAY_HOLD_DATE.search(text):
        return ()
    found = []
    for one in _ATOM.finditer(text):
        try:
            date = _of(one)
        except (KeyError, ValueError):
            continue
        found.append(DateAtom(date, one.start(), one.end(), bool(one["tag_y"])))
    return tuple(found)


def spans(text: str) -> list[TimeSpan]:
    """Every stretch of time in a text, from left to right; a single date is a stretch of its own.

    >>> [(str(one.first), str(one.last)) for one in spans("Sep. 2012 – Jul. 2016; since 2020; 2015-17; May-Aug 2019")]
    [('2012-09', '2016-07'), ('2020', 'None'), ('2015', '2017'), ('2019-05', '2019-08')]
    """
    found: list[TimeSpan] = []
    pending = [one for one in atoms(text) if not one.is_short]
    position = 0
    while position < len(pending):
        one = pending[position]
        position += 1
        if position < len(pending):
            other = pending[position]
            between = text[one.end : other.start]
            joint = _JOINT.fullmatch(_season_free(between))
            if joint and one.date.first_day() <= other.date.last_day():
                found.append(TimeSpan(one.date, other.date, one.start, other.end, is_range=True))
                position += 1
                continue
        found.append(_lone(text, one))
    return found


def _season_free(text: str) -> str:
    return re.sub(rf"(?<!\w){_SEASON}(?!\w)", "", text, flags=re.IGNORECASE) if text.strip(" –—-") else text


def _lone(text: str, one: DateAtom) -> TimeSpan:
    """A date that no second date follows: open, or with its other end written short, or single."""
    opened = _TO_OPEN.match(text, one.end)
    if opened:
        return TimeSpan(one.date, None, one.start, opened.end(), is_range=True)
    short = _TO_SHORT_YEAR.match(text, one.end)
    if short and one.date.precision == "year":
        year = one.date.year // 100 * 100 + int(short[1])
        if one.date.year <= year <= one.date.year + 40:
            return TimeSpan(one.date, PartialDate(year), one.start, short.end(), is_range=True)
    nothing = _TO_NOTHING.match(text, one.end)
    if nothing:
        return TimeSpan(one.date, None, one.start, nothing.end(), is_range=True)
    return _by_words_before(text, one)


def _by_words_before(text: str, one: DateAtom) -> TimeSpan:
    """The span that `since`, `until` or a first month before a lone date make of it."""
    offset = max(0, one.start - _LONGEST_LEAD)
    before = text[offset : one.start]
    since = _SINCE.search(before)
    if since:
        return TimeSpan(one.date, None, offset + since.start(), one.end, is_range=True)
    until = _UNTIL.search(before)
    if until:
        return TimeSpan(None, one.date, offset + until.start(), one.end, is_range=True)
    month = _MONTH_TO.search(before)
    if month and one.date.month is not None:
        first = PartialDate(one.date.year, _month_number(month["from"]))
        if first.first_day() <= one.date.last_day():
            return TimeSpan(first, one.date, offset + month.start(), one.end, is_range=True)
    season = _SEASON_TO.search(before)
    start = offset + season.start() if season else one.start
    return TimeSpan(one.date, one.date, start, one.end, is_range=False)


def is_only_dates(text: str) -> bool:
    """Whether a text says when, and nothing else.

    >>> is_only_dates("May. 2023 – Aug. 2023"), is_only_dates("*Expected* 2025"), is_only_dates("since May, at home")
    (True, True, False)
    """
    rest = text
    found = spans(text)
    for one in reversed(found):
        rest = rest[: one.start] + rest[one.end :]
    rest = re.sub(
        r"\b(?:expected|anticipated|est|ca|approx|in progress|date|year|published|posted|submitted)\b",
        "",
        rest,
        flags=re.IGNORECASE,
    )
    return bool(found) and not re.search(r"\w", rest)
