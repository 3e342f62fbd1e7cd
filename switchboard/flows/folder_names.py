"""The names that a configuration folder defines, as far as they can be read: a folder being edited is seldom right."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from switchboard.flows.flow_graph import FlowGraph
from switchboard.flows.including import FLOWS, Including
from switchboard.flows.json_types import Names
from switchboard.flows.organisation_yaml import read_languages
from switchboard.flows.reading import Reading
from switchboard.flows.source import Node, Problems, Scalar, Table, read_yaml


def names_of(ivr: Path, prompts: Path) -> Names:
    """The names of the folder `ivr` with the texts of the folder `prompts`. What cannot be read defines nothing."""
    problems = Problems()
    files = Including(ivr, problems)
    files_read = ("organisation", "people", "hours", "facts", "rota", "appointments")
    organisation, people, hours, facts, rotas, appointments = (files.read(f"{name}.yaml") for name in files_read)
    flows = {path.stem: files.read(f"{FLOWS}/{path.name}") for path in sorted((ivr / FLOWS).glob("*.yaml"))}
    reading = Reading(problems)
    read_languages(reading, organisation)
    said = read_yaml(prompts / "texts" / f"{reading.default_language}.yaml", "texts", problems)
    graph = FlowGraph.of_files(flows)
    departments, persons = _entries(people, "departments"), _entries(people, "people")
    own_phones = [
        phone.text
        for node in (*departments.values(), *persons.values())
        if isinstance(node, Table) and isinstance(phone := node.get("phone"), Scalar) and not phone.is_empty
    ]
    return Names(
        prompts=tuple(said.entries),
        departments=tuple(departments),
        people=tuple(persons),
        phones=_sorted([*_entries(people, "phones"), *own_phones]),
        hours=tuple(hours.entries),
        facts=tuple(facts.entries),
        rotas=tuple(rotas.entries),
        flows=tuple(flows),
        numbers=tuple(_entries(organisation, "numbers")),
        languages=reading.languages if "languages" in organisation.entries else (),
        lookups=tuple(_entries(organisation, "lookups")),
        client_classes=tuple(_entries(organisation, "client_classes")),
        queues=tuple(_entries(organisation, "queues")),
        resources=tuple(_entries(appointments, "resources")),
        event_types=tuple(_entries(appointments, "event_types")),
        results={flow: results for flow in flows if (results := _results(graph, flow)) is not None},
    )


def _results(graph: FlowGraph, flow: str) -> tuple[str, ...] | None:
    """What a flow hands back; None where it goes on with one that only a parameter names."""
    named: list[str] = []
    found = graph.results(flow, lambda _, text: named.append(text) or text)  # type: ignore[func-returns-value]
    return None if any("{" in text for text in named) else tuple(sorted(found))


def _entries(table: Table, section: str) -> dict[str, Node]:
    node = table.get(section)
    return node.entries if isinstance(node, Table) else {}


def _sorted(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(words)))
