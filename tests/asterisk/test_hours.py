"""What a caller hears when we are closed, by the clock."""

from __future__ import annotations

import pytest

from switchboard.domain.call_record import EventKind
from tests.asterisk.office import StoryOffice

HOURS = "From nine to five."
TODAY_AT_1 = ["opens_today", "at 1 o'clock."]
TOMORROW_AT_9 = ["opens_tomorrow", "at 9 o'clock."]
TOLD = ["main/opening_hours told", "main/bye ended"]
MONDAY_AT_9 = ["opens_monday", "at 9 o'clock."]


@pytest.mark.parametrize(
    ("time", "outcome", "opens", "because"),
    [
        ("2026-11-24 12:45", "closed", TODAY_AT_1, "lunch 12:30-13:00"),
        ("2026-11-24 18:30", "closed", TOMORROW_AT_9, "after closing at 17:00"),
        ("2026-11-28 11:00", "closed", MONDAY_AT_9, "closed all Saturday"),
        ("2027-02-24 11:00", "holiday", TOMORROW_AT_9, "Independence Day"),
    ],
)
async def test_closed(office: StoryOffice, time: str, outcome: str, opens: list[str], because: str) -> None:
    office.set_time(time)
    call = await office.call("6001000")
    await call.ended(20)
    assert office.heard(call) == ["welcome", outcome, HOURS, *opens, "goodbye"]
    record = await office.record_of(call)
    assert record.path == ["main/greet done", f"main/hours {outcome}", f"main/{outcome} done", *TOLD]
    assert because in record.of(EventKind.STEP)[1]["decided_on"]
    assert record.ending == ("served", 16, "switchboard")


@pytest.mark.parametrize(("time", "outcome"), [("2026-11-24 16:59", "open"), ("2026-11-24 17:00", "closed")])
async def test_to_the_minute(office: StoryOffice, time: str, outcome: str) -> None:
    office.set_time(time)
    call = await office.call("6001000")
    await call.hears(office.prompt("main_menu" if outcome == "open" else "closed"))
    await call.hang_up()
    assert (await office.record_of(call)).path[1] == f"main/hours {outcome}"
