"""organisation.yaml, `checks:`: what `switchboard check` takes for too long or too far, and what it is to let pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from switchboard.flows.problems import Place
from switchboard.flows.reading import Reading
from switchboard.flows.source import Listing, Node, Table

RULES = (
    "dead-end",
    "silent-end",
    "unbounded-loop",
    "forward-loop",
    "too-many-steps",
    "step-fails",
    "undefined-variable",
    "menu-without-human",
    "human-too-far",
    "unreachable-step",
    "unreachable-flow",
    "unreachable-case",
    "silence",
    "key-before-label",
    "key-not-in-menu",
    "key-not-named",
    "prompt-missing",
    "recording-missing",
    "nobody-there",
    "hours-gap",
    "department-closed",
    "no-consent",
    "rota-gap",
    "never-booked",
    "unused-resource",
    "never-called",
    "expired-fact",
    "safety-net",
    "unused-exception",
    "too-much",
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """An exception: what is found of this rule at this place is meant so."""

    rule: str
    at: str  # "flow.step", or the id of a fact, opening hours, a prompt
    because: str
    place: Place


@dataclass(frozen=True, slots=True)
class CheckLimits:
    """What is too long, too far, too short."""

    silence: timedelta = timedelta(seconds=10)  # nothing to hear for longer
    keys_to_a_human: int = 2  # more to press until a phone rings
    closed_for: timedelta = timedelta(days=14)  # without a moment open
    shortest_break: timedelta = timedelta(minutes=10)  # between opening hours; a shorter one is a slip of the pen
    facts_for: timedelta = timedelta(days=60)  # from now on, each fact has something to tell
    allowed: tuple[Allowed, ...] = ()


def read_limits(reading: Reading, organisation: Table) -> CheckLimits:
    """The limits; those that are not written are as above."""
    default = CheckLimits()
    node = organisation.get("checks")
    if node is None:
        return default
    table = reading.table(node, organisation.place, "checks")
    words = ("silence", "keys_to_a_human", "closed_days", "shortest_break", "facts_days", "allow")
    reading.keys(table, "checks", allowed=words)

    def duration(word: str, otherwise: timedelta) -> timedelta:
        return reading.duration(table.get(word), table.place, "time") if table.get(word) else otherwise

    def number(word: str, otherwise: int, most: int) -> int:
        return reading.number(table.get(word), table.place, "number here", 1, most) if table.get(word) else otherwise

    return CheckLimits(
        duration("silence", default.silence),
        number("keys_to_a_human", default.keys_to_a_human, 9),
        timedelta(days=number("closed_days", default.closed_for.days, 366)),
        duration("shortest_break", default.shortest_break),
        timedelta(days=number("facts_days", default.facts_for.days, 366)),
        _exceptions(reading, table),
    )


def _exceptions(reading: Reading, table: Table) -> tuple[Allowed, ...]:
    node = table.get("allow")
    if node is None:
        return ()
    if not isinstance(node, Listing):
        expected = "lines such as `- {rule: silence, at: main.menu, because: music plays}`"
        reading.problems.add(node.place, "exceptions are no list", expected)
        return ()
    return tuple(_exception(reading, item) for item in node.items)


def _exception(reading: Reading, node: Node) -> Allowed:
    entry = reading.table(node, node.place, "exception")
    reading.keys(entry, "exception", needed=("rule", "at", "because"))
    return Allowed(
        reading.choice(entry.get("rule"), entry.place, "rule", RULES),
        reading.value(entry.get("at"), entry.place, "at", "where: `flow.step`, or the id of a fact, hours or a prompt"),
        reading.value(entry.get("because"), entry.place, "because", "the reason"),
        entry.place,
    )
