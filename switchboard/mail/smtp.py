"""Hands mail to a mail server (SMTP), one connection a mail.

What the server told decides: it took it; it will never take it for that receiver (5xx to RCPT or DATA); else later. A
wrong password, an unknown sender, a refused connection are ours to mend, so those are tried again, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass

import aiosmtplib
import jinja2

from switchboard.domain.appointment import Appointment
from switchboard.domain.notification import (
    About,
    Delivery,
    Notice,
    Outcome,
    Receiver,
    appointment_receivers,
    receivers,
)
from switchboard.domain.organisation import Organisation
from switchboard.mail.invitation import appointment_letter
from switchboard.mail.letter import Sender, letter
from switchboard.settings import MailSecurity

STEP_DEADLINE = 30.0  # seconds, for connecting and each command
DEADLINE = 120.0  # seconds for all of it; well below what a notice is claimed for
TOO_LARGE = 552  # RFC 5321: exceeded storage allocation; what servers say of a mail that is too large for them


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in."""

    host: str
    port: int
    security: MailSecurity
    user: str = ""
    password: str = ""


class SmtpMailer:
    """Implements ports.Mailer."""

    def __init__(self, server: MailServer, sender: Sender, *, trust: ssl.SSLContext | None = None) -> None:
        """`trust`: whose certificates; None: the machine's."""
        self._server, self._sender, self._trust = server, sender, trust
        self.problem: str | None = None

    async def mail(self, notice: Notice, about: About, organisation: Organisation) -> Delivery:
        """See ports.Mailer."""
        delivery = await self._mailed(notice, about, organisation)
        self.problem = delivery.told if delivery.outcome is Outcome.LATER else None
        return delivery

    async def _mailed(self, notice: Notice, about: About, organisation: Organisation) -> Delivery:
        if isinstance(about, Appointment):
            possible = appointment_receivers(notice, about, organisation)
        else:
            possible = receivers(notice, about, organisation)
        found = [each for each in possible if each.address == notice.to]
        receiver = found[0] if found else Receiver(notice.to, organisation.default_language)
        try:
            async with asyncio.timeout(DEADLINE):
                for with_sound in (True, False):
                    written = await asyncio.to_thread(
                        self._written, notice, about, organisation, receiver, with_sound=with_sound
                    )
                    delivery = await self._handed_in(notice.to, written)
                    if delivery is not None:
                        return delivery
        except (ValueError, LookupError, jinja2.TemplateError) as error:
            return Delivery(Outcome.LATER, f"the mail cannot be written: {error}")
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return Delivery(Outcome.LATER, _told(error))
        return Delivery(Outcome.REFUSED, "the mail is too large for the server even without its recording")

    def _written(
        self, notice: Notice, about: About, organisation: Organisation, receiver: Receiver, *, with_sound: bool
    ) -> bytes:
        if isinstance(about, Appointment):
            return appointment_letter(notice, about, organisation, receiver, self._sender)
        return letter(notice, about, organisation, receiver, self._sender, with_sound=with_sound)

    async def _handed_in(self, to: str, written: bytes) -> Delivery | None:
        """What became of it; None where it is too large."""
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.security is MailSecurity.TLS,
            start_tls=server.security is MailSecurity.STARTTLS,
            tls_context=self._trust,
            timeout=STEP_DEADLINE,
        )
        try:
            await client.connect()
            try:
                _, told = await client.sendmail(self._sender.address, [to], written)
            except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPDataError) as error:
                return _refused(error)
            except aiosmtplib.SMTPSenderRefused as error:
                if error.code == TOO_LARGE:  # MAIL tells the size, RFC 1870
                    return None
                raise
            return Delivery(Outcome.SENT, told)
        finally:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=1.0)
            client.close()


def _refused(error: aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPDataError) -> Delivery | None:
    said = error.recipients[0] if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else error
    if said.code == TOO_LARGE and said is error:
        return None
    return Delivery(Outcome.REFUSED if said.code >= 500 else Outcome.LATER, f"{said.code} {said.message}")


def _told(error: BaseException) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__
