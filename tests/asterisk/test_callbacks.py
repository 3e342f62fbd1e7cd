"""Callers are called back: the agent's phone rings, then the caller's through the trunk, and both hear each other."""

from __future__ import annotations

from switchboard.domain.call_record import EventKind
from switchboard.domain.callback import Callback, CallbackState
from switchboard.postgres.callbacks import PostgresCallbacks
from tests.asterisk.office import RINGBACK, Record, StoryOffice, hear_each_other
from tests.asterisk_fixture import eventually
from tests.phones import Phone, PhoneCall

CALLS_BACK = "6001012"  # a queue of one agent, Peeter
AGENT = "120"


async def promised(office: StoryOffice) -> Phone:
    """Somebody calls while nobody is there, leaves a callback, and hangs up."""
    caller = await office.caller(f"+{office.new_number()}")
    call = await (await caller.dial(CALLS_BACK)).established()
    await call.hears_whole(office.prompt("callback_offer"))
    await call.press("1")
    await call.hears_whole(office.prompt("callback_promised"))
    await call.hang_up()
    return caller


def callback_to(office: StoryOffice, caller: Phone) -> Callback:
    return next(each for each in office.controller._callbacks.all() if each.number == caller.user)


async def becomes(office: StoryOffice, caller: Phone, state: CallbackState, attempts: int = 1) -> Callback:
    async def so() -> Callback | None:
        callback = callback_to(office, caller)
        return callback if (callback.state, callback.attempts) == (state, attempts) else None

    return await eventually(so, 15, f"the callback is {state} after {attempts} attempts")


async def takes(office: StoryOffice, rung: PhoneCall) -> PhoneCall:
    """An agent who is rung hears whom it is about, and takes it."""
    await rung.answer()
    await rung.hears(office.prompt("callback_agent"))
    await rung.press("1")
    return rung


async def record_of_attempt(office: StoryOffice, callback: Callback) -> Record:
    (row,) = [each for each in await office._archive.calls(limit=50) if each["number"] == callback.number]
    (record,) = await office._records(lambda each: each["id"] == row["id"], 1, 10)
    return record


async def test_the_caller_is_called_back_and_both_hear_each_other(office: StoryOffice) -> None:
    caller = await promised(office)
    agent = await office.desk(AGENT)
    rung = await agent.rung()
    assert rung.peer.startswith(f"sip:{caller.user}@"), "the agent's display"
    await takes(office, rung)
    called_back = await caller.rung()
    assert called_back.peer.startswith("sip:+3726001000@"), "a number of ours is shown"
    await rung.hears_tone(RINGBACK)
    await called_back.answer()
    await called_back.hears(office.prompt("callback_person"))
    await called_back.press("1")
    await becomes(office, caller, CallbackState.TALKED)
    await hear_each_other(called_back, rung)
    await called_back.hang_up()
    await rung.ended()
    (first,) = await office.records_of(caller.user, 1)
    attempt = await record_of_attempt(office, callback_to(office, caller))
    assert first.disposition == "served"
    assert [each["state"] for each in first.of(EventKind.CALLBACK)] == ["waiting", "dialling", "talked"]
    assert (attempt.disposition, attempt.caller_number) == ("talked", AGENT)
    assert attempt.of(EventKind.OFFERED)[0]["callback_of"] == str(first.row["id"])
    async with PostgresCallbacks(office.dsn) as table:
        kept = [each for each in await table.newest(10) if each.number == caller.user]
    assert [(each.state, each.attempts) for each in kept] == [(CallbackState.TALKED, 1)]


async def test_who_does_not_answer_then_calls_and_is_answered_is_not_called_again(office: StoryOffice) -> None:
    caller = await promised(office)
    agent = await office.desk(AGENT)
    rung = await takes(office, await agent.rung())
    unanswered = await caller.rung()
    await unanswered.ended()  # rang for four seconds
    await rung.hears(office.prompt("callback_not_reached"))
    await rung.ended()
    await becomes(office, caller, CallbackState.WAITING)
    call = await (await caller.dial(CALLS_BACK)).established()
    answering = await (await agent.rung()).answer()
    assert answering.peer.startswith(f"sip:{caller.user}@")
    await hear_each_other(call, answering)
    await becomes(office, caller, CallbackState.CALLED_IN)
    await answering.hang_up()
    await call.ended()
    assert not office.controller._callbacks.open()
    await call.listen(0)
    assert not caller.is_rung


async def test_a_voicemail_of_the_person_is_no_answer(office: StoryOffice) -> None:
    caller = await promised(office)
    agent = await office.desk(AGENT)
    rung = await takes(office, await agent.rung())
    voicemail = await (await caller.rung()).answer()
    await voicemail.ended(20)  # it presses nothing
    callback = await becomes(office, caller, CallbackState.WAITING)
    assert callback.last == "answered without a key"
    await rung.ended()
    async with PostgresCallbacks(office.dsn) as table:  # as `switchboard callbacks cancel` does
        assert await table.cancel(callback.id, "a test")
    await becomes(office, caller, CallbackState.CANCELLED)


async def test_two_who_talk_when_the_controller_is_restarted_talk_on_and_nobody_is_called_again(
    office: StoryOffice,
) -> None:
    caller = await promised(office)
    agent = await office.desk(AGENT)
    rung = await takes(office, await agent.rung())
    called_back = await (await caller.rung()).answer()
    await called_back.hears(office.prompt("callback_person"))
    await called_back.press("1")
    await hear_each_other(called_back, rung)
    await office.restart_controller()
    await hear_each_other(called_back, rung)
    await becomes(office, caller, CallbackState.TALKED)
    await rung.hang_up()
    await called_back.ended()
    attempt = await record_of_attempt(office, callback_to(office, caller))
    assert attempt.ending[0] == "talked"
    assert EventKind.ADOPTED in {event.kind for event in attempt.events}
