"""Tells systems of the organisation about messages and appointments over HTTP: those of the configuration, signed, no
redirects."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import aiohttp
import orjson

from switchboard.calendars.appointment_words import short_text
from switchboard.domain.appointment import Appointment
from switchboard.domain.notification import About, Delivery, LeftMessage, Notice, Outcome
from switchboard.domain.organisation import Organisation
from switchboard.domain.webhook import Matter, Webhook, secret_of, signature

DEADLINE = 15.0  # seconds for all of it
GONE = 410  # Standard Webhooks: the receiver wants to be told no more
LONGEST_TOLD = 200  # bytes of an answer that are kept where it is no yes


def secret_variable(webhook: str) -> str:
    """The environment variable that holds the secret of a webhook."""
    return f"SWITCHBOARD_WEBHOOK_{webhook.upper()}_SECRET"


class HttpWebhooks:
    """Implements ports.WebhookSender, as https://www.standardwebhooks.com has it; any 2xx is a yes."""

    def __init__(
        self, public_url: str = "", environment: Mapping[str, str] = os.environ, *, deadline: float = DEADLINE
    ) -> None:
        self._public_url, self._environment, self._deadline = public_url, environment, deadline
        self._session: aiohttp.ClientSession | None = None
        self.problem: str | None = None

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def tell(
        self, webhook: Webhook, notice: Notice, about: About, organisation: Organisation, now: datetime
    ) -> Delivery:
        """See ports.WebhookSender."""
        if isinstance(about, Appointment):
            told = appointment_told(notice, about, organisation)
        else:
            told = told_of(notice, about, self._public_url)
        delivery = await self._told(webhook, notice, orjson.dumps(told), now)
        self.problem = f"{webhook.id}: {delivery.told}" if delivery.outcome is Outcome.LATER else None
        return delivery

    async def _told(self, webhook: Webhook, notice: Notice, body: bytes, now: datetime) -> Delivery:
        variable = secret_variable(webhook.id)
        try:
            key = secret_of(self._environment.get(variable, ""))
        except ValueError as error:
            return Delivery(Outcome.LATER, f"the secret in {variable} {error}")
        timestamp = int(now.timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "switchboard",
            "webhook-id": notice.key,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(key, notice.key, timestamp, body),
        }
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            async with (
                asyncio.timeout(self._deadline),
                self._session.post(webhook.url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                if 200 <= answer.status < 300:
                    return Delivery(Outcome.SENT, f"status {answer.status}")
                told = (await answer.content.read(LONGEST_TOLD)).decode("utf-8", "replace")
                outcome = Outcome.REFUSED if answer.status == GONE else Outcome.LATER
                return Delivery(outcome, f"status {answer.status} {told}".strip())
        except TimeoutError:
            return Delivery(Outcome.LATER, f"no answer in {self._deadline:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Delivery(Outcome.LATER, str(error) or type(error).__name__)


def told_of(notice: Notice, message: LeftMessage | None, public_url: str) -> dict[str, Any]:
    """What a webhook is told, as JSON values."""
    data: dict[str, Any] = {}
    if message is not None:
        data = {
            "id": str(message.id),
            "kind": message.kind,
            "recorded_at": message.at.isoformat(),
            "seconds": message.seconds,
            "caller": {"number": message.caller_number, "name": message.caller_name},
            "client": {"code": message.client_code, "name": message.client_name} if message.client_name else None,
            "person": message.person or None,
            "department": message.department or None,
            "owner": message.owner or None,
            "language": message.language or None,
            "urgent": message.urgent,
            "call_back": message.call_back or None,
            "deadline": message.deadline.isoformat() if message.deadline else None,
            "transcript": _transcript(message),
            "url": f"{public_url.rstrip('/')}/messages/{message.id}" if public_url else None,
        }
    return {"type": f"message.{notice.occasion}", "timestamp": notice.created_at.isoformat(), "data": data}


def appointment_told(notice: Notice, appointment: Appointment, organisation: Organisation) -> dict[str, Any]:
    """The same of an appointment; of a reminder, the text that is to be sent to a phone, and nothing else."""
    booker = appointment.booker
    if notice.matter is Matter.SMS:
        language = booker.language or organisation.default_language
        text = short_text(appointment, organisation)
        data: dict[str, Any] = {"to": booker.number, "text": text, "language": str(language)}
        return {"type": "sms.send", "timestamp": notice.created_at.isoformat(), "data": data}
    data = {
        "id": str(appointment.id),
        "reference": appointment.reference,
        "event_type": appointment.event_type,
        "start": appointment.slot.start.isoformat(),
        "end": appointment.slot.end.isoformat(),
        "resources": list(appointment.slot.resources),
        "state": appointment.state.value,
        "revision": appointment.revision,
        "booker": {"number": booker.number, "name": booker.name, "email": booker.email, "note": booker.note},
    }
    occasion = notice.occasion.replace("_", ".", 1)
    return {"type": occasion, "timestamp": notice.created_at.isoformat(), "data": data}


def _transcript(message: LeftMessage) -> dict[str, Any] | None:
    if not message.transcript:
        return None
    confidence = message.transcript_confidence
    return {"text": message.transcript, "by": message.transcript_by, "confidence": confidence}
