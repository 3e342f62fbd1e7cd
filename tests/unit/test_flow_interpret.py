"""The interpreter: what it notes, remembers, resumes and survives."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from switchboard.domain.call_record import Disposition, EventKind, derive
from switchboard.domain.dialling import Phone
from switchboard.domain.language import ENGLISH, Language
from switchboard.errors import AsteriskError
from switchboard.flows.configuration import Configuration
from switchboard.flows.interpret import can_resume, conversation_of
from switchboard.flows.load import load_configuration
from switchboard.ports import Position
from switchboard.services.answer_call import answer_call
from switchboard.testing.scripted_call import ScriptedCall
from tests.flows.playing import EXAMPLE, OVERLAYS, PROMPTS, Played, Script, play, scripted, with_overlay

ESTONIAN = Language("et")
EVERYWHERE = Script(  # greeting, three menus, facts, a language, a subflow, a phone that is busy and one that talks
    does=["press 9", "press 2", "press 3", "press 1", "press #", "press 4", "press 1"],
    phones={"110": "busy", "100": "answers after 3s, talks 10s"},
)


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return load_configuration(EXAMPLE, PROMPTS)


async def test_a_hangup_at_every_second_is_one_end_of_the_record(configuration: Configuration) -> None:
    whole = await play(configuration, EVERYWHERE)
    length = whole.events[-1].at - whole.events[0].at
    steps_hung_up_in = set()
    for moment in seconds(length):
        played = await play(configuration, replace(EVERYWHERE, hangs_up_after=moment))
        (end,) = played.of(EventKind.ENDED)
        assert played.events[-1] is end
        assert end.data["ended_by"] == "caller"
        last = played.of(EventKind.STEP)[-1]
        assert last.data["outcome"] == "hangup"
        assert not played.of(EventKind.FAULT)
        assert not derive(played.events).irregularities
        talked = bool(played.of(EventKind.TALKING))
        assert (end.data["disposition"] == Disposition.TALKED) == talked
        assert len(played.of(EventKind.TALKED)) == talked
        steps_hung_up_in.add(f"{last.data['flow']}.{last.data['step']}")
    assert {
        "main.greet",
        "main.menu",
        "main.language",
        "information.menu",
        "information.hours",
        "department(department=finance).not_free",
        "main.reception",
    } <= steps_hung_up_in


def seconds(length: timedelta) -> Iterator[timedelta]:
    """Moments a little apart, within the call."""
    step = timedelta(seconds=0.5)
    moment = step / 2
    while moment < length:
        yield moment
        moment += step


async def test_a_step_is_noted_with_its_place_and_times(configuration: Configuration) -> None:
    played = await play(configuration, Script(does=["press 7", "hang up"]))
    greet, may_they, hours, menu = played.of(EventKind.STEP)
    text = (EXAMPLE / "flows" / "main.yaml").read_text("utf-8").splitlines()
    assert (may_they.data["file"], may_they.data["step"]) == ("flows/shared/entry.yaml", "may_they")
    for event in (greet, hours, menu):
        assert event.data["file"] == "flows/main.yaml"
        assert text[event.data["line"] - 1].strip().startswith(f"{event.data['step']}:")
    assert greet.data["entered_at"] < hours.data["entered_at"] <= menu.data["entered_at"] < menu.at.isoformat()


async def test_what_waits_for_people_is_remembered(configuration: Configuration) -> None:
    played = await play(configuration, Script(does=["press 9", "press 2", "press 3", "press 8", "hang up"]))
    told = [(p.flow, p.step, p.attempt, p.language, p.returns) for p in played.call.positions]
    assert told == [
        ("main", "menu", 1, "en", ()),
        ("main", "language", 1, "en", ()),
        ("main", "menu", 1, "et", ()),
        ("information", "menu", 1, "et", (("main", "information"),)),
        ("information", "menu", 2, "et", (("main", "information"),)),
    ]
    assert {position.version for position in played.call.positions} == {configuration.version}


async def test_a_call_is_resumed_where_it_stood(configuration: Configuration) -> None:
    position = Position(
        "information", configuration.version, "menu", 2, ESTONIAN, {"wants": "order"}, (("main", "information"),)
    )
    assert can_resume(configuration, position)
    script = Script(does=["press #", "hang up"])
    call, office, ledger = scripted(configuration, script)
    await answer_call(call, office, conversation_of(configuration, office, position), resumed=position)
    assert [event.kind for event in ledger.events][:1] == [EventKind.ADOPTED]
    assert EventKind.ANSWERED not in [event.kind for event in ledger.events]
    played = Played(call, ledger.events, None)
    assert played.steps == [
        "information.menu -> #",
        "information.back -> back",
        "main.hours_again -> open",
        "main.menu -> hangup",
    ]
    assert {utterance.language for utterance in call.heard} == {ESTONIAN}
    assert call.positions[-1].variables == {"wants": "order"}


async def test_a_resumed_menu_has_the_attempts_it_had_left(configuration: Configuration) -> None:
    position = Position("main", configuration.version, "menu", 3, ENGLISH, {})
    call, office, ledger = scripted(configuration, Script())
    await answer_call(call, office, conversation_of(configuration, office, position), resumed=position)
    assert Played(call, ledger.events, None).steps[0] == "main.menu -> no_input"
    assert call.transcript.count("(silence, 5 s)") == 1


async def test_a_talk_goes_on_after_a_restart(configuration: Configuration) -> None:
    position = Position("sales", configuration.version, "order_line", 1, ENGLISH, {})
    script = Script(phones={"101": "answers after 1s, talks 20s"})
    first, office, ledger = scripted(configuration, script)
    call = ScriptedCall(office.clock, phones=first.phones, talking_to=Phone("101", "Mari Tamm"))
    disposition = await answer_call(call, office, conversation_of(configuration, office, position), resumed=position)
    assert disposition is Disposition.TALKED
    assert Played(call, ledger.events, None).steps == ["sales.order_line -> answered", "sales.bye -> ended"]
    assert [event.data["seconds"] for event in ledger.events if event.kind is EventKind.TALKED] == [20.0]


@pytest.mark.parametrize(
    "position",
    [
        Position("main", "x", "gone", 1, ENGLISH, {}),
        Position("gone", "x", "menu", 1, ENGLISH, {}),
        Position("information", "x", "menu", 1, ENGLISH, {}, (("main", "gone"),)),
    ],
)
def test_a_position_that_is_gone_is_not_resumed(configuration: Configuration, position: Position) -> None:
    assert not can_resume(configuration, position)


async def test_a_flow_that_goes_in_circles_ends_with_reception(tmp_path: Path) -> None:
    configuration = load_configuration(with_overlay(tmp_path, OVERLAYS / "circle"), PROMPTS)
    played = await play(configuration, Script(phones={"100": "answers"}))
    assert len(played.of(EventKind.STEP)) == 200
    (fault,) = played.of(EventKind.FAULT)
    assert "more than 200 steps" in fault.data["error"]
    assert played.disposition is Disposition.TALKED
    assert played.call.transcript[-6].startswith("switchboard rings 100 Reception")


async def test_a_caller_who_only_presses_the_star_comes_to_an_end(configuration: Configuration) -> None:
    played = await play(configuration, Script(does=["press *"] * 250, phones={"100": "busy"}))
    assert len(played.of(EventKind.FAULT)) == 1
    assert played.call.ended_by == "switchboard"


async def test_a_call_keeps_the_version_it_began_with(configuration: Configuration, tmp_path: Path) -> None:
    other = load_configuration(with_overlay(tmp_path, OVERLAYS / "ring"), PROMPTS)
    played = await play(configuration, Script(does=["hang up"]))
    assert played.of(EventKind.OFFERED)[0].data["flow_version"] == configuration.version != other.version


async def test_a_broken_step_is_noted_as_a_fault(configuration: Configuration) -> None:
    class Broken(ScriptedCall):
        async def key(self, timeout: timedelta) -> str | None:
            raise AsteriskError("no")

    script = Script(phones={"100": "answers"})
    first, office, ledger = scripted(configuration, script)
    call = Broken(office.clock, phones=first.phones)
    with capture_logs() as logs:
        await answer_call(call, office, conversation_of(configuration, office, "main"))
    assert [(line["event"], line["error"]) for line in logs] == [("call_failed", "AsteriskError('no')")]
    played = Played(call, ledger.events, None)
    assert played.steps[-1] == "main.menu -> fault"
    assert len(played.of(EventKind.FAULT)) == 1


async def test_a_shutdown_leaves_the_call_to_whoever_adopts_it(configuration: Configuration) -> None:
    class Endless(ScriptedCall):
        async def key(self, timeout: timedelta) -> str | None:
            await asyncio.Event().wait()
            return None

    first, office, ledger = scripted(configuration, Script())
    call = Endless(office.clock)
    task = asyncio.create_task(answer_call(call, office, conversation_of(configuration, office, "main")))
    while not call.positions:
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert not first.heard
    assert [event.data["outcome"] for event in ledger.events if event.kind is EventKind.STEP][-1] == "shutdown"
    assert EventKind.ENDED not in [event.kind for event in ledger.events]
    assert not call.transcript[-1].startswith("switchboard hangs up")
