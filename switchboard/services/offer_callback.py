"""A caller is promised to be called back, and keeps the place in the queue. A promise survives whatever happens.

One number has one callback at most, and one caller at most one to another number than the own: nobody can have a
stranger's phone rung all day, nor dear ones called at our cost.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from switchboard.domain.call_record import EventKind
from switchboard.domain.callback import Callback, as_json, callback_line
from switchboard.domain.identity import uuid7
from switchboard.domain.phone_numbers import e164
from switchboard.domain.queueing import CallbackRules, Queue
from switchboard.ports import Call
from switchboard.services.find_agents import priority_of
from switchboard.services.identify_caller import identify_caller
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder


class Promise(StrEnum):
    """What came of it."""

    PROMISED = "promised"
    EXISTS = "exists"  # this number, or this caller with another number, has one already
    REFUSED = "refused"  # the number is not called


def callable_number(written: str, queue: Queue, office: Office) -> str:
    """A number (as dialled, or as the network tells it) in E.164; "" where callbacks of the queue don't go there."""
    number = e164(written, office.organisation.country)
    rules = queue.callback or CallbackRules()
    return number if callback_line(number, rules, office.organisation) is not None else ""


def standing_callback(call: Call, office: Office) -> Callback | None:
    """The one that this caller waits for already."""
    own = e164(call.caller.number, office.organisation.country)
    return office.callbacks.of(own) if own else None


async def promise_callback(
    call: Call, queue: Queue, number: str, since: datetime | None, office: Office, recorder: CallRecorder
) -> Promise:
    """Promise it: PROMISED is on disk, whatever happens next. `since` is when the caller came into the queue, if the
    caller has a place in it. Raises OSError if the disk refuses it."""
    rules, now = queue.callback, recorder.now()
    if rules is None or not callable_number(number, queue, office):
        return Promise.REFUSED
    asked_by = e164(call.caller.number, office.organisation.country)
    is_another = number != asked_by and office.callbacks.typed_by(asked_by) is not None
    if office.callbacks.of(number) is not None or is_another:
        return Promise.EXISTS
    client = office.clients.of(number)
    caller = identify_caller(call.caller.number, office)
    callback = Callback(
        id=uuid7(now),
        queue=queue.id,
        number=number,
        asked_by=asked_by,
        name=client.name if client else "",
        called=call.number,
        language=recorder.language,
        call_id=call.id,
        since=since or now,
        priority=priority_of(queue, caller.told),
        promised_at=now,
        deadline=_deadline(rules, now, office),
        not_before=now,
    )
    office.callbacks.put(callback)
    recorder.note(EventKind.CALLBACK, **as_json(callback))
    await office.callbacks.durable()
    await office.ledger.durable()
    recorder.is_served = True  # who hangs up now has what they called for
    return Promise.PROMISED


def _deadline(rules: CallbackRules, now: datetime, office: Office) -> datetime:
    """The length that the rules give, or the end of the working day, whichever comes first."""
    latest, hours = now + rules.deadline, office.hours.get(rules.closing)
    closing = hours.closing(now) if hours is not None else None
    return latest if closing is None else min(latest, closing)
