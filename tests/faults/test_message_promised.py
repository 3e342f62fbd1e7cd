"""A promise without Postgres, and none without room: what a caller is told is so, whatever is broken."""

from __future__ import annotations

import random
from pathlib import Path

import asyncpg

from tests.asterisk_fixture import eventually
from tests.faults.witness import records
from tests.hearing import tone
from tests.kills.callers import Callers, Wish
from tests.kills.ear import PROMPTS, Ear
from tests.kills.house import MAILBOX, killed_switchboard
from tests.kills.reckoning import reckon
from tests.phones import Phones

CALLER = "37255500001"
MORE_THAN_ANY_DISK = 1 << 40  # megabytes


async def test_postgres_hangs_and_the_controller_dies_after_it(tmp_path: Path, phones: Phones) -> None:
    """The promise was the disk's: the row comes, once, when Postgres answers again."""
    async with killed_switchboard() as switchboard:
        callers = Callers(switchboard, phones, random.Random(1))
        switchboard.pause("postgres")
        told = await callers.call(Wish.SAVE, speaks=1.5)
        assert told.promised_at is not None, told.heard
        killed = switchboard.kill("controller")
        switchboard.resume("postgres")
        await switchboard.restarted("controller", killed)

        async def has_row() -> bool:
            connection = await asyncpg.connect(switchboard.database_url, timeout=10)
            try:
                return bool(await connection.fetchval("select count(*) from messages"))
            finally:
                await connection.close(timeout=10)

        await eventually(has_row, 30, "the message has its row")
        found = await reckon(switchboard, [told], tmp_path)
        assert (found.faults, list(found.kept)) == ([], [told.number])
        assert len(found.kept[told.number]) == 1


async def test_where_the_disk_is_full_the_caller_gets_reception(phones: Phones) -> None:
    """Nobody is asked to say what could not be kept, and nothing is promised."""
    async with killed_switchboard(messages_free_mb=MORE_THAN_ANY_DISK) as switchboard:
        reception = await phones.register("100", switchboard.password("100"), switchboard.sip_address)
        caller = await phones.outside(CALLER, switchboard.sip_address)
        call = await (await caller.dial(MAILBOX)).established()
        rung = await (await reception.rung(20)).answer()
        ear = Ear(call)
        ear.listen()
        assert PROMPTS["message_no_room"] in ear.moments and PROMPTS["message_leave"] not in ear.moments, ear.told()
        call.say(tone(1100, 5))
        rung.say(tone(700, 5))
        await call.hears_tone(700, timeout=20)
        await rung.hears_tone(1100, timeout=20)
        await call.hang_up()
        record = (await records(switchboard, [CALLER]))[CALLER]
        assert record.steps()[0] == "mailbox/note unavailable"
        assert record.disposition == "talked"
        assert list(switchboard.folders.kept_messages.iterdir()) == []
