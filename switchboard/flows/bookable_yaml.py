"""`resources:` of appointments.yaml: people, rooms and things that can be booked.

People of people.yaml need no entry: whoever an event type needs is a resource with their own name, hours and absences.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from switchboard.domain.appointment import CalendarElsewhere, Resource
from switchboard.domain.language import Language
from switchboard.domain.organisation import Organisation
from switchboard.domain.webhook import is_webhook_address
from switchboard.flows.absences_yaml import read_absences
from switchboard.flows.people_yaml import OFFICE, own_hours_id
from switchboard.flows.reading import Reading
from switchboard.flows.source import Place, Scalar, Table

GROUP = "resources"
MOST_AT_ONCE = 1000  # appointments of one resource


@dataclass(frozen=True, slots=True)
class Resources:
    """Those of appointments.yaml, and the people who need no entry there."""

    organisation: Organisation
    written: dict[str, Resource]

    @property
    def known(self) -> list[str]:
        """The ids that an event type can need."""
        return [*self.written, *(person for person in self.organisation.people if person not in self.written)]

    def of_people(self, people: Collection[str]) -> tuple[str, ...]:
        """The resources that these people are: entries with `person:`, else by their own ids."""
        by_person = {each.person: each.id for each in self.written.values() if each.person}
        return tuple(dict.fromkeys(by_person.get(person, person) for person in people))

    def resource(self, identifier: str) -> Resource:
        """A resource by id. Raises KeyError for one that is not known."""
        return self.written.get(identifier) or self._person(identifier)

    def _person(self, identifier: str) -> Resource:
        person = self.organisation.people[identifier]
        names: dict[Language, str] = dict.fromkeys(self.organisation.languages, person.name)
        return Resource(identifier, names, self.organisation.hours_of(identifier), person=identifier)


def read_resources(
    reading: Reading, table: Table, organisation: Organisation, known_hours: Collection[str]
) -> Resources:
    """Every entry of `resources:`."""
    entries = _entry_reader(reading, organisation, known_hours)
    written = {}
    for identifier, node in table.entries.items():
        place = table.key_places[identifier]
        reading.identifier(identifier, place, "resource")
        written[identifier] = entries.read(identifier, place, reading.table(node, place, f"resource `{identifier}`"))
    return Resources(organisation, written)


def own_hours_of_resources(appointments: Table) -> Iterator[tuple[str, Table, str]]:
    """(id, hours, person's id or "") of those that have hours of their own written out on the spot."""
    members = appointments.get(GROUP)
    for identifier, member in members.entries.items() if isinstance(members, Table) else ():
        hours = member.get("hours") if isinstance(member, Table) else None
        if isinstance(member, Table) and isinstance(hours, Table):
            person = member.get("person")
            yield identifier, hours, person.text if isinstance(person, Scalar) else ""


def _entry_reader(reading: Reading, organisation: Organisation, known_hours: Collection[str]) -> _Entry:
    return _Entry(reading, organisation, known_hours, ZoneInfo(organisation.timezone))


@dataclass(frozen=True, slots=True)
class _Entry:
    """Reads one resource after the other."""

    reading: Reading
    organisation: Organisation
    known_hours: Collection[str]
    zone: ZoneInfo

    def read(self, identifier: str, place: Place, table: Table) -> Resource:
        reading, people = self.reading, self.organisation.people
        what = f"resource `{identifier}`"
        reading.keys(table, what, allowed=("names", "person", "hours", "capacity", "absent", "calendar"))
        node = table.get("person")
        person = reading.choice(node, table.place, "person", people) if node else ""
        if node is None and identifier in people:
            text = f"{what} is called as a person of people.yaml"
            reading.problems.add(place, text, f"`person: {identifier}`, or another name")
        capacity = table.get("capacity")
        return Resource(
            identifier,
            self._names(table, what, person),
            self._hours(table, identifier, person),
            person,
            reading.number(capacity, table.place, "capacity", 1, MOST_AT_ONCE) if capacity else 1,
            tuple(read_absences(reading, table.get("absent"), self.zone)),
            self._calendar(table, what),
        )

    def _calendar(self, table: Table, what: str) -> CalendarElsewhere | None:
        """Its own calendar on a CalDAV server. The password is never in the file."""
        node = table.get("calendar")
        if node is None:
            return None
        reading, entry = self.reading, self.reading.table(node, table.place, "calendar")
        reading.keys(entry, f"calendar of {what}", needed=("url", "username"), allowed=("clients",))
        url, username, clients = entry.get("url"), entry.get("username"), entry.get("clients")
        address = reading.word(url, entry.place, "address") if url else ""
        if address and url is not None and not is_webhook_address(address):
            expected = "one such as `https://calendar.example.net/mari/work/`; `http` only on this machine"
            reading.problems.add(url.place, f"`{address[:60]}` is no address of a calendar", expected)
        return CalendarElsewhere(
            address,
            reading.something(username, entry.place, "username", "the account's name") if username else "",
            reading.flag(clients, entry.place, "answer here") if clients else True,
        )

    def _names(self, table: Table, what: str, person: str) -> dict[Language, str]:
        names = table.get("names")
        if names is not None:
            return self.reading.texts(names, table.place, "names")
        if table.get("person") is None:
            self.reading.problems.add(table.place, f"{what} lacks `names`", "`names:` a text per language")
        named = self.organisation.people[person].name if person else ""
        return dict.fromkeys(self.organisation.languages, named)

    def _hours(self, table: Table, identifier: str, person: str) -> str:
        node = table.get("hours")
        if isinstance(node, Table):
            return own_hours_id(GROUP, identifier)
        if node is not None:
            return self.reading.choice(node, table.place, "opening hours", self.known_hours)
        if person:
            return self.organisation.hours_of(person)
        if OFFICE not in self.known_hours:
            text = f"resource `{identifier}` lacks `hours`"
            self.reading.problems.add(table.place, text, "opening hours of hours.yaml, or hours of its own")
        return OFFICE
