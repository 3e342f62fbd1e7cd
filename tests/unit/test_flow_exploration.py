"""Exploring finds all that can happen in a step, and runs a step again only where what it looked at differs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from switchboard.domain.dialling import DialOutcome
from switchboard.flows.caller_classes import caller_classes
from switchboard.flows.configuration import Configuration
from switchboard.flows.exploration import Explorer
from switchboard.flows.forking_call import Asked, ForkingCall, Questions, Rang, Talked
from switchboard.flows.load import load_configuration
from switchboard.flows.moves import Looks, Move, State, World
from switchboard.flows.reachability import explore
from switchboard.flows.time_cells import cells
from switchboard.flows.worlds import Worlds, first_of
from tests.flows.playing import EXAMPLE, MAIN_NUMBER, PROMPTS

OPEN = datetime(2026, 3, 3, 8, tzinfo=UTC)  # a Tuesday
WEEKEND = datetime(2026, 3, 7, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def example() -> Configuration:
    return load_configuration(EXAMPLE, PROMPTS)


def world(instant: datetime = OPEN, number: str = MAIN_NUMBER) -> World:
    return World(instant, "+37255501234", number)


def moves_of(example: Configuration, step: str, at: World | None = None) -> dict[str, Move]:
    """By outcome."""
    explorer = Explorer(example)
    state = State("main", step, example.organisation.default_language)
    return {move.left.outcome: move for move in explorer.moves(state, at or world())}


def test_a_menu_can_be_left_by_each_key_by_silence_and_by_a_wrong_key(example: Configuration) -> None:
    menu = example.flows["main"].steps["menu"]
    moves = moves_of(example, "menu")
    assert set(moves) == set(menu.routes)
    assert {outcome: move.to.step for outcome, move in moves.items() if move.to} == dict(menu.routes)
    asked = [each for each in moves["no_input"].happenings if isinstance(each, Asked)]
    assert [each.key for each in asked] == [None] * menu.fields.attempts
    assert [each.key for each in moves["0"].happenings if isinstance(each, Asked)] == ["0"]


def test_ringing_comes_out_each_way_there_is(example: Configuration) -> None:
    moves = moves_of(example, "reception")
    assert set(moves) == {outcome.value for outcome in DialOutcome}
    assert any(isinstance(each, Talked) for each in moves["answered"].happenings)
    assert all(isinstance(each, Rang) for each in moves["busy"].happenings)


def test_hours_are_asked_once_for_each_instant_and_whoever_calls(example: Configuration) -> None:
    explorer = Explorer(example)
    state = State("main", "hours", example.organisation.default_language)
    (move,) = explorer.moves(state, world(OPEN))
    (again,) = explorer.moves(state, World(OPEN, "", MAIN_NUMBER))
    assert again is move
    (closed,) = explorer.moves(state, world(WEEKEND))
    assert (move.left.outcome, closed.left.outcome) == ("open", "closed")
    assert explorer.looks(state) == Looks(clock=True)
    assert explorer.runs == 2


def test_a_subflow_is_entered_and_come_back_from(example: Configuration) -> None:
    explorer = Explorer(example)
    beginning = explorer.beginning(MAIN_NUMBER)
    (entered,) = explorer.moves(State("main", "information", beginning.language), world())
    assert entered.to is not None
    assert (entered.to.flow, entered.to.returns) == ("information", (("main", "information"),))
    back = {move.left.outcome: move.to for move in explorer.moves(entered.to, world())}["#"]
    assert back is not None
    (returned,) = explorer.moves(back, world())
    assert returned.to == State("main", "hours_again", beginning.language)


def test_an_ended_call_leads_nowhere(example: Configuration) -> None:
    (ended,) = moves_of(example, "bye").values()
    assert ended.to is None


def test_languages_can_be_left_out(example: Configuration) -> None:
    state = State("main", "language", example.organisation.default_language)
    with_them = {move.to.language for move in Explorer(example).moves(state, world()) if move.to}
    without = {move.to.language for move in Explorer(example, with_languages=False).moves(state, world()) if move.to}
    assert with_them == set(example.organisation.languages)
    assert without == {example.organisation.default_language}


async def test_a_key_that_asks_again_is_tried_once_more_and_stands_for_the_others() -> None:
    questions = Questions()
    questions.learn([(None, "1")])
    questions.learn([(None, "2"), (None, None)])
    questions.learn([(None, "3"), (None, None)])
    questions.learn([(None, "*"), (None, None)])
    questions.learn([(None, None), (None, None)])
    questions.are_learnt = True
    answers = questions.answers(None, True)
    assert {"1", "2", None} <= set(answers)
    assert not {"3", "*"} & set(answers)
    call = ForkingCall("", "", ("1",), questions)
    assert await call.key(OPEN - OPEN) == "1"
    assert not list(call.untried())


def test_a_step_is_run_again_only_where_a_variable_differs_that_it_looked_at(example: Configuration) -> None:
    explorer = Explorer(example)
    language = example.organisation.default_language
    moves = {}
    for wants in ("order", "account"):
        state = State("sales", "menu", language, (("wants", wants),))
        moves[wants] = {move.left.outcome: move.to for move in explorer.moves(state, world())}
        if wants == "order":
            runs = explorer.runs
    assert explorer.runs == runs
    for wants, by_outcome in moves.items():
        assert by_outcome["0"] == State("sales", "reception", language, (("wants", wants),))


def test_what_is_known_of_a_state_from_others_is_what_running_it_finds(example: Configuration) -> None:
    numbers = tuple(example.organisation.numbers)
    reached = explore(example, Worlds(numbers, caller_classes(example), cells(example, OPEN, 1)))
    for state, worlds in reached.seen.items():
        one = reached.worlds.world(first_of(worlds))
        alone = Explorer(example, with_languages=False)
        assert alone.moves(state, one) == reached.explorer.moves(state, one), state


def test_what_is_written_is_no_less_written_where_it_was_noted_before(example: Configuration) -> None:
    explorer = Explorer(example)
    language = example.organisation.default_language
    for wants in ("account", "order"):
        state = State("sales", "new_customer", language, (("wants", wants),))
        (written,) = explorer.moves(state, world())
        assert written.to == State("sales", "manager", language, (("wants", "account"),))
    assert explorer.runs == 1
