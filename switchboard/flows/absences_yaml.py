"""`absent:` of a person or a resource: when they are not at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from switchboard.domain.absence import WRITTEN, Absence, end_instant, first_instant
from switchboard.flows.reading import Reading
from switchboard.flows.source import Listing, Node, Table


def read_absences(reading: Reading, node: Node | None, zone: ZoneInfo) -> Iterator[Absence]:
    """One absence, or a list of them, on the wall clock of `zone`; none where nothing is written."""
    if node is None:
        return
    for item in node.items if isinstance(node, Listing) else (node,):
        entry = reading.table(item, item.place, "absence")
        reading.keys(entry, "absence", needed=("from", "until"), allowed=("because",))
        begins = _instant(reading, entry, "from", zone, first_instant)
        ends = _instant(reading, entry, "until", zone, end_instant)
        because = entry.get("because")
        why = reading.something(because, entry.place, "reason") if because else ""
        if begins and ends and ends <= begins:
            reading.problems.add(entry.place, "the absence ends before it begins", "`until` after `from`")
        elif begins and ends:
            yield Absence(begins, ends, why)


def _instant(
    reading: Reading, entry: Table, key: str, zone: ZoneInfo, read: Callable[[str, ZoneInfo], datetime]
) -> datetime | None:
    node = entry.get(key)
    text = reading.something(node, entry.place, f"`{key}`", WRITTEN)
    try:
        return read(text, zone) if text else None
    except (ValueError, OverflowError):
        reading.problems.add(node.place if node else entry.place, f"`{text}` is no day and no time", WRITTEN)
        return None
