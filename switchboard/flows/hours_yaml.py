"""Opening hours: those of hours.yaml, and those that departments, people and resources have of their own.

Whatever hours don't say comes from those they inherit from: a person's from the department's, a department's from
`office`, those of hours.yaml from whichever they name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import available_timezones

from switchboard.domain.hours import HoursTable
from switchboard.domain.hours_days import LEAP_YEAR, MovedDay, Override, is_known_country, overlaps_of
from switchboard.domain.hours_expression import names_holidays
from switchboard.domain.hours_faults import Fault, faults_of
from switchboard.domain.hours_inheritance import ALWAYS_CLOSED, OwnHours, circle_of, inherit_all
from switchboard.domain.organisation import Organisation
from switchboard.flows.bookable_yaml import own_hours_of_resources
from switchboard.flows.past_dates import Dated
from switchboard.flows.people_yaml import OFFICE, own_hours_id
from switchboard.flows.reading import Reading
from switchboard.flows.source import Listing, Node, Place, Scalar, Table

SYNTAX = "OpenStreetMap opening hours such as `Mo-Fr 09:00-12:00,13:00-17:00; PH off`"
FIELDS = ("open", "spoken", "inherits", "country", "timezone", "overrides", "moved")
COUNTRY = "two letters such as `EE`"


def read_hours(
    reading: Reading, table: Table, people: Table, organisation: Organisation, appointments: Table | None = None
) -> tuple[dict[str, HoursTable], tuple[Dated, ...]]:
    """Every table by id: those of hours.yaml, then those of people.yaml, `departments.sales` and `people.mari`, then
    those of appointments.yaml, `resources.chef`; and what in them ends on a day."""
    files = _HoursFiles(reading, table)
    for identifier, node in table.entries.items():
        reading.identifier(identifier, table.key_places[identifier], "hours")
        files.read(identifier, node, f"hours `{identifier}`")
    for group, identifier, node in _own_hours(people):
        of_department = group == "people" and organisation.hours_of_department(
            organisation.people[identifier].department
        )
        files.read(own_hours_id(group, identifier), node, f"hours of `{identifier}`", inherits=of_department or OFFICE)
    for identifier, node, person in own_hours_of_resources(appointments) if appointments else ():
        of_person = organisation.hours_of(person) if person in organisation.people else OFFICE
        files.read(own_hours_id("resources", identifier), node, f"hours of `{identifier}`", inherits=of_person)
    files.refuse_circles()
    return inherit_all(files.written, organisation.timezone, organisation.country), tuple(files.dated)


def _own_hours(people: Table) -> Iterator[tuple[str, str, Table]]:
    """(departments or people, id, hours) of those that have hours of their own."""
    for group in ("departments", "people"):
        members = people.get(group)
        for identifier, member in members.entries.items() if isinstance(members, Table) else ():
            hours = member.get("hours") if isinstance(member, Table) else None
            if isinstance(hours, Table):
                yield group, identifier, hours


@dataclass(slots=True)
class _HoursFiles:
    """Reads tables one after the other."""

    reading: Reading
    table: Table  # hours.yaml
    written: dict[str, OwnHours] = field(default_factory=dict)
    dated: list[Dated] = field(default_factory=list)
    _entries: dict[str, Table] = field(default_factory=dict)

    def read(self, identifier: str, node: Node, what: str, *, inherits: str = "") -> None:
        """One table. With `inherits` it inherits from that if it names no other."""
        entry = self.reading.table(node, node.place, what)
        is_whole = "inherits" not in entry.entries and inherits not in {*self.table.entries, *self.written}
        needed = ("open", "spoken") if is_whole and not inherits else ("open",) if is_whole else ()
        self.reading.keys(entry, what, needed=needed, allowed=FIELDS)
        if "inherits" in entry.entries:
            inherits = self.reading.choice(entry.get("inherits"), entry.place, "opening hours", self.table.entries)
        spoken = entry.get("spoken")
        self._entries[identifier] = entry
        self.written[identifier] = OwnHours(
            identifier,
            inherits,
            _expression(self.reading, entry, needs_holidays=True) if "open" in entry.entries else None,
            self._timezone(entry),
            self._country(entry),
            self._overrides(entry),
            tuple(filter(None, (self._moved(item) for item in self._items(entry, "moved")))),
            self.reading.texts(spoken, entry.place, "spoken") if spoken else None,
        )
        if "open" in entry.entries and spoken is None and inherits and identifier in self.table.entries:
            text = f"{what} are others than those of `{inherits}`, and callers are told the same"
            self.reading.problems.warn(entry.key_places["open"], text, "`spoken` of its own", rule="hours-told")

    def refuse_circles(self) -> None:
        """Nothing inherits from itself."""
        for identifier, own in self.written.items():
            if circle := circle_of(identifier, self.written):
                node = self._entries[own.id].entries["inherits"]
                by = f" by way of {', '.join(circle[1:])}" if circle[1:] else ""
                self.reading.problems.add(node.place, f"hours `{identifier}` inherit from themselves{by}", "no circle")

    def _timezone(self, entry: Table) -> str | None:
        node = entry.get("timezone")
        return self.reading.choice(node, entry.place, "time zone", sorted(available_timezones())) if node else None

    def _country(self, entry: Table) -> str | None:
        node = entry.get("country")
        country = self.reading.something(node, entry.place, "country", COUNTRY) if node else ""
        if country and node and not is_known_country(country):
            self.reading.problems.add(node.place, f"no public holidays are known for `{country}`", COUNTRY)
            return None
        return country or None

    def _items(self, entry: Table, key: str) -> tuple[Node, ...]:
        node = entry.get(key)
        if node is not None and not isinstance(node, Listing):
            self.reading.problems.add(node.place, f"{key} are no list", "lines beginning with `- `")
        return node.items if isinstance(node, Listing) else ()

    def _overrides(self, entry: Table) -> tuple[Override, ...]:
        places: dict[int, Place] = {}
        found = []
        for item in self._items(entry, "overrides"):
            if (override := _override(self.reading, item)) is not None:
                found.append(override)
                places[id(override)] = item.place
                if not override.yearly:
                    self.dated.append(Dated(item.place, override.last, "override", override.reason))
        for earlier, later, day in overlaps_of(tuple(found)):
            on = f"{day:%m-%d}" if later.yearly else f"{day}"
            first = f"`{earlier.reason}` of line {places[id(earlier)].line}"
            text = f"`{later.reason}` and {first} both hold on {on}"
            self.reading.problems.add(places[id(later)], text, "one override for a day")
        return tuple(found)

    def _moved(self, node: Node) -> MovedDay | None:
        reading = self.reading
        entry = reading.table(node, node.place, "moved day")
        reading.keys(entry, "moved day", needed=("off", "work", "because"))
        off, work = (reading.day(entry.get(key), entry.place, "day") for key in ("off", "work"))
        because = reading.something(entry.get("because"), entry.place, "because", "the reason, for the record")
        if off is None or work is None:
            return None
        if off == work:
            reading.problems.add(entry.place, f"{off} is both off and worked", "two days")
        elif off.weekday() >= 5 > work.weekday():
            text = f"{off} is a {off:%A} off anyway, {work} a {work:%A} worked anyway"
            reading.problems.warn(entry.place, text, "`off` and `work` the other way round", rule="hours-moved")
        self.dated.append(Dated(entry.place, max(off, work), "moved day", because))
        return MovedDay(off, work, because)


def _expression(reading: Reading, entry: Table, *, needs_holidays: bool) -> str:
    node = entry.get("open")
    text = reading.something(node, entry.place, "open", SYNTAX)
    if not text or not isinstance(node, Scalar):
        return ALWAYS_CLOSED
    faults = faults_of(text)
    for fault in faults:
        place = _place_inside(reading, node, text, fault)
        if fault.is_doubt:
            reading.problems.warn(place, fault.text, fault.expected, rule="hours-doubt")
        else:
            reading.problems.add(place, fault.text, fault.expected or SYNTAX)
    if any(not fault.is_doubt for fault in faults):
        return ALWAYS_CLOSED
    if needs_holidays and not names_holidays(text):
        reading.problems.add(node.place, "the hours don't say what happens on public holidays", "`; PH off` at the end")
    return text


def _place_inside(reading: Reading, node: Scalar, text: str, fault: Fault) -> Place:
    """Where in the line the fault is, if the expression stands there as it is."""
    place = node.place
    lines = reading.problems.lines.get(place.file, [])
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    begins = line.find(text, place.column - 1)
    return Place(place.file, place.line, begins + fault.column + 1) if text and begins >= 0 else place


def _override(reading: Reading, node: Node) -> Override | None:
    entry = reading.table(node, node.place, "override")
    reading.keys(entry, "override", needed=("open", "because"), allowed=("on", "from", "until", "spoken"))
    first, last, yearly = _days(reading, entry)
    hours = _expression(reading, entry, needs_holidays=False)
    because = reading.something(entry.get("because"), entry.place, "because", "the reason, for the record")
    spoken = entry.get("spoken")
    texts = reading.texts(spoken, entry.place, "spoken") if spoken else {}
    if first is None or last is None:
        return None
    if not yearly and first > last:
        reading.problems.add(entry.place, f"ends on {last}, before it begins on {first}", "`from` before `until`")
        return None
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
