"""Asterisk's channel event log (CEL), the second witness of every call, and what it tells of a call.

The file is CSV, one line an event, columns as `asterisk-config/cel_custom.conf.j2` has them. A kill of Asterisk or of
the machine leaves torn lines, to which the next event may be glued: what cannot be read is left out.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from switchboard.domain.call_record import CallEvent, Disposition, EventKind, in_order
from switchboard.domain.dialling import DialOutcome, HangupCause
from switchboard.domain.event_kind import RECORDING
from switchboard.domain.identity import CallId, EventId, call_id_of, uuid7

COLUMNS = 14
SAFETY_NET_MARK = "SWITCHBOARD_SAFETY_NET"
MESSAGE_MARK = "SWITCHBOARD_MESSAGE"
PARKED_MARK = "SWITCHBOARD_PARKED"  # the place
UNPARKED = "PARK_END"  # CEL's own: somebody fetched the caller, or nobody did in time
BLIND, ATTENDED = "BLINDTRANSFER", "ATTENDEDTRANSFER"  # CEL's own: a desk phone passed the caller on
OUTSIDE_MARK = "SWITCHBOARD_OUTSIDE"  # the number that a desk phone calls outside
EMERGENCY_MARK = "SWITCHBOARD_EMERGENCY"  # the number
REFUSED_MARK = "SWITCHBOARD_OUTSIDE_REFUSED"  # why a call outside is not made: a word of domain/outbound.py's Verdict
# How a recording goes; its name. What of it the log tells at last.
RECORDING_MARKS = {
    "SWITCHBOARD_RECORDING_STARTED": EventKind.RECORDING_STARTED,
    "SWITCHBOARD_RECORDING_PAUSED": EventKind.RECORDING_PAUSED,
    "SWITCHBOARD_RECORDING_RESUMED": EventKind.RECORDING_RESUMED,
    "SWITCHBOARD_RECORDING_ENDED": EventKind.RECORDING_ENDED,
}
CALLED_BACK = "callback-"  # how the ids of channels begin on which the controller calls an agent for a callback
OFFERED_CONTEXTS = frozenset({"inbound", "safety-net"})  # where calls to the organisation's numbers are
A_MOMENT = timedelta(seconds=2)  # that the controller may be late to note what Asterisk's log has already
A_LATE_LOOK = timedelta(seconds=15)  # until a restarted controller notes the end of a talk
SAME_TALK = timedelta(seconds=1)
SHORTEST_MESSAGE = 1.0  # seconds; less is somebody hanging up, not a message
_BACK_WITH_US = (EventKind.RETURNED, EventKind.ADOPTED, EventKind.ANSWERED)  # as the controller notes
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


def is_announcement(history: Sequence[CelEvent]) -> bool:
    """Whether Asterisk rang a desk phone by itself, to tell something: nobody's call. (`s` is no number one dials.)
    An agent whom the controller rings for somebody to be called back is no such phone."""
    first = history[0]
    return (
        not first.linkedid.startswith(CALLED_BACK)
        and first.linkedid == first.uniqueid
        and first.context == "desk"
        and first.exten == "s"
    )


def missing(told: Iterable[CallEvent], witnessed: Iterable[CallEvent]) -> list[CallEvent]:
    """What CEL witnessed and the ledger does not tell: the end if it has none, messages, and persons' talks if it has
    none at all; and all that happened while the dialplan alone had the caller: in the safety net, or passed on by a
    desk phone, until the controller notes that the caller is back."""
    told = in_order(told)
    kinds = {event.kind for event in told}
    messages = {str(event.data.get("message_id")) for event in told if event.kind is EventKind.MESSAGE}
    witnessed = list(witnessed)
    last = told[-1].at if told else datetime.min.replace(tzinfo=UTC)
    known = {event.event_id for event in told}
    alone = _alone(told, witnessed)
    found: list[CallEvent] = []
    for event in witnessed:
        within = next((each for each in alone if each.begin <= event.at < each.end), None)
        if event.kind in RECORDING:
            is_missing = True  # Asterisk alone tells of it
        elif event.kind is EventKind.MESSAGE:
            is_missing = str(event.data.get("message_id")) not in messages
        elif event.kind is EventKind.TALKED and alone:
            is_missing = not _is_told(event, told)
        elif within is not None:
            is_missing = True
        else:
            is_missing = event.kind not in kinds and event.kind not in (EventKind.RINGING, EventKind.RUNG)
        if is_missing and event.event_id not in known:
            if event.kind in RECORDING:
                found.append(event)
            elif within is not None and event.kind is not EventKind.ENDED:
                found.append(replace(event, at=max(event.at, within.after + timedelta(microseconds=len(found)))))
            else:
                found.append(_not_before(last, event) if within is not None or not alone else event)
    return found


class _Alone(NamedTuple):
    """A time in which the dialplan alone had the caller, and what the controller still noted at its beginning."""

    begin: datetime
    end: datetime
    after: datetime  # when the controller had noted that its own part was over


def _alone(told: Sequence[CallEvent], witnessed: Sequence[CallEvent]) -> list[_Alone]:
    found: list[_Alone] = []
    for event in witnessed:
        if event.kind not in (EventKind.SAFETY_NET, EventKind.TRANSFERRED) or (found and event.at < found[-1].end):
            continue
        backs = (
            each.at for each in told if each.kind in _BACK_WITH_US and "witness" not in each.data and each.at > event.at
        )
        end = min(backs, default=datetime.max.replace(tzinfo=UTC))
        closing = [
            each.at for each in told if each.kind is EventKind.TALKED and event.at <= each.at < event.at + A_MOMENT
        ]
        after = min(closing) + timedelta(microseconds=1) if closing else event.at
        found.append(_Alone(event.at, end, after))
    return found


def _is_told(talked: CallEvent, told: Sequence[CallEvent]) -> bool:
    """Whether the ledger tells the end of a talk that CEL witnessed: with the same person, and since it began."""
    began = talked.at - timedelta(seconds=float(talked.data["seconds"]))
    return any(
        event.kind is EventKind.TALKED
        and event.data.get("extension") == talked.data.get("extension")
        and began <= event.at < talked.at + A_LATE_LOOK
        for event in told
    )


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
        self._transfers()
        self._legs()
        talks = self._talks()
        self._recordings_made()
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
            elif event.type == PARKED_MARK:
                self._note(event.at, EventKind.PARKED, place=str(event.extra.get("extra", "")))
            elif event.type == UNPARKED and (by := str(event.extra.get("retriever") or "")):
                self._note(event.at, EventKind.RETRIEVED, **self._phone(by))
            elif event.type == REFUSED_MARK:
                why = str(event.extra.get("extra", ""))
                self._note(event.at, EventKind.STEP, flow="outside", step="refused", type="outside", outcome=why)

    def _transfers(self) -> None:
        """Told after the talk with whoever passed the caller on: Asterisk logs it a moment before that one leaves."""
        for event in self._history:
            if event.type not in (BLIND, ATTENDED):
                continue
            ends = (talk.end for talk in self._together() if talk.channel == event.channel)
            end = next((end for end in ends if event.at <= end < event.at + A_MOMENT), None)
            target = str(event.extra.get("transfer_target_channel_name") or "")
            self._note(
                end + timedelta(microseconds=1) if end else event.at,
                EventKind.TRANSFERRED,
                to=extension_of(target) if target else str(event.extra.get("extension") or ""),
                attended=event.type == ATTENDED,
                **self._phone(event.channel),
            )

    def _legs(self) -> None:
        """Phones that were rung; not beyond the caller's hangup, even where nobody was there to stop them."""
        own_hangup = self._first_of(self._own, "HANGUP")
        for start in self._history:
            if start.type != "CHAN_START" or start.channel == self._caller or _is_local(start.channel):
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
        talks = _joined(list(self._together()))
        for channel, together, apart, ended_by in talks:
            phone = self._phone(channel)
            self._note(together, EventKind.TALKING, **phone)
            seconds = round((apart - together).total_seconds(), 3)
            self._note(apart, EventKind.TALKED, seconds=seconds, ended_by=ended_by, **phone)
        return len(talks)

    def _together(self) -> Iterator[_Talk]:
        stays = _stays(self._history)
        end_of_all = self._history[-1].at
        for bridge, channel, begin, end in stays:
            if channel == self._caller:
                continue
            for own_bridge, own_channel, own_begin, own_end in stays:
                if own_channel != self._caller or own_bridge != bridge:
                    continue
                together, apart = max(begin, own_begin), min(end or end_of_all, own_end or end_of_all)
                if apart < together:
                    continue
                ended_by = "unknown"
                if own_end or end:
                    ended_by = "caller" if own_end and (not end or own_end <= end) else "callee"
                yield _Talk(channel, max(together, self._transfer_to(channel, together)), apart, ended_by)

    def _transfer_to(self, channel: str, at: datetime) -> datetime:
        """When the attended transfer was complete by which the caller came to this channel at about that time: Asterisk
        logs it a moment later. `at` if there was none."""
        for event in self._history:
            target = str(event.extra.get("transfer_target_channel_name") or "")
            is_to = event.type == ATTENDED and target and extension_of(target) == extension_of(channel)
            if is_to and at <= event.at < at + A_MOMENT:
                return event.at
        return at

    def _recordings_made(self) -> None:
        """One that nobody stopped has ended with the caller's part of the call."""
        going_on = ""
        for event in self._own:
            if (kind := RECORDING_MARKS.get(event.type)) is not None:
                name = str(event.extra.get("extra", ""))
                self._note(event.at, kind, recording=name)
                going_on = "" if kind is EventKind.RECORDING_ENDED else name
        if going_on:
            hangup = self._first_of(self._own, "HANGUP")
            self._note((hangup or self._history[-1]).at, EventKind.RECORDING_ENDED, recording=going_on)

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
        extension = extension_of(channel)
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


class _Talk(NamedTuple):
    """The caller and another channel in one bridge."""

    channel: str
    begin: datetime
    end: datetime
    ended_by: str


def _joined(talks: Sequence[_Talk]) -> list[_Talk]:
    """Talks in order; one that goes on with the same person over another channel (Asterisk's Local channels stand for
    a phone until they are optimised away) is one talk."""
    found: list[_Talk] = []
    for talk in sorted(talks, key=lambda each: each.begin):
        before = next((each for each in found if _is_same_person(each.channel, talk.channel)), None)
        if before is not None and talk.begin - before.end < SAME_TALK:
            found[found.index(before)] = before._replace(end=max(before.end, talk.end), ended_by=talk.ended_by)
        else:
            found.append(talk)
    return found


def _is_same_person(one: str, other: str) -> bool:
    """Whether one of the channels is a Local one that stands for the other."""
    return _is_local(one) != _is_local(other) and extension_of(one) == extension_of(other)


def extension_of(channel: str) -> str:
    """Whose channel it is by its name: "101" of "PJSIP/101-0000002a" and of "Local/101@transferred-00000000;1"."""
    return channel.partition("/")[2].rpartition("-")[0].partition("@")[0]


def _is_local(channel: str) -> bool:
    return channel.startswith("Local/")


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
        elif event.type == ATTENDED:
            # The target came to its bridge in another call, the consultation, and is part of this one from now on.
            target = (str(event.extra.get("bridge2_id", "")), str(event.extra.get("transfer_target_channel_name", "")))
            if target[1] and not _is_local(target[1]) and all(there != target[1] for _, there in open_stays):
                open_stays[target] = event.at
    return stays + [(*key, begin, None) for key, begin in open_stays.items()]


def _cause(hangup: CelEvent) -> int:
    cause = hangup.extra.get("hangupcause", 0)
    return cause if isinstance(cause, int) else 0
