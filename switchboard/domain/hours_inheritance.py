"""Opening hours that take over what they don't say themselves: from organisation to department to person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from switchboard.domain.hours import HoursTable
from switchboard.domain.hours_days import MovedDay, Override
from switchboard.domain.language import Language

ALWAYS_CLOSED = "off"


@dataclass(frozen=True, slots=True)
class OwnHours:
    """What opening hours say themselves. None is not said, and inherited."""

    id: str
    inherits: str = ""  # the id of others; "" from none
    hours: str | None = None
    timezone: str | None = None
    country: str | None = None
    overrides: tuple[Override, ...] = ()
    moved: tuple[MovedDay, ...] = ()
    spoken: Mapping[Language, str] | None = None


def inherit(own: OwnHours, parent: HoursTable) -> HoursTable:
    """Whole opening hours. Its own overrides come before inherited ones, and of its own the dated before the yearly;
    its own moved days come before inherited ones."""
    return HoursTable(
        own.id,
        parent.hours if own.hours is None else own.hours,
        own.timezone or parent.timezone,
        own.country or parent.country,
        (*sorted(own.overrides, key=lambda override: override.yearly), *parent.overrides),
        parent.spoken if own.spoken is None else own.spoken,
        (*own.moved, *parent.moved),
    )


def circle_of(identifier: str, written: Mapping[str, OwnHours]) -> list[str]:
    """The ids by which hours inherit from themselves, in order; empty if they don't."""
    passed: dict[str, None] = {}
    following = identifier
    while following in written and following not in passed:
        passed[following] = None
        following = written[following].inherits
    return list(passed) if following == identifier else []


def inherit_all(written: Mapping[str, OwnHours], timezone: str, country: str) -> dict[str, HoursTable]:
    """Every table whole, in the order written. Those that go in circles are taken as inheriting from none."""
    base = HoursTable("", ALWAYS_CLOSED, timezone, country)
    in_circles = {identifier for identifier in written if circle_of(identifier, written)}
    tables: dict[str, HoursTable] = {}
    for identifier in written:
        waiting = []
        while identifier in written and identifier not in tables:
            waiting.append(identifier)
            if identifier in in_circles:
                tables[identifier] = base
            identifier = written[identifier].inherits
        for each in reversed(waiting):
            parent = base if each in in_circles else tables.get(written[each].inherits, base)
            tables[each] = inherit(written[each], parent)
    return {identifier: tables[identifier] for identifier in written}
