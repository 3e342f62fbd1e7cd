"""Somebody's appointments at a secret address, as their calendar program subscribes to them."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest

from switchboard.console.calendar_feed import digest_of, resources_of
from switchboard.console.wrong_secrets import ALLOWED, WITHIN
from switchboard.domain.appointment import Appointment, Booker, ChangedBy, Slot
from switchboard.domain.organisation import Organisation
from switchboard.postgres.appointments import PostgresAppointments
from switchboard.postgres.calendar_feeds import PostgresCalendarFeeds
from tests.console.conftest import Api

START = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=7)
BY = ChangedBy("a test")


class Feed:
    """One person's."""

    def __init__(self, api: Api, organisation: Organisation) -> None:
        self.api, self.organisation = api, organisation
        self.person = next(each for each in organisation.people if resources_of(each, organisation))
        self.feeds = PostgresCalendarFeeds(lambda: api.dsn)
        self.store = PostgresAppointments(
            api.dsn, api.clock, lambda: organisation.appointments, lambda: ZoneInfo(organisation.timezone)
        )

    async def address(self) -> str:
        secret = secrets.token_urlsafe(32)
        await self.feeds.make(self.person, digest_of(secret))
        return f"/calendars/{secret}.ics"

    async def booked(self, start: datetime, resource: str = "") -> Appointment:
        slot = Slot(start, start + timedelta(minutes=30), (resource or self.person,))
        until = self.api.clock.now() + timedelta(minutes=3)
        held = await self.store.hold("meeting", slot, Booker("+37255512345", "Anna Kask"), until, BY)
        assert held is not None
        made = await self.store.book(held.id, held.booker, BY)
        assert made is not None
        return made


@pytest.fixture
async def feed(api: Api, organisation: Organisation) -> AsyncIterator[Feed]:
    made = Feed(api, organisation)
    yield made
    for each in await made.store.of("+37255512345", api.clock.now()):
        await made.store.cancel(each.id, BY)
    made.feeds.close()
    await made.store.close()


def events(raw: bytes) -> list[Any]:
    calendar: Any = icalendar.Calendar.from_ical(raw)
    return list(calendar.walk("VEVENT"))


async def test_their_own_appointments_and_nobody_elses(feed: Feed) -> None:
    others = next(each for each in feed.organisation.appointments.resources if each != feed.person)
    made = await feed.booked(START)
    await feed.booked(START + timedelta(hours=2), others)
    answer = await feed.api("GET", await feed.address(), token="")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/calendar")
    (event,) = events(answer.raw)
    assert str(event["uid"]) == str(made.id) and "Anna Kask" in str(event["summary"])
    assert b"37255512345" not in answer.raw


async def test_what_is_known_already_is_not_sent_again(feed: Feed) -> None:
    made = await feed.booked(START + timedelta(days=1))
    address = await feed.address()
    first = await feed.api("GET", address, token="")
    known = {"If-None-Match": first.headers["ETag"]}
    again = await feed.api("GET", address, token="", headers=known)
    assert (again.status, again.raw) == (304, b"")
    await feed.store.cancel(made.id, BY)
    changed = await feed.api("GET", address, token="", headers=known)
    assert changed.status == 200
    states = {str(event["uid"]): str(event["status"]) for event in events(changed.raw)}
    assert states[str(made.id)] == "CANCELLED"


async def test_an_address_that_was_replaced_or_taken_back_is_none(feed: Feed) -> None:
    first = await feed.address()
    second = await feed.address()
    assert (await feed.api("GET", first, token="")).status == 404
    assert (await feed.api("GET", second, token="")).status == 200
    assert await feed.feeds.made_at(feed.person) is not None
    assert [await feed.feeds.revoke(feed.person), await feed.feeds.revoke(feed.person)] == [True, False]
    assert (await feed.api("GET", second, token="")).status == 404


async def test_who_guesses_is_slowed_down(feed: Feed) -> None:
    address = await feed.address()
    for guess in range(ALLOWED):
        wrong = f"/calendars/{'x' * 42}{guess}.ics" if guess % 2 else f"/calendars/{guess}.ics"
        assert (await feed.api("GET", wrong, token="")).status == 404
    refused = await feed.api("GET", address, token="")
    assert refused.status == 429 and int(refused.headers["Retry-After"]) <= WITHIN
    feed.api.monotonic += WITHIN + 1
    assert (await feed.api("GET", address, token="")).status == 200


async def test_a_secret_is_kept_as_its_digest_alone(feed: Feed) -> None:
    address = await feed.address()
    (row,) = await feed.api.rows("select * from calendar_feeds")
    assert address.removeprefix("/calendars/").removesuffix(".ics").encode() not in b"".join(
        str(value).encode() for value in row.values()
    )
    assert row["token_hash"] == digest_of(address.removeprefix("/calendars/").removesuffix(".ics"))
