"""Single days with other hours: overrides, working days that were moved, public holidays of a country."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import holidays

from switchboard.domain.language import Language

LEAP_YEAR = 2000  # stands for every year: it has a 29 February


@dataclass(frozen=True, slots=True)
class Override:
    """Other hours on some days. Both ends belong to it; with `yearly` the years don't count."""

    first: date
    last: date
    hours: str  # OpenStreetMap syntax; "off" is closed all day
    reason: str
    yearly: bool = False
    spoken: Mapping[Language, str] = field(default_factory=dict)  # said with the opening hours on these days

    def holds_on(self, day: date) -> bool:
        """Is this day one of them?"""
        if not self.yearly:
            return self.first <= day <= self.last
        first, last = (self.first.month, self.first.day), (self.last.month, self.last.day)
        this = (day.month, day.day)
        return first <= this <= last if first <= last else this >= first or this <= last

    def shares_with(self, other: Override) -> date | None:
        """A day on which two overrides of the same kind both hold; None if there is none, or one is yearly and the
        other is not: then the dated one counts."""
        if self.yearly != other.yearly:
            return None
        if not self.yearly:
            day = max(self.first, other.first)
            return day if day <= min(self.last, other.last) else None
        year = (date(LEAP_YEAR, 1, 1) + timedelta(days=number) for number in range(366))
        return next((day for day in year if self.holds_on(day) and other.holds_on(day)), None)


@dataclass(frozen=True, slots=True)
class MovedDay:
    """A working day moved to another day: `off` is closed, and on `work` the hours of the weekday of `off` hold."""

    off: date
    work: date
    reason: str

    def stands_for(self) -> date:
        """The day of the week of `work` whose hours hold on `work`."""
        return self.work + timedelta(days=self.off.weekday() - self.work.weekday())


def overlaps_of(overrides: tuple[Override, ...]) -> Iterator[tuple[Override, Override, date]]:
    """Every two overrides of the same kind that hold on one day, the later written last, and such a day."""
    for number, later in enumerate(overrides):
        for earlier in overrides[:number]:
            if (day := earlier.shares_with(later)) is not None:
                yield earlier, later, day


@dataclass(frozen=True, slots=True)
class CountryYear:
    """What the `holidays` package knows of a country in a year."""

    holidays: Mapping[date, str]  # with English names where known
    moved: tuple[MovedDay, ...] = ()  # decreed, those whose worked day lies in this year


@lru_cache(maxsize=64)
def country_year(country: str, year: int) -> CountryYear:
    """The country's public holidays of a year and the weekend days worked in it instead of others.

    The package knows moved days where a government decrees them each year (Latvia, Russia, Hungary, China...),
    once they are decreed: a year or two ahead. It does not know what a single organisation moves. A holiday on a
    weekend that moves to the next working day (Albania, Bulgaria) is among the holidays. Raises NotImplementedError
    for a country it does not know.
    """
    found = _from_package(country, (year,))
    worked: set[date] = getattr(_from_package(country, (year, year + 1)), "weekend_workdays", set())
    moved = [day for day in _decreed(found) if day.work.year == year and day.work in worked]
    return CountryYear(dict(found), tuple(moved))


def is_known_country(country: str) -> bool:
    """Are its public holidays known?"""
    return country in holidays.list_supported_countries()


def _from_package(country: str, years: tuple[int, ...]) -> Any:
    try:
        return holidays.country_holidays(country, years=years, language="en_US")
    except NotImplementedError:
        if country not in holidays.list_supported_countries():
            raise
        return holidays.country_holidays(country, years=years)


def _decreed(found: Any) -> Iterator[MovedDay]:
    """Every substituted day of a country: (month, day) off and worked, and the year worked if it is another."""
    for year, specials in getattr(found, "special_public_holidays", {}).items():
        several = specials if specials and isinstance(specials[0], tuple) else (specials,)
        for special in several:
            if len(special) >= 4:
                month, day, work_month, work_day, *others = special
                yield MovedDay(
                    date(year, month, day), date(others[0] if others else year, work_month, work_day), "by decree"
                )
