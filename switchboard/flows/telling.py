"""What callers are told of facts and opening hours, composed when the folder is loaded.

Opening hours are a sentence of the administrator's, one more on days with an override, and, while closed, when we open
again, put together of three recordings: "We open again" + "on Monday" + "at nine". So everything that may be said is
known beforehand, at whatever time somebody calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from switchboard.domain.facts import Fact
from switchboard.domain.hours import HoursKind, HoursTable
from switchboard.domain.hours_expression import opening_times
from switchboard.domain.language import Language
from switchboard.flows.reading import Reading
from switchboard.flows.source import Place
from switchboard.flows.speech_texts import Wordings
from switchboard.services.office import Speech

TODAY, TOMORROW = "opens_today", "opens_tomorrow"
WEEKDAYS = tuple(
    f"opens_{day}" for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
)
AT_TIME = "opens_at"  # a template of hour (0 to 23), hour12 (1 to 12) and minute (0 to 59)
DAYS = (TODAY, TOMORROW, *WEEKDAYS)


class Telling(Protocol):
    """Something to tell that depends on the day."""

    def at(self, instant: datetime, local: datetime) -> tuple[tuple[Speech, ...], str]:
        """What to say at an instant (UTC, and on the organisation's wall clock), and what that was decided on.

        Nothing to say is an empty tuple."""


@dataclass(frozen=True, slots=True)
class FactTelling:
    """A fact's wordings."""

    fact: Fact
    said: tuple[Speech, ...]  # in the order of the fact's wordings

    def at(self, instant: datetime, local: datetime) -> tuple[tuple[Speech, ...], str]:
        """See Telling."""
        wording = self.fact.valid_on(local.date())
        if wording is None:
            return (), f"{self.fact.id}: nothing valid on {local.date()}"
        return (self.said[self.fact.wordings.index(wording)],), f"{self.fact.id}: valid on {local.date()}"


@dataclass(frozen=True, slots=True)
class HoursTelling:
    """Opening hours and when they begin again."""

    table: HoursTable
    spoken: Speech
    overrides: Mapping[int, Speech]  # by the override's place in the table
    days: Mapping[str, Speech]
    times: Mapping[tuple[int, int], Speech]

    def at(self, instant: datetime, local: datetime) -> tuple[tuple[Speech, ...], str]:
        """See Telling."""
        today = self.table.local(instant).date()
        state = self.table.state_at(instant)
        parts = [self.spoken]
        override = self.table.day(today).override
        if override is not None and (special := self.overrides.get(self.table.overrides.index(override))):
            parts.append(special)
        if state.kind is not HoursKind.OPEN and state.opens is not None:
            parts.extend(self._opens_again(today.toordinal(), self.table.local(state.opens)))
        return tuple(parts), f"{self.table.id}: {state.reason}"

    def _opens_again(self, today: int, opens: datetime) -> tuple[Speech, ...]:
        ahead = opens.date().toordinal() - today
        time = self.times.get((opens.hour, opens.minute))
        if ahead > 6 or time is None:
            return ()
        day = TODAY if ahead == 0 else TOMORROW if ahead == 1 else WEEKDAYS[opens.weekday()]
        return self.days[day], time


@dataclass(frozen=True, slots=True)
class Tellings:
    """Everything there is to tell, by id."""

    of_facts: Mapping[str, FactTelling]
    of_hours: Mapping[str, HoursTelling]


def compose_tellings(
    reading: Reading,
    wordings: Wordings,
    hours: Mapping[str, HoursTable],
    facts: Mapping[str, Fact],
    prompts: Mapping[str, Speech],
    at_time: Mapping[Language, tuple[str, Place]],
) -> Tellings:
    """Put together what is told. `at_time` is the template `opens_at` per language."""
    nothing: Speech = dict.fromkeys(reading.languages, ())
    days = {day: prompts.get(day, nothing) for day in DAYS}
    times: dict[tuple[int, int], Speech] = {}
    for table in hours.values():
        for expression in (table.hours, *(override.hours for override in table.overrides)):
            for opening in sorted(opening_times(expression)):
                time = (opening.hour, opening.minute)
                if time not in times:
                    times[time] = wordings.speech(_time_texts(reading, at_time, *time))
    return Tellings(
        {fact.id: _fact(wordings, fact) for fact in facts.values()},
        {table.id: _hours(wordings, table, days, times) for table in hours.values()},
    )


def _time_texts(
    reading: Reading, at_time: Mapping[Language, tuple[str, Place]], hour: int, minute: int
) -> dict[Language, str]:
    values = {"hour": hour, "hour12": (hour + 11) % 12 + 1, "minute": minute}
    return {language: reading.render(text, place, language, values) for language, (text, place) in at_time.items()}


def _fact(wordings: Wordings, fact: Fact) -> FactTelling:
    return FactTelling(fact, tuple(wordings.speech(wording.texts) for wording in fact.wordings))


def _hours(
    wordings: Wordings, table: HoursTable, days: Mapping[str, Speech], times: Mapping[tuple[int, int], Speech]
) -> HoursTelling:
    overrides = {
        number: wordings.speech(override.spoken) for number, override in enumerate(table.overrides) if override.spoken
    }
    return HoursTelling(table, wordings.speech(table.spoken), overrides, days, times)
