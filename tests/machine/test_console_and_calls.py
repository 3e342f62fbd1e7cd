"""What is set by the API counts for the next call on a real Asterisk; what becomes of the console does not."""

from __future__ import annotations

from typing import Any

import aiohttp

from switchboard.domain.api_token import Scope
from tests.asterisk_fixture import eventually
from tests.phones import Phones
from tests.switchboard_fixture import RunningSwitchboard

CALLER = "37255500001"
SALES = "6002000"  # key 3: the account manager; of a new client Mari, the head of sales, else Jaan, her deputy


async def test_away_by_the_api_and_the_next_call_rings_at_the_deputys(phones: Phones) -> None:
    async with RunningSwitchboard() as switchboard:
        mari = await phones.register("101", switchboard.password("101"), switchboard.sip_address)
        jaan = await phones.register("102", switchboard.password("102"), switchboard.sip_address)
        scopes = [f"--scope={scope}" for scope in (Scope.PRESENCE_READ, Scope.PRESENCE_WRITE)]
        code, token, errors = await switchboard.command("tokens", "create", "test", *scopes)
        assert code == 0, errors
        url = f"{switchboard.settings.console_url}/api/v1/people/mari/presence"
        headers = {"Authorization": f"Bearer {token.strip()}"}

        async def ask(method: str, **sent: Any) -> dict[str, Any] | None:
            try:
                async with aiohttp.request(method, url, headers=headers, **sent) as response:
                    assert response.status == 200, await response.text()
                    told: dict[str, Any] = await response.json()
                    return told
            except aiohttp.ClientError:  # not there, or not yet
                return None

        await eventually(lambda: ask("GET"), 20, "the console serves")
        put = await ask("PUT", json={"status": "away"})
        assert put is not None and not put["is_there"]
        caller = await phones.outside(CALLER, switchboard.sip_address)
        call = await (await caller.dial(SALES)).established()
        await call.hears(switchboard.prompt("sales_menu"))
        await call.press("3")
        rung = await jaan.rung()
        assert mari.calls == []

        killed = switchboard.kill("console")
        await rung.answer()
        await switchboard.restarted("console", killed)
        again = await eventually(lambda: ask("GET"), 20, "the console serves again")
        assert (again["status"], again["set_by"]) == ("away", "API token test")
        status = await switchboard.status()
        assert (status["answering"], status["calls"], status["console"]["problem"]) == (True, 1, None)
        await call.hang_up()
        assert mari.calls == []
