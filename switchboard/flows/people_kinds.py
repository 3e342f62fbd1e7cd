"""What fields can hold that name people: whom callers may ask for by name, and how that is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from switchboard.domain.dialling import Phone
from switchboard.domain.name_directory import MOST_CHOICES, NameDirectory, directory_of
from switchboard.domain.organisation import Organisation, Person
from switchboard.flows.open_prompts import open_prompt
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Node, Place, Scalar, Table, kind_of
from switchboard.services.office import Speech

NAME_PROMPT = "name_"  # and the person's id: what is said, and recorded, of a person's name
EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Listed:
    """People callers may ask for, how their names are said and which phones are theirs."""

    directory: NameDirectory
    names: Mapping[str, Speech]  # by the person's id
    phones: Mapping[str, tuple[Phone, ...]]


@dataclass(frozen=True, slots=True)
class Among:
    """Whom callers may ask for."""

    expected: str = "`everybody`, or `{departments: […], people: […]}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> Listed:
        """The people; those who are not `listed` only where they are named."""
        reading, organisation = flow.reading, flow.organisation
        if isinstance(node, Scalar):
            if reading.value(node, place, "list of people") != EVERYBODY:
                reading.problems.add(node.place, f"{kind_of(node)} is no list of people", self.expected)
            return _listed(flow, [each for each in organisation.people.values() if each.is_listed])
        table = reading.table(node, place, "list of people")
        reading.keys(table, "list of people", allowed=("departments", "people"))
        found: dict[str, Person] = {}
        for of, known in (("departments", organisation.departments), ("people", organisation.people)):
            listed = table.get(of)
            if listed is not None:
                names = reading.several(listed, table.place, lambda item, at: reading.choice(item, at, of, known))  # noqa: B023
                found.update(_named(organisation, of, filter(None, names)))
        if isinstance(node, Table) and not found:
            reading.problems.add(table.place, "nobody can be asked for here", self.expected)
        return _listed(flow, list(found.values()))


def _named(organisation: Organisation, of: str, names: Any) -> dict[str, Person]:
    if of == "people":
        return {name: organisation.people[name] for name in names}
    return {each.id: each for name in names for each in organisation.members_of(name) if each.is_listed}


def _listed(flow: FlowReading, people: list[Person]) -> Listed:
    directory = directory_of((each.id, each.name) for each in people)
    names, phones = {}, {}
    for entry in directory.entries:
        person = flow.organisation.people[entry.person]
        names[entry.person] = name_said(flow, person)
        own = flow.organisation.departments.get(person.department)
        department = own.phone if own else None
        phones[entry.person] = person.phones or ((department,) if department else ())
    return Listed(directory, names, phones)


def name_said(flow: FlowReading, person: Person) -> Speech:
    """As the prompt `name_<id>` has it, if there is one: how a machine is to pronounce it, or an own recording."""
    texts = flow.texts.setdefault(f"{NAME_PROMPT}{person.id}", {})
    for language in flow.reading.languages:
        texts.setdefault(language, person.name)
    return flow.wordings.speech(texts)


@dataclass(frozen=True, slots=True)
class PerKey:
    """A prompt that names `key`, said of each key from 1 on."""

    keys: tuple[str, ...] = field(default=tuple(map(str, range(1, MOST_CHOICES + 1))))
    expected: str = "the id of a prompt that names its key, such as `press {{ key }}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> tuple[Speech, ...]:
        identifier = flow.reading.choice(node, place, "prompt", [*flow.prompts, *flow.open_prompts])
        if identifier in flow.prompts:
            flow.reading.problems.add(node.place, f"prompt `{identifier}` does not name `{{{{ key }}}}`", self.expected)
        if identifier not in flow.open_prompts:
            return ()
        parameters = flow.reading.parameters
        readings = [replace(flow.reading, parameters={**parameters, "key": key}) for key in self.keys]
        return tuple(open_prompt(replace(flow, reading=each), identifier, node.place) for each in readings)
