"""Callers' stories that go elsewhere in another version of the flows.

Both versions are walked side by side: the same caller does the same things in both, and where the two part, that is a
story. Steps in which nobody is asked anything are passed over on each side by itself, so a step that was renamed,
split or moved changes no story.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from switchboard.domain.dialling import DialOutcome, Phone
from switchboard.flows.asking import NO_MATCH
from switchboard.flows.exploration import Explorer
from switchboard.flows.forking_call import Asked, Happening, Rang, Said, Spoke, Talked
from switchboard.flows.moves import WITHOUT_END, Move, State, World
from switchboard.ports import Utterance

MOST_PAIRS = 20_000  # places of both versions compared for one world; what lies beyond is not
MOST_SILENT_STEPS = 200  # passed over in a row: as many as a call may have

SILENCE, WRONG_KEY = "stays silent", "presses a key that is not in use"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a call comes to before anybody does anything again."""

    said: tuple[Utterance, ...]  # on the way here
    asks: bool = False  # the caller, for a key
    rings: tuple[Phone, ...] = ()
    ends: str = ""  # how, where the call ends
    at: State | None = None  # the step that asks, rings or ends

    @property
    def told(self) -> str:
        """In callers' words."""
        if self.rings:
            return "rings " + ", ".join(map(_called, self.rings))
        if self.asks:
            return "is asked what to press"
        return self.ends


@dataclass(frozen=True, slots=True)
class Parting:
    """A story that goes elsewhere: what the caller did, what it came to, and what it comes to now."""

    world: World
    did: tuple[str, ...]
    was: Standing
    now: Standing
    worlds: int = 1  # in how many of those compared it is so

    @property
    def ends_elsewhere(self) -> bool:
        """False where only the words differ."""
        return _place(self.was) != _place(self.now)


@dataclass(slots=True)
class Stories:
    """Compares two versions. `partings` are found by `compare`, the shortest story for each."""

    old: Explorer
    new: Explorer
    partings: dict[tuple[object, ...], Parting] = field(default_factory=dict)
    compared: int = 0  # places, in all worlds
    is_complete: bool = True

    def compare(self, worlds: Iterable[World]) -> list[Parting]:
        """Walk both versions in each world."""
        for world in worlds:
            self._walk(world)
        return self.shortest()

    def shortest(self) -> list[Parting]:
        """What was found, the shortest stories first."""
        return sorted(self.partings.values(), key=lambda parting: (not parting.ends_elsewhere, len(parting.did)))

    def _walk(self, world: World) -> None:
        begins = (_beginning(self.old, world), _beginning(self.new, world))
        ahead: deque[tuple[Standing, Standing, tuple[str, ...]]] = deque()
        ahead.append((_settle(self.old, begins[0], world), _settle(self.new, begins[1], world), ()))
        seen: set[tuple[State | None, State | None]] = set()
        told: set[tuple[object, ...]] = set()
        while ahead:
            was, now, did = ahead.popleft()
            if (was.at, now.at) in seen:
                continue
            seen.add((was.at, now.at))
            if len(seen) > MOST_PAIRS:
                self.is_complete = False
                break
            self.compared += 1
            if _place(was) != _place(now) or was.said != now.said:
                self._part(Parting(world, did, was, now), told)
            if _place(was) == _place(now) and not was.ends:
                ahead.extend(self._onward(world, was, now, did))

    def _part(self, parting: Parting, told: set[tuple[object, ...]]) -> None:
        """Keep the shortest story of each parting, and count in how many worlds it happens."""
        key = (parting.was.told, parting.now.told, parting.was.said, parting.now.said, parting.world.number)
        known = self.partings.get(key)
        worlds = (known.worlds if known else 0) + (key not in told)
        told.add(key)
        shortest = known if known and len(known.did) <= len(parting.did) else parting
        self.partings[key] = Parting(parting.world, shortest.did, shortest.was, shortest.now, worlds)
        if shortest is known:
            self.partings[key] = Parting(known.world, known.did, known.was, known.now, worlds)

    def _onward(
        self, world: World, was: Standing, now: Standing, did: tuple[str, ...]
    ) -> Iterator[tuple[Standing, Standing, tuple[str, ...]]]:
        """Whatever is done next, done in both versions."""
        before, after = _deeds(self.old, was, world), _deeds(self.new, now, world)
        for deed in [*before, *(deed for deed in after if deed not in before)]:
            was_next = _after(self.old, _done(before, deed), world)
            yield was_next, _after(self.new, _done(after, deed), world), (*did, deed)


def _beginning(explorer: Explorer, world: World) -> State | None:
    return explorer.beginning(world.number) if world.number in explorer.configuration.organisation.numbers else None


def _after(explorer: Explorer, move: Move | None, world: World) -> Standing:
    return _settle(explorer, move, world) if move else Standing((), ends="cannot do that")


def _settle(explorer: Explorer, begins: State | Move | None, world: World) -> Standing:
    """Go on until the caller is asked, somebody is rung, or the call ends."""
    if begins is None:
        return Standing((), ends="is not answered")
    said: list[Utterance] = []
    state, end = (begins.to, begins) if isinstance(begins, Move) else (begins, None)
    for _ in range(MOST_SILENT_STEPS):
        if state is None:
            how = "goes in circles" if end and end.left.outcome == WITHOUT_END else "is said goodbye to"
            return Standing(tuple(said), ends=how)
        moves = explorer.moves(state, world)
        for happening in moves[0].happenings:
            if isinstance(happening, Asked):
                return Standing(tuple(said), asks=True, at=state)
            if isinstance(happening, Rang):
                return Standing(tuple(said), rings=happening.phones, at=state)
            if isinstance(happening, Said):
                said.extend(happening.utterances)
        end, state = moves[0], moves[0].to
    return Standing(tuple(said), ends="goes in circles")


def _place(standing: Standing) -> tuple[object, ...]:
    return (standing.asks, standing.rings, standing.ends)


def _deeds(explorer: Explorer, standing: Standing, world: World) -> Mapping[str, Move]:
    """What can be done in the step, and what that leads to."""
    assert standing.at is not None
    return {_deed(move): move for move in explorer.moves(standing.at, world)}


def _done(deeds: Mapping[str, Move], deed: str) -> Move | None:
    """The move; a key that only the other version has is a wrong one here. None where nothing like it can be done."""
    return deeds.get(deed) or (deeds.get(WRONG_KEY) if deed.startswith("presses") else None)


def _deed(move: Move) -> str:
    """What caller and callee did in the step. Silence and wrong keys are one deed however often the step asks again."""
    deeds = [told for happening in move.happenings if (told := _told(happening))]
    if deeds and all(deed in (SILENCE, WRONG_KEY) or deed.startswith("presses") for deed in deeds):
        if move.left.outcome == NO_MATCH:
            return WRONG_KEY
        deeds = [deed for deed in deeds if deed != SILENCE] or [SILENCE]
    return ", ".join(deeds) or move.left.outcome


def _told(happening: Happening) -> str:
    if isinstance(happening, Asked):
        return SILENCE if happening.key is None else f"presses {happening.key}"
    if isinstance(happening, Spoke):
        return "says something" if happening.has_voice else "says nothing"
    if isinstance(happening, Talked):
        return f"{_called(happening.phone)} answers, talks and leaves"
    if isinstance(happening, Rang) and happening.outcome is not DialOutcome.ANSWERED:
        phones = ", ".join(map(_called, happening.phones))
        if happening.choice is not None:
            return f"{phones}: {happening.choice.value.replace('_', ' ')}"
        return f"{phones}: {happening.outcome.value.replace('_', ' ')}"
    return ""


def _called(phone: Phone) -> str:
    return f"{phone.name} ({phone.line})"
