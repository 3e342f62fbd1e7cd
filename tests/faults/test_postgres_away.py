"""Postgres dies, hangs, or is not there: no caller notices, and no record is lost."""

from __future__ import annotations

import pytest

from tests.faults.witness import records
from tests.phones import PhoneCall, Phones
from tests.postgres_fixture import fresh_database, running_postgres
from tests.switchboard_fixture import RunningSwitchboard

CALLER, OTHER = "37255500001", "37255500002"
SLOWER = 0.15  # seconds that an answer to a key may take longer than before; audio is looked at every 0.1 s


async def call_from(phones: Phones, switchboard: RunningSwitchboard, number: str) -> PhoneCall:
    """An answered call that has come to the menu."""
    phone = await phones.outside(number, switchboard.sip_address)
    call = await (await phone.dial("6001000")).established()
    await call.hears(switchboard.prompt("main_menu"), timeout=15)
    return call


async def there_and_back(call: PhoneCall, switchboard: RunningSwitchboard) -> float:
    """To the information menu and back by keys: seconds that the slower of both answers took to be heard."""
    slowest = 0.0
    for key, prompt in (("3", "info_menu"), ("#", "main_menu")):
        pressed = call.now
        await call.press(key)
        heard = await call.hears(switchboard.prompt(prompt), after=pressed)
        slowest = max(slowest, heard.at - pressed)
    return slowest


async def test_killed_during_a_call(switchboard: RunningSwitchboard, phones: Phones) -> None:
    call = await call_from(phones, switchboard, CALLER)
    before = await there_and_back(call, switchboard)
    killed = switchboard.kill("postgres")
    during = await there_and_back(call, switchboard)
    print(f"key to prompt: {before:.2f} s before, {during:.2f} s without Postgres")
    assert during < before + SLOWER
    await call.hang_up()
    await switchboard.restarted("postgres", killed)
    record = (await records(switchboard, [CALLER]))[CALLER]
    assert record.disposition == "abandoned"
    # menu, information, menu and hours again, twice; and where the caller hung up
    assert [step for step in record.steps() if step.startswith("information/menu")] == ["information/menu #"] * 2
    assert record.steps()[-1] == "main/menu hangup"


@pytest.mark.thorough
async def test_it_hangs_during_a_call(switchboard: RunningSwitchboard, phones: Phones) -> None:
    call = await call_from(phones, switchboard, CALLER)
    before = await there_and_back(call, switchboard)
    switchboard.pause("postgres")
    during = await there_and_back(call, switchboard)
    other = await call_from(phones, switchboard, OTHER)
    await other.hang_up()
    assert during < before + SLOWER
    await call.hang_up()
    switchboard.resume("postgres")
    found = await records(switchboard, [CALLER, OTHER])
    assert found[CALLER].steps()[-1] == found[OTHER].steps()[-1] == "main/menu hangup"


@pytest.mark.thorough
async def test_killed_together_with_the_controller(switchboard: RunningSwitchboard, phones: Phones) -> None:
    """What the killed controller had noted waits in its spool; the next one brings it to a Postgres that is back."""
    call = await call_from(phones, switchboard, CALLER)
    killed = switchboard.kill("controller")
    switchboard.kill("postgres")
    await switchboard.restarted("controller", killed)
    await call.hears(switchboard.prompt("main_menu"), after=call.now)
    await call.hang_up()
    record = (await records(switchboard, [CALLER]))[CALLER]
    assert record.steps()[:3] == ["main/greet done", "main/may_they allowed", "main/hours open"]


@pytest.mark.thorough
async def test_absent_at_the_start(phones: Phones) -> None:
    async with running_postgres() as server:
        url = await fresh_database(server.url)
        await server.stop()
        async with RunningSwitchboard(database_url=url) as switchboard:
            call = await call_from(phones, switchboard, CALLER)
            await there_and_back(call, switchboard)
            await call.hang_up()
            assert (await switchboard.status())["controller"]["postgres_problem"]
            await server.start()
            record = (await records(switchboard, [CALLER]))[CALLER]
            assert record.steps()[-1] == "main/menu hangup"
