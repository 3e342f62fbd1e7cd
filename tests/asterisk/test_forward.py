"""To the right person, else to whoever stands in: every link of the chain on real phones, star codes among them."""

from __future__ import annotations

import asyncio

from switchboard.domain.call_record import EventKind
from switchboard.domain.clients import Client, Standing
from switchboard.domain.presence import DeviceState
from switchboard.postgres.clients import Imported, PostgresClients
from tests.asterisk.office import StoryOffice, hear_each_other
from tests.phones import Habit, Phone, PhoneCall
from tests.refusing_phone import RefusingPhone

FORWARD = "6001020"  # Jaan 102, else Peeter 120, Ott 103, Mari 101
TO_THE_MANAGER = "6001021"


async def registered(office: StoryOffice, *extensions: str) -> list[Phone]:
    """Their phones."""
    return list(await asyncio.gather(*(office.desk(extension) for extension in extensions)))


async def dials(office: StoryOffice, phone: Phone, code: str, answer: str) -> PhoneCall:
    """A star code, until the switchboard has hung up."""
    call = await (await phone.dial(code)).established()
    await call.hears_whole(office.prompt(answer))
    await call.ended()
    return call


async def test_along_the_whole_chain(office: StoryOffice) -> None:
    jaan, peeter, ott, mari = await registered(office, "102", "120", "103", "101")
    peeter.habit = Habit.BUSY
    call = await office.call(FORWARD)
    await call.hears(office.prompt("connecting"))
    await (await jaan.rung()).busy()
    await call.hears(office.prompt("trying_colleague"))
    await ott.rung()  # who lets it ring
    rung = await mari.rung()
    await rung.answer()
    await hear_each_other(call, rung)
    await rung.hang_up()
    await call.hears_whole(office.prompt("goodbye"))
    await call.ended()
    assert office.heard(call) == ["connecting", "trying_colleague", "goodbye"]
    record = await office.record_of(call)
    assert [(rang["extension"], rang["outcome"]) for rang in record.of(EventKind.RUNG)] == [
        ("102", "busy"),
        ("120", "busy"),
        ("103", "no_answer"),
        ("101", "answered"),
    ]
    assert record.path == ["forward/forward answered", "forward/answered ended"]


def refusing(office: StoryOffice, extension: str, status: int = 603) -> RefusingPhone:
    """A phone that declines, or refuses by another SIP status."""
    return RefusingPhone(extension, office.asterisk.password(extension), office.asterisk.sip_address, status=status)


async def test_whom_the_caller_asks_for_takes_the_call(office: StoryOffice) -> None:
    jaan, *_ = await registered(office, "102", "120", "103", "101")
    call = await office.call(FORWARD)
    await hear_each_other(call, await (await jaan.rung()).answer())
    await call.hang_up()
    assert await rang(office, call) == [("102", "answered")]


async def test_the_deputy_takes_the_call_of_one_whose_phone_is_off(office: StoryOffice) -> None:
    peeter, *_ = await registered(office, "120", "103", "101")
    await office.known_as(DeviceState.UNREGISTERED, "102")
    call = await office.call(FORWARD)
    await hear_each_other(call, await (await peeter.rung()).answer())
    await call.hang_up()
    assert await rang(office, call) == [("120", "answered")]


async def test_another_account_manager_takes_the_call_after_a_refusal_and_a_busy_deputy(office: StoryOffice) -> None:
    peeter, ott, _ = await registered(office, "120", "103", "101")
    peeter.habit = Habit.BUSY
    async with refusing(office, "102"):
        await office.known_as(DeviceState.IDLE, "102")
        call = await office.call(FORWARD)
        await hear_each_other(call, await (await ott.rung()).answer())
        await call.hang_up()
        assert await rang(office, call) == [("102", "declined"), ("120", "busy"), ("103", "answered")]


async def test_nobody_of_the_chain_takes_the_call(office: StoryOffice) -> None:
    """What the flow does then, such as taking a message, comes at once: nothing rings for ever."""
    peeter, _ = await registered(office, "120", "103")  # Ott lets it ring
    peeter.habit = Habit.BUSY
    async with refusing(office, "102"), refusing(office, "101"):
        await office.known_as(DeviceState.IDLE, "102", "101")
        call = await office.call(FORWARD)
        await call.hears_whole(office.prompt("outcome_no_answer"))
        await call.ended()
        expected = [("102", "declined"), ("120", "busy"), ("103", "no_answer"), ("101", "declined")]
        assert await rang(office, call) == expected


async def rang(office: StoryOffice, call: PhoneCall) -> list[tuple[str, str]]:
    """Whose phones rang in a call, in order, and how they came out."""
    record = await office.record_of(call)
    return [(each["extension"], each["outcome"]) for each in record.of(EventKind.RUNG)]


async def test_clients_get_their_manager_those_in_arrears_finance_and_new_ones_the_head(office: StoryOffice) -> None:
    phones = await registered(office, "103", "110", "101")
    callers = [await office.caller() for _ in phones]
    standings = (Standing.OK, Standing.OVERDUE)
    clients = [
        Client(f"M-{n}", f"Client {n}", (f"+{caller.user}",), "dealer", "ott", standing=standing)
        for n, (caller, standing) in enumerate(zip(callers, standings, strict=False))
    ]
    async with PostgresClients(office.dsn) as table:
        assert isinstance(await table.take(clients), Imported)
    await office.controller._clients.mirror.looked()
    for caller, phone in zip(callers, phones, strict=True):
        call = await caller.dial(TO_THE_MANAGER)
        rung = await phone.rung()
        await hear_each_other(await call.established(), await rung.answer())
        await call.hang_up()
        await rung.ended()
        assert await rang(office, call) == [(phone.user, "answered")]
        await office.known_as(DeviceState.IDLE, phone.user)


async def test_nobody_is_there_and_nothing_rings(office: StoryOffice) -> None:
    await office.known_as(DeviceState.UNREGISTERED, "102", "120", "103", "101")
    call = await office.call(FORWARD)
    await call.hears_whole(office.prompt("outcome_unavailable"))
    await call.ended()
    record = await office.record_of(call)
    assert record.of(EventKind.RINGING) == []
    assert [(each["person"], each["why"]) for each in record.of(EventKind.SKIPPED)] == [
        (person, "desk phone not registered") for person in ("jaan", "peeter", "ott", "mari")
    ]


async def test_who_is_in_a_call_is_passed_over(office: StoryOffice) -> None:
    jaan, mari = await registered(office, "102", "101")
    talking = await jaan.dial("101")
    rung = await mari.rung()
    await rung.answer()
    await office.known_as(DeviceState.IN_USE, "102", "101")
    call = await office.call(FORWARD)
    await call.hears_whole(office.prompt("outcome_busy"))
    await call.ended()
    await talking.hang_up()
    await rung.ended()
    record = await office.record_of(call)
    assert record.path[0] == "forward/forward busy"
    assert [each["why"] for each in record.of(EventKind.SKIPPED)].count("in a call") == 2


async def test_do_not_disturb_by_a_star_code(office: StoryOffice) -> None:
    """Confirmed in words, counts for the next call, outlives the controller, and is taken back."""
    jaan, peeter = await registered(office, "102", "120")
    set_it = await dials(office, jaan, "*78", "star_do_not_disturb")
    for _ in ("this controller", "the next one"):
        call = await office.call(FORWARD)
        rung = await peeter.rung()
        await rung.answer()
        await hear_each_other(call, rung)
        await rung.hang_up()
        await call.hears_whole(office.prompt("goodbye"))
        await call.ended()
        assert office.heard(call) == ["trying_colleague", "goodbye"]
        record = await office.record_of(call)
        assert [(each["person"], each["why"]) for each in record.of(EventKind.SKIPPED)] == [("jaan", "do not disturb")]
        assert [rang["extension"] for rang in record.of(EventKind.RINGING)] == ["120"]
        await office.restart_controller()
        await office.known_as(DeviceState.IDLE, "102", "120")
    await dials(office, jaan, "*79", "star_available")
    call = await office.call(FORWARD)
    await (await jaan.rung()).answer()
    await call.hang_up()
    is_it = {"number": "*78", "caller_number": set_it.phone.user}
    (record,) = await office._records(lambda row: {key: row[key] for key in is_it} == is_it, 1, 10)
    assert record.ending == ("internal", 16, "switchboard")
    assert [(each["person"], each["status"]) for each in record.of(EventKind.PRESENCE)] == [("jaan", "do_not_disturb")]


async def test_away_until_a_time_ends_by_itself(office: StoryOffice) -> None:
    jaan, mari = await registered(office, "102", "101")
    await dials(office, jaan, "*771030", "star_away")  # it is ten
    call = await office.call(FORWARD)
    await (await mari.rung()).answer()
    await call.hang_up()
    record = await office.record_of(call)
    assert record.of(EventKind.SKIPPED)[0]["why"] == "away until Tue 24 Nov 10:30"
    office.set_time("2026-11-24 10:30")
    call = await office.call(FORWARD)
    await (await jaan.rung()).answer()
    await call.hang_up()
    await dials(office, jaan, "*76", "star_available")  # the next test's clock may stand before half past ten


async def test_codes_that_mean_nothing_change_nothing(office: StoryOffice) -> None:
    reception, jaan = await registered(office, "100", "102")
    await dials(office, jaan, "*772599", "star_not_understood")
    await dials(office, reception, "*78", "star_nobodys_phone")
    for hostile in ("*78x", "*7712", "*99", "*78*101"):
        ending = await (await jaan.dial(hostile)).ended()
        assert ending.status in (404, 484)  # no such code, or one that more digits could make
    call = await office.call(FORWARD)
    await (await jaan.rung()).answer()
    await call.hang_up()
