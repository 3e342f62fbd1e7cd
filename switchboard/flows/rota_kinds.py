"""What a field can hold that names a rota."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.domain.rota import Rota
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Node, Place

NO_ROTA = Rota("", "UTC", ())  # stands in for one that could not be read


@dataclass(frozen=True, slots=True)
class RotaName:
    """A rota."""

    expected: str = "the name of a rota in rota.yaml"

    def read(self, flow: FlowReading, node: Node, place: Place) -> Rota:
        return flow.rotas.get(flow.reading.choice(node, place, "rota", flow.rotas), NO_ROTA)
