"""The scripts of a call: answered, forwarded, apologised for; every call ended once."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from switchboard.domain.call_record import CallEvent, Disposition, EventKind
from switchboard.domain.dialling import DialOutcome, HangupCause, Phone, WhileRinging
from switchboard.errors import AsteriskUnreachable, CallerHungUp, CallTakenAway
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from switchboard.ports import Call, Utterance
from switchboard.services.answer_call import Conversation, answer_call
from switchboard.services.forward_call import forward_call, talk_on
from switchboard.services.record_call import CallRecorder
from switchboard.services.resume_call import end_politely
from switchboard.testing.scripted_call import ScriptedCall
from tests.flows.playing import EXAMPLE, PROMPTS, Script, scripted

RECEPTION, MARI = Phone("100", "Reception"), Phone("101", "Mari Tamm")


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged."""
    with capture_logs() as logs:
        yield logs


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return load_configuration(EXAMPLE, PROMPTS)


async def nothing(call: Call, recorder: CallRecorder) -> None:
    """A conversation that has nothing to say."""


async def broken(call: Call, recorder: CallRecorder) -> None:
    raise ZeroDivisionError("a mistake of ours")


async def waits_for_a_key(call: Call, recorder: CallRecorder) -> None:
    await call.key(timedelta(minutes=1))


async def rings_mari(call: Call, recorder: CallRecorder) -> None:
    await forward_call(call, [MARI], recorder, timeout=timedelta(seconds=20))


async def answered(
    configuration: Configuration, script: Script, conversation: Conversation
) -> tuple[ScriptedCall, list[CallEvent], Disposition | None]:
    call, office, ledger = scripted(configuration, script)
    witness = {"linkedid": "switchboard-1.1", "channel": "PJSIP/x"}
    disposition = await answer_call(call, office, conversation, witness=witness)
    return call, ledger.events, disposition


@pytest.mark.parametrize(
    ("conversation", "script", "disposition", "ended_by", "kinds"),
    [
        (nothing, Script(), "served", "switchboard", "offered answered ended"),
        (waits_for_a_key, Script(does=["hang up"]), "abandoned", "caller", "offered answered ended"),
        (
            rings_mari,
            Script(phones={"101": "answers"}),
            "talked",
            "switchboard",
            "offered answered ringing rung talking talked ended",
        ),
        (
            rings_mari,
            Script(phones={"101": "answers"}, does=["hang up while talking"]),
            "talked",
            "caller",
            "offered answered ringing rung talking talked ended",
        ),
        (
            rings_mari,
            Script(phones={"101": "no answer"}, does=["hang up while ringing"]),
            "abandoned",
            "caller",
            "offered answered ringing ended",
        ),
        (
            broken,
            Script(phones={"100": "answers"}),
            "talked",
            "switchboard",
            "offered answered fault ringing rung talking talked ended",
        ),
        (broken, Script(phones={"100": "busy"}), "failed", "switchboard", "offered answered fault ringing rung ended"),
        (
            broken,
            Script(does=["hang up during something went wrong"]),
            "failed",
            "caller",
            "offered answered fault ended",
        ),
    ],
)
async def test_how_calls_end(
    configuration: Configuration,
    conversation: Conversation,
    script: Script,
    disposition: str,
    ended_by: str,
    kinds: str,
) -> None:
    call, events, returned = await answered(configuration, script, conversation)
    assert [event.kind.value for event in events] == kinds.split()
    assert events[-1].data == {"disposition": disposition, "cause": HangupCause.NORMAL, "ended_by": ended_by}
    assert returned == disposition
    assert call.ended_by == ended_by
    assert not call.left


async def test_what_is_noted_of_an_offered_call(configuration: Configuration) -> None:
    _, events, _ = await answered(configuration, Script(), nothing)
    assert events[0].data == {
        "number": "6001000",
        "caller_number": "+37255501234",
        "caller_name": "",
        "flow": "main",
        "flow_version": configuration.version,
        "language": "en",
        "linkedid": "switchboard-1.1",
        "channel": "PJSIP/x",
    }


async def test_an_apology_is_heard_and_reception_rings(
    configuration: Configuration, logs: list[MutableMapping[str, Any]]
) -> None:
    call, events, _ = await answered(configuration, Script(phones={"100": "declines"}), broken)
    assert [line.split(".")[0] for line in call.transcript] == [
        "switchboard answers",
        "switchboard: I am sorry, something went wrong on our side",
        "switchboard rings 100 Reception (the caller hears ringback)",
        "100 Reception: declined, after 2 s",
        "switchboard: I am sorry, reception cannot take your call right now",
        "switchboard: Thank you for calling",
        "switchboard hangs up (normal)",
    ]
    (fault,) = [event for event in events if event.kind is EventKind.FAULT]
    assert fault.data["error"] == "ZeroDivisionError: a mistake of ours"
    assert [(line["event"], line["log_level"]) for line in logs] == [("call_failed", "error")]


class Unreachable(ScriptedCall):
    """Asterisk is gone."""

    async def play(self, utterances: Sequence[Utterance], *, barge_in: bool = False) -> None:
        raise AsteriskUnreachable("no link")


async def test_even_a_failing_apology_ends_the_record_once(configuration: Configuration) -> None:
    _, office, ledger = scripted(configuration, Script())
    assert await answer_call(Unreachable(office.clock), office, broken) is Disposition.FAILED
    kinds = [event.kind for event in ledger.events]
    assert kinds[-3:] == [EventKind.FAULT, EventKind.FAULT, EventKind.ENDED]
    assert kinds.count(EventKind.ENDED) == 1


class Bewildered(ScriptedCall):
    """Even the recovery meets a mistake of ours."""

    async def play(self, utterances: Sequence[Utterance], *, barge_in: bool = False) -> None:
        raise KeyError("another mistake")


async def test_a_mistake_in_the_recovery_ends_the_record_once(configuration: Configuration) -> None:
    _, office, ledger = scripted(configuration, Script())
    with pytest.raises(KeyError):
        await answer_call(Bewildered(office.clock), office, broken)
    assert [event.kind for event in ledger.events].count(EventKind.ENDED) == 1


async def test_a_call_taken_to_the_safety_net_is_ended_by_others(configuration: Configuration) -> None:
    async def lease_ran_out(call: Call, recorder: CallRecorder) -> None:
        raise CallTakenAway

    call, office, ledger = scripted(configuration, Script())
    assert await answer_call(call, office, lease_ran_out) is None
    assert [event.kind for event in ledger.events] == [EventKind.OFFERED, EventKind.ANSWERED]
    assert call.ended_by == "unknown"


class TakenWhileWeApologise(ScriptedCall):
    """The safety net has the caller before our apology is over."""

    async def play(self, utterances: Sequence[Utterance], *, barge_in: bool = False) -> None:
        raise CallTakenAway


async def test_a_call_taken_while_we_apologise_is_ended_by_others(configuration: Configuration) -> None:
    _, office, ledger = scripted(configuration, Script())
    await answer_call(TakenWhileWeApologise(office.clock), office, broken)
    assert [event.kind for event in ledger.events] == [EventKind.OFFERED, EventKind.ANSWERED, EventKind.FAULT]


async def test_an_adopted_call_whose_place_is_gone_is_given_to_reception(configuration: Configuration) -> None:
    call, office, ledger = scripted(configuration, Script(phones={"100": "answers"}))
    disposition = await answer_call(call, office, end_politely(office), adopted=True)
    assert disposition is Disposition.TALKED
    assert [event.kind.value for event in ledger.events] == ["adopted", "ringing", "rung", "talking", "talked", "ended"]


async def test_an_adopted_talk_goes_on(configuration: Configuration) -> None:
    _, office, ledger = scripted(configuration, Script())
    call = ScriptedCall(office.clock, talking_to=MARI)
    assert await answer_call(call, office, end_politely(office), adopted=True) is Disposition.TALKED
    assert [event.kind.value for event in ledger.events] == ["adopted", "talked", "ended"]
    assert call.heard == []


def recorder_of(
    call: ScriptedCall, configuration: Configuration, script: Script
) -> tuple[CallRecorder, list[CallEvent]]:
    _, office, ledger = scripted(configuration, script)
    return CallRecorder(call.id, ledger, office.clock, configuration.organisation.default_language), ledger.events


async def test_forwarding_to_two_phones_notes_both(configuration: Configuration) -> None:
    script = Script(phones={"100": "busy", "101": "declines"})
    call, _, _ = scripted(configuration, script)
    recorder, events = recorder_of(call, configuration, script)
    timeout = timedelta(seconds=20)
    result = await forward_call(call, [RECEPTION, MARI], recorder, timeout=timeout, hearing=WhileRinging.MUSIC)
    assert (result.outcome, result.sip_status, result.cause) == (DialOutcome.DECLINED, 603, HangupCause.REJECTED)
    assert [(event.kind.value, event.data["extension"]) for event in events] == [
        ("ringing", "100"),
        ("ringing", "101"),
        ("rung", "100"),
        ("rung", "101"),
    ]


async def test_nobody_to_talk_on_with(configuration: Configuration) -> None:
    call, _, _ = scripted(configuration, Script())
    recorder, events = recorder_of(call, configuration, Script())
    assert not await talk_on(call, recorder)
    assert events == []


async def test_a_hangup_is_no_fault(configuration: Configuration) -> None:
    async def gone(call: Call, recorder: CallRecorder) -> None:
        raise CallerHungUp

    _, events, disposition = await answered(configuration, Script(), gone)
    assert disposition is Disposition.ABANDONED
    assert EventKind.FAULT not in [event.kind for event in events]
