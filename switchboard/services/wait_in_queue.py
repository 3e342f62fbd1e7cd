"""A caller waits in a queue: music, announcements, keys that work at once, an agent as soon as one is free.

Whose turn it is domain/queue_rooms.py decides; here is what the caller hears and does meanwhile. The caller's own task
does everything, and sleeps until a nudge, a key, or the next thing that is due.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.dialling import DialOutcome, Phone, RingResult, WhileRinging
from switchboard.domain.identity import CallId
from switchboard.domain.language import Language
from switchboard.domain.queue_rooms import QueueRooms, Waiting
from switchboard.domain.queueing import Queue, Ticket, WaitOutcome, bound
from switchboard.domain.ring_strategy import PhoneUses
from switchboard.errors import CallerHungUp
from switchboard.ports import Call, CallLedger, Utterance
from switchboard.services.forward_call import ring_phones, talk_to
from switchboard.services.record_call import CallRecorder

Said = Mapping[Language, tuple[Utterance, ...]]
ABANDONED = "abandoned"  # in the record: the caller hung up while waiting


@dataclass(frozen=True, slots=True)
class Announcements:
    """What waiting callers are told of their place and of the wait: by position, by the minutes it is less than."""

    positions: Mapping[int, Said]  # from 1
    further: Said  # for positions beyond those
    waits: Mapping[int, Said]
    longer: Said  # for waits beyond those

    def of(self, queue: Queue, position: int, wait: timedelta | None) -> list[Said]:
        """What the queue tells of these."""
        told = [self.positions.get(position, self.further)] if queue.tells_position else []
        told += [self.waits.get(bound(wait), self.longer)] if queue.tells_wait and wait is not None else []
        return told


@dataclass(frozen=True, slots=True)
class OnDuty:
    """The agents of a queue at one moment."""

    phones: tuple[Phone, ...]  # of all who are at work, in the queue's order
    can_ring: frozenset[str]  # lines of those who can be rung now: in no call, and not to be left alone


@dataclass(frozen=True, slots=True)
class WaitRequest:
    """What a caller comes with."""

    queue: Queue
    said: Announcements
    comfort: Said  # said with each announcement; it names the keys
    keys: frozenset[str]  # that end waiting
    since: datetime | None  # came earlier: keeps that place, however full the queue is
    on_duty: Callable[[], OnDuty]  # now
    priority: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Waited:
    """How waiting ended. After ANSWERED the talk is over and the caller is still there."""

    outcome: WaitOutcome
    told: str  # for the record
    key: str = ""


class Queues:
    """Waiting in the queues of this machine."""

    def __init__(self, uses: PhoneUses | None = None, *, is_starting: bool = False) -> None:
        """`is_starting`: nobody is served until `all_adopted`, as callers that an earlier controller left behind come
        back in any order. `uses`: see QueueRooms."""
        self.rooms = QueueRooms(uses)
        self.rooms.is_open = not is_starting
        self._expected: set[CallId] = set()
        self._are_all_known = not is_starting

    def expect(self, call_id: CallId) -> None:
        """This caller was in a queue, and is on the way back to it."""
        if not self.rooms.is_open:
            self._expected.add(call_id)

    def all_adopted(self, now: datetime) -> None:
        """All callers there were are known by now, and `expect` was called of those."""
        self._are_all_known = True
        self._open_if_complete(now)

    def open(self, now: datetime) -> None:
        """Wait for nobody any more."""
        self._expected.clear()
        self._open_if_complete(now)

    def _open_if_complete(self, now: datetime) -> None:
        if self._are_all_known and not self._expected and not self.rooms.is_open:
            self.rooms.open(now)

    def told(self) -> list[dict[str, Any]]:
        """Who waits, queue by queue, next first: JSON values."""
        told = []
        for queue in sorted({each.queue.id for each in self.rooms.everybody()}):
            for position, waiting in enumerate(self.rooms.waiting(queue), 1):
                expected = self.rooms.estimate(waiting.ticket.call_id)
                told.append(
                    {
                        "queue": queue,
                        "call": str(waiting.ticket.call_id),
                        "is_callback": waiting.is_callback,
                        "position": position,
                        "since": waiting.ticket.since.isoformat(),
                        "minutes": bound(expected) if expected is not None else 0,
                        "rings": [phone.line for phone in waiting.offered],
                    }
                )
        return told

    async def wait(self, call: Call, request: WaitRequest, recorder: CallRecorder) -> Waited:
        """Wait until an agent has talked to the caller, or until there is a reason to wait no more."""
        queue, now = request.queue, recorder.now()
        waiting = sum(not each.is_callback for each in self.rooms.waiting(queue.id))
        agents = request.on_duty()
        if not agents.phones:
            return _left(recorder, queue, Waited(WaitOutcome.NOBODY_ON_DUTY, "nobody is on duty"), timedelta())
        if request.since is None and waiting >= queue.most_waiting:
            return _left(recorder, queue, Waited(WaitOutcome.FULL, f"{waiting} wait already"), timedelta())
        since = request.since or now
        ticket = Ticket(call.id, since, request.priority(), queue.head_start)
        self.rooms.enter(_waiting(ticket, queue, agents, call), agents.can_ring, now)
        self._expected.discard(call.id)
        self._open_if_complete(now)
        position = self.rooms.position(call.id)
        recorder.note(
            EventKind.QUEUED, queue=queue.id, position=position, agents=len(agents.phones), since=since.isoformat()
        )
        turn = _Turn(call, request, recorder, self.rooms, since)
        try:
            return await turn.come()
        except CallerHungUp:
            if not turn.is_served:
                _note_left(recorder, queue, ABANDONED, recorder.now() - since)
            raise
        finally:
            call.break_off(())
            self.rooms.leave(call.id, recorder.now())


class WatchedLedger:
    """ports.CallLedger that tells of every event, too."""

    def __init__(self, ledger: CallLedger, told: Callable[[CallEvent], None]) -> None:
        self._ledger = ledger
        self._told = told

    def append(self, event: CallEvent) -> None:
        """See CallLedger."""
        self._ledger.append(event)
        self._told(event)

    async def durable(self) -> None:
        """See CallLedger."""
        await self._ledger.durable()


class _Turn:
    """One caller's waiting."""

    def __init__(
        self, call: Call, request: WaitRequest, recorder: CallRecorder, rooms: QueueRooms, since: datetime
    ) -> None:
        self.is_served = False
        self._call = call
        self._request = request
        self._queue = request.queue
        self._recorder = recorder
        self._rooms = rooms
        self._since = since
        self._announce_at = recorder.now()

    async def come(self) -> Waited:
        """Wait for it. Each round does one thing that is due; a key comes before all else."""
        call, queue = self._call, self._queue
        pause = timedelta()
        call.music(on=True, folder=queue.music)
        while True:
            key = await call.wait(pause)
            pause = timedelta()
            if key is not None:
                if key in self._request.keys:
                    return self._leave(Waited(WaitOutcome.KEY, f"pressed {key}", key))
                continue
            now = self._recorder.now()
            agents = self._request.on_duty()
            self._rooms.on_duty(call.id, agents.phones, agents.can_ring, now)
            if phones := self._rooms.offered(call.id):
                if (answered := await self._ring(phones)) is not None:
                    return await self._talk(answered)
            elif now - self._since >= queue.longest_wait:
                return self._leave(Waited(WaitOutcome.TIMEOUT, f"waited {_seconds(now - self._since)}"))
            elif not self._rooms.is_open:  # places are not known yet; when they are, everybody is woken
                pause = self._since + queue.longest_wait - now
            elif now < self._announce_at:
                pause = self._until_due(now)
            elif agents.phones:
                await self._announce()
            else:
                return self._leave(Waited(WaitOutcome.NOBODY_ON_DUTY, "nobody is on duty any more"))

    def _until_due(self, now: datetime) -> timedelta:
        due = min(self._announce_at, self._since + self._queue.longest_wait)
        freed = self._rooms.next_change(self._call.id, now)
        return (min(due, freed) if freed is not None else due) - now

    async def _announce(self) -> None:
        call, queue = self._call, self._queue
        if self._rooms.offered(call.id):
            return
        call.music(on=False)
        place, wait = self._rooms.position(call.id), self._rooms.estimate(call.id)
        parts = [*self._request.said.of(queue, place, wait), self._request.comfort]
        language = self._recorder.language
        await call.play([utterance for part in parts for utterance in part[language]], barge_in=True)
        call.music(on=True, folder=queue.music)
        self._announce_at = self._recorder.now() + queue.comfort_every

    async def _ring(self, phones: Sequence[Phone]) -> Phone | None:
        """Ring those whose turn it is; who answered. A key of the request ends it."""
        call, queue = self._call, self._queue
        call.break_off(self._request.keys)
        result = await ring_phones(call, phones, self._recorder, timeout=queue.ring_for, hearing=WhileRinging.MUSIC)
        if result.outcome is DialOutcome.ANSWERED:
            return result.answered_by or phones[0]
        call.music(on=True, folder=queue.music)
        # Whom the caller did not want to wait for has done nothing to be skipped for.
        outcomes = {} if call.is_broken_off else _outcomes(phones, result)
        call.break_off(())
        self._rooms.not_taken(call.id, outcomes, self._recorder.now())
        return None

    async def _talk(self, phone: Phone) -> Waited:
        call, recorder = self._call, self._recorder
        answered_at = recorder.now()
        waited = answered_at - self._since
        self.is_served = True
        self._rooms.taken(call.id, phone, answered_at)
        _note_left(recorder, self._queue, WaitOutcome.ANSWERED, waited)
        try:
            await talk_to(call, phone, recorder)
        finally:
            now = recorder.now()
            self._rooms.handled(self._queue, now - answered_at)
            self._rooms.parted(call.id, phone.line, now)
        return Waited(WaitOutcome.ANSWERED, f"{phone.extension} {phone.name} after {_seconds(waited)}")

    def _leave(self, waited: Waited) -> Waited:
        self._call.music(on=False)
        return _left(self._recorder, self._queue, waited, self._recorder.now() - self._since)


def _waiting(ticket: Ticket, queue: Queue, agents: OnDuty, call: Call) -> Waiting:
    return Waiting(ticket, queue, agents.phones, call.nudge, partial(call.nudge, interrupts=False))


def _outcomes(phones: Sequence[Phone], result: RingResult) -> dict[Phone, DialOutcome]:
    told = {each.phone: each.outcome for each in result.each}
    return {phone: told.get(phone, result.outcome) for phone in phones}


def _left(recorder: CallRecorder, queue: Queue, waited: Waited, length: timedelta) -> Waited:
    _note_left(recorder, queue, waited.outcome, length)
    return waited


def _note_left(recorder: CallRecorder, queue: Queue, outcome: str, length: timedelta) -> None:
    recorder.note(EventKind.LEFT_QUEUE, queue=queue.id, outcome=str(outcome), seconds=round(length.total_seconds(), 3))


def _seconds(length: timedelta) -> str:
    return f"{round(length.total_seconds())} s"
