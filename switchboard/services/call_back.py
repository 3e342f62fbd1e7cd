"""Callers are called back: each keeps a place in the queue, and when it is their turn an agent is rung, then they.

One task for each callback whose turn may come. It waits in the queue as a caller does (domain/queue_rooms.py), without
anybody on the line; the agent who is free is rung on a call of its own (attempt_callback.py). What happens in between,
a call that closes the callback, a cancellation, is taken up at the next step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.callback import (
    INTERRUPTED,
    Callback,
    CallbackState,
    as_json,
    attempt_failed,
    callback_role,
    close,
    expire,
)
from switchboard.domain.dialling import Phone
from switchboard.domain.hours import HoursKind
from switchboard.domain.identity import CallId, new_event_id
from switchboard.domain.phone_numbers import e164, masked
from switchboard.domain.queue_rooms import Waiting
from switchboard.domain.queueing import CallbackRules, Queue, Ticket
from switchboard.domain.ring_strategy import Strategy
from switchboard.ports import AgentLines, Call
from switchboard.services.attempt_callback import Attempt, attempt_callback, talk_on_after_restart
from switchboard.services.find_agents import agents_on_duty
from switchboard.services.office import Office
from switchboard.services.wait_in_queue import OnDuty

LOOK_AGAIN = 5.0  # seconds: hours, roles and clocks change without a word

LONGEST_CALL = timedelta(minutes=30)  # after which who called is taken to be free, though nobody told of the end

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _OnLine:
    """Somebody who is to be called back is in a call with us."""

    number: str
    since: datetime


class CallingBack:
    """All callbacks of this machine. `office` is the one that calls begin with now."""

    def __init__(self, office: Callable[[], Office], lines: AgentLines) -> None:
        self._office, self._lines = office, lines
        self._turns: dict[UUID, asyncio.Task[None]] = {}
        self._woken: dict[UUID, asyncio.Event] = {}
        self._going_on: set[UUID] = set()  # conversations that an earlier controller began
        self._on_line: dict[CallId, _OnLine] = {}  # calls of people who wait to be called back
        self._changed = asyncio.Event()
        self._may_begin = asyncio.Event()

    # -- what others tell

    def begin(self) -> None:
        """Every call that an earlier controller left is known (`resume` was called): what still looks as if it were
        dialled was broken off."""
        for callback in self._office().callbacks.open():
            if callback.id not in self._turns and callback.id not in self._going_on:
                self._no_attempt_lasts(callback.id, INTERRUPTED)
        self._may_begin.set()

    def look_again(self) -> None:
        """A callback was promised, cancelled or closed."""
        self._changed.set()
        for event in self._woken.values():
            event.set()

    def noted(self, event: CallEvent) -> None:
        """Something happened to any call: one who is to be called back calls, and is talked to."""
        match event.kind:
            case EventKind.OFFERED if "callback" not in event.data:
                office = self._office()
                number = e164(str(event.data.get("caller_number") or ""), office.organisation.country)
                if number and office.callbacks.of(number) is not None:
                    self._on_line[event.call_id] = _OnLine(number, event.at)
            case EventKind.CALLBACK if event.data.get("revision") == 1:
                # Promised: the caller shall hear that to the end, and hang up.
                self._on_line[event.call_id] = _OnLine(str(event.data["number"]), event.at)
                self._changed.set()
            case EventKind.TALKING if event.call_id in self._on_line:
                callback = self._office().callbacks.of(self._on_line[event.call_id].number)
                if callback is not None:
                    self.note(close(callback, CallbackState.CALLED_IN, f"call {event.call_id}", event.at))
            case EventKind.ENDED if self._on_line.pop(event.call_id, None) is not None:
                self.look_again()
            case _:
                pass

    def note(self, callback: Callback, **more: Any) -> None:
        """How a callback stands from now on: in memory, on disk soon, and in the record of the call that it is from."""
        office, now = self._office(), self._now()
        office.callbacks.put(callback)
        data = {**as_json(callback), **more}
        office.ledger.append(CallEvent(callback.call_id, new_event_id(now), now, EventKind.CALLBACK, data))
        told = {"callback": str(callback.id), "number": masked(callback.number), "attempts": callback.attempts}
        if callback.state is CallbackState.EXPIRED:
            _log.error("callback_not_kept", queue=callback.queue, last=callback.last, **told)
        else:
            _log.info("callback_changed", state=callback.state.value, last=callback.last, **told)
        self.look_again()

    def learned(self, callback: Callback) -> None:
        """Somebody else has changed it, in Postgres: the record is told."""
        now = self._now()
        event = CallEvent(callback.call_id, new_event_id(now), now, EventKind.CALLBACK, as_json(callback))
        asyncio.get_running_loop().call_soon(self._office().ledger.append, event)
        self.look_again()

    def told(self) -> list[dict[str, Any]]:
        """The open ones, and those that could not be kept lately: JSON values."""
        callbacks = self._office().callbacks
        return [as_json(each) for each in callbacks.all() if each.is_open or each.state is CallbackState.EXPIRED]

    async def resume(self, call: Call, identifier: UUID, office: Office) -> None:
        """Go on with an agent's call that an earlier controller began: where the two talk, until they have talked."""
        self._going_on.add(identifier)
        try:
            callback = office.callbacks.get(identifier)
            has_talked = call.talking_to is not None or call.returned is not None
            if callback is not None and callback.is_open and has_talked:
                self.note(close(callback, CallbackState.TALKED, "talked", self._now()), in_call=str(call.id))
            await talk_on_after_restart(call, office)
        finally:
            self._going_on.discard(identifier)
            self._no_attempt_lasts(identifier, INTERRUPTED)

    # -- the work

    async def run(self) -> None:
        """Call back, until cancelled."""
        await self._may_begin.wait()
        try:
            while True:
                self._changed.clear()
                self._start_turns()
                try:
                    async with asyncio.timeout(LOOK_AGAIN):
                        await self._changed.wait()
                except TimeoutError:
                    pass
        finally:
            for task in self._turns.values():
                task.cancel()
            await asyncio.gather(*self._turns.values(), return_exceptions=True)

    def _start_turns(self) -> None:
        now = self._now()
        for callback in self._office().callbacks.open():
            if callback.id in self._turns or callback.id in self._going_on:
                continue
            if callback.is_overdue(now):
                self.note(expire(callback, now))
            elif self._may_be_called(callback, now):
                task = asyncio.create_task(self._wait_for_turn(callback.id), name=f"callback-{callback.id}")
                self._turns[callback.id] = task
                task.add_done_callback(partial(self._turn_over, callback.id))

    def _turn_over(self, identifier: UUID, task: asyncio.Task[None]) -> None:
        self._turns.pop(identifier, None)
        if task.cancelled():
            return  # a shutdown: who is dialled talks on, and is adopted
        if (error := task.exception()) is not None:  # whatever broke, all others are called back, and this one again
            _log.error("callback_broke_off", callback=str(identifier), error=repr(error), exc_info=error)
        else:
            self._changed.set()
        self._no_attempt_lasts(identifier, "failed")

    def _no_attempt_lasts(self, identifier: UUID, why: str) -> None:
        """What still looks as if it were dialled is not."""
        callback = self._office().callbacks.get(identifier)
        if callback is not None and callback.state is CallbackState.DIALLING:
            self.note(attempt_failed(callback, why, self._rules(callback), self._now()))

    async def _wait_for_turn(self, identifier: UUID) -> None:
        """Keep the place in the queue until an agent has dialled, or until there is a reason not to be there."""
        office = self._office()
        callback = office.callbacks.get(identifier)
        queue = office.organisation.queues.get(callback.queue) if callback is not None else None
        if callback is None or queue is None:
            return  # at the deadline it expires, and is told
        woken = self._woken[identifier] = asyncio.Event()
        rooms, place = office.queues.rooms, CallId(identifier)
        duty = self._on_duty(callback, queue, office, self._now())
        rooms.enter(_waiting(callback, queue, duty, woken), duty.can_ring, self._now())
        try:
            while callback is not None and self._may_be_called(callback, now := self._now()):
                woken.clear()
                duty = self._on_duty(callback, queue, office, now)
                rooms.on_duty(place, duty.phones, duty.can_ring, now)
                if phones := rooms.offered(place):
                    attempt = await attempt_callback(callback, phones[0], queue, office, self._lines, self.note)
                    if attempt.is_made:
                        return
                    rooms.not_taken(place, _skipped(attempt, phones[0]), self._now())
                else:
                    await _sleep(woken, rooms.next_change(place, now), now)
                callback = office.callbacks.get(identifier)
        finally:
            self._woken.pop(identifier, None)
            rooms.leave(place, self._now())

    def _on_duty(self, callback: Callback, queue: Queue, office: Office, now: datetime) -> OnDuty:
        """The agents; nobody while the role that callbacks go out by may not call."""
        role = callback_role(self._rules(callback), office.organisation)
        hours = office.hours.get(role.hours) if role is not None and role.hours else None
        if hours is not None and hours.state_at(now).kind is not HoursKind.OPEN:
            return OnDuty((), frozenset())
        return agents_on_duty(queue, office, now)

    def _may_be_called(self, callback: Callback, now: datetime) -> bool:
        is_on_line = any(
            each.number == callback.number and now - each.since < LONGEST_CALL for each in self._on_line.values()
        )
        return callback.is_due(now) and not is_on_line

    def _rules(self, callback: Callback) -> CallbackRules:
        queue = self._office().organisation.queues.get(callback.queue)
        return (queue.callback if queue is not None else None) or CallbackRules()

    def _now(self) -> datetime:
        return self._office().clock.now()


def one_agent_at_a_time(queue: Queue) -> Queue:
    """The queue as a callback waits in it: whoever takes it is asked, so all are not rung at once."""
    return replace(queue, strategy=Strategy.IN_ORDER) if queue.strategy is Strategy.SIMULTANEOUS else queue


def _waiting(callback: Callback, queue: Queue, duty: OnDuty, woken: asyncio.Event) -> Waiting:
    ticket = Ticket(CallId(callback.id), callback.since, callback.priority, queue.head_start)
    return Waiting(ticket, one_agent_at_a_time(queue), duty.phones, woken.set, woken.set, is_callback=True)


def _skipped(attempt: Attempt, agent: Phone) -> dict[Phone, Any]:
    return {agent: attempt.agent_came_out}


async def _sleep(woken: asyncio.Event, until: datetime | None, now: datetime) -> None:
    seconds = LOOK_AGAIN if until is None else min(LOOK_AGAIN, max(0.05, (until - now) / timedelta(seconds=1)))
    try:
        async with asyncio.timeout(seconds):
            await woken.wait()
    except TimeoutError:
        pass
