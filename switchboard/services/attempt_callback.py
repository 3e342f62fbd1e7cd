"""One attempt to call somebody back: an agent is rung and takes it with a key, then the person is rung and takes it.

It is a call of its own, which begins at the agent's phone. So the person's phone is rung by us, as a mobile of our
people is, and never by anything that a caller could reach: in this one call one number outside may be rung, the one
that was promised. Both are asked: no agent's voicemail, and no machine of the person's, talks to somebody who waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.call_record import Disposition, EventKind
from switchboard.domain.callback import (
    Callback,
    CallbackState,
    attempt_failed,
    begin_attempt,
    callback_line,
    close,
)
from switchboard.domain.clients import Client
from switchboard.domain.dialling import Choice, DialOutcome, HangupCause, Phone, RingResult, WhileRinging
from switchboard.domain.identity import CallId
from switchboard.domain.language import Language
from switchboard.domain.queueing import CallbackRules, Queue
from switchboard.errors import CallerHungUp, CallTakenAway
from switchboard.ports import Acceptance, AgentCall, AgentLine, AgentLines, Call, OutboundCaps, Utterance
from switchboard.services.forward_call import ring_phones, talk_on, talk_to
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder

# Prompts. The agent's are said in the organisation's first language, the person's in the one of the first call.
ASKS_AGENT = "callback_agent"  # names the keys 1 and 3; the number follows
ASKS_PERSON = "callback_person"  # names the keys 1 and 3
NOT_REACHED = "callback_not_reached"  # to the agent
DIGIT = "digit_{}"
PROMPTS = (ASKS_AGENT, ASKS_PERSON, NOT_REACHED, *(DIGIT.format(digit) for digit in range(10)))
TAKE, DECLINE = "1", "3"
TIMES = 2  # that each is asked
PATIENCE = timedelta(seconds=5)  # after each time
LONGEST_NAME = 40  # characters, on a display

Note = Callable[..., None]  # CallingBack.note


@dataclass(frozen=True, slots=True)
class Attempt:
    """How it came out."""

    is_made: bool  # the agent took it, and the person was dialled
    agent_came_out: DialOutcome  # if not: as a phone that was rung for a caller


async def attempt_callback(
    callback: Callback, agent: Phone, queue: Queue, office: Office, lines: AgentLines, note: Note
) -> Attempt:
    """Ring the agent; who takes it is put through to the person, and they talk. The callback's new state is noted
    before the person is dialled: whatever happens then, nobody is dialled twice."""
    rules = queue.callback or CallbackRules()
    line = callback_line(callback.number, rules, office.organisation)
    if line is None:  # the rules have changed since
        note(close(callback, CallbackState.EXPIRED, "may not be called any more", office.clock.now()))
        return Attempt(True, DialOutcome.FAILED)
    client = office.clients.of(callback.number)
    shown = (callback.number, f"Callback for {_name(client, callback)}")
    caps = _caps(rules, office)
    if caps is not None and not await lines.may_call_outside(agent, caps):
        return Attempt(False, DialOutcome.UNAVAILABLE)  # another agent, or another day
    wanted = AgentCall(callback.id, agent, callback.called, *shown, lines={callback.number: line}, caps=caps)
    async with lines.call(wanted) as call:
        recorder = CallRecorder(call.id, office.ledger, office.clock, office.organisation.default_language)
        recorder.note_offer(
            recorder.now(),
            number=callback.number,
            caller_number=agent.extension,
            caller_name=agent.name,
            flow_version=office.version,
            language=recorder.language,
            callback=str(callback.id),
            callback_of=str(callback.call_id),
            **call.witness,
        )
        is_over = True
        try:
            outcome = await _ask_agent(call, callback, agent, queue, office, recorder)
            if outcome is DialOutcome.ANSWERED:
                await _ring_person(call, callback, agent, queue, office, recorder, note)
            await call.hang_up()
            return Attempt(outcome is DialOutcome.ANSWERED, outcome)
        except CallerHungUp:  # the agent, while asked or while the person rang
            current = office.callbacks.get(callback.id) or callback
            is_made = current.revision > callback.revision
            if current.state is CallbackState.DIALLING:
                note(attempt_failed(current, "the agent hung up", rules, recorder.now()))
            return Attempt(is_made, DialOutcome.DECLINED)
        except (CallTakenAway, asyncio.CancelledError):
            is_over = False
            raise
        finally:
            if is_over:
                _note_end(call, recorder)


async def talk_on_after_restart(call: Call, office: Office) -> None:
    """An agent's call that an earlier controller began: until the two have talked; where they don't, it ends."""
    recorder = CallRecorder(call.id, office.ledger, office.clock, office.organisation.default_language)
    recorder.note(EventKind.ADOPTED, step="", flow="")
    is_over = True
    try:
        await talk_on(call, recorder)
        await call.hang_up()
    except CallerHungUp:
        pass
    except (CallTakenAway, asyncio.CancelledError):
        is_over = False
        raise
    finally:
        if is_over:
            _note_end(call, recorder)


async def _ask_agent(
    call: AgentLine, callback: Callback, agent: Phone, queue: Queue, office: Office, recorder: CallRecorder
) -> DialOutcome:
    """ANSWERED if the agent takes it."""
    named = {"extension": agent.extension, "name": agent.name}
    recorder.note(EventKind.RINGING, **named)
    result = await call.pick_up(queue.ring_for)
    told = {"outcome": result.outcome.value, "cause": int(result.cause), "sip_status": result.sip_status}
    recorder.note(EventKind.RUNG, **named, **told)
    if result.outcome is not DialOutcome.ANSWERED:
        return result.outcome
    recorder.note(EventKind.ANSWERED)
    language = recorder.language
    for _ in range(TIMES):
        await call.play(
            [*_said(office, ASKS_AGENT, language), *spelled(callback.number, office, language)], barge_in=True
        )
        key = await call.key(PATIENCE)
        if key == TAKE:
            return DialOutcome.ANSWERED
        if key == DECLINE:
            return DialOutcome.DECLINED
        call.forget_keys()
    return DialOutcome.NO_ANSWER  # a phone that answers by itself, say


async def _ring_person(
    call: AgentLine,
    callback: Callback,
    agent: Phone,
    queue: Queue,
    office: Office,
    recorder: CallRecorder,
    note: Note,
) -> None:
    """Dial, and let them talk."""
    rules, rooms = queue.callback or CallbackRules(), office.queues.rooms
    dialled = begin_attempt(callback, recorder.now())
    note(dialled, in_call=str(call.id))
    await office.callbacks.durable()
    await office.ledger.durable()
    rooms.taken(_place(callback), agent, recorder.now(), in_call=call.id)
    person = Phone("", callback.name or callback.number, callback.number)
    asked = Acceptance(_said(office, ASKS_PERSON, callback.language), TAKE, "", DECLINE, TIMES, PATIENCE)
    began = recorder.now()
    result = await ring_phones(
        call, [person], recorder, timeout=rules.ring_for, hearing=WhileRinging.RINGBACK, acceptance=asked
    )
    if result.outcome is DialOutcome.ANSWERED:
        current = office.callbacks.get(callback.id) or dialled
        note(close(current, CallbackState.TALKED, "talked", recorder.now()), in_call=str(call.id))
        try:
            await talk_to(call, person, recorder)
        finally:
            rooms.handled(queue, recorder.now() - began)
        return
    current = office.callbacks.get(callback.id) or dialled
    if result.choice is Choice.REFUSED:
        note(close(current, CallbackState.CANCELLED, "the person needs no call", recorder.now()))
    else:
        note(attempt_failed(current, _how(result), rules, recorder.now()))
    call.forget_keys()
    await call.play(_said(office, NOT_REACHED, recorder.language), barge_in=True)


def _caps(rules: CallbackRules, office: Office) -> OutboundCaps | None:
    """How much an agent's phone may call outside, by the role that callbacks go out by."""
    organisation = office.organisation
    role = organisation.outbound.roles.get(rules.role) if organisation.outbound is not None else None
    return OutboundCaps(role, organisation.timezone) if role is not None else None


def _note_end(call: Call, recorder: CallRecorder) -> None:
    cause = int(call.hangup_cause) or int(HangupCause.NORMAL)
    disposition = recorder.disposition(Disposition.INTERNAL).value
    recorder.note(EventKind.ENDED, disposition=disposition, cause=cause, ended_by=call.ended_by)


def _how(result: RingResult) -> str:
    """In the record: a machine picks up, and presses no key."""
    return "answered without a key" if result.choice is Choice.NONE else result.outcome.value


def spelled(number: str, office: Office, language: Language) -> tuple[Utterance, ...]:
    """A number, digit by digit."""
    return tuple(said for digit in number if digit.isdigit() for said in _said(office, DIGIT.format(digit), language))


def _said(office: Office, prompt: str, language: Language) -> tuple[Utterance, ...]:
    speech = office.prompts.get(prompt, {})
    return speech.get(language) or speech.get(office.organisation.default_language, ())


def _name(client: Client | None, callback: Callback) -> str:
    """For a display: text that came from a list, not from the network."""
    name = client.name if client is not None else callback.name
    shown = "".join(letter for letter in name if letter.isprintable() and letter not in '"<>\\')
    return shown[:LONGEST_NAME].strip() or callback.number


def _place(callback: Callback) -> CallId:
    """What it is called in the queue."""
    return CallId(callback.id)
