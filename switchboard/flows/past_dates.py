"""What stands in the files for days that are long over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from switchboard.flows.problems import Place, Problem, Problems

LONG_OVER = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Dated:
    """Something in a file that means nothing after a day."""

    place: Place
    last: date
    what: str  # "the override `stocktaking`"


def past_dates(dated: Iterable[Dated], lines: Mapping[str, list[str]], today: date) -> list[Problem]:
    """A warning for everything that has meant nothing for over a year. `lines` are those of Configuration."""
    problems = Problems(lines=dict(lines))
    for each in dated:
        if each.last < today - LONG_OVER:
            text = f"{each.what} ended on {each.last}, over a year ago"
            problems.warn(each.place, text, "it to be removed", rule="past-date")
    return problems.warnings()
