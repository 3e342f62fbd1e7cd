"""What a caller is told: facts while they are valid, in the caller's language, through a subflow and back."""

from __future__ import annotations

import pytest

from switchboard.domain.call_record import EventKind
from tests.asterisk.office import StoryOffice, hear_each_other
from tests.phones import Habit

ESTONIAN = "et"
LOGISTICS = "department(department=logistics)"


@pytest.mark.parametrize(
    ("time", "told"),
    [
        ("2026-11-30 10:00", ["November is cheese month.", "goodbye"]),
        ("2026-12-01 10:00", ["Fish is cheaper now.", "goodbye"]),
        ("2027-01-04 10:00", ["nothing_to_tell", "goodbye"]),
    ],
)
async def test_a_fact_is_told_while_it_is_valid(office: StoryOffice, time: str, told: list[str]) -> None:
    office.set_time(time)
    call = await office.call("6001000")
    await call.hears(office.prompt("welcome"))
    await call.press("3")
    await call.ended()
    assert office.heard(call) == ["welcome", *told]
    record = await office.record_of(call)
    is_told = told[0] != "nothing_to_tell"
    assert record.path[3:] == (
        ["main/offer told", "main/bye ended"] if is_told else ["main/offer nothing", "main/nothing ended"]
    )
    assert record.ending == ("served", 16, "switchboard")


async def test_another_language(office: StoryOffice) -> None:
    call = await office.call("6001000")
    await call.hears(office.prompt("welcome"))
    await call.press("9")
    await call.hears_whole(office.prompt("language_menu", ESTONIAN))
    await call.press("2")
    await call.hears_whole(office.prompt("main_menu", ESTONIAN))
    await call.press("2")
    await call.ended()
    told = ["language_menu", "language_menu/et", "main_menu/et", "Tarne võtab ühe tööpäeva.", "goodbye/et"]
    assert office.heard(call) == ["welcome", *told]
    record = await office.record_of(call)
    assert record.language == ESTONIAN
    assert record.path[2:] == [
        "main/menu 9",
        "main/language chosen",
        "main/menu 2",
        "main/delivery told",
        "main/bye ended",
    ]
    assert record.of(EventKind.STEP)[3]["decided_on"] == "pressed 2: Eesti"


async def test_a_subflow_and_back(office: StoryOffice) -> None:
    peeter = await office.desk("120")
    peeter.habit = Habit.ANSWER
    call = await office.call("6001000")
    await call.hears(office.prompt("welcome"))
    await call.press("1")
    rung = await (await peeter.rung()).established()
    await hear_each_other(call, rung)
    await rung.hang_up()
    await call.ended()
    assert office.heard(call) == ["welcome", "connecting", "goodbye"]
    record = await office.record_of(call)
    assert record.path[2:] == [
        "main/menu 1",
        "main/orders entered",
        f"{LOGISTICS}/ring answered",
        f"{LOGISTICS}/served served",
        "main/bye ended",
    ]
    assert record.ending == ("talked", 16, "switchboard")


async def test_a_subflow_back_to_a_person(office: StoryOffice) -> None:
    """Nobody in the department: back in the flow that led there, reception is rung."""
    reception = await office.desk("100")
    call = await office.call("6001000")
    await call.hears(office.prompt("welcome"))
    await call.press("1")
    rung = await reception.rung()
    await call.hang_up()
    await rung.ended()
    assert office.heard(call) == ["welcome", "connecting", "nobody_free"]
    record = await office.record_of(call)
    assert record.path[4:] == [
        f"{LOGISTICS}/ring unavailable",
        f"{LOGISTICS}/busy done",
        f"{LOGISTICS}/not_reached not_reached",
        "main/reception hangup",
    ]
    assert record.ending == ("abandoned", 16, "caller")
