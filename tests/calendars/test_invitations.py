"""Who booked, and whom it is with, are told by mail that calendars understand; other systems by webhook."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import icalendar
import pytest

from switchboard.domain.appointment import Booker
from switchboard.domain.decent_hours import DecentHours
from switchboard.domain.notification import Way
from switchboard.domain.organisation import Organisation
from switchboard.domain.reminding import reminders_of
from switchboard.domain.webhook import Matter, Webhook
from switchboard.postgres.appointment_calls import PostgresAppointmentCalls
from switchboard.postgres.outbox import PostgresOutbox
from switchboard.remote.webhooks import HttpWebhooks, appointment_told
from switchboard.services.pass_on_messages import PassingOn, Senders
from switchboard.testing.manual_clock import ManualClock
from tests.calendars.bookings import ANNA, CLIENT, DAY, RIGA, appointments, booked, office
from tests.mail.mail_server import SmtpServer, smtp_server

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(minutes=1)
START = NOW.replace(hour=9, minute=0) + 7 * DAY


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.now(UTC) + timedelta(seconds=5))


async def passed_on(dsn: str, clock: ManualClock, server: SmtpServer, organisation: Organisation | None = None) -> None:
    webhooks = HttpWebhooks()
    senders = Senders(server.mailer(), webhooks, lambda: organisation or office(), clock)
    async with PostgresOutbox(dsn) as store:
        passing_on = PassingOn(Way.EMAIL, lambda: PostgresOutbox(dsn), senders)
        while await passing_on.once(store):
            pass
    await webhooks.close()


def invitation(mail: EmailMessage) -> Any:
    (part,) = [each for each in mail.walk() if each.get_content_type() == "text/calendar"]
    calendar: Any = icalendar.Calendar.from_ical(part.get_payload(decode=True))
    assert part["Content-Type"].params["method"] == str(calendar["method"])
    return calendar


async def test_a_booking_its_move_and_its_end_are_told_to_both(dsn: str, clock: ManualClock) -> None:
    async with smtp_server() as server, appointments(dsn, clock) as store:
        made = await booked(store, clock, START)
        await passed_on(dsn, clock, server)
        assert sorted(each.rcpt_tos for each in server.envelopes) == [["anna@example.net"], ["mari@example.net"]]
        to_anna, to_mari = sorted(server.taken, key=lambda mail: str(mail["To"]))
        assert str(to_anna["Subject"]).startswith("Kohtumine: ")
        assert str(to_mari["Subject"]).startswith("Appointment: ")
        (event,) = invitation(to_anna).walk("VEVENT")
        assert (str(event["uid"]), event["sequence"]) == (str(made.id), 0)
        assert event.start == START and str(event["attendee"]) == "mailto:anna@example.net"
        html = to_mari.get_body(("html",))
        assert html is not None and "likes &lt;b&gt;coffee" in html.get_content(), "a client's text is text"
        assert "coffee" not in to_anna.as_string()
        server.taken.clear()
        moved = await booked(store, clock, START + DAY, moves=made.id)
        await passed_on(dsn, clock, server)
        (event,) = invitation(server.taken[0]).walk("VEVENT")
        assert (event["sequence"], event.start) == (1, START + DAY)
        server.taken.clear()
        await store.cancel(moved.id, replace(CLIENT, key="c"))
        await passed_on(dsn, clock, server)
        calendar = invitation(server.taken[0])
        assert str(calendar["method"]) == "CANCEL" and calendar.walk("VEVENT")[0]["sequence"] == 2
        server.taken.clear()
        await passed_on(dsn, clock, server)
        assert not server.taken, "each thing once"


async def test_what_changed_before_it_was_told_is_told_once_as_it_is(dsn: str, clock: ManualClock) -> None:
    async with smtp_server() as server, appointments(dsn, clock) as store:
        made = await booked(store, clock, START)
        moved = await booked(store, clock, START + DAY, moves=made.id)
        await passed_on(dsn, clock, server)
        assert [invitation(mail).walk("VEVENT")[0]["sequence"] for mail in server.taken] == [1, 1]
        server.taken.clear()
        other = await booked(store, clock, START)
        await store.cancel(moved.id, replace(CLIENT, key="1"))
        await store.cancel(other.id, replace(CLIENT, key="2"))
        await passed_on(dsn, clock, server)
        assert {str(invitation(mail)["method"]) for mail in server.taken} == {"CANCEL"}


async def test_who_has_no_address_gets_none(dsn: str, clock: ManualClock) -> None:
    async with smtp_server() as server, appointments(dsn, clock) as store:
        await booked(store, clock, START, Booker("+37255512345", email="not an address\r\nBcc: x@example.net"[:60]))
        await passed_on(dsn, clock, server)
        assert [each.rcpt_tos for each in server.envelopes] == [["mari@example.net"]]


async def test_a_reminder_goes_by_mail_once_and_to_the_client_alone(dsn: str, clock: ManualClock) -> None:
    calls = PostgresAppointmentCalls(dsn)
    async with smtp_server() as server, appointments(dsn, clock) as store:
        made = await booked(store, clock, START)
        await passed_on(dsn, clock, server)
        server.taken.clear()
        server.envelopes.clear()
        (promise,) = await calls.coming(clock.now(), clock.now() + 30 * DAY)
        assert promise.appointment == made
        rules = office().appointments
        planned = reminders_of(made, rules.event_types["meeting"], promise.since, rules.remind_by, DecentHours(RIGA))
        await calls.plan(planned)
        await calls.plan(planned)
        due = await calls.due(START - DAY)
        assert {each.way.value for each, _ in due} == {"call", "mail", "sms"}
        for reminder, of in due:
            assert of == made
            if reminder.way.value != "call":
                assert [await calls.send(reminder), await calls.send(reminder)] == [True, False]
        await passed_on(dsn, clock, server)
        assert [each.rcpt_tos for each in server.envelopes] == [["anna@example.net"]]
        assert str(server.taken[0]["Subject"]).startswith("Meeldetuletus: ")
        assert [each.get_content_type() for each in server.taken[0].iter_parts()] == ["text/plain", "text/html"]
    await calls.close()


async def test_systems_are_told_of_what_they_are_for(dsn: str, clock: ManualClock) -> None:
    webhooks = {
        "crm": Webhook("crm", "https://crm.example.net"),
        "book": Webhook("book", "https://book.example.net", (Matter.MESSAGES, Matter.APPOINTMENTS)),
        "sms": Webhook("sms", "https://sms.example.net", (Matter.SMS,)),
    }
    organisation = replace(office(), webhooks=webhooks)
    senders = Senders(None, HttpWebhooks(), lambda: organisation, clock)
    async with appointments(dsn, clock) as store, PostgresOutbox(dsn) as outbox:
        made = await booked(store, clock, START)
        passing_on = PassingOn(Way.WEBHOOK, lambda: PostgresOutbox(dsn), senders)
        assert await passing_on.once(outbox) == 1
        (notice,) = await outbox.claim(Way.WEBHOOK, clock.now(), clock.now() + DAY, 5)
        assert (notice.to, notice.occasion) == ("book", "appointment_booked")
    told = appointment_told(notice, made, organisation)
    assert told["type"] == "appointment.booked"
    assert told["data"]["reference"] == made.reference and told["data"]["booker"]["number"] == ANNA.number
    reminder = replace(notice, occasion="appointment_reminder")
    told = appointment_told(reminder, made, organisation)
    assert (told["type"], told["data"]["to"]) == ("sms.send", ANNA.number)
    assert made.reference in told["data"]["text"] and "meeting" not in told["data"]["text"]
