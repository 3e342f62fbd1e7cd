"""What stands in the files for days that are long over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from switchboard.flows.problems import Place

LONG = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Dated:
    """Something in a file that means nothing after a day."""

    place: Place
    last: date
    what: str  # "override", "moved day"
    name: str  # its reason, as written


def long_over(dated: Iterable[Dated], today: date) -> Iterator[Dated]:
    """What has meant nothing for over a year; each place once, however many take it over."""
    told = set()
    for each in dated:
        if each.last < today - LONG and each.place not in told:
            told.add(each.place)
            yield each
