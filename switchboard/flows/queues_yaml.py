"""`queues:` of organisation.yaml: who answers in them, how long callers wait, what they are told meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from switchboard.domain.organisation import Department, Person
from switchboard.domain.outbound import OutboundRules
from switchboard.domain.queueing import HIGHEST_PRIORITY, CallbackRules, Queue
from switchboard.domain.ring_strategy import Strategy
from switchboard.flows.reading import Reading
from switchboard.flows.source import Node, Place, Table

LONGEST_CALLED_BACK = timedelta(minutes=2)  # a phone outside rings: then a voicemail answers
LONGEST_RING = timedelta(minutes=1)  # of one agent: the next one may be free
MOST_WAITING = 200
LONGEST_FOLDER = 30  # letters
DURATIONS = ("ring_for", "wrap_up", "skip_for", "longest_wait", "comfort_every", "head_start")
FIELDS = (*DURATIONS, "strategy", "most_waiting", "position", "wait", "priority", "callback", "music")
CALLBACK_FIELDS = ("attempts", "pause", "deadline", "closing", "ring_for", "role")
MOST_ATTEMPTS = 20
LONGEST_PAUSE, LONGEST_DEADLINE = timedelta(hours=24), timedelta(days=14)


def read_queues(
    reading: Reading,
    organisation: Table,
    people: Mapping[str, Person],
    departments: Mapping[str, Department],
    client_classes: Collection[str],
    outbound: OutboundRules | None,
    hours: Collection[str],
) -> dict[str, Queue]:
    """The organisation's queues; none where the file names none."""
    node = organisation.get("queues")
    if node is None:
        return {}
    table = reading.table(node, organisation.place, "queues")
    found = {}
    for identifier, entry in table.entries.items():
        place = table.key_places[identifier]
        reading.identifier(identifier, place, "queue")
        own = reading.table(entry, place, f"queue `{identifier}`")
        reading.keys(own, f"queue `{identifier}`", needed=("members",), allowed=FIELDS)
        members = _members(reading, own, people, departments)
        queue = _queue(reading, identifier, own, members, client_classes)
        found[identifier] = replace(queue, callback=_callback(reading, organisation, own, outbound, hours))
    return found


def _queue(
    reading: Reading, identifier: str, table: Table, members: tuple[str, ...], client_classes: Collection[str]
) -> Queue:
    given: dict[str, Any] = {}
    for key in DURATIONS:
        if (node := table.get(key)) is not None:
            given[key] = reading.duration(node, table.place, key)
    if (ring_for := table.get("ring_for")) is not None and given["ring_for"] > LONGEST_RING:
        reading.problems.add(ring_for.place, "an agent's phone rings too long", "at most `1m`")
    usual = Queue(identifier, members)
    strategy, most, position, wait = (table.get(key) for key in ("strategy", "most_waiting", "position", "wait"))
    music = table.get("music")
    words = [each.value for each in Strategy]
    chosen = reading.choice(strategy, table.place, "strategy", words) if strategy else ""
    return Queue(
        identifier,
        members,
        strategy=Strategy(chosen) if chosen else usual.strategy,
        most_waiting=reading.number(most, table.place, "number of callers", 1, MOST_WAITING)
        if most
        else usual.most_waiting,
        tells_position=reading.flag(position, table.place, "answer here") if position else True,
        tells_wait=reading.flag(wait, table.place, "answer here") if wait else True,
        music=_music(reading, music) if music else "",
        priorities=_priorities(reading, table, client_classes),
        **given,
    )


def _music(reading: Reading, node: Node) -> str:
    folder = reading.something(node, node.place, "music", "the name of a folder of music")
    if len(folder) > LONGEST_FOLDER:
        reading.problems.add(
            node.place, "the name of the music's folder is too long", f"at most {LONGEST_FOLDER} letters"
        )
    return reading.identifier(folder, node.place, "music") if folder else ""


def _members(
    reading: Reading, table: Table, people: Mapping[str, Person], departments: Mapping[str, Department]
) -> tuple[str, ...]:
    """The agents: a department's people, or those listed. Each has a desk phone."""
    node = table.get("members")
    if isinstance(node, Table):
        reading.keys(node, "members", needed=("department",))
        department = reading.choice(node.get("department"), node.place, "department", departments)
        named = departments[department].members if department else ()
        here = [each for each in people.values() if each.department == department or each.id in named]
        found = tuple(each.id for each in here if each.phone)
        if department and not found:
            reading.problems.add(node.place, f"nobody of department `{department}` has a desk phone", "one who has")
        return found

    def member(item: Node | None, place: Place) -> str:
        person = reading.choice(item, place, "person", people)
        if person and people[person].phone is None:
            at = item.place if item else place
            reading.problems.add(at, f"person `{person}` has no desk phone", "one with a `phone:` in people.yaml")
        return person

    return tuple(dict.fromkeys(filter(None, reading.several(node, table.place, member)))) if node is not None else ()


def _callback(
    reading: Reading, organisation: Table, queue: Table, outbound: OutboundRules | None, hours: Collection[str]
) -> CallbackRules | None:
    """How its callers are called back; None where they are not."""
    node = queue.get("callback")
    if node is None:
        return None
    table = reading.table(node, queue.place, "callback")
    reading.keys(table, "callback", needed=("role",) if outbound is not None else (), allowed=CALLBACK_FIELDS)
    if organisation.get("trunks") is None:
        reading.problems.add(node.place, "there is no trunk by which anybody could be called back", "`trunks`")
    given: dict[str, Any] = {}
    longest = {"pause": LONGEST_PAUSE, "deadline": LONGEST_DEADLINE, "ring_for": LONGEST_CALLED_BACK}
    for key, most in longest.items():
        if (length := table.get(key)) is not None:
            given[key] = reading.duration(length, table.place, key, most)
    if (attempts := table.get("attempts")) is not None:
        given["attempts"] = reading.number(attempts, table.place, "number of attempts", 1, MOST_ATTEMPTS)
    if (closing := table.get("closing")) is not None:
        given["closing"] = reading.choice(closing, table.place, "hours", hours)
    if (role := table.get("role")) is not None:
        roles = outbound.roles if outbound is not None else {}
        given["role"] = reading.choice(role, table.place, "role of `outbound`", roles)
    return CallbackRules(**given)


def _priorities(reading: Reading, table: Table, client_classes: Collection[str]) -> dict[str, int]:
    node = table.get("priority")
    if node is None:
        return {}
    found = {}
    levels = reading.table(node, table.place, "priority")
    for word, level in levels.entries.items():
        place = levels.key_places[word]
        if word not in client_classes:
            known = ", ".join(client_classes) or "nothing, as organisation.yaml has no `client_classes`"
            text = f"no class of clients `{word}`"
            reading.problems.add(place, text, f"one of {known}", got=word, known=list(client_classes))
        found[word] = reading.number(level, place, "priority", 0, HIGHEST_PRIORITY)
    return found
