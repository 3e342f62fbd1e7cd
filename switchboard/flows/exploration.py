"""What can happen in a step, found by running it: every answer that a caller, a phone or the clock can give is tried.

The step runs as it does in a call, the very same code, against a call whose answers fork (forking_call.py). So
whatever the interpreter can do is found, and a new step type is explored without a line of its own. Two rules make
this sound: a step reaches the outside only through its Conversation, and what it decides by the clock it asks of
`Conversation.now`.

What a step did not look at cannot change what it does. The Explorer notes what each run looked at (the clock, the
caller, the number dialled, each of the call's variables) and runs a step again only where that differs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from switchboard.domain.clients import Client
from switchboard.domain.language import Language
from switchboard.flows.caller_classes import SOME_NUMBER, fact_of
from switchboard.flows.configuration import Configuration, Left, Step
from switchboard.flows.conversation import TooManySteps
from switchboard.flows.forking_call import Asked, ForkingCall, Happening, Questions, Said
from switchboard.flows.forking_messages import ForkingMessages
from switchboard.flows.forking_presence import ForkingPresence
from switchboard.flows.forking_queues import ForkingQueues
from switchboard.flows.variables import first_values
from switchboard.flows.watched_conversation import ByClock, NoClock, NoLedger, Unrecorded, WatchedConversation
from switchboard.flows.watched_variables import Noted, after, first_noted
from switchboard.ports import Position, Utterance
from switchboard.services.identify_caller import known_caller
from switchboard.services.office import Office

MOST_RUNS = 5_000  # of one step in one state; what lies beyond is not explored, and `incomplete` says so
WITHOUT_END = "without_end"  # the outcome of a step that asks again and again
FAULT = "fault"  # the outcome of a step that fails: the caller hears an apology


@dataclass(frozen=True, slots=True)
class World:
    """What is given when a call comes."""

    instant: datetime  # UTC
    caller: str  # number as received; "" when withheld
    number: str  # that was dialled
    is_known: bool = True  # is the caller's a number of the telephone network?
    client: Client | None = None  # who has it


@dataclass(frozen=True, slots=True)
class State:
    """Where a call stands before it enters a step: what follows depends on this and on the World alone."""

    flow: str
    step: str
    language: Language
    variables: tuple[tuple[str, Any], ...] = ()  # sorted by name
    returns: tuple[tuple[str, str], ...] = ()  # (flow, subflow step), innermost last


@dataclass(frozen=True, slots=True)
class Move:
    """One way through a step."""

    happenings: tuple[Happening, ...]  # in order
    left: Left
    to: State | None  # None: nothing follows, the switchboard hangs up
    unset: frozenset[str] = frozenset()  # variables that were asked for before anything had been noted in them
    keys: frozenset[str] = frozenset()  # each of which, as the last one pressed, leads this way
    presses: int = field(init=False, compare=False)  # how many keys the caller presses

    def __post_init__(self) -> None:
        keys = [happening.key for happening in self.happenings if isinstance(happening, Asked)]
        object.__setattr__(self, "presses", sum(key is not None for key in keys))  # asked a hundred thousand times

    @property
    def is_spelled(self) -> bool:
        """Does the caller press keys that belong together, such as a name's?"""
        return any(isinstance(happening, Asked) and happening.is_spelled for happening in self.happenings)

    @property
    def asks(self) -> int:
        """How many keys are waited for, pressed or not."""
        return sum(isinstance(happening, Asked) for happening in self.happenings)


@dataclass(frozen=True, slots=True)
class Looks:
    """What was looked at of the World."""

    clock: bool = False
    caller: bool = False
    number: bool = False
    client: frozenset[str] = frozenset()  # of clients.SUBJECTS
    by_clock: frozenset[ByClock] = frozenset()  # where not the clock itself

    def of(self, world: World) -> tuple[object, ...]:
        """That part of a world."""
        return (
            self.clock and world.instant,
            self.caller and world.caller,
            self.number and world.number,
            self.client and (world.is_known, *(fact_of(world.client, each) for each in sorted(self.client))),
            *(asked.at(world.instant) for asked in self.by_clock),
        )


class Explorer:
    """The moves of every step of a configuration, each found once and remembered."""

    def __init__(self, configuration: Configuration, *, with_languages: bool = True) -> None:
        """Without languages a call keeps the one it began with: fewer states, and enough where no step decides by the
        language (`decides_by_language` tells, once all is explored)."""
        self.configuration = configuration
        self.decides_by_language = False
        self.incomplete: set[State] = set()
        self.by_clock: dict[str, ByClock] = {}  # what steps ask of the clock, by rota
        self.runs = 0  # so far: what exploring cost
        self._with_languages = with_languages
        self._office = Office(
            configuration.organisation,
            configuration.hours,
            configuration.facts,
            configuration.prompts,
            configuration.version,
            NoClock(),
            NoLedger(),
            queues=ForkingQueues(),
        )
        self._first = first_values(configuration.variables)
        self._known: dict[State, dict[Looks, dict[tuple[object, ...], tuple[Move, ...]]]] = {}
        self._found: dict[State, dict[tuple[Looks, tuple[str, ...]], dict[tuple[object, ...], _Found]]] = {}

    def beginning(self, number: str) -> State:
        """Where a call to one of the organisation's numbers begins. Raises KeyError for another."""
        dialled = self.configuration.organisation.numbers[number]
        conversation = self._conversation(ForkingCall("", number, (), Questions()), dialled.language, dialled.flow)
        return _state_of(conversation, dialled.language)

    def beginnings(self, number: str) -> tuple[State, ...]:
        """The same in each language in which calls to it may begin: a client's own, too."""
        first = self.beginning(number)
        organisation = self.configuration.organisation
        if not (self._with_languages and organisation.client_classes):
            return (first,)
        others = [language for language in organisation.languages if language != first.language]
        return (first, *(replace(first, language=language) for language in others))

    def step_of(self, state: State) -> Step:
        """The step a state stands before."""
        return self.configuration.flows[state.flow].steps[state.step]

    def moves(self, state: State, world: World) -> tuple[Move, ...]:
        """Every way through the step. Of those that leave it by one outcome to one state, that in which least happens;
        and, where that needs a key, the shortest without any, if there is one.

        Callers may hang up at any moment as well; that is no move.
        """
        return self.look(state, world)[1]

    def look(self, state: State, world: World) -> tuple[Looks, tuple[Move, ...]]:
        """The moves, and what of the world they depend on: in worlds alike in that, they are the same."""
        known = self._known.setdefault(state, {})
        for looks, results in known.items():
            if (moves := results.get(looks.of(world))) is not None:
                return looks, moves
        variables = {**self._first, **dict(state.variables)}
        found = self._found_before(state, variables, world) or self._explore(state, variables, world)
        if found.is_incomplete:
            self.incomplete.add(state)
        moves = known.setdefault(found.looks, {})[found.looks.of(world)] = found.ways.moves(variables)
        return found.looks, moves

    def first_words(self, state: State, world: World) -> tuple[Utterance, ...]:
        """What is said in a step before anything is asked, rung or over."""
        run = _Run(self, state, world, (), Questions())
        run.go()
        said: tuple[Utterance, ...] = ()
        for happening in run.call.happenings:
            if not isinstance(happening, Said):
                break
            said += happening.utterances
        return said

    def looks(self, state: State) -> Looks:
        """What runs of the step in this state have looked at so far."""
        seen = self._known.get(state, {})
        return Looks(
            any(looks.clock for looks in seen),
            any(looks.caller for looks in seen),
            any(looks.number for looks in seen),
            frozenset[str]().union(*(looks.client for looks in seen)),
            frozenset[ByClock]().union(*(looks.by_clock for looks in seen)),
        )

    def _found_before(self, state: State, variables: Mapping[str, Any], world: World) -> _Found | None:
        """What was found of the step in a state that differs only in what it did not look at."""
        for (looks, asked), results in self._found.get(replace(state, variables=()), {}).items():
            if (found := results.get((looks.of(world), first_noted(variables, asked)))) is not None:
                return found
        return None

    def _explore(self, state: State, variables: Mapping[str, Any], world: World) -> _Found:
        ways, questions = _Ways(), Questions()
        clock = caller = number = is_incomplete = False
        client: set[str] = set()
        by_clock: set[ByClock] = set()
        asked: set[str] = set()
        for _ in ("learn which keys mean something", "try them in every order"):
            ahead: deque[tuple[Any, ...]] = deque([()])
            runs = 0
            while ahead and runs < MOST_RUNS:
                run = _Run(self, state, world, ahead.popleft(), questions)
                move = run.go()
                runs += 1
                ahead.extend(run.call.untried())
                if not questions.are_learnt:
                    questions.learn(run.call.asked)
                clock, caller, number = (
                    clock or run.saw_clock,
                    caller or run.call.saw_caller,
                    number or run.call.saw_number,
                )
                client |= run.saw_client
                by_clock |= run.asked_of_clock
                asked |= run.variables.asked
                ways.add(move, run.variables.written)
            is_incomplete = is_incomplete or bool(ahead)
            self.runs += runs
            if not questions.has_repeats:
                break
            questions.are_learnt = True
        looks = Looks(clock, caller, number, frozenset(client), frozenset(by_clock))
        found = _Found(looks, ways, is_incomplete)
        names = tuple(sorted(asked))
        results = self._found.setdefault(replace(state, variables=()), {}).setdefault((found.looks, names), {})
        results[found.looks.of(world), first_noted(variables, names)] = found
        return found

    def _conversation(self, call: ForkingCall, language: Language, start: str | Position) -> WatchedConversation:
        office = replace(self._office, presence=ForkingPresence(call), messages=ForkingMessages(call))
        return WatchedConversation(call, Unrecorded(office, language), office, self.configuration, start)


_Way = tuple[str, State | None]  # by which outcome a step is left, and where to


@dataclass(slots=True)
class _Shortest:
    """Of all runs that go one way, those to be kept: see `Explorer.moves`."""

    by_keys: dict[bool, Move] = field(default_factory=dict)  # pressed any? -> the shortest
    last_keys: set[str] = field(default_factory=set)

    def add(self, move: Move, keys: Iterable[str]) -> None:
        known = self.by_keys.get(is_pressed := move.presses > 0)
        if known is None or len(move.happenings) < len(known.happenings):
            self.by_keys[is_pressed] = move
        self.last_keys.update(keys)

    def moves(self, to: State | None) -> Iterator[Move]:
        silent, pressed = self.by_keys.get(False), self.by_keys.get(True)
        keys = frozenset(self.last_keys)
        unset = frozenset[str]().union(*(move.unset for move in self.by_keys.values()))
        if pressed is not None and (silent is None or len(pressed.happenings) < len(silent.happenings)):
            yield replace(pressed, to=to, keys=keys, unset=unset)
        if silent is not None:
            yield replace(silent, to=to, keys=keys, unset=unset)


class _Ways:
    """All runs of a step, by where they lead, whatever is noted in the variables it did not look at."""

    def __init__(self) -> None:
        self._found: dict[tuple[_Way, frozenset[tuple[str, Noted]]], _Shortest] = {}

    def add(self, move: Move, written: Mapping[str, Noted]) -> None:
        """One run, and what it wrote into variables."""
        way = (move.left.outcome, move.to), frozenset(written.items())
        key = _last_key([happening for happening in move.happenings if isinstance(happening, Asked)])
        self._found.setdefault(way, _Shortest()).add(move, [] if key is None else [key])

    def moves(self, variables: Mapping[str, Any]) -> tuple[Move, ...]:
        """The moves of a call with these variables."""
        together: dict[_Way, _Shortest] = {}
        for ((outcome, to), written), found in self._found.items():
            there = to and replace(to, variables=tuple(sorted(after(variables, written).items())))
            shortest = together.setdefault((outcome, there), _Shortest())
            for move in found.by_keys.values():
                shortest.add(move, found.last_keys)
        return tuple(move for (_, to), shortest in together.items() for move in shortest.moves(to))


def _last_key(asked: Sequence[Asked]) -> str | None:
    """What was pressed last; None if nothing came. One key alone, where several may belong together, is what was
    pressed, and the silence after it no answer."""
    if len(asked) > 1 and asked[-1].is_spelled and asked[-1].key is None:
        is_alone = len(asked) == 2 or asked[-3].key is None or not asked[-3].is_spelled
        return asked[-2].key if is_alone else None
    return asked[-1].key if asked else None


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found of a step."""

    looks: Looks
    ways: _Ways
    is_incomplete: bool


class _Run:
    """The step of a state, run once."""

    def __init__(
        self, explorer: Explorer, state: State, world: World, answers: tuple[Any, ...], questions: Questions
    ) -> None:
        self.call = ForkingCall(world.caller, world.number, answers, questions)
        self._explorer = explorer
        self._state = state
        position = Position(state.flow, "", state.step, 1, state.language, dict(state.variables), state.returns)
        self._conversation = explorer._conversation(self.call, state.language, position)
        self._conversation.instant = world.instant
        self._conversation.by_clock = explorer.by_clock
        number = SOME_NUMBER if world.is_known else ""
        self._conversation.who_calls = known_caller(number, world.client, explorer.configuration.organisation)
        self.variables = self._conversation.variables
        self.saw_clock = False
        self.saw_client: set[str] = set()
        self.asked_of_clock = self._conversation.asked_of_clock

    def go(self) -> Move:
        """Run it to its end."""
        explorer, conversation = self._explorer, self._conversation
        step = explorer.step_of(self._state)
        try:
            left = _finished(step.run(step.fields, conversation), step.type)
            conversation.follow(step.routes.get(left.outcome))
        except TooManySteps:
            left = Left(WITHOUT_END)
            conversation.finish()
        except (LookupError, ValueError, TypeError, ArithmeticError) as error:
            left = Left(FAULT, f"{type(error).__name__}: {error}")
            conversation.finish()
        self.saw_clock, self.saw_client = conversation.saw_clock, conversation.saw_client
        if conversation.saw_language and step.type != "language":
            explorer.decides_by_language = True
        language = conversation.recorder.language if explorer._with_languages else self._state.language
        to = None if conversation.is_finished else _state_of(conversation, language)
        return Move(tuple(self.call.happenings), left, to, frozenset(self.variables.missed))


def _state_of(conversation: WatchedConversation, language: Language) -> State:
    return State(
        conversation.flow.id,
        conversation.step,
        language,
        tuple(sorted(conversation.variables.noted.items())),
        conversation.came_through,
    )


def _finished(step: Awaitable[Left], name: str) -> Left:
    """What a step returns that waits for nothing, as the call it talks to answers at once."""
    try:
        next(step.__await__())
    except StopIteration as end:
        result: Left = end.value
        return result
    raise AssertionError(f"step type `{name}` waits for something that is not the call")
