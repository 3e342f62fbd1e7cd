"""`forwarding:` of people.yaml: who gets new clients and those in arrears, and the chains of those who are rung."""

from __future__ import annotations

from collections.abc import Mapping

from switchboard.domain.forwarding import CHAINS, MANAGER, Chain, ForwardingRules, Link, LinkKind
from switchboard.domain.organisation import Department, Person
from switchboard.flows.reading import Reading
from switchboard.flows.source import Listing, Node, Place, Scalar, Table, kind_of

WORDS = tuple(kind.value for kind in LinkKind if kind not in (LinkKind.ROLE, LinkKind.PERSON))
EXPECTED = f"{', '.join(WORDS)}, `{{role: …}}` or `{{person: …}}`"
MOST_LINKS = 10


def read_forwarding(
    reading: Reading, people_yaml: Table, people: Mapping[str, Person], departments: Mapping[str, Department]
) -> ForwardingRules:
    """The organisation's rules; the defaults where it says nothing."""
    node = people_yaml.get("forwarding")
    if node is None:
        return ForwardingRules()
    table = reading.table(node, people_yaml.place, "forwarding")
    reading.keys(table, "forwarding", allowed=("new_clients", "arrears", "chains"))
    new, arrears = table.get("new_clients"), table.get("arrears")
    return ForwardingRules(
        new_clients=reading.choice(new, table.place, "department", departments) if new else "",
        arrears=(reading.choice(arrears, table.place, "department", [MANAGER, *departments]) or MANAGER)
        if arrears
        else MANAGER,
        chains={**CHAINS, **_chains(reading, table, people)},
    )


def _chains(reading: Reading, forwarding: Table, people: Mapping[str, Person]) -> dict[str, Chain]:
    node = forwarding.get("chains")
    if node is None:
        return {}
    table = reading.table(node, forwarding.place, "chains")
    chains = {}
    for name, links in table.entries.items():
        place = table.key_places[name]
        reading.identifier(name, place, "chain")
        if not isinstance(links, Listing) or not 1 <= len(links.items) <= MOST_LINKS:
            expected = f"a list of up to {MOST_LINKS} such as `[asked, deputy, head]`"
            reading.problems.add(links.place, f"chain `{name}` is {kind_of(links)}", expected)
            continue
        chain = tuple(_link(reading, item, people) for item in links.items)
        for link, item in zip(chain, links.items, strict=True):
            if link is not None and chain.index(link) < links.items.index(item):
                reading.problems.add(item.place, f"`{link}` stands twice in the chain", "each once")
        chains[name] = tuple(link for link in chain if link is not None)
    return chains


def _link(reading: Reading, node: Node, people: Mapping[str, Person]) -> Link | None:
    if isinstance(node, Scalar):
        word = reading.choice(node, node.place, "link", WORDS)
        return Link(LinkKind(word)) if word else None
    if not isinstance(node, Table) or len(node.entries) != 1:
        reading.problems.add(node.place, f"a link of a chain is {kind_of(node)}", EXPECTED)
        return None
    reading.keys(node, "a link of a chain", allowed=("role", "person"))
    ((kind, who),) = node.entries.items()
    at = node.key_places[kind]
    if kind == "role":
        return _of_role(reading, who, at, people)
    person = reading.choice(who, at, "person", people) if kind == "person" else ""
    return Link(LinkKind.PERSON, person) if person else None


def _of_role(reading: Reading, node: Node, place: Place, people: Mapping[str, Person]) -> Link | None:
    roles = sorted({role for person in people.values() for role in person.roles})
    role = reading.choice(node, place, "role", roles)
    return Link(LinkKind.ROLE, role) if role else None
