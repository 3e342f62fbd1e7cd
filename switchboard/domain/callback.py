"""Callers who were promised to be called back: whom, when next, how often, until when, and how it ended.

    state      what happens                              next state
    ---------  ----------------------------------------  ------------------------------------------------
    (none)     promised to the caller                    waiting
    waiting    an agent takes it, and dials              dialling   (one attempt more)
               the deadline                              expired
    dialling   the person talks to the agent             talked
               the person says that it is not needed     cancelled
               not reached, or we broke off              waiting after a pause; expired after the last attempt, or
                                                         where the pause ends after the deadline
    waiting,   the person calls, and talks to somebody   called_in
    dialling   somebody cancels it                       cancelled

A callback changes by being replaced: each change has a `revision` one higher, so that whoever hears of the changes in
any order, or twice, ends with the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from switchboard.domain.identity import CallId
from switchboard.domain.language import Language
from switchboard.domain.mobile_lines import MobileLine, trunk_to
from switchboard.domain.organisation import Organisation
from switchboard.domain.outbound import OutboundRole, Verdict, verdict
from switchboard.domain.phone_numbers import e164
from switchboard.domain.queueing import CallbackRules

INTERRUPTED = "interrupted"  # the outcome of an attempt that a restart of ours broke off
NO_TIME_LEFT = "no attempt before the deadline"


class CallbackState(StrEnum):
    """Where a callback stands."""

    WAITING = "waiting"  # for its turn in the queue, or for the pause after an attempt
    DIALLING = "dialling"  # an agent has taken it
    TALKED = "talked"
    CALLED_IN = "called_in"  # the person called in the meantime, and talked to somebody
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # not reached: somebody should know


OPEN = (CallbackState.WAITING, CallbackState.DIALLING)


@dataclass(frozen=True, slots=True)
class Callback:
    """One promise. Times are UTC."""

    id: UUID
    queue: str
    number: str  # to be called, E.164
    asked_by: str  # whose call it was, E.164; "" where withheld
    name: str  # of the client who has the number; "" where nobody is known
    called: str  # the number of ours that was called
    language: Language  # the person hears
    call_id: CallId  # the call in which it was promised
    since: datetime  # came into the queue: the place that is kept
    priority: int
    promised_at: datetime
    deadline: datetime  # no attempt begins at or after it
    not_before: datetime  # the next attempt
    state: CallbackState = CallbackState.WAITING
    attempts: int = 0
    last: str = ""  # how the last attempt came out, or why it was closed
    revision: int = 1
    changed_at: datetime | None = None  # None: not since it was promised

    @property
    def is_open(self) -> bool:
        """Somebody is still to be called back."""
        return self.state in OPEN

    @property
    def is_typed(self) -> bool:
        """Not the number that the caller called from."""
        return self.number != self.asked_by

    def is_due(self, now: datetime) -> bool:
        """It may have its turn."""
        return self.state is CallbackState.WAITING and self.not_before <= now < self.deadline

    def is_overdue(self, now: datetime) -> bool:
        """It can't be kept any more. An attempt that has begun may end."""
        return self.state is CallbackState.WAITING and now >= self.deadline


def begin_attempt(callback: Callback, now: datetime) -> Callback:
    """An agent dials."""
    if not callback.is_due(now):
        raise ValueError(f"callback {callback.id} is not due: {callback.state}")
    return _changed(callback, now, state=CallbackState.DIALLING, attempts=callback.attempts + 1)


def attempt_failed(callback: Callback, outcome: str, rules: CallbackRules, now: datetime) -> Callback:
    """The person was not reached: later again, if there is another attempt and time for it."""
    if callback.state is not CallbackState.DIALLING:
        return callback
    again = now + rules.pause
    if callback.attempts >= rules.attempts or again >= callback.deadline:
        return _changed(callback, now, state=CallbackState.EXPIRED, last=outcome)
    return _changed(callback, now, state=CallbackState.WAITING, last=outcome, not_before=again)


def close(callback: Callback, state: CallbackState, why: str, now: datetime) -> Callback:
    """It is over. One that is over already stays as it is."""
    return _changed(callback, now, state=state, last=why) if callback.is_open else callback


def expire(callback: Callback, now: datetime) -> Callback:
    """The deadline has come."""
    return close(callback, CallbackState.EXPIRED, callback.last or NO_TIME_LEFT, now)


def _changed(callback: Callback, now: datetime, **changes: Any) -> Callback:
    return replace(callback, revision=callback.revision + 1, changed_at=now, **changes)


class CallbackBook:
    """All callbacks that are known."""

    def __init__(self, callbacks: Iterable[Callback] = ()) -> None:
        self._known: dict[UUID, Callback] = {}
        for callback in callbacks:
            self.put(callback)

    def put(self, callback: Callback) -> None:
        """How one stands now; of two that are heard of, the later change counts."""
        known = self._known.get(callback.id)
        if known is None or known.revision < callback.revision:
            self._known[callback.id] = callback

    def get(self, identifier: UUID) -> Callback | None:
        """One of them."""
        return self._known.get(identifier)

    def all(self) -> Sequence[Callback]:
        """Every one, the one who came first first."""
        return sorted(self._known.values(), key=lambda each: (each.since, each.id))

    def open(self) -> Sequence[Callback]:
        """Those still to be called back."""
        return [each for each in self.all() if each.is_open]

    def of(self, number: str) -> Callback | None:
        """The open one of a number (E.164)."""
        return next((each for each in self.open() if each.number == number), None)

    def typed_by(self, caller: str) -> Callback | None:
        """The open one to another number that was asked for from this number (E.164; "" for all that are withheld)."""
        return next((each for each in self.open() if each.is_typed and each.asked_by == caller), None)


def callback_line(number: str, rules: CallbackRules, organisation: Organisation) -> MobileLine | None:
    """How a number (E.164) is called back; None where it is not: no trunk takes it, the role forbids it, it is dear, or
    it is one of our own."""
    if not number or number in {e164(own, organisation.country) for own in organisation.numbers}:
        return None
    trunk = trunk_to(number, organisation)
    if trunk is None or verdict(callback_role(rules, organisation), number) is not Verdict.ALLOWED:
        return None
    return MobileLine(trunk.id, trunk.caller_number)


def callback_role(rules: CallbackRules, organisation: Organisation) -> OutboundRole | None:
    """By whose rules callbacks go out; where the organisation has none, what its trunks take is allowed."""
    if organisation.outbound is not None:
        return organisation.outbound.roles.get(rules.role)
    allowed = [begin for trunk in organisation.trunks for begin in trunk.allowed if begin.startswith("+")]
    return OutboundRole("callbacks", tuple(allowed))


def as_json(callback: Callback) -> dict[str, Any]:
    """As events, the table and files carry it."""
    return {
        "id": str(callback.id),
        "queue": callback.queue,
        "number": callback.number,
        "asked_by": callback.asked_by,
        "name": callback.name,
        "called": callback.called,
        "language": str(callback.language),
        "call_id": str(callback.call_id),
        "since": callback.since.isoformat(),
        "priority": callback.priority,
        "promised_at": callback.promised_at.isoformat(),
        "deadline": callback.deadline.isoformat(),
        "not_before": callback.not_before.isoformat(),
        "state": callback.state.value,
        "attempts": callback.attempts,
        "last": callback.last,
        "revision": callback.revision,
        "changed_at": callback.changed_at.isoformat() if callback.changed_at else None,
    }


def from_json(data: Mapping[str, Any]) -> Callback:
    """What `as_json` told. Raises KeyError, ValueError or TypeError for anything else."""
    changed_at = data["changed_at"]
    return Callback(
        id=UUID(str(data["id"])),
        queue=str(data["queue"]),
        number=str(data["number"]),
        asked_by=str(data["asked_by"]),
        name=str(data["name"]),
        called=str(data["called"]),
        language=Language(str(data["language"])),
        call_id=CallId(UUID(str(data["call_id"]))),
        since=_instant(data["since"]),
        priority=int(data["priority"]),
        promised_at=_instant(data["promised_at"]),
        deadline=_instant(data["deadline"]),
        not_before=_instant(data["not_before"]),
        state=CallbackState(data["state"]),
        attempts=int(data["attempts"]),
        last=str(data["last"]),
        revision=int(data["revision"]),
        changed_at=_instant(changed_at) if changed_at is not None else None,
    )


def _instant(value: object) -> datetime:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if at.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return at
