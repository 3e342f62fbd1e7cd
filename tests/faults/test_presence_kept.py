"""What somebody at a desk phone was told is set, is set: the controller is killed in the moment of the confirmation."""

from __future__ import annotations

import json

from switchboard.domain.call_record import EventKind
from tests.asterisk_fixture import eventually
from tests.faults.witness import records
from tests.phones import Phones
from tests.switchboard_fixture import RunningSwitchboard

CALLER = "37255500001"
SALES = "6002000"  # key 3: the account manager; of a new client Mari, the head of sales, else Jaan, her deputy


async def test_do_not_disturb_outlives_a_kill_at_its_confirmation(
    switchboard: RunningSwitchboard, phones: Phones
) -> None:
    mari = await phones.register("101", switchboard.password("101"), switchboard.sip_address)
    jaan = await phones.register("102", switchboard.password("102"), switchboard.sip_address)
    switchboard.pause("postgres")  # not even there yet
    code = await (await mari.dial("*78")).established()
    await code.hears(switchboard.prompt("star_do_not_disturb"))
    killed = switchboard.kill("controller")
    switchboard.resume("postgres")
    await switchboard.restarted("controller", killed)
    await switchboard.answering()
    await code.ended()

    caller = await phones.outside(CALLER, switchboard.sip_address)
    call = await (await caller.dial(SALES)).established()
    await call.hears(switchboard.prompt("sales_menu"))
    await call.press("3")
    rung = await jaan.rung()
    await rung.answer()
    await call.hang_up()
    record = (await records(switchboard, [CALLER, "101"]))[CALLER]
    assert EventKind.SKIPPED in record.kinds()
    assert mari.calls == [code]

    async def in_postgres() -> bool:
        _, output, _ = await switchboard.command("presence", "--json")
        rows = {row["person"]: row for row in json.loads(output or "[]")}
        return bool(rows) and rows["mari"]["status"] == "do_not_disturb"

    await eventually(in_postgres, 20, "Postgres knows it too")
