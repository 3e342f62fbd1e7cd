"""`client_classes:` and `unknown_callers:` of organisation.yaml: how the organisation sorts those who call it."""

from __future__ import annotations

from collections.abc import Mapping

from switchboard.domain.clients import NEW, UNKNOWN
from switchboard.domain.language import Language
from switchboard.flows.expressions.parse import KEYWORDS
from switchboard.flows.reading import Reading
from switchboard.flows.source import Table

MOST_CLASSES = 30  # each is a way through the flows that `switchboard check` goes

ClientClasses = Mapping[str, Mapping[Language, str]]


def read_client_classes(reading: Reading, organisation: Table) -> tuple[ClientClasses, str]:
    """The classes with their names, and the class of callers whom the client list does not have."""
    node = organisation.get("client_classes")
    table = reading.table(node, node.place, "client_classes") if node else Table(organisation.place, {}, {})
    classes: dict[str, Mapping[Language, str]] = {}
    for name, written in table.entries.items():
        place = table.key_places[name]
        reading.identifier(name, place, "class")
        if name == UNKNOWN or name in KEYWORDS:
            text = f"`{name}` means something else where classes are asked for"
            reading.problems.add(place, text, "another name")
        classes[name] = reading.texts(written, place, f"class `{name}`")
    if len(classes) > MOST_CLASSES:
        reading.problems.add(table.place, f"{len(classes)} classes of clients", f"at most {MOST_CLASSES}")
    strangers = organisation.get("unknown_callers")
    if strangers is None:
        return classes, NEW if NEW in classes else UNKNOWN
    return classes, reading.choice(strangers, strangers.place, "class", [*classes, UNKNOWN]) or UNKNOWN
