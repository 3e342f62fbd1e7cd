"""Asterisk's channel event log (CEL), the second witness of every call, and what it tells of a call.

The file is CSV, one line an event, columns as `asterisk-config/cel_custom.conf.j2` has them. A kill of Asterisk or of
the machine leaves torn lines, to which the next event may be glued: what cannot be read is left out.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from switchboard.domain.call_record import CallEvent, Disposition, EventKind
from switchboard.domain.dialling import DialOutcome, HangupCause
from switchboard.domain.identity import CallId, EventId, call_id_of, uuid7

COLUMNS = 14
SAFETY_NET_MARK = "SWITCHBOARD_SAFETY_NET"
MESSAGE_MARK = "SWITCHBOARD_MESSAGE"
OUTSIDE_MARK = "SWITCHBOARD_OUTSIDE"  # the number that a desk phone calls outside
EMERGENCY_MARK = "SWITCHBOARD_EMERGENCY"  # the number
REFUSED_MARK = "SWITCHBOARD_OUTSIDE_REFUSED"  # why a call outside is not made: a word of domain/outbound.py's Verdict
OFFERED_CONTEXTS = frozenset({"inbound", "safety-net"})  # where calls to the organisation's numbers are
SHORTEST_MESSAGE = 1.0  # seconds; less is somebody hanging up, not a message
_BEGINNING = re.compile(r'"\d{9,}\.\d{6}(?=","[A-Z_]+",")')
_OUTCOMES = {
    HangupCause.BUSY: DialOutcome.BUSY,
    HangupCause.REJECTED: DialOutcome.DECLINED,
    HangupCause.UNALLOCATED: DialOutcome.UNAVAILABLE,
    20: DialOutcome.UNAVAILABLE,  # subscriber absent
}


@dataclass(frozen=True, slots=True)
class CelEvent:
    """One line of the log."""

    at: datetime
    type: str  # CHAN_START, ANSWER, … or a user event's own name
    linkedid: str
    uniqueid: str
    channel: str
    number: str  # the channel's caller id: untrusted
    name: str
    exten: str
    context: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recording:
    """A message's file, as found after the call."""

    seconds: float
    sha256: str


def parse_line(line: str) -> CelEvent | None:
    """The event of a line without its line end; None if it cannot be read. Of a line glued to a torn one, the whole
    event is read."""
    # Quotes within a column are doubled, so a beginning is never part of what a caller sent.
    beginnings = [match.start() for match in _BEGINNING.finditer(line)]
    if beginnings:
        line = line[beginnings[-1] :]
    try:
        columns = next(csv.reader([line], strict=True), [])
        return _event(columns) if len(columns) >= COLUMNS and line.endswith('"') else None
    except (csv.Error, ValueError, OverflowError, OSError):
        return None


def _event(columns: Sequence[str]) -> CelEvent:
    seconds, _, fraction = columns[0].partition(".")
    at = datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(fraction[:6].ljust(6, "0")))
    if not columns[2] or not columns[3]:
        raise ValueError("no linkedid or uniqueid")
    extra = json.loads(columns[11]) if columns[11] else {}
    if not isinstance(extra, dict):
        raise ValueError("eventextra is not an object")
    kind, linkedid, uniqueid, channel, number, name, exten, context = columns[1:9]
    return CelEvent(at, kind, linkedid, uniqueid, channel, number, name, exten, context, extra)


def tell(
    history: Sequence[CelEvent],
    recordings: Mapping[str, Recording | None],
    *,
    is_cut: bool = False,
    names: Mapping[str, str] | None = None,
) -> list[CallEvent]:
    """The call's events as CEL witnessed them, oldest first.

    `history` is every line of one linkedid. `recordings` has the file of each message id, None where there is none.
    `is_cut` says that Asterisk died before the call ended. `names` has a person's name for an extension. The
    same history gives the same event ids, so telling it twice adds nothing to the ledger.
    """
    return _Account(history, recordings, is_cut, names or {}).events()


def missing(told: Iterable[CallEvent], witnessed: Iterable[CallEvent]) -> list[CallEvent]:
    """What CEL witnessed and the ledger does not tell: the end if it has none, messages, the safety net and what
    happened from then on; and persons' talks if it has none at all."""
    told = list(told)
    kinds = {event.kind for event in told}
    messages = {str(event.data.get("message_id")) for event in told if event.kind is EventKind.MESSAGE}
    witnessed = list(witnessed)
    last = max(event.at for event in told) if told else datetime.min.replace(tzinfo=UTC)
    known = {event.event_id for event in told}
    alone_from = min((event.at for event in witnessed if event.kind is EventKind.SAFETY_NET), default=None)
    found = []
    for event in witnessed:
        if event.kind is EventKind.MESSAGE:
            is_missing = str(event.data.get("message_id")) not in messages
        elif alone_from is not None and event.at >= alone_from:
            is_missing = True
        elif event.kind is EventKind.TALKED:
            is_missing = EventKind.TALKED not in kinds
        else:
            is_missing = event.kind not in kinds and event.kind not in (EventKind.RINGING, EventKind.RUNG)
        if is_missing and event.event_id not in known:
            found.append(event if alone_from else _not_before(last, event))
    return found


def _not_before(last: datetime, event: CallEvent) -> CallEvent:
    """The end of a talk or call as CEL witnessed it, after what the controller still noted: a killed Asterisk's log
    ends with its last line, up to a moment earlier."""
    is_end = event.kind in (EventKind.TALKED, EventKind.ENDED)
    return replace(event, at=max(event.at, last)) if is_end else event


def end_of_lost_call(told: Sequence[CallEvent]) -> CallEvent:
    """The end of a call (its events, oldest first) that nobody saw end: it ends with its last event."""
    last = told[-1]
    kinds = {event.kind for event in told}
    disposition = Disposition.FAILED
    if kinds & {EventKind.TALKING, EventKind.TALKED}:
        disposition = Disposition.TALKED
    elif EventKind.MESSAGE in kinds:
        disposition = Disposition.MESSAGE
    event_id = EventId(uuid7(last.at, hashlib.sha256(f"{last.call_id} lost".encode()).digest()))
    data = {"disposition": disposition.value, "cause": int(HangupCause.UNKNOWN), "ended_by": "unknown"}
    return CallEvent(last.call_id, event_id, last.at, EventKind.ENDED, {**data, "witness": "none"})


class _Account:
    """One telling of one history."""

    def __init__(
        self,
        history: Sequence[CelEvent],
        recordings: Mapping[str, Recording | None],
        is_cut: bool,
        names: Mapping[str, str],
    ) -> None:
        self._history = sorted(history, key=lambda event: event.at)
        self._linkedid = history[0].linkedid
        self._call_id: CallId = call_id_of(self._linkedid)
        self._recordings, self._is_cut, self._names = recordings, is_cut, names
        first = next((event for event in self._history if event.uniqueid == self._linkedid), self._history[0])
        self._caller = first.channel
        self._first = first
        self._own = [event for event in self._history if event.channel == self._caller]
        self._is_offered = any(event.context in OFFERED_CONTEXTS for event in self._own)
        self._outside = self._marked(OUTSIDE_MARK) or self._marked(EMERGENCY_MARK)
        self._told: list[CallEvent] = []
        self._counts: dict[EventKind, int] = {}

    def events(self) -> list[CallEvent]:
        self._beginning()
        self._legs()
        talks = self._talks()
        has_message = self._messages()
        self._end(talks, has_message)
        return sorted(self._told, key=lambda event: event.at)

    def _note(self, at: datetime, kind: EventKind, **data: Any) -> None:
        number = self._counts[kind] = self._counts.get(kind, 0) + 1
        seed = f"{self._linkedid} {kind} {data.get('message_id', number)}"
        event_id = EventId(uuid7(at, hashlib.sha256(seed.encode()).digest()))
        self._told.append(CallEvent(self._call_id, event_id, at, kind, {**data, "witness": "cel"}))

    def _beginning(self) -> None:
        first = self._first
        self._note(
            first.at,
            EventKind.OFFERED,
            number=self._outside or first.exten,
            caller_number=first.number,
            caller_name=first.name,
            linkedid=self._linkedid,
            channel=first.channel,
        )
        if answer := self._first_of(self._own, "ANSWER"):
            self._note(answer.at, EventKind.ANSWERED)
        for event in self._own:
            if event.type == SAFETY_NET_MARK:
                self._note(event.at, EventKind.SAFETY_NET, reason=str(event.extra.get("extra", "")))
            elif event.type == REFUSED_MARK:
                why = str(event.extra.get("extra", ""))
                self._note(event.at, EventKind.STEP, flow="outside", step="refused", type="outside", outcome=why)

    def _legs(self) -> None:
        """Phones that were rung; not beyond the caller's hangup, even where nobody was there to stop them."""
        own_hangup = self._first_of(self._own, "HANGUP")
        for start in self._history:
            if start.type != "CHAN_START" or start.channel == self._caller:
                continue
            leg = [event for event in self._history if event.channel == start.channel]
            phone = self._phone(start.channel)
            self._note(start.at, EventKind.RINGING, **phone)
            answer, hangup = self._first_of(leg, "ANSWER"), self._first_of(leg, "HANGUP")
            if answer:
                self._note(answer.at, EventKind.RUNG, outcome=DialOutcome.ANSWERED.value, **phone)
            elif hangup:
                cause = _cause(hangup)
                outcome = _OUTCOMES.get(cause, DialOutcome.NO_ANSWER)
                at = min(hangup.at, own_hangup.at) if own_hangup else hangup.at
                self._note(at, EventKind.RUNG, outcome=outcome.value, cause=cause, **phone)

    def _talks(self) -> int:
        """Times in which the caller and another channel were in one bridge; how many there were."""
        stays = _stays(self._history)
        count = 0
        for bridge, channel, begin, end in stays:
            if channel == self._caller:
                continue
            for own_bridge, own_channel, own_begin, own_end in stays:
                if own_channel != self._caller or own_bridge != bridge:
                    continue
                together = max(begin, own_begin)
                apart = min(end or self._history[-1].at, own_end or self._history[-1].at)
                if apart < together:
                    continue
                count += 1
                phone = self._phone(channel)
                ended_by = "unknown"
                if own_end or end:
                    ended_by = "caller" if own_end and (not end or own_end <= end) else "callee"
                self._note(together, EventKind.TALKING, **phone)
                seconds = round((apart - together).total_seconds(), 3)
                self._note(apart, EventKind.TALKED, seconds=seconds, ended_by=ended_by, **phone)
        return count

    def _messages(self) -> bool:
        has_message = False
        for event in self._own:
            if event.type != MESSAGE_MARK:
                continue
            message_id = str(event.extra.get("extra", ""))
            recording = self._recordings.get(message_id)
            if recording is not None and recording.seconds >= SHORTEST_MESSAGE:
                has_message = True
                self._note(
                    event.at,
                    EventKind.MESSAGE,
                    message_id=message_id,
                    file=f"{message_id}.wav",
                    seconds=recording.seconds,
                    sha256=recording.sha256,
                )
            else:
                self._note(
                    event.at,
                    EventKind.STEP,
                    flow="safety-net",
                    step="message",
                    type="message",
                    outcome="too_short",
                    decided_on={"seconds": recording.seconds if recording else 0},
                )
        return has_message

    def _end(self, talks: int, has_message: bool) -> None:
        hangup = self._first_of(self._own, "HANGUP")
        source = str(hangup.extra.get("hangupsource", "")) if hangup else ""
        if hangup is None:
            ended_by = "unknown"
        elif source == self._caller:
            ended_by = "caller"
        else:
            ended_by = "callee" if source else "switchboard"
        cause = _cause(hangup) if hangup else int(HangupCause.UNKNOWN)
        if not cause and source:
            cause = int(HangupCause.NORMAL)  # a BYE or CANCEL outside a bridge leaves Asterisk without a cause
        at = max([event.at for event in self._told] + [hangup.at if hangup else self._history[-1].at])
        disposition = self._disposition(ended_by, talks, has_message)
        self._note(at, EventKind.ENDED, disposition=disposition.value, cause=cause, ended_by=ended_by)

    def _disposition(self, ended_by: str, talks: int, has_message: bool) -> Disposition:
        if not self._is_offered:
            return Disposition.REJECTED if self._marked(REFUSED_MARK) else Disposition.INTERNAL
        if talks:
            return Disposition.TALKED
        if has_message:
            return Disposition.MESSAGE
        if self._is_cut:
            return Disposition.FAILED
        if ended_by != "switchboard":
            return Disposition.ABANDONED
        is_answered = self._first_of(self._own, "ANSWER") is not None
        return Disposition.SERVED if is_answered else Disposition.REJECTED

    def _phone(self, channel: str) -> dict[str, str]:
        extension = channel.partition("/")[2].rpartition("-")[0]
        if self._outside and not extension.isdigit():  # a trunk
            return {"extension": extension, "name": self._outside}
        return {"extension": extension, "name": self._names.get(extension, extension)}

    def _marked(self, mark: str) -> str:
        """What the dialplan wrote with this mark on the caller's channel, "" if it did not."""
        event = self._first_of(self._own, mark)
        return str(event.extra.get("extra", "")) if event else ""

    @staticmethod
    def _first_of(events: Iterable[CelEvent], kind: str) -> CelEvent | None:
        return next((event for event in events if event.type == kind), None)


def _stays(history: Sequence[CelEvent]) -> list[tuple[str, str, datetime, datetime | None]]:
    """Bridge, channel, begin and end (None: not seen) of every stay of a channel in a bridge."""
    open_stays: dict[tuple[str, str], datetime] = {}
    stays: list[tuple[str, str, datetime, datetime | None]] = []
    for event in history:
        key = (str(event.extra.get("bridge_id", "")), event.channel)
        if event.type == "BRIDGE_ENTER":
            open_stays[key] = event.at
        elif event.type == "BRIDGE_EXIT" and key in open_stays:
            stays.append((*key, open_stays.pop(key), event.at))
    return stays + [(*key, begin, None) for key, begin in open_stays.items()]


def _cause(hangup: CelEvent) -> int:
    cause = hangup.extra.get("hangupcause", 0)
    return cause if isinstance(cause, int) else 0
