"""What star codes do, and that nothing is confirmed that was not done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from switchboard.domain.call_record import EventKind, derive
from switchboard.domain.presence import Presence, Status
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from switchboard.services.answer_star_code import STAR_CODES, answer_star_code
from switchboard.services.office import Office
from switchboard.testing.in_memory_ledger import InMemoryLedger
from switchboard.testing.in_memory_presence import InMemoryPresence
from switchboard.testing.manual_clock import ManualClock
from switchboard.testing.scripted_call import ScriptedCall
from tests.flows.playing import EXAMPLE, PROMPTS, office_of

TALLINN = ZoneInfo("Europe/Tallinn")
NOON = datetime(2026, 3, 3, 12, tzinfo=TALLINN).astimezone(UTC)


@cache
def example() -> Configuration:
    return load_configuration(EXAMPLE, PROMPTS)


async def dialled(code: str, extension: str, office: Office, clock: ManualClock) -> ScriptedCall:
    call = ScriptedCall(clock, number=code, caller=extension)
    await answer_star_code(call, code, extension, office)
    return call


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def ledger() -> InMemoryLedger:
    return InMemoryLedger()


@pytest.fixture
def office(clock: ManualClock, ledger: InMemoryLedger) -> Iterator[Office]:
    yield office_of(example(), clock, ledger)
    assert not derive(ledger.events).irregularities
    assert [event.kind for event in ledger.events].count(EventKind.ENDED) == 1
    assert derive(ledger.events).disposition == "internal"


NEXT_DAY = NOON + timedelta(days=1)
CASES = [
    # dialled   at     what is said                what counts afterwards, until
    ("*76", "101", "star_available", Status.AVAILABLE, None),
    ("*77", "101", "star_away", Status.AWAY, None),
    ("*771530", "101", "star_away", Status.AWAY, NOON + timedelta(hours=3, minutes=30)),
    ("*771159", "101", "star_away", Status.AWAY, NEXT_DAY - timedelta(minutes=1)),
    ("*771200", "101", "star_away", Status.AWAY, NEXT_DAY),  # it is noon: tomorrow's
    ("*772400", "101", "star_not_understood", None, None),
    ("*771261", "101", "star_not_understood", None, None),
    ("*7715", "101", "star_not_understood", None, None),
    ("*78", "101", "star_do_not_disturb", Status.DO_NOT_DISTURB, None),
    ("*781", "101", "star_not_understood", None, None),
    ("*79", "101", "star_available", Status.AVAILABLE, None),
    ("*99", "101", "star_not_understood", None, None),
    ("*78", "130", "star_nobodys_phone", None, None),  # the showroom's
]


@pytest.mark.parametrize(("code", "extension", "said", "status", "until"), CASES)
async def test_codes(
    office: Office,
    clock: ManualClock,
    ledger: InMemoryLedger,
    code: str,
    extension: str,
    said: str,
    status: Status | None,
    until: datetime | None,
) -> None:
    call = await dialled(code, extension, office, clock)
    assert call.heard == list(example().prompts[said][example().organisation.default_language])
    presence = office.presence.presence_of("mari")
    assert (presence.status, presence.until) == (status, until) if presence else status is None
    noted = [event.data for event in ledger.events if event.kind is EventKind.PRESENCE]
    assert [each["status"] for each in noted] == ([status.value] if status else [])


class FullDisk(InMemoryPresence):
    """A presence book that can keep nothing."""

    async def set(self, presence: Presence) -> None:
        raise OSError("No space left on device")


async def test_nothing_is_confirmed_that_the_disk_refused(office: Office, clock: ManualClock) -> None:
    with capture_logs() as logs:
        call = await dialled("*78", "101", replace(office, presence=FullDisk(clock)), clock)
    assert [(each["event"], each["log_level"]) for each in logs] == [("star_code_not_done", "error")]
    assert call.heard == list(example().prompts["star_not_done"][example().organisation.default_language])


async def test_a_hangup_before_the_confirmation_takes_nothing_back(clock: ManualClock, ledger: InMemoryLedger) -> None:
    office = office_of(example(), clock, ledger)
    call = ScriptedCall(clock, number="*78", caller="101", hangs_up_at=NOON + timedelta(seconds=0.5))
    await answer_star_code(call, "*78", "101", office)
    presence = office.presence.presence_of("mari")
    assert presence is not None
    assert presence.status is Status.DO_NOT_DISTURB
    assert derive(ledger.events).ended_by == "caller"


def test_no_code_hides_another() -> None:
    codes = [each.code for each in STAR_CODES]
    for code in codes:
        assert [other for other in codes if other.startswith(code)] == [code]
        assert code[0] == "*"
        assert code[1:].isdigit()
