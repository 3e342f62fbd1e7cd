"""What is to be sent because of a message reaches a real mail server, once, whatever is in the way."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from switchboard.domain.notification import GIVEN_UP_AFTER, Outcome, Way
from switchboard.domain.organisation import Organisation
from switchboard.errors import RecordsUnreachable
from switchboard.ports import Mailer
from switchboard.postgres.outbox import PostgresOutbox
from switchboard.remote.webhooks import HttpWebhooks
from switchboard.services.pass_on_messages import CLAIMED_FOR, PassingOn, Senders
from switchboard.testing.manual_clock import ManualClock
from tests.mail.mail_server import SmtpServer, smtp_server
from tests.mail.messages import SOUND, connected, history, left, notice, office, outbox
from tests.postgres_fixture import free_port

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.now(UTC) + timedelta(seconds=5))


@asynccontextmanager
async def passing_on(
    dsn: str, clock: ManualClock, mailer: Mailer | None, organisation: Organisation | None = None, wait: float = 0
) -> AsyncIterator[tuple[PassingOn, PostgresOutbox]]:
    webhooks = HttpWebhooks()
    senders = Senders(mailer, webhooks, lambda: organisation or office(), clock)
    async with PostgresOutbox(dsn, transcript_wait=wait) as store:
        yield PassingOn(Way.EMAIL, lambda: PostgresOutbox(dsn), senders), store
    await webhooks.close()


async def passed_on(
    dsn: str, clock: ManualClock, server: SmtpServer | Mailer | None, organisation: Organisation | None = None
) -> None:
    """Send until nothing is due."""
    mailer = server.mailer() if isinstance(server, SmtpServer) else server
    async with passing_on(dsn, clock, mailer, organisation) as (task, store):
        while await task.once(store):
            pass


async def test_a_message_is_mailed_with_its_sound_in_the_readers_language(dsn: str, clock: ManualClock) -> None:
    message_id = await left(dsn, urgent=True, call_back="morning")
    async with smtp_server() as server:
        await passed_on(dsn, clock, server)
        await passed_on(dsn, clock, server)  # nothing is sent twice
    (mail,) = server.taken
    assert server.envelopes[0].rcpt_tos == ["mari@example.net"]
    assert mail["To"] == "Mari Tamm <mari@example.net>"
    assert mail["Subject"] == "KIIRE: sõnum helistajalt Juku"
    assert (mail["Importance"], mail["Auto-Submitted"]) == ("high", "auto-generated")
    plain = mail.get_body(("plain",))
    assert plain is not None
    text = plain.get_content()
    for told in ("+37255501234", "2026-03-02 11:30", "1 min 5 s", "hommikupoolikul", f"messages/{message_id}"):
        assert told in text, told
    (sound,) = mail.iter_attachments()
    assert (sound.get_content(), sound.get_filename()) == (SOUND, "message-20260302-093000.wav")
    ((what, detail),) = await history(dsn, message_id)
    assert (what, detail["to"], detail["outcome"]) == ("sent", "mari@example.net", "sent")


RECEIVERS = [
    ({"person": "mari"}, ["mari@example.net"]),
    ({"person": "jaan"}, ["sales@example.net"]),
    ({"person": None, "department": "sales"}, ["sales@example.net"]),
    ({"person": None, "department": "service"}, ["mari@example.net"]),
    ({"person": None}, []),
]


@pytest.mark.parametrize(("message_for", "receivers"), RECEIVERS, ids=str)
async def test_who_gets_it(
    dsn: str, clock: ManualClock, message_for: dict[str, str | None], receivers: list[str]
) -> None:
    await left(dsn, **message_for)
    async with smtp_server() as server:
        await passed_on(dsn, clock, server)
    assert [to for envelope in server.envelopes for to in envelope.rcpt_tos] == receivers


async def test_an_escalation_goes_to_the_head(dsn: str, clock: ManualClock) -> None:
    message_id = await left(dsn, person=None, department="sales", kinds=())
    async with connected(dsn) as connection:
        await notice(connection, message_id, "email", "escalated", to="mari")
    async with smtp_server() as server:
        await passed_on(dsn, clock, server)
    assert [mail["To"] for mail in server.taken] == ["Mari Tamm <mari@example.net>"]
    assert server.taken[0]["Subject"] == "Keegi ei ole võtnud sõnumit helistajalt Juku"


async def test_a_locked_mailbox_is_told_its_owner(dsn: str, clock: ManualClock) -> None:
    async with connected(dsn) as connection:
        await notice(connection, None, "email", "mailbox_locked", person="mari")
    async with smtp_server() as server:
        await passed_on(dsn, clock, server)
    assert [mail["Subject"] for mail in server.taken] == ["Teie kõnepost on lukus"]
    assert not list(server.taken[0].iter_attachments())


async def test_a_server_that_is_down_for_a_while_gets_it_once_it_is_back(dsn: str, clock: ManualClock) -> None:
    message_id, port = await left(dsn), free_port()
    mailer = SmtpServer(port).mailer()
    for attempts in range(1, 6):
        await passed_on(dsn, clock, mailer)
        (row,) = await outbox(dsn)
        assert (row["attempts"], row["done_at"]) == (attempts, None)
        assert row["error"]
        assert mailer.problem
        clock.move_to(row["next_at"])
    async with smtp_server(port=port) as server:
        await passed_on(dsn, clock, mailer)
    assert len(server.taken) == 1
    assert mailer.problem is None
    assert [what for what, _ in await history(dsn, message_id)] == ["sent"]


async def test_not_now_is_tried_again_under_the_same_name_and_never_is_not(dsn: str, clock: ManualClock) -> None:
    message_id = await left(dsn)
    async with smtp_server() as server:
        server.to_rcpt += ["451 4.7.1 Greylisted, come back", "250 OK"]
        server.to_data += ["452 4.3.1 Disk full"]
        for _ in range(3):
            await passed_on(dsn, clock, server)
            clock.pass_time(timedelta(hours=5))
        assert [mail["Message-ID"] for mail in server.taken] == [server.taken[0]["Message-ID"]]

        await left(dsn)
        server.to_rcpt += ["550 5.1.1 No such user\x1b[2J"]
        for _ in range(3):
            await passed_on(dsn, clock, server)
            clock.pass_time(timedelta(hours=5))
    rows = await outbox(dsn)
    assert [(row["outcome"], row["attempts"]) for row in rows] == [("sent", 3), ("refused", 1)]
    assert rows[1]["error"] == "550 5.1.1 No such user [2J"
    assert [what for what, _ in await history(dsn, message_id)] == ["sent"]
    async with PostgresOutbox(dsn) as store:
        assert (await store.figures())["undelivered"] == 1


async def test_after_days_it_is_given_up_and_can_be_sent_once_more(dsn: str, clock: ManualClock) -> None:
    message_id = await left(dsn)
    port = free_port()
    await passed_on(dsn, clock, SmtpServer(port).mailer())
    clock.pass_time(GIVEN_UP_AFTER)
    await passed_on(dsn, clock, SmtpServer(port).mailer())
    (row,) = await outbox(dsn)
    assert row["outcome"] == Outcome.GIVEN_UP
    ((what, detail),) = await history(dsn, message_id)
    assert (what, detail["outcome"]) == ("undelivered", "given_up")
    async with PostgresOutbox(dsn) as store:
        (entry,) = await store.entries(datetime.now(UTC) - timedelta(days=1))
        assert await store.try_again(entry["id"])
        async with smtp_server(port=port) as server:
            await passed_on(dsn, clock, server)
        assert len(server.taken) == 1
        assert not await store.try_again(entry["id"])


async def test_a_mail_too_large_for_the_server_goes_without_its_recording(dsn: str, clock: ManualClock) -> None:
    await left(dsn)
    async with smtp_server(largest=len(SOUND)) as server:
        await passed_on(dsn, clock, server)
    (mail,) = server.taken
    assert not list(mail.iter_attachments())
    assert "Salvestis ei ole lisatud" in str(mail.get_body(("plain",)))


async def test_mail_waits_for_the_recording_and_for_what_was_said_but_not_for_long(
    dsn: str, clock: ManualClock
) -> None:
    await left(dsn, filed=False)
    message_id = await left(dsn)
    await left(dsn, urgent=True)
    async with smtp_server() as server, passing_on(dsn, clock, server.mailer(), wait=60) as (task, store):

        async def sent() -> int:
            while await task.once(store):
                pass
            return len(server.taken)

        assert await sent() == 1  # the urgent one does not wait
        async with connected(dsn) as connection:
            await connection.execute(
                "update messages set transcript = 'Tere', transcript_by = 'machine', transcript_confidence = 0.81"
                " where id = $1",
                message_id,
            )
        assert await sent() == 2
        text = str(server.taken[1].get_body(("plain",)))
        assert "Tere" in text
        assert "81 %" in text
        clock.pass_time(timedelta(minutes=11))
        assert await sent() == 3


async def test_what_a_killed_process_claimed_is_sent_by_the_next(dsn: str, clock: ManualClock) -> None:
    await left(dsn)
    async with PostgresOutbox(dsn) as killed, smtp_server() as server:
        async with passing_on(dsn, clock, server.mailer()) as (task, store):
            await task.once(store)  # says who gets it
        now = clock.now()
        (claimed,) = await killed.claim(Way.EMAIL, now, now + CLAIMED_FOR, 9)
        await passed_on(dsn, clock, server)
        assert server.taken == []  # it is another's
        clock.pass_time(CLAIMED_FOR)
        await passed_on(dsn, clock, server)
    assert len(server.taken) == 1
    assert claimed.to == "mari@example.net"


async def test_what_the_server_took_is_noted_once_postgres_is_back_and_not_sent_again(
    dsn: str, clock: ManualClock
) -> None:
    message_id = await left(dsn)
    async with smtp_server() as server, passing_on(dsn, clock, server.mailer()) as (task, store):
        await task.once(store)
        async with connected(dsn) as connection:
            # Postgres goes away between the server's yes and our noting it.
            server.on_taken = lambda: store._connection.terminate()  # type: ignore[union-attr]
            with pytest.raises(RecordsUnreachable):
                await task.once(store)
            assert await connection.fetchval("select count(*) from message_events") == 0
        clock.pass_time(CLAIMED_FOR)
        async with PostgresOutbox(dsn) as again:
            await task.once(again)
    assert len(server.taken) == 1
    assert [what for what, _ in await history(dsn, message_id)] == ["sent"]


async def test_told_to_stop_it_finishes_what_it_sends(dsn: str, clock: ManualClock) -> None:
    message_id = await left(dsn)
    taken = asyncio.Event()
    async with smtp_server() as server:
        server.on_taken = taken.set
        task, _ = (
            PassingOn(
                Way.EMAIL,
                lambda: PostgresOutbox(dsn),
                Senders(server.mailer(), HttpWebhooks(), office, clock),
            ),
            None,
        )
        running = asyncio.create_task(task.run())
        async with asyncio.timeout(20):
            await taken.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert [what for what, _ in await history(dsn, message_id)] == ["sent"]


async def test_without_a_mail_server_nothing_piles_up(dsn: str, clock: ManualClock) -> None:
    await left(dsn)
    await passed_on(dsn, clock, None)
    assert await outbox(dsn) == []
    async with connected(dsn) as connection:
        assert await connection.fetchval("select outcome from outbox") == "nobody"


async def test_two_workers_send_each_thing_once(dsn: str, clock: ManualClock) -> None:
    for _ in range(8):
        await left(dsn)
    async with smtp_server() as server:
        async with asyncio.timeout(30):
            while len(server.taken) < 8:
                await asyncio.gather(*(passed_on(dsn, clock, server) for _ in range(3)))
        await passed_on(dsn, clock, server)
    assert len({mail["Message-ID"] for mail in server.taken}) == len(server.taken) == 8


async def test_postgres_away_is_told(clock: ManualClock) -> None:
    senders = Senders(None, HttpWebhooks(), office, clock)
    task = PassingOn(Way.EMAIL, lambda: PostgresOutbox(f"postgresql://nobody@127.0.0.1:{free_port()}/x"), senders)
    running = asyncio.create_task(task.run())
    async with asyncio.timeout(10):
        while task.problem is None:
            await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


SENDING = """
import asyncio, sys
from switchboard.app import SystemClock
from switchboard.domain.notification import Way
from switchboard.postgres.outbox import PostgresOutbox
from switchboard.remote.webhooks import HttpWebhooks
from switchboard.services.pass_on_messages import PassingOn, Senders
from tests.mail.mail_server import SmtpServer
from tests.mail.messages import office

dsn, port = sys.argv[1:]
senders = Senders(SmtpServer(int(port)).mailer(), HttpWebhooks(), office, SystemClock())
asyncio.run(PassingOn(Way.EMAIL, lambda: PostgresOutbox(dsn), senders).run())
"""


@pytest.mark.parametrize("server_took_it", [False, True], ids=["before its yes", "between its yes and our note"])
async def test_killed_while_it_sends(dsn: str, clock: ManualClock, server_took_it: bool) -> None:
    """What the server did not take is sent by the next process; what it took without our knowing, once more, under the
    same Message-ID: nobody can do better over SMTP."""
    message_id = await left(dsn)
    async with smtp_server() as server:
        sending = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", SENDING, dsn, str(server.port)), cwd=PROJECT, stdout=asyncio.subprocess.DEVNULL
        )
        in_the_middle = asyncio.Event()
        server.before_data = sending.kill if not server_took_it else lambda: None
        server.on_taken = sending.kill if server_took_it else lambda: None
        server.done = in_the_middle.set
        async with asyncio.timeout(60):
            await in_the_middle.wait()
            assert await sending.wait() == -signal.SIGKILL
        server.before_data = server.on_taken = lambda: None
        if not server_took_it:
            server.taken.clear()  # it answered to nobody: a real server drops what it could not say yes to
        assert await history(dsn, message_id) == []
        clock.pass_time(CLAIMED_FOR + timedelta(minutes=5))  # the other process claimed it by the wall clock
        await passed_on(dsn, clock, server)
        await passed_on(dsn, clock, server)
    assert len(server.taken) == (2 if server_took_it else 1)
    assert len({mail["Message-ID"] for mail in server.taken}) == 1
    assert [what for what, _ in await history(dsn, message_id)] == ["sent"]
