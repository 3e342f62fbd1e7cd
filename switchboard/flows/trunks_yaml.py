"""`trunks:` of organisation.yaml: the lines to the telephone network."""

from __future__ import annotations

import ipaddress
import re

from switchboard.domain.organisation import Trunk
from switchboard.flows.reading import Reading
from switchboard.flows.source import Node, Place, Table

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?|\[[0-9A-Fa-f:]+\](:[0-9]{1,5})?")
_ACCOUNT = re.compile(r"[A-Za-z0-9_.+@-]+")
_DIGITS = re.compile(r"\+?[0-9]+")
_BEGINNING = re.compile(r"\+?[0-9]+|\+")


def read_trunks(reading: Reading, organisation: Table) -> tuple[Trunk, ...]:
    """The organisation's trunks; none where the file names none."""
    node = organisation.get("trunks")
    if node is None:
        return ()
    table = reading.table(node, organisation.place, "trunks")
    return tuple(_trunk(reading, key, table.key_places[key], entry) for key, entry in table.entries.items())


def _trunk(reading: Reading, identifier: str, place: Place, node: Node) -> Trunk:
    what = f"trunk `{identifier}`"
    reading.identifier(identifier, place, "trunk")
    entry = reading.table(node, place, what)
    allowed = ("username", "addresses", "prefix", "allowed", "caller_number", "emergency")
    reading.keys(entry, what, needed=("host",), allowed=allowed)

    def matching(key: str, pattern: re.Pattern[str], expected: str) -> str:
        value = entry.get(key)
        return _matching(reading, value, entry.place, key, pattern, expected) if value is not None else ""

    def allowed_beginning(item: Node | None, at: Place) -> str:
        return _matching(reading, item, at, "allowed", _BEGINNING, "the beginning of a number such as `+372`")

    addresses, allowed_node, emergency = entry.get("addresses"), entry.get("allowed"), entry.get("emergency")
    return Trunk(
        identifier,
        matching("host", _HOST, "a name or an address such as `sip.example.net` or `192.0.2.10:5060`"),
        matching("username", _ACCOUNT, "letters, digits and `_.+@-`"),
        reading.several(addresses, entry.place, lambda item, at: _network(reading, item, at)) if addresses else (),
        matching("prefix", re.compile("[0-9]{1,3}"), "one to three digits"),
        reading.several(allowed_node, entry.place, allowed_beginning) if allowed_node else (),
        matching("caller_number", _DIGITS, "digits, `+` in front"),
        reading.flag(emergency, entry.place, "emergency") if emergency else False,
    )


def _matching(
    reading: Reading, node: Node | None, place: Place, what: str, pattern: re.Pattern[str], expected: str
) -> str:
    text = reading.something(node, place, what, expected)
    if text and not pattern.fullmatch(text):
        reading.problems.add(node.place if node else place, f"`{text}` is no {what}", expected)
    return text


def _network(reading: Reading, node: Node | None, place: Place) -> str:
    expected = "an address or a network such as `192.0.2.0/24`"
    text = reading.something(node, place, "address", expected)
    try:
        ipaddress.ip_network(text)
    except ValueError:
        if text:
            reading.problems.add(place, f"`{text}` is no address", expected)
    return text
