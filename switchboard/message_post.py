"""What is done about messages beside calls, in tasks of the controller: written down, passed on, erased in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC
from typing import Any

import structlog

from switchboard.domain.notification import Way
from switchboard.domain.organisation import Organisation
from switchboard.domain.transcript import MAIL_WAITS
from switchboard.errors import RecordsUnreachable
from switchboard.folders import Folders
from switchboard.mail.letter import Sender
from switchboard.mail.smtp import MailServer, SmtpMailer
from switchboard.ports import Clock
from switchboard.postgres.message_erasure import MessageErasure
from switchboard.postgres.outbox import PostgresOutbox
from switchboard.postgres.transcripts import PostgresTranscripts
from switchboard.remote.webhooks import HttpWebhooks
from switchboard.services.pass_on_messages import PassingOn, Senders
from switchboard.services.write_down_messages import WritingDown
from switchboard.settings import Settings
from switchboard.speech.recogniser import ProcessRecogniser, is_installed

log = structlog.get_logger(__name__)

FIGURES_EVERY = 10.0  # seconds
AGAIN = 5.0  # seconds after something broke


class MessagePost:
    """Everything that becomes of messages; `told` is how sending goes."""

    def __init__(
        self,
        settings: Settings,
        folders: Folders,
        database_url: Callable[[], str],
        clock: Clock,
        organisation: Callable[[], Organisation],
    ) -> None:
        self._database_url, self._clock = database_url, clock
        self._mailer = mailer_of(settings)
        self._webhooks = HttpWebhooks(settings.public_url or "")
        self._senders = Senders(self._mailer, self._webhooks, organisation, clock)
        self._recogniser, self._transcription = recogniser_of(settings)
        self._writing_down: WritingDown | None = None
        self._erasure = MessageErasure(database_url, folders, clock, lambda: organisation().keep)
        self._figures: Mapping[str, Any] = {}

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            if self._recogniser is not None:
                tasks.create_task(_again_and_again(self._write_down, "writing-down"))
            for way in Way:
                passing_on = PassingOn(way, self._outbox, self._senders)
                tasks.create_task(_again_and_again(passing_on.run, f"passing-on-{way}"))
            tasks.create_task(_again_and_again(self._keep_figures, "outbox-figures"))
            tasks.create_task(_again_and_again(self._erasure.run, "message-erasure"))

    async def close(self) -> None:
        """Let the connections go."""
        await self._webhooks.close()

    def told(self) -> dict[str, Any]:
        """How it goes, for `switchboard status`; JSON values."""
        return {
            "mail": "not set up" if self._mailer is None else "set up",
            "mail_problem": self._mailer.problem if self._mailer else None,
            "webhook_problem": self._webhooks.problem,
            "transcription": self._transcription,
            "transcription_problem": self._writing_down.problem if self._writing_down else None,
            "erasure_problem": self._erasure.problem,
            **self._figures,
        }

    def _outbox(self) -> PostgresOutbox:
        return PostgresOutbox(self._database_url(), transcript_wait=MAIL_WAITS if self._recogniser else 0.0)

    async def _write_down(self) -> None:
        assert self._recogniser is not None
        transcripts = PostgresTranscripts(self._database_url())
        try:
            self._writing_down = WritingDown(transcripts, self._recogniser, self._clock)
            await self._writing_down.run()
        finally:
            await transcripts.close()

    async def _keep_figures(self) -> None:
        while True:
            try:
                async with self._outbox() as outbox:
                    figures = dict(await outbox.figures())
            except RecordsUnreachable:  # told as a problem of Postgres already
                pass
            else:
                oldest = figures["oldest"]
                figures["oldest"] = oldest.astimezone(UTC).isoformat() if oldest else None
                self._figures = figures
            await asyncio.sleep(FIGURES_EVERY)


def recogniser_of(settings: Settings) -> tuple[ProcessRecogniser | None, str]:
    """Who writes down messages, and how that is set up, in a word or two."""
    if settings.transcription_model is None:
        return None, "not set up"
    if not is_installed():
        return None, "not installed: pip install 'switchboard[transcription]'"
    if not (settings.transcription_model / "model.bin").is_file():
        return None, f"no model in {settings.transcription_model}"
    return ProcessRecogniser(settings.transcription_model, settings.transcription_threads), "set up"


def mailer_of(settings: Settings) -> SmtpMailer | None:
    """Who takes our mail; None where no mail server is set up."""
    if settings.smtp_host is None:
        return None
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else ""
    server = MailServer(
        settings.smtp_host, settings.smtp_port, settings.smtp_security, settings.smtp_user or "", password
    )
    return SmtpMailer(server, Sender(settings.mail_from or "", settings.public_url or ""))


async def _again_and_again(work: Callable[[], Awaitable[None]], name: str) -> None:
    while True:
        try:
            await work()
        except Exception:  # a task's root: whatever broke, messages must not wait for a restart
            log.exception("message_post_broke_off", task=name, again_in=AGAIN)
        await asyncio.sleep(AGAIN)
