"""Sends what is to be sent because of messages: mail, and word to other systems. Never on a call's path.

At least once, and as good as once: who takes a thing is told under which key, the same at each attempt. A process
killed between the other side's yes and our noting it sends the thing once more, under the same Message-ID or
webhook-id.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import structlog

from switchboard.domain.notification import (
    IN_VAIN,
    About,
    Delivery,
    Notice,
    Outcome,
    Way,
    appointment_receivers,
    is_outdated,
    receivers,
    when_again,
)
from switchboard.domain.organisation import Organisation
from switchboard.errors import RecordsUnreachable
from switchboard.ports import Clock, Mailer, Outbox, WebhookSender

log = structlog.get_logger(__name__)

AT_ONCE = 4  # of one way
CLAIMED_FOR = timedelta(minutes=5)  # beyond the longest attempt: whoever claimed it and does not settle it is dead
LOOK = 15.0  # seconds between two looks for what is due again
RETRY = 2.0  # seconds between attempts while Postgres is away
STOP_GRACE = 5.0  # seconds that attempts get at the end: an attempt broken off may be made twice

Attempt = Callable[[], Awaitable[Delivery]]


@dataclass(frozen=True, slots=True)
class Senders:
    """Who sends, for whom."""

    mailer: Mailer | None  # None: no mail server is set up
    webhooks: WebhookSender
    organisation: Callable[[], Organisation]  # as it is now
    clock: Clock


class PassingOn:
    """The task that sends what is due of one way. `run` it in one process; several do no harm."""

    def __init__(self, way: Way, connect: Callable[[], AbstractAsyncContextManager[Outbox]], senders: Senders) -> None:
        self._way, self._connect, self._senders = way, connect, senders
        self._unsettled: list[tuple[Notice, Delivery]] = []  # sent, and not noted yet
        self.problem: str | None = None  # why Postgres can't be asked

    async def run(self) -> None:
        """Send until cancelled; attempts under way are finished then, within STOP_GRACE."""
        while True:
            try:
                async with self._connect() as outbox:
                    self.problem = None
                    while True:
                        if not await self._finished(outbox):
                            await outbox.more(LOOK)
            except RecordsUnreachable as error:
                if self.problem is None:
                    log.warning("passing_on_waits_for_postgres", way=self._way.value, error=str(error))
                self.problem = str(error)
            await asyncio.sleep(RETRY)

    async def _finished(self, outbox: Outbox) -> int:
        round_ = asyncio.ensure_future(self.once(outbox))
        try:
            return await asyncio.shield(round_)
        except asyncio.CancelledError:
            with contextlib.suppress(TimeoutError, RecordsUnreachable):
                async with asyncio.timeout(STOP_GRACE):
                    await round_
            raise

    async def once(self, outbox: Outbox) -> int:
        """Send what is due now; how much that was. Raises RecordsUnreachable; what was sent is noted next time then."""
        await self._settle(outbox)
        now = self._senders.clock.now()
        notices = await outbox.claim(self._way, now, now + CLAIMED_FOR, AT_ONCE)
        # A connection answers one question at a time; others are sent to side by side.
        prepared = [(notice, await self._prepared(notice, outbox)) for notice in notices]
        sending = [(notice, attempt) for notice, attempt in prepared if attempt is not None]
        deliveries: Sequence[Delivery] = await asyncio.gather(*(attempt() for _, attempt in sending))
        self._unsettled += zip([notice for notice, _ in sending], deliveries, strict=True)
        await self._settle(outbox)
        return len(notices)

    async def _prepared(self, notice: Notice, outbox: Outbox) -> Attempt | None:
        """How to send it; None where it is done with already."""
        is_mail = notice.way is Way.EMAIL
        if notice.appointment_id is not None:
            return await self._about_appointment(notice, notice.appointment_id, outbox)
        message = None
        if notice.message_id is not None:
            message = await outbox.message(notice.message_id, with_sound=is_mail and bool(notice.to))
            if message is None:  # erased: nothing is left to tell
                await outbox.address(notice, {})
                return None
        organisation = self._senders.organisation()
        mailer = self._senders.mailer
        if not notice.to:
            if is_mail:
                found = receivers(notice, message, organisation) if mailer is not None else ()
                await outbox.address(notice, dict(notice.addressed(each.address) for each in found))
            else:
                await outbox.address(notice, dict(map(notice.addressed, _webhooks(notice, organisation))))
            return None
        if is_mail:
            return lambda: _mail(mailer, notice, message, organisation)
        return lambda: self._tell(notice, message, organisation)

    async def _about_appointment(self, notice: Notice, identifier: UUID, outbox: Outbox) -> Attempt | None:
        """The same of an appointment: what has changed since is told by another notice, not by this one."""
        appointment = await outbox.appointment(identifier)
        organisation, mailer = self._senders.organisation(), self._senders.mailer
        if appointment is None or is_outdated(notice, appointment):
            await outbox.address(notice, {})
            return None
        if not notice.to:
            if notice.way is not Way.EMAIL:
                to = _webhooks(notice, organisation)
            elif mailer is not None:
                to = [each.address for each in appointment_receivers(notice, appointment, organisation)]
            else:
                to = []
            await outbox.address(notice, dict(map(notice.addressed, to)))
            return None
        if notice.way is Way.EMAIL:
            return lambda: _mail(mailer, notice, appointment, organisation)
        return lambda: self._tell(notice, appointment, organisation)

    async def _tell(self, notice: Notice, about: About, organisation: Organisation) -> Delivery:
        webhook = organisation.webhooks.get(notice.to)
        if webhook is None:
            return Delivery(Outcome.REFUSED, f"organisation.yaml has no webhook {notice.to} any more")
        return await self._senders.webhooks.tell(webhook, notice, about, organisation, self._senders.clock.now())

    async def _settle(self, outbox: Outbox) -> None:
        """Note what became of each attempt; what was not noted stays, and nothing else is sent before."""
        while self._unsettled:
            notice, delivery = self._unsettled[0]
            again = None
            if delivery.outcome is Outcome.LATER:
                again = when_again(notice, self._senders.clock.now(), random.uniform(0.5, 1.5))  # noqa: S311
                if again is None:
                    delivery = replace(delivery, outcome=Outcome.GIVEN_UP)
            await outbox.settle(notice, delivery, again)
            self._unsettled.pop(0)
            _tell_log(notice, delivery)


def _webhooks(notice: Notice, organisation: Organisation) -> list[str]:
    """The ids of those that are told of such a matter."""
    return [each.id for each in organisation.webhooks.values() if notice.matter in each.of]


async def _mail(mailer: Mailer | None, notice: Notice, about: About, organisation: Organisation) -> Delivery:
    if mailer is None:
        return Delivery(Outcome.LATER, "no mail server is set up (the setting smtp_host)")
    return await mailer.mail(notice, about, organisation)


def _tell_log(notice: Notice, delivery: Delivery) -> None:
    about: dict[str, object] = {"way": notice.way.value, "notice": notice.id}
    subject = "appointment" if notice.appointment_id else "message"
    about[subject] = str(notice.appointment_id or notice.message_id or "")
    if delivery.outcome is Outcome.SENT:
        log.info("passed_on", **about)
    elif delivery.outcome in IN_VAIN:
        log.error("not_passed_on", outcome=delivery.outcome.value, told=delivery.told, **about)
    else:
        log.warning("passed_on_later", attempts=notice.attempts, told=delivery.told, **about)
