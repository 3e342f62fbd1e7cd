"""How an instant is said: "tomorrow, Tuesday, at half past nine", as pieces that are spoken one after the other.

A piece is a prompt id. Which pieces there are is the same in every language; the language's grammar (cases, ordinals,
how half an hour is said) is in their texts, prompts/texts: the 24th of November is `day_24` and `month_11` everywhere,
and says "den tjugofjärde", "двадцать четвёртого" or "kahekümne neljandal" there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TODAY, _TOMORROW, _WEEKDAY, _BEFORE_DATE = "when_today", "when_tomorrow_{}", "when_{}", "when_date_{}"
_DAY, _MONTH, _NEXT_YEAR, _DIGIT = "day_{}", "month_{}", "when_next_year", "digit_{}"
_SUMMER, _WINTER = "when_summer_time", "when_winter_time"
_FULL, _HALF, _HOUR, _MINUTE = "clock_full_{}", "clock_half_{}", "clock_{}", "clock_minute_{}"

_A_WEEK = 7  # days ahead from which a weekday's name alone could be another one's
_FAR = 180  # days ahead from which a day of another year is told with its year

# All there are.
PIECES: tuple[str, ...] = (
    _TODAY,
    *(form.format(day) for form in (_TOMORROW, _WEEKDAY, _BEFORE_DATE) for day in _WEEKDAYS),
    *(_DAY.format(day) for day in range(1, 32)),
    *(_MONTH.format(month) for month in range(1, 13)),
    _NEXT_YEAR,
    *(_DIGIT.format(digit) for digit in range(10)),
    _SUMMER,
    _WINTER,
    *(form.format(hour) for form in (_FULL, _HALF, _HOUR) for hour in range(24)),
    *(_MINUTE.format(minute) for minute in range(1, 60) if minute != 30),
)


def when_said(instant: datetime, now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    """The day and the time of day of an instant, on the wall clock of `zone`, to somebody who hears it at `now`.

    Within a week the weekday is enough; beyond, it has its date, and its year where one could think of another. In the
    hour that is lived through twice, when summer time ends, it is said which of the two is meant.
    """
    local = instant.astimezone(zone)
    return (*day_said(local.date(), now.astimezone(zone).date()), *_clock(local))


def day_said(day: date, today: date) -> tuple[str, ...]:
    """A day, to somebody who hears it today."""
    weekday, ahead = _WEEKDAYS[day.weekday()], (day - today).days
    if ahead == 0:
        return (_TODAY,)
    if ahead == 1:
        return (_TOMORROW.format(weekday),)
    if 0 < ahead < _A_WEEK:
        return (_WEEKDAY.format(weekday),)
    return (_BEFORE_DATE.format(weekday), _DAY.format(day.day), _MONTH.format(day.month), *_year(day, today))


def digits_said(number: str) -> tuple[str, ...]:
    """Its digits, one by one."""
    return tuple(_DIGIT.format(digit) for digit in number if digit in "0123456789")


def _year(day: date, today: date) -> tuple[str, ...]:
    if day.year == today.year or abs((day - today).days) < _FAR:
        return ()
    return (_NEXT_YEAR,) if day.year == today.year + 1 else digits_said(str(day.year))


def _clock(local: datetime) -> Iterator[str]:
    if local.minute == 0:
        yield _FULL.format(local.hour)
    elif local.minute == 30:
        yield _HALF.format(local.hour)
    else:
        yield _HOUR.format(local.hour)
        yield _MINUTE.format(local.minute)
    first, second = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
    if first is not None and second is not None and first > second:  # clocks are put back: this time comes twice
        yield _WINTER if local.fold else _SUMMER
