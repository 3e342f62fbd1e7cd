"""`lookups:` of organisation.yaml: other systems that flows may ask about a caller."""

from __future__ import annotations

from datetime import timedelta

from switchboard.domain.lookups import NUMBER, Lookup, is_lookup_address
from switchboard.flows.reading import Reading
from switchboard.flows.source import Table

LONGEST = timedelta(seconds=5)  # callers hear nothing meanwhile
USUAL = timedelta(seconds=2)
METHODS = ("get", "post")


def read_lookups(reading: Reading, organisation: Table) -> dict[str, Lookup]:
    """Every lookup, by id."""
    node = organisation.get("lookups")
    if node is None:
        return {}
    found = {}
    table = reading.table(node, node.place, "lookups")
    for identifier, written in table.entries.items():
        place = table.key_places[identifier]
        what = f"lookup `{identifier}`"
        reading.identifier(identifier, place, "lookup")
        entry = reading.table(written, place, what)
        reading.keys(entry, what, needed=("url",), allowed=("within", "method"))
        url, within, method = entry.get("url"), entry.get("within"), entry.get("method")
        address = reading.word(url, entry.place, "address") if url else ""
        chosen = reading.choice(method, entry.place, "method", METHODS) if method else METHODS[0]
        if address and not (is_lookup_address(address) and (NUMBER in address or chosen == "post")):
            expected = f"one such as `https://crm.example.net/callers/{NUMBER}`, its host written out"
            reading.problems.add(url.place if url else place, f"`{address[:60]}` is no address", expected)
        time = reading.duration(within, entry.place, "time") if within else USUAL
        if within is not None and time > LONGEST:
            reading.problems.add(within.place, "callers would hear nothing for too long", "at most `5s`")
        found[identifier] = Lookup(identifier, address, time, chosen == "post")
    return found
