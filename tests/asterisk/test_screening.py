"""Who calls, and may they: refused before answer with the right status, or greeted as who they are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from switchboard.domain.call_record import EventKind
from switchboard.domain.clients import Client
from switchboard.domain.language import Language
from switchboard.postgres.blocklist import Entry, PostgresLists
from switchboard.postgres.clients import Imported, PostgresClients
from tests.asterisk.office import StoryOffice, hear_each_other
from tests.asterisk.sip_caller import SipCaller
from tests.phones import Habit


async def status_of(office: StoryOffice, user: str, *headers: str) -> int:
    """What a caller's call comes to; hung up if it was answered."""
    async with SipCaller(office.asterisk.sip_address, user=user, headers=headers) as caller:
        status = await caller.dial("6001003")
        if status == 200:
            await caller.hang_up()
    return status


@pytest.mark.parametrize(
    ("user", "rule"),
    [("37290001234", "blocklist"), ("+37290001235", "blocklist"), ("anonymous", "anonymous")],
)
async def test_who_is_refused_is_never_answered(office: StoryOffice, user: str, rule: str) -> None:
    assert await status_of(office, user) == 404
    (record,) = await office.records_of(user, 1)
    assert record.ending == ("rejected", 1, "switchboard")
    assert (record.answered_at, record.path) == (None, [])
    (screened,) = record.of(EventKind.SCREENED)
    assert (screened["verdict"], screened["rule"]) == ("reject", rule)


async def test_allow_beats_block(office: StoryOffice) -> None:
    assert await status_of(office, "37290000099") == 200
    (record,) = await office.records_of("37290000099", 1)
    assert record.of(EventKind.SCREENED)[0]["rule"] == "allowlist"


@pytest.mark.parametrize(
    ("verstat", "status"), [("TN-Validation-Failed", 404), ("TN-Validation-Passed-A", 200), ('"${SHELL(x)}"', 200)]
)
async def test_what_the_trunk_vouches_for(office: StoryOffice, verstat: str, status: int) -> None:
    number = office.new_number()
    header = f"P-Asserted-Identity: <sip:+{number};verstat={verstat}@example.net;user=phone>"
    assert await status_of(office, number, header) == status
    (record,) = await office.records_of(number, 1)
    assert [each["rule"] for each in record.of(EventKind.SCREENED)] == (["attestation"] if status == 404 else [])


async def test_who_calls_too_often(office: StoryOffice) -> None:
    number = office.new_number()
    assert [await status_of(office, number) for _ in range(9)] == [200] * 8 + [404]
    records = await office.records_of(number, 9)
    assert [record.disposition for record in records].count("rejected") == 1


async def test_a_number_is_blocked_while_calls_go_on(office: StoryOffice) -> None:
    number = office.new_number()
    async with PostgresLists(office.dsn) as lists:
        await lists.put(Entry(f"+{number}", "block", "shouted at Mari", "liis", datetime.now(UTC)))
        await office.controller._lists.mirror.looked()
        assert await status_of(office, number) == 404
        await lists.remove(f"+{number}")
        await office.controller._lists.mirror.looked()
    assert await status_of(office, number) == 200


async def test_a_star_code_blocks_whoever_called_last(office: StoryOffice) -> None:
    mari = await office.desk("101")
    caller = await office.caller()
    call = await (await caller.dial("6001001")).established()
    await mari.rung()
    await call.hang_up()
    await office.record_of(call)
    code = await (await mari.dial("*60")).established()
    await code.hears(office.prompt("star_blocked"))
    await code.ended()
    again = await caller.dial("6001001")
    assert (await again.ended()).status == 404
    async with PostgresLists(office.dsn) as lists:
        await office.controller._ledger.archived()
        (entry,) = [each for each in await lists.entries() if each.pattern == f"+{caller.user}"]
        assert (entry.kind, entry.who, entry.why) == ("block", "Mari Tamm", "blocked at phone 101")
        await lists.remove(entry.pattern)


async def test_a_client_is_greeted_in_their_language_and_led_by_their_class(office: StoryOffice) -> None:
    mari = await office.desk("101")
    mari.habit = Habit.ANSWER
    caller, stranger = await office.caller(), await office.caller()
    client = Client("C-1", "Põhja Köök", (f"+{caller.user}",), "dealer", "mari", Language("et"), note="be quick")
    async with PostgresClients(office.dsn) as clients:
        assert isinstance(await clients.take([client]), Imported)
    await office.controller._clients.mirror.looked()
    call = await (await caller.dial("6001006")).established()
    await call.hears(office.prompt("welcome", "et"))
    rung = await mari.rung()
    await hear_each_other(call, rung)
    await call.hang_up()
    await rung.ended()
    record = await office.record_of(call)
    assert record.path == ["known/may_they allowed", "known/who dealer", "known/greet done", "known/mari hangup"]
    assert record.language == "et"
    (known,) = record.of(EventKind.CLIENT)
    assert (known["name"], known["class"], known["note"]) == ("Põhja Köök", "dealer", "be quick")
    unknown = await (await stranger.dial("6001006")).established()
    await unknown.hears(office.prompt("hub_menu"))
    await unknown.hang_up()
    assert (await office.record_of(unknown)).path[:2] == ["known/may_they allowed", "known/who new"]
