"""What the fields of `forward` hold: whom the caller is for, and the chain of those who are rung."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.domain.forwarding import MANAGER, Callee
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Node, Place, Scalar, Table, kind_of

CALLEE = "_callee"  # what `manager` asks of a client: whom they are for, by their manager and standing


@dataclass(frozen=True, slots=True)
class ForwardedTo:
    """Whom a caller is for: None stands for the account manager, whoever that is."""

    expected: str = "`manager`, `{person: …}` or `{department: …}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> Callee | None:
        reading, organisation = flow.reading, flow.organisation
        if isinstance(node, Scalar) and not node.is_empty:
            if reading.value(node, place, "whom to forward to") != MANAGER:
                reading.problems.add(node.place, f"nobody is called {kind_of(node)}", self.expected)
            return None
        table = reading.table(node, place, "whom to forward to") if isinstance(node, Table) else None
        if table is None or len(table.entries) != 1:
            reading.problems.add(node.place, "whom to forward to is not clear", self.expected)
            return None
        reading.keys(table, "whom to forward to", allowed=("person", "department"))
        ((by, who),) = table.entries.items()
        if by == "person":
            return Callee(person=reading.choice(who, table.key_places[by], "person", organisation.people))
        if by == "department":
            place = table.key_places[by]
            return Callee(department=reading.choice(who, place, "department", organisation.departments))
        return None


@dataclass(frozen=True, slots=True)
class ChainName:
    """One of the organisation's chains."""

    expected: str = "a chain of people.yaml, or `default` or `department`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> str:
        return flow.reading.choice(node, place, "chain", flow.organisation.forwarding.chains)
