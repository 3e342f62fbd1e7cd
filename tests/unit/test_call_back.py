"""Calling back: an agent is rung when it is the caller's turn, then the caller; what closes a callback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from switchboard.domain.call_record import CallEvent, Disposition, EventKind, derive
from switchboard.domain.callback import Callback, CallbackState, as_json, begin_attempt, close
from switchboard.domain.dialling import DialOutcome, Phone
from switchboard.domain.hours import HoursTable
from switchboard.domain.identity import CallId, new_event_id, uuid7
from switchboard.domain.language import ENGLISH
from switchboard.domain.organisation import Person, Trunk
from switchboard.domain.outbound import OutboundRole, OutboundRules, Used
from switchboard.domain.queueing import CallbackRules, Queue
from switchboard.services.call_back import CallingBack
from switchboard.services.offer_callback import Promise, promise_callback
from switchboard.services.office import CallbacksInMemory, Office
from switchboard.services.record_call import CallRecorder
from switchboard.services.wait_in_queue import Queues, WatchedLedger
from switchboard.testing.in_memory_ledger import InMemoryLedger
from switchboard.testing.in_memory_presence import InMemoryPresence
from switchboard.testing.manual_clock import ManualClock
from switchboard.testing.script import PhoneBehaviour, read_action, read_phone
from switchboard.testing.scripted_call import ScriptedCall
from switchboard.testing.scripted_lines import ScriptedAgentLines
from tests.sample_organisation import MARI, sample_organisation

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
JAAN = Phone("102", "Jaan Sepp")
PERSON, OTHER = "+37255501234", "+37255505678"
RULES = CallbackRules(attempts=2, pause=10 * MINUTE, deadline=60 * MINUTE)
SALES = Queue("sales", ("mari", "jaan"), callback=RULES)
S = CallbackState


@dataclass
class Scene:
    """Two agents, and what phones do."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(NOON))
    ledger: InMemoryLedger = field(default_factory=InMemoryLedger)
    queues: Queues = field(default_factory=Queues)
    callbacks: CallbacksInMemory = field(default_factory=CallbacksInMemory)

    def __post_init__(self) -> None:
        trunk = Trunk("line", "192.0.2.1", allowed=("+372",), caller_number="+3726001000")
        organisation = sample_organisation(trunks=(trunk,))
        people = {"mari": Person("mari", MARI.name, "sales", MARI), "jaan": Person("jaan", JAAN.name, "sales", JAAN)}
        organisation = replace(organisation, people=people, queues={"sales": SALES})
        self.lines = ScriptedAgentLines(self.clock, {})
        self.calling_back = CallingBack(lambda: self.office, self.lines)
        watched = WatchedLedger(self.ledger, self.queues.rooms.noted)
        self.office = Office(
            organisation,
            {},
            {},
            {},
            "v1",
            self.clock,
            WatchedLedger(watched, self.calling_back.noted),
            presence=InMemoryPresence(self.clock),
            queues=self.queues,
            callbacks=self.callbacks,
        )

    def phones(self, **behaviours: str) -> None:
        """`mari="answers"`, `jaan=…`, `person=…`."""
        lines = {"mari": "101", "jaan": "102", "person": PERSON, "other": OTHER}
        self.lines.phones.update({lines[who]: read_phone(text) for who, text in behaviours.items()})

    def agents_press(self, **keys: str) -> None:
        """What an agent who picks up does; "" is silence."""
        lines = {"mari": "101", "jaan": "102"}
        self.lines.actions.update(
            {lines[who]: [read_action(f"press {key}")] if key else [] for who, key in keys.items()}
        )

    async def promise(self, caller: str = PERSON, number: str = "", since: datetime | None = None) -> Promise:
        """In a call of its own, which ends then."""
        call = ScriptedCall(self.clock, caller=caller, call_id=CallId(uuid7(NOON)))
        recorder = CallRecorder(call.id, self.office.ledger, self.clock, ENGLISH)
        recorder.note_offer(self.clock.now(), number="6001000", caller_number=caller)
        queue = self.office.organisation.queues["sales"]
        promised = await promise_callback(call, queue, number or caller, since, self.office, recorder)
        recorder.note(EventKind.ENDED, disposition="served", cause=16, ended_by="caller")
        return promised

    def of(self, number: str = PERSON) -> Callback:
        """The last one of a number."""
        return [each for each in self.callbacks.all() if each.number == number][-1]

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        self.calling_back.begin()
        task = asyncio.create_task(self.calling_back.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(2000):
            if condition():
                return
            await asyncio.sleep(0)
        raise AssertionError(f"not so: {[as_json(each) for each in self.callbacks.all()]}")

    async def idle(self) -> None:
        """Let everything happen that happens without time going by."""
        for _ in range(200):
            await asyncio.sleep(0)

    def pass_time(self, length: timedelta) -> None:
        self.clock.pass_time(length)
        self.calling_back.look_again()


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_an_agent_is_rung_then_the_person_and_they_talk(scene: Scene) -> None:
    scene.phones(mari="answers after 2s", person="answers after 3s, talks 20s")
    scene.agents_press(mari="1")
    assert await scene.promise() is Promise.PROMISED
    async with scene.working():
        await scene.until(lambda: scene.of().state is S.TALKED)
        await scene.until(lambda: len(scene.ledger.events) > 0 and scene.ledger.events[-1].kind is EventKind.ENDED)
    (line,) = scene.lines.calls
    assert (line.wanted.shown_number, line.wanted.shown_name) == (PERSON, f"Callback for {PERSON}")
    assert list(line.wanted.lines) == [PERSON]
    row = derive(scene.ledger.of(line.id))
    assert (row.disposition, row.number, row.caller_number) == (Disposition.TALKED, PERSON, "101")
    assert row.irregularities == ()
    offered = scene.ledger.of(line.id)[0].data
    assert offered["callback_of"] == str(scene.of().call_id)
    story = [event.data for event in scene.ledger.of(scene.of().call_id) if event.kind is EventKind.CALLBACK]
    assert [data["state"] for data in story] == ["waiting", "dialling", "talked"]
    assert story[1]["in_call"] == str(line.id)
    assert derive(scene.ledger.of(scene.of().call_id)).irregularities == ()


@pytest.mark.parametrize(
    ("first", "key", "outcome"),
    [
        ("busy", "", DialOutcome.BUSY),
        ("no answer", "", DialOutcome.NO_ANSWER),
        ("answers", "3", DialOutcome.DECLINED),
        ("answers", "", DialOutcome.NO_ANSWER),
    ],
)
async def test_an_agent_who_does_not_take_it_leaves_it_to_the_next(
    scene: Scene, first: str, key: str, outcome: DialOutcome
) -> None:
    scene.phones(mari=first, jaan="answers", person="answers")
    scene.agents_press(mari=key, jaan="1")
    await scene.promise()
    async with scene.working():
        await scene.until(lambda: scene.of().state is S.TALKED)
    assert [line.wanted.agent.extension for line in scene.lines.calls] == ["101", "102"]
    assert scene.of().attempts == 1, "no attempt to reach the person"
    rung = [event.data for event in scene.ledger.of(scene.lines.calls[0].id) if event.kind is EventKind.RUNG]
    assert (rung[0]["outcome"] == outcome) or first == "answers"


@pytest.mark.parametrize(
    ("person", "last"),
    [
        ("busy", "busy"),
        ("no answer", "no_answer"),
        ("answers and says nothing", "answered without a key"),
        ("unavailable", "unavailable"),
    ],
)
async def test_who_is_not_reached_is_tried_again_after_the_pause_and_then_told_of(
    scene: Scene, person: str, last: str
) -> None:
    scene.phones(mari="answers", jaan="unavailable", person=person)
    scene.agents_press(mari="1")
    await scene.promise()
    with capture_logs() as logs:
        async with scene.working():
            await scene.until(lambda: scene.of().attempts == 1 and scene.of().state is S.WAITING)
            assert scene.of().last == last
            await scene.idle()
            scene.pass_time(RULES.pause - MINUTE)
            await scene.idle()
            assert scene.of().attempts == 1
            scene.pass_time(MINUTE)
            await scene.until(lambda: scene.of().state is S.EXPIRED)
    assert (scene.of().attempts, scene.of().last) == (2, last)
    assert [log["log_level"] for log in logs if log["event"] == "callback_not_kept"] == ["error"]
    assert scene.calling_back.told()[0]["state"] == "expired"


async def test_who_needs_no_call_any_more_says_so(scene: Scene) -> None:
    scene.phones(mari="answers", person="answers and refuses")
    scene.agents_press(mari="1")
    await scene.promise()
    async with scene.working():
        await scene.until(lambda: scene.of().state is S.CANCELLED)
    assert not scene.callbacks.open()


async def test_the_one_who_came_first_is_called_first(scene: Scene) -> None:
    scene.phones(mari="answers", jaan="unavailable", person="answers", other="answers")
    scene.agents_press(mari="1")
    await scene.promise(OTHER)
    await scene.promise(PERSON, since=NOON - 5 * MINUTE)
    async with scene.working():
        await scene.until(lambda: scene.of(PERSON).state is S.TALKED)
        assert scene.of(OTHER).state is S.WAITING
        await scene.until(lambda: scene.ledger.events[-1].kind is EventKind.ENDED)
        await scene.idle()
        scene.pass_time(MINUTE)  # the agent's wrap-up
        await scene.until(lambda: scene.of(OTHER).state is S.TALKED)
    assert [next(iter(line.wanted.lines)) for line in scene.lines.calls if line.is_answered] == [PERSON, OTHER]


async def test_nobody_on_duty_is_waited_for_until_the_deadline(scene: Scene) -> None:
    nobody = replace(scene.office.organisation, queues={"sales": replace(SALES, members=())})
    scene.office = replace(scene.office, organisation=nobody)
    await scene.promise()
    async with scene.working():
        await scene.idle()
        assert scene.of().state is S.WAITING
        scene.pass_time(RULES.deadline)
        await scene.until(lambda: scene.of().state is S.EXPIRED)
    assert not scene.lines.calls


def one_call_a_day(scene: Scene) -> None:
    """The role that callbacks go out by; its caps are each phone's own."""
    queue = replace(SALES, callback=replace(RULES, role="callbacks"))
    rules = OutboundRules({"callbacks": OutboundRole("callbacks", ("EE",), calls_per_day=1)})
    organisation = replace(scene.office.organisation, queues={"sales": queue}, outbound=rules)
    scene.office = replace(scene.office, organisation=organisation)


async def test_an_agent_whose_phone_has_reached_its_cap_is_not_rung(scene: Scene) -> None:
    one_call_a_day(scene)
    scene.phones(mari="answers", jaan="answers", person="answers")
    scene.agents_press(mari="1", jaan="1")
    scene.lines.used["101"] = Used(calls=1)
    await scene.promise()
    async with scene.working():
        await scene.until(lambda: scene.of().state is S.TALKED)
    assert [line.wanted.agent.extension for line in scene.lines.calls] == ["102"]
    assert scene.lines.used["102"] == Used(calls=1)


async def test_where_no_phone_may_call_outside_any_more_it_is_another_day_or_never(scene: Scene) -> None:
    one_call_a_day(scene)
    scene.phones(mari="answers", jaan="answers", person="answers")
    scene.agents_press(mari="1", jaan="1")
    scene.lines.used = {"101": Used(calls=1), "102": Used(calls=1)}
    await scene.promise()
    async with scene.working():
        await scene.idle()
        assert (scene.of().state, scene.of().attempts, scene.lines.calls) == (S.WAITING, 0, [])
        scene.lines.used.clear()  # midnight
        scene.pass_time(MINUTE)
        await scene.until(lambda: scene.of().state is S.TALKED)


@pytest.mark.parametrize(
    ("length", "deadline"),
    [(30 * MINUTE, NOON + 30 * MINUTE), (timedelta(hours=24), NOON + timedelta(hours=3))],
)
async def test_the_deadline_is_the_end_of_the_working_day_if_that_comes_first(
    scene: Scene, length: timedelta, deadline: datetime
) -> None:
    """It closes at 17:00 in Tallinn, two hours before that in UTC."""
    office = HoursTable("office", "Mo-Fr 09:00-17:00", "Europe/Tallinn", "EE")
    queue = replace(SALES, callback=replace(RULES, deadline=length, closing="office"))
    organisation = replace(scene.office.organisation, queues={"sales": queue})
    scene.office = replace(scene.office, organisation=organisation, hours={"office": office})
    await scene.promise()
    assert scene.of().deadline == deadline


async def test_one_a_person_and_one_to_a_number_of_somebody_else(scene: Scene) -> None:
    assert await scene.promise() is Promise.PROMISED
    assert await scene.promise() is Promise.EXISTS
    assert await scene.promise(OTHER, PERSON) is Promise.EXISTS
    assert await scene.promise(OTHER, "+37255509999") is Promise.PROMISED
    assert await scene.promise(OTHER, "+37255508888") is Promise.EXISTS
    assert await scene.promise(OTHER) is Promise.PROMISED, "the own number is nobody else's"
    assert await scene.promise("", "+37255507777") is Promise.PROMISED
    assert await scene.promise("", "+37255506666") is Promise.EXISTS
    assert await scene.promise(OTHER, "+3729001234") is Promise.REFUSED
    assert len(scene.callbacks.open()) == 4


def event(call_id: CallId, kind: EventKind, at: datetime, **data: object) -> CallEvent:
    return CallEvent(call_id, new_event_id(at), at, kind, data)


async def test_who_calls_and_is_answered_is_not_called_back(scene: Scene) -> None:
    scene.phones(mari="answers", person="answers")
    await scene.promise()
    later = CallId(uuid7(NOON))
    scene.office.ledger.append(event(later, EventKind.OFFERED, NOON, caller_number="55501234"))
    async with scene.working():
        await scene.idle()
        assert not scene.lines.calls, "who is on the line is not dialled"
        scene.office.ledger.append(event(later, EventKind.TALKING, NOON, extension="130", name="Showroom"))
        scene.office.ledger.append(event(later, EventKind.ENDED, NOON))
        scene.pass_time(MINUTE)
        await scene.idle()
    assert scene.of().state is S.CALLED_IN
    assert not scene.lines.calls


async def test_who_calls_and_is_not_answered_is_called_back(scene: Scene) -> None:
    scene.phones(mari="answers", person="answers")
    scene.agents_press(mari="1")
    await scene.promise()
    later = CallId(uuid7(NOON))
    scene.office.ledger.append(event(later, EventKind.OFFERED, NOON, caller_number=PERSON))
    async with scene.working():
        await scene.idle()
        scene.office.ledger.append(event(later, EventKind.ENDED, NOON))
        await scene.until(lambda: scene.of().state is S.TALKED)


async def test_an_attempt_that_a_restart_broke_off_is_made_again_after_the_pause(scene: Scene) -> None:
    scene.phones(mari="answers", person="answers")
    scene.agents_press(mari="1")
    await scene.promise()
    scene.callbacks.put(begin_attempt(scene.of(), NOON))  # as the controller before was killed
    async with scene.working():
        await scene.idle()
        assert (scene.of().state, scene.of().last) == (S.WAITING, "interrupted")
        assert not scene.lines.calls
        scene.pass_time(RULES.pause)
        await scene.until(lambda: scene.of().state is S.TALKED)
    assert scene.of().attempts == 2


@pytest.mark.parametrize("is_told", [False, True])
async def test_two_who_talk_on_after_a_restart_are_not_called_again(scene: Scene, is_told: bool) -> None:
    """Whether the controller before was killed before it noted that they talk, or after."""
    await scene.promise()
    scene.callbacks.put(begin_attempt(scene.of(), NOON))
    if is_told:
        scene.callbacks.put(close(scene.of(), S.TALKED, "talked", NOON))
    person = Phone("", PERSON, PERSON)
    phones = {PERSON: PhoneBehaviour(DialOutcome.ANSWERED, talks=MINUTE)}
    call = ScriptedCall(scene.clock, caller="101", phones=phones, call_id=CallId(UUID(int=9)), talking_to=person)
    resumed = asyncio.create_task(scene.calling_back.resume(call, scene.of().id, scene.office))
    await asyncio.sleep(0)
    async with scene.working():
        await resumed
        scene.pass_time(RULES.pause)
        await scene.idle()
    assert scene.of().state is S.TALKED
    told = [event.data["state"] for event in scene.ledger.of(scene.of().call_id) if event.kind is EventKind.CALLBACK]
    assert sorted(told) == (["waiting"] if is_told else ["talked", "waiting"]), "once"  # at one instant
    assert not scene.lines.calls
    assert derive(scene.ledger.of(call.id)).disposition is Disposition.TALKED


async def test_a_place_of_somebody_to_be_called_back_counts_but_never_fills_the_queue(scene: Scene) -> None:
    await scene.promise(since=NOON - MINUTE)
    async with scene.working():
        await scene.idle()
        (told,) = scene.queues.told()
        assert (told["position"], told["is_callback"], told["call"]) == (1, True, str(scene.of().id))
