"""`outbound:` of organisation.yaml: who may call outside from a desk phone, where to, when and how much."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta

from switchboard.domain.number_plan import is_country
from switchboard.domain.outbound import LONGEST_CALL, OutboundRole, OutboundRules
from switchboard.flows.reading import Reading
from switchboard.flows.source import Node, Place, Table

FIELDS = (
    *("phones", "forbidden", "costly", "hours"),
    *("minutes_per_call", "calls_at_once", "calls_per_day", "minutes_per_day"),
)
MOST_A_DAY = 100_000
MOST_AT_ONCE = 20
MOST_MINUTES = 24 * 60  # of one call
_BEGINNING = re.compile(r"\+[1-9][0-9]{0,13}")
_WHERE_TO = "a country such as `EE`, or the beginning of a number such as `+46`"


def read_outbound(
    reading: Reading, organisation: Table, phones: Collection[str], hours: Collection[str]
) -> OutboundRules | None:
    """The roles of desk phones; None where the file has no `outbound`."""
    node = organisation.get("outbound")
    if node is None:
        return None
    table = reading.table(node, organisation.place, "outbound")
    roles: dict[str, OutboundRole] = {}
    role_of_phone: dict[str, str] = {}
    role_of_others = ""
    for identifier, role in table.entries.items():
        place = table.key_places[identifier]
        reading.identifier(identifier, place, "role")
        entry = reading.table(role, place, f"role `{identifier}`")
        reading.keys(entry, f"role `{identifier}`", needed=("allowed",), allowed=FIELDS)
        roles[identifier] = _role(reading, identifier, entry, hours)
        named = entry.get("phones")
        if named is None and role_of_others:
            message = f"both `{role_of_others}` and `{identifier}` are the role of all other phones"
            reading.problems.add(place, message, "`phones` in all roles but one")
        elif named is None:
            role_of_others = identifier
        else:
            _give(reading, entry, named, identifier, phones, role_of_phone)
    return OutboundRules(roles, role_of_phone, role_of_others)


def _give(
    reading: Reading, entry: Table, named: Node, role: str, phones: Collection[str], role_of_phone: dict[str, str]
) -> None:
    def extension(item: Node | None, place: Place) -> str:
        found = reading.choice(item, place, "desk phone", phones)
        if found in role_of_phone:
            reading.problems.add(place, f"`{found}` has the role `{role_of_phone[found]}` already", "one role a phone")
        return found

    for each in reading.several(named, entry.place, extension):
        role_of_phone.setdefault(each, role)


def _role(reading: Reading, identifier: str, entry: Table, hours: Collection[str]) -> OutboundRole:
    def destination(item: Node | None, place: Place) -> str:
        text = reading.something(item, place, "destination", _WHERE_TO)
        if text and not _BEGINNING.fullmatch(text) and not is_country(text):
            reading.problems.add(item.place if item else place, f"`{text}` is no destination", _WHERE_TO)
            return ""
        return text

    def start(item: Node | None, place: Place) -> str:
        expected = "the beginning of a number such as `+372900`"
        text = reading.something(item, place, "beginning", expected)
        if text and not _BEGINNING.fullmatch(text):
            reading.problems.add(item.place if item else place, f"`{text}` begins no number", expected)
            return ""
        return text

    def limit(key: str, most: int) -> int | None:
        node = entry.get(key)
        return reading.number(node, entry.place, key, 1, most) if node is not None else None

    allowed, forbidden, costly, open_hours = (entry.get(key) for key in ("allowed", "forbidden", "costly", "hours"))
    return OutboundRole(
        identifier,
        allowed=tuple(filter(None, reading.several(allowed, entry.place, destination))) if allowed else (),
        forbidden=tuple(filter(None, reading.several(forbidden, entry.place, start))) if forbidden else (),
        costly=reading.flag(costly, entry.place, "costly") if costly else False,
        hours=reading.choice(open_hours, entry.place, "opening hours", hours) if open_hours else "",
        longest_call=timedelta(minutes=minutes)
        if (minutes := limit("minutes_per_call", MOST_MINUTES))
        else LONGEST_CALL,
        calls_at_once=limit("calls_at_once", MOST_AT_ONCE) or 2,
        calls_per_day=limit("calls_per_day", MOST_A_DAY),
        minutes_per_day=limit("minutes_per_day", MOST_A_DAY),
    )
