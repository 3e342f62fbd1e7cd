"""The pages: who sees which, how one signs in, and that nothing a caller sends is more than text."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from switchboard.console.pages.page import Page, Who
from switchboard.console.pages.site import PAGES
from switchboard.console.wrong_secrets import ALLOWED as TRIES
from switchboard.console.wrong_secrets import WITHIN
from switchboard.domain.account import ALLOWED, IDLE, LASTS, Permission, Role
from switchboard.domain.organisation import Organisation
from switchboard.postgres import slow_hash
from tests.asterisk_fixture import eventually
from tests.console.site import PASSWORD, QUICK, Browser, Site, served_site
from tests.wire import Wire

CALLER = '<script>alert("1")</script>'


@pytest_asyncio.fixture
async def site(
    database: str, organisation: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    """One on an empty database, whose passwords are hashed quickly."""
    monkeypatch.setattr(slow_hash, "_hasher", QUICK)
    monkeypatch.setattr(slow_hash, "_NOBODYS", QUICK.hash("nobody's"))
    async for made in served_site(lambda: database, organisation, tmp_path):
        yield made


async def recorded(database: str, *, name: str = "", ended: bool = False, number: str = "+3725551234") -> str:
    """A call in the record; its id."""
    identifier = uuid4()
    connection = await asyncpg.connect(database, timeout=10)
    try:
        await connection.execute(
            "insert into calls (id, state, started_at, number, caller_number, caller_name, talk_seconds, message_count,"
            " irregularities, ended_at, disposition) values ($1, $2, now(), '6001000', $3, $4, 0, 0, '{}',"
            " case when $5 then now() end, case when $5 then 'abandoned' end)",
            *(identifier, "ended" if ended else "offered", number, name, ended),
        )
        await connection.execute(
            "insert into call_events values ($1, $2, now(), 'offered', $3)",
            *(uuid4(), identifier, json.dumps({"caller_name": name, "number": "6001000"})),
        )
        await connection.execute("select pg_notify('calls', '')")
    finally:
        connection.terminate()
    return str(identifier)


def filled(page: Page) -> str:
    """Its path, for something that is not there."""
    return page.path.format(call=uuid4(), account=uuid4(), person="nobody")


GUARDED = [page for page in PAGES if not isinstance(page.needs, Who) and page.path != "/calls/stream"]


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize("page", GUARDED, ids=lambda page: f"{page.method} {page.path}")
async def test_a_page_serves_the_roles_that_may_and_no_other(site: Site, page: Page, role: Role | None) -> None:
    browser = await site.signed_in(role) if role else site.browser()
    await browser.get("/sign-in")
    shown = await (browser.get(filled(page)) if page.method == "GET" else browser.post(filled(page)))
    assert isinstance(page.needs, Permission)
    if role is None:
        assert (shown.status, shown.to.partition("?")[0]) == (303, "/sign-in")
    elif page.needs in ALLOWED[role]:
        assert shown.status in (200, 404, 422), shown.text
    else:
        assert (shown.status, "Your role does not allow this" in shown.text) == (403, True)


async def test_every_page_is_framed_by_nobody_and_runs_nobody_elses_scripts(site: Site) -> None:
    browser = await site.signed_in(Role.ADMINISTRATOR)
    for path in ("/", "/history", "/people", "/status", "/audit", "/accounts", "/password", "/nothing"):
        shown = await browser.get(path)
        policy = shown.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert shown.headers["Cache-Control"] == "no-store"
        assert " style=" not in shown.text and " onclick=" not in shown.text and "<script>" not in shown.text
    cookie = (await site.browser().get("/sign-in")).headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


async def test_signing_in_out_and_wrong(site: Site) -> None:
    await site.account("liis")
    browser = site.browser()
    asked = await browser.get("/history?search=mari")
    assert asked.to == "/sign-in?to=%2Fhistory%3Fsearch%3Dmari"
    assert (await browser.sign_in("liis", "wrong")).status == 401
    assert (await browser.sign_in("nobody")).status == 401
    assert (await browser.sign_in("LIIS ", to="/history")).to == "/history"
    assert (await browser.get("/history")).status == 200
    assert (await browser.get("/sign-in")).to == "/"
    assert (await browser.post("/sign-out")).to == "/sign-in"
    assert (await browser.get("/")).to == "/sign-in"


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", "evil"])
async def test_nobody_is_led_elsewhere(site: Site, to: str) -> None:
    await site.account("liis")
    assert (await site.browser().sign_in("liis", to=to)).to == "/"


async def test_who_tries_many_passwords_waits_from_wherever(site: Site) -> None:
    await site.account("liis")
    browser = site.browser()
    for _ in range(TRIES):
        assert (await browser.sign_in("liis", "wrong")).status == 401
    assert (await browser.sign_in("liis")).status == 429
    site.monotonic += WITHIN + 1
    assert (await browser.sign_in("liis")).to == "/"


async def test_a_form_of_another_site_does_nothing(site: Site) -> None:
    browser = await site.signed_in(Role.ADMINISTRATOR)
    for sent in ({"csrf": "guessed"}, {"csrf": ""}, {"headers": {"Origin": "https://evil.example"}}):
        assert (await browser.post("/accounts", name="evil", role="administrator", **sent)).status == 403
    assert [each.name for each in await site.accounts.accounts()] == ["administrator-0"]
    assert (await browser.post("/accounts", name="good", role="auditor")).status == 200


async def test_a_session_ends_by_itself(site: Site) -> None:
    browser = await site.signed_in()
    for _ in range(3):  # used, it goes on
        site.clock.at += IDLE / 2
        assert (await browser.get("/")).status == 200
    site.clock.at += IDLE
    assert (await browser.get("/")).to == "/sign-in"
    other = await site.signed_in()
    for _ in range(round(LASTS / (IDLE / 2)) - 1):
        site.clock.at += IDLE / 2
        assert (await other.get("/")).status == 200
    site.clock.at += IDLE / 2
    assert (await other.get("/")).to == "/sign-in"


async def test_what_changes_an_account_ends_its_sessions(site: Site) -> None:
    administrator = await site.signed_in(Role.ADMINISTRATOR, "boss")
    for field, sent in (("role", {"role": "auditor"}), ("disabled", {"disabled": "yes"}), ("password", {})):
        other = await site.signed_in(Role.RECEPTIONIST, f"liis-{field}")
        account = next(each for each in await site.accounts.accounts() if each.name == f"liis-{field}")
        site.clock.at += timedelta(seconds=1)
        done = await administrator.post(f"/accounts/{account.id}/{field}", **sent)
        assert done.status in (200, 303)
        assert (await other.get("/")).to == "/sign-in"


async def test_the_last_administrator_cannot_be_taken_away(site: Site) -> None:
    browser = await site.signed_in(Role.ADMINISTRATOR, "boss")
    (boss,) = await site.accounts.accounts()
    for field, sent in (("role", {"role": "auditor"}), ("disabled", {"disabled": "yes"})):
        refused = await browser.post(f"/accounts/{boss.id}/{field}", **sent)
        assert (refused.status, "the last account that can manage" in refused.text) == (409, True)
    await site.account("second", Role.ADMINISTRATOR)
    assert (await browser.post(f"/accounts/{boss.id}/disabled", disabled="yes")).to == "/accounts"


async def test_two_cannot_take_each_others_last_administrator(site: Site) -> None:
    one, other = await site.signed_in(Role.ADMINISTRATOR, "one"), await site.signed_in(Role.ADMINISTRATOR, "other")
    ids = {each.name: each.id for each in await site.accounts.accounts()}
    await asyncio.gather(
        one.post(f"/accounts/{ids['other']}/disabled", disabled="yes"),
        other.post(f"/accounts/{ids['one']}/disabled", disabled="yes"),
    )
    assert [each.is_disabled for each in await site.accounts.accounts()].count(False) == 1


async def test_a_one_time_password_serves_for_one_thing(site: Site) -> None:
    administrator = await site.signed_in(Role.ADMINISTRATOR)
    made = await administrator.post("/accounts", name="Liis", role="receptionist")
    password = made.text.partition("<code>")[2].partition("</code>")[0]
    browser = site.browser()
    site.clock.at += timedelta(minutes=1)  # the account is made by the database's clock
    assert (await browser.sign_in("liis", password)).to == "/password"
    assert (await browser.get("/history")).to == "/password"
    await browser.get("/password")
    for new, again, told in (
        ("short", "short", "too short"),
        (PASSWORD, "other", "twice"),
        (password, password, "old"),
    ):
        refused = await browser.post("/password", old=password, new=new, again=again)
        assert (refused.status, told in refused.text) == (422, True)
    assert (await browser.post("/password", old="wrong", new=PASSWORD, again=PASSWORD)).status == 422
    assert (await browser.post("/password", old=password, new=PASSWORD, again=PASSWORD)).to == "/"
    assert (await browser.get("/history")).status == 200
    assert (await site.browser().sign_in("liis", password)).status == 401


async def test_what_a_caller_sends_is_text(site: Site, database: str) -> None:
    call = await recorded(database, name=CALLER)
    browser = await site.signed_in()
    for path in ("/", "/history", f"/history/{call}", "/history?search=%3Cscript%3E"):
        shown = await browser.get(path)
        assert CALLER not in shown.text and "&lt;script&gt;" in shown.text, path


async def test_history_is_searched_and_paged(site: Site, database: str) -> None:
    for number in range(55):
        await recorded(database, name=f"Caller {number}", ended=True, number=f"+372555{number:04}")
    browser = await site.signed_in()
    found = await browser.get("/history?search=CALLER%2017")
    assert (found.text.count("<tr>"), "Caller 17" in found.text) == (2, True)
    first = await browser.get("/history")
    older = first.text.partition('class="button" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "Caller 54" in first.text and "Caller 0<" not in first.text.replace(" <", "<")
    assert "Caller 0" in (await browser.get(older)).text
    assert (await browser.get("/history?before=nonsense")).status == 400
    assert (await browser.get("/history/nonsense")).status == 404
    assert "No call has" in (await browser.get("/history?search=zzzz")).text


async def test_presence_is_set_and_noted(site: Site, database: str) -> None:
    browser = await site.signed_in(Role.RECEPTIONIST, "liis")
    assert (await browser.post("/people/jaan/presence", status="away", **{"for": "1h"})).to == "/people#jaan"
    assert "until" in (await browser.get("/people")).text
    assert (await browser.post("/people/nobody/presence", status="away")).status == 404
    assert (await browser.post("/people/jaan/presence", status="asleep")).status == 422
    connection = await asyncpg.connect(database, timeout=10)
    try:
        row = await connection.fetchrow("select * from presence where person = 'jaan'")
        noted = await connection.fetchrow("select * from audit_log where what = 'presence.set'")
    finally:
        connection.terminate()
    assert row is not None and noted is not None
    assert (row["status"], row["by"]) == ("away", "account liis")
    assert row["until"] - row["set_at"] == timedelta(hours=1)
    assert (noted["who"], noted["subject"]) == ("account liis", "jaan")


async def test_status_tells_what_is_wrong(site: Site) -> None:
    browser = await site.signed_in()
    assert "the safety net answers" in (await browser.get("/status")).text
    site.status = {
        "answering": True,
        "calls": 3,
        "flow_version": "abc",
        "asterisk_version": "22",
        "ledger_backlog": 0,
        "presence_problem": "no disk",
    }
    shown = await browser.get("/status")
    assert "calls are answered" in shown.text and "no disk" in shown.text


async def live_events(browser: Browser, count: int) -> list[str]:
    """The next events of the page of calls."""
    async with browser.session.get(f"{browser.url}/calls/stream") as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        found: list[str] = []
        text = ""
        async for chunk in response.content.iter_any():
            text += chunk.decode()
            *whole, text = text.replace("\r\n", "\n").split("\n\n")
            found += [each for each in whole if not each.startswith(":")]
            if len(found) >= count:
                return found
    return found


async def test_calls_come_and_go_by_themselves(site: Site, database: str) -> None:
    browser = await site.signed_in()
    live = site.live
    following = asyncio.create_task(live.run())
    try:
        async with asyncio.timeout(20):
            listening = asyncio.create_task(live_events(browser, 2))
            await eventually(_answer(lambda: live.calls is not None), 20, "calls were read")
            await recorded(database, name="Anna & Co")
            told = await listening
        assert any("Anna &amp; Co" in each for each in told)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_the_page_says_that_the_database_is_away(
    database: str, organisation: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_hash, "_hasher", QUICK)
    port = urlsplit(database).port
    assert port is not None
    async with Wire(port) as wire:
        dsn = database.replace(f":{port}/", f":{wire.port}/")
        async for site in served_site(lambda: dsn, organisation, tmp_path):
            browser = await site.signed_in()
            wire.cut()
            away = await browser.get("/history")
            assert (away.status, "Telephones and menus go on" in away.text) == (503, True)
            assert 'http-equiv="refresh"' in away.text
            wire.mend()
            assert (await browser.get("/history")).status == 200


def _answer(ask: Any) -> Any:
    async def answer() -> bool:
        return bool(ask())

    return answer
