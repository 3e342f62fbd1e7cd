"""hours.yaml: opening hours tables with their overrides, and how they are said."""

from __future__ import annotations

from datetime import date

from switchboard.domain.hours import HoursTable, Override, check_expression, names_holidays
from switchboard.flows.reading import Reading
from switchboard.flows.source import Listing, Node, Place, Scalar, Table

SYNTAX = "OpenStreetMap opening hours such as `Mo-Fr 09:00-12:00,13:00-17:00; PH off`"
ALWAYS_CLOSED = "off"
LEAP_YEAR = 2000  # stands for every year: it has a 29 February


def read_hours(reading: Reading, table: Table, timezone: str, country: str) -> dict[str, HoursTable]:
    """Every table of the file, by id."""
    return {
        identifier: _table(reading, identifier, table.key_places[identifier], node, timezone, country)
        for identifier, node in table.entries.items()
    }


def _table(reading: Reading, identifier: str, place: Place, node: Node, timezone: str, country: str) -> HoursTable:
    reading.identifier(identifier, place, "hours")
    what = f"hours `{identifier}`"
    entry = reading.table(node, place, what)
    reading.keys(entry, what, needed=("open", "spoken"), allowed=("overrides",))
    hours = _expression(reading, entry, needs_holidays=True)
    overrides = entry.get("overrides")
    items = overrides.items if isinstance(overrides, Listing) else ()
    if overrides is not None and not isinstance(overrides, Listing):
        reading.problems.add(overrides.place, "overrides are no list", "lines beginning with `- `")
    spoken = reading.texts(entry.get("spoken"), entry.place, "spoken")
    found = tuple(filter(None, (_override(reading, item) for item in items)))
    return HoursTable(identifier, hours, timezone, country, found, spoken)


def _expression(reading: Reading, entry: Table, *, needs_holidays: bool) -> str:
    node = entry.get("open")
    text = reading.value(node, entry.place, "open", SYNTAX)
    if not text or node is None:
        return ALWAYS_CLOSED
    if wrong := check_expression(text):
        reading.problems.add(node.place, f"opening hours {wrong}", SYNTAX)
        return ALWAYS_CLOSED
    if needs_holidays and not names_holidays(text):
        reading.problems.add(node.place, "the hours don't say what happens on public holidays", "`; PH off` at the end")
    return text


def _override(reading: Reading, node: Node) -> Override | None:
    entry = reading.table(node, node.place, "override")
    reading.keys(entry, "override", needed=("open", "because"), allowed=("on", "from", "until", "spoken"))
    first, last, yearly = _days(reading, entry)
    hours = _expression(reading, entry, needs_holidays=False)
    because = reading.value(entry.get("because"), entry.place, "because", "the reason, for the record")
    spoken = entry.get("spoken")
    texts = reading.texts(spoken, entry.place, "spoken") if spoken else {}
    if first is None or last is None:
        return None
    if not yearly and first > last:
        reading.problems.add(entry.place, f"ends on {last}, before it begins on {first}", "`from` before `until`")
    return Override(first, last, hours, because, yearly, texts)


def _days(reading: Reading, entry: Table) -> tuple[date | None, date | None, bool]:
    single, first, last = entry.get("on"), entry.get("from"), entry.get("until")
    if (single is None) == (first is None and last is None) or (single is None and (first is None or last is None)):
        reading.problems.add(entry.place, "the override's days are not clear", "either `on:`, or `from:` and `until:`")
        return None, None, False
    if single is not None:
        day, yearly = _day(reading, single)
        return day, day, yearly
    assert first is not None and last is not None
    begins, first_yearly = _day(reading, first)
    ends, last_yearly = _day(reading, last)
    if begins and ends and first_yearly != last_yearly:
        reading.problems.add(first.place, "one end has a year, the other has none", "both or neither")
        return None, None, False
    return begins, ends, first_yearly


def _day(reading: Reading, node: Node) -> tuple[date | None, bool]:
    """A date with a year, or one of every year: `02-23`."""
    if isinstance(node, Scalar) and len(node.text) == 5:
        try:
            return date.fromisoformat(f"{LEAP_YEAR}-{node.text}"), True
        except ValueError:
            pass  # told below
    return reading.day(node, node.place, "day"), False
