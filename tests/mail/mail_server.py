"""A real SMTP server that tests tell what to answer."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from switchboard.mail.letter import Sender
from switchboard.mail.smtp import MailServer, SmtpMailer
from switchboard.settings import MailSecurity

TOOK = "250 2.0.0 Ok: queued as 7F3A"


@dataclass
class SmtpServer:
    """Answers in turn: the first of `to_rcpt` and `to_data` each time, TOOK when none is left."""

    port: int
    security: MailSecurity = MailSecurity.NONE
    trusting: ssl.SSLContext | None = None  # its certificate
    account: tuple[str, str] | None = None  # user and password it wants
    to_rcpt: list[str] = field(default_factory=list)
    to_data: list[str] = field(default_factory=list)
    taken: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    connections: int = 0
    before_data: Callable[[], None] = lambda: None
    on_taken: Callable[[], None] = lambda: None
    done: Callable[[], None] = lambda: None  # after either

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        answer = self.to_rcpt.pop(0) if self.to_rcpt else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.before_data()
        answer = self.to_data.pop(0) if self.to_data else TOOK
        if answer == TOOK:
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.taken.append(mail)
            self.envelopes.append(envelope)
            self.on_taken()
        self.done()
        return answer

    def mailer(self, **changes: Any) -> SmtpMailer:
        """Who hands mail in here, but for `changes` of how a MailServer is reached."""
        user, password = self.account or ("", "")
        server = replace(MailServer("127.0.0.1", self.port, self.security, user, password), **changes)
        sender = Sender("switchboard@example.net", "https://console.example.net/")
        return SmtpMailer(server, sender, trust=self.trusting)

    def authenticated(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        """Whether somebody may hand in mail."""
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.account, handled=False)


@asynccontextmanager
async def smtp_server(
    *,
    port: int = 0,
    largest: int | None = None,
    security: MailSecurity = MailSecurity.NONE,
    certificate: Path | None = None,
    account: tuple[str, str] | None = None,
) -> AsyncIterator[SmtpServer]:
    """Listens on loopback until the block ends. `certificate` has its key, too, and is trusted by `mailer()`."""
    own = trusting = None
    if certificate is not None:
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(certificate)
        trusting = ssl.create_default_context(cafile=str(certificate))
    server = SmtpServer(port, security, trusting, account)
    starttls = own if security is MailSecurity.STARTTLS else None

    def connected() -> SMTP:
        server.connections += 1
        with warnings.catch_warnings(action="ignore"):  # it does not see TLS from the first byte on
            return SMTP(
                server,
                data_size_limit=largest,
                hostname="mail.test",
                ident="test",
                tls_context=starttls,
                require_starttls=starttls is not None,
                auth_required=account is not None,
                auth_require_tls=starttls is not None,
                authenticator=server.authenticated if account is not None else None,
            )

    implicit = own if security is MailSecurity.TLS else None
    listening = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", port, ssl=implicit)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()
