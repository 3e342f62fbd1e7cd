"""A person is near wherever a caller waits, and there when rung."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from switchboard.flows.checks.call_told import day_and_time
from switchboard.flows.checks.findings import Examined, Finding, Sets, values_of
from switchboard.flows.forking_call import Asked, Rang
from switchboard.flows.moves import Move, State
from switchboard.flows.problems import Place, Severity

HUMAN = "0"
OFFICE = "office"  # the opening hours of whoever has none of their own


def humans(examined: Examined) -> Iterator[Finding]:
    """0 rings somebody wherever a key is asked for, and nobody is more than a few keys away from a person."""
    asking = _asking(examined)
    without = _without_human(examined, asking)
    yield from _menus_without_human(examined, asking, without)
    far = _too_far(examined, asking)
    told: set[Place] = set()
    most = examined.limits.keys_to_a_human
    for state in examined.states_by_cost(far):
        step = examined.step(state)
        if step.place not in told:
            told.add(step.place)
            text = f"from step `{step.name}` a person is more than {most} key{'s' if most > 1 else ''} away"
            expected = f"a phone that rings after {most} at most"
            yield examined.finding("human-too-far", Severity.WARNING, state, far[state], text, expected)


def _menus_without_human(examined: Examined, asking: Sets, without: Sets) -> Iterator[Finding]:
    """An error where 0 never rings anybody; a warning where it does at other times, or for others."""
    ways: dict[Place, tuple[int, int]] = {}
    for state, worlds in asking.items():
        place = examined.step(state).place
        bad, every = ways.get(place, (0, 0))
        ways[place] = (bad | without[state], every | worlds)
    told: set[tuple[Place, tuple[str, ...]]] = set()
    for state in examined.states_by_cost(without):
        step = examined.step(state)
        key = (step.place, values_of(state.flow))
        if key in told:
            continue
        told.add(key)
        bad, every = ways[step.place]
        is_never = bad == every
        text = f"in step `{step.name}` key 0 {'rings nobody' if is_never else 'does not always ring somebody'}"
        severity = Severity.ERROR if is_never else Severity.WARNING
        pressing = _pressing(examined, state, without[state])
        yield examined.finding(
            "menu-without-human", severity, state, without[state], text, "0 to lead to a person", then=pressing
        )


def _pressing(examined: Examined, state: State, worlds: int) -> tuple[Move, ...]:
    """The move that 0 makes."""
    _, place = examined.reached.cheapest(state, worlds)
    moves = [move for part, move in examined.edges.out[state] if part >> place & 1 and HUMAN in _keys(move)]
    return tuple(moves[:1])


def _asking(examined: Examined) -> Sets:
    """By state, the worlds in which a key is asked for."""
    return _where(examined, lambda move: any(isinstance(each, Asked) for each in move.happenings))


def _where(examined: Examined, holds: Callable[[Move], bool]) -> Sets:
    found: Sets = {}
    for state, moves in examined.edges.out.items():
        for worlds, move in moves:
            if holds(move):
                found[state] = found.get(state, 0) | worlds
    return found


def _without_human(examined: Examined, asking: Sets) -> Sets:
    """By state, the worlds in which it asks for a key and 0 does not ring anybody before anything else is asked."""
    rings = _rings_at_once(examined)
    found = {}
    for state, worlds in asking.items():
        good = 0
        for part, move in examined.edges.out[state]:
            if HUMAN in _keys(move):
                after = part if any(isinstance(each, Rang) for each in move.happenings) else 0
                good |= after | (part & rings.get(move.to, 0) if move.to is not None else 0)
        found[state] = worlds & ~good
    return found


def _keys(move: Move) -> frozenset[str]:
    return move.keys if move.presses else frozenset()


def _rings_at_once(examined: Examined) -> Sets:
    """By state, the worlds in which a phone rings before the caller is asked anything."""
    at_once: Sets = {}
    for state, moves in examined.edges.out.items():
        for worlds, move in moves:
            first = next((each for each in move.happenings if isinstance(each, Rang | Asked)), None)
            if isinstance(first, Rang):
                at_once[state] = at_once.get(state, 0) | worlds
    return examined.edges.leading_to(
        at_once, lambda move: not any(isinstance(each, Rang | Asked) for each in move.happenings)
    )


def _too_far(examined: Examined, asking: Sets) -> Sets:
    """By state, the worlds in which it asks for a key and more than a few are needed until a phone rings."""
    most = examined.limits.keys_to_a_human
    edges = examined.edges
    ringing: list[Sets] = [{} for _ in range(most + 1)]  # by the number of keys pressed in the move that rings
    for state, moves in edges.out.items():
        for worlds, move in moves:
            if move.presses <= most and any(isinstance(each, Rang) for each in move.happenings):
                ringing[move.presses][state] = ringing[move.presses].get(state, 0) | worlds
    within: list[Sets] = []  # by the number of keys needed at most
    for keys, rings in enumerate(ringing):
        starts = dict(rings)
        for fewer, sets in enumerate(within):
            for state, worlds in sets.items():
                for part, before, move in edges.into.get(state, ()):
                    if move.presses == keys - fewer and part & worlds:
                        starts[before] = starts.get(before, 0) | part & worlds
        within.append(edges.leading_to(starts, lambda move: not move.presses))
    near: Sets = {}
    for sets in within:
        for state, worlds in sets.items():
            near[state] = near.get(state, 0) | worlds
    return {state: worlds & ~near.get(state, 0) for state, worlds in asking.items()}


def absent_people(examined: Examined) -> Iterator[Finding]:
    """Phones that ring where nobody is ever at that time, and those rung while their department alone is closed.

    Reception is rung at any time: it is better than nothing, and somebody may still be there.
    """
    configuration = examined.configuration
    office = examined.open_in(OFFICE) if OFFICE in configuration.hours else 0
    for states in examined.by_step.values():
        rung = 0
        phones: dict[str, str] = {}
        for state in states:
            for worlds, move in examined.edges.out[state]:
                if move.is_spelled:
                    continue  # whoever asks for somebody by name may get them at any hour
                for happening in move.happenings:
                    if isinstance(happening, Rang):
                        rung |= worlds & examined.reached.steady.get(state, 0)
                        phones.update((phone.extension, phone.name) for phone in happening.phones)
        tables = {extension: _tables(examined, extension) for extension in phones}
        if not rung or not all(tables.values()) or examined.configuration.organisation.reception.extension in phones:
            continue
        there = 0
        for names in tables.values():
            for table in names:
                there |= examined.open_in(table)
        yield from _absent(
            examined, states, phones, sorted({name for names in tables.values() for name in names}), rung, there, office
        )


def _absent(
    examined: Examined,
    states: list[State],
    phones: dict[str, str],
    tables: list[str],
    rung: int,
    there: int,
    office: int,
) -> Iterator[Finding]:
    def first(worlds: int) -> State:
        return examined.states_by_cost({state: worlds & examined.reached.steady.get(state, 0) for state in states})[0]

    who = " and ".join(f"{name} ({extension})" for extension, name in phones.items())
    hours = " and ".join(f"`{table}`" for table in tables)
    step = examined.step(states[0])
    if not rung & there:
        text = f"step `{step.name}` rings {who} only when nobody is there: {hours} is closed each time"
        state = first(rung)
        worlds = rung & examined.reached.steady[state]
        expected = f"`hours: {tables[0]}` asked before"
        yield examined.finding("nobody-there", Severity.WARNING, state, worlds, text, expected)
    elif away := rung & office & ~there:
        state = first(away)
        worlds = away & examined.reached.steady[state]
        when = day_and_time(examined.configuration.local(next(examined.instants(worlds))))
        text = f"step `{step.name}` rings {who} while {hours} is closed and the office is open, such as {when}"
        expected = f"`hours: {tables[0]}` asked before"
        yield examined.finding("department-closed", Severity.WARNING, state, worlds, text, expected)


def _tables(examined: Examined, extension: str) -> set[str]:
    """The opening hours of those whose phone it is."""
    organisation, hours = examined.configuration.organisation, examined.configuration.hours
    found = {
        department.hours
        for department in organisation.departments.values()
        if (phone := organisation.phone_of_department(department.id)) and phone.extension == extension
    }
    for person in organisation.people.values():
        if person.phone and person.phone.extension == extension:
            own = getattr(person, "hours", "") or organisation.departments[person.department].hours
            found.add(own)
    return {table for table in found if table in hours}
