"""Sets of worlds: what is alike stays together, time passes only forward, callers fall into classes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from switchboard.domain.clients import Standing
from switchboard.domain.forwarding import callee_for
from switchboard.flows.caller_classes import CallerClass, answers, caller_classes, compared_numbers
from switchboard.flows.checks import check
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from switchboard.flows.moves import Looks
from switchboard.flows.reachability import explore
from switchboard.flows.time_cells import cells
from switchboard.flows.worlds import Worlds, first_of, places
from tests.flows.playing import EXAMPLE, MAIN_NUMBER, OVERLAYS, PROMPTS, with_overlay

MORNING = datetime(2026, 3, 3, 8, tzinfo=UTC)


@dataclass(frozen=True)
class ACell:
    instant: datetime
    successors: tuple[int, ...]


@pytest.fixture
def worlds() -> Worlds:
    """Two numbers, two callers, three cells: morning, then evening for ever, and one that nothing leads to."""
    return Worlds(
        ("1", "2"),
        (CallerClass("+372", "+372"), CallerClass("", "a withheld number")),
        tuple(ACell(MORNING + timedelta(hours=hour), (1,)) for hour in range(3)),
    )


def test_worlds_alike_in_what_was_looked_at_go_together(worlds: Worlds) -> None:
    assert len(worlds) == 12
    assert worlds.like(Looks(), 5) == (1 << 12) - 1
    assert list(places(worlds.like(Looks(clock=True), 1))) == [1, 4, 7, 10]
    assert list(places(worlds.like(Looks(caller=True), 0))) == [0, 1, 2, 6, 7, 8]
    assert worlds.like(Looks(number=True), 11) == worlds.dialling("2")
    assert list(places(worlds.like(Looks(True, True, True), 7))) == [7]


def test_time_passes_and_caller_and_number_stay(worlds: Worlds) -> None:
    assert list(places(worlds.later(0b1))) == [0, 1]
    assert list(places(worlds.later(1 << 5 | 1 << 7))) == [4, 5, 7]
    assert worlds.earlier(4, 1 << 0 | 1 << 5) == 5
    assert first_of(0b1000) == 3


def test_every_number_is_of_one_class(tmp_path_factory: pytest.TempPathFactory) -> None:
    overlay = next(path for path in OVERLAYS.iterdir() if "switch: caller" in _text_of(path))
    configuration = load_configuration(with_overlay(tmp_path_factory.mktemp("overlay"), overlay), PROMPTS)
    classes, compared = caller_classes(configuration), compared_numbers(configuration)
    assert compared
    told = {(answers(each.number, compared), each.is_known, each.client) for each in classes}
    assert len(told) == len(classes)
    known = {answers(each.number, compared) for each in classes}
    for text in compared:
        for number in ("", text, text + "1", text[:-1], "999", "+" + "1" * 14):
            assert answers(number, compared) in known


def _text_of(folder: Path) -> str:
    return "".join(file.read_text("utf-8") for file in folder.rglob("*.yaml"))


@pytest.fixture(scope="module")
def example() -> Configuration:
    return load_configuration(EXAMPLE, PROMPTS)


def test_a_step_is_run_once_for_all_worlds_alike(example: Configuration) -> None:
    """What exploring costs grows with the steps and with what they look at, not with steps x cells x callers."""
    few = explore(example, Worlds((MAIN_NUMBER,), caller_classes(example), cells(example, MORNING, 1)))
    more = explore(example, Worlds((MAIN_NUMBER,), caller_classes(example), cells(example, MORNING, 400)))
    assert len(more.worlds) > 3 * len(few.worlds)
    looking = sum(more.explorer.looks(state).clock for state in more.seen)
    assert more.explorer.runs - few.explorer.runs <= looking * len(more.worlds.cells) * 3
    assert not more.explorer.decides_by_language  # or all would be explored once for each


def test_the_shortest_way_leads_from_a_beginning_to_the_state(example: Configuration) -> None:
    numbers = tuple(example.organisation.numbers)
    reached = explore(example, Worlds(numbers, caller_classes(example), cells(example, MORNING)))
    for state, seen in reached.seen.items():
        _, place = reached.cheapest(state, seen)
        way = reached.way(state, place)
        at = reached.explorer.beginning(reached.worlds.world(place).number)
        for passed in way:
            assert passed.state == at
            assert passed.move in reached.explorer.moves(at, reached.worlds.world(passed.place))
            assert passed.move.to is not None
            at = passed.move.to
        assert at == state


def test_time_that_passes_opens_ways(example: Configuration) -> None:
    """Behind the menu of an open office a closed one is met: only by a call during which it closes."""
    reached = explore(example, Worlds((MAIN_NUMBER,), caller_classes(example), cells(example, MORNING)))
    step = {state.step: state for state in reached.seen if state.flow == "main"}
    late = reached.seen[step["sales"]] & ~reached.steady[step["sales"]]
    way = reached.way(step["sales"], first_of(late))
    assert way[-1].state == step["menu"]
    assert {example.hours["office"].state_at(reached.worlds.world(place).instant).kind for place in places(late)} == {
        "closed",
        "holiday",
    }
    before = reached.worlds.world(way[-1].place).instant
    assert example.hours["office"].state_at(before).kind == "open"


ASKING = """\
flow: main
start: who
steps:
  who:
    switch:
    cases:
      - {when: "manager = mari and not vip", next: mari}
      - {when: standing != ok, next: finance}
      - {when: class = unknown, next: bye}
    on: {otherwise: rest}
  mari:
    ring: {person: mari}
    on: {answered: bye, busy: bye, no_answer: bye, declined: bye, unavailable: bye, failed: bye}
  finance: {say: welcome, next: bye}
  rest: {say: welcome, next: bye}
  bye: {end: goodbye}
"""


def test_callers_are_parted_by_what_is_asked_of_clients(tmp_path: Path) -> None:
    configuration = load_configuration(with_overlay(tmp_path, {"flows/main.yaml": ASKING}), PROMPTS)
    classes = caller_classes(configuration)
    people, kinds = len(configuration.organisation.people), len(configuration.organisation.client_classes)
    known, withheld, garbage = 1 + kinds * 2 * 3 * (people + 1), 1, 1
    assert len(classes) == known + withheld + garbage
    assert {each.description for each in classes} >= {
        "+37255501234, class dealer, vip no, standing ok, manager nobody",
        "+37255501234, class new, vip yes, standing over_limit, manager mari",
        "a withheld number",
    }
    reached = explore(configuration, Worlds((MAIN_NUMBER,), classes, cells(configuration, MORNING, 1)))
    steps = {
        state.step: {reached.worlds.caller(place) for place in places(reached.seen[state])} for state in reached.seen
    }
    assert {each.client and (each.client.manager, each.client.vip) for each in steps["mari"]} == {("mari", False)}
    assert all(each.client is not None and each.client.standing != "ok" for each in steps["finance"])
    assert {each.client is None for each in steps["rest"]} == {True, False}
    assert reached.explorer.runs < 100, "one run for each that is told apart, and not for each kind of client"


def test_clients_for_the_same_person_are_one_kind_where_nothing_else_is_asked(example: Configuration) -> None:
    organisation = example.organisation
    callees = {
        callee_for(manager, standing, organisation)[0]
        for manager in ("", *organisation.people)
        for standing in Standing
    }
    kinds = [each.client for each in caller_classes(example) if each.client is not None]
    assert len(kinds) == len(organisation.client_classes) * len(callees)
    found = {(each.client_class, callee_for(each.manager, each.standing, organisation)[0]) for each in kinds}
    assert found == {*itertools.product(organisation.client_classes, callees)}


def test_a_call_of_a_client_is_told_with_who_it_is(tmp_path: Path) -> None:
    lonely = ASKING.replace("finance: {say: welcome, next: bye}", "finance: {goto: finance}")
    configuration = load_configuration(with_overlay(tmp_path, {"flows/main.yaml": lonely}), PROMPTS)
    loop = next(problem for problem in check(configuration, now=MORNING) if problem.rule == "dead-end")
    assert "standing overdue" in loop.call[0]
    assert "--client 'class=dealer, vip=no, standing=overdue, manager=nobody'" in loop.call[-1]
