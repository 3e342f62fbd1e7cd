"""`groups:` of people.yaml: people and phones that ring together or in turn, wherever they work."""

from __future__ import annotations

from collections.abc import Mapping

from switchboard.domain.dialling import Phone
from switchboard.domain.organisation import Person
from switchboard.domain.ring_strategy import Member, members_of
from switchboard.flows.reading import Reading
from switchboard.flows.source import Table


def read_groups(
    reading: Reading, table: Table, people: Mapping[str, Person], phones: Mapping[str, Phone]
) -> dict[str, tuple[Member, ...]]:
    """The groups; none where the file names none."""
    node = table.get("groups")
    if node is None:
        return {}
    groups: dict[str, tuple[Member, ...]] = {}
    listed = reading.table(node, table.place, "groups")
    for identifier, entry in listed.entries.items():
        place = listed.key_places[identifier]
        reading.identifier(identifier, place, "group")
        own = reading.table(entry, place, f"group `{identifier}`")
        reading.keys(own, f"group `{identifier}`", allowed=("people", "phones"))
        before = reading.problems.errors_added
        groups[identifier] = read_members(reading, own, people, phones)
        if not groups[identifier] and reading.problems.errors_added == before:
            expected = "`people:` or `phones:` with somebody who has a phone"
            reading.problems.add(place, f"nobody of group `{identifier}` has a phone", expected)
    return groups


def read_members(
    reading: Reading, table: Table, people: Mapping[str, Person], phones: Mapping[str, Phone]
) -> tuple[Member, ...]:
    """The `people:` and `phones:` of a table, in this order; each once."""
    members: list[Member] = []
    if (node := table.get("people")) is not None:
        names = reading.several(node, table.place, lambda item, at: reading.choice(item, at, "person", people))
        members += members_of(people[name] for name in dict.fromkeys(filter(None, names)))
    if (node := table.get("phones")) is not None:
        extensions = reading.several(node, table.place, lambda item, at: reading.choice(item, at, "phone", phones))
        found = (phones[extension] for extension in dict.fromkeys(filter(None, extensions)))
        members += [Member(phone.name, (phone,)) for phone in found]
    return tuple(members)
