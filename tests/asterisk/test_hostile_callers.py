"""What a stranger sends as his name or number is text: shown and stored, never run, and it harms nobody."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from tests.asterisk.office import StoryOffice
from tests.asterisk.sip_caller import SipCaller

LONGEST = 500  # characters of a name or number that a record's row keeps

NAMES = {
    "shell": "${SHELL(touch {mark})}",
    "expressions": "${CHANNEL(name)} $[1+1] ${EVAL(${DB(a/b)})} ${CURL(x)}",
    "sql": "'); drop table calls; --",
    "html": "<script>alert(1)</script>",
    "unicode": "Jörg Õunapuu Ольга 😀",
    "long": "x" * 1000,
    "formats": "%n%s%00%d",
    "dialplan": "1,2|3&4;5(6)7^8",
}


@pytest.mark.parametrize("kind", NAMES)
async def test_a_name_is_only_text(office: StoryOffice, tmp_path: Path, kind: str) -> None:
    mark = tmp_path / "mark"
    name = NAMES[kind].replace("{mark}", str(mark))
    number = office.new_number()
    mari = await office.desk("101")
    async with SipCaller(office.asterisk.sip_address, user=number, display=f'"{name}"') as caller:
        assert await caller.dial("6001001") == 200
        rung = await mari.rung()  # its display shows the name, or what of it a display can
        await caller.hang_up()
        await rung.ended()
    (record,) = await office.records_of(number, 1)
    assert record.path == ["sales/mari hangup"]
    assert name.startswith(record.caller_name)
    assert len(record.caller_name) >= min(len(name), 70)  # Asterisk keeps so many bytes of a name
    assert not mark.exists()


@pytest.mark.parametrize("kind", NAMES)
async def test_a_number_is_only_text(office: StoryOffice, tmp_path: Path, kind: str) -> None:
    mark = tmp_path / "mark"
    number = f"{office.new_number()}{NAMES[kind].replace('{mark}', str(mark))}"
    async with SipCaller(office.asterisk.sip_address, user=quote(number, safe="")) as caller:
        status = await caller.dial("6001003")
        if status == 200:
            await caller.hang_up()
    if status == 200:
        (record,) = await office.records_beginning(number[:11], 1)
        assert number.startswith(record.caller_number)
        assert record.path == ["steps/hub hangup"]
    assert not mark.exists()


@pytest.mark.parametrize("name", ["a\x07b\x1b[31mred", "a\tb", "a\x00b", "\udcff\udcfe"], ids=repr)
async def test_control_characters(office: StoryOffice, name: str) -> None:
    """Refused, not answered, or stored without harm; the next caller notices nothing."""
    number = office.new_number()
    async with SipCaller(office.asterisk.sip_address, user=number, display=f'"{name}"') as caller:
        try:
            status = await caller.dial("6001003")
        except TimeoutError:
            status = 0
        if status == 200:
            await caller.hang_up()
            (record,) = await office.records_of(number, 1)
            assert record.path == ["steps/hub hangup"]
    call = await office.call("6001003")
    await call.hears(office.prompt("hub_menu"))
    await call.hang_up()
    assert (await office.record_of(call)).path == ["steps/hub hangup"]
