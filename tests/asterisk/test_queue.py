"""A queue of two agents: what callers hear while they wait, who is served when, and how they leave."""

from __future__ import annotations

import asyncio
import time

from switchboard.domain.call_record import EventKind
from switchboard.domain.clients import Client
from switchboard.postgres.clients import Imported, PostgresClients
from switchboard.postgres.queue_figures import queue_figures
from tests import hearing
from tests.asterisk.office import DEADLINE, OWN_MUSIC, RINGBACK, StoryOffice, hear_each_other
from tests.asterisk.test_forward import registered
from tests.asterisk_fixture import eventually
from tests.phone_call import PhoneCall
from tests.phones import Habit, Phone

QUEUE, OF_ONE_AGENT = "6001010", "6001011"


async def test_music_place_and_wait_are_heard_and_an_agent_answers(office: StoryOffice) -> None:
    (mari,) = await registered(office, "101")
    first = await office.call(QUEUE)
    talking = await (await mari.rung()).answer()
    await waiting(office, 0)  # who is being put through has a place still
    call = await office.call(QUEUE)  # Jaan's phone is off, Mari talks
    assert await call.hears(office.prompt("queue_next"))
    comfort = await call.hears(office.prompt("queue_comfort"))
    await call.listen(3.5)
    music = call.heard[int((comfort.at + 2.0) * hearing.RATE) :]
    assert hearing.loud_share(music) > 0.9
    assert not hearing.has_tone(music, RINGBACK)
    await talking.hang_up()
    rung = await mari.rung()
    assert rung.peer.startswith(f"sip:{call.phone.user}@")
    await rung.answer()
    await hear_each_other(call, rung)  # the music has stopped: their tones are heard alone
    await rung.hang_up()
    await call.hears_whole(office.prompt("goodbye"))
    await call.ended()
    await first.ended()
    assert "queue_wait_5" in office.heard(call)  # usually three minutes, and one agent answers
    record = await office.record_of(call)
    assert record.ending == ("talked", 16, "switchboard")
    assert record.path == ["queue/wait answered", "queue/bye ended"]
    (queued,), (left,) = record.of(EventKind.QUEUED), record.of(EventKind.LEFT_QUEUE)
    assert (queued["queue"], queued["position"], queued["agents"]) == ("sales", 1, 1)
    assert left["outcome"] == "answered"


async def leaves_at_once(call: PhoneCall, office: StoryOffice) -> None:
    """Presses the key that leads out; what follows is heard within 300 ms."""
    pressed = call.now
    await call.press("2")
    gone = await call.hears(office.prompt("queue_left"), after=pressed)
    print(f"heard {gone.at - pressed:.3f} s after the key was pressed")
    assert gone.at - pressed < 0.3 + KEY_LASTS
    await call.ended()


async def test_a_queue_has_music_of_its_own(office: StoryOffice) -> None:
    await registered(office, "120")
    call = await office.call(OF_ONE_AGENT)
    assert await call.hears(office.asterisk.folders.asterisk / OWN_MUSIC)
    await call.hang_up()


KEY_LASTS = 0.2  # seconds: a key counts when it is let go


async def test_a_key_works_at_once_while_there_is_music(office: StoryOffice) -> None:
    await registered(office, "120")  # rings for a while, and is skipped then
    call = await office.call(OF_ONE_AGENT)
    comfort = await call.hears_whole(office.prompt("queue_comfort"))
    await call.listen(1.5)
    assert hearing.loud_share(call.heard[int((comfort.at + comfort.seconds + 0.3) * hearing.RATE) :]) > 0.9
    await leaves_at_once(call, office)
    assert (await office.record_of(call)).path == ["lorries/wait 2", "lorries/left ended"]


async def test_a_key_works_at_once_in_an_announcement(office: StoryOffice) -> None:
    await registered(office, "120")
    call = await office.call(OF_ONE_AGENT)
    await call.hears(office.prompt("queue_next"))
    await leaves_at_once(call, office)


async def test_a_key_works_at_once_while_an_agent_is_rung(office: StoryOffice) -> None:
    (mari,) = await registered(office, "101")
    call = await office.call(QUEUE)
    rung = await mari.rung()
    await call.listen(0.5)
    await leaves_at_once(call, office)
    await rung.ended()
    assert (await office.record_of(call)).of(EventKind.LEFT_QUEUE)[0]["outcome"] == "key"


async def who_rings(*phones: Phone) -> PhoneCall:
    """The next of the phones to ring: who has been idle longest is known only to the queue."""
    rings = [asyncio.create_task(phone.rung()) for phone in phones]
    done, waiting = await asyncio.wait(rings, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    return next(iter(done)).result()


async def test_who_does_not_answer_is_skipped_and_the_caller_goes_to_the_next(office: StoryOffice) -> None:
    mari, jaan = await registered(office, "101", "102")
    call = await office.call(QUEUE)
    first, second = await who_rings(mari, jaan), await who_rings(mari, jaan)
    assert first.phone is not second.phone
    await first.ended()
    await hear_each_other(call, await second.answer())
    await call.hang_up()
    record = await office.record_of(call)
    rung = [(each["extension"], each["outcome"]) for each in record.of(EventKind.RUNG)]
    assert rung == [(first.phone.user, "no_answer"), (second.phone.user, "answered")]


async def test_nobody_on_duty_is_known_at_once(office: StoryOffice) -> None:
    call = await office.call(QUEUE)  # a Tuesday, and no agent's phone is connected
    await call.ended()
    assert office.heard(call) == ["queue_nobody"]
    await registered(office, "101")
    office.set_time("2026-11-28 10:00")  # a Saturday
    call = await office.call(QUEUE)
    await call.ended()
    assert office.heard(call) == ["queue_nobody"]


async def test_a_full_queue_says_so_and_keeps_nobody(office: StoryOffice) -> None:
    (mari,) = await registered(office, "101")
    mari.habit = Habit.ANSWER
    await office.call(QUEUE)
    await (await mari.rung()).established()
    most = office.configuration.organisation.queues["sales"].most_waiting
    waiting = [await office.call(QUEUE) for _ in range(most)]

    async def all_wait() -> bool:
        return len(office.controller._queues.told()) == most

    await eventually(all_wait, DEADLINE, f"{most} wait")
    one_more = await office.call(QUEUE)
    await one_more.ended()
    assert office.heard(one_more) == ["queue_full"]
    assert not any(call.is_ended for call in waiting)


async def test_who_has_waited_for_as_long_as_the_queue_lets_them(office: StoryOffice) -> None:
    (mari,) = await registered(office, "101")
    first = await office.call(QUEUE)
    talking = await (await mari.rung()).answer()
    call = await office.call(QUEUE)
    await call.hears(office.prompt("queue_comfort"))
    office.set_time("2026-11-24 10:01")
    await call.hears_whole(office.prompt("queue_timeout"))
    await call.ended()
    assert (await office.record_of(call)).path == ["queue/wait timeout", "queue/timeout ended"]
    await talking.hang_up()
    await first.ended()


class Agent:
    """Answers whatever rings, talks for a moment, and notes who it was."""

    def __init__(self, phone: Phone, served: list[str]) -> None:
        self._phone = phone
        self._served = served

    async def work(self) -> None:
        """Until cancelled."""
        while True:
            rung = await self._phone.rung(60)
            caller = rung.peer.removeprefix("sip:").partition("@")[0]
            if rung.is_ended:
                continue  # left before it was answered
            await rung.answer()
            self._served.append(caller)
            await rung.listen(0.6)
            await rung.hang_up()


async def test_ten_callers_and_two_agents(office: StoryOffice) -> None:
    """In the order in which they came; who leaves does as they chose; nobody is lost."""
    office.set_time("2026-12-01 10:00")  # later than all other stories: to be counted alone
    came_at = office.clock.now()
    phones = await registered(office, "101", "102")
    calls: list[PhoneCall] = []
    for _ in range(10):
        calls.append(await office.call(QUEUE))
    over = await office.call(QUEUE)  # the first two are rung for, and wait still
    await over.ended()
    assert office.heard(over) == ["queue_full"]
    waiting = office.controller._status()["queues"]
    assert [each["position"] for each in waiting] == list(range(1, 11))
    assert sorted(line for each in waiting[:2] for line in each["rings"]) == ["101", "102"]
    assert all(not each["rings"] for each in waiting[2:])
    begun = [await phone.rung() for phone in phones]
    assert {rung.peer.partition("@")[0] for rung in begun} == {f"sip:{call.phone.user}" for call in calls[:2]}
    await calls[4].press("2")  # one chooses to leave, one hangs up
    await calls[6].hang_up()
    served: list[str] = []
    since = time.monotonic()
    agents = [asyncio.create_task(Agent(phone, served).work()) for phone in phones]
    for rung in begun:
        await rung.answer()
        served.append(rung.peer.removeprefix("sip:").partition("@")[0])
    for rung in begun:
        await rung.listen(0.6)
        await rung.hang_up()
    staying = [call for index, call in enumerate(calls) if index not in (4, 6)]
    await asyncio.gather(*(call.ended(40) for call in calls))
    print(f"eight callers served by two agents in {time.monotonic() - since:.1f} s")
    for agent in agents:
        agent.cancel()
    await asyncio.gather(*agents, return_exceptions=True)
    assert sorted(served) == sorted(call.phone.user for call in staying)  # each once
    came = {call.phone.user: index for index, call in enumerate(staying)}
    order = [came[user] for user in served]
    assert all(abs(place - index) <= 1 for index, place in enumerate(order)), f"two agents at most swap two: {order}"
    for index, call in enumerate(calls):
        record = await office.record_of(call)
        left = record.of(EventKind.LEFT_QUEUE)[-1]["outcome"]
        assert left == {4: "key", 6: "abandoned"}.get(index, "answered")
        if call in staying:
            assert record.ending == ("talked", 16, "switchboard")
    (figures,) = await queue_figures(office.dsn, came_at)
    assert (figures.queue, figures.answered, figures.by_key, figures.not_admitted) == ("sales", 8, 1, 1)
    assert len(figures.abandoned_after) == 1


async def test_after_a_restart_all_have_the_places_they_had(office: StoryOffice) -> None:
    (peeter,) = await registered(office, "120")
    before = await office.call(OF_ONE_AGENT)
    talking = await (await peeter.rung()).answer()
    calls = [await office.call(OF_ONE_AGENT) for _ in range(3)]
    await calls[-1].hears(office.prompt("queue_comfort"))
    await office.restart_controller()
    await hear_each_other(before, talking)
    await talking.hang_up()
    for call in calls:
        rung = await peeter.rung()
        assert rung.peer.startswith(f"sip:{call.phone.user}@")
        await hear_each_other(call, await rung.answer())
        await rung.hang_up()
        await call.ended()
        record = await office.record_of(call)
        assert EventKind.ADOPTED in {event.kind for event in record.events}
        assert record.path[-2:] == ["lorries/wait answered", "lorries/bye ended"]


async def dealers(office: StoryOffice, *callers: Phone) -> None:
    """From now on these are known."""
    clients = [Client(each.user, f"Dealer {each.user}", (f"+{each.user}",), "dealer", "ott") for each in callers]
    async with PostgresClients(office.dsn) as table:
        assert isinstance(await table.take(clients), Imported)
    await office.controller._clients.mirror.looked()


async def test_a_dealer_has_a_head_start_and_a_stranger_is_not_passed_for_ever(office: StoryOffice) -> None:
    """Ten seconds of it: who comes five seconds after a stranger goes first, and who comes fifteen after does not.

    When the agent has talked, something is being said to most of those who wait.
    """
    (peeter,) = await registered(office, "120")
    before = await office.call(OF_ONE_AGENT)
    talking = await (await peeter.rung()).answer()
    stranger, early, late = [await office.caller() for _ in range(3)]
    await dealers(office, early, late)
    calls = {}
    for caller, second in ((stranger, 10), (early, 15), (late, 25)):
        office.set_time(f"2026-11-24 10:00:{second}")
        calls[caller] = await (await caller.dial(OF_ONE_AGENT)).established()
        await waiting(office, len(calls))
    told = [each["since"] for each in office.controller._status()["queues"]]
    assert [since[17:19] for since in told] == ["15", "10", "25"]
    await talking.hang_up()
    for caller in (early, stranger, late):
        rung = await peeter.rung()
        assert rung.peer.startswith(f"sip:{caller.user}@")
        await hear_each_other(calls[caller], await rung.answer())
        await rung.hang_up()
        await calls[caller].ended()
    await before.ended()


async def waiting(office: StoryOffice, number: int) -> None:
    """Until so many are in the queue."""

    async def are() -> bool:
        return len(office.controller._status()["queues"]) == number

    await eventually(are, 10, f"{number} in the queue")
