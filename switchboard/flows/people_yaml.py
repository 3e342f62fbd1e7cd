"""people.yaml: whom callers ask for, whose phone is which, who stands in for whom and is away when."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from switchboard.domain.dialling import Phone
from switchboard.domain.forwarding import ForwardingRules
from switchboard.domain.language import Language
from switchboard.domain.notification import is_mail_address
from switchboard.domain.organisation import Department, Person
from switchboard.flows.absences_yaml import read_absences
from switchboard.flows.forwarding_yaml import read_forwarding
from switchboard.flows.groups_yaml import read_groups
from switchboard.flows.reading import NOBODY, Reading
from switchboard.flows.source import Node, Place, Table

_EXTENSION = re.compile(r"[0-9]{2,6}")
_MOBILE = re.compile(r"\+[1-9][0-9]{6,14}")
OFFICE = "office"  # the opening hours of departments that name no others
FIELDS_OF_A_PERSON = (
    "phone",
    "hours",
    "deputy",
    "mobile",
    "roles",
    "absent",
    "listed",
    "email",
    "language",
    "pin_at_desk",
)
FIELDS_OF_A_DEPARTMENT = ("phone", "hours", "deputies", "members", "email")


@dataclass(frozen=True, slots=True)
class KnownNames:
    """What the organisation's files refer to and other files define."""

    hours: Collection[str]
    flows: Collection[str]
    prompts: Collection[str]


class People:
    """people.yaml: phones first, as departments and people point at them."""

    def __init__(self, reading: Reading, table: Table, names: KnownNames, zone: ZoneInfo) -> None:
        """`zone` is the wall clock that absences go by."""
        self.reading = reading
        self._zone = zone
        self.phones: dict[str, Phone] = {}
        self.people: dict[str, Person] = {}
        self.departments: dict[str, Department] = {}
        reading.keys(table, "people.yaml", needed=("departments", "people"), allowed=("phones", "forwarding", "groups"))
        departments = reading.table(table.get("departments"), table.place, "departments")
        people = reading.table(table.get("people"), table.place, "people")
        self._read_phones(reading.table(table.get("phones"), table.place, "phones"))
        for identifier, node in people.entries.items():
            self._read_person(identifier, people.key_places[identifier], node, departments, people, names)
        for identifier, node in departments.entries.items():
            self._read_department(identifier, departments.key_places[identifier], node, names)
        self.groups = read_groups(reading, table, self.people, self.phones)
        self.forwarding: ForwardingRules = read_forwarding(reading, table, self.people, self.departments)

    def phone(self, node: Node | None, place: Place, what: str) -> Phone:
        """The phone of an extension that people.yaml knows."""
        extension = self.reading.choice(node, place, what, self.phones)
        return self.phones.get(extension, NOBODY)

    def _read_phones(self, table: Table) -> None:
        for extension, node in table.entries.items():
            place = table.key_places[extension]
            name = self.reading.something(node, place, "phone's name", "whose phone it is, such as `Reception`")
            self.phones[extension] = Phone(self._extension(extension, place), name)

    def _extension(self, text: str, place: Place) -> str:
        if not _EXTENSION.fullmatch(text):
            self.reading.problems.add(place, f"`{text}` is no extension", "two to six digits such as `101`")
        return text

    def _own_phone(self, table: Table, name: str) -> Phone | None:
        node = table.get("phone")
        if node is None:
            return None
        extension = self.reading.something(node, table.place, "phone", "an extension such as `101`")
        if not extension:
            return None
        self._extension(extension, node.place)
        return self.phones.setdefault(extension, Phone(extension, name))

    def _read_person(
        self, identifier: str, place: Place, node: Node, departments: Table, people: Table, names: KnownNames
    ) -> None:
        what = f"person `{identifier}`"
        reading, table = self.reading, self.reading.table(node, place, what)
        reading.identifier(identifier, place, "person")
        reading.keys(table, what, needed=("name", "department"), allowed=FIELDS_OF_A_PERSON)
        name = reading.something(table.get("name"), table.place, "name")
        deputy = table.get("deputy")
        stands_in = reading.choice(deputy, table.place, "person", people.entries) if deputy else ""
        if deputy is not None and stands_in == identifier:
            reading.problems.add(deputy.place, f"`{identifier}` is their own deputy", "another person")
        self.people[identifier] = Person(
            id=identifier,
            name=name,
            department=reading.choice(table.get("department"), table.place, "department", departments.entries),
            phone=self._own_phone(table, name),
            hours=self._hours(table, own_hours_id("people", identifier), names) if table.get("hours") else "",
            deputy=stands_in,
            mobile=self._mobile(table),
            roles=self._several(table, "roles", self._role),
            absences=tuple(read_absences(reading, table.get("absent"), self._zone)),
            is_listed=reading.flag(listed, table.place, "answer here") if (listed := table.get("listed")) else True,
            email=self._email(table),
            language=Language(spoken) if (spoken := self._language(table)) else None,
            pin_at_desk=bool(asks := table.get("pin_at_desk")) and reading.flag(asks, table.place, "answer here"),
        )

    def _mobile(self, table: Table) -> str:
        node = table.get("mobile")
        expected = "a number with its country, such as `+37255501234`"
        number = self.reading.something(node, table.place, "mobile", expected) if node else ""
        if node is not None and number and not _MOBILE.fullmatch(number):
            self.reading.problems.add(node.place, f"`{number}` is no mobile number", expected)
            return ""
        return number

    def _email(self, table: Table) -> str:
        node = table.get("email")
        expected = "one such as `mari@example.net`"
        address = self.reading.something(node, table.place, "e-mail address", expected) if node else ""
        if node is not None and address and not is_mail_address(address):
            self.reading.problems.add(node.place, f"`{address[:60]}` is no e-mail address", expected)
            return ""
        return address

    def _language(self, table: Table) -> str:
        node = table.get("language")
        return self.reading.choice(node, table.place, "language", self.reading.languages) if node else ""

    def _role(self, node: Node | None, place: Place) -> str:
        word = self.reading.word(node, place, "role", "a word such as `account_manager`")
        return self.reading.identifier(word, node.place if node else place, "role") if word else ""

    def _several(self, table: Table, key: str, read: Callable[[Node | None, Place], str]) -> tuple[str, ...]:
        node = table.get(key)
        found = self.reading.several(node, table.place, read) if node is not None else ()
        return tuple(dict.fromkeys(filter(None, found)))

    def _colleague(self, node: Node | None, place: Place) -> str:
        return self.reading.choice(node, place, "person", self.people)

    def _read_department(self, identifier: str, place: Place, node: Node, names: KnownNames) -> None:
        what = f"department `{identifier}`"
        table = self.reading.table(node, place, what)
        self.reading.identifier(identifier, place, "department")
        self.reading.keys(table, what, needed=("names", "head"), allowed=FIELDS_OF_A_DEPARTMENT)
        spoken = self.reading.texts(table.get("names"), table.place, "names")
        name = spoken.get(self.reading.default_language, identifier)
        hours = OFFICE
        if table.get("hours") is not None or OFFICE not in names.hours:
            hours = self._hours(table, own_hours_id("departments", identifier), names)
        head = self.reading.choice(table.get("head"), table.place, "person", self.people)
        self.departments[identifier] = Department(
            id=identifier,
            names=spoken,
            head=head,
            phone=self._own_phone(table, name),
            hours=hours,
            deputies=self._several(table, "deputies", self._colleague),
            members=self._several(table, "members", self._colleague),
            email=self._email(table),
        )

    def _hours(self, table: Table, own: str, names: KnownNames) -> str:
        """The id of the hours named, or `own` of those written out on the spot, which hours_yaml reads."""
        node = table.get("hours")
        return own if isinstance(node, Table) else self.reading.choice(node, table.place, "opening hours", names.hours)


def own_hours_id(group: str, identifier: str) -> str:
    """What opening hours are called that a department or a person has of its own: `people.mari`. None of hours.yaml
    can be called so."""
    return f"{group}.{identifier}"
