"""A group is rung: turns, those who are passed over, and what it comes to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.dialling import DialOutcome, Phone, RingResult, WhileRinging
from switchboard.domain.identity import CallId, new_event_id
from switchboard.domain.presence import Presence, Status
from switchboard.domain.ring_strategy import Member, Strategy
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from switchboard.services.record_call import CallRecorder
from switchboard.services.ring_group import Group, ring_group
from tests.flows.playing import EXAMPLE, PROMPTS, Script, scripted

MARI = Member("Mari", (Phone("101", "Mari"),), "mari")
JAAN = Member("Jaan", (Phone("102", "Jaan"),), "jaan")
SHOWROOM = Member("Showroom", (Phone("130", "Showroom"),))
EACH, IN_ALL = timedelta(seconds=10), timedelta(seconds=35)


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return load_configuration(EXAMPLE, PROMPTS)


class Ringing:
    """One call that rings Mari, Jaan and the showroom in order."""

    def __init__(self, configuration: Configuration, strategy: Strategy = Strategy.IN_ORDER, **phones: str) -> None:
        script = Script(phones={extension.removeprefix("p"): text for extension, text in phones.items()})
        self.call, self.office, self.ledger = scripted(configuration, script)
        self.recorder = CallRecorder(
            self.call.id, self.ledger, self.office.clock, configuration.organisation.languages[0]
        )
        self.group = Group((MARI, JAAN, SHOWROOM), strategy, EACH, IN_ALL, WhileRinging.RINGBACK)

    async def rings(self) -> RingResult | None:
        return await ring_group(self.call, self.group, self.office, self.recorder)

    @property
    def rung(self) -> list[str]:
        return [str(event.data["extension"]) for event in self.ledger.events if event.kind is EventKind.RINGING]

    @property
    def passed_over(self) -> list[tuple[str, str]]:
        skipped = [event.data for event in self.ledger.events if event.kind is EventKind.SKIPPED]
        return [(str(each["name"]), str(each["why"])) for each in skipped]

    def talks(self, extension: str) -> None:
        at = datetime(2026, 3, 3, 7, tzinfo=UTC)
        event = CallEvent(CallId(UUID(int=7)), new_event_id(at), at, EventKind.TALKING, {"extension": extension})
        self.office.phone_uses.noted(event)


async def test_turn_by_turn_until_the_time_is_up(configuration: Configuration) -> None:
    ringing = Ringing(configuration, p101="no answer", p102="no answer", p130="no answer")
    result = await ringing.rings()
    assert result is not None and result.outcome is DialOutcome.NO_ANSWER
    assert ringing.rung == ["101", "102", "130", "101"]


async def test_all_at_once_ring_for_the_whole_time(configuration: Configuration) -> None:
    ringing = Ringing(configuration, Strategy.SIMULTANEOUS, p101="no answer", p102="busy", p130="answers after 30s")
    result = await ringing.rings()
    assert result is not None and result.answered_by == SHOWROOM.phones[0]
    assert ringing.rung == ["101", "102", "130"]


async def test_who_refuses_at_once_is_not_rung_in_a_storm(configuration: Configuration) -> None:
    ringing = Ringing(configuration, p101="busy", p102="busy", p130="unavailable")
    result = await ringing.rings()
    assert result is not None and result.outcome is DialOutcome.BUSY
    assert ringing.rung == ["101", "102", "130"]


async def test_who_declined_is_not_rung_again(configuration: Configuration) -> None:
    ringing = Ringing(configuration, p101="declines", p102="no answer", p130="failed")
    result = await ringing.rings()
    assert result is not None and result.outcome is DialOutcome.DECLINED
    assert ringing.rung == ["101", "102", "130", "102"]  # and he for all the time that is left
    assert await ringing.rings() is not None
    assert ringing.passed_over == [("Mari", "declined this call before")]
    assert ringing.rung.count("101") == 1


async def test_who_talks_is_busy_and_not_rung(configuration: Configuration) -> None:
    ringing = Ringing(configuration, p101="answers", p102="unavailable", p130="unavailable")
    ringing.talks("101")
    result = await ringing.rings()
    assert result is not None and result.outcome is DialOutcome.BUSY
    assert ringing.passed_over == [("Mari", "in a call")]


async def test_nobody_is_there(configuration: Configuration) -> None:
    ringing = Ringing(configuration, p101="answers", p102="answers")
    ringing.group = Group((MARI, JAAN), Strategy.SIMULTANEOUS, EACH, IN_ALL, WhileRinging.RINGBACK)
    now = ringing.office.clock.now()
    for person in ("mari", "jaan"):
        await ringing.office.presence.set(Presence(person, Status.DO_NOT_DISTURB, now))
    assert await ringing.rings() is None
    assert ringing.rung == []
    assert [name for name, _ in ringing.passed_over] == ["Mari", "Jaan"]
