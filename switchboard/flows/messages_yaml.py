"""`webhooks:` and `keep:` of organisation.yaml: who is told of messages, and how long they are kept."""

from __future__ import annotations

import re
from datetime import timedelta

from switchboard.domain.message import MessageKind
from switchboard.domain.retention import LONGEST, Retention
from switchboard.domain.webhook import Matter, Webhook, is_webhook_address
from switchboard.flows.reading import Reading
from switchboard.flows.source import Node, Place, Table

ALL = "messages"  # every kind that is not named itself
APPOINTMENTS = "appointments"  # whom they were for
KEPT = (ALL, *(kind.value for kind in MessageKind), APPOINTMENTS)
_DAYS = re.compile(r"([1-9][0-9]{0,3})d")


def read_webhooks(reading: Reading, organisation: Table) -> dict[str, Webhook]:
    """Every webhook, by id."""
    node = organisation.get("webhooks")
    if node is None:
        return {}
    found = {}
    table = reading.table(node, node.place, "webhooks")
    for identifier, written in table.entries.items():
        place = table.key_places[identifier]
        what = f"webhook `{identifier}`"
        reading.identifier(identifier, place, "webhook")
        entry = reading.table(written, place, what)
        reading.keys(entry, what, needed=("url",), allowed=("of",))
        url = entry.get("url")
        address = reading.word(url, entry.place, "address") if url else ""
        if address and url is not None and not is_webhook_address(address):
            expected = "one such as `https://crm.example.net/messages`; `http` only on this machine"
            reading.problems.add(url.place, f"`{address[:60]}` is no address of a webhook", expected)
        found[identifier] = Webhook(identifier, address, _matters(reading, entry))
    return found


def _matters(reading: Reading, entry: Table) -> tuple[Matter, ...]:
    """What a webhook is told of: of messages, where nothing is said."""
    node = entry.get("of")
    if node is None:
        return (Matter.MESSAGES,)

    def read(item: Node | None, place: Place) -> str:
        return reading.choice(item, place, "matter", Matter)

    return tuple(Matter(each) for each in dict.fromkeys(reading.several(node, entry.place, read)) if each)


def read_retention(reading: Reading, organisation: Table) -> Retention:
    """How long each kind of message is kept, and whom appointments were for."""
    node = organisation.get("keep")
    if node is None:
        return Retention()
    table = reading.table(node, node.place, "keep")
    reading.keys(table, "keep", allowed=KEPT)
    said = {key: _days(reading, table.entries[key], key) for key in KEPT if key in table.entries}
    kinds = {kind: said.get(kind.value, said.get(ALL)) for kind in MessageKind}
    return Retention({kind: kept for kind, kept in kinds.items() if kept is not None}, said.get(APPOINTMENTS))


def _days(reading: Reading, node: Node, kind: str) -> timedelta | None:
    what = kind if kind == APPOINTMENTS else ALL
    expected = f"days such as `365d`, at most `{LONGEST.days}d`"
    text = reading.something(node, node.place, "time", expected)
    found = _DAYS.fullmatch(text)
    if found and timedelta(days=int(found.group(1))) <= LONGEST:
        return timedelta(days=int(found.group(1)))
    if text:
        reading.problems.add(node.place, f"`{text[:60]}` is no time to keep {what}", expected)
    return None
