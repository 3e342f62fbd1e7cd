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
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from switchboard.domain.language import Language
from switchboard.flows.caller_classes import SOME_NUMBER
from switchboard.flows.configuration import Configuration, Left, Step
from switchboard.flows.conversation import TooManySteps
from switchboard.flows.forking_call import ForkingCall, Questions, Said
from switchboard.flows.forking_messages import ForkingMessages
from switchboard.flows.forking_presence import ForkingPresence
from switchboard.flows.forking_queues import ForkingQueues
from switchboard.flows.moves import FAULT, WITHOUT_END, ByClock, Looks, Move, State, World
from switchboard.flows.variables import first_values
from switchboard.flows.watched_conversation import NoClock, NoLedger, Unrecorded, WatchedConversation
from switchboard.flows.watched_variables import first_noted
from switchboard.flows.ways import Ways
from switchboard.ports import Position, Utterance
from switchboard.services.identify_caller import known_caller
from switchboard.services.office import Office

MOST_RUNS = 5_000  # of one step in one state; what lies beyond is not explored, and `incomplete` says so


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
        self._twins: dict[tuple[str, str], State] = {}
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
        moves = known.setdefault(found.looks, {})[found.looks.of(world)] = found.ways.moves(state, variables)
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
        for like in (self._twin(state), replace(state, variables=())):
            for (looks, asked), results in self._found.get(like, {}).items():
                if (found := results.get((looks.of(world), first_noted(variables, asked)))) is not None:
                    return found
        return None

    def _twin(self, state: State) -> State:
        """What stands for all states alike in their step, where it only leads to others of its flow: of a piece that
        several flows include, it is the same in each, and whichever way the call came there."""
        known = self._twins.get((state.flow, state.step))
        if known is None:
            step = self.step_of(state)
            here = (step.place, step.type, step.routes, step.fields)
            others = ((each.id, each.steps.get(step.name)) for each in self.configuration.flows.values())
            flow = next(
                flow
                for flow, twin in others
                if twin is not None
                and (flow == state.flow or here == (twin.place, twin.type, twin.routes, twin.fields))
            )
            known = self._twins[state.flow, state.step] = State(flow, state.step, state.language)
        return replace(known, language=state.language)

    def _explore(self, state: State, variables: Mapping[str, Any], world: World) -> _Found:
        ways, questions = Ways(state), Questions()
        clock = caller = number = is_incomplete = False
        is_led_elsewhere = False
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
                is_led_elsewhere = is_led_elsewhere or run.is_led_elsewhere
                ways.add(move, run.variables.written)
            is_incomplete = is_incomplete or bool(ahead)
            self.runs += runs
            if not questions.has_repeats:
                break
            questions.are_learnt = True
        looks = Looks(clock, caller, number, frozenset(client), frozenset(by_clock))
        found = _Found(looks, ways, is_incomplete)
        names = tuple(sorted(asked))
        like = replace(state, variables=()) if is_led_elsewhere else self._twin(state)
        results = self._found.setdefault(like, {}).setdefault((found.looks, names), {})
        results[found.looks.of(world), first_noted(variables, names)] = found
        return found

    def _conversation(self, call: ForkingCall, language: Language, start: str | Position) -> WatchedConversation:
        office = replace(self._office, presence=ForkingPresence(call), messages=ForkingMessages(call))
        return WatchedConversation(call, Unrecorded(office, language), office, self.configuration, start)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found of a step."""

    looks: Looks
    ways: Ways
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
        self.saw_clock = self.is_led_elsewhere = False
        self.saw_client: set[str] = set()
        self.asked_of_clock = self._conversation.asked_of_clock

    def go(self) -> Move:
        """Run it to its end."""
        explorer, conversation = self._explorer, self._conversation
        step = explorer.step_of(self._state)
        try:
            left = _finished(step.run(step.fields, conversation), step.type)
            self.is_led_elsewhere = conversation.is_led_elsewhere
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
