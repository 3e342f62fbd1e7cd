"""Whom a group's call rings: a department, a list, or a group of people.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from switchboard.domain.ring_strategy import Member, members_of
from switchboard.flows.groups_yaml import read_members
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Node, Place, Table


@dataclass(frozen=True, slots=True)
class GroupMembers:
    """Who is rung; each with a desk phone or a mobile."""

    expected: str = "`{department: …}`, `{group: …}` of people.yaml, or `{people: […], phones: […]}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> tuple[Member, ...]:
        reading = flow.reading
        table = reading.table(node, place, "group") if isinstance(node, Table) else None
        if table is None or not table.entries:
            reading.problems.add(node.place, "who belongs to the group is not clear", self.expected)
            return ()
        reading.keys(table, "group", allowed=("department", "group", "people", "phones"))
        ways = [key for key in ("department", "group") if key in table.entries]
        if len(ways) > 1 or (ways and len(table.entries) > 1):
            reading.problems.add(node.place, "the group is named in two ways", self.expected)
            return ()
        before = reading.problems.errors_added
        members = tuple(_named(flow, table))
        if not members and reading.problems.errors_added == before:
            reading.problems.add(node.place, "nobody in this group has a phone", "somebody with a phone in people.yaml")
        return members


def _named(flow: FlowReading, table: Table) -> Iterator[Member]:
    reading, organisation = flow.reading, flow.organisation
    if (node := table.get("department")) is not None:
        department = reading.choice(node, table.place, "department", organisation.departments)
        yield from members_of(organisation.members_of(department) if department else ())
    if (node := table.get("group")) is not None:
        yield from organisation.groups.get(reading.choice(node, table.place, "group", organisation.groups), ())
    yield from read_members(reading, table, organisation.people, organisation.phones)
