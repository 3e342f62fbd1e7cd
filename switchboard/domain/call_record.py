"""The record of a call: an append-only ledger of events, and the row derived from them.

`derive` does not mind the order in which events arrive, nor duplicates: the same events give the same row. It never
fails on what events carry, and what it gives always satisfies the constraints of the table `calls`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from switchboard.domain.call_state import CallProgress, CallState, next_progress
from switchboard.domain.event_kind import EventKind
from switchboard.domain.identity import CallId, EventId

__all__ = ["CallEvent", "CallRow", "Disposition", "EventKind", "derive", "in_order"]

LONGEST_TEXT = 500  # characters; longer texts from the network are cut in the row, never in the ledger
_ORDER = {kind: index for index, kind in enumerate(EventKind)}


class Disposition(StrEnum):
    """How a call ended, from the organisation's side."""

    TALKED = "talked"  # a person talked to the caller
    MESSAGE = "message"  # the caller left a message
    SERVED = "served"  # the flow ended by itself: told, said goodbye
    ABANDONED = "abandoned"  # the caller hung up before any of these
    REJECTED = "rejected"  # refused before answer
    INTERNAL = "internal"  # desk phone to desk phone or outside, never offered to a flow
    FAILED = "failed"  # we or Asterisk broke it off


_DISPOSITIONS = tuple(Disposition)  # a tuple, because what an event carries need not be hashable


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One line of the ledger."""

    call_id: CallId
    event_id: EventId
    at: datetime
    kind: EventKind
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call as lists show it. Its fields are the columns of the table `calls`."""

    id: CallId
    state: CallState | None  # None: only events that don't begin a call have arrived so far
    started_at: datetime
    number: str = ""  # the organisation's number that was dialled
    caller_number: str = ""  # as received; "" when withheld
    caller_name: str = ""
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    language: str | None = None
    flow: str | None = None
    flow_version: str | None = None
    disposition: Disposition | None = None  # None until the call has ended
    hangup_cause: int | None = None  # Q.850
    ended_by: str | None = None  # "caller", "callee", "switchboard", "unknown"
    answered_extension: str | None = None  # the first person who talked to the caller
    answered_name: str | None = None
    talk_seconds: float = 0.0  # with persons, all together
    last_step: str | None = None  # "flow/step"
    message_count: int = 0
    safety_net: str | None = None  # why the dialplan served the caller; None if it did not
    linkedid: str | None = None  # Asterisk's id of the call
    irregularities: tuple[str, ...] = ()  # events that the table of call_state does not have

    def columns(self) -> dict[str, Any]:
        """The row as a mapping of column to value."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def in_order(events: Iterable[CallEvent]) -> list[CallEvent]:
    """Each event once, oldest first; events of one instant in the order of EventKind."""
    unique: dict[EventId, CallEvent] = {}
    for event in events:
        unique.setdefault(event.event_id, event)
    return sorted(unique.values(), key=lambda event: (event.at, _ORDER[event.kind], event.event_id))


def derive(events: Iterable[CallEvent]) -> CallRow:
    """The row of one call from its events (at least one), in any order, repeated or not."""
    told = in_order(events)
    by_kind: dict[EventKind, list[CallEvent]] = {}
    for event in told:
        by_kind.setdefault(event.kind, []).append(event)
    offered = _first(by_kind, EventKind.OFFERED)
    offer: Mapping[str, Any] = offered.data if offered else {}
    started = offered.at if offered else told[0].at
    ended = _the_end(by_kind)
    ended_at = max(ended.at, started) if ended else None
    progress, irregularities = _follow(told)
    adopted, talk = _first(by_kind, EventKind.ADOPTED), _first(by_kind, EventKind.TALKING)
    language, step = _last(by_kind, EventKind.LANGUAGE), _last(by_kind, EventKind.STEP)
    safety_net = _first(by_kind, EventKind.SAFETY_NET)
    return CallRow(
        id=told[0].call_id,
        state=progress.state,
        started_at=started,
        number=_text(offer.get("number")) or "",
        caller_number=_text(offer.get("caller_number")) or "",
        caller_name=_text(offer.get("caller_name")) or "",
        answered_at=_within(started, _answered_at(by_kind), ended_at),
        ended_at=ended_at,
        language=_text((language.data if language else offer).get("language")),
        flow=_text(offer.get("flow")),
        flow_version=_text(offer.get("flow_version")),
        disposition=_disposition(ended, by_kind) if ended else None,
        hangup_cause=_cause(ended.data.get("cause")) if ended else None,
        ended_by=(_text(ended.data.get("ended_by")) or "unknown") if ended else None,
        answered_extension=_text(talk.data.get("extension")) if talk else None,
        answered_name=_text(talk.data.get("name")) if talk else None,
        talk_seconds=_talk_seconds(by_kind, ended_at),
        last_step=_text(f"{step.data.get('flow', '?')}/{step.data.get('step', '?')}") if step else None,
        message_count=len({str(each.data.get("message_id")) for each in by_kind.get(EventKind.MESSAGE, ())}),
        safety_net=(_text(safety_net.data.get("reason")) or "unknown") if safety_net else None,
        linkedid=_text(offer.get("linkedid") or (adopted.data.get("linkedid") if adopted else None)),
        irregularities=irregularities,
    )


def _follow(told: Sequence[CallEvent]) -> tuple[CallProgress, tuple[str, ...]]:
    progress = CallProgress()
    irregular: list[str] = []
    for event in told:
        before = progress.state
        progress, is_legal = next_progress(progress, event.kind)
        if not is_legal:
            irregular.append(f"{event.kind} " + (f"while {before}" if before else "before offered"))
    return progress, tuple(dict.fromkeys(irregular))


def _the_end(by_kind: Mapping[EventKind, Sequence[CallEvent]]) -> CallEvent | None:
    """The controller's own account of the end rather than what was concluded afterwards; but if the safety net had
    the caller after that, the call had not ended."""
    ends = by_kind.get(EventKind.ENDED, ())
    safety_net = _last(by_kind, EventKind.SAFETY_NET)
    later = [end for end in ends if safety_net and end.at >= safety_net.at]
    return min(later or ends, key=lambda event: ("witness" in event.data, event.at), default=None)


def _disposition(ended: CallEvent, by_kind: Mapping[EventKind, Sequence[CallEvent]]) -> Disposition:
    has_message = EventKind.MESSAGE in by_kind
    stated = ended.data.get("disposition")
    if stated in _DISPOSITIONS:
        disposition = Disposition(stated)
        # A message that nobody was there to file, such as the safety net's, is collected after the end was recorded.
        if disposition is Disposition.ABANDONED and EventKind.TALKED in by_kind:
            return Disposition.TALKED  # under another number of ours, from where the caller was passed on
        is_overtaken = has_message and disposition in (Disposition.ABANDONED, Disposition.FAILED, Disposition.SERVED)
        return Disposition.MESSAGE if is_overtaken else disposition
    if EventKind.TALKING in by_kind or EventKind.TALKED in by_kind:
        return Disposition.TALKED
    return Disposition.MESSAGE if has_message else Disposition.ABANDONED


def _answered_at(by_kind: Mapping[EventKind, Sequence[CallEvent]]) -> datetime | None:
    told = (EventKind.ANSWERED, EventKind.ADOPTED, EventKind.TALKING)  # whoever adopts a call finds it answered
    candidates = [by_kind[kind][0].at for kind in told if kind in by_kind]
    return min(candidates, default=None)


def _talk_seconds(by_kind: Mapping[EventKind, Sequence[CallEvent]], ended_at: datetime | None) -> float:
    """What TALKED events say; a talk that a crash left without one lasts until the next talk or the end."""
    talked = by_kind.get(EventKind.TALKED, ())
    total = sum(_seconds(event.data.get("seconds")) for event in talked)
    starts = [event.at for event in by_kind.get(EventKind.TALKING, ())]
    last_close = talked[-1].at if talked else None
    if starts and ended_at and (last_close is None or last_close < starts[-1]):
        total += max(timedelta(), ended_at - starts[-1]).total_seconds()
    return min(round(total, 3), 1e9)


def _first(by_kind: Mapping[EventKind, Sequence[CallEvent]], kind: EventKind) -> CallEvent | None:
    events = by_kind.get(kind)
    return events[0] if events else None


def _last(by_kind: Mapping[EventKind, Sequence[CallEvent]], kind: EventKind) -> CallEvent | None:
    events = by_kind.get(kind)
    return events[-1] if events else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)[:LONGEST_TEXT]


def _cause(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value <= 127 else 0


def _seconds(value: object) -> float:
    """NaN, negative and absurd ones count as nothing."""
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1e9 else 0.0


def _within(first: datetime, at: datetime | None, last: datetime | None) -> datetime | None:
    """`at`, moved between the two: clocks step, and events come from two witnesses."""
    if at is None:
        return None
    at = max(first, at)
    return min(at, last) if last else at
