"""The states of a call and what may happen in each: the table that guards the record and feeds the console.

    state      event                          next state
    ---------  -----------------------------  -----------------------------------------
    (none)     offered                        offered
    offered    ringing                        ringing
               answered, adopted              answered
               talking                        talking      (a phone's answer answers the call)
               rung                           offered      (the phone was never reached)
    ringing    ringing                        ringing      (one phone more)
               rung                           ringing while another phone rings, else offered or answered
               answered, adopted              ringing
               talking                        talking
    answered   ringing                        ringing
               answered, adopted, rung        answered
               talking                        talking
               held                           held
               parked                         parked
               transferred, returned          answered
    talking    talking, rung, ringing         talking      (a second person joins, or is asked)
               adopted, transferred           talking      (by a third person, or told before the talk's end)
               talked, returned               answered
               held                           held
               parked                         parked
    held       resumed                        talking
               talked                         answered
               adopted                        held
               parked                         parked
    parked     retrieved, talking             talking
               returned                       answered
               ringing, rung, adopted         parked       (ringing back whoever parked it)
    ended      message                        ended        (the safety net's, collected afterwards)

    client, language, step, name_stated, skipped, presence, queued, left_queue, on_call, unacknowledged, consent,
    recording_…, safety_net, appointment, callback, message_begun, message, message_dropped and fault are legal from
    offered until ended and leave the state as it is; recording_…, callback, message_dropped and fault are legal after
    it too; ended is legal in every state but ended.

An event that the table does not have is recorded like any other: it happened. The row says so in `irregularities`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from switchboard.domain.event_kind import RECORDING, EventKind


class CallState(StrEnum):
    """Where a call stands."""

    OFFERED = "offered"  # known to us, not answered
    RINGING = "ringing"  # at least one phone rings for it
    ANSWERED = "answered"  # the caller hears us
    TALKING = "talking"  # bridged to a person
    HELD = "held"  # the person put the caller on hold
    PARKED = "parked"  # waiting in a parking place for anybody to take
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class CallProgress:
    """A call's state, and what has to be remembered to come back from ringing."""

    state: CallState | None = None  # None: nothing known of it yet
    is_answered: bool = False
    phones_ringing: int = 0


_S, _K = CallState, EventKind
_NEUTRAL = frozenset(
    {
        _K.CLIENT,
        _K.SCREENED,
        _K.LOOKED_UP,
        _K.BLOCKED,
        _K.LANGUAGE,
        _K.STEP,
        _K.SKIPPED,
        _K.PRESENCE,
        _K.NAME_STATED,
        _K.SAFETY_NET,
        _K.MESSAGE_BEGUN,
        _K.MESSAGE,
        _K.MESSAGE_DROPPED,
        _K.FAULT,
        _K.QUEUED,
        _K.LEFT_QUEUE,
        _K.ON_CALL,
        _K.UNACKNOWLEDGED,
        _K.CONSENT,
        *RECORDING,
        _K.APPOINTMENT,
        _K.CALLBACK,
    }
)
_AFTER_THE_END = frozenset({_K.BLOCKED, _K.CALLBACK, _K.MESSAGE, _K.MESSAGE_DROPPED, _K.FAULT, *RECORDING})

# Only the events that change or confirm a state; `next_progress` adds what the table's last paragraph says.
_TABLE: dict[tuple[CallState, EventKind], CallState] = {
    (_S.OFFERED, _K.RINGING): _S.RINGING,
    (_S.OFFERED, _K.ANSWERED): _S.ANSWERED,
    (_S.OFFERED, _K.ADOPTED): _S.ANSWERED,
    (_S.OFFERED, _K.TALKING): _S.TALKING,
    (_S.OFFERED, _K.RUNG): _S.OFFERED,
    (_S.RINGING, _K.RINGING): _S.RINGING,
    (_S.RINGING, _K.RUNG): _S.RINGING,
    (_S.RINGING, _K.ANSWERED): _S.RINGING,
    (_S.RINGING, _K.ADOPTED): _S.RINGING,
    (_S.RINGING, _K.TALKING): _S.TALKING,
    (_S.ANSWERED, _K.RINGING): _S.RINGING,
    (_S.ANSWERED, _K.ANSWERED): _S.ANSWERED,
    (_S.ANSWERED, _K.ADOPTED): _S.ANSWERED,
    (_S.ANSWERED, _K.RUNG): _S.ANSWERED,
    (_S.ANSWERED, _K.TALKING): _S.TALKING,
    (_S.ANSWERED, _K.HELD): _S.HELD,
    (_S.ANSWERED, _K.PARKED): _S.PARKED,
    (_S.ANSWERED, _K.TRANSFERRED): _S.ANSWERED,
    (_S.ANSWERED, _K.RETURNED): _S.ANSWERED,
    (_S.TALKING, _K.TALKING): _S.TALKING,
    (_S.TALKING, _K.RUNG): _S.TALKING,
    (_S.TALKING, _K.RINGING): _S.TALKING,
    (_S.TALKING, _K.ADOPTED): _S.TALKING,
    (_S.TALKING, _K.TRANSFERRED): _S.TALKING,
    (_S.TALKING, _K.TALKED): _S.ANSWERED,
    (_S.TALKING, _K.RETURNED): _S.ANSWERED,
    (_S.TALKING, _K.HELD): _S.HELD,
    (_S.TALKING, _K.PARKED): _S.PARKED,
    (_S.HELD, _K.RESUMED): _S.TALKING,
    (_S.HELD, _K.TALKED): _S.ANSWERED,
    (_S.HELD, _K.ADOPTED): _S.HELD,
    (_S.HELD, _K.PARKED): _S.PARKED,
    (_S.PARKED, _K.RETRIEVED): _S.TALKING,
    (_S.PARKED, _K.TALKING): _S.TALKING,
    (_S.PARKED, _K.RINGING): _S.PARKED,
    (_S.PARKED, _K.RUNG): _S.PARKED,
    (_S.PARKED, _K.ADOPTED): _S.PARKED,
    (_S.PARKED, _K.RETURNED): _S.ANSWERED,
}


def next_progress(progress: CallProgress, kind: EventKind) -> tuple[CallProgress, bool]:
    """What `kind` makes of the call, and whether the table allows it. An event it does not allow changes nothing,
    except that the end always ends."""
    state = progress.state
    if kind is _K.OFFERED:
        return (CallProgress(_S.OFFERED), True) if state is None else (progress, False)
    if kind is _K.ENDED:
        return CallProgress(_S.ENDED, progress.is_answered), state not in (None, _S.ENDED)
    if state is None:
        return progress, False
    if state is _S.ENDED:
        return progress, kind in _AFTER_THE_END
    if kind in _NEUTRAL:
        return progress, True
    after = _TABLE.get((state, kind))
    if after is None:
        return progress, False
    return _settle(progress, kind, after), True


def _settle(progress: CallProgress, kind: EventKind, after: CallState) -> CallProgress:
    answered = progress.is_answered or kind is _K.ANSWERED or after in (_S.ANSWERED, _S.TALKING)
    ringing = progress.phones_ringing
    if after is _S.TALKING:
        ringing = 0
    elif kind is _K.RINGING:
        ringing += 1
    elif kind is _K.RUNG:
        ringing = max(0, ringing - 1)
    if after is _S.RINGING and ringing == 0:
        after = _S.ANSWERED if answered else _S.OFFERED
    return replace(progress, state=after, is_answered=answered, phones_ringing=ringing)
