"""One call told to a person: what happened when, and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from switchboard.domain.call_record import CallEvent, EventKind, in_order
from switchboard.domain.event_kind import RECORDING

Told = Mapping[str, Any]  # what an event carries


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One line of a story. May hold text that came from a caller, control characters included."""

    at: datetime
    what: str  # "menu main/menu (ivr/flows/main.yaml:12)"
    why: str  # "key 1 → sales"; "" where there is nothing to add

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S} {self.what}" + (f": {self.why}" if self.why else "")


def story(events: Iterable[CallEvent]) -> list[StoryLine]:
    """The lines of one call, oldest first, times as in the events (UTC)."""
    return [StoryLine(event.at, *_line(event.kind, event.data)) for event in in_order(events)]


def _line(kind: EventKind, data: Told) -> tuple[str, str]:
    if kind in RECORDING:
        return _recording(kind, data)
    tell = _TOLD.get(kind)
    return tell(data) if tell is not None else (f"{_VERBS.get(kind, f'{kind} by')} {_who(data)}", "")


def _told_offered(data: Told) -> tuple[str, str]:
    return "offered", _offer(data)


def _told_client(data: Told) -> tuple[str, str]:
    return "known as", _client(data)


def _told_screened(data: Told) -> tuple[str, str]:
    why = f": {data['why']}" if data.get("why") else ""
    return f"screened: {str(data.get('verdict') or '?').replace('_', ' ')}", f"{data.get('rule') or '?'}{why}"


def _told_looked_up(data: Told) -> tuple[str, str]:
    values = data.get("values") or {}
    told = ", ".join(f"{path} {value}" for path, value in values.items()) if isinstance(values, dict) else ""
    return f"looked up in {data.get('lookup') or '?'}", ": ".join(
        filter(None, (str(data.get("outcome") or "?").replace("_", " "), told or str(data.get("why") or "")))
    )


def _told_blocked(data: Told) -> tuple[str, str]:
    return f"blocked by {data.get('who') or '?'}", str(data.get("why") or "")


def _told_adopted(data: Told) -> tuple[str, str]:
    return "taken over by a restarted controller", _labelled("at step", data.get("step"))


def _told_safety_net(data: Told) -> tuple[str, str]:
    return "served by the safety net", str(data.get("reason") or "")


def _told_answered(_data: Told) -> tuple[str, str]:
    return "answered", ""


def _told_transferred(data: Told) -> tuple[str, str]:
    how = "after consulting" if data.get("attended") else "without consulting"
    return f"passed on by {_who(data)}", f"to {data.get('to') or '?'}, {how}"


def _told_returned(data: Told) -> tuple[str, str]:
    return "back from being passed on", "has talked" if data.get("talked") else "nobody answered"


def _told_language(data: Told) -> tuple[str, str]:
    return "language", str(data.get("language") or "")


def _told_skipped(data: Told) -> tuple[str, str]:
    return f"passed over {data.get('name') or '?'}", str(data.get("why") or "")


def _told_presence(data: Told) -> tuple[str, str]:
    until = _labelled(" until", data.get("until"))
    return f"set {data.get('person') or '?'}", str(data.get("status") or "?").replace("_", " ") + until


def _told_consent(data: Told) -> tuple[str, str]:
    how = "told that the call may be recorded" if data.get("asking") == "tell" else "asked for consent to recording"
    key = f"pressed {data['key']}" if data.get("key") else "silence"
    return how, f"{data.get('consent') or '?'} ({key}, {data.get('language') or '?'})"


def _told_name_stated(data: Told) -> tuple[str, str]:
    return "states a name", f"recorded, {_duration(data.get('seconds'))}"


def _told_rung(data: Told) -> tuple[str, str]:
    return f"rang {_who(data)}", _outcome(data)


def _told_talked(data: Told) -> tuple[str, str]:
    return f"talked to {_who(data)}", f"{_duration(data.get('seconds'))}, ended by {data.get('ended_by', '?')}"


def _told_on_call(data: Told) -> tuple[str, str]:
    told = str(data.get("outcome") or "?").replace("_", " ")
    asked = f"asked {data.get('name') or '?'}, on call by rota {data.get('rota') or '?'}"
    asked += _labelled(" (swapped) instead of", data.get("instead_of"))
    return f"{asked}, round {data.get('round', '?')}", "took the call" if told == "answered" else told


def _told_unacknowledged(data: Told) -> tuple[str, str]:
    called = ", ".join(map(str, data.get("called") or ()))
    return f"NOBODY ON CALL took it (rota {data.get('rota') or '?'})", f"called {called}"


def _told_queued(data: Told) -> tuple[str, str]:
    place, agents = data.get("position", "?"), data.get("agents", "?")
    return f"waits in queue {data.get('queue') or '?'}", f"number {place}, agents on duty: {agents}"


def _told_left_queue(data: Told) -> tuple[str, str]:
    told = f"{data.get('outcome') or '?'} after {_duration(data.get('seconds'))}"
    return f"waits no more in queue {data.get('queue') or '?'}", told.replace("_", " ")


def _told_message_begun(data: Told) -> tuple[str, str]:
    return "is asked for a message", _labelled("for", data.get("person") or data.get("department"))


def _told_appointment(data: Told) -> tuple[str, str]:
    what = f"appointment {data.get('reference') or '?'} {data.get('deed') or '?'}"
    whom = f" with {', '.join(map(str, data['resources']))}" if data.get("resources") else ""
    return what, f"{data.get('event_type') or '?'} at {data.get('start') or '?'}{whom}"


def _told_message(data: Told) -> tuple[str, str]:
    urgent = ", urgent" if data.get("urgent") else ""
    return "left a message", f"{_duration(data.get('seconds'))}{urgent}, {data.get('file') or '?'}"


def _told_message_dropped(data: Told) -> tuple[str, str]:
    return "left no message", str(data.get("why") or "")


def _told_fault(data: Told) -> tuple[str, str]:
    return "our fault", ", ".join(str(data[key]) for key in ("error", "done") if data.get(key))


def _told_ended(data: Told) -> tuple[str, str]:
    return "ended", _end(data)


def _told_parked(data: Told) -> tuple[str, str]:
    return "parked", str(data.get("place") or "")


def _offer(data: Told) -> str:
    caller = str(data.get("caller_number") or "withheld number")
    if name := data.get("caller_name"):
        caller += f" ({name})"
    if data.get("callback"):
        return f"{caller} is asked to call back {data.get('number') or '?'}, promised in call {data.get('callback_of')}"
    if "reminder" in data:
        return f"{caller} is called, to be reminded of an appointment"
    if "waitlist" in data:
        return f"{caller} is called, as a time became free that they wait for"
    flow = f", flow {data['flow']} {str(data.get('flow_version') or '')[:12]}".rstrip() if data.get("flow") else ""
    return f"{caller} calls {data.get('number') or '?'}{flow}"


def _callback(data: Told) -> tuple[str, str]:
    state, last, attempts = str(data.get("state") or "?"), str(data.get("last") or ""), data.get("attempts", "?")
    told = {
        "waiting": f"is tried again, attempt {attempts}" if attempts else "promised",
        "dialling": f"attempt {attempts}" + _labelled(" in call", data.get("in_call")),
        "expired": f"NOT REACHED in {attempts} attempts",
    }.get(state, state.replace("_", " "))
    return f"callback to {data.get('number') or '?'}: {told}", last.replace("_", " ")


def _client(data: Told) -> str:
    told = [f"{data.get('name') or '?'} ({data.get('code') or '?'})", str(data.get("class") or "")]
    told += ["VIP"] if data.get("vip") else []
    told += [str(standing).replace("_", " ")] if (standing := data.get("standing")) not in (None, "ok") else []
    told += [f"account manager {manager}"] if (manager := data.get("manager")) else []
    told += [f"note: {note}"] if (note := data.get("note")) else []
    return ", ".join(each for each in told if each)


def _step(data: Told) -> tuple[str, str]:
    what = f"{data.get('type') or 'step'} {data.get('flow') or '?'}/{data.get('step') or '?'}"
    if data.get("file"):
        what += f" ({data['file']}:{data.get('line') or '?'})"
    decided, outcome, led_to = data.get("decided_on"), data.get("outcome"), data.get("next")
    if decided and not isinstance(decided, str):
        decided = json.dumps(decided, ensure_ascii=False)
    # A key or a plain "done" tells less than where it led.
    told = (decided or outcome, led_to) if led_to else (decided, outcome)
    return what, " → ".join(str(each) for each in told if each)


def _recording(kind: EventKind, data: Told) -> tuple[str, str]:
    what = kind.value.replace("_", " ")
    if kind is EventKind.RECORDING_ORDERED:
        days = f"kept {data.get('keep_days', '?')} days"
        return "to be recorded", f"rule {data.get('record') or '?'}, consent: {data.get('consent') or '?'}, {days}"
    if kind in (EventKind.RECORDING_EXPORTED, EventKind.RECORDING_ERASED):
        return f"{what} by {data.get('who') or '?'}", str(data.get("why") or "")
    return what, str(data.get("why") or "")


def _outcome(data: Told) -> str:
    details = []
    if data.get("cause"):
        details.append(f"cause {data['cause']}")
    if data.get("sip_status"):
        details.append(f"SIP {data['sip_status']}")
    return str(data.get("outcome") or "?") + (f" ({', '.join(details)})" if details else "")


def _end(data: Told) -> str:
    by = data.get("ended_by") or "unknown"
    text = f"{data.get('disposition') or '?'}, by {by}, cause {data.get('cause', 0)}"
    return f"{text} (as Asterisk's log tells)" if data.get("witness") == "cel" else text


def _who(data: Told) -> str:
    extension, name = data.get("extension"), data.get("name")
    if name and name != extension:
        return f"{name} ({extension or '?'})"
    return str(extension or "?")


def _labelled(label: str, value: object) -> str:
    return f"{label} {value}" if value else ""


def _duration(seconds: object) -> str:
    if not isinstance(seconds, int | float) or seconds != seconds or seconds < 0:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"


_VERBS = {EventKind.RINGING: "rings", EventKind.TALKING: "talks to", EventKind.HELD: "held by"}
_TOLD: Mapping[EventKind, Callable[[Told], tuple[str, str]]] = {
    EventKind.OFFERED: _told_offered,
    EventKind.CLIENT: _told_client,
    EventKind.SCREENED: _told_screened,
    EventKind.LOOKED_UP: _told_looked_up,
    EventKind.BLOCKED: _told_blocked,
    EventKind.ADOPTED: _told_adopted,
    EventKind.SAFETY_NET: _told_safety_net,
    EventKind.ANSWERED: _told_answered,
    EventKind.TRANSFERRED: _told_transferred,
    EventKind.RETURNED: _told_returned,
    EventKind.LANGUAGE: _told_language,
    EventKind.STEP: _step,
    EventKind.SKIPPED: _told_skipped,
    EventKind.PRESENCE: _told_presence,
    EventKind.CONSENT: _told_consent,
    EventKind.NAME_STATED: _told_name_stated,
    EventKind.RUNG: _told_rung,
    EventKind.TALKED: _told_talked,
    EventKind.ON_CALL: _told_on_call,
    EventKind.UNACKNOWLEDGED: _told_unacknowledged,
    EventKind.QUEUED: _told_queued,
    EventKind.LEFT_QUEUE: _told_left_queue,
    EventKind.MESSAGE_BEGUN: _told_message_begun,
    EventKind.APPOINTMENT: _told_appointment,
    EventKind.CALLBACK: _callback,
    EventKind.MESSAGE: _told_message,
    EventKind.MESSAGE_DROPPED: _told_message_dropped,
    EventKind.FAULT: _told_fault,
    EventKind.ENDED: _told_ended,
    EventKind.PARKED: _told_parked,
}
