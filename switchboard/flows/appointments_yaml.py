"""appointments.yaml: what callers can book, and the people, rooms and things that it needs."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.appointment import AppointmentRules, EventType, ReminderWay
from switchboard.domain.organisation import Organisation
from switchboard.flows.bookable_yaml import GROUP, Resources, read_resources
from switchboard.flows.reading import Reading
from switchboard.flows.source import Listing, Node, Place, Table, kind_of

FILE = "appointments.yaml"
FIELDS = (
    "before",
    "after",
    "notice",
    "interval",
    "per_day",
    "horizon",
    "chooses",
    "department",
    "reminders",
)
MOST_NEEDS = 5  # resources of one appointment
MOST_PER_DAY = 1000
MOST_REMINDERS = 5
LONGEST_HORIZON = timedelta(days=400)
_NEED = "a resource, a list of those that can be it, `{department: …}` or `{role: …}`"
_LENGTH = re.compile(r"([0-9]{1,5})\s*([smhd])")
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_NONE, _MINUTE, _DAY = timedelta(), timedelta(minutes=1), timedelta(days=1)


def read_appointments(
    reading: Reading, table: Table, organisation: Organisation, known_hours: Collection[str]
) -> AppointmentRules:
    """All that the file says. `known_hours` are the ids of hours.yaml."""
    keys = (GROUP, "event_types", "hold", "decent_hours", "waitlist", "remind_by", "call_role")
    reading.keys(table, FILE, allowed=keys)
    resources = read_resources(reading, _section(reading, table, GROUP), organisation, known_hours)
    event_types = {}
    section = _section(reading, table, "event_types")
    for identifier, node in section.entries.items():
        place = section.key_places[identifier]
        reading.identifier(identifier, place, "event type")
        entry = reading.table(node, place, f"event type `{identifier}`")
        event_types[identifier] = _Entry(reading, entry, resources).read(identifier)
    needed = (each for event_type in event_types.values() for need in event_type.needs for each in need)
    known = {identifier: resources.resource(identifier) for identifier in dict.fromkeys([*resources.written, *needed])}
    decent, waitlist = table.get("decent_hours"), table.get("waitlist")
    hold = read_length(
        reading, table.get("hold"), "hold", AppointmentRules().hold, timedelta(seconds=30), timedelta(minutes=15)
    )
    return AppointmentRules(
        event_types,
        known,
        hold,
        reading.choice(decent, table.place, "opening hours", known_hours) if decent else "",
        reading.flag(waitlist, table.place, "answer here") if waitlist else True,
        _ways(reading, table),
        _call_role(reading, table, organisation),
    )


def _ways(reading: Reading, table: Table) -> tuple[ReminderWay, ...]:
    """How clients are reminded: in every way that there is, where nothing is said."""
    node = table.get("remind_by")
    if node is None:
        return tuple(ReminderWay)
    if isinstance(node, Listing) and not node.items:
        return ()

    def read(item: Node | None, place: Place) -> str:
        return reading.choice(item, place, "way to remind", ReminderWay)

    return tuple(ReminderWay(each) for each in dict.fromkeys(reading.several(node, table.place, read)) if each)


def _call_role(reading: Reading, table: Table, organisation: Organisation) -> str:
    node = table.get("call_role")
    if node is None:
        return ""
    roles = organisation.outbound.roles if organisation.outbound is not None else {}
    return reading.choice(node, table.place, "role of `outbound`", roles)


def read_length(
    reading: Reading, node: Node | None, what: str, default: timedelta, least: timedelta, most: timedelta
) -> timedelta:
    """`45m`, `24h`, `60d` within bounds, both allowed; `0` where nothing may be; `default` where nothing is written."""
    if node is None:
        return default
    expected = f"a time such as `45m`, `24h` or `60d`, from `{_written(least)}` to `{_written(most)}`"
    text = reading.something(node, node.place, what, expected).strip()
    found = _LENGTH.fullmatch(text)
    length = int(found.group(1)) * _UNITS[found.group(2)] if found else _NONE if text == "0" else None
    if length is not None and least <= length <= most:
        return length
    if text:
        reading.problems.add(node.place, f"`{text[:60]}` is no {what}", expected)
    return default


def _written(length: timedelta) -> str:
    if not length:
        return "0"
    unit = next(unit for unit in "dhms" if length % _UNITS[unit] == _NONE)
    return f"{length // _UNITS[unit]}{unit}"


def _section(reading: Reading, table: Table, key: str) -> Table:
    node = table.get(key)
    return reading.table(node, node.place, key) if node else Table(table.place, {}, {})


@dataclass(frozen=True, slots=True)
class _Entry:
    """One event type."""

    reading: Reading
    table: Table
    resources: Resources

    def read(self, identifier: str) -> EventType:
        reading, table = self.reading, self.table
        reading.keys(table, f"event type `{identifier}`", needed=("names", "duration", "needs"), allowed=FIELDS)
        standard = EventType("", {}, _MINUTE, ())
        per_day, chooses, department = table.get("per_day"), table.get("chooses"), table.get("department")
        departments = self.resources.organisation.departments
        return EventType(
            identifier,
            reading.texts(table.get("names"), table.place, "names"),
            self._length("duration", timedelta(hours=1), _MINUTE, _DAY),
            self._needs(identifier),
            self._length("before", _NONE, _NONE, _DAY),
            self._length("after", _NONE, _NONE, _DAY),
            self._length("notice", _NONE, _NONE, LONGEST_HORIZON),
            self._length("interval", standard.interval, _MINUTE, _DAY),
            reading.number(per_day, table.place, "number of bookings", 1, MOST_PER_DAY) if per_day else 0,
            self._length("horizon", standard.horizon, timedelta(hours=1), LONGEST_HORIZON),
            reading.flag(chooses, table.place, "answer here") if chooses else False,
            reading.choice(department, table.place, "department", departments) if department else "",
            self._reminders(),
        )

    def _length(self, key: str, default: timedelta, least: timedelta, most: timedelta) -> timedelta:
        return read_length(self.reading, self.table.get(key), f"`{key}`", default, least, most)

    def _reminders(self) -> tuple[timedelta, ...]:
        node = self.table.get("reminders")
        if node is None:
            return ()

        def read(item: Node | None, place: Place) -> timedelta:
            return read_length(self.reading, item, "reminder", _DAY, timedelta(minutes=5), timedelta(days=30))

        found = self.reading.several(node, self.table.place, read)
        if len(found) > MOST_REMINDERS:
            self.reading.problems.add(node.place, f"{len(found)} reminders", f"at most {MOST_REMINDERS}")
        return tuple(sorted(set(found), reverse=True))

    def _needs(self, identifier: str) -> tuple[tuple[str, ...], ...]:
        node = self.table.get("needs")
        if node is None:
            return ()
        items = node.items if isinstance(node, Listing) else (node,)
        if not 1 <= len(items) <= MOST_NEEDS:
            self.reading.problems.add(node.place, f"{len(items)} needs", f"1 to {MOST_NEEDS} resources")
        needs = tuple(self._need(item) for item in items)
        if all(needs) and _too_few(needs):
            text = f"event type `{identifier}` needs one resource twice"
            self.reading.problems.add(node.place, text, "as many different resources as it needs at once")
        return tuple(filter(None, needs))

    def _need(self, item: Node) -> tuple[str, ...]:
        """The ids of those that can be it; empty with a problem if none can."""
        if isinstance(item, Table):
            return self._group(item)
        if isinstance(item, Listing) and any(not isinstance(each, Listing) for each in item.items):
            found = self.reading.several(item, item.place, self._resource)
            return tuple(dict.fromkeys(filter(None, found)))
        if isinstance(item, Listing):
            self.reading.problems.add(item.place, f"a need is {kind_of(item)}", _NEED)
            return ()
        return tuple(filter(None, (self._resource(item, item.place),)))

    def _resource(self, node: Node | None, place: Place) -> str:
        return self.reading.choice(node, place, "resource", self.resources.known)

    def _group(self, table: Table) -> tuple[str, ...]:
        """Everybody of a department or with a role."""
        reading, organisation = self.reading, self.resources.organisation
        reading.keys(table, "a need", allowed=("department", "role"))
        if len(table.entries) != 1:
            reading.problems.add(table.place, "who is needed is not clear", _NEED)
            return ()
        ((by, node),) = table.entries.items()
        if by == "department":
            department = reading.choice(node, table.place, by, organisation.departments)
            people = [person.id for person in organisation.members_of(department)] if department else []
        else:
            roles = sorted({role for person in organisation.people.values() for role in person.roles})
            role = reading.choice(node, table.place, "role", roles)
            people = [person.id for person in organisation.people.values() if role in person.roles]
            department = role
        if department and not people:
            reading.problems.add(node.place, f"nobody works in {by} `{department}`", "somebody who can be booked")
        return self.resources.of_people(people)


def _too_few(needs: tuple[tuple[str, ...], ...]) -> bool:
    """Is there no way to take a different resource for each need?"""
    ways: list[frozenset[str]] = [frozenset()]
    for need in needs:
        ways = list({taken | {each} for taken in ways for each in need[: len(needs)] if each not in taken})
    return not ways
