"""A message that an earlier controller began: what was said is saved; what is said after nothing is another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from switchboard.domain.call_record import EventKind
from switchboard.domain.language import ENGLISH
from switchboard.domain.message import take_of
from switchboard.domain.voice_recording import Recorded, RecordingEnd
from switchboard.flows.configuration import Configuration
from switchboard.flows.conversation import MESSAGE_IN_HAND
from switchboard.flows.interpret import conversation_of
from switchboard.flows.load import load_configuration
from switchboard.ports import Position
from switchboard.services.answer_call import answer_call
from tests.flows.playing import OVERLAYS, PROMPTS, Played, Script, scripted, with_overlay

SAID = Recorded(timedelta(seconds=4), -20.0, RecordingEnd.HANGUP)


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    return load_configuration(with_overlay(tmp_path_factory.mktemp("voicemail"), OVERLAYS / "voicemail"), PROMPTS)


async def taken_over(
    configuration: Configuration, said: Mapping[UUID, Recorded], begun: UUID, does: Sequence[str] = ()
) -> Played:
    """The call of a caller whose earlier controller died after it had announced a message for Mari."""
    call, office, ledger = scripted(configuration, Script(does=does))
    call.recordings.update(said)
    position = Position("main", configuration.version, "mari", 1, ENGLISH, {MESSAGE_IN_HAND: str(begun)})
    await call.answer()
    conversation = conversation_of(configuration, office, position)
    return Played(call, ledger.events, await answer_call(call, office, conversation, adopted=True, resumed=position))


def ids(played: Played, kind: EventKind) -> list[str]:
    """Of the messages of which something is noted."""
    return [str(event.data["message_id"]) for event in played.of(kind)]


def heard(played: Played, configuration: Configuration, prompt: str) -> bool:
    """Whether the caller heard it."""
    return configuration.prompts[prompt][ENGLISH][0] in played.call.heard


async def test_what_was_said_is_saved_and_the_caller_told(configuration: Configuration) -> None:
    begun = uuid4()
    played = await taken_over(configuration, {take_of(begun, 0): SAID}, begun)
    assert ids(played, EventKind.MESSAGE) == ids(played, EventKind.MESSAGE_BEGUN) == [str(begun)]
    assert heard(played, configuration, "message_saved")
    assert not heard(played, configuration, "message_leave")


async def test_what_is_said_after_nothing_is_another_message(configuration: Configuration) -> None:
    """Of the first it is noted that nothing was said: nobody would look for it any more."""
    begun = uuid4()
    played = await taken_over(configuration, {}, begun, ["speak 5s", "press #", "press 3"])
    assert ids(played, EventKind.MESSAGE_DROPPED) == [str(begun)]
    first, second = ids(played, EventKind.MESSAGE_BEGUN)
    assert (first, [second]) == (str(begun), ids(played, EventKind.MESSAGE))
    assert second != first


async def test_whoever_takes_the_call_over_next_finds_it_whenever_that_is(configuration: Configuration) -> None:
    begun = uuid4()
    played = await taken_over(configuration, {take_of(begun, 0): SAID}, begun)
    taking = [position for position in played.call.positions if position.step == "mari"]
    assert taking and all(position.variables.get(MESSAGE_IN_HAND) == str(begun) for position in taking)
